//! Problems whose scene is a floor: places in metres, base stations that stay where they are.
//!
//! | problem | stations | channels |
//! |---|---|---|
//! | `cell_free` | `rows` access points of `columns` antennas along the lower side, looking up | as the paper: lines of sight without path loss |
//! | `hisac_see` | two, 120 m apart, that look at each other; `columns` x `rows` antennas each | lines of sight, free space, pattern of the elements |
//! | `alpha_fair` | one at the left side, `columns` antennas along it, looking right | lines of sight, free space |

use isac_lab::document::{json_of_matrix, json_of_vec};
use isac_linalg::{Mat, c64};
use isac_models::array::{Scaling, Ula, element_gain};
use isac_models::channel::{Bearing, PathChannel};
use isac_models::geometry::{self, MovingTarget, Point};
use isac_models::ofdm::{Grid, SPEED_OF_LIGHT_M_S};
use isac_models::units::Db;
use serde_json::{Value, json};
use std::f64::consts::{PI, TAU};

use crate::scene::{Asked, Fairness, Place, Refused, Scene};

/// Where the access points of the cell-free problem stand, m below the middle.
const BELOW_M: f64 = 50.0;
/// The width over which they are spread evenly, m.
const WIDTH_M: f64 = 100.0;
/// Noise of a user of the cell-free problem, W, and sensing SNR per watt at a target.
const CELL_FREE: (f64, f64) = (1.0, 0.1);
/// Half the distance of the two stations of `hisac_see`, m.
const APART_M: f64 = 60.0;
/// Height of these stations above everybody else, m.
const HEIGHT_M: f64 = 8.5;
/// Carrier of `hisac_see`, Hz, noise of each of its receivers and power of its circuits, W.
const SECRET: (f64, f64, f64) = (18e9, 1e-8, 10.0);
/// Cross section of targets, m^2, of `hisac_see` and `alpha_fair`.
const CROSS_SECTION_M2: (f64, f64) = (10.0, 1.0);
/// Where the clutter of `hisac_see` stands, m, and the power gain of its reflection.
const CLUTTER: ([f64; 2], f64) = ([-30.0, 18.0], 1e-2);
/// Where the station of `alpha_fair` stands, m to the left of the middle.
const LEFT_M: f64 = 90.0;
/// Subcarriers and symbols of `alpha_fair`, carrier and bandwidth, Hz, cyclic prefix as share of a symbol.
const OFDM: (usize, usize, f64, f64, f64) = (4, 16, 28e9, 0.5e6, 0.25);
/// Noise figure of every receiver of `alpha_fair`, dB.
const NOISE_FIGURE_DB: f64 = 7.0;
/// Nearest distance at which the picture shows a power, m.
const NEAREST_M: f64 = 2.0;

/// The document that `isac solve` takes.
pub(crate) fn document(scene: &Scene) -> Result<Value, Refused> {
    match scene.problem {
        Asked::CellFree => Ok(cell_free(scene)),
        Asked::HisacSee => hisac_see(scene),
        Asked::AlphaFair => alpha_fair(scene),
        Asked::RateCrlb
        | Asked::PowerMin
        | Asked::MaxMin
        | Asked::RobustPowerMin
        | Asked::RobustMaxMin => Err("this problem has no floor".into()),
    }
}

/// What places receive per unit of the amplitude at each antenna, the stations' antennas stacked.
pub(crate) fn seen(scene: &Scene, places: &[Place]) -> Result<Mat<c64>, Refused> {
    let mut all = Mat::zeros(scene.antennas(), places.len());
    for (i, place) in places.iter().enumerate() {
        let column = match scene.problem {
            Asked::CellFree => seen_cell_free(scene, place)?,
            Asked::HisacSee => {
                let mut both = path(scene, place, 0)?;
                both.extend(path(scene, place, 1)?);
                both
            }
            Asked::AlphaFair
            | Asked::RateCrlb
            | Asked::PowerMin
            | Asked::MaxMin
            | Asked::RobustPowerMin
            | Asked::RobustMaxMin => {
                let [ahead, left] = from_left(place);
                let distance = ahead.hypot(left).max(NEAREST_M);
                let gain = ofdm()?.wavelength_m() / (4.0 * PI * distance);
                let angle = left.atan2(ahead);
                let a = line(scene.columns)?.steering(&[angle]);
                a.col(0).iter().map(|z| z * gain).collect()
            }
        };
        for (n, z) in column.into_iter().enumerate() {
            all[(n, i)] = z;
        }
    }
    Ok(all)
}

fn line(antennas: usize) -> Result<Ula, Refused> {
    Ula::half_wavelength(antennas, Scaling::UnitEntries).map_err(|e| e.to_string())
}

fn positions(places: &[Place]) -> Vec<Point> {
    places.iter().map(|p| [p.az, p.el]).collect()
}

/// Positions of the access points, m.
fn access_points(scene: &Scene) -> Vec<Point> {
    let step = WIDTH_M / scene.rows as f64;
    (0..scene.rows)
        .map(|m| [step * (m as f64 + 0.5) - 0.5 * WIDTH_M, -BELOW_M])
        .collect()
}

fn seen_cell_free(scene: &Scene, place: &Place) -> Result<Vec<c64>, Refused> {
    let array = line(scene.columns)?;
    let mut column = Vec::with_capacity(scene.antennas());
    for [x, y] in access_points(scene) {
        let angle = (place.az - x).atan2(place.el - y);
        column.extend(array.steering(&[angle]).col(0).iter());
    }
    Ok(column)
}

fn cell_free(scene: &Scene) -> Value {
    let (noise, gain) = CELL_FREE;
    json!({
        "schema": "cell-free/1",
        "access_points_m": access_points(scene), "antennas": scene.columns,
        "users_m": positions(&scene.users), "targets_m": positions(&scene.targets),
        "P_W": scene.power_w, "sigma2_W": noise, "zeta2": gain,
        "min_sinr": Db(scene.sinr_db).linear(),
    })
}

/// The channel from station 0, at the left, or 1, at the right, to a place.
fn path(scene: &Scene, place: &Place, station: usize) -> Result<Vec<c64>, Refused> {
    let turned = if station == 0 { 1.0 } else { -1.0 };
    let (ahead, left) = (APART_M + turned * place.az, turned * place.el);
    let ground = ahead.hypot(left);
    let to = Bearing {
        azimuth: left.atan2(ahead),
        elevation: (-HEIGHT_M).atan2(ground),
        distance: ground.hypot(HEIGHT_M),
    };
    let model = PathChannel::new(scene.columns, scene.rows, SPEED_OF_LIGHT_M_S / SECRET.0)
        .map_err(|e| e.to_string())?;
    let power = model.path_gain(to.distance) * element_gain(to.azimuth, to.elevation);
    let steering = model.steering(to.azimuth, to.elevation);
    Ok(steering.into_iter().map(|u| u * power.sqrt()).collect())
}

/// User 0 is Bob, the others are served by the station at the right; the one null is Eve.
fn hisac_see(scene: &Scene) -> Result<Value, Refused> {
    let ([bob, users @ ..], [target], [eve]) =
        (&scene.users[..], &scene.targets[..], &scene.nulls[..])
    else {
        return Err("users, targets and nulls: expected Bob and users, a target and Eve".into());
    };
    let clutter = Place {
        az: CLUTTER.0[0],
        el: CLUTTER.0[1],
        range: 1.0,
    };
    let links: [(&str, &Place, usize); 6] = [
        ("h_bo", bob, 0),
        ("h_e", eve, 0),
        ("h_ta", target, 0),
        ("h_cl", &clutter, 0),
        ("g_bo", bob, 1),
        ("g_e", eve, 1),
    ];
    let (carrier, noise, circuits) = SECRET;
    let mut document = json!({
        "schema": "hisac-see/1",
        "params": {
            "M1_h_v": [scene.columns, scene.rows], "M2_h_v": [scene.columns, scene.rows],
            "N": users.len(), "sigma2_W": noise,
            "P1_max_W": scene.power_w, "P2_max_W": scene.power_w, "P0_W": circuits,
            "gamma_th": Db(scene.sinr_db).linear(),
            "I_S": scene.rate_bits, "I_c": scene.rate_bits, "I_p": scene.rate_bits,
            "carrier_hz": carrier, "rcs_m2": CROSS_SECTION_M2.0,
        },
        "channels": {},
    });
    for (key, place, station) in links {
        let mut h = path(scene, place, station)?;
        if key == "h_cl" {
            h.iter_mut().for_each(|z| *z *= CLUTTER.1.sqrt());
        }
        if !matches!(key, "h_ta" | "h_cl") {
            let norm = h.iter().map(|z| z.norm_sqr()).sum::<f64>().sqrt();
            document["params"][format!("radius_{key}")] = json!(scene.eps * norm);
        }
        document["channels"][key] = json_of_vec(&h);
    }
    for (key, station) in [("h_users_rows", 0), ("g_users_rows", 1)] {
        let mut rows = Mat::zeros(users.len(), scene.columns * scene.rows);
        for (n, user) in users.iter().enumerate() {
            for (m, z) in path(scene, user, station)?.into_iter().enumerate() {
                rows[(n, m)] = z;
            }
        }
        document["channels"][key] = json_of_matrix(rows.as_ref());
    }
    Ok(document)
}

fn ofdm() -> Result<Grid, Refused> {
    let (subcarriers, symbols, carrier, bandwidth, prefix) = OFDM;
    Grid::filling(subcarriers, symbols, carrier, bandwidth, prefix).map_err(|e| e.to_string())
}

/// A place seen from the station of `alpha_fair`: ahead and to the left, m.
fn from_left(place: &Place) -> Point {
    [place.az + LEFT_M, place.el]
}

fn alpha_fair(scene: &Scene) -> Result<Value, Refused> {
    let grid = ofdm()?;
    let users: Vec<Point> = scene.users.iter().map(from_left).collect();
    let targets: Vec<Point> = scene.targets.iter().map(from_left).collect();
    let still = |&position_m| MovingTarget {
        position_m,
        velocity_m_s: [0.0; 2],
    };
    let places = targets.iter().map(still).collect();
    let stands = geometry::Scene::new([0.0; 2], places, users.clone());
    let stands = stands.map_err(|e| e.to_string())?;
    let (wavelength, nodes) = (grid.wavelength_m(), users.len() + 1);
    let mut beta = Mat::zeros(targets.len(), nodes);
    for t in 0..targets.len() {
        for j in 0..nodes {
            let power = stands.reflection_power(t, j, wavelength, CROSS_SECTION_M2.1);
            beta[(t, j)] = c64::new(power.map_err(|e| e.to_string())?.sqrt(), 0.0);
        }
    }
    let array = line(scene.columns)?;
    let angles: Vec<f64> = (0..targets.len())
        .map(|t| stands.departure_rad(t))
        .collect();
    // Users x subcarriers x antennas.
    let mut channels: [Vec<Vec<Vec<f64>>>; 2] = Default::default();
    for &user in &users {
        let distance = geometry::distance_m([0.0; 2], user);
        let a = array.steering(&[geometry::departure_rad([0.0; 2], user)]);
        let gain = wavelength / (4.0 * PI * distance);
        let delay = distance / SPEED_OF_LIGHT_M_S;
        let row = |i: usize| -> Vec<c64> {
            let z = c64::from_polar(gain, -TAU * grid.offset_hz(i) * delay);
            a.col(0).iter().map(|u| u * z).collect()
        };
        let rows: Vec<Vec<c64>> = (0..grid.subcarriers()).map(row).collect();
        let part = |pick: fn(&c64) -> f64| -> Vec<Vec<f64>> {
            rows.iter()
                .map(|row| row.iter().map(pick).collect())
                .collect()
        };
        channels[0].push(part(|z| z.re));
        channels[1].push(part(|z| z.im));
    }
    let [re, im] = channels;
    let alpha = match scene.fairness {
        Fairness::Proportional => json!(-1.0),
        Fairness::Sum => json!(0.0),
        Fairness::Worst => json!("inf"),
    };
    let mut antennas = vec![1; nodes];
    antennas[0] = scene.columns;
    Ok(json!({
        "schema": "alpha-fair/1",
        "params": {
            "N": grid.subcarriers(), "M": grid.symbols(), "Nt": scene.columns,
            "T": targets.len(), "K": users.len(), "fc": grid.carrier_hz(),
            "subcarrier_spacing": grid.spacing_hz(), "symbol_interval": grid.interval_s(),
            "noise_per_subcarrier": grid.thermal_noise_w(NOISE_FIGURE_DB), "power": scene.power_w,
        },
        "geometry": {"bs": [0.0, 0.0], "targets": targets, "users": users},
        "nr": antennas,
        "steering": json_of_matrix(array.steering(&angles).transpose()),
        "beta": json_of_matrix(beta.as_ref()),
        "channels": {"re": re, "im": im},
        "cases": [{"config": {"alpha": alpha, "rmin": scene.rate_bits}}],
    }))
}
