//! `isac verify` for `hisac-see/1`: the leaves of a proof, each from the problem's own data.
//!
//! Shares nothing with the search but the reading of documents and the metrics. With channels over the
//! noise, `p` the least amplitude of Bob's data over his error ball, `z` his greatest noise and
//! interference, `beta` the least jamming of Eve and `t` her greatest SINR of the data, a leaf's box bounds
//! `p`, `z`, `t` (and with the free split the users' shares of the common rate). For any `m > 0` the rate is at
//! most
//!
//! ```text
//! [m (z + p^2) - ln m - 1 - ln z - ln(1 + t)] / ln 2
//! ```
//!
//! and to that a leaf adds multiples `y >= 0` of expressions that no design of the box makes negative: each is
//! a constraint, or the definition of `p`, `z`, `beta` or `t`, at one channel of an error ball that stands in the
//! file. The sum less `bound (P1 + P2 + P0)` is a concave quadratic in the beams, where the forms below
//! are positive semidefinite, and a function of one number at a time in the rest: its greatest value is
//! explicit, and if it is at most 0, no design in the box has an efficiency above the leaf's bound.
//!
//! That a problem has no design is the same with the bound 0 and without the tangent's slack: every design has a
//! rate of at least `-log2(1 + t)`, and a leaf whose multipliers leave less holds none. One slot of time division
//! is enough.
//!
//! The constraints are those of [hisac_see] for beams, not covariances: that Bob is reached in his whole
//! ball means `|h_bo^H w| >= r |w|`, and the phase of `w_bo` is free, so `h_bo^H w_bo >= 0`.

mod excluded;
mod leaf;
mod sum;

use isac_algos::hisac_see::{Access, Illumination, Objective, Problem, Working, evaluate};
use isac_lab::document::{Document, Node};
use isac_lab::error::Error;
use isac_lab::proof::{Cell, Verdict, cover};
use isac_linalg::{Mat, c64, factor};
use isac_metrics::rsma;
use isac_metrics::scnr::Echo;
use isac_metrics::secrecy::Bound;

use super::read;
use leaf::{Cut, Leaf, Name};
use sum::{Most, Sum, norm2};

/// How far the stated value may be from ours, relative.
const SAME: f64 = 1e-9;
/// How far the design may violate a constraint, as `isac judge` has it.
const FEASIBLE: f64 = 1e-5;

/// Keys of a proof.
const KEYS: [&str; 7] = [
    "schema", "problem", "bound", "value", "design", "errors", "leaves",
];

/// Checks a proof.
pub(super) fn verify(root: &Node<'_>) -> Result<Verdict, Error> {
    if root.opt("infeasible").is_some() {
        return excluded::verify(root);
    }
    root.known_keys(&KEYS)?;
    let document = Document {
        file: format!("{}: problem", root.file),
        value: root.get("problem")?.value.clone(),
    };
    let problem = read::problem(&document.root())?;
    let (bound, value) = (root.get("bound")?.f64()?, root.get("value")?.f64()?);
    let design = read::design(&root.get("design")?, &problem)?;
    let errors = root.get("errors")?.items()?;
    let errors: Vec<Vec<c64>> = errors.iter().map(Node::vec_c64).collect::<Result<_, _>>()?;
    let leaves = root.get("leaves")?.objects()?;
    let leaves: Vec<Leaf> = leaves.iter().map(leaf::read).collect::<Result<_, _>>()?;
    let refused = |why: String| Ok(Verdict::refused(why));
    if problem.objective != Objective::EnergyEfficiency {
        return refused("problem: a bound is about the energy efficiency".into());
    }

    // The design.
    let working = Working::new(&problem).map_err(|e| root.refused(e))?;
    let report = match evaluate(&problem, &working.network, &design, Bound::Exact) {
        Ok(report) => report,
        Err(error) => return refused(format!("design: {error}")),
    };
    let same = (value - report.objective).abs() <= SAME * report.objective.abs();
    if !same {
        return refused(format!(
            "value: stated {value}, the design reaches {}",
            report.objective
        ));
    }
    let violation = report.max_violation();
    if violation.is_nan() || violation > FEASIBLE {
        return refused(format!("design: a constraint is violated by {violation:e}"));
    }

    // The leaves.
    let slots = problem.access.slots(problem.cell.users());
    for slot in 0..slots {
        let facts = Facts::new(&problem, &working, slot, &errors);
        let own = || {
            leaves
                .iter()
                .enumerate()
                .filter(|(_, leaf)| leaf.slot == slot)
        };
        let cells: Vec<Cell> = own().map(|(_, leaf)| leaf.cell.clone()).collect();
        if let Err(why) = cover(&facts.domain(), &cells) {
            let why = if slots > 1 {
                format!("slot {slot}: {why}")
            } else {
                why
            };
            return refused(why);
        }
        for (i, leaf) in own() {
            if let Err(why) = facts.check(leaf) {
                return refused(format!("leaf {i}: {why}"));
            }
        }
    }
    if let Some((i, leaf)) = leaves
        .iter()
        .enumerate()
        .find(|(_, leaf)| leaf.slot >= slots)
    {
        return refused(format!("leaf {i}: there is no slot {}", leaf.slot));
    }
    let most = leaves
        .iter()
        .map(|leaf| leaf.bound)
        .fold(f64::NEG_INFINITY, f64::max);
    if bound.total_cmp(&most).is_ne() {
        return refused(format!(
            "bound: stated {bound}, the largest of the leaves is {most}"
        ));
    }
    Ok(Verdict::Proved {
        kind: "upper_bound".into(),
        bound,
        value: report.objective,
        relative_gap: isac_lab::solve::relative_gap(bound, report.objective),
        leaves: leaves.len(),
    })
}

/// Vectors of one base station in orthonormal coordinates of their span.
struct Space {
    basis: Option<Mat<c64>>,
    size: usize,
}

impl Space {
    fn new(antennas: usize, vectors: &[&[c64]]) -> Self {
        if vectors.len() >= antennas {
            return Self {
                basis: None,
                size: antennas,
            };
        }
        let stacked = Mat::from_fn(antennas, vectors.len(), |i, j| vectors[j][i]);
        let (basis, _) = factor::qr_thin(stacked.as_ref());
        Self {
            size: basis.ncols(),
            basis: Some(basis),
        }
    }

    fn see(&self, v: &[c64]) -> Vec<c64> {
        match &self.basis {
            None => v.to_vec(),
            Some(q) => (0..q.ncols())
                .map(|j| (0..q.nrows()).map(|i| q[(i, j)].conj() * v[i]).sum())
                .collect(),
        }
    }
}

/// What a user needs: the streams that count for it, those against it, the SINR.
struct Need {
    user: usize,
    wanted: Vec<usize>,
    against: Vec<usize>,
    sinr: f64,
}

/// One slot of the problem, channels over the noise.
struct Facts<'a> {
    problem: &'a Problem,
    errors: &'a [Vec<c64>],
    slot: usize,
    space1: Space,
    space2: Space,
    h_bo: Vec<c64>,
    h_e: Vec<c64>,
    h_ta: Vec<c64>,
    g_bo: Vec<c64>,
    g_e: Vec<c64>,
    users: Vec<(Vec<c64>, Vec<c64>)>,
    /// Radii in the order `h_bo, h_e, g_bo, g_e`.
    radius: [f64; 4],
    /// Noise of BS1 per antenna; noise at Bob.
    isotropic: f64,
    noise: f64,
    streams: usize,
    /// SCNR per watt towards the target.
    echo: f64,
}

impl<'a> Facts<'a> {
    fn new(problem: &'a Problem, working: &Working, slot: usize, errors: &'a [Vec<c64>]) -> Self {
        let cell = &working.network;
        let (m1, m2, n) = (cell.antennas1(), cell.antennas2(), cell.users());
        let columns = |m: &Mat<c64>| -> Vec<Vec<c64>> {
            (0..n).map(|k| m.col(k).iter().copied().collect()).collect()
        };
        let (h_users, g_users) = (columns(&cell.h_users), columns(&cell.g_users));
        let with_errors = |m: usize, fixed: &[&'_ [c64]], users: &[Vec<c64>]| {
            let mut all: Vec<Vec<c64>> = fixed.iter().map(|v| v.to_vec()).collect();
            all.extend(users.iter().cloned());
            all.extend(errors.iter().filter(|d| d.len() == m).cloned());
            let all: Vec<&[c64]> = all.iter().map(Vec::as_slice).collect();
            Space::new(m, &all)
        };
        let space1 = with_errors(
            m1,
            &[&cell.h_bo.estimate, &cell.h_e.estimate, &cell.h_ta],
            &h_users,
        );
        let space2 = with_errors(m2, &[&cell.g_bo.estimate, &cell.g_e.estimate], &g_users);
        let radius =
            [&cell.h_bo, &cell.h_e, &cell.g_bo, &cell.g_e].map(|link| link.radius().unwrap_or(0.0));
        let isotropic = problem.artificial_noise / m1 as f64;
        let echo = Echo::new(problem.reflection * problem.cell.noise, 1.0, &cell.h_ta);
        Self {
            problem,
            errors,
            slot,
            h_bo: space1.see(&cell.h_bo.estimate),
            h_e: space1.see(&cell.h_e.estimate),
            h_ta: space1.see(&cell.h_ta),
            g_bo: space2.see(&cell.g_bo.estimate),
            g_e: space2.see(&cell.g_e.estimate),
            users: h_users
                .iter()
                .zip(&g_users)
                .map(|(h, g)| (space1.see(h), space2.see(g)))
                .collect(),
            space1,
            space2,
            radius,
            isotropic,
            noise: 1.0 + isotropic * (norm2(&cell.h_bo.estimate).sqrt() + radius[0]).powi(2),
            streams: problem.access.streams(n) / problem.access.slots(n),
            echo: echo.scnr(1.0, 0.0, problem.clutter, problem.filter).value,
        }
    }

    /// `P1` without the noise, and `P2`, at most.
    fn limits(&self) -> [f64; 2] {
        [
            (self.problem.power1_max - self.problem.artificial_noise).max(0.0),
            self.problem.power2_max,
        ]
    }

    fn several_slots(&self) -> bool {
        self.problem.access.slots(self.problem.cell.users()) > 1
    }

    /// What Bob's SINR must be where Eve's is at least `t`. The secrecy rate is a mean over slots.
    fn least(&self, t: f64) -> f64 {
        let r = &self.problem.requirements;
        let secrecy = if self.several_slots() {
            0.0
        } else {
            r.secrecy_rate
        };
        r.sinr.max(secrecy.exp2() * (1.0 + t) - 1.0)
    }

    /// Every design's `p`, `z`, `t` and shares.
    fn domain(&self) -> Cell {
        let [power1, power2] = self.limits();
        let low = (self.least(0.0) * self.noise).sqrt();
        let high = (norm2(&self.h_bo).sqrt() - self.radius[0]).max(0.0) * power1.sqrt();
        let loud = (norm2(&self.g_bo).sqrt() + self.radius[2]).powi(2) * power2;
        // |x^H w_bo|^2 <= |x^H w_ta|^2 <= gamma (|x^H w_bo|^2 + beta + 1) in Eve's whole ball.
        let most = if self.problem.ordering {
            self.problem.requirements.sinr.min(1.0)
        } else {
            (norm2(&self.h_e).sqrt() + self.radius[1]).powi(2) * power1
        };
        let mut cell = Cell {
            lower: vec![low.min(high), self.noise, 0.0],
            upper: vec![high, self.noise + loud, most],
        };
        if self.problem.access == Access::RsmaFree {
            let users = self.users.len();
            cell.lower.extend(vec![0.0; users]);
            cell.upper.extend(vec![self.problem.unicast_rate(); users]);
        }
        cell
    }

    /// The users' needs in a box. With the free split `C_n = max(rate - R_n, 0)` are the shares, and their sum
    /// is at most the common rate; a user's two rates add up to what both streams bring together.
    fn needs(&self, cell: &Cell) -> Vec<Need> {
        let n = self.users.len();
        let sinr = |rate: f64| rate.exp2() - 1.0;
        let rate = self.problem.unicast_rate();
        let r = &self.problem.requirements;
        let of = |decodings: Vec<rsma::Decoding>, need: &dyn Fn(usize) -> f64| {
            let needs = decodings.into_iter().map(|d| Need {
                user: d.user,
                sinr: need(d.stream),
                wanted: vec![d.stream],
                against: d.interferers,
            });
            needs.collect::<Vec<_>>()
        };
        match self.problem.access {
            Access::RsmaFixed => of(rsma::rsma(n), &|stream| {
                sinr(if stream == 0 {
                    r.common_rate
                } else {
                    r.private_rate
                })
            }),
            Access::Sdma => of(rsma::sdma(n), &|_| sinr(rate)),
            Access::Noma => of(rsma::noma(&self.problem.users_in_order()), &|_| sinr(rate)),
            Access::Tdma => vec![Need {
                user: self.slot,
                wanted: vec![0],
                against: Vec::new(),
                sinr: sinr(n as f64 * rate),
            }],
            Access::RsmaFree => {
                let (low, high) = (&cell.lower[3..], &cell.upper[3..]);
                let all: f64 = low.iter().sum();
                let user = |k: usize| {
                    let others: Vec<usize> = (1..=n).filter(|j| *j != k + 1).collect();
                    let need = |wanted: &[usize], against: Vec<usize>, rate: f64| Need {
                        user: k,
                        wanted: wanted.to_vec(),
                        against,
                        sinr: sinr(rate),
                    };
                    [
                        need(&[0, k + 1], others.clone(), rate + all - low[k]),
                        need(&[0], (1..=n).collect(), all),
                        need(&[k + 1], others, (rate - high[k]).max(0.0)),
                    ]
                };
                (0..n).flat_map(user).collect()
            }
        }
    }

    /// Whether the leaf's bound holds.
    fn check(&self, leaf: &Leaf) -> Result<(), String> {
        let excess = self.excess(leaf)?;
        if excess <= 0.0 {
            return Ok(());
        }
        Err(format!(
            "at the bound {} the multipliers leave {excess:e} bps/Hz",
            leaf.bound
        ))
    }

    /// What the multipliers leave at the leaf's bound.
    fn excess(&self, leaf: &Leaf) -> Result<f64, String> {
        if !(leaf.bound.is_finite() && leaf.bound >= 0.0) {
            return Err(format!("the bound {} is no efficiency", leaf.bound));
        }
        if leaf.cell.lower[1] <= 0.0 || leaf.cell.lower[2] <= -1.0 {
            return Err("z must be positive and t above -1".into());
        }
        let mut sum = Sum::new(self.space1.size, self.space2.size, self.streams);
        self.add_fixed(leaf, &mut sum)?;
        for cut in &leaf.cuts {
            self.add_cut(leaf, cut, &mut sum)?;
        }
        self.add_cost(leaf.bound, &mut sum);
        let most = Most {
            powers: self.limits(),
            jamming: norm2(&self.g_e) * self.limits()[1],
        };
        sum.greatest(&most, &leaf.cell, leaf.m)
    }

    /// Less the efficiency times the power, where it is not allocated that of the beams and of the noise.
    fn add_cost(&self, efficiency: f64, sum: &mut Sum) {
        let accounting = &self.problem.accounting;
        let mut spent = self.problem.circuit_power;
        let mut cost = [efficiency; 2];
        match accounting.allocated1 {
            Some(watts) => (cost[0], spent) = (0.0, spent + watts),
            None => spent += self.problem.artificial_noise,
        }
        if let Some(watts) = accounting.allocated2 {
            (cost[1], spent) = (0.0, spent + watts);
        }
        sum.cost_of_power(cost);
        sum.number(-efficiency * spent);
    }

    /// Rows without a channel error, in the order of the file: both power limits, Bob's least SINR, `w_bo` and
    /// `w_ta` towards Bob (where they must be), the echo, the users.
    fn add_fixed(&self, leaf: &Leaf, sum: &mut Sum) -> Result<(), String> {
        let r = &self.problem.requirements;
        let needs = self.needs(&leaf.cell);
        let secrecy = !self.several_slots() && r.secrecy_rate > 0.0;
        let (data, sensing) = (r.sinr > 0.0 || secrecy, r.sinr > 0.0);
        let count = 4 + usize::from(data) + usize::from(sensing) + needs.len();
        if leaf.y.len() != count {
            return Err(format!(
                "{count} multipliers belong to the rows, there are {}",
                leaf.y.len()
            ));
        }
        let mut y = leaf.y.iter().copied();
        let mut next = || y.next().unwrap_or(0.0);
        let [power1, power2] = self.limits();
        let (first, second) = (next(), next());
        sum.number(first * power1);
        sum.number(second * power2);
        sum.cost_of_power([first, second]);
        let bob = next();
        sum.square += bob;
        sum.z -= bob * self.least(leaf.cell.lower[2]);
        let r2 = self.radius[0] * self.radius[0];
        if data {
            let y = next();
            sum.bo.outer(&self.h_bo, y);
            sum.bo.identity(-y * r2);
        }
        if sensing {
            let y = next();
            sum.ta.outer(&self.h_bo, y);
            sum.ta.identity(-y * r2);
        }
        let echo = next();
        sum.ta.outer(&self.h_ta, echo * self.echo);
        if self.problem.illumination == Illumination::Both {
            sum.bo.outer(&self.h_ta, echo * self.echo);
        }
        sum.number(-echo * r.sinr);
        for need in &needs {
            let y = next();
            let (h, g) = &self.users[need.user];
            for k in &need.wanted {
                sum.o[*k].outer(g, y);
            }
            for k in &need.against {
                sum.o[*k].outer(g, -y * need.sinr);
            }
            sum.bo.outer(h, -y * need.sinr);
            sum.ta.outer(h, -y * need.sinr);
            sum.number(-y * need.sinr * (1.0 + self.isotropic * norm2(h)));
        }
        Ok(())
    }

    /// The channel of a row, from its error ball.
    fn channel(&self, cut: &Cut) -> Result<Vec<c64>, String> {
        let error = self
            .errors
            .get(cut.error)
            .ok_or_else(|| format!("there is no error {}", cut.error))?;
        let (centre, space, radius, antennas) = match cut.row {
            Name::Interference => (
                &self.g_bo,
                &self.space2,
                self.radius[2],
                self.problem.cell.antennas2(),
            ),
            Name::Jamming => (
                &self.g_e,
                &self.space2,
                self.radius[3],
                self.problem.cell.antennas2(),
            ),
            Name::Signal | Name::Amplitude | Name::OrderAtBob | Name::SensingAtBob => (
                &self.h_bo,
                &self.space1,
                self.radius[0],
                self.problem.cell.antennas1(),
            ),
            Name::Eavesdropping | Name::Leak | Name::SensingAtEve | Name::OrderAtEve => (
                &self.h_e,
                &self.space1,
                self.radius[1],
                self.problem.cell.antennas1(),
            ),
        };
        if error.len() != antennas {
            return Err(format!(
                "error {} has {} entries, not {antennas}",
                cut.error,
                error.len()
            ));
        }
        let length = norm2(error);
        if length.is_nan() || length > 1.0 {
            return Err(format!("error {} is longer than the radius", cut.error));
        }
        let ordering = matches!(
            cut.row,
            Name::SensingAtEve | Name::OrderAtEve | Name::OrderAtBob
        );
        if ordering && !self.problem.ordering {
            return Err("the orders are no constraint of the problem".into());
        }
        let error = space.see(error);
        let pairs = centre.iter().zip(&error);
        Ok(pairs.map(|(c, d)| c + d * radius).collect())
    }

    /// A row at one channel of an error ball.
    fn add_cut(&self, leaf: &Leaf, cut: &Cut, sum: &mut Sum) -> Result<(), String> {
        let x = self.channel(cut)?;
        let (y, gamma) = (cut.y, self.problem.requirements.sinr);
        let heard = 1.0 + self.isotropic * norm2(&x);
        match cut.row {
            Name::Signal => {
                sum.bo.outer(&x, y);
                sum.square -= y;
            }
            Name::Amplitude => {
                sum.towards(&x, c64::new(0.5 * y, 0.0));
                sum.p -= y;
            }
            Name::Interference => {
                sum.z += y;
                sum.number(-y * self.noise);
                sum.o.iter_mut().for_each(|o| o.outer(&x, -y));
            }
            Name::Jamming => {
                sum.beta -= y;
                sum.o.iter_mut().for_each(|o| o.outer(&x, y));
            }
            Name::Eavesdropping => {
                let v2 = norm2(&[cut.v]);
                sum.t += y;
                sum.towards(&x, -cut.v * y);
                sum.ta.outer(&x, y * v2);
                sum.beta += y * v2;
                sum.number(y * v2 * heard);
            }
            Name::Leak => {
                let t = leaf.cell.upper[2];
                sum.bo.outer(&x, -y);
                sum.ta.outer(&x, y * t);
                sum.beta += y * t;
                sum.number(y * t * heard);
            }
            Name::SensingAtEve => {
                sum.ta.outer(&x, -y);
                sum.bo.outer(&x, y * gamma);
                sum.beta += y * gamma;
                sum.number(y * gamma * heard);
            }
            Name::SensingAtBob => {
                sum.ta.outer(&x, y);
                sum.bo.outer(&x, -y * gamma);
                sum.z -= y * gamma;
            }
            Name::OrderAtEve | Name::OrderAtBob => {
                sum.ta.outer(&x, y);
                sum.bo.outer(&x, -y);
            }
        }
        Ok(())
    }
}
