//! The gradient of the Lagrangian.

use isac_linalg::{MatRef, c64, ops};

use super::depth::below;
use super::evaluate::inner;
use super::sum::Sum;
use crate::expr::{Affine, HermitianAffine};
use crate::outcome::Multipliers;
use crate::program::Program;

/// Gradient of the Lagrangian by every variable, and its constant.
#[derive(Clone)]
pub(super) struct Gradient {
    pub(super) scalars: Vec<f64>,
    pub(super) matrices: Vec<Sum>,
    pub(super) constant: f64,
}

impl Gradient {
    pub(super) fn zeros(program: &Program) -> Self {
        Self {
            scalars: vec![0.0; program.scalars.len()],
            matrices: program.matrices.iter().map(|m| Sum::zero(m.n)).collect(),
            constant: 0.0,
        }
    }

    pub(super) fn add(&mut self, factor: f64, expression: &Affine) {
        if factor == 0.0 {
            return;
        }
        self.constant += factor * expression.constant;
        for &(id, c) in &expression.scalars {
            self.scalars[id] += factor * c;
        }
        for (id, c) in &expression.matrices {
            self.matrices[*id].add(factor, c);
        }
    }

    fn add_matrix(&mut self, factor: f64, u: MatRef<'_, c64>, expression: &HermitianAffine) {
        if let Some(constant) = &expression.constant {
            self.constant += factor * ops::inner(u, constant.as_ref());
        }
        for (affine, coefficient) in &expression.terms {
            self.add(factor * inner(coefficient, u), affine);
        }
        for (id, weight, t) in &expression.congruences {
            let tu = ops::mul(t.as_ref(), u);
            let product = ops::mul_adjoint(tu.as_ref(), t.as_ref());
            let rest = self.matrices[*id].rest();
            ops::axpy(rest.as_mut(), factor * weight, product.as_ref());
        }
    }

    /// The Lagrangian's gradient; without the objective when `homogeneous`.
    pub(super) fn of(program: &Program, multipliers: &Multipliers, homogeneous: bool) -> Self {
        let mut out = Self::zeros(program);
        if !homogeneous {
            out.add(sign(program), &program.objective);
        }
        for (row, &y) in program.rows.iter().zip(&multipliers.rows) {
            out.add(-y, &row.expression);
            out.constant += y * row.rhs;
        }
        for (lmi, u) in program.lmis.iter().zip(&multipliers.lmis) {
            out.add_matrix(-1.0, u.as_ref(), &lmi.expression);
        }
        for (cone, u) in program.cones.iter().zip(&multipliers.cones) {
            for (entry, &value) in cone.entries.iter().zip(u) {
                out.add(-value, entry);
            }
        }
        out
    }

    /// Norm over free variables, largest violation over cone variables.
    pub(super) fn violations(&self, program: &Program) -> (f64, f64) {
        let (mut free, mut cone) = (0.0, 0.0_f64);
        for (&g, &nonneg) in self.scalars.iter().zip(&program.scalars) {
            if nonneg {
                cone = cone.max(below(g));
            } else {
                free += g * g;
            }
        }
        for (g, data) in self.matrices.iter().zip(&program.matrices) {
            if data.psd {
                cone = cone.max(g.depth(data.real));
            } else {
                let dense = g.dense();
                free += if data.real {
                    let entries = (0..g.n * g.n).map(|k| dense[(k % g.n, k / g.n)].re);
                    entries.map(|x| x * x).sum()
                } else {
                    ops::norm2(dense.as_ref())
                };
            }
        }
        (free.sqrt(), cone)
    }
}

/// What makes a minimisation of the objective.
pub(super) fn sign(program: &Program) -> f64 {
    if program.maximise { -1.0 } else { 1.0 }
}
