//! The one place that talks to Clarabel. None of its types leave this file.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{
    DefaultSettings, DefaultSolver, IPSolver, SolverStatus, SupportedConeT as Native,
};

// Provides the linear algebra symbols of the semidefinite cone.
#[cfg(feature = "clarabel-sdp")]
use isac_blas_shim as _;

use super::qp::{ConeQp, Kind, Raw};
use crate::Error;
use crate::outcome::{Options, Why};

/// Runs Clarabel on a validated program; the caller judges the result.
pub(crate) fn run(program: &ConeQp, options: &Options) -> Result<Raw, Error> {
    let n = program.gradient.len();
    let p = hessian(program);
    let (rows, (cols, values)): (Vec<_>, (Vec<_>, Vec<_>)) =
        program.entries.iter().map(|&(i, j, v)| (i, (j, v))).unzip();
    let a = CscMatrix::new_from_triplets(program.rhs.len(), n, rows, cols, values);
    let cones: Vec<Native<f64>> = program
        .cones
        .iter()
        .map(|cone| match cone.kind {
            Kind::Zero => Native::ZeroConeT(cone.len),
            Kind::Nonnegative => Native::NonnegativeConeT(cone.len),
            Kind::SecondOrder => Native::SecondOrderConeT(cone.len),
            Kind::Exponential => Native::ExponentialConeT(),
            #[cfg(feature = "clarabel-sdp")]
            Kind::Semidefinite(order) => Native::PSDTriangleConeT(order),
        })
        .collect();
    let settings = DefaultSettings {
        verbose: false,
        max_threads: 1,
        max_iter: u32::try_from(options.max_iterations).unwrap_or(u32::MAX),
        tol_gap_abs: options.tolerance,
        tol_gap_rel: options.tolerance,
        tol_feas: options.tolerance,
        ..DefaultSettings::default()
    };
    let mut solver = DefaultSolver::new(&p, &program.gradient, &a, &program.rhs, &cones, settings)
        .map_err(|error| Error::Backend {
            message: error.to_string(),
        })?;
    solver.solve();
    let found = &solver.solution;
    Ok(Raw {
        x: found.x.clone(),
        z: found.z.clone(),
        iterations: found.iterations as usize,
        why: match found.status {
            SolverStatus::MaxIterations | SolverStatus::MaxTime => Why::IterationLimit,
            SolverStatus::NumericalError => Why::Numerical,
            _ => Why::Stalled,
        },
    })
}

/// Upper triangle by columns.
fn hessian(program: &ConeQp) -> CscMatrix<f64> {
    let (n, p) = (program.gradient.len(), &program.hessian);
    let (mut pointers, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
    for j in 0..n {
        if p.ncols() > 0 {
            for i in 0..=j {
                if p[(i, j)] != 0.0 {
                    rows.push(i);
                    values.push(p[(i, j)]);
                }
            }
        }
        pointers.push(rows.len());
    }
    CscMatrix::new(n, n, pointers, rows, values)
}
