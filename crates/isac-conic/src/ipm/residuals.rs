//! The variables of the embedding besides the blocks, their residuals and the errors that the stopping
//! tests read.

use isac_linalg::kernel::Real;

use super::block::Products;
use super::cones::dot;
use super::scale::Prepared;

/// The variables that belong to no block.
#[derive(Debug, Clone)]
pub(super) struct State<R> {
    pub(super) y: Vec<R>,
    pub(super) f: Vec<R>,
    pub(super) tau: R,
    pub(super) kappa: R,
    pub(super) theta: R,
}

impl<R: Real> State<R> {
    /// Zero multipliers, and ones where the embedding starts.
    pub(super) fn start(rows: usize, free: usize) -> Self {
        let one = R::from(1.0);
        Self {
            y: vec![R::ZERO; rows],
            f: vec![R::ZERO; free],
            tau: one,
            kappa: one,
            theta: one,
        }
    }

    pub(super) fn converted<S: Real>(&self) -> State<S> {
        let list = |v: &[R]| v.iter().map(|x| x.to_f64().into()).collect();
        State {
            y: list(&self.y),
            f: list(&self.f),
            tau: self.tau.to_f64().into(),
            kappa: self.kappa.to_f64().into(),
            theta: self.theta.to_f64().into(),
        }
    }

    pub(super) fn assign(&mut self, other: &Self) {
        self.y.copy_from_slice(&other.y);
        self.f.copy_from_slice(&other.f);
        (self.tau, self.kappa, self.theta) = (other.tau, other.kappa, other.theta);
    }
}

/// Residuals of the embedding.
pub(super) struct Residuals<R> {
    pub(super) rp: Vec<R>,
    pub(super) rf: Vec<R>,
    /// `F f`.
    image: Vec<R>,
}

impl<R: Real> Residuals<R> {
    pub(super) fn new(rows: usize, free: usize) -> Self {
        Self {
            rp: vec![R::ZERO; rows],
            rf: vec![R::ZERO; free],
            image: vec![R::ZERO; rows],
        }
    }
}

/// Relative errors of a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measures {
    pub(super) primal: f64,
    pub(super) dual: f64,
    pub(super) gap: f64,
    /// `|p| + |d|` plus the unit of the objective, one at most.
    pub(super) size: f64,
    /// Errors of the two kinds of rays; infinite where the value has the wrong sign.
    pub(super) primal_ray: f64,
    pub(super) dual_ray: f64,
}

impl Measures {
    pub(super) fn worst(&self) -> f64 {
        let worst = self.primal.max(self.dual).max(self.gap);
        if worst.is_nan() { f64::INFINITY } else { worst }
    }
}

/// Residuals and errors of the point with these products.
pub(super) fn residuals<R: Real>(
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
