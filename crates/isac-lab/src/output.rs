//! What the files of a result folder hold: the CSV tables and `meta.json`.

use std::path::Path;

use serde_json::{Value, json};

use crate::artefact::{Artefact, Metric, Request};
use crate::folder::hash;
use crate::records::{Record, Records};
use crate::report::Report;
use crate::stats::{Summary, digits17};

/// `curve.csv`: one row per algorithm and x.
pub fn curve_csv(records: &Records, metrics: &[Metric]) -> String {
    let mut rows = vec![cells(["algorithm", "x", "n", "failed", "unconverged"])];
    for m in metrics {
        rows[0].extend(["mean", "ci95_low", "ci95_high"].map(|name| format!("{name}_{}", m.key)));
    }
    for algorithm in records.algorithms() {
        for x in records.xs(algorithm) {
            let at: Vec<&Record> = records.at(algorithm, x).collect();
            let failed = at.iter().filter(|r| r.failed).count();
            let open = at.iter().filter(|r| !r.failed && !r.converged).count();
            let counts = [at.len() - failed, failed, open].map(|count| count.to_string());
            let mut row = vec![algorithm.to_string(), digits17(x)];
            row.extend(counts);
            for index in 0..metrics.len() {
                let Summary {
                    mean, low, high, ..
                } = records.summary(algorithm, x, index);
                row.extend([mean, low, high].map(digits17));
            }
            rows.push(row);
        }
    }
    csv_text(&rows)
}

/// `per_realization.csv`: one row per record, by algorithm, x and realisation.
pub fn per_realization_csv(records: &Records, metrics: &[Metric]) -> String {
    let mut rows = vec![cells(["algorithm", "x", "realization", "stop_reason"])];
    rows[0].extend(metrics.iter().map(|m| m.key.clone()));
    for record in sorted(records) {
        let mut row = place(record);
        row.push(record.stop_reason.clone());
        row.extend((0..metrics.len()).map(|index| {
            let value = record.metrics.get(index).copied();
            digits17(value.unwrap_or(f64::NAN))
        }));
        rows.push(row);
    }
    csv_text(&rows)
}

/// `timing.csv`: the only file that depends on the clock.
pub fn timing_csv(records: &Records) -> String {
    let mut rows = vec![cells(["algorithm", "x", "realization", "seconds"])];
    for record in sorted(records) {
        let mut row = place(record);
        row.push(format!("{:.6e}", record.seconds.unwrap_or(f64::NAN)));
        rows.push(row);
    }
    csv_text(&rows)
}

/// Algorithm, x and realisation of a record.
fn place(record: &Record) -> Vec<String> {
    let (x, realization) = (digits17(record.x), record.realization.to_string());
    vec![record.algorithm.clone(), x, realization]
}

fn cells<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_string).to_vec()
}

/// Rows of cells as text; cells with a comma, a quote or a line break stand in quotes.
fn csv_text(rows: &[Vec<String>]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        // Memory takes everything and all rows are equally long, so neither this nor the next fails.
        let _ = writer.write_record(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn sorted(records: &Records) -> Vec<&Record> {
    let names = records.algorithms();
    let place = |row: &Record| names.iter().position(|n| *n == row.algorithm);
    let mut rows: Vec<&Record> = records.rows.iter().collect();
    rows.sort_by(|a, b| {
        (place(a).cmp(&place(b)))
            .then(a.x.total_cmp(&b.x))
            .then(a.realization.cmp(&b.realization))
    });
    rows
}

/// What `meta.json` says beside the report.
#[derive(Debug)]
pub struct Meta<'a> {
    /// The artefact.
    pub artefact: &'a Artefact,
    /// What was asked for.
    pub request: &'a Request,
    /// Meaning of x.
    pub x: &'a Metric,
    /// Meaning of the metrics.
    pub metrics: &'a [Metric],
    /// Assumptions.
    pub notes: &'a [String],
    /// What was simulated.
    pub scenario: &'a Value,
    /// The revision that the program was built from.
    pub revision: &'a str,
}

/// `meta.json`.
pub fn meta_json(meta: &Meta<'_>, records: &Records, report: &Report) -> String {
    let counts: Vec<Value> = records
        .algorithms()
        .iter()
        .map(|algorithm| count_json(records, algorithm))
        .collect();
    let request = meta.request;
    let reference = request.reference.as_deref().and_then(Path::file_name);
    let table: Vec<Value> = report
        .table
        .iter()
        .map(|line| {
            json!({"quantity": line.quantity, "published": line.published, "ours": line.ours,
                   "difference": line.difference(), "unit": line.unit, "note": line.note})
        })
        .collect();
    let broken: Vec<Value> = records
        .broken
        .iter()
        .map(|(id, text)| json!({"task": id, "error": text}))
        .collect();
    let value = json!({
        "paper": meta.artefact.paper,
        "artefact": meta.artefact.name,
        "title": meta.artefact.title,
        "preset": request.preset,
        "size": request.size,
        "slow": request.slow,
        "seed": request.seed,
        "realization": request.realization,
        "reference": reference.map(|name| name.to_string_lossy()),
        "scenario": meta.scenario,
        "scenario_hash": hash(meta.scenario.to_string().as_bytes()),
        "x": meta.x,
        "metrics": meta.metrics,
        "interval": "95 %: mean +- t(0.975, n-1) s / sqrt(n) over realisations, failed ones left out",
        "assumptions": meta.notes,
        "algorithms": counts,
        "broken_tasks": broken,
        "table": table,
        "claims": report.claims,
        "grade": report.grade.to_string(),
        "notes": report.notes,
        "failures": report.failures,
        "versions": crate::versions(),
        "revision": meta.revision,
    });
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}

fn count_json(records: &Records, algorithm: &str) -> Value {
    let rows = || records.rows.iter().filter(|r| r.algorithm == algorithm);
    let mut reasons = std::collections::BTreeMap::new();
    for row in rows() {
        *reasons.entry(row.stop_reason.as_str()).or_insert(0_usize) += 1;
    }
    json!({
        "algorithm": algorithm,
        "realizations": rows().count(),
        "failed": rows().filter(|r| r.failed).count(),
        "unconverged": rows().filter(|r| !r.failed && !r.converged).count(),
        "stop_reasons": reasons,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Records {
        Records {
            rows: vec![
                Record::exact("a", 2.0, 1, vec![3.0]),
                Record::exact("a", 2.0, 0, vec![1.0]),
                Record::failed("a", 2.0, 2, "infeasible, by 0.3"),
            ],
            ..Records::default()
        }
    }

    #[test]
    fn csv_by_hand() {
        let metrics = [Metric::new("m", "M", "")];
        let per = per_realization_csv(&records(), &metrics);
        let lines: Vec<&str> = per.lines().collect();
        assert_eq!(lines[0], "algorithm,x,realization,stop_reason,m");
        let two = "2.0000000000000000e0";
        assert_eq!(
            lines[1],
            format!("a,{two},0,closed_form,1.0000000000000000e0")
        );
        assert_eq!(lines[3], format!("a,{two},2,\"infeasible, by 0.3\",NaN"));
        let curve = curve_csv(&records(), &metrics);
        let row = curve.lines().nth(1).unwrap();
        assert!(row.starts_with(&format!("a,{two},2,1,0,{two},")), "{row}");
    }

    #[test]
    fn cells_of_any_text_come_back() {
        let texts = ["a,b", "say \"so\"", "two\nlines\r\n", "plain", ", \",\""];
        let records = Records {
            rows: texts
                .iter()
                .enumerate()
                .map(|(i, text)| Record {
                    stop_reason: (*text).into(),
                    ..Record::exact(format!("{text}!"), 0.0, i, vec![])
                })
                .collect(),
            ..Records::default()
        };
        let per = per_realization_csv(&records, &[]);
        let table = crate::reference::CsvTable::parse("a.csv", &per).unwrap();
        let curve = curve_csv(&records, &[]);
        let curves = crate::reference::CsvTable::parse("a.csv", &curve).unwrap();
        let timing = timing_csv(&records);
        let times = crate::reference::CsvTable::parse("a.csv", &timing).unwrap();
        for (i, text) in texts.iter().enumerate() {
            let name = format!("{text}!");
            assert_eq!(
                table.rows[i],
                [&name, "0.0000000000000000e0", &i.to_string(), text]
            );
            assert_eq!((&curves.rows[i][0], &times.rows[i][0]), (&name, &name));
        }
    }
}
