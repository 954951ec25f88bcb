//! Factorisations. Arguments in the order of the reference interface, scalars by value.

use core::ffi::c_int;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Mat, MatRef, Par, Side};

use crate::blas::symmetric;
use crate::view::{Real, leads, matrix, matrix_mut, size};

/// `-i` for the first condition that does not hold, paired with its argument number `i`.
fn first_bad(conditions: &[(c_int, bool)]) -> c_int {
    conditions
        .iter()
        .find(|(_, holds)| !holds)
        .map_or(0, |(argument, _)| -argument)
}

fn finite<T: Real>(a: MatRef<'_, T>) -> bool {
    #[expect(clippy::eq_op, reason = "x - x is 0 for finite numbers only")]
    let zero = |x: T| x - x == T::zero();
    (0..a.ncols()).all(|j| (0..a.nrows()).all(|i| zero(a[(i, j)])))
}

/// # Safety
/// Arrays valid for the sizes given.
pub(crate) unsafe fn potrf<T: Real>(uplo: u8, n: c_int, a: *mut T, lda: c_int, info: *mut c_int) {
    let bad = first_bad(&[
        (1, matches!(uplo, b'U' | b'L')),
        (2, n >= 0),
        (4, leads(lda, n)),
    ]);
    // SAFETY: `info` is valid by the caller's contract.
    unsafe { *info = bad };
    if bad != 0 || n == 0 {
        return;
    }
    // SAFETY: sizes were checked; validity is the caller's contract.
    let mut a = unsafe { matrix_mut(a, n, n, lda) };
    // A copy, because the factorisation may write to the other triangle.
    let failed = match symmetric(a.as_ref(), uplo).llt(Side::Lower) {
        Err(faer::linalg::cholesky::llt::factor::LltError::NonPositivePivot { index }) => {
            Some(index)
        }
        Ok(factor) => {
            let l = factor.L();
            let n = size(n);
            let nan = (0..n).find(|&i| !finite(l.submatrix(i, i, 1, 1)));
            if nan.is_none() {
                for j in 0..n {
                    for i in j..n {
                        let (row, col) = if uplo == b'L' { (i, j) } else { (j, i) };
                        a[(row, col)] = l[(i, j)];
                    }
                }
            }
            nan
        }
    };
    if let Some(index) = failed {
        // SAFETY: as above.
        unsafe { *info = c_int::try_from(index + 1).unwrap_or(c_int::MAX) };
    }
}

/// # Safety
/// Arrays valid for the sizes given.
pub(crate) unsafe fn potrs<T: Real>(
    uplo: u8,
    n: c_int,
    nrhs: c_int,
    a: *const T,
    lda: c_int,
    b: *mut T,
    ldb: c_int,
    info: *mut c_int,
) {
    let bad = first_bad(&[
        (1, matches!(uplo, b'U' | b'L')),
        (2, n >= 0),
        (3, nrhs >= 0),
        (5, leads(lda, n)),
        (7, leads(ldb, n)),
    ]);
    // SAFETY: `info` is valid by the caller's contract.
    unsafe { *info = bad };
    if bad != 0 || n == 0 || nrhs == 0 {
        return;
    }
    // SAFETY: sizes were checked; validity is the caller's contract.
    let (a, mut b) = unsafe { (matrix(a, n, n, lda), matrix_mut(b, n, nrhs, ldb)) };
    let lower = if uplo == b'L' { a } else { a.transpose() };
    solve_lower_triangular_in_place(lower, b.as_mut(), Par::Seq);
    solve_upper_triangular_in_place(lower.transpose(), b, Par::Seq);
}

/// # Safety
/// Arrays valid for the sizes given.
pub(crate) unsafe fn gesv<T: Real>(
    n: c_int,
    nrhs: c_int,
    a: *mut T,
    lda: c_int,
    ipiv: *mut c_int,
    b: *mut T,
    ldb: c_int,
    info: *mut c_int,
) {
    let bad = first_bad(&[
        (1, n >= 0),
        (2, nrhs >= 0),
        (4, leads(lda, n)),
        (7, leads(ldb, n)),
    ]);
    // SAFETY: `info` is valid by the caller's contract.
    unsafe { *info = bad };
    if bad != 0 || n == 0 {
        return;
    }
    // SAFETY: sizes were checked; validity is the caller's contract.
    let (mut a, pivots) = unsafe {
        (
            matrix_mut(a, n, n, lda),
            core::slice::from_raw_parts_mut(ipiv, size(n)),
        )
    };
    let order = size(n);
    let mut singular = None;
    for k in 0..order {
        let mut p = k;
        for i in k + 1..order {
            if magnitude(a[(i, k)]) > magnitude(a[(p, k)]) {
                p = i;
            }
        }
        pivots[k] = c_int::try_from(p + 1).unwrap_or(c_int::MAX);
        if a[(p, k)] == T::zero() {
            singular = singular.or(Some(k + 1));
            continue;
        }
        for j in 0..order {
            let kept = a[(k, j)];
            a[(k, j)] = a[(p, j)];
            a[(p, j)] = kept;
        }
        for i in k + 1..order {
            let factor = a[(i, k)] / a[(k, k)];
            a[(i, k)] = factor;
            for j in k + 1..order {
                let pivot_row = a[(k, j)];
                a[(i, j)] -= factor * pivot_row;
            }
        }
    }
    if let Some(k) = singular {
        // SAFETY: as above.
        unsafe { *info = c_int::try_from(k).unwrap_or(c_int::MAX) };
        return;
    }
    if nrhs == 0 {
        return;
    }
    // SAFETY: as above.
    let mut b = unsafe { matrix_mut(b, n, nrhs, ldb) };
    for k in 0..order {
        let p = size(pivots[k]) - 1;
        for j in 0..b.ncols() {
            let kept = b[(k, j)];
            b[(k, j)] = b[(p, j)];
            b[(p, j)] = kept;
        }
    }
    faer::linalg::triangular_solve::solve_unit_lower_triangular_in_place(
        a.as_ref(),
        b.as_mut(),
        Par::Seq,
    );
    solve_upper_triangular_in_place(a.as_ref(), b, Par::Seq);
}

/// # Safety
/// Arrays valid for the sizes given.
pub(crate) unsafe fn syevr<T: Real>(
    jobz: u8,
    range: u8,
    uplo: u8,
    n: c_int,
    a: *mut T,
    lda: c_int,
    vl: T,
    vu: T,
    il: c_int,
    iu: c_int,
    _abstol: T,
    m: *mut c_int,
    w: *mut T,
    z: *mut T,
    ldz: c_int,
    isuppz: *mut c_int,
    work: *mut T,
    lwork: c_int,
    iwork: *mut c_int,
    liwork: c_int,
    info: *mut c_int,
) {
    let (all, vectors) = (range == b'A', jobz == b'V');
    let bad = first_bad(&[
        (1, matches!(jobz, b'N' | b'V')),
        (2, matches!(range, b'A' | b'V' | b'I')),
        (3, matches!(uplo, b'U' | b'L')),
        (4, n >= 0),
        (6, leads(lda, n)),
        (8, range != b'V' || n == 0 || vl < vu),
        (9, range != b'I' || (1 <= il && il <= n.max(1))),
        (10, range != b'I' || (n.min(il) <= iu && iu <= n)),
        (15, !vectors || leads(ldz, n)),
    ]);
    // SAFETY: `info` is valid by the caller's contract.
    unsafe { *info = bad };
    if bad != 0 {
        return;
    }
    if lwork == -1 || liwork == -1 {
        // SAFETY: workspace arrays have at least one entry.
        unsafe { (*work, *iwork) = (T::one(), 1) };
        return;
    }
    // SAFETY: `m` is valid by the caller's contract.
    unsafe { *m = 0 };
    if n == 0 {
        return;
    }
    // SAFETY: sizes were checked; validity is the caller's contract.
    let full = symmetric(unsafe { matrix(a.cast_const(), n, n, lda) }, uplo);
    let eigen = if finite(full.as_ref()) {
        full.self_adjoint_eigen(Side::Lower).ok()
    } else {
        None
    };
    let Some(eigen) = eigen else {
        // SAFETY: as above.
        unsafe { *info = 1 };
        return;
    };
    let chosen: Vec<usize> = (0..size(n))
        .filter(|&i| match range {
            b'I' => size(il) <= i + 1 && i < size(iu),
            _ => all || (eigen.S()[i] > vl && eigen.S()[i] <= vu),
        })
        .collect();
    let count = c_int::try_from(chosen.len()).unwrap_or(c_int::MAX);
    // SAFETY: `w` holds n numbers, `z` n x m, `isuppz` 2 m.
    unsafe {
        *m = count;
        for (k, &i) in chosen.iter().enumerate() {
            *w.add(k) = eigen.S()[i];
        }
        if vectors && count > 0 {
            let mut z = matrix_mut(z, n, count, ldz);
            for (k, &i) in chosen.iter().enumerate() {
                z.as_mut().col_mut(k).copy_from(eigen.U().col(i));
                *isuppz.add(2 * k) = 1;
                *isuppz.add(2 * k + 1) = n;
            }
        }
    }
}

/// How much of a factor is wanted.
#[derive(Clone, Copy, PartialEq)]
enum Job {
    None,
    Thin,
    Full,
    /// The thin factor, written over `A`.
    Over,
}

impl Job {
    fn of(letter: u8) -> Option<Self> {
        match letter {
            b'N' => Some(Self::None),
            b'S' => Some(Self::Thin),
            b'A' => Some(Self::Full),
            b'O' => Some(Self::Over),
            _ => None,
        }
    }
}

/// `U`, `s` and `V`, with the square `U` and `V` when `full`.
fn decompose<T: Real>(a: MatRef<'_, T>, full: bool) -> Option<(Mat<T>, Vec<T>, Mat<T>)> {
    let svd = if full { a.svd() } else { a.thin_svd() }.ok()?;
    let values = (0..a.nrows().min(a.ncols())).map(|i| svd.S()[i]).collect();
    Some((svd.U().to_owned(), values, svd.V().to_owned()))
}

/// # Safety
/// Arrays valid for the sizes given.
unsafe fn svd<T: Real>(
    (job_u, job_vt): (Job, Job),
    m: c_int,
    n: c_int,
    a: *mut T,
    lda: c_int,
    s: *mut T,
    u: *mut T,
    ldu: c_int,
    vt: *mut T,
    ldvt: c_int,
    info: *mut c_int,
) {
    if m == 0 || n == 0 {
        return;
    }
    // SAFETY: sizes were checked by the callers; validity is their caller's contract.
    let mut a = unsafe { matrix_mut(a, m, n, lda) };
    let full = job_u == Job::Full || job_vt == Job::Full;
    let parts = if finite(a.as_ref()) {
        decompose(a.as_ref(), full)
    } else {
        None
    };
    let Some((left, values, right)) = parts else {
        // SAFETY: `info` is valid by the caller's contract.
        unsafe { *info = 1 };
        return;
    };
    let k = m.min(n);
    // SAFETY: `s` holds min(m, n) numbers; `u` and `vt` have the sizes of their jobs.
    unsafe {
        for (i, &value) in values.iter().enumerate() {
            *s.add(i) = value;
        }
        if job_u == Job::Thin || job_u == Job::Full {
            let cols = if job_u == Job::Full { m } else { k };
            matrix_mut(u, m, cols, ldu).copy_from(left.subcols(0, size(cols)));
        }
        if job_vt == Job::Thin || job_vt == Job::Full {
            let rows = if job_vt == Job::Full { n } else { k };
            matrix_mut(vt, rows, n, ldvt).copy_from(right.subcols(0, size(rows)).transpose());
        }
    }
    if job_u == Job::Over {
        a.as_mut()
            .subcols_mut(0, size(k))
            .copy_from(left.subcols(0, size(k)));
    }
    if job_vt == Job::Over {
        a.subrows_mut(0, size(k))
            .copy_from(right.subcols(0, size(k)).transpose());
    }
}

/// # Safety
/// Arrays valid for the sizes given.
pub(crate) unsafe fn gesdd<T: Real>(
    jobz: u8,
    m: c_int,
    n: c_int,
    a: *mut T,
    lda: c_int,
    s: *mut T,
    u: *mut T,
    ldu: c_int,
    vt: *mut T,
    ldvt: c_int,
    work: *mut T,
    lwork: c_int,
    _iwork: *mut c_int,
    info: *mut c_int,
) {
    let job = Job::of(jobz).unwrap_or(Job::None);
    // Over: the larger factor replaces A, the smaller one is stored in full.
    let jobs = match job {
        Job::Over if m >= n => (Job::Over, Job::Full),
        Job::Over => (Job::Full, Job::Over),
        job => (job, job),
    };
    let k = m.min(n);
    let rows_vt = if jobs.1 == Job::Full { n } else { k };
    let stored = |job: Job| matches!(job, Job::Thin | Job::Full);
    let bad = first_bad(&[
        (1, Job::of(jobz).is_some()),
        (2, m >= 0),
        (3, n >= 0),
        (5, leads(lda, m)),
        (8, ldu >= 1 && (!stored(jobs.0) || leads(ldu, m))),
        (10, ldvt >= 1 && (!stored(jobs.1) || leads(ldvt, rows_vt))),
    ]);
    // SAFETY: `info` and `work` are valid by the caller's contract.
    unsafe {
        *info = bad;
        if bad == 0 && lwork == -1 {
            *work = T::one();
        } else if bad == 0 {
            svd(jobs, m, n, a, lda, s, u, ldu, vt, ldvt, info);
        }
    }
}

/// # Safety
/// Arrays valid for the sizes given.
pub(crate) unsafe fn gesvd<T: Real>(
    jobu: u8,
    jobvt: u8,
    m: c_int,
    n: c_int,
    a: *mut T,
    lda: c_int,
    s: *mut T,
    u: *mut T,
    ldu: c_int,
    vt: *mut T,
    ldvt: c_int,
    work: *mut T,
    lwork: c_int,
    info: *mut c_int,
) {
    let jobs = (
        Job::of(jobu).unwrap_or(Job::None),
        Job::of(jobvt).unwrap_or(Job::None),
    );
    let rows_vt = if jobs.1 == Job::Full { n } else { m.min(n) };
    let stored = |job: Job| matches!(job, Job::Thin | Job::Full);
    let both_over = jobs == (Job::Over, Job::Over);
    let bad = first_bad(&[
        (1, Job::of(jobu).is_some()),
        (2, Job::of(jobvt).is_some() && !both_over),
        (3, m >= 0),
        (4, n >= 0),
        (6, leads(lda, m)),
        (9, ldu >= 1 && (!stored(jobs.0) || leads(ldu, m))),
        (11, ldvt >= 1 && (!stored(jobs.1) || leads(ldvt, rows_vt))),
    ]);
    // SAFETY: `info` and `work` are valid by the caller's contract.
    unsafe {
        *info = bad;
        if bad == 0 && lwork == -1 {
            *work = T::one();
        } else if bad == 0 {
            svd(jobs, m, n, a, lda, s, u, ldu, vt, ldvt, info);
        }
    }
}

fn magnitude<T: Real>(x: T) -> T {
    if x < T::zero() { T::zero() - x } else { x }
}
