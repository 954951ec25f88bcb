//! Workspace queries and empty problems.

use crate::support::{MARK, letter};
use isac_blas_shim::*;

#[test]
fn workspace_queries_and_empty_problems() {
    let (mut info, mut work, mut iwork, mut m) = (9, [0.0], [0], 9);
    let (mut a, mut w) = ([1.0], [MARK]);
    // SAFETY: nothing but the workspace is written by a query.
    unsafe {
        dsyevr_(
            &letter('N'),
            &letter('A'),
            &letter('U'),
            &1,
            a.as_mut_ptr(),
            &1,
            &0.0,
            &0.0,
            &0,
            &0,
            &0.0,
            &mut m,
            w.as_mut_ptr(),
            std::ptr::null_mut(),
            &1,
            std::ptr::null_mut(),
            work.as_mut_ptr(),
            &-1,
            iwork.as_mut_ptr(),
            &-1,
            &mut info,
        );
    }
    assert!(info == 0 && work[0] >= 1.0 && iwork[0] >= 1 && w[0].to_bits() == MARK.to_bits());
    work[0] = 0.0;
    // SAFETY: as above.
    unsafe {
        dgesdd_(
            &letter('N'),
            &1,
            &1,
            a.as_mut_ptr(),
            &1,
            w.as_mut_ptr(),
            std::ptr::null_mut(),
            &1,
            std::ptr::null_mut(),
            &1,
            work.as_mut_ptr(),
            &-1,
            iwork.as_mut_ptr(),
            &mut info,
        );
    }
    assert!(info == 0 && work[0] >= 1.0 && w[0].to_bits() == MARK.to_bits());
    let (mut y, none): ([f64; 0], [f64; 0]) = ([], []);
    // SAFETY: empty matrices are not touched.
    unsafe {
        dgemm_(
            &letter('N'),
            &letter('N'),
            &0,
            &0,
            &0,
            &1.0,
            none.as_ptr(),
            &1,
            none.as_ptr(),
            &1,
            &0.0,
            y.as_mut_ptr(),
            &1,
        );
        dpotrf_(&letter('U'), &0, y.as_mut_ptr(), &1, &mut info);
    }
    assert_eq!(info, 0);
}
