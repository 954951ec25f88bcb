//! The problem that an `alpha-fair/1` document or scenario poses.

use isac_algos::alpha_fair::{Problem, Start};
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::solve::SolveRequest;
use isac_linalg::{Mat, c64};
use isac_models::ofdm::{EchoWarning, Grid};
use isac_models::rng::{Stream, stream};

use super::input::Instance;
use super::scenario::{self, Drop};

/// A problem with what a run and its report need besides.
pub(super) struct Posed {
    pub(super) problem: Problem,
    /// Penalty of the paper's method.
    pub(super) rho: f64,
    /// Limit of its iterations.
    pub(super) iterations: usize,
    /// W0 if stated, otherwise the start of the scenario or `mrt`.
    pub(super) start: Mat<c64>,
    pub(super) grid: Grid,
    pub(super) warnings: Vec<EchoWarning>,
}

/// Keys of a case of an explicit document.
const CASE_KEYS: [&str; 3] = ["config", "expected", "tolerance"];

/// The problem that a document or scenario poses, and the seed.
pub(super) fn posed(root: &Node<'_>, request: &SolveRequest) -> Result<(Posed, u64), Error> {
    match scenario::of_document(root)? {
        Some(stated) => {
            let seed = stated.seed(request)?;
            let drop = stated.scenario.drop(seed, stated.drop);
            let Drop {
                problem,
                start,
                grid,
                warnings,
                ..
            } = drop.map_err(|e| isac_lab::scenario::refused(root, e))?;
            let posed = Posed {
                problem,
                rho: stated.scenario.rho,
                iterations: stated.scenario.iterations,
                start,
                grid,
                warnings,
            };
            Ok((posed, seed))
        }
        None => {
            let stated = root.opt("seed").map(|s| s.u64()).transpose()?;
            let seed = (request.seed.or(stated)).unwrap_or(isac_lab::DEFAULT_SEED);
            Ok((explicit(root, request, seed)?, seed))
        }
    }
}

pub(super) fn explicit(root: &Node<'_>, request: &SolveRequest, seed: u64) -> Result<Posed, Error> {
    let instance = Instance::read(root)?;
    let cases = root.cases()?;
    let wanted = request.case.unwrap_or(0);
    let node = cases.get(wanted).ok_or_else(|| {
        Error::Usage(format!(
            "--case {wanted}: the document has {} cases, counted from 0",
            cases.len()
        ))
    })?;
    node.known_keys(&CASE_KEYS)?;
    let case = instance.case(&node.get("config")?)?;
    let start = match &instance.start {
        Some(start) => start.clone(),
        None => draw(&case.problem, Start::Mrt, seed)?,
    };
    Ok(Posed {
        problem: case.problem,
        rho: case.rho,
        iterations: case.iterations,
        start,
        grid: instance.grid,
        warnings: instance.warnings,
    })
}

/// Reads a document with all its cases, or a scenario without drawing from it.
pub(super) fn read_all(root: &Node<'_>) -> Result<(), Error> {
    root.opt("seed").map(|node| node.u64()).transpose()?;
    if scenario::of_document(root)?.is_some() {
        return Ok(());
    }
    let instance = Instance::read(root)?;
    root.cases()?.iter().try_for_each(|node| {
        node.known_keys(&CASE_KEYS)?;
        instance.case(&node.get("config")?).map(drop)
    })
}

fn draw(problem: &Problem, start: Start, seed: u64) -> Result<Mat<c64>, Error> {
    start
        .draw(problem, &mut stream(seed, Stream::Start, 0))
        .map_err(|e| Error::numerical("start", e))
}
