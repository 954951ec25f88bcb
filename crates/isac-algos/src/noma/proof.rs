//! Bounds written down: multipliers that prove one, free of any basis, for a verifier that knows
//! nothing of how they were found.
//!
//! ```text
//! power minimisation   no design needs less than the dual value
//! common SINR t        at t the dual value exceeds the budget: no design reaches t within it
//! infeasible           a ray: slack matrices without their constant part are definite
//! ```
//!
//! Multipliers are scaled so that the slack matrices of [`super::certificate`] are positive
//! semidefinite as they stand, up to rounding; a multiplier of a matrix inequality of
//! [`super::robust`] stands as columns `(c, b)`: `c` weights the columns `[h_1 .. h_K, a_1 .. a_M]`,
//! `b` is its last entry.

use super::certificate::{self, Bound, Multipliers};
use super::problem::{Scene, Span};
use super::robust::{self, ErrorBall};
use super::{max_min, power_min, reduced_dual, structure};
use crate::Error;
use isac_linalg::{Mat, c64, factor, ops};

/// Multipliers that prove a bound.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Multipliers of the constraints, by decoding position.
    pub multipliers: Multipliers,
    /// With channel errors, a factor `B` of the multiplier `B B^H` of every pair: `K + M + 1` rows,
    /// `(c, b)` of the module's text a column each. Empty without errors.
    pub errors: Vec<Mat<c64>>,
}

impl Evidence {
    /// Every multiplier times `by` >= 0.
    #[must_use]
    pub fn scaled(&self, by: f64) -> Self {
        let mut out = self.clone();
        let y = &mut out.multipliers;
        for list in [
            &mut y.sinr,
            &mut y.floor,
            &mut y.difference,
            &mut y.ordering,
        ] {
            list.iter_mut().for_each(|x| *x *= by);
        }
        y.cross.iter_mut().for_each(|z| *z *= by);
        for half in &mut out.errors {
            ops::scale(half.as_mut(), by.sqrt());
        }
        out
    }

    /// The dual value per unit of power is one: for a ray, whose length says nothing.
    fn of_ray(self, value: f64) -> Self {
        self.scaled(1.0 / value)
    }
}

/// What is to be bounded.
#[derive(Debug, Clone)]
pub enum Task {
    /// The power (watt) for SINR targets by user.
    Power(Vec<f64>),
    /// The common SINR within a budget (watt).
    Common(f64),
}

/// What was proved.
#[derive(Debug, Clone)]
pub enum Proved {
    /// No design is better than `bound`: watt, or a common SINR (linear).
    Bound {
        /// The bound that the evidence is likely to carry; a verifier says which it does.
        bound: f64,
        /// What proves it.
        evidence: Evidence,
    },
    /// No design exists: a ray.
    Ray(Evidence),
    /// No design exists: the demands contradict each other in the data.
    Structure(structure::Impossible),
    /// The targets alone need more than the budget.
    OverBudget(Evidence),
}

/// Solves the relaxation of a task once more and keeps what proves its bound; `None` where the
/// multipliers found prove nothing. `near` is a bound on the common SINR that is known already. A
/// radius of 0 is no channel error.
///
/// # Errors
/// Demands that are out of range; a decomposition that failed.
pub fn find(
    scene: &Scene,
    task: &Task,
    ball: ErrorBall,
    near: Option<f64>,
) -> Result<Option<Proved>, Error> {
    match task {
        Task::Power(by_user) => {
            let targets = scene.sinr_targets(by_user)?;
            let found = Found::at(scene, &targets, ball)?;
            found.map_or(Ok(None), |found| found.proved(scene, &targets, ball))
        }
        Task::Common(budget) => match below_floor(scene, *budget)? {
            Some(proved) => Ok(Some(proved)),
            None => near.map_or(Ok(None), |near| common(scene, *budget, ball, near)),
        },
    }
}

/// Multipliers as a solve left them.
enum Found {
    Nominal(Multipliers),
    Robust(Vec<Mat<c64>>, Multipliers),
    Structure(structure::Impossible),
}

impl Found {
    fn at(scene: &Scene, targets: &[f64], ball: ErrorBall) -> Result<Option<Self>, Error> {
        let mut by_user = vec![0.0; targets.len()];
        for (position, &target) in targets.iter().enumerate() {
            by_user[scene.user(position)] = target;
        }
        if ball.radius > 0.0 {
            let options = robust::Options::default();
            return Ok(match robust::solve(scene, &by_user, ball, &options)? {
                robust::Outcome::Solved(d) | robust::Outcome::Inaccurate(d) => {
                    Some(Self::Robust(d.multipliers, d.sensing))
                }
                robust::Outcome::Infeasible(proof) => Some(match *proof {
                    robust::Proof::Structure(why) => Self::Structure(why),
                    robust::Proof::Ray(u, y) => Self::Robust(u, *y),
                }),
                robust::Outcome::NoPointBelow { .. } | robust::Outcome::Unknown { .. } => None,
            });
        }
        let options = power_min::Options::default();
        let outcome = reduced_dual::power_min_or_relaxation(scene, &by_user, &options)?;
        Ok(match outcome {
            power_min::Outcome::Solved(d) | power_min::Outcome::Inaccurate(d) => {
                Some(Self::Nominal(d.multipliers))
            }
            power_min::Outcome::Infeasible(proof) => Some(match *proof {
                power_min::Proof::Structure(why) => Self::Structure(why),
                power_min::Proof::Ray(y) => Self::Nominal(*y),
            }),
            power_min::Outcome::NoPointBelow(proof) => Some(Self::Nominal(proof.multipliers)),
            power_min::Outcome::Unknown { .. } => None,
        })
    }

    /// Bound and evidence (not scaled) at targets by decoding position.
    fn bound(
        &self,
        scene: &Scene,
        targets: &[f64],
        ball: ErrorBall,
    ) -> Result<Option<(Bound, Evidence)>, Error> {
        let span = Span::new(scene);
        Ok(Some(match self {
            Self::Nominal(y) => {
                let bound = certificate::lower_bound_in(scene, &span, targets, y)?;
                let evidence = Evidence {
                    multipliers: certificate::clipped(scene, y)?,
                    errors: Vec::new(),
                };
                (bound, evidence)
            }
            Self::Robust(u, y) => {
                let bound = robust::lower_bound(scene, &span, targets, ball, u, y)?;
                let errors = u.iter().map(|u| columns(scene, &span, u));
                let evidence = Evidence {
                    multipliers: certificate::clipped(scene, y)?,
                    errors: errors.collect::<Result<_, _>>()?,
                };
                (bound, evidence)
            }
            Self::Structure(_) => return Ok(None),
        }))
    }

    fn proved(
        self,
        scene: &Scene,
        targets: &[f64],
        ball: ErrorBall,
    ) -> Result<Option<Proved>, Error> {
        if let Self::Structure(why) = self {
            return Ok(Some(Proved::Structure(why)));
        }
        let Some((bound, evidence)) = self.bound(scene, targets, ball)? else {
            return Ok(None);
        };
        Ok(if bound.power.is_infinite() {
            Some(Proved::Ray(evidence.of_ray(bound.dual_value)))
        } else if bound.power > 0.0 {
            Some(Proved::Bound {
                bound: bound.power,
                evidence: evidence.scaled(bound.scale),
            })
        } else {
            None
        })
    }

    /// The same multipliers for a common target `to` in place of `from`: those of matrix
    /// inequalities grow with it, so that the signal's part stays.
    fn moved(&self, from: f64, to: f64) -> Self {
        match self {
            Self::Robust(u, y) => {
                let grown = u.iter().map(|u| {
                    let mut u = u.clone();
                    ops::scale(u.as_mut(), to / from);
                    u
                });
                Self::Robust(grown.collect(), y.clone())
            }
            Self::Nominal(y) => Self::Nominal(y.clone()),
            Self::Structure(why) => Self::Structure(why.clone()),
        }
    }
}

/// Steps above the known bound at which the relaxation is solved, relative.
const STEPS: [f64; 3] = [1e-9, 1e-6, 1e-3];

/// A common target at which the budget does not suffice, as close to `near` as multipliers prove.
fn common(scene: &Scene, budget: f64, ball: ErrorBall, near: f64) -> Result<Option<Proved>, Error> {
    for step in STEPS {
        let from = near * (1.0 + step);
        let all = vec![from; scene.users()];
        let Some(found) = Found::at(scene, &all, ball)? else {
            continue;
        };
        // What the multipliers prove at a slightly larger target as well.
        let mut further = 0.0;
        while further <= 0.1 {
            let t = from * (1.0 + further);
            let all = vec![t; scene.users()];
            let there = found.moved(from, t);
            if let Some((bound, evidence)) = there.bound(scene, &all, ball)?
                && bound.power > budget * (1.0 + ROOM)
            {
                let evidence = if bound.power.is_infinite() {
                    let over = 2.0 * budget;
                    evidence.scaled(over / bound.dual_value)
                } else {
                    evidence.scaled(bound.scale)
                };
                return Ok(Some(Proved::Bound { bound: t, evidence }));
            }
            further = (further * 4.0).max(1e-12);
        }
    }
    Ok(None)
}

/// By how much the power proved at a common target exceeds the budget, relative.
const ROOM: f64 = 1e-11;

/// Targets that need more than the budget, or that cannot be served at all.
fn below_floor(scene: &Scene, budget: f64) -> Result<Option<Proved>, Error> {
    if let Some(why) = structure::coincident(scene) {
        return Ok(Some(Proved::Structure(why)));
    }
    let options = power_min::Options::default();
    let infeasible = max_min::below_floor::<power_min::Design>(scene, budget, &options)?;
    if infeasible.is_none() {
        return Ok(None);
    }
    let floor = power_min::sensing_floor(scene, &options)?;
    let Some(y) = floor.and_then(|floor| floor.multipliers) else {
        return Ok(None);
    };
    // Any targets do: no multiplier of theirs occurs.
    let any = vec![1.0; scene.users()];
    let found = Found::Nominal(y);
    let none = ErrorBall {
        radius: 0.0,
        residual: true,
    };
    Ok(match found.proved(scene, &any, none)? {
        Some(Proved::Bound { bound, evidence }) if bound > budget => {
            Some(Proved::OverBudget(evidence))
        }
        Some(Proved::Ray(ray)) => Some(Proved::Ray(ray)),
        Some(Proved::Bound { .. } | Proved::Structure(_) | Proved::OverBudget(_)) | None => None,
    })
}

/// Room for rounding in `tr U_11 <= U_22`, relative.
const SPREAD: f64 = 1e-13;

/// A multiplier `U` of span coordinates as columns `(c, b)`: with `A = [h_1 .., a_1 ..]`, `U_11` is
/// `A c c^H A^H`.
fn columns(scene: &Scene, span: &Span, u: &Mat<c64>) -> Result<Mat<c64>, Error> {
    let half = robust::proper(u.as_ref())?;
    let (r, count) = (half.nrows() - 1, half.ncols());
    let (users, all) = (scene.users(), scene.users() + scene.targets());
    let sigma = scene.noise().sqrt();
    let data = Mat::from_fn(r, all, |i, j| {
        if j < users {
            span.channels[(i, j)] * sigma
        } else {
            span.steering[(i, j - users)]
        }
    });
    // Columns of one length each: channels and steering vectors have different units.
    let lengths: Vec<f64> = (0..all)
        .map(|j| ops::norm(data.as_ref().subcols(j, 1)))
        .collect();
    let unit = Mat::from_fn(r, all, |i, j| data[(i, j)] / lengths[j]);
    let svd = factor::svd(unit.as_ref())?;
    let mut inner = ops::adjoint_mul(svd.u.as_ref(), half.as_ref().subrows(0, r));
    for j in 0..count {
        for (i, value) in svd.values.iter().enumerate() {
            inner[(i, j)] /= *value;
        }
    }
    let mut weights = ops::mul(svd.v.as_ref(), inner.as_ref());
    for j in 0..count {
        for i in 0..all {
            weights[(i, j)] /= lengths[i];
        }
    }
    let spread = ops::norm2(ops::mul(data.as_ref(), weights.as_ref()).as_ref());
    let top: f64 = (0..count).map(|j| half[(r, j)].norm_sqr()).sum();
    let shrink = (top * (1.0 - SPREAD) / spread).sqrt().min(1.0);
    Ok(Mat::from_fn(all + 1, count, |i, j| {
        if i == all {
            half[(r, j)]
        } else {
            weights[(i, j)] * shrink
        }
    }))
}
