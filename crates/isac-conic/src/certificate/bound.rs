//! What the multipliers prove about the optimal value, whatever the errors are.

use super::depth::below;
use super::gradient::{Gradient, sign};
use crate::expr::{Affine, Coefficient, Data};
use crate::outcome::Multipliers;
use crate::program::{Program, Sense};

/// A lower bound of the minimisation that holds whatever the errors are (up to rounding in this
/// function): multipliers are clipped into their cones, and what the gradient lacks to lie in its
/// cone is paid for with bounds on the variables that rows, norm constraints and the objective
/// imply. `None` when a variable that has to be paid for has no such bound.
pub(super) fn lower_bound(
    program: &Program,
    multipliers: &Multipliers,
    primal: f64,
    gradient: Gradient,
) -> Option<f64> {
    let clipped = multipliers.clipped(program);
    let gradient = if clipped == *multipliers {
        gradient
    } else {
        Gradient::of(program, &clipped, false)
    };
    // Whatever is better than the point satisfies this too; the bound never claims more.
    let ceiling = primal + 1e-6 * (1.0 + primal.abs());
    let limits = Limits::of(program, ceiling);
    let mut bound = gradient.constant;
    for (id, &nonneg) in program.scalars.iter().enumerate() {
        let g = gradient.scalars[id];
        let missing = if nonneg { below(g) } else { g.abs() };
        if missing > 0.0 {
            bound -= missing * limits.scalars[id]?;
        }
    }
    for (id, data) in program.matrices.iter().enumerate() {
        let g = &gradient.matrices[id];
        if data.psd {
            let missing = g.depth(data.real);
            if missing > 0.0 {
                bound -= missing * limits.traces[id]?;
            }
        } else if g.largest() > 0.0 {
            return None;
        }
    }
    bound.is_finite().then_some(bound.min(ceiling))
}

/// Bounds on traces and on moduli of scalars.
pub(super) struct Limits {
    pub(super) traces: Vec<Option<f64>>,
    pub(super) scalars: Vec<Option<f64>>,
}

impl Limits {
    /// With points no worse than the ceiling.
    fn of(program: &Program, ceiling: f64) -> Self {
        let mut out = Self::of_constraints(program);
        let own = sign(program);
        let room = ceiling - own * program.objective.constant;
        out.budget(program, &program.objective, own, room);
        out
    }

    /// By the constraints alone.
    pub(super) fn of_constraints(program: &Program) -> Self {
        let mut out = Self {
            traces: vec![None; program.matrices.len()],
            scalars: vec![None; program.scalars.len()],
        };
        for row in &program.rows {
            if row.sense != Sense::AtLeast {
                out.budget(program, &row.expression, 1.0, row.rhs);
            }
            if row.sense != Sense::AtMost {
                out.budget(program, &row.expression, -1.0, -row.rhs);
            }
        }
        for cone in program.cones.iter().filter(|c| c.entries[0].is_constant()) {
            for part in &cone.entries[1..] {
                if let ([(id, c)], [], true) =
                    (&part.scalars[..], &part.matrices[..], part.constant == 0.0)
                    && *c != 0.0
                {
                    let limit = cone.entries[0].constant / c.abs();
                    tighten(&mut out.scalars[*id], limit);
                }
            }
        }
        out
    }

    /// Uses `factor * expression <= room` when every term is nonnegative on its cone.
    fn budget(&mut self, program: &Program, expression: &Affine, factor: f64, room: f64) {
        let scalars = expression.scalars.iter();
        let fine = scalars
            .clone()
            .all(|&(id, c)| program.scalars[id] && factor * c >= 0.0)
            && expression.matrices.iter().all(|(id, coefficient)| {
                program.matrices[*id].psd && visibly_psd(coefficient, factor)
            });
        if !fine || room < 0.0 {
            return;
        }
        for &(id, c) in scalars.filter(|(_, c)| *c != 0.0) {
            tighten(&mut self.scalars[id], room / (factor * c));
        }
        for (id, coefficient) in &expression.matrices {
            let weight = factor * coefficient.weight;
            if matches!(coefficient.data, Data::Identity) && weight > 0.0 {
                tighten(&mut self.traces[*id], room / weight);
            }
        }
    }
}

fn tighten(limit: &mut Option<f64>, value: f64) {
    *limit = Some(limit.map_or(value, |old| old.min(value)));
}

/// Whether a coefficient is positive semidefinite by its form alone.
fn visibly_psd(coefficient: &Coefficient, factor: f64) -> bool {
    let weight = factor * coefficient.weight;
    match &coefficient.data {
        Data::Identity => weight >= 0.0,
        Data::Factor { core: entries, .. } | Data::Sparse(entries) => {
            entries.iter().all(|e| e.0 == e.1 && weight * e.2.re >= 0.0)
        }
        Data::Dense(_) => false,
    }
}
