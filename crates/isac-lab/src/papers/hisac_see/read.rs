//! Documents of schema `hisac-see/1`: parameters, channels and designs.

use crate::document::Node;
use crate::error::Error;
use isac_algos::hisac_see::{Access, Design, Problem, Requirements, UserTarget};
use isac_metrics::scnr::Clutter;
use isac_models::csi_error::UncertainChannel;
use isac_models::two_cell::TwoCell;

const TOP: [&str; 8] = [
    "schema",
    "params",
    "channels",
    "designs",
    "expected",
    "tolerance",
    "trust_region",
    "options",
];

const PARAMS: [&str; 24] = [
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
    "carrier_hz",
    "bandwidth_hz",
    "rcs_m2",
    "P_an_W",
    "allocated_P1_W",
    "allocated_P2_W",
    "delta",
    "seed",
];

/// The problem of a document, for every algorithm with the access scheme and the users' target of
/// [`Problem::new`] unless `options` say otherwise.
///
/// # Errors
/// An unknown key, a missing field, a value out of range, by name.
pub(super) fn problem(root: &Node<'_>) -> Result<Problem, Error> {
    root.known_keys(&TOP)?;
    let p = root.get("params")?;
    p.known_keys(&PARAMS)?;
    let side = |key: &str| -> Result<usize, Error> {
        let node = p.get(key)?;
        let items = node.items()?;
        match &items[..] {
            [h, v] => Ok(h.usize()? * v.usize()?),
            _ => Err(node.wrong("two numbers, the sides of the array")),
        }
    };
    let (m1, m2) = (side("M1_h_v")?, side("M2_h_v")?);
    let n = p.get("N")?.usize()?;
    for (key, count) in [("M1_h_v", m1), ("M2_h_v", m2), ("N", n)] {
        if count == 0 {
            return Err(p.get(key)?.wrong("at least 1"));
        }
    }
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
    let ball = |key: &str, m: usize| -> Result<UncertainChannel, Error> {
        let radius = p.get(&format!("radius_{key}"))?.nonnegative("")?;
        let node = c.get(key)?;
        UncertainChannel::ball(key, vector(key, m)?, radius).map_err(|e| node.refused(e))
    };
    let users = |key: &str, m: usize| -> Result<_, Error> {
        Ok(c.get(key)?.matrix_c64_of(n, m)?.transpose().to_owned())
    };
    let cell = TwoCell {
        h_bo: ball("h_bo", m1)?,
        h_e: ball("h_e", m1)?,
        h_ta: vector("h_ta", m1)?,
        h_cl: vector("h_cl", m1)?,
        h_users: users("h_users_rows", m1)?,
        g_bo: ball("g_bo", m2)?,
        g_e: ball("g_e", m2)?,
        g_users: users("g_users_rows", m2)?,
        noise: p.get("sigma2_W")?.positive("W")?,
    };
    let mut problem = Problem::new(
        cell,
        p.get("kappa2")?.nonnegative("")?,
        p.get("P1_max_W")?.positive("W")?,
        p.get("P2_max_W")?.positive("W")?,
        p.get("P0_W")?.nonnegative("W")?,
    );
    problem.requirements = Requirements {
        sinr: p.get("gamma_th")?.nonnegative("")?,
        secrecy_rate: p.get("I_S")?.nonnegative("bps/Hz")?,
        common_rate: p.get("I_c")?.nonnegative("bps/Hz")?,
        private_rate: p.get("I_p")?.nonnegative("bps/Hz")?,
    };
    if let Some(node) = p.opt("P_an_W") {
        problem.artificial_noise = node.nonnegative("W")?;
    }
    let allocated = |key: &str| p.opt(key).map(|node| node.nonnegative("W")).transpose();
    problem.accounting.allocated1 = allocated("allocated_P1_W")?;
    problem.accounting.allocated2 = allocated("allocated_P2_W")?;
    if let Some(options) = root.opt("options") {
        read_options(&options, &mut problem)?;
    }
    problem.check().map_err(|e| root.refused(e))?;
    Ok(problem)
}

fn read_options(options: &Node<'_>, problem: &mut Problem) -> Result<(), Error> {
    options.known_keys(&["access", "user_target", "clutter"])?;
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
    Ok(())
}

/// A stored design: beams `w_bo`, `w_ta` and the streams `O`, one column each.
///
/// # Errors
/// A missing or misshapen beam.
pub(super) fn design(node: &Node<'_>, problem: &Problem) -> Result<Design, Error> {
    node.known_keys(&["w_bo", "w_ta", "O"])?;
    let beam = |key: &str| {
        let node = node.get(key)?;
        let beam = node.vec_c64()?;
        if beam.len() == problem.cell.antennas1() {
            return Ok(beam);
        }
        Err(node.wrong(format!("{} complex entries", problem.cell.antennas1())))
    };
    let streams = problem.access.streams(problem.cell.users());
    let o = node
        .get("O")?
        .matrix_c64_of(problem.cell.antennas2(), streams)?;
    Ok(Design::new(beam("w_bo")?, beam("w_ta")?, &o))
}
