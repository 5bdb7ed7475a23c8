//! A call inside another trace.

use super::arguments::Arguments;
use super::call::traced;
use super::entry::{Parameter, ResultLeaf};
use super::function::Function;
use super::output::Output;
use crate::graph::{bind, catching};
use crate::module::walk::{Replace, leaves_of, rebuild};
use crate::ops::CallGraph;
use crate::{Array, Result};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs the body on the arguments themselves, so that it becomes part of the trace around it. If it
/// fails, the arguments are as they were, as in a call outside of any trace.
#[track_caller]
pub(super) fn inlined<A, R, F>(arguments: &mut A, body: F) -> R
where
    A: Arguments,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let saved = arguments.save();
    let run = || body(arguments.lend_self()).split();
    let outcome =
        catch_unwind(AssertUnwindSafe(|| if R::CATCHES { catching(run) } else { Ok(run()) }));
    let failure = match outcome {
        Ok(Ok(Ok(tree))) => return R::from_tree(tree),
        Ok(Ok(Err(error))) => Ok(error),
        Ok(Err(error)) => Ok(R::from_error(error)),
        Err(panic) => Err(panic),
    };
    arguments.restore(saved);
    failure.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Traces the body on its own, and records a call of it; updates reach the arguments.
#[track_caller]
pub(super) fn called<A, R, F>(function: &'static Function, arguments: &mut A, body: F) -> R
where
    A: Arguments,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    match record_call(function, arguments, body) {
        Ok(result) => result,
        Err(error) => R::from_error(error),
    }
}

#[track_caller]
fn record_call<A, R, F>(function: &'static Function, arguments: &mut A, body: F) -> Result<R>
where
    A: Arguments,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let leaves: Vec<Array> = leaves_of(|v| arguments.flatten(function.parameters, v))
        .iter()
        .map(|leaf| leaf.array.clone())
        .collect();
    let avals: Vec<_> = leaves.iter().map(|array| array.try_aval().ok()).collect();
    let recorded = match traced(function, arguments, &avals, body)? {
        Ok(recorded) => recorded,
        Err(error) => return Ok(error),
    };
    let inputs: Vec<&Array> = recorded
        .parameters
        .iter()
        .map(|parameter| match parameter {
            Parameter::Leaf { index, .. } => &leaves[*index],
            Parameter::Capture(array) => array,
        })
        .collect();
    let call = CallGraph { name: function.name.into(), graph: recorded.graph.into() };
    let outputs = bind(call, &inputs);
    let mut updates = recorded.updates.iter();
    arguments.flatten_mut(&mut Replace {
        at: 0,
        f: |_, array: &mut Array| {
            if let Some(Some(output)) = updates.next() {
                *array = outputs[*output].clone();
            }
        },
    });
    let tree = rebuild(&recorded.template, |i, absent| match recorded.results[i] {
        ResultLeaf::Output { index, .. } => outputs[index].clone(),
        ResultLeaf::Leaf(index) => leaves[index].clone(),
        ResultLeaf::Absent => absent.clone(),
    });
    Ok(R::from_tree(tree))
}
