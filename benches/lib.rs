//! Criterion benches of the workspace; see `benches/benches/*.rs`.
