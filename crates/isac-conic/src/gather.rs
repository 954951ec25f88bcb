//! Collects the coefficients of one semidefinite block: which go into a shared pool of vectors and
//! which are kept entry by entry.

use std::collections::HashMap;
use std::sync::Arc;

use isac_linalg::{Mat, MatRef, c64, ops};

use super::expr::{Coefficient, Data};
use super::ipm::{Matrices, Upper};

/// Orders below this never use a pool.
const SMALL: usize = 4;

/// One block being collected. Targets are rows, or the objective (`None`).
#[derive(Debug)]
pub(super) struct Gather {
    n: usize,
    force_real: bool,
    items: Vec<(Option<usize>, f64, Coefficient)>,
}

/// Upper entries of a Hermitian coefficient of order `n`, whatever its form.
pub(super) fn upper(coefficient: &Coefficient, n: usize) -> Upper {
    let w = coefficient.weight;
    let mut out = match &coefficient.data {
        Data::Identity => (0..n).map(|i| (i, i, c64::ONE)).collect(),
        Data::Sparse(entries) => entries.to_vec(),
        Data::Dense(a) => dense_upper(a.as_ref().as_ref()),
        Data::Factor { vectors, core } => factor_upper(vectors, core),
    };
    out.iter_mut().for_each(|entry| entry.2 *= w);
    out
}

fn dense_upper(a: MatRef<'_, c64>) -> Upper {
    let mut out = Vec::new();
    for j in 0..a.ncols() {
        for i in 0..=j {
            if a[(i, j)] != c64::ZERO {
                out.push((i, j, a[(i, j)]));
            }
        }
    }
    out
}

fn support(vectors: &Mat<c64>, p: usize) -> Vec<(usize, c64)> {
    let column = vectors.col_as_slice(p).iter().enumerate();
    column
        .filter(|(_, v)| **v != c64::ZERO)
        .map(|(i, v)| (i, *v))
        .collect()
}

fn factor_upper(vectors: &Mat<c64>, core: &[(usize, usize, c64)]) -> Upper {
    let mut out = Vec::new();
    for &(p, q, b) in core {
        let (left, right) = (support(vectors, p), support(vectors, q));
        for &(i, x) in &left {
            for &(j, y) in &right {
                let value = b * x * y.conj();
                if p == q {
                    if i <= j {
                        out.push((i, j, value));
                    }
                } else {
                    // b v_p v_q^H and its adjoint.
                    match i.cmp(&j) {
                        std::cmp::Ordering::Less => out.push((i, j, value)),
                        std::cmp::Ordering::Greater => out.push((j, i, value.conj())),
                        std::cmp::Ordering::Equal => {
                            out.push((i, i, c64::new(2.0 * value.re, 0.0)));
                        }
                    }
                }
            }
        }
    }
    out
}

impl Gather {
    pub(super) fn new(n: usize, force_real: bool) -> Self {
        Self {
            n,
            force_real,
            items: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, target: Option<usize>, factor: f64, coefficient: &Coefficient) {
        if factor * coefficient.weight != 0.0 {
            self.items.push((target, factor, coefficient.clone()));
        }
    }

    /// The block in the form the solver takes.
    pub(super) fn finish(self) -> Matrices {
        let Self {
            n,
            force_real,
            items,
        } = self;
        let mut pool = Pool::new(n);
        let mut pooled: Vec<Option<Vec<usize>>> = Vec::with_capacity(items.len());
        for (_, _, coefficient) in &items {
            pooled.push(match &coefficient.data {
                Data::Factor { vectors, core } if !force_real && n > SMALL => {
                    pool.take(vectors, core)
                }
                _ => None,
            });
        }
        if pool.columns.len() > 2 * n {
            pooled.iter_mut().for_each(|entry| *entry = None);
            pool = Pool::new(n);
        }
        let mut out = Matrices {
            n,
            vectors: Mat::from_fn(n, pool.columns.len(), |i, p| pool.columns[p][i]),
            pool: Vec::new(),
            explicit: Vec::new(),
            c_shift: 0.0,
            c_core: Vec::new(),
            c_explicit: Vec::new(),
            real: true,
        };
        let (mut pool_at, mut explicit_at) = (HashMap::new(), HashMap::new());
        for ((target, factor, coefficient), map) in items.iter().zip(&pooled) {
            let factor = *factor;
            if let (Some(map), Data::Factor { core, .. }) = (map, &coefficient.data) {
                let weight = factor * coefficient.weight;
                let entries = core.iter().map(|&(p, q, b)| {
                    let (p, q, b) = (map[p], map[q], b * weight);
                    match p.cmp(&q) {
                        std::cmp::Ordering::Less => (p, q, b),
                        std::cmp::Ordering::Greater => (q, p, b.conj()),
                        std::cmp::Ordering::Equal => (p, p, b),
                    }
                });
                // Two columns that fell together turn an off-diagonal entry into a diagonal one.
                let entries: Upper = entries
                    .zip(core.iter())
                    .map(|((p, q, b), &(was_p, was_q, _))| {
                        if p == q && was_p != was_q {
                            (p, q, c64::new(2.0 * b.re, 0.0))
                        } else {
                            (p, q, b)
                        }
                    })
                    .collect();
                match target {
                    None => out.c_core.extend(entries),
                    Some(row) => extend(&mut out.pool, &mut pool_at, *row, entries),
                }
                continue;
            }
            if let (None, Data::Identity) = (target, &coefficient.data) {
                out.c_shift += factor * coefficient.weight;
                continue;
            }
            let mut entries = upper(coefficient, n);
            for entry in &mut entries {
                entry.2 *= factor;
                if force_real || entry.0 == entry.1 {
                    entry.2.im = 0.0;
                }
            }
            entries.retain(|entry| entry.2 != c64::ZERO);
            match target {
                None => out.c_explicit.extend(entries),
                Some(row) => extend(&mut out.explicit, &mut explicit_at, *row, entries),
            }
        }
        let real_upper = |entries: &Upper| entries.iter().all(|entry| entry.2.im == 0.0);
        out.real = pool.columns.iter().flatten().all(|v| v.im == 0.0)
            && real_upper(&out.c_core)
            && real_upper(&out.c_explicit)
            && out.pool.iter().all(|(_, entries)| real_upper(entries))
            && out.explicit.iter().all(|(_, entries)| real_upper(entries));
        out
    }
}

fn extend(
    list: &mut Vec<(usize, Upper)>,
    at: &mut HashMap<usize, usize>,
    row: usize,
    entries: Upper,
) {
    let position = *at.entry(row).or_insert_with(|| {
        list.push((row, Vec::new()));
        list.len() - 1
    });
    list[position].1.extend(entries);
}

/// Distinct vectors of a block.
#[derive(Debug)]
struct Pool {
    n: usize,
    columns: Vec<Vec<c64>>,
    known: HashMap<Vec<u64>, usize>,
    /// What an already seen set of vectors was mapped to, by address.
    seen: HashMap<usize, Option<Vec<usize>>>,
}

impl Pool {
    fn new(n: usize) -> Self {
        Self {
            n,
            columns: Vec::new(),
            known: HashMap::new(),
            seen: HashMap::new(),
        }
    }

    /// Positions of the columns in the pool; `None` when entries are cheaper.
    fn take(
        &mut self,
        vectors: &Arc<Mat<c64>>,
        core: &[(usize, usize, c64)],
    ) -> Option<Vec<usize>> {
        let address = Arc::as_ptr(vectors) as usize;
        if let Some(known) = self.seen.get(&address) {
            return known.clone();
        }
        let sizes: Vec<usize> = (0..vectors.ncols())
            .map(|p| support(vectors, p).len())
            .collect();
        let filled: usize = core.iter().map(|&(p, q, _)| sizes[p] * sizes[q]).sum();
        let result = if filled <= core.len() * 4 || filled <= self.n {
            None
        } else {
            Some(
                (0..vectors.ncols())
                    .map(|p| self.column(vectors.col_as_slice(p)))
                    .collect(),
            )
        };
        self.seen.insert(address, result.clone());
        result
    }

    fn column(&mut self, v: &[c64]) -> usize {
        let key: Vec<u64> = v
            .iter()
            .flat_map(|z| [(z.re + 0.0).to_bits(), (z.im + 0.0).to_bits()])
            .collect();
        let columns = &mut self.columns;
        *self.known.entry(key).or_insert_with(|| {
            columns.push(v.to_vec());
            columns.len() - 1
        })
    }
}

/// `<A, E>` for all basis matrices of a Hermitian variable: diagonal, then the upper triangle
/// column by column, real and (unless `real`) imaginary unit.
pub(super) fn basis_products(coefficient: &Coefficient, n: usize, real: bool) -> Vec<(usize, f64)> {
    let mut a = Mat::<c64>::zeros(n, n);
    for (i, j, v) in upper(coefficient, n) {
        a[(i, j)] += v;
    }
    let mut out = Vec::new();
    for (k, (i, j, unit)) in basis(n, real).into_iter().enumerate() {
        let value = if i == j {
            a[(i, i)].re
        } else {
            2.0 * (a[(i, j)].conj() * unit).re
        };
        if value != 0.0 {
            out.push((k, value));
        }
    }
    out
}

/// Basis of the Hermitian (or real symmetric) matrices: upper entry `(i, j)` and its value.
pub(super) fn basis(n: usize, real: bool) -> Vec<(usize, usize, c64)> {
    let mut out = Vec::with_capacity(n * n);
    for j in 0..n {
        for i in 0..j {
            out.push((i, j, c64::ONE));
            if !real {
                out.push((i, j, c64::I));
            }
        }
        out.push((j, j, c64::ONE));
    }
    out
}

/// The matrix with the given coordinates in [`basis`].
pub(super) fn from_basis(n: usize, real: bool, coordinates: &[f64]) -> Mat<c64> {
    let mut out = Mat::<c64>::zeros(n, n);
    for ((i, j, unit), &t) in basis(n, real).into_iter().zip(coordinates) {
        out[(i, j)] += unit * t;
    }
    for j in 0..n {
        for i in 0..j {
            out[(j, i)] = out[(i, j)].conj();
        }
    }
    out
}

/// `V B V^H` of a coefficient as a dense matrix; used where a block is tiny.
pub(super) fn dense(coefficient: &Coefficient, n: usize) -> Mat<c64> {
    let mut out = Mat::<c64>::zeros(n, n);
    if let Data::Factor { vectors, core } = &coefficient.data {
        let p = vectors.ncols();
        let mut b = Mat::<c64>::zeros(p, p);
        for &(i, j, v) in core.iter() {
            b[(i, j)] += v * coefficient.weight;
            if i != j {
                b[(j, i)] += v.conj() * coefficient.weight;
            }
        }
        let half = ops::mul(vectors.as_ref().as_ref(), b.as_ref());
        return ops::mul_adjoint(half.as_ref(), vectors.as_ref().as_ref());
    }
    for (i, j, v) in upper(coefficient, n) {
        out[(i, j)] += v;
        if i != j {
            out[(j, i)] += v.conj();
        }
    }
    out
}
