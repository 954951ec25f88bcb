//! `isac solve` for `alpha-fair/1`.

use isac_algos::alpha_fair::{Design, FEASIBLE, PowerShare, Problem, Start, design, penalty, sdr};
use isac_linalg::{Mat, c64};
use isac_metrics::delay_doppler::{Nodes, SensingOptions};
use isac_models::ofdm::Grid;
use isac_models::rng::{Stream, stream};
use isac_opt::augmented::Feasibility;

use super::input::Instance;
use super::scenario::{Drop, Scenario};
use crate::document::Node;
use crate::error::Error;
use crate::solve::{SolveCertificate, SolveReport, SolveRequest, SolveStatus};

const ALGORITHMS: [&str; 6] = ["augmented", "paper", "continuation", "flat", "mono", "sdr"];

/// Solves one case of an explicit document, or a drop of the `scenario` of a document.
pub(super) fn solve(root: &Node<'_>, request: &SolveRequest) -> Result<SolveReport, Error> {
    let algorithm = request.algorithm.as_deref().unwrap_or(ALGORITHMS[0]);
    if !ALGORITHMS.contains(&algorithm) {
        return Err(Error::unknown("algorithm", algorithm, ALGORITHMS));
    }
    let stated_seed = root.opt("seed").map(|s| s.u64()).transpose()?;
    let seed = request.seed.or(stated_seed).unwrap_or(crate::DEFAULT_SEED);
    let (problem, rho, start, grid) = if let Some(node) = root.opt("scenario") {
        root.known_keys(&["scenario", "seed", "drop"])?;
        let scenario: Scenario = serde_json::from_value(node.value.clone())
            .map_err(|e| node.wrong(format!("a scenario ({e})")))?;
        let index = root.opt("drop").map(|d| d.usize()).transpose()?;
        let Drop {
            problem,
            mut start,
            grid,
            ..
        } = scenario
            .drop(seed, index.unwrap_or(0))
            .map_err(|e| node.refused(e))?;
        if algorithm == ALGORITHMS[0] {
            start = draw(&problem, Start::Apart, seed)?;
        }
        (problem, 10.0, start, grid)
    } else {
        let instance = Instance::read(root)?;
        let cases = root.get("cases")?.items()?;
        let wanted = request.case.unwrap_or(0);
        let node = cases.get(wanted).ok_or_else(|| {
            Error::Usage(format!(
                "--case {wanted}: the document has {} cases, counted from 0",
                cases.len()
            ))
        })?;
        node.known_keys(&["config", "expected", "tolerance"])?;
        let case = instance.case(&node.get("config")?)?;
        let start = match &instance.start {
            Some(start) => start.clone(),
            None if algorithm == ALGORITHMS[0] => draw(&case.problem, Start::Apart, seed)?,
            None => draw(&case.problem, Start::Mrt, seed)?,
        };
        (case.problem, case.rho, start, instance.grid)
    };
    let (problem, found) = run(algorithm, problem, rho, &start)?;
    Ok(report(algorithm, seed, &problem, found, &grid))
}

fn draw(problem: &Problem, start: Start, seed: u64) -> Result<Mat<c64>, Error> {
    start
        .draw(problem, &mut stream(seed, Stream::Start, 0))
        .map_err(|e| Error::numerical("start", e))
}

fn run(
    algorithm: &str,
    problem: Problem,
    rho: f64,
    start: &Mat<c64>,
) -> Result<(Problem, Design), Error> {
    let failed = |e: isac_algos::Error| Error::numerical(algorithm, e);
    let problem = if algorithm == "mono" {
        let options = SensingOptions {
            nodes: Nodes::Mono,
            ..problem.sensing().options()
        };
        problem.with_sensing(options).map_err(failed)?
    } else {
        problem
    };
    let found = match algorithm {
        "paper" => {
            let options = penalty::Options {
                penalties: vec![rho],
                ..penalty::Options::default()
            };
            penalty::solve(&problem, start.as_ref(), &options)
        }
        "continuation" => {
            let options = penalty::Options::continuation();
            penalty::solve(&problem, start.as_ref(), &options)
        }
        "sdr" => sdr::solve(&problem, start.as_ref(), &sdr::Options::default())
            .map(|rounded| rounded.design),
        _ => {
            let options = design::Options {
                power: if algorithm == "flat" {
                    PowerShare::PerSubcarrier
                } else {
                    PowerShare::Total
                },
                ..design::Options::default()
            };
            design::solve(&problem, start.as_ref(), &options)
        }
    };
    Ok((problem.clone(), found.map_err(failed)?))
}

fn report(
    algorithm: &str,
    seed: u64,
    problem: &Problem,
    found: Design,
    grid: &Grid,
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
    let mut report = SolveReport::new("alpha-fair/1", algorithm, status);
    report.seed = seed;
    report.iterations = found.iterations;
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
    let mut sensing = problem.sensing().state();
    let mut evaluator = isac_algos::alpha_fair::Evaluator::new(problem);
    evaluator.evaluate(found.beams.as_ref());
    sensing.clone_from(evaluator.sensing());
    let combine = &problem.sensing().model().combine;
    let stds: Vec<[f64; 2]> = (0..found.crlb.len())
        .map(|t| sensing.physical_std(t, combine, grid))
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
        report.certificate = Some(SolveCertificate {
            kind: "lower_bound".into(),
            bound: bound.value,
            relative_gap: Some(bound.gap(problem, &found.crlb)),
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
