//! A Hermitian (or real symmetric) positive semidefinite block.
//!
//! Data are of two kinds, which may occur together: explicit sparse entries and `V B_i V^H` over one
//! pool of vectors `V`, done in the order of the pool. Blocks of the second kind alone are
//! [`Pooled`](super::pooled::Pooled).

use isac_linalg::kernel::{self, Field, Real, Scratch};
use isac_linalg::ops::Op;
use isac_linalg::{Mat, c64};

use super::block::{Block, Products, Step, Values};
use super::pairs::{self, Part};
use super::steplength::StepLength;

#[derive(Debug)]
pub(super) struct Psd<T: Field> {
    n: usize,
    vectors: Mat<T>,
    pool: Vec<Part<T>>,
    explicit: Vec<Part<T>>,
    /// `d = c - I`, and its entries when they are few.
    gap: Mat<T>,
    gap_entries: Option<Part<T>>,
    x: Mat<T>,
    s: Mat<T>,
    s_inverse: Mat<T>,
    lower_x: Mat<T>,
    lower_s: Mat<T>,
    dx: Mat<T>,
    ds: Mat<T>,
    pd: Mat<T>,
    correction: Mat<T>,
    saved: [Mat<T>; 2],
    /// `X V`, `S^-1 V` and their products with `V^H`.
    xv: Mat<T>,
    sv: Mat<T>,
    x_pool: Mat<T>,
    s_pool: Mat<T>,
    work: [Mat<T>; 3],
    pool_work: [Mat<T>; 3],
    thin: [Mat<T>; 2],
    scratch: Scratch,
    step: StepLength<T>,
}

/// The data of a block, already scaled.
#[derive(Debug)]
pub(super) struct PsdInput<T: Field> {
    pub(super) vectors: Mat<T>,
    pub(super) pool: Vec<Part<T>>,
    pub(super) explicit: Vec<Part<T>>,
    pub(super) c_shift: T::R,
    /// All entries of the pool part of `c`.
    pub(super) c_core: Vec<(u32, u32, T)>,
    /// All entries of the rest of `c`.
    pub(super) c_explicit: Vec<(u32, u32, T)>,
}

fn one<T: Field>() -> T::R {
    T::R::from(1.0)
}

fn product<T: Field>(dst: &mut Mat<T>, add: bool, alpha: T::R, a: &Mat<T>, b: &Mat<T>) {
    T::gemm(
        dst.as_mut(),
        add,
        alpha,
        a.as_ref(),
        Op::Plain,
        b.as_ref(),
        Op::Plain,
    );
}

fn adjoint_product<T: Field>(dst: &mut Mat<T>, a: &Mat<T>, b: &Mat<T>) {
    T::gemm(
        dst.as_mut(),
        false,
        one::<T>(),
        a.as_ref(),
        Op::Adjoint,
        b.as_ref(),
        Op::Plain,
    );
}

fn product_adjoint<T: Field>(dst: &mut Mat<T>, add: bool, alpha: T::R, a: &Mat<T>, b: &Mat<T>) {
    T::gemm(
        dst.as_mut(),
        add,
        alpha,
        a.as_ref(),
        Op::Plain,
        b.as_ref(),
        Op::Adjoint,
    );
}

impl<T: Field> Psd<T> {
    pub(super) fn new(input: PsdInput<T>) -> Self {
        let PsdInput {
            vectors,
            mut pool,
            mut explicit,
            c_shift,
            c_core,
            c_explicit,
        } = input;
        pairs::sort(&mut pool);
        pairs::sort(&mut explicit);
        let (n, p) = vectors.shape();
        let zeros = |n: usize| kernel::zeros(n, n);
        let mut core = zeros(p);
        Part::new(0, c_core).scatter(&mut core, one::<T>());
        let (mut gap, mut gap_entries) = (zeros(n), None);
        for i in 0..n {
            gap[(i, i)] += T::real(c_shift - one::<T>());
        }
        Part::new(0, c_explicit).scatter(&mut gap, one::<T>());
        Self::expand(
            &mut gap,
            one::<T>(),
            &vectors,
            &core,
            &mut kernel::zeros(n, p),
        );
        let mut entries = Vec::new();
        for j in 0..n {
            for i in 0..n {
                let v = gap[(i, j)];
                if v != T::ZERO {
                    entries.push((i as u32, j as u32, v));
                }
            }
        }
        if entries.len() * 6 < n * n {
            gap_entries = Some(Part::new(0, entries));
        }
        Self {
            n,
            gap,
            gap_entries,
            x: kernel::identity(n),
            s: zeros(n),
            s_inverse: zeros(n),
            lower_x: zeros(n),
            lower_s: zeros(n),
            dx: zeros(n),
            ds: zeros(n),
            pd: zeros(n),
            correction: zeros(n),
            saved: [kernel::identity(n), kernel::identity(n)],
            xv: kernel::zeros(n, p),
            sv: kernel::zeros(n, p),
            x_pool: zeros(p),
            s_pool: zeros(p),
            work: std::array::from_fn(|_| zeros(n)),
            pool_work: std::array::from_fn(|_| zeros(p)),
            thin: std::array::from_fn(|_| kernel::zeros(n, p)),
            scratch: Scratch::new::<T>(n),
            step: StepLength::new(n),
            vectors,
            pool,
            explicit,
        }
    }

    /// `target += factor V core V^H` for Hermitian `core`.
    fn expand(
        target: &mut Mat<T>,
        factor: T::R,
        vectors: &Mat<T>,
        core: &Mat<T>,
        half: &mut Mat<T>,
    ) {
        if vectors.ncols() > 0 {
            product(half, false, one::<T>(), vectors, core);
            product_adjoint(target, true, factor, half, vectors);
        }
    }

    /// Adds `A u` for Hermitian `u`, given `V^H u V`.
    fn apply(&self, u: &Mat<T>, pooled: &Mat<T>, out: &mut [T::R]) {
        for part in &self.pool {
            out[part.row] += part.inner(pooled);
        }
        for part in &self.explicit {
            out[part.row] += part.inner(u);
        }
    }

    /// `<d, u>`.
    fn inner_gap(&self, u: &Mat<T>) -> T::R {
        match &self.gap_entries {
            Some(part) => part.inner(u),
            None => kernel::inner(&self.gap, u),
        }
    }

    /// Adds `A u`; `which` selects one of the block's own matrices.
    fn image_of(&mut self, which: fn(&Self) -> &Mat<T>, out: &mut [T::R]) {
        let mut pooled = std::mem::replace(&mut self.pool_work[0], Mat::new());
        let mut half = std::mem::replace(&mut self.thin[0], Mat::new());
        let u = which(self);
        if self.vectors.ncols() > 0 {
            product(&mut half, false, one::<T>(), u, &self.vectors);
            adjoint_product(&mut pooled, &self.vectors, &half);
        }
        self.apply(u, &pooled, out);
        self.pool_work[0] = pooled;
        self.thin[0] = half;
    }

    /// `sum_i y_i A_i` into `work[1]`.
    fn adjoint(&mut self, y: &[T::R]) {
        let target = &mut self.work[1];
        target.fill(T::ZERO);
        for part in &self.explicit {
            part.scatter(target, y[part.row]);
        }
        let core = &mut self.pool_work[1];
        core.fill(T::ZERO);
        for part in &self.pool {
            part.scatter(core, y[part.row]);
        }
        Self::expand(target, one::<T>(), &self.vectors, core, &mut self.thin[0]);
        kernel::make_hermitian(target);
    }

    /// `P(U)` of `U` in `work[1]`, into `work[0]`.
    fn image(&mut self) {
        let [first, second, third] = &mut self.work;
        product(third, false, one::<T>(), &self.x, second);
        product(first, false, one::<T>(), third, &self.s_inverse);
        kernel::make_hermitian(first);
    }
}

impl<T: Field> Block<T::R> for Psd<T> {
    fn degree(&self) -> f64 {
        self.n as f64
    }

    fn set_dual(&mut self, y: &[T::R], tau: T::R, theta: T::R) {
        self.adjoint(y);
        // tau c - theta d with c = d + I.
        kernel::assign_scaled(&mut self.s, tau - theta, &self.gap);
        for i in 0..self.n {
            self.s[(i, i)] += T::real(tau);
        }
        kernel::axpy(&mut self.s, -one::<T>(), &self.work[1]);
    }

    fn factor(&mut self) -> bool {
        kernel::copy(&mut self.lower_x, &self.x);
        kernel::copy(&mut self.lower_s, &self.s);
        T::cholesky(self.lower_s.as_mut(), &mut self.scratch)
            && T::cholesky(self.lower_x.as_mut(), &mut self.scratch)
    }

    fn products(&mut self, out: &mut Products<T::R>) {
        T::inverse_from_lower(
            self.s_inverse.as_mut(),
            self.lower_s.as_ref(),
            &mut self.scratch,
        );
        if self.vectors.ncols() > 0 {
            product(&mut self.xv, false, one::<T>(), &self.x, &self.vectors);
            product(
                &mut self.sv,
                false,
                one::<T>(),
                &self.s_inverse,
                &self.vectors,
            );
            adjoint_product(&mut self.x_pool, &self.vectors, &self.xv);
            adjoint_product(&mut self.s_pool, &self.vectors, &self.sv);
            kernel::make_hermitian(&mut self.x_pool);
            kernel::make_hermitian(&mut self.s_pool);
        }
        if let Some(gap) = &self.gap_entries {
            self.work[0].fill(T::ZERO);
            for &(a, b, v) in &gap.entries {
                let source = self.x.col_as_slice(a as usize);
                let target = self.work[0].col_as_slice_mut(b as usize);
                for (t, s) in target.iter_mut().zip(source) {
                    *t += *s * v;
                }
            }
        } else {
            product(&mut self.work[0], false, one::<T>(), &self.x, &self.gap);
        }
        product(
            &mut self.pd,
            false,
            one::<T>(),
            &self.work[0],
            &self.s_inverse,
        );
        kernel::make_hermitian(&mut self.pd);
        out.xs += kernel::inner(&self.x, &self.s);
        self.apply(&self.x, &self.x_pool, &mut out.ax);
        let along = self.inner_gap(&self.x);
        out.dx += along;
        out.cx += along + kernel::trace(&self.x);
        self.apply(&self.s_inverse, &self.s_pool, &mut out.a_inverse);
        out.d_inverse += self.inner_gap(&self.s_inverse);
        self.image_of(|block| &block.pd, &mut out.apd);
        out.dpd += self.inner_gap(&self.pd);
    }

    fn schur(&mut self, m: &mut Mat<T::R>) {
        pairs::add_pairs(&self.explicit, &self.x, &self.s_inverse, m, &mut self.work);
        if self.pool.is_empty() {
            return;
        }
        pairs::add_pairs(
            &self.pool,
            &self.x_pool,
            &self.s_pool,
            m,
            &mut self.pool_work,
        );
        // A row's explicit part against all pool parts: V^H S^-1 A X V once per part.
        for part in &self.explicit {
            self.thin[0].fill(T::ZERO);
            for &(a, b, v) in &part.entries {
                for k in 0..self.vectors.ncols() {
                    self.thin[0][(a as usize, k)] += v * self.xv[(b as usize, k)];
                }
            }
            adjoint_product(&mut self.pool_work[0], &self.sv, &self.thin[0]);
            kernel::make_hermitian(&mut self.pool_work[0]);
            for other in &self.pool {
                let value = other.inner(&self.pool_work[0]);
                let (i, j) = (part.row.max(other.row), part.row.min(other.row));
                m[(i, j)] += if i == j { value + value } else { value };
            }
        }
    }

    fn correction(&mut self, out: &mut [T::R]) -> (T::R, T::R) {
        product(&mut self.work[0], false, one::<T>(), &self.dx, &self.ds);
        product(
            &mut self.correction,
            false,
            one::<T>(),
            &self.work[0],
            &self.s_inverse,
        );
        kernel::make_hermitian(&mut self.correction);
        self.image_of(|block| &block.correction, out);
        (
            kernel::inner(&self.dx, &self.ds),
            self.inner_gap(&self.correction),
        )
    }

    fn direction(&mut self, dy: &[T::R], step: Step<T::R>) {
        self.adjoint(dy);
        kernel::assign_scaled(&mut self.ds, step.radial, &self.s);
        kernel::axpy(&mut self.ds, step.shift, &self.gap);
        kernel::axpy(&mut self.ds, -one::<T>(), &self.work[1]);
        self.image();
        let own = one::<T>() + step.radial;
        for j in 0..self.n {
            let sum = self.work[0].col_as_slice(j);
            let x = self.x.col_as_slice(j);
            let inverse = self.s_inverse.col_as_slice(j);
            let pd = self.pd.col_as_slice(j);
            let correction = self.correction.col_as_slice(j);
            let dx = self.dx.col_as_slice_mut(j);
            for i in 0..self.n {
                let mut value = sum[i] - x[i].times(own) + inverse[i].times(step.barrier)
                    - pd[i].times(step.shift);
                if step.corrected {
                    value -= correction[i];
                }
                dx[i] = value;
            }
        }
    }

    fn adjust(&mut self, dy: &[T::R]) {
        self.adjoint(dy);
        kernel::axpy(&mut self.ds, -one::<T>(), &self.work[1]);
        self.image();
        kernel::axpy(&mut self.dx, one::<T>(), &self.work[0]);
    }

    fn direction_product(&mut self, out: &mut [T::R]) {
        self.image_of(|block| &block.dx, out);
    }

    fn max_step(&mut self, rough: bool) -> f64 {
        let (scratch, work) = (&mut self.scratch, &mut self.work);
        let primal = self
            .step
            .longest(&self.lower_x, &self.dx, rough, scratch, work);
        let dual = self
            .step
            .longest(&self.lower_s, &self.ds, rough, scratch, work);
        primal.min(dual)
    }

    fn advance(&mut self, alpha: T::R) {
        kernel::axpy(&mut self.x, alpha, &self.dx);
    }

    fn save(&mut self, place: usize) {
        kernel::copy(&mut self.saved[place], &self.x);
    }

    fn restore(&mut self, place: usize) {
        kernel::copy(&mut self.x, &self.saved[place]);
    }

    fn load(&mut self, values: &Values) {
        if let Values::Matrix(x, _) = values {
            self.x = Mat::from_fn(self.n, self.n, |i, j| T::from_c64(x[(i, j)]));
        }
    }

    fn largest(&self) -> f64 {
        // The largest entry of a semidefinite matrix stands on its diagonal.
        (0..self.n).fold(0.0, |t, i| t.max(self.x[(i, i)].re().to_f64()))
    }

    fn values(&self) -> Values {
        let complex =
            |a: &Mat<T>| -> Mat<c64> { Mat::from_fn(self.n, self.n, |i, j| a[(i, j)].to_c64()) };
        Values::Matrix(complex(&self.x), complex(&self.s))
    }
}
