//! What can go wrong in the lab, and the exit code each thing means.

use std::path::PathBuf;

/// Any error with its own text; library errors arrive through it.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// An error of the lab. [`Error::exit_code`] is what the binary returns for it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command line asks for something that does not exist or does not fit.
    #[error("{0}")]
    Usage(String),
    /// A name that nothing carries, with the nearest that exist.
    #[error("unknown {what} `{given}`{}", nearest_text(nearest))]
    UnknownName {
        /// What was looked up, such as `figure` or `algorithm`.
        what: String,
        /// The name given.
        given: String,
        /// The nearest names that exist, best first.
        nearest: Vec<String>,
    },
    /// A file that cannot be opened or read.
    #[error("{}: cannot be read: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file whose text is not well-formed JSON, TOML or CSV.
    #[error("{file}, line {line}: {message}")]
    Malformed {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A file of arrays (`.mat`, `.npy`, `.npz`) that is damaged or holds what cannot be read.
    #[error("{file}, byte {offset}: {message}")]
    Damaged {
        /// The file.
        file: String,
        /// Place in the file, from 0.
        offset: usize,
        /// What is wrong there.
        message: String,
    },
    /// A field of an input document with a value it must not have.
    #[error("{file}: {path}: got {value}, expected {expected}")]
    Field {
        /// The file.
        file: String,
        /// The field, such as `cases[2].gamma[0]`.
        path: String,
        /// The value, shortened.
        value: String,
        /// What was expected.
        expected: String,
    },
    /// A key of an input document that nobody knows.
    #[error("{file}: unknown key `{path}`{}", nearest_text(nearest))]
    UnknownKey {
        /// The file.
        file: String,
        /// The key with its path.
        path: String,
        /// The nearest keys that exist there, best first.
        nearest: Vec<String>,
    },
    /// A library refused its input.
    #[error("{context}: {source}")]
    Invalid {
        /// Where the input came from, such as a file name or `fig3`.
        context: String,
        /// The library's own error; it names the field.
        source: Source,
    },
    /// The arithmetic of a library broke down.
    #[error("{context}: {source}")]
    Numerical {
        /// What was being computed.
        context: String,
        /// The library's own error.
        source: Source,
    },
    /// Results cannot be written.
    #[error("{}: cannot be written: {source}; choose another place with --out", path.display())]
    Output {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Standard output cannot be written.
    #[error("standard output cannot be written: {0}")]
    Console(std::io::Error),
    /// Results of a run cannot be written, for example because the disk is full; finished work is
    /// kept.
    #[error(
        "{}: cannot be written: {source}; what is finished is kept in {} and will be taken up by the same command",
        path.display(), kept.display()
    )]
    Unfinished {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
        /// Where the finished tasks stand.
        kept: PathBuf,
    },
    /// The run was stopped; finished work is kept.
    #[error(
        "interrupted: {done} of {total} realisations are kept and will be taken up by the same command"
    )]
    Interrupted {
        /// Realisations finished and kept.
        done: usize,
        /// Realisations of the run.
        total: usize,
    },
    /// Stopped before there was anything to keep.
    #[error("interrupted")]
    Cancelled,
    /// A figure could not be drawn.
    #[error(transparent)]
    Drawing(isac_plot::Error),
}

impl Error {
    /// 2 for bad input and usage and for results that cannot be written, 4 for a breakdown of the
    /// arithmetic, 130 when interrupted, 141 when the reader of standard output is gone.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Interrupted { .. } | Self::Cancelled => 130,
            Self::Console(source) if source.kind() == std::io::ErrorKind::BrokenPipe => 141,
            Self::Numerical { .. } | Self::Drawing(_) => 4,
            _ => 2,
        }
    }

    /// A library's refusal of its input, with where the input came from.
    pub fn invalid(context: impl Into<String>, source: impl Into<Source>) -> Self {
        Self::Invalid {
            context: context.into(),
            source: source.into(),
        }
    }

    /// A library's breakdown, with what was being computed.
    pub fn numerical(context: impl Into<String>, source: impl Into<Source>) -> Self {
        Self::Numerical {
            context: context.into(),
            source: source.into(),
        }
    }

    /// A name that nothing carries; the nearest of `known` are found here.
    pub fn unknown<'a>(
        what: impl Into<String>,
        given: impl Into<String>,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let given = given.into();
        Self::UnknownName {
            what: what.into(),
            nearest: nearest(&given, known),
            given,
        }
    }
}

impl<E: isac_linalg::Fault> From<E> for Error {
    fn from(error: E) -> Self {
        let area = error.area();
        if error.is_bad_input() {
            Self::invalid(area, error)
        } else {
            Self::numerical(area, error)
        }
    }
}

/// Up to three names of `known` that resemble `given`, best first.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let given = given.to_lowercase();
    let mut scored: Vec<(usize, String)> = known
        .into_iter()
        .map(|name| {
            (
                strsim::osa_distance(&given, &name.to_lowercase()),
                name.to_string(),
            )
        })
        .filter(|(distance, name)| {
            *distance <= 2.max(given.len().max(name.len()) / 3)
                || (given.len() >= 3 && name.to_lowercase().contains(&given))
        })
        .collect();
    scored.sort();
    scored.dedup();
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

fn nearest_text(nearest: &[String]) -> String {
    match nearest {
        [] => String::new(),
        names => format!("; did you mean {}?", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_slips_and_parts() {
        let known = ["fig3", "fig4", "table1", "obs_crlb/fig3"];
        assert_eq!(nearest("fig33", known)[0], "fig3");
        assert!(nearest("tabel1", known).contains(&"table1".to_string()));
        assert!(nearest("zzzzzzzz", known).is_empty());
    }
}
