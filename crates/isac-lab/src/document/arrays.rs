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

    /// A list of numbers.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn vec(&self) -> Result<Vec<f64>, Error> {
        let array = self.array()?;
        match array.shape.len() {
            1 => Ok(array.data),
            _ => Err(self.wrong("a list of numbers")),
        }
    }

    /// A list of exactly `length` numbers; a single one may stand without the list, as some writers
    /// of JSON make it.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn vec_of(&self, length: usize) -> Result<Vec<f64>, Error> {
        if length == 1 && self.value.is_number() {
            return Ok(vec![self.f64()?]);
        }
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

    /// A complex matrix of a given shape; one row or one column may also be a plain list and a
    /// single entry a number, as some writers of JSON make them.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn matrix_c64_of(&self, rows: usize, cols: usize) -> Result<Mat<c64>, Error> {
        let flat = self.array_c64()?;
        let plain = flat.shape.len() < 2 && flat.data.len() == rows * cols;
        if plain && (rows <= 1 || cols <= 1) {
            return Ok(Mat::from_fn(rows, cols, |i, j| flat.data[i * cols + j]));
        }
        let a = self.matrix_c64()?;
        if (a.nrows(), a.ncols()) == (rows, cols) {
            return Ok(a);
        }
        Err(self.wrong(format!(
            "{rows} x {cols} complex entries, not {} x {}",
            a.nrows(),
            a.ncols()
        )))
    }

    /// A complex matrix with `rows` rows; a plain list of that length is one column.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn columns_c64(&self, rows: usize) -> Result<Mat<c64>, Error> {
        let cols = match self.array_c64()?.shape[..] {
            [_, cols] => cols,
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
