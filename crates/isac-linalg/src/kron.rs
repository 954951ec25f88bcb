//! Kronecker product.

use crate::{Mat, MatRef, c64};

/// `A (x) B`: entry `(i p + r, j q + s)` is `a_ij b_rs` for `B` of `p x q`.
pub fn kron(a: MatRef<'_, c64>, b: MatRef<'_, c64>) -> Mat<c64> {
    let (p, q) = (b.nrows(), b.ncols());
    Mat::from_fn(a.nrows() * p, a.ncols() * q, |i, j| {
        a[(i / p, j / q)] * b[(i % p, j % q)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_factor_is_the_slow_index() {
        let a = Mat::from_fn(2, 1, |i, _| c64::new(i as f64 + 1.0, 0.0));
        let b = Mat::from_fn(3, 1, |i, _| c64::new(0.0, i as f64));
        let k = kron(a.as_ref(), b.as_ref());
        assert_eq!(k[(4, 0)], c64::new(0.0, 2.0));
        assert_eq!(k[(1, 0)], c64::new(0.0, 1.0));
    }
}
