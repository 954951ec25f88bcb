//! The 22 BLAS and LAPACK symbols that Clarabel's semidefinite cone calls, in pure Rust on faer.
//!
//! Nothing in this project calls these functions by name. The crate exists so that the optional
//! feature `isac-opt/clarabel-sdp`, a second opinion on semidefinite programs, builds with cargo
//! alone: no system library, no download, no Fortran compiler. It must not be a default anywhere,
//! because the symbols are global: another library of the process that imports `dgemm_` would bind
//! to these. The key `links = "blas"` makes two providers that follow the convention collide in
//! cargo instead of in the linker.
//!
//! | routine | what it computes |
//! |---|---|
//! | `gemm`, `gemv`, `symv` | general and symmetric products |
//! | `syrk`, `syr2k` | symmetric updates of one triangle |
//! | `potrf`, `potrs` | Cholesky factor of one triangle, and solves with it |
//! | `gesv` | solve by LU with partial pivoting |
//! | `syevr` | symmetric eigenvalues and eigenvectors |
//! | `gesdd`, `gesvd` | singular value decomposition |
//!
//! each as `d..._` (`f64`) and `s..._` (`f32`), with 32-bit integers and every argument of the
//! reference interface honoured: leading dimensions, increments of either sign, transposes,
//! triangles, ranges, workspace queries. The triangle that the interface says is not referenced is
//! neither read nor written. A call with inconsistent sizes returns without effect (BLAS) or with
//! `info = -i` for the first bad argument `i` (LAPACK). Workspace is never used; queries return 1.
//!
//! ```
//! use isac_blas_shim::dgemv_;
//! // y = A x for the 2 x 2 matrix with columns (1, 2), (3, 4).
//! let (a, x, mut y) = ([1.0, 2.0, 3.0, 4.0], [1.0, 1.0], [0.0; 2]);
//! let (n, one, trans) = (2, 1, b'N' as std::ffi::c_char);
//! // SAFETY: all arrays have the sizes that the arguments say.
//! unsafe {
//!     dgemv_(&trans, &n, &n, &1.0, a.as_ptr(), &n, x.as_ptr(), &one, &0.0, y.as_mut_ptr(), &one);
//! }
//! assert_eq!(y, [4.0, 6.0]);
//! ```

mod blas;
mod lapack;
mod view;

use core::ffi::{c_char, c_int};
use view::letter;

macro_rules! export {
    ($(#[$doc:meta])* $name:ident, $real:ty, $routine:path,
     ($($arg:ident: $kind:tt),*)) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// All pointers must be valid for the sizes, leading dimensions and increments given, as
        /// the reference interface says; outputs must not overlap inputs.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($arg: argument!($kind, $real)),*) {
            // SAFETY: scalars are valid references by the contract of the interface; arrays are
            // passed on under the same contract.
            unsafe { $routine($(read!($kind, $arg)),*) }
        }
    };
}

/// The C type of an argument.
macro_rules! argument {
    (letter, $real:ty) => { *const c_char };
    (int, $real:ty) => { *const c_int };
    (real, $real:ty) => { *const $real };
    (array, $real:ty) => { *const $real };
    (out, $real:ty) => { *mut $real };
    (ints, $real:ty) => { *mut c_int };
}

/// How it is handed on: letters and scalars by value, arrays as they are.
macro_rules! read {
    (letter, $arg:ident) => {
        letter($arg)
    };
    (int, $arg:ident) => {
        *$arg
    };
    (real, $arg:ident) => {
        *$arg
    };
    ($kind:tt, $arg:ident) => {
        $arg
    };
}

macro_rules! provide {
    ($real:ty, $gemm:ident, $gemv:ident, $symv:ident, $syrk:ident, $syr2k:ident, $potrf:ident,
     $potrs:ident, $gesv:ident, $syevr:ident, $gesdd:ident, $gesvd:ident) => {
        export!(
            /// `C <- alpha op(A) op(B) + beta C`.
            $gemm, $real, blas::gemm,
            (transa: letter, transb: letter, m: int, n: int, k: int, alpha: real, a: array,
             lda: int, b: array, ldb: int, beta: real, c: out, ldc: int)
        );
        export!(
            /// `y <- alpha op(A) x + beta y`.
            $gemv, $real, blas::gemv,
            (trans: letter, m: int, n: int, alpha: real, a: array, lda: int, x: array, incx: int,
             beta: real, y: out, incy: int)
        );
        export!(
            /// `y <- alpha A x + beta y` for symmetric `A`, one triangle referenced.
            $symv, $real, blas::symv,
            (uplo: letter, n: int, alpha: real, a: array, lda: int, x: array, incx: int,
             beta: real, y: out, incy: int)
        );
        export!(
            /// `C <- alpha A A^T + beta C` or `alpha A^T A + beta C`, one triangle of `C`.
            $syrk, $real, blas::syrk,
            (uplo: letter, trans: letter, n: int, k: int, alpha: real, a: array, lda: int,
             beta: real, c: out, ldc: int)
        );
        export!(
            /// `C <- alpha (A B^T + B A^T) + beta C` or with `A^T B + B^T A`, one triangle of `C`.
            $syr2k, $real, blas::syr2k,
            (uplo: letter, trans: letter, n: int, k: int, alpha: real, a: array, lda: int,
             b: array, ldb: int, beta: real, c: out, ldc: int)
        );
        export!(
            /// Cholesky factor in place of one triangle; the other stays as it is.
            $potrf, $real, lapack::potrf, (uplo: letter, n: int, a: out, lda: int, info: ints)
        );
        export!(
            /// Solves `A X = B` with the factor of `potrf`.
            $potrs, $real, lapack::potrs,
            (uplo: letter, n: int, nrhs: int, a: array, lda: int, b: out, ldb: int, info: ints)
        );
        export!(
            /// Solves `A X = B` by LU with partial pivoting; `A` becomes the factors.
            $gesv, $real, lapack::gesv,
            (n: int, nrhs: int, a: out, lda: int, ipiv: ints, b: out, ldb: int, info: ints)
        );
        export!(
            /// Eigenvalues, ascending, and on request eigenvectors of a symmetric matrix.
            $syevr, $real, lapack::syevr,
            (jobz: letter, range: letter, uplo: letter, n: int, a: out, lda: int, vl: real,
             vu: real, il: int, iu: int, abstol: real, m: ints, w: out, z: out, ldz: int,
             isuppz: ints, work: out, lwork: int, iwork: ints, liwork: int, info: ints)
        );
        export!(
            /// Singular value decomposition `A = U diag(s) VT`.
            $gesdd, $real, lapack::gesdd,
            (jobz: letter, m: int, n: int, a: out, lda: int, s: out, u: out, ldu: int, vt: out,
             ldvt: int, work: out, lwork: int, iwork: ints, info: ints)
        );
        export!(
            /// Singular value decomposition `A = U diag(s) VT` with a job for each factor.
            $gesvd, $real, lapack::gesvd,
            (jobu: letter, jobvt: letter, m: int, n: int, a: out, lda: int, s: out, u: out,
             ldu: int, vt: out, ldvt: int, work: out, lwork: int, info: ints)
        );
    };
}

provide!(
    f64, dgemm_, dgemv_, dsymv_, dsyrk_, dsyr2k_, dpotrf_, dpotrs_, dgesv_, dsyevr_, dgesdd_,
    dgesvd_
);
provide!(
    f32, sgemm_, sgemv_, ssymv_, ssyrk_, ssyr2k_, spotrf_, spotrs_, sgesv_, ssyevr_, sgesdd_,
    sgesvd_
);
