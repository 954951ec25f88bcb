//! Figures and tables of `noma`, and three artefacts of our own: `pattern`, `lemma1`, `stress`.
//!
//! What an artefact poses stands in `scenarios/`; the points it varies and what it draws stand here.

mod achieved;
mod max_min;
mod own_artefacts;
mod power;
mod robust;
mod robust_oma;
mod stress;

use isac_algos::noma::Scene;
use isac_metrics::noma::SicSet;

use super::scenario::{Scenario, of_figure};
use isac_lab::error::{Error, Source};
use isac_lab::published::Numbers;
use isac_lab::verdict::Ruling;
use isac_lab::{Artefact, Metric, Plan, Records, Report, Request, Task, TaskOutput};

const PRESETS: &[&str] = &["paper"];

/// All artefacts in order.
pub(super) fn artefacts() -> Vec<Artefact> {
    let of = |name, title, plan| Artefact {
        paper: "noma",
        name,
        title,
        presets: PRESETS,
        plan,
    };
    vec![
        of(
            "fig3",
            "Max-min SINR against total power",
            max_min::fig3 as _,
        ),
        of(
            "table1",
            "Max-min SINR of single channels",
            max_min::table1 as _,
        ),
        of(
            "table2",
            "Max-min and power minimisation agree",
            max_min::table2 as _,
        ),
        of(
            "fig4",
            "Power against SINR target, with OMA readings",
            power::fig4 as _,
        ),
        of(
            "fig5",
            "Robust and non-robust total power",
            robust::fig5 as _,
        ),
        of(
            "fig6",
            "Robust and non-robust, communication and sensing",
            robust::fig6 as _,
        ),
        of(
            "fig7",
            "Achieved SINR under channel errors",
            achieved::fig7 as _,
        ),
        of(
            "robust_oma",
            "Robust NOMA against robust OMA",
            robust_oma::artefact as _,
        ),
        of(
            "pattern",
            "Beampattern of designs, targets and users marked",
            own_artefacts::pattern as _,
        ),
        of(
            "lemma1",
            "Counterexamples to Lemma 1",
            own_artefacts::lemma1 as _,
        ),
        of(
            "stress",
            "10,000 random instances, verified",
            stress::stress as _,
        ),
    ]
}

/// The sensing floor that Figs. 3 to 6 show beside the one of their scenario, W.
const HIGHER_FLOOR_W: f64 = 3.0;

/// Both floors, W.
fn floors(setting: &Scenario) -> [f64; 2] {
    [setting.floor_w, HIGHER_FLOOR_W]
}

/// The scene of one realisation with other constraints of decoding and another floor, W.
fn scene(
    setting: &Scenario,
    seed: u64,
    realization: usize,
    sic: SicSet,
    floor_w: f64,
) -> Result<Scene, Source> {
    let scenario = Scenario {
        sic,
        floor_w,
        ..setting.clone()
    };
    scenario.scene(seed, realization)
}

/// Whether a claim of order between two curves holds, for every pair of curves it could mean: the
/// verdict and each answer in words.
fn compared(pairs: &[(&str, &str)], word: &str, lead: impl Fn(&str, &str) -> Ruling) -> Ruling {
    Ruling::together(
        pairs
            .iter()
            .map(|(a, b)| (format!("{a} {word} {b}"), lead(a, b))),
    )
}

/// The published numbers of an artefact, from `published.csv`.
fn numbers(artefact: &str) -> Result<Numbers, Error> {
    let text = include_str!("../published.csv");
    Ok(Numbers::parse("noma/published.csv", text)?.of(artefact))
}

/// What a legend calls a curve that the files know by a short name.
fn words(curve: &str) -> &str {
    match curve {
        "own" => "NOMA, own messages decoded",
        "full" => "NOMA, constraints as printed",
        "orthogonal" => "Orthogonal slots",
        "linear" => "Linear beams, no cancellation",
        "rate-avg" => "OMA, equal rates, mean power",
        "rate-sum" => "OMA, equal rates, summed power",
        "sinr-avg" => "OMA, equal SINR, mean power",
        "sinr-sum" => "OMA, equal SINR, summed power",
        "slot-sens-avg" => "OMA, each slot senses, mean power",
        "slot-sens-sum" => "OMA, each slot senses, summed power",
        "robust" => "Robust",
        "nonrobust" => "Not robust",
        other => other,
    }
}

fn db(x: f64) -> f64 {
    10.0 * x.log10()
}

fn linear(db: f64) -> f64 {
    isac_models::units::Db(db).linear()
}

/// One task per realisation.
fn per_realization<O: Into<TaskOutput>>(
    request: &Request,
    (full, quick): (usize, usize),
    curve: &str,
    seconds: f64,
    run: impl Fn(u64, usize) -> Result<O, Source> + Send + Sync + Clone + 'static,
) -> Result<Vec<Task>, Error> {
    let seed = request.seed;
    Ok(request
        .realizations(full, quick)?
        .into_iter()
        .map(|i| {
            let run = run.clone();
            let run = move || run(seed, i).map(Into::into);
            Task::with_data(format!("r{i:04}"), curve, seconds, run)
        })
        .collect())
}

fn plan(
    x: Metric,
    metrics: Vec<Metric>,
    tasks: Vec<Task>,
    scenario: serde_json::Value,
    finish: impl Fn(&Records) -> Result<Report, Error> + Send + Sync + 'static,
) -> Plan {
    Plan {
        x,
        metrics,
        tasks,
        notes: vec![
            "channels: i.i.d. CN(0, 1), no path loss, half a wavelength of spacing (assumed; the paper says Rayleigh, d <= lambda/2)".into(),
            "`full`: the constraints as printed, every user decodes all weaker users' messages; `own`: the constraints the published numbers obey".into(),
        ],
        scenario,
        finish: Box::new(finish),
    }
}
