//! What a design is worth, by sums over entries; and designs in closed form.

use isac_algos::noma::robust::ErrorBall;
use isac_lab::solve::SolveReport;
use isac_linalg::{Mat, c64, factor, ops};
use isac_metrics::noma::SicSet;
use serde_json::Value;

use super::drawn::Instance;

/// Designs in closed form meet the demands to this: dual vectors of a Gram matrix whose least
/// eigenvalue is above 1e-7 keep seven digits or more.
pub(super) const REFERENCE: f64 = 1e-6;

/// A design: columns per user, in the order of the users.
pub(super) type Design = Vec<Vec<Vec<c64>>>;

fn matrix(value: &Value) -> Option<Mat<c64>> {
    let (re, im) = (value["re"].as_array()?, value["im"].as_array()?);
    let columns = re.first()?.as_array()?.len();
    let at = |list: &[Value], i: usize, j: usize| list[i][j].as_f64().unwrap_or(f64::NAN);
    Some(Mat::from_fn(re.len(), columns, |i, j| {
        c64::new(at(re, i, j), at(im, i, j))
    }))
}

/// `x^H W y` for a list of columns whose outer products sum to `W`.
pub(super) fn form(x: &[c64], w: &[Vec<c64>], y: &[c64]) -> c64 {
    let dot = |u: &[c64], v: &[c64]| {
        u.iter()
            .zip(v)
            .fold(c64::ZERO, |sum, (a, b)| sum + a.conj() * b)
    };
    w.iter().fold(c64::ZERO, |sum, column| {
        sum + dot(x, column) * dot(column, y)
    })
}

pub(super) fn column(m: &Mat<c64>, j: usize) -> Vec<c64> {
    (0..m.nrows()).map(|i| m[(i, j)]).collect()
}

pub(super) fn size2(x: &[c64]) -> f64 {
    x.iter().map(|z| z.norm_sqr()).sum()
}

impl Instance {
    pub(super) fn users(&self) -> usize {
        self.h.ncols()
    }

    /// Users, weakest first.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.users()).collect();
        let norm = |k: usize| self.h.col(k).norm_l2();
        order.sort_by(|&a, &b| norm(a).total_cmp(&norm(b)));
        order
    }

    /// `(message, decoder, disturbing, removed)` as users.
    pub(super) fn pairs(&self) -> Vec<(usize, usize, Vec<usize>, Vec<usize>)> {
        let order = self.order();
        let n = order.len();
        let mut out = Vec::new();
        for k in 0..n {
            let last = if self.sic == SicSet::Full { n } else { k + 1 };
            let disturbing: Vec<usize> = (0..n)
                .filter(|&i| match self.sic {
                    SicSet::Full | SicSet::Own => i > k,
                    SicSet::Orthogonal => false,
                    SicSet::Linear => i != k,
                })
                .map(|i| order[i])
                .collect();
            let removed: Vec<usize> = (0..k)
                .filter(|_| matches!(self.sic, SicSet::Full | SicSet::Own))
                .map(|i| order[i])
                .collect();
            for l in k..last {
                out.push((order[k], order[l], disturbing.clone(), removed.clone()));
            }
        }
        out
    }

    pub(super) fn sinr(
        &self,
        design: &Design,
        pair: &(usize, usize, Vec<usize>, Vec<usize>),
        error: &[c64],
        residual: bool,
    ) -> f64 {
        let (message, decoder, disturbing, removed) = pair;
        let h: Vec<c64> = column(&self.h, *decoder)
            .iter()
            .zip(error)
            .map(|(x, e)| x + e)
            .collect();
        let mut below = self.noise;
        for &i in disturbing {
            below += form(&h, &design[i], &h).re;
        }
        if residual {
            for &i in removed {
                below += form(error, &design[i], error).re;
            }
        }
        form(&h, &design[*message], &h).re / below
    }

    /// Smallest SINR found over the errors: an upper bound on the worst case.
    pub(super) fn attacked(
        &self,
        design: &Design,
        pair: &(usize, usize, Vec<usize>, Vec<usize>),
        ball: ErrorBall,
    ) -> f64 {
        let h = column(&self.h, pair.1);
        let n = h.len();
        let at = |error: &[c64]| self.sinr(design, pair, error, ball.residual);
        let stretched = |x: &[c64]| -> Vec<c64> {
            let size = size2(x).sqrt().max(f64::MIN_POSITIVE);
            x.iter().map(|z| z * (ball.radius / size)).collect()
        };
        let mut starts = vec![stretched(&h.iter().map(|z| -z).collect::<Vec<_>>())];
        for beams in design {
            for w in beams {
                let seen = (0..n).fold(c64::ZERO, |s, i| s + w[i].conj() * h[i]);
                let turn = if seen.norm() > 0.0 {
                    seen / seen.norm()
                } else {
                    c64::ONE
                };
                for sign in [1.0, -1.0] {
                    starts.push(stretched(
                        &w.iter().map(|z| z * turn * sign).collect::<Vec<_>>(),
                    ));
                }
            }
        }
        let mut least = at(&vec![c64::ZERO; n]);
        for mut error in starts {
            let mut value = at(&error);
            let mut step = 0.5;
            for _ in 0..12 {
                // Coordinate descent on the sphere.
                let mut moved = false;
                for i in 0..n {
                    for turn in [c64::ONE, c64::I, -c64::ONE, -c64::I] {
                        let mut trial = error.clone();
                        trial[i] += turn * (step * ball.radius);
                        let trial = stretched(&trial);
                        let there = at(&trial);
                        if there < value {
                            (value, error, moved) = (there, trial, true);
                        }
                    }
                }
                if !moved {
                    step *= 0.4;
                }
            }
            least = least.min(value);
        }
        least
    }

    pub(super) fn power(&self, design: &Design) -> f64 {
        let transmit: f64 = design.iter().flatten().map(|w| size2(w)).sum();
        transmit + self.pattern(design).iter().sum::<f64>()
    }

    pub(super) fn pattern(&self, design: &Design) -> Vec<f64> {
        let all: Vec<Vec<c64>> = design.iter().flatten().cloned().collect();
        (0..self.a.ncols())
            .map(|m| form(&column(&self.a, m), &all, &column(&self.a, m)).re)
            .collect()
    }

    /// Largest relative violation of floors, differences and cross-correlation.
    pub(super) fn sensing_violation(&self, design: &Design) -> f64 {
        let all: Vec<Vec<c64>> = design.iter().flatten().cloned().collect();
        let pattern = self.pattern(design);
        let targets = pattern.len();
        let top = pattern.iter().copied().fold(self.floor, f64::max);
        let mut worst = 0.0_f64;
        let (mut sum, mut pairs) = (0.0, 0.0);
        for p in 0..targets {
            worst = worst.max(1.0 - pattern[p] / self.floor);
            for m in p + 1..targets {
                let difference = (pattern[p] - pattern[m]).abs();
                let scale = top.max(self.difference);
                worst = worst.max((difference - self.difference) / scale);
                sum += form(&column(&self.a, p), &all, &column(&self.a, m)).norm_sqr();
                pairs += 1.0;
            }
        }
        if let (Some(xi), true) = (self.xi, pairs > 0.0) {
            worst = worst.max((sum / pairs / xi).sqrt() - 1.0);
        }
        worst
    }

    pub(super) fn design_of(&self, report: &SolveReport) -> Option<Design> {
        if let Some(w) = report.beamformers.get("w").and_then(matrix) {
            return Some((0..w.ncols()).map(|k| vec![column(&w, k)]).collect());
        }
        (0..self.users())
            .map(|k| {
                let w = matrix(report.beamformers.get(&format!("W_{k}"))?)?;
                let eigen = factor::eigh(w.as_ref()).ok()?;
                let top = eigen.values.last().copied().unwrap_or(0.0).max(0.0);
                if eigen.values.first().copied().unwrap_or(0.0) < -1e-9 * top {
                    return None;
                }
                Some(
                    (0..w.ncols())
                        .map(|j| {
                            let size = eigen.values[j].max(0.0).sqrt();
                            column(&eigen.vectors, j).iter().map(|z| z * size).collect()
                        })
                        .collect(),
                )
            })
            .collect()
    }

    /// A design in closed form for targets per user, where there is one: dual vectors of channels and
    /// steering vectors, so that nothing disturbs anything. Without targets in the scene, decoding
    /// everything is served along one direction.
    pub(super) fn reference(&self, gamma: &[f64]) -> Option<Design> {
        let (n, k, m) = (self.h.nrows(), self.users(), self.a.ncols());
        if n < k + m || self.sic == SicSet::Full && k > 1 {
            return None;
        }
        let all = ops::hcat(self.h.as_ref(), self.a.as_ref());
        let scales: Vec<f64> = (0..k + m).map(|j| all.col(j).norm_l2()).collect();
        let unit = Mat::from_fn(n, k + m, |i, j| all[(i, j)] / scales[j]);
        let gram = ops::adjoint_mul(unit.as_ref(), unit.as_ref());
        let values = factor::eigvalsh(gram.as_ref()).ok()?;
        if values.first().copied().unwrap_or(0.0) < 1e-7 {
            return None;
        }
        let inverse = factor::cholesky("gram", gram.as_ref()).ok()?.inverse();
        let dual = ops::mul(unit.as_ref(), inverse.as_ref());
        let mut design: Design = (0..k)
            .map(|j| {
                let size = (gamma[j] * self.noise).sqrt() / scales[j];
                vec![column(&dual, j).iter().map(|z| z * size).collect()]
            })
            .collect();
        for t in 0..m {
            let size = self.floor.sqrt() / scales[k + t];
            let beam = column(&dual, k + t).iter().map(|z| z * size).collect();
            design[0].push(beam);
        }
        (self.sensing_violation(&design) < REFERENCE).then_some(design)
    }

    /// The optimum of users whom nothing disturbs, without targets in the scene.
    pub(super) fn along_channels(&self, gamma: &[f64], ball: ErrorBall) -> Option<Design> {
        (0..self.users())
            .map(|k| {
                let h = column(&self.h, k);
                let norm = size2(&h).sqrt();
                let left = norm - ball.radius;
                (left > 1e-9 * norm).then(|| {
                    let size = (gamma[k] * self.noise).sqrt() / left / norm;
                    vec![h.iter().map(|z| z * size).collect()]
                })
            })
            .collect()
    }
}
