//! Documents of schema `noma/1`: explicit channels or a Rayleigh draw, and cases with overrides.

use isac_algos::noma::robust::ErrorBall;
use isac_algos::noma::{Mode, PowerWeights, Scene, Sensing};
use isac_linalg::{Mat, c64};
use isac_metrics::noma::SicSet;
use isac_models::array::{Scaling, Ula};
use isac_models::channel::rayleigh;
use isac_models::rng::{Stream, stream};

use crate::document::Node;
use crate::error::Error;

const FIELDS: [&str; 10] = [
    "angles_deg",
    "spacing_wavelengths",
    "steering",
    "H",
    "sigma2_W",
    "Ps_W",
    "Pdiff_W",
    "xi_W2",
    "rho_c",
    "rho_s",
];

const CASE: [&str; 11] = [
    "problem",
    "sic",
    "ordering",
    "gamma",
    "gamma_dB",
    "P_total_W",
    "eps",
    "residual",
    "override",
    "expected",
    "tolerance",
];

/// What a case asks for.
#[derive(Debug, Clone)]
#[expect(clippy::enum_variant_names, reason = "the names of the documents")]
pub(super) enum Problem {
    PowerMin { gamma: Vec<f64> },
    MaxMin { budget: f64 },
    RobustPowerMin { gamma: Vec<f64>, ball: ErrorBall },
    RobustMaxMin { budget: f64, ball: ErrorBall },
}

impl Problem {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::PowerMin { .. } => "power_min",
            Self::MaxMin { .. } => "max_min",
            Self::RobustPowerMin { .. } => "robust_power_min",
            Self::RobustMaxMin { .. } => "robust_max_min",
        }
    }
}

/// A case, ready to solve.
pub(super) struct Case {
    pub(super) scene: Scene,
    pub(super) problem: Problem,
    /// Given beams of a non-robust design, antennas x users in the document's order.
    pub(super) nonrobust_beams: Option<Mat<c64>>,
}

/// Refuses unknown keys at the root.
pub(super) fn check_root(root: &Node<'_>) -> Result<(), Error> {
    let mut known = FIELDS.to_vec();
    known.extend(["N", "K", "M", "cases", "tolerance", "seed", "realization"]);
    root.known_keys(&known)
}

/// The cases of a document.
pub(super) fn cases<'a>(root: &Node<'a>) -> Result<Vec<Node<'a>>, Error> {
    check_root(root)?;
    let cases = root.get("cases")?;
    let list = cases.items()?;
    if list.is_empty() {
        return Err(cases.wrong("at least one case"));
    }
    Ok(list)
}

/// Reads one case; `seed` is for channels that are drawn.
pub(super) fn read(root: &Node<'_>, node: &Node<'_>, seed: u64) -> Result<Case, Error> {
    let mut known = CASE.to_vec();
    known.push("nonrobust_beams");
    node.known_keys(&known)?;
    let changes = node.opt("override");
    if let Some(changes) = &changes {
        let mut known = FIELDS.to_vec();
        known.push("users");
        changes.known_keys(&known)?;
    }
    let field = |key: &str| -> Option<Node<'_>> {
        // An override of `null` takes the field away.
        if let Some(changes) = &changes
            && changes.value.get(key).is_some()
        {
            return changes.opt(key);
        }
        root.opt(key)
    };
    let needed = |key: &str| field(key).map_or_else(|| root.get(key), Ok);

    let mut channels = match field("H") {
        Some(h) => h.matrix_c64()?,
        None => {
            let (n, k) = (root.get("N")?.usize()?, root.get("K")?.usize()?);
            let index = root.opt("realization").map_or(Ok(0), |r| r.usize())?;
            rayleigh(n, k, 1.0, &mut stream(seed, Stream::Channel, index as u64))
        }
    };
    let overridden = changes.is_some();
    if !overridden {
        for (key, size) in [("N", channels.nrows()), ("K", channels.ncols())] {
            if let Some(stated) = root.opt(key)
                && stated.usize()? != size
            {
                return Err(stated.wrong(format!("{size}, the size of `H`")));
            }
        }
    }
    if let Some(users) = changes.as_ref().and_then(|c| c.opt("users")) {
        let mut kept = Vec::new();
        for item in users.items()? {
            let user = item.usize()?;
            if user >= channels.ncols() {
                return Err(item.wrong(format!("a user below {}", channels.ncols())));
            }
            kept.push(user);
        }
        channels = Mat::from_fn(channels.nrows(), kept.len(), |n, k| channels[(n, kept[k])]);
    }
    let antennas = channels.nrows();
    let steering = match field("steering") {
        Some(given) => given.matrix_c64()?,
        None => {
            let angles: Vec<f64> = match field("angles_deg") {
                Some(list) => list.vec()?,
                None => Vec::new(),
            };
            if let (Some(stated), false) = (root.opt("M"), overridden)
                && stated.usize()? != angles.len()
            {
                return Err(stated.wrong(format!("{}, the number of angles", angles.len())));
            }
            let spacing = field("spacing_wavelengths").map_or(Ok(0.5), |s| s.positive(""))?;
            let array = Ula::new(antennas.max(1), spacing, Scaling::UnitEntries)
                .map_err(|e| root.refused(e))?;
            let radians: Vec<f64> = angles.iter().map(|a| a.to_radians()).collect();
            array.steering(&radians)
        }
    };
    let sensing = Sensing {
        floor: match field("Ps_W") {
            Some(floor) => floor.f64()?,
            None if steering.ncols() == 0 => 0.0,
            None => root.get("Ps_W")?.f64()?,
        },
        difference: match field("Pdiff_W") {
            Some(difference) => difference.f64()?,
            None if steering.ncols() < 2 => 0.0,
            None => root.get("Pdiff_W")?.f64()?,
        },
        cross_correlation: field("xi_W2").map(|xi| xi.f64()).transpose()?,
    };
    let defaults = PowerWeights::default();
    let mode = Mode {
        sic: match node.opt("sic") {
            Some(sic) => {
                let names: Vec<&str> = SicSet::ALL.iter().map(|s| s.name()).collect();
                SicSet::ALL[sic.one_of(&names)?]
            }
            None => SicSet::default(),
        },
        ordering: node.opt("ordering").map_or(Ok(false), |o| o.bool())?,
        weights: PowerWeights {
            transmit: field("rho_c").map_or(Ok(defaults.transmit), |r| r.f64())?,
            sensing: field("rho_s").map_or(Ok(defaults.sensing), |r| r.f64())?,
        },
    };
    let noise = needed("sigma2_W")?.f64()?;
    let scene = Scene::new(channels.as_ref(), steering.as_ref(), noise, sensing, mode)
        .map_err(|e| node.refused(e))?;
    let problem = read_problem(node, &scene)?;
    let nonrobust_beams = node
        .opt("nonrobust_beams")
        .map(|b| b.matrix_c64_of(antennas, scene.users()))
        .transpose()?;
    Ok(Case {
        scene,
        problem,
        nonrobust_beams,
    })
}

fn read_problem(node: &Node<'_>, scene: &Scene) -> Result<Problem, Error> {
    let gamma = || -> Result<Vec<f64>, Error> {
        let (stated, linear): (Node<'_>, fn(f64) -> f64) = match node.opt("gamma_dB") {
            Some(db) => (db, |x| 10f64.powf(x / 10.0)),
            None => (node.get("gamma")?, |x| x),
        };
        let list = if stated.value.is_array() {
            stated.vec_of(scene.users())?
        } else {
            vec![stated.f64()?; scene.users()]
        };
        let list: Vec<f64> = list.into_iter().map(linear).collect();
        scene.sinr_targets(&list).map_err(|e| stated.refused(e))?;
        Ok(list)
    };
    let budget = || node.get("P_total_W")?.positive("W");
    let ball = || -> Result<ErrorBall, Error> {
        Ok(ErrorBall {
            radius: node.get("eps")?.nonnegative("")?,
            residual: node.opt("residual").map_or(Ok(true), |r| r.bool())?,
        })
    };
    let names = ["power_min", "max_min", "robust_power_min", "robust_max_min"];
    Ok(match node.get("problem")?.one_of(&names)? {
        0 => Problem::PowerMin { gamma: gamma()? },
        1 => Problem::MaxMin { budget: budget()? },
        2 => Problem::RobustPowerMin {
            gamma: gamma()?,
            ball: ball()?,
        },
        _ => Problem::RobustMaxMin {
            budget: budget()?,
            ball: ball()?,
        },
    })
}

/// Columns by user as factors by decoding position.
pub(super) fn factors_by_position(scene: &Scene, beams: &Mat<c64>) -> Vec<Mat<c64>> {
    (0..scene.users())
        .map(|p| beams.subcols(scene.user(p), 1).to_owned())
        .collect()
}
