//! `isac solve` for `alpha-fair/1`.

use isac_algos::alpha_fair::{
    Design, Evaluator, FEASIBLE, Method, Problem, RunOptions, Start, bound, certify,
};
use isac_linalg::{Mat, c64};
use isac_models::rng::{Stream, stream};
use isac_opt::augmented::Feasibility;

use super::posed::{Posed, posed};
use super::proof;
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::solve::{Certify, SolveCertificate, SolveReport, SolveRequest, SolveStatus};

/// Solves one case of an explicit document, or a drop of the `scenario` of a document.
///
/// # Errors
/// A malformed document, a case that does not exist, an unknown algorithm, a size that it does not take.
pub fn solve(root: &Node<'_>, request: &SolveRequest) -> Result<SolveReport, Error> {
    let method = match &request.algorithm {
        None => Method::ALL[0],
        Some(name) => Method::by_name(name)
            .ok_or_else(|| Error::unknown("algorithm", name, Method::ALL.map(Method::name)))?,
    };
    if let (Some(seed), Some(_)) = (request.seed, root.opt("W0"))
        && method != Method::BestOfStarts
    {
        return Err(Error::Usage(format!(
            "--seed {seed}: nothing is random in `{}` from a given start `W0`",
            method.name()
        )));
    }
    let global = request.certify == Certify::Global;
    if global && method == Method::Mono {
        return Err(Error::Usage(format!(
            "--certify global: the cost of `{}` is that of the base station's echoes alone, expected another algorithm or `local`",
            method.name()
        )));
    }
    let (posed, seed) = posed(root, request)?;
    let bounded = request.certify != Certify::None;
    let (mut report, crlb) = run(method, &posed, seed, bounded)?;
    if global {
        proof::attach(root, request, &posed, &crlb, &mut report)?;
    }
    Ok(report)
}

/// Starts in which targets take turns, for a problem of a few subcarriers and for a large one.
const TURNS: [u64; 2] = [16, 2];

/// Where the default starts besides from the stated start.
fn further_starts(problem: &Problem, seed: u64) -> Result<Vec<Mat<c64>>, Error> {
    let few = problem.streams().subcarriers <= 16;
    let count = if few { TURNS[0] } else { TURNS[1] };
    let turns = (1..=count).map(|index| (Start::Turns, index));
    let kinds = std::iter::once((Start::Apart, 0)).chain(turns);
    kinds
        .map(|(kind, index)| {
            let mut rng = stream(seed, Stream::Start, index);
            kind.draw(problem, &mut rng)
                .map_err(|e| Error::numerical("start", e))
        })
        .collect()
}

/// Runs a method on a posed problem, with the bound of its end where that is asked for. The report and the
/// CRLBs.
pub(super) fn run(
    method: Method,
    posed: &Posed,
    seed: u64,
    bounded: bool,
) -> Result<(SolveReport, Vec<f64>), Error> {
    let failed = |e: isac_algos::Error| match e {
        isac_algos::Error::TooLarge { .. } => {
            Error::Usage(format!("--algorithm {}: {e}", method.name()))
        }
        e => Error::numerical(method.name(), e),
    };
    let problem = method.problem(&posed.problem).map_err(failed)?;
    let options = RunOptions {
        rho: posed.rho,
        iterations: posed.iterations,
        further: if method == Method::BestOfStarts {
            further_starts(&problem, seed)?
        } else {
            Vec::new()
        },
        bound: bounded.then(bound::Options::default),
        ..RunOptions::default()
    };
    let mut found = method
        .run(&posed.problem, posed.start.as_ref(), &options)
        .map_err(failed)?;
    if found.violation > FEASIBLE && !bounded {
        // That no design exists is said all the same.
        certify(&problem, &mut found, &bound::Options::default()).map_err(failed)?;
    }
    let crlb = found.crlb.clone();
    Ok((report(method, seed, &problem, found, posed), crlb))
}

pub(super) fn report(
    method: Method,
    seed: u64,
    problem: &Problem,
    found: Design,
    posed: &Posed,
) -> SolveReport {
    let feasible = found.violation <= FEASIBLE;
    let status = if found.infeasible.is_some() {
        SolveStatus::Infeasible
    } else if feasible && found.stopped.converged() {
        SolveStatus::Solved
    } else if feasible {
        SolveStatus::Limit
    } else if found.feasibility == Feasibility::Infeasible {
        SolveStatus::Unknown
    } else {
        SolveStatus::Inaccurate
    };
    let mut report = SolveReport::new("alpha-fair/1", method.name(), status);
    report.seed = seed;
    report.iterations = found.iterations;
    report.warnings = posed.warnings.iter().map(ToString::to_string).collect();
    report.objective = Some(found.objective);
    report.max_violation = Some(found.violation);
    report.stop_reason = if feasible {
        found.stopped.name().into()
    } else {
        let worst = problem
            .min_rates()
            .iter()
            .zip(&found.rates)
            .map(|(least, rate)| least - rate)
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let (user, short) = worst.unwrap_or((0, 0.0));
        let proof = found
            .infeasible
            .map_or(String::new(), |proof| format!("; proof: {proof}"));
        format!(
            "rate of user {user} is {short} bit/s/Hz short at the least-infeasible point{proof}"
        )
    };
    report.metric("sum_crlb", found.sum_crlb());
    report.metric("max_crlb", found.max_crlb());
    report.metric_list("crlb", &found.crlb);
    report.metric_list("rates_bits_s_hz", &found.rates);
    let mut evaluator = Evaluator::new(problem);
    evaluator.evaluate(found.beams.as_ref());
    let sensing = evaluator.sensing();
    let combine = &problem.sensing().model().combine;
    let stds: Vec<[f64; 2]> = (0..found.crlb.len())
        .map(|t| sensing.physical_std(t, combine, &posed.grid))
        .collect();
    report.metric_list(
        "range_std_m",
        &stds.iter().map(|s| s[0]).collect::<Vec<_>>(),
    );
    report.metric_list(
        "speed_std_m_s",
        &stds.iter().map(|s| s[1]).collect::<Vec<_>>(),
    );
    if let Some(bound) = &found.bound {
        let gap = (bound.value - found.objective).abs() / found.objective.abs();
        report.certificate = Some(SolveCertificate {
            kind: bound_kind(method, feasible).into(),
            bound: bound.value,
            relative_gap: (found.objective != 0.0 && gap.is_finite()).then_some(gap),
        });
    } else if let Some(proof) = found.infeasible {
        report.certificate = Some(SolveCertificate {
            kind: "least_power_w".into(),
            bound: proof.needed_w,
            relative_gap: None,
        });
    }
    report.beamformer("W", found.beams.as_ref());
    report
}

/// What a bound is called, which says what it bounds: the cost of all beamformers of the total power that
/// meet the rates, unless the name says more. `docs/papers/alpha_fair.md` has the table.
fn bound_kind(method: Method, feasible: bool) -> &'static str {
    match (method, feasible) {
        (Method::Mono, true) => "lower_bound_base_station_alone",
        (Method::Mono, false) => "lower_bound_base_station_alone_attained_rates",
        (Method::Flat, true) => "lower_bound_any_power_share",
        (Method::Flat, false) => "lower_bound_any_power_share_attained_rates",
        (
            Method::BestOfStarts
            | Method::Augmented
            | Method::Paper
            | Method::Continuation
            | Method::Sdr,
            true,
        ) => "lower_bound",
        (
            Method::BestOfStarts
            | Method::Augmented
            | Method::Paper
            | Method::Continuation
            | Method::Sdr,
            false,
        ) => "lower_bound_attained_rates",
    }
}

#[cfg(test)]
mod tests {
    use super::super::posed::explicit;
    use super::*;
    use isac_lab::document::Document;

    /// The default without the programs of `sdr`, which take most of its time at this size.
    fn best(text: &str) -> (Posed, Design) {
        let document = Document::from_json("case.json", text).unwrap();
        let posed = explicit(&document.root(), &SolveRequest::default(), 1).unwrap();
        let options = RunOptions {
            rho: posed.rho,
            further: further_starts(&posed.problem, 1).unwrap(),
            sdr_patience_s: 0.0,
            ..RunOptions::default()
        };
        let found = Method::BestOfStarts.run(&posed.problem, posed.start.as_ref(), &options);
        (posed, found.unwrap())
    }

    /// Echoes of other targets up to 1e12 times the noise: where the disturbance of a target was what its
    /// node hears less its own echo, descents stood still at 1.2e-4. An end at 1.2e-12 was known from
    /// equal power on every subcarrier.
    #[test]
    fn the_default_is_no_worse_than_what_it_contains_with_echoes_1e9_times_stronger() {
        let text = include_str!("../../tests/fixtures/alpha-fair-echoes-1e9.json");
        let (posed, found) = best(text);
        assert!(found.violation <= FEASIBLE);
        assert!(found.objective <= 1.2e-12, "{:e}", found.objective);
        let bound = found.bound.unwrap();
        assert!(bound.value <= found.objective && bound.value > 0.1 * found.objective);
        let quick = RunOptions {
            rho: posed.rho,
            bound: None,
            ..RunOptions::default()
        };
        for method in Method::ALL {
            if method == Method::BestOfStarts || method == Method::Sdr {
                continue;
            }
            let other = method
                .run(&posed.problem, posed.start.as_ref(), &quick)
                .unwrap();
            let theirs = other.objective;
            assert!(
                other.violation > FEASIBLE || found.objective <= theirs,
                "{method:?}"
            );
        }
    }

    /// A hundred times stronger echoes than in the scene: an independent augmented Lagrangian from the same
    /// start ends at 1.471e-5, the semidefinite programs at 1.2952e-5.
    #[test]
    fn the_default_is_no_worse_than_programs_and_descents_with_strong_echoes() {
        let text = include_str!("../../tests/fixtures/alpha-fair-echoes-strong.json");
        let (_, found) = best(text);
        assert!(found.violation <= FEASIBLE);
        assert!(found.objective <= 1.2952e-5, "{:e}", found.objective);
    }
}
