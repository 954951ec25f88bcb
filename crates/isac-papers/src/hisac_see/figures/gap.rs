//! How far designs can be from the best one, and which orderings of access schemes are theorems: certified
//! bounds of the efficiency on many draws.

use crate::hisac_see::scenario::{Scenario, draw, of_figure};
use crate::hisac_see::solve::report;
use crate::hisac_see::{explicit, proof};
use isac_algos::hisac_see::relaxation::prove_infeasible;
use isac_algos::hisac_see::{Access, Method, direct, global};
use isac_lab::error::{Error, Source};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Metric, Plan, Record, Records, Report, Request, Size, Task, TaskOutput};
use isac_opt::conic;
use isac_plot::figure::{Axis, Figure, Panel, Style};
use serde_json::{Value, json};

/// The artefact of this file.
pub(super) fn artefacts() -> Vec<Artefact> {
    vec![Artefact {
        paper: "hisac_see",
        name: "gap",
        title: "certified gaps of the efficiency, and orderings of access schemes that are proved",
        presets: &["default"],
        plan,
    }]
}

/// Schemes with their labels; the position is the x of a record. Time division is left out: its slots are
/// bounded one by one, which shows nothing.
const SCHEMES: [(Access, &str); 4] = [
    (Access::RsmaFree, "RSMA, free split"),
    (Access::RsmaFixed, "RSMA, fixed split"),
    (Access::Sdma, "SDMA"),
    (Access::Noma, "PD-NOMA"),
];
/// Metrics of a record.
const VALUE: usize = 0;
const BOUND: usize = 1;
const GAP: usize = 2;
/// Bound where it is proved that there is no design.
const NONE: f64 = 0.0;

fn plan(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("gap")?;
    let seed = request.seed;
    let schemes: &[(Access, &str)] = request.pick(&SCHEMES, &SCHEMES[1..3]);
    let nodes = request.pick(global::Options::default().nodes, 20);
    // Those of 100 draws would fill a disk.
    let proofs = request.size == Size::Quick || request.realization.is_some();
    let tasks = request.realizations(100, 2)?.into_iter().flat_map(|r| {
        schemes.iter().map(move |&(access, label)| {
            let id = format!("{}/r{r:03}", access.name());
            Task::with_data(id, label, 3.0, move || {
                let (record, proof) = bounded(setting, access, nodes, (seed, r))?;
                Ok(TaskOutput {
                    records: vec![record],
                    data: proof.filter(|_| proofs).unwrap_or_default(),
                })
            })
        })
    });
    Ok(Plan {
        x: Metric::new("scheme", "Access scheme", ""),
        metrics: vec![
            Metric::new(
                "efficiency_bps_hz_w",
                "Secrecy energy efficiency",
                "bps/Hz/W",
            ),
            Metric::new("bound_bps_hz_w", "Bound on every design", "bps/Hz/W"),
            Metric::new("relative_gap", "Certified gap", ""),
            Metric::new("boxes", "Boxes", ""),
            Metric::new("programs", "Semidefinite programs", ""),
        ],
        tasks: tasks.collect(),
        notes: vec!["The default problem. The bound is over all designs of a scheme; an ordering is proved on a draw where a design of one scheme is better than the bound of the other, or the other is proved to have no design.".into()],
        scenario: json!({"setup": setting, "nodes": nodes}),
        finish: Box::new(|records| Ok(finish(records))),
    })
}

/// The design of a scheme on a draw with its bound and the proof of it. Without a design the record says so, with a bound of 0
/// where there is proved to be none.
fn bounded(
    setting: Scenario,
    access: Access,
    nodes: usize,
    (seed, r): (u64, usize),
) -> Result<(Record, Option<Value>), Source> {
    let mut problem = draw(&setting, seed, r as u64)?;
    problem.access = access;
    let x = SCHEMES.iter().position(|(other, _)| *other == access);
    let x = x.unwrap_or_default() as f64;
    let found = direct::design(&problem, &[], &direct::Options::default())?;
    if !found.feasible {
        let proof = prove_infeasible(&problem, &conic::Options::default())?;
        let why = if proof.no_design() {
            PROVED
        } else {
            "no feasible point"
        };
        return Ok((Record::failed(access.name(), x, r, why), None));
    }
    let options = global::Options {
        nodes,
        ..global::Options::default()
    };
    let value = found.report.efficiency;
    let proved = global::solve(&problem, value, &options, |_| true)?;
    let values = vec![
        value,
        proved.bound,
        proved.bound / value - 1.0,
        proved.nodes as f64,
        proved.programs as f64,
    ];
    let report = report(&problem, Method::Direct, &found);
    let proof = proof::write(explicit::written(&setting, &problem), &report, &proved);
    let record = crate::record(access.name(), x, r, found.stopped, values);
    Ok((record, Some(proof)))
}

/// What a record says where no design exists.
const PROVED: &str = "proved infeasible";

fn finish(records: &Records) -> Report {
    let mut panel = Panel::new(
        "",
        Axis::log("Certified gap (relative)"),
        Axis::new("Share of draws"),
    );
    let mut claims = Vec::new();
    let present: Vec<(usize, &str, &str)> = SCHEMES
        .iter()
        .enumerate()
        .map(|(x, (access, label))| (x, access.name(), *label))
        .filter(|(x, name, _)| records.at(name, *x as f64).next().is_some())
        .collect();
    for &(x, name, label) in &present {
        let rows = records.at(name, x as f64).filter(|row| !row.failed);
        let mut gaps: Vec<f64> = rows.map(|row| row.metrics[GAP]).collect();
        gaps.sort_by(f64::total_cmp);
        let share = |k: usize| (k + 1) as f64 / gaps.len() as f64;
        let points = gaps.iter().enumerate();
        let points = points.map(|(k, gap)| [gap.max(1e-6), share(k)]).collect();
        panel.line(label, points, Style::curve(x).no_marker());
        let median = gaps.get(gaps.len() / 2).copied().unwrap_or(f64::NAN);
        claims.push(Claim::new(
            format!("(ours) {label}: the certified gap is at most 1 % on average"),
            Ruling::mean(&gaps, Side::AtMost(0.01)),
            format!(
                "median {:.2} %, largest {:.2} %, {} draws with a design",
                100.0 * median,
                100.0 * gaps.last().copied().unwrap_or(f64::NAN),
                gaps.len()
            ),
        ));
    }
    for (i, ours) in present.iter().enumerate() {
        for theirs in &present[i + 1..] {
            let pair = [(ours.0, ours.1), (theirs.0, theirs.1)];
            let counts = Orderings::count(records, pair);
            let cases = counts.proved + counts.observed + counts.against[0] + counts.against[1];
            claims.push(Claim::new(
                format!("(ours) {} is ahead of {}, as a theorem", ours.2, theirs.2),
                Ruling::every(counts.proved, cases + counts.open),
                counts.text(ours.2, theirs.2),
            ));
        }
    }
    let proofs = records.data.iter();
    Report {
        figure: Figure::new("Certified gaps of the efficiency", vec![panel]),
        claims,
        proofs: proofs
            .map(|(task, proof)| (task.replace('/', "-"), proof.clone()))
            .collect(),
        ..Report::default()
    }
}

/// On how many draws one scheme is ahead of another.
#[derive(Debug, Default, PartialEq)]
struct Orderings {
    /// The first is: its design is better than the other's bound.
    proved: usize,
    /// Its design is better than the other's.
    observed: usize,
    /// The other is: proved, observed.
    against: [usize; 2],
    /// One of them has no design, and no proof that there is none.
    open: usize,
}

impl Orderings {
    fn count(records: &Records, pair: [(usize, &str); 2]) -> Self {
        let mut out = Self::default();
        let [ours, theirs] = pair.map(|(x, name)| (name, x as f64));
        // Value and bound, if they are known.
        let known = |row: &Record| {
            let none = (row.stop_reason == PROVED).then_some((NONE, NONE));
            let found = (!row.failed).then(|| (row.metrics[VALUE], row.metrics[BOUND]));
            found.or(none)
        };
        for a in records.at(ours.0, ours.1) {
            let mut others = records.at(theirs.0, theirs.1);
            let b = others.find(|row| row.realization == a.realization);
            match (known(a), b.and_then(known)) {
                (Some((value, bound)), Some((other, most))) => {
                    if value > most {
                        out.proved += 1;
                    } else if other > bound {
                        out.against[0] += 1;
                    } else if value > other {
                        out.observed += 1;
                    } else if other > value {
                        out.against[1] += 1;
                    } else {
                        out.open += 1;
                    }
                }
                (None, _) | (_, None) => out.open += 1,
            }
        }
        out
    }

    fn text(&self, ours: &str, theirs: &str) -> String {
        format!(
            "{ours} ahead: proved {}, observed {}; {theirs} ahead: proved {}, observed {}; open {}",
            self.proved, self.observed, self.against[0], self.against[1], self.open
        )
    }
}
