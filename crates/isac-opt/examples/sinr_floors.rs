//! A beampattern with floors on the SINRs: `cargo run -p isac-opt --example sinr_floors`.
//!
//! Most power towards a direction, on the sphere of all the power, with every user above its SINR floor: an
//! augmented Lagrangian around L-BFGS. The answer is a local optimum; without the floors the largest
//! eigenvalue of the direction's matrix bounds it.

use isac_linalg::{Mat, MatMut, MatRef, c64, ops};
use isac_opt::augmented::{self, Constrained, Options};
use isac_opt::manifold::Sphere;
use isac_opt::riemannian::Workspace;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

const ANTENNAS: usize = 6;
const USERS: usize = 2;
const POWER: f64 = 4.0;
const FLOOR: f64 = 3.0;

/// `-|a^H W|^2` with `c_k = 1 - |h_k^H w_k|^2 / (FLOOR (interference + 1))`, over one beam per user.
struct Towards {
    a: Mat<c64>,
    h: Mat<c64>,
}

impl Towards {
    /// Received power of beam `j` at user `k` times its weight in `c_k FLOOR (interference + 1)`.
    fn parts(&self, w: MatRef<'_, c64>, k: usize) -> (Mat<c64>, f64, f64) {
        let links = ops::adjoint_mul(self.h.as_ref().subcols(k, 1), w);
        let wanted = links[(0, k)].norm_sqr();
        let all: f64 = (0..USERS).map(|j| links[(0, j)].norm_sqr()).sum();
        (links, wanted, FLOOR * (all - wanted + 1.0))
    }
}

impl Constrained<isac_opt::Error> for Towards {
    fn constraints(&self) -> usize {
        USERS
    }

    fn values(&mut self, w: MatRef<'_, c64>, c: &mut [f64]) -> Result<f64, isac_opt::Error> {
        for (k, c) in c.iter_mut().enumerate() {
            let (_, wanted, needed) = self.parts(w, k);
            *c = 1.0 - wanted / needed;
        }
        Ok(-ops::norm2(ops::adjoint_mul(self.a.as_ref(), w).as_ref()))
    }

    fn gradient(
        &mut self,
        w: MatRef<'_, c64>,
        objective: f64,
        weights: &[f64],
        mut g: MatMut<'_, c64>,
    ) -> Result<(), isac_opt::Error> {
        g.copy_from(ops::mul(
            self.a.as_ref(),
            ops::adjoint_mul(self.a.as_ref(), w).as_ref(),
        ));
        ops::scale(g.as_mut(), -2.0 * objective);
        for (k, &weight) in weights.iter().enumerate() {
            let (links, wanted, needed) = self.parts(w, k);
            for j in 0..USERS {
                let slope = if j == k {
                    -1.0 / needed
                } else {
                    wanted * FLOOR / needed.powi(2)
                };
                let factor = links[(0, j)] * (2.0 * weight * slope);
                for i in 0..ANTENNAS {
                    g[(i, j)] += self.h[(i, k)] * factor;
                }
            }
        }
        Ok(())
    }
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut number = || rng.random_range(-1.0..1.0);
    let a = Mat::from_fn(ANTENNAS, 1, |i, _| c64::from_polar(1.0, 0.4 * i as f64));
    let h = Mat::from_fn(ANTENNAS, USERS, |_, _| c64::new(number(), number()));
    let start = Mat::from_fn(ANTENNAS, USERS, |_, _| c64::new(number(), number()));
    let mut problem = Towards { a, h };
    let found = augmented::minimise(
        &Sphere::new(POWER)?,
        start.as_ref(),
        &mut problem,
        &Options::default(),
        &mut Workspace::default(),
    )?;
    let bound = POWER * ANTENNAS as f64;
    println!(
        "{:.4} of at most {bound:.1} towards the target; {:?}, {:?}",
        -found.value, found.feasibility, found.stopped
    );
    for k in 0..USERS {
        let (_, wanted, needed) = problem.parts(found.point.as_ref(), k);
        let sinr = FLOOR * wanted / needed;
        println!("user {k}: SINR {sinr:.6}, floor {FLOOR}");
        assert!(sinr >= FLOOR * (1.0 - 1e-5));
    }
    assert!(-found.value <= bound && -found.value >= 0.5 * bound);
    Ok(())
}
