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
//! positive semidefinite `E_t` and prices `rho`, `nu >= 0`, a design whose light of target `t` is at most `G_th`
//! in half `h` of the band costs at least `a - b`, hence `a^2 / (4 b)`:
//!
//! ```text
//! a = sum_t 2 tr (w_t D^1/2 E_t D^1/2)^1/2
//! b = S lambda_max(sum rho_t a_t a_t^H) + sum nu_th G_th + sum_i max over 0 <= g <= G of
//!     sum_tj kappa_tj e_ti g_t / (sigma_j + sum_{q != t} b_qj g_q) - sum_t (rho_t + nu_th) g_t
//! ```
//!
//! (`w C >= 2 tr(..)^1/2 - tr(E F)`, and the light of all targets together costs at least its price). The last
//! function is convex in each `g_t`: its maximum is at a vertex, and all are tried. A design that costs at
//! most `U` has no more light of target `t` in `h` than `(U - a + b') / delta`, where `b'` has `rho_t + delta` in the
//! eigenvalue and in the other half, with prices of its own: so the caps of a round follow from those of the
//! round before, the first ones from `S |a_t|^2`. The bound is that of the last caps, or `U` if that is
//! smaller.

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
/// Targets at most: all `2^T` vertices are tried.
const TARGETS: usize = 12;

/// Keys of a proof, of a leaf and of a cap.
const KEYS: [&str; 6] = ["schema", "problem", "bound", "value", "W", "leaves"];
const LEAF_KEYS: [&str; 8] = [
    "bound", "weights", "centres", "users", "rounds", "E", "rho", "nu",
];
const CAP_KEYS: [&str; 6] = ["target", "half", "raise", "E", "rho", "nu"];

/// Prices as the file has them.
struct Prices {
    information: Vec<[f64; 3]>,
    light: Vec<f64>,
    caps: Vec<[f64; 2]>,
}

/// What caps the light of a target in a half of the band.
struct Cap {
    target: usize,
    half: usize,
    raise: f64,
    prices: Prices,
}

/// A leaf as the file has it.
pub(super) struct Leaf {
    weights: Vec<f64>,
    centres: Vec<f64>,
    users: Users,
    rounds: Vec<Vec<Cap>>,
    prices: Prices,
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
    let prices = |node: &Node<'_>| -> Result<Prices, Error> {
        let triples = node.get("E")?.array_of(&[targets, 3])?.data;
        let pairs = node.get("nu")?.array_of(&[targets, 2])?.data;
        Ok(Prices {
            information: triples.chunks(3).map(|e| [e[0], e[1], e[2]]).collect(),
            light: node.get("rho")?.vec_of(targets)?,
            caps: pairs.chunks(2).map(|e| [e[0], e[1]]).collect(),
        })
    };
    let cap = |node: &Node<'_>| -> Result<Cap, Error> {
        node.known_keys(&CAP_KEYS)?;
        Ok(Cap {
            target: node.get("target")?.count(0, targets - 1)?,
            half: node.get("half")?.count(0, 1)?,
            raise: node.get("raise")?.positive("1/W")?,
            prices: prices(node)?,
        })
    };
    let rounds = node.get("rounds")?.items()?;
    Ok(Leaf {
        weights: node.get("weights")?.vec_of(targets)?,
        centres: node.get("centres")?.vec_of(targets)?,
        users: uplink::read(&node.get("users")?, problem)?,
        rounds: (rounds.iter())
            .map(|round| round.objects()?.iter().map(cap).collect())
            .collect::<Result<_, Error>>()?,
        prices: prices(node)?,
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
    let mut caps: Vec<[f64; 2]> = (0..sensing.targets())
        .map(|t| [left * scene.gram[(t, t)].re * (1.0 + ROOM); 2])
        .collect();
    for (at, round) in leaf.rounds.iter().enumerate() {
        let vertices = scene.vertices(&caps);
        let mut renewed = caps.clone();
        for Cap {
            target,
            half,
            raise,
            prices,
        } in round
        {
            let a = scene.gain(prices) * (1.0 - ROOM);
            let raised = Some((*target, *half, *raise));
            let b = scene.price(prices, &caps, &vertices, raised);
            let b = b.map_err(|e| format!("round {at}: {e}"))?;
            let most = (upper * (1.0 + ROOM) - a + b).max(0.0) / raise;
            let cap = &mut renewed[*target][*half];
            *cap = cap.min(most * (1.0 + ROOM));
        }
        caps = renewed;
    }
    let a = scene.gain(&leaf.prices) * (1.0 - ROOM);
    let b = scene.price(&leaf.prices, &caps, &scene.vertices(&caps), None);
    let norm = a * a / (4.0 * b.map_err(|e| e.to_string())?);
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
    let of_caps = leaf.rounds.iter().flatten().map(|cap| &cap.prices);
    for prices in of_caps.chain([&leaf.prices]) {
        for (t, [e11, e12, e22]) in prices.information.iter().enumerate() {
            let definite = *e11 >= 0.0 && *e22 >= 0.0 && e11 * e22 >= e12 * e12;
            if !definite {
                return Err(format!("E[{t}] is not positive semidefinite"));
            }
        }
        let mut all = prices.light.iter().chain(prices.caps.iter().flatten());
        if all.any(|x| x.is_nan() || *x < 0.0) {
            return Err("a negative price".into());
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
    gram: Mat<c64>,
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
        let steering = problem.steering();
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
            gram: ops::adjoint_mul(steering, steering),
            cost: leaf.weights.iter().map(of).collect(),
        }
    }

    /// `a`.
    fn gain(&self, prices: &Prices) -> f64 {
        let of = |t: usize| {
            let ([d1, d2], [e11, e12, e22]) = (self.cost[t], prices.information[t]);
            let det = (e11 * e22 - e12 * e12).max(0.0);
            2.0 * (d1 * e11 + d2 * e22 + 2.0 * (d1 * d2 * det).sqrt()).sqrt()
        };
        (0..self.targets).map(of).sum()
    }

    /// For both halves, vertex-major, `g_t sum_j kappa_tj / D_tj` of the targets that a vertex lights.
    fn vertices(&self, caps: &[[f64; 2]]) -> [Vec<f64>; 2] {
        [0, 1].map(|h| {
            let mut table = Vec::with_capacity(self.targets << self.targets);
            for vertex in 0..1usize << self.targets {
                let lit = |t: usize| vertex & (1 << t) != 0;
                for t in 0..self.targets {
                    if !lit(t) {
                        table.push(0.0);
                        continue;
                    }
                    let mut sum = 0.0;
                    for j in 0..self.nodes {
                        let mut disturbance = self.noise[j];
                        for q in (0..self.targets).filter(|&q| q != t && lit(q)) {
                            disturbance += self.reflection[q * self.nodes + j] * caps[q][h];
                        }
                        sum += self.kappa[t * self.nodes + j] / disturbance;
                    }
                    table.push(caps[t][h] * sum);
                }
            }
            table
        })
    }

    /// `b`, or `b'` for light of target `t` in half `h` raised by `delta`; never below its exact value.
    fn price(
        &self,
        prices: &Prices,
        caps: &[[f64; 2]],
        vertices: &[Vec<f64>; 2],
        raised: Option<(usize, usize, f64)>,
    ) -> Result<f64, isac_linalg::Error> {
        let mut light = prices.light.clone();
        if let Some((t, _, delta)) = raised {
            light[t] += delta;
        }
        let weighted = Mat::from_fn(self.targets, self.targets, |i, j| {
            self.gram[(i, j)] * (light[i] * light[j]).sqrt()
        });
        let top = factor::eigvalsh(weighted.as_ref())?
            .last()
            .copied()
            .unwrap_or(0.0);
        let trace: f64 = (0..self.targets).map(|t| weighted[(t, t)].re).sum();
        let mut sum = self.left * (top + ROOM * trace);
        for t in 0..self.targets {
            sum += prices.caps[t][0] * caps[t][0] + prices.caps[t][1] * caps[t][1];
        }
        for i in 0..self.n {
            let h = usize::from(2 * i >= self.n);
            // In its own half the raised light is what is counted: its price stays.
            let base = match raised {
                Some((_, half, _)) if half != h => &light,
                _ => &prices.light,
            };
            let charged: Vec<f64> = (0..self.targets)
                .map(|t| (base[t] + prices.caps[t][h]) * caps[t][h])
                .collect();
            sum += self.largest(prices, i, &charged, &vertices[h]);
        }
        Ok(sum * (1.0 + ROOM))
    }

    /// The maximum over the vertices on a subcarrier; `charged` for all the light that a cap allows.
    fn largest(&self, prices: &Prices, i: usize, charged: &[f64], table: &[f64]) -> f64 {
        let informs: Vec<f64> = (0..self.targets)
            .map(|t| {
                let ([u11, u12, u22], [e11, e12, e22]) =
                    (self.unit[t * self.n + i], prices.information[t]);
                let size = u11 * e11 + 2.0 * (u12 * e12).abs() + u22 * e22;
                u11 * e11 + 2.0 * u12 * e12 + u22 * e22 + 8.0 * f64::EPSILON * size
            })
            .collect();
        let alone = |t: usize| informs[t] * table[(1 << t) * self.targets + t] > charged[t];
        // Others only disturb: who does not pay alone never does.
        if !(0..self.targets).any(alone) {
            return 0.0;
        }
        let mut most = 0.0_f64;
        for (vertex, rates) in table.chunks(self.targets).enumerate() {
            let mut sum = 0.0;
            for t in (0..self.targets).filter(|t| vertex & (1 << t) != 0) {
                sum += informs[t] * rates[t] - charged[t];
            }
            most = most.max(sum);
        }
        most
    }
}
