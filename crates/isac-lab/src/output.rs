//! What the files of a result folder hold: the CSV tables and `meta.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::artefact::{Metric, Request};
use crate::journal::hash;
use crate::records::{Record, Records, by_x, values};
use crate::report::Report;
use crate::stats::Summary;
use crate::table::{Column, Table, Texts};

/// The table of `curve.csv`: one row per algorithm and x.
pub fn curve(records: &Records, metrics: &[Metric]) -> Table {
    let (mut names, mut xs) = (Texts::default(), Vec::new());
    let mut counts = [const { Vec::new() }; 3];
    let mut means = vec![[const { Vec::new() }; 3]; metrics.len()];
    for (algorithm, all) in records.by_algorithm() {
        for (x, at) in by_x(all) {
            names.push(algorithm);
            xs.push(x);
            let failed = at.iter().filter(|r| r.failed).count();
            let open = at.iter().filter(|r| !r.failed && !r.converged).count();
            for (column, count) in counts.iter_mut().zip([at.len() - failed, failed, open]) {
                column.push(count as u64);
            }
            for (index, columns) in means.iter_mut().enumerate() {
                let Summary {
                    mean, low, high, ..
                } = Summary::of(&values(&at, index));
                for (column, value) in columns.iter_mut().zip([mean, low, high]) {
                    column.push(value);
                }
            }
        }
    }
    let mut columns = vec![
        ("algorithm".into(), Column::Text(names)),
        ("x".into(), Column::Number(xs)),
    ];
    let heads = ["n", "failed", "unconverged"].map(String::from);
    columns.extend(heads.into_iter().zip(counts.map(Column::Count)));
    for (metric, own) in metrics.iter().zip(means) {
        let heads = ["mean", "ci95_low", "ci95_high"].map(|name| format!("{name}_{}", metric.key));
        columns.extend(heads.into_iter().zip(own.map(Column::Number)));
    }
    Table {
        name: "curve",
        columns,
    }
}

/// The table of `per_realization.csv`: one row per record, by algorithm, x and realisation.
pub fn per_realization(records: &Records, metrics: &[Metric]) -> Table {
    let (mut reasons, mut found) = (Texts::default(), vec![Vec::new(); metrics.len()]);
    let rows = sorted(records);
    for record in &rows {
        reasons.push(&record.stop_reason);
        for (index, column) in found.iter_mut().enumerate() {
            column.push(record.metrics.get(index).copied().unwrap_or(f64::NAN));
        }
    }
    let mut columns = places(&rows);
    columns.push(("stop_reason".into(), Column::Text(reasons)));
    for (metric, own) in metrics.iter().zip(found) {
        columns.push((metric.key.clone(), Column::Number(own)));
    }
    Table {
        name: "per_realization",
        columns,
    }
}

/// `timing.csv`: the only file that depends on the clock.
pub fn timing_csv(records: &Records) -> String {
    let rows = sorted(records);
    let mut columns = places(&rows);
    let seconds = rows.iter().map(|r| r.seconds.unwrap_or(f64::NAN));
    columns.push(("seconds".into(), Column::Seconds(seconds.collect())));
    let name = "timing";
    Table { name, columns }.csv()
}

/// Algorithm, x and realisation of records.
fn places(rows: &[&Record]) -> Vec<(String, Column)> {
    let mut algorithms = Texts::default();
    rows.iter().for_each(|r| algorithms.push(&r.algorithm));
    let xs = rows.iter().map(|r| r.x).collect();
    let realizations = rows.iter().map(|r| r.realization as u64).collect();
    vec![
        ("algorithm".into(), Column::Text(algorithms)),
        ("x".into(), Column::Number(xs)),
        ("realization".into(), Column::Count(realizations)),
    ]
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
pub fn meta_json(
    meta: &Meta<'_>,
    records: &Records,
    report: &Report,
    published: &[Value],
) -> String {
    let counts: Vec<Value> = (records.by_algorithm().iter())
        .map(|(algorithm, rows)| count_json(algorithm, rows))
        .collect();
    let request = meta.request;
    let reference = request.reference.as_deref().and_then(Path::file_name);
    let table: Vec<Value> = report
        .table
        .iter()
        .map(|line| {
            json!({"quantity": line.quantity, "published": line.published, "ours": line.ours,
                   "ci95": line.interval, "difference": line.difference(), "unit": line.unit, "note": line.note})
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
        "published": published,
        "claims": report.claims,
        "grade": report.grade.to_string(),
        "notes": report.notes,
        "failures": report.failures,
        "versions": crate::versions(),
        "revision": meta.revision,
    });
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}

fn count_json(algorithm: &str, rows: &[&Record]) -> Value {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *reasons.entry(row.stop_reason.as_str()).or_insert(0) += 1;
    }
    json!({
        "algorithm": algorithm,
        "realizations": rows.len(),
        "failed": rows.iter().filter(|r| r.failed).count(),
        "unconverged": rows.iter().filter(|r| !r.failed && !r.converged).count(),
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
        let per = per_realization(&records(), &metrics).csv();
        let lines: Vec<&str> = per.lines().collect();
        assert_eq!(lines[0], "algorithm,x,realization,stop_reason,m");
        let two = "2.0000000000000000e0";
        assert_eq!(
            lines[1],
            format!("a,{two},0,closed_form,1.0000000000000000e0")
        );
        assert_eq!(lines[3], format!("a,{two},2,\"infeasible, by 0.3\",NaN"));
        let curve = super::curve(&records(), &metrics).csv();
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
        let per = per_realization(&records, &[]).csv();
        let table = crate::reference::CsvTable::parse("a.csv", &per).unwrap();
        let curve = super::curve(&records, &[]).csv();
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
