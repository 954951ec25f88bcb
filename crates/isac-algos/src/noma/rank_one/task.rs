//! From covariances to beams: the ways that are tried, one after another.

use super::beams::{Beams, How, Options, Outcome, check};
use super::functionals::functionals;
use crate::Error;
use crate::noma::ascent::{Ascent, Goal};
use crate::noma::bounds;
use crate::noma::evaluate::{evaluate, ratios};
use crate::noma::power_min::natural_unit;
use crate::noma::problem::{Scene, Sensing, Span};
use crate::noma::relaxation::{Csi, Relaxation};
use crate::noma::robust::{self, ErrorBall};
use isac_linalg::{Col, Mat, c64, hermitian, ops};
use isac_opt::conic;
use isac_opt::sdr::{self, Penalty};
use rand::Rng;

/// The local search ends when beams cost no more than the relaxation but for this part.
const MET: f64 = 1e-7;

/// A relaxation whose solution is to become beams.
pub(crate) struct Task<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) span: &'a Span,
    pub(crate) targets: &'a [f64],
    pub(crate) csi: Csi,
    pub(crate) power_relaxed: f64,
    pub(crate) options: &'a Options,
}

/// What the users are promised for errors in a ball, or none.
pub(crate) fn csi_of(ball: Option<ErrorBall>) -> Csi {
    match ball {
        Some(ball) if ball.radius > 0.0 => Csi::Bounded {
            radius: ball.radius,
            residual: ball.residual,
        },
        _ => Csi::Perfect,
    }
}

impl Task<'_> {
    pub(crate) fn run(&self, factors: &[Mat<c64>], rng: &mut impl Rng) -> Result<Outcome, Error> {
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
    pub(crate) fn covariances(&self, factors: &[Mat<c64>]) -> Vec<Mat<c64>> {
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
    pub(crate) fn exact(&self, covariances: &[Mat<c64>]) -> Result<Option<Beams>, Error> {
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

    pub(super) fn descent(&self) -> Ascent<'_> {
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
    pub(crate) fn judge(&self, columns: &[Col<c64>], how: How) -> Result<Beams, Error> {
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
        let functionals = functionals(self.scene, self.span, self.targets, covariances);
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
