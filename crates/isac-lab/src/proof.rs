//! Proofs of global bounds: what a verifier says, and whether boxes cover a domain.
//!
//! A proof is a JSON object with `schema` [`SCHEMA`], the `problem` as a document with explicit
//! channels, the `value` that a point reaches, the `bound`, and `leaves`: boxes with what proves the
//! bound over each. The formula of a leaf's bound belongs to the paper; that the leaves cover the domain
//! is decided here. Nothing in this file is used by a search.

use crate::document::Node;
use crate::error::Error;
use serde::Serialize;

/// Schema of proofs.
pub const SCHEMA: &str = "isac-proof/1";

/// Checks the proof of a problem of one schema.
///
/// # Errors
/// Of [`VerifyFn`]s: a malformed proof. A proof that does not prove is [`Verdict::Refused`].
pub type VerifyFn = fn(&Node<'_>) -> Result<Verdict, Error>;

/// What a verifier says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// Every step holds.
    Proved {
        /// What is bounded, such as `upper_bound`.
        kind: String,
        /// No point has a better objective.
        bound: f64,
        /// Objective of the point in the proof, by the original formulas.
        value: f64,
        /// `|bound - value| / |value|`; `null` at a value of 0.
        relative_gap: Option<f64>,
        /// Boxes that cover the domain.
        leaves: usize,
    },
    /// Every step holds: the problem has no point.
    Infeasible {
        /// By which rule.
        rule: String,
    },
    /// Something does not hold.
    Refused {
        /// Which leaf or part, and why.
        why: String,
    },
}

impl Verdict {
    /// 0 proved, 1 refused.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Proved { .. } | Self::Infeasible { .. } => 0,
            Self::Refused { .. } => 1,
        }
    }

    /// A refusal.
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into() }
    }
}

/// A box of a proof, `lower <= z <= upper`.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Lower sides.
    pub lower: Vec<f64>,
    /// Upper sides.
    pub upper: Vec<f64>,
}

impl Cell {
    /// `[1, 2] x [3, 4]`.
    fn text(&self) -> String {
        let sides = self.lower.iter().zip(&self.upper);
        let sides: Vec<String> = sides.map(|(l, h)| format!("[{l}, {h}]")).collect();
        sides.join(" x ")
    }

    fn contains(&self, inner: &Self) -> bool {
        let below = self.lower.iter().zip(&inner.lower).all(|(a, b)| a <= b);
        below && self.upper.iter().zip(&inner.upper).all(|(a, b)| a >= b)
    }

    /// Whether a box shares more than a face with this one. On axes without width it must contain it.
    fn meets(&self, other: &Self) -> bool {
        (0..self.lower.len()).all(|i| {
            let (low, high) = (self.lower[i], self.upper[i]);
            if low < high {
                other.lower[i] < high && other.upper[i] > low
            } else {
                other.lower[i] <= low && other.upper[i] >= high
            }
        })
    }
}

/// Whether boxes cover a domain without overlap inside it; otherwise what is left open or covered
/// twice. The domain is cut along the boxes' faces until every piece lies in exactly one of them.
///
/// # Errors
/// A text that says where, and which boxes (counted from 0).
pub fn cover(domain: &Cell, boxes: &[Cell]) -> Result<(), String> {
    let dimension = domain.lower.len();
    for (i, one) in boxes.iter().enumerate() {
        let sides = one.lower.iter().zip(&one.upper);
        // A NaN is in no order.
        if one.lower.len() != dimension || one.upper.len() != dimension {
            return Err(format!("leaf {i}: the box does not have {dimension} sides"));
        }
        if !sides.into_iter().all(|(low, high)| low <= high) {
            return Err(format!("leaf {i}: {} is no box", one.text()));
        }
    }
    let mut open = vec![(domain.clone(), (0..boxes.len()).collect::<Vec<_>>())];
    while let Some((piece, near)) = open.pop() {
        let near: Vec<usize> = near
            .into_iter()
            .filter(|i| piece.meets(&boxes[*i]))
            .collect();
        match near[..] {
            [] => return Err(format!("no leaf covers {}", piece.text())),
            [i] if boxes[i].contains(&piece) => continue,
            _ => {}
        }
        let Some((axis, at)) = cut(&piece, boxes, &near) else {
            return Err(format!("leaves {} and {} overlap", near[0], near[1]));
        };
        let (mut below, mut above) = (piece.clone(), piece);
        below.upper[axis] = at;
        above.lower[axis] = at;
        open.push((below, near.clone()));
        open.push((above, near));
    }
    Ok(())
}

/// The face strictly inside the piece that goes through the fewest boxes, of equal ones the one that
/// leaves the fewest on its fuller side; `None` where every box contains the piece.
fn cut(piece: &Cell, boxes: &[Cell], near: &[usize]) -> Option<(usize, f64)> {
    let mut best: Option<((usize, usize), usize, f64)> = None;
    for axis in 0..piece.lower.len() {
        let sorted = |side: fn(&Cell) -> &Vec<f64>| {
            let mut faces: Vec<f64> = near.iter().map(|i| side(&boxes[*i])[axis]).collect();
            faces.sort_by(f64::total_cmp);
            faces
        };
        let (lower, upper) = (sorted(|b| &b.lower), sorted(|b| &b.upper));
        for at in lower.iter().chain(&upper) {
            if !(piece.lower[axis] < *at && *at < piece.upper[axis]) {
                continue;
            }
            let begun = lower.partition_point(|x| x < at);
            let ended = upper.partition_point(|x| x <= at);
            let key = (begun - ended, begun.max(near.len() - ended));
            if best.is_none_or(|(held, _, _)| key < held) {
                best = Some((key, axis, *at));
            }
        }
    }
    best.map(|(_, axis, at)| (axis, at))
}

#[cfg(test)]
mod tests {
    use super::{Cell, cover};

    fn cell(sides: &[(f64, f64)]) -> Cell {
        Cell {
            lower: sides.iter().map(|s| s.0).collect(),
            upper: sides.iter().map(|s| s.1).collect(),
        }
    }

    /// Five boxes around a middle one: no cut from side to side leaves all of them whole.
    fn pinwheel() -> Vec<Cell> {
        vec![
            cell(&[(0.0, 2.0), (0.0, 1.0)]),
            cell(&[(2.0, 3.0), (0.0, 2.0)]),
            cell(&[(1.0, 3.0), (2.0, 3.0)]),
            cell(&[(0.0, 1.0), (1.0, 3.0)]),
            cell(&[(1.0, 2.0), (1.0, 2.0)]),
        ]
    }

    #[test]
    fn a_cover_needs_every_box_and_no_overlap() {
        let domain = cell(&[(0.0, 3.0), (0.0, 3.0)]);
        assert_eq!(cover(&domain, &pinwheel()), Ok(()));
        for dropped in 0..5 {
            let mut boxes = pinwheel();
            boxes.remove(dropped);
            assert!(cover(&domain, &boxes).unwrap_err().contains("no leaf"));
        }
        let mut wide = pinwheel();
        wide[4].upper[0] = 2.5;
        assert!(cover(&domain, &wide).unwrap_err().contains("overlap"));
        let mut narrow = pinwheel();
        narrow[4].upper[0] = 2.0 - 1e-12;
        assert!(cover(&domain, &narrow).unwrap_err().contains("no leaf"));
        let mut broken = pinwheel();
        broken[2].lower[1] = f64::NAN;
        assert!(cover(&domain, &broken).unwrap_err().contains("leaf 2"));
    }

    #[test]
    fn points_and_domains_without_width_are_covered_by_one_box() {
        let nothing = cell(&[]);
        assert_eq!(cover(&nothing, &[cell(&[])]), Ok(()));
        assert!(cover(&nothing, &[]).is_err());
        assert!(cover(&nothing, &[cell(&[]), cell(&[])]).is_err());
        let flat = cell(&[(1.0, 1.0), (0.0, 1.0)]);
        let halves = [
            cell(&[(1.0, 1.0), (0.0, 0.5)]),
            cell(&[(1.0, 1.0), (0.5, 1.0)]),
        ];
        assert_eq!(cover(&flat, &halves), Ok(()));
        let beside = [halves[0].clone(), cell(&[(2.0, 2.0), (0.5, 1.0)])];
        assert!(cover(&flat, &beside).is_err());
    }
}
