//! The verb `stress`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{Console, Stress, say, table, tell};
use isac_lab::error::Error;
use isac_lab::paper::Paper;
use isac_lab::run::Control;
use isac_lab::stress::{StressFn, Tally, run};

/// What can be stressed beside the papers: the conic engine on semidefinite programs.
const SDP: (&str, Option<StressFn>) = ("sdp", Some(crate::sdp::stress));

pub(super) fn stress(
    papers: &[Paper],
    args: &Stress,
    console: &mut Console<'_>,
    cancel: Arc<AtomicBool>,
) -> Result<u8, Error> {
    let known = || papers.iter().map(|p| (p.key, p.stress)).chain([SDP]);
    let wanted = args.what.replace('-', "_");
    let (name, trial) = known()
        .find(|(key, _)| *key == wanted)
        .ok_or_else(|| Error::unknown("paper", &args.what, known().map(|(key, _)| key)))?;
    let trial = trial.ok_or_else(|| Error::Usage(format!("{name}: nothing stresses it")))?;
    let control = Control {
        cancel,
        ..Control::default()
    };
    let control = Control {
        threads: args.threads.map_or(control.threads, usize::from),
        ..control
    };
    let numbers = match args.instance {
        Some(one) => one..one.saturating_add(1),
        None => 0..args.instances,
    };
    let total = numbers.end - numbers.start;
    let mut quarters = 0;
    let tally = run(trial, args.seed, numbers, &control, |done| {
        let now = done as u64 * 4 / total;
        if now > quarters {
            quarters = now;
            tell!(console, "{name}: {done} of {total}");
        }
    })?;
    if args.json {
        let json = serde_json::to_string_pretty(&tally).unwrap_or_default();
        say!(console, "{json}");
    } else {
        print(name, &tally, console)?;
    }
    Ok(u8::from(!tally.over_claims.is_empty()))
}

fn print(name: &str, tally: &Tally, console: &mut Console<'_>) -> Result<(), Error> {
    let rows: Vec<[String; 3]> = tally
        .counts
        .iter()
        .map(|row| [row.class.clone(), row.count.to_string(), row.status.clone()])
        .collect();
    table(console, ["kind", "instances", "status"], &rows)?;
    for claim in &tally.over_claims {
        say!(
            console,
            "OVER-CLAIM {name} --seed {} --instance {}: {}, {}: {}",
            tally.seed,
            claim.instance,
            claim.class,
            claim.status,
            claim.claim
        );
    }
    say!(
        console,
        "{name}: {} instances, {} over-claims",
        tally.instances,
        tally.over_claims.len()
    );
    Ok(())
}
