//! Every claim of a report against the formulas.

use isac_algos::noma::robust::ErrorBall;
use isac_lab::solve::{SolveReport, SolveStatus};
use isac_linalg::c64;
use isac_metrics::noma::SicSet;

use super::drawn::Instance;
use super::formulas::{Design, REFERENCE, column, form, size2};
use crate::noma::input::Problem;

/// Largest gap and violation of `solved`, as `docs/cli.md` promises.
const ACCEPT: f64 = 1e-6;

/// Two ways to the same sum of a few hundred products: rounding of the sums, and of the ten digits
/// that pattern values keep where beams cancel at a target.
const SUMS: f64 = 1e-9;

/// Two ways to the same SINR, where what disturbs is what is left of beams that cancel at a user:
/// half the digits of a number.
const SAME: f64 = 1e-7;

impl Instance {
    pub(super) fn verify(&self, report: &SolveReport) -> Result<(), String> {
        if report.stop_reason.is_empty() {
            return Err("no stop reason".into());
        }
        let design = self.design_of(report);
        if matches!(report.status, SolveStatus::Solved | SolveStatus::Inaccurate)
            && design.is_none()
        {
            return Err("a point is claimed, none is returned".into());
        }
        let bound = report.certificate.as_ref().map(|c| c.bound);
        match &self.problem {
            Problem::PowerMin { gamma } => {
                self.verify_power(report, design.as_ref(), bound, gamma, None)
            }
            Problem::RobustPowerMin { gamma, ball } => {
                self.verify_power(report, design.as_ref(), bound, gamma, Some(*ball))
            }
            Problem::MaxMin { budget } => {
                self.verify_common(report, design.as_ref(), bound, *budget, None)
            }
            Problem::RobustMaxMin { budget, ball } => {
                self.verify_common(report, design.as_ref(), bound, *budget, Some(*ball))
            }
        }
    }

    /// Smallest SINR over target, by pair; attacked where there are errors.
    fn served(&self, design: &Design, gamma: &[f64], ball: Option<ErrorBall>) -> f64 {
        let nowhere = vec![c64::ZERO; self.h.nrows()];
        self.pairs()
            .iter()
            .map(|pair| {
                let sinr = match ball {
                    Some(ball) => self.attacked(design, pair, ball),
                    None => self.sinr(design, pair, &nowhere, false),
                };
                sinr / gamma[pair.0]
            })
            .fold(f64::INFINITY, f64::min)
    }

    /// What the smallest SINR over target may be off, relative, where covariances are printed: the
    /// judge takes them apart again, to `n` units of rounding of their size, which a channel sees
    /// against signal and disturbance. 0 for beams, whose sums have no such step.
    fn rounding(&self, report: &SolveReport, design: &Design) -> f64 {
        if report.beamformers.contains_key("w") {
            return 0.0;
        }
        let n = self.h.nrows() as f64;
        let whole: f64 = design.iter().flatten().map(|w| size2(w)).sum();
        let nowhere = vec![c64::ZERO; self.h.nrows()];
        let pairs = self.pairs();
        let each = pairs.iter().map(|pair| {
            let h = column(&self.h, pair.1);
            let signal = form(&h, &design[pair.0], &h).re;
            let disturbance = signal / self.sinr(design, pair, &nowhere, false);
            4.0 * n * f64::EPSILON * whole * size2(&h) * (1.0 / signal + 1.0 / disturbance)
        });
        each.fold(0.0, f64::max)
    }

    fn gap_stated(report: &SolveReport, objective: f64, bound: f64) -> Result<(), String> {
        let gap = (bound - objective).abs() / objective.abs();
        let stated = report.certificate.as_ref().and_then(|c| c.relative_gap);
        let stated = stated.ok_or("no relative gap beside an objective")?;
        if (gap - stated).abs() > SUMS * (1.0 + gap) {
            return Err(format!("relative gap {stated:e}, is {gap:e}"));
        }
        if report.status == SolveStatus::Solved && gap > ACCEPT + SUMS {
            return Err(format!("solved with a gap of {gap:e}"));
        }
        Ok(())
    }

    fn verify_power(
        &self,
        report: &SolveReport,
        design: Option<&Design>,
        bound: Option<f64>,
        gamma: &[f64],
        ball: Option<ErrorBall>,
    ) -> Result<(), String> {
        if let (Some(design), Some(objective)) = (design, report.objective) {
            let power = self.power(design);
            if (power - objective).abs() > SUMS * power {
                return Err(format!(
                    "objective {objective:e}, the point costs {power:e}"
                ));
            }
            let violation =
                (1.0 - self.served(design, gamma, ball)).max(self.sensing_violation(design));
            let stated = report.max_violation.unwrap_or(f64::NAN);
            // A violation is relative to what is violated; where it is far above 1, its own digits count.
            let rounding = self.rounding(report, design) + SUMS * stated.abs();
            if violation > stated + SAME + rounding || stated.is_nan() {
                return Err(format!("violation {stated:e}, is {violation:e}"));
            }
            if report.status == SolveStatus::Solved && violation > ACCEPT + SAME + rounding {
                return Err(format!("solved with a violation of {violation:e}"));
            }
            let bound = bound.ok_or("a point without a bound")?;
            Self::gap_stated(report, objective, bound)?;
            // A point that violates by less may cost that much less, times the price of the demands.
            if violation <= SUMS && bound > power * (1.0 + SAME) {
                return Err(format!("bound {bound:e} above a feasible {power:e}"));
            }
        }
        let known = match ball {
            None => self.reference(gamma),
            Some(ball)
                if self.a.ncols() == 0 && (self.users() == 1 || self.sic == SicSet::Orthogonal) =>
            {
                self.along_channels(gamma, ball)
            }
            Some(_) => None,
        };
        if let Some(known) = known {
            let power = self.power(&known);
            if report.status == SolveStatus::Infeasible {
                return Err(format!("infeasible, a design of {power:e} W exists"));
            }
            if let Some(bound) = bound
                && bound > power * (1.0 + REFERENCE)
            {
                return Err(format!(
                    "no design below {bound:e} W, one of {power:e} W exists"
                ));
            }
        }
        if report.status == SolveStatus::Infeasible {
            self.infeasible_justified(gamma, ball)?;
        }
        Ok(())
    }

    /// Whether a claim of infeasibility is possible at all.
    fn infeasible_justified(&self, gamma: &[f64], ball: Option<ErrorBall>) -> Result<(), String> {
        let silenced = ball.is_some_and(|ball| {
            (0..self.users()).any(|k| self.h.col(k).norm_l2() <= ball.radius * (1.0 + 1e-15))
        });
        let dependent = self.h.nrows() < self.a.ncols() + self.users()
            || (0..self.a.ncols())
                .any(|p| (0..p).any(|m| column(&self.a, p) == column(&self.a, m)));
        let load: f64 = gamma.iter().map(|g| g / (1.0 + g)).sum();
        let overloaded = self.sic == SicSet::Linear && load >= 1.0 - 1e-12;
        let leaking = ball.is_some_and(|ball| {
            self.users() > 1
                && (self.sic == SicSet::Linear
                    || ball.residual && matches!(self.sic, SicSet::Own | SicSet::Full)
                    || self.sic == SicSet::Full)
        });
        if silenced || overloaded || leaking || self.a.ncols() > 0 && dependent {
            Ok(())
        } else {
            Err("infeasible, although users can always be served here".into())
        }
    }

    fn verify_common(
        &self,
        report: &SolveReport,
        design: Option<&Design>,
        bound: Option<f64>,
        budget: f64,
        ball: Option<ErrorBall>,
    ) -> Result<(), String> {
        let one = vec![1.0; self.users()];
        if let (Some(design), Some(objective)) = (design, report.objective) {
            let reached = self.served(design, &one, ball);
            if objective > reached * (1.0 + SAME + self.rounding(report, design)) {
                return Err(format!(
                    "common SINR {objective:e}, the point has {reached:e}"
                ));
            }
            let power = self.power(design);
            let violation = self.sensing_violation(design).max(power / budget - 1.0);
            let stated = report.max_violation.unwrap_or(f64::NAN);
            if violation > stated + SUMS * (1.0 + stated.abs()) || stated.is_nan() {
                return Err(format!("violation {stated:e}, is {violation:e}"));
            }
            if report.status == SolveStatus::Solved && power > budget * (1.0 + 1e-8) {
                return Err(format!("solved with {power:e} W of {budget:e} W"));
            }
            let bound = bound.ok_or("a point without a bound")?;
            Self::gap_stated(report, objective, bound)?;
            if bound < objective * (1.0 - 1e-12) {
                return Err(format!("bound {bound:e} below the point's {objective:e}"));
            }
        }
        // Zero-forcing beams scale with what the sensing beams leave of the budget.
        if ball.is_none_or(|ball| ball.radius <= 0.0)
            && let Some(known) = self.reference(&one)
        {
            let users: f64 = known.iter().map(|beams| size2(&beams[0])).sum();
            let left = budget - (self.power(&known) - users);
            if left > 0.0 {
                let reached = left / users;
                if report.status == SolveStatus::Infeasible {
                    return Err(format!(
                        "infeasible, a common SINR of {reached:e} is reached"
                    ));
                }
                if let Some(bound) = bound
                    && bound < reached * (1.0 - REFERENCE)
                {
                    return Err(format!(
                        "bound {bound:e}, a common SINR of {reached:e} is reached"
                    ));
                }
            }
        }
        Ok(())
    }
}
