//! Metrics with gradients `G`, `df = Re tr(G^H dW)`.

use isac_linalg::c64;
use isac_metrics::grad::ValueGradient;
use isac_models::array::{KronOrder, Scaling, Upa};
use isac_models::target::Targets;
use numpy::PyArray2;
use pyo3::prelude::*;

use crate::arrays::{array, matrix};
use crate::errors;
use crate::work::here;

type Evaluated<'py> = (f64, Bound<'py, PyArray2<c64>>);

fn handed<'py>(
    py: Python<'py>,
    work: impl FnOnce() -> Result<ValueGradient, isac_metrics::Error> + Send,
) -> PyResult<Evaluated<'py>> {
    let found = here(py, work)?.map_err(|error| errors::of_metrics(py, error))?;
    Ok((found.value, array(py, found.gradient.as_ref())?))
}

/// Sum rate and its gradient.
#[pyfunction]
pub(crate) fn sum_rate<'py>(
    py: Python<'py>,
    channel: &Bound<'py, PyAny>,
    beamformer: &Bound<'py, PyAny>,
    noise: Vec<f64>,
) -> PyResult<Evaluated<'py>> {
    let (h, w) = (matrix("H", channel)?, matrix("W", beamformer)?);
    handed(py, move || {
        isac_metrics::grad::sum_rate_gradient(h.as_ref(), w.as_ref(), &noise)
    })
}

/// SINR of each user.
#[pyfunction]
pub(crate) fn sinr(
    py: Python<'_>,
    channel: &Bound<'_, PyAny>,
    beamformer: &Bound<'_, PyAny>,
    noise: Vec<f64>,
) -> PyResult<Vec<f64>> {
    let (h, w) = (matrix("H", channel)?, matrix("W", beamformer)?);
    here(py, move || {
        isac_metrics::sinr(h.as_ref(), w.as_ref(), &noise)
    })?
    .map_err(|error| errors::of_metrics(py, error))
}

/// Targets seen by two planar arrays.
#[pyclass(frozen, module = "isac._isac")]
pub(crate) struct AngleSensing(isac_metrics::AngleSensing);

#[pymethods]
impl AngleSensing {
    #[new]
    fn new(
        py: Python<'_>,
        transmit: (usize, usize),
        receive: (usize, usize),
        horizontal_slow: bool,
        theta: Vec<f64>,
        phi: Vec<f64>,
        alpha: &Bound<'_, PyAny>,
        snapshots: usize,
        noise: f64,
    ) -> PyResult<Self> {
        let alpha = matrix("alpha", alpha)?;
        let alpha = (0..alpha.nrows()).map(|m| alpha[(m, 0)]).collect();
        let order = if horizontal_slow {
            KronOrder::HorizontalSlow
        } else {
            KronOrder::VerticalSlow
        };
        let build = move || -> Result<isac_metrics::AngleSensing, isac_metrics::Error> {
            let array = |(h, v)| Upa::new(h, v, order, Scaling::UnitNorm);
            let targets = Targets::new(theta, phi, alpha)?;
            isac_metrics::AngleSensing::new(
                &array(transmit)?,
                &array(receive)?,
                &targets,
                snapshots,
                noise,
            )
        };
        let found = here(py, build)?;
        Ok(Self(found.map_err(|error| errors::of_metrics(py, error))?))
    }

    /// Trace of the Cramer-Rao bound and its gradient.
    fn crlb_trace<'py>(
        &self,
        py: Python<'py>,
        beamformer: &Bound<'py, PyAny>,
    ) -> PyResult<Evaluated<'py>> {
        let w = matrix("W", beamformer)?;
        handed(py, move || {
            isac_metrics::grad::crlb_trace_gradient(&self.0, w.as_ref())
        })
    }
}
