//! Robust NOMA against robust OMA: the comparison that the paper's title and introduction promise and its figures
//! do not show.

use isac_algos::noma::baselines::{self, Baseline};
use isac_algos::noma::robust;
use isac_opt::StopReason;

use super::{Scenario, compared, linear, of_figure, per_realization, plan, words};
use isac_lab::error::{Error, Source};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Grade, Metric, Plan, Record, Records, Report, Request};
use isac_plot::figure::{Axis, Figure, Legend, Panel, Style};

const TARGETS_DB: [f64; 4] = [10.0, 15.0, 20.0, 25.0];

/// What "NOMA below OMA" can mean.
const ORDERS: [(&str, &str); 4] = [
    ("own", "rate-avg"),
    ("own", "rate-sum"),
    ("own", "slot-sens-sum"),
    ("own", "sinr-sum"),
];

fn records(setting: &Scenario, seed: u64, i: usize) -> Result<Vec<Record>, Source> {
    let options = robust::Options::default();
    let scene = setting.scene(seed, i)?;
    let ball = setting.ball();
    let mut rows = Vec::new();
    for target in TARGETS_DB {
        let gamma = linear(target);
        let mut row = |curve: &str, power: Option<f64>| {
            rows.push(match power {
                Some(p) => crate::record(curve, target, i, StopReason::Tolerance, vec![p]),
                None => Record::failed(curve, target, i, "no verified answer"),
            });
        };
        let own = robust::solve(&scene, &vec![gamma; setting.users], ball, &options)?.solved();
        row("own", own.map(|design| design.power()));
        for baseline in Baseline::ALL {
            let power =
                baselines::robust_power_min(&scene, baseline, gamma, ball.radius, &options)?;
            row(baseline.name(), power);
        }
    }
    Ok(rows)
}

/// The artefact.
pub(super) fn artefact(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("robust_oma")?;
    let own = setting.clone();
    let run = move |seed, i| records(&own, seed, i);
    let tasks = per_realization(request, (100, 3), "robust designs", 1.5, run)?;
    let described = serde_json::json!(setting);
    let finish = move |records: &Records| {
        let x = || Axis::new("SINR target (dB)");
        let mut curves = vec!["own"];
        curves.extend(Baseline::ALL.iter().map(|b| b.name()));
        let draw = |title: &str, y: Axis, shown: &dyn Fn(&str) -> bool| {
            let mut panel = Panel::new(title, x(), y);
            for (j, curve) in curves.iter().enumerate().filter(|(_, curve)| shown(curve)) {
                let style = Style::curve(j);
                isac_lab::curves::mean_curve(&mut panel, words(curve), records, curve, 0, style);
            }
            panel.legend = Legend::Below;
            panel
        };
        let wide = draw("", Axis::log("Total power (W)"), &|_| true);
        let range = Axis::new("Total power (W)").range(4.4, 7.0);
        let close = draw("The lowest of them", range, &|curve| {
            !curve.starts_with("rate") && curve != "slot-sens-sum"
        });
        let cheaper = compared(&ORDERS, "below", |a, b| {
            Ruling::together(TARGETS_DB.iter().map(|&x| {
                let saved = records.paired((b, x), (a, x), 0);
                (format!("{x} dB"), Ruling::mean(&saved, Side::AtLeast(0.0)))
            }))
        });
        Ok(Report {
            figure: Figure::new(
                format!(
                    "Robust power against SINR target, eps = {}, P_{{s}} = {} W",
                    setting.eps, setting.floor_w
                ),
                vec![wide, close],
            )
            .footnote("the paper shows no robust OMA; each reading of OMA meets its targets for every error of the ball"),
            claims: vec![Claim::new(
                "Robust NOMA needs less power than robust OMA for the same SINR",
                cheaper,
                "it depends on the OMA meant, which the paper does not define; a slot of equal SINR has no interference, so nothing is below sinr-sum",
            )],
            grade: Grade::Unpublished,
            ..Report::default()
        })
    };
    let x = Metric::new("target_db", "SINR target", "dB");
    let metrics = vec![Metric::new("power_w", "Total power", "W")];
    Ok(plan(x, metrics, tasks, described, finish))
}
