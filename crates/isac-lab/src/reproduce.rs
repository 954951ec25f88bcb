//! Carrying out an artefact: plan, run, report, draw, write.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;

use serde_json::{Value, json};

use crate::artefact::{Artefact, Metric, Plan, Request, Task};
use crate::error::Error;
use crate::export::{Format, Results, published};
use crate::folder::Folder;
use crate::journal::hash;
use crate::output::{self, Meta};
use crate::records::Records;
use crate::report::Report;
use crate::run::{Control, Standing, estimate, execute};

/// Where results go and how the run is carried out.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder above `<paper>/<artefact>/<preset>/`.
    pub out: PathBuf,
    /// Threads and the stop signal.
    pub control: Control,
    /// The revision that the program was built from, for `meta.json`; `unknown` where nobody says.
    pub revision: String,
    /// Formats beside the standard ones. They change no other file.
    pub formats: Vec<Format>,
}

impl Default for Settings {
    /// `results`, all cores.
    fn default() -> Self {
        Self {
            out: "results".into(),
            control: Control::default(),
            revision: "unknown".into(),
            formats: Vec::new(),
        }
    }
}

/// A planned artefact, ready to run.
pub struct Prepared {
    /// Key of the paper.
    pub paper: String,
    /// Name of the artefact, or of the study.
    pub name: String,
    /// One line about it.
    pub title: String,
    /// What was asked for.
    pub request: Request,
    /// Assumptions.
    pub notes: Vec<String>,
    /// Where its files stand below a folder of results.
    pub place: PathBuf,
    /// What finished tasks belong to besides the program; of an artefact its request and plan.
    pub(crate) owner: Value,
    pub(crate) tasks: Arc<Vec<Task>>,
    x: Metric,
    metrics: Vec<Metric>,
    scenario: Value,
    finish: Box<dyn Fn(&Records) -> Result<Report, Error> + Send + Sync>,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared")
            .field("paper", &self.paper)
            .field("name", &self.name)
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// A finished artefact.
#[derive(Debug)]
pub struct Done {
    /// All records.
    pub records: Records,
    /// The paper's report.
    pub report: Report,
    /// Folder the files stand in.
    pub folder: PathBuf,
    /// Records of an interrupted run that had been altered since; their tasks ran again.
    pub altered: usize,
}

impl Done {
    /// Whether every check of ours held and no task broke down.
    pub fn good(&self) -> bool {
        self.report.failures.is_empty() && self.records.broken.is_empty()
    }
}

/// Plans an artefact.
///
/// # Errors
/// [`Error::UnknownName`] for an unknown preset, and those of the plan.
pub fn prepare(artefact: &Artefact, request: &Request) -> Result<Prepared, Error> {
    if !artefact.presets.contains(&request.preset.as_str()) {
        let what = format!("preset of {}/{}", artefact.paper, artefact.name);
        return Err(Error::UnknownName {
            what,
            given: request.preset.clone(),
            nearest: artefact.presets.iter().map(ToString::to_string).collect(),
        });
    }
    let plan = (artefact.plan)(request)?;
    let mut ids: Vec<&str> = plan.tasks.iter().map(|task| task.id.as_str()).collect();
    let owner = json!({
        "artefact": format!("{}/{}", artefact.paper, artefact.name),
        "request": request,
        "scenario": plan.scenario,
        "metrics": plan.metrics,
        "tasks": hash(ids.join("\n").as_bytes()),
    });
    ids.sort_unstable();
    if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::Usage(format!(
            "{}/{}: two tasks are called `{}`",
            artefact.paper, artefact.name, pair[0]
        )));
    }
    let names = [artefact.paper, artefact.name, artefact.title];
    let place = [artefact.paper, artefact.name, &request.preset]
        .iter()
        .collect();
    Ok(planned(names, request, place, owner, plan))
}

/// A plan with its names, place and owner; no two of its tasks share an id.
pub(crate) fn planned(
    [paper, name, title]: [&str; 3],
    request: &Request,
    place: PathBuf,
    owner: Value,
    plan: Plan,
) -> Prepared {
    let Plan {
        x,
        metrics,
        tasks,
        notes,
        scenario,
        finish,
    } = plan;
    Prepared {
        paper: paper.into(),
        name: name.into(),
        title: title.into(),
        request: request.clone(),
        notes,
        place,
        owner,
        tasks: Arc::new(tasks),
        x,
        metrics,
        scenario,
        finish,
    }
}

impl Prepared {
    /// Estimated wall time in seconds.
    pub fn estimate(&self, threads: usize) -> f64 {
        estimate(self.tasks.iter(), threads)
    }

    /// What x means.
    pub fn x(&self) -> &Metric {
        &self.x
    }

    /// What the metrics mean.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Number of realisations, each algorithm's counted.
    pub fn realizations(&self) -> usize {
        self.tasks.iter().map(|task| task.realizations).sum()
    }

    /// Runs the tasks that an interrupted run has not finished, and writes the folder.
    ///
    /// # Errors
    /// [`Error::Output`] before any work if results cannot be written, [`Error::Unfinished`] later;
    /// [`Error::Interrupted`]; those of the report and of drawing.
    pub fn run(
        &self,
        settings: &Settings,
        on_progress: impl FnMut(&Standing),
    ) -> Result<Done, Error> {
        let folder = Folder::open(&settings.out.join(&self.place))?;
        let (mut journal, kept) = folder.journal(&self.fingerprint())?;
        let unfinished = |error| match error {
            Error::Output { path, source } => Error::Unfinished {
                path,
                source,
                kept: folder.partial().to_path_buf(),
            },
            other => other,
        };
        let records = execute(
            &self.tasks,
            kept.tasks,
            &settings.control,
            |finished| journal.keep(finished),
            on_progress,
        )
        .map_err(unfinished)?;
        let (report, files) =
            self.conclude(&settings.revision, &settings.formats, &records, None)?;
        folder.replace(&files).map_err(unfinished)?;
        Ok(Done {
            records,
            report,
            folder: folder.path().to_path_buf(),
            altered: kept.altered,
        })
    }

    /// The text of `curve.csv` for some of the curves, all if none is named, from their tasks alone.
    /// Nothing is written and no report is made: for comparison with golden files.
    ///
    /// # Errors
    /// [`Error::Usage`] if no task belongs to these curves; [`Error::Interrupted`].
    pub fn curves(&self, names: &[String], control: &Control) -> Result<String, Error> {
        let chosen = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
        let index: Vec<usize> = (0..self.tasks.len())
            .filter(|i| chosen(&self.tasks[*i].curve))
            .collect();
        if index.is_empty() {
            return Err(Error::Usage(format!(
                "{}/{}: no curve is called {}",
                self.paper,
                self.name,
                names.join(" or ")
            )));
        }
        let tasks = index.into_iter().map(|i| {
            let all = Arc::clone(&self.tasks);
            let task = &self.tasks[i];
            Task::with_data(
                task.id.clone(),
                task.curve.clone(),
                task.seconds,
                move || (all[i].run)(),
            )
        });
        let tasks = Arc::new(tasks.collect());
        let records = execute(&tasks, Vec::new(), control, |_| Ok(()), |_| ())?;
        Ok(output::curve(&records, &self.metrics).csv())
    }

    /// The report of finished records, and the files that say it; `gap` names what is not finished.
    ///
    /// # Errors
    /// Those of the report and of drawing.
    pub(crate) fn conclude(
        &self,
        revision: &str,
        formats: &[Format],
        records: &Records,
        gap: Option<String>,
    ) -> Result<(Report, Files), Error> {
        let mut report = (self.finish)(records)?;
        report.notes.extend(gap);
        let meta = Meta {
            names: [&self.paper, &self.name, &self.title],
            request: &self.request,
            x: &self.x,
            metrics: &self.metrics,
            notes: &self.notes,
            scenario: &self.scenario,
            revision,
        };
        if let Some(line) = crate::curves::caption(&report.figure, records) {
            report.figure.footnotes.insert(0, line);
        }
        let svg = isac_plot::svg(&report.figure);
        let png = isac_plot::png(&svg).map_err(Error::Drawing)?;
        let curve = output::curve(records, &self.metrics);
        // The two long tables side by side.
        let (per_realization, timing) = thread::scope(|scope| {
            let timing = scope.spawn(|| output::timing_csv(records));
            let table = output::per_realization(records, &self.metrics);
            ((table.csv(), table), timing.join())
        });
        let (per_realization_csv, per_realization) = per_realization;
        let timing = timing.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let meta = output::meta_json(&meta, records, &report, &published(&report.figure, &curve));
        let results = Results {
            figure: &report.figure,
            svg: &svg,
            curve: &curve,
            per_realization: &per_realization,
            meta: &meta,
        };
        let mut files = Files::new();
        for format in formats {
            files.extend(results.files(*format)?);
        }
        let text = |name: &str, text: String| (name.to_string(), text.into_bytes());
        files.extend([
            text("curve.csv", curve.csv()),
            text("per_realization.csv", per_realization_csv),
            text("timing.csv", timing),
            text("meta.json", meta),
            text("figure.svg", svg),
            ("figure.png".to_string(), png),
        ]);
        let proofs = report.proofs.iter();
        files.extend(
            proofs.map(|(name, proof)| text(&format!("proof-{name}.json"), format!("{proof}\n"))),
        );
        if !report.timing.figure.panels.is_empty() {
            let svg = isac_plot::svg(&report.timing.figure);
            files.push((
                "timing.png".to_string(),
                isac_plot::png(&svg).map_err(Error::Drawing)?,
            ));
            files.push(text("timing.svg", svg));
        }
        Ok((report, files))
    }

    /// What must agree for finished tasks to be taken up: the program, the request and the plan.
    pub(crate) fn fingerprint(&self) -> String {
        let mut owner = self.owner.clone();
        owner["program"] = program_hash().into();
        owner.to_string()
    }
}

/// Names and bytes of the files of a result folder.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// Hash of the running program; its version where the program cannot be read.
pub(crate) fn program_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let bytes = std::env::current_exe().and_then(std::fs::read);
        bytes.map_or_else(
            |_| env!("CARGO_PKG_VERSION").to_string(),
            |bytes| hash(&bytes),
        )
    })
}

/// Plans and runs an artefact, quietly.
///
/// ```
/// use isac_lab::{Artefact, Metric, Plan, Record, Report, Request, Settings, Size, Task};
///
/// fn plan(request: &Request) -> Result<Plan, isac_lab::Error> {
///     let task = |i: usize| {
///         Task::records(format!("r{i:03}"), "Square", 1e-3, move || {
///             Ok(vec![Record::exact("square", i as f64, 0, vec![(i * i) as f64])])
///         })
///     };
///     Ok(Plan {
///         x: Metric::new("i", "Number", ""),
///         metrics: vec![Metric::new("square", "Square", "")],
///         tasks: request.realizations(10, 4)?.into_iter().map(task).collect(),
///         notes: vec![],
///         scenario: serde_json::json!({"numbers": 4}),
///         finish: Box::new(|records| {
///             assert_eq!(records.value("square", 3.0, 0, 0), Some(9.0));
///             Ok(Report::default())
///         }),
///     })
/// }
/// let artefact =
///     Artefact { paper: "demo", name: "fig1", title: "Squares", presets: &["default"], plan };
/// let out = std::env::temp_dir().join(format!("isac-doc-{}", std::process::id()));
/// let settings = Settings { out: out.clone(), ..Settings::default() };
/// let done = isac_lab::run(&artefact, &Request::new("default", Size::Quick), &settings)?;
/// assert!(done.good() && done.folder.join("figure.png").is_file());
/// # std::fs::remove_dir_all(out).unwrap();
/// # Ok::<(), isac_lab::Error>(())
/// ```
///
/// # Errors
/// As [`prepare`] and [`Prepared::run`].
pub fn run(artefact: &Artefact, request: &Request, settings: &Settings) -> Result<Done, Error> {
    prepare(artefact, request)?.run(settings, |_| ())
}
