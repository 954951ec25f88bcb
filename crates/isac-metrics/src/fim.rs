//! Fisher information of the angles and reflection coefficients of several targets.

use crate::crlb::Crlb;
use crate::{Error, degenerate};
use isac_linalg::{Mat, MatMut, MatRef, c64, factor, ops, validate};
use isac_models::array::{Response, Upa};
use isac_models::target::Targets;

/// `[A, A_1, ..., A_d]`, `N x (d + 1) M`: the only way the transmit side enters the FIM; `A_i` are the
/// derivatives of the steering vectors `A` by the parameter `i` of each target.
pub fn stacked(response: &Response) -> Mat<c64> {
    let derivatives = response.derivatives.iter();
    derivatives.fold(response.value.clone(), |left, right| {
        ops::hcat(left.as_ref(), right.as_ref())
    })
}

/// Fisher information matrix of `omega = [theta, phi, Re alpha, Im alpha]` (size `4M`) from the
/// echo `B diag(alpha) A^H x + n`, as a function of the `3M x 3M` matrix `C = S^H R S` alone, where
/// `R` is the transmit covariance and `S = [A, A_theta, A_phi]`.
///
/// With other arrays a target has other parameters: `d` in general, one angle of a linear array, two
/// angles and a distance in the near field. Then `S` has `(d + 1) M` columns, and there are
/// `(d + 2) M` parameters; the sizes below are those of `d = 2`.
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
    /// The triangular factor of `T`, with `gram = root^H root`.
    root: Mat<c64>,
    kappa: f64,
    targets: usize,
    /// The entries `(row, column, value)` of each `X_p`.
    entries: Vec<Vec<(usize, usize, c64)>>,
}

impl CompactFim {
    /// From the receive steering of `M` targets, their coefficients, the number of snapshots `L`
    /// and the noise power `sigma_s^2` at each receive antenna, W.
    ///
    /// # Errors
    /// [`Error::Linalg`] naming `receive`, `alpha`, `snapshots` or `radar_noise`.
    pub fn new(
        receive: &Response,
        alpha: &[c64],
        snapshots: usize,
        radar_noise: f64,
    ) -> Result<Self, Error> {
        let targets = receive.value.ncols();
        check("receive", receive)?;
        validate::length("alpha", alpha.len(), targets)?;
        validate::positive("snapshots", snapshots as f64, "")?;
        validate::positive("radar_noise", radar_noise, "W")?;
        let t = stacked(receive);
        Ok(Self {
            gram: ops::adjoint_mul(t.as_ref(), t.as_ref()),
            root: triangular(t),
            kappa: 2.0 * snapshots as f64 / radar_noise,
            targets,
            entries: entries(alpha, receive.derivatives.len()),
        })
    }

    /// Number of targets `M`.
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// Columns of `S`, `3M`.
    pub fn directions(&self) -> usize {
        self.entries.len() - self.targets
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
        let size = self.directions();
        assert_eq!((c.nrows(), c.ncols()), (size, size), "not 3M x 3M");
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

    /// Stacked derivatives of the echo's mean, real and imaginary parts one below the other, over
    /// the noise: the `J` with `4M` columns and `F = J^T J`, for `towards = S^H W` (`3M x streams`).
    /// It keeps the digits that `F` loses for close targets. Column `p` is `sqrt(kappa) R X_p S^H W`,
    /// column by column, with the triangular factor `R` of `T` in its place where it is smaller.
    ///
    /// # Panics
    /// If `towards` does not have `3M` rows.
    pub fn derivatives(&self, towards: MatRef<'_, c64>) -> Mat<f64> {
        let size = self.directions();
        assert_eq!(towards.nrows(), size, "not 3M rows");
        let (rows, cols) = (self.root.nrows(), towards.ncols());
        let mut out = Mat::zeros(2 * rows * cols, self.parameters());
        let scale = self.kappa.sqrt();
        for (p, entries) in self.entries.iter().enumerate() {
            for b in 0..cols {
                for a in 0..rows {
                    let terms = entries
                        .iter()
                        .map(|&(r, c, value)| self.root[(a, r)] * value * towards[(c, b)]);
                    let sum: c64 = terms.sum();
                    let at = 2 * (a + b * rows);
                    (out[(at, p)], out[(at + 1, p)]) = (sum.re * scale, sum.im * scale);
                }
            }
        }
        out
    }

    /// The `Y`, `3M x streams`, with `tr(V^T dJ) = Re tr(Y^H d(S^H W))` for `J` as
    /// [`derivatives`](Self::derivatives) gives it and a `V` of its shape.
    ///
    /// # Panics
    /// If `v` does not have `4M` columns or not the rows of `J`.
    pub fn derivatives_adjoint(&self, v: MatRef<'_, f64>) -> Mat<c64> {
        let rows = self.root.nrows();
        assert_eq!(v.ncols(), self.parameters(), "not 4M columns");
        let cols = v.nrows() / (2 * rows);
        assert_eq!(v.nrows(), 2 * rows * cols, "not the rows of J");
        let mut out = Mat::zeros(self.directions(), cols);
        let scale = self.kappa.sqrt();
        for (p, entries) in self.entries.iter().enumerate() {
            for &(r, c, value) in entries {
                for b in 0..cols {
                    for a in 0..rows {
                        let at = 2 * (a + b * rows);
                        let slope = c64::new(v[(at, p)], v[(at + 1, p)]) * scale;
                        out[(c, b)] += (self.root[(a, r)] * value).conj() * slope;
                    }
                }
            }
        }
        out
    }

    /// The Hermitian `Z`, `3M x 3M`, with `tr(F Phi) = kappa tr(Z C)` for every `C`; `Phi` symmetric
    /// `4M x 4M`. `Z` is positive semidefinite if `Phi` is.
    ///
    /// # Panics
    /// If `phi` is not `4M x 4M`.
    pub fn adjoint(&self, phi: MatRef<'_, f64>) -> Mat<c64> {
        let size = self.directions();
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
        let size = self.directions();
        assert_eq!((z.nrows(), z.ncols()), (size, size), "not 3M x 3M");
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

/// The triangular factor of a matrix with more rows than columns; another one itself.
fn triangular(a: Mat<c64>) -> Mat<c64> {
    if a.nrows() <= a.ncols() || a.ncols() == 0 {
        return a;
    }
    factor::qr_thin(a.as_ref()).1
}

/// Derivatives of the size of the steering vectors, all finite.
fn check(what: &str, response: &Response) -> Result<(), Error> {
    let (rows, cols) = (response.value.nrows(), response.value.ncols());
    validate::finite(what, response.value.as_ref())?;
    for derivative in &response.derivatives {
        validate::shape(what, derivative.as_ref(), rows, cols)?;
        validate::finite(what, derivative.as_ref())?;
    }
    Ok(())
}

/// The entries of `X_p` for `p` over `theta, phi, Re alpha, Im alpha`, or what else moves a target.
fn entries(alpha: &[c64], derivatives: usize) -> Vec<Vec<(usize, usize, c64)>> {
    let m = alpha.len();
    let mut out = Vec::with_capacity((derivatives + 2) * m);
    for block in 1..=derivatives {
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
    /// [`Error::DegenerateTarget`] for a target whose angles no beamformer can tell: at the pole, at
    /// endfire, or in the direction of another target. [`Error::Linalg`] naming `snapshots` or
    /// `radar_noise`.
    pub fn new(
        transmit: &Upa,
        receive: &Upa,
        targets: &Targets,
        snapshots: usize,
        radar_noise: f64,
    ) -> Result<Self, Error> {
        degenerate::refuse(transmit, receive, targets)?;
        let towards = |array: &Upa| array.steering(targets.theta(), targets.phi()).into();
        let (transmit, receive) = (towards(transmit), towards(receive));
        Self::of_responses(&transmit, &receive, targets.alpha(), snapshots, radar_noise)
    }

    /// Targets seen by any two arrays: of one angle each by linear ones, of two angles and a distance
    /// in the near field. What no beamformer can tell shows as [`Error::SingularFim`] of
    /// [`crlb`](Self::crlb).
    ///
    /// ```
    /// use isac_linalg::{Mat, c64};
    /// use isac_metrics::AngleSensing;
    /// use isac_models::array::{Scaling, Ula};
    /// let array = Ula::half_wavelength(8, Scaling::UnitEntries)?;
    /// let response = array.response(&[0.4]);
    /// let alpha = [c64::new(0.1, 0.0)];
    /// let sensing = AngleSensing::of_responses(&response, &response, &alpha, 20, 1e-3)?;
    /// let beamformer = Mat::from_fn(8, 8, |i, j| c64::new(if i == j { 0.3 } else { 0.0 }, 0.0));
    /// let crlb = sensing.crlb(beamformer.as_ref())?;
    /// // One angle and a complex coefficient.
    /// assert_eq!(crlb.inverse().nrows(), 3);
    /// # Ok::<(), isac_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Linalg`] naming `transmit`, `receive`, `alpha`, `snapshots` or `radar_noise`.
    pub fn of_responses(
        transmit: &Response,
        receive: &Response,
        alpha: &[c64],
        snapshots: usize,
        radar_noise: f64,
    ) -> Result<Self, Error> {
        check("transmit", transmit)?;
        let compact = CompactFim::new(receive, alpha, snapshots, radar_noise)?;
        Self::from_parts(stacked(transmit), compact)
    }

    /// From `S = [A, A_theta, A_phi]`, `Nt x 3M`, in any orthonormal coordinates, and the compact
    /// FIM of the same targets.
    ///
    /// # Errors
    /// [`Error::Linalg`] naming `transmit` when it does not have `3M` columns or is not finite.
    pub fn from_parts(transmit: Mat<c64>, compact: CompactFim) -> Result<Self, Error> {
        let (rows, cols) = (transmit.nrows(), compact.directions());
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

    /// The FIM of the beamformer `W`, `Nt x streams`, with `R = W W^H`. Its bound is
    /// [`crlb`](Self::crlb), which knows more digits than the matrix.
    ///
    /// # Errors
    /// [`Error::Linalg`] when `beamformer` does not have `Nt` rows or is not finite.
    pub fn fim(&self, beamformer: MatRef<'_, c64>) -> Result<Mat<f64>, Error> {
        let towards = self.towards(beamformer)?;
        let c = ops::mul_adjoint(towards.as_ref(), towards.as_ref());
        Ok(self.compact.fim(c.as_ref()))
    }

    /// Inverse FIM of the beamformer `W`, its trace and an estimate of their error, from the stacked
    /// derivatives: right to nine digits for targets a thousandth of a radian apart.
    ///
    /// ```
    /// # use isac_linalg::{Mat, c64};
    /// # use isac_metrics::AngleSensing;
    /// # use isac_models::{array::{KronOrder, Scaling, Upa}, target::Targets};
    /// let array = Upa::new(8, 8, KronOrder::HorizontalSlow, Scaling::UnitNorm)?;
    /// let alpha = vec![c64::new(0.1, 0.2), c64::new(0.0, -0.3)];
    /// let targets = Targets::new(vec![0.4, 0.401], vec![1.1, 1.1], alpha)?;
    /// let sensing = AngleSensing::new(&array, &array, &targets, 20, 1e-3)?;
    /// let beamformer = Mat::from_fn(64, 64, |i, j| c64::new(if i == j { 0.1 } else { 0.0 }, 0.0));
    /// let crlb = sensing.crlb(beamformer.as_ref())?;
    /// assert!((crlb.trace() / 53_507_833.801_417 - 1.0).abs() < 1e-9);
    /// assert!(crlb.relative_error() < 1e-9);
    /// # Ok::<(), isac_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::SingularFim`], [`Error::LostDigits`] where fewer than six digits are right,
    /// [`Error::Linalg`] as [`fim`](Self::fim).
    pub fn crlb(&self, beamformer: MatRef<'_, c64>) -> Result<Crlb, Error> {
        // F depends on S^H W through its product with its adjoint: any factor of that will do.
        let factor = triangular(self.towards(beamformer)?.adjoint().to_owned());
        let derivatives = self
            .compact
            .derivatives(factor.adjoint().to_owned().as_ref());
        let mut crlb = Crlb::new(self.compact.parameters());
        crlb.invert_derivatives(derivatives.as_ref())?;
        crlb.refuse_lost_digits()?;
        Ok(crlb)
    }

    /// `S^H W`.
    pub(crate) fn towards(&self, beamformer: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
        let rows = self.transmit.nrows();
        validate::shape("beamformer", beamformer, rows, beamformer.ncols())?;
        validate::finite("beamformer", beamformer)?;
        Ok(ops::adjoint_mul(self.transmit.as_ref(), beamformer))
    }
}
