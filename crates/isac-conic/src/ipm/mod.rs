//! The interior-point method: a homogeneous self-dual embedding with predictor-corrector steps.
//!
//! ```math
//! minimise <c, x> + h^T f   s.t.   A x + F f = b,  x in K, f free
//! maximise b^T y            s.t.   c - A^T y = s in K,  F^T y = h
//! ```
//!
//! `K` is a product of Hermitian semidefinite cones, nonnegative scalars and second-order cones.
//! The direction is HKM for matrices and Nesterov-Todd for second-order cones; the Schur complement
//! is dense, its entries use sparse and low-rank data.

mod block;
mod cones;
mod direction;
mod face;
mod hsd;
mod newton;
mod pairs;
mod pooled;
mod psd;
mod residuals;
mod run;
mod scale;
mod steplength;
mod unit;

use isac_linalg::kernel::Twofold;
use isac_linalg::{Mat, c64};

pub(super) use hsd::Limits;
use run::Snapshot;
pub(super) use run::{Ended, Run};

/// Most multiplications of one iteration in twofold precision (a second or two).
const EXTENDED_COST: f64 = 1.5e9;

/// A standard form to be solved, with facial reduction where that is allowed.
pub(super) struct Solver<'a> {
    standard: &'a Standard,
    face: Option<face::Face>,
    units: Option<unit::Units>,
    clean: Option<Snapshot>,
    iterations: usize,
}

impl<'a> Solver<'a> {
    /// With facial reduction if `reduce`, in natural units where they differ if `natural`.
    pub(super) fn new(standard: &'a Standard, reduce: bool, natural: bool) -> Self {
        let face = face::reduce(standard).filter(|_| reduce);
        let units = unit::natural(face.as_ref().map_or(standard, |face| &face.standard));
        Self {
            standard,
            units: units.filter(|_| natural),
            face,
            clean: None,
            iterations: 0,
        }
    }

    /// A run in `f64`.
    pub(super) fn solve(&mut self, limits: &Limits<'_>) -> Run {
        let (run, traces) = hsd::solve::<f64>(self.smaller(), limits, None);
        self.clean = Some(traces.clean);
        self.iterations = run.iterations;
        self.finish(run)
    }

    /// Whether the run is in units other than the program's own.
    pub(super) fn has_units(&self) -> bool {
        self.units.is_some()
    }

    /// Whether a run in twofold precision costs a reasonable time.
    pub(super) fn can_extend(&self) -> bool {
        self.smaller().cost() <= EXTENDED_COST
    }

    /// A run in twofold precision (about 31 digits): at the first call from where rounding began to
    /// matter in the first run, later from the start. The result and other points that may be better
    /// once they are rounded.
    pub(super) fn extend(&mut self, limits: &Limits<'_>) -> Vec<Run> {
        let clean = self.clean.take();
        let (run, traces) = hsd::solve::<Twofold>(self.smaller(), limits, clean.as_ref());
        self.iterations += run.iterations;
        let runs = traces.others.into_iter().chain([run]);
        runs.map(|run| self.finish(run)).collect()
    }

    fn smaller(&self) -> &Standard {
        let own = self.face.as_ref();
        let own = own.map_or(self.standard, |face| &face.standard);
        self.units.as_ref().map_or(own, |units| &units.standard)
    }

    /// The run as one of the program that was given; iterations are those of all runs.
    fn finish(&self, mut run: Run) -> Run {
        run.iterations = self.iterations;
        if let Some(units) = &self.units {
            run = units.restore(run);
        }
        match &self.face {
            Some(face) => face.expand(self.standard, run),
            None => run,
        }
    }
}

/// Objective and constraint coefficients of one scalar.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    pub(super) c: f64,
    /// `(row, coefficient)`, each row once.
    pub(super) a: Vec<(usize, f64)>,
}

/// Upper entries `(i, j, value)`, `i <= j`, of a Hermitian matrix.
pub(super) type Upper = Vec<(usize, usize, c64)>;

/// Data of a semidefinite block: `V B V^H` plus explicit entries, per row and for the objective.
#[derive(Debug, Clone)]
pub(super) struct Matrices {
    pub(super) n: usize,
    /// The pool `V`, `n x p`; `p` may be 0.
    pub(super) vectors: Mat<c64>,
    pub(super) pool: Vec<(usize, Upper)>,
    pub(super) explicit: Vec<(usize, Upper)>,
    /// Multiple of the identity in the objective.
    pub(super) c_shift: f64,
    pub(super) c_core: Upper,
    pub(super) c_explicit: Upper,
    /// Whether all data are real.
    pub(super) real: bool,
}

impl Matrices {
    /// Multiplications of one iteration, roughly.
    fn cost(&self) -> f64 {
        let n = self.n as f64;
        let schur = |order: f64, parts: &[(usize, Upper)]| {
            let sizes = parts.iter().map(|(_, entries)| entries.len() as f64);
            let total: f64 = sizes.clone().sum();
            let product = |e: f64| 4.0 * order * e + order * order * e.min(order) / 6.0;
            sizes.map(|e| product(e).min(2.0 * e * total)).sum::<f64>()
        };
        let products = schur(n, &self.explicit) + schur(self.vectors.ncols() as f64, &self.pool);
        let weight = if self.real { 1.0 } else { 4.0 };
        weight * (15.0 * n.powi(3) + 4.0 * products)
    }
}

/// A program in the form above.
#[derive(Debug, Clone, Default)]
pub(super) struct Standard {
    pub(super) b: Vec<f64>,
    pub(super) matrices: Vec<Matrices>,
    pub(super) linear: Vec<Column>,
    pub(super) cones: Vec<Vec<Column>>,
    pub(super) free: Vec<Column>,
}

impl Standard {
    /// Multiplications of one iteration, roughly.
    fn cost(&self) -> f64 {
        let blocks: f64 = self.matrices.iter().map(Matrices::cost).sum();
        (self.b.len() as f64).powi(3) / 3.0 + blocks
    }
}

#[cfg(test)]
mod tests {
    use super::hsd;
    use super::{Limits, Standard};
    use crate::{Affine, Coefficient, Form, HermitianAffine, Program, lower, parts};
    use isac_linalg::kernel::{Real, Twofold};
    use isac_linalg::{Mat, c64, ops};

    /// Every kind of block and row: pools, dense data, a matrix inequality, a norm, a free scalar.
    fn mixed(n: usize) -> Program {
        let entry = |i: usize, k: usize| {
            c64::new(
                (1.3 * i as f64 + k as f64).sin(),
                (i as f64 - 2.1 * k as f64).cos(),
            )
        };
        let h = Mat::from_fn(n, 3, entry);
        let dense = isac_linalg::hermitian::hermitian_part(Mat::from_fn(n, n, entry).as_ref());
        let mut p = Program::new();
        let w: Vec<_> = (0..2).map(|k| p.psd(format!("W{k}"), n)).collect();
        for k in 0..2 {
            let other = w[1 - k].quadratic(h.col(k));
            p.at_least(
                format!("ratio {k}"),
                w[k].quadratic(h.col(k)) * 0.2 - other,
                0.1,
            );
        }
        p.at_most("dense", w[1].inner(Coefficient::dense(dense)), 50.0);
        let (z, t, u) = (p.vector("z", 2), p.free("t"), p.free("u"));
        p.norm_at_most("norm", parts((0..2).map(|i| z.entry(i))), t);
        p.equal("tie", z.entry(0).re + z.entry(1).im, 1.0);
        let gram = ops::mul_adjoint(h.as_ref().subrows(0, 3), h.as_ref().subrows(0, 3));
        let mut slack = HermitianAffine::constant(ops::shifted(gram.as_ref(), 0.1));
        slack.add_term(Affine::from(u), Coefficient::identity());
        p.lmi("slack", slack);
        p.minimise(w.iter().map(|w| w.trace()).sum::<Affine>() + t + u * 0.1);
        p
    }

    fn allocations<R: Real>(standard: &Standard, max_iterations: usize) -> u64 {
        let limits = Limits {
            tolerance: 1e-14,
            ray_tolerance: 1e-14,
            max_iterations,
            stop: &|| false,
        };
        let mut made = 0;
        let count = allocation_counter::measure(|| {
            made = hsd::solve::<R>(standard, &limits, None).0.iterations;
        });
        assert_eq!(made, max_iterations, "the iterations compared are all made");
        count.count_total
    }

    #[test]
    fn iterations_allocate_nothing() {
        for form in [Form::Primal, Form::Dual] {
            for n in [4, 12, 40] {
                if form == Form::Dual && n > 12 {
                    continue;
                }
                let lowered = lower::lower(&mixed(n), form);
                let standard = &lowered.standard;
                // What the kernels keep per thread is taken at the first call.
                allocations::<f64>(standard, 5);
                let few = allocations::<f64>(standard, 2);
                for more in 3..=8 {
                    assert_eq!(
                        allocations::<f64>(standard, more),
                        few,
                        "{form:?} {n} {more}"
                    );
                }
                if n <= 12 {
                    allocations::<Twofold>(standard, 3);
                    let few = allocations::<Twofold>(standard, 2);
                    let more = allocations::<Twofold>(standard, 5);
                    assert_eq!(more, few, "{form:?} {n} in 31 digits");
                }
            }
        }
    }
}
