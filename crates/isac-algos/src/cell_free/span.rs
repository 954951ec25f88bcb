//! Exact reduction of every access point to the span of what it must see.
//!
//! Let `Q_m` (antennas x r_m) have orthonormal columns that span the users' channels and the targets'
//! steering vectors at access point `m`, and `Q = diag(Q_1, ..., Q_M)`. A covariance `F >= 0` enters the
//! problem only through `h_u^H F h_u`, `a_m^H F_mm a_m` and `tr F_mm`. As `Q Q^H h_u = h_u` and
//! `Q_m Q_m^H a_m = a_m`, the covariance `Q (Q^H F Q) Q^H` has the same values of the first two, and
//! `tr Q_m^H F_mm Q_m <= tr F_mm`. So `Q^H F Q`, of order `sum_m r_m <= M (U + T)`, loses nothing, whatever the
//! number of antennas: the basis is block-diagonal because each budget is that of a block.

use super::problem::{Network, block};
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, factor, ops};

/// Relative cut of the rank decision.
const CUT: f64 = 1e-12;

/// Span coordinates of a network.
#[derive(Debug, Clone)]
pub struct Span {
    bases: Vec<Mat<c64>>,
    /// First coordinate of each access point, and their number.
    pub offsets: Vec<usize>,
    /// `Q^H h_u`, coordinates x users.
    pub channels: Mat<c64>,
    /// `Q^H a_t`, coordinates x targets.
    pub steering: Mat<c64>,
}

impl Span {
    /// The spans of a network; `targets` says whether the steering vectors belong to them.
    ///
    /// # Errors
    /// A decomposition that did not converge.
    pub fn new(network: &Network, targets: bool) -> Result<Self, Error> {
        let steering = [network.steering()];
        Self::with(network, if targets { &steering } else { &[] })
    }

    /// The spans of the users' channels and of further vectors on the stacked antennas.
    ///
    /// # Errors
    /// As [`Span::new`].
    pub(super) fn with(network: &Network, further: &[MatRef<'_, c64>]) -> Result<Self, Error> {
        let mut bases = Vec::new();
        let mut offsets = vec![0];
        for m in 0..network.access_points() {
            let rows = network.rows(m);
            let mut seen = block(network.channels(), rows).to_owned();
            for more in further {
                seen = ops::hcat(seen.as_ref(), block(*more, rows));
            }
            let basis = factor::orthonormal_basis(seen.as_ref(), CUT)?;
            offsets.push(offsets[m] + basis.ncols());
            bases.push(basis);
        }
        let mut span = Self {
            bases,
            offsets,
            channels: Mat::zeros(0, 0),
            steering: Mat::zeros(0, 0),
        };
        span.channels = span.seen(network, network.channels());
        span.steering = span.seen(network, network.steering());
        Ok(span)
    }

    /// All antennas: nothing is reduced.
    pub fn whole(network: &Network) -> Self {
        let bases = (0..network.access_points()).map(|m| {
            let (_, rows) = network.rows(m);
            Mat::identity(rows, rows)
        });
        Self {
            bases: bases.collect(),
            offsets: network.offsets().to_vec(),
            channels: network.channels().to_owned(),
            steering: network.steering().to_owned(),
        }
    }

    /// Number of coordinates.
    pub fn dimension(&self) -> usize {
        self.channels.nrows()
    }

    /// `Q^H x`.
    pub(super) fn seen(&self, network: &Network, x: MatRef<'_, c64>) -> Mat<c64> {
        let mut out = Mat::zeros(self.offsets[self.bases.len()], x.ncols());
        for (m, basis) in self.bases.iter().enumerate() {
            let part = ops::adjoint_mul(basis.as_ref(), block(x, network.rows(m)));
            let rows = part.nrows();
            out.as_mut()
                .subrows_mut(self.offsets[m], rows)
                .copy_from(part.as_ref());
        }
        out
    }

    /// `Q y`, the stacked antennas' beams of coordinates.
    pub fn lift(&self, network: &Network, y: MatRef<'_, c64>) -> Mat<c64> {
        let mut out = Mat::zeros(network.channels().nrows(), y.ncols());
        for (m, basis) in self.bases.iter().enumerate() {
            let part = ops::mul(basis.as_ref(), block(y, (self.offsets[m], basis.ncols())));
            let (first, rows) = network.rows(m);
            out.as_mut()
                .subrows_mut(first, rows)
                .copy_from(part.as_ref());
        }
        out
    }

    /// The users' channels and the budgets in units in which the largest budget, returned beside them, and every
    /// noise are 1: what programs over covariances are given.
    pub(super) fn scaled(&self, network: &Network) -> (Scaled, f64) {
        let unit = network.power().iter().copied().fold(0.0, f64::max);
        let channels = Mat::from_fn(self.dimension(), network.users(), |i, u| {
            self.channels[(i, u)] * (unit / network.noise()[u]).sqrt()
        });
        let ranges = self.offsets.windows(2).map(|w| w[0]..w[1]);
        let budgets = ranges.zip(network.power()).map(|(own, p)| (own, p / unit));
        let budgets = budgets.collect();
        (Scaled { channels, budgets }, unit)
    }
}

/// See [`Span::scaled`].
pub(super) struct Scaled {
    pub(super) channels: Mat<c64>,
    pub(super) budgets: Vec<(std::ops::Range<usize>, f64)>,
}
