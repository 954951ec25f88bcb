//! Random instances of `noma/1` for `isac stress`: every answer against formulas written out here.
//!
//! Nothing of the algorithms is used to judge them: SINR, patterns and powers are sums over entries;
//! worst cases are attacked by descent over the ball; bounds and proofs have to survive designs in
//! closed form (zero-forcing beams with sensing beams that no user sees).

use isac_algos::noma::{Mode, PowerWeights, Scene, Sensing};
use isac_lab::solve::SolveReport;
use isac_lab::stress::Trial;

use super::algorithm::Algorithm;
use super::input::{Case, Problem};
use super::solve::solve_case;

mod claims;
mod drawn;
mod formulas;

use drawn::{Instance, draw};

/// A unit of power: about a picowatt, and a power of two, so that nothing is rounded.
const UNIT: f64 = 1.0 / (1u64 << 40) as f64;

/// One instance in so many is solved in both units.
const PAIRS: u64 = 8;

impl Instance {
    /// Whether two answers to one question in two units agree to twelve digits.
    fn same(&self, watts: &SolveReport, other: &SolveReport) -> Result<(), String> {
        if watts.status != other.status {
            return Err(format!(
                "{:?} in watts, {:?} in another unit",
                watts.status, other.status
            ));
        }
        let unit = match self.problem {
            Problem::PowerMin { .. } | Problem::RobustPowerMin { .. } => UNIT,
            Problem::MaxMin { .. } | Problem::RobustMaxMin { .. } => 1.0,
        };
        // Without a design the certificate speaks of a violation, which has no unit.
        let bound = |report: &SolveReport| {
            let certificate = report.certificate.as_ref().map(|c| c.bound);
            report.objective.and(certificate)
        };
        let (ours, theirs) = (
            [watts.objective, bound(watts)],
            [other.objective, bound(other)],
        );
        for (name, (ours, theirs)) in ["objective", "bound"]
            .into_iter()
            .zip(ours.into_iter().zip(theirs))
        {
            let same = match (ours, theirs) {
                (Some(a), Some(b)) => (a * unit - b).abs() <= 1e-12 * b.abs(),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            if !same {
                let theirs = theirs.map(|b| b / unit);
                return Err(format!(
                    "{name} {ours:?} in watts, {theirs:?} by another unit"
                ));
            }
        }
        Ok(())
    }
}

/// Draws, solves as `isac solve` does, and verifies.
pub(super) fn stress(seed: u64, instance: u64) -> Trial {
    let (drawn, class) = draw(seed, instance);
    let (status, over_claim) = match solved(&drawn, seed) {
        Ok(report) => {
            let status = serde_json::to_value(report.status).unwrap_or_default();
            let name = status.as_str().unwrap_or("?").to_string();
            let mut wrong = drawn.verify(&report).err();
            if wrong.is_none() && instance.is_multiple_of(PAIRS) {
                wrong = match solved(&drawn.in_unit(UNIT), seed) {
                    Ok(other) => drawn.same(&report, &other).err(),
                    Err(error) => Some(error.to_string()),
                };
            }
            (name, wrong)
        }
        Err(error) => ("error".to_string(), Some(error.to_string())),
    };
    Trial {
        class,
        status,
        over_claim,
    }
}

fn solved(drawn: &Instance, seed: u64) -> Result<SolveReport, isac_algos::Error> {
    let sensing = Sensing {
        floor: drawn.floor,
        difference: drawn.difference,
        cross_correlation: drawn.xi,
    };
    let mode = Mode {
        sic: drawn.sic,
        ordering: false,
        weights: PowerWeights::default(),
    };
    let case = Case {
        scene: Scene::new(
            drawn.h.as_ref(),
            drawn.a.as_ref(),
            drawn.noise,
            sensing,
            mode,
        )?,
        problem: drawn.problem.clone(),
        nonrobust_beams: None,
    };
    solve_case(&case, Algorithm::Auto, seed)
}
