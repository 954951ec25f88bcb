//! The Python package isac: the binary part. What users call stands in `python/isac`.
//!
//! | module | what it holds |
//! |---|---|
//! | [`arrays`] | arrays in and out |
//! | [`cone`] | cone programs as CVXPY states them |
//! | [`conic`] | the conic engine as it is in Rust |
//! | [`errors`] | errors and panics as exceptions |
//! | [`metrics`] | metrics with gradients |
//! | [`work`] | work without the interpreter's lock |

mod arrays;
mod cone;
mod conic;
mod errors;
mod metrics;
mod work;

/// Binary part of isac; private.
#[pyo3::pymodule]
mod _isac {
    use std::path::PathBuf;

    use isac_lab::document::Document;
    use isac_lab::paper::of_document;
    use isac_lab::solve::SolveRequest;
    use pyo3::prelude::*;

    use crate::errors;
    use crate::work::apart;

    #[pymodule_export]
    use crate::cone::solve_cones;
    #[pymodule_export]
    use crate::conic::{
        Affine, Answer, Cone, Expression, Lmi, Matrix, Program, Row, Scalar, Vector,
    };
    #[pymodule_export]
    use crate::metrics::{AngleSensing, sinr, sum_rate};

    /// Version of the package.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "a name of Python")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Solves a document: the JSON text of one, or a file. Returns the report as JSON text.
    #[pyfunction]
    #[pyo3(signature = (text, path, case, algorithm, seed))]
    fn solve_document(
        py: Python<'_>,
        text: Option<String>,
        path: Option<PathBuf>,
        case: Option<usize>,
        algorithm: Option<String>,
        seed: Option<u64>,
    ) -> PyResult<String> {
        let request = SolveRequest {
            case,
            algorithm,
            seed,
            ..SolveRequest::default()
        };
        let work = move || -> Result<String, isac_lab::Error> {
            let document = match (text, path) {
                (Some(text), _) => Document::from_json("document", &text)?,
                (None, path) => Document::read(&path.unwrap_or_default())?,
            };
            let papers = isac::papers::all();
            let paper = of_document(&papers, &document)?;
            let solver = paper.solve.ok_or_else(|| {
                isac_lab::Error::Usage(format!("schema {}: nothing solves it", paper.schema))
            })?;
            let report = solver(&document.root(), &request)?;
            serde_json::to_string(&report)
                .map_err(|error| isac_lab::Error::numerical("the report", error))
        };
        apart(py, work)?.map_err(|error| errors::of_lab(py, error))
    }
}
