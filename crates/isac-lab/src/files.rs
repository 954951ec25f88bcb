//! Files of arrays that people hold: MATLAB's `.mat` (version 5, which MATLAB calls 5 to 7, and version
//! 7.3), HDF5, and numpy's `.npy` and `.npz`, told apart by their first bytes; and writing them.
//!
//! No size that a file states is believed before as many bytes stand there: memory stays a small
//! multiple of what was read, and of [`MOST_ENTRIES`](crate::document::MOST_ENTRIES) numbers where the
//! file is compressed. Numbers of all types become `f64`; entries of every array stand row by row (last
//! index fastest), whatever the order in the file.
//!
//! ```
//! use isac_lab::files::{Value, read};
//! // numpy.save of the complex row [1 + 2j, 3 - 4j].
//! let mut file = b"\x93NUMPY\x01\x00\x3a\x00".to_vec();
//! let header = "{'descr': '<c16', 'fortran_order': False, 'shape': (1, 2)}";
//! file.extend(header.bytes());
//! file.extend([1.0_f64, 2.0, 3.0, -4.0].into_iter().flat_map(f64::to_le_bytes));
//! let contents = read("h.npy", &file)?;
//! let h = contents.only()?.numeric().ok_or("no numbers")?;
//! assert_eq!((&h.shape[..], &h.re[..]), (&[1, 2][..], &[1.0, 3.0][..]));
//! assert_eq!(h.im.as_deref(), Some(&[2.0, -4.0][..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::path::Path;

use crate::error::Error;

mod bytes;
#[cfg(not(target_family = "wasm"))]
mod hdf5;
#[cfg(target_family = "wasm")]
mod hdf5 {
    //! HDF5 is not read in a browser, whose module takes documents alone.
    pub(super) fn is_hdf5(_: &[u8]) -> bool {
        false
    }
    pub(super) fn read(_: &str, _: &[u8]) -> Result<Vec<(String, super::Value)>, super::Error> {
        Ok(Vec::new())
    }
}
mod mat;
mod npy;
mod value;
mod write;

pub(crate) use value::shape_text;
pub use value::{Contents, Numeric, Value};
pub use write::{mat, npz};

/// Reads a file of arrays.
///
/// # Errors
/// [`Error::Unreadable`] and those of [`read`].
pub fn open(path: &Path) -> Result<Contents, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Unreadable {
        file: path.into(),
        source,
    })?;
    read(&path.display().to_string(), &bytes)
}

/// Reads the bytes of a file; `file` is its name in messages.
///
/// # Errors
/// [`Error::Damaged`] with the place, also for another format.
pub fn read(file: &str, bytes: &[u8]) -> Result<Contents, Error> {
    let variables = if bytes.starts_with(b"\x93NUMPY") {
        vec![(String::new(), npy::read(file, 0, bytes)?)]
    } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        npy::read_archive(file, bytes)?
    } else if hdf5::is_hdf5(bytes) {
        hdf5::read(file, bytes)?
    } else if matches!(bytes.get(126..128), Some(b"IM" | b"MI")) {
        mat::read(file, bytes)?
    } else {
        let message = "neither .mat, HDF5, .npy nor .npz by its first bytes";
        return Err(Error::Damaged {
            file: file.into(),
            offset: 0,
            message: message.into(),
        });
    };
    Ok(Contents {
        file: file.into(),
        variables,
    })
}
