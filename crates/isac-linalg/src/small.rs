//! Matrices of fixed small size, on the stack.

/// Inverse of a symmetric positive definite matrix (lower triangle read), or `None` when it is not
/// numerically positive definite.
///
/// The matrix is scaled to unit diagonal first, so rows in very different units do no harm; a
/// Cholesky pivot below `1e-13` of the unit diagonal counts as singular.
pub fn spd_inverse<const N: usize>(a: &[[f64; N]; N]) -> Option<[[f64; N]; N]> {
    let mut scale = [0.0; N];
    for i in 0..N {
        if !(a[i][i] > 0.0 && a[i][i].is_finite()) {
            return None;
        }
        scale[i] = 1.0 / a[i][i].sqrt();
    }
    let mut l = [[0.0; N]; N];
    for j in 0..N {
        for i in j..N {
            let mut rest = a[i][j] * scale[i] * scale[j];
            for k in 0..j {
                rest -= l[i][k] * l[j][k];
            }
            if i > j {
                l[i][j] = rest / l[j][j];
            } else if rest > 1e-13 {
                l[j][j] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    // Columns of L^-1, then A^-1 = S L^-T L^-1 S.
    let mut inv = [[0.0; N]; N];
    for j in 0..N {
        inv[j][j] = 1.0 / l[j][j];
        for i in j + 1..N {
            let mut rest = 0.0;
            for k in j..i {
                rest -= l[i][k] * inv[k][j];
            }
            inv[i][j] = rest / l[i][i];
        }
    }
    let mut out = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let mut sum = 0.0;
            for k in i..N {
                sum += inv[k][i] * inv[k][j];
            }
            out[i][j] = sum * scale[i] * scale[j];
            out[j][i] = out[i][j];
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverts_a_matrix_with_rows_in_very_different_units() {
        let a = [[4e12, 2e2, 0.0], [2e2, 3e-8, 1e-9], [0.0, 1e-9, 5e-9]];
        let b = spd_inverse(&a).unwrap();
        for i in 0..3 {
            for j in 0..3 {
                let product: f64 = (0..3).map(|k| a[i][k] * b[k][j]).sum();
                let size: f64 = (0..3).map(|k| (a[i][k] * b[k][j]).abs()).sum();
                let unit = if i == j { 1.0 } else { 0.0 };
                assert!((product - unit).abs() <= 1e-13 * (1.0 + size));
            }
        }
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        assert!(spd_inverse(&[[1.0, 1.0], [1.0, 1.0]]).is_none());
        assert!(spd_inverse(&[[0.0, 0.0], [0.0, 1.0]]).is_none());
        assert!(spd_inverse(&[[f64::NAN, 0.0], [0.0, 1.0]]).is_none());
        assert!(spd_inverse(&[[1.0, f64::NAN], [f64::NAN, 1.0]]).is_none());
    }
}
