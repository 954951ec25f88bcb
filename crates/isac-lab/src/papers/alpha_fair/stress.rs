//! The hostile sweep for `alpha-fair/1`: random small instances over the decades of power, noise, echo
//! strength and rates, solved as `isac solve` does, and every word of the answer verified by the formulas
//! written out anew ([`super::naive`]).

use isac_algos::alpha_fair::{Design, FEASIBLE, Method, Problem, RunOptions, Start};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::delay_doppler::{BsKnowledge, Disturbance, Gain, Nodes, SensingOptions};
use isac_metrics::fairness::Form;
use isac_metrics::ofdm_rate::Interference;
use isac_models::array::{Scaling, Ula};
use isac_models::ofdm::Grid;
use isac_models::rng::{Stream, complex_normal, stream};
use rand::{Rng, RngExt, rngs::ChaCha8Rng};

use super::naive::Naive;
use super::solve::{Posed, run};
use crate::error::Source;
use crate::solve::{SolveReport, SolveStatus};
use crate::stress::Trial;

/// Two evaluations of a cost may differ by this, relative, from rounding alone.
const ROUNDING: f64 = 1e-7;

/// Change of a beamformer's entries, relative, whose effect counts as rounding.
const SHAKE: f64 = 1e-14;

/// One trial of the sweep.
pub(super) fn stress(seed: u64, instance: u64) -> Trial {
    let mut rng = stream(seed, Stream::Randomisation, instance);
    let method = draw_method(&mut rng);
    let drawn = draw(&mut rng, method);
    let (status, over_claim) = match trial(&drawn, method, instance, &mut rng) {
        Ok((status, over_claim)) => (status, over_claim),
        // Sizes that `sdr` refuses, targets that a start leaves dark.
        Err(error) => (format!("error: {}", first_words(&error.to_string())), None),
    };
    Trial {
        class: method.name(),
        status,
        over_claim,
    }
}

fn first_words(text: &str) -> String {
    let words: Vec<&str> = text.split([' ', ':']).take(4).collect();
    words.join(" ")
}

/// The cheap methods often, the programs seldom.
fn draw_method(rng: &mut impl Rng) -> Method {
    match rng.random_range(0..100) {
        0..40 => Method::Augmented,
        40..55 => Method::Flat,
        55..70 => Method::Mono,
        70..82 => Method::Paper,
        82..94 => Method::Continuation,
        94..99 => Method::BestOfStarts,
        _ => Method::Sdr,
    }
}

fn pick<T: Copy>(rng: &mut impl Rng, list: &[T]) -> T {
    list[rng.random_range(0..list.len())]
}

/// 10 to a power that is uniform between two.
fn decades(rng: &mut impl Rng, from: f64, to: f64) -> f64 {
    10f64.powf(from + (to - from) * rng.random::<f64>())
}

/// A random instance. Strengths are drawn relative to power and noise, which have any scale.
fn draw(rng: &mut ChaCha8Rng, method: Method) -> Naive {
    let small = matches!(method, Method::Sdr | Method::BestOfStarts);
    let most = |usual: usize, small_size: usize| if small { small_size } else { usual };
    let n = rng.random_range(2..=most(6, 4));
    let symbols = rng.random_range(2..=8);
    let antennas = rng.random_range(1..=most(5, 4));
    let targets = rng.random_range(1..=most(4, 2));
    let users = rng.random_range(0..=most(4, 2));
    let nodes = users + 1;
    let power_w = decades(rng, -12.0, 6.0);
    let noise = power_w * decades(rng, -16.0, -2.0);
    let noise_w: Vec<f64> = (0..nodes)
        .map(|_| noise * decades(rng, -1.0, 1.0))
        .collect();
    // Echo power over noise: weak, as in practice, or so strong that targets drown each other.
    let echo = decades(rng, -3.0, 9.0);
    let spread = pick(rng, &[0.5, 2.0]);
    let reflection = (0..targets * nodes)
        .map(|_| echo * noise / power_w * decades(rng, -spread, spread))
        .collect();
    let mut angles: Vec<f64> = (0..targets)
        .map(|_| 2.0 * rng.random::<f64>() - 1.0)
        .collect();
    if targets > 1 && rng.random_range(0..10) == 0 {
        // Two targets in one direction.
        angles[1] = angles[0];
    }
    let steering = Ula::half_wavelength(antennas, Scaling::UnitEntries)
        .map(|array| array.steering(&angles))
        .unwrap_or_else(|_| Mat::zeros(antennas, targets));
    let gain = (decades(rng, -1.0, 6.0) * noise / power_w).sqrt();
    let mut channels = complex_normal(antennas, n * users, rng);
    for k in 0..users {
        let own = gain * decades(rng, -0.5, 0.5);
        for i in 0..n {
            ops::scale(channels.as_mut().subcols_mut(i * users + k, 1), own);
        }
    }
    if users > 1 && rng.random_range(0..20) == 0 {
        // Two users on one channel.
        for i in 0..n {
            let twin = channels.as_ref().subcols(i * users, 1).to_owned();
            channels
                .as_mut()
                .subcols_mut(i * users + 1, 1)
                .copy_from(&twin);
        }
    }
    let plain = method == Method::Sdr || rng.random_range(0..3) == 0;
    let options = SensingOptions {
        gain: if plain {
            Gain::Known
        } else {
            pick(rng, &[Gain::Known, Gain::Unknown])
        },
        disturbance: pick(
            rng,
            &[
                Disturbance::All,
                Disturbance::All,
                Disturbance::CommEchoes,
                Disturbance::NoiseOnly,
            ],
        ),
        bs: if plain {
            BsKnowledge::SensingOnly
        } else {
            pick(rng, &[BsKnowledge::SensingOnly, BsKnowledge::FullWaveform])
        },
        nodes: pick(
            rng,
            &[Nodes::Multi, Nodes::Multi, Nodes::Multi, Nodes::Mono],
        ),
    };
    let with_states = !plain
        && users > 0
        && method != Method::Mono
        && options.nodes == Nodes::Multi
        && rng.random_range(0..3) == 0;
    let jacobians = with_states.then(|| draw_jacobians(rng, targets * nodes));
    let weights = match jacobians {
        None => vec![decades(rng, -2.0, 2.0), decades(rng, -2.0, 2.0)],
        Some(_) => {
            let (position, velocity) = (decades(rng, -2.0, 2.0), decades(rng, -4.0, 0.0));
            vec![position, position, velocity, velocity]
        }
    };
    let alphas: &[f64] = if plain {
        &[0.0, f64::INFINITY]
    } else {
        &[-1.0, -0.5, 0.0, 1.0, 4.0, f64::INFINITY]
    };
    let rate = pick(rng, &[0.0, 0.01, 0.5, 1.0, 3.0, 10.0, 40.0]);
    Naive {
        grid: [n, symbols],
        steering,
        channels,
        reflection,
        noise_w,
        receivers: (0..nodes)
            .map(|_| f64::from(rng.random_range(1..=8)))
            .collect(),
        jacobians,
        weights,
        options,
        interference: pick(
            rng,
            &[
                Interference::All,
                Interference::All,
                Interference::UsersOnly,
            ],
        ),
        alpha: pick(rng, alphas),
        form: pick(rng, &[Form::Norm, Form::Norm, Form::LogNorm]),
        reference: decades(rng, -15.0, 15.0),
        min_rates: (0..users).map(|_| rate * rng.random::<f64>()).collect(),
        power_w,
    }
}

/// Jacobians of nodes in random directions on a grid of 1 MHz spacing and 1 us symbols at 10 GHz.
fn draw_jacobians(rng: &mut impl Rng, count: usize) -> Vec<[[f64; 4]; 2]> {
    let (per_delay, per_doppler) = (1e6 / 3e8, -1e-6 * 1e10 / 3e8);
    let mut one = || {
        let angle = std::f64::consts::TAU * rng.random::<f64>();
        let (sin, cos) = angle.sin_cos();
        let turn = 0.3 * (2.0 * rng.random::<f64>() - 1.0);
        [
            [per_delay * 2.0 * cos, per_delay * 2.0 * sin, 0.0, 0.0],
            [
                -per_doppler * turn * sin,
                per_doppler * turn * cos,
                per_doppler * 2.0 * cos,
                per_doppler * 2.0 * sin,
            ],
        ]
    };
    (0..count).map(|_| one()).collect()
}

/// Status, and what was claimed and is not so.
fn trial(
    drawn: &Naive,
    method: Method,
    instance: u64,
    rng: &mut ChaCha8Rng,
) -> Result<(String, Option<String>), Source> {
    let problem = drawn.problem()?;
    let start = Start::Mrt.draw(&problem, rng)?;
    let posed = Posed {
        rho: 1.0,
        start,
        grid: Grid::filling(drawn.grid[0], drawn.grid[1], 1e10, 1e7, 0.25)?,
        warnings: Vec::new(),
        problem,
    };
    let report = run(method, &posed, instance)?;
    let status = serde_json::to_value(report.status)?;
    let status = status.as_str().unwrap_or_default().to_owned();
    // `mono` answers for the base station's echoes alone.
    let mut judged = drawn.clone();
    if method == Method::Mono {
        judged.options.nodes = Nodes::Mono;
    }
    let over_claim = verify(&judged, drawn, &posed, method, &report, rng)?;
    Ok((status, over_claim))
}

/// The beams of a report.
fn beams_of(report: &SolveReport, shape: [usize; 2]) -> Option<Mat<c64>> {
    let matrix = report.beamformers.get("W")?;
    let mut out = Mat::zeros(shape[0], shape[1]);
    for a in 0..shape[0] {
        for c in 0..shape[1] {
            let part = |name: &str| matrix[name][a][c].as_f64();
            out[(a, c)] = c64::new(part("re")?, part("im")?);
        }
    }
    Some(out)
}

fn verify(
    judged: &Naive,
    drawn: &Naive,
    posed: &Posed,
    method: Method,
    report: &SolveReport,
    rng: &mut ChaCha8Rng,
) -> Result<Option<String>, Source> {
    let shape = [posed.start.nrows(), posed.start.ncols()];
    let (Some(w), Some(objective), Some(violation)) = (
        beams_of(report, shape),
        report.objective,
        report.max_violation,
    ) else {
        return Ok(Some("no point, objective or violation".into()));
    };
    let power = ops::norm2(w.as_ref());
    if power > drawn.power_w * (1.0 + 1e-9) {
        let said = format!("beams spend {power:e} W of {:e} W", drawn.power_w);
        return Ok(Some(said));
    }
    let cost = judged.cost(w.as_ref());
    // A difference in the log-norm is a relative one in the norm.
    let unit = match drawn.form {
        Form::LogNorm => 1.0,
        Form::Norm | Form::Power => cost.abs(),
    };
    let noise = rounding(judged, &w, unit);
    if (cost - objective).abs() > noise * unit {
        return Ok(Some(format!(
            "objective {objective:e}, by the formulas {cost:e}"
        )));
    }
    let rates = judged.rates(w.as_ref());
    let short = shortfall(&drawn.min_rates, &rates);
    if (short - violation).abs() > 1e-9 * (1.0 + short) {
        return Ok(Some(format!(
            "violation {violation:e}, by the formulas {short:e}"
        )));
    }
    if report.status == SolveStatus::Solved && short > FEASIBLE * (1.0 + 1e-6) {
        return Ok(Some(format!("solved with violation {short:e}")));
    }
    let rivals = rivals(posed, method, rng)?;
    if report.status == SolveStatus::Infeasible {
        return Ok(refute_infeasible(judged, report, &rivals));
    }
    if let Some(certificate) = &report.certificate {
        let gap = (certificate.bound - objective).abs() / objective.abs();
        let stated = certificate.relative_gap.unwrap_or(f64::INFINITY);
        if objective != 0.0 && gap.is_finite() && (gap - stated).abs() > 1e-9 * gap {
            return Ok(Some(format!("gap {stated:e}, by its definition {gap:e}")));
        }
        // The bounded set contains the point; other members are looked for among the rivals.
        let least: Vec<f64> = drawn
            .min_rates
            .iter()
            .zip(&rates)
            .map(|(least, rate)| (least - FEASIBLE).min(*rate))
            .collect();
        for rival in rivals.iter().chain([&w]) {
            let member = shortfall(&least, &judged.rates(rival.as_ref())) <= 1e-12;
            let theirs = judged.cost(rival.as_ref());
            if member && theirs < certificate.bound - noise * unit.max(theirs.abs()) {
                return Ok(Some(format!(
                    "{} {:e} above a cost of {theirs:e} in the set",
                    certificate.kind, certificate.bound
                )));
            }
        }
    }
    if method == Method::BestOfStarts {
        for rival in &rivals {
            let short = shortfall(&drawn.min_rates, &drawn.rates(rival.as_ref()));
            let theirs = drawn.cost(rival.as_ref());
            if short <= FEASIBLE && (violation > FEASIBLE || theirs < objective - noise * unit) {
                return Ok(Some(format!(
                    "the default ends at {objective:e} with violation {violation:e}, a method it contains at {theirs:e}"
                )));
            }
        }
    }
    Ok(None)
}

/// What two evaluations may differ by, in the unit of [`verify`]: what changes of the entries' last digits do
/// to the cost counts, since a target that is all but dark hangs on them.
fn rounding(judged: &Naive, w: &Mat<c64>, unit: f64) -> f64 {
    let cost = judged.cost(w.as_ref());
    let mut worst = ROUNDING;
    for pattern in 1..=4_usize {
        let mut shaken = w.clone();
        for c in 0..w.ncols() {
            for a in 0..w.nrows() {
                let sign = if ((a * 7 + c * 3 + a * c) / pattern).is_multiple_of(2) {
                    1.0
                } else {
                    -1.0
                };
                shaken[(a, c)] *= 1.0 + sign * SHAKE;
            }
        }
        let moved = (judged.cost(shaken.as_ref()) - cost).abs() / unit;
        worst = worst.max(if moved.is_finite() {
            moved
        } else {
            f64::INFINITY
        });
    }
    worst
}

fn shortfall(least: &[f64], rates: &[f64]) -> f64 {
    let pairs = least.iter().zip(rates);
    pairs.map(|(least, rate)| least - rate).fold(0.0, f64::max)
}

/// Beamformers of the full power that might refute a claim: starts of all kinds, also with nearly all
/// power for the users, and the end of another method.
fn rivals(posed: &Posed, method: Method, rng: &mut ChaCha8Rng) -> Result<Vec<Mat<c64>>, Source> {
    let problem = &posed.problem;
    let mut out = vec![posed.start.clone()];
    for start in [Start::Mrt, Start::Zf, Start::Random, Start::Apart] {
        let Ok(w) = start.draw(problem, rng) else {
            continue;
        };
        out.push(for_users(problem, &w));
        out.push(w);
    }
    let others = [
        Method::Augmented,
        Method::Flat,
        Method::Paper,
        Method::Continuation,
    ];
    let all = method == Method::BestOfStarts;
    let one = rng.random_range(0..others.len());
    for (index, other) in others.into_iter().enumerate() {
        if !all && index != one {
            continue;
        }
        let options = RunOptions {
            rho: posed.rho,
            bound: None,
            ..RunOptions::default()
        };
        if let Ok(Design { beams, .. }) = other.run(problem, posed.start.as_ref(), &options) {
            out.push(beams);
        }
    }
    Ok(out)
}

/// The same beams with a millionth of their power left for sensing.
fn for_users(problem: &Problem, w: &Mat<c64>) -> Mat<c64> {
    let streams = problem.streams();
    let mut out = w.clone();
    for i in 0..streams.subcarriers {
        ops::scale(out.as_mut().subcols_mut(streams.column(i, 0), 1), 1e-3);
    }
    let norm = ops::norm(out.as_ref());
    ops::scale(out.as_mut(), problem.power_w().sqrt() / norm);
    out
}

/// A certificate of infeasibility must need more power than there is, and no rival may meet the rates.
fn refute_infeasible(judged: &Naive, report: &SolveReport, rivals: &[Mat<c64>]) -> Option<String> {
    let needed = report.certificate.as_ref().map(|c| c.bound);
    if needed.is_none_or(|needed| needed <= judged.power_w) {
        return Some(format!(
            "infeasible by {needed:?} W of {:e} W",
            judged.power_w
        ));
    }
    for rival in rivals {
        let short = shortfall(&judged.min_rates, &judged.rates(rival.as_ref()));
        if short <= FEASIBLE {
            return Some(format!(
                "infeasible, but a point misses the rates by {short:e}"
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_instances_claim_nothing_that_is_not_so() {
        for instance in 0..60 {
            let trial = stress(1, instance);
            assert_eq!(trial.over_claim, None, "{instance} {trial:?}");
        }
    }
}
