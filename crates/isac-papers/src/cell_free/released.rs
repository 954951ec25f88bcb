//! The authors' result files: positions and results of a thousand draws each.

use std::path::{Path, PathBuf};

use isac_lab::error::Error;
use isac_lab::files::{self, Contents};

use super::network::{Places, Point};

/// Draws of a file.
pub(super) const DRAWS: usize = 1000;

/// What is stored of one method at one setting; NaN where nothing is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    /// Smallest SINR of the stored beams.
    pub(super) sinr: f64,
    /// Sensing SNR of the stored beams.
    pub(super) sensing: f64,
    /// The solver's optimum: the common SINR of NS+OPT and CB+OPT, the sensing SNR of the joint design.
    pub(super) optimum: f64,
}

/// One draw.
pub(super) struct Draw {
    pub(super) places: Places,
    /// By setting, then in the order NS+RZF, NS+OPT, CB+OPT, JSC.
    pub(super) settings: Vec<[Stored; 4]>,
}

/// A file `name.mat` anywhere below `folder`.
fn locate(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(at) = folders.pop() {
        let unreadable = |source| Error::Unreadable {
            file: at.clone(),
            source,
        };
        for entry in std::fs::read_dir(&at).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|file| file == name) {
                return Ok(path);
            }
        }
    }
    Err(Error::Unreadable {
        file: folder.join(name),
        source: std::io::ErrorKind::NotFound.into(),
    })
}

/// Reads the draws of a file below `folder`.
///
/// # Errors
/// A file that is absent or damaged, or that lacks what stands in the released ones.
pub(super) fn read(folder: &Path, name: &str, settings: usize) -> Result<Vec<Draw>, Error> {
    let contents = files::open(&locate(folder, name)?)?;
    (0..DRAWS)
        .map(|i| {
            let at = format!("results[{i}]");
            let users = points(&contents, &format!("{at}.UE"))?;
            let targets = points(&contents, &format!("{at}.Target"))?;
            let of = |k: usize| -> Result<[Stored; 4], Error> {
                let optimum = ["min_SINR", "min_SINR_opt", "min_SINR_opt", "SSNR_opt"];
                let mut all = [Stored {
                    sinr: f64::NAN,
                    sensing: f64::NAN,
                    optimum: f64::NAN,
                }; 4];
                for (j, stored) in all.iter_mut().enumerate() {
                    let here =
                        |field: &str| number(&contents, &format!("{at}.power[{k}][{j}].{field}"));
                    *stored = Stored {
                        sinr: here("min_SINR")?,
                        sensing: here("SSNR")?,
                        optimum: here(optimum[j])?,
                    };
                }
                Ok(all)
            };
            Ok(Draw {
                places: Places { users, targets },
                settings: (0..settings).map(of).collect::<Result<_, Error>>()?,
            })
        })
        .collect()
}

/// Rows `[x, y]`.
fn points(contents: &Contents, path: &str) -> Result<Vec<Point>, Error> {
    let found = contents.find(path)?;
    match found.numeric() {
        Some(array) if array.shape.last() == Some(&2) => {
            Ok(array.re.chunks(2).map(|p| [p[0], p[1]]).collect())
        }
        Some(_) | None => Err(Error::Field {
            file: contents.file.clone(),
            path: path.into(),
            value: found.description(),
            expected: "rows of two numbers".into(),
        }),
    }
}

/// A number; NaN for an empty array.
fn number(contents: &Contents, path: &str) -> Result<f64, Error> {
    let found = contents.find(path)?;
    match found.numeric() {
        Some(array) => Ok(array.re.first().copied().unwrap_or(f64::NAN)),
        None => Err(Error::Field {
            file: contents.file.clone(),
            path: path.into(),
            value: found.description(),
            expected: "a number".into(),
        }),
    }
}
