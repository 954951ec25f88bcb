//! Artefacts the paper does not have: a beampattern, and the counterexamples to Lemma 1.

use isac_algos::noma::robust::{self, ErrorBall};
use isac_algos::noma::unique::{Verdict, unique};
use isac_algos::noma::{Scene, max_min, rank_one};
use isac_linalg::factor;
use isac_metrics::{beampattern, noma::SicSet};
use isac_models::array::{Scaling, Ula};
use isac_models::rng::{Stream, stream};
use isac_opt::StopReason;
use serde_json::json;

use super::{Scenario, db, of_figure, per_realization, plan, scene, words};
use isac_lab::error::{Error, Source};
use isac_lab::verdict::{Claim, Ruling};
use isac_lab::{Metric, Plan, Record, Records, Report, Request, Task, TaskOutput};
use isac_plot::figure::{Axis, Figure, Panel, Style};

fn grid() -> Vec<f64> {
    (0..=360).map(|i| -90.0 + 0.5 * i as f64).collect()
}

fn pattern_task(
    setting: &Scenario,
    seed: u64,
    i: usize,
    sic: SicSet,
) -> Result<TaskOutput, Source> {
    let budget = setting.budget_w;
    let scene = scene(setting, seed, i, sic, setting.floor_w)?;
    let found = max_min::solve(&scene, budget, &max_min::Options::default())?.solved();
    let Some(found) = found else {
        let record = Record::failed(sic.name(), budget, i, "no verified answer");
        return Ok(TaskOutput {
            records: vec![record],
            data: serde_json::Value::Null,
        });
    };
    let mut rng = stream(seed, Stream::Randomisation, i as u64);
    let options = rank_one::Options::default();
    let beams = rank_one::recover(&scene, &found.design, &options, &mut rng)?;
    let beams = match beams.found() {
        Some(beams) => beams.beams,
        None => rank_one::principal_beams(&found.design.factors)?,
    };
    let array = Ula::half_wavelength(scene.antennas(), Scaling::UnitEntries)?;
    let radians: Vec<f64> = grid().iter().map(|a| a.to_radians()).collect();
    let steering = array.steering(&radians);
    let pattern = beampattern::pattern(steering.as_ref(), beams.as_ref())?;
    // Rayleigh users have no direction; each is marked where its channel is strongest.
    let users: Vec<f64> = (0..scene.users())
        .map(|k| {
            let seen = beampattern::pattern(steering.as_ref(), scene.channels().subcols(k, 1));
            seen.map(|s| {
                let top = (0..s.len())
                    .max_by(|&a, &b| s[a].total_cmp(&s[b]))
                    .unwrap_or(0);
                grid()[top]
            })
        })
        .collect::<Result<_, _>>()?;
    let record = crate::record(
        sic.name(),
        budget,
        i,
        StopReason::Tolerance,
        vec![db(found.target)],
    );
    Ok(TaskOutput {
        records: vec![record],
        data: json!({ "pattern_w": pattern, "users_deg": users }),
    })
}

/// The pattern of the max-min design.
pub(super) fn pattern(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("pattern")?;
    let described = json!(setting);
    let seed = request.seed;
    let i = request.realization.unwrap_or(0);
    let tasks = [SicSet::Own, SicSet::Full]
        .into_iter()
        .map(|sic| {
            let setting = setting.clone();
            Task::with_data(sic.name(), sic.name(), 0.1, move || {
                pattern_task(&setting, seed, i, sic)
            })
        })
        .collect();
    let finish = move |records: &Records| {
        let mut panels = Vec::new();
        for sic in ["own", "full"] {
            let Some(data) = records.data.get(sic) else {
                continue;
            };
            let list = |key: &str| -> Vec<f64> {
                let items = data[key].as_array().cloned().unwrap_or_default();
                items.iter().filter_map(serde_json::Value::as_f64).collect()
            };
            let mut panel = Panel::new(
                format!(
                    "{}: P_{{total}} = {} W, P_{{s}} = {} W",
                    words(sic),
                    setting.budget_w,
                    setting.floor_w
                ),
                Axis::new("Angle (degrees)").range(-90.0, 90.0),
                Axis::log("Pattern (W)"),
            );
            let points = grid()
                .into_iter()
                .zip(list("pattern_w"))
                .map(|(a, p)| [a, p.max(1e-4)]);
            panel.line("pattern", points.collect(), Style::curve(0).no_marker());
            for (m, angle) in setting.angles_deg.iter().enumerate() {
                panel.vertical(
                    format!("target {}", m + 1),
                    *angle,
                    Style::curve(1).dashed(),
                );
            }
            for (k, angle) in list("users_deg").iter().enumerate() {
                panel.vertical(format!("user {}", k + 1), *angle, Style::curve(2).dotted());
            }
            panel.horizontal("P_{s}", setting.floor_w, Style::curve(3).dotted());
            panels.push(panel);
        }
        Ok(Report {
            figure: Figure::new("Beampattern", panels)
                .footnote("users have no direction under Rayleigh fading: marked where the channel is strongest"),
            ..Report::default()
        })
    };
    let metrics = vec![Metric::new("sinr_db", "Common SINR", "dB")];
    let x = Metric::new("p_total_w", "Total power", "W");
    Ok(plan(x, metrics, tasks, described, finish))
}

/// Whether no optimum has rank one (1), one may (0) or a second one was found (-1), with the singular
/// value of the test and what it has to exceed. The multipliers are found once more to all digits that
/// rounding leaves, since they decide how much is known.
fn tested(scene: &Scene, rough: &robust::Design, ball: ErrorBall) -> Result<[f64; 3], Source> {
    let mut options = robust::Options::default();
    options.conic.tolerance = 1e-13;
    let mut targets = vec![0.0; scene.users()];
    for (position, target) in rough.targets.iter().enumerate() {
        targets[scene.user(position)] = *target;
    }
    let sharp = robust::solve(scene, &targets, ball, &options)?;
    let sharp = sharp.design().unwrap_or(rough);
    let gap = |d: &robust::Design| d.certificate.relative_gap.abs() + d.certificate.violation;
    let found = unique(
        scene,
        if gap(sharp) < gap(rough) {
            sharp
        } else {
            rough
        },
        ball,
    )?;
    let verdict = match found.verdict {
        Verdict::Unique => 1.0,
        Verdict::Undecided => 0.0,
        Verdict::NotUnique => -1.0,
    };
    Ok([verdict, found.singular_value, found.threshold])
}

fn lemma1_records(setting: &Scenario, seed: u64, i: usize) -> Result<Vec<Record>, Source> {
    let ball = setting.ball();
    let scene = setting.scene(seed, i)?;
    let outcome = robust::solve(&scene, &setting.gammas(), ball, &robust::Options::default())?;
    let robust::Outcome::Solved(design) = &outcome else {
        return Ok(vec![Record::failed("own", ball.radius, i, outcome.name())]);
    };
    let ratio = design.rank_ratios.iter().copied().fold(0.0, f64::max);
    let mut rows = vec![ratio, design.power(), design.certificate.relative_gap];
    if ratio > 1e-4 {
        // Rank of the multipliers: two worst errors make it 2.
        let mut second = 0.0_f64;
        for t in &design.multipliers {
            let values = factor::eigvalsh(t.as_ref())?;
            let n = values.len();
            second = second.max(values[n - 2] / values[n - 1]);
        }
        let options = rank_one::Options {
            accept: 1e-6,
            ..rank_one::Options::default()
        };
        let mut rng = stream(seed, Stream::Randomisation, i as u64);
        let beams = rank_one::recover_robust(&scene, design, ball, &options, &mut rng)?;
        rows.push(second);
        rows.push(beams.found().map_or(f64::NAN, |b| b.gap()));
        rows.extend(tested(&scene, design, ball)?);
    } else {
        rows.extend([f64::NAN; 5]);
    }
    Ok(vec![crate::record(
        "own",
        ball.radius,
        i,
        StopReason::Tolerance,
        rows,
    )])
}

fn lemma1_metrics() -> Vec<Metric> {
    vec![
        Metric::new(
            "rank_ratio",
            "Largest second over first eigenvalue of W_k",
            "",
        ),
        Metric::new("power_w", "Power of the relaxation", "W"),
        Metric::new("relative_gap", "Certified relative gap", ""),
        Metric::new(
            "multiplier_ratio",
            "Second over first eigenvalue of a multiplier T_kl",
            "",
        ),
        Metric::new("rank_one_gap", "What the best beams found cost more", ""),
        Metric::new(
            "unique",
            "1: no optimum has rank one; 0: open; -1: a second optimum",
            "",
        ),
        Metric::new("singular_value", "Least singular value of the test", ""),
        Metric::new("threshold", "What it has to exceed", ""),
    ]
}

/// Robust relaxations whose optimum is not rank one.
pub(super) fn lemma1(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("lemma1")?;
    let (target, eps) = (setting.gamma_db, setting.eps);
    let curve = format!("own, {target} dB, eps {eps}");
    let own = setting.clone();
    let run = move |seed, i| lemma1_records(&own, seed, i);
    let tasks = per_realization(request, (1000, 120), &curve, 0.05, run)?;
    let described = json!(setting);
    let finish = move |records: &Records| {
        let mut shown: Vec<&Record> = records
            .rows
            .iter()
            .filter(|r| !r.failed && r.metrics[0] > 1e-4)
            .collect();
        shown.sort_by(|a, b| b.metrics[0].total_cmp(&a.metrics[0]));
        let solved = records.rows.iter().filter(|r| !r.failed).count();
        let rows = shown
            .iter()
            .take(25)
            .map(|r| {
                let mut row = vec![r.realization.to_string()];
                row.extend(r.metrics.iter().map(|m| format!("{m:.4e}")));
                row
            })
            .collect();
        let heads = [
            "channel",
            "rank ratio",
            "power (W)",
            "certified gap",
            "multiplier ratio",
            "cost of rank one",
            "unique",
            "singular value",
            "threshold",
        ];
        let proved: Vec<&Record> = shown
            .iter()
            .copied()
            .filter(|r| r.metrics[5] > 0.5)
            .collect();
        let detail = match proved.first() {
            Some(r) => format!(
                "proved on {} of {solved} channels: every optimum of the relaxation has rank two or more; {} more have an optimum of higher rank that is not proved to be the only one. Channel {}: second eigenvalue {:.3} of the first at a point proved optimal to {:.1e}; its multiplier has rank 2 (two worst errors at once); the best beams found cost {:.1e} more",
                proved.len(),
                shown.len() - proved.len(),
                r.realization,
                r.metrics[0],
                r.metrics[2],
                r.metrics[4]
            ),
            None => format!(
                "no counterexample proved among {solved} channels, {} optima of higher rank; take more",
                shown.len()
            ),
        };
        Ok(Report {
            figure: Figure::new(
                "Counterexamples to Lemma 1",
                vec![Panel::table(
                    format!(
                        "Own messages decoded, {target} dB, eps = {eps}, P_{{s}} = {} W",
                        setting.floor_w
                    ),
                    heads,
                    rows,
                )],
            ),
            claims: vec![Claim::new(
                "Lemma 1: a rank-one solution of Eq. (22) always exists",
                if proved.is_empty() {
                    Ruling::not_tested(
                        "an interior-point method ends at the most interior optimum: its rank does not exclude another optimum of rank one",
                    )
                } else {
                    Ruling::fact(false, "one channel on which no optimum has rank one")
                },
                detail,
            )],
            ..Report::default()
        })
    };
    let x = Metric::new("eps", "Radius of the error ball", "");
    Ok(plan(x, lemma1_metrics(), tasks, described, finish))
}
