//! `isac check` for `alpha-fair/1`.

use isac_algos::alpha_fair::{Design, Evaluator, FEASIBLE, PowerShare, Problem, Start, design};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::delay_doppler::Combine;
use isac_opt::drive::Stop;
use isac_opt::manifold::Sphere;
use isac_opt::riemannian::{Method, Workspace, lbfgs};
use rand::{SeedableRng, rngs::ChaCha8Rng};

use super::input::{Case, Instance};
use isac_lab::check::{Checker, Goal, Got, Tolerance, Tolerances};
use isac_lab::document::{Array, Node};
use isac_lab::error::Error;

/// Seeded starts besides W0 and W.
const SEEDED_STARTS: u64 = 8;

/// What is measured at W.
const AT_W: [&str; 10] = [
    "node_fim",
    "fim",
    "disturbance",
    "crlb",
    "rates",
    "utility",
    "penalty",
    "objective",
    "gradient",
    "riemannian_gradient",
];

/// Recomputes every case.
pub(super) fn check(root: &Node<'_>, checker: &mut Checker) -> Result<(), Error> {
    if let Some(expected) = root.opt("expected") {
        return Err(expected.wrong("`expected` in each of the `cases`, nothing here"));
    }
    let instance = Instance::read(root)?;
    for node in root.cases()? {
        node.known_keys(&["config", "expected", "tolerance"])?;
        let case = instance.case(&node.get("config")?)?;
        let tolerances = Tolerances::new(node.opt("tolerance"), root.opt("tolerance"));
        let measured = Measured::at(&instance, &case, &node)?;
        checker.each(&node.get("expected")?, |checker, key, expected| {
            let rel = |default: f64| tolerances.get(key, default).map(Tolerance::rel);
            if AT_W.contains(&key) {
                match measured.value(key, expected)? {
                    Some(got) => checker.compare(expected, got, rel(1e-8)?)?,
                    None => checker.lacks(expected, "W"),
                }
                return Ok(true);
            }
            let found = match key {
                "best_penalised_objective" | "constrained_utility"
                    if checker.skips_solver(expected) =>
                {
                    return Ok(true);
                }
                "best_penalised_objective" => {
                    let room = tolerances.get(key, 0.02)?;
                    let target = expected.f64()?;
                    best_penalised(&instance, &case, target + room * target.abs())
                        .map(|best| (best, true))
                }
                "constrained_utility" => {
                    let room = tolerances.get(key, 0.02)?;
                    let target = expected.f64()?;
                    best_constrained(&instance, &case, target + room * target.abs())
                }
                _ => return Ok(false),
            };
            let (ours, feasible) = found.map_err(|e| Error::numerical(&expected.path, e))?;
            checker.target(expected, ours, Goal::AtMost, rel(0.02)?, feasible)?;
            Ok(true)
        })?;
    }
    Ok(())
}

/// Every metric at W.
struct Measured {
    values: Vec<(&'static str, Got)>,
    /// The penalty without and with its factor rho.
    penalty: [f64; 2],
}

impl Measured {
    fn at(instance: &Instance, case: &Case, node: &Node<'_>) -> Result<Self, Error> {
        let Some(w) = &instance.point else {
            return Ok(Self {
                values: Vec::new(),
                penalty: [f64::NAN; 2],
            });
        };
        let problem = &case.problem;
        problem
            .check_beams("W", w.as_ref())
            .map_err(|e| node.refused(e))?;
        let mut evaluator = Evaluator::new(problem);
        let mut gradient = Mat::zeros(w.nrows(), w.ncols());
        let utility = evaluator.evaluate(w.as_ref());
        let excess: f64 = evaluator.shortfalls().map(|c| c.max(0.0).powi(2)).sum();
        let objective = evaluator.penalised(w.as_ref(), case.rho, gradient.as_mut());
        let mut riemannian = gradient.clone();
        let radial = ops::inner(w.as_ref(), gradient.as_ref()) / ops::norm2(w.as_ref());
        ops::axpy(riemannian.as_mut(), -radial, w.as_ref());

        let metric = problem.sensing();
        let (targets, nodes, n) = (metric.targets(), metric.nodes(), metric.subcarriers());
        let mut disturbance = vec![0.0; targets * nodes * n];
        for (at, out) in disturbance.chunks_mut(n).enumerate() {
            let lit = evaluator.illumination();
            metric.disturbance_into(at / nodes, at % nodes, lit, out);
        }
        let states = match metric.model().combine {
            Combine::Sum => 2,
            Combine::State(_) => 4,
        };
        let sensing = evaluator.sensing();
        let node_fim: Vec<f64> = sensing
            .node_information
            .iter()
            .flat_map(|f| f.as_flattened().to_vec())
            .collect();
        let fim: Vec<f64> = sensing
            .information
            .iter()
            .flat_map(|f| f[..states].iter().flat_map(|row| row[..states].to_vec()))
            .collect();
        let real = |shape: &[usize], data: Vec<f64>| {
            Got::from(Array {
                shape: shape.to_vec(),
                data,
            })
        };
        let values = vec![
            ("node_fim", real(&[targets, nodes, 2, 2], node_fim)),
            ("fim", real(&[targets, states, states], fim)),
            ("disturbance", real(&[targets, nodes, n], disturbance)),
            ("crlb", Got::from(evaluator.crlb())),
            ("rates", Got::from(evaluator.rates())),
            ("utility", Got::from(utility)),
            ("objective", Got::from(objective)),
            ("gradient", tensor(problem, &gradient)),
            ("riemannian_gradient", tensor(problem, &riemannian)),
        ];
        Ok(Self {
            values,
            penalty: [excess, case.rho * excess],
        })
    }

    /// The recomputed value of a key of [`AT_W`], if the document has W. A stated penalty may or may
    /// not include rho: the nearer of the two is compared.
    fn value(&self, key: &str, expected: &Node<'_>) -> Result<Option<Got>, Error> {
        if key == "penalty" && !self.values.is_empty() {
            let stated = expected.f64()?;
            let [plain, weighted] = self.penalty;
            let nearer = (plain - stated).abs() < (weighted - stated).abs();
            return Ok(Some(Got::from(if nearer { plain } else { weighted })));
        }
        let found = self.values.iter().find(|(name, _)| *name == key);
        Ok(found.map(|(_, got)| got.clone()))
    }
}

/// A beamformer-shaped matrix in the documents' layout N x (K + 1) x Nt.
fn tensor(problem: &Problem, w: &Mat<c64>) -> Got {
    let streams = problem.streams();
    let shape = vec![
        streams.subcarriers,
        streams.per_subcarrier(),
        problem.antennas(),
    ];
    let data = (0..w.ncols())
        .flat_map(|c| (0..w.nrows()).map(move |a| w[(a, c)]))
        .collect();
    Got::from(Array { shape, data })
}

/// W0, W and the seeded starts, in this order.
fn starts<'a>(
    instance: &'a Instance,
    problem: &'a Problem,
) -> impl Iterator<Item = Result<Mat<c64>, isac_algos::Error>> + 'a {
    let stated = [&instance.start, &instance.point].into_iter().flatten();
    let seeded = (0..SEEDED_STARTS).map(|seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let kind = [Start::Apart, Start::Mrt, Start::Zf, Start::Random][seed as usize % 4];
        kind.draw(problem, &mut rng)
    });
    stated.cloned().map(Ok).chain(seeded)
}

/// Least penalised objective over the starts, as soon as one reaches `goal`.
fn best_penalised(instance: &Instance, case: &Case, goal: f64) -> Result<f64, isac_algos::Error> {
    let problem = &case.problem;
    let sphere = Sphere::new(problem.power_w())?;
    let mut evaluator = Evaluator::new(problem);
    let mut workspace = Workspace::default();
    let method = Method::Lbfgs(lbfgs::Options {
        memory: 20,
        stop: Stop {
            max_iterations: 1000,
            ..Stop::default()
        },
        ..lbfgs::Options::default()
    });
    let mut best = f64::INFINITY;
    for start in starts(instance, problem) {
        let mut point = start?;
        // Tests of convergence refer to values of order one: raise small objectives to it.
        let mut unit = 1.0;
        for _ in 0..4 {
            let end = method.minimise(
                &sphere,
                point.as_ref(),
                |w, mut gradient| {
                    let value = evaluator.penalised(w, case.rho, gradient.as_mut());
                    ops::scale(gradient, unit);
                    Ok::<f64, isac_algos::Error>(unit * value)
                },
                &mut workspace,
            )?;
            point = end.point;
            let value = end.value / unit;
            best = best.min(value);
            if value.abs() >= 0.1 || value == 0.0 {
                break;
            }
            unit = 1.0 / value.abs();
        }
        if best <= goal {
            break;
        }
    }
    Ok(best)
}

/// Least cost of a feasible beamformer over the starts, as soon as one reaches `goal`; without a
/// feasible one, the cost of the least infeasible.
fn best_constrained(
    instance: &Instance,
    case: &Case,
    goal: f64,
) -> Result<(f64, bool), isac_algos::Error> {
    let options = design::Options {
        power: PowerShare::Total,
        bound: None,
        ..design::Options::default()
    };
    let mut best: Option<Design> = None;
    for start in starts(instance, &case.problem) {
        let found = design::solve(&case.problem, start?.as_ref(), &options)?;
        let better = best.as_ref().is_none_or(|best| {
            let (new, old) = (found.violation <= FEASIBLE, best.violation <= FEASIBLE);
            match (new, old) {
                (true, true) => found.objective < best.objective,
                (false, false) => found.violation < best.violation,
                _ => new,
            }
        });
        if better {
            best = Some(found);
        }
        if best
            .as_ref()
            .is_some_and(|b| b.violation <= FEASIBLE && b.objective <= goal)
        {
            break;
        }
    }
    Ok(best.map_or((f64::NAN, false), |b| {
        (b.objective, b.violation <= FEASIBLE)
    }))
}
