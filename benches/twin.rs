//! Naive twins: the same mathematics with the matrices that published code forms.

#![expect(non_snake_case, reason = "paper notation")]

use isac_linalg::{Error, Mat, c64, factor, ops, real};
use isac_models::array::Steering;

/// Algorithm 1 of \[obs_crlb\] with `Nt x Nt` matrices: `R = W W^H`, the FIM in the paper's block
/// form, `Q_h` and `H Sigma_2 H^H` in full, the shift by their eigenvalues.
#[derive(Debug, Clone)]
pub struct ObsCrlbTwin {
    /// Channels, `Nt x K`.
    pub channel: Mat<c64>,
    /// Transmit steering and its derivatives.
    pub transmit: Steering,
    /// Receive steering and its derivatives.
    pub receive: Steering,
    /// Coefficients of the targets.
    pub alpha: Vec<c64>,
    /// `2 L / sigma_s^2`.
    pub kappa: f64,
    /// Noise of each user.
    pub noise: Vec<f64>,
    /// `Pt`.
    pub power: f64,
    /// `delta_c`, `delta_s`.
    pub weights: (f64, f64),
}

/// The matrices of one iteration.
struct Auxiliary {
    objective: f64,
    eta: Vec<c64>,
    beta: Vec<f64>,
    /// `Q_h`, `Nt x Nt`.
    Q: Mat<c64>,
}

impl ObsCrlbTwin {
    fn sides(&self) -> [(&Mat<c64>, &Mat<c64>); 3] {
        [
            (&self.transmit.value, &self.receive.value),
            (&self.transmit.d_theta, &self.receive.d_theta),
            (&self.transmit.d_phi, &self.receive.d_phi),
        ]
    }

    /// The FIM by the block form (8)-(9) from the `Nt x Nt` covariance.
    fn fim(&self, R: &Mat<c64>) -> Mat<f64> {
        let m = self.alpha.len();
        let sides = self.sides();
        // A_y^H R A_x and B_x^H B_y for the values and both derivatives.
        let mut ara = Vec::new();
        let mut bb = Vec::new();
        for x in 0..3 {
            let RA = ops::mul(R.as_ref(), sides[x].0.as_ref());
            for y in 0..3 {
                ara.push(ops::adjoint_mul(sides[y].0.as_ref(), RA.as_ref()));
                bb.push(ops::adjoint_mul(sides[x].1.as_ref(), sides[y].1.as_ref()));
            }
        }
        // Row p of the derivatives: (block, target) -> pairs (receive side, transmit side, factor).
        let one = c64::ONE;
        let terms = |p: usize| -> (usize, Vec<(usize, usize, c64)>) {
            let (block, i) = (p / m, p % m);
            let a = self.alpha[i];
            let pairs = match block {
                0 => vec![(1, 0, a), (0, 1, a)],
                1 => vec![(2, 0, a), (0, 2, a)],
                2 => vec![(0, 0, one)],
                _ => vec![(0, 0, c64::I)],
            };
            (i, pairs)
        };
        Mat::from_fn(4 * m, 4 * m, |p, q| {
            let ((i, left), (j, right)) = (terms(p), terms(q));
            let mut sum = c64::ZERO;
            for &(b_p, a_p, f_p) in &left {
                for &(b_q, a_q, f_q) in &right {
                    // a_j^H R a_i and b_i^H b_j.
                    let echo = ara[3 * a_p + a_q][(j, i)] * bb[3 * b_p + b_q][(i, j)];
                    sum += f_p.conj() * f_q * echo;
                }
            }
            self.kappa * sum.re
        })
    }

    fn auxiliary(&self, W: &Mat<c64>) -> Result<Auxiliary, Error> {
        let users = self.channel.ncols();
        let (rate_weight, crlb_weight) = self.weights;
        let R = ops::mul_adjoint(W.as_ref(), W.as_ref());
        let coupling = ops::adjoint_mul(self.channel.as_ref(), W.as_ref());
        let (mut eta, mut beta, mut sum_rate) = (Vec::new(), Vec::new(), 0.0);
        for k in 0..users {
            let total: f64 = (0..W.ncols()).map(|j| coupling[(k, j)].norm_sqr()).sum();
            let signal = coupling[(k, k)].norm_sqr();
            let interference = total - signal + self.noise[k];
            sum_rate += (signal / interference).ln_1p();
            eta.push(coupling[(k, k)].conj() / interference);
            beta.push(signal / (interference * (total + self.noise[k])));
        }
        let F = self.fim(&R);
        let n = F.nrows();
        let scale: Vec<f64> = (0..n).map(|p| F[(p, p)].sqrt()).collect();
        let scaled = Mat::from_fn(n, n, |p, q| F[(p, q)] / (scale[p] * scale[q]));
        let inverse = real::cholesky("F", scaled.as_ref())?.inverse();
        let inverse = Mat::from_fn(n, n, |p, q| inverse[(p, q)] / (scale[p] * scale[q]));
        let trace: f64 = (0..n).map(|p| inverse[(p, p)]).sum();
        let Phi = real::mul(inverse.as_ref(), inverse.as_ref());
        Ok(Auxiliary {
            objective: rate_weight * sum_rate - crlb_weight * trace,
            eta,
            beta,
            Q: self.quadratic(&Phi),
        })
    }

    /// `kappa sum_pq Phi_pq G_p^H G_q` with the `Nt x Nt` products of Eq. (24): `kappa S Z S^H`.
    fn quadratic(&self, Phi: &Mat<f64>) -> Mat<c64> {
        let m = self.alpha.len();
        let sides = self.sides();
        let stack = |side: fn(&(&Mat<c64>, &Mat<c64>)) -> Mat<c64>| {
            let all: Vec<Mat<c64>> = sides.iter().map(side).collect();
            ops::hcat(
                ops::hcat(all[0].as_ref(), all[1].as_ref()).as_ref(),
                all[2].as_ref(),
            )
        };
        let (S, T) = (stack(|s| s.0.clone()), stack(|s| s.1.clone()));
        let gram = ops::adjoint_mul(T.as_ref(), T.as_ref());
        let X = |p: usize| {
            let (block, i) = (p / m, p % m);
            let mut x = Mat::<c64>::zeros(3 * m, 3 * m);
            match block {
                0 | 1 => {
                    let far = (block + 1) * m + i;
                    x[(far, i)] = self.alpha[i];
                    x[(i, far)] = self.alpha[i];
                }
                2 => x[(i, i)] = c64::ONE,
                _ => x[(i, i)] = c64::I,
            }
            x
        };
        let mut Z = Mat::<c64>::zeros(3 * m, 3 * m);
        for p in 0..4 * m {
            let mut Y = Mat::<c64>::zeros(3 * m, 3 * m);
            for q in 0..4 * m {
                ops::axpy(Y.as_mut(), Phi[(p, q)], X(q).as_ref());
            }
            let left = ops::mul(gram.as_ref(), X(p).as_ref());
            let term = ops::adjoint_mul(left.as_ref(), Y.as_ref());
            ops::axpy(Z.as_mut(), self.kappa, term.as_ref());
        }
        let SZ = ops::mul(S.as_ref(), Z.as_ref());
        let Q = ops::mul_adjoint(SZ.as_ref(), S.as_ref());
        isac_linalg::hermitian::hermitian_part(Q.as_ref())
    }

    /// The objective.
    ///
    /// # Errors
    /// A singular FIM.
    pub fn objective(&self, W: &Mat<c64>) -> Result<f64, Error> {
        Ok(self.auxiliary(W)?.objective)
    }

    /// One update (29)-(33) with the shift rule `comm`; returns the objective before it.
    ///
    /// # Errors
    /// A singular FIM or an eigenvalue iteration that fails.
    pub fn step(&self, W: &Mat<c64>) -> Result<(Mat<c64>, f64), Error> {
        let (n, users) = (W.nrows(), self.channel.ncols());
        let (rate_weight, crlb_weight) = self.weights;
        let aux = self.auxiliary(W)?;
        let weighted = Mat::from_fn(n, users, |i, k| self.channel[(i, k)] * aux.beta[k]);
        let interference = ops::mul_adjoint(weighted.as_ref(), self.channel.as_ref());
        let values = factor::eigvalsh(interference.as_ref())?;
        let shift = rate_weight * values[n - 1];
        let C2 = Mat::from_fn(n, n, |i, j| {
            let own = if i == j { shift } else { 0.0 };
            aux.Q[(i, j)] * crlb_weight - interference[(i, j)] * rate_weight + own
        });
        let mut next = ops::mul(C2.as_ref(), W.as_ref());
        for k in 0..users {
            for i in 0..n {
                next[(i, k)] += self.channel[(i, k)] * aux.eta[k].conj() * rate_weight;
            }
        }
        let norm = ops::norm(next.as_ref());
        ops::scale(next.as_mut(), self.power.sqrt() / norm);
        Ok((next, aux.objective))
    }

    /// Runs to the released stop test, spectral norm of the change below `tolerance`; returns the
    /// beamformer, its objective and the number of iterations.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn solve(
        &self,
        start: &Mat<c64>,
        tolerance: f64,
        max_iterations: usize,
    ) -> Result<(Mat<c64>, f64, usize), Error> {
        let mut W = start.clone();
        ops::scale(W.as_mut(), self.power.sqrt() / ops::norm(start.as_ref()));
        for iteration in 1..=max_iterations {
            let (next, _) = self.step(&W)?;
            let change = factor::singular_values((&next - &W).as_ref())?[0];
            W = next;
            if change < tolerance {
                let objective = self.objective(&W)?;
                return Ok((W, objective, iteration));
            }
        }
        let objective = self.objective(&W)?;
        Ok((W, objective, max_iterations))
    }
}

#[cfg(test)]
mod tests {
    use crate::instances::{ObsCrlb, obs_crlb};
    use isac_algos::obs_crlb::sca::{self, Coordinates, Stop};

    #[test]
    fn the_twin_computes_what_the_library_computes() {
        let ObsCrlb {
            problem,
            start,
            twin,
        } = obs_crlb(16, 10.0, 1).unwrap();
        let merit = problem.merit(start.as_ref()).unwrap();
        let naive = twin.objective(&start).unwrap();
        assert!((merit.objective - naive).abs() < 1e-9 * naive.abs());
        let options = sca::Options {
            safeguard: false,
            stop: Stop::Step(0.0),
            max_iterations: 20,
            coordinates: Coordinates::ReducedExact,
            ..sca::Options::default()
        };
        let ours = sca::solve(&problem, start.as_ref(), &options).unwrap();
        let (_, objective, iterations) = twin.solve(&start, 0.0, 20).unwrap();
        assert_eq!(iterations, 20);
        assert!((ours.merit.objective - objective).abs() < 1e-9 * objective.abs());
    }
}
