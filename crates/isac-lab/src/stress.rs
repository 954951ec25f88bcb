//! The hostile sweep: random instances over the decades, every verdict verified again by separate
//! code.
//!
//! A paper gives a pure function of a seed and an instance's number; the lab runs it for many
//! numbers, counts what was answered, and lists every answer that claims more than is true.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use crate::error::Error;
use crate::run::{Control, panic_text};
use crate::spread::spread;

/// Draws instance number `instance` of the stream `seed`, solves it as `isac solve` does, and
/// verifies the answer by code of its own. The same arguments give the same trial.
pub type StressFn = fn(seed: u64, instance: u64) -> Trial;

/// One instance and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Kind of instance, such as `power_min own`.
    pub class: &'static str,
    /// The status answered.
    pub status: String,
    /// What was claimed and is not so, with both numbers; `None` if the answer holds.
    pub over_claim: Option<String>,
}

/// An answer that claims more than is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OverClaim {
    /// The instance's number: `--instance` runs it alone.
    pub instance: u64,
    /// Kind of instance.
    pub class: String,
    /// The status answered.
    pub status: String,
    /// What is not so.
    pub claim: String,
}

/// Instances of one kind that ended with one status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Kind of instance.
    pub class: String,
    /// The status answered.
    pub status: String,
    /// How many.
    pub count: usize,
}

/// What came out of a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Seed of the sweep.
    pub seed: u64,
    /// Instances run.
    pub instances: u64,
    /// By kind and status, sorted.
    pub counts: Vec<Count>,
    /// In the order of the instances.
    pub over_claims: Vec<OverClaim>,
}

/// Runs the instances `numbers` on the threads of `control`; `on_progress` sees how many are done,
/// about three times a second. A panic is an over-claim too: the program promises none.
///
/// # Errors
/// [`Error::Cancelled`]; nothing is kept.
pub fn run(
    stress: StressFn,
    seed: u64,
    numbers: std::ops::Range<u64>,
    control: &Control,
    on_progress: impl FnMut(usize),
) -> Result<Tally, Error> {
    let first = numbers.start;
    let trials = spread(
        numbers,
        control,
        move |instance| attempt(stress, seed, instance),
        on_progress,
    )?;
    let trials: BTreeMap<u64, Trial> = (first..).zip(trials).collect();
    Ok(tally(seed, &trials))
}

fn attempt(stress: StressFn, seed: u64, instance: u64) -> Trial {
    catch_unwind(AssertUnwindSafe(|| stress(seed, instance))).unwrap_or_else(|panic| Trial {
        class: "panic",
        status: "panic".into(),
        over_claim: Some(panic_text(panic.as_ref())),
    })
}

fn tally(seed: u64, trials: &BTreeMap<u64, Trial>) -> Tally {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for trial in trials.values() {
        *counts.entry((trial.class, &trial.status)).or_default() += 1;
    }
    let counts = counts
        .into_iter()
        .map(|((class, status), count)| Count {
            class: class.into(),
            status: status.into(),
            count,
        })
        .collect();
    let over_claims = trials
        .iter()
        .filter_map(|(&instance, trial)| {
            Some(OverClaim {
                instance,
                class: trial.class.into(),
                status: trial.status.clone(),
                claim: trial.over_claim.clone()?,
            })
        })
        .collect();
    Tally {
        seed,
        instances: trials.len() as u64,
        counts,
        over_claims,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every third instance is solved, 7 is claimed wrongly, 11 breaks down.
    fn sample(seed: u64, instance: u64) -> Trial {
        assert_ne!(instance, 11, "a breakdown");
        let status = if (seed + instance).is_multiple_of(3) {
            "solved"
        } else {
            "unknown"
        };
        Trial {
            class: "sample",
            status: status.into(),
            over_claim: (instance == 7).then(|| "7 is not 8".into()),
        }
    }

    #[test]
    fn counts_and_over_claims_do_not_depend_on_threads() {
        let control = |threads| Control {
            threads,
            ..Control::default()
        };
        let one = run(sample, 0, 0..20, &control(1), |_| ()).unwrap();
        assert_eq!(one, run(sample, 0, 0..20, &control(3), |_| ()).unwrap());
        assert_eq!(one.instances, 20);
        let count = |class: &str, status: &str| {
            let mut hits = one
                .counts
                .iter()
                .filter(|c| c.class == class && c.status == status);
            hits.next().map_or(0, |c| c.count)
        };
        assert_eq!(
            (count("sample", "solved"), count("sample", "unknown")),
            (7, 12)
        );
        assert_eq!(count("panic", "panic"), 1);
        let numbers: Vec<u64> = one.over_claims.iter().map(|o| o.instance).collect();
        assert_eq!(numbers, [7, 11]);
        assert!(one.over_claims[1].claim.contains("a breakdown"));
    }
}
