//! Fig. 4: power against the SINR target.

use isac_algos::noma::baselines::{self, Baseline};
use isac_algos::noma::{own, power_min};
use isac_metrics::noma::SicSet;
use isac_opt::StopReason;

use super::{common_scenario, compared, linear, per_realization, plan, scene};
use isac_lab::error::Error;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Grade, Metric, Plan, Record, Records, Report, Request};
use isac_plot::figure::{Axis, Figure, Panel, Style};

const TARGETS_DB: [f64; 7] = [5.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0];
const FLOORS: [f64; 2] = [2.0, 3.0];

/// What "NOMA below OMA" can mean.
const ORDERS: [(&str, &str); 5] = [
    ("full", "rate-avg"),
    ("full", "rate-sum"),
    ("own", "linear"),
    ("own", "slot-sens-sum"),
    ("own", "sinr-sum"),
];

fn name(curve: &str, floor: f64) -> String {
    format!("{curve}_ps{floor}")
}

/// Fig. 4.
pub(super) fn fig4(request: &Request) -> Result<Plan, Error> {
    let metrics = vec![
        Metric::new("power_w", "Total power", "W"),
        Metric::new("sensing_w", "Total sensing power", "W"),
    ];
    let tasks = per_realization(request, (200, 8), "all curves", 0.4, |seed, i| {
        let mut records = Vec::new();
        let options = power_min::Options::default();
        for floor in FLOORS {
            for target in TARGETS_DB {
                let gamma = linear(target);
                for sic in [SicSet::Own, SicSet::Full] {
                    let scene = scene(seed, i, sic, floor)?;
                    let label = name(sic.name(), floor);
                    let outcome = own::power_min_or_relaxation(&scene, &[gamma; 3], &options)?;
                    records.push(match outcome {
                        power_min::Outcome::Solved(d) => crate::record(
                            label,
                            target,
                            i,
                            StopReason::Tolerance,
                            vec![d.power(), d.evaluation.pattern.iter().sum()],
                        ),
                        other => Record::failed(label, target, i, other.name()),
                    });
                }
                let scene = scene(seed, i, SicSet::Own, floor)?;
                for baseline in Baseline::ALL {
                    let label = name(baseline.name(), floor);
                    let power = baselines::power_min(&scene, baseline, gamma, &options)?;
                    records.push(match power {
                        Some(p) => crate::record(
                            label,
                            target,
                            i,
                            StopReason::Tolerance,
                            vec![p, f64::NAN],
                        ),
                        None => Record::failed(label, target, i, "no verified answer"),
                    });
                }
            }
        }
        Ok(records)
    })?;
    let finish = |records: &Records| {
        let mut curves = vec!["own", "full"];
        curves.extend(Baseline::ALL.iter().map(|b| b.name()));
        let mut total = Panel::new(
            "(a) P_s = 2 W",
            Axis::new("SINR target (dB)"),
            Axis::log("Total power (W)"),
        );
        let mut close = Panel::new(
            "(a) P_s = 2 W, the paper's axis",
            Axis::new("SINR target (dB)"),
            Axis::new("Total power (W)").range(4.4, 7.0),
        );
        for (j, curve) in curves.iter().enumerate() {
            // More curves than colours: the second round is dashed.
            let style = if j < 8 {
                Style::curve(j)
            } else {
                Style::curve(j).dashed()
            };
            isac_lab::curves::mean_curve(&mut total, *curve, records, &name(curve, 2.0), 0, style);
            if !curve.starts_with("rate") && *curve != "slot-sens-sum" {
                isac_lab::curves::mean_curve(
                    &mut close,
                    *curve,
                    records,
                    &name(curve, 2.0),
                    0,
                    style,
                );
            }
        }
        let mut sensing = Panel::new(
            "(b) sensing",
            Axis::new("SINR target (dB)"),
            Axis::log("Total sensing power (W)"),
        );
        for (j, (curve, floor)) in [("own", 2.0), ("own", 3.0), ("full", 2.0), ("full", 3.0)]
            .into_iter()
            .enumerate()
        {
            let label = format!("{curve}, P_s = {floor} W");
            isac_lab::curves::mean_curve(
                &mut sensing,
                label,
                records,
                &name(curve, floor),
                1,
                Style::curve(j),
            );
        }
        let mean =
            |curve: &str, x: f64, metric: usize| records.summary(&name(curve, 2.0), x, metric).mean;
        let cheaper = compared(&ORDERS, "below", |a, b| {
            Ruling::together(TARGETS_DB.iter().map(|&x| {
                let saved = records.paired((&name(b, 2.0), x), (&name(a, 2.0), x), 0);
                (format!("{x} dB"), Ruling::mean(&saved, Side::AtLeast(0.0)))
            }))
        });
        let floor = Ruling::together(TARGETS_DB.iter().map(|&x| {
            let sensing = records.values(&name("own", 2.0), x, 1);
            let side = Side::Between(4.0 - 1e-4, 4.0 + 1e-4);
            (format!("own, {x} dB"), Ruling::mean(&sensing, side))
        }));
        let claims = vec![
            Claim::new(
                "NOMA needs less power than OMA for the same SINR",
                cheaper,
                "it depends on the OMA meant, which the paper does not define. Nothing can be below sinr-sum, which is own without interference",
            ),
            Claim::new(
                "The sensing power stays at M P_s whatever the SINR target",
                floor,
                format!(
                    "full: {:.3} W at 15 dB, {:.1} W at 20 dB, where powers are in kW and the floors stop being tight",
                    mean("full", 15.0, 1),
                    mean("full", 20.0, 1)
                ),
            ),
        ];
        Ok(Report {
            figure: Figure::new("Power against SINR target", vec![total, close, sensing])
                .footnote("only own, linear, sinr-* and slot-sens-* stay on the paper's power axis of 6 to 10 W up to 25 dB"),
            claims,
            grade: Grade::Trend,
            notes: vec![format!(
                "sensing floor in closed form: 4.467979 W for P_s = 2 W; own at 5 dB: {:.4} W",
                mean("own", 5.0, 0)
            )],
            ..Report::default()
        })
    };
    let x = Metric::new("target_db", "SINR target", "dB");
    Ok(plan(x, metrics, tasks, common_scenario(), finish))
}
