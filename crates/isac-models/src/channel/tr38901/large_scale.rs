//! Line-of-sight probability (table 7.4.2-1), path loss (table 7.4.1-1) and the correlated large-scale
//! parameters (table 7.5-6).

use super::{Environment, USER_HEIGHT_M};
use crate::{Error, ofdm::SPEED_OF_LIGHT_M_S};
use isac_linalg::{Mat, real, validate};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// Largest azimuth spread of departure the standard allows, degrees.
const MAX_DEPARTURE_SPREAD_DEG: f64 = 104.0;

/// The large-scale parameters of one link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LargeScale {
    /// Whether there is a line of sight.
    pub line_of_sight: bool,
    /// Median path loss, dB.
    pub path_loss_db: f64,
    /// Shadow fading, dB; positive means **more** received power, as in the standard.
    pub shadow_db: f64,
    /// Rician K-factor, dB; without line of sight it plays no part.
    pub k_db: f64,
    /// RMS delay spread, s.
    pub delay_spread_s: f64,
    /// RMS azimuth spread of departure, degrees.
    pub departure_spread_deg: f64,
}

impl Environment {
    /// Probability of a line of sight at the horizontal distance `distance_m` for a user at `user_height_m`.
    pub fn line_of_sight_probability(self, distance_m: f64, user_height_m: f64) -> f64 {
        if distance_m <= 18.0 {
            return 1.0;
        }
        let near = 18.0 / distance_m;
        match self {
            Self::UmiStreetCanyon => near + (-distance_m / 36.0).exp() * (1.0 - near),
            Self::Uma => {
                let base = near + (-distance_m / 63.0).exp() * (1.0 - near);
                let height = ((user_height_m - 13.0).max(0.0) / 10.0).powf(1.5);
                let far = (distance_m / 100.0).powi(3) * (-distance_m / 150.0).exp();
                base * (1.0 + height * 1.25 * far)
            }
        }
    }

    /// Median path loss, dB, at the horizontal distance `distance_m` for a user at 1.5 m.
    ///
    /// # Errors
    /// A distance or carrier that is not positive.
    pub fn path_loss_db(
        self,
        line_of_sight: bool,
        distance_m: f64,
        carrier_hz: f64,
    ) -> Result<f64, Error> {
        validate::positive("distance", distance_m, "m")?;
        validate::positive("carrier", carrier_hz, "Hz")?;
        let height = self.base_station_height_m();
        let drop = height - USER_HEIGHT_M;
        let lg_far = distance_m.hypot(drop).log10();
        let lg_carrier = (carrier_hz * 1e-9).log10();
        // Effective heights lie 1 m lower.
        let break_m =
            4.0 * (height - 1.0) * (USER_HEIGHT_M - 1.0) * carrier_hz / SPEED_OF_LIGHT_M_S;
        let lg_break = (break_m.powi(2) + drop.powi(2)).log10();
        let beyond = distance_m > break_m;
        let (seen, hidden) = match self {
            Self::UmiStreetCanyon => (
                if beyond {
                    32.4 + 40.0 * lg_far + 20.0 * lg_carrier - 9.5 * lg_break
                } else {
                    32.4 + 21.0 * lg_far + 20.0 * lg_carrier
                },
                35.3 * lg_far + 22.4 + 21.3 * lg_carrier,
            ),
            Self::Uma => (
                if beyond {
                    28.0 + 40.0 * lg_far + 20.0 * lg_carrier - 9.0 * lg_break
                } else {
                    28.0 + 22.0 * lg_far + 20.0 * lg_carrier
                },
                13.54 + 39.08 * lg_far + 20.0 * lg_carrier,
            ),
        };
        Ok(if line_of_sight {
            seen
        } else {
            seen.max(hidden)
        })
    }
}

impl LargeScale {
    /// Draws whether there is a line of sight, then the four correlated parameters.
    ///
    /// # Errors
    /// A distance or carrier that is not positive.
    pub fn draw(
        environment: Environment,
        distance_m: f64,
        carrier_hz: f64,
        rng: &mut impl Rng,
    ) -> Result<Self, Error> {
        validate::positive("distance", distance_m, "m")?;
        let chance = environment.line_of_sight_probability(distance_m, USER_HEIGHT_M);
        let uniform = rand::RngExt::random::<f64>(rng);
        Self::draw_given(environment, uniform < chance, distance_m, carrier_hz, rng)
    }

    /// Draws the four correlated parameters of a link with or without line of sight.
    ///
    /// # Errors
    /// A distance or carrier that is not positive.
    pub fn draw_given(
        environment: Environment,
        line_of_sight: bool,
        distance_m: f64,
        carrier_hz: f64,
        rng: &mut impl Rng,
    ) -> Result<Self, Error> {
        let path_loss_db = environment.path_loss_db(line_of_sight, distance_m, carrier_hz)?;
        let table = environment.table(line_of_sight)?;
        let r = table.correlation;
        // Order: shadow fading, K-factor, delay spread, departure spread.
        let correlation = [
            [1.0, r.shadow_k, r.delay_shadow, r.departure_shadow],
            [r.shadow_k, 1.0, r.delay_k, r.departure_k],
            [r.delay_shadow, r.delay_k, 1.0, r.departure_delay],
            [r.departure_shadow, r.departure_k, r.departure_delay, 1.0],
        ];
        let correlation = Mat::from_fn(4, 4, |i, j| correlation[i][j]);
        let root = real::cholesky("large-scale correlation", correlation.as_ref())?;
        let white: [f64; 4] = std::array::from_fn(|_| StandardNormal.sample(rng));
        let z: [f64; 4] =
            std::array::from_fn(|i| (0..=i).map(|j| root.lower()[(i, j)] * white[j]).sum());
        let (delay_mean, delay_std) = table.delay_spread_at(carrier_hz);
        let (angle_mean, angle_std) = table.departure_spread_at(carrier_hz);
        Ok(Self {
            line_of_sight,
            path_loss_db,
            shadow_db: table.shadow_std_db * z[0],
            k_db: table.k_mean_db + table.k_std_db * z[1],
            delay_spread_s: 10f64.powf(delay_mean + delay_std * z[2]),
            departure_spread_deg: 10f64
                .powf(angle_mean + angle_std * z[3])
                .min(MAX_DEPARTURE_SPREAD_DEG),
        })
    }

    /// Path loss less shadow fading, dB: what the link loses in the mean over small-scale fading.
    pub fn loss_db(&self) -> f64 {
        self.path_loss_db - self.shadow_db
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_losses_of_hand_calculations() {
        let umi = Environment::UmiStreetCanyon;
        // d3 = hypot(100, 8.5) = 100.3606, lg = 2.001563; 20 lg 28 = 28.94316
        let loss = umi.path_loss_db(true, 100.0, 28e9).unwrap();
        assert!(
            (loss - (32.4 + 21.0 * 2.001_563 + 28.943_16)).abs() < 1e-4,
            "{loss}"
        );
        let hidden = umi.path_loss_db(false, 100.0, 28e9).unwrap();
        assert!((hidden - (35.3 * 2.001_563 + 22.4 + 21.3 * 1.447_158)).abs() < 1e-4);
        assert!(umi.path_loss_db(true, 0.0, 28e9).is_err());
        assert!(umi.path_loss_db(true, 10.0, f64::NAN).is_err());
    }

    #[test]
    fn line_of_sight_loss_is_continuous_at_the_break_point() {
        for environment in [Environment::UmiStreetCanyon, Environment::Uma] {
            let height = environment.base_station_height_m();
            let break_m = 4.0 * (height - 1.0) * 0.5 * 2e9 / SPEED_OF_LIGHT_M_S;
            let below = environment
                .path_loss_db(true, break_m * (1.0 - 1e-9), 2e9)
                .unwrap();
            let above = environment
                .path_loss_db(true, break_m * (1.0 + 1e-9), 2e9)
                .unwrap();
            assert!(
                (below - above).abs() < 0.1,
                "{environment:?}: {below} {above}"
            );
        }
    }

    #[test]
    fn line_of_sight_probability_at_hand_checked_points() {
        let umi = Environment::UmiStreetCanyon;
        assert!((umi.line_of_sight_probability(18.0, 1.5) - 1.0).abs() < 1e-15);
        assert!(
            (umi.line_of_sight_probability(36.0, 1.5) - (0.5 + 0.5 * (-1f64).exp())).abs() < 1e-15
        );
        let uma = Environment::Uma;
        assert!((uma.line_of_sight_probability(63.0, 1.5) - 0.548_481).abs() < 1e-5);
        let low = uma.line_of_sight_probability(100.0, 13.0);
        let high = uma.line_of_sight_probability(100.0, 23.0);
        assert!((high / low - (1.0 + 1.25 * (-100.0f64 / 150.0).exp())).abs() < 1e-12);
    }
}
