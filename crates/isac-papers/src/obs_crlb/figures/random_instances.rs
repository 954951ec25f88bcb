//! Random instances beyond the paper's: whether its claims hold in general.

use std::f64::consts::PI;

use isac_algos::obs_crlb::{Shift, SumRateCrlb, Weights, bound, restarts, sca, start};
use isac_linalg::Mat;
use isac_metrics::{AngleSensing, crlb_trace};
use isac_models::array::{KronOrder, Scaling, Upa};
use isac_models::channel::rayleigh;
use isac_models::rng::{Stream, stream};
use isac_models::target::{ReflectionLaw, Targets};
use isac_models::units::Dbm;
use serde_json::json;

use crate::obs_crlb::setup::{NOISE, isotropic};
use isac_lab::error::Source;
use isac_lab::{Records, Task, TaskOutput};

/// Instances per setting.
const INSTANCES: u64 = 12;

/// Draws after which no well-conditioned set of targets is expected any more.
const DRAWS: usize = 100_000;

/// Largest CRLB at isotropic transmission with 20 dBm of a set that is kept.
const MOST_CRLB: f64 = 10.0;

/// The problem of an instance: targets by the released law, no two of which are all but the same.
fn instance(
    targets: usize,
    users: usize,
    power: f64,
    rate: f64,
    seed: u64,
    index: u64,
) -> Result<SumRateCrlb, Source> {
    let array = |h, v| Upa::new(h, v, KronOrder::HorizontalSlow, Scaling::UnitNorm);
    let (transmit, receive) = (array(4, 4)?, array(5, 4)?);
    let mut rng = stream(seed, Stream::Target, 1000 * (targets as u64) + index);
    let everywhere = isotropic(16, Dbm(20.0).watts());
    let mut draw = || -> Result<Option<AngleSensing>, Source> {
        let drawn = Targets::random(targets, PI / 3.0, ReflectionLaw::IndependentPhase, &mut rng);
        let sensing = AngleSensing::new(&transmit, &receive, &drawn, 30, NOISE)?;
        let crlb = crlb_trace(sensing.fim(everywhere.as_ref())?.as_ref());
        Ok(crlb.is_ok_and(|crlb| crlb < MOST_CRLB).then_some(sensing))
    };
    let mut sensing = None;
    for _ in 0..DRAWS {
        sensing = draw()?;
        if sensing.is_some() {
            break;
        }
    }
    let sensing = sensing.ok_or("no well-conditioned targets; try another --seed")?;
    let channel = if users == 0 {
        Mat::zeros(16, 0)
    } else {
        rayleigh(16, users, 1.0, &mut stream(seed, Stream::Channel, index))
    };
    let weights = Weights { rate, crlb: 1.0 };
    Ok(SumRateCrlb::new(
        channel,
        sensing,
        vec![NOISE; users],
        power,
        weights,
    )?)
}

/// Sensing alone: the least number of streams that reaches the certified optimum within 1e-5 of it, for sets of one to four targets. Without users the certificate is exact.
pub(super) fn stream_tasks(seed: u64) -> Vec<Task> {
    let one = move |targets: usize, index: u64| -> Result<TaskOutput, Source> {
        let problem = instance(targets, 0, Dbm(20.0).watts(), 0.0, seed, index)?;
        let optimum = bound::certify(&problem, &bound::Options::default())?.value;
        let mut least = None;
        for streams in 1..=3 * targets {
            let options = restarts::Options {
                sensing_streams: Some(streams),
                random_starts: 6,
                ..restarts::Options::default()
            };
            let mut rng = stream(seed, Stream::Start, index);
            // Too few streams may leave the FIM singular from every start.
            let found = restarts::best(&problem, &[], &options, &mut rng);
            if found.is_ok_and(|(s, _)| s.merit.objective >= optimum - 1e-5 * optimum.abs()) {
                least = Some(streams);
                break;
            }
        }
        Ok(TaskOutput {
            records: Vec::new(),
            data: json!({"targets": targets, "least": least}),
        })
    };
    let tasks = (1..=4).flat_map(|m| (0..INSTANCES).map(move |i| (m, i)));
    tasks
        .map(|(m, i)| {
            Task::with_data(
                format!("sets/m{m}/{i:02}"),
                "random targets",
                0.3,
                move || one(m, i),
            )
        })
        .collect()
}

/// How many sets of targets there were, how many needed more than M streams and more than 3M, and a
/// line of text.
pub(super) fn streams_found(records: &Records) -> ([usize; 3], String) {
    let mut counts = [0; 3];
    let mut texts = Vec::new();
    for m in 1..=4_usize {
        let mut needed = std::collections::BTreeMap::new();
        for data in records.data.values().filter(|d| d["targets"] == m) {
            let least = data["least"].as_u64().map(|n| n as usize);
            counts[0] += 1;
            counts[1] += usize::from(least.is_none_or(|n| n > m));
            counts[2] += usize::from(least.is_none_or(|n| n > 3 * m));
            *needed.entry(least.unwrap_or(usize::MAX)).or_insert(0) += 1;
        }
        let parts: Vec<String> = needed
            .iter()
            .map(|(n, sets)| match *n {
                usize::MAX => format!("more than {} ({sets})", 3 * m),
                n => format!("{n} ({sets})"),
            })
            .collect();
        texts.push(format!("M = {m}: {}", parts.join(", ")));
    }
    (counts, texts.join("; "))
}

/// The rules of Algorithm 1 that are compared.
const RULES: [(&str, Shift, bool); 3] = [
    ("comm", Shift::Comm, false),
    ("dominant", Shift::Dominant, false),
    ("safeguarded", Shift::Comm, true),
];

/// Algorithm 1 for 300 iterations on random instances under each rule: whether `f` ever fell.
pub(super) fn ascent_tasks(seed: u64) -> Vec<Task> {
    let one = move |targets: usize, users: usize, rate: f64| -> Result<TaskOutput, Source> {
        let mut falls = [0_usize; 3];
        let mut runs = 0_usize;
        for (index, power) in (0..INSTANCES).zip([0.0, 10.0, 20.0].into_iter().cycle()) {
            let problem = instance(targets, users, Dbm(power).watts(), rate, seed, index)?;
            let mut rng = stream(seed, Stream::Start, index);
            let w0 = start::random(&problem, 3 * targets, &mut rng)?;
            runs += 1;
            for (fallen, (_, shift, safeguard)) in falls.iter_mut().zip(RULES) {
                let options = sca::Options {
                    shift,
                    safeguard,
                    max_iterations: 300,
                    ..sca::Options::default()
                };
                // A breakdown at an iterate is a fall too.
                let run = sca::solve(&problem, w0.as_ref(), &options);
                *fallen += usize::from(run.map_or(true, |s| s.falls > 0));
            }
        }
        Ok(TaskOutput {
            records: Vec::new(),
            data: json!({"ascent_runs": runs, "fell": falls}),
        })
    };
    let mut tasks = Vec::new();
    for (m, k) in [(1, 2), (2, 3), (3, 4)] {
        for rate in [0.0, 0.01, 0.25, 1.0] {
            let id = format!("ascent/m{m}/k{k}/rate{rate}");
            let task = Task::with_data(id, "random instances", 0.4, move || one(m, k, rate));
            tasks.push(task.covering(INSTANCES as usize));
        }
    }
    tasks
}

/// Instances, and for each of the rules `comm`, `dominant` and safeguarded those in which `f` fell.
pub(super) fn ascent_found(records: &Records) -> (u64, [u64; 3]) {
    let (mut runs, mut fell) = (0, [0; 3]);
    for data in records.data.values() {
        let Some(count) = data["ascent_runs"].as_u64() else {
            continue;
        };
        runs += count;
        for (i, total) in fell.iter_mut().enumerate() {
            *total += data["fell"][i].as_u64().unwrap_or(0);
        }
    }
    (runs, fell)
}
