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

mod formulas;

use formulas::entries;

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
}

/// Whether the last place of an angle moves the derivative by it, which goes with its cosine, by more
/// than a millionth.
fn endfire(theta: f64) -> bool {
    theta.cos().abs() < 1e6 * f64::EPSILON
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

#[cfg(test)]
mod tests {
    use super::formulas::Inverse;
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
