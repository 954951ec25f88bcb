//! Proptest strategies for the objects of beamforming. Matrices of general position come from a
//! seed, so that a failing case is reported by a short input; `entries` shrinks entry by entry.

use crate::metric::Downlink;
use crate::sample;
use isac_linalg::{Mat, c64};
use proptest::prelude::*;
use rand::{SeedableRng, rngs::ChaCha8Rng};

/// A generator for what a property test draws itself.
pub fn rng() -> impl Strategy<Value = ChaCha8Rng> {
    any::<u64>().prop_map(ChaCha8Rng::seed_from_u64)
}

/// A complex matrix with real and imaginary parts in `[-1, 1]`; shrinks towards zero.
pub fn entries(rows: usize, cols: usize) -> impl Strategy<Value = Mat<c64>> {
    let part = -1.0..=1.0;
    proptest::collection::vec((part.clone(), part), rows * cols).prop_map(move |parts| {
        Mat::from_fn(rows, cols, |i, j| {
            let (re, im) = parts[i + j * rows];
            c64::new(re, im)
        })
    })
}

/// A complex Gaussian matrix of unit variance, in general position with probability one.
pub fn matrix(rows: usize, cols: usize) -> impl Strategy<Value = Mat<c64>> {
    rng().prop_map(move |mut rng| sample::gaussian(rows, cols, &mut rng))
}

/// Channels of `users` users (columns) to `antennas` antennas: Rayleigh, each user with an own path
/// gain between `10^-decades` and 1.
pub fn channel(antennas: usize, users: usize, decades: f64) -> impl Strategy<Value = Mat<c64>> {
    let gains = proptest::collection::vec(power(-decades, 0.0), users);
    (matrix(antennas, users), gains).prop_map(move |(h, gains)| {
        Mat::from_fn(antennas, users, |i, k| h[(i, k)] * gains[k].sqrt())
    })
}

/// A Hermitian positive semidefinite matrix of rank between 1 and `n`.
pub fn hermitian_psd(n: usize) -> impl Strategy<Value = Mat<c64>> {
    (1..=n, rng()).prop_map(move |(rank, mut rng)| sample::psd(n, rank, &mut rng))
}

/// A unitary matrix.
pub fn unitary(n: usize) -> impl Strategy<Value = Mat<c64>> {
    rng().prop_map(move |mut rng| sample::unitary(n, &mut rng))
}

/// A power, spread evenly over the decades from `10^from` to `10^to`.
pub fn power(from: f64, to: f64) -> impl Strategy<Value = f64> {
    (from..=to).prop_map(|exponent| 10f64.powf(exponent))
}

/// Downlinks of up to so many antennas and users and up to three sensing streams; a failing one is
/// printed as its recipe, and shrinks to few antennas, users and streams.
pub fn downlink(antennas: usize, users: usize) -> impl Strategy<Value = Downlink> {
    (1..=antennas, 1..=users, 0..=3usize, any::<u64>())
        .prop_map(|(antennas, users, sensing, seed)| Downlink::draw(antennas, users, sensing, seed))
}
