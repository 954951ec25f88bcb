//! Rician-shadowed, Nakagami and Rayleigh path channels of planar arrays, Eq. (1) of
//! \[hisac_see\].
//!
//! ```math
//! h = \sqrt{\rho(az_0, el_0)}\, \alpha_0\, u(az_0, el_0)
//!   + \sum_{t=1}^{T} \sqrt{\rho_t / T}\, \alpha_t\, u(az_t, el_t)
//! ```

use crate::Error;
use crate::array::{KronOrder, Scaling, Upa, element_gain};
use crate::csi_error::gaussian;
use isac_linalg::{c64, validate};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Gamma};
use serde::{Deserialize, Serialize};
use std::f64::consts::{PI, TAU};

/// Shadowing of the line of sight: scatter power `2 b`, Nakagami order `m`, mean power `omega` of
/// the line of sight, all relative to free space.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shadowing {
    /// Half the mean scatter power.
    pub b: f64,
    /// Nakagami order.
    pub m: f64,
    /// Mean power of the line of sight.
    pub omega: f64,
}

impl Shadowing {
    /// Infrequent light shadowing of the land mobile satellite channel.
    pub const LIGHT: Self = Self {
        b: 0.158,
        m: 19.4,
        omega: 1.29,
    };
    /// Average shadowing, the default.
    pub const AVERAGE: Self = Self {
        b: 0.126,
        m: 10.1,
        omega: 0.835,
    };
    /// Frequent heavy shadowing.
    pub const HEAVY: Self = Self {
        b: 0.063,
        m: 0.739,
        omega: 8.97e-4,
    };
}

impl Default for Shadowing {
    fn default() -> Self {
        Self::AVERAGE
    }
}

/// Law of the path amplitudes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fading {
    /// A shadowed line of sight and Rayleigh scatter.
    RicianShadowed,
    /// No line of sight; Nakagami amplitudes of this order carry all the power.
    Nakagami {
        /// Order, at least 1/2.
        order: f64,
    },
    /// No line of sight; Rayleigh amplitudes carry all the power.
    Rayleigh,
}

/// Model of the channels of one array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathChannel {
    array: Upa,
    wavelength: f64,
    /// Law of the amplitudes.
    pub fading: Fading,
    /// Power split between line of sight and scatter; its sum is the power without line of sight.
    pub shadowing: Shadowing,
    /// Number `T` of scattered paths.
    pub paths: usize,
    /// Divide the line of sight by `sqrt(T)` too, as printed. That makes the predominant path the
    /// weakest, so it is off by default.
    pub printed_scaling: bool,
}

/// Where a node is, seen from an array: azimuth and elevation from boresight in radians, distance in
/// metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bearing {
    /// Azimuth.
    pub azimuth: f64,
    /// Elevation, positive upwards.
    pub elevation: f64,
    /// Distance.
    pub distance: f64,
}

impl PathChannel {
    /// A model with the default fading, average shadowing and four scattered paths.
    ///
    /// # Errors
    /// An empty side of the array, a wavelength that is not positive.
    pub fn new(horizontal: usize, vertical: usize, wavelength: f64) -> Result<Self, Error> {
        validate::positive("wavelength", wavelength, "m")?;
        Ok(Self {
            array: Upa::new(
                horizontal,
                vertical,
                KronOrder::HorizontalSlow,
                Scaling::UnitEntries,
            )?,
            wavelength,
            fading: Fading::RicianShadowed,
            shadowing: Shadowing::default(),
            paths: 4,
            printed_scaling: false,
        })
    }

    /// Number of antennas.
    pub fn antennas(&self) -> usize {
        self.array.elements()
    }

    /// `u(az, el) = u_h (x) u_e`, the horizontal index slow, entries of modulus 1. Radians.
    pub fn steering(&self, azimuth: f64, elevation: f64) -> Vec<c64> {
        let found = self.array.steering(&[azimuth], &[0.5 * PI - elevation]);
        found.value.col(0).iter().copied().collect()
    }

    /// Free-space power gain `(lambda / (4 pi d))^2`.
    pub fn path_gain(&self, distance: f64) -> f64 {
        (self.wavelength / (4.0 * PI * distance)).powi(2)
    }

    /// Draws a channel, amplitude gain per antenna. Scattered paths leave within 60 degrees in
    /// azimuth and 15 degrees in elevation of boresight.
    ///
    /// # Errors
    /// A distance or fading parameter that is not positive.
    pub fn draw<R: Rng + ?Sized>(&self, to: Bearing, rng: &mut R) -> Result<Vec<c64>, Error> {
        validate::positive("distance", to.distance, "m")?;
        let gain = self.path_gain(to.distance);
        let mut h = vec![c64::ZERO; self.antennas()];
        let Shadowing { b, m, omega } = self.shadowing;
        let t = self.paths.max(1) as f64;
        let scattered = match self.fading {
            Fading::RicianShadowed => {
                let amplitude = gamma(m, omega, rng)?.sqrt() * gain.sqrt();
                let scale = if self.printed_scaling {
                    t.sqrt().recip()
                } else {
                    1.0
                };
                let phase = TAU * rng.random::<f64>();
                let alpha = c64::from_polar(amplitude * scale, phase);
                self.add(&mut h, alpha, to.azimuth, to.elevation);
                2.0 * b
            }
            Fading::Nakagami { .. } | Fading::Rayleigh => 2.0 * b + omega,
        };
        for _ in 0..self.paths {
            let azimuth = (2.0 * rng.random::<f64>() - 1.0) * PI / 3.0;
            let elevation = (2.0 * rng.random::<f64>() - 1.0) * PI / 12.0;
            let unit = match self.fading {
                Fading::Nakagami { order } => {
                    let amplitude = gamma(order, 1.0, rng)?.sqrt();
                    c64::from_polar(amplitude, TAU * rng.random::<f64>())
                }
                Fading::RicianShadowed | Fading::Rayleigh => gaussian(rng),
            };
            self.add(
                &mut h,
                unit * (scattered * gain / t).sqrt(),
                azimuth,
                elevation,
            );
        }
        Ok(h)
    }

    fn add(&self, h: &mut [c64], alpha: c64, azimuth: f64, elevation: f64) {
        let alpha = alpha * element_gain(azimuth, elevation).sqrt();
        for (h, u) in h.iter_mut().zip(self.steering(azimuth, elevation)) {
            *h += alpha * u;
        }
    }
}

/// A power with mean `mean` and Nakagami order `order` of its amplitude.
fn gamma<R: Rng + ?Sized>(order: f64, mean: f64, rng: &mut R) -> Result<f64, Error> {
    validate::positive("Nakagami order", order, "")?;
    validate::positive("mean power", mean, "")?;
    let law = Gamma::new(order, mean / order)
        .map_err(|_| isac_linalg::Error::range("Nakagami order", order, "a number > 0"))?;
    Ok(law.sample(rng))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    fn moments(order: f64) -> (f64, f64) {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let n = 20_000;
        let draws: Vec<f64> = (0..n)
            .map(|_| gamma(order, 0.8, &mut rng).unwrap())
            .collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        let square = draws.iter().map(|x| x * x).sum::<f64>() / f64::from(n);
        (mean, square)
    }

    #[test]
    fn nakagami_powers_have_the_moments_of_theory() {
        // E x = mean, E x^2 = mean^2 (1 + 1/m); four standard errors of the mean.
        for order in [0.739, 2.0, 10.1] {
            let (mean, square) = moments(order);
            let error = 4.0 * 0.8 / (order * 20_000.0).sqrt();
            assert!((mean - 0.8).abs() < error, "{order}: {mean}");
            assert!(
                (square / (0.64 * (1.0 + 1.0 / order)) - 1.0).abs() < 0.12,
                "{order}: {square}"
            );
        }
    }

    #[test]
    fn laws_without_line_of_sight_carry_the_same_mean_power() {
        let mut model = PathChannel::new(1, 1, 0.0167).unwrap();
        let to = Bearing {
            azimuth: 0.0,
            elevation: 0.0,
            distance: 50.0,
        };
        let mut power = |fading| {
            model.fading = fading;
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            let total: f64 = (0..8000)
                .map(|_| model.draw(to, &mut rng).unwrap()[0].norm_sqr())
                .sum();
            total / 8000.0
        };
        let nakagami = power(Fading::Nakagami { order: 2.0 });
        let rayleigh = power(Fading::Rayleigh);
        assert!(
            (nakagami / rayleigh - 1.0).abs() < 0.06,
            "{nakagami:e} {rayleigh:e}"
        );
    }

    /// `E h h^H = beta (rho_0 Omega u u^H + 2 b E[rho u u^H])`, the mean over scattered directions by
    /// a fine grid; and with all power in the scatter where there is no line of sight.
    #[test]
    fn channel_covariance_is_that_of_theory() {
        let to = Bearing {
            azimuth: 0.4,
            elevation: -0.1,
            distance: 60.0,
        };
        let average = Shadowing::AVERAGE;
        for fading in [
            Fading::RicianShadowed,
            Fading::Nakagami { order: 2.0 },
            Fading::Rayleigh,
        ] {
            let mut model = PathChannel::new(3, 2, 0.0167).unwrap();
            model.fading = fading;
            let sight = fading == Fading::RicianShadowed;
            let scatter = 2.0 * average.b + if sight { 0.0 } else { average.omega };
            let outer = |azimuth: f64, elevation: f64| {
                let u = model.steering(azimuth, elevation);
                u[0] * u[4].conj() * element_gain(azimuth, elevation)
            };
            let (mut power, mut cross) = (0.0, c64::ZERO);
            let grid = 200;
            for i in 0..grid {
                for j in 0..grid {
                    let at = |k: i32, reach: f64| {
                        reach * (2.0 * (f64::from(k) + 0.5) / f64::from(grid) - 1.0)
                    };
                    let (azimuth, elevation) = (at(i, PI / 3.0), at(j, PI / 12.0));
                    power += element_gain(azimuth, elevation);
                    cross += outer(azimuth, elevation);
                }
            }
            let cells = f64::from(grid * grid);
            let gain = model.path_gain(to.distance);
            let direct = if sight { average.omega } else { 0.0 };
            let power =
                gain * (direct * element_gain(to.azimuth, to.elevation) + scatter * power / cells);
            let cross =
                (outer(to.azimuth, to.elevation) * direct + cross * (scatter / cells)) * gain;
            let mut rng = ChaCha8Rng::seed_from_u64(21);
            let draws = 20_000;
            let (mut sum, mut square, mut mixed) = (0.0, 0.0, c64::ZERO);
            for _ in 0..draws {
                let h = model.draw(to, &mut rng).unwrap();
                sum += h[0].norm_sqr();
                square += h[0].norm_sqr().powi(2);
                mixed += h[0] * h[4].conj();
            }
            let n = f64::from(draws);
            // Four standard errors of the mean power bound both.
            let error = 4.0 * ((square / n - (sum / n).powi(2)) / n).sqrt();
            assert!(
                (sum / n - power).abs() < error,
                "{fading:?}: {} {power}",
                sum / n
            );
            assert!(
                (mixed / n - cross).norm() < 1.5 * error,
                "{fading:?}: {mixed} {cross}"
            );
        }
    }

    #[test]
    fn line_of_sight_dominates_unless_scaled_as_printed() {
        let mut model = PathChannel::new(4, 2, 0.0167).unwrap();
        model.shadowing = Shadowing::LIGHT;
        let to = Bearing {
            azimuth: 0.3,
            elevation: -0.1,
            distance: 40.0,
        };
        let u = model.steering(0.3, -0.1);
        let mut share = |printed| {
            model.printed_scaling = printed;
            let mut rng = ChaCha8Rng::seed_from_u64(2);
            let mut sum = 0.0;
            for _ in 0..400 {
                let h = model.draw(to, &mut rng).unwrap();
                let along: c64 = u.iter().zip(&h).map(|(u, h)| u.conj() * h).sum();
                let total: f64 = h.iter().map(|h| h.norm_sqr()).sum();
                sum += along.norm_sqr() / (8.0 * total);
            }
            sum / 400.0
        };
        assert!(share(false) > 0.85 && share(false) > share(true) + 0.1);
    }

    #[test]
    fn bad_input_is_named() {
        assert!(PathChannel::new(0, 2, 0.01).is_err());
        assert!(
            PathChannel::new(1, 2, 0.0)
                .unwrap_err()
                .to_string()
                .contains("wavelength")
        );
        let model = PathChannel::new(1, 2, 0.01).unwrap();
        let here = Bearing {
            azimuth: 0.0,
            elevation: 0.0,
            distance: 0.0,
        };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert!(
            model
                .draw(here, &mut rng)
                .unwrap_err()
                .to_string()
                .contains("distance")
        );
    }
}
