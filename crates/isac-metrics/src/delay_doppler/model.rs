//! What describes the echoes of a scene and the questions about them.

use crate::Error;
use isac_linalg::validate;
use serde::{Deserialize, Serialize};

/// Whether the complex gain of an echo is known or a nuisance parameter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gain {
    /// Known, as in \[alpha_fair\]: absolute phase then carries information.
    #[default]
    Known,
    /// Unknown: the equivalent information after the gain is eliminated.
    Unknown,
}

/// What disturbs an echo besides thermal noise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disturbance {
    /// Communication echoes of all targets and sensing echoes of the other targets.
    #[default]
    All,
    /// Communication echoes only: the others' sensing echoes are known waveforms, hence resolvable.
    CommEchoes,
    /// Nothing.
    NoiseOnly,
}

/// What the base station takes as known waveform.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BsKnowledge {
    /// The sensing stream alone, as in \[alpha_fair\].
    #[default]
    SensingOnly,
    /// Its own data too: communication echoes of the target inform instead of disturbing.
    FullWaveform,
}

/// Which nodes contribute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nodes {
    /// The base station and all users.
    #[default]
    Multi,
    /// The base station alone.
    Mono,
}

/// The options of the sensing metric.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SensingOptions {
    /// Known or unknown complex gain.
    pub gain: Gain,
    /// What disturbs.
    pub disturbance: Disturbance,
    /// What the base station knows.
    pub bs: BsKnowledge,
    /// Which nodes contribute.
    pub nodes: Nodes,
}

/// How the nodes' information is combined into one matrix per target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Summed, as if delay and Doppler were the same unknowns at all nodes, Eq. (7) of
    /// \[alpha_fair\].
    Sum,
    /// Mapped to the state (x, y, vx, vy) through the Jacobians of (delay, Doppler), one per
    /// target and node, target-major, in the normalised units of the grid.
    State(Vec<[[f64; 4]; 2]>),
}

/// The echoes of a scene, T targets at J nodes. Lists over (target, node) are target-major.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EchoModel {
    /// Subcarriers N >= 2.
    pub subcarriers: usize,
    /// OFDM symbols M >= 2.
    pub symbols: usize,
    /// Power reflection coefficients b, T J entries > 0.
    pub reflection: Vec<f64>,
    /// Noise per subcarrier and antenna, J entries, W.
    pub noise_w: Vec<f64>,
    /// Receive antennas, J entries.
    pub antennas: Vec<f64>,
    /// How the nodes combine.
    pub combine: Combine,
    /// Diagonal weight Dw of the CRLB: 2 entries for `Sum`, 4 for `State`.
    pub weights: Vec<f64>,
}

/// Power that reaches the targets, or the slopes by it: T N entries each, target-major, W.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Illumination {
    /// By the sensing streams, Gs.
    pub sensing: Vec<f64>,
    /// By the users' streams, Gc.
    pub comm: Vec<f64>,
}

/// A target's state is resolvable when two of its nodes see it under different bisectors.
pub(super) fn check_state(t: usize, jacobians: &[[[f64; 4]; 2]]) -> Result<(), Error> {
    for (j, jacobian) in jacobians.iter().enumerate() {
        validate::finite_list(&format!("jacobian[{t}][{j}]"), jacobian.as_flattened())?;
    }
    let delay_row = |j: usize| [jacobians[j][0][0], jacobians[j][0][1]];
    let spread = (0..jacobians.len())
        .flat_map(|a| (0..a).map(move |b| (a, b)))
        .map(|(a, b)| {
            let (u, v) = (delay_row(a), delay_row(b));
            let size = u[0].hypot(u[1]) * v[0].hypot(v[1]);
            ((u[0] * v[1] - u[1] * v[0]) / size.max(f64::MIN_POSITIVE)).abs()
        })
        .fold(0.0, f64::max);
    if spread > 1e-9 {
        return Ok(());
    }
    Err(Error::Unresolvable {
        target: t,
        nodes: jacobians.len(),
    })
}
