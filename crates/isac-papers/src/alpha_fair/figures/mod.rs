//! The figures of `alpha_fair`, and three figures and two tables of our own.

mod ambiguity;
mod beside_sdr;
mod cost;
mod estimation;
mod fairness;
mod gap;
mod penalty;
mod rates;
mod scene;
mod users;

use isac_algos::alpha_fair::{Design, FEASIBLE, Method, Problem, RunOptions};
use isac_linalg::{MatRef, c64};
use isac_models::channel::tr38901::Environment;

use super::scenario::{Scenario, of_figure};
use isac_lab::error::{Error, Source};
use isac_lab::stats;
use isac_lab::verdict::{Ruling, Side};
use isac_lab::{Artefact, Metric, Record, Records, Request, Size};
use isac_plot::figure::Axis;

/// All artefacts in order.
pub(super) fn all() -> Vec<Artefact> {
    vec![
        scene::ARTEFACT,
        penalty::ARTEFACT,
        fairness::ARTEFACT,
        rates::ARTEFACT,
        users::ARTEFACT,
        ambiguity::ARTEFACT,
        estimation::ARTEFACT,
        gap::ARTEFACT,
        beside_sdr::ARTEFACT,
        cost::ARTEFACT,
    ]
}

const PAPER: &str = "alpha_fair";
const PRESETS: &[&str] = &["assumed"];
const DROPS: usize = 20;
const QUICK_DROPS: usize = 2;

/// Said on every figure: the paper's own numbers could not be recovered.
fn assumption(scenario: &Scenario) -> String {
    let [near, far] = scenario.target_range_m;
    let environment = match scenario.environment {
        Environment::UmiStreetCanyon => "UMi street canyon",
        Environment::Uma => "UMa",
    };
    format!(
        "Assumed, since the paper's parameters could not be recovered: {} GHz, {} MHz, {} dBm, noise figure {} dB, RCS {} m^2, targets at {near}-{far} m, users within {} m of a target, {environment} with loss <= {} dB. CRLB: trace over normalised delay and Doppler, known gain, information summed over nodes.",
        scenario.carrier_ghz,
        scenario.bandwidth_mhz,
        scenario.power_dbm,
        scenario.noise_figure_db,
        scenario.rcs_m2,
        scenario.user_radius_m,
        scenario.admitted_loss_db
    )
}

/// The scenario of an artefact at the size asked for.
fn scenario(request: &Request, artefact: &str) -> Result<Scenario, Error> {
    match request.size {
        Size::Full => of_figure(artefact),
        Size::Quick => of_figure(&format!("{artefact}-quick")),
    }
}

/// What is asked of every user and target, for titles.
fn asked(scenario: &Scenario) -> String {
    let (alpha, rate) = (scenario.alpha, scenario.min_rate_mbit_s);
    format!("alpha = {alpha}, {rate} Mbit/s per user")
}

/// The axis of a CRLB over normalised delay and Doppler, with a second scale in metres: the range error if all of it were delay.
/// What the same number is in metres per second if all of it were Doppler stands in its label.
fn crlb_axis(label: &str, scenario: &Scenario) -> Result<Axis, Error> {
    let grid = scenario.grid();
    let grid = grid.map_err(|error| Error::numerical("grid", error))?;
    let (metres, speed) = (grid.range_std_m(1.0), grid.speed_std_m_s(1.0));
    let second = format!(
        "Range if all is delay (m); × {:.3} m/s if Doppler",
        speed / metres
    );
    Ok(Axis::log(label).second(second, metres, 0.5))
}

fn size_note(scenario: &Scenario) -> String {
    format!(
        "N = {}, M = {}, {} antennas, T = {}, K = {}.",
        scenario.subcarriers, scenario.symbols, scenario.antennas, scenario.targets, scenario.users
    )
}

/// What is compared in Figs. 5 and 6.
const SCHEMES: [Method; 3] = [Method::Mono, Method::Flat, Method::Augmented];

/// The design of a method; no bound.
fn design_by(method: Method, problem: &Problem, start: MatRef<'_, c64>) -> Result<Design, Source> {
    let options = RunOptions {
        bound: None,
        ..RunOptions::default()
    };
    Ok(method.run(problem, start, &options)?)
}

/// The metrics of a design in Figs. 4 to 6.
fn design_metrics() -> Vec<Metric> {
    vec![
        Metric::new("sum_crlb", "Sum CRLB", ""),
        Metric::new("max_crlb", "Largest CRLB", ""),
        Metric::new("min_crlb", "Smallest CRLB", ""),
        Metric::new("min_rate", "Rate of the worst user", "Mbit/s"),
        Metric::new("violation", "Largest rate shortfall", "bit/s/Hz"),
    ]
}

const SUM: usize = 0;
const MAX: usize = 1;
const MIN: usize = 2;

/// A design as a record; a failed one when it misses the rates.
fn record(
    algorithm: impl Into<String>,
    x: f64,
    drop: usize,
    design: &Design,
    bandwidth_mhz: f64,
) -> Record {
    if design.violation > FEASIBLE {
        let proved = match design.infeasible {
            Some(_) => "infeasible (proved)",
            None => "infeasible (local)",
        };
        return Record::failed(
            algorithm,
            x,
            drop,
            format!("{proved}; best violation {:.3e} bit/s/Hz", design.violation),
        );
    }
    let least = |values: &[f64]| values.iter().copied().reduce(f64::min).unwrap_or(f64::NAN);
    let metrics = vec![
        design.sum_crlb(),
        design.max_crlb(),
        least(&design.crlb),
        bandwidth_mhz * least(&design.rates),
        design.violation,
    ];
    crate::record(algorithm, x, drop, design.stopped, metrics)
}

/// Ratios of a metric of two curves at one x, over the realisations both have.
fn ratios(records: &Records, top: (&str, f64), bottom: (&str, f64), metric: usize) -> Vec<f64> {
    records
        .at(top.0, top.1)
        .filter(|row| !row.failed)
        .filter_map(|row| {
            let below = records.value(bottom.0, bottom.1, row.realization, metric)?;
            Some(row.metrics.get(metric)? / below)
        })
        .collect()
}

/// Whether certified gaps are at most 15 % in the mean and 20 % on every drop.
fn certified_within(gaps: &[f64]) -> Ruling {
    let every = gaps.iter().filter(|g| **g <= 0.20).count();
    Ruling::together([
        ("mean".into(), Ruling::mean(gaps, Side::AtMost(0.15))),
        ("every drop".into(), Ruling::every(every, gaps.len())),
    ])
}

/// Median of such ratios; NaN when no realisation has both.
fn median_ratio(records: &Records, top: (&str, f64), bottom: (&str, f64), metric: usize) -> f64 {
    stats::median(&ratios(records, top, bottom, metric))
}
