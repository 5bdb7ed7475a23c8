//! A call inside another trace that stays a function of its own (`inline = false`).

use super::arguments::Arguments;
use super::entry::{Parameter, ResultLeaf};
use super::function::Function;
use super::output::Output;
use super::record::record;
use crate::graph::bind;
use crate::module::walk::{Replace, leaves_of, rebuild};
use crate::ops::CallGraph;
use crate::{Array, Result};
use std::sync::Arc;

/// Traces the body on its own, and records a call of it; updates reach the arguments.
#[track_caller]
pub(super) fn nested<A, R, F>(function: &'static Function, arguments: &mut A, body: F) -> Result<R>
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
    let recorded = match record(function, arguments, &avals, body)? {
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
    let call = CallGraph { name: function.name.into(), graph: Arc::new(recorded.graph) };
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
