//! From positions to a network: lines of sight without path loss, arrays along the x axis.

use isac_algos::cell_free::Network;
use isac_lab::error::Source;
use isac_linalg::{Mat, c64};
use isac_models::array::{Scaling, Ula};

/// A position, m.
pub(super) type Point = [f64; 2];

/// Keys of a document with positions or channels.
pub(super) const TOP_KEYS: [&str; 18] = [
    "access_points_m",
    "users_m",
    "targets_m",
    "H",
    "steering",
    "steering_derivative",
    "antennas",
    "spacing_wavelengths",
    "P_W",
    "sigma2_W",
    "zeta2",
    "share",
    "min_sinr",
    "snapshots",
    "error_radius",
    "beams",
    "expected",
    "tolerance",
];

/// Positions of a draw.
pub(super) struct Places {
    pub(super) users: Vec<Point>,
    pub(super) targets: Vec<Point>,
}

/// A share of the power in `(0, 1]`.
pub(super) fn check_share(share: f64) -> Result<(), isac_linalg::Error> {
    if share > 0.0 && share <= 1.0 {
        return Ok(());
    }
    let expected = "a share above 0 and at most 1";
    Err(isac_linalg::Error::range("share", share, expected))
}

/// What positions do not say.
pub(super) struct Physics {
    pub(super) antennas: Vec<usize>,
    pub(super) spacing_wavelengths: f64,
    pub(super) power_w: Vec<f64>,
    pub(super) noise_w: Vec<f64>,
    pub(super) zeta2: f64,
}

/// The network of positions: lines of sight without path loss, arrays along the x axis.
///
/// # Errors
/// A user or target in the place of an access point; what [`Network::new`] refuses.
pub(super) fn network(
    access_points: &[Point],
    places: &Places,
    physics: Physics,
) -> Result<Network, Source> {
    let antennas = &physics.antennas;
    let spacing = physics.spacing_wavelengths;
    let [channels, _] = seen(access_points, ("users_m", &places.users), antennas, spacing)?;
    let [steering, _] = seen(
        access_points,
        ("targets_m", &places.targets),
        antennas,
        spacing,
    )?;
    let (power, noise) = (physics.power_w, physics.noise_w);
    let found = Network::new(
        channels,
        steering,
        &physics.antennas,
        power,
        noise,
        physics.zeta2,
    )?;
    Ok(found)
}

/// Derivatives of the targets' steering vectors by the angle at which each access point sees them, 1/rad.
///
/// # Errors
/// As [`network`].
pub(super) fn derivative(
    access_points: &[Point],
    targets: &[Point],
    antennas: &[usize],
    spacing: f64,
) -> Result<Mat<c64>, Source> {
    let [_, slopes] = seen(access_points, ("targets_m", targets), antennas, spacing)?;
    Ok(slopes)
}

/// Stacked vectors towards places, and their derivatives by the angle from broadside.
fn seen(
    access_points: &[Point],
    (key, all): (&str, &[Point]),
    antennas: &[usize],
    spacing: f64,
) -> Result<[Mat<c64>; 2], Source> {
    let total: usize = antennas.iter().sum();
    let mut out = [Mat::zeros(total, all.len()), Mat::zeros(total, all.len())];
    let mut first = 0;
    for (m, (at, &antennas)) in access_points.iter().zip(antennas).enumerate() {
        let array = Ula::new(antennas, spacing, Scaling::UnitEntries)?;
        for (i, place) in all.iter().enumerate() {
            let (dx, dy) = (place[0] - at[0], place[1] - at[1]);
            let apart = dx.hypot(dy);
            if apart.is_nan() || apart <= 0.0 {
                let what = format!("distance of {key}[{i}] to access point {m}");
                return Err(isac_linalg::Error::range(what, apart, "more than 0 m").into());
            }
            // From the broadside of an array along x.
            let response = array.response(&[dx.atan2(dy)]);
            let columns = [&response.value, &response.derivatives[0]];
            for (out, column) in out.iter_mut().zip(columns) {
                out.as_mut()
                    .submatrix_mut(first, i, antennas, 1)
                    .copy_from(column.as_ref());
            }
        }
        first += antennas;
    }
    Ok(out)
}
