//! The page as one HTML file: data, style and script inside, nothing from elsewhere.

use serde_json::Value;

use super::scene::scene;
use super::{Entry, interval, short, verdict};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Figures as they were drawn are embedded up to here; beyond, the drawing from the table alone.
const MOST_BYTES: usize = 2_800_000;

/// Remarks of `meta.json` and their heads.
pub(super) const REMARKS: [(&str, &str); 3] = [
    (
        "Assumptions, and where paper and simulation differ",
        "assumptions",
    ),
    ("Notes", "notes"),
    ("Failures", "failures"),
];

/// The page. `errata` is a table in Markdown for some papers: where paper, released code and we differ.
/// `browser` is the address of the page of `cargo xtask page`: results whose problem it has link to it.
pub fn html(entries: &[Entry], errata: &[(&str, &str)], browser: Option<&str>) -> String {
    let mut sections: Vec<String> = Vec::new();
    let mut size = STYLE.len() + SCRIPT.len();
    let bodies: Vec<(String, String)> = entries.iter().map(|entry| parts(entry, browser)).collect();
    size += bodies
        .iter()
        .map(|(a, b)| a.len() + b.len() + 600)
        .sum::<usize>();
    for (index, (entry, (before, after))) in entries.iter().zip(bodies).enumerate() {
        let still = match &entry.svg {
            Some(svg) if size + svg.len() < MOST_BYTES => {
                size += svg.len();
                format!(
                    "<details><summary>The figure as it was drawn</summary><div class=\"still\">{}</div></details>",
                    apart(svg, index)
                )
            }
            Some(_) => {
                "<p class=\"dim\">The figure as it was drawn stands in <code>figure.svg</code>.</p>"
                    .into()
            }
            None => String::new(),
        };
        let name = escape(&entry.name());
        sections.push(format!(
            "<section id=\"a{index}\" aria-labelledby=\"h{index}\">\n<h2 id=\"h{index}\">{name}</h2>\n{before}{still}{after}</section>\n"
        ));
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>isac: results</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header><h1>Results</h1>\n\
         <p>Published numbers beside ours, every claim with the rule it was decided by. \
         This page needs no network.</p></header>\n<nav aria-label=\"Contents\">\n{}</nav>\n<main>\n{}{}</main>\n\
         <script>\n//<![CDATA[\n{SCRIPT}//]]>\n</script>\n</body>\n</html>\n",
        contents(entries),
        sections.concat(),
        differences(entries, errata)
    )
}

/// Where papers, their code and ours differ, for the papers that have results.
fn differences(entries: &[Entry], errata: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (paper, table) in errata {
        if !entries.iter().any(|entry| entry.text("paper") == *paper) {
            continue;
        }
        let name = escape(paper);
        text += &format!(
            "<section id=\"errata-{name}\" aria-labelledby=\"e-{name}\">\n<h2 id=\"e-{name}\">{name}: errata, and where \
             paper and simulation differ</h2>\n{}</section>\n",
            of_markdown(table)
        );
    }
    text
}

/// A table in Markdown as HTML.
fn of_markdown(table: &str) -> String {
    let rows = table.lines().filter(|line| line.starts_with('|'));
    let mut html = String::from("<table>");
    for (index, row) in rows.enumerate() {
        let cells = row.trim().trim_start_matches('|').trim_end_matches('|');
        let cells = cells.split('|').map(str::trim);
        let (tag, scope) = if index == 0 {
            ("th", " scope=\"col\"")
        } else {
            ("td", "")
        };
        // Below the heads stands a rule.
        if index == 1 {
            continue;
        }
        let cells = cells.map(|cell| format!("<{tag}{scope}>{}</{tag}>", inline(cell)));
        html += &format!("<tr>{}</tr>\n", cells.collect::<String>());
    }
    html + "</table>\n"
}

/// Text of Markdown: code, and links by their words alone.
fn inline(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = match part.split_once("](") {
            Some((before, rest)) if index % 2 == 0 => {
                let words = before.replace('[', "");
                format!(
                    "{words}{}",
                    rest.split_once(')').map_or("", |(_, after)| after)
                )
            }
            _ => part.to_string(),
        };
        html += &match index % 2 {
            0 => escape(&part),
            _ => format!("<code>{}</code>", escape(&part)),
        };
    }
    html
}

fn contents(entries: &[Entry]) -> String {
    let mut table = String::from(
        "<table><thead><tr><th scope=\"col\">result</th><th scope=\"col\">grade</th>\
         <th scope=\"col\">claims that hold</th></tr></thead><tbody>\n",
    );
    for (index, entry) in entries.iter().enumerate() {
        let claims = entry.list("claims");
        let held = claims
            .iter()
            .filter(|claim| claim["verdict"] == "holds")
            .count();
        table += &format!(
            "<tr><td><a href=\"#a{index}\">{}</a></td><td>{}</td><td>{held} of {}</td></tr>\n",
            escape(&entry.name()),
            escape(entry.text("grade")),
            claims.len()
        );
    }
    table + "</tbody></table>\n"
}

/// What stands before the figure as drawn, and after.
fn parts(entry: &Entry, browser: Option<&str>) -> (String, String) {
    let x = &entry.meta["x"];
    let titles: serde_json::Map<String, Value> = (entry.list("metrics").iter())
        .filter_map(|m| Some((m["key"].as_str()?.to_string(), title(m).into())))
        .collect();
    let title_of_x = title(x);
    let before = format!(
        "<p>{}</p>\n<p><strong>Grade:</strong> {}</p>\n<div class=\"plot\" data-x=\"{}\" data-titles=\"{}\" \
         data-title=\"{}\" data-published=\"{}\"></div>\n<pre class=\"csv\" hidden=\"hidden\" data-name=\"{}.csv\">{}</pre>\n",
        escape(entry.text("title")),
        escape(entry.text("grade")),
        escape(&title_of_x),
        escape(&Value::Object(titles).to_string()),
        escape(entry.text("title")),
        escape(&serde_json::to_string(entry.list("published")).unwrap_or_default()),
        escape(&format!(
            "{}-{}",
            entry.text("paper"),
            entry.text("artefact")
        )),
        escape(&entry.curve),
    );
    let mut after = format!(
        "<p class=\"command\"><code>{}</code> <button type=\"button\" class=\"copy\">Copy</button> \
         <button type=\"button\" class=\"save\">Save CSV</button></p>\n",
        escape(&entry.command())
    );
    if let Some((address, state)) = browser.zip(scene(entry)) {
        after += &format!(
            "<p><a href=\"{}#{}\">This problem in the browser</a>, with the users in line of sight</p>\n",
            escape(address),
            escape(&state)
        );
    }
    for (name, value) in entry.gaps() {
        after += &format!(
            "<p>Largest mean <code>{}</code>: {value:.3e}</p>\n",
            escape(&name)
        );
    }
    after += &compared(entry.list("table"));
    after += &claims(entry.list("claims"));
    for (head, key) in REMARKS {
        let lines = entry.lines(key);
        if !lines.is_empty() {
            let items = lines
                .iter()
                .map(|line| format!("<li>{}</li>\n", escape(line)));
            after += &format!(
                "<h3>{head}</h3>\n<ul>\n{}</ul>\n",
                items.collect::<String>()
            );
        }
    }
    (before, after)
}

/// `Label (unit)` of a quantity in `meta.json`.
fn title(quantity: &Value) -> String {
    let text = |key: &str| quantity[key].as_str().unwrap_or("");
    match text("unit") {
        "" => text("label").into(),
        unit => format!("{} ({unit})", text("label")),
    }
}

/// Published beside ours, with the residual as a bar: its share of the published number.
fn compared(lines: &[Value]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut table = String::from(
        "<h3>Published and ours</h3>\n<table><thead><tr><th scope=\"col\">quantity</th><th scope=\"col\">published</th>\
         <th scope=\"col\">ours</th><th scope=\"col\">95 % interval</th><th scope=\"col\">difference</th><th scope=\"col\">residual</th>\
         <th scope=\"col\">note</th></tr></thead><tbody>\n",
    );
    for line in lines {
        let text = |key: &str| escape(line[key].as_str().unwrap_or(""));
        let unit = match text("unit") {
            unit if unit.is_empty() => unit,
            unit => format!(" ({unit})"),
        };
        let share = line["difference"].as_f64().zip(line["published"].as_f64());
        let share = share
            .map(|(d, p)| 100.0 * d / p.abs())
            .filter(|s| s.is_finite());
        let bar = share.map_or(String::new(), |share| {
            let width = share.abs().min(100.0);
            let side = if share < 0.0 { "below" } else { "above" };
            format!("<span class=\"bar {side}\" style=\"width:{width:.1}px\"></span> {share:+.2} %")
        });
        table += &format!(
            "<tr><td>{}{unit}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{bar}</td><td>{}</td></tr>\n",
            text("quantity"),
            short(&line["published"]),
            short(&line["ours"]),
            interval(line),
            short(&line["difference"]),
            text("note"),
        );
    }
    table + "</tbody></table>\n"
}

fn claims(claims: &[Value]) -> String {
    if claims.is_empty() {
        return String::new();
    }
    let mut table = String::from(
        "<h3>Claims</h3>\n<table><thead><tr><th scope=\"col\">claim</th><th scope=\"col\">verdict</th>\
         <th scope=\"col\">rule and numbers</th></tr></thead><tbody>\n",
    );
    for claim in claims {
        let text = |key: &str| escape(claim[key].as_str().unwrap_or(""));
        table += &format!(
            "<tr><td>{}</td><td>{}</td><td>{}<br/><span class=\"dim\">{}</span></td></tr>\n",
            text("text"),
            escape(&verdict(claim)),
            text("rule"),
            text("detail"),
        );
    }
    table + "</tbody></table>\n"
}

/// An SVG with names of its own: several in one page would share theirs.
fn apart(svg: &str, index: usize) -> String {
    let start = svg.find("<svg").unwrap_or(0);
    svg[start..]
        .replace("id=\"", &format!("id=\"s{index}-"))
        .replace("url(#", &format!("url(#s{index}-"))
        .replace("href=\"#", &format!("href=\"#s{index}-"))
}

/// Text for HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{apart, escape};

    #[test]
    fn text_cannot_leave_its_place() {
        let text = escape("</pre><script>\"&");
        assert_eq!(text, "&lt;/pre&gt;&lt;script&gt;&quot;&amp;");
    }

    #[test]
    fn drawings_do_not_share_names() {
        let svg = "<?xml?><svg><clipPath id=\"c\"/><g clip-path=\"url(#c)\"/></svg>";
        let apart = apart(svg, 3);
        assert_eq!(
            apart,
            "<svg><clipPath id=\"s3-c\"/><g clip-path=\"url(#s3-c)\"/></svg>"
        );
    }
}
