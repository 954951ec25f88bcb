//! A Hermitian (or real symmetric) positive semidefinite block.
//!
//! Data are of two kinds, which may occur together: `V B_i V^H` over one pool of vectors `V`, and
//! explicit sparse entries. The pool part of everything is done in the order of the pool. When there
//! is nothing else but a multiple of the identity in the objective (`compact`), the direction needs
//! only two products of the block's own order.

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
    /// `c = c_shift I + V c_core V^H` when compact, `c_dense` otherwise.
    compact: bool,
    c_shift: T::R,
    c_core: Mat<T>,
    c_dense: Mat<T>,
    c_entries: Option<Part<T>>,
    x: Mat<T>,
    s: Mat<T>,
    s_inverse: Mat<T>,
    lower_x: Mat<T>,
    lower_s: Mat<T>,
    dx: Mat<T>,
    ds: Mat<T>,
    pc: Mat<T>,
    pe: Mat<T>,
    correction: Mat<T>,
    saved: [Mat<T>; 2],
    /// `X V`, `S^-1 V` and their products with `V^H`.
    xv: Mat<T>,
    sv: Mat<T>,
    x_pool: Mat<T>,
    s_pool: Mat<T>,
    /// The direction of `s` in compact form.
    ds_shift: T::R,
    ds_core: Mat<T>,
    work: [Mat<T>; 3],
    pool_work: [Mat<T>; 3],
    thin: [Mat<T>; 2],
    scratch: Scratch,
    step: StepLength<T>,
}

/// The data of a block, already scaled.
#[derive(Debug)]
pub(super) struct PsdInput<T: Field> {
    pub(super) n: usize,
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
            n,
            vectors,
            mut pool,
            mut explicit,
            c_shift,
            c_core,
            c_explicit,
        } = input;
        pairs::sort(&mut pool);
        pairs::sort(&mut explicit);
        let p = vectors.ncols();
        let zeros = |n: usize| kernel::zeros(n, n);
        let mut core = zeros(p);
        Part::new(0, c_core).scatter(&mut core, one::<T>());
        let compact = explicit.is_empty() && c_explicit.is_empty();
        let (mut c_dense, mut c_entries) = (zeros(if compact { 0 } else { n }), None);
        if !compact {
            for i in 0..n {
                c_dense[(i, i)] += T::real(c_shift);
            }
            let part = Part::new(0, c_explicit);
            part.scatter(&mut c_dense, one::<T>());
            if p > 0 {
                let mut half = kernel::zeros(n, p);
                product(&mut half, false, one::<T>(), &vectors, &core);
                product_adjoint(&mut c_dense, true, one::<T>(), &half, &vectors);
            }
            let mut entries = Vec::new();
            for j in 0..n {
                for i in 0..n {
                    let v = c_dense[(i, j)];
                    if v != T::ZERO {
                        entries.push((i as u32, j as u32, v));
                    }
                }
            }
            if entries.len() * 6 < n * n {
                c_entries = Some(Part::new(0, entries));
            }
        }
        Self {
            n,
            compact,
            c_shift,
            c_core: core,
            c_dense,
            c_entries,
            x: kernel::identity(n),
            s: zeros(n),
            s_inverse: zeros(n),
            lower_x: zeros(n),
            lower_s: zeros(n),
            dx: zeros(n),
            ds: zeros(n),
            pc: zeros(n),
            pe: zeros(n),
            correction: zeros(n),
            saved: [kernel::identity(n), kernel::identity(n)],
            xv: kernel::zeros(n, p),
            sv: kernel::zeros(n, p),
            x_pool: zeros(p),
            s_pool: zeros(p),
            ds_shift: T::R::ZERO,
            ds_core: zeros(p),
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

    /// `<c, u>`, given `V^H u V`.
    fn inner_c(&self, u: &Mat<T>, pooled: &Mat<T>) -> T::R {
        if self.compact {
            let mut trace = T::R::ZERO;
            for i in 0..self.n {
                trace += u[(i, i)].re();
            }
            self.c_shift * trace + kernel::inner(&self.c_core, pooled)
        } else if let Some(part) = &self.c_entries {
            part.inner(u)
        } else {
            kernel::inner(&self.c_dense, u)
        }
    }

    /// Adds `A u` and returns `<c, u>`; `which` selects one of the block's own matrices.
    fn both(&mut self, which: fn(&Self) -> &Mat<T>, out: &mut [T::R]) -> T::R {
        let mut pooled = std::mem::replace(&mut self.pool_work[0], Mat::new());
        let mut half = std::mem::replace(&mut self.thin[0], Mat::new());
        let u = which(self);
        if self.vectors.ncols() > 0 {
            product(&mut half, false, one::<T>(), u, &self.vectors);
            adjoint_product(&mut pooled, &self.vectors, &half);
        }
        self.apply(u, &pooled, out);
        let value = self.inner_c(u, &pooled);
        self.pool_work[0] = pooled;
        self.thin[0] = half;
        value
    }

    /// `target <- left (V core V^H) S^-1` made Hermitian, with `left V` given.
    fn pooled_p(&mut self, core: &Mat<T>, into_work: usize) {
        product(&mut self.thin[0], false, one::<T>(), &self.xv, core);
        product_adjoint(
            &mut self.work[into_work],
            false,
            one::<T>(),
            &self.thin[0],
            &self.sv,
        );
        kernel::make_hermitian(&mut self.work[into_work]);
    }
}

impl<T: Field> Block<T::R> for Psd<T> {
    fn degree(&self) -> f64 {
        self.n as f64
    }

    fn set_dual(&mut self, y: &[T::R], tau: T::R, theta: T::R) {
        let diagonal = |s: &mut Mat<T>, value: T::R| {
            for i in 0..s.nrows() {
                s[(i, i)] += T::real(value);
            }
        };
        let mut core = std::mem::replace(&mut self.ds_core, Mat::new());
        kernel::assign_scaled(
            &mut core,
            if self.compact {
                tau - theta
            } else {
                T::R::ZERO
            },
            &self.c_core,
        );
        for part in &self.pool {
            part.scatter(&mut core, -y[part.row]);
        }
        if self.compact {
            self.s.fill(T::ZERO);
            diagonal(&mut self.s, theta + (tau - theta) * self.c_shift);
        } else {
            kernel::assign_scaled(&mut self.s, tau - theta, &self.c_dense);
            diagonal(&mut self.s, theta);
            for part in &self.explicit {
                part.scatter(&mut self.s, -y[part.row]);
            }
        }
        Self::expand(
            &mut self.s,
            one::<T>(),
            &self.vectors,
            &core,
            &mut self.thin[0],
        );
        self.ds_core = core;
        kernel::make_hermitian(&mut self.s);
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
        product(&mut self.pe, false, one::<T>(), &self.x, &self.s_inverse);
        kernel::make_hermitian(&mut self.pe);
        if self.compact {
            kernel::assign_scaled(&mut self.pc, self.c_shift, &self.pe);
            let core = std::mem::replace(&mut self.c_core, Mat::new());
            self.pooled_p(&core, 0);
            self.c_core = core;
            kernel::axpy(&mut self.pc, one::<T>(), &self.work[0]);
        } else {
            if let Some(c) = &self.c_entries {
                self.work[0].fill(T::ZERO);
                for &(a, b, v) in &c.entries {
                    let source = self.x.col_as_slice(a as usize);
                    let target = self.work[0].col_as_slice_mut(b as usize);
                    for (t, s) in target.iter_mut().zip(source) {
                        *t += *s * v;
                    }
                }
            } else {
                product(&mut self.work[0], false, one::<T>(), &self.x, &self.c_dense);
            }
            product(
                &mut self.pc,
                false,
                one::<T>(),
                &self.work[0],
                &self.s_inverse,
            );
            kernel::make_hermitian(&mut self.pc);
        }
        out.xs += kernel::inner(&self.x, &self.s);
        self.apply(&self.x, &self.x_pool, &mut out.ax);
        out.cx += self.inner_c(&self.x, &self.x_pool);
        self.apply(&self.s_inverse, &self.s_pool, &mut out.a_inverse);
        out.c_inverse += self.inner_c(&self.s_inverse, &self.s_pool);
        out.cpc += self.both(|block| &block.pc, &mut out.apc);
        out.cpe += self.both(|block| &block.pe, &mut out.ape);
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

    fn correction(&mut self, out: &mut [T::R]) -> T::R {
        if self.compact {
            product(
                &mut self.work[0],
                false,
                self.ds_shift,
                &self.dx,
                &self.s_inverse,
            );
            if self.vectors.ncols() > 0 {
                product(
                    &mut self.thin[0],
                    false,
                    one::<T>(),
                    &self.dx,
                    &self.vectors,
                );
                let [first, second] = &mut self.thin;
                product(second, false, one::<T>(), first, &self.ds_core);
                product_adjoint(&mut self.work[0], true, one::<T>(), second, &self.sv);
            }
            std::mem::swap(&mut self.correction, &mut self.work[0]);
        } else {
            product(&mut self.work[0], false, one::<T>(), &self.dx, &self.ds);
            product(
                &mut self.correction,
                false,
                one::<T>(),
                &self.work[0],
                &self.s_inverse,
            );
        }
        kernel::make_hermitian(&mut self.correction);
        self.both(|block| &block.correction, out)
    }

    fn direction(&mut self, dy: &[T::R], step: Step<T::R>) {
        let c_factor = step.dtau + step.shift;
        // Pool part of A^T dy.
        let mut core = std::mem::replace(&mut self.ds_core, Mat::new());
        core.fill(T::ZERO);
        for part in &self.pool {
            part.scatter(&mut core, dy[part.row]);
        }
        if self.compact {
            self.pooled_p(&core, 0);
            for j in 0..core.ncols() {
                for i in 0..core.nrows() {
                    core[(i, j)] = self.c_core[(i, j)].times(c_factor) - core[(i, j)];
                }
            }
            self.ds_shift = self.c_shift * c_factor - step.shift;
            self.ds.fill(T::ZERO);
            for i in 0..self.n {
                self.ds[(i, i)] = T::real(self.ds_shift);
            }
            Self::expand(
                &mut self.ds,
                one::<T>(),
                &self.vectors,
                &core,
                &mut self.thin[0],
            );
            kernel::make_hermitian(&mut self.ds);
        } else {
            let [first, second, _] = &mut self.work;
            second.fill(T::ZERO);
            for part in &self.explicit {
                part.scatter(second, dy[part.row]);
            }
            Self::expand(second, one::<T>(), &self.vectors, &core, &mut self.thin[0]);
            kernel::assign_scaled(&mut self.ds, c_factor, &self.c_dense);
            for i in 0..self.n {
                self.ds[(i, i)] += T::real(-step.shift);
            }
            kernel::axpy(&mut self.ds, -one::<T>(), second);
            kernel::make_hermitian(&mut self.ds);
            // `dx` serves as memory for the product before it is set.
            product(&mut self.dx, false, one::<T>(), &self.x, second);
            product(first, false, one::<T>(), &self.dx, &self.s_inverse);
            kernel::make_hermitian(first);
        }
        self.ds_core = core;
        for j in 0..self.n {
            let sum = self.work[0].col_as_slice(j);
            let x = self.x.col_as_slice(j);
            let inverse = self.s_inverse.col_as_slice(j);
            let pc = self.pc.col_as_slice(j);
            let pe = self.pe.col_as_slice(j);
            let correction = self.correction.col_as_slice(j);
            let dx = self.dx.col_as_slice_mut(j);
            for i in 0..self.n {
                let mut value = sum[i] - x[i] + inverse[i].times(step.barrier)
                    - pc[i].times(c_factor)
                    + pe[i].times(step.shift);
                if step.corrected {
                    value -= correction[i];
                }
                dx[i] = value;
            }
        }
    }

    fn adjust(&mut self, dy: &[T::R]) {
        let mut core = std::mem::replace(&mut self.pool_work[1], Mat::new());
        core.fill(T::ZERO);
        for part in &self.pool {
            part.scatter(&mut core, dy[part.row]);
        }
        if self.compact {
            self.pooled_p(&core, 0);
            Self::expand(
                &mut self.ds,
                -one::<T>(),
                &self.vectors,
                &core,
                &mut self.thin[0],
            );
            kernel::axpy(&mut self.ds_core, -one::<T>(), &core);
        } else {
            let [first, second, third] = &mut self.work;
            second.fill(T::ZERO);
            for part in &self.explicit {
                part.scatter(second, dy[part.row]);
            }
            Self::expand(second, one::<T>(), &self.vectors, &core, &mut self.thin[0]);
            kernel::make_hermitian(second);
            kernel::axpy(&mut self.ds, -one::<T>(), second);
            product(third, false, one::<T>(), &self.x, second);
            product(first, false, one::<T>(), third, &self.s_inverse);
            kernel::make_hermitian(first);
        }
        self.pool_work[1] = core;
        kernel::make_hermitian(&mut self.ds);
        kernel::axpy(&mut self.dx, one::<T>(), &self.work[0]);
    }

    fn direction_product(&mut self, out: &mut [T::R]) {
        self.both(|block| &block.dx, out);
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
