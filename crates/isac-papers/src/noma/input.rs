//! Documents of schema `noma/1`: explicit channels or a Rayleigh draw, and cases with overrides.

use isac_algos::noma::robust::ErrorBall;
use isac_algos::noma::{Mode, PowerWeights, Scene, Sensing};
use isac_linalg::{Mat, c64};
use isac_metrics::noma::SicSet;
use isac_models::array::{Scaling, Ula};
use isac_models::channel::rayleigh;
use isac_models::rng::{Stream, stream};
use isac_models::units::Db;

pub(super) use super::case::{Case, Problem};
use super::case::{FIELDS, top_keys};
use super::scenario;
use isac_lab::document::{MOST_ENTRIES, Node};
use isac_lab::error::Error;
use isac_lab::solve::SolveRequest;

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

/// Refuses unknown keys at the root.
pub(super) fn check_root(root: &Node<'_>) -> Result<(), Error> {
    root.known_keys(&top_keys())?;
    match (root.opt("cases"), root.opt("H")) {
        (Some(_), _) => Ok(()),
        (None, Some(_)) => root.needs(&["cases", "sigma2_W"]),
        (None, None) => root.needs(&["cases", "sigma2_W", "N", "K"]),
    }
}

/// The cases of a document.
pub(super) fn cases<'a>(root: &Node<'a>) -> Result<Vec<Node<'a>>, Error> {
    check_root(root)?;
    root.cases()
}

/// Reads all cases.
pub(super) fn read_all(root: &Node<'_>) -> Result<(), Error> {
    let seed = seed(root)?;
    if scenario::of_document(root)?.is_some() {
        return Ok(());
    }
    cases(root)?
        .iter()
        .try_for_each(|node| read(root, node, seed).map(drop))
}

/// The seed of a document.
pub(super) fn seed(root: &Node<'_>) -> Result<u64, Error> {
    root.opt("seed")
        .map_or(Ok(isac_lab::DEFAULT_SEED), |node| node.u64())
}

/// The fields of a document under the overrides of a case.
struct Fields<'a> {
    root: &'a Node<'a>,
    changes: Option<Node<'a>>,
}

impl<'a> Fields<'a> {
    fn opt(&self, key: &str) -> Option<Node<'a>> {
        // An override of `null` takes the field away.
        if let Some(changes) = &self.changes
            && changes.value.get(key).is_some()
        {
            return changes.opt(key);
        }
        self.root.opt(key)
    }

    fn get(&self, key: &str) -> Result<Node<'a>, Error> {
        self.opt(key).map_or_else(|| self.root.get(key), Ok)
    }

    /// A size at the root, if it is stated and no override changes it.
    fn stated(&self, key: &str) -> Result<Option<usize>, Error> {
        match self.root.opt(key) {
            Some(node) if self.changes.is_none() => Ok(Some(node.usize()?)),
            _ => Ok(None),
        }
    }

    /// Antennas x users, of the users that the override keeps.
    fn channels(&self, seed: u64) -> Result<Mat<c64>, Error> {
        let all = match self.opt("H") {
            Some(h) => self.given_channels(&h)?,
            None => drawn_channels(self.root, seed)?,
        };
        for (key, size) in [("N", all.nrows()), ("K", all.ncols())] {
            if self.stated(key)?.is_some_and(|stated| stated != size) {
                return Err(self
                    .root
                    .get(key)?
                    .wrong(format!("{size}, the size of `H`")));
            }
        }
        if let (Some(_), Some(node)) = (self.opt("H"), self.root.opt("realization")) {
            return Err(node.wrong("no such key beside `H`: it numbers channels that are drawn"));
        }
        let Some(users) = self.changes.as_ref().and_then(|c| c.opt("users")) else {
            return Ok(all);
        };
        let list = if users.value.is_number() {
            vec![users]
        } else {
            users.items()?
        };
        let mut kept: Vec<usize> = Vec::new();
        for item in list {
            let user = item.usize()?;
            if user >= all.ncols() || kept.contains(&user) {
                let expected = format!("a user below {}, each once", all.ncols());
                return Err(item.wrong(expected));
            }
            kept.push(user);
        }
        Ok(Mat::from_fn(all.nrows(), kept.len(), |n, k| {
            all[(n, kept[k])]
        }))
    }

    /// `H`; a plain list is one column, or one row where `N` is 1.
    fn given_channels(&self, h: &Node<'_>) -> Result<Mat<c64>, Error> {
        let shape = h.array_c64()?.shape;
        let length = match shape[..] {
            [] => 1,
            [length] => length,
            _ => return h.matrix_c64(),
        };
        match (self.stated("N")?, self.stated("K")?) {
            (Some(rows), Some(cols)) => h.matrix_c64_of(rows, cols),
            (Some(rows), None) => h.columns_c64(rows),
            (None, Some(cols)) if cols != 1 => h.matrix_c64_of(1, cols),
            _ => h.matrix_c64_of(length, 1),
        }
    }

    /// Antennas x targets: as given, or of the array at the angles.
    fn steering(&self, antennas: usize) -> Result<Mat<c64>, Error> {
        let stated = self.stated("M")?;
        let differs = |m: usize| stated.is_some_and(|stated| stated != m);
        if let Some(given) = self.opt("steering") {
            let steering = given.columns_c64(antennas)?;
            if differs(steering.ncols()) {
                let expected = format!("{}, the columns of `steering`", steering.ncols());
                return Err(self.root.get("M")?.wrong(expected));
            }
            for m in 0..steering.ncols() {
                if steering.col(m).norm_l2() <= 0.0 {
                    return Err(
                        given.wrong(format!("steering vectors other than 0, as of target {m}"))
                    );
                }
            }
            return Ok(steering);
        }
        let angles = match self.opt("angles_deg") {
            Some(list) => list.vec()?,
            None => Vec::new(),
        };
        if differs(angles.len()) {
            let expected = format!("{}, the number of `angles_deg`", angles.len());
            return Err(self.root.get("M")?.wrong(expected));
        }
        let spacing = self.opt("spacing_wavelengths");
        let spacing = spacing.map_or(Ok(0.5), |node| node.positive("wavelengths"))?;
        let array =
            Ula::new(antennas, spacing, Scaling::UnitEntries).map_err(|e| self.root.refused(e))?;
        let radians: Vec<f64> = angles.iter().map(|a| a.to_radians()).collect();
        Ok(array.steering(&radians))
    }

    /// What the targets are owed; a key may be absent where it says nothing.
    fn sensing(&self, targets: usize) -> Result<Sensing, Error> {
        let watts = |key: &str, needed: bool| match self.opt(key) {
            None if !needed => Ok(0.0),
            _ => self.get(key)?.nonnegative("W"),
        };
        let xi = self.opt("xi_W2").map(|xi| xi.positive("W^2")).transpose()?;
        Ok(Sensing {
            floor: watts("Ps_W", targets > 0)?,
            difference: watts("Pdiff_W", targets > 1)?,
            cross_correlation: xi,
        })
    }

    fn mode(&self, node: &Node<'_>) -> Result<Mode, Error> {
        let defaults = PowerWeights::default();
        let names: Vec<&str> = SicSet::ALL.iter().map(|s| s.name()).collect();
        Ok(Mode {
            sic: match node.opt("sic") {
                Some(sic) => SicSet::ALL[sic.one_of(&names)?],
                None => SicSet::default(),
            },
            ordering: node.opt("ordering").map_or(Ok(false), |o| o.bool())?,
            weights: PowerWeights {
                transmit: match self.opt("rho_c") {
                    Some(weight) => weight.positive("")?,
                    None => defaults.transmit,
                },
                sensing: match self.opt("rho_s") {
                    Some(weight) => weight.nonnegative("")?,
                    None => defaults.sensing,
                },
            },
        })
    }
}

/// The channels of a document without `H`.
pub(super) fn drawn_channels(root: &Node<'_>, seed: u64) -> Result<Mat<c64>, Error> {
    let size = |key: &str| -> Result<(Node<'_>, usize), Error> {
        let node = root.get(key)?;
        let count = node.count(1, MOST_ENTRIES as usize)?;
        Ok((node, count))
    };
    let ((node, n), (_, k)) = (size("N")?, size("K")?);
    node.holds(n as f64 * k as f64, "`H`, N x K")?;
    let index = root.opt("realization");
    let index = index.map_or(Ok(0), |node| node.u64())?;
    let mut rng = stream(seed, Stream::Channel, index);
    Ok(rayleigh(n, k, 1.0, &mut rng))
}

/// The problem of a scenario, or of the case of a document that is asked for, and the seed.
pub(super) fn posed(root: &Node<'_>, request: &SolveRequest) -> Result<(Case, u64), Error> {
    if let Some(posed) = scenario::of_document(root)? {
        let seed = posed.seed(request)?;
        let case = posed.scenario.case(seed, posed.drop);
        let case = case.map_err(|e| isac_lab::scenario::refused(root, e))?;
        return Ok((case, seed));
    }
    let seed = request.seed.map_or_else(|| seed(root), Ok)?;
    let cases = cases(root)?;
    let wanted = request.case.unwrap_or(0);
    let node = cases.get(wanted).ok_or_else(|| {
        Error::Usage(format!(
            "--case {wanted}: the document has {} cases, counted from 0",
            cases.len()
        ))
    })?;
    Ok((read(root, node, seed)?, seed))
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
    let fields = Fields { root, changes };
    let channels = fields.channels(seed)?;
    let h = fields.opt("H");
    let origin = h.as_ref().unwrap_or(root);
    let (antennas, users) = (channels.nrows(), channels.ncols());
    if antennas == 0 || users == 0 {
        return Err(origin.wrong("channels of at least one antenna and one user"));
    }
    if let Some(k) = (0..users).find(|&k| channels.col(k).norm_l2() <= 0.0) {
        return Err(origin.wrong(format!("channels other than 0, as of user {k}")));
    }
    let steering = fields.steering(antennas)?;
    // A covariance of the span per message, or of all antennas where no beams are found.
    let span = antennas.min(users + steering.ncols()) as f64;
    let entries = (antennas.max(users) as f64).powi(2) + (users + 1) as f64 * span * span;
    match root.opt("K") {
        Some(stated) if h.is_none() => stated.holds(entries, "the covariances")?,
        _ => origin.holds(entries, "the covariances")?,
    }
    let sensing = fields.sensing(steering.ncols())?;
    let mode = fields.mode(node)?;
    let noise = fields.get("sigma2_W")?.positive("W")?;
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
        let (spelling, stated) = match node.one_spelling(&["gamma", "gamma_dB"])? {
            Some(found) => found,
            None => (0, node.get("gamma")?),
        };
        let list = stated.broadcast(scene.users())?;
        let list: Vec<f64> = match spelling {
            0 => list,
            _ => list.into_iter().map(|db| Db(db).linear()).collect(),
        };
        if list
            .iter()
            .any(|gamma| !(*gamma > 0.0 && gamma.is_finite()))
        {
            return Err(stated.wrong("SINR targets > 0 that a number can hold"));
        }
        Ok(list)
    };
    let names = ["power_min", "max_min", "robust_power_min", "robust_max_min"];
    let problem = node.get("problem")?.one_of(&names)?;
    let unused: &[&str] = match problem {
        0 => &["P_total_W", "eps", "residual", "nonrobust_beams"],
        1 => &["gamma", "gamma_dB", "eps", "residual", "nonrobust_beams"],
        2 => &["P_total_W"],
        _ => &["gamma", "gamma_dB"],
    };
    if let Some(node) = unused.iter().find_map(|key| node.opt(key)) {
        return Err(node.wrong(format!("no such key in a case of {}", names[problem])));
    }
    let budget = || node.get("P_total_W")?.positive("W");
    let ball = || -> Result<ErrorBall, Error> {
        Ok(ErrorBall {
            radius: node.get("eps")?.nonnegative("")?,
            residual: node.opt("residual").map_or(Ok(true), |r| r.bool())?,
        })
    };
    Ok(match problem {
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
