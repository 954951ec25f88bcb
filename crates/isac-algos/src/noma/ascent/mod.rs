//! Beams improved by local ascent, as a smooth program in their entries.
//!
//! With one column per message the demands of `[noma]` are smooth functions of the beams, and the
//! relaxation is not needed. In the unit of `s` watt, `W_k = s w_k w_k^H`, all rows are relative:
//!
//! ```math
//! \max \; u \quad \text{or} \quad \min \; \ln P(w), \qquad
//! u + \ln \gamma_k \le \ln \mathrm{SINR}_{kl}(w), \quad 1 \le P_m / P_s, \quad \bar C / \xi \le 1,
//! \quad P / P_{total} \le 1
//! ```
//!
//! Under channel errors the SINR is the worst case; its slope is that of the SINR at the worst error.
//! A local optimum is a point, never a bound.

mod program;

use super::problem::{Scene, Span};
use crate::Error;
use isac_linalg::{Col, Mat, MatRef, c64, hermitian, ops};
use isac_opt::sqp::{self, Point};
use program::INSIDE;
pub(super) use program::{Ascent, Goal};

impl Ascent<'_> {
    /// Improves beams of span coordinates; where it ends may still violate something. Gives up when
    /// it is not on its way to a better value than the `known` one, a factor or watt. `None` when the
    /// start has no SINR to improve.
    pub(super) fn run(
        &self,
        start: &[Col<c64>],
        known: Option<f64>,
    ) -> Result<Option<Vec<Col<c64>>>, Error> {
        let r = self.span.dimension();
        let users = self.scene.users();
        let mut beams: Vec<c64> = start
            .iter()
            .flat_map(|w| (0..r).map(|n| w[n]).collect::<Vec<_>>())
            .collect();
        let spent = self.power(&beams);
        if !(spent > 0.0 && spent.is_finite()) {
            return Ok(None);
        }
        let unit = match self.goal {
            Goal::Common(budget) => budget,
            Goal::Power => spent,
        };
        let scale = 1.0 / spent.sqrt();
        beams.iter_mut().for_each(|w| *w *= scale);
        let least = self.least(&beams, unit)?;
        if !least.is_finite() {
            return Ok(None);
        }
        let mut x: Vec<f64> = beams.iter().flat_map(|w| [w.re, w.im]).collect();
        let common = matches!(self.goal, Goal::Common(_));
        if common {
            x.push(0.0);
        }
        let base = if common { least } else { 0.0 };
        let (rows, equalities) = self.rows();
        let options = sqp::Options {
            bar: known.map(|known| match self.goal {
                Goal::Common(_) => base - known.ln(),
                Goal::Power => (known / unit).ln(),
            }),
            ..options()
        };
        let mut failed = None;
        let evaluate = |x: &[f64], point: &mut Point| {
            if let Err(error) = self.evaluate(x, unit, base, point) {
                point.objective = f64::NAN;
                failed = Some(error);
            }
        };
        let found = sqp::solve(evaluate, &x, rows, equalities, &options);
        if let Some(error) = failed {
            return Err(error);
        }
        let Ok(found) = found else {
            return Ok(None);
        };
        let size = unit.sqrt();
        Ok(Some(
            (0..users)
                .map(|k| {
                    Col::from_fn(r, |n| {
                        let at = 2 * (k * r + n);
                        c64::new(found.x[at], found.x[at + 1]) * size
                    })
                })
                .collect(),
        ))
    }
}

/// Covariances to start from without a relaxation, in span coordinates: every message along the
/// channels of those who decode it, twice the power of the next one where later messages disturb
/// it, and its share of beams at the targets.
pub(super) fn plain_start(scene: &Scene, span: &Span, targets: &[f64]) -> Vec<Mat<c64>> {
    let (users, r) = (scene.users(), span.dimension());
    let sic = scene.mode().sic;
    (0..users)
        .map(|k| {
            let later = (k + 1..users).filter(|&i| sic.disturbs(k, i)).count() as i32;
            let mut w = Mat::<c64>::zeros(r, r);
            let mut add = |v: MatRef<'_, c64>, weight: f64| {
                ops::axpy(w.as_mut(), weight, ops::mul_adjoint(v, v).as_ref());
            };
            for pair in scene.pairs().iter().filter(|pair| pair.message == k) {
                let h = span.channels.subcols(pair.decoder, 1);
                let wanted = targets[k] * 2f64.powi(later);
                add(h, wanted / ops::norm2(h).powi(2));
            }
            for m in 0..scene.targets() {
                let a = span.steering.subcols(m, 1);
                add(
                    a,
                    scene.sensing().floor / users as f64 / ops::norm2(a).powi(2),
                );
            }
            hermitian::hermitian_part(w.as_ref())
        })
        .collect()
}

/// Options of the local method: rows to [`INSIDE`], an objective in logarithms to its last digits.
fn options() -> sqp::Options {
    sqp::Options {
        max_iterations: 300,
        feasibility: 0.5 * INSIDE,
        ..sqp::Options::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noma::relaxation::Csi;
    use crate::noma::{Mode, PowerWeights, Sensing};
    use isac_metrics::noma::SicSet;
    use isac_models::array::{Scaling, Ula};

    /// Differences of the rows on two sides against their slopes, in every mode.
    #[test]
    fn slopes_are_those_of_the_rows() {
        let h = Mat::from_fn(5, 3, |i, k| {
            c64::new(
                (1.0 + i as f64 * 0.7 + k as f64).sin(),
                (i as f64 - 0.4 * k as f64).cos(),
            )
        });
        let array = Ula::half_wavelength(5, Scaling::UnitEntries).unwrap();
        let a = array.steering(&[-0.6, 0.3]);
        for (sic, difference, csi) in [
            (SicSet::Full, 0.2, Csi::Perfect),
            (
                SicSet::Own,
                0.0,
                Csi::Bounded {
                    radius: 0.05,
                    residual: true,
                },
            ),
            (
                SicSet::Linear,
                0.2,
                Csi::Bounded {
                    radius: 0.05,
                    residual: false,
                },
            ),
        ] {
            let sensing = Sensing {
                floor: 1.0,
                difference,
                cross_correlation: Some(0.3),
            };
            let mode = Mode {
                sic,
                ordering: true,
                weights: PowerWeights::default(),
            };
            let scene = Scene::new(h.as_ref(), a.as_ref(), 0.1, sensing, mode).unwrap();
            let span = Span::new(&scene);
            for goal in [Goal::Common(3.0), Goal::Power] {
                let ascent = Ascent {
                    scene: &scene,
                    span: &span,
                    csi,
                    targets: &[1.0, 2.0, 0.5],
                    goal,
                };
                let n = 2 * span.dimension() * 3 + usize::from(matches!(goal, Goal::Common(_)));
                let x: Vec<f64> = (0..n).map(|i| (1.3 * i as f64 + 0.2).sin() * 0.4).collect();
                let (rows, _) = ascent.rows();
                let at = |x: &[f64]| {
                    let mut point = Point {
                        objective: 0.0,
                        gradient: vec![0.0; n],
                        constraints: vec![f64::NAN; rows],
                        jacobian: vec![0.0; rows * n],
                    };
                    ascent.evaluate(x, 2.0, 0.1, &mut point).unwrap();
                    point
                };
                let here = at(&x);
                for i in 0..n {
                    let step = 1e-5;
                    let moved = |by: f64| {
                        let mut y = x.clone();
                        y[i] += by;
                        at(&y)
                    };
                    let (up, down) = (moved(step), moved(-step));
                    let close = |got: f64, high: f64, low: f64| {
                        let slope = (high - low) / (2.0 * step);
                        // Rounding over the step, and third derivatives of its square.
                        assert!(
                            (got - slope).abs() <= 1e-6 * (1.0 + slope.abs()),
                            "{sic:?} {got} {slope}"
                        );
                    };
                    close(here.gradient[i], up.objective, down.objective);
                    for row in 0..rows {
                        close(
                            here.jacobian[row * n + i],
                            up.constraints[row],
                            down.constraints[row],
                        );
                    }
                }
            }
        }
    }

    fn silent(h: &Mat<c64>, sic: SicSet) -> Scene {
        let sensing = Sensing {
            floor: 0.0,
            difference: 0.0,
            cross_correlation: None,
        };
        let mode = Mode {
            sic,
            ..Mode::default()
        };
        let none = Mat::<c64>::zeros(h.nrows(), 0);
        Scene::new(h.as_ref(), none.as_ref(), 0.5, sensing, mode).unwrap()
    }

    /// Without a relaxation: the beam of one user costs `gamma sigma^2 / |h|^2`, under errors
    /// `gamma sigma^2 / (|h| - epsilon)^2`; two users in one dimension that disturb each other reach
    /// a product of SINR below 1.
    #[test]
    fn points_without_a_relaxation() {
        use crate::noma::rank_one::{Options, nearest};
        use crate::noma::robust::ErrorBall;
        use isac_models::rng::{Stream, stream};
        let h = Mat::from_fn(2, 1, |n, _| [c64::new(3.0, 0.0), c64::new(0.0, 4.0)][n]);
        let scene = silent(&h, SicSet::Full);
        let mut rng = stream(1, Stream::Randomisation, 0);
        for (radius, norm) in [(0.0, 5.0), (1.0, 4.0)] {
            let ball = Some(ErrorBall {
                radius,
                residual: true,
            });
            let found = nearest(&scene, &[10.0], ball, &Options::default(), &mut rng)
                .unwrap()
                .unwrap();
            let least = 10.0 * 0.5 / (norm * norm);
            assert!(found.violation <= Options::default().accept);
            assert!(
                (found.power_beams / least - 1.0).abs() < 1e-6,
                "{}",
                found.power_beams
            );
        }
        let h = Mat::from_fn(1, 2, |_, _| c64::ONE);
        let scene = silent(&h, SicSet::Linear);
        let found = nearest(&scene, &[2.0, 2.0], None, &Options::default(), &mut rng)
            .unwrap()
            .unwrap();
        // The smaller SINR is below 1 of 2.
        assert!(found.violation > 0.5);
    }
}
