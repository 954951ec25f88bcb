//! The result folder of an artefact, `OUT/<paper>/<artefact>/<preset>/`, and the finished tasks of a run
//! that is under way.
//!
//! Everything that is not finished stands in `<preset>.partial/`: `tasks.jsonl` with the finished tasks,
//! `fingerprint.json` with what must agree for them to be taken up, and the finished folder while it
//! is being written. It takes the place of the old one in one step.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::journal::{Journal, Kept, wrap};

/// The folders of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    target: PathBuf,
    partial: PathBuf,
}

impl Folder {
    /// Of the results at `target`. Makes sure that they can be written there. A folder that a
    /// symbolic link names is replaced, not the link.
    ///
    /// # Errors
    /// [`Error::Output`] if not.
    pub fn open(target: &Path) -> Result<Self, Error> {
        let mut target = target.to_path_buf();
        if target.is_symlink() {
            target = fs::canonicalize(&target).map_err(wrap(&target))?;
        }
        if target.exists() && !target.is_dir() {
            return Err(wrap(&target)(io::ErrorKind::NotADirectory.into()));
        }
        let mut name = target.file_name().unwrap_or_default().to_os_string();
        name.push(".partial");
        let folder = Self {
            partial: target.with_file_name(name),
            target,
        };
        let partial = &folder.partial;
        fs::create_dir_all(partial)
            .and_then(|()| tempfile::tempfile_in(partial))
            .map_err(|e| wrap(partial)(e.kind().into()))?;
        // A crash between the two renames of a system that cannot exchange folders.
        let old = partial.join("old");
        if old.is_dir() && !folder.target.exists() {
            fs::rename(&old, &folder.target).map_err(wrap(&folder.target))?;
        }
        Ok(folder)
    }

    /// Where the finished files stand.
    pub fn path(&self) -> &Path {
        &self.target
    }

    /// Where the finished tasks of an interrupted run stand.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Opens the record of finished tasks. Those of an interrupted run with the same fingerprint
    /// are taken up if their checksum holds; a line cut off by a crash is cut away. Anything else
    /// there is cleared. Nothing that is kept is written again, so that a full disk loses nothing.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn journal(&self, fingerprint: &str) -> Result<(Journal, Kept), Error> {
        let mark = self.partial.join("fingerprint.json");
        let path = self.partial.join("tasks.jsonl");
        let same = fs::read_to_string(&mark).is_ok_and(|text| text == fingerprint);
        if !same {
            remove(&path).map_err(wrap(&path))?;
            fs::write(&mark, fingerprint).map_err(wrap(&mark))?;
        }
        Journal::resume(path, fingerprint)
    }

    /// Puts the finished files in place of the old folder in one step and clears the journal away.
    ///
    /// # Errors
    /// [`Error::Output`]; the old folder is whole then.
    pub fn replace(&self, files: &[(String, Vec<u8>)]) -> Result<(), Error> {
        let fresh = self.partial.join("new");
        let outcome = self.replace_by(&fresh, files);
        if outcome.is_err() {
            // Room for others; the finished tasks stay.
            let _ = fs::remove_dir_all(&fresh);
            return outcome;
        }
        // Leftovers do no harm, so a failure to clear them is none; files that are not ours stay.
        let _ = remove(&self.partial.join("tasks.jsonl"));
        let _ = remove(&self.partial.join("fingerprint.json"));
        let _ = fs::remove_dir(&self.partial);
        outcome
    }

    fn replace_by(&self, fresh: &Path, files: &[(String, Vec<u8>)]) -> Result<(), Error> {
        if fresh.exists() {
            fs::remove_dir_all(fresh).map_err(wrap(fresh))?;
        }
        fs::create_dir_all(fresh).map_err(wrap(fresh))?;
        for (name, bytes) in files {
            let path = fresh.join(name);
            fs::File::create(&path)
                .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
                .map_err(wrap(&path))?;
        }
        put_in_place(fresh, &self.target, &self.partial.join("old")).map_err(wrap(&self.target))
    }
}

/// Moves `fresh` to `target`; what stood there ends up removed.
fn put_in_place(fresh: &Path, target: &Path, old: &Path) -> io::Result<()> {
    if !target.exists() {
        return fs::rename(fresh, target);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, fresh, CWD, target, RenameFlags::EXCHANGE).is_ok() {
            return fs::remove_dir_all(fresh);
        }
    }
    // File systems without an exchange: two renames; `Folder::open` mends a crash between them.
    if old.exists() {
        fs::remove_dir_all(old)?;
    }
    fs::rename(target, old)?;
    if let Err(error) = fs::rename(fresh, target) {
        let _ = fs::rename(old, target);
        return Err(error);
    }
    fs::remove_dir_all(old)
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Record, TaskOutput};
    use crate::run::Finished;

    fn open(out: &Path) -> Result<Folder, Error> {
        Folder::open(&out.join("demo/fig1/plain"))
    }

    fn finished(i: usize) -> Finished {
        let metrics = vec![1.0 / (i as f64 + 3.0), f64::NAN];
        Finished {
            id: format!("r{i:03}"),
            seconds: 0.25,
            result: Ok(TaskOutput {
                records: vec![Record::exact("a, \"b\"", 1e-9, i, metrics)],
                data: serde_json::json!({"lit": [0.1, i], "text": "\",\"task\":}\n"}),
            }),
        }
    }

    /// Ids that are taken up, and how many records are altered.
    fn taken(folder: &Folder) -> (Vec<String>, usize) {
        let (_, kept) = folder.journal("print").unwrap();
        let ids = kept.tasks.into_iter().map(|task| task.id);
        (ids.collect(), kept.altered)
    }

    /// A folder with three kept tasks, and its journal's path.
    fn three(out: &Path) -> (Folder, PathBuf) {
        let folder = open(out).unwrap();
        let (mut journal, kept) = folder.journal("print").unwrap();
        assert_eq!(kept, Kept::default());
        (0..3).for_each(|i| journal.keep(&finished(i)).unwrap());
        let path = folder.partial().join("tasks.jsonl");
        (folder, path)
    }

    #[test]
    fn kept_tasks_come_back_as_they_were() {
        let out = tempfile::tempdir().unwrap();
        let (folder, _) = three(out.path());
        let (_, kept) = folder.journal("print").unwrap();
        let text = |tasks: &[Finished]| format!("{tasks:?}");
        assert_eq!(
            text(&kept.tasks),
            text(&[finished(0), finished(1), finished(2)])
        );
        assert_eq!(kept.altered, 0);
        // Another request starts afresh, and the old tasks are gone for good.
        assert_eq!(folder.journal("other").unwrap().1, Kept::default());
        assert_eq!(taken(&folder), (vec![], 0));
    }

    #[test]
    fn any_altered_digit_is_found_and_only_its_record_lost() {
        let out = tempfile::tempdir().unwrap();
        let (folder, path) = three(out.path());
        let whole = fs::read(&path).unwrap();
        let mut digits = 0;
        for at in 0..whole.len() {
            if !whole[at].is_ascii_digit() {
                continue;
            }
            digits += 1;
            let mut altered = whole.clone();
            altered[at] = b'0' + (altered[at] - b'0' + 1) % 10;
            fs::write(&path, &altered).unwrap();
            let line = whole[..at].iter().filter(|b| **b == b'\n').count();
            let left = (0..3).filter(|i| *i != line).map(|i| format!("r{i:03}"));
            assert_eq!(taken(&folder), (left.collect(), 1), "byte {at}");
        }
        assert!(digits > 100);
        // A record of another run is none of this one.
        let (mut other, _) = folder.journal("other").unwrap();
        other.keep(&finished(7)).unwrap();
        let foreign = fs::read(&path).unwrap();
        drop(folder.journal("print").unwrap());
        fs::write(&path, foreign).unwrap();
        assert_eq!(taken(&folder), (vec![], 1));
    }

    #[test]
    fn a_torn_tail_is_cut_and_the_next_record_stands_whole() {
        let out = tempfile::tempdir().unwrap();
        let (folder, path) = three(out.path());
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let lines = whole[..cut].iter().filter(|b| **b == b'\n').count();
            let (mut journal, kept) = folder.journal("print").unwrap();
            assert_eq!((kept.tasks.len(), kept.altered), (lines, 0), "cut at {cut}");
            journal.keep(&finished(9)).unwrap();
            let mut ids: Vec<String> = (0..lines).map(|i| format!("r{i:03}")).collect();
            ids.push("r009".into());
            assert_eq!(taken(&folder), (ids, 0), "cut at {cut}");
        }
    }

    #[test]
    fn broken_tasks_run_again() {
        let out = tempfile::tempdir().unwrap();
        let (folder, _) = three(out.path());
        let (mut journal, _) = folder.journal("print").unwrap();
        let result = Err("no answer".into());
        let broken = Finished {
            result,
            ..finished(3)
        };
        journal.keep(&broken).unwrap();
        let (ids, altered) = taken(&folder);
        assert_eq!((ids.len(), altered), (3, 0));
    }

    #[test]
    fn only_the_finished_folder_is_replaced() {
        let out = tempfile::tempdir().unwrap();
        let beside = |name: &str| out.path().join("demo/fig1").join(name);
        for name in ["plain.new", "plain.old", "plain.partial", "plain"] {
            fs::create_dir_all(beside(name)).unwrap();
            fs::write(beside(name).join("mine"), name).unwrap();
        }
        let (folder, _) = three(out.path());
        let files = [("curve.csv".to_string(), b"x\n".to_vec())];
        folder.replace(&files).unwrap();
        for name in ["plain.new", "plain.old", "plain.partial"] {
            assert_eq!(fs::read_to_string(beside(name).join("mine")).unwrap(), name);
            assert_eq!(fs::read_dir(beside(name)).unwrap().count(), 1, "{name}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read(folder.path().join("curve.csv")).unwrap(), b"x\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_stays_one() {
        let out = tempfile::tempdir().unwrap();
        let far = out.path().join("far");
        fs::create_dir_all(&far).unwrap();
        fs::create_dir_all(out.path().join("demo/fig1")).unwrap();
        let link = out.path().join("demo/fig1/plain");
        std::os::unix::fs::symlink(&far, &link).unwrap();
        let (folder, _) = three(out.path());
        folder.replace(&[("a".into(), b"1".to_vec())]).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(far.join("a")).unwrap(), b"1");
        // A link that leads nowhere, and a file in the way.
        fs::remove_dir_all(&far).unwrap();
        assert!(open(out.path()).is_err());
        fs::write(&far, "a file").unwrap();
        assert!(open(out.path()).is_err());
    }

    #[test]
    fn a_crash_between_the_renames_is_mended() {
        let out = tempfile::tempdir().unwrap();
        let (folder, _) = three(out.path());
        fs::create_dir_all(folder.partial().join("old")).unwrap();
        fs::write(folder.partial().join("old/a"), "kept").unwrap();
        let again = open(out.path()).unwrap();
        assert_eq!(fs::read_to_string(again.path().join("a")).unwrap(), "kept");
    }
}
