//! What the page draws of a design: power over directions, bounds of the angles.

use std::cell::RefCell;
use std::rc::Rc;

use isac_lab::solve::SolveReport;
use isac_linalg::{Mat, c64, hermitian, ops};
use serde_json::{Value, json};

use crate::floor;
use crate::scene::{Asked, Place, Refused, Scene};

/// Points over the azimuths of a line of antennas, -90 to 90 degrees.
const LINE: usize = 721;
/// Points over the azimuths and elevations of a plane, -90 to 90 and -60 to 60 degrees; over a floor, metres.
const MAP: (usize, usize) = (73, 49);
/// Power below which a direction is drawn dark, dBW.
const DARK_DB: f64 = -120.0;

/// A factor per stream, antennas x columns each, with its name.
type Streams = Vec<(String, Mat<c64>)>;

/// Patterns and bounds of a report's beams; `null` without a point.
pub(crate) fn of(scene: &Scene, report: &SolveReport) -> Result<Value, Refused> {
    // Elsewhere a point without a design shows how far a search came; on a floor it would be taken for one.
    let shown = !scene.problem.has_floor() || report.status.exit_code() == 0;
    let streams = if shown {
        streams(scene, report)?
    } else {
        Streams::new()
    };
    if streams.is_empty() {
        return Ok(Value::Null);
    }
    let towards = |steering: &Mat<c64>| -> Vec<Vec<f64>> {
        (streams.iter())
            .map(|(_, factor)| powers(steering, factor))
            .collect()
    };
    let sum = |steering: &Mat<c64>| -> Vec<f64> {
        let all = towards(steering);
        (0..steering.ncols())
            .map(|i| all.iter().map(|p| p[i]).sum())
            .collect()
    };
    let grid = grid(scene)?;
    let names: Vec<&str> = streams.iter().map(|(name, _)| name.as_str()).collect();
    let patterns: Vec<Vec<i64>> = towards(&grid).iter().map(|p| decibels(p)).collect();
    Ok(json!({
        "names": names,
        "patterns_tenth_dBW": patterns,
        "azimuths": if scene.is_line() { LINE } else { MAP.0 },
        "elevations": if scene.is_line() { 1 } else { MAP.1 },
        "user_W": sum(&received(scene, &scene.users)?),
        "target_W": sum(&received(scene, &scene.targets)?),
        "null_W": sum(&received(scene, &scene.nulls)?),
        "target_bounds": bounds(scene, &streams)?,
    }))
}

/// The beams of the users and, together, those for sensing alone; factors of covariances where there are
/// no beams.
fn streams(scene: &Scene, report: &SolveReport) -> Result<Streams, Refused> {
    let users = scene.users();
    if scene.problem == Asked::HisacSee {
        return two_stations(scene, report);
    }
    let whole = ["W", "w", "F"]
        .into_iter()
        .find_map(|name| report.beamformers.get(name));
    if let Some(value) = whole {
        let w = matrix(value, scene.antennas())?;
        let in_subcarriers = scene.problem == Asked::AlphaFair;
        return Ok(if in_subcarriers {
            subcarriers(&w, users)
        } else {
            split(&w, users)
        });
    }
    let mut found = Vec::new();
    for k in 0..users {
        if let Some(value) = report.beamformers.get(&format!("W_{k}")) {
            let covariance = matrix(value, scene.antennas())?;
            let factor = hermitian::sqrt_factor(covariance.as_ref()).map_err(|e| e.to_string())?;
            found.push((format!("user {k}"), factor));
        }
    }
    Ok(found)
}

/// The first columns as the users' beams, the others as those for sensing.
fn split(w: &Mat<c64>, users: usize) -> Streams {
    let mut found: Streams = (0..users.min(w.ncols()))
        .map(|k| (format!("user {k}"), w.subcols(k, 1).to_owned()))
        .collect();
    if w.ncols() > users {
        let rest = w.subcols(users, w.ncols() - users).to_owned();
        found.push(("sensing".into(), rest));
    }
    found
}

/// The beams of all subcarriers together; in the report a subcarrier's sensing beam stands before its users'.
fn subcarriers(w: &Mat<c64>, users: usize) -> Streams {
    let each = users + 1;
    let of = |s: usize| Mat::from_fn(w.nrows(), w.ncols() / each, |n, i| w[(n, i * each + s)]);
    let mut found: Streams = (0..users)
        .map(|k| (format!("user {k}"), of(k + 1)))
        .collect();
    found.push(("sensing".into(), of(0)));
    found
}

/// Beams of two stations, each with zeros where the other's antennas are.
fn two_stations(scene: &Scene, report: &SolveReport) -> Result<Streams, Refused> {
    let (both, half) = (scene.antennas(), scene.antennas() / 2);
    let read = |name: &str| match report.beamformers.get(name) {
        Some(value) => matrix(value, half),
        None => Err(format!("beams: `{name}` is missing")),
    };
    let padded = |w: &Mat<c64>, k: usize, first: usize| {
        Mat::from_fn(both, 1, |n, _| match n.checked_sub(first) {
            Some(n) if n < half => w[(n, k)],
            _ => c64::ZERO,
        })
    };
    // The common stream comes first.
    let streams = read("O")?;
    let mut found = vec![("Bob".to_owned(), padded(&read("w_bo")?, 0, 0))];
    for k in 1..streams.ncols() {
        found.push((format!("user {k}"), padded(&streams, k, half)));
    }
    found.push(("common".into(), padded(&streams, 0, half)));
    found.push(("sensing".into(), padded(&read("w_ta")?, 0, 0)));
    Ok(found)
}

/// A matrix as reports write it.
fn matrix(value: &Value, rows: usize) -> Result<Mat<c64>, Refused> {
    let part = |key: &str, i: usize, j: usize| value[key][i][j].as_f64();
    let columns = value["re"][0].as_array().map_or(0, Vec::len);
    let mut out = Mat::zeros(rows, columns);
    for i in 0..rows {
        for j in 0..columns {
            let (Some(re), Some(im)) = (part("re", i, j), part("im", i, j)) else {
                return Err(format!("beams: entry ({i}, {j}) is missing"));
            };
            out[(i, j)] = c64::new(re, im);
        }
    }
    Ok(out)
}

/// Power of beams towards each steering vector, W.
fn powers(steering: &Mat<c64>, factor: &Mat<c64>) -> Vec<f64> {
    let image = ops::adjoint_mul(steering.as_ref(), factor.as_ref());
    (0..steering.ncols())
        .map(|i| (0..image.ncols()).map(|k| image[(i, k)].norm_sqr()).sum())
        .collect()
}

/// Tenths of a decibel over 1 W.
fn decibels(powers: &[f64]) -> Vec<i64> {
    (powers.iter())
        .map(|p| (100.0 * p.log10()).max(10.0 * DARK_DB).round() as i64)
        .collect()
}

/// All that the steering vectors of a picture depend on: problem, columns and rows of antennas.
type Ground = (Asked, usize, usize);

thread_local! {
    /// The steering vectors of the last picture: between two of them users and targets move, seldom antennas.
    static LAST: RefCell<Option<(Ground, Rc<Mat<c64>>)>> = const { RefCell::new(None) };
}

/// Steering vectors over the directions that are drawn, azimuth fastest.
fn grid(scene: &Scene) -> Result<Rc<Mat<c64>>, Refused> {
    let ground = (scene.problem, scene.columns, scene.rows);
    let last = LAST.with_borrow(Clone::clone);
    if let Some((_, grid)) = last.filter(|(of, _)| *of == ground) {
        return Ok(grid);
    }
    let grid = Rc::new(computed(scene)?);
    LAST.set(Some((ground, Rc::clone(&grid))));
    Ok(grid)
}

fn computed(scene: &Scene) -> Result<Mat<c64>, Refused> {
    let (azimuths, elevations) = if scene.is_line() { (LINE, 1) } else { MAP };
    let spread = |i: usize, count: usize, half: f64| {
        if count == 1 {
            0.0
        } else {
            half * (2.0 * i as f64 / (count - 1) as f64 - 1.0)
        }
    };
    let points = (0..elevations).flat_map(|e| (0..azimuths).map(move |a| (a, e)));
    let places: Vec<Place> = points
        .map(|(a, e)| Place {
            az: spread(a, azimuths, 90.0),
            el: spread(e, elevations, 60.0),
            range: 1.0,
        })
        .collect();
    received(scene, &places)
}

/// What places receive per unit of the amplitude at each antenna, antennas x places.
fn received(scene: &Scene, places: &[Place]) -> Result<Mat<c64>, Refused> {
    if scene.problem.has_floor() {
        floor::seen(scene, places)
    } else {
        scene.steering(places)
    }
}

/// Least standard deviations of the angles of each target, degrees, and their correlation; of the azimuth
/// alone for a line of antennas. `null` where a problem that does not ask for it has no such bound.
fn bounds(scene: &Scene, streams: &Streams) -> Result<Value, Refused> {
    let Some(sensing) = scene.sensing()? else {
        return Ok(Value::Null);
    };
    let mut all = Mat::zeros(scene.antennas(), 0);
    for (_, factor) in streams {
        all = ops::hcat(all.as_ref(), factor.as_ref());
    }
    let crlb = match sensing.crlb(all.as_ref()) {
        Ok(crlb) => crlb,
        Err(error) if scene.problem == Asked::RateCrlb => return Err(error.to_string()),
        Err(_) => return Ok(Value::Null),
    };
    let c = crlb.inverse();
    let count = scene.targets();
    let list = (0..count).map(|m| {
        let az = c[(m, m)].sqrt();
        if scene.is_line() {
            return json!({"az_deg": az.to_degrees(), "el_deg": null, "correlation": 0.0});
        }
        let el = c[(count + m, count + m)].sqrt();
        // Elevation is a right angle less `phi`.
        let correlation = -c[(m, count + m)] / (az * el);
        json!({"az_deg": az.to_degrees(), "el_deg": el.to_degrees(), "correlation": correlation})
    });
    Ok(Value::Array(list.collect()))
}
