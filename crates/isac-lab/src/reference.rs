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
    /// Rows with as many cells as columns, spaces around them included.
    pub rows: Vec<Vec<String>>,
    /// The line each row starts in.
    lines: Vec<usize>,
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

    /// Parses text. A cell with a comma, a quote or a line break stands in quotes, a quote in it
    /// twice. The last line must end with a line break, so that a file cut off inside a number is
    /// noticed.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the line.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let malformed = |line: usize, message: String| Error::Malformed {
            file: file.into(),
            line,
            message,
        };
        let starts = row_starts(text).map_err(|(line, why)| malformed(line, why.into()))?;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let (mut rows, mut lines) = (Vec::new(), Vec::new());
        for (&line, record) in starts.iter().zip(reader.records()) {
            let record = record.map_err(|e| malformed(line, e.to_string()))?;
            rows.push(record.iter().map(str::to_string).collect::<Vec<_>>());
            lines.push(line);
        }
        if reader.into_records().next().is_some() || rows.len() < starts.len() {
            return Err(malformed(
                1,
                "a quote stands inside a cell without quotes".into(),
            ));
        }
        let columns: Vec<String> = match rows.is_empty() {
            true => Vec::new(),
            false => rows
                .remove(0)
                .iter()
                .map(|name| name.trim().to_string())
                .collect(),
        };
        if columns.iter().all(String::is_empty) {
            return Err(malformed(1, "empty, expected a head line".into()));
        }
        for (i, name) in columns.iter().enumerate() {
            if columns[..i].contains(name) {
                return Err(malformed(1, format!("the column `{name}` occurs twice")));
            }
        }
        lines.remove(0);
        if let Some(row) = rows.iter().position(|row| row.len() != columns.len()) {
            let message = format!("{} cells, expected {}", rows[row].len(), columns.len());
            return Err(malformed(lines[row], message));
        }
        Ok(Self {
            file: file.into(),
            columns,
            rows,
            lines,
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
        let key = |cell: &String| match cell.trim().parse::<f64>() {
            // -0 is 0.
            Ok(number) => format!("{:e}", number + 0.0),
            Err(_) => cell.trim().to_string(),
        };
        let mut seen = HashMap::new();
        for (row, cells) in self.rows.iter().enumerate() {
            let place: Vec<String> = columns.iter().map(|&c| key(&cells[c])).collect();
            if let Some(first) = seen.insert(place, row) {
                let column = columns.last().copied().unwrap_or(0);
                let expected = format!(
                    "a row of its own; the same stands on line {}",
                    self.lines[first]
                );
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
        let cell = self.rows[row][column].trim();
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
        let cell = self.rows[row][column].trim();
        cell.parse()
            .map_err(|_| self.wrong(row, column, "a whole number >= 0"))
    }

    /// The error for a cell.
    pub fn wrong(&self, row: usize, column: usize, expected: &str) -> Error {
        let line = self.lines.get(row).copied().unwrap_or(row + 2);
        Error::Field {
            file: self.file.clone(),
            path: format!("line {line}, column {}", self.columns[column]),
            value: match self.rows.get(row) {
                Some(cells) => format!("`{}`", cells[column]),
                None => "nothing".into(),
            },
            expected: expected.into(),
        }
    }
}

/// The lines in which rows start, from 1: a line break in quotes starts none.
fn row_starts(text: &str) -> Result<Vec<usize>, (usize, &'static str)> {
    let mut starts = Vec::new();
    let mut quoted = false;
    for (i, line) in text.lines().enumerate() {
        if !quoted {
            if line.trim().is_empty() {
                let head = "empty, expected a head line";
                return Err((i + 1, if i == 0 { head } else { "an empty line" }));
            }
            starts.push(i + 1);
        }
        quoted ^= line.matches('"').count() % 2 == 1;
    }
    let last = text.lines().count().max(1);
    if quoted {
        return Err((last, "cut off: a quote is not closed"));
    }
    if !text.is_empty() && !text.ends_with('\n') {
        return Err((last, "cut off: the last line has no line break"));
    }
    Ok(starts)
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
        // As other systems end lines, and with a mark of the encoding.
        let foreign = CsvTable::parse("a.csv", "\u{feff}k, x\r\n1, 2.5\r\n").unwrap();
        assert_eq!(foreign.columns, ["k", "x"]);
        assert!((foreign.finite(0, 1).unwrap() - 2.5).abs() < 1e-15);
    }

    #[test]
    fn cells_of_any_text_survive() {
        let cells = [
            "a, b",
            "say \"so\"",
            "two\nlines",
            " spaced ",
            "",
            "\r\n\"\",",
        ];
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["k", "x"]).unwrap();
        for cell in cells {
            writer.write_record([cell, "1"]).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let table = CsvTable::parse("a.csv", &text).unwrap();
        let read: Vec<&str> = table.rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(read, cells);
    }

    #[test]
    fn malformed_tables_name_the_line() {
        for (text, named) in [
            ("k,x\n\n1,2\n", "line 2: an empty line"),
            ("k,x\n1,2\n\n", "line 3: an empty line"),
            ("k,x\n\"a\nb\",2\n1\n", "line 4: 1 cells, expected 2"),
            ("k,x\n1,\"2\n3,4\n", "a quote is not closed"),
            ("\n1,2\n", "line 1: empty, expected a head line"),
            ("", "line 1: empty"),
            ("k\na\"b\nc\"d\n", "a quote stands inside"),
            ("k,x\r\n1,2\r\n3\r\n", "line 3: 1 cells"),
        ] {
            let error = CsvTable::parse("a.csv", text).unwrap_err().to_string();
            assert!(error.contains(named), "{text:?}: {error}");
        }
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
