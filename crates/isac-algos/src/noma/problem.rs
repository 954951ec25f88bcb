//! The scene that every design of `[noma]` shares, validated, with users in decoding order.

use crate::Error;
use isac_linalg::kernel::{Field, Real, Twofold, TwofoldComplex};
use isac_linalg::{Mat, MatRef, c64, ops, precise, validate};
use isac_metrics::noma::{Pair, SicSet};
use serde::{Deserialize, Serialize};

/// What the targets are owed: Eqs. (12e) to (12g) of `[noma]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensing {
    /// Least pattern value `P_s` at every target, watt, >= 0.
    pub floor: f64,
    /// Largest difference `P_diff` of two targets' pattern values, watt, >= 0.
    pub difference: f64,
    /// Bound `xi` on the mean squared cross-correlation, watt squared, > 0; `None`: no bound.
    pub cross_correlation: Option<f64>,
}

/// Weights of the power that is minimised or limited: `rho_c tr R + rho_s sum_m P_m`.
///
/// The default (1, 1) is the accounting of Eq. (8b) of `[noma]`, which adds pattern values to a
/// transmit power; (1, 0) is the physical transmit power.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PowerWeights {
    /// `rho_c`, > 0.
    pub transmit: f64,
    /// `rho_s`, >= 0.
    pub sensing: f64,
}

impl Default for PowerWeights {
    fn default() -> Self {
        Self {
            transmit: 1.0,
            sensing: 1.0,
        }
    }
}

/// How messages are decoded and power is counted.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mode {
    /// Which user decodes which message.
    pub sic: SicSet,
    /// Whether received powers must descend with the message index at every user, Eq. (3).
    pub ordering: bool,
    /// Weights of the power.
    pub weights: PowerWeights,
}

/// Channels, targets, noise and mode: everything but the SINR targets. A value that exists is
/// valid.
///
/// Inside, users stand in decoding order (ascending channel norm; equal norms keep their order).
/// [`Scene::user`] maps a position back to the caller's column.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "StatedScene", into = "StatedScene")]
pub struct Scene {
    channels: Mat<c64>,
    order: Vec<usize>,
    steering: Mat<c64>,
    noise: f64,
    sensing: Sensing,
    mode: Mode,
}

/// What a document states of a [`Scene`], before it is checked; users in the caller's order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedScene {
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    channels: Mat<c64>,
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    steering: Mat<c64>,
    noise: f64,
    sensing: Sensing,
    mode: Mode,
}

impl From<Scene> for StatedScene {
    fn from(scene: Scene) -> Self {
        let (antennas, users) = (scene.antennas(), scene.users());
        let mut channels = Mat::zeros(antennas, users);
        for (position, &column) in scene.order.iter().enumerate() {
            channels
                .col_mut(column)
                .copy_from(scene.channels.col(position));
        }
        Self {
            channels,
            steering: scene.steering,
            noise: scene.noise,
            sensing: scene.sensing,
            mode: scene.mode,
        }
    }
}

impl TryFrom<StatedScene> for Scene {
    type Error = Error;
    fn try_from(stated: StatedScene) -> Result<Self, Error> {
        Self::new(
            stated.channels.as_ref(),
            stated.steering.as_ref(),
            stated.noise,
            stated.sensing,
            stated.mode,
        )
    }
}

impl Scene {
    /// Checks the input and sorts the users.
    ///
    /// | argument | symbol | shape, unit |
    /// |---|---|---|
    /// | `channels` | `h_1..h_K` | antennas x users, any order |
    /// | `steering` | `alpha_1..alpha_M` | antennas x targets; no targets: `N x 0` |
    /// | `noise` | `sigma^2` | watt, > 0 |
    ///
    /// # Errors
    /// No antenna or no user, shapes that differ, entries that are not finite, a zero channel,
    /// `noise <= 0`, a negative floor or difference, a bound on the cross-correlation that is not
    /// positive, `weights.transmit <= 0`, `weights.sensing < 0`.
    pub fn new(
        channels: MatRef<'_, c64>,
        steering: MatRef<'_, c64>,
        noise: f64,
        sensing: Sensing,
        mode: Mode,
    ) -> Result<Self, Error> {
        let (antennas, users) = (channels.nrows(), channels.ncols());
        if antennas == 0 || users == 0 {
            return Err(isac_linalg::Error::shape(
                "channels",
                "antennas x users, at least 1 x 1",
                format!("{antennas} x {users}"),
            )
            .into());
        }
        validate::finite("channels", channels)?;
        validate::shape("steering", steering, antennas, steering.ncols())?;
        validate::finite("steering", steering)?;
        validate::positive("noise", noise, "W")?;
        validate::nonnegative("sensing floor", sensing.floor, "W")?;
        validate::nonnegative("sensing difference", sensing.difference, "W")?;
        if let Some(xi) = sensing.cross_correlation {
            validate::positive("cross-correlation bound", xi, "W^2")?;
        }
        validate::positive("transmit power weight", mode.weights.transmit, "")?;
        validate::nonnegative("sensing power weight", mode.weights.sensing, "")?;

        let norms: Vec<f64> = (0..users).map(|k| channels.col(k).norm_l2()).collect();
        for (k, &norm) in norms.iter().enumerate() {
            validate::positive(&format!("norm of channel {k}"), norm, "")?;
        }
        for m in 0..steering.ncols() {
            let norm = steering.col(m).norm_l2();
            validate::positive(&format!("norm of steering vector {m}"), norm, "")?;
        }
        let mut order: Vec<usize> = (0..users).collect();
        order.sort_by(|&a, &b| norms[a].total_cmp(&norms[b]));
        Ok(Self {
            channels: Mat::from_fn(antennas, users, |n, k| channels[(n, order[k])]),
            order,
            steering: steering.to_owned(),
            noise,
            sensing,
            mode,
        })
    }

    /// The same scene under another mode.
    ///
    /// # Errors
    /// As [`Scene::new`].
    pub fn with_mode(&self, mode: Mode) -> Result<Self, Error> {
        validate::positive("transmit power weight", mode.weights.transmit, "")?;
        validate::nonnegative("sensing power weight", mode.weights.sensing, "")?;
        Ok(Self {
            mode,
            ..self.clone()
        })
    }

    /// The same scene with the users at these decoding positions only.
    pub(crate) fn keep_position(&self, position: usize) -> Self {
        Self {
            channels: self.channels.subcols(position, 1).to_owned(),
            order: vec![0],
            ..self.clone()
        }
    }

    /// Number of antennas `N`.
    pub fn antennas(&self) -> usize {
        self.channels.nrows()
    }

    /// Number of users `K`.
    pub fn users(&self) -> usize {
        self.channels.ncols()
    }

    /// Number of targets `M`.
    pub fn targets(&self) -> usize {
        self.steering.ncols()
    }

    /// Channels in decoding order, antennas x users.
    pub fn channels(&self) -> MatRef<'_, c64> {
        self.channels.as_ref()
    }

    /// Steering vectors, antennas x targets.
    pub fn steering(&self) -> MatRef<'_, c64> {
        self.steering.as_ref()
    }

    /// Noise variance `sigma^2`, watt.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    /// What the targets are owed.
    pub fn sensing(&self) -> Sensing {
        self.sensing
    }

    /// Decoding mode and power weights.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The caller's column of the user at a decoding position.
    pub fn user(&self, position: usize) -> usize {
        self.order[position]
    }

    /// Decoding pairs, by decoding position.
    pub fn pairs(&self) -> Vec<Pair> {
        self.mode.sic.pairs(self.users())
    }

    /// The pairs `p < m` of targets.
    pub fn target_pairs(&self) -> Vec<(usize, usize)> {
        let targets = self.targets();
        (0..targets)
            .flat_map(|p| (p + 1..targets).map(move |m| (p, m)))
            .collect()
    }

    /// Radius `Xi = sqrt(xi M (M - 1) / 2)` of the stacked cross-correlations; `None` when there is
    /// no bound or fewer than two targets.
    pub fn cross_correlation_radius(&self) -> Option<f64> {
        let pairs = self.target_pairs().len();
        match self.sensing.cross_correlation {
            Some(xi) if pairs > 0 => Some((xi * pairs as f64).sqrt()),
            _ => None,
        }
    }

    /// SINR targets `gamma` (linear, > 0) of the caller's users, put into decoding order.
    ///
    /// # Errors
    /// A wrong number of targets, or one that is not finite and positive.
    pub fn sinr_targets(&self, by_user: &[f64]) -> Result<Vec<f64>, Error> {
        validate::length("SINR targets", by_user.len(), self.users())?;
        for (k, &gamma) in by_user.iter().enumerate() {
            validate::positive(&format!("SINR target of user {k}"), gamma, "")?;
        }
        Ok(self.order.iter().map(|&user| by_user[user]).collect())
    }

    /// The same target for all users.
    ///
    /// # Errors
    /// A target that is not finite and positive.
    pub fn common_target(&self, gamma: f64) -> Result<Vec<f64>, Error> {
        self.sinr_targets(&vec![gamma; self.users()])
    }

    /// Puts columns that stand in decoding order back into the caller's order.
    pub fn in_user_order(&self, columns: MatRef<'_, c64>) -> Mat<c64> {
        let mut out = Mat::zeros(columns.nrows(), columns.ncols());
        for (position, &user) in self.order.iter().enumerate() {
            out.col_mut(user).copy_from(columns.col(position));
        }
        out
    }
}

/// Vectors of a scene in coordinates of their span.
///
/// Every covariance enters the problem through `h^H W h`, `a_p^H W a_m` and `tr W`; replacing `W` by
/// its compression to `span{h_1..h_K, a_1..a_M}` keeps the first two and does not raise the third,
/// so nothing is lost in dimension `r = rank <= K + M`.
#[derive(Debug, Clone)]
pub struct Span {
    /// Orthonormal basis `U`, antennas x r; `None` for the identity.
    basis: Option<Mat<c64>>,
    /// `U^H h_k / sigma`, r x users.
    pub(crate) channels: Mat<c64>,
    /// `U^H a_m`, r x targets.
    pub(crate) steering: Mat<c64>,
    /// The same columns, `[h_1 / sigma, .., a_1, ..]`, in about 31 digits: `d x (users + targets)`
    /// with `d >= r`. The first `r` rows belong to `U`; further ones are directions below the cut,
    /// which proofs may not leave out.
    pub(crate) exact: Mat<TwofoldComplex>,
    /// Whether `exact` is the whole data for certain.
    pub(crate) complete: bool,
}

/// Part of a channel or steering vector, relative to its own norm, below which a direction does not
/// count towards the rank of the span.
const RANK_CUT: f64 = 1e-12;

/// Divides the channels, the first columns, by the standard deviation of the noise.
fn normalise_noise(columns: &mut Mat<TwofoldComplex>, scene: &Scene) {
    let inverse = Twofold::from(1.0) / Twofold::from(scene.noise()).root();
    for k in 0..scene.users() {
        for i in 0..columns.nrows() {
            columns[(i, k)] = columns[(i, k)].times(inverse);
        }
    }
}

impl Span {
    /// The span of all channels and steering vectors of a scene.
    pub fn new(scene: &Scene) -> Self {
        let all = ops::hcat(scene.channels(), scene.steering());
        let mut found = precise::coordinates(all.as_ref(), RANK_CUT);
        normalise_noise(&mut found.exact, scene);
        let r = found.basis.ncols();
        let (users, targets) = (scene.users(), scene.targets());
        Self {
            channels: Mat::from_fn(r, users, |i, k| found.exact[(i, k)].to_c64()),
            steering: Mat::from_fn(r, targets, |i, m| found.exact[(i, users + m)].to_c64()),
            basis: Some(found.basis),
            exact: found.exact,
            complete: found.complete,
        }
    }

    /// No reduction: the coordinates are the antennas. For comparison.
    pub fn whole(scene: &Scene) -> Self {
        let all = ops::hcat(scene.channels(), scene.steering());
        let mut exact = precise::zeros(all.nrows(), all.ncols());
        for j in 0..all.ncols() {
            for i in 0..all.nrows() {
                exact[(i, j)] = Field::from_c64(all[(i, j)]);
            }
        }
        normalise_noise(&mut exact, scene);
        let mut channels = scene.channels().to_owned();
        ops::scale(channels.as_mut(), 1.0 / scene.noise().sqrt());
        Self {
            basis: None,
            channels,
            steering: scene.steering().to_owned(),
            exact,
            complete: true,
        }
    }

    /// Dimension `r`.
    pub fn dimension(&self) -> usize {
        self.channels.nrows()
    }

    /// Vectors of span coordinates (r x n) as antenna weights.
    pub fn lift(&self, vectors: MatRef<'_, c64>) -> Mat<c64> {
        match &self.basis {
            Some(basis) => ops::mul(basis.as_ref(), vectors),
            None => vectors.to_owned(),
        }
    }

    /// Antenna weights (antennas x n) in span coordinates (r x n).
    pub fn compress(&self, weights: MatRef<'_, c64>) -> Mat<c64> {
        match &self.basis {
            Some(basis) => ops::adjoint_mul(basis.as_ref(), weights),
            None => weights.to_owned(),
        }
    }

    /// A covariance of span coordinates (r x r) as an antennas x antennas matrix.
    pub fn lift_covariance(&self, covariance: MatRef<'_, c64>) -> Mat<c64> {
        let half = self.lift(covariance);
        match &self.basis {
            Some(basis) => ops::mul_adjoint(half.as_ref(), basis.as_ref()),
            None => half,
        }
    }
}
