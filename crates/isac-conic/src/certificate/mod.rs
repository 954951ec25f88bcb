//! What a returned point or ray is worth, recomputed from the program as it was written.
//!
//! Nothing here knows how the program was solved, reduced or scaled. A matrix of the point may be given as
//! `t I + U C U^H`; it is judged as what it is, whether or not the columns of `U` are orthonormal. With the program as a
//! minimisation of `f`, rows `a_i(x) - b_i`, matrix inequalities `F_l(x)` and cones `q(x)`, the
//! Lagrangian is
//!
//! ```math
//! L(x) = f(x) - sum_i y_i (a_i(x) - b_i) - sum_l <U_l, F_l(x)> - sum_q u_q^T q(x)
//! ```
//!
//! Its gradient must lie in the dual of the variables' own cones (zero for free variables) and its
//! constant is the dual objective.
//!
//! **Bound.** Where rows, norm constraints or the objective itself bound the variables, what the
//! gradient lacks to lie in its cone is paid for with those bounds: the result holds exactly.
//!
//! **Rays.** Multipliers with value 1 (the constant of `-L` without `f`) and gradient violation
//! `e` prove that every feasible point has `sum tr X + sum |x| >= 1/e`, the sum over all
//! variables: nothing below that norm is feasible, and nothing is said above it. They prove
//! infeasibility where exact multipliers exist beside them, or where bounds on the variables pay for
//! `e` (`proof`). A direction excludes dual points in the same two ways.

use isac_linalg::{Mat, c64, ops};

use bound::lower_bound;
use depth::{below, depth};
use evaluate::{Evaluator, accumulate};
use gradient::{Gradient, sign};
use sum::{Sum, least_of_low_rank};
use system::System;

use super::expr::{Affine, Coefficient, Data, HermitianAffine};
use super::outcome::{Dimacs, Farkas, Multipliers, Options, Outcome, Point, Ray};
use super::program::{Program, Sense};
use super::value::Value;
use crate::Error;

mod bound;
#[cfg(test)]
mod by_hand;
mod depth;
mod evaluate;
mod exact;
mod face;
mod gradient;
mod interior;
mod proof;
mod semidefinite;
mod sum;
mod system;

pub(super) use interior::interior;

/// Objectives (of the minimisation), errors and bound of a point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    pub(crate) primal: f64,
    pub(crate) dual: f64,
    pub(crate) dimacs: Dimacs,
    /// The worst of the same errors over data and values alone, without the 1 that hides all that is
    /// smaller where everything is.
    pub(crate) scale_free: f64,
    pub(crate) bound: Option<f64>,
}

impl Point {
    /// Value of an affine expression.
    ///
    /// # Errors
    /// A variable of another program in it, or a part that does not fit.
    pub fn value(&self, expression: &Affine) -> Result<f64, Error> {
        self.knows(expression)?;
        Ok(Evaluator::new(self).value(expression))
    }

    /// Value of a matrix expression.
    ///
    /// # Errors
    /// A variable of another program in it, or a part that does not fit.
    pub fn matrix_value(&self, expression: &HermitianAffine) -> Result<Mat<c64>, Error> {
        self.knows_matrix(expression)?;
        Ok(Evaluator::new(self).matrix(expression, true))
    }
}

/// [`depth`] of a matrix of the point; 0 where it is less than the rounding of the entries, which says
/// nothing of a sign.
fn value_depth(value: &Value) -> f64 {
    let n = value.order();
    let rounding = n as f64 * f64::EPSILON * value.trace().abs();
    let depth = raw_depth(value);
    if depth <= rounding { 0.0 } else { depth }
}

fn raw_depth(value: &Value) -> f64 {
    let least = value
        .compact()
        .and_then(|c| least_of_low_rank(&c.outside, &c.u, &c.core));
    least.map_or_else(|| depth(value.dense().as_ref()), below)
}

/// `|parts| - bound`.
fn cone_excess(values: &[f64]) -> f64 {
    values[1..].iter().map(|v| v * v).sum::<f64>().sqrt() - values[0]
}

/// Largest violation of the signs and cones of the multipliers.
fn multiplier_violation(program: &Program, multipliers: &Multipliers) -> f64 {
    let mut worst = 0.0_f64;
    for (row, &y) in program.rows.iter().zip(&multipliers.rows) {
        worst = worst.max(match row.sense {
            Sense::Equal => below(if y.is_nan() { y } else { 0.0 }),
            Sense::AtLeast => below(y),
            Sense::AtMost => below(-y),
        });
    }
    for u in &multipliers.lmis {
        worst = worst.max(depth(u.as_ref()));
    }
    for u in &multipliers.cones {
        worst = worst.max(below(-cone_excess(u)));
    }
    worst
}

/// Largest modulus of all constants of constraints.
pub(super) fn constants(program: &Program) -> f64 {
    let rows = program.rows.iter().map(|row| row.rhs.abs());
    let cones = program.cones.iter().flat_map(|cone| &cone.entries);
    let mut top = rows
        .chain(cones.map(|entry| entry.constant.abs()))
        .fold(0.0, f64::max);
    for lmi in &program.lmis {
        let mut total = match &lmi.expression.constant {
            Some(constant) => constant.clone(),
            None => Mat::zeros(lmi.expression.n, lmi.expression.n),
        };
        for (affine, coefficient) in &lmi.expression.terms {
            accumulate(&mut total, affine.constant, coefficient);
        }
        top = top.max(ops::norm_max(total.as_ref()));
    }
    top
}

/// Largest modulus of a coefficient's entries; of pooled vectors a bound of it.
fn largest_entry(coefficient: &Coefficient) -> f64 {
    let of_list = |list: &[(usize, usize, c64)]| {
        let moduli = list.iter().map(|(_, _, a)| a.norm());
        moduli.fold(0.0, f64::max)
    };
    let largest = match &coefficient.data {
        Data::Identity => 1.0,
        Data::Dense(a) => ops::norm_max(a.as_ref().as_ref()),
        Data::Sparse(entries) => of_list(entries),
        Data::Factor { vectors, core } => {
            of_list(core) * ops::norm_max(vectors.as_ref().as_ref()).powi(2)
        }
    };
    largest * coefficient.weight.abs()
}

/// For each scalar the largest modulus of what it adds, at 1, to an entry of a matrix inequality.
pub(super) fn scalar_sizes(program: &Program) -> Vec<f64> {
    let mut sizes = vec![0.0_f64; program.scalars.len()];
    for lmi in &program.lmis {
        for (affine, coefficient) in &lmi.expression.terms {
            let entry = largest_entry(coefficient);
            for &(id, factor) in &affine.scalars {
                sizes[id] = sizes[id].max((factor * entry).abs());
            }
        }
    }
    sizes
}

/// A bound of what a matrix variable of a point adds to an entry of a matrix inequality.
pub(super) fn matrix_share(program: &Program, point: &Point) -> f64 {
    let congruences = program.lmis.iter().flat_map(|l| &l.expression.congruences);
    let share = |(id, weight, t): &(usize, f64, Mat<c64>)| {
        weight.abs() * point.matrices[*id].trace().abs() * ops::norm2(t.as_ref())
    };
    congruences.map(share).fold(0.0, f64::max)
}

/// Objectives and errors of a point with its multipliers.
pub(crate) fn report(program: &Program, point: &Point, multipliers: &Multipliers) -> Report {
    let gradient = Gradient::of(program, multipliers, false);
    let objective = {
        let mut out = Gradient::zeros(program);
        out.add(sign(program), &program.objective);
        out
    };
    let values = Evaluator::new(point);
    let primal_top = constants(program);
    let primal_scale = 1.0 + primal_top;
    let dual_top = objective
        .scalars
        .iter()
        .map(|c| c.abs())
        .chain(objective.matrices.iter().map(Sum::largest))
        .fold(0.0, f64::max);
    let dual_scale = 1.0 + dual_top;

    let (mut equality, mut cone, mut products) = (0.0, 0.0_f64, 0.0);
    for (row, &y) in program.rows.iter().zip(&multipliers.rows) {
        let slack = values.linear(&row.expression) - row.rhs;
        match row.sense {
            Sense::Equal => equality += slack * slack,
            Sense::AtLeast => cone = cone.max(below(slack)),
            Sense::AtMost => cone = cone.max(below(-slack)),
        }
        if row.sense != Sense::Equal {
            products += y * slack;
        }
    }
    for (lmi, u) in program.lmis.iter().zip(&multipliers.lmis) {
        let value = values.matrix(&lmi.expression, true);
        cone = cone.max(depth(value.as_ref()));
        products += ops::inner(u.as_ref(), value.as_ref());
    }
    for (data, u) in program.cones.iter().zip(&multipliers.cones) {
        let entries: Vec<f64> = data.entries.iter().map(|e| values.value(e)).collect();
        cone = cone.max(below(-cone_excess(&entries)));
        products += entries.iter().zip(u).map(|(a, b)| a * b).sum::<f64>();
    }
    // Variables have sizes of their own, constraints that of their constants.
    let constraints = cone;
    let (mut own, mut largest) = (0.0_f64, 0.0_f64);
    for (id, &nonneg) in program.scalars.iter().enumerate() {
        largest = largest.max(point.scalars[id].abs());
        if nonneg {
            own = own.max(below(point.scalars[id]));
            products += point.scalars[id] * gradient.scalars[id];
        }
    }
    for (id, data) in program.matrices.iter().enumerate() {
        if data.psd {
            largest = largest.max(point.matrices[id].trace().abs());
            own = own.max(value_depth(&point.matrices[id]));
            products += gradient.matrices[id].inner(id, &values);
        }
    }

    cone = cone.max(own);
    let (free, dual_cone) = gradient.violations(program);
    let signs = multiplier_violation(program, multipliers);
    let primal = sign(program) * values.value(&program.objective);
    let dual = gradient.constant;
    let gap_scale = 1.0 + primal.abs() + dual.abs();
    let dimacs = Dimacs {
        primal_equality: equality.sqrt() / primal_scale,
        primal_cone: cone / primal_scale,
        dual_equality: free / dual_scale,
        dual_cone: dual_cone.max(signs) / dual_scale,
        gap: (primal - dual) / gap_scale,
        complementarity: products / gap_scale,
    };
    // The same over `top + min(top, 1)`.
    let one = |top: f64| if top > 0.0 { top.min(1.0) } else { 1.0 };
    let primal_free = equality.sqrt().max(constraints) / (one(primal_top) + primal_top);
    let dual_free = free.max(dual_cone) / (one(dual_top) + dual_top);
    let share = |part: f64, whole: f64| if part > 0.0 { part / whole } else { 0.0 };
    let gap_free = gap_scale / (one(primal_top) * one(dual_top) + primal.abs() + dual.abs());
    let scale_free = primal_free
        .max(dual_free)
        .max(share(own, largest.max(one(primal_top))))
        .max(share(signs, multipliers.norm().max(one(dual_top))))
        .max(dimacs.gap.abs().max(dimacs.complementarity.abs()) * gap_free);
    Report {
        primal,
        dual,
        dimacs,
        scale_free,
        bound: lower_bound(program, multipliers, primal, gradient),
    }
}

/// Error of a ray up to which it is worth looking for a proof beside it.
const NEARLY: f64 = 1e-3;

/// What a ray of multipliers excludes: every point, those below a norm, or (`None`) nothing worth
/// saying.
pub(crate) fn excluded(
    program: &Program,
    mut multipliers: Multipliers,
    iterations: usize,
    options: &Options,
) -> Option<Outcome> {
    let error = infeasibility(program, &mut multipliers)?;
    if error.is_nan() || error > NEARLY {
        return None;
    }
    let proved = proof::proves(&System::of_multipliers(program, &multipliers));
    let radius = if proved {
        f64::INFINITY
    } else {
        multipliers.clipped(program).radius(program)
    };
    let farkas = Farkas {
        multipliers,
        error,
        radius,
        iterations,
    };
    if proved {
        return Some(Outcome::Infeasible(farkas));
    }
    (radius >= 1.0 / options.ray_tolerance).then_some(Outcome::NoPointBelow(farkas))
}

/// What a direction proves about the dual, as [`excluded`] for the program.
pub(crate) fn unlimited(
    program: &Program,
    mut direction: Point,
    iterations: usize,
    options: &Options,
) -> Option<Outcome> {
    let error = unboundedness(program, &mut direction)?;
    if error.is_nan() || error > NEARLY {
        return None;
    }
    let proved = proof::proves(&System::of_direction(program, &direction));
    let radius = if proved {
        f64::INFINITY
    } else {
        direction.clipped(program).radius(program)
    };
    let ray = Ray {
        direction,
        error,
        radius,
        iterations,
    };
    if proved {
        return Some(Outcome::Unbounded(ray));
    }
    (radius >= 1.0 / options.ray_tolerance).then_some(Outcome::NoMultipliersBelow(ray))
}

/// Scales multipliers to value 1 and returns the error of the proof of infeasibility; `None` when
/// their value is not positive.
fn infeasibility(program: &Program, multipliers: &mut Multipliers) -> Option<f64> {
    let value = Gradient::of(program, multipliers, true).constant;
    if !(value.is_finite() && value > 0.0) {
        return None;
    }
    multipliers.scale(1.0 / value);
    let gradient = Gradient::of(program, multipliers, true);
    let (free, cone) = gradient.violations(program);
    Some(
        free.max(cone)
            .max(multiplier_violation(program, multipliers)),
    )
}

/// Scales a direction to an improvement of 1 and returns its largest violation; `None` when it does
/// not improve the objective.
fn unboundedness(program: &Program, direction: &mut Point) -> Option<f64> {
    let improvement = -sign(program) * Evaluator::new(direction).linear(&program.objective);
    if !(improvement.is_finite() && improvement > 0.0) {
        return None;
    }
    direction.scale(1.0 / improvement);
    Some(homogeneous_violation(program, direction))
}

/// Largest violation of the homogeneous constraints by a direction.
fn homogeneous_violation(program: &Program, direction: &Point) -> f64 {
    let values = Evaluator::new(direction);
    let mut worst = 0.0_f64;
    for row in &program.rows {
        let value = values.linear(&row.expression);
        worst = worst.max(match row.sense {
            Sense::Equal => value.abs(),
            Sense::AtLeast => below(value),
            Sense::AtMost => below(-value),
        });
    }
    for lmi in &program.lmis {
        let value = values.matrix(&lmi.expression, false);
        worst = worst.max(depth(value.as_ref()));
    }
    for cone in &program.cones {
        let entries: Vec<f64> = cone.entries.iter().map(|e| values.linear(e)).collect();
        worst = worst.max(below(-cone_excess(&entries)));
    }
    for (id, &nonneg) in program.scalars.iter().enumerate() {
        if nonneg {
            worst = worst.max(below(direction.scalars[id]));
        }
    }
    for (id, data) in program.matrices.iter().enumerate() {
        if data.psd {
            worst = worst.max(value_depth(&direction.matrices[id]));
        }
    }
    worst
}

/// Largest coefficient of the constraints, times what rounding adds to sums of them.
fn rounding(program: &Program) -> f64 {
    let of = |expression: &Affine| {
        let scalars = expression.scalars.iter().map(|(_, c)| c.abs());
        let matrices = expression.matrices.iter().map(|(id, c)| {
            let (a, noise) = system::dense(c, program.matrices[*id].n);
            ops::norm(a.as_ref()) + noise
        });
        scalars.chain(matrices).fold(0.0, f64::max)
    };
    let rows = program.rows.iter().map(|row| of(&row.expression));
    let cones = program.cones.iter().flat_map(|cone| &cone.entries).map(of);
    let lmis = program.lmis.iter().flat_map(|lmi| {
        let n = lmi.expression.n;
        let terms = lmi.expression.terms.iter();
        terms.map(move |(a, c)| of(a) * ops::norm(system::dense(c, n).0.as_ref()))
    });
    64.0 * f64::EPSILON * rows.chain(cones).chain(lmis).fold(1.0, f64::max)
}

/// No multiplier of any constraint.
pub(super) fn no_multipliers(program: &Program) -> Multipliers {
    Multipliers::zeros(program)
}

impl Multipliers {
    /// None of any constraint.
    pub(super) fn zeros(program: &Program) -> Self {
        let lmis = program.lmis.iter().map(|lmi| lmi.expression.n);
        Self {
            rows: vec![0.0; program.rows.len()],
            lmis: lmis.map(|n| Mat::zeros(n, n)).collect(),
            cones: (program.cones.iter())
                .map(|cone| vec![0.0; cone.entries.len()])
                .collect(),
            ..Self::default()
        }
    }

    /// The nearest multipliers of the right signs, so to speak: what is missing is added.
    pub(super) fn clipped(&self, program: &Program) -> Self {
        let mut out = self.clone();
        for (row, y) in program.rows.iter().zip(&mut out.rows) {
            *y = match row.sense {
                Sense::Equal => *y,
                Sense::AtLeast => y.max(0.0),
                Sense::AtMost => y.min(0.0),
            };
        }
        for u in &mut out.lmis {
            let missing = depth(u.as_ref());
            for i in 0..u.nrows() {
                u[(i, i)] += missing;
            }
        }
        for u in &mut out.cones {
            u[0] += below(-cone_excess(u));
        }
        out
    }

    /// Sum of all moduli and traces.
    fn norm(&self) -> f64 {
        let lists = self.rows.iter().chain(self.cones.iter().flatten());
        let traces = (self.lmis.iter()).map(|u| (0..u.nrows()).map(|i| u[(i, i)].re).sum::<f64>());
        lists.map(|y| y.abs()).sum::<f64>() + traces.sum::<f64>()
    }

    /// The norm below which these multipliers, of the right signs, exclude every point.
    fn radius(&self, program: &Program) -> f64 {
        let gradient = Gradient::of(program, self, true);
        let (free, cone) = gradient.violations(program);
        let error = free.max(cone) + rounding(program) * self.norm();
        (gradient.constant / error).max(0.0)
    }

    fn scale(&mut self, factor: f64) {
        self.rows.iter_mut().for_each(|y| *y *= factor);
        for u in &mut self.lmis {
            ops::scale(u.as_mut(), factor);
        }
        self.cones.iter_mut().flatten().for_each(|u| *u *= factor);
    }
}

impl Point {
    /// The direction with what it lacks of the variables' own cones added.
    fn clipped(&self, program: &Program) -> Self {
        let mut out = self.clone();
        for (x, &nonneg) in out.scalars.iter_mut().zip(&program.scalars) {
            if nonneg {
                *x = x.max(0.0);
            }
        }
        for (x, data) in out.matrices.iter_mut().zip(&program.matrices) {
            let missing = if data.psd { value_depth(x) } else { 0.0 };
            if missing > 0.0 {
                let dense = ops::shifted(x.dense().as_ref(), missing);
                *x = dense.into();
            }
        }
        out
    }

    /// The norm below which this direction, inside the variables' cones, excludes every multiplier.
    fn radius(&self, program: &Program) -> f64 {
        let values = Evaluator::new(self);
        let improvement = -sign(program) * values.linear(&program.objective);
        let norm = self.scalars.iter().map(|x| x.abs()).sum::<f64>()
            + (self.matrices.iter())
                .map(|x| ops::norm(x.dense().as_ref()))
                .sum::<f64>();
        let error = homogeneous_violation(program, self) + rounding(program) * norm;
        (improvement / error).max(0.0)
    }

    fn scale(&mut self, factor: f64) {
        self.scalars.iter_mut().for_each(|x| *x *= factor);
        self.matrices.iter_mut().for_each(|x| x.scale(factor));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A point as the reduction leaves it and with all its entries is the same point.
    #[test]
    fn kept_forms_are_judged_as_their_entries() {
        let v = Mat::from_fn(30, 3, |i, k| {
            c64::new(
                (1.7 * i as f64 + k as f64).sin(),
                (i as f64 * k as f64).cos(),
            )
        });
        // With a surplus of trace outside the span, and without.
        for surplus in [false, true] {
            let mut program = Program::new();
            let w = program.psd("W", 30);
            for k in 0..3 {
                program.at_least(format!("floor {k}"), w.quadratic(v.col(k)), 1.0 + k as f64);
            }
            if surplus {
                program.at_least("trace", w.trace(), 5.0);
                program.minimise(w.quadratic(v.col(0)) + w.trace() * 0.01);
            } else {
                program.minimise(w.trace());
            }
            let Outcome::Solved(solution) = program.solve(&Options::default()).unwrap() else {
                panic!("not solved");
            };
            assert_eq!(solution.reductions[0].surplus, surplus);
            let mut dense = solution.point.clone();
            for value in &mut dense.matrices {
                assert!(value.compact().is_some());
                *value = value.dense().clone().into();
            }
            let report = report(&program, &dense, &solution.multipliers);
            let pairs = report
                .dimacs
                .errors()
                .into_iter()
                .zip(solution.dimacs.errors());
            for (a, b) in pairs {
                assert!((a - b).abs() < 1e-12, "{surplus}: {a:e} {b:e}");
            }
        }
    }
}
