//! The kernels of every field against definitions written with the field's own operations, at every
//! order across the seam between the small and the general ones.

#![expect(clippy::float_cmp, reason = "exact operations")]

use isac_linalg::kernel::{self, Field, Real, Scratch, Twofold, TwofoldComplex};
use isac_linalg::ops::Op;
use isac_linalg::{Mat, c64, factor};

fn entry<T: Field>(i: usize, j: usize, seed: usize) -> T {
    let t = (1 + 3 * i + 7 * j + 5 * i * j + 11 * seed) as f64;
    T::from_c64(c64::new((1.3 * t).sin(), (0.7 * t).cos()))
}

fn sample<T: Field>(rows: usize, cols: usize, seed: usize) -> Mat<T> {
    Mat::from_fn(rows, cols, |i, j| entry(i, j, seed))
}

fn adjoint<T: Field>(a: &Mat<T>) -> Mat<T> {
    Mat::from_fn(a.ncols(), a.nrows(), |i, j| a[(j, i)].conjugate())
}

fn product<T: Field>(a: &Mat<T>, b: &Mat<T>) -> Mat<T> {
    Mat::from_fn(a.nrows(), b.ncols(), |i, j| {
        (0..a.ncols()).fold(T::ZERO, |sum, k| sum + a[(i, k)] * b[(k, j)])
    })
}

/// Largest modulus of the difference, for entries near one.
fn distance<T: Field>(a: &Mat<T>, b: &Mat<T>) -> f64 {
    assert_eq!((a.nrows(), a.ncols()), (b.nrows(), b.ncols()));
    let mut top = 0.0_f64;
    for j in 0..a.ncols() {
        for i in 0..a.nrows() {
            let gap = (a[(i, j)] - b[(i, j)]).to_c64().norm();
            assert!(gap.is_finite(), "{i} {j}");
            top = top.max(gap);
        }
    }
    top
}

/// `G G^H + I`: condition of some ten.
fn positive<T: Field>(n: usize, seed: usize) -> Mat<T> {
    let g = sample::<T>(n, n, seed);
    let mut a = product(&g, &adjoint(&g));
    for i in 0..n {
        a[(i, i)] += T::real(1.0.into());
    }
    a
}

fn lower<T: Field>(a: &Mat<T>) -> Mat<T> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| {
        if i >= j { a[(i, j)] } else { T::ZERO }
    })
}

fn products<T: Field>(tolerance: f64) {
    for (m, k, n) in [
        (1, 1, 1),
        (3, 2, 4),
        (5, 6, 5),
        (8, 8, 8),
        (9, 3, 2),
        (2, 9, 3),
        (4, 3, 9),
        (17, 20, 13),
    ] {
        let (a, b) = (sample::<T>(m, k, 1), sample::<T>(k, n, 2));
        let (a_adjoint, b_adjoint) = (adjoint(&a), adjoint(&b));
        let by_hand = product(&a, &b);
        let alpha = T::R::from(-1.75);
        for (op_a, left) in [(Op::Plain, &a), (Op::Adjoint, &a_adjoint)] {
            for (op_b, right) in [(Op::Plain, &b), (Op::Adjoint, &b_adjoint)] {
                for accumulate in [false, true] {
                    let mut got = sample::<T>(m, n, 3);
                    let expected = Mat::from_fn(m, n, |i, j| {
                        let old = if accumulate { got[(i, j)] } else { T::ZERO };
                        old + by_hand[(i, j)].times(alpha)
                    });
                    let (left, right) = (left.as_ref(), right.as_ref());
                    T::gemm(got.as_mut(), accumulate, alpha, left, op_a, right, op_b);
                    let off = distance(&got, &expected);
                    assert!(
                        off < tolerance * k as f64,
                        "{m} {k} {n} {op_a:?} {op_b:?}: {off:e}"
                    );
                }
            }
        }
    }
}

fn factorisations<T: Field>(tolerance: f64) {
    for n in 1..=18 {
        let a = positive::<T>(n, n);
        let mut scratch = Scratch::new::<T>(n);
        let mut l = a.clone();
        assert!(T::cholesky(l.as_mut(), &mut scratch));
        let l = lower(&l);
        let size = (n * n) as f64;
        assert!(
            distance(&product(&l, &adjoint(&l)), &a) < tolerance * size,
            "{n}"
        );
        for i in 0..n {
            // A real positive diagonal.
            let pivot = l[(i, i)];
            let off = (pivot - T::real(pivot.re())).to_c64().norm();
            assert!(
                pivot.re().to_f64() > 0.0 && off < tolerance,
                "{n} {i}: {pivot:?}"
            );
        }
        let b = sample::<T>(n, 3, 5);
        let mut x = b.clone();
        T::solve_lower(l.as_ref(), x.as_mut());
        assert!(distance(&product(&l, &x), &b) < tolerance * size, "{n}");
        let mut x = b.clone();
        T::solve_lower_adjoint(l.as_ref(), x.as_mut());
        assert!(
            distance(&product(&adjoint(&l), &x), &b) < tolerance * size,
            "{n}"
        );
        let mut inverse = kernel::zeros::<T>(n, n);
        T::inverse_from_lower(inverse.as_mut(), l.as_ref(), &mut scratch);
        assert!(
            distance(&product(&a, &inverse), &kernel::identity(n)) < tolerance * size,
            "{n}"
        );
        assert!(
            distance(&adjoint(&inverse), &inverse) < tolerance * size,
            "{n}"
        );
        // The upper triangle is not read.
        let mut half = lower(&a);
        assert!(T::cholesky(half.as_mut(), &mut scratch));
        assert!(distance(&lower(&half), &l) < tolerance, "{n}");
        // A bad pivot anywhere is refused, as is one that is not a number.
        for k in [0, n / 2, n - 1] {
            for bad in [-1e3, 0.0, f64::NAN, f64::INFINITY] {
                let mut a = a.clone();
                for j in 0..n {
                    (a[(k, j)], a[(j, k)]) = (T::ZERO, T::ZERO);
                }
                a[(k, k)] = T::real(bad.into());
                assert!(!T::cholesky(a.as_mut(), &mut scratch), "{n} {k} {bad}");
            }
        }
    }
}

fn sums<T: Field>() {
    let (a, b) = (sample::<T>(19, 5, 1), sample::<T>(19, 5, 2));
    let mut inner = 0.0;
    for j in 0..5 {
        for i in 0..19 {
            inner += (a[(i, j)].conjugate() * b[(i, j)]).re().to_f64();
        }
    }
    assert!((kernel::inner(&a, &b).to_f64() - inner).abs() < 1e-12);
    let square = sample::<T>(35, 35, 3);
    let trace: f64 = (0..35).map(|i| square[(i, i)].re().to_f64()).sum();
    assert!((kernel::trace(&square).to_f64() - trace).abs() < 1e-12);
    // Across the tiles.
    for n in [1, 15, 16, 17, 33, 35] {
        let mut got = sample::<T>(n, n, 4);
        let expected = Mat::from_fn(n, n, |i, j| {
            (got[(i, j)] + got[(j, i)].conjugate()).times(0.5.into())
        });
        kernel::make_hermitian(&mut got);
        assert!(distance(&got, &expected) < 1e-15, "{n}");
    }
    let t = T::R::from(-2.5);
    let mut sum = a.clone();
    kernel::axpy(&mut sum, t, &b);
    let expected = Mat::from_fn(19, 5, |i, j| a[(i, j)] + b[(i, j)].times(t));
    assert!(distance(&sum, &expected) < 1e-15);
    kernel::assign_scaled(&mut sum, t, &b);
    assert!(distance(&sum, &Mat::from_fn(19, 5, |i, j| b[(i, j)].times(t))) < 1e-15);
    kernel::copy(&mut sum, &a);
    assert!(distance(&sum, &a) == 0.0);
    let (x, y): (T, T) = (entry(1, 2, 3), entry(2, 0, 1));
    assert!(((x * y).re() - x.re_mul(y)).to_f64().abs() < 1e-15);
    assert!((x.low().to_c64() - x.to_c64()).norm() == 0.0);
}

#[test]
fn products_of_every_shape_and_operation() {
    products::<f64>(1e-14);
    products::<c64>(1e-14);
    products::<Twofold>(1e-29);
    products::<TwofoldComplex>(1e-29);
}

#[test]
fn factorisations_of_every_order() {
    factorisations::<f64>(1e-14);
    factorisations::<c64>(1e-14);
    factorisations::<Twofold>(1e-29);
    factorisations::<TwofoldComplex>(1e-29);
}

#[test]
fn sums_and_copies() {
    sums::<f64>();
    sums::<c64>();
    sums::<Twofold>();
    sums::<TwofoldComplex>();
}

/// Two by two: the zero of a quadratic, for every ratio of its entries.
#[test]
fn least_eigenvalues_of_two_rows_are_those_of_the_quadratic() {
    let mut scratch = Scratch::new::<f64>(2);
    for a in [-3.0, -1.0, 0.0, 0.2, 1.0, 7.0] {
        for d in [-5.0, -1.0, 0.0, 0.3, 1.0, 1.1, 40.0] {
            for b in [0.0, 1e-12, 1e-3, 0.5, 1.0, 3.0] {
                let m = Mat::from_fn(2, 2, |i, j| [[a, b], [b, d]][i][j]);
                let expected: f64 = 0.5 * (a + d) - (0.5f64 * (a - d)).hypot(b);
                let got = f64::min_eigenvalue(m.as_ref(), &mut [0.0; 2], &mut scratch);
                let size = f64::abs(a).max(f64::abs(d)) + b;
                assert!(
                    (got - expected).abs() <= 1e-13 * size,
                    "{a} {b} {d}: {got} {expected}"
                );
            }
        }
    }
}

#[test]
fn least_eigenvalues_of_every_order() {
    for n in 1..=16 {
        let g = sample::<c64>(n, n, n);
        let mut a = Mat::from_fn(n, n, |i, j| g[(i, j)] + g[(j, i)].conj());
        kernel::make_hermitian(&mut a);
        let values = factor::eigvalsh(a.as_ref()).unwrap();
        let mut scratch = Scratch::new::<c64>(n);
        let mut out = vec![c64::ZERO; n];
        let least = c64::min_eigenvalue(a.as_ref(), &mut out, &mut scratch);
        let size = values[0].abs().max(values[n - 1].abs());
        assert!(
            (least - values[0]).abs() < 1e-12 * size,
            "{n}: {least} {}",
            values[0]
        );
        let real = Mat::from_fn(n, n, |i, j| a[(i, j)].re);
        let values = isac_linalg::real::eigvalsh(real.as_ref()).unwrap();
        let mut out = vec![0.0; n];
        let least = f64::min_eigenvalue(real.as_ref(), &mut out, &mut scratch);
        assert!(
            (least - values[0]).abs() < 1e-12 * size,
            "{n}: {least} {}",
            values[0]
        );
    }
}

#[test]
fn twofold_numbers_are_a_field_to_thirty_digits() {
    let numbers = [1.0, -3.0, 0.1, 1e-9, 12345.678, -2.5e7].map(|x| {
        // A low part of its own.
        Twofold::from(x) + Twofold::from(x * 3.3e-17)
    });
    let size = |x: Twofold| x.to_f64().abs();
    for &a in &numbers {
        for &b in &numbers {
            let scale = (size(a) + size(b)).powi(2);
            assert!(size((a + b) - b - a) <= 1e-31 * (size(a) + size(b)));
            assert!(size((a / b) * b - a) <= 1e-30 * size(a));
            assert!(size(a * b - b * a) <= 1e-31 * size(a * b));
            assert!(size((a + b) * (a - b) - (a * a - b * b)) <= 1e-30 * scale);
            let (mut sum, mut difference, mut product, mut ratio) = (a, a, a, a);
            sum += b;
            difference -= b;
            product *= b;
            ratio /= b;
            assert!(sum == a + b && difference == a - b && product == a * b && ratio == a / b);
            assert!(a.or_more(b).to_f64() == a.to_f64().max(b.to_f64()));
        }
        assert!(size(-a + a) == 0.0);
        let square = a * a;
        let root = square.root();
        assert!(size(root * root - square) <= 1e-30 * size(square));
        assert!((root.to_f64() - size(a)).abs() <= 1e-15 * size(a));
    }
    // The low part carries what a single number loses.
    let tiny = Twofold::from(1.0) + Twofold::from(1e-25) - Twofold::from(1.0);
    assert!((tiny.to_f64() / 1e-25 - 1.0).abs() < 1e-6);
    // 1/3 by hand: three thirds are one to 31 digits, not to 33.
    let third = Twofold::from(1.0) / Twofold::from(3.0);
    assert!(size(third + third + third - Twofold::from(1.0)) < 1e-31);
    // Half a unit of the last place, of one and of two numbers.
    assert!(f64::UNIT == 2f64.powi(-53) && Twofold::UNIT == 2f64.powi(-106));
    let z = TwofoldComplex::from_c64(c64::new(1.5, -2.0));
    let w = TwofoldComplex::from_c64(c64::new(-0.25, 3.0));
    assert_eq!((z * w).to_c64(), c64::new(1.5, -2.0) * c64::new(-0.25, 3.0));
    assert_eq!((z - w).to_c64(), c64::new(1.75, -5.0));
    assert_eq!((z + w).to_c64(), c64::new(1.25, 1.0));
    assert_eq!((-z).conjugate().to_c64(), c64::new(-1.5, -2.0));
    assert_eq!(z.times(Twofold::from(2.0)).to_c64(), c64::new(3.0, -4.0));
    let (mut sum, mut difference) = (z, z);
    sum += w;
    difference -= w;
    assert!(sum == z + w && difference == z - w);
    assert!((Twofold::from(f64::NAN)).root().to_f64().is_nan());
    assert!(Twofold::from(0.0).root().to_f64() == 0.0);
}
