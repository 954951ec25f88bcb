//! Proof that a problem has no design: necessary conditions as one convex program.
//!
//! Beams `w` are replaced by covariances `W = w w^H` of any rank, each robust constraint by its
//! S-procedure inequality (lossless, as it is linear in the covariances), the secrecy rate by the
//! part of it that Bob must reach alone, `S / z >= 2^I_S - 1`. Every feasible design gives a feasible
//! point of this program, so a Farkas certificate of its infeasibility holds for the problem.

use super::global::excluded_at_once;
use super::problem::{Access, Illumination, Objective, Problem};
use super::start::Working;
use crate::Error;
use isac_linalg::ColRef;
use isac_linalg::{Mat, c64};
use isac_metrics::scnr::Echo;
use isac_metrics::secrecy::isotropic_at;
use isac_models::csi_error::UncertainChannel;
use isac_opt::conic::{self, Affine, Coefficient, HermitianAffine, MatrixVar, Outcome, Program};
use isac_opt::s_procedure::RobustQuadratic;

/// A constraint that no design meets, by a closed form.
#[derive(Debug, Clone, PartialEq)]
pub struct Exclusion {
    /// The constraint, as [`super::evaluate`] names it.
    pub constraint: String,
    /// What it bounds, such as `data SINR at Bob`, with its unit.
    pub quantity: &'static str,
    /// No design reaches more.
    pub reach: f64,
    /// What is needed.
    pub needed: f64,
}

/// What the relaxation says.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// No design meets one constraint, whatever the others.
    Excluded(Exclusion),
    /// No design meets the constraints: multipliers of one box leave no rate ([`super::global::exclude`]).
    NoRate,
    /// No design meets the constraints: verified multipliers, which exclude every point or all that
    /// are no larger than those of designs within the power limits.
    Infeasible {
        /// Error of the Farkas certificate.
        error: f64,
    },
    /// The relaxation has a point, which proves nothing about designs.
    Open,
    /// Neither a point nor a proof.
    Unknown,
}

impl Verdict {
    /// Whether it is proved that there is no design.
    pub fn no_design(&self) -> bool {
        match self {
            Self::Excluded(_) | Self::NoRate | Self::Infeasible { .. } => true,
            Self::Open | Self::Unknown => false,
        }
    }
}

/// Tries to prove that no design meets the constraints of a problem: by a closed form, by multipliers of
/// one box, by the whole program of this module; each costs more than the one before.
///
/// Frozen beams are treated as free, which keeps a proof valid.
///
/// # Errors
/// Bad input; errors that are not balls, for which the proof is not offered.
pub fn prove_infeasible(problem: &Problem, options: &conic::Options) -> Result<Verdict, Error> {
    let working = Working::new(problem)?;
    if let Some(exclusion) = exclusion(problem, &working) {
        return Ok(Verdict::Excluded(exclusion));
    }
    if !working.has_balls() {
        return Err(
            isac_linalg::Error::shape("relaxation", "errors in balls", "an ellipsoid").into(),
        );
    }
    if excluded_at_once(problem, &working) {
        return Ok(Verdict::NoRate);
    }
    let program = build(problem, &working)?;
    // Data beyond the range of `f64` is refused by the solver, which proves nothing.
    let Ok(outcome) = program.solve(options) else {
        return Ok(Verdict::Unknown);
    };
    Ok(match outcome {
        Outcome::Infeasible(farkas) => Verdict::Infeasible {
            error: farkas.error,
        },
        Outcome::Solved(_)
        | Outcome::Inaccurate(_)
        | Outcome::Unbounded(_)
        | Outcome::NoMultipliersBelow(_) => Verdict::Open,
        Outcome::NoPointBelow(farkas) if farkas.radius > 1.01 * largest(problem, &working) => {
            Verdict::Infeasible {
                error: farkas.error,
            }
        }
        Outcome::NoPointBelow(_) | Outcome::IllPosed(_) | Outcome::Unknown(_) => Verdict::Unknown,
    })
}

/// Norm (traces and scalars summed up) that the point of [`build`] which a design gives does not exceed:
/// powers by their limits, `z` and `beta` as they are, and each multiplier by what its form is
/// at the centre of its ball, where the last entry of the block must not be negative.
fn largest(problem: &Problem, working: &Working) -> f64 {
    let cell = &working.network;
    let reach = |link: &UncertainChannel| {
        let size = super::problem::square(&link.estimate).sqrt();
        (size + link.radius().unwrap_or(0.0)).powi(2)
    };
    let (p1, p2) = (problem.power1_max, problem.power2_max);
    let gamma = problem.requirements.sinr;
    let isotropic = problem.artificial_noise / cell.antennas1() as f64;
    let slots = problem.access.slots(cell.users()) as f64;
    let z = 1.0 + isotropic_at(&cell.h_bo, isotropic) + reach(&cell.g_bo) * p2;
    let beta = reach(&cell.g_e) * p2;
    let (bob, eve) = (reach(&cell.h_bo) * p1, reach(&cell.h_e) * p1);
    let sensing = gamma * (eve + beta + 1.0 + isotropic * reach(&cell.h_e));
    p1 + slots * (p2 + 2.0 * z + 2.0 * beta + 2.0 * bob + sensing) + bob + eve
}

/// Rounding that a closed form may have lost.
const ROUNDING: f64 = 1e-9;

/// The first constraint that cannot be met, whatever is done about the others:
///
/// - Bob's data amplitude is at most `sqrt(P) (|h_bo| - r)`, his noise at least that without BS2;
/// - both SINRs at Bob: `gamma (2 + gamma)` times his noise is at most `P |h_bo|^2`;
/// - the echo of the whole power towards the target;
/// - a user alone with the whole power of BS2, with rate splitting for the rates of both its streams together;
/// - where the order at Eve holds and `gamma < 1`, no beam has more power than
///   `gamma c / ((1 - gamma) r^2)`, `c = 1 + P_2 |g_e|^2`: at the channel `h` of her ball that
///   hears it best `r^2 |w|^2 <= |h^H w_ta|^2 <= gamma (|h^H w_bo|^2 + c) <= gamma (|h^H w_ta|^2 + c)`,
///   and likewise for the data beam, which the order keeps below.
pub(super) fn exclusion(problem: &Problem, working: &Working) -> Option<Exclusion> {
    let (cell, r) = (&working.network, &problem.requirements);
    let norm2 = |v: &[c64]| super::problem::square(v);
    let radius = |link: &UncertainChannel| link.radius().unwrap_or(0.0);
    let n = cell.users();
    let gamma = r.sinr;
    let isotropic = problem.artificial_noise / cell.antennas1() as f64;
    let excluded = |constraint: &str, quantity, reach: f64, needed: f64| {
        (reach * (1.0 + ROUNDING) < needed).then(|| Exclusion {
            constraint: constraint.into(),
            quantity,
            reach,
            needed,
        })
    };
    let all = problem.power1_max - problem.artificial_noise;
    let beam = if problem.ordering && gamma < 1.0 && radius(&cell.h_e) > 0.0 {
        let heard = 1.0 + problem.power2_max * norm2(&cell.g_e.estimate);
        let heard =
            heard + isotropic * (norm2(&cell.h_e.estimate).sqrt() + radius(&cell.h_e)).powi(2);
        all.min(gamma * heard / ((1.0 - gamma) * radius(&cell.h_e).powi(2)))
    } else {
        all
    };
    let noise = 1.0 + isotropic_at(&cell.h_bo, isotropic);
    let (strong, strongest) = {
        let h = norm2(&cell.h_bo.estimate).sqrt();
        ((h - radius(&cell.h_bo)).max(0.0).powi(2), h * h)
    };
    let data = beam * strong / noise;
    let both = all.min(2.0 * beam) * strongest / noise;
    let light = working
        .echo
        .scnr(1.0, 0.0, problem.clutter, problem.filter)
        .value;
    let light = light * norm2(&cell.h_ta) * all.min(2.0 * beam);
    let rate = |sinr: f64| sinr.ln_1p() / std::f64::consts::LN_2;
    let power = (all < 0.0).then(|| Exclusion {
        constraint: "power of BS1".into(),
        quantity: "its limit, W",
        reach: problem.power1_max,
        needed: problem.artificial_noise,
    });
    let first = power
        .or_else(|| {
            excluded(
                "secrecy rate",
                "Bob's rate, bps/Hz",
                rate(data),
                r.secrecy_rate,
            )
        })
        .or_else(|| excluded("data SINR at Bob", "data SINR at Bob", data, gamma))
        .or_else(|| {
            let needed = gamma * (2.0 + gamma);
            excluded(
                "sensing SINR at Bob",
                "power at Bob over his noise",
                both,
                needed,
            )
        })
        .or_else(|| {
            if problem.objective == Objective::Scnr {
                return None;
            }
            excluded("SCNR", "SCNR", light, gamma)
        });
    let slots = problem.access.slots(n) as f64;
    let user = |k: usize| {
        let (g, h) = (cell.g_users.col(k), cell.h_users.col(k));
        let noise = 1.0 + isotropic * h.squared_norm_l2();
        let reach = rate(problem.power2_max * g.squared_norm_l2() / noise);
        let needed = match problem.access {
            Access::RsmaFixed => r.common_rate + r.private_rate,
            Access::RsmaFree | Access::Sdma | Access::Noma | Access::Tdma => {
                slots * problem.unicast_rate()
            }
        };
        let constraint = match problem.access {
            Access::RsmaFree => "user rates".to_string(),
            Access::RsmaFixed | Access::Sdma | Access::Noma | Access::Tdma => {
                format!("SINR of the streams at user {k}")
            }
        };
        excluded(&constraint, "rate of one user, bps/Hz", reach, needed)
    };
    first.or_else(|| (0..n).find_map(user))
}

fn build(problem: &Problem, working: &Working) -> Result<Program, Error> {
    let cell = &working.cell;
    let n = cell.users();
    let isotropic = problem.artificial_noise / working.network.antennas1() as f64;
    let gamma = problem.requirements.sinr;
    let (m1, m2) = (cell.antennas1(), cell.antennas2());
    let mut program = Program::new();
    let w_bo = program.psd("W_bo", m1);
    let w_ta = program.psd("W_ta", m1);
    let slots = problem.access.slots(n);
    let per_slot = problem.access.streams_per_slot(n);
    let streams: Vec<MatrixVar> = (0..slots * per_slot)
        .map(|_| program.psd("O", m2))
        .collect();
    program.at_most(
        "power of BS1",
        w_bo.trace() + w_ta.trace(),
        problem.power1_max - problem.artificial_noise,
    );
    let combine = |a: f64, b: f64, isotropic: f64| {
        let mut form = w_bo.expr() * a + w_ta.expr() * b;
        if isotropic.abs() > 0.0 {
            form.add_term(Affine::constant(isotropic), Coefficient::identity());
        }
        form
    };
    // With one slot Bob's rate alone must reach the secrecy rate.
    let least = if slots == 1 {
        gamma.max(problem.requirements.secrecy_rate.exp2() - 1.0)
    } else {
        gamma
    };
    for (s, slot) in streams.chunks(per_slot).enumerate() {
        let power: Affine = slot.iter().map(|o| o.trace()).sum();
        program.at_most("power of BS2", power, problem.power2_max);
        let z = program.nonneg(format!("z {s}"));
        let beta = program.nonneg(format!("beta {s}"));
        let all = slot.iter().fold(HermitianAffine::zeros(m2), |mut sum, o| {
            sum += o.expr();
            sum
        });
        let noise = 1.0 + isotropic_at(&cell.h_bo, isotropic);
        robust(&mut program, &cell.g_bo, -all.clone(), z - noise)?;
        robust(&mut program, &cell.g_e, all, -Affine::from(beta))?;
        robust(&mut program, &cell.h_bo, combine(1.0, 0.0, 0.0), z * -least)?;
        robust(
            &mut program,
            &cell.h_bo,
            combine(-gamma, 1.0, 0.0),
            z * -gamma,
        )?;
        if problem.ordering {
            robust(
                &mut program,
                &cell.h_e,
                combine(gamma, -1.0, gamma * isotropic),
                (beta + 1.0) * gamma,
            )?;
        }
    }
    if problem.ordering {
        for link in [&cell.h_bo, &cell.h_e] {
            robust(
                &mut program,
                link,
                combine(-1.0, 1.0, 0.0),
                Affine::default(),
            )?;
        }
    }
    if problem.objective != Objective::Scnr {
        // Clutter that the beams illuminate only lowers the SCNR.
        let echo: &Echo = &working.echo;
        let gain = echo.scnr(1.0, 0.0, problem.clutter, problem.filter).value;
        let h = ColRef::from_slice(&cell.h_ta);
        let mut light = w_ta.quadratic(h);
        if problem.illumination == Illumination::Both {
            light += w_bo.quadratic(h);
        }
        program.at_least("SCNR", light * gain, gamma);
    }
    users(&mut program, problem, working, [w_bo, w_ta], &streams);
    program.minimise(w_bo.trace() + w_ta.trace());
    Ok(program)
}

/// The users' SINRs or, with the free split, what a private stream and a share of the common one
/// can bring together: `|g^H o_c|^2 + |g^H o_n|^2 >= (2^rate - 1) (the rest)`.
fn users(
    program: &mut Program,
    problem: &Problem,
    working: &Working,
    bs1: [MatrixVar; 2],
    streams: &[MatrixVar],
) {
    let cell = &working.cell;
    let isotropic = problem.artificial_noise / working.network.antennas1() as f64;
    let (decodings, needed) = problem.decodings();
    let column = |m: &Mat<c64>, n: usize| -> Vec<c64> { m.col(n).iter().copied().collect() };
    for (i, d) in decodings.iter().enumerate() {
        let (g, h) = (column(&cell.g_users, d.user), column(&cell.h_users, d.user));
        let (g, h) = (ColRef::from_slice(&g), ColRef::from_slice(&h));
        let free = problem.access == Access::RsmaFree;
        if free && d.stream == 0 {
            continue;
        }
        let need = match &needed {
            Some(needed) => needed[i],
            None => problem.unicast_rate().exp2() - 1.0,
        };
        let mut rest: Affine = bs1.iter().map(|w| w.quadratic(h)).sum();
        rest += d
            .interferers
            .iter()
            .map(|&k| streams[k].quadratic(g))
            .sum::<Affine>();
        rest += 1.0 + isotropic * h.squared_norm_l2();
        let mut wanted = streams[d.stream].quadratic(g);
        if free {
            wanted += streams[0].quadratic(g);
        }
        program.at_least("user", wanted - rest * need, 0.0);
    }
}

/// `x^H A x + b >= 0` for every channel `x` of a link.
fn robust(
    program: &mut Program,
    link: &UncertainChannel,
    form: HermitianAffine,
    constant: Affine,
) -> Result<(), Error> {
    let mut quadratic = RobustQuadratic::ball(link.antennas(), link.radius().unwrap_or(0.0))?;
    quadratic.add_form(form, ColRef::from_slice(&link.estimate));
    quadratic.add_constant(constant);
    quadratic.impose(program, "robust");
    Ok(())
}
