//! The symbols of single precision.

use crate::support::letter;
use isac_blas_shim::*;

#[test]
fn single_precision_symbols_are_the_same_code() {
    let (a, x, mut y) = ([2.0_f32, 1.0, 1.0, 3.0], [1.0_f32, -1.0], [0.0_f32; 2]);
    let (mut c, mut d, mut info) = ([0.0_f32; 4], a, 9);
    // SAFETY: sizes are those of the arrays.
    unsafe {
        sgemv_(
            &letter('N'),
            &2,
            &2,
            &1.0,
            a.as_ptr(),
            &2,
            x.as_ptr(),
            &1,
            &0.0,
            y.as_mut_ptr(),
            &1,
        );
        assert_eq!(y, [1.0, -2.0]);
        ssymv_(
            &letter('L'),
            &2,
            &1.0,
            a.as_ptr(),
            &2,
            x.as_ptr(),
            &1,
            &1.0,
            y.as_mut_ptr(),
            &1,
        );
        assert_eq!(y, [2.0, -4.0]);
        sgemm_(
            &letter('N'),
            &letter('T'),
            &2,
            &2,
            &2,
            &1.0,
            a.as_ptr(),
            &2,
            a.as_ptr(),
            &2,
            &0.0,
            c.as_mut_ptr(),
            &2,
        );
        assert_eq!(c, [5.0, 5.0, 5.0, 10.0]);
        ssyrk_(
            &letter('U'),
            &letter('N'),
            &2,
            &2,
            &-1.0,
            a.as_ptr(),
            &2,
            &1.0,
            c.as_mut_ptr(),
            &2,
        );
        assert_eq!(c, [0.0, 5.0, 0.0, 0.0]);
        ssyr2k_(
            &letter('U'),
            &letter('N'),
            &2,
            &1,
            &0.5,
            x.as_ptr(),
            &2,
            x.as_ptr(),
            &2,
            &0.0,
            c.as_mut_ptr(),
            &2,
        );
        assert_eq!(c, [1.0, 5.0, -1.0, 1.0]);
        spotrf_(&letter('L'), &2, d.as_mut_ptr(), &2, &mut info);
        assert!(info == 0 && (d[0] - 2.0_f32.sqrt()).abs() < 1e-6);
        let mut b = [3.0_f32, 4.0];
        spotrs_(
            &letter('L'),
            &2,
            &1,
            d.as_ptr(),
            &2,
            b.as_mut_ptr(),
            &2,
            &mut info,
        );
        assert!((b[0] - 1.0).abs() < 1e-6 && (b[1] - 1.0).abs() < 1e-6);
        let (mut lu, mut rhs, mut pivots) = (a, [3.0_f32, 4.0], [0, 0]);
        sgesv_(
            &2,
            &1,
            lu.as_mut_ptr(),
            &2,
            pivots.as_mut_ptr(),
            rhs.as_mut_ptr(),
            &2,
            &mut info,
        );
        assert!((rhs[0] - 1.0).abs() < 1e-6 && (rhs[1] - 1.0).abs() < 1e-6);
        let (mut e, mut w, mut m, mut work, mut iwork) =
            (a, [0.0_f32; 2], 0, [0.0_f32; 64], [0; 32]);
        ssyevr_(
            &letter('N'),
            &letter('A'),
            &letter('U'),
            &2,
            e.as_mut_ptr(),
            &2,
            &0.0,
            &0.0,
            &0,
            &0,
            &0.0,
            &mut m,
            w.as_mut_ptr(),
            std::ptr::null_mut(),
            &2,
            std::ptr::null_mut(),
            work.as_mut_ptr(),
            &64,
            iwork.as_mut_ptr(),
            &32,
            &mut info,
        );
        let top = 2.5_f32 + 1.25_f32.sqrt();
        assert!(m == 2 && (w[1] - top).abs() < 1e-5);
        for dd in [true, false] {
            let (mut e, mut s) = (a, [0.0_f32; 2]);
            let null = std::ptr::null_mut;
            if dd {
                sgesdd_(
                    &letter('N'),
                    &2,
                    &2,
                    e.as_mut_ptr(),
                    &2,
                    s.as_mut_ptr(),
                    null(),
                    &1,
                    null(),
                    &1,
                    work.as_mut_ptr(),
                    &64,
                    iwork.as_mut_ptr(),
                    &mut info,
                );
            } else {
                sgesvd_(
                    &letter('N'),
                    &letter('N'),
                    &2,
                    &2,
                    e.as_mut_ptr(),
                    &2,
                    s.as_mut_ptr(),
                    null(),
                    &1,
                    null(),
                    &1,
                    work.as_mut_ptr(),
                    &64,
                    &mut info,
                );
            }
            assert!(info == 0 && (s[0] - top).abs() < 1e-5);
        }
    }
}
