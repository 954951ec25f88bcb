//! The algorithms by name, the same ones in `isac solve` and in the figures.

use super::direct::{self, Solution};
use super::evaluate::evaluate;
use super::problem::{Design, Objective, Problem};
use super::sca;
use super::start::{TYPICAL, Working, typical_powers};
use crate::Error;
use isac_metrics::secrecy::Bound;

/// An algorithm for [`Problem`] P1. Each works with every access scheme and ends at a local optimum,
/// the best that its starts lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Method {
    /// The direct route, [`direct::design`].
    #[default]
    Direct,
    /// All beams in every convex step, [`sca::Scheme::Joint`] by [`sca::design`].
    Joint,
    /// Algorithm 4 of the paper, [`sca::Scheme::Alternating`] by [`sca::design`].
    Alternating,
    /// Overlapping blocks, [`sca::Scheme::Overlapping`] by [`sca::design`].
    Overlapping,
}

impl Method {
    /// All methods, the default first.
    pub const ALL: [Self; 4] = [
        Self::Direct,
        Self::Joint,
        Self::Alternating,
        Self::Overlapping,
    ];

    /// Name on the command line and in result files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Joint => "joint",
            Self::Alternating => "alternating",
            Self::Overlapping => "overlapping",
        }
    }

    /// Label in figures.
    pub fn label(self) -> &'static str {
        match self {
            Self::Direct => "Direct route",
            Self::Joint => "Joint convex steps",
            Self::Alternating => "Alternating convex steps (Algorithm 4)",
            Self::Overlapping => "Overlapping convex steps",
        }
    }

    /// What a converged run has found.
    pub fn end(self) -> &'static str {
        match self {
            Self::Direct | Self::Joint | Self::Overlapping => "local optimum",
            Self::Alternating => "local optimum of each block alone",
        }
    }

    /// The block scheme of the methods by convex steps.
    pub fn scheme(self) -> Option<sca::Scheme> {
        match self {
            Self::Direct => None,
            Self::Joint => Some(sca::Scheme::Joint),
            Self::Alternating => Some(sca::Scheme::Alternating),
            Self::Overlapping => Some(sca::Scheme::Overlapping),
        }
    }

    /// The method with its default options from its own starts and the `warm` ones. It sees powers in a
    /// unit that the problem itself suggests, so watts and picowatts make no difference.
    ///
    /// # Errors
    /// Bad input; a problem that the convex steps do not know, see [`sca::solve`].
    pub fn run(self, problem: &Problem, warm: &[Design]) -> Result<Solution, Error> {
        let working = Working::new(problem)?;
        let unit = typical_powers(problem, &working.network, &working.echo)[0] / TYPICAL;
        let unit = if unit.is_normal() { unit } else { 1.0 };
        let scaled = problem.in_unit(unit);
        let warm: Vec<Design> = warm.iter().map(|d| d.scaled(unit.sqrt().recip())).collect();
        let mut found = self.run_in_unit(&scaled, &warm)?;
        // Given beams are returned as they were given, not as they were rounded.
        found.design = problem.with_given(found.design.scaled(unit.sqrt()));
        found.report = evaluate(problem, &working.network, &found.design, Bound::Exact)?;
        let allowed = direct::Options::default().feasibility;
        found.feasible = found.feasible && found.report.max_violation() <= allowed;
        if self.scheme().is_some() && problem.objective == Objective::EnergyEfficiency {
            found.trace.iter_mut().for_each(|row| row.objective /= unit);
        }
        Ok(found)
    }

    fn run_in_unit(self, problem: &Problem, warm: &[Design]) -> Result<Solution, Error> {
        match self.scheme() {
            None => direct::design(problem, warm, &direct::Options::default()),
            Some(scheme) => {
                let mut options = sca::Options {
                    scheme,
                    ..sca::Options::default()
                };
                if scheme == sca::Scheme::Alternating {
                    // It creeps: many rounds of small gains.
                    (options.tolerance, options.max_rounds) = (1e-5, 200);
                }
                sca::design(problem, warm, &options)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem::square;
    use super::*;
    use isac_linalg::c64;
    use isac_models::channel::PathChannel;
    use isac_models::scene::Scene;
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    fn problem() -> Problem {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let model = PathChannel::new(4, 2, 0.0167).unwrap();
        let scene = Scene::fixed(2).unwrap();
        let cell = scene.channels(&model, &model, 1e-8, &mut rng).unwrap();
        Problem::new(
            cell.with_relative_error(0.1).unwrap(),
            4.5e5,
            316.0,
            316.0,
            10.0,
        )
    }

    /// Eight antennas, five channels: a given beam sends power where no channel is expected, which counts, and
    /// comes back as it was given; one that is not the given one is a violation.
    #[test]
    fn a_given_beam_keeps_the_power_beside_the_channels() {
        let free = Method::Direct.run(&problem(), &[]).unwrap();
        // 4 W where no estimate leads; errors do.
        let working = Working::new(&problem()).unwrap();
        let mut axis = free.design.clone();
        axis.w_bo.fill(c64::ZERO);
        axis.w_bo[0] = c64::ONE;
        let within = working.expand(&working.reduce(&axis)).w_bo;
        let pairs = axis.w_bo.iter().zip(&within);
        let beside: Vec<c64> = pairs.map(|(all, within)| all - within).collect();
        let amplitude = 2.0 / square(&beside).sqrt();
        let pairs = free.design.w_bo.iter().zip(&beside);
        let given: Vec<c64> = pairs.map(|(w, v)| w + v * amplitude).collect();
        let held = Problem {
            frozen_bo: Some(given.clone()),
            ..problem()
        };
        for method in [Method::Direct, Method::Joint] {
            let found = method.run(&held, &[]).unwrap();
            assert!(found.feasible && found.design.w_bo == given);
            assert!(found.report.objective < free.report.objective);
            let power = found.design.power1();
            assert!((found.report.power1 / power - 1.0).abs() < 1e-12);
            let beam: f64 = square(&found.design.w_bo);
            assert!((beam - square(&free.design.w_bo) - 4.0).abs() < 1e-9);
        }
        let network = Working::new(&held).unwrap().network;
        let report = evaluate(&held, &network, &free.design, Bound::Exact).unwrap();
        let worst = report.worst().unwrap();
        assert!(
            worst.name == "given w_bo" && worst.value > 1e-3,
            "{worst:?}"
        );
    }

    /// Picowatts are rounded anew, which led to other local optima: 5e-10 beside 5e-12 in one network.
    #[test]
    fn watts_and_picowatts_take_the_same_steps() {
        let watts = problem();
        let mut pico = watts.clone();
        for power in [
            &mut pico.cell.noise,
            &mut pico.power1_max,
            &mut pico.power2_max,
            &mut pico.circuit_power,
        ] {
            *power *= 1e12;
        }
        let [a, b] = [&watts, &pico].map(|problem| Method::Direct.run(problem, &[]).unwrap());
        assert!(a.feasible && b.feasible);
        assert_eq!(
            (a.iterations, a.evaluations, a.starts),
            (b.iterations, b.evaluations, b.starts)
        );
        // Rounding of the last evaluation alone.
        let ratio = b.report.objective * 1e12 / a.report.objective;
        assert!((ratio - 1.0).abs() < 1e-12, "{ratio}");
    }
}
