//! Scenarios, Monte Carlo, figures and the binary `isac`.
