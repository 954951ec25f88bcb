//! What a run returns, in the units of the standard form, and where another run may start.

use isac_linalg::kernel::Real;

use super::Standard;
use super::block::{Block, Values};
use super::residuals::State;
use super::scale::Scaling;

/// How the loop ended; the caller verifies before it believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Optimal,
    PrimalRay,
    DualRay,
    IterationLimit,
    Stopped,
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
    pub(super) state: State<f64>,
    pub(super) blocks: Vec<Values>,
}

/// The point divided by `tau`, in the units of the standard form; a ray is not divided.
pub(super) fn unscale<R: Real>(
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
