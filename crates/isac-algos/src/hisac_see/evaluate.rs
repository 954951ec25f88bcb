//! The exact evaluation that decides about every design: metrics in full dimension by the original
//! formulas, and the violation of each constraint by name.

use super::problem::{Access, Design, Illumination, Objective, Problem, dot, square};
use crate::Error;
use isac_metrics::energy::energy_efficiency;
use isac_metrics::rsma::{self, rate};
use isac_metrics::scnr::{Echo, Scnr};
use isac_metrics::secrecy::{Bound, Secrecy, secrecy};
use isac_models::two_cell::TwoCell;
use serde::{Deserialize, Serialize};

/// The violation of one constraint, relative as stated in the table of [`evaluate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violation {
    /// The constraint, such as `secrecy rate`.
    pub name: String,
    /// Its excess; at most 0 if it holds.
    pub value: f64,
}

/// A design's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Secrecy metrics by the bound asked for.
    pub secrecy: Secrecy,
    /// SINR of every decoding, in the order of the access scheme.
    pub user_sinrs: Vec<f64>,
    /// The same as rates in bps/Hz, TDMA not yet divided by the slots.
    pub user_rates: Vec<f64>,
    /// SCNR of the target's echo.
    pub scnr: f64,
    /// Power of BS1 with its artificial noise, W.
    pub power1: f64,
    /// Power of BS2, slot average, W.
    pub power2: f64,
    /// Secrecy rate over total power before the positive part, bps/Hz/W.
    pub efficiency: f64,
    /// What the problem maximises.
    pub objective: f64,
    /// Every constraint.
    pub violations: Vec<Violation>,
}

impl Report {
    /// Largest violation, at least 0; infinite where one is no number.
    pub fn max_violation(&self) -> f64 {
        let values = self.violations.iter().map(|v| v.value);
        values.fold(0.0, |top, v| {
            if v.is_nan() {
                f64::INFINITY
            } else {
                top.max(v)
            }
        })
    }

    /// The constraint that is violated most.
    pub fn worst(&self) -> Option<&Violation> {
        self.violations
            .iter()
            .max_by(|a, b| a.value.total_cmp(&b.value))
    }
}

/// Evaluates a design. `network` is the problem's network, noise-normalised.
///
/// | constraint | violation |
/// |---|---|
/// | power | `P / P_max - 1` |
/// | secrecy rate | `I_S - R_S` |
/// | a user's SINR | `1 - gamma / needed` |
/// | a user's rate (free split) | rate that the common stream lacks |
/// | Bob's SINRs, SCNR | `1 - value / gamma_th` |
/// | sensing SINR at Eve | `value / gamma_th - 1` |
/// | order at Bob | `value / (1 + S)` |
/// | order at Eve | value |
/// | a given beam | distance from it over its norm |
///
/// # Errors
/// Sizes that do not fit, entries that are not finite.
pub fn evaluate(
    problem: &Problem,
    network: &TwoCell,
    design: &Design,
    bound: Bound,
) -> Result<Report, Error> {
    let cell = network;
    let n = cell.users();
    let beams = design.beams(problem.access, n);
    let isotropic = problem.artificial_noise / cell.antennas1() as f64;
    let secrecy = secrecy(cell, &beams, isotropic, bound)?;
    let (decodings, needed) = problem.decodings();
    let user_sinrs = rsma::user_sinrs(cell, &beams, isotropic, &decodings)?;
    let user_rates: Vec<f64> = user_sinrs.iter().map(|&s| rate(s)).collect();
    let echo = Echo::new(problem.reflection * problem.cell.noise, 1.0, &cell.h_ta);
    let scnr = scnr(problem, &echo, cell, design).value;
    let power1 = design.power1() + problem.artificial_noise;
    let slot_powers = design.slot_powers(problem.access.slots(n));
    let power2 = slot_powers.iter().sum::<f64>() / slot_powers.len() as f64;
    let transmit = problem.accounting.transmit(power1, power2);
    let efficiency = energy_efficiency(secrecy.rate_signed, transmit, problem.circuit_power)?;

    let r = &problem.requirements;
    let mut list: Vec<(String, f64)> =
        vec![("power of BS1".into(), power1 / problem.power1_max - 1.0)];
    for (s, power) in slot_powers.iter().enumerate() {
        list.push((
            numbered("power of BS2", s, slot_powers.len()),
            power / problem.power2_max - 1.0,
        ));
    }
    list.push(("secrecy rate".into(), r.secrecy_rate - secrecy.rate_signed));
    let short = |value: f64| {
        if r.sinr > 0.0 {
            1.0 - value / r.sinr
        } else {
            -value
        }
    };
    for (s, slot) in secrecy.slots.iter().enumerate() {
        let of = |name| numbered(name, s, secrecy.slots.len());
        list.push((of("data SINR at Bob"), short(slot.sinr_bo_bo)));
        list.push((of("sensing SINR at Bob"), short(slot.sinr_bo_ta)));
        if problem.ordering {
            list.push((of("sensing SINR at Eve"), -short(slot.sinr_e_ta)));
        }
    }
    if problem.ordering {
        list.push((
            "order at Bob".into(),
            secrecy.order_bo / (1.0 + secrecy.bob_signal_min),
        ));
        list.push(("order at Eve".into(), secrecy.order_e));
    }
    if problem.objective != Objective::Scnr {
        list.push(("SCNR".into(), short(scnr)));
    }
    list.extend(off_given(problem, design));
    match needed {
        Some(needed) => {
            for ((d, &sinr), &need) in decodings.iter().zip(&user_sinrs).zip(&needed) {
                let name = format!("SINR of stream {} at user {}", d.stream, d.user);
                list.push((name, if need > 0.0 { 1.0 - sinr / need } else { -sinr }));
            }
        }
        None => {
            let common = user_rates
                .iter()
                .step_by(2)
                .fold(f64::INFINITY, |m, &r| m.min(r));
            let private: Vec<f64> = user_rates.iter().skip(1).step_by(2).copied().collect();
            let (_, left) = rsma::free_split(common, &private, problem.unicast_rate());
            list.push(("user rates".into(), -left));
        }
    }
    Ok(Report {
        user_sinrs,
        user_rates,
        scnr,
        power1,
        power2,
        efficiency,
        objective: match problem.objective {
            Objective::EnergyEfficiency => efficiency,
            Objective::SecrecyRate => secrecy.rate_signed,
            Objective::Scnr => scnr,
            Objective::Weighted { weight } => {
                weight * rate(scnr) + (1.0 - weight) * secrecy.rate_signed
            }
        },
        secrecy,
        violations: list
            .into_iter()
            .map(|(name, value)| Violation { name, value })
            .collect(),
    })
}

/// How far each given beam is from the design's, over its norm.
fn off_given(problem: &Problem, design: &Design) -> impl Iterator<Item = (String, f64)> {
    let beams = [
        ("given w_bo", &problem.frozen_bo, &design.w_bo),
        ("given w_ta", &problem.frozen_ta, &design.w_ta),
    ];
    beams.into_iter().filter_map(|(name, given, beam)| {
        let given = given.as_ref()?;
        let pairs = given.iter().zip(beam);
        let off: f64 = pairs.map(|(g, w)| (w - g).norm_sqr()).sum();
        let norm = square(given).sqrt().max(f64::MIN_POSITIVE);
        Some((name.into(), off.sqrt() / norm))
    })
}

/// SCNR of a design with its slopes; `cell` may be the reduced network, `echo` is of the full one.
pub(crate) fn scnr(problem: &Problem, echo: &Echo, cell: &TwoCell, design: &Design) -> Scnr {
    let sensing = dot(&cell.h_ta, &design.w_ta).norm_sqr();
    let illumination = match problem.illumination {
        Illumination::Both => sensing + dot(&cell.h_ta, &design.w_bo).norm_sqr(),
        Illumination::SensingBeam => sensing,
    };
    let clutter =
        dot(&cell.h_cl, &design.w_bo).norm_sqr() + dot(&cell.h_cl, &design.w_ta).norm_sqr();
    echo.scnr(illumination, clutter, problem.clutter, problem.filter)
}

fn numbered(name: &str, slot: usize, slots: usize) -> String {
    if slots == 1 {
        return name.into();
    }
    format!("{name}, slot {slot}")
}

impl Access {
    /// Whether the streams contain a common one.
    pub fn has_common(self) -> bool {
        matches!(self, Self::RsmaFree | Self::RsmaFixed)
    }
}
