//! Baseline: successive convex approximation with semidefinite relaxation, for small sizes.
//!
//! Covariances X_i (sensing) and V_{k,i} (users) of any rank replace the beams. Around a point
//! (marked 0) ratios are bounded from below by the quadratic transform, tight at that point:
//!
//! ```math
//! p_{t,j,i} <= 2 y s_{t,i} - y^2 D_{t,j,i},   s_{t,i}^2 <= a_t^H X_i a_t,   y = sqrt(G0)/D0
//! ln(1 + gamma) >= ln(1 + g) - g + (1 + g)(2 y s - y^2 (S + I)),   s^2 <= S,  g = gamma0, y = sqrt(S0)/(S0 + I0)
//! ```
//!
//! so each round is a semidefinite program: the information is linear in p and `tr F^-1` is a sum of
//! Schur complements. Rates may miss by a slack of weight 1e3. At the end every covariance is rounded to
//! its principal eigenvector, its trace kept.

use super::{Design, Problem};
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, factor, ops, validate};
use isac_metrics::delay_doppler::{
    BsKnowledge, Combine, Disturbance, Gain, Illumination, Nodes, SensingState,
};
use isac_metrics::ofdm_rate::Interference;
use isac_opt::StopReason;
use isac_opt::conic::{
    self, Affine, ComplexAffine, HermitianAffine, MatrixVar, Program, ScalarVar,
};
use isac_opt::sca;
use serde::{Deserialize, Serialize};

/// Options of the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Largest number of programs solved.
    pub rounds: usize,
    /// Stop when the cost changes by less than this, relative.
    pub tolerance: f64,
    /// Price of a rate shortfall.
    pub slack_price: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rounds: 30,
            tolerance: 1e-4,
            slack_price: 1e3,
        }
    }
}

/// The rounded design and what rounding did.
#[derive(Debug, Clone)]
pub struct Rounded {
    /// The design by beams.
    pub design: Design,
    /// Sum of the CRLBs of the covariances, by the unrelaxed formulas.
    pub relaxed_sum_crlb: f64,
    /// Largest share of a covariance's trace outside its principal eigenvector, over the covariances
    /// with at least 1e-6 of the power.
    pub rank_excess: f64,
}

/// Solves a small problem: known gain, summed information, sensing stream known alone, alpha = 0
/// (sum) or inf (maximum).
///
/// # Errors
/// Other options, a start of the wrong shape, or a program without an answer.
pub fn solve(
    problem: &Problem,
    start: MatRef<'_, c64>,
    options: &Options,
) -> Result<Rounded, Error> {
    let mut unit = problem.shares(start)?;
    check(problem)?;
    let own = &problem.in_own_unit()?;
    let norm = ops::norm(unit.as_ref());
    validate::positive("start power", norm * norm, "W")?;
    ops::scale(unit.as_mut(), 1.0 / norm);
    let lift = |c: usize| {
        let beam = unit.as_ref().subcols(c, 1);
        ops::mul_adjoint(beam, beam)
    };
    let mut point: Vec<Mat<c64>> = (0..start.ncols()).map(lift).collect();
    let mut cost = f64::INFINITY;
    let mut stopped = StopReason::IterationLimit;
    let mut rounds = 0;
    while rounds < options.rounds {
        rounds += 1;
        let Some(next) = round(own, &point, options)? else {
            stopped = StopReason::Stagnation;
            break;
        };
        point = next;
        let now = measure(own, &point).0.crlb.iter().sum::<f64>();
        let settled = (cost - now).abs() <= options.tolerance * now;
        cost = now;
        if settled {
            stopped = StopReason::Tolerance;
            break;
        }
    }
    let floor = 1e-6;
    let mut rank_excess = 0.0_f64;
    let mut beams = Mat::zeros(problem.antennas(), point.len());
    for (c, covariance) in point.iter().enumerate() {
        let eigen = factor::eigh(covariance.as_ref())?;
        let trace: f64 = eigen.values.iter().map(|v| v.max(0.0)).sum();
        let last = eigen.values.len() - 1;
        if trace > floor {
            rank_excess = rank_excess.max(1.0 - eigen.values[last] / trace);
        }
        for a in 0..beams.nrows() {
            beams[(a, c)] = eigen.vectors[(a, last)] * trace.sqrt();
        }
    }
    // The programs meet the power to their tolerance, and using all of it hurts nobody.
    let norm = ops::norm(beams.as_ref());
    ops::scale(beams.as_mut(), 1.0 / norm);
    let mut design = Design::measure(problem, problem.beams_of_shares(beams))?;
    design.stopped = stopped;
    design.iterations = rounds;
    Ok(Rounded {
        design,
        relaxed_sum_crlb: cost,
        rank_excess,
    })
}

/// The longest a run on a problem is expected to take, s; infinite for options that [`solve`] refuses.
pub fn expected_seconds(problem: &Problem) -> f64 {
    match check(problem) {
        Ok(()) => Size::of(problem).seconds(),
        Err(_) => f64::INFINITY,
    }
}

/// That [`solve`] takes a problem: its options, and its size.
///
/// # Errors
/// Options outside the list of [`solve`]; [`Error::TooLarge`] with the estimates where the programs
/// would take more than [`SECONDS`] or [`BYTES`].
pub fn check(problem: &Problem) -> Result<(), Error> {
    let options = problem.sensing().options();
    let alpha = problem.fairness().alpha();
    let fits = options.gain == Gain::Known
        && options.bs == BsKnowledge::SensingOnly
        && problem.sensing().model().combine == Combine::Sum
        && problem.streams().sensing == 1
        && (alpha.abs() < f64::MIN_POSITIVE || alpha.is_infinite());
    if !fits {
        return Err(isac_linalg::Error::shape(
            "sca-sdr options",
            "known gain, summed information, sensing stream known alone, alpha 0 or inf",
            format!("{options:?}, alpha {alpha}"),
        )
        .into());
    }
    let size = Size::of(problem);
    if size.seconds() > SECONDS || size.bytes() > BYTES {
        return Err(Error::TooLarge {
            what: format!(
                "sdr with {} covariances of order {} and {} rows",
                size.covariances, size.antennas, size.rows
            ),
            seconds: size.seconds(),
            bytes: size.bytes(),
            limits: [SECONDS, BYTES],
        });
    }
    Ok(())
}

/// Longest run, s, and most memory, bytes, that [`solve`] starts on.
pub const SECONDS: f64 = 1800.0;
/// See [`SECONDS`].
pub const BYTES: f64 = 4e9;

/// What one program of a problem consists of, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Size {
    antennas: f64,
    /// Covariances: one per stream and subcarrier.
    covariances: f64,
    /// Rows of the program's dense normal equations.
    rows: f64,
    rounds: f64,
}

impl Size {
    fn of(problem: &Problem) -> Self {
        let streams = problem.streams();
        let n = streams.subcarriers as f64;
        let (targets, users) = (problem.sensing().targets() as f64, streams.users as f64);
        let nodes = match problem.sensing().options().nodes {
            Nodes::Multi => problem.sensing().nodes() as f64,
            Nodes::Mono => 1.0,
        };
        Self {
            antennas: problem.antennas() as f64,
            covariances: streams.columns() as f64,
            rows: n * targets * (nodes + 2.0) + 2.0 * n * users + 6.0 * targets + users,
            rounds: Options::default().rounds as f64,
        }
    }

    /// Seconds of a run with all its rounds.
    fn seconds(&self) -> f64 {
        self.rounds * PER_ROW_CUBED * self.rows.powi(3)
    }

    /// Bytes of the normal equations and of what is kept beside them.
    fn bytes(&self) -> f64 {
        PER_ROW_SQUARED * self.rows.powi(2) + 64.0 * self.covariances * self.antennas.powi(2)
    }
}

/// Seconds and bytes of a program by its rows, fitted to runs with N, antennas, T, K = 4, 4, 3, 2 (0.06 s
/// a program) to 12, 8, 4, 4 (3.6 s, 23 MB) on one core of 2026.
const PER_ROW_CUBED: f64 = 5e-8;
/// See [`PER_ROW_CUBED`].
const PER_ROW_SQUARED: f64 = 100.0;

/// Metrics of covariances, in units of the total power, by the unrelaxed formulas: the sensing state, and useful and disturbing power
/// of each user and subcarrier (user-major), noise included.
fn measure(problem: &Problem, point: &[Mat<c64>]) -> (SensingState, Illumination, Vec<[f64; 2]>) {
    let (streams, metric) = (problem.streams(), problem.sensing());
    let n = streams.subcarriers;
    let mut lit = metric.dark();
    let power = problem.power_w();
    let along = |c: usize, v: MatRef<'_, c64>| {
        power * ops::quadratic_form(point[c].as_ref(), v.col(0)).max(0.0)
    };
    for t in 0..metric.targets() {
        let steering = problem.steering().subcols(t, 1);
        for i in 0..n {
            lit.sensing[t * n + i] = along(streams.column(i, 0), steering);
            lit.comm[t * n + i] = (0..streams.users)
                .map(|k| along(streams.user_column(i, k), steering))
                .sum();
        }
    }
    let mut state = metric.state();
    metric.evaluate(&lit, &mut state);
    let mut powers = Vec::with_capacity(streams.users * n);
    for k in 0..streams.users {
        for i in 0..n {
            let h = problem.rate().channels().subcols(i * streams.users + k, 1);
            let rest: f64 = disturbers(problem, k)
                .map(|c| along(streams.column(i, c), h))
                .sum();
            let own = along(streams.user_column(i, k), h);
            powers.push([own, rest + problem.rate().noise_w()[k]]);
        }
    }
    (state, lit, powers)
}

/// The streams of a subcarrier that disturb user `k`.
fn disturbers(problem: &Problem, k: usize) -> impl Iterator<Item = usize> {
    let streams = problem.streams();
    let range = match problem.rate().interference() {
        Interference::All => 0..streams.per_subcarrier(),
        Interference::UsersOnly => streams.sensing..streams.per_subcarrier(),
        Interference::None => 0..0,
    };
    range.filter(move |c| *c != streams.sensing + k)
}

/// One program around `point`; `None` when it has no answer.
fn round(
    problem: &Problem,
    point: &[Mat<c64>],
    options: &Options,
) -> Result<Option<Vec<Mat<c64>>>, Error> {
    let streams = problem.streams();
    let (state, lit, powers) = measure(problem, point);
    let mut program = Program::new();
    let covariances: Vec<MatrixVar> = (0..point.len())
        .map(|c| program.psd(format!("covariance[{c}]"), problem.antennas()))
        .collect();
    let total: Affine = covariances.iter().map(|x| x.trace()).sum();
    program.at_most("power", total, 1.0);

    let mut objective = sensing(problem, &mut program, &covariances, &state, &lit);
    for k in 0..streams.users {
        let slack = program.nonneg(format!("slack[{k}]"));
        let rate = rate_minorant(problem, &mut program, &covariances, &powers, k);
        let least = problem.min_rates()[k] * streams.subcarriers as f64 * std::f64::consts::LN_2;
        program.at_least(format!("rate[{k}]"), rate + slack, least);
        objective += slack * options.slack_price;
    }
    program.minimise(objective);
    let outcome = program.solve(&conic::Options::default())?;
    let Some(solution) = outcome.solution() else {
        return Ok(None);
    };
    let matrix = |x: &MatrixVar| Ok(solution.matrix(*x)?.clone());
    let matrices: Result<Vec<_>, Error> = covariances.iter().map(matrix).collect();
    Ok(Some(matrices?))
}

/// The CRLBs as Schur complements of minorised information; returns their cost.
fn sensing(
    problem: &Problem,
    program: &mut Program,
    covariances: &[MatrixVar],
    state: &SensingState,
    lit: &Illumination,
) -> Affine {
    let (streams, metric) = (problem.streams(), problem.sensing());
    let (n, targets) = (streams.subcarriers, metric.targets());
    let (model, power) = (metric.model(), problem.power_w());
    // The cost in units of the present one, so that a slack has the same price in every problem.
    let present = match problem.fairness().alpha().is_infinite() {
        true => state.crlb.iter().copied().fold(0.0, f64::max),
        false => state.crlb.iter().sum(),
    };
    let nodes = match metric.options().nodes {
        Nodes::Multi => metric.nodes(),
        Nodes::Mono => 1,
    };
    let m = model.symbols as f64;
    let (s1, s2) = (m * (m - 1.0) / 2.0, (m - 1.0) * m * (2.0 * m - 1.0) / 6.0);
    let light = |c: usize, t: usize| covariances[c].quadratic(problem.steering().col(t));
    let mut disturbance = vec![0.0; n];
    let maximum = problem.fairness().alpha().is_infinite();
    let top = maximum.then(|| program.free("largest"));
    let mut sum = Affine::constant(0.0);
    for t in 0..targets {
        let roots: Vec<ScalarVar> = (0..n)
            .map(|i| {
                let bound = light(streams.column(i, 0), t);
                sca::root(program, format!("root[{t}][{i}]"), bound)
            })
            .collect();
        // Scaled to unit diagonal at the present point.
        let scale = [0, 1].map(|a| 1.0 / state.information[t][a][a].sqrt());
        let mut entries = [0, 1, 2].map(|_| Affine::constant(0.0));
        for j in 0..nodes {
            let at = t * metric.nodes() + j;
            metric.disturbance_into(t, j, lit, &mut disturbance);
            let noise = model.noise_w[j];
            let kappa =
                8.0 * std::f64::consts::PI.powi(2) * model.reflection[at] * model.antennas[j];
            for i in 0..n {
                // Disturbances in units of the noise, light in units of the total power.
                let now = disturbance[i] / noise;
                let y = (lit.sensing[t * n + i] / power).max(1e-12).sqrt() / now;
                let mut rest = Affine::constant(1.0);
                for q in 0..targets {
                    let b = model.reflection[q * metric.nodes() + j] * power / noise;
                    if metric.options().disturbance != Disturbance::NoiseOnly {
                        for k in 0..streams.users {
                            rest += light(streams.user_column(i, k), q) * b;
                        }
                    }
                    if q != t && metric.options().disturbance == Disturbance::All {
                        rest += light(streams.column(i, 0), q) * b;
                    }
                }
                let weight = program.free(format!("p[{t}][{j}][{i}]"));
                program.at_most("minorant", weight, sca::ratio_minorant(roots[i], rest, y));
                let (factor, index) = (kappa * power / noise, i as f64);
                let [first, cross, second] = &mut entries;
                *first += weight * (factor * m * index * index * scale[0] * scale[0]);
                *cross += weight * (-factor * s1 * index * scale[0] * scale[1]);
                *second += weight * (factor * s2 * scale[1] * scale[1]);
            }
        }
        let [first, cross, second] = entries;
        let mut information = HermitianAffine::zeros(2);
        information.add_diagonal(0, first);
        information.add_diagonal(1, second);
        let im = Affine::constant(0.0);
        information.add_entry(0, 1, ComplexAffine { re: cross, im });
        let mut crlb = Affine::constant(0.0);
        for a in 0..2 {
            if model.weights[a] <= 0.0 {
                continue;
            }
            let name = format!("crlb[{t}][{a}]");
            let inverse = sca::inverse_entry(program, name, information.clone(), a);
            let unit = model.weights[a] * scale[a] * scale[a] / present;
            crlb += inverse * unit;
        }
        match top {
            Some(top) => {
                program.at_most("maximum", crlb, top);
            }
            None => sum += crlb,
        }
    }
    top.map_or(sum, Affine::from)
}

/// The minorant of `N ln 2 r_k` around the present powers.
fn rate_minorant(
    problem: &Problem,
    program: &mut Program,
    covariances: &[MatrixVar],
    powers: &[[f64; 2]],
    k: usize,
) -> Affine {
    let streams = problem.streams();
    let n = streams.subcarriers;
    let noise = problem.rate().noise_w()[k];
    let mut rate = Affine::constant(0.0);
    for i in 0..n {
        let h = problem
            .rate()
            .channels()
            .subcols(i * streams.users + k, 1)
            .to_owned();
        let mut scaled = h;
        ops::scale(scaled.as_mut(), (problem.power_w() / noise).sqrt());
        let power = |c: usize| covariances[c].quadratic(scaled.col(0));
        let [own, rest] = powers[k * n + i].map(|p| (p / noise).max(1e-9));
        let useful = power(streams.user_column(i, k));
        let mut disturbance = Affine::constant(1.0);
        for c in disturbers(problem, k) {
            disturbance += power(streams.column(i, c));
        }
        rate += sca::log_ratio_minorant(program, useful, disturbance, [own, rest]);
    }
    rate
}
