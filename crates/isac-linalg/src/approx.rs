//! Comparison of matrices that names the entry that differs.

use crate::{MatRef, c64};

/// The worst entry of a comparison that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// Row of the worst entry.
    pub row: usize,
    /// Column of the worst entry.
    pub col: usize,
    /// What was there.
    pub got: c64,
    /// What was expected.
    pub expected: c64,
    /// `|got - expected|` over the allowed difference; above 1, or NaN.
    pub ratio: f64,
}

/// Compares entry by entry: `|got - expected| <= abs + rel * max|expected|`.
///
/// # Errors
/// The worst entry; shapes that differ give the entry `(usize::MAX, usize::MAX)`.
pub fn compare(
    got: MatRef<'_, c64>,
    expected: MatRef<'_, c64>,
    rel: f64,
    abs: f64,
) -> Result<(), Mismatch> {
    if (got.nrows(), got.ncols()) != (expected.nrows(), expected.ncols()) {
        let nan = c64::new(f64::NAN, f64::NAN);
        return Err(Mismatch {
            row: usize::MAX,
            col: usize::MAX,
            got: nan,
            expected: nan,
            ratio: f64::NAN,
        });
    }
    let allowed = abs + rel * crate::ops::norm_max(expected);
    let mut worst: Option<Mismatch> = None;
    for j in 0..got.ncols() {
        for i in 0..got.nrows() {
            let difference = (got[(i, j)] - expected[(i, j)]).norm();
            let fine = difference <= allowed;
            let ratio = difference / allowed;
            let beats = worst
                .as_ref()
                .is_none_or(|w| ratio.is_nan() || ratio > w.ratio);
            if !fine && beats {
                worst = Some(Mismatch {
                    row: i,
                    col: j,
                    got: got[(i, j)],
                    expected: expected[(i, j)],
                    ratio,
                });
            }
        }
    }
    worst.map_or(Ok(()), Err)
}
