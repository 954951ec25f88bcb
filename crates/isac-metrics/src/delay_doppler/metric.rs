//! The sensing metric of a scene, checked, and the memory of its evaluations.

use super::model::{
    BsKnowledge, Combine, Disturbance, EchoModel, Illumination, Nodes, SensingOptions, check_state,
};
use crate::Error;
use isac_linalg::validate;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// The sensing metric of one scene; a value that exists is valid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StatedDelayDoppler")]
pub struct DelayDoppler {
    #[serde(skip)]
    pub(super) n: usize,
    #[serde(skip)]
    pub(super) targets: usize,
    #[serde(skip)]
    pub(super) nodes: usize,
    pub(super) model: EchoModel,
    pub(super) options: SensingOptions,
    #[serde(skip)]
    pub(super) kappa: Vec<f64>,
    #[serde(skip)]
    /// M, M(M-1)/2, (M-1)M(2M-1)/6 and M(M^2-1)/12.
    pub(super) moments: [f64; 4],
}

/// What a document states of a [`DelayDoppler`], before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedDelayDoppler {
    model: EchoModel,
    options: SensingOptions,
}

impl TryFrom<StatedDelayDoppler> for DelayDoppler {
    type Error = Error;
    fn try_from(stated: StatedDelayDoppler) -> Result<Self, Error> {
        Self::new(stated.model, stated.options)
    }
}

/// Values of one evaluation, and the memory for the next.
#[derive(Debug, Clone, PartialEq)]
pub struct SensingState {
    /// Per-target CRLB C_t; infinite where the information is singular.
    pub crlb: Vec<f64>,
    /// Inverse of the combined information, 4 x 4 with only the leading 2 x 2 used by `Sum`.
    pub inverse: Vec<[[f64; 4]; 4]>,
    /// Combined information, as `inverse`.
    pub information: Vec<[[f64; 4]; 4]>,
    /// Information of each node, target-major; zero for nodes that do not contribute.
    pub node_information: Vec<[[f64; 2]; 2]>,
    pub(super) weight: Vec<f64>,
    pub(super) inverse_disturbance: Vec<f64>,
    pub(super) mean_index: Vec<f64>,
    pub(super) slope_disturbance: Vec<f64>,
    /// Sums over the targets before and after one, N and T N entries: what a node hears of the others
    /// (W), or the slopes by it. No subtraction, so a strong own echo costs no digit.
    pub(super) before: Vec<f64>,
    pub(super) after: Vec<f64>,
    /// Illumination that echoes as disturbance, T N entries, W.
    pub(super) disturbing: Vec<f64>,
}

impl DelayDoppler {
    /// Checks and takes a scene.
    ///
    /// # Errors
    /// Fewer than two subcarriers or symbols, no target, no node, lists of wrong length, values that
    /// are not positive and finite, and, for `State`, a target that fewer than two nodes in
    /// different directions see.
    pub fn new(model: EchoModel, options: SensingOptions) -> Result<Self, Error> {
        let nodes = model.noise_w.len();
        at_least("subcarriers", model.subcarriers, 2)?;
        at_least("symbols", model.symbols, 2)?;
        at_least("nodes", nodes, 1)?;
        at_least("targets", model.reflection.len() / nodes, 1)?;
        let targets = model.reflection.len() / nodes;
        validate::length("reflection", model.reflection.len(), targets * nodes)?;
        validate::length("receive_antennas", model.antennas.len(), nodes)?;
        for &b in &model.reflection {
            validate::positive("reflection", b, "")?;
        }
        for &noise in &model.noise_w {
            validate::positive("noise", noise, "W")?;
        }
        for &count in &model.antennas {
            validate::positive("receive_antennas", count, "")?;
        }
        let states = match &model.combine {
            Combine::Sum => 2,
            Combine::State(_) => 4,
        };
        validate::length("crlb_weights", model.weights.len(), states)?;
        for &weight in &model.weights {
            validate::nonnegative("crlb_weights", weight, "")?;
        }
        if model.weights.iter().all(|w| *w <= 0.0) {
            return Err(isac_linalg::Error::range("crlb_weights", 0.0, "one weight > 0").into());
        }
        let active = match options.nodes {
            Nodes::Multi => nodes,
            Nodes::Mono => 1,
        };
        if let Combine::State(jacobians) = &model.combine {
            validate::length("jacobian", jacobians.len(), targets * nodes)?;
            for (t, of_target) in jacobians.chunks(nodes).enumerate() {
                check_state(t, &of_target[..active])?;
            }
        }
        let m = model.symbols as f64;
        let kappa = (0..targets * nodes)
            .map(|at| 8.0 * PI * PI * model.reflection[at] * model.antennas[at % nodes])
            .collect();
        Ok(Self {
            n: model.subcarriers,
            targets,
            nodes,
            options,
            kappa,
            moments: [
                m,
                m * (m - 1.0) / 2.0,
                (m - 1.0) * m * (2.0 * m - 1.0) / 6.0,
                m * (m * m - 1.0) / 12.0,
            ],
            model,
        })
    }

    /// Number of targets T.
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// Number of nodes J.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// Number of subcarriers N.
    pub fn subcarriers(&self) -> usize {
        self.n
    }

    /// The options.
    pub fn options(&self) -> SensingOptions {
        self.options
    }

    /// The scene.
    pub fn model(&self) -> &EchoModel {
        &self.model
    }

    /// The same scene under other options.
    ///
    /// # Errors
    /// As [`DelayDoppler::new`].
    pub fn with_options(&self, options: SensingOptions) -> Result<Self, Error> {
        Self::new(self.model.clone(), options)
    }

    /// Illumination of the right size, all zero.
    pub fn dark(&self) -> Illumination {
        Illumination {
            sensing: vec![0.0; self.targets * self.n],
            comm: vec![0.0; self.targets * self.n],
        }
    }

    /// Memory for [`DelayDoppler::evaluate`].
    pub fn state(&self) -> SensingState {
        let (t, tj) = (self.targets, self.targets * self.nodes);
        SensingState {
            crlb: vec![0.0; t],
            inverse: vec![[[0.0; 4]; 4]; t],
            information: vec![[[0.0; 4]; 4]; t],
            node_information: vec![[[0.0; 2]; 2]; tj],
            weight: vec![0.0; tj * self.n],
            inverse_disturbance: vec![0.0; tj * self.n],
            mean_index: vec![0.0; tj],
            slope_disturbance: vec![0.0; self.targets * self.n],
            before: vec![0.0; self.n],
            after: vec![0.0; self.targets * self.n],
            disturbing: vec![0.0; self.targets * self.n],
        }
    }

    #[inline]
    pub(super) fn active(&self) -> usize {
        match self.options.nodes {
            Nodes::Multi => self.nodes,
            Nodes::Mono => 1,
        }
    }

    #[inline]
    pub(super) fn knows_data(&self, j: usize) -> bool {
        j == 0 && self.options.bs == BsKnowledge::FullWaveform
    }

    #[inline]
    pub(super) fn b(&self, t: usize, j: usize) -> f64 {
        self.model.reflection[t * self.nodes + j]
    }

    /// Variance D_{t,j,i} of the disturbance of target `t` at node `j`, N entries, W, term by term.
    ///
    /// # Panics
    /// If `out` or the illumination has the wrong length.
    pub fn disturbance_into(&self, t: usize, j: usize, lit: &Illumination, out: &mut [f64]) {
        let n = self.n;
        out.fill(self.model.noise_w[j]);
        if self.options.disturbance == Disturbance::NoiseOnly {
            return;
        }
        for q in 0..self.targets {
            let b = self.b(q, j);
            if !(q == t && self.knows_data(j)) {
                axpy(out, b, &lit.comm[q * n..(q + 1) * n]);
            }
            if q != t && self.options.disturbance == Disturbance::All {
                axpy(out, b, &lit.sensing[q * n..(q + 1) * n]);
            }
        }
    }
}

impl SensingState {
    /// Variances of (normalised delay, normalised Doppler) under `Sum`; of (position, velocity), the
    /// traces over both axes in m^2 and (m/s)^2, under `State`.
    pub fn variances(&self, t: usize, combine: &Combine) -> [f64; 2] {
        let inverse = &self.inverse[t];
        match combine {
            Combine::Sum => [inverse[0][0], inverse[1][1]],
            Combine::State(_) => [inverse[0][0] + inverse[1][1], inverse[2][2] + inverse[3][3]],
        }
    }

    /// CRLB of target `t` in physical units: standard deviations in m and m/s. Under `Sum` they are
    /// the monostatic-equivalent range and radial speed, under `State` the root of the traces of the
    /// position and velocity covariances.
    pub fn physical_std(
        &self,
        t: usize,
        combine: &Combine,
        grid: &isac_models::ofdm::Grid,
    ) -> [f64; 2] {
        let [first, second] = self.variances(t, combine);
        match combine {
            Combine::Sum => [grid.range_std_m(first), grid.speed_std_m_s(second)],
            Combine::State(_) => [first.sqrt(), second.sqrt()],
        }
    }
}

#[inline(always)]
fn axpy(out: &mut [f64], factor: f64, x: &[f64]) {
    for (o, x) in out.iter_mut().zip(x) {
        *o += factor * x;
    }
}
fn at_least(what: &str, value: usize, least: usize) -> Result<(), Error> {
    if value >= least {
        return Ok(());
    }
    Err(isac_linalg::Error::range(what, value as f64, format!("at least {least}")).into())
}
