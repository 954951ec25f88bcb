//! The end of a sweep: what its shards left, put together and printed.

use super::{Console, closing, say, short, table};
use isac_lab::error::Error;
use isac_lab::export::Format;
use isac_lab::reproduce::Done;
use isac_lab::sweep::plan::Job;
use isac_lab::sweep::store::{self, Merged, Store};

/// Merges and says what came of it.
pub(super) fn merge(
    job: &Job,
    store: &Store,
    partial: bool,
    formats: &[Format],
    console: &mut Console<'_>,
) -> Result<u8, Error> {
    let some = |ids: &[String]| {
        let more = ids.len().saturating_sub(MOST_NAMED);
        let names = ids[..ids.len() - more].join(", ");
        if more > 0 {
            format!("{names} and {more} more")
        } else {
            names
        }
    };
    match store::merge(job, store, partial, crate::revision(), formats)? {
        Merged::Gaps(missing, altered) => {
            say!(
                console,
                "REFUSED: {} of {} tasks are missing ({altered} records were altered): {}",
                missing.len(),
                job.tasks(),
                some(&missing),
            );
            let way = if missing.len() == job.tasks() {
                "run the plan first"
            } else {
                "`isac sweep run PLAN --out DIR --missing` computes them, `merge --partial` leaves them out"
            };
            say!(console, "{way}");
            Ok(1)
        }
        Merged::Conflicts(ids) => {
            let n = ids.len();
            say!(
                console,
                "REFUSED: two records of {n} tasks say different things: {}",
                some(&ids)
            );
            Ok(1)
        }
        Merged::Written(written) => {
            let mut code = 0;
            for (done, item) in written.iter().zip(&job.items) {
                if item.place.as_os_str().is_empty() {
                    means(done, item, console)?;
                } else {
                    say!(console, "\n{}", item.place.display());
                }
                closing(done, console)?;
                code = code.max(u8::from(!done.good()));
            }
            Ok(code)
        }
    }
}

/// How many tasks a message names.
const MOST_NAMED: usize = 20;
/// How many rows of means are printed; the table holds all.
const MOST_ROWS: usize = 40;

/// The means of a study's metrics.
fn means(
    done: &Done,
    item: &isac_lab::reproduce::Prepared,
    console: &mut Console<'_>,
) -> Result<(), Error> {
    let mut rows = Vec::new();
    for algorithm in done.records.algorithms() {
        let curves: Vec<_> = (0..item.metrics().len())
            .map(|index| done.records.curve(algorithm, index))
            .collect();
        for at in 0..curves.first().map_or(0, Vec::len) {
            let (x, first) = curves[0][at];
            let values = curves.iter().map(|curve| short(curve[at].1.mean));
            rows.push([
                algorithm.to_string(),
                short(x),
                first.n.to_string(),
                values.collect::<Vec<_>>().join("  "),
            ]);
        }
    }
    let keys: Vec<&str> = item.metrics().iter().map(|m| m.key.as_str()).collect();
    let head = format!("mean {}", keys.join("  "));
    let more = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    table(console, ["curve", &item.x().key, "n", &head], &rows)?;
    if more > 0 {
        say!(console, "... and {more} more rows in curve.csv");
    }
    Ok(())
}
