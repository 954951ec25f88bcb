//! Random streams: a run is a seed, each kind of draw and each realisation has its own stream.
//!
//! Realisation 17 can be drawn alone, one more consumer moves no other draw, and the number of
//! threads is irrelevant.

use isac_linalg::{Mat, c64};
use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};
use rand_distr::{Distribution, StandardNormal};

/// What is drawn. The discriminant is part of the stream's number and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stream {
    /// Channels.
    Channel = 1,
    /// Start points of an algorithm.
    Start = 2,
    /// Errors of channel knowledge.
    CsiError = 3,
    /// Randomised rounding, restarts.
    Randomisation = 4,
    /// Targets: angles and reflection coefficients.
    Target = 5,
    /// Positions of nodes and users.
    Geometry = 6,
}

/// The generator of one kind of draw in one realisation: ChaCha8 seeded by `seed`, on stream
/// `kind * 2^48 + realization`.
pub fn stream(seed: u64, kind: Stream, realization: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((kind as u64) << 48) + realization);
    rng
}

/// Matrix of independent `CN(0, 1)` entries (real and imaginary parts `N(0, 1/2)`), drawn column
/// by column.
pub fn complex_normal(rows: usize, cols: usize, rng: &mut impl Rng) -> Mat<c64> {
    let mut out = Mat::zeros(rows, cols);
    for j in 0..cols {
        for i in 0..rows {
            let re: f64 = StandardNormal.sample(rng);
            let im: f64 = StandardNormal.sample(rng);
            out[(i, j)] = c64::new(re, im) * std::f64::consts::FRAC_1_SQRT_2;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_independent_of_each_other() {
        let draw = |kind, realization| stream(3, kind, realization).next_u64();
        let first = draw(Stream::Channel, 0);
        assert_eq!(first, draw(Stream::Channel, 0));
        assert_ne!(first, draw(Stream::Channel, 1));
        assert_ne!(first, draw(Stream::Start, 0));
    }

    #[test]
    fn draws_are_pinned() {
        let mut rng = stream(1, Stream::Channel, 2);
        let a = complex_normal(2, 1, &mut rng);
        let text = format!("{:.12} {:.12}", a[(0, 0)], a[(1, 0)]);
        assert_eq!(
            text,
            "1.018340243326-0.989143164353i 0.119184206089+0.461212443416i"
        );
    }
}
