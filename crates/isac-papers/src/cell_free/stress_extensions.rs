//! The hostile sweep of the designs beyond the paper: bounds on angles and channels with errors.

use isac_algos::cell_free::crlb::{self, Echo};
use isac_algos::cell_free::{Network, jsc, robust};
use isac_linalg::{Mat, c64};
use isac_models::rng::complex_normal;
use rand::Rng;

use super::sums::{ACCEPT, attained};

/// How a design ended, and what is wrong with it.
pub(super) type Answer = (&'static str, Option<String>);

/// A design for the angles: its bounds by sums written out, its lower bound against the joint design's beams.
///
/// # Errors
/// As [`crlb::solve`].
pub(super) fn angles(
    network: &Network,
    floors: &[f64],
    derivative: &Mat<c64>,
    kappa: f64,
) -> Result<Answer, isac_algos::Error> {
    let echo = Echo::new(network, derivative.clone(), kappa)?;
    let joint = jsc::solve(network, floors, &jsc::Options::default())?;
    let design = match crlb::solve(network, floors, &echo, &crlb::Options::default())? {
        crlb::Outcome::Solved(design) => design,
        crlb::Outcome::Infeasible(_) => {
            let refuted = joint.design().is_some();
            let wrong = refuted.then(|| "infeasible, but the joint design has beams".into());
            return Ok(("infeasible", wrong));
        }
        crlb::Outcome::Unknown => return Ok(("unknown", None)),
    };
    let (sinr, excess) = attained(network, &design.beams);
    let short = sinr.iter().zip(floors).map(|(s, floor)| 1.0 - s / floor);
    let violation = short.fold(excess, f64::max);
    let objective = largest(network, derivative, kappa, &design.beams);
    let away = (objective - design.objective()).abs();
    if away > ACCEPT * objective {
        let said = design.objective();
        return Ok(("solved", Some(format!("said {said}, by sums {objective}"))));
    }
    let solved = violation <= ACCEPT && objective <= design.lower * (1.0 + ACCEPT);
    if objective < design.lower * (1.0 - ACCEPT) && violation <= 1e-9 {
        let what = format!("beams of {objective} below the bound {}", design.lower);
        return Ok(("solved", Some(what)));
    }
    if let Some(joint) = joint.design() {
        let other = largest(network, derivative, kappa, &joint.beams);
        let (sinr, excess) = attained(network, &joint.beams);
        let short = sinr.iter().zip(floors).map(|(s, floor)| 1.0 - s / floor);
        if other < design.lower * (1.0 - ACCEPT) && short.fold(excess, f64::max) <= 1e-9 {
            let what = format!("joint beams of {other} below the bound {}", design.lower);
            return Ok(("solved", Some(what)));
        }
    }
    Ok((if solved { "solved" } else { "not accepted" }, None))
}

/// Largest bound on an angle, by the quotient of determinants of what each access point sends.
fn largest(network: &Network, derivative: &Mat<c64>, kappa: f64, beams: &Mat<c64>) -> f64 {
    let (a, offsets) = (network.steering(), network.offsets());
    let mut worst = 0.0_f64;
    for w in offsets.windows(2) {
        for t in 0..network.targets() {
            let rows = w[0]..w[1];
            let size: f64 = rows.clone().map(|i| a[(i, t)].norm_sqr()).sum();
            let cross: c64 = rows
                .clone()
                .map(|i| a[(i, t)].conj() * derivative[(i, t)])
                .sum();
            // The derivative less its part along the vector.
            let off: Vec<c64> = rows
                .clone()
                .map(|i| derivative[(i, t)] - cross / size * a[(i, t)])
                .collect();
            let outside: f64 = off.iter().map(|z| z.norm_sqr()).sum();
            let (mut along, mut moved, mut both) = (0.0, 0.0, c64::new(0.0, 0.0));
            for s in 0..beams.ncols() {
                let p: c64 = rows.clone().map(|i| a[(i, t)].conj() * beams[(i, s)]).sum();
                let q: c64 = (rows.clone().zip(&off))
                    .map(|(i, d)| d.conj() * beams[(i, s)])
                    .sum();
                along += p.norm_sqr();
                moved += q.norm_sqr();
                both += q * p.conj();
            }
            let left = (along * moved - both.norm_sqr()).max(0.0) / along;
            let information = 2.0 * kappa * (outside * along + size * left);
            worst = worst.max(1.0 / information);
        }
    }
    worst
}

/// Errors drawn per design.
const DRAWS: usize = 20;

/// A design for channels with errors: its floors at drawn errors of full size, its verdict against designs of
/// the joint problem with larger floors.
///
/// # Errors
/// As [`robust::solve`].
pub(super) fn errors(
    network: &Network,
    floors: &[f64],
    radii: &[f64],
    rng: &mut impl Rng,
) -> Result<Answer, isac_algos::Error> {
    let options = robust::Options::default();
    let design = match robust::solve(network, floors, radii, &options)? {
        robust::Outcome::Solved(design) => design,
        robust::Outcome::Infeasible(_) => {
            let beams = stronger(network, floors, radii)?;
            let wrong = beams.map(|factor| {
                format!("infeasible, but the joint design for {factor} times the floors meets them")
            });
            return Ok(("infeasible", wrong));
        }
        robust::Outcome::Unknown => return Ok(("unknown", None)),
    };
    let solved = design.violation(network, floors) <= ACCEPT && design.relative_gap() <= ACCEPT;
    let status = if solved { "solved" } else { "not accepted" };
    for _ in 0..DRAWS {
        let (sinr, excess) = attained(&shifted(network, radii, rng)?, &design.beams);
        if excess > ACCEPT && solved {
            return Ok((status, Some(format!("power exceeded by {excess:e}"))));
        }
        for (u, worst) in design.worst.iter().enumerate() {
            if sinr[u] < worst.lower * (1.0 - ACCEPT) {
                let what = format!(
                    "SINR {} of user {u} below the worst {}",
                    sinr[u], worst.lower
                );
                return Ok((status, Some(what)));
            }
        }
    }
    let wrong = design.objective() > design.upper * (1.0 + ACCEPT)
        && design.violation(network, floors) <= 1e-9;
    let wrong = wrong.then(|| format!("beams of {} above {}", design.objective(), design.upper));
    Ok((status, wrong))
}

/// The network with every user's channel moved to the end of its balls in a random direction.
fn shifted(
    network: &Network,
    radii: &[f64],
    rng: &mut impl Rng,
) -> Result<Network, isac_algos::Error> {
    let mut channels = network.channels().to_owned();
    let sizes: Vec<usize> = network.offsets().windows(2).map(|w| w[1] - w[0]).collect();
    for u in 0..network.users() {
        for (m, &radius) in radii.iter().enumerate() {
            let error = complex_normal(sizes[m], 1, rng);
            let norm: f64 = (0..sizes[m]).map(|i| error[(i, 0)].norm_sqr()).sum();
            for i in 0..sizes[m] {
                channels[(network.offsets()[m] + i, u)] += error[(i, 0)] * (radius / norm.sqrt());
            }
        }
    }
    let (steering, power) = (network.steering().to_owned(), network.power().to_vec());
    let noise = network.noise().to_vec();
    Network::new(channels, steering, &sizes, power, noise, network.gain())
}

/// A multiple of the floors whose joint design meets the floors for all errors, if one of a few does.
fn stronger(
    network: &Network,
    floors: &[f64],
    radii: &[f64],
) -> Result<Option<f64>, isac_algos::Error> {
    for factor in [1.5, 4.0, 20.0] {
        let raised: Vec<f64> = floors.iter().map(|f| f * factor).collect();
        let joint = jsc::solve(network, &raised, &jsc::Options::default())?;
        let Some(joint) = joint.design() else { break };
        let (_, excess) = attained(network, &joint.beams);
        let worst = robust::worst_sinr(network, &joint.beams, radii)?;
        let mut kept = worst.iter().zip(floors);
        if excess <= 0.0 && kept.all(|(w, floor)| w.lower >= floor * (1.0 + ACCEPT)) {
            return Ok(Some(factor));
        }
    }
    Ok(None)
}
