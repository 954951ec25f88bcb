//! Certified lower bounds and proofs of infeasibility from multipliers, without a solver.
//!
//! For multipliers `y` of the constraints of Eq. (13) of `[noma]` let `Z_k(y) = Z_0 + F_k(y)` be
//! what multiplies `W_k` in the Lagrangian,
//!
//! ```math
//! Z_0 = \rho_c I + \rho_s \sum_m A_m, \qquad
//! F_k = - \sum_m \nu_m A_m + \sum_{p<m} \eta_{pm} (A_p - A_m)
//!       + \sum_{p<m} \tfrac12 (\bar\zeta_{pm} a_m a_p^H + \zeta_{pm} a_p a_m^H)
//!       - \sum_l \lambda_{kl} H_l + \sum_{k': k \in I(k')} \gamma_{k'} \sum_l \lambda_{k'l} H_l
//!       - \sum_l (\mu_{l,k} - \mu_{l,k-1}) H_l
//! ```
//!
//! and `d(y) = sigma^2 sum gamma lambda + P_s sum nu - P_diff sum |eta| - Xi |zeta|`. If all
//! `Z_k` are positive semidefinite, no design needs less power than `d(y)`. `F` and `d` are
//! homogeneous and `Z_0` is positive definite, so *any* multipliers of the right signs give a bound:
//! scale them by the largest `s` with `Z_0 + s F_k >= 0`. When all `F_k` are positive definite, `s` is
//! unlimited and a positive `d` proves infeasibility. Everything is evaluated in about 31 digits, and
//! a matrix counts as positive definite when its Cholesky factorisation exists less a margin for all
//! rounding, so that the bound is one. A ray whose `F_k` are singular excludes only designs of less
//! than some power.

use super::problem::{Scene, Span};
use super::slack::{Slack, provable_scale};
use crate::Error;
use isac_linalg::kernel::{Field, Twofold};
use isac_linalg::{c64, factor, validate};
use serde::{Deserialize, Serialize};

/// Multipliers of the constraints of Eq. (13) of `[noma]`, by decoding position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Multipliers {
    /// `lambda_kl` of Eq. (12b), in the order of [`Scene::pairs`]; 1/watt times watt.
    pub sinr: Vec<f64>,
    /// `nu_m` of the floors, Eq. (12e).
    pub floor: Vec<f64>,
    /// `eta_pm` of the differences, Eq. (12f), in the order of [`Scene::target_pairs`]; any sign.
    pub difference: Vec<f64>,
    /// `zeta_pm` of the cross-correlation, Eq. (12g), in the same order.
    #[serde(with = "isac_linalg::convert::serde::vector")]
    pub cross: Vec<c64>,
    /// `mu_li` of the ordering, Eq. (3): entry `l (K - 1) + i`; empty without ordering.
    pub ordering: Vec<f64>,
}

impl Multipliers {
    /// All zero, sized for a scene.
    pub fn zeros(scene: &Scene) -> Self {
        let pairs = scene.target_pairs().len();
        Self {
            sinr: vec![0.0; scene.pairs().len()],
            floor: vec![0.0; scene.targets()],
            difference: vec![0.0; pairs],
            cross: vec![c64::ZERO; pairs],
            ordering: vec![0.0; ordering_len(scene)],
        }
    }
}

impl Multipliers {
    /// The entries that matter alone, see [`strongest`].
    fn parts(&self, scene: &Scene, targets: &[f64]) -> Vec<Self> {
        let sensing_only = Self {
            sinr: vec![0.0; self.sinr.len()],
            ordering: vec![0.0; self.ordering.len()],
            ..self.clone()
        };
        let users_only = Self {
            sinr: self.sinr.clone(),
            ordering: self.ordering.clone(),
            ..Self::zeros(scene)
        };
        let mut out = vec![sensing_only, users_only];
        for cut in [1e-3, 1e-6] {
            let mut large = self.clone();
            // Each kind in the units of what it adds to the dual value.
            let pairs = scene.pairs();
            let weigh = |i: usize, lambda: f64| lambda * scene.noise() * targets[pairs[i].message];
            let top = (self.sinr.iter().enumerate())
                .map(|(i, &l)| weigh(i, l))
                .chain(self.floor.iter().map(|nu| nu * scene.sensing().floor))
                .fold(0.0, f64::max);
            for (i, l) in large.sinr.iter_mut().enumerate() {
                if weigh(i, *l) < cut * top {
                    *l = 0.0;
                }
            }
            let floors = large.floor.iter().fold(0.0_f64, |t, &nu| t.max(nu));
            for nu in &mut large.floor {
                if *nu * scene.sensing().floor < cut * top {
                    *nu = 0.0;
                }
            }
            for eta in &mut large.difference {
                if eta.abs() < cut * floors {
                    *eta = 0.0;
                }
            }
            out.push(large);
        }
        out
    }
}

pub(crate) fn ordering_len(scene: &Scene) -> usize {
    if scene.mode().ordering {
        scene.users() * (scene.users() - 1)
    } else {
        0
    }
}

/// What multipliers prove.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// No design needs less power than this, watt. Infinite: no design exists.
    pub power: f64,
    /// The factor the multipliers were scaled by.
    pub scale: f64,
    /// Dual value `d(y)` of the multipliers as given (signs clipped), watt.
    pub dual_value: f64,
}

/// `d(y)` in watt, and the sum of the moduli of its terms; `targets` by decoding position.
fn dual_value(scene: &Scene, targets: &[f64], y: &Multipliers) -> (f64, f64) {
    let sensing = scene.sensing();
    let pairs = scene.pairs();
    let served: f64 = pairs
        .iter()
        .zip(&y.sinr)
        .map(|(pair, lambda)| targets[pair.message] * lambda)
        .sum();
    let floors: f64 = y.floor.iter().sum();
    let differences: f64 = y.difference.iter().map(|eta| eta.abs()).sum();
    let cross = y.cross.iter().map(|z| z.norm_sqr()).sum::<f64>().sqrt();
    let gain = scene.noise() * served + sensing.floor * floors;
    let loss =
        sensing.difference * differences + scene.cross_correlation_radius().unwrap_or(0.0) * cross;
    (gain - loss, gain + loss)
}

/// `Z_0` in the exact coordinates of `span`.
fn base(scene: &Scene, span: &Span) -> Slack {
    let weights = scene.mode().weights;
    let mut z = Slack::zeros(span.exact.nrows());
    z.add_identity(weights.transmit);
    for m in 0..scene.targets() {
        let a = scene.users() + m;
        z.add_square(weights.sensing.into(), &span.exact, a);
    }
    z
}

/// The homogeneous parts `F_k(y)` in the exact coordinates of `span`.
fn homogeneous(scene: &Scene, span: &Span, targets: &[f64], y: &Multipliers) -> Vec<Slack> {
    let users = scene.users();
    let columns = &span.exact;
    let mut common = Slack::zeros(columns.nrows());
    for (m, &nu) in y.floor.iter().enumerate() {
        common.add_square((-nu).into(), columns, users + m);
    }
    for (i, &(p, m)) in scene.target_pairs().iter().enumerate() {
        let (p, m) = (users + p, users + m);
        common.add_square(y.difference[i].into(), columns, p);
        common.add_square((-y.difference[i]).into(), columns, m);
        common.add_cross(y.cross[i] * 0.5, columns, p, m);
    }
    // The channels of the span are divided by sigma.
    let noise = Twofold::from(scene.noise());
    let sic = scene.mode().sic;
    let pairs = scene.pairs();
    (0..users)
        .map(|k| {
            let mut z = common.clone();
            let mut weights = vec![Twofold::ZERO; users];
            for (pair, &lambda) in pairs.iter().zip(&y.sinr) {
                if pair.message == k {
                    weights[pair.decoder] -= lambda.into();
                }
                if sic.disturbs(pair.message, k) {
                    weights[pair.decoder] +=
                        Twofold::from(targets[pair.message]) * Twofold::from(lambda);
                }
            }
            for (l, weight) in weights.iter_mut().enumerate() {
                if !y.ordering.is_empty() {
                    if k + 1 < users {
                        *weight -= y.ordering[l * (users - 1) + k].into();
                    }
                    if k > 0 {
                        *weight += y.ordering[l * (users - 1) + k - 1].into();
                    }
                }
                z.add_square(noise * *weight, columns, l);
            }
            z
        })
        .collect()
}

/// Whether multipliers have the right sizes, are finite and have the right signs up to rounding:
/// a negative multiplier beyond `1e-9` of the largest is refused, smaller ones count as zero.
pub(crate) fn clipped(scene: &Scene, y: &Multipliers) -> Result<Multipliers, Error> {
    let pairs = scene.target_pairs().len();
    validate::length("SINR multipliers", y.sinr.len(), scene.pairs().len())?;
    validate::length("floor multipliers", y.floor.len(), scene.targets())?;
    validate::length("difference multipliers", y.difference.len(), pairs)?;
    validate::length("cross-correlation multipliers", y.cross.len(), pairs)?;
    validate::length(
        "ordering multipliers",
        y.ordering.len(),
        ordering_len(scene),
    )?;
    validate::finite_list("difference multipliers", &y.difference)?;
    let mut out = y.clone();
    for (what, list) in [
        ("SINR multiplier", &mut out.sinr),
        ("floor multiplier", &mut out.floor),
        ("ordering multiplier", &mut out.ordering),
    ] {
        validate::finite_list(what, list)?;
        let top = list.iter().fold(0.0_f64, |top, x| top.max(x.abs()));
        for (i, x) in list.iter_mut().enumerate() {
            if *x < -1e-9 * top {
                return Err(isac_linalg::Error::range(format!("{what} {i}"), *x, ">= 0").into());
            }
            *x = x.max(0.0);
        }
    }
    if scene.cross_correlation_radius().is_none() {
        out.cross.fill(c64::ZERO);
    }
    Ok(out)
}

/// The bound that multipliers prove, in the coordinates of `span`.
///
/// `targets` are the SINR targets (linear) by decoding position.
///
/// # Errors
/// Multipliers of wrong sizes, with entries that are not finite or of the wrong sign; an
/// eigenvalue iteration that does not converge.
pub fn lower_bound_in(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    multipliers: &Multipliers,
) -> Result<Bound, Error> {
    lower_bound_with(scene, span, targets, multipliers, &[], 0.0)
}

/// [`lower_bound_in`] with further homogeneous terms per message and their dual value.
pub(crate) fn lower_bound_with(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    multipliers: &Multipliers,
    further: &[Slack],
    further_value: f64,
) -> Result<Bound, Error> {
    validate::length("SINR targets", targets.len(), scene.users())?;
    let y = clipped(scene, multipliers)?;
    let (value, size) = dual_value(scene, targets, &y);
    let dual_value = value + further_value;
    if !(dual_value.is_finite() && size.is_finite()) {
        return Err(isac_linalg::Error::range("dual value", dual_value, "a finite number").into());
    }
    // Less than what the sums may have been rounded up.
    let proved_value = dual_value - 1e-14 * (size + further_value.abs());
    if proved_value <= 0.0 {
        return Ok(Bound {
            power: 0.0,
            scale: 0.0,
            dual_value,
        });
    }
    let mut parts = homogeneous(scene, span, targets, &y);
    for (part, extra) in parts.iter_mut().zip(further) {
        part.add(Twofold::from(1.0), extra);
    }
    let scale = provable_scale(&base(scene, span), &parts, span.complete)?;
    Ok(Bound {
        power: scale * proved_value,
        scale,
        dual_value,
    })
}

/// [`lower_bound_in`] the span of the scene.
///
/// # Errors
/// As [`lower_bound_in`].
pub fn lower_bound(
    scene: &Scene,
    targets: &[f64],
    multipliers: &Multipliers,
) -> Result<Bound, Error> {
    lower_bound_in(scene, &Span::new(scene), targets, multipliers)
}

/// The strongest of the bounds that a ray and its parts prove, with the part.
///
/// A ray of an interior-point method has small positive entries where an exact one has zeros, and
/// those alone keep it from proving more. Any multipliers prove what they prove, so the entries
/// that matter are tried alone: the large ones, those of the users, those of the targets.
pub(crate) fn strongest(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ray: &Multipliers,
) -> Result<(Bound, Multipliers), Error> {
    let mut best = (lower_bound_in(scene, span, targets, ray)?, ray.clone());
    for part in ray.parts(scene, targets) {
        let bound = lower_bound_in(scene, span, targets, &part)?;
        if bound.power > best.0.power {
            best = (bound, part);
        }
    }
    Ok(best)
}

/// Smallest eigenvalue over all `Z_k(y)` of the multipliers as given, relative to the largest
/// modulus of an eigenvalue: at least about `-1e-9` for optimal multipliers.
///
/// # Errors
/// As [`lower_bound_in`].
pub fn dual_slack(scene: &Scene, targets: &[f64], multipliers: &Multipliers) -> Result<f64, Error> {
    let span = Span::new(scene);
    let y = clipped(scene, multipliers)?;
    let mut lowest = f64::INFINITY;
    for mut z in homogeneous(scene, &span, targets, &y) {
        z.add(Twofold::from(1.0), &base(scene, &span));
        let z = z.rounded();
        let values = factor::eigvalsh(z.as_ref())?;
        let top = values.iter().fold(0.0_f64, |top, v| top.max(v.abs()));
        if let Some(&least) = values.first() {
            lowest = lowest.min(least / top.max(f64::MIN_POSITIVE));
        }
    }
    Ok(lowest)
}
