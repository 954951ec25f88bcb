//! Comparison of two CSV curves, a tolerance for each column, with a table of what differs.

use std::fmt;

/// Allowed difference: `|got - expected| <= abs + rel |expected|`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Relative to the expected value.
    pub rel: f64,
    /// Absolute, in the unit of the column.
    pub abs: f64,
}

impl Tolerance {
    /// Relative only.
    pub fn relative(rel: f64) -> Self {
        Self { rel, abs: 0.0 }
    }

    /// Absolute only.
    pub fn absolute(abs: f64) -> Self {
        Self { rel: 0.0, abs }
    }

    fn holds(&self, expected: f64, got: f64) -> bool {
        // Equal infinities, and NaN for NaN.
        expected.total_cmp(&got).is_eq()
            || (expected.is_nan() && got.is_nan())
            || (got - expected).abs() <= self.abs + self.rel * expected.abs()
    }
}

/// One cell that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Row of data, counted from 1.
    pub row: usize,
    /// Column name.
    pub column: String,
    /// The cell of the golden file.
    pub expected: String,
    /// The cell of the new file.
    pub got: String,
}

/// Why two curves differ.
#[derive(Debug, Clone, PartialEq)]
pub enum Mismatch {
    /// The header lines differ.
    Header {
        /// Header of the golden file.
        expected: String,
        /// Header of the new file.
        got: String,
    },
    /// The numbers of data rows differ.
    Rows {
        /// Rows of the golden file.
        expected: usize,
        /// Rows of the new file.
        got: usize,
    },
    /// Cells differ by more than their tolerance.
    Cells(Vec<Difference>),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { expected, got } => {
                write!(f, "header: expected `{expected}`, got `{got}`")
            }
            Self::Rows { expected, got } => write!(f, "rows: expected {expected}, got {got}"),
            Self::Cells(cells) => {
                let width = |of: fn(&Difference) -> &str, title: &str| {
                    let longest = cells.iter().map(|c| of(c).chars().count()).max();
                    longest.unwrap_or(0).max(title.len())
                };
                let column = width(|c| &c.column, "column");
                let expected = width(|c| &c.expected, "expected");
                let got = width(|c| &c.got, "got");
                writeln!(
                    f,
                    "{:>5}  {:column$}  {:>expected$}  {:>got$}",
                    "row", "column", "expected", "got"
                )?;
                for c in cells {
                    writeln!(
                        f,
                        "{:>5}  {:column$}  {:>expected$}  {:>got$}",
                        c.row, c.column, c.expected, c.got
                    )?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Mismatch {}

/// Compares the CSV text `got` with the golden text `expected`. `tolerance` maps a column name to
/// its tolerance; cells that are not both numbers are compared as text. Quoted cells are not
/// supported: our curves have none.
///
/// # Errors
/// What differs, see [`Mismatch`]; its `Display` is a table.
///
/// ```
/// use isac_testkit::golden::{Tolerance, compare};
/// let golden = "algorithm,x,rate\nsca,10,2.5\nsca,20,5.1\n";
/// let fresh = "algorithm,x,rate\nsca,10,2.5000001\nsca,20,5.3\n";
/// let tolerance = |column: &str| match column {
///     "rate" => Tolerance::relative(1e-3),
///     _ => Tolerance::absolute(0.0),
/// };
/// let table = compare(golden, fresh, tolerance).unwrap_err().to_string();
/// assert!(table.contains("    2  rate         5.1  5.3"));
/// ```
pub fn compare(
    expected: &str,
    got: &str,
    tolerance: impl Fn(&str) -> Tolerance,
) -> Result<(), Mismatch> {
    let (mut left, mut right) = (expected.lines(), got.lines());
    let (header, header_got) = (
        left.next().unwrap_or_default(),
        right.next().unwrap_or_default(),
    );
    if header != header_got {
        return Err(Mismatch::Header {
            expected: header.into(),
            got: header_got.into(),
        });
    }
    let (left, right): (Vec<_>, Vec<_>) = (left.collect(), right.collect());
    if left.len() != right.len() {
        return Err(Mismatch::Rows {
            expected: left.len(),
            got: right.len(),
        });
    }
    let columns: Vec<&str> = header.split(',').collect();
    let mut cells = Vec::new();
    for (row, (left, right)) in left.iter().zip(&right).enumerate() {
        let (mut a, mut b) = (left.split(','), right.split(','));
        for &column in &columns {
            let (a, b) = (a.next().unwrap_or_default(), b.next().unwrap_or_default());
            let same = match (a.parse::<f64>(), b.parse::<f64>()) {
                (Ok(x), Ok(y)) => tolerance(column).holds(x, y),
                _ => a == b,
            };
            if !same {
                cells.push(Difference {
                    row: row + 1,
                    column: column.into(),
                    expected: a.into(),
                    got: b.into(),
                });
            }
        }
        let surplus = |rest: std::str::Split<'_, char>| rest.collect::<Vec<_>>().join(",");
        let (a, b) = (surplus(a), surplus(b));
        if a != b {
            cells.push(Difference {
                row: row + 1,
                column: "(beyond the header)".into(),
                expected: a,
                got: b,
            });
        }
    }
    if cells.is_empty() {
        Ok(())
    } else {
        Err(Mismatch::Cells(cells))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(_: &str) -> Tolerance {
        Tolerance::absolute(0.0)
    }

    #[test]
    fn header_rows_text_and_numbers_are_told_apart() {
        let a = "name,x\none,1.0\n";
        assert_eq!(compare(a, a, exact), Ok(()));
        assert_eq!(compare(a, "name,x\none,1\n", exact), Ok(()));
        let header = compare(a, "name,y\none,1\n", exact).unwrap_err();
        assert!(matches!(header, Mismatch::Header { .. }));
        let rows = compare(a, "name,x\n", exact).unwrap_err();
        assert_eq!(
            rows,
            Mismatch::Rows {
                expected: 1,
                got: 0
            }
        );
        let Err(Mismatch::Cells(cells)) = compare(a, "name,x\ntwo,1.1,7\n", exact) else {
            panic!("three cells differ");
        };
        let columns: Vec<_> = cells.iter().map(|c| c.column.as_str()).collect();
        assert_eq!(columns, ["name", "x", "(beyond the header)"]);
    }

    #[test]
    fn nan_equals_only_nan() {
        let a = "x\nNaN\n";
        let loose = |_: &str| Tolerance::absolute(1e9);
        assert_eq!(compare(a, "x\nNaN\n", exact), Ok(()));
        assert!(compare(a, "x\n1\n", loose).is_err());
        assert!(compare("x\n1\n", a, loose).is_err());
        assert_eq!(compare("x\ninf\n", "x\ninf\n", exact), Ok(()));
    }
}
