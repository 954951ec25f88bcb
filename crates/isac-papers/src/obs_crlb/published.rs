//! Published numbers of `obs_crlb`: means as printed, and the released result files where the user
//! has them.

use std::collections::BTreeMap;
use std::path::Path;

use isac_linalg::{Mat, c64};
use isac_models::target::Targets;

use super::method::Method;
use super::package;
use isac_lab::error::Error;
use isac_lab::published::Numbers;
use isac_lab::reference::CsvTable;

/// A published mean: x, sum rate, CRLB trace, objective; NaN where nothing was published.
pub(super) type Point = [f64; 4];

/// A published curve.
pub(super) struct Curve {
    /// Our name of the algorithm it belongs to.
    pub(super) algorithm: &'static str,
    /// Legend text.
    pub(super) label: &'static str,
    /// Its points.
    pub(super) points: Vec<Point>,
}

/// The paper's three methods as released: our names, and what a legend calls them.
pub(super) const METHODS: [(&str, &str); 3] = [
    (Method::Algorithm1Released.name(), "Algorithm 1"),
    (Method::FpSgdaReleased.name(), "FP-SGDA"),
    (Method::WmmseSdrReleased.name(), "WMMSE-SDR"),
];

/// Algorithm 1 with six sensing streams and with none.
pub(super) const ALGORITHM1_STREAMS: [&str; 2] =
    ["algorithm1_released_ns6", "algorithm1_released_ns0"];

/// Methods of Fig. 5 and Table I. There x is the true number of antennas (the paper's labels are half of
/// it).
pub(super) const ARRAY_METHODS: [(&str, &str); 5] = [
    (ALGORITHM1_STREAMS[0], "Algorithm 1, Ns = 6"),
    (ALGORITHM1_STREAMS[1], "Algorithm 1, Ns = 0"),
    (Method::LowDimPublished.name(), "Low-dimensional, released"),
    METHODS[1],
    METHODS[2],
];

/// Keys of the metrics of a point.
const KEYS: [&str; 3] = ["sum_rate_nats", "crlb_trace", "objective"];

/// The published numbers of an artefact, from `published.csv`.
///
/// # Errors
/// A malformed file.
pub(super) fn numbers(artefact: &str) -> Result<Numbers, Error> {
    let text = include_str!("published.csv");
    Ok(Numbers::parse("obs_crlb/published.csv", text)?.of(artefact))
}

/// The published curves of methods.
pub(super) fn curves(numbers: &Numbers, methods: &[(&'static str, &'static str)]) -> Vec<Curve> {
    let points = |algorithm: &str| -> Vec<Point> {
        let rows = numbers.rows.iter().filter(|row| row.curve == algorithm);
        let mut xs: Vec<f64> = rows.map(|row| row.x).collect();
        xs.dedup();
        let of = |x: f64| {
            let [rate, crlb, objective] =
                KEYS.map(|key| numbers.value(algorithm, x, key).unwrap_or(f64::NAN));
            [x, rate, crlb, objective]
        };
        xs.into_iter().map(of).collect()
    };
    let curve = |&(algorithm, label): &(&'static str, &'static str)| Curve {
        algorithm,
        label,
        points: points(algorithm),
    };
    methods.iter().map(curve).collect()
}

/// Fig. 2: weight of the rate, iterations and final objective published.
pub(super) fn ends(numbers: &Numbers) -> Vec<[f64; 3]> {
    let iterations = numbers.points("algorithm1", "iterations").into_iter();
    let end = |[weight, count]: [f64; 2]| {
        let objective = numbers.value("algorithm1", weight, "objective");
        [weight, count, objective.unwrap_or(f64::NAN)]
    };
    iterations.map(end).collect()
}

/// A set of `targets.csv`.
pub(super) fn stored_targets(folder: &Path, set: &str) -> Result<Targets, Error> {
    targets_of(&package::table(folder, "targets.csv")?, set)
}

fn targets_of(table: &CsvTable, set: &str) -> Result<Targets, Error> {
    let name = table.column("set")?;
    let target = table.column("target")?;
    table.unrepeated(&[name, target])?;
    let columns = ["theta_rad", "phi_rad", "alpha_re", "alpha_im"];
    let mut rows = Vec::new();
    for row in 0..table.rows.len() {
        if table.rows[row][name].trim() == set {
            if table.index(row, target)? != rows.len() {
                let expected = format!("target {} of the set {set}", rows.len());
                return Err(table.wrong(row, target, &expected));
            }
            let mut values = [0.0; 4];
            for (value, column) in values.iter_mut().zip(columns) {
                *value = table.finite(row, table.column(column)?)?;
            }
            rows.push(values);
        }
    }
    if rows.is_empty() {
        let expected = format!("rows of the set {set}");
        return Err(table.wrong(table.rows.len().saturating_sub(1), name, &expected));
    }
    let column = |i: usize| rows.iter().map(|row| row[i]).collect();
    let alpha = rows.iter().map(|row| c64::new(row[2], row[3])).collect();
    Ok(Targets::new(column(0), column(1), alpha)?)
}

const CHANNELS: [&str; 5] = ["realization", "antenna", "user", "h_re", "h_im"];
const SENSING_START: [&str; 5] = ["", "antenna", "stream", "w_re", "w_im"];

/// The channels of a file, one `antennas x users` matrix per realisation.
pub(super) fn channels(folder: &Path, file: &str) -> Result<Vec<Mat<c64>>, Error> {
    matrices(&package::table(folder, file)?, CHANNELS)
}

/// The un-normalised sensing block of the start, `antennas x streams`.
pub(super) fn sensing_start(folder: &Path, file: &str) -> Result<Mat<c64>, Error> {
    let table = package::table(folder, file)?;
    let all = matrices(&table, SENSING_START)?;
    all.into_iter()
        .next()
        .ok_or_else(|| Error::Usage(format!("{file}: no rows")))
}

/// Entries listed one per line; an empty first name means a single matrix.
fn matrices(table: &CsvTable, columns: [&str; 5]) -> Result<Vec<Mat<c64>>, Error> {
    // An index beyond the number of rows leaves a gap before it.
    let index = |row: usize, name: &str| {
        let column = table.column(name)?;
        let index = table.index(row, column)?;
        let beyond = index >= table.rows.len();
        let expected = format!("an index below {}, the number of rows", table.rows.len());
        if beyond {
            Err(table.wrong(row, column, &expected))
        } else {
            Ok(index)
        }
    };
    let of = |row: usize| -> Result<usize, Error> {
        if columns[0].is_empty() {
            Ok(0)
        } else {
            index(row, columns[0])
        }
    };
    let (mut count, mut rows, mut cols) = (0, 0, 0);
    for row in 0..table.rows.len() {
        count = count.max(of(row)? + 1);
        rows = rows.max(index(row, columns[1])? + 1);
        cols = cols.max(index(row, columns[2])? + 1);
    }
    let entries = count as f64 * rows as f64 * cols as f64;
    if table.rows.is_empty() || entries > table.rows.len() as f64 {
        let row = table.rows.len().saturating_sub(1);
        let expected = format!(
            "{count} x {rows} x {cols} entries, not {}",
            table.rows.len()
        );
        return Err(table.wrong(row, 0, &expected));
    }
    let mut out = vec![Mat::zeros(rows, cols); count];
    let places = columns[..3].iter().filter(|name| !name.is_empty());
    let places: Result<Vec<usize>, Error> = places.map(|name| table.column(name)).collect();
    table.unrepeated(&places?)?;
    if count * rows * cols < table.rows.len() {
        let expected = format!("{count} x {rows} x {cols} entries, each once");
        return Err(table.wrong(table.rows.len() - 1, 0, &expected));
    }
    for row in 0..table.rows.len() {
        let re = table.finite(row, table.column(columns[3])?)?;
        let im = table.finite(row, table.column(columns[4])?)?;
        let place = (index(row, columns[1])?, index(row, columns[2])?);
        out[of(row)?][place] = c64::new(re, im);
    }
    Ok(out)
}

/// Objectives per x and realisation of one algorithm in a released per-realisation file. The key is
/// x in thousandths.
pub(super) fn objectives(
    folder: &Path,
    file: &str,
    x: &str,
    name: &str,
) -> Result<BTreeMap<(i64, usize), f64>, Error> {
    let out = runs(&package::table(folder, file)?, x, name)?;
    if out.is_empty() {
        return Err(Error::Usage(format!(
            "{}: no rows, expected some of the algorithm {name}",
            folder.join(file).display()
        )));
    }
    let objective = |(key, run): ((i64, usize), Run)| (key, run.objective);
    Ok(out.into_iter().map(objective).collect())
}

/// What is released of one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) objective: f64,
    /// Run time, s, if it is stored.
    pub(super) seconds: Option<f64>,
}

/// Runs by x in thousandths and realisation.
pub(super) type Runs = BTreeMap<(i64, usize), Run>;

/// The runs of one algorithm in a released per-realisation table; empty where there are none.
pub(super) fn runs(table: &CsvTable, x: &str, name: &str) -> Result<Runs, Error> {
    let (algorithm, x) = (table.column("algorithm")?, table.column(x)?);
    let (realization, objective) = (table.column("realization")?, table.column("objective")?);
    table.unrepeated(&[algorithm, x, realization])?;
    let time = table.columns.iter().position(|column| column == "time_s");
    let mut out = BTreeMap::new();
    for row in 0..table.rows.len() {
        if table.rows[row][algorithm].trim() == name {
            let key = (
                thousandths(table.finite(row, x)?),
                table.index(row, realization)?,
            );
            let seconds = match time {
                Some(time) => Some(table.number(row, time)?).filter(|s| s.is_finite()),
                None => None,
            };
            let objective = table.finite(row, objective)?;
            out.insert(key, Run { objective, seconds });
        }
    }
    Ok(out)
}

/// Published means `(sum rate, CRLB)` of Algorithm 1 in Fig. 3, by thousandths of log10 of the
/// weight.
pub(super) fn tradeoff_means(folder: &Path) -> Result<BTreeMap<i64, [f64; 2]>, Error> {
    tradeoff_of(&package::table(folder, "fig3_tradeoff.csv")?, "algorithm1")
}

/// The published curves of Fig. 3 at all sixty weights, in the order of [`METHODS`].
pub(super) fn whole_tradeoff(folder: &Path) -> Result<Vec<Curve>, Error> {
    let table = package::table(folder, "fig3_tradeoff.csv")?;
    let names = ["algorithm1", "fp_sgda", "wmmse_sdr"];
    let curve = |(name, (algorithm, label)): (&str, (&'static str, &'static str))| {
        let means = tradeoff_of(&table, name)?.into_iter();
        let point = |(x, [rate, crlb]): (i64, [f64; 2])| [x as f64 / 1000.0, rate, crlb, f64::NAN];
        Ok(Curve {
            algorithm,
            label,
            points: means.map(point).collect(),
        })
    };
    names.into_iter().zip(METHODS).map(curve).collect()
}

fn tradeoff_of(table: &CsvTable, name: &str) -> Result<BTreeMap<i64, [f64; 2]>, Error> {
    let (algorithm, x) = (table.column("algorithm")?, table.column("log10_delta_c")?);
    let rate = table.column("mean_sum_rate_nats")?;
    let crlb = table.column("mean_crlb_trace")?;
    table.unrepeated(&[algorithm, x])?;
    let mut out = BTreeMap::new();
    for row in 0..table.rows.len() {
        if table.rows[row][algorithm].trim() == name {
            let means = [table.finite(row, rate)?, table.finite(row, crlb)?];
            out.insert(thousandths(table.finite(row, x)?), means);
        }
    }
    Ok(out)
}

/// The published objective of Fig. 2 after every iteration, `[iteration, objective]` for each of the weights.
pub(super) fn convergence(folder: &Path, weights: &[f64]) -> Result<Vec<Vec<[f64; 2]>>, Error> {
    let table = package::table(folder, "fig2_convergence.csv")?;
    let (weight, x) = (table.column("delta_c")?, table.column("iteration")?);
    let objective = table.column("objective")?;
    table.unrepeated(&[weight, x])?;
    let mut curves = vec![Vec::new(); weights.len()];
    for row in 0..table.rows.len() {
        let of = table.finite(row, weight)?;
        let found = weights.iter().position(|w| (w - of).abs() < 1e-9);
        let Some(i) = found else {
            let expected = format!("one of the weights {weights:?}");
            return Err(table.wrong(row, weight, &expected));
        };
        curves[i].push([table.finite(row, x)?, table.finite(row, objective)?]);
    }
    Ok(curves)
}

/// Reads a released table of any kind, by its columns.
pub(super) fn read_reference(table: &CsvTable) -> Result<(), Error> {
    let has = |name: &str| table.columns.iter().any(|column| column == name);
    let first = |name: &str| -> Result<&str, Error> {
        let column = table.column(name)?;
        Ok(table
            .rows
            .first()
            .map_or("", |cells| cells[column].as_str()))
    };
    if has("h_re") {
        matrices(table, CHANNELS).map(drop)
    } else if has("w_re") {
        matrices(table, SENSING_START).map(drop)
    } else if has("theta_rad") {
        targets_of(table, first("set")?).map(drop)
    } else if has("realization") {
        let x = ["K", "Pt_dBm", "log10_delta_c"]
            .into_iter()
            .find(|x| has(x));
        runs(table, x.unwrap_or("K"), first("algorithm")?).map(drop)
    } else {
        tradeoff_of(table, first("algorithm")?).map(drop)
    }
}

/// x as a key of maps.
pub(super) fn thousandths(x: f64) -> i64 {
    (1000.0 * x).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fresh folder with one file.
    fn with(file: &str, text: &str) -> std::path::PathBuf {
        let name = format!("isac-published-{}-{}", std::process::id(), text.len());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(file), text).unwrap();
        folder
    }

    #[test]
    fn incomplete_files_are_refused_and_name_what_is_missing() {
        let head = "realization,antenna,user,h_re,h_im\n";
        for (rows, named) in [
            ("", "nothing"),
            (
                "0,0,0,1,0\n0,1,0,2,0\n0,2,0,3,0\n0,2,0,4,0\n",
                "stands on line 4",
            ),
            ("0,0,0,1,0\n0,0,0,1,0\n0,2,0,1,0\n", "stands on line 2"),
            ("0,0,0,1,0\n0,00,0,1,0\n0,2,0,1,0\n", "stands on line 2"),
            ("18446744073709551615,0,0,1,0\n", "an index below 1"),
            ("0,3037000500,3037000500,1,0\n", "an index below 1"),
        ] {
            let folder = with("h.csv", &format!("{head}{rows}"));
            let error = channels(&folder, "h.csv").unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
            std::fs::remove_dir_all(folder).unwrap();
        }
        let text = "set,target,theta_rad,phi_rad,alpha_re,alpha_im\nb,0,1,1,1,1\n";
        let folder = with("targets.csv", text);
        assert_eq!(stored_targets(&folder, "b").unwrap().len(), 1);
        let error = stored_targets(&folder, "a").unwrap_err();
        assert!(error.to_string().contains("set a"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
        for (more, named) in [
            ("b,0,1,1,1,1\n", "stands on line 2"),
            ("b,2,1,1,1,1\n", "target 1"),
        ] {
            let folder = with("targets.csv", &format!("{text}{more}"));
            let error = stored_targets(&folder, "b").unwrap_err().to_string();
            assert!(error.contains("line 3") && error.contains(named), "{error}");
            std::fs::remove_dir_all(folder).unwrap();
        }
        let folder = with("f.csv", "algorithm,K,realization,objective\nx,2,0,1.5\n");
        assert_eq!(objectives(&folder, "f.csv", "K", "x").unwrap().len(), 1);
        let error = objectives(&folder, "f.csv", "K", "y").unwrap_err();
        assert!(error.to_string().contains("algorithm y"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
        // The same point written otherwise is the same point.
        let twice = "algorithm,K,realization,objective\nx,2,0,1.5\nx,2.0,0,1.25\n";
        let folder = with("f.csv", twice);
        let error = objectives(&folder, "f.csv", "K", "x")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 3") && error.contains("line 2"),
            "{error}"
        );
        std::fs::remove_dir_all(folder).unwrap();
        let head = "algorithm,log10_delta_c,mean_sum_rate_nats,mean_crlb_trace\n";
        let folder = with(
            "fig3_tradeoff.csv",
            &format!("{head}algorithm1,1,2,3\nalgorithm1,1,2,3\n"),
        );
        let error = tradeoff_means(&folder).unwrap_err().to_string();
        assert!(
            error.contains("line 3") && error.contains("line 2"),
            "{error}"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}
