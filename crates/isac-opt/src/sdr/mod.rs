//! From the matrices of a semidefinite relaxation to vectors: how far from rank one they are,
//! purification to lower rank at equal values, a penalty method, and randomisation as last resort.
//!
//! A relaxation replaces `w_k w_k^H` by positive semidefinite `W_k`. Its value is attained by vectors
//! when every `W_k` has rank one ([`rank_report`]). If not, [`purify`] moves inside the set of
//! matrices with the same values of all binding functionals until
//!
//! ```math
//! \sum_k \operatorname{rank}(W_k)^2 \le \text{number of binding functionals},
//! ```
//!
//! which is rank one for every block whenever the functionals are few enough. Beyond that no method
//! is exact: [`rank_one_by_penalty`] re-solves with a cost that favours rank one and
//! [`randomise`] draws candidates. Both report what they found and what it costs; neither hides a
//! failure.
//!
//! ```
//! use isac_linalg::{c64, Mat};
//! use isac_opt::sdr::{purify, Functional, PurifyOptions};
//! // Three functionals, one block: a matrix of rank one has the same three values.
//! let w: Mat<c64> = Mat::identity(4, 4);
//! let diagonal = |p: usize| {
//!     let e = Mat::from_fn(4, 4, |i, j| c64::from(if i == p && j == p { 1.0 } else { 0.0 }));
//!     Functional::equality(vec![(0, e)], 1.0)
//! };
//! let kept: Vec<_> = (0..3).map(diagonal).collect();
//! let pure = purify(&[w], &kept, &PurifyOptions::default())?;
//! assert_eq!(pure.ranks(), [1]);
//! assert!(pure.drift < 1e-12);
//! # Ok::<(), isac_opt::Error>(())
//! ```

use isac_linalg::{Col, Mat, MatRef, c64, factor, hermitian, validate};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::{Error, StopReason};

mod covariances;
mod purify;

pub use covariances::{Best, Covariances, Found, seen_component};
pub use purify::{Functional, Purified, PurifyOptions, purify};

/// Spectrum of one block of a relaxation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockRank {
    /// Eigenvalues, descending.
    pub eigenvalues: Vec<f64>,
    /// Number of eigenvalues above the cut times the largest; 0 for a zero block.
    pub rank: usize,
    /// Second eigenvalue over the first; 0 for a block of order one or a zero block.
    pub ratio: f64,
}

/// Ranks of all blocks, with eigenvalues below `relative_cut` times the largest of the block
/// counted as zero.
///
/// # Errors
/// A block that is not Hermitian or not finite, a failed eigendecomposition.
pub fn rank_report(blocks: &[Mat<c64>], relative_cut: f64) -> Result<Vec<BlockRank>, Error> {
    blocks
        .iter()
        .map(|w| {
            hermitian::check_hermitian("block of a relaxation", w.as_ref())?;
            let mut eigenvalues = factor::eigvalsh(w.as_ref())?;
            eigenvalues.reverse();
            let top = eigenvalues.first().copied().unwrap_or(0.0).max(0.0);
            let rank = eigenvalues
                .iter()
                .filter(|&&l| l > relative_cut * top)
                .count();
            let second = eigenvalues.get(1).copied().unwrap_or(0.0).max(0.0);
            Ok(BlockRank {
                rank: if top > 0.0 { rank } else { 0 },
                ratio: if top > 0.0 { second / top } else { 0.0 },
                eigenvalues,
            })
        })
        .collect()
}

/// `sqrt(l_1) v_1`, the best rank-one factor of a positive semidefinite matrix, with the phase that
/// makes its largest entry real and positive. A zero matrix gives the zero vector.
///
/// # Errors
/// A matrix that is not Hermitian or not finite, a failed eigendecomposition.
pub fn principal_component(w: MatRef<'_, c64>) -> Result<Col<c64>, Error> {
    hermitian::check_hermitian("block of a relaxation", w)?;
    let eigen = factor::eigh(w)?;
    let Some(&top) = eigen.values.last() else {
        return Ok(Col::zeros(0));
    };
    let v = eigen.vectors.col(eigen.values.len() - 1);
    let mut largest = c64::ZERO;
    for i in 0..v.nrows() {
        if v[i].norm() > largest.norm() * (1.0 + 1e-12) {
            largest = v[i];
        }
    }
    let factor = largest.conj() / largest.norm() * top.max(0.0).sqrt();
    Ok(Col::from_fn(v.nrows(), |i| v[i] * factor))
}

/// Cost `weight (tr W - v^H W v)` added to a block by [`rank_one_by_penalty`]: zero exactly for
/// multiples of `v v^H`.
#[derive(Debug, Clone)]
pub struct Penalty {
    /// Weight, in the units of the caller's cost per unit of trace.
    pub weight: f64,
    /// Unit vector `v`.
    pub direction: Col<c64>,
}

/// Options of [`rank_one_by_penalty`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PenaltyOptions {
    /// First weights; each is a run of its own and the cheapest result wins. Small ones give better
    /// results, large ones converge more often.
    pub first_weights: Vec<f64>,
    /// Factor of the weight every third step.
    pub growth: f64,
    /// Most steps of a run.
    pub max_steps: usize,
    /// Every block's second eigenvalue is at most this times its first at the end.
    pub ratio: f64,
}

impl Default for PenaltyOptions {
    fn default() -> Self {
        Self {
            first_weights: vec![1e-3, 1e-2, 0.1, 1.0],
            growth: 3.0,
            max_steps: 30,
            ratio: 1e-6,
        }
    }
}

/// One run of the penalty method.
#[derive(Debug, Clone, PartialEq)]
pub struct PenaltyRun {
    /// Its first weight.
    pub first_weight: f64,
    /// Programs solved.
    pub steps: usize,
    /// Largest eigenvalue ratio at its end.
    pub ratio: f64,
    /// Cost without penalty at its end.
    pub cost: f64,
    /// `Tolerance` for rank one, `Stagnation` when the caller had no answer, `IterationLimit`.
    pub stopped: StopReason,
}

/// The cheapest rank-one blocks found, and every run.
#[derive(Debug, Clone)]
pub struct RankOne {
    /// `(cost, blocks)` of the cheapest run that reached rank one; `None` when none did.
    pub best: Option<(f64, Vec<Mat<c64>>)>,
    /// The runs, in the order of the first weights.
    pub runs: Vec<PenaltyRun>,
}

/// Looks for rank-one blocks by solving again and again with the penalty
/// `weight sum_k (tr W_k - v_k^H W_k v_k)`, `v_k` the last principal eigenvectors.
///
/// `resolve` solves the caller's program with these extra costs and returns the blocks and their
/// cost *without* them, or `None` when it has no answer. Each step is a full program, so all its
/// constraints hold in the result; for fixed weight the penalised cost falls monotonically.
///
/// # Errors
/// Blocks that are not Hermitian, no first weight, options out of range; whatever `resolve`
/// returns.
pub fn rank_one_by_penalty<E: From<Error>>(
    start: &[Mat<c64>],
    options: &PenaltyOptions,
    mut resolve: impl FnMut(&[Penalty]) -> Result<Option<(f64, Vec<Mat<c64>>)>, E>,
) -> Result<RankOne, E> {
    check_penalty(options)?;
    let mut out = RankOne {
        best: None,
        runs: Vec::new(),
    };
    for &first_weight in &options.first_weights {
        let mut run = PenaltyRun {
            first_weight,
            steps: 0,
            ratio: worst_ratio(start)?,
            cost: f64::NAN,
            stopped: StopReason::IterationLimit,
        };
        let mut weight = first_weight;
        let mut blocks = start.to_vec();
        while run.steps < options.max_steps {
            if run.steps > 0 && run.steps.is_multiple_of(3) {
                weight *= options.growth;
            }
            let mut penalties = Vec::with_capacity(blocks.len());
            for w in &blocks {
                penalties.push(Penalty {
                    weight,
                    direction: unit_principal(w.as_ref())?,
                });
            }
            run.steps += 1;
            let Some((cost, next)) = resolve(&penalties)? else {
                run.stopped = StopReason::Stagnation;
                break;
            };
            (run.cost, blocks) = (cost, next);
            run.ratio = worst_ratio(&blocks)?;
            if run.ratio <= options.ratio {
                run.stopped = StopReason::Tolerance;
                if out.best.as_ref().is_none_or(|(best, _)| cost < *best) {
                    out.best = Some((cost, blocks));
                }
                break;
            }
        }
        out.runs.push(run);
    }
    Ok(out)
}

fn check_penalty(options: &PenaltyOptions) -> Result<(), Error> {
    if options.first_weights.is_empty() {
        return Err(isac_linalg::Error::range("first_weights", 0.0, "at least one weight").into());
    }
    for &weight in &options.first_weights {
        validate::positive("first_weights", weight, "")?;
    }
    validate::positive("growth", options.growth, "")?;
    validate::nonnegative("ratio", options.ratio, "")?;
    Ok(())
}

fn worst_ratio(blocks: &[Mat<c64>]) -> Result<f64, Error> {
    let report = rank_report(blocks, 0.0)?;
    Ok(report
        .iter()
        .fold(0.0, |worst, block| worst.max(block.ratio)))
}

fn unit_principal(w: MatRef<'_, c64>) -> Result<Col<c64>, Error> {
    let eigen = factor::eigh(w)?;
    Ok(eigen
        .vectors
        .col(eigen.values.len().saturating_sub(1))
        .to_owned())
}

/// Draws `w_k = W_k^(1/2) z_k` with standard complex Gaussian `z_k` and keeps the best candidate.
///
/// `score` repairs a candidate and returns its cost with whatever should be kept, or `None` when it
/// has no feasible repair. The principal components are the first candidate. Returns the cheapest
/// and how many candidates were feasible.
///
/// # Errors
/// Blocks that are not Hermitian; whatever `score` returns.
pub fn randomise<T, E: From<Error>>(
    blocks: &[Mat<c64>],
    draws: usize,
    rng: &mut impl Rng,
    mut score: impl FnMut(&[Col<c64>]) -> Result<Option<(f64, T)>, E>,
) -> Result<(Option<(f64, T)>, usize), E> {
    let mut roots = Vec::with_capacity(blocks.len());
    let mut candidate = Vec::with_capacity(blocks.len());
    for w in blocks {
        candidate.push(principal_component(w.as_ref())?);
        roots.push(hermitian::sqrt_factor(w.as_ref()).map_err(Error::from)?);
    }
    let (mut best, mut feasible) = (None::<(f64, T)>, 0);
    for draw in 0..=draws {
        if draw > 0 {
            candidate = roots.iter().map(|f| f * gaussian(f.ncols(), rng)).collect();
        }
        if let Some((cost, kept)) = score(&candidate)? {
            feasible += 1;
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, kept));
            }
        }
    }
    Ok((best, feasible))
}

/// Entries with independent real and imaginary parts of variance 1/2, by the polar form.
fn gaussian(n: usize, rng: &mut impl Rng) -> Col<c64> {
    Col::from_fn(n, |_| {
        let radius = (-(1.0 - rng.random::<f64>()).ln()).sqrt();
        c64::from_polar(radius, std::f64::consts::TAU * rng.random::<f64>())
    })
}
