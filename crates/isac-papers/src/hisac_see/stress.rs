//! The hostile sweep: random networks over the decades, every answer judged by code that shares
//! nothing with the solvers or with the closed forms of the metrics.
//!
//! Worst cases are searched for among the channels of the error balls by climbing (projected power
//! iterations and gradients from random starts), which can only find less than the true worst case:
//! an answer is refuted by what a channel of the ball does to it. An infeasible verdict is refuted by a
//! design, planted by the draw or found by another method; an objective by a bound in closed form. Some
//! instances are solved again with every power in another unit, which must change nothing.

use super::solve::answer;
use isac_algos::hisac_see::{
    Access, Design, Method, Problem, RawStart, Requirements, UserTarget, Working, evaluate,
};
use isac_lab::solve::{SolveReport, SolveStatus};
use isac_lab::stress::Trial;
use isac_linalg::{Mat, c64};
use isac_metrics::scnr::Clutter;
use isac_metrics::secrecy::Bound;
use isac_models::csi_error::UncertainChannel;
use isac_models::rng::{Stream, stream};
use isac_models::two_cell::TwoCell;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt};
use serde_json::Value;

mod judge;

use judge::{Judge, norm2};

/// Violation of an exact constraint that an answer may have, and what its own arithmetic adds.
const FEASIBLE: f64 = 1.1e-5;
/// Relative difference of two evaluations of one design.
const SAME: f64 = 1e-6;
/// Room in every constraint with which a design refutes a proof: more than what the errors of a proof
/// (1e-8) and rounding could make up.
const ROOM: f64 = 1e-7;

/// Instance number `instance` of the stream `seed`.
pub(super) fn stress(seed: u64, instance: u64) -> Trial {
    let mut rng = stream(seed, Stream::Start, instance);
    let (class, problem, planted) = draw(&mut rng);
    // Convex steps take a hundred times as long as the direct route.
    let method = match rng.random_range(0..150) {
        0 => Method::Joint,
        1 => Method::Alternating,
        2 => Method::Overlapping,
        _ => Method::Direct,
    };
    let trial = |status: &str, over_claim| Trial {
        class,
        status: status.into(),
        over_claim,
    };
    let found = match answer(&problem, method, &[]) {
        Ok(found) => found,
        Err(error) => return trial("error", Some(format!("valid input refused: {error}"))),
    };
    let status = serde_json::to_value(found.status).unwrap_or_default();
    let status = status.as_str().unwrap_or_default();
    let wrong = refute(&problem, &found, planted.as_ref(), &mut rng).or_else(|| {
        let unit = match rng.random_range(0..20) {
            0 => Unit::Exact,
            1 => Unit::Pico,
            _ => return None,
        };
        unit_matters(&problem, method, &found, unit)
    });
    trial(
        status,
        wrong.map(|w| format!("{} ({}): {w}", method.name(), problem.access.name())),
    )
}

/// Units of power that an instance is solved in again.
#[derive(Clone, Copy)]
enum Unit {
    /// `2^-40` W, nearly a picowatt: the numbers of the problem scale without rounding.
    Exact,
    /// Picowatts: they are rounded anew.
    Pico,
}

/// What another unit of power changes, where nothing should.
fn unit_matters(
    problem: &Problem,
    method: Method,
    found: &SolveReport,
    unit: Unit,
) -> Option<String> {
    let per_watt = match unit {
        Unit::Exact => 40.0_f64.exp2(),
        Unit::Pico => 1e12,
    };
    let mut other = problem.clone();
    let accounting = &mut other.accounting;
    let powers = [
        &mut other.cell.noise,
        &mut other.power1_max,
        &mut other.power2_max,
        &mut other.circuit_power,
        &mut other.artificial_noise,
    ];
    let allocated = [&mut accounting.allocated1, &mut accounting.allocated2];
    for power in powers.into_iter().chain(allocated.into_iter().flatten()) {
        *power *= per_watt;
    }
    let again = match answer(&other, method, &[]) {
        Ok(again) => again,
        Err(error) => return Some(format!("refused in units of 1/{per_watt:e} W: {error}")),
    };
    let (was, is) = (found.status, again.status);
    if was != is {
        return Some(format!("{was:?}, in units of 1/{per_watt:e} W {is:?}"));
    }
    let (was, is) = (found.objective?, again.objective? * per_watt);
    let same = match unit {
        // The same bits but for the exponent.
        Unit::Exact => was.to_bits() == is.to_bits(),
        // Where a method ends infeasible depends on every digit of what it is given.
        Unit::Pico if found.status != SolveStatus::Solved => true,
        Unit::Pico => (was - is).abs() <= SAME * was.abs(),
    };
    (!same).then(|| format!("objective {was:e}, in units of 1/{per_watt:e} W {is:e}"))
}

/// What is not so about an answer.
fn refute(
    problem: &Problem,
    found: &SolveReport,
    planted: Option<&Design>,
    rng: &mut ChaCha8Rng,
) -> Option<String> {
    match found.status {
        SolveStatus::Solved | SolveStatus::Limit => {
            let design = match beams(problem, found) {
                Ok(design) => design,
                Err(missing) => return Some(missing),
            };
            let judged = Judge::new(problem, &design, rng);
            let (ours, stated) = (judged.efficiency, found.objective.unwrap_or(f64::NAN));
            // Climbing may find a little more than the truth's rounding allows, never a better value.
            let size = ours.abs().max(judged.scale);
            if stated.is_nan() || ours.is_nan() || stated > ours + SAME * size {
                return Some(format!("objective {stated:e}, a channel gives {ours:e}"));
            }
            if let Some((name, value)) = judged.worst()
                && (value.is_nan() || value > FEASIBLE)
            {
                return Some(format!("{name} violated by {value:e}"));
            }
            let bound = judge::upper_bound(problem);
            if stated > bound * (1.0 + SAME) {
                return Some(format!("objective {stated:e} above the bound {bound:e}"));
            }
            let local = found.stop_reason.contains("local");
            (!local).then(|| "a local optimum that does not say so".into())
        }
        SolveStatus::Infeasible => {
            if found.certificate.is_none() {
                return Some("infeasible without a certificate".into());
            }
            if let Some(design) = planted {
                let (name, value) = Judge::new(problem, design, rng).worst()?;
                if value < -ROOM {
                    return Some(format!(
                        "a design meets all constraints, {name} by {value:e}"
                    ));
                }
            }
            // Another method, now and then: it must not find a design with room to spare.
            if rng.random_range(0..100) == 0
                && let Ok(other) = Method::Joint.run(problem, &[])
                && other.report.max_violation() <= 0.0
                && let Some((_, value)) = Judge::new(problem, &other.design, rng).worst()
                && value < -ROOM
            {
                return Some("the joint steps find a design".into());
            }
            None
        }
        SolveStatus::Unknown => found
            .stop_reason
            .is_empty()
            .then(|| "unknown without a reason".into()),
        other => Some(format!("status {other:?} is not one of this problem")),
    }
}

/// The beams of an answer as it is printed.
fn beams(problem: &Problem, found: &SolveReport) -> Result<Design, String> {
    let matrix = |name: &str| -> Result<Mat<c64>, String> {
        let value = found.beamformers.get(name).unwrap_or(&Value::Null);
        let entry = |part: &str, i: usize, j: usize| value[part][i][j].as_f64();
        let rows = value["re"].as_array().map_or(0, Vec::len);
        let columns = value["re"][0].as_array().map_or(0, Vec::len);
        let mut out = Mat::zeros(rows, columns);
        for j in 0..columns {
            for i in 0..rows {
                let pair = entry("re", i, j).zip(entry("im", i, j));
                let (re, im) = pair.ok_or_else(|| format!("{name} is not finite"))?;
                out[(i, j)] = c64::new(re, im);
            }
        }
        Ok(out)
    };
    let column = |m: &Mat<c64>| -> Vec<c64> { m.col(0).iter().copied().collect() };
    let (w_bo, w_ta, o) = (matrix("w_bo")?, matrix("w_ta")?, matrix("O")?);
    let streams = problem.access.streams(problem.cell.users());
    if o.ncols() != streams {
        return Err(format!("{} streams, not {streams}", o.ncols()));
    }
    Ok(Design::new(column(&w_bo), column(&w_ta), &o))
}

/// A number spread evenly over decades.
fn decades(rng: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    10.0_f64.powf(rng.random_range(low..high))
}

fn gaussian(rng: &mut impl Rng, n: usize) -> Vec<c64> {
    let m = isac_models::rng::complex_normal(n, 1, rng);
    m.col(0).iter().copied().collect()
}

/// A class, its problem, and a design that is known to meet every constraint where one was planted.
fn draw(rng: &mut ChaCha8Rng) -> (&'static str, Problem, Option<Design>) {
    let class = [
        "ordinary",
        "ordinary",
        "perfect CSI",
        "nearly perfect CSI",
        "large errors",
        "collinear users",
        "Eve near Bob",
        "extreme threshold",
        "extreme power",
        "high SNR",
        "planted",
        "planted",
    ][rng.random_range(0..12)];
    let (m1, m2) = (rng.random_range(1..5_usize), rng.random_range(1..5_usize));
    let users = rng.random_range(1..4_usize);
    // Units: of power, and of the channels' amplitudes.
    let watt = decades(rng, -12.0, 3.0);
    let gain = if class == "high SNR" {
        decades(rng, 1.0, 3.0)
    } else {
        1.0
    };
    let noise = decades(rng, -14.0, 0.0);
    let amplitude = (noise * gain / watt).sqrt();
    let cell = network(class, ([m1, m2], users), (amplitude, noise), rng);
    let limits = [decades(rng, 0.5, 3.0), decades(rng, 0.5, 3.0)];
    // Of the size that makes the echo's threshold cost a few watts.
    let reflection = decades(rng, -0.5, 1.0) / noise;
    let circuit = watt * decades(rng, 0.0, 1.5);
    let mut p = Problem::new(
        cell,
        reflection,
        watt * limits[0],
        watt * limits[1],
        circuit,
    );
    p.requirements = Requirements {
        sinr: decades(rng, -1.5, 0.0),
        secrecy_rate: rng.random_range(0.0..1.0),
        common_rate: rng.random_range(0.0..0.6),
        private_rate: rng.random_range(0.0..0.6),
    };
    p.access = Access::ALL[rng.random_range(0..Access::ALL.len())];
    p.user_target = UserTarget::ALL[rng.random_range(0..2)];
    if rng.random_range(0..4) == 0 {
        p.clutter = Clutter::Model;
    }
    if rng.random_range(0..8) == 0 {
        p.artificial_noise = watt * decades(rng, -2.0, 0.0);
    }
    if rng.random_range(0..8) == 0 {
        p.accounting.allocated2 = Some(p.power2_max);
    }
    extreme(class, &mut p, rng);
    let planted = if class == "planted" {
        plant(&mut p, rng)
    } else {
        None
    };
    (class, p, planted)
}

/// Links of both base stations, of an amplitude and with a noise power.
fn network(
    class: &str,
    ([m1, m2], users): ([usize; 2], usize),
    (amplitude, noise): (f64, f64),
    rng: &mut ChaCha8Rng,
) -> TwoCell {
    let mut link = |m: usize, size: f64| -> Vec<c64> {
        gaussian(rng, m)
            .iter()
            .map(|x| x * (amplitude * size))
            .collect()
    };
    let (h_bo, mut h_e, h_ta, h_cl) = (link(m1, 0.8), link(m1, 0.6), link(m1, 0.9), link(m1, 0.1));
    let (g_bo, mut g_e) = (link(m2, 0.5), link(m2, 0.8));
    let mut rows: Vec<(Vec<c64>, Vec<c64>)> =
        (0..users).map(|_| (link(m1, 0.3), link(m2, 1.2))).collect();
    if class == "collinear users" {
        let first = rows[0].1.clone();
        for (n, row) in rows.iter_mut().enumerate().skip(1) {
            let t = c64::new(1.0 + 0.3 * n as f64, 0.4);
            row.1 = first.iter().map(|x| x * t).collect();
        }
    }
    if class == "Eve near Bob" {
        let apart = decades(rng, -8.0, -0.5);
        let near = |to: &[c64], own: &[c64]| -> Vec<c64> {
            to.iter().zip(own).map(|(t, o)| t + o * apart).collect()
        };
        (h_e, g_e) = (near(&h_bo, &h_e), near(&g_bo, &g_e));
    }
    let mut ball = |name: &str, h: Vec<c64>| -> UncertainChannel {
        let relative = match class {
            "perfect CSI" if rng.random_range(0..3) > 0 => 0.0,
            "nearly perfect CSI" if rng.random_range(0..3) > 0 => decades(rng, -16.0, -5.0),
            "large errors" if name != "h_bo" => rng.random_range(0.3..1.2),
            _ => rng.random_range(0.0..0.15),
        };
        let radius = relative * norm2(&h).sqrt();
        UncertainChannel {
            estimate: h,
            error: isac_models::csi_error::ErrorSet::Ball { radius },
        }
    };
    TwoCell {
        h_bo: ball("h_bo", h_bo),
        h_e: ball("h_e", h_e),
        h_ta,
        h_cl,
        h_users: Mat::from_fn(m1, users, |i, n| rows[n].0[i]),
        g_bo: ball("g_bo", g_bo),
        g_e: ball("g_e", g_e),
        g_users: Mat::from_fn(m2, users, |i, n| rows[n].1[i]),
        noise,
    }
}

/// A threshold or a power far outside what is usual, where the class says so.
fn extreme(class: &str, p: &mut Problem, rng: &mut ChaCha8Rng) {
    match class {
        "extreme threshold" => {
            let value = match rng.random_range(0..4) {
                0 => 0.0,
                1 => decades(rng, -300.0, -6.0),
                2 => decades(rng, 2.0, 300.0),
                _ => decades(rng, -6.0, 2.0),
            };
            let r = &mut p.requirements;
            match rng.random_range(0..4) {
                0 => r.sinr = value,
                1 => r.secrecy_rate = value,
                2 => r.common_rate = value,
                _ => r.private_rate = value,
            }
        }
        "extreme power" => {
            let value = decades(rng, -30.0, 30.0);
            match rng.random_range(0..4) {
                0 => p.power1_max = value,
                1 => p.power2_max = value,
                2 => p.circuit_power = value,
                _ => p.circuit_power = 0.0,
            }
        }
        _ => {}
    }
}

/// Thresholds that a drawn design meets with room to spare.
fn plant(p: &mut Problem, rng: &mut ChaCha8Rng) -> Option<Design> {
    let working = Working::new(p).ok()?;
    let raw = RawStart::default().design(p, &working).ok()?;
    p.requirements = Requirements {
        sinr: 0.0,
        secrecy_rate: 0.0,
        common_rate: 0.0,
        private_rate: 0.0,
    };
    let loose = p.clone();
    let judged = Judge::new(&loose, &raw, rng);
    if !judged.ordered() || judged.rate.is_nan() || judged.rate <= 0.05 {
        return None;
    }
    let [least, eve] = judged.sinrs();
    let sinr = 0.9 * least;
    if sinr.is_nan() || sinr <= 1.05 * eve {
        return None;
    }
    p.requirements.sinr = sinr;
    p.requirements.secrecy_rate = 0.9 * judged.rate;
    let (common, private) = judged.user_rates();
    match p.access {
        Access::RsmaFixed | Access::RsmaFree => {
            p.requirements.common_rate = 0.9 * common;
            p.requirements.private_rate = 0.9 * private;
        }
        Access::Sdma | Access::Noma | Access::Tdma => {
            p.requirements.private_rate = 0.9 * private;
        }
    }
    // The climbing may have missed something: the exact worst cases must agree.
    let report = evaluate(p, &working.network, &raw, Bound::Exact).ok()?;
    (report.max_violation() <= 0.0).then_some(raw)
}
