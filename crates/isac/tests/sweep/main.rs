//! `isac sweep` through the command line: one file in, an artefact's files out; parts that give the same
//! bytes however they are run; what is refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
#[cfg(target_os = "linux")]
mod engines;
mod parts;
mod refusals;
mod report;
mod support;
mod whole;
