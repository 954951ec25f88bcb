//! Ours: where the power goes across the subcarriers, and the delay ambiguity function it buys.

use isac_algos::alpha_fair::{Evaluator, Method, Problem};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::delay_doppler::{Gain, SensingOptions};
use serde_json::json;
use std::f64::consts::TAU;

use super::{DROPS, PAPER, PRESETS, asked, assumption, design_by, scenario, size_note};
use crate::alpha_fair::scenario::Scenario;
use isac_lab::error::{Error, Source};
use isac_lab::verdict::{Claim, Ruling};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Records, Report, Request, Task, TaskOutput};
use isac_plot::figure::{Axis, Figure, Panel, Style};

pub(super) const ARTEFACT: Artefact = Artefact {
    paper: PAPER,
    name: "fig7",
    title: "Ours: power across subcarriers and the delay ambiguity function it buys",
    presets: PRESETS,
    plan,
};

/// Points of the ambiguity function per 1/N of delay.
const OVERSAMPLING: usize = 8;

/// Curves: name, label, scheme and gain model.
const CURVES: [(&str, &str, Method, Gain); 3] = [
    (
        "known",
        "Known gain (paper)",
        Method::Augmented,
        Gain::Known,
    ),
    ("unknown", "Unknown gain", Method::Augmented, Gain::Unknown),
    (
        "flat",
        "Flat power, unknown gain",
        Method::Flat,
        Gain::Unknown,
    ),
];

fn plan(request: &Request) -> Result<Plan, Error> {
    let scenario = scenario(request, ARTEFACT.name)?;
    let drop = request.realizations(DROPS, 1)?[0];
    let seed = request.seed;
    let tasks = CURVES
        .into_iter()
        .map(|(name, label, scheme, gain)| {
            let mut scenario = scenario.clone();
            scenario.sensing = SensingOptions {
                gain,
                ..scenario.sensing
            };
            Task::with_data(name, label, request.pick(1.5, 0.1), move || {
                let drawn = scenario.drop(seed, drop)?;
                let found = design_by(scheme, &drawn.problem, drawn.start.as_ref())?;
                let (records, ambiguity) = spectra(name, drop, &drawn.problem, &found.beams)?;
                Ok(TaskOutput {
                    records,
                    data: json!(ambiguity),
                })
            })
        })
        .collect();
    let described = json!({"scenario": scenario, "drop": drop});
    Ok(Plan {
        x: Metric::new("subcarrier", "Subcarrier", ""),
        metrics: vec![
            Metric::new("sensing_power", "Sensing power", "W"),
            Metric::new("user_power", "Users' power", "W"),
        ],
        tasks,
        notes: vec![assumption(&scenario)],
        scenario: described,
        finish: Box::new(move |records| Ok(finish(records, &scenario))),
    })
}

/// Power per subcarrier, and the normalised delay ambiguity function of the power on the target that
/// is lit most.
fn spectra(
    name: &str,
    drop: usize,
    problem: &Problem,
    beams: &Mat<c64>,
) -> Result<(Vec<Record>, Vec<[f64; 2]>), Source> {
    let streams = problem.streams();
    let n = streams.subcarriers;
    let power = |column: usize| ops::norm2(beams.as_ref().subcols(column, 1));
    let records = (0..n)
        .map(|i| {
            let users = (0..streams.users).map(|k| power(streams.user_column(i, k)));
            let metrics = vec![power(streams.column(i, 0)), users.sum()];
            Record::exact(name, i as f64, drop, metrics)
        })
        .collect();
    let mut evaluator = Evaluator::new(problem);
    evaluator.evaluate(beams.as_ref());
    let lit = &evaluator.illumination().sensing;
    let most = lit
        .chunks(n)
        .max_by(|a, b| a.iter().sum::<f64>().total_cmp(&b.iter().sum()))
        .ok_or("no target")?;
    let total: f64 = most.iter().sum();
    let points = n * OVERSAMPLING;
    let ambiguity = (0..points)
        .map(|p| {
            let delay = p as f64 / points as f64 - 0.5;
            let spectrum = most.iter().enumerate();
            let sum: c64 = spectrum
                .map(|(i, g)| c64::cis(TAU * i as f64 * delay) * *g)
                .sum();
            [delay * n as f64, (sum.norm() / total).max(1e-6)]
        })
        .collect();
    Ok((records, ambiguity))
}

fn finish(records: &Records, scenario: &Scenario) -> Report {
    let mut sensing = Panel::new("Sensing", Axis::new("Subcarrier"), Axis::log("Power (W)"));
    let mut users = Panel::new("Users", Axis::new("Subcarrier"), Axis::log("Power (W)"));
    let mut ambiguity = Panel::new(
        "Target lit most",
        Axis::new("Delay (resolution cells 1/B)"),
        Axis::new("Ambiguity function, modulus"),
    );
    for (index, (name, label, _, _)) in CURVES.into_iter().enumerate() {
        let style = Style::curve(index);
        // Below a microwatt a subcarrier counts as empty.
        let points = |metric: usize| -> Vec<[f64; 2]> {
            let curve = records.curve(name, metric);
            curve.iter().map(|(x, s)| [*x, s.mean.max(1e-6)]).collect()
        };
        sensing.line(label, points(0), style);
        users.line(label, points(1), style);
        let data = records.data.get(name).cloned().unwrap_or_default();
        let curve: Vec<[f64; 2]> = serde_json::from_value(data).unwrap_or_default();
        ambiguity.line(label, curve, style.no_marker());
    }
    let crowding = |name: &str| {
        let mut powers: Vec<f64> = records.curve(name, 0).iter().map(|(_, s)| s.mean).collect();
        let total: f64 = powers.iter().sum();
        powers.sort_by(|a, b| b.total_cmp(a));
        let quarter = powers.len().div_ceil(4);
        powers[..quarter].iter().sum::<f64>() / total
    };
    let sidelobe = |name: &str| {
        let data = records.data.get(name).cloned().unwrap_or_default();
        let curve: Vec<[f64; 2]> = serde_json::from_value(data).unwrap_or_default();
        curve
            .iter()
            .filter(|[x, _]| x.abs() > 0.75)
            .map(|[_, y]| *y)
            .fold(0.0, f64::max)
    };
    let claims = vec![
        Claim::new(
            "Ours: the CRLB optimum crowds the band edges under both gain models",
            Ruling::every(
                usize::from(crowding("known") > 0.99 && crowding("unknown") > 0.99),
                1,
            ),
            format!(
                "share of the sensing power on a quarter of the subcarriers: known {:.4}, unknown {:.4}",
                crowding("known"),
                crowding("unknown")
            ),
        ),
        Claim::new(
            "Ours: it pays in ambiguity",
            Ruling::every(usize::from(sidelobe("unknown") > sidelobe("flat")), 1),
            format!(
                "largest side lobe: known {:.2}, unknown {:.2}, flat {:.2}",
                sidelobe("known"),
                sidelobe("unknown"),
                sidelobe("flat")
            ),
        ),
    ];
    Report {
        figure: Figure::new(
            format!("Where the power goes, {}", asked(scenario)),
            vec![sensing, users, ambiguity],
        )
        .footnote(size_note(scenario))
        .footnote("One drop. Known gain rewards large subcarrier indices, unknown gain both edges; either trades local accuracy for range ambiguity.")
        .footnote(assumption(scenario)),
        claims,
        grade: Grade::Unpublished,
        ..Report::default()
    }
}
