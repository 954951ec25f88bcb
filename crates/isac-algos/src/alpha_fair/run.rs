//! What the algorithms of this folder share: the manifold of the power constraint, the record of a
//! descent and its summary.

use super::bound::LowerBound;
use super::feasibility::Infeasibility;
use super::{Evaluator, Problem};
use crate::Error;
use isac_linalg::{Mat, MatMut, MatRef, c64};
use isac_opt::augmented::{Constrained, Feasibility};
use isac_opt::manifold::{Manifold, Oblique, Sphere};
use isac_opt::riemannian::{Method, Minimum, Workspace};
use isac_opt::{StopReason, Trace, TraceRow};
use serde::{Deserialize, Serialize};

/// Largest shortfall of a rate, bit/s/Hz, that counts as met.
pub const FEASIBLE: f64 = 1e-5;

/// How the total power may be spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerShare {
    /// Freely over subcarriers and streams: the complex sphere of \[alpha_fair\].
    #[default]
    Total,
    /// The same power on every subcarrier: a product of spheres, the baseline `flat`.
    PerSubcarrier,
}

impl PowerShare {
    pub(super) fn manifold(self, problem: &Problem) -> Result<Box<dyn Manifold>, Error> {
        let streams = problem.streams();
        let power = problem.power_w();
        Ok(match self {
            Self::Total => Box::new(Sphere::new(power)?),
            Self::PerSubcarrier => {
                let n = streams.subcarriers;
                let powers = vec![power / n as f64; n];
                Box::new(Oblique::column_groups(streams.per_subcarrier(), powers)?)
            }
        })
    }
}

/// A problem as cost and rate constraints `rmin_k - r_k <= 0`.
pub(super) struct Rated<'a> {
    evaluator: Evaluator<'a>,
    slopes: Vec<f64>,
}

impl<'a> Rated<'a> {
    pub(super) fn new(problem: &'a Problem) -> Self {
        Self {
            evaluator: Evaluator::new(problem),
            slopes: vec![0.0; problem.streams().users],
        }
    }
}

impl Constrained<Error> for Rated<'_> {
    fn constraints(&self) -> usize {
        self.slopes.len()
    }

    fn values(&mut self, w: MatRef<'_, c64>, c: &mut [f64]) -> Result<f64, Error> {
        let cost = self.evaluator.evaluate(w);
        for (c, shortfall) in c.iter_mut().zip(self.evaluator.shortfalls()) {
            *c = shortfall;
        }
        Ok(cost)
    }

    fn gradient(
        &mut self,
        _: MatRef<'_, c64>,
        objective: f64,
        weights: &[f64],
        g: MatMut<'_, c64>,
    ) -> Result<(), Error> {
        for (slope, weight) in self.slopes.iter_mut().zip(weights) {
            *slope = -weight;
        }
        self.evaluator.gradient(objective, &self.slopes, g);
        Ok(())
    }
}

/// The metrics of one iterate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What the descent minimised: the cost with its penalties.
    pub objective: f64,
    /// Sum of the CRLBs.
    pub sum_crlb: f64,
    /// Largest CRLB.
    pub max_crlb: f64,
    /// Rate of the worst user, bit/s/Hz; 0 without users.
    pub min_rate: f64,
    /// Mean rate of the users, bit/s/Hz; 0 without users.
    pub mean_rate: f64,
    /// Largest shortfall of a rate, bit/s/Hz.
    pub violation: f64,
}

impl Progress {
    fn of(problem: &Problem, evaluator: &Evaluator<'_>, objective: f64) -> Self {
        let rates = evaluator.rates();
        Self {
            objective,
            sum_crlb: evaluator.crlb().iter().sum(),
            max_crlb: evaluator.crlb().iter().copied().fold(0.0, f64::max),
            min_rate: rates.iter().copied().reduce(f64::min).unwrap_or_default(),
            mean_rate: rates.iter().sum::<f64>() / rates.len().max(1) as f64,
            violation: problem.violation(rates),
        }
    }
}

/// One descent on a penalised cost, with the metrics of every accepted iterate.
pub(super) fn descend(
    problem: &Problem,
    manifold: &dyn Manifold,
    method: &Method,
    start: MatRef<'_, c64>,
    evaluator: &mut Evaluator<'_>,
    workspace: &mut Workspace,
    mut cost: impl FnMut(&mut Evaluator<'_>, MatRef<'_, c64>, MatMut<'_, c64>) -> f64,
) -> Result<(Minimum, Vec<Progress>), Error> {
    let mut seen: Vec<Progress> = Vec::new();
    let minimum = method.minimise(
        manifold,
        start,
        |w, gradient| {
            let value = cost(evaluator, w, gradient);
            seen.push(Progress::of(problem, evaluator, value));
            Ok::<f64, Error>(value)
        },
        workspace,
    )?;
    // Of all evaluations keep the accepted ones: in order, with exactly the traced objective.
    let mut tries = seen.into_iter();
    let accepted = minimum
        .trace
        .iter()
        .filter_map(|row| tries.find(|p| p.objective.total_cmp(&row.objective).is_eq()))
        .collect();
    Ok((minimum, accepted))
}

pub(super) fn trace_of(progress: &[Progress], minima: &[TraceRow]) -> Trace {
    progress
        .iter()
        .zip(minima)
        .map(|(p, row)| TraceRow {
            objective: p.objective,
            violation: p.violation,
            step: row.step,
        })
        .collect()
}

/// A beamformer with all its metrics, recomputed by the unpenalised formulas.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// The beamformer, antennas x N(S + K).
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    pub beams: Mat<c64>,
    /// Its fairness cost, in the form of the problem.
    pub objective: f64,
    /// Per-target CRLBs.
    pub crlb: Vec<f64>,
    /// Rates, bit/s/Hz.
    pub rates: Vec<f64>,
    /// Largest shortfall of a rate, bit/s/Hz.
    pub violation: f64,
    /// Why the algorithm stopped.
    pub stopped: StopReason,
    /// Iterations of all descents together.
    pub iterations: usize,
    /// Calls of the objective.
    pub evaluations: usize,
    /// One row per iteration, or per round of an augmented Lagrangian; objectives of different
    /// penalties are not comparable.
    pub trace: Trace,
    /// Metrics of every iterate; empty for an augmented Lagrangian.
    pub progress: Vec<Progress>,
    /// What is known about the rate constraints.
    pub feasibility: Feasibility,
    /// Proof that no beamformer meets the rates, where there is one.
    pub infeasible: Option<Infeasibility>,
    /// Bound of the cost of every feasible beamformer, where it was asked for.
    pub bound: Option<LowerBound>,
    /// Multipliers of the rate constraints for the logarithm of the norm form; empty where the
    /// algorithm has none.
    pub multipliers: Vec<f64>,
}

impl Design {
    /// Measures a beamformer; the record of the run is empty.
    ///
    /// # Errors
    /// A beamformer of the wrong shape or with entries that are not finite.
    pub fn measure(problem: &Problem, beams: Mat<c64>) -> Result<Self, Error> {
        problem.check_beams("beams", beams.as_ref())?;
        let mut evaluator = Evaluator::new(problem);
        let objective = evaluator.evaluate(beams.as_ref());
        let violation = problem.violation(evaluator.rates());
        Ok(Self {
            objective,
            crlb: evaluator.crlb().to_vec(),
            rates: evaluator.rates().to_vec(),
            violation,
            feasibility: if violation <= FEASIBLE {
                Feasibility::Feasible
            } else {
                Feasibility::Undecided
            },
            infeasible: None,
            bound: None,
            beams,
            stopped: StopReason::IterationLimit,
            iterations: 0,
            evaluations: 0,
            trace: Trace::new(),
            progress: Vec::new(),
            multipliers: Vec::new(),
        })
    }

    /// Sum of the CRLBs.
    pub fn sum_crlb(&self) -> f64 {
        self.crlb.iter().sum()
    }

    /// The largest CRLB, also where alpha = inf was replaced by a high norm.
    pub fn max_crlb(&self) -> f64 {
        self.crlb.iter().copied().fold(0.0, f64::max)
    }
}
