//! What every design of a box satisfies, row by row.

use isac_linalg::c64;
use isac_models::csi_error::UncertainChannel;

/// `p`, `z` and `t` as sides of a box; with the free split the users' portions follow.
pub(super) const P: usize = 0;
pub(super) const Z: usize = 1;
pub(super) const T: usize = 2;
pub(super) const PORTIONS: usize = 3;

/// Which inequality a [`Cut`] is, for a channel `x` of an error ball.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Of `h_bo`: `p^2 <= |x^H w_bo|^2`.
    Signal,
    /// Of `h_bo`: `p <= Re x^H w_bo`, the phase of `w_bo` being that of `h_bo`.
    Amplitude,
    /// Of `g_bo`: `z >= noise + sum |x^H o_k|^2`.
    Interference,
    /// Of `g_e`: `beta <= sum |x^H o_k|^2`.
    Jamming,
    /// Of `h_e`: `t >= 2 Re(v* x^H w_bo) - |v|^2 q`, `q = |x^H w_ta|^2 + beta + 1`, for any number `v`.
    Eavesdropping,
    /// Of `h_e`: `|x^H w_bo|^2 <= t_u q` with the upper side of the box.
    Leak,
    /// Of `h_e`: `|x^H w_ta|^2 <= gamma (|x^H w_bo|^2 + beta + 1)`.
    SensingAtEve,
    /// Of `h_e`: `|x^H w_bo|^2 <= |x^H w_ta|^2`.
    OrderAtEve,
    /// Of `h_bo`: the same.
    OrderAtBob,
    /// Of `h_bo`: `|x^H w_ta|^2 >= gamma (|x^H w_bo|^2 + z)`.
    SensingAtBob,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Signal,
        Self::Amplitude,
        Self::Interference,
        Self::Jamming,
        Self::Eavesdropping,
        Self::Leak,
        Self::SensingAtEve,
        Self::OrderAtEve,
        Self::OrderAtBob,
        Self::SensingAtBob,
    ];

    /// As proofs spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Amplitude => "amplitude",
            Self::Interference => "interference",
            Self::Jamming => "jamming",
            Self::Eavesdropping => "eavesdropping",
            Self::Leak => "leak",
            Self::SensingAtEve => "sensing_at_eve",
            Self::OrderAtEve => "order_at_eve",
            Self::OrderAtBob => "order_at_bob",
            Self::SensingAtBob => "sensing_at_bob",
        }
    }
}

/// One inequality at one channel of an error ball.
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    /// Which.
    pub kind: Kind,
    /// The channel's error, no longer than the radius.
    pub error: Vec<c64>,
    /// `v` of [`Kind::Eavesdropping`], else 0.
    pub slope: c64,
}

/// A link: its estimate and the radius of its errors.
pub(super) struct Ball {
    pub(super) centre: Vec<c64>,
    pub(super) radius: f64,
}

impl Ball {
    pub(super) fn new(link: &UncertainChannel, scale: f64) -> Self {
        Self {
            centre: link.estimate.iter().map(|x| x * scale).collect(),
            radius: link.radius().unwrap_or(0.0) * scale,
        }
    }

    pub(super) fn at(&self, error: &[c64]) -> Vec<c64> {
        self.centre.iter().zip(error).map(|(c, d)| c + d).collect()
    }
}

/// An expression that no design of the box makes negative: a sum of `weight |x^H w|^2` over the beams, of
/// multiples of their powers and of the numbers of the box.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// Terms of `w_bo`, `w_ta` and of single streams.
    pub(super) data: Vec<(f64, Vec<c64>)>,
    pub(super) sensing: Vec<(f64, Vec<c64>)>,
    pub(super) streams: Vec<(usize, f64, Vec<c64>)>,
    /// Multiples of `|w_bo|^2`, `|w_ta|^2` and of the power of all streams.
    pub(super) power: [f64; 3],
    /// `2 Re c^H w_bo`.
    pub(super) linear: Option<Vec<c64>>,
    pub(super) p: f64,
    pub(super) square: f64,
    pub(super) z: f64,
    pub(super) t: f64,
    pub(super) beta: f64,
    pub(super) constant: f64,
    /// Whether the search may pay for breaking it.
    pub(super) elastic: bool,
}

/// Rows that no channel error enters, then the cuts.
pub(super) struct Rows {
    pub(super) fixed: Vec<Row>,
    pub(super) cuts: Vec<Row>,
}

/// Multipliers: `m` of the tangent of the logarithm, one per fixed row, one per cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Multipliers {
    /// The tangent of `ln x` at `1 / m`.
    pub m: f64,
    /// Of the rows without channel errors, in the order of [`super`].
    pub fixed: Vec<f64>,
    /// The cuts with their multipliers.
    pub cuts: Vec<(Cut, f64)>,
}
