//! Random channels; columns are users, or subcarriers of one user in [`tr38901`].

mod rayleigh;
pub mod tr38901;

pub use rayleigh::rayleigh;
