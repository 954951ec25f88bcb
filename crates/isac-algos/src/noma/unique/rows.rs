//! The linear rows that near-optimal points almost share, each with the error to which they do.

use super::known::{Known, Unknown};
use isac_linalg::{Mat, MatRef, c64, factor, hermitian, ops};

impl Known<'_> {
    /// Bound on `tau` of a pair: its last entry of `S` is not negative.
    fn largest_tau(&self, at: usize) -> f64 {
        let pair = self.scene.pairs()[at];
        let h = ops::norm2(self.span.channels.subcols(pair.decoder, 1));
        h * self.trace / self.design.targets[pair.message]
    }

    /// The rows, divided by their errors, in units of the trace; and how many groups of norm 1 they are.
    pub(super) fn rows(&self) -> (Mat<c64>, usize) {
        let unknowns = self.unknowns();
        let groups = self.groups();
        let columns: Vec<Vec<f64>> = unknowns
            .iter()
            .map(|unknown| {
                let unit = match unknown {
                    Unknown::Covariance(..) => self.trace,
                    Unknown::Tau(at) => self.largest_tau(*at),
                };
                let parts = groups.iter().flat_map(|group| {
                    let scale = unit / group.error;
                    let values = self.image(&group.what, unknown);
                    values.into_iter().map(move |x| x * scale)
                });
                parts.collect()
            })
            .collect();
        let rows = columns.first().map_or(0, Vec::len);
        let matrix = Mat::from_fn(rows, columns.len(), |i, j| c64::new(columns[j][i], 0.0));
        // What `tau` may do to the rows says nothing of the covariances.
        let free = self.design.multipliers.len();
        let kept = columns.len() - free;
        let seen = matrix.as_ref().subcols(0, kept);
        if free == 0 {
            return (matrix, groups.len());
        }
        let (q, _) = factor::qr_thin(matrix.as_ref().subcols(kept, free));
        let shadow = ops::mul(q.as_ref(), ops::adjoint_mul(q.as_ref(), seen).as_ref());
        (seen - &shadow, groups.len())
    }

    /// Every group of rows with the largest norm that its image of a difference can have.
    fn groups(&self) -> Vec<Group> {
        let (scene, g, s) = (self.scene, self.slack, self.scale);
        let y = self.design.nominal.as_ref();
        let y = y.unwrap_or(&self.design.sensing);
        let mut list = Vec::new();
        let a = |m: usize| self.span.steering.subcols(m, 1);
        let lit = |m: usize| self.moved(a(m), a(m));
        let weights = scene.mode().weights;
        let all: f64 = (0..scene.targets()).map(lit).sum();
        let lost: f64 = self
            .inverses
            .iter()
            .map(|n| g * ops::norm(n.as_ref()))
            .sum();
        let error = g + 2.0 * (weights.transmit * lost + weights.sensing * all);
        list.push(Group::new(What::Power, error));
        for (m, nu) in y.floor.iter().enumerate().filter(|(_, nu)| **nu > 0.0) {
            list.push(Group::new(What::Pattern(m), g / (s * nu) + 2.0 * lit(m)));
        }
        let pairs = scene.target_pairs();
        for (i, eta) in y.difference.iter().enumerate() {
            if *eta != 0.0 {
                let (p, m) = pairs[i];
                let error = g / (s * eta.abs()) + 2.0 * (lit(p) + lit(m));
                list.push(Group::new(What::Difference(p, m), error));
            }
        }
        let zeta = s * y.cross.iter().map(|z| z.norm_sqr()).sum::<f64>().sqrt();
        if let (Some(radius), true) = (scene.cross_correlation_radius(), zeta > 0.0) {
            let seen: f64 = pairs.iter().map(|&(p, m)| self.moved(a(p), a(m))).sum();
            let error = 2.0 * (2.0 * radius * g / zeta).sqrt() + 2.0 * seen;
            list.push(Group::new(What::Cross, error));
        }
        for (at, pair) in scene.pairs().iter().enumerate() {
            let channel = self.span.channels.subcols(pair.decoder, 1);
            let lambda = s * y.sinr[at] * scene.noise();
            if lambda > 0.0 {
                let gamma = self.design.targets[pair.message].max(1.0);
                let error = g / lambda + 2.0 * gamma * self.moved(channel, channel);
                list.push(Group::new(What::Sinr(at), error));
            }
            let h = ops::norm2(channel);
            self.of_errors(at, h, &mut list);
        }
        list
    }

    /// `(g v^H Z^-1 v)^1/2` off the kernel of message `k` and the length of `v` on it: a point has no more
    /// than the square of the first along `v` off the kernel.
    fn parts(&self, k: usize, v: MatRef<'_, c64>) -> (f64, f64) {
        let seen = ops::mul(self.inverses[k].as_ref(), v);
        let off = self.slack * ops::inner(v, seen.as_ref()).max(0.0);
        let on = ops::norm(ops::adjoint_mul(self.kernels[k].as_ref(), v).as_ref());
        (off.sqrt(), on)
    }

    /// Bound on `|u^H E v|` for what a point has off the kernels, all messages together.
    fn moved(&self, u: MatRef<'_, c64>, v: MatRef<'_, c64>) -> f64 {
        let of = |k: usize| {
            let ((off_u, on_u), (off_v, on_v)) = (self.parts(k, u), self.parts(k, v));
            self.trace.sqrt() * (on_u * off_v + on_v * off_u) + off_u * off_v
        };
        (0..self.kernels.len()).map(of).sum()
    }

    /// Bound on `|T^H E T q|` for what a point has off the kernel of message `k`, times its weight.
    fn moved_image(&self, at: usize, k: usize, q: &Mat<c64>) -> f64 {
        let (weight, t) = self.acts(at, k);
        let seen = ops::mul(t.as_ref(), q.as_ref());
        let (off, on) = self.parts(k, seen.as_ref());
        // The Frobenius norm of all columns together bounds any combination.
        let (mut every, mut kept) = (0.0, 0.0);
        for i in 0..t.ncols() {
            let (off, on) = self.parts(k, t.as_ref().subcols(i, 1));
            every += off * off;
            kept += on * on;
        }
        let root = self.trace.sqrt();
        weight.abs() * (kept.sqrt() * root * off + every.sqrt() * (root * on + off))
    }

    /// Groups of the matrix inequality of a pair.
    fn of_errors(&self, at: usize, h: f64, list: &mut Vec<Group>) {
        let Some(u) = self.design.multipliers.get(at) else {
            return;
        };
        let (g, s, r) = (self.slack, self.scale, self.span.dimension());
        let pair = self.scene.pairs()[at];
        let gamma = self.design.targets[pair.message];
        let radius2 = self.ball.radius.powi(2) / self.scene.noise();
        let size = self.trace * (radius2 + h) / gamma + r as f64 * self.largest_tau(at);
        let part = hermitian::hermitian_part(u.as_ref());
        // A multiplier that cannot be taken apart forces nothing.
        let Ok(eig) = factor::eigh(part.as_ref()) else {
            return;
        };
        for (i, value) in eig.values.iter().enumerate() {
            if *value > 0.0 {
                let q = eig.vectors.subcols(i, 1).to_owned();
                let moved: f64 = (0..self.kernels.len())
                    .map(|k| self.moved_image(at, k, &q))
                    .sum();
                let error = 2.0 * (size * g / (s * value)).sqrt() + 2.0 * moved;
                list.push(Group::new(What::Kernel(at, q), error));
            }
        }
        let spread: f64 = (0..r).map(|i| u[(i, i)].re).sum();
        let free = u[(r, r)].re - spread;
        if free > 0.0 {
            list.push(Group::new(What::Tau(at), g / (s * free)));
        }
    }

    /// The image of an unknown under a group's rows.
    fn image(&self, what: &What, unknown: &Unknown) -> Vec<f64> {
        let steering = &self.span.steering;
        let form = |w: &Mat<c64>, m: usize| ops::quadratic_form(w.as_ref(), steering.col(m));
        match (what, unknown) {
            (What::Power, Unknown::Covariance(_, _, w)) => {
                vec![ops::inner(self.constant().as_ref(), w.as_ref())]
            }
            (What::Pattern(m), Unknown::Covariance(_, _, w)) => vec![form(w, *m)],
            (What::Difference(p, m), Unknown::Covariance(_, _, w)) => {
                vec![form(w, *p) - form(w, *m)]
            }
            (What::Cross, Unknown::Covariance(_, _, w)) => {
                let pairs = self.scene.target_pairs();
                let seen = ops::mul(w.as_ref(), steering.as_ref());
                let gram = ops::adjoint_mul(steering.as_ref(), seen.as_ref());
                let parts = pairs.iter().map(|&(p, m)| gram[(p, m)]);
                parts.flat_map(|c| [c.re, c.im]).collect()
            }
            (What::Sinr(at), Unknown::Covariance(k, _, w)) => {
                let pair = self.scene.pairs()[*at];
                let seen = ops::quadratic_form(w.as_ref(), self.span.channels.col(pair.decoder));
                let weight = if pair.message == *k {
                    1.0
                } else if self.scene.mode().sic.disturbs(pair.message, *k) {
                    -self.design.targets[pair.message]
                } else {
                    0.0
                };
                vec![weight * seen]
            }
            (What::Kernel(at, q), Unknown::Covariance(k, _, w)) => {
                let (weight, t) = self.acts(*at, *k);
                let seen = ops::mul(t.as_ref(), q.as_ref());
                let back = ops::mul(w.as_ref(), seen.as_ref());
                let image = ops::adjoint_mul(t.as_ref(), back.as_ref());
                let rows = 0..image.nrows();
                rows.flat_map(|i| [image[(i, 0)].re * weight, image[(i, 0)].im * weight])
                    .collect()
            }
            (What::Kernel(at, q), Unknown::Tau(pair)) => {
                let own = f64::from(at == pair);
                let last = q.nrows() - 1;
                let rows = 0..q.nrows();
                rows.flat_map(|i| {
                    let z = q[(i, 0)] * if i == last { -own } else { own };
                    [z.re, z.im]
                })
                .collect()
            }
            (What::Tau(at), Unknown::Tau(pair)) => vec![f64::from(at == pair)],
            (What::Tau(_), Unknown::Covariance(..)) => vec![0.0],
            (What::Cross, Unknown::Tau(_)) => vec![0.0; 2 * self.scene.target_pairs().len()],
            (
                What::Power | What::Pattern(_) | What::Difference(..) | What::Sinr(_),
                Unknown::Tau(_),
            ) => vec![0.0],
        }
    }
}

struct Group {
    what: What,
    error: f64,
}

impl Group {
    fn new(what: What, error: f64) -> Self {
        Self { what, error }
    }
}

/// What a group of rows measures; pairs by their place in [`Scene::pairs`].
enum What {
    Power,
    Pattern(usize),
    Difference(usize, usize),
    Cross,
    Sinr(usize),
    /// `S_kl q` for an eigenvector of the multiplier.
    Kernel(usize, Mat<c64>),
    Tau(usize),
}
