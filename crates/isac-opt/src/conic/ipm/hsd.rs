//! The loop of the homogeneous embedding.

use super::Standard;
use super::block::{Block, Products, Step, Values};
use super::newton::Newton;
use super::scale::{Prepared, Scaling, prepare};

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) tolerance: f64,
    pub(crate) ray_tolerance: f64,
    pub(crate) max_iterations: usize,
    /// Whether exact reductions are allowed.
    pub(crate) reduce: bool,
}

/// How the loop ended; the caller verifies before it believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Optimal,
    PrimalRay,
    DualRay,
    IterationLimit,
    Stalled,
    Numerical,
}

/// Unscaled result. With `Ended::PrimalRay` (`x`, `free` improve without limit) and
/// `Ended::DualRay` (`y` proves infeasibility) nothing is divided by `tau`.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) ended: Ended,
    pub(crate) iterations: usize,
    /// `x` and `s` per semidefinite block.
    pub(crate) matrices: Vec<(
        isac_linalg::Mat<isac_linalg::c64>,
        isac_linalg::Mat<isac_linalg::c64>,
    )>,
    /// `x` and `s` of the scalars.
    pub(crate) linear: (Vec<f64>, Vec<f64>),
    /// `x` and `s` per cone.
    pub(crate) cones: Vec<(Vec<f64>, Vec<f64>)>,
    pub(crate) free: Vec<f64>,
    pub(crate) y: Vec<f64>,
    /// Whether the homogeneous variable points to a ray rather than to a solution.
    pub(crate) ray_like: bool,
}

impl Run {
    /// Whether nothing was divided by the homogeneous variable.
    pub(super) fn is_ray(&self) -> bool {
        self.ray_like || matches!(self.ended, Ended::DualRay | Ended::PrimalRay)
    }
}

#[derive(Debug, Clone, Default)]
struct State {
    y: Vec<f64>,
    f: Vec<f64>,
    tau: f64,
    kappa: f64,
    theta: f64,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Residuals of the embedding and the measures in original units.
struct Residuals {
    rp: Vec<f64>,
    rf: Vec<f64>,
    rg: f64,
}

#[derive(Debug, Clone, Copy)]
struct Measures {
    primal: f64,
    dual: f64,
    gap: f64,
    /// Errors of the two kinds of rays; infinite where the value has the wrong sign.
    primal_ray: f64,
    dual_ray: f64,
}

impl Measures {
    fn worst(&self) -> f64 {
        let worst = self.primal.max(self.dual).max(self.gap);
        if worst.is_nan() { f64::INFINITY } else { worst }
    }
}

fn residuals(
    prepared: &Prepared,
    state: &State,
    products: &Products,
    out: &mut Residuals,
) -> Measures {
    let Prepared {
        b,
        free,
        h,
        scaling,
        ..
    } = prepared;
    let mut af = vec![0.0; b.len()];
    for (k, &value) in state.f.iter().enumerate() {
        for (target, a) in af.iter_mut().zip(free.col_as_slice(k)) {
            *target += a * value;
        }
    }
    let (mut residual, mut image, mut scaled) = (0.0, 0.0, 0.0_f64);
    for i in 0..b.len() {
        let ax = products.ax[i] + af[i];
        out.rp[i] = b[i] * state.tau - ax;
        let weight = scaling.beta / scaling.rows[i];
        residual += (weight * out.rp[i]).powi(2);
        scaled = scaled.max(out.rp[i].abs());
        image += (weight * ax).powi(2);
    }
    let (mut free_residual, mut free_image) = (0.0, 0.0);
    for k in 0..h.len() {
        let fy = dot(free.col_as_slice(k), &state.y);
        out.rf[k] = h[k] * state.tau - fy;
        let weight = scaling.gamma / scaling.free[k];
        free_residual += (weight * out.rf[k]).powi(2);
        free_image += (weight * fy).powi(2);
    }
    let primal = products.cx + dot(h, &state.f);
    let dual = dot(b, &state.y);
    out.rg = state.kappa + primal - dual;
    let unit = scaling.beta * scaling.gamma;
    let (p, d) = (primal * unit / state.tau, dual * unit / state.tau);
    let dual_residual = scaling.objective_norm(state.theta, -state.theta);
    let dual_image = scaling.objective_norm(state.tau - state.theta, state.theta);
    let ratio = |norm: f64, value: f64| {
        if value > 0.0 {
            norm / (value * unit)
        } else {
            f64::INFINITY
        }
    };
    Measures {
        // In units of the data, and row by row in scaled units: tiny rows count like large ones.
        primal: (residual.sqrt() / scaling.b_size).max(scaled) / state.tau,
        dual: (dual_residual.powi(2) + free_residual).sqrt() / state.tau / scaling.c_size,
        gap: (p - d).abs().max(products.xs * unit / state.tau.powi(2)) / (1.0 + p.abs() + d.abs()),
        primal_ray: ratio(image.sqrt(), -primal),
        dual_ray: ratio((dual_image.powi(2) + free_image).sqrt(), dual),
    }
}

/// Solves a standard form.
pub(crate) fn solve(standard: &Standard, limits: &Limits) -> Run {
    let mut prepared = prepare(standard);
    let rows = prepared.b.len();
    let mut blocks = std::mem::take(&mut prepared.blocks);
    let free_count = prepared.h.len();
    let degree: f64 = blocks.iter().map(|block| block.degree()).sum::<f64>() + 1.0;
    let mut newton = Newton::new(rows, prepared.free.clone());
    let mut products = Products::new(rows);
    let mut residual = Residuals {
        rp: vec![0.0; rows],
        rf: vec![0.0; free_count],
        rg: 0.0,
    };
    let mut state = State {
        y: vec![0.0; rows],
        f: vec![0.0; free_count],
        tau: 1.0,
        kappa: 1.0,
        theta: 1.0,
    };
    let mut previous = state.clone();
    let mut best = (f64::INFINITY, state.clone(), 0_usize);
    let (mut v1, mut f1) = (vec![0.0; rows], vec![0.0; free_count]);
    let (mut v2, mut f2) = (vec![0.0; rows], vec![0.0; free_count]);
    let (mut dy, mut df) = (vec![0.0; rows], vec![0.0; free_count]);
    let (mut r, mut g) = (vec![0.0; rows], vec![0.0; free_count]);
    let mut correction = vec![0.0; rows];
    let mut image = vec![0.0; rows];
    let mut applied = 0.0;
    let (mut dtau, mut dkappa, mut eta) = (0.0, 0.0, 0.0);
    let mut ended = Ended::IterationLimit;
    let mut iteration = 0;
    let mut short = 0;

    'outer: while iteration < limits.max_iterations {
        // A step that left the cone by rounding is halved.
        let mut halvings = 0;
        loop {
            for block in &mut blocks {
                block.set_dual(&state.y, state.tau, state.theta);
            }
            if blocks.iter_mut().all(|block| block.factor()) {
                break;
            }
            halvings += 1;
            if iteration == 0 || halvings > 12 {
                ended = Ended::Numerical;
                break 'outer;
            }
            let shorter = 0.6 * applied;
            for block in &mut blocks {
                block.advance(shorter - applied);
            }
            applied = shorter;
            move_state(&mut state, &previous, applied, &dy, &df, dtau, dkappa, eta);
        }
        products.clear();
        for block in &mut blocks {
            block.products(&mut products);
        }
        let measures = residuals(&prepared, &state, &products, &mut residual);
        let mu = (products.xs + state.tau * state.kappa) / degree;
        tracing::debug!(
            iteration,
            mu,
            tau = state.tau,
            kappa = state.kappa,
            primal = measures.primal,
            dual = measures.dual,
            gap = measures.gap,
            primal_ray = measures.primal_ray,
            dual_ray = measures.dual_ray,
            step = applied,
            halvings,
            "conic"
        );
        if !(mu.is_finite() && mu > 0.0) {
            ended = Ended::Numerical;
            break;
        }
        if measures.worst() < best.0 {
            best = (measures.worst(), state.clone(), iteration);
            blocks.iter_mut().for_each(|block| block.save());
        }
        if measures.worst() <= limits.tolerance {
            ended = Ended::Optimal;
            break;
        }
        if state.kappa > 1e3 * state.tau {
            if measures.dual_ray <= 0.03 * limits.ray_tolerance {
                ended = Ended::DualRay;
                break;
            }
            if measures.primal_ray <= 0.03 * limits.ray_tolerance {
                ended = Ended::PrimalRay;
                break;
            }
        }
        if short >= 5 || (iteration > best.2 + 25 && state.kappa < state.tau) {
            ended = Ended::Stalled;
            break;
        }

        newton.m.fill(0.0);
        for block in &mut blocks {
            block.schur(&mut newton.m);
        }
        if !newton.factor() {
            ended = Ended::Numerical;
            break;
        }
        for i in 0..rows {
            r[i] = prepared.b[i] + products.apc[i];
        }
        newton.solve(&r, &prepared.h, &mut v1, &mut f1);
        let slope = {
            let mut sum = products.cpc - dot(&prepared.h, &f1);
            for i in 0..rows {
                sum += (prepared.b[i] - products.apc[i]) * v1[i];
            }
            sum.max(0.0) + state.kappa / state.tau
        };

        let mut sigma = 0.0;
        let mut fraction = 0.9;
        let mut alpha = 0.0;
        for phase in 0..2 {
            let corrected = phase == 1;
            let mut c_correction = 0.0;
            let mut kappa_target = -state.tau * state.kappa;
            if corrected {
                correction.fill(0.0);
                for block in &mut blocks {
                    c_correction += block.correction(&mut correction);
                }
                kappa_target += sigma * mu - dtau * dkappa;
            }
            eta = 1.0 - sigma;
            let (barrier, shift) = (sigma * mu, eta * state.theta);
            for i in 0..rows {
                let mut au = barrier * products.a_inverse[i]
                    - products.ax[i]
                    - shift * (products.apc[i] - products.ape[i]);
                if corrected {
                    au -= correction[i];
                }
                r[i] = eta * residual.rp[i] - au;
            }
            for k in 0..free_count {
                g[k] = eta * residual.rf[k];
            }
            let cu = barrier * products.c_inverse
                - products.cx
                - c_correction
                - shift * (products.cpc - products.cpe);
            newton.solve(&r, &g, &mut v2, &mut f2);
            let mut along =
                eta * residual.rg + kappa_target / state.tau + cu + dot(&prepared.h, &f2);
            for i in 0..rows {
                along -= (prepared.b[i] - products.apc[i]) * v2[i];
            }
            dtau = along / slope;
            dkappa = (kappa_target - state.kappa * dtau) / state.tau;
            for i in 0..rows {
                dy[i] = v1[i] * dtau + v2[i];
            }
            for k in 0..free_count {
                df[k] = f1[k] * dtau + f2[k];
            }
            let step = Step {
                dtau,
                shift,
                barrier,
                corrected,
            };
            for block in &mut blocks {
                block.direction(&dy, step);
            }
            if corrected {
                refine(
                    &mut blocks,
                    &mut newton,
                    &prepared,
                    &residual,
                    (dtau, eta),
                    (&mut dy, &mut df),
                    (&mut image, &mut r, &mut g),
                    (&mut v2, &mut f2),
                );
            }
            let mut longest = f64::INFINITY;
            for block in &mut blocks {
                longest = longest.min(block.max_step(!corrected));
            }
            if dtau < 0.0 {
                longest = longest.min(-state.tau / dtau);
            }
            if dkappa < 0.0 {
                longest = longest.min(-state.kappa / dkappa);
            }
            if !(dtau.is_finite() && longest.is_finite()) {
                ended = Ended::Numerical;
                break 'outer;
            }
            if corrected {
                alpha = (fraction * longest).min(1.0);
            } else {
                let affine = longest.min(1.0);
                sigma = (1.0 - affine).powi(3).max(1e-6);
                fraction = 0.9 + 0.09 * affine;
            }
        }
        short = if alpha < 1e-3 { short + 1 } else { 0 };
        previous.clone_from(&state);
        for block in &mut blocks {
            block.advance(alpha);
        }
        applied = alpha;
        move_state(&mut state, &previous, alpha, &dy, &df, dtau, dkappa, eta);
        iteration += 1;
    }

    let ray_like = state.kappa > state.tau;
    if !matches!(ended, Ended::Optimal | Ended::DualRay | Ended::PrimalRay)
        && best.0.is_finite()
        && !(ray_like && best.0 > 1e-4)
    {
        state = best.1;
        for block in &mut blocks {
            block.restore();
            block.set_dual(&state.y, state.tau, state.theta);
        }
    }
    unscale(
        standard,
        &prepared.scaling,
        &blocks,
        &state,
        ended,
        iteration,
        ray_like,
    )
}

/// `state = previous + alpha (direction)`.
#[expect(clippy::too_many_arguments, reason = "the parts of one direction")]
fn move_state(
    state: &mut State,
    previous: &State,
    alpha: f64,
    dy: &[f64],
    df: &[f64],
    dtau: f64,
    dkappa: f64,
    eta: f64,
) {
    for (k, y) in state.y.iter_mut().enumerate() {
        *y = previous.y[k] + alpha * dy[k];
    }
    for (k, f) in state.f.iter_mut().enumerate() {
        *f = previous.f[k] + alpha * df[k];
    }
    state.tau = previous.tau + alpha * dtau;
    state.kappa = previous.kappa + alpha * dkappa;
    state.theta = previous.theta * (1.0 - alpha * eta);
}

/// Corrections of the primal equations, which rounding in the products with `P` disturbs most.
fn refine(
    blocks: &mut [Box<dyn Block>],
    newton: &mut Newton,
    prepared: &Prepared,
    residual: &Residuals,
    (dtau, eta): (f64, f64),
    (dy, df): (&mut [f64], &mut [f64]),
    (image, r, g): (&mut [f64], &mut [f64], &mut [f64]),
    (v2, f2): (&mut [f64], &mut [f64]),
) {
    let size: f64 = residual.rp.iter().map(|v| v * v).sum();
    let mut last = f64::INFINITY;
    for _ in 0..3 {
        image.fill(0.0);
        for block in blocks.iter_mut() {
            block.direction_product(image);
        }
        let mut error = 0.0;
        for i in 0..r.len() {
            let wanted = prepared.b[i] * dtau + eta * residual.rp[i];
            let free: f64 = (0..df.len()).map(|k| prepared.free[(i, k)] * df[k]).sum();
            r[i] = wanted - image[i] - free;
            error += r[i] * r[i];
        }
        if error <= 1e-4 * size || error > 0.25 * last {
            return;
        }
        last = error;
        g.fill(0.0);
        newton.solve(r, g, v2, f2);
        dy.iter_mut().zip(&*v2).for_each(|(y, d)| *y += d);
        df.iter_mut().zip(&*f2).for_each(|(f, d)| *f += d);
        for block in blocks.iter_mut() {
            block.adjust(v2);
        }
    }
}

fn unscale(
    standard: &Standard,
    scaling: &Scaling,
    blocks: &[Box<dyn Block>],
    state: &State,
    ended: Ended,
    iterations: usize,
    ray_like: bool,
) -> Run {
    let divisor = if ray_like || matches!(ended, Ended::DualRay | Ended::PrimalRay) {
        1.0
    } else {
        state.tau
    };
    let (beta, gamma) = (scaling.beta / divisor, scaling.gamma / divisor);
    let mut run = Run {
        ended,
        iterations,
        matrices: Vec::new(),
        linear: (Vec::new(), Vec::new()),
        cones: Vec::new(),
        free: state
            .f
            .iter()
            .zip(&scaling.free)
            .map(|(f, e)| f * e * beta)
            .collect(),
        y: state
            .y
            .iter()
            .zip(&scaling.rows)
            .map(|(y, d)| y * d * gamma)
            .collect(),
        ray_like,
    };
    let mut cone = 0;
    for (at, block) in blocks.iter().enumerate() {
        match block.values() {
            Values::Matrix(mut x, mut s) => {
                let own = scaling.matrix(at);
                isac_linalg::ops::scale(x.as_mut(), beta * own);
                isac_linalg::ops::scale(s.as_mut(), gamma / own);
                run.matrices.push((x, s));
            }
            Values::List(mut x, mut s) => {
                let scalars = at == standard.matrices.len() && !standard.linear.is_empty();
                for k in 0..x.len() {
                    let own = if scalars {
                        scaling.linear(standard, k)
                    } else {
                        scaling.cone(standard, cone)
                    };
                    x[k] *= beta * own;
                    s[k] *= gamma / own;
                }
                if scalars {
                    run.linear = (x, s);
                } else {
                    run.cones.push((x, s));
                    cone += 1;
                }
            }
        }
    }
    run
}
