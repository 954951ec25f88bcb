//! Comparison of two CSV curves, a tolerance for each column, with a table of what differs; and the
//! layout of a golden file, which holds its tolerances itself.

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

/// A golden file: comments, which say how it was made and by how much each column may move, and the
/// CSV text.
///
/// ```
/// use isac_testkit::golden::Golden;
/// let golden = Golden::parse(
///     "# cargo xtask reproduce demo/fig1 --quick
/// ## curves sca
/// ## tolerance *rate 1e-3 1e-9
/// algorithm,x,mean_rate
/// sca,10,2.5
/// ",
/// )?;
/// assert_eq!(golden.curves, ["sca"]);
/// golden.compare("algorithm,x,mean_rate\nsca,10,2.501\n")?;
/// assert!(golden.compare("algorithm,x,mean_rate\nsca,10.1,2.5\n").is_err());
/// # Ok::<(), isac_testkit::golden::Mismatch>(())
/// ```
///
/// A line `# tolerance COLUMN REL ABS` gives the tolerance of a column, or with a leading `*` of all
/// columns that end so; the first that fits counts, and a column without one must be equal. A line
/// `# curves NAME...` says which curves the file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Golden {
    /// Names of the curves in the file; empty for all there are.
    pub curves: Vec<String>,
    /// The CSV text.
    pub csv: String,
    tolerances: Vec<(String, Tolerance)>,
}

impl Golden {
    /// Reads the text of a golden file.
    ///
    /// # Errors
    /// [`Mismatch::Malformed`] for a tolerance that is not a column and two numbers >= 0.
    pub fn parse(text: &str) -> Result<Self, Mismatch> {
        let (mut curves, mut tolerances) = (Vec::new(), Vec::new());
        let mut csv = String::new();
        for (index, line) in text.lines().enumerate() {
            let Some(comment) = line.strip_prefix('#') else {
                csv.push_str(line);
                csv.push('\n');
                continue;
            };
            let words: Vec<&str> = comment.split_whitespace().collect();
            match words[..] {
                ["curves", ref names @ ..] => {
                    curves.extend(names.iter().map(ToString::to_string));
                }
                ["tolerance", ref rest @ ..] => {
                    let number = |i: usize| -> Option<f64> {
                        let value: f64 = rest.get(i)?.parse().ok()?;
                        (value >= 0.0).then_some(value)
                    };
                    let (Some(column), Some(rel), Some(abs)) = (rest.first(), number(1), number(2))
                    else {
                        return Err(Mismatch::Malformed {
                            line: index + 1,
                            text: line.into(),
                        });
                    };
                    tolerances.push((column.to_string(), Tolerance { rel, abs }));
                }
                _ => {}
            }
        }
        Ok(Self {
            curves,
            csv,
            tolerances,
        })
    }

    /// The tolerance of a column.
    pub fn tolerance(&self, column: &str) -> Tolerance {
        let fits = |pattern: &str| match pattern.strip_prefix('*') {
            Some(end) => column.ends_with(end),
            None => column == pattern,
        };
        let found = self.tolerances.iter().find(|(pattern, _)| fits(pattern));
        found.map_or(Tolerance::absolute(0.0), |(_, tolerance)| *tolerance)
    }

    /// Compares fresh CSV text with the file.
    ///
    /// # Errors
    /// What differs, see [`compare`].
    pub fn compare(&self, got: &str) -> Result<(), Mismatch> {
        compare(&self.csv, got, |column| self.tolerance(column))
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
    /// A golden file is not what it should be.
    Malformed {
        /// Line, from 1.
        line: usize,
        /// The line.
        text: String,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { expected, got } => {
                write!(f, "header: expected `{expected}`, got `{got}`")
            }
            Self::Malformed { line, text } => write!(
                f,
                "golden file, line {line}: `{text}`, expected `# tolerance COLUMN REL ABS`"
            ),
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
    fn the_first_rule_that_fits_counts() {
        let text =
            "# tolerance mean_x 0 1\n# tolerance *_x 0 2\n# made by hand\nn,mean_x,low_x\n1,5,5\n";
        let golden = Golden::parse(text).unwrap();
        assert!(golden.curves.is_empty());
        assert_eq!(golden.compare("n,mean_x,low_x\n1,6,7\n"), Ok(()));
        let table = golden.compare("n,mean_x,low_x\n2,6.5,7\n").unwrap_err();
        let Mismatch::Cells(cells) = table else {
            panic!("two cells differ");
        };
        let columns: Vec<_> = cells.iter().map(|c| c.column.as_str()).collect();
        assert_eq!(columns, ["n", "mean_x"]);
        for bad in ["# tolerance x 1", "# tolerance", "# tolerance x -1 0"] {
            let error = Golden::parse(bad).unwrap_err();
            assert!(
                matches!(error, Mismatch::Malformed { line: 1, .. }),
                "{bad}"
            );
        }
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
