//! Fig. 2(b) to (d): SCNR and efficiency against powers, and against each other; the errors of its text.

use super::against;
use super::problems::scheme_problem;
use super::sweep::{
    Order, Sweep, ahead, along, gain, gains_are, metrics, no_curve, paired, percent, text,
};
use crate::hisac_see::scenario::{Scenario, draw};
use isac_algos::hisac_see::{Illumination, Objective};
use isac_lab::Plan;
use isac_lab::stats::Summary;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_metrics::scnr::ReceiveFilter;
use isac_plot::figure::{Axis, Panel, Style};

pub(super) const FIG2B: Sweep = Sweep {
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
    build: |setting, curve, x, r, seed| {
        let mut p = draw(&setting, seed, r)?;
        p.objective = Objective::Scnr;
        p.power1_max = x;
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

pub(super) const FIG2C: Sweep = Sweep {
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
    build: |mut setting, curve, x, r, seed| {
        if curve.ends_with("eps00") {
            setting.error = 0.0;
        } else if curve.ends_with("eps20") {
            setting.error = 0.2;
        }
        let mut p = scheme_problem(curve, &setting, r, seed)?;
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

pub(super) const ERRORS: Sweep = Sweep {
    artefact: "errors",
    ours: against::losses,
    mark: against::mark_losses,
    title: "Secrecy energy efficiency against the error radius",
    x: ("error", "Error radius relative to each channel", ""),
    y: 0,
    log_x: false,
    joined: true,
    seconds: 0.16,
    full: &[0.2, 0.1, 0.05, 0.0],
    quick: &[0.2, 0.1, 0.0],
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
    build: |setting, curve, x, r, seed| {
        let setup = Scenario {
            error: x,
            ..setting
        };
        scheme_problem(curve, &setup, r, seed)
    },
    // A design for a greater error is one for a smaller error.
    order: Order::Nested,
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

pub(super) const FIG2D: Sweep = Sweep {
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
    build: |setting, _, x, r, seed| {
        let mut p = draw(&setting, seed, r)?;
        p.objective = Objective::Weighted { weight: x };
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

/// Draws the two coordinates of the sweep against each other instead of against the weight.
pub(super) fn as_front(plan: Plan) -> Plan {
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
