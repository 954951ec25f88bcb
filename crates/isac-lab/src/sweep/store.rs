//! A plan in a folder of results: `plan.json` says which plan it is, `log/I-of-N.K.jsonl` holds what
//! attempt K at shard I of N finished. Logs are only ever appended to, each by one process, so that any
//! number of them may run at once; what a crash cut off at the end of one is never read.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::plan::Job;
use super::shard::Shard;
use crate::artefact::Task;
use crate::error::Error;
use crate::export::Format;
use crate::folder::Folder;
use crate::journal::{self, Journal, wrap};
use crate::records::{Record, Records};
use crate::report::Report;
use crate::reproduce::{Done, Files, Prepared};
use crate::run::{Control, Finished, Progress, Standing, gather, work};
use crate::write::{temporary, write_file};

/// A folder of results that belongs to one plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    out: PathBuf,
    log: PathBuf,
}

impl Store {
    /// The folder, made if it is not there, for the plan of a job.
    ///
    /// # Errors
    /// [`Error::Usage`] if it holds another plan; [`Error::Output`].
    pub fn open(out: &Path, job: &Job) -> Result<Self, Error> {
        let store = Self {
            out: out.into(),
            log: out.join("log"),
        };
        fs::create_dir_all(&store.log).map_err(wrap(&store.log))?;
        let path = out.join("plan.json");
        let mark = json!({"identity": job.identity, "what": job.names()});
        let text = serde_json::to_string_pretty(&mark).unwrap_or_default() + "\n";
        let fresh = temporary(&path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            Ok(file)
        });
        // The first of several processes leaves its mark, the others find it.
        let fresh = fresh.map_err(|e| wrap(&path)(e.kind().into()))?;
        match fresh.persist_noclobber(&path) {
            Ok(_) => Ok(store),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                store.belongs_to(job).map(|()| store)
            }
            Err(error) => Err(wrap(&path)(error.error)),
        }
    }

    /// The folder as it is, for the plan of a job.
    ///
    /// # Errors
    /// [`Error::Usage`] if it holds no plan or another one.
    pub fn find(out: &Path, job: &Job) -> Result<Self, Error> {
        let store = Self {
            out: out.into(),
            log: out.join("log"),
        };
        store.belongs_to(job)?;
        Ok(store)
    }

    fn belongs_to(&self, job: &Job) -> Result<(), Error> {
        let path = self.out.join("plan.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let out = self.out.display();
                let why = format!("--out {out}: no plan was run here (there is no plan.json)");
                return Err(Error::Usage(why));
            }
            Err(source) => return Err(Error::Unreadable { file: path, source }),
        };
        let mark: Value = serde_json::from_str(&text).unwrap_or_default();
        if mark["identity"] == job.identity.as_str() {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "--out {}: holds another plan, of {} by this or another build of the program; a changed plan \
             needs a new folder (more realisations alone do not)",
            self.out.display(),
            mark["what"]
        )))
    }

    /// The logs by name, all of them or those of a shard.
    fn logs(&self, shard: Option<Shard>) -> Result<Vec<PathBuf>, Error> {
        let unreadable = |source| Error::Unreadable {
            file: self.log.clone(),
            source,
        };
        let entries = match fs::read_dir(&self.log) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(unreadable)?,
        };
        let start = shard.map_or(String::new(), start);
        let mut logs = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(&start) && name.ends_with(".jsonl") {
                logs.push(path);
            }
        }
        logs.sort();
        Ok(logs)
    }

    /// Calls `each` with the number and the record of every finished task in these logs, and returns
    /// how many records were altered.
    fn read(
        &self,
        job: &Job,
        shard: Option<Shard>,
        mut each: impl FnMut(usize, Finished),
    ) -> Result<usize, Error> {
        let mut places = Places::new(&job.tasks);
        let mut altered = 0;
        for path in self.logs(shard)? {
            places.begin(&path);
            altered += journal::read(&path, &job.identity, |finished| {
                // More realisations may have been planned before than now.
                if let Some(i) = places.find(&finished.id) {
                    each(i, finished);
                }
            })?;
        }
        Ok(altered)
    }

    /// A log of a name that no other attempt has.
    fn attempt(&self, shard: Shard, owner: &str) -> Result<Journal, Error> {
        let mut count = 1;
        loop {
            let path = self.log.join(format!("{}{count}.jsonl", start(shard)));
            if let Some(journal) = Journal::create(path, owner)? {
                return Ok(journal);
            }
            count += 1;
        }
    }
}

/// Finds tasks by their ids. A log goes through the tasks of its shard in order but for a few that several
/// threads finish out of turn, so an id is looked for near the last one; the index of all ids is made when
/// that fails.
struct Places<'a> {
    tasks: &'a [Task],
    index: Option<HashMap<&'a str, usize>>,
    next: usize,
    step: usize,
}

/// How many tasks out of turn a record is looked for.
const NEAR: usize = 8;

impl<'a> Places<'a> {
    fn new(tasks: &'a [Task]) -> Self {
        Self {
            tasks,
            index: None,
            next: 0,
            step: 1,
        }
    }

    /// Goes to the first task of the shard that a log belongs to by its name.
    fn begin(&mut self, log: &Path) {
        let name = log.file_name().unwrap_or_default().to_string_lossy();
        let shard = name.split_once('.').and_then(|(shard, _)| {
            let (index, of) = shard.split_once("-of-")?;
            Some((index.parse::<usize>().ok()?, of.parse::<usize>().ok()?))
        });
        let (index, of) = shard.unwrap_or((1, 1));
        self.next = index.saturating_sub(1);
        self.step = of.max(1);
    }

    fn find(&mut self, id: &str) -> Option<usize> {
        let is = |at: &usize| self.tasks.get(*at).is_some_and(|task| task.id == id);
        let ahead = (0..NEAR).map(|k| self.next.saturating_add(k * self.step));
        let behind = (1..NEAR).filter_map(|k| self.next.checked_sub(k * self.step));
        let found = match ahead.chain(behind).find(is) {
            Some(near) => near,
            None => {
                let all = || {
                    let tasks = self.tasks.iter().enumerate();
                    tasks.map(|(i, task)| (task.id.as_str(), i)).collect()
                };
                *self.index.get_or_insert_with(all).get(id)?
            }
        };
        self.next = found + self.step;
        Some(found)
    }
}

/// How the names of a shard's logs begin.
fn start(shard: Shard) -> String {
    format!("{}-of-{}.", shard.index, shard.of)
}

/// What a run of a shard did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ran {
    /// Tasks of the shard.
    pub tasks: usize,
    /// Of these, finished before.
    pub kept: usize,
    /// Records that had been altered; their tasks ran again.
    pub altered: usize,
    /// Tasks that broke down in this run.
    pub broken: usize,
}

/// How a shard is run.
#[derive(Debug, Clone)]
pub struct Way {
    /// Which.
    pub shard: Shard,
    /// Leave out what any shard has finished, not this one alone.
    pub missing: bool,
    /// Begin nothing after this time.
    pub limit: Option<Duration>,
    /// Threads and the stop signal.
    pub control: Control,
}

/// Runs the tasks of a shard that its logs do not hold; those that broke down run again.
///
/// # Errors
/// [`Error::Interrupted`] where tasks are left; [`Error::Unfinished`] where the log cannot be written.
pub fn run(
    job: &Job,
    store: &Store,
    way: &Way,
    on_progress: impl FnMut(&Standing),
) -> Result<Ran, Error> {
    let shard = way.shard;
    let wanted: Vec<usize> = (0..job.tasks.len()).filter(|i| shard.has(*i)).collect();
    let mut progress = Progress::new(wanted.iter().map(|i| &job.tasks[*i]));
    let mut done = vec![false; job.tasks.len()];
    let every = way.missing || shard == Shard::WHOLE;
    let mut ran = Ran {
        tasks: wanted.len(),
        ..Ran::default()
    };
    ran.altered = store.read(job, (!every).then_some(shard), |i, finished| {
        if shard.has(i) && finished.result.is_ok() && !std::mem::replace(&mut done[i], true) {
            progress.count(&job.tasks[i], &finished, false);
            ran.kept += 1;
        }
    })?;
    let open: Vec<usize> = wanted.into_iter().filter(|i| !done[*i]).collect();
    if open.is_empty() {
        return Ok(ran);
    }
    let mut journal = store.attempt(shard, &job.identity)?;
    let keep = |_, finished: Finished| {
        ran.broken += usize::from(finished.result.is_err());
        journal.keep(&finished)
    };
    let outcome = work(
        &job.tasks,
        open,
        progress,
        &way.control,
        way.limit,
        keep,
        on_progress,
    );
    outcome.map_err(|error| kept(store, error))?;
    Ok(ran)
}

/// Where results cannot be written the finished tasks are not lost.
fn kept(store: &Store, error: Error) -> Error {
    match error {
        Error::Output { path, source } => Error::Unfinished {
            path,
            source,
            kept: store.log.clone(),
        },
        other => other,
    }
}

/// How far a plan is.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Status {
    /// Tasks of the plan.
    pub tasks: usize,
    /// Finished.
    pub finished: usize,
    /// Broken down, and finished by no other attempt.
    pub broken: usize,
    /// In no log.
    pub missing: usize,
    /// Altered records.
    pub altered: usize,
    /// Logs.
    pub logs: usize,
}

/// Counts what the logs hold.
///
/// # Errors
/// [`Error::Unreadable`].
pub fn status(job: &Job, store: &Store) -> Result<Status, Error> {
    // 0 in no log, 1 broken down, 2 finished.
    let mut state = vec![0_u8; job.tasks.len()];
    let altered = store.read(job, None, |i, finished| {
        state[i] = state[i].max(1 + u8::from(finished.result.is_ok()));
    })?;
    let count = |wanted: u8| state.iter().filter(|s| **s == wanted).count();
    Ok(Status {
        tasks: state.len(),
        finished: count(2),
        broken: count(1),
        missing: count(0),
        altered,
        logs: store.logs(None)?.len(),
    })
}

/// What came of a merge.
#[derive(Debug)]
pub enum Merged {
    /// Refused: tasks that no log holds whole, by their ids, and how many records were altered.
    Gaps(Vec<String>, usize),
    /// Refused: tasks with two records that say different things.
    Conflicts(Vec<String>),
    /// Put together and written, item by item.
    Written(Vec<Done>),
}

/// Puts the records of all logs together and writes the files that one uninterrupted run would write.
/// With `partial`, gaps are left out and `meta.json` says so.
///
/// # Errors
/// [`Error::Unreadable`], [`Error::Output`]; those of the report and of drawing.
pub fn merge(
    job: &Job,
    store: &Store,
    partial: bool,
    revision: &str,
    formats: &[Format],
) -> Result<Merged, Error> {
    let mut slots: Vec<Option<Finished>> = Vec::new();
    slots.resize_with(job.tasks.len(), || None);
    let mut conflicts = Vec::new();
    let altered = store.read(job, None, |i, finished| match &slots[i] {
        Some(known) if known.result.is_ok() => {
            if finished.result.is_ok() && !same(known, &finished) {
                conflicts.push(finished.id);
            }
        }
        _ => slots[i] = Some(finished),
    })?;
    conflicts.sort();
    conflicts.dedup();
    if !conflicts.is_empty() {
        return Ok(Merged::Conflicts(conflicts));
    }
    let missing = job
        .tasks
        .iter()
        .zip(&slots)
        .filter(|(_, slot)| slot.is_none());
    let missing: Vec<String> = missing.map(|(task, _)| task.id.clone()).collect();
    if missing.len() == slots.len() || !(missing.is_empty() || partial) {
        return Ok(Merged::Gaps(missing, altered));
    }
    let mut slots = slots.into_iter();
    let mut written = Vec::new();
    for (item, range) in job.ranges.iter().enumerate() {
        let own = slots.by_ref().take(range.len());
        let mut found = 0;
        let records = gather(own.flatten().map(|mut finished| {
            found += 1;
            finished.id = job.own_id(item, &finished.id);
            finished
        }));
        let gap = (found < range.len()).then(|| {
            let total = range.len();
            format!("partial: {found} of {total} tasks are finished")
        });
        let prepared = &job.items[item];
        let concluded = prepared.conclude(revision, formats, &records, gap)?;
        let outcome = write(store, prepared, concluded, records, altered);
        written.push(outcome.map_err(|error| kept(store, error))?);
    }
    Ok(Merged::Written(written))
}

fn write(
    store: &Store,
    prepared: &Prepared,
    (report, files): (Report, Files),
    records: Records,
    altered: usize,
) -> Result<Done, Error> {
    let folder = if prepared.place.as_os_str().is_empty() {
        write_beside_logs(&store.out, files)?;
        store.out.clone()
    } else {
        let folder = Folder::open(&store.out.join(&prepared.place))?;
        folder.replace(&files)?;
        folder.path().to_path_buf()
    };
    Ok(Done {
        records,
        report,
        folder,
        altered,
    })
}

/// Writes the files of a study into the folder that holds its logs: each whole or not at all,
/// `meta.json` last.
fn write_beside_logs(out: &Path, files: Files) -> Result<(), Error> {
    let (meta, others): (Files, Files) =
        files.into_iter().partition(|(name, _)| name == "meta.json");
    for (name, bytes) in others.iter().chain(&meta) {
        write_file(&out.join(name), bytes)?;
    }
    Ok(())
}

/// Whether two records of a task say the same, times aside.
fn same(a: &Finished, b: &Finished) -> bool {
    let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let equal = |a: &Record, b: &Record| {
        let names = |r: &Record| (r.algorithm.clone(), r.stop_reason.clone());
        let counts = |r: &Record| (r.realization, r.converged, r.failed);
        names(a) == names(b)
            && counts(a) == counts(b)
            && a.x.to_bits() == b.x.to_bits()
            && bits(&a.metrics) == bits(&b.metrics)
    };
    match (&a.result, &b.result) {
        (Ok(a), Ok(b)) => {
            a.data == b.data
                && a.records.len() == b.records.len()
                && a.records.iter().zip(&b.records).all(|(a, b)| equal(a, b))
        }
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_found_wherever_they_stand() {
        let task = |i: usize| Task::records(format!("r{i}"), "c", 1.0, || Ok(vec![]));
        let tasks: Vec<Task> = (0..100).map(task).collect();
        for (name, order) in [
            ("1-of-1.1.jsonl", vec![0, 1, 2, 4, 3, 5, 90, 91, 7, 6, 0, 0]),
            ("3-of-7.2.jsonl", vec![2, 9, 23, 16, 30, 98, 3, 2]),
            ("no shard", vec![50, 49, 99]),
        ] {
            let mut places = Places::new(&tasks);
            places.begin(Path::new(name));
            for i in order {
                assert_eq!(places.find(&format!("r{i}")), Some(i), "{name}");
            }
            assert_eq!(places.find("r100"), None);
        }
        // Neither an index nor a search: each is the next.
        let mut places = Places::new(&tasks);
        places.begin(Path::new("2-of-3.1.jsonl"));
        for i in (1..100).step_by(3) {
            assert_eq!(places.find(&format!("r{i}")), Some(i));
        }
        assert!(places.index.is_none());
    }
}
