//! Reading `obs-crlb/1` documents: explicit channels as in the fixtures, or scenarios that draw
//! them.

use isac_algos::obs_crlb::{SumRateCrlb, Weights};
use isac_linalg::{Mat, c64};
use isac_metrics::AngleSensing;
use isac_models::array::{KronOrder, Scaling, Upa};
use isac_models::channel::rayleigh;
use isac_models::rng::{Stream, stream};
use isac_models::target::Targets;
use isac_models::units::{Db, Dbm, Degrees};

use crate::document::Node;
use crate::error::Error;

const TOP_KEYS: [&str; 13] = [
    "parameters",
    "H",
    "channel",
    "theta",
    "phi",
    "theta_deg",
    "phi_deg",
    "alpha",
    "W0",
    "seed",
    "metric_cases",
    "expected",
    "tolerance",
];
const PARAMETER_KEYS: [&str; 17] = [
    "nt_h",
    "nt_v",
    "nr_h",
    "nr_v",
    "K",
    "M",
    "Ns",
    "L",
    "Pt",
    "Pt_dBm",
    "sigma_c2",
    "sigma_c2_dBm",
    "sigma_s2",
    "sigma_s2_dBm",
    "delta_c",
    "delta_s",
    "kron_order",
];

/// The problem of a document.
pub(super) struct Instance {
    pub(super) problem: SumRateCrlb,
    /// Sensing streams asked for, by `Ns` or by the columns of `W0`.
    pub(super) sensing_streams: Option<usize>,
    /// The start `W0`, if given.
    pub(super) start: Option<Mat<c64>>,
    pub(super) seed: u64,
}

impl Instance {
    /// Reads a document; `seed` replaces the document's own.
    pub(super) fn read(root: &Node<'_>, seed: Option<u64>) -> Result<Self, Error> {
        root.known_keys(&TOP_KEYS)?;
        let parameters = root.get("parameters")?;
        parameters.known_keys(&PARAMETER_KEYS)?;
        let stated = root.opt("seed").map(|node| node.u64()).transpose()?;
        let seed = seed.or(stated).unwrap_or(crate::DEFAULT_SEED);
        let count = |key: &str| parameters.get(key)?.usize();
        let users = count("K")?;
        sizes(&parameters, count("M")?)?;
        let order = match parameters.opt("kron_order") {
            None => KronOrder::default(),
            Some(node) => match node.one_of(&["hv", "vh"])? {
                0 => KronOrder::HorizontalSlow,
                _ => KronOrder::VerticalSlow,
            },
        };
        let array = |h: &str, v: &str| -> Result<Upa, Error> {
            let upa = Upa::new(count(h)?, count(v)?, order, Scaling::UnitNorm);
            upa.map_err(|e| parameters.refused(e))
        };
        let (transmit, receive) = (array("nt_h", "nt_v")?, array("nr_h", "nr_v")?);
        let targets = targets(root, count("M")?)?;
        let radar_noise = power(&parameters, "sigma_s2")?;
        let snapshots = count("L")?;
        let sensing = AngleSensing::new(&transmit, &receive, &targets, snapshots, radar_noise)
            .map_err(|e| parameters.refused(e))?;
        let weight = |key: &str| parameters.get(key)?.nonnegative("");
        let weights = Weights {
            rate: weight("delta_c")?,
            crlb: weight("delta_s")?,
        };
        let channel = channel(root, transmit.elements(), users, seed)?;
        let problem = SumRateCrlb::new(
            channel,
            sensing,
            user_noise(&parameters, users)?,
            power(&parameters, "Pt")?,
            weights,
        )
        .map_err(|e| root.refused(e))?;
        let start = match root.opt("W0") {
            None => None,
            Some(node) => Some(start(&node, &problem)?),
        };
        let stated = parameters.opt("Ns").map(|node| node.usize()).transpose()?;
        let columns = start.as_ref().map(|w| w.ncols() - users);
        Ok(Self {
            problem,
            sensing_streams: stated.or(columns),
            start,
            seed,
        })
    }
}

/// Refuses sizes whose matrices no memory holds.
fn sizes(parameters: &Node<'_>, targets: usize) -> Result<(), Error> {
    const MOST: f64 = 1e8;
    let count = |key: &str| -> Result<f64, Error> {
        match parameters.opt(key) {
            Some(node) => Ok(node.usize()? as f64),
            None => Ok(0.0),
        }
    };
    let columns = count("K")? + 3.0 * targets as f64 + count("Ns")? + 1.0;
    for (h, v) in [("nt_h", "nt_v"), ("nr_h", "nr_v")] {
        let elements = count(h)? * count(v)?;
        if elements * columns > MOST {
            let node = parameters.get(if count(h)? > count(v)? { h } else { v })?;
            return Err(node.wrong(format!(
                "{h} x {v} elements times K + 3 M + Ns + 1 columns of at most {MOST:e} entries"
            )));
        }
    }
    Ok(())
}

/// A beamformer with `Nt` rows and at least `K` columns.
pub(super) fn beamformer(node: &Node<'_>, problem: &SumRateCrlb) -> Result<Mat<c64>, Error> {
    let w = node.columns_c64(problem.antennas())?;
    let least = problem.users().max(1);
    if w.ncols() < least {
        let expected = format!("{} x ({least} or more) complex entries", problem.antennas());
        return Err(node.wrong(format!("{expected}, not {} x {}", w.nrows(), w.ncols())));
    }
    Ok(w)
}

/// A start: a beamformer other than zero.
fn start(node: &Node<'_>, problem: &SumRateCrlb) -> Result<Mat<c64>, Error> {
    let w = beamformer(node, problem)?;
    if isac_linalg::ops::norm2(w.as_ref()) > 0.0 {
        return Ok(w);
    }
    Err(node.wrong("a start other than 0"))
}

/// A power in watts under `key`, or in dBm under `key_dBm`.
fn power(parameters: &Node<'_>, key: &str) -> Result<f64, Error> {
    match parameters.opt(&format!("{key}_dBm")) {
        Some(node) if parameters.opt(key).is_none() => Ok(Dbm(node.f64()?).watts()),
        Some(node) => Err(node.wrong(format!("either `{key}` or `{key}_dBm`, not both"))),
        None => parameters.get(key)?.positive("W"),
    }
}

fn user_noise(parameters: &Node<'_>, users: usize) -> Result<Vec<f64>, Error> {
    if let Some(node) = parameters.opt("sigma_c2_dBm") {
        let levels = node.broadcast(users)?;
        return Ok(levels.into_iter().map(|level| Dbm(level).watts()).collect());
    }
    if users == 0 && parameters.opt("sigma_c2").is_none() {
        return Ok(Vec::new());
    }
    let node = parameters.get("sigma_c2")?;
    let noise = node.broadcast(users)?;
    if noise.iter().any(|sigma2| *sigma2 <= 0.0) {
        return Err(node.wrong("noise powers > 0 W"));
    }
    Ok(noise)
}

fn targets(root: &Node<'_>, count: usize) -> Result<Targets, Error> {
    if count == 0 && root.opt("theta").is_none() && root.opt("theta_deg").is_none() {
        return Ok(Targets::none());
    }
    let angles = |key: &str| -> Result<Vec<f64>, Error> {
        match root.opt(&format!("{key}_deg")) {
            Some(node) => {
                let degrees = node.vec_of(count)?;
                Ok(degrees.into_iter().map(|d| Degrees(d).radians()).collect())
            }
            None => root.get(key)?.vec_of(count),
        }
    };
    let alpha = root.get("alpha")?;
    let coefficients = match alpha.array_c64()? {
        empty if empty.data.is_empty() => Vec::new(),
        _ => alpha.vec_c64()?,
    };
    if coefficients.len() != count {
        return Err(alpha.wrong(format!("{count} complex entries, one per target")));
    }
    Targets::new(angles("theta")?, angles("phi")?, coefficients).map_err(|e| root.refused(e))
}

/// `H` as given, or drawn: `channel = { model = "rayleigh", gain_dB = 0, realization = 0 }`.
fn channel(root: &Node<'_>, antennas: usize, users: usize, seed: u64) -> Result<Mat<c64>, Error> {
    if users == 0 {
        // No users: `H` may be absent or have no column.
        if let Some(node) = root.opt("H") {
            let entries = node.array_c64()?.data.len();
            if entries > 0 {
                return Err(node.wrong(format!("no entries for K = 0, not {entries}")));
            }
        }
        return Ok(Mat::zeros(antennas, 0));
    }
    let Some(spec) = root.opt("channel") else {
        return root.get("H")?.matrix_c64_of(antennas, users);
    };
    if let Some(node) = root.opt("H") {
        return Err(node.wrong("either `H` or `channel`, not both"));
    }
    spec.known_keys(&["model", "gain_dB", "realization"])?;
    spec.get("model")?.one_of(&["rayleigh"])?;
    let gain = spec.opt("gain_dB").map(|node| node.f64()).transpose()?;
    let realization = spec.opt("realization").map(|node| node.u64()).transpose()?;
    let mut rng = stream(seed, Stream::Channel, realization.unwrap_or(0));
    let gain = Db(gain.unwrap_or(0.0)).linear();
    Ok(rayleigh(antennas, users, gain, &mut rng))
}
