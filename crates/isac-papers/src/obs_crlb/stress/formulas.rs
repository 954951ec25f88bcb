//! The formulas of the paper written out, with what rounding may change of each number to first order.

use std::f64::consts::PI;

use isac_linalg::{Mat, c64};

use super::Scene;

impl Scene {
    /// Objective by the definitions.
    pub(super) fn value(&self, w: &Mat<c64>) -> Terms {
        let (mut rate, mut rate_room) = (0.0, 0.0);
        for k in 0..self.users() {
            let seen = self.received(w, k);
            let total = seen.signal + seen.noise;
            rate += (seen.signal / seen.noise).ln_1p();
            rate_room += seen.signal_room / total
                + seen.noise_room * seen.signal / (seen.noise * total)
                + 4.0 * f64::EPSILON;
        }
        let (crlb, crlb_room, condition) = if self.crlb > 0.0 && !self.angles.is_empty() {
            let sensed = self.sensed(w);
            (sensed.trace, sensed.trace_room, sensed.condition)
        } else {
            (0.0, 0.0, 1.0)
        };
        let weighted = |weight: f64, value: f64| if weight > 0.0 { weight * value } else { 0.0 };
        Terms {
            rate: weighted(self.rate, rate),
            rate_room: weighted(self.rate, rate_room),
            crlb: weighted(self.crlb, crlb),
            crlb_room: weighted(self.crlb, crlb_room),
            condition,
        }
    }

    /// What user `k` receives. A sum of `Nt` products is off by at most `Nt + 2` last places of the
    /// sum of their moduli.
    pub(super) fn received(&self, w: &Mat<c64>, k: usize) -> Received {
        let places = f64::EPSILON * (w.nrows() + 2) as f64;
        let mut out = Received {
            couplings: Vec::new(),
            rooms: Vec::new(),
            signal: 0.0,
            signal_room: 0.0,
            noise: self.noise[k],
            noise_room: 0.0,
        };
        for j in 0..w.ncols() {
            let (mut sum, mut size) = (c64::ZERO, 0.0);
            for i in 0..w.nrows() {
                sum += self.channel[(i, k)].conj() * w[(i, j)];
                size += self.channel[(i, k)].norm() * w[(i, j)].norm();
            }
            let (power, room) = (sum.norm_sqr(), places * size);
            let power_room = room * (2.0 * sum.norm() + room) + 2.0 * f64::EPSILON * power;
            if j == k {
                (out.signal, out.signal_room) = (power, power_room);
            } else {
                out.noise += power;
                out.noise_room += power_room;
            }
            out.couplings.push(sum);
            out.rooms.push(room);
        }
        out.noise_room += f64::EPSILON * w.ncols() as f64 * out.noise;
        out
    }

    /// Response of an array to a direction with its two derivatives, unit norm at the direction.
    pub(super) fn response(shape: [usize; 2], (theta, phi): (f64, f64)) -> [Vec<c64>; 3] {
        let norm = ((shape[0] * shape[1]) as f64).sqrt();
        let mut out = [Vec::new(), Vec::new(), Vec::new()];
        for h in 0..shape[0] {
            for v in 0..shape[1] {
                let (h, v) = (h as f64, v as f64);
                let phase = PI * (h * theta.sin() * phi.sin() + v * phi.cos());
                let entry = c64::from_polar(1.0 / norm, phase);
                let turned = c64::new(0.0, PI) * entry;
                out[0].push(entry);
                out[1].push(turned * (h * theta.cos() * phi.sin()));
                out[2].push(turned * (h * theta.sin() * phi.cos() - v * phi.sin()));
            }
        }
        out
    }

    /// The maps `E_p` from a beam to the derivatives of its echo by the angles and by both parts of
    /// the coefficients, `Nr x Nt` each, over the noise; beside each the map of the moduli of all
    /// terms, which rounding goes by.
    pub(super) fn echoes(&self) -> Vec<(Mat<c64>, Mat<f64>)> {
        let scale = (2.0 * self.snapshots as f64 / self.radar_noise).sqrt();
        let mut out = Vec::new();
        for kind in 0..4 {
            for (m, &angles) in self.angles.iter().enumerate() {
                let [a, b] = [self.transmit, self.receive].map(|s| Self::response(s, angles));
                let factor = match kind {
                    0 | 1 => self.alpha[m],
                    2 => c64::ONE,
                    _ => c64::new(0.0, 1.0),
                } * scale;
                let terms = |r: usize, i: usize| match kind {
                    0 | 1 => [
                        b[kind + 1][r] * a[0][i].conj(),
                        b[0][r] * a[kind + 1][i].conj(),
                    ],
                    _ => [b[0][r] * a[0][i].conj(), c64::ZERO],
                };
                // The derivative by phi is a difference of two terms of its own, `h` and `v`.
                let reach = |s: [usize; 2]| PI * (s[0] + s[1]) as f64;
                let moduli = |r: usize, i: usize| match kind {
                    1 => {
                        (reach(self.transmit) + reach(self.receive))
                            * b[0][r].norm()
                            * a[0][i].norm()
                    }
                    _ => terms(r, i).iter().map(|term| term.norm()).sum(),
                };
                let (rows, cols) = (b[0].len(), a[0].len());
                out.push((
                    Mat::from_fn(rows, cols, |r, i| terms(r, i).iter().sum::<c64>() * factor),
                    Mat::from_fn(rows, cols, |r, i| moduli(r, i) * factor.norm()),
                ));
            }
        }
        out
    }

    /// The CRLB with its gradient, by the QR decomposition of the echo's derivatives: the FIM itself,
    /// whose condition is the square, is not formed.
    ///
    /// With an error `dJ_p` of its columns the trace moves by `-2 sum_p V_p . dJ_p`, `V = J F^-2`.
    /// A column is off by `Nt + 8` last places of its terms for sums and products, three for each
    /// radian of the phases, and `4 n` of its own for a decomposition into `n` columns.
    pub(super) fn sensed(&self, w: &Mat<c64>) -> Sensed {
        let echoes = self.echoes();
        let radians =
            PI * (self.transmit.iter().sum::<usize>() + self.receive.iter().sum::<usize>()) as f64;
        let places = (w.nrows() + 8) as f64 + 3.0 * radians + 4.0 * echoes.len() as f64;
        let (mut columns, mut sizes) = (Vec::new(), Vec::new());
        for (echo, moduli) in &echoes {
            let mut column = Vec::new();
            let mut size = 0.0;
            for j in 0..w.ncols() {
                for r in 0..echo.nrows() {
                    let terms = (0..w.nrows()).map(|i| echo[(r, i)] * w[(i, j)]);
                    let sum: c64 = terms.sum();
                    let moduli = (0..w.nrows()).map(|i| moduli[(r, i)] * w[(i, j)].norm());
                    size += moduli.sum::<f64>().powi(2);
                    column.extend([sum.re, sum.im]);
                }
            }
            columns.push(column);
            sizes.push(f64::EPSILON * places * size.sqrt());
        }
        let Some(inverse) = Inverse::of(columns) else {
            return Sensed::singular(w);
        };
        let lengths: Vec<f64> = inverse.slope.iter().map(|v| norm(v)).collect();
        let trace_room = lengths
            .iter()
            .zip(&sizes)
            .map(|(v, d)| 2.0 * v * d)
            .sum::<f64>();
        // `V` is of third order in the inverse of `J`.
        let relative = |(size, own): (&f64, &f64)| size / own;
        let perturbed = sizes
            .iter()
            .zip(&inverse.norms)
            .map(relative)
            .fold(0.0, f64::max);
        let mut gradient = Mat::<c64>::zeros(w.nrows(), w.ncols());
        let mut gradient_room = 0.0;
        for ((echo, moduli), (v, length)) in echoes.iter().zip(inverse.slope.iter().zip(&lengths)) {
            for j in 0..w.ncols() {
                for i in 0..w.nrows() {
                    for r in 0..echo.nrows() {
                        let at = 2 * (j * echo.nrows() + r);
                        gradient[(i, j)] -= echo[(r, i)].conj() * c64::new(v[at], v[at + 1]) * 2.0;
                    }
                }
            }
            let reach = (0..w.nrows()).flat_map(|i| (0..echo.nrows()).map(move |r| (r, i)));
            let reach = reach.map(|at| moduli[at].powi(2)).sum::<f64>().sqrt();
            gradient_room += 2.0
                * length
                * reach
                * (3.0 * inverse.condition * perturbed + f64::EPSILON * places);
        }
        Sensed {
            trace: inverse.trace,
            trace_room,
            condition: inverse.condition,
            gradient,
            gradient_room,
        }
    }

    /// The gradient of the objective in the convention `df = Re tr(G^H dW)`, and the norm of what
    /// rounding may change of it.
    pub(super) fn gradient(&self, w: &Mat<c64>) -> (Mat<c64>, f64) {
        let mut gradient = Mat::<c64>::zeros(w.nrows(), w.ncols());
        let mut room = 0.0;
        for k in (0..self.users()).filter(|_| self.rate > 0.0) {
            let seen = self.received(w, k);
            let total = seen.signal + seen.noise;
            let relative =
                seen.noise_room / seen.noise + (seen.signal_room + seen.noise_room) / total;
            let channel: f64 = (0..w.nrows())
                .map(|i| self.channel[(i, k)].norm_sqr())
                .sum();
            for j in 0..w.ncols() {
                // d ln(1 + S / I) = dS / (S + I) - S dI / (I (S + I)).
                let weight = if j == k {
                    1.0 / total
                } else {
                    -seen.signal / (seen.noise * total)
                };
                let factor = 2.0 * self.rate * weight;
                for i in 0..w.nrows() {
                    gradient[(i, j)] += self.channel[(i, k)] * (seen.couplings[j] * factor);
                }
                let off = seen.rooms[j]
                    + seen.couplings[j].norm() * (2.0 * relative + 8.0 * f64::EPSILON);
                room += factor.abs() * channel.sqrt() * off;
            }
        }
        if self.crlb > 0.0 && !self.angles.is_empty() {
            let sensed = self.sensed(w);
            for j in 0..w.ncols() {
                for i in 0..w.nrows() {
                    gradient[(i, j)] -= sensed.gradient[(i, j)] * self.crlb;
                }
            }
            room += self.crlb * sensed.gradient_room;
        }
        (gradient, room)
    }

    /// The part of the gradient along the feasible set, less what rounding explains, over the part
    /// normal to it.
    pub(super) fn residual(&self, w: &Mat<c64>, per_antenna: bool) -> f64 {
        let (gradient, room) = self.gradient(w);
        let groups: Vec<Vec<(usize, usize)>> = if per_antenna {
            (0..w.nrows())
                .map(|i| (0..w.ncols()).map(|j| (i, j)).collect())
                .collect()
        } else {
            let all = (0..w.nrows()).flat_map(|i| (0..w.ncols()).map(move |j| (i, j)));
            vec![all.collect()]
        };
        let (mut along, mut normal) = (0.0, 0.0);
        for group in groups {
            let power: f64 = group.iter().map(|&at| w[at].norm_sqr()).sum();
            let inner: f64 = group
                .iter()
                .map(|&at| (w[at].conj() * gradient[at]).re)
                .sum();
            normal += inner * inner / power;
            along += group
                .iter()
                .map(|&at| (gradient[at] - w[at] * (inner / power)).norm_sqr())
                .sum::<f64>();
        }
        let along = (along.sqrt() - room).max(0.0);
        if along > 0.0 {
            along / (normal.sqrt() + room)
        } else {
            0.0
        }
    }
}

/// The couplings of a user with all streams, its signal and its interference plus noise; each with
/// what rounding may change of it.
pub(super) struct Received {
    pub(super) couplings: Vec<c64>,
    pub(super) rooms: Vec<f64>,
    pub(super) signal: f64,
    pub(super) signal_room: f64,
    pub(super) noise: f64,
    pub(super) noise_room: f64,
}

/// `tr F^-1` and its gradient, each with what rounding may change of it, and the condition of the
/// derivatives with unit columns.
pub(super) struct Sensed {
    pub(super) trace: f64,
    pub(super) trace_room: f64,
    pub(super) condition: f64,
    pub(super) gradient: Mat<c64>,
    pub(super) gradient_room: f64,
}

impl Sensed {
    fn singular(w: &Mat<c64>) -> Self {
        Self {
            trace: f64::INFINITY,
            trace_room: f64::INFINITY,
            condition: f64::INFINITY,
            gradient: Mat::zeros(w.nrows(), w.ncols()),
            gradient_room: f64::INFINITY,
        }
    }
}

/// The terms of the objective, weighted, with what rounding may change of them, and the condition of
/// the derivatives of the echo.
pub(super) struct Terms {
    pub(super) rate: f64,
    pub(super) rate_room: f64,
    pub(super) crlb: f64,
    pub(super) crlb_room: f64,
    pub(super) condition: f64,
}

impl Terms {
    pub(super) fn objective(&self) -> f64 {
        self.rate - self.crlb
    }

    /// What rounding may change of the objective, here and in the answer.
    pub(super) fn room(&self) -> f64 {
        2.0 * (self.rate_room + self.crlb_room) + 4.0 * f64::EPSILON * (self.rate + self.crlb)
    }
}

pub(super) fn entries(w: &Mat<c64>) -> impl Iterator<Item = c64> + '_ {
    (0..w.ncols()).flat_map(move |j| (0..w.nrows()).map(move |i| w[(i, j)]))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// `F^-1` for `F = J^T J`, from `J` alone.
pub(super) struct Inverse {
    pub(super) trace: f64,
    /// `||J||_F ||J^-1||_F` with unit columns.
    pub(super) condition: f64,
    /// Lengths of the columns of `J`.
    pub(super) norms: Vec<f64>,
    /// Columns of `J F^-2`.
    pub(super) slope: Vec<Vec<f64>>,
}

impl Inverse {
    /// By modified Gram-Schmidt, twice, on the columns of `J` scaled to length 1; `None` where one is
    /// in the span of those before it.
    pub(super) fn of(mut columns: Vec<Vec<f64>>) -> Option<Self> {
        let n = columns.len();
        let norms: Vec<f64> = columns.iter().map(|c| norm(c)).collect();
        if norms.iter().any(|norm| norm.is_nan() || *norm <= 0.0) {
            return None;
        }
        for (column, norm) in columns.iter_mut().zip(&norms) {
            column.iter_mut().for_each(|x| *x /= norm);
        }
        let mut r = vec![vec![0.0; n]; n];
        for j in 0..n {
            for _ in 0..2 {
                for i in 0..j {
                    let (before, rest) = columns.split_at_mut(j);
                    let along = dot(&before[i], &rest[0]);
                    r[i][j] += along;
                    for (x, q) in rest[0].iter_mut().zip(&before[i]) {
                        *x -= along * q;
                    }
                }
            }
            r[j][j] = norm(&columns[j]);
            if r[j][j] <= 1e-15 {
                return None;
            }
            columns[j].iter_mut().for_each(|x| *x /= r[j][j]);
        }
        // The root `D^-1 R^-1` by back substitution: `F^-1` is its product with its transpose.
        let mut root = vec![vec![0.0; n]; n];
        let mut spread = 0.0;
        for j in 0..n {
            for i in (0..=j).rev() {
                let known: f64 = (i + 1..=j).map(|k| r[i][k] * root[k][j]).sum();
                root[i][j] = (f64::from(u8::from(i == j)) - known) / r[i][i];
            }
        }
        for (row, norm) in root.iter_mut().zip(&norms) {
            spread += dot(row, row);
            row.iter_mut().for_each(|x| *x /= norm);
        }
        let inverse: Vec<Vec<f64>> = (0..n)
            .map(|i| (0..n).map(|j| dot(&root[i], &root[j])).collect())
            .collect();
        // J F^-2 = Q (D^-1 R^-1)^T F^-1.
        let slope = (0..n).map(|p| {
            let mut out = vec![0.0; columns[0].len()];
            for (k, q) in columns.iter().enumerate() {
                let weight: f64 = (0..n).map(|i| root[i][k] * inverse[i][p]).sum();
                out.iter_mut().zip(q).for_each(|(x, q)| *x += weight * q);
            }
            out
        });
        Some(Self {
            trace: (0..n).map(|i| inverse[i][i]).sum(),
            condition: (n as f64 * spread).sqrt(),
            slope: slope.collect(),
            norms,
        })
    }
}
