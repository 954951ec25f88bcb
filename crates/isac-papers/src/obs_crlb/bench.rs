//! The released runs of Figs. 6 and 7 and of the first column of Table I as a public family of instances.

use std::path::Path;

use isac_algos::obs_crlb::{bound, start};
use isac_lab::bench::{Comparison, Family, Instances, Ours};
use isac_lab::clock::timed;
use isac_lab::error::{Error, Source};
use isac_lab::{Request, Size};
use isac_models::rng::{Stream, stream};

use super::figures::{TARGETS, over_powers, over_users};
use super::method::{Method, Setup};
use super::package;
use super::published::{self, Runs, thousandths};
use super::scenario::Scenario;
use super::setup::{Inputs, PRESETS, World};

pub(super) const FAMILY: Family = Family {
    name: "obs_crlb",
    holds: "1,200 designs for 4 x 4 antennas and two targets (100 channels at six numbers of users, 100 channels at six powers), each with three released algorithms, and 100 of them with a fourth",
    source: "the authors' code package of the paper (OBS_for_CRLB_ISAC), the .mat files in its folders",
    files: "Fig_5performance_vs_K/data_SCA_Ns=3M.mat or Fig_6performance_vs_Pt/data_SCA_Ns=3M.mat in DIR or DIR/OBS_for_CRLB_ISAC, or fig6_users_per_realization.csv or fig7_power_per_realization.csv with their inputs in DIR",
    open,
};

/// Relative difference, to the size of the objective's terms, up to which ours is no worse.
const TOLERANCE: f64 = 1e-6;

/// A figure with per-channel results.
struct Set {
    name: &'static str,
    /// Its axis in the released file.
    x: &'static str,
    file: &'static str,
    channels: &'static str,
    sensing_start: &'static str,
    /// Values of the axis with the scenario at each.
    points: fn(&Scenario) -> [(f64, Scenario); 6],
}

/// A released algorithm on the instances of a set.
struct Released {
    name: &'static str,
    runs: Runs,
}

struct Part {
    set: Set,
    world: World,
    points: [(f64, Scenario); 6],
    draws: usize,
    released: Vec<Released>,
}

fn sets() -> [Set; 2] {
    [
        Set {
            name: "fig6",
            x: "K",
            file: "fig6_users_per_realization.csv",
            channels: "channels_nt16_k12.csv",
            sensing_start: "init_ws_fig6.csv",
            points: over_users,
        },
        Set {
            name: "fig7",
            x: "Pt_dBm",
            file: "fig7_power_per_realization.csv",
            channels: "channels_nt16_k4.csv",
            sensing_start: "init_ws_fig7.csv",
            points: over_powers,
        },
    ]
}

fn open(folder: &Path) -> Result<Option<Instances>, Error> {
    let (mut parts, mut absent) = (Vec::new(), Vec::new());
    for set in sets() {
        if package::holds(folder, set.file) {
            parts.push(part(folder, set)?);
        } else {
            absent.push(set.file.to_string());
        }
    }
    if parts.is_empty() {
        return Ok(None);
    }
    let count = |part: &Part| part.draws * part.points.len();
    Ok(Some(Instances {
        count: parts.iter().map(count).sum(),
        absent,
        compare: Box::new(move |number| {
            let mut number = number;
            for part in &parts {
                if number < count(part) {
                    let points = part.points.len();
                    return compare(part, number / points, number % points);
                }
                number -= count(part);
            }
            Ok(Vec::new())
        }),
    }))
}

fn part(folder: &Path, set: Set) -> Result<Part, Error> {
    let inputs = Inputs {
        channels: Some(set.channels),
        sensing_start: Some(set.sensing_start),
        targets: TARGETS,
    };
    let request = Request {
        reference: Some(folder.into()),
        ..Request::new(PRESETS[0], Size::Full)
    };
    let world = World::new(&request, set.name, inputs)?;
    let points = (set.points)(&world.scenario);
    let antennas = world.scenario.antennas();
    let most = points.iter().map(|(_, s)| s.users).max().unwrap_or(0);
    for h in world.stored_channels() {
        if h.nrows() != antennas || h.ncols() < most {
            return Err(Error::Usage(format!(
                "{}: channels of {} x {}, expected {antennas} antennas x at least {most} users",
                set.channels,
                h.nrows(),
                h.ncols()
            )));
        }
    }
    if !world.stored_start(antennas) {
        return Err(Error::Usage(format!(
            "{}: expected {antennas} antennas",
            set.sensing_start
        )));
    }
    let table = package::table(folder, set.file)?;
    let mut released = Vec::new();
    for name in ["algorithm1", "fp_sgda", "wmmse_sdr"] {
        let runs = published::runs(&table, set.x, name)?;
        if !runs.is_empty() {
            released.push(Released { name, runs });
        }
    }
    let columns = "fig5_table1_per_realization.csv";
    if set.name == "fig7" && package::holds(folder, columns) {
        // The first column of Table I: the same channels at 10 dBm.
        let table = package::table(folder, columns)?;
        let all = published::runs(&table, "Nt_actual", "ld_algorithm1_ns3m")?;
        let first = all
            .into_iter()
            .filter(|((antennas, _), _)| *antennas == 16_000);
        released.push(Released {
            name: "ld_algorithm1_ns3m",
            runs: first.map(|((_, r), run)| ((10_000, r), run)).collect(),
        });
    }
    Ok(Part {
        draws: world.stored_channels().len(),
        set,
        world,
        points,
        released,
    })
}

/// Our default design of a channel at a point of the axis, with its bound, beside every released one.
fn compare(part: &Part, realization: usize, k: usize) -> Result<Vec<Comparison>, Source> {
    let (x, scenario) = &part.points[k];
    let x = *x;
    let problem = part.world.problem(scenario, realization)?;
    let antennas = scenario.antennas();
    let design = || -> Result<(f64, f64, f64), isac_algos::Error> {
        let sensing = part.world.sensing_start(antennas, antennas);
        let setup = Setup {
            start: Some(start::released(
                &problem,
                scenario.delta_c,
                sensing.as_ref(),
            )?),
            ..Setup::default()
        };
        let mut rng = stream(part.world.seed, Stream::Randomisation, realization as u64);
        let merit = Method::BestOfStarts.run(&problem, &setup, &mut rng)?.merit;
        let bound = bound::certify(&problem, &bound::Options::default())?.value;
        let size = scenario.delta_c * merit.sum_rate + scenario.delta_s * merit.crlb_trace;
        Ok((merit.objective, bound, size))
    };
    let (found, seconds) = timed(design);
    let ours = found.map(|(objective, bound, size)| Ours {
        objective,
        bound: Some(bound),
        size,
        seconds,
    });
    let ours = ours.map_err(|error| error.to_string());
    let key = (thousandths(x), realization);
    let own = part.released.iter().filter(|released| {
        // The fourth algorithm was run at one point alone.
        released.runs.keys().any(|(x, _)| *x == key.0)
    });
    Ok(own
        .map(|released| {
            let run = released.runs.get(&key);
            Comparison {
                algorithm: released.name,
                method: Method::BestOfStarts.name(),
                set: part.set.name,
                x,
                realization,
                released: run.map(|run| run.objective),
                released_seconds: run.and_then(|run| run.seconds),
                ours: ours.clone(),
                tolerance: TOLERANCE,
            }
        })
        .collect())
}
