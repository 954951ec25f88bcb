//! The verb `bench`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::{Console, say, short, table, tell};
use isac_lab::bench::{self, Comparison, Family, Row, Standing};
use isac_lab::error::Error;
use isac_lab::paper::Paper;
use isac_lab::run::Control;
use isac_lab::write::write_file;

/// Instances named on standard output where ours is worse; `--json` and `--out` have all.
const NAMED: usize = 20;

#[derive(Debug, Args)]
pub(super) struct Bench {
    /// A public family of instances; all of them if absent
    family: Option<String>,
    /// Folder with the published files, as their authors lay them out; without it the families are listed
    #[arg(long, value_name = "DIR")]
    reference: Option<PathBuf>,
    /// Only the first N instances of each family
    #[arg(long, value_name = "N", requires = "reference", value_parser = clap::value_parser!(u64).range(1..))]
    instances: Option<u64>,
    /// Threads; all cores if absent. Does not change results
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Write every comparison as CSV
    #[arg(long, value_name = "FILE", requires = "reference")]
    out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn bench(
    papers: &[Paper],
    args: &Bench,
    console: &mut Console<'_>,
    cancel: Arc<AtomicBool>,
) -> Result<u8, Error> {
    let known: Vec<Family> = papers.iter().filter_map(|p| p.bench).collect();
    let chosen: Vec<Family> = match &args.family {
        None => known,
        Some(word) => {
            let wanted = word.replace('-', "_");
            let hit = known.iter().find(|f| f.name == wanted);
            let names = known.iter().map(|f| f.name);
            vec![*hit.ok_or_else(|| Error::unknown("family of instances", word, names))?]
        }
    };
    let Some(folder) = &args.reference else {
        list(&chosen, args.json, console)?;
        return Ok(0);
    };
    std::fs::read_dir(folder).map_err(|source| Error::Unreadable {
        file: folder.clone(),
        source,
    })?;
    let mut opened = Vec::new();
    for family in &chosen {
        if let Some(instances) = (family.open)(folder)? {
            opened.push((*family, instances));
        }
    }
    if opened.is_empty() {
        let files: Vec<&str> = chosen.iter().map(|f| f.files).collect();
        return Err(Error::Usage(format!(
            "--reference {}: none of the published files is there, expected {}",
            folder.display(),
            files.join("; or ")
        )));
    }
    let mut rows = Vec::new();
    let mut all = Vec::new();
    let mut absent = Vec::new();
    for (family, instances) in opened {
        let control = Control {
            cancel: Arc::clone(&cancel),
            ..Control::default()
        };
        let control = Control {
            threads: args.threads.map_or(control.threads, usize::from),
            ..control
        };
        let most = usize::try_from(args.instances.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let count = instances.count.min(most);
        for file in &instances.absent {
            tell!(console, "{}: {file} is not there", family.name);
            absent.push(file.clone());
        }
        let mut tenths = 0;
        let found = bench::run(instances, count, &control, |done| {
            let now = done * 10 / count.max(1);
            if now > tenths {
                tenths = now;
                tell!(console, "{}: {done} of {count} instances", family.name);
            }
        })?;
        rows.extend(bench::rows(family.name, &found));
        all.extend(found.into_iter().map(|one| (family.name, one)));
    }
    if let Some(path) = &args.out {
        write_file(path, bench::table(&all).csv().as_bytes())?;
    }
    let worse: Vec<&(&str, Comparison)> = all
        .iter()
        .filter(|(_, one)| one.standing() == Standing::Worse)
        .collect();
    if args.json {
        let worse: Vec<_> = worse
            .iter()
            .map(|(family, one)| json(family, one))
            .collect();
        let object = serde_json::json!({"rows": rows, "worse": worse, "absent": absent});
        let text = serde_json::to_string_pretty(&object).unwrap_or_default();
        say!(console, "{text}");
    } else {
        print(&rows, console)?;
        for (family, one) in worse.iter().take(NAMED) {
            say!(console, "WORSE {}", line(family, one));
        }
        if worse.len() > NAMED {
            say!(console, "WORSE and {} more", worse.len() - NAMED);
        }
    }
    Ok(u8::from(!worse.is_empty()))
}

/// What there is, and where.
fn list(families: &[Family], as_json: bool, console: &mut Console<'_>) -> Result<(), Error> {
    if as_json {
        let one = |f: &Family| {
            serde_json::json!({
                "family": f.name, "holds": f.holds, "source": f.source, "files": f.files,
            })
        };
        let all: Vec<_> = families.iter().map(one).collect();
        let object = serde_json::json!({ "families": all });
        let text = serde_json::to_string_pretty(&object).unwrap_or_default();
        say!(console, "{text}");
        return Ok(());
    }
    for family in families {
        say!(console, "{}: {}", family.name, family.holds);
        say!(console, "  published: {}", family.source);
        say!(console, "  files: {}", family.files);
        say!(
            console,
            "  command: isac bench {} --reference DIR",
            family.name
        );
    }
    Ok(())
}

fn json(family: &str, one: &Comparison) -> serde_json::Value {
    let ours = one.ours.as_ref().ok();
    serde_json::json!({
        "family": family,
        "algorithm": one.algorithm,
        "method": one.method,
        "set": one.set,
        "x": one.x,
        "realization": one.realization,
        "released": one.released,
        "ours": ours.map(|o| o.objective),
        "bound": ours.and_then(|o| o.bound),
        "why": one.ours.as_ref().err(),
    })
}

/// An instance where ours is worse, as a line.
fn line(family: &str, one: &Comparison) -> String {
    let place = format!(
        "{family}/{} --realization {}, x = {}: {}",
        one.set, one.realization, one.x, one.algorithm
    );
    let released = one.released.map_or_else(|| "-".into(), |v| v.to_string());
    match &one.ours {
        Ok(ours) => {
            let bound = ours.bound.map_or_else(|| "none".into(), |b| b.to_string());
            format!(
                "{place} {released}, {} {}, bound {bound}",
                one.method, ours.objective
            )
        }
        Err(why) => format!("{place} {released}, {}: {why}", one.method),
    }
}

fn print(rows: &[Row], console: &mut Console<'_>) -> Result<(), Error> {
    let exponent = |value: f64| format!("{value:.1e}");
    let list = |values: &[f64]| values.iter().map(|v| exponent(*v)).collect::<Vec<_>>();
    let cells: Vec<[String; 11]> = rows
        .iter()
        .map(|row| {
            let dash = || "-".to_string();
            let gap = row.certified_gap.map_or_else(dash, |v| list(&v).join(", "));
            [
                row.family.into(),
                row.algorithm.into(),
                row.method.into(),
                row.instances.to_string(),
                format!("{} of {} ({:e})", row.no_worse, row.stored, row.tolerance),
                row.refuted.to_string(),
                row.alone.to_string(),
                row.better_by.map_or_else(dash, |v| list(&v).join(", ")),
                match row.without_bound {
                    0 => gap,
                    n => format!("{gap}; {n} without bound"),
                },
                short(row.seconds),
                row.released_seconds.map_or_else(dash, short),
            ]
        })
        .collect();
    table(
        console,
        [
            "family",
            "released",
            "ours",
            "instances",
            "no worse (within)",
            "refuted",
            "alone",
            "better by: least, median, largest",
            "gap: median, largest",
            "ours, s",
            "released, s",
        ],
        &cells,
    )?;
    say!(
        console,
        "no worse: of the stored values, up to the relative difference in brackets; refuted: stored values above our certified bound; alone: ours where no value is stored"
    );
    Ok(())
}
