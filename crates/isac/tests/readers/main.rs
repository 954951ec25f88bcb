//! Readers over the corpus of the fuzz targets and deterministic mutations of it: never a panic, and
//! every refusal is bad input that names its line or key.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../common/mod.rs"]
mod common;
mod documents;
mod mutations;
mod sizes;
mod support;
