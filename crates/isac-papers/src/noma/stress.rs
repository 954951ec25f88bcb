//! Random instances of `noma/1` for `isac stress`: every answer against formulas written out here.
//!
//! Nothing of the algorithms is used to judge them: SINR, patterns and powers are sums over entries;
//! worst cases are attacked by descent over the ball; bounds and proofs have to survive designs in
//! closed form (zero-forcing beams with sensing beams that no user sees).

use isac_algos::noma::robust::ErrorBall;
use isac_algos::noma::{Mode, PowerWeights, Scene, Sensing};
use isac_linalg::{Mat, c64, factor, ops};
use isac_metrics::noma::SicSet;
use isac_models::array::{Scaling, Ula};
use isac_models::rng::{Stream, complex_normal, stream};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde_json::Value;

use super::algorithm::Algorithm;
use super::input::{Case, Problem};
use super::solve::solve_case;
use isac_lab::solve::{SolveReport, SolveStatus};
use isac_lab::stress::Trial;

/// What is drawn, as plain numbers.
struct Instance {
    h: Mat<c64>,
    a: Mat<c64>,
    noise: f64,
    floor: f64,
    difference: f64,
    xi: Option<f64>,
    sic: SicSet,
    problem: Problem,
}

/// Largest gap and violation of `solved`, as `docs/cli.md` promises.
const ACCEPT: f64 = 1e-6;
/// Two ways to the same sum of a few hundred products: rounding of the sums, and of the ten digits
/// that pattern values keep where beams cancel at a target.
const SUMS: f64 = 1e-9;
/// Two ways to the same SINR, where what disturbs is what is left of beams that cancel at a user:
/// half the digits of a number.
const SAME: f64 = 1e-7;
/// Designs in closed form meet the demands to this: dual vectors of a Gram matrix whose least
/// eigenvalue is above 1e-7 keep seven digits or more.
const REFERENCE: f64 = 1e-6;

const CLASSES: [[&str; 4]; 4] = [
    [
        "power_min full",
        "power_min own",
        "power_min orthogonal",
        "power_min linear",
    ],
    [
        "max_min full",
        "max_min own",
        "max_min orthogonal",
        "max_min linear",
    ],
    [
        "robust_power_min full",
        "robust_power_min own",
        "robust_power_min orthogonal",
        "robust_power_min linear",
    ],
    [
        "robust_max_min full",
        "robust_max_min own",
        "robust_max_min orthogonal",
        "robust_max_min linear",
    ],
];

fn decade(rng: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    10f64.powf(rng.random_range(low..high))
}

fn draw(seed: u64, instance: u64) -> (Instance, &'static str) {
    let mut rng = stream(seed, Stream::Geometry, instance);
    let kind = match rng.random_range(0..20) {
        0..=9 => 0,
        10..=16 => 1,
        17..=18 => 2,
        _ => 3,
    };
    let robust = kind >= 2;
    let n = rng.random_range(1..=if robust { 6 } else { 16 });
    let k = rng.random_range(1..=if robust { 3 } else { 6 });
    let m = rng.random_range(0..=if robust { 2 } else { 3 });
    let mut h = complex_normal(n, k, &mut rng);
    ops::scale(h.as_mut(), decade(&mut rng, -6.0, 1.0));
    if k > 1 && rng.random::<f64>() < 0.2 {
        // Parallel but for a part, sometimes none.
        let part = if rng.random::<bool>() {
            0.0
        } else {
            decade(&mut rng, -9.0, -1.0)
        };
        for row in 0..n {
            let own = h[(row, 1)];
            h[(row, 1)] = h[(row, 0)] * 2.0 + own * part;
        }
    }
    let mut angles: Vec<f64> = (0..m).map(|_| rng.random_range(-1.4..1.4)).collect();
    if m > 1 && rng.random::<f64>() < 0.1 {
        angles[1] = angles[0];
    }
    let a = Ula::half_wavelength(n, Scaling::UnitEntries)
        .map_or_else(|_| Mat::zeros(n, m), |array| array.steering(&angles));
    let noise = decade(&mut rng, -15.0, 0.0);
    let least = (0..k)
        .map(|l| ops::norm2(h.subcols(l, 1)))
        .fold(f64::INFINITY, f64::min);
    // Floors from far below to far above what the users need.
    let floor = noise / least * decade(&mut rng, -2.0, 6.0);
    let xi = match rng.random_range(0..3) {
        0 => None,
        _ => Some(floor * floor * decade(&mut rng, -3.0, 1.0)),
    };
    let place = rng.random_range(0..4);
    let sic = SicSet::ALL[place];
    let top = if rng.random::<f64>() < 0.1 { 12.0 } else { 3.0 };
    let gamma: Vec<f64> = if rng.random::<bool>() {
        vec![decade(&mut rng, -3.0, top); k]
    } else {
        (0..k).map(|_| decade(&mut rng, -3.0, top)).collect()
    };
    let held = m as f64 * floor * (1.0 + 1.0 / n as f64);
    let budget = held * rng.random_range(0.9..1.5) + noise / least * decade(&mut rng, -1.0, 6.0);
    let ball = ErrorBall {
        radius: least.sqrt() * (1.02 * decade(&mut rng, -4.0, 0.0)),
        residual: rng.random::<bool>(),
    };
    let problem = match kind {
        0 => Problem::PowerMin { gamma },
        1 => Problem::MaxMin { budget },
        2 => Problem::RobustPowerMin { gamma, ball },
        _ => Problem::RobustMaxMin { budget, ball },
    };
    let instance = Instance {
        h,
        a,
        noise,
        floor,
        difference: floor * decade(&mut rng, -4.0, 0.0),
        xi,
        sic,
        problem,
    };
    (instance, CLASSES[kind][place])
}

/// A unit of power: about a picowatt, and a power of two, so that nothing is rounded.
const UNIT: f64 = 1.0 / (1u64 << 40) as f64;
/// One instance in so many is solved in both units.
const PAIRS: u64 = 8;

impl Instance {
    /// The same scene with every power counted in another unit.
    fn in_unit(&self, unit: f64) -> Self {
        let problem = match self.problem.clone() {
            Problem::MaxMin { budget } => Problem::MaxMin {
                budget: budget * unit,
            },
            Problem::RobustMaxMin { budget, ball } => Problem::RobustMaxMin {
                budget: budget * unit,
                ball,
            },
            other @ (Problem::PowerMin { .. } | Problem::RobustPowerMin { .. }) => other,
        };
        Self {
            h: self.h.clone(),
            a: self.a.clone(),
            noise: self.noise * unit,
            floor: self.floor * unit,
            difference: self.difference * unit,
            xi: self.xi.map(|xi| xi * unit * unit),
            sic: self.sic,
            problem,
        }
    }

    /// Whether two answers to one question in two units agree to twelve digits.
    fn same(&self, watts: &SolveReport, other: &SolveReport) -> Result<(), String> {
        if watts.status != other.status {
            return Err(format!(
                "{:?} in watts, {:?} in another unit",
                watts.status, other.status
            ));
        }
        let unit = match self.problem {
            Problem::PowerMin { .. } | Problem::RobustPowerMin { .. } => UNIT,
            Problem::MaxMin { .. } | Problem::RobustMaxMin { .. } => 1.0,
        };
        // Without a design the certificate speaks of a violation, which has no unit.
        let bound = |report: &SolveReport| {
            let certificate = report.certificate.as_ref().map(|c| c.bound);
            report.objective.and(certificate)
        };
        let (ours, theirs) = (
            [watts.objective, bound(watts)],
            [other.objective, bound(other)],
        );
        for (name, (ours, theirs)) in ["objective", "bound"]
            .into_iter()
            .zip(ours.into_iter().zip(theirs))
        {
            let same = match (ours, theirs) {
                (Some(a), Some(b)) => (a * unit - b).abs() <= 1e-12 * b.abs(),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            if !same {
                let theirs = theirs.map(|b| b / unit);
                return Err(format!(
                    "{name} {ours:?} in watts, {theirs:?} by another unit"
                ));
            }
        }
        Ok(())
    }
}

/// Draws, solves as `isac solve` does, and verifies.
pub(super) fn stress(seed: u64, instance: u64) -> Trial {
    let (drawn, class) = draw(seed, instance);
    let (status, over_claim) = match solved(&drawn, seed) {
        Ok(report) => {
            let status = serde_json::to_value(report.status).unwrap_or_default();
            let name = status.as_str().unwrap_or("?").to_string();
            let mut wrong = drawn.verify(&report).err();
            if wrong.is_none() && instance.is_multiple_of(PAIRS) {
                wrong = match solved(&drawn.in_unit(UNIT), seed) {
                    Ok(other) => drawn.same(&report, &other).err(),
                    Err(error) => Some(error.to_string()),
                };
            }
            (name, wrong)
        }
        Err(error) => ("error".to_string(), Some(error.to_string())),
    };
    Trial {
        class,
        status,
        over_claim,
    }
}

fn solved(drawn: &Instance, seed: u64) -> Result<SolveReport, isac_algos::Error> {
    let sensing = Sensing {
        floor: drawn.floor,
        difference: drawn.difference,
        cross_correlation: drawn.xi,
    };
    let mode = Mode {
        sic: drawn.sic,
        ordering: false,
        weights: PowerWeights::default(),
    };
    let case = Case {
        scene: Scene::new(
            drawn.h.as_ref(),
            drawn.a.as_ref(),
            drawn.noise,
            sensing,
            mode,
        )?,
        problem: drawn.problem.clone(),
        nonrobust_beams: None,
    };
    solve_case(&case, Algorithm::Auto, seed)
}

fn matrix(value: &Value) -> Option<Mat<c64>> {
    let (re, im) = (value["re"].as_array()?, value["im"].as_array()?);
    let columns = re.first()?.as_array()?.len();
    let at = |list: &[Value], i: usize, j: usize| list[i][j].as_f64().unwrap_or(f64::NAN);
    Some(Mat::from_fn(re.len(), columns, |i, j| {
        c64::new(at(re, i, j), at(im, i, j))
    }))
}

/// `x^H W y` for a list of columns whose outer products sum to `W`.
fn form(x: &[c64], w: &[Vec<c64>], y: &[c64]) -> c64 {
    let dot = |u: &[c64], v: &[c64]| {
        u.iter()
            .zip(v)
            .fold(c64::ZERO, |sum, (a, b)| sum + a.conj() * b)
    };
    w.iter().fold(c64::ZERO, |sum, column| {
        sum + dot(x, column) * dot(column, y)
    })
}

fn column(m: &Mat<c64>, j: usize) -> Vec<c64> {
    (0..m.nrows()).map(|i| m[(i, j)]).collect()
}

fn size2(x: &[c64]) -> f64 {
    x.iter().map(|z| z.norm_sqr()).sum()
}

/// A design: columns per user, in the order of the users.
type Design = Vec<Vec<Vec<c64>>>;

impl Instance {
    fn users(&self) -> usize {
        self.h.ncols()
    }

    /// Users, weakest first.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.users()).collect();
        let norm = |k: usize| self.h.col(k).norm_l2();
        order.sort_by(|&a, &b| norm(a).total_cmp(&norm(b)));
        order
    }

    /// `(message, decoder, disturbing, removed)` as users.
    fn pairs(&self) -> Vec<(usize, usize, Vec<usize>, Vec<usize>)> {
        let order = self.order();
        let n = order.len();
        let mut out = Vec::new();
        for k in 0..n {
            let last = if self.sic == SicSet::Full { n } else { k + 1 };
            let disturbing: Vec<usize> = (0..n)
                .filter(|&i| match self.sic {
                    SicSet::Full | SicSet::Own => i > k,
                    SicSet::Orthogonal => false,
                    SicSet::Linear => i != k,
                })
                .map(|i| order[i])
                .collect();
            let removed: Vec<usize> = (0..k)
                .filter(|_| matches!(self.sic, SicSet::Full | SicSet::Own))
                .map(|i| order[i])
                .collect();
            for l in k..last {
                out.push((order[k], order[l], disturbing.clone(), removed.clone()));
            }
        }
        out
    }

    fn sinr(
        &self,
        design: &Design,
        pair: &(usize, usize, Vec<usize>, Vec<usize>),
        error: &[c64],
        residual: bool,
    ) -> f64 {
        let (message, decoder, disturbing, removed) = pair;
        let h: Vec<c64> = column(&self.h, *decoder)
            .iter()
            .zip(error)
            .map(|(x, e)| x + e)
            .collect();
        let mut below = self.noise;
        for &i in disturbing {
            below += form(&h, &design[i], &h).re;
        }
        if residual {
            for &i in removed {
                below += form(error, &design[i], error).re;
            }
        }
        form(&h, &design[*message], &h).re / below
    }

    /// Smallest SINR found over the errors: an upper bound on the worst case.
    fn attacked(
        &self,
        design: &Design,
        pair: &(usize, usize, Vec<usize>, Vec<usize>),
        ball: ErrorBall,
    ) -> f64 {
        let h = column(&self.h, pair.1);
        let n = h.len();
        let at = |error: &[c64]| self.sinr(design, pair, error, ball.residual);
        let stretched = |x: &[c64]| -> Vec<c64> {
            let size = size2(x).sqrt().max(f64::MIN_POSITIVE);
            x.iter().map(|z| z * (ball.radius / size)).collect()
        };
        let mut starts = vec![stretched(&h.iter().map(|z| -z).collect::<Vec<_>>())];
        for beams in design {
            for w in beams {
                let seen = (0..n).fold(c64::ZERO, |s, i| s + w[i].conj() * h[i]);
                let turn = if seen.norm() > 0.0 {
                    seen / seen.norm()
                } else {
                    c64::ONE
                };
                for sign in [1.0, -1.0] {
                    starts.push(stretched(
                        &w.iter().map(|z| z * turn * sign).collect::<Vec<_>>(),
                    ));
                }
            }
        }
        let mut least = at(&vec![c64::ZERO; n]);
        for mut error in starts {
            let mut value = at(&error);
            let mut step = 0.5;
            for _ in 0..12 {
                // Coordinate descent on the sphere.
                let mut moved = false;
                for i in 0..n {
                    for turn in [c64::ONE, c64::I, -c64::ONE, -c64::I] {
                        let mut trial = error.clone();
                        trial[i] += turn * (step * ball.radius);
                        let trial = stretched(&trial);
                        let there = at(&trial);
                        if there < value {
                            (value, error, moved) = (there, trial, true);
                        }
                    }
                }
                if !moved {
                    step *= 0.4;
                }
            }
            least = least.min(value);
        }
        least
    }

    fn power(&self, design: &Design) -> f64 {
        let transmit: f64 = design.iter().flatten().map(|w| size2(w)).sum();
        transmit + self.pattern(design).iter().sum::<f64>()
    }

    fn pattern(&self, design: &Design) -> Vec<f64> {
        let all: Vec<Vec<c64>> = design.iter().flatten().cloned().collect();
        (0..self.a.ncols())
            .map(|m| form(&column(&self.a, m), &all, &column(&self.a, m)).re)
            .collect()
    }

    /// Largest relative violation of floors, differences and cross-correlation.
    fn sensing_violation(&self, design: &Design) -> f64 {
        let all: Vec<Vec<c64>> = design.iter().flatten().cloned().collect();
        let pattern = self.pattern(design);
        let targets = pattern.len();
        let top = pattern.iter().copied().fold(self.floor, f64::max);
        let mut worst = 0.0_f64;
        let (mut sum, mut pairs) = (0.0, 0.0);
        for p in 0..targets {
            worst = worst.max(1.0 - pattern[p] / self.floor);
            for m in p + 1..targets {
                let difference = (pattern[p] - pattern[m]).abs();
                let scale = top.max(self.difference);
                worst = worst.max((difference - self.difference) / scale);
                sum += form(&column(&self.a, p), &all, &column(&self.a, m)).norm_sqr();
                pairs += 1.0;
            }
        }
        if let (Some(xi), true) = (self.xi, pairs > 0.0) {
            worst = worst.max((sum / pairs / xi).sqrt() - 1.0);
        }
        worst
    }

    fn design_of(&self, report: &SolveReport) -> Option<Design> {
        if let Some(w) = report.beamformers.get("w").and_then(matrix) {
            return Some((0..w.ncols()).map(|k| vec![column(&w, k)]).collect());
        }
        (0..self.users())
            .map(|k| {
                let w = matrix(report.beamformers.get(&format!("W_{k}"))?)?;
                let eigen = factor::eigh(w.as_ref()).ok()?;
                let top = eigen.values.last().copied().unwrap_or(0.0).max(0.0);
                if eigen.values.first().copied().unwrap_or(0.0) < -1e-9 * top {
                    return None;
                }
                Some(
                    (0..w.ncols())
                        .map(|j| {
                            let size = eigen.values[j].max(0.0).sqrt();
                            column(&eigen.vectors, j).iter().map(|z| z * size).collect()
                        })
                        .collect(),
                )
            })
            .collect()
    }

    /// A design in closed form for targets per user, where there is one: dual vectors of channels and
    /// steering vectors, so that nothing disturbs anything. Without targets in the scene, decoding
    /// everything is served along one direction.
    fn reference(&self, gamma: &[f64]) -> Option<Design> {
        let (n, k, m) = (self.h.nrows(), self.users(), self.a.ncols());
        if n < k + m || self.sic == SicSet::Full && k > 1 {
            return None;
        }
        let all = ops::hcat(self.h.as_ref(), self.a.as_ref());
        let scales: Vec<f64> = (0..k + m).map(|j| all.col(j).norm_l2()).collect();
        let unit = Mat::from_fn(n, k + m, |i, j| all[(i, j)] / scales[j]);
        let gram = ops::adjoint_mul(unit.as_ref(), unit.as_ref());
        let values = factor::eigvalsh(gram.as_ref()).ok()?;
        if values.first().copied().unwrap_or(0.0) < 1e-7 {
            return None;
        }
        let inverse = factor::cholesky("gram", gram.as_ref()).ok()?.inverse();
        let dual = ops::mul(unit.as_ref(), inverse.as_ref());
        let mut design: Design = (0..k)
            .map(|j| {
                let size = (gamma[j] * self.noise).sqrt() / scales[j];
                vec![column(&dual, j).iter().map(|z| z * size).collect()]
            })
            .collect();
        for t in 0..m {
            let size = self.floor.sqrt() / scales[k + t];
            let beam = column(&dual, k + t).iter().map(|z| z * size).collect();
            design[0].push(beam);
        }
        (self.sensing_violation(&design) < REFERENCE).then_some(design)
    }

    fn verify(&self, report: &SolveReport) -> Result<(), String> {
        if report.stop_reason.is_empty() {
            return Err("no stop reason".into());
        }
        let design = self.design_of(report);
        if matches!(report.status, SolveStatus::Solved | SolveStatus::Inaccurate)
            && design.is_none()
        {
            return Err("a point is claimed, none is returned".into());
        }
        let bound = report.certificate.as_ref().map(|c| c.bound);
        match &self.problem {
            Problem::PowerMin { gamma } => {
                self.verify_power(report, design.as_ref(), bound, gamma, None)
            }
            Problem::RobustPowerMin { gamma, ball } => {
                self.verify_power(report, design.as_ref(), bound, gamma, Some(*ball))
            }
            Problem::MaxMin { budget } => {
                self.verify_common(report, design.as_ref(), bound, *budget, None)
            }
            Problem::RobustMaxMin { budget, ball } => {
                self.verify_common(report, design.as_ref(), bound, *budget, Some(*ball))
            }
        }
    }

    /// Smallest SINR over target, by pair; attacked where there are errors.
    fn served(&self, design: &Design, gamma: &[f64], ball: Option<ErrorBall>) -> f64 {
        let nowhere = vec![c64::ZERO; self.h.nrows()];
        self.pairs()
            .iter()
            .map(|pair| {
                let sinr = match ball {
                    Some(ball) => self.attacked(design, pair, ball),
                    None => self.sinr(design, pair, &nowhere, false),
                };
                sinr / gamma[pair.0]
            })
            .fold(f64::INFINITY, f64::min)
    }

    /// What the smallest SINR over target may be off, relative, where covariances are printed: the
    /// judge takes them apart again, to `n` units of rounding of their size, which a channel sees
    /// against signal and disturbance. 0 for beams, whose sums have no such step.
    fn rounding(&self, report: &SolveReport, design: &Design) -> f64 {
        if report.beamformers.contains_key("w") {
            return 0.0;
        }
        let n = self.h.nrows() as f64;
        let whole: f64 = design.iter().flatten().map(|w| size2(w)).sum();
        let nowhere = vec![c64::ZERO; self.h.nrows()];
        let pairs = self.pairs();
        let each = pairs.iter().map(|pair| {
            let h = column(&self.h, pair.1);
            let signal = form(&h, &design[pair.0], &h).re;
            let disturbance = signal / self.sinr(design, pair, &nowhere, false);
            4.0 * n * f64::EPSILON * whole * size2(&h) * (1.0 / signal + 1.0 / disturbance)
        });
        each.fold(0.0, f64::max)
    }

    fn gap_stated(report: &SolveReport, objective: f64, bound: f64) -> Result<(), String> {
        let gap = (bound - objective).abs() / objective.abs();
        let stated = report.certificate.as_ref().and_then(|c| c.relative_gap);
        let stated = stated.ok_or("no relative gap beside an objective")?;
        if (gap - stated).abs() > SUMS * (1.0 + gap) {
            return Err(format!("relative gap {stated:e}, is {gap:e}"));
        }
        if report.status == SolveStatus::Solved && gap > ACCEPT + SUMS {
            return Err(format!("solved with a gap of {gap:e}"));
        }
        Ok(())
    }

    fn verify_power(
        &self,
        report: &SolveReport,
        design: Option<&Design>,
        bound: Option<f64>,
        gamma: &[f64],
        ball: Option<ErrorBall>,
    ) -> Result<(), String> {
        if let (Some(design), Some(objective)) = (design, report.objective) {
            let power = self.power(design);
            if (power - objective).abs() > SUMS * power {
                return Err(format!(
                    "objective {objective:e}, the point costs {power:e}"
                ));
            }
            let violation =
                (1.0 - self.served(design, gamma, ball)).max(self.sensing_violation(design));
            let stated = report.max_violation.unwrap_or(f64::NAN);
            let rounding = self.rounding(report, design);
            if violation > stated + SAME + rounding || stated.is_nan() {
                return Err(format!("violation {stated:e}, is {violation:e}"));
            }
            if report.status == SolveStatus::Solved && violation > ACCEPT + SAME + rounding {
                return Err(format!("solved with a violation of {violation:e}"));
            }
            let bound = bound.ok_or("a point without a bound")?;
            Self::gap_stated(report, objective, bound)?;
            // A point that violates by less may cost that much less, times the price of the demands.
            if violation <= SUMS && bound > power * (1.0 + SAME) {
                return Err(format!("bound {bound:e} above a feasible {power:e}"));
            }
        }
        let known = match ball {
            None => self.reference(gamma),
            Some(ball)
                if self.a.ncols() == 0 && (self.users() == 1 || self.sic == SicSet::Orthogonal) =>
            {
                self.along_channels(gamma, ball)
            }
            Some(_) => None,
        };
        if let Some(known) = known {
            let power = self.power(&known);
            if report.status == SolveStatus::Infeasible {
                return Err(format!("infeasible, a design of {power:e} W exists"));
            }
            if let Some(bound) = bound
                && bound > power * (1.0 + REFERENCE)
            {
                return Err(format!(
                    "no design below {bound:e} W, one of {power:e} W exists"
                ));
            }
        }
        if report.status == SolveStatus::Infeasible {
            self.infeasible_justified(gamma, ball)?;
        }
        Ok(())
    }

    /// The optimum of users whom nothing disturbs, without targets in the scene.
    fn along_channels(&self, gamma: &[f64], ball: ErrorBall) -> Option<Design> {
        (0..self.users())
            .map(|k| {
                let h = column(&self.h, k);
                let norm = size2(&h).sqrt();
                let left = norm - ball.radius;
                (left > 1e-9 * norm).then(|| {
                    let size = (gamma[k] * self.noise).sqrt() / left / norm;
                    vec![h.iter().map(|z| z * size).collect()]
                })
            })
            .collect()
    }

    /// Whether a claim of infeasibility is possible at all.
    fn infeasible_justified(&self, gamma: &[f64], ball: Option<ErrorBall>) -> Result<(), String> {
        let silenced = ball.is_some_and(|ball| {
            (0..self.users()).any(|k| self.h.col(k).norm_l2() <= ball.radius * (1.0 + 1e-15))
        });
        let dependent = self.h.nrows() < self.a.ncols() + self.users()
            || (0..self.a.ncols())
                .any(|p| (0..p).any(|m| column(&self.a, p) == column(&self.a, m)));
        let load: f64 = gamma.iter().map(|g| g / (1.0 + g)).sum();
        let overloaded = self.sic == SicSet::Linear && load >= 1.0 - 1e-12;
        let leaking = ball.is_some_and(|ball| {
            self.users() > 1
                && (self.sic == SicSet::Linear
                    || ball.residual && matches!(self.sic, SicSet::Own | SicSet::Full)
                    || self.sic == SicSet::Full)
        });
        if silenced || overloaded || leaking || self.a.ncols() > 0 && dependent {
            Ok(())
        } else {
            Err("infeasible, although users can always be served here".into())
        }
    }

    fn verify_common(
        &self,
        report: &SolveReport,
        design: Option<&Design>,
        bound: Option<f64>,
        budget: f64,
        ball: Option<ErrorBall>,
    ) -> Result<(), String> {
        let one = vec![1.0; self.users()];
        if let (Some(design), Some(objective)) = (design, report.objective) {
            let reached = self.served(design, &one, ball);
            if objective > reached * (1.0 + SAME + self.rounding(report, design)) {
                return Err(format!(
                    "common SINR {objective:e}, the point has {reached:e}"
                ));
            }
            let power = self.power(design);
            let violation = self.sensing_violation(design).max(power / budget - 1.0);
            let stated = report.max_violation.unwrap_or(f64::NAN);
            if violation > stated + SUMS || stated.is_nan() {
                return Err(format!("violation {stated:e}, is {violation:e}"));
            }
            if report.status == SolveStatus::Solved && power > budget * (1.0 + 1e-8) {
                return Err(format!("solved with {power:e} W of {budget:e} W"));
            }
            let bound = bound.ok_or("a point without a bound")?;
            Self::gap_stated(report, objective, bound)?;
            if bound < objective * (1.0 - 1e-12) {
                return Err(format!("bound {bound:e} below the point's {objective:e}"));
            }
        }
        // Zero-forcing beams scale with what the sensing beams leave of the budget.
        if ball.is_none_or(|ball| ball.radius <= 0.0)
            && let Some(known) = self.reference(&one)
        {
            let users: f64 = known.iter().map(|beams| size2(&beams[0])).sum();
            let left = budget - (self.power(&known) - users);
            if left > 0.0 {
                let reached = left / users;
                if report.status == SolveStatus::Infeasible {
                    return Err(format!(
                        "infeasible, a common SINR of {reached:e} is reached"
                    ));
                }
                if let Some(bound) = bound
                    && bound < reached * (1.0 - REFERENCE)
                {
                    return Err(format!(
                        "bound {bound:e}, a common SINR of {reached:e} is reached"
                    ));
                }
            }
        }
        Ok(())
    }
}
