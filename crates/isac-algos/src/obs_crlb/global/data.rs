//! The problem in the units of the search, and the bound that multipliers give on a box.

use super::Multipliers;
use crate::Error;
use crate::obs_crlb::{Reduction, SumRateCrlb};
use isac_linalg::{Mat, MatRef, c64, factor, hermitian, ops};
use isac_opt::global::Cell;

/// Channels over the noise, derivatives of the echo, both at a budget of 1.
pub(super) struct Data {
    /// `g_k = sqrt(Pt) Q^H h_k / sigma_k`, `D x K`; no column where the rate has no weight.
    pub(super) users: Mat<c64>,
    /// `J_p`, rows of the echo x `D`, one per parameter; none where the CRLB has no weight.
    pub(super) echoes: Vec<Mat<c64>>,
    pub(super) rate: f64,
    pub(super) crlb: f64,
}

impl Data {
    pub(super) fn new(problem: &SumRateCrlb, reduction: &Reduction) -> Self {
        let reduced = reduction.problem();
        let (weights, power) = (reduced.weights(), reduced.power());
        let count = if weights.rate > 0.0 {
            reduced.users()
        } else {
            0
        };
        let users = Mat::from_fn(reduced.antennas(), count, |i, k| {
            reduced.channel()[(i, k)] * (power / problem.noise()[k]).sqrt()
        });
        let mut echoes = Vec::new();
        if weights.crlb > 0.0 && reduced.targets() > 0 {
            let towards = reduced.sensing().transmit().adjoint().to_owned();
            let compact = reduced.sensing().compact();
            let all = compact.derivatives(towards.as_ref());
            let (size, scale) = (towards.ncols(), power.sqrt());
            let rows = all.nrows() / (2 * size);
            echoes.extend((0..all.ncols()).map(|p| {
                Mat::from_fn(rows, size, |a, b| {
                    let at = 2 * (a + b * rows);
                    c64::new(all[(at, p)], all[(at + 1, p)]) * scale
                })
            }));
        }
        Self {
            users,
            echoes,
            rate: weights.rate,
            crlb: weights.crlb,
        }
    }

    /// `D`.
    pub(super) fn size(&self) -> usize {
        self.users.nrows()
    }

    /// `K`, or 0 where the rate has no weight.
    pub(super) fn count(&self) -> usize {
        self.users.ncols()
    }

    /// `sum_p J_p Y_pl` for each column `l` of `Y`.
    pub(super) fn mixed(&self, y: MatRef<'_, f64>) -> Vec<Mat<c64>> {
        let (rows, size) = match self.echoes.first() {
            Some(echo) => (echo.nrows(), echo.ncols()),
            None => return Vec::new(),
        };
        let column = |l: usize| {
            let mut out = Mat::zeros(rows, size);
            for (p, echo) in self.echoes.iter().enumerate() {
                ops::axpy(out.as_mut(), y[(p, l)], echo.as_ref());
            }
            out
        };
        (0..y.ncols()).map(column).collect()
    }

    /// `sum_k c_k g_k g_k^H + delta_s sum_l P_l^H P_l`.
    pub(super) fn form(&self, c: &[f64], mixed: &[Mat<c64>]) -> Mat<c64> {
        let mut out = Mat::zeros(self.size(), self.size());
        for (k, c) in c.iter().enumerate() {
            add_outer(&mut out, self.users.as_ref(), k, *c);
        }
        for p in mixed {
            let square = ops::adjoint_mul(p.as_ref(), p.as_ref());
            ops::axpy(out.as_mut(), self.crlb, square.as_ref());
        }
        out
    }

    /// The interference plus noise that a user can have, in units of the noise: from 1, without
    /// interference, to `1 + ||g_k||^2`.
    pub(super) fn domain(&self) -> Result<Cell, Error> {
        let most = |k: usize| {
            let column = self.users.as_ref().subcols(k, 1);
            // A little more than rounding can take away.
            1.0 + ops::norm2(column) * (1.0 + 1e-12)
        };
        let upper: Vec<f64> = (0..self.count()).map(most).collect();
        Ok(Cell::new(vec![1.0; upper.len()], upper)?)
    }

    /// The bound of the module's documentation on a box, with room for its own rounding.
    pub(super) fn bound(&self, cell: &Cell, multipliers: &Multipliers) -> Result<f64, Error> {
        let Multipliers { m, q, y } = multipliers;
        let mut terms = Vec::with_capacity(4 * m.len() + 2);
        for (k, (m, q)) in m.iter().zip(q).enumerate() {
            let (low, high) = (cell.lower()[k], cell.upper()[k]);
            let end = |i: f64| q * i - self.rate * i.ln();
            terms.extend([self.rate * (m - 1.0), -self.rate * m.ln(), -q]);
            terms.push(end(low).max(end(high)));
        }
        let trace: f64 = (0..y.nrows()).map(|i| y[(i, i)]).sum();
        terms.push(-2.0 * self.crlb * trace);
        let c: Vec<f64> = m.iter().zip(q).map(|(m, q)| self.rate * m - q).collect();
        let mixed = self.mixed(y.as_ref());
        let form = self.form(&c, &mixed);
        let mut top = largest(form.as_ref())?.max(0.0);
        for (k, q) in q.iter().enumerate().filter(|(_, q)| **q > 0.0) {
            let mut own = form.clone();
            add_outer(&mut own, self.users.as_ref(), k, *q);
            top = top.max(largest(own.as_ref())?);
        }
        terms.push(top);
        let size: f64 = terms.iter().map(|term| term.abs()).sum();
        let rounding =
            8.0 * f64::EPSILON * self.size() as f64 * size + self.lost(y.as_ref(), &mixed);
        Ok(terms.iter().sum::<f64>() + 2.0 * rounding)
    }

    /// What rounding in the sums `sum_p J_p Y_pl`, which cancel for close targets, can do to the
    /// largest eigenvalue.
    fn lost(&self, y: MatRef<'_, f64>, mixed: &[Mat<c64>]) -> f64 {
        let kept: f64 = mixed.iter().map(|p| ops::norm2(p.as_ref())).sum();
        let mut added = 0.0;
        for l in 0..y.ncols() {
            let sum: f64 = (self.echoes.iter().enumerate())
                .map(|(p, j)| y[(p, l)].abs() * ops::norm(j.as_ref()))
                .sum();
            added += sum * sum;
        }
        let terms = self.echoes.len() as f64 + 2.0;
        2.0 * self.crlb * kept.sqrt() * added.sqrt() * terms * f64::EPSILON
    }
}

fn largest(form: MatRef<'_, c64>) -> Result<f64, Error> {
    let form = hermitian::hermitian_part(form);
    let values = factor::eigvalsh(form.as_ref())?;
    Ok(values.last().copied().unwrap_or(0.0))
}

fn add_outer(out: &mut Mat<c64>, users: MatRef<'_, c64>, k: usize, c: f64) {
    for j in 0..out.ncols() {
        let right = users[(j, k)].conj() * c;
        for i in 0..out.nrows() {
            out[(i, j)] += users[(i, k)] * right;
        }
    }
}
