//! The hostile sweep: random networks over the decades, every answer judged by sums written out.

use isac_algos::cell_free::Network;
use isac_lab::solve::SolveStatus;
use isac_lab::stress::Trial;
use isac_linalg::{Mat, c64};
use isac_models::rng::{Stream, complex_normal, stream};
use rand::RngExt;

use super::extensions::Extension;
use super::method::{Method, Outcome};
use super::solve;
use super::stress_extensions::{self, Answer};
use super::sums::{ACCEPT, attained};

/// Instance number `instance` of the stream `seed`.
pub(super) fn stress(seed: u64, instance: u64) -> Trial {
    let mut rng = stream(seed, Stream::Start, instance);
    let points = rng.random_range(1..4);
    let users = rng.random_range(1..5);
    let targets = rng.random_range(1..3);
    let antennas: Vec<usize> = (0..points).map(|_| rng.random_range(2..7)).collect();
    let total = antennas.iter().sum();
    let decade = |low: f64, high: f64, rng: &mut rand::rngs::ChaCha8Rng| {
        10.0_f64.powf(low + (high - low) * rng.random::<f64>())
    };
    let mut channels = complex_normal(total, users, &mut rng);
    for u in 0..users {
        let size = decade(-3.0, 3.0, &mut rng);
        for i in 0..total {
            channels[(i, u)] *= size;
        }
    }
    let steering = complex_normal(total, targets, &mut rng);
    let power = (0..points).map(|_| decade(-3.0, 3.0, &mut rng)).collect();
    let noise = (0..users).map(|_| decade(-3.0, 3.0, &mut rng)).collect();
    let gain = decade(-3.0, 3.0, &mut rng);
    let floors: Vec<f64> = (0..users).map(|_| decade(-3.0, 2.0, &mut rng)).collect();
    let network = Network::new(channels, steering, &antennas, power, noise, gain);
    let kind = rng.random_range(0..5);
    let (class, answer) = match kind {
        0..2 => (
            Method::Jsc.name(),
            network.and_then(|n| of_method(&n, Method::Jsc, &floors)),
        ),
        2 => (
            Method::CbOpt.name(),
            network.and_then(|n| of_method(&n, Method::CbOpt, &floors)),
        ),
        3 => {
            let derivative = complex_normal(total, targets, &mut rng);
            let kappa = decade(-3.0, 3.0, &mut rng);
            let answer =
                network.and_then(|n| stress_extensions::angles(&n, &floors, &derivative, kappa));
            (Extension::Crlb.name(), answer)
        }
        _ => {
            let relative: Vec<f64> = (0..points)
                .map(|_| {
                    if rng.random_bool(0.3) {
                        0.0
                    } else {
                        decade(-4.0, 0.2, &mut rng)
                    }
                })
                .collect();
            let answer = network.and_then(|n| {
                let radii = radii(&n, &relative);
                stress_extensions::errors(&n, &floors, &radii, &mut rng)
            });
            (Extension::Robust.name(), answer)
        }
    };
    let (status, over_claim) =
        answer.unwrap_or_else(|error| ("error", Some(format!("valid input refused: {error}"))));
    Trial {
        class,
        status: status.into(),
        over_claim,
    }
}

/// Radii of errors relative to the weakest user's channel at each access point.
fn radii(network: &Network, relative: &[f64]) -> Vec<f64> {
    let h = network.channels();
    let weakest = network.offsets().windows(2).map(|w| {
        let norm = |u: usize| {
            (w[0]..w[1])
                .map(|i| h[(i, u)].norm_sqr())
                .sum::<f64>()
                .sqrt()
        };
        (0..network.users()).map(norm).fold(f64::INFINITY, f64::min)
    });
    weakest.zip(relative).map(|(size, r)| size * r).collect()
}

/// A method of the paper on a network.
fn of_method(
    network: &Network,
    method: Method,
    floors: &[f64],
) -> Result<Answer, isac_algos::Error> {
    let share = 0.5;
    let outcome = method.run(network, share, Some(floors))?;
    let report = solve::answer(network, method, share, Some(floors))?;
    let wrong = match outcome {
        Outcome::Unknown => None,
        Outcome::Infeasible { .. } => refuted(network, floors),
        Outcome::Found(found) => {
            let solved = report.status == SolveStatus::Solved;
            judged(network, method, &found.beams, floors, found.upper, solved)
        }
    };
    let status = match report.status {
        SolveStatus::Solved => "solved",
        SolveStatus::Infeasible => "infeasible",
        SolveStatus::Inaccurate => "inaccurate",
        SolveStatus::NoPointBelow
        | SolveStatus::IllPosed
        | SolveStatus::Unknown
        | SolveStatus::Limit => "unknown",
    };
    Ok((status, wrong))
}

/// What is wrong with beams, by sums over their entries.
fn judged(
    network: &Network,
    method: Method,
    beams: &Mat<c64>,
    floors: &[f64],
    upper: f64,
    solved: bool,
) -> Option<String> {
    let a = network.steering();
    let (sinr, excess) = attained(network, beams);
    let lit = (0..network.targets())
        .map(|t| {
            let blocks = network.offsets().windows(2).flat_map(|w| {
                (0..beams.ncols()).map(move |s| {
                    let z: c64 = (w[0]..w[1]).map(|i| a[(i, t)].conj() * beams[(i, s)]).sum();
                    z.norm_sqr()
                })
            });
            network.gain() * blocks.sum::<f64>()
        })
        .fold(f64::INFINITY, f64::min);
    let missed = |u: usize| match method {
        Method::Jsc => 1.0 - sinr[u] / floors[u],
        Method::NsRzf | Method::NsOpt | Method::CbOpt => 0.0,
    };
    let violation = (0..sinr.len()).map(missed).fold(excess, f64::max);
    let objective = match method {
        Method::Jsc => lit,
        Method::NsRzf | Method::NsOpt | Method::CbOpt => {
            sinr.iter().copied().fold(f64::INFINITY, f64::min)
        }
    };
    if solved && violation > ACCEPT {
        return Some(format!("solved with a violation of {violation:e}"));
    }
    if objective > upper * (1.0 + ACCEPT) && violation <= 1e-9 {
        return Some(format!("beams of {objective} above the bound {upper}"));
    }
    if solved && objective < upper * (1.0 - ACCEPT) {
        return Some(format!("solved at {objective} with the bound {upper}"));
    }
    None
}

/// Beams that meet floors said to be out of reach: those of the largest common SINR.
fn refuted(network: &Network, floors: &[f64]) -> Option<String> {
    let options = isac_algos::cell_free::max_min::Options::default();
    let best = isac_algos::cell_free::max_min::solve(network, &options).ok()??;
    let most = floors.iter().copied().fold(0.0, f64::max);
    (best.sinr > most * (1.0 + ACCEPT)).then(|| {
        format!(
            "infeasible, but every user can have {} of {most}",
            best.sinr
        )
    })
}
