//! Starting beamformers. None has a zero stream: a silent stream is a stationary point of the penalty
//! and stays silent.

use super::{Evaluator, Problem};
use crate::Error;
use isac_linalg::kernel::{Field, Scratch};
use isac_linalg::{Mat, MatRef, c64, factor, ops, ops::Op};
use isac_metrics::delay_doppler::{BsKnowledge, SensingOptions};
use isac_metrics::ofdm_rate::{Interference, water_level};
use isac_opt::drive::Stop;
use isac_opt::manifold::Sphere;
use isac_opt::riemannian::{Method, Workspace, lbfgs};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// How to start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Half the power on random-phase sums of the steering vectors, half on matched user beams.
    #[default]
    Mrt,
    /// The same with regularised zero-forcing user beams.
    Zf,
    /// Gaussian entries.
    Random,
    /// Targets first, as if there were no users: power on the outer subcarriers, where delay is best
    /// measured, and a short descent on the sensing beams alone. Then the users around them:
    /// regularised beams and powers water-filled over what disturbs them.
    Apart,
    /// Targets take turns: every subcarrier lights one target, drawn at random, and as little as possible
    /// of the others, with most power on the outer subcarriers; users as in [`Start::Apart`]. Where
    /// echoes are so strong that targets drown each other, good designs look like this.
    Turns,
}

/// Iterations of the descent of [`Start::Apart`]; each costs one stream's share of an evaluation.
const SENSING_ITERATIONS: usize = 25;
/// Rounds in which the users' powers of [`Start::Apart`] react to each other.
const POWER_ROUNDS: usize = 4;

impl Start {
    /// Draws a beamformer of full power.
    ///
    /// # Errors
    /// A failed factorisation (`Zf`, `Apart`).
    pub fn draw(self, problem: &Problem, rng: &mut impl Rng) -> Result<Mat<c64>, Error> {
        let streams = problem.streams();
        let antennas = problem.antennas();
        let mut w = Mat::zeros(antennas, streams.columns());
        let power = problem.power_w();
        if self == Self::Random {
            for c in 0..w.ncols() {
                for n in 0..antennas {
                    let (re, im) = (StandardNormal.sample(rng), StandardNormal.sample(rng));
                    w[(n, c)] = c64::new(re, im);
                }
            }
            let norm = ops::norm(w.as_ref());
            ops::scale(w.as_mut(), power.sqrt() / norm);
            return Ok(w);
        }
        if matches!(self, Self::Apart | Self::Turns) {
            let alone: f64 = (0..streams.users)
                .map(|k| problem.rate().single_user_power(k, problem.min_rates()[k]))
                .sum();
            let left = power - alone.min(0.5 * power);
            let sensing = match self {
                Self::Turns => turns(problem, left, rng)?,
                Self::Apart | Self::Mrt | Self::Zf | Self::Random => {
                    sensing_beams(problem, left, rng)?
                }
            };
            return around(problem, sensing.as_ref());
        }
        let share = if streams.users == 0 { 1.0 } else { 0.5 } * power;
        let per_sensing = (share / (streams.subcarriers * streams.sensing) as f64).sqrt();
        let per_user = (share / (streams.subcarriers * streams.users.max(1)) as f64).sqrt();
        for i in 0..streams.subcarriers {
            for s in 0..streams.sensing {
                let column = streams.column(i, s);
                for t in 0..problem.steering().ncols() {
                    let phase = c64::cis(TAU * rng.random::<f64>());
                    for n in 0..antennas {
                        w[(n, column)] += problem.steering()[(n, t)] * phase;
                    }
                }
                set_length(&mut w, column, per_sensing);
            }
            let channels = problem
                .rate()
                .channels()
                .subcols(i * streams.users, streams.users);
            let beams = match self {
                Self::Zf => zero_forcing(problem, channels)?,
                Self::Mrt | Self::Random | Self::Apart | Self::Turns => channels.to_owned(),
            };
            for k in 0..streams.users {
                let column = streams.user_column(i, k);
                w.col_mut(column).copy_from(beams.col(k));
                set_length(&mut w, column, per_user);
            }
        }
        Ok(w)
    }
}

/// `H (H^H H + e I)^-1` with e the noise per user's share of power, so that weak users are not
/// inverted into each other.
fn zero_forcing(problem: &Problem, h: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
    let share = problem.power_w() / (problem.streams().subcarriers.max(1)) as f64;
    let noise: f64 = problem.rate().noise_w().iter().sum();
    let gram = ops::adjoint_mul(h, h);
    let floor = 1e-12 * ops::norm_max(gram.as_ref());
    let gram = ops::shifted(gram.as_ref(), noise / share + floor);
    Ok(
        factor::solve(gram.as_ref(), h.adjoint().to_owned().as_ref())?
            .adjoint()
            .to_owned(),
    )
}

/// Sensing beams of given shape and users around them, full power.
fn around(problem: &Problem, sensing: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
    let streams = problem.streams();
    let power = problem.power_w();
    let (users, powers) = user_beams(problem, sensing)?;
    // What the users need, but no silent stream and something left for the targets.
    let wanted: f64 = powers.iter().sum();
    let least = 1e-4 * wanted.max(1e-3 * power) / powers.len().max(1) as f64;
    let total: f64 = powers.iter().map(|p| p.max(least)).sum();
    let scale = if total > 0.9 * power {
        0.9 * power / total
    } else {
        1.0
    };
    let mut w = Mat::zeros(problem.antennas(), streams.columns());
    let left = power - scale * total;
    let amplitude = left.sqrt() / ops::norm(sensing);
    for i in 0..streams.subcarriers {
        let first = streams.column(i, 0);
        let mut beams = w.as_mut().subcols_mut(first, streams.per_subcarrier());
        let mut of_sensing = beams.as_mut().subcols_mut(0, streams.sensing);
        of_sensing.copy_from(sensing.subcols(i * streams.sensing, streams.sensing));
        ops::scale(of_sensing, amplitude);
        for k in 0..streams.users {
            let mut column = beams.as_mut().subcols_mut(streams.sensing + k, 1);
            column.copy_from(users.subcols(i * streams.users + k, 1));
            let wanted = powers[k * streams.subcarriers + i].max(least);
            ops::scale(column, (scale * wanted).sqrt());
        }
    }
    Ok(w)
}

/// Share of the power that a steering vector's part along the other targets keeps in [`Start::Turns`].
const LEAK: f64 = 1e-6;

/// Sensing beams that light one target per subcarrier, antennas x N S: `(A A^H + e I)^-1 a_t`, which avoids
/// the other targets.
fn turns(problem: &Problem, power_w: f64, rng: &mut impl Rng) -> Result<Mat<c64>, Error> {
    let streams = problem.streams();
    let (n, targets) = (streams.subcarriers, problem.steering().ncols());
    let steering = problem.steering();
    let gram = ops::mul_adjoint(steering, steering);
    let floor = LEAK * ops::norm_max(gram.as_ref());
    let beams = factor::solve(ops::shifted(gram.as_ref(), floor).as_ref(), steering)?;
    // From the outermost subcarrier inwards all targets have had a turn before one has a second.
    let mut order: Vec<usize> = (0..n).collect();
    let centre = (n as f64 - 1.0) / 2.0;
    let off = |i: usize| (i as f64 - centre).abs() / centre.max(0.5);
    order.sort_by(|a, b| off(*b).total_cmp(&off(*a)).then(b.cmp(a)));
    let mut waiting: Vec<usize> = Vec::new();
    let mut sensing = Mat::zeros(problem.antennas(), n * streams.sensing);
    for i in order {
        if waiting.is_empty() {
            waiting = (0..targets).collect();
        }
        let target = waiting.swap_remove(rng.random_range(0..waiting.len()));
        let beam = beams.as_ref().subcols(target, 1);
        let length = off(i).powi(2).max(0.1) / ops::norm(beam);
        for stream in 0..streams.sensing {
            let mut column = sensing.as_mut();
            let mut column = column.as_mut().subcols_mut(i * streams.sensing + stream, 1);
            column.copy_from(beam);
            ops::scale(column, length);
        }
    }
    let norm = ops::norm(sensing.as_ref());
    ops::scale(sensing.as_mut(), power_w.sqrt() / norm);
    Ok(sensing)
}

/// Sensing beams for the targets alone, antennas x N S.
fn sensing_beams(problem: &Problem, power_w: f64, rng: &mut impl Rng) -> Result<Mat<c64>, Error> {
    let options = SensingOptions {
        bs: BsKnowledge::SensingOnly,
        ..problem.sensing().options()
    };
    let share = power_w / problem.power_w();
    let lit = problem
        .in_own_unit()?
        .sensing_only(problem.streams().sensing, share)?
        .with_sensing(options)?;
    let streams = lit.streams();
    let mut start = Start::Mrt.draw(&lit, rng)?;
    let centre = (streams.subcarriers as f64 - 1.0) / 2.0;
    for i in 0..streams.subcarriers {
        let off = (i as f64 - centre).abs() / centre.max(0.5);
        let columns = start.as_mut();
        let columns = columns.subcols_mut(streams.column(i, 0), streams.sensing);
        ops::scale(columns, off.powi(8).max(1e-3));
    }
    let method = Method::Lbfgs(lbfgs::Options {
        memory: 6,
        stop: Stop {
            max_iterations: SENSING_ITERATIONS,
            ..Stop::default()
        },
        ..lbfgs::Options::default()
    });
    let mut evaluator = Evaluator::new(&lit);
    let end = method.minimise(
        &Sphere::new(share)?,
        start.as_ref(),
        |w, g| {
            let value = evaluator.evaluate(w);
            evaluator.gradient(1.0, &[], g);
            Ok::<f64, Error>(value)
        },
        &mut Workspace::default(),
    )?;
    Ok(problem.beams_of_shares(end.point))
}

/// Beams of unit norm, antennas x N K, and their powers, user by user, that meet the rates around given
/// sensing beams if anything like them does.
///
/// With powers q that a user would need alone and noise v that contains the sensing interference, the
/// beams on a subcarrier are those of the dual multiple-access channel:
///
/// ```math
/// B = Ht (Ht^H Ht + I)^-1,   Ht = H diag(sqrt(q / v)),   Ht^H B = I - (Ht^H Ht + I)^-1
/// ```
fn user_beams(problem: &Problem, sensing: MatRef<'_, c64>) -> Result<(Mat<c64>, Vec<f64>), Error> {
    let streams = problem.streams();
    let (n, users, antennas) = (streams.subcarriers, streams.users, problem.antennas());
    if users == 0 {
        return Ok((Mat::zeros(antennas, 0), Vec::new()));
    }
    let rate = problem.rate();
    let mut noise = vec![0.0; users * n];
    let mut floors = vec![0.0; users * n];
    for (k, i) in (0..users).flat_map(|k| (0..n).map(move |i| (k, i))) {
        let h = rate.channels().col(i * users + k);
        let heard = match rate.interference() {
            Interference::All => (0..streams.sensing)
                .map(|s| ops::dot(h, sensing.col(i * streams.sensing + s)).norm_sqr())
                .sum(),
            Interference::UsersOnly | Interference::None => 0.0,
        };
        noise[k * n + i] = rate.noise_w()[k] + heard;
        floors[k * n + i] = noise[k * n + i] / h.iter().map(|z| z.norm_sqr()).sum::<f64>();
    }
    let mut powers = vec![0.0; users * n];
    water_fill(problem, &floors, &mut powers);
    let least = 1e-3 * powers.iter().sum::<f64>() / powers.len().max(1) as f64;
    let least = least.max(f64::MIN_POSITIVE);

    let mut beams = Mat::zeros(antennas, users * n);
    let mut scaled = Mat::<c64>::zeros(antennas, users);
    let mut gram = Mat::<c64>::zeros(users, users);
    let mut inverse = gram.clone();
    let mut scratch = Scratch::new::<c64>(users.max(1));
    // |h_k^H b_l|^2 over the noise, subcarrier by subcarrier.
    let mut couplings = vec![0.0; n * users * users];
    for (i, coupling) in couplings.chunks_exact_mut(users * users).enumerate() {
        for k in 0..users {
            let at = k * n + i;
            let factor = (powers[at].max(least) / noise[at]).sqrt();
            let h = rate.channels().col(i * users + k);
            for a in 0..antennas {
                scaled[(a, k)] = h[a] * factor;
            }
        }
        let h = scaled.as_ref();
        ops::gemm(gram.as_mut(), false, c64::ONE, h, Op::Adjoint, h, Op::Plain);
        for k in 0..users {
            gram[(k, k)] += c64::ONE;
        }
        if !c64::cholesky(gram.as_mut(), &mut scratch) {
            let what = "Gram matrix of the channels".into();
            return Err(isac_linalg::Error::NotPositiveDefinite { what, pivot: i }.into());
        }
        c64::inverse_from_lower(inverse.as_mut(), gram.as_ref(), &mut scratch);
        let mut of_carrier = beams.as_mut().subcols_mut(i * users, users);
        let (out, inverse) = (of_carrier.as_mut(), inverse.as_ref());
        ops::gemm(out, false, c64::ONE, h, Op::Plain, inverse, Op::Plain);
        for l in 0..users {
            let column = of_carrier.as_mut().subcols_mut(l, 1);
            let norm = ops::norm(column.as_ref());
            if norm > 0.0 {
                ops::scale(column, 1.0 / norm);
            }
            for k in 0..users {
                let own = if k == l { c64::ONE } else { c64::ZERO };
                let heard = (own - inverse[(k, l)]).norm_sqr() / powers[k * n + i].max(least);
                coupling[k * users + l] = heard / (norm * norm).max(f64::MIN_POSITIVE);
            }
        }
    }
    for _ in 0..POWER_ROUNDS {
        for (i, coupling) in couplings.chunks_exact(users * users).enumerate() {
            for k in 0..users {
                let row = &coupling[k * users..(k + 1) * users];
                let mut rest = 1.0;
                if rate.interference() != Interference::None {
                    for l in (0..users).filter(|l| *l != k) {
                        rest += row[l] * powers[l * n + i];
                    }
                }
                floors[k * n + i] = rest / row[k];
            }
        }
        water_fill(problem, &floors, &mut powers);
    }
    Ok((beams, powers))
}

/// Least powers with which every user reaches its rate over given floors, user by user; nothing for a
/// user without channel.
fn water_fill(problem: &Problem, floors: &[f64], powers: &mut [f64]) {
    let n = problem.streams().subcarriers;
    let mut sorted = Vec::with_capacity(n);
    let of_users = floors.chunks_exact(n).zip(powers.chunks_exact_mut(n));
    for ((floors, powers), rate) in of_users.zip(problem.min_rates()) {
        sorted.clear();
        sorted.extend(floors.iter().copied().filter(|f| f.is_finite()));
        sorted.sort_by(f64::total_cmp);
        let level = water_level(&sorted, rate * n as f64 * std::f64::consts::LN_2);
        for (power, floor) in powers.iter_mut().zip(floors) {
            let wanted = (level - floor).max(0.0);
            *power = if wanted.is_finite() { wanted } else { 0.0 };
        }
    }
}

/// Scales a column to a length; a zero column gets equal entries.
fn set_length(w: &mut Mat<c64>, column: usize, length: f64) {
    let mut column = w.as_mut().subcols_mut(column, 1);
    let norm = ops::norm(column.as_ref());
    if norm > 0.0 {
        ops::scale(column, length / norm);
    } else {
        let entry = length / (column.nrows() as f64).sqrt();
        column.fill(c64::new(entry, 0.0));
    }
}
