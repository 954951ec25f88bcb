//! Figs. 5 and 6: what robust designs cost.

use isac_algos::noma::{power_min, reduced_dual, robust};
use isac_metrics::noma::SicSet;
use isac_opt::StopReason;

use super::{Scenario, floors, linear, of_figure, per_realization, plan, scene, words};
use isac_lab::error::{Error, Source};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Grade, Metric, Plan, Record, Records, Report, Request};
use isac_plot::figure::{Axis, Figure, Panel, Style};

/// SINR targets, dB, where users decode their own messages.
const TARGETS_DB: [f64; 4] = [10.0, 15.0, 20.0, 25.0];
/// SINR targets, dB, under the constraints as printed.
const PRINTED_TARGETS_DB: [f64; 5] = [5.0, 8.0, 10.0, 12.0, 14.0];

/// Mode, floor and targets of each pair of curves.
fn sweeps(setting: &Scenario) -> [(SicSet, f64, &'static [f64]); 3] {
    let [low, high] = floors(setting);
    [
        (SicSet::Own, low, &TARGETS_DB),
        (SicSet::Own, high, &TARGETS_DB),
        (SicSet::Full, low, &PRINTED_TARGETS_DB),
    ]
}

fn name(design: &str, sic: SicSet, floor: f64) -> String {
    format!("{design}_{}_ps{floor}", sic.name())
}

fn sweep(setting: &Scenario, seed: u64, i: usize) -> Result<Vec<Record>, Source> {
    let ball = setting.ball();
    let mut records = Vec::new();
    for (sic, floor, targets) in sweeps(setting) {
        let scene = scene(setting, seed, i, sic, floor)?;
        for &target in targets {
            let gammas = vec![linear(target); setting.users];
            let values = |e: &isac_algos::noma::Evaluation| {
                let sensing: f64 = e.pattern.iter().sum();
                vec![e.power, e.transmit_power, sensing]
            };
            let label = name("robust", sic, floor);
            let outcome = robust::solve(&scene, &gammas, ball, &robust::Options::default())?;
            records.push(match &outcome {
                robust::Outcome::Solved(d) => {
                    let v = values(&d.evaluation);
                    crate::record(label, target, i, StopReason::Tolerance, v)
                }
                other => Record::failed(label, target, i, other.name()),
            });
            let label = name("nonrobust", sic, floor);
            let options = power_min::Options::default();
            let outcome = reduced_dual::power_min_or_relaxation(&scene, &gammas, &options)?;
            records.push(match &outcome {
                power_min::Outcome::Solved(d) => {
                    let v = values(&d.evaluation);
                    crate::record(label, target, i, StopReason::Tolerance, v)
                }
                other => Record::failed(label, target, i, other.name()),
            });
        }
    }
    Ok(records)
}

fn sweep_plan(
    request: &Request,
    artefact: &str,
    finish: impl Fn(&Scenario, &Records) -> Report + Send + Sync + 'static,
) -> Result<Plan, Error> {
    let setting = of_figure(artefact)?;
    let metrics = vec![
        Metric::new("power_w", "Total power", "W"),
        Metric::new("comm_w", "Communication power tr R", "W"),
        Metric::new("sensing_w", "Sensing power", "W"),
    ];
    let own = setting.clone();
    let run = move |seed, i| sweep(&own, seed, i);
    let tasks = per_realization(request, (200, 3), "robust and not", 0.6, run)?;
    let x = Metric::new("target_db", "SINR target", "dB");
    let described = serde_json::json!(setting);
    let finish = move |records: &Records| Ok(finish(&setting, records));
    Ok(plan(x, metrics, tasks, described, finish))
}

fn panel(records: &Records, title: &str, metric: usize, sic: SicSet, floors: &[f64]) -> Panel {
    let label = match metric {
        0 => "Total power (W)",
        1 => "Communication power (W)",
        _ => "Sensing power (W)",
    };
    let y = if sic == SicSet::Full {
        Axis::log(label)
    } else {
        Axis::new(label)
    };
    let mut panel = Panel::new(title, Axis::new("SINR target (dB)"), y);
    for (j, &floor) in floors.iter().enumerate() {
        for design in ["robust", "nonrobust"] {
            let style = if design == "robust" {
                Style::curve(2 * j)
            } else {
                Style::curve(2 * j + 1).dashed()
            };
            let key = name(design, sic, floor);
            isac_lab::curves::mean_curve(
                &mut panel,
                format!("{}, P_{{s}} = {floor} W", words(design)),
                records,
                &key,
                metric,
                style,
            );
        }
    }
    panel
}

/// Channels with a proof that `full` is infeasible, and channels.
fn excluded(setting: &Scenario, records: &Records, target: f64) -> (usize, usize) {
    let key = name("robust", SicSet::Full, setting.floor_w);
    let all = records.at(&key, target).count();
    let proved = |r: &&Record| r.failed && r.stop_reason == "infeasible";
    (records.at(&key, target).filter(proved).count(), all)
}

/// Fig. 5.
pub(super) fn fig5(request: &Request) -> Result<Plan, Error> {
    sweep_plan(request, "fig5", |setting, records| {
        let low = setting.floor_w;
        let mean =
            |design: &str, x: f64| records.summary(&name(design, SicSet::Own, low), x, 0).mean;
        let gaps: Vec<f64> = TARGETS_DB
            .iter()
            .map(|&x| mean("robust", x) - mean("nonrobust", x))
            .collect();
        let (robust, nonrobust) = (
            name("robust", SicSet::Own, low),
            name("nonrobust", SicSet::Own, low),
        );
        let mut parts = Vec::new();
        let first = TARGETS_DB[0];
        let dearer = records.paired((&robust, first), (&nonrobust, first), 0);
        let dearer = Ruling::mean(&dearer, Side::AtLeast(0.0));
        parts.push((format!("{first} dB"), dearer));
        for x in TARGETS_DB.windows(2) {
            let at = [
                (&*robust, x[1]),
                (&*nonrobust, x[1]),
                (&*robust, x[0]),
                (&*nonrobust, x[0]),
            ];
            let more: Vec<f64> = records
                .joint(&at, 0)
                .iter()
                .map(|v| (v[0] - v[1]) - (v[2] - v[3]))
                .collect();
            let from = format!("{} to {} dB", x[0], x[1]);
            parts.push((from, Ruling::mean(&more, Side::AtLeast(0.0))));
        }
        let grows = Ruling::together(parts);
        let counts: Vec<(f64, usize, usize)> = PRINTED_TARGETS_DB
            .iter()
            .map(|&x| {
                let (proved, all) = excluded(setting, records, x);
                (x, proved, all)
            })
            .collect();
        let feasible = Ruling::together(counts.iter().map(|&(x, proved, all)| {
            (
                format!("feasible at {x} dB"),
                Ruling::every(all - proved, all),
            )
        }));
        let list: Vec<String> = counts
            .iter()
            .map(|(x, proved, all)| format!("{proved} of {all} at {x} dB"))
            .collect();
        let both = floors(setting);
        Report {
            figure: Figure::new(
                format!("Robust and non-robust power, eps = {}", setting.eps),
                vec![
                    panel(records, words("own"), 0, SicSet::Own, &both),
                    panel(records, words("full"), 0, SicSet::Full, &both[..1]),
                ],
            )
            .footnote(
                "constraints as printed, robust: means over the channels where it is feasible",
            ),
            claims: vec![
                Claim::new(
                    "The robust design needs more power, the more the higher the target",
                    grows,
                    format!("own, P_s = {low} W: {gaps:.4?} W more at 10, 15, 20, 25 dB"),
                ),
                Claim::new(
                    "The same with the constraints as printed, Eq. (22)",
                    feasible,
                    format!(
                        "residual interference makes the problem infeasible, with certificates: {}",
                        list.join(", ")
                    ),
                ),
            ],
            grade: Grade::Trend,
            ..Report::default()
        }
    })
}

/// Fig. 6.
pub(super) fn fig6(request: &Request) -> Result<Plan, Error> {
    sweep_plan(request, "fig6", |setting, records| {
        let both = floors(setting);
        let own = ["robust", "nonrobust"].map(|design| name(design, SicSet::Own, both[0]));
        let shown = |r: &Record| !r.failed && own.contains(&r.algorithm);
        let floor = setting.angles_deg.len() as f64 * both[0];
        let off = |r: &Record| (r.metrics[2] - floor).abs();
        let (mut worst, rows) = (0.0_f64, records.rows.iter());
        for row in rows.filter(|r| shown(r)) {
            worst = worst.max(off(row));
        }
        let (held, cases) = records.realizations_where(shown, |r| off(r) < 1e-4);
        Report {
            figure: Figure::new(
                format!("Robust and non-robust, split, eps = {}", setting.eps),
                vec![
                    panel(records, "(a) communication", 1, SicSet::Own, &both),
                    panel(records, "(b) sensing", 2, SicSet::Own, &both),
                ],
            ),
            claims: vec![Claim::new(
                "Channel errors change the communication power only; sensing stays at its floor",
                Ruling::every(held, cases),
                format!(
                    "own: sensing power within {worst:.1e} W of {floor} W. It holds because target angles are assumed exact"
                ),
            )],
            grade: Grade::Trend,
            ..Report::default()
        }
    })
}
