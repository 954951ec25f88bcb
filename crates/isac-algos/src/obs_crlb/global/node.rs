//! The best multipliers of a box, by a barrier method with Newton steps.
//!
//! Minimised is the bound of the parent module over `m`, `q`, `U = Y^2` and `lambda` with
//! `A = lambda I - sum_k (delta_c m_k - q_k) g_k g_k^H - delta_s Q(U)` and every `A - q_k g_k g_k^H`
//! positive definite. All of these differ from `A` by one vector, so `A` alone is factored. The larger
//! of two ends in the bound has its barrier minimised by hand. Only that part knows the box: the
//! multipliers of a box are a start for its halves. `U` has by far the most unknowns and depends least
//! on the box, so a box is tried with the `U` of the one that it is a part of first.

use super::Multipliers;
use super::data::Data;
use super::newton::{Features, newton_system, real_square};
use crate::Error;
use isac_linalg::{Mat, c64, factor, ops, real};
use isac_opt::global::Cell;
use std::rc::Rc;

/// Factor by which the weight of the objective grows from stage to stage.
const GROWTH: f64 = 12.0;
/// Newton steps of a stage.
const STEPS: usize = 25;
/// Square of the Newton decrement at which a stage ends.
const CENTRED: f64 = 0.2;
/// Newton steps of all unknowns once those with the `U` at hand have done what they can.
const FULL_STEPS: usize = 4;

/// A point of the barrier method: multipliers strictly inside.
#[derive(Debug, Clone)]
pub(super) struct State {
    m: Vec<f64>,
    q: Vec<f64>,
    lambda: f64,
    /// `U = V diag(root)^2 V^T`.
    root: Vec<f64>,
    vectors: Mat<f64>,
    /// `J` times `V diag(root)`.
    mixed: Rc<Vec<Mat<c64>>>,
    /// Weight of the objective at which the point is central.
    pub(super) weight: f64,
}

/// `A` of a point, factored.
struct Factored {
    cholesky: factor::Cholesky,
    /// `u_k = L^-1 g_k`.
    users: Mat<c64>,
    /// `||u_k||^2`.
    gamma: Vec<f64>,
    /// `1 - q_k gamma_k`.
    rest: Vec<f64>,
    log_det: f64,
}

/// A direction of all unknowns.
struct Direction {
    m: Vec<f64>,
    q: Vec<f64>,
    root: Mat<f64>,
    lambda: f64,
    /// Square of the Newton decrement.
    decrement: f64,
}

/// The smoothed larger one of the two ends `q l - delta_c ln l` and `q h - delta_c ln h`.
struct Ends {
    /// Value of the term with its barrier.
    value: f64,
    slope: f64,
    curvature: f64,
    /// The `I_k` in the box that it stands for.
    at: f64,
}

impl State {
    /// Multipliers of the isotropic covariance.
    pub(super) fn new(data: &Data, cell: &Cell) -> Result<Self, Error> {
        let size = data.size() as f64;
        let received = |k: usize| 1.0 + ops::norm2(data.users.as_ref().subcols(k, 1)) / size;
        let m: Vec<f64> = (0..data.count()).map(|k| 1.0 / received(k)).collect();
        let q = (0..data.count()).map(|k| {
            let (low, high) = (cell.lower()[k], cell.upper()[k]);
            let wide = high - low > 1e-9 * low;
            data.rate
                * if wide {
                    (high / low).ln() / (high - low)
                } else {
                    1.0 / low
                }
        });
        let q: Vec<f64> = q.collect();
        let count = data.echoes.len();
        let fim = Mat::from_fn(count, count, |i, j| {
            ops::inner(data.echoes[i].as_ref(), data.echoes[j].as_ref()) / size
        });
        let eigen = real::eigh(fim.as_ref())?;
        let most = eigen.values.last().copied().unwrap_or(0.0);
        let root = eigen.values.iter();
        let root: Vec<f64> = root.map(|f| 1.0 / f.max(1e-14 * most)).collect();
        let mut state = Self {
            m,
            q,
            lambda: 0.0,
            root,
            vectors: eigen.vectors,
            mixed: Rc::default(),
            weight: 0.0,
        };
        state.mixed = Rc::new(data.mixed(state.scaled().as_ref()));
        let form = data.form(&state.slopes(data), &state.mixed);
        let form = factor::eigvalsh(form.as_ref())?;
        let alone = form.last().copied().unwrap_or(0.0).max(0.0);
        let users = (0..data.count())
            .map(|k| state.q[k].max(0.0) * ops::norm2(data.users.as_ref().subcols(k, 1)));
        state.lambda = 2.0 * (alone + users.fold(0.0, f64::max));
        let size: f64 = state.lambda + 2.0 * data.crlb * state.root.iter().sum::<f64>();
        state.weight = barrier_parameter(data) / size.max(f64::MIN_POSITIVE);
        Ok(state)
    }

    /// A start for a part of the box, where the objective weighs less.
    pub(super) fn restarted(&self, data: &Data, above: f64) -> Self {
        let weight = barrier_parameter(data) / above;
        let mut out = self.clone();
        out.weight = self.weight.min(weight.max(self.weight * 1e-2));
        out
    }

    fn slopes(&self, data: &Data) -> Vec<f64> {
        let pairs = self.m.iter().zip(&self.q);
        pairs.map(|(m, q)| data.rate * m - q).collect()
    }

    /// `V diag(root)`.
    fn scaled(&self) -> Mat<f64> {
        let (rows, cols) = (self.vectors.nrows(), self.root.len());
        Mat::from_fn(rows, cols, |i, j| self.vectors[(i, j)] * self.root[j])
    }

    pub(super) fn multipliers(&self) -> Multipliers {
        let turned = self.vectors.transpose().to_owned();
        let y = real::mul(self.scaled().as_ref(), turned.as_ref());
        let size = y.nrows();
        Multipliers {
            m: self.m.clone(),
            q: self.q.clone(),
            y: Mat::from_fn(size, size, |i, j| 0.5 * (y[(i, j)] + y[(j, i)])),
        }
    }

    /// `A` factored; `None` outside.
    fn factored(&self, data: &Data) -> Option<Factored> {
        let mut a = data.form(&self.slopes(data), &self.mixed);
        ops::scale(a.as_mut(), -1.0);
        let a = ops::shifted(a.as_ref(), self.lambda);
        let cholesky = factor::cholesky("dual matrix", a.as_ref()).ok()?;
        let users = cholesky.solve_lower(data.users.as_ref());
        let norm = |k: usize| ops::norm2(users.as_ref().subcols(k, 1));
        let gamma: Vec<f64> = (0..data.count()).map(norm).collect();
        let rest: Vec<f64> = self
            .q
            .iter()
            .zip(&gamma)
            .map(|(q, g)| 1.0 - q * g)
            .collect();
        if !all_positive(&rest) {
            return None;
        }
        let lower = cholesky.lower();
        let log_det = (0..data.size()).map(|i| 2.0 * lower[(i, i)].re.ln()).sum();
        Some(Factored {
            cholesky,
            users,
            gamma,
            rest,
            log_det,
        })
    }

    /// Objective times its weight plus barrier.
    fn merit(&self, data: &Data, cell: &Cell, factored: &Factored) -> f64 {
        let t = self.weight;
        let mut out = t * (self.lambda - 2.0 * data.crlb * self.root.iter().sum::<f64>());
        for k in 0..data.count() {
            out += t * (data.rate * (self.m[k] - self.m[k].ln()) - self.q[k]);
            out += self.ends(data, cell, k).value - factored.rest[k].ln();
        }
        out - (data.count() + 1) as f64 * factored.log_det
    }

    fn ends(&self, data: &Data, cell: &Cell, k: usize) -> Ends {
        let (low, high, q, t) = (cell.lower()[k], cell.upper()[k], self.q[k], self.weight);
        let (a, b) = (
            q * low - data.rate * low.ln(),
            q * high - data.rate * high.ln(),
        );
        // Distance x of the smoothed value from the larger end: t = 1 / x + 1 / (x + d).
        let d = (a - b).abs();
        let half = 2.0 - t * d;
        let root = (4.0 + t * d * t * d).sqrt();
        let x = if half > 0.0 {
            (half + root) / (2.0 * t)
        } else {
            // Without cancellation.
            2.0 * d / (root - half)
        };
        let (x_a, x_b) = if a > b { (x, x + d) } else { (x + d, x) };
        let value = t * (a.max(b) + x) - x_a.ln() - x_b.ln();
        let width = high - low;
        Ends {
            value,
            slope: low / x_a + high / x_b,
            curvature: width * width / (x_a * x_a + x_b * x_b),
            at: (low / x_a + high / x_b) / t,
        }
    }

    /// The point a step along a direction; `None` where it leaves the domain.
    fn moved(&self, data: &Data, by: &Direction, step: f64) -> Option<Self> {
        let along = |x: &[f64], d: &[f64]| -> Vec<f64> {
            x.iter().zip(d).map(|(x, d)| x + step * d).collect()
        };
        let m = along(&self.m, &by.m);
        if !all_positive(&m) {
            return None;
        }
        let size = by.root.nrows();
        let mut out = self.clone();
        if size > 0 {
            let inner = Mat::from_fn(size, size, |i, j| {
                f64::from(i == j) + step * by.root[(i, j)]
            });
            let cholesky = real::cholesky("step of U", inner.as_ref()).ok()?;
            let svd =
                real::svd(real::mul(self.scaled().as_ref(), cholesky.lower()).as_ref()).ok()?;
            if !all_positive(&svd.values) {
                return None;
            }
            (out.root, out.vectors) = (svd.values, svd.u);
            out.mixed = Rc::new(data.mixed(out.scaled().as_ref()));
        }
        out.m = m;
        out.q = along(&self.q, &by.q);
        out.lambda += step * by.lambda;
        Some(out)
    }

    /// One Newton step with line search, of all unknowns or of all but `U`; the square of the
    /// decrement before it, `None` where no step helps.
    fn newton(&mut self, data: &Data, cell: &Cell, all: bool) -> Option<f64> {
        let factored = self.factored(data)?;
        let mixed = if all { &self.mixed[..] } else { &[] };
        let direction = self.direction(data, cell, mixed, &factored)?;
        let before = self.merit(data, cell, &factored);
        let mut step = 1.0;
        for _ in 0..40 {
            if let Some(next) = self.moved(data, &direction, step)
                && let Some(at) = next.factored(data)
            {
                let after = next.merit(data, cell, &at);
                let room = f64::EPSILON * 16.0 * before.abs();
                if after <= before - 0.1 * step * direction.decrement + room {
                    *self = next;
                    return Some(direction.decrement);
                }
            }
            step *= 0.6;
        }
        None
    }

    /// The Newton direction. Rows of features hold each unknown's matrix `L^-1 A_i L^-H` and its
    /// products with the `u_k`; the Hessian is sums of their products.
    fn direction(
        &self,
        data: &Data,
        cell: &Cell,
        mixed: &[Mat<c64>],
        factored: &Factored,
    ) -> Option<Direction> {
        let (count, t) = (data.count(), self.weight);
        let features = Features::new(data, mixed, &factored.cholesky, factored.users.as_ref());
        let unknowns = features.trace.len();
        let own = |i: usize| (count..2 * count).contains(&i).then(|| i - count);
        let blocks = |i: usize| (count + 1 - usize::from(own(i).is_some())) as f64;
        let mut gradient: Vec<f64> = (0..unknowns)
            .map(|i| -blocks(i) * features.trace[i])
            .collect();
        let mut hessian = real_square(features.matrix.as_ref());
        for j in 0..unknowns {
            for i in 0..unknowns {
                let both = blocks(i) + blocks(j) - (count + 1) as f64;
                let same = f64::from(i == j && own(i).is_some());
                hessian[(i, j)] *= both + same;
            }
        }
        let (rows, cols) = (unknowns, features.vectors.ncols());
        let wide = 2 * data.size() + 1;
        let tau = |b: usize| self.q[b] / factored.rest[b];
        let left = Mat::from_fn(rows, cols, |i, c| {
            let (b, last) = (c / wide, c % wide == wide - 1);
            let weight = if last { tau(b) * tau(b) } else { 2.0 * tau(b) };
            if own(i) == Some(b) {
                0.0
            } else {
                weight * features.vectors[(i, c)]
            }
        });
        let right = Mat::from_fn(cols, rows, |c, i| {
            if own(i) == Some(c / wide) {
                0.0
            } else {
                features.vectors[(i, c)]
            }
        });
        let more = real::mul(left.as_ref(), right.as_ref());
        for j in 0..unknowns {
            for i in 0..unknowns {
                hessian[(i, j)] += more[(i, j)];
            }
            for b in (0..count).filter(|b| own(j) != Some(*b)) {
                gradient[j] -= tau(b) * features.vectors[(j, b * wide + wide - 1)];
            }
        }
        for k in 0..count {
            let (m, ends) = (self.m[k], self.ends(data, cell, k));
            gradient[k] += t * data.rate * (1.0 - 1.0 / m);
            hessian[(k, k)] += t * data.rate / (m * m);
            gradient[count + k] += ends.slope - t;
            hessian[(count + k, count + k)] += ends.curvature;
        }
        let mut at = 2 * count;
        let y = &self.root[..mixed.len()];
        for i in 0..y.len() {
            for j in 0..=i {
                let twice = if i == j { 1.0 } else { 2.0 };
                hessian[(at, at)] += twice * t * data.crlb * y[i] * y[j] / (y[i] + y[j]);
                if i == j {
                    gradient[at] -= t * data.crlb * y[i];
                }
                at += 1;
            }
        }
        gradient[at] += t;
        let solved = newton_system(&hessian, &gradient)?;
        let mut root = Mat::zeros(y.len(), y.len());
        let mut next = 2 * count;
        for i in 0..y.len() {
            for j in 0..=i {
                (root[(i, j)], root[(j, i)]) = (solved[next], solved[next]);
                next += 1;
            }
        }
        let decrement = -solved
            .iter()
            .zip(&gradient)
            .map(|(x, g)| x * g)
            .sum::<f64>();
        Some(Direction {
            m: solved[..count].to_vec(),
            q: solved[count..2 * count].to_vec(),
            root,
            lambda: solved[next],
            decrement: decrement.max(0.0),
        })
    }
}

/// False for NaN.
fn all_positive(values: &[f64]) -> bool {
    values.iter().all(|x| *x > 0.0)
}

/// Rows of all matrices, and two ends per user.
fn barrier_parameter(data: &Data) -> f64 {
    ((data.count() + 1) * data.size() + 2 * data.count()) as f64
}

/// What a box's search ended with.
pub(super) struct Bounded {
    pub(super) bound: f64,
    pub(super) multipliers: Multipliers,
    pub(super) state: State,
    /// The `I_k` of the relaxation's optimum.
    pub(super) interference: Vec<f64>,
    pub(super) steps: usize,
}

/// Lowers the bound of a box from a state until it is at most `enough`, or within a twentieth of
/// `gap` of the least one, or surely above `enough` and known to a fifth of its distance from the best
/// value, `enough - gap`. A state `inherited` from a larger box keeps its `U` as long as that helps.
pub(super) fn lower(
    data: &Data,
    cell: &Cell,
    state: State,
    enough: f64,
    gap: f64,
    inherited: bool,
) -> Result<Bounded, Error> {
    let multipliers = state.multipliers();
    let mut out = Bounded {
        bound: data.bound(cell, &multipliers)?,
        multipliers,
        interference: Vec::new(),
        state,
        steps: 0,
    };
    if out.bound > enough && inherited {
        out.stages(data, cell, enough, gap, (false, STEPS))?;
    }
    if out.bound > enough {
        let steps = if inherited { FULL_STEPS } else { STEPS };
        out.stages(data, cell, enough, gap, (true, steps))?;
    }
    let at = (0..data.count()).map(|k| out.state.ends(data, cell, k).at);
    out.interference = at.collect();
    Ok(out)
}

impl Bounded {
    /// Stages of growing weight, each of at most so many steps, of all unknowns or all but `U`.
    fn stages(
        &mut self,
        data: &Data,
        cell: &Cell,
        enough: f64,
        gap: f64,
        (all, most): (bool, usize),
    ) -> Result<(), Error> {
        loop {
            let mut stuck = false;
            for _ in 0..most {
                self.steps += 1;
                match self.state.newton(data, cell, all) {
                    None => {
                        stuck = true;
                        break;
                    }
                    Some(decrement) if decrement < CENTRED => break,
                    Some(_) => {}
                }
            }
            let next = self.state.multipliers();
            let value = data.bound(cell, &next)?;
            if value < self.bound {
                (self.bound, self.multipliers) = (value, next);
            }
            let open = barrier_parameter(data) / self.state.weight;
            let far = self.bound - open > enough && open <= 0.2 * (self.bound - (enough - gap));
            if stuck || self.bound <= enough || far || open <= 0.05 * gap {
                return Ok(());
            }
            self.state.weight *= GROWTH;
        }
    }
}

/// Beams of the relaxation's optimum at a point, `D x (K + D)`, for a budget of 1: each user's is the
/// part of its covariance that it sees, and what is left is for sensing.
pub(super) fn beams(data: &Data, state: &State, streams: usize) -> Option<Mat<c64>> {
    let factored = state.factored(data)?;
    let (size, count) = (data.size(), data.count());
    let unit = Mat::from_fn(size, size, |i, j| c64::new(f64::from(i == j), 0.0));
    let root = factored.cholesky.solve_lower_adjoint(unit.as_ref());
    let inverse = ops::mul_adjoint(root.as_ref(), root.as_ref());
    let mut covariance = inverse.clone();
    ops::scale(covariance.as_mut(), (count + 1) as f64);
    let towards = ops::mul(inverse.as_ref(), data.users.as_ref());
    let mut own = Mat::zeros(size, count);
    for k in 0..count {
        let tau = state.q[k] / factored.rest[k];
        for j in 0..size {
            for i in 0..size {
                covariance[(i, j)] += towards[(i, k)] * towards[(j, k)].conj() * tau;
            }
        }
        // W g / sqrt(g^H W g) with W = A^-1 + tau A^-1 g g^H A^-1.
        let grown = 1.0 + tau * factored.gamma[k];
        let norm = (factored.gamma[k] * grown).sqrt();
        if norm > 0.0 {
            for i in 0..size {
                own[(i, k)] = towards[(i, k)] * (grown / norm);
            }
        }
    }
    let spent = ops::mul_adjoint(own.as_ref(), own.as_ref());
    ops::axpy(covariance.as_mut(), -1.0, spent.as_ref());
    let eigen = factor::eigh(covariance.as_ref()).ok()?;
    let streams = streams.min(size);
    let scale = state.weight.sqrt().recip();
    let all = Mat::from_fn(size, count + streams, |i, j| {
        if j < count {
            return own[(i, j)] * scale;
        }
        let at = size - 1 - (j - count);
        eigen.vectors[(i, at)] * (eigen.values[at].max(0.0).sqrt() * scale)
    });
    Some(all)
}
