//! Quadratic inequalities that hold for every point of a ball or an ellipsoid, as one matrix
//! inequality and one multiplier.
//!
//! For matrices `A_j`, a scalar `b` and vectors `v_k` affine in the variables and `q_k > 0`,
//!
//! ```math
//! \sum_j (c_j + d)^H A_j (c_j + d) + 2 \operatorname{Re}(g^H d) + b
//!   \ge \sum_k |(c_k + d)^H v_k|^2 / q_k
//!   \quad\text{for all } d = F u,\ \|u\| \le 1
//! ```
//!
//! is *equivalent* (S-procedure for one quadratic constraint, then a Schur complement) to a `tau >= 0`
//! with
//!
//! ```math
//! \begin{bmatrix} \sum_j T_j^H A_j T_j + G + \operatorname{diag}(\tau I, b - \tau) & T_1^H v_1 & \cdots \\
//! v_1^H T_1 & q_1 & \\ \vdots & & \ddots \end{bmatrix} \succeq 0,
//! \qquad T_j = [F \; c_j].
//! ```
//!
//! The unknown `u` lives in the unit ball and `tau` is the usual multiplier times the squared radius:
//! this scaling keeps the block well conditioned for small radii. A radius of 0 needs no multiplier
//! and gives the inequality at the centre.
//!
//! ```
//! use isac_linalg::{c64, Col, Mat};
//! use isac_opt::conic::Program;
//! use isac_opt::s_procedure::RobustQuadratic;
//! // |(c + d)^H w|^2 <= t for all |d| <= 1/2, with w a variable: two rows beyond the ball's.
//! let mut program = Program::new();
//! let (w, t) = (program.vector("w", 3), program.free("t"));
//! let centre = Col::from_fn(3, |i| c64::new(1.0, i as f64));
//! let mut worst = RobustQuadratic::ball(3, 0.5)?;
//! worst.add_constant(t);
//! worst.subtract_square((0..3).map(|i| w.entry(i)), centre.as_ref(), 1.0);
//! let imposed = worst.impose(&mut program, "leakage");
//! assert!(imposed.multiplier.is_some());
//! program.validate()?;
//! # Ok::<(), isac_opt::Error>(())
//! ```

use isac_linalg::ColRef;
use isac_linalg::{Mat, MatRef, c64, validate};

use crate::Error;
use crate::conic::{Affine, Coefficient, ComplexAffine, HermitianAffine, Lmi, Program, ScalarVar};

/// A quadratic function of an uncertain `d = F u`, `|u| <= 1`, affine in the variables of a
/// [`Program`], that is to be nonnegative throughout.
#[derive(Debug, Clone)]
pub struct RobustQuadratic {
    /// `F`, `n x m`; no columns when nothing is uncertain.
    shape: Mat<c64>,
    forms: Vec<HermitianAffine>,
    linear: Vec<ComplexAffine>,
    constant: Affine,
    squares: Vec<(Vec<ComplexAffine>, Affine)>,
}

/// What [`RobustQuadratic::impose`] added to a program.
#[derive(Debug, Clone, Copy)]
pub struct Imposed {
    /// The matrix inequality. Its multiplier has rank one when one worst `d` binds.
    pub lmi: Lmi,
    /// `tau`; `None` when nothing is uncertain.
    pub multiplier: Option<ScalarVar>,
}

impl RobustQuadratic {
    /// The zero function of `d` in the ball `|d| <= radius` of `n` dimensions.
    ///
    /// # Errors
    /// A radius that is negative or not finite.
    pub fn ball(n: usize, radius: f64) -> Result<Self, Error> {
        validate::nonnegative("ball radius", radius, "")?;
        let dimensions = if radius > 0.0 { n } else { 0 };
        Ok(Self::new(Mat::from_fn(n, dimensions, |i, j| {
            c64::from(if i == j { radius } else { 0.0 })
        })))
    }

    /// The zero function of `d` in the ellipsoid `{F u : |u| <= 1}`, which may be flat.
    pub fn ellipsoid(shape: MatRef<'_, c64>) -> Self {
        Self::new(shape.to_owned())
    }

    fn new(shape: Mat<c64>) -> Self {
        Self {
            shape,
            forms: Vec::new(),
            linear: Vec::new(),
            constant: Affine::default(),
            squares: Vec::new(),
        }
    }

    /// Adds `(centre + d)^H A (centre + d)`.
    ///
    /// # Panics
    /// If an order differs from the dimension of `d`.
    pub fn add_form(&mut self, a: HermitianAffine, centre: ColRef<'_, c64>) {
        let t = self.extended(centre);
        self.forms.push(a.congruence(t.as_ref()));
    }

    /// Adds `2 Re(g^H d)`.
    ///
    /// # Panics
    /// If the length of `g` differs from the dimension of `d`.
    pub fn add_linear(&mut self, g: impl IntoIterator<Item = ComplexAffine>) {
        let g: Vec<ComplexAffine> = g.into_iter().collect();
        // F^H g stands in the last column.
        let image = project(self.shape.as_ref(), &g);
        if self.linear.is_empty() {
            self.linear = image;
        } else {
            for (sum, new) in self.linear.iter_mut().zip(image) {
                *sum = std::mem::take(sum) + new;
            }
        }
    }

    /// Adds a constant.
    pub fn add_constant(&mut self, b: impl Into<Affine>) {
        self.constant += b;
    }

    /// Subtracts `|(centre + d)^H v|^2 / q`, and with it demands `q >= 0`.
    ///
    /// # Panics
    /// If the length of `v` differs from the dimension of `d`.
    pub fn subtract_square(
        &mut self,
        v: impl IntoIterator<Item = ComplexAffine>,
        centre: ColRef<'_, c64>,
        q: impl Into<Affine>,
    ) {
        let v: Vec<ComplexAffine> = v.into_iter().collect();
        let t = self.extended(centre);
        self.squares.push((project(t.as_ref(), &v), q.into()));
    }

    /// Whether anything is uncertain, so that `tau` has an effect.
    pub fn is_uncertain(&self) -> bool {
        self.shape.ncols() > 0
    }

    /// The matrix that is positive semidefinite for some `tau >= 0` iff the function is nonnegative
    /// on the whole set. `tau` has no effect when nothing is uncertain.
    pub fn block(&self, tau: impl Into<Affine>) -> HermitianAffine {
        let m = self.shape.ncols();
        let order = m + 1 + self.squares.len();
        let mut block = HermitianAffine::zeros(order);
        for form in &self.forms {
            block += form.clone().embedded(order, 0);
        }
        block.add_column(0, m, self.linear.iter().cloned());
        block.add_diagonal(m, self.constant.clone());
        if m > 0 {
            let mut pencil: Vec<_> = (0..m).map(|i| (i, i, c64::ONE)).collect();
            pencil.push((m, m, -c64::ONE));
            block.add_term(tau, Coefficient::sparse(&pencil));
        }
        for (k, (image, q)) in self.squares.iter().enumerate() {
            block.add_column(0, m + 1 + k, image.iter().cloned());
            block.add_diagonal(m + 1 + k, q.clone());
        }
        block
    }

    /// Adds the matrix inequality and its multiplier to a program.
    pub fn impose(&self, program: &mut Program, name: &str) -> Imposed {
        let multiplier = self
            .is_uncertain()
            .then(|| program.nonneg(format!("multiplier of {name}")));
        let tau = multiplier.map_or_else(Affine::default, Affine::from);
        let lmi = program.lmi(name, self.block(tau));
        Imposed { lmi, multiplier }
    }

    /// `[F c]`.
    fn extended(&self, centre: ColRef<'_, c64>) -> Mat<c64> {
        let (n, m) = (self.shape.nrows(), self.shape.ncols());
        assert_eq!(centre.nrows(), n, "centre of another dimension");
        Mat::from_fn(
            n,
            m + 1,
            |i, j| if j < m { self.shape[(i, j)] } else { centre[i] },
        )
    }
}

/// `T^H v`.
fn project(t: MatRef<'_, c64>, v: &[ComplexAffine]) -> Vec<ComplexAffine> {
    assert_eq!(v.len(), t.nrows(), "vector of another dimension");
    (0..t.ncols())
        .map(|j| {
            (0..t.nrows())
                .filter(|&i| t[(i, j)] != c64::ZERO)
                .map(|i| {
                    let factor = t[(i, j)].conj();
                    if factor.im == 0.0 {
                        v[i].clone() * factor.re
                    } else {
                        v[i].clone().times(factor)
                    }
                })
                .fold(ComplexAffine::default(), |sum, term| sum + term)
        })
        .collect()
}
