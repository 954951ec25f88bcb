//! Fig. 3(b) to (d) at one power: the efficiency against antennas, users and thresholds.

use super::against;
use super::problems::ARRAYS;
use super::sweep::{Order, Sweep, along, gain, gains_are, no_curve, percent, text};
use crate::hisac_see::scenario::{Scenario, draw};
use isac_lab::stats::Summary;
use isac_lab::verdict::{Claim, Ruling, Side};

pub(super) const FIG3B: Sweep = Sweep {
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
    build: |setting, curve, x, r, seed| {
        let sides = ARRAYS[(x as usize).min(ARRAYS.len() - 1)];
        let setup = Scenario {
            array1: sides[0],
            array2: sides[1],
            ..setting
        };
        let mut p = draw(&setup, seed, r)?;
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

pub(super) const FIG3C: Sweep = Sweep {
    artefact: "fig3c",
    ours: against::peak,
    mark: against::mark_peak,
    title: "Secrecy energy efficiency against the number of users",
    x: ("users", "Users of BS2", ""),
    y: 0,
    log_x: false,
    joined: true,
    seconds: 0.57,
    full: &[2.0, 4.0, 6.0, 8.0, 10.0, 12.0],
    quick: &[2.0, 4.0, 6.0],
    curves: &[
        ("used", "Used power"),
        ("allocated", "30 W allocated to BS2"),
    ],
    categories: &[],
    build: |setting, curve, x, r, seed| {
        let setup = Scenario {
            users: x as usize,
            ..setting
        };
        let mut p = draw(&setup, seed, r)?;
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

pub(super) const FIG3D: Sweep = Sweep {
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
    build: |setting, _, x, r, seed| {
        let mut p = draw(&setting, seed, r)?;
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
