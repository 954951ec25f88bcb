//! `opt/`: the cost of a descent besides its objective.

use criterion::{BenchmarkId, Criterion};
use isac_benches::instances::hermitian;
use isac_linalg::{Mat, MatMut, MatRef, c64, ops};
use isac_models::rng::{Stream, complex_normal, stream};
use isac_opt::manifold::Sphere;
use isac_opt::riemannian::{Method, Workspace, bb, lbfgs, rcg};
use isac_opt::{Error, drive::Stop};

/// Fifty iterations on a Rayleigh quotient: one product by an `n x n` matrix in each evaluation.
fn descents(criterion: &mut Criterion) {
    let stop = Stop {
        max_iterations: 50,
        gradient: 0.0,
        stall_steps: 0,
        ..Stop::default()
    };
    let methods = [
        ("rcg", Method::Rcg(rcg::Options::default())),
        ("lbfgs", Method::Lbfgs(lbfgs::Options::default())),
        ("bb", Method::Bb(bb::Options::default())),
    ];
    let mut group = criterion.benchmark_group("opt/rayleigh_50_iterations");
    for (name, mut method) in methods {
        *method.stop_mut() = stop.clone();
        for n in [16, 256] {
            let a = hermitian(n);
            let start: Mat<c64> = complex_normal(n, 4, &mut stream(2, Stream::Start, 0));
            let Ok(sphere) = Sphere::new(1.0) else {
                return;
            };
            let mut workspace = Workspace::default();
            group.bench_function(BenchmarkId::new(name, format!("n={n}")), |b| {
                b.iter(|| {
                    let f = |w: MatRef<'_, c64>, mut g: MatMut<'_, c64>| -> Result<f64, Error> {
                        let plain = ops::Op::Plain;
                        ops::gemm(g.as_mut(), false, c64::ONE, a.as_ref(), plain, w, plain);
                        Ok(0.5 * ops::inner(w, g.as_ref()))
                    };
                    method.minimise(&sphere, start.as_ref(), f, &mut workspace)
                });
            });
        }
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    descents(&mut criterion);
    criterion.final_summary();
}
