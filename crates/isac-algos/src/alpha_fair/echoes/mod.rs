//! A lower bound of the cost that sees the echoes of other targets: on every subcarrier the best beam there
//! can be.
//!
//! [`super::bound`] lets targets take turns on the edge of the band, one at a time and undisturbed, at the
//! price of beams that light all of them together; no beam can do both. Let `g_t = |a_t^H w|^2` be the light of
//! target `t` on subcarrier `i`, `S` the power that the users leave, and `w_t` weights with `sum w_t C_t <= norm(C)`.
//! For any positive semidefinite `E_t` and any price `mu` of power, with `e_ti` the inner product of `E_t` and
//! what one unit of `g_t / D_tj` informs,
//!
//! ```math
//! \sum_t w_t C_t \ge a - b, \qquad a = \sum_t 2 \mathrm{tr} (w_t D^{1/2} E_t D^{1/2})^{1/2}, \qquad b = S \mu + \sum_i \phi_i
//! \phi_i = \max_{w} \sum_{tj} \kappa_{tj} e_{ti} g_t / (\sigma_j + \sum_{q \ne t} b_{qj} g_q) - \mu |w|^2 .
//! ```
//!
//! With `E` and `mu` scaled as the bound likes best, `norm(C) >= a^2 / (4 b)`, for every design, whatever is known
//! of others. The prices are sought over beams found by ascents (`patterns`, `master`); what a subcarrier is
//! worth at most, `phi_i`, is then bounded by branch and bound over boxes of light (`tree`), which is what proves the bound.
//! All users' echoes are left out, and that the sensing stream disturbs users.

mod master;
mod patterns;
mod scene;
mod tree;

use super::linear::UserPower;
use super::{Problem, bound, feasibility};
use crate::Error;
use isac_metrics::delay_doppler::{BsKnowledge, Combine, Disturbance};

use patterns::Pools;
use scene::Scene;
pub use tree::Node;
use tree::Tree;

/// Targets at most.
pub const TARGETS: usize = 12;
/// Rounds in which beams are renewed.
const ROUNDS: usize = 40;
/// So many rounds in a row that raise the best bound by less than this, relative, are the last: new beams can
/// lower it for a round or two, until the prices know them.
const PROGRESS: (f64, usize) = (1e-4, 4);
/// Boxes of light given prices of their own or split at most, over all subcarriers.
const SPLITS: usize = 40_000;
/// Boxes are split until they lose less than this, over `b`.
const TIGHT: f64 = 2e-3;

/// Prices.
#[derive(Debug, Clone, PartialEq)]
pub struct Dual {
    /// `E_t`, entries 11, 12 and 22.
    pub information: Vec<[f64; 3]>,
    /// `mu`, per share of power.
    pub power: f64,
}

/// Everything that a bound rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// `w_t`, over the reference of the norm.
    pub weights: Vec<f64>,
    /// Index about which the spread of an unknown gain is counted, per target; 0 for known gains.
    pub centres: Vec<f64>,
    /// What the users need.
    pub users: UserPower,
    /// The prices.
    pub dual: Dual,
    /// For every subcarrier boxes of light, a split before its parts.
    pub boxes: Vec<Vec<Node>>,
    /// Bound of the norm form.
    pub norm: f64,
}

/// Bounds the norm form of the cost of all designs that meet the rates of `problem`. `None` where the
/// echoes of others are no disturbance or the problem is of a kind
/// that this bound does not know (states, known data, more than [`TARGETS`] targets, `alpha < 0`).
///
/// # Errors
/// A numerical breakdown.
pub fn search(
    problem: &Problem,
    options: &bound::Options,
    mut goes_on: impl FnMut() -> bool,
) -> Result<Option<Evidence>, Error> {
    let sensing = problem.sensing();
    let known = sensing.options().disturbance == Disturbance::All
        && sensing.options().bs == BsKnowledge::SensingOnly
        && sensing.model().combine == Combine::Sum
        && sensing.targets() <= TARGETS
        && problem.fairness().order() >= 1.0;
    if !known {
        return Ok(None);
    }
    let problem = &problem.in_own_unit()?;
    let Some(users) = feasibility::user_power(problem) else {
        return Ok(None);
    };
    let Some((_, relaxation)) = bound::relaxed(problem, options, users.power)? else {
        return Ok(None);
    };
    let left = problem.power_w() - users.power;
    // Users that need all power leave no light to price.
    if left.is_nan() || left <= 0.0 {
        return Ok(None);
    }
    let scene = Scene::new(problem, &relaxation, left)?;
    let Some((dual, found)) = scene.priced(&mut goes_on)? else {
        return Ok(None);
    };
    let (boxes, most) = scene.boxes(&dual, &found, &mut goes_on);
    let norm = scene.gains(&dual).powi(2) / (4.0 * (left * dual.power + most));
    Ok((norm > 0.0 && norm.is_finite()).then_some(Evidence {
        dual,
        boxes,
        weights: scene.weights,
        centres: scene.centres,
        users,
        norm,
    }))
}

impl Dual {
    /// All prices times `s^2`, so that `a` grows by `s` and `b` by `s^2`.
    fn scaled(mut self, s: f64) -> Self {
        let by = s * s;
        self.information.iter_mut().flatten().for_each(|x| *x *= by);
        self.power *= by;
        self
    }
}

impl Scene {
    /// The best prices over beams that were found, with what these are worth on every subcarrier.
    fn priced(
        &self,
        goes_on: &mut impl FnMut() -> bool,
    ) -> Result<Option<(Dual, Vec<f64>)>, Error> {
        let mut pools = Pools::new(self);
        let mut x = master::improve(&pools, self.start())?;
        let mut best: Option<(f64, Dual, Vec<f64>)> = None;
        let mut idle = 0;
        for _ in 0..ROUNDS {
            let dual = self.unpack(&x);
            let found = pools.renew(&dual)?;
            let b = self.left * dual.power + found.iter().sum::<f64>();
            let norm = self.gains(&dual).powi(2) / (4.0 * b);
            let before = best.as_ref().map_or(0.0, |(norm, ..)| *norm);
            if norm > before {
                best = Some((norm, dual, found));
            }
            idle = if norm <= before * (1.0 + PROGRESS.0) {
                idle + 1
            } else {
                0
            };
            if idle >= PROGRESS.1 || !goes_on() {
                break;
            }
            x = master::improve(&pools, x)?;
        }
        Ok(best.map(|(_, dual, found)| {
            let b = self.left * dual.power + found.iter().sum::<f64>();
            let s = self.gains(&dual) / (2.0 * b);
            let found = found.iter().map(|x| x * s * s).collect();
            (dual.scaled(s), found)
        }))
    }

    /// Boxes of light for every subcarrier and the sum of what they prove.
    fn boxes(
        &self,
        dual: &Dual,
        found: &[f64],
        goes_on: &mut impl FnMut() -> bool,
    ) -> (Vec<Vec<Node>>, f64) {
        let mut trees: Vec<Tree<'_>> = (found.iter().enumerate())
            .map(|(i, found)| Tree::new(self, dual, i, *found))
            .collect();
        let tight = TIGHT * self.left * dual.power;
        for _ in 0..SPLITS {
            let gaps: f64 = trees.iter().map(Tree::gap).sum();
            // Gaps fall with a power of the number of boxes.
            let pays = trees
                .iter_mut()
                .filter(|tree| tree.gap() > 0.0)
                .max_by(|a, b| a.pays().total_cmp(&b.pays()));
            let Some(pays) = pays.filter(|_| gaps > tight && goes_on()) else {
                break;
            };
            if !pays.split() {
                break;
            }
        }
        let most = trees.iter().map(Tree::most).sum();
        (trees.into_iter().map(Tree::listed).collect(), most)
    }
}
