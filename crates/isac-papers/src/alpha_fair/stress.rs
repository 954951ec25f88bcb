//! The hostile sweep for `alpha-fair/1`: random small instances over the decades of power, noise, echo
//! strength and rates, solved as `isac solve` does, and every word of the answer verified by the formulas
//! written out anew ([`super::naive`]).

use isac_algos::alpha_fair::{FEASIBLE, Method, Problem, RunOptions, Start};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::delay_doppler::{BsKnowledge, Disturbance, Gain, Nodes, SensingOptions};
use isac_metrics::fairness::Form;
use isac_metrics::ofdm_rate::Interference;
use isac_models::array::{Scaling, Ula};
use isac_models::ofdm::Grid;
use isac_models::rng::{Stream, complex_normal, stream};
use rand::{Rng, RngExt, rngs::ChaCha8Rng};

use super::naive::Naive;
use super::posed::Posed;
use super::solve::run;
use isac_lab::error::Source;
use isac_lab::solve::{SolveReport, SolveStatus};
use isac_lab::stress::Trial;

/// Relative error of an entry of the information: the rounding of sums of fewer than 1000 products, all
/// positive. What the inverse makes of it counts beside it.
const ROUNDING: f64 = 1000.0 * f64::EPSILON;

/// Change of a beamformer's entries, relative, whose effect counts as rounding: products of at most 5
/// antennas are sums of 20 real terms, each rounded twice.
const SHAKE: f64 = 40.0 * f64::EPSILON;

/// Two evaluations of a rate may differ by this, bit/s/Hz. A power that a user hears is the square of a
/// product of error e = 40 eps |h||w|, so that a SINR of noise s and heard powers I is off by at most
/// `2 sqrt(I) e/(s + I) <= e/sqrt(s)`, relative; |h||w| / sqrt(s) stays below 5e4 here.
const RATE_ROUNDING: f64 = 1e-9;

/// Watts to the picowatts of a twin instance.
const PICO: f64 = 1e12;

/// Largest relative difference of the costs of twins, and of their bounds.
const TWINS: f64 = 1e-6;

/// One trial of the sweep.
pub(super) fn stress(seed: u64, instance: u64) -> Trial {
    let mut rng = stream(seed, Stream::Randomisation, instance);
    let method = draw_method(&mut rng);
    let drawn = draw(&mut rng, method);
    let (status, over_claim) = match trial(&drawn, method, instance, &mut rng) {
        Ok((status, over_claim)) => (status, over_claim),
        // Every instance is valid, so that there is no excuse.
        Err(error) => ("error".to_owned(), Some(error.to_string())),
    };
    Trial {
        class: method.name(),
        status,
        over_claim,
    }
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
    let channels = draw_channels(rng, (n, antennas, users), gain);
    let plain = method == Method::Sdr || rng.random_range(0..3) == 0;
    let options = draw_options(rng, plain);
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

/// Channels of an amplitude, antennas x (subcarriers x users); now and then two users on one.
fn draw_channels(
    rng: &mut ChaCha8Rng,
    (n, antennas, users): (usize, usize, usize),
    gain: f64,
) -> Mat<c64> {
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
    channels
}

/// Options of the metric; the paper's for the baseline that knows no others.
fn draw_options(rng: &mut ChaCha8Rng, plain: bool) -> SensingOptions {
    SensingOptions {
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
    let seed = rng.random();
    let posed = pose(drawn, seed)?;
    let (report, _) = run(method, &posed, instance, true)?;
    let status = serde_json::to_value(report.status)?;
    let status = status.as_str().unwrap_or_default().to_owned();
    // `mono` answers for the base station's echoes alone.
    let mut judged = drawn.clone();
    if method == Method::Mono {
        judged.options.nodes = Nodes::Mono;
    }
    let over_claim = verify(&judged, drawn, &posed, method, &report, rng)?;
    if over_claim.is_some() || !instance.is_multiple_of(TWIN_EVERY) {
        return Ok((status, over_claim));
    }
    let mut twin = drawn.clone();
    twin.power_w *= PICO;
    twin.noise_w.iter_mut().for_each(|noise| *noise *= PICO);
    let (theirs, _) = run(method, &pose(&twin, seed)?, instance, true)?;
    // An information of few digits leaves as few to the cost.
    let shape = [posed.start.nrows(), posed.start.ncols()];
    let both = [report.objective, theirs.objective];
    let finite = both.into_iter().flatten().find(|o| o.is_finite());
    let unit = match (drawn.form, finite) {
        (Form::Norm | Form::Power, Some(objective)) => objective.abs(),
        (Form::LogNorm, _) | (_, None) => 1.0,
    };
    let noise = beams_of(&report, shape).map_or(0.0, |w| rounding(&judged, &w, unit));
    Ok((status, differ(drawn.form, &report, &theirs, noise)))
}

/// One instance in so many is solved in picowatts too.
const TWIN_EVERY: u64 = 2;

/// An instance with its start, which is drawn by `seed` in shares of the power.
fn pose(drawn: &Naive, seed: u64) -> Result<Posed, Source> {
    let problem = drawn.problem()?;
    let rng = &mut stream(seed, Stream::Start, 0);
    Ok(Posed {
        rho: 1.0,
        iterations: RunOptions::default().iterations,
        start: Start::Mrt.draw(&problem, rng)?,
        grid: Grid::filling(drawn.grid[0], drawn.grid[1], 1e10, 1e7, 0.25)?,
        warnings: Vec::new(),
        problem,
    })
}

/// What the answers to an instance in watts and in picowatts disagree on.
fn differ(form: Form, watts: &SolveReport, picowatts: &SolveReport, noise: f64) -> Option<String> {
    if watts.status != picowatts.status {
        let (one, other) = (watts.status, picowatts.status);
        return Some(format!("{one:?} in watts, {other:?} in picowatts"));
    }
    // A difference in the log-norm is a relative one in the norm.
    let apart = |one: f64, other: f64| match form {
        Form::LogNorm => (one - other).abs(),
        Form::Norm | Form::Power => (one / other - 1.0).abs(),
    };
    let numbers = |report: &SolveReport| {
        let bound = report.certificate.as_ref().map(|c| c.bound);
        (report.objective, report.max_violation, bound)
    };
    let (ours, theirs) = (numbers(watts), numbers(picowatts));
    // Of infeasible instances the bound is a power.
    let power = watts.status == SolveStatus::Infeasible;
    let same = match (ours, theirs) {
        ((Some(a), Some(v), bound), (Some(b), Some(u), other)) => {
            // An information without a digit left may be called singular.
            let singular = noise >= 1.0 && (a.is_infinite() || b.is_infinite());
            (a.total_cmp(&b).is_eq() || singular || apart(a, b) <= TWINS + 2.0 * noise)
                && (v - u).abs() <= TWINS
                && match (bound, other) {
                    (Some(a), Some(b)) if power => (b / PICO / a - 1.0).abs() <= TWINS,
                    (Some(a), Some(b)) => apart(a, b) <= TWINS,
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                }
        }
        _ => false,
    };
    (!same).then(|| format!("{ours:?} in watts, {theirs:?} in picowatts"))
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
    if objective.is_nan() {
        return Ok(Some("the objective is no number".into()));
    }
    let power = ops::norm2(w.as_ref());
    if power > drawn.power_w * (1.0 + ROUNDING) {
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
    // An information without a digit left may be called singular.
    let singular = noise >= 1.0 && objective.is_infinite();
    if (cost - objective).abs() > noise * unit && !singular {
        return Ok(Some(format!(
            "objective {objective:e}, by the formulas {cost:e} to {noise:e}"
        )));
    }
    let rates = judged.rates(w.as_ref());
    let short = shortfall(&drawn.min_rates, &rates);
    if (short - violation).abs() > RATE_ROUNDING {
        return Ok(Some(format!(
            "violation {violation:e}, by the formulas {short:e}"
        )));
    }
    if report.status == SolveStatus::Solved && short > FEASIBLE + RATE_ROUNDING {
        return Ok(Some(format!("solved with violation {short:e}")));
    }
    let mut rivals = starts(posed, rng)?;
    let contained = rivals.len();
    rivals.extend(ends(posed, method, rng)?);
    if report.status == SolveStatus::Infeasible {
        return Ok(refute_infeasible(judged, report, &rivals));
    }
    if let Some(certificate) = &report.certificate {
        let gap = (certificate.bound - objective).abs() / objective.abs();
        let stated = certificate.relative_gap.unwrap_or(f64::INFINITY);
        if objective != 0.0 && gap.is_finite() && (gap - stated).abs() > ROUNDING * gap {
            return Ok(Some(format!("gap {stated:e}, by its definition {gap:e}")));
        }
        // The bounded set contains the point; other members are looked for among the rivals, and those on its
        // edge are left out.
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
    // What is promised of the default: no method it contains ends lower. A random start may.
    if method == Method::BestOfStarts {
        for rival in &rivals[contained..] {
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
    // Logarithms and exponentials of the norm keep the digits of numbers up to 1000.
    let mut worst = ROUNDING * (1.0 + judged.crlb_and_loss(w.as_ref()).1);
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
/// power for the users.
fn starts(posed: &Posed, rng: &mut ChaCha8Rng) -> Result<Vec<Mat<c64>>, Source> {
    let problem = &posed.problem;
    let mut out = vec![posed.start.clone()];
    for start in [Start::Mrt, Start::Zf, Start::Random, Start::Apart] {
        let w = start.draw(problem, rng)?;
        out.push(for_users(problem, &w));
        out.push(w);
    }
    Ok(out)
}

/// The end of another method from the stated start; for the default the ends of all it contains.
fn ends(posed: &Posed, method: Method, rng: &mut ChaCha8Rng) -> Result<Vec<Mat<c64>>, Source> {
    let problem = &posed.problem;
    let mut out = Vec::new();
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
        let found = other.run(problem, posed.start.as_ref(), &options)?;
        out.push(found.beams);
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
