//! The shared suite on every manifold, and what each one promises beyond it.

use isac_linalg::{Mat, MatRef, c64, ops};
use isac_opt::manifold::{
    ComplexCircle, Euclidean, Manifold, Oblique, Product, Sphere, Stack, Stiefel,
};
use isac_testkit::manifold::{Operations, check};
use isac_testkit::{sample, strategies};
use proptest::prelude::*;

/// Runs the suite at a random point. `defects` are the differences of block powers from what they
/// should be.
fn suite(
    manifold: &impl Manifold,
    rows: usize,
    cols: usize,
    defects: &dyn Fn(MatRef<'_, c64>) -> Vec<f64>,
    rng: &mut impl rand::Rng,
) -> Result<(), String> {
    let mut point = sample::gaussian(rows, cols, rng);
    manifold
        .check_shape(rows, cols)
        .map_err(|e| e.to_string())?;
    manifold.normalise(point.as_mut());
    let operations = Operations {
        defect: &|w| defects(w).iter().map(|d| d.abs()).sum(),
        project: &|w, v| manifold.project(w, v),
        retract: &|w, d, t, out| manifold.retract(w, d, t, out),
        transport: &|w, v| manifold.transport(w, v),
        isometric: false,
    };
    check(&operations, point.as_ref(), rng)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sphere(power in strategies::power(-4.0, 4.0), mut rng in strategies::rng(), m in 1usize..6, n in 1usize..4) {
        let sphere = Sphere::new(power).unwrap();
        let defects = |w: MatRef<'_, c64>| vec![ops::norm2(w) - power];
        suite(&sphere, m, n, &defects, &mut rng).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn rows(powers in proptest::collection::vec(strategies::power(-1.0, 1.0), 1..5), mut rng in strategies::rng(), n in 1usize..4) {
        let rows = Oblique::rows(powers.clone()).unwrap();
        let defects = |w: MatRef<'_, c64>| -> Vec<f64> {
            (0..powers.len()).map(|i| ops::norm2(w.subrows(i, 1)) - powers[i]).collect()
        };
        suite(&rows, powers.len(), n, &defects, &mut rng).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn column_groups(powers in proptest::collection::vec(strategies::power(-1.0, 1.0), 1..4), mut rng in strategies::rng(), width in 1usize..4) {
        let groups = Oblique::column_groups(width, powers.clone()).unwrap();
        let defects = |w: MatRef<'_, c64>| -> Vec<f64> {
            let norm2 = |g: usize| ops::norm2(w.subcols(g * width, width));
            (0..powers.len()).map(|g| norm2(g) - powers[g]).collect()
        };
        suite(&groups, 3, powers.len() * width, &defects, &mut rng).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn product(mut rng in strategies::rng()) {
        let left = Sphere::new(2.0).unwrap();
        let right = Oblique::rows(vec![0.5, 1.0, 1.5]).unwrap();
        let product = Product::new(left, 2, right);
        let defects = |w: MatRef<'_, c64>| -> Vec<f64> {
            let mut all = vec![ops::norm2(w.subcols(0, 2)) - 2.0];
            let rows = w.subcols(2, 3);
            all.extend((0..3).map(|i| ops::norm2(rows.subrows(i, 1)) - 0.5 * (i + 1) as f64));
            all
        };
        suite(&product, 3, 5, &defects, &mut rng).map_err(TestCaseError::fail)?;
        prop_assert!((product.scale() - 5f64.sqrt()).abs() < 1e-14);
    }

    #[test]
    fn circles(modulus in strategies::power(-6.0, 6.0), mut rng in strategies::rng(), m in 1usize..5, n in 1usize..4) {
        let circles = ComplexCircle::new(m, n, modulus).unwrap();
        let defects = |w: MatRef<'_, c64>| -> Vec<f64> {
            (0..m * n).map(|e| w[(e % m, e / m)].norm_sqr() - modulus.powi(2)).collect()
        };
        suite(&circles, m, n, &defects, &mut rng).map_err(TestCaseError::fail)?;
        let mut w = sample::gaussian(m, n, &mut rng);
        circles.normalise(w.as_mut());
        prop_assert!((circles.scale() / ops::norm(w.as_ref()) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn orthonormal_columns(mut rng in strategies::rng(), n in 1usize..4, more in 0usize..4) {
        let stiefel = Stiefel::new(n + more, n).unwrap();
        let defects = |w: MatRef<'_, c64>| -> Vec<f64> {
            let gram = ops::adjoint_mul(w, w) - Mat::<c64>::identity(n, n);
            vec![ops::norm(gram.as_ref())]
        };
        suite(&stiefel, n + more, n, &defects, &mut rng).map_err(TestCaseError::fail)?;
        // Nearer than any other point, by distances computed here.
        let x = sample::gaussian(n + more, n, &mut rng);
        let (mut nearest, mut other) = (x.clone(), sample::gaussian(n + more, n, &mut rng));
        prop_assert_eq!(stiefel.normalise(nearest.as_mut()), 0);
        stiefel.normalise(other.as_mut());
        let distance = |a: &Mat<c64>| ops::norm((a - &x).as_ref());
        prop_assert!(distance(&nearest) <= distance(&other) + 1e-12);
        prop_assert!((stiefel.scale() - ops::norm(nearest.as_ref())).abs() < 1e-12);
    }

    #[test]
    fn all_matrices(mut rng in strategies::rng()) {
        let flat = Euclidean::new(3.0).unwrap();
        suite(&flat, 3, 2, &|_| Vec::new(), &mut rng).map_err(TestCaseError::fail)?;
        let beside = Product::new(flat, 2, Stiefel::new(3, 1).unwrap());
        let defects = |w: MatRef<'_, c64>| vec![ops::norm2(w.subcols(2, 1)) - 1.0];
        suite(&beside, 3, 3, &defects, &mut rng).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn stack(mut rng in strategies::rng(), n in 1usize..4, more in 0usize..3, phases in 1usize..5) {
        let (stiefel, circle) = (Stiefel::new(n + more, n).unwrap(), ComplexCircle::new(1, phases, 2.0).unwrap());
        let shapes = [(n + more, n), (1, phases)];
        let both = Stack::new(stiefel, circle, shapes).unwrap();
        let defects = |w: MatRef<'_, c64>| -> Vec<f64> {
            let first = both.first(w);
            let gram = ops::adjoint_mul(first.as_ref(), first.as_ref()) - Mat::<c64>::identity(n, n);
            let second = both.second(w);
            let moduli = (0..phases).map(|k| second[(0, k)].norm_sqr() - 4.0);
            moduli.chain([ops::norm(gram.as_ref())]).collect()
        };
        suite(&both, both.len(), 1, &defects, &mut rng).map_err(TestCaseError::fail)?;
        // Taken apart and joined, nothing is lost, and the nearest point is that of each part.
        let w = sample::gaussian(both.len(), 1, &mut rng);
        let (mut first, mut second) = (both.first(w.as_ref()), both.second(w.as_ref()));
        let joined = |a: &Mat<c64>, b: &Mat<c64>| both.joined(a.as_ref(), b.as_ref()).unwrap();
        prop_assert_eq!(joined(&first, &second), w.clone());
        Stiefel::new(n + more, n).unwrap().normalise(first.as_mut());
        ComplexCircle::new(1, phases, 2.0).unwrap().normalise(second.as_mut());
        let mut nearest = w;
        both.normalise(nearest.as_mut());
        prop_assert_eq!(joined(&first, &second), nearest);
    }

    #[test]
    fn normalising_finds_the_nearest_point(mut rng in strategies::rng()) {
        let rows = Oblique::rows(vec![1.0, 2.0, 3.0]).unwrap();
        let x = sample::gaussian(3, 2, &mut rng);
        let mut nearest = x.clone();
        prop_assert_eq!(rows.normalise(nearest.as_mut()), 0);
        let mut other = sample::gaussian(3, 2, &mut rng);
        rows.normalise(other.as_mut());
        let distance = |a: &Mat<c64>| ops::norm((a - &x).as_ref());
        prop_assert!(distance(&nearest) <= distance(&other) + 1e-14);
    }
}

#[test]
fn zero_blocks_get_equal_entries_and_are_counted() {
    let rows = Oblique::rows(vec![2.0, 8.0]).unwrap();
    let mut w = Mat::<c64>::zeros(2, 2);
    w[(0, 1)] = c64::new(0.0, 3.0);
    assert_eq!(rows.normalise(w.as_mut()), 1);
    assert!((w[(0, 1)] - c64::new(0.0, 2f64.sqrt())).norm() < 1e-15);
    assert!((w[(1, 0)] - 2.0).norm() < 1e-15 && (w[(1, 1)] - 2.0).norm() < 1e-15);
    let mut w = Mat::<c64>::zeros(2, 2);
    assert_eq!(Sphere::new(4.0).unwrap().normalise(w.as_mut()), 1);
    assert!((w[(1, 1)] - 1.0).norm() < 1e-15);
}

/// The sum of the largest eigenvalues is the largest trace over orthonormal columns (Ky Fan): the descent on
/// the Stiefel manifold finds what the eigendecomposition says.
#[test]
fn orthonormal_columns_find_the_largest_eigenvalues() {
    let mut rng = <rand::rngs::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(3);
    let a = sample::psd(6, 6, &mut rng);
    let values = isac_linalg::factor::eigvalsh(a.as_ref()).unwrap();
    let best = values[4] + values[5];
    let found = isac_opt::riemannian::Method::default()
        .minimise(
            &Stiefel::new(6, 2).unwrap(),
            sample::gaussian(6, 2, &mut rng).as_ref(),
            |x, mut g| {
                g.copy_from(ops::mul(a.as_ref(), x));
                ops::scale(g.as_mut(), -2.0);
                Ok::<f64, isac_opt::Error>(0.5 * ops::inner(x, g.as_ref()))
            },
            &mut isac_opt::riemannian::Workspace::default(),
        )
        .unwrap();
    assert!((-found.value / best - 1.0).abs() < 1e-10, "{}", found.value);
}

/// A beam of norm 1 through phase shifters and a diagonal channel: `|3 p_1 x_1 + 4 p_2 x_2|` is at most 5, by
/// Cauchy and Schwarz.
#[test]
fn a_precoder_and_phases_are_found_together() {
    let gains = [3.0, 4.0];
    let (stiefel, phases) = (
        Stiefel::new(2, 1).unwrap(),
        ComplexCircle::new(1, 2, 1.0).unwrap(),
    );
    let both = Stack::new(stiefel, phases, [(2, 1), (1, 2)]).unwrap();
    let mut rng = <rand::rngs::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(5);
    let start = sample::gaussian(both.len(), 1, &mut rng);
    let found = isac_opt::riemannian::Method::default()
        .minimise(
            &both,
            start.as_ref(),
            |point, mut g| {
                let (x, p) = (both.first(point), both.second(point));
                let z: c64 = (0..2).map(|i| gains[i] * p[(0, i)] * x[(i, 0)]).sum();
                // d(-|z|^2) = Re tr(G^H dW) with G = -2 z conj(dz/dw).
                let of_x = Mat::from_fn(2, 1, |i, _| -2.0 * z * (gains[i] * p[(0, i)]).conj());
                let of_p = Mat::from_fn(1, 2, |_, i| -2.0 * z * (gains[i] * x[(i, 0)]).conj());
                g.copy_from(both.joined(of_x.as_ref(), of_p.as_ref())?);
                Ok::<f64, isac_opt::Error>(-z.norm_sqr())
            },
            &mut isac_opt::riemannian::Workspace::default(),
        )
        .unwrap();
    assert!((-found.value / 25.0 - 1.0).abs() < 1e-10, "{}", found.value);
}

#[test]
fn what_no_set_can_be_is_refused() {
    let pair = |shapes| {
        let sphere = Sphere::new(1.0).unwrap();
        Stack::new(sphere, Stiefel::new(3, 2).unwrap(), shapes)
    };
    for error in [
        pair([(2, 2), (2, 3)]).err(),
        pair([(0, 2), (3, 2)]).err(),
        pair([(2, 2), (3, 2)]).unwrap().check_shape(10, 2).err(),
        Stiefel::new(2, 3).err(),
        Stiefel::new(2, 0).err(),
        ComplexCircle::new(0, 1, 1.0).err(),
        ComplexCircle::new(2, 1, f64::NAN).err(),
        Euclidean::new(-1.0).err(),
        Stiefel::new(3, 2).unwrap().check_shape(2, 3).err(),
        ComplexCircle::new(3, 1, 1.0)
            .unwrap()
            .check_shape(1, 3)
            .err(),
        Euclidean::new(1.0).unwrap().check_shape(0, 3).err(),
    ] {
        assert!(isac_linalg::Fault::is_bad_input(&error.unwrap()));
    }
}

#[test]
fn zeros_have_no_nearest_point_of_their_own() {
    let mut w = Mat::<c64>::zeros(3, 2);
    assert_eq!(Stiefel::new(3, 2).unwrap().normalise(w.as_mut()), 1);
    let gram = ops::adjoint_mul(w.as_ref(), w.as_ref()) - Mat::<c64>::identity(2, 2);
    assert!(ops::norm(gram.as_ref()) < 1e-14);
    let mut w = Mat::<c64>::zeros(3, 2);
    w[(1, 1)] = c64::new(0.0, -0.5);
    assert_eq!(
        ComplexCircle::new(3, 2, 2.0).unwrap().normalise(w.as_mut()),
        5
    );
    assert_eq!(w[(1, 1)], c64::new(0.0, -2.0));
    assert_eq!(w[(2, 0)], c64::new(2.0, 0.0));
}
