//! What the figures of `obs_crlb` simulate.

use std::f64::consts::PI;

use isac_algos::obs_crlb::{Solution, SumRateCrlb, Weights};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::{AngleSensing, crlb_trace};
use isac_models::array::{KronOrder, Scaling, Upa};
use isac_models::rng::{Stream, complex_normal, stream};
use isac_models::target::{ReflectionLaw, Targets};
use isac_models::units::Dbm;
use isac_opt::StopReason;

use super::published;
pub(super) use super::scenario::NOISE;
use super::scenario::Scenario;
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

/// Geometry and targets, the same in every realisation.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) printed: bool,
    pub(super) order: KronOrder,
    pub(super) snapshots: usize,
    pub(super) targets: Targets,
    channels: Option<Vec<Mat<c64>>>,
    sensing_start: Option<Mat<c64>>,
    pub(super) seed: u64,
}

/// Names of the released inputs of a figure.
pub(super) struct Inputs {
    pub(super) targets: &'static str,
    pub(super) rounded_targets: &'static [[f64; 4]],
    pub(super) channels: Option<&'static str>,
    pub(super) sensing_start: Option<&'static str>,
    pub(super) released_snapshots: usize,
}

impl World {
    /// The world of a request: released inputs where the user has them, our own draws otherwise.
    pub(super) fn new(request: &Request, inputs: &Inputs) -> Result<Self, Error> {
        let printed = request.preset == PRESETS[1];
        let reference = request.reference.as_deref().filter(|_| !printed);
        let targets = match reference {
            _ if printed => printed_targets(inputs.rounded_targets.len(), request.seed)?,
            Some(folder) => published::stored_targets(folder, inputs.targets)?,
            None => published::targets(inputs.rounded_targets)?,
        };
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
            order: if printed {
                KronOrder::HorizontalSlow
            } else {
                KronOrder::VerticalSlow
            },
            snapshots: if printed {
                64
            } else {
                inputs.released_snapshots
            },
            targets,
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

    /// The problem of one realisation with `4 x vertical` transmit and `5 x vertical` receive
    /// antennas. The first `users` of the stored or drawn users are taken.
    pub(super) fn problem(
        &self,
        vertical: usize,
        users: usize,
        realization: usize,
        power_dbm: f64,
        weights: Weights,
    ) -> Result<SumRateCrlb, isac_algos::Error> {
        let scenario = Scenario {
            nt_v: vertical,
            nr_v: vertical,
            kron_order: self.order,
            users,
            snapshots: self.snapshots,
            power_dbm,
            delta_c: weights.rate,
            delta_s: weights.crlb,
            ..Scenario::default()
        }
        .with_targets(&self.targets);
        let antennas = scenario.nt_h * vertical;
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
            notes.push("preset printed: 64 snapshots, order hv, one normal draw for modulus and phase of a coefficient, angles in (-2pi/3, 2pi/3), tolerance 1e-4; one set of targets, the first drawn with a CRLB below 50 at isotropic transmission".into());
        } else if self.stored() {
            notes.push("released channels, targets and sensing starts".into());
        } else {
            notes.push("our own channels and starts, released targets to six digits; with --reference the released ones are used".into());
        }
        notes
    }
}

/// The first set of targets by the printed law whose CRLB is below 50 for isotropic transmission
/// from 4 x 4 antennas at 10 dBm: random sets can be arbitrarily ill-conditioned.
fn printed_targets(count: usize, seed: u64) -> Result<Targets, Error> {
    let array = |h, v| Upa::new(h, v, KronOrder::HorizontalSlow, Scaling::UnitNorm);
    let (transmit, receive) = (array(4, 4)?, array(5, 4)?);
    let isotropic = isotropic(16, Dbm(10.0).watts());
    for attempt in 0..1000 {
        let mut rng = stream(seed, Stream::Target, attempt);
        let law = ReflectionLaw::SharedDraw;
        let targets = Targets::random(count, 2.0 * PI / 3.0, law, &mut rng);
        let sensing = AngleSensing::new(&transmit, &receive, &targets, 64, NOISE);
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
pub(super) fn scenario(world: &World, title: &str) -> serde_json::Value {
    let alpha: Vec<[f64; 2]> = world.targets.alpha().iter().map(|a| [a.re, a.im]).collect();
    serde_json::json!({
        "title": title,
        "noise_W": NOISE,
        "snapshots": world.snapshots,
        "kron_order": world.order,
        "theta_rad": world.targets.theta(),
        "phi_rad": world.targets.phi(),
        "alpha": alpha,
        "channels": if world.stored() { "released" } else { "drawn" },
        "seed": world.seed,
    })
}
