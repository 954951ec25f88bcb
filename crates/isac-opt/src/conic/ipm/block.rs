//! What the interior-point loop asks of a block of cone variables.
//!
//! `P` is the operator of the search direction, `dX = ... - P(dS)`: `X . S^-1` made Hermitian for
//! matrices, `x/s` for scalars, the squared scaling for second-order cones. Every block starts at
//! the unit `e`, and the dual residual is always a multiple `theta` of `c - e`, so that
//! `s = (tau - theta) c + theta e - A^T y` exactly.

use isac_linalg::Mat;

/// Products with the current point that the whole iteration needs, summed over blocks.
#[derive(Debug, Clone, Default)]
pub(super) struct Products {
    /// `A x`.
    pub(super) ax: Vec<f64>,
    /// `A s^-1`.
    pub(super) a_inverse: Vec<f64>,
    /// `A P c`.
    pub(super) apc: Vec<f64>,
    /// `A P e`.
    pub(super) ape: Vec<f64>,
    /// `<c, x>`.
    pub(super) cx: f64,
    /// `<c, s^-1>`.
    pub(super) c_inverse: f64,
    /// `<c, P c>`.
    pub(super) cpc: f64,
    /// `<c, P e>`.
    pub(super) cpe: f64,
    /// `<x, s>`.
    pub(super) xs: f64,
}

impl Products {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            ax: vec![0.0; rows],
            a_inverse: vec![0.0; rows],
            apc: vec![0.0; rows],
            ape: vec![0.0; rows],
            ..Self::default()
        }
    }

    pub(super) fn clear(&mut self) {
        for list in [
            &mut self.ax,
            &mut self.a_inverse,
            &mut self.apc,
            &mut self.ape,
        ] {
            list.fill(0.0);
        }
        self.cx = 0.0;
        self.c_inverse = 0.0;
        self.cpc = 0.0;
        self.cpe = 0.0;
        self.xs = 0.0;
    }
}

/// Coefficients of a direction besides `dy`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) dtau: f64,
    /// `eta theta`: how much of the dual residual is removed.
    pub(super) shift: f64,
    /// `sigma mu`.
    pub(super) barrier: f64,
    /// Whether the second-order correction enters.
    pub(super) corrected: bool,
}

/// A block of cone variables with its data and its part of the iterate.
pub(super) trait Block: std::fmt::Debug {
    /// Barrier parameter.
    fn degree(&self) -> f64;
    /// Sets `s = (tau - theta) c + theta e - A^T y`.
    fn set_dual(&mut self, y: &[f64], tau: f64, theta: f64);
    /// Factors the current point; false when `x` or `s` left the cone.
    fn factor(&mut self) -> bool;
    /// Adds this block's products.
    fn products(&mut self, out: &mut Products);
    /// Adds `A P A^T` to the lower triangle.
    fn schur(&mut self, m: &mut Mat<f64>);
    /// Forms the second-order term from the last direction, adds `A` of it, returns `<c, .>`.
    fn correction(&mut self, out: &mut [f64]) -> f64;
    /// Computes the direction.
    fn direction(&mut self, dy: &[f64], step: Step);
    /// Adds the direction of a further `dy` alone: `dx += P A^T dy`, `ds -= A^T dy`.
    fn adjust(&mut self, dy: &[f64]);
    /// Adds `A dx`.
    fn direction_product(&mut self, out: &mut [f64]);
    /// Largest step that keeps `x + a dx` and `s + a ds` in the cone, at most 1e6.
    fn max_step(&mut self, rough: bool) -> f64;
    /// `x += alpha dx`.
    fn advance(&mut self, alpha: f64);
    /// Remembers `x`.
    fn save(&mut self);
    /// Takes `x` back to what was remembered.
    fn restore(&mut self);
    /// `x` and `s` as they are, for the caller of the solver.
    fn values(&self) -> Values;
}

/// A block's part of a point.
#[derive(Debug, Clone)]
pub(super) enum Values {
    Matrix(Mat<isac_linalg::c64>, Mat<isac_linalg::c64>),
    List(Vec<f64>, Vec<f64>),
}
