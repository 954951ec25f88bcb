//! Fig. 3: convergence of the paper's conjugate gradient for several penalties, with the default
//! algorithm and its certificate beside it.

use isac_algos::alpha_fair::{Design, Method, Start, design, penalty};
use isac_models::rng::{Stream, stream};
use isac_opt::StopReason;
use serde_json::json;

use super::{
    DROPS, PAPER, PRESETS, QUICK_DROPS, asked, assumption, crlb_axis, scenario, size_note,
};
use crate::alpha_fair::scenario::Scenario;
use isac_lab::error::{Error, Source};
use isac_lab::published::Numbers;
use isac_lab::stats;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Records, Report, Request, Task};
use isac_plot::figure::{Axis, Figure, Panel, Style};

pub(super) const ARTEFACT: Artefact = Artefact {
    paper: PAPER,
    name: "fig3",
    title: "Sum CRLB and rates over the iterations for five penalties",
    presets: PRESETS,
    plan,
};

const PENALTIES: [f64; 5] = [0.01, 0.1, 1.0, 10.0, 100.0];
const ITERATIONS: [usize; 14] = [1, 2, 5, 10, 20, 30, 40, 50, 75, 100, 150, 200, 250, 300];
const LAST: f64 = 300.0;

const SUM: usize = 0;
const MIN_RATE: usize = 1;
const MEAN_RATE: usize = 2;
const VIOLATION: usize = 3;
const GAP: usize = 4;

fn curve(rho: f64) -> String {
    format!("{}_rho_{rho}", Method::Paper.name())
}

fn plan(request: &Request) -> Result<Plan, Error> {
    let scenario = scenario(request, ARTEFACT.name)?;
    let drops = request.realizations(DROPS, QUICK_DROPS)?;
    let seed = request.seed;
    let cost = request.pick(1.0, 0.05);
    let mut tasks = Vec::new();
    for &drop in &drops {
        for rho in PENALTIES {
            let scenario = scenario.clone();
            tasks.push(Task::records(
                format!("d{drop:02}/rho{rho}"),
                curve(rho),
                0.4 * cost,
                move || {
                    let drawn = scenario.drop(seed, drop)?;
                    let options = penalty::Options {
                        penalties: vec![rho],
                        ..penalty::Options::default()
                    };
                    let found = penalty::solve(&drawn.problem, drawn.start.as_ref(), &options)?;
                    Ok(convergence(&found, rho, drop, scenario.bandwidth_mhz))
                },
            ));
        }
        let scenario = scenario.clone();
        tasks.push(Task::records(
            format!("d{drop:02}/augmented"),
            "augmented Lagrangian",
            1.5 * cost,
            move || augmented(&scenario, seed, drop),
        ));
    }
    let axis = crlb_axis("Sum CRLB", &scenario)?;
    let text = include_str!("../published.csv");
    let published = Numbers::parse("alpha_fair/published.csv", text)?.of("fig3");
    let described = json!({"scenario": scenario, "penalties": PENALTIES, "drops": drops});
    Ok(Plan {
        x: Metric::new("iteration", "Iteration", ""),
        metrics: vec![
            Metric::new("sum_crlb", "Sum CRLB", ""),
            Metric::new("min_rate", "Rate of the worst user", "Mbit/s"),
            Metric::new("mean_rate", "Mean rate", "Mbit/s"),
            Metric::new("violation", "Largest rate shortfall", "bit/s/Hz"),
            Metric::new("certified_gap", "Certified gap", ""),
        ],
        tasks,
        notes: vec![assumption(&scenario)],
        scenario: described,
        finish: Box::new(move |records| Ok(finish(records, &published, &axis, &scenario))),
    })
}

/// The iterates at the listed iterations; a run that stopped early keeps its last value.
fn convergence(found: &Design, rho: f64, drop: usize, bandwidth_mhz: f64) -> Vec<Record> {
    let sampled = ITERATIONS.iter().filter_map(|&iteration| {
        let last = found.progress.len().checked_sub(1)?;
        let at = found.progress[(iteration - 1).min(last)];
        let metrics = vec![
            at.sum_crlb,
            bandwidth_mhz * at.min_rate,
            bandwidth_mhz * at.mean_rate,
            at.violation,
            f64::NAN,
        ];
        let x = iteration as f64;
        Some(crate::record(curve(rho), x, drop, found.stopped, metrics))
    });
    sampled.collect()
}

/// The default algorithm after 6 rounds of 50 iterations and at its end, the latter with its bound.
fn augmented(scenario: &Scenario, seed: u64, drop: usize) -> Result<Vec<Record>, Source> {
    let drawn = scenario.drop(seed, drop)?;
    let mut short = design::Options {
        bound: None,
        ..design::Options::default()
    };
    short.descent.max_rounds = 6;
    short.descent.restoration_iterations = 0;
    // Against the paper's method from its start, at the end from our own.
    let own = Start::Apart.draw(
        &drawn.problem,
        &mut stream(seed, Stream::Start, drop as u64),
    )?;
    let runs = [
        ("augmented_300", &drawn.start, short),
        ("augmented_end", &own, design::Options::default()),
    ];
    let mut records = Vec::new();
    for (name, start, options) in runs {
        let found = design::solve(&drawn.problem, start.as_ref(), &options)?;
        let gap = found
            .bound
            .as_ref()
            .map(|b| b.gap(&drawn.problem, &found.crlb));
        let least = found.rates.iter().copied().fold(f64::INFINITY, f64::min);
        let mean = found.rates.iter().sum::<f64>() / found.rates.len() as f64;
        let metrics = vec![
            found.sum_crlb(),
            scenario.bandwidth_mhz * least,
            scenario.bandwidth_mhz * mean,
            found.violation,
            gap.unwrap_or(f64::NAN),
        ];
        let stopped: StopReason = found.stopped;
        records.push(crate::record(name, LAST, drop, stopped, metrics));
    }
    Ok(records)
}

/// CRLBs and rates over the iterations, and where the augmented Lagrangian ends.
fn panels(records: &Records, axis: &Axis) -> Vec<Panel> {
    let iteration = || Axis::log("Iteration");
    let mut crlb = Panel::new("", iteration(), axis.clone());
    let mut rate = Panel::new(
        "",
        iteration(),
        Axis::new("Rate of the worst user (Mbit/s)"),
    );
    for (index, rho) in PENALTIES.into_iter().enumerate() {
        let label = format!("Conjugate gradient, rho = {rho}");
        let style = Style::curve(index);
        isac_lab::curves::mean_curve(&mut crlb, label.clone(), records, &curve(rho), SUM, style);
        isac_lab::curves::mean_curve(&mut rate, label, records, &curve(rho), MIN_RATE, style);
    }
    let label = "Augmented Lagrangian, at its end";
    let end = records.summary("augmented_end", LAST, SUM).mean;
    crlb.horizontal(label, end, Style::curve(5).dashed());
    let end = records.summary("augmented_end", LAST, MIN_RATE).mean;
    rate.horizontal(label, end, Style::curve(5).dashed());
    vec![crlb, rate]
}

/// What the paper says of the penalties.
fn claims(records: &Records) -> Vec<Claim> {
    let settling = |rho: f64, metric: usize| {
        super::ratios(records, (&curve(rho), 50.0), (&curve(rho), LAST), metric)
    };
    let settled = |rho: f64, metric: usize| stats::median(&settling(rho, metric));
    let settle: Vec<f64> = PENALTIES.into_iter().map(|rho| settled(rho, SUM)).collect();
    let settle_rate: Vec<f64> = PENALTIES
        .into_iter()
        .map(|rho| settled(rho, MEAN_RATE))
        .collect();
    let rates: Vec<f64> = PENALTIES
        .into_iter()
        .map(|rho| records.summary(&curve(rho), LAST, MIN_RATE).mean)
        .collect();
    let settle_text = list(&settle, 3);
    vec![
        Claim::new(
            "Sum CRLB within 10 % of its end after 50 iterations, rho <= 1",
            Ruling::together(PENALTIES[..3].iter().map(|&rho| {
                let ratios = settling(rho, SUM);
                (
                    format!("rho {rho}"),
                    Ruling::mean(&ratios, Side::AtMost(1.10)),
                )
            })),
            format!("median ratio of iteration 50 to 300 over rho: {settle_text}"),
        ),
        Claim::new(
            "A larger penalty drives the rates to the requirement",
            Ruling::together(PENALTIES.windows(2).map(|rho| {
                let (more, less) = (curve(rho[1]), curve(rho[0]));
                let ratios = super::ratios(records, (&more, LAST), (&less, LAST), MIN_RATE);
                let name = format!("{} to {}", rho[0], rho[1]);
                (name, Ruling::mean(&ratios, Side::AtLeast(0.999)))
            })),
            format!(
                "worst user's mean rate at the end over rho: {} Mbit/s",
                list(&rates, 1)
            ),
        ),
        Claim::new(
            "All tested penalties stabilise within about 50 iterations",
            Ruling::together(PENALTIES.iter().flat_map(|&rho| {
                [
                    ("CRLB", SUM, Side::AtMost(1.10)),
                    ("mean rate", MEAN_RATE, Side::Between(0.90, 1.10)),
                ]
                .map(|(what, metric, side)| {
                    let ruling = Ruling::mean(&settling(rho, metric), side);
                    (format!("{what}, rho {rho}"), ruling)
                })
            })),
            format!(
                "median ratio of iteration 50 to 300 over rho: mean rate {}; CRLB {settle_text}; the paper's scale of rho is unknown",
                list(&settle_rate, 3)
            ),
        ),
    ]
}

/// What we add: the augmented Lagrangian beside it.
fn own_claims(records: &Records) -> Vec<Claim> {
    let ours: Vec<f64> = super::ratios(records, ("augmented_300", LAST), (&curve(10.0), LAST), SUM);
    let gaps = records.values("augmented_end", LAST, GAP);
    let violations = records.values("augmented_end", LAST, VIOLATION);
    let worst = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    vec![
        Claim::new(
            "Ours: augmented Lagrangian at least 6 % below conjugate gradient (rho = 10) at 300 iterations each",
            Ruling::mean(&ours, Side::AtMost(0.94)),
            format!(
                "median ratio of the sum CRLBs {:.3}, worst {:.3}",
                stats::median(&ours),
                worst(&ours)
            ),
        ),
        Claim::new(
            "Ours: rates met to 1e-5 bit/s/Hz at the end",
            Ruling::every(
                violations.iter().filter(|v| **v <= 1e-5).count(),
                violations.len(),
            ),
            format!("largest violation {:.1e} bit/s/Hz", worst(&violations)),
        ),
        Claim::new(
            "Ours: certified within 15 % of the global optimum in the mean, 20 % on every drop",
            super::certified_within(&gaps),
            format!(
                "certified gap: median {:.1} %, best {:.1} %, worst {:.1} %",
                100.0 * stats::median(&gaps),
                100.0 * gaps.iter().copied().fold(f64::INFINITY, f64::min),
                100.0 * worst(&gaps)
            ),
        ),
    ]
}

fn finish(records: &Records, published: &Numbers, axis: &Axis, scenario: &Scenario) -> Report {
    let mut claims = claims(records);
    claims.extend(own_claims(records));
    let title = format!("Convergence, {}", asked(scenario));
    Report {
        figure: Figure::new(title, panels(records, axis))
            .footnote(size_note(scenario))
            .footnote(assumption(scenario)),
        table: published.table(|row| settled_at(records, &row.curve)),
        claims,
        grade: Grade::Trend,
        ..Report::default()
    }
}

/// The last iteration at which the sum CRLB is more than 10 % away from its end, drop by drop.
fn settled_at(records: &Records, curve: &str) -> Vec<f64> {
    let xs = records.xs(curve);
    let ends = records.at(curve, LAST).filter(|row| !row.failed);
    let last = |row: &Record| {
        let away = xs.iter().rev().find(|&&x| {
            let here = records.value(curve, x, row.realization, SUM);
            here.is_none_or(|value| (value / row.metrics[SUM] - 1.0).abs() > 0.10)
        });
        away.copied().unwrap_or(0.0)
    };
    ends.map(last).collect()
}

fn list(values: &[f64], digits: usize) -> String {
    let texts: Vec<String> = values.iter().map(|v| format!("{v:.digits$}")).collect();
    texts.join(", ")
}
