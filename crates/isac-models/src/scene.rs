//! Positions of a two-cell scene and the channels drawn in it.
//!
//! BS1 stands at the origin and faces `+x`, BS2 at (120, 0) m and faces `-x`, both 10 m high; nodes
//! are 1.5 m high.

use crate::Error;
use crate::channel::{Bearing, PathChannel};
use crate::csi_error::UncertainChannel;
use crate::two_cell::TwoCell;
use isac_linalg::{Mat, c64};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Horizontal distance of the base stations, m.
const SPACING: f64 = 120.0;
/// Height of the base stations above the nodes, m.
const HEIGHT: f64 = 8.5;
/// Power gain of the clutter's reflection.
const CLUTTER_GAIN: f64 = 1e-2;

/// How users lie about BS2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topology {
    /// The fixed positions.
    #[default]
    Fixed,
    /// 15 to 35 m from BS2, within 1 rad of its boresight.
    Centralized,
    /// 50 to 70 m from BS2, in two clusters at 0.7 rad on either side.
    Edge,
    /// The two in turn.
    Hybrid,
}

/// Positions on the ground, m.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// The target.
    pub target: [f64; 2],
    /// Bob.
    pub bob: [f64; 2],
    /// Eve.
    pub eve: [f64; 2],
    /// The clutter.
    pub clutter: [f64; 2],
    /// The users.
    pub users: Vec<[f64; 2]>,
}

const USERS: [[f64; 2]; 16] = [
    [95.0, 22.0],
    [80.0, 30.0],
    [92.0, -14.0],
    [78.0, 4.0],
    [100.0, -6.0],
    [85.0, -32.0],
    [70.0, 38.0],
    [88.0, 12.0],
    [98.0, 10.0],
    [75.0, -10.0],
    [82.0, 18.0],
    [90.0, -24.0],
    [72.0, 26.0],
    [96.0, -18.0],
    [84.0, -4.0],
    [76.0, 34.0],
];

impl Scene {
    /// The fixed positions with the first `users` users.
    ///
    /// # Errors
    /// No user or more than 16.
    pub fn fixed(users: usize) -> Result<Self, Error> {
        if users == 0 || users > USERS.len() {
            return Err(isac_linalg::Error::range("users", users as f64, "1 to 16").into());
        }
        Ok(Self {
            target: [20.0, -10.0],
            bob: [45.0, 22.0],
            eve: [62.0, -20.0],
            clutter: [30.0, 18.0],
            users: USERS[..users].to_vec(),
        })
    }

    /// Draws a topology; the fixed one draws nothing. Target, Bob and Eve are jittered by 5, 8 and
    /// 8 m per axis.
    ///
    /// # Errors
    /// As [`Scene::fixed`].
    pub fn draw<R: Rng + ?Sized>(
        topology: Topology,
        users: usize,
        rng: &mut R,
    ) -> Result<Self, Error> {
        let mut scene = Self::fixed(users)?;
        if topology == Topology::Fixed {
            return Ok(scene);
        }
        for n in 0..users {
            let central = match topology {
                Topology::Edge => false,
                Topology::Hybrid => n.is_multiple_of(2),
                _ => true,
            };
            let (radius, angle) = if central {
                (
                    15.0 + 20.0 * rng.random::<f64>(),
                    2.0 * rng.random::<f64>() - 1.0,
                )
            } else {
                let side = if rng.random::<bool>() { 0.7 } else { -0.7 };
                (
                    50.0 + 20.0 * rng.random::<f64>(),
                    side + 0.2 * (2.0 * rng.random::<f64>() - 1.0),
                )
            };
            scene.users[n] = [SPACING - radius * angle.cos(), radius * angle.sin()];
        }
        for (place, reach) in [
            (&mut scene.target, 5.0),
            (&mut scene.bob, 8.0),
            (&mut scene.eve, 8.0),
        ] {
            for x in place {
                *x += reach * (2.0 * rng.random::<f64>() - 1.0);
            }
        }
        Ok(scene)
    }

    /// Where a place lies from BS1.
    pub fn from_bs1(place: [f64; 2]) -> Bearing {
        bearing(place[0], place[1])
    }

    /// Where a place lies from BS2.
    pub fn from_bs2(place: [f64; 2]) -> Bearing {
        bearing(SPACING - place[0], -place[1])
    }

    /// Draws all channels, without errors (see [`TwoCell::with_relative_error`]). `noise` in W.
    ///
    /// # Errors
    /// Fading parameters that are not positive, a node at a base station.
    pub fn channels<R: Rng + ?Sized>(
        &self,
        bs1: &PathChannel,
        bs2: &PathChannel,
        noise: f64,
        rng: &mut R,
    ) -> Result<TwoCell, Error> {
        let h_bo = bs1.draw(Self::from_bs1(self.bob), rng)?;
        let h_e = bs1.draw(Self::from_bs1(self.eve), rng)?;
        let h_ta = bs1.draw(Self::from_bs1(self.target), rng)?;
        let clutter = bs1.draw(Self::from_bs1(self.clutter), rng)?;
        let g_bo = bs2.draw(Self::from_bs2(self.bob), rng)?;
        let g_e = bs2.draw(Self::from_bs2(self.eve), rng)?;
        // User by user, so that more users do not move the draws of the first.
        let (mut h, mut g) = (Vec::new(), Vec::new());
        for &user in &self.users {
            h.push(bs1.draw(Self::from_bs1(user), rng)?);
            g.push(bs2.draw(Self::from_bs2(user), rng)?);
        }
        let columns = |v: &[Vec<c64>]| Mat::from_fn(v[0].len(), v.len(), |i, j| v[j][i]);
        Ok(TwoCell {
            h_bo: UncertainChannel::ball("h_bo", h_bo, 0.0)?,
            h_e: UncertainChannel::ball("h_e", h_e, 0.0)?,
            h_ta,
            h_cl: clutter.iter().map(|x| x * CLUTTER_GAIN.sqrt()).collect(),
            h_users: columns(&h),
            g_bo: UncertainChannel::ball("g_bo", g_bo, 0.0)?,
            g_e: UncertainChannel::ball("g_e", g_e, 0.0)?,
            g_users: columns(&g),
            noise,
        })
    }
}

fn bearing(ahead: f64, left: f64) -> Bearing {
    let ground = ahead.hypot(left);
    Bearing {
        azimuth: left.atan2(ahead),
        elevation: (-HEIGHT).atan2(ground),
        distance: ground.hypot(HEIGHT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    #[test]
    fn both_stations_look_at_the_nodes_between_them() {
        let scene = Scene::fixed(4).unwrap();
        let bob = Scene::from_bs1(scene.bob);
        assert!(bob.azimuth > 0.0 && bob.elevation < 0.0);
        assert!(
            (bob.distance - (45.0_f64.powi(2) + 22.0_f64.powi(2) + 8.5_f64.powi(2)).sqrt()).abs()
                < 1e-12
        );
        // Left of BS1 is right of BS2.
        assert!(Scene::from_bs2(scene.bob).azimuth < 0.0);
    }

    #[test]
    fn topologies_keep_their_distances() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        for (topology, low, high) in [
            (Topology::Centralized, 15.0, 35.0),
            (Topology::Edge, 50.0, 70.0),
            (Topology::Hybrid, 15.0, 70.0),
        ] {
            let scene = Scene::draw(topology, 8, &mut rng).unwrap();
            for user in &scene.users {
                let radius = (SPACING - user[0]).hypot(user[1]);
                assert!(radius >= low && radius <= high, "{topology:?}: {radius}");
            }
        }
        assert!(Scene::fixed(0).is_err() && Scene::fixed(17).is_err());
    }

    #[test]
    fn more_users_do_not_move_the_first() {
        let model = PathChannel::new(2, 2, 0.0167).unwrap();
        let draw = |n| {
            let mut rng = ChaCha8Rng::seed_from_u64(4);
            Scene::fixed(n)
                .unwrap()
                .channels(&model, &model, 1e-8, &mut rng)
                .unwrap()
        };
        let (two, three) = (draw(2), draw(3));
        assert_eq!(
            two.g_users.col(1).to_owned(),
            three.g_users.col(1).to_owned()
        );
        assert_eq!(two.h_e, three.h_e);
    }
}
