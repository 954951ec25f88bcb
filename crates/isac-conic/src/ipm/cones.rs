//! Nonnegative scalars and second-order cones. Formulas of the scaling as in Andersen, Dahl and
//! Vandenberghe's treatment of symmetric cones.

use isac_linalg::Mat;
use isac_linalg::kernel::{self, Real};

use super::block::{Block, Products, Step, Values};

/// Objective and constraint coefficients of one scalar, scaled.
#[derive(Debug, Clone)]
pub(super) struct Column<R> {
    pub(super) c: R,
    /// `(row, coefficient)`, each row once.
    pub(super) a: Vec<(usize, R)>,
}

impl<R: Real> Column<R> {
    fn dot(&self, y: &[R]) -> R {
        let mut sum = R::ZERO;
        for &(i, a) in &self.a {
            sum += a * y[i];
        }
        sum
    }

    fn add(&self, factor: R, out: &mut [R]) {
        for &(i, a) in &self.a {
            out[i] += factor * a;
        }
    }
}

/// `a^T b`.
pub(super) fn dot<R: Real>(a: &[R], b: &[R]) -> R {
    let mut sum = R::ZERO;
    for (x, y) in a.iter().zip(b) {
        sum += *x * *y;
    }
    sum
}

/// Data and iterate of a list of scalars; both kinds of cone keep theirs here.
#[derive(Debug)]
struct List<R> {
    columns: Vec<Column<R>>,
    /// The unit `e`.
    unit: Vec<R>,
    c: Vec<R>,
    /// `d = c - e`.
    gap: Vec<R>,
    x: Vec<R>,
    s: Vec<R>,
    inverse: Vec<R>,
    dx: Vec<R>,
    ds: Vec<R>,
    pd: Vec<R>,
    correction: Vec<R>,
    saved: [Vec<R>; 2],
    adjoint: Vec<R>,
}

impl<R: Real> List<R> {
    fn new(columns: Vec<Column<R>>, unit: Vec<R>) -> Self {
        let zeros = vec![R::ZERO; columns.len()];
        Self {
            c: columns.iter().map(|column| column.c).collect(),
            gap: (columns.iter().zip(&unit))
                .map(|(column, &e)| column.c - e)
                .collect(),
            x: unit.clone(),
            s: unit.clone(),
            saved: [unit.clone(), unit.clone()],
            unit,
            inverse: zeros.clone(),
            dx: zeros.clone(),
            ds: zeros.clone(),
            pd: zeros.clone(),
            correction: zeros.clone(),
            adjoint: zeros,
            columns,
        }
    }

    fn set_dual(&mut self, y: &[R], tau: R, theta: R) {
        for k in 0..self.c.len() {
            self.s[k] = (tau - theta) * self.c[k] + theta * self.unit[k] - self.columns[k].dot(y);
        }
    }

    fn apply(&self, u: &[R], out: &mut [R]) {
        for (column, &value) in self.columns.iter().zip(u) {
            column.add(value, out);
        }
    }

    fn products(&self, out: &mut Products<R>) {
        out.xs += dot(&self.x, &self.s);
        self.apply(&self.x, &mut out.ax);
        self.apply(&self.inverse, &mut out.a_inverse);
        self.apply(&self.pd, &mut out.apd);
        out.cx += dot(&self.c, &self.x);
        out.dx += dot(&self.gap, &self.x);
        out.d_inverse += dot(&self.gap, &self.inverse);
        out.dpd += dot(&self.gap, &self.pd);
    }

    /// Adds `A` of the correction, returns its products with `s` and `d`.
    fn apply_correction(&self, out: &mut [R]) -> (R, R) {
        self.apply(&self.correction, out);
        (
            dot(&self.s, &self.correction),
            dot(&self.gap, &self.correction),
        )
    }

    /// `ds`, and all of `dx` but `P A^T dy`, whose argument is left in `adjoint`.
    fn direction(&mut self, dy: &[R], step: Step<R>) {
        let own = R::from(1.0) + step.radial;
        for k in 0..self.c.len() {
            self.adjoint[k] = self.columns[k].dot(dy);
            self.ds[k] = step.radial * self.s[k] + step.shift * self.gap[k] - self.adjoint[k];
            self.dx[k] = step.barrier * self.inverse[k] - own * self.x[k] - step.shift * self.pd[k];
            if step.corrected {
                self.dx[k] -= self.correction[k];
            }
        }
    }

    fn load(&mut self, values: &Values) {
        if let Values::List(x, _) = values {
            for (own, &x) in self.x.iter_mut().zip(x) {
                *own = x.into();
            }
        }
    }

    fn largest(&self) -> f64 {
        self.x.iter().fold(0.0, |t, x| t.max(x.to_f64().abs()))
    }

    fn advance(&mut self, alpha: R) {
        for (x, d) in self.x.iter_mut().zip(&self.dx) {
            *x += alpha * *d;
        }
    }
}

/// All nonnegative scalars.
#[derive(Debug)]
pub(super) struct Linear<R> {
    list: List<R>,
    /// `x / s`.
    scale: Vec<R>,
}

impl<R: Real> Linear<R> {
    pub(super) fn new(columns: Vec<Column<R>>) -> Self {
        let unit = vec![R::from(1.0); columns.len()];
        Self {
            scale: unit.clone(),
            list: List::new(columns, unit),
        }
    }
}

impl<R: Real> Block<R> for Linear<R> {
    fn degree(&self) -> f64 {
        self.list.c.len() as f64
    }

    fn set_dual(&mut self, y: &[R], tau: R, theta: R) {
        self.list.set_dual(y, tau, theta);
    }

    fn factor(&mut self) -> bool {
        let list = &self.list;
        list.x
            .iter()
            .chain(&list.s)
            .all(|&v| v > R::ZERO && v.to_f64().is_finite())
    }

    fn products(&mut self, out: &mut Products<R>) {
        let list = &mut self.list;
        for k in 0..list.c.len() {
            let scale = list.x[k] / list.s[k];
            list.inverse[k] = R::from(1.0) / list.s[k];
            list.pd[k] = scale * list.gap[k];
            self.scale[k] = scale;
        }
        list.products(out);
    }

    fn schur(&mut self, m: &mut Mat<R>) {
        for (column, &scale) in self.list.columns.iter().zip(&self.scale) {
            for (k, &(i, a)) in column.a.iter().enumerate() {
                for &(j, b) in &column.a[..=k] {
                    m[(i.max(j), i.min(j))] += scale * a * b;
                }
            }
        }
    }

    fn correction(&mut self, out: &mut [R]) -> (R, R) {
        let list = &mut self.list;
        for k in 0..list.c.len() {
            list.correction[k] = list.dx[k] * list.ds[k] / list.s[k];
        }
        list.apply_correction(out)
    }

    fn direction(&mut self, dy: &[R], step: Step<R>) {
        let list = &mut self.list;
        list.direction(dy, step);
        for k in 0..list.c.len() {
            list.dx[k] += self.scale[k] * list.adjoint[k];
        }
    }

    fn adjust(&mut self, dy: &[R]) {
        let list = &mut self.list;
        for k in 0..list.c.len() {
            let image = list.columns[k].dot(dy);
            list.ds[k] -= image;
            list.dx[k] += self.scale[k] * image;
        }
    }

    fn direction_product(&mut self, out: &mut [R]) {
        self.list.apply(&self.list.dx, out);
    }

    fn max_step(&mut self, _rough: bool) -> f64 {
        let list = &self.list;
        let pairs = list
            .x
            .iter()
            .zip(&list.dx)
            .chain(list.s.iter().zip(&list.ds));
        pairs
            .filter(|(_, d)| **d < R::ZERO)
            .fold(1e6, |least: f64, (v, d)| least.min((-*v / *d).to_f64()))
    }

    fn advance(&mut self, alpha: R) {
        self.list.advance(alpha);
    }

    fn save(&mut self, place: usize) {
        self.list.saved[place].copy_from_slice(&self.list.x);
    }

    fn restore(&mut self, place: usize) {
        self.list.x.copy_from_slice(&self.list.saved[place]);
    }

    fn load(&mut self, values: &Values) {
        self.list.load(values);
    }

    fn largest(&self) -> f64 {
        self.list.largest()
    }

    fn values(&self) -> Values {
        let rounded = |v: &[R]| v.iter().map(|x| x.to_f64()).collect();
        Values::List(rounded(&self.list.x), rounded(&self.list.s))
    }
}

/// One second-order cone; the first entry bounds the norm of the others.
#[derive(Debug)]
pub(super) struct SecondOrder<R: Real> {
    list: List<R>,
    /// Rows that occur, and `A J A^T` on them.
    rows: Vec<usize>,
    fixed: Mat<R>,
    /// Normalised scaling point and squared scale: `P = scale (2 w w^T - J)`.
    w: Vec<R>,
    scale: R,
    aw: Vec<R>,
    work: [Vec<R>; 3],
}

/// `v^T J v` without the cancellation of squares.
fn determinant<R: Real>(v: &[R]) -> R {
    let norm = dot(&v[1..], &v[1..]).root();
    (v[0] - norm) * (v[0] + norm)
}

/// `a o b = (a^T b, a0 b1 + b0 a1)`.
fn circle<R: Real>(a: &[R], b: &[R], out: &mut [R]) {
    out[0] = dot(a, b);
    for k in 1..a.len() {
        out[k] = a[0] * b[k] + b[0] * a[k];
    }
}

/// `out` with `a o out = b`.
fn divide<R: Real>(a: &[R], b: &[R], out: &mut [R]) {
    let det = determinant(a);
    let cross = dot(&a[1..], &b[1..]);
    out[0] = (a[0] * b[0] - cross) / det;
    for k in 1..a.len() {
        out[k] = (b[k] - out[0] * a[k]) / a[0];
    }
}

impl<R: Real> SecondOrder<R> {
    pub(super) fn new(columns: Vec<Column<R>>) -> Self {
        let d = columns.len();
        let mut unit = vec![R::ZERO; d];
        unit[0] = R::from(1.0);
        let mut rows: Vec<usize> = columns
            .iter()
            .flat_map(|column| column.a.iter().map(|&(i, _)| i))
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let mut columns = columns;
        for column in &mut columns {
            for (i, _) in &mut column.a {
                *i = rows.partition_point(|&row| row < *i);
            }
        }
        let mut fixed = kernel::zeros(rows.len(), rows.len());
        for (k, column) in columns.iter().enumerate() {
            let sign = R::from(if k == 0 { 1.0 } else { -1.0 });
            for &(i, a) in &column.a {
                for &(j, b) in &column.a {
                    if i >= j {
                        fixed[(i, j)] += sign * a * b;
                    }
                }
            }
        }
        // Back to the global rows for everything else.
        for column in &mut columns {
            for (i, _) in &mut column.a {
                *i = rows[*i];
            }
        }
        Self {
            list: List::new(columns, unit),
            aw: vec![R::ZERO; rows.len()],
            rows,
            fixed,
            w: vec![R::ZERO; d],
            scale: R::from(1.0),
            work: std::array::from_fn(|_| vec![R::ZERO; d]),
        }
    }

    /// `P v = scale (2 w (w^T v) - J v)`.
    fn squared(&self, v: &[R], out: &mut [R]) {
        let half = dot(&self.w, v);
        let along = half + half;
        for k in 0..v.len() {
            let j = if k == 0 { v[k] } else { -v[k] };
            out[k] = self.scale * (along * self.w[k] - j);
        }
    }

    /// `W v`, or `W^-1 v`.
    fn scaled(&self, v: &[R], inverse: bool, out: &mut [R]) {
        let one = R::from(1.0);
        let sign = if inverse { -one } else { one };
        let factor = if inverse {
            one / self.scale.root()
        } else {
            self.scale.root()
        };
        let tail = dot(&self.w[1..], &v[1..]);
        out[0] = factor * (self.w[0] * v[0] + sign * tail);
        let along = sign * v[0] + tail / (one + self.w[0]);
        for k in 1..v.len() {
            out[k] = factor * (v[k] + along * self.w[k]);
        }
    }
}

/// Largest step with `v + a d` in the cone.
fn cone_step<R: Real>(v: &[R], d: &[R]) -> f64 {
    // Roots of the determinant along the line; the cone is left at the least positive one, or where
    // the first entry falls to zero.
    let c = determinant(v).or_more(R::ZERO);
    let b = v[0] * d[0] - dot(&v[1..], &d[1..]);
    let a = determinant(d);
    let mut step = 1e6_f64;
    if d[0] < R::ZERO {
        step = step.min((-v[0] / d[0]).to_f64());
    }
    let discriminant = b * b - a * c;
    if discriminant >= R::ZERO {
        // c + 2 b t + a t^2 = 0 in the stable form.
        let root = discriminant.root();
        let q = if b < R::ZERO { root - b } else { -(b + root) };
        for t in [(q / a).to_f64(), (c / q).to_f64()] {
            if t > 0.0 && t.is_finite() {
                step = step.min(t);
            }
        }
    }
    step
}

impl<R: Real> Block<R> for SecondOrder<R> {
    fn degree(&self) -> f64 {
        1.0
    }

    fn set_dual(&mut self, y: &[R], tau: R, theta: R) {
        self.list.set_dual(y, tau, theta);
    }

    fn factor(&mut self) -> bool {
        let inside =
            |v: &[R]| v[0] > R::ZERO && determinant(v) > R::ZERO && v[0].to_f64().is_finite();
        inside(&self.list.x) && inside(&self.list.s)
    }

    fn products(&mut self, out: &mut Products<R>) {
        let (det_x, det_s) = (determinant(&self.list.x), determinant(&self.list.s));
        let (root_x, root_s) = (det_x.root(), det_s.root());
        let cosine = dot(&self.list.x, &self.list.s) / (root_x * root_s);
        let (one, two) = (R::from(1.0), R::from(2.0));
        let gamma = ((one + cosine) / two).root();
        for k in 0..self.w.len() {
            let sign = R::from(if k == 0 { 1.0 } else { -1.0 });
            self.w[k] = (self.list.x[k] / root_x + sign * self.list.s[k] / root_s) / (two * gamma);
            self.list.inverse[k] = sign * self.list.s[k] / det_s;
        }
        self.scale = root_x / root_s;
        let mut pd = std::mem::take(&mut self.list.pd);
        self.squared(&self.list.gap, &mut pd);
        self.list.pd = pd;
        self.list.products(out);
    }

    fn schur(&mut self, m: &mut Mat<R>) {
        self.aw.fill(R::ZERO);
        for (column, &w) in self.list.columns.iter().zip(&self.w) {
            for &(i, a) in &column.a {
                let local = self.rows.partition_point(|&row| row < i);
                self.aw[local] += a * w;
            }
        }
        for (q, &j) in self.rows.iter().enumerate() {
            for (p, &i) in self.rows.iter().enumerate().skip(q) {
                let product = self.aw[p] * self.aw[q];
                m[(i, j)] += self.scale * (product + product - self.fixed[(p, q)]);
            }
        }
    }

    fn correction(&mut self, out: &mut [R]) -> (R, R) {
        let mut work = std::mem::take(&mut self.work);
        let mut correction = std::mem::take(&mut self.list.correction);
        let [first, second, third] = &mut work;
        // lambda = W s; correction = W (lambda \ ((W^-1 dx) o (W ds))).
        self.scaled(&self.list.dx, true, first);
        self.scaled(&self.list.ds, false, second);
        circle(first, second, third);
        self.scaled(&self.list.s, false, first);
        divide(first, third, second);
        self.scaled(second, false, &mut correction);
        self.work = work;
        self.list.correction = correction;
        self.list.apply_correction(out)
    }

    fn direction(&mut self, dy: &[R], step: Step<R>) {
        self.list.direction(dy, step);
        let mut image = std::mem::take(&mut self.work[0]);
        self.squared(&self.list.adjoint, &mut image);
        for (d, v) in self.list.dx.iter_mut().zip(&image) {
            *d += *v;
        }
        self.work[0] = image;
    }

    fn adjust(&mut self, dy: &[R]) {
        let mut image = std::mem::take(&mut self.work[0]);
        for k in 0..image.len() {
            self.list.adjoint[k] = self.list.columns[k].dot(dy);
            self.list.ds[k] -= self.list.adjoint[k];
        }
        self.squared(&self.list.adjoint, &mut image);
        for (d, v) in self.list.dx.iter_mut().zip(&image) {
            *d += *v;
        }
        self.work[0] = image;
    }

    fn direction_product(&mut self, out: &mut [R]) {
        self.list.apply(&self.list.dx, out);
    }

    fn max_step(&mut self, _rough: bool) -> f64 {
        cone_step(&self.list.x, &self.list.dx).min(cone_step(&self.list.s, &self.list.ds))
    }

    fn advance(&mut self, alpha: R) {
        self.list.advance(alpha);
    }

    fn save(&mut self, place: usize) {
        self.list.saved[place].copy_from_slice(&self.list.x);
    }

    fn restore(&mut self, place: usize) {
        self.list.x.copy_from_slice(&self.list.saved[place]);
    }

    fn load(&mut self, values: &Values) {
        self.list.load(values);
    }

    fn largest(&self) -> f64 {
        self.list.largest()
    }

    fn values(&self) -> Values {
        let rounded = |v: &[R]| v.iter().map(|x| x.to_f64()).collect();
        Values::List(rounded(&self.list.x), rounded(&self.list.s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scaling_maps_s_to_x() {
        let none = Column {
            c: 0.0,
            a: Vec::new(),
        };
        let columns = vec![none; 4];
        let mut cone = SecondOrder::new(columns);
        cone.list.x = vec![3.0, 1.0, -2.0, 0.5];
        cone.list.s = vec![1.0, 0.3, 0.1, -0.7];
        cone.products(&mut Products::new(0));
        let (mut image, mut twice, mut half) = (vec![0.0; 4], vec![0.0; 4], vec![0.0; 4]);
        cone.squared(&cone.list.s, &mut image);
        cone.scaled(&cone.list.s, false, &mut half);
        cone.scaled(&half, false, &mut twice);
        for k in 0..4 {
            assert!((image[k] - cone.list.x[k]).abs() < 1e-13);
            assert!((twice[k] - cone.list.x[k]).abs() < 1e-13);
        }
        cone.scaled(&cone.list.x, true, &mut image);
        for k in 0..4 {
            assert!((image[k] - half[k]).abs() < 1e-13);
        }
    }

    #[test]
    fn steps_end_on_the_boundary() {
        let v = [2.0, 0.5, 0.5];
        for d in [
            [-1.0, 0.0, 0.0],
            [0.0, 1.0, 1.0],
            [-1.0, 3.0, 0.0],
            [0.5, -4.0, 1.0],
        ] {
            let t = cone_step(&v, &d);
            let at = |t: f64| [v[0] + t * d[0], v[1] + t * d[1], v[2] + t * d[2]];
            assert!(determinant(&at(t)).abs() < 1e-12 * t.max(1.0));
            assert!(determinant(&at(0.99 * t)) > 0.0);
        }
        assert!(cone_step(&v, &[1.0, 0.5, 0.0]) >= 1e6);
    }
}
