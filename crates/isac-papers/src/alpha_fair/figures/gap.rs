//! Ours: what the certified gap consists of. The design is repeated with one disturbance less at a time
//! and compared with the bound of the full problem.

use isac_algos::alpha_fair::{Problem, bound, design};
use isac_metrics::delay_doppler::{Disturbance, SensingOptions};
use isac_metrics::fairness::Form;
use isac_metrics::ofdm_rate::{Interference, OfdmRate};
use isac_opt::StopReason;
use serde_json::json;

use super::{DROPS, PAPER, PRESETS, QUICK_DROPS, asked, assumption, scenario, size_note};
use crate::alpha_fair::scenario::Scenario;
use isac_lab::error::{Error, Source};
use isac_lab::stats;
use isac_lab::verdict::{Claim, Ruling};
use isac_lab::{Artefact, Grade, Metric, Plan, Records, Report, Request, Task};
use isac_plot::figure::{Axis, Figure, Panel, Style};

pub(super) const ARTEFACT: Artefact = Artefact {
    paper: PAPER,
    name: "table1",
    title: "Ours: what the certified gap consists of",
    presets: PRESETS,
    plan,
};

/// Variants: name, label, what disturbs the echoes, who disturbs the users.
const VARIANTS: [(&str, &str, Disturbance, Interference); 5] = [
    ("full", "The problem", Disturbance::All, Interference::All),
    (
        "resolvable",
        "without other targets' echoes",
        Disturbance::CommEchoes,
        Interference::All,
    ),
    (
        "quiet",
        "without any echoes",
        Disturbance::NoiseOnly,
        Interference::All,
    ),
    (
        "apart",
        "and sensing does not reach the users",
        Disturbance::NoiseOnly,
        Interference::UsersOnly,
    ),
    (
        "alone",
        "and users do not reach each other",
        Disturbance::NoiseOnly,
        Interference::None,
    ),
];

const GAP: usize = 0;

fn plan(request: &Request) -> Result<Plan, Error> {
    let scenario = scenario(request, ARTEFACT.name)?;
    let drops = request.realizations(DROPS, QUICK_DROPS)?;
    let seed = request.seed;
    let tasks = drops
        .iter()
        .map(|&drop| {
            let scenario = scenario.clone();
            let seconds = request.pick(4.0, 0.2);
            Task::records(format!("d{drop:02}"), "variants", seconds, move || {
                let drawn = scenario.drop(seed, drop)?;
                let problem = &drawn.problem;
                let bound = bound::search(problem, &bound::Options::default())?;
                let options = design::Options {
                    bound: None,
                    ..design::Options::default()
                };
                let mut records = Vec::new();
                for (name, _, disturbance, interference) in VARIANTS {
                    let variant = variant(problem, disturbance, interference)?;
                    let found = design::solve(&variant, drawn.start.as_ref(), &options)?;
                    let norm = problem.fairness().with_form(Form::Norm).cost(&found.crlb);
                    let gap = bound.as_ref().map_or(f64::NAN, |b| norm / b.norm - 1.0);
                    let metrics = vec![gap, found.violation];
                    let stopped: StopReason = found.stopped;
                    records.push(crate::record(name, drop as f64, drop, stopped, metrics));
                }
                Ok(records)
            })
        })
        .collect();
    let described = json!({"scenario": scenario, "drops": drops});
    Ok(Plan {
        x: Metric::new("drop", "Drop", ""),
        metrics: vec![
            Metric::new("above_bound", "Above the bound of the problem", ""),
            Metric::new("violation", "Largest rate shortfall", "bit/s/Hz"),
        ],
        tasks,
        notes: vec![assumption(&scenario)],
        scenario: described,
        finish: Box::new(move |records| Ok(finish(records, &scenario))),
    })
}

/// The problem with less disturbance, its cost measured in the same units.
fn variant(
    problem: &Problem,
    disturbance: Disturbance,
    interference: Interference,
) -> Result<Problem, Source> {
    let rate = problem.rate();
    let options = SensingOptions {
        disturbance,
        ..problem.sensing().options()
    };
    Ok(Problem::new(
        problem.steering().to_owned(),
        problem.sensing().with_options(options)?,
        OfdmRate::new(
            rate.streams(),
            rate.channels().to_owned(),
            rate.noise_w().to_vec(),
            interference,
        )?,
        problem.fairness(),
        problem.min_rates().to_vec(),
        problem.power_w(),
    )?)
}

fn finish(records: &Records, scenario: &Scenario) -> Report {
    let percent = |values: &[f64], q: f64| format!("{:.1}", 100.0 * stats::quantile(values, q));
    let gaps = |name: &str| -> Vec<f64> {
        let rows = records.rows.iter().filter(|row| row.algorithm == name);
        rows.map(|row| row.metrics[GAP]).collect()
    };
    let mut panel = Panel::new(
        "",
        Axis::new("Drop"),
        Axis::new("Cost above the bound of the problem (%)"),
    );
    let mut rows = Vec::new();
    for (index, (name, label, _, _)) in VARIANTS.into_iter().enumerate() {
        let curve = records.curve(name, GAP);
        let points = curve.iter().map(|(x, s)| [*x, 100.0 * s.mean]).collect();
        panel.line(label, points, Style::curve(index));
        let values = gaps(name);
        rows.push(vec![
            label.to_string(),
            percent(&values, 0.5),
            percent(&values, 0.0),
            percent(&values, 1.0),
        ]);
    }
    let heads = ["Cost above the bound (%)", "median", "best", "worst"];
    let medians = VARIANTS.map(|(name, _, _, _)| stats::median(&gaps(name)));
    let full = gaps("full");
    let worst = stats::quantile(&full, 1.0);
    // Costs multiply: what a step down the list takes away.
    let steps: Vec<f64> = medians
        .windows(2)
        .map(|w| (1.0 + w[0]) / (1.0 + w[1]) - 1.0)
        .collect();
    let drops = records.xs("full");
    let leads = |drop: f64| {
        let gap = |name: &str| 1.0 + records.summary(name, drop, GAP).mean;
        let gaps = VARIANTS.map(|(name, _, _, _)| gap(name));
        let steps: Vec<f64> = gaps.windows(2).map(|w| w[0] / w[1]).collect();
        steps[1..].iter().all(|step| steps[0] >= *step)
    };
    let echoes = drops.iter().filter(|drop| leads(**drop)).count();
    let texts: Vec<String> = steps
        .iter()
        .map(|s| format!("{:.1} %", 100.0 * s))
        .collect();
    let claims = vec![
        Claim::new(
            "Ours: certified within 15 % in the mean, 20 % on every drop",
            super::certified_within(&full),
            format!(
                "median {:.1} %, worst {:.1} % over {} drops of one target set",
                100.0 * medians[0],
                100.0 * worst,
                full.len()
            ),
        ),
        Claim::new(
            "Ours: the largest part of the gap is the echoes of other targets, which the bound leaves out",
            Ruling::every(echoes, drops.len()),
            format!(
                "what goes with other targets' echoes, users' echoes, sensing at the users, users at each other: {}",
                texts.join(", ")
            ),
        ),
    ];
    Report {
        figure: Figure::new(
            format!("What the certified gap consists of, {}", asked(scenario)),
            vec![panel, Panel::table("", heads, rows)],
        )
        .footnote(size_note(scenario))
        .footnote("Each line leaves out one disturbance more than the one above. Below zero: less than the bound of the full problem, which counts part of the users' interference.")
        .footnote(assumption(scenario)),
        claims,
        grade: Grade::Unpublished,
        ..Report::default()
    }
}
