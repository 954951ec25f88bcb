//! What the figures of `obs_crlb` simulate.

use std::f64::consts::PI;

use isac_algos::obs_crlb::{Solution, SumRateCrlb};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::{AngleSensing, crlb_trace};
use isac_models::array::{KronOrder, Scaling, Upa};
use isac_models::rng::{Stream, complex_normal, stream};
use isac_models::target::{ReflectionLaw, Targets};
use isac_models::units::Dbm;
use isac_opt::StopReason;

use super::published;
pub(super) use super::scenario::NOISE;
use super::scenario::{Scenario, of_figure};
use isac_lab::clock::timed;
use isac_lab::error::Error;
use isac_lab::{Metric, Record, Request};

/// Presets, the default first.
pub(super) const PRESETS: [&str; 2] = ["released", "printed"];

/// Metrics of a record, in order.
pub(super) const OBJECTIVE: usize = 0;
pub(super) const SUM_RATE: usize = 1;
pub(super) const CRLB: usize = 2;

pub(super) fn metrics() -> Vec<Metric> {
    vec![
        Metric::new("objective", "Objective", ""),
        Metric::new("sum_rate_nats", "Sum rate", "nats/s/Hz"),
        Metric::new("crlb_trace", "Trace of the CRLB", ""),
        Metric::new("iterations", "Iterations", ""),
    ]
}

/// What is the same in every realisation.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) printed: bool,
    /// The scenario of the artefact, with the targets of the request.
    pub(super) scenario: Scenario,
    channels: Option<Vec<Mat<c64>>>,
    sensing_start: Option<Mat<c64>>,
    pub(super) seed: u64,
}

/// Names of the released inputs of a figure; targets not released stand in its scenario.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Inputs {
    pub(super) targets: Option<&'static str>,
    pub(super) channels: Option<&'static str>,
    pub(super) sensing_start: Option<&'static str>,
}

/// Snapshots as printed.
const PRINTED_SNAPSHOTS: usize = 64;

impl World {
    /// The world of an artefact: released inputs where the user has them, our own draws otherwise.
    pub(super) fn new(request: &Request, artefact: &str, inputs: Inputs) -> Result<Self, Error> {
        let printed = request.preset == PRESETS[1];
        let reference = request.reference.as_deref().filter(|_| !printed);
        let mut scenario = of_figure(artefact)?;
        if printed {
            scenario = Scenario {
                kron_order: KronOrder::HorizontalSlow,
                snapshots: PRINTED_SNAPSHOTS,
                ..scenario
            };
            let targets = printed_targets(&scenario, request.seed)?;
            scenario = scenario.with_targets(&targets);
        } else if let (Some(folder), Some(set)) = (reference, inputs.targets) {
            scenario = scenario.with_targets(&published::stored_targets(folder, set)?);
        }
        let channels = match (reference, inputs.channels) {
            (Some(folder), Some(file)) => Some(published::channels(folder, file)?),
            _ => None,
        };
        let sensing_start = match (reference, inputs.sensing_start) {
            (Some(folder), Some(file)) => Some(published::sensing_start(folder, file)?),
            _ => None,
        };
        Ok(Self {
            printed,
            scenario,
            channels,
            sensing_start,
            seed: request.seed,
        })
    }

    /// Whether channels are the released ones.
    pub(super) fn stored(&self) -> bool {
        self.channels.is_some()
    }

    /// The released channels, one matrix per realisation.
    pub(super) fn stored_channels(&self) -> &[Mat<c64>] {
        self.channels.as_deref().unwrap_or_default()
    }

    /// The problem of a scenario on one realisation. The first users of the stored or drawn ones are
    /// taken.
    pub(super) fn problem(
        &self,
        scenario: &Scenario,
        realization: usize,
    ) -> Result<SumRateCrlb, isac_algos::Error> {
        let (antennas, users) = (scenario.antennas(), scenario.users);
        let stored = self.channels.as_ref().and_then(|all| all.get(realization));
        let channel = match stored.filter(|h| h.nrows() == antennas && h.ncols() >= users) {
            Some(h) => h.subcols(0, users).to_owned(),
            None => scenario.channel(self.seed, realization),
        };
        scenario.problem(channel)
    }

    /// Un-normalised sensing block of the start with `CN(0, 2)` entries, the same in every
    /// realisation. The released scripts draw the real parts of all entries and then the imaginary
    /// parts, column by column, from a generator set back each time: a block of fewer streams takes
    /// the first of the same numbers.
    pub(super) fn sensing_start(&self, antennas: usize, streams: usize) -> Mat<c64> {
        let fits = |w: &&Mat<c64>| w.nrows() == antennas && w.ncols() >= streams;
        let Some(stored) = self.sensing_start.as_ref().filter(fits) else {
            return self.normal(antennas, streams, 0);
        };
        let total = antennas * stored.ncols();
        let drawn = |n: usize| {
            let entry = stored[(n % antennas, n % total / antennas)];
            if n < total { entry.re } else { entry.im }
        };
        Mat::from_fn(antennas, streams, |i, j| {
            let n = j * antennas + i;
            c64::new(drawn(n), drawn(n + antennas * streams))
        })
    }

    /// Whether the released sensing block is used for so many antennas.
    pub(super) fn stored_start(&self, antennas: usize) -> bool {
        let stored = self.sensing_start.as_ref();
        stored.is_some_and(|w| w.nrows() == antennas)
    }

    /// `CN(0, 2)` entries from stream `index` of the starts.
    pub(super) fn normal(&self, rows: usize, cols: usize, index: u64) -> Mat<c64> {
        let mut rng = stream(self.seed, Stream::Start, index);
        let mut w = complex_normal(rows, cols, &mut rng);
        ops::scale(w.as_mut(), 2.0_f64.sqrt());
        w
    }

    /// Lines for the reader.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "the CRLB trace adds rad^2 and squared dimensionless coefficients, as in the paper"
                .into(),
        ];
        if self.printed {
            notes.push(format!("preset printed: {PRINTED_SNAPSHOTS} snapshots, order hv, one normal draw for modulus and phase of a coefficient, angles in (-2pi/3, 2pi/3), tolerance 1e-4; one set of targets, the first drawn with a CRLB below 50 at isotropic transmission"));
        } else if self.stored() {
            notes.push("released channels, targets and sensing starts".into());
        } else {
            notes.push("our own channels and starts, released targets to six digits; with --reference the released ones are used".into());
        }
        notes
    }
}

/// The first set of as many targets by the printed law whose CRLB is below 50 for isotropic transmission
/// in the scenario: random sets can be arbitrarily ill-conditioned.
fn printed_targets(scenario: &Scenario, seed: u64) -> Result<Targets, Error> {
    let count = scenario.theta_rad.len();
    let array = |h, v| Upa::new(h, v, scenario.kron_order, Scaling::UnitNorm);
    let transmit = array(scenario.nt_h, scenario.nt_v)?;
    let receive = array(scenario.nr_h, scenario.nr_v)?;
    let isotropic = isotropic(scenario.antennas(), Dbm(scenario.power_dbm).watts());
    for attempt in 0..1000 {
        let mut rng = stream(seed, Stream::Target, attempt);
        let law = ReflectionLaw::SharedDraw;
        let targets = Targets::random(count, 2.0 * PI / 3.0, law, &mut rng);
        let (snapshots, noise) = (scenario.snapshots, scenario.radar_noise_w);
        let sensing = AngleSensing::new(&transmit, &receive, &targets, snapshots, noise);
        let crlb = sensing
            .and_then(|s| s.fim(isotropic.as_ref()))
            .and_then(|fim| crlb_trace(fim.as_ref()));
        if crlb.is_ok_and(|crlb| crlb < 50.0) {
            return Ok(targets);
        }
    }
    Err(Error::Usage(
        "no well-conditioned targets in 1000 draws; try another --seed".into(),
    ))
}

/// The beamformer that sends the same power in every direction.
pub(super) fn isotropic(antennas: usize, power: f64) -> Mat<c64> {
    let amplitude = (power / antennas as f64).sqrt();
    Mat::from_fn(antennas, antennas, |i, j| {
        c64::new(if i == j { amplitude } else { 0.0 }, 0.0)
    })
}

/// A record of a solver's run, timed.
pub(super) fn record(
    algorithm: &str,
    x: f64,
    realization: usize,
    solve: impl FnOnce() -> Result<Solution, isac_algos::Error>,
) -> Record {
    let (result, seconds) = timed(solve);
    let record = match result {
        Ok(s) => {
            let values = vec![
                s.merit.objective,
                s.merit.sum_rate,
                s.merit.crlb_trace,
                s.iterations as f64,
            ];
            crate::record(algorithm, x, realization, s.stopped, values)
        }
        Err(error) => Record::failed(algorithm, x, realization, error.to_string()),
    };
    record.timed(seconds)
}

/// A record of the certified bound: an objective that no design exceeds, without a design.
pub(super) fn bound_record(
    name: &str,
    x: f64,
    realization: usize,
    certify: impl FnOnce() -> Result<f64, isac_algos::Error>,
) -> Record {
    let (result, seconds) = timed(certify);
    let record = match result {
        Ok(bound) => {
            let values = vec![bound, f64::NAN, f64::NAN, 0.0];
            crate::record(name, x, realization, StopReason::Tolerance, values)
        }
        Err(error) => Record::failed(name, x, realization, error.to_string()),
    };
    record.timed(seconds)
}

/// What was simulated, for `meta.json`.
pub(super) fn described(world: &World, title: &str) -> serde_json::Value {
    serde_json::json!({
        "title": title,
        "scenario": world.scenario,
        "channels": if world.stored() { "released" } else { "drawn" },
        "seed": world.seed,
    })
}
