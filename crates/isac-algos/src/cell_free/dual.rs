//! The dual programs of the two designs, by Newton's method along the central path.
//!
//! With multipliers `mu_m` of the budgets and `lambda_u` of the SINR floors `gamma_u`, and
//! `c_u = 1 + 1 / gamma_u`,
//!
//! ```math
//! Z = \mathrm{diag}(\mu_m I) + \sum_u \lambda_u h_u h_u^H - \sum_t \nu_t A_t \succ 0, \qquad
//! c_u \lambda_u \le s_u(Z) = 1 / (h_u^H Z^{-1} h_u)
//! ```
//!
//! says that no covariance gains: `Z >= 0` for the sensing streams, `Z >= c_u lambda_u h_u h_u^H` for
//! user `u`. The joint design (`A_t` what target `t` receives, `sum_t nu_t >= 1`) minimises
//! `sum_m P_m mu_m - sum_u sigma_u^2 lambda_u`, a bound on the sensing SNR at every point. The least
//! factor of the budgets that serves the users (no targets, `sum_m P_m mu_m <= 1`) maximises
//! `sum_u sigma_u^2 lambda_u`. Both have `M + U` or `M + U + T` variables, whatever the number of antennas.
//!
//! `s_u` is concave (a Schur complement of `Z` in a basis with `h_u`), and
//! `-log det Z - sum_u log(s_u - c_u lambda_u)` is self-concordant with the parameter `r + U`. All its
//! derivatives are entries of the one Gram matrix `K = V^H Z^{-1} V` of `V = [I, h, a]`. On the path the
//! covariances of the users are of rank one, `f_u` along `Z^{-1} h_u`, and that of the sensing streams is
//! `Z^{-1} / tau`: there is nothing to extract afterwards.

use crate::Error;
use isac_linalg::{Mat, c64, factor, ops, real};
use std::ops::Range;

/// Largest factor from one centre of the path to the next.
const STRIDE: f64 = 100.0;
/// Newton decrement below which a full step ends a centre.
const CENTRED: f64 = 0.1;
/// Falls below this times the merit function are rounding.
const ROUNDING: f64 = 1e-14;
/// A factor of the budgets above this is not needed any closer.
pub(super) const BEYOND: f64 = 2.0;
/// Newton steps to one centre after which the path is entered further back.
const PATIENCE: usize = 25;
/// Most Newton steps.
const MOST_STEPS: usize = 400;

/// Which of the two programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bound on the smallest sensing SNR.
    Sensing,
    /// Least factor of the budgets.
    Power,
}

/// A dual program in span coordinates.
pub(super) struct Dual<'a> {
    pub(super) kind: Kind,
    pub(super) offsets: &'a [usize],
    pub(super) channels: &'a Mat<c64>,
    /// Steering vectors times the root of the sensing gain; not used by `Power`.
    pub(super) steering: &'a Mat<c64>,
    pub(super) power: &'a [f64],
    pub(super) noise: &'a [f64],
    /// SINR floors, > 0.
    pub(super) floors: &'a [f64],
}

/// A point of the path.
#[derive(Debug, Clone)]
pub(super) struct Centre {
    /// `mu`, `lambda`, `nu`; for one target there is no `nu`, it is 1.
    pub(super) x: Vec<f64>,
    pub(super) tau: f64,
}

/// Where the path ended.
pub(super) struct End {
    pub(super) centre: Centre,
    /// A centre early on the path, to start from for other floors.
    pub(super) early: Option<Centre>,
    /// The objective to be minimised.
    pub(super) value: f64,
    pub(super) steps: usize,
    state: State,
}

/// The covariances at the end of a path, in span coordinates.
pub(super) struct Beams {
    /// Column `u`: the beam of user `u`.
    pub(super) users: Mat<c64>,
    /// Covariance of the sensing streams; zero for `Power`.
    pub(super) sensing: Mat<c64>,
}

#[derive(Debug, Clone)]
struct State {
    /// Barrier.
    phi: f64,
    /// `L^-1 V` with `Z = L L^H`.
    whitened: Mat<c64>,
    /// `h_u^H Z^-1 h_u`.
    seen: Vec<f64>,
    /// `s_u - c_u lambda_u`.
    slack: Vec<f64>,
    /// Slack of the normalisation, if there is one.
    linear: Option<f64>,
}

impl Dual<'_> {
    fn access_points(&self) -> usize {
        self.power.len()
    }

    fn users(&self) -> usize {
        self.noise.len()
    }

    fn order(&self) -> usize {
        self.channels.nrows()
    }

    /// Targets with a multiplier of their own.
    fn weighed(&self) -> usize {
        match self.kind {
            Kind::Sensing if self.steering.ncols() > 1 => self.steering.ncols(),
            Kind::Sensing | Kind::Power => 0,
        }
    }

    fn variables(&self) -> usize {
        self.access_points() + self.users() + self.weighed()
    }

    fn ratio(&self, u: usize) -> f64 {
        1.0 + 1.0 / self.floors[u]
    }

    /// Parameter of the barrier.
    fn parameter(&self) -> f64 {
        let linear = self.normalisation().is_some();
        let each = self.users() + self.access_points() + self.weighed() + usize::from(linear);
        (self.order() + each) as f64
    }

    /// The normalisation `constant + l^T x > 0`, as its constant and `l`.
    fn normalisation(&self) -> Option<(f64, Vec<f64>)> {
        let mut l = vec![0.0; self.variables()];
        match self.kind {
            Kind::Power => {
                for (l, p) in l.iter_mut().zip(self.power) {
                    *l = -p;
                }
                Some((1.0, l))
            }
            Kind::Sensing if self.weighed() > 0 => {
                l[self.access_points() + self.users()..].fill(1.0);
                Some((-1.0, l))
            }
            Kind::Sensing => None,
        }
    }

    /// The objective's coefficients.
    fn cost(&self) -> Vec<f64> {
        let watts = match self.kind {
            Kind::Sensing => self.power.to_vec(),
            Kind::Power => vec![0.0; self.access_points()],
        };
        let noise = self.noise.iter().map(|n| -n);
        let rest = vec![0.0; self.weighed()];
        watts.into_iter().chain(noise).chain(rest).collect()
    }

    /// What target `t` receives from each access point: one column each.
    fn pulls(&self) -> Mat<c64> {
        let points = self.access_points();
        let targets = match self.kind {
            Kind::Sensing => self.steering.ncols(),
            Kind::Power => 0,
        };
        Mat::from_fn(self.order(), targets * points, |i, j| {
            let (t, m) = (j / points, j % points);
            let inside = (self.offsets[m]..self.offsets[m + 1]).contains(&i);
            if inside {
                self.steering[(i, t)]
            } else {
                c64::ZERO
            }
        })
    }

    /// Columns of `V` of each variable, and their sign in `Z`.
    fn groups(&self) -> Vec<(Range<usize>, f64)> {
        let (r, users, points) = (self.order(), self.users(), self.access_points());
        let blocks = self.offsets.windows(2).map(|w| (w[0]..w[1], 1.0));
        let channels = (0..users).map(|u| (r + u..r + u + 1, 1.0));
        let first = r + users;
        let targets = (0..self.weighed()).map(|t| {
            let at = first + t * points;
            (at..at + points, -1.0)
        });
        blocks.chain(channels).chain(targets).collect()
    }

    /// `V`, without the targets where they have no variables.
    fn columns(&self, pulls: &Mat<c64>) -> Mat<c64> {
        let r = self.order();
        let all = ops::hcat(Mat::identity(r, r).as_ref(), self.channels.as_ref());
        if self.weighed() == 0 {
            return all;
        }
        ops::hcat(all.as_ref(), pulls.as_ref())
    }

    /// A point with every slack positive.
    fn start(&self) -> Centre {
        let (points, users) = (self.access_points(), self.users());
        let mu: Vec<f64> = match self.kind {
            Kind::Power => {
                let even = |p: &f64| 0.5 / (p * points as f64);
                self.power.iter().map(even).collect()
            }
            Kind::Sensing => {
                // Twice the largest eigenvalue that the targets can have in any block.
                let top = (0..points)
                    .map(|m| {
                        let rows = self.offsets[m + 1] - self.offsets[m];
                        ops::norm2(self.steering.as_ref().subrows(self.offsets[m], rows))
                    })
                    .fold(0.0, f64::max);
                vec![4.0 * top; points]
            }
        };
        let least = mu.iter().copied().fold(f64::INFINITY, f64::min);
        let lambda = (0..users).map(|u| {
            let strength = ops::norm2(self.channels.as_ref().subcols(u, 1));
            0.25 * least / (strength * self.ratio(u))
        });
        let targets = self.weighed();
        let nu = vec![1.5 / (targets.max(1)) as f64; targets];
        let x: Vec<f64> = mu.iter().copied().chain(lambda).chain(nu).collect();
        // A value near the first centre's: a path that starts too far along is long.
        let scale: f64 = match self.kind {
            Kind::Power => BEYOND,
            Kind::Sensing => x.iter().zip(self.power).map(|(m, p)| m * p).sum(),
        };
        let tau = self.parameter() / scale;
        Centre { x, tau }
    }

    /// The barrier and what its derivatives need; `None` outside.
    fn state(&self, x: &[f64], columns: &Mat<c64>, pulls: &Mat<c64>) -> Option<State> {
        let (r, users, points) = (self.order(), self.users(), self.access_points());
        let linear = match self.normalisation() {
            None => None,
            Some((constant, l)) => {
                let slack = constant + l.iter().zip(x).map(|(l, x)| l * x).sum::<f64>();
                if slack.is_nan() || slack <= 0.0 {
                    return None;
                }
                Some(slack)
            }
        };
        let positive = x[..points].iter().chain(&x[points + users..]);
        if !positive.clone().all(|&v| v > 0.0) {
            return None;
        }
        let z = self.matrix(x, pulls);
        let chol = factor::cholesky("Z", z.as_ref()).ok()?;
        let whitened = chol.solve_lower(columns.as_ref());
        let seen: Vec<f64> = (0..users)
            .map(|u| ops::norm2(whitened.as_ref().subcols(r + u, 1)))
            .collect();
        let slack: Vec<f64> = (0..users)
            .map(|u| 1.0 / seen[u] - self.ratio(u) * x[points + u])
            .collect();
        if !slack.iter().all(|&s| s > 0.0 && s.is_finite()) {
            return None;
        }
        let lower = chol.lower();
        let mut phi = -(0..r).map(|i| 2.0 * lower[(i, i)].re.ln()).sum::<f64>();
        phi -= slack.iter().map(|s| s.ln()).sum::<f64>();
        phi -= positive.map(|v| v.ln()).sum::<f64>();
        phi -= linear.map_or(0.0, f64::ln);
        phi.is_finite().then_some(State {
            phi,
            whitened,
            seen,
            slack,
            linear,
        })
    }

    /// `Z`.
    fn matrix(&self, x: &[f64], pulls: &Mat<c64>) -> Mat<c64> {
        let (users, points) = (self.users(), self.access_points());
        let r = self.order();
        let mut scaled = self.channels.clone();
        for u in 0..users {
            ops::scale(scaled.as_mut().subcols_mut(u, 1), x[points + u]);
        }
        let mut z = ops::mul_adjoint(scaled.as_ref(), self.channels.as_ref());
        for m in 0..points {
            for i in self.offsets[m]..self.offsets[m + 1] {
                z[(i, i)] += x[m];
            }
        }
        for j in 0..pulls.ncols() {
            let (t, m) = (j / points, j % points);
            let weight = if self.weighed() > 0 {
                x[points + users + t]
            } else {
                1.0
            };
            let rows = self.offsets[m]..self.offsets[m + 1];
            for k in rows.clone() {
                let right = pulls[(k, j)].conj() * weight;
                for i in rows.clone() {
                    z[(i, k)] -= pulls[(i, j)] * right;
                }
            }
        }
        debug_assert_eq!(z.nrows(), r);
        z
    }

    /// Gradient and Hessian of the barrier.
    fn derivatives(
        &self,
        x: &[f64],
        state: &State,
        groups: &[(Range<usize>, f64)],
    ) -> (Vec<f64>, Mat<f64>) {
        let (r, users, points) = (self.order(), self.users(), self.access_points());
        let n = groups.len();
        let k = ops::adjoint_mul(state.whitened.as_ref(), state.whitened.as_ref());
        let mut gradient = vec![0.0; n];
        let mut hessian = Mat::<f64>::zeros(n, n);
        for (i, (a, sign)) in groups.iter().enumerate() {
            gradient[i] = -sign * a.clone().map(|p| k[(p, p)].re).sum::<f64>();
            for (j, (b, other)) in groups.iter().enumerate().take(i + 1) {
                let pairs = b.clone().flat_map(|q| a.clone().map(move |p| (p, q)));
                hessian[(i, j)] = sign * other * pairs.map(|e| k[e].norm_sqr()).sum::<f64>();
            }
        }
        // s_u = 1 / g_u with dg_u/dx_i = -first_i and the second derivatives below.
        let mut images = vec![vec![c64::ZERO; k.nrows()]; n];
        for u in 0..users {
            let at = r + u;
            let s = 1.0 / state.seen[u];
            let mut change = vec![0.0; n];
            for (i, (a, sign)) in groups.iter().enumerate() {
                let first = sign * a.clone().map(|p| k[(p, at)].norm_sqr()).sum::<f64>();
                change[i] = first * s * s;
                for (p, out) in images[i].iter_mut().enumerate() {
                    *out = a.clone().map(|q| k[(p, q)] * k[(q, at)]).sum();
                }
            }
            let weight = 1.0 / state.slack[u];
            for i in 0..n {
                let (a, sign) = &groups[i];
                for j in 0..=i {
                    let inner: c64 = a.clone().map(|p| k[(p, at)].conj() * images[j][p]).sum();
                    let second = 2.0 * sign * groups[j].1 * inner.re * s * s
                        - 2.0 * change[i] * change[j] / s;
                    hessian[(i, j)] += weight * second;
                }
            }
            change[points + u] -= self.ratio(u);
            for i in 0..n {
                gradient[i] -= change[i] * weight;
                for j in 0..=i {
                    hessian[(i, j)] += change[i] * change[j] * weight * weight;
                }
            }
        }
        for i in (0..points).chain(points + users..n) {
            gradient[i] -= 1.0 / x[i];
            hessian[(i, i)] += 1.0 / (x[i] * x[i]);
        }
        if let (Some(slack), Some((_, l))) = (state.linear, self.normalisation()) {
            for i in 0..n {
                gradient[i] -= l[i] / slack;
                for j in 0..=i {
                    hessian[(i, j)] += l[i] * l[j] / (slack * slack);
                }
            }
        }
        for i in 0..n {
            for j in 0..i {
                hessian[(j, i)] = hessian[(i, j)];
            }
        }
        (gradient, hessian)
    }

    /// Follows the path until the distance to the optimum is below `tolerance` times the objective, or the
    /// objective of a bound falls below zero, which proves that the floors are out of reach.
    ///
    /// # Errors
    /// A start without interior, which data at the edge of the number range can cause.
    pub(super) fn solve(&self, start: Option<&Centre>, tolerance: f64) -> Result<End, Error> {
        let (cost, groups, pulls) = (self.cost(), self.groups(), self.pulls());
        let columns = self.columns(&pulls);
        let warm = start.and_then(|c| Some((c.clone(), self.state(&c.x, &columns, &pulls)?)));
        let (mut centre, mut state) = match warm {
            Some(found) => found,
            None => {
                let cold = self.start();
                let state = self.state(&cold.x, &columns, &pulls).ok_or_else(|| {
                    isac_linalg::Error::NoConvergence {
                        what: "dual program (no interior start)".into(),
                    }
                })?;
                (cold, state)
            }
        };
        let value_at = |x: &[f64]| cost.iter().zip(x).map(|(b, x)| b * x).sum::<f64>();
        let (mut steps, mut early, mut kept) = (0, None, None);
        let parameter = self.parameter();
        let enough = |value: f64| match self.kind {
            Kind::Sensing => value < 0.0,
            Kind::Power => value < -BEYOND,
        };
        loop {
            let (mut moved, mut centred, mut here) = (true, false, 0);
            while moved && !centred && steps < MOST_STEPS && !enough(value_at(&centre.x)) {
                steps += 1;
                here += 1;
                if here % PATIENCE == 0 {
                    // A curved valley: further back on the path it is wider.
                    centre.tau *= 0.1;
                }
                let (gradient, hessian) = self.derivatives(&centre.x, &state, &groups);
                let force: Vec<f64> = (cost.iter().zip(&gradient))
                    .map(|(b, g)| -(centre.tau * b + g))
                    .collect();
                let Some(step) = solve_scaled(&hessian, &force) else {
                    break;
                };
                let fall: f64 = force.iter().zip(&step).map(|(f, d)| f * d).sum();
                let before = centre.tau * value_at(&centre.x) + state.phi;
                centred = fall < CENTRED * CENTRED || fall < ROUNDING * before.abs();
                let mut length = 1.0;
                moved = false;
                while length > 1e-10 && fall >= 0.0 {
                    let next = along(&centre.x, length, &step);
                    if let Some(found) = self.state(&next, &columns, &pulls) {
                        let after = centre.tau * value_at(&next) + found.phi;
                        if centred || after <= before - 0.1 * length * fall {
                            (centre.x, state, moved) = (next, found, true);
                            break;
                        }
                    }
                    length *= 0.5;
                }
            }
            if let (false, Some((last, its))) =
                (centred || enough(value_at(&centre.x)), kept.take())
            {
                // Rounding keeps this centre out of reach; the one before is a point of the path.
                (centre, state) = (last, its);
            }
            let value = value_at(&centre.x);
            let distance = parameter / centre.tau;
            if early.is_none() && centred && distance < 0.3 * value.abs() {
                early = Some(centre.clone());
            }
            let converged = centred && distance <= tolerance * value.abs();
            if converged || !centred || steps >= MOST_STEPS || enough(value) {
                return Ok(End {
                    centre,
                    early,
                    value,
                    steps,
                    state,
                });
            }
            kept = Some((centre.clone(), state.clone()));
            // The path is nearly linear in 1 / tau: along its tangent to 1 / STRIDE of the present slacks.
            steps += 1;
            let (_, hessian) = self.derivatives(&centre.x, &state, &groups);
            let force: Vec<f64> = cost.iter().map(|b| -centre.tau * b).collect();
            let tangent = solve_scaled(&hessian, &force).unwrap_or_else(|| vec![0.0; force.len()]);
            let goal = 1.01 * parameter / (tolerance * value.abs());
            let mut share = 1.0 - (centre.tau / goal).max(1.0 / STRIDE);
            loop {
                let next = along(&centre.x, share, &tangent);
                if let Some(found) = self.state(&next, &columns, &pulls) {
                    (centre.x, state) = (next, found);
                    break;
                }
                share *= 0.9;
                if share < 0.01 {
                    break;
                }
            }
            centre.tau = (centre.tau / (1.0 - share)).max((4.0 * centre.tau).min(goal));
        }
    }

    /// The covariances of a point of the path: the users' powers meet every floor exactly.
    ///
    /// # Errors
    /// Directions for which no powers meet the floors.
    pub(super) fn beams(&self, end: &End) -> Result<Beams, Error> {
        let (r, users) = (self.order(), self.users());
        let whitened = end.state.whitened.as_ref();
        let (root, seen) = (whitened.subcols(0, r), whitened.subcols(r, users));
        let sensing = match self.kind {
            Kind::Sensing => {
                let mut inverse = ops::adjoint_mul(root, root);
                ops::scale(inverse.as_mut(), 1.0 / end.centre.tau);
                inverse
            }
            Kind::Power => Mat::zeros(r, r),
        };
        let mut directions = ops::adjoint_mul(root, seen);
        for u in 0..users {
            let column = directions.as_mut().subcols_mut(u, 1);
            ops::scale(column, 1.0 / end.state.seen[u]);
        }
        let coupling = ops::adjoint_mul(self.channels.as_ref(), directions.as_ref());
        let demand = Mat::from_fn(users, users, |k, u| {
            let heard = coupling[(k, u)].norm_sqr();
            if k == u {
                heard / self.floors[k]
            } else {
                -heard
            }
        });
        let noise = Mat::from_fn(users, 1, |u, _| {
            self.noise[u] + ops::quadratic_form(sensing.as_ref(), self.channels.col(u))
        });
        let powers = real::solve(demand.as_ref(), noise.as_ref())?;
        for u in 0..users {
            let power = powers[(u, 0)].max(0.0);
            ops::scale(directions.as_mut().subcols_mut(u, 1), power.sqrt());
        }
        Ok(Beams {
            users: directions,
            sensing,
        })
    }
}

/// `x + length d`.
fn along(x: &[f64], length: f64, d: &[f64]) -> Vec<f64> {
    x.iter().zip(d).map(|(x, d)| x + length * d).collect()
}

/// `A^-1 b` for a positive definite `A`, scaled to a unit diagonal first.
fn solve_scaled(a: &Mat<f64>, b: &[f64]) -> Option<Vec<f64>> {
    let n = b.len();
    let unit: Vec<f64> = (0..n).map(|i| 1.0 / a[(i, i)].sqrt()).collect();
    let scaled = Mat::from_fn(n, n, |i, j| unit[i] * a[(i, j)] * unit[j]);
    let right = Mat::from_fn(n, 1, |i, _| unit[i] * b[i]);
    let x = real::solve(scaled.as_ref(), right.as_ref()).ok()?;
    Some((0..n).map(|i| unit[i] * x[(i, 0)]).collect())
}
