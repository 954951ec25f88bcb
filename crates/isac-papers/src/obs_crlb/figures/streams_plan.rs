//! Fig. 4: what is run.

use std::sync::Arc;

use isac_algos::obs_crlb::{Auxiliaries, Shift, wmmse_sdr};

use super::random_instances;
use super::streams;
use super::sweep::{Curve, algorithm1};
use super::{SDR_SECONDS, Setting, run, sdr_channels, solve};
use crate::obs_crlb::method::{Method, Released};
use crate::obs_crlb::published;
use crate::obs_crlb::scenario::Scenario;
use crate::obs_crlb::setup::{Inputs, World, described, metrics, record};
use isac_lab::clock::timed;
use isac_lab::error::{Error, Source};
use isac_lab::verdict::LEAST_DRAWS;
use isac_lab::{Metric, Plan, Record, Request, Task};

/// Fig. 4: every number of streams, and the bound for any number.
pub(super) fn plan(request: &Request) -> Result<Plan, Error> {
    let inputs = Inputs {
        targets: Some("fig4"),
        ..Inputs::default()
    };
    let world = Arc::new(World::new(request, "fig4", inputs)?);
    let printed = world.printed;
    let numbers = published::numbers("fig4")?;
    let realizations = request.realizations(50, 5)?;
    let mut tasks = Vec::new();
    for users in 0..=3 {
        for streams in 0..=8 {
            if users + streams == 0 {
                continue;
            }
            let setting = streams_setting(&world, users, streams);
            for curve in [
                Curve::of(algorithm1(world.printed), 0.02),
                Curve::of(Method::BestOfStarts, 0.05),
            ] {
                for &r in realizations
                    .iter()
                    .filter(|r| users > 0 || **r == realizations[0])
                {
                    let (world, setting) = (Arc::clone(&world), setting.clone());
                    let name = format!("k{users}_{}", curve.name);
                    let id = format!("{name}/ns{streams}/r{r:03}");
                    tasks.push(Task::records(id, name.clone(), curve.seconds, move || {
                        Ok(vec![run(&world, &setting, &curve, &name, r)])
                    }));
                }
            }
        }
        // What no number of streams exceeds.
        let bounded = if request.slow {
            usize::MAX
        } else {
            LEAST_DRAWS
        };
        for &r in realizations
            .iter()
            .take(if users > 0 { bounded } else { 0 })
        {
            let world = Arc::clone(&world);
            let setting = Setting {
                x: 0.0,
                streams_fixed: false,
                ..streams_setting(&world, users, 8)
            };
            let curve = Curve::global();
            let name = format!("k{users}_{}", curve.name);
            let id = format!("{name}/r{r:03}");
            tasks.push(Task::records(id, name.clone(), curve.seconds, move || {
                Ok(vec![run(&world, &setting, &curve, &name, r)])
            }));
        }
        for method in [Method::WmmseSdrReleased, Method::WmmseSdr] {
            let most = if users > 0 {
                sdr_channels(request, false)
            } else {
                1
            };
            for &r in realizations.iter().take(most) {
                let world = Arc::clone(&world);
                let curve = format!("k{users}_{}", method.name());
                let id = format!("{curve}/r{r:03}");
                tasks.push(Task::records(id, curve.clone(), SDR_SECONDS, move || {
                    truncated(&world, users, method, &curve, r)
                }));
            }
        }
    }
    tasks.extend(random_instances::stream_tasks(request.seed));
    let mut notes = world.notes();
    notes.push(format!(
        "K = 0 is one run at {SENSING_DBM} dBm, where the paper implies {} dBm",
        world.scenario.power_dbm
    ));
    Ok(Plan {
        x: Metric::new("sensing_streams", "Sensing streams Ns", ""),
        metrics: metrics(),
        tasks,
        notes,
        scenario: described(&world, "fig4"),
        finish: Box::new(move |records| {
            streams::report(records, &numbers, printed, world.scenario.delta_s)
        }),
    })
}

/// WMMSE-SDR of Fig. 4: solved once, then cut down to each number of streams.
fn truncated(
    world: &World,
    users: usize,
    method: Method,
    name: &str,
    r: usize,
) -> Result<Vec<Record>, Source> {
    let setting = streams_setting(world, users, 8);
    let problem = world.problem(&setting.scenario, r)?;
    let (whole, seconds) = timed(|| solve(world, &setting, method, setting.streams, &problem, r));
    let whole = whole?;
    Ok((usize::from(users == 0)..=8)
        .map(|streams| {
            let kept = || wmmse_sdr::truncate(&problem, &whole, streams);
            record(name, streams as f64, r, kept).timed(seconds)
        })
        .collect())
}

/// Power of Fig. 4 without users, dBm.
const SENSING_DBM: f64 = 20.0;

/// A point of Fig. 4.
fn streams_setting(world: &World, users: usize, streams: usize) -> Setting {
    let mut scenario = Scenario {
        users,
        ..world.scenario.clone()
    };
    if users == 0 {
        scenario.power_dbm = SENSING_DBM;
    }
    Setting {
        streams,
        streams_fixed: true,
        released: if users == 0 {
            Released {
                cap: 2000,
                shift: Shift::Dominant,
                auxiliaries: Auxiliaries::Exact,
                ..Released::default()
            }
        } else {
            Released {
                tolerance: 1e-4,
                cap: 2000,
                ..Released::default()
            }
        },
        ..Setting::common(streams as f64, scenario)
    }
}
