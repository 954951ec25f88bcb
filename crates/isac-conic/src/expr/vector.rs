//! What may stand for a vector of data.

use isac_linalg::{Col, ColRef, c64};

/// A complex vector of data: a column of a matrix, a column vector, or a slice.
#[derive(Debug, Clone, Copy)]
pub struct Vector<'a>(pub(super) ColRef<'a, c64>);

impl<'a> From<ColRef<'a, c64>> for Vector<'a> {
    fn from(v: ColRef<'a, c64>) -> Self {
        Self(v)
    }
}

impl<'a> From<&'a Col<c64>> for Vector<'a> {
    fn from(v: &'a Col<c64>) -> Self {
        Self(v.as_ref())
    }
}

impl<'a> From<&'a [c64]> for Vector<'a> {
    fn from(v: &'a [c64]) -> Self {
        Self(ColRef::from_slice(v))
    }
}

impl<'a> From<&'a Vec<c64>> for Vector<'a> {
    fn from(v: &'a Vec<c64>) -> Self {
        v.as_slice().into()
    }
}

impl<'a, const N: usize> From<&'a [c64; N]> for Vector<'a> {
    fn from(v: &'a [c64; N]) -> Self {
        v.as_slice().into()
    }
}
