//! `isac solve`: one problem of a user, solved and certified.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use isac_linalg::{MatRef, c64};
use serde::Serialize;
use serde_json::Value;

use crate::document::{Node, json_of_matrix};
use crate::error::Error;

/// Solves the problem of a document of one schema.
pub type SolveFn = fn(&Node<'_>, &SolveRequest) -> Result<SolveReport, Error>;

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct SolveRequest {
    /// Which case of a document with several; the first otherwise.
    pub case: Option<usize>,
    /// Algorithm by name; the paper's default otherwise. An unknown name is
    /// [`Error::unknown`]`("algorithm", ...)`.
    pub algorithm: Option<String>,
    /// Seed for random starts; the document's or the house's otherwise.
    pub seed: Option<u64>,
    /// How much is to be proved.
    pub certify: Certify,
    /// Set from outside to end a search for a global bound early.
    pub stop: Arc<AtomicBool>,
}

impl SolveRequest {
    /// Whether a search is to go on.
    pub fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

/// How much `isac solve` proves about the point that it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Certify {
    /// Nothing: no bound is computed.
    None,
    /// What one relaxation proves.
    #[default]
    Local,
    /// A search for the optimum's bound, which can be written down as a proof.
    Global,
}

/// How a solve ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SolveStatus {
    /// Converged, feasible by the original formulas.
    Solved,
    /// An answer of lower accuracy than asked for.
    Inaccurate,
    /// Certified infeasible: no point at all (exit code 3).
    Infeasible,
    /// Proved to have no point of a norm below the radius that the stop reason names; larger ones
    /// are open (exit code 4).
    NoPointBelow,
    /// The problem and its dual have different values; both are named (exit code 4).
    IllPosed,
    /// No answer (exit code 4).
    Unknown,
    /// A limit was hit; the point is the best found.
    Limit,
}

impl SolveStatus {
    /// 0 with a point, 3 certified infeasible, 4 no answer.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Solved | Self::Inaccurate | Self::Limit => 0,
            Self::Infeasible => 3,
            Self::NoPointBelow | Self::IllPosed | Self::Unknown => 4,
        }
    }
}

/// A bound on the optimum, or a proof of infeasibility.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SolveCertificate {
    /// What it is, such as `upper_bound` or `farkas`.
    pub kind: String,
    /// The bound; the certified violation for infeasible problems.
    pub bound: f64,
    /// `|bound - objective| / |objective|`, see `relative_gap()`, for costs of any scale
    /// (`alpha-fair/1`) how far the norm lies above its bound; `None` where it says nothing.
    pub relative_gap: Option<f64>,
}

/// `|bound - objective| / |objective|`; `None` at an objective of 0.
pub fn relative_gap(bound: f64, objective: f64) -> Option<f64> {
    let gap = (bound - objective).abs() / objective.abs();
    gap.is_finite().then_some(gap)
}

/// The one object that `isac solve --json` prints; its fields are the contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SolveReport {
    /// Schema of the document.
    pub schema: String,
    /// Algorithm that ran.
    pub algorithm: String,
    /// How it ended.
    pub status: SolveStatus,
    /// Why it stopped. For infeasible problems: which constraint fails by how much at the
    /// least-infeasible point.
    pub stop_reason: String,
    /// Objective at the returned point; `null` without one.
    pub objective: Option<f64>,
    /// Named values with their unit in the name, such as `sum_rate_nats`.
    pub metrics: BTreeMap<String, Value>,
    /// Largest violation by the original formulas; `null` without a point.
    pub max_violation: Option<f64>,
    /// Complex matrices by name, `{re, im}`.
    pub beamformers: BTreeMap<String, Value>,
    /// What the problem's physics leaves in doubt, such as ranges beyond the ambiguity; printed on
    /// standard error too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The bound or proof, if there is one.
    pub certificate: Option<SolveCertificate>,
    /// The proof of a global bound, see [`proof`](crate::proof); it goes to a file of its own.
    #[serde(skip)]
    pub proof: Option<Value>,
    /// Iterations of the outer loop.
    pub iterations: usize,
    /// Seed in use.
    pub seed: u64,
    /// Versions of our crates.
    pub versions: BTreeMap<String, String>,
}

impl SolveReport {
    /// An empty report; fill in what there is.
    pub fn new(schema: &str, algorithm: &str, status: SolveStatus) -> Self {
        Self {
            schema: schema.into(),
            algorithm: algorithm.into(),
            status,
            stop_reason: String::new(),
            objective: None,
            metrics: BTreeMap::new(),
            max_violation: None,
            beamformers: BTreeMap::new(),
            warnings: Vec::new(),
            certificate: None,
            proof: None,
            iterations: 0,
            seed: crate::DEFAULT_SEED,
            versions: crate::versions(),
        }
    }

    /// Adds a number; NaN and infinities become `null`.
    pub fn metric(&mut self, name: &str, value: f64) {
        self.metrics.insert(name.into(), serde_json::json!(value));
    }

    /// Adds a list of numbers.
    pub fn metric_list(&mut self, name: &str, values: &[f64]) {
        self.metrics.insert(name.into(), serde_json::json!(values));
    }

    /// Adds a beamformer.
    pub fn beamformer(&mut self, name: &str, matrix: MatRef<'_, c64>) {
        self.beamformers.insert(name.into(), json_of_matrix(matrix));
    }
}
