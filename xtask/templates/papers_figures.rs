//! Figures of `__paper__`.

use isac_algos::__paper__::matched_filter;
use isac_lab::error::Error;
use isac_lab::{Artefact, Metric, Plan, Records, Report, Request, Task};
use isac_opt::StopReason;
use isac_plot::figure::{Axis, Figure, Panel, Style};

use super::scenario::{Scenario, of_figure};

/// All artefacts in order.
pub(super) fn artefacts() -> Vec<Artefact> {
    vec![Artefact {
        paper: "__paper__",
        name: "fig1",
        title: "SNR against power",
        presets: &["paper"],
        plan: fig1,
    }]
}

/// Fig. 1.
fn fig1(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("fig1")?;
    let seed = request.seed;
    let task = |i: usize| {
        let setting = setting.clone();
        Task::records(format!("r{i:03}"), "matched filter", 1e-4, move || {
            let mut records = Vec::new();
            for power_w in [0.5, 1.0, 2.0, 4.0] {
                let scenario = Scenario {
                    power_w,
                    ..setting.clone()
                };
                let solution = matched_filter::solve(&scenario.problem(seed, i)?);
                let snr_db = 10.0 * solution.snr.log10();
                let stopped = StopReason::Tolerance;
                records.push(crate::record("matched filter", power_w, i, stopped, vec![snr_db]));
            }
            Ok(records)
        })
    };
    Ok(Plan {
        x: Metric::new("power_w", "Power", "W"),
        metrics: vec![Metric::new("snr_db", "SNR", "dB")],
        tasks: request.realizations(200, 20)?.into_iter().map(task).collect(),
        notes: Vec::new(),
        scenario: serde_json::json!(setting),
        finish: Box::new(|records: &Records| {
            let mut panel = Panel::new("", Axis::new("Power (W)"), Axis::new("SNR (dB)"));
            let name = "matched filter";
            isac_lab::curves::mean_curve(&mut panel, name, records, name, 0, Style::curve(0));
            Ok(Report {
                figure: Figure::new("SNR of the matched filter", vec![panel]),
                ..Report::default()
            })
        }),
    })
}
