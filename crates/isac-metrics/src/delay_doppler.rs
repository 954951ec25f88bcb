//! Delay and Doppler information of multistatic OFDM echoes, its combination over the nodes, the
//! per-target CRLB, and the way back: from slopes by the CRLB to slopes by the illumination.
//!
//! Symbols (targets t, q; nodes j, node 0 the base station; subcarriers i):
//!
//! ```math
//! Gs_{t,i} = sum over sensing streams |a_t^H w_i|^2      Gc_{t,i} = sum_k |a_t^H v_{k,i}|^2
//! D_{t,j,i} = sigma2_j + sum_q b_{q,j} Gc_{q,i} + sum_{q != t} b_{q,j} Gs_{q,i}
//! p_{t,j,i} = Gs_{t,i} / D_{t,j,i}            kappa_{t,j} = 2 (2 pi)^2 b_{t,j} Nr_j
//! F_{t,j} = kappa [ M sum p i^2, -S1 sum p i ; -S1 sum p i, S2 sum p ]           (known gain)
//! F_{t,j} = kappa diag( M sum p (i - ibar)^2, M (M^2 - 1)/12 sum p )             (unknown gain)
//! C_t = tr( Dw (sum_j F_{t,j})^-1 )   or   tr( Dw (sum_j Jac^T F_{t,j} Jac)^-1 )
//! ```
//!
//! with S1 = M(M-1)/2 and S2 = (M-1)M(2M-1)/6. The covariance of the disturbance depends on neither
//! delay nor Doppler, so the second term of Eq. (23) of \[alpha_fair\] is zero.
//!
//! Nothing here forms a Jacobian of the beamformer: [`DelayDoppler::backpropagate`] returns T x N
//! slopes by Gs and Gc, which cost as much as the value.

use crate::Error;
use isac_linalg::vector::Arch;
use isac_linalg::{small, validate};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

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
#[derive(Debug, Clone, PartialEq)]
pub enum Combine {
    /// Summed, as if delay and Doppler were the same unknowns at all nodes, Eq. (7) of
    /// \[alpha_fair\].
    Sum,
    /// Mapped to the state (x, y, vx, vy) through the Jacobians of (delay, Doppler), one per
    /// target and node, target-major, in the normalised units of the grid.
    State(Vec<[[f64; 4]; 2]>),
}

/// The echoes of a scene, T targets at J nodes. Lists over (target, node) are target-major.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq)]
pub struct Illumination {
    /// By the sensing streams, Gs.
    pub sensing: Vec<f64>,
    /// By the users' streams, Gc.
    pub comm: Vec<f64>,
}

/// The sensing metric of one scene; a value that exists is valid.
#[derive(Debug, Clone, PartialEq)]
pub struct DelayDoppler {
    n: usize,
    targets: usize,
    nodes: usize,
    model: EchoModel,
    options: SensingOptions,
    kappa: Vec<f64>,
    /// M, M(M-1)/2, (M-1)M(2M-1)/6 and M(M^2-1)/12.
    moments: [f64; 4],
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
    weight: Vec<f64>,
    inverse_disturbance: Vec<f64>,
    mean_index: Vec<f64>,
    slope_disturbance: Vec<f64>,
    /// Sums over the targets before and after one, N and T N entries: what a node hears of the others
    /// (W), or the slopes by it. No subtraction, so a strong own echo costs no digit.
    before: Vec<f64>,
    after: Vec<f64>,
    /// Illumination that echoes as disturbance, T N entries, W.
    disturbing: Vec<f64>,
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

    fn active(&self) -> usize {
        match self.options.nodes {
            Nodes::Multi => self.nodes,
            Nodes::Mono => 1,
        }
    }

    fn knows_data(&self, j: usize) -> bool {
        j == 0 && self.options.bs == BsKnowledge::FullWaveform
    }

    fn b(&self, t: usize, j: usize) -> f64 {
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

    /// Information and CRLB of every target, into `state`. Allocates nothing.
    ///
    /// Costs T J N: the disturbance of a target is what its node hears of the targets before it and
    /// after it in the list, kept as two running sums.
    ///
    /// # Panics
    /// If the illumination has the wrong length.
    pub fn evaluate(&self, lit: &Illumination, state: &mut SensingState) {
        assert_eq!(lit.sensing.len(), self.targets * self.n, "T N entries");
        assert_eq!(lit.comm.len(), self.targets * self.n, "T N entries");
        Arch::new().dispatch(|| self.evaluate_inlined(lit, state));
    }

    #[inline(always)]
    fn evaluate_inlined(&self, lit: &Illumination, state: &mut SensingState) {
        let n = self.n;
        self.collect_disturbing(lit, state);
        state.information.fill([[0.0; 4]; 4]);
        for j in 0..self.active() {
            self.hear_others(j, state);
            for t in 0..self.targets {
                let at = t * self.nodes + j;
                self.weigh(t, j, lit, state);
                let (node, mean) = self.node_information(&state.weight[at * n..(at + 1) * n]);
                state.mean_index[at] = mean;
                state.node_information[at] = node.map(|row| row.map(|f| f * self.kappa[at]));
                self.add_node(at, &state.node_information[at], &mut state.information[t]);
            }
        }
        for t in 0..self.targets {
            let inverse = match self.model.combine {
                Combine::Sum => invert::<2>(&state.information[t]),
                Combine::State(_) => invert::<4>(&state.information[t]),
            };
            state.crlb[t] = match inverse {
                Some(inverse) => {
                    state.inverse[t] = inverse;
                    let weighted = self.model.weights.iter().enumerate();
                    weighted.map(|(s, w)| w * inverse[s][s]).sum()
                }
                None => {
                    state.inverse[t] = [[f64::NAN; 4]; 4];
                    f64::INFINITY
                }
            };
        }
    }

    /// What disturbs other targets at all.
    #[inline(always)]
    fn collect_disturbing(&self, lit: &Illumination, state: &mut SensingState) {
        match self.options.disturbance {
            Disturbance::All => {
                let both = lit.sensing.iter().zip(&lit.comm);
                for (sum, (s, c)) in state.disturbing.iter_mut().zip(both) {
                    *sum = s + c;
                }
            }
            Disturbance::CommEchoes => state.disturbing.copy_from_slice(&lit.comm),
            Disturbance::NoiseOnly => {}
        }
    }

    /// What node `j` hears of the targets after each one; before the first stands the noise.
    #[inline(always)]
    fn hear_others(&self, j: usize, state: &mut SensingState) {
        let n = self.n;
        state.before.fill(self.model.noise_w[j]);
        if self.options.disturbance == Disturbance::NoiseOnly {
            return;
        }
        let last = (self.targets - 1) * n;
        state.after[last..].fill(0.0);
        for q in (1..self.targets).rev() {
            let (of_less, of_more) = state.after.split_at_mut(q * n);
            let of_less = &mut of_less[(q - 1) * n..];
            let b = self.b(q, j);
            let echo = &state.disturbing[q * n..(q + 1) * n];
            for i in 0..n {
                of_less[i] = of_more[i] + b * echo[i];
            }
        }
    }

    /// `1 / D` and `p` of target `t` at node `j`; then its own echo joins the sum for the targets after
    /// it.
    #[inline(always)]
    fn weigh(&self, t: usize, j: usize, lit: &Illumination, state: &mut SensingState) {
        let n = self.n;
        let at = t * self.nodes + j;
        let sensing = &lit.sensing[t * n..(t + 1) * n];
        let comm = &lit.comm[t * n..(t + 1) * n];
        let before = &mut state.before[..n];
        let after = &state.after[t * n..(t + 1) * n];
        let echo = &state.disturbing[t * n..(t + 1) * n];
        let inverse = &mut state.inverse_disturbance[at * n..(at + 1) * n];
        let weight = &mut state.weight[at * n..(at + 1) * n];
        let b = self.b(t, j);
        let knows = self.knows_data(j);
        let informs = if knows { 1.0 } else { 0.0 };
        if self.options.disturbance == Disturbance::NoiseOnly {
            for i in 0..n {
                inverse[i] = 1.0 / before[i];
                weight[i] = (sensing[i] + informs * comm[i]) * inverse[i];
            }
            return;
        }
        let own_comm = if knows { 0.0 } else { b };
        for i in 0..n {
            inverse[i] = 1.0 / (before[i] + after[i] + own_comm * comm[i]);
            weight[i] = (sensing[i] + informs * comm[i]) * inverse[i];
            before[i] += b * echo[i];
        }
    }

    /// Information of one node without kappa, and the mean index of its weights.
    #[inline(always)]
    fn node_information(&self, p: &[f64]) -> ([[f64; 2]; 2], f64) {
        let [m, s1, s2, spread] = self.moments;
        let [total, first, second] = moments_about(p, 0.0);
        let mean = first / total.max(1e-300);
        match self.options.gain {
            Gain::Known => {
                let cross = -s1 * first;
                ([[m * second, cross], [cross, s2 * total]], mean)
            }
            Gain::Unknown => {
                let [_, _, second] = moments_about(p, mean);
                ([[m * second, 0.0], [0.0, spread * total]], mean)
            }
        }
    }

    fn add_node(&self, at: usize, node: &[[f64; 2]; 2], total: &mut [[f64; 4]; 4]) {
        match &self.model.combine {
            Combine::Sum => {
                for a in 0..2 {
                    for b in 0..2 {
                        total[a][b] += node[a][b];
                    }
                }
            }
            Combine::State(jacobians) => {
                let jac = &jacobians[at];
                for a in 0..4 {
                    for b in 0..4 {
                        for r in 0..2 {
                            for s in 0..2 {
                                total[a][b] += jac[r][a] * node[r][s] * jac[s][b];
                            }
                        }
                    }
                }
            }
        }
    }

    /// Slopes by the illumination from the slopes by the CRLBs, for the illumination last evaluated,
    /// Eqs. (26) and (27) of \[alpha_fair\]. Allocates nothing.
    ///
    /// # Panics
    /// If a length is wrong.
    pub fn backpropagate(
        &self,
        crlb_slopes: &[f64],
        state: &mut SensingState,
        out: &mut Illumination,
    ) {
        assert_eq!(crlb_slopes.len(), self.targets, "one slope per target");
        out.sensing.fill(0.0);
        out.comm.fill(0.0);
        Arch::new().dispatch(|| {
            for j in 0..self.active() {
                for t in 0..self.targets {
                    self.backpropagate_weights(t, j, crlb_slopes[t], state, out);
                }
                if self.options.disturbance != Disturbance::NoiseOnly {
                    self.spread_disturbance(j, state, out);
                }
            }
        });
    }

    /// Slopes of target `t` at node `j` by its own powers, added, and by its disturbance.
    #[inline(always)]
    fn backpropagate_weights(
        &self,
        t: usize,
        j: usize,
        crlb_slope: f64,
        state: &mut SensingState,
        out: &mut Illumination,
    ) {
        let n = self.n;
        let [m, s1, s2, spread] = self.moments;
        let at = t * self.nodes + j;
        let [e11, e12, e22] = self.node_slope(at, crlb_slope, &state.inverse[t]);
        // The slope by p is a parabola in the index about a centre.
        let (centre, square, linear, constant) = match self.options.gain {
            Gain::Known => (0.0, m * e11, -2.0 * s1 * e12, s2 * e22),
            Gain::Unknown => (state.mean_index[at], m * e11, 0.0, spread * e22),
        };
        let weight = &state.weight[at * n..(at + 1) * n];
        let inverse = &state.inverse_disturbance[at * n..(at + 1) * n];
        let by_disturbance = &mut state.slope_disturbance[t * n..(t + 1) * n];
        let by_sensing = &mut out.sensing[t * n..(t + 1) * n];
        let by_comm = &mut out.comm[t * n..(t + 1) * n];
        let informs = if self.knows_data(j) { 1.0 } else { 0.0 };
        for i in 0..n {
            let x = i as u32 as f64 - centre;
            let by_power = ((square * x + linear) * x + constant) * inverse[i];
            by_disturbance[i] = -by_power * weight[i];
            by_sensing[i] += by_power;
            by_comm[i] += informs * by_power;
        }
    }

    /// Slope of the cost by the node's information without kappa: entries 11, 12, 22.
    fn node_slope(&self, at: usize, slope: f64, inverse: &[[f64; 4]; 4]) -> [f64; 3] {
        let weights = &self.model.weights;
        let factor = -slope * self.kappa[at];
        // -F^-1 Dw F^-1, seen through the rows of the Jacobian: G = Jac F^-1, E = -G Dw G^T.
        let g: [[f64; 4]; 2] = match &self.model.combine {
            Combine::Sum => [inverse[0], inverse[1]],
            Combine::State(jacobians) => jacobians[at]
                .map(|row| std::array::from_fn(|b| (0..4).map(|a| row[a] * inverse[a][b]).sum())),
        };
        let pair = |r: usize, s: usize| -> f64 {
            let terms = weights.iter().enumerate();
            terms.map(|(a, w)| w * g[r][a] * g[s][a]).sum::<f64>() * factor
        };
        [pair(0, 0), pair(0, 1), pair(1, 1)]
    }

    /// Adds what node `j`'s disturbances pass on to the powers they consist of.
    #[inline(always)]
    fn spread_disturbance(&self, j: usize, state: &mut SensingState, out: &mut Illumination) {
        let n = self.n;
        let last = (self.targets - 1) * n;
        state.after[last..].fill(0.0);
        for t in (1..self.targets).rev() {
            let (of_less, of_more) = state.after.split_at_mut(t * n);
            let of_less = &mut of_less[(t - 1) * n..];
            let slope = &state.slope_disturbance[t * n..(t + 1) * n];
            for i in 0..n {
                of_less[i] = of_more[i] + slope[i];
            }
        }
        state.before.fill(0.0);
        let own_comm = if self.knows_data(j) { 0.0 } else { 1.0 };
        for q in 0..self.targets {
            let b = self.b(q, j);
            let own = &state.slope_disturbance[q * n..(q + 1) * n];
            let before = &mut state.before[..n];
            let after = &state.after[q * n..(q + 1) * n];
            let comm = &mut out.comm[q * n..(q + 1) * n];
            let sensing = &mut out.sensing[q * n..(q + 1) * n];
            let by_sensing = match self.options.disturbance {
                Disturbance::All => b,
                Disturbance::CommEchoes | Disturbance::NoiseOnly => 0.0,
            };
            for i in 0..n {
                let others = before[i] + after[i];
                comm[i] += b * (others + own_comm * own[i]);
                sensing[i] += by_sensing * others;
                before[i] += own[i];
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

/// `sum p`, `sum i p` and `sum (i - centre)^2 p`, with sums that do not wait for each other.
#[inline(always)]
fn moments_about(p: &[f64], centre: f64) -> [f64; 3] {
    let mut sums = [[0.0; 8]; 3];
    let mut add = |lane: usize, i: usize, p: f64| {
        let index = i as u32 as f64;
        let off = index - centre;
        sums[0][lane] += p;
        sums[1][lane] += index * p;
        sums[2][lane] += off * off * p;
    };
    let eights = p.chunks_exact(8);
    let (rest, done) = (eights.remainder(), p.len() / 8 * 8);
    for (block, eight) in eights.enumerate() {
        for lane in 0..8 {
            add(lane, 8 * block + lane, eight[lane]);
        }
    }
    for (lane, p) in rest.iter().enumerate() {
        add(lane, done + lane, *p);
    }
    sums.map(|s| ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7])))
}

#[inline(always)]
fn axpy(out: &mut [f64], factor: f64, x: &[f64]) {
    for (o, x) in out.iter_mut().zip(x) {
        *o += factor * x;
    }
}

fn invert<const S: usize>(information: &[[f64; 4]; 4]) -> Option<[[f64; 4]; 4]> {
    let mut leading = [[0.0; S]; S];
    for a in 0..S {
        leading[a].copy_from_slice(&information[a][..S]);
    }
    let inverse = small::spd_inverse(&leading)?;
    let mut out = [[0.0; 4]; 4];
    for a in 0..S {
        out[a][..S].copy_from_slice(&inverse[a]);
    }
    Some(out)
}

fn at_least(what: &str, value: usize, least: usize) -> Result<(), Error> {
    if value >= least {
        return Ok(());
    }
    Err(isac_linalg::Error::range(what, value as f64, format!("at least {least}")).into())
}

/// A target's state is resolvable when two of its nodes see it under different bisectors.
fn check_state(t: usize, jacobians: &[[[f64; 4]; 2]]) -> Result<(), Error> {
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
