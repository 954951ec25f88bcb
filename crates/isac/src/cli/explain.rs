//! `isac explain`: what a key of a scenario, a status, a grade or an exit code means.

use clap::Args;

use super::{Console, say};
use isac_lab::error::{Error, nearest};
use isac_lab::explain::keys;
use isac_lab::paper::Paper;
use isac_lab::sweep::spec;

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A key of a scenario or of [sweep], a status, a verdict, a grade, an exit code
    #[arg(required = true, num_args = 1..)]
    word: Vec<String>,
}

/// Words of answers: word, what it is, meaning.
const WORDS: [(&str, &str, &str); 33] = [
    (
        "solved",
        "status of solve",
        "converged, and feasible by the original formulas up to 1e-6; exit code 0",
    ),
    (
        "inaccurate",
        "status of solve",
        "a point of lower accuracy than asked for: its violation or its gap to the bound is above 1e-6; exit code 0",
    ),
    (
        "limit",
        "status of solve",
        "a limit of iterations was hit; the point is the best found; exit code 0",
    ),
    (
        "infeasible",
        "status of solve and sdp",
        "proved to have no point at all; the stop reason says which constraint fails by how much at the least-infeasible point; exit code 3",
    ),
    (
        "no_point_below",
        "status of solve and sdp",
        "proved to have no point of a norm below the radius that is named; larger ones are open; exit code 4",
    ),
    (
        "no_multipliers_below",
        "status of sdp",
        "proved that the dual has no point of a norm below the radius; larger ones are open; exit code 4",
    ),
    (
        "ill_posed",
        "status of solve and sdp",
        "the problem and its dual have different values; both are named; exit code 4",
    ),
    (
        "unknown",
        "status of solve and sdp",
        "no answer: neither an acceptable point nor a proof; exit code 4",
    ),
    (
        "unbounded",
        "status of sdp",
        "proved that the dual has no point, so the primal has no lower bound if it has a point",
    ),
    (
        "exact",
        "grade",
        "same inputs as published, equal for every realisation",
    ),
    (
        "exact (means)",
        "grade",
        "same inputs as published, equal means; only means are published",
    ),
    (
        "statistical",
        "grade",
        "our own draws; the published numbers lie where they should",
    ),
    ("trend", "grade", "same ordering and shape as published"),
    (
        "not reproduced",
        "grade",
        "none of the better grades; the reason stands behind it",
    ),
    (
        "holds",
        "verdict of a claim",
        "the whole 95 % interval of the paired difference keeps to the claimed side of the threshold; of a claim about every draw: it is so on every one",
    ),
    (
        "does not hold",
        "verdict of a claim",
        "the whole 95 % interval lies on the other side; of a claim about every draw: it fails on at least one",
    ),
    (
        "borderline",
        "verdict of a claim",
        "the 95 % interval holds the threshold",
    ),
    (
        "holds in part",
        "verdict of a claim",
        "the points that the claim is about disagree",
    ),
    (
        "not tested",
        "verdict of a claim",
        "fewer than 20 draws decide nothing",
    ),
    (
        "pass",
        "verdict of check",
        "our value is within the tolerance of the stated one; a target is reached by a feasible point",
    ),
    (
        "fail",
        "verdict of check",
        "our value is not within the tolerance of the stated one, or what it follows from is missing",
    ),
    (
        "not-checked",
        "verdict of check",
        "a remark, a text, `null` or an unknown key; never changes the exit code",
    ),
    (
        "relative_gap",
        "field of an answer",
        "|bound - objective| / |objective|, for the returned point",
    ),
    (
        "max_violation",
        "field of an answer",
        "largest violation of a constraint by the returned point, by the original formulas",
    ),
    (
        "certificate",
        "field of an answer",
        "a bound on the optimum, or the proof of infeasibility; null if there is none",
    ),
    ("0", "exit code", "done and good"),
    (
        "1",
        "exit code",
        "done, and something that was checked failed; of `sweep merge`: refused, with what is missing",
    ),
    (
        "2",
        "exit code",
        "bad input or usage (the message names the file, the key, the value and what was expected), or results that cannot be written",
    ),
    ("3", "exit code", "certified infeasible"),
    (
        "4",
        "exit code",
        "no answer (unknown, no_point_below, ill_posed), or the arithmetic broke down",
    ),
    (
        "130",
        "exit code",
        "interrupted, or the time of `--for` was over; finished work is kept and taken up by the same command",
    ),
    ("141", "exit code", "the reader of standard output is gone"),
    (
        "tolerance",
        "stop reason",
        "the method's own test of convergence was met",
    ),
];

pub(super) fn explain(
    papers: &[Paper],
    args: &Explain,
    console: &mut Console<'_>,
) -> Result<u8, Error> {
    let word = args.word.join(" ");
    let mut found = false;
    // A key may be given with its table, as messages spell it.
    let key = ["scenario.", "sweep."]
        .iter()
        .find_map(|table| word.strip_prefix(table));
    let key = key.unwrap_or(&word);
    for paper in papers {
        for entry in keys(paper.template.unwrap_or("")) {
            let last = entry.name.rsplit('.').next();
            if entry.name != key && last != Some(key) {
                continue;
            }
            found = true;
            say!(console, "{} in [scenario] of {}", entry.name, paper.schema);
            say!(console, "  {}", entry.meaning);
            let unit = if entry.unit.is_empty() {
                "none"
            } else {
                &entry.unit
            };
            say!(console, "  unit: {unit}");
            let note = if entry.unused {
                " (of another `problem` than the default one, which refuses it)"
            } else {
                ""
            };
            say!(console, "  default: {}{note}", entry.default);
        }
    }
    for (name, default, meaning) in spec::KEYS {
        if name == key {
            found = true;
            say!(
                console,
                "{name} in [sweep]\n  {meaning}\n  default: {default}"
            );
        }
    }
    for (name, what, meaning) in WORDS {
        if name == word {
            found = true;
            say!(console, "{name}: {what}\n  {meaning}");
        }
    }
    if found {
        return Ok(0);
    }
    Err(unknown(papers, &word, key))
}

/// The nearest words: as it was written, and its last part.
fn unknown(papers: &[Paper], word: &str, key: &str) -> Error {
    let entries = papers
        .iter()
        .flat_map(|paper| keys(paper.template.unwrap_or("")));
    let mut names: Vec<String> = entries.map(|entry| entry.name).collect();
    names.sort();
    names.dedup();
    names.extend(spec::KEYS.iter().map(|(name, ..)| name.to_string()));
    names.extend(WORDS.iter().map(|(name, ..)| name.to_string()));
    Error::UnknownName {
        what: "key, status, verdict, grade or exit code".into(),
        given: word.into(),
        nearest: nearest(key, names.iter().map(String::as_str)),
    }
}
