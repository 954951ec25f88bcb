//! The quadratic model of a step and its dual.

use super::Run;
use super::box_qp::box_qp;
use isac_linalg::vector::{add, dot, mul_rows, mul_rows_each};

/// The pieces of the model's dual, for the rows that have mattered so far: most constraints are far
/// from active, and each row costs `n^2`.
pub(super) struct Model {
    /// The rows known.
    known: Vec<usize>,
    /// Rows of `A H`, one list per known row.
    ha: Vec<Vec<f64>>,
    /// Lower triangle of `A H A^T` over the known rows, list by list.
    gram: Vec<Vec<f64>>,
    /// `H g`.
    hg: Vec<f64>,
}

/// What the quadratic model proposes.
pub(super) struct Proposal {
    pub(super) direction: Vec<f64>,
    /// `g + A^T l`, so that `direction = -H u`.
    pub(super) u: Vec<f64>,
    pub(super) multipliers: Vec<f64>,
    /// The linearised constraints after the step and their l1 violation.
    pub(super) linear: Vec<f64>,
    pub(super) linear_violation: f64,
}

impl<F> Run<'_, F> {
    pub(super) fn model(&self) -> Model {
        let mut hg = vec![0.0; self.n];
        mul_rows(&self.inverse, &self.at.gradient, &mut hg);
        let mut model = Model {
            known: Vec::new(),
            ha: Vec::new(),
            gram: Vec::new(),
            hg,
        };
        let weighed = |&i: &usize| self.multipliers[i].abs() > 0.0;
        let rows: Vec<usize> = (0..self.m).filter(weighed).collect();
        self.learn(&mut model, &rows);
        model
    }

    /// Adds rows to the model.
    fn learn(&self, model: &mut Model, rows: &[usize]) {
        let vectors: Vec<f64> = rows.iter().flat_map(|&i| self.row(i)).copied().collect();
        let mut products = vec![0.0; vectors.len()];
        mul_rows_each(&self.inverse, self.n, &vectors, &mut products);
        for (&i, ha) in rows.iter().zip(products.chunks_exact(self.n)) {
            model.known.push(i);
            let products = model.known.iter().map(|&j| dot(self.row(j), ha));
            model.gram.push(products.collect());
            model.ha.push(ha.to_vec());
        }
    }

    /// Solves the model; the penalty grows until a fair part of what can be had of the linearised
    /// violation goes away.
    pub(super) fn propose(&mut self, model: &mut Model) -> Proposal {
        let now = self.at.constraints.clone();
        let violation = self.l1(&now);
        let small = 1e-3 * self.options.feasibility;
        let top = self.options.penalty_max;
        let mut proposal = self.step(model, &now, self.penalty);
        if proposal.linear_violation <= small || self.penalty >= top {
            return proposal;
        }
        let best = self.step(model, &now, top).linear_violation;
        let enough = |left: f64| {
            violation - left >= 0.5 * (violation - best)
                && (best > small || left <= 0.5 * violation)
        };
        while !enough(proposal.linear_violation) && self.penalty < top {
            self.penalty = (4.0 * self.penalty).min(top);
            proposal = self.step(model, &now, self.penalty);
        }
        proposal
    }

    /// The model's minimiser for given constraint values and penalty: over the known rows, and over
    /// more while one that is not known would be violated, whose multiplier is then not 0.
    pub(super) fn step(&self, model: &mut Model, constraints: &[f64], penalty: f64) -> Proposal {
        let m = self.m;
        let mut multipliers = self.multipliers.clone();
        loop {
            let k = model.known.len();
            let mut gram = vec![0.0; k * k];
            for (a, row) in model.gram.iter().enumerate() {
                for (b, &value) in row.iter().enumerate() {
                    gram[a * k + b] = value;
                    gram[b * k + a] = value;
                }
            }
            let known = &model.known;
            let pull = |&i: &usize| dot(self.row(i), &model.hg) - constraints[i];
            let linear: Vec<f64> = known.iter().map(pull).collect();
            let lower = |a: usize| {
                if known[a] < self.equalities {
                    -penalty
                } else {
                    0.0
                }
            };
            let guess: Vec<f64> = known.iter().map(|&i| multipliers[i]).collect();
            let found = box_qp(&gram, &linear, lower, penalty, &guess);
            multipliers.fill(0.0);
            let mut u = self.at.gradient.clone();
            let mut direction: Vec<f64> = model.hg.iter().map(|x| -x).collect();
            for ((&i, &l), ha) in known.iter().zip(&found).zip(&model.ha) {
                multipliers[i] = l;
                if l.abs() > 0.0 {
                    add(&mut u, l, self.row(i));
                    add(&mut direction, -l, ha);
                }
            }
            let mut after = vec![0.0; m];
            mul_rows(&self.at.jacobian, &direction, &mut after);
            (after.iter_mut().zip(constraints)).for_each(|(a, c)| *a += c);
            let missing: Vec<usize> = (0..m)
                .filter(|&i| self.violation_of(i, after[i]) > 0.0 && !known.contains(&i))
                .collect();
            if missing.is_empty() {
                return Proposal {
                    linear_violation: self.l1(&after),
                    linear: after,
                    direction,
                    u,
                    multipliers,
                };
            }
            self.learn(model, &missing);
        }
    }
}
