//! The algorithms of this folder by name.

use super::certificate::certify;
use super::run_options::RunOptions;
use super::{Design, PowerShare, Problem, best, design, penalty, sdr};
use crate::Error;
use isac_linalg::{MatRef, c64};
use isac_metrics::delay_doppler::{Nodes, SensingOptions};

/// An algorithm; one name means one algorithm everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The best of the ends of all the others and of descents from there, [`best`]; the default.
    BestOfStarts,
    /// Augmented Lagrangian with L-BFGS from the start, [`design`].
    Augmented,
    /// The paper's conjugate gradient with a fixed penalty, [`penalty`].
    Paper,
    /// The same with rising penalties, [`penalty::Options::continuation`].
    Continuation,
    /// [`Method::Augmented`] with the same power on every subcarrier.
    Flat,
    /// [`Method::Augmented`] on the cost of the base station's echoes alone.
    Mono,
    /// Successive convex approximation with semidefinite relaxation, [`sdr`]; small sizes.
    Sdr,
}

impl Method {
    /// All of them, the default first.
    pub const ALL: [Self; 7] = [
        Self::BestOfStarts,
        Self::Augmented,
        Self::Paper,
        Self::Continuation,
        Self::Flat,
        Self::Mono,
        Self::Sdr,
    ];

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::BestOfStarts => "best_of_starts",
            Self::Augmented => "augmented",
            Self::Paper => "paper",
            Self::Continuation => "continuation",
            Self::Flat => "flat",
            Self::Mono => "mono",
            Self::Sdr => "sdr",
        }
    }

    /// What figures call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::BestOfStarts => "Best of the ends of all methods",
            Self::Augmented => "Multistatic, augmented Lagrangian",
            Self::Paper => "Conjugate gradient, fixed penalty (paper)",
            Self::Continuation => "Conjugate gradient, rising penalties",
            Self::Flat => "Multistatic, flat power (stands in for SCA + SDR)",
            Self::Mono => "Monostatic",
            Self::Sdr => "SCA + SDR",
        }
    }

    /// The method of a name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The problem whose cost the method minimises and reports: the given one, but for
    /// [`Method::Mono`] with the echoes at the base station alone.
    ///
    /// # Errors
    /// A target whose state the base station alone does not resolve.
    pub fn problem(self, problem: &Problem) -> Result<Problem, Error> {
        match self {
            Self::Mono => {
                let options = SensingOptions {
                    nodes: Nodes::Mono,
                    ..problem.sensing().options()
                };
                problem.clone().with_sensing(options)
            }
            Self::BestOfStarts
            | Self::Augmented
            | Self::Paper
            | Self::Continuation
            | Self::Flat
            | Self::Sdr => Ok(problem.clone()),
        }
    }

    /// Runs the method from a start and, with `options.bound`, says what is proved of its end. The
    /// answer is measured by the problem of [`Method::problem`].
    ///
    /// # Errors
    /// A start of the wrong shape, options or a size that the method does not take ([`Method::Sdr`]),
    /// a numerical breakdown.
    pub fn run(
        self,
        problem: &Problem,
        start: MatRef<'_, c64>,
        options: &RunOptions,
    ) -> Result<Design, Error> {
        let problem = self.problem(problem)?;
        let augmented = design::Options {
            bound: None,
            ..design::Options::default()
        };
        let mut found = match self {
            Self::BestOfStarts => best::solve(&problem, start, options)?,
            Self::Augmented | Self::Mono => design::solve(&problem, start, &augmented)?,
            Self::Paper => {
                let mut penalty = penalty::Options {
                    penalties: vec![options.rho],
                    ..penalty::Options::default()
                };
                penalty.method.stop_mut().max_iterations = options.iterations;
                penalty::solve(&problem, start, &penalty)?
            }
            Self::Continuation => {
                penalty::solve(&problem, start, &penalty::Options::continuation())?
            }
            Self::Flat => {
                let flat = design::Options {
                    power: PowerShare::PerSubcarrier,
                    ..augmented
                };
                design::solve(&problem, start, &flat)?
            }
            Self::Sdr => sdr::solve(&problem, start, &sdr::Options::default())?.design,
        };
        if let Some(bound) = &options.bound {
            certify(&problem, &mut found, bound)?;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_lead_back() {
        for method in Method::ALL {
            assert_eq!(Method::by_name(method.name()), Some(method));
        }
        assert_eq!(Method::by_name("proposed"), None);
    }
}
