//! Fig. 6: how the schemes scale with the number of users, for many and for few targets.

use isac_algos::alpha_fair::Method;
use serde_json::json;

use super::{
    DROPS, PAPER, PRESETS, QUICK_DROPS, SCHEMES, SUM, assumption, design_by, design_metrics,
    median_ratio, record, scenario,
};
use crate::alpha_fair::scenario::Scenario;
use isac_lab::error::Error;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Records, Report, Request, Size, Task};
use isac_plot::figure::{Axis, Figure, Panel, Shown, Style};

pub(super) const ARTEFACT: Artefact = Artefact {
    paper: PAPER,
    name: "fig6",
    title: "Sum CRLB over the number of users at two rates, T = 10 and T = 3",
    presets: PRESETS,
    plan,
};

/// Required rates, Mbit/s.
const RATES: [f64; 2] = [25.0, 200.0];

/// One version: its targets, subcarriers and numbers of users.
#[derive(Debug, Clone, Copy)]
struct Version {
    targets: usize,
    subcarriers: usize,
    users: &'static [usize],
}

/// The scenario's targets, one user each at most, and fewer.
fn versions(base: &Scenario, size: Size) -> [Version; 2] {
    let many = |users| Version {
        targets: base.targets,
        subcarriers: base.subcarriers,
        users,
    };
    let few = |targets, subcarriers, users| Version {
        targets,
        subcarriers,
        users,
    };
    match size {
        Size::Full => [many(&[2, 4, 7, 10]), few(3, 32, &[3, 4, 6, 8, 10])],
        Size::Quick => [many(&[2, 4]), few(2, base.subcarriers, &[2, 4])],
    }
}

fn curve(scheme: Method, version: Version, rate: f64) -> String {
    format!("{}_t{}_r{rate}", scheme.name(), version.targets)
}

fn plan(request: &Request) -> Result<Plan, Error> {
    let base = scenario(request, ARTEFACT.name)?;
    let versions = versions(&base, request.size);
    let drops = request.realizations(DROPS, QUICK_DROPS)?;
    let seed = request.seed;
    let mut tasks = Vec::new();
    for &drop in &drops {
        for version in versions {
            for scheme in SCHEMES {
                let mut scenario = base.clone();
                scenario.targets = version.targets;
                scenario.subcarriers = version.subcarriers;
                let seconds = request.pick(0.12, 0.02) * version.subcarriers as f64;
                let id = format!("d{drop:02}/t{}/{}", version.targets, scheme.name());
                tasks.push(Task::records(id, scheme.name(), seconds, move || {
                    let mut records = Vec::new();
                    for rate in RATES {
                        for &users in version.users {
                            let scenario = Scenario {
                                min_rate_mbit_s: rate,
                                users,
                                ..scenario.clone()
                            };
                            let drawn = scenario.drop(seed, drop)?;
                            let found = design_by(scheme, &drawn.problem, drawn.start.as_ref())?;
                            let (name, x) = (curve(scheme, version, rate), users as f64);
                            let row = record(name, x, drop, &found, scenario.bandwidth_mhz);
                            records.push(row);
                        }
                    }
                    Ok(records)
                }));
            }
        }
    }
    let described = json!({"scenario": base, "rates_mbit_s": RATES, "drops": drops});
    Ok(Plan {
        x: Metric::new("users", "Users K", ""),
        metrics: design_metrics(),
        tasks,
        notes: vec![assumption(&base)],
        scenario: described,
        finish: Box::new(move |records| Ok(finish(records, &base, versions))),
    })
}

fn panels(records: &Records, versions: [Version; 2]) -> Vec<Panel> {
    let mut panels = Vec::new();
    for version in versions {
        for rate in RATES {
            let title = format!(
                "T = {}, N = {}, {rate} Mbit/s",
                version.targets, version.subcarriers
            );
            let mut panel = Panel::new(title, Axis::new("Users K"), Axis::log("Sum CRLB"));
            for (index, scheme) in SCHEMES.into_iter().enumerate() {
                let name = curve(scheme, version, rate);
                isac_lab::curves::median_curve(
                    &mut panel,
                    scheme.label(),
                    records,
                    &name,
                    SUM,
                    Style::curve(index),
                );
            }
            panels.push(panel);
        }
    }
    panels
}

/// Whether the proposed scheme is ahead of both baselines everywhere.
fn margin(records: &Records, versions: [Version; 2]) -> Ruling {
    let mut margin = Vec::new();
    for version in versions {
        for rate in RATES {
            for &users in version.users {
                for other in [Method::Mono, Method::Flat] {
                    let (x, ours) = (users as f64, curve(Method::Augmented, version, rate));
                    let theirs = curve(other, version, rate);
                    let ratios = super::ratios(records, (&theirs, x), (&ours, x), SUM);
                    let at = format!(
                        "{}, T = {}, {rate} Mbit/s, K = {users}",
                        other.name(),
                        version.targets
                    );
                    margin.push((at, Ruling::mean(&ratios, Side::AtLeast(1.0))));
                }
            }
        }
    }
    Ruling::together(margin)
}

fn claims(records: &Records, [many, few]: [Version; 2]) -> Vec<Claim> {
    let growth = |scheme, version: Version, rate, from: usize, to: usize| {
        let name = curve(scheme, version, rate);
        let (top, bottom) = (version.users[to] as f64, version.users[from] as f64);
        median_ratio(records, (&name, top), (&name, bottom), SUM)
    };
    let last = |version: Version| version.users.len() - 1;
    let mono_relaxed = growth(Method::Mono, many, RATES[0], 0, last(many));
    let ours_relaxed = growth(Method::Augmented, many, RATES[0], 0, last(many));
    let tight_many = SCHEMES.map(|s| growth(s, many, RATES[1], 0, last(many)));
    let middle = last(few) / 2;
    let tight_few = SCHEMES.map(|s| growth(s, few, RATES[1], middle, last(few)));
    let grows = |scheme, version: Version, rate, from: usize, side| {
        let name = curve(scheme, version, rate);
        let (top, bottom) = (version.users[last(version)], version.users[from]);
        let ends = [(&*name, top as f64), (&*name, bottom as f64)];
        Ruling::mean(&super::ratios(records, ends[0], ends[1], SUM), side)
    };
    let text = |values: [f64; 3]| values.map(|v| format!("{v:.2}")).join(", ");
    vec![
        Claim::new(
            "At the relaxed rate each user adds an observation and lowers the CRLB; mono degrades slightly",
            Ruling::together([
                (
                    Method::Augmented.name().into(),
                    grows(Method::Augmented, many, RATES[0], 0, Side::AtMost(1.0)),
                ),
                (
                    "mono".into(),
                    grows(Method::Mono, many, RATES[0], 0, Side::AtLeast(0.99)),
                ),
            ]),
            format!(
                "factor from the fewest to the most users, T = {}: augmented {ours_relaxed:.2}, mono {mono_relaxed:.2}",
                many.targets
            ),
        ),
        Claim::new(
            "At the tight rate the CRLBs of all schemes increase with K",
            Ruling::together(
                [(many, 0), (few, middle)]
                    .into_iter()
                    .flat_map(|(version, from)| {
                        SCHEMES.map(|scheme| {
                            let name = format!("{}, T = {}", scheme.name(), version.targets);
                            let ruling = grows(scheme, version, RATES[1], from, Side::AtLeast(1.0));
                            (name, ruling)
                        })
                    }),
            ),
            format!(
                "factors for mono, flat, augmented: T = {}, all K: {}; T = {}, K from {} to {}: {}. While users are needed to cover targets, more of them help.",
                many.targets,
                text(tight_many),
                few.targets,
                few.users[middle],
                few.users[last(few)],
                text(tight_few)
            ),
        ),
        Claim::new(
            "The proposed scheme keeps its margin over both baselines",
            margin(records, [many, few]),
            "at every K, rate and T",
        ),
    ]
}

fn finish(records: &Records, base: &Scenario, versions: [Version; 2]) -> Report {
    let failed = records.rows.iter().filter(|row| row.failed).count();
    let [many, few] = versions.map(|version| version.targets);
    let title = format!("Number of users, alpha = {}", base.alpha);
    let mut figure = Figure::new(title, panels(records, versions));
    // At 200 Mbit/s a drop that only just meets the rates has a CRLB 10^4 times the others'.
    figure.shown = Shown::Median;
    Report {
        figure: figure
            .footnote(format!("The first K users of each drop. T = {many}: one user per target at most; T = {few}: several users per target."))
            .footnote(format!(
                "Median over the drops that meet the rate; {failed} of {} designs miss it and are left out.",
                records.rows.len()
            ))
            .footnote(assumption(base)),
        claims: claims(records, versions),
        grade: Grade::Trend,
        ..Report::default()
    }
}
