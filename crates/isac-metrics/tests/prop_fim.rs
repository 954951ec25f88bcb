//! Invariants of the Fisher information of angles and coefficients and of its bound, beside the
//! definition written out with whole matrices.

use isac_linalg::{Mat, MatRef, c64, ops, real};
use isac_metrics::{AngleSensing, crlb_matrix, crlb_trace, grad};
use isac_models::array::{KronOrder, Scaling, Upa};
use isac_models::target::Targets;
use isac_testkit::{metric, sample, slope, strategies};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

/// A scene; printed as its sizes and seed.
#[derive(Clone)]
struct Scene {
    transmit: Upa,
    receive: Upa,
    targets: Targets,
    beamformer: Mat<c64>,
    snapshots: usize,
    noise: f64,
    recipe: [u64; 3],
}

impl std::fmt::Debug for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [targets, streams, seed] = self.recipe;
        write!(f, "scene({targets}, {streams}, {seed})")
    }
}

/// Arrays of 3 x 3 and 2 x 4 antennas; targets well apart, so that the digits of the matrix suffice.
fn scene(count: usize, streams: usize, seed: u64) -> Scene {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let upa = |h, v| Upa::new(h, v, KronOrder::HorizontalSlow, Scaling::UnitNorm).unwrap();
    let mut within = |low: f64, high: f64| low + (high - low) * rng.random::<f64>();
    let theta = (0..count)
        .map(|m| -0.9 + 1.1 * m as f64 + within(0.0, 0.4))
        .collect();
    let phi = (0..count).map(|_| within(0.9, 1.9)).collect();
    let alpha = (0..count)
        .map(|_| c64::from_polar(within(0.05, 0.3), within(0.0, 6.3)))
        .collect();
    let (noise, snapshots) = (10f64.powf(within(-9.0, 0.0)), within(1.0, 60.0) as usize);
    Scene {
        transmit: upa(3, 3),
        receive: upa(2, 4),
        targets: Targets::new(theta, phi, alpha).unwrap(),
        beamformer: sample::gaussian(9, streams, &mut rng),
        snapshots,
        noise,
        recipe: [count as u64, streams as u64, seed],
    }
}

fn scenes() -> impl Strategy<Value = Scene> {
    // Fewer streams than transmit antennas, as many, and more; enough to tell two targets.
    (1..=2usize, 4..=12usize, any::<u64>()).prop_map(|(m, s, seed)| scene(m, s, seed))
}

impl Scene {
    fn sensing(&self) -> AngleSensing {
        self.sensing_of(&self.targets, self.snapshots, self.noise)
    }

    fn sensing_of(&self, targets: &Targets, snapshots: usize, noise: f64) -> AngleSensing {
        AngleSensing::new(&self.transmit, &self.receive, targets, snapshots, noise).unwrap()
    }

    fn fim(&self) -> Mat<f64> {
        self.sensing().fim(self.beamformer.as_ref()).unwrap()
    }

    /// Eq. (10) of \[obs_crlb\] with the derivatives of `B diag(alpha) A^H` as whole matrices.
    fn fim_by_definition(&self) -> Mat<f64> {
        let t = &self.targets;
        let a = self.transmit.steering(t.theta(), t.phi());
        let b = self.receive.steering(t.theta(), t.phi());
        let outer = |x: &Mat<c64>, y: &Mat<c64>, m: usize, factor: c64| {
            Mat::from_fn(x.nrows(), y.nrows(), |i, j| {
                x[(i, m)] * y[(j, m)].conj() * factor
            })
        };
        let mut slopes: Vec<Mat<c64>> = Vec::new();
        for (da, db) in [(&a.d_theta, &b.d_theta), (&a.d_phi, &b.d_phi)] {
            for m in 0..t.len() {
                let alpha = t.alpha()[m];
                slopes.push(outer(db, &a.value, m, alpha) + outer(&b.value, da, m, alpha));
            }
        }
        for unit in [c64::new(1.0, 0.0), c64::new(0.0, 1.0)] {
            for m in 0..t.len() {
                slopes.push(outer(&b.value, &a.value, m, unit));
            }
        }
        let covariance = ops::mul_adjoint(self.beamformer.as_ref(), self.beamformer.as_ref());
        let factor = 2.0 * self.snapshots as f64 / self.noise;
        Mat::from_fn(slopes.len(), slopes.len(), |p, q| {
            // Re tr(G_q R G_p^H)
            let image = ops::mul(slopes[q].as_ref(), covariance.as_ref());
            let (rows, cols) = (image.nrows(), image.ncols());
            let mut sum = 0.0;
            for i in 0..rows {
                for j in 0..cols {
                    sum += (image[(i, j)] * slopes[p][(i, j)].conj()).re;
                }
            }
            factor * sum
        })
    }
}

/// Entries agree relative to the diagonal: `|A - B|_pq <= rel sqrt(A_pp A_qq)`.
fn close(a: MatRef<'_, f64>, b: MatRef<'_, f64>, rel: f64) -> Result<(), TestCaseError> {
    for p in 0..a.nrows() {
        for q in 0..a.nrows() {
            let size = (a[(p, p)] * a[(q, q)]).sqrt();
            let off = (a[(p, q)] - b[(p, q)]).abs();
            prop_assert!(off <= rel * size, "entry {p} {q}: {off:e} of {size:e}");
        }
    }
    Ok(())
}

fn scaled(a: MatRef<'_, f64>, t: f64) -> Mat<f64> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] * t)
}

fn times(w: &Mat<c64>, t: f64) -> Mat<c64> {
    Mat::from_fn(w.nrows(), w.ncols(), |i, j| w[(i, j)] * t)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn compact_form_and_derivatives_are_the_definition(x in scenes()) {
        let (fast, slow) = (x.fim(), x.fim_by_definition());
        close(slow.as_ref(), fast.as_ref(), 1e-12)?;
        let towards = ops::adjoint_mul(x.sensing().transmit(), x.beamformer.as_ref());
        let j = x.sensing().compact().derivatives(towards.as_ref());
        let gram = real::mul(j.transpose(), j.as_ref());
        close(slow.as_ref(), gram.as_ref(), 1e-12)?;
        prop_assert_eq!(x.sensing().compact().parameters(), 4 * x.targets.len());
        prop_assert_eq!(x.sensing().targets(), x.targets.len());
    }

    #[test]
    fn information_is_positive_semidefinite_and_grows_with_every_stream(x in scenes()) {
        let sensing = x.sensing();
        let streams = x.beamformer.ncols();
        let mut before = Mat::zeros(4 * x.targets.len(), 4 * x.targets.len());
        for count in 1..=streams {
            let fim = sensing.fim(x.beamformer.subcols(0, count)).unwrap();
            metric::psd("FIM", fim.as_ref(), 1e-12)?;
            metric::loewner("one stream more", before.as_ref(), fim.as_ref(), 1e-12)?;
            before = fim;
        }
        // And the bound falls in the Loewner order.
        let (few, all) = (x.beamformer.subcols(0, streams - 1), x.beamformer.as_ref());
        if let (Ok(few), Ok(all)) = (sensing.crlb(few), sensing.crlb(all)) {
            let slack = 1e-9 + few.relative_error() * 100.0;
            metric::loewner("bound", all.inverse(), few.inverse(), slack)?;
            prop_assert!(all.trace() <= few.trace() * (1.0 + slack));
        }
    }

    #[test]
    fn bound_of_derivatives_and_of_the_matrix_agree_within_their_errors(x in scenes()) {
        let fine = x.sensing().crlb(x.beamformer.as_ref());
        let coarse = crlb_trace(x.fim().as_ref());
        if let (Ok(fine), Ok(coarse)) = (&fine, &coarse) {
            let off = (coarse / fine.trace() - 1.0).abs();
            prop_assert!(off <= 1e-6, "{off:e}");
            let trace: f64 = (0..4 * x.targets.len()).map(|p| fine.inverse()[(p, p)]).sum();
            prop_assert!((trace / fine.trace() - 1.0).abs() < 1e-13);
        }
        // Whoever answers with the matrix alone answers with the derivatives.
        prop_assert!(fine.is_ok() || coarse.is_err());
    }

    #[test]
    fn power_noise_and_snapshots_scale_the_information(
        x in scenes(),
        t in strategies::power(-6.0, 6.0),
    ) {
        let (fim, sensing) = (x.fim(), x.sensing());
        let louder = sensing.fim(times(&x.beamformer, t.sqrt()).as_ref()).unwrap();
        close(scaled(fim.as_ref(), t).as_ref(), louder.as_ref(), 1e-13)?;
        let quieter = x.sensing_of(&x.targets, x.snapshots, x.noise / t);
        let quieter_fim = quieter.fim(x.beamformer.as_ref()).unwrap();
        close(scaled(fim.as_ref(), t).as_ref(), quieter_fim.as_ref(), 1e-13)?;
        let longer = x.sensing_of(&x.targets, 3 * x.snapshots, x.noise);
        let longer_fim = longer.fim(x.beamformer.as_ref()).unwrap();
        close(scaled(fim.as_ref(), 3.0).as_ref(), longer_fim.as_ref(), 1e-13)?;
        let crlb = sensing.crlb(x.beamformer.as_ref()).unwrap();
        let scaled = quieter.crlb(x.beamformer.as_ref()).unwrap();
        prop_assert!((scaled.trace() * t / crlb.trace() - 1.0).abs() < 1e-12);
        prop_assert!((scaled.relative_error() / crlb.relative_error() - 1.0).abs() < 1e-6);
        // A target twice as bright: four times the information on its angles, the same on its gain.
        let alpha = x.targets.alpha().iter().map(|a| a * 2.0).collect();
        let bright = Targets::new(x.targets.theta().to_vec(), x.targets.phi().to_vec(), alpha).unwrap();
        let bright = x.sensing_of(&bright, x.snapshots, x.noise).fim(x.beamformer.as_ref()).unwrap();
        let angles = 2 * x.targets.len();
        let factor = |p: usize| if p < angles { 2.0 } else { 1.0 };
        let expected = Mat::from_fn(2 * angles, 2 * angles, |p, q| fim[(p, q)] * factor(p) * factor(q));
        close(expected.as_ref(), bright.as_ref(), 1e-13)?;
    }

    #[test]
    fn rotations_phases_and_the_order_of_antennas_change_nothing(
        x in scenes(),
        mut rng in strategies::rng(),
    ) {
        let fim = x.fim();
        let sensing = x.sensing();
        // Streams: W V and phases are among the rotations.
        let v = sample::unitary(x.beamformer.ncols(), &mut rng);
        let streams = sensing.fim(ops::mul(x.beamformer.as_ref(), v.as_ref()).as_ref()).unwrap();
        close(fim.as_ref(), streams.as_ref(), 1e-12)?;
        // Coordinates: U S and U W.
        let u = sample::unitary(9, &mut rng);
        let turn = |m: MatRef<'_, c64>| ops::mul(u.as_ref(), m);
        let turned = AngleSensing::from_parts(turn(sensing.transmit()), sensing.compact().clone()).unwrap();
        let rotated = turned.fim(turn(x.beamformer.as_ref()).as_ref()).unwrap();
        close(fim.as_ref(), rotated.as_ref(), 1e-12)?;
        // Antennas: the other Kronecker order, with the rows of W in that order.
        let other = |h, v| Upa::new(h, v, KronOrder::VerticalSlow, Scaling::UnitNorm).unwrap();
        let (tx, rx) = (other(3, 3), other(2, 4));
        let moved = Mat::from_fn(9, x.beamformer.ncols(), |k, j| {
            let (h, v) = tx.position(k);
            x.beamformer[(h * 3 + v, j)]
        });
        let swapped = AngleSensing::new(&tx, &rx, &x.targets, x.snapshots, x.noise).unwrap();
        let permuted = swapped.fim(moved.as_ref()).unwrap();
        close(fim.as_ref(), permuted.as_ref(), 1e-12)?;
        // A common phase of a target's coefficient turns its two parameters, not the angles' bound.
        let crlb = sensing.crlb(x.beamformer.as_ref()).unwrap();
        let alpha = x.targets.alpha().iter().map(|a| a * c64::cis(1.1)).collect();
        let dark = Targets::new(x.targets.theta().to_vec(), x.targets.phi().to_vec(), alpha).unwrap();
        let dark = x.sensing_of(&dark, x.snapshots, x.noise).crlb(x.beamformer.as_ref()).unwrap();
        prop_assert!((dark.trace() / crlb.trace() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn targets_may_change_places(x in scenes()) {
        let m = x.targets.len();
        let back = |list: &[f64]| list.iter().rev().copied().collect::<Vec<f64>>();
        let alpha = x.targets.alpha().iter().rev().copied().collect();
        let swapped = Targets::new(back(x.targets.theta()), back(x.targets.phi()), alpha).unwrap();
        let other = x.sensing_of(&swapped, x.snapshots, x.noise).fim(x.beamformer.as_ref()).unwrap();
        let fim = x.fim();
        let place = |p: usize| p / m * m + (m - 1 - p % m);
        let expected = Mat::from_fn(4 * m, 4 * m, |p, q| fim[(place(p), place(q))]);
        close(expected.as_ref(), other.as_ref(), 1e-13)?;
    }

    /// Whoever knows more is bounded lower: the inverse of a principal block is below the block of
    /// the inverse, for the coefficients known, for the other target known, for one angle alone.
    #[test]
    fn nested_models_order_their_bounds(x in scenes()) {
        let fim = x.fim();
        let n = fim.nrows();
        let m = x.targets.len();
        let whole = crlb_matrix(fim.as_ref()).unwrap();
        let subsets = [
            (0..2 * m).collect::<Vec<_>>(),
            (0..n).filter(|p| p % m == 0).collect(),
            (0..m).collect(),
            vec![n - 1],
        ];
        for kept in subsets {
            let part = |a: &Mat<f64>| Mat::from_fn(kept.len(), kept.len(), |i, j| a[(kept[i], kept[j])]);
            let known = crlb_matrix(part(&fim).as_ref()).unwrap();
            metric::loewner("known nuisance", known.as_ref(), part(&whole).as_ref(), 1e-7)?;
        }
        // One target alone is a block of two.
        if m == 2 {
            let one = Targets::new(
                vec![x.targets.theta()[0]],
                vec![x.targets.phi()[0]],
                vec![x.targets.alpha()[0]],
            )
            .unwrap();
            let alone = x.sensing_of(&one, x.snapshots, x.noise).fim(x.beamformer.as_ref()).unwrap();
            let block = Mat::from_fn(4, 4, |i, j| fim[(2 * i, 2 * j)]);
            close(block.as_ref(), alone.as_ref(), 1e-13)?;
        }
    }

    #[test]
    fn adjoints_are_adjoint(x in scenes(), mut rng in strategies::rng()) {
        let compact = x.sensing().compact().clone();
        let n = compact.parameters();
        let towards = ops::adjoint_mul(x.sensing().transmit(), x.beamformer.as_ref());
        let c = ops::mul_adjoint(towards.as_ref(), towards.as_ref());
        let root = Mat::from_fn(n, n, |_, _| rng.random::<f64>() - 0.5);
        let phi = real::mul(root.as_ref(), root.transpose());
        let fim = compact.fim(c.as_ref());
        let left: f64 = (0..n).flat_map(|p| (0..n).map(move |q| (p, q))).map(|(p, q)| fim[(p, q)] * phi[(p, q)]).sum();
        let z = compact.adjoint(phi.as_ref());
        let right = compact.kappa() * ops::inner(z.as_ref(), c.as_ref());
        prop_assert!((left / right - 1.0).abs() < 1e-10, "{left:e} {right:e}");
        prop_assert!((compact.kappa() * x.noise / (2.0 * x.snapshots as f64) - 1.0).abs() < 1e-14);
        // Z is positive semidefinite with Phi: no covariance gives a negative value.
        let other = sample::gaussian(c.nrows(), 2, &mut rng);
        let r = ops::mul_adjoint(other.as_ref(), other.as_ref());
        let size = ops::norm(z.as_ref()) * ops::norm(r.as_ref());
        prop_assert!(ops::inner(z.as_ref(), r.as_ref()) >= -1e-12 * size);
        // The derivatives are linear in S^H W.
        let j = compact.derivatives(towards.as_ref());
        let v = Mat::from_fn(j.nrows(), n, |_, _| rng.random::<f64>() - 0.5);
        let y = compact.derivatives_adjoint(v.as_ref());
        let left: f64 = (0..n).map(|p| (0..j.nrows()).map(|i| j[(i, p)] * v[(i, p)]).sum::<f64>()).sum();
        let right = ops::inner(y.as_ref(), towards.as_ref());
        let size = ops::norm(y.as_ref()) * ops::norm(towards.as_ref());
        prop_assert!((left - right).abs() < 1e-11 * size);
    }

    #[test]
    fn gradient_of_the_bound_is_one_and_homogeneous(x in scenes(), mut rng in strategies::rng()) {
        let sensing = x.sensing();
        let crlb = sensing.crlb(x.beamformer.as_ref()).unwrap();
        let got = grad::crlb_trace_gradient(&sensing, x.beamformer.as_ref()).unwrap();
        prop_assert!((got.value / crlb.trace() - 1.0).abs() < 1e-11);
        // tr F^-1 is of degree -2 in W.
        let along = ops::inner(got.gradient.as_ref(), x.beamformer.as_ref());
        prop_assert!((along / (-2.0 * got.value) - 1.0).abs() < 1e-9);
        // The other way to write it, through F^-2.
        let towards = ops::adjoint_mul(sensing.transmit(), x.beamformer.as_ref());
        let mut phi = Mat::zeros(sensing.compact().parameters(), sensing.compact().parameters());
        crlb.squared_into(&mut phi);
        let z = sensing.compact().adjoint(phi.as_ref());
        let mut twin = ops::mul(sensing.transmit(), ops::mul(z.as_ref(), towards.as_ref()).as_ref());
        ops::scale(twin.as_mut(), -2.0 * sensing.compact().kappa());
        let size = ops::norm(got.gradient.as_ref());
        ops::axpy(twin.as_mut(), -1.0, got.gradient.as_ref());
        prop_assert!(ops::norm(twin.as_ref()) <= 1e-5 * size);
        if crlb.relative_error() < 1e-12 {
            let value = |w: MatRef<'_, c64>| sensing.crlb(w).map_or(f64::NAN, |c| c.trace());
            slope::gradient(value, x.beamformer.as_ref(), got.gradient.as_ref(), 1, &mut rng)?;
        }
    }
}
