//! What a paper makes of the records: the figure, published against our numbers, claims, the grade.

use isac_plot::figure::Figure;
use serde::Serialize;

use crate::verdict::Claim;

/// What a finished run says.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// `figure.svg` and `figure.png`.
    pub figure: Figure,
    /// Published, ours and the difference, line by line.
    pub table: Vec<Compared>,
    /// What the paper claims, and what we found.
    pub claims: Vec<Claim>,
    /// How well the published artefact was reproduced.
    pub grade: Grade,
    /// Further lines for the reader.
    pub notes: Vec<String>,
    /// Checks of our own that failed, such as an exact comparison beyond its tolerance. Any of
    /// them makes the exit code 1.
    pub failures: Vec<String>,
    /// Proofs of bounds in it by name: `proof-NAME.json`, for `isac verify`.
    pub proofs: Vec<(String, serde_json::Value)>,
    /// What depends on the clock; kept apart from everything else.
    pub timing: Timing,
}

/// What depends on the clock: drawn to `timing.svg` and `timing.png`, printed, in no other file.
#[derive(Debug, Clone, Default)]
pub struct Timing {
    /// Drawn if it has panels.
    pub figure: Figure,
    /// Published against our seconds.
    pub table: Vec<Compared>,
    /// Lines for the reader.
    pub notes: Vec<String>,
}

/// One line of the closing table.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Compared {
    /// What is compared, such as `Algorithm 1, K = 4: mean objective`.
    pub quantity: String,
    /// The published number; `None` where nothing was published.
    pub published: Option<f64>,
    /// Ours; `None` where it could not be computed.
    pub ours: Option<f64>,
    /// Ends of the 95 % interval of the mean, where ours is one.
    pub interval: Option<[f64; 2]>,
    /// Unit; empty for none.
    pub unit: String,
    /// Remark, such as `percentile 40 of our draws`.
    pub note: String,
}

impl Compared {
    /// A line with both numbers. A NaN counts as absent.
    pub fn new(quantity: impl Into<String>, published: f64, ours: f64, unit: &str) -> Self {
        Self {
            quantity: quantity.into(),
            published: Some(published).filter(|v| !v.is_nan()),
            ours: Some(ours).filter(|v| !v.is_nan()),
            unit: unit.into(),
            ..Self::default()
        }
    }

    /// The same with the 95 % interval of our mean. No interval if an end is NaN.
    pub fn interval(mut self, low: f64, high: f64) -> Self {
        self.interval = Some([low, high]).filter(|ends| ends.iter().all(|end| !end.is_nan()));
        self
    }

    /// The same with a remark.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Ours minus published, where both are there.
    pub fn difference(&self) -> Option<f64> {
        Some(self.ours? - self.published?)
    }
}

/// How well a published artefact was reproduced.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Grade {
    /// Same inputs, equal per realisation.
    Exact,
    /// Same inputs, equal means (only means are published).
    ExactMeans,
    /// Own draws; the published numbers lie where they should.
    Statistical,
    /// Same ordering and shape.
    Trend,
    /// None of these, and why.
    NotReproduced(String),
    /// Nothing was published to compare with.
    #[default]
    Unpublished,
}

impl std::fmt::Display for Grade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact => f.write_str("exact"),
            Self::ExactMeans => f.write_str("exact (means)"),
            Self::Statistical => f.write_str("statistical"),
            Self::Trend => f.write_str("trend"),
            Self::NotReproduced(why) => write!(f, "not reproduced: {why}"),
            Self::Unpublished => f.write_str("nothing published to compare with"),
        }
    }
}
