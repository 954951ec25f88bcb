//! Figs. 5 to 7: designs under channel errors.

use isac_algos::noma::robust::{self, ErrorBall};
use isac_algos::noma::{Scene, own, power_min, rank_one, sic_shortfall};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::noma::{self, SicSet};
use isac_models::rng::{Stream, complex_normal, stream};
use isac_opt::StopReason;
use rand::RngExt;

use super::{Scenario, common_scenario, db, linear, per_realization, plan, scene, words};
use isac_lab::error::{Error, Source};
use isac_lab::stats::{Summary, cdf};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Compared, Grade, Metric, Plan, Record, Records, Report, Request};
use isac_plot::figure::{Axis, Figure, Panel, Style};

/// Mode, floor and targets of a sweep.
const SWEEPS: [(SicSet, f64, &[f64]); 3] = [
    (SicSet::Own, 2.0, &[10.0, 15.0, 20.0, 25.0]),
    (SicSet::Own, 3.0, &[10.0, 15.0, 20.0, 25.0]),
    (SicSet::Full, 2.0, &[5.0, 8.0, 10.0, 12.0, 14.0]),
];

fn name(design: &str, sic: SicSet, floor: f64) -> String {
    format!("{design}_{}_ps{floor}", sic.name())
}

fn sweep(seed: u64, i: usize) -> Result<Vec<Record>, Source> {
    let ball = ErrorBall {
        radius: 0.05,
        residual: true,
    };
    let mut records = Vec::new();
    for (sic, floor, targets) in SWEEPS {
        let scene = scene(seed, i, sic, floor)?;
        for &target in targets {
            let gammas = [linear(target); 3];
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
            let outcome = own::power_min_or_relaxation(&scene, &gammas, &options)?;
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
    finish: impl Fn(&Records) -> Result<Report, Error> + Send + Sync + 'static,
) -> Result<Plan, Error> {
    let metrics = vec![
        Metric::new("power_w", "Total power", "W"),
        Metric::new("comm_w", "Communication power tr R", "W"),
        Metric::new("sensing_w", "Sensing power", "W"),
    ];
    let tasks = per_realization(request, (200, 3), "robust and not", 0.6, sweep)?;
    let x = Metric::new("target_db", "SINR target", "dB");
    Ok(plan(x, metrics, tasks, common_scenario(), finish))
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
fn excluded(records: &Records, target: f64) -> (usize, usize) {
    let key = name("robust", SicSet::Full, 2.0);
    let all = records.at(&key, target).count();
    let proved = |r: &&Record| r.failed && r.stop_reason == "infeasible";
    (records.at(&key, target).filter(proved).count(), all)
}

/// Fig. 5.
pub(super) fn fig5(request: &Request) -> Result<Plan, Error> {
    sweep_plan(request, |records| {
        let mean =
            |design: &str, x: f64| records.summary(&name(design, SicSet::Own, 2.0), x, 0).mean;
        let gaps: Vec<f64> = [10.0, 15.0, 20.0, 25.0]
            .iter()
            .map(|&x| mean("robust", x) - mean("nonrobust", x))
            .collect();
        let (robust, nonrobust) = (
            name("robust", SicSet::Own, 2.0),
            name("nonrobust", SicSet::Own, 2.0),
        );
        let mut parts = Vec::new();
        let dearer = records.paired((&robust, 10.0), (&nonrobust, 10.0), 0);
        parts.push((
            "10 dB".to_string(),
            Ruling::mean(&dearer, Side::AtLeast(0.0)),
        ));
        for x in [10.0, 15.0, 20.0].windows(2).chain([&[20.0, 25.0][..]]) {
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
        let counts: Vec<(f64, usize, usize)> = SWEEPS[2]
            .2
            .iter()
            .map(|&x| {
                let (proved, all) = excluded(records, x);
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
        Ok(Report {
            figure: Figure::new(
                "Robust and non-robust power, eps = 0.05",
                vec![
                    panel(records, words("own"), 0, SicSet::Own, &[2.0, 3.0]),
                    panel(records, words("full"), 0, SicSet::Full, &[2.0]),
                ],
            )
            .footnote(
                "constraints as printed, robust: means over the channels where it is feasible",
            ),
            claims: vec![
                Claim::new(
                    "The robust design needs more power, the more the higher the target",
                    grows,
                    format!("own, P_s = 2 W: {gaps:.4?} W more at 10, 15, 20, 25 dB"),
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
        })
    })
}

/// Fig. 6.
pub(super) fn fig6(request: &Request) -> Result<Plan, Error> {
    sweep_plan(request, |records| {
        let worst = records
            .rows
            .iter()
            .filter(|r| !r.failed && r.algorithm.contains("own_ps2"))
            .map(|r| (r.metrics[2] - 4.0).abs())
            .fold(0.0, f64::max);
        let (held, cases) = records.realizations_where(
            |r| !r.failed && r.algorithm.contains("own_ps2"),
            |r| (r.metrics[2] - 4.0).abs() < 1e-4,
        );
        Ok(Report {
            figure: Figure::new(
                "Robust and non-robust, split, eps = 0.05",
                vec![
                    panel(records, "(a) communication", 1, SicSet::Own, &[2.0, 3.0]),
                    panel(records, "(b) sensing", 2, SicSet::Own, &[2.0, 3.0]),
                ],
            ),
            claims: vec![Claim::new(
                "Channel errors change the communication power only; sensing stays at its floor",
                Ruling::every(held, cases),
                format!(
                    "own: sensing power within {worst:.1e} W of 4 W. It holds because target angles are assumed exact"
                ),
            )],
            grade: Grade::Trend,
            ..Report::default()
        })
    })
}

/// An error of norm at most `radius` per user, uniform in the ball or on the sphere.
fn errors(seed: u64, i: usize, radius: f64, sphere: bool) -> Mat<c64> {
    let mut rng = stream(seed, Stream::CsiError, i as u64);
    let Scenario {
        antennas, users, ..
    } = Scenario::default();
    let mut e = complex_normal(antennas, users, &mut rng);
    for k in 0..users {
        let u: f64 = rng.random();
        let r = if sphere {
            radius
        } else {
            radius * u.powf(0.5 / antennas as f64)
        };
        let length = ops::norm(e.subcols(k, 1));
        ops::scale(e.as_mut().subcols_mut(k, 1), r / length);
    }
    e
}

/// Smallest SINR (17) over users for given errors, and the exact smallest over all errors, dB.
fn achieved(
    scene: &Scene,
    beams: &Mat<c64>,
    ball: ErrorBall,
    drawn: &[Mat<c64>],
) -> Result<Vec<f64>, Source> {
    let factors: Vec<Mat<c64>> = (0..beams.ncols())
        .map(|k| beams.subcols(k, 1).to_owned())
        .collect();
    let covariances: Vec<Mat<c64>> = factors
        .iter()
        .map(|f| ops::mul_adjoint(f.as_ref(), f.as_ref()))
        .collect();
    let mut out = Vec::new();
    for error in drawn {
        let mut least = f64::INFINITY;
        for pair in scene.pairs() {
            let sinr = noma::sinr_under_error(
                scene.channels().subcols(pair.decoder, 1),
                error.subcols(pair.decoder, 1),
                &covariances,
                scene.mode().sic,
                pair.message,
                ball.residual,
                scene.noise(),
            )?;
            least = least.min(sinr);
        }
        out.push(db(least));
    }
    let worst = robust::worst_cases(scene, &factors, ball)?;
    out.push(db(worst
        .iter()
        .fold(f64::INFINITY, |low, &(_, s)| low.min(s))));
    Ok(out)
}

/// By how much the messages that stronger users have to remove miss 20 dB there, dB.
fn sic_shortfall_db(scene: &Scene, beams: &Mat<c64>) -> Result<f64, Source> {
    let factors: Vec<Mat<c64>> = (0..beams.ncols())
        .map(|k| beams.subcols(k, 1).to_owned())
        .collect();
    Ok(db(sic_shortfall(scene, &factors, &[100.0; 3])?))
}

fn fig7_records(seed: u64, i: usize) -> Result<Vec<Record>, Source> {
    let ball = ErrorBall {
        radius: 0.1,
        residual: true,
    };
    let scene = scene(seed, i, SicSet::Own, 2.0)?;
    let drawn = [errors(seed, i, 0.1, false), errors(seed, i, 0.1, true)];
    let mut records = Vec::new();
    let outcome = robust::solve(&scene, &[100.0; 3], ball, &robust::Options::default())?;
    let beams = match outcome.design() {
        Some(design) => {
            let options = rank_one::Options {
                accept: 1e-6,
                ..rank_one::Options::default()
            };
            let mut rng = stream(seed, Stream::Randomisation, i as u64);
            rank_one::recover_robust(&scene, design, ball, &options, &mut rng)?
                .found()
                .map(|b| (b, design.rank_ratios.iter().copied().fold(0.0, f64::max)))
        }
        None => None,
    };
    records.push(match beams {
        Some((found, ratio)) => {
            let mut values = achieved(&scene, &found.beams, ball, &drawn)?;
            let short = sic_shortfall_db(&scene, &found.beams)?;
            values.extend([found.power_beams, ratio, found.gap(), short]);
            crate::record("robust", 0.1, i, StopReason::Tolerance, values)
        }
        None => Record::failed("robust", 0.1, i, outcome.name()),
    });
    let printed = self::scene(seed, i, SicSet::Full, 2.0)?;
    let outcome = robust::solve(&printed, &[100.0; 3], ball, &robust::Options::default())?;
    records.push(match outcome.design() {
        Some(design) => {
            let worst = db(design.min_worst_case());
            let ratio = design.rank_ratios.iter().copied().fold(0.0, f64::max);
            let values = vec![
                f64::NAN,
                f64::NAN,
                worst,
                design.power(),
                ratio,
                f64::NAN,
                f64::NAN,
            ];
            crate::record("full", 0.1, i, StopReason::Tolerance, values)
        }
        None => Record::failed("full", 0.1, i, outcome.name()),
    });
    let options = power_min::Options::default();
    let nominal = own::power_min_or_relaxation(&scene, &[100.0; 3], &options)?.solved();
    records.push(match nominal {
        Some(design) => {
            let beams = rank_one::principal_beams(&design.factors)?;
            let mut values = achieved(&scene, &beams, ball, &drawn)?;
            let short = sic_shortfall_db(&scene, &beams)?;
            values.extend([design.power(), 0.0, 0.0, short]);
            crate::record("nonrobust", 0.1, i, StopReason::Tolerance, values)
        }
        None => Record::failed("nonrobust", 0.1, i, "no verified answer"),
    });
    Ok(records)
}

/// Share of values per bin over the width of the bin.
fn density(values: &[f64], low: f64, high: f64, bins: usize) -> Vec<[f64; 2]> {
    let width = (high - low) / bins as f64;
    (0..bins)
        .map(|b| {
            let left = low + b as f64 * width;
            let inside = values.iter().filter(|v| **v >= left && **v < left + width);
            let share = inside.count() as f64 / values.len().max(1) as f64;
            [left + 0.5 * width, share / width]
        })
        .collect()
}

/// Fig. 7.
pub(super) fn fig7(request: &Request) -> Result<Plan, Error> {
    let metrics = vec![
        Metric::new(
            "sinr_ball_db",
            "Minimum SINR, error uniform in the ball",
            "dB",
        ),
        Metric::new("sinr_sphere_db", "Minimum SINR, error on the sphere", "dB"),
        Metric::new("sinr_worst_db", "Exact worst case", "dB"),
        Metric::new("power_w", "Power", "W"),
        Metric::new(
            "rank_ratio",
            "Largest eigenvalue ratio of the relaxation",
            "",
        ),
        Metric::new("rank_one_gap", "Cost of rank one", ""),
        Metric::new("sic_shortfall_db", "SIC shortfall, no error", "dB"),
    ];
    let tasks = per_realization(request, (1000, 25), "robust and not", 0.06, fig7_records)?;
    let finish = |records: &Records| {
        let mut panels = Vec::new();
        let mut table = Vec::new();
        let mut below = [0.0; 2];
        let mut least_worst = [f64::NAN; 2];
        for (j, design) in ["robust", "nonrobust"].into_iter().enumerate() {
            let ball = records.values(design, 0.1, 0);
            let s = Summary::of(&ball);
            let short = ball.iter().filter(|v| **v < 20.0).count() as f64;
            below[j] = short / ball.len().max(1) as f64;
            let worst = records.values(design, 0.1, 2);
            least_worst[j] = worst.iter().copied().fold(f64::INFINITY, f64::min);
            let mut pdf = Panel::new(
                format!("{}: density", words(design)),
                Axis::new("Minimum achieved SINR (dB)"),
                Axis::new("Density (1/dB)"),
            );
            pdf.line(
                "error in the ball",
                density(&ball, 17.0, 22.0, 50),
                Style::curve(j),
            );
            pdf.vertical("target", 20.0, Style::curve(3).dashed());
            let mut distribution = Panel::new(
                format!("{}: distribution", words(design)),
                Axis::new("Minimum achieved SINR (dB)"),
                Axis::new("Share of channels"),
            );
            for (c, (metric, label)) in [
                (0, "in the ball"),
                (1, "on the sphere"),
                (2, "exact worst case"),
            ]
            .into_iter()
            .enumerate()
            {
                let points = cdf(&records.values(design, 0.1, metric));
                distribution.line(label, points, Style::curve(c).no_marker());
            }
            distribution.vertical("target", 20.0, Style::curve(3).dashed());
            panels.extend([pdf, distribution]);
            let line = |what: &str, value: f64, unit: &str| Compared {
                quantity: format!("{design}: {what}"),
                ours: Some(value),
                unit: unit.into(),
                ..Compared::default()
            };
            let low = ball.iter().copied().fold(f64::INFINITY, f64::min);
            table.push(line("mean minimum SINR", s.mean, "dB"));
            table.push(line("smallest minimum SINR", low, "dB"));
            table.push(line("share below 20 dB", 100.0 * below[j], "%"));
            table.push(line("smallest exact worst case", least_worst[j], "dB"));
            table.push(line(
                "mean power",
                records.summary(design, 0.1, 3).mean,
                "W",
            ));
        }
        let (held, cases) = records.realizations_where(
            |r| !r.failed && r.algorithm == "robust",
            |r| r.metrics[2] > 20.0 - 1e-4,
        );
        let missed = records.values("nonrobust", 0.1, 0);
        let falls: Vec<f64> = missed.iter().map(|v| f64::from(*v < 20.0)).collect();
        let ratios = records.values("robust", 0.1, 4);
        let higher = ratios.iter().filter(|r| **r > 1e-6).count();
        let all = records.at("full", 0.1).count();
        let proved = records.at("full", 0.1);
        let proved = proved.filter(|r| r.stop_reason == "infeasible").count();
        let mut figure = Figure::new(
            "Minimum achieved SINR, eps = 0.1, P_{s} = 2 W, 20 dB, own messages decoded",
            panels,
        );
        figure.columns = 2;
        Ok(Report {
            figure,
            table,
            claims: vec![
                Claim::new(
                    "The robust design always meets the SINR target, in a narrow range",
                    Ruling::every(held, cases),
                    format!(
                        "smallest exact worst case {:.5} dB over all errors of the ball",
                        least_worst[0]
                    ),
                ),
                Claim::new(
                    "The non-robust design falls below the target",
                    Ruling::mean(&falls, Side::AtLeast(0.5)),
                    format!("{:.1} % of channels below 20 dB", 100.0 * below[1]),
                ),
                Claim::new(
                    "Lemma 1: the robust relaxation always has a rank-one solution",
                    Ruling::not_tested(
                        "an interior-point method ends at the most interior optimum: its rank does not exclude another optimum of rank one",
                    ),
                    format!(
                        "{higher} of {} relaxations have higher rank; see `noma/lemma1`",
                        ratios.len()
                    ),
                ),
            ],
            grade: Grade::Trend,
            notes: vec![
                format!(
                    "the constraints as printed, `full`: proved infeasible on {proved} of {all} channels, so the figure cannot come from Eq. (22) as printed"
                ),
                format!(
                    "SIC shortfall of the robust beams (own): {:.1} dB in the mean; the messages that stronger users have to remove do not arrive there",
                    records.summary("robust", 0.1, 6).mean
                ),
            ],
            ..Report::default()
        })
    };
    let x = Metric::new("eps", "Radius of the error ball", "");
    Ok(plan(x, metrics, tasks, common_scenario(), finish))
}
