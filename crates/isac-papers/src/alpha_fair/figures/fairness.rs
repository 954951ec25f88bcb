//! Fig. 4: what the fairness parameter does to the targets.

use isac_algos::alpha_fair::Method;
use isac_metrics::fairness::Fairness;
use serde_json::json;

use super::{
    DROPS, MAX, MIN, PAPER, PRESETS, QUICK_DROPS, SUM, assumption, crlb_axis, design_by,
    design_metrics, median_ratio, record, scenario, size_note,
};
use crate::alpha_fair::scenario::Scenario;
use isac_lab::error::Error;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Records, Report, Request, Task, TaskOutput};
use isac_plot::figure::{Axis, Figure, Panel, Style};

pub(super) const ARTEFACT: Artefact = Artefact {
    paper: PAPER,
    name: "fig4",
    title: "Per-target CRLBs, their sum and their maximum over alpha",
    presets: PRESETS,
    plan,
};

const ALPHAS: [f64; 7] = [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];
/// Drawn per target.
const SHOWN: [f64; 3] = [0.0, 2.0, 16.0];
const CURVE: &str = "augmented";
/// alpha = inf stands on the axis at the order of its norm less one.
const INFINITY_AT: f64 = 63.0;

fn plan(request: &Request) -> Result<Plan, Error> {
    let scenario = scenario(request, ARTEFACT.name)?;
    let drops = request.realizations(DROPS, QUICK_DROPS)?;
    let seed = request.seed;
    let first = drops[0];
    let tasks = drops
        .iter()
        .map(|&drop| {
            let scenario = scenario.clone();
            let seconds = request.pick(9.0, 0.3);
            Task::with_data(format!("d{drop:02}"), CURVE, seconds, move || {
                let drawn = scenario.drop(seed, drop)?;
                let mut start = drawn.start;
                let mut records = Vec::new();
                let mut per_target = Vec::new();
                for alpha in ALPHAS.into_iter().chain([f64::INFINITY]) {
                    let old = drawn.problem.fairness();
                    let fairness = Fairness::new(alpha, old.form(), old.reference())?;
                    let problem = drawn.problem.clone().with_fairness(fairness);
                    let found = design_by(Method::Augmented, &problem, start.as_ref())?;
                    let (name, x) = if alpha.is_infinite() {
                        ("alpha_infinity", INFINITY_AT)
                    } else {
                        (CURVE, alpha)
                    };
                    records.push(record(name, x, drop, &found, scenario.bandwidth_mhz));
                    per_target.push(found.crlb.clone());
                    start = found.beams;
                }
                Ok(TaskOutput {
                    records,
                    data: json!(per_target),
                })
            })
        })
        .collect();
    let axis = crlb_axis("CRLB", &scenario)?;
    let described = json!({"scenario": scenario, "alphas": ALPHAS, "drops": drops});
    Ok(Plan {
        x: Metric::new("alpha", "alpha", ""),
        metrics: design_metrics(),
        tasks,
        notes: vec![assumption(&scenario)],
        scenario: described,
        finish: Box::new(move |records| Ok(finish(records, first, &axis, &scenario))),
    })
}

/// The CRLB of every target of one drop, for some alphas.
fn targets(records: &Records, first: usize, axis: &Axis) -> Panel {
    let mut targets = Panel::new(format!("Drop {first}"), Axis::new("Target"), axis.clone());
    if let Some(rows) = records
        .data
        .get(&format!("d{first:02}"))
        .and_then(|data| data.as_array())
    {
        for (index, alpha) in SHOWN.into_iter().enumerate() {
            let row = ALPHAS
                .iter()
                .position(|a| a.total_cmp(&alpha).is_eq())
                .and_then(|at| rows[at].as_array());
            let points = row.into_iter().flatten().enumerate();
            let points = points.filter_map(|(t, c)| Some([t as f64, c.as_f64()?]));
            let style = Style::curve(index);
            targets.line(format!("alpha = {alpha}"), points.collect(), style);
        }
    }
    targets
}

/// Sum and largest CRLB relative to alpha = 0, over the drops.
fn totals(records: &Records) -> Panel {
    let mut totals = Panel::new(
        "Over the drops",
        Axis::new("alpha"),
        Axis::new("Relative to alpha = 0"),
    );
    let mut shares = Records::default();
    for alpha in ALPHAS {
        for (name, metric) in [("sum", SUM), ("max", MAX)] {
            let ratios = super::ratios(records, (CURVE, alpha), (CURVE, 0.0), metric);
            let rows = ratios.into_iter().enumerate();
            let rows = rows.map(|(drop, ratio)| Record::exact(name, alpha, drop, vec![ratio]));
            shares.rows.extend(rows);
        }
    }
    isac_lab::curves::mean_curve(&mut totals, "Sum CRLB", &shares, "sum", 0, Style::curve(0));
    isac_lab::curves::mean_curve(
        &mut totals,
        "Largest CRLB",
        &shares,
        "max",
        0,
        Style::curve(1),
    );
    totals
}

fn claims(records: &Records) -> Vec<Claim> {
    let spread: Vec<f64> = ALPHAS
        .iter()
        .map(|&a| {
            let (high, low) = (records.values(CURVE, a, MAX), records.values(CURVE, a, MIN));
            let ratios: Vec<f64> = high.iter().zip(&low).map(|(h, l)| h / l).collect();
            isac_lab::stats::median(&ratios)
        })
        .collect();
    // Local minima of different quality blur steps by about 1 %.
    let last = ALPHAS.len() - 1;
    let steps = |name: &str, side: Side| {
        let (metric, ends) = match side {
            Side::AtLeast(_) => (SUM, Side::AtLeast(1.0)),
            Side::AtMost(_) | Side::Between(..) => (MAX, Side::AtMost(1.0)),
        };
        let over = |top: f64, bottom: f64, side| {
            let ratios = super::ratios(records, (CURVE, top), (CURVE, bottom), metric);
            (
                format!("{name}, {bottom} to {top}"),
                Ruling::mean(&ratios, side),
            )
        };
        let one_by_one = ALPHAS.windows(2).map(|w| over(w[1], w[0], side));
        Ruling::together(one_by_one.chain([over(ALPHAS[last], ALPHAS[0], ends)]))
    };
    let ratio = |a: f64, drop: usize| {
        Some(records.value(CURVE, a, drop, MAX)? / records.value(CURVE, a, drop, MIN)?)
    };
    let shrinks: Vec<f64> = records
        .at(CURVE, ALPHAS[0])
        .filter_map(|row| {
            Some(ratio(ALPHAS[0], row.realization)? - ratio(ALPHAS[last], row.realization)?)
        })
        .collect();
    let median = |metric| median_ratio(records, (CURVE, ALPHAS[last]), (CURVE, 0.0), metric);
    let limit = median_ratio(records, ("alpha_infinity", INFINITY_AT), (CURVE, 0.0), MAX);
    vec![
        Claim::new(
            "The sum CRLB rises moderately with alpha",
            steps("sum", Side::AtLeast(0.99)),
            format!("median factor at alpha = 16: {:.3}", median(SUM)),
        ),
        Claim::new(
            "The largest CRLB falls with alpha",
            steps("max", Side::AtMost(1.01)),
            format!(
                "median factor at alpha = 16: {:.3}; at alpha = inf (norm of order 64, true maximum): {limit:.3}",
                median(MAX)
            ),
        ),
        Claim::new(
            "The gap between largest and smallest CRLB shrinks",
            Ruling::mean(&shrinks, Side::AtLeast(0.0)),
            format!(
                "median max/min from {:.2} to {:.2}",
                spread[0], spread[last]
            ),
        ),
    ]
}

fn finish(records: &Records, first: usize, axis: &Axis, scenario: &Scenario) -> Report {
    let title = format!("Fairness, {} Mbit/s per user", scenario.min_rate_mbit_s);
    let panels = vec![targets(records, first, axis), totals(records)];
    Report {
        figure: Figure::new(title, panels)
            .footnote(size_note(scenario))
            .footnote(assumption(scenario)),
        claims: claims(records),
        grade: Grade::Trend,
        ..Report::default()
    }
}
