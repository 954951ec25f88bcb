//! Start points. All have full power and `K + sensing_streams` columns.
//!
//! `W_c = 0` is stationary in `W_c`, so no start here has it unless there are no users.

use super::SumRateCrlb;
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, factor, ops, validate};
use isac_models::rng::complex_normal;
use rand::Rng;

/// The released start: `[scale h_k / ||h_k||, W_s]` with the given un-normalised `W_s`, `Nt x Ns`,
/// jointly scaled to full power. The scripts use a `scale` of 0.25 (`delta_c` in Fig. 3) and `W_s`
/// with independent `CN(0, 2)` entries.
///
/// # Errors
/// [`Error::Linalg`] when `W_s` does not have `Nt` rows, or everything is zero.
pub fn released(
    problem: &SumRateCrlb,
    scale: f64,
    sensing: MatRef<'_, c64>,
) -> Result<Mat<c64>, Error> {
    validate::shape("sensing", sensing, problem.antennas(), sensing.ncols())?;
    let mut users = unit_columns(problem.channel());
    ops::scale(users.as_mut(), scale);
    problem.at_full_power(ops::hcat(users.as_ref(), sensing).as_ref())
}

/// Matched filters `h_k / ||h_k||` with `share` of the power, and sensing streams along the
/// targets' steering vectors and derivatives with the rest.
///
/// # Errors
/// [`Error::Linalg`] unless `0 < share <= 1`.
pub fn matched(
    problem: &SumRateCrlb,
    sensing_streams: usize,
    share: f64,
) -> Result<Mat<c64>, Error> {
    combine(
        problem,
        unit_columns(problem.channel()),
        sensing_streams,
        share,
    )
}

/// Regularised zero forcing, `H (H^H H + diag(K sigma^2 / Pt))^-1` with unit columns and `share` of
/// the power; sensing streams as in [`matched`]. The recommended start.
///
/// # Errors
/// [`Error::Linalg`] unless `0 < share <= 1`.
pub fn regularised_zf(
    problem: &SumRateCrlb,
    sensing_streams: usize,
    share: f64,
) -> Result<Mat<c64>, Error> {
    let (h, users) = (problem.channel(), problem.users());
    if users == 0 {
        return combine(problem, h.to_owned(), sensing_streams, share);
    }
    let mut gram = ops::adjoint_mul(h, h);
    for k in 0..users {
        gram[(k, k)] += users as f64 * problem.noise()[k] / problem.power();
    }
    let inverse =
        factor::cholesky("regularised Gram matrix of the users", gram.as_ref())?.inverse();
    let filters = ops::mul(h, inverse.as_ref());
    combine(
        problem,
        unit_columns(filters.as_ref()),
        sensing_streams,
        share,
    )
}

/// Independent complex normal entries.
///
/// # Errors
/// [`Error::Linalg`] when there would be no column.
pub fn random(
    problem: &SumRateCrlb,
    sensing_streams: usize,
    rng: &mut impl Rng,
) -> Result<Mat<c64>, Error> {
    let streams = problem.users() + sensing_streams;
    problem.at_full_power(complex_normal(problem.antennas(), streams, rng).as_ref())
}

/// Columns of norm 1; zero columns stay.
fn unit_columns(a: MatRef<'_, c64>) -> Mat<c64> {
    let mut out = a.to_owned();
    for j in 0..a.ncols() {
        let norm = ops::norm(a.subcols(j, 1));
        if norm > 0.0 {
            ops::scale(out.as_mut().subcols_mut(j, 1), 1.0 / norm);
        }
    }
    out
}

/// `[users, sensing]` with the power shared out; the sensing columns mix the directions of `S` in a
/// fixed way, so that any number of them excites all.
fn combine(
    problem: &SumRateCrlb,
    users: Mat<c64>,
    sensing_streams: usize,
    share: f64,
) -> Result<Mat<c64>, Error> {
    if !(share > 0.0 && share <= 1.0) {
        let error = isac_linalg::Error::range("share", share, "a number in (0, 1]");
        return Err(error.into());
    }
    let directions = unit_columns(problem.sensing().transmit());
    let count = directions.ncols();
    let mixing = Mat::from_fn(count, sensing_streams, |i, j| {
        // Column j of a discrete Fourier transform of the length that separates all columns.
        let length = count.max(sensing_streams).max(1) as f64;
        c64::from_polar(1.0, std::f64::consts::TAU * (i * j) as f64 / length)
    });
    let sensing = ops::mul(directions.as_ref(), mixing.as_ref());
    let (user_power, sensing_power) = (ops::norm2(users.as_ref()), ops::norm2(sensing.as_ref()));
    let mut w = ops::hcat(users.as_ref(), sensing.as_ref());
    let count = users.ncols();
    if user_power > 0.0 && sensing_power > 0.0 {
        let (users, sensing) = w.as_mut().split_at_col_mut(count);
        ops::scale(users, (share / user_power).sqrt());
        ops::scale(sensing, ((1.0 - share) / sensing_power).sqrt());
    }
    problem.at_full_power(w.as_ref())
}
