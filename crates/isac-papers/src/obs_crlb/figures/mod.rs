//! Figures 2 to 7 and Table I of `obs_crlb`: what is run.

mod claims;
mod convergence;
mod panels;
mod random_instances;
mod report;
mod streams;
mod streams_plan;
mod sweep;

use std::sync::Arc;

use isac_algos::obs_crlb::{Solution, SumRateCrlb, bound, fp_sgda, global, start};
use isac_linalg::{Mat, c64, ops};
use isac_models::rng::{Stream, stream};

use super::method::{Method, Released, Setup};
use super::published;
use super::scenario::Scenario;
use super::setup::{Inputs, PRESETS, World, bound_record, described, metrics, record};
use isac_lab::error::Error;
use isac_lab::published::Numbers;
use isac_lab::verdict::LEAST_DRAWS;
use isac_lab::{Artefact, Metric, Plan, Record, Request, Size, Task};
use sweep::{
    ACCELERATED_NS0, Comparison, Curve, Kind, Of, Sweep, algorithm1, global_channels, global_gap,
};

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
            streams_plan::plan,
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
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) x: f64,
    pub(super) scenario: Scenario,
    pub(super) streams: usize,
    /// Whether the best of starts has just so many streams, or any number.
    pub(super) streams_fixed: bool,
    /// Settings of the released scripts.
    pub(super) released: Released,
}

impl Setting {
    /// As many sensing streams as the array of the artefact's scenario has antennas.
    fn common(x: f64, scenario: Scenario) -> Self {
        Self {
            x,
            streams: scenario.antennas(),
            scenario,
            streams_fixed: false,
            released: Released::default(),
        }
    }
}

/// Where the targets of Figs. 3 and 5 to 7 stand among the released numbers.
pub(super) const TARGETS: Option<&str> = Some("figs3_5_6_7_table1");

fn fig3(request: &Request) -> Result<Plan, Error> {
    let inputs = Inputs {
        channels: Some("channels_fig3_nt16_k4.csv"),
        sensing_start: Some("init_ws_fig3.csv"),
        targets: TARGETS,
    };
    let world = World::new(request, "fig3", inputs)?;
    let every = request.pick(1, 6);
    let settings = (0..60).step_by(every).map(|i| {
        let x = -7.0 + 0.2 * f64::from(i);
        let scenario = Scenario {
            delta_c: 10.0_f64.powf(x),
            ..world.scenario.clone()
        };
        Setting {
            released: Released {
                tolerance: 1e-4,
                cap: 2000,
                fp_sgda: fp_sgda::Options::released_tradeoff(),
                ..Released::default()
            },
            ..Setting::common(x, scenario)
        }
    });
    let settings = settings.collect();
    let algorithm1 = algorithm1(request.preset == PRESETS[1]);
    let numbers = published::numbers("fig3")?;
    let sweep = Sweep {
        title: "Tradeoff between sum rate and CRLB",
        x: Metric::new("log10_delta_c", "log10 of the weight of the rate", ""),
        algorithm1: algorithm1.name(),
        curves: vec![
            Curve::of(algorithm1, 0.01),
            Curve::of(Method::Accelerated, 0.01),
            Curve::of(Method::FpSgdaReleased, 0.03),
            Curve::of(Method::WmmseSdrReleased, SDR_SECONDS),
            Curve::of(Method::WmmseSdr, SDR_SECONDS),
        ],
        published: published::curves(&numbers, &published::METHODS),
        numbers,
        draws: 50,
        half_digit: 5e-4,
        times: Numbers::default(),
        kind: Kind::Tradeoff,
    };
    let realizations = request.realizations(50, 4)?;
    plan(request, world, settings, realizations, sweep)
}

/// What Fig. 6 varies, with the x of each.
pub(super) fn over_users(base: &Scenario) -> [(f64, Scenario); 6] {
    [2, 4, 6, 8, 10, 12].map(|users| {
        let scenario = Scenario {
            users,
            ..base.clone()
        };
        (users as f64, scenario)
    })
}

/// What Fig. 7 varies, with the x of each.
pub(super) fn over_powers(base: &Scenario) -> [(f64, Scenario); 6] {
    [-5.0, 0.0, 5.0, 10.0, 15.0, 20.0].map(|power_dbm| {
        let scenario = Scenario {
            power_dbm,
            ..base.clone()
        };
        (power_dbm, scenario)
    })
}

fn fig6(request: &Request) -> Result<Plan, Error> {
    let inputs = Inputs {
        channels: Some("channels_nt16_k12.csv"),
        sensing_start: Some("init_ws_fig6.csv"),
        targets: TARGETS,
    };
    let world = World::new(request, "fig6", inputs)?;
    let settings = over_users(&world.scenario).map(|(x, scenario)| Setting::common(x, scenario));
    let printed = request.preset == PRESETS[1];
    let numbers = published::numbers("fig6")?;
    let sweep = Sweep {
        title: "Against the number of users",
        x: Metric::new("users", "Users K", ""),
        algorithm1: algorithm1(printed).name(),
        curves: sweep_curves(printed),
        published: published::curves(&numbers, &published::METHODS),
        numbers,
        draws: 100,
        half_digit: 5e-4,
        times: Numbers::default(),
        kind: Kind::Users,
    };
    let realizations = request.realizations(100, 5)?;
    plan(request, world, settings.to_vec(), realizations, sweep)
}

fn fig7(request: &Request) -> Result<Plan, Error> {
    let inputs = Inputs {
        channels: Some("channels_nt16_k4.csv"),
        sensing_start: Some("init_ws_fig7.csv"),
        targets: TARGETS,
    };
    let world = World::new(request, "fig7", inputs)?;
    let settings = over_powers(&world.scenario).map(|(x, scenario)| Setting::common(x, scenario));
    let printed = request.preset == PRESETS[1];
    let numbers = published::numbers("fig7")?;
    let sweep = Sweep {
        title: "Against transmit power",
        x: Metric::new("power_dbm", "Transmit power", "dBm"),
        algorithm1: algorithm1(printed).name(),
        curves: sweep_curves(printed),
        published: published::curves(&numbers, &published::METHODS),
        numbers,
        draws: 100,
        half_digit: 5e-4,
        times: Numbers::default(),
        kind: Kind::Power,
    };
    let realizations = request.realizations(100, 5)?;
    plan(request, world, settings.to_vec(), realizations, sweep)
}

/// Curves of Figs. 6 and 7.
fn sweep_curves(printed: bool) -> Vec<Curve> {
    vec![
        Curve::of(algorithm1(printed), 0.02),
        Curve::of(Method::BestOfStarts, 0.06),
        Curve::bound(),
        Curve::global(),
        Curve::of(Method::FpSgdaReleased, 0.05),
        Curve::of(Method::WmmseSdrReleased, SDR_SECONDS),
        Curve::of(Method::WmmseSdr, SDR_SECONDS),
    ]
}

/// Rough seconds per run of WMMSE-SDR.
const SDR_SECONDS: f64 = 0.5;

/// Channels on which WMMSE-SDR runs without `--slow`: all in Fig. 6, whose subject it is, and as many as a
/// verdict needs elsewhere; one in a quick run.
fn sdr_channels(request: &Request, all: bool) -> usize {
    match (request.slow, request.size, all) {
        (true, _, _) | (false, Size::Full, true) => usize::MAX,
        (false, Size::Full, false) => LEAST_DRAWS,
        (false, Size::Quick, _) => 1,
    }
}

fn fig5(request: &Request) -> Result<Plan, Error> {
    antennas(request, "fig5", Kind::Antennas)
}

fn table1(request: &Request) -> Result<Plan, Error> {
    antennas(request, "table1", Kind::Table)
}

fn antennas(request: &Request, artefact: &str, kind: Kind) -> Result<Plan, Error> {
    let inputs = Inputs {
        channels: Some("channels_nt16_k4.csv"),
        sensing_start: Some("init_ws_fig7.csv"),
        targets: TARGETS,
    };
    let world = World::new(request, artefact, inputs)?;
    let all = [4, 8, 16, 32, 64];
    let sizes = request.pick(&all[..], &all[..3]);
    let settings = sizes.iter().map(|&vertical| {
        let scenario = Scenario {
            nt_v: vertical,
            nr_v: vertical,
            ..world.scenario.clone()
        };
        Setting {
            streams: 6,
            ..Setting::common(scenario.antennas() as f64, scenario)
        }
    });
    let settings = settings.collect();
    let printed = request.preset == PRESETS[1];
    let algorithm1 = algorithm1(printed);
    let names = if printed {
        ["algorithm1_printed_ns6", "algorithm1_printed_ns0"]
    } else {
        published::ALGORITHM1_STREAMS
    };
    let numbers = published::numbers("table1")?;
    let sweep = Sweep {
        title: "Against the number of antennas",
        x: Metric::new("antennas", "Transmit antennas Nt", ""),
        algorithm1: names[0],
        curves: vec![
            Curve::with_streams((names[0], "Algorithm 1, Ns = 6", 0), algorithm1, 6, 0.04),
            Curve::with_streams((names[1], "Algorithm 1, Ns = 0", 4), algorithm1, 0, 0.04),
            Curve::of(Method::LowDimPublished, 0.15),
            Curve::of(Method::Accelerated, 0.01),
            Curve::with_streams(
                (ACCELERATED_NS0, "L-BFGS, Ns = 0 (ours)", 8),
                Method::Accelerated,
                0,
                0.01,
            ),
            Curve::bound(),
            Curve::of(Method::FpSgdaReleased, 0.2),
            Curve::of(Method::WmmseSdrReleased, SDR_SECONDS),
            Curve::of(Method::WmmseSdr, SDR_SECONDS),
        ],
        published: published::curves(&numbers, &published::ARRAY_METHODS),
        numbers,
        draws: 100,
        half_digit: 5e-3,
        times: match kind {
            Kind::Antennas => published::numbers("fig5")?,
            Kind::Tradeoff | Kind::Users | Kind::Power | Kind::Table => Numbers::default(),
        },
        kind,
    };
    let realizations = request.realizations(100, 4)?;
    plan(request, world, settings, realizations, sweep)
}

/// One task per method, point and realisation.
fn plan(
    request: &Request,
    world: World,
    settings: Vec<Setting>,
    realizations: Vec<usize>,
    sweep: Sweep,
) -> Result<Plan, Error> {
    let world = Arc::new(world);
    let mut tasks = Vec::new();
    let mut notes = world.notes();
    for &curve in &sweep.curves {
        let sdr = curve.is(&[Method::WmmseSdr, Method::WmmseSdrReleased]);
        // Of many points, the slow baseline takes some.
        let every = if sdr && !request.slow && settings.len() > 12 {
            6
        } else {
            1
        };
        for setting in settings.iter().step_by(every) {
            let antennas = setting.scenario.antennas();
            // FP-SGDA works on Nt x Nt blocks of sensing streams: cubic in the array size.
            let large = curve.is(&[Method::FpSgdaReleased]) && antennas >= 64;
            let cost = if large {
                curve.seconds * (antennas as f64 / 32.0).powi(2)
            } else {
                curve.seconds
            };
            let most = if request.slow {
                usize::MAX
            } else if sdr {
                sdr_channels(request, sweep.kind == Kind::Users)
            } else if large {
                match antennas {
                    64 => 3,
                    128 => 2,
                    _ => 1,
                }
            } else if curve.of == Of::Bound && sweep.kind.over_antennas() {
                4
            } else if curve.of == Of::Global {
                global_channels(&setting.scenario)
            } else {
                usize::MAX
            };
            for &r in realizations.iter().take(most) {
                let (world, setting) = (Arc::clone(&world), setting.clone());
                let id = format!("{}/x{:.3}/r{r:03}", curve.name, setting.x);
                tasks.push(Task::records(id, curve.name, cost, move || {
                    Ok(vec![run(&world, &setting, &curve, curve.name, r)])
                }));
            }
        }
    }
    let channels = sdr_channels(request, sweep.kind == Kind::Users);
    if channels < realizations.len() {
        notes.push(format!(
            "WMMSE-SDR runs on {channels} of {} channels; --slow runs all",
            realizations.len()
        ));
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
    let comparison = Comparison::read(request, &world, sweep.kind)?;
    let x = sweep.x.clone();
    let scenario = described(&world, sweep.title);
    Ok(Plan {
        x,
        metrics: metrics(),
        tasks,
        notes,
        scenario,
        finish: Box::new(move |records| report::sweep(records, &sweep, &comparison)),
    })
}

/// Runs one curve on one realisation.
fn run(world: &World, setting: &Setting, curve: &Curve, name: &str, r: usize) -> Record {
    let problem = world.problem(&setting.scenario, r);
    match curve.of {
        Of::Method(method) => record(name, setting.x, r, || {
            solve(world, setting, method, setting.streams, &problem?, r)
        }),
        Of::Streams(method, streams) => record(name, setting.x, r, || {
            solve(world, setting, method, streams, &problem?, r)
        }),
        Of::Bound => bound_record(name, setting.x, r, || {
            Ok(bound::certify(&problem?, &bound::Options::default())?.value)
        }),
        Of::Global => bound_record(name, setting.x, r, || {
            let problem = problem?;
            let best = solve(
                world,
                setting,
                Method::BestOfStarts,
                setting.streams,
                &problem,
                r,
            )?;
            let options = global::Options {
                gap: global_gap(problem.users()),
                ..global::Options::default()
            };
            let searched = global::solve(&problem, &best, &options, |_| true)?.bound;
            // The search ends at its gap; where the CRLB is nearly all, what holds for dirty-paper coding too is below.
            let any_code = bound::certify(&problem, &bound::Options::default())?.value;
            Ok(searched.min(any_code))
        }),
    }
}

fn solve(
    world: &World,
    setting: &Setting,
    method: Method,
    streams: usize,
    problem: &SumRateCrlb,
    r: usize,
) -> Result<Solution, isac_algos::Error> {
    let antennas = problem.antennas();
    let released = |streams: usize| -> Result<Option<Mat<c64>>, isac_algos::Error> {
        let sensing = world.sensing_start(antennas, streams);
        start::released(problem, setting.scenario.delta_c, sensing.as_ref()).map(Some)
    };
    let mut setup = Setup {
        released: setting.released.clone(),
        ..Setup::default()
    };
    match method {
        Method::Algorithm1Released | Method::Algorithm1Printed => setup.start = released(streams)?,
        Method::LowDimReleased | Method::LowDimPublished => {
            setup.start = released(streams)?;
            // With draws of our own the start is scaled first, see the notes.
            setup.released.full_power_start = !world.stored_start(antennas);
        }
        Method::FpSgda | Method::FpSgdaReleased => {
            // The released scripts draw both blocks.
            let users = world.normal(antennas, setting.scenario.users, 1);
            // As many sensing streams as antennas.
            let sensing = world.sensing_start(antennas, antennas);
            setup.start = Some(ops::hcat(users.as_ref(), sensing.as_ref()));
        }
        Method::Accelerated => setup.sensing_streams = Some(streams.min(3 * problem.targets())),
        Method::BestOfStarts => {
            setup.start = released(streams)?;
            // Fig. 4 fixes the number of streams; elsewhere any number may be used.
            setup.sensing_streams = setting.streams_fixed.then_some(streams);
        }
        Method::WmmseSdr
        | Method::WmmseSdrReleased
        | Method::Algorithm1
        | Method::BarzilaiBorwein
        | Method::PerAntenna => {}
    }
    let mut rng = stream(world.seed, Stream::Randomisation, r as u64);
    method.run(problem, &setup, &mut rng)
}
