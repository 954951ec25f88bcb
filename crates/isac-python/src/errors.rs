//! Errors of the libraries as the exceptions of `isac._errors`.

use std::any::Any;
use std::error::Error as _;

use isac_lab::Error;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// An exception of the package, by name and fields.
fn raise(py: Python<'_>, name: &str, message: &str, fields: &[(&str, &str)]) -> PyErr {
    let build = || -> PyResult<PyErr> {
        let class = py.import("isac._errors")?.getattr(name)?;
        let keywords = PyDict::new(py);
        for (key, value) in fields {
            keywords.set_item(key, value)?;
        }
        let exception = class.call((message,), Some(&keywords))?;
        Ok(PyErr::from_value(exception))
    };
    build().unwrap_or_else(|error| error)
}

/// Bad input: the argument, its value, and what was expected.
pub(crate) fn input(py: Python<'_>, field: &str, value: &str, expected: &str) -> PyErr {
    let message = format!("{field}: got {value}, expected {expected}");
    let fields = [("field", field), ("value", value), ("expected", expected)];
    raise(py, "InputError", &message, &fields)
}

/// A fault of this package.
pub(crate) fn internal(py: Python<'_>, what: &str) -> PyErr {
    let message = format!("this is a fault of isac, please report it: {what}");
    raise(py, "InternalError", &message, &[])
}

/// A panic that was caught.
pub(crate) fn panicked(py: Python<'_>, panic: &(dyn Any + Send)) -> PyErr {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    internal(py, text.unwrap_or("a panic without a message"))
}

/// An error of the linear algebra.
pub(crate) fn of_linalg(py: Python<'_>, error: &isac_linalg::Error) -> PyErr {
    use isac_linalg::Error as E;
    match error {
        E::Shape {
            what,
            expected,
            got,
        } => input(py, what, got, expected),
        E::Range {
            what,
            value,
            expected,
        } => input(py, what, &value.to_string(), expected),
        E::NonFinite {
            what,
            row,
            col,
            value,
        } => {
            let value = format!("{value} at ({row}, {col})");
            input(py, what, &value, "finite numbers")
        }
        E::NotHermitian { what, deviation } => {
            let value = format!("a relative deviation of {deviation:e}");
            input(py, what, &value, "a Hermitian matrix")
        }
        other => raise(py, "NumericalError", &other.to_string(), &[]),
    }
}

/// An error of the conic engine.
pub(crate) fn of_conic(py: Python<'_>, error: &isac_conic::Error) -> PyErr {
    match error {
        isac_conic::Error::Linalg(inner) => of_linalg(py, inner),
        isac_conic::Error::Foreign { place, handle } => input(
            py,
            place,
            handle,
            "a variable or constraint of this program",
        ),
        other => raise(py, "InputError", &other.to_string(), &[]),
    }
}

/// An error of the lab: documents and everything below.
pub(crate) fn of_lab(py: Python<'_>, error: Error) -> PyErr {
    let message = error.to_string();
    let bad = |field: &str, value: &str, expected: &str| {
        let fields = [("field", field), ("value", value), ("expected", expected)];
        raise(py, "InputError", &message, &fields)
    };
    match &error {
        Error::Field {
            path,
            value,
            expected,
            ..
        } => bad(path, value, expected),
        Error::UnknownKey { path, nearest, .. } => bad(path, path, &one_of(nearest)),
        Error::UnknownName {
            what,
            given,
            nearest,
        } => bad(what, given, &one_of(nearest)),
        Error::Unreadable { file, .. } => bad(
            "path",
            &file.display().to_string(),
            "a file that can be read",
        ),
        Error::Malformed { file, .. } => bad("path", file, "well-formed JSON or TOML"),
        Error::Invalid { context, source } => {
            let inner = source.downcast_ref::<isac_linalg::Error>();
            bad(
                context,
                &inner.map_or_else(|| chain(&error), ToString::to_string),
                "",
            )
        }
        Error::Numerical { .. } | Error::Drawing(_) => {
            raise(py, "NumericalError", &chain(&error), &[])
        }
        _ => raise(py, "InputError", &message, &[]),
    }
}

fn one_of(nearest: &[String]) -> String {
    match nearest {
        [] => "a known name".into(),
        names => format!("a known name; the nearest: {}", names.join(", ")),
    }
}

/// An error with its causes.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = source.source();
    }
    text
}

/// An error of the metrics.
pub(crate) fn of_metrics(py: Python<'_>, error: isac_metrics::Error) -> PyErr {
    match &error {
        isac_metrics::Error::Linalg(inner) => of_linalg(py, inner),
        isac_metrics::Error::DegenerateTarget {
            target,
            angle,
            value,
            why,
        } => {
            let field = format!("{angle}[{target}]");
            input(
                py,
                &field,
                &value.to_string(),
                &format!("a target that is not degenerate: {why}"),
            )
        }
        _ => of_lab(py, error.into()),
    }
}
