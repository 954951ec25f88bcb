//! A semidefinite block all of whose data are `V B_i V^H` over one pool of vectors `V`, plus a
//! multiple of the identity in the objective.
//!
//! The block keeps a basis `G` in which its primal variable is the identity, `X = G G^H`, and works on
//! `G^H V`, `G^H S G` and so on. The HKM direction is the same in every basis; in this one the small
//! eigenvalues of `X` do not drown in the rounding errors of the large ones, and everything that
//! is multiplied by `X` costs nothing. With `E = G^H G`, the image of the unit,
//!
//! ```math
//! P(U) = (U S^-1 + S^-1 U) / 2,   d = c - E = shift E + V core V^H.
//! ```

use isac_linalg::kernel::{self, Field, Real, Scratch};
use isac_linalg::ops::Op;
use isac_linalg::{Mat, c64};

use super::block::{Block, Products, Step, Values};
use super::pairs::{self, Part};
use super::steplength::StepLength;

#[derive(Debug)]
pub(super) struct Pooled<T: Field> {
    n: usize,
    /// `V` in the coordinates of the program.
    origin: Mat<T>,
    parts: Vec<Part<T>>,
    /// Of `d`.
    gap_shift: T::R,
    gap_core: Mat<T>,
    has_core: bool,
    basis: Mat<T>,
    saved: [Mat<T>; 2],
    /// `G^H V`, `G^H G`, and the memory of their successors.
    vectors: Mat<T>,
    unit: Mat<T>,
    next: (Mat<T>, Mat<T>, Mat<T>),
    /// The identity, or after a step the identity plus that step.
    x: Mat<T>,
    s: Mat<T>,
    s_inverse: Mat<T>,
    lower_s: Mat<T>,
    dx: Mat<T>,
    ds: Mat<T>,
    /// `E S^-1` and `S^-1 V`.
    unit_inverse: Mat<T>,
    sv: Mat<T>,
    /// `V^H U V` for `U = X, S^-1`.
    x_pool: Mat<T>,
    s_pool: Mat<T>,
    /// `s` as `shift E + V core V^H`.
    s_parts: (T::R, Mat<T>),
    /// `ds` as `radial s + shift E + V core V^H`.
    ds_parts: (T::R, T::R, Mat<T>),
    correction: Mat<T>,
    work: [Mat<T>; 3],
    pool_work: [Mat<T>; 3],
    thin: [Mat<T>; 2],
    scratch: Scratch,
    step: StepLength<T>,
}

/// `dst = op(a) b`.
fn product<T: Field>(dst: &mut Mat<T>, a: &Mat<T>, op: Op, b: &Mat<T>) {
    let one = T::R::from(1.0);
    T::gemm(
        dst.as_mut(),
        false,
        one,
        a.as_ref(),
        op,
        b.as_ref(),
        Op::Plain,
    );
}

/// `dst += factor a b^H`.
fn add_outer<T: Field>(dst: &mut Mat<T>, factor: T::R, a: &Mat<T>, b: &Mat<T>) {
    T::gemm(
        dst.as_mut(),
        true,
        factor,
        a.as_ref(),
        Op::Plain,
        b.as_ref(),
        Op::Adjoint,
    );
}

/// `sum_i y_i B_i` added to `core`, times `factor`.
fn scatter<T: Field>(parts: &[Part<T>], core: &mut Mat<T>, factor: T::R, y: &[T::R]) {
    for part in parts {
        part.scatter(core, factor * y[part.row]);
    }
}

impl<T: Field> Pooled<T> {
    /// Data already scaled; `c_core` with all its entries.
    pub(super) fn new(
        vectors: Mat<T>,
        mut parts: Vec<Part<T>>,
        c_shift: T::R,
        c_core: Vec<(u32, u32, T)>,
    ) -> Self {
        pairs::sort(&mut parts);
        let (n, p) = vectors.shape();
        let zeros = |n: usize| kernel::zeros(n, n);
        let mut core = zeros(p);
        let has_core = !c_core.is_empty();
        Part::new(0, c_core).scatter(&mut core, T::R::from(1.0));
        Self {
            n,
            parts,
            gap_shift: c_shift - T::R::from(1.0),
            gap_core: core,
            has_core,
            basis: kernel::identity(n),
            saved: [kernel::identity(n), kernel::identity(n)],
            vectors: vectors.clone(),
            unit: kernel::identity(n),
            next: (zeros(n), kernel::zeros(n, p), zeros(n)),
            x: kernel::identity(n),
            s: zeros(n),
            s_inverse: zeros(n),
            lower_s: zeros(n),
            dx: zeros(n),
            ds: zeros(n),
            unit_inverse: zeros(n),
            sv: kernel::zeros(n, p),
            x_pool: zeros(p),
            s_pool: zeros(p),
            s_parts: (T::R::ZERO, zeros(p)),
            ds_parts: (T::R::ZERO, T::R::ZERO, zeros(p)),
            correction: zeros(n),
            work: std::array::from_fn(|_| zeros(n)),
            pool_work: std::array::from_fn(|_| zeros(p)),
            thin: std::array::from_fn(|_| kernel::zeros(n, p)),
            scratch: Scratch::new::<T>(n),
            step: StepLength::new(n),
            origin: vectors,
        }
    }

    /// `V^H u V` into `pool_work[0]`.
    fn pooled(&mut self, u: fn(&Self) -> &Mat<T>) {
        let mut half = std::mem::replace(&mut self.thin[0], Mat::new());
        let mut out = std::mem::replace(&mut self.pool_work[0], Mat::new());
        product(&mut half, u(self), Op::Plain, &self.vectors);
        product(&mut out, &self.vectors, Op::Adjoint, &half);
        self.thin[0] = half;
        self.pool_work[0] = out;
    }

    /// Adds `A u`, given `V^H u V`.
    fn apply(&self, pooled: &Mat<T>, out: &mut [T::R]) {
        for part in &self.parts {
            out[part.row] += part.inner(pooled);
        }
    }

    /// Sets everything that follows from the basis.
    fn rebase(&mut self) {
        product(&mut self.vectors, &self.basis, Op::Adjoint, &self.origin);
        product(&mut self.unit, &self.basis, Op::Adjoint, &self.basis);
        kernel::make_hermitian(&mut self.unit);
    }
}

impl<T: Field> Block<T::R> for Pooled<T> {
    fn degree(&self) -> f64 {
        self.n as f64
    }

    fn set_dual(&mut self, y: &[T::R], tau: T::R, theta: T::R) {
        let (shift, core) = &mut self.s_parts;
        // tau c - theta d with c = d + E.
        *shift = tau + (tau - theta) * self.gap_shift;
        kernel::assign_scaled(core, tau - theta, &self.gap_core);
        scatter(&self.parts, core, T::R::from(-1.0), y);
    }

    fn factor(&mut self) -> bool {
        let [lower, _, _] = &mut self.work;
        kernel::copy(lower, &self.x);
        if !T::cholesky(lower.as_mut(), &mut self.scratch) {
            return false;
        }
        for j in 1..self.n {
            lower.col_as_slice_mut(j)[..j].fill(T::ZERO);
        }
        let (basis, vectors, unit) = &mut self.next;
        product(basis, &self.basis, Op::Plain, lower);
        product(vectors, basis, Op::Adjoint, &self.origin);
        product(unit, basis, Op::Adjoint, basis);
        let (shift, core) = &self.s_parts;
        kernel::assign_scaled(&mut self.s, *shift, unit);
        product(&mut self.thin[0], vectors, Op::Plain, core);
        add_outer(&mut self.s, T::R::from(1.0), &self.thin[0], vectors);
        kernel::make_hermitian(&mut self.s);
        kernel::copy(&mut self.lower_s, &self.s);
        if !T::cholesky(self.lower_s.as_mut(), &mut self.scratch) {
            return false;
        }
        std::mem::swap(&mut self.basis, basis);
        std::mem::swap(&mut self.vectors, vectors);
        std::mem::swap(&mut self.unit, unit);
        kernel::make_hermitian(&mut self.unit);
        set_identity(&mut self.x);
        true
    }

    fn products(&mut self, out: &mut Products<T::R>) {
        T::inverse_from_lower(
            self.s_inverse.as_mut(),
            self.lower_s.as_ref(),
            &mut self.scratch,
        );
        let (plain, adjoint) = (Op::Plain, Op::Adjoint);
        product(&mut self.sv, &self.s_inverse, plain, &self.vectors);
        product(&mut self.x_pool, &self.vectors, adjoint, &self.vectors);
        product(&mut self.s_pool, &self.vectors, adjoint, &self.sv);
        kernel::make_hermitian(&mut self.x_pool);
        kernel::make_hermitian(&mut self.s_pool);
        product(&mut self.unit_inverse, &self.unit, plain, &self.s_inverse);
        // V^H P(E) V and V^H P(d) V.
        let [pe, pd, half] = &mut self.pool_work;
        product(&mut self.thin[0], &self.unit_inverse, plain, &self.vectors);
        product(pe, &self.vectors, adjoint, &self.thin[0]);
        kernel::make_hermitian(pe);
        kernel::assign_scaled(pd, self.gap_shift, pe);
        let unit_square = kernel::inner(&self.unit, &self.unit_inverse);
        let mut square = self.gap_shift * self.gap_shift * unit_square;
        if self.has_core {
            let cross = self.gap_shift * kernel::inner(&self.gap_core, pe);
            product(half, &self.gap_core, plain, &self.s_pool);
            product(pe, &self.x_pool, plain, half);
            kernel::make_hermitian(pe);
            square += cross + cross + kernel::inner(&self.gap_core, pe);
            kernel::axpy(pd, T::R::from(1.0), pe);
        }

        let unit_trace = kernel::trace(&self.unit);
        let along = self.gap_shift * unit_trace + kernel::inner(&self.gap_core, &self.x_pool);
        out.xs += kernel::trace(&self.s);
        out.dx += along;
        out.cx += along + unit_trace;
        out.d_inverse += self.gap_shift * kernel::trace(&self.unit_inverse)
            + kernel::inner(&self.gap_core, &self.s_pool);
        out.dpd += square;
        let [_, pd, _] = &self.pool_work;
        self.apply(&self.x_pool, &mut out.ax);
        self.apply(&self.s_pool, &mut out.a_inverse);
        self.apply(pd, &mut out.apd);
    }

    fn schur(&mut self, m: &mut Mat<T::R>) {
        pairs::add_pairs(
            &self.parts,
            &self.x_pool,
            &self.s_pool,
            m,
            &mut self.pool_work,
        );
    }

    fn correction(&mut self, out: &mut [T::R]) -> (T::R, T::R) {
        let (radial, shift, core) = &self.ds_parts;
        let plain = Op::Plain;
        T::gemm(
            self.correction.as_mut(),
            false,
            *shift,
            self.dx.as_ref(),
            plain,
            self.unit_inverse.as_ref(),
            plain,
        );
        let [first, second] = &mut self.thin;
        product(first, &self.dx, plain, &self.vectors);
        product(second, first, plain, core);
        add_outer(&mut self.correction, T::R::from(1.0), second, &self.sv);
        kernel::make_hermitian(&mut self.correction);
        kernel::axpy(&mut self.correction, *radial, &self.dx);
        self.pooled(|block| &block.correction);
        let pooled = &self.pool_work[0];
        self.apply(pooled, out);
        (
            kernel::inner(&self.dx, &self.ds),
            self.gap_shift * kernel::inner(&self.unit, &self.correction)
                + kernel::inner(&self.gap_core, pooled),
        )
    }

    fn direction(&mut self, dy: &[T::R], step: Step<T::R>) {
        let (radial, shift, core) = &mut self.ds_parts;
        *radial = step.radial;
        *shift = self.gap_shift * step.shift;
        kernel::assign_scaled(core, step.shift, &self.gap_core);
        let one = T::R::from(1.0);
        scatter(&self.parts, core, -one, dy);
        product(&mut self.thin[0], &self.vectors, Op::Plain, core);
        kernel::assign_scaled(&mut self.ds, *shift, &self.unit);
        add_outer(&mut self.ds, one, &self.thin[0], &self.vectors);
        kernel::make_hermitian(&mut self.ds);
        kernel::axpy(&mut self.ds, step.radial, &self.s);
        kernel::assign_scaled(&mut self.dx, -*shift, &self.unit_inverse);
        add_outer(&mut self.dx, -one, &self.thin[0], &self.sv);
        kernel::make_hermitian(&mut self.dx);
        kernel::axpy(&mut self.dx, step.barrier, &self.s_inverse);
        for i in 0..self.n {
            self.dx[(i, i)] += T::real(-one - step.radial);
        }
        if step.corrected {
            kernel::axpy(&mut self.dx, -one, &self.correction);
        }
    }

    fn adjust(&mut self, dy: &[T::R]) {
        let core = &mut self.pool_work[1];
        core.fill(T::ZERO);
        let one = T::R::from(1.0);
        scatter(&self.parts, core, one, dy);
        kernel::axpy(&mut self.ds_parts.2, -one, core);
        product(&mut self.thin[0], &self.vectors, Op::Plain, core);
        add_outer(&mut self.ds, -one, &self.thin[0], &self.vectors);
        kernel::make_hermitian(&mut self.ds);
        let image = &mut self.work[0];
        image.fill(T::ZERO);
        add_outer(image, one, &self.thin[0], &self.sv);
        kernel::make_hermitian(image);
        kernel::axpy(&mut self.dx, one, image);
    }

    fn direction_product(&mut self, out: &mut [T::R]) {
        self.pooled(|block| &block.dx);
        self.apply(&self.pool_work[0], out);
    }

    fn max_step(&mut self, rough: bool) -> f64 {
        let (scratch, work) = (&mut self.scratch, &mut self.work);
        let primal = self.step.beside_identity(&self.dx, rough, scratch);
        let dual = self
            .step
            .longest(&self.lower_s, &self.ds, rough, scratch, work);
        primal.min(dual)
    }

    fn advance(&mut self, alpha: T::R) {
        kernel::axpy(&mut self.x, alpha, &self.dx);
    }

    fn save(&mut self, place: usize) {
        kernel::copy(&mut self.saved[place], &self.basis);
    }

    fn restore(&mut self, place: usize) {
        kernel::copy(&mut self.basis, &self.saved[place]);
        set_identity(&mut self.x);
        self.rebase();
    }

    fn load(&mut self, values: &Values) {
        if let Values::Matrix(x, _) = values {
            set_identity(&mut self.basis);
            self.rebase();
            for j in 0..self.n {
                for i in 0..self.n {
                    self.x[(i, j)] = T::from_c64(x[(i, j)]);
                }
            }
        }
    }

    fn largest(&self) -> f64 {
        // The largest entry of a semidefinite matrix stands on its diagonal.
        let mut top = 0.0_f64;
        for i in 0..self.n {
            let row = (0..self.n).map(|j| self.basis[(i, j)]);
            let square = row.fold(T::R::ZERO, |sum, v| sum + v.conjugate().re_mul(v));
            top = top.max(square.to_f64());
        }
        top
    }

    fn values(&self) -> Values {
        let (mut x, mut s) = (kernel::zeros(self.n, self.n), kernel::zeros(self.n, self.n));
        let mut half = kernel::zeros(self.n, self.n);
        product(&mut half, &self.basis, Op::Plain, &self.x);
        add_outer(&mut x, T::R::from(1.0), &half, &self.basis);
        let (shift, core) = &self.s_parts;
        let mut half = kernel::zeros(self.n, self.origin.ncols());
        product(&mut half, &self.origin, Op::Plain, core);
        add_outer(&mut s, T::R::from(1.0), &half, &self.origin);
        for i in 0..self.n {
            s[(i, i)] += T::real(*shift);
        }
        kernel::make_hermitian(&mut x);
        kernel::make_hermitian(&mut s);
        let complex =
            |a: &Mat<T>| -> Mat<c64> { Mat::from_fn(self.n, self.n, |i, j| a[(i, j)].to_c64()) };
        Values::Matrix(complex(&x), complex(&s))
    }
}

fn set_identity<T: Field>(a: &mut Mat<T>) {
    a.fill(T::ZERO);
    for i in 0..a.nrows() {
        a[(i, i)] = T::real(T::R::from(1.0));
    }
}
