//! Writes the page of all claims from a folder of results: `claims_page RESULTS > docs/claims.md`.
//! `cargo xtask docs RESULTS` runs it.
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
                return Err(format!("{}: not a whole run at full size", file.display()).into());
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
