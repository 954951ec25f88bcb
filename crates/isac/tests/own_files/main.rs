//! A user's own channels and beams: files in documents, problems written out, beams judged.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod access_points;
#[path = "../common/mod.rs"]
mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Ran, folder, real_isac};
use serde_json::{Value, json};

/// A small scenario of each paper with a feasible answer.
const SCENARIOS: [(&str, &str); 7] = [
    (
        "obs",
        "schema = \"obs-crlb/1\"\nseed = 3\ndrop = 2\n[scenario]\nnt_h = 2\nnt_v = 3\nnr_h = 2\nnr_v = 2\nusers = 2\n",
    ),
    (
        "noma-power",
        "schema = \"noma/1\"\nseed = 3\n[scenario]\nantennas = 4\nusers = 2\ngamma_dB = 3.0\n",
    ),
    (
        "noma-common",
        "schema = \"noma/1\"\n[scenario]\nproblem = \"max_min\"\nantennas = 4\nusers = 2\nxi_W2 = \"inf\"\n",
    ),
    (
        "alpha",
        "schema = \"alpha-fair/1\"\n[scenario]\nsubcarriers = 2\nsymbols = 4\nantennas = 4\ntargets = 2\nusers = 2\nmin_rate_mbit_s = 20.0\nstate = true\n",
    ),
    (
        "hisac",
        "schema = \"hisac-see/1\"\n[scenario]\nM1_h_v = [2, 2]\nM2_h_v = [2, 2]\nusers = 2\nrelative_error = 0.05\n",
    ),
    (
        "cell-free",
        "schema = \"cell-free/1\"\nseed = 3\ndrop = 1\n[scenario]\nantennas = 6\nusers = 2\ntargets = 2\nmin_sinr = 2.0\n",
    ),
    (
        "cell-free-floors",
        "schema = \"cell-free/1\"\n[scenario]\nantennas = 4\nusers = 2\n",
    ),
];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn parsed(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err))
}

fn number(value: &Value, key: &str) -> f64 {
    let found = value.get(key).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("{key} of {value}"))
}

/// The obs_crlb scenario written out, in a folder of its own.
fn written_out(name: &str) -> (PathBuf, Value) {
    let folder = folder(name);
    let scenario = folder.join("scenario.toml");
    fs::write(&scenario, SCENARIOS[0].1).unwrap();
    let document = folder.join("document.json");
    let ran = real_isac(&["solve", text(&scenario), "--document", text(&document)]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let value = serde_json::from_str(&fs::read_to_string(&document).unwrap()).unwrap();
    (folder, value)
}

#[test]
fn a_problem_written_out_has_the_same_answer_and_its_beams_are_judged_as_solve_says() {
    let folder = folder("written-out");
    for (name, scenario) in SCENARIOS {
        let path = folder.join(format!("{name}.toml"));
        fs::write(&path, scenario).unwrap();
        let (document, beams) = (
            folder.join(format!("{name}.json")),
            folder.join(format!("{name}-beams.json")),
        );
        let ran = real_isac(&[
            "solve",
            text(&path),
            "--json",
            "--document",
            text(&document),
            "--out",
            text(&beams),
        ]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        let drawn = parsed(&ran);
        let ran = real_isac(&["solve", text(&document), "--json"]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        let explicit = parsed(&ran);
        for key in [
            "objective",
            "beamformers",
            "certificate",
            "iterations",
            "metrics",
        ] {
            assert_eq!(explicit[key], drawn[key], "{name}: {key}");
        }
        for problem in [&path, &document] {
            let ran = real_isac(&["judge", text(problem), text(&beams), "--json"]);
            assert_eq!(ran.code, 0, "{name}: {}{}", ran.out, ran.err);
            let judged = parsed(&ran);
            let (ours, theirs) = (number(&drawn, "objective"), number(&judged, "objective"));
            assert!(
                (ours - theirs).abs() <= 1e-12 * ours.abs(),
                "{name}: {ours} {theirs}"
            );
            let printed = number(&drawn, "max_violation");
            let found = number(&judged, "max_violation");
            assert!(
                (printed - found).abs() <= 1e-12,
                "{name}: {printed} {found}"
            );
            assert_eq!(judged["feasible"], true);
            assert!(
                number(&judged["ours"], "difference").abs() <= 1e-12,
                "{name}"
            );
        }
    }
}

/// 1.1 squared is 1.21.
#[test]
fn beams_beyond_the_budget_are_violated_by_the_excess() {
    let (folder, document) = written_out("judge-scaled");
    let problem = folder.join("document.json");
    let ran = real_isac(&["solve", text(&problem), "--json"]);
    let solved = parsed(&ran);
    let scaled = |part: &str| -> Vec<Vec<f64>> {
        let rows: Vec<Vec<f64>> =
            serde_json::from_value(solved["beamformers"]["W"][part].clone()).unwrap();
        rows.into_iter()
            .map(|row| row.into_iter().map(|x| 1.1 * x).collect())
            .collect()
    };
    let (re, im) = (scaled("re"), scaled("im"));
    let beams = folder.join("scaled.mat");
    fs::write(&beams, mat_file("W", &re, &im)).unwrap();
    let ran = real_isac(&["judge", text(&problem), text(&beams), "--json"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let judged = parsed(&ran);
    let violation = judged["constraints"]["power budget"].as_f64().unwrap();
    assert!((violation - 0.21).abs() < 1e-9, "{violation}");
    let ran = real_isac(&["judge", text(&problem), text(&beams)]);
    assert!(ran.out.starts_with("violated"), "{}", ran.out);
    assert!(ran.out.contains("proved: upper_bound"), "{}", ran.out);

    // The same matrix on its side.
    let turn = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
        (0..rows[0].len())
            .map(|j| rows.iter().map(|row| row[j]).collect())
            .collect()
    };
    let beams = folder.join("turned.mat");
    fs::write(&beams, mat_file("W", &turn(&re), &turn(&im))).unwrap();
    let ran = real_isac(&["judge", text(&problem), text(&beams)]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(
        ran.err.contains("antennas x streams, 6 x (2 or more)"),
        "{}",
        ran.err
    );
    assert_eq!(document["parameters"]["K"], 2);

    let beams = folder.join("other.mat");
    fs::write(&beams, mat_file("w", &re, &im)).unwrap();
    let ran = real_isac(&["judge", text(&problem), text(&beams)]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.err.contains("there is `w`"), "{}", ran.err);
}

/// A complex matrix as MATLAB's version 5 without compression.
fn mat_file(name: &str, re: &[Vec<f64>], im: &[Vec<f64>]) -> Vec<u8> {
    let element = |kind: u32, data: &[u8]| {
        let mut out = [kind.to_le_bytes(), (data.len() as u32).to_le_bytes()].concat();
        out.extend(data);
        out.resize(out.len().next_multiple_of(8), 0);
        out
    };
    let (rows, columns) = (re.len(), re[0].len());
    let by_column = |part: &[Vec<f64>]| -> Vec<u8> {
        (0..columns)
            .flat_map(|j| part.iter().flat_map(move |row| row[j].to_le_bytes()))
            .collect()
    };
    let shape: Vec<u8> = [rows, columns]
        .into_iter()
        .flat_map(|n| (n as u32).to_le_bytes())
        .collect();
    let array = [
        element(6, &0x0806_u64.to_le_bytes()),
        element(5, &shape),
        element(1, name.as_bytes()),
        element(9, &by_column(re)),
        element(9, &by_column(im)),
    ]
    .concat();
    let mut file = b"MATLAB 5.0 MAT-file".to_vec();
    file.resize(124, 0);
    file.extend(b"\x00\x01IM");
    file.extend(element(14, &array));
    file
}

/// A complex array as numpy saves it.
fn npy_file(shape: &str, entries: &[(f64, f64)]) -> Vec<u8> {
    let header = format!("{{'descr': '<c16', 'fortran_order': False, 'shape': {shape}}}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.bytes());
    let numbers = entries.iter().flat_map(|(re, im)| [*re, *im]);
    file.extend(numbers.flat_map(f64::to_le_bytes));
    file
}

/// Channels of three realisations, users before antennas and conjugated, of which the second is that of
/// the document.
fn stacked(document: &Value) -> Vec<(f64, f64)> {
    let entry = |part: &str, n: usize, k: usize| document["H"][part][n][k].as_f64().unwrap();
    let mut out = Vec::new();
    for realization in 0..3 {
        for k in 0..2 {
            for n in 0..6 {
                let other = f64::from(realization - 1);
                out.push((entry("re", n, k) + other, other - entry("im", n, k)));
            }
        }
    }
    out
}

#[test]
fn channels_of_files_are_those_of_the_document() {
    let (folder, document) = written_out("channels-of-files");
    let problem = folder.join("document.json");
    let wanted = parsed(&real_isac(&["solve", text(&problem), "--json"]));
    let stacked = stacked(&document);
    fs::write(folder.join("h.npy"), npy_file("(3, 2, 6)", &stacked)).unwrap();
    let mut csv = String::from("user,antenna,realization,h_re,h_im\n");
    for (flat, (re, im)) in stacked.iter().enumerate().rev() {
        let (r, k, n) = (flat / 12, flat / 6 % 2, flat % 6);
        csv += &format!("{k},{n},{r},{re},{im}\n");
    }
    fs::write(folder.join("h.csv"), csv).unwrap();
    let tables = [
        (
            json!({"file": "h.npy", "axes": ["realization", "user", "antenna"],
                   "realization": 1, "conjugate": true}),
            "complex float64, 3 x 2 x 6 as realization x user x antenna), realization 1; read as antenna x user of 6 x 2, conjugated",
        ),
        (
            json!({"file": "h.csv", "variable": "h", "axes": ["antenna", "user", "realization"],
                   "realization": 1, "conjugate": true}),
            "h.csv, h (complex float64, 6 x 2 x 3",
        ),
    ];
    for (table, understood) in tables {
        let mut own = document.clone();
        own["H"] = table;
        let path = folder.join("own.json");
        fs::write(&path, own.to_string()).unwrap();
        let explicit = folder.join("explicit.json");
        let ran = real_isac(&[
            "solve",
            text(&path),
            "--json",
            "--document",
            text(&explicit),
        ]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.err.contains(understood), "{}", ran.err);
        assert_eq!(parsed(&ran)["beamformers"], wanted["beamformers"]);
        let back: Value = serde_json::from_str(&fs::read_to_string(&explicit).unwrap()).unwrap();
        assert_eq!(back["H"], document["H"]);
    }
    // TOML says the same.
    let mut toml = String::from("schema = \"obs-crlb/1\"\nseed = 3\n");
    toml += "H = { file = \"h.npy\", axes = [\"realization\", \"user\", \"antenna\"], realization = 1, conjugate = true }\n";
    for key in ["theta", "phi"] {
        toml += &format!("{key} = {}\n", document[key]);
    }
    let alpha = &document["alpha"];
    toml += &format!(
        "alpha = {{ re = {}, im = {} }}\n[parameters]\n",
        alpha["re"], alpha["im"]
    );
    for (key, value) in document["parameters"].as_object().unwrap() {
        toml += &format!("{key} = {value}\n");
    }
    let path = folder.join("own.toml");
    fs::write(&path, toml).unwrap();
    let ran = real_isac(&["solve", text(&path), "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(parsed(&ran)["beamformers"], wanted["beamformers"]);
}

#[test]
fn files_that_do_not_fit_are_refused_by_name() {
    let (folder, document) = written_out("files-refused");
    let mut stacked = stacked(&document);
    fs::write(folder.join("h.npy"), npy_file("(3, 2, 6)", &stacked)).unwrap();
    stacked[20].1 = f64::NAN;
    fs::write(folder.join("nan.npy"), npy_file("(3, 2, 6)", &stacked)).unwrap();
    fs::write(
        folder.join("h.mat"),
        mat_file("H_all", &[vec![1.0]], &[vec![0.0]]),
    )
    .unwrap();
    let axes = json!(["realization", "user", "antenna"]);
    let whole = json!({"file": "h.npy", "axes": axes, "realization": 1});
    let with = |key: &str, value: Value| {
        let mut table = whole.clone();
        table[key] = value;
        table
    };
    let refused = |table: Value| {
        let mut own = document.clone();
        own["H"] = table;
        let path = folder.join("own.json");
        fs::write(&path, own.to_string()).unwrap();
        let ran = real_isac(&["solve", text(&path)]);
        assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
        ran.err
    };
    for (table, words) in [
        (
            json!({"file": "h.npy"}),
            "`axes`, names in the order of the file",
        ),
        (
            with("file", json!("absent.npy")),
            "absent.npy: cannot be read",
        ),
        (
            with("axes", json!(["realization", "user"])),
            "the axis `antenna` too",
        ),
        (
            with("axes", json!(["drop", "user", "antenna"])),
            "the key `drop`",
        ),
        (
            with("axes", json!(["realization", "user", "user"])),
            "each once",
        ),
        (
            with("realization", json!(3)),
            "H.realization: got 3, expected an index below 3",
        ),
        (with("realisation", json!(1)), "did you mean realization?"),
        (with("user", json!(1)), "`user` is read whole"),
        (with("conjugate", json!("yes")), "true or false"),
        (with("file", json!("nan.npy")), "finite numbers, not"),
        (
            json!({"file": "h.npy", "axes": ["user", "antenna"]}),
            "one name for each dimension of 3 x 2 x 6",
        ),
        (
            json!({"file": "h.mat", "variable": "H", "axes": ["antenna", "user"]}),
            "expected one of those there: H_all",
        ),
        (
            json!({"file": "h.mat", "axes": ["antenna", "user"]}),
            "6 x 2 entries, not 1 x 1",
        ),
        (
            json!({"file": "own.json", "axes": ["antenna", "user"]}),
            "neither .mat",
        ),
    ] {
        let message = refused(table.clone());
        assert!(message.contains(words), "{table}: {message}");
    }
}

/// Channels of five realisations, 4 antennas, 2 users.
fn five() -> Vec<(f64, f64)> {
    let wave = |i: f64| ((12.9898 * i + 1.0).sin(), (78.233 * i + 2.0).cos());
    (0..40).map(|i| wave(f64::from(i))).collect()
}

const OWN_STUDY: &str = r#"schema = "noma/1"
sigma2_W = 0.01
angles_deg = [-40, 20]
Ps_W = 2
Pdiff_W = 0.001
H = { file = "h.npy", axes = ["realization", "antenna", "user"] }
[[cases]]
problem = "max_min"
sic = "own"
[sweep]
case.P_total_W = [6, 8]
metrics = ["min_sinr"]
"#;

#[test]
fn a_study_runs_over_the_realisations_of_a_file() {
    let folder = folder("own-study");
    fs::write(folder.join("h.npy"), npy_file("(5, 4, 2)", &five())).unwrap();
    let (study, out) = (folder.join("own.toml"), folder.join("out"));
    let run = |body: &str| {
        fs::write(&study, body).unwrap();
        real_isac(&[
            "sweep",
            text(&study),
            "--out",
            text(&out),
            "--progress",
            "none",
        ])
    };
    let ran = run(OWN_STUDY);
    assert_eq!(ran.code, 0, "{}{}", ran.err, ran.out);
    let understood = "5 x 4 x 2 as realization x antenna x user), one realization after the other; read as \
                      antenna x user of 4 x 2";
    assert!(ran.err.contains(understood), "{}", ran.err);
    let table = isac_lab::reference::CsvTable::read(&out.join("per_realization.csv")).unwrap();
    assert_eq!(table.rows.len(), 2 * 5);
    assert!(
        fs::read_to_string(out.join("figure.svg"))
            .unwrap()
            .contains(">P total (W)<")
    );
    for row in &table.rows {
        let number = |at: usize| row[at].parse::<f64>().unwrap();
        let own = OWN_STUDY.split("[sweep]").next().unwrap();
        let own = own.replace(
            "\"user\"] }",
            &format!("\"user\"], realization = {} }}", row[2]),
        );
        let one = folder.join("one.toml");
        fs::write(&one, format!("{own}P_total_W = {}\n", number(1))).unwrap();
        let solved = parsed(&real_isac(&["solve", text(&one), "--json"]));
        let wanted = solved["metrics"]["min_sinr"].as_f64().unwrap();
        assert!(wanted.to_bits() == number(4).to_bits(), "{wanted} {row:?}");
    }
    // Fewer are a part of the same study, more are not there.
    let some = |n: usize| OWN_STUDY.replace("[sweep]", &format!("[sweep]\nrealizations = {n}"));
    let ran = run(&some(2));
    assert!(
        ran.code == 0 && ran.out.contains("4 of 4 tasks were finished before"),
        "{}",
        ran.out
    );
    let refused = |body: &str, words: &str| {
        let ran = run(body);
        assert_eq!(ran.code, 2, "{words}: {}", ran.out);
        assert!(ran.err.contains(words), "{}", ran.err);
    };
    refused(&some(6), "at most 5, as many as the files hold");
    let second = "[[cases]]\nproblem = \"max_min\"\nsic = \"own\"\n[sweep]";
    refused(&OWN_STUDY.replace("[sweep]", second), "one case");
    let inside = OWN_STUDY.replace("case.P_total_W = [6, 8]", "H.conjugate = [true, false]");
    refused(&inside, "no key of a file");
    let misspelt = OWN_STUDY.replace("case.P_total_W", "case.P_totl_W");
    refused(&misspelt, "did you mean P_total_W");
    // Other numbers in the file are another study.
    let mut other = five();
    other[39].0 += 1.0;
    fs::write(folder.join("h.npy"), npy_file("(5, 4, 2)", &other)).unwrap();
    refused(OWN_STUDY, "holds another plan");
}

#[test]
fn overrides_of_cases_may_be_files() {
    let folder = folder("own-override");
    fs::write(folder.join("h.npy"), npy_file("(5, 4, 2)", &five())).unwrap();
    let table = |r: usize| json!({"file": "h.npy", "axes": ["realization", "antenna", "user"], "realization": r});
    let mut document = json!({
        "schema": "noma/1", "sigma2_W": 0.01, "H": table(0),
        "cases": [{"problem": "power_min", "sic": "own", "gamma": 2.0, "override": {"H": table(3)}}],
    });
    let solved = |document: &Value| {
        let path = folder.join("own.json");
        fs::write(&path, document.to_string()).unwrap();
        let ran = real_isac(&["solve", text(&path), "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        parsed(&ran)["objective"].clone()
    };
    let overridden = solved(&document);
    document["H"] = table(3);
    document["cases"][0]
        .as_object_mut()
        .unwrap()
        .remove("override");
    assert_eq!(overridden, solved(&document));
    document["H"] = table(2);
    assert_ne!(overridden, solved(&document));
}
