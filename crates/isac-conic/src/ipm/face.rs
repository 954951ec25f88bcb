//! Facial reduction by rows that no interior point satisfies.
//!
//! A row `<A, X> = 0` with semidefinite `A` confines `X` to the null space of `A`: with an
//! orthonormal basis `N` of it, `X = N Y N^H`. Without this, such programs have no interior and the
//! multiplier of the row grows without limit; it is chosen afterwards, large enough to make the
//! dual block semidefinite.

use isac_linalg::{Mat, c64, factor, hermitian, ops, real};

use super::{Matrices, Run, Standard, Upper};

/// Eigenvalues below this, relative to the largest, count as zero.
const CUT: f64 = 1e-10;

/// A confined block.
struct Confined {
    block: usize,
    basis: Mat<c64>,
    /// Rows that confine it, with the sign that makes their matrix positive semidefinite.
    rows: Vec<(usize, f64)>,
}

/// A program without those rows, and the way back.
pub(super) struct Face {
    pub(super) standard: Standard,
    confined: Vec<Confined>,
}

/// Finds confining rows; `None` when there are none.
pub(super) fn reduce(standard: &Standard) -> Option<Face> {
    let mut owner: Vec<Option<usize>> = vec![None; standard.b.len()];
    let mut shared: Vec<bool> = standard.b.iter().map(|b| *b != 0.0).collect();
    for (k, data) in standard.matrices.iter().enumerate() {
        for (row, _) in &data.pool {
            shared[*row] = true;
        }
        for (row, _) in &data.explicit {
            shared[*row] |= owner[*row].replace(k).is_some();
        }
    }
    let columns = standard
        .linear
        .iter()
        .chain(standard.cones.iter().flatten());
    for (row, _) in columns.chain(&standard.free).flat_map(|column| &column.a) {
        shared[*row] = true;
    }
    let mut confined = Vec::new();
    for (block, data) in standard.matrices.iter().enumerate() {
        let mut range: Vec<Vec<c64>> = Vec::new();
        let mut rows = Vec::new();
        for (row, entries) in data.explicit.iter().filter(|(row, _)| !shared[*row]) {
            if let Some((sign, vectors)) = semidefinite(data, entries) {
                rows.push((*row, sign));
                range.extend(vectors);
            }
        }
        if rows.is_empty() {
            continue;
        }
        let range = Mat::from_fn(data.n, range.len(), |i, j| range[j][i]);
        let basis = complement(&range, data.real)?;
        if basis.ncols() == 0 {
            return None;
        }
        confined.push(Confined { block, basis, rows });
    }
    if confined.is_empty() {
        return None;
    }
    let mut smaller = standard.clone();
    for face in &confined {
        smaller.matrices[face.block] = compress(&standard.matrices[face.block], face);
    }
    Some(Face {
        standard: smaller,
        confined,
    })
}

/// The sign that makes a Hermitian matrix positive semidefinite, and its range.
fn semidefinite(data: &Matrices, entries: &Upper) -> Option<(f64, Vec<Vec<c64>>)> {
    let mut support: Vec<usize> = entries.iter().flat_map(|&(i, j, _)| [i, j]).collect();
    support.sort_unstable();
    support.dedup();
    let size = support.len();
    let at = |i: usize| support.partition_point(|&s| s < i);
    let mut diagonal = vec![0.0; size];
    for &(i, _, v) in entries.iter().filter(|e| e.0 == e.1) {
        diagonal[at(i)] += v.re;
    }
    let sign = diagonal.first()?.signum();
    // A zero on the diagonal with entries beside it is never semidefinite.
    if diagonal.iter().any(|d| d * sign <= 0.0) {
        return None;
    }
    let mut a = Mat::<c64>::zeros(size, size);
    for &(i, j, v) in entries {
        let (i, j, v) = (at(i), at(j), v * sign);
        a[(i, j)] += v;
        if i != j {
            a[(j, i)] += v.conj();
        }
    }
    let (values, vectors) = eigen(&a, data.real)?;
    let top = values.last().copied()?;
    if values[0] < -CUT * top {
        return None;
    }
    let range = (0..size).filter(|&k| values[k] > CUT * top).map(|k| {
        let mut v = vec![c64::ZERO; data.n];
        for (p, &i) in support.iter().enumerate() {
            v[i] = vectors[(p, k)];
        }
        v
    });
    Some((sign, range.collect()))
}

/// Eigenvalues and vectors, in real arithmetic for real blocks so that the vectors are real.
fn eigen(a: &Mat<c64>, is_real: bool) -> Option<(Vec<f64>, Mat<c64>)> {
    if is_real {
        let re = Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)].re);
        let eigen = real::eigh(re.as_ref()).ok()?;
        let vectors = Mat::from_fn(a.nrows(), a.ncols(), |i, j| {
            c64::new(eigen.vectors[(i, j)], 0.0)
        });
        return Some((eigen.values, vectors));
    }
    let eigen = factor::eigh(a.as_ref()).ok()?;
    Some((eigen.values, eigen.vectors))
}

/// Orthonormal basis of the orthogonal complement of a range.
fn complement(range: &Mat<c64>, is_real: bool) -> Option<Mat<c64>> {
    let n = range.nrows();
    let span = factor::orthonormal_basis(range.as_ref(), CUT).ok()?;
    let projector =
        hermitian::hermitian_part(ops::mul_adjoint(span.as_ref(), span.as_ref()).as_ref());
    let (values, vectors) = eigen(&projector, is_real)?;
    let rank = values.iter().filter(|v| **v < 0.5).count();
    Some(vectors.as_ref().subcols(0, rank).to_owned()).filter(|b| b.nrows() == n)
}

/// The block's data in the coordinates of its face: explicit entries become a pool over the rows of
/// the basis.
fn compress(data: &Matrices, face: &Confined) -> Matrices {
    let p = data.vectors.ncols();
    let n = data.n;
    let adjoint = |j: usize| (0..face.basis.ncols()).map(move |i| (i, j));
    let mut vectors = Mat::<c64>::zeros(face.basis.ncols(), p + n);
    let old = ops::adjoint_mul(face.basis.as_ref(), data.vectors.as_ref());
    for j in 0..p + n {
        for (i, j) in adjoint(j) {
            vectors[(i, j)] = if j < p {
                old[(i, j)]
            } else {
                face.basis[(j - p, i)].conj()
            };
        }
    }
    let moved = |entries: &Upper| -> Upper {
        let shifted = entries.iter().map(|&(i, j, v)| (i + p, j + p, v));
        shifted.collect()
    };
    let dropped = |row: usize| face.rows.iter().any(|(r, _)| *r == row);
    let mut pool = data.pool.clone();
    for (row, entries) in data.explicit.iter().filter(|(row, _)| !dropped(*row)) {
        match pool.iter_mut().find(|(r, _)| r == row) {
            Some((_, list)) if p > 0 => list.extend(moved(entries)),
            _ => pool.push((*row, moved(entries))),
        }
    }
    let mut c_core = data.c_core.clone();
    c_core.extend(moved(&data.c_explicit));
    Matrices {
        n: face.basis.ncols(),
        vectors,
        pool,
        explicit: Vec::new(),
        c_shift: data.c_shift,
        c_core,
        c_explicit: Vec::new(),
        real: data.real,
    }
}

impl Face {
    /// A run of the smaller program as one of the original.
    pub(super) fn expand(&self, original: &Standard, mut run: Run) -> Run {
        for face in &self.confined {
            let data = &original.matrices[face.block];
            let x = run.matrices[face.block].0.as_ref();
            let half = ops::mul(face.basis.as_ref(), x);
            let full = ops::mul_adjoint(half.as_ref(), face.basis.as_ref());
            // c - A^T y is c times one for a solution and dropped for a ray.
            let with_c = if run.is_ray() { 0.0 } else { 1.0 };
            let mut slack = assemble(data, &run.y, with_c);
            let mut direction = Mat::<c64>::zeros(data.n, data.n);
            for (row, entries) in &data.explicit {
                if let Some((_, sign)) = face.rows.iter().find(|(r, _)| r == row) {
                    scatter(&mut direction, entries, *sign);
                }
            }
            let size = ops::norm_max(slack.as_ref()).max(1e-300);
            let unit = size / ops::norm_max(direction.as_ref()).max(1e-300);
            let mut best = (f64::NEG_INFINITY, 0.0);
            for power in 0..=18 {
                let t = unit * 10.0_f64.powf(0.5 * f64::from(power));
                let mut trial = slack.clone();
                ops::axpy(trial.as_mut(), t, direction.as_ref());
                let Some(least) = eigen(&trial, data.real).and_then(|e| e.0.first().copied())
                else {
                    continue;
                };
                if least > best.0 {
                    best = (least, t);
                }
                if least >= -1e-13 * size {
                    break;
                }
            }
            for &(row, sign) in &face.rows {
                run.y[row] = -sign * best.1;
            }
            ops::axpy(slack.as_mut(), best.1, direction.as_ref());
            run.matrices[face.block] = (hermitian::hermitian_part(full.as_ref()), slack);
        }
        run
    }
}

fn scatter(target: &mut Mat<c64>, entries: &Upper, factor: f64) {
    for &(i, j, v) in entries {
        target[(i, j)] += v * factor;
        if i != j {
            target[(j, i)] += v.conj() * factor;
        }
    }
}

/// `with_c c - A^T y` of one block.
fn assemble(data: &Matrices, y: &[f64], with_c: f64) -> Mat<c64> {
    let p = data.vectors.ncols();
    let mut core = Mat::<c64>::zeros(p, p);
    scatter(&mut core, &data.c_core, with_c);
    for (row, entries) in &data.pool {
        scatter(&mut core, entries, -y[*row]);
    }
    let half = ops::mul(data.vectors.as_ref(), core.as_ref());
    let mut out = ops::mul_adjoint(half.as_ref(), data.vectors.as_ref());
    for i in 0..data.n {
        out[(i, i)] += with_c * data.c_shift;
    }
    scatter(&mut out, &data.c_explicit, with_c);
    for (row, entries) in &data.explicit {
        scatter(&mut out, entries, -y[*row]);
    }
    hermitian::hermitian_part(out.as_ref())
}
