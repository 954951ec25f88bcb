//! Figs. 3 and 4 of the paper: SINR and sensing SNR against the share of the power, and against the
//! least distance of target and users.
//!
//! Without the authors' files the positions are drawn here and the means are compared with those of the
//! released draws. With them every draw is the released one and is compared by itself; the joint design
//! then takes the stored SINR of NS+OPT as floor.

mod front;

use std::sync::Arc;

use isac_lab::error::{Error, Source};
use isac_lab::published::{Numbers, drawn};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Records, Report, Request, Task, curves};
use isac_opt::StopReason;
use isac_plot::figure::{Axis, Figure, Panel, Style};

use super::method::{Method, Outcome};
use super::released::{self, Draw, Stored};
use super::scenario::{Scenario, of_figure};

/// In the order of the released files.
pub(super) const METHODS: [Method; 4] = [Method::NsRzf, Method::NsOpt, Method::CbOpt, Method::Jsc];
pub(super) const SHARES: [f64; 7] = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99];
pub(super) const DISTANCES: [f64; 3] = [0.0, 20.0, 40.0];

/// Keys of the metrics that are published.
const KEYS: [&str; 2] = ["min_sinr", "sensing_snr"];

/// What a legend calls a method.
fn label(method: Method) -> &'static str {
    match method {
        Method::NsRzf => "Null-space sensing, regularised zero forcing",
        Method::NsOpt => "Null-space sensing, best users' beams",
        Method::CbOpt => "Conjugate sensing, best users' beams",
        Method::Jsc => "Joint design",
    }
}

/// All artefacts.
pub(super) fn all() -> Vec<Artefact> {
    let of = |name, title, plan| Artefact {
        paper: "cell_free",
        name,
        title,
        presets: &["released"],
        plan,
    };
    vec![
        of(
            "fig3",
            "SINR and sensing SNR against the share of the power",
            fig3 as _,
        ),
        of(
            "fig4",
            "SINR and sensing SNR against the least distance",
            fig4 as _,
        ),
        front::artefact(),
    ]
}

/// A figure: its axis and its points, and the name by which its published numbers are known.
#[derive(Clone, Copy)]
struct Sweep {
    x: (&'static str, &'static str, &'static str),
    points: &'static [f64],
    artefact: &'static str,
    shares: bool,
}

fn fig3(request: &Request) -> Result<Plan, Error> {
    let sweep = Sweep {
        x: ("share", "Share of the power for communication", ""),
        points: &SHARES,
        artefact: "fig3",
        shares: true,
    };
    let draws = match &request.reference {
        Some(folder) => Some(released::read_whole(folder, released::POWER, SHARES.len())?),
        None => None,
    };
    plan(request, sweep, draws.map(|all| vec![all]))
}

fn fig4(request: &Request) -> Result<Plan, Error> {
    let sweep = Sweep {
        x: (
            "least_distance_m",
            "Least distance of target and users",
            "m",
        ),
        points: &DISTANCES,
        artefact: "fig4",
        shares: false,
    };
    let draws = match &request.reference {
        Some(folder) => {
            let all = released::DISTANCE.map(|name| released::read_whole(folder, name, 1));
            Some(all.into_iter().collect::<Result<Vec<_>, _>>()?)
        }
        None => None,
    };
    plan(request, sweep, draws)
}

/// Positions and what is stored at point `k` of a draw.
fn scene(
    sweep: Sweep,
    setting: &Scenario,
    draws: Option<&[Vec<Draw>]>,
    (seed, i, k): (u64, usize, usize),
) -> Result<
    (
        Scenario,
        isac_algos::cell_free::Network,
        Option<[Stored; 4]>,
    ),
    Source,
> {
    let mut scenario = setting.clone();
    match sweep.shares {
        true => scenario.share = sweep.points[k],
        false => scenario.least_distance_m = sweep.points[k],
    }
    let Some(draws) = draws else {
        let found = scenario.network_of_draw(seed, i, released::DRAWS)?;
        return Ok((scenario, found, None));
    };
    let (draw, setting) = match sweep.shares {
        true => (&draws[0][i], k),
        false => (&draws[k][i], 0),
    };
    let found = draw.network(&scenario)?;
    Ok((scenario, found, Some(draw.settings[setting])))
}

/// The records of one draw at one point.
fn records(
    sweep: Sweep,
    setting: &Scenario,
    draws: Option<&[Vec<Draw>]>,
    at: (u64, usize, usize),
) -> Result<Vec<Record>, Source> {
    let (seed, i, k) = at;
    let (scenario, network, stored) = scene(sweep, setting, draws, (seed, i, k))?;
    let x = sweep.points[k];
    let mut floor = stored.map(|all| all[1].optimum);
    let mut out = Vec::new();
    for (j, method) in METHODS.into_iter().enumerate() {
        let floors = floor.map(|f| vec![f; network.users()]);
        let outcome = method.run(&network, scenario.share, floors.as_deref())?;
        let theirs = stored.map_or([f64::NAN; 3], |all| {
            [all[j].sinr, all[j].sensing, all[j].optimum]
        });
        out.push(match outcome {
            Outcome::Found(found) => {
                let (sinr, sensing) = (
                    found.evaluation.min_sinr(),
                    found.evaluation.min_sensing_snr(),
                );
                if method == Method::NsOpt && floor.is_none() {
                    floor = Some(sinr);
                }
                let mut metrics = vec![sinr, sensing, found.upper];
                metrics.extend(theirs);
                let name = method.name();
                crate::record(name, x, i, StopReason::Tolerance, metrics)
            }
            Outcome::Infeasible { .. } => Record::failed(method.name(), x, i, "infeasible"),
            Outcome::Unknown => Record::failed(method.name(), x, i, "unknown"),
        });
    }
    Ok(out)
}

fn plan(request: &Request, sweep: Sweep, draws: Option<Vec<Vec<Draw>>>) -> Result<Plan, Error> {
    let setting = of_figure(sweep.artefact)?;
    let text = include_str!("../published.csv");
    let published = Numbers::parse("cell_free/published.csv", text)?.of(sweep.artefact);
    let draws = draws.map(Arc::new);
    let exact = draws.is_some();
    let seed = request.seed;
    let mut tasks = Vec::new();
    for i in request.realizations(released::DRAWS, 8)? {
        let (draws, setting) = (draws.clone(), setting.clone());
        let run = move || {
            let mut all = Vec::new();
            for k in 0..sweep.points.len() {
                let given = draws.as_ref().map(|d| d.as_slice());
                all.extend(records(sweep, &setting, given, (seed, i, k))?);
            }
            Ok(all)
        };
        let seconds = 0.01 * sweep.points.len() as f64;
        tasks.push(Task::records(
            format!("r{i:04}"),
            "all methods",
            seconds,
            run,
        ));
    }
    let (key, label, unit) = sweep.x;
    let metric = |key: &str, label: &str| Metric::new(key, label, "");
    let mut metrics = vec![
        metric("min_sinr", "Smallest SINR"),
        metric("sensing_snr", "Sensing SNR"),
        metric("upper_bound", "Bound on the method's objective"),
    ];
    metrics.extend([
        metric("released_min_sinr", "Released: smallest SINR"),
        metric("released_sensing_snr", "Released: sensing SNR"),
        metric("released_optimum", "Released: optimum of the solver"),
    ]);
    Ok(Plan {
        x: Metric::new(key, label, unit),
        metrics,
        tasks,
        notes: vec![if exact {
            "the released draws; the joint design takes the stored SINR of NS+OPT as floor".into()
        } else {
            "positions drawn here; with --reference DIR (the authors' .mat files) the released ones"
                .into()
        }],
        scenario: serde_json::json!(setting),
        finish: Box::new(move |records| Ok(report(sweep, &published, exact, records))),
    })
}

fn report(sweep: Sweep, published: &Numbers, exact: bool, records: &Records) -> Report {
    let mut panels = Vec::new();
    for (metric, quantity) in [(0, "Smallest SINR"), (1, "Sensing SNR")] {
        let (_, title, unit) = sweep.x;
        let axis = Metric::new("x", title, unit).title();
        let mut panel = Panel::new("", Axis::new(axis), Axis::new(quantity));
        for (j, method) in METHODS.into_iter().enumerate() {
            let name = method.name();
            curves::mean_curve(
                &mut panel,
                label(method),
                records,
                name,
                metric,
                Style::curve(j),
            );
            let released = published.points(name, KEYS[metric]);
            panel.published(label(method), released, Style::curve(j));
        }
        panels.push(panel);
    }
    let mut out = Report {
        figure: Figure::new("Cell-free ISAC", panels),
        table: published.table(|row| drawn(records, &KEYS, row)),
        claims: claims(sweep, records),
        grade: Grade::Statistical,
        ..Report::default()
    };
    if exact {
        grade(records, &mut out);
    }
    out
}

/// What the paper says of the joint design.
fn claims(sweep: Sweep, records: &Records) -> Vec<Claim> {
    let lead = |other: Method, metric: usize| {
        Ruling::together(sweep.points.iter().map(|&x| {
            let pair = ((Method::Jsc.name(), x), (other.name(), x));
            let lead = records.paired(pair.0, pair.1, metric);
            (format!("{x}"), Ruling::mean(&lead, Side::AtLeast(0.0)))
        }))
    };
    vec![
        Claim::new(
            "The joint design senses better than the null-space beam at the same SINR",
            lead(Method::NsOpt, 1),
            "its floor is what NS+OPT reaches",
        ),
        Claim::new(
            "The joint design gives the users more than conjugate sensing does",
            lead(Method::CbOpt, 0),
            "of smallest SINRs",
        ),
    ]
}

/// Each draw against what is stored of it.
fn grade(records: &Records, out: &mut Report) {
    let rows = |method: Method| {
        let of = records
            .rows
            .iter()
            .filter(move |row| row.algorithm == method.name());
        of.filter(|row| !row.failed && row.metrics.len() == 6)
    };
    let (mut stored, mut close, mut far, mut above, mut restored) = (0, 0, 0, 0, 0);
    for row in rows(Method::Jsc) {
        let (ours, upper, theirs) = (row.metrics[1], row.metrics[2], row.metrics[5]);
        if theirs.is_nan() || theirs <= 0.0 {
            restored += 1;
            continue;
        }
        stored += 1;
        let distance = (ours / theirs - 1.0).abs();
        close += usize::from(distance <= 1e-7);
        far += usize::from(distance > 1e-6);
        above += usize::from(theirs > upper);
    }
    out.notes.push(format!(
        "jsc: {stored} stored optima, {close} within 1e-7, {far} beyond 1e-6; {above} lie above our certified bound; {restored} records without a stored optimum solved"
    ));
    if far > 0 {
        out.failures
            .push(format!("jsc: {far} optima differ by more than 1e-6"));
    }
    for method in [Method::NsOpt, Method::CbOpt] {
        let (mut all, mut outside, mut proved) = (0, 0, 0);
        for row in rows(method) {
            let (ours, upper, beams, optimum) = (
                row.metrics[0],
                row.metrics[2],
                row.metrics[3],
                row.metrics[5],
            );
            if optimum.is_nan() || optimum <= 0.0 {
                continue;
            }
            all += 1;
            proved += usize::from(beams > upper);
            let low = ours < beams * (1.0 - 2e-4) && beams <= upper;
            outside += usize::from(low || ours > optimum + 1e-2);
        }
        let name = method.name();
        out.notes.push(format!(
            "{name}: {all} stored values; {outside} outside the bisection's tolerance; {proved} stored beams lie above our certified bound, which beams within the power cannot"
        ));
        if outside > 0 {
            out.failures.push(format!(
                "{name}: {outside} values outside the bisection's tolerance"
            ));
        }
    }
    let apart = |row: &Record| {
        let pairs = [
            (row.metrics[0], row.metrics[3]),
            (row.metrics[1], row.metrics[4]),
        ];
        pairs
            .iter()
            .map(|(a, b)| (a / b - 1.0).abs())
            .fold(0.0, f64::max)
    };
    let worst = rows(Method::NsRzf).map(apart).fold(0.0, f64::max);
    out.notes
        .push(format!("ns-rzf: largest relative difference {worst:.1e}"));
    if worst > 2e-5 {
        out.failures
            .push(format!("ns-rzf: values differ by {worst:.1e}"));
    }
    if out.failures.is_empty() {
        out.grade = Grade::Exact;
    }
}
