//! The problem once more, straight from the formulas: for the sweep, which verifies answers by code that
//! shares nothing with what gave them.

use isac_algos::alpha_fair::Problem;
use isac_linalg::{Mat, MatRef, c64};
use isac_metrics::delay_doppler::{
    BsKnowledge, Combine, DelayDoppler, Disturbance, EchoModel, Gain, Nodes, SensingOptions,
};
use isac_metrics::fairness::{Fairness, Form};
use isac_metrics::ofdm_rate::{Interference, OfdmRate, Streams};
use std::f64::consts::PI;

use isac_lab::error::Source;

/// An instance as numbers.
#[derive(Debug, Clone)]
pub(super) struct Naive {
    /// Subcarriers N and OFDM symbols M.
    pub(super) grid: [usize; 2],
    /// Antennas x T.
    pub(super) steering: Mat<c64>,
    /// Antennas x N K, column i K + k.
    pub(super) channels: Mat<c64>,
    /// T J entries, target-major.
    pub(super) reflection: Vec<f64>,
    /// Per node, W.
    pub(super) noise_w: Vec<f64>,
    /// Receive antennas per node.
    pub(super) receivers: Vec<f64>,
    /// T J entries for a cost of states.
    pub(super) jacobians: Option<Vec<[[f64; 4]; 2]>>,
    pub(super) weights: Vec<f64>,
    pub(super) options: SensingOptions,
    pub(super) interference: Interference,
    pub(super) alpha: f64,
    pub(super) form: Form,
    pub(super) reference: f64,
    /// K entries, bit/s/Hz.
    pub(super) min_rates: Vec<f64>,
    pub(super) power_w: f64,
}

impl Naive {
    /// The instance for the library.
    pub(super) fn problem(&self) -> Result<Problem, Source> {
        let [subcarriers, symbols] = self.grid;
        let model = EchoModel {
            subcarriers,
            symbols,
            reflection: self.reflection.clone(),
            noise_w: self.noise_w.clone(),
            antennas: self.receivers.clone(),
            combine: self.jacobians.clone().map_or(Combine::Sum, Combine::State),
            weights: self.weights.clone(),
        };
        let streams = Streams {
            subcarriers,
            sensing: 1,
            users: self.min_rates.len(),
        };
        Ok(Problem::new(
            self.steering.clone(),
            DelayDoppler::new(model, self.options)?,
            OfdmRate::new(
                streams,
                self.channels.clone(),
                self.noise_w[1..].to_vec(),
                self.interference,
            )?,
            Fairness::new(self.alpha, self.form, self.reference)?,
            self.min_rates.clone(),
            self.power_w,
        )?)
    }

    /// `|v^H w|^2` of columns.
    fn seen(v: MatRef<'_, c64>, a: usize, w: MatRef<'_, c64>, b: usize) -> f64 {
        let terms = (0..v.nrows()).map(|n| v[(n, a)].conj() * w[(n, b)]);
        terms.sum::<c64>().norm_sqr()
    }

    /// Rates, bit/s/Hz, Eq. (6) of \[alpha_fair\].
    pub(super) fn rates(&self, w: MatRef<'_, c64>) -> Vec<f64> {
        let (n, users) = (self.grid[0], self.min_rates.len());
        let rate = |k: usize| {
            let of_carrier = |i: usize| {
                let heard = |c: usize| {
                    Self::seen(
                        self.channels.as_ref(),
                        i * users + k,
                        w,
                        i * (users + 1) + c,
                    )
                };
                let mut rest = self.noise_w[k + 1];
                for c in 0..=users {
                    let counts = match self.interference {
                        Interference::All => c != k + 1,
                        Interference::UsersOnly => c != k + 1 && c != 0,
                        Interference::None => false,
                    };
                    if counts {
                        rest += heard(c);
                    }
                }
                (heard(k + 1) / rest).ln_1p() / std::f64::consts::LN_2
            };
            (0..n).map(of_carrier).sum::<f64>() / n as f64
        };
        (0..users).map(rate).collect()
    }

    /// Per-target CRLBs: the information of every node by the definition of its entries.
    pub(super) fn crlb(&self, w: MatRef<'_, c64>) -> Vec<f64> {
        self.crlb_and_loss(w).0
    }

    /// The same, and by how much at most a relative error of the information's entries is larger in a CRLB:
    /// the largest `F_aa (F^-1)_aa`, times the order of F.
    pub(super) fn crlb_and_loss(&self, w: MatRef<'_, c64>) -> (Vec<f64>, f64) {
        let mut loss = 1.0_f64;
        let [n, symbols] = self.grid;
        let (targets, nodes) = (self.steering.ncols(), self.noise_w.len());
        let users = self.min_rates.len();
        let active = match self.options.nodes {
            Nodes::Multi => nodes,
            Nodes::Mono => 1,
        };
        let lit = |t: usize, i: usize| -> [f64; 2] {
            let by = |c: usize| Self::seen(self.steering.as_ref(), t, w, i * (users + 1) + c);
            [by(0), (1..=users).map(by).sum()]
        };
        let mut of_target = |t: usize| {
            let states = self.weights.len();
            let mut total = vec![vec![0.0; states]; states];
            for j in 0..active {
                let node = self.node_information(t, j, [n, symbols], &lit);
                let rows: Vec<Vec<f64>> = match &self.jacobians {
                    None => vec![vec![1.0, 0.0], vec![0.0, 1.0]],
                    Some(all) => all[t * nodes + j].iter().map(|r| r.to_vec()).collect(),
                };
                for a in 0..states {
                    for b in 0..states {
                        for r in 0..2 {
                            for s in 0..2 {
                                total[a][b] += rows[r][a] * node[r][s] * rows[s][b];
                            }
                        }
                    }
                }
            }
            let own: Vec<f64> = (0..states).map(|a| total[a][a]).collect();
            let diagonal = inverse_diagonal(total);
            for (f, d) in own.iter().zip(&diagonal) {
                loss = loss.max(states as f64 * f * d);
            }
            let weighted = self.weights.iter().zip(diagonal);
            weighted.map(|(w, d)| w * d).sum()
        };
        let crlb = (0..targets).map(&mut of_target).collect();
        (crlb, loss)
    }

    /// Information about (delay, Doppler) of target `t` at node `j`: sums over every resource element.
    fn node_information(
        &self,
        t: usize,
        j: usize,
        [n, symbols]: [usize; 2],
        lit: &impl Fn(usize, usize) -> [f64; 2],
    ) -> [[f64; 2]; 2] {
        let (targets, nodes) = (self.steering.ncols(), self.noise_w.len());
        let b = |q: usize| self.reflection[q * nodes + j];
        let knows = j == 0 && self.options.bs == BsKnowledge::FullWaveform;
        let strength = |i: usize| {
            let own = lit(t, i);
            let mut rest = self.noise_w[j];
            if self.options.disturbance != Disturbance::NoiseOnly {
                for q in 0..targets {
                    let [sensing, comm] = lit(q, i);
                    if !(q == t && knows) {
                        rest += b(q) * comm;
                    }
                    if q != t && self.options.disturbance == Disturbance::All {
                        rest += b(q) * sensing;
                    }
                }
            }
            let useful = own[0] + if knows { own[1] } else { 0.0 };
            2.0 * b(t) * self.receivers[j] * useful / rest
        };
        let strengths: Vec<f64> = (0..n).map(strength).collect();
        // Means over the resource elements, taken off when the gain is a nuisance.
        let total: f64 = strengths.iter().sum::<f64>() * symbols as f64;
        let (mut mean_i, mut mean_m) = (0.0, 0.0);
        if self.options.gain == Gain::Unknown && total > 0.0 {
            for (i, s) in strengths.iter().enumerate() {
                mean_i += s * i as f64 * symbols as f64 / total;
            }
            mean_m = (symbols as f64 - 1.0) / 2.0;
        }
        let mut information = [[0.0; 2]; 2];
        for (i, s) in strengths.iter().enumerate() {
            for m in 0..symbols {
                let slopes = [
                    -2.0 * PI * (i as f64 - mean_i),
                    2.0 * PI * (m as f64 - mean_m),
                ];
                for a in 0..2 {
                    for c in 0..2 {
                        information[a][c] += s * slopes[a] * slopes[c];
                    }
                }
            }
        }
        information
    }

    /// The cost of a beamformer, Eq. (8) in the instance's form, in units of twofold care: sums of
    /// shares of the largest.
    pub(super) fn cost(&self, w: MatRef<'_, c64>) -> f64 {
        let x: Vec<f64> = self.crlb(w).iter().map(|c| c / self.reference).collect();
        let count = x.len() as f64;
        let p = if self.alpha.is_infinite() {
            64.0
        } else {
            1.0 + self.alpha
        };
        let log_norm = if p == 0.0 {
            x.iter().map(|x| x.ln()).sum::<f64>() / count
        } else {
            let top = x.iter().copied().fold(0.0, f64::max);
            (x.iter().map(|x| (p * (x / top).ln()).exp()).sum::<f64>()).ln() / p + top.ln()
        };
        match self.form {
            Form::LogNorm => log_norm,
            Form::Norm => log_norm.exp(),
            Form::Power if p == 0.0 => log_norm * count,
            Form::Power => (p * log_norm).exp() / p,
        }
    }
}

/// Diagonal of the inverse of a positive definite matrix, by elimination after scaling its diagonal to 1.
fn inverse_diagonal(f: Vec<Vec<f64>>) -> Vec<f64> {
    let n = f.len();
    let scale: Vec<f64> = (0..n).map(|a| 1.0 / f[a][a].sqrt()).collect();
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|a| {
            let scaled = (0..n).map(|b| f[a][b] * scale[a] * scale[b]);
            let unit = (0..n).map(|b| if a == b { 1.0 } else { 0.0 });
            scaled.chain(unit).collect()
        })
        .collect();
    for pivot in 0..n {
        let largest = (pivot..n).max_by(|a, b| {
            let (a, b) = (rows[*a][pivot].abs(), rows[*b][pivot].abs());
            a.total_cmp(&b)
        });
        rows.swap(pivot, largest.unwrap_or(pivot));
        let lead = rows[pivot].clone();
        for (r, row) in rows.iter_mut().enumerate() {
            let factor = if r == pivot {
                1.0 - 1.0 / lead[pivot]
            } else {
                row[pivot] / lead[pivot]
            };
            for (x, l) in row.iter_mut().zip(&lead) {
                *x -= factor * l;
            }
        }
    }
    (0..n)
        .map(|a| rows[a][n + a] * scale[a] * scale[a])
        .collect()
}
