//! Independent Rayleigh fading.

use crate::rng::complex_normal;
use isac_linalg::{Mat, c64, ops};
use rand::Rng;

/// Channel `H`, `antennas x users`, with independent `CN(0, gain)` entries: real and imaginary
/// parts of variance `gain/2` each. Drawn user by user, so the first `k` users do not depend on how
/// many follow.
pub fn rayleigh(antennas: usize, users: usize, gain: f64, rng: &mut impl Rng) -> Mat<c64> {
    let mut h = complex_normal(antennas, users, rng);
    ops::scale(h.as_mut(), gain.sqrt());
    h
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, stream};

    #[test]
    fn moments_match() {
        let mut rng = stream(7, Stream::Channel, 0);
        let h = rayleigh(100, 400, 2.0, &mut rng);
        let n = 40_000.0;
        let mut mean = c64::new(0.0, 0.0);
        let (mut square, mut power, mut fourth) = (mean, 0.0, 0.0);
        for j in 0..400 {
            for i in 0..100 {
                let x = h[(i, j)];
                mean += x / n;
                square += x * x / n;
                power += x.norm_sqr() / n;
                fourth += x.norm_sqr().powi(2) / n;
            }
        }
        // Five standard errors: sqrt(gain/n) = 0.0071, gain/sqrt(n) = 0.01, gain^2 sqrt(20/n) = 0.09.
        assert!(mean.norm() < 0.036, "mean {mean}");
        assert!(square.norm() < 0.075, "pseudo-variance {square}");
        assert!((power - 2.0).abs() < 0.05, "power {power}");
        assert!((fourth - 8.0).abs() < 0.45, "fourth moment {fourth}");
    }

    #[test]
    fn earlier_users_do_not_depend_on_later_ones() {
        let few = rayleigh(3, 2, 1.0, &mut stream(1, Stream::Channel, 4));
        let many = rayleigh(3, 5, 1.0, &mut stream(1, Stream::Channel, 4));
        assert_eq!(few.as_ref(), many.as_ref().subcols(0, 2));
    }

    #[test]
    fn no_users_is_an_empty_channel() {
        let h = rayleigh(3, 0, 1.0, &mut stream(1, Stream::Channel, 0));
        assert_eq!((h.nrows(), h.ncols()), (3, 0));
    }
}
