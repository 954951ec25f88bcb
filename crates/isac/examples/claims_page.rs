//! Writes the page of all claims from a folder of results: `claims_page RESULTS > docs/claims.md`; with a paper behind,
//! the table of its published numbers beside ours. `cargo xtask docs RESULTS` runs it.
#![expect(clippy::print_stdout, reason = "its output is the page")]

use std::path::Path;

use serde_json::Value;

const HEAD: &str = "# Claims of the papers and what we found

Written by `cargo xtask docs RESULTS` from the `meta.json` of runs at full size, as `isac reproduce ARTEFACT` prints them; not by
hand. The rule of verdicts stands in [cli.md](cli.md). Claims marked *(ours)* or *Ours* are not the paper's. Artefacts that are not here
were not run for this page.
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let results = std::env::args().nth(1).ok_or("which folder of results?")?;
    if let Some(paper) = std::env::args().nth(2) {
        return published(&results, &paper);
    }
    println!("{HEAD}");
    for paper in isac::papers::all() {
        println!("## {}: {}\n", paper.key, paper.title);
        println!("| artefact | claim | verdict | decided by |\n|---|---|---|---|");
        for artefact in &paper.artefacts {
            let folder = Path::new(&results).join(paper.key).join(artefact.name);
            let file = folder.join(artefact.presets[0]).join("meta.json");
            let text = match std::fs::read_to_string(&file) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(format!("{}: {error}", file.display()).into()),
            };
            let meta: Value = serde_json::from_str(&text)?;
            if meta["size"] != "full" || !meta["realization"].is_null() {
                continue;
            }
            let cell = |claim: &Value, key: &str| {
                let text = claim[key].as_str().unwrap_or_default();
                text.replace('|', "\\|").replace('\n', " ")
            };
            for claim in meta["claims"].as_array().into_iter().flatten() {
                let [text, rule, detail] = ["text", "rule", "detail"].map(|key| cell(claim, key));
                let verdict = cell(claim, "verdict").replace('_', " ");
                let why = match detail.is_empty() {
                    true => rule,
                    false => format!("{rule}. {detail}"),
                };
                println!("| `{}` | {text} | {verdict} | {why} |", artefact.name);
            }
        }
        println!();
    }
    Ok(())
}

/// The table of published numbers of a paper beside ours, from the runs that are there, of any size.
fn published(results: &str, paper: &str) -> Result<(), Box<dyn std::error::Error>> {
    let known = isac::papers::all();
    let paper = known.iter().find(|p| p.key == paper);
    let paper = paper.ok_or("no such paper")?;
    let (mut rows, mut sizes) = (Vec::new(), Vec::new());
    for artefact in &paper.artefacts {
        let folder = Path::new(results).join(paper.key).join(artefact.name);
        let file = folder.join(artefact.presets[0]).join("meta.json");
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(format!("{}: {error}", file.display()).into()),
        };
        let meta: Value = serde_json::from_str(&text)?;
        let lines = meta["table"].as_array().into_iter().flatten();
        let lines: Vec<&Value> = lines.filter(|line| line["published"].is_number()).collect();
        let size = meta["size"].as_str().unwrap_or_default();
        if !lines.is_empty() {
            sizes.push(size.to_string());
        }
        let name = match size {
            "full" => format!("`{}`", artefact.name),
            other => format!("`{}`, {other}", artefact.name),
        };
        rows.extend(lines.into_iter().map(|line| row(&name, line)));
    }
    sizes.sort();
    sizes.dedup();
    println!(
        "Written by `cargo xtask docs RESULTS` from `isac reproduce {}`, size {}.\n",
        paper.key,
        sizes.join(" and ")
    );
    println!(
        "| artefact | quantity | published | ours | 95 % interval | why, draws, place |\n|---|---|---:|---:|---:|---|"
    );
    for row in rows {
        println!("{row}");
    }
    Ok(())
}

fn row(artefact: &str, line: &Value) -> String {
    let text = |key: &str| line[key].as_str().unwrap_or_default().replace('|', "\\|");
    let unit = match text("unit") {
        unit if unit.is_empty() => unit,
        unit => format!(" ({unit})"),
    };
    let interval = match line["ci95"].as_array().map(Vec::as_slice) {
        Some([low, high]) => format!("{} to {}", short(low), short(high)),
        _ => String::new(),
    };
    format!(
        "| {artefact} | {}{unit} | {} | {} | {interval} | {} |",
        text("quantity"),
        short(&line["published"]),
        short(&line["ours"]),
        text("note")
    )
}

/// Four significant digits.
fn short(value: &Value) -> String {
    match value.as_f64() {
        Some(x) if x.abs() < f64::MIN_POSITIVE => "0".into(),
        Some(x) if (1e-3..1e6).contains(&x.abs()) => {
            let digits = (3 - x.abs().log10().floor() as i32).max(0) as usize;
            format!("{x:.digits$}")
        }
        Some(x) => format!("{x:.3e}"),
        None => "-".into(),
    }
}
