//! `algos/`: one evaluation of value and gradient, which is what an iteration costs.

use criterion::{BenchmarkId, Criterion, Throughput};
use isac_algos::alpha_fair::Evaluator;
use isac_algos::obs_crlb::{Auxiliaries, Evaluator as ObsEvaluator, Reduction};
use isac_benches::instances::{AlphaFairSize, ObsCrlb, alpha_fair, obs_crlb};
use isac_linalg::Mat;
use std::error::Error;

/// Linear in the subcarriers and in the antennas.
fn alpha_fair_evaluation(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let mut group = criterion.benchmark_group("algos/alpha_fair_evaluation");
    let full = AlphaFairSize::FULL;
    let sizes = [
        (16, 16),
        (32, 16),
        (64, 16),
        (128, 16),
        (256, 16),
        (64, 8),
        (64, 32),
        (64, 64),
    ];
    for (subcarriers, antennas) in sizes {
        let size = AlphaFairSize {
            subcarriers,
            antennas,
            ..full
        };
        let (problem, start) = alpha_fair(size, 1)?;
        let mut evaluator = Evaluator::new(&problem);
        let mut gradient = Mat::zeros(start.nrows(), start.ncols());
        group.throughput(Throughput::Elements((subcarriers * antennas) as u64));
        let id = format!("n={subcarriers},n_tx={antennas}");
        group.bench_function(BenchmarkId::from_parameter(id), |b| {
            b.iter(|| evaluator.penalised(start.as_ref(), 1.0, gradient.as_mut()));
        });
    }
    group.finish();
    Ok(())
}

/// In the coordinates of the span the cost is the same for every number of antennas; `full` keeps
/// the antennas and grows.
fn obs_crlb_evaluation(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let mut group = criterion.benchmark_group("algos/obs_crlb_evaluation");
    for n_tx in [16, 64, 256, 1024] {
        let ObsCrlb { problem, start, .. } = obs_crlb(n_tx, 10.0, 1)?;
        let reduction = Reduction::new(&problem)?;
        let inside = reduction.coordinates(start.as_ref());
        for (name, problem, w) in [
            ("reduced", reduction.problem(), inside),
            ("full", &problem, start),
        ] {
            let mut evaluator = ObsEvaluator::new(problem, w.ncols());
            let mut gradient = Mat::zeros(w.nrows(), w.ncols());
            group.bench_function(BenchmarkId::new(name, format!("n_tx={n_tx}")), |b| {
                b.iter(|| {
                    let merit = evaluator.merit(w.as_ref());
                    evaluator.gradient(Auxiliaries::Exact, gradient.as_mut());
                    merit.is_ok()
                });
            });
        }
    }
    group.finish();
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    obs_crlb_evaluation(&mut criterion)?;
    alpha_fair_evaluation(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}
