//! Documents of schema `cell-free/1`: explicit positions or channels.

use isac_algos::cell_free::Network;
use isac_lab::document::{MOST_ENTRIES, Node};
use isac_lab::error::Error;
use isac_linalg::{Mat, c64};

use super::network::{self, Physics, Places, Point, TOP_KEYS};
use super::scenario::{self, Scenario};

/// A network with what is asked of it.
pub(super) struct Case {
    pub(super) network: Network,
    /// Share of the power for communication in the baselines.
    pub(super) share: f64,
    /// Stated SINR floors.
    pub(super) floors: Option<Vec<f64>>,
    /// Derivatives of the steering vectors by the angles, 1/rad, if they are known.
    pub(super) derivative: Option<Mat<c64>>,
    /// Snapshots of the echoes.
    pub(super) snapshots: f64,
    /// Radius of a channel's error at each access point.
    pub(super) error_radius: Vec<f64>,
}

/// Reads a document to the last key.
pub(super) fn read_all(root: &Node<'_>) -> Result<(), Error> {
    if scenario::of_document(root)?.is_none() {
        let case = read(root)?;
        beams(root, &case)?;
    }
    Ok(())
}

/// Reads a document with positions or channels.
pub(super) fn read(root: &Node<'_>) -> Result<Case, Error> {
    root.known_keys(&TOP_KEYS)?;
    let defaults = Scenario::default();
    let (network, derivative) = match root.opt("H") {
        Some(_) => of_channels(root, &defaults)?,
        None => of_positions(root, &defaults)?,
    };
    let share = match root.opt("share") {
        Some(node) => {
            let share = node.f64()?;
            network::check_share(share).map_err(|_| node.wrong("a number > 0 and <= 1"))?;
            share
        }
        None => defaults.share,
    };
    let floors = root
        .opt("min_sinr")
        .map(|node| positive_list(&node, network.users(), "SINR floors > 0"))
        .transpose()?;
    let snapshots = root.opt("snapshots");
    let snapshots = snapshots.map_or(Ok(defaults.snapshots), |node| node.positive(""))?;
    let points = network.access_points();
    let error_radius = match root.opt("error_radius") {
        Some(node) => {
            let list = node.broadcast(points)?;
            if list.iter().any(|v| *v < 0.0) {
                return Err(node.wrong("finite numbers >= 0"));
            }
            list
        }
        None => vec![defaults.error_radius; points],
    };
    Ok(Case {
        network,
        share,
        floors,
        derivative,
        snapshots,
        error_radius,
    })
}

/// `beams`, stacked antennas x (users + sensing streams), if stated.
pub(super) fn beams(root: &Node<'_>, case: &Case) -> Result<Option<Mat<c64>>, Error> {
    let Some(node) = root.opt("beams") else {
        return Ok(None);
    };
    let rows = case.network.channels().nrows();
    let beams = node.columns_c64(rows)?;
    if beams.ncols() < case.network.users() {
        return Err(node.wrong(format!(
            "at least {} columns, one per user",
            case.network.users()
        )));
    }
    Ok(Some(beams))
}

fn positive_list(node: &Node<'_>, length: usize, expected: &str) -> Result<Vec<f64>, Error> {
    let list = node.broadcast(length)?;
    if list.iter().all(|v| *v > 0.0) {
        return Ok(list);
    }
    Err(node.wrong(expected))
}

/// A list of positive numbers by key, or the default for each.
fn listed(root: &Node<'_>, key: &str, length: usize, default: f64) -> Result<Vec<f64>, Error> {
    match root.opt(key) {
        Some(node) => positive_list(&node, length, "finite numbers > 0"),
        None => Ok(vec![default; length]),
    }
}

fn zeta2(root: &Node<'_>, defaults: &Scenario) -> Result<f64, Error> {
    root.opt("zeta2")
        .map_or(Ok(defaults.zeta2), |node| node.positive(""))
}

/// Positions: a list of `[x, y]`, m, at least one.
fn points(node: &Node<'_>) -> Result<Vec<Point>, Error> {
    let array = node.array()?;
    let points = match array.shape[..] {
        [2] => 1,
        [n, 2] if n > 0 => n,
        _ => return Err(node.wrong("a list of positions [x, y], at least one")),
    };
    node.holds(points as f64, "positions")?;
    Ok(array.data.chunks(2).map(|p| [p[0], p[1]]).collect())
}

/// A network, and the derivatives of its steering vectors where they are known.
type Seen = (Network, Option<Mat<c64>>);

fn of_positions(root: &Node<'_>, defaults: &Scenario) -> Result<Seen, Error> {
    for key in ["steering", "steering_derivative"] {
        if let Some(node) = root.opt(key) {
            let expected = "no such key without `H`: `targets_m` says where the targets are";
            return Err(node.wrong(expected));
        }
    }
    root.needs(&["users_m", "targets_m"])?;
    let access_points = match root.opt("access_points_m") {
        Some(node) => points(&node)?,
        None => defaults.access_points_m.clone(),
    };
    let places = Places {
        users: points(&root.get("users_m")?)?,
        targets: points(&root.get("targets_m")?)?,
    };
    let number = access_points.len();
    let antennas = match root.opt("antennas") {
        Some(node) => counts(&node, number)?,
        None => vec![defaults.antennas; number],
    };
    let total: f64 = antennas.iter().map(|&n| n as f64).sum();
    let columns = (places.users.len() + places.targets.len()) as f64;
    root.opt("antennas").map_or(Ok(()), |node| {
        node.holds(total * (total + columns), "a covariance")
    })?;
    let spacing = root.opt("spacing_wavelengths");
    let physics = Physics {
        antennas,
        spacing_wavelengths: spacing.map_or(Ok(defaults.spacing_wavelengths), |node| {
            node.positive("wavelengths")
        })?,
        power_w: listed(root, "P_W", number, defaults.power_w)?,
        noise_w: listed(root, "sigma2_W", places.users.len(), defaults.noise_w)?,
        zeta2: zeta2(root, defaults)?,
    };
    let (targets, spacing) = (&places.targets, physics.spacing_wavelengths);
    let slopes = network::derivative(&access_points, targets, &physics.antennas, spacing);
    let slopes = slopes.map_err(|e| root.refused(e))?;
    let found = network::network(&access_points, &places, physics);
    Ok((found.map_err(|e| root.refused(e))?, Some(slopes)))
}

/// Antennas of each access point: one number for all, or a list.
fn counts(node: &Node<'_>, access_points: usize) -> Result<Vec<usize>, Error> {
    let most = MOST_ENTRIES as usize;
    if !node.value.is_array() {
        return Ok(vec![node.count(1, most)?; access_points]);
    }
    let items = node.items()?;
    if items.len() != access_points {
        let expected = format!("{access_points} numbers of antennas, not {}", items.len());
        return Err(node.wrong(expected));
    }
    items.iter().map(|item| item.count(1, most)).collect()
}

fn of_channels(root: &Node<'_>, defaults: &Scenario) -> Result<Seen, Error> {
    for key in [
        "access_points_m",
        "users_m",
        "targets_m",
        "spacing_wavelengths",
    ] {
        if let Some(node) = root.opt(key) {
            return Err(node.wrong("no such key beside `H`, which says all of it"));
        }
    }
    root.needs(&["H", "steering", "antennas"])?;
    let node = root.get("antennas")?;
    let antennas = match node.value.is_array() {
        true => counts(&node, node.items()?.len())?,
        false => vec![node.count(1, MOST_ENTRIES as usize)?; defaults.access_points_m.len()],
    };
    let total = antennas.iter().sum();
    let channels = root.get("H")?.columns_c64(total)?;
    let steering = root.get("steering")?.columns_c64(total)?;
    let power = listed(root, "P_W", antennas.len(), defaults.power_w)?;
    let noise = listed(root, "sigma2_W", channels.ncols(), defaults.noise_w)?;
    let gain = zeta2(root, defaults)?;
    let derivative = root.opt("steering_derivative");
    let derivative = derivative.map(|node| node.columns_c64(total)).transpose()?;
    let network = Network::new(channels, steering, &antennas, power, noise, gain);
    Ok((network.map_err(|e| root.refused(e))?, derivative))
}
