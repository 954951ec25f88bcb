//! The four methods by name, and what each finds.

use isac_algos::cell_free::baselines::{self, Users};
use isac_algos::cell_free::certificate::Multipliers;
use isac_algos::cell_free::linear::Pointing;
use isac_algos::cell_free::{Evaluation, Network, jsc, max_min};
use isac_lab::error::Error;
use isac_linalg::{Mat, c64};

/// A method of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Joint design.
    Jsc,
    /// Null-space sensing, regularised zero forcing.
    NsRzf,
    /// Null-space sensing, largest common SINR.
    NsOpt,
    /// Conjugate sensing, largest common SINR.
    CbOpt,
}

/// Beams with what they achieve and the bound on the method's objective.
pub(super) struct Found {
    pub(super) beams: Mat<c64>,
    pub(super) evaluation: Evaluation,
    /// Upper bound on the objective; infinite where none was proved.
    pub(super) upper: f64,
    pub(super) steps: usize,
    /// SINR floors of the joint design.
    pub(super) floors: Option<Vec<f64>>,
}

/// How a method ended.
pub(super) enum Outcome {
    Found(Box<Found>),
    /// No beams meet the floors.
    Infeasible {
        floors: Vec<f64>,
        multipliers: Multipliers,
    },
    Unknown,
}

impl Method {
    /// All methods, the default first.
    pub(super) const ALL: [Self; 4] = [Self::Jsc, Self::NsRzf, Self::NsOpt, Self::CbOpt];

    /// The name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jsc => "jsc",
            Self::NsRzf => "ns-rzf",
            Self::NsOpt => "ns-opt",
            Self::CbOpt => "cb-opt",
        }
    }

    /// The method of that name; the default without one. `others` are names that would have been known too.
    pub(super) fn named(name: Option<&str>, others: &[&str]) -> Result<Self, Error> {
        let Some(name) = name else {
            return Ok(Self::Jsc);
        };
        (Self::ALL.into_iter().find(|method| method.name() == name)).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).into_iter();
            Error::unknown("algorithm", name, known.chain(others.iter().copied()))
        })
    }

    /// Runs on a network. The joint design without floors takes what NS+OPT reaches.
    pub(super) fn run(
        self,
        network: &Network,
        share: f64,
        floors: Option<&[f64]>,
    ) -> Result<Outcome, isac_algos::Error> {
        let options = max_min::Options::default();
        let baseline =
            |pointing, users| baselines::solve(network, pointing, users, share, &options);
        let found = match self {
            Self::Jsc => {
                return match floors_of(network, share, floors)? {
                    Some(floors) => joint(network, floors),
                    None => Ok(Outcome::Unknown),
                };
            }
            Self::NsRzf => baseline(Pointing::NullSpace, Users::ZeroForcing)?,
            Self::NsOpt => baseline(Pointing::NullSpace, Users::MaxMin)?,
            Self::CbOpt => baseline(Pointing::Conjugate, Users::MaxMin)?,
        };
        Ok(match found {
            None => Outcome::Unknown,
            Some(found) => Outcome::Found(Box::new(Found {
                beams: found.beams,
                evaluation: found.evaluation,
                upper: found.upper,
                steps: found.steps,
                floors: None,
            })),
        })
    }
}

/// The floors of the joint design: those stated, or what NS+OPT reaches; `None` where that is not found.
///
/// # Errors
/// As [`baselines::solve`], where no floors are stated.
pub(super) fn floors_of(
    network: &Network,
    share: f64,
    stated: Option<&[f64]>,
) -> Result<Option<Vec<f64>>, isac_algos::Error> {
    if let Some(floors) = stated {
        return Ok(Some(floors.to_vec()));
    }
    let options = max_min::Options::default();
    let (pointing, users) = (Pointing::NullSpace, Users::MaxMin);
    let best = baselines::solve(network, pointing, users, share, &options)?;
    Ok(best.map(|best| vec![best.evaluation.min_sinr(); network.users()]))
}

fn joint(network: &Network, floors: Vec<f64>) -> Result<Outcome, isac_algos::Error> {
    Ok(
        match jsc::solve(network, &floors, &jsc::Options::default())? {
            jsc::Outcome::Solved(design) => Outcome::Found(Box::new(Found {
                beams: design.beams,
                evaluation: design.evaluation,
                upper: design.upper,
                steps: design.steps,
                floors: Some(floors),
            })),
            jsc::Outcome::Infeasible(multipliers) => Outcome::Infeasible {
                floors,
                multipliers,
            },
            jsc::Outcome::Unknown => Outcome::Unknown,
        },
    )
}
