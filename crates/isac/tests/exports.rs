//! `--format` and the arrays of a solution: what is written, read back by our own readers and by numpy,
//! scipy, Octave and LaTeX where they are installed; `cargo xtask test` says which are not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Ran, folder, isac, real_isac};
use isac_lab::files::{Contents, Numeric, open};
use isac_lab::reference::CsvTable;
use serde_json::Value;

/// The labels of its curves have commas.
const SPEC: &str = r#"schema = "noma/1"
[scenario]
problem = "max_min"
users = 2
[sweep]
P_total_W = [6, 8]
sic = ["own", "orthogonal"]
Pdiff_W = [0.001]
realizations = 5
metrics = ["min_sinr", "pattern_W[1]"]
"#;

const ALL: &str = "svg,png,pdf,pgfplots,csv,npz,mat";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn good(ran: Ran) -> String {
    assert_eq!(ran.code, 0, "{}{}", ran.err, ran.out);
    ran.out
}

/// A study with the formats asked for, in a folder of its own.
fn study(test: &str, formats: &[&str]) -> PathBuf {
    let folder = folder(&format!("exports-{test}"));
    let (spec, out) = (folder.join("mine.toml"), folder.join("out"));
    fs::write(&spec, SPEC).unwrap();
    let words = [
        "sweep",
        text(&spec),
        "--out",
        text(&out),
        "--progress",
        "none",
    ];
    good(real_isac(&[&words, formats].concat()));
    out
}

/// A column of numbers of a table, NaN where there is none.
fn column(table: &CsvTable, name: &str) -> Vec<f64> {
    let at = table.column(name).unwrap();
    (table.rows.iter())
        .map(|row| row[at].parse().unwrap())
        .collect()
}

fn list<'a>(file: &'a Contents, name: &str) -> &'a Numeric {
    file.find(name).unwrap().numeric().unwrap()
}

fn same(a: &[f64], b: &[f64]) {
    let bits = |list: &[f64]| list.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(a), bits(b));
}

#[test]
fn a_study_leaves_the_formats_asked_for_and_the_same_tables_in_each() {
    let out = study("all", &["--format", ALL]);
    let plain = study("plain", &[]);
    for name in [
        "curve.csv",
        "per_realization.csv",
        "meta.json",
        "figure.svg",
        "figure.png",
    ] {
        assert_eq!(
            fs::read(out.join(name)).unwrap(),
            fs::read(plain.join(name)).unwrap(),
            "{name}"
        );
    }
    assert!(!plain.join("figure.pdf").exists() && !plain.join("results.npz").exists());
    let (npz, mat) = (
        open(&out.join("results.npz")).unwrap(),
        open(&out.join("results.mat")).unwrap(),
    );
    for name in ["curve", "per_realization"] {
        let table = CsvTable::read(&out.join(format!("{name}.csv"))).unwrap();
        for head in table
            .columns
            .iter()
            .filter(|head| !["algorithm", "stop_reason"].contains(&&head[..]))
        {
            let found = npz
                .variables
                .iter()
                .find(|(known, _)| *known == format!("{name}_{head}"));
            same(
                &found.unwrap().1.numeric().unwrap().re,
                &column(&table, head),
            );
            let field: String = head
                .chars()
                .map(|c| if c.is_alphanumeric() { c } else { '_' })
                .collect();
            same(
                &list(&mat, &format!("{name}.{field}")).re,
                &column(&table, head),
            );
        }
        // Texts by index: from 0 for numpy, from 1 for MATLAB.
        let (zero, one) = (
            list(&npz, &format!("{name}_algorithm")),
            list(&mat, &format!("{name}.algorithm")),
        );
        for (row, (a, b)) in table.rows.iter().zip(zero.re.iter().zip(&one.re)) {
            let label = mat.find(&format!("{name}_algorithm_names[{a}]")).unwrap();
            assert_eq!(*label, isac_lab::files::Value::Text(vec![row[0].clone()]));
            assert_eq!((a + 1.0).to_bits(), b.to_bits());
        }
    }
    assert!(
        fs::read(out.join("figure.pdf"))
            .unwrap()
            .starts_with(b"%PDF-")
    );
    // Labels with commas would confuse TeX, so it reads the table with numbers in their place.
    let tex = fs::read_to_string(out.join("figure.tex")).unwrap();
    assert_eq!(tex.matches("{curve_numbered.csv}").count(), 4, "{tex}");
    let (numbered, curve) = (
        CsvTable::read(&out.join("curve_numbered.csv")).unwrap(),
        CsvTable::read(&out.join("curve.csv")).unwrap(),
    );
    assert_eq!(column(&numbered, "algorithm"), [0.0, 0.0, 1.0, 1.0]);
    same(
        &column(&numbered, "mean_min_sinr"),
        &column(&curve, "mean_min_sinr"),
    );
    // In parts, with other threads: the same bytes.
    let plan = out.with_file_name("plan.json");
    let spec = out.with_file_name("mine.toml");
    let again = out.with_file_name("again");
    good(real_isac(&[
        "sweep",
        "plan",
        text(&spec),
        "-o",
        text(&plan),
    ]));
    for shard in ["2/2", "1/2"] {
        let words = [
            "sweep",
            "run",
            text(&plan),
            "--out",
            text(&again),
            "--shard",
            shard,
        ];
        good(real_isac(
            &[&words[..], &["--threads", "1", "--progress", "none"]].concat(),
        ));
    }
    good(real_isac(&[
        "sweep",
        "merge",
        text(&plan),
        "--out",
        text(&again),
        "--format",
        ALL,
    ]));
    for name in [
        "figure.pdf",
        "figure.tex",
        "curve_numbered.csv",
        "results.npz",
        "results.mat",
    ] {
        assert_eq!(
            fs::read(out.join(name)).unwrap(),
            fs::read(again.join(name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn artefacts_are_exported_and_plain_names_are_read_from_their_table() {
    let folder = folder("exports-artefact");
    let out = folder.join("results");
    let words = [
        "reproduce",
        "fig1",
        "--quick",
        "--out",
        text(&out),
        "--progress",
        "none",
    ];
    good(isac(
        &[&words[..], &["--format", "pgfplots,npz", "--format", "pdf"]].concat(),
    ));
    let here = out.join("demo/fig1/plain");
    let tex = fs::read_to_string(here.join("figure.tex")).unwrap();
    assert!(
        tex.contains("{curve.csv}") && !here.join("curve_numbered.csv").exists(),
        "{tex}"
    );
    assert!(here.join("figure.pdf").exists() && here.join("results.npz").exists());
    assert!(!here.join("results.mat").exists());
}

#[test]
fn unknown_formats_are_refused_before_anything_runs() {
    let folder = folder("exports-refused");
    let out = folder.join("results");
    for (format, word) in [
        ("pfd", "did you mean pdf"),
        ("svg,matt", "did you mean mat"),
        ("xyzzy", "pgfplots"),
        #[cfg(not(feature = "parquet"))]
        ("parquet", "--features parquet"),
    ] {
        let ran = isac(&[
            "reproduce",
            "fig1",
            "--quick",
            "--out",
            text(&out),
            "--format",
            format,
        ]);
        assert_eq!(ran.code, 2, "{format}: {}", ran.err);
        assert!(ran.err.contains(word), "{format}: {}", ran.err);
    }
    assert!(!out.exists());
}

#[cfg(feature = "parquet")]
#[test]
fn tables_are_written_as_parquet() {
    let out = study("parquet", &["--format", "parquet"]);
    for name in ["curve.parquet", "per_realization.parquet"] {
        let file = fs::read(out.join(name)).unwrap();
        assert!(
            file.starts_with(b"PAR1") && file.ends_with(b"PAR1"),
            "{name}"
        );
    }
}

/// A solved problem with its JSON, in a folder of its own.
fn solved(test: &str) -> (PathBuf, Value) {
    let folder = folder(&format!("exports-{test}"));
    let scenario = folder.join("scenario.toml");
    let body = "schema = \"noma/1\"\n[scenario]\nantennas = 4\nusers = 2\ngamma_dB = 3.0\n";
    fs::write(&scenario, body).unwrap();
    let document = folder.join("document.json");
    let words = [
        "solve",
        text(&scenario),
        "--json",
        "--document",
        text(&document),
    ];
    let value = serde_json::from_str(&good(real_isac(&words))).unwrap();
    (folder, value)
}

#[test]
fn a_solution_goes_to_arrays_and_is_judged_from_there() {
    let (folder, json) = solved("design");
    for name in ["design.npz", "design.mat"] {
        let (problem, design) = (folder.join("document.json"), folder.join(name));
        good(real_isac(&[
            "solve",
            text(&problem),
            "--out",
            text(&design),
        ]));
        let file = open(&design).unwrap();
        let beam = list(&file, "w");
        let stated = &json["beamformers"]["w"];
        let flat = |part: &str| -> Vec<f64> {
            let rows: Vec<Vec<f64>> = serde_json::from_value(stated[part].clone()).unwrap();
            rows.concat()
        };
        assert_eq!(beam.shape, [4, 2]);
        same(&beam.re, &flat("re"));
        same(beam.im.as_ref().unwrap(), &flat("im"));
        same(
            &list(&file, "objective").re,
            &[json["objective"].as_f64().unwrap()],
        );
        same(
            &list(&file, "bound").re,
            &[json["certificate"]["bound"].as_f64().unwrap()],
        );
        let judged = good(real_isac(&[
            "judge",
            text(&problem),
            text(&design),
            "--json",
        ]));
        let judged: Value = serde_json::from_str(&judged).unwrap();
        let (ours, theirs) = (
            json["objective"].as_f64().unwrap(),
            judged["objective"].as_f64().unwrap(),
        );
        assert!(
            (ours - theirs).abs() <= 1e-12 * ours.abs(),
            "{name}: {ours} {theirs}"
        );
    }
}

/// Runs a program and returns what it printed.
fn ran(program: &str, words: &[&str], folder: &Path) -> String {
    let out = Command::new(program)
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        out.status.success(),
        "{}{}",
        text(&out.stdout),
        text(&out.stderr)
    );
    text(&out.stdout)
}

#[test]
#[ignore = "needs python3 with numpy and scipy"]
fn outside_numpy_and_scipy_read_what_we_wrote() {
    let out = study("numpy", &["--format", ALL]);
    let script = "\
import csv, json, numpy as np, scipy.io
rows = list(csv.DictReader(open('per_realization.csv')))
z = np.load('results.npz')
m = scipy.io.loadmat('results.mat', squeeze_me=True)
names = z['per_realization_algorithm_names']
assert [names[i] for i in z['per_realization_algorithm']] == [r['algorithm'] for r in rows]
own = m['per_realization_algorithm_names']
assert [own[i - 1] for i in m['per_realization']['algorithm'].item().astype(int)] == [r['algorithm'] for r in rows]
for key in ['x', 'realization', 'min_sinr', 'pattern_W[1]']:
    want = np.array([float(r[key]) for r in rows])
    assert np.array_equal(z['per_realization_' + key], want, equal_nan=True), key
    field = key.replace('[', '_').replace(']', '_')
    assert np.array_equal(m['per_realization'][field].item(), want, equal_nan=True), key
assert z['curve_n'].dtype == np.int64 and list(z['curve_n']) == [5] * 4
assert json.loads(str(z['meta_json']))['seed'] == 1 and json.loads(str(m['meta_json']))['seed'] == 1
print('equal')
";
    assert_eq!(ran("python3", &["-c", script], &out), "equal\n");
    let (folder, json) = solved("scipy");
    let problem = folder.join("document.json");
    for name in ["design.npz", "design.mat"] {
        let design = folder.join(name);
        good(real_isac(&[
            "solve",
            text(&problem),
            "--out",
            text(&design),
        ]));
    }
    fs::write(folder.join("solution.json"), json.to_string()).unwrap();
    let script = "\
import json, numpy as np, scipy.io
want = json.load(open('solution.json'))
w = np.array(want['beamformers']['w']['re']) + 1j * np.array(want['beamformers']['w']['im'])
z, m = np.load('design.npz'), scipy.io.loadmat('design.mat')
assert np.array_equal(z['w'], w) and np.array_equal(m['w'], w)
assert float(z['objective']) == want['objective'] == m['objective'].item()
assert str(z['status']) == want['status'] == m['status'].item()
for key, value in want['metrics'].items():
    if isinstance(value, (int, float)):
        assert float(z['metrics_' + key]) == value == m['metrics'][key].item().item(), key
np.savez('back.npz', w=z['w'])
scipy.io.savemat('back.mat', {'w': m['w']}, do_compression=True)
print('equal')
";
    assert_eq!(ran("python3", &["-c", script], &folder), "equal\n");
    for back in ["back.npz", "back.mat"] {
        good(real_isac(&[
            "judge",
            text(&problem),
            text(&folder.join(back)),
        ]));
    }
}

#[test]
#[ignore = "needs Octave"]
fn outside_octave_reads_results_and_solves_by_isac_m() {
    let out = study("octave", &["--format", "mat"]);
    let script = "\
m = load('results.mat'); t = m.curve;
assert(size(t.x), [4 1]); assert(isequal(t.n, [5 5 5 5]'));
assert(strcmp(m.curve_algorithm_names{t.algorithm(3)}, 'Pdiff_W = 0.001, sic = orthogonal'));
assert(jsondecode(m.meta_json).seed, 1);
printf('%.17g\\n', t.mean_min_sinr);
";
    let printed = ran("octave", &["--no-gui", "--norc", "--eval", script], &out);
    let printed: Vec<f64> = printed
        .lines()
        .map(|line| line.trim().parse().unwrap())
        .collect();
    let curve = CsvTable::read(&out.join("curve.csv")).unwrap();
    same(&printed, &column(&curve, "mean_min_sinr"));

    let (folder, json) = solved("octave-solve");
    let program = Path::new(env!("CARGO_BIN_EXE_isac")).parent().unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../matlab");
    let script = format!(
        "addpath('{}'); setenv('PATH', ['{}:' getenv('PATH')]);
d = jsondecode(fileread('document.json'));
for name = {{'H', 'steering'}}
  if isfield(d, name{{1}}) && isfield(d.(name{{1}}), 're'), a = d.(name{{1}}); d.(name{{1}}) = a.re + 1i * a.im; end
end
s = isac(d);
printf('%.17g\\n', s.objective); assert(iscomplex(s.beamformers.w)); assert(size(s.beamformers.w), [4 2]);
",
        here.display(),
        program.display()
    );
    let printed = ran(
        "octave",
        &["--no-gui", "--norc", "--eval", &script],
        &folder,
    );
    let objective: f64 = printed.trim().parse().unwrap();
    // JSON of Octave has 15 digits.
    let wanted = json["objective"].as_f64().unwrap();
    assert!(
        (objective - wanted).abs() <= 1e-12 * wanted,
        "{objective} {wanted}"
    );
}

#[test]
#[ignore = "needs pdflatex with pgfplots and standalone"]
fn outside_pdflatex_draws_the_figure() {
    let out = study("latex", &["--format", "pgfplots"]);
    let words = ["-interaction=nonstopmode", "-halt-on-error", "figure.tex"];
    let log = ran("pdflatex", &words, &out);
    assert!(
        log.contains("Output written on figure.pdf (1 page"),
        "{log}"
    );
}
