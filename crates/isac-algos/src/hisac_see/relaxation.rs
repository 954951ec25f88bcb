//! Proof that a problem has no design: necessary conditions as one convex program.
//!
//! Beams `w` are replaced by covariances `W = w w^H` of any rank, each robust constraint by its
//! S-procedure inequality (lossless, as it is linear in the covariances), the secrecy rate by the
//! part of it that Bob must reach alone, `S / z >= 2^I_S - 1`. Every feasible design gives a feasible
//! point of this program, so a Farkas certificate of its infeasibility holds for the problem.

use super::problem::{Access, Illumination, Objective, Problem};
use super::start::Working;
use crate::Error;
use isac_linalg::faer::ColRef;
use isac_linalg::{Mat, c64};
use isac_metrics::scnr::Echo;
use isac_metrics::secrecy::isotropic_at;
use isac_models::csi_error::UncertainChannel;
use isac_opt::conic::{self, Affine, Coefficient, HermitianAffine, MatrixVar, Outcome, Program};
use isac_opt::s_procedure::RobustQuadratic;

/// What the relaxation says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// No design meets the constraints: verified multipliers with this error.
    Infeasible {
        /// Error of the Farkas certificate; it excludes all points of norm below its reciprocal.
        error: f64,
    },
    /// The relaxation has a point, which proves nothing about designs.
    Open,
    /// Neither a point nor a proof.
    Unknown,
}

/// Tries to prove that no design meets the constraints of a problem.
///
/// Frozen beams are treated as free, which keeps a proof valid.
///
/// # Errors
/// Bad input; errors that are not balls, for which the proof is not offered.
pub fn prove_infeasible(problem: &Problem, options: &conic::Options) -> Result<Verdict, Error> {
    let working = Working::new(problem)?;
    if !working.has_balls() {
        return Err(
            isac_linalg::Error::shape("relaxation", "errors in balls", "an ellipsoid").into(),
        );
    }
    let program = build(problem, &working)?;
    Ok(match program.solve(options)? {
        Outcome::Infeasible(farkas) => Verdict::Infeasible {
            error: farkas.error,
        },
        Outcome::Solved(_)
        | Outcome::Inaccurate(_)
        | Outcome::Unbounded(_)
        | Outcome::NoMultipliersBelow(_) => Verdict::Open,
        // Points above the norm are not excluded.
        Outcome::NoPointBelow(_) | Outcome::IllPosed(_) | Outcome::Unknown(_) => Verdict::Unknown,
    })
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
