//! Writing one file: whole or not at all, and through whatever is no regular file.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use crate::error::Error;

/// Writes a file.
///
/// A regular file, also one that a symbolic link names, becomes the whole new one or stays as it was:
/// the bytes go to a temporary file of a random name in the same folder, which then takes its place
/// with the old permissions. Where that cannot be done without harm (several hard links, another
/// owner, a folder in which no file can be made) the file itself is written. A device, a pipe or an
/// open file (`/dev/stdout`, `/dev/fd/3`) is written through and never replaced.
///
/// # Errors
/// [`Error::Output`].
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write(path, bytes).map_err(|source| Error::Output {
        path: path.into(),
        source,
    })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(old) if old.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(old) if is_standard_output(&old) => {
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        }
        Ok(old) if old.is_file() && !names_open_file(path) => {
            renew(&fs::canonicalize(path)?, &old, bytes)
        }
        Ok(_) => {
            let open = OpenOptions::new().write(true).truncate(true).open(path)?;
            write_all(open, bytes)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::symlink_metadata(path).is_ok() {
                // A link that leads nowhere: the system makes the file it names.
                return write_all(File::create(path)?, bytes);
            }
            let mut fresh = temporary(path)?;
            fill(&mut fresh, bytes)?;
            fresh.persist(path).map(drop).map_err(|e| e.error)
        }
        Err(error) => Err(error),
    }
}

fn write_all(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    // Delayed failures, such as those of a file system over the network; devices have none.
    if file.metadata()?.is_file() {
        file.sync_all()?;
    }
    Ok(())
}

/// Gives a regular file new content.
fn renew(path: &Path, old: &Metadata, bytes: &[u8]) -> io::Result<()> {
    // Refuses what the user may not write, although its folder would let us replace it.
    let file = OpenOptions::new().write(true).open(path)?;
    if let Some(fresh) = stand_in(path, old, bytes)? {
        match fresh.persist(path) {
            Ok(_) => return Ok(()),
            // Such as a file mounted on its own: it can be written, not replaced.
            Err(error) => drop(error.file),
        }
    }
    file.set_len(0)?;
    write_all(file, bytes)
}

/// The new content with the permissions of the old file; `None` where it must not or cannot take
/// the place of the old file.
fn stand_in(
    path: &Path,
    old: &Metadata,
    bytes: &[u8],
) -> io::Result<Option<tempfile::NamedTempFile>> {
    let mut fresh = match temporary(path) {
        Ok(fresh) => fresh,
        Err(error) if error.kind() == io::ErrorKind::StorageFull => return Err(error),
        Err(_) => return Ok(None),
    };
    if !same_owner(old, &fresh.as_file().metadata()?) {
        return Ok(None);
    }
    fill(&mut fresh, bytes)?;
    fresh.as_file().set_permissions(old.permissions())?;
    Ok(Some(fresh))
}

/// An empty file of a random name beside `path`; removed unless it takes another's place.
pub(crate) fn temporary(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".isac-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any program makes files: the user's mask decides.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // The error without the random name.
    builder.tempfile_in(folder).map_err(|e| e.kind().into())
}

fn fill(fresh: &mut tempfile::NamedTempFile, bytes: &[u8]) -> io::Result<()> {
    let file = fresh.as_file_mut();
    file.write_all(bytes)?;
    file.sync_all()
}

/// Whether a path stands for a file that some process has open rather than for its name.
fn names_open_file(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

#[cfg(unix)]
fn is_standard_output(file: &Metadata) -> bool {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;
    let open = io::stdout().as_fd().try_clone_to_owned();
    let open = open.and_then(|fd| File::from(fd).metadata());
    open.is_ok_and(|open| (open.dev(), open.ino()) == (file.dev(), file.ino()))
}
#[cfg(not(unix))]
fn is_standard_output(_: &Metadata) -> bool {
    false
}

/// Whether a new file can replace the old one without loss: its only name, and the same owner.
#[cfg(unix)]
fn same_owner(old: &Metadata, fresh: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    old.nlink() == 1 && (old.uid(), old.gid()) == (fresh.uid(), fresh.gid())
}
#[cfg(not(unix))]
fn same_owner(_: &Metadata, _: &Metadata) -> bool {
    true
}
