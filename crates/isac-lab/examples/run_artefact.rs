//! A figure of one's own: the mean of squared uniform numbers, run, drawn and written.

use isac_lab::{Artefact, Metric, Plan, Record, Report, Request, Settings, Size, Task};
use isac_models::rng::{Stream, stream};
use isac_plot::figure::{Axis, Figure, Panel, Style};
use rand::RngExt;

fn plan(request: &Request) -> Result<Plan, isac_lab::Error> {
    let seed = request.seed;
    let task = |r: usize| {
        Task::records(format!("r{r:03}"), "Uniform", 1e-4, move || {
            let mut rng = stream(seed, Stream::Channel, r as u64);
            let row =
                |n: i32| Record::exact("power", f64::from(n), r, vec![rng.random::<f64>().powi(n)]);
            Ok((1..=8).map(row).collect())
        })
    };
    Ok(Plan {
        x: Metric::new("n", "Exponent", ""),
        metrics: vec![Metric::new("moment", "Moment", "")],
        tasks: request
            .realizations(1000, 100)?
            .into_iter()
            .map(task)
            .collect(),
        notes: vec![],
        scenario: serde_json::json!({"distribution": "uniform on 0..1"}),
        finish: Box::new(|records| {
            let mut panel = Panel::new("", Axis::new("Exponent n"), Axis::log("E[u^{n}]"));
            isac_lab::curves::mean_curve(
                &mut panel,
                "measured",
                records,
                "power",
                0,
                Style::curve(0),
            );
            let exact = (1..=8)
                .map(|n| [f64::from(n), 1.0 / f64::from(n + 1)])
                .collect();
            panel.line("1 / (n + 1)", exact, Style::curve(1).dashed().no_marker());
            let figure = Figure::new("Moments of the uniform distribution", vec![panel]);
            Ok(Report {
                figure,
                ..Report::default()
            })
        }),
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let artefact = Artefact {
        paper: "example",
        name: "fig1",
        title: "Moments",
        presets: &["default"],
        plan,
    };
    let settings = Settings {
        out: std::env::temp_dir().join("isac-example"),
        ..Settings::default()
    };
    let done = isac_lab::run(&artefact, &Request::new("default", Size::Full), &settings)?;
    assert!(done.good() && done.folder.join("figure.png").is_file());
    assert!((done.records.summary("power", 1.0, 0).mean - 0.5).abs() < 0.05);
    Ok(())
}
