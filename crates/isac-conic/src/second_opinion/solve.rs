//! Cone programs from validation to verdict.

use isac_linalg::MatRef;

use super::clarabel;
use super::qp::{ConeOutcome, ConeQp};
use crate::{Error, Options};

impl ConeQp {
    /// Solves the program. Of the options, `reduce` and `form` have no meaning here.
    ///
    /// # Errors
    /// Sizes that do not fit, entries that are not finite, a Hessian that is not symmetric positive
    /// semidefinite, no variable.
    pub fn solve(&self, options: &Options) -> Result<ConeOutcome, Error> {
        self.validate()?;
        let raw = clarabel::run(self, options)?;
        Ok(self.judge(raw, options))
    }
}

/// Solves `min 1/2 d^T H d + g^T d` subject to `A d <= b` and `E d = e`; the inequalities'
/// multipliers come first. Either matrix may have no rows.
///
/// # Errors
/// As for [`ConeQp::solve`].
pub fn quadratic_program(
    h: MatRef<'_, f64>,
    g: &[f64],
    (a, b): (MatRef<'_, f64>, &[f64]),
    (e, d): (MatRef<'_, f64>, &[f64]),
    options: &Options,
) -> Result<ConeOutcome, Error> {
    let mut qp = ConeQp::new(g.to_vec());
    qp.hessian(h);
    qp.at_most(a, b);
    qp.equal(e, d);
    qp.solve(options)
}
