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

use isac_linalg::{Col, Mat, MatRef, c64, factor, hermitian, ops, real, validate};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::{Error, StopReason};

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

/// A linear functional `sum_k <G_k, W_k>` of the blocks and the interval it must stay in.
#[derive(Debug, Clone)]
pub struct Functional {
    /// `(block, G)` with Hermitian `G`; blocks not named have `G = 0`.
    pub terms: Vec<(usize, Mat<c64>)>,
    /// Smallest value allowed, `-inf` for none.
    pub lower: f64,
    /// Largest value allowed, `inf` for none.
    pub upper: f64,
}

impl Functional {
    /// A functional that must keep the value it has.
    pub fn equality(terms: Vec<(usize, Mat<c64>)>, value: f64) -> Self {
        Self {
            terms,
            lower: value,
            upper: value,
        }
    }

    /// A functional that must stay `>= lower`.
    pub fn at_least(terms: Vec<(usize, Mat<c64>)>, lower: f64) -> Self {
        Self {
            terms,
            lower,
            upper: f64::INFINITY,
        }
    }

    /// A functional that must stay `<= upper`.
    pub fn at_most(terms: Vec<(usize, Mat<c64>)>, upper: f64) -> Self {
        Self {
            terms,
            lower: f64::NEG_INFINITY,
            upper,
        }
    }

    fn value(&self, factors: &[Mat<c64>]) -> f64 {
        self.terms
            .iter()
            .map(|(k, g)| {
                let v = factors[*k].as_ref();
                ops::inner(ops::mul(g.as_ref(), v).as_ref(), v)
            })
            .sum()
    }
}

/// Options of [`purify`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PurifyOptions {
    /// Eigenvalues below this times the largest of their block are dropped at the start: they are
    /// what an interior-point method leaves of a zero.
    pub rank_cut: f64,
    /// A functional binds when it is this close to an end of its interval, relative to the size
    /// of its terms. Binding functionals keep their value.
    pub binding: f64,
    /// Directions whose relative effect on the binding functionals is below this count as free.
    pub null_cut: f64,
}

impl Default for PurifyOptions {
    fn default() -> Self {
        Self {
            rank_cut: 1e-8,
            binding: 1e-6,
            null_cut: 1e-10,
        }
    }
}

/// What [`purify`] returns.
#[derive(Debug, Clone)]
pub struct Purified {
    /// `V_k` with `W_k = V_k V_k^H`; as many columns as the rank.
    pub factors: Vec<Mat<c64>>,
    /// Functionals that bind at the end, including those that became binding on the way.
    pub binding: Vec<usize>,
    /// Largest change of a binding functional (or excess of another over its interval), relative
    /// to the size of its terms: rounding, plus what `rank_cut` dropped.
    pub drift: f64,
    /// Moves made.
    pub steps: usize,
}

impl Purified {
    /// Rank of every block.
    pub fn ranks(&self) -> Vec<usize> {
        self.factors.iter().map(Mat::ncols).collect()
    }

    /// The blocks `V_k V_k^H`.
    pub fn blocks(&self) -> Vec<Mat<c64>> {
        self.factors
            .iter()
            .map(|v| hermitian::hermitian_part(ops::mul_adjoint(v.as_ref(), v.as_ref()).as_ref()))
            .collect()
    }
}

/// Lowers the ranks of positive semidefinite blocks while every binding functional keeps its value
/// and the others stay in their intervals.
///
/// With `W_k = V_k V_k^H`, a Hermitian `D_k` with `sum_k <V_k^H G_k V_k, D_k> = 0` for all binding
/// functionals gives a line `V_k (I - t D_k) V_k^H` along which they are constant. The move ends
/// where a block loses rank or another functional starts to bind. It ends for good when no such
/// direction is left, at the latest when the squares of the ranks sum to no more than the binding
/// functionals, or when all ranks are at most one.
///
/// An objective need not be listed when the blocks are optimal: it is then a combination of the
/// binding functionals on the ranges of the blocks.
///
/// # Errors
/// Blocks or functionals that are not Hermitian or of the wrong size, a block index out of range, a
/// failed factorisation.
pub fn purify(
    blocks: &[Mat<c64>],
    functionals: &[Functional],
    options: &PurifyOptions,
) -> Result<Purified, Error> {
    check_functionals(blocks, functionals)?;
    let mut factors = Vec::with_capacity(blocks.len());
    for w in blocks {
        factors.push(thin_factor(w.as_ref(), options.rank_cut)?);
    }
    let scale: Vec<f64> = functionals
        .iter()
        .map(|f| {
            let size = f
                .terms
                .iter()
                .map(|(k, g)| ops::norm(g.as_ref()) * ops::norm2(factors[*k].as_ref()));
            size.sum::<f64>().max(f64::MIN_POSITIVE)
        })
        .collect();
    let near = |value: f64, end: f64, j: usize| (value - end).abs() <= options.binding * scale[j];
    let mut binds: Vec<bool> = functionals
        .iter()
        .enumerate()
        .map(|(j, f)| {
            let value = f.value(&factors);
            near(value, f.lower, j) || near(value, f.upper, j)
        })
        .collect();
    let bound_first = binds.clone();
    let first: Vec<f64> = functionals
        .iter()
        .map(|f| {
            f.terms
                .iter()
                .map(|(k, g)| ops::inner(g.as_ref(), blocks[*k].as_ref()))
                .sum()
        })
        .collect();

    let mut steps = 0;
    while factors.iter().any(|v: &Mat<c64>| v.ncols() > 1) {
        let images: Vec<Vec<f64>> = functionals.iter().map(|f| image(f, &factors)).collect();
        let Some(direction) = free_direction(&images, &binds, options.null_cut)? else {
            break;
        };
        advance(&mut factors, functionals, &images, &mut binds, &direction)?;
        steps += 1;
    }

    let drift = functionals
        .iter()
        .enumerate()
        .map(|(j, f)| {
            let value = f.value(&factors);
            let excess = |value: f64| (f.lower - value).max(value - f.upper).max(0.0);
            let change = if bound_first[j] {
                (value - first[j]).abs()
            } else {
                0.0
            };
            // What was outside its interval by solver accuracy may stay there.
            change.max(excess(value) - excess(first[j])) / scale[j]
        })
        .fold(0.0, f64::max);
    Ok(Purified {
        factors,
        binding: (0..binds.len()).filter(|&j| binds[j]).collect(),
        drift,
        steps,
    })
}

fn check_functionals(blocks: &[Mat<c64>], functionals: &[Functional]) -> Result<(), Error> {
    for w in blocks {
        hermitian::check_hermitian("block of a relaxation", w.as_ref())?;
    }
    for f in functionals {
        for (k, g) in &f.terms {
            let Some(w) = blocks.get(*k) else {
                let expected = format!("an index below {}", blocks.len());
                return Err(isac_linalg::Error::range(
                    "block of a functional",
                    *k as f64,
                    expected,
                )
                .into());
            };
            validate::shape("matrix of a functional", g.as_ref(), w.nrows(), w.nrows())?;
            hermitian::check_hermitian("matrix of a functional", g.as_ref())?;
        }
        if f.lower.is_nan() || f.upper.is_nan() || f.lower > f.upper {
            let expected = format!("a number <= the upper end {}", f.upper);
            return Err(
                isac_linalg::Error::range("lower end of a functional", f.lower, expected).into(),
            );
        }
    }
    Ok(())
}

/// `V diag(sqrt l)` over the eigenvalues above the cut.
fn thin_factor(w: MatRef<'_, c64>, cut: f64) -> Result<Mat<c64>, Error> {
    let eigen = factor::eigh(w)?;
    let top = eigen.values.last().copied().unwrap_or(0.0);
    let kept: Vec<usize> = (0..eigen.values.len())
        .filter(|&i| eigen.values[i] > cut * top && eigen.values[i] > 0.0)
        .collect();
    Ok(Mat::from_fn(w.nrows(), kept.len(), |i, j| {
        eigen.vectors[(i, kept[j])] * eigen.values[kept[j]].sqrt()
    }))
}

/// `V_k^H G_k V_k` of all blocks as one real vector in an orthonormal basis of Hermitian matrices.
fn image(functional: &Functional, factors: &[Mat<c64>]) -> Vec<f64> {
    let mut reduced: Vec<Mat<c64>> = factors
        .iter()
        .map(|v| Mat::zeros(v.ncols(), v.ncols()))
        .collect();
    for (k, g) in &functional.terms {
        let v = factors[*k].as_ref();
        let gv = ops::mul(g.as_ref(), v);
        ops::gemm(
            reduced[*k].as_mut(),
            true,
            c64::ONE,
            v,
            ops::Op::Adjoint,
            gv.as_ref(),
            ops::Op::Plain,
        );
    }
    let mut out = Vec::new();
    for a in &reduced {
        for j in 0..a.ncols() {
            out.push(a[(j, j)].re);
            for i in 0..j {
                out.push(a[(i, j)].re * std::f64::consts::SQRT_2);
                out.push(a[(i, j)].im * std::f64::consts::SQRT_2);
            }
        }
    }
    out
}

/// The inverse of the packing of [`image`].
fn unpack(coordinates: &[f64], ranks: &[usize]) -> Vec<Mat<c64>> {
    let mut next = coordinates.iter().copied();
    let mut take = || next.next().unwrap_or(0.0);
    ranks
        .iter()
        .map(|&r| {
            let mut a = Mat::zeros(r, r);
            for j in 0..r {
                a[(j, j)] = c64::from(take());
                for i in 0..j {
                    let value = c64::new(take(), take()) * std::f64::consts::FRAC_1_SQRT_2;
                    a[(i, j)] = value;
                    a[(j, i)] = value.conj();
                }
            }
            a
        })
        .collect()
}

/// A unit vector on which all binding functionals vanish; `None` when only zero does.
fn free_direction(
    images: &[Vec<f64>],
    binds: &[bool],
    cut: f64,
) -> Result<Option<Vec<f64>>, Error> {
    let rows: Vec<&Vec<f64>> = images
        .iter()
        .zip(binds)
        .filter(|(_, binds)| **binds)
        .map(|(row, _)| row)
        .collect();
    let n = images.first().map_or(0, Vec::len);
    if rows.is_empty() {
        return Ok((n > 0).then(|| {
            let mut unit = vec![0.0; n];
            unit[0] = 1.0;
            unit
        }));
    }
    // Square by zero rows, so that the thin decomposition has every right singular vector.
    let a = Mat::from_fn(rows.len().max(n), n, |i, j| {
        rows.get(i).map_or(0.0, |row| {
            row[j] / dot(row, row).sqrt().max(f64::MIN_POSITIVE)
        })
    });
    let svd = real::svd(a.as_ref())?;
    let least = svd.values[n - 1];
    Ok(
        (least <= cut * svd.values[0].max(1.0))
            .then(|| (0..n).map(|i| svd.v[(i, n - 1)]).collect()),
    )
}

/// Moves along a direction to the first event and applies it.
fn advance(
    factors: &mut [Mat<c64>],
    functionals: &[Functional],
    images: &[Vec<f64>],
    binds: &mut [bool],
    direction: &[f64],
) -> Result<(), Error> {
    let ranks: Vec<usize> = factors.iter().map(Mat::ncols).collect();
    let moves = unpack(direction, &ranks);
    let mut eigen = Vec::with_capacity(moves.len());
    for d in &moves {
        eigen.push(factor::eigh(d.as_ref())?);
    }
    let extreme = |sign: f64| {
        let all = eigen
            .iter()
            .flat_map(|e| e.values.iter().map(move |l| sign * l));
        all.fold(0.0, f64::max)
    };
    // First event in either sense: 1 - t l = 0, or a functional meets the end of its interval.
    let event = |sign: f64| {
        let (mut t, mut hit) = (1.0 / extreme(sign), None);
        for (j, f) in functionals.iter().enumerate() {
            if binds[j] {
                continue;
            }
            let (rate, value) = (-sign * dot(&images[j], direction), f.value(factors));
            let room = if rate > 0.0 {
                f.upper - value
            } else {
                value - f.lower
            };
            let reach = room.max(0.0) / rate.abs();
            if reach < t {
                (t, hit) = (reach, Some(j));
            }
        }
        (sign * t, hit)
    };
    // A loss of rank is what is wanted; among equals the shorter move. One of the two is finite
    // because the direction is not zero.
    let key = |(t, hit): &(f64, Option<usize>)| (t.is_infinite(), hit.is_some(), t.abs());
    let (plus, minus) = (event(1.0), event(-1.0));
    let (t, hit) = if key(&plus) <= key(&minus) {
        plus
    } else {
        minus
    };
    if let Some(j) = hit {
        binds[j] = true;
    }
    for (v, e) in factors.iter_mut().zip(&eigen) {
        let kept: Vec<usize> = (0..e.values.len())
            .filter(|&i| 1.0 - t * e.values[i] > 1e-12)
            .collect();
        let turn = Mat::from_fn(v.ncols(), kept.len(), |i, j| {
            e.vectors[(i, kept[j])] * (1.0 - t * e.values[kept[j]]).sqrt()
        });
        *v = ops::mul(v.as_ref(), turn.as_ref());
    }
    Ok(())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
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
