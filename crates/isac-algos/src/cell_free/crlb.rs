//! Joint designs for the angles of the targets instead of the sensing SNR: the largest Cramér-Rao bound of an
//! access point on a target's angle is least, under SINR floors and one budget per access point (ours).
//!
//! An access point hears the echo of its own signal with the array it sends by. With an unknown complex
//! coefficient of the echo, the information on the angle is
//!
//! ```math
//! J_{tm} = 2 \kappa \left( \|\dot b_\perp\|^2 \, a^H F a + \|a\|^2
//!   \left( \dot a^H F \dot a - \frac{|\dot a^H F a|^2}{a^H F a} \right) \right), \qquad
//! \mathrm{CRLB}_{tm} = 1 / J_{tm},
//! ```
//!
//! `F` the covariance of what access point `m` sends, `a` and `\dot a` its parts of the steering vector and of
//! its derivative by the angle, `\dot b_\perp` the part of `\dot a` outside `a`
//! ([`isac_metrics::distributed::angle_information`]). `kappa` is the number of snapshots times the SNR of an
//! echo per watt and receive antenna. Every access point estimates by itself, every target is seen alone
//! (echoes of different targets are told apart by their delays).
//!
//! `J_{tm}` is a Schur complement, so that `J_{tm} >= t` is a matrix inequality of order two, and the least of
//! all is maximised over covariances ([`isac_opt::sdr::Covariances`]). The relaxation loses nothing:
//! `f_u = F_u h_u / sqrt(h_u^H F_u h_u)` keeps the SINRs, and what is left of `F_u` goes to the sensing streams,
//! which keeps the sum. Access points are reduced to the span of channels, steering vectors and derivatives,
//! as in [`super::span`].

use super::certificate::Multipliers;
use super::jsc;
use super::problem::{Evaluation, Network, block, evaluate};
use super::recover;
use super::span::Span;
use crate::Error;
use isac_linalg::{Mat, c64, ops, validate};
use isac_metrics::distributed::angle_information;
use isac_opt::sdr::{Covariances, Found};
use serde::{Deserialize, Serialize};

/// What is known of the echoes beside the network.
#[derive(Debug, Clone, PartialEq)]
pub struct Echo {
    derivative: Mat<c64>,
    kappa: f64,
}

impl Echo {
    /// Checks the input.
    ///
    /// | argument | shape, unit |
    /// |---|---|
    /// | `derivative` | stacked antennas x targets: derivative of each steering vector by the angle at which each access point sees the target, 1/rad |
    /// | `kappa` | > 0, 1/W: snapshots times SNR of an echo per watt and receive antenna |
    ///
    /// # Errors
    /// Another shape, entries that are not finite, a part of a derivative within the span of that of the
    /// steering vector (one antenna, endfire); `kappa` not positive.
    pub fn new(network: &Network, derivative: Mat<c64>, kappa: f64) -> Result<Self, Error> {
        let (rows, targets) = (network.channels().nrows(), network.targets());
        validate::shape("derivative", derivative.as_ref(), rows, targets)?;
        validate::finite("derivative", derivative.as_ref())?;
        validate::positive("kappa", kappa, "1/W")?;
        let echo = Self { derivative, kappa };
        for m in 0..network.access_points() {
            for t in 0..targets {
                let (_, outside) = echo.parts(network, m, t);
                let whole = ops::norm2(block(
                    echo.derivative.as_ref().subcols(t, 1),
                    network.rows(m),
                ));
                let relative = if whole > 0.0 { outside / whole } else { 0.0 };
                if relative <= 1e-20 {
                    let what = format!(
                        "part of the derivative of steering vector {t} at access point {m} outside the vector, relative, squared"
                    );
                    let expected = "above 1e-20: two antennas or more, not at endfire";
                    return Err(isac_linalg::Error::range(what, relative, expected).into());
                }
            }
        }
        Ok(echo)
    }

    /// `||a||^2` and `||\dot a_perp||^2` of an access point and a target.
    fn parts(&self, network: &Network, m: usize, t: usize) -> (f64, f64) {
        let rows = network.rows(m);
        let a = block(network.steering().subcols(t, 1), rows);
        let d = block(self.derivative.as_ref().subcols(t, 1), rows);
        let size = ops::norm2(a);
        let along = ops::dot(a.col(0), d.col(0)) / size;
        let outside: f64 = (0..a.nrows())
            .map(|i| (d[(i, 0)] - along * a[(i, 0)]).norm_sqr())
            .sum();
        (size, outside)
    }

    /// Cramér-Rao bounds on the angles in rad^2 by access point, then by target.
    ///
    /// # Errors
    /// Beams of another shape.
    pub fn crlb(&self, network: &Network, beams: &Mat<c64>) -> Result<Vec<Vec<f64>>, Error> {
        let (a, d) = (network.steering(), self.derivative.as_ref());
        let all = angle_information(a, d, beams.as_ref(), network.offsets())?;
        let bound = |j: f64| 1.0 / (2.0 * self.kappa * j);
        let of = |row: Vec<f64>| row.into_iter().map(bound).collect();
        Ok(all.into_iter().map(of).collect())
    }
}

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

/// Beams with what they achieve and what none achieves.
#[derive(Debug, Clone)]
pub struct Design {
    /// Stacked antennas x (users + sensing streams).
    pub beams: Mat<c64>,
    /// What the beams achieve.
    pub evaluation: Evaluation,
    /// Cramér-Rao bounds on the angles, rad^2, by access point, then by target, recomputed from the beams.
    pub crlb: Vec<Vec<f64>>,
    /// No beams that meet floors and budgets have a smaller largest Cramér-Rao bound; 0 where none was proved.
    pub lower: f64,
    /// Order of the covariances that were optimised.
    pub order: usize,
}

impl Design {
    /// Largest Cramér-Rao bound, rad^2.
    pub fn objective(&self) -> f64 {
        self.crlb.iter().flatten().copied().fold(0.0, f64::max)
    }

    /// Relative distance of the bound.
    pub fn relative_gap(&self) -> f64 {
        (self.objective() - self.lower).abs() / self.objective()
    }
}

/// How a design ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Beams and a bound.
    Solved(Box<Design>),
    /// No beams meet the floors within the budgets, proved as by [`jsc`].
    Infeasible(Multipliers),
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

/// The design for SINR floors.
///
/// # Errors
/// Floors of the wrong number or not positive; a decomposition that failed.
pub fn solve(
    network: &Network,
    floors: &[f64],
    echo: &Echo,
    options: &Options,
) -> Result<Outcome, Error> {
    // Whether the floors can be met has nothing to do with the targets.
    if let jsc::Outcome::Infeasible(y) = jsc::solve(network, floors, &jsc::Options::default())? {
        return Ok(Outcome::Infeasible(y));
    }
    let span = if options.reduce {
        Span::with(network, &[network.steering(), echo.derivative.as_ref()])?
    } else {
        Span::whole(network)
    };
    let (program, size) = program(network, floors, echo, &span)?;
    let best = match program.solve(&isac_opt::conic::Options::default())? {
        Found::Solved(best) => best,
        Found::Infeasible | Found::Unknown => return Ok(Outcome::Unknown),
    };
    let Some(beams) = recover::beams(network, &span, &best.covariances, options.negligible)? else {
        return Ok(Outcome::Unknown);
    };
    let lower = best.bound.map_or(0.0, |bound| 1.0 / (bound * size));
    Ok(Outcome::Solved(Box::new(Design {
        evaluation: evaluate(network, beams.as_ref())?,
        crlb: echo.crlb(network, &beams)?,
        lower: if lower.is_finite() {
            lower.max(0.0)
        } else {
            0.0
        },
        beams,
        order: span.dimension(),
    })))
}

/// The relaxation, and the information that a figure of 1 stands for.
fn program(
    network: &Network,
    floors: &[f64],
    echo: &Echo,
    span: &Span,
) -> Result<(Covariances, f64), Error> {
    let (users, targets) = (network.users(), network.targets());
    let derivative = span.seen(network, echo.derivative.as_ref());
    let order = span.dimension();
    let (scaled, unit) = span.scaled(network);
    let mut program = Covariances::new(order, users + 1, &scaled.budgets)?;
    for u in 0..users {
        let mut weights = vec![-1.0; users + 1];
        weights[u] = 1.0 / floors[u];
        program.floor(&format!("sinr_{u}"), &weights, scaled.channels.col(u), 1.0)?;
    }
    // What the access points would have with all power at a target, of the weakest.
    let mut size = f64::INFINITY;
    for m in 0..network.access_points() {
        for t in 0..targets {
            let (a, d) = echo.parts(network, m, t);
            size = size.min(2.0 * echo.kappa * network.power()[m] * a * d);
        }
    }
    for m in 0..network.access_points() {
        let own = span.offsets[m]..span.offsets[m + 1];
        for t in 0..targets {
            let (a, d) = echo.parts(network, m, t);
            let part = |x: &Mat<c64>, i: usize| {
                if own.contains(&i) {
                    x[(i, t)]
                } else {
                    c64::ZERO
                }
            };
            let along = {
                let heard = own
                    .clone()
                    .map(|i| span.steering[(i, t)].conj() * derivative[(i, t)]);
                heard.sum::<c64>() / a
            };
            // Columns a / ||a|| and the derivative's part outside of it, of norm 1: with q their forms and J the
            // information, J / (2 kappa ||a||^2 d) = q_aa + q_dd - |q_ad|^2 / q_aa.
            let first = Mat::from_fn(order, 2, |i, j| match j {
                0 => part(&span.steering, i) / a.sqrt(),
                _ => (part(&derivative, i) - along * part(&span.steering, i)) / d.sqrt(),
            });
            let second = Mat::from_fn(order, 2, |i, j| match j {
                0 => c64::ZERO,
                _ => first[(i, 0)],
            });
            let whole = size / (2.0 * echo.kappa * a * d * unit);
            program.information(&format!("angle_{m}_{t}"), &[first, second], whole)?;
        }
    }
    Ok((program, size))
}
