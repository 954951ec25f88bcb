//! Tests a gradient by the slope of its Taylor remainder: `cargo run -p isac-testkit --example slope`.

use isac_linalg::{MatRef, c64, ops};
use isac_testkit::{sample, slope};
use rand::{SeedableRng, rngs::ChaCha8Rng};

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let a = sample::psd(6, 3, &mut rng);
    let w = sample::gaussian(6, 2, &mut rng);
    // f(W) = log(1 + tr(W^H A W)), gradient 2 A W / (1 + tr(W^H A W)).
    let trace = |w: MatRef<'_, c64>| ops::inner(w, ops::mul(a.as_ref(), w).as_ref());
    let f = |w: MatRef<'_, c64>| (1.0 + trace(w)).ln();
    let mut gradient = ops::mul(a.as_ref(), w.as_ref());
    ops::scale(gradient.as_mut(), 2.0 / (1.0 + trace(w.as_ref())));
    match slope::gradient(f, w.as_ref(), gradient.as_ref(), 10, &mut rng) {
        Ok(()) => println!("the right gradient passes"),
        Err(failure) => println!("{failure}"),
    }
    // The factor 2 forgotten.
    ops::scale(gradient.as_mut(), 0.5);
    match slope::gradient(f, w.as_ref(), gradient.as_ref(), 10, &mut rng) {
        Ok(()) => println!("not found"),
        Err(failure) => println!("{failure}"),
    }
}
