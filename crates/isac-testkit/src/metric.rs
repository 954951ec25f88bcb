//! Invariants that every metric of a downlink must keep, as checks for a metric of your own.
//!
//! A metric maps a [`Downlink`] to numbers: one per user, or any fixed count. Each check transforms
//! the downlink in a way that must not matter, or that must matter in a known direction, evaluates
//! the metric before and after, and returns a [`Violation`] with both values and the recipe of the
//! instance, which is short: four sizes and a seed.
//!
//! | check | what is done | what must follow |
//! |---|---|---|
//! | [`phase`] | every beam and every channel is turned by a phase of its own | nothing |
//! | [`unitary`] | channels and beams are rotated together | nothing |
//! | [`permutation`] | users change places, with their beams and noise | the values change places |
//! | [`sensing_order`] | the sensing streams change places | nothing |
//! | [`units`] | watts become picowatts, or gains are moved from channels to beams | nothing |
//! | [`power`] | all beams grow | every value rises or falls |
//! | [`noise`] | the noise grows | every value rises or falls |
//! | [`psd`], [`loewner`] | | a matrix is positive semidefinite, or above another |
//! | [`values`], [`trend`] | what you like | equality, an inequality |
//!
//! # A worked example
//! A sum rate with a mistake: interference is counted from the users' beams alone, so a sensing
//! stream may change places with a user's beam for nothing, and what the user hears of the sensing
//! streams is missing. Order and phases do not show it; the total received power does.
//!
//! ```
//! use isac_testkit::metric::{self, Downlink, Trend};
//!
//! /// `log2(1 + SINR_k)`, but without the sensing streams' interference.
//! fn rates(x: &Downlink) -> Vec<f64> {
//!     let received = x.received();
//!     (0..x.users())
//!         .map(|k| {
//!             let others = (0..x.users()).filter(|&j| j != k);
//!             let rest = others.map(|j| received[(k, j)]).sum::<f64>() + x.noise[k];
//!             (received[(k, k)] / rest).ln_1p() / std::f64::consts::LN_2
//!         })
//!         .collect()
//! }
//!
//! /// No receiver can hear more than all that arrives: `sum_k 2^rate <= total power / noise`.
//! fn hears_what_arrives(x: &Downlink) -> Result<(), metric::Violation> {
//!     let received = x.received();
//!     let rates = rates(x);
//!     let own = (0..x.users()).map(|k| received[(k, k)]).collect::<Vec<_>>();
//!     let stated = (0..x.users()).map(|k| own[k] / (2f64.powf(rates[k]) - 1.0));
//!     let heard = (0..x.users()).map(|k| {
//!         let all = 0..received.ncols();
//!         all.filter(|&j| j != k).map(|j| received[(k, j)]).sum::<f64>() + x.noise[k]
//!     });
//!     metric::values("interference", &stated.collect::<Vec<_>>(), &heard.collect::<Vec<_>>(), 1e-9)
//!         .map_err(|v| v.at(x))
//! }
//!
//! // Invariants hold all the same ...
//! for x in metric::sample(32) {
//!     metric::phase(rates, &x, 1e-9)?;
//!     metric::unitary(rates, &x, 1e-9)?;
//!     metric::permutation(rates, &x, 1e-9)?;
//!     metric::units(rates, &x, 1e-9)?;
//!     metric::power(rates, &x, Trend::Rises)?;
//! }
//! // ... and the counterexample is the smallest downlink with a sensing stream.
//! let smallest = metric::smallest(64, hears_what_arrives).unwrap_err();
//! assert_eq!(smallest.recipe.unwrap().sensing, 1);
//! assert_eq!(smallest.recipe.unwrap().users, 1);
//! assert!(smallest.to_string().contains("Downlink::draw(1, 1, 1, "));
//! # Ok::<(), metric::Violation>(())
//! ```
//!
//! In a proptest, take the downlink from [`strategies::downlink`](crate::strategies::downlink); a
//! violation is an error, so `?` reports it, and proptest prints the recipe it has shrunk to.

use crate::sample;
use isac_linalg::{Mat, MatRef, c64, ops, real};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use std::fmt;

/// Sizes and seed from which a [`Downlink`] is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Transmit antennas.
    pub antennas: usize,
    /// Users.
    pub users: usize,
    /// Sensing streams.
    pub sensing: usize,
    /// Seed of all numbers.
    pub seed: u64,
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            antennas,
            users,
            sensing,
            seed,
        } = self;
        write!(f, "Downlink::draw({antennas}, {users}, {sensing}, {seed})")
    }
}

/// A downlink: channels, beams and noise. Printed as its recipe.
#[derive(Clone)]
pub struct Downlink {
    /// Where it comes from.
    pub recipe: Recipe,
    /// Channel `H`, antennas x users; user `k` receives `h_k^H x`.
    pub channel: Mat<c64>,
    /// Beams `[W_c, W_s]`, antennas x (users + sensing), sqrt(W).
    pub beamformer: Mat<c64>,
    /// Noise of each user, W.
    pub noise: Vec<f64>,
}

impl fmt::Debug for Downlink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.recipe.fmt(f)
    }
}

impl Downlink {
    /// Rayleigh channels with path gains over six decades, Gaussian beams with powers over four, and
    /// noise over three decades around the received power.
    pub fn draw(antennas: usize, users: usize, sensing: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let decades = |count: usize, from: f64, to: f64, rng: &mut ChaCha8Rng| -> Vec<f64> {
            let mut one = || 10f64.powf(from + (to - from) * rng.random::<f64>());
            (0..count).map(|_| one()).collect()
        };
        let gains = decades(users, -6.0, 0.0, &mut rng);
        let powers = decades(users + sensing, -3.0, 1.0, &mut rng);
        let noise = decades(users, -2.0, 1.0, &mut rng);
        let scaled = |m: Mat<c64>, squares: &[f64]| {
            Mat::from_fn(m.nrows(), m.ncols(), |i, j| m[(i, j)] * squares[j].sqrt())
        };
        let channel = scaled(sample::gaussian(antennas, users, &mut rng), &gains);
        let beamformer = scaled(
            sample::gaussian(antennas, users + sensing, &mut rng),
            &powers,
        );
        let total = ops::norm2(beamformer.as_ref());
        Self {
            recipe: Recipe {
                antennas,
                users,
                sensing,
                seed,
            },
            channel,
            beamformer,
            noise: noise
                .iter()
                .zip(&gains)
                .map(|(n, g)| n * g * total)
                .collect(),
        }
    }

    /// Number of users.
    pub fn users(&self) -> usize {
        self.channel.ncols()
    }

    /// Received powers `|h_k^H w_j|^2`, users x streams, W: entry by entry, from the definition.
    pub fn received(&self) -> Mat<f64> {
        Mat::from_fn(self.users(), self.beamformer.ncols(), |k, j| {
            let terms = (0..self.channel.nrows())
                .map(|n| self.channel[(n, k)].conj() * self.beamformer[(n, j)]);
            terms.sum::<c64>().norm_sqr()
        })
    }

    /// The same downlink with other channels, beams and noise.
    fn with(&self, channel: Mat<c64>, beamformer: Mat<c64>, noise: Vec<f64>) -> Self {
        Self {
            recipe: self.recipe,
            channel,
            beamformer,
            noise,
        }
    }

    fn rng(&self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(!self.recipe.seed)
    }
}

/// A property that does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The property.
    pub property: String,
    /// Which of the values.
    pub index: usize,
    /// Its value before, or the left side.
    pub left: f64,
    /// Its value after, or the right side.
    pub right: f64,
    /// The instance, where it is a downlink.
    pub recipe: Option<Recipe>,
}

impl Violation {
    fn new(property: &str, index: usize, left: f64, right: f64) -> Self {
        Self {
            property: property.into(),
            index,
            left,
            right,
            recipe: None,
        }
    }

    /// The same at this instance.
    #[must_use]
    pub fn at(self, x: &Downlink) -> Self {
        Self {
            recipe: Some(x.recipe),
            ..self
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            property,
            index,
            left,
            right,
            recipe,
        } = self;
        write!(
            f,
            "{property}: value {index} is {left:e} before and {right:e} after"
        )?;
        recipe.map_or(Ok(()), |recipe| write!(f, " at {recipe}"))
    }
}

impl std::error::Error for Violation {}

/// Which way values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// Never down.
    Rises,
    /// Never up.
    Falls,
}

/// `count` downlinks of up to six antennas, four users and three sensing streams, the small ones first.
pub fn sample(count: u64) -> impl Iterator<Item = Downlink> {
    (0..count).map(|seed| {
        let size = |most: u64, turn: u64| (1 + (seed / turn) % most) as usize;
        Downlink::draw(size(6, 1), size(4, 3), size(4, 5) - 1, seed)
    })
}

/// Checks a property on `count` downlinks; of those that fail, the violation of the smallest.
///
/// # Errors
/// The violation at the downlink with the fewest numbers, antennas breaking ties.
pub fn smallest(
    count: u64,
    property: impl Fn(&Downlink) -> Result<(), Violation>,
) -> Result<(), Violation> {
    let size = |r: Recipe| ((r.users + r.sensing) * r.antennas, r.antennas, r.seed);
    let mut worst: Option<Violation> = None;
    let mut candidates: Vec<Downlink> = sample(count).collect();
    // Every small size besides, so that a counterexample is small if a small one exists.
    for seed in 0..count.min(8) {
        for sensing in 0..2 {
            for users in 1..3 {
                candidates.push(Downlink::draw(1, users, sensing, seed));
                candidates.push(Downlink::draw(2, users, sensing, seed));
            }
        }
    }
    candidates.sort_by_key(|x| size(x.recipe));
    for x in &candidates {
        if worst.is_none()
            && let Err(violation) = property(x)
        {
            worst = Some(violation.at(x));
        }
    }
    worst.map_or(Ok(()), Err)
}

/// Values agree to `rel` of the largest.
///
/// # Errors
/// The first pair that does not, also for NaN and for lists of different length.
pub fn values(property: &str, left: &[f64], right: &[f64], rel: f64) -> Result<(), Violation> {
    if left.len() != right.len() {
        let (left, right) = (left.len() as f64, right.len() as f64);
        return Err(Violation::new(
            &format!("{property}, count"),
            0,
            left,
            right,
        ));
    }
    for (i, (&a, &b)) in left.iter().zip(right).enumerate() {
        // Each against its own size: a small value beside a large one has digits of its own.
        let fine = (a - b).abs() <= rel * a.abs().max(b.abs()) + f64::MIN_POSITIVE;
        if !fine && a.to_bits() != b.to_bits() {
            return Err(Violation::new(property, i, a, b));
        }
    }
    Ok(())
}

/// Every value after is not below (or not above) its value before, up to a relative `1e-12`.
///
/// # Errors
/// The first value that goes the other way, also for NaN.
pub fn trend(property: &str, before: &[f64], after: &[f64], trend: Trend) -> Result<(), Violation> {
    for (i, (&a, &b)) in before.iter().zip(after).enumerate() {
        let slack = 1e-12 * a.abs().max(b.abs());
        let fine = match trend {
            Trend::Rises => b >= a - slack,
            Trend::Falls => b <= a + slack,
        };
        if !fine {
            return Err(Violation::new(property, i, a, b));
        }
    }
    Ok(())
}

/// Every beam and every channel may be turned by a phase of its own.
///
/// # Errors
/// The first value that changes by more than a relative `rel`.
pub fn phase(
    metric: impl Fn(&Downlink) -> Vec<f64>,
    x: &Downlink,
    rel: f64,
) -> Result<(), Violation> {
    let mut rng = x.rng();
    let mut turned = |m: &Mat<c64>| {
        let phases: Vec<c64> = (0..m.ncols())
            .map(|_| c64::cis(std::f64::consts::TAU * rng.random::<f64>()))
            .collect();
        Mat::from_fn(m.nrows(), m.ncols(), |i, j| m[(i, j)] * phases[j])
    };
    let (channel, beamformer) = (turned(&x.channel), turned(&x.beamformer));
    let after = metric(&x.with(channel, beamformer, x.noise.clone()));
    values("phase invariance", &metric(x), &after, rel).map_err(|v| v.at(x))
}

/// Channels and beams may be rotated together, `H -> U H`, `W -> U W`.
///
/// # Errors
/// The first value that changes by more than a relative `rel`.
pub fn unitary(
    metric: impl Fn(&Downlink) -> Vec<f64>,
    x: &Downlink,
    rel: f64,
) -> Result<(), Violation> {
    let u = sample::unitary(x.channel.nrows(), &mut x.rng());
    let turned = |m: &Mat<c64>| ops::mul(u.as_ref(), m.as_ref());
    let rotated = x.with(turned(&x.channel), turned(&x.beamformer), x.noise.clone());
    values("unitary invariance", &metric(x), &metric(&rotated), rel).map_err(|v| v.at(x))
}

/// The last user becomes the first, with its beam and noise. A metric of one value per user must
/// follow, another must not change.
///
/// # Errors
/// The first value that differs by more than a relative `rel`.
pub fn permutation(
    metric: impl Fn(&Downlink) -> Vec<f64>,
    x: &Downlink,
    rel: f64,
) -> Result<(), Violation> {
    let users = x.users();
    let from = |k: usize| (k + users - 1) % users;
    let channel = Mat::from_fn(x.channel.nrows(), users, |i, k| x.channel[(i, from(k))]);
    let (rows, cols) = (x.beamformer.nrows(), x.beamformer.ncols());
    let beamformer = Mat::from_fn(rows, cols, |i, j| {
        x.beamformer[(i, if j < users { from(j) } else { j })]
    });
    let noise = (0..users).map(|k| x.noise[from(k)]).collect();
    let before = metric(x);
    let expected: Vec<f64> = if before.len() == users {
        (0..users).map(|k| before[from(k)]).collect()
    } else {
        before
    };
    let after = metric(&x.with(channel, beamformer, noise));
    values("permutation of users", &expected, &after, rel).map_err(|v| v.at(x))
}

/// The sensing streams, the columns after the users', may stand in any order.
///
/// # Errors
/// The first value that changes by more than a relative `rel`.
pub fn sensing_order(
    metric: impl Fn(&Downlink) -> Vec<f64>,
    x: &Downlink,
    rel: f64,
) -> Result<(), Violation> {
    let (users, cols) = (x.users(), x.beamformer.ncols());
    let reversed = Mat::from_fn(x.beamformer.nrows(), cols, |i, j| {
        x.beamformer[(i, if j < users { j } else { cols - 1 - (j - users) })]
    });
    let after = metric(&x.with(x.channel.clone(), reversed, x.noise.clone()));
    values("order of sensing streams", &metric(x), &after, rel).map_err(|v| v.at(x))
}

/// Ratios of powers do not depend on the unit: watts may become picowatts, and an attenuator may be
/// taken from the channels to the receivers' noise.
///
/// # Errors
/// The first value that changes by more than a relative `rel`.
pub fn units(
    metric: impl Fn(&Downlink) -> Vec<f64>,
    x: &Downlink,
    rel: f64,
) -> Result<(), Violation> {
    let scaled = |m: &Mat<c64>, t: f64| Mat::from_fn(m.nrows(), m.ncols(), |i, j| m[(i, j)] * t);
    let before = metric(x);
    // Not powers of two: rounding must not hide anything.
    for t in [1e-6, 3.7e-9, 1e6] {
        let noise: Vec<f64> = x.noise.iter().map(|n| n * t * t).collect();
        let unit = x.with(x.channel.clone(), scaled(&x.beamformer, t), noise.clone());
        values("unit of power", &before, &metric(&unit), rel).map_err(|v| v.at(x))?;
        let gain = x.with(scaled(&x.channel, t), x.beamformer.clone(), noise);
        values("unit of gain", &before, &metric(&gain), rel).map_err(|v| v.at(x))?;
        let moved = x.with(
            scaled(&x.channel, t),
            scaled(&x.beamformer, 1.0 / t),
            x.noise.clone(),
        );
        values("gain moved to the beams", &before, &metric(&moved), rel).map_err(|v| v.at(x))?;
    }
    Ok(())
}

/// All beams grow by the same factor.
///
/// # Errors
/// The first value that goes against the trend.
pub fn power(
    metric: impl Fn(&Downlink) -> Vec<f64>,
    x: &Downlink,
    direction: Trend,
) -> Result<(), Violation> {
    let mut before = metric(x);
    for t in [1.5, 10.0, 1e3] {
        let mut beamformer = x.beamformer.clone();
        ops::scale(beamformer.as_mut(), t);
        let after = metric(&x.with(x.channel.clone(), beamformer, x.noise.clone()));
        trend("more power", &before, &after, direction).map_err(|v| v.at(x))?;
        before = after;
    }
    Ok(())
}

/// The noise of every user grows.
///
/// # Errors
/// The first value that goes against the trend.
pub fn noise(
    metric: impl Fn(&Downlink) -> Vec<f64>,
    x: &Downlink,
    direction: Trend,
) -> Result<(), Violation> {
    let mut before = metric(x);
    for t in [1.5, 10.0, 1e3] {
        let noise = x.noise.iter().map(|n| n * t).collect();
        let after = metric(&x.with(x.channel.clone(), x.beamformer.clone(), noise));
        trend("more noise", &before, &after, direction).map_err(|v| v.at(x))?;
        before = after;
    }
    Ok(())
}

/// A symmetric matrix has no eigenvalue below `-rel` times its largest after scaling to unit
/// diagonal, so that every parameter counts in its own unit.
///
/// # Errors
/// The eigenvalue and the largest; also for a matrix that is not symmetric to `rel`, or not finite.
pub fn psd(property: &str, a: MatRef<'_, f64>, rel: f64) -> Result<(), Violation> {
    loewner(property, Mat::zeros(a.nrows(), a.ncols()).as_ref(), a, rel)
}

/// `larger - smaller` is positive semidefinite, relative to the diagonal of the larger matrix.
///
/// # Errors
/// The offending eigenvalue and the largest of the scaled larger matrix; also for a difference that
/// is not symmetric or not finite.
pub fn loewner(
    property: &str,
    smaller: MatRef<'_, f64>,
    larger: MatRef<'_, f64>,
    rel: f64,
) -> Result<(), Violation> {
    let n = larger.nrows();
    let scale: Vec<f64> = (0..n)
        .map(|i| {
            let size = larger[(i, i)].abs().max(smaller[(i, i)].abs());
            if size > 0.0 { 1.0 / size.sqrt() } else { 1.0 }
        })
        .collect();
    let gap = Mat::from_fn(n, n, |i, j| {
        (larger[(i, j)] - smaller[(i, j)]) * scale[i] * scale[j]
    });
    for i in 0..n {
        for j in 0..i {
            let (lower, upper) = (gap[(i, j)], gap[(j, i)]);
            if (lower - upper).abs() > rel {
                let property = format!("{property}, symmetry");
                return Err(Violation::new(&property, i, lower, upper));
            }
        }
    }
    let Ok(values) = real::eigvalsh(gap.as_ref()) else {
        return Err(Violation::new(property, 0, f64::NAN, f64::NAN));
    };
    let top = n as f64;
    match values.first() {
        Some(&least) if least < -rel * top => Err(Violation::new(property, 0, least, top)),
        _ => Ok(()),
    }
}
