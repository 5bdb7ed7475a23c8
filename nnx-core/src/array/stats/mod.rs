//! Probability distributions and statistics, with the names and semantics of `jax.scipy.stats`.
//!
//! A distribution is a module with functions of an array and of its parameters, which are arrays or
//! numbers that broadcast: `logpdf` (or `logpmf`), `pdf`, `cdf`, `sf` = 1 − cdf, `ppf`, the inverse of
//! `cdf`, `isf`, that of `sf`, and logarithms of these. `loc` moves a distribution (0 by default in JAX),
//! `scale` stretches it (1 by default). Integers become f32.
//!
//! ```
//! use nnx::{Array, stats};
//! let x = Array::from([0.0_f32, 1.0]);
//! let log_likelihood = stats::norm::logpdf(&x, 0.5, 2.0).sum(..);
//! assert!((log_likelihood.item::<f32>() + 3.286_671).abs() < 1e-5);
//! ```

pub mod bernoulli;
pub mod beta;
pub mod betabinom;
pub mod binom;
pub mod cauchy;
pub mod chi2;
pub mod dirichlet;
pub mod expon;
pub mod gamma;
pub mod gennorm;
pub mod geom;
pub mod gumbel_l;
pub mod gumbel_r;
mod kde;
pub mod laplace;
pub mod logistic;
pub mod multinomial;
pub mod multivariate_normal;
pub mod nbinom;
pub mod norm;
pub mod pareto;
pub mod poisson;
mod samples;
pub mod t;
pub mod truncnorm;
pub mod uniform;
pub mod vonmises;
pub mod wrapcauchy;

pub use kde::{Bandwidth, GaussianKde};
pub use samples::{mode, rankdata, sem};

use super::{Operand, program, where_};
use crate::graph::Array;
use crate::value::{DType, promote_dtypes};

/// A function of an array and parameters in one floating dtype and shape.
#[track_caller]
fn together(
    name: &str,
    x: &dyn Operand,
    parameters: &[&dyn Operand],
    body: impl FnOnce(&[Array]) -> Array,
) -> Array {
    let mut operands: Vec<&dyn Operand> = vec![x];
    operands.extend_from_slice(parameters);
    program::together(name, &operands, body)
}

/// `y` where `inside`, −∞ elsewhere.
#[track_caller]
fn or_impossible(inside: &Array, y: Array) -> Array {
    where_(inside, y, f64::NEG_INFINITY)
}

/// `y` for probabilities `q`, NaN where they are none.
#[track_caller]
fn or_nan(q: &Array, y: Array) -> Array {
    where_(&(q.ge(0.0) & q.le(1.0)), y, f64::NAN)
}

/// `x` where it lies between the limits, else the nearer one, with exactly no slope there: what is computed of a limit
/// may have an infinite one. `jax.lax.clamp`.
#[track_caller]
fn clamp(x: &Array, low: f64, high: f64) -> Array {
    let x = where_(x.le(low), low, x);
    if high.is_finite() { where_(x.ge(high), high, &x) } else { x }
}

/// The lowest dtype that numbers are computed in: f32.
fn at_least_f32(dtype: DType) -> DType {
    promote_dtypes(dtype, DType::F32)
}
