//! Products with Hessians, and diagonals of second derivatives. `optax.second_order`.

use super::grad::grad;
use super::jvp::jvp;
use super::trees::{leaves, with_leaves};
use super::vmap::vmap;
use crate::array::{eye, invalid};
use crate::graph::Array;
use crate::module::Module;

/// The gradient at `x`, of the leaves alone.
fn slopes<M: Module>(loss: &dyn Fn(&M) -> Array, x: &M, at: &Vec<Array>) -> Vec<Array> {
    grad(|at: &Vec<Array>| loss(&with_leaves(x, at)), at)
}

#[track_caller]
fn products<M: Module>(loss: &dyn Fn(&M) -> Array, x: &M, v: &Vec<Array>) -> Vec<Array> {
    jvp(|at: &Vec<Array>| slopes(loss, x, at), &leaves(x), v).1
}

/// The leaves, which must all have derivatives.
#[track_caller]
fn parameters<M: Module>(op: &str, x: &M) -> Vec<Array> {
    let found = leaves(x);
    if let Some(leaf) = found.iter().find(|leaf| !leaf.dtype().is_float()) {
        let message = format!(
            "the parameters hold {}, which has no second derivatives: give a tree of floats, such as \
             `split(&model, Param)`'s State",
            leaf.aval()
        );
        invalid(op, message);
    }
    found
}

/// The Hessian of `loss` at `x` times `v`, a tree like `x`, at the cost of a few gradients. `optax.second_order.hvp`,
/// with trees in place of their elements in a row.
///
/// ```
/// use nnx::{Array, hvp};
///
/// let (x, v) = (Array::from([1.0, 2.0]), Array::from([1.0, -1.0]));
/// let product = hvp(|x: &Array| x.powi(3).sum(..), &x, &v);
/// assert_eq!(product.to_vec::<f64>(), [6.0, -12.0]);
/// ```
///
/// # Panics
/// Panics if `x` holds other numbers than floats, `v` is not like `x`, or the result of `loss` is not a float scalar.
#[track_caller]
pub fn hvp<M: Module>(loss: impl Fn(&M) -> Array, x: &M, v: &M) -> M {
    parameters("hvp", x);
    with_leaves(x, &products(&loss, x, &leaves(v)))
}

/// The diagonal of the Hessian of `loss` at `x`, a tree like `x`: one product for each element.
/// `optax.second_order.hessian_diag`, with a tree in place of its elements in a row.
///
/// ```
/// use nnx::{Array, hessian_diag};
///
/// let x = Array::from([1.0, 2.0]);
/// let diagonal = hessian_diag(|x: &Array| x.powi(3).sum(..) + x.prod(..), &x);
/// assert_eq!(diagonal.to_vec::<f64>(), [6.0, 12.0]);
/// ```
///
/// # Panics
/// Panics if `x` holds other numbers than floats, or the result of `loss` is not a float scalar.
#[track_caller]
pub fn hessian_diag<M: Module>(loss: impl Fn(&M) -> Array, x: &M) -> M {
    let found = parameters("hessian_diag", x);
    let diagonal = |i: usize| {
        let leaf = &found[i];
        if leaf.size() == 0 {
            return leaf.clone();
        }
        let element = |unit: &Array| {
            let mut v: Vec<Array> = found.iter().map(Array::zeros_like).collect();
            v[i] = unit.reshape(leaf.shape());
            (unit * products(&loss, x, &v)[i].flatten()).sum(..)
        };
        vmap(element, &eye(leaf.size(), leaf.dtype()), 0).reshape(leaf.shape())
    };
    let all: Vec<Array> = (0..found.len()).map(diagonal).collect();
    with_leaves(x, &all)
}

/// The diagonal of the observed Fisher information: the squared gradient of `negative_log_likelihood` at `x`, a tree like
/// `x`. `optax.second_order.fisher_diag`, with a tree in place of its elements in a row.
///
/// ```
/// use nnx::{Array, fisher_diag};
///
/// let x = Array::from([1.0, 2.0]);
/// let diagonal = fisher_diag(|x: &Array| x.square().sum(..), &x);
/// assert_eq!(diagonal.to_vec::<f64>(), [4.0, 16.0]);
/// ```
///
/// # Panics
/// As [`hessian_diag`].
#[track_caller]
pub fn fisher_diag<M: Module>(negative_log_likelihood: impl Fn(&M) -> Array, x: &M) -> M {
    let found = parameters("fisher_diag", x);
    let squares = slopes(&negative_log_likelihood, x, &found);
    with_leaves(x, &squares.iter().map(Array::square).collect::<Vec<_>>())
}
