//! The conic engine on random semidefinite programs whose truth is known by construction.
//!
//! ```math
//! (P) min c^T x   s.t.  F_1 x_1 + ... + F_m x_m - F_0 >= 0
//! ```
//!
//! Optima are built from complementary pairs, infeasible programs from multipliers of small integers
//! (every product exact), gaps and programs without interior from their smallest examples; all are
//! hidden by congruences with integer matrices of determinant one and scaled over twenty decades.

use isac_conic::sdpa::{BlockKind, Problem};
use isac_conic::{Form, Options, Outcome};
use isac_models::rng::{Stream, stream};
use rand::RngExt as Rng;

use isac_lab::stress::Trial;

/// Symmetric, by rows.
type Square = Vec<Vec<f64>>;

/// What is known of an instance.
enum Truth {
    /// Optimal value, and the norm of a feasible point.
    Value { value: f64, norm: f64 },
    /// No feasible point; solved programs of this kind claim too much.
    Empty,
    /// The value of (P) differs from that of (D) by `apart`, beside which every error is measured.
    Gap { value: f64, apart: f64 },
    /// The objective improves without limit.
    Unbounded,
}

/// One random instance through [`Problem::solve`], judged by the truth and by its own point.
pub(crate) fn stress(seed: u64, instance: u64) -> Trial {
    let mut rng = stream(seed, Stream::Randomisation, instance);
    let (class, problem, truth) = match instance % 8 {
        0 => optimum(&mut rng, false),
        1 => optimum(&mut rng, true),
        2 => corner(&mut rng),
        3 => chain(&mut rng),
        4 => strongly_infeasible(&mut rng),
        5 => weakly_infeasible(&mut rng),
        6 => gap(&mut rng),
        _ => unbounded(&mut rng),
    };
    let (outcome, x) = match solve(&problem) {
        Ok(answer) => answer,
        Err(error) => {
            return Trial {
                class,
                status: "error".into(),
                over_claim: Some(error.to_string()),
            };
        }
    };
    Trial {
        class,
        status: outcome.name().into(),
        over_claim: over_claim(&problem, &truth, &outcome, &x),
    }
}

/// The outcome and the point's variables, as far as there is one.
fn solve(problem: &Problem) -> Result<(Outcome, Vec<f64>), isac_conic::Error> {
    let (program, variables) = problem.program();
    let options = Options {
        form: Form::Dual,
        ..Options::default()
    };
    let outcome = program.solve(&options)?;
    let x = match outcome.solution() {
        Some(s) => variables
            .iter()
            .map(|&v| s.scalar(v))
            .collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    Ok((outcome, x))
}

fn over_claim(problem: &Problem, truth: &Truth, outcome: &Outcome, x: &[f64]) -> Option<String> {
    match (truth, outcome) {
        (Truth::Value { value, .. }, Outcome::Solved(s)) => {
            let error = (s.objective - value).abs() / value.abs().max(f64::MIN_POSITIVE);
            (error > 1e-4)
                .then(|| format!("value {:e} where the optimum is {value:e}", s.objective))
                .or_else(|| outside(problem, x))
        }
        (Truth::Value { norm, .. }, Outcome::NoPointBelow(f)) => (f.radius > *norm)
            .then(|| format!("no point below {:e}, yet one of norm {norm:e}", f.radius)),
        (Truth::Value { value, .. }, Outcome::Infeasible(_) | Outcome::Unbounded(_)) => {
            Some(format!("the optimum is {value:e}"))
        }
        (Truth::Empty, Outcome::Solved(s) | Outcome::Inaccurate(s)) => Some(format!(
            "value {:e} of a program without a point",
            s.objective
        )),
        (Truth::Gap { value, apart }, Outcome::Solved(s) | Outcome::Inaccurate(s)) => {
            ((s.objective - value).abs() > 1e-4 * apart).then(|| {
                let dual = value - apart;
                format!(
                    "value {:e} where (P) has {value:e} and (D) {dual:e}",
                    s.objective
                )
            })
        }
        (Truth::Gap { value, apart }, Outcome::IllPosed(found)) => {
            let own = found.value.filter(|v| (v - value).abs() > 1e-4 * apart);
            own.map(|v| format!("value {v:e} of (P) where it is {value:e}, {apart:e} above (D)"))
        }
        (Truth::Gap { .. }, Outcome::Infeasible(_) | Outcome::Unbounded(_)) => {
            Some("both sides have points".into())
        }
        (Truth::Unbounded, Outcome::Solved(s) | Outcome::Inaccurate(s)) => {
            Some(format!("value {:e} of an unbounded program", s.objective))
        }
        (Truth::Unbounded, Outcome::Infeasible(_)) => Some("it has points".into()),
        (
            Truth::Value { .. },
            Outcome::Inaccurate(_)
            | Outcome::NoMultipliersBelow(_)
            | Outcome::IllPosed(_)
            | Outcome::Unknown(_),
        )
        | (
            Truth::Empty,
            Outcome::Infeasible(_)
            | Outcome::NoPointBelow(_)
            | Outcome::Unbounded(_)
            | Outcome::NoMultipliersBelow(_)
            | Outcome::IllPosed(_)
            | Outcome::Unknown(_),
        )
        | (
            Truth::Gap { .. } | Truth::Unbounded,
            Outcome::NoPointBelow(_) | Outcome::NoMultipliersBelow(_) | Outcome::Unknown(_),
        )
        | (Truth::Unbounded, Outcome::Unbounded(_) | Outcome::IllPosed(_)) => None,
    }
}

/// Whether a point leaves the cone by more than rounding of its own terms: a Cholesky factorisation of the
/// slack scaled by those terms, written here.
fn outside(problem: &Problem, x: &[f64]) -> Option<String> {
    for (b, kind) in problem.blocks.iter().enumerate() {
        let (BlockKind::Matrix(n) | BlockKind::Diagonal(n)) = *kind;
        let mut slack = vec![vec![0.0; n]; n];
        let mut size = vec![0.0; n];
        for &(matrix, block, i, j, value) in &problem.entries {
            if block != b {
                continue;
            }
            let term = value * matrix.checked_sub(1).map_or(-1.0, |k| x[k]);
            slack[i][j] += term;
            if i == j {
                size[i] += term.abs();
            } else {
                slack[j][i] += term;
            }
        }
        let top = size.iter().fold(0.0, |t: f64, s| t.max(*s));
        for i in 0..n {
            for j in 0..n {
                let unit = |k: usize| size[k].max(1e-14 * top).max(f64::MIN_POSITIVE).sqrt();
                slack[i][j] /= unit(i) * unit(j);
            }
            slack[i][i] += 1e-5;
        }
        if !positive(slack) {
            return Some(format!("the point leaves block {}", b + 1));
        }
    }
    None
}

/// Cholesky's pivots.
fn positive(mut a: Square) -> bool {
    let n = a.len();
    for k in 0..n {
        if a[k][k] <= 0.0 {
            return false;
        }
        for i in k + 1..n {
            let factor = a[i][k] / a[k][k];
            for j in k + 1..n {
                a[i][j] -= factor * a[k][j];
            }
        }
    }
    true
}

fn between(rng: &mut impl Rng, low: i32, high: i32) -> f64 {
    f64::from(rng.random_range(low..=high))
}

fn symmetric(rng: &mut impl Rng, n: usize, top: i32) -> Square {
    let mut a = vec![vec![0.0; n]; n];
    for j in 0..n {
        for i in 0..=j {
            a[i][j] = between(rng, -top, top);
            a[j][i] = a[i][j];
        }
    }
    a
}

fn inner(a: &Square, b: &Square) -> f64 {
    let rows = a.iter().zip(b);
    rows.map(|(a, b)| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>())
        .sum()
}

/// `sum weights_k v_k v_k^T`.
fn outer(vectors: &[Vec<f64>], weights: &[f64]) -> Square {
    let n = vectors[0].len();
    let mut out = vec![vec![0.0; n]; n];
    for (v, w) in vectors.iter().zip(weights) {
        for i in 0..n {
            for j in 0..n {
                out[i][j] += w * v[i] * v[j];
            }
        }
    }
    out
}

/// `T^T A T` for a product `T` of a few integer shears, so that every entry stays an integer.
fn hidden(rng: &mut impl Rng, matrices: &mut [Square]) {
    let n = matrices[0].len();
    for _ in 0..rng.random_range(0..=3) {
        let (i, j) = (rng.random_range(0..n), rng.random_range(0..n));
        let factor = between(rng, -2, 2);
        if i == j {
            continue;
        }
        for a in matrices.iter_mut() {
            for k in 0..n {
                a[k][j] += factor * a[k][i];
            }
            for k in 0..n {
                a[j][k] += factor * a[i][k];
            }
        }
    }
}

/// A power of ten.
fn decade(rng: &mut impl Rng, low: i32, high: i32) -> f64 {
    10.0_f64.powi(rng.random_range(low..=high))
}

/// Factors of the costs, of `F_0` and of the other matrices. They are powers of two, so that products that
/// cancel cancel still.
struct Units {
    cost: f64,
    right: f64,
    data: f64,
}

impl Units {
    fn draw(rng: &mut impl Rng) -> Self {
        let mut one = || 2.0_f64.powi(rng.random_range(-33..=33));
        Self {
            cost: one(),
            right: one(),
            data: one(),
        }
    }

    /// What variables are multiplied by.
    fn point(&self) -> f64 {
        self.right / self.data
    }

    /// What values are multiplied by.
    fn value(&self) -> f64 {
        self.cost * self.point()
    }

    fn problem(&self, mut c: Vec<f64>, mut matrices: Vec<Square>) -> Problem {
        for (k, a) in matrices.iter_mut().enumerate() {
            let factor = if k == 0 { self.right } else { self.data };
            a.iter_mut().flatten().for_each(|v| *v *= factor);
        }
        c.iter_mut().for_each(|c| *c *= self.cost);
        problem(c, &matrices)
    }
}

/// One matrix block from `F_0, F_1, ...`.
fn problem(c: Vec<f64>, matrices: &[Square]) -> Problem {
    let n = matrices[0].len();
    let mut entries = Vec::new();
    for (k, a) in matrices.iter().enumerate() {
        for j in 0..n {
            for i in 0..=j {
                if a[i][j] != 0.0 {
                    entries.push((k, 0, i, j, a[i][j]));
                }
            }
        }
    }
    Problem {
        c,
        blocks: vec![BlockKind::Matrix(n)],
        entries,
    }
}

/// A complementary pair: `x` of integers, `X = V D V^T` and `Y` on the orthogonal vectors; `F_1` is the
/// identity's kin, so that (P) has interior points and no gap.
fn optimum(rng: &mut impl Rng, scaled: bool) -> (&'static str, Problem, Truth) {
    // Columns of an orthogonal matrix of integers, up to length.
    let basis = [
        vec![1.0, 1.0, 1.0, 1.0],
        vec![1.0, -1.0, 1.0, -1.0],
        vec![1.0, 1.0, -1.0, -1.0],
        vec![1.0, -1.0, -1.0, 1.0],
    ];
    let rank = rng.random_range(1..=3);
    let weights: Vec<f64> = (0..4).map(|_| between(rng, 1, 9)).collect();
    let x_slack = outer(&basis[..rank], &weights[..rank]);
    let y = outer(&basis[rank..], &weights[rank..]);
    let m = rng.random_range(1..=4);
    let mut list: Vec<Square> = (0..m).map(|_| symmetric(rng, 4, 6)).collect();
    let plus = between(rng, 1, 3);
    list[0] = outer(&basis, &[plus, 1.0, 1.0, plus]);
    let x: Vec<f64> = (0..m).map(|_| between(rng, -5, 5)).collect();
    let c: Vec<f64> = list.iter().map(|f| inner(f, &y)).collect();
    let mut f0 = vec![vec![0.0; 4]; 4];
    for i in 0..4 {
        for j in 0..4 {
            let sum: f64 = list.iter().zip(&x).map(|(f, x)| f[i][j] * x).sum();
            f0[i][j] = sum - x_slack[i][j];
        }
    }
    let mut value: f64 = c.iter().zip(&x).map(|(c, x)| c * x).sum();
    let mut norm: f64 = x.iter().map(|x| x.abs()).sum();
    let (mut cost, mut right, mut data) = (1.0, 1.0, 1.0);
    if scaled {
        cost = decade(rng, -10, 10);
        right = decade(rng, -10, 10);
        data = decade(rng, -10, 10);
    }
    let times = |a: &Square, s: f64| -> Square {
        let row = |row: &Vec<f64>| row.iter().map(|v| v * s).collect();
        a.iter().map(row).collect()
    };
    let mut matrices = vec![times(&f0, right)];
    matrices.extend(list.iter().map(|f| times(f, data)));
    let c: Vec<f64> = c.iter().map(|c| c * cost).collect();
    value *= cost * right / data;
    norm *= right / data;
    if value == 0.0 {
        // Nothing to compare with: one more variable of known cost.
        return optimum(rng, scaled);
    }
    let class = if scaled { "optimum scaled" } else { "optimum" };
    (class, problem(c, &matrices), Truth::Value { value, norm })
}

/// `x` with `[[x, 1], [1, e]] >= 0`, hidden: `1/e`.
fn corner(rng: &mut impl Rng) -> (&'static str, Problem, Truth) {
    let e = decade(rng, -13, 0) * between(rng, 1, 9);
    let mut matrices = vec![
        vec![vec![0.0, -1.0], vec![-1.0, -e]],
        vec![vec![1.0, 0.0], vec![0.0, 0.0]],
    ];
    // Only shears that leave the small entry alone keep it a double.
    let k = between(rng, 0, 3);
    matrices[0][0][0] = 2.0 * k;
    let value = 1.0 / e + 2.0 * k;
    let truth = Truth::Value {
        value,
        norm: 2.0 / e + 10.0,
    };
    ("corner", problem(vec![1.0], &matrices), truth)
}

/// `x2` with `[[1, x1], [x1, x2]] >= 0`, `x1 >= r`, as one block: `r^2`, in any units.
fn chain(rng: &mut impl Rng) -> (&'static str, Problem, Truth) {
    let r = decade(rng, -6, 6) * between(rng, 1, 9);
    let mut f0 = vec![vec![0.0; 3]; 3];
    f0[0][0] = -1.0;
    f0[2][2] = r;
    let mut f1 = vec![vec![0.0; 3]; 3];
    (f1[0][1], f1[1][0], f1[2][2]) = (1.0, 1.0, 1.0);
    let mut f2 = vec![vec![0.0; 3]; 3];
    f2[1][1] = 1.0;
    let units = Units::draw(rng);
    let truth = Truth::Value {
        value: r * r * units.value(),
        norm: (r + r * r) * units.point(),
    };
    let problem = units.problem(vec![0.0, 1.0], vec![f0, f1, f2]);
    ("chain", problem, truth)
}

/// `<F_i, Y> = 0` exactly and `<F_0, Y> > 0` for a `Y >= 0` of integers, of any rank.
fn strongly_infeasible(rng: &mut impl Rng) -> (&'static str, Problem, Truth) {
    let n = rng.random_range(2..=4);
    let rank = rng.random_range(1..=n);
    let vectors: Vec<Vec<f64>> = (0..rank)
        .map(|_| {
            let mut v: Vec<f64> = (0..n).map(|_| between(rng, -2, 2)).collect();
            v[0] = 1.0;
            v
        })
        .collect();
    let y = outer(&vectors, &vec![1.0; rank]);
    let square = inner(&y, &y);
    let m = rng.random_range(1..=6);
    let margin = decade(rng, -4, 1);
    let mut matrices = Vec::new();
    for k in 0..=m {
        let a = symmetric(rng, n, 4);
        let along = inner(&a, &y);
        // |Y|^2 A - <A, Y> Y, all integers; F_0 keeps a margin.
        let mut out = a.clone();
        for i in 0..n {
            for j in 0..n {
                out[i][j] = square * a[i][j] - along * y[i][j];
                if k == 0 {
                    out[i][j] = out[i][j] / square + margin * y[i][j];
                }
            }
        }
        matrices.push(out);
    }
    let c = (0..m).map(|_| between(rng, -9, 9)).collect();
    ("strongly infeasible", problem(c, &matrices), Truth::Empty)
}

/// `[[x, 1], [1, 0]] >= 0`, with a block beside it, hidden.
fn weakly_infeasible(rng: &mut impl Rng) -> (&'static str, Problem, Truth) {
    let mut f0 = vec![vec![0.0; 3]; 3];
    (f0[0][1], f0[1][0]) = (-1.0, -1.0);
    f0[2][2] = between(rng, -3, 3);
    let mut f1 = vec![vec![0.0; 3]; 3];
    f1[0][0] = between(rng, 1, 5);
    let mut f2 = vec![vec![0.0; 3]; 3];
    f2[2][2] = 1.0;
    let mut matrices = vec![f0, f1, f2];
    hidden(rng, &mut matrices);
    let c = vec![between(rng, 0, 2), between(rng, 0, 2)];
    ("weakly infeasible", problem(c, &matrices), Truth::Empty)
}

/// `min a x2` over `[[x1, x2, 0], [x2, 0, 0], [0, 0, x2 + 1]] >= 0`, hidden, in any units: 0, the dual has
/// `-a`.
fn gap(rng: &mut impl Rng) -> (&'static str, Problem, Truth) {
    let a = between(rng, 1, 9);
    let mut f0 = vec![vec![0.0; 3]; 3];
    f0[2][2] = -1.0;
    let mut f1 = vec![vec![0.0; 3]; 3];
    f1[0][0] = 1.0;
    let mut f2 = vec![vec![0.0; 3]; 3];
    (f2[0][1], f2[1][0], f2[2][2]) = (1.0, 1.0, 1.0);
    let mut matrices = vec![f0, f1, f2];
    hidden(rng, &mut matrices);
    let units = Units::draw(rng);
    let truth = Truth::Gap {
        value: 0.0,
        apart: a * units.value(),
    };
    ("gap", units.problem(vec![0.0, a], matrices), truth)
}

/// A positive definite combination of negative cost.
fn unbounded(rng: &mut impl Rng) -> (&'static str, Problem, Truth) {
    let n = rng.random_range(2..=4);
    let m = rng.random_range(1..=3);
    let mut matrices: Vec<Square> = (0..=m).map(|_| symmetric(rng, n, 4)).collect();
    for i in 0..n {
        matrices[1][i][i] += 20.0;
    }
    let mut c: Vec<f64> = (0..m).map(|_| between(rng, -9, 9)).collect();
    c[0] = between(rng, -9, -1);
    ("unbounded", problem(c, &matrices), Truth::Unbounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sweep small enough for every run of the tests; thousands by `isac stress sdp`.
    #[test]
    fn nothing_claims_too_much() {
        for instance in 0..160 {
            let trial = stress(0, instance);
            assert_eq!(
                trial.over_claim, None,
                "{instance} {}: {}",
                trial.class, trial.status
            );
        }
    }

    /// The judge itself: a wrong value, a wrong verdict and a wrong norm are seen.
    #[test]
    fn over_claims_are_seen() {
        let file = |e: f64| {
            let matrices = [
                vec![vec![0.0, -1.0], vec![-1.0, -e]],
                vec![vec![1.0, 0.0], vec![0.0, 0.0]],
            ];
            problem(vec![1.0], &matrices)
        };
        let problem = file(0.5);
        let (outcome, x) = solve(&problem).unwrap();
        let truth = |value: f64| Truth::Value { value, norm: 10.0 };
        assert_eq!(over_claim(&problem, &truth(2.0), &outcome, &x), None);
        for wrong in [
            truth(2.1),
            Truth::Empty,
            Truth::Gap {
                value: 0.0,
                apart: 1.0,
            },
            Truth::Unbounded,
        ] {
            assert!(over_claim(&problem, &wrong, &outcome, &x).is_some());
        }
        // The point of another program leaves this one's block.
        assert!(over_claim(&file(0.4), &truth(2.0), &outcome, &x).is_some());
        let (none, _) = solve(&problem_without_point()).unwrap();
        assert!(over_claim(&problem, &truth(2.0), &none, &[]).is_some());
        assert_eq!(over_claim(&problem, &Truth::Empty, &none, &[]), None);
    }

    fn problem_without_point() -> Problem {
        problem(vec![1.0], &[vec![vec![1.0]], vec![vec![0.0]]])
    }
}
