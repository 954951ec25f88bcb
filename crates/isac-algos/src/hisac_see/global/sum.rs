//! The bound that multipliers of a box's rows give.

use super::super::problem::square;
use super::cut::{Multipliers, P, Row, T, Z};
use super::data::Data;
use crate::Error;
use isac_linalg::{Mat, c64, factor, hermitian};
use isac_opt::global::Cell;

impl Data {
    /// The least efficiency from `eta` on that multipliers prove for a box, with multipliers of the powers'
    /// limits raised until they do; infinite where they prove none.
    pub(super) fn bound(
        &self,
        cell: &Cell,
        eta: f64,
        given: &Multipliers,
    ) -> Result<(f64, Multipliers), Error> {
        let (sum, out) = self.raised(cell, eta, given)?;
        let excess = |eta: f64| self.excess(&sum, cell, eta, out.m);
        let mut low = eta;
        let at = excess(eta)?;
        if at <= 0.0 {
            return Ok((eta, out));
        }
        if at.is_nan() || self.fixed <= 0.0 {
            return Ok((f64::INFINITY, out));
        }
        // The excess is convex and falls by at least the fixed power.
        let mut high = eta + 1.000_001 * at / self.fixed;
        let after = excess(high)?;
        if after.is_nan() || after > 0.0 {
            return Ok((f64::INFINITY, out));
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if excess(middle)? <= 0.0 {
                high = middle;
            } else {
                low = middle;
            }
            if high - low <= 1e-12 * high {
                break;
            }
        }
        Ok((high, out))
    }

    /// The greatest rate less what power costs at an efficiency, bps/Hz, that multipliers leave for a box, with
    /// multipliers of the powers' limits raised until they do.
    pub(super) fn greatest(
        &self,
        cell: &Cell,
        eta: f64,
        given: &Multipliers,
    ) -> Result<(f64, Multipliers), Error> {
        let (sum, out) = self.raised(cell, eta, given)?;
        Ok((self.excess(&sum, cell, eta, out.m)?, out))
    }

    /// What the sum leaves at an efficiency.
    fn excess(&self, sum: &Sum, cell: &Cell, eta: f64, m: f64) -> Result<f64, Error> {
        let linear = sum.linear_part(if self.counted[0] { eta } else { 0.0 })?;
        let (value, size) = sum.rest(self, cell, m);
        let all = size + linear + eta * self.fixed;
        Ok(value + linear - eta * self.fixed + ROUNDING * all)
    }

    /// The rows times their multipliers, those of the limits raised until every form is positive.
    fn raised(
        &self,
        cell: &Cell,
        eta: f64,
        given: &Multipliers,
    ) -> Result<(Sum, Multipliers), Error> {
        let mut out = given.clone();
        let rows = self.rows(cell, given.cuts.iter().map(|(cut, _)| cut));
        let mut sum = Sum::new(self);
        for (row, y) in rows.fixed.iter().zip(&given.fixed) {
            sum.add(row, *y);
        }
        for (row, (_, y)) in rows.cuts.iter().zip(&given.cuts) {
            sum.add(row, *y);
        }
        // Multipliers of the limits make every form positive.
        let pay = |k: usize| if self.counted[k] { eta } else { 0.0 };
        let margin = |form: &Mat<c64>| -> Result<(f64, f64), Error> {
            let values = factor::eigvalsh(hermitian::hermitian_part(form.as_ref()).as_ref())?;
            let low = values.first().copied().unwrap_or(0.0);
            let size = values.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            Ok((low, size))
        };
        let (low, size) = margin(&sum.data)?;
        let (other, more) = margin(&sum.sensing)?;
        let rest = SLACK * (size.max(more) + pay(0));
        let first = (rest - low.min(other) - pay(0)).max(0.0);
        let mut second = 0.0_f64;
        for form in &sum.streams {
            let (low, size) = margin(form)?;
            second = second.max(SLACK * (size + pay(1)) - low - pay(1));
        }
        for (k, more) in [first, second].into_iter().enumerate() {
            out.fixed[k] += more;
            sum.add(&rows.fixed[k], more);
        }
        Ok((sum, out))
    }
}

/// Least eigenvalue that every form keeps, over its size.
const SLACK: f64 = 1e-11;
/// Rounding in a bound, over the size of its terms.
const ROUNDING: f64 = 1e-11;

/// The rows of a box times their multipliers.
struct Sum {
    /// The forms that the beams' quadratic parts must keep below what power costs: minus the rows'.
    data: Mat<c64>,
    sensing: Mat<c64>,
    streams: Vec<Mat<c64>>,
    linear: Vec<c64>,
    p: f64,
    square: f64,
    z: f64,
    t: f64,
    beta: f64,
    constant: f64,
    size: f64,
}

impl Sum {
    fn new(data: &Data) -> Self {
        let (m1, m2) = data.antennas();
        Self {
            data: Mat::zeros(m1, m1),
            sensing: Mat::zeros(m1, m1),
            streams: vec![Mat::zeros(m2, m2); data.streams],
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

    fn add(&mut self, row: &Row, y: f64) {
        for (weight, x) in &row.data {
            add_outer(&mut self.data, x, -y * weight);
        }
        for (weight, x) in &row.sensing {
            add_outer(&mut self.sensing, x, -y * weight);
        }
        for (k, weight, x) in &row.streams {
            add_outer(&mut self.streams[*k], x, -y * weight);
        }
        add_identity(&mut self.data, -y * row.power[0]);
        add_identity(&mut self.sensing, -y * row.power[1]);
        for form in &mut self.streams {
            add_identity(form, -y * row.power[2]);
        }
        if let Some(c) = &row.linear {
            for (sum, c) in self.linear.iter_mut().zip(c) {
                *sum += c * y;
            }
        }
        self.p += y * row.p;
        self.square += y * row.square;
        self.z += y * row.z;
        self.t += y * row.t;
        self.beta += y * row.beta;
        self.constant += y * row.constant;
        self.size += (y * row.constant).abs();
    }

    /// `max 2 Re c^H w - w^H (D + eta) w`.
    fn linear_part(&self, eta: f64) -> Result<f64, Error> {
        if self.linear.iter().all(|c| c.norm_sqr() == 0.0) {
            return Ok(0.0);
        }
        let mut form = self.data.clone();
        add_identity(&mut form, eta);
        let form = hermitian::hermitian_part(form.as_ref());
        let right = Mat::from_fn(self.linear.len(), 1, |i, _| self.linear[i]);
        let Ok(cholesky) = factor::cholesky("form of w_bo", form.as_ref()) else {
            return Ok(f64::INFINITY);
        };
        Ok(isac_linalg::ops::norm2(
            cholesky.solve_lower(right.as_ref()).as_ref(),
        ))
    }

    /// The largest value of what does not depend on beams, over the box, and the size of its terms.
    fn rest(&self, data: &Data, cell: &Cell, m: f64) -> (f64, f64) {
        let (low, high) = (cell.lower(), cell.upper());
        let scale = 1.0 / std::f64::consts::LN_2;
        let mut value = self.constant;
        let mut size = self.size;
        let mut add = |x: f64| {
            value += x;
            size += x.abs();
        };
        add(scale * (-m.ln() - 1.0));
        let z = |z: f64| (self.z + scale * m) * z - scale * z.ln();
        add(z(low[Z]).max(z(high[Z])));
        let t = |t: f64| self.t * t - scale * t.ln_1p();
        add(t(low[T]).max(t(high[T])));
        let curve = self.square + scale * m;
        let p = |p: f64| curve * p * p + self.p * p;
        let mut most = p(low[P]).max(p(high[P]));
        if curve < 0.0 {
            most = most.max(p((-0.5 * self.p / curve).clamp(low[P], high[P])));
        }
        add(most);
        let loud = square(&data.g_e.centre) * data.limits[1];
        add((self.beta * loud).max(0.0));
        (value, size)
    }
}

fn add_outer(out: &mut Mat<c64>, x: &[c64], weight: f64) {
    if weight == 0.0 {
        return;
    }
    for j in 0..x.len() {
        let right = x[j].conj() * weight;
        for i in 0..x.len() {
            out[(i, j)] += x[i] * right;
        }
    }
}

fn add_identity(out: &mut Mat<c64>, weight: f64) {
    for i in 0..out.nrows() {
        out[(i, i)] += weight;
    }
}
