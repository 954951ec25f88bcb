//! Covariances of several vectors over the same coordinates that share budgets: the relaxation behind
//! vectors `w_s` with `F_s = w_s w_s^H` and `F = sum_s F_s`, whose least of several concave figures of `F` is to
//! be largest.

use std::ops::Range;

use isac_linalg::{Col, ColRef, Mat, MatRef, c64, ops, validate};

use crate::Error;
use crate::balls::check_balls;
use crate::conic::{
    Affine, Coefficient, HermitianAffine, MatrixVar, Options, Outcome, Program, ScalarVar,
};

/// `F_1..F_S >= 0` under floors and budgets, and the figures of which the least is maximised.
///
/// ```
/// use isac_linalg::{Mat, c64};
/// use isac_opt::sdr::{Covariances, Found};
/// // Two vectors of three entries: the second is heard as noise by the first, and all is seen along `a`.
/// let x = Mat::from_fn(3, 2, |i, j| c64::new(1.0, (i * j) as f64));
/// let mut all = Covariances::new(3, 2, &[(0..3, 4.0)])?;
/// all.floor("heard", &[0.5, -1.0], x.col(0), 1.0)?;
/// all.figure("seen", x.as_ref().subcols(1, 1))?;
/// let Found::Solved(best) = all.solve(&Default::default())? else {
///     return Err("no verified solution".into());
/// };
/// assert!(best.bound.is_some_and(|bound| bound >= best.worst * (1.0 - 1e-8)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Covariances {
    program: Program,
    blocks: Vec<MatrixVar>,
    order: usize,
    worst: ScalarVar,
    /// All budgets together.
    total: f64,
}

/// Limits of variables stand this far beyond what the constraints imply: they never bind, and let the multipliers
/// prove a bound that holds whatever their errors.
const BEYOND: f64 = 2.0;

/// How a program of [`Covariances`] ended.
#[derive(Debug, Clone)]
pub enum Found {
    /// Covariances, accurate or as accurate as was possible: judge them by the original formulas.
    Solved(Best),
    /// No covariances meet floors and budgets, by multipliers that exclude every point.
    Infeasible,
    /// Neither.
    Unknown,
}

/// Covariances with the least of their figures.
#[derive(Debug, Clone)]
pub struct Best {
    /// `F_1..F_S`.
    pub covariances: Vec<Mat<c64>>,
    /// Least figure, as the solver has it.
    pub worst: f64,
    /// No covariances have a larger least figure: what the multipliers prove whatever their errors.
    pub bound: Option<f64>,
}

impl Covariances {
    /// So many covariances of an order under budgets: `sum_s` of the trace of `F_s` over coordinates is at most a
    /// budget > 0.
    ///
    /// # Errors
    /// Coordinates of budgets that are not just all, each once; a budget that is not positive.
    pub fn new(order: usize, count: usize, budgets: &[(Range<usize>, f64)]) -> Result<Self, Error> {
        let covered: usize = check_balls(budgets, order)?.iter().map(|b| b.0.len()).sum();
        if covered != order || order == 0 {
            let expected = format!("ranges that hold each of 0..{order} once");
            let got = format!("{budgets:?}");
            return Err(isac_linalg::Error::shape("budgets", expected, got).into());
        }
        let mut program = Program::new();
        let blocks: Vec<MatrixVar> = (0..count)
            .map(|s| program.psd(format!("F_{s}"), order))
            .collect();
        let worst = program.nonneg("worst");
        let mut whole = Affine::default();
        for block in &blocks {
            whole += block.trace();
        }
        let total = budgets.iter().map(|(_, most)| most).sum();
        program.at_most("all budgets", whole, BEYOND * total);
        for (k, (coordinates, most)) in budgets.iter().enumerate() {
            validate::positive(&format!("budget {k}"), *most, "")?;
            if coordinates.is_empty() {
                continue;
            }
            let units = Mat::from_fn(order, coordinates.len(), |i, j| {
                let inside = i == coordinates.start + j;
                c64::new(if inside { 1.0 } else { 0.0 }, 0.0)
            });
            let ones = vec![1.0; coordinates.len()];
            let mut spent = Affine::default();
            for block in &blocks {
                spent += block.pool(units.as_ref(), &ones);
            }
            program.at_most(format!("budget {k}"), spent, *most);
        }
        program.maximise(worst);
        Ok(Self {
            program,
            blocks,
            order,
            worst,
            total,
        })
    }

    /// `sum_s weights_s x^H F_s x >= least`.
    ///
    /// # Errors
    /// Weights or a vector of another length; a number that is not finite.
    pub fn floor(
        &mut self,
        name: &str,
        weights: &[f64],
        x: ColRef<'_, c64>,
        least: f64,
    ) -> Result<(), Error> {
        self.check(weights, x)?;
        let mut left = Affine::default();
        for (block, weight) in self.blocks.iter().zip(weights) {
            left += block.quadratic(x) * *weight;
        }
        self.program.at_least(name, left, least);
        Ok(())
    }

    /// `sum_s weights_s (x + d)^H F_s (x + d) >= least` for every `d` whose parts `d_k`, the coordinates
    /// `balls_k`, have `||d_k|| <= radius_k`; coordinates in no ball are certain.
    ///
    /// One multiplier per ball (S-procedure). With at most two balls the matrix inequality is equivalent, as
    /// complex quadratic forms have no duality gap under two constraints; with more it is sufficient, so what
    /// is found is safe and the bound is that of the safe set.
    ///
    /// # Errors
    /// As [`floor`](Self::floor); a ball outside the coordinates, a radius that is negative.
    pub fn robust_floor(
        &mut self,
        name: &str,
        weights: &[f64],
        x: ColRef<'_, c64>,
        balls: &[(Range<usize>, f64)],
        least: f64,
    ) -> Result<(), Error> {
        self.check(weights, x)?;
        let uncertain = check_balls(balls, self.order)?;
        let places: Vec<usize> = uncertain.iter().flat_map(|(c, _)| c.clone()).collect();
        if places.is_empty() {
            return self.floor(name, weights, x, least);
        }
        // Every ball in units of its radius: the last column is the centre.
        let free = places.len();
        let radius_of: Vec<f64> = uncertain
            .iter()
            .flat_map(|(c, r)| c.clone().map(move |_| *r))
            .collect();
        let t = Mat::from_fn(self.order, free + 1, |i, j| {
            if j == free {
                x[i]
            } else if places[j] == i {
                c64::new(radius_of[j], 0.0)
            } else {
                c64::ZERO
            }
        });
        let mut block = HermitianAffine::constant(Mat::from_fn(free + 1, free + 1, |i, j| {
            c64::new(if i == free && j == free { -least } else { 0.0 }, 0.0)
        }));
        for (own, weight) in self.blocks.iter().zip(weights) {
            block += own.congruence(t.as_ref()) * *weight;
        }
        let mut first = 0;
        let mut all = Affine::default();
        for (k, (coordinates, _)) in uncertain.iter().enumerate() {
            let tau = self.program.nonneg(format!("multiplier {k} of {name}"));
            all += tau;
            let mut pencil: Vec<_> = (first..first + coordinates.len())
                .map(|i| (i, i, c64::ONE))
                .collect();
            pencil.push((free, free, -c64::ONE));
            block.add_term(tau, Coefficient::sparse(&pencil));
            first += coordinates.len();
        }
        self.program.lmi(name, block);
        // The last diagonal entry: all multipliers are at most what is heard less the floor.
        let weight = weights.iter().fold(0.0, |m: f64, w| m.max(*w));
        let heard = weight * ops::norm2(x.as_mat()) * self.total;
        let limit = BEYOND * (heard - least).max(heard * f64::EPSILON);
        self.program.at_most(format!("limit of {name}"), all, limit);
        Ok(())
    }

    /// A figure `sum_k x_k^H F x_k` over the columns of `vectors`.
    ///
    /// # Errors
    /// Vectors of another height.
    pub fn figure(&mut self, name: &str, vectors: MatRef<'_, c64>) -> Result<(), Error> {
        validate::shape("vectors", vectors, self.order, vectors.ncols())?;
        let ones = vec![1.0; vectors.ncols()];
        let mut seen = Affine::default();
        for block in &self.blocks {
            seen += block.pool(vectors, &ones);
        }
        self.program.at_least(name, seen, self.worst);
        self.limit(name, ops::norm2(vectors));
        Ok(())
    }

    /// No figure is above its gain times all budgets.
    fn limit(&mut self, name: &str, gain: f64) {
        let most = BEYOND * gain * self.total;
        self.program
            .at_most(format!("limit of {name}"), self.worst, most);
    }

    /// A figure `t` with `J(F) - size t e e^T >= 0` for `J(F) = sum_k B_k^H F B_k` and the last unit vector `e`:
    /// the Schur complement of the last entry of `J`, over `size`. It is what is known of the last parameter
    /// where `J` is an information and the others are unknown.
    ///
    /// # Errors
    /// No maps, or maps of another height or of differing widths; a size that is not positive.
    pub fn information(&mut self, name: &str, maps: &[Mat<c64>], size: f64) -> Result<(), Error> {
        validate::positive("size", size, "")?;
        let width = maps.first().map_or(0, Mat::ncols);
        if width == 0 {
            return Err(isac_linalg::Error::shape("maps", "at least one column", "none").into());
        }
        let mut block = HermitianAffine::zeros(width);
        for map in maps {
            validate::shape("map", map.as_ref(), self.order, width)?;
            for own in &self.blocks {
                block += own.congruence(map.as_ref());
            }
        }
        let last = Coefficient::sparse(&[(width - 1, width - 1, c64::new(-size, 0.0))]);
        block.add_term(self.worst, last);
        self.program.lmi(name, block);
        let gain: f64 = (maps.iter())
            .map(|map| ops::norm2(map.as_ref().subcols(width - 1, 1)))
            .sum();
        self.limit(name, gain / size);
        Ok(())
    }

    /// Solves.
    ///
    /// # Errors
    /// Data that the conic solver refuses; a breakdown.
    pub fn solve(&self, options: &Options) -> Result<Found, Error> {
        let solution = match self.program.solve(options)? {
            Outcome::Solved(solution) | Outcome::Inaccurate(solution) => solution,
            Outcome::Infeasible(_) => return Ok(Found::Infeasible),
            Outcome::NoPointBelow(_)
            | Outcome::Unbounded(_)
            | Outcome::NoMultipliersBelow(_)
            | Outcome::IllPosed(_)
            | Outcome::Unknown(_) => return Ok(Found::Unknown),
        };
        let covariances = self.blocks.iter().map(|b| solution.matrix(*b).cloned());
        Ok(Found::Solved(Best {
            covariances: covariances.collect::<Result<_, _>>()?,
            worst: solution.scalar(self.worst)?,
            bound: solution.bound,
        }))
    }

    fn check(&self, weights: &[f64], x: ColRef<'_, c64>) -> Result<(), Error> {
        validate::length("weights", weights.len(), self.blocks.len())?;
        validate::finite_list("weights", weights)?;
        validate::shape("vector", x.as_mat(), self.order, 1)?;
        Ok(())
    }
}

/// The vector of the strongest direction that keeps `x^H W x`: `W x / sqrt(x^H W x)`, for which
/// `W - w w^H >= 0`. `None` where `x` sees nothing of `W`.
pub fn seen_component(w: MatRef<'_, c64>, x: ColRef<'_, c64>) -> Option<Col<c64>> {
    let image = w * x;
    let seen = ops::dot(x, image.as_ref()).re;
    (seen > 0.0).then(|| Col::from_fn(image.nrows(), |i| image[i] / seen.sqrt()))
}
