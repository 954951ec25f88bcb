//! Ours: what an iteration of the paper's descent costs over the number of users, for three numbers of
//! subcarriers. Section IV-B says that it is linear in both. Counted, not timed: what the clock says stands
//! with the timing alone.

use isac_algos::alpha_fair::{Method, Problem};
use serde_json::json;

use super::{
    DROPS, PAPER, PRESETS, QUICK_DROPS, assumption, design_by, median_ratio, ratios, scenario,
};
use crate::alpha_fair::scenario::Scenario;
use isac_lab::clock::timed;
use isac_lab::error::Error;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Records, Report, Request, Task, Timing};
use isac_plot::figure::{Axis, Figure, Panel, Style};

pub(super) const ARTEFACT: Artefact = Artefact {
    paper: PAPER,
    name: "cost",
    title: "Ours: what an iteration costs over the number of users",
    presets: PRESETS,
    plan,
};

/// Numbers of users; the middle one doubled is the last.
const USERS: [usize; 4] = [2, 5, 10, 20];
/// Shares of the scenario's subcarriers; each is twice the one before.
const SHARES: [usize; 3] = [4, 2, 1];

const COST: usize = 0;
const EVALUATIONS: usize = 2;

fn curve(subcarriers: usize) -> String {
    format!("n{subcarriers}")
}

/// Multiplications of one evaluation with gradient: every beam with every steering vector and channel of
/// its subcarrier, there and back, complex; the echoes of every target at every node, real.
fn multiplications(problem: &Problem) -> f64 {
    let streams = problem.streams();
    let [n, beams, users] =
        [streams.subcarriers, streams.per_subcarrier(), streams.users].map(|x| x as f64);
    let (antennas, targets) = (
        problem.antennas() as f64,
        problem.sensing().targets() as f64,
    );
    let nodes = problem.sensing().nodes() as f64;
    2.0 * n * beams * antennas * (targets + users) + 2.0 * n * targets * nodes
}

fn plan(request: &Request) -> Result<Plan, Error> {
    let base = scenario(request, ARTEFACT.name)?;
    let drops = request.realizations(DROPS, QUICK_DROPS)?;
    let seed = request.seed;
    let sizes = SHARES.map(|share| base.subcarriers / share);
    let mut tasks = Vec::new();
    for &drop in &drops {
        for subcarriers in sizes {
            let base = base.clone();
            let id = format!("d{drop:02}/n{subcarriers}");
            let seconds = request.pick(6e-3, 2e-3) * subcarriers as f64;
            let label = format!("N = {subcarriers}");
            tasks.push(Task::records(id, label, seconds, move || {
                let mut records = Vec::new();
                for users in USERS {
                    let scenario = Scenario {
                        subcarriers,
                        users,
                        ..base.clone()
                    };
                    let drawn = scenario.drop(seed, drop)?;
                    let run = || design_by(Method::Paper, &drawn.problem, drawn.start.as_ref());
                    let (found, seconds) = timed(run);
                    let found = found?;
                    let each = multiplications(&drawn.problem);
                    let per_iteration = found.evaluations as f64 / found.iterations as f64;
                    let metrics = vec![
                        each * per_iteration,
                        each,
                        per_iteration,
                        found.iterations as f64,
                    ];
                    let (name, x) = (curve(subcarriers), users as f64);
                    let row = crate::record(name, x, drop, found.stopped, metrics);
                    records.push(row.timed(seconds / found.iterations as f64));
                }
                Ok(records)
            }));
        }
    }
    Ok(Plan {
        x: Metric::new("users", "Users K", ""),
        metrics: vec![
            Metric::new("multiplications", "Multiplications of an iteration", ""),
            Metric::new(
                "multiplications_of_one",
                "Multiplications of an evaluation",
                "",
            ),
            Metric::new("evaluations", "Evaluations in an iteration", ""),
            Metric::new("iterations", "Iterations", ""),
        ],
        tasks,
        notes: vec![assumption(&base)],
        scenario: json!({"scenario": base, "subcarriers": sizes, "drops": drops}),
        finish: Box::new(move |records| Ok(finish(records, &base, sizes))),
    })
}

fn panel(records: &Records, sizes: [usize; 3], metric: usize, y: Axis) -> Panel {
    let mut panel = Panel::new("", Axis::new("Users K"), y);
    for (index, subcarriers) in sizes.into_iter().enumerate() {
        let label = format!("N = {subcarriers}");
        let style = Style::curve(index);
        let name = curve(subcarriers);
        isac_lab::curves::mean_curve(&mut panel, label, records, &name, metric, style);
    }
    panel
}

/// How much an iteration costs more when one size is doubled, against twice and a tenth.
fn claims(records: &Records, sizes: [usize; 3]) -> Vec<Claim> {
    let names = sizes.map(curve);
    let users = USERS.map(|users| users as f64);
    let by_size = |x: f64| ratios(records, (&names[2], x), (&names[1], x), COST);
    let by_users = |name: &str| ratios(records, (name, users[3]), (name, users[2]), COST);
    let twice = Side::AtMost(2.2);
    let growth = median_ratio(records, (&names[2], users[3]), (&names[2], users[2]), COST);
    vec![
        Claim::new(
            "The cost of an iteration is linear in the number of subcarriers",
            Ruling::together(users.map(|x| (format!("K = {x}"), Ruling::mean(&by_size(x), twice)))),
            format!(
                "twice as many cost at most 2.2 times as much, N = {} to {}",
                sizes[1], sizes[2]
            ),
        ),
        Claim::new(
            "The cost of an iteration is linear in the number of users",
            Ruling::together(
                names
                    .iter()
                    .zip(sizes)
                    .map(|(name, n)| (format!("N = {n}"), Ruling::mean(&by_users(name), twice))),
            ),
            format!(
                "twice as many cost at most 2.2 times as much, K = {} to {}; here {growth:.2} times in the median: every user's stream disturbs every other user",
                USERS[2], USERS[3]
            ),
        ),
    ]
}

fn finish(records: &Records, base: &Scenario, sizes: [usize; 3]) -> Report {
    let panels = vec![
        panel(
            records,
            sizes,
            COST,
            Axis::log("Multiplications of an iteration"),
        ),
        panel(
            records,
            sizes,
            EVALUATIONS,
            Axis::new("Evaluations in an iteration"),
        ),
    ];
    let mut measured = Panel::new(
        "",
        Axis::new("Users K"),
        Axis::log("Seconds of an iteration"),
    );
    for (index, subcarriers) in sizes.into_iter().enumerate() {
        let name = curve(subcarriers);
        let seconds = |users: f64| -> Vec<f64> {
            records
                .at(&name, users)
                .filter_map(|row| row.seconds)
                .collect()
        };
        let timed = USERS.map(|users| (users as f64, seconds(users as f64)));
        let timed = timed.into_iter().filter(|(_, seconds)| !seconds.is_empty());
        let points: Vec<[f64; 2]> = timed
            .map(|(users, seconds)| [users, isac_lab::stats::median(&seconds)])
            .collect();
        if !points.is_empty() {
            measured.line(format!("N = {subcarriers}"), points, Style::curve(index));
        }
    }
    let title = "What an iteration of the conjugate gradient costs";
    Report {
        figure: Figure::new(title, panels).footnote(format!(
            "T = {}, {} antennas. Multiplications of beams with channels and steering vectors, complex, and of echoes, real; the line search evaluates again.",
            base.targets, base.antennas
        )),
        grade: Grade::Unpublished,
        claims: claims(records, sizes),
        timing: Timing {
            figure: Figure::new("Time of an iteration, median", vec![measured]),
            ..Timing::default()
        },
        ..Report::default()
    }
}
