//! Global maximisation by branch and bound over boxes, with a log that proves the bound.
//!
//! ```math
//! max f(x)   over x that determine a point z(x) of a box [lower, upper]
//! ```
//!
//! The caller says for a box an upper bound on `f` over it, what proves that bound (multipliers, as a
//! rule) and where to split; maybe also a point and its value. [`maximise`] splits the box with the
//! largest bound, of equal ones the oldest, until no bound exceeds the best value by more than the
//! gap. What it returns is a proof: boxes that cover the domain, without overlap, each with its bound
//! and what proves it. Nothing here reads a clock: `watch` is asked before every split whether to go
//! on, and sees every improvement.
//!
//! The largest `x y` on the unit square, where `x + y <= 1`; on a box `x y <= x u_y + l_x (y - u_y)`,
//! at most `u_x u_y`:
//!
//! ```
//! use isac_opt::global::{Cell, Node, Options, maximise};
//! let bound = |cell: &Cell, _: Option<&()>, _: f64| {
//!     let (low, high) = (cell.lower(), cell.upper());
//!     // The point of the box on the line closest to its middle, if it has one.
//!     let fits = low[0] + low[1] <= 1.0;
//!     let value = if fits { high[0].min(1.0 - low[1]) * high[1].min(1.0 - low[0]) } else { 0.0 };
//!     let wide = usize::from(high[1] - low[1] > high[0] - low[0]);
//!     let split = Some((wide, 0.5 * (low[wide] + high[wide])));
//!     let candidate = fits.then(|| (low[0] * low[1], low.to_vec()));
//!     Ok::<_, std::convert::Infallible>(Node { bound: value, proof: (), split, candidate })
//! };
//! let root = Cell::new(vec![0.0; 2], vec![1.0; 2])?;
//! let options = Options { gap: 1e-3, nodes: 10_000 };
//! let answer = maximise(root, None, &options, bound, |_| true)?;
//! assert!(answer.bound >= 0.25 && answer.bound <= 0.25 + 2e-3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use isac_linalg::{Error, validate};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A box `lower <= z <= upper`.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl Cell {
    /// Checks and keeps the sides. A box of no dimension is a point.
    ///
    /// # Errors
    /// Lists of different length, an entry that is not finite, a lower side above its upper one.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, Error> {
        validate::length("upper", upper.len(), lower.len())?;
        validate::finite_list("lower", &lower)?;
        validate::finite_list("upper", &upper)?;
        for (i, (low, high)) in lower.iter().zip(&upper).enumerate() {
            if low > high {
                let expected = format!("at most upper[{i}] = {high}");
                return Err(Error::range(format!("lower[{i}]"), *low, expected));
            }
        }
        Ok(Self { lower, upper })
    }

    /// Lower sides.
    pub fn lower(&self) -> &[f64] {
        &self.lower
    }

    /// Upper sides.
    pub fn upper(&self) -> &[f64] {
        &self.upper
    }

    /// The two boxes below and above `at` on one axis; `None` where that is not strictly inside.
    pub fn split(&self, axis: usize, at: f64) -> Option<(Self, Self)> {
        if !(*self.lower.get(axis)? < at && at < self.upper[axis]) {
            return None;
        }
        let (mut below, mut above) = (self.clone(), self.clone());
        below.upper[axis] = at;
        above.lower[axis] = at;
        Some((below, above))
    }
}

/// What the caller knows of a box.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<X, P> {
    /// No point of the box has a larger objective; minus infinity for a box proved empty.
    pub bound: f64,
    /// What proves it.
    pub proof: P,
    /// Axis and place to split at; `None` for a box that is not to be split.
    pub split: Option<(usize, f64)>,
    /// A point and its objective, if one was found; it need not lie in the box.
    pub candidate: Option<(f64, X)>,
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// How far the bound may lie above the best value, in the objective's own unit.
    pub gap: f64,
    /// Largest number of boxes to bound.
    pub nodes: usize,
}

/// Why [`maximise`] stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The bound is within the gap of the best value.
    Gap,
    /// The limit of nodes is reached.
    Nodes,
    /// `watch` said so.
    Asked,
    /// The box with the largest bound is not to be split.
    Unsplit,
}

impl Stop {
    /// As reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Nodes => "node limit",
            Self::Asked => "stopped from outside",
            Self::Unsplit => "a box that cannot be split",
        }
    }
}

/// How far a search has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Boxes bounded.
    pub nodes: usize,
    /// Bound on the optimum.
    pub bound: f64,
    /// Best value; minus infinity without one.
    pub value: f64,
}

/// A box of the cover with its bound and what proves it.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf<P> {
    /// The box.
    pub cell: Cell,
    /// Bound over it.
    pub bound: f64,
    /// What proves the bound.
    pub proof: P,
}

/// What [`maximise`] found and proved.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<X, P> {
    /// No point of the domain has a larger objective: the largest bound of the leaves.
    pub bound: f64,
    /// The best point and its objective.
    pub best: Option<(f64, X)>,
    /// Boxes that cover the domain without overlap, in the order in which they were bounded.
    pub leaves: Vec<Leaf<P>>,
    /// Boxes bounded.
    pub nodes: usize,
    /// Why it stopped.
    pub stopped: Stop,
}

/// Maximises over `root` from the point `best`, if there is one. `examine` bounds a box; it is told
/// the proof of the box that this one was split from, and the best value so far (minus infinity
/// without one). `watch` is told the progress before every split; `false` stops the search.
///
/// # Errors
/// Those of `examine`.
pub fn maximise<X, P, E>(
    root: Cell,
    best: Option<(f64, X)>,
    options: &Options,
    mut examine: impl FnMut(&Cell, Option<&P>, f64) -> Result<Node<X, P>, E>,
    mut watch: impl FnMut(&Progress) -> bool,
) -> Result<Answer<X, P>, E> {
    let mut search = Search {
        best,
        open: BinaryHeap::new(),
        closed: Vec::new(),
        nodes: 0,
    };
    search.bound(root, None, f64::INFINITY, &mut examine)?;
    let stopped = loop {
        let value = search.value();
        let Some(top) = search.open.peek() else {
            break Stop::Gap;
        };
        let bound = top.bound;
        if bound <= value + options.gap {
            break Stop::Gap;
        }
        if search.nodes + 2 > options.nodes {
            break Stop::Nodes;
        }
        let nodes = search.nodes;
        if !watch(&Progress {
            nodes,
            bound,
            value,
        }) {
            break Stop::Asked;
        }
        let parts = top.split.and_then(|(axis, at)| top.cell.split(axis, at));
        let Some((below, above)) = parts else {
            break Stop::Unsplit;
        };
        let Some(parent) = search.open.pop() else {
            break Stop::Gap;
        };
        for cell in [below, above] {
            search.bound(cell, Some(&parent.proof), parent.bound, &mut examine)?;
        }
    };
    Ok(search.answer(stopped))
}

/// A box that was bounded.
struct Open<P> {
    cell: Cell,
    bound: f64,
    proof: P,
    split: Option<(usize, f64)>,
    age: usize,
}

struct Search<X, P> {
    best: Option<(f64, X)>,
    open: BinaryHeap<Open<P>>,
    closed: Vec<Open<P>>,
    nodes: usize,
}

impl<X, P> Search<X, P> {
    fn value(&self) -> f64 {
        let best = self.best.as_ref();
        best.map_or(f64::NEG_INFINITY, |(value, _)| *value)
    }

    /// Bounds a box. A bound that is NaN proves nothing, and then that of the parent is not replaced.
    fn bound<E>(
        &mut self,
        cell: Cell,
        parent: Option<&P>,
        ceiling: f64,
        examine: &mut impl FnMut(&Cell, Option<&P>, f64) -> Result<Node<X, P>, E>,
    ) -> Result<(), E> {
        let node = examine(&cell, parent, self.value())?;
        if let Some((value, point)) = node.candidate
            && value > self.value()
        {
            self.best = Some((value, point));
        }
        let bound = if node.bound.is_nan() {
            ceiling
        } else {
            node.bound
        };
        let open = Open {
            cell,
            bound,
            proof: node.proof,
            split: node.split,
            age: self.nodes,
        };
        self.nodes += 1;
        // A box proved empty needs no further look.
        if bound > f64::NEG_INFINITY {
            self.open.push(open);
        } else {
            self.closed.push(open);
        }
        Ok(())
    }

    fn answer(self, stopped: Stop) -> Answer<X, P> {
        let mut all: Vec<Open<P>> = self.open.into_vec();
        all.extend(self.closed);
        all.sort_by_key(|open| open.age);
        let bound = all.iter().map(|open| open.bound);
        Answer {
            bound: bound.fold(f64::NEG_INFINITY, f64::max),
            best: self.best,
            nodes: self.nodes,
            stopped,
            leaves: all
                .into_iter()
                .map(|open| Leaf {
                    cell: open.cell,
                    bound: open.bound,
                    proof: open.proof,
                })
                .collect(),
        }
    }
}

impl<P> Open<P> {
    fn key(&self) -> (f64, Reverse<usize>) {
        (self.bound, Reverse(self.age))
    }
}

impl<P> Ord for Open<P> {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((a, old), (b, older)) = (self.key(), other.key());
        a.total_cmp(&b).then(old.cmp(&older))
    }
}

impl<P> PartialOrd for Open<P> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<P> PartialEq for Open<P> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<P> Eq for Open<P> {}
