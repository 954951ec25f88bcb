//! The page as Markdown.

use std::path::Path;

use super::{Entry, interval, short, verdict};

/// The page as Markdown, with figures by their paths relative to `beside`, the folder it is written to, and
/// for some papers a table: where paper, released code and we differ.
pub fn markdown(entries: &[Entry], beside: &Path, errata: &[(&str, &str)]) -> String {
    let mut page = String::from("# Results\n\n| | grade | claims that hold |\n|---|---|---|\n");
    for entry in entries {
        let claims = entry.list("claims");
        let held = claims
            .iter()
            .filter(|claim| claim["verdict"] == "holds")
            .count();
        page += &format!(
            "| {} | {} | {held} of {} |\n",
            cell(&entry.name()),
            cell(entry.text("grade")),
            claims.len()
        );
    }
    for entry in entries {
        page += &section(entry, beside);
    }
    for (paper, table) in errata {
        if entries.iter().any(|entry| entry.text("paper") == *paper) {
            page += &format!(
                "\n## {paper}: errata, and where paper and simulation differ\n\n{table}\n"
            );
        }
    }
    page
}

fn section(entry: &Entry, beside: &Path) -> String {
    let mut page = format!("\n## {}\n\n{}\n\n", entry.name(), entry.text("title"));
    let figure = entry.folder.join("figure.png");
    if figure.is_file() {
        let path = figure
            .strip_prefix(beside)
            .unwrap_or(&figure)
            .display()
            .to_string();
        page += &format!("![{}](<{path}>)\n\n", entry.text("title"));
    }
    page += &format!(
        "Grade: {}\n\n```sh\n{}\n```\n",
        entry.text("grade"),
        entry.command()
    );
    for (name, value) in entry.gaps() {
        page += &format!("\nLargest mean `{name}`: {value:.3e}\n");
    }
    let table = entry.list("table");
    if !table.is_empty() {
        page += "\n| | published | ours | 95 % interval | difference | |\n|---|---:|---:|---:|---:|---|\n";
        for line in table {
            let text = |key: &str| cell(line[key].as_str().unwrap_or(""));
            let unit = match text("unit") {
                unit if unit.is_empty() => unit,
                unit => format!(" ({unit})"),
            };
            page += &format!(
                "| {}{unit} | {} | {} | {} | {} | {} |\n",
                text("quantity"),
                short(&line["published"]),
                short(&line["ours"]),
                interval(line),
                short(&line["difference"]),
                text("note"),
            );
        }
    }
    let claims = entry.list("claims");
    if !claims.is_empty() {
        page += "\n| claim | verdict | rule |\n|---|---|---|\n";
        for claim in claims {
            let text = |key: &str| cell(claim[key].as_str().unwrap_or(""));
            page += &format!(
                "| {} | {} | {} |\n",
                text("text"),
                verdict(claim),
                text("rule")
            );
        }
    }
    for (head, key) in super::html::REMARKS {
        let lines = entry.lines(key);
        if !lines.is_empty() {
            page += &format!("\n{head}:\n\n");
            lines.iter().for_each(|line| page += &format!("- {line}\n"));
        }
    }
    page
}

/// Text inside a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
