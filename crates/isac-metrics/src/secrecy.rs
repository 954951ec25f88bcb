//! Worst-case secrecy of Bob against Eve, Eqs. (7)-(13) of \[hisac_see\]: exact, and by the weaker
//! bounds for comparison.

use crate::Error;
use crate::worst_case::{Extreme, Link, StreamsForm, dot, norm2};
use isac_linalg::{c64, validate};
use isac_models::csi_error::UncertainChannel;
use isac_models::two_cell::TwoCell;
use serde::{Deserialize, Serialize};

/// How a worst case over the channel errors is evaluated. For the secrecy rate
/// `Appendix <= Decoupled <= Exact <= Nominal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The exact worst case.
    #[default]
    Exact,
    /// No errors at all.
    Nominal,
    /// Each power by its own worst case, `(|h^H w| +- r |w|)^2`.
    Decoupled,
    /// Each power by `|h^H w|^2 +- (2 r |h| + r^2) |w|^2`, Appendix A of the paper.
    Appendix,
}

/// Secrecy metrics in one slot; powers are over the noise.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SlotSecrecy {
    /// `z`: greatest interference plus noise of BS2's streams at Bob.
    pub interference_plus_noise_bo_max: f64,
    /// `beta`: least interference of BS2's streams at Eve.
    pub interference_e_min: f64,
    /// Least SINR of Bob's data at Bob.
    pub sinr_bo_bo: f64,
    /// Greatest SINR of Bob's data at Eve.
    pub sinr_e_bo: f64,
    /// Greatest SINR of the sensing beam at Eve.
    pub sinr_e_ta: f64,
    /// Least SINR of the sensing beam at Bob.
    pub sinr_bo_ta: f64,
}

/// Secrecy metrics of a design.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Secrecy {
    /// `S`: least data power at Bob over the noise.
    pub bob_signal_min: f64,
    /// Bob's worst rate, bps/Hz, averaged over slots.
    pub rate_bo: f64,
    /// Eve's best rate, bps/Hz, averaged over slots.
    pub rate_e: f64,
    /// `rate_bo - rate_e` before the positive part is taken.
    pub rate_signed: f64,
    /// Greatest `|h^H w_bo|^2 - |h^H w_ta|^2` at Bob over the noise; `<= 0` keeps the order (19e).
    pub order_bo: f64,
    /// The same at Eve, (19f).
    pub order_e: f64,
    /// One entry per slot of BS2.
    pub slots: Vec<SlotSecrecy>,
}

/// The beams of both base stations.
#[derive(Debug, Clone, Copy)]
pub struct BeamsRef<'a> {
    /// Data beam of BS1, `M1`, sqrt(W).
    pub w_bo: &'a [c64],
    /// Sensing beam of BS1, `M1`.
    pub w_ta: &'a [c64],
    /// Streams of BS2, one after another, `M2` entries each; a slot is a run of streams.
    pub streams: &'a [c64],
    /// Streams per slot; all streams together make one slot for every access scheme but TDMA.
    pub streams_per_slot: usize,
}

impl BeamsRef<'_> {
    /// Checks sizes and finiteness against a network.
    ///
    /// # Errors
    /// The beam that is wrong, by name.
    pub fn check(&self, cell: &TwoCell) -> Result<(), Error> {
        validate::length("w_bo", self.w_bo.len(), cell.antennas1())?;
        validate::length("w_ta", self.w_ta.len(), cell.antennas1())?;
        let per_slot = self.streams_per_slot * cell.antennas2();
        if per_slot == 0 || self.streams.is_empty() || !self.streams.len().is_multiple_of(per_slot)
        {
            return Err(isac_linalg::Error::shape(
                "streams of BS2",
                format!("a positive multiple of {per_slot} entries"),
                self.streams.len().to_string(),
            )
            .into());
        }
        for (name, beam) in [
            ("w_bo", self.w_bo),
            ("w_ta", self.w_ta),
            ("streams", self.streams),
        ] {
            if let Some(row) = beam
                .iter()
                .position(|x| !(x.re.is_finite() && x.im.is_finite()))
            {
                return Err(isac_linalg::Error::NonFinite {
                    what: name.into(),
                    row,
                    col: 0,
                    value: beam[row].to_string(),
                }
                .into());
            }
        }
        Ok(())
    }
}

/// Secrecy metrics of a design on a noise-normalised network ([`TwoCell::normalised`]).
///
/// `isotropic` is the power per antenna that BS1 sends as artificial noise, W; at Bob it enters by
/// its own worst case `(|h| + r)^2`, which is slightly conservative, at Eve exactly.
///
/// # Errors
/// Sizes that do not fit, entries that are not finite, a negative `isotropic`, or `isotropic > 0`
/// with an ellipsoidal error.
pub fn secrecy(
    cell: &TwoCell,
    beams: &BeamsRef<'_>,
    isotropic: f64,
    bound: Bound,
) -> Result<Secrecy, Error> {
    beams.check(cell)?;
    validate::nonnegative("artificial noise per antenna", isotropic, "W")?;
    let links = [&cell.h_bo, &cell.h_e, &cell.g_bo, &cell.g_e];
    if isotropic > 0.0 && links.iter().any(|link| link.radius().is_none()) {
        return Err(isac_linalg::Error::range(
            "artificial noise per antenna",
            isotropic,
            "0 W with an ellipsoidal error",
        )
        .into());
    }
    let slots = beams
        .streams
        .chunks_exact(beams.streams_per_slot * cell.antennas2());
    let mut out = match bound {
        Bound::Exact => exact(cell, beams, isotropic, slots)?,
        Bound::Nominal => {
            let nominal = TwoCell {
                h_bo: cell.h_bo.nominal(),
                h_e: cell.h_e.nominal(),
                g_bo: cell.g_bo.nominal(),
                g_e: cell.g_e.nominal(),
                ..cell.clone()
            };
            exact(&nominal, beams, isotropic, slots)?
        }
        Bound::Decoupled | Bound::Appendix => termwise(cell, beams, isotropic, bound, slots)?,
    };
    let count = out.slots.len() as f64;
    let mean = |sinr: fn(&SlotSecrecy) -> f64| {
        let rates = out.slots.iter().map(|slot| sinr(slot).ln_1p());
        rates.sum::<f64>() / (count * std::f64::consts::LN_2)
    };
    (out.rate_bo, out.rate_e) = (mean(|slot| slot.sinr_bo_bo), mean(|slot| slot.sinr_e_bo));
    out.rate_signed = out.rate_bo - out.rate_e;
    Ok(out)
}

/// Power of isotropic artificial noise at Bob, over the noise: `p (|h| + r)^2`.
pub fn isotropic_at(channel: &UncertainChannel, isotropic: f64) -> f64 {
    let reach = norm2(&channel.estimate).sqrt() + channel.radius().unwrap_or(0.0);
    isotropic * reach * reach
}

fn exact<'a>(
    cell: &TwoCell,
    beams: &BeamsRef<'_>,
    isotropic: f64,
    slots: impl Iterator<Item = &'a [c64]>,
) -> Result<Secrecy, Error> {
    let (h_bo, h_e) = (Link::new(&cell.h_bo), Link::new(&cell.h_e));
    let (g_bo, g_e) = (Link::new(&cell.g_bo), Link::new(&cell.g_e));
    let (w_bo, w_ta) = (beams.w_bo, beams.w_ta);
    let signal = h_bo.amplitude_floor(w_bo).value.max(0.0).powi(2);
    let noise_bo = isotropic_at(&cell.h_bo, isotropic);
    let mut out = Secrecy {
        bob_signal_min: signal,
        order_bo: h_bo.difference_max(w_bo, w_ta, 0.0).value,
        order_e: h_e.difference_max(w_bo, w_ta, 0.0).value,
        ..Secrecy::default()
    };
    for streams in slots {
        let form = g_bo.form(streams)?;
        let z = g_bo.total_power(&form, Extreme::Max)?.value + 1.0 + noise_bo;
        let form: StreamsForm = if g_bo.is_ball() && g_e.is_ball() {
            form
        } else {
            g_e.form(streams)?
        };
        let beta = g_e.total_power(&form, Extreme::Min)?.value;
        out.slots.push(SlotSecrecy {
            interference_plus_noise_bo_max: z,
            interference_e_min: beta,
            sinr_bo_bo: signal / z,
            sinr_e_bo: h_e
                .ratio(w_bo, w_ta, isotropic, beta + 1.0, Extreme::Max)
                .value,
            sinr_e_ta: h_e
                .ratio(w_ta, w_bo, isotropic, beta + 1.0, Extreme::Max)
                .value,
            sinr_bo_ta: h_bo.ratio(w_ta, w_bo, 0.0, z, Extreme::Min).value,
        });
    }
    Ok(out)
}

fn termwise<'a>(
    cell: &TwoCell,
    beams: &BeamsRef<'_>,
    isotropic: f64,
    bound: Bound,
    slots: impl Iterator<Item = &'a [c64]>,
) -> Result<Secrecy, Error> {
    let bounds = |link: &UncertainChannel, w: &[c64]| {
        let radius = link.radius().ok_or_else(|| {
            isac_linalg::Error::shape("error set of a term bound", "a ball", "an ellipsoid")
        })?;
        let (amplitude, length) = (dot(&link.estimate, w).norm(), norm2(w).sqrt());
        Ok::<_, Error>(if bound == Bound::Decoupled {
            let low = (amplitude - radius * length).max(0.0);
            (low * low, (amplitude + radius * length).powi(2))
        } else {
            let h = norm2(&link.estimate).sqrt();
            let spread = (2.0 * radius * h + radius * radius) * length * length;
            let power = amplitude * amplitude;
            ((power - spread).max(0.0), power + spread)
        })
    };
    let (signal, data_bo) = bounds(&cell.h_bo, beams.w_bo)?;
    let (sensing_bo, _) = bounds(&cell.h_bo, beams.w_ta)?;
    let (data_e_low, data_e) = bounds(&cell.h_e, beams.w_bo)?;
    let (sensing_e_low, sensing_e) = bounds(&cell.h_e, beams.w_ta)?;
    let noise_bo = isotropic_at(&cell.h_bo, isotropic);
    let least_e = {
        let radius = cell.h_e.radius().unwrap_or(0.0);
        isotropic * (norm2(&cell.h_e.estimate).sqrt() - radius).max(0.0).powi(2)
    };
    let mut out = Secrecy {
        bob_signal_min: signal,
        order_bo: data_bo - sensing_bo,
        order_e: data_e - sensing_e_low,
        ..Secrecy::default()
    };
    for streams in slots {
        let (mut z, mut beta) = (1.0 + noise_bo, 0.0);
        for o in streams.chunks_exact(cell.antennas2()) {
            z += bounds(&cell.g_bo, o)?.1;
            beta += bounds(&cell.g_e, o)?.0;
        }
        out.slots.push(SlotSecrecy {
            interference_plus_noise_bo_max: z,
            interference_e_min: beta,
            sinr_bo_bo: signal / z,
            sinr_e_bo: data_e / (sensing_e_low + least_e + beta + 1.0),
            sinr_e_ta: sensing_e / (data_e_low + least_e + beta + 1.0),
            sinr_bo_ta: sensing_bo / (data_bo + z),
        });
    }
    Ok(out)
}
