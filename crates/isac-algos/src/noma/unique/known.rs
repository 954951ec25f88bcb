//! A point, multipliers and what they leave open.

use crate::Error;
use crate::noma::certificate;
use crate::noma::evaluate::{evaluate, rank_ratio};
use crate::noma::feasible::feasible;
use crate::noma::problem::{Scene, Span};
use crate::noma::robust::{self, Design, ErrorBall};
use isac_linalg::{Mat, MatRef, c64, factor, hermitian, ops};

/// Eigenvalues of a slack matrix below this part of `rho_c` belong to its kernel.
pub const KERNEL: f64 = 1e-4;
/// Largest violation and excess of power of a second optimum.
const ACCEPT: f64 = 1e-6;
/// How far a second optimum has to be from the first, relative to its trace.
const APART: f64 = 1e-2;

/// A point, multipliers and what follows from them, in span coordinates.
pub(super) struct Known<'a> {
    pub(super) scene: &'a Scene,
    pub(super) span: Span,
    pub(super) ball: ErrorBall,
    pub(super) design: &'a Design,
    /// What the multipliers are scaled by.
    pub(super) scale: f64,
    /// Power of a feasible point less the bound.
    pub(super) slack: f64,
    /// Bound on the trace of all covariances together.
    pub(super) trace: f64,
    /// `W_k` of the feasible point.
    pub(super) blocks: Vec<Mat<c64>>,
    /// Kernels of `Z_k`, orthonormal columns.
    pub(super) kernels: Vec<Mat<c64>>,
    /// Bound on what a point of at most the power has off the kernel, Frobenius norm.
    pub(super) off: Vec<f64>,
    /// The inverse of `Z_k` off its kernel.
    pub(super) inverses: Vec<Mat<c64>>,
}

impl<'a> Known<'a> {
    /// `None` where no feasible point is near or the multipliers prove nothing.
    pub(super) fn new(
        scene: &'a Scene,
        design: &'a Design,
        ball: ErrorBall,
    ) -> Result<Option<Self>, Error> {
        let span = Span::new(scene);
        let targets = &design.targets;
        let (bound, sensing) = match &design.nominal {
            Some(y) => (certificate::lower_bound_in(scene, &span, targets, y)?, y),
            None => (
                robust::lower_bound(
                    scene,
                    &span,
                    targets,
                    ball,
                    &design.multipliers,
                    &design.sensing,
                )?,
                &design.sensing,
            ),
        };
        let Some((factors, power)) = feasible(scene, design, ball)? else {
            return Ok(None);
        };
        if !(bound.power > 0.0 && bound.scale.is_finite()) {
            return Ok(None);
        }
        let weights = scene.mode().weights;
        let blocks: Vec<Mat<c64>> = factors
            .iter()
            .map(|f| {
                let seen = span.compress(f.as_ref());
                ops::mul_adjoint(seen.as_ref(), seen.as_ref())
            })
            .collect();
        // Every target holds its floor.
        let held = weights.sensing * scene.sensing().floor * scene.targets() as f64;
        let trace = (power - held) / weights.transmit;
        // What rounding adds to the eigenvalues of the slack matrices below.
        let slack = (power - bound.power).max(0.0) + 1e-13 * power;
        let mut known = Self {
            scene,
            span,
            ball,
            design,
            scale: bound.scale,
            slack,
            trace,
            blocks,
            kernels: Vec::new(),
            off: Vec::new(),
            inverses: Vec::new(),
        };
        for k in 0..scene.users() {
            let z = known.slack_matrix(k, sensing);
            let eig = factor::eigh(z.as_ref())?;
            let small = |v: &f64| *v < KERNEL * weights.transmit;
            let d = eig.values.iter().take_while(|v| small(v)).count();
            let kernel = eig.vectors.subcols(0, d).to_owned();
            let lost = eig.values.get(d).map_or(0.0, |theta| slack / theta);
            let mut inverse = Mat::zeros(z.nrows(), z.ncols());
            for (i, theta) in eig.values.iter().enumerate().skip(d) {
                add_square(&mut inverse, 1.0 / theta, eig.vectors.subcols(i, 1));
            }
            known.inverses.push(inverse);
            known.kernels.push(kernel);
            known.off.push((2.0 * trace * lost + lost * lost).sqrt());
        }
        Ok(Some(known))
    }

    /// `rho_c I + rho_s sum a a^H`.
    pub(super) fn constant(&self) -> Mat<c64> {
        let weights = self.scene.mode().weights;
        let r = self.span.dimension();
        let mut z = Mat::from_fn(r, r, |i, j| {
            c64::new(if i == j { weights.transmit } else { 0.0 }, 0.0)
        });
        for m in 0..self.scene.targets() {
            add_square(&mut z, weights.sensing, self.span.steering.subcols(m, 1));
        }
        z
    }

    /// `Z_k` of the scaled multipliers.
    pub(super) fn slack_matrix(&self, k: usize, y: &certificate::Multipliers) -> Mat<c64> {
        let (scene, span, s) = (self.scene, &self.span, self.scale);
        let sic = scene.mode().sic;
        let targets = &self.design.targets;
        let mut z = self.constant();
        let a = |m: usize| span.steering.subcols(m, 1);
        for m in 0..scene.targets() {
            add_square(&mut z, -s * y.floor[m], a(m));
        }
        for (i, &(p, m)) in scene.target_pairs().iter().enumerate() {
            add_square(&mut z, s * y.difference[i], a(p));
            add_square(&mut z, -s * y.difference[i], a(m));
            let outer = ops::mul_adjoint(a(p), a(m));
            for c in 0..z.ncols() {
                for l in 0..z.nrows() {
                    let half = y.cross[i] * (0.5 * s);
                    z[(l, c)] += half * outer[(l, c)] + half.conj() * outer[(c, l)].conj();
                }
            }
        }
        for (at, pair) in scene.pairs().iter().enumerate() {
            let h = span.channels.subcols(pair.decoder, 1);
            let lambda = s * y.sinr[at] * scene.noise();
            if pair.message == k {
                add_square(&mut z, -lambda, h);
            } else if sic.disturbs(pair.message, k) {
                add_square(&mut z, lambda * targets[pair.message], h);
            }
            let Some(u) = self.design.multipliers.get(at) else {
                continue;
            };
            let (weight, t) = self.acts(at, k);
            let image = ops::mul(t.as_ref(), u.as_ref());
            let whole = ops::mul_adjoint(image.as_ref(), t.as_ref());
            ops::axpy(z.as_mut(), -s * weight, whole.as_ref());
        }
        if scene.mode().ordering {
            for l in 0..scene.users() {
                let h = span.channels.subcols(l, 1);
                let mu = |i: usize| s * scene.noise() * y.ordering[l * (scene.users() - 1) + i];
                if k + 1 < scene.users() {
                    add_square(&mut z, -mu(k), h);
                }
                if k > 0 {
                    add_square(&mut z, mu(k - 1), h);
                }
            }
        }
        hermitian::hermitian_part(z.as_ref())
    }

    /// How message `k` enters the matrix inequality of a pair: `weight T^H W_k T`.
    pub(super) fn acts(&self, at: usize, k: usize) -> (f64, Mat<c64>) {
        let (scene, pair) = (self.scene, self.scene.pairs()[at]);
        let sic = scene.mode().sic;
        let t = robust::congruence(scene, &self.span, self.ball, pair.decoder);
        if pair.message == k {
            return (1.0 / self.design.targets[k], t);
        }
        if sic.disturbs(pair.message, k) {
            return (-1.0, t);
        }
        let weight = f64::from(self.ball.residual && sic.removes(pair.message, k));
        let r = self.span.dimension();
        let leak = Mat::from_fn(r, r + 1, |i, j| if j == r { c64::ZERO } else { t[(i, j)] });
        (-weight, leak)
    }

    /// Columns of the unknowns: message and Hermitian basis matrix of its kernel, or a pair's `tau`.
    pub(super) fn unknowns(&self) -> Vec<Unknown> {
        let mut list = Vec::new();
        for (k, kernel) in self.kernels.iter().enumerate() {
            let d = kernel.ncols();
            for j in 0..d {
                for i in 0..d {
                    let mut x = Mat::<c64>::zeros(d, d);
                    let half = 0.5f64.sqrt();
                    if i == j {
                        x[(i, i)] = c64::ONE;
                    } else if i < j {
                        x[(i, j)] = c64::new(half, 0.0);
                        x[(j, i)] = c64::new(half, 0.0);
                    } else {
                        x[(i, j)] = c64::new(0.0, half);
                        x[(j, i)] = c64::new(0.0, -half);
                    }
                    let left = ops::mul(kernel.as_ref(), x.as_ref());
                    let w = ops::mul_adjoint(left.as_ref(), kernel.as_ref());
                    list.push(Unknown::Covariance(k, x, w));
                }
            }
        }
        list.extend((0..self.design.multipliers.len()).map(Unknown::Tau));
        list
    }

    /// The end of the optimal set along a direction, if it is one: the largest ratio of eigenvalues of
    /// its covariances.
    pub(super) fn second_optimum(
        &self,
        direction: &[f64],
        sign: f64,
    ) -> Result<Option<f64>, Error> {
        let design = self.design;
        let mut moves: Vec<Mat<c64>> = (self.kernels.iter())
            .map(|kernel| Mat::zeros(kernel.ncols(), kernel.ncols()))
            .collect();
        for (unknown, x) in self.unknowns().iter().zip(direction) {
            if let Unknown::Covariance(k, basis, _) = unknown {
                ops::axpy(moves[*k].as_mut(), sign * x * self.trace, basis.as_ref());
            }
        }
        let inner: Vec<Mat<c64>> = (self.blocks.iter().zip(&self.kernels))
            .map(|(w, v)| {
                let right = ops::mul(w.as_ref(), v.as_ref());
                ops::adjoint_mul(v.as_ref(), right.as_ref())
            })
            .collect();
        let at = |step: f64| -> Vec<Mat<c64>> {
            let pairs = inner.iter().zip(&moves);
            pairs
                .map(|(x, d)| {
                    let mut out = x.clone();
                    ops::axpy(out.as_mut(), step, d.as_ref());
                    hermitian::hermitian_part(out.as_ref())
                })
                .collect()
        };
        let (mut low, mut high) = (0.0, 4.0);
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            let mut least = f64::INFINITY;
            for x in at(middle) {
                least = least.min(
                    factor::eigvalsh(x.as_ref())?
                        .first()
                        .copied()
                        .unwrap_or(0.0),
                );
            }
            *(if least >= 0.0 { &mut low } else { &mut high }) = middle;
        }
        let blocks = at(low);
        let apart: f64 = moves.iter().map(|d| ops::norm2(d.as_ref())).sum();
        if low * apart.sqrt() < APART * self.trace {
            return Ok(None);
        }
        let mut factors = Vec::new();
        let mut ratio = 0.0_f64;
        for (x, v) in blocks.iter().zip(&self.kernels) {
            let half = hermitian::sqrt_factor(x.as_ref())?;
            let seen = ops::mul(v.as_ref(), half.as_ref());
            factors.push(self.span.lift(seen.as_ref()));
            ratio = ratio.max(rank_ratio(x)?);
        }
        let evaluation = evaluate(self.scene, &factors)?;
        let worst = robust::worst_cases(self.scene, &factors, self.ball)?;
        let violation = robust::violation(&evaluation, &worst, &design.targets);
        let optimal = violation <= ACCEPT && evaluation.power <= design.power() * (1.0 + ACCEPT);
        Ok(optimal.then_some(ratio))
    }
}

pub(super) enum Unknown {
    /// Message, its matrix on the kernel, the same in span coordinates.
    Covariance(usize, Mat<c64>, Mat<c64>),
    Tau(usize),
}

pub(super) fn add_square(z: &mut Mat<c64>, weight: f64, x: MatRef<'_, c64>) {
    let outer = ops::mul_adjoint(x, x);
    ops::axpy(z.as_mut(), weight, outer.as_ref());
}
