//! What the designs are compared with: isotropic artificial noise (text of Fig. 4), a neighbouring
//! cell (Fig. 4c), and designs by the weaker bounds.

use super::published::numbers;
use super::sweep::{efficiency, gain, gains_are, percent};
use crate::hisac_see::scenario::{Scenario, draw, of_figure, path_model};
use isac_algos::hisac_see::{Design, Problem, Working, baselines, direct, evaluate};
use isac_lab::error::{Error, Source};
use isac_lab::published::{Numbers, drawn};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Records, Report, Request, Task};
use isac_linalg::c64;
use isac_metrics::secrecy::Bound;
use isac_models::channel::{Bearing, PathChannel};
use isac_models::rng::{self, Stream};
use isac_plot::figure::{Axis, Figure, Panel, Style};
use rand::{Rng, RngExt};
use serde_json::json;

/// The artefacts of this file.
pub(super) fn artefacts() -> Vec<Artefact> {
    let artefact = |name, title, plan| Artefact {
        paper: "hisac_see",
        name,
        title,
        presets: &["default"],
        plan,
    };
    vec![
        artefact(
            "noise",
            "efficiency against isotropic artificial noise (text of Fig. 4)",
            plan_noise,
        ),
        artefact(
            "fig4c",
            "SINR in a neighbouring cell: green interference against artificial noise",
            plan_neighbour,
        ),
        artefact(
            "bounds",
            "designs by exact worst cases and by the weaker bounds",
            plan_bounds,
        ),
    ]
}

const NOISES: [f64; 6] = [0.0, 0.25, 0.5, 1.0, 2.0, 5.0];

/// The same without decoding order and without the cap on the sensing beam at Eve.
fn unordered(mut problem: Problem) -> Problem {
    problem.ordering = false;
    problem
}

fn plan_noise(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("noise")?;
    let seed = request.seed;
    let watts: &[f64] = request.pick(&NOISES, &[0.0, 0.5, 2.0]);
    let tasks = request.realizations(100, 2)?.into_iter().flat_map(|r| {
        [("ordered", true), ("unordered", false)].map(|(name, ordered)| {
            Task::records(format!("{name}/r{r:03}"), name, 0.5, move || {
                let mut problem = draw(&setting, seed, r as u64)?;
                if !ordered {
                    problem = unordered(problem);
                }
                let options = direct::Options::default();
                let found = baselines::artificial_noise(&problem, watts, &options)?;
                Ok(watts
                    .iter()
                    .zip(&found)
                    .map(|(&x, found)| {
                        if found.feasible {
                            crate::record(name, x, r, found.stopped, vec![found.report.efficiency])
                        } else {
                            Record::failed(name, x, r, "no feasible point")
                        }
                    })
                    .collect())
            })
        })
    });
    Ok(Plan {
        x: Metric::new("noise_w", "Isotropic artificial noise of BS1", "W"),
        metrics: efficiency(),
        tasks: tasks.collect(),
        notes: vec!["RSMA with the fixed split, used power; the noise counts as power of BS1 and disturbs Bob and the users.".into()],
        scenario: json!({"watts": watts, "setup": setting}),
        finish: Box::new(|records| {
            let mut panel = Panel::new("", Axis::new("Isotropic artificial noise of BS1 (W)"), Axis::new(efficiency()[0].title()));
            let curves = [("ordered", "All constraints"), ("unordered", "Without order and sensing cap at Eve")];
            let mut claims = Vec::new();
            for (i, (name, label)) in curves.into_iter().enumerate() {
                isac_lab::curves::mean_curve(&mut panel, label, records, name, 0, Style::curve(i));
                let xs = records.xs(name);
                let without = xs.first().copied().unwrap_or(f64::NAN);
                let noisy = || xs.iter().skip(1);
                let costs: Vec<_> = noisy().map(|&x| (x, gain(records, (name, x), (name, without)))).collect();
                claims.push(Claim::new(
                    format!("Green interference beats artificial noise ({label})"),
                    Ruling::together(noisy().map(|&x| {
                        let ruling = gains_are(records, (name, x), (name, without), Side::AtMost(0.0));
                        (format!("{x} W"), ruling)
                    })),
                    costs.iter().map(|(x, s)| format!("{x} W: {}", percent(s))).collect::<Vec<_>>().join("; "),
                ));
            }
            Ok(Report {
                figure: Figure::new("Efficiency against artificial noise", vec![panel]),
                claims,
                grade: Grade::Trend,
                ..Report::default()
            })
        }),
    })
}

/// Artificial noise of the design that is compared, W.
const COMPARED_NOISE: f64 = 2.0;
/// Power of each beam of the neighbouring base station, W.
const NEIGHBOUR_POWER: f64 = 10.0;
/// Where the neighbouring base station stands, m.
const NEIGHBOUR: f64 = 190.0;
/// Users of the neighbouring cell.
const NEIGHBOUR_USERS: usize = 300;

fn plan_neighbour(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("fig4c")?;
    let seed = request.seed;
    let published = numbers("fig4c")?;
    let tasks = request.realizations(100, 2)?.into_iter().map(|r| {
        Task::records(format!("r{r:03}"), "both designs", 0.5, move || {
            neighbour(setting, seed, r)
        })
    });
    Ok(Plan {
        x: Metric::new("what", "Mean, then fifth percentile", ""),
        metrics: vec![
            Metric::new("sinr_db", "SINR in the neighbouring cell", "dB"),
            Metric::new("power_w", "Transmit power of both base stations", "W"),
        ],
        tasks: tasks.collect(),
        notes: vec![
            "The paper defines no multi-cell SINR. Here: a base station at (190, 0) m with 12 antennas serves 300 random users, x in 130 to 250 m and y within 100 m, one at a time with 10 W matched beams; both designed base stations disturb. BS2's panel is turned towards the neighbour, the worst case.".into(),
            "Artificial noise: 2 W in all directions, decoding order and sensing cap at Eve dropped.".into(),
        ],
        scenario: json!({"setup": setting, "users": NEIGHBOUR_USERS, "noise_w": COMPARED_NOISE}),
        finish: Box::new(move |records| Ok(finish_neighbour(records, &published))),
    })
}

fn neighbour(setup: Scenario, seed: u64, r: usize) -> Result<Vec<Record>, Source> {
    let green = draw(&setup, seed, r as u64)?;
    let noisy = Problem {
        artificial_noise: COMPARED_NOISE,
        ..unordered(green.clone())
    };
    let mut rows = Vec::new();
    for (name, problem) in [("green", &green), ("noise", &noisy)] {
        let found = direct::design(problem, &[], &direct::Options::default())?;
        if !found.feasible {
            rows.extend([0.0, 1.0].map(|x| Record::failed(name, x, r, "no feasible point")));
            continue;
        }
        // The same users and channels for both.
        let mut rng = rng::stream(seed, Stream::Target, r as u64);
        let mut sinrs: Vec<f64> = (0..NEIGHBOUR_USERS)
            .map(|_| user(&setup, problem, &found.design, &mut rng))
            .collect::<Result<_, _>>()?;
        sinrs.sort_by(f64::total_cmp);
        let mean = sinrs.iter().sum::<f64>() / sinrs.len() as f64;
        let low = sinrs[sinrs.len() / 20];
        let power = found.report.power1 + found.report.power2;
        for (x, value) in [(0.0, mean), (1.0, low)] {
            rows.push(crate::record(name, x, r, found.stopped, vec![value, power]));
        }
    }
    Ok(rows)
}

/// SINR in dB of one random user of the neighbouring cell.
fn user<R: Rng>(
    setup: &Scenario,
    problem: &Problem,
    design: &Design,
    rng: &mut R,
) -> Result<f64, Source> {
    let place = [
        130.0 + 120.0 * rng.random::<f64>(),
        200.0 * rng.random::<f64>() - 100.0,
    ];
    let (bs1, bs2) = (
        path_model(setup.array1, setup)?,
        path_model(setup.array2, setup)?,
    );
    let mut from = |x: f64, model: &PathChannel, towards: f64| {
        let (ahead, left) = (towards * (place[0] - x), towards * place[1]);
        let ground = ahead.hypot(left);
        let height = 8.5_f64;
        let bearing = Bearing {
            azimuth: left.atan2(ahead),
            elevation: (-height).atan2(ground),
            distance: ground.hypot(height),
        };
        model.draw(bearing, rng)
    };
    // The neighbour's panel faces the half-plane of its user.
    let facing = if place[0] < NEIGHBOUR { -1.0 } else { 1.0 };
    let f = from(NEIGHBOUR, &bs2, facing)?;
    let h = from(0.0, &bs1, 1.0)?;
    let g = from(120.0, &bs2, 1.0)?;
    let square = |v: &[c64]| v.iter().map(|x| x.norm_sqr()).sum::<f64>();
    let power = |a: &[c64], w: &[c64]| {
        let terms = a.iter().zip(w).map(|(a, w)| a.conj() * w);
        terms.sum::<c64>().norm_sqr()
    };
    let isotropic = problem.artificial_noise / h.len() as f64 * square(&h);
    let disturbed = power(&h, &design.w_bo)
        + power(&h, &design.w_ta)
        + isotropic
        + design
            .streams
            .chunks_exact(g.len())
            .map(|o| power(&g, o))
            .sum::<f64>()
        + setup.noise_w;
    Ok(10.0 * (NEIGHBOUR_POWER * square(&f) / disturbed).log10())
}

fn finish_neighbour(records: &Records, published: &Numbers) -> Report {
    let axis = Axis::new("").categories(["mean", "5th percentile"]);
    let mut panel = Panel::new("", axis, Axis::new("SINR in the neighbouring cell (dB)"));
    let curves = [
        ("Green interference", "green"),
        ("Artificial noise, 2 W", "noise"),
    ];
    for (i, (label, name)) in curves.into_iter().enumerate() {
        isac_lab::curves::mean_curve(
            &mut panel,
            label,
            records,
            name,
            0,
            Style::curve(i).no_line(),
        );
    }
    let schemes = [
        ("Green interference", "green"),
        ("Artificial noise", "noise"),
        ("RIS-security", "ris"),
        ("Conventional", "conventional"),
    ];
    for (i, (label, name)) in schemes.into_iter().enumerate() {
        let points = published.points(name, "sinr_db").into_iter();
        let beside = 0.2 + 0.06 * i as f64;
        let points = points.map(|[x, value]| [x + beside, value]).collect();
        panel.published(label, points, Style::curve(i));
    }
    let claim = |text: &str, x: f64, published: f64| {
        let leads = records.paired(("green", x), ("noise", x), 0);
        let s = isac_lab::stats::Summary::of(&leads);
        Claim::new(
            text,
            Ruling::mean(&leads, Side::about(published)),
            format!(
                "{:+.2} dB [{:+.2}, {:+.2}] over {} draws; the design with noise sends {:+.1} W more",
                s.mean,
                s.low,
                s.high,
                s.n,
                records.summary("noise", x, 1).mean - records.summary("green", x, 1).mean
            ),
        )
    };
    Report {
        figure: Figure::new("What a neighbouring cell hears", vec![panel]).footnote(
            "RIS-security and conventional are undefined in the paper: published points alone",
        ),
        table: published.table(|row| drawn(records, &["sinr_db"], row)),
        claims: vec![
            claim(
                "1.8 dB more SINR on average than with artificial noise",
                0.0,
                1.8,
            ),
            claim("1.6 dB more SINR at the cell edge", 1.0, 1.6),
        ],
        grade: Grade::Trend,
        ..Report::default()
    }
}

const BOUNDS: [(&str, &str, Bound); 3] = [
    ("exact", "Exact worst case", Bound::Exact),
    ("decoupled", "Each power by itself", Bound::Decoupled),
    ("appendix", "Bound of Appendix A", Bound::Appendix),
];

fn plan_bounds(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("bounds")?;
    let seed = request.seed;
    let xs: &[f64] = request.pick(&[0.01, 0.02, 0.05, 0.1, 0.2], &[0.01, 0.1]);
    let tasks = request.realizations(100, 2)?.into_iter().map(|r| {
        Task::records(
            format!("r{r:03}"),
            "all bounds",
            0.2 * xs.len() as f64,
            move || {
                let mut rows = Vec::new();
                for &x in xs {
                    let setup = Scenario {
                        error: x,
                        ..setting
                    };
                    let problem = draw(&setup, seed, r as u64)?;
                    let working = Working::new(&problem)?;
                    for (name, _, bound) in BOUNDS {
                        let options = direct::Options {
                            bound,
                            ..direct::Options::default()
                        };
                        let found = direct::design(&problem, &[], &options)?;
                        if !found.feasible {
                            rows.push(Record::failed(name, x, r, "no point feasible by the bound"));
                            continue;
                        }
                        let exact =
                            evaluate(&problem, &working.network, &found.design, Bound::Exact)?;
                        rows.push(crate::record(
                            name,
                            x,
                            r,
                            found.stopped,
                            vec![exact.efficiency, found.report.efficiency],
                        ));
                        if bound == Bound::Exact {
                            for (weaker, _, bound) in &BOUNDS[1..] {
                                let seen =
                                    evaluate(&problem, &working.network, &found.design, *bound)?;
                                rows.push(Record::exact(
                                    format!("exact_by_{weaker}"),
                                    x,
                                    r,
                                    vec![exact.efficiency, seen.efficiency],
                                ));
                            }
                        }
                    }
                }
                Ok(rows)
            },
        )
    });
    Ok(Plan {
        x: Metric::new("error", "Error radius relative to each channel", ""),
        metrics: vec![
            Metric::new("efficiency_bps_hz_w", "Exact secrecy energy efficiency", "bps/Hz/W"),
            Metric::new("bounded_bps_hz_w", "Efficiency by the bound", "bps/Hz/W"),
        ],
        tasks: tasks.collect(),
        notes: vec!["RSMA with the fixed split. Solid: designs by each bound, judged exactly. Dashed: what a bound says about the exact design.".into()],
        scenario: json!({"errors": xs, "setup": setting}),
        finish: Box::new(|records| Ok(finish_bounds(records))),
    })
}

fn finish_bounds(records: &Records) -> Report {
    let mut panel = Panel::new(
        "",
        Axis::log("Error radius relative to each channel"),
        Axis::new("Secrecy energy efficiency (bps/Hz/W)"),
    );
    for (i, (name, label, _)) in BOUNDS.iter().enumerate() {
        isac_lab::curves::mean_curve(&mut panel, *label, records, name, 0, Style::curve(i));
        if i > 0 {
            let curve = format!("exact_by_{name}");
            let style = Style::curve(i + 2).dashed().hollow();
            isac_lab::curves::mean_curve(
                &mut panel,
                format!("{label}, of the exact design"),
                records,
                &curve,
                1,
                style,
            );
        }
    }
    let claims = BOUNDS[1..]
        .iter()
        .map(|(name, label, _)| {
            let cells: Vec<String> = records
                .xs("exact")
                .iter()
                .map(|&x| {
                    let tried = records.at(name, x).count();
                    let s = gain(records, (name, x), ("exact", x));
                    format!("error {x}: {} of {tried} feasible, {}", s.n, percent(&s))
                })
                .collect();
            let lossless = Ruling::together(records.xs("exact").iter().flat_map(|&x| {
                let side = Side::AtLeast(-2.0);
                let (solved, tried) = (
                    records.at(name, x).filter(|row| !row.failed).count(),
                    records.at(name, x).count(),
                );
                [
                    (
                        format!("gain in percent, error {x}"),
                        gains_are(records, (name, x), ("exact", x), side),
                    ),
                    (format!("feasible, error {x}"), Ruling::every(solved, tried)),
                ]
            }));
            Claim::new(
                format!("Designing by \"{label}\" costs little"),
                lossless,
                cells.join("; "),
            )
        })
        .collect();
    Report {
        figure: Figure::new("Designs by weaker bounds", vec![panel]),
        claims,
        grade: Grade::Trend,
        ..Report::default()
    }
}
