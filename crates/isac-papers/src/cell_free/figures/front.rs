//! The front of common SINR and sensing SNR with its proof (ours): what is reached and what no beams reach
//! at every share of the largest common SINR.

use isac_algos::cell_free::front::{self, Front, Options};
use isac_lab::error::{Error, Source};
use isac_lab::{Artefact, Metric, Plan, Record, Records, Report, Request, Task, curves};
use isac_opt::StopReason;
use isac_plot::figure::{Axis, Figure, Panel, Style};

use crate::cell_free::released;
use crate::cell_free::scenario::{Scenario, of_figure};

const REACHED: &str = "reached";
const BOUND: &str = "upper_bound";
/// Steps of the axis.
const STEPS: u32 = 20;

pub(super) fn artefact() -> Artefact {
    Artefact {
        paper: "cell_free",
        name: "front",
        title: "Sensing SNR against the common SINR, the whole front proved (ours)",
        presets: &["released"],
        plan,
    }
}

fn plan(request: &Request) -> Result<Plan, Error> {
    if request.reference.is_some() {
        return Err(Error::Usage(
            "--reference: nothing is published of cell_free/front, expected no folder".into(),
        ));
    }
    let setting = of_figure("front")?;
    let seed = request.seed;
    let mut tasks = Vec::new();
    for i in request.realizations(200, 4)? {
        let setting = setting.clone();
        let run = move || records(&setting, seed, i);
        tasks.push(Task::records(format!("r{i:04}"), REACHED, 0.4, run));
    }
    Ok(Plan {
        x: Metric::new("share_of_sinr", "Common SINR, share of the largest", ""),
        metrics: vec![
            Metric::new("sensing_snr", "Sensing SNR", ""),
            Metric::new("common_sinr", "Common SINR", ""),
            Metric::new("resolution", "Largest step", ""),
            Metric::new("designs", "Joint designs", ""),
        ],
        tasks,
        notes: vec![format!(
            "two stairs: the upper bound holds for all beams, and every step is narrower or lower than {} of the ends",
            Options::default().tolerance
        )],
        scenario: serde_json::json!(setting),
        finish: Box::new(|records| Ok(report(records))),
    })
}

/// Both stairs of a draw.
fn records(setting: &Scenario, seed: u64, i: usize) -> Result<Vec<Record>, Source> {
    let network = setting.network_of_draw(seed, i, released::DRAWS)?;
    let options = Options::default();
    let Some(front) = front::solve(&network, &options)? else {
        let why = "the largest common SINR or a joint design was not found";
        let failed = |name| Record::failed(name, 0.0, i, why);
        return Ok(vec![failed(REACHED), failed(BOUND)]);
    };
    let stopped = if front.resolution <= options.tolerance {
        StopReason::Tolerance
    } else {
        StopReason::IterationLimit
    };
    Ok(stairs(&front, i, stopped))
}

fn stairs(front: &Front, i: usize, stopped: StopReason) -> Vec<Record> {
    let largest = front.corners.iter().map(|c| c.sinr).fold(0.0, f64::max);
    let mut out = Vec::new();
    for step in 0..=STEPS {
        let x = f64::from(step) / f64::from(STEPS);
        // Just beside the places where steps are halved, so that no rounding chooses the step.
        let sinr = x * largest * (1.0 - 1e-6);
        let Some(ends) = front.at(sinr) else {
            continue;
        };
        for (name, value) in [REACHED, BOUND].into_iter().zip(ends) {
            let metrics = vec![value, sinr, front.resolution, front.designs as f64];
            out.push(crate::record(name, x, i, stopped, metrics));
        }
    }
    out
}

fn report(records: &Records) -> Report {
    let x = Axis::new("Common SINR, share of the largest");
    let mut panel = Panel::new("", x, Axis::new("Sensing SNR"));
    for (j, (name, label)) in [(REACHED, "Reached"), (BOUND, "Bound on all beams")]
        .into_iter()
        .enumerate()
    {
        curves::mean_curve(&mut panel, label, records, name, 0, Style::curve(j));
    }
    Report {
        figure: Figure::new("Cell-free ISAC: the proved front", vec![panel]),
        ..Report::default()
    }
}
