//! `isac verify` for `obs-crlb/1`: the leaves of a proof, each from the problem's own data.
//!
//! Shares nothing with the search but the reading of documents and the metrics. With
//! `g_k = sqrt(Pt) h_k / sigma_k` and `I_k` the interference plus noise of user `k` over its noise, a
//! leaf's box bounds every `I_k`, and for any `m > 0`, `q` and real `Y` no design in it is better than
//!
//! ```text
//! sum_k [ delta_c (m_k - ln m_k - 1) - q_k + max(q_k l_k - delta_c ln l_k, q_k h_k - delta_c ln h_k) ]
//!   - 2 delta_s tr Y + max(0, eig(M), eig(M + q_k g_k g_k^H) for each k)
//! M = sum_k (delta_c m_k - q_k) g_k g_k^H + delta_s Q,    tr(Q R) = tr(Y^T F(R) Y)
//! ```
//!
//! with `eig` the largest eigenvalue: the tangent of `ln T_k` at `1 / m_k`, a line above the convex
//! `q_k I - delta_c ln I`, and `tr F^-1 >= 2 tr Y - tr(Y^T F Y)`; the rest is linear in the covariances
//! of trace at most 1. Every `I_k` lies between 1 and `1 + ||g_k||^2`: this the leaves must cover.

use isac_algos::obs_crlb::SumRateCrlb;
use isac_lab::document::{Document, Node};
use isac_lab::error::Error;
use isac_lab::proof::{Cell, Verdict, cover};
use isac_linalg::{Mat, c64, factor, hermitian, ops, real};

use super::input::{self, Instance};

/// How far a stated number may be from ours, over the size of the terms it is a sum of.
const SAME: f64 = 1e-9;
/// How far the beams' power may exceed the budget.
const POWER: f64 = 1e-12;

/// Keys of a proof, and of a leaf.
const KEYS: [&str; 6] = ["schema", "problem", "bound", "value", "W", "leaves"];
const LEAF_KEYS: [&str; 6] = ["lower", "upper", "bound", "m", "q", "Y"];

/// A leaf as the file has it.
struct Leaf {
    cell: Cell,
    bound: f64,
    m: Vec<f64>,
    q: Vec<f64>,
    y: Mat<f64>,
}

/// The problem in coordinates of the span of channels and steering vectors.
struct Spanned {
    /// `g_k`, a column each.
    users: Mat<c64>,
    /// Stacked derivatives of the echo at `R = I Pt`: rows (re, im) of each entry, `4M` columns.
    echoes: Mat<f64>,
    rate: f64,
    crlb: f64,
}

/// Checks a proof.
pub(super) fn verify(root: &Node<'_>) -> Result<Verdict, Error> {
    root.known_keys(&KEYS)?;
    let document = Document {
        file: format!("{}: problem", root.file),
        value: root.get("problem")?.value.clone(),
    };
    let problem = Instance::read(&document.root(), None)?.problem;
    let (bound, value) = (root.get("bound")?.f64()?, root.get("value")?.f64()?);
    let beams = input::beamformer(&root.get("W")?, &problem)?;
    let spanned = Spanned::new(&problem);
    let leaves = root.get("leaves")?.objects()?;
    let leaves: Vec<Leaf> = (leaves.iter())
        .map(|leaf| read(leaf, spanned.users.ncols(), spanned.echoes.ncols()))
        .collect::<Result<_, _>>()?;

    // The point.
    let merit = match problem.merit(beams.as_ref()) {
        Ok(merit) => merit,
        Err(error) => {
            return Ok(Verdict::refused(format!(
                "value: the beams have none: {error}"
            )));
        }
    };
    let violation = problem.violation(beams.as_ref());
    if violation > POWER {
        let why = format!("W: the power exceeds the budget by {violation:e} of it");
        return Ok(Verdict::refused(why));
    }
    let lost = problem.sensing().crlb(beams.as_ref());
    let lost = lost.map_or(0.0, |crlb| 4.0 * crlb.relative_error());
    let same = (value - merit.objective).abs() <= SAME.max(lost) * problem.magnitude(&merit);
    if !same {
        let why = format!("value: stated {value}, the beams reach {}", merit.objective);
        return Ok(Verdict::refused(why));
    }

    // The domain.
    let cells: Vec<Cell> = leaves.iter().map(|leaf| leaf.cell.clone()).collect();
    if let Err(why) = cover(&spanned.domain(), &cells) {
        return Ok(Verdict::refused(why));
    }

    // The leaves.
    for (i, leaf) in leaves.iter().enumerate() {
        let (ours, rounding) = match spanned.bound(leaf) {
            Ok(found) => found,
            Err(why) => return Ok(Verdict::refused(format!("leaf {i}: {why}"))),
        };
        let size = SAME * (leaf.bound.abs() + problem.magnitude(&merit));
        if !(ours + rounding <= leaf.bound && leaf.bound <= ours + rounding + size) {
            let why = format!(
                "leaf {i}: the bound {} is stated, the multipliers prove {}",
                leaf.bound,
                ours + rounding
            );
            return Ok(Verdict::refused(why));
        }
    }
    let most = leaves
        .iter()
        .map(|leaf| leaf.bound)
        .fold(f64::NEG_INFINITY, f64::max);
    if bound.total_cmp(&most).is_ne() {
        let why = format!("bound: stated {bound}, the largest of the leaves is {most}");
        return Ok(Verdict::refused(why));
    }
    Ok(Verdict::Proved {
        kind: "upper_bound".into(),
        bound,
        value: merit.objective,
        relative_gap: isac_lab::solve::relative_gap(bound, merit.objective),
        leaves: leaves.len(),
    })
}

fn read(node: &Node<'_>, users: usize, parameters: usize) -> Result<Leaf, Error> {
    node.known_keys(&LEAF_KEYS)?;
    let list = |key: &str| node.get(key)?.vec_of(users);
    let y = node.get("Y")?.array_of(&[parameters, parameters])?;
    Ok(Leaf {
        cell: Cell {
            lower: list("lower")?,
            upper: list("upper")?,
        },
        bound: node.get("bound")?.f64()?,
        m: list("m")?,
        q: list("q")?,
        y: Mat::from_fn(parameters, parameters, |i, j| y.data[i * parameters + j]),
    })
}

impl Spanned {
    fn new(problem: &SumRateCrlb) -> Self {
        let weights = problem.weights();
        let stacked = ops::hcat(problem.channel(), problem.sensing().transmit());
        let (_, r) = factor::qr_thin(stacked.as_ref());
        let (size, all, budget) = (r.nrows(), problem.users(), problem.power());
        let count = if weights.rate > 0.0 { all } else { 0 };
        let users = Mat::from_fn(size, count, |i, k| {
            r[(i, k)] * (budget / problem.noise()[k]).sqrt()
        });
        let echoes = if weights.crlb > 0.0 && problem.targets() > 0 {
            let steering = r.subcols(all, r.ncols() - all);
            let towards = Mat::from_fn(steering.ncols(), size, |i, j| {
                steering[(j, i)].conj() * budget.sqrt()
            });
            problem.sensing().compact().derivatives(towards.as_ref())
        } else {
            Mat::zeros(0, 0)
        };
        Self {
            users,
            echoes,
            rate: weights.rate,
            crlb: weights.crlb,
        }
    }

    fn domain(&self) -> Cell {
        let norm = |k: usize| ops::norm2(self.users.as_ref().subcols(k, 1));
        let upper: Vec<f64> = (0..self.users.ncols()).map(|k| 1.0 + norm(k)).collect();
        Cell {
            lower: vec![1.0; upper.len()],
            upper,
        }
    }

    /// The formula above, and a bound on the rounding in it.
    fn bound(&self, leaf: &Leaf) -> Result<(f64, f64), String> {
        let (size, count, weight) = (self.users.nrows(), self.users.ncols(), self.rate);
        let mut sum = 0.0;
        let mut terms = 0.0;
        let mut add = |term: f64| {
            sum += term;
            terms += term.abs();
        };
        let (mut form, lost) = self.curvature(leaf);
        for k in 0..count {
            let (m, q) = (leaf.m[k], leaf.q[k]);
            let (low, high) = (leaf.cell.lower[k], leaf.cell.upper[k]);
            if m.is_nan() || m <= 0.0 {
                return Err(format!("m[{k}] = {m} is not positive"));
            }
            if low.is_nan() || low <= 0.0 {
                return Err(format!("lower[{k}] = {low} is not positive"));
            }
            add(weight * (m - 1.0));
            add(-weight * m.ln());
            add(-q);
            add((q * low - weight * low.ln()).max(q * high - weight * high.ln()));
            self.add_user(&mut form, k, weight * m - q);
        }
        for i in 0..leaf.y.nrows() {
            add(-2.0 * self.crlb * leaf.y[(i, i)]);
        }
        let mut top = eig(&form)?.max(0.0);
        for k in 0..count {
            let mut own = form.clone();
            self.add_user(&mut own, k, leaf.q[k]);
            top = top.max(eig(&own)?);
        }
        add(top);
        let rounding = 8.0 * f64::EPSILON * size as f64 * terms + lost;
        if !(sum + rounding).is_finite() {
            return Err("the bound is not finite".into());
        }
        Ok((sum, rounding))
    }

    /// `delta_s Q`, and what rounding can do to its eigenvalues.
    fn curvature(&self, leaf: &Leaf) -> (Mat<c64>, f64) {
        let (size, parameters) = (self.users.nrows(), self.echoes.ncols());
        if parameters == 0 {
            return (Mat::zeros(size, size), 0.0);
        }
        let turned = real::mul(self.echoes.as_ref(), leaf.y.as_ref());
        let rows = turned.nrows() / (2 * size);
        let stacked = Mat::from_fn(rows * parameters, size, |i, c| {
            let (at, l) = (2 * (i % rows + c * rows), i / rows);
            c64::new(turned[(at, l)], turned[(at + 1, l)])
        });
        let mut form = ops::adjoint_mul(stacked.as_ref(), stacked.as_ref());
        ops::scale(form.as_mut(), self.crlb);
        // Each entry of `turned` is a sum of `parameters` terms.
        let mut error = 0.0;
        for l in 0..parameters {
            let column = |p: usize| {
                let squares = (0..self.echoes.nrows()).map(|i| self.echoes[(i, p)].powi(2));
                squares.sum::<f64>().sqrt()
            };
            let sum: f64 = (0..parameters)
                .map(|p| leaf.y[(p, l)].abs() * column(p))
                .sum();
            error += sum * sum;
        }
        let error = error.sqrt() * f64::EPSILON * (parameters as f64 + 2.0);
        let norm = ops::norm(stacked.as_ref());
        (form, self.crlb * error * (2.0 * norm + error))
    }

    fn add_user(&self, form: &mut Mat<c64>, k: usize, by: f64) {
        let g = &self.users;
        for j in 0..g.nrows() {
            for i in 0..g.nrows() {
                form[(i, j)] += g[(i, k)] * g[(j, k)].conj() * by;
            }
        }
    }
}

fn eig(form: &Mat<c64>) -> Result<f64, String> {
    let form = hermitian::hermitian_part(form.as_ref());
    let values = factor::eigvalsh(form.as_ref()).map_err(|e| e.to_string())?;
    Ok(values.last().copied().unwrap_or(0.0))
}
