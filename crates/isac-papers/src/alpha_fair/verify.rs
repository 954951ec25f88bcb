//! `isac verify` for `alpha-fair/1`: one leaf, all designs no worse than the point.
//!
//! Shares nothing with the search but the reading of documents and the metrics. Users need at least
//!
//! ```text
//! Q = N ln 2 sum_k lambda_k r_k - sum_i phi_i,    phi_i >= max over q >= 0 of sum_k lambda_k ln(1 + q_k s_k(q)) - q_k
//! ```
//!
//! (dual uplink of linear beams, `s_k` the gain after the best receiver, which falls in every other power).
//! Per cluster of users, those outside it left out, `phi` is taken from the file and proved by splitting
//! boxes of powers until none exceeds it. The targets get `S = P - Q`. With `w` of dual norm at most 1, any
//! positive semidefinite `E_t` and any price `mu` of power, a design costs at least `a - b`, hence `a^2 / (4 b)`:
//!
//! ```text
//! a = sum_t 2 tr (w_t D^1/2 E_t D^1/2)^1/2
//! b = S mu + sum_i max over beams x of sum_tj kappa_tj e_ti g_t / (sigma_j + sum_{q != t} b_qj g_q) - mu |x|^2
//! ```
//!
//! (`w C >= 2 tr(..)^1/2 - tr(E F)`), where `g_t = |a_t^H x|^2`. The maximum is bounded over boxes of light `g` that are
//! made by the splits in the file, so that they cover `0 <= g_t <= S |a_t|^2`. On a box light costs at least
//! `rho . g <= |x|^2 lambda_max(sum rho_t a_t a_t^H)` for any `rho` (in the file, per box); what the greatest eigenvalue exceeds
//! `mu` by is charged for all of `S`. What light informs less `rho . g` is convex in each `g_t` alone, so that its maximum over the
//! box is at a vertex. Only vertices are tried at which a sign of its slopes does not exclude it.

use isac_algos::alpha_fair::{Evaluator, FEASIBLE, Problem};
use isac_lab::document::{Document, Node};
use isac_lab::error::Error;
use isac_lab::proof::Verdict;
use isac_lab::solve::SolveRequest;
use isac_linalg::{Mat, c64, factor, ops};
use isac_metrics::delay_doppler::{BsKnowledge, Combine, Disturbance, Gain, Nodes};
use isac_metrics::fairness::Form;

use super::posed;
use super::uplink::{self, Users};

/// How far a stated number may be from ours, relative to the norm of the CRLBs.
const SAME: f64 = 1e-9;
/// How far the beams' power may exceed the budget.
const POWER: f64 = 1e-10;
/// Room for rounding in sums of some thousand terms and in eigenvalues, relative.
const ROOM: f64 = 1e-10;
/// Targets at most.
const TARGETS: usize = 12;

/// Keys of a proof, of a leaf and of a cap.
const KEYS: [&str; 6] = ["schema", "problem", "bound", "value", "W", "leaves"];
const LEAF_KEYS: [&str; 7] = ["bound", "weights", "centres", "users", "E", "mu", "boxes"];

/// The boxes of a subcarrier: splits as target and light, `None` where a box is not split, a split before
/// its lower and its upper part; prices of light for each box.
struct Boxes {
    splits: Vec<Option<(usize, f64)>>,
    prices: Vec<Vec<f64>>,
}

/// A leaf as the file has it.
pub(super) struct Leaf {
    weights: Vec<f64>,
    centres: Vec<f64>,
    users: Users,
    information: Vec<[f64; 3]>,
    power: f64,
    boxes: Vec<Boxes>,
}

/// Checks a proof.
pub(super) fn verify(root: &Node<'_>) -> Result<Verdict, Error> {
    root.known_keys(&KEYS)?;
    let document = Document {
        file: format!("{}: problem", root.file),
        value: root.get("problem")?.value.clone(),
    };
    let (posed, _) = posed::posed(&document.root(), &SolveRequest::default())?;
    let problem = &posed.problem;
    let (bound, value) = (root.get("bound")?.f64()?, root.get("value")?.f64()?);
    let node = root.get("W")?;
    let w = node.matrix_c64_of(problem.antennas(), problem.streams().columns())?;
    let leaves = root.get("leaves")?.objects()?;
    let [node] = &leaves[..] else {
        let why = format!("{} leaves, the whole set is one", leaves.len());
        return Ok(Verdict::refused(why));
    };
    let stated = node.get("bound")?.f64()?;
    let leaf = read(node, problem)?;

    // The point.
    let (ours, upper) = match point(problem, &w) {
        Ok(found) => found,
        Err(why) => return Ok(Verdict::refused(format!("W: {why}"))),
    };
    let form = |norm: f64| {
        problem
            .fairness()
            .from_norm(norm, problem.sensing().targets())
    };
    // What a part of the norm is in the form of the cost.
    let same = |a: f64, b: f64| (a - b).abs() <= (form(upper * (1.0 + SAME)) - form(upper)).abs();
    if !same(value, ours) {
        let why = format!("value: stated {value}, the beams reach {ours}");
        return Ok(Verdict::refused(why));
    }
    // The leaf.
    let norm = match bounded(problem, &leaf, upper) {
        Ok(norm) => norm,
        Err(why) => return Ok(Verdict::refused(format!("leaf 0: {why}"))),
    };
    let proved = form(norm);
    if !(stated <= proved && same(stated, proved)) {
        let why = format!("leaf 0: the bound {stated} is stated, the prices prove {proved}");
        return Ok(Verdict::refused(why));
    }
    if bound.total_cmp(&stated).is_ne() {
        let why = format!("bound: stated {bound}, that of the leaf is {stated}");
        return Ok(Verdict::refused(why));
    }
    Ok(Verdict::Proved {
        kind: "lower_bound".into(),
        bound,
        value: ours,
        relative_gap: isac_lab::solve::relative_gap(bound, ours),
        leaves: 1,
    })
}

pub(super) fn read(node: &Node<'_>, problem: &Problem) -> Result<Leaf, Error> {
    node.known_keys(&LEAF_KEYS)?;
    let targets = problem.sensing().targets();
    let triples = node.get("E")?.array_of(&[targets, 3])?.data;
    let split = |node: &Node<'_>| -> Result<Option<(usize, f64)>, Error> {
        if node.value.is_null() {
            return Ok(None);
        }
        let pair = node.items()?;
        let [target, at] = &pair[..] else {
            return Err(node.wrong("null, or a target and its light"));
        };
        Ok(Some((target.count(0, targets - 1)?, at.f64()?)))
    };
    let boxes = |node: &Node<'_>| -> Result<Boxes, Error> {
        node.known_keys(&["splits", "rho"])?;
        Ok(Boxes {
            splits: (node.get("splits")?.items()?.iter())
                .map(split)
                .collect::<Result<_, Error>>()?,
            prices: (node.get("rho")?.items()?.iter())
                .map(|prices| prices.vec_of(targets))
                .collect::<Result<_, Error>>()?,
        })
    };
    let all = node.get("boxes")?;
    let subcarriers = all.objects()?;
    if subcarriers.len() != problem.streams().subcarriers {
        let expected = problem.streams().subcarriers;
        return Err(all.wrong(format!("{expected} lists, one per subcarrier")));
    }
    Ok(Leaf {
        weights: node.get("weights")?.vec_of(targets)?,
        centres: node.get("centres")?.vec_of(targets)?,
        users: uplink::read(&node.get("users")?, problem)?,
        information: triples.chunks(3).map(|e| [e[0], e[1], e[2]]).collect(),
        power: node.get("mu")?.positive("1/W")?,
        boxes: subcarriers
            .iter()
            .map(boxes)
            .collect::<Result<_, Error>>()?,
    })
}

/// Cost and norm of beams that meet the rates within the power.
fn point(problem: &Problem, w: &Mat<c64>) -> Result<(f64, f64), String> {
    let excess = ops::norm2(w.as_ref()) / problem.power_w() - 1.0;
    if excess.is_nan() || excess > POWER {
        return Err(format!("the power exceeds the budget by {excess:e} of it"));
    }
    let mut evaluator = Evaluator::new(problem);
    let cost = evaluator.evaluate(w.as_ref());
    let short = problem.violation(evaluator.rates());
    if short.is_nan() || short > FEASIBLE {
        return Err(format!("a rate is {short:e} bit/s/Hz short"));
    }
    let norm = problem.fairness().with_form(Form::Norm);
    let norm = norm.cost(evaluator.crlb());
    if !(norm > 0.0 && norm.is_finite() && cost.is_finite()) {
        return Err(format!("the beams cost {cost}"));
    }
    Ok((cost, norm))
}

/// The bound of the norm that a leaf proves, given the norm of a point.
pub(super) fn bounded(problem: &Problem, leaf: &Leaf, upper: f64) -> Result<f64, String> {
    let sensing = problem.sensing();
    let options = sensing.options();
    let known = options.disturbance == Disturbance::All
        && options.bs == BsKnowledge::SensingOnly
        && sensing.model().combine == Combine::Sum
        && sensing.targets() <= TARGETS;
    if !known {
        return Err("no such proof is known for the problem's options".into());
    }
    allowed(problem, leaf)?;
    let needed = uplink::least_power(problem, &leaf.users, FEASIBLE)?;
    let left = problem.power_w() - needed;
    if left.is_nan() || left <= 0.0 {
        return Err("users: more power than there is".into());
    }
    let scene = Scene::new(problem, leaf, left);
    let a = scene.gain(&leaf.information) * (1.0 - ROOM);
    let mut b = left * leaf.power;
    for (i, boxes) in leaf.boxes.iter().enumerate() {
        let most = scene.most(leaf, i, boxes);
        b += most.map_err(|why| format!("subcarrier {i}: {why}"))?;
    }
    let norm = a * a / (4.0 * b * (1.0 + ROOM));
    if !(norm > 0.0 && norm.is_finite()) {
        return Err(format!("the prices prove {norm}"));
    }
    Ok((norm * (1.0 - 4.0 * ROOM)).min(upper))
}

/// Whether signs, definiteness and the dual norm of the weights are as they have to be.
fn allowed(problem: &Problem, leaf: &Leaf) -> Result<(), String> {
    let fairness = problem.fairness();
    let p = fairness.order();
    if p.is_nan() || p < 1.0 {
        return Err("no such proof is known for alpha < 0".into());
    }
    let weights = leaf.weights.iter().map(|w| w * fairness.reference());
    let dual = if p > 1.0 {
        weights.clone().map(|w| w.powf(p / (p - 1.0))).sum::<f64>()
    } else {
        weights.clone().fold(0.0, f64::max)
    };
    if weights.clone().any(|w| w.is_nan() || w < 0.0) || dual.is_nan() || dual > 1.0 {
        return Err(format!(
            "weights: negative, or of a dual norm above 1 ({dual})"
        ));
    }
    for (t, [e11, e12, e22]) in leaf.information.iter().enumerate() {
        let definite = *e11 >= 0.0 && *e22 >= 0.0 && e11 * e22 >= e12 * e12;
        if !definite {
            return Err(format!("E[{t}] is not positive semidefinite"));
        }
    }
    Ok(())
}

/// The problem in numbers.
struct Scene {
    n: usize,
    targets: usize,
    nodes: usize,
    left: f64,
    noise: Vec<f64>,
    /// `b_tj` and `kappa_tj`, target-major.
    reflection: Vec<f64>,
    kappa: Vec<f64>,
    /// What `g / D = 1` on a subcarrier informs: 11, 12, 22, target-major.
    unit: Vec<[f64; 3]>,
    /// Steering vectors in orthonormal coordinates of their span.
    steering: Vec<Vec<c64>>,
    /// `w_t D`.
    cost: Vec<[f64; 2]>,
}

impl Scene {
    fn new(problem: &Problem, leaf: &Leaf, left: f64) -> Self {
        let sensing = problem.sensing();
        let (model, options) = (sensing.model(), sensing.options());
        let (n, targets, all) = (sensing.subcarriers(), sensing.targets(), sensing.nodes());
        let nodes = match options.nodes {
            Nodes::Multi => all,
            Nodes::Mono => 1,
        };
        let m = model.symbols as f64;
        let (mut reflection, mut kappa) = (Vec::new(), Vec::new());
        for t in 0..targets {
            for j in 0..nodes {
                let b = model.reflection[t * all + j];
                reflection.push(b);
                kappa.push(2.0 * (2.0 * std::f64::consts::PI).powi(2) * b * model.antennas[j]);
            }
        }
        let mut unit = Vec::new();
        for t in 0..targets {
            for i in 0..n {
                let x = i as f64;
                unit.push(match options.gain {
                    Gain::Known => {
                        let (first, second) =
                            (m * (m - 1.0) / 2.0, (m - 1.0) * m * (2.0 * m - 1.0) / 6.0);
                        [m * x * x, -first * x, second]
                    }
                    // About any centre the spread is at least that about the mean.
                    Gain::Unknown => [
                        m * (x - leaf.centres[t]).powi(2),
                        0.0,
                        m * (m * m - 1.0) / 12.0,
                    ],
                });
            }
        }
        let given = problem.steering();
        let coordinates = if given.nrows() > given.ncols() {
            factor::qr_thin(given).1
        } else {
            given.to_owned()
        };
        let of = |w: &f64| [w * model.weights[0], w * model.weights[1]];
        Self {
            n,
            targets,
            nodes,
            left,
            noise: model.noise_w[..nodes].to_vec(),
            reflection,
            kappa,
            unit,
            steering: (0..targets)
                .map(|t| coordinates.col(t).iter().copied().collect())
                .collect(),
            cost: leaf.weights.iter().map(of).collect(),
        }
    }

    /// `a`.
    fn gain(&self, information: &[[f64; 3]]) -> f64 {
        let of = |t: usize| {
            let ([d1, d2], [e11, e12, e22]) = (self.cost[t], information[t]);
            let det = (e11 * e22 - e12 * e12).max(0.0);
            2.0 * (d1 * e11 + d2 * e22 + 2.0 * (d1 * d2 * det).sqrt()).sqrt()
        };
        (0..self.targets).map(of).sum()
    }

    /// What a subcarrier is worth at most.
    fn most(&self, leaf: &Leaf, i: usize, boxes: &Boxes) -> Result<f64, String> {
        let informs: Vec<f64> = (0..self.targets)
            .map(|t| {
                let ([u11, u12, u22], [e11, e12, e22]) =
                    (self.unit[t * self.n + i], leaf.information[t]);
                let size = u11 * e11 + 2.0 * (u12 * e12).abs() + u22 * e22;
                (u11 * e11 + 2.0 * u12 * e12 + u22 * e22 + 8.0 * f64::EPSILON * size).max(0.0)
            })
            .collect();
        let size = |a: &Vec<c64>| a.iter().map(|x| x.norm_sqr()).sum::<f64>();
        let whole = self
            .steering
            .iter()
            .map(|a| self.left * size(a) * (1.0 + ROOM));
        let mut open = vec![(vec![0.0; self.targets], whole.collect::<Vec<f64>>())];
        let mut prices = boxes.prices.iter();
        let mut most = 0.0_f64;
        for split in &boxes.splits {
            let Some((low, high)) = open.pop() else {
                return Err("there are more boxes than splits make".into());
            };
            if let Some((t, at)) = split {
                if !(low[*t] <= *at && *at <= high[*t]) {
                    return Err(format!(
                        "the split at {at} W of target {t} lies outside its box"
                    ));
                }
                let (mut below, mut above) = (high.clone(), low.clone());
                below[*t] = *at;
                above[*t] = *at;
                open.push((above, high));
                open.push((low, below));
                continue;
            }
            let Some(prices) = prices.next() else {
                return Err("a box has no prices".into());
            };
            most = most.max(self.worth(&informs, [&low, &high], prices, leaf.power)?);
        }
        if !open.is_empty() || prices.next().is_some() {
            return Err("boxes are missing, or there are prices for more".into());
        }
        Ok(most)
    }

    /// What a box of light is worth at most.
    fn worth(
        &self,
        informs: &[f64],
        [low, high]: [&[f64]; 2],
        prices: &[f64],
        power: f64,
    ) -> Result<f64, String> {
        let mut sum = self.vertices(informs, [low, high], prices);
        let order = self.steering[0].len();
        let weighted = Mat::from_fn(order, order, |i, j| {
            let pairs = self.steering.iter().zip(prices);
            pairs.map(|(a, rho)| a[i] * a[j].conj() * *rho).sum::<c64>()
        });
        let values = factor::eigvalsh(weighted.as_ref()).map_err(|e| e.to_string())?;
        let trace: f64 = (self.steering.iter().zip(prices))
            .map(|(a, rho)| rho.abs() * a.iter().map(|x| x.norm_sqr()).sum::<f64>())
            .sum();
        let top = values.last().copied().unwrap_or(0.0) + ROOM * trace;
        sum += self.left * (top - power).max(0.0);
        if sum.is_nan() {
            return Err("a box has no bound".into());
        }
        Ok(sum)
    }

    /// Noise and what a node hears of all targets but each one. Sums of what is there.
    fn disturbance(&self, j: usize, light: &[f64]) -> [f64; TARGETS] {
        let heard = |t: usize| self.reflection[t * self.nodes + j] * light[t];
        let mut out = [self.noise[j]; TARGETS];
        let (mut before, mut after) = (0.0, 0.0);
        for t in 0..self.targets {
            out[t] += before;
            before += heard(t);
        }
        for t in (0..self.targets).rev() {
            out[t] += after;
            after += heard(t);
        }
        out
    }

    /// The maximum over a box of what light informs less its price. It is convex in the light of each
    /// target alone, so that it lies at a vertex; where its slope by a target has one sign in the whole box,
    /// at one end of that target's light, and a face of the box that is linearly bounded below what another
    /// vertex reaches need not be looked at.
    fn vertices(&self, informs: &[f64], [low, high]: [&[f64]; 2], prices: &[f64]) -> f64 {
        let mut most = f64::NEG_INFINITY;
        let mut faces = vec![(low.to_vec(), high.to_vec())];
        while let Some((mut low, mut high)) = faces.pop() {
            let open = loop {
                let slopes = self.slopes(informs, [&low, &high], prices);
                let (mut above, mut size, mut fixed) = (0.0, 0.0, false);
                let mut open: Option<(f64, usize, bool)> = None;
                for t in 0..self.targets {
                    let [greatest, least, linear] = slopes[t];
                    above += (linear * low[t]).max(linear * high[t]);
                    size += (linear.abs() + 2.0 * prices[t].abs()) * high[t];
                    let width = high[t] - low[t];
                    if width <= 0.0 {
                        continue;
                    }
                    if least >= 0.0 {
                        low[t] = high[t];
                        fixed = true;
                    } else if greatest <= 0.0 {
                        high[t] = low[t];
                        fixed = true;
                    } else {
                        let doubt = width * (greatest - least);
                        if open.is_none_or(|(widest, ..)| doubt > widest) {
                            open = Some((doubt, t, greatest > -least));
                        }
                    }
                }
                if above + ROOM * size <= most {
                    break None;
                }
                match open {
                    None => {
                        most = most.max(self.value(informs, &high, prices));
                        break None;
                    }
                    Some((_, t, rising)) if !fixed => break Some((t, rising)),
                    Some(_) => {}
                }
            };
            if let Some((t, rising)) = open {
                let (mut lit, mut dark) = ((low.clone(), high.clone()), (low, high));
                lit.0[t] = lit.1[t];
                dark.1[t] = dark.0[t];
                // The likelier end is looked at first.
                faces.extend(if rising { [dark, lit] } else { [lit, dark] });
            }
        }
        most
    }

    /// Per target the greatest and the least slope in a box, and the slope of a linear function that is
    /// nowhere below in it.
    fn slopes(
        &self,
        informs: &[f64],
        [low, high]: [&[f64]; 2],
        prices: &[f64],
    ) -> [[f64; 3]; TARGETS] {
        let mut out = [[0.0; 3]; TARGETS];
        for (slopes, rho) in out.iter_mut().zip(prices) {
            *slopes = [-rho; 3];
        }
        for j in 0..self.nodes {
            let (quiet, loud) = (self.disturbance(j, low), self.disturbance(j, high));
            // What a watt that a node hears costs the others there, at least and at most.
            let (mut least, mut most) = ([0.0; TARGETS], [0.0; TARGETS]);
            for t in 0..self.targets {
                let k = self.kappa[t * self.nodes + j] * informs[t];
                out[t][0] += k / quiet[t];
                out[t][1] += k / loud[t];
                out[t][2] += k / quiet[t];
                least[t] = k * low[t] / (loud[t] * loud[t]);
                most[t] = k * high[t] / (quiet[t] * quiet[t]);
            }
            for t in 0..self.targets {
                let others = |harm: &[f64; TARGETS]| -> f64 {
                    let before = harm[..t].iter().sum::<f64>();
                    before + harm[t + 1..self.targets].iter().sum::<f64>()
                };
                let by = self.reflection[t * self.nodes + j];
                out[t][0] -= by * others(&least);
                out[t][1] -= by * others(&most);
            }
        }
        out
    }

    /// What light informs less its price, and room for rounding.
    fn value(&self, informs: &[f64], light: &[f64], prices: &[f64]) -> f64 {
        let (mut sum, mut size) = (0.0, 0.0);
        for t in 0..self.targets {
            sum -= prices[t] * light[t];
            size += prices[t].abs() * light[t];
        }
        for j in 0..self.nodes {
            let disturbance = self.disturbance(j, light);
            for t in 0..self.targets {
                let rate = self.kappa[t * self.nodes + j] / disturbance[t];
                let gain = informs[t] * rate * light[t];
                sum += gain;
                size += gain;
            }
        }
        sum + ROOM * size
    }
}
