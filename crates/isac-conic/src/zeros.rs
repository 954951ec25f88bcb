//! The face that zeros on the diagonal of a matrix inequality show.
//!
//! A semidefinite matrix with a zero on its diagonal has a zero row and column there: where a diagonal
//! entry vanishes identically, the entries beside it are equations. Without them such a program may
//! have a value that its dual, or any method that lets constraints slip by little, never sees.

use isac_linalg::{Mat, c64};

use super::expr::{Affine, Coefficient, HermitianAffine};
use super::gather;
use super::program::{LmiData, Program, RowData, Sense};

/// What the zeros show.
pub(super) enum Shown {
    /// The same program with the equations, its matrix inequalities without those rows and columns.
    Face(Box<Program>),
    /// An entry that is a number other than zero would have to vanish: there is no point.
    Nothing,
}

/// Equations by zeros on diagonals, repeated until no more appear; `None` without any.
pub(super) fn shown(program: &Program) -> Option<Shown> {
    let mut out = program.clone();
    let mut fixed = vec![false; program.scalars.len()];
    let mut found = false;
    loop {
        let mut changed = false;
        for at in 0..out.lmis.len() {
            let Some(i) = zero_row(&out.lmis[at].expression, &fixed) else {
                continue;
            };
            (changed, found) = (true, true);
            let lmi = out.lmis[at].clone();
            for (k, entry) in beside(&lmi, i).into_iter().enumerate() {
                let entry = live(entry, &fixed);
                if entry.is_constant() {
                    if entry.constant != 0.0 {
                        return Some(Shown::Nothing);
                    }
                    continue;
                }
                if let ([(id, c)], [], true) = (
                    &entry.scalars[..],
                    &entry.matrices[..],
                    entry.constant == 0.0,
                ) && *c != 0.0
                {
                    fixed[*id] = true;
                }
                let rhs = 0.0 - entry.constant;
                out.rows.push(RowData {
                    name: format!("entry {k} beside a zero of `{}`", lmi.name),
                    expression: Affine {
                        constant: 0.0,
                        ..entry
                    },
                    sense: Sense::Equal,
                    rhs,
                });
            }
            out.lmis[at].expression = without(&lmi.expression, i);
        }
        if !changed {
            break;
        }
    }
    // A matrix inequality of no rows says nothing.
    out.lmis.retain(|lmi| lmi.expression.n > 0);
    found.then_some(Shown::Face(Box::new(out)))
}

/// An expression without variables that are zero.
fn live(mut expression: Affine, fixed: &[bool]) -> Affine {
    let mut scalars: Vec<(usize, f64)> = Vec::new();
    for (id, c) in expression.scalars.drain(..).filter(|(id, _)| !fixed[*id]) {
        match scalars.iter_mut().find(|(other, _)| *other == id) {
            Some((_, sum)) => *sum += c,
            None => scalars.push((id, c)),
        }
    }
    scalars.retain(|(_, c)| *c != 0.0);
    expression.scalars = scalars;
    expression
}

fn vanishes(expression: &Affine, fixed: &[bool]) -> bool {
    let rest = live(expression.clone(), fixed);
    rest.is_constant() && rest.constant == 0.0
}

/// A diagonal entry that vanishes whatever the variables are.
fn zero_row(expression: &HermitianAffine, fixed: &[bool]) -> Option<usize> {
    let n = expression.n;
    let mut used = vec![false; n];
    if let Some(constant) = &expression.constant {
        for (i, used) in used.iter_mut().enumerate() {
            *used |= constant[(i, i)] != c64::ZERO;
        }
    }
    for (affine, coefficient) in &expression.terms {
        let entries = gather::upper(coefficient, n);
        if entries.iter().all(|e| e.0 != e.1 || used[e.0]) || vanishes(affine, fixed) {
            continue;
        }
        for (i, _, _) in entries.iter().filter(|e| e.0 == e.1 && e.2 != c64::ZERO) {
            used[*i] = true;
        }
    }
    for (_, _, t) in &expression.congruences {
        for (i, used) in used.iter_mut().enumerate() {
            *used |= t.col_as_slice(i).iter().any(|z| *z != c64::ZERO);
        }
    }
    used.iter().position(|used| !used)
}

/// Real and imaginary parts of the other entries of a row whose diagonal entry vanishes. (Congruences
/// have a zero column there.)
fn beside(lmi: &LmiData, i: usize) -> Vec<Affine> {
    let n = lmi.expression.n;
    let mut out = vec![Affine::default(); 2 * n];
    let mut add = |j: usize, z: c64, affine: &Affine| {
        for (part, factor) in [z.re, z.im].into_iter().enumerate() {
            if factor != 0.0 {
                out[2 * j + part] += affine.clone() * factor;
            }
        }
    };
    if let Some(constant) = &lmi.expression.constant {
        for j in (0..n).filter(|&j| j != i) {
            add(j, constant[(i, j)], &Affine::constant(1.0));
        }
    }
    for (affine, coefficient) in &lmi.expression.terms {
        for (p, q, z) in gather::upper(coefficient, n) {
            if p != q && (p == i || q == i) {
                add(if p == i { q } else { p }, z, affine);
            }
        }
    }
    out
}

/// The matrix without one row and column.
fn without(expression: &HermitianAffine, i: usize) -> HermitianAffine {
    let n = expression.n;
    let kept = |k: usize| if k < i { k } else { k + 1 };
    let mut out = HermitianAffine::zeros(n - 1);
    if let Some(constant) = &expression.constant {
        let smaller = Mat::from_fn(n - 1, n - 1, |p, q| constant[(kept(p), kept(q))]);
        out.constant = Some(smaller);
    }
    for (affine, coefficient) in &expression.terms {
        let entries: Vec<_> = gather::upper(coefficient, n)
            .into_iter()
            .filter(|&(p, q, _)| p != i && q != i)
            .map(|(p, q, z)| (p - usize::from(p > i), q - usize::from(q > i), z))
            .collect();
        if !entries.is_empty() {
            out.add_term(affine.clone(), Coefficient::sparse(&entries));
        }
    }
    for (id, weight, t) in &expression.congruences {
        let smaller = Mat::from_fn(t.nrows(), n - 1, |p, q| t[(p, kept(q))]);
        out.congruences.push((*id, *weight, smaller));
    }
    out
}
