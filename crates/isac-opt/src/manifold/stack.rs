//! Two manifolds of any shapes, their entries in one column.

use std::ops::Range;

use super::Manifold;
use crate::Error;
use isac_linalg::{Mat, MatMut, MatRef, c64, validate};

/// Columns that hold the entries of a matrix of one manifold, column by column, above those of a matrix of
/// another: a precoder and phases, say, that share neither rows nor columns ([`Product`](super::Product) is for
/// matrices side by side). Longer stacks are stacks of stacks; [`Stack::first`] and [`Stack::second`] read a
/// point.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack<A, B> {
    first: A,
    second: B,
    shapes: [(usize, usize); 2],
}

impl<A: Manifold, B: Manifold> Stack<A, B> {
    /// Matrices of `shapes[0]`, rows and columns, on `first`, and of `shapes[1]` on `second`.
    ///
    /// # Errors
    /// A shape that its manifold refuses or without entries.
    pub fn new(first: A, second: B, shapes: [(usize, usize); 2]) -> Result<Self, Error> {
        for (rows, cols) in shapes {
            validate::positive("rows", rows as f64, "")?;
            validate::positive("cols", cols as f64, "")?;
        }
        first.check_shape(shapes[0].0, shapes[0].1)?;
        second.check_shape(shapes[1].0, shapes[1].1)?;
        Ok(Self {
            first,
            second,
            shapes,
        })
    }

    /// Number of entries of a point.
    #[expect(clippy::len_without_is_empty, reason = "no shape is without entries")]
    pub fn len(&self) -> usize {
        self.range(1).end
    }

    /// The matrix on the first manifold of a point, `len x 1`.
    ///
    /// # Panics
    /// If `point` is of another shape.
    pub fn first(&self, point: MatRef<'_, c64>) -> Mat<c64> {
        self.part(point, 0)
    }

    /// The matrix on the second manifold of a point, `len x 1`.
    ///
    /// # Panics
    /// If `point` is of another shape.
    pub fn second(&self, point: MatRef<'_, c64>) -> Mat<c64> {
        self.part(point, 1)
    }

    /// The point of two matrices; also a gradient from its two parts.
    ///
    /// # Errors
    /// Matrices of other shapes.
    pub fn joined(
        &self,
        first: MatRef<'_, c64>,
        second: MatRef<'_, c64>,
    ) -> Result<Mat<c64>, Error> {
        validate::shape("first", first, self.shapes[0].0, self.shapes[0].1)?;
        validate::shape("second", second, self.shapes[1].0, self.shapes[1].1)?;
        let above = first.nrows() * first.ncols();
        Ok(Mat::from_fn(self.len(), 1, |i, _| {
            let (of, at) = if i < above {
                (first, i)
            } else {
                (second, i - above)
            };
            of[(at % of.nrows(), at / of.nrows())]
        }))
    }

    /// The entries of part 0 or 1.
    fn range(&self, part: usize) -> Range<usize> {
        let [first, second] = self.shapes.map(|(rows, cols)| rows * cols);
        if part == 0 {
            0..first
        } else {
            first..first + second
        }
    }

    fn part(&self, point: MatRef<'_, c64>, part: usize) -> Mat<c64> {
        let (range, (rows, cols)) = (self.range(part), self.shapes[part]);
        Mat::from_fn(rows, cols, |i, j| point[(range.start + j * rows + i, 0)])
    }

    /// Writes a matrix to where its part stands.
    fn put(&self, part: usize, matrix: &Mat<c64>, mut column: MatMut<'_, c64>) {
        let (start, rows) = (self.range(part).start, matrix.nrows());
        for j in 0..matrix.ncols() {
            for i in 0..rows {
                column[(start + j * rows + i, 0)] = matrix[(i, j)];
            }
        }
    }
}

/// Every operation copies both parts, `len` entries.
impl<A: Manifold, B: Manifold> Manifold for Stack<A, B> {
    fn check_shape(&self, rows: usize, cols: usize) -> Result<(), Error> {
        if (rows, cols) == (self.len(), 1) {
            return Ok(());
        }
        let expected = format!("{} x 1", self.len());
        Err(isac_linalg::Error::shape("point", expected, format!("{rows} x {cols}")).into())
    }

    fn scale(&self) -> f64 {
        self.first.scale().hypot(self.second.scale())
    }

    fn normalise(&self, mut point: MatMut<'_, c64>) -> usize {
        let (mut first, mut second) = (self.first(point.as_ref()), self.second(point.as_ref()));
        let count = self.first.normalise(first.as_mut()) + self.second.normalise(second.as_mut());
        self.put(0, &first, point.as_mut());
        self.put(1, &second, point);
        count
    }

    fn project(&self, point: MatRef<'_, c64>, mut vector: MatMut<'_, c64>) {
        let (mut first, mut second) = (self.first(vector.as_ref()), self.second(vector.as_ref()));
        self.first
            .project(self.first(point).as_ref(), first.as_mut());
        self.second
            .project(self.second(point).as_ref(), second.as_mut());
        self.put(0, &first, vector.as_mut());
        self.put(1, &second, vector);
    }
}
