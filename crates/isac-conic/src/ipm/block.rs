//! What the interior-point loop asks of a block of cone variables.
//!
//! `P` is the operator of the search direction, `dX = ... - P(dS)`: `X . S^-1` made Hermitian for
//! matrices, `x/s` for scalars, the squared scaling for second-order cones. Every block starts at
//! the unit `e`, and the dual residual is always a multiple `theta` of `c - e`, so that
//! `s = (tau - theta) c + theta e - A^T y` exactly.

use isac_linalg::Mat;
use isac_linalg::kernel::Real;

/// Products with the current point that the whole iteration needs, summed over blocks; `d = c - e`.
///
/// Nothing here grows as the point approaches the boundary but `s^-1` and `P`, which only ever meet
/// small factors: `P s = x` takes care of the rest.
#[derive(Debug, Clone)]
pub(super) struct Products<R> {
    /// `A x`.
    pub(super) ax: Vec<R>,
    /// `A s^-1`.
    pub(super) a_inverse: Vec<R>,
    /// `A P d`.
    pub(super) apd: Vec<R>,
    /// `<c, x>`.
    pub(super) cx: R,
    /// `<d, x>`.
    pub(super) dx: R,
    /// `<d, s^-1>`.
    pub(super) d_inverse: R,
    /// `<d, P d>`.
    pub(super) dpd: R,
    /// `<x, s>`.
    pub(super) xs: R,
}

impl<R: Real> Products<R> {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            ax: vec![R::ZERO; rows],
            a_inverse: vec![R::ZERO; rows],
            apd: vec![R::ZERO; rows],
            cx: R::ZERO,
            dx: R::ZERO,
            d_inverse: R::ZERO,
            dpd: R::ZERO,
            xs: R::ZERO,
        }
    }

    pub(super) fn clear(&mut self) {
        for list in [&mut self.ax, &mut self.a_inverse, &mut self.apd] {
            list.fill(R::ZERO);
        }
        self.cx = R::ZERO;
        self.dx = R::ZERO;
        self.d_inverse = R::ZERO;
        self.dpd = R::ZERO;
        self.xs = R::ZERO;
    }
}

/// A direction besides `dy`:
///
/// ```math
/// ds = radial s + shift d - A^T dy
/// dx = barrier s^-1 - (1 + radial) x - shift P d + P A^T dy [- correction]
/// ```
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<R> {
    /// `dtau / tau`.
    pub(super) radial: R,
    /// What of `d` the step adds: less dual residual, and its part of `radial`.
    pub(super) shift: R,
    /// `sigma mu`.
    pub(super) barrier: R,
    /// Whether the second-order correction enters.
    pub(super) corrected: bool,
}

/// A block of cone variables with its data and its part of the iterate.
pub(super) trait Block<R: Real>: std::fmt::Debug {
    /// Barrier parameter.
    fn degree(&self) -> f64;
    /// Sets `s = (tau - theta) c + theta e - A^T y`.
    fn set_dual(&mut self, y: &[R], tau: R, theta: R);
    /// Factors the current point; false when `x` or `s` left the cone.
    fn factor(&mut self) -> bool;
    /// Adds this block's products.
    fn products(&mut self, out: &mut Products<R>);
    /// Adds `A P A^T` to the lower triangle.
    fn schur(&mut self, m: &mut Mat<R>);
    /// Forms the second-order term from the last direction, adds `A` of it, returns `<s, .>` and
    /// `<d, .>`.
    fn correction(&mut self, out: &mut [R]) -> (R, R);
    /// Computes the direction.
    fn direction(&mut self, dy: &[R], step: Step<R>);
    /// Adds the direction of a further `dy` alone: `dx += P A^T dy`, `ds -= A^T dy`.
    fn adjust(&mut self, dy: &[R]);
    /// Adds `A dx`.
    fn direction_product(&mut self, out: &mut [R]);
    /// Largest step that keeps `x + a dx` and `s + a ds` in the cone, at most 1e6.
    fn max_step(&mut self, rough: bool) -> f64;
    /// `x += alpha dx`.
    fn advance(&mut self, alpha: R);
    /// Remembers `x` in one of two places.
    fn save(&mut self, place: usize);
    /// Takes `x` back to what was remembered there.
    fn restore(&mut self, place: usize);
    /// Sets `x`.
    fn load(&mut self, values: &Values);
    /// Largest modulus of an entry of `x`.
    fn largest(&self) -> f64;
    /// `x` and `s` as they are, for the caller of the solver.
    fn values(&self) -> Values;
}

/// A block's part of a point.
#[derive(Debug, Clone)]
pub(super) enum Values {
    Matrix(Mat<isac_linalg::c64>, Mat<isac_linalg::c64>),
    List(Vec<f64>, Vec<f64>),
}
