//! Forward-mode derivatives.

use super::lend::{Argument, TransformCall};
use super::trees::{difference_in_form, no_derivative};
use crate::error::{Error, Result, or_raise};
use crate::graph::{Array, Mode};
use crate::module::Module;
use crate::module::walk::{collect_leaves, rebuild};
use crate::rewrite::{interpret_jvp, spread};
use std::panic::Location;

/// The result of `f` at `primals`, and how it changes along `tangents`, which has the type of the
/// argument. `jax.jvp`.
///
/// Leaves of the argument that are neither floats nor complex numbers have no tangent, whatever
/// `tangents` holds there; such leaves of the result hold no value in the second tree, and reading
/// one says so. Variables that `f` sets in an argument given as `&mut` are set in the caller's.
///
/// ```
/// use nnx::{Array, jvp};
/// let (x, t) = (Array::scalar(3.0_f32), Array::scalar(1.0_f32));
/// let (y, dy) = jvp(|x: &Array| x.square(), &x, &t);
/// assert_eq!((y.item::<f32>(), dy.item::<f32>()), (9.0, 6.0));
/// ```
///
/// # Panics
/// Panics if a tangent has another shape or dtype than its leaf, or an operation on the way has no
/// derivative.
#[track_caller]
pub fn jvp<A, R, F>(f: F, primals: A, tangents: &A::Tree) -> (R, R)
where
    A: Argument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let f = |body: A::Body<'_>| (f(body), ());
    let (result, tangent, ()) = at(Location::caller(), f, primals, tangents);
    (result, tangent)
}

/// [`jvp`] of a function that returns more than its result: `(result, aux)`. `aux` is any tree, and has no tangent.
/// `jax.jvp` with `has_aux`.
///
/// ```
/// use nnx::{Array, jvp_with_aux};
/// let (x, t) = (Array::scalar(3.0_f32), Array::scalar(1.0_f32));
/// let (_, dy, half) = jvp_with_aux(|x: &Array| (x.square(), x / 2.0), &x, &t);
/// assert_eq!((dy.item::<f32>(), half.item::<f32>()), (6.0, 1.5));
/// ```
///
/// # Panics
/// As [`jvp`].
#[track_caller]
pub fn jvp_with_aux<A, R, X, F>(f: F, primals: A, tangents: &A::Tree) -> (R, R, X)
where
    A: Argument,
    R: Module,
    X: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> (R, X),
{
    at(Location::caller(), f, primals, tangents)
}

fn at<A, R, X, F>(
    location: &'static Location<'static>,
    f: F,
    mut primals: A,
    tangents: &A::Tree,
) -> (R, R, X)
where
    A: Argument,
    R: Module,
    X: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> (R, X),
{
    let call = TransformCall::at(location, "jvp", &mut primals);
    let (active, directions) = or_raise(directions(&call, tangents));
    let program = call.trace_sowing(f, &call.avals);
    program.check_no_nodes(&call);
    let graph = &program.closed.graph;
    // The result's leaves come first.
    let leaves = collect_leaves(&program.result.0).len();
    let results = program.results[..leaves].iter().flatten().count();
    let primals = graph.inputs.len();
    let mut args = call.arguments(&program);
    args.extend(directions);
    let mut outs = call.staged(&args, |args| {
        let (primals, directions) = args.split_at(primals);
        let tangents = spread(&active, directions);
        let (outs, tangents) = interpret_jvp(graph, primals, &tangents, Mode::Forward);
        // Updates of Variables have no part in the derivative.
        let tangents: Vec<Array> = outs[..results]
            .iter()
            .zip(tangents)
            .filter(|(out, _)| out.dtype().is_differentiable())
            .map(|(out, tangent)| tangent.unwrap_or_else(|| out.zeros_like()))
            .collect();
        outs.into_iter().chain(tangents).collect()
    });
    let mut tangents = outs.split_off(graph.outputs.len()).into_iter();
    let tangent = rebuild(&program.result.0, |i, absent| {
        let Some(output) = program.results[i] else { return absent.clone() };
        let dtype = outs[output].dtype();
        let tangent = dtype.is_differentiable().then(|| tangents.next()).flatten();
        tangent.unwrap_or_else(|| no_derivative("tangent", "this result", dtype))
    });
    let (result, aux) = call.finish(program, &outs);
    (result, tangent, aux)
}

/// For each input of the program, among them what the function captures, whether it has a tangent;
/// and the tangents.
fn directions<A: Argument>(
    call: &TransformCall<'_, A>,
    tangents: &A::Tree,
) -> Result<(Vec<bool>, Vec<Array>)> {
    let error = |message| Error::Op { op: call.op.into(), message, location: call.location };
    let given = collect_leaves(tangents);
    if given.len() != call.leaves {
        return Err(error(format!("{} tangents for {} leaves", given.len(), call.leaves)));
    }
    let difference = difference_in_form(|v| call.argument.flatten(v), |v| tangents.flatten(v));
    if let Some(difference) = difference {
        return Err(error(format!("of the tangents, {difference}")));
    }
    let mut active = Vec::new();
    let mut directions = Vec::new();
    for (&i, aval) in call.present.iter().zip(&call.avals) {
        active.push(aval.dtype().is_differentiable());
        if !aval.dtype().is_differentiable() {
            continue;
        }
        let tangent = given[i].array.try_aval()?;
        if tangent != aval {
            return Err(error(format!("a tangent is {tangent}, but its leaf is {aval}")));
        }
        directions.push(given[i].array.clone());
    }
    Ok((active, directions))
}
