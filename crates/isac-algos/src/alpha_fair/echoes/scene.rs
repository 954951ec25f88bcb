//! A problem in the numbers that the bound needs.

use super::{Dual, TARGETS};
use crate::Error;
use crate::alpha_fair::Problem;
use crate::alpha_fair::bound::Relaxation;
use isac_linalg::{ColRef, Mat, c64, factor, ops};
use isac_metrics::delay_doppler::{Gain, Nodes};

/// The problem in numbers.
pub(super) struct Scene {
    pub(super) subcarriers: usize,
    pub(super) targets: usize,
    /// Power for the targets.
    pub(super) left: f64,
    pub(super) noise: Vec<f64>,
    /// `b_tj` and `kappa_tj`, target-major.
    pub(super) reflection: Vec<f64>,
    pub(super) kappa: Vec<f64>,
    /// What a unit of `g / D` on a subcarrier informs, entries 11, 12, 22; target-major.
    pub(super) unit: Vec<[f64; 3]>,
    /// Steering vectors in orthonormal coordinates of their span.
    pub(super) coordinates: Vec<Vec<c64>>,
    /// Diagonal weight of the CRLB.
    pub(super) diagonal: [f64; 2],
    pub(super) weights: Vec<f64>,
    pub(super) centres: Vec<f64>,
    /// Factors `L_t` of the relaxation's `E_t`, entries 11, 21, 22, and its price of power: the units of
    /// the search.
    pub(super) factors: Vec<[f64; 3]>,
    pub(super) price: f64,
}

impl Scene {
    pub(super) fn new(
        problem: &Problem,
        relaxation: &Relaxation,
        left: f64,
    ) -> Result<Self, Error> {
        let sensing = problem.sensing();
        let (model, n, targets) = (sensing.model(), sensing.subcarriers(), sensing.targets());
        let all = sensing.nodes();
        let nodes = match sensing.options().nodes {
            Nodes::Multi => all,
            Nodes::Mono => 1,
        };
        let reflection: Vec<f64> = (0..targets * nodes)
            .map(|at| model.reflection[at / nodes * all + at % nodes])
            .collect();
        let square = 8.0 * std::f64::consts::PI.powi(2);
        let kappa: Vec<f64> = (0..targets * nodes)
            .map(|at| square * reflection[at] * model.antennas[at % nodes])
            .collect();
        let m = model.symbols as f64;
        let centres: Vec<f64> = match sensing.options().gain {
            Gain::Known => vec![0.0; targets],
            Gain::Unknown => relaxation.centres.clone(),
        };
        let unit = (0..targets * n)
            .map(|at| {
                let i = (at % n) as f64;
                match sensing.options().gain {
                    Gain::Known => [
                        m * i * i,
                        -m * (m - 1.0) / 2.0 * i,
                        (m - 1.0) * m * (2.0 * m - 1.0) / 6.0,
                    ],
                    Gain::Unknown => {
                        let off = i - centres[at / n];
                        [m * off * off, 0.0, m * (m * m - 1.0) / 12.0]
                    }
                }
            })
            .collect();
        let diagonal = [model.weights[0], model.weights[1]];
        let fairness = problem.fairness();
        let p = fairness.order();
        let crlb = &relaxation.crlb;
        let top = crlb.iter().copied().fold(0.0, f64::max);
        let sum: f64 = crlb.iter().map(|c| (c / top).powf(p)).sum();
        let norm = top * sum.powf(1.0 / p);
        // A hair below the dual norm of 1, which rounding must not exceed.
        let weights: Vec<f64> = crlb
            .iter()
            .map(|c| (c / norm).powf(p - 1.0) / fairness.reference() * (1.0 - 1e-12))
            .collect();
        let steering = problem.steering();
        let rows = if steering.ncols() < steering.nrows() {
            factor::qr_thin(steering).1
        } else {
            steering.to_owned()
        };
        let coordinates = (0..targets)
            .map(|t| rows.col(t).iter().copied().collect())
            .collect();
        let mut scene = Self {
            subcarriers: n,
            targets,
            left,
            noise: model.noise_w[..nodes].to_vec(),
            reflection,
            kappa,
            unit,
            coordinates,
            diagonal,
            weights,
            centres,
            factors: Vec::new(),
            price: 0.0,
        };
        scene.measure(relaxation)?;
        Ok(scene)
    }

    /// Units of the search from the relaxation's optimum: `E = F^-1 D F^-1 w`.
    fn measure(&mut self, relaxation: &Relaxation) -> Result<(), Error> {
        let mut prices = Vec::new();
        for t in 0..self.targets {
            let [f11, f12, f22] = relaxation.information[t];
            let det = f11 * f22 - f12 * f12;
            let inverse = [f22 / det, -f12 / det, f11 / det];
            let [d1, d2] = self.diagonal.map(|d| (d * self.weights[t]).sqrt());
            // E = B B^T with B = F^-1 D^1/2; its lower factor.
            let rows = [
                [inverse[0] * d1, inverse[1] * d2],
                [inverse[1] * d1, inverse[2] * d2],
            ];
            let l11 = rows[0][0].hypot(rows[0][1]);
            let l21 = (rows[0][0] * rows[1][0] + rows[0][1] * rows[1][1]) / l11;
            let l22 = (rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]).abs() / l11;
            self.factors.push([l11, l21, l22]);
            let e = [l11 * l11, l11 * l21, l21 * l21 + l22 * l22];
            let quiet = self.quiet(t);
            let most = (0..self.subcarriers).map(|i| self.informs(&e, t, i) * quiet);
            prices.push(most.fold(0.0, f64::max));
        }
        self.price = self.top(&prices)?;
        Ok(())
    }

    pub(super) fn nodes(&self) -> usize {
        self.noise.len()
    }

    /// `sum_j kappa_tj / sigma_j`.
    pub(super) fn quiet(&self, t: usize) -> f64 {
        let nodes = self.nodes();
        (0..nodes)
            .map(|j| self.kappa[t * nodes + j] / self.noise[j])
            .sum()
    }

    /// `e_ti`.
    pub(super) fn informs(&self, e: &[f64; 3], t: usize, i: usize) -> f64 {
        let unit = &self.unit[t * self.subcarriers + i];
        e[0] * unit[0] + 2.0 * e[1] * unit[1] + e[2] * unit[2]
    }

    /// `e_ti` of all targets.
    pub(super) fn worth(&self, dual: &Dual, i: usize) -> Vec<f64> {
        let of = |t: usize| self.informs(&dual.information[t], t, i);
        (0..self.targets).map(of).collect()
    }

    /// Noise and what a node hears of the other targets, per target. Sums of what is there: a difference
    /// from all that is heard would lose its digits where echoes are loud.
    pub(super) fn others(&self, j: usize, light: &[f64]) -> [f64; TARGETS] {
        let nodes = self.nodes();
        let heard = |t: usize| self.reflection[t * nodes + j] * light[t];
        let mut out = [self.noise[j]; TARGETS];
        let (mut before, mut after) = (0.0, 0.0);
        for t in 0..self.targets {
            out[t] += before;
            before += heard(t);
        }
        for t in (0..self.targets).rev() {
            out[t] += after;
            after += heard(t);
        }
        out
    }

    /// `sum_j kappa_tj g_t / D_tj` for the light `g` on a subcarrier; with `e` also the slopes of
    /// `sum_t e_t` times these by the light.
    pub(super) fn rates(&self, light: &[f64], worth: Option<&[f64]>) -> (Vec<f64>, Vec<f64>) {
        let nodes = self.nodes();
        let mut rates = vec![0.0; self.targets];
        let mut slopes = vec![0.0; if worth.is_some() { self.targets } else { 0 }];
        for j in 0..nodes {
            let at = |t: usize| t * nodes + j;
            let others = self.others(j, light);
            let mut harm = 0.0;
            let mut own = vec![0.0; slopes.len()];
            for t in 0..self.targets {
                let rate = self.kappa[at(t)] / others[t];
                rates[t] += rate * light[t];
                if let Some(e) = worth {
                    own[t] = e[t] * rate * light[t] / others[t];
                    harm += own[t];
                    slopes[t] += e[t] * rate;
                }
            }
            for (t, own) in own.iter().enumerate() {
                slopes[t] -= self.reflection[at(t)] * (harm - own);
            }
        }
        (rates, slopes)
    }

    /// `L_t` of the parameters: relative to the relaxation's as `L0 M` with `M` lower triangular.
    pub(super) fn factor(&self, x: &[f64], t: usize) -> [f64; 3] {
        let [a, b, c] = self.factors[t];
        let m = &x[3 * t..];
        [a * m[0], b * m[0] + c * m[1], c * m[2]]
    }

    /// `2 tr (w D^1/2 E D^1/2)^1/2` of a target, and its slopes by `L`.
    pub(super) fn gain(&self, t: usize, [l11, l21, l22]: [f64; 3]) -> (f64, [f64; 3]) {
        let [d1, d2] = self.diagonal.map(|d| d * self.weights[t]);
        let cross = 2.0 * (d1 * d2).sqrt();
        let square = d1 * l11 * l11 + d2 * (l21 * l21 + l22 * l22) + cross * (l11 * l22).abs();
        let root = square.sqrt();
        let sign = (l11 * l22).signum();
        let slopes = [
            2.0 * d1 * l11 + cross * sign * l22,
            2.0 * d2 * l21,
            2.0 * d2 * l22 + cross * sign * l11,
        ];
        (2.0 * root, slopes.map(|s| s / root))
    }

    /// `lambda_max(sum rho_t a_t a_t^H)`.
    pub(super) fn top(&self, light: &[f64]) -> Result<f64, Error> {
        let roots: Vec<f64> = light.iter().map(|x| x.sqrt()).collect();
        let weighted = Mat::from_fn(self.targets, self.targets, |i, j| {
            dot(&self.coordinates[i], &self.coordinates[j]) * (roots[i] * roots[j])
        });
        let values = factor::eigvalsh(weighted.as_ref())?;
        Ok(values.last().copied().unwrap_or(0.0))
    }
}

/// `a^H b`.
pub(super) fn dot(a: &[c64], b: &[c64]) -> c64 {
    ops::dot(ColRef::from_slice(a), ColRef::from_slice(b))
}

/// Lower factor of a positive semidefinite matrix given by 11, 12, 22.
pub(super) fn lower([e11, e12, e22]: &[f64; 3]) -> [f64; 3] {
    let l11 = e11.sqrt();
    let l21 = if l11 > 0.0 { e12 / l11 } else { 0.0 };
    [l11, l21, (e22 - l21 * l21).max(0.0).sqrt()]
}
