//! `isac stress obs_crlb`: one random instance, solved by the road of `isac solve`, and everything
//! that the answer claims found again by formulas that share nothing with the solver: echoes written
//! out antenna by antenna, a QR decomposition of the stacked derivatives, gradients by differences.

use std::f64::consts::PI;

use isac_linalg::{Mat, c64};
use isac_models::rng::{Stream, complex_normal, stream};
use rand::{Rng, RngExt};
use serde_json::{Value, json};

use super::method::Method;
use super::solve::{STATIONARY, solve};
use crate::document::{Document, json_of_matrix};
use crate::solve::{SolveReport, SolveRequest, SolveStatus};
use crate::stress::Trial;

/// Excess over a limit that rounding explains.
const ROUNDING: f64 = 1e-9;

/// Draws, solves and checks one instance.
pub(super) fn stress(seed: u64, instance: u64) -> Trial {
    let mut rng = stream(seed, Stream::Randomisation, instance);
    let scene = Scene::draw(&mut rng);
    let method = match rng.random_range(0..20) {
        0..2 => Method::BestOfStarts,
        2..10 => Method::Accelerated,
        10..14 => Method::BarzilaiBorwein,
        14..17 => Method::PerAntenna,
        17 => Method::Algorithm1,
        18 => Method::FpSgda,
        _ => Method::WmmseSdr,
    };
    let document = Document {
        file: format!("instance {instance}"),
        value: scene.document(instance),
    };
    let request = SolveRequest {
        algorithm: Some(method.name().into()),
        ..SolveRequest::default()
    };
    let (status, over_claim) = match solve(&document.root(), &request) {
        Ok(report) => {
            let status = match report.status {
                SolveStatus::Solved => "solved",
                SolveStatus::Inaccurate => "inaccurate",
                SolveStatus::Limit => "limit",
                SolveStatus::Unknown => "unknown",
                SolveStatus::Infeasible => "infeasible",
                SolveStatus::NoPointBelow => "no_point_below",
                SolveStatus::IllPosed => "ill_posed",
            };
            (status, scene.over_claim(method, &report, &mut rng))
        }
        Err(error) if error.exit_code() == 2 => ("refused", scene.wrongly_refused(&error)),
        Err(_) => ("no answer", None),
    };
    Trial {
        class: method.name(),
        status: status.into(),
        over_claim: over_claim.map(|what| format!("{}: {what}", scene.summary())),
    }
}

/// A problem in numbers, as a user would write it.
struct Scene {
    transmit: [usize; 2],
    receive: [usize; 2],
    /// `(theta, phi)` in radians.
    angles: Vec<(f64, f64)>,
    alpha: Vec<c64>,
    channel: Mat<c64>,
    noise: Vec<f64>,
    radar_noise: f64,
    power: f64,
    snapshots: usize,
    rate: f64,
    crlb: f64,
}

fn decade(rng: &mut impl Rng, low: f64, high: f64) -> f64 {
    10.0_f64.powf(rng.random_range(low..high))
}

impl Scene {
    fn draw(rng: &mut impl Rng) -> Self {
        let shapes = [
            [2, 1],
            [1, 2],
            [2, 2],
            [3, 2],
            [2, 4],
            [4, 3],
            [4, 4],
            [8, 2],
        ];
        let transmit = shapes[rng.random_range(0..shapes.len())];
        let receive = shapes[rng.random_range(0..shapes.len())];
        let users = rng.random_range(0..5_usize);
        let targets = if users > 0 && rng.random_bool(0.1) {
            0
        } else {
            rng.random_range(1..3_usize)
        };
        let angles = (0..targets)
            .map(|_| {
                let phi = rng.random_range(0.1..PI - 0.1);
                let theta = match rng.random_range(0..20) {
                    0 => 0.5 * PI,
                    1..4 => 0.5 * PI - decade(rng, -7.0, 0.0),
                    _ => rng.random_range(-1.2..1.2),
                };
                (theta, phi)
            })
            .collect();
        let alpha = (0..targets)
            .map(|_| c64::from_polar(decade(rng, -4.0, 0.0), rng.random_range(0.0..2.0 * PI)))
            .collect();
        let antennas = transmit[0] * transmit[1];
        let mut channel = complex_normal(antennas, users, rng);
        for k in 0..users {
            let gain = decade(rng, -5.0, 0.0);
            for i in 0..antennas {
                channel[(i, k)] *= gain;
            }
        }
        // -120 to 30 dBm.
        let watts = |rng: &mut _| decade(rng, -15.0, 0.0);
        let (rate, crlb) = match rng.random_range(0..10) {
            0 => (0.0, decade(rng, -9.0, 9.0)),
            1 if users > 0 => (decade(rng, -9.0, 9.0), 0.0),
            2 => {
                let common = decade(rng, -12.0, 12.0);
                (0.25 * common, common)
            }
            _ => (decade(rng, -9.0, 9.0), decade(rng, -9.0, 9.0)),
        };
        Self {
            noise: (0..users).map(|_| watts(rng)).collect(),
            radar_noise: watts(rng),
            power: watts(rng),
            snapshots: rng.random_range(1..100),
            transmit,
            receive,
            angles,
            alpha,
            channel,
            rate,
            crlb,
        }
    }

    fn users(&self) -> usize {
        self.channel.ncols()
    }

    fn summary(&self) -> String {
        format!(
            "Nt {:?}, Nr {:?}, K {}, M {}, angles {:?}, power {:e} W, noise {:e} W and {:?} W, weights {:e} and {:e}",
            self.transmit,
            self.receive,
            self.users(),
            self.angles.len(),
            self.angles,
            self.power,
            self.radar_noise,
            self.noise,
            self.rate,
            self.crlb
        )
    }

    fn document(&self, seed: u64) -> Value {
        let list = |pick: fn(&(f64, f64)) -> f64| self.angles.iter().map(pick).collect::<Vec<_>>();
        let parts = |pick: fn(&c64) -> f64| self.alpha.iter().map(pick).collect::<Vec<_>>();
        let mut value = json!({
            "schema": "obs-crlb/1",
            "seed": seed,
            "theta": list(|a| a.0),
            "phi": list(|a| a.1),
            "alpha": {"re": parts(|a| a.re), "im": parts(|a| a.im)},
            "parameters": {
                "nt_h": self.transmit[0], "nt_v": self.transmit[1],
                "nr_h": self.receive[0], "nr_v": self.receive[1],
                "K": self.users(), "M": self.angles.len(), "L": self.snapshots,
                "Pt": self.power, "sigma_s2": self.radar_noise,
                "delta_c": self.rate, "delta_s": self.crlb,
            },
        });
        if self.users() > 0 {
            value["H"] = json_of_matrix(self.channel.as_ref());
            value["parameters"]["sigma_c2"] = json!(self.noise);
        }
        value
    }

    /// What an answer claims beyond the truth.
    fn over_claim(
        &self,
        method: Method,
        report: &SolveReport,
        rng: &mut impl Rng,
    ) -> Option<String> {
        let Some(w) = beamformer(report) else {
            return Some("no beamformer".into());
        };
        let value = self.value(&w);
        let Some(objective) = report.objective else {
            return Some("no objective".into());
        };
        let room = value.room();
        if (objective - value.objective()).abs() > room {
            return Some(format!(
                "objective {objective:e} is {:e} by the echoes",
                value.objective()
            ));
        }
        let power: f64 = entries(&w).map(|x| x.norm_sqr()).sum();
        let excess = if method == Method::PerAntenna {
            let share = self.power / w.nrows() as f64;
            let row = |i: usize| (0..w.ncols()).map(|j| w[(i, j)].norm_sqr()).sum::<f64>();
            (0..w.nrows())
                .map(|i| (row(i) / share - 1.0).abs())
                .fold(0.0, f64::max)
        } else {
            power / self.power - 1.0
        };
        if excess > ROUNDING && report.max_violation.is_none_or(|v| v < 0.5 * excess) {
            return Some(format!(
                "violation {excess:e}, said {:?}",
                report.max_violation
            ));
        }
        if let Some(certificate) = &report.certificate {
            let claim = self.bound_broken(certificate.bound, rng).or_else(|| {
                let broken = value.objective() > certificate.bound + room;
                broken
                    .then(|| format!("its own point lies above the bound {:e}", certificate.bound))
            });
            if claim.is_some() {
                return claim;
            }
            let gap = (certificate.bound - objective).abs() / objective.abs();
            if certificate
                .relative_gap
                .is_some_and(|said| (said - gap).abs() > 1e-9 * gap.max(1e-3))
            {
                return Some(format!("gap {:?} is {gap:e}", certificate.relative_gap));
            }
        }
        if report.status == SolveStatus::Solved {
            if excess > ROUNDING {
                return Some(format!("solved with a violation of {excess:e}"));
            }
            let residual = self.residual(&w, method == Method::PerAntenna);
            if residual > 2.0 * STATIONARY {
                return Some(format!(
                    "solved with a stationarity residual of {residual:e}"
                ));
            }
        }
        None
    }

    /// A feasible point above the bound: random ones, the same power everywhere, matched filters.
    fn bound_broken(&self, bound: f64, rng: &mut impl Rng) -> Option<String> {
        let antennas = self.channel.nrows();
        let columns = self.users() + antennas;
        for trial in 0..4 {
            let mut w = complex_normal(antennas, columns, rng);
            for j in 0..columns {
                for i in 0..antennas {
                    w[(i, j)] *= match trial {
                        0 => 1.0,
                        1 if j >= self.users() => decade(rng, -4.0, 0.0),
                        2 if j < self.users() => 1e-3,
                        _ => 1.0,
                    };
                    if trial == 3 && j < self.users() {
                        w[(i, j)] = self.channel[(i, j)];
                    }
                }
            }
            let power: f64 = entries(&w).map(|x| x.norm_sqr()).sum();
            let factor = (self.power / power).sqrt();
            for j in 0..columns {
                for i in 0..antennas {
                    w[(i, j)] *= factor;
                }
            }
            let value = self.value(&w);
            if value.objective() > bound + value.room() {
                return Some(format!(
                    "bound {bound:e} below the value {:e} of a random point",
                    value.objective()
                ));
            }
        }
        None
    }

    /// A refusal of a problem that has an answer.
    fn wrongly_refused(&self, error: &crate::Error) -> Option<String> {
        let antennas = self.channel.nrows();
        let mut w = Mat::zeros(antennas, antennas.max(self.users()));
        for i in 0..antennas {
            w[(i, i)] = c64::from((self.power / antennas as f64).sqrt());
        }
        let regular = self.value(&w).condition < 1e6;
        (self.angles.is_empty() || regular).then(|| format!("refused a regular problem: {error}"))
    }

    /// Objective by the definitions.
    fn value(&self, w: &Mat<c64>) -> Terms {
        let mut rate = 0.0;
        for k in 0..self.users() {
            let mut powers: Vec<f64> = Vec::new();
            for j in 0..w.ncols() {
                let mut sum = c64::ZERO;
                for i in 0..w.nrows() {
                    sum += self.channel[(i, k)].conj() * w[(i, j)];
                }
                powers.push(sum.norm_sqr());
            }
            let signal = powers.swap_remove(k);
            let noise = self.noise[k] + powers.iter().sum::<f64>();
            rate += (signal / noise).ln_1p();
        }
        let (trace, condition) = if self.crlb > 0.0 && !self.angles.is_empty() {
            self.crlb_trace(w)
        } else {
            (0.0, 1.0)
        };
        Terms {
            rate: self.rate * rate,
            crlb: if self.crlb > 0.0 {
                self.crlb * trace
            } else {
                0.0
            },
            condition,
        }
    }

    /// Response of an array to a direction with its two derivatives, unit norm at the direction.
    fn response(shape: [usize; 2], (theta, phi): (f64, f64)) -> [Vec<c64>; 3] {
        let norm = ((shape[0] * shape[1]) as f64).sqrt();
        let mut out = [Vec::new(), Vec::new(), Vec::new()];
        for h in 0..shape[0] {
            for v in 0..shape[1] {
                let (h, v) = (h as f64, v as f64);
                let phase = PI * (h * theta.sin() * phi.sin() + v * phi.cos());
                let entry = c64::from_polar(1.0 / norm, phase);
                let turned = c64::new(0.0, PI) * entry;
                out[0].push(entry);
                out[1].push(turned * (h * theta.cos() * phi.sin()));
                out[2].push(turned * (h * theta.sin() * phi.cos() - v * phi.sin()));
            }
        }
        out
    }

    /// `tr F^-1` and the condition of the echo's derivatives with unit columns, by their QR
    /// decomposition: the FIM itself, whose condition is the square, is not formed.
    fn crlb_trace(&self, w: &Mat<c64>) -> (f64, f64) {
        let mut columns: Vec<Vec<f64>> = Vec::new();
        let mut add = |echo: Vec<c64>| {
            columns.push(echo.iter().flat_map(|x| [x.re, x.im]).collect());
        };
        let kinds = 4;
        for kind in 0..kinds {
            for (m, &angles) in self.angles.iter().enumerate() {
                let a = Self::response(self.transmit, angles);
                let b = Self::response(self.receive, angles);
                let beam = |a: &[c64]| -> Vec<c64> {
                    (0..w.ncols())
                        .map(|j| (0..w.nrows()).map(|i| a[i].conj() * w[(i, j)]).sum())
                        .collect()
                };
                let outer = |b: &[c64], s: &[c64], factor: c64| -> Vec<c64> {
                    s.iter()
                        .flat_map(|s| b.iter().map(move |b| factor * b * s))
                        .collect()
                };
                let sent = beam(&a[0]);
                add(match kind {
                    0 | 1 => {
                        let turned = outer(&b[kind + 1], &sent, self.alpha[m]);
                        let steered = outer(&b[0], &beam(&a[kind + 1]), self.alpha[m]);
                        turned.iter().zip(&steered).map(|(x, y)| x + y).collect()
                    }
                    2 => outer(&b[0], &sent, c64::ONE),
                    _ => outer(&b[0], &sent, c64::new(0.0, 1.0)),
                });
            }
        }
        let kappa = 2.0 * self.snapshots as f64 / self.radar_noise;
        inverse_trace(columns, kappa)
    }

    /// The gradient by differences: its part along the feasible set over the part normal to it.
    fn residual(&self, w: &Mat<c64>, per_antenna: bool) -> f64 {
        let length = self.power.sqrt();
        let step = 1e-5 * length;
        let mut trial = w.clone();
        let mut gradient = Mat::<c64>::zeros(w.nrows(), w.ncols());
        for j in 0..w.ncols() {
            for i in 0..w.nrows() {
                let mut slope = |direction: c64| {
                    let held = trial[(i, j)];
                    trial[(i, j)] = held + direction * step;
                    let up = self.value(&trial).objective();
                    trial[(i, j)] = held - direction * step;
                    let down = self.value(&trial).objective();
                    trial[(i, j)] = held;
                    (up - down) / (2.0 * step)
                };
                gradient[(i, j)] = c64::new(slope(c64::ONE), slope(c64::new(0.0, 1.0)));
            }
        }
        let groups: Vec<Vec<(usize, usize)>> = if per_antenna {
            (0..w.nrows())
                .map(|i| (0..w.ncols()).map(|j| (i, j)).collect())
                .collect()
        } else {
            let all = (0..w.nrows()).flat_map(|i| (0..w.ncols()).map(move |j| (i, j)));
            vec![all.collect()]
        };
        let (mut along, mut normal) = (0.0, 0.0);
        for group in groups {
            let power: f64 = group.iter().map(|&at| w[at].norm_sqr()).sum();
            let inner: f64 = group
                .iter()
                .map(|&at| (w[at].conj() * gradient[at]).re)
                .sum();
            normal += inner * inner / power;
            along += group
                .iter()
                .map(|&at| (gradient[at] - w[at] * (inner / power)).norm_sqr())
                .sum::<f64>();
        }
        // What the rounding of the values leaves of the differences.
        let room = self.value(w).room() / step;
        let count = (2 * w.nrows() * w.ncols()) as f64;
        let along = (along.sqrt() - room * count.sqrt()).max(0.0);
        if along > 0.0 {
            along / normal.sqrt()
        } else {
            0.0
        }
    }
}

/// The terms of the objective, weighted, and the condition of the derivatives of the echo.
struct Terms {
    rate: f64,
    crlb: f64,
    condition: f64,
}

impl Terms {
    fn objective(&self) -> f64 {
        self.rate - self.crlb
    }

    /// What rounding may change of the objective: the CRLB loses the digits of the FIM's condition.
    fn room(&self) -> f64 {
        let lost = (1e-14 * self.condition * self.condition).min(0.5);
        ROUNDING * (self.rate + self.crlb) + lost * self.crlb
    }
}

fn entries(w: &Mat<c64>) -> impl Iterator<Item = c64> + '_ {
    (0..w.ncols()).flat_map(move |j| (0..w.nrows()).map(move |i| w[(i, j)]))
}

/// The beamformer of a report.
fn beamformer(report: &SolveReport) -> Option<Mat<c64>> {
    let value = report.beamformers.get("W")?;
    let part = |name: &str| -> Option<Vec<Vec<f64>>> {
        let rows = value.get(name)?.as_array()?.iter();
        rows.map(|row| row.as_array()?.iter().map(Value::as_f64).collect())
            .collect()
    };
    let (re, im) = (part("re")?, part("im")?);
    let columns = re.first()?.len();
    Some(Mat::from_fn(re.len(), columns, |i, j| {
        c64::new(re[i][j], im[i][j])
    }))
}

/// `tr (kappa A^T A)^-1` and the condition of `A` with unit columns, by modified Gram-Schmidt (twice)
/// on its columns.
fn inverse_trace(mut columns: Vec<Vec<f64>>, kappa: f64) -> (f64, f64) {
    let n = columns.len();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let norms: Vec<f64> = columns.iter().map(|c| dot(c, c).sqrt()).collect();
    if norms.iter().any(|norm| norm.is_nan() || *norm <= 0.0) {
        return (f64::INFINITY, f64::INFINITY);
    }
    for (column, norm) in columns.iter_mut().zip(&norms) {
        column.iter_mut().for_each(|x| *x /= norm);
    }
    let mut r = vec![vec![0.0; n]; n];
    for j in 0..n {
        for _ in 0..2 {
            for i in 0..j {
                let (before, rest) = columns.split_at_mut(j);
                let along = dot(&before[i], &rest[0]);
                r[i][j] += along;
                for (x, q) in rest[0].iter_mut().zip(&before[i]) {
                    *x -= along * q;
                }
            }
        }
        let norm = dot(&columns[j], &columns[j]).sqrt();
        if norm <= 1e-15 {
            return (f64::INFINITY, f64::INFINITY);
        }
        r[j][j] = norm;
        columns[j].iter_mut().for_each(|x| *x /= norm);
    }
    // Columns of R^-1 by back substitution; the trace of D^-1 R^-1 R^-T D^-1.
    let (mut trace, mut spread) = (0.0, 0.0_f64);
    for j in 0..n {
        let mut x = vec![0.0; n];
        for i in (0..=j).rev() {
            let known: f64 = (i + 1..=j).map(|k| r[i][k] * x[k]).sum();
            x[i] = (f64::from(u8::from(i == j)) - known) / r[i][i];
        }
        for i in 0..=j {
            trace += (x[i] / norms[i]).powi(2) / kappa;
            spread += x[i] * x[i];
        }
    }
    (trace, spread.sqrt() * (n as f64).sqrt())
}
