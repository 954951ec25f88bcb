//! The artefacts of [hisac_see]: every panel as a sweep of designs by the direct route.

use super::setup::{Setup, draw};
use crate::artefact::{
    Artefact, Claim, Grade, Metric, Plan, Record, Records, Report, Request, Size, Task, Verdict,
};
use crate::error::{Error, Source};
use crate::figure::{Axis, Figure, Panel, Style};
use isac_algos::hisac_see::{Access, Design, Illumination, Objective, Problem, UserTarget, direct};
use isac_metrics::scnr::ReceiveFilter;
use isac_models::channel::{Fading, Shadowing};
use isac_models::scene::Topology;

const DEFAULT: &[&str] = &["default"];

/// What an artefact sweeps.
struct Sweep {
    title: &'static str,
    x: (&'static str, &'static str, &'static str),
    /// Index of the metric drawn, see [`metrics`].
    y: usize,
    log_x: bool,
    full: &'static [f64],
    quick: &'static [f64],
    /// `(name, label)` of each curve.
    curves: &'static [(&'static str, &'static str)],
    /// Categories of the x axis, if it is one.
    categories: &'static [&'static str],
    /// The problem of a curve at x on a draw.
    build: fn(&str, f64, u64, u64) -> Result<Problem, Source>,
    /// Whether the design at one x starts the next.
    chained: bool,
    notes: &'static [&'static str],
    claims: fn(&Records) -> Vec<Claim>,
}

/// Artefacts of the paper, in order.
pub(super) fn artefacts() -> Vec<Artefact> {
    let artefact = |name, title, plan| Artefact {
        paper: "hisac_see",
        name,
        title,
        presets: DEFAULT,
        plan,
    };
    vec![
        artefact("fig2b", "SCNR against the power of BS1", |r| {
            plan(r, &FIG2B)
        }),
        artefact(
            "fig2c",
            "efficiency against the power of BS2 by access scheme",
            |r| plan(r, &FIG2C),
        ),
        artefact("fig2d", "SCNR against secrecy rate", |r| plan(r, &FIG2D)),
        artefact(
            "fig3b",
            "efficiency against antennas and circuit power",
            |r| plan(r, &FIG3B),
        ),
        artefact("fig3c", "efficiency against the number of users", |r| {
            plan(r, &FIG3C)
        }),
        artefact("fig3d", "efficiency against the rate thresholds", |r| {
            plan(r, &FIG3D)
        }),
        artefact("fig5", "efficiency by topology and access scheme", |r| {
            plan(r, &FIG5)
        }),
        artefact("fig6a", "efficiency by fading and access scheme", |r| {
            plan(r, &FIG6A)
        }),
    ]
}

fn metrics() -> Vec<Metric> {
    vec![
        Metric::new(
            "efficiency_bps_hz_w",
            "Secrecy energy efficiency",
            "bps/Hz/W",
        ),
        Metric::new("secrecy_rate_bps_hz", "Worst-case secrecy rate", "bps/Hz"),
        Metric::new("scnr_db", "SCNR", "dB"),
        Metric::new("power1_w", "Power of BS1", "W"),
        Metric::new("power2_w", "Power of BS2", "W"),
        Metric::new("max_violation", "Largest violation", ""),
    ]
}

fn plan(request: &Request, sweep: &'static Sweep) -> Result<Plan, Error> {
    let draws = request.realizations(100, 3)?;
    let xs = request.pick(sweep.full, sweep.quick);
    let mut tasks = Vec::new();
    for &(name, label) in sweep.curves {
        for &draw in &draws {
            let seed = request.seed;
            tasks.push(Task::records(
                format!("{name}/r{draw:03}"),
                label,
                0.06 * xs.len() as f64,
                move || run(sweep, name, xs, draw, seed),
            ));
        }
    }
    let size = match request.size {
        Size::Full => "full",
        Size::Quick => "quick",
    };
    Ok(Plan {
        x: Metric::new(sweep.x.0, sweep.x.1, sweep.x.2),
        metrics: metrics(),
        tasks,
        notes: sweep.notes.iter().map(ToString::to_string).collect(),
        scenario: serde_json::json!({
            "size": size,
            "draws": draws.len(),
            "x": xs,
            "curves": sweep.curves.iter().map(|c| c.0).collect::<Vec<_>>(),
            "setup": Setup::default().describe(),
        }),
        finish: Box::new(move |records| Ok(finish(sweep, records))),
    })
}

/// One curve on one draw.
fn run(
    sweep: &Sweep,
    curve: &str,
    xs: &[f64],
    draw: usize,
    seed: u64,
) -> Result<Vec<Record>, Source> {
    let mut last: Vec<Design> = Vec::new();
    let mut rows = Vec::new();
    for &x in xs {
        let problem = (sweep.build)(curve, x, draw as u64, seed)?;
        let options = direct::Options::default();
        let found = direct::design(&problem, &last, &options)?;
        let r = &found.report;
        if !found.feasible {
            let why = r.worst().map_or_else(String::new, |w| {
                format!("infeasible from all starts: {} by {:.1e}", w.name, w.value)
            });
            rows.push(Record::failed(curve, x, draw, why.replace(',', ";")));
            continue;
        }
        let values = vec![
            r.efficiency,
            r.secrecy.rate_signed,
            10.0 * r.scnr.max(1e-30).log10(),
            r.power1,
            r.power2,
            r.max_violation(),
        ];
        rows.push(Record::new(curve, x, draw, found.stopped, values));
        if sweep.chained {
            last = vec![found.design];
        }
    }
    Ok(rows)
}

fn finish(sweep: &Sweep, records: &Records) -> Report {
    let list = metrics();
    let label = Metric::new(sweep.x.0, sweep.x.1, sweep.x.2).title();
    let x = if sweep.categories.is_empty() {
        if sweep.log_x {
            Axis::log(label)
        } else {
            Axis::new(label)
        }
    } else {
        Axis::new(label).categories(sweep.categories.iter().copied())
    };
    let mut panel = Panel::new("", x, Axis::new(list[sweep.y].title()));
    for (i, (name, label)) in sweep.curves.iter().enumerate() {
        panel.mean_curve(*label, records, name, sweep.y, Style::curve(i));
    }
    let claims = (sweep.claims)(records);
    let holds = claims.iter().all(|c| c.verdict != Verdict::DoesNotHold);
    let failed = records.rows.iter().filter(|row| row.failed).count();
    let mut figure = Figure::new(sweep.title, vec![panel]);
    for note in sweep.notes {
        figure = figure.footnote(*note);
    }
    Report {
        figure,
        grade: if holds {
            Grade::Trend
        } else {
            Grade::NotReproduced("a claim does not hold for optimal designs".into())
        },
        notes: vec![format!(
            "{failed} of {} designs found no feasible point from any start; they are left out of means",
            records.rows.len()
        )],
        claims,
        ..Report::default()
    }
}

/// Mean of a metric at one x over the draws on which all named curves have an answer.
fn paired(records: &Records, curves: &[&str], x: f64, metric: usize) -> Vec<f64> {
    let draws: Vec<usize> = {
        let all = records.at(curves[0], x).map(|row| row.realization);
        all.filter(|&r| {
            curves
                .iter()
                .all(|c| records.value(c, x, r, metric).is_some())
        })
        .collect()
    };
    let mean = |curve: &&str| {
        let values = draws
            .iter()
            .filter_map(|&r| records.value(curve, x, r, metric));
        values.sum::<f64>() / draws.len().max(1) as f64
    };
    curves.iter().map(mean).collect()
}

/// Means along one curve over draws that are complete.
fn along(records: &Records, curve: &str, metric: usize) -> Vec<(f64, f64)> {
    let xs = records.xs(curve);
    let complete: Vec<usize> = {
        let mut draws: Vec<usize> = records
            .rows
            .iter()
            .filter(|row| row.algorithm == curve)
            .map(|row| row.realization)
            .collect();
        draws.sort_unstable();
        draws.dedup();
        draws
            .into_iter()
            .filter(|&r| {
                xs.iter()
                    .all(|&x| records.value(curve, x, r, metric).is_some())
            })
            .collect()
    };
    xs.iter()
        .map(|&x| {
            let values = complete
                .iter()
                .filter_map(|&r| records.value(curve, x, r, metric));
            (x, values.sum::<f64>() / complete.len().max(1) as f64)
        })
        .collect()
}

fn text(points: &[(f64, f64)]) -> String {
    let cells: Vec<String> = points.iter().map(|(x, y)| format!("{x}: {y:.4}")).collect();
    cells.join(", ")
}

fn monotone(points: &[(f64, f64)], sign: f64) -> bool {
    points.windows(2).all(|w| sign * (w[1].1 - w[0].1) >= -1e-9)
}

/// Rises, then falls.
fn unimodal(points: &[(f64, f64)]) -> bool {
    let top = (0..points.len()).max_by(|&i, &j| points[i].1.total_cmp(&points[j].1));
    top.is_some_and(|top| monotone(&points[..=top], 1.0) && monotone(&points[top..], -1.0))
}

fn access(name: &str) -> Access {
    Access::ALL
        .into_iter()
        .find(|a| name.starts_with(a.name()))
        .unwrap_or_default()
}

const FIG2B: Sweep = Sweep {
    title: "SCNR against the power of BS1",
    x: ("power1_cap_w", "Power of BS1", "W"),
    y: 2,
    log_x: true,
    full: &[6.0, 10.0, 16.0, 30.0, 60.0, 100.0, 200.0, 316.0],
    quick: &[10.0, 30.0, 100.0],
    curves: &[
        ("proposed", "Proposed"),
        ("sensing_only", "Sensing beam only counted (NOMA-like)"),
        ("uniform", "Receive filter not optimised"),
    ],
    categories: &[],
    build: |curve, x, r, seed| {
        let mut p = draw(&Setup::default(), seed, r)?;
        p.access = Access::RsmaFixed;
        p.objective = Objective::Scnr;
        p.power1_max = x;
        p.power2_max = 20.0;
        match curve {
            "sensing_only" => p.illumination = Illumination::SensingBeam,
            "uniform" => p.filter = ReceiveFilter::Uniform,
            _ => {}
        }
        Ok(p)
    },
    chained: true,
    notes: &[
        "The SCNR constraint is active at every efficient design, so the SCNR itself is maximised subject to the other constraints; BS2 has 20 W.",
        "TDMA sensing (half of the time) is 3 dB below the proposed curve by definition and not drawn.",
    ],
    claims: |records| {
        let points = along(records, "proposed", 2);
        let order = records.xs("proposed").iter().all(|&x| {
            let v = paired(records, &["proposed", "sensing_only", "uniform"], x, 2);
            v[0] >= v[1] - 1e-6 && v[0] >= v[2] - 1e-6
        });
        vec![
            Claim::new(
                "The SCNR grows with the power of BS1",
                Verdict::of(monotone(&points, 1.0)),
                text(&points),
            ),
            Claim::new(
                "The proposed design has the best SCNR (partly by definition)",
                Verdict::of(order),
                String::new(),
            ),
        ]
    },
};

const SCHEMES: &[(&str, &str)] = &[
    ("rsma_free", "RSMA, free split"),
    ("rsma_fixed", "RSMA, fixed split"),
    ("sdma", "SDMA"),
    ("noma", "PD-NOMA"),
    ("oma", "OMA"),
];

const FIG2C: Sweep = Sweep {
    title: "Secrecy energy efficiency against the allocated power of BS2",
    x: ("power2_w", "Allocated power of BS2", "W"),
    y: 0,
    log_x: true,
    full: &[6.0, 8.0, 10.0, 13.0, 16.0, 22.0, 30.0, 60.0],
    quick: &[10.0, 16.0, 30.0],
    curves: &[
        ("rsma_free", "RSMA, free split"),
        ("rsma_fixed", "RSMA, fixed split"),
        ("sdma", "SDMA"),
        ("noma", "PD-NOMA"),
        ("oma", "OMA"),
        ("sdma_multicast", "SDMA, multicast target"),
        ("noma_multicast", "PD-NOMA, multicast target"),
        ("rsma_free_eps00", "RSMA, free split, no error"),
        ("rsma_free_eps20", "RSMA, free split, error 0.2"),
    ],
    categories: &[],
    build: |curve, x, r, seed| {
        let mut setup = Setup::default();
        if curve.ends_with("eps00") {
            setup.error = 0.0;
        } else if curve.ends_with("eps20") {
            setup.error = 0.2;
        }
        let mut p = draw(&setup, seed, r)?;
        p.access = access(curve);
        if curve.ends_with("multicast") {
            p.user_target = UserTarget::Multicast;
        }
        p.power2_max = x;
        p.accounting.allocated2 = Some(x);
        Ok(p)
    },
    chained: true,
    notes: &[
        "The allocated power of BS2 stands in the denominator; with the used power the optimum could not fall.",
        "Unicast users get I_p + I_c / N (the same total as under RSMA) or, in the curves marked multicast, I_p + I_c: the paper does not say which.",
    ],
    claims: |records| {
        let points = along(records, "rsma_free", 0);
        let at = 30.0;
        let v = paired(
            records,
            &["rsma_free", "rsma_fixed", "sdma", "noma", "oma"],
            at,
            0,
        );
        let m = paired(records, &["rsma_fixed", "sdma_multicast"], at, 0);
        let e = paired(
            records,
            &["rsma_free_eps00", "rsma_free", "rsma_free_eps20"],
            at,
            0,
        );
        let gain = |a: f64, b: f64| format!("{:+.1} %", 100.0 * (a / b - 1.0));
        vec![
            Claim::new(
                "The efficiency rises and then falls with the power of BS2",
                Verdict::of(unimodal(&points)),
                text(&points),
            ),
            Claim::new(
                "RSMA is best of the four access schemes",
                if v[0] >= v[2] && v[0] >= v[3] && v[0] >= v[4] {
                    if v[1] >= v[2] {
                        Verdict::Holds
                    } else {
                        Verdict::Partly
                    }
                } else {
                    Verdict::DoesNotHold
                },
                format!(
                    "at {at} W: free split {:.4}, fixed split {:.4}, SDMA {:.4}, NOMA {:.4}, OMA {:.4}; the printed scheme is the fixed split",
                    v[0], v[1], v[2], v[3], v[4]
                ),
            ),
            Claim::new(
                "RSMA gains 30-35 % on SDMA and OMA, 18-25 % on NOMA",
                Verdict::of(v[0] >= 1.3 * v[2] && v[0] >= 1.18 * v[3]),
                format!(
                    "free split: SDMA {}, NOMA {}, OMA {}; fixed split against the multicast target: SDMA {}",
                    gain(v[0], v[2]),
                    gain(v[0], v[3]),
                    gain(v[0], v[4]),
                    gain(m[0], m[1])
                ),
            ),
            Claim::new(
                "Errors of 0.1 and 0.2 cost 8-12 %",
                Verdict::of(e[2] >= 0.88 * e[0]),
                format!(
                    "error 0.1: {}, error 0.2: {}",
                    gain(e[1], e[0]),
                    gain(e[2], e[0])
                ),
            ),
        ]
    },
};

const FIG2D: Sweep = Sweep {
    title: "SCNR against secrecy rate",
    x: ("weight", "Weight of the SCNR", ""),
    y: 2,
    log_x: false,
    full: &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
    quick: &[0.0, 0.3, 0.5, 0.7, 0.9],
    curves: &[("rsma_fixed", "RSMA, fixed split")],
    categories: &[],
    build: |_, x, r, seed| {
        let mut p = draw(&Setup::default(), seed, r)?;
        p.access = Access::RsmaFixed;
        p.objective = Objective::Weighted { weight: x };
        p.power1_max = 30.0;
        p.power2_max = 20.0;
        Ok(p)
    },
    chained: true,
    notes: &[
        "Weighted sum of log2(1 + SCNR) and the secrecy rate; BS1 has 30 W, BS2 20 W. Both coordinates are in curve.csv.",
    ],
    claims: |records| {
        let (scnr, rate) = (
            along(records, "rsma_fixed", 2),
            along(records, "rsma_fixed", 1),
        );
        let at = |points: &[(f64, f64)], x: f64| {
            points
                .iter()
                .find(|p| (p.0 - x).abs() < 1e-9)
                .map_or(f64::NAN, |p| p.1)
        };
        let slope = (at(&scnr, 0.7) - at(&scnr, 0.3)) / (at(&rate, 0.7) - at(&rate, 0.3));
        vec![
            Claim::new(
                "More weight on the SCNR raises it and lowers the secrecy rate",
                Verdict::of(monotone(&scnr, 1.0) && monotone(&rate, -1.0)),
                format!("SCNR in dB {}; rate {}", text(&scnr), text(&rate)),
            ),
            Claim::new(
                "About -2.8 dB of SCNR per bps/Hz in the balanced region",
                if (-6.0..=-1.4).contains(&slope) {
                    Verdict::Partly
                } else {
                    Verdict::DoesNotHold
                },
                format!("{slope:.2} dB per bps/Hz between weights 0.3 and 0.7"),
            ),
        ]
    },
};

/// Array sides of Fig. 3(b), by index.
const ARRAYS: [[(usize, usize); 2]; 5] = [
    [(2, 2), (2, 2)],
    [(4, 2), (4, 2)],
    [(6, 2), (6, 2)],
    [(8, 2), (6, 2)],
    [(8, 2), (8, 2)],
];

const FIG3B: Sweep = Sweep {
    title: "Secrecy energy efficiency against antennas",
    x: ("arrays", "Antennas of BS1 and BS2", ""),
    y: 0,
    log_x: false,
    full: &[0.0, 1.0, 2.0, 3.0, 4.0],
    quick: &[1.0, 2.0, 3.0, 4.0],
    curves: &[
        ("low", "5.2 W + 0.2 W per antenna"),
        ("middle", "0.4 W + 0.4 W per antenna"),
        ("high", "1 W per antenna"),
    ],
    categories: &["(4, 4)", "(8, 8)", "(12, 12)", "(16, 12)", "(16, 16)"],
    build: |curve, x, r, seed| {
        let sides = ARRAYS[(x as usize).min(ARRAYS.len() - 1)];
        let setup = Setup {
            array1: sides[0],
            array2: sides[1],
            ..Setup::default()
        };
        let mut p = draw(&setup, seed, r)?;
        p.access = Access::RsmaFixed;
        let antennas = (p.cell.antennas1() + p.cell.antennas2()) as f64;
        p.circuit_power = match curve {
            "low" => 5.2 + 0.2 * antennas,
            "middle" => 0.4 + 0.4 * antennas,
            _ => antennas,
        };
        Ok(p)
    },
    chained: false,
    notes: &[
        "Circuit power grows with the antennas; three models. Means over the draws that have an answer.",
    ],
    claims: |records| {
        let at = |curve: &str, x: f64| records.summary(curve, x, 0).mean;
        let change =
            |curve: &str, from: f64, to: f64| 100.0 * (at(curve, to) / at(curve, from) - 1.0);
        let (a, b) = (change("low", 2.0, 3.0), change("low", 3.0, 4.0));
        let (c, d) = (change("high", 2.0, 3.0), change("high", 3.0, 4.0));
        vec![
            Claim::new(
                "(16, 12) gains about 10 % on (12, 12)",
                if a > 0.0 && c > 0.0 {
                    Verdict::Partly
                } else {
                    Verdict::DoesNotHold
                },
                format!("{a:+.1} % at 0.2 W per antenna, {c:+.1} % at 1 W"),
            ),
            Claim::new(
                "(16, 16) loses about 4.5 % on (16, 12)",
                if d < 0.0 {
                    Verdict::Partly
                } else {
                    Verdict::DoesNotHold
                },
                format!("{b:+.1} % at 0.2 W per antenna, {d:+.1} % at 1 W"),
            ),
        ]
    },
};

const FIG3C: Sweep = Sweep {
    title: "Secrecy energy efficiency against the number of users",
    x: ("users", "Users of BS2", ""),
    y: 0,
    log_x: false,
    full: &[2.0, 4.0, 6.0, 8.0, 10.0],
    quick: &[2.0, 4.0, 6.0],
    curves: &[
        ("used", "Used power"),
        ("allocated", "30 W allocated to BS2"),
    ],
    categories: &[],
    build: |curve, x, r, seed| {
        let setup = Setup {
            users: x as usize,
            ..Setup::default()
        };
        let mut p = draw(&setup, seed, r)?;
        p.access = Access::RsmaFixed;
        if curve == "allocated" {
            p.power2_max = 30.0;
            p.accounting.allocated2 = Some(30.0);
        }
        Ok(p)
    },
    chained: false,
    notes: &[
        "Means over draws that have an answer at every number of users are used for the claim.",
    ],
    claims: |records| {
        let points = along(records, "allocated", 0);
        let rises = points.len() > 1 && monotone(&points, 1.0);
        vec![Claim::new(
            "The efficiency rises with the users up to a peak at 12",
            Verdict::of(rises),
            format!(
                "every user brings its own rate constraint: {}",
                text(&points)
            ),
        )]
    },
};

const FIG3D: Sweep = Sweep {
    title: "Secrecy energy efficiency against the thresholds",
    x: ("threshold_bps_hz", "Thresholds I_S = I_c = I_p", "bps/Hz"),
    y: 0,
    log_x: false,
    full: &[2.0, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25],
    quick: &[1.5, 1.0, 0.5],
    curves: &[("used", "RSMA, fixed split")],
    categories: &[],
    build: |_, x, r, seed| {
        let mut p = draw(&Setup::default(), seed, r)?;
        p.access = Access::RsmaFixed;
        p.requirements.secrecy_rate = x;
        p.requirements.common_rate = x;
        p.requirements.private_rate = x;
        Ok(p)
    },
    chained: true,
    notes: &["Raising thresholds shrinks the feasible set: the optimum cannot have a peak."],
    claims: |records| {
        let points = along(records, "used", 0);
        vec![Claim::new(
            "The efficiency peaks at thresholds of 1 bps/Hz",
            Verdict::of(!monotone(&points, -1.0)),
            text(&points),
        )]
    },
};

fn scheme_problem(curve: &str, setup: &Setup, r: u64, seed: u64) -> Result<Problem, Source> {
    let mut p = draw(setup, seed, r)?;
    p.access = access(curve);
    Ok(p)
}

const FIG5: Sweep = Sweep {
    title: "Secrecy energy efficiency by topology",
    x: ("topology", "Topology", ""),
    y: 0,
    log_x: false,
    full: &[0.0, 1.0, 2.0],
    quick: &[0.0, 1.0, 2.0],
    curves: SCHEMES,
    categories: &["centralized", "edge", "hybrid"],
    build: |curve, x, r, seed| {
        let all = [Topology::Centralized, Topology::Edge, Topology::Hybrid];
        let setup = Setup {
            topology: all[(x as usize).min(2)],
            ..Setup::default()
        };
        scheme_problem(curve, &setup, r, seed)
    },
    chained: false,
    notes: &[
        "Used power. Panels (a) to (c) of the paper are the three categories, panel (d) their comparison.",
    ],
    claims: |records| {
        let names = ["rsma_free", "rsma_fixed", "sdma", "noma", "oma"];
        let at: Vec<Vec<f64>> = [0.0, 1.0, 2.0]
            .iter()
            .map(|&x| paired(records, &names, x, 0))
            .collect();
        let best = at.iter().all(|v| v[2..].iter().all(|o| v[0] >= *o));
        let fixed = at.iter().all(|v| v[2..].iter().all(|o| v[1] >= *o));
        let loss = 100.0 * (at[1][0] / at[0][0] - 1.0);
        vec![
            Claim::new("RSMA is best in all topologies", match (best, fixed) { (true, true) => Verdict::Holds, (true, false) => Verdict::Partly, _ => Verdict::DoesNotHold }, "free split; the fixed split alone in every topology would be needed for the printed claim".to_string()),
            Claim::new("Edge users cost about 18 % against centralized ones", if loss < 0.0 { Verdict::Partly } else { Verdict::DoesNotHold }, format!("{loss:+.1} %")),
        ]
    },
};

const FIG6A: Sweep = Sweep {
    title: "Secrecy energy efficiency by fading",
    x: ("fading", "Fading", ""),
    y: 0,
    log_x: false,
    full: &[0.0, 1.0, 2.0, 3.0],
    quick: &[0.0, 1.0, 2.0],
    curves: SCHEMES,
    categories: &[
        "Rician-shadowed",
        "Nakagami-2",
        "Rayleigh",
        "light shadowing",
    ],
    build: |curve, x, r, seed| {
        let mut setup = Setup::default();
        match x as usize {
            1 => setup.fading = Fading::Nakagami { order: 2.0 },
            2 => setup.fading = Fading::Rayleigh,
            3 => setup.shadowing = Shadowing::LIGHT,
            _ => {}
        }
        scheme_problem(curve, &setup, r, seed)
    },
    chained: false,
    notes: &["Used power; all laws with the same mean path power but the last."],
    claims: |records| {
        let mean = |x| records.summary("rsma_free", x, 0).mean;
        let (rician, nakagami, rayleigh) = (mean(0.0), mean(1.0), mean(2.0));
        vec![
            Claim::new(
                "The efficiency is best with a line of sight",
                Verdict::of(rician > nakagami && rician > rayleigh),
                format!("{rician:.4}, {nakagami:.4}, {rayleigh:.4}"),
            ),
            Claim::new(
                "Nakagami-2 lies above Rayleigh",
                if (nakagami / rayleigh - 1.0).abs() < 0.05 {
                    Verdict::NotTested
                } else {
                    Verdict::of(nakagami > rayleigh)
                },
                format!("{nakagami:.4} against {rayleigh:.4}"),
            ),
        ]
    },
};
