//! Designs from their factors, judged by the original formulas.

use super::bound::congruence;
use super::design::{Design, ErrorBall, Outcome};
use super::worst_case::{violation, worst_cases};
use crate::Error;
use crate::noma::certificate::Multipliers;
use crate::noma::evaluate::{evaluate, ratios};
use crate::noma::power_min;
use crate::noma::problem::{Scene, Span};
use isac_linalg::{Mat, c64, ops};

/// What a design is made of: factors in antenna space, covariances in span coordinates, multipliers.
pub(super) struct Parts {
    pub(super) factors: Vec<Mat<c64>>,
    pub(super) blocks: Vec<Mat<c64>>,
    pub(super) multipliers: Vec<Mat<c64>>,
    pub(super) sensing: Multipliers,
    pub(super) lower_bound: f64,
    pub(super) iterations: usize,
}

pub(super) fn judged(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ball: ErrorBall,
    parts: Parts,
) -> Result<Design, Error> {
    let Parts {
        factors,
        blocks,
        multipliers,
        sensing,
        lower_bound,
        iterations,
    } = parts;
    let evaluation = evaluate(scene, &factors)?;
    let worst_case = worst_cases(scene, &factors, ball)?;
    let violation = violation(&evaluation, &worst_case, targets);
    // d/dgamma of W_k / gamma inside the block, against its multiplier.
    let mut slope = 0.0;
    for (u, pair) in multipliers.iter().zip(scene.pairs()) {
        let t = congruence(scene, span, ball, pair.decoder);
        let image = ops::mul(t.as_ref(), u.as_ref());
        let whole = ops::mul_adjoint(image.as_ref(), t.as_ref());
        let gamma = targets[pair.message];
        slope += ops::inner(whole.as_ref(), blocks[pair.message].as_ref()) / (gamma * gamma);
    }
    Ok(Design {
        certificate: power_min::Certificate {
            lower_bound,
            relative_gap: (evaluation.power - lower_bound) / evaluation.power,
            violation,
        },
        factors,
        evaluation,
        worst_case,
        multipliers,
        sensing,
        nominal: None,
        slope,
        rank_ratios: ratios(&blocks)?,
        targets: targets.to_vec(),
        iterations,
    })
}

pub(super) fn grade(design: Design, accept: f64) -> Outcome {
    let c = design.certificate;
    if c.violation <= accept && c.relative_gap <= accept {
        Outcome::Solved(Box::new(design))
    } else {
        Outcome::Inaccurate(Box::new(design))
    }
}

/// A design of given factors in antenna space, without multipliers.
pub(crate) fn of_factors(
    scene: &Scene,
    span: &Span,
    ball: ErrorBall,
    factors: Vec<Mat<c64>>,
) -> Result<Design, Error> {
    let blocks = factors
        .iter()
        .map(|f| {
            let seen = span.compress(f.as_ref());
            ops::mul_adjoint(seen.as_ref(), seen.as_ref())
        })
        .collect();
    let r = span.dimension();
    let parts = Parts {
        factors,
        blocks,
        multipliers: vec![Mat::zeros(r + 1, r + 1); scene.pairs().len()],
        sensing: Multipliers::zeros(scene),
        lower_bound: 0.0,
        iterations: 0,
    };
    let tiny = vec![f64::MIN_POSITIVE; scene.users()];
    judged(scene, span, &tiny, ball, parts)
}
