//! The loop of the homogeneous embedding.
//!
//! One iteration factors the point, forms its residuals, tests whether to stop, and reduces the Newton
//! system to the Schur complement. Two directions follow from that: the predictor, which shows how much
//! to center, and the corrector, along which the step is made.

use std::collections::VecDeque;

use isac_linalg::kernel::Real;

use super::Standard;
use super::block::{Block, Products, Step};
use super::cones::dot;
use super::direction::{Centering, Direction, GapRow, Pair, Target, Work};
use super::newton::Newton;
use super::residuals::{Measures, Residuals, State, residuals};
use super::run::{Ended, Run, Snapshot, unscale};
use super::scale::{Prepared, prepare};

/// When to stop.
#[derive(Clone, Copy)]
pub(crate) struct Limits<'a> {
    pub(crate) tolerance: f64,
    pub(crate) ray_tolerance: f64,
    pub(crate) max_iterations: usize,
    /// Asked before every iteration.
    pub(crate) stop: &'a dyn Fn() -> bool,
}

/// What a run leaves behind besides its result.
#[derive(Debug)]
pub(super) struct Traces {
    /// A point for a run in higher precision.
    pub(super) clean: Snapshot,
    /// The last points of a run in higher precision that rounding to `f64` may leave better than the
    /// result.
    pub(super) others: VecDeque<Run>,
}

/// Points in [`Traces`] at most.
const OTHERS: usize = 12;

/// Places of [`Block::save`]: the best point so far, and the last one that rounding had not moved
/// from the path.
const BEST: usize = 0;
const CLEAN: usize = 1;

/// Solves a standard form, from a point of another run if one is given.
pub(super) fn solve<R: Real>(
    standard: &Standard,
    limits: &Limits<'_>,
    start: Option<&Snapshot>,
) -> (Run, Traces) {
    let mut iterate = Iterate::<R>::new(standard, limits, start);
    let mut ended = Ended::IterationLimit;
    while iterate.iteration < limits.max_iterations {
        if (limits.stop)() {
            ended = Ended::Stopped;
            break;
        }
        if let Err(reason) = iterate.improve() {
            ended = reason;
            break;
        }
    }
    iterate.finish(ended)
}

/// The current point with its memory and all work space, so that iterations allocate nothing.
struct Iterate<'a, R: Real> {
    standard: &'a Standard,
    limits: &'a Limits<'a>,
    /// Without its blocks, which stand beside it.
    prepared: Prepared<R>,
    blocks: Vec<Box<dyn Block<R>>>,
    /// Barrier parameter of all cones, that of `tau` and `kappa` included.
    degree: f64,
    /// Whether the run is in higher precision than its answer.
    extended: bool,

    state: State<R>,
    products: Products<R>,
    residual: Residuals<R>,
    newton: Newton<R>,
    work: Work<R>,

    /// The last direction, from where it was taken, and how far.
    direction: Direction<R>,
    previous: State<R>,
    applied: f64,
    /// How many short steps were made in a row.
    short: usize,
    iteration: usize,
    memory: Memory<R>,
}

/// Points and numbers of earlier iterations.
struct Memory<R> {
    /// The least error so far, and its point.
    best: (f64, State<R>),
    /// The last iteration that made `best` smaller by a third, and what it was then.
    progress: (usize, f64),
    /// The last point that rounding had not moved from the path.
    clean: State<R>,
    first_residual: f64,
    others: VecDeque<Run>,
}

impl<'a, R: Real> Iterate<'a, R> {
    fn new(standard: &'a Standard, limits: &'a Limits<'a>, start: Option<&Snapshot>) -> Self {
        let mut prepared = prepare::<R>(standard);
        let mut blocks = std::mem::take(&mut prepared.blocks);
        let (rows, free) = (prepared.b.len(), prepared.h.len());
        let mut state = State::start(rows, free);
        if let Some(start) = start {
            state = start.state.converted();
            for (block, values) in blocks.iter_mut().zip(&start.blocks) {
                block.load(values);
            }
        }
        let pair = || Pair::zeros(rows, free);
        Self {
            standard,
            limits,
            degree: blocks.iter().map(|block| block.degree()).sum::<f64>() + 1.0,
            extended: R::UNIT < f64::EPSILON.powi(2),
            products: Products::new(rows),
            residual: Residuals::new(rows, free),
            newton: Newton::new(rows, prepared.free.clone()),
            work: Work {
                right: pair(),
                per_tau: pair(),
                rest: pair(),
                correction: vec![R::ZERO; rows],
                center: vec![R::ZERO; rows],
                image: vec![R::ZERO; rows],
            },
            direction: Direction {
                pair: pair(),
                tau: R::ZERO,
                kappa: R::ZERO,
                eta: R::ZERO,
            },
            previous: state.clone(),
            applied: 0.0,
            short: 0,
            iteration: 0,
            memory: Memory {
                best: (f64::INFINITY, state.clone()),
                progress: (0, f64::INFINITY),
                clean: state.clone(),
                first_residual: 0.0,
                others: VecDeque::new(),
            },
            prepared,
            blocks,
            state,
        }
    }

    /// One iteration; `Err` says how the loop ends.
    fn improve(&mut self) -> Result<(), Ended> {
        let halvings = self.factor_point()?;
        let measures = self.measure();
        let mu = self.mu();
        self.trace(&measures, mu, halvings);
        if !(mu.is_finite() && mu > 0.0) {
            return Err(Ended::Numerical);
        }
        self.remember(&measures);
        self.test(&measures)?;
        let row = self.reduce()?;
        let affine = self.predict(&row, mu)?;
        let alpha = self.correct(&row, mu, affine)?;
        self.step(alpha);
        Ok(())
    }

    /// Factors the point; a step that left the cone by rounding is halved. The number of halvings.
    fn factor_point(&mut self) -> Result<usize, Ended> {
        let mut halvings = 0;
        loop {
            for block in &mut self.blocks {
                block.set_dual(&self.state.y, self.state.tau, self.state.theta);
            }
            if self.blocks.iter_mut().all(|block| block.factor()) {
                return Ok(halvings);
            }
            halvings += 1;
            if self.iteration == 0 || halvings > 12 {
                return Err(Ended::Numerical);
            }
            let shorter = 0.6 * self.applied;
            for block in &mut self.blocks {
                block.advance(R::from(shorter) - R::from(self.applied));
            }
            self.applied = shorter;
            self.direction
                .advance(&mut self.state, &self.previous, self.applied);
        }
    }

    /// Residuals of the point and its errors.
    fn measure(&mut self) -> Measures {
        self.products.clear();
        for block in &mut self.blocks {
            block.products(&mut self.products);
        }
        let state = &self.state;
        let mut measures = residuals(&self.prepared, state, &self.products, &mut self.residual);
        if self.extended {
            // The answer is handed over in `f64`.
            let x = self.blocks.iter();
            let x = x.fold(0.0, |t: f64, b| t.max(b.largest()));
            let y = state.y.iter();
            let y = y.fold(0.0, |t: f64, y| t.max(y.to_f64().abs()));
            let tau = state.tau.to_f64();
            let [primal, dual, products] = self.prepared.scaling.rounding(x / tau, y / tau);
            measures.primal += primal;
            measures.dual += dual;
            measures.gap += products / measures.size;
        }
        measures
    }

    /// Complementarity per unit of the barrier parameter.
    fn mu(&self) -> f64 {
        (self.products.xs + self.state.tau * self.state.kappa).to_f64() / self.degree
    }

    fn trace(&self, measures: &Measures, mu: f64, halvings: usize) {
        tracing::debug!(
            iteration = self.iteration,
            mu,
            tau = self.state.tau.to_f64(),
            kappa = self.state.kappa.to_f64(),
            primal = measures.primal,
            dual = measures.dual,
            gap = measures.gap,
            primal_ray = measures.primal_ray,
            dual_ray = measures.dual_ray,
            step = self.applied,
            halvings,
            "conic"
        );
    }

    /// Keeps the point if it is the best so far, or still on the path.
    fn remember(&mut self, measures: &Measures) {
        let worst = measures.worst();
        let memory = &mut self.memory;
        if worst < memory.best.0 {
            memory.best.0 = worst;
            memory.best.1.assign(&self.state);
            if memory.best.0 < 0.7 * memory.progress.1 {
                memory.progress = (self.iteration, memory.best.0);
            }
            self.blocks.iter_mut().for_each(|block| block.save(BEST));
        }
        if self.extended && worst < 1e-6 {
            let run = self.unscaled(Ended::Stalled, false);
            let others = &mut self.memory.others;
            if others.len() == OTHERS {
                others.pop_front();
            }
            others.push_back(run);
        }
        // Without rounding the primal residual shrinks exactly as the dual one does.
        let size = dot(&self.residual.rp, &self.residual.rp).to_f64().sqrt();
        let theta = self.state.theta.to_f64();
        let memory = &mut self.memory;
        if self.iteration == 0 {
            memory.first_residual = size / theta;
        }
        let expected = memory.first_residual * theta;
        let moved = self.applied > 0.3 || self.iteration == 0;
        if (size - expected).abs() <= 0.1 * expected + 1e-12 && moved {
            memory.clean.assign(&self.state);
            self.blocks.iter_mut().for_each(|block| block.save(CLEAN));
        }
    }

    /// The stopping tests.
    fn test(&self, measures: &Measures) -> Result<(), Ended> {
        if measures.worst() <= self.limits.tolerance {
            return Err(Ended::Optimal);
        }
        let (tau, kappa) = (self.state.tau.to_f64(), self.state.kappa.to_f64());
        if kappa > 1e3 * tau {
            let enough = 0.03 * self.limits.ray_tolerance;
            if measures.dual_ray <= enough {
                return Err(Ended::DualRay);
            }
            if measures.primal_ray <= enough {
                return Err(Ended::PrimalRay);
            }
        }
        let patience = if self.memory.best.0 < 1e-5 { 8 } else { 25 };
        let late = self.iteration > self.memory.progress.0 + patience;
        if self.short >= 3 || (late && kappa < tau) {
            return Err(Ended::Stalled);
        }
        Ok(())
    }

    /// Factors the Schur complement and eliminates all but `dtau`.
    ///
    /// Everything along `c - A^T y / tau = (s + theta d) / tau`, which `P` keeps small, and not along
    /// `c`, whose large image would cancel: `dy = y dtau / tau +` what is solved for here.
    fn reduce(&mut self) -> Result<GapRow<R>, Ended> {
        self.newton.m.fill(R::ZERO);
        for block in &mut self.blocks {
            block.schur(&mut self.newton.m);
        }
        if !self.newton.factor() {
            return Err(Ended::Numerical);
        }
        let (tau, theta) = (self.state.tau, self.state.theta);
        let (products, b, rf) = (&self.products, &self.prepared.b, &self.residual.rf);
        let Work {
            right,
            per_tau,
            center,
            ..
        } = &mut self.work;
        for i in 0..b.len() {
            center[i] = (products.ax[i] + theta * products.apd[i]) / tau;
            right.y[i] = b[i] + center[i];
        }
        for (g, &rf) in right.f.iter_mut().zip(rf) {
            *g = rf / tau;
        }
        let out = (&mut per_tau.y, &mut per_tau.f);
        self.newton.solve(&right.y, &right.f, out.0, out.1);
        let square = products.xs + theta * (products.dx + products.dx + theta * products.dpd);
        let mut sum = square / (tau * tau);
        for i in 0..b.len() {
            sum += (b[i] - center[i]) * per_tau.y[i];
        }
        for (&rf, &f) in rf.iter().zip(&per_tau.f) {
            sum -= rf / tau * f;
        }
        let slope = sum.or_more(R::ZERO) + self.state.kappa / tau;
        let mut rest = self.state.kappa + (products.xs + theta * products.dx) / tau;
        for (&rf, &f) in rf.iter().zip(&self.state.f) {
            rest += rf / tau * f;
        }
        Ok(GapRow { slope, rest })
    }

    /// The direction towards the solution itself; the longest step along it, one at most.
    fn predict(&mut self, row: &GapRow<R>, mu: f64) -> Result<f64, Ended> {
        let centering = Centering {
            sigma: 0.0,
            corrected: false,
        };
        self.direct(row, mu, centering);
        Ok(self.longest(true)?.min(1.0))
    }

    /// The direction that centers as much as the predictor's longest step asks for; the step along it.
    fn correct(&mut self, row: &GapRow<R>, mu: f64, affine: f64) -> Result<f64, Ended> {
        let centering = Centering {
            sigma: (1.0 - affine).powi(3).max(1e-6),
            corrected: true,
        };
        let fraction = 0.9 + 0.09 * affine;
        self.direct(row, mu, centering);
        self.refine();
        Ok((fraction * self.longest(false)?).min(1.0))
    }

    /// Solves for a direction.
    fn direct(&mut self, row: &GapRow<R>, mu: f64, centering: Centering) {
        let target = self.right_side(mu, centering);
        let Work {
            right,
            per_tau,
            rest,
            center,
            ..
        } = &mut self.work;
        let out = (&mut rest.y, &mut rest.f);
        self.newton.solve(&right.y, &right.f, out.0, out.1);
        let (tau, theta) = (self.state.tau, self.state.theta);
        let (b, direction) = (&self.prepared.b, &mut self.direction);
        let mut along = direction.eta * row.rest + (target.kappa + target.su) / tau;
        for (&rf, &f) in self.residual.rf.iter().zip(&rest.f) {
            along += rf / tau * f;
        }
        for i in 0..b.len() {
            along -= (b[i] - center[i]) * rest.y[i];
        }
        let dtau = along / row.slope;
        direction.tau = dtau;
        direction.kappa = (target.kappa - self.state.kappa * dtau) / tau;
        let radial = dtau / tau;
        let Pair { y: dy, f: df } = &mut direction.pair;
        for i in 0..dy.len() {
            dy[i] = per_tau.y[i] * dtau + rest.y[i];
        }
        for k in 0..df.len() {
            df[k] = per_tau.f[k] * dtau + rest.f[k];
        }
        let step = Step {
            radial,
            shift: target.shift + theta * radial,
            barrier: target.barrier,
            corrected: centering.corrected,
        };
        for block in &mut self.blocks {
            block.direction(dy, step);
        }
        for (dy, &y) in dy.iter_mut().zip(&self.state.y) {
            *dy += radial * y;
        }
    }

    /// Fills the right side of a direction's system.
    fn right_side(&mut self, mu: f64, centering: Centering) -> Target<R> {
        let Centering { sigma, corrected } = centering;
        let State {
            tau, kappa, theta, ..
        } = self.state;
        let Work {
            right, correction, ..
        } = &mut self.work;
        let (products, direction) = (&self.products, &mut self.direction);
        let (mut s_correction, mut d_correction) = (R::ZERO, R::ZERO);
        let mut kappa_target = -tau * kappa;
        if corrected {
            correction.fill(R::ZERO);
            for block in &mut self.blocks {
                let (own, other) = block.correction(correction);
                s_correction += own;
                d_correction += other;
            }
            kappa_target += R::from(sigma * mu) - direction.tau * direction.kappa;
        }
        let eta = R::from(1.0) - R::from(sigma);
        direction.eta = eta;
        let (barrier, shift) = (R::from(sigma * mu), eta * theta);
        for i in 0..right.y.len() {
            let mut au = barrier * products.a_inverse[i] - products.ax[i] - shift * products.apd[i];
            if corrected {
                au -= correction[i];
            }
            right.y[i] = eta * self.residual.rp[i] - au;
        }
        for (g, &rf) in right.f.iter_mut().zip(&self.residual.rf) {
            *g = eta * rf;
        }
        let su =
            barrier * R::from(self.degree - 1.0) - products.xs - shift * products.dx - s_correction
                + theta
                    * (barrier * products.d_inverse
                        - products.dx
                        - shift * products.dpd
                        - d_correction);
        Target {
            kappa: kappa_target,
            su,
            barrier,
            shift,
        }
    }

    /// Corrections of the primal equations, which rounding in the products with `P` disturbs most.
    fn refine(&mut self) {
        let (prepared, rp) = (&self.prepared, &self.residual.rp);
        let Direction { pair, tau, eta, .. } = &mut self.direction;
        let Work {
            right, rest, image, ..
        } = &mut self.work;
        let size = dot(rp, rp).to_f64();
        let mut last = f64::INFINITY;
        for _ in 0..3 {
            image.fill(R::ZERO);
            for block in &mut self.blocks {
                block.direction_product(image);
            }
            for (i, r) in right.y.iter_mut().enumerate() {
                *r = prepared.b[i] * *tau + *eta * rp[i] - image[i];
                for (k, f) in pair.f.iter().enumerate() {
                    *r -= prepared.free[(i, k)] * *f;
                }
            }
            let error = dot(&right.y, &right.y).to_f64();
            if error <= 1e-4 * size || error > 0.25 * last {
                return;
            }
            last = error;
            right.f.fill(R::ZERO);
            let out = (&mut rest.y, &mut rest.f);
            self.newton.solve(&right.y, &right.f, out.0, out.1);
            pair.y.iter_mut().zip(&rest.y).for_each(|(y, d)| *y += *d);
            pair.f.iter_mut().zip(&rest.f).for_each(|(f, d)| *f += *d);
            for block in &mut self.blocks {
                block.adjust(&rest.y);
            }
        }
    }

    /// The longest step along the direction that leaves no cone.
    fn longest(&mut self, rough: bool) -> Result<f64, Ended> {
        let mut longest = f64::INFINITY;
        for block in &mut self.blocks {
            longest = longest.min(block.max_step(rough));
        }
        let (state, direction) = (&self.state, &self.direction);
        for (value, change) in [(state.tau, direction.tau), (state.kappa, direction.kappa)] {
            if change < R::ZERO {
                longest = longest.min((-value / change).to_f64());
            }
        }
        if direction.tau.to_f64().is_finite() && longest.is_finite() {
            Ok(longest)
        } else {
            Err(Ended::Numerical)
        }
    }

    /// Moves along the direction.
    fn step(&mut self, alpha: f64) {
        self.short = if alpha < 1e-3 { self.short + 1 } else { 0 };
        self.previous.assign(&self.state);
        for block in &mut self.blocks {
            block.advance(R::from(alpha));
        }
        self.applied = alpha;
        self.direction
            .advance(&mut self.state, &self.previous, alpha);
        self.iteration += 1;
    }

    /// The point as a result.
    fn unscaled(&self, ended: Ended, ray_like: bool) -> Run {
        unscale(
            self.standard,
            &self.prepared.scaling,
            &self.blocks,
            &self.state,
            ended,
            self.iteration,
            ray_like,
        )
    }

    /// The last point, or the best one where the loop ended without an answer.
    fn finish(mut self, ended: Ended) -> (Run, Traces) {
        let ray_like = self.state.kappa > self.state.tau;
        let best = self.memory.best.0;
        if !matches!(ended, Ended::Optimal | Ended::DualRay | Ended::PrimalRay)
            && best.is_finite()
            && !(ray_like && best > 1e-4)
        {
            self.state.assign(&self.memory.best.1);
            for block in &mut self.blocks {
                block.restore(BEST);
                block.set_dual(&self.state.y, self.state.tau, self.state.theta);
            }
        }
        let run = self.unscaled(ended, ray_like);
        self.blocks
            .iter_mut()
            .for_each(|block| block.restore(CLEAN));
        let clean = Snapshot {
            state: self.memory.clean.converted(),
            blocks: self.blocks.iter().map(|block| block.values()).collect(),
        };
        let mut others = self.memory.others;
        if ended == Ended::Optimal {
            others.clear();
        }
        (run, Traces { clean, others })
    }
}
