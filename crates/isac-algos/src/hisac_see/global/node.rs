//! The search on one box: programs over the rows known so far until their bound is low enough.

use super::cut::{Cut, Kind, Multipliers};
use super::data::Data;
use super::program::{Point, solve};
use super::separate::separate;
use crate::Error;
use isac_linalg::c64;
use isac_opt::global::Cell;

/// Multiplier, bps/Hz, below which a cut is dropped.
const INACTIVE: f64 = 1e-4;
/// Part of its distance to the goal that a bound must fall by for another program on the same box.
const SLOW: f64 = 0.03;
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
    let nothing = || {
        let rows = data.rows(cell, std::iter::empty());
        (
            f64::INFINITY,
            Multipliers {
                m: 1.0,
                fixed: vec![0.0; rows.fixed.len()],
                cuts: Vec::new(),
            },
        )
    };
    let (bound, multipliers) = best.unwrap_or_else(nothing);
    Ok(Bounded {
        bound,
        multipliers,
        cuts,
        point,
        programs,
        iterations,
    })
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
