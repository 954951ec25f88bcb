//! The low-dimensional form in orthonormal coordinates.

use super::SumRateCrlb;
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, factor, ops};
use isac_metrics::AngleSensing;

/// Singular directions of `[H, S]` (unit columns) below this are dropped: they carry no digit.
const RANK_CUT: f64 = 1e-13;

/// The problem in an orthonormal basis `Q` of the span of `N = [H, S]`, of dimension
/// `D = rank N <= min(Nt, K + 3M)`.
///
/// Every stationary beamformer lies in that span (Theorem 1 of \[obs_crlb\]), and the metrics see
/// `W` through `H^H W` and `S^H W` alone. With `H~ = Q^H H`, `S~ = Q^H S` and `X = Q^H W` the
/// problem is the same one with `D` antennas, so everything written for the full problem runs
/// unchanged, at a cost that does not depend on `Nt` or `Nr`.
///
/// # Deviations
/// The paper's coordinates are `W = N P` (Proposition 5), which need `(N^H N)^-1` and a shift
/// `lambda N^H N`; orthonormal ones need neither and exist for collinear channels too.
#[derive(Debug, Clone)]
pub struct Reduction {
    basis: Mat<c64>,
    problem: SumRateCrlb,
}

impl Reduction {
    /// Finds the basis and the reduced problem.
    ///
    /// # Errors
    /// [`Error::Linalg`] when the singular value decomposition fails or `[H, S]` is zero.
    pub fn new(problem: &SumRateCrlb) -> Result<Self, Error> {
        let stacked = ops::hcat(problem.channel(), problem.sensing().transmit());
        let basis = factor::orthonormal_basis(stacked.as_ref(), RANK_CUT)?;
        if basis.ncols() == 0 {
            let what = "channel and steering vectors";
            return Err(isac_linalg::Error::range(what, 0.0, "an entry other than 0").into());
        }
        let inside = |a: MatRef<'_, c64>| ops::adjoint_mul(basis.as_ref(), a);
        let compact = problem.sensing().compact().clone();
        let sensing = AngleSensing::from_parts(inside(problem.sensing().transmit()), compact)?;
        let reduced = SumRateCrlb::new(
            inside(problem.channel()),
            sensing,
            problem.noise().to_vec(),
            problem.power(),
            problem.weights(),
        )?;
        Ok(Self {
            basis,
            problem: reduced,
        })
    }

    /// The problem with `D` in place of `Nt`.
    pub fn problem(&self) -> &SumRateCrlb {
        &self.problem
    }

    /// `Q`, `Nt x D`.
    pub fn basis(&self) -> MatRef<'_, c64> {
        self.basis.as_ref()
    }

    /// Coordinates `X = Q^H W`, `D x n`.
    pub fn coordinates(&self, beamformer: MatRef<'_, c64>) -> Mat<c64> {
        ops::adjoint_mul(self.basis.as_ref(), beamformer)
    }

    /// The beamformer `W = Q X`, `Nt x n`.
    pub fn lift(&self, coordinates: MatRef<'_, c64>) -> Mat<c64> {
        ops::mul(self.basis.as_ref(), coordinates)
    }

    /// The part of `W` orthogonal to the span, `W - Q Q^H W`.
    pub fn outside(&self, beamformer: MatRef<'_, c64>) -> Mat<c64> {
        let inside = self.lift(self.coordinates(beamformer).as_ref());
        let mut out = beamformer.to_owned();
        ops::axpy(out.as_mut(), -1.0, inside.as_ref());
        out
    }
}
