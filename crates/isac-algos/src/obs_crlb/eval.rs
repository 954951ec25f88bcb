//! Objective, gradient and shift of Algorithm 1 in memory allocated once.

use super::{Merit, SumRateCrlb};
use crate::Error;
use isac_linalg::workspace::HermitianEigenvalues;
use isac_linalg::{Mat, MatMut, MatRef, c64, factor, ops};
use isac_metrics::crlb::Crlb;
use serde::{Deserialize, Serialize};

/// Estimated relative error of the CRLB from the FIM, above which it comes from the derivatives.
const LOST: f64 = 1e-9;

/// From which received power the auxiliary variables (16) are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auxiliaries {
    /// Interference of all columns, sensing streams included: Eq. (16), the exact gradient.
    #[default]
    Exact,
    /// Without the sensing columns, as in the released scripts: no gradient of anything, `f` may
    /// fall. Needed to reproduce the released data.
    WithoutSensing,
}

/// The two shifts `lambda` in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// `delta_c lambda_max(H Sigma_2 H^H)`: the released figure scripts.
    #[default]
    Comm,
    /// Largest modulus of an eigenvalue of `delta_c H Sigma_2 H^H - delta_s Q_h`: the paper's text.
    Dominant,
}

/// Evaluates one problem at beamformers with a fixed number of columns. After
/// [`merit`](Self::merit) at a point, [`gradient`](Self::gradient) and
/// [`shift`](Self::shift) refer to that point. Nothing here allocates after construction, and no
/// `Nt x Nt` matrix is formed: the cost is `O(Nt (K + 3M)(K + Ns))`. Where the FIM loses digits
/// (an estimated error above 1e-9) the stacked derivatives of the echo take its place, in memory of their own.
#[derive(Debug)]
pub struct Evaluator<'a> {
    problem: &'a SumRateCrlb,
    /// `H^H W`, `K x n`.
    coupling: Mat<c64>,
    /// `S^H W`, `3M x n`.
    towards: Mat<c64>,
    /// `C = S^H R S`.
    covariance: Mat<c64>,
    fim: Mat<f64>,
    crlb: Crlb,
    phi: Mat<f64>,
    /// `Y` with `d tr F^-1 = -2 Re tr(Y^H d(S^H W))`, where the derivatives gave the CRLB held.
    slope: Option<Mat<c64>>,
    /// `Z` with `tr(F Phi) = kappa tr(Z C)`.
    z: Mat<c64>,
    /// Weights of the columns of `H` and of `S` in the gradient.
    rate_part: Mat<c64>,
    crlb_part: Mat<c64>,
    eta: Vec<c64>,
    beta: Vec<f64>,
    shifts: Shifts,
}

/// What the shifts need: Gram matrix of the users, and the coordinates of `[H, S]` in its span.
#[derive(Debug)]
struct Shifts {
    gram: Mat<c64>,
    weighted: Mat<c64>,
    weighted_values: HermitianEigenvalues,
    span: Option<Span>,
}

/// `[H, S] = Q [R_H, R_S]` with the work space for `R D R^H`.
#[derive(Debug)]
struct Span {
    users: Mat<c64>,
    targets: Mat<c64>,
    left: Mat<c64>,
    form: Mat<c64>,
    values: HermitianEigenvalues,
}

impl<'a> Evaluator<'a> {
    /// For beamformers of `streams` columns.
    pub fn new(problem: &'a SumRateCrlb, streams: usize) -> Self {
        let users = problem.users();
        let compact = problem.sensing().compact();
        let (directions, parameters) = (compact.directions(), compact.parameters());
        let channel = problem.channel();
        Self {
            problem,
            coupling: Mat::zeros(users, streams),
            towards: Mat::zeros(directions, streams),
            covariance: Mat::zeros(directions, directions),
            fim: Mat::zeros(parameters, parameters),
            crlb: Crlb::new(parameters),
            phi: Mat::zeros(parameters, parameters),
            slope: None,
            z: Mat::zeros(directions, directions),
            rate_part: Mat::zeros(users, streams),
            crlb_part: Mat::zeros(directions, streams),
            eta: vec![c64::ZERO; users],
            beta: vec![0.0; users],
            shifts: Shifts {
                gram: ops::adjoint_mul(channel, channel),
                weighted: Mat::zeros(users, users),
                weighted_values: HermitianEigenvalues::new(users),
                span: None,
            },
        }
    }

    /// Objective and its parts at `w`.
    ///
    /// # Errors
    /// [`Error::Metric`] when the FIM is singular and `delta_s > 0`.
    ///
    /// # Panics
    /// If `w` does not have the shape of the problem and of [`new`](Self::new).
    pub fn merit(&mut self, w: MatRef<'_, c64>) -> Result<Merit, Error> {
        use ops::Op::{Adjoint, Plain};
        let problem = self.problem;
        let one = c64::ONE;
        ops::gemm(
            self.coupling.as_mut(),
            false,
            one,
            problem.channel(),
            Adjoint,
            w,
            Plain,
        );
        let s = problem.sensing().transmit();
        ops::gemm(self.towards.as_mut(), false, one, s, Adjoint, w, Plain);
        let mut sum_rate = 0.0;
        for k in 0..problem.users() {
            let (signal, interference) = self.received(k, self.coupling.ncols());
            sum_rate += (signal / interference).ln_1p();
        }
        let weights = problem.weights();
        let crlb_trace = match self.crlb_trace() {
            Ok(trace) => trace,
            Err(error) if weights.crlb > 0.0 => return Err(error),
            Err(_) => f64::INFINITY,
        };
        let penalty = if weights.crlb > 0.0 {
            weights.crlb * crlb_trace
        } else {
            0.0
        };
        Ok(Merit {
            objective: weights.rate * sum_rate - penalty,
            sum_rate,
            crlb_trace,
        })
    }

    /// `tr F^-1` at the point whose `S^H W` is held.
    fn crlb_trace(&mut self) -> Result<f64, Error> {
        use ops::Op::{Adjoint, Plain};
        if self.problem.targets() == 0 {
            return Ok(0.0);
        }
        let t = self.towards.as_ref();
        ops::gemm(
            self.covariance.as_mut(),
            false,
            c64::ONE,
            t,
            Plain,
            t,
            Adjoint,
        );
        let compact = self.problem.sensing().compact();
        compact.fim_into(self.covariance.as_ref(), self.fim.as_mut());
        self.slope = None;
        match self.crlb.invert(self.fim.as_ref()) {
            Ok(trace) if self.crlb.relative_error() <= LOST => Ok(trace),
            Ok(_) | Err(_) => {
                let derivatives = compact.derivatives(t);
                let trace = self.crlb.invert_derivatives(derivatives.as_ref())?;
                self.slope = Some(compact.derivatives_adjoint(self.crlb.slope().as_ref()));
                Ok(trace)
            }
        }
    }

    /// Signal and interference plus noise of user `k` from the first `columns` streams.
    fn received(&self, k: usize, columns: usize) -> (f64, f64) {
        let signal = self.coupling[(k, k)].norm_sqr();
        let mut interference = self.problem.noise()[k];
        for j in 0..columns {
            if j != k {
                interference += self.coupling[(k, j)].norm_sqr();
            }
        }
        (signal, interference)
    }

    /// Writes the gradient at the point of the last [`merit`](Self::merit) into `g`:
    ///
    /// ```math
    /// G = 2 \delta_c H ([\mathrm{diag}(\bar\eta), 0] - \Sigma_2 H^H W) + 2 \delta_s \kappa S Z S^H W .
    /// ```
    ///
    /// # Panics
    /// If `g` has another shape than the point.
    pub fn gradient(&mut self, auxiliaries: Auxiliaries, g: MatMut<'_, c64>) {
        self.refresh(auxiliaries);
        self.assemble(g);
    }

    /// Computes `eta`, `beta` and `Z` of (16) and (17) at the point held.
    pub(super) fn refresh(&mut self, auxiliaries: Auxiliaries) {
        let columns = match auxiliaries {
            Auxiliaries::Exact => self.coupling.ncols(),
            Auxiliaries::WithoutSensing => self.problem.users(),
        };
        for k in 0..self.problem.users() {
            let (signal, interference) = self.received(k, columns);
            self.eta[k] = self.coupling[(k, k)].conj() / interference;
            self.beta[k] = signal / (interference * (signal + interference));
        }
        if self.problem.weights().crlb > 0.0 && self.problem.targets() > 0 {
            self.crlb.squared_into(&mut self.phi);
            let compact = self.problem.sensing().compact();
            compact.adjoint_into(self.phi.as_ref(), self.z.as_mut());
        }
    }

    /// Takes `H^H W` and `S^H W` of `w` without the metrics, so that [`assemble`](Self::assemble)
    /// gives the gradient of the surrogate with the auxiliaries of an earlier point.
    pub(super) fn look(&mut self, w: MatRef<'_, c64>) {
        use ops::Op::{Adjoint, Plain};
        let problem = self.problem;
        let (h, s) = (problem.channel(), problem.sensing().transmit());
        ops::gemm(
            self.coupling.as_mut(),
            false,
            c64::ONE,
            h,
            Adjoint,
            w,
            Plain,
        );
        ops::gemm(self.towards.as_mut(), false, c64::ONE, s, Adjoint, w, Plain);
        self.slope = None;
    }

    /// The gradient formula with the auxiliaries held.
    pub(super) fn assemble(&mut self, mut g: MatMut<'_, c64>) {
        use ops::Op::Plain;
        let problem = self.problem;
        let (users, weights) = (problem.users(), problem.weights());
        for j in 0..self.coupling.ncols() {
            for k in 0..users {
                let own = if j == k {
                    self.eta[k].conj()
                } else {
                    c64::ZERO
                };
                let part = own - self.coupling[(k, j)] * self.beta[k];
                self.rate_part[(k, j)] = part * (2.0 * weights.rate);
            }
        }
        let one = c64::ONE;
        let h = problem.channel();
        ops::gemm(
            g.as_mut(),
            false,
            one,
            h,
            Plain,
            self.rate_part.as_ref(),
            Plain,
        );
        if weights.crlb > 0.0 && problem.targets() > 0 {
            if let Some(slope) = &self.slope {
                self.crlb_part.copy_from(slope);
                ops::scale(self.crlb_part.as_mut(), 2.0 * weights.crlb);
            } else {
                let kappa = problem.sensing().compact().kappa();
                let scale = c64::new(2.0 * weights.crlb * kappa, 0.0);
                let (z, t) = (self.z.as_ref(), self.towards.as_ref());
                ops::gemm(self.crlb_part.as_mut(), false, scale, z, Plain, t, Plain);
            }
            let s = problem.sensing().transmit();
            ops::gemm(g, true, one, s, Plain, self.crlb_part.as_ref(), Plain);
        }
    }

    /// The shift at the point of the last [`gradient`](Self::gradient), with its auxiliaries.
    ///
    /// # Errors
    /// [`Error::Linalg`] when an eigenvalue iteration fails.
    pub fn shift(&mut self, rule: Shift) -> Result<f64, Error> {
        match rule {
            Shift::Comm => self.comm_shift(),
            Shift::Dominant => {
                let (least, most) = self.curvature_range()?;
                Ok(least.abs().max(most.abs()))
            }
        }
    }

    /// `delta_c lambda_max(H Sigma_2 H^H)` from the `K x K` matrix with the same eigenvalues.
    fn comm_shift(&mut self) -> Result<f64, Error> {
        let users = self.problem.users();
        if users == 0 {
            return Ok(0.0);
        }
        let shifts = &mut self.shifts;
        for j in 0..users {
            for i in 0..users {
                let weight = (self.beta[i] * self.beta[j]).sqrt();
                shifts.weighted[(i, j)] = shifts.gram[(i, j)] * weight;
            }
        }
        let values = shifts.weighted_values.of(shifts.weighted.as_ref())?;
        Ok(self.problem.weights().rate * values[users - 1].max(0.0))
    }

    /// Least and largest eigenvalue of `delta_c H Sigma_2 H^H - delta_s Q_h` on the span of
    /// `[H, S]`.
    pub(super) fn curvature_range(&mut self) -> Result<(f64, f64), Error> {
        use ops::Op::{Adjoint, Plain};
        let problem = self.problem;
        let users = problem.users();
        let span = self.shifts.span.get_or_insert_with(|| Span::new(problem));
        let weights = problem.weights();
        for k in 0..users {
            for i in 0..span.left.nrows() {
                span.left[(i, k)] = span.users[(i, k)] * (weights.rate * self.beta[k]);
            }
        }
        let (left, right) = (span.left.as_ref().subcols(0, users), span.users.as_ref());
        ops::gemm(
            span.form.as_mut(),
            false,
            c64::ONE,
            left,
            Plain,
            right,
            Adjoint,
        );
        if weights.crlb > 0.0 && problem.targets() > 0 {
            let scale = c64::new(-weights.crlb * problem.sensing().compact().kappa(), 0.0);
            let count = problem.sensing().compact().directions();
            let left = span.left.as_mut().subcols_mut(0, count);
            ops::gemm(
                left,
                false,
                scale,
                span.targets.as_ref(),
                Plain,
                self.z.as_ref(),
                Plain,
            );
            let (left, right) = (span.left.as_ref().subcols(0, count), span.targets.as_ref());
            ops::gemm(
                span.form.as_mut(),
                true,
                c64::ONE,
                left,
                Plain,
                right,
                Adjoint,
            );
        }
        let values = span.values.of(span.form.as_ref())?;
        let (least, most) = (values[0], values[values.len() - 1]);
        // Outside the span the matrix is zero.
        if values.len() < problem.antennas() {
            return Ok((least.min(0.0), most.max(0.0)));
        }
        Ok((least, most))
    }

    /// The auxiliaries `eta` of the last [`refresh`](Self::refresh).
    pub(super) fn eta(&self) -> &[c64] {
        &self.eta
    }

    /// The auxiliaries `beta` of the last [`refresh`](Self::refresh).
    pub(super) fn beta(&self) -> &[f64] {
        &self.beta
    }
}

impl Span {
    fn new(problem: &SumRateCrlb) -> Self {
        let (users, targets) = (problem.users(), problem.sensing().compact().directions());
        let stacked = ops::hcat(problem.channel(), problem.sensing().transmit());
        let (_, r) = factor::qr_thin(stacked.as_ref());
        let size = r.nrows();
        Self {
            users: r.subcols(0, users).to_owned(),
            targets: r.subcols(users, targets).to_owned(),
            left: Mat::zeros(size, users.max(targets)),
            form: Mat::zeros(size, size),
            values: HermitianEigenvalues::new(size),
        }
    }
}
