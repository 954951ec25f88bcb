//! Feasibility apart from the objective: how far all constraints can be kept together.

use super::expr::{Affine, Coefficient};
use super::outcome::Multipliers;
use super::program::{Program, RowData, Sense};

/// Least `s + sum (p + q)` with every inequality, norm constraint and matrix inequality loosened by `s`
/// times its size (`s >= -1`; negative where there is room) and every equality by `p - q`.
///
/// Always feasible and bounded. A positive optimum has multipliers that prove infeasibility; a negative
/// one a point that keeps all inequalities strictly.
pub(super) fn elastic(program: &Program) -> Program {
    let mut out = program.clone();
    let s = out.scalars.len();
    out.scalars.push(false);
    let mut cost = Affine {
        scalars: vec![(s, 1.0)],
        ..Affine::default()
    };
    for row in &mut out.rows {
        let size = size(&row.expression, row.rhs);
        match row.sense {
            Sense::AtLeast => row.expression.scalars.push((s, size)),
            Sense::AtMost => row.expression.scalars.push((s, -size)),
            Sense::Equal => {
                for sign in [1.0, -1.0] {
                    let id = out.scalars.len();
                    out.scalars.push(true);
                    row.expression.scalars.push((id, sign * size));
                    cost.scalars.push((id, 1.0));
                }
            }
        }
    }
    for cone in &mut out.cones {
        let size = cone
            .entries
            .iter()
            .map(|entry| size(entry, entry.constant))
            .fold(0.0, f64::max);
        cone.entries[0].scalars.push((s, size));
    }
    for lmi in &mut out.lmis {
        let constant = lmi.expression.constant.as_ref();
        let mut size = constant.map_or(0.0, |c| isac_linalg::ops::norm_max(c.as_ref()));
        for (affine, _) in &lmi.expression.terms {
            size = size.max(affine.constant.abs());
        }
        let size = if size > 0.0 { size } else { 1.0 };
        let own = Affine {
            scalars: vec![(s, size)],
            ..Affine::default()
        };
        lmi.expression.add_term(own, Coefficient::identity());
    }
    out.rows.push(RowData {
        name: "room".into(),
        expression: Affine {
            scalars: vec![(s, 1.0)],
            ..Affine::default()
        },
        sense: Sense::AtLeast,
        rhs: -1.0,
    });
    out.objective = cost;
    out.maximise = false;
    out
}

/// The multipliers of the constraints themselves.
pub(super) fn own_multipliers(program: &Program, mut multipliers: Multipliers) -> Multipliers {
    multipliers.rows.truncate(program.rows.len());
    multipliers
}

fn size(expression: &Affine, constant: f64) -> f64 {
    if constant != 0.0 {
        return constant.abs();
    }
    let scalars = expression.scalars.iter().map(|(_, c)| c.abs());
    let matrices = expression.matrices.iter().map(|(_, c)| c.weight.abs());
    let top = scalars.chain(matrices).fold(0.0, f64::max);
    if top > 0.0 { top } else { 1.0 }
}
