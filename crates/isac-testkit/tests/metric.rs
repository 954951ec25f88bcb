//! The checks pass for a right metric and find each fault of a wrong one.

use isac_linalg::{Mat, c64};
use isac_testkit::metric::{self, Downlink, Trend, Violation};

/// The SINR of each user from the definition.
fn sinr(x: &Downlink) -> Vec<f64> {
    let received = x.received();
    (0..x.users())
        .map(|k| {
            let others = (0..received.ncols()).filter(|&j| j != k);
            received[(k, k)] / (others.map(|j| received[(k, j)]).sum::<f64>() + x.noise[k])
        })
        .collect()
}

fn all(f: fn(&Downlink) -> Vec<f64>, x: &Downlink) -> Result<(), Violation> {
    metric::phase(f, x, 1e-8)?;
    metric::unitary(f, x, 1e-8)?;
    metric::permutation(f, x, 1e-12)?;
    metric::sensing_order(f, x, 1e-12)?;
    metric::units(f, x, 1e-12)?;
    metric::power(f, x, Trend::Rises)?;
    metric::noise(f, x, Trend::Falls)
}

#[test]
fn a_right_metric_passes() {
    metric::smallest(60, |x| all(sinr, x)).unwrap();
    // One number for all users.
    metric::smallest(20, |x| all(|x| vec![sinr(x).iter().sum()], x)).unwrap();
}

#[test]
fn every_fault_is_found_by_the_check_made_for_it() {
    let fails = |property: &str, f: fn(&Downlink) -> Vec<f64>| {
        let found = metric::smallest(60, |x| all(f, x)).unwrap_err();
        assert_eq!(found.property, property, "{found}");
        assert!(found.to_string().contains("Downlink::draw("), "{found}");
        // The recipe reproduces it.
        let r = found.recipe.unwrap();
        let again = Downlink::draw(r.antennas, r.users, r.sensing, r.seed);
        assert_eq!(all(f, &again).unwrap_err(), found);
    };
    // Real part of the product instead of its modulus.
    fails("phase invariance", |x| {
        let product = |k: usize| -> c64 {
            let terms =
                (0..x.channel.nrows()).map(|n| x.channel[(n, k)].conj() * x.beamformer[(n, k)]);
            terms.sum()
        };
        (0..x.users())
            .map(|k| product(k).re.powi(2) / x.noise[k])
            .collect()
    });
    // The first antenna alone.
    fails("unitary invariance", |x| {
        let own = |k: usize| (x.channel[(0, k)].conj() * x.beamformer[(0, k)]).norm_sqr();
        (0..x.users()).map(|k| own(k) / x.noise[k]).collect()
    });
    // Everybody has the noise of the first user.
    fails("permutation of users", |x| {
        let received = x.received();
        (0..x.users())
            .map(|k| received[(k, k)] / x.noise[0])
            .collect()
    });
    // A sensing stream counted twice.
    fails("order of sensing streams", |x| {
        let received = x.received();
        let last = received.ncols() - 1;
        let twice = |k: usize| {
            if last >= x.users() {
                received[(k, last)]
            } else {
                0.0
            }
        };
        let rest = |k: usize| -> f64 {
            let others = (0..=last).filter(|&j| j != k);
            others.map(|j| received[(k, j)]).sum::<f64>() + twice(k) + x.noise[k]
        };
        (0..x.users()).map(|k| received[(k, k)] / rest(k)).collect()
    });
    // A watt added to the noise.
    fails("unit of power", |x| {
        let received = x.received();
        (0..x.users())
            .map(|k| received[(k, k)] / (x.noise[k] + 1.0))
            .collect()
    });
    fails("more power", |x| sinr(x).iter().map(|s| 1.0 / s).collect());
    // What a metric of ratios does with noise follows from its unit and its power: watts, in which
    // neither holds.
    let watts = |x: &Downlink| x.noise.clone();
    let x = Downlink::draw(2, 2, 0, 5);
    assert_eq!(
        metric::noise(watts, &x, Trend::Falls).unwrap_err().property,
        "more noise"
    );
    metric::noise(watts, &x, Trend::Rises).unwrap();
}

#[test]
fn values_and_trends_see_nan_and_count() {
    assert!(metric::values("p", &[1.0], &[1.0 + 1e-9], 1e-8).is_ok());
    let found = metric::values("p", &[1.0, 2.0], &[1.0, 2.1], 1e-8).unwrap_err();
    assert_eq!((found.index, found.recipe), (1, None));
    assert!(metric::values("p", &[1.0], &[f64::NAN], 1e-8).is_err());
    assert!(metric::values("p", &[1.0], &[], 1e-8).is_err());
    assert!(metric::values("p", &[f64::INFINITY], &[f64::INFINITY], 1e-8).is_ok());
    assert!(metric::values("p", &[1e-30, 1.0], &[2e-30, 1.0], 1e-8).is_err());
    assert!(metric::trend("p", &[1.0], &[1.0 - 1e-13], Trend::Rises).is_ok());
    assert!(metric::trend("p", &[1.0], &[1.0 - 1e-11], Trend::Rises).is_err());
    assert!(metric::trend("p", &[1.0], &[1.0 + 1e-11], Trend::Falls).is_err());
    assert!(metric::trend("p", &[1.0], &[f64::NAN], Trend::Falls).is_err());
}

#[test]
fn matrices_are_compared_in_units_of_their_own() {
    let diagonal = |a: f64, b: f64, c: f64| Mat::from_fn(2, 2, |i, j| [[a, c], [c, b]][i][j]);
    assert!(metric::psd("p", diagonal(1e12, 1e-6, 0.0).as_ref(), 1e-12).is_ok());
    // Negative in one unit, whatever the other's size.
    assert!(metric::psd("p", diagonal(1e12, -1e-6, 0.0).as_ref(), 1e-12).is_err());
    assert!(metric::psd("p", diagonal(1e12, 1e-6, 1.1e3).as_ref(), 1e-12).is_err());
    let (low, high) = (diagonal(1e12, 1e-6, 0.0), diagonal(1e12, 2e-6, 0.0));
    assert!(metric::loewner("p", low.as_ref(), high.as_ref(), 1e-12).is_ok());
    assert!(metric::loewner("p", high.as_ref(), low.as_ref(), 1e-12).is_err());
    let crooked = Mat::from_fn(2, 2, |i, j| [[1.0, 0.1], [0.2, 1.0]][i][j]);
    let found = metric::psd("p", crooked.as_ref(), 1e-12).unwrap_err();
    assert!(found.property.contains("symmetry"));
    assert!(metric::psd("p", diagonal(f64::NAN, 1.0, 0.0).as_ref(), 1e-12).is_err());
    assert!(metric::psd("p", Mat::zeros(0, 0).as_ref(), 1e-12).is_ok());
}
