//! Whether a point lies inside the constraints by more than rounding.

use isac_linalg::{Mat, ops};

use super::cone_excess;
use super::evaluate::Evaluator;
use super::semidefinite::{UNIT, semidefinite};
use super::system::dense;
use crate::expr::Affine;
use crate::outcome::Point;
use crate::program::{Program, Sense};

/// Whether a point keeps all inequalities, norm constraints and matrix inequalities with room to spare
/// for rounding: a whole neighbourhood of it does, which leaves no gap to the dual.
pub(in super::super) fn interior(program: &Program, point: &Point) -> bool {
    let values = Evaluator::new(point);
    let size = |a: &Affine| {
        let scalars = a
            .scalars
            .iter()
            .map(|&(id, c)| (c * point.scalars[id]).abs());
        let matrices = a.matrices.iter().map(|(id, c)| {
            let (c, noise) = dense(c, program.matrices[*id].n);
            (ops::norm(c.as_ref()) + noise) * ops::norm(point.matrices[*id].dense().as_ref())
        });
        let own = a.constant.abs() + scalars.sum::<f64>() + matrices.sum::<f64>();
        UNIT * own * (8.0 + a.scalars.len() as f64 + 40.0 * a.matrices.len() as f64)
    };
    let rows = program.rows.iter().all(|row| {
        let slack = values.linear(&row.expression) - row.rhs;
        let error = size(&row.expression) + 2.0 * UNIT * row.rhs.abs();
        match row.sense {
            Sense::Equal => false,
            Sense::AtLeast => slack > error,
            Sense::AtMost => -slack > error,
        }
    });
    let cones = program.cones.iter().all(|cone| {
        let entries: Vec<f64> = cone.entries.iter().map(|e| values.value(e)).collect();
        let error: f64 = cone.entries.iter().map(size).sum();
        cone_excess(&entries) < -error
    });
    rows && cones
        && program.lmis.iter().all(|lmi| {
            let n = lmi.expression.n;
            let value = values.matrix(&lmi.expression, true);
            let mut error = Mat::<f64>::zeros(n, n);
            let mut add = |i: usize, j: usize, e: f64| error[(i, j)] += e;
            for (affine, coefficient) in &lmi.expression.terms {
                let (c, noise) = dense(coefficient, n);
                let own = size(affine);
                let count = 8.0 + lmi.expression.terms.len() as f64;
                for j in 0..n {
                    for i in 0..n {
                        add(i, j, own * (c[(i, j)].norm() + noise / UNIT) * count);
                    }
                }
            }
            for (id, w, t) in &lmi.expression.congruences {
                let x = ops::norm(point.matrices[*id].dense().as_ref());
                let own = UNIT * (t.nrows() + 8) as f64 * 4.0 * w.abs() * x;
                let norm = |j: usize| {
                    let squares = t.col_as_slice(j).iter().map(|z| z.norm_sqr());
                    squares.sum::<f64>().sqrt()
                };
                for j in 0..n {
                    for i in 0..n {
                        add(i, j, own * norm(i) * norm(j));
                    }
                }
            }
            for j in 0..n {
                for i in 0..n {
                    add(i, j, UNIT * value[(i, j)].norm());
                }
            }
            semidefinite(value.as_ref(), error.as_ref())
        })
}
