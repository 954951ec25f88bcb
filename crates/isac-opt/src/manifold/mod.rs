//! Sets of complex matrices on which a descent moves: spheres of given power, entries of one modulus,
//! orthonormal columns, all matrices, and products of them.
//!
//! A [`Manifold`] is an embedded submanifold of `C^{m x n}` with the real inner product
//! `Re tr(A^H B)`. It offers the four things a descent needs: projection onto the tangent space,
//! retraction, transport and a length scale. All of them work in the caller's memory and allocate
//! nothing ([`Stiefel`] and [`Stack`] excepted). Tensors are stored as matrices, for example one column per (subcarrier, stream).
//!
//! | set | points |
//! |---|---|
//! | [`Sphere`] | `||W||_F^2 = P` |
//! | [`Oblique`] | every row, or every group of neighbouring columns, of given squared norm |
//! | [`ComplexCircle`] | every entry of one modulus |
//! | [`Stiefel`] | `W^H W = I` |
//! | [`Euclidean`] | all matrices |
//! | [`Product`] | the left columns on one manifold, the others on another |
//! | [`Stack`] | matrices of any two shapes on two manifolds, their entries in one column |

mod circle;
mod flat;
mod oblique;
mod product;
mod sphere;
mod stack;
mod stiefel;

pub use circle::ComplexCircle;
pub use flat::Euclidean;
pub use oblique::Oblique;
pub use product::Product;
pub use sphere::Sphere;
pub use stack::Stack;
pub use stiefel::Stiefel;

use crate::Error;
use isac_linalg::{MatMut, MatRef, c64, ops};

/// An embedded submanifold of `C^{m x n}` with the inner product `Re tr(A^H B)`.
pub trait Manifold {
    /// Whether matrices of this shape can be points.
    ///
    /// # Errors
    /// [`isac_linalg::Error::Shape`] with the shape that was expected.
    fn check_shape(&self, rows: usize, cols: usize) -> Result<(), Error>;

    /// Length scale `s` of the set: the norm of its points. Step caps and the scale-free gradient
    /// test refer to it.
    fn scale(&self) -> f64;

    /// Replaces `point` by the nearest point of the set. Where the nearest point is not unique
    /// (a block that is exactly zero), all entries of the block become equal. Returns the number
    /// of such blocks.
    fn normalise(&self, point: MatMut<'_, c64>) -> usize;

    /// Replaces `vector` by its orthogonal projection onto the tangent space at `point`.
    fn project(&self, point: MatRef<'_, c64>, vector: MatMut<'_, c64>);

    /// Writes the point reached from `point` along `t` times the tangent vector `direction`.
    fn retract(
        &self,
        point: MatRef<'_, c64>,
        direction: MatRef<'_, c64>,
        t: f64,
        mut out: MatMut<'_, c64>,
    ) {
        out.copy_from(point);
        ops::axpy(out.as_mut(), t, direction);
        self.normalise(out);
    }

    /// Turns the tangent vector `vector` of an earlier point into one at `to`; here by projection.
    fn transport(&self, to: MatRef<'_, c64>, vector: MatMut<'_, c64>) {
        self.project(to, vector);
    }
}

/// Scales one block to squared norm `power`; a zero block gets equal entries.
fn normalise_block(mut block: MatMut<'_, c64>, power: f64) -> bool {
    let norm = ops::norm(block.as_ref());
    if norm == 0.0 {
        let size = (block.nrows() * block.ncols()).max(1);
        block.fill(c64::new((power / size as f64).sqrt(), 0.0));
        return true;
    }
    ops::scale(block, power.sqrt() / norm);
    false
}

/// Removes from one block of `vector` its component along the same block of `point`.
fn project_block(point: MatRef<'_, c64>, vector: MatMut<'_, c64>) {
    let radial = ops::inner(point, vector.as_ref()) / ops::norm2(point);
    ops::axpy(vector, -radial, point);
}
