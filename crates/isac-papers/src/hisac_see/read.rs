//! Documents of schema `hisac-see/1`: parameters, channels and designs.

use super::scenario::{self, MOST_BITS, TOP};
use isac_algos::hisac_see::{
    Access, Design, Illumination, Objective, Problem, Requirements, UserTarget,
};
use isac_lab::document::{MOST_ENTRIES, Node, is_remark};
use isac_lab::error::Error;
use isac_lab::solve::SolveRequest;
use isac_linalg::c64;
use isac_metrics::scnr::{Clutter, ReceiveFilter};
use isac_models::csi_error::UncertainChannel;
use isac_models::ofdm::SPEED_OF_LIGHT_M_S;
use isac_models::two_cell::TwoCell;

const PARAMS: [&str; 26] = [
    "M1_h_v",
    "M2_h_v",
    "N",
    "sigma2_W",
    "P1_max_W",
    "P2_max_W",
    "P0_W",
    "gamma_th",
    "I_S",
    "I_c",
    "I_p",
    "kappa2",
    "radius_h_bo",
    "radius_h_e",
    "radius_g_bo",
    "radius_g_e",
    "shape_h_bo",
    "shape_h_e",
    "shape_g_bo",
    "shape_g_e",
    "carrier_hz",
    "bandwidth_hz",
    "rcs_m2",
    "P_an_W",
    "allocated_P1_W",
    "allocated_P2_W",
];

const NEEDED: [&str; 19] = [
    "params.M1_h_v",
    "params.M2_h_v",
    "params.N",
    "params.sigma2_W",
    "params.P1_max_W",
    "params.P2_max_W",
    "params.P0_W",
    "params.gamma_th",
    "params.I_S",
    "params.I_c",
    "params.I_p",
    "channels.h_bo",
    "channels.h_e",
    "channels.h_ta",
    "channels.h_cl",
    "channels.h_users_rows",
    "channels.g_bo",
    "channels.g_e",
    "channels.g_users_rows",
];

/// Links with errors: each has a radius, or a shape in its stead.
const UNCERTAIN: [&str; 4] = ["h_bo", "h_e", "g_bo", "g_e"];

/// The problem of a document, for every algorithm with the access scheme and the users' target of
/// [`Problem::new`] unless `options` say otherwise.
///
/// # Errors
/// An unknown key, a missing field, a value out of range, by name.
pub(super) fn problem(root: &Node<'_>) -> Result<Problem, Error> {
    root.known_keys(&TOP)?;
    let params = root.opt("params");
    let balls = UNCERTAIN.into_iter().filter(|link| {
        let shape = format!("shape_{link}");
        params.as_ref().is_none_or(|p| p.opt(&shape).is_none())
    });
    let balls: Vec<String> = balls.map(|link| format!("params.radius_{link}")).collect();
    let needed = NEEDED.into_iter().chain(balls.iter().map(String::as_str));
    root.needs(&needed.collect::<Vec<_>>())?;
    let p = root.get("params")?;
    p.known_keys(&PARAMS)?;
    let side = |key: &str| -> Result<usize, Error> {
        let node = p.get(key)?;
        let items = node.items()?;
        let [h, v] = &items[..] else {
            return Err(node.wrong("two numbers, the sides of the array"));
        };
        let most = MOST_ENTRIES as usize;
        let (h, v) = (h.count(1, most)?, v.count(1, most)?);
        node.holds(h as f64 * v as f64, "a channel")?;
        Ok(h * v)
    };
    let (m1, m2) = (side("M1_h_v")?, side("M2_h_v")?);
    let n = p.get("N")?.count(1, MOST_ENTRIES as usize)?;
    let c = root.get("channels")?;
    c.known_keys(&[
        "h_bo",
        "h_e",
        "h_ta",
        "h_cl",
        "h_users_rows",
        "g_bo",
        "g_e",
        "g_users_rows",
    ])?;
    let vector = |key: &str, m: usize| {
        let node = c.get(key)?;
        let v = node.vec_c64()?;
        if v.len() == m {
            return Ok(v);
        }
        Err(node.wrong(format!("{m} complex entries, not {}", v.len())))
    };
    let uncertain = |key: &str, m: usize| -> Result<UncertainChannel, Error> {
        if let Some(stated) = p.opt(&format!("shape_{key}")) {
            if let Some(radius) = p.opt(&format!("radius_{key}")) {
                return Err(radius.wrong(format!("nothing beside `shape_{key}`")));
            }
            let shape = stated.matrix_c64_of(m, m)?;
            let found = UncertainChannel::ellipsoid(key, vector(key, m)?, shape);
            return found.map_err(|e| stated.refused(e));
        }
        let stated = p.get(&format!("radius_{key}"))?;
        let radius = stated.nonnegative("")?;
        UncertainChannel::ball(key, vector(key, m)?, radius).map_err(|e| stated.refused(e))
    };
    let users = |key: &str, m: usize| -> Result<_, Error> {
        let node = c.get(key)?;
        let entries = n as f64 * m as f64;
        p.get("N")?.holds(entries, &format!("`{key}`"))?;
        Ok(node.matrix_c64_of(n, m)?.transpose().to_owned())
    };
    let cell = TwoCell {
        h_bo: uncertain("h_bo", m1)?,
        h_e: uncertain("h_e", m1)?,
        h_ta: vector("h_ta", m1)?,
        h_cl: vector("h_cl", m1)?,
        h_users: users("h_users_rows", m1)?,
        g_bo: uncertain("g_bo", m2)?,
        g_e: uncertain("g_e", m2)?,
        g_users: users("g_users_rows", m2)?,
        noise: p.get("sigma2_W")?.positive("W")?,
    };
    let mut problem = Problem::new(
        cell,
        reflection(&p)?,
        p.get("P1_max_W")?.positive("W")?,
        p.get("P2_max_W")?.positive("W")?,
        p.get("P0_W")?.nonnegative("W")?,
    );
    problem.requirements = requirements(&p)?;
    if let Some(node) = p.opt("P_an_W") {
        problem.artificial_noise = node.nonnegative("W")?;
    }
    bandwidth_hz(root)?;
    let allocated = |key: &str| p.opt(key).map(|node| node.nonnegative("W")).transpose();
    problem.accounting.allocated1 = allocated("allocated_P1_W")?;
    problem.accounting.allocated2 = allocated("allocated_P2_W")?;
    if let Some(options) = root.opt("options") {
        read_options(&options, &mut problem)?;
    }
    problem.check().map_err(|e| root.refused(e))?;
    Ok(problem)
}

/// The thresholds.
fn requirements(p: &Node<'_>) -> Result<Requirements, Error> {
    let rate = |key: &str| {
        let node = p.get(key)?;
        let rate = node.f64().ok().filter(|r| (0.0..=MOST_BITS).contains(r));
        rate.ok_or_else(|| node.wrong(format!("a rate in [0, {MOST_BITS}] bps/Hz")))
    };
    Ok(Requirements {
        sinr: p.get("gamma_th")?.nonnegative("")?,
        secrecy_rate: rate("I_S")?,
        common_rate: rate("I_c")?,
        private_rate: rate("I_p")?,
    })
}

/// The problem of a document or scenario, and the seed of what it draws.
pub(super) fn posed(root: &Node<'_>, request: &SolveRequest) -> Result<(Problem, u64), Error> {
    let Some(posed) = scenario::of_document(root)? else {
        return Ok((problem(root)?, isac_lab::DEFAULT_SEED));
    };
    let seed = posed.seed(request)?;
    let problem = scenario::draw(&posed.scenario, seed, posed.drop as u64);
    let problem = problem.map_err(|e| isac_lab::scenario::refused(root, e))?;
    problem
        .check()
        .map_err(|e| isac_lab::scenario::refused(root, e))?;
    Ok((problem, seed))
}

/// Reads a document with its designs.
pub(super) fn read_all(root: &Node<'_>) -> Result<(), Error> {
    if scenario::of_document(root)?.is_some() {
        return Ok(());
    }
    let problem = problem(root)?;
    let designs = root
        .opt("designs")
        .map_or(Ok(Vec::new()), |node| node.entries())?;
    designs
        .iter()
        .filter(|(key, _)| !is_remark(key))
        .try_for_each(|(_, node)| design(node, &problem).map(drop))
}

/// `kappa2`, or `4 pi rcs / lambda^2` from `rcs_m2` and `carrier_hz`; where both are given they must
/// agree.
fn reflection(p: &Node<'_>) -> Result<f64, Error> {
    let positive = |key: &str, unit: &str| p.opt(key).map(|node| node.positive(unit)).transpose();
    let (rcs, carrier) = (positive("rcs_m2", "m^2")?, positive("carrier_hz", "Hz")?);
    let derived = rcs.zip(carrier).map(|(rcs, carrier)| {
        let wavelength = SPEED_OF_LIGHT_M_S / carrier;
        4.0 * std::f64::consts::PI * rcs / (wavelength * wavelength)
    });
    if derived.is_some_and(|kappa2| !kappa2.is_finite()) {
        let expected = "a carrier at which 4 pi rcs_m2 / lambda^2 is a number";
        return Err(p.get("carrier_hz")?.wrong(expected));
    }
    match (p.opt("kappa2"), derived) {
        (None, Some(derived)) => Ok(derived),
        (None, None) => p.get("kappa2")?.nonnegative(""),
        (Some(node), None) => node.nonnegative(""),
        (Some(node), Some(derived)) => {
            let stated = node.nonnegative("")?;
            if (stated - derived).abs() <= 1e-6 * derived {
                return Ok(stated);
            }
            let law = "4 pi rcs_m2 / lambda^2 at carrier_hz";
            Err(node.wrong(format!(
                "{derived:e}, which is {law} (or leave one of them out)"
            )))
        }
    }
}

/// `bandwidth_hz`, if stated: what turns bit/s/Hz/W into bit/J.
pub(super) fn bandwidth_hz(root: &Node<'_>) -> Result<Option<f64>, Error> {
    let stated = root.opt("params").and_then(|p| p.opt("bandwidth_hz"));
    stated.map(|node| node.positive("Hz")).transpose()
}

fn read_options(options: &Node<'_>, problem: &mut Problem) -> Result<(), Error> {
    options.known_keys(&[
        "access",
        "user_target",
        "clutter",
        "objective",
        "receive_filter",
        "illumination",
        "ordering",
        "decoding_order",
        "frozen",
    ])?;
    if let Some(node) = options.opt("access") {
        let names = Access::ALL.map(Access::name);
        problem.access = Access::ALL[node.one_of(&names)?];
    }
    if let Some(node) = options.opt("user_target") {
        let names = UserTarget::ALL.map(UserTarget::name);
        problem.user_target = UserTarget::ALL[node.one_of(&names)?];
    }
    if let Some(node) = options.opt("clutter") {
        let choices = [Clutter::Noise, Clutter::Model];
        problem.clutter = choices[node.one_of(&["noise", "model"])?];
    }
    if let Some(node) = options.opt("objective") {
        problem.objective = objective(&node)?;
    }
    if let Some(node) = options.opt("receive_filter") {
        let choices = [
            ReceiveFilter::Optimal,
            ReceiveFilter::Matched,
            ReceiveFilter::Uniform,
        ];
        problem.filter = choices[node.one_of(&["optimal", "matched", "uniform"])?];
    }
    if let Some(node) = options.opt("illumination") {
        let choices = [Illumination::Both, Illumination::SensingBeam];
        problem.illumination = choices[node.one_of(&["both", "sensing_beam"])?];
    }
    if let Some(node) = options.opt("ordering") {
        problem.ordering = node.bool()?;
    }
    if let Some(node) = options.opt("decoding_order") {
        if problem.access != Access::Noma {
            return Err(node.wrong("nothing but with `access` \"noma\""));
        }
        problem.decoding_order = Some(decoding_order(&node, problem.cell.users())?);
    }
    if let Some(node) = options.opt("frozen") {
        node.known_keys(&["w_bo", "w_ta"])?;
        let given = |key: &str| node.opt(key).map(|_| beam(&node, key, problem));
        let (bo, ta) = (given("w_bo").transpose()?, given("w_ta").transpose()?);
        (problem.frozen_bo, problem.frozen_ta) = (bo, ta);
    }
    Ok(())
}

/// Every user once, counted from 0.
fn decoding_order(node: &Node<'_>, users: usize) -> Result<Vec<usize>, Error> {
    let order: Vec<usize> = (node.items()?.iter().map(Node::usize)).collect::<Result<_, _>>()?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted.into_iter().ne(0..users) {
        return Err(node.wrong(format!("each of the users 0 to {} once", users - 1)));
    }
    Ok(order)
}

/// A name, or `{"weighted": {"weight": ...}}`.
fn objective(node: &Node<'_>) -> Result<Objective, Error> {
    if node.value.is_object() {
        node.known_keys(&["weighted"])?;
        let weighted = node.get("weighted")?;
        weighted.known_keys(&["weight"])?;
        let stated = weighted.get("weight")?;
        let weight = stated.f64()?;
        if !(0.0..=1.0).contains(&weight) {
            return Err(stated.wrong("a number in [0, 1]"));
        }
        return Ok(Objective::Weighted { weight });
    }
    let choices = [
        Objective::EnergyEfficiency,
        Objective::SecrecyRate,
        Objective::Scnr,
    ];
    Ok(choices[node.one_of(&["energy_efficiency", "secrecy_rate", "scnr"])?])
}

/// A stored design: beams `w_bo`, `w_ta` and the streams `O`, one column each.
///
/// # Errors
/// A missing or misshapen beam.
pub(super) fn design(node: &Node<'_>, problem: &Problem) -> Result<Design, Error> {
    node.known_keys(&["w_bo", "w_ta", "O"])?;
    beams(node, problem)
}

/// The same among other variables.
///
/// # Errors
/// A missing or misshapen beam.
pub(super) fn beams(node: &Node<'_>, problem: &Problem) -> Result<Design, Error> {
    let streams = problem.access.streams(problem.cell.users());
    let o = node
        .get("O")?
        .matrix_c64_of(problem.cell.antennas2(), streams)?;
    let (bo, ta) = (beam(node, "w_bo", problem)?, beam(node, "w_ta", problem)?);
    Ok(Design::new(bo, ta, &o))
}

/// A beam of BS1.
fn beam(node: &Node<'_>, key: &str, problem: &Problem) -> Result<Vec<c64>, Error> {
    let node = node.get(key)?;
    let beam = node.vec_c64()?;
    if beam.len() == problem.cell.antennas1() {
        return Ok(beam);
    }
    Err(node.wrong(format!("{} complex entries", problem.cell.antennas1())))
}
