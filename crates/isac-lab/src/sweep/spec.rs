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

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::answer::{offered, reason, status_name, value};
use super::figure;
use crate::artefact::{Metric, Plan, Request, Size, Task};
use crate::document::{Document, Node, is_remark};
use crate::error::{Error, Source, nearest};
use crate::explain;
use crate::paper::{Paper, of_document};
use crate::records::Record;
use crate::reproduce::{Prepared, planned};
use crate::scenario;
use crate::solve::{SolveReport, SolveRequest, SolveStatus};

/// Keys of `[sweep]` that name nothing that varies: key, default, meaning.
pub const KEYS: [(&str, &str, &str); 6] = [
    ("realizations", "1", "channel draws at every point"),
    (
        "algorithms",
        "the paper's default",
        "list of algorithms of `solve`, a curve each",
    ),
    (
        "metrics",
        "[\"objective\"]",
        "list of what is kept of a solution: `objective`, `bound`, `relative_gap`, `max_violation`, `iterations`, `seed`, or a name under `metrics` of `solve --json`, `NAME[i]` for entry i of a list",
    ),
    (
        "x",
        "the key with the most numbers",
        "which of the varied keys is the x axis; the others make curves",
    ),
    ("seed", "1", "every random draw follows from it"),
    (
        "common_draws",
        "false",
        "realisation i is the same draw at every point, for paired comparisons",
    ),
];

/// The most solves of one sweep: points times algorithms times realisations.
pub const MOST_SOLVES: f64 = 1e7;

/// A key with its values.
#[derive(Debug, Clone, PartialEq)]
struct Varied {
    key: String,
    values: Vec<Value>,
}

impl Varied {
    /// Its place on the x axis: the number, or the index where not all are numbers.
    fn x(&self, at: usize) -> f64 {
        match self
            .values
            .iter()
            .map(Value::as_f64)
            .collect::<Option<Vec<_>>>()
        {
            Some(numbers) => numbers[at],
            None => at as f64,
        }
    }

    fn numeric(&self) -> bool {
        self.values.iter().all(Value::is_number)
    }
}

/// A sweep that was read.
#[derive(Debug, Clone)]
pub struct Spec {
    paper: Paper,
    file: String,
    /// The document without its table `sweep`, its seed and its drop.
    base: Value,
    /// Whether the document states channels, so that keys stand at its top.
    explicit: bool,
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
        let mut base = root.object()?.clone();
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
        let realizations = realizations.transpose()?.unwrap_or(1);
        let algorithms = match names(&table, "algorithms")? {
            None => vec![None],
            Some(list) => list.into_iter().map(Some).collect(),
        };
        let metrics = names(&table, "metrics")?.unwrap_or_else(|| vec!["objective".into()]);
        let common_draws = table.opt("common_draws").map(|n| n.bool()).transpose()?;
        small_enough(&table, &varied, algorithms.len(), realizations)?;
        let x = x_axis(&table, &mut varied)?;
        for key in ["sweep", "seed", "drop"] {
            base.remove(key);
        }
        let spec = Self {
            file: document.file.clone(),
            base: Value::Object(base),
            paper,
            explicit,
            varied,
            x,
            realizations,
            algorithms,
            metrics,
            seed,
            common_draws: common_draws.unwrap_or(false),
        };
        if let Some(read) = spec.paper.read {
            (0..spec.points()).try_for_each(|point| read(&spec.document(point).root()))?;
        }
        Ok(spec)
    }

    /// What must agree for records to belong to the same study: everything but the number of
    /// realisations.
    pub fn identity(&self) -> Value {
        let varied = |v: &Varied| json!([v.key, v.values]);
        json!({
            "document": self.base,
            "varied": self.varied.iter().map(varied).collect::<Vec<_>>(),
            "x": self.x.as_ref().map(varied),
            "algorithms": self.algorithms,
            "metrics": self.metrics,
            "seed": self.seed,
            "common_draws": self.common_draws,
        })
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
            for part in varied.key.split('.') {
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
            parts.push(format!("{} = {}", varied.key, text(&varied.values[at])));
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
            |x| figure::quantity(&x.key, &keys),
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
        planned(names, &request, place, owner, plan)
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
            // Given channels: the realisation says which of the cases.
            case: (spec.explicit && self.document.value.get("cases").is_some())
                .then_some(realization),
            algorithm,
            seed: (!spec.explicit).then(|| spec.draw(self.point, realization)),
            ..SolveRequest::default()
        };
        match spec.paper.solve {
            Some(solve) => solve(&self.document.root(), &request),
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

/// The varied keys of `[sweep]` with their values; tables of the scenario are tables here.
fn collect(
    table: &Node<'_>,
    prefix: &str,
    known: Option<&[explain::Key]>,
    out: &mut Vec<Varied>,
) -> Result<(), Error> {
    for (key, node) in table.entries()? {
        let own = prefix.is_empty() && KEYS.iter().any(|(name, ..)| *name == key);
        if own || is_remark(key) {
            continue;
        }
        let key = format!("{prefix}{key}");
        if node.value.is_object() {
            collect(&node, &format!("{key}."), known, out)?;
            continue;
        }
        known.map_or(Ok(()), |keys| is_known(&node, &key, keys))?;
        let Some(values) = node.value.as_array() else {
            return Err(node.wrong("a list of values to try; one value belongs into [scenario]"));
        };
        if values.is_empty() {
            return Err(node.wrong("a list with at least one value"));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = values.iter().find(|v| !seen.insert(v.to_string())) {
            return Err(node.wrong(format!("every value once, not {twice} twice")));
        }
        out.push(Varied {
            key,
            values: values.clone(),
        });
    }
    out.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(())
}

/// A list of texts, each once.
fn names(table: &Node<'_>, key: &str) -> Result<Option<Vec<String>>, Error> {
    let Some(node) = table.opt(key) else {
        return Ok(None);
    };
    let items = node.items()?;
    if items.is_empty() {
        return Err(node.wrong("a list with at least one name"));
    }
    let mut list: Vec<String> = Vec::new();
    for item in items {
        let name = item.text()?;
        if list.iter().any(|known| known == name) {
            return Err(item.wrong("every name once"));
        }
        list.push(name.into());
    }
    Ok(Some(list))
}

/// Refuses a grid that nobody could run.
fn small_enough(
    table: &Node<'_>,
    varied: &[Varied],
    algorithms: usize,
    realizations: usize,
) -> Result<(), Error> {
    let points: f64 = varied.iter().map(|v| v.values.len() as f64).product();
    let solves = points * algorithms as f64 * realizations as f64;
    if solves <= MOST_SOLVES {
        return Ok(());
    }
    Err(Error::Field {
        file: table.file.into(),
        path: table.path.clone(),
        value: format!(
            "{points:.0} points x {algorithms} algorithms x {realizations} realizations = {solves:e} solves"
        ),
        expected: format!("at most {MOST_SOLVES:e} solves"),
    })
}

/// Takes the x axis out of the varied keys: the one that `x` names, otherwise the one with the most
/// numbers, the first by name of several.
fn x_axis(table: &Node<'_>, varied: &mut Vec<Varied>) -> Result<Option<Varied>, Error> {
    if let Some(node) = table.opt("x") {
        let name = node.text()?;
        let Some(at) = varied.iter().position(|v| v.key == name) else {
            let near = nearest(name, varied.iter().map(|v| v.key.as_str()));
            let all = varied.iter().map(|v| v.key.clone()).collect::<Vec<_>>();
            let list = if near.is_empty() { all } else { near };
            return Err(node.wrong(format!("a key that varies: {}", list.join(", "))));
        };
        return Ok(Some(varied.remove(at)));
    }
    let score = |v: &Varied| (v.numeric(), v.values.len());
    let best = (0..varied.len()).rev().max_by_key(|i| score(&varied[*i]));
    Ok(best.map(|at| varied.remove(at)))
}

/// Refuses a varied key that is none of the scenario, with the nearest there and in `[sweep]`.
fn is_known(node: &Node<'_>, key: &str, keys: &[explain::Key]) -> Result<(), Error> {
    if keys.iter().any(|known| known.name == key) {
        return Ok(());
    }
    let own = KEYS.iter().map(|(name, ..)| *name);
    let names = keys.iter().map(|key| key.name.as_str()).chain(own);
    Err(Error::UnknownKey {
        file: node.file.into(),
        path: format!("sweep.{key}"),
        nearest: nearest(key, names),
    })
}
