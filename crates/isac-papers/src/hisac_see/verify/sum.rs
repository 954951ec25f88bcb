//! What the rows of a leaf add up to, and its greatest value.

use isac_lab::proof::Cell;
use isac_linalg::{Mat, c64, factor, hermitian, ops};
use std::f64::consts::LN_2;

/// Rounding of a sum, over the size of its terms.
const ROUNDING: f64 = 1e-12;

/// What designs cannot exceed.
pub(super) struct Most {
    /// The powers of both base stations.
    pub(super) powers: [f64; 2],
    /// The jamming of Eve over the noise.
    pub(super) jamming: f64,
}

/// `|v|^2`.
pub(super) fn norm2(v: &[c64]) -> f64 {
    v.iter().map(|x| x.re * x.re + x.im * x.im).sum()
}

/// A Hermitian form with the size of its terms.
pub(super) struct Form {
    matrix: Mat<c64>,
    size: f64,
}

impl Form {
    fn new(n: usize) -> Self {
        Self {
            matrix: Mat::zeros(n, n),
            size: 0.0,
        }
    }

    /// Adds `y |x^H w|^2`.
    pub(super) fn outer(&mut self, x: &[c64], y: f64) {
        for (j, b) in x.iter().enumerate() {
            for (i, a) in x.iter().enumerate() {
                self.matrix[(i, j)] += a * b.conj() * y;
            }
        }
        self.size += y.abs() * norm2(x);
    }

    /// Adds `y |w|^2`.
    pub(super) fn identity(&mut self, y: f64) {
        for i in 0..self.matrix.nrows() {
            self.matrix[(i, i)] += y;
        }
        self.size += y.abs();
    }

    /// No eigenvalue of the exact form is larger than the second; the first is what rounding may be.
    fn largest(&self) -> Result<(f64, f64), String> {
        let form = hermitian::hermitian_part(self.matrix.as_ref());
        let values = factor::eigvalsh(form.as_ref()).map_err(|e| e.to_string())?;
        let room = 8.0 * f64::EPSILON * values.len() as f64 * self.size;
        let top = values.last().copied().unwrap_or(0.0) + room;
        if top.is_finite() {
            Ok((room, top))
        } else {
            Err("a form is not finite".into())
        }
    }
}

/// What the rows add up to.
pub(super) struct Sum {
    pub(super) bo: Form,
    pub(super) ta: Form,
    pub(super) o: Vec<Form>,
    /// `2 Re c^H w_bo`.
    linear: Vec<c64>,
    pub(super) p: f64,
    pub(super) square: f64,
    pub(super) z: f64,
    pub(super) t: f64,
    pub(super) beta: f64,
    constant: f64,
    size: f64,
}

impl Sum {
    /// Nothing yet, for forms of two orders and so many streams.
    pub(super) fn new(m1: usize, m2: usize, streams: usize) -> Self {
        Self {
            bo: Form::new(m1),
            ta: Form::new(m1),
            o: (0..streams).map(|_| Form::new(m2)).collect(),
            linear: vec![c64::ZERO; m1],
            p: 0.0,
            square: 0.0,
            z: 0.0,
            t: 0.0,
            beta: 0.0,
            constant: 0.0,
            size: 0.0,
        }
    }

    pub(super) fn number(&mut self, x: f64) {
        self.constant += x;
        self.size += x.abs();
    }

    pub(super) fn towards(&mut self, x: &[c64], factor: c64) {
        for (c, x) in self.linear.iter_mut().zip(x) {
            *c += x * factor;
        }
    }

    pub(super) fn cost_of_power(&mut self, cost: [f64; 2]) {
        self.bo.identity(-cost[0]);
        self.ta.identity(-cost[0]);
        self.o.iter_mut().for_each(|o| o.identity(-cost[1]));
    }

    /// The greatest value over the box of the rate with the tangent at `1 / m` and of the rows: at most 0
    /// proves a leaf.
    pub(super) fn greatest(mut self, most: &Most, cell: &Cell, m: f64) -> Result<f64, String> {
        let limits = most.powers;
        // What the beams of BS2 and the sensing beam can add: 0, or what rounding leaves open.
        for o in &self.o {
            let (_, top) = o.largest()?;
            if top > 0.0 {
                self.constant += top * limits[1];
            }
        }
        let (_, top) = self.ta.largest()?;
        if top > 0.0 {
            self.constant += top * limits[0];
        }
        let data = self.data_beam(limits[0])?;
        self.number(data);
        // One number at a time; convex ones are greatest at an end.
        let (low, high) = (&cell.lower, &cell.upper);
        self.number(-(m.ln() + 1.0) / LN_2);
        let ends = |f: &dyn Fn(f64) -> f64, k: usize| f(low[k]).max(f(high[k]));
        let z = ends(&|z| (self.z + m / LN_2) * z - z.ln() / LN_2, 1);
        let t = ends(&|t| self.t * t - t.ln_1p() / LN_2, 2);
        let (a, b) = (self.square + m / LN_2, self.p);
        let mut p = ends(&|p| (a * p + b) * p, 0);
        let vertex = -b / (2.0 * a);
        if a < 0.0 && low[0] < vertex && vertex < high[0] {
            p = p.max(-b * b / (4.0 * a));
        }
        let jamming = self.beta.max(0.0) * most.jamming;
        for x in [z, t, p, jamming] {
            self.number(x);
        }
        let excess = self.constant + ROUNDING * self.size;
        if excess.is_finite() {
            Ok(excess)
        } else {
            Err("the bound is not finite".into())
        }
    }

    /// `max 2 Re c^H w + w^H F w` over beams within the limit.
    fn data_beam(&self, limit: f64) -> Result<f64, String> {
        let (room, top) = self.bo.largest()?;
        let none = self.linear.iter().all(|c| norm2(&[*c]) == 0.0);
        if none {
            return Ok(top.max(0.0) * limit);
        }
        // Where the form is not negative enough, the limit pays for making it so.
        let shift = (top + room).max(0.0);
        let n = self.linear.len();
        let mut form = Mat::from_fn(n, n, |i, j| -self.bo.matrix[(i, j)]);
        for i in 0..n {
            form[(i, i)] += shift;
        }
        let form = hermitian::hermitian_part(form.as_ref());
        let c = Mat::from_fn(n, 1, |i, _| self.linear[i]);
        let cholesky = factor::cholesky("form of w_bo", form.as_ref());
        let w = cholesky.map_err(|e| e.to_string())?.solve(c.as_ref());
        // c^H F^-1 c = 2 Re c^H w - w^H F w + e^H F^-1 e with e = c - F w.
        let image = ops::mul(form.as_ref(), w.as_ref());
        let rest: f64 = (0..n).map(|i| norm2(&[c[(i, 0)] - image[(i, 0)]])).sum();
        let value =
            2.0 * ops::inner(c.as_ref(), w.as_ref()) - ops::inner(w.as_ref(), image.as_ref());
        let least = (shift - top).max(room);
        let rest = if rest > 0.0 { rest / least } else { 0.0 };
        // The exact form differs from this one by at most `room`, with beams within the limit.
        let lost = (room * limit).min(value.abs() * room / (least - room).max(0.0));
        Ok(value + rest + lost + shift * limit)
    }
}
