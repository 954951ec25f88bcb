//! Reads fixtures of the schema `obs-crlb/1` and builds random instances.
#![allow(dead_code, reason = "each test target uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use isac_algos::obs_crlb::{SumRateCrlb, Weights};
use isac_linalg::{Mat, c64};
use isac_metrics::AngleSensing;
use isac_models::array::{KronOrder, Scaling, Upa};
use isac_models::channel::rayleigh;
use isac_models::rng::{Stream, stream};
use isac_models::target::{ReflectionLaw, Targets};
use serde_json::Value;

pub(crate) struct Fixture {
    pub(crate) problem: SumRateCrlb,
    pub(crate) start: Mat<c64>,
    pub(crate) json: Value,
}

/// Fixture `obs-crlb-<number>`. Number 2 is kept here; 1 and 3 hold released channels, which are
/// not copied, and are read beside the checkout.
pub(crate) fn fixture(number: usize) -> Fixture {
    let root = env!("CARGO_MANIFEST_DIR");
    let name = format!("obs-crlb-{number}.json");
    let path = match number {
        2 => format!("{root}/tests/fixtures/{name}"),
        _ => format!("{root}/../../../shared/fixtures/{name}"),
    };
    let text = std::fs::read_to_string(&path).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let p = &json["parameters"];
    let size = |key: &str| p[key].as_u64().unwrap() as usize;
    let number = |key: &str| p[key].as_f64().unwrap();
    let order = match p["kron_order"].as_str().unwrap() {
        "vh" => KronOrder::VerticalSlow,
        _ => KronOrder::HorizontalSlow,
    };
    let upa = |h, v| Upa::new(h, v, order, Scaling::UnitNorm).unwrap();
    let alpha = matrix(&json["alpha"]);
    let targets = Targets::new(
        list(&json["theta"]),
        list(&json["phi"]),
        (0..alpha.ncols()).map(|m| alpha[(0, m)]).collect(),
    )
    .unwrap();
    let transmit = upa(size("nt_h"), size("nt_v"));
    let receive = upa(size("nr_h"), size("nr_v"));
    let radar_noise = number("sigma_s2");
    let sensing = AngleSensing::new(&transmit, &receive, &targets, size("L"), radar_noise).unwrap();
    let weights = Weights {
        rate: number("delta_c"),
        crlb: number("delta_s"),
    };
    let noise = list(&p["sigma_c2"]);
    let problem =
        SumRateCrlb::new(matrix(&json["H"]), sensing, noise, number("Pt"), weights).unwrap();
    Fixture {
        problem,
        start: matrix(&json["W0"]),
        json,
    }
}

pub(crate) fn list(value: &Value) -> Vec<f64> {
    let items = value.as_array().unwrap().iter();
    items.map(|x| x.as_f64().unwrap()).collect()
}

pub(crate) fn matrix(value: &Value) -> Mat<c64> {
    let rows = |part: &str| -> Vec<Vec<f64>> {
        value[part].as_array().unwrap().iter().map(list).collect()
    };
    let (re, im) = (rows("re"), rows("im"));
    let cols = re.first().map_or(0, Vec::len);
    Mat::from_fn(re.len(), cols, |i, j| c64::new(re[i][j], im[i][j]))
}

/// Size and weights of a random instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) vertical: usize,
    pub(crate) users: usize,
    pub(crate) targets: usize,
    pub(crate) power: f64,
    pub(crate) weights: Weights,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            vertical: 4,
            users: 3,
            targets: 2,
            power: 1e-2,
            weights: Weights {
                rate: 0.25,
                crlb: 1.0,
            },
        }
    }
}

/// An instance with `4 x vertical` transmit and `5 x vertical` receive antennas.
pub(crate) fn instance(setup: Setup, seed: u64) -> SumRateCrlb {
    build(setup, seed, &draw(setup, seed, 0))
}

/// An instance whose FIM is regular by its geometry: the first targets drawn that keep 0.3 from pole
/// and endfire and, in the sines that the arrays see, from each other.
pub(crate) fn regular_instance(setup: Setup, seed: u64) -> SumRateCrlb {
    let apart = |targets: &Targets| {
        let angles: Vec<(f64, f64)> = targets
            .theta()
            .iter()
            .copied()
            .zip(targets.phi().iter().copied())
            .collect();
        let seen = |(theta, phi): (f64, f64)| [theta.sin() * phi.sin(), phi.cos()];
        // Sines that differ by 2 are one.
        let gap = |a: f64, b: f64| {
            let gap = a - b;
            gap - 2.0 * (gap / 2.0).round()
        };
        angles.iter().enumerate().all(|(m, &one)| {
            let others = angles[..m].iter().map(|&other| (seen(one), seen(other)));
            let mut far = others.map(|(a, b)| gap(a[0], b[0]).hypot(gap(a[1], b[1])));
            one.0.cos().abs() > 0.3 && one.1.sin().abs() > 0.3 && far.all(|far| far > 0.3)
        })
    };
    let mut drawn = (0..1000).map(|attempt| draw(setup, seed, attempt));
    build(setup, seed, &drawn.find(apart).unwrap())
}

fn draw(setup: Setup, seed: u64, attempt: u64) -> Targets {
    let mut rng = stream(seed, Stream::Target, attempt);
    Targets::random(
        setup.targets,
        1.05,
        ReflectionLaw::IndependentPhase,
        &mut rng,
    )
}

fn build(setup: Setup, seed: u64, targets: &Targets) -> SumRateCrlb {
    let upa = |h, v| Upa::new(h, v, KronOrder::HorizontalSlow, Scaling::UnitNorm).unwrap();
    let (tx, rx) = (upa(4, setup.vertical), upa(5, setup.vertical));
    let sensing = AngleSensing::new(&tx, &rx, targets, 30, 1e-3).unwrap();
    let mut rng = stream(seed, Stream::Channel, 0);
    let h = rayleigh(tx.elements(), setup.users, 1.0, &mut rng);
    let noise = vec![1e-3; setup.users];
    SumRateCrlb::new(h, sensing, noise, setup.power, setup.weights).unwrap()
}
