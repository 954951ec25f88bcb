//! The links of a heterogeneous network: BS1 senses a target and serves Bob, BS2 multicasts to
//! `N` users, Eve listens to both. Section II of \[hisac_see\].

use crate::Error;
use crate::csi_error::{UncertainChannel, project};
use isac_linalg::{Mat, MatRef, c64, factor, validate};
use serde::{Deserialize, Serialize};

/// All channels of the network, amplitude gains; the received amplitude of a beam is `h^H w`.
///
/// Users, target and clutter are known exactly, the four links of Bob and Eve up to an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoCell {
    /// BS1 to Bob, `M1`.
    pub h_bo: UncertainChannel,
    /// BS1 to Eve, `M1`.
    pub h_e: UncertainChannel,
    /// BS1 to the target, `M1`.
    #[serde(with = "isac_linalg::convert::serde::vector")]
    pub h_ta: Vec<c64>,
    /// BS1 to the clutter, `M1`.
    #[serde(with = "isac_linalg::convert::serde::vector")]
    pub h_cl: Vec<c64>,
    /// BS1 to the users, `M1 x N`.
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    pub h_users: Mat<c64>,
    /// BS2 to Bob, `M2`.
    pub g_bo: UncertainChannel,
    /// BS2 to Eve, `M2`.
    pub g_e: UncertainChannel,
    /// BS2 to the users, `M2 x N`.
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    pub g_users: Mat<c64>,
    /// Noise power at every receiver, W.
    pub noise: f64,
}

/// Orthonormal bases of the spans that matter, one per base station.
#[derive(Debug, Clone, PartialEq)]
pub struct Bases {
    /// `M1 x m1`.
    pub bs1: Mat<c64>,
    /// `M2 x m2`.
    pub bs2: Mat<c64>,
}

impl TwoCell {
    /// Antennas of BS1.
    pub fn antennas1(&self) -> usize {
        self.h_bo.antennas()
    }

    /// Antennas of BS2.
    pub fn antennas2(&self) -> usize {
        self.g_bo.antennas()
    }

    /// Users of BS2.
    pub fn users(&self) -> usize {
        self.g_users.ncols()
    }

    /// Checks that all sizes fit and all numbers are finite.
    ///
    /// # Errors
    /// The first field that is wrong, by name.
    pub fn check(&self) -> Result<(), Error> {
        let (m1, m2, n) = (self.antennas1(), self.antennas2(), self.users());
        for (name, count) in [("BS1 antennas", m1), ("BS2 antennas", m2), ("users", n)] {
            if count == 0 {
                return Err(isac_linalg::Error::range(name, 0.0, "at least 1").into());
            }
        }
        validate::length("h_e", self.h_e.antennas(), m1)?;
        validate::length("h_ta", self.h_ta.len(), m1)?;
        validate::length("h_cl", self.h_cl.len(), m1)?;
        validate::length("g_e", self.g_e.antennas(), m2)?;
        validate::shape("h_users", self.h_users.as_ref(), m1, n)?;
        validate::shape("g_users", self.g_users.as_ref(), m2, n)?;
        validate::finite("h_users", self.h_users.as_ref())?;
        validate::finite("g_users", self.g_users.as_ref())?;
        for (name, v) in [
            ("h_ta", &self.h_ta),
            ("h_cl", &self.h_cl),
            ("h_bo", &self.h_bo.estimate),
            ("h_e", &self.h_e.estimate),
            ("g_bo", &self.g_bo.estimate),
            ("g_e", &self.g_e.estimate),
        ] {
            validate::finite(name, column(v).as_ref())?;
        }
        validate::positive("noise", self.noise, "W")?;
        Ok(())
    }

    /// The same network with every channel divided by the square root of the noise power, which
    /// becomes 1. SINRs and powers stay what they are.
    #[must_use]
    pub fn normalised(&self) -> Self {
        let t = 1.0 / self.noise.sqrt();
        let scaled = |m: &Mat<c64>| Mat::from_fn(m.nrows(), m.ncols(), |i, j| m[(i, j)] * t);
        let list = |v: &[c64]| v.iter().map(|x| x * t).collect::<Vec<_>>();
        Self {
            h_bo: self.h_bo.scaled(t),
            h_e: self.h_e.scaled(t),
            h_ta: list(&self.h_ta),
            h_cl: list(&self.h_cl),
            h_users: scaled(&self.h_users),
            g_bo: self.g_bo.scaled(t),
            g_e: self.g_e.scaled(t),
            g_users: scaled(&self.g_users),
            noise: 1.0,
        }
    }

    /// The network seen in the spans of its own channels, with the bases: beams `w = U w~` have the
    /// same metrics as `w~` here. Loses nothing for spherical errors: projecting a beam is
    /// projecting the channel, and a projected error is no longer than the error. The clutter's
    /// channel is projected too, but does not enlarge the span unless `with_clutter`.
    ///
    /// # Errors
    /// [`Error::Input`] when a link has an ellipsoidal error, for which the reduction is not
    /// lossless, or if a decomposition fails.
    pub fn reduced(&self, with_clutter: bool) -> Result<(Self, Bases), Error> {
        for (name, link) in [
            ("h_bo", &self.h_bo),
            ("h_e", &self.h_e),
            ("g_bo", &self.g_bo),
            ("g_e", &self.g_e),
        ] {
            if link.radius().is_none() {
                return Err(isac_linalg::Error::shape(
                    format!("error set of {name}"),
                    "a ball (the reduction loses errors outside the span)",
                    "an ellipsoid",
                )
                .into());
            }
        }
        let mut first = vec![&self.h_bo.estimate[..], &self.h_e.estimate, &self.h_ta];
        if with_clutter {
            first.push(&self.h_cl);
        }
        let bs1 = basis(&first, self.h_users.as_ref())?;
        let bs2 = basis(
            &[&self.g_bo.estimate, &self.g_e.estimate],
            self.g_users.as_ref(),
        )?;
        let reduced = Self {
            h_bo: self.h_bo.projected(bs1.as_ref()),
            h_e: self.h_e.projected(bs1.as_ref()),
            h_ta: project(bs1.as_ref(), &self.h_ta),
            h_cl: project(bs1.as_ref(), &self.h_cl),
            h_users: isac_linalg::ops::adjoint_mul(bs1.as_ref(), self.h_users.as_ref()),
            g_bo: self.g_bo.projected(bs2.as_ref()),
            g_e: self.g_e.projected(bs2.as_ref()),
            g_users: isac_linalg::ops::adjoint_mul(bs2.as_ref(), self.g_users.as_ref()),
            noise: self.noise,
        };
        Ok((reduced, Bases { bs1, bs2 }))
    }

    /// The same network with relative error radii: `radius = relative * |estimate|` on each of the
    /// four uncertain links.
    ///
    /// # Errors
    /// A negative or non-finite `relative`.
    pub fn with_relative_error(&self, relative: f64) -> Result<Self, Error> {
        validate::nonnegative("relative error radius", relative, "")?;
        let link = |name: &str, link: &UncertainChannel| {
            let squares: f64 = link.estimate.iter().map(|x| x.norm_sqr()).sum();
            UncertainChannel::ball(name, link.estimate.clone(), relative * squares.sqrt())
        };
        Ok(Self {
            h_bo: link("h_bo", &self.h_bo)?,
            h_e: link("h_e", &self.h_e)?,
            g_bo: link("g_bo", &self.g_bo)?,
            g_e: link("g_e", &self.g_e)?,
            ..self.clone()
        })
    }
}

fn basis(links: &[&[c64]], users: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
    let k = links.len();
    // Of unit length each: a faint link spans its direction as a strong one does.
    let unit = |square: f64| {
        if square > 0.0 {
            1.0 / square.sqrt()
        } else {
            0.0
        }
    };
    let lengths: Vec<f64> = (0..k + users.ncols())
        .map(|j| {
            unit(if j < k {
                links[j].iter().map(|x| x.norm_sqr()).sum()
            } else {
                users.col(j - k).squared_norm_l2()
            })
        })
        .collect();
    let all = Mat::from_fn(users.nrows(), k + users.ncols(), |i, j| {
        let entry = if j < k {
            links[j][i]
        } else {
            users[(i, j - k)]
        };
        entry * lengths[j]
    });
    Ok(factor::orthonormal_basis(all.as_ref(), 1e-12)?)
}

fn column(v: &[c64]) -> Mat<c64> {
    Mat::from_fn(v.len(), 1, |i, _| v[i])
}
