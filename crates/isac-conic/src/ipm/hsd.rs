//! The loop of the homogeneous embedding.

use std::collections::VecDeque;

use isac_linalg::kernel::Real;

use super::Standard;
use super::block::{Block, Products, Step, Values};
use super::cones::dot;
use super::newton::Newton;
use super::scale::{Prepared, Scaling, prepare};

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) tolerance: f64,
    pub(crate) ray_tolerance: f64,
    pub(crate) max_iterations: usize,
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

/// A scaled point inside the cones from which another run may start.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    state: State<f64>,
    blocks: Vec<Values>,
}

/// Places of [`Block::save`]: the best point so far, and the last one that rounding had not moved
/// from the path.
const BEST: usize = 0;
const CLEAN: usize = 1;

#[derive(Debug, Clone)]
struct State<R> {
    y: Vec<R>,
    f: Vec<R>,
    tau: R,
    kappa: R,
    theta: R,
}

impl<R: Real> State<R> {
    fn converted<S: Real>(&self) -> State<S> {
        let list = |v: &[R]| v.iter().map(|x| x.to_f64().into()).collect();
        State {
            y: list(&self.y),
            f: list(&self.f),
            tau: self.tau.to_f64().into(),
            kappa: self.kappa.to_f64().into(),
            theta: self.theta.to_f64().into(),
        }
    }

    fn assign(&mut self, other: &Self) {
        self.y.copy_from_slice(&other.y);
        self.f.copy_from_slice(&other.f);
        (self.tau, self.kappa, self.theta) = (other.tau, other.kappa, other.theta);
    }
}

/// Residuals of the embedding.
struct Residuals<R> {
    rp: Vec<R>,
    rf: Vec<R>,
    rg: R,
    /// `F f`.
    image: Vec<R>,
}

#[derive(Debug, Clone, Copy)]
struct Measures {
    primal: f64,
    dual: f64,
    gap: f64,
    /// `|p| + |d|` plus the unit of the objective, one at most.
    size: f64,
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

fn residuals<R: Real>(
    prepared: &Prepared<R>,
    state: &State<R>,
    products: &Products<R>,
    out: &mut Residuals<R>,
) -> Measures {
    let Prepared {
        b,
        free,
        h,
        scaling,
        ..
    } = prepared;
    out.image.fill(R::ZERO);
    for (k, &value) in state.f.iter().enumerate() {
        for (target, a) in out.image.iter_mut().zip(free.col_as_slice(k)) {
            *target += *a * value;
        }
    }
    let (mut residual, mut image, mut scaled) = (0.0, 0.0, 0.0_f64);
    for i in 0..b.len() {
        let ax = products.ax[i] + out.image[i];
        out.rp[i] = b[i] * state.tau - ax;
        let weight = scaling.beta / scaling.rows[i];
        let size = out.rp[i].to_f64();
        residual += (weight * size).powi(2);
        scaled = scaled.max(size.abs());
        image += (weight * ax.to_f64()).powi(2);
    }
    let (mut free_residual, mut free_image) = (0.0, 0.0);
    for k in 0..h.len() {
        let fy = dot(free.col_as_slice(k), &state.y);
        out.rf[k] = h[k] * state.tau - fy;
        let weight = scaling.gamma / scaling.free[k];
        free_residual += (weight * out.rf[k].to_f64()).powi(2);
        free_image += (weight * fy.to_f64()).powi(2);
    }
    let primal = products.cx + dot(h, &state.f);
    let dual = dot(b, &state.y);
    out.rg = state.kappa + primal - dual;
    let unit = scaling.beta * scaling.gamma;
    let (tau, theta) = (state.tau.to_f64(), state.theta.to_f64());
    let difference = unit * ((primal - dual) / state.tau).to_f64();
    let (primal, dual) = (primal.to_f64(), dual.to_f64());
    let (p, d) = (primal * unit / tau, dual * unit / tau);
    let dual_residual = scaling.objective_norm(theta, -theta);
    let dual_image = scaling.objective_norm(tau - theta, theta);
    let ratio = |norm: f64, value: f64| {
        if value > 0.0 {
            norm / (value * unit)
        } else {
            f64::INFINITY
        }
    };
    let size = unit.min(1.0) + p.abs() + d.abs();
    let product = products.xs.to_f64() * unit / tau.powi(2);
    Measures {
        // In units of the data, and row by row in scaled units: tiny rows count like large ones.
        primal: (residual.sqrt() / scaling.b_size).max(scaled) / tau,
        dual: (dual_residual.powi(2) + free_residual).sqrt() / tau / scaling.c_size,
        gap: difference.abs().max(product) / size,
        size,
        primal_ray: ratio(image.sqrt(), -primal),
        dual_ray: ratio((dual_image.powi(2) + free_image).sqrt(), dual),
    }
}

/// What a run leaves behind besides its result.
#[derive(Debug)]
pub(super) struct Traces {
    /// A point for a run in higher precision.
    pub(super) clean: Snapshot,
    /// The last points of a run in higher precision that rounding to `f64` may leave better than the
    /// result.
    pub(super) others: VecDeque<Run>,
}

/// Points in [`Traces`] at most.
const OTHERS: usize = 12;

/// Solves a standard form, from a point of another run if one is given.
pub(super) fn solve<R: Real>(
    standard: &Standard,
    limits: &Limits,
    start: Option<&Snapshot>,
) -> (Run, Traces) {
    let mut prepared = prepare::<R>(standard);
    let one = R::from(1.0);
    let rows = prepared.b.len();
    let mut blocks = std::mem::take(&mut prepared.blocks);
    let free_count = prepared.h.len();
    let degree: f64 = blocks.iter().map(|block| block.degree()).sum::<f64>() + 1.0;
    let mut newton = Newton::new(rows, prepared.free.clone());
    let mut products = Products::new(rows);
    let mut residual = Residuals {
        rp: vec![R::ZERO; rows],
        rf: vec![R::ZERO; free_count],
        rg: R::ZERO,
        image: vec![R::ZERO; rows],
    };
    let mut state = State {
        y: vec![R::ZERO; rows],
        f: vec![R::ZERO; free_count],
        tau: one,
        kappa: one,
        theta: one,
    };
    if let Some(start) = start {
        state = start.state.converted();
        for (block, values) in blocks.iter_mut().zip(&start.blocks) {
            block.load(values);
        }
    }
    let extended = R::UNIT < f64::EPSILON.powi(2);
    let mut others = VecDeque::new();
    let mut previous = state.clone();
    let mut clean = state.clone();
    let mut first_residual = 0.0;
    let mut best = (f64::INFINITY, state.clone());
    // The last iteration that made `best` smaller by a third, and what it was then.
    let mut progress = (0_usize, f64::INFINITY);
    let (mut v1, mut f1) = (vec![R::ZERO; rows], vec![R::ZERO; free_count]);
    let (mut v2, mut f2) = (vec![R::ZERO; rows], vec![R::ZERO; free_count]);
    let (mut dy, mut df) = (vec![R::ZERO; rows], vec![R::ZERO; free_count]);
    let (mut r, mut g) = (vec![R::ZERO; rows], vec![R::ZERO; free_count]);
    let mut correction = vec![R::ZERO; rows];
    // A P (s + theta d) / tau.
    let mut center = vec![R::ZERO; rows];
    let mut image = vec![R::ZERO; rows];
    let mut applied = 0.0;
    let (mut dtau, mut dkappa, mut eta) = (R::ZERO, R::ZERO, R::ZERO);
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
                block.advance(R::from(shorter) - R::from(applied));
            }
            applied = shorter;
            move_state(&mut state, &previous, applied, &dy, &df, dtau, dkappa, eta);
        }
        products.clear();
        for block in &mut blocks {
            block.products(&mut products);
        }
        let mut measures = residuals(&prepared, &state, &products, &mut residual);
        if extended {
            // The answer is handed over in `f64`.
            let x = blocks.iter().fold(0.0, |t: f64, b| t.max(b.largest()));
            let y = state
                .y
                .iter()
                .fold(0.0, |t: f64, y| t.max(y.to_f64().abs()));
            let tau = state.tau.to_f64();
            let [primal, dual, products] = prepared.scaling.rounding(x / tau, y / tau);
            measures.primal += primal;
            measures.dual += dual;
            measures.gap += products / measures.size;
        }
        let mu = (products.xs + state.tau * state.kappa).to_f64() / degree;
        let (tau, kappa) = (state.tau.to_f64(), state.kappa.to_f64());
        tracing::debug!(
            iteration,
            mu,
            tau,
            kappa,
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
            best.0 = measures.worst();
            best.1.assign(&state);
            if best.0 < 0.7 * progress.1 {
                progress = (iteration, best.0);
            }
            blocks.iter_mut().for_each(|block| block.save(BEST));
        }
        if extended && measures.worst() < 1e-6 {
            if others.len() == OTHERS {
                others.pop_front();
            }
            others.push_back(unscale(
                standard,
                &prepared.scaling,
                &blocks,
                &state,
                Ended::Stalled,
                iteration,
                false,
            ));
        }
        // Without rounding the primal residual shrinks exactly as the dual one does.
        let size = dot(&residual.rp, &residual.rp).to_f64().sqrt();
        if iteration == 0 {
            first_residual = size / state.theta.to_f64();
        }
        let expected = first_residual * state.theta.to_f64();
        if (size - expected).abs() <= 0.1 * expected + 1e-12 && (applied > 0.3 || iteration == 0) {
            clean.assign(&state);
            blocks.iter_mut().for_each(|block| block.save(CLEAN));
        }
        if measures.worst() <= limits.tolerance {
            ended = Ended::Optimal;
            break;
        }
        if kappa > 1e3 * tau {
            if measures.dual_ray <= 0.03 * limits.ray_tolerance {
                ended = Ended::DualRay;
                break;
            }
            if measures.primal_ray <= 0.03 * limits.ray_tolerance {
                ended = Ended::PrimalRay;
                break;
            }
        }
        let patience = if best.0 < 1e-5 { 8 } else { 25 };
        if short >= 3 || (iteration > progress.0 + patience && kappa < tau) {
            ended = Ended::Stalled;
            break;
        }

        newton.m.fill(R::ZERO);
        for block in &mut blocks {
            block.schur(&mut newton.m);
        }
        if !newton.factor() {
            ended = Ended::Numerical;
            break;
        }
        // Everything along c - A^T y / tau = (s + theta d) / tau, which P keeps small, and not along c,
        // whose large image would cancel: dy = y dtau / tau + what is solved for here.
        let (tau, theta) = (state.tau, state.theta);
        for i in 0..rows {
            center[i] = (products.ax[i] + theta * products.apd[i]) / tau;
            r[i] = prepared.b[i] + center[i];
        }
        for k in 0..free_count {
            g[k] = residual.rf[k] / tau;
        }
        newton.solve(&r, &g, &mut v1, &mut f1);
        let slope = {
            let square = products.xs + theta * (products.dx + products.dx + theta * products.dpd);
            let mut sum = square / (tau * tau);
            for i in 0..rows {
                sum += (prepared.b[i] - center[i]) * v1[i];
            }
            for k in 0..free_count {
                sum -= residual.rf[k] / tau * f1[k];
            }
            sum.or_more(R::ZERO) + state.kappa / tau
        };
        // What is left of the gap equation.
        let gap = {
            let mut sum = state.kappa + (products.xs + theta * products.dx) / tau;
            for k in 0..free_count {
                sum += residual.rf[k] / tau * state.f[k];
            }
            sum
        };

        let mut sigma = 0.0;
        let mut fraction = 0.9;
        let mut alpha = 0.0;
        for phase in 0..2 {
            let corrected = phase == 1;
            let (mut s_correction, mut d_correction) = (R::ZERO, R::ZERO);
            let mut kappa_target = -tau * state.kappa;
            if corrected {
                correction.fill(R::ZERO);
                for block in &mut blocks {
                    let (own, other) = block.correction(&mut correction);
                    s_correction += own;
                    d_correction += other;
                }
                kappa_target += R::from(sigma * mu) - dtau * dkappa;
            }
            eta = one - R::from(sigma);
            let (barrier, shift) = (R::from(sigma * mu), eta * theta);
            for i in 0..rows {
                let mut au =
                    barrier * products.a_inverse[i] - products.ax[i] - shift * products.apd[i];
                if corrected {
                    au -= correction[i];
                }
                r[i] = eta * residual.rp[i] - au;
            }
            for k in 0..free_count {
                g[k] = eta * residual.rf[k];
            }
            // <s + theta d, u>, u the direction without dy and dtau.
            let su =
                barrier * R::from(degree - 1.0) - products.xs - shift * products.dx - s_correction
                    + theta
                        * (barrier * products.d_inverse
                            - products.dx
                            - shift * products.dpd
                            - d_correction);
            newton.solve(&r, &g, &mut v2, &mut f2);
            let mut along = eta * gap + (kappa_target + su) / tau;
            for k in 0..free_count {
                along += residual.rf[k] / tau * f2[k];
            }
            for i in 0..rows {
                along -= (prepared.b[i] - center[i]) * v2[i];
            }
            dtau = along / slope;
            dkappa = (kappa_target - state.kappa * dtau) / tau;
            let radial = dtau / tau;
            for i in 0..rows {
                dy[i] = v1[i] * dtau + v2[i];
            }
            for k in 0..free_count {
                df[k] = f1[k] * dtau + f2[k];
            }
            let step = Step {
                radial,
                shift: shift + theta * radial,
                barrier,
                corrected,
            };
            for block in &mut blocks {
                block.direction(&dy, step);
            }
            for i in 0..rows {
                dy[i] += radial * state.y[i];
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
            for (value, change) in [(state.tau, dtau), (state.kappa, dkappa)] {
                if change < R::ZERO {
                    longest = longest.min((-value / change).to_f64());
                }
            }
            if !(dtau.to_f64().is_finite() && longest.is_finite()) {
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
        previous.assign(&state);
        for block in &mut blocks {
            block.advance(R::from(alpha));
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
        state.assign(&best.1);
        for block in &mut blocks {
            block.restore(BEST);
            block.set_dual(&state.y, state.tau, state.theta);
        }
    }
    let run = unscale(
        standard,
        &prepared.scaling,
        &blocks,
        &state,
        ended,
        iteration,
        ray_like,
    );
    blocks.iter_mut().for_each(|block| block.restore(CLEAN));
    let clean = Snapshot {
        state: clean.converted(),
        blocks: blocks.iter().map(|block| block.values()).collect(),
    };
    if ended == Ended::Optimal {
        others.clear();
    }
    (run, Traces { clean, others })
}

/// `state = previous + alpha (direction)`.
#[expect(clippy::too_many_arguments, reason = "the parts of one direction")]
fn move_state<R: Real>(
    state: &mut State<R>,
    previous: &State<R>,
    alpha: f64,
    dy: &[R],
    df: &[R],
    dtau: R,
    dkappa: R,
    eta: R,
) {
    let alpha = R::from(alpha);
    for (k, y) in state.y.iter_mut().enumerate() {
        *y = previous.y[k] + alpha * dy[k];
    }
    for (k, f) in state.f.iter_mut().enumerate() {
        *f = previous.f[k] + alpha * df[k];
    }
    state.tau = previous.tau + alpha * dtau;
    state.kappa = previous.kappa + alpha * dkappa;
    state.theta = previous.theta * (R::from(1.0) - alpha * eta);
}

/// Corrections of the primal equations, which rounding in the products with `P` disturbs most.
fn refine<R: Real>(
    blocks: &mut [Box<dyn Block<R>>],
    newton: &mut Newton<R>,
    prepared: &Prepared<R>,
    residual: &Residuals<R>,
    (dtau, eta): (R, R),
    (dy, df): (&mut [R], &mut [R]),
    (image, r, g): (&mut [R], &mut [R], &mut [R]),
    (v2, f2): (&mut [R], &mut [R]),
) {
    let size = dot(&residual.rp, &residual.rp).to_f64();
    let mut last = f64::INFINITY;
    for _ in 0..3 {
        image.fill(R::ZERO);
        for block in blocks.iter_mut() {
            block.direction_product(image);
        }
        for i in 0..r.len() {
            r[i] = prepared.b[i] * dtau + eta * residual.rp[i] - image[i];
            for (k, f) in df.iter().enumerate() {
                r[i] -= prepared.free[(i, k)] * *f;
            }
        }
        let error = dot(r, r).to_f64();
        if error <= 1e-4 * size || error > 0.25 * last {
            return;
        }
        last = error;
        g.fill(R::ZERO);
        newton.solve(r, g, v2, f2);
        dy.iter_mut().zip(&*v2).for_each(|(y, d)| *y += *d);
        df.iter_mut().zip(&*f2).for_each(|(f, d)| *f += *d);
        for block in blocks.iter_mut() {
            block.adjust(v2);
        }
    }
}

fn unscale<R: Real>(
    standard: &Standard,
    scaling: &Scaling,
    blocks: &[Box<dyn Block<R>>],
    state: &State<R>,
    ended: Ended,
    iterations: usize,
    ray_like: bool,
) -> Run {
    let divisor = if ray_like || matches!(ended, Ended::DualRay | Ended::PrimalRay) {
        1.0
    } else {
        state.tau.to_f64()
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
            .map(|(f, e)| f.to_f64() * e * beta)
            .collect(),
        y: state
            .y
            .iter()
            .zip(&scaling.rows)
            .map(|(y, d)| y.to_f64() * d * gamma)
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
