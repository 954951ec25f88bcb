//! Published numbers as data: one CSV file per paper, one number a row, and the table of published
//! beside ours that is made of it.
//!
//! The columns are `artefact, curve, x, metric, published, unit, quantity, place, why`. `curve`, `x` and
//! `metric` are those of the records where the number is a mean of them, and names of the paper's own
//! artefact otherwise; `x` may be empty. `quantity` is what a reader sees, `place` where the number stands,
//! `why` the reason for which ours is absent or another.

use crate::error::Error;
use crate::records::Records;
use crate::reference::CsvTable;
use crate::report::Compared;
use crate::stats::{Summary, percentile_of};
use crate::verdict::LEAST_DRAWS;

/// One published number.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Name of the artefact it belongs to.
    pub artefact: String,
    /// Curve of the records, or a name known to the artefact.
    pub curve: String,
    /// Place on the axis; NaN for none.
    pub x: f64,
    /// Key of a metric, or a name known to the artefact.
    pub metric: String,
    /// The number.
    pub value: f64,
    /// Its unit; empty for none.
    pub unit: String,
    /// What it is, for a reader.
    pub quantity: String,
    /// Where it stands in the paper.
    pub place: String,
    /// Why ours is absent or another; may be empty.
    pub why: String,
}

/// The published numbers of a paper, in the order of its file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Numbers {
    /// The rows.
    pub rows: Vec<Published>,
}

impl Numbers {
    /// Reads the text of a file; `file` is its name in messages.
    ///
    /// # Errors
    /// A malformed table, a missing column, a value that is no finite number, a row without artefact,
    /// quantity or place, two rows for the same number.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let table = CsvTable::parse(file, text)?;
        let names = [
            "artefact", "curve", "x", "metric", "unit", "quantity", "place", "why",
        ];
        let mut columns = [0; 8];
        for (column, name) in columns.iter_mut().zip(names) {
            *column = table.column(name)?;
        }
        let [artefact, curve, x, metric, unit, quantity, place, why] = columns;
        let published = table.column("published")?;
        table.unrepeated(&[artefact, curve, x, metric])?;
        let mut rows = Vec::new();
        for row in 0..table.rows.len() {
            let text = |column: usize| table.rows[row][column].trim().to_string();
            for column in [artefact, quantity, place] {
                if text(column).is_empty() {
                    return Err(table.wrong(row, column, "a text"));
                }
            }
            rows.push(Published {
                artefact: text(artefact),
                curve: text(curve),
                x: table.number(row, x)?,
                metric: text(metric),
                value: table.finite(row, published)?,
                unit: text(unit),
                quantity: text(quantity),
                place: text(place),
                why: text(why),
            });
        }
        Ok(Self { rows })
    }

    /// Those of one artefact.
    pub fn of(&self, artefact: &str) -> Self {
        let rows = self.rows.iter().filter(|row| row.artefact == artefact);
        Self {
            rows: rows.cloned().collect(),
        }
    }

    /// `[x, value]` of a metric along a curve.
    pub fn points(&self, curve: &str, metric: &str) -> Vec<[f64; 2]> {
        let rows = self.rows.iter();
        rows.filter(|row| row.curve == curve && row.metric == metric)
            .map(|row| [row.x, row.value])
            .collect()
    }

    /// The value of a metric of a curve at one x.
    pub fn value(&self, curve: &str, x: f64, metric: &str) -> Option<f64> {
        let points = self.points(curve, metric).into_iter();
        points
            .filter(|point| same(point[0], x))
            .map(|point| point[1])
            .next()
    }

    /// Published beside ours. `ours` gives the draws behind our number: none where there is none, one
    /// for a number without draws; of more, mean, 95 % interval and the percentile of the published
    /// number among them.
    pub fn table(&self, ours: impl Fn(&Published) -> Vec<f64>) -> Vec<Compared> {
        let line = |row: &Published| compare(row, &ours(row));
        self.rows.iter().map(line).collect()
    }
}

fn same(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// One line: the published number, and mean, interval and percentile of our draws.
fn compare(row: &Published, draws: &[f64]) -> Compared {
    let known = Summary::of(draws);
    let mut notes = Vec::new();
    if !row.why.is_empty() {
        notes.push(row.why.clone());
    } else if draws.is_empty() {
        notes.push("no draw of this run has it".into());
    }
    if draws.len() > 1 {
        notes.push(format!("{} draws", draws.len()));
    }
    // Among equal values only rounding has a percentile.
    let spread = known.std > 1e-9 * known.mean.abs();
    if draws.len() >= LEAST_DRAWS && spread {
        let percentile = percentile_of(draws, row.value);
        notes.push(format!(
            "the published number at percentile {percentile:.0}"
        ));
    }
    notes.push(row.place.clone());
    let line = Compared::new(row.quantity.clone(), row.value, known.mean, &row.unit);
    let line = line.note(notes.join("; "));
    match draws.len() {
        0 | 1 => line,
        _ => line.interval(known.low, known.high),
    }
}

/// The draws behind a row whose curve, x and metric are those of the records; `metrics` are the keys in
/// the order of the plan.
pub fn drawn(records: &Records, metrics: &[&str], row: &Published) -> Vec<f64> {
    match metrics.iter().position(|key| *key == row.metric) {
        Some(metric) => records.values(&row.curve, row.x, metric),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "artefact,curve,x,metric,published,unit,quantity,place,why\n";

    #[test]
    fn numbers_are_read_and_set_beside_ours() {
        let text = format!(
            "{HEAD}fig1,a,2,m,1.5,W,power of a,\"Fig. 1, text\",\nfig1,b,,m,3,,count,Table I,undefined\n"
        );
        let numbers = Numbers::parse("p.csv", &text).unwrap().of("fig1");
        assert_eq!(numbers.points("a", "m"), [[2.0, 1.5]]);
        assert_eq!(numbers.value("b", f64::NAN, "m"), Some(3.0));
        let records = Records {
            rows: (0..3)
                .map(|r| crate::Record::exact("a", 2.0, r, vec![9.0, r as f64]))
                .collect(),
            ..Records::default()
        };
        let table = numbers.table(|row| drawn(&records, &["other", "m"], row));
        assert_eq!((table[0].published, table[0].ours), (Some(1.5), Some(1.0)));
        // Three values 0, 1, 2: the half width is 4.302653 / sqrt(3).
        let [low, high] = table[0].interval.unwrap();
        assert!(
            (high - 1.0 - 4.302_653 / 3f64.sqrt()).abs() < 1e-9 && (high + low - 2.0).abs() < 1e-12
        );
        assert!(table[0].note.contains("Fig. 1, text"));
        assert_eq!((table[1].ours, table[1].interval), (None, None));
        assert!(table[1].note.starts_with("undefined"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (row, named) in [
            ("fig1,a,2,m,,W,q,here,", "line 2, column published"),
            ("fig1,a,2,m,1,W,q,,", "line 2, column place"),
            (",a,2,m,1,W,q,here,", "line 2, column artefact"),
            ("fig1,a,two,m,1,W,q,here,", "line 2, column x"),
            ("fig1,a,2,m,1,W,q,here,\nfig1,a,2.0,m,2,W,q,here,", "line 3"),
        ] {
            let error = Numbers::parse("p.csv", &format!("{HEAD}{row}\n")).unwrap_err();
            assert!(error.to_string().contains(named), "{row}: {error}");
        }
    }
}
