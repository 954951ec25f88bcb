//! The streams of a slot as a quadratic form.

use super::vectors::{norm, rest_unit};
use crate::Error;
use isac_linalg::{Col, ColRef, Mat, MatRef, c64, factor, factor::Eigh, ops};

/// Streams of a slot as a quadratic form: the eigendecomposition of `O O^H`, in coordinates of the
/// streams' span where there are more antennas than that takes.
#[derive(Debug, Clone)]
pub struct StreamsForm {
    /// Orthonormal, antennas x streams. One more coordinate stands for the centre's part outside.
    span: Option<Mat<c64>>,
    pub(super) eigen: Eigh,
}

impl StreamsForm {
    /// Decomposes `sum_k o_k o_k^H` of streams given one after another, `antennas` entries each. Costs
    /// are linear in the antennas.
    ///
    /// # Errors
    /// A failed decomposition, also for entries that are not finite.
    pub fn new(antennas: usize, streams: &[c64]) -> Result<Self, Error> {
        let count = streams.len() / antennas.max(1);
        let (span, factor) = if count > 0 && antennas > count + 1 {
            let columns =
                MatRef::from_column_major_slice(&streams[..antennas * count], antennas, count);
            let (q, r) = factor::qr_thin(columns);
            let bordered = Mat::from_fn(count + 1, count, |i, k| {
                if i < count { r[(i, k)] } else { c64::ZERO }
            });
            (Some(q), bordered)
        } else {
            let columns = Mat::from_fn(antennas, count, |i, k| streams[k * antennas + i]);
            (None, columns)
        };
        let gram = ops::mul_adjoint(factor.as_ref(), factor.as_ref());
        Ok(Self {
            span,
            eigen: factor::eigh(gram.as_ref())?,
        })
    }

    /// A centre in the form's coordinates, and the direction of the last one.
    pub(super) fn coordinates(&self, centre: &[c64]) -> (Col<c64>, Vec<c64>) {
        let Some(span) = &self.span else {
            return (Col::from_fn(centre.len(), |i| centre[i]), Vec::new());
        };
        let mut rest = centre.to_vec();
        let mut inside = vec![c64::ZERO; span.ncols() + 1];
        // Twice, for the digits that the first time loses.
        for _ in 0..2 {
            for (k, coordinate) in inside.iter_mut().take(span.ncols()).enumerate() {
                let axis = span.col(k);
                let along: c64 = rest
                    .iter()
                    .zip(axis.iter())
                    .map(|(c, q)| q.conj() * c)
                    .sum();
                for (c, q) in rest.iter_mut().zip(axis.iter()) {
                    *c -= along * q;
                }
                *coordinate += along;
            }
        }
        let (outside, length) = rest_unit(rest, norm(centre));
        inside[span.ncols()] = c64::new(length, 0.0);
        (Col::from_fn(inside.len(), |i| inside[i]), outside)
    }

    /// Back from the form's coordinates.
    pub(super) fn lift(&self, point: ColRef<'_, c64>, outside: &[c64]) -> Vec<c64> {
        let Some(span) = &self.span else {
            return point.iter().copied().collect();
        };
        let last = point[span.ncols()];
        let inside = |i: usize| -> c64 { (0..span.ncols()).map(|k| span[(i, k)] * point[k]).sum() };
        (0..span.nrows())
            .map(|i| inside(i) + outside[i] * last)
            .collect()
    }
}
