//! The released draws as a public family of instances: all four methods of a draw at a setting.

use std::path::Path;

use isac_lab::bench::{Comparison, Family, Instances, Ours};
use isac_lab::clock::timed;
use isac_lab::error::{Error, Source};

use super::figures::{DISTANCES, METHODS, SHARES};
use super::method::{Found, Method, Outcome};
use super::released::{self, Draw, Stored};
use super::report::ACCEPT;
use super::scenario::{Scenario, of_figure};

pub(super) const FAMILY: Family = Family {
    name: "cell_free",
    holds: "10,000 networks of two access points, five users and a target (1,000 draws at seven shares of the power, 3 x 1,000 draws at three least distances), each with four methods",
    source: "https://github.com/umut-demirhan/Cell-free-ISAC-beamforming, the result files of the package",
    files: "power_data.mat, dist_data0.mat, dist_data20.mat or dist_data40.mat, in any folder below DIR",
    open,
};

/// Relative difference up to which ours is no worse. The released regularised zero forcing is ours but for
/// its null-space projection, which inverts a Gram matrix whose condition may be large.
fn tolerance(method: Method) -> f64 {
    match method {
        Method::NsRzf => 2e-5,
        Method::Jsc | Method::NsOpt | Method::CbOpt => 1e-6,
    }
}

/// A released file.
struct Part {
    set: &'static str,
    /// The scene and the place on the axis of each setting.
    settings: Vec<(Scenario, f64)>,
    draws: Vec<Draw>,
}

fn open(folder: &Path) -> Result<Option<Instances>, Error> {
    let (fig3, fig4) = (of_figure("fig3")?, of_figure("fig4")?);
    let power = SHARES.map(|share| {
        let scenario = Scenario {
            share,
            ..fig3.clone()
        };
        (scenario, share)
    });
    let distances = DISTANCES.map(|least_distance_m| {
        let scenario = Scenario {
            least_distance_m,
            ..fig4.clone()
        };
        (scenario, least_distance_m)
    });
    let mut files = vec![("fig3", released::POWER, power.to_vec())];
    for (name, setting) in released::DISTANCE.into_iter().zip(distances) {
        files.push(("fig4", name, vec![setting]));
    }
    let (mut parts, mut absent) = (Vec::new(), Vec::new());
    for (set, name, settings) in files {
        match released::locate(folder, name)? {
            None => absent.push(name.to_string()),
            Some(path) => parts.push(Part {
                set,
                draws: released::read(&path, settings.len())?,
                settings,
            }),
        }
    }
    if parts.is_empty() {
        return Ok(None);
    }
    let count = |part: &Part| part.draws.len() * part.settings.len();
    Ok(Some(Instances {
        count: parts.iter().map(count).sum(),
        absent,
        compare: Box::new(move |number| {
            let mut number = number;
            for part in &parts {
                if number < count(part) {
                    let settings = part.settings.len();
                    return compare(part, number / settings, number % settings);
                }
                number -= count(part);
            }
            Ok(Vec::new())
        }),
    }))
}

/// The four methods on one draw at one setting. The joint design takes the stored SINR of NS+OPT as floor.
fn compare(part: &Part, realization: usize, k: usize) -> Result<Vec<Comparison>, Source> {
    let (scenario, x) = &part.settings[k];
    let draw = &part.draws[realization];
    let stored = draw.settings[k];
    let network = draw.network(scenario)?;
    let floor = Some(stored[1].optimum).filter(|f| *f > 0.0);
    let floors = floor.map(|f| vec![f; network.users()]);
    let run = |method: Method| {
        let (outcome, seconds) = timed(|| method.run(&network, scenario.share, floors.as_deref()));
        let ours = match outcome {
            Ok(Outcome::Found(found)) => judged(method, &network, &found, seconds),
            Ok(Outcome::Infeasible { .. }) => Err("infeasible, proved".to_string()),
            Ok(Outcome::Unknown) => Err("no answer".to_string()),
            Err(error) => Err(error.to_string()),
        };
        (method, ours)
    };
    let all = METHODS.into_iter().map(run).zip(stored);
    Ok(all
        .map(|((method, ours), stored)| Comparison {
            algorithm: released_name(method),
            method: method.name(),
            set: part.set,
            x: *x,
            realization,
            released: objective_of(method, stored),
            released_seconds: None,
            ours,
            tolerance: tolerance(method),
        })
        .collect())
}

/// What the package calls a method.
fn released_name(method: Method) -> &'static str {
    match method {
        Method::Jsc => "JSC",
        Method::NsRzf => "NS+RZF",
        Method::NsOpt => "NS+OPT",
        Method::CbOpt => "CB+OPT",
    }
}

/// The stored objective, if there is one: the optimum of the joint design, and the smallest SINR of the
/// stored beams of the others.
fn objective_of(method: Method, stored: Stored) -> Option<f64> {
    let value = match method {
        Method::Jsc => stored.optimum,
        Method::NsRzf | Method::NsOpt | Method::CbOpt => stored.sinr,
    };
    Some(value).filter(|v| *v > 0.0)
}

/// Our design, if it meets budgets and floors.
fn judged(
    method: Method,
    network: &isac_algos::cell_free::Network,
    found: &Found,
    seconds: f64,
) -> Result<Ours, String> {
    let evaluation = &found.evaluation;
    let floors = found.floors.as_deref().unwrap_or_default();
    let violation = evaluation
        .power_violation(network)
        .max(evaluation.sinr_violation(floors));
    if violation > ACCEPT {
        return Err(format!("violates a constraint by {violation:e}"));
    }
    let objective = match method {
        Method::Jsc => evaluation.min_sensing_snr(),
        Method::NsRzf | Method::NsOpt | Method::CbOpt => evaluation.min_sinr(),
    };
    Ok(Ours {
        objective,
        bound: Some(found.upper).filter(|u| u.is_finite()),
        size: objective,
        seconds,
    })
}
