//! Finished tasks on disk, one line each: `{"sha256":"...","task":{...}}`, with the hash of what the
//! journal belongs to and the task's text. A line that was cut off is none, a line that was altered is
//! counted, and nothing that is kept is written again.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;

use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::run::Finished;

/// What a journal holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    /// Finished tasks whose checksum holds; those that broke down are left out.
    pub tasks: Vec<Finished>,
    /// Records whose checksum does not hold; their tasks run again.
    pub altered: usize,
}

/// Finished tasks of one run on disk.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: fs::File,
    seal: Seal,
}

impl Journal {
    /// Opens the journal of an interrupted run, or a new one, and reads what it holds. A line cut off
    /// by a crash is cut away.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn resume(path: PathBuf, owner: &str) -> Result<(Self, Kept), Error> {
        let mut kept = Kept::default();
        let open = || {
            let mut options = fs::OpenOptions::new();
            options.read(true).append(true).create(true).open(&path)
        };
        let file = open().map_err(wrap(&path))?;
        let seal = Seal::new(owner);
        let read = seal.read(&file, |finished| {
            if finished.result.is_ok() {
                kept.tasks.push(finished);
            }
        });
        let Read { whole, altered } = read.map_err(wrap(&path))?;
        kept.altered = altered;
        let length = file.metadata().map_err(wrap(&path))?.len();
        if whole < length {
            file.set_len(whole).map_err(wrap(&path))?;
        }
        Ok((Self { path, file, seal }, kept))
    }

    /// A new journal; `None` where there is a file of that name.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn create(path: PathBuf, owner: &str) -> Result<Option<Self>, Error> {
        let mut options = fs::OpenOptions::new();
        match options.append(true).create_new(true).open(&path) {
            Ok(file) => Ok(Some(Self {
                path,
                file,
                seal: Seal::new(owner),
            })),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(wrap(&path)(error)),
        }
    }

    /// Keeps one more.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn keep(&mut self, finished: &Finished) -> Result<(), Error> {
        let line = self.seal.line(finished);
        self.file
            .write_all(line.as_bytes())
            .map_err(wrap(&self.path))
    }
}

/// Reads a journal that another run may be writing: calls `each` with every whole record, and returns
/// how many were altered.
///
/// # Errors
/// [`Error::Unreadable`].
pub fn read(path: &Path, owner: &str, each: impl FnMut(Finished)) -> Result<usize, Error> {
    let file = fs::File::open(path);
    let read = file.and_then(|file| Seal::new(owner).read(&file, each));
    let read = read.map_err(|source| Error::Unreadable {
        file: path.into(),
        source,
    })?;
    Ok(read.altered)
}

/// SHA-256 of bytes, as hexadecimal text.
pub fn hash(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes))
}

fn hexadecimal(hash: Sha256) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// An error of a file that results go to.
pub(crate) fn wrap(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::Output {
        path: path.clone(),
        source,
    }
}

const HEAD: &str = "{\"sha256\":\"";
const MIDDLE: &str = "\",\"task\":";
const TAIL: &str = "}\n";

/// Where the whole lines of a journal end, and how many of them were altered.
struct Read {
    whole: u64,
    altered: usize,
}

/// Checksums of records that belong to one owner.
#[derive(Debug)]
struct Seal(Sha256);

impl Seal {
    fn new(owner: &str) -> Self {
        Self(Sha256::new_with_prefix(owner))
    }

    fn line(&self, finished: &Finished) -> String {
        // Records hold no map with other than text keys, so this cannot fail.
        let task = serde_json::to_string(finished).unwrap_or_default();
        format!("{HEAD}{}{MIDDLE}{task}{TAIL}", self.hash(&task))
    }

    /// The task of a line, unless it was altered.
    fn unseal(&self, line: &[u8]) -> Option<Finished> {
        let line = std::str::from_utf8(line).ok()?;
        let (hash, rest) = line.strip_prefix(HEAD)?.split_once(MIDDLE)?;
        let task = rest.strip_suffix(TAIL)?;
        let mut finished: Finished =
            (hash == self.hash(task)).then(|| serde_json::from_str(task).ok())??;
        if let Ok(output) = &mut finished.result {
            // The reader leaves room for four; most tasks have one record.
            output.records.shrink_to_fit();
        }
        Some(finished)
    }

    fn hash(&self, task: &str) -> String {
        hexadecimal(self.0.clone().chain_update(task))
    }

    /// Calls `each` with every whole record in the order of the file. Checksums and texts are read in
    /// blocks on all cores, while what the blocks before held is handed on.
    fn read(&self, mut file: &fs::File, mut each: impl FnMut(Finished)) -> io::Result<Read> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let mut read = Read {
            whole: 0,
            altered: 0,
        };
        let mut rest = Vec::new();
        let mut blocks = next_blocks(&mut file, &mut rest, threads)?;
        let mut found: Vec<Vec<Option<Finished>>> = Vec::new();
        while !(blocks.is_empty() && found.is_empty()) {
            let (before, next) = thread::scope(|scope| {
                let work: Vec<_> = (blocks.iter())
                    .map(|block| scope.spawn(|| self.records(block)))
                    .collect();
                for record in found.drain(..).flatten() {
                    match record {
                        Some(finished) => each(finished),
                        None => read.altered += 1,
                    }
                }
                let next = next_blocks(&mut file, &mut rest, threads);
                let done = work.into_iter().map(|work| {
                    work.join()
                        .map_err(|_| io::Error::other("a thread that reads records broke down"))
                });
                (done.collect::<Result<Vec<_>, _>>(), next)
            });
            found = before?;
            read.whole += blocks.iter().map(|block| block.len() as u64).sum::<u64>();
            blocks = next?;
        }
        Ok(read)
    }

    /// The records of whole lines; `None` for one that was altered.
    fn records(&self, lines: &[u8]) -> Vec<Option<Finished>> {
        let lines = lines.split_inclusive(|byte| *byte == b'\n');
        lines.map(|line| self.unseal(line)).collect()
    }
}

/// Length of a block in bytes, unless a line is longer.
const BLOCK: usize = 1 << 20;

/// The next few blocks of whole lines; `rest` holds what was read beyond the last of them. What no line
/// break ends is in none.
fn next_blocks(file: &mut &fs::File, rest: &mut Vec<u8>, most: usize) -> io::Result<Vec<Vec<u8>>> {
    let mut blocks = Vec::new();
    while blocks.len() < most {
        let from = rest.len();
        let got = file.take(BLOCK as u64).read_to_end(rest)?;
        if got == 0 {
            break;
        }
        // Bytes before `from` hold no line break.
        if let Some(at) = rest[from..].iter().rposition(|byte| *byte == b'\n') {
            let tail = rest.split_off(from + at + 1);
            blocks.push(std::mem::replace(rest, tail));
        }
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines that end within blocks, at their ends and beyond several of them.
    #[test]
    fn blocks_are_the_whole_lines_of_a_file() {
        let lengths = [1, BLOCK, 7, BLOCK - 9, 3 * BLOCK + 5, 2, BLOCK / 2, 40];
        let mut text = Vec::new();
        for length in lengths {
            text.extend(std::iter::repeat_n(b'x', length - 1));
            text.push(b'\n');
        }
        for torn in [0, 11, BLOCK] {
            let file = tempfile::tempfile().unwrap();
            let all = [&text[..], &vec![b'y'; torn]].concat();
            (&file).write_all(&all).unwrap();
            for most in [1, 3] {
                io::Seek::rewind(&mut &file).unwrap();
                let (mut rest, mut read) = (Vec::new(), Vec::new());
                loop {
                    let blocks = next_blocks(&mut &file, &mut rest, most).unwrap();
                    assert!(blocks.len() <= most && blocks.iter().all(|b| b.ends_with(b"\n")));
                    if blocks.is_empty() {
                        break;
                    }
                    read.extend(blocks.concat());
                }
                assert!(read == text && rest.len() == torn, "{torn} {most}");
            }
        }
    }

    #[test]
    fn the_hash_is_the_published_one() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash(b"abc"), abc);
    }
}
