//! The Python package isac: the binary part. What users call stands in `python/isac`.
//!
//! | module | what it holds |
//! |---|---|
//! | [`arrays`] | arrays in and out |
//! | [`cone`] | cone programs as CVXPY states them |
//! | [`conic`] | the conic engine as it is in Rust |
//! | [`document`] | documents solved, proofs checked |
//! | [`errors`] | errors and panics as exceptions |
//! | [`metrics`] | metrics with gradients |
//! | [`work`] | work without the interpreter's lock |

mod arrays;
mod cone;
mod conic;
mod document;
mod errors;
mod metrics;
mod work;

/// Binary part of isac; private.
#[pyo3::pymodule]
mod _isac {
    #[pymodule_export]
    use crate::cone::solve_cones;
    #[pymodule_export]
    use crate::conic::{
        Affine, Answer, Cone, Expression, Lmi, Matrix, Program, Row, Scalar, Vector,
    };
    #[pymodule_export]
    use crate::document::{solve_document, verify_proof};
    #[pymodule_export]
    use crate::metrics::{AngleSensing, sinr, sum_rate};

    /// Version of the package.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "a name of Python")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
