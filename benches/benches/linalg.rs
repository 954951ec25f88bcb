//! `linalg/`: the kernels that the layers above spend their time in.

use criterion::{BenchmarkId, Criterion, Throughput};
use isac_benches::instances::hermitian;
use isac_linalg::{Mat, c64, factor, ops};
use std::hint::black_box;

fn products(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("linalg/gemm");
    for n in [8, 32, 128] {
        let a = hermitian(n);
        let mut out = Mat::zeros(n, n);
        group.throughput(Throughput::Elements((n * n * n) as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("n={n}")), |b| {
            b.iter(|| {
                let (x, y) = (black_box(a.as_ref()), a.as_ref());
                let plain = ops::Op::Plain;
                ops::gemm(out.as_mut(), false, c64::ONE, x, plain, y, plain);
            });
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("linalg/inner");
    for n in [16, 128] {
        let a = hermitian(n);
        group.throughput(Throughput::Elements((n * n) as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("n={n}")), |b| {
            b.iter(|| ops::inner(black_box(a.as_ref()), a.as_ref()));
        });
    }
    group.finish();
}

fn factorisations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("linalg/eigh");
    for n in [8, 32, 128] {
        let a = hermitian(n);
        group.bench_function(BenchmarkId::from_parameter(format!("n={n}")), |b| {
            b.iter(|| factor::eigh(black_box(a.as_ref())));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("linalg/cholesky");
    for n in [8, 32, 128] {
        let a = hermitian(n);
        let definite = ops::shifted(a.as_ref(), 4.0 * (n as f64).sqrt());
        group.bench_function(BenchmarkId::from_parameter(format!("n={n}")), |b| {
            b.iter(|| factor::cholesky("a", black_box(definite.as_ref())));
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    products(&mut criterion);
    factorisations(&mut criterion);
    criterion.final_summary();
}
