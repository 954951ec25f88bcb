//! Arrays in documents.
//!
//! A dimension of length 1 may be missing where the shape is known, since MATLAB's `jsonencode` leaves
//! it out: a plain list is one row or one column, a number a single entry.

use isac_linalg::{Mat, MatRef, c64};
use serde_json::{Value, json};

use super::Node;
use crate::error::Error;

/// An array of any number of dimensions, row-major; a scalar has no dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Array<T> {
    /// Length of each dimension, outermost first.
    pub shape: Vec<usize>,
    /// Entries, last index fastest.
    pub data: Vec<T>,
}

impl<T: Copy> Array<T> {
    /// The entry at an index of as many numbers as dimensions.
    ///
    /// # Panics
    /// If the index does not fit the shape.
    pub fn at(&self, index: &[usize]) -> T {
        assert_eq!(index.len(), self.shape.len(), "number of indices");
        let mut flat = 0;
        for (i, n) in index.iter().zip(&self.shape) {
            assert!(i < n, "index {index:?} outside {:?}", self.shape);
            flat = flat * n + i;
        }
        self.data[flat]
    }

    /// `4 x 3 x 2`, or `a number` without dimensions.
    pub fn shape_text(&self) -> String {
        shape_text(&self.shape)
    }
}

/// Whether an array of shape `given` is one of shape `wanted`, dimensions of length 1 left out or not;
/// an empty one may have any shape.
fn same_shape(given: &[usize], wanted: &[usize]) -> bool {
    if wanted.contains(&0) {
        return given.contains(&0);
    }
    let mut given = given.iter().peekable();
    let mut left = given.len();
    for (i, n) in wanted.iter().enumerate() {
        // A 1 is skipped only if the dimensions left are too few for those wanted.
        if given.peek() == Some(&n) && (*n > 1 || left >= wanted.len() - i) {
            given.next();
            left -= 1;
        } else if *n != 1 {
            return false;
        }
    }
    left == 0
}

fn shape_text(shape: &[usize]) -> String {
    match shape {
        [] => "a number".into(),
        _ => {
            let texts: Vec<String> = shape.iter().map(usize::to_string).collect();
            texts.join(" x ")
        }
    }
}

impl Node<'_> {
    /// A number, or a list of numbers of any depth with rows of equal length.
    ///
    /// # Errors
    /// [`Error::Field`] naming the first entry that does not fit.
    pub fn array(&self) -> Result<Array<f64>, Error> {
        let Some(list) = self.value.as_array() else {
            return Ok(Array {
                shape: Vec::new(),
                data: vec![self.f64()?],
            });
        };
        let mut shape = vec![list.len()];
        let mut data = Vec::new();
        for (i, item) in self.items()?.iter().enumerate() {
            let inner = item.array()?;
            if i == 0 {
                shape.extend(&inner.shape);
            } else if inner.shape != shape[1..] {
                return Err(item.wrong(format!(
                    "the shape of the entries before it, {}",
                    shape_text(&shape[1..])
                )));
            }
            data.extend(inner.data);
        }
        Ok(Array { shape, data })
    }

    /// A complex array `{"re": ..., "im": ...}` of any depth.
    ///
    /// # Errors
    /// [`Error::Field`], [`Error::UnknownKey`].
    pub fn array_c64(&self) -> Result<Array<c64>, Error> {
        if self.object().is_err() {
            return Err(self.wrong("a complex array {\"re\": ..., \"im\": ...}"));
        }
        self.known_keys(&["re", "im"])?;
        let (re, im) = (self.get("re")?.array()?, self.get("im")?.array()?);
        if re.shape != im.shape {
            return Err(self.get("im")?.wrong(format!(
                "the shape of `re`, {}, not {}",
                re.shape_text(),
                im.shape_text()
            )));
        }
        let data = re.data.iter().zip(&im.data);
        Ok(Array {
            shape: re.shape,
            data: data.map(|(re, im)| c64::new(*re, *im)).collect(),
        })
    }

    /// [`Node::array`] of a known shape.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn array_of(&self, shape: &[usize]) -> Result<Array<f64>, Error> {
        self.shaped(self.array()?, shape)
    }

    /// [`Node::array_c64`] of a known shape.
    ///
    /// # Errors
    /// [`Error::Field`], [`Error::UnknownKey`].
    pub fn array_c64_of(&self, shape: &[usize]) -> Result<Array<c64>, Error> {
        self.shaped(self.array_c64()?, shape)
    }

    fn shaped<T>(&self, array: Array<T>, shape: &[usize]) -> Result<Array<T>, Error> {
        if !same_shape(&array.shape, shape) {
            let (wanted, given) = (shape_text(shape), shape_text(&array.shape));
            return Err(self.wrong(format!("{wanted} entries, not {given}")));
        }
        Ok(Array {
            shape: shape.to_vec(),
            data: array.data,
        })
    }

    /// A list of numbers; a single one may stand without the list.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn vec(&self) -> Result<Vec<f64>, Error> {
        let array = self.array()?;
        match array.shape.len() {
            0 | 1 => Ok(array.data),
            _ => Err(self.wrong("a list of numbers")),
        }
    }

    /// A list of exactly `length` numbers.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn vec_of(&self, length: usize) -> Result<Vec<f64>, Error> {
        let list = self.vec()?;
        if list.len() == length {
            return Ok(list);
        }
        Err(self.wrong(format!("{length} numbers, not {}", list.len())))
    }

    /// One number used `length` times, or exactly `length` numbers.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn broadcast(&self, length: usize) -> Result<Vec<f64>, Error> {
        if self.value.is_array() {
            self.vec_of(length)
        } else {
            Ok(vec![self.f64()?; length])
        }
    }

    /// A real matrix: a list of rows.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn matrix(&self) -> Result<Mat<f64>, Error> {
        let a = self.array()?;
        match a.shape[..] {
            [rows, cols] => Ok(Mat::from_fn(rows, cols, |i, j| a.data[i * cols + j])),
            _ => Err(self.wrong("a list of rows of numbers")),
        }
    }

    /// A complex matrix.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn matrix_c64(&self) -> Result<Mat<c64>, Error> {
        let a = self.array_c64()?;
        match a.shape[..] {
            [rows, cols] => Ok(Mat::from_fn(rows, cols, |i, j| a.data[i * cols + j])),
            _ => Err(self.wrong(format!(
                "a complex matrix (lists of rows), not {}",
                a.shape_text()
            ))),
        }
    }

    /// A complex matrix of a given shape.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn matrix_c64_of(&self, rows: usize, cols: usize) -> Result<Mat<c64>, Error> {
        let a = self.array_c64_of(&[rows, cols])?;
        Ok(Mat::from_fn(rows, cols, |i, j| a.data[i * cols + j]))
    }

    /// A complex matrix of a given shape, as `{"re": rows, "im": rows}` or, where it is real, as rows of
    /// numbers.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn matrix_of(&self, rows: usize, cols: usize) -> Result<Mat<c64>, Error> {
        if !self.value.is_array() {
            return self.matrix_c64_of(rows, cols);
        }
        let a = self.array_of(&[rows, cols])?;
        let entry = |i: usize, j: usize| c64::new(a.data[i * cols + j], 0.0);
        Ok(Mat::from_fn(rows, cols, entry))
    }

    /// A Hermitian matrix, written as [`matrix_of`](Self::matrix_of); one that is not is refused, not
    /// symmetrised.
    ///
    /// # Errors
    /// [`Error::Field`]; where it is not Hermitian, the entry.
    pub fn hermitian_of(&self, n: usize) -> Result<Mat<c64>, Error> {
        let a = self.matrix_of(n, n)?;
        isac_linalg::hermitian::check_hermitian("matrix", a.as_ref())
            .map_err(|error| self.refused(error))?;
        Ok(a)
    }

    /// A complex matrix with `rows` rows; a plain list of that length is one column, any plain list is
    /// the row of a single one.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn columns_c64(&self, rows: usize) -> Result<Mat<c64>, Error> {
        let cols = match self.array_c64()?.shape[..] {
            [_, cols] => cols,
            [cols] if rows == 1 => cols,
            _ => 1,
        };
        self.matrix_c64_of(rows, cols)
    }

    /// A complex vector, also when it is written as one row, one column or a single number.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn vec_c64(&self) -> Result<Vec<c64>, Error> {
        let a = self.array_c64()?;
        match a.shape[..] {
            [] | [_] | [1, _] | [_, 1] => Ok(a.data),
            _ => Err(self.wrong(format!("a complex vector, not {}", a.shape_text()))),
        }
    }

    /// A complex array of three dimensions: one matrix per outermost index.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn matrices_c64(&self) -> Result<Vec<Mat<c64>>, Error> {
        let a = self.array_c64()?;
        match a.shape[..] {
            [_, rows, cols] => Ok(a
                .data
                .chunks((rows * cols).max(1))
                .map(|m| Mat::from_fn(rows, cols, |i, j| m[i * cols + j]))
                .collect()),
            _ => Err(self.wrong(format!(
                "complex entries in three dimensions, not {}",
                a.shape_text()
            ))),
        }
    }
}

/// A complex matrix as `{"re": rows, "im": rows}`.
pub fn json_of_matrix(a: MatRef<'_, c64>) -> Value {
    let rows = |part: fn(c64) -> f64| -> Vec<Vec<f64>> {
        (0..a.nrows())
            .map(|i| (0..a.ncols()).map(|j| part(a[(i, j)])).collect())
            .collect()
    };
    json!({"re": rows(|z| z.re), "im": rows(|z| z.im)})
}

/// A complex vector as `{"re": list, "im": list}`.
pub fn json_of_vec(a: &[c64]) -> Value {
    let re: Vec<f64> = a.iter().map(|z| z.re).collect();
    let im: Vec<f64> = a.iter().map(|z| z.im).collect();
    json!({"re": re, "im": im})
}
