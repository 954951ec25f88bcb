//! The result folder of an artefact: `OUT/<paper>/<artefact>/<preset>/`.
//!
//! While a run is under way its finished tasks are kept in `<preset>.partial/`; the finished folder
//! is built as `<preset>.new/` and takes the place of the old one in one step.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::artefact::{Artefact, Metric, Record, Records, Report, Request};
use crate::error::Error;
use crate::run::Finished;
use crate::stats::{Summary, digits17};

/// The folders of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    target: PathBuf,
}

impl Folder {
    /// Of an artefact and preset below `out`. Makes sure that results can be written there.
    ///
    /// # Errors
    /// [`Error::Output`] if not.
    pub fn open(out: &Path, artefact: &Artefact, preset: &str) -> Result<Self, Error> {
        let target = out.join(artefact.paper).join(artefact.name).join(preset);
        let folder = Self { target };
        let partial = folder.beside("partial");
        let probe = partial.join("probe");
        fs::create_dir_all(&partial)
            .and_then(|()| fs::write(&probe, b""))
            .and_then(|()| fs::remove_file(&probe))
            .map_err(|e| output_error(&partial, e))?;
        // A crash between the two renames of a system that cannot exchange folders.
        let old = folder.beside("old");
        if old.is_dir() && !folder.target.exists() {
            fs::rename(&old, &folder.target).map_err(|e| output_error(&folder.target, e))?;
        }
        Ok(folder)
    }

    /// Where the finished files stand.
    pub fn path(&self) -> &Path {
        &self.target
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.target.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{suffix}"));
        self.target.with_file_name(name)
    }

    /// Opens the record of finished tasks. Those of an interrupted run with the same fingerprint
    /// are taken up; anything else there is cleared away.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn journal(&self, fingerprint: &str) -> Result<(Journal, Vec<Finished>), Error> {
        let folder = self.beside("partial");
        let (mark, path) = (folder.join("fingerprint.json"), folder.join("tasks.jsonl"));
        let same = fs::read_to_string(&mark).is_ok_and(|text| text == fingerprint);
        let mut kept = Vec::new();
        if same {
            let text = fs::read_to_string(&path).unwrap_or_default();
            // A line cut off by a crash does not parse and its task runs again; so do broken ones.
            kept.extend(
                text.lines()
                    .filter_map(|line| serde_json::from_str::<Finished>(line).ok())
                    .filter(|finished| finished.result.is_ok()),
            );
        }
        let mut text = String::new();
        for finished in &kept {
            text += &journal_line(finished);
        }
        fs::write(&path, text).map_err(|e| output_error(&path, e))?;
        fs::write(&mark, fingerprint).map_err(|e| output_error(&mark, e))?;
        let file = fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|e| output_error(&path, e))?;
        Ok((Journal { path, file }, kept))
    }

    /// Puts the finished files in place of the old folder in one step and clears the journal away.
    ///
    /// # Errors
    /// [`Error::Output`]; the old folder is whole then.
    pub fn replace(&self, files: &[(String, Vec<u8>)]) -> Result<(), Error> {
        let fresh = self.beside("new");
        let wrap = |path: &Path| {
            let path = path.to_path_buf();
            move |e| output_error(&path, e)
        };
        if fresh.exists() {
            fs::remove_dir_all(&fresh).map_err(wrap(&fresh))?;
        }
        fs::create_dir_all(&fresh).map_err(wrap(&fresh))?;
        for (name, bytes) in files {
            let path = fresh.join(name);
            fs::File::create(&path)
                .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
                .map_err(wrap(&path))?;
        }
        put_in_place(&fresh, &self.target, &self.beside("old")).map_err(wrap(&self.target))?;
        // Leftovers do no harm, so a failure to clear them is none.
        let _ = fs::remove_dir_all(self.beside("partial"));
        Ok(())
    }
}

/// Moves `fresh` to `target`; what stood there ends up removed.
fn put_in_place(fresh: &Path, target: &Path, old: &Path) -> std::io::Result<()> {
    if !target.exists() {
        return fs::rename(fresh, target);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, fresh, CWD, target, RenameFlags::EXCHANGE).is_ok() {
            return fs::remove_dir_all(fresh);
        }
    }
    // File systems without an exchange: two renames; `Folder::open` mends a crash between them.
    if old.exists() {
        fs::remove_dir_all(old)?;
    }
    fs::rename(target, old)?;
    fs::rename(fresh, target)?;
    fs::remove_dir_all(old)
}

fn output_error(path: &Path, source: std::io::Error) -> Error {
    Error::Output {
        path: path.into(),
        source,
    }
}

/// Writes a file so that it is either the old or the whole new one.
///
/// # Errors
/// [`Error::Output`].
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let fresh = path.with_file_name(name);
    fs::write(&fresh, bytes)
        .and_then(|()| fs::rename(&fresh, path))
        .map_err(|e| output_error(path, e))
}

/// Finished tasks on disk.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: fs::File,
}

impl Journal {
    /// Keeps one more.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn keep(&mut self, finished: &Finished) -> Result<(), Error> {
        self.file
            .write_all(journal_line(finished).as_bytes())
            .map_err(|e| output_error(&self.path, e))
    }
}

fn journal_line(finished: &Finished) -> String {
    // Records hold no map with other than text keys, so this cannot fail.
    serde_json::to_string(finished).unwrap_or_default() + "\n"
}

/// `curve.csv`: one row per algorithm and x.
pub fn curve_csv(records: &Records, metrics: &[Metric]) -> String {
    let mut text = String::from("algorithm,x,n,failed,unconverged");
    for m in metrics {
        let key = &m.key;
        let _ = write!(text, ",mean_{key},ci95_low_{key},ci95_high_{key}");
    }
    text.push('\n');
    for algorithm in records.algorithms() {
        for x in records.xs(algorithm) {
            let rows: Vec<&Record> = records.at(algorithm, x).collect();
            let failed = rows.iter().filter(|r| r.failed).count();
            let open = rows.iter().filter(|r| !r.failed && !r.converged).count();
            let n = rows.len() - failed;
            let _ = write!(
                text,
                "{},{},{n},{failed},{open}",
                cell(algorithm),
                digits17(x)
            );
            for index in 0..metrics.len() {
                let Summary {
                    mean, low, high, ..
                } = records.summary(algorithm, x, index);
                let (mean, low, high) = (digits17(mean), digits17(low), digits17(high));
                let _ = write!(text, ",{mean},{low},{high}");
            }
            text.push('\n');
        }
    }
    text
}

/// `per_realization.csv`: one row per record, by algorithm, x and realisation.
pub fn per_realization_csv(records: &Records, metrics: &[Metric]) -> String {
    let mut text = String::from("algorithm,x,realization,stop_reason");
    for m in metrics {
        let _ = write!(text, ",{}", m.key);
    }
    text.push('\n');
    for row in sorted(records) {
        let (name, x) = (cell(&row.algorithm), digits17(row.x));
        let _ = write!(
            text,
            "{name},{x},{},{}",
            row.realization,
            cell(&row.stop_reason)
        );
        for index in 0..metrics.len() {
            let value = row.metrics.get(index).copied().unwrap_or(f64::NAN);
            let _ = write!(text, ",{}", digits17(value));
        }
        text.push('\n');
    }
    text
}

/// `timing.csv`: the only file that depends on the clock.
pub fn timing_csv(records: &Records) -> String {
    let mut text = String::from("algorithm,x,realization,seconds\n");
    for row in sorted(records) {
        let (name, x) = (cell(&row.algorithm), digits17(row.x));
        let seconds = row.seconds.unwrap_or(f64::NAN);
        let _ = writeln!(text, "{name},{x},{},{seconds:.6e}", row.realization);
    }
    text
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

/// A text without commas and line breaks.
fn cell(text: &str) -> String {
    text.replace(',', ";").replace(['\n', '\r', '"'], " ")
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
        "scenario_hash": hash_text(&meta.scenario.to_string()),
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
        "revision": crate::revision(),
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

/// FNV-1a, 64 bits, as hexadecimal text.
pub fn hash_text(text: &str) -> String {
    hash_bytes(text.as_bytes())
}

/// FNV-1a of bytes.
pub fn hash_bytes(bytes: &[u8]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
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
        assert_eq!(lines[3], format!("a,{two},2,infeasible; by 0.3,NaN"));
        let curve = curve_csv(&records(), &metrics);
        let row = curve.lines().nth(1).unwrap();
        assert!(row.starts_with(&format!("a,{two},2,1,0,{two},")), "{row}");
    }

    #[test]
    fn hash_is_the_published_one() {
        assert_eq!(hash_text(""), "cbf29ce484222325");
        assert_eq!(hash_text("a"), "af63dc4c8601ec8c");
    }
}
