//! How much the worst-case secrecy energy efficiency can be at most, by branch and bound.
//!
//! With channels over the noise let `p` be the least amplitude of Bob's data over his error ball, `z` his
//! greatest interference plus noise, `beta` Eve's least jamming and `t` her greatest SINR of the data:
//!
//! ```math
//! R_S = \log_2(z + p^2) - \log_2 z - \log_2(1 + t) .
//! ```
//!
//! The first logarithm is at most its tangent, which is increasing in `p^2`; the other two terms are convex in
//! one number each. On a box of `(p, z, t)` the best design for an efficiency `eta`, that is the greatest
//! `R_S - eta (P_1 + P_2 + P_0)`, therefore has a convex relaxation: covariances of any rank, chords of
//! `p^2`, `log z` and `log(1 + t)`, and every robust constraint at channels of its error ball, found where the
//! relaxation's optimum breaks it. Splitting makes the chords exact. The beam `w_bo` stays in the relaxation
//! beside its covariance, `[W_bo w_bo; w_bo^H 1] >= 0`: its phase is free, so it arrives at Bob as a real number of at least
//! `p`, and what Eve hears of it, `|x^H w_bo|^2 / (x^H W_ta x + beta + 1)`, is jointly convex.
//!
//! # The bound
//! What proves a box is not the relaxation but its multipliers `y >= 0`, of rows that no design in the box makes
//! negative: each a constraint of the problem, or the definition of `p`, `z`, `beta` or `t`, at *one* channel
//! ([`Kind`]). For any such numbers and any `m > 0`
//!
//! ```math
//! R_S - \eta P \le \tfrac{1}{\ln 2} [ m (z + p^2) - \ln m - 1 - \ln z - \ln(1 + t) ] - \eta P + \sum_i y_i\, \mathrm{row}_i ,
//! ```
//!
//! a concave quadratic in the beams (checked by eigenvalues) and functions of one number each, whose greatest
//! value over the box is explicit. Where it is at most 0, no design in the box exceeds `eta`. No S-procedure, no
//! rank, no solver's status enters.
//!
//! The rows without a channel error are, in this order: the power limits of BS1 (less its noise) and BS2; the
//! least SINR of the data at Bob, `p^2 >= max(gamma, 2^{I_S} (1 + t) - 1) z` at the lower side of `t`; `|h_bo^H w|^2 >= r^2 |w|^2`
//! for `w_bo` and `w_ta`, without which a channel of Bob's ball hears nothing (where `gamma` or, for `w_bo`, `I_S` asks for
//! something); the SCNR without clutter; the users' SINRs in the order of their decodings, or with the
//! free split for each user both streams together, the common one alone and the private one alone.
//!
//! # Access schemes
//! With the free split the users' shares `C_n = max(rate - R_n, 0)` of the common rate are sides of the
//! box too. Slots of time division are bounded one by one: a mean of rates over a mean of powers is at most the
//! largest of their ratios. Frozen beams are treated as free, clutter only lowers the SCNR: both keep the bound valid.
//!
//! # Deviations
//! Beyond the paper, which bounds nothing from above.

mod cut;
mod data;
mod exclude;
mod node;
mod program;
mod rows;
mod separate;
mod sum;

use super::problem::{Objective, Problem};
use super::start::{TYPICAL, Working, typical_powers};
use crate::Error;
pub use cut::{Cut, Kind, Multipliers};
use data::Data;
pub use exclude::exclude;
pub(super) use exclude::excluded_at_once;
use isac_linalg::c64;
use isac_opt::global::{Cell, Node, Progress, Stop, maximise};
use serde::{Deserialize, Serialize};

/// How far to search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Gap to reach, relative to the value of the design.
    pub gap: f64,
    /// Largest number of boxes, in each slot.
    pub nodes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            gap: 5e-3,
            nodes: 60,
        }
    }
}

/// A box with what proves its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// The slot that it is about.
    pub slot: usize,
    /// The box.
    pub cell: Cell,
    /// Bound over it, bps/Hz/W.
    pub bound: f64,
    /// What proves it, in W, channels in full dimension.
    pub multipliers: Multipliers,
}

/// A proof of how far a design can be from the best one.
#[derive(Debug, Clone, PartialEq)]
pub struct Certified {
    /// No design has a larger efficiency, bps/Hz/W.
    pub bound: f64,
    /// Boxes that cover the domain of every slot.
    pub leaves: Vec<Leaf>,
    /// Boxes bounded.
    pub nodes: usize,
    /// Semidefinite programs solved, and iterations in them.
    pub programs: usize,
    /// Iterations of the interior-point method.
    pub iterations: usize,
    /// Why the search stopped; of several slots the first that did not reach its gap.
    pub stopped: Stop,
}

/// Bounds the efficiency from the value of the best design known. `watch` sees every split and may stop.
///
/// # Errors
/// Bad input, a problem that the bound does not know, a failed decomposition.
pub fn solve(
    problem: &Problem,
    value: f64,
    options: &Options,
    mut watch: impl FnMut(&Progress) -> bool,
) -> Result<Certified, Error> {
    check(problem, options)?;
    let working = Working::new(problem)?;
    if !working.has_balls() {
        return Err(
            isac_linalg::Error::shape("global bound", "errors in balls", "an ellipsoid").into(),
        );
    }
    let unit = unit(problem, &working);
    let mut out = Certified {
        bound: f64::NEG_INFINITY,
        leaves: Vec::new(),
        nodes: 0,
        programs: 0,
        iterations: 0,
        stopped: Stop::Gap,
    };
    for slot in 0..problem.access.slots(problem.cell.users()) {
        let data = Data::new(problem, &working, slot, unit);
        let mut search = Search {
            data: &data,
            options,
            programs: 0,
            iterations: 0,
        };
        let limits = isac_opt::global::Options {
            gap: options.gap * value * unit * (1.0 + 1e-9),
            nodes: options.nodes,
        };
        let examine =
            |cell: &Cell, parent: Option<&Proof>, best: f64| search.node(cell, parent, best);
        let best = Some((value * unit, ()));
        let answer = maximise(data.domain()?, best, &limits, examine, &mut watch)?;
        out.bound = out.bound.max(answer.bound / unit);
        out.nodes += answer.nodes;
        out.programs += search.programs;
        out.iterations += search.iterations;
        if out.stopped == Stop::Gap {
            out.stopped = answer.stopped;
        }
        out.leaves
            .extend(answer.leaves.into_iter().map(|leaf| Leaf {
                slot,
                cell: leaf.cell,
                bound: leaf.bound / unit,
                multipliers: stated(leaf.proof.multipliers, &data, &working),
            }));
    }
    Ok(out)
}

/// A power of 4, W, near what designs take.
fn unit(problem: &Problem, working: &Working) -> f64 {
    let power = typical_powers(problem, &working.network, &working.echo)[0] / TYPICAL;
    let exponent = if power.is_normal() && power > 0.0 {
        2.0 * (0.5 * power.log2()).round()
    } else {
        0.0
    };
    exponent.exp2()
}

/// What the bound does not know.
fn check(problem: &Problem, options: &Options) -> Result<(), Error> {
    if options.nodes == 0 {
        return Err(isac_linalg::Error::range("nodes", 0.0, "at least 1").into());
    }
    isac_linalg::validate::nonnegative("gap", options.gap, "")?;
    if problem.objective != Objective::EnergyEfficiency {
        return Err(isac_linalg::Error::shape(
            "global bound",
            "the objective energy efficiency",
            "another one",
        )
        .into());
    }
    let used = &problem.accounting;
    let fixed =
        problem.circuit_power + used.allocated1.unwrap_or(0.0) + used.allocated2.unwrap_or(0.0);
    isac_linalg::validate::positive("circuit power, for a global bound", fixed, "W")?;
    Ok(())
}

/// Multipliers of powers per watt, channel errors in full dimension over their radius.
fn stated(mut multipliers: Multipliers, data: &Data, working: &Working) -> Multipliers {
    for (cut, _) in &mut multipliers.cuts {
        let radius = data.ball(cut.kind).radius;
        let scale = if radius > 0.0 { radius.recip() } else { 0.0 };
        let error: Vec<c64> = cut.error.iter().map(|d| d * scale).collect();
        cut.error = match &working.bases {
            None => error,
            Some(bases) => {
                let second = matches!(cut.kind, Kind::Interference | Kind::Jamming);
                let basis = if second { &bases.bs2 } else { &bases.bs1 };
                (0..basis.nrows())
                    .map(|i| {
                        error
                            .iter()
                            .enumerate()
                            .map(|(j, d)| basis[(i, j)] * d)
                            .sum()
                    })
                    .collect()
            }
        };
    }
    for y in &mut multipliers.fixed[..2] {
        *y /= data.unit;
    }
    multipliers
}

/// Multipliers and what the halves start from.
struct Proof {
    multipliers: Multipliers,
    cuts: Vec<Cut>,
}

struct Search<'a> {
    data: &'a Data,
    options: &'a Options,
    programs: usize,
    iterations: usize,
}

/// Part of the gap that the chords of a box lose when it is no longer worth splitting.
const FINE: f64 = 0.05;
/// Programs at the root, and in a part of it.
const ROUNDS: (usize, usize) = (20, 8);

impl Search<'_> {
    fn node(
        &mut self,
        cell: &Cell,
        parent: Option<&Proof>,
        value: f64,
    ) -> Result<Node<(), Proof>, Error> {
        let enough = value * (1.0 + self.options.gap);
        let (cuts, rounds) = match parent {
            Some(parent) => (parent.cuts.clone(), ROUNDS.1),
            None => (node::first_cuts(self.data), ROUNDS.0),
        };
        let bounded = node::lower(self.data, cell, cuts, enough, rounds)?;
        self.programs += bounded.programs;
        self.iterations += bounded.iterations;
        let split = match &bounded.point {
            Some(point) if bounded.bound > enough => self.split(cell, point, value)?,
            Some(_) => None,
            None => middle(cell),
        };
        Ok(Node {
            bound: bounded.bound,
            split,
            proof: Proof {
                multipliers: bounded.multipliers,
                cuts: bounded.cuts,
            },
            candidate: None,
        })
    }

    /// At the relaxation's point, on the axis whose chord loses most there.
    fn split(
        &self,
        cell: &Cell,
        point: &program::Point,
        value: f64,
    ) -> Result<Option<(usize, f64)>, Error> {
        let least = FINE * self.options.gap * value * self.data.fixed;
        let losses = separate::losses(self.data, cell, point)?;
        let most = losses.into_iter().filter(|(loss, ..)| *loss > least);
        let most = most.max_by(|a, b| a.0.total_cmp(&b.0));
        Ok(most.map(|(_, k, at)| {
            let (low, high) = (cell.lower()[k], cell.upper()[k]);
            (
                k,
                at.clamp(low + 0.1 * (high - low), high - 0.1 * (high - low)),
            )
        }))
    }
}

/// The longest side in halves, for a box whose program gave nothing.
fn middle(cell: &Cell) -> Option<(usize, f64)> {
    let sides = cell.lower().iter().zip(cell.upper()).enumerate();
    let share = |low: f64, high: f64| (high - low) / (1.0 + low);
    sides
        .filter(|(_, (low, high))| low < high)
        .max_by(|(_, a), (_, b)| share(*a.0, *a.1).total_cmp(&share(*b.0, *b.1)))
        .map(|(k, (low, high))| (k, 0.5 * (low + high)))
}
