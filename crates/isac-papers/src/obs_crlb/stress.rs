//! `isac stress obs_crlb`: one random instance, solved by the road of `isac solve`, and everything
//! that the answer claims found again by formulas that share nothing with the solver: echoes written
//! out antenna by antenna, a QR decomposition of the stacked derivatives, gradients by the rules of
//! calculus. What rounding may change of each number is carried beside it, to first order.

use std::f64::consts::PI;

use isac_linalg::{Mat, c64};
use isac_models::rng::{Stream, complex_normal, stream};
use rand::{Rng, RngExt};
use serde_json::{Value, json};

use super::method::Method;
use super::solve::{STATIONARY, solve};
use isac_lab::document::{Document, json_of_matrix};
use isac_lab::solve::{SolveReport, SolveRequest, SolveStatus};
use isac_lab::stress::Trial;

/// Condition of the derivatives up to which a scene is regular: six digits are left at the least.
const REGULAR: f64 = 1e6;

/// The arrays that are drawn, horizontal and vertical antennas.
const SHAPES: [[usize; 2]; 8] = [
    [2, 1],
    [1, 2],
    [2, 2],
    [3, 2],
    [2, 4],
    [4, 3],
    [4, 4],
    [8, 2],
];

/// Draws, solves and checks one instance.
pub(super) fn stress(seed: u64, instance: u64) -> Trial {
    let mut rng = stream(seed, Stream::Randomisation, instance);
    let mut scene = Scene::draw(&SHAPES, &mut rng);
    let method = match rng.random_range(0..20) {
        0..2 => Method::BestOfStarts,
        2..10 => Method::Accelerated,
        10..14 => Method::BarzilaiBorwein,
        14..17 => Method::PerAntenna,
        17 => Method::Algorithm1,
        18 => Method::FpSgda,
        _ => Method::WmmseSdr,
    };
    if method == Method::WmmseSdr {
        // Up to sixty semidefinite programs, some in 31 digits: arrays of at most six antennas.
        scene = Scene::draw(&SHAPES[..4], &mut rng);
    }
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
    fn draw(shapes: &[[usize; 2]], rng: &mut impl Rng) -> Self {
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
        if self.angles.iter().any(|&(theta, _)| endfire(theta)) {
            return Some("answered with a target at endfire".into());
        }
        let value = self.value(&w);
        let Some(objective) = report.objective else {
            return Some("no objective".into());
        };
        // Beyond that no digit of the CRLB is right.
        if value.crlb_room > 0.1 * value.crlb {
            return Some(format!("a CRLB of condition {:e}", value.condition));
        }
        let room = value.room();
        if (objective - value.objective()).abs() > room {
            return Some(format!(
                "objective {objective:e} is {:e} by the echoes, {room:e} by rounding",
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
        // Theirs and ours: a sum of squares loses no more than half a last place a term.
        let rounding = f64::EPSILON * (entries(&w).count() + 8) as f64;
        if excess > rounding && report.max_violation.is_none_or(|v| v < excess - rounding) {
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
            // Two subtractions and divisions of the same two numbers.
            let rounding = 4.0 * f64::EPSILON * (1.0 + gap);
            if certificate
                .relative_gap
                .is_some_and(|said| (said - gap).abs() > rounding)
            {
                return Some(format!("gap {:?} is {gap:e}", certificate.relative_gap));
            }
        }
        if report.status == SolveStatus::Solved {
            if excess > rounding {
                return Some(format!("solved with a violation of {excess:e}"));
            }
            let residual = self.residual(&w, method == Method::PerAntenna);
            if residual > STATIONARY {
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
    fn wrongly_refused(&self, error: &isac_lab::Error) -> Option<String> {
        let antennas = self.channel.nrows();
        let mut w = Mat::zeros(antennas, antennas.max(self.users()));
        for i in 0..antennas {
            w[(i, i)] = c64::from((self.power / antennas as f64).sqrt());
        }
        // At endfire an angle, a double, is not known well enough for its cosine to have a digit.
        let regular = !self.angles.iter().any(|&(theta, _)| endfire(theta))
            && self.sensed(&w).condition < REGULAR;
        (self.angles.is_empty() || regular).then(|| format!("refused a regular problem: {error}"))
    }

    /// Objective by the definitions.
    fn value(&self, w: &Mat<c64>) -> Terms {
        let (mut rate, mut rate_room) = (0.0, 0.0);
        for k in 0..self.users() {
            let seen = self.received(w, k);
            let total = seen.signal + seen.noise;
            rate += (seen.signal / seen.noise).ln_1p();
            rate_room += seen.signal_room / total
                + seen.noise_room * seen.signal / (seen.noise * total)
                + 4.0 * f64::EPSILON;
        }
        let (crlb, crlb_room, condition) = if self.crlb > 0.0 && !self.angles.is_empty() {
            let sensed = self.sensed(w);
            (sensed.trace, sensed.trace_room, sensed.condition)
        } else {
            (0.0, 0.0, 1.0)
        };
        let weighted = |weight: f64, value: f64| if weight > 0.0 { weight * value } else { 0.0 };
        Terms {
            rate: weighted(self.rate, rate),
            rate_room: weighted(self.rate, rate_room),
            crlb: weighted(self.crlb, crlb),
            crlb_room: weighted(self.crlb, crlb_room),
            condition,
        }
    }

    /// What user `k` receives. A sum of `Nt` products is off by at most `Nt + 2` last places of the
    /// sum of their moduli.
    fn received(&self, w: &Mat<c64>, k: usize) -> Received {
        let places = f64::EPSILON * (w.nrows() + 2) as f64;
        let mut out = Received {
            couplings: Vec::new(),
            rooms: Vec::new(),
            signal: 0.0,
            signal_room: 0.0,
            noise: self.noise[k],
            noise_room: 0.0,
        };
        for j in 0..w.ncols() {
            let (mut sum, mut size) = (c64::ZERO, 0.0);
            for i in 0..w.nrows() {
                sum += self.channel[(i, k)].conj() * w[(i, j)];
                size += self.channel[(i, k)].norm() * w[(i, j)].norm();
            }
            let (power, room) = (sum.norm_sqr(), places * size);
            let power_room = room * (2.0 * sum.norm() + room) + 2.0 * f64::EPSILON * power;
            if j == k {
                (out.signal, out.signal_room) = (power, power_room);
            } else {
                out.noise += power;
                out.noise_room += power_room;
            }
            out.couplings.push(sum);
            out.rooms.push(room);
        }
        out.noise_room += f64::EPSILON * w.ncols() as f64 * out.noise;
        out
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

    /// The maps `E_p` from a beam to the derivatives of its echo by the angles and by both parts of
    /// the coefficients, `Nr x Nt` each, over the noise; beside each the map of the moduli of all
    /// terms, which rounding goes by.
    fn echoes(&self) -> Vec<(Mat<c64>, Mat<f64>)> {
        let scale = (2.0 * self.snapshots as f64 / self.radar_noise).sqrt();
        let mut out = Vec::new();
        for kind in 0..4 {
            for (m, &angles) in self.angles.iter().enumerate() {
                let [a, b] = [self.transmit, self.receive].map(|s| Self::response(s, angles));
                let factor = match kind {
                    0 | 1 => self.alpha[m],
                    2 => c64::ONE,
                    _ => c64::new(0.0, 1.0),
                } * scale;
                let terms = |r: usize, i: usize| match kind {
                    0 | 1 => [
                        b[kind + 1][r] * a[0][i].conj(),
                        b[0][r] * a[kind + 1][i].conj(),
                    ],
                    _ => [b[0][r] * a[0][i].conj(), c64::ZERO],
                };
                // The derivative by phi is a difference of two terms of its own, `h` and `v`.
                let reach = |s: [usize; 2]| PI * (s[0] + s[1]) as f64;
                let moduli = |r: usize, i: usize| match kind {
                    1 => {
                        (reach(self.transmit) + reach(self.receive))
                            * b[0][r].norm()
                            * a[0][i].norm()
                    }
                    _ => terms(r, i).iter().map(|term| term.norm()).sum(),
                };
                let (rows, cols) = (b[0].len(), a[0].len());
                out.push((
                    Mat::from_fn(rows, cols, |r, i| terms(r, i).iter().sum::<c64>() * factor),
                    Mat::from_fn(rows, cols, |r, i| moduli(r, i) * factor.norm()),
                ));
            }
        }
        out
    }

    /// The CRLB with its gradient, by the QR decomposition of the echo's derivatives: the FIM itself,
    /// whose condition is the square, is not formed.
    ///
    /// With an error `dJ_p` of its columns the trace moves by `-2 sum_p V_p . dJ_p`, `V = J F^-2`.
    /// A column is off by `Nt + 8` last places of its terms for sums and products, three for each
    /// radian of the phases, and `4 n` of its own for a decomposition into `n` columns.
    fn sensed(&self, w: &Mat<c64>) -> Sensed {
        let echoes = self.echoes();
        let radians =
            PI * (self.transmit.iter().sum::<usize>() + self.receive.iter().sum::<usize>()) as f64;
        let places = (w.nrows() + 8) as f64 + 3.0 * radians + 4.0 * echoes.len() as f64;
        let (mut columns, mut sizes) = (Vec::new(), Vec::new());
        for (echo, moduli) in &echoes {
            let mut column = Vec::new();
            let mut size = 0.0;
            for j in 0..w.ncols() {
                for r in 0..echo.nrows() {
                    let terms = (0..w.nrows()).map(|i| echo[(r, i)] * w[(i, j)]);
                    let sum: c64 = terms.sum();
                    let moduli = (0..w.nrows()).map(|i| moduli[(r, i)] * w[(i, j)].norm());
                    size += moduli.sum::<f64>().powi(2);
                    column.extend([sum.re, sum.im]);
                }
            }
            columns.push(column);
            sizes.push(f64::EPSILON * places * size.sqrt());
        }
        let Some(inverse) = Inverse::of(columns) else {
            return Sensed::singular(w);
        };
        let lengths: Vec<f64> = inverse.slope.iter().map(|v| norm(v)).collect();
        let trace_room = lengths
            .iter()
            .zip(&sizes)
            .map(|(v, d)| 2.0 * v * d)
            .sum::<f64>();
        // `V` is of third order in the inverse of `J`.
        let relative = |(size, own): (&f64, &f64)| size / own;
        let perturbed = sizes
            .iter()
            .zip(&inverse.norms)
            .map(relative)
            .fold(0.0, f64::max);
        let mut gradient = Mat::<c64>::zeros(w.nrows(), w.ncols());
        let mut gradient_room = 0.0;
        for ((echo, moduli), (v, length)) in echoes.iter().zip(inverse.slope.iter().zip(&lengths)) {
            for j in 0..w.ncols() {
                for i in 0..w.nrows() {
                    for r in 0..echo.nrows() {
                        let at = 2 * (j * echo.nrows() + r);
                        gradient[(i, j)] -= echo[(r, i)].conj() * c64::new(v[at], v[at + 1]) * 2.0;
                    }
                }
            }
            let reach = (0..w.nrows()).flat_map(|i| (0..echo.nrows()).map(move |r| (r, i)));
            let reach = reach.map(|at| moduli[at].powi(2)).sum::<f64>().sqrt();
            gradient_room += 2.0
                * length
                * reach
                * (3.0 * inverse.condition * perturbed + f64::EPSILON * places);
        }
        Sensed {
            trace: inverse.trace,
            trace_room,
            condition: inverse.condition,
            gradient,
            gradient_room,
        }
    }

    /// The gradient of the objective in the convention `df = Re tr(G^H dW)`, and the norm of what
    /// rounding may change of it.
    fn gradient(&self, w: &Mat<c64>) -> (Mat<c64>, f64) {
        let mut gradient = Mat::<c64>::zeros(w.nrows(), w.ncols());
        let mut room = 0.0;
        for k in (0..self.users()).filter(|_| self.rate > 0.0) {
            let seen = self.received(w, k);
            let total = seen.signal + seen.noise;
            let relative =
                seen.noise_room / seen.noise + (seen.signal_room + seen.noise_room) / total;
            let channel: f64 = (0..w.nrows())
                .map(|i| self.channel[(i, k)].norm_sqr())
                .sum();
            for j in 0..w.ncols() {
                // d ln(1 + S / I) = dS / (S + I) - S dI / (I (S + I)).
                let weight = if j == k {
                    1.0 / total
                } else {
                    -seen.signal / (seen.noise * total)
                };
                let factor = 2.0 * self.rate * weight;
                for i in 0..w.nrows() {
                    gradient[(i, j)] += self.channel[(i, k)] * (seen.couplings[j] * factor);
                }
                let off = seen.rooms[j]
                    + seen.couplings[j].norm() * (2.0 * relative + 8.0 * f64::EPSILON);
                room += factor.abs() * channel.sqrt() * off;
            }
        }
        if self.crlb > 0.0 && !self.angles.is_empty() {
            let sensed = self.sensed(w);
            for j in 0..w.ncols() {
                for i in 0..w.nrows() {
                    gradient[(i, j)] -= sensed.gradient[(i, j)] * self.crlb;
                }
            }
            room += self.crlb * sensed.gradient_room;
        }
        (gradient, room)
    }

    /// The part of the gradient along the feasible set, less what rounding explains, over the part
    /// normal to it.
    fn residual(&self, w: &Mat<c64>, per_antenna: bool) -> f64 {
        let (gradient, room) = self.gradient(w);
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
        let along = (along.sqrt() - room).max(0.0);
        if along > 0.0 {
            along / (normal.sqrt() + room)
        } else {
            0.0
        }
    }
}

/// Whether the last place of an angle moves the derivative by it, which goes with its cosine, by more
/// than a millionth.
fn endfire(theta: f64) -> bool {
    theta.cos().abs() < 1e6 * f64::EPSILON
}

/// The couplings of a user with all streams, its signal and its interference plus noise; each with
/// what rounding may change of it.
struct Received {
    couplings: Vec<c64>,
    rooms: Vec<f64>,
    signal: f64,
    signal_room: f64,
    noise: f64,
    noise_room: f64,
}

/// `tr F^-1` and its gradient, each with what rounding may change of it, and the condition of the
/// derivatives with unit columns.
struct Sensed {
    trace: f64,
    trace_room: f64,
    condition: f64,
    gradient: Mat<c64>,
    gradient_room: f64,
}

impl Sensed {
    fn singular(w: &Mat<c64>) -> Self {
        Self {
            trace: f64::INFINITY,
            trace_room: f64::INFINITY,
            condition: f64::INFINITY,
            gradient: Mat::zeros(w.nrows(), w.ncols()),
            gradient_room: f64::INFINITY,
        }
    }
}

/// The terms of the objective, weighted, with what rounding may change of them, and the condition of
/// the derivatives of the echo.
struct Terms {
    rate: f64,
    rate_room: f64,
    crlb: f64,
    crlb_room: f64,
    condition: f64,
}

impl Terms {
    fn objective(&self) -> f64 {
        self.rate - self.crlb
    }

    /// What rounding may change of the objective, here and in the answer.
    fn room(&self) -> f64 {
        2.0 * (self.rate_room + self.crlb_room) + 4.0 * f64::EPSILON * (self.rate + self.crlb)
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

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// `F^-1` for `F = J^T J`, from `J` alone.
struct Inverse {
    trace: f64,
    /// `||J||_F ||J^-1||_F` with unit columns.
    condition: f64,
    /// Lengths of the columns of `J`.
    norms: Vec<f64>,
    /// Columns of `J F^-2`.
    slope: Vec<Vec<f64>>,
}

impl Inverse {
    /// By modified Gram-Schmidt, twice, on the columns of `J` scaled to length 1; `None` where one is
    /// in the span of those before it.
    fn of(mut columns: Vec<Vec<f64>>) -> Option<Self> {
        let n = columns.len();
        let norms: Vec<f64> = columns.iter().map(|c| norm(c)).collect();
        if norms.iter().any(|norm| norm.is_nan() || *norm <= 0.0) {
            return None;
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
            r[j][j] = norm(&columns[j]);
            if r[j][j] <= 1e-15 {
                return None;
            }
            columns[j].iter_mut().for_each(|x| *x /= r[j][j]);
        }
        // The root `D^-1 R^-1` by back substitution: `F^-1` is its product with its transpose.
        let mut root = vec![vec![0.0; n]; n];
        let mut spread = 0.0;
        for j in 0..n {
            for i in (0..=j).rev() {
                let known: f64 = (i + 1..=j).map(|k| r[i][k] * root[k][j]).sum();
                root[i][j] = (f64::from(u8::from(i == j)) - known) / r[i][i];
            }
        }
        for (row, norm) in root.iter_mut().zip(&norms) {
            spread += dot(row, row);
            row.iter_mut().for_each(|x| *x /= norm);
        }
        let inverse: Vec<Vec<f64>> = (0..n)
            .map(|i| (0..n).map(|j| dot(&root[i], &root[j])).collect())
            .collect();
        // J F^-2 = Q (D^-1 R^-1)^T F^-1.
        let slope = (0..n).map(|p| {
            let mut out = vec![0.0; columns[0].len()];
            for (k, q) in columns.iter().enumerate() {
                let weight: f64 = (0..n).map(|i| root[i][k] * inverse[i][p]).sum();
                out.iter_mut().zip(q).for_each(|(x, q)| *x += weight * q);
            }
            out
        });
        Some(Self {
            trace: (0..n).map(|i| inverse[i][i]).sum(),
            condition: (n as f64 * spread).sqrt(),
            slope: slope.collect(),
            norms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scene without rare corners: all numbers near 1.
    fn scene(seed: u64) -> Scene {
        let mut rng = stream(seed, Stream::Randomisation, 0);
        Scene {
            transmit: [3, 2],
            receive: [2, 4],
            angles: vec![(0.3, 1.1), (-0.7, 1.9)],
            alpha: vec![c64::new(0.6, 0.3), c64::new(-0.2, 0.9)],
            channel: complex_normal(6, 3, &mut rng),
            noise: vec![0.3, 0.5, 0.8],
            radar_noise: 0.4,
            power: 1.0,
            snapshots: 3,
            rate: 0.7,
            crlb: 0.2,
        }
    }

    /// The remainder of the first-order expansion goes with the square of the step, so that its central
    /// difference is right to nine digits.
    #[test]
    fn the_gradient_is_that_of_the_value() {
        let scene = scene(3);
        let w = complex_normal(6, 7, &mut stream(3, Stream::Start, 0));
        let (gradient, room) = scene.gradient(&w);
        let size = entries(&gradient).map(|x| x.norm_sqr()).sum::<f64>().sqrt();
        assert!(room > 0.0 && room < 1e-10 * size, "{room:e} of {size:e}");
        for at in [(0, 0), (2, 1), (5, 2), (3, 4), (1, 6)] {
            for turn in [c64::ONE, c64::new(0.0, 1.0)] {
                let moved = |step: f64| {
                    let mut moved = w.clone();
                    moved[at] += turn * step;
                    scene.value(&moved).objective()
                };
                let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                let expected = (gradient[at].conj() * turn).re;
                assert!(
                    (slope - expected).abs() < 1e-8 * size,
                    "{at:?}: {slope} {expected}"
                );
            }
        }
    }

    /// One target, one coefficient known: `J = (3, 4)^T` has `F = 25`, `J F^-2 = J / 625`.
    #[test]
    fn one_column_by_hand() {
        let inverse = Inverse::of(vec![vec![3.0, 4.0]]).unwrap();
        assert!((inverse.trace - 0.04).abs() < 1e-16);
        assert!((inverse.condition - 1.0).abs() < 1e-15);
        assert!((inverse.slope[0][1] - 4.0 / 625.0).abs() < 1e-17);
        assert!(Inverse::of(vec![vec![1.0, 2.0], vec![2.0, 4.0]]).is_none());
    }

    /// The judge sees an objective that is off by a millionth, a bound below it and a point that is not
    /// stationary.
    #[test]
    fn what_is_not_so_is_seen() {
        let scene = scene(5);
        let w = complex_normal(6, 7, &mut stream(5, Stream::Start, 0));
        let value = scene.value(&w);
        assert!(value.room() < 1e-10 * (value.rate + value.crlb));
        assert!(scene.residual(&w, false) > STATIONARY);
        assert!(endfire(0.5 * PI) && !endfire(0.5 * PI - 1e-7));
        let mut rng = stream(5, Stream::Randomisation, 1);
        assert!(scene.bound_broken(f64::NEG_INFINITY, &mut rng).is_some());
        assert!(scene.bound_broken(f64::INFINITY, &mut rng).is_none());
    }
}
