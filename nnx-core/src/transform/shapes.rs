//! Programs and shapes of functions, without running them.

use super::grad::TreeArgument;
use crate::error::{or_raise, raise};
use crate::graph::{Closed, Graph, trace};
use crate::module::walk::{collect_leaves, rebuild};
use crate::{Array, Module};

/// Traces `f` over a twin of `argument`.
#[track_caller]
fn traced<A, R, F>(name: &str, f: F, argument: A) -> (Graph, R)
where
    A: TreeArgument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let tree = argument.tree();
    let leaves = collect_leaves(tree);
    let avals: Vec<_> = leaves.iter().map(|leaf| or_raise(leaf.array.try_aval())).collect();
    let (Closed { graph, .. }, result) = trace(name, &avals, |inputs| {
        let mut twin = rebuild(tree, |i, _| inputs[i].clone());
        let result = f(A::lend(&mut twin));
        let outputs = collect_leaves(&result).iter().map(|leaf| leaf.array.clone()).collect();
        (outputs, result)
    });
    (graph, result)
}

/// The program that `f` traces to; `Display` prints it. `jax.make_jaxpr`.
///
/// Arrays that `f` takes from outside are inputs after those of the argument.
///
/// ```
/// use nnx_core::{Array, DType, make_graph};
/// let graph = make_graph(|x: &Array| (x * 2.0).sum(..), &Array::shape_only([3], DType::F32));
/// assert!(graph.to_string().contains("reduce_sum[dimensions=[0]]"));
/// ```
///
/// # Panics
/// When `f` panics, or a leaf of the argument has no shape.
#[track_caller]
pub fn make_graph<A, R, F>(f: F, argument: A) -> Graph
where
    A: TreeArgument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    const { crate::module::check::tree::<A::Tree>("make_graph") };
    const { crate::module::check::returned(R::SCHEMA, "make_graph") };
    traced("make_graph", f, argument).0
}

/// The result of `f` with shapes and dtypes but no elements; nothing is compiled or run.
/// `jax.eval_shape`.
///
/// ```
/// use nnx_core::{Array, DType, eval_shape};
/// let y = eval_shape(|x: &Array| x.matmul(x.t()), &Array::shape_only([3, 5], DType::F32));
/// assert_eq!(y.shape(), [3, 3]);
/// ```
///
/// # Panics
/// When `f` panics, or a leaf of the argument has no shape.
#[track_caller]
pub fn eval_shape<A, R, F>(f: F, argument: A) -> R
where
    A: TreeArgument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    const { crate::module::check::tree::<A::Tree>("eval_shape") };
    const { crate::module::check::returned(R::SCHEMA, "eval_shape") };
    let (_, result) = traced("eval_shape", f, argument);
    rebuild(&result, |_, array| match array.try_aval() {
        Ok(aval) => Array::of_aval(aval),
        Err(error) => raise(error),
    })
}
