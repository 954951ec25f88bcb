//! A paper that was begun by `cargo xtask new-paper`: its model goes into `problem.rs`, each algorithm into a
//! file of its own.
//!
//! | in the paper | here | technique |
//! |---|---|---|
//! | one user, one beam | [`Problem`] | |
//! | matched filter | [`matched_filter`] | Cauchy-Schwarz, its own proof |
//!
//! ```
//! use isac_algos::__paper__::{Problem, matched_filter};
//! use isac_linalg::{Mat, c64};
//! let h = Mat::from_fn(3, 1, |_, _| c64::new(1.0, 1.0));
//! let solution = matched_filter::solve(&Problem::new(h, 2.0, 0.5)?);
//! assert!((solution.snr - 24.0).abs() < 1e-12);
//! # Ok::<(), isac_algos::Error>(())
//! ```

pub mod matched_filter;
mod problem;

pub use problem::Problem;
