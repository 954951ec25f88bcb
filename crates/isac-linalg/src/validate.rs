//! The checks that constructors share. Each returns the typed [`Error`] that names the argument.

use crate::{Error, MatRef, c64};

/// All entries of a complex matrix are finite.
///
/// # Errors
/// [`Error::NonFinite`] naming the first bad entry in column order.
pub fn finite(what: &str, a: MatRef<'_, c64>) -> Result<(), Error> {
    for j in 0..a.ncols() {
        for i in 0..a.nrows() {
            if !(a[(i, j)].re.is_finite() && a[(i, j)].im.is_finite()) {
                return Err(Error::NonFinite {
                    what: what.into(),
                    row: i,
                    col: j,
                    value: a[(i, j)].to_string(),
                });
            }
        }
    }
    Ok(())
}

/// All numbers of a list are finite.
///
/// # Errors
/// [`Error::NonFinite`] with the index as row.
pub fn finite_list(what: &str, a: &[f64]) -> Result<(), Error> {
    match a.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(i) => Err(Error::NonFinite {
            what: what.into(),
            row: i,
            col: 0,
            value: a[i].to_string(),
        }),
    }
}

/// A matrix has exactly this shape.
///
/// # Errors
/// [`Error::Shape`].
pub fn shape(what: &str, a: MatRef<'_, c64>, rows: usize, cols: usize) -> Result<(), Error> {
    if a.nrows() == rows && a.ncols() == cols {
        return Ok(());
    }
    Err(Error::shape(
        what,
        format!("{rows} x {cols}"),
        format!("{} x {}", a.nrows(), a.ncols()),
    ))
}

/// A list has exactly this length.
///
/// # Errors
/// [`Error::Shape`].
pub fn length(what: &str, got: usize, expected: usize) -> Result<(), Error> {
    if got == expected {
        return Ok(());
    }
    Err(Error::shape(what, expected.to_string(), got.to_string()))
}

/// `value` is finite and > 0. `unit` is said in the error, such as `W`.
///
/// # Errors
/// [`Error::Range`].
pub fn positive(what: &str, value: f64, unit: &str) -> Result<(), Error> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Error::range(
        what,
        value,
        format!("a finite number > 0 {unit}").trim_end(),
    ))
}

/// `value` is finite and >= 0.
///
/// # Errors
/// [`Error::Range`].
pub fn nonnegative(what: &str, value: f64, unit: &str) -> Result<(), Error> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Error::range(
        what,
        value,
        format!("a finite number >= 0 {unit}").trim_end(),
    ))
}
