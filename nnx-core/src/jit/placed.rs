//! Where the program of a call runs, and where its arguments and results lie.

use super::collect::Collected;
use super::entry::Parameter;
use super::function::Function;
use super::plan::Plan;
use crate::error::Result;
use crate::graph::Repr;
use crate::run::{RunPlace, buffer};
use crate::xla::Placement;

/// Where a program runs, and where its arguments and results lie.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) place: RunPlace,
    /// Where each leaf of the arguments is taken, on a mesh. Empty on one device.
    pub(super) leaves: Vec<Placement>,
    /// Whether the body names the mesh.
    pub(super) is_on_own_mesh: bool,
    /// Where outputs are to lie, on a mesh, as far as it is known.
    pub(super) outputs: Vec<Option<Placement>>,
}

impl Placed {
    /// A call's. What is set stays as it lies: else the next call would need another program.
    pub(super) fn of(function: &Function, plan: &Plan, leaves: &Collected) -> Result<Placed> {
        let of_leaf = |index: usize| match &leaves.arrays()[index].0 {
            Repr::Device(buffer) => buffer.placement(),
            // A shape to lower for.
            _ => Placement::default(),
        };
        let on_device = |place: Placement| Placed {
            place: RunPlace::on(place),
            leaves: Vec::new(),
            is_on_own_mesh: false,
            outputs: Vec::new(),
        };
        let captures = plan.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Capture(array) => Some(array),
            Parameter::Leaf { .. } => None,
        });
        let is_captured = |array| buffer(array).is_ok_and(|b| b.placement().is_spread());
        let is_on_own_mesh = plan.graph.mesh().is_some() || captures.clone().any(is_captured);
        let all = 0..leaves.arrays().len();
        if leaves.moves || !is_on_own_mesh && !all.clone().any(|i| of_leaf(i).is_spread()) {
            return Ok(on_device(leaves.placement));
        }
        let parameters = plan.parameters.iter().map(|parameter| match parameter {
            Parameter::Leaf { index, .. } => of_leaf(*index),
            Parameter::Capture(array) => {
                buffer(array).map_or_else(|_| Placement::default(), |b| b.placement())
            }
        });
        // Leaves that the program does not use lie somewhere too, and say on which mesh it runs.
        let mut place =
            RunPlace::of(function.name, &plan.graph, all.map(of_leaf).chain(parameters))?;
        let (leaves, inputs) = place.inputs.split_at(leaves.arrays().len());
        let (leaves, inputs) = (leaves.to_vec(), inputs.into());
        place.inputs = inputs;
        let mut outputs = vec![None; plan.graph.outputs.len()];
        for &(output, leaf) in &plan.set_leaves {
            outputs[output] = Self::kept(plan, output, leaves[leaf]);
        }
        Ok(Placed { place, leaves, is_on_own_mesh, outputs })
    }

    /// Where a new value lies whose old one lies at `at`: there, unless it cannot, or the body says where.
    fn kept(plan: &Plan, output: usize, at: Placement) -> Option<Placement> {
        let value = plan.graph.outputs[output];
        let source = plan.graph.nodes.iter().find(|node| node.outs.contains(&value));
        if source.is_some_and(|node| node.op.mesh().is_some()) {
            return None;
        }
        let sharding = at.sharding()?;
        sharding.shard_shape(plan.graph.aval(value).shape()).is_ok().then_some(at)
    }

    /// The plan's pairs of an input and the output that takes over its memory, as far as both lie alike.
    pub(super) fn aliases(&self, plan: &Plan) -> Vec<(usize, usize)> {
        let fits = |&&(input, output): &&(usize, usize)| {
            self.leaves.is_empty() || self.outputs[output] == Some(self.place.inputs[input])
        };
        plan.aliases.iter().filter(fits).copied().collect()
    }
}
