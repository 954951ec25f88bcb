//! Verdicts on what the paper says of Figs. 3 and 5 to 7.

use super::sweep::{ACCELERATED_NS0, Comparison, GLOBAL_BOUND, Kind, Sweep, UPPER_BOUND};
use crate::obs_crlb::method::Method;
use crate::obs_crlb::setup::{CRLB, OBJECTIVE, SUM_RATE};
use isac_lab::stats::Summary;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Records, Report};

const ACCELERATED: &str = Method::Accelerated.name();
const BEST_OF_STARTS: &str = Method::BestOfStarts.name();
const FP_SGDA: &str = Method::FpSgdaReleased.name();
const WMMSE_SDR: &str = Method::WmmseSdrReleased.name();

pub(super) fn claims(records: &Records, s: &Sweep, comparison: &Comparison, report: &mut Report) {
    match s.kind {
        Kind::Tradeoff => tradeoff_claims(records, s, comparison, report),
        Kind::Users => {
            users_claims(records, s, report);
            bracket(records, s, comparison, report);
        }
        Kind::Power => {
            power_claims(records, s, report);
            bracket(records, s, comparison, report);
        }
        Kind::Antennas | Kind::Table => antennas_claims(records, s, report),
    }
}

/// The largest mean sum rate of a method at a CRLB within 1 % of a given one.
fn rate_at(records: &Records, method: &str, crlb: f64) -> f64 {
    let points = records.curve(method, SUM_RATE);
    let bounds = records.curve(method, CRLB);
    (points.iter().zip(&bounds))
        .filter(|(_, bound)| bound.1.mean <= 1.01 * crlb)
        .map(|(rate, _)| rate.1.mean)
        .fold(0.0, f64::max)
}

fn tradeoff_claims(records: &Records, s: &Sweep, comparison: &Comparison, report: &mut Report) {
    let theirs = &s.published[2].points;
    // At the same weight: the frontier as a whole hides what a weight gives.
    let near = |method: &str| {
        if comparison.printed {
            return Ruling::not_tested("the published rates belong to another scene");
        }
        Ruling::together(
            theirs
                .iter()
                .filter(|p| !records.values(method, p[0], SUM_RATE).is_empty())
                .map(|p| {
                    let rates = records.values(method, p[0], SUM_RATE);
                    let shares: Vec<f64> = rates.iter().map(|rate| rate / p[1]).collect();
                    (
                        format!("weight 10^{}", p[0]),
                        Ruling::mean(&shares, Side::AtLeast(0.95)),
                    )
                }),
        )
    };
    let what = "sum rate over the published mean of WMMSE-SDR at the same weight";
    report.claims.push(Claim::new(
        "The tradeoff of Algorithm 1 is close to that of WMMSE-SDR",
        near(s.algorithm1),
        what,
    ));
    report.claims.push(Claim::new(
        "Continued from a larger weight, the same objective keeps the rate at small ones (ours)",
        near(ACCELERATED),
        what,
    ));
    let frontier: Vec<String> = theirs
        .iter()
        .map(|p| {
            let ours = rate_at(records, ACCELERATED, p[2]);
            format!("CRLB {}: {ours:.3} ({:.3})", p[2], p[1])
        })
        .collect();
    report.notes.push(format!(
        "largest sum rate of L-BFGS at a CRLB within 1 % of the published WMMSE-SDR's (its rate): {}",
        frontier.join(", ")
    ));
}

/// Whether one method's objective is ahead of another's at every x of the other, to `-room`.
fn ahead(records: &Records, ours: &str, theirs: &str, room: f64) -> Ruling {
    Ruling::together(records.xs(theirs).into_iter().map(|x| {
        let lead = records.paired((ours, x), (theirs, x), OBJECTIVE);
        (
            format!("over {theirs} at {x}"),
            Ruling::mean(&lead, Side::AtLeast(-room)),
        )
    }))
}

fn users_claims(records: &Records, s: &Sweep, report: &mut Report) {
    let best = |rivals: &[&str]| {
        Ruling::together(rivals.iter().map(|rival| {
            (
                format!("over {rival}"),
                ahead(records, s.algorithm1, rival, 1e-3),
            )
        }))
    };
    report.claims.push(Claim::new(
        "Algorithm 1 has the best objective for every number of users",
        best(&[FP_SGDA, WMMSE_SDR]),
        "FP-SGDA and WMMSE-SDR as released, on the same channels, to a thousandth",
    ));
    report.claims.push(Claim::new(
        "Algorithm 1 also has a better objective than the corrected WMMSE-SDR (ours)",
        best(&[Method::WmmseSdr.name()]),
        "",
    ));
    let higher = records.xs(BEST_OF_STARTS).into_iter().map(|x| {
        let gains = records.paired((BEST_OF_STARTS, x), (s.algorithm1, x), OBJECTIVE);
        let held = gains.iter().filter(|gain| **gain >= -1e-9).count();
        (format!("K = {x}"), Ruling::every(held, gains.len()))
    });
    report.claims.push(Claim::new(
        "Restarts end no lower than Algorithm 1 on any channel (ours)",
        Ruling::together(higher),
        "",
    ));
}

fn power_claims(records: &Records, s: &Sweep, report: &mut Report) {
    // What a reader of the printed curves could still call the same: 3 % of the objective.
    let alike = |methods: &[&str]| {
        let points = methods.iter().flat_map(|method| {
            records.xs(method).into_iter().map(move |x| {
                let scale = records.summary(s.algorithm1, x, OBJECTIVE).mean.abs();
                let apart = records.paired((method, x), (s.algorithm1, x), OBJECTIVE);
                let apart: Vec<f64> = apart.iter().map(|d| d / scale.max(1.0)).collect();
                let ruling = Ruling::mean(&apart, Side::Between(-0.03, 0.03));
                (format!("{method} at {x} dBm"), ruling)
            })
        });
        Ruling::together(points)
    };
    let what = "difference to Algorithm 1 over its mean objective (over 1 where that is larger)";
    report.claims.push(Claim::new(
        "All methods perform alike over power",
        alike(&[FP_SGDA, WMMSE_SDR]),
        what,
    ));
    report.claims.push(Claim::new(
        "Restarts perform like Algorithm 1 over power (ours)",
        alike(&[BEST_OF_STARTS]),
        what,
    ));
    let gains = records.paired((BEST_OF_STARTS, -5.0), (s.algorithm1, -5.0), OBJECTIVE);
    let iterations = records.summary(s.algorithm1, -5.0, 3).mean;
    report.claims.push(Claim::new(
        "At -5 dBm the unscaled step test ends Algorithm 1 early (ours)",
        Ruling::mean(&gains, Side::AtLeast(0.05)),
        format!("gain of converged solvers; Algorithm 1 ends after {iterations:.0} iterations in the mean"),
    ));
}

fn antennas_claims(records: &Records, s: &Sweep, report: &mut Report) {
    let xs = records.xs(ACCELERATED);
    let gaps = |a: &str, b: &str, side: Side| {
        Ruling::together(xs.iter().map(|&x| {
            let gaps = records.paired((a, x), (b, x), OBJECTIVE);
            (format!("Nt = {x}"), Ruling::mean(&gaps, side))
        }))
    };
    // "Nothing" is read as less than a thousandth.
    report.claims.push(Claim::new(
        "The low-dimensional Algorithm 1 loses nothing",
        gaps(
            ACCELERATED,
            Method::LowDimPublished.name(),
            Side::AtMost(1e-3),
        ),
        "what the released variant stops below the converged objective by",
    ));
    let (with, without) = (s.curves[0].name, s.curves[1].name);
    report.claims.push(Claim::new(
        "Without sensing streams large arrays end higher",
        gaps(without, with, Side::AtLeast(1e-3)),
        "Algorithm 1 at the released stop rule, Ns = 0 minus Ns = 6",
    ));
    report.claims.push(Claim::new(
        "Without sensing streams large arrays end higher when all converge (ours)",
        gaps(ACCELERATED_NS0, ACCELERATED, Side::AtLeast(1e-3)),
        "",
    ));
    let certified: Vec<String> = xs
        .iter()
        .map(|&x| {
            let gaps = records.paired((UPPER_BOUND, x), (ACCELERATED, x), OBJECTIVE);
            format!("Nt = {x}: {:.4}", Summary::of(&gaps).mean)
        })
        .collect();
    report.notes.push(format!(
        "certified distance of L-BFGS from the optimum, mean: {}",
        certified.join(", ")
    ));
}

/// The certificates hold in every realisation; how far the best of starts can be from the optimum; and
/// that it is no lower than the released Algorithm 1 at 10 dBm.
fn bracket(records: &Records, s: &Sweep, comparison: &Comparison, report: &mut Report) {
    let (mut broken, mut count) = (0, 0);
    for row in records
        .rows
        .iter()
        .filter(|r| [UPPER_BOUND, GLOBAL_BOUND].contains(&r.algorithm.as_str()) && !r.failed)
    {
        let bound = row.metrics[OBJECTIVE];
        for method in [BEST_OF_STARTS, s.algorithm1, FP_SGDA] {
            if let Some(value) = records.value(method, row.x, row.realization, OBJECTIVE) {
                count += 1;
                broken += usize::from(value > bound + 1e-9 * bound.abs());
            }
        }
    }
    let line = format!(
        "the certificates lie above {} of {count} feasible objectives",
        count - broken
    );
    report.notes.push(line.clone());
    if broken > 0 {
        report.failures.push(line);
    }
    let distance = |x: f64| -> String {
        let gaps = records.paired((GLOBAL_BOUND, x), (BEST_OF_STARTS, x), OBJECTIVE);
        let gaps = Summary::of(&gaps);
        format!("{x}: {:.1e} ({} channels)", gaps.mean, gaps.n)
    };
    let distances: Vec<String> = records.xs(GLOBAL_BOUND).into_iter().map(distance).collect();
    report.notes.push(format!(
        "proved distance of the best of starts from the optimum over linear beams, mean by {}: {}",
        s.x.label,
        distances.join(", ")
    ));
    let (mut higher, mut compared) = (0, 0);
    for ((x, r), theirs) in &comparison.objectives {
        let ours = records.value(BEST_OF_STARTS, *x as f64 / 1000.0, *r, OBJECTIVE);
        if let (Kind::Power, 10_000, Some(ours)) = (s.kind, x, ours) {
            compared += 1;
            higher += usize::from(ours >= theirs - 1e-9);
        }
    }
    if compared > 0 {
        report.notes.push(format!("best of starts at 10 dBm: no lower than the released Algorithm 1 on {higher} of {compared} channels"));
    }
}
