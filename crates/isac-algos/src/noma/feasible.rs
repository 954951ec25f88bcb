//! A point that is feasible beyond doubt, from one that is up to rounding.

use super::evaluate::evaluate;
use super::problem::Scene;
use super::robust::{self, Design, ErrorBall};
use crate::Error;
use isac_linalg::{Mat, c64, ops};

/// The design with as much more power as makes it feasible beyond doubt.
pub(crate) fn feasible(
    scene: &Scene,
    design: &Design,
    ball: ErrorBall,
) -> Result<Option<(Vec<Mat<c64>>, f64)>, Error> {
    let mut more = 0.0_f64;
    while more < 1e-4 {
        let mut factors = design.factors.clone();
        for f in &mut factors {
            ops::scale(f.as_mut(), (1.0 + more).sqrt());
        }
        let evaluation = evaluate(scene, &factors)?;
        let worst = robust::worst_cases(scene, &factors, ball)?;
        if robust::violation(&evaluation, &worst, &design.targets) <= 0.0 {
            return Ok(Some((factors, evaluation.power)));
        }
        more = (2.0 * more).max(1e-12);
    }
    Ok(None)
}
