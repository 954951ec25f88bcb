//! Fisher information of the angles and reflection coefficients of several targets.

use crate::Error;
use isac_linalg::{Mat, MatMut, MatRef, c64, ops, validate};
use isac_models::array::{Steering, Upa};
use isac_models::target::Targets;

/// `[A, A_theta, A_phi]`, `N x 3M`: the only way the transmit side enters the FIM.
pub fn stacked(steering: &Steering) -> Mat<c64> {
    let angles = ops::hcat(steering.d_theta.as_ref(), steering.d_phi.as_ref());
    ops::hcat(steering.value.as_ref(), angles.as_ref())
}

/// Fisher information matrix of `omega = [theta, phi, Re alpha, Im alpha]` (size `4M`) from the
/// echo `B diag(alpha) A^H x + n`, as a function of the `3M x 3M` matrix `C = S^H R S` alone, where
/// `R` is the transmit covariance and `S = [A, A_theta, A_phi]`.
///
/// Every derivative of the echo is `G_p = T X_p S^H` with `T = [B, B_theta, B_phi]` and an `X_p` of
/// at most two entries, so that Eq. (10) of \[obs_crlb\] becomes
///
/// ```math
/// F_{pq} = \kappa \, \mathrm{Re}\, \mathrm{tr}(\Gamma X_q C X_p^H), \qquad
/// \Gamma = T^H T, \quad \kappa = 2 L / \sigma_s^2 .
/// ```
///
/// The cost does not depend on the number of antennas.
#[derive(Debug, Clone)]
pub struct CompactFim {
    gram: Mat<c64>,
    kappa: f64,
    /// The entries `(row, column, value)` of each `X_p`.
    entries: Vec<Vec<(usize, usize, c64)>>,
}

impl CompactFim {
    /// From the receive steering of `M` targets, their coefficients, the number of snapshots `L`
    /// and the noise power `sigma_s^2` at each receive antenna, W.
    ///
    /// # Errors
    /// [`Error::Linalg`] naming `alpha`, `snapshots` or `radar_noise`.
    pub fn new(
        receive: &Steering,
        alpha: &[c64],
        snapshots: usize,
        radar_noise: f64,
    ) -> Result<Self, Error> {
        let targets = receive.value.ncols();
        validate::length("alpha", alpha.len(), targets)?;
        validate::positive("snapshots", snapshots as f64, "")?;
        validate::positive("radar_noise", radar_noise, "W")?;
        let t = stacked(receive);
        Ok(Self {
            gram: ops::adjoint_mul(t.as_ref(), t.as_ref()),
            kappa: 2.0 * snapshots as f64 / radar_noise,
            entries: entries(alpha),
        })
    }

    /// Number of targets `M`.
    pub fn targets(&self) -> usize {
        self.entries.len() / 4
    }

    /// Number of parameters `4M`.
    pub fn parameters(&self) -> usize {
        self.entries.len()
    }

    /// The scale `kappa = 2 L / sigma_s^2`, 1/W.
    pub fn kappa(&self) -> f64 {
        self.kappa
    }

    /// The FIM for `C = S^H R S`, `4M x 4M`.
    ///
    /// # Panics
    /// If `c` is not `3M x 3M`.
    pub fn fim(&self, c: MatRef<'_, c64>) -> Mat<f64> {
        let mut out = Mat::zeros(self.parameters(), self.parameters());
        self.fim_into(c, out.as_mut());
        out
    }

    /// [`fim`](Self::fim) into memory of the caller; allocates nothing.
    ///
    /// # Panics
    /// If `c` is not `3M x 3M` or `out` not `4M x 4M`.
    pub fn fim_into(&self, c: MatRef<'_, c64>, mut out: MatMut<'_, f64>) {
        let n = self.parameters();
        assert_eq!(
            (c.nrows(), c.ncols()),
            (n / 4 * 3, n / 4 * 3),
            "not 3M x 3M"
        );
        assert_eq!((out.nrows(), out.ncols()), (n, n), "not 4M x 4M");
        for p in 0..n {
            for q in 0..=p {
                let mut sum = 0.0;
                for &(r_q, c_q, v_q) in &self.entries[q] {
                    for &(r_p, c_p, v_p) in &self.entries[p] {
                        let weight = v_q * v_p.conj() * self.gram[(r_p, r_q)];
                        sum += (weight * c[(c_q, c_p)]).re;
                    }
                }
                out[(p, q)] = self.kappa * sum;
                out[(q, p)] = self.kappa * sum;
            }
        }
    }

    /// The Hermitian `Z`, `3M x 3M`, with `tr(F Phi) = kappa tr(Z C)` for every `C`; `Phi` symmetric
    /// `4M x 4M`. `Z` is positive semidefinite if `Phi` is.
    ///
    /// # Panics
    /// If `phi` is not `4M x 4M`.
    pub fn adjoint(&self, phi: MatRef<'_, f64>) -> Mat<c64> {
        let size = 3 * self.targets();
        let mut out = Mat::zeros(size, size);
        self.adjoint_into(phi, out.as_mut());
        out
    }

    /// [`adjoint`](Self::adjoint) into memory of the caller; allocates nothing.
    ///
    /// # Panics
    /// If `phi` is not `4M x 4M` or `z` not `3M x 3M`.
    pub fn adjoint_into(&self, phi: MatRef<'_, f64>, mut z: MatMut<'_, c64>) {
        let n = self.parameters();
        assert_eq!((phi.nrows(), phi.ncols()), (n, n), "not 4M x 4M");
        assert_eq!(
            (z.nrows(), z.ncols()),
            (n / 4 * 3, n / 4 * 3),
            "not 3M x 3M"
        );
        z.fill(c64::ZERO);
        for p in 0..n {
            for q in 0..n {
                let weight = phi[(p, q)];
                for &(r_q, c_q, v_q) in &self.entries[q] {
                    for &(r_p, c_p, v_p) in &self.entries[p] {
                        z[(c_p, c_q)] += v_q * v_p.conj() * self.gram[(r_p, r_q)] * weight;
                    }
                }
            }
        }
    }
}

/// The entries of `X_p` for `p` over `theta, phi, Re alpha, Im alpha`.
fn entries(alpha: &[c64]) -> Vec<Vec<(usize, usize, c64)>> {
    let m = alpha.len();
    let mut out = Vec::with_capacity(4 * m);
    for block in [1, 2] {
        for (i, &a) in alpha.iter().enumerate() {
            out.push(vec![(block * m + i, i, a), (i, block * m + i, a)]);
        }
    }
    for unit in [c64::new(1.0, 0.0), c64::new(0.0, 1.0)] {
        for i in 0..m {
            out.push(vec![(i, i, unit)]);
        }
    }
    out
}

/// A monostatic radar that looks at a set of targets: transmit directions and compact FIM.
///
/// ```
/// use isac_linalg::{Mat, c64};
/// use isac_metrics::AngleSensing;
/// use isac_models::{array::{KronOrder, Scaling, Upa}, target::Targets};
/// let array = |h, v| Upa::new(h, v, KronOrder::HorizontalSlow, Scaling::UnitNorm);
/// let targets = Targets::new(vec![0.4], vec![1.2], vec![c64::new(0.1, 0.0)])?;
/// let sensing = AngleSensing::new(&array(3, 3)?, &array(3, 4)?, &targets, 30, 1e-3)?;
/// let beamformer = Mat::from_fn(9, 9, |i, j| c64::new(if i == j { 0.1 } else { 0.0 }, 0.0));
/// let fim = sensing.fim(beamformer.as_ref())?;
/// assert!(isac_metrics::crlb_trace(fim.as_ref())? > 0.0);
/// # Ok::<(), isac_metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AngleSensing {
    transmit: Mat<c64>,
    compact: CompactFim,
}

impl AngleSensing {
    /// Targets seen by a transmit and a receive array over `snapshots` samples with noise power
    /// `radar_noise` (W) at each receive antenna.
    ///
    /// # Errors
    /// [`Error::Linalg`] naming `snapshots` or `radar_noise`.
    pub fn new(
        transmit: &Upa,
        receive: &Upa,
        targets: &Targets,
        snapshots: usize,
        radar_noise: f64,
    ) -> Result<Self, Error> {
        let towards = |array: &Upa| array.steering(targets.theta(), targets.phi());
        let compact = CompactFim::new(&towards(receive), targets.alpha(), snapshots, radar_noise)?;
        Self::from_parts(stacked(&towards(transmit)), compact)
    }

    /// From `S = [A, A_theta, A_phi]`, `Nt x 3M`, in any orthonormal coordinates, and the compact
    /// FIM of the same targets.
    ///
    /// # Errors
    /// [`Error::Linalg`] naming `transmit` when it does not have `3M` columns or is not finite.
    pub fn from_parts(transmit: Mat<c64>, compact: CompactFim) -> Result<Self, Error> {
        let (rows, cols) = (transmit.nrows(), 3 * compact.targets());
        validate::shape("transmit", transmit.as_ref(), rows, cols)?;
        validate::finite("transmit", transmit.as_ref())?;
        Ok(Self { transmit, compact })
    }

    /// `S = [A, A_theta, A_phi]`, `Nt x 3M`.
    pub fn transmit(&self) -> MatRef<'_, c64> {
        self.transmit.as_ref()
    }

    /// The FIM as a function of `S^H R S`.
    pub fn compact(&self) -> &CompactFim {
        &self.compact
    }

    /// Number of targets `M`.
    pub fn targets(&self) -> usize {
        self.compact.targets()
    }

    /// The FIM of the beamformer `W`, `Nt x streams`, with `R = W W^H`.
    ///
    /// # Errors
    /// [`Error::Linalg`] when `beamformer` does not have `Nt` rows.
    pub fn fim(&self, beamformer: MatRef<'_, c64>) -> Result<Mat<f64>, Error> {
        let rows = self.transmit.nrows();
        validate::shape("beamformer", beamformer, rows, beamformer.ncols())?;
        let towards = ops::adjoint_mul(self.transmit.as_ref(), beamformer);
        let c = ops::mul_adjoint(towards.as_ref(), towards.as_ref());
        Ok(self.compact.fim(c.as_ref()))
    }
}
