//! Cone programs as CVXPY states them: minimise `c' x` where `b - A x` lies in a product of zero,
//! nonnegative, second-order and (whole, column by column) semidefinite cones.
//!
//! CVXPY writes a Hermitian matrix as `[[Re, -Im], [Im, Re]]` of twice the order and a matrix
//! variable as a list of scalars with a semidefinite constraint. Both are undone here where the data
//! say so exactly: [`data::Block`] folds the embedding, and a block whose every entry is one variable of
//! its own is a matrix variable of the engine. Coefficients of low rank are factored, so that
//! the engine's reduction sees the vectors they are made of.

mod data;
mod factors;
mod translate;

use isac_conic::{Error, Options, Outcome, Why};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors;
use crate::work::{limit, stopped_at};
use data::{Cones, Given, Rows};
use translate::{Cast, Translated};

/// What goes back: name of the outcome, why, iterations, and of a point its numbers.
struct Answer {
    outcome: &'static str,
    why: &'static str,
    iterations: usize,
    error: f64,
    point: Option<(Vec<f64>, Vec<f64>)>,
    matrices: usize,
}

fn solve(given: &Given, options: &Options, stop: &dyn Fn() -> bool) -> Result<Answer, Error> {
    let translated = Translated::new(given);
    let outcome = translated.program.solve_until(options, stop)?;
    let variables = translated.blocks.iter();
    let variables = variables.filter(|(_, cast)| matches!(cast, Some(Cast::Variable(_))));
    let mut answer = Answer {
        outcome: outcome.name(),
        why: "",
        iterations: 0,
        error: f64::NAN,
        point: None,
        matrices: variables.count(),
    };
    match &outcome {
        Outcome::Solved(solution) | Outcome::Inaccurate(solution) => {
            answer.iterations = solution.iterations;
            answer.error = solution.dimacs.worst();
            let x = translated.point(solution)?;
            answer.point = Some((x, translated.multipliers(solution)?));
        }
        Outcome::Infeasible(farkas) | Outcome::NoPointBelow(farkas) => {
            answer.iterations = farkas.iterations;
        }
        Outcome::Unbounded(ray) | Outcome::NoMultipliersBelow(ray) => {
            answer.iterations = ray.iterations;
        }
        Outcome::IllPosed(_) => {}
        Outcome::Unknown(unknown) => {
            answer.why = match unknown.why {
                Why::IterationLimit => "iteration_limit",
                Why::Stopped => "stopped",
                Why::Stalled => "stalled",
                Why::Numerical => "numerical",
                _ => "unknown",
            };
            // Who set the limit gets the point that it was reached at, by the name of one.
            if let (Why::IterationLimit | Why::Stopped, Some(last)) = (unknown.why, &unknown.last) {
                answer.iterations = last.iterations;
                answer.error = last.dimacs.worst();
                let x = translated.point(last)?;
                answer.point = Some((x, translated.multipliers(last)?));
            }
        }
    }
    Ok(answer)
}

/// Minimises `c' x` where `b - A x` lies in the cones. `A` comes in compressed columns. Returns a
/// dictionary with `outcome`, `why`, `iterations`, `error` (the worst of the six DIMACS errors) and, with a
/// point, `x` and `z`; `matrices` counts the semidefinite variables that were recognised.
#[pyfunction]
#[pyo3(signature = (data, indices, indptr, b, c, zero, nonneg, soc, psd, *, tolerance, accept, max_iterations, reduce, extend, time_limit))]
pub(crate) fn solve_cones<'py>(
    py: Python<'py>,
    data: PyReadonlyArray1<'py, f64>,
    indices: PyReadonlyArray1<'py, i64>,
    indptr: PyReadonlyArray1<'py, i64>,
    b: PyReadonlyArray1<'py, f64>,
    c: PyReadonlyArray1<'py, f64>,
    zero: usize,
    nonneg: usize,
    soc: Vec<usize>,
    psd: Vec<usize>,
    tolerance: f64,
    accept: f64,
    max_iterations: usize,
    reduce: bool,
    extend: bool,
    time_limit: Option<f64>,
) -> PyResult<Bound<'py, PyDict>> {
    let (data, indices, indptr) = (data.as_slice()?, indices.as_slice()?, indptr.as_slice()?);
    let (b, c) = (b.as_slice()?.to_vec(), c.as_slice()?.to_vec());
    let squares: usize = psd.iter().map(|n| n * n).sum();
    let rows = zero + nonneg + soc.iter().sum::<usize>() + squares;
    if rows != b.len() {
        let value = b.len().to_string();
        return Err(errors::input(
            py,
            "b",
            &value,
            &format!("{rows} entries, as the cones say"),
        ));
    }
    let whole = indptr.len() == c.len() + 1
        && indptr
            .windows(2)
            .all(|ends| 0 <= ends[0] && ends[0] <= ends[1])
        && indptr.last().is_some_and(|&end| end as usize == data.len())
        && data.len() == indices.len()
        && indices.iter().all(|&i| (0..rows as i64).contains(&i));
    if !whole {
        let expected = format!("compressed columns of a {rows} x {} matrix", c.len());
        return Err(errors::input(py, "A", "other sizes", &expected));
    }
    for (name, values) in [("A", data), ("b", &b), ("c", &c)] {
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(errors::input(
                py,
                name,
                &value.to_string(),
                "finite numbers",
            ));
        }
    }
    let given = Given {
        a: Rows::new(rows, data, indices, indptr),
        b,
        c,
        cones: Cones {
            zero,
            nonneg,
            soc,
            psd,
        },
    };
    let options = Options {
        tolerance,
        accept,
        max_iterations,
        reduce,
        extend,
        ..Options::default()
    };
    let answer = stopped_at(py, limit(py, time_limit)?, move |stop| {
        solve(&given, &options, stop)
    })?;
    // The engine did not come to its next iteration in time.
    let late = || Answer {
        outcome: "unknown",
        why: "stopped",
        iterations: 0,
        error: f64::NAN,
        point: None,
        matrices: 0,
    };
    let answer = answer.unwrap_or_else(|| Ok(late()));
    let answer = answer.map_err(|error| errors::of_conic(py, &error))?;
    let out = PyDict::new(py);
    out.set_item("outcome", answer.outcome)?;
    out.set_item("why", answer.why)?;
    out.set_item("iterations", answer.iterations)?;
    out.set_item("error", answer.error)?;
    out.set_item("matrices", answer.matrices)?;
    if let Some((x, z)) = answer.point {
        out.set_item("x", PyArray1::from_vec(py, x))?;
        out.set_item("z", PyArray1::from_vec(py, z))?;
    }
    Ok(out)
}
