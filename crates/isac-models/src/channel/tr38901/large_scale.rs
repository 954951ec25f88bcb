//! Line-of-sight probability (table 7.4.2-1), path loss (table 7.4.1-1) and the correlated large-scale
//! parameters (table 7.5-6).

use super::{Environment, USER_HEIGHT_M};
use crate::{Error, ofdm::SPEED_OF_LIGHT_M_S};
use isac_linalg::{Mat, real, validate};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// Horizontal distances, m, for which table 7.4.1-1 states a path loss.
pub const DISTANCES_M: [f64; 2] = [10.0, 5000.0];

/// Carriers, Hz, for which the standard is made (clause 1).
pub const CARRIERS_HZ: [f64; 2] = [0.5e9, 100e9];

/// Heights of users, m, for which table 7.4.2-1 states a probability.
const LINE_OF_SIGHT_HEIGHTS_M: [f64; 2] = [0.0, 23.0];

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

/// A value within the range of the standard.
pub(super) fn within(
    what: &str,
    value: f64,
    [least, most]: [f64; 2],
    unit: &str,
) -> Result<(), Error> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let expected = format!("{least:e} to {most:e} {unit}, the range of TR 38.901");
    Err(isac_linalg::Error::range(what, value, expected).into())
}

/// A carrier in Hz within [`CARRIERS_HZ`].
pub(super) fn check_carrier(carrier_hz: f64) -> Result<(), Error> {
    within("carrier", carrier_hz, CARRIERS_HZ, "Hz")
}

impl Environment {
    /// Probability of a line of sight at the horizontal distance `distance_m` for a user at `user_height_m`.
    ///
    /// # Deviations
    /// For users above 13 m the printed UMa product exceeds 1 by up to 1 % just beyond 18 m; there
    /// it is 1.
    ///
    /// # Errors
    /// A distance that is negative or not finite, a user outside 0 to 23 m, for whom the standard
    /// has no formula.
    pub fn line_of_sight_probability(
        self,
        distance_m: f64,
        user_height_m: f64,
    ) -> Result<f64, Error> {
        validate::nonnegative("distance", distance_m, "m")?;
        within("user height", user_height_m, LINE_OF_SIGHT_HEIGHTS_M, "m")?;
        if distance_m <= 18.0 {
            return Ok(1.0);
        }
        let near = 18.0 / distance_m;
        let base = |decay_m: f64| near + (-distance_m / decay_m).exp() * (1.0 - near);
        Ok(match self {
            Self::UmiStreetCanyon => base(36.0),
            Self::Uma => {
                let height = ((user_height_m - 13.0).max(0.0) / 10.0).powf(1.5);
                let far = (distance_m / 100.0).powi(3) * (-distance_m / 150.0).exp();
                (base(63.0) * (1.0 + height * 1.25 * far)).min(1.0)
            }
        })
    }

    /// Median path loss, dB, at the horizontal distance `distance_m` for a user at 1.5 m.
    ///
    /// # Errors
    /// A distance or carrier outside the standard's range, [`DISTANCES_M`] and [`CARRIERS_HZ`].
    pub fn path_loss_db(
        self,
        line_of_sight: bool,
        distance_m: f64,
        carrier_hz: f64,
    ) -> Result<f64, Error> {
        within("distance", distance_m, DISTANCES_M, "m")?;
        check_carrier(carrier_hz)?;
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
    /// A distance or carrier outside the standard's range.
    pub fn draw(
        environment: Environment,
        distance_m: f64,
        carrier_hz: f64,
        rng: &mut impl Rng,
    ) -> Result<Self, Error> {
        let chance = environment.line_of_sight_probability(distance_m, USER_HEIGHT_M)?;
        let uniform = rand::RngExt::random::<f64>(rng);
        Self::draw_given(environment, uniform < chance, distance_m, carrier_hz, rng)
    }

    /// Draws the four correlated parameters of a link with or without line of sight.
    ///
    /// # Errors
    /// A distance or carrier outside the standard's range.
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
        let (delay_mean, delay_std) = table.delay_spread_at(carrier_hz)?;
        let (angle_mean, angle_std) = table.departure_spread_at(carrier_hz)?;
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
    }

    #[test]
    fn losses_outside_the_range_of_the_standard_are_refused() {
        for environment in [Environment::UmiStreetCanyon, Environment::Uma] {
            let loss = |distance, carrier| {
                let both =
                    [true, false].map(|sight| environment.path_loss_db(sight, distance, carrier));
                let [seen, hidden] = both.map(|loss| loss.map_err(|error| error.to_string()));
                assert_eq!(seen.is_ok(), hidden.is_ok());
                hidden
            };
            for distance in [f64::NAN, -20.0, 0.0, 1.0, 9.999, 5001.0, f64::INFINITY] {
                let text = loss(distance, 28e9).unwrap_err();
                assert!(text.contains("distance") && text.contains('m'), "{text}");
            }
            // 28 is a carrier in GHz.
            for carrier in [
                f64::NAN,
                -1.0,
                0.0,
                28.0,
                28e3,
                0.499e9,
                100.1e9,
                f64::INFINITY,
            ] {
                let text = loss(100.0, carrier).unwrap_err();
                assert!(text.contains("carrier") && text.contains("Hz"), "{text}");
                let table = environment.table(true).unwrap();
                assert!(table.delay_spread_at(carrier).is_err());
                assert!(table.departure_spread_at(carrier).is_err());
            }
            for (distance, carrier) in [(10.0, 0.5e9), (5000.0, 100e9), (10.0, 100e9)] {
                assert!(loss(distance, carrier).unwrap() > 30.0);
            }
        }
    }

    #[test]
    fn probabilities_are_probabilities_or_refused() {
        for environment in [Environment::UmiStreetCanyon, Environment::Uma] {
            for height in [0.0, 1.5, 13.0, 18.0, 22.5, 23.0] {
                for step in 0..400 {
                    let distance = 12.0 * 1.016_f64.powi(step);
                    let p = environment
                        .line_of_sight_probability(distance, height)
                        .unwrap();
                    assert!(
                        (0.0..=1.0).contains(&p),
                        "{environment:?} {distance} {height}: {p}"
                    );
                }
            }
            for (distance, height, name) in [
                (f64::NAN, 1.5, "distance"),
                (-5.0, 1.5, "distance"),
                (f64::INFINITY, 1.5, "distance"),
                (100.0, 25.0, "user height"),
                (100.0, 100.0, "user height"),
                (100.0, -1.0, "user height"),
                (100.0, f64::NAN, "user height"),
            ] {
                let error = environment.line_of_sight_probability(distance, height);
                assert!(error.unwrap_err().to_string().contains(name));
            }
        }
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
        let chance = |distance, height| umi.line_of_sight_probability(distance, height).unwrap();
        assert!((chance(18.0, 1.5) - 1.0).abs() < 1e-15);
        assert!((chance(36.0, 1.5) - (0.5 + 0.5 * (-1f64).exp())).abs() < 1e-15);
        let uma = Environment::Uma;
        let chance = |distance, height| uma.line_of_sight_probability(distance, height).unwrap();
        assert!((chance(63.0, 1.5) - 0.548_481).abs() < 1e-5);
        let low = chance(100.0, 13.0);
        let high = chance(100.0, 23.0);
        assert!((high / low - (1.0 + 1.25 * (-100.0f64 / 150.0).exp())).abs() < 1e-12);
    }
}
