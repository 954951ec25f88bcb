//! What a subcarrier is worth at most, by branch and bound over the light of all targets.
//!
//! On a box `l <= g <= h` of light the information falls in the light of others and is bilinear in `g_t` and
//! `1 / D_tj`, so that, with `s <= 0` the slope of the chord of `1 / D` over the box,
//!
//! ```math
//! g_t / D_{tj} \le g_t / D_{tj}(l) + s\, l_t (D_{tj}(g) - D_{tj}(l)) ,
//! ```
//!
//! which is linear in `g`. For any prices `rho` with `sum rho_t a_t a_t^H <= mu I` light costs at least
//! `rho . g` of `mu` times its power, and what is left of the linear function is separable. The best `rho` of a
//! box for it are found by an interior-point method. With these the information itself less `rho . g` is convex in each
//! `g_t` alone, so that one of the vertices of the box bounds it; in most directions a slope has one sign, and few are left.

use super::scene::Scene;
use super::{Dual, TARGETS};
use isac_linalg::factor::{self, Cholesky};
use isac_linalg::{Mat, c64, ops, real};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Steps of the interior-point method at most.
const STEPS: usize = 40;
/// Weights of the barrier over `S mu`, from the first to the last, and its fall.
const BARRIER: [f64; 3] = [3e-4, 1e-5, 0.05];
/// Newton decrement over the weight of the barrier below which the next weight is taken. It steers the search
/// alone: the bound is computed from whatever prices result.
const SETTLED: f64 = 0.3;
/// How near a side a box may be split, over its width.
const NEAR: f64 = 0.1;

/// A box of light, or a split of one.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Light of a target below and above a number; both parts follow, the lower one first.
    Split {
        /// The target.
        target: usize,
        /// Where, shares of power.
        at: f64,
    },
    /// Prices of light, per share of power.
    Leaf(Vec<f64>),
}

/// A box that is not split yet.
struct Open {
    bound: f64,
    low: Vec<f64>,
    high: Vec<f64>,
    prices: Vec<f64>,
    split: (usize, f64),
    /// Whether the prices are its own, or still those of the box it was split from.
    priced: bool,
    /// Its place in the tree.
    place: usize,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        let oldest = || other.place.cmp(&self.place);
        self.bound.total_cmp(&other.bound).then_with(oldest)
    }
}

/// Numbers of all targets.
fn all(numbers: &[f64]) -> [f64; TARGETS] {
    let mut out = [0.0; TARGETS];
    out[..numbers.len()].copy_from_slice(numbers);
    out
}

/// Sums of all numbers but each one, of what is there: a difference from the whole sum loses digits.
fn all_but_each(numbers: &[f64; TARGETS]) -> [f64; TARGETS] {
    let mut out = [0.0; TARGETS];
    let (mut before, mut after) = (0.0, 0.0);
    for t in 0..TARGETS {
        out[t] += before;
        before += numbers[t];
    }
    for t in (0..TARGETS).rev() {
        out[t] += after;
        after += numbers[t];
    }
    out
}

/// What is left of a box when the light whose slope has one sign is fixed.
struct Face {
    /// Nothing in the box is worth more.
    above: f64,
    /// Whether some light was fixed.
    fixed: bool,
    /// The target whose light is the most doubtful, and whether more of it is the likelier end.
    open: Option<(usize, bool)>,
}

/// Parts of a tree in the order in which they were made.
enum Part {
    Leaf(Vec<f64>),
    Split(usize, f64, [usize; 2]),
}

/// The search on one subcarrier.
pub(super) struct Tree<'a> {
    scene: &'a Scene,
    /// `e_ti`, never negative.
    worth: Vec<f64>,
    /// `mu`.
    price: f64,
    /// What a beam is known to reach.
    found: f64,
    parts: Vec<Part>,
    open: BinaryHeap<Open>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(scene: &'a Scene, dual: &Dual, i: usize, found: f64) -> Self {
        let worth = scene.worth(dual, i).iter().map(|e| e.max(0.0)).collect();
        let most = |a: &Vec<c64>| scene.left * a.iter().map(|x| x.norm_sqr()).sum::<f64>();
        let high: Vec<f64> = scene.coordinates.iter().map(most).collect();
        let total: f64 = scene
            .coordinates
            .iter()
            .flatten()
            .map(|x| x.norm_sqr())
            .sum();
        let mut tree = Self {
            scene,
            worth,
            price: dual.power,
            found,
            parts: Vec::new(),
            open: BinaryHeap::new(),
        };
        let mut root = Open {
            bound: f64::INFINITY,
            low: vec![0.0; scene.targets],
            high,
            prices: vec![0.5 * dual.power / total; scene.targets],
            split: (0, 0.0),
            priced: true,
            place: 0,
        };
        tree.bound(&mut root);
        tree.parts.push(Part::Leaf(root.prices.clone()));
        tree.open.push(root);
        tree
    }

    /// What the subcarrier is worth at most, as far as is known.
    pub(super) fn most(&self) -> f64 {
        self.open.peek().map_or(0.0, |top| top.bound.max(0.0))
    }

    /// What is between that and the best beam.
    pub(super) fn gap(&self) -> f64 {
        self.most() - self.found
    }

    /// What one more split is expected to close of it.
    pub(super) fn pays(&self) -> f64 {
        self.gap() / self.open.len() as f64
    }

    /// Takes up the box with the largest bound; whether there was one. A new box keeps the prices that it was
    /// split with until its bound is the largest: most never come to that. Then it gets its own, and is split
    /// when its turn comes again.
    pub(super) fn split(&mut self) -> bool {
        let Some(mut top) = self.open.pop() else {
            return false;
        };
        if !top.priced {
            self.bound(&mut top);
            top.priced = true;
            self.parts[top.place] = Part::Leaf(top.prices.clone());
            self.open.push(top);
            return true;
        }
        let (target, at) = top.split;
        if !(top.low[target] < at && at < top.high[target]) {
            self.open.push(top);
            return false;
        }
        let mut places = [0, 0];
        for (upper, place) in places.iter_mut().enumerate() {
            *place = self.parts.len();
            let mut part = Open {
                bound: top.bound,
                low: top.low.clone(),
                high: top.high.clone(),
                prices: top.prices.clone(),
                split: top.split,
                priced: false,
                place: *place,
            };
            let side = if upper == 0 {
                &mut part.high
            } else {
                &mut part.low
            };
            side[target] = at;
            let most = self.vertices(&part.low, &part.high, &part.prices);
            part.bound = part.bound.min(most);
            self.parts.push(Part::Leaf(part.prices.clone()));
            self.open.push(part);
        }
        self.parts[top.place] = Part::Split(target, at, places);
        true
    }

    /// The tree, a split before its parts.
    pub(super) fn listed(self) -> Vec<Node> {
        let mut out = Vec::with_capacity(self.parts.len());
        let mut next = vec![0];
        while let Some(at) = next.pop() {
            match &self.parts[at] {
                Part::Leaf(prices) => out.push(Node::Leaf(prices.clone())),
                Part::Split(target, at, [lower, upper]) => {
                    out.push(Node::Split {
                        target: *target,
                        at: *at,
                    });
                    next.extend([*upper, *lower]);
                }
            }
        }
        out
    }

    /// A linear function that is nowhere in the box below what the light informs: constant and slopes.
    fn linear(&self, low: &[f64], high: &[f64]) -> (f64, Vec<f64>) {
        let scene = self.scene;
        let (targets, nodes) = (scene.targets, scene.nodes());
        let mut slopes = vec![0.0; targets];
        let mut constant = 0.0;
        for j in 0..nodes {
            let (least, most) = (scene.others(j, low), scene.others(j, high));
            for t in 0..targets {
                let k = scene.kappa[t * nodes + j] * self.worth[t];
                slopes[t] += k / least[t];
                let harm = k * low[t] / (least[t] * most[t]);
                if harm > 0.0 {
                    constant += harm * (least[t] - scene.noise[j]);
                    for q in (0..targets).filter(|&q| q != t) {
                        slopes[q] -= harm * scene.reflection[q * nodes + j];
                    }
                }
            }
        }
        (constant, slopes)
    }

    /// Bounds a box, finds its prices and where to split it.
    fn bound(&self, cell: &mut Open) {
        let goal = self.found + 1e-6 * self.price * self.scene.left;
        let (constant, slopes) = self.linear(&cell.low, &cell.high);
        let barrier = Barrier {
            scene: self.scene,
            price: self.price,
            low: &cell.low,
            high: &cell.high,
            slopes: &slopes,
        };
        let unit = self.price * self.scene.left;
        let mut prices: Vec<f64> = (cell.prices.iter()).map(|x| x - 5e-3 * x.abs()).collect();
        let mut best = (f64::INFINITY, cell.prices.clone());
        let mut tau = BARRIER[0] * unit;
        let mut light = cell.low.clone();
        for _ in 0..STEPS {
            let Some(step) = barrier.step(&prices, tau) else {
                break;
            };
            light = step.light;
            prices = step.prices;
            let rounded: Vec<f64> = prices.iter().map(|x| f64::from(*x as f32)).collect();
            let value = constant + barrier.separable(&rounded);
            if value < best.0 {
                best = (value, rounded);
            }
            if best.0 <= goal {
                break;
            }
            if step.settled {
                if tau <= BARRIER[1] * unit {
                    break;
                }
                tau *= BARRIER[2];
            }
        }
        if best.0 > goal {
            best.0 = best.0.min(self.vertices(&cell.low, &cell.high, &best.1));
        }
        cell.bound = cell.bound.min(best.0);
        cell.prices = best.1;
        cell.split = self.place(cell, &light);
    }

    /// The greatest information less the price of its light at a vertex of a box. Faces are left out whose
    /// linear bound is below what another vertex reaches.
    fn vertices(&self, low: &[f64], high: &[f64], prices: &[f64]) -> f64 {
        let mut most = f64::NEG_INFINITY;
        let mut faces = vec![(all(low), all(high))];
        while let Some((mut low, mut high)) = faces.pop() {
            loop {
                let face = self.face(&mut low, &mut high, prices);
                if face.above <= most {
                    break;
                }
                match face.open {
                    None => {
                        most = most.max(self.value(&high, prices));
                        break;
                    }
                    // With some light fixed the slopes of the others are known better.
                    Some(_) if face.fixed => {}
                    Some((t, rising)) => {
                        let (mut lit, mut dark) = ((low, high), (low, high));
                        lit.0[t] = lit.1[t];
                        dark.1[t] = dark.0[t];
                        faces.extend(if rising { [dark, lit] } else { [lit, dark] });
                        break;
                    }
                }
            }
        }
        most
    }

    /// Fixes the light of a box whose slope has one sign, and says what is left.
    fn face(&self, low: &mut [f64], high: &mut [f64], prices: &[f64]) -> Face {
        let scene = self.scene;
        let (targets, nodes) = (scene.targets, scene.nodes());
        // Slopes of the linear bound, and of the function itself at the most and at the least.
        let mut bound = all(prices).map(|rho| -rho);
        let (mut steep, mut flat) = (bound, bound);
        for j in 0..nodes {
            let (least, most) = (scene.others(j, low), scene.others(j, high));
            // What a unit of what is heard costs each target, at least and at most.
            let (mut few, mut many) = ([0.0; TARGETS], [0.0; TARGETS]);
            for t in 0..targets {
                let k = scene.kappa[t * nodes + j] * self.worth[t];
                few[t] = k * low[t] / (most[t] * most[t]);
                many[t] = k * high[t] / (least[t] * least[t]);
            }
            let (few, many) = (all_but_each(&few), all_but_each(&many));
            for t in 0..targets {
                let k = scene.kappa[t * nodes + j] * self.worth[t];
                let by = scene.reflection[t * nodes + j];
                bound[t] += k / least[t];
                steep[t] += k / least[t] - by * few[t];
                flat[t] += k / most[t] - by * many[t];
            }
        }
        let mut face = Face {
            above: 0.0,
            fixed: false,
            open: None,
        };
        let mut widest = 0.0;
        for t in 0..targets {
            face.above += (bound[t] * low[t]).max(bound[t] * high[t]);
            let width = high[t] - low[t];
            if width <= 0.0 {
                continue;
            }
            let doubt = width * (steep[t] - flat[t]);
            if flat[t] >= 0.0 {
                low[t] = high[t];
                face.fixed = true;
            } else if steep[t] <= 0.0 {
                high[t] = low[t];
                face.fixed = true;
            } else if face.open.is_none() || doubt > widest {
                widest = doubt;
                face.open = Some((t, steep[t] > -flat[t]));
            }
        }
        face
    }

    /// What light informs less its price.
    fn value(&self, light: &[f64], prices: &[f64]) -> f64 {
        let scene = self.scene;
        let (targets, nodes) = (scene.targets, scene.nodes());
        let mut value = 0.0;
        for t in 0..targets {
            value -= prices[t] * light[t];
        }
        for j in 0..nodes {
            let others = scene.others(j, light);
            for t in 0..targets {
                value += self.worth[t] * scene.kappa[t * nodes + j] * light[t] / others[t];
            }
        }
        value
    }

    /// The target whose light the linear function loses most by, and where to split it.
    fn place(&self, cell: &Open, light: &[f64]) -> (usize, f64) {
        let scene = self.scene;
        let (targets, nodes) = (scene.targets, scene.nodes());
        let mut lost = vec![0.0; targets];
        for j in 0..nodes {
            let least = scene.others(j, &cell.low);
            let most = scene.others(j, &cell.high);
            let heard = scene.others(j, light);
            for t in 0..targets {
                let more = heard[t] - least[t];
                if more <= 0.0 {
                    continue;
                }
                let k = scene.kappa[t * nodes + j] * self.worth[t];
                let slope = 1.0 / (least[t] * most[t]);
                let line = light[t] / least[t] - slope * cell.low[t] * more;
                let loss = k * (line - light[t] / heard[t]);
                for q in (0..targets).filter(|&q| q != t) {
                    let by = scene.reflection[q * nodes + j] * (light[q] - cell.low[q]);
                    lost[q] += loss * by / more;
                }
                lost[t] += 0.5 * k * slope * (light[t] - cell.low[t]) * more;
            }
        }
        let most = (0..targets).max_by(|&a, &b| lost[a].total_cmp(&lost[b]));
        let target = most.unwrap_or(0);
        let (low, high) = (cell.low[target], cell.high[target]);
        let width = high - low;
        let at = (low + 0.5 * (light[target] - low)).clamp(low + NEAR * width, high - NEAR * width);
        (target, f64::from(at as f32))
    }
}

/// `min over rho of sum_t max over l <= g <= h of (c_t - rho_t) g_t`, with barriers.
struct Barrier<'a> {
    scene: &'a Scene,
    price: f64,
    low: &'a [f64],
    high: &'a [f64],
    slopes: &'a [f64],
}

/// A step of Newton's method.
struct Step {
    prices: Vec<f64>,
    /// The light that belongs to the prices before.
    light: Vec<f64>,
    settled: bool,
}

impl Barrier<'_> {
    fn separable(&self, prices: &[f64]) -> f64 {
        let of = |t: usize| {
            let left = self.slopes[t] - prices[t];
            (left * self.low[t]).max(left * self.high[t])
        };
        (0..prices.len()).map(of).sum()
    }

    /// Light of a target over its least at a weight of the barrier: `tau / (w - x) - tau / x = d`.
    fn over(&self, t: usize, price: f64, tau: f64) -> (f64, f64) {
        let width = (self.high[t] - self.low[t]).max(f64::MIN_POSITIVE);
        let d = self.slopes[t] - price;
        let half = 2.0 * tau - d * width;
        let root = (half * half + 4.0 * d * tau * width).max(0.0).sqrt();
        let x = if half > 0.0 {
            2.0 * tau * width / (half + root)
        } else {
            (root - half) / (2.0 * d)
        };
        (x.clamp(1e-9 * width, (1.0 - 1e-9) * width), width)
    }

    /// The function with its barriers, and the factor of `mu I - sum rho a a^H`.
    fn value(&self, prices: &[f64], tau: f64) -> Option<(f64, Cholesky)> {
        let all = &self.scene.coordinates;
        let size = all[0].len();
        let mut rest = Mat::<c64>::identity(size, size);
        ops::scale(rest.as_mut(), self.price);
        for (a, price) in all.iter().zip(prices) {
            for j in 0..size {
                let by = a[j].conj() * *price;
                for i in j..size {
                    rest[(i, j)] -= a[i] * by;
                }
            }
        }
        // Prices beyond those of the power leave a form that is not positive: no value there.
        let factor = factor::cholesky("power less light", rest.as_ref()).ok()?;
        let mut value = 0.0;
        for k in 0..size {
            value -= 2.0 * tau * factor.lower()[(k, k)].re.ln();
        }
        for (t, price) in prices.iter().enumerate() {
            let (x, width) = self.over(t, *price, tau);
            let (upper, lower) = (tau / (width - x), tau / x);
            value += upper * self.high[t] - lower * self.low[t];
            value -= tau * (upper.ln() + lower.ln());
        }
        value.is_finite().then_some((value, factor))
    }

    fn step(&self, prices: &[f64], tau: f64) -> Option<Step> {
        let n = prices.len();
        let (value, factor) = self.value(prices, tau)?;
        let all = &self.scene.coordinates;
        let vectors = Mat::from_fn(all[0].len(), n, |k, t| all[t][k]);
        let solved = factor.solve_lower(vectors.as_ref());
        let gram = ops::adjoint_mul(solved.as_ref(), solved.as_ref());
        let mut hessian = Mat::from_fn(n, n, |t, s| tau * gram[(t, s)].norm_sqr());
        let mut slopes = vec![0.0; n];
        let mut light = vec![0.0; n];
        for t in 0..n {
            let (x, width) = self.over(t, prices[t], tau);
            light[t] = self.low[t] + x;
            slopes[t] = tau * gram[(t, t)].re - light[t];
            hessian[(t, t)] += 1.0 / (tau / (width - x).powi(2) + tau / (x * x));
        }
        let down = Mat::from_fn(n, 1, |t, _| -slopes[t]);
        let newton = real::cholesky("Hessian of the prices", hessian.as_ref()).ok()?;
        let step = newton.solve(down.as_ref());
        let fall: f64 = (0..n).map(|t| -step[(t, 0)] * slopes[t]).sum();
        let mut length = 1.0;
        for _ in 0..20 {
            let next: Vec<f64> = prices
                .iter()
                .enumerate()
                .map(|(t, p)| p + length * step[(t, 0)])
                .collect();
            if let Some((after, _)) = self.value(&next, tau)
                && after <= value - 0.1 * length * fall
            {
                return Some(Step {
                    prices: next,
                    light,
                    // The decrement in the unit of the barrier: near enough for the next weight.
                    settled: fall < SETTLED * tau,
                });
            }
            length *= 0.5;
        }
        Some(Step {
            prices: prices.to_vec(),
            light,
            settled: true,
        })
    }
}
