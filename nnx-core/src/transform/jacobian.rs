//! Jacobians and Hessians: derivatives of a function along every element of a basis at once.

use super::grad::{Differentiated, Gradient, grad_at};
use super::lend::Argument;
use super::vjp::AtPoint;
use crate::array::{AsArray, eye};
use crate::error::or_raise;
use crate::graph::Array;
use crate::module::Module;
use std::panic::Location;

/// The unit vectors of the space of arrays like `like`, along dimension 0.
fn basis(like: &Array) -> Array {
    let n = like.size();
    eye(n, like.dtype()).reshape(crate::graph::prepend(n, like.shape()))
}

/// The derivative of every element of `f`'s result by every element of the argument, in reverse
/// mode: for more inputs than outputs. `jax.jacrev`.
///
/// Each leaf of the result has the shape of `f`'s result, then that of the leaf.
///
/// ```
/// use nnx::{Array, jacrev};
/// let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
/// let jacobian = jacrev(|x: &Array| x * x.sum(..), &x);
/// assert_eq!(jacobian.to_vec::<f32>(), [4.0, 1.0, 2.0, 5.0]);
/// ```
///
/// # Panics
/// As [`vjp`](super::vjp()).
#[track_caller]
pub fn jacrev<A, F>(f: F, argument: A) -> Gradient<A>
where
    A: Differentiated,
    F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> Array,
{
    let at = or_raise(AtPoint::of("jacrev", f, argument));
    let shape = at.result.shape();
    let rows = if at.map.is_zero() {
        zeros(&at)
    } else {
        let rows = or_raise(at.map.rows(&basis(&at.result)));
        rows.into_iter()
            .map(|row| {
                let inner = row.shape()[1..].to_vec();
                row.reshape([shape, &inner[..]].concat())
            })
            .collect()
    };
    at.tree_of(rows)
}

/// Jacobians of a function that does not depend on its argument.
fn zeros<T: Module>(at: &AtPoint<T, Array>) -> Vec<Array> {
    let active = at.active_leaves().into_iter();
    active
        .map(|leaf| {
            let shape = [at.result.shape(), leaf.shape()].concat();
            Array::zeros_aval(&at.result.aval().with_shape(&shape))
        })
        .collect()
}

/// The derivative of every element of `f`'s result by every element of the argument, in forward
/// mode: for more outputs than inputs. `jax.jacfwd`.
///
/// Each leaf of the result has the shape of `f`'s result, then that of the leaf.
///
/// ```
/// use nnx::{Array, jacfwd};
/// let x = Array::scalar(2.0_f32);
/// let jacobian = jacfwd(|x: &Array| nnx::array::stack([x, &x.square()], 0), &x);
/// assert_eq!(jacobian.to_vec::<f32>(), [1.0, 4.0]);
/// ```
///
/// # Panics
/// As [`linearize`](super::linearize).
#[track_caller]
pub fn jacfwd<A, F>(f: F, argument: A) -> Gradient<A>
where
    A: Differentiated,
    F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> Array,
{
    jacfwd_at("jacfwd", Location::caller(), f, argument)
}

/// [`jacfwd`] as a part of the transform `op` at a line of the user's.
fn jacfwd_at<A, F>(
    op: &'static str,
    location: &'static Location<'static>,
    f: F,
    argument: A,
) -> Gradient<A>
where
    A: Differentiated,
    F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> Array,
{
    let at = or_raise(AtPoint::at(location, op, f, argument));
    at.check_forward(op, location);
    if at.map.is_zero() {
        return at.tree_of(zeros(&at));
    }
    let mut columns = Vec::new();
    for (i, value) in at.active_leaves().iter().enumerate() {
        let column = or_raise(at.map.columns(i, &basis(value)));
        let rank = column.rank();
        let shape = [at.result.shape(), value.shape()].concat();
        let order: Vec<usize> = (1..rank).chain([0]).collect();
        columns.push(column.transpose(order).reshape(shape));
    }
    at.tree_of(columns)
}

/// The second derivatives of a scalar function of an array: of shape `[…x, …x]`. `jax.hessian`.
///
/// ```
/// use nnx::{Array, hessian};
/// let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
/// let h = hessian(|x: &Array| x.powi(3).sum(..), &x);
/// assert_eq!(h.to_vec::<f32>(), [6.0, 0.0, 0.0, 12.0]);
/// ```
///
/// # Panics
/// Panics if the result of `f` is not a float scalar, or an operation on the way has no derivative.
#[track_caller]
pub fn hessian<F: Fn(&Array) -> Array>(f: F, x: impl AsArray) -> Array {
    const OP: &str = "hessian";
    let location = Location::caller();
    let gradient = |x: &Array| grad_at(OP, location, |x: &Array| f(x), x);
    jacfwd_at(OP, location, gradient, x.as_array())
}
