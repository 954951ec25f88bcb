//! Proof that a problem has no design: multipliers that leave no rate.
//!
//! A leaf of the bound proves more than an efficiency. At the efficiency 0 its rows leave a rate that no
//! design of the box exceeds; every design has `R_S >= -log2(1 + t)`, so where less than that is left, the box
//! holds no design. With time division one slot that admits nothing is enough.

use super::data::Data;
use super::{Leaf, Options, Proof, node, stated, unit};
use crate::Error;
use crate::hisac_see::start::Working;
use crate::hisac_see::{Objective, Problem};
use isac_opt::global::{Cell, Progress, Stop, maximise};

/// What breaking a row by the noise costs, bps/Hz, tried one after the other: the nearer a problem is to
/// having a design, the more it takes.
const PRICES: [f64; 3] = [300.0, 3e4, 3e6];
/// Programs of [`excluded_at_once`] on a box.
const FEW: usize = 2;
/// How much less than possible must be left, bps/Hz.
const CLEAR: f64 = 1e-3;

/// What the multipliers must leave at most: less than any design's rate, bps/Hz.
fn goal(domain: &Cell) -> f64 {
    -domain.upper()[super::cut::T].ln_1p() / std::f64::consts::LN_2 - CLEAR
}

/// Whether [`exclude`] succeeds with one box a slot and a program or two on it: a small part of what the
/// first start of a search costs. `false` where that is not found, where `exclude` does not apply, and where data
/// beyond the range of `f64` break the attempt off, which proves nothing.
pub(in crate::hisac_see) fn excluded_at_once(problem: &Problem, working: &Working) -> bool {
    if problem.objective == Objective::Scnr || !working.has_balls() {
        return false;
    }
    let unit = unit(problem, working);
    let excluded = |slot: usize| -> Result<bool, Error> {
        let data = Data::new(problem, working, slot, unit);
        let domain = data.domain()?;
        let goal = goal(&domain);
        let node = node::left(&data, &domain, None, (0.0, goal), FEW, &mut 0)?;
        Ok(node.bound <= goal)
    };
    (0..problem.access.slots(problem.cell.users())).any(|slot| excluded(slot).unwrap_or(false))
}

/// Leaves that cover the domain of one slot and leave no design in it, each with the bound 0; `None` where
/// that is not found, such as where the SCNR is maximised, whose threshold is not imposed then.
///
/// # Errors
/// Bad input, errors that are not balls, a failed decomposition.
pub fn exclude(
    problem: &Problem,
    options: &Options,
    mut watch: impl FnMut(&Progress) -> bool,
) -> Result<Option<Vec<Leaf>>, Error> {
    if problem.objective == Objective::Scnr {
        return Ok(None);
    }
    let working = Working::new(problem)?;
    if !working.has_balls() {
        return Err(
            isac_linalg::Error::shape("exclusion", "errors in balls", "an ellipsoid").into(),
        );
    }
    let unit = unit(problem, &working);
    for price in PRICES {
        for slot in 0..problem.access.slots(problem.cell.users()) {
            let mut data = Data::new(problem, &working, slot, unit);
            data.price = price;
            let domain = data.domain()?;
            let goal = goal(&domain);
            let limits = isac_opt::global::Options {
                gap: 0.0,
                nodes: options.nodes,
            };
            let examine = |cell: &Cell, parent: Option<&Proof>, _: f64| {
                node::left(&data, cell, parent, (0.0, goal), node::PROGRAMS, &mut 0)
            };
            let answer = maximise(domain, Some((goal, ())), &limits, examine, &mut watch)?;
            if answer.stopped == Stop::Asked {
                return Ok(None);
            }
            if answer.bound <= goal {
                let leaf = |leaf: isac_opt::global::Leaf<Proof>| Leaf {
                    slot,
                    cell: leaf.cell,
                    bound: 0.0,
                    multipliers: stated(leaf.proof.multipliers, &data, &working),
                };
                return Ok(Some(answer.leaves.into_iter().map(leaf).collect()));
            }
        }
    }
    Ok(None)
}
