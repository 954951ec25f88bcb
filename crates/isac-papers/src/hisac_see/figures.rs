//! The artefacts of [hisac_see]: every panel as a sweep of designs by the direct route.

use super::against;
use super::power;
use super::problems::{ARRAYS, scheme_problem};
use super::scenario::{Scenario, draw};
use super::sweep::{
    BY_POWER, Order, Sweep, ahead, along, by_preset, gain, gains_are, metrics, paired, percent,
    plan, text,
};
use isac_algos::hisac_see::{Access, Illumination, Objective};
use isac_lab::error::{Error, Source};
use isac_lab::stats::Summary;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Plan};
use isac_metrics::scnr::ReceiveFilter;
use isac_models::channel::{Fading, Shadowing};
use isac_models::scene::Topology;
use isac_plot::figure::{Axis, Panel, Style};

const DEFAULT: &[&str] = &["default"];
/// Artefacts of the paper, in order.
pub(super) fn artefacts() -> Vec<Artefact> {
    let artefact = |name, title, plan| Artefact {
        paper: "hisac_see",
        name,
        title,
        presets: DEFAULT,
        plan,
    };
    // The paper's axis is the power of BS2; the text compares at one power.
    let both = |name, title, plan| Artefact {
        presets: BY_POWER,
        ..artefact(name, title, plan)
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
        artefact(
            "errors",
            "efficiency against the error radius by access scheme (text of Fig. 2c)",
            |r| plan(r, &ERRORS),
        ),
        artefact("fig2d", "SCNR against secrecy rate", |r| {
            plan(r, &FIG2D).map(as_front)
        }),
        both(
            "fig3b",
            "efficiency against antennas and circuit power",
            |r| by_preset(r, &FIG3B, &power::FIG3B),
        ),
        both("fig3c", "efficiency against the number of users", |r| {
            by_preset(r, &FIG3C, &power::FIG3C)
        }),
        both("fig3d", "efficiency against the rate thresholds", |r| {
            by_preset(r, &FIG3D, &power::FIG3D)
        }),
        artefact("fig5d", "efficiency by topology and access scheme", |r| {
            plan(r, &FIG5D)
        }),
        both("fig6a", "efficiency by fading and access scheme", |r| {
            by_preset(r, &FIG6A, &power::FIG6A)
        }),
    ]
}

/// A curve that the sweep does not draw.
fn no_curve(curve: &str, sweep: &Sweep) -> Source {
    Error::unknown("curve", curve, sweep.curves.iter().map(|c| c.0)).into()
}

const FIG2B: Sweep = Sweep {
    artefact: "fig2b",
    ours: against::nothing,
    mark: against::unmarked,
    title: "SCNR against the power of BS1",
    x: ("power1_cap_w", "Power of BS1", "W"),
    y: 2,
    log_x: true,
    joined: true,
    seconds: 0.13,
    full: &[6.0, 10.0, 16.0, 30.0, 60.0, 100.0, 200.0, 316.0],
    quick: &[10.0, 30.0, 100.0],
    curves: &[
        ("proposed", "Proposed"),
        ("sensing_only", "Sensing beam only counted (NOMA-like)"),
        ("uniform", "Receive filter not optimised"),
    ],
    categories: &[],
    build: |curve, x, r, seed| {
        let mut p = draw(&Scenario::default(), seed, r)?;
        p.access = Access::RsmaFixed;
        p.objective = Objective::Scnr;
        p.power1_max = x;
        p.power2_max = 20.0;
        match curve {
            "sensing_only" => p.illumination = Illumination::SensingBeam,
            "uniform" => p.filter = ReceiveFilter::Uniform,
            "proposed" => {}
            other => return Err(no_curve(other, &FIG2B)),
        }
        Ok(p)
    },
    order: Order::Chained,
    notes: &[
        "The SCNR constraint is active at every efficient design, so the SCNR itself is maximised subject to the other constraints; BS2 has 20 W.",
        "TDMA sensing (half of the time) is 3 dB below the proposed curve by definition and not drawn.",
    ],
    claims: |records| {
        let points = along(records, "proposed", 2);
        let order = Ruling::together(records.xs("proposed").iter().flat_map(|&x| {
            ["sensing_only", "uniform"].map(|other| {
                let lead = records.paired(("proposed", x), (other, x), 2);
                let ruling = Ruling::mean(&lead, Side::AtLeast(-1e-6));
                (format!("over {other} at {x} W"), ruling)
            })
        }));
        vec![
            Claim::new(
                "The SCNR grows with the power of BS1",
                Ruling::rises(records, "proposed", 2),
                text(&points),
            ),
            Claim::new(
                "The proposed design has the best SCNR (partly by definition)",
                order,
                records
                    .xs("proposed")
                    .iter()
                    .map(|&x| {
                        let v = paired(records, &["proposed", "sensing_only", "uniform"], x, 2);
                        format!(
                            "{x} W: sensing beam only {:+.1} dB, filter not optimised {:+.1} dB",
                            v[1] - v[0],
                            v[2] - v[0]
                        )
                    })
                    .collect::<Vec<_>>()
                    .join("; "),
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
    artefact: "fig2c",
    ours: against::gains_of_fixed_split,
    mark: against::unmarked,
    title: "Secrecy energy efficiency against the allocated power of BS2",
    x: ("power2_w", "Allocated power of BS2", "W"),
    y: 0,
    log_x: true,
    joined: true,
    seconds: 0.33,
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
        ("oma_multicast", "OMA, multicast target"),
        ("rsma_free_eps00", "RSMA, free split, no error"),
        ("rsma_free_eps20", "RSMA, free split, error 0.2"),
    ],
    categories: &[],
    build: |curve, x, r, seed| {
        let mut setup = Scenario::default();
        if curve.ends_with("eps00") {
            setup.error = 0.0;
        } else if curve.ends_with("eps20") {
            setup.error = 0.2;
        }
        let mut p = scheme_problem(curve, &setup, r, seed)?;
        p.power2_max = x;
        p.accounting.allocated2 = Some(x);
        Ok(p)
    },
    order: Order::Nested,
    notes: &[
        "The allocated power of BS2 stands in the denominator; with the used power the optimum could not fall.",
        "Unicast users get I_p + I_c / N (the same total as under RSMA) or, in the curves marked multicast, I_p + I_c: the paper does not say which.",
        "Means over the draws that have a design.",
    ],
    claims: |records| {
        let points = along(records, "rsma_free", 0);
        let at = 30.0;
        let over = |ours: &str, theirs: &str| gain(records, (ours, at), (theirs, at));
        let unicast = ["sdma", "noma", "oma"].map(|name| over("rsma_free", name));
        let fixed = ["sdma", "noma", "oma"].map(|name| over("rsma_fixed", name));
        let multicast = ["sdma_multicast", "noma_multicast", "oma_multicast"]
            .map(|name| over("rsma_fixed", name));
        let all = |list: &[Summary; 3]| list.each_ref().map(percent).join(", ");
        let others = ["sdma", "noma", "oma"];
        let multicasts = ["sdma_multicast", "noma_multicast", "oma_multicast"];
        let ranges = [(30.0, 35.0), (18.0, 25.0), (30.0, 35.0)];
        let inside = |names: [&'static str; 3]| {
            Ruling::together(names.into_iter().zip(ranges).map(|(name, (low, high))| {
                let side = Side::Between(low, high);
                let ruling = gains_are(records, ("rsma_fixed", at), (name, at), side);
                (format!("over {name}"), ruling)
            }))
        };
        vec![
            Claim::new(
                "The efficiency rises and then falls with the power of BS2",
                Ruling::peaks(records, "rsma_free", 0),
                text(&points),
            ),
            Claim::new(
                "RSMA with the printed fixed split is best of the four access schemes",
                Ruling::together([
                    (
                        "unicast target".into(),
                        ahead(records, "rsma_fixed", &others, &[at]),
                    ),
                    (
                        "multicast target".into(),
                        ahead(records, "rsma_fixed", &multicasts, &[at]),
                    ),
                ]),
                format!(
                    "at {at} W over SDMA, NOMA, OMA: free split {}; printed fixed split {}; fixed split against the multicast target {}",
                    all(&unicast),
                    all(&fixed),
                    all(&multicast)
                ),
            ),
            Claim::new(
                "RSMA with a free split is best of the four access schemes (ours)",
                ahead(records, "rsma_free", &others, &[at]),
                all(&unicast),
            ),
            Claim::new(
                "RSMA gains 30-35 % on SDMA and OMA, 18-25 % on NOMA",
                Ruling::together([
                    ("unicast target".into(), inside(others)),
                    ("multicast target".into(), inside(multicasts)),
                ]),
                "fixed split; the paper does not say which target the others have",
            ),
        ]
    },
};

const ERRORS: Sweep = Sweep {
    artefact: "errors",
    ours: against::losses,
    mark: against::mark_losses,
    title: "Secrecy energy efficiency against the error radius",
    x: ("error", "Error radius relative to each channel", ""),
    y: 0,
    log_x: false,
    joined: true,
    seconds: 0.16,
    full: &[0.0, 0.05, 0.1, 0.2],
    quick: &[0.0, 0.1, 0.2],
    curves: &[
        ("rsma_free", "RSMA, free split"),
        ("rsma_fixed", "RSMA, fixed split"),
        ("sdma", "SDMA"),
        ("noma", "PD-NOMA"),
        ("oma", "OMA"),
        ("sdma_multicast", "SDMA, multicast target"),
        ("noma_multicast", "PD-NOMA, multicast target"),
        ("oma_multicast", "OMA, multicast target"),
    ],
    categories: &[],
    build: |curve, x, r, seed| {
        let setup = Scenario {
            error: x,
            ..Scenario::default()
        };
        scheme_problem(curve, &setup, r, seed)
    },
    order: Order::Chained,
    notes: &[
        "Used power. Unicast users get I_p + I_c / N or, in the curves marked multicast, I_p + I_c.",
    ],
    claims: |records| {
        let loss = |name: &str, x: f64| gain(records, (name, x), (name, 0.0));
        let xs = records.xs("rsma_free");
        let costs: Vec<(f64, Summary)> = xs
            .iter()
            .skip(1)
            .map(|&x| (x, loss("rsma_fixed", x)))
            .collect();
        let claimed = [0.1, 0.2].map(|x| {
            let side = Side::Between(-12.0, -8.0);
            let ruling = gains_are(records, ("rsma_fixed", x), ("rsma_fixed", 0.0), side);
            (format!("error {x}"), ruling)
        });
        let others = ["sdma", "noma", "oma"];
        vec![
            Claim::new(
                "Errors of 0.1 and 0.2 cost 8-12 %",
                Ruling::together(claimed),
                costs
                    .iter()
                    .map(|(x, s)| format!("error {x}: {}", percent(s)))
                    .collect::<Vec<_>>()
                    .join("; "),
            ),
            Claim::new(
                "RSMA with a free split stays best at every error (ours)",
                ahead(records, "rsma_free", &others, &xs),
                "",
            ),
            Claim::new(
                "RSMA stays best at every error",
                ahead(records, "rsma_fixed", &others, &xs),
                xs.iter()
                    .map(|&x| {
                        format!(
                            "error {x}: over SDMA {}, fixed split {}",
                            percent(&gain(records, ("rsma_free", x), ("sdma", x))),
                            percent(&gain(records, ("rsma_fixed", x), ("sdma", x)))
                        )
                    })
                    .collect::<Vec<_>>()
                    .join("; "),
            ),
        ]
    },
};

const FIG2D: Sweep = Sweep {
    artefact: "fig2d",
    ours: |records, _| against::slopes(records),
    mark: against::unmarked,
    title: "SCNR against secrecy rate",
    x: ("weight", "Weight of the SCNR", ""),
    y: 2,
    log_x: false,
    joined: true,
    seconds: 0.15,
    full: &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
    quick: &[0.0, 0.3, 0.5, 0.7, 0.9],
    curves: &[("rsma_fixed", "RSMA, fixed split")],
    categories: &[],
    build: |_, x, r, seed| {
        let mut p = draw(&Scenario::default(), seed, r)?;
        p.access = Access::RsmaFixed;
        p.objective = Objective::Weighted { weight: x };
        p.power1_max = 30.0;
        p.power2_max = 20.0;
        Ok(p)
    },
    order: Order::Chained,
    notes: &[
        "Weighted sum of log2(1 + SCNR) and the secrecy rate; BS1 has 30 W, BS2 20 W. Labels: weight of the SCNR. Means over draws.",
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
        let slopes = against::slopes(records);
        let slope = (at(&scnr, 0.7) - at(&scnr, 0.3)) / (at(&rate, 0.7) - at(&rate, 0.3));
        vec![
            Claim::new(
                "More weight on the SCNR raises it and lowers the secrecy rate",
                Ruling::together([
                    ("SCNR rises".into(), Ruling::rises(records, "rsma_fixed", 2)),
                    ("rate falls".into(), Ruling::falls(records, "rsma_fixed", 1)),
                ]),
                format!("SCNR in dB {}; rate {}", text(&scnr), text(&rate)),
            ),
            Claim::new(
                "About -2.8 dB of SCNR per bps/Hz in the balanced region",
                Ruling::mean(&slopes, Side::about(-2.8)),
                format!("{slope:.2} dB per bps/Hz between weights 0.3 and 0.7"),
            ),
        ]
    },
};

const FIG3B: Sweep = Sweep {
    artefact: "fig3b",
    ours: against::steps_of_arrays,
    mark: against::mark_arrays,
    title: "Secrecy energy efficiency against antennas",
    x: ("arrays", "Antennas of BS1 and BS2", ""),
    y: 0,
    log_x: false,
    joined: true,
    seconds: 0.07,
    full: &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
    quick: &[1.0, 2.0, 3.0, 4.0],
    curves: &[
        ("low", "5.2 W + 0.2 W per antenna"),
        ("middle", "0.4 W + 0.4 W per antenna"),
        ("high", "1 W per antenna"),
    ],
    categories: &[
        "(4, 4)", "(8, 8)", "(12, 12)", "(16, 12)", "(16, 16)", "(32, 32)",
    ],
    build: |curve, x, r, seed| {
        let sides = ARRAYS[(x as usize).min(ARRAYS.len() - 1)];
        let setup = Scenario {
            array1: sides[0],
            array2: sides[1],
            ..Scenario::default()
        };
        let mut p = draw(&setup, seed, r)?;
        p.access = Access::RsmaFixed;
        let antennas = (p.cell.antennas1() + p.cell.antennas2()) as f64;
        p.circuit_power = match curve {
            "low" => 5.2 + 0.2 * antennas,
            "middle" => 0.4 + 0.4 * antennas,
            "high" => antennas,
            other => return Err(no_curve(other, &FIG3B)),
        };
        Ok(p)
    },
    order: Order::Alone,
    notes: &[
        "Circuit power grows with the antennas; three models. Means over the draws that have an answer.",
    ],
    claims: |records| {
        let change = |curve: &str, from: f64, to: f64| gain(records, (curve, to), (curve, from));
        let curves = ["low", "middle", "high"];
        let all = |from, to| curves.map(|c| change(c, from, to));
        let print = |list: &[Summary; 3]| {
            let cells = ["0.2", "0.4", "1"].iter().zip(list);
            cells
                .map(|(w, s)| format!("{w} W per antenna {}", percent(s)))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let under_each = |ruling: &dyn Fn(&'static str) -> Ruling| {
            Ruling::together(curves.map(|curve| (curve.to_string(), ruling(curve))))
        };
        let about = |from: f64, to: f64, published: f64| {
            let side = Side::about(published);
            under_each(&|curve| gains_are(records, (curve, to), (curve, from), side))
        };
        // Steps of one curve against each other, as relative gains in percent.
        let more = |first: [f64; 2], second: [f64; 2]| {
            under_each(&|curve| {
                let at = [first[0], first[1], second[0], second[1]].map(|x| (curve, x));
                let rows = records.joint(&at, 0);
                let leads: Vec<f64> = rows
                    .iter()
                    .map(|v| 100.0 * (v[1] / v[0] - v[3] / v[2]))
                    .collect();
                Ruling::mean(&leads, Side::AtLeast(0.0))
            })
        };
        let (small, first, second) = (all(1.0, 2.0), all(2.0, 3.0), all(3.0, 4.0));
        vec![
            Claim::new(
                "The first antennas gain most (198.9 % from (4, 4) to (12, 12))",
                more([1.0, 2.0], [2.0, 3.0]),
                format!(
                    "(8, 8) to (12, 12): {}; most draws have no feasible design with (4, 4)",
                    print(&small)
                ),
            ),
            Claim::new(
                "(16, 12) gains about 10 % on (12, 12)",
                about(2.0, 3.0, 10.0),
                print(&first),
            ),
            Claim::new(
                "(16, 16) loses about 4.5 % on (16, 12)",
                about(3.0, 4.0, -4.5),
                print(&second),
            ),
            Claim::new(
                "Antennas of BS1 matter more than those of BS2",
                more([2.0, 3.0], [3.0, 4.0]),
                "the step to (16, 12) against the step to (16, 16), as above".to_string(),
            ),
        ]
    },
};

const FIG3C: Sweep = Sweep {
    artefact: "fig3c",
    ours: against::peak,
    mark: against::mark_peak,
    title: "Secrecy energy efficiency against the number of users",
    x: ("users", "Users of BS2", ""),
    y: 0,
    log_x: false,
    joined: true,
    seconds: 1.4,
    full: &[2.0, 4.0, 6.0, 8.0, 10.0, 12.0],
    quick: &[2.0, 4.0, 6.0],
    curves: &[
        ("used", "Used power"),
        ("allocated", "30 W allocated to BS2"),
    ],
    categories: &[],
    build: |curve, x, r, seed| {
        let setup = Scenario {
            users: x as usize,
            ..Scenario::default()
        };
        let mut p = draw(&setup, seed, r)?;
        p.access = Access::RsmaFixed;
        match curve {
            "used" => {}
            "allocated" => {
                p.power2_max = 30.0;
                p.accounting.allocated2 = Some(30.0);
            }
            other => return Err(no_curve(other, &FIG3C)),
        }
        Ok(p)
    },
    order: Order::Alone,
    notes: &[
        "Means over draws that have an answer at every number of users are used for the claim.",
    ],
    claims: |records| {
        let points = along(records, "allocated", 0);
        vec![Claim::new(
            "The efficiency rises with the users up to a peak at 12",
            Ruling::rises(records, "allocated", 0),
            format!(
                "every user brings its own rate constraint: {}",
                text(&points)
            ),
        )]
    },
};

const FIG3D: Sweep = Sweep {
    artefact: "fig3d",
    ours: against::peak,
    mark: against::mark_peak,
    title: "Secrecy energy efficiency against the thresholds",
    x: ("threshold_bps_hz", "Thresholds I_S = I_c = I_p", "bps/Hz"),
    y: 0,
    log_x: false,
    joined: true,
    seconds: 0.1,
    full: &[2.0, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25],
    quick: &[1.5, 1.0, 0.5],
    curves: &[("used", "RSMA, fixed split")],
    categories: &[],
    build: |_, x, r, seed| {
        let mut p = draw(&Scenario::default(), seed, r)?;
        p.access = Access::RsmaFixed;
        p.requirements.secrecy_rate = x;
        p.requirements.common_rate = x;
        p.requirements.private_rate = x;
        Ok(p)
    },
    order: Order::Chained,
    notes: &["Raising thresholds shrinks the feasible set: the optimum cannot have a peak."],
    claims: |records| {
        let points = along(records, "used", 0);
        vec![Claim::new(
            "The efficiency peaks inside the range of thresholds (at 1 bps/Hz)",
            Ruling::peaks(records, "used", 0),
            text(&points),
        )]
    },
};

/// Draws the two coordinates of the sweep against each other instead of against the weight.
fn as_front(plan: Plan) -> Plan {
    let finish = plan.finish;
    Plan {
        finish: Box::new(move |records| {
            let mut report = finish(records)?;
            let list = metrics();
            let (rate, scnr) = (
                along(records, "rsma_fixed", 1),
                along(records, "rsma_fixed", 2),
            );
            let points = rate.iter().zip(&scnr).map(|(r, s)| [r.1, s.1]).collect();
            let mut panel = Panel::new("", Axis::new(list[1].title()), Axis::new(list[2].title()));
            panel.line("RSMA, fixed split", points, Style::curve(0));
            for (r, s) in rate.iter().zip(&scnr) {
                panel.text([r.1, s.1], format!("  {}", r.0));
            }
            report.figure.panels = vec![panel];
            Ok(report)
        }),
        ..plan
    }
}

const FIG5D: Sweep = Sweep {
    artefact: "fig5d",
    ours: against::topologies,
    mark: against::mark_topologies,
    title: "Secrecy energy efficiency by topology",
    x: ("topology", "Topology", ""),
    y: 0,
    log_x: false,
    joined: false,
    seconds: 0.1,
    full: &[0.0, 1.0, 2.0],
    quick: &[0.0, 1.0, 2.0],
    curves: SCHEMES,
    categories: &["centralized", "edge", "hybrid"],
    build: |curve, x, r, seed| {
        let all = [Topology::Centralized, Topology::Edge, Topology::Hybrid];
        let setup = Scenario {
            topology: all[(x as usize).min(2)],
            ..Scenario::default()
        };
        scheme_problem(curve, &setup, r, seed)
    },
    order: Order::Alone,
    notes: &["Used power. The topologies are drawn in panels (a) to (c)."],
    claims: |records| {
        let others = ["sdma", "noma", "oma"];
        let everywhere = [0.0, 1.0, 2.0];
        let cells: Vec<String> = ["centralized", "edge", "hybrid"]
            .iter()
            .zip([0.0, 1.0, 2.0])
            .map(|(name, x)| {
                let cell = |ours, theirs| percent(&gain(records, (ours, x), (theirs, x)));
                format!(
                    "{name}: free split over SDMA {}, NOMA {}, OMA {}; fixed split over SDMA {}",
                    cell("rsma_free", "sdma"),
                    cell("rsma_free", "noma"),
                    cell("rsma_free", "oma"),
                    cell("rsma_fixed", "sdma")
                )
            })
            .collect();
        let loss = gain(records, ("rsma_free", 1.0), ("rsma_free", 0.0));
        vec![
            Claim::new(
                "RSMA with a free split is best in all topologies (ours)",
                ahead(records, "rsma_free", &others, &everywhere),
                "",
            ),
            Claim::new(
                "RSMA is best in all topologies",
                ahead(records, "rsma_fixed", &others, &everywhere),
                cells.join("; "),
            ),
            Claim::new(
                "Edge users cost about 18 % against centralized ones",
                gains_are(
                    records,
                    ("rsma_fixed", 1.0),
                    ("rsma_fixed", 0.0),
                    Side::about(-18.0),
                ),
                format!("free split {}", percent(&loss)),
            ),
        ]
    },
};

const FIG6A: Sweep = Sweep {
    artefact: "fig6a",
    ours: against::nothing,
    mark: against::unmarked,
    title: "Secrecy energy efficiency by fading",
    x: ("fading", "Fading", ""),
    y: 0,
    log_x: false,
    joined: false,
    seconds: 0.08,
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
        let mut setup = Scenario::default();
        match x as usize {
            1 => setup.fading = Fading::Nakagami { order: 2.0 },
            2 => setup.fading = Fading::Rayleigh,
            3 => setup.shadowing = Shadowing::LIGHT,
            _ => {}
        }
        scheme_problem(curve, &setup, r, seed)
    },
    order: Order::Alone,
    notes: &["Used power; all laws with the same mean path power but the last."],
    claims: |records| {
        let mean = |x| records.summary("rsma_free", x, 0).mean;
        let (rician, nakagami, rayleigh) = (mean(0.0), mean(1.0), mean(2.0));
        let over = |ours: f64, theirs: f64| {
            let (ours, theirs) = (("rsma_free", ours), ("rsma_free", theirs));
            gains_are(records, ours, theirs, Side::AtLeast(0.0))
        };
        let best = |ours| ahead(records, ours, &["sdma", "noma", "oma"], &[0.0, 1.0, 2.0]);
        vec![
            Claim::new(
                "The efficiency is best with a line of sight",
                Ruling::together([
                    ("over Nakagami-2".into(), over(0.0, 1.0)),
                    ("over Rayleigh".into(), over(0.0, 2.0)),
                ]),
                format!("{rician:.4}, Nakagami-2 {nakagami:.4}, Rayleigh {rayleigh:.4}"),
            ),
            Claim::new("Nakagami-2 lies above Rayleigh", over(1.0, 2.0), ""),
            Claim::new(
                "RSMA is best under every fading law",
                best("rsma_fixed"),
                "fixed split against SDMA, NOMA and OMA",
            ),
            Claim::new(
                "RSMA with a free split is best under every fading law (ours)",
                best("rsma_free"),
                "",
            ),
        ]
    },
};
