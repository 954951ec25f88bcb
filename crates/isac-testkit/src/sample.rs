//! Random matrices for tests; the caller brings the generator.

use isac_linalg::{Mat, c64, factor, ops};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Independent circularly symmetric normal entries of variance 1.
pub fn gaussian(rows: usize, cols: usize, rng: &mut impl Rng) -> Mat<c64> {
    let mut normal = || rng.sample::<f64, _>(StandardNormal) * std::f64::consts::FRAC_1_SQRT_2;
    let mut out = Mat::zeros(rows, cols);
    for j in 0..cols {
        for i in 0..rows {
            out[(i, j)] = c64::new(normal(), normal());
        }
    }
    out
}

/// A Hermitian positive semidefinite matrix `B B^H / rank` with Gaussian `B` of `rank` columns.
///
/// # Panics
/// If `rank` is 0.
pub fn psd(n: usize, rank: usize, rng: &mut impl Rng) -> Mat<c64> {
    assert!(rank > 0, "rank is 0");
    let b = gaussian(n, rank, rng);
    let mut out = ops::mul_adjoint(b.as_ref(), b.as_ref());
    ops::scale(out.as_mut(), 1.0 / rank as f64);
    // Exactly Hermitian, also in the last bit.
    isac_linalg::hermitian::hermitian_part(out.as_ref())
}

/// A unitary matrix: the `Q` of the QR factorisation of a Gaussian matrix.
pub fn unitary(n: usize, rng: &mut impl Rng) -> Mat<c64> {
    factor::qr_thin(gaussian(n, n, rng).as_ref()).0
}
