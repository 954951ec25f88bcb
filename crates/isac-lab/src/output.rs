//! What the files of a result folder hold: the CSV tables and `meta.json`.

use std::path::Path;

use serde_json::{Value, json};

use crate::artefact::{Metric, Request};
use crate::journal::hash;
use crate::records::{Record, Records, by_x, values};
use crate::report::Report;
use crate::stats::{Summary, digits17};

/// `curve.csv`: one row per algorithm and x.
pub fn curve_csv(records: &Records, metrics: &[Metric]) -> String {
    let mut head = cells(["algorithm", "x", "n", "failed", "unconverged"]);
    for m in metrics {
        head.extend(["mean", "ci95_low", "ci95_high"].map(|name| format!("{name}_{}", m.key)));
    }
    let mut rows = Rows::new(&head);
    for (algorithm, all) in records.by_algorithm() {
        for (x, at) in by_x(all) {
            let failed = at.iter().filter(|r| r.failed).count();
            let open = at.iter().filter(|r| !r.failed && !r.converged).count();
            let counts = [at.len() - failed, failed, open].map(|count| count.to_string());
            let mut row = vec![algorithm.to_string(), digits17(x)];
            row.extend(counts);
            for index in 0..metrics.len() {
                let Summary {
                    mean, low, high, ..
                } = Summary::of(&values(&at, index));
                row.extend([mean, low, high].map(digits17));
            }
            rows.add(&row);
        }
    }
    rows.text()
}

/// `per_realization.csv`: one row per record, by algorithm, x and realisation.
pub fn per_realization_csv(records: &Records, metrics: &[Metric]) -> String {
    let mut head = cells(["algorithm", "x", "realization", "stop_reason"]);
    head.extend(metrics.iter().map(|m| m.key.clone()));
    let mut rows = Rows::new(&head);
    for record in sorted(records) {
        let mut row = place(record);
        row.push(record.stop_reason.clone());
        row.extend((0..metrics.len()).map(|index| {
            let value = record.metrics.get(index).copied();
            digits17(value.unwrap_or(f64::NAN))
        }));
        rows.add(&row);
    }
    rows.text()
}

/// `timing.csv`: the only file that depends on the clock.
pub fn timing_csv(records: &Records) -> String {
    let mut rows = Rows::new(&cells(["algorithm", "x", "realization", "seconds"]));
    for record in sorted(records) {
        let mut row = place(record);
        row.push(format!("{:.6e}", record.seconds.unwrap_or(f64::NAN)));
        rows.add(&row);
    }
    rows.text()
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
struct Rows(csv::Writer<Vec<u8>>);

impl Rows {
    fn new(head: &[String]) -> Self {
        let mut rows = Self(csv::Writer::from_writer(Vec::new()));
        rows.add(head);
        rows
    }

    fn add(&mut self, row: &[String]) {
        // Memory takes everything and all rows are equally long, so neither this nor the next fails.
        let _ = self.0.write_record(row);
    }

    fn text(self) -> String {
        String::from_utf8(self.0.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

/// By algorithm in the order of first appearance, x and realisation.
fn sorted(records: &Records) -> Vec<&Record> {
    let mut rows = Vec::with_capacity(records.rows.len());
    for (_, mut group) in records.by_algorithm() {
        group.sort_by(|a, b| (a.x.total_cmp(&b.x)).then(a.realization.cmp(&b.realization)));
        rows.append(&mut group);
    }
    rows
}

/// What `meta.json` says beside the report.
#[derive(Debug)]
pub struct Meta<'a> {
    /// Paper, name and title.
    pub names: [&'a str; 3],
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
        "paper": meta.names[0],
        "artefact": meta.names[1],
        "title": meta.names[2],
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
