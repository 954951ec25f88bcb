//! A cone program as it was given, and what its semidefinite blocks say.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use isac_linalg::{MatRef, c64};

/// Sizes of the cones, in the order in which their rows stand.
pub(super) struct Cones {
    pub(super) zero: usize,
    pub(super) nonneg: usize,
    pub(super) soc: Vec<usize>,
    pub(super) psd: Vec<usize>,
}

/// A sparse matrix by rows, the columns of a row ascending.
pub(super) struct Rows {
    pub(super) start: Vec<usize>,
    pub(super) entries: Vec<(usize, f64)>,
}

impl Rows {
    /// From compressed columns.
    pub(super) fn new(rows: usize, data: &[f64], indices: &[i64], starts: &[i64]) -> Self {
        let mut start = vec![0; rows + 1];
        for (&i, &value) in indices.iter().zip(data) {
            start[i as usize + 1] += usize::from(value != 0.0);
        }
        for i in 0..rows {
            start[i + 1] += start[i];
        }
        let mut next = start.clone();
        let mut entries = vec![(0, 0.0); start[rows]];
        for (column, ends) in starts.windows(2).enumerate() {
            for at in ends[0] as usize..ends[1] as usize {
                if data[at] != 0.0 {
                    let slot = &mut next[indices[at] as usize];
                    entries[*slot] = (column, data[at]);
                    *slot += 1;
                }
            }
        }
        Self { start, entries }
    }

    pub(super) fn row(&self, i: usize) -> &[(usize, f64)] {
        &self.entries[self.start[i]..self.start[i + 1]]
    }
}

/// The program as it was given.
pub(super) struct Given {
    pub(super) a: Rows,
    pub(super) b: Vec<f64>,
    pub(super) c: Vec<f64>,
    pub(super) cones: Cones,
}

/// A real affine form of the slack: a constant, and minus these multiples of variables.
#[derive(Clone, PartialEq)]
pub(super) struct Form<'a> {
    pub(super) constant: f64,
    pub(super) entries: Cow<'a, [(usize, f64)]>,
}

impl Form<'_> {
    pub(super) fn is_zero(&self) -> bool {
        self.constant == 0.0 && self.entries.is_empty()
    }

    pub(super) fn is_negative_of(&self, other: &Self) -> bool {
        // The sum of two finite numbers is zero for no others.
        self.constant + other.constant == 0.0
            && self.entries.len() == other.entries.len()
            && (self.entries.iter().zip(other.entries.iter()))
                .all(|(a, b)| a.0 == b.0 && a.1 + b.1 == 0.0)
    }

    /// The variable and its factor in the slack where there is nothing else.
    pub(super) fn single(&self) -> Option<(usize, f64)> {
        match (self.constant == 0.0, &self.entries[..]) {
            (true, &[(column, value)]) => Some((column, -value)),
            _ => None,
        }
    }
}

impl Given {
    pub(super) fn form(&self, row: usize) -> Form<'_> {
        Form {
            constant: self.b[row],
            entries: Cow::Borrowed(self.a.row(row)),
        }
    }

    /// Mean of an entry of a square block and of the one across its diagonal.
    pub(super) fn symmetric(&self, first: usize, order: usize, i: usize, j: usize) -> Form<'_> {
        let (here, across) = (
            self.form(first + i + order * j),
            self.form(first + j + order * i),
        );
        if here == across {
            return here;
        }
        let mut sum: BTreeMap<usize, f64> = BTreeMap::new();
        for &(column, value) in here.entries.iter().chain(across.entries.iter()) {
            *sum.entry(column).or_default() += 0.5 * value;
        }
        Form {
            constant: 0.5 * (here.constant + across.constant),
            entries: sum.into_iter().filter(|(_, value)| *value != 0.0).collect(),
        }
    }
}

/// A semidefinite block: order in CVXPY's form, order of the Hermitian matrix, its entries on and above
/// the diagonal column by column, real and imaginary parts.
pub(super) struct Block<'a> {
    pub(super) first: usize,
    pub(super) embedded: usize,
    pub(super) order: usize,
    pub(super) entries: Vec<(usize, usize, Form<'a>, Form<'a>)>,
}

impl<'a> Block<'a> {
    pub(super) fn new(given: &'a Given, first: usize, embedded: usize) -> Self {
        let at = |i: usize, j: usize| given.symmetric(first, embedded, i, j);
        let nothing = || Form {
            constant: 0.0,
            entries: Cow::Borrowed(&[]),
        };
        let half = embedded / 2;
        let upper = |n: usize| (0..n).flat_map(|j| (0..=j).map(move |i| (i, j)));
        let folds = embedded > 0
            && embedded.is_multiple_of(2)
            && upper(half).all(|(i, j)| {
                at(i, j) == at(half + i, half + j)
                    && at(i, half + j).is_negative_of(&at(j, half + i))
            });
        let (order, entries) = if folds {
            let entry = |(i, j)| (i, j, at(i, j), at(j, half + i));
            (half, upper(half).map(entry).collect())
        } else {
            let entry = |(i, j)| (i, j, at(i, j), nothing());
            (embedded, upper(embedded).map(entry).collect())
        };
        Self {
            first,
            embedded,
            order,
            entries,
        }
    }

    pub(super) fn is_real(&self) -> bool {
        self.entries.iter().all(|(_, _, _, im)| im.is_zero())
    }

    /// Where every entry is a variable that occurs nowhere else in the block and is not taken: the
    /// variables with their places.
    pub(super) fn variable(&self, taken: &[Role]) -> Option<Vec<(usize, Place)>> {
        let real = self.is_real();
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for &(i, j, ref re, ref im) in &self.entries {
            for (form, imaginary) in [(re, false), (im, true)] {
                if imaginary && (real || i == j) {
                    if form.is_zero() {
                        continue;
                    }
                    return None;
                }
                let (column, scale) = form.single()?;
                if !matches!(taken[column], Role::Free) || !seen.insert(column) {
                    return None;
                }
                let place = Place {
                    block: 0,
                    i,
                    j,
                    imaginary,
                    scale,
                };
                found.push((column, place));
            }
        }
        Some(found)
    }

    /// `<U, block>` of the multiplier as the multiplier of CVXPY's form.
    pub(super) fn write(&self, u: MatRef<'_, c64>, z: &mut [f64]) {
        let (m, n) = (self.embedded, self.order);
        let z = &mut z[self.first..self.first + m * m];
        for j in 0..n {
            for i in 0..n {
                if m == n {
                    z[i + m * j] = u[(i, j)].re;
                    continue;
                }
                let half = u[(i, j)] * 0.5;
                z[i + m * j] = half.re;
                z[n + i + m * (n + j)] = half.re;
                z[n + i + m * j] = half.im;
                z[i + m * (n + j)] = -half.im;
            }
        }
    }
}

/// A variable that is an entry of a matrix: `scale x` is the real or imaginary part of entry `(i, j)`.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) block: usize,
    pub(super) i: usize,
    pub(super) j: usize,
    pub(super) imaginary: bool,
    pub(super) scale: f64,
}

/// What became of a variable.
#[derive(Clone, Copy)]
pub(super) enum Role {
    Free,
    /// `x = sign s` with `s >= 0`, as this row says.
    Signed {
        sign: f64,
        row: usize,
    },
    Entry(Place),
}

impl Place {
    /// The Hermitian coefficient whose inner product with the matrix is `factor` times the variable.
    pub(super) fn coefficient(&self, factor: f64) -> (usize, usize, c64) {
        let value = factor / self.scale;
        let value = match (self.i == self.j, self.imaginary) {
            (true, _) => c64::new(value, 0.0),
            (false, false) => c64::new(0.5 * value, 0.0),
            (false, true) => c64::new(0.0, 0.5 * value),
        };
        (self.i, self.j, value)
    }
}
