//! Random channels; columns are users.

mod rayleigh;

pub use rayleigh::rayleigh;
