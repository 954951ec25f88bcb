//! Channels at which a relaxation's optimum breaks rows that it does not have, and what its chords lose.

use super::super::problem::dot;
use super::cut::{Cut, Kind, P, PORTIONS, T, Z};
use super::data::Data;
use super::program::Point;
use crate::Error;
use isac_linalg::{ColRef, Mat, c64, factor, hermitian, ops, trust_region};
use isac_opt::global::Cell;

/// Phases at which a channel's component along the greatest eigenvector is tried.
const PHASES: usize = 3;
/// Part of a radius that errors stay within, so that rounding keeps them in the ball.
const INSIDE: f64 = 1.0 - 1e-14;
/// What a missing bit of the users weighs against one of Bob's.
const SHARE: f64 = 0.7;
/// Room beside a share, bps/Hz, that makes it a place to split at.
const ROOM: f64 = 0.1;
/// An SINR at Eve that is small.
const SMALL: f64 = 0.01;
/// How far a row may be broken, over the size of what it compares.
const BROKEN: f64 = 1e-5;

/// Cuts that the point breaks.
pub(super) fn separate(data: &Data, cell: &Cell, at: &Point) -> Result<Vec<Cut>, Error> {
    let mut out = Vec::new();
    for kind in data.kinds() {
        if kind == Kind::Amplitude {
            out.extend(amplitude(data, at));
            continue;
        }
        let (form, most, size) = broken(data, cell, at, kind);
        let most = most + BROKEN * size;
        let ball = data.ball(kind);
        let form = hermitian::hermitian_part(form.as_ref());
        let eigen = factor::eigh(form.as_ref())?;
        let centre = ColRef::from_slice(&ball.centre);
        let found = trust_region::max_over_ball_in(&eigen, centre, ball.radius)?;
        if found.value <= most {
            continue;
        }
        let worst = (0..ball.centre.len()).map(|i| found.point[i] - ball.centre[i]);
        let worst: Vec<c64> = worst.collect();
        let top = eigen.vectors.col(eigen.vectors.ncols() - 1);
        let top: Vec<c64> = top.iter().copied().collect();
        let along = dot(&top, &worst);
        for phase in 0..PHASES {
            let turn = c64::cis(std::f64::consts::TAU * phase as f64 / PHASES as f64) - c64::ONE;
            let turned = worst.iter().zip(&top).map(|(d, v)| d + v * (along * turn));
            let error = inside(turned.collect(), ball.radius);
            let x = ball.at(&error);
            let seen = |form: &Mat<c64>| ops::quadratic_form(form.as_ref(), ColRef::from_slice(&x));
            if phase > 0 && seen(&form) <= most {
                continue;
            }
            let slope = if kind == Kind::Eavesdropping {
                let heard = seen(&at.sensing) + data.isotropic * dot(&x, &x).re + at.beta + 1.0;
                dot(&x, &at.beam) / heard
            } else {
                c64::ZERO
            };
            out.push(Cut { kind, error, slope });
        }
    }
    Ok(out)
}

/// A form that must not exceed a number over the ball, that number, and the size of what is compared.
fn broken(data: &Data, cell: &Cell, at: &Point, kind: Kind) -> (Mat<c64>, f64, f64) {
    let (gamma, iso, heard) = (data.gamma, data.isotropic, at.beta + 1.0);
    let mix = |a: f64, b: f64, identity: f64| mixed(&at.data, &at.sensing, [a, b, identity]);
    match kind {
        Kind::Signal => (mix(-1.0, 0.0, 0.0), -at.square, at.square),
        Kind::Amplitude | Kind::Interference => (at.streams.clone(), at.z - data.noise, at.z),
        Kind::Jamming => {
            let mut form = at.streams.clone();
            ops::scale(form.as_mut(), -1.0);
            (form, -at.beta, heard)
        }
        Kind::Eavesdropping => {
            let m1 = at.beam.len();
            let beam = Mat::from_fn(m1, m1, |i, j| at.beam[i] * at.beam[j].conj());
            let form = mixed(&beam, &at.sensing, [1.0, -at.t, -at.t * iso]);
            (form, at.t * heard, heard * (at.t + SMALL))
        }
        Kind::Leak => {
            let t = cell.upper()[T];
            (mix(1.0, -t, -t * iso), t * heard, heard * (t + SMALL))
        }
        Kind::SensingAtEve => (mix(-gamma, 1.0, -gamma * iso), gamma * heard, gamma * heard),
        // Channels are over the noise, which is the 1.
        Kind::OrderAtEve | Kind::OrderAtBob => (mix(1.0, -1.0, 0.0), 0.0, at.square.max(1.0)),
        Kind::SensingAtBob => (mix(gamma, -1.0, 0.0), -gamma * at.z, gamma * at.z),
    }
}

/// `a A + b B + c I`.
fn mixed(a: &Mat<c64>, b: &Mat<c64>, by: [f64; 3]) -> Mat<c64> {
    let mut out = b.clone();
    ops::scale(out.as_mut(), by[1]);
    ops::axpy(out.as_mut(), by[0], a.as_ref());
    ops::shifted(out.as_ref(), by[2])
}

/// Bob's channel at which the beam arrives with the least amplitude.
fn amplitude(data: &Data, at: &Point) -> Option<Cut> {
    let kind = Kind::Amplitude;
    let ball = data.ball(kind);
    let length = dot(&at.beam, &at.beam).re.sqrt().max(f64::MIN_POSITIVE);
    let error = at.beam.iter().map(|w| -w * (ball.radius / length));
    let error = inside(error.collect(), ball.radius);
    let arrives = dot(&ball.at(&error), &at.beam).re;
    let slope = c64::ZERO;
    (arrives < at.p * (1.0 - BROKEN)).then_some(Cut { kind, error, slope })
}

/// An error within the ball whatever rounding did.
fn inside(mut error: Vec<c64>, radius: f64) -> Vec<c64> {
    let length = dot(&error, &error).re.sqrt();
    if length > radius * INSIDE {
        let shrink = radius * INSIDE / length;
        error.iter_mut().for_each(|d| *d *= shrink);
    }
    error
}

/// How much the chords of a box lose at the relaxation's point, in bps/Hz, by axis, with the place to
/// split at.
pub(super) fn losses(
    data: &Data,
    cell: &Cell,
    at: &Point,
) -> Result<Vec<(f64, usize, f64)>, Error> {
    let (low, high) = (cell.lower(), cell.upper());
    let scale = 1.0 / std::f64::consts::LN_2;
    let chord = |f: &dyn Fn(f64) -> f64, k: usize, x: f64| {
        let share = ((x - low[k]) / (high[k] - low[k])).clamp(0.0, 1.0);
        f(x) - (f(low[k]) * (1.0 - share) + f(high[k]) * share)
    };
    let (log, log1) = (|z: f64| scale * z.ln(), |t: f64| scale * t.ln_1p());
    let seen = leaked(data, at)?.clamp(at.t, high[T].max(at.t));
    let eve = log1(seen) - log1(at.t) + chord(&log1, T, at.t);
    let mut out = vec![
        (
            scale * ((at.square - at.p * at.p) / (at.z + at.p * at.p)).max(0.0),
            P,
            at.p,
        ),
        (chord(&log, Z, at.z), Z, at.z),
        (eve, T, 0.5 * (seen + at.t)),
    ];
    if let Some((shares, missing)) = &at.shares {
        // The share with most room on its shorter side.
        let inner = shares.iter().enumerate().map(|(n, share)| {
            let k = PORTIONS + n;
            let share = share.clamp(low[k], high[k]);
            ((share - low[k]).min(high[k] - share), k, share)
        });
        let widest = (PORTIONS..low.len()).map(|k| (high[k] - low[k], k, 0.5 * (low[k] + high[k])));
        let by_size = |a: &(f64, usize, f64), b: &(f64, usize, f64)| a.0.total_cmp(&b.0);
        let best = inner.max_by(by_size).filter(|(room, ..)| *room > ROOM);
        if let Some((_, k, share)) = best.or_else(|| widest.max_by(by_size)) {
            out.push((SHARE * missing, k, share));
        }
    }
    out.retain(|(loss, k, _)| *loss > 0.0 && high[*k] > low[*k]);
    Ok(out)
}

/// Eve's greatest SINR of the relaxed data covariance.
fn leaked(data: &Data, at: &Point) -> Result<f64, Error> {
    let ball = data.ball(Kind::Leak);
    let centre = ColRef::from_slice(&ball.centre);
    let iso = data.isotropic;
    let mut t = at.t;
    for _ in 0..6 {
        let form = mixed(&at.data, &at.sensing, [1.0, -t, -t * iso]);
        let form = hermitian::hermitian_part(form.as_ref());
        let x = trust_region::max_over_ball(form.as_ref(), centre, ball.radius)?.point;
        let q = ops::quadratic_form(at.sensing.as_ref(), x.as_ref())
            + iso * x.squared_norm_l2()
            + at.beta
            + 1.0;
        let next = ops::quadratic_form(at.data.as_ref(), x.as_ref()) / q;
        if next <= t * (1.0 + 1e-6) {
            break;
        }
        t = next;
    }
    Ok(t)
}
