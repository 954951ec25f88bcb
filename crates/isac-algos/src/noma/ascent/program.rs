//! The program of the local ascent at a point: objective, rows and their slopes.

use crate::Error;
use crate::noma::problem::{Scene, Span};
use crate::noma::relaxation::Csi;
use isac_linalg::{Mat, c64, ops};
use isac_metrics::noma::{self, Pair};
use isac_opt::sqp::Point;

/// What is improved.
#[derive(Debug, Clone, Copy)]
pub(in crate::noma) enum Goal {
    /// The factor common to all SINR targets, within this power (watt).
    Common(f64),
    /// The power, at the targets.
    Power,
}

pub(in crate::noma) struct Ascent<'a> {
    pub(in crate::noma) scene: &'a Scene,
    pub(in crate::noma) span: &'a Span,
    pub(in crate::noma) csi: Csi,
    /// SINR targets by decoding position.
    pub(in crate::noma) targets: &'a [f64],
    pub(in crate::noma) goal: Goal,
}

/// By how much the rows hold at the end: less than what counts as feasible anywhere, more than
/// rounding.
pub(super) const INSIDE: f64 = 1e-9;

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

/// What the targets see of the beams.
struct Sensed<'a> {
    steering: &'a [Vec<c64>],
    forms: Vec<Form<'a>>,
    /// `P_m`, watt.
    pattern: Vec<f64>,
    users: usize,
    unit: f64,
}

impl<'a> Sensed<'a> {
    fn new(steering: &'a [Vec<c64>], beams: &[c64], users: usize, unit: f64) -> Self {
        let forms: Vec<Form<'_>> = steering.iter().map(|a| Form::new(a, beams)).collect();
        let pattern: Vec<f64> = (forms.iter())
            .map(|form| unit * (0..users).map(|i| form.power(i)).sum::<f64>())
            .collect();
        Self {
            steering,
            forms,
            pattern,
            users,
            unit,
        }
    }

    /// Adds the gradient of `weight` times the power of all beams at target `m`.
    #[inline]
    fn slope(&self, m: usize, weight: f64, row: &mut [f64]) {
        (0..self.users).for_each(|i| self.forms[m].slope(i, weight, row));
    }
}

/// Rows being filled in order.
struct Rows<'a> {
    constraints: std::slice::IterMut<'a, f64>,
    gradients: std::slice::ChunksExactMut<'a, f64>,
}

impl Rows<'_> {
    /// The value of the next row and, by `fill`, its gradient.
    #[inline]
    fn push(&mut self, value: f64, fill: impl FnOnce(&mut [f64])) {
        if let (Some(constraint), Some(row)) = (self.constraints.next(), self.gradients.next()) {
            *constraint = value;
            fill(row);
        }
    }
}

impl Ascent<'_> {
    /// Rows of the program, and how many of them, the first, are equalities.
    pub(super) fn rows(&self) -> (usize, usize) {
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

    pub(super) fn power(&self, beams: &[c64]) -> f64 {
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
    pub(super) fn least(&self, beams: &[c64], unit: f64) -> Result<f64, Error> {
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

    /// Objective, rows and slopes at `x`, real and imaginary parts of the beams in the unit `unit` and,
    /// for a common factor, the logarithm of what it is above `base`.
    pub(super) fn evaluate(
        &self,
        x: &[f64],
        unit: f64,
        base: f64,
        point: &mut Point,
    ) -> Result<(), Error> {
        let (users, targets) = (self.scene.users(), self.scene.targets());
        let n = x.len();
        let beams: Vec<c64> = (0..users * self.span.dimension())
            .map(|i| c64::new(x[2 * i], x[2 * i + 1]))
            .collect();
        let steering: Vec<Vec<c64>> = (0..targets)
            .map(|m| column(&self.span.steering, m))
            .collect();
        let sensed = Sensed::new(&steering, &beams, users, unit);
        point.jacobian.fill(0.0);
        let mut rows = Rows {
            constraints: point.constraints.iter_mut(),
            gradients: point.jacobian.chunks_exact_mut(n),
        };
        self.difference_rows(&sensed, &mut rows);
        self.sinr_rows(x, &beams, unit, base, &mut rows)?;
        self.floor_rows(&sensed, &mut rows);
        self.cross_row(&sensed, &mut rows);
        self.ordering_rows(&beams, &mut rows);
        let (spent, slope) = self.spent(n, &beams, &sensed);
        match self.goal {
            Goal::Common(budget) => {
                let share = unit / budget;
                rows.push(spent * share - 1.0 + INSIDE, |row| {
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

    /// `|P_p - P_m| <= P_diff`; one row per pair of targets, of an equality, where they may not differ.
    fn difference_rows(&self, sensed: &Sensed<'_>, rows: &mut Rows<'_>) {
        let (sensing, unit, pattern) = (self.scene.sensing(), sensed.unit, &sensed.pattern);
        let scale = sensing.floor.max(sensing.difference).max(f64::MIN_POSITIVE);
        let signs: &[f64] = if sensing.difference > 0.0 {
            &[1.0, -1.0]
        } else {
            &[1.0]
        };
        for (p, m) in self.scene.target_pairs() {
            for &sign in signs {
                let value = (sign * (pattern[p] - pattern[m]) - sensing.difference) / scale;
                rows.push(value, |row| {
                    sensed.slope(p, sign * unit / scale, row);
                    sensed.slope(m, -sign * unit / scale, row);
                });
            }
        }
    }

    /// `u + ln gamma_k <= ln SINR_kl`, the last variable being `u` where there is a common factor.
    fn sinr_rows(
        &self,
        x: &[f64],
        beams: &[c64],
        unit: f64,
        base: f64,
        rows: &mut Rows<'_>,
    ) -> Result<(), Error> {
        let n = x.len();
        let common = matches!(self.goal, Goal::Common(_));
        for pair in self.scene.pairs() {
            let wanted =
                self.targets[pair.message].ln() + base + if common { x[n - 1] } else { 0.0 };
            let mut slope = vec![0.0; n];
            let value = self.sinr(pair, beams, unit, Some(&mut slope))?;
            rows.push(wanted - value + INSIDE, |row| {
                row.iter_mut().zip(&slope).for_each(|(g, s)| *g = -s);
                if common {
                    row[n - 1] = 1.0;
                }
            });
        }
        Ok(())
    }

    /// `1 <= P_m / P_s`.
    fn floor_rows(&self, sensed: &Sensed<'_>, rows: &mut Rows<'_>) {
        let floor = self.scene.sensing().floor;
        if floor > 0.0 {
            for (m, p) in sensed.pattern.iter().enumerate() {
                rows.push(1.0 - p / floor + INSIDE, |row| {
                    sensed.slope(m, -sensed.unit / floor, row);
                });
            }
        }
    }

    /// The mean squared cross-correlation of the targets within its bound.
    fn cross_row(&self, sensed: &Sensed<'_>, rows: &mut Rows<'_>) {
        let Some(radius) = self.scene.cross_correlation_radius() else {
            return;
        };
        let (unit, forms, steering) = (sensed.unit, &sensed.forms, sensed.steering);
        let r = self.span.dimension();
        let crosses: Vec<(usize, usize, c64)> = (self.scene.target_pairs().into_iter())
            .map(|(p, m)| {
                let pairs = forms[p].seen.iter().zip(&forms[m].seen);
                let sum: c64 = pairs.map(|(a, b)| a * b.conj()).sum();
                (p, m, sum * unit)
            })
            .collect();
        let sum: f64 = crosses.iter().map(|(_, _, c)| c.norm_sqr()).sum();
        let limit = radius * radius;
        rows.push(sum / limit - 1.0 + INSIDE, |row| {
            for &(p, m, c) in &crosses {
                // d |c|^2 = 2 Re(conj(c) dc), c = sum_i (a_p^H w_i) conj(a_m^H w_i).
                for i in 0..sensed.users {
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

    /// Every user receives earlier messages with at least the power of later ones.
    fn ordering_rows(&self, beams: &[c64], rows: &mut Rows<'_>) {
        if !self.scene.mode().ordering {
            return;
        }
        let users = self.scene.users();
        for l in 0..users {
            let h = column(&self.span.channels, l);
            let form = Form::new(&h, beams);
            let size = ops::norm2(self.span.channels.subcols(l, 1));
            for i in 1..users {
                rows.push((form.power(i) - form.power(i - 1)) / size, |row| {
                    form.slope(i, 1.0 / size, row);
                    form.slope(i - 1, -1.0 / size, row);
                });
            }
        }
    }

    /// The weighted power in units, and its gradient by `n` variables.
    fn spent(&self, n: usize, beams: &[c64], sensed: &Sensed<'_>) -> (f64, Vec<f64>) {
        let weights = self.scene.mode().weights;
        let transmit: f64 = beams.iter().map(|w| w.norm_sqr()).sum();
        let spent = weights.transmit * transmit
            + weights.sensing * sensed.pattern.iter().sum::<f64>() / sensed.unit;
        let mut slope = vec![0.0; n];
        for (i, w) in beams.iter().enumerate() {
            slope[2 * i] = 2.0 * weights.transmit * w.re;
            slope[2 * i + 1] = 2.0 * weights.transmit * w.im;
        }
        (0..sensed.forms.len()).for_each(|m| sensed.slope(m, weights.sensing, &mut slope));
        (spent, slope)
    }
}
