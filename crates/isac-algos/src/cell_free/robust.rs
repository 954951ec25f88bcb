//! Joint designs for channels known up to an error: the channel of every user at access point `m` lies in a ball
//! of radius `epsilon_m` about what is known, and the SINR floors hold for all of it (ours).
//!
//! ```math
//! \max_{F_1, \dots, F_U, F_S \succeq 0} \; \min_t \; \zeta^2 \sum_m a_{tm}^H F_{mm} a_{tm} \quad \text{s.t.} \quad
//! \Bigl(\frac{F_u}{\gamma_u} - \sum_{v \ne u} F_v - F_S\Bigr)[h_u + e] \ge \sigma_u^2 \;\; \forall \, \|e_m\| \le \epsilon_m,
//! \quad \operatorname{tr} F_{mm} \le P_m .
//! ```
//!
//! Each floor is one matrix inequality with a multiplier per access point
//! ([`isac_opt::sdr::Covariances::robust_floor`]), equivalent for at most two uncertain access points, as in the
//! figures; with more it is sufficient, and the bound that is reported is then that of the design without errors.
//! The reduction of [`super::span`] still loses nothing: the part of an error outside the span of the known
//! channels and the targets meets none of the reduced beams, and the rest of it lies in the same balls.
//!
//! What the returned beams do at worst is computed from them ([`worst_sinr`]), from both sides.

use std::ops::Range;

use super::certificate::Multipliers;
use super::jsc;
use super::problem::{Evaluation, Network, block, evaluate};
use super::recover;
use super::span::Span;
use crate::Error;
use isac_linalg::{Col, Mat, c64, factor, ops, validate};
use isac_opt::balls::least;
use isac_opt::sdr::{Covariances, Found, rank_report};
use serde::{Deserialize, Serialize};

/// Uncertain access points up to which the S-procedure loses nothing.
const LOSSLESS: usize = 2;
/// Relative cut of the rank of beams at an access point.
const CUT: f64 = 1e-12;
/// Share of the SINR without errors that counts as nothing.
const NOTHING: f64 = 1e-9;
/// Steps to the worst SINR, which converge quadratically.
const MOST_STEPS: usize = 30;

/// Options of the design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Whether to reduce every access point to the span of what it must see; exact.
    pub reduce: bool,
    /// Share of the power of all sensing streams that are left out.
    pub negligible: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reduce: true,
            negligible: 1e-10,
        }
    }
}

/// What is known of the smallest SINR of a user over its errors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorstSinr {
    /// No error brings it below this; 0 where nothing was proved.
    pub lower: f64,
    /// An error within the balls that brings it here is known.
    pub upper: f64,
}

/// Beams with what they achieve and what none achieves.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// Stacked antennas x (users + sensing streams).
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    pub beams: Mat<c64>,
    /// What the beams achieve without errors.
    pub evaluation: Evaluation,
    /// Smallest SINR of each user over its errors.
    pub worst: Vec<WorstSinr>,
    /// No beams that meet the floors for all errors have a larger smallest sensing SNR.
    #[serde(with = "isac_linalg::convert::serde::number")]
    pub upper: f64,
    /// Largest second eigenvalue of a user's covariance over its first: 0 where the relaxation is tight.
    pub second_eigenvalue: f64,
    /// Order of the covariances that were optimised.
    pub order: usize,
}

impl Design {
    /// Smallest sensing SNR, recomputed from the beams.
    pub fn objective(&self) -> f64 {
        self.evaluation.min_sensing_snr()
    }

    /// Relative distance of the bound.
    pub fn relative_gap(&self) -> f64 {
        (self.upper - self.objective()).abs() / self.objective()
    }

    /// Largest excess of a power and shortfall of a worst SINR, relative to budget and floor.
    pub fn violation(&self, network: &Network, floors: &[f64]) -> f64 {
        let short = self.worst.iter().zip(floors);
        let short = short.map(|(w, floor)| 1.0 - w.lower / floor);
        short.fold(self.evaluation.power_violation(network), f64::max)
    }
}

/// How a design ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Beams and a bound.
    Solved(Box<Design>),
    /// No beams meet the floors within the budgets: by the multipliers as in [`jsc`] even without errors, or
    /// without them by those of the relaxation with errors.
    Infeasible(Option<Multipliers>),
    /// Neither beams nor a proof.
    Unknown,
}

impl Outcome {
    /// The design, if there is one.
    pub fn design(&self) -> Option<&Design> {
        match self {
            Self::Solved(design) => Some(design),
            Self::Infeasible(_) | Self::Unknown => None,
        }
    }
}

/// One radius >= 0 per access point.
fn check_radii(network: &Network, radii: &[f64]) -> Result<(), Error> {
    validate::length("error radii", radii.len(), network.access_points())?;
    for (m, &radius) in radii.iter().enumerate() {
        validate::nonnegative(&format!("error radius {m}"), radius, "")?;
    }
    Ok(())
}

/// Coordinates and radius of each access point.
fn balls(offsets: &[usize], radii: &[f64]) -> Vec<(Range<usize>, f64)> {
    let ranges = offsets.windows(2).map(|w| w[0]..w[1]);
    ranges.zip(radii.iter().copied()).collect()
}

/// The design for SINR floors that hold for all errors; `radii` per access point, in the unit of the channels.
///
/// # Errors
/// Floors or radii of the wrong number or sign; a decomposition that failed.
pub fn solve(
    network: &Network,
    floors: &[f64],
    radii: &[f64],
    options: &Options,
) -> Result<Outcome, Error> {
    check_radii(network, radii)?;
    let certain = match jsc::solve(network, floors, &jsc::Options::default())? {
        jsc::Outcome::Infeasible(y) => return Ok(Outcome::Infeasible(Some(y))),
        jsc::Outcome::Solved(design) => design.upper,
        jsc::Outcome::Unknown => f64::INFINITY,
    };
    let span = if options.reduce {
        Span::new(network, true)?
    } else {
        Span::whole(network)
    };
    let lossless = radii.iter().filter(|r| **r > 0.0).count() <= LOSSLESS;
    let (program, whole) = program(network, floors, radii, &span)?;
    let best = match program.solve(&isac_opt::conic::Options::default())? {
        Found::Solved(best) => best,
        Found::Infeasible if lossless => return Ok(Outcome::Infeasible(None)),
        Found::Infeasible | Found::Unknown => return Ok(Outcome::Unknown),
    };
    let Some(beams) = recover::beams(network, &span, &best.covariances, options.negligible)? else {
        return Ok(Outcome::Unknown);
    };
    let users = &best.covariances[..network.users()];
    let ranks = rank_report(users, CUT)?;
    let robust = best.bound.filter(|_| lossless);
    let robust = robust.map_or(f64::INFINITY, |bound| bound * whole);
    Ok(Outcome::Solved(Box::new(Design {
        evaluation: evaluate(network, beams.as_ref())?,
        worst: worst_sinr(network, &beams, radii)?,
        upper: robust.min(certain),
        second_eigenvalue: ranks.iter().map(|r| r.ratio).fold(0.0, f64::max),
        beams,
        order: span.dimension(),
    })))
}

/// The relaxation, and the sensing SNR that a figure of 1 stands for.
fn program(
    network: &Network,
    floors: &[f64],
    radii: &[f64],
    span: &Span,
) -> Result<(Covariances, f64), Error> {
    let users = network.users();
    let order = span.dimension();
    let (scaled, unit) = span.scaled(network);
    let mut program = Covariances::new(order, users + 1, &scaled.budgets)?;
    for u in 0..users {
        let mut weights = vec![-1.0; users + 1];
        weights[u] = 1.0 / floors[u];
        // Errors in the unit of the scaled channel.
        let grown = (unit / network.noise()[u]).sqrt();
        let radii: Vec<f64> = radii.iter().map(|r| r * grown).collect();
        let (name, h) = (format!("sinr_{u}"), scaled.channels.col(u));
        program.robust_floor(&name, &weights, h, &balls(&span.offsets, &radii), 1.0)?;
    }
    // What all power gives the weakest target: the figures' unit.
    let mut whole = f64::INFINITY;
    for t in 0..network.targets() {
        let lit = (0..network.access_points()).map(|m| {
            let a = block(network.steering().subcols(t, 1), network.rows(m));
            network.gain() * network.power()[m] * ops::norm2(a)
        });
        whole = whole.min(lit.sum());
    }
    let points = network.access_points();
    for t in 0..network.targets() {
        // One column per access point: they add without phase.
        let seen = Mat::from_fn(order, points, |i, m| {
            let inside = (span.offsets[m]..span.offsets[m + 1]).contains(&i);
            let own = if inside {
                span.steering[(i, t)]
            } else {
                c64::ZERO
            };
            own * (network.gain() * unit / whole).sqrt()
        });
        program.figure(&format!("target_{t}"), seen.as_ref())?;
    }
    Ok((program, whole))
}

/// The smallest SINR of every user over errors of its channel in the balls, for any beams (column `u` that of
/// user `u`).
///
/// With `A(gamma) = f_u f_u^H / gamma - sum_{s != u} f_s f_s^H` the SINR is at least `gamma` at a channel `h` iff
/// `h^H A(gamma) h >= sigma_u^2`. The channel at which that form is least gives an SINR that is attained, and the next
/// `gamma`; the last `gamma`, slightly lowered, is proved by the form's lower bound ([`isac_opt::balls`]).
///
/// # Errors
/// Beams of another shape, radii of the wrong number or sign; a breakdown of the solver.
pub fn worst_sinr(
    network: &Network,
    beams: &Mat<c64>,
    radii: &[f64],
) -> Result<Vec<WorstSinr>, Error> {
    check_radii(network, radii)?;
    let users = network.users();
    validate::shape(
        "beams",
        beams.as_ref(),
        network.channels().nrows(),
        beams.ncols().max(users),
    )?;
    // Errors outside what an access point sends are not heard.
    let mut offsets = vec![0];
    let mut parts = Vec::new();
    for m in 0..network.access_points() {
        let rows = network.rows(m);
        let basis = factor::orthonormal_basis(block(beams.as_ref(), rows), CUT)?;
        let sent = ops::adjoint_mul(basis.as_ref(), block(beams.as_ref(), rows));
        let heard = ops::adjoint_mul(basis.as_ref(), block(network.channels(), rows));
        offsets.push(offsets[m] + basis.ncols());
        parts.push((sent, heard));
    }
    let order = offsets[network.access_points()];
    let stacked = |second: bool, columns: usize| {
        let mut out = Mat::<c64>::zeros(order, columns);
        for (m, (sent, heard)) in parts.iter().enumerate() {
            let part = if second { heard } else { sent };
            out.as_mut()
                .subrows_mut(offsets[m], part.nrows())
                .copy_from(part.as_ref());
        }
        out
    };
    let (sent, heard) = (stacked(false, beams.ncols()), stacked(true, users));
    let balls = balls(&offsets, radii);
    (0..users)
        .map(|u| {
            worst_of(
                &sent,
                u,
                &Col::from_fn(order, |i| heard[(i, u)]),
                &balls,
                network.noise()[u],
            )
        })
        .collect()
}

fn worst_of(
    sent: &Mat<c64>,
    u: usize,
    known: &Col<c64>,
    balls: &[(Range<usize>, f64)],
    noise: f64,
) -> Result<WorstSinr, Error> {
    let sinr = |h: &Col<c64>| {
        let z = |s: usize| ops::dot(h.as_ref(), sent.col(s)).norm_sqr();
        let others: f64 = (0..sent.ncols()).filter(|&s| s != u).map(z).sum();
        z(u) / (others + noise)
    };
    // `gamma A(gamma)`, which is to be at least `gamma sigma^2`.
    let form = |gamma: f64| {
        let mut scaled = sent.clone();
        for s in 0..sent.ncols() {
            let weight = if s == u { 1.0 } else { -gamma };
            ops::scale(scaled.as_mut().subcols_mut(s, 1), weight);
        }
        let a = ops::mul_adjoint(scaled.as_ref(), sent.as_ref());
        isac_linalg::hermitian::hermitian_part(a.as_ref())
    };
    let nominal = sinr(known);
    let mut upper = nominal;
    for _ in 0..MOST_STEPS {
        if upper <= NOTHING * nominal {
            return Ok(WorstSinr { lower: 0.0, upper });
        }
        let found = least(form(upper).as_ref(), known.as_ref(), balls)?;
        let next = sinr(&found.point);
        if next >= upper * (1.0 - 1e-10) {
            break;
        }
        upper = next;
    }
    let mut lowered = 1e-8;
    while lowered < 1.0 {
        let gamma = upper * (1.0 - lowered);
        if least(form(gamma).as_ref(), known.as_ref(), balls)?.lower >= gamma * noise {
            return Ok(WorstSinr {
                lower: gamma,
                upper,
            });
        }
        lowered *= 10.0;
    }
    Ok(WorstSinr { lower: 0.0, upper })
}
