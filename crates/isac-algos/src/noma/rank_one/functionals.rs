//! The demands as functionals of the covariances, for the purification.

use crate::noma::problem::{Scene, Span};
use isac_linalg::{Mat, c64, hermitian, ops};
use isac_opt::sdr::Functional;

/// All constraints as functionals of the covariances. The cross-correlations count as fixed
/// when their bound is tight.
pub(super) fn functionals(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    covariances: &[Mat<c64>],
) -> Vec<Functional> {
    let sensing = scene.sensing();
    let users = scene.users();
    let outer = |x: &Mat<c64>, i: usize| ops::mul_adjoint(x.subcols(i, 1), x.subcols(i, 1));
    let hermitian = |g: Mat<c64>| hermitian::hermitian_part(g.as_ref());
    let mut list = Vec::new();
    let sic = scene.mode().sic;
    for pair in scene.pairs() {
        let h = hermitian(outer(&span.channels, pair.decoder));
        let mut terms = Vec::new();
        for i in 0..users {
            let weight = if i == pair.message {
                1.0 / targets[pair.message]
            } else if sic.disturbs(pair.message, i) {
                -1.0
            } else {
                continue;
            };
            let mut g = h.clone();
            ops::scale(g.as_mut(), weight);
            terms.push((i, g));
        }
        list.push(Functional::at_least(terms, 1.0));
    }
    let everywhere =
        |g: &Mat<c64>| -> Vec<(usize, Mat<c64>)> { (0..users).map(|k| (k, g.clone())).collect() };
    let value = |g: &Mat<c64>| -> f64 {
        let all = covariances.iter();
        all.map(|w| ops::inner(g.as_ref(), w.as_ref())).sum()
    };
    for m in 0..scene.targets() {
        let g = hermitian(outer(&span.steering, m));
        list.push(Functional::at_least(everywhere(&g), sensing.floor));
    }
    let mut energy = 0.0;
    let mut crosses = Vec::new();
    for (p, m) in scene.target_pairs() {
        let mut g = outer(&span.steering, p);
        ops::axpy(g.as_mut(), -1.0, outer(&span.steering, m).as_ref());
        list.push(Functional {
            terms: everywhere(&hermitian(g)),
            lower: -sensing.difference,
            upper: sensing.difference,
        });
        let cross = ops::mul_adjoint(span.steering.subcols(p, 1), span.steering.subcols(m, 1));
        for turn in [c64::ONE, c64::I] {
            let turned = Mat::from_fn(cross.nrows(), cross.ncols(), |i, j| cross[(i, j)] * turn);
            let g = hermitian(turned);
            let v = value(&g);
            energy += v * v;
            crosses.push((g, v));
        }
    }
    if let Some(radius) = scene.cross_correlation_radius()
        && energy.sqrt() >= radius * (1.0 - 1e-4)
    {
        for (g, v) in &crosses {
            list.push(Functional::equality(everywhere(g), *v));
        }
    }
    if scene.mode().ordering {
        for l in 0..users {
            let h = hermitian(outer(&span.channels, l));
            let mut minus = h.clone();
            ops::scale(minus.as_mut(), -1.0);
            for i in 1..users {
                let terms = vec![(i - 1, h.clone()), (i, minus.clone())];
                list.push(Functional::at_least(terms, 0.0));
            }
        }
    }
    list
}
