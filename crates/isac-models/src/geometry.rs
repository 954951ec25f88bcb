//! Multistatic scenes in the plane: one base station, targets that move, users that listen.
//!
//! Node 0 is the base station (monostatic), node `k + 1` is user `k` (bistatic). The base station's
//! array lies along the y axis and looks along +x.

use crate::Error;
use crate::ofdm::{EchoWarning, Grid, SPEED_OF_LIGHT_M_S};
use isac_linalg::validate;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// A point of the plane, m.
pub type Point = [f64; 2];

/// Shortest distance, m, at which two nodes count as different.
const COINCIDENT_M: f64 = 1e-6;

/// A point target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovingTarget {
    /// Position, m.
    pub position_m: Point,
    /// Velocity, m/s.
    pub velocity_m_s: Point,
}

/// A scene whose geometry has been checked: no two nodes coincide and every target stands in front
/// of the base station's array.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StatedScene")]
pub struct Scene {
    base_station: Point,
    targets: Vec<MovingTarget>,
    users: Vec<Point>,
}

/// What a document states of a [`Scene`], before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedScene {
    base_station: Point,
    targets: Vec<MovingTarget>,
    users: Vec<Point>,
}

impl TryFrom<StatedScene> for Scene {
    type Error = Error;
    fn try_from(stated: StatedScene) -> Result<Self, Error> {
        Self::new(stated.base_station, stated.targets, stated.users)
    }
}

/// The path base station - target - node.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Path {
    /// Distances base station - target and target - node, m.
    lengths: [f64; 2],
    /// Unit vectors from the base station and from the node to the target.
    directions: [Point; 2],
    velocity: Point,
}

impl Scene {
    /// Checks and takes a scene.
    ///
    /// # Errors
    /// A coordinate that is not finite, two nodes at one place (a target on a node, two users, a
    /// user on the base station), or a target beside or behind the array.
    pub fn new(
        base_station: Point,
        targets: Vec<MovingTarget>,
        users: Vec<Point>,
    ) -> Result<Self, Error> {
        validate::finite_list("bs", &base_station)?;
        for (t, target) in targets.iter().enumerate() {
            validate::finite_list(&format!("targets[{t}]"), &target.position_m)?;
            validate::finite_list(&format!("target_velocities[{t}]"), &target.velocity_m_s)?;
        }
        for (k, user) in users.iter().enumerate() {
            validate::finite_list(&format!("users[{k}]"), user)?;
        }
        let scene = Self {
            base_station,
            targets,
            users,
        };
        scene.check_distances()?;
        for t in 0..scene.targets.len() {
            let ahead = scene.targets[t].position_m[0] - base_station[0];
            if ahead <= 0.0 {
                return Err(isac_linalg::Error::range(
                    format!("targets[{t}]"),
                    ahead,
                    "a target in front of the array, x - x_bs > 0 m",
                )
                .into());
            }
        }
        Ok(scene)
    }

    fn check_distances(&self) -> Result<(), Error> {
        let mut places: Vec<(String, Point)> = vec![("bs".into(), self.base_station)];
        for (k, &user) in self.users.iter().enumerate() {
            places.push((format!("users[{k}]"), user));
        }
        for (t, target) in self.targets.iter().enumerate() {
            places.push((format!("targets[{t}]"), target.position_m));
        }
        let nodes = self.nodes();
        for (i, (name, place)) in places.iter().enumerate() {
            // Two targets may share a place; every pair with a node may not.
            for (other, there) in &places[..i.min(nodes)] {
                let distance = length(difference(*place, *there));
                if distance < COINCIDENT_M {
                    return Err(isac_linalg::Error::range(
                        format!("{name} - {other} distance"),
                        distance,
                        format!("two places at least {COINCIDENT_M:e} m apart"),
                    )
                    .into());
                }
            }
        }
        Ok(())
    }

    /// Position of the base station, m.
    pub fn base_station(&self) -> Point {
        self.base_station
    }

    /// The targets.
    pub fn targets(&self) -> &[MovingTarget] {
        &self.targets
    }

    /// Positions of the users, m.
    pub fn users(&self) -> &[Point] {
        &self.users
    }

    /// Number of nodes J: the base station and the users.
    pub fn nodes(&self) -> usize {
        self.users.len() + 1
    }

    fn node(&self, j: usize) -> Point {
        if j == 0 {
            self.base_station
        } else {
            self.users[j - 1]
        }
    }

    fn path(&self, t: usize, j: usize) -> Path {
        let target = self.targets[t];
        let sides = [self.base_station, self.node(j)].map(|from| {
            let arrow = difference(target.position_m, from);
            let far = length(arrow);
            (far, [arrow[0] / far, arrow[1] / far])
        });
        Path {
            lengths: sides.map(|side| side.0),
            directions: sides.map(|side| side.1),
            velocity: target.velocity_m_s,
        }
    }

    /// Angle of departure from the base station to target `t`, rad, in (-pi/2, pi/2).
    ///
    /// # Panics
    /// If there is no such target.
    pub fn departure_rad(&self, t: usize) -> f64 {
        departure_rad(self.base_station, self.targets[t].position_m)
    }

    /// Delay of the path over target `t` to node `j`, s.
    ///
    /// # Panics
    /// If there is no such target or node.
    pub fn delay_s(&self, t: usize, j: usize) -> f64 {
        let path = self.path(t, j);
        (path.lengths[0] + path.lengths[1]) / SPEED_OF_LIGHT_M_S
    }

    /// Doppler shift of that path, Hz: minus the carrier over c times the rate at which the path
    /// grows, Eq. (4) of \[alpha_fair\].
    ///
    /// # Panics
    /// If there is no such target or node.
    pub fn doppler_hz(&self, t: usize, j: usize, carrier_hz: f64) -> f64 {
        let path = self.path(t, j);
        -carrier_hz / SPEED_OF_LIGHT_M_S * inner(path.bisector(), path.velocity)
    }

    /// The limits of a grid that echoes of this scene exceed, at most one warning each.
    pub fn echo_warnings(&self, grid: &Grid) -> Vec<EchoWarning> {
        let pairs = || (0..self.targets.len()).flat_map(|t| (0..self.nodes()).map(move |j| (t, j)));
        let delays: Vec<f64> = pairs().map(|(t, j)| self.delay_s(t, j)).collect();
        let carrier = grid.carrier_hz();
        let dopplers: Vec<f64> = pairs()
            .map(|(t, j)| self.doppler_hz(t, j, carrier))
            .collect();
        // Distances of a checked scene are finite and positive, so nothing is refused.
        grid.echo_warnings(&delays, &dopplers, self.nodes())
            .unwrap_or_default()
    }

    /// Jacobian of (normalised delay, normalised Doppler) with respect to the state
    /// (x, y, vx, vy) of target `t` seen at node `j`; 2 x 4, in 1/m and s/m.
    ///
    /// # Panics
    /// If there is no such target or node.
    pub fn jacobian(&self, t: usize, j: usize, grid: &Grid) -> [[f64; 4]; 2] {
        let path = self.path(t, j);
        let u = path.bisector();
        let per_delay = grid.spacing_hz() / SPEED_OF_LIGHT_M_S;
        let per_doppler = -grid.interval_s() * grid.carrier_hz() / SPEED_OF_LIGHT_M_S;
        // d/dx of (u_t + u_tj) . v: the part of v across each leg over the leg's length.
        let mut turn = [0.0; 2];
        for side in 0..2 {
            let direction = path.directions[side];
            let along = inner(direction, path.velocity);
            for axis in 0..2 {
                turn[axis] += (path.velocity[axis] - along * direction[axis]) / path.lengths[side];
            }
        }
        [
            [per_delay * u[0], per_delay * u[1], 0.0, 0.0],
            [
                per_doppler * turn[0],
                per_doppler * turn[1],
                per_doppler * u[0],
                per_doppler * u[1],
            ],
        ]
    }

    /// Power reflection coefficient of target `t` at node `j` by the bistatic radar equation,
    /// `lambda^2 rcs / ((4 pi)^3 d_t^2 d_tj^2)`, with the second distance clamped to at least 1 m.
    ///
    /// # Errors
    /// A wavelength or radar cross section that is not positive.
    ///
    /// # Panics
    /// If there is no such target or node.
    pub fn reflection_power(
        &self,
        t: usize,
        j: usize,
        wavelength_m: f64,
        rcs_m2: f64,
    ) -> Result<f64, Error> {
        validate::positive("wavelength", wavelength_m, "m")?;
        validate::positive("rcs", rcs_m2, "m^2")?;
        let path = self.path(t, j);
        let spread = path.lengths[0] * path.lengths[1].max(1.0);
        Ok(wavelength_m.powi(2) * rcs_m2 / ((4.0 * PI).powi(3) * spread.powi(2)))
    }
}

impl Path {
    fn bisector(&self) -> Point {
        let [a, b] = self.directions;
        [a[0] + b[0], a[1] + b[1]]
    }
}

/// Angle of departure, rad, from an array at `from` that looks along +x.
pub fn departure_rad(from: Point, to: Point) -> f64 {
    (to[1] - from[1]).atan2(to[0] - from[0])
}

/// Distance of two points, m.
pub fn distance_m(a: Point, b: Point) -> f64 {
    length(difference(a, b))
}

fn difference(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}

fn inner(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

fn length(a: Point) -> f64 {
    a[0].hypot(a[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(x: f64, y: f64) -> MovingTarget {
        MovingTarget {
            position_m: [x, y],
            velocity_m_s: [7.0, -3.0],
        }
    }

    #[test]
    fn monostatic_delay_and_doppler_by_hand() {
        let scene = Scene::new([0.0, 0.0], vec![target(30.0, 40.0)], vec![]).unwrap();
        assert!((scene.delay_s(0, 0) - 100.0 / SPEED_OF_LIGHT_M_S).abs() < 1e-20);
        // radial speed 7 * 0.6 - 3 * 0.8 = 1.8 m/s, both ways
        let shift = scene.doppler_hz(0, 0, 28e9);
        assert!((shift + 28e9 / SPEED_OF_LIGHT_M_S * 3.6).abs() < 1e-9);
    }

    #[test]
    fn the_jacobian_is_the_derivative_of_delay_and_doppler() {
        let grid = Grid::filling(16, 16, 28e9, 50e6, 0.25).unwrap();
        let users = vec![[20.0, 5.0], [35.0, 44.0]];
        let at = |state: [f64; 4], j| {
            let moving = MovingTarget {
                position_m: [state[0], state[1]],
                velocity_m_s: [state[2], state[3]],
            };
            let scene = Scene::new([0.0, 0.0], vec![moving], users.clone()).unwrap();
            let tau = scene.delay_s(0, j) * grid.spacing_hz();
            let nu = scene.doppler_hz(0, j, grid.carrier_hz()) * grid.interval_s();
            ([tau, nu], scene.jacobian(0, j, &grid))
        };
        let state = [30.0, 40.0, 7.0, -3.0];
        for j in 0..3 {
            let (_, jacobian) = at(state, j);
            for axis in 0..4 {
                let step = 1e-3;
                let (mut up, mut down) = (state, state);
                up[axis] += step;
                down[axis] -= step;
                let (plus, minus) = (at(up, j).0, at(down, j).0);
                for row in 0..2 {
                    let slope = (plus[row] - minus[row]) / (2.0 * step);
                    assert!((slope - jacobian[row][axis]).abs() < 1e-9 * (1.0 + slope.abs()));
                }
            }
        }
    }

    #[test]
    fn coincident_nodes_and_targets_behind_the_array_are_named() {
        let text = |r: Result<Scene, Error>| r.unwrap_err().to_string();
        let users = vec![[10.0, 0.0], [10.0, 0.0]];
        let bs = [0.0, 0.0];
        assert!(
            text(Scene::new(bs, vec![target(5.0, 1.0)], users)).contains("users[1] - users[0]")
        );
        assert!(text(Scene::new(bs, vec![target(5.0, 1.0)], vec![bs])).contains("users[0] - bs"));
        assert!(text(Scene::new(bs, vec![target(0.0, 0.0)], vec![])).contains("targets[0] - bs"));
        assert!(
            text(Scene::new(bs, vec![target(5.0, 1.0)], vec![[5.0, 1.0]]))
                .contains("targets[0] - users[0]")
        );
        assert!(text(Scene::new(bs, vec![target(-5.0, 1.0)], vec![])).contains("in front"));
        assert!(text(Scene::new(bs, vec![target(f64::NAN, 1.0)], vec![])).contains("targets[0]"));
        assert!(Scene::new(bs, vec![target(5.0, 1.0), target(5.0, 1.0)], vec![]).is_ok());
    }

    #[test]
    fn reflections_follow_the_radar_equation_and_clamp_close_users() {
        let scene = Scene::new([0.0, 0.0], vec![target(10.0, 0.0)], vec![[10.0, 0.5]]).unwrap();
        let b = scene.reflection_power(0, 0, 0.01, 2.0).unwrap();
        assert!((b - 1e-4 * 2.0 / ((4.0 * PI).powi(3) * 1e4)).abs() < 1e-20);
        let near = scene.reflection_power(0, 1, 0.01, 2.0).unwrap();
        assert!((near / b - 100.0).abs() < 1e-9);
        assert!(scene.reflection_power(0, 0, 0.01, f64::NAN).is_err());
    }
}
