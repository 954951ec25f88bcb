//! Reproducible matrices with marks where nothing may be touched.

use std::ffi::{c_char, c_int};

pub(crate) const MARK: f64 = 77.0;

/// Reproducible numbers in (-1, 1).
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    pub(crate) fn list(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }

    /// Column-major with leading dimension `ld`; padding holds a mark.
    pub(crate) fn matrix(&mut self, rows: usize, cols: usize, ld: usize) -> Vec<f64> {
        let mut a = vec![MARK; ld * cols];
        for j in 0..cols {
            for i in 0..rows {
                a[j * ld + i] = self.next();
            }
        }
        a
    }
}

pub(crate) fn letter(l: char) -> c_char {
    l as c_char
}

pub(crate) fn int(n: usize) -> c_int {
    n as c_int
}

pub(crate) fn at(a: &[f64], ld: usize, op: char, i: usize, j: usize) -> f64 {
    if op.eq_ignore_ascii_case(&'n') {
        a[j * ld + i]
    } else {
        a[i * ld + j]
    }
}

pub(crate) fn assert_close(got: &[f64], expected: &[f64], what: &str) {
    for (k, (g, e)) in got.iter().zip(expected).enumerate() {
        assert!(
            (g - e).abs() < 1e-12,
            "{what}: entry {k} is {g}, expected {e}"
        );
    }
}

pub(crate) fn in_triangle(uplo: char, i: usize, j: usize) -> bool {
    if uplo == 'L' { i >= j } else { i <= j }
}

/// Entry of the symmetric matrix whose triangle is stored.
pub(crate) fn stored(a: &[f64], ld: usize, uplo: char, i: usize, j: usize) -> f64 {
    if in_triangle(uplo, i, j) {
        a[j * ld + i]
    } else {
        a[i * ld + j]
    }
}

/// Puts a mark on the triangle that must not be referenced.
pub(crate) fn spoil(a: &mut [f64], n: usize, ld: usize, uplo: char) {
    for j in 0..n {
        for i in 0..n {
            if !in_triangle(uplo, i, j) {
                a[j * ld + i] = MARK;
            }
        }
    }
}
