//! From slopes by the CRLB to slopes by the illumination.

use super::metric::{DelayDoppler, SensingState};
use super::model::{Combine, Disturbance, Gain, Illumination};
use isac_linalg::vector::Arch;

impl DelayDoppler {
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
