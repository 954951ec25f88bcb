//! The dual of a step: a convex quadratic program over a box.

use isac_linalg::vector::dot;

/// `min 1/2 l^T M l + b^T l` over `lower(i) <= l_i <= upper` for positive semidefinite `M`, by a
/// primal active-set method from a guess.
pub(super) fn box_qp(
    gram: &[f64],
    linear: &[f64],
    lower: impl Fn(usize) -> f64,
    upper: f64,
    guess: &[f64],
) -> Vec<f64> {
    let m = linear.len();
    let top = (0..m).map(|i| gram[i * m + i]).fold(0.0, f64::max);
    let ridge = 1e-14 * top + f64::MIN_POSITIVE;
    let mut l: Vec<f64> = (0..m).map(|i| guess[i].clamp(lower(i), upper)).collect();
    let mut free: Vec<bool> = (0..m).map(|i| l[i] > lower(i) && l[i] < upper).collect();
    let mut factor = vec![0.0; m * m];
    let scale = linear.iter().fold(top, |t: f64, b| t.max(b.abs()));
    for _ in 0..20 * (m + 1) {
        let gradient: Vec<f64> = (0..m)
            .map(|i| linear[i] + dot(&gram[i * m..(i + 1) * m], &l))
            .collect();
        let set: Vec<usize> = (0..m).filter(|&i| free[i]).collect();
        let step = newton_on(&set, gram, &gradient, ridge, &mut factor);
        let (mut alpha, mut blocked) = (1.0_f64, None);
        for (&i, &p) in set.iter().zip(&step) {
            let room = if p > 0.0 {
                upper - l[i]
            } else {
                lower(i) - l[i]
            };
            if p.abs() > 0.0 && room / p < alpha {
                alpha = (room / p).max(0.0);
                blocked = Some((i, if p > 0.0 { upper } else { lower(i) }));
            }
        }
        for (&i, &p) in set.iter().zip(&step) {
            l[i] = (l[i] + alpha * p).clamp(lower(i), upper);
        }
        if let Some((i, bound)) = blocked {
            l[i] = bound;
            free[i] = false;
            continue;
        }
        let gradient: Vec<f64> = (0..m)
            .map(|i| linear[i] + dot(&gram[i * m..(i + 1) * m], &l))
            .collect();
        // Release the bound that pulls hardest.
        let pull = |i: usize| {
            if l[i] >= upper {
                gradient[i]
            } else {
                -gradient[i]
            }
        };
        let candidate = (0..m)
            .filter(|&i| !free[i])
            .max_by(|&i, &j| pull(i).total_cmp(&pull(j)));
        match candidate {
            Some(i) if pull(i) > 1e-14 * scale => free[i] = true,
            _ => break,
        }
    }
    l
}

/// `-M_SS^-1 g_S` with a ridge, by Cholesky.
fn newton_on(
    set: &[usize],
    gram: &[f64],
    gradient: &[f64],
    ridge: f64,
    factor: &mut [f64],
) -> Vec<f64> {
    let (k, m) = (set.len(), gradient.len());
    let mut x: Vec<f64> = set.iter().map(|&i| -gradient[i]).collect();
    for a in 0..k {
        for b in 0..=a {
            let known = short_dot(&factor[a * m..a * m + b], &factor[b * m..b * m + b]);
            let sum = gram[set[a] * m + set[b]] - known;
            factor[a * m + b] = if a == b {
                (sum + ridge).max(ridge).sqrt()
            } else {
                sum / factor[b * m + b]
            };
        }
    }
    for a in 0..k {
        x[a] -= short_dot(&factor[a * m..a * m + a], &x[..a]);
        x[a] /= factor[a * m + a];
    }
    for a in (0..k).rev() {
        for c in a + 1..k {
            x[a] -= factor[c * m + a] * x[c];
        }
        x[a] /= factor[a * m + a];
    }
    x
}

/// Of a few entries.
fn short_dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (chunks_a, chunks_b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest = chunks_a.remainder().iter().zip(chunks_b.remainder());
    let tail: f64 = rest.map(|(a, b)| a * b).sum();
    for (a, b) in chunks_a.zip(chunks_b) {
        for k in 0..4 {
            sums[k] += a[k] * b[k];
        }
    }
    sums.iter().sum::<f64>() + tail
}
