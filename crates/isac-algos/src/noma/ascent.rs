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

use super::problem::{Scene, Span};
use super::relaxation::Csi;
use crate::Error;
use isac_linalg::{Col, Mat, MatRef, c64, hermitian, ops};
use isac_metrics::noma::{self, Pair};
use isac_opt::sqp::{self, Point};

/// What is improved.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// The factor common to all SINR targets, within this power (watt).
    Common(f64),
    /// The power, at the targets.
    Power,
}

pub(super) struct Ascent<'a> {
    pub(super) scene: &'a Scene,
    pub(super) span: &'a Span,
    pub(super) csi: Csi,
    /// SINR targets by decoding position.
    pub(super) targets: &'a [f64],
    pub(super) goal: Goal,
}

/// By how much the rows hold at the end: less than what counts as feasible anywhere, more than
/// rounding.
const INSIDE: f64 = 1e-9;

/// A Hermitian form `x^H W x` of the beams: `sum_i weight_i |x^H w_i|^2` with its slope.
struct Form<'a> {
    /// Span coordinates.
    x: &'a [c64],
    /// `x^H w_i`.
    seen: Vec<c64>,
}

impl<'a> Form<'a> {
    fn new(x: &'a [c64], beams: &[c64]) -> Self {
        let dot = |w: &[c64]| x.iter().zip(w).map(|(x, w)| x.conj() * w).sum();
        Self {
            seen: beams.chunks_exact(x.len()).map(dot).collect(),
            x,
        }
    }

    fn power(&self, i: usize) -> f64 {
        self.seen[i].norm_sqr()
    }

    /// Adds the gradient of `weight |x^H w_i|^2` to a row of real and imaginary parts.
    fn slope(&self, i: usize, weight: f64, row: &mut [f64]) {
        let start = 2 * self.x.len() * i;
        for (n, x) in self.x.iter().enumerate() {
            let g = x * self.seen[i] * (2.0 * weight);
            row[start + 2 * n] += g.re;
            row[start + 2 * n + 1] += g.im;
        }
    }
}

fn column(m: &Mat<c64>, j: usize) -> Vec<c64> {
    (0..m.nrows()).map(|i| m[(i, j)]).collect()
}

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

    /// Rows of the program, and how many of them, the first, are equalities.
    fn rows(&self) -> (usize, usize) {
        let (scene, sensing) = (self.scene, self.scene.sensing());
        let pairs = scene.target_pairs().len();
        let equal = sensing.difference <= 0.0;
        let differences = if equal { pairs } else { 2 * pairs };
        let floors = if sensing.floor > 0.0 {
            scene.targets()
        } else {
            0
        };
        let cross = usize::from(scene.cross_correlation_radius().is_some());
        let ordering = if scene.mode().ordering {
            scene.users() * (scene.users() - 1)
        } else {
            0
        };
        let budget = usize::from(matches!(self.goal, Goal::Common(_)));
        let rows = differences + scene.pairs().len() + floors + cross + ordering + budget;
        (rows, if equal { pairs } else { 0 })
    }

    fn power(&self, beams: &[c64]) -> f64 {
        let weights = self.scene.mode().weights;
        let transmit: f64 = beams.iter().map(|w| w.norm_sqr()).sum();
        let sensed: f64 = (0..self.scene.targets())
            .map(|m| {
                let a = column(&self.span.steering, m);
                let form = Form::new(&a, beams);
                (0..self.scene.users()).map(|i| form.power(i)).sum::<f64>()
            })
            .sum();
        weights.transmit * transmit + weights.sensing * sensed
    }

    /// Smallest `ln (SINR / gamma)` of beams in the unit `unit`.
    fn least(&self, beams: &[c64], unit: f64) -> Result<f64, Error> {
        let mut least = f64::INFINITY;
        for pair in self.scene.pairs() {
            let value = self.sinr(pair, beams, unit, None)?;
            least = least.min(value - self.targets[pair.message].ln());
        }
        Ok(least)
    }

    /// `ln SINR` of a pair and, into `row`, its gradient; the worst case where there are errors.
    fn sinr(
        &self,
        pair: Pair,
        beams: &[c64],
        unit: f64,
        row: Option<&mut [f64]>,
    ) -> Result<f64, Error> {
        let (k, r) = (pair.message, self.span.dimension());
        let sic = self.scene.mode().sic;
        let users = self.scene.users();
        let mut h = column(&self.span.channels, pair.decoder);
        let mut back = None;
        if let Csi::Bounded { radius, residual } = self.csi {
            let size = unit.sqrt();
            let factors: Vec<Mat<c64>> = (0..users)
                .map(|i| Mat::from_fn(r, 1, |n, _| beams[i * r + n] * size))
                .collect();
            let worst = noma::worst_case_sinr(
                self.span.channels.subcols(pair.decoder, 1),
                &factors,
                sic,
                k,
                residual,
                radius / self.scene.noise().sqrt(),
                1.0,
            )?;
            let error = column(&worst.error, 0);
            h.iter_mut().zip(&error).for_each(|(h, e)| *h += e);
            back = residual.then_some(error);
        }
        let seen = Form::new(&h, beams);
        let leaked = back.as_ref().map(|error| Form::new(error, beams));
        let signal = unit * seen.power(k);
        let mut disturbance = 1.0;
        for i in 0..users {
            if sic.disturbs(k, i) {
                disturbance += unit * seen.power(i);
            } else if let (Some(leaked), true) = (&leaked, sic.removes(k, i)) {
                disturbance += unit * leaked.power(i);
            }
        }
        if let Some(row) = row {
            seen.slope(k, unit / signal, row);
            for i in 0..users {
                if sic.disturbs(k, i) {
                    seen.slope(i, -unit / disturbance, row);
                } else if let (Some(leaked), true) = (&leaked, sic.removes(k, i)) {
                    leaked.slope(i, -unit / disturbance, row);
                }
            }
        }
        Ok((signal / disturbance).ln())
    }

    fn evaluate(&self, x: &[f64], unit: f64, base: f64, point: &mut Point) -> Result<(), Error> {
        let scene = self.scene;
        let (users, targets, r) = (scene.users(), scene.targets(), self.span.dimension());
        let n = x.len();
        let beams: Vec<c64> = (0..users * r)
            .map(|i| c64::new(x[2 * i], x[2 * i + 1]))
            .collect();
        let common = matches!(self.goal, Goal::Common(_));
        let sensing = scene.sensing();
        let steering: Vec<Vec<c64>> = (0..targets)
            .map(|m| column(&self.span.steering, m))
            .collect();
        let forms: Vec<Form<'_>> = steering.iter().map(|a| Form::new(a, &beams)).collect();
        let pattern: Vec<f64> = (forms.iter())
            .map(|form| unit * (0..users).map(|i| form.power(i)).sum::<f64>())
            .collect();
        let everywhere = |form: &Form<'_>, weight: f64, row: &mut [f64]| {
            (0..users).for_each(|i| form.slope(i, weight, row));
        };
        point.jacobian.fill(0.0);
        let mut rows = point
            .constraints
            .iter_mut()
            .zip(point.jacobian.chunks_exact_mut(n));
        let mut next = |value: f64, fill: &mut dyn FnMut(&mut [f64])| {
            if let Some((constraint, row)) = rows.next() {
                *constraint = value;
                fill(row);
            }
        };

        let scale = sensing.floor.max(sensing.difference).max(f64::MIN_POSITIVE);
        let signs: &[f64] = if sensing.difference > 0.0 {
            &[1.0, -1.0]
        } else {
            &[1.0]
        };
        for (p, m) in scene.target_pairs() {
            for &sign in signs {
                let value = (sign * (pattern[p] - pattern[m]) - sensing.difference) / scale;
                next(value, &mut |row| {
                    everywhere(&forms[p], sign * unit / scale, row);
                    everywhere(&forms[m], -sign * unit / scale, row);
                });
            }
        }
        for pair in scene.pairs() {
            let wanted =
                self.targets[pair.message].ln() + base + if common { x[n - 1] } else { 0.0 };
            let mut slope = vec![0.0; n];
            let value = self.sinr(pair, &beams, unit, Some(&mut slope))?;
            next(wanted - value + INSIDE, &mut |row| {
                row.iter_mut().zip(&slope).for_each(|(g, s)| *g = -s);
                if common {
                    row[n - 1] = 1.0;
                }
            });
        }
        if sensing.floor > 0.0 {
            for (form, p) in forms.iter().zip(&pattern) {
                next(1.0 - p / sensing.floor + INSIDE, &mut |row| {
                    everywhere(form, -unit / sensing.floor, row);
                });
            }
        }
        if let Some(radius) = scene.cross_correlation_radius() {
            let crosses: Vec<(usize, usize, c64)> = (scene.target_pairs().into_iter())
                .map(|(p, m)| {
                    let pairs = forms[p].seen.iter().zip(&forms[m].seen);
                    let sum: c64 = pairs.map(|(a, b)| a * b.conj()).sum();
                    (p, m, sum * unit)
                })
                .collect();
            let sum: f64 = crosses.iter().map(|(_, _, c)| c.norm_sqr()).sum();
            let limit = radius * radius;
            next(sum / limit - 1.0 + INSIDE, &mut |row| {
                for &(p, m, c) in &crosses {
                    // d |c|^2 = 2 Re(conj(c) dc), c = sum_i (a_p^H w_i) conj(a_m^H w_i).
                    for i in 0..users {
                        for l in 0..r {
                            let g = (steering[p][l] * forms[m].seen[i] * c
                                + steering[m][l] * forms[p].seen[i] * c.conj())
                                * (2.0 * unit / limit);
                            row[2 * (i * r + l)] += g.re;
                            row[2 * (i * r + l) + 1] += g.im;
                        }
                    }
                }
            });
        }
        if scene.mode().ordering {
            for l in 0..users {
                let h = column(&self.span.channels, l);
                let form = Form::new(&h, &beams);
                let size = ops::norm2(self.span.channels.subcols(l, 1));
                for i in 1..users {
                    next((form.power(i) - form.power(i - 1)) / size, &mut |row| {
                        form.slope(i, 1.0 / size, row);
                        form.slope(i - 1, -1.0 / size, row);
                    });
                }
            }
        }

        let weights = scene.mode().weights;
        let transmit: f64 = beams.iter().map(|w| w.norm_sqr()).sum();
        let spent =
            weights.transmit * transmit + weights.sensing * pattern.iter().sum::<f64>() / unit;
        let mut slope = vec![0.0; n];
        for (i, w) in beams.iter().enumerate() {
            slope[2 * i] = 2.0 * weights.transmit * w.re;
            slope[2 * i + 1] = 2.0 * weights.transmit * w.im;
        }
        forms
            .iter()
            .for_each(|form| everywhere(form, weights.sensing, &mut slope));
        match self.goal {
            Goal::Common(budget) => {
                let share = unit / budget;
                next(spent * share - 1.0 + INSIDE, &mut |row| {
                    row.iter_mut().zip(&slope).for_each(|(g, s)| *g = s * share);
                });
                point.objective = -x[n - 1];
                point.gradient.fill(0.0);
                point.gradient[n - 1] = -1.0;
            }
            Goal::Power => {
                point.objective = spent.ln();
                point.gradient.clear();
                point.gradient.extend(slope.iter().map(|s| s / spent));
            }
        }
        Ok(())
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
