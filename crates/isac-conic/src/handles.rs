//! Handles of constraints; those of variables stand beside the expressions made of them.

use crate::owner::Tag;

/// A row of a program: a scalar equality or inequality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    pub(crate) id: usize,
    pub(crate) tag: Tag,
}

/// A linear matrix inequality of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lmi {
    pub(crate) id: usize,
    pub(crate) tag: Tag,
}

/// A norm constraint of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cone {
    pub(crate) id: usize,
    pub(crate) tag: Tag,
}
