//! Reading `alpha-fair/1` documents: explicit instances as in the fixtures.

use isac_algos::alpha_fair::{Problem, RunOptions};
use isac_linalg::{Mat, c64};
use isac_metrics::delay_doppler::{
    BsKnowledge, Combine, DelayDoppler, Disturbance, EchoModel, Gain, Nodes, SensingOptions,
};
use isac_metrics::fairness::{Fairness, Form};
use isac_metrics::ofdm_rate::{Interference, OfdmRate, Streams};
use isac_models::geometry::{MovingTarget, Point, Scene};
use isac_models::ofdm::{EchoWarning, Grid, SPEED_OF_LIGHT_M_S};

use isac_lab::document::{Array, MOST_ENTRIES, Node};
use isac_lab::error::Error;

/// Keys of a document with channels.
pub(super) const TOP_KEYS: [&str; 16] = [
    "params",
    "geometry",
    "nr",
    "aod",
    "steering",
    "beta",
    "tau",
    "doppler",
    "jacobian",
    "channels",
    "W",
    "W0",
    "cases",
    "expected",
    "tolerance",
    "seed",
];
const PARAM_KEYS: [&str; 13] = [
    "N",
    "M",
    "Nt",
    "T",
    "K",
    "fc",
    "bandwidth",
    "subcarrier_spacing",
    "symbol_interval",
    "power",
    "noise_per_subcarrier",
    "rcs",
    "speed_of_light",
];
const GEOMETRY_KEYS: [&str; 4] = ["bs", "targets", "target_velocities", "users"];
const CONFIG_KEYS: [&str; 13] = [
    "combine",
    "bs",
    "interf",
    "nodes",
    "gain",
    "obj",
    "alpha",
    "rmin",
    "rho",
    "iterations",
    "comm_cancel",
    "D",
    "Cref",
];

/// What all cases of a document share.
pub(super) struct Instance {
    /// The resource grid.
    pub(super) grid: Grid,
    streams: Streams,
    steering: Mat<c64>,
    reflection: Vec<f64>,
    antennas: Vec<f64>,
    noise_w: Vec<f64>,
    jacobians: Option<Vec<[[f64; 4]; 2]>>,
    channels: Mat<c64>,
    power_w: f64,
    /// The evaluation point W, if stated.
    pub(super) point: Option<Mat<c64>>,
    /// The start W0, if stated.
    pub(super) start: Option<Mat<c64>>,
    /// What the grid cannot measure of the scene, as far as delays and Doppler shifts or positions are
    /// stated.
    pub(super) warnings: Vec<EchoWarning>,
}

/// One case: its problem and the penalty of its penalised objective.
pub(super) struct Case {
    /// The design problem.
    pub(super) problem: Problem,
    /// The penalty rho.
    pub(super) rho: f64,
    /// Limit of iterations of the paper's method.
    pub(super) iterations: usize,
}

/// Keys that every document states.
const NEEDED: [&str; 14] = [
    "params.N",
    "params.M",
    "params.Nt",
    "params.T",
    "params.K",
    "params.fc",
    "params.symbol_interval",
    "params.noise_per_subcarrier",
    "params.power",
    "nr",
    "steering",
    "beta",
    "channels",
    "cases",
];

impl Instance {
    /// Reads everything but the cases.
    pub(super) fn read(root: &Node<'_>) -> Result<Self, Error> {
        root.known_keys(&TOP_KEYS)?;
        root.needs(&NEEDED)?;
        let params = root.get("params")?;
        params.known_keys(&PARAM_KEYS)?;
        let most = MOST_ENTRIES as usize;
        let size = |key: &str| params.get(key)?.count(1, most);
        let (n, symbols, nt, targets) = (size("N")?, size("M")?, size("Nt")?, size("T")?);
        let users = params.get("K")?.count(0, most)?;
        let beams = (n * nt) as f64 * (users + 1) as f64;
        let largest = if users > n.max(nt) { "K" } else { "N" };
        params.get(largest)?.holds(beams, "`W`, N x (K + 1) x Nt")?;
        let pairs = 8.0 * targets as f64 * (users + 1) as f64;
        params
            .get("T")?
            .holds(pairs, "`jacobian`, T x (K + 1) x 2 x 4")?;
        if let Some(node) = params.opt("speed_of_light")
            && (node.f64()? / SPEED_OF_LIGHT_M_S - 1.0).abs() > 1e-12
        {
            return Err(node.wrong(format!("{SPEED_OF_LIGHT_M_S} m/s")));
        }
        if let Some(node) = params.opt("rcs") {
            node.positive("m^2")?;
        }
        let spacing = spacing(&params, n)?;
        let grid = Grid::new(
            n,
            symbols,
            params.get("fc")?.positive("Hz")?,
            spacing,
            params.get("symbol_interval")?.positive("s")?,
        )
        .map_err(|e| params.refused(e))?;
        let nodes = users + 1;
        let noise = params.get("noise_per_subcarrier")?;
        let noise_w = noise.broadcast(nodes)?;
        let noise_w = each(&noise, noise_w, |w| w > 0.0, "powers > 0 W")?;
        let nr = root.get("nr")?;
        let antennas = each(
            &nr,
            nr.vec_of(nodes)?,
            |n| n > 0.0,
            "numbers of antennas > 0",
        )?;
        let scene = match root.opt("geometry") {
            Some(geometry) => read_geometry(&geometry, targets, users)?,
            None => None,
        };
        if let Some(node) = root.opt("aod") {
            node.array_of(&[targets])?;
        }
        let warnings = echo_warnings(root, &grid, [targets, nodes], scene.as_ref())?;
        let steering = root.get("steering")?.array_c64_of(&[targets, nt])?;
        let beta = reflections(&root.get("beta")?, &[targets, nodes])?;
        let channels = root.get("channels")?.array_c64_of(&[users, n, nt])?;
        let jacobians = match root.opt("jacobian") {
            None => None,
            Some(node) => {
                let array = node.array_of(&[targets, nodes, 2, 4])?;
                let rows = array.data.chunks(8);
                Some(
                    rows.map(|c| [[c[0], c[1], c[2], c[3]], [c[4], c[5], c[6], c[7]]])
                        .collect(),
                )
            }
        };
        let streams = Streams {
            subcarriers: n,
            sensing: 1,
            users,
        };
        let beams = |key: &str| -> Result<Option<Mat<c64>>, Error> {
            root.opt(key)
                .map(|node| {
                    let array = node.array_c64_of(&[n, users + 1, nt])?;
                    Ok(Mat::from_fn(nt, streams.columns(), |a, c| {
                        array.data[c * nt + a]
                    }))
                })
                .transpose()
        };
        Ok(Self {
            grid,
            streams,
            steering: Mat::from_fn(nt, targets, |a, t| steering.at(&[t, a])),
            reflection: beta.data.iter().map(|b| b.norm_sqr()).collect(),
            antennas,
            noise_w,
            jacobians,
            channels: Mat::from_fn(nt, n * users, |a, c| {
                channels.at(&[c % users, c / users, a])
            }),
            power_w: params.get("power")?.positive("W")?,
            point: beams("W")?,
            start: beams("W0")?,
            warnings,
        })
    }

    /// Reads one case's configuration. Absent keys take the paper's reading.
    pub(super) fn case(&self, config: &Node<'_>) -> Result<Case, Error> {
        config.known_keys(&CONFIG_KEYS)?;
        let choice = |key: &str, names: &[&str]| match config.opt(key) {
            None => Ok(0),
            Some(node) => node.one_of(names),
        };
        let disturbance = match config.opt("interf") {
            Some(node) if node.value.as_bool() == Some(false) => Disturbance::NoiseOnly,
            Some(node) => match node.one_of(&["all", "comm"]) {
                Ok(0) => Disturbance::All,
                Ok(_) => Disturbance::CommEchoes,
                Err(_) => return Err(node.wrong("\"all\", \"comm\" or false")),
            },
            None => Disturbance::All,
        };
        let options = SensingOptions {
            gain: [Gain::Known, Gain::Unknown][choice("gain", &["known", "unknown"])?],
            disturbance,
            bs: [BsKnowledge::SensingOnly, BsKnowledge::FullWaveform]
                [choice("bs", &["sensing", "full"])?],
            nodes: [Nodes::Multi, Nodes::Mono][choice("nodes", &["multi", "mono"])?],
        };
        let combine = match choice("combine", &["sum", "state"])? {
            0 => Combine::Sum,
            _ => Combine::State(self.jacobians.clone().ok_or_else(|| {
                config.wrong("a document with `jacobian`, which `combine: state` needs")
            })?),
        };
        let states = match combine {
            Combine::Sum => 2,
            Combine::State(_) => 4,
        };
        let weights = match config.opt("D") {
            Some(node) => {
                let list = each(&node, node.vec_of(states)?, |d| d >= 0.0, "weights >= 0")?;
                if list.iter().sum::<f64>() <= 0.0 {
                    return Err(node.wrong("a weight > 0"));
                }
                list
            }
            None => vec![1.0; states],
        };
        let model = EchoModel {
            subcarriers: self.grid.subcarriers(),
            symbols: self.grid.symbols(),
            reflection: self.reflection.clone(),
            noise_w: self.noise_w.clone(),
            antennas: self.antennas.clone(),
            combine,
            weights,
        };
        let sensing = DelayDoppler::new(model, options).map_err(|e| config.refused(e))?;
        let cancel = config.opt("comm_cancel").map(|c| c.bool()).transpose()?;
        let interference = if cancel.unwrap_or(false) {
            Interference::UsersOnly
        } else {
            Interference::All
        };
        let user_noise = self.noise_w[1..].to_vec();
        let rate = OfdmRate::new(
            self.streams,
            self.channels.clone(),
            user_noise,
            interference,
        )
        .map_err(|e| config.refused(e))?;
        let form =
            [Form::Norm, Form::Power, Form::LogNorm][choice("obj", &["norm", "power", "lognorm"])?];
        let reference = config.opt("Cref").map(|c| c.positive("")).transpose()?;
        let fairness = Fairness::new(alpha(config)?, form, reference.unwrap_or(1.0))
            .map_err(|e| config.refused(e))?;
        let min_rates = match config.opt("rmin") {
            Some(node) => {
                let list = node.broadcast(self.streams.users)?;
                each(&node, list, |r| r >= 0.0, "rates >= 0 bit/s/Hz")?
            }
            None => vec![0.0; self.streams.users],
        };
        let mut problem = Problem::new(
            self.steering.clone(),
            sensing,
            rate,
            fairness,
            min_rates,
            self.power_w,
        )
        .map_err(|e| config.refused(e))?;
        if let (None, Some(start)) = (reference, &self.start) {
            problem = problem
                .referred_to(start.as_ref())
                .map_err(|e| config.refused(e))?;
        }
        let (rho, iterations) = of_papers_method(config)?;
        Ok(Case {
            problem,
            rho,
            iterations,
        })
    }
}

/// `subcarrier_spacing`, or `bandwidth` over the subcarriers; where both are given they must agree.
fn spacing(params: &Node<'_>, subcarriers: usize) -> Result<f64, Error> {
    let n = subcarriers as f64;
    let hertz = |key: &str| params.opt(key).map(|node| node.positive("Hz")).transpose();
    match (hertz("subcarrier_spacing")?, hertz("bandwidth")?) {
        (Some(spacing), Some(bandwidth)) if (spacing * n - bandwidth).abs() > 1e-9 * bandwidth => {
            let expected = format!(
                "{} Hz, `bandwidth` over N (or one of the two alone)",
                bandwidth / n
            );
            Err(params.get("subcarrier_spacing")?.wrong(expected))
        }
        (Some(spacing), _) => Ok(spacing),
        (None, Some(bandwidth)) => Ok(bandwidth / n),
        (None, None) => params.get("subcarrier_spacing")?.positive("Hz"),
    }
}

/// Reflection amplitudes, none of them zero.
fn reflections(node: &Node<'_>, shape: &[usize]) -> Result<Array<c64>, Error> {
    let beta = node.array_c64_of(shape)?;
    if beta
        .data
        .iter()
        .any(|b| !(b.norm_sqr() > 0.0 && b.norm_sqr().is_finite()))
    {
        return Err(node.wrong("amplitudes other than 0 whose squares a number can hold"));
    }
    Ok(beta)
}

/// A list of numbers that `valid` accepts.
fn each(
    node: &Node<'_>,
    list: Vec<f64>,
    valid: impl Fn(f64) -> bool,
    expected: &str,
) -> Result<Vec<f64>, Error> {
    if list.iter().all(|x| valid(*x)) {
        return Ok(list);
    }
    Err(node.wrong(expected))
}

/// A number >= -1 or the text `inf`.
fn alpha(config: &Node<'_>) -> Result<f64, Error> {
    match config.opt("alpha") {
        None => Ok(0.0),
        Some(node) if matches!(node.value.as_str(), Some("inf" | "infinity" | "Infinity")) => {
            Ok(f64::INFINITY)
        }
        Some(node) => {
            let value = node.value.as_f64().filter(|a| *a >= -1.0);
            value.ok_or_else(|| node.wrong("a number >= -1 or \"inf\""))
        }
    }
}

/// What the grid cannot measure, by the stated delays and Doppler shifts, or else by the positions.
fn echo_warnings(
    root: &Node<'_>,
    grid: &Grid,
    shape: [usize; 2],
    scene: Option<&Scene>,
) -> Result<Vec<EchoWarning>, Error> {
    let stated = |key: &str| -> Result<Option<Vec<f64>>, Error> {
        let array = root.opt(key).map(|node| node.array_of(&shape));
        Ok(array.transpose()?.map(|array| array.data))
    };
    let (tau, doppler) = (stated("tau")?, stated("doppler")?);
    if let (Some(node), Some(delays)) = (root.opt("tau"), &tau)
        && delays.iter().any(|delay| *delay < 0.0)
    {
        return Err(node.wrong("delays of at least 0 s"));
    }
    if tau.is_none() && doppler.is_none() {
        return Ok(scene.map_or_else(Vec::new, |scene| scene.echo_warnings(grid)));
    }
    let still = || vec![0.0; shape[0] * shape[1]];
    grid.echo_warnings(
        &tau.unwrap_or_else(still),
        &doppler.unwrap_or_else(still),
        shape[1],
    )
    .map_err(|e| root.refused(e))
}

/// The positions are not used for the problem, since everything that follows from them is stated too;
/// but a scene that cannot be is refused. The scene is whole when targets and users are stated.
fn read_geometry(node: &Node<'_>, targets: usize, users: usize) -> Result<Option<Scene>, Error> {
    node.known_keys(&GEOMETRY_KEYS)?;
    let points = |key: &str, count: usize| -> Result<Vec<Point>, Error> {
        match node.opt(key) {
            None => Ok(vec![[0.0; 2]; count]),
            Some(list) => {
                let array = list.array_of(&[count, 2])?;
                Ok(array.data.chunks(2).map(|p| [p[0], p[1]]).collect())
            }
        }
    };
    let base_station = match node.opt("bs") {
        None => [0.0; 2],
        Some(place) => {
            let place = place.vec_of(2)?;
            [place[0], place[1]]
        }
    };
    let velocities = points("target_velocities", targets)?;
    if node.opt("targets").is_none() {
        return Ok(None);
    }
    let moving = points("targets", targets)?.into_iter().zip(velocities).map(
        |(position_m, velocity_m_s)| MovingTarget {
            position_m,
            velocity_m_s,
        },
    );
    let whole = users == 0 || node.opt("users").is_some();
    let listeners = if whole {
        points("users", users)?
    } else {
        Vec::new()
    };
    let scene =
        Scene::new(base_station, moving.collect(), listeners).map_err(|e| node.refused(e))?;
    Ok(whole.then_some(scene))
}

/// Penalty and limit of iterations of the paper's method.
fn of_papers_method(config: &Node<'_>) -> Result<(f64, usize), Error> {
    let rho = match config.opt("rho") {
        Some(node) => node.positive("")?,
        None => 1.0,
    };
    let iterations = match config.opt("iterations") {
        Some(node) => node.count(1, u32::MAX as usize)?,
        None => RunOptions::default().iterations,
    };
    Ok((rho, iterations))
}
