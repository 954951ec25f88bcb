//! The matched filter: all power along the channel.

use super::Problem;
use isac_linalg::{Mat, c64, ops};

/// The beam and what it reaches.
#[derive(Debug, Clone)]
pub struct Solution {
    /// `w`, `N x 1`, sqrt(W).
    pub beam: Mat<c64>,
    /// SNR of the beam.
    pub snr: f64,
}

/// The beam of the largest SNR; of a channel of zeros the beam of zeros.
pub fn solve(problem: &Problem) -> Solution {
    let mut beam = problem.channel().to_owned();
    let norm = ops::norm(beam.as_ref());
    if norm > 0.0 {
        ops::scale(beam.as_mut(), problem.power().sqrt() / norm);
    }
    let snr = problem.snr(beam.as_ref());
    Solution { beam, snr }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_beam_is_better() {
        let entry = |n: usize, _| c64::new((n as f64).sin() + 1.1, (2.0 * n as f64).cos());
        let h = Mat::from_fn(5, 1, entry);
        let problem = Problem::new(h, 3.0, 0.1).unwrap();
        let best = solve(&problem);
        assert!((best.snr / problem.bound() - 1.0).abs() < 1e-14);
        assert!(problem.violation(best.beam.as_ref()) < 1e-14);
        let mut other = best.beam.clone();
        other[(2, 0)] = -other[(2, 0)];
        assert!(problem.snr(other.as_ref()) < best.snr);
    }

    #[test]
    fn bad_data_is_named_and_nothing_is_divided_by_zero() {
        let h = || Mat::from_fn(2, 1, |_, _| c64::ZERO);
        let error = Problem::new(h(), -1.0, 1.0).unwrap_err();
        assert!(error.to_string().contains("power"));
        let silent = solve(&Problem::new(h(), 1.0, 1.0).unwrap());
        assert!(silent.snr.abs() < f64::MIN_POSITIVE);
    }
}
