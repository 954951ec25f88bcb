//! Baselines that the figures compare with: the traversal of power grids and isotropic artificial
//! noise. The paper names both and defines neither.

use super::direct::{self, Options, Solution};
use super::problem::{Design, Objective, Problem};
use crate::Error;
use isac_linalg::validate;
use isac_metrics::energy::Accounting;

/// One pair of powers of a [`traversal`].
#[derive(Debug, Clone, PartialEq)]
pub struct GridPoint {
    /// Power given to BS1, W.
    pub power1: f64,
    /// Power given to BS2, W.
    pub power2: f64,
    /// The design of greatest secrecy rate within both; its efficiency counts both in full.
    pub solution: Solution,
}

/// Traversal: for every pair of powers the design of greatest secrecy rate, both powers counted in
/// full. The answer of the method is the feasible point of greatest efficiency, see [`best`]. Powers
/// are gone through in ascending order, each pair started from its neighbour.
///
/// # Errors
/// An empty grid, a power that is not positive; as [`direct::solve`].
pub fn traversal(
    problem: &Problem,
    powers1: &[f64],
    powers2: &[f64],
    options: &Options,
) -> Result<Vec<GridPoint>, Error> {
    for (name, list) in [("powers of BS1", powers1), ("powers of BS2", powers2)] {
        if list.is_empty() {
            return Err(isac_linalg::Error::range(name, 0.0, "at least one power").into());
        }
        for &watts in list {
            validate::positive(name, watts, "W")?;
        }
    }
    let mut out: Vec<GridPoint> = Vec::new();
    for &power1 in powers1 {
        for &power2 in powers2 {
            let mut cell = problem.clone();
            cell.objective = Objective::SecrecyRate;
            cell.power1_max = power1;
            cell.power2_max = power2;
            cell.accounting = Accounting {
                allocated1: Some(power1),
                allocated2: Some(power2),
            };
            let warm: Vec<Design> = out
                .iter()
                .rev()
                .find(|p| p.solution.feasible && p.power1 <= power1 && p.power2 <= power2)
                .map(|p| p.solution.design.clone())
                .into_iter()
                .collect();
            let solution = direct::design(&cell, &warm, options)?;
            out.push(GridPoint {
                power1,
                power2,
                solution,
            });
        }
    }
    Ok(out)
}

/// The feasible grid point of greatest efficiency.
pub fn best(points: &[GridPoint]) -> Option<&GridPoint> {
    let feasible = points.iter().filter(|p| p.solution.feasible);
    feasible.max_by(|a, b| {
        let efficiency = |p: &GridPoint| p.solution.report.efficiency;
        efficiency(a).total_cmp(&efficiency(b))
    })
}

/// Isotropic artificial noise: designs for each power in W that BS1 spends on noise in all
/// directions, all other parts optimised. The answer of the method is the best of them.
///
/// # Errors
/// A negative power; as [`direct::solve`].
pub fn artificial_noise(
    problem: &Problem,
    watts: &[f64],
    options: &Options,
) -> Result<Vec<Solution>, Error> {
    let family: Vec<Problem> = watts
        .iter()
        .map(|&watts| Problem {
            artificial_noise: watts,
            ..problem.clone()
        })
        .collect();
    direct::sweep(&family, options)
}
