//! `isac verify` for `noma/1`: one leaf, the whole set of designs, from the problem's own data.
//!
//! Shares nothing with the search but the reading of documents and the metrics. With the columns
//! `A = [h_1 .. h_K, a_1 .. a_M]` the multipliers of the constraints make Hermitian matrices `M_k` of
//! order `K + M`, and every design that meets the constraints has
//!
//! ```text
//! power = sum_k tr(Z_k W_k) + (what the constraints leave) >= value,
//! Z_k   = rho_c I + rho_s sum_m a_m a_m^H + A M_k A^H,
//! value = sigma^2 sum gamma lambda + P_s sum nu - P_diff sum |eta| - Xi |zeta| + sum |b|^2,
//! ```
//!
//! if every `Z_k` is positive semidefinite and `lambda`, `nu`, `mu` are not negative. With channel errors
//! the pair `(k, l)` has columns `(c, b)` in place of `lambda`: for `|dh| <= eps`, the constraint as a
//! matrix inequality, and `sum |A c|^2 <= sum |b|^2` (which takes its own multiplier away), they add
//! `- x x^H / gamma` to `Z_k` and `x x^H` to that of a message that disturbs, `x = (eps A c + b h_l) /
//! sigma`, and `y y^H` to that of one that was removed, `y = eps A c / sigma`. A common SINR of `t` is out of
//! reach when the value for targets of `t` exceeds the budget. If even `A M_k A^H` is positive definite on
//! the span of `A` for every `k` and `value > 0`, its multiples prove any power: there is no design.
//! Everything is evaluated in about 31 digits.

use isac_algos::noma::robust::{self, ErrorBall};
use isac_algos::noma::{Scene, evaluate};
use isac_lab::document::{Document, Node};
use isac_lab::error::Error;
use isac_lab::proof::Verdict;
use isac_linalg::kernel::{self, Field, Real, Twofold, TwofoldComplex};
use isac_linalg::precise;
use isac_linalg::{Mat, c64, ops};

use super::contradiction;
use super::input::{self, Case, Problem};
use isac_lab::solve::SolveRequest;

/// How far a stated number may be from ours, relative.
const SAME: f64 = 1e-9;
/// Largest relative violation of the beams, as `solved` allows.
const VIOLATION: f64 = 1e-6;
/// Rounding of sums in 31 digits and of a factorisation, relative to the moduli of the terms.
const ROUNDING: f64 = 1e-28;

/// Keys of a proof, of a leaf and of a proof that there is no design.
const KEYS: [&str; 7] = [
    "schema",
    "problem",
    "bound",
    "value",
    "w",
    "leaves",
    "infeasible",
];
const LEAF_KEYS: [&str; 7] = [
    "bound",
    "sinr",
    "floor",
    "difference",
    "cross",
    "ordering",
    "errors",
];

/// Checks a proof.
pub(super) fn verify(root: &Node<'_>) -> Result<Verdict, Error> {
    root.known_keys(&KEYS)?;
    let document = Document {
        file: format!("{}: problem", root.file),
        value: root.get("problem")?.value.clone(),
    };
    let (case, _) = input::posed(&document.root(), &SolveRequest::default())?;
    if let Some(node) = root.opt("infeasible") {
        let beside = ["bound", "value", "w", "leaves"];
        if let Some(other) = beside.iter().find_map(|key| root.opt(key)) {
            return Err(other.wrong("no such key beside `infeasible`"));
        }
        return Ok(match infeasible(&case, &node)? {
            Ok(rule) => Verdict::Infeasible { rule },
            Err(why) => Verdict::refused(format!("infeasible: {why}")),
        });
    }
    let (bound, value) = (root.get("bound")?.f64()?, root.get("value")?.f64()?);
    let (antennas, users) = (case.scene.antennas(), case.scene.users());
    let beams = root.get("w")?.matrix_c64_of(antennas, users)?;
    let leaves = root.get("leaves")?.objects()?;
    let [leaf] = &leaves[..] else {
        let why = format!("{} leaves, the whole set is one", leaves.len());
        return Ok(Verdict::refused(why));
    };
    leaf.known_keys(&LEAF_KEYS)?;
    let stated = leaf.get("bound")?.f64()?;
    let dual = Dual::read(&case, leaf)?;

    // The point.
    let ours = match point(&case, &beams) {
        Ok(ours) => ours,
        Err(why) => return Ok(Verdict::refused(format!("w: {why}"))),
    };
    let same = (value - ours).abs() <= SAME * ours.abs();
    if !same {
        let why = format!("value: stated {value}, the beams reach {ours}");
        return Ok(Verdict::refused(why));
    }
    // The leaf.
    if let Err(why) = bounded(&case, &dual, stated) {
        return Ok(Verdict::refused(format!("leaf 0: {why}")));
    }
    if bound.total_cmp(&stated).is_ne() {
        let why = format!("bound: stated {bound}, that of the leaf is {stated}");
        return Ok(Verdict::refused(why));
    }
    let kind = match case.problem {
        Problem::PowerMin { .. } | Problem::RobustPowerMin { .. } => "lower_bound",
        Problem::MaxMin { .. } | Problem::RobustMaxMin { .. } => "upper_bound",
    };
    Ok(Verdict::Proved {
        kind: kind.into(),
        bound,
        value: ours,
        relative_gap: isac_lab::solve::relative_gap(bound, ours),
        leaves: 1,
    })
}

/// Radius and residual of the channel errors; no errors without.
fn errors_of(problem: &Problem) -> ErrorBall {
    match problem {
        Problem::RobustPowerMin { ball, .. } | Problem::RobustMaxMin { ball, .. } => *ball,
        Problem::PowerMin { .. } | Problem::MaxMin { .. } => ErrorBall {
            radius: 0.0,
            residual: true,
        },
    }
}

/// The objective of beams that meet the constraints, or why they do not.
fn point(case: &Case, beams: &Mat<c64>) -> Result<f64, String> {
    let (scene, text) = (&case.scene, |e: isac_algos::Error| e.to_string());
    let factors = input::factors_by_position(scene, beams);
    let evaluation = evaluate(scene, &factors).map_err(text)?;
    let ball = errors_of(&case.problem);
    let sinr = robust::worst_cases(scene, &factors, ball).map_err(text)?;
    let mut violation = evaluation.sensing_violation;
    let value = match &case.problem {
        Problem::PowerMin { gamma } | Problem::RobustPowerMin { gamma, .. } => {
            let targets = scene.sinr_targets(gamma).map_err(text)?;
            for (pair, reached) in sinr {
                violation = violation.max(1.0 - reached / targets[pair.message]);
            }
            evaluation.power
        }
        Problem::MaxMin { budget } | Problem::RobustMaxMin { budget, .. } => {
            violation = violation.max(evaluation.power / budget - 1.0);
            sinr.iter().fold(f64::INFINITY, |low, &(_, s)| low.min(s))
        }
    };
    if violation.is_nan() || violation > VIOLATION {
        return Err(format!(
            "the constraints are violated by {violation:e} of their size"
        ));
    }
    Ok(value)
}

/// Whether the multipliers prove the bound that is stated.
fn bounded(case: &Case, dual: &Dual, stated: f64) -> Result<(), String> {
    let scene = &case.scene;
    let data = Data::new(scene, errors_of(&case.problem));
    match &case.problem {
        Problem::PowerMin { gamma } | Problem::RobustPowerMin { gamma, .. } => {
            let targets = scene.sinr_targets(gamma).map_err(|e| e.to_string())?;
            let proved = data.value(dual, &targets, true)?.to_f64() * (1.0 - f64::EPSILON);
            if stated <= proved && proved * (1.0 - SAME) <= stated {
                return Ok(());
            }
            Err(format!(
                "the bound {stated} is stated, the multipliers prove {proved}"
            ))
        }
        Problem::MaxMin { budget } | Problem::RobustMaxMin { budget, .. } => {
            if !(stated > 0.0 && stated.is_finite()) {
                return Err(format!("the bound {stated} is no SINR above 0"));
            }
            let targets = vec![stated; scene.users()];
            let needed = data.value(dual, &targets, true)?;
            if (needed - Twofold::from(*budget)).to_f64() > 0.0 {
                return Ok(());
            }
            Err(format!(
                "at a common SINR of {stated} the multipliers prove a power of {}, not above the budget of {budget} W",
                needed.to_f64()
            ))
        }
    }
}

/// Whether there is no design: the rule by which, or why that is not proved.
fn infeasible(case: &Case, node: &Node<'_>) -> Result<Result<String, String>, Error> {
    let scene = &case.scene;
    let gamma = match &case.problem {
        Problem::PowerMin { gamma } | Problem::RobustPowerMin { gamma, .. } => Some(gamma),
        Problem::MaxMin { .. } | Problem::RobustMaxMin { .. } => None,
    };
    let targets = gamma.map(|gamma| scene.sinr_targets(gamma)).transpose();
    let targets = targets.map_err(|e| Error::numerical("verify", e))?;
    let rule = node.get("rule")?;
    if ![Some("ray"), Some("budget")].contains(&rule.value.as_str()) {
        let radius = errors_of(&case.problem).radius;
        return contradiction::holds(scene, radius, targets.as_deref(), node);
    }
    let known: Vec<&str> = std::iter::once("rule").chain(LEAF_KEYS).collect();
    node.known_keys(&known)?;
    let dual = Dual::read(case, node)?;
    let of_budget = rule.text()? == "budget";
    Ok(by_multipliers(case, &dual, targets, of_budget).map(|()| rule.text().unwrap_or("").into()))
}

/// Whether multipliers exclude every design: a ray, or floors that need more than the budget.
fn by_multipliers(
    case: &Case,
    dual: &Dual,
    targets: Option<Vec<f64>>,
    of_budget: bool,
) -> Result<(), String> {
    let over = match (&case.problem, of_budget) {
        (_, false) => 0.0,
        (Problem::MaxMin { budget } | Problem::RobustMaxMin { budget, .. }, true) => *budget,
        (Problem::PowerMin { .. } | Problem::RobustPowerMin { .. }, true) => {
            return Err("the problem has no budget".into());
        }
    };
    let served = dual.sinr.iter().any(|x| *x != 0.0) || !dual.errors.is_empty();
    if targets.is_none() && served {
        return Err("multipliers of SINR targets, which the problem does not state".into());
    }
    let any = targets.unwrap_or_else(|| vec![1.0; case.scene.users()]);
    let data = Data::new(&case.scene, errors_of(&case.problem));
    let excess = (data.value(dual, &any, of_budget)? - Twofold::from(over)).to_f64();
    if excess > 0.0 {
        return Ok(());
    }
    Err(format!(
        "the floors need {} W less than the budget",
        -excess
    ))
}

/// Multipliers as the file has them, by decoding position.
struct Dual {
    sinr: Vec<f64>,
    floor: Vec<f64>,
    difference: Vec<f64>,
    cross: Vec<c64>,
    ordering: Vec<f64>,
    /// Columns `(c, b)` of every pair.
    errors: Vec<Mat<c64>>,
}

impl Dual {
    fn read(case: &Case, node: &Node<'_>) -> Result<Self, Error> {
        let scene = &case.scene;
        let (users, targets) = (scene.users(), scene.targets());
        let (pairs, of_targets) = (scene.pairs().len(), targets * targets.saturating_sub(1) / 2);
        let list = |key: &str, length: usize| node.get(key)?.vec_of(length);
        let ordered = if scene.mode().ordering {
            users * (users - 1)
        } else {
            0
        };
        let cross = node.get("cross")?;
        let values = cross.vec_c64()?;
        if values.len() != of_targets {
            return Err(cross.wrong(format!("{of_targets} entries, one per pair of targets")));
        }
        let all = node.get("errors")?;
        let mut errors = Vec::new();
        for item in all.items()? {
            errors.push(item.columns_c64(users + targets + 1)?);
        }
        if !errors.is_empty() && errors.len() != pairs {
            return Err(all.wrong(format!("{pairs} entries, one per decoding pair, or none")));
        }
        Ok(Self {
            sinr: list("sinr", pairs)?,
            floor: list("floor", targets)?,
            difference: list("difference", of_targets)?,
            cross: values,
            ordering: list("ordering", ordered)?,
            errors,
        })
    }

    /// Whether the signs are right, and no constraint is used that the problem does not have.
    fn allowed(&self, scene: &Scene, ball: ErrorBall) -> Result<(), String> {
        for (name, list) in [
            ("sinr", &self.sinr),
            ("floor", &self.floor),
            ("ordering", &self.ordering),
        ] {
            if let Some(i) = list.iter().position(|x| x.is_nan() || *x < 0.0) {
                return Err(format!("{name}[{i}] = {} is negative", list[i]));
            }
        }
        if scene.cross_correlation_radius().is_none() && self.cross.iter().any(|z| *z != c64::ZERO)
        {
            return Err("cross: the problem has no bound on the cross-correlation".into());
        }
        if ball.radius > 0.0 && self.sinr.iter().any(|x| *x != 0.0) {
            return Err("sinr: with channel errors `errors` stand in their place".into());
        }
        if ball.radius <= 0.0 && !self.errors.is_empty() {
            return Err("errors: the problem has no channel errors".into());
        }
        Ok(())
    }
}

fn exact(z: c64) -> TwofoldComplex {
    Field::from_c64(z)
}

fn size2(z: TwofoldComplex) -> Twofold {
    z.re_mul(z.conjugate())
}

/// A Hermitian matrix of order `K + M` and the moduli of what it is a sum of.
struct Form {
    entries: Mat<TwofoldComplex>,
    moduli: Mat<f64>,
}

impl Form {
    fn zeros(n: usize) -> Self {
        Self {
            entries: precise::zeros(n, n),
            moduli: Mat::zeros(n, n),
        }
    }

    fn add(&mut self, i: usize, j: usize, value: TwofoldComplex) {
        self.entries[(i, j)] += value;
        self.moduli[(i, j)] += value.to_c64().norm();
    }

    fn add_real(&mut self, i: usize, value: Twofold) {
        self.add(i, i, exact(c64::ONE).times(value));
    }

    /// Adds `weight x x^H`.
    fn add_square(&mut self, weight: Twofold, x: &[TwofoldComplex]) {
        for (j, right) in x.iter().enumerate() {
            let right = right.conjugate().times(weight);
            for (i, left) in x.iter().enumerate() {
                self.add(i, j, *left * right);
            }
        }
    }
}

/// The columns `A` in coordinates in which nothing of them is lost.
struct Data<'a> {
    scene: &'a Scene,
    ball: ErrorBall,
    columns: Mat<TwofoldComplex>,
}

impl<'a> Data<'a> {
    fn new(scene: &'a Scene, ball: ErrorBall) -> Self {
        let all = ops::hcat(scene.channels(), scene.steering());
        let found = precise::coordinates(all.as_ref(), 1e-12);
        let columns = if found.complete {
            found.exact
        } else {
            let mut whole = precise::zeros(all.nrows(), all.ncols());
            for j in 0..all.ncols() {
                for i in 0..all.nrows() {
                    whole[(i, j)] = exact(all[(i, j)]);
                }
            }
            whole
        };
        Self {
            scene,
            ball,
            columns,
        }
    }

    /// The dual value less its rounding, if it is above 0 and all matrices are as they have to be:
    /// `constant` with the constant part, without it those of a ray.
    fn value(&self, dual: &Dual, targets: &[f64], constant: bool) -> Result<Twofold, String> {
        dual.allowed(self.scene, self.ball)?;
        let mut forms = self.of_constraints(dual, targets);
        let mut sum = self.of_limits(dual, targets);
        for (at, half) in dual.errors.iter().enumerate() {
            sum.push(self.add_errors(&mut forms, targets, at, half)?);
        }
        for (k, form) in forms.iter().enumerate() {
            if !self.is_definite(form, constant) {
                return Err(format!(
                    "the slack matrix of message {k} (in decoding order) is not positive semidefinite"
                ));
            }
        }
        let size: f64 = sum.iter().map(|x| x.to_f64().abs()).sum();
        let zero = Twofold::from(0.0);
        let value = sum.into_iter().fold(zero, |s, x| s + x) - Twofold::from(ROUNDING * size);
        if value.to_f64() > 0.0 && value.to_f64().is_finite() {
            return Ok(value);
        }
        let value = value.to_f64();
        Err(format!(
            "the multipliers have the value {value}, which proves nothing"
        ))
    }

    /// `M_k` of everything but channel errors.
    fn of_constraints(&self, dual: &Dual, targets: &[f64]) -> Vec<Form> {
        let scene = self.scene;
        let (users, n) = (scene.users(), self.columns.ncols());
        let (sic, pairs) = (scene.mode().sic, scene.pairs());
        let real = |x: f64| Twofold::from(x);
        (0..users)
            .map(|k| {
                let mut form = Form::zeros(n);
                for (m, &nu) in dual.floor.iter().enumerate() {
                    form.add_real(users + m, real(-nu));
                }
                for (i, &(p, m)) in scene.target_pairs().iter().enumerate() {
                    let (p, m) = (users + p, users + m);
                    form.add_real(p, real(dual.difference[i]));
                    form.add_real(m, real(-dual.difference[i]));
                    form.add(p, m, exact(dual.cross[i] * 0.5));
                    form.add(m, p, exact(dual.cross[i].conj() * 0.5));
                }
                for (pair, &lambda) in pairs.iter().zip(&dual.sinr) {
                    if pair.message == k {
                        form.add_real(pair.decoder, real(-lambda));
                    } else if sic.disturbs(pair.message, k) {
                        form.add_real(pair.decoder, real(lambda) * real(targets[pair.message]));
                    }
                }
                if scene.mode().ordering {
                    for l in 0..users {
                        let mu = |i: usize| real(dual.ordering[l * (users - 1) + i]);
                        if k + 1 < users {
                            form.add_real(l, -mu(k));
                        }
                        if k > 0 {
                            form.add_real(l, mu(k - 1));
                        }
                    }
                }
                form
            })
            .collect()
    }

    /// The terms of the value but those of channel errors.
    fn of_limits(&self, dual: &Dual, targets: &[f64]) -> Vec<Twofold> {
        let (scene, real) = (self.scene, |x: f64| Twofold::from(x));
        let sensing = scene.sensing();
        let mut sum = Vec::new();
        for (pair, &lambda) in scene.pairs().iter().zip(&dual.sinr) {
            sum.push(real(scene.noise()) * real(targets[pair.message]) * real(lambda));
        }
        sum.extend(dual.floor.iter().map(|&nu| real(sensing.floor) * real(nu)));
        let differences = dual.difference.iter();
        sum.extend(differences.map(|&eta| real(-sensing.difference) * real(eta.abs())));
        if let Some(xi) = sensing.cross_correlation {
            let squares = dual.cross.iter().map(|&z| size2(exact(z)));
            let squares = squares.fold(real(0.0), |s, x| s + x);
            let count = real(dual.cross.len() as f64);
            sum.push(-(real(xi) * count * squares).root());
        }
        sum
    }

    /// Adds what the columns of a pair add; returns their part of the value.
    fn add_errors(
        &self,
        forms: &mut [Form],
        targets: &[f64],
        at: usize,
        half: &Mat<c64>,
    ) -> Result<Twofold, String> {
        let (scene, n) = (self.scene, self.columns.ncols());
        let pair = scene.pairs()[at];
        let sic = scene.mode().sic;
        let (zero, one) = (Twofold::from(0.0), Twofold::from(1.0));
        let (mut spread, mut moduli, mut value) = (zero, 0.0, zero);
        for j in 0..half.ncols() {
            let column: Vec<TwofoldComplex> = (0..n).map(|i| exact(half[(i, j)])).collect();
            let last = exact(half[(n, j)]);
            value += size2(last);
            for i in 0..self.columns.nrows() {
                let terms = (0..n).map(|c| self.columns[(i, c)] * column[c]);
                spread += size2(terms.fold(exact(c64::ZERO), |s, x| s + x));
                let size = |c: usize| self.columns[(i, c)].to_c64().norm() * half[(c, j)].norm();
                moduli += (0..n).map(size).sum::<f64>().powi(2);
            }
            let inverse = one / Twofold::from(scene.noise()).root();
            let radius = Twofold::from(self.ball.radius) * inverse;
            let leak: Vec<TwofoldComplex> = column.iter().map(|z| z.times(radius)).collect();
            let mut seen = leak.clone();
            seen[pair.decoder] += last.times(inverse);
            for (k, form) in forms.iter_mut().enumerate() {
                if k == pair.message {
                    form.add_square(-(one / Twofold::from(targets[k])), &seen);
                } else if sic.disturbs(pair.message, k) {
                    form.add_square(one, &seen);
                } else if self.ball.residual && sic.removes(pair.message, k) {
                    form.add_square(one, &leak);
                }
            }
        }
        let room = (value - spread).to_f64();
        if room >= ROUNDING * moduli {
            return Ok(value);
        }
        Err(format!(
            "errors[{at}]: the parts of the channel exceed the last entries by {}",
            -room
        ))
    }

    /// Whether `A M A^H` (with the constant part: plus `rho_c I + rho_s sum a a^H`) less a margin for
    /// rounding is positive definite.
    fn is_definite(&self, form: &Form, constant: bool) -> bool {
        let (d, n) = (self.columns.nrows(), self.columns.ncols());
        let weights = self.scene.mode().weights;
        let users = self.scene.users();
        let (mut middle, mut moduli) = (form.entries.clone(), form.moduli.clone());
        if constant {
            for m in users..n {
                middle[(m, m)] += exact(c64::new(weights.sensing, 0.0));
                moduli[(m, m)] += weights.sensing;
            }
        }
        let mut half: Mat<TwofoldComplex> = precise::zeros(d, n);
        let a = &self.columns;
        for j in 0..n {
            for i in 0..d {
                let terms = (0..n).map(|c| a[(i, c)] * middle[(c, j)]);
                half[(i, j)] = terms.fold(exact(c64::ZERO), |s, x| s + x);
            }
        }
        let size = |i: usize, c: usize| a[(i, c)].to_c64().norm();
        let rows = Mat::from_fn(d, n, |i, j| {
            (0..n).map(|c| size(i, c) * moduli[(c, j)]).sum::<f64>()
        });
        let mut whole: Mat<TwofoldComplex> = precise::zeros(d, d);
        let mut margin = vec![0.0; d];
        for j in 0..d {
            for i in 0..d {
                let terms = (0..n).map(|c| half[(i, c)] * a[(j, c)].conjugate());
                whole[(i, j)] = terms.fold(exact(c64::ZERO), |s, x| s + x);
                margin[i] += ROUNDING * (0..n).map(|c| rows[(i, c)] * size(j, c)).sum::<f64>();
            }
        }
        if constant {
            for (i, margin) in margin.iter_mut().enumerate() {
                whole[(i, i)] += exact(c64::new(weights.transmit, 0.0));
                *margin += ROUNDING * d as f64 * weights.transmit;
            }
        }
        kernel::make_hermitian(&mut whole);
        precise::is_positive_definite(&whole, &margin)
    }
}
