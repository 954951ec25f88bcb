//! Published numbers of `obs_crlb`: means as printed, and the released result files where the user
//! has them.

use std::collections::BTreeMap;
use std::path::Path;

use isac_linalg::{Mat, c64};
use isac_models::target::Targets;

use super::method::Method;
use super::package;
use isac_lab::error::Error;
use isac_lab::reference::CsvTable;

/// A published mean: x, sum rate, CRLB trace, objective.
pub(super) type Point = [f64; 4];

/// A published curve.
pub(super) struct Curve {
    /// Our name of the algorithm it belongs to.
    pub(super) algorithm: &'static str,
    /// Legend text.
    pub(super) label: &'static str,
    /// Its points; NaN where nothing was published.
    pub(super) points: &'static [Point],
}

const NAN: f64 = f64::NAN;

/// The paper's three methods as released.
const ALGORITHM1: &str = Method::Algorithm1Released.name();
const FP_SGDA: &str = Method::FpSgdaReleased.name();
const WMMSE_SDR: &str = Method::WmmseSdrReleased.name();

/// Algorithm 1 with six sensing streams and with none.
pub(super) const ALGORITHM1_STREAMS: [&str; 2] =
    ["algorithm1_released_ns6", "algorithm1_released_ns0"];

/// Fig. 3 at some of the sixty weights; x is log10 of the weight of the rate.
pub(super) const FIG3: [Curve; 3] = [
    Curve {
        algorithm: ALGORITHM1,
        label: "Algorithm 1",
        points: &[
            [-7.0, 0.000, 1.8969, NAN],
            [-2.2, 3.243, 1.8977, NAN],
            [-1.0, 9.056, 2.1751, NAN],
            [0.2, 12.940, 3.8148, NAN],
            [1.4, 13.785, 9.0961, NAN],
            [3.8, 13.944, 19.829, NAN],
        ],
    },
    Curve {
        algorithm: FP_SGDA,
        label: "FP-SGDA",
        points: &[
            [-7.0, 0.106, 1.9090, NAN],
            [-2.2, 0.276, 1.9110, NAN],
            [-1.0, 8.854, 2.2076, NAN],
            [0.2, 12.974, 3.7735, NAN],
            [1.4, 13.848, 8.6870, NAN],
            [3.8, 13.947, 19.507, NAN],
        ],
    },
    Curve {
        algorithm: WMMSE_SDR,
        label: "WMMSE-SDR",
        points: &[
            [-7.0, 3.088, 1.8971, NAN],
            [-5.0, 3.228, 1.8971, NAN],
            [-2.2, 3.698, 1.9024, NAN],
            [-1.0, 9.483, 2.2505, NAN],
            [0.2, 12.967, 3.7631, NAN],
            [1.4, 13.844, 8.6346, NAN],
            [3.8, 13.946, 19.260, NAN],
        ],
    },
];

/// Fig. 6; x is the number of users.
pub(super) const FIG6: [Curve; 3] = [
    Curve {
        algorithm: ALGORITHM1,
        label: "Algorithm 1",
        points: &[
            [2.0, 6.462, 2.147, -0.5319],
            [4.0, 10.987, 2.483, 0.2637],
            [6.0, 14.080, 2.765, 0.7553],
            [8.0, 15.976, 2.962, 1.0325],
            [10.0, 17.179, 3.088, 1.2070],
            [12.0, 18.050, 3.188, 1.3247],
        ],
    },
    Curve {
        algorithm: FP_SGDA,
        label: "FP-SGDA",
        points: &[
            [2.0, 6.382, 2.180, -0.5847],
            [4.0, 10.917, 2.490, 0.2392],
            [6.0, 13.826, 2.737, 0.7195],
            [8.0, 15.401, 2.896, 0.9543],
            [10.0, 16.471, 2.999, 1.1187],
            [12.0, 16.902, 3.014, 1.2117],
        ],
    },
    Curve {
        algorithm: WMMSE_SDR,
        label: "WMMSE-SDR",
        points: &[
            [2.0, 6.437, 2.141, -0.5321],
            [4.0, 11.100, 2.525, 0.2497],
            [6.0, 14.642, 2.973, 0.6874],
            [8.0, 17.282, 3.503, 0.8174],
            [10.0, 19.041, 3.943, 0.8170],
            [12.0, 20.089, 4.122, 0.9006],
        ],
    },
];

/// Fig. 7; x is the transmit power in dBm.
pub(super) const FIG7: [Curve; 3] = [
    Curve {
        algorithm: ALGORITHM1,
        label: "Algorithm 1",
        points: &[
            [-5.0, 0.0006, 59.983, -59.983],
            [0.0, 1.336, 18.992, -18.658],
            [5.0, 4.300, 6.295, -5.220],
            [10.0, 10.952, 2.462, 0.2763],
            [15.0, 16.922, 1.003, 3.228],
            [20.0, 22.330, 0.437, 5.145],
        ],
    },
    Curve {
        algorithm: FP_SGDA,
        label: "FP-SGDA",
        points: &[
            [-5.0, 0.249, 59.984, -59.922],
            [0.0, 1.269, 18.993, -18.676],
            [5.0, 4.257, 6.303, -5.239],
            [10.0, 10.878, 2.471, 0.249],
            [15.0, 16.523, 1.056, 3.074],
            [20.0, 19.499, 0.542, 4.333],
        ],
    },
    Curve {
        algorithm: WMMSE_SDR,
        label: "WMMSE-SDR",
        points: &[
            [-5.0, 0.529, 59.985, -59.853],
            [0.0, 1.340, 18.992, -18.657],
            [5.0, 4.320, 6.304, -5.224],
            [10.0, 11.021, 2.489, 0.2661],
            [15.0, 16.898, 0.998, 3.227],
            [20.0, 22.293, 0.432, 5.141],
        ],
    },
];

/// Fig. 5 and Table I as printed, two decimals; x is the true number of antennas (the paper's labels
/// are half of it).
pub(super) const TABLE1: [Curve; 5] = [
    Curve {
        algorithm: ALGORITHM1_STREAMS[0],
        label: "Algorithm 1, Ns = 6",
        points: &[
            [16.0, 10.95, 2.46, NAN],
            [32.0, 15.07, 1.13, NAN],
            [64.0, 18.25, 0.85, NAN],
            [128.0, 21.04, 0.78, NAN],
            [256.0, 23.61, 0.81, NAN],
        ],
    },
    Curve {
        algorithm: ALGORITHM1_STREAMS[1],
        label: "Algorithm 1, Ns = 0",
        points: &[
            [16.0, 10.93, 2.46, NAN],
            [32.0, 15.07, 1.13, NAN],
            [64.0, 18.27, 0.85, NAN],
            [128.0, 21.13, 0.77, NAN],
            [256.0, 23.78, 0.78, NAN],
        ],
    },
    Curve {
        algorithm: Method::LowDimPublished.name(),
        label: "Low-dimensional, released",
        points: &[
            [16.0, 10.95, 2.46, NAN],
            [32.0, 15.04, 1.14, NAN],
            [64.0, 18.12, 0.87, NAN],
            [128.0, 20.77, 0.79, NAN],
            [256.0, 23.38, 0.80, NAN],
        ],
    },
    Curve {
        algorithm: FP_SGDA,
        label: "FP-SGDA",
        points: &[
            [16.0, 10.88, 2.47, NAN],
            [32.0, 14.97, 1.15, NAN],
            [64.0, 18.12, 0.87, NAN],
            [128.0, 20.91, 0.79, NAN],
            [256.0, 23.45, 0.82, NAN],
        ],
    },
    Curve {
        algorithm: WMMSE_SDR,
        label: "WMMSE-SDR",
        points: &[
            [16.0, 11.02, 2.49, NAN],
            [32.0, 15.02, 1.12, NAN],
            [64.0, 18.16, 0.83, NAN],
        ],
    },
];

/// Fig. 4: published mean objectives for K users and Ns sensing streams.
pub(super) struct Streams {
    pub(super) users: usize,
    pub(super) algorithm1: &'static [[f64; 2]],
    pub(super) wmmse_sdr: &'static [[f64; 2]],
}

/// Fig. 4; without users the power is 20 dBm and there is one run.
pub(super) const FIG4: [Streams; 4] = [
    Streams {
        users: 0,
        algorithm1: &[
            [1.0, -1.2505],
            [2.0, -0.5662],
            [3.0, -0.49855],
            [8.0, -0.49855],
        ],
        wmmse_sdr: &[
            [1.0, -735.1],
            [2.0, -2.143],
            [3.0, -0.49855],
            [8.0, -0.49855],
        ],
    },
    Streams {
        users: 1,
        algorithm1: &[
            [0.0, -11.9164],
            [1.0, -5.0003],
            [2.0, -4.3290],
            [3.0, -4.3295],
            [4.0, -4.3294],
            [8.0, -4.3294],
        ],
        wmmse_sdr: &[
            [0.0, -121_527.0],
            [1.0, -38.95],
            [2.0, -4.3291],
            [8.0, -4.3291],
        ],
    },
    Streams {
        users: 2,
        algorithm1: &[
            [0.0, -4.6415],
            [1.0, -3.8841],
            [2.0, -3.8857],
            [8.0, -3.8858],
        ],
        wmmse_sdr: &[[0.0, -146.8], [1.0, -4.162], [2.0, -3.9222], [8.0, -3.9222]],
    },
    Streams {
        users: 3,
        algorithm1: &[
            [0.0, -3.5537],
            [1.0, -3.5635],
            [2.0, -3.5597],
            [8.0, -3.5598],
        ],
        wmmse_sdr: &[
            [0.0, -3.578],
            [1.0, -3.8999],
            [2.0, -3.8998],
            [8.0, -3.8998],
        ],
    },
];

/// Fig. 2: weight of the rate, iterations and final objective published.
pub(super) const FIG2: [[f64; 3]; 3] = [
    [0.05, 588.0, -0.3387],
    [0.10, 699.0, 0.1830],
    [0.15, 734.0, 0.7485],
];

/// Fixed targets of Figs. 3 and 5 to 7, rounded to six digits: angles, then coefficients.
pub(super) const TARGETS: [[f64; 4]; 2] = [
    [-0.739833, -0.657095, 0.0870197, 6.2536e-5],
    [-0.853804, -0.323457, -0.0399207, 0.117],
];

/// Fixed targets of Fig. 4, rounded to six digits.
pub(super) const TARGETS_FIG4: [[f64; 4]; 3] = [
    [-0.216210, 0.387923, 0.0727801, 0.0477020],
    [0.0812976, -0.618994, 0.0481969, 0.113841],
    [-0.169239, 0.791927, -0.0479290, 0.0699936],
];

/// Targets from rows of `theta, phi, Re alpha, Im alpha`.
pub(super) fn targets(rows: &[[f64; 4]]) -> Result<Targets, Error> {
    let column = |i: usize| rows.iter().map(|row| row[i]).collect();
    let alpha = rows.iter().map(|row| c64::new(row[2], row[3])).collect();
    Ok(Targets::new(column(0), column(1), alpha)?)
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
    targets(&rows)
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
    let out = objectives_of(&package::table(folder, file)?, x, name)?;
    if out.is_empty() {
        return Err(Error::Usage(format!(
            "{}: no rows, expected some of the algorithm {name}",
            folder.join(file).display()
        )));
    }
    Ok(out)
}

fn objectives_of(
    table: &CsvTable,
    x: &str,
    name: &str,
) -> Result<BTreeMap<(i64, usize), f64>, Error> {
    let (algorithm, x) = (table.column("algorithm")?, table.column(x)?);
    let (realization, objective) = (table.column("realization")?, table.column("objective")?);
    table.unrepeated(&[algorithm, x, realization])?;
    let mut out = BTreeMap::new();
    for row in 0..table.rows.len() {
        if table.rows[row][algorithm].trim() == name {
            let key = (
                thousandths(table.finite(row, x)?),
                table.index(row, realization)?,
            );
            out.insert(key, table.finite(row, objective)?);
        }
    }
    Ok(out)
}

/// Published means `(sum rate, CRLB)` of Algorithm 1 in Fig. 3, by thousandths of log10 of the
/// weight.
pub(super) fn tradeoff_means(folder: &Path) -> Result<BTreeMap<i64, [f64; 2]>, Error> {
    tradeoff_of(&package::table(folder, "fig3_tradeoff.csv")?)
}

fn tradeoff_of(table: &CsvTable) -> Result<BTreeMap<i64, [f64; 2]>, Error> {
    let (algorithm, x) = (table.column("algorithm")?, table.column("log10_delta_c")?);
    let rate = table.column("mean_sum_rate_nats")?;
    let crlb = table.column("mean_crlb_trace")?;
    table.unrepeated(&[algorithm, x])?;
    let mut out = BTreeMap::new();
    for row in 0..table.rows.len() {
        if table.rows[row][algorithm].trim() == "algorithm1" {
            let means = [table.finite(row, rate)?, table.finite(row, crlb)?];
            out.insert(thousandths(table.finite(row, x)?), means);
        }
    }
    Ok(out)
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
        objectives_of(table, x.unwrap_or("K"), first("algorithm")?).map(drop)
    } else {
        tradeoff_of(table).map(drop)
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
