//! Programs and shapes of functions, without running them.

use super::tree::{Operands, TreeArgument, leaves, trace_tree};
use crate::error::{or_raise, raise};
use crate::graph::{Array, Graph};
use crate::module::Module;
use crate::module::walk::{leaves_of, rebuild};

/// Traces `f` over a twin of `argument`.
#[track_caller]
fn traced<A, R, F>(name: &str, f: F, argument: A) -> (Graph, R)
where
    A: TreeArgument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let operands = Operands::of(&argument);
    if operands.present.len() < operands.leaves {
        let leaves = leaves_of(|v| argument.flatten(v));
        for leaf in leaves {
            or_raise(leaf.array.try_aval());
        }
    }
    let mut program = trace_tree(name, f, &argument, &operands, &operands.avals, leaves);
    program.keep_operands(&[]);
    (program.closed.graph, program.result)
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
