//! Norms of vectors and matrices.

use super::svdvals;
use crate::array::axes::invalid;
use crate::array::{AsArray, Axes, IntoAxes, one_program};
use crate::graph::Array;
use crate::value::DType;

/// Which norm.
///
/// ```
/// use nnx::{Array, linalg::{Ord, matrix_norm}};
///
/// let x = Array::from([[1.0_f32, -2.0], [3.0, 4.0]]);
/// assert_eq!(matrix_norm(&x, Ord::Infinity).item::<f32>(), 7.0); // the last row
/// assert_eq!(matrix_norm(&x, 1).item::<f32>(), 6.0); // the last column: numbers are `Ord::P`
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ord {
    /// Of vectors (Σ |x|ᵖ)^(1/p); of matrices p = 1, −1: the largest and the smallest sum of a
    /// column, p = 2, −2: the largest and the smallest singular value.
    P(f64),
    /// The largest |x|; of matrices the largest sum of a row.
    Infinity,
    /// The smallest |x|; of matrices the smallest sum of a row.
    NegativeInfinity,
    /// Of matrices the root of the sum of squares.
    Frobenius,
    /// Of matrices the sum of singular values.
    Nuclear,
}

impl From<i32> for Ord {
    fn from(p: i32) -> Ord {
        Ord::P(f64::from(p))
    }
}

impl From<f64> for Ord {
    fn from(p: f64) -> Ord {
        match p {
            f64::INFINITY => Ord::Infinity,
            f64::NEG_INFINITY => Ord::NegativeInfinity,
            p => Ord::P(p),
        }
    }
}

/// The 2-norm of the elements along the axes: √Σ|x|². `jax.numpy.linalg.norm` without `ord`.
///
/// The result has the shape of `x` without the axes.
///
/// ```
/// use nnx::{Array, array::linalg::norm};
/// let x = Array::from_slice(&[3.0_f32, 4.0, 6.0, 8.0], [2, 2]);
/// assert_eq!(norm(&x, -1).to_vec::<f32>(), [5.0, 10.0]);
/// ```
///
/// # Panics
/// Panics if there is no such axis.
#[track_caller]
pub fn norm(x: impl AsArray, axes: impl IntoAxes) -> Array {
    let axes = axes.into_axes();
    one_program("norm", std::slice::from_ref(x.as_array()), |args| {
        squares(&args[0].to_inexact(), axes).sqrt()
    })
}

/// Σ|x|².
#[track_caller]
fn squares(x: &Array, axes: Axes) -> Array {
    if x.dtype().is_complex() {
        return (x.real().square() + x.imag().square()).sum(axes);
    }
    x.square().sum(axes)
}

/// A norm of the elements along the axes, taken together as one vector.
/// `jax.numpy.linalg.vector_norm`.
///
/// The result has the shape of `x` without the axes.
///
/// ```
/// use nnx::{Array, linalg::{Ord, vector_norm}};
///
/// let x = Array::from([[3.0_f32, -4.0], [6.0, 8.0]]);
/// assert_eq!(vector_norm(&x, 1, -1).to_vec::<f32>(), [7.0, 14.0]);
/// assert_eq!(vector_norm(&x, Ord::Infinity, ..).item::<f32>(), 8.0);
/// ```
///
/// # Panics
/// Panics if there is no such axis, or the norm is one of matrices.
#[track_caller]
pub fn vector_norm(x: impl AsArray, ord: impl Into<Ord>, axes: impl IntoAxes) -> Array {
    let x = x.as_array();
    let (ord, axes) = (ord.into(), axes.into_axes());
    if matches!(ord, Ord::Frobenius | Ord::Nuclear) {
        invalid("vector_norm", format!("{ord:?} is a norm of matrices"));
    }
    one_program("vector_norm", std::slice::from_ref(x), |args| {
        let x = args[0].to_inexact();
        match ord {
            Ord::P(0.0) => x.ne(0.0).astype(x.dtype().real()).sum(axes),
            Ord::P(1.0) => x.abs().sum(axes),
            Ord::P(2.0) => squares(&x, axes).sqrt(),
            Ord::P(p) => x.abs().pow(p).sum(axes).pow(1.0 / p),
            Ord::NegativeInfinity => x.abs().min(axes),
            _ => x.abs().max(axes),
        }
    })
}

/// A norm of the matrices along the last two axes. `jax.numpy.linalg.matrix_norm`.
///
/// The result has the shape of `x` without its last two axes.
///
/// ```
/// use nnx::{Array, linalg::{Ord, matrix_norm}};
///
/// let x = Array::from([[1.0_f32, 1.0], [1.0, 1.0]]);
/// assert_eq!(matrix_norm(&x, Ord::Frobenius).item::<f32>(), 2.0);
/// assert!((matrix_norm(&x, 2).item::<f32>() - 2.0).abs() < 1e-4); // the largest singular value
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes, or the norm is not one of matrices.
#[track_caller]
pub fn matrix_norm(x: impl AsArray, ord: impl Into<Ord>) -> Array {
    let x = x.as_array();
    const OP: &str = "matrix_norm";
    let ord = ord.into();
    super::matrix(OP, x);
    if let Ord::P(p) = ord
        && ![1.0, -1.0, 2.0, -2.0].contains(&p)
    {
        invalid(OP, format!("matrices have no {p}-norm here: 1, -1, 2, -2, infinity, Frobenius"));
    }
    one_program(OP, std::slice::from_ref(x), |args| {
        let x = args[0].to_inexact();
        let x = if x.dtype() == DType::F16 || x.dtype() == DType::BF16 {
            x.astype(DType::F32)
        } else {
            x
        };
        let out = match ord {
            Ord::Frobenius => squares(&x, [-2, -1].into_axes()).sqrt(),
            Ord::Nuclear => svdvals(&x).sum(-1),
            Ord::P(2.0) => svdvals(&x).max(-1),
            Ord::P(-2.0) => svdvals(&x).min(-1),
            Ord::P(1.0) => x.abs().sum(-2).max(-1),
            Ord::P(_) => x.abs().sum(-2).min(-1),
            Ord::Infinity => x.abs().sum(-1).max(-1),
            Ord::NegativeInfinity => x.abs().sum(-1).min(-1),
        };
        out.astype(args[0].to_inexact().dtype().real())
    })
}
