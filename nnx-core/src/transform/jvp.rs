//! Forward-mode derivatives.

use super::tree::{Operands, TreeArgument, leaves, no_derivative, trace_tree};
use crate::error::{Error, Result, or_raise, raise};
use crate::graph::{Array, Closed, Mode, Tangent};
use crate::module::Module;
use crate::module::walk::{collect_leaves, rebuild};
use crate::rewrite::interpret_jvp;
use crate::run::staged;
use std::panic::Location;

/// The result of `f` at `primals`, and how it changes along `tangents`, which has the type of the
/// argument. `jax.jvp`.
///
/// Leaves of the argument that are neither floats nor complex numbers have no tangent, whatever
/// `tangents` holds there; such leaves of the result hold no value in the second tree, and reading
/// one says so. Updates of Variables inside `f` do not reach the caller.
///
/// ```
/// # use nnx_core::{Array, jvp};
/// let (x, t) = (Array::scalar(3.0_f32), Array::scalar(1.0_f32));
/// let (y, dy) = jvp(|x: &Array| x.square(), &x, &t);
/// assert_eq!((y.item::<f32>(), dy.item::<f32>()), (9.0, 6.0));
/// ```
///
/// # Panics
/// When a tangent has another shape or dtype than its leaf, or an operation on the way has no
/// derivative.
#[track_caller]
pub fn jvp<A, R, F>(f: F, primals: A, tangents: &A::Tree) -> (R, R)
where
    A: TreeArgument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    const { crate::module::check::tree::<A::Tree>("jvp") };
    const { crate::module::check::returned(R::SCHEMA, "jvp") };
    or_raise(forward(f, primals, tangents, Location::caller()))
}

#[track_caller]
fn forward<A, R, F>(
    f: F,
    primals: A,
    tangents: &A::Tree,
    location: &'static Location<'static>,
) -> Result<(R, R)>
where
    A: TreeArgument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let operands = Operands::of(&primals);
    let given = collect_leaves(tangents);
    if given.len() != operands.leaves {
        return Err(Error::Op {
            op: "jvp".into(),
            message: format!("{} tangents for {} leaves", given.len(), operands.leaves),
            location,
        });
    }
    let active: Vec<bool> =
        operands.avals.iter().map(|aval| aval.dtype().is_differentiable()).collect();
    let mut directions = Vec::new();
    for (n, (&i, &aval)) in operands.present.iter().zip(&operands.avals).enumerate() {
        if !active[n] {
            continue;
        }
        let tangent = given[i].array.try_aval()?;
        if tangent != aval {
            let message = format!("a tangent is {tangent}, but its leaf is {aval}");
            return Err(Error::Op { op: "jvp".into(), message, location });
        }
        directions.push(given[i].array.clone());
    }

    let mut program = trace_tree("jvp", f, &primals, &operands, &operands.avals, leaves);
    program.keep_operands(&[]);
    let (Closed { graph, captures }, result) = (program.closed, program.result);
    let primals = operands.values.len() + captures.len();
    let args: Vec<Array> = operands.values.into_iter().chain(captures).chain(directions).collect();
    let mut outs = staged("jvp", &args, |args| {
        let (primals, directions) = args.split_at(primals);
        let mut directions = directions.iter().cloned();
        let tangents: Vec<Tangent> = (0..primals.len())
            .map(|i| if active.get(i) == Some(&true) { directions.next() } else { None })
            .collect();
        let (outs, tangents) = interpret_jvp(&graph, primals, &tangents, Mode::Forward);
        let tangents: Vec<Array> = outs
            .iter()
            .zip(tangents)
            .filter(|(out, _)| out.dtype().is_differentiable())
            .map(|(out, tangent)| tangent.unwrap_or_else(|| out.zeros_like()))
            .collect();
        outs.into_iter().chain(tangents).collect()
    })?;
    let mut tangents = outs.split_off(graph.outputs.len()).into_iter();
    let value = rebuild(&result, |i, _| outs[i].clone());
    let tangent = rebuild(&result, |i, _| {
        if !outs[i].dtype().is_differentiable() {
            return no_derivative("tangent", "this result", outs[i].dtype());
        }
        match tangents.next() {
            Some(tangent) => tangent,
            None => raise(Error::Invalid("jvp: a tangent is missing".into())),
        }
    });
    Ok((value, tangent))
}
