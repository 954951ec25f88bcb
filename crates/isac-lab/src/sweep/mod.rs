//! Studies of a user's own, and artefacts in parts: a plan, shards that run it anywhere, what they left
//! put together.
//!
//! | module | what it holds |
//! |---|---|
//! | [`spec`] | a scenario with lists for what varies, as an artefact |
//! | [`figure`] | how a study is drawn |
//! | [`plan`] | the plan file and the job it stands for |
//! | [`shard`] | which part of a plan a process does |
//! | [`store`] | the logs of shards in a folder of results; running, standing, merging |
//! | [`submit`] | the calls that hand a plan to an engine |

mod answer;
pub mod figure;
mod keys;
pub mod plan;
pub mod shard;
pub mod spec;
pub mod store;
pub mod submit;
