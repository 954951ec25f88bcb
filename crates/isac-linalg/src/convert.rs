//! Matrices of other libraries, and matrices as text.
//!
//! | feature | what it brings |
//! |---|---|
//! | `ndarray` | [`from_ndarray`](ndarray::from_ndarray), [`to_ndarray`](ndarray::to_ndarray) |
//! | `nalgebra` | [`from_nalgebra`](nalgebra::from_nalgebra), [`to_nalgebra`](nalgebra::to_nalgebra) |
//! | `serde` | [`matrix`](serde::matrix) for `#[serde(with = "isac_linalg::convert::serde::matrix")]`, [`matrices`](serde::matrices), [`vector`](serde::vector), [`optional_vector`](serde::optional_vector) and [`number`](serde::number) likewise |
//!
//! Entries are copied, whatever the memory order; nothing is transposed or conjugated.

/// Arrays of `ndarray`.
#[cfg(feature = "ndarray")]
pub mod ndarray {
    use crate::{Mat, MatRef, c64};

    /// A two-dimensional array, rows first, as a matrix of the same shape.
    pub fn from_ndarray(a: ::ndarray::ArrayView2<'_, c64>) -> Mat<c64> {
        let (rows, columns) = a.dim();
        Mat::from_fn(rows, columns, |i, j| a[(i, j)])
    }

    /// A matrix as an array of the same shape.
    pub fn to_ndarray(a: MatRef<'_, c64>) -> ::ndarray::Array2<c64> {
        ::ndarray::Array2::from_shape_fn((a.nrows(), a.ncols()), |(i, j)| a[(i, j)])
    }
}

/// Matrices of `nalgebra`.
#[cfg(feature = "nalgebra")]
pub mod nalgebra {
    use crate::{Mat, MatRef, c64};

    /// A matrix of any size and storage as a matrix of the same shape.
    pub fn from_nalgebra<R, C, S>(a: &::nalgebra::Matrix<c64, R, C, S>) -> Mat<c64>
    where
        R: ::nalgebra::Dim,
        C: ::nalgebra::Dim,
        S: ::nalgebra::RawStorage<c64, R, C>,
    {
        Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)])
    }

    /// A matrix as one of `nalgebra` of the same shape.
    pub fn to_nalgebra(a: MatRef<'_, c64>) -> ::nalgebra::DMatrix<c64> {
        ::nalgebra::DMatrix::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)])
    }
}

/// Matrices in documents.
#[cfg(feature = "serde")]
pub mod serde {
    /// A complex matrix as the documents of isac have it: `{"re": [[...]], "im": [[...]]}`, row by row.
    ///
    /// ```
    /// use isac_linalg::{Mat, c64};
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Design {
    ///     #[serde(with = "isac_linalg::convert::serde::matrix")]
    ///     beams: Mat<c64>,
    /// }
    /// let beams = Mat::from_fn(2, 1, |i, _| c64::new(i as f64, 0.5));
    /// let text = serde_json::to_string(&Design { beams }).unwrap();
    /// assert_eq!(text, r#"{"beams":{"re":[[0.0],[1.0]],"im":[[0.5],[0.5]]}}"#);
    /// let again: Design = serde_json::from_str(&text).unwrap();
    /// assert_eq!(again.beams[(1, 0)], c64::new(1.0, 0.5));
    /// ```
    pub mod matrix {
        use crate::{Mat, c64};
        use ::serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Parts {
            re: Vec<Vec<f64>>,
            im: Vec<Vec<f64>>,
        }

        impl From<&Mat<c64>> for Parts {
            fn from(a: &Mat<c64>) -> Self {
                let rows = |part: fn(c64) -> f64| {
                    let row = |i| (0..a.ncols()).map(|j| part(a[(i, j)])).collect();
                    (0..a.nrows()).map(row).collect()
                };
                Self {
                    re: rows(|z| z.re),
                    im: rows(|z| z.im),
                }
            }
        }

        impl Parts {
            pub(super) fn matrix<E: Error>(self) -> Result<Mat<c64>, E> {
                let Self { re, im } = self;
                let columns = re.first().map_or(0, Vec::len);
                let fits = |row: &Vec<f64>| row.len() == columns;
                if im.len() != re.len() || !re.iter().chain(&im).all(fits) {
                    let expected = format!("re and im of {} x {columns}", re.len());
                    return Err(E::custom(format!("a matrix: expected {expected}")));
                }
                Ok(Mat::from_fn(re.len(), columns, |i, j| {
                    c64::new(re[i][j], im[i][j])
                }))
            }
        }

        /// Writes both parts.
        ///
        /// # Errors
        /// Those of the serializer.
        pub fn serialize<S: Serializer>(a: &Mat<c64>, serializer: S) -> Result<S::Ok, S::Error> {
            Parts::from(a).serialize(serializer)
        }

        /// Reads both parts.
        ///
        /// # Errors
        /// Those of the deserializer; rows of several lengths, and parts of two shapes.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Mat<c64>, D::Error> {
            Parts::deserialize(deserializer)?.matrix()
        }
    }

    /// Complex matrices as a list of what [`matrix`] writes.
    pub mod matrices {
        use super::matrix::Parts;
        use crate::{Mat, c64};
        use ::serde::{Deserialize, Deserializer, Serialize, Serializer};

        /// Writes them one after the other.
        ///
        /// # Errors
        /// Those of the serializer.
        pub fn serialize<S: Serializer>(
            all: &[Mat<c64>],
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            let parts: Vec<Parts> = all.iter().map(Parts::from).collect();
            parts.serialize(serializer)
        }

        /// Reads them.
        ///
        /// # Errors
        /// As [`deserialize`](super::matrix::deserialize).
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Vec<Mat<c64>>, D::Error> {
            let all = Vec::<Parts>::deserialize(deserializer)?;
            all.into_iter().map(Parts::matrix).collect()
        }
    }

    /// Complex numbers as the documents of isac have them: `{"re": [...], "im": [...]}`.
    pub mod vector {
        use crate::c64;
        use ::serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Parts {
            re: Vec<f64>,
            im: Vec<f64>,
        }

        impl From<&[c64]> for Parts {
            fn from(a: &[c64]) -> Self {
                Self {
                    re: a.iter().map(|z| z.re).collect(),
                    im: a.iter().map(|z| z.im).collect(),
                }
            }
        }

        impl Parts {
            pub(super) fn vector<E: Error>(self) -> Result<Vec<c64>, E> {
                let Self { re, im } = self;
                if im.len() != re.len() {
                    let expected = format!("expected as many im as re, {}", re.len());
                    return Err(E::custom(format!("a vector: {expected}")));
                }
                let both = re.into_iter().zip(im);
                Ok(both.map(|(re, im)| c64::new(re, im)).collect())
            }
        }

        /// Writes both parts.
        ///
        /// # Errors
        /// Those of the serializer.
        pub fn serialize<S: Serializer>(a: &[c64], serializer: S) -> Result<S::Ok, S::Error> {
            Parts::from(a).serialize(serializer)
        }

        /// Reads both parts.
        ///
        /// # Errors
        /// Those of the deserializer; parts of two lengths.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Vec<c64>, D::Error> {
            Parts::deserialize(deserializer)?.vector()
        }
    }

    /// A real number; infinities and NaN, which formats such as JSON have no number for and would lose, as
    /// the texts `inf`, `-inf` and `NaN`.
    pub mod number {
        use ::serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Stated {
            Number(f64),
            Text(String),
        }

        /// Writes the number or its text.
        ///
        /// # Errors
        /// Those of the serializer.
        pub fn serialize<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
            if x.is_finite() {
                x.serialize(serializer)
            } else {
                x.to_string().serialize(serializer)
            }
        }

        /// Reads a number or one of the three texts.
        ///
        /// # Errors
        /// Those of the deserializer; another text.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
            match Stated::deserialize(deserializer)? {
                Stated::Number(x) => Ok(x),
                Stated::Text(text) => match text.as_str() {
                    "inf" => Ok(f64::INFINITY),
                    "-inf" => Ok(f64::NEG_INFINITY),
                    "NaN" => Ok(f64::NAN),
                    _ => Err(D::Error::custom(format!(
                        "a number: got {text:?}, expected a number, \"inf\", \"-inf\" or \"NaN\""
                    ))),
                },
            }
        }
    }

    /// What [`vector`] writes, or nothing.
    pub mod optional_vector {
        use super::vector::Parts;
        use crate::c64;
        use ::serde::{Deserialize, Deserializer, Serialize, Serializer};

        /// Writes both parts, if any.
        ///
        /// # Errors
        /// Those of the serializer.
        pub fn serialize<S: Serializer>(
            a: &Option<Vec<c64>>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            a.as_deref().map(Parts::from).serialize(serializer)
        }

        /// Reads both parts, if any.
        ///
        /// # Errors
        /// As [`deserialize`](super::vector::deserialize).
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Vec<c64>>, D::Error> {
            let parts = Option::<Parts>::deserialize(deserializer)?;
            parts.map(Parts::vector).transpose()
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(any(feature = "ndarray", feature = "nalgebra"))]
    use crate::{Mat, c64};

    #[cfg(any(feature = "ndarray", feature = "nalgebra"))]
    fn sample() -> Mat<c64> {
        Mat::from_fn(2, 3, |i, j| c64::new(i as f64, j as f64 - 0.5))
    }

    /// Either memory order, and a view with steps.
    #[cfg(feature = "ndarray")]
    #[test]
    fn arrays_keep_their_places() {
        use super::ndarray::{from_ndarray, to_ndarray};
        let a = to_ndarray(sample().as_ref());
        assert_eq!(a[(1, 2)], c64::new(1.0, 1.5));
        assert_eq!(from_ndarray(a.view()), sample());
        let turned = from_ndarray(a.t());
        assert_eq!((turned.nrows(), turned.ncols()), (3, 2));
        assert_eq!(turned[(2, 1)], c64::new(1.0, 1.5));
        let backwards =
            from_ndarray(a.slice_axis(::ndarray::Axis(1), ::ndarray::Slice::new(0, None, -1)));
        assert_eq!(backwards[(1, 0)], c64::new(1.0, 1.5));
    }

    #[cfg(feature = "nalgebra")]
    #[test]
    fn matrices_keep_their_places() {
        use super::nalgebra::{from_nalgebra, to_nalgebra};
        let a = to_nalgebra(sample().as_ref());
        assert_eq!(a[(1, 2)], c64::new(1.0, 1.5));
        assert_eq!(from_nalgebra(&a), sample());
        let column = from_nalgebra(&a.column(2));
        assert_eq!((column.nrows(), column.ncols()), (2, 1));
        assert_eq!(column[(1, 0)], c64::new(1.0, 1.5));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_matrix_that_has_no_shape_is_refused() {
        use super::serde::matrix;
        for text in [
            r#"{"re":[[1.0,2.0],[3.0]],"im":[[0.0,0.0],[0.0,0.0]]}"#,
            r#"{"re":[[1.0]],"im":[[0.0],[0.0]]}"#,
            r#"{"re":[[1.0]]}"#,
            r#"{"re":[[1.0]],"im":[[0.0]],"abs":[[1.0]]}"#,
        ] {
            let read = matrix::deserialize(&mut serde_json::Deserializer::from_str(text));
            assert!(read.is_err(), "{text}");
        }
    }
}
