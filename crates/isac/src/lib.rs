//! The program `isac`: reproduce, solve, check and stress beamformers for integrated sensing and
//! communication.
//!
//! | module | what it holds |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`papers`] | the one list of papers |
//! | [`readers`] | every input format behind one function each |
//! | [`sdp`] | semidefinite programs in SDPA format, CBF or JSON |

pub mod cli;
pub mod papers;
mod progress;
pub mod readers;
pub mod sdp;

/// The revision that the program was built from: the hash of a commit, with `-dirty` behind it where
/// sources differed from it; `unknown` for a packaged crate and where git was not at hand.
pub fn revision() -> &'static str {
    env!("ISAC_REVISION")
}

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
