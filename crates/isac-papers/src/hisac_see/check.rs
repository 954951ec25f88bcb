//! `isac check` for schema `hisac-see/1`.

use super::read;
use isac_algos::hisac_see::{
    Access, Design, Problem, Report, UserTarget, Working, direct, evaluate, sca,
};
use isac_lab::check::{Checker, Goal, Got, Tolerance, Tolerances};
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_linalg::ColRef;
use isac_linalg::trust_region::{max_over_ball, min_over_ball};
use isac_metrics::energy::energy_efficiency;
use isac_metrics::scnr::{Clutter, Echo, ReceiveFilter, illumination};
use isac_metrics::secrecy::{Bound, SlotSecrecy};

/// Recomputes designs, ball extrema and converged values.
///
/// # Errors
/// A malformed document.
pub(super) fn check(root: &Node<'_>, checker: &mut Checker) -> Result<(), Error> {
    let mut problem = read::problem(root)?;
    problem.access = Access::RsmaFixed;
    let working = Working::new(&problem).map_err(|e| root.refused(e))?;
    let tolerances = Tolerances::new(root.opt("tolerance"), None);
    let metrics = Tolerance::both(
        tolerances.get("metrics_abs", 1e-8)?,
        tolerances.get("metrics_rel", 1e-6)?,
    );
    let designs = root.get("designs")?;
    let expected = root.get("expected")?;
    checker.each(&expected, |checker, key, node| {
        match key {
            "designs" => checker.each(node, |checker, name, stated| {
                let Some(design) = designs.opt(name) else {
                    return lacks_design(stated, name, checker).map(|()| true);
                };
                let design = read::design(&design, &problem)?;
                check_design(&problem, &working, &design, stated, metrics, checker)?;
                Ok(true)
            })?,
            "converged" => {
                if !checker.skips_solver(node) {
                    let start = read::design(&designs.get("feasible_start")?, &problem)?;
                    check_converged(&problem, &start, node, &tolerances, checker)?;
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if let Some(cases) = root.opt("trust_region") {
        let rel = tolerances.get("trust_region_rel", 1e-9)?;
        for case in cases.objects()? {
            check_ball(&case, rel, checker)?;
        }
    }
    Ok(())
}

/// Values stated for a design that is not there.
fn lacks_design(stated: &Node<'_>, name: &str, checker: &mut Checker) -> Result<(), Error> {
    checker.each(stated, |checker, key, node| {
        let known = ["exact", "nominal", "dec", "paper", "common"].contains(&key);
        if known {
            checker.lacks(node, &format!("designs.{name}"));
        }
        Ok(known)
    })
}

fn check_design(
    problem: &Problem,
    working: &Working,
    design: &Design,
    stated: &Node<'_>,
    tolerance: Tolerance,
    checker: &mut Checker,
) -> Result<(), Error> {
    let report = |bound| {
        evaluate(problem, &working.network, design, bound)
            .map_err(|e| Error::numerical(stated.path.clone(), e))
    };
    let exact = report(Bound::Exact)?;
    checker.each(stated, |checker, key, node| {
        let bound = match key {
            "exact" => Bound::Exact,
            "nominal" => Bound::Nominal,
            "dec" => Bound::Decoupled,
            "paper" => Bound::Appendix,
            "common" => {
                check_common(problem, working, design, &exact, node, tolerance, checker)?;
                return Ok(true);
            }
            _ => return Ok(false),
        };
        check_bound(&report(bound)?, node, tolerance, checker)?;
        Ok(true)
    })
}

fn check_bound(
    report: &Report,
    node: &Node<'_>,
    tolerance: Tolerance,
    checker: &mut Checker,
) -> Result<(), Error> {
    let s = &report.secrecy;
    checker.each(node, |checker, key, stated| {
        let got = match key {
            "bob_signal_min_over_noise" => s.bob_signal_min,
            "R_bo" => s.rate_bo,
            "R_e" => s.rate_e,
            "R_S_signed" => s.rate_signed,
            "R_S" => s.rate_signed.max(0.0),
            "SEE_signed" => report.efficiency,
            "SEE" => report.efficiency.max(0.0),
            "order_bo_over_noise" => s.order_bo,
            "order_e_over_noise" => s.order_e,
            "slots" => {
                let items = stated.objects()?;
                if items.len() != s.slots.len() {
                    checker.compare(stated, Got::Missing("one slot".into()), tolerance)?;
                }
                for (item, slot) in items.iter().zip(&s.slots) {
                    check_slot(slot, item, tolerance, checker)?;
                }
                return Ok(true);
            }
            _ => return Ok(false),
        };
        checker.compare(stated, got, tolerance)?;
        Ok(true)
    })
}

fn check_slot(
    slot: &SlotSecrecy,
    node: &Node<'_>,
    tolerance: Tolerance,
    checker: &mut Checker,
) -> Result<(), Error> {
    checker.each(node, |checker, key, stated| {
        let got = match key {
            "interference_plus_noise_bo_max" => slot.interference_plus_noise_bo_max,
            "interference_e_min" => slot.interference_e_min,
            "sinr_bo_bo" => slot.sinr_bo_bo,
            "sinr_e_bo" => slot.sinr_e_bo,
            "sinr_e_ta" => slot.sinr_e_ta,
            "sinr_bo_ta" => slot.sinr_bo_ta,
            _ => return Ok(false),
        };
        checker.compare(stated, got, tolerance)?;
        Ok(true)
    })
}

fn check_common(
    problem: &Problem,
    working: &Working,
    design: &Design,
    report: &Report,
    node: &Node<'_>,
    tolerance: Tolerance,
    checker: &mut Checker,
) -> Result<(), Error> {
    let cell = &working.network;
    let echo = Echo::new(problem.reflection * problem.cell.noise, 1.0, &cell.h_ta);
    let target = illumination(&cell.h_ta, &design.w_bo, &design.w_ta);
    let clutter = illumination(&cell.h_cl, &design.w_bo, &design.w_ta);
    let scnr = |model, filter| echo.scnr(target, clutter, model, filter).value;
    checker.each(node, |checker, key, stated| {
        let got: Got = match key {
            "P1" => report.power1.into(),
            "P2" => report.power2.into(),
            "P_sum" => (report.power1 + report.power2 + problem.circuit_power).into(),
            "scnr_noise_clutter_opt_rx" => scnr(Clutter::Noise, ReceiveFilter::Optimal).into(),
            "scnr_noise_clutter_uniform_rx" => scnr(Clutter::Noise, ReceiveFilter::Uniform).into(),
            "scnr_model_clutter_mvdr" => scnr(Clutter::Model, ReceiveFilter::Optimal).into(),
            "scnr_model_clutter_matched" => scnr(Clutter::Model, ReceiveFilter::Matched).into(),
            "user_rates_in_qos_order" => report.user_rates.clone().into(),
            "max_violation" => report.max_violation().into(),
            _ => return Ok(false),
        };
        checker.compare(stated, got, tolerance)?;
        Ok(true)
    })
}

fn check_ball(case: &Node<'_>, rel: f64, checker: &mut Checker) -> Result<(), Error> {
    case.known_keys(&["kind", "A", "c", "e", "max", "min"])?;
    let c = case.get("c")?.vec_c64()?;
    let a = case.get("A")?.matrix_c64_of(c.len(), c.len())?;
    let radius = case.get("e")?.nonnegative("")?;
    let a = isac_linalg::hermitian::hermitian_part(a.as_ref());
    for (key, found) in [
        (
            "max",
            max_over_ball(a.as_ref(), ColRef::from_slice(&c), radius),
        ),
        (
            "min",
            min_over_ball(a.as_ref(), ColRef::from_slice(&c), radius),
        ),
    ] {
        if case.value.get(key).is_some_and(serde_json::Value::is_null) {
            checker.not_checked(&case.get(key)?, "a remark");
        } else if let Some(stated) = case.opt(key) {
            let value = found.map_err(|e| case.refused(e))?.value;
            let room = rel * stated.f64()?.abs().max(1.0);
            checker.compare(&stated, value, Tolerance::abs(room))?;
        }
    }
    Ok(())
}

/// Targets: reached from the feasible start or, for the best known, from any start.
fn check_converged(
    problem: &Problem,
    start: &Design,
    node: &Node<'_>,
    tolerances: &Tolerances<'_>,
    checker: &mut Checker,
) -> Result<(), Error> {
    let feasibility = tolerances.get("feasibility_abs", 1e-5)?;
    let joint = Tolerance::rel(tolerances.get("converged_joint_rel_shortfall", 5e-3)?);
    let alternating = Tolerance::rel(tolerances.get("converged_ao_rel_shortfall", 2e-2)?);
    let baseline = Tolerance::rel(tolerances.get("converged_baseline_rel_shortfall", 2e-2)?);
    let judged = |checker: &mut Checker, node: &Node<'_>, found: direct::Solution, tolerance| {
        let feasible = found.report.max_violation() <= feasibility;
        let ours = energy_efficiency(
            found.report.secrecy.rate_signed,
            found.report.power1 + found.report.power2,
            problem.circuit_power,
        )
        .map_err(|e| Error::numerical(&node.path, e))?;
        checker.target(node, ours, Goal::AtLeast, tolerance, feasible)
    };
    let target = |checker: &mut Checker, node: &Node<'_>, access, tolerance| {
        let found = best(problem, access, start).map_err(|e| Error::numerical(&node.path, e))?;
        judged(checker, node, found, tolerance)
    };
    let ascent = |checker: &mut Checker, node: &Node<'_>, scheme, tolerance| {
        let options = sca::Options {
            scheme,
            tolerance: 1e-6,
            ..sca::Options::default()
        };
        let found =
            sca::solve(problem, start, &options).map_err(|e| Error::numerical(&node.path, e))?;
        judged(checker, node, found, tolerance)
    };
    checker.each(node, |checker, key, stated| {
        match key {
            "SEE_joint_sca_from_feasible_start" => {
                ascent(checker, stated, sca::Scheme::Joint, joint)?;
            }
            "SEE_ao_sca_from_feasible_start" => {
                ascent(checker, stated, sca::Scheme::Alternating, alternating)?;
            }
            "SEE_best_known_rsma_fixed_split" => {
                target(checker, stated, Access::RsmaFixed, joint)?;
            }
            "SEE_best_known_rsma_free_split" => {
                target(checker, stated, Access::RsmaFree, joint)?;
            }
            "SEE_best_known_baselines" => checker.each(stated, |checker, name, stated| {
                let access = match name {
                    "sdma" => Access::Sdma,
                    "noma" => Access::Noma,
                    "oma" => Access::Tdma,
                    _ => return Ok(false),
                };
                target(checker, stated, access, baseline)?;
                Ok(true)
            })?,
            _ => return Ok(false),
        }
        Ok(true)
    })
}

/// The direct route's best over its starts and, for rate splitting, the feasible start.
fn best(
    problem: &Problem,
    access: Access,
    start: &Design,
) -> Result<direct::Solution, isac_algos::Error> {
    let problem = Problem {
        access,
        user_target: UserTarget::Split,
        ..problem.clone()
    };
    let warm: &[Design] = if access.has_common() {
        std::slice::from_ref(start)
    } else {
        &[]
    };
    let options = direct::Options {
        starts: 7,
        ..direct::Options::default()
    };
    direct::design(&problem, warm, &options)
}
