//! Tables of results: one form for the CSV files, arrays and Parquet.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::stats::write17;

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Name of its files, such as `curve`.
    pub name: &'static str,
    /// Names and columns, all of the same length.
    pub columns: Vec<(String, Column)>,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// One of a few texts in every row.
    Text(Texts),
    /// Counts and indices.
    Count(Vec<u64>),
    /// Numbers; NaN where there is none.
    Number(Vec<f64>),
    /// Times, of which CSV shows seven digits.
    Seconds(Vec<f64>),
}

/// Texts of which many are equal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Texts {
    /// Each once, in the order of first appearance.
    pub names: Vec<String>,
    /// Which of them stands in a row.
    pub rows: Vec<u32>,
    places: HashMap<String, u32>,
}

impl Texts {
    /// Adds a row.
    pub fn push(&mut self, text: &str) {
        // Mostly the row before says the same.
        let last = self.rows.last().copied();
        let same = last.filter(|last| self.names[*last as usize] == text);
        let place = same.unwrap_or_else(|| {
            let next = self.names.len() as u32;
            self.places.get(text).copied().unwrap_or_else(|| {
                self.places.insert(text.into(), next);
                self.names.push(text.into());
                next
            })
        });
        self.rows.push(place);
    }
}

impl Column {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(texts) => texts.rows.len(),
            Self::Count(counts) => counts.len(),
            Self::Number(numbers) | Self::Seconds(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Table {
    /// The table as CSV: numbers with 17 significant digits, cells with a comma, a quote or a line break
    /// in quotes.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Memory takes everything and all rows are equally long, so none of this fails.
        let _ = writer.write_record(self.columns.iter().map(|(name, _)| name));
        let rows = self.columns.first().map_or(0, |(_, column)| column.len());
        let mut cell = String::new();
        for row in 0..rows {
            for (_, column) in &self.columns {
                cell.clear();
                let text = match column {
                    Column::Text(texts) => &texts.names[texts.rows[row] as usize],
                    Column::Count(counts) => {
                        let _ = write!(cell, "{}", counts[row]);
                        &cell
                    }
                    Column::Seconds(seconds) => {
                        let _ = write!(cell, "{:.6e}", seconds[row]);
                        &cell
                    }
                    Column::Number(numbers) => {
                        write17(&mut cell, numbers[row]);
                        &cell
                    }
                };
                let _ = writer.write_field(text);
            }
            let _ = writer.write_record(None::<&[u8]>);
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}
