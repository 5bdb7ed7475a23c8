//! `remat`: memory for time in the backward pass.

use super::lend::{Argument, TransformCall};
use crate::module::Module;
use crate::ops::{Remat, SavePolicy};
use crate::run::bind;

/// Runs `f` so that its backward pass computes the values on the way again instead of keeping them.
/// `jax.checkpoint`, `flax.nnx.remat`.
///
/// Variables that `f` sets in an argument given as `&mut` are set in the caller's.
///
/// ```
/// use nnx::{Array, grad, remat};
/// let x = Array::scalar(0.5_f32);
/// let f = |x: &Array| x.sin().sin();
/// let kept = grad(f, &x);
/// let again = grad(|x: &Array| remat(f, x), &x);
/// assert_eq!(kept.item::<f32>(), again.item::<f32>());
/// ```
///
/// # Panics
/// Panics if `f` changes static parts or plain arrays of the argument.
#[track_caller]
#[doc(alias = "checkpoint")]
pub fn remat<A, R, F>(f: F, argument: A) -> R
where
    A: Argument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    rematerialized(SavePolicy::Nothing, f, argument)
}

/// [`remat`] that keeps what `policy` says.
///
/// ```
/// use nnx::{Array, SavePolicy, grad, remat_with};
///
/// let w = Array::from([[2.0_f32, 0.0], [0.0, 3.0]]);
/// let layer = |x: &Array| x.matmul(&w).square();
/// // The product is kept, what comes after it is computed again.
/// let loss = |x: &Array| remat_with(SavePolicy::Dots, layer, x).sum(..);
/// let x = Array::from([1.0_f32, 1.0]);
/// assert_eq!(grad(loss, &x).to_vec::<f32>(), [8.0, 18.0]);
/// ```
///
/// # Panics
/// As [`remat`].
#[track_caller]
pub fn remat_with<A, R, F>(policy: SavePolicy, f: F, argument: A) -> R
where
    A: Argument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    rematerialized(policy, f, argument)
}

#[track_caller]
fn rematerialized<A, R, F>(policy: SavePolicy, f: F, mut argument: A) -> R
where
    A: Argument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let call = TransformCall::new("remat", &mut argument);
    let mut program = call.trace_sowing(f, &call.avals);
    let args = call.arguments(&program);
    let graph = std::mem::take(&mut program.closed.graph).into();
    let op = Remat { graph, saved: policy };
    let outs = call.staged(&args, |args| bind(op, &args.iter().collect::<Vec<_>>()).to_vec());
    call.finish(program, &outs)
}
