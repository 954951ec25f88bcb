//! The hostile sweep: random networks over the decades, every answer judged by sums written out.

use isac_algos::cell_free::Network;
use isac_lab::solve::SolveStatus;
use isac_lab::stress::Trial;
use isac_linalg::{Mat, c64};
use isac_models::rng::{Stream, complex_normal, stream};
use rand::RngExt;

use super::method::{Method, Outcome};
use super::solve;

/// Violation and relative distance that an answer called `solved` may have.
const ACCEPT: f64 = 1.1e-6;

/// Instance number `instance` of the stream `seed`.
pub(super) fn stress(seed: u64, instance: u64) -> Trial {
    let mut rng = stream(seed, Stream::Start, instance);
    let points = rng.random_range(1..4);
    let users = rng.random_range(1..5);
    let targets = rng.random_range(1..3);
    let antennas: Vec<usize> = (0..points).map(|_| rng.random_range(1..7)).collect();
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
    let method = [Method::Jsc, Method::Jsc, Method::CbOpt][rng.random_range(0..3)];
    let class = method.name();
    let trial = |status: &str, over_claim: Option<String>| Trial {
        class,
        status: status.into(),
        over_claim,
    };
    let network = Network::new(channels, steering, &antennas, power, noise, gain);
    let share = 0.5;
    let answer = network.and_then(|network| {
        let outcome = method.run(&network, share, Some(&floors))?;
        let report = solve::answer(&network, method, share, Some(&floors))?;
        Ok((network, outcome, report))
    });
    let (network, outcome, report) = match answer {
        Ok(found) => found,
        Err(error) => return trial("error", Some(format!("valid input refused: {error}"))),
    };
    let status = serde_json::to_value(report.status).unwrap_or_default();
    let wrong = match outcome {
        Outcome::Unknown => None,
        Outcome::Infeasible { .. } => refuted(&network, &floors),
        Outcome::Found(found) => {
            let solved = report.status == SolveStatus::Solved;
            judged(&network, method, &found.beams, &floors, found.upper, solved)
        }
    };
    trial(status.as_str().unwrap_or_default(), wrong)
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
    let (h, a) = (network.channels(), network.steering());
    let heard = |x: isac_linalg::ColRef<'_, c64>, s: usize, rows: std::ops::Range<usize>| -> f64 {
        let z: c64 = rows.map(|i| x[i].conj() * beams[(i, s)]).sum();
        z.norm_sqr()
    };
    let all = 0..h.nrows();
    let streams = 0..beams.ncols();
    let sinr: Vec<f64> = (0..network.users())
        .map(|u| {
            let powers = streams.clone().map(|s| heard(h.col(u), s, all.clone()));
            let others: f64 = powers
                .enumerate()
                .filter(|(s, _)| *s != u)
                .map(|(_, p)| p)
                .sum();
            heard(h.col(u), u, all.clone()) / (others + network.noise()[u])
        })
        .collect();
    let offsets = network.offsets();
    let lit = (0..network.targets())
        .map(|t| {
            let blocks = offsets
                .windows(2)
                .flat_map(|w| streams.clone().map(move |s| (s, w[0]..w[1])));
            let sum: f64 = blocks.map(|(s, rows)| heard(a.col(t), s, rows)).sum();
            network.gain() * sum
        })
        .fold(f64::INFINITY, f64::min);
    let missed = |u: usize| match method {
        Method::Jsc => 1.0 - sinr[u] / floors[u],
        Method::NsRzf | Method::NsOpt | Method::CbOpt => 0.0,
    };
    let mut violation = (0..sinr.len()).map(missed).fold(0.0, f64::max);
    for (w, budget) in offsets.windows(2).zip(network.power()) {
        let entries = (w[0]..w[1]).flat_map(|i| streams.clone().map(move |s| (i, s)));
        let spent: f64 = entries.map(|at| beams[at].norm_sqr()).sum();
        violation = violation.max(spent / budget - 1.0);
    }
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
