//! The authors' result files: positions and results of a thousand draws each.

use std::path::{Path, PathBuf};

use isac_algos::cell_free::Network;
use isac_lab::error::{Error, Source};
use isac_lab::files::{self, Contents, Value};

use super::network::{Physics, Places, Point, network};
use super::scenario::Scenario;

/// Draws of a whole file.
pub(super) const DRAWS: usize = 1000;
/// The file of Fig. 3, with a setting for each share of the power.
pub(super) const POWER: &str = "power_data.mat";
/// The files of Fig. 4, one for each least distance.
pub(super) const DISTANCE: [&str; 3] = ["dist_data0.mat", "dist_data20.mat", "dist_data40.mat"];

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

impl Draw {
    /// The network of the draw in a scene.
    ///
    /// # Errors
    /// As [`network`].
    pub(super) fn network(&self, scenario: &Scenario) -> Result<Network, Source> {
        let points = scenario.access_points_m.len();
        let physics = Physics {
            antennas: vec![scenario.antennas; points],
            spacing_wavelengths: scenario.spacing_wavelengths,
            power_w: vec![scenario.power_w; points],
            noise_w: vec![scenario.noise_w; self.places.users.len()],
            zeta2: scenario.zeta2,
        };
        network(&scenario.access_points_m, &self.places, physics)
    }
}

/// A file `name.mat` anywhere below `folder`, if there is one.
///
/// # Errors
/// A folder that cannot be read.
pub(super) fn locate(folder: &Path, name: &str) -> Result<Option<PathBuf>, Error> {
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
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

/// Reads the draws of a whole file below `folder`.
///
/// # Errors
/// A file that is absent, damaged or cut short, or that lacks what stands in the released ones.
pub(super) fn read_whole(folder: &Path, name: &str, settings: usize) -> Result<Vec<Draw>, Error> {
    let path = locate(folder, name)?.ok_or_else(|| Error::Unreadable {
        file: folder.join(name),
        source: std::io::ErrorKind::NotFound.into(),
    })?;
    let draws = read(&path, settings)?;
    if draws.len() < DRAWS {
        return Err(Error::Field {
            file: path.display().to_string(),
            path: "results".into(),
            value: format!("{} draws", draws.len()),
            expected: format!("{DRAWS}"),
        });
    }
    Ok(draws)
}

/// Reads all draws of a file.
///
/// # Errors
/// A file that is damaged, or that lacks what stands in the released ones.
pub(super) fn read(path: &Path, settings: usize) -> Result<Vec<Draw>, Error> {
    let contents = files::open(path)?;
    let draws = match contents.find("results")? {
        Value::Cell { items, .. } => items.len(),
        other => {
            return Err(Error::Field {
                file: contents.file.clone(),
                path: "results".into(),
                value: other.description(),
                expected: "cells, one per draw".into(),
            });
        }
    };
    (0..draws)
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
