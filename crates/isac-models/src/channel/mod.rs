//! Random channels; columns are users, or subcarriers of one user in [`tr38901`].

mod rayleigh;
mod rician_shadowed;
pub mod tr38901;

pub use rayleigh::rayleigh;
pub use rician_shadowed::{Bearing, Fading, PathChannel, Shadowing};
