//! The plan file, and the job it stands for: the tasks of a study or of several artefacts in one list.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::spec::Spec;
use crate::artefact::{Request, Task};
use crate::document::{Document, read_text};
use crate::error::Error;
use crate::journal::hash;
use crate::paper::Paper;
use crate::reproduce::{Prepared, prepare, program_hash};
use crate::run::estimate;
use crate::write::write_file;

const SCHEMA: &str = "isac-plan/1";

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Item {
    /// A user's own study.
    Study {
        /// The file it was read from, for messages and for files named in it.
        file: String,
        /// Its content.
        document: Value,
        /// Seconds that a solve by each algorithm took.
        seconds: Vec<f64>,
    },
    /// An artefact of a paper.
    Artefact {
        /// Key of the paper.
        paper: String,
        /// Its name.
        name: String,
        /// What is asked for.
        request: Request,
    },
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    schema: String,
    /// Hash of the program that made it: another one may draw or solve differently.
    program: String,
    /// How many shards `--shard auto` means, if that is planned.
    pub shards: Option<usize>,
    /// What is to be done: one study, or artefacts.
    pub items: Vec<Item>,
    /// Of the items, so that a slip of an editor is found.
    sha256: String,
}

impl PlanFile {
    /// A plan of items.
    pub fn new(items: Vec<Item>, shards: Option<usize>) -> Self {
        Self {
            schema: SCHEMA.into(),
            program: program_hash().into(),
            shards,
            sha256: checksum(&items),
            items,
        }
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// A file that is no plan, was altered, or was made by another build of the program.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = read_text(path)?;
        let wrong = |why: String| Error::Usage(format!("{}: {why}", path.display()));
        let plan: Self = serde_json::from_str(&text)
            .map_err(|e| wrong(format!("no plan of `isac sweep plan`: {e}")))?;
        if plan.schema != SCHEMA {
            let got = &plan.schema;
            return Err(wrong(format!(
                "schema: got \"{got}\", expected \"{SCHEMA}\""
            )));
        }
        if plan.sha256 != checksum(&plan.items) {
            return Err(wrong(
                "sha256: the plan was altered after it was made; plan again".into(),
            ));
        }
        if plan.program != program_hash() {
            let why = "made by another build of the program, which may solve differently; plan again \
                       and run into a new folder";
            return Err(wrong(why.into()));
        }
        Ok(plan)
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        write_file(path, text.as_bytes())
    }

    /// What is to be done, planned.
    ///
    /// # Errors
    /// Those of reading a study and of planning an artefact.
    pub fn job(&self, papers: &[Paper]) -> Result<Job, Error> {
        let prepared = self.items.iter().map(|item| match item {
            Item::Study {
                file,
                document,
                seconds,
            } => {
                let document = Document {
                    file: file.clone(),
                    value: document.clone(),
                };
                Spec::read(papers, &document)?.prepare(PathBuf::new(), seconds)
            }
            Item::Artefact {
                paper,
                name,
                request,
            } => {
                let artefacts = papers.iter().flat_map(|p| &p.artefacts);
                let mut named = artefacts.filter(|a| a.paper == paper && a.name == name);
                let artefact = named.next().ok_or_else(|| {
                    let names = papers
                        .iter()
                        .flat_map(|p| p.artefacts.iter().map(|a| a.name));
                    Error::unknown("artefact", format!("{paper}/{name}"), names)
                })?;
                prepare(artefact, request)
            }
        });
        Job::new(prepared.collect::<Result<_, _>>()?)
    }
}

fn checksum(items: &[Item]) -> String {
    hash(json!(items).to_string().as_bytes())
}

/// Everything a plan asks for as one list of tasks.
#[derive(Debug)]
pub struct Job {
    /// What the records will be handed to.
    pub items: Vec<Prepared>,
    /// What finished tasks belong to: the same for any number of realisations of a study.
    pub identity: String,
    pub(crate) tasks: Arc<Vec<Task>>,
    /// Whose tasks stand where.
    pub(crate) ranges: Vec<Range<usize>>,
}

impl Job {
    /// Of one study or of several artefacts.
    ///
    /// # Errors
    /// [`Error::Usage`] for nothing, and for a study beside something else.
    pub fn new(mut items: Vec<Prepared>) -> Result<Self, Error> {
        let studies = items
            .iter()
            .filter(|item| item.place.as_os_str().is_empty());
        if items.is_empty() || (studies.count() > 0 && items.len() > 1) {
            let why = "a plan holds one study or artefacts by name";
            return Err(Error::Usage(why.into()));
        }
        let owners: Vec<String> = items.iter().map(Prepared::fingerprint).collect();
        let (mut tasks, mut ranges) = (Vec::new(), Vec::new());
        let several = items.len() > 1;
        for item in &mut items {
            let from = tasks.len();
            let own = Arc::try_unwrap(std::mem::take(&mut item.tasks)).unwrap_or_default();
            for mut task in own {
                if several {
                    task.id = format!("{}{}", prefix(item), task.id);
                }
                tasks.push(task);
            }
            ranges.push(from..tasks.len());
        }
        Ok(Self {
            items,
            identity: hash(owners.join("\n").as_bytes()),
            tasks: Arc::new(tasks),
            ranges,
        })
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Estimated wall time in seconds.
    pub fn estimate(&self, threads: usize) -> f64 {
        estimate(self.tasks.iter(), threads)
    }

    /// The id of a task within its item.
    pub(crate) fn own_id(&self, item: usize, id: &str) -> String {
        let prefix = prefix(&self.items[item]);
        id.strip_prefix(&prefix).unwrap_or(id).to_string()
    }

    /// What it does, in a few words.
    pub fn names(&self) -> Vec<String> {
        (self.items.iter())
            .map(|item| match item.place.as_os_str().is_empty() {
                true => item.name.clone(),
                false => item.place.display().to_string(),
            })
            .collect()
    }
}

fn prefix(item: &Prepared) -> String {
    format!("{}:", item.place.display())
}
