//! A call inside another trace.

use super::entry::{Parameter, ResultLeaf};
use super::erased::{AnyCall, Pending, flatten_named, from_template};
use super::function::Function;
use super::output::Output;
use super::plan::Plan;
use super::rebuilt::{Parts, Rebuilt};
use super::record::{Planned, record};
use crate::error::{Error, Result};
use crate::graph::{Array, Arrays};
use crate::module::new_nodes::NewNodes;
use crate::module::node::lend_nodes;
use crate::module::walk::{Rebuild, leaves_of};
use crate::module::{Leaves, Metadata, Nodes, Visitor};
use crate::ops::CallGraph;
use crate::rewrite::interpret;
use crate::run::bind;
use crate::transform::lend::{Argument, SetLeaves, Update};
use std::any::Any;
use std::panic::Location;

/// Traces the body on its own, as for a call outside of any trace, and puts its program into the trace around it:
/// operation by operation, or as a function of its own. What the body may change, and what it changed, is settled as
/// there.
#[track_caller]
pub(super) fn nested<A, R, F>(function: &'static Function, arguments: &mut A, body: F) -> R
where
    A: Argument,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let error = |message| Error::Jit { function: function.name.into(), message };
    let flatten = |v: &mut dyn Visitor| flatten_named(function.parameters, &*arguments, v);
    // Most are twins that nobody else sees, but some may have been captured.
    let nodes = match lend_nodes(&flatten).map_err(error) {
        Ok(nodes) => nodes,
        Err(error) => return R::from_error(error),
    };
    let outcome = {
        let mut pending = Pending::new(function.parameters, &*arguments, body);
        match record_call(function, &mut pending) {
            Ok(Some(call)) => Ok(call),
            Ok(None) => return pending.into_error(),
            Err(error) => Err(error),
        }
    };
    match outcome {
        Ok(call) => {
            let mut write = SetLeaves::new(&call.updates, &call.metadata, &call.outputs);
            call.rebuilt.check_change(&nodes);
            arguments.flatten_mut(&mut write);
            nodes.nodes().for_each(|node| write.node(node));
            let (result, parts) =
                call.result(|template, mut leaves| from_template(template, &mut leaves));
            if let Some(parts) = parts {
                parts.put(arguments, nodes.nodes());
            }
            result
        }
        Err(error) => R::from_error(error),
    }
}

/// A call that was recorded in the trace around it.
struct Nested {
    /// The leaves of the arguments as they were.
    leaves: Vec<Array>,
    outputs: Arrays,
    updates: Vec<Update>,
    metadata: Vec<(usize, Metadata)>,
    results: Vec<ResultLeaf>,
    template: Box<dyn Any + Send + Sync>,
    /// The arguments' nodes in place of the template's.
    nodes: Nodes,
    rebuilt: Rebuilt,
    /// The nodes of the templates. Dropped after these.
    _template_nodes: NewNodes,
}

/// `None` if the body returned an error of its own.
#[track_caller]
fn record_call(function: &'static Function, body: &mut dyn AnyCall) -> Result<Option<Nested>> {
    let leaves: Vec<Array> =
        leaves_of(|v| body.argument().flatten(v)).into_iter().map(|leaf| leaf.array).collect();
    let avals: Vec<_> = leaves.iter().map(|array| array.try_aval().ok().cloned()).collect();
    let Some(recorded) = record(function, Location::caller(), body, &avals, false)? else {
        return Ok(None);
    };
    let Planned { plan, template, back: nodes, rebuilt, template_nodes: _template_nodes, .. } =
        recorded;
    let Plan { graph, parameters, updates, metadata, results, .. } = plan;
    let inputs: Vec<&Array> = parameters
        .iter()
        .map(|parameter| match parameter {
            Parameter::Leaf { index, .. } => &leaves[*index],
            Parameter::Capture(array) => array,
        })
        .collect();
    let outputs = match function.options.inline {
        true => interpret(&graph, &inputs.into_iter().cloned().collect::<Vec<_>>()).into(),
        false => bind(CallGraph { name: function.name.into(), graph: graph.into() }, &inputs),
    };
    Ok(Some(Nested {
        leaves,
        outputs,
        updates,
        metadata,
        results,
        template,
        nodes,
        rebuilt,
        _template_nodes,
    }))
}

impl Nested {
    /// Has the result made from its leaves.
    fn result<R>(
        self,
        make: impl FnOnce(&(dyn Any + Send + Sync), &mut dyn Leaves) -> R,
    ) -> (R, Option<Box<Parts>>) {
        let leaf = |i: usize, absent: &Array| match self.results[i] {
            ResultLeaf::Output { index, .. } => self.outputs[index].clone(),
            ResultLeaf::Leaf(index) => self.leaves[index].clone(),
            ResultLeaf::Absent => absent.clone(),
        };
        let mut leaves = Rebuild::with_nodes(self.nodes, leaf);
        let result = make(&*self.template, &mut leaves);
        (result, self.rebuilt.parts(&mut leaves))
    }
}
