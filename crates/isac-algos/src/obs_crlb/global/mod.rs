//! The global optimum over linear beams, by branch and bound on every user's interference.
//!
//! With `g_k = sqrt(Pt) h_k / sigma_k`, `R` the transmit covariance over `Pt`, `T_k = 1 + g_k^H R g_k`
//! and `I_k = T_k - g_k^H W_k g_k`, the objective is `sum_k delta_c (ln T_k - ln I_k) - delta_s tr
//! F(R)^-1`: concave but for `-ln I_k`. Where `I_k` lies in `[l_k, h_k]`, for any `m > 0`, any `q` and
//! any symmetric `Y`
//!
//! ```math
//! \ln T_k \le m_k T_k - \ln m_k - 1, \qquad
//! -\delta_c \ln I_k \le \max_{i \in \{l_k, h_k\}} (q_k i - \delta_c \ln i) - q_k I_k, \qquad
//! -\mathrm{tr} F^{-1} \le \mathrm{tr}(F Y^2) - 2\, \mathrm{tr} Y,
//! ```
//!
//! the second because its left side plus `q_k I_k` is convex in `I_k`. What is left is linear in the
//! covariances, so that no design whose `I` lies in the box has an objective above
//!
//! ```math
//! \sum_k \left[ \delta_c (m_k - \ln m_k - 1) - q_k + \max_{i \in \{l_k, h_k\}} (q_k i - \delta_c \ln i) \right]
//!   - 2 \delta_s \mathrm{tr} Y + \max(0, \lambda_{\max}(M), \max_k \lambda_{\max}(M + q_k g_k g_k^H)),
//! \qquad M = \sum_k (\delta_c m_k - q_k) g_k g_k^H + \delta_s Q(Y^2) .
//! ```
//!
//! This is the bound: the numbers `m`, `q`, `Y` prove it, however they were found, and checking takes
//! `K + 1` eigenvalue problems of order `D`. The best of them solve the dual of a semidefinite
//! relaxation that is tight for a box of one point, so halving boxes leads to the optimum. All of it
//! lives in the span of channels and steering vectors: the number of antennas is irrelevant.
//!
//! # Deviations
//! Beyond the paper, which cites a global method and does not plot it.

mod data;
mod newton;
mod node;

use super::{Reduction, Solution, SumRateCrlb, accelerated};
use crate::Error;
use data::Data;
use isac_linalg::{Mat, ops};
use isac_opt::global::{Cell, Leaf, Node, Progress, Stop, maximise};
use isac_opt::riemannian::Workspace;
use node::{Bounded, State};
use serde::{Deserialize, Serialize};

/// How far to search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Gap to reach, relative to [`SumRateCrlb::magnitude`] of the start: the objective itself
    /// crosses zero.
    pub gap: f64,
    /// Largest number of boxes.
    pub nodes: usize,
    /// Sensing streams that a better point may have; none leaves the start as the best point.
    pub sensing_streams: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            gap: 1e-3,
            nodes: 4000,
            sensing_streams: None,
        }
    }
}

/// What proves the bound of a box.
#[derive(Debug, Clone, PartialEq)]
pub struct Multipliers {
    /// Slopes `m_k > 0` of the tangents of `ln T_k`; one per user, none where the rate has no weight.
    pub m: Vec<f64>,
    /// Prices `q_k` of the interference, as many.
    pub q: Vec<f64>,
    /// The symmetric `Y`, `4M x 4M`; empty where the CRLB has no weight.
    pub y: Mat<f64>,
}

/// The best point and a proof of how far it can be from the optimum.
#[derive(Debug, Clone)]
pub struct Certified {
    /// No beamformer with any number of sensing streams has an objective above this.
    pub bound: f64,
    /// A better point than the start, if one was found.
    pub better: Option<Solution>,
    /// Boxes of `(I_1, ..., I_K)`, in units of the noise, that cover the domain.
    pub leaves: Vec<Leaf<Multipliers>>,
    /// Boxes bounded.
    pub nodes: usize,
    /// Newton steps in all.
    pub steps: usize,
    /// Why the search stopped.
    pub stopped: Stop,
}

/// Bounds the optimum from the best point known. `watch` sees every split and may stop.
///
/// # Errors
/// [`Error::Metric`] for a start whose objective does not exist; [`Error::Linalg`] when a
/// factorisation fails.
pub fn solve(
    problem: &SumRateCrlb,
    start: &Solution,
    options: &Options,
    watch: impl FnMut(&Progress) -> bool,
) -> Result<Certified, Error> {
    let reduction = Reduction::new(problem)?;
    let data = Data::new(problem, &reduction);
    let gap = options.gap * problem.magnitude(&start.merit);
    let mut search = Search {
        problem,
        reduction: &reduction,
        data: &data,
        gap,
        streams: options.sensing_streams,
        nodes: 0,
        steps: 0,
        workspace: Workspace::default(),
    };
    let limits = isac_opt::global::Options {
        gap,
        nodes: options.nodes,
    };
    let best = Some((start.merit.objective, None));
    let examine =
        |cell: &Cell, parent: Option<&Proof>, value: f64| search.node(cell, parent, value);
    let answer = maximise(data.domain()?, best, &limits, examine, watch)?;
    let leaves = answer.leaves.into_iter();
    let leaves = leaves.map(|leaf| Leaf {
        cell: leaf.cell,
        bound: leaf.bound,
        proof: leaf.proof.multipliers,
    });
    Ok(Certified {
        bound: answer.bound,
        better: answer.best.and_then(|(_, point)| point),
        leaves: leaves.collect(),
        nodes: answer.nodes,
        steps: search.steps,
        stopped: answer.stopped,
    })
}

/// Multipliers, the bound that they prove, and the state of the barrier method that found them, from
/// which the halves start.
struct Proof {
    multipliers: Multipliers,
    state: State,
    bound: f64,
}

/// Part of a box (of the logarithm of its side) that is worth cutting off where its bound is known to
/// be low enough.
const CUT: f64 = 0.25;

struct Search<'a> {
    problem: &'a SumRateCrlb,
    reduction: &'a Reduction,
    data: &'a Data,
    gap: f64,
    streams: Option<usize>,
    nodes: usize,
    steps: usize,
    workspace: Workspace,
}

impl Search<'_> {
    fn node(
        &mut self,
        cell: &Cell,
        parent: Option<&Proof>,
        value: f64,
    ) -> Result<Node<Option<Solution>, Proof>, Error> {
        let enough = value + self.gap;
        let (state, inherited) = match parent {
            Some(parent) => (
                parent
                    .state
                    .restarted(self.data, 0.5 * (parent.bound - value)),
                true,
            ),
            None => (State::new(self.data, cell)?, false),
        };
        let bounded = node::lower(self.data, cell, state, enough, self.gap, inherited)?;
        self.nodes += 1;
        self.steps += bounded.steps;
        // A point now and then: at the root, and each time the boxes have doubled.
        let candidate = match self.streams {
            Some(streams) if self.nodes.is_power_of_two() && bounded.bound > value + self.gap => {
                self.point(&bounded, streams)
            }
            Some(_) | None => None,
        };
        Ok(Node {
            bound: bounded.bound,
            split: self.split(cell, &bounded, bounded.bound - enough),
            proof: Proof {
                multipliers: bounded.multipliers,
                state: bounded.state,
                bound: bounded.bound,
            },
            candidate: candidate.map(|point| (point.merit.objective, Some(point))),
        })
    }

    /// Where to split: at the end of a part that the multipliers at hand settle, if there is a large
    /// one, else at the relaxation's interference of the user whose chord is furthest from its
    /// logarithm there.
    fn split(&self, cell: &Cell, bounded: &Bounded, excess: f64) -> Option<(usize, f64)> {
        let mut settled: Option<(f64, usize, f64)> = None;
        let mut chord: Option<(f64, usize, f64)> = None;
        for (k, at) in bounded.interference.iter().enumerate() {
            let (low, high) = (cell.lower()[k], cell.upper()[k]);
            let range = (high / low).ln();
            if range.is_nan() || range <= 1e-9 {
                continue;
            }
            let q = bounded.multipliers.q[k];
            let line = |i: f64| q * i - self.data.rate * i.ln();
            if let Some(end) = settled_end(line, low, high, 1.001 * excess) {
                let share = if line(low) > line(high) {
                    high / end
                } else {
                    end / low
                };
                let share = share.ln() / range;
                if share > CUT && settled.is_none_or(|(most, _, _)| share > most) {
                    settled = Some((share, k, end));
                }
            }
            let at = at.clamp(low * (0.1 * range).exp(), low * (0.9 * range).exp());
            let error = at.ln() - (low.ln() + range * (at - low) / (high - low));
            if chord.is_none_or(|(most, _, _)| error > most) {
                chord = Some((error, k, at));
            }
        }
        settled.or(chord).map(|(_, k, at)| (k, at))
    }

    /// Where the ascent from the relaxation's beams ends.
    fn point(&mut self, bounded: &Bounded, streams: usize) -> Option<Solution> {
        let least = usize::from(self.problem.users() == 0);
        let beams = node::beams(self.data, &bounded.state, streams.max(least))?;
        let (size, users) = (beams.nrows(), self.problem.users());
        // Without weight of the rate the users have no beams of their own.
        let missing = users - self.data.count();
        let all = ops::hcat(Mat::zeros(size, missing).as_ref(), beams.as_ref());
        let lifted = self.reduction.lift(all.as_ref());
        let options = accelerated::Options::default();
        let memory = &mut self.workspace;
        let run = accelerated::solve_reduced(
            self.problem,
            self.reduction,
            lifted.as_ref(),
            &options,
            memory,
        );
        run.ok()
    }
}

/// Where the part begins, seen from the end with the larger value of a convex function, in which all
/// values lie below that one by `excess` or more up to the other end; `None` if there is none.
fn settled_end(line: impl Fn(f64) -> f64, low: f64, high: f64, excess: f64) -> Option<f64> {
    let (mut outside, mut inside) = if line(low) > line(high) {
        (low, high)
    } else {
        (high, low)
    };
    let enough = line(outside) - excess;
    if line(inside) > enough || excess <= 0.0 {
        return None;
    }
    for _ in 0..60 {
        let middle = 0.5 * (outside + inside);
        if line(middle) > enough {
            outside = middle;
        } else {
            inside = middle;
        }
    }
    Some(inside)
}
