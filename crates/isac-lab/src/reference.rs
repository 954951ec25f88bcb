//! Published numbers: CSV files with a head line, read strictly.

use std::collections::HashMap;
use std::path::Path;

use crate::document::read_text;
use crate::error::{Error, nearest};

/// A CSV file: names of columns and rows of texts.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvTable {
    /// Name in messages.
    pub file: String,
    /// Head line.
    pub columns: Vec<String>,
    /// Rows with as many cells as columns.
    pub rows: Vec<Vec<String>>,
}

impl CsvTable {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Unreadable`]; [`Error::Malformed`] with the line where a row has the wrong number of
    /// cells, or the last line is cut off.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::parse(&path.display().to_string(), &read_text(path)?)
    }

    /// Parses text. Cells have no quotes. The last line must end with a line break, so that a file
    /// cut off inside a number is noticed.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the line.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let malformed = |line: usize, message: String| Error::Malformed {
            file: file.into(),
            line,
            message,
        };
        let mut lines = text.lines();
        let head = lines
            .next()
            .filter(|head| !head.trim().is_empty())
            .ok_or_else(|| malformed(1, "empty, expected a head line".into()))?;
        let columns: Vec<String> = head.split(',').map(|c| c.trim().to_string()).collect();
        for (i, name) in columns.iter().enumerate() {
            if columns[..i].contains(name) {
                return Err(malformed(1, format!("the column `{name}` occurs twice")));
            }
        }
        let mut rows = Vec::new();
        for (i, line) in lines.enumerate() {
            let cells: Vec<String> = line.split(',').map(|c| c.trim().to_string()).collect();
            if cells.len() != columns.len() {
                let message = format!("{} cells, expected {}", cells.len(), columns.len());
                return Err(malformed(i + 2, message));
            }
            rows.push(cells);
        }
        if !text.ends_with('\n') {
            let message = "cut off: the last line has no line break".into();
            return Err(malformed(rows.len() + 1, message));
        }
        Ok(Self {
            file: file.into(),
            columns,
            rows,
        })
    }

    /// Index of a column.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] with the nearest names.
    pub fn column(&self, name: &str) -> Result<usize, Error> {
        self.columns
            .iter()
            .position(|c| c == name)
            .ok_or_else(|| Error::UnknownKey {
                file: self.file.clone(),
                path: name.into(),
                nearest: nearest(name, self.columns.iter().map(String::as_str)),
            })
    }

    /// Refuses a row whose cells in `columns` are those of an earlier row; numbers count by value.
    ///
    /// # Errors
    /// [`Error::Field`] naming both lines.
    pub fn unrepeated(&self, columns: &[usize]) -> Result<(), Error> {
        let key = |cell: &String| match cell.parse::<f64>() {
            // -0 is 0.
            Ok(number) => format!("{:e}", number + 0.0),
            Err(_) => cell.clone(),
        };
        let mut seen = HashMap::new();
        for (row, cells) in self.rows.iter().enumerate() {
            let place: Vec<String> = columns.iter().map(|&c| key(&cells[c])).collect();
            if let Some(first) = seen.insert(place, row) {
                let column = columns.last().copied().unwrap_or(0);
                let expected = format!("a row of its own; the same stands on line {}", first + 2);
                return Err(self.wrong(row, column, &expected));
            }
        }
        Ok(())
    }

    /// A number; an empty cell and `nan` are NaN.
    ///
    /// # Errors
    /// [`Error::Field`] naming line and column.
    pub fn number(&self, row: usize, column: usize) -> Result<f64, Error> {
        let cell = &self.rows[row][column];
        if cell.is_empty() {
            return Ok(f64::NAN);
        }
        cell.parse()
            .map_err(|_| self.wrong(row, column, "a number"))
    }

    /// A finite number.
    ///
    /// # Errors
    /// [`Error::Field`] naming line and column.
    pub fn finite(&self, row: usize, column: usize) -> Result<f64, Error> {
        let value = self.number(row, column)?;
        if value.is_finite() {
            return Ok(value);
        }
        Err(self.wrong(row, column, "a finite number"))
    }

    /// A whole number >= 0.
    ///
    /// # Errors
    /// [`Error::Field`] naming line and column.
    pub fn index(&self, row: usize, column: usize) -> Result<usize, Error> {
        self.rows[row][column]
            .parse()
            .map_err(|_| self.wrong(row, column, "a whole number >= 0"))
    }

    /// The error for a cell.
    pub fn wrong(&self, row: usize, column: usize, expected: &str) -> Error {
        Error::Field {
            file: self.file.clone(),
            path: format!("line {}, column {}", row + 2, self.columns[column]),
            value: match self.rows.get(row) {
                Some(cells) => format!("`{}`", cells[column]),
                None => "nothing".into(),
            },
            expected: expected.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_bad_tables() {
        let table = CsvTable::parse("a.csv", "k,x\n1,2.5\n2,\n").unwrap();
        assert_eq!(table.column("x").unwrap(), 1);
        assert!((table.finite(0, 1).unwrap() - 2.5).abs() < 1e-15);
        assert!(table.number(1, 1).unwrap().is_nan());
        assert!(table.finite(1, 1).is_err());
        assert!(table.column("y").is_err());
        assert!(CsvTable::parse("a.csv", "").is_err());
        let twice = CsvTable::parse("a.csv", "k,x,k\n1,2,3\n").unwrap_err();
        assert!(twice.to_string().contains("`k` occurs twice"), "{twice}");
    }

    #[test]
    fn truncation_is_noticed_wherever_it_falls() {
        let whole = "k,x\n1,2.5\n2,3.5\n";
        for cut in 0..whole.len() {
            let result = CsvTable::parse("a.csv", &whole[..cut]);
            let at_line_end = whole[..cut].ends_with('\n');
            assert_eq!(result.is_ok(), at_line_end, "cut at {cut}");
        }
    }
}
