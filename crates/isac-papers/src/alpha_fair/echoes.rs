//! The echoes of a drop: what of a wave's power comes back from each target to each node.

use isac_metrics::delay_doppler::{Combine, EchoModel};
use isac_models::channel::tr38901::USER_HEIGHT_M;
use isac_models::geometry::{self, Scene};
use isac_models::ofdm::Grid;
use isac_models::rng::{Stream, stream};
use rand::RngExt;

use isac_lab::error::Source;

use super::scenario::{EchoPaths, Scenario};

impl Scenario {
    /// Share of its power that an echo keeps of each leg, that to target `t` before those from it to the
    /// users: T (K + 1) entries, target-major.
    fn legs(
        &self,
        scene: &Scene,
        grid: &Grid,
        seed: u64,
        index: usize,
    ) -> Result<Vec<f64>, Source> {
        let nodes = scene.nodes();
        let mut kept = vec![1.0; self.targets * nodes];
        if self.echo_paths == EchoPaths::Clear {
            return Ok(kept);
        }
        for j in 0..nodes {
            let node = match j.checked_sub(1) {
                None => scene.base_station(),
                Some(user) => scene.users()[user],
            };
            // A stream per node: the legs of a drop's first users do not depend on K.
            let realisation = ((index as u64 + 1) << 17) | j as u64;
            let mut rng = stream(seed, Stream::Target, realisation);
            for (t, target) in scene.targets().iter().enumerate() {
                let length = geometry::distance_m(node, target.position_m);
                let chance = (self.environment).line_of_sight_probability(length, USER_HEIGHT_M)?;
                if rng.random::<f64>() >= chance {
                    let loss = |sight| {
                        self.environment
                            .path_loss_db(sight, length, grid.carrier_hz())
                    };
                    kept[t * nodes + j] = 10f64.powf((loss(true)? - loss(false)?) / 10.0);
                }
            }
        }
        Ok(kept)
    }

    /// The echoes of a scene, drop `index` of a seed.
    pub(super) fn echoes(
        &self,
        scene: &Scene,
        grid: &Grid,
        noise: f64,
        seed: u64,
        index: usize,
    ) -> Result<EchoModel, Source> {
        let legs = self.legs(scene, grid, seed, index)?;
        let nodes = scene.nodes();
        let pairs = || (0..self.targets).flat_map(|t| (0..nodes).map(move |j| (t, j)));
        let mut reflection = Vec::new();
        for (t, j) in pairs() {
            let power = scene.reflection_power(t, j, grid.wavelength_m(), self.rcs_m2)?;
            // What an echo keeps of the way to the target, the gain of its departure included, and back.
            let gain = self.element.gain(scene.departure_rad(t), 0.0);
            let there = gain * legs[t * nodes];
            let back = if j == 0 { there } else { legs[t * nodes + j] };
            reflection.push(power * there * back);
        }
        let mut antennas = vec![self.user_antennas as f64; nodes];
        antennas[0] = self.antennas as f64;
        let combine = if self.state {
            Combine::State(pairs().map(|(t, j)| scene.jacobian(t, j, grid)).collect())
        } else {
            Combine::Sum
        };
        Ok(EchoModel {
            subcarriers: self.subcarriers,
            symbols: self.symbols,
            reflection,
            noise_w: vec![noise; nodes],
            antennas,
            combine,
            weights: self.weights(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isac_models::array::Element;

    fn small() -> Scenario {
        Scenario {
            subcarriers: 4,
            symbols: 4,
            antennas: 4,
            targets: 3,
            users: 3,
            ..Scenario::default()
        }
    }

    fn reflections(scenario: &Scenario, index: usize) -> Vec<f64> {
        let drop = scenario.drop(5, index).unwrap();
        drop.problem.sensing().model().reflection.clone()
    }

    /// The base station's elements count on the way out to every node and on the way back to itself.
    #[test]
    fn the_gain_of_an_element_counts_out_and_back() {
        let (plain, sector) = (
            small(),
            Scenario {
                element: Element::Sector,
                ..small()
            },
        );
        let scene = plain.drop(5, 0).unwrap().scene;
        let (before, after) = (reflections(&plain, 0), reflections(&sector, 0));
        for t in 0..3 {
            let gain = isac_models::array::element_gain(scene.departure_rad(t), 0.0);
            for j in 0..4 {
                let expected = before[t * 4 + j] * if j == 0 { gain * gain } else { gain };
                let got = after[t * 4 + j];
                assert!((got / expected - 1.0).abs() < 1e-12, "{t} {j}");
            }
        }
    }

    /// A leg that is not in sight loses, none gains; a target within 18 m is always seen; a second user
    /// moves nothing of the first.
    #[test]
    fn drawn_legs_lose_what_is_not_in_sight() {
        let drawn = Scenario {
            echo_paths: EchoPaths::Drawn,
            ..small()
        };
        let (mut lost, mut kept) = (0, 0);
        for index in 0..20 {
            let (before, after) = (reflections(&small(), index), reflections(&drawn, index));
            for t in 0..3 {
                let share = |j: usize| after[t * 4 + j] / before[t * 4 + j];
                assert!((0..4).all(|j| share(j) > 0.0 && share(j) <= 1.0));
                // Out and back by the same leg, which every echo of the target takes once.
                assert!((1..4).all(|j| share(j) <= share(0).sqrt() * (1.0 + 1e-12)));
                if share(0) < 1.0 { lost += 1 } else { kept += 1 }
            }
            let fewer = Scenario {
                users: 1,
                ..drawn.clone()
            };
            let alone = reflections(&fewer, index);
            for t in 0..3 {
                assert_eq!(alone[2 * t..2 * t + 2], after[4 * t..4 * t + 2]);
            }
        }
        assert!(lost > 5 && kept > 5, "{lost} {kept}");
        let near = Scenario {
            target_range_m: [12.0, 17.0],
            users: 0,
            ..small()
        };
        let drawn = Scenario {
            users: 0,
            target_range_m: [12.0, 17.0],
            ..drawn
        };
        assert_eq!(reflections(&near, 0), reflections(&drawn, 0));
    }
}
