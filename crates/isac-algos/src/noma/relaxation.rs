//! Eqs. (13) and (22) of `[noma]` as a conic program, on any subspace per message.
//!
//! Message `k` has the covariance `W_k = s V_k X_k V_k^H` with a basis `V_k` of span coordinates:
//! the identity for the relaxation, one column for fixed directions. The unit of power `s` and a
//! factor per row bring all data near 1.

use super::certificate::Multipliers;
use super::problem::{Scene, Sensing, Span};
use crate::Error;
use isac_linalg::{Col, Mat, MatRef, c64, ops};
use isac_opt::conic::{
    Affine, Coefficient, Cone, HermitianAffine, Lmi, MatrixVar, Options, Outcome, Program, Row,
    ScalarVar, Solution, parts,
};
use isac_opt::s_procedure::RobustQuadratic;

/// The power of the least-infeasible point is at most this many times the natural one: the
/// closed-form bounds on what users and targets need.
pub(crate) const BUDGET: f64 = 1e3;

/// What the users are promised about channel errors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Csi {
    /// Channels are exact; no users at all when `served` is false.
    Perfect,
    /// No SINR constraint: the targets alone.
    Ignored,
    /// Worst case over errors of norm at most `radius`, with or without the residual term.
    Bounded { radius: f64, residual: bool },
}

/// A relaxation before it is solved.
pub(crate) struct Relaxation<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) span: &'a Span,
    /// SINR targets by decoding position.
    pub(crate) targets: &'a [f64],
    /// Possibly tightened requirements of the targets.
    pub(crate) sensing: Sensing,
    pub(crate) csi: Csi,
    /// Basis per message, `r x d_k` with orthonormal columns; `None`: the identity.
    pub(crate) bases: Option<&'a [Mat<c64>]>,
    /// Hermitian `r x r` costs per message, added to the power.
    pub(crate) extra_cost: Option<&'a [Mat<c64>]>,
    /// Unit of power, watt.
    pub(crate) unit: f64,
    /// Instead of the power, the common factor `s <= 1` is maximised by which the floors are
    /// multiplied, within a large power: the least-infeasible point of the targets.
    pub(crate) elastic: bool,
}

/// A row and the factor its expression was divided by.
struct Scaled {
    row: Row,
    divisor: f64,
}

/// The program with the handles that lead back to the problem.
pub(crate) struct Built {
    pub(crate) program: Program,
    unit: f64,
    matrices: Vec<MatrixVar>,
    sinr: Vec<Scaled>,
    lmis: Vec<(Lmi, f64)>,
    floors: Vec<Scaled>,
    differences: Vec<Vec<Row>>,
    cross: Option<(Cone, f64)>,
    ordering: Vec<Scaled>,
    pub(crate) factor: Option<ScalarVar>,
}

impl Relaxation<'_> {
    fn basis(&self, k: usize) -> Option<MatRef<'_, c64>> {
        self.bases.map(|bases| bases[k].as_ref())
    }

    /// `V_k^H x`.
    fn seen(&self, k: usize, vectors: MatRef<'_, c64>) -> Mat<c64> {
        match self.basis(k) {
            Some(basis) => ops::adjoint_mul(basis, vectors),
            None => vectors.to_owned(),
        }
    }

    fn order(&self, k: usize) -> usize {
        self.basis(k).map_or(self.span.dimension(), |b| b.ncols())
    }

    fn messages(&self) -> usize {
        if self.csi == Csi::Ignored {
            1
        } else {
            self.scene.users()
        }
    }

    /// Writes the program.
    pub(crate) fn build(&self) -> Result<Built, Error> {
        let (scene, span) = (self.scene, self.span);
        let weights = scene.mode().weights;
        let messages = self.messages();
        let mut program = Program::new();
        let matrices: Vec<MatrixVar> = (0..messages)
            .map(|k| program.psd(format!("W_{k}"), self.order(k)))
            .collect();
        let channels: Vec<Mat<c64>> = (0..messages)
            .map(|k| self.seen(k, span.channels.as_ref()))
            .collect();
        let steering: Vec<Mat<c64>> = (0..messages)
            .map(|k| self.seen(k, span.steering.as_ref()))
            .collect();

        let mut cost = Affine::default();
        for k in 0..messages {
            cost += matrices[k].trace() * weights.transmit;
            if scene.targets() > 0 && weights.sensing > 0.0 {
                let equal = vec![weights.sensing; scene.targets()];
                cost += matrices[k].pool(steering[k].as_ref(), &equal);
            }
            if let Some(extra) = self.extra_cost {
                let seen = self.seen(k, extra[k].as_ref());
                let cost_k = match self.basis(k) {
                    Some(basis) => ops::mul(seen.as_ref(), basis),
                    None => seen,
                };
                let hermitian = isac_linalg::hermitian::hermitian_part(cost_k.as_ref());
                cost += matrices[k].inner(Coefficient::dense(hermitian));
            }
        }
        let factor = self.elastic.then(|| program.nonneg("factor"));
        match factor {
            Some(s) => {
                program.at_most("factor", s, 1.0);
                program.at_most("budget", cost, BUDGET);
                program.maximise(s);
            }
            None => program.minimise(cost),
        }

        let mut built = Built {
            program,
            unit: self.unit,
            matrices,
            sinr: Vec::new(),
            lmis: Vec::new(),
            floors: Vec::new(),
            differences: Vec::new(),
            cross: None,
            ordering: Vec::new(),
            factor,
        };
        match self.csi {
            Csi::Perfect => self.sinr_rows(&mut built, &channels),
            Csi::Ignored => {}
            Csi::Bounded { radius, residual } => self.sinr_lmis(&mut built, radius, residual)?,
        }
        self.sensing_rows(&mut built, &steering);
        if scene.mode().ordering && self.csi != Csi::Ignored {
            self.ordering_rows(&mut built, &channels);
        }
        Ok(built)
    }

    /// Eq. (12b), divided by the largest coefficient.
    fn sinr_rows(&self, built: &mut Built, channels: &[Mat<c64>]) {
        let sic = self.scene.mode().sic;
        for pair in self.scene.pairs() {
            let (k, l) = (pair.message, pair.decoder);
            let divisor = self.sinr_divisor(k, l);
            let mut expression = built.matrices[k].quadratic(channels[k].col(l))
                * (self.unit / (self.targets[k] * divisor));
            for i in 0..channels.len() {
                if sic.disturbs(k, i) {
                    expression -=
                        built.matrices[i].quadratic(channels[i].col(l)) * (self.unit / divisor);
                }
            }
            let name = format!("sinr_{k}_{l}");
            let row = built.program.at_least(name, expression, 1.0 / divisor);
            built.sinr.push(Scaled { row, divisor });
        }
    }

    fn sinr_divisor(&self, k: usize, l: usize) -> f64 {
        let strength = ops::norm2(self.span.channels.subcols(l, 1));
        self.unit * strength * (1.0 / self.targets[k]).max(1.0)
    }

    /// Eq. (21) with one multiplier per pair, after the congruence `diag(eps I, 1) / sigma`.
    fn sinr_lmis(&self, built: &mut Built, radius: f64, residual: bool) -> Result<(), Error> {
        let sic = self.scene.mode().sic;
        let r = self.span.dimension();
        let epsilon = radius / self.scene.noise().sqrt();
        let nowhere = Col::<c64>::zeros(r);
        for pair in self.scene.pairs() {
            let (k, l) = (pair.message, pair.decoder);
            let divisor = self.sinr_divisor(k, l);
            let h = self.span.channels.col(l);
            let scaled = |i: usize, weight: f64| -> HermitianAffine {
                let w = match self.basis(i) {
                    Some(basis) => {
                        built.matrices[i].congruence(basis.adjoint().to_owned().as_ref())
                    }
                    None => built.matrices[i].expr(),
                };
                w * (weight * self.unit / divisor)
            };
            let mut worst = RobustQuadratic::ball(r, epsilon)?;
            worst.add_form(scaled(k, 1.0 / self.targets[k]), h);
            for i in 0..self.scene.users() {
                if sic.disturbs(k, i) {
                    worst.add_form(scaled(i, -1.0), h);
                } else if residual && sic.removes(k, i) {
                    worst.add_form(scaled(i, -1.0), nowhere.as_ref());
                }
            }
            worst.add_constant(Affine::constant(-1.0 / divisor));
            let imposed = worst.impose(&mut built.program, &format!("worst_{k}_{l}"));
            let lmi = imposed.lmi;
            built.lmis.push((lmi, divisor));
        }
        Ok(())
    }

    /// Eqs. (12e) to (12g), divided by the squared norm of a steering vector.
    fn sensing_rows(&self, built: &mut Built, steering: &[Mat<c64>]) {
        let targets = self.scene.targets();
        let size = (0..targets)
            .map(|m| ops::norm2(self.span.steering.subcols(m, 1)))
            .fold(0.0, f64::max);
        let divisor = size * self.unit;
        let pattern = |built: &Built, m: usize| -> Affine {
            let all = built.matrices.iter().zip(steering);
            all.map(|(w, a)| w.quadratic(a.col(m)) * (self.unit / divisor))
                .sum()
        };
        for m in 0..targets {
            let left = pattern(built, m);
            let right = built.scaled(self.sensing.floor / divisor);
            let row = built.program.at_least(format!("floor_{m}"), left, right);
            built.floors.push(Scaled { row, divisor });
        }
        let limit = self.sensing.difference / divisor;
        for (p, m) in self.scene.target_pairs() {
            let left = pattern(built, p) - pattern(built, m);
            let name = format!("difference_{p}_{m}");
            let rows = if limit == 0.0 {
                vec![built.program.equal(name, left, 0.0)]
            } else {
                vec![
                    built.program.at_most(name.clone(), left.clone(), limit),
                    built.program.at_least(name, left, -limit),
                ]
            };
            built.differences.push(rows);
        }
        let pairs = self.scene.target_pairs();
        if let (Some(xi), false) = (self.sensing.cross_correlation, pairs.is_empty()) {
            let radius = (xi * pairs.len() as f64).sqrt() / divisor;
            let entries = pairs.iter().map(|&(p, m)| {
                let all = built.matrices.iter().zip(steering);
                let mut re = Affine::default();
                let mut im = Affine::default();
                for (w, a) in all {
                    let c = w.cross(a.col(p), a.col(m));
                    re += c.re * (self.unit / divisor);
                    im += c.im * (self.unit / divisor);
                }
                isac_opt::conic::ComplexAffine { re, im }
            });
            let list = parts(entries.collect::<Vec<_>>());
            let bound = Affine::constant(radius);
            let cone = built.program.norm_at_most("cross_correlation", list, bound);
            built.cross = Some((cone, divisor));
        }
    }

    /// Eq. (3), divided by the squared norm of the channel.
    fn ordering_rows(&self, built: &mut Built, channels: &[Mat<c64>]) {
        for l in 0..self.scene.users() {
            let divisor = self.unit * ops::norm2(self.span.channels.subcols(l, 1));
            for i in 0..self.scene.users() - 1 {
                let left = built.matrices[i].quadratic(channels[i].col(l));
                let right = built.matrices[i + 1].quadratic(channels[i + 1].col(l));
                let scale = self.unit / divisor;
                let name = format!("order_{l}_{i}");
                let row = built.program.at_least(name, (left - right) * scale, 0.0);
                built.ordering.push(Scaled { row, divisor });
            }
        }
    }
}

impl Built {
    /// A floor, times the factor of an elastic program.
    fn scaled(&self, demand: f64) -> Affine {
        match self.factor {
            Some(s) => s * demand,
            None => Affine::constant(demand),
        }
    }

    /// Solves; the outcome is the engine's.
    pub(crate) fn solve(&self, options: &Options) -> Result<Outcome, Error> {
        Ok(self.program.solve(options)?)
    }

    /// The covariances in span coordinates, watt.
    pub(crate) fn covariances(
        &self,
        relaxation: &Relaxation<'_>,
        point: &Solution,
    ) -> Result<Vec<Mat<c64>>, Error> {
        self.matrices
            .iter()
            .enumerate()
            .map(|(k, &variable)| {
                let mut x = point.matrix(variable)?.clone();
                ops::scale(x.as_mut(), self.unit);
                Ok(match relaxation.basis(k) {
                    Some(basis) => {
                        let half = ops::mul(basis, x.as_ref());
                        ops::mul_adjoint(half.as_ref(), basis)
                    }
                    None => x,
                })
            })
            .collect()
    }

    /// The multipliers of the matrix inequalities, one per decoding pair.
    pub(crate) fn matrix_multipliers(
        &self,
        y: &isac_opt::conic::Multipliers,
    ) -> Result<Vec<Mat<c64>>, Error> {
        self.lmis
            .iter()
            .map(|&(lmi, divisor)| {
                let mut u = y.lmi(lmi)?.clone();
                ops::scale(u.as_mut(), self.unit / divisor);
                Ok(u)
            })
            .collect()
    }

    /// The multipliers of the problem as the paper writes it.
    pub(crate) fn multipliers(
        &self,
        scene: &Scene,
        targets: &[f64],
        y: &isac_opt::conic::Multipliers,
    ) -> Result<Multipliers, Error> {
        // The program minimises power over `unit`, in rows divided by `divisor`.
        // Multipliers of inequalities that are negative by the last digit become 0.
        let back = |s: &Scaled| -> Result<f64, Error> {
            Ok(y.row(s.row)?.max(0.0) * self.unit / s.divisor)
        };
        let mut out = Multipliers::zeros(scene);
        for (i, (s, pair)) in self.sinr.iter().zip(scene.pairs()).enumerate() {
            out.sinr[i] = back(s)? / (targets[pair.message] * scene.noise());
        }
        for (nu, s) in out.floor.iter_mut().zip(&self.floors) {
            *nu = back(s)?;
        }
        let divisor = self.floors.first().map_or(1.0, |s| s.divisor);
        for (eta, rows) in out.difference.iter_mut().zip(&self.differences) {
            let sum: Result<f64, _> = rows.iter().map(|&row| y.row(row)).sum();
            *eta = -sum? * self.unit / divisor;
        }
        if let Some((cone, divisor)) = self.cross {
            let u = y.cone(cone)?;
            for (i, zeta) in out.cross.iter_mut().enumerate() {
                *zeta = -c64::new(u[1 + 2 * i], u[2 + 2 * i]) * (self.unit / divisor);
            }
        }
        for (mu, s) in out.ordering.iter_mut().zip(&self.ordering) {
            *mu = back(s)? / scene.noise();
        }
        Ok(out)
    }
}
