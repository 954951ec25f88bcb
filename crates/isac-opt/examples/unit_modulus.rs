//! A precoder of phase shifters alone: `cargo run -p isac-opt --example unit_modulus`.
//!
//! Largest sum rate of one beam per user whose entries all have one modulus, by descent on a product of
//! circles from several starts; the gradient is tested by nobody here: `isac_testkit::slope` does that.

use isac_linalg::{Mat, MatMut, MatRef, c64, ops};
use isac_opt::manifold::{ComplexCircle, Manifold};
use isac_opt::riemannian::{Method, Workspace};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

const ANTENNAS: usize = 16;
const USERS: usize = 3;
/// Of each beam, over the noise.
const POWER: f64 = 10.0;

/// Minus the sum rate in nats and its gradient, `df = Re tr(G^H dW)`.
fn cost(h: MatRef<'_, c64>, w: MatRef<'_, c64>, mut gradient: MatMut<'_, c64>) -> f64 {
    let links = ops::adjoint_mul(h, w);
    let mut weights = Mat::<c64>::zeros(USERS, USERS);
    let mut rate = 0.0;
    for k in 0..USERS {
        let total = 1.0 + (0..USERS).map(|j| links[(k, j)].norm_sqr()).sum::<f64>();
        let rest = total - links[(k, k)].norm_sqr();
        rate += (total / rest).ln();
        for j in 0..USERS {
            let inside = if j == k { 0.0 } else { 1.0 / rest };
            weights[(k, j)] = links[(k, j)] * (2.0 * (inside - 1.0 / total));
        }
    }
    gradient.copy_from(ops::mul(h, weights.as_ref()));
    -rate
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut number = || rng.random_range(-1.0..1.0);
    let h = Mat::from_fn(ANTENNAS, USERS, |_, _| c64::new(number(), number()));
    let circles = ComplexCircle::new(ANTENNAS, USERS, (POWER / ANTENNAS as f64).sqrt())?;
    let mut workspace = Workspace::default();
    let mut best = (f64::NEG_INFINITY, Mat::<c64>::zeros(ANTENNAS, USERS));
    for _ in 0..10 {
        let mut start = Mat::from_fn(ANTENNAS, USERS, |_, _| c64::new(number(), number()));
        circles.normalise(start.as_mut());
        let objective = |w: MatRef<'_, c64>, g: MatMut<'_, c64>| {
            Ok::<_, isac_opt::Error>(cost(h.as_ref(), w, g))
        };
        let end =
            Method::default().minimise(&circles, start.as_ref(), objective, &mut workspace)?;
        if -end.value > best.0 {
            best = (-end.value, end.point);
        }
    }
    // Nothing beats every user alone with all entries in phase: |h|_1^2 p / N each.
    let alone = |k: usize| (0..ANTENNAS).map(|i| h[(i, k)].norm()).sum::<f64>().powi(2);
    let bound: f64 = (0..USERS)
        .map(|k| (alone(k) * POWER / ANTENNAS as f64).ln_1p())
        .sum();
    let modulus = best
        .1
        .row_iter()
        .flat_map(|row| (0..USERS).map(move |k| row[k].norm()));
    let (least, most) = modulus.fold((f64::INFINITY, 0.0_f64), |(a, b), m| (a.min(m), b.max(m)));
    println!(
        "sum rate {:.4} nat, no precoder above {bound:.4} nat; moduli {least:.6} to {most:.6}",
        best.0
    );
    assert!(best.0 <= bound && best.0 >= 0.8 * bound);
    assert!((most / least - 1.0).abs() < 1e-12);
    Ok(())
}
