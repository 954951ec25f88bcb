//! Figures 2 to 7 and Table I of `obs_crlb`: what is run.

use std::sync::Arc;

use isac_algos::obs_crlb::sca::{self, Stop};
use isac_algos::obs_crlb::{
    Auxiliaries, Shift, Solution, SumRateCrlb, Weights, accelerated, bound, fp_sgda, low_dim,
    restarts, start, wmmse_sdr,
};
use isac_linalg::{Mat, ops};
use isac_models::rng::{Stream, stream};
use isac_opt::StopReason;
use serde_json::json;

use super::report::{self, Sweep};
use super::setup::{Inputs, PRESETS, World, metrics, record};
use super::{convergence, published, random_instances};
use crate::artefact::{Artefact, Metric, Plan, Record, Request, Task};
use crate::clock::timed;
use crate::error::{Error, Source};

/// All artefacts in order.
pub(super) fn all() -> Vec<Artefact> {
    let artefact = |name, title, plan| Artefact {
        paper: "obs_crlb",
        name,
        title,
        presets: &PRESETS,
        plan,
    };
    vec![
        artefact(
            "fig2",
            "Convergence of Algorithm 1",
            convergence::plan as fn(&Request) -> _,
        ),
        artefact("fig3", "Sum rate against CRLB for sixty weights", fig3),
        artefact(
            "fig4",
            "Objective against the number of sensing streams",
            fig4,
        ),
        artefact(
            "fig5",
            "Sum rate, CRLB and time against the number of antennas",
            fig5,
        ),
        artefact(
            "fig6",
            "Sum rate, CRLB and objective against the number of users",
            fig6,
        ),
        artefact(
            "fig7",
            "Sum rate, CRLB and objective against transmit power",
            fig7,
        ),
        artefact("table1", "Sum rate and CRLB for five array sizes", table1),
    ]
}

/// Everything but the channel at one point of a sweep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub(super) x: f64,
    pub(super) vertical: usize,
    pub(super) users: usize,
    pub(super) streams: usize,
    pub(super) power_dbm: f64,
    pub(super) weights: Weights,
    /// Scale of the communication columns in the released start.
    pub(super) start_scale: f64,
    /// Stop and cap of Algorithm 1 in the released scripts.
    pub(super) tolerance: f64,
    pub(super) cap: usize,
}

impl Setting {
    fn common(x: f64) -> Self {
        Self {
            x,
            vertical: 4,
            users: 4,
            streams: 16,
            power_dbm: 10.0,
            weights: Weights {
                rate: 0.25,
                crlb: 1.0,
            },
            start_scale: 0.25,
            tolerance: 1e-5,
            cap: 4000,
        }
    }
}

const RELEASED: Inputs = Inputs {
    targets: "figs3_5_6_7_table1",
    rounded_targets: &published::TARGETS,
    channels: None,
    sensing_start: None,
    released_snapshots: 30,
};

fn fig3(request: &Request) -> Result<Plan, Error> {
    let inputs = Inputs {
        channels: Some("channels_fig3_nt16_k4.csv"),
        sensing_start: Some("init_ws_fig3.csv"),
        ..RELEASED
    };
    let every = request.pick(1, 6);
    let settings = (0..60).step_by(every).map(|i| {
        let x = -7.0 + 0.2 * f64::from(i);
        let rate = 10.0_f64.powf(x);
        Setting {
            weights: Weights { rate, crlb: 1.0 },
            start_scale: rate,
            tolerance: 1e-4,
            cap: 2000,
            ..Setting::common(x)
        }
    });
    let methods = [
        ("algorithm1", 0.01),
        ("accelerated", 0.01),
        ("fp_sgda", 0.03),
        ("wmmse_sdr", SDR_SECONDS),
        ("wmmse_sdr_corrected", SDR_SECONDS),
    ];
    let sweep = Sweep {
        title: "Tradeoff between sum rate and CRLB",
        x: Metric::new("log10_delta_c", "log10 of the weight of the rate", ""),
        curves: report::curves(&methods.map(|m| m.0)),
        published: &published::FIG3,
        kind: report::Kind::Tradeoff,
    };
    let realizations = request.realizations(50, 4)?;
    plan(
        request,
        &inputs,
        settings.collect(),
        &methods,
        realizations,
        sweep,
    )
}

fn fig6(request: &Request) -> Result<Plan, Error> {
    let inputs = Inputs {
        channels: Some("channels_nt16_k12.csv"),
        sensing_start: Some("init_ws_fig6.csv"),
        ..RELEASED
    };
    let settings = [2, 4, 6, 8, 10, 12].map(|users| Setting {
        users,
        ..Setting::common(users as f64)
    });
    let sweep = Sweep {
        title: "Against the number of users",
        x: Metric::new("users", "Users K", ""),
        curves: report::curves(&SWEEP_METHODS.map(|m| m.0)),
        published: &published::FIG6,
        kind: report::Kind::Users,
    };
    let realizations = request.realizations(100, 5)?;
    plan(
        request,
        &inputs,
        settings.to_vec(),
        &SWEEP_METHODS,
        realizations,
        sweep,
    )
}

fn fig7(request: &Request) -> Result<Plan, Error> {
    let inputs = Inputs {
        channels: Some("channels_nt16_k4.csv"),
        sensing_start: Some("init_ws_fig7.csv"),
        ..RELEASED
    };
    let settings = [-5.0, 0.0, 5.0, 10.0, 15.0, 20.0].map(|power_dbm| Setting {
        power_dbm,
        ..Setting::common(power_dbm)
    });
    let sweep = Sweep {
        title: "Against transmit power",
        x: Metric::new("power_dbm", "Transmit power", "dBm"),
        curves: report::curves(&SWEEP_METHODS.map(|m| m.0)),
        published: &published::FIG7,
        kind: report::Kind::Power,
    };
    let realizations = request.realizations(100, 5)?;
    plan(
        request,
        &inputs,
        settings.to_vec(),
        &SWEEP_METHODS,
        realizations,
        sweep,
    )
}

/// Methods of Figs. 6 and 7 with rough seconds per run.
const SWEEP_METHODS: [(&str, f64); 6] = [
    ("algorithm1", 0.02),
    ("best_of_starts", 0.06),
    ("upper_bound", 0.08),
    ("fp_sgda", 0.05),
    ("wmmse_sdr", SDR_SECONDS),
    ("wmmse_sdr_corrected", SDR_SECONDS),
];

/// Rough seconds per run of WMMSE-SDR.
const SDR_SECONDS: f64 = 1.0;

fn fig5(request: &Request) -> Result<Plan, Error> {
    antennas(request, report::Kind::Antennas)
}

fn table1(request: &Request) -> Result<Plan, Error> {
    antennas(request, report::Kind::Table)
}

fn antennas(request: &Request, kind: report::Kind) -> Result<Plan, Error> {
    let inputs = Inputs {
        channels: Some("channels_nt16_k4.csv"),
        sensing_start: Some("init_ws_fig7.csv"),
        ..RELEASED
    };
    let all = [4, 8, 16, 32, 64];
    let sizes = request.pick(&all[..], &all[..3]);
    let settings = sizes.iter().map(|&vertical| Setting {
        vertical,
        streams: 6,
        ..Setting::common(4.0 * vertical as f64)
    });
    let methods = [
        ("algorithm1_ns6", 0.04),
        ("algorithm1_ns0", 0.04),
        ("low_dim_released", 0.15),
        ("accelerated", 0.01),
        ("accelerated_ns0", 0.01),
        ("upper_bound", 0.08),
        ("fp_sgda", 0.2),
        ("wmmse_sdr", SDR_SECONDS),
        ("wmmse_sdr_corrected", SDR_SECONDS),
    ];
    let sweep = Sweep {
        title: "Against the number of antennas",
        x: Metric::new("antennas", "Transmit antennas Nt", ""),
        curves: report::curves(&methods.map(|m| m.0)),
        published: &published::TABLE1,
        kind,
    };
    let realizations = request.realizations(100, 4)?;
    plan(
        request,
        &inputs,
        settings.collect(),
        &methods,
        realizations,
        sweep,
    )
}

fn fig4(request: &Request) -> Result<Plan, Error> {
    let inputs = Inputs {
        targets: "fig4",
        rounded_targets: &published::TARGETS_FIG4,
        released_snapshots: 128,
        ..RELEASED
    };
    let world = Arc::new(World::new(request, &inputs)?);
    let realizations = request.realizations(50, 5)?;
    let mut tasks = Vec::new();
    for users in 0..=3 {
        for streams in 0..=8 {
            if users + streams == 0 {
                continue;
            }
            let setting = streams_setting(users, streams);
            for (method, seconds) in [("algorithm1", 0.02), ("best_of_starts", 0.05)] {
                for &r in realizations
                    .iter()
                    .filter(|r| users > 0 || **r == realizations[0])
                {
                    let world = Arc::clone(&world);
                    let curve = format!("k{users}_{method}");
                    let id = format!("{curve}/ns{streams}/r{r:03}");
                    let name = curve.clone();
                    tasks.push(Task::records(id, curve, seconds, move || {
                        Ok(vec![run(&world, &setting, method, &name, r)])
                    }));
                }
            }
        }
        for method in ["wmmse_sdr", "wmmse_sdr_corrected"] {
            let most = if request.slow && users > 0 {
                usize::MAX
            } else {
                1
            };
            for &r in realizations.iter().take(most) {
                let world = Arc::clone(&world);
                let curve = format!("k{users}_{method}");
                let id = format!("{curve}/r{r:03}");
                tasks.push(Task::records(id, curve.clone(), SDR_SECONDS, move || {
                    truncated(&world, users, method, &curve, r)
                }));
            }
        }
    }
    tasks.extend(random_instances::stream_tasks(request.seed));
    let mut notes = world.notes();
    notes.push("K = 0 is one run at 20 dBm, where the paper implies 10 dBm".into());
    Ok(Plan {
        x: Metric::new("sensing_streams", "Sensing streams Ns", ""),
        metrics: metrics(),
        tasks,
        notes,
        scenario: scenario(&world, "fig4"),
        finish: Box::new(report::streams),
    })
}

/// WMMSE-SDR of Fig. 4: solved once, then cut down to each number of streams.
fn truncated(
    world: &World,
    users: usize,
    method: &str,
    name: &str,
    r: usize,
) -> Result<Vec<Record>, Source> {
    let setting = streams_setting(users, 8);
    let weights = setting.weights;
    let problem = world.problem(setting.vertical, users, r, setting.power_dbm, weights)?;
    let (whole, seconds) = timed(|| solve(world, &setting, method, &problem, r));
    let whole = whole?;
    Ok((usize::from(users == 0)..=8)
        .map(|streams| {
            let kept = || wmmse_sdr::truncate(&problem, &whole, streams);
            record(name, streams as f64, r, kept).timed(seconds)
        })
        .collect())
}

/// A point of Fig. 4.
fn streams_setting(users: usize, streams: usize) -> Setting {
    Setting {
        users,
        streams,
        power_dbm: if users == 0 { 20.0 } else { 10.0 },
        tolerance: if users == 0 { 1e-5 } else { 1e-4 },
        cap: 2000,
        ..Setting::common(streams as f64)
    }
}

/// One task per method, point and realisation.
fn plan(
    request: &Request,
    inputs: &Inputs,
    settings: Vec<Setting>,
    methods: &[(&'static str, f64)],
    realizations: Vec<usize>,
    sweep: Sweep,
) -> Result<Plan, Error> {
    let world = Arc::new(World::new(request, inputs)?);
    let mut tasks = Vec::new();
    let mut notes = world.notes();
    for &(method, seconds) in methods {
        let sdr = method.starts_with("wmmse_sdr");
        // Of many points, the slow baseline takes some.
        let every = if sdr && !request.slow && settings.len() > 12 {
            6
        } else {
            1
        };
        for setting in settings.iter().step_by(every) {
            let antennas = 4 * setting.vertical;
            // FP-SGDA works on Nt x Nt blocks of sensing streams: cubic in the array size.
            let large = method == "fp_sgda" && antennas >= 64;
            let cost = if large {
                seconds * (antennas as f64 / 32.0).powi(2)
            } else {
                seconds
            };
            let most = match method {
                _ if request.slow => usize::MAX,
                _ if sdr => 1,
                _ if large => match antennas {
                    64 => 3,
                    128 => 2,
                    _ => 1,
                },
                "upper_bound" if sweep.kind.over_antennas() => 4,
                _ => usize::MAX,
            };
            for &r in realizations.iter().take(most) {
                let (world, setting) = (Arc::clone(&world), *setting);
                let id = format!("{method}/x{:.3}/r{r:03}", setting.x);
                tasks.push(Task::records(id, method, cost, move || {
                    Ok(vec![run(&world, &setting, method, method, r)])
                }));
            }
        }
    }
    if !request.slow {
        notes.push("WMMSE-SDR runs on the first channel; --slow runs all".into());
    }
    if settings.len() > 12 && !request.slow {
        notes.push("WMMSE-SDR runs at every sixth weight; --slow runs all".into());
    }
    if sweep.kind.over_antennas() {
        notes.push("the released low-dimensional variant stops at a relative change of the objective below 1e-5, as its published data do (the script: change of W below 1e-5)".into());
        notes.push("beyond the stored size its start is scaled to full power first: as released, below full power, it ended at a singular FIM from most of our draws for 256 antennas".into());
        if !request.slow {
            notes.push("FP-SGDA runs on 3 channels at 64 antennas, 2 at 128 and 1 at 256, the certificate on 4; --slow runs all".into());
        }
    }
    let comparison = report::Comparison::read(request, &world, sweep.kind)?;
    let x = sweep.x.clone();
    let scenario = scenario(&world, sweep.title);
    Ok(Plan {
        x,
        metrics: metrics(),
        tasks,
        notes,
        scenario,
        finish: Box::new(move |records| report::sweep(records, &sweep, &comparison)),
    })
}

pub(super) fn scenario(world: &World, title: &str) -> serde_json::Value {
    let alpha: Vec<[f64; 2]> = world.targets.alpha().iter().map(|a| [a.re, a.im]).collect();
    json!({
        "title": title,
        "noise_W": super::setup::NOISE,
        "snapshots": world.snapshots,
        "kron_order": world.order,
        "theta_rad": world.targets.theta(),
        "phi_rad": world.targets.phi(),
        "alpha": alpha,
        "channels": if world.stored() { "released" } else { "drawn" },
        "seed": world.seed,
    })
}

/// Weight of the rate from which our curve of Fig. 3 is continued to smaller ones.
const CONTINUED_FROM: f64 = 1e-2;

/// Runs one method on one realisation.
fn run(world: &World, setting: &Setting, method: &str, name: &str, r: usize) -> Record {
    let (vertical, users) = (setting.vertical, setting.users);
    let problem = world.problem(vertical, users, r, setting.power_dbm, setting.weights);
    record(name, setting.x, r, || {
        solve(world, setting, method, &problem?, r)
    })
}

fn solve(
    world: &World,
    setting: &Setting,
    method: &str,
    problem: &SumRateCrlb,
    r: usize,
) -> Result<Solution, isac_algos::Error> {
    let antennas = problem.antennas();
    let released_start = |streams: usize| -> Result<Mat<_>, isac_algos::Error> {
        let sensing = world.sensing_start(antennas, streams);
        start::released(problem, setting.start_scale, sensing.as_ref())
    };
    match method {
        "algorithm1" | "algorithm1_ns6" => {
            let w0 = released_start(setting.streams)?;
            sca::solve(problem, w0.as_ref(), &algorithm1(world, setting))
        }
        "algorithm1_ns0" => sca::solve(
            problem,
            released_start(0)?.as_ref(),
            &algorithm1(world, setting),
        ),
        "low_dim_released" => {
            // As the published data. With draws of our own the start is scaled first, see the notes.
            let options = low_dim::Options {
                full_power_start: !world.stored_start(antennas),
                ..low_dim::Options::published()
            };
            low_dim::solve(problem, released_start(setting.streams)?.as_ref(), &options)
        }
        "fp_sgda" => {
            // The released scripts draw both blocks; in Fig. 5 there are Nt sensing streams.
            let streams = if setting.streams == 6 {
                antennas
            } else {
                setting.streams
            };
            let users = world.normal(antennas, setting.users, 1);
            let w0 = ops::hcat(
                users.as_ref(),
                world.sensing_start(antennas, streams).as_ref(),
            );
            let options = if setting.cap == 2000 {
                fp_sgda::Options::tradeoff()
            } else {
                fp_sgda::Options::default()
            };
            fp_sgda::solve(problem, w0.as_ref(), &options)
        }
        "wmmse_sdr" | "wmmse_sdr_corrected" => {
            let variant = if method == "wmmse_sdr" {
                wmmse_sdr::Variant::Released
            } else {
                wmmse_sdr::Variant::Corrected
            };
            let options = wmmse_sdr::Options {
                variant,
                ..wmmse_sdr::Options::default()
            };
            let w0 = start::regularised_zf(problem, 3 * problem.targets(), 0.9)?;
            wmmse_sdr::solve(problem, w0.as_ref(), &options)
        }
        "accelerated" | "accelerated_ns0" => {
            let streams = match method {
                "accelerated" => setting.streams.min(3 * problem.targets()),
                _ => 0,
            };
            let w0 = start::regularised_zf(problem, streams, 0.9)?;
            let options = accelerated::Options::default();
            accelerated::solve_continued(problem, w0.as_ref(), CONTINUED_FROM, &options)
        }
        "best_of_starts" => {
            let mut rng = stream(world.seed, Stream::Randomisation, r as u64);
            let options = restarts::Options {
                // Fig. 4 fixes the number of streams; elsewhere any number may be used.
                sensing_streams: (setting.streams <= 8).then_some(setting.streams),
                ..restarts::Options::default()
            };
            let extra = [released_start(setting.streams)?];
            Ok(restarts::best(problem, &extra, &options, &mut rng)?.0)
        }
        _ => {
            let bound = bound::certify(problem, &bound::Options::default())?;
            let nowhere = isac_algos::obs_crlb::Merit {
                objective: bound.value,
                sum_rate: f64::NAN,
                crlb_trace: f64::NAN,
            };
            Ok(Solution {
                beamformer: Mat::new(),
                merit: nowhere,
                start: nowhere,
                stopped: StopReason::Tolerance,
                iterations: 0,
                trace: Vec::new(),
                falls: 0,
                violation: 0.0,
            })
        }
    }
}

/// Algorithm 1 as the preset runs it.
fn algorithm1(world: &World, setting: &Setting) -> sca::Options {
    if world.printed {
        return sca::Options::printed();
    }
    let (shift, auxiliaries) = if setting.users == 0 {
        (Shift::Dominant, Auxiliaries::Exact)
    } else {
        (Shift::Comm, Auxiliaries::WithoutSensing)
    };
    sca::Options {
        shift,
        auxiliaries,
        stop: Stop::Step(setting.tolerance),
        max_iterations: setting.cap,
        ..sca::Options::released()
    }
}
