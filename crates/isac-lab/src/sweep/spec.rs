//! A scenario with lists for what varies: the document of a sweep, read into independent tasks.
//!
//! ```toml
//! schema = "noma/1"
//! [scenario]
//! problem = "max_min"
//! [sweep]
//! P_total_W = [4, 6, 8]
//! realizations = 20
//! metrics = ["min_sinr"]
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::answer::{offered, reason, status_name, value};
use super::figure;
use super::keys::{
    CASE, Varied, collect, fixed_files, names, one_case, realizations_of, small_enough, x_axis,
};
pub use super::keys::{KEYS, MOST_SOLVES};
use crate::artefact::{Metric, Plan, Request, Size, Task};
use crate::attach::{Stack, attach_study};
use crate::document::{Document, Node, is_remark};
use crate::error::{Error, Source};
use crate::explain;
use crate::paper::{Paper, of_document};
use crate::records::Record;
use crate::reproduce::{Prepared, planned};
use crate::scenario;
use crate::solve::{SolveReport, SolveRequest, SolveStatus};

/// A sweep that was read.
#[derive(Debug, Clone)]
pub struct Spec {
    paper: Paper,
    file: String,
    /// The document without its table `sweep`, its seed and its drop.
    base: Value,
    /// Whether the document states channels, so that keys stand at its top.
    explicit: bool,
    /// Channels of files, one for every realisation.
    stack: Stack,
    /// What was understood of files.
    understood: Vec<String>,
    /// What makes curves.
    varied: Vec<Varied>,
    /// The x axis.
    x: Option<Varied>,
    realizations: usize,
    algorithms: Vec<Option<String>>,
    metrics: Vec<String>,
    seed: u64,
    common_draws: bool,
}

impl Spec {
    /// Reads the document of a sweep to its last key; every point is read as `solve` would.
    ///
    /// # Errors
    /// What is wrong, with file and key: an unknown key of `[sweep]` (the nearest are named), an empty
    /// list, a value that the paper refuses, more than [`MOST_SOLVES`] solves (with their number,
    /// before anything else is looked at).
    pub fn read(papers: &[Paper], document: &Document) -> Result<Self, Error> {
        let paper = of_document(papers, document)?.clone();
        if paper.solve.is_none() {
            let why = format!("schema {}: nothing solves it", paper.schema);
            return Err(Error::Usage(why));
        }
        let root = document.root();
        let base = root.object()?;
        let empty = Value::Object(Map::new());
        let table = Node {
            file: &document.file,
            path: "sweep".into(),
            value: base.get("sweep").unwrap_or(&empty),
        };
        let seed = match (table.opt("seed"), root.opt("seed")) {
            (Some(node), Some(_)) => {
                return Err(node.wrong("the seed in one place: at the top or in [sweep]"));
            }
            (Some(node), None) | (None, Some(node)) => node.u64()?,
            (None, None) => crate::DEFAULT_SEED,
        };
        if let Some(drop) = root.opt("drop") {
            drop.count(0, 0)?;
        }
        fixed_files(&table, &root)?;
        let beside = |key: &String| {
            let own = ["schema", "sweep"].contains(&key.as_str());
            !own && !scenario::KEYS.contains(&key.as_str()) && !is_remark(key)
        };
        let explicit = base.keys().any(beside);
        let mut varied = Vec::new();
        let keys = explain::keys(paper.template.unwrap_or(""));
        let known = (!explicit && paper.template.is_some()).then_some(&keys[..]);
        collect(&table, "", known, &mut varied)?;
        let realizations = table
            .opt("realizations")
            .map(|n| n.count(1, scenario::MOST_DROPS));
        let stated = realizations.transpose()?;
        let algorithms = match names(&table, "algorithms")? {
            None => vec![None],
            Some(list) => list.into_iter().map(Some).collect(),
        };
        let metrics = names(&table, "metrics")?.unwrap_or_else(|| vec!["objective".into()]);
        let common_draws = table.opt("common_draws").map(|n| n.bool()).transpose()?;
        small_enough(&table, &varied, algorithms.len(), stated.unwrap_or(1))?;
        // Whatever files hold, after the size of the grid is known.
        let mut own = Document {
            file: document.file.clone(),
            value: Value::Object(base.clone()),
        };
        let folder = Path::new(&document.file).parent();
        let (understood, stack) =
            attach_study(&mut own, folder.unwrap_or(Path::new("")), paper.arrays)?;
        let realizations = realizations_of(&table, stated, &stack)?;
        small_enough(&table, &varied, algorithms.len(), realizations)?;
        one_case(&own.root(), &stack, &varied)?;
        let x = x_axis(&table, &mut varied)?;
        let mut base = own.value;
        for key in ["sweep", "seed", "drop"] {
            base.as_object_mut().and_then(|base| base.remove(key));
        }
        let spec = Self {
            file: document.file.clone(),
            base,
            paper,
            explicit,
            stack,
            understood,
            varied,
            x,
            realizations,
            algorithms,
            metrics,
            seed,
            common_draws: common_draws.unwrap_or(false),
        };
        if let Some(read) = spec.paper.read {
            (0..spec.points()).try_for_each(|point| {
                let mut document = spec.document(point);
                spec.stack.place(&mut document, 0);
                read(&document.root())
            })?;
        }
        Ok(spec)
    }

    /// What was understood of the files that the document names, a line each.
    pub fn understood(&self) -> &[String] {
        &self.understood
    }

    /// What must agree for records to belong to the same study: everything but the number of
    /// realisations.
    pub fn identity(&self) -> Value {
        let varied = |v: &Varied| json!([v.key, v.values]);
        let mut identity = json!({
            "document": self.base,
            "varied": self.varied.iter().map(varied).collect::<Vec<_>>(),
            "x": self.x.as_ref().map(varied),
            "algorithms": self.algorithms,
            "metrics": self.metrics,
            "seed": self.seed,
            "common_draws": self.common_draws,
        });
        if let Some(hash) = self.stack.hash() {
            identity["files_sha256"] = hash.into();
        }
        identity
    }

    /// Whether keys of the document's one case vary.
    fn in_case(&self) -> bool {
        let mut varied = self.varied.iter().chain(&self.x);
        self.explicit && varied.any(|v| v.key.starts_with(CASE))
    }

    /// Points of the grid.
    pub fn points(&self) -> usize {
        let varied = self.varied.iter().chain(&self.x);
        varied.map(|v| v.values.len()).product()
    }

    /// Which value every varied key has at a point; the x axis runs fastest.
    fn choice(&self, mut point: usize) -> Vec<(&Varied, usize)> {
        let mut choice = Vec::new();
        for varied in self.x.iter().chain(self.varied.iter().rev()) {
            choice.push((varied, point % varied.values.len()));
            point /= varied.values.len();
        }
        choice
    }

    /// The document of a point.
    fn document(&self, point: usize) -> Document {
        let mut value = self.base.clone();
        for (varied, at) in self.choice(point) {
            let mut place = &mut value;
            if !self.explicit {
                place = &mut place["scenario"];
            }
            let mut key = varied.key.as_str();
            if let Some(inner) = key.strip_prefix(CASE).filter(|_| self.explicit) {
                place = &mut place["cases"][0];
                key = inner;
            }
            for part in key.split('.') {
                if !place.is_object() {
                    *place = json!({});
                }
                place = &mut place[part];
            }
            *place = varied.values[at].clone();
        }
        Document {
            file: self.file.clone(),
            value,
        }
    }

    /// The seed of a realisation at a point: the first 53 bits of the SHA-256 of the specification
    /// (schema, scenario and seed), the point (its keys and values) and the realisation. 53 bits fit
    /// into a number of any format.
    fn draw(&self, point: usize, realization: usize) -> u64 {
        let varied: Map<String, Value> = if self.common_draws {
            Map::new()
        } else {
            let choice = self.choice(point);
            let entry = |(v, at): &(&Varied, usize)| (v.key.clone(), v.values[*at].clone());
            choice.iter().map(entry).collect()
        };
        let text = json!([self.base, self.seed, varied, realization]).to_string();
        let hash = Sha256::digest(text.as_bytes());
        let bits = hash
            .iter()
            .take(8)
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        bits >> 11
    }

    /// The curve of an algorithm at a point.
    fn label(&self, point: usize, algorithm: Option<&str>) -> String {
        let mut parts: Vec<String> = Vec::new();
        if self.algorithms.len() > 1 || self.varied.is_empty() {
            parts.push(algorithm.unwrap_or("default").into());
        }
        let choice = self.choice(point);
        for varied in &self.varied {
            let at = choice
                .iter()
                .find(|(v, _)| v.key == varied.key)
                .map_or(0, |c| c.1);
            parts.push(format!("{} = {}", varied.shown(), text(&varied.values[at])));
        }
        parts.join(", ")
    }

    /// Solves the first realisation of the first point by every algorithm and returns the seconds that
    /// each took: an estimate of the time, and the last check of the specification.
    ///
    /// # Errors
    /// An unknown algorithm, an unknown metric with the nearest of the solution, and those of `solve`.
    pub fn probe(&self) -> Result<Vec<f64>, Error> {
        let point = Self::at(&Arc::new(self.clone()), 0);
        let probe = |algorithm: &Option<String>| {
            let (report, seconds) = crate::clock::timed(|| point.solve(algorithm.clone(), 0));
            let report = report?;
            if report.objective.is_some() {
                for name in &self.metrics {
                    if value(&report, name).is_none() {
                        let list = offered(&report);
                        let names = list.iter().map(String::as_str);
                        return Err(Error::unknown(
                            format!("metric of {} (sweep.metrics)", self.paper.schema),
                            name,
                            names,
                        ));
                    }
                }
            }
            Ok(seconds)
        };
        self.algorithms.iter().map(probe).collect()
    }

    fn at(self: &Arc<Self>, point: usize) -> Point {
        Point {
            spec: Arc::clone(self),
            document: self.document(point),
            point,
            x: (self.x.as_ref()).map_or(0.0, |x| x.x(self.choice(point)[0].1)),
            labels: (self.algorithms.iter())
                .map(|a| self.label(point, a.as_deref()))
                .collect(),
        }
    }

    /// The study as an artefact whose files stand at `place`; `seconds` are those of [`Spec::probe`].
    /// Tasks are ordered by realisation, so that more realisations only add some, and what is finished
    /// first covers every point.
    ///
    /// # Errors
    /// None that reading has not found.
    pub fn prepare(self, place: PathBuf, seconds: &[f64]) -> Result<Prepared, Error> {
        let stem = PathBuf::from(&self.file);
        let stem = stem
            .file_stem()
            .map_or("study".into(), |s| s.to_string_lossy().to_string());
        let spec = Arc::new(self);
        let points: Vec<Arc<Point>> = (0..spec.points()).map(|i| Arc::new(spec.at(i))).collect();
        let mut tasks =
            Vec::with_capacity(spec.realizations * points.len() * spec.algorithms.len());
        for realization in 0..spec.realizations {
            for point in &points {
                for (index, algorithm) in spec.algorithms.iter().enumerate() {
                    let id = format!("r{realization}/p{}/a{index}", point.point);
                    let label = algorithm.as_deref().unwrap_or("default");
                    let seconds = seconds.get(index).copied().unwrap_or(1.0);
                    let point = Arc::clone(point);
                    let run = move || point.record(index, realization).map(|r| vec![r]);
                    tasks.push(Task::records(id, label, seconds, run));
                }
            }
        }
        let keys = explain::keys(spec.paper.template.unwrap_or(""));
        let x = spec.x.as_ref().map_or_else(
            || Metric::new("point", "", ""),
            |x| figure::quantity(x.shown(), &keys),
        );
        let metrics: Vec<Metric> = (spec.metrics.iter())
            .map(|name| figure::quantity(name, &[]))
            .collect();
        let categories = spec.x.as_ref().filter(|x| !x.numeric());
        let drawn = figure::Drawn {
            title: format!("{stem}: {}", spec.paper.title),
            x: x.clone(),
            categories: categories.map(|x| x.values.iter().map(text).collect()),
            metrics: metrics.clone(),
        };
        let mut scenario = spec.identity();
        scenario["realizations"] = spec.realizations.into();
        let plan = Plan {
            x,
            metrics,
            tasks,
            notes: Vec::new(),
            scenario,
            finish: Box::new(move |records| Ok(drawn.report(records))),
        };
        let request = Request {
            seed: spec.seed,
            ..Request::new("sweep", Size::Full)
        };
        let names = [
            spec.paper.key,
            &stem,
            &format!("study of {}", spec.paper.title),
        ];
        let owner = json!({ "sweep": spec.identity() });
        Ok(planned(names, &request, place, owner, plan))
    }
}

/// One point of the grid.
#[derive(Debug)]
struct Point {
    spec: Arc<Spec>,
    document: Document,
    point: usize,
    x: f64,
    /// The curve of each algorithm.
    labels: Vec<String>,
}

impl Point {
    fn solve(&self, algorithm: Option<String>, realization: usize) -> Result<SolveReport, Error> {
        let spec = &self.spec;
        let request = SolveRequest {
            // Given channels: the realisation says which of the cases, where files do not have one each.
            case: (spec.explicit
                && spec.stack.realizations().is_none()
                && self.document.value.get("cases").is_some()
                && !self.spec.in_case())
            .then_some(realization),
            algorithm,
            seed: (!spec.explicit).then(|| spec.draw(self.point, realization)),
            ..SolveRequest::default()
        };
        let mut own = None;
        if spec.stack.realizations().is_some() {
            let document = own.insert(self.document.clone());
            spec.stack.place(document, realization);
        }
        let document = own.as_ref().unwrap_or(&self.document);
        match spec.paper.solve {
            Some(solve) => solve(&document.root(), &request),
            None => Err(Error::Usage(format!(
                "schema {}: nothing solves it",
                spec.paper.schema
            ))),
        }
    }

    fn record(&self, algorithm: usize, realization: usize) -> Result<Record, Source> {
        let spec = &self.spec;
        let label = self.labels[algorithm].clone();
        let (report, seconds) =
            crate::clock::timed(|| self.solve(spec.algorithms[algorithm].clone(), realization));
        let failed = |why: String| Record::failed(label.clone(), self.x, realization, why);
        let record = match report {
            Err(Error::Numerical { context, source }) => {
                failed(format!("numerical breakdown: {context}: {source}"))
            }
            Err(error) => return Err(error.into()),
            Ok(report) if report.objective.is_none() || report.status.exit_code() != 0 => {
                failed(status_name(report.status))
            }
            Ok(report) => Record::new(
                label,
                self.x,
                realization,
                &reason(&report),
                report.status == SolveStatus::Solved,
                (spec.metrics.iter())
                    .map(|name| value(&report, name).unwrap_or(f64::NAN))
                    .collect(),
            ),
        };
        Ok(record.timed(seconds))
    }
}

/// A value as a label.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), String::from)
}
