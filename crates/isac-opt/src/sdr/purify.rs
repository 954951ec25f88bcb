//! Lower rank at equal values of the binding functionals.

use isac_linalg::{Mat, MatRef, c64, factor, hermitian, ops, real, validate};
use serde::{Deserialize, Serialize};

use crate::Error;

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
