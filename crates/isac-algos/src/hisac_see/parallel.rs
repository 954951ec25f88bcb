//! Designs whose beams of BS1 are parallel, `w_bo = c w_ta` with `c^2 <= 1`.
//!
//! The order at Eve leaves two kinds of designs. If some channel `h` of her error set has
//! `h^H w_ta = 0`, then a whole piece of that hyperplane does, on all of which `h^H w_bo` must vanish
//! too: the beams are parallel. Otherwise `|h_e^H w_ta| >= r |w_ta|`. The parallel designs are a
//! thin sheet of the space of beams that no method finds from beside it, so they get coordinates of
//! their own, in which both orders are `c^2 <= 1`.

use super::problem::{Design, dot, square};
use super::program::Program;
use super::start::{with_power, without};
use isac_linalg::c64;
use isac_opt::sqp::Point;
use std::cell::RefCell;

/// Unit of `c`, which moves less than the beams do: the optimiser's first model knows no difference.
const SHARE_UNIT: f64 = 0.1;

/// A program over the parallel designs: `c` in its unit, then the variables of [`Program`] without `w_bo`.
pub(crate) struct Parallel<'a> {
    program: Program<'a>,
    /// Real entries of a beam of BS1.
    length: usize,
    full: RefCell<Point>,
}

impl<'a> Parallel<'a> {
    /// Of a program for [`Branch::Parallel`](super::program::Branch) with no frozen beams.
    pub(crate) fn new(program: Program<'a>) -> Self {
        let (n, m) = (program.variable_count(), program.rows());
        Self {
            length: 2 * program.cell.antennas1(),
            full: RefCell::new(Point {
                objective: 0.0,
                gradient: vec![0.0; n],
                constraints: vec![0.0; m],
                jacobian: vec![0.0; m * n],
            }),
            program,
        }
    }

    /// Whether a design's beams are parallel with the sensing beam no weaker.
    pub(crate) fn contains(design: &Design) -> bool {
        let (data, sensing) = (square(&design.w_bo), square(&design.w_ta));
        let product = dot(&design.w_bo, &design.w_ta).norm_sqr();
        product >= data * sensing * (1.0 - 1e-9) && data <= sensing * (1.0 + 1e-6)
    }

    pub(crate) fn rows(&self) -> usize {
        self.program.rows() + 1
    }

    pub(crate) fn variables(&self, design: &Design) -> Vec<f64> {
        let product = dot(&design.w_ta, &design.w_bo).norm();
        let share = product / square(&design.w_ta).max(f64::MIN_POSITIVE);
        let full = self.program.variables(design);
        std::iter::once(share / SHARE_UNIT)
            .chain(full[self.length..].iter().copied())
            .collect()
    }

    fn full_variables(&self, y: &[f64]) -> Vec<f64> {
        let c = y[0] * SHARE_UNIT;
        let data = y[1..=self.length].iter().map(|w| w * c);
        data.chain(y[1..].iter().copied()).collect()
    }

    pub(crate) fn design(&self, y: &[f64]) -> Design {
        self.program.design(&self.full_variables(y))
    }

    pub(crate) fn evaluate(&self, y: &[f64], anchor: Option<&[f64]>, out: &mut Point) -> bool {
        let full = &mut *self.full.borrow_mut();
        let x = self.full_variables(y);
        let anchor = anchor.map(|anchor| self.full_variables(anchor));
        let pieces = self.program.evaluate(&x, anchor.as_deref(), full);
        out.objective = full.objective;
        let (length, n) = (self.length, x.len());
        let c = y[0] * SHARE_UNIT;
        // Rows of `w_bo` pull back to `c` and `w_ta`.
        let pull = |from: &[f64], to: &mut [f64]| {
            let along: f64 = (0..length).map(|i| from[i] * y[1 + i]).sum();
            to[0] = along * SHARE_UNIT;
            to[1..].copy_from_slice(&from[length..]);
            for i in 0..length {
                to[1 + i] += c * from[i];
            }
        };
        pull(&full.gradient, &mut out.gradient);
        let m = full.constraints.len();
        out.constraints[..m].copy_from_slice(&full.constraints);
        let mut rows = out.jacobian.chunks_exact_mut(y.len());
        for (from, to) in full.jacobian.chunks_exact(n).zip(rows.by_ref()) {
            pull(from, to);
        }
        out.constraints[m] = c * c - 1.0;
        if let Some(last) = rows.next() {
            last.fill(0.0);
            last[0] = 2.0 * c * SHARE_UNIT;
        }
        pieces
    }
}

/// A parallel design close to a given one: the sensing beam without what it sends towards Eve, or as
/// it is where that is all, such as with one antenna; the data beam nearly as strong, BS1's power
/// as it was.
pub fn parallel_start(design: &Design, h_e: &[c64]) -> Design {
    const SHARE: f64 = 0.95;
    let power = design.power1() / (1.0 + SHARE * SHARE);
    let w_ta = with_power(&without(&design.w_ta, h_e), power);
    Design {
        w_bo: w_ta.iter().map(|w| w * SHARE).collect(),
        w_ta,
        streams: design.streams.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem::Problem;
    use super::super::program::Branch;
    use super::super::start::{RawStart, Working};
    use super::*;
    use isac_metrics::secrecy::Bound;
    use isac_models::channel::PathChannel;
    use isac_models::scene::Scene;
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    /// One antenna sends nothing past Eve: what is left of its sensing beam was scaled from nothing to
    /// BS1's power, and the start was no number.
    #[test]
    fn the_start_of_one_antenna_has_the_power_that_it_was_given() {
        let beam = |re: f64| vec![c64::new(re, 0.5)];
        let of = |w_ta: f64| Design {
            w_bo: beam(30.0),
            w_ta: beam(w_ta),
            streams: beam(1.0),
        };
        for w_ta in [-1.0, 40.0] {
            let given = of(w_ta);
            let start = parallel_start(&given, &[c64::ONE]);
            assert!((start.power1() / given.power1() - 1.0).abs() < 1e-14);
            assert!(Parallel::contains(&start));
            assert_eq!(start.streams, given.streams);
        }
    }

    /// Bob's, Eve's and the users' rows through the product `c w_ta`, by central differences.
    #[test]
    fn gradients_pull_back_through_the_product() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let model = PathChannel::new(3, 2, 0.0167).unwrap();
        let cell = Scene::fixed(3)
            .unwrap()
            .channels(&model, &model, 1e-8, &mut rng)
            .unwrap()
            .with_relative_error(0.1)
            .unwrap();
        let problem = Problem::new(cell, 4.5e5, 300.0, 300.0, 10.0);
        let working = Working::new(&problem).unwrap();
        let cell = working.cell.clone();
        let echo = working.echo;
        let (exact, parallel) = (Bound::Exact, Branch::Parallel);
        let program = Parallel::new(Program::new(
            &problem,
            cell,
            echo,
            6,
            [None, None],
            exact,
            parallel,
        ));
        let raw = RawStart::default().design(&problem, &working).unwrap();
        let start = working.reduce(&parallel_start(&raw, &working.network.h_e.estimate));
        assert!(Parallel::contains(&start) && !Parallel::contains(&working.reduce(&raw)));
        let y = program.variables(&start);
        let back = program.design(&y);
        for (a, b) in start.w_bo.iter().zip(&back.w_bo) {
            assert!((a - b).norm() < 1e-12);
        }
        let (n, m) = (y.len(), program.rows());
        let point = || Point {
            objective: 0.0,
            gradient: vec![0.0; n],
            constraints: vec![0.0; m],
            jacobian: vec![0.0; m * n],
        };
        let (mut at, mut up, mut down) = (point(), point(), point());
        program.evaluate(&y, None, &mut at);
        let step = 1e-6;
        for i in 0..=program.length {
            let moved = |t: f64, out: &mut Point| {
                let mut z = y.clone();
                z[i] += t;
                program.evaluate(&z, None, out);
            };
            moved(step, &mut up);
            moved(-step, &mut down);
            let slope = (up.objective - down.objective) / (2.0 * step);
            assert!((slope - at.gradient[i]).abs() < 1e-5 * (1.0 + slope.abs()));
            // BS1's power, the secrecy rate and `c^2 <= 1`.
            for row in [0, 2, m - 1] {
                let slope = (up.constraints[row] - down.constraints[row]) / (2.0 * step);
                let got = at.jacobian[row * n + i];
                assert!(
                    (slope - got).abs() < 1e-5 * (1.0 + slope.abs()),
                    "row {row}, {i}"
                );
            }
        }
    }
}
