//! The search on one box: programs over the rows known so far until their bound is low enough.

use super::cut::{Cut, Kind, Multipliers};
use super::data::Data;
use super::program::{Point, solve};
use super::separate::{losses, separate};
use super::{Proof, middle};
use crate::Error;
use isac_linalg::c64;
use isac_opt::global::{Cell, Node};

/// Multiplier, bps/Hz, below which a cut is dropped.
const INACTIVE: f64 = 1e-4;
/// Part of its distance to the goal that a bound must fall by for another program on the same box.
const SLOW: f64 = 0.03;
/// Programs on a box at most, where no efficiency is sought.
pub(super) const PROGRAMS: usize = 20;
/// Programs in a row without a multiplier after which a cut is dropped.
const IDLE: usize = 3;

/// What a box's search ended with.
pub(super) struct Bounded {
    pub(super) bound: f64,
    pub(super) multipliers: Multipliers,
    /// Cuts that mattered in one of the last rounds.
    pub(super) cuts: Vec<Cut>,
    /// The relaxation's point, of the last round.
    pub(super) point: Option<Point>,
    pub(super) programs: usize,
    pub(super) iterations: usize,
}

/// Bounds a box until it is at most `enough`, or new channels no longer lower it, in at most `rounds`
/// programs.
pub(super) fn lower(
    data: &Data,
    cell: &Cell,
    cuts: Vec<Cut>,
    enough: f64,
    rounds: usize,
) -> Result<Bounded, Error> {
    let mut eta = enough;
    let mut idle = vec![0; cuts.len()];
    let mut cuts = cuts;
    let mut best: Option<(f64, Multipliers)> = None;
    let (mut point, mut programs, mut iterations) = (None, 0, 0);
    for _ in 0..rounds {
        let Some(solved) = solve(data, cell, &cuts, eta)? else {
            break;
        };
        programs += 1;
        iterations += solved.iterations;
        let found = solved.point;
        let (bound, multipliers) = data.bound(cell, eta, &solved.multipliers)?;
        // Those that do not matter for some rounds are found again if they come to matter.
        for (idle, (_, y)) in idle.iter_mut().zip(&multipliers.cuts) {
            *idle = if *y > INACTIVE { 0 } else { *idle + 1 };
        }
        let mut at = 0;
        cuts.retain(|_| {
            at += 1;
            idle[at - 1] < IDLE
        });
        idle.retain(|idle| *idle < IDLE);
        let before = best.as_ref().map_or(f64::INFINITY, |(least, _)| *least);
        if best.as_ref().is_none_or(|(least, _)| bound < *least) {
            best = Some((bound, multipliers));
        }
        let least = best.as_ref().map_or(f64::INFINITY, |(least, _)| *least);
        let next = found.rate / found.power;
        let new = if least <= enough {
            Vec::new()
        } else {
            separate(data, cell, &found)?
        };
        point = Some(found);
        if least <= enough {
            break;
        }
        let settled = new.is_empty() && (next - eta).abs() <= 1e-4 * eta;
        // What is left is better gained by splitting.
        let slow = programs > 1 && before - least <= SLOW * (least - enough);
        if settled || slow {
            break;
        }
        idle.extend(vec![0; new.len()]);
        cuts.extend(new);
        eta = next.clamp(enough, least.min(2.0 * eta));
    }
    let (bound, multipliers) = best.unwrap_or_else(|| (f64::INFINITY, nothing(data, cell)));
    Ok(Bounded {
        bound,
        multipliers,
        cuts,
        point,
        programs,
        iterations,
    })
}

/// Multipliers that prove nothing.
pub(super) fn nothing(data: &Data, cell: &Cell) -> Multipliers {
    let rows = data.rows(cell, std::iter::empty());
    Multipliers {
        m: 1.0,
        fixed: vec![0.0; rows.fixed.len()],
        cuts: Vec::new(),
    }
}

/// The estimates of all channels.
pub(super) fn first_cuts(data: &Data) -> Vec<Cut> {
    let cut = |kind| Cut {
        kind,
        error: vec![c64::ZERO; data.ball(kind).centre.len()],
        slope: c64::ZERO,
    };
    data.kinds()
        .filter(|kind| *kind != Kind::Eavesdropping)
        .map(cut)
        .collect()
}

/// Bounds the rate less what power costs at an efficiency over a box, until it is at most `goal`, in at
/// most `rounds` programs.
pub(super) fn left(
    data: &Data,
    cell: &Cell,
    parent: Option<&Proof>,
    (eta, goal): (f64, f64),
    rounds: usize,
    programs: &mut usize,
) -> Result<Node<(), Proof>, Error> {
    let mut cuts = parent.map_or_else(|| first_cuts(data), |parent| parent.cuts.clone());
    let mut best: Option<(f64, Multipliers)> = None;
    let mut point: Option<Point> = None;
    for _ in 0..rounds {
        let Some(solved) = solve(data, cell, &cuts, eta)? else {
            break;
        };
        *programs += 1;
        let (left, multipliers) = data.greatest(cell, eta, &solved.multipliers)?;
        let before = best.as_ref().map_or(f64::INFINITY, |(least, _)| *least);
        if left < before {
            best = Some((left, multipliers));
        }
        let new = separate(data, cell, &solved.point)?;
        point = Some(solved.point);
        // What is left is better gained by splitting.
        let slow = before.is_finite() && before - left <= SLOW * (left - goal);
        if left <= goal || new.is_empty() || slow {
            break;
        }
        cuts.extend(new);
    }
    let split = match &point {
        Some(point) => (losses(data, cell, point)?.into_iter())
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, k, at)| {
                let (low, high) = (cell.lower()[k], cell.upper()[k]);
                let near = 0.1 * (high - low);
                (k, at.clamp(low + near, high - near))
            }),
        None => middle(cell),
    };
    let (bound, multipliers) = best.unwrap_or_else(|| (f64::INFINITY, nothing(data, cell)));
    Ok(Node {
        bound,
        split,
        proof: Proof { multipliers, cuts },
        candidate: None,
    })
}
