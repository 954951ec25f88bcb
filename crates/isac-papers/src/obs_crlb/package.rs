//! The authors' package as they publish it, read as the tables of `--reference`: `.mat` files in one
//! folder per figure, which count from 1 where the paper counts from 2.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use isac_lab::error::Error;
use isac_lab::files::{self, Contents, Numeric};
use isac_lab::reference::CsvTable;

const FIG3: &str = "Fig2_trade_off_region/data_proposed_SCA.mat";
const FIG2: &str = "Fig1_convergence/data_convergence.mat";
const FIG3_BASELINES: [(&str, &str); 2] = [
    ("Fig2_trade_off_region/data_FP_SGDA.mat", "fp_sgda"),
    ("Fig2_trade_off_region/data_WMMSESDR_to4.mat", "wmmse_sdr"),
];
const FIG6_BASELINES: [(&str, &str); 2] = [
    ("Fig_5performance_vs_K/data_FP_SGDA.mat", "fp_sgda"),
    ("Fig_5performance_vs_K/data_WMMSESDR_K.mat", "wmmse_sdr"),
];
const FIG7_BASELINES: [(&str, &str); 2] = [
    ("Fig_6performance_vs_Pt/data_FP_SGDA.mat", "fp_sgda"),
    ("Fig_6performance_vs_Pt/data_WMMSESDR_pt.mat", "wmmse_sdr"),
];
const FIG4: &str = "Fig3_performance_vs_Ns/data_sensing.mat";
const TABLE1: &str = "Fig_4performance_vs_Nt/data_SCA_LD_Ns=3M.mat";
const FIG6: &str = "Fig_5performance_vs_K/data_SCA_Ns=3M.mat";
const FIG7: &str = "Fig_6performance_vs_Pt/data_SCA_Ns=3M.mat";
/// Weight of the rate beside that of the CRLB, 1, in the figures with results per realisation.
const RATE_WEIGHT: f64 = 0.25;
/// What the package is known by, and the folder in which it stands in its archive.
const MARK: &str = "Fig_5performance_vs_K";
const INSIDE: &str = "OBS_for_CRLB_ISAC";

/// A table of released numbers: the CSV file of the folder, or what the package in it holds.
///
/// # Errors
/// A file that is neither there nor part of the package, unreadable or damaged; a variable that is
/// missing or has another shape.
pub(super) fn table(folder: &Path, file: &str) -> Result<CsvTable, Error> {
    let path = folder.join(file);
    match package_in(folder) {
        Some(package) if !path.is_file() => of_package(&package, file),
        Some(_) | None => CsvTable::read(&path),
    }
}

fn package_in(folder: &Path) -> Option<PathBuf> {
    let package = [folder.to_path_buf(), folder.join(INSIDE)];
    package.into_iter().find(|p| p.join(MARK).is_dir())
}

/// Whether a table of results per realisation is there, as a CSV file or in the package.
pub(super) fn holds(folder: &Path, file: &str) -> bool {
    let packed = [
        ("fig6_users_per_realization.csv", FIG6),
        ("fig7_power_per_realization.csv", FIG7),
        ("fig5_table1_per_realization.csv", TABLE1),
    ];
    let packed = packed.into_iter().filter(|(name, _)| *name == file);
    let inside = |package: PathBuf| packed.clone().any(|(_, i)| package.join(i).is_file());
    folder.join(file).is_file() || package_in(folder).is_some_and(inside)
}

fn of_package(package: &Path, file: &str) -> Result<CsvTable, Error> {
    let open = |inside: &str| files::open(&package.join(inside));
    let text = match file {
        "targets.csv" => targets(&[
            ("figs3_5_6_7_table1", open(FIG6)?, ["theta", "phi", "alpha"]),
            ("fig4", open(FIG4)?, ["theta_all", "phi_all", "alpha_all"]),
        ])?,
        "channels_fig3_nt16_k4.csv" => channels(&open(FIG3)?)?,
        "channels_nt16_k12.csv" => channels(&open(FIG6)?)?,
        "channels_nt16_k4.csv" => channels(&open(FIG7)?)?,
        "init_ws_fig3.csv" => sensing_start(&open(FIG3)?)?,
        "init_ws_fig6.csv" => sensing_start(&open(FIG6)?)?,
        "init_ws_fig7.csv" => sensing_start(&open(FIG7)?)?,
        "fig6_users_per_realization.csv" => {
            let users = [2.0, 4.0, 6.0, 8.0, 10.0, 12.0];
            let all = [&[(FIG6, "algorithm1")][..], &FIG6_BASELINES[..]].concat();
            runs(package, &all, "K", &users)?
        }
        "fig7_power_per_realization.csv" => {
            let power = [-5.0, 0.0, 5.0, 10.0, 15.0, 20.0];
            let all = [&[(FIG7, "algorithm1")][..], &FIG7_BASELINES[..]].concat();
            runs(package, &all, "Pt_dBm", &power)?
        }
        "fig5_table1_per_realization.csv" => {
            let antennas = [16.0, 32.0, 64.0, 128.0, 256.0];
            let all = [(TABLE1, "ld_algorithm1_ns3m")];
            runs(package, &all, "Nt_actual", &antennas)?
        }
        "fig2_convergence.csv" => convergence(&open(FIG2)?)?,
        "fig3_tradeoff.csv" => {
            let mut text = tradeoff(&open(FIG3)?, "algorithm1")?;
            // The baselines are drawn beside it where the package is whole.
            for (inside, algorithm) in FIG3_BASELINES {
                if package.join(inside).is_file() {
                    let rows = tradeoff(&open(inside)?, algorithm)?;
                    text += rows.split_once('\n').map_or("", |(_, rows)| rows);
                }
            }
            text
        }
        // Refused by its name in the folder.
        other => return CsvTable::read(&package.join(other)),
    };
    CsvTable::parse(&format!("{} of {}", file, package.display()), &text)
}

/// A variable with so many dimensions.
fn array<'a>(file: &'a Contents, name: &str, dimensions: usize) -> Result<&'a Numeric, Error> {
    let value = file.find(name)?;
    let fits = |a: &&Numeric| a.shape.len() == dimensions && !a.re.is_empty();
    let expected = format!("an array of {dimensions} dimensions");
    let array = value.numeric().filter(fits);
    array.ok_or_else(|| wrong(file, name, value.description(), expected))
}

fn wrong(file: &Contents, name: &str, value: String, expected: String) -> Error {
    Error::Field {
        file: file.file.clone(),
        path: name.into(),
        value,
        expected,
    }
}

fn imaginary(array: &Numeric, at: usize) -> f64 {
    array.im.as_ref().map_or(0.0, |im| im[at])
}

fn targets(sets: &[(&str, Contents, [&str; 3])]) -> Result<String, Error> {
    let mut text = String::from("set,target,theta_rad,phi_rad,alpha_re,alpha_im\n");
    for (set, file, [theta, phi, alpha]) in sets {
        let [theta, phi, alpha] = [theta, phi, alpha].map(|name| array(file, name, 2));
        let (theta, phi, alpha) = (theta?, phi?, alpha?);
        for (name, other) in [("phi", phi), ("alpha", alpha)] {
            if other.re.len() != theta.re.len() {
                let expected = format!("{} entries, one for each theta", theta.re.len());
                return Err(wrong(
                    file,
                    name,
                    format!("{} entries", other.re.len()),
                    expected,
                ));
            }
        }
        for (m, (t, p)) in theta.re.iter().zip(&phi.re).enumerate() {
            let (re, im) = (alpha.re[m], imaginary(alpha, m));
            let _ = writeln!(text, "{set},{m},{t:?},{p:?},{re:?},{im:?}");
        }
    }
    Ok(text)
}

/// `H_all`, realisation x antenna x user.
fn channels(file: &Contents) -> Result<String, Error> {
    let h = array(file, "H_all", 3)?;
    let (antennas, users) = (h.shape[1], h.shape[2]);
    let mut text = String::from("realization,antenna,user,h_re,h_im\n");
    for (at, re) in h.re.iter().enumerate() {
        let (i, n, k) = (at / users / antennas, at / users % antennas, at % users);
        let _ = writeln!(text, "{i},{n},{k},{re:?},{:?}", imaginary(h, at));
    }
    Ok(text)
}

/// `Ws`, antenna x stream.
fn sensing_start(file: &Contents) -> Result<String, Error> {
    let w = array(file, "Ws", 2)?;
    let mut text = String::from("antenna,stream,w_re,w_im\n");
    for (at, re) in w.re.iter().enumerate() {
        let (n, j) = (at / w.shape[1], at % w.shape[1]);
        let _ = writeln!(text, "{n},{j},{re:?},{:?}", imaginary(w, at));
    }
    Ok(text)
}

/// The runs of a figure: of the first file, and of the others where the package is whole.
fn runs(package: &Path, all: &[(&str, &str)], x: &str, values: &[f64]) -> Result<String, Error> {
    let mut text = format!("algorithm,{x},realization,objective,time_s\n");
    for (i, (inside, algorithm)) in all.iter().enumerate() {
        let path = package.join(inside);
        if i == 0 || path.is_file() {
            objectives(&files::open(&path)?, algorithm, x, values, &mut text)?;
        }
    }
    Ok(text)
}

/// `Obj_all`, realisation x the values of x, or what `SR_all` and `CRB_all` make of it with the weight of
/// these figures; beside it `Time_all`, s, where it is stored.
fn objectives(
    file: &Contents,
    algorithm: &str,
    x: &str,
    values: &[f64],
    text: &mut String,
) -> Result<(), Error> {
    let fits = |name: &str| {
        let all = array(file, name, 2)?;
        if all.shape[1] == values.len() {
            return Ok(all);
        }
        let expected = format!("one for each {x} of {values:?}");
        let given = format!("{} columns", all.shape[1]);
        Err(wrong(file, name, given, expected))
    };
    let stored = |name: &str| file.variables.iter().any(|(known, _)| known == name);
    let all: Vec<f64> = if stored("Obj_all") || !stored("CRB_all") {
        fits("Obj_all")?.re.clone()
    } else {
        let (rate, crlb) = (fits("SR_all")?, fits("CRB_all")?);
        if rate.shape != crlb.shape {
            let given = format!("{} rows", crlb.shape[0]);
            return Err(wrong(file, "CRB_all", given, "as many as `SR_all`".into()));
        }
        let pairs = rate.re.iter().zip(&crlb.re);
        pairs.map(|(r, c)| RATE_WEIGHT * r - c).collect()
    };
    let times = match stored("Time_all") {
        true => Some(&fits("Time_all")?.re),
        false => None,
    };
    for (at, objective) in all.iter().enumerate() {
        let (i, column) = (at / values.len(), at % values.len());
        let time = times.and_then(|times| times.get(at));
        let time = time.map_or_else(String::new, |t| format!("{t:?}"));
        let x = values[column];
        let _ = writeln!(text, "{algorithm},{x},{i},{objective:?},{time}");
    }
    Ok(())
}

/// The three runs in `Con`, each of rows sum rate, minus the CRLB, objective.
fn convergence(file: &Contents) -> Result<String, Error> {
    let mut text = String::from("delta_c,iteration,objective\n");
    for (i, weight) in [0.05, 0.1, 0.15].into_iter().enumerate() {
        let name = format!("Con[{i}]");
        let run = array(file, &name, 2)?;
        if run.shape[1] != 3 {
            let given = format!("{} columns", run.shape[1]);
            return Err(wrong(file, &name, given, "three columns".into()));
        }
        for (row, values) in run.re.chunks_exact(3).enumerate() {
            let _ = writeln!(text, "{weight},{},{:?}", row + 1, values[2]);
        }
    }
    Ok(text)
}

/// Means over the channels of `SR_all` and `CRB_all`, realisation x weight.
fn tradeoff(file: &Contents, algorithm: &str) -> Result<String, Error> {
    let [weights, rate, crlb] =
        [("delta_all", 2), ("SR_all", 2), ("CRB_all", 2)].map(|(name, n)| array(file, name, n));
    let (weights, rate, crlb) = (weights?, rate?, crlb?);
    let count = rate.shape[1];
    if weights.re.len() != count || crlb.shape != rate.shape {
        let expected = "as many as `delta_all` and `CRB_all`".into();
        return Err(wrong(file, "SR_all", format!("{count} weights"), expected));
    }
    let mut text = String::from("algorithm,log10_delta_c,mean_sum_rate_nats,mean_crlb_trace\n");
    for (j, weight) in weights.re.iter().enumerate() {
        let mean = |a: &Numeric| {
            let column = a.re.iter().skip(j).step_by(count);
            column.sum::<f64>() / rate.shape[0] as f64
        };
        let _ = writeln!(
            text,
            "{algorithm},{weight:?},{:?},{:?}",
            mean(rate),
            mean(crlb)
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A package of two channels, written by scipy: the README beside it says what is in it.
    fn small() -> &'static Path {
        Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/package"
        ))
    }

    #[test]
    fn a_package_is_read_as_the_tables() {
        let cell = |file: &str, row: usize| table(small(), file).unwrap().rows[row].join(",");
        // h = (r + 10 n + 100 k) + j of realisation r, antenna n, user k.
        assert_eq!(cell("channels_nt16_k12.csv", 0), "0,0,0,0.0,1.0");
        assert_eq!(cell("channels_nt16_k12.csv", 11), "1,2,1,121.0,1.0");
        assert_eq!(cell("init_ws_fig6.csv", 3), "1,1,11.0,-2.0");
        assert_eq!(
            cell("targets.csv", 1),
            "figs3_5_6_7_table1,1,0.25,0.75,0.1,-0.5"
        );
        assert_eq!(cell("targets.csv", 2), "fig4,0,0.5,1.5,0.2,0.0");
        assert_eq!(
            cell("fig6_users_per_realization.csv", 7),
            "algorithm1,4,1,1.5,"
        );
        // Means of 1, 2 and of 10, 20.
        assert_eq!(cell("fig3_tradeoff.csv", 0), "algorithm1,-7.0,1.5,15.0");
        // Run i holds the rows (1 + i, -2, -1.5 + i) and (2 + i, -1, 0.25 + i).
        assert_eq!(cell("fig2_convergence.csv", 3), "0.1,2,1.25");
        // Inside the folder of the archive as well.
        let outer = small().parent().unwrap().join("archive");
        assert_eq!(table(&outer, "targets.csv").unwrap().rows.len(), 1 + 2);
    }

    #[test]
    fn what_a_package_lacks_is_named() {
        let text = |file: &str| table(small(), file).unwrap_err().to_string();
        assert!(
            text("init_ws_fig7.csv").contains("Ws"),
            "{}",
            text("init_ws_fig7.csv")
        );
        assert!(text("fig7_power_per_realization.csv").contains("Pt_dBm"));
        assert!(text("fig5_table1_per_realization.csv").contains("data_SCA_LD"));
        assert!(text("other.csv").contains("other.csv"));
    }

    #[test]
    #[ignore = "reads ../shared/reference, whose licence forbids a copy"]
    fn the_package_holds_the_extracted_tables() {
        let shared = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/reference"
        ));
        let (package, extracted) = (shared.join("obs-crlb-package"), shared.join("obs-crlb"));
        let files = [
            ("targets.csv", 1e-15),
            ("channels_fig3_nt16_k4.csv", 1e-15),
            ("channels_nt16_k12.csv", 1e-15),
            ("channels_nt16_k4.csv", 1e-15),
            ("init_ws_fig3.csv", 1e-15),
            ("init_ws_fig6.csv", 1e-15),
            ("init_ws_fig7.csv", 1e-15),
            // Extracted to ten significant digits.
            ("fig6_users_per_realization.csv", 1e-9),
            ("fig7_power_per_realization.csv", 1e-9),
            ("fig5_table1_per_realization.csv", 1e-9),
            ("fig3_tradeoff.csv", 1e-9),
        ];
        for (file, tolerance) in files {
            let (ours, theirs) = (
                table(&package, file).unwrap(),
                table(&extracted, file).unwrap(),
            );
            let mut compared = 0;
            // Rows by what they are of, not by their order.
            let value = |name: &str| {
                ["h_", "w_", "_rad", "alpha_", "objective", "mean_"]
                    .iter()
                    .any(|part| name.contains(part))
            };
            let key = |t: &CsvTable, row: usize| -> Vec<String> {
                let names = ours.columns.iter().filter(|name| !value(name));
                names
                    .map(|name| {
                        t.rows[row][t.column(name).unwrap()]
                            .parse::<f64>()
                            .map_or_else(
                                |_| t.rows[row][t.column(name).unwrap()].clone(),
                                |v| format!("{v:.6}"),
                            )
                    })
                    .collect()
            };
            let mut by_key = std::collections::HashMap::new();
            for row in 0..theirs.rows.len() {
                by_key.insert(key(&theirs, row), row);
            }
            for row in 0..ours.rows.len() {
                let other = by_key[&key(&ours, row)];
                for name in ours.columns.iter().filter(|name| value(name)) {
                    let a: f64 = ours.rows[row][ours.column(name).unwrap()].parse().unwrap();
                    let b: f64 = theirs.rows[other][theirs.column(name).unwrap()]
                        .parse()
                        .unwrap();
                    assert!(
                        (a - b).abs() <= tolerance * b.abs(),
                        "{file} {row} {name}: {a} {b}"
                    );
                    compared += 1;
                }
            }
            assert!(compared >= 5, "{file}");
        }
    }
}
