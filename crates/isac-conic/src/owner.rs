//! Which program a handle belongs to.
//!
//! Every variable, row, matrix inequality and cone carries the tag its program had when it was made.
//! A copy of a program knows the handles made before it was taken; from then on both go on under
//! tags of their own, so a handle is never taken for another one that merely has the same number.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;

/// A stretch of one program's construction, between two copies. No answer depends on the number, and
/// it is not printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Tag(u64);

impl std::fmt::Debug for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("_")
    }
}

impl Tag {
    fn fresh() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }
}

/// What a handle stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar,
    Matrix,
    Row,
    Lmi,
    Cone,
}

impl Kind {
    fn describe(self, index: usize) -> String {
        let kind = match self {
            Self::Scalar => "scalar variable",
            Self::Matrix => "matrix variable",
            Self::Row => "row",
            Self::Lmi => "matrix inequality",
            Self::Cone => "norm constraint",
        };
        format!("{kind} {index} (counted from 0)")
    }
}

/// The tags of a program so far. They are not part of the value of an answer: two are always equal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tags(Vec<Tag>);

impl PartialEq for Tags {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Tags {
    /// Whether handle `index` of `count` made under `tag` is known here.
    ///
    /// # Errors
    /// [`Error::Foreign`] if not.
    pub(crate) fn check(
        &self,
        place: &str,
        kind: Kind,
        (tag, index): (Tag, usize),
        count: usize,
    ) -> Result<(), Error> {
        if self.0.contains(&tag) && index < count {
            return Ok(());
        }
        Err(foreign(place, kind, index))
    }
}

fn foreign(place: &str, kind: Kind, index: usize) -> Error {
    Error::Foreign {
        place: place.to_owned(),
        handle: kind.describe(index),
    }
}

/// Whether all variables of an expression were there when the program was solved.
///
/// # Errors
/// [`Error::Foreign`] if not.
pub(crate) fn in_range(
    place: &str,
    kind: Kind,
    mut indices: impl Iterator<Item = usize>,
    count: usize,
) -> Result<(), Error> {
    match indices.find(|&index| index >= count) {
        Some(index) => Err(foreign(place, kind, index)),
        None => Ok(()),
    }
}

/// The tags of a program under construction.
#[derive(Debug)]
pub(crate) struct Lineage {
    /// Changed, too, when a copy is taken.
    current: AtomicU64,
    known: Tags,
}

impl Default for Lineage {
    fn default() -> Self {
        Self {
            current: AtomicU64::new(Tag::fresh()),
            known: Tags::default(),
        }
    }
}

impl Clone for Lineage {
    fn clone(&self) -> Self {
        self.current.store(Tag::fresh(), Ordering::Relaxed);
        Self {
            known: self.known.clone(),
            ..Self::default()
        }
    }
}

impl Lineage {
    /// The tag of a new handle.
    pub(crate) fn tag(&mut self) -> Tag {
        let tag = Tag(*self.current.get_mut());
        if self.known.0.last() != Some(&tag) {
            self.known.0.push(tag);
        }
        tag
    }

    pub(crate) fn tags(&self) -> &Tags {
        &self.known
    }
}

/// The tags of the variables in an expression, with the first variable of each; and what did not fit when
/// the expression was built.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owners {
    first: Option<(Tag, Kind, usize)>,
    /// Beyond the first: empty unless programs were copied or mixed.
    others: Vec<(Tag, Kind, usize)>,
    misfit: Option<Box<Misfit>>,
}

/// A length, order or index that does not fit: building goes on, `solve` refuses.
#[derive(Debug, Clone)]
struct Misfit {
    what: String,
    expected: String,
    got: String,
}

impl Owners {
    pub(crate) fn one(tag: Tag, kind: Kind, index: usize) -> Self {
        Self {
            first: Some((tag, kind, index)),
            ..Self::default()
        }
    }

    /// No variable, and a part that does not fit.
    pub(crate) fn misfit(what: impl Into<String>, expected: String, got: impl ToString) -> Self {
        Self {
            misfit: Some(Box::new(Misfit {
                what: what.into(),
                expected,
                got: got.to_string(),
            })),
            ..Self::default()
        }
    }

    pub(crate) fn fit(&self) -> bool {
        self.misfit.is_none()
    }

    fn iter(&self) -> impl Iterator<Item = &(Tag, Kind, usize)> {
        self.first.iter().chain(&self.others)
    }

    pub(crate) fn merge(&mut self, other: Self) {
        if self.misfit.is_none() {
            self.misfit = other.misfit;
        }
        let Some(first) = other.first else {
            return;
        };
        for new in std::iter::once(first).chain(other.others) {
            if self.first.is_none() {
                self.first = Some(new);
            } else if self.iter().all(|(tag, ..)| *tag != new.0) {
                self.others.push(new);
            }
        }
    }

    /// Whether all are known to `tags`, and all parts fitted.
    ///
    /// # Errors
    /// [`Error::Foreign`], which names the first variable that is not known; a shape that names `place` and
    /// the part that did not fit.
    pub(crate) fn check(&self, place: &str, tags: &Tags) -> Result<(), Error> {
        if let Some(misfit) = &self.misfit {
            let what = format!("{} in `{place}`", misfit.what);
            return Err(isac_linalg::Error::shape(what, &misfit.expected, &misfit.got).into());
        }
        self.iter()
            .try_for_each(|&(tag, kind, index)| tags.check(place, kind, (tag, index), usize::MAX))
    }
}
