//! NOMA over all decoding orders: what the usual one, by channel norm, gives away, and what is left of the lead of
//! rate splitting.

use super::sweep::{gain, gains_are, metrics, percent, record};
use crate::hisac_see::scenario::{Scenario, draw, of_figure};
use isac_algos::hisac_see::direct::{self, Solution};
use isac_algos::hisac_see::{Access, Problem};
use isac_lab::error::{Error, Source};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Records, Report, Request, Task};
use isac_plot::figure::{Axis, Figure, Panel, Style};
use serde_json::json;

/// The artefact of this file.
pub(super) fn artefacts() -> Vec<Artefact> {
    vec![Artefact {
        paper: "hisac_see",
        name: "decoding_orders",
        title: "NOMA by channel norm and in the best of all decoding orders",
        presets: super::DEFAULT,
        plan,
    }]
}

const BEST: &str = "noma_best";
const CURVES: [(&str, &str); 4] = [
    ("rsma_free", "RSMA, free split"),
    ("rsma_fixed", "RSMA, fixed split"),
    ("noma", "PD-NOMA, by channel norm"),
    (BEST, "PD-NOMA, best of all orders"),
];

fn plan(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("decoding_orders")?;
    let seed = request.seed;
    let powers: &[f64] = request.pick(&[10.0, 30.0], &[30.0]);
    let tasks = request.realizations(100, 2)?.into_iter().map(|r| {
        let seconds = 2.0 * powers.len() as f64;
        Task::records(format!("r{r:03}"), "all orders", seconds, move || {
            let at = |&power: &f64| designs(&setting, power, seed, r);
            Ok(powers
                .iter()
                .map(at)
                .collect::<Result<Vec<_>, _>>()?
                .concat())
        })
    });
    let label = "Allocated power of BS2";
    Ok(Plan {
        x: Metric::new("power2_w", label, "W"),
        metrics: metrics(),
        tasks: tasks.collect(),
        notes: vec!["Rates and allocated power as in Fig. 2(c), unicast target. The best order is found draw by draw, by a design in each.".into()],
        scenario: json!({"powers": powers, "setup": setting}),
        finish: Box::new(move |records| {
            let x = Axis::log(format!("{label} (W)"));
            let mut panel = Panel::new("", x, Axis::new(metrics()[0].title()));
            for (i, (name, label)) in CURVES.into_iter().enumerate() {
                isac_lab::curves::mean_curve(&mut panel, label, records, name, 0, Style::curve(i));
            }
            Ok(Report {
                figure: Figure::new("NOMA over all decoding orders", vec![panel]),
                claims: claims(records),
                grade: Grade::Trend,
                ..Report::default()
            })
        }),
    })
}

fn claims(records: &Records) -> Vec<Claim> {
    let xs = records.xs(BEST);
    let over = |ours: &'static str, theirs: &'static str, side: Side| {
        let at = |&x: &f64| {
            let ruling = gains_are(records, (ours, x), (theirs, x), side);
            (format!("at {x} W"), ruling)
        };
        Ruling::together(xs.iter().map(at))
    };
    let gains = |ours: &str, theirs: &str| {
        let at = |&x: &f64| format!("{x} W: {}", percent(&gain(records, (ours, x), (theirs, x))));
        xs.iter().map(at).collect::<Vec<_>>().join(", ")
    };
    vec![
        Claim::new(
            "(ours) decoding by channel norm gives away at most 1 % of NOMA's efficiency",
            over(BEST, "noma", Side::AtMost(1.0)),
            gains(BEST, "noma"),
        ),
        Claim::new(
            "RSMA with the printed fixed split is ahead of NOMA in its best order",
            over("rsma_fixed", BEST, Side::AtLeast(0.0)),
            gains("rsma_fixed", BEST),
        ),
        Claim::new(
            "RSMA with a free split is ahead of NOMA in its best order (ours)",
            over("rsma_free", BEST, Side::AtLeast(0.0)),
            gains("rsma_free", BEST),
        ),
    ]
}

/// Each curve's design of a draw.
fn designs(setting: &Scenario, power: f64, seed: u64, r: usize) -> Result<Vec<Record>, Source> {
    let mut problem = draw(setting, seed, r as u64)?;
    problem.power2_max = power;
    problem.accounting.allocated2 = Some(power);
    let mut rows = Vec::new();
    for access in [Access::RsmaFree, Access::RsmaFixed] {
        problem.access = access;
        let found = direct::design(&problem, &[], &direct::Options::default())?;
        rows.push(record(access.name(), power, r, &found));
    }
    problem.access = Access::Noma;
    let [usual, best] = over_orders(&problem)?;
    rows.push(record("noma", power, r, &usual));
    rows.push(record(BEST, power, r, &best));
    Ok(rows)
}

/// The design of NOMA by channel norm, and the best over all decoding orders.
fn over_orders(problem: &Problem) -> Result<[Solution; 2], Source> {
    let in_order = |order: Vec<usize>| {
        let mut problem = problem.clone();
        problem.decoding_order = Some(order);
        direct::design(&problem, &[], &direct::Options::default())
    };
    let usual = problem.users_in_order();
    let found = in_order(usual.clone())?;
    let mut best = found.clone();
    for order in orders(problem.cell.users()) {
        if order == usual {
            continue;
        }
        let other = in_order(order)?;
        if other.beats(&best) {
            best = other;
        }
    }
    Ok([found, best])
}

/// Every order of `n` users.
fn orders(n: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for user in 0..n {
        let longer = all.into_iter().flat_map(|order: Vec<usize>| {
            (0..=order.len()).map(move |at| {
                let mut longer = order.clone();
                longer.insert(at, user);
                longer
            })
        });
        all = longer.collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_once() {
        let mut all = orders(4);
        assert!(
            all.iter()
                .all(|order| (0..4).all(|user| order.contains(&user)))
        );
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 24);
    }

    /// With one user there is nothing to order; with two the best of both orders is no worse than either, and
    /// exchanging the users exchanges the orders.
    #[test]
    fn the_best_order_is_no_worse_and_follows_the_users() {
        let setting = Scenario {
            users: 2,
            ..of_figure("decoding_orders").unwrap()
        };
        let mut problem = draw(&setting, 1, 0).unwrap();
        problem.access = Access::Noma;
        let value = |found: &Solution| {
            assert!(found.feasible);
            found.report.efficiency
        };
        let [usual, best] = over_orders(&problem).unwrap();
        assert!(value(&best) >= value(&usual));
        let mut exchanged = problem.clone();
        let swap = |m: &isac_linalg::Mat<isac_linalg::c64>| {
            isac_linalg::Mat::from_fn(m.nrows(), 2, |i, j| m[(i, 1 - j)])
        };
        exchanged.cell.g_users = swap(&problem.cell.g_users);
        exchanged.cell.h_users = swap(&problem.cell.h_users);
        let order: Vec<usize> = problem.users_in_order().iter().map(|u| 1 - u).collect();
        assert_eq!(exchanged.users_in_order(), order);
        let [other, other_best] = over_orders(&exchanged).unwrap();
        assert!((value(&other) / value(&usual) - 1.0).abs() < 1e-4);
        assert!((value(&other_best) / value(&best) - 1.0).abs() < 1e-4);
    }
}
