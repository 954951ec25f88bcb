//! The strategies deliver what they promise.

use isac_linalg::{Mat, c64, factor, hermitian, ops};
use isac_testkit::strategies;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn covariances_are_hermitian_psd(r in strategies::hermitian_psd(5)) {
        hermitian::check_hermitian("r", r.as_ref()).unwrap();
        let values = factor::eigvalsh(r.as_ref()).unwrap();
        prop_assert!(values[0] >= -1e-12 * values[4]);
    }

    #[test]
    fn unitaries_are_unitary(u in strategies::unitary(4)) {
        let mut gram = ops::adjoint_mul(u.as_ref(), u.as_ref());
        ops::axpy(gram.as_mut(), -1.0, Mat::<c64>::identity(4, 4).as_ref());
        prop_assert!(ops::norm_max(gram.as_ref()) < 1e-13);
    }

    #[test]
    fn channels_and_powers_stay_in_range(
        h in strategies::channel(4, 3, 6.0),
        p in strategies::power(-3.0, 1.0),
        w in strategies::entries(2, 3),
    ) {
        prop_assert_eq!((h.nrows(), h.ncols()), (4, 3));
        prop_assert!((0.999e-3..=10.001).contains(&p));
        prop_assert!(ops::norm_max(w.as_ref()) <= 2f64.sqrt());
    }
}
