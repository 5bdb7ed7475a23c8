//! Programs and shapes of functions, without running them.

use super::lend::{Argument, TransformCall, TransformProgram};
use crate::error::{or_raise, raise};
use crate::graph::{Array, Closed, Graph};
use crate::module::Module;
use crate::module::walk::{Rebuild, leaves_of};

/// The program of `f`, and its result with shapes but no elements.
#[track_caller]
fn traced<A, R, F>(name: &'static str, f: F, mut argument: A) -> (Graph, R)
where
    A: Argument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let call = TransformCall::new(name, &mut argument);
    if call.present.len() < call.leaves {
        for leaf in leaves_of(|v| call.argument.flatten(v)) {
            or_raise(leaf.array.try_aval());
        }
    }
    let program = call.trace(f, &call.avals);
    let results = program.result_count();
    let TransformProgram { closed: Closed { mut graph, scope, .. }, result, twins, .. } = program;
    if results < graph.outputs.len() {
        graph.outputs.truncate(results);
        graph.eliminate_dead_code();
    }
    let shape = |_: usize, array: &Array| match array.try_aval() {
        Ok(aval) => Array::of_aval(aval),
        Err(error) => raise(error),
    };
    let shapes = result.unflatten(&mut Rebuild::with_nodes(twins.back(), shape));
    drop((result, twins));
    call.check_left(&scope);
    (graph, shapes)
}

/// The program that `f` traces to; `Display` prints it. `jax.make_jaxpr`.
///
/// Arrays that `f` takes from outside are inputs after those of the argument.
///
/// ```
/// use nnx::{Array, DType, make_graph};
/// let graph = make_graph(|x: &Array| (x * 2.0).sum(..), &Array::shape_only([3], DType::F32));
/// assert!(graph.to_string().contains("reduce_sum[dimensions=[0]]"));
/// ```
///
/// # Panics
/// Panics if `f` panics, or a leaf of the argument has no shape.
#[track_caller]
pub fn make_graph<A, R, F>(f: F, argument: A) -> Graph
where
    A: Argument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    traced("make_graph", f, argument).0
}

/// The result of `f` with shapes and dtypes but no elements; nothing is compiled or run.
/// `jax.eval_shape`.
///
/// ```
/// use nnx::{Array, DType, eval_shape};
/// let y = eval_shape(|x: &Array| x.matmul(x.t()), &Array::shape_only([3, 5], DType::F32));
/// assert_eq!(y.shape(), [3, 3]);
/// ```
///
/// # Panics
/// Panics if `f` panics, or a leaf of the argument has no shape.
#[track_caller]
pub fn eval_shape<A, R, F>(f: F, argument: A) -> R
where
    A: Argument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    traced("eval_shape", f, argument).1
}
