//! What is printed at the end of a run.

use super::{Console, say};
use isac_lab::error::Error;
use isac_lab::reproduce::Done;

/// The closing table, claims and grade.
pub(super) fn closing(done: &Done, console: &mut Console<'_>) -> Result<(), Error> {
    let report = &done.report;
    let text = |value: Option<f64>| value.map_or_else(|| "-".to_string(), short);
    let rows = |lines: &[isac_lab::Compared]| -> Vec<[String; 6]> {
        lines
            .iter()
            .map(|line| {
                let quantity = match line.unit.as_str() {
                    "" => line.quantity.clone(),
                    unit => format!("{} ({unit})", line.quantity),
                };
                let (published, ours) = (text(line.published), text(line.ours));
                let interval = line.interval.map_or_else(String::new, |[low, high]| {
                    format!("{} to {}", short(low), short(high))
                });
                let difference = text(line.difference());
                let note = line.note.clone();
                [quantity, published, ours, interval, difference, note]
            })
            .collect()
    };
    for lines in [&report.table, &report.timing.table] {
        if !lines.is_empty() {
            table(
                console,
                ["", "published", "ours", "95 % interval", "difference", ""],
                &rows(lines),
            )?;
        }
    }
    for algorithm in done.records.algorithms() {
        let rows = || {
            done.records
                .rows
                .iter()
                .filter(|r| r.algorithm == algorithm)
        };
        let failed = rows().filter(|r| r.failed).count();
        let open = rows().filter(|r| !r.failed && !r.converged).count();
        if failed + open > 0 {
            let n = rows().count();
            say!(
                console,
                "{algorithm}: {n} realisations, {failed} failed, {open} not converged"
            );
        }
    }
    for (task, error) in &done.records.broken {
        say!(console, "BROKEN {task}: {error}");
    }
    if done.altered > 0 {
        say!(
            console,
            "note: {} records of the interrupted run had been altered and were computed again",
            done.altered
        );
    }
    for claim in &report.claims {
        let verdict = claim.verdict.name();
        say!(console, "claim: {} -- {verdict}", claim.text);
        say!(console, "  rule: {}", claim.rule);
        if !claim.detail.is_empty() {
            say!(console, "  {}", claim.detail);
        }
    }
    for note in report.notes.iter().chain(&report.timing.notes) {
        say!(console, "note: {note}");
    }
    for failure in &report.failures {
        say!(console, "FAILED: {failure}");
    }
    say!(console, "grade: {}", report.grade);
    say!(console, "written: {}", done.folder.display());
    Ok(())
}

/// Columns: the first and last to the left, the others to the right.
pub(super) fn table<const N: usize>(
    console: &mut Console<'_>,
    heads: [&str; N],
    rows: &[[String; N]],
) -> Result<(), Error> {
    let mut widths = heads.map(|head| head.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let heads = heads.map(str::to_string);
    for row in std::iter::once(&heads).chain(rows) {
        let mut line = String::new();
        for (i, (cell, width)) in row.iter().zip(widths).enumerate() {
            line += &match i {
                0 => format!("{cell:<width$}"),
                _ if i + 1 == N => format!("  {cell}"),
                _ => format!("  {cell:>width$}"),
            };
        }
        say!(console, "{}", line.trim_end());
    }
    Ok(())
}

/// Six significant digits.
pub(super) fn short(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude < f64::MIN_POSITIVE {
        "0".into()
    } else if (1e-3..1e6).contains(&magnitude) {
        let digits = (5 - magnitude.log10().floor() as i32).max(0) as usize;
        format!("{value:.digits$}")
    } else {
        format!("{value:.4e}")
    }
}
