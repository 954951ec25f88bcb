//! What several access points send together when each has an own power budget and the echoes of
//! their signals are added without phase.
//!
//! The antennas of all access points are stacked; `offsets` holds the first row of each, and then the
//! number of rows.

use crate::Error;
use isac_linalg::{MatRef, c64, ops, validate};

/// `sum_m sum_s |a_m^H f_sm|^2` per target: power at the targets, incoherent over access points.
///
/// | argument | symbol | shape | unit |
/// |---|---|---|---|
/// | `steering` | `A` | antennas x targets | |
/// | `beams` | `F` | antennas x streams | sqrt(W) |
///
/// ```
/// use isac_linalg::{Mat, c64};
/// use isac_metrics::distributed;
/// let ones = Mat::from_fn(4, 1, |_, _| c64::new(1.0, 0.0));
/// // Two access points of two antennas: 2^2 + 2^2, where one of four antennas would give 4^2.
/// assert_eq!(distributed::pattern(ones.as_ref(), ones.as_ref(), &[0, 2, 4])?, [8.0]);
/// # Ok::<(), isac_metrics::Error>(())
/// ```
///
/// # Errors
/// Row counts or offsets that do not fit.
pub fn pattern(
    steering: MatRef<'_, c64>,
    beams: MatRef<'_, c64>,
    offsets: &[usize],
) -> Result<Vec<f64>, Error> {
    validate::shape("beams", beams, steering.nrows(), beams.ncols())?;
    let mut out = vec![0.0; steering.ncols()];
    for (first, rows) in blocks(offsets, steering.nrows())? {
        let seen = ops::adjoint_mul(steering.subrows(first, rows), beams.subrows(first, rows));
        for (t, sum) in out.iter_mut().enumerate() {
            *sum += (0..seen.ncols())
                .map(|s| seen[(t, s)].norm_sqr())
                .sum::<f64>();
        }
    }
    Ok(out)
}

/// `sum_s ||f_sm||^2` per access point, W.
///
/// # Errors
/// Offsets that do not fit.
pub fn powers(beams: MatRef<'_, c64>, offsets: &[usize]) -> Result<Vec<f64>, Error> {
    let all = blocks(offsets, beams.nrows())?;
    Ok(all
        .into_iter()
        .map(|(first, rows)| ops::norm2(beams.subrows(first, rows)))
        .collect())
}

/// What the echo of its own signal tells each access point of the angle of each target, by access point, then by
/// target, in units of `2 kappa` with `kappa` the snapshots times the SNR of an echo per watt and receive
/// antenna; the complex coefficient of the echo is unknown.
///
/// With `a` and `d` the parts of a steering vector and of its derivative by the angle, `d_perp` the part of `d`
/// outside `a`, and `F` the covariance of what the access point sends,
///
/// ```math
/// \|d_\perp\|^2 \, a^H F a + \|a\|^2 \left( d^H F d - \frac{|d^H F a|^2}{a^H F a} \right) .
/// ```
///
/// | argument | symbol | shape | unit |
/// |---|---|---|---|
/// | `steering` | `a` | antennas x targets | |
/// | `derivative` | `d` | antennas x targets | 1/rad |
/// | `beams` | `F = W W^H` | antennas x streams | sqrt(W) |
///
/// The bound on the angle's error variance is `1 / (2 kappa J)`.
///
/// ```
/// use isac_linalg::{Mat, c64};
/// use isac_metrics::distributed;
/// let a = Mat::from_fn(2, 1, |_, _| c64::new(1.0, 0.0));
/// let d = Mat::from_fn(2, 1, |n, _| c64::new(0.0, n as f64));
/// // A watt along `a`: d_perp = (-i, i)/2 has the squared norm 1/2, a^H F a = 2, and of the streams along
/// // d nothing is left outside a.
/// let beam = Mat::from_fn(2, 1, |_, _| c64::new(0.5_f64.sqrt(), 0.0));
/// let j = distributed::angle_information(a.as_ref(), d.as_ref(), beam.as_ref(), &[0, 2])?;
/// assert!((j[0][0] - 1.0).abs() < 1e-14);
/// # Ok::<(), isac_metrics::Error>(())
/// ```
///
/// # Errors
/// Row counts or offsets that do not fit.
pub fn angle_information(
    steering: MatRef<'_, c64>,
    derivative: MatRef<'_, c64>,
    beams: MatRef<'_, c64>,
    offsets: &[usize],
) -> Result<Vec<Vec<f64>>, Error> {
    let (rows, targets) = (steering.nrows(), steering.ncols());
    validate::shape("derivative", derivative, rows, targets)?;
    validate::shape("beams", beams, rows, beams.ncols())?;
    let of = |(first, rows): (usize, usize)| {
        let part = |x: MatRef<'_, c64>| x.subrows(first, rows).to_owned();
        let (a, d, sent) = (part(steering), part(derivative), part(beams));
        let (lit, moved) = (
            ops::adjoint_mul(a.as_ref(), sent.as_ref()),
            ops::adjoint_mul(d.as_ref(), sent.as_ref()),
        );
        let one = |t: usize| {
            let size = ops::norm2(a.as_ref().subcols(t, 1));
            let along = ops::dot(a.col(t), d.col(t));
            let outside = ops::norm2(d.as_ref().subcols(t, 1)) - along.norm_sqr() / size;
            let sum = |x: &dyn Fn(usize) -> c64| (0..sent.ncols()).map(x).sum::<c64>();
            let q_aa = sum(&|s| c64::from(lit[(t, s)].norm_sqr())).re;
            // The derivative less its part along `a`: the same complement, without cancellation.
            let off = |s: usize| moved[(t, s)] - (along / size).conj() * lit[(t, s)];
            let q_dd = sum(&|s| c64::from(off(s).norm_sqr())).re;
            let q_da = sum(&|s| off(s) * lit[(t, s)].conj());
            let lost = if q_aa > 0.0 {
                q_da.norm_sqr() / q_aa
            } else {
                0.0
            };
            outside.max(0.0) * q_aa + size * (q_dd - lost).max(0.0)
        };
        (0..targets).map(one).collect()
    };
    Ok(blocks(offsets, rows)?.into_iter().map(of).collect())
}

/// First row and number of rows of each block.
fn blocks(offsets: &[usize], rows: usize) -> Result<Vec<(usize, usize)>, Error> {
    let fits = offsets.first() == Some(&0)
        && offsets.last() == Some(&rows)
        && offsets.windows(2).all(|w| w[0] <= w[1]);
    if !fits {
        let expected = format!("0 to {rows}, ascending");
        return Err(isac_linalg::Error::shape("offsets", expected, format!("{offsets:?}")).into());
    }
    Ok(offsets.windows(2).map(|w| (w[0], w[1] - w[0])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use isac_linalg::Mat;

    /// The same sums, entry by entry.
    #[test]
    fn agrees_with_the_sums_written_out() {
        let entry =
            |i: usize, j: usize, k: f64| c64::new((k * i as f64).sin(), (j as f64 + k).cos());
        let a = Mat::from_fn(5, 2, |i, t| entry(i, t, 0.7));
        let f = Mat::from_fn(5, 3, |i, s| entry(i, s, 1.9));
        let offsets = [0, 2, 2, 5];
        let got = pattern(a.as_ref(), f.as_ref(), &offsets).unwrap();
        let powers = powers(f.as_ref(), &offsets).unwrap();
        for t in 0..2 {
            let mut sum = 0.0;
            for rows in [0..2, 2..5] {
                for s in 0..3 {
                    let z: c64 = rows.clone().map(|i| a[(i, t)].conj() * f[(i, s)]).sum();
                    sum += z.norm_sqr();
                }
            }
            assert!((got[t] - sum).abs() < 1e-14 * sum);
        }
        assert_eq!(powers.len(), 3);
        assert!(
            powers[1] == 0.0 && (powers.iter().sum::<f64>() - ops::norm2(f.as_ref())).abs() < 1e-14
        );
    }

    /// The slope of the echo `a a^H W` by the angle, outside what an unknown coefficient explains, written
    /// out as matrices.
    #[test]
    fn angle_information_is_what_the_coefficient_does_not_explain() {
        let entry = |i: usize, j: usize, k: f64| {
            c64::new((k * (i + 2 * j) as f64).sin(), ((i * j) as f64 + k).cos())
        };
        let a = Mat::from_fn(7, 2, |i, t| entry(i, t, 0.7));
        let d = Mat::from_fn(7, 2, |i, t| entry(i, t, 1.3) * 2.0);
        let w = Mat::from_fn(7, 3, |i, s| entry(i, s, 1.9));
        let got = angle_information(a.as_ref(), d.as_ref(), w.as_ref(), &[0, 3, 7]).unwrap();
        for (m, rows) in [(0, 0..3), (1, 3..7)] {
            for t in 0..2 {
                let echo = |x: &Mat<c64>, y: &Mat<c64>| {
                    Mat::from_fn(rows.len(), 3, |i, s| {
                        let seen = rows.clone().map(|j| y[(j, t)].conj() * w[(j, s)]);
                        x[(rows.start + i, t)] * seen.sum::<c64>()
                    })
                };
                let (by_angle, by_coefficient) = (&echo(&d, &a) + &echo(&a, &d), echo(&a, &a));
                let shared = (0..rows.len() * 3)
                    .map(|k| (k / 3, k % 3))
                    .map(|at| by_coefficient[at].conj() * by_angle[at])
                    .sum::<c64>();
                let explained = shared.norm_sqr() / ops::norm2(by_coefficient.as_ref());
                let expected = ops::norm2(by_angle.as_ref()) - explained;
                assert!((got[m][t] / expected - 1.0).abs() < 1e-12, "{m} {t}");
            }
        }
    }

    #[test]
    fn offsets_that_do_not_fit_are_named() {
        let a = Mat::<c64>::zeros(3, 1);
        for offsets in [&[0, 2][..], &[1, 3], &[0, 2, 1, 3], &[]] {
            let error = powers(a.as_ref(), offsets).unwrap_err().to_string();
            assert!(error.contains("offsets"), "{error}");
        }
    }
}
