//! Beams from covariances: Eq. (12d) of `[noma]`, which the relaxation drops.
//!
//! Tried in this order, each followed by the optimal powers for the directions it found:
//!
//! 1. the principal eigenvectors, when every `W_k` is rank one to [`Options::ratio`];
//! 2. purification at equal power (without channel errors);
//! 3. local descent of the power in the entries of the beams, from the principal eigenvectors and
//!    from Gaussian draws;
//! 4. a penalty that favours rank one, from several weights;
//! 5. Gaussian randomisation.
//!
//! Beams that are returned meet all constraints by the original formulas; what they cost above the
//! relaxation is reported. When `K < M`, the Welch bound may prove that no beams exist although the
//! relaxation is solvable.
//!
//! # Deviations
//! The paper takes rank one for granted after Eq. (13) and claims it in Lemma 1 for the robust
//! problem. It is guaranteed only when the cross-correlation bound is inactive and there are at most
//! `K + 2 - M` decoding pairs; the lemma is false.

use super::ascent::{Ascent, Goal, plain_start};
use super::bounds;
use super::evaluate::{Evaluation, evaluate, ratios};
use super::power_min::{self, natural_unit};
use super::problem::{Scene, Sensing, Span};
use super::relaxation::{Csi, Relaxation};
use super::robust::{self, ErrorBall};
use crate::Error;
use isac_linalg::{Col, Mat, c64, factor, hermitian, ops, validate};
use isac_opt::conic;
use isac_opt::sdr::{self, Functional, Penalty, PenaltyOptions, PurifyOptions};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Options of [`recover`] and [`recover_robust`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Options of the conic solver.
    pub conic: conic::Options,
    /// A covariance counts as rank one when its second eigenvalue is at most this times its first.
    pub ratio: f64,
    /// Largest violation of returned beams by the original formulas.
    pub accept: f64,
    /// By how much the demands are tightened, relative, while looking for directions.
    pub tighten: f64,
    /// Options of the purification.
    pub purify: PurifyOptions,
    /// Options of the penalty method.
    pub penalty: PenaltyOptions,
    /// Random starts of the local search, besides the principal eigenvectors.
    pub ascents: usize,
    /// Candidates drawn as last resort.
    pub draws: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            // Many programs, none of which has to be exact: what comes out is judged anew.
            conic: conic::Options {
                extend: false,
                ..conic::Options::default()
            },
            ratio: 1e-6,
            accept: 1e-7,
            tighten: 1e-6,
            purify: PurifyOptions::default(),
            penalty: PenaltyOptions::default(),
            ascents: 12,
            draws: 30,
        }
    }
}

/// How beams were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Principal eigenvectors of rank-one covariances.
    Principal,
    /// Purification at equal power.
    Purified,
    /// Local descent of the power, or ascent of the common SINR.
    Ascent,
    /// The penalty method.
    Penalty,
    /// Gaussian randomisation.
    Randomised,
}

/// Beams that meet all constraints.
#[derive(Debug, Clone)]
pub struct Beams {
    /// `w_k`, antennas x users, by decoding position; [`Scene::in_user_order`] maps them back.
    pub beams: Mat<c64>,
    /// What they achieve (without channel errors).
    pub evaluation: Evaluation,
    /// Largest relative violation; worst cases count where there are channel errors.
    pub violation: f64,
    /// How they were found.
    pub how: How,
    /// Power of the relaxation, watt.
    pub power_relaxed: f64,
    /// Power of the beams, watt.
    pub power_beams: f64,
}

impl Beams {
    /// What rank one costs: `power_beams / power_relaxed - 1`.
    pub fn gap(&self) -> f64 {
        self.power_beams / self.power_relaxed - 1.0
    }
}

/// What came out.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Verified beams.
    Found(Box<Beams>),
    /// The Welch bound (watt squared) exceeds the cross-correlation bound: no beams exist.
    Excluded {
        /// Least mean squared cross-correlation of any beams.
        welch_bound: f64,
    },
    /// None found; says nothing about existence.
    NotFound,
}

impl Outcome {
    /// The beams, if found.
    pub fn found(self) -> Option<Beams> {
        match self {
            Self::Found(beams) => Some(*beams),
            _ => None,
        }
    }
}

/// Beams near the targets by local descent alone, for where the relaxation has no answer: the
/// cheapest that meet all constraints, else those that violate them least. `None` where the descent
/// has no start.
///
/// # Errors
/// Targets of the wrong number or not positive, an unusable option; a decomposition that failed.
pub fn nearest(
    scene: &Scene,
    targets_by_user: &[f64],
    ball: Option<ErrorBall>,
    options: &Options,
    rng: &mut impl Rng,
) -> Result<Option<Beams>, Error> {
    check(options)?;
    let targets = scene.sinr_targets(targets_by_user)?;
    let span = Span::new(scene);
    let task = Task {
        scene,
        span: &span,
        targets: &targets,
        csi: csi_of(ball),
        power_relaxed: 0.0,
        options,
    };
    let start = plain_start(scene, &span, &targets);
    let ascent = task.descent();
    let score = |columns: &[Col<c64>]| -> Result<Option<(f64, Beams)>, Error> {
        let Some(columns) = ascent.run(columns, None)? else {
            return Ok(None);
        };
        let beams = task.judge(&columns, How::Ascent)?;
        // Feasible ones first, by their power.
        let cost = if beams.violation <= options.accept {
            -1.0 / beams.power_beams
        } else {
            beams.violation
        };
        Ok(cost.is_finite().then_some((cost, beams)))
    };
    let (best, _) = sdr::randomise(&start, options.ascents, rng, score)?;
    Ok(best.map(|(_, beams)| beams))
}

/// The local search ends when beams cost no more than the relaxation but for this part.
const MET: f64 = 1e-7;

/// Whether options can be used.
pub(super) fn check(options: &Options) -> Result<(), Error> {
    validate::positive("accept", options.accept, "")?;
    validate::nonnegative("tighten", options.tighten, "")?;
    Ok(())
}

/// A relaxation whose solution is to become beams.
pub(super) struct Task<'a> {
    pub(super) scene: &'a Scene,
    pub(super) span: &'a Span,
    pub(super) targets: &'a [f64],
    pub(super) csi: Csi,
    pub(super) power_relaxed: f64,
    pub(super) options: &'a Options,
}

/// What the users are promised for errors in a ball, or none.
pub(super) fn csi_of(ball: Option<ErrorBall>) -> Csi {
    match ball {
        Some(ball) if ball.radius > 0.0 => Csi::Bounded {
            radius: ball.radius,
            residual: ball.residual,
        },
        _ => Csi::Perfect,
    }
}

/// Beams from a solution of the relaxation without channel errors.
///
/// # Errors
/// An unusable option; a decomposition that failed.
pub fn recover(
    scene: &Scene,
    design: &power_min::Design,
    options: &Options,
    rng: &mut impl Rng,
) -> Result<Outcome, Error> {
    let task = Task {
        scene,
        span: &Span::new(scene),
        targets: &design.targets,
        csi: Csi::Perfect,
        power_relaxed: design.power(),
        options,
    };
    task.run(&design.factors, rng)
}

/// Beams from a solution of the robust relaxation, verified by exact worst cases.
///
/// # Errors
/// As [`recover`].
pub fn recover_robust(
    scene: &Scene,
    design: &robust::Design,
    ball: ErrorBall,
    options: &Options,
    rng: &mut impl Rng,
) -> Result<Outcome, Error> {
    let csi = csi_of(Some(ball));
    let task = Task {
        scene,
        span: &Span::new(scene),
        targets: &design.targets,
        csi,
        power_relaxed: design.power(),
        options,
    };
    task.run(&design.factors, rng)
}

impl Task<'_> {
    pub(super) fn run(&self, factors: &[Mat<c64>], rng: &mut impl Rng) -> Result<Outcome, Error> {
        check(self.options)?;
        if bounds::rank_one_excluded(self.scene) {
            let welch_bound = bounds::welch_bound(self.scene);
            return Ok(Outcome::Excluded { welch_bound });
        }
        let covariances = self.covariances(factors);
        if let Some(found) = self.exact(&covariances)? {
            return Ok(Outcome::Found(Box::new(found)));
        }
        if let Some(found) = self.descended(&covariances, rng)? {
            return Ok(Outcome::Found(Box::new(found)));
        }
        if let Some(found) = self.penalised(&covariances)? {
            return Ok(Outcome::Found(Box::new(found)));
        }
        if let Some(found) = self.randomised(&covariances, rng)? {
            return Ok(Outcome::Found(Box::new(found)));
        }
        Ok(Outcome::NotFound)
    }

    /// `W_k` of factors in antenna space, in span coordinates.
    pub(super) fn covariances(&self, factors: &[Mat<c64>]) -> Vec<Mat<c64>> {
        factors
            .iter()
            .map(|f| {
                let seen = self.span.compress(f.as_ref());
                let w = ops::mul_adjoint(seen.as_ref(), seen.as_ref());
                hermitian::hermitian_part(w.as_ref())
            })
            .collect()
    }

    /// Beams that cost no more than the covariances, where they are rank one or can be purified.
    pub(super) fn exact(&self, covariances: &[Mat<c64>]) -> Result<Option<Beams>, Error> {
        let rank_one = ratios(covariances)?
            .iter()
            .all(|&ratio| ratio <= self.options.ratio);
        if rank_one && let Some(found) = self.principal(covariances, How::Principal)? {
            return Ok(Some(found));
        }
        if self.csi == Csi::Perfect {
            return self.purified(covariances);
        }
        Ok(None)
    }

    fn descent(&self) -> Ascent<'_> {
        Ascent {
            scene: self.scene,
            span: self.span,
            csi: self.csi,
            targets: self.targets,
            goal: Goal::Power,
        }
    }

    /// The cheapest end of local descents. Ends when one costs no more than the covariances.
    fn descended(
        &self,
        covariances: &[Mat<c64>],
        rng: &mut impl Rng,
    ) -> Result<Option<Beams>, Error> {
        let ascent = self.descent();
        let mut least: Option<f64> = None;
        let score = |columns: &[Col<c64>]| -> Result<Option<(f64, Beams)>, Error> {
            if least.is_some_and(|power| power <= self.power_relaxed * (1.0 + MET)) {
                return Ok(None);
            }
            let Some(columns) = ascent.run(columns, least)? else {
                return Ok(None);
            };
            let beams = self.judge(&columns, How::Ascent)?;
            let power = beams.power_beams;
            if beams.violation > self.options.accept || !power.is_finite() {
                return Ok(None);
            }
            least = Some(least.map_or(power, |least| least.min(power)));
            Ok(Some((power, beams)))
        };
        let (best, _) = sdr::randomise(covariances, self.options.ascents, rng, score)?;
        Ok(best.map(|(_, beams)| beams))
    }

    /// The principal components as they are if feasible, otherwise with optimal powers.
    fn principal(&self, covariances: &[Mat<c64>], how: How) -> Result<Option<Beams>, Error> {
        let columns = covariances
            .iter()
            .map(|w| Ok(sdr::principal_component(w.as_ref())?))
            .collect::<Result<Vec<Col<c64>>, Error>>()?;
        self.judge_or_repower(&columns, how)
    }

    fn judge_or_repower(&self, columns: &[Col<c64>], how: How) -> Result<Option<Beams>, Error> {
        let as_is = self.judge(columns, how)?;
        if as_is.violation <= self.options.accept {
            return Ok(Some(as_is));
        }
        self.repowered(columns, how)
    }

    /// Beams of span coordinates, judged.
    pub(super) fn judge(&self, columns: &[Col<c64>], how: How) -> Result<Beams, Error> {
        let r = self.span.dimension();
        let seen = Mat::from_fn(r, columns.len(), |i, k| columns[k][i]);
        let beams = self.span.lift(seen.as_ref());
        let factors: Vec<Mat<c64>> = (0..beams.ncols())
            .map(|k| beams.subcols(k, 1).to_owned())
            .collect();
        let evaluation = evaluate(self.scene, &factors)?;
        let violation = match self.csi {
            Csi::Bounded { radius, residual } => {
                let worst =
                    robust::worst_cases(self.scene, &factors, ErrorBall { radius, residual })?;
                robust::violation(&evaluation, &worst, self.targets)
            }
            _ => evaluation.violation(self.targets),
        };
        Ok(Beams {
            beams,
            violation,
            how,
            power_relaxed: self.power_relaxed,
            power_beams: evaluation.power,
            evaluation,
        })
    }

    /// Least powers for fixed directions: a linear program with one second-order cone, or Eq. (22)
    /// with `K` powers. `None` when there are none.
    fn repowered(&self, columns: &[Col<c64>], how: How) -> Result<Option<Beams>, Error> {
        let bases: Vec<Mat<c64>> = columns
            .iter()
            .map(|v| {
                let length = v.norm_l2();
                Mat::from_fn(v.nrows(), 1, |i, _| {
                    if length > 0.0 {
                        v[i] / length
                    } else {
                        c64::ONE / (v.nrows() as f64).sqrt()
                    }
                })
            })
            .collect();
        // Aimed inside by less than what counts as feasible.
        let (sensing, targets) = tightened(
            self.scene.sensing(),
            self.targets,
            0.2 * self.options.accept,
        );
        let Some((_, blocks)) = self.solve(sensing, &targets, Some(&bases), None)? else {
            return Ok(None);
        };
        let columns: Vec<Col<c64>> = blocks
            .iter()
            .zip(&bases)
            .map(|(w, basis)| {
                let power: f64 = (0..w.nrows()).map(|i| w[(i, i)].re).sum();
                Col::from_fn(basis.nrows(), |i| basis[(i, 0)] * power.max(0.0).sqrt())
            })
            .collect();
        let beams = self.judge(&columns, how)?;
        Ok((beams.violation <= self.options.accept).then_some(beams))
    }

    /// One solve of the relaxation with changed demands, bases or cost: power (without the extra
    /// cost) and covariances in span coordinates.
    fn solve(
        &self,
        sensing: Sensing,
        targets: &[f64],
        bases: Option<&[Mat<c64>]>,
        extra_cost: Option<&[Mat<c64>]>,
    ) -> Result<Option<(f64, Vec<Mat<c64>>)>, Error> {
        let unit = natural_unit(self.scene, targets, 0.0).max(self.power_relaxed);
        let relaxation = Relaxation {
            scene: self.scene,
            span: self.span,
            targets,
            sensing,
            csi: self.csi,
            bases,
            extra_cost,
            unit,
            elastic: false,
        };
        let built = relaxation.build()?;
        Ok(match built.solve(&self.options.conic)? {
            conic::Outcome::Solved(solution) | conic::Outcome::Inaccurate(solution) => {
                let blocks = built.covariances(&relaxation, &solution)?;
                Some((self.power(&blocks), blocks))
            }
            conic::Outcome::Infeasible(_)
            | conic::Outcome::NoPointBelow(_)
            | conic::Outcome::Unbounded(_)
            | conic::Outcome::NoMultipliersBelow(_)
            | conic::Outcome::IllPosed(_)
            | conic::Outcome::Unknown(_) => None,
        })
    }

    fn power(&self, blocks: &[Mat<c64>]) -> f64 {
        let weights = self.scene.mode().weights;
        let mut power = 0.0;
        for w in blocks {
            power += weights.transmit * (0..w.nrows()).map(|i| w[(i, i)].re).sum::<f64>();
            for m in 0..self.scene.targets() {
                let a = self.span.steering.col(m);
                power += weights.sensing * ops::quadratic_form(w.as_ref(), a);
            }
        }
        power
    }

    fn purified(&self, covariances: &[Mat<c64>]) -> Result<Option<Beams>, Error> {
        let functionals = self.functionals(covariances);
        let pure = sdr::purify(covariances, &functionals, &self.options.purify)?;
        if pure.ranks().iter().any(|&rank| rank > 1) {
            return Ok(None);
        }
        let r = self.span.dimension();
        let columns: Vec<Col<c64>> = pure
            .factors
            .iter()
            .map(|v| Col::from_fn(r, |i| if v.ncols() > 0 { v[(i, 0)] } else { c64::ZERO }))
            .collect();
        self.judge_or_repower(&columns, How::Purified)
    }

    /// All constraints as functionals of the covariances. The cross-correlations count as fixed
    /// when their bound is tight.
    fn functionals(&self, covariances: &[Mat<c64>]) -> Vec<Functional> {
        let (scene, span) = (self.scene, self.span);
        let sensing = scene.sensing();
        let users = scene.users();
        let outer = |x: &Mat<c64>, i: usize| ops::mul_adjoint(x.subcols(i, 1), x.subcols(i, 1));
        let hermitian = |g: Mat<c64>| hermitian::hermitian_part(g.as_ref());
        let mut list = Vec::new();
        let sic = scene.mode().sic;
        for pair in scene.pairs() {
            let h = hermitian(outer(&span.channels, pair.decoder));
            let mut terms = Vec::new();
            for i in 0..users {
                let weight = if i == pair.message {
                    1.0 / self.targets[pair.message]
                } else if sic.disturbs(pair.message, i) {
                    -1.0
                } else {
                    continue;
                };
                let mut g = h.clone();
                ops::scale(g.as_mut(), weight);
                terms.push((i, g));
            }
            list.push(Functional::at_least(terms, 1.0));
        }
        let everywhere = |g: &Mat<c64>| -> Vec<(usize, Mat<c64>)> {
            (0..users).map(|k| (k, g.clone())).collect()
        };
        let value = |g: &Mat<c64>| -> f64 {
            let all = covariances.iter();
            all.map(|w| ops::inner(g.as_ref(), w.as_ref())).sum()
        };
        for m in 0..scene.targets() {
            let g = hermitian(outer(&span.steering, m));
            list.push(Functional::at_least(everywhere(&g), sensing.floor));
        }
        let mut energy = 0.0;
        let mut crosses = Vec::new();
        for (p, m) in scene.target_pairs() {
            let mut g = outer(&span.steering, p);
            ops::axpy(g.as_mut(), -1.0, outer(&span.steering, m).as_ref());
            list.push(Functional {
                terms: everywhere(&hermitian(g)),
                lower: -sensing.difference,
                upper: sensing.difference,
            });
            let cross = ops::mul_adjoint(span.steering.subcols(p, 1), span.steering.subcols(m, 1));
            for turn in [c64::ONE, c64::I] {
                let turned =
                    Mat::from_fn(cross.nrows(), cross.ncols(), |i, j| cross[(i, j)] * turn);
                let g = hermitian(turned);
                let v = value(&g);
                energy += v * v;
                crosses.push((g, v));
            }
        }
        if let Some(radius) = scene.cross_correlation_radius()
            && energy.sqrt() >= radius * (1.0 - 1e-4)
        {
            for (g, v) in &crosses {
                list.push(Functional::equality(everywhere(g), *v));
            }
        }
        if scene.mode().ordering {
            for l in 0..users {
                let h = hermitian(outer(&span.channels, l));
                let mut minus = h.clone();
                ops::scale(minus.as_mut(), -1.0);
                for i in 1..users {
                    let terms = vec![(i - 1, h.clone()), (i, minus.clone())];
                    list.push(Functional::at_least(terms, 0.0));
                }
            }
        }
        list
    }

    fn penalised(&self, covariances: &[Mat<c64>]) -> Result<Option<Beams>, Error> {
        let (sensing, targets) =
            tightened(self.scene.sensing(), self.targets, self.options.tighten);
        let transmit = self.scene.mode().weights.transmit;
        let resolve = |penalties: &[Penalty]| {
            let costs: Vec<Mat<c64>> = penalties
                .iter()
                .map(|p| {
                    let v = p.direction.as_ref();
                    Mat::from_fn(v.nrows(), v.nrows(), |i, j| {
                        let unit = c64::new(f64::from(i == j), 0.0);
                        (unit - v[i] * v[j].conj()) * (p.weight * transmit)
                    })
                })
                .collect();
            self.solve(sensing, &targets, None, Some(&costs))
        };
        let found = sdr::rank_one_by_penalty(covariances, &self.options.penalty, resolve)?;
        match found.best {
            Some((_, blocks)) => self.principal(&blocks, How::Penalty),
            None => Ok(None),
        }
    }

    fn randomised(
        &self,
        covariances: &[Mat<c64>],
        rng: &mut impl Rng,
    ) -> Result<Option<Beams>, Error> {
        let score = |columns: &[Col<c64>]| -> Result<Option<(f64, Beams)>, Error> {
            let beams = self.repowered(columns, How::Randomised)?;
            Ok(beams.map(|b| (b.power_beams, b)))
        };
        let (best, _) = sdr::randomise(covariances, self.options.draws, rng, score)?;
        Ok(best.map(|(_, beams)| beams))
    }
}

/// Demands that are harder by the relative amount `by`.
fn tightened(sensing: Sensing, targets: &[f64], by: f64) -> (Sensing, Vec<f64>) {
    let sensing = Sensing {
        floor: sensing.floor * (1.0 + by),
        difference: sensing.difference,
        cross_correlation: sensing.cross_correlation.map(|xi| xi * (1.0 - by)),
    };
    (sensing, targets.iter().map(|g| g * (1.0 + by)).collect())
}

/// Principal eigenvectors of the covariances of a design, whatever their rank: what a reader of the
/// paper would transmit. No constraint is guaranteed.
///
/// # Errors
/// A decomposition that failed.
pub fn principal_beams(factors: &[Mat<c64>]) -> Result<Mat<c64>, Error> {
    let antennas = factors.first().map_or(0, Mat::nrows);
    let mut beams = Mat::zeros(antennas, factors.len());
    for (k, f) in factors.iter().enumerate() {
        // F = U S V^H: the principal component of F F^H is S_1 u_1.
        let svd = factor::svd(f.as_ref())?;
        let top = svd.values.first().copied().unwrap_or(0.0);
        for n in 0..antennas {
            beams[(n, k)] = if top > 0.0 {
                svd.u[(n, 0)] * top
            } else {
                c64::ZERO
            };
        }
    }
    Ok(beams)
}
