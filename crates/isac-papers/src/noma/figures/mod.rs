//! Figures and tables of `noma`, and three artefacts of our own: `pattern`, `lemma1`, `stress`.
//!
//! The paper states N = 8, K = 3, M = 2, targets at -60 and 60 degrees, sigma^2 = 0.01 W,
//! P_diff = 0.001 W, xi = 10 W^2, mu = 0.02. Assumed by us: i.i.d. CN(0, 1) channels without path
//! loss, half a wavelength of spacing, users sorted by channel norm.

mod max_min;
mod own_artefacts;
mod power;
mod robust;
mod stress;

use isac_algos::noma::{Mode, Scene, Sensing};
use isac_metrics::noma::SicSet;
use isac_models::array::{Scaling, Ula};
use isac_models::channel::rayleigh;
use isac_models::rng::{Stream, stream};

use isac_lab::error::{Error, Source};
use isac_lab::verdict::Ruling;
use isac_lab::{Artefact, Metric, Plan, Record, Records, Report, Request, Task};

const PRESETS: &[&str] = &["paper"];
const ANTENNAS: usize = 8;
const USERS: usize = 3;
const ANGLES_DEG: [f64; 2] = [-60.0, 60.0];
const NOISE: f64 = 0.01;

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
            robust::fig7 as _,
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

/// The paper's scene with the channels of one realisation.
fn scene(seed: u64, realization: usize, sic: SicSet, floor: f64) -> Result<Scene, Source> {
    let mut rng = stream(seed, Stream::Channel, realization as u64);
    let channels = rayleigh(ANTENNAS, USERS, 1.0, &mut rng);
    let array = Ula::half_wavelength(ANTENNAS, Scaling::UnitEntries)?;
    let steering = array.steering(&ANGLES_DEG.map(f64::to_radians));
    let sensing = Sensing {
        floor,
        difference: 0.001,
        cross_correlation: Some(10.0),
    };
    let mode = Mode {
        sic,
        ..Mode::default()
    };
    Ok(Scene::new(
        channels.as_ref(),
        steering.as_ref(),
        NOISE,
        sensing,
        mode,
    )?)
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

fn db(x: f64) -> f64 {
    10.0 * x.log10()
}

fn linear(db: f64) -> f64 {
    isac_models::units::Db(db).linear()
}

/// One task per realisation.
fn per_realization(
    request: &Request,
    (full, quick): (usize, usize),
    curve: &str,
    seconds: f64,
    run: impl Fn(u64, usize) -> Result<Vec<Record>, Source> + Send + Sync + Clone + 'static,
) -> Result<Vec<Task>, Error> {
    let seed = request.seed;
    Ok(request
        .realizations(full, quick)?
        .into_iter()
        .map(|i| {
            let run = run.clone();
            Task::records(format!("r{i:04}"), curve, seconds, move || run(seed, i))
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

fn common_scenario() -> serde_json::Value {
    serde_json::json!({
        "N": ANTENNAS, "K": USERS, "angles_deg": ANGLES_DEG, "sigma2_W": NOISE,
        "Pdiff_W": 0.001, "xi_W2": 10.0, "spacing_wavelengths": 0.5, "channels": "iid CN(0, 1)"
    })
}
