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

use super::scenario::{self, TOP_KEYS};
use isac_lab::document::Node;
use isac_lab::error::Error;

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
    /// Reads a document, or draws from its scenario; `seed` replaces the document's own.
    pub(super) fn read(root: &Node<'_>, seed: Option<u64>) -> Result<Self, Error> {
        if let Some(posed) = scenario::of_document(root)? {
            let seed = seed.or(posed.seed).unwrap_or(isac_lab::DEFAULT_SEED);
            let channel = posed.scenario.channel(seed, posed.drop);
            let problem = posed.scenario.problem(channel);
            return Ok(Self {
                problem: problem.map_err(|e| scenario::classify(root, e))?,
                sensing_streams: None,
                start: None,
                seed,
            });
        }
        root.known_keys(&TOP_KEYS)?;
        root.needs(&[
            "parameters.nt_h",
            "parameters.nt_v",
            "parameters.nr_h",
            "parameters.nr_v",
            "parameters.K",
            "parameters.M",
            "parameters.L",
            "parameters.delta_c",
            "parameters.delta_s",
        ])?;
        let parameters = root.get("parameters")?;
        parameters.known_keys(&PARAMETER_KEYS)?;
        let stated = root.opt("seed").map(|node| node.u64()).transpose()?;
        let seed = seed.or(stated).unwrap_or(isac_lab::DEFAULT_SEED);
        let count = |key: &str| parameters.get(key)?.usize();
        let users = count("K")?;
        sizes(&parameters, count("M")?)?;
        if users + count("M")? == 0 {
            let expected = "at least one user or, by `M`, one target";
            return Err(parameters.get("K")?.wrong(expected));
        }
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
        let snapshots = parameters.get("L")?.count(1, usize::MAX)?;
        let sensing = AngleSensing::new(&transmit, &receive, &targets, snapshots, radar_noise)
            .map_err(|e| degenerate(root, &parameters, e))?;
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
        if let (Some(stated), Some(columns)) = (stated, columns)
            && stated != columns
        {
            let expected = format!("{columns}, as many as `W0` has columns beyond K = {users}");
            return Err(parameters.get("Ns")?.wrong(expected));
        }
        Ok(Self {
            problem,
            sensing_streams: stated.or(columns),
            start,
            seed,
        })
    }
}

/// Reads a document with its metric cases.
pub(super) fn read_all(root: &Node<'_>) -> Result<(), Error> {
    let instance = Instance::read(root, None)?;
    let cases = root
        .opt("metric_cases")
        .map_or(Ok(Vec::new()), |node| node.objects())?;
    cases
        .iter()
        .try_for_each(|case| beamformer(&case.get("W")?, &instance.problem).map(drop))
}

/// Refuses sizes whose matrices no memory holds.
fn sizes(parameters: &Node<'_>, targets: usize) -> Result<(), Error> {
    let count = |key: &str| -> Result<f64, Error> {
        match parameters.opt(key) {
            Some(node) => Ok(node.usize()? as f64),
            None => Ok(0.0),
        }
    };
    let columns = count("K")? + 3.0 * targets as f64 + count("Ns")? + 1.0;
    for (h, v) in [("nt_h", "nt_v"), ("nr_h", "nr_v")] {
        let side = |key: &str| parameters.get(key)?.count(1, usize::MAX);
        let (wide, high) = (side(h)? as f64, side(v)? as f64);
        // The largest of the sizes is the one at fault.
        let mut at_fault = if wide > high { h } else { v };
        for key in ["K", "M", "Ns"] {
            if count(key)? > wide.max(high) {
                at_fault = key;
            }
        }
        let array = format!("a matrix of {h} x {v} rows and K + 3 M + Ns + 1 columns");
        parameters
            .get(at_fault)?
            .holds(wide * high * columns, &array)?;
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

/// Powers in watts under `key`, or in dBm under `key_dBm`: one, or one per user.
fn powers(parameters: &Node<'_>, key: &str, count: usize) -> Result<Vec<f64>, Error> {
    let dbm = format!("{key}_dBm");
    let (spelling, node) = match parameters.one_spelling(&[key, &dbm])? {
        Some(found) => found,
        None => (0, parameters.get(key)?),
    };
    let mut watts = node.broadcast(count)?;
    if spelling == 1 {
        watts.iter_mut().for_each(|w| *w = Dbm(*w).watts());
    }
    if watts.iter().any(|w| !(*w > 0.0 && w.is_finite())) {
        let unit = ["W", "dBm whose watts a number can hold"][spelling];
        let expected = ["a finite number > 0", "a number of"][spelling];
        return Err(node.wrong(format!("{expected} {unit}")));
    }
    Ok(watts)
}

fn power(parameters: &Node<'_>, key: &str) -> Result<f64, Error> {
    let watts = powers(parameters, key, 1)?;
    Ok(watts[0])
}

fn user_noise(parameters: &Node<'_>, users: usize) -> Result<Vec<f64>, Error> {
    let stated = ["sigma_c2", "sigma_c2_dBm"].map(|key| parameters.opt(key).is_some());
    if users == 0 && stated == [false, false] {
        return Ok(Vec::new());
    }
    powers(parameters, "sigma_c2", users)
}

fn targets(root: &Node<'_>, count: usize) -> Result<Targets, Error> {
    if count == 0 && root.opt("theta").is_none() && root.opt("theta_deg").is_none() {
        return Ok(Targets::none());
    }
    let angles = |key: &str| -> Result<Vec<f64>, Error> {
        let degrees = format!("{key}_deg");
        match root.one_spelling(&[key, &degrees])? {
            Some((1, node)) => {
                let degrees = node.vec_of(count)?;
                Ok(degrees.into_iter().map(|d| Degrees(d).radians()).collect())
            }
            _ => root.get(key)?.vec_of(count),
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
    if let Some(at) = coefficients
        .iter()
        .position(|alpha| alpha.norm_sqr() <= 0.0)
    {
        return Err(alpha.wrong(format!("coefficients other than 0, as of target {at}")));
    }
    Targets::new(angles("theta")?, angles("phi")?, coefficients).map_err(|e| root.refused(e))
}

/// Names the angle of a degenerate target as the document spells it.
fn degenerate(root: &Node<'_>, parameters: &Node<'_>, error: isac_metrics::Error) -> Error {
    let isac_metrics::Error::DegenerateTarget {
        target, angle, why, ..
    } = &error
    else {
        return parameters.refused(error);
    };
    let degrees = format!("{angle}_deg");
    let key = match root.opt(&degrees) {
        Some(_) => degrees.as_str(),
        None => angle,
    };
    let given = root.opt(key).and_then(|node| node.vec().ok());
    Error::Field {
        file: root.file.into(),
        path: format!("{key}[{target}]"),
        value: given
            .and_then(|list| list.get(*target).map(f64::to_string))
            .unwrap_or_default(),
        expected: format!("a target that is not degenerate: {why}"),
    }
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
