//! Reports of results as HTML and Markdown.

use std::fs;
use std::process::Command;

use crate::common::{folder, isac, real_isac};
use crate::support::{SPEC, good, spec, sweep};
use isac_lab::reference::CsvTable;

/// The text of HTML as it was before it was escaped.
fn plain(text: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ];
    entities
        .iter()
        .fold(text.to_string(), |text, (from, to)| text.replace(from, to))
}

/// Every element that opens closes, in order; the script is left out.
fn well_formed(page: &str) {
    let (before, rest) = page.split_once("<script>").unwrap();
    let (_, after) = rest.split_once("</script>").unwrap();
    let text = format!("{before}{after}");
    let mut open: Vec<&str> = Vec::new();
    for part in text.split('<').skip(1) {
        let (tag, _) = part
            .split_once('>')
            .unwrap_or_else(|| panic!("no end: {part}"));
        if tag.starts_with('!') || tag.starts_with('?') || tag.ends_with('/') {
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None => open.push(tag.split_whitespace().next().unwrap()),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_report_holds_the_tables_the_claims_and_the_commands_and_nothing_from_elsewhere() {
    let folder = folder("report");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let (results, page) = (at("results"), at("page.html"));
    for words in [
        &["reproduce", "fig1", "--out"],
        &["reproduce", "fig2b", "--out"],
    ] {
        assert!(isac(&[&words[..], &[&results, "--quick"]].concat()).code <= 1);
    }
    // What is not finished and what is not ours is left out.
    let partial = folder.join("results/demo/fig9/plain.partial");
    fs::create_dir_all(&partial).unwrap();
    fs::write(partial.join("meta.json"), "{").unwrap();
    let said = isac(&["report", &results, "-o", &page]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("2 results"), "{}", said.out);
    let text = fs::read_to_string(&page).unwrap();
    well_formed(&text);
    // Every table is in it to the last digit.
    let tables: Vec<String> = (text.split("<pre class=\"csv\"").skip(1))
        .map(|part| {
            let (_, rest) = part.split_once('>').unwrap();
            plain(rest.split_once("</pre>").unwrap().0)
        })
        .collect();
    let csv = |name: &str| fs::read_to_string(folder.join("results/demo").join(name)).unwrap();
    assert_eq!(
        tables,
        [csv("fig1/plain/curve.csv"), csv("fig2b/plain/curve.csv")]
    );
    let meta: serde_json::Value = serde_json::from_str(&csv("fig1/plain/meta.json")).unwrap();
    let residual = 100.0 * meta["table"][0]["difference"].as_f64().unwrap() / 9.0;
    for part in [
        format!("{residual:+.2} %"),
        "square at 3 (m)".into(),
        "9.00000".into(),
        "grows".into(),
        "holds".into(),
        "9 &gt; 4".into(),
        "statistical".into(),
        "not reproduced: one curve is off".into(),
        "numbers are made up".into(),
        "isac reproduce demo/fig1 --preset plain --quick --seed 1".into(),
        "prefers-color-scheme: dark".into(),
        "@media print".into(),
        "aria-label".into(),
    ] {
        assert!(text.contains(&part), "{part}");
    }
    let elsewhere = text.matches("http").count() - text.matches("http://www.w3.org/").count();
    assert_eq!(elsewhere, 0);
    // Published points that belong to a curve of the table stand in its figure.
    let published = &meta["published"];
    assert_eq!(published[0]["metric"], "power", "{published}");
    assert!(
        text.contains("data-published=\"[{&quot;algorithm&quot;"),
        "{published}"
    );
    let markdown = at("page.md");
    assert_eq!(isac(&["report", &results, "-o", &markdown]).code, 0);
    let text = fs::read_to_string(&markdown).unwrap();
    for part in [
        "## demo/fig1, plain (quick)",
        "results/demo/fig1/plain/figure.png",
        "| grows | holds |",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let none = isac(&["report", &at("results/demo/fig9"), "-o", &page]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("no results here"), "{}", none.err);
}

#[test]
fn a_report_has_the_errata_of_its_papers_and_links_to_the_page() {
    let (folder, spec) = spec("errata", SPEC);
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    good(sweep(&[&spec, "--out", &at("out")]));
    let page = at("page.html");
    good(real_isac(&[
        "report",
        &at("out"),
        "-o",
        &page,
        "--page",
        "../page/index.html",
    ]));
    let text = fs::read_to_string(&page).unwrap();
    well_formed(&text);
    // A line of docs/papers/noma.md, and none of another paper.
    assert!(text.contains("<section id=\"errata-noma\"") && !text.contains("errata-hisac_see"));
    assert!(
        text.contains("<td>option <code>ordering</code></td>"),
        "{text}"
    );
    let link = "href=\"../page/index.html#p=max_min&amp;a=8x1&amp;u=-23,0,1;23,0,1&amp;t=-60,0,1;60,0,1&amp;";
    assert!(text.contains(link), "{text}");
    let markdown = at("page.md");
    good(real_isac(&["report", &at("out"), "-o", &markdown]));
    let text = fs::read_to_string(&markdown).unwrap();
    assert!(text.contains("## noma: errata") && text.contains("| (3) | stated, then absent"));
}

/// The page in a real browser: no message of the console, and the first values read by the keyboard are
/// those of the table.
#[test]
#[ignore = "needs Chromium"]
fn a_browser_reads_the_values_of_the_table() {
    let folder = folder("report-browser");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    assert_eq!(
        isac(&["reproduce", "fig1", "--quick", "--out", &at("results")]).code,
        0
    );
    assert_eq!(
        isac(&["report", &at("results"), "-o", &at("page.html")]).code,
        0
    );
    let probe = "<script>const svg = document.querySelector('.plot svg');\
        svg.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));\
        document.body.dataset.read = document.querySelector('.read').textContent;\
        document.body.dataset.hollow = svg.querySelectorAll('circle.published').length;\
        document.body.dataset.curves = svg.querySelectorAll('polyline').length;</script></body>";
    let page = fs::read_to_string(at("page.html"))
        .unwrap()
        .replace("</body>", probe);
    fs::write(at("probe.html"), page).unwrap();
    let ran = Command::new("chromium")
        .args("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run".split(' '))
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", at("profile")))
        .arg(format!("file://{}", at("probe.html")))
        .output()
        .unwrap();
    let (dom, log) = (
        String::from_utf8(ran.stdout).unwrap(),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(!log.contains("CONSOLE"), "{log}");
    let csv = folder.join("results/demo/fig1/plain/curve.csv");
    let table = CsvTable::read(&csv).unwrap();
    assert!(
        dom.contains("data-curves=\"2\"") && dom.contains("data-hollow=\"1\""),
        "{dom}"
    );
    for row in [0, 5] {
        let mean = table
            .finite(row, table.column("mean_power").unwrap())
            .unwrap();
        let read = format!("{} {mean} [", table.rows[row][0]);
        assert!(dom.contains(&read), "{read}\n{dom}");
    }
}
