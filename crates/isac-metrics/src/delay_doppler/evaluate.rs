//! Information and CRLB of every target.

use super::metric::{DelayDoppler, SensingState};
use super::model::{Combine, Disturbance, Gain, Illumination};
use isac_linalg::small;
use isac_linalg::vector::Arch;

impl DelayDoppler {
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
