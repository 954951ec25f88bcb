//! From pointers and sizes to faer's views.

use core::ffi::{c_char, c_int};
use faer::{MatMut, MatRef};

/// `f32` or `f64`.
pub(crate) trait Real: faer::traits::RealField + Copy {}
impl Real for f32 {}
impl Real for f64 {}

/// An option letter in upper case.
///
/// # Safety
/// `pointer` must be valid.
pub(crate) unsafe fn letter(pointer: *const c_char) -> u8 {
    // SAFETY: by the contract of this function.
    unsafe { (*pointer).cast_unsigned() }.to_ascii_uppercase()
}

/// Sizes were checked to be nonnegative.
pub(crate) fn size(n: c_int) -> usize {
    usize::try_from(n).unwrap_or(0)
}

/// Whether a leading dimension fits a number of rows.
pub(crate) fn leads(ld: c_int, rows: c_int) -> bool {
    ld >= rows.max(1)
}

/// A column-major matrix that is not empty.
///
/// # Safety
/// `pointer` must be valid for reads of `cols` columns of `ld` numbers (the last one of `rows`).
pub(crate) unsafe fn matrix<'a, T>(
    pointer: *const T,
    rows: c_int,
    cols: c_int,
    ld: c_int,
) -> MatRef<'a, T> {
    // SAFETY: by the contract of this function.
    unsafe { MatRef::from_raw_parts(pointer, size(rows), size(cols), 1, ld as isize) }
}

/// A column-major matrix that is not empty, for writing.
///
/// # Safety
/// As for [`matrix`], for writes too, and without other references to it.
pub(crate) unsafe fn matrix_mut<'a, T>(
    pointer: *mut T,
    rows: c_int,
    cols: c_int,
    ld: c_int,
) -> MatMut<'a, T> {
    // SAFETY: by the contract of this function.
    unsafe { MatMut::from_raw_parts_mut(pointer, size(rows), size(cols), 1, ld as isize) }
}

/// Offset of the first entry of a vector: with a negative increment it is the last in memory.
fn first(len: c_int, inc: c_int) -> isize {
    if inc < 0 {
        (1 - len as isize) * inc as isize
    } else {
        0
    }
}

/// A vector that is not empty, as a column.
///
/// # Safety
/// `pointer` must be valid for reads of `1 + (len - 1) |inc|` numbers.
pub(crate) unsafe fn vector<'a, T>(pointer: *const T, len: c_int, inc: c_int) -> MatRef<'a, T> {
    // SAFETY: by the contract of this function.
    unsafe {
        let start = pointer.offset(first(len, inc));
        MatRef::from_raw_parts(start, size(len), 1, inc as isize, 1)
    }
}

/// A vector that is not empty, as a column for writing.
///
/// # Safety
/// As for [`vector`], for writes too, and without other references to it.
pub(crate) unsafe fn vector_mut<'a, T>(pointer: *mut T, len: c_int, inc: c_int) -> MatMut<'a, T> {
    // SAFETY: by the contract of this function.
    unsafe {
        let start = pointer.offset(first(len, inc));
        MatMut::from_raw_parts_mut(start, size(len), 1, inc as isize, 1)
    }
}

/// `c <- beta c`; 0 overwrites whatever was there, NaN included.
pub(crate) fn scale<T: Real>(mut c: MatMut<'_, T>, beta: T, within: impl Fn(usize, usize) -> bool) {
    for j in 0..c.ncols() {
        for i in 0..c.nrows() {
            if within(i, j) {
                c[(i, j)] = if beta == T::zero() {
                    beta
                } else {
                    beta * c[(i, j)]
                };
            }
        }
    }
}
