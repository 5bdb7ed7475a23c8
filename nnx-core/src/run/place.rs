//! Where a program runs, and where its arguments lie there.

use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::value::{Mesh, NamedSharding};
use crate::xla::Placement;
use smallvec::SmallVec;

/// Where a program runs: where its arguments lie.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RunPlace {
    /// The device, or each device of the mesh.
    pub(crate) run: Placement,
    /// Where each argument is to lie, on a mesh. Empty on one device.
    pub(crate) inputs: SmallVec<[Placement; 4]>,
}

impl RunPlace {
    /// One device.
    pub(crate) fn on(run: Placement) -> Self {
        RunPlace { run, inputs: SmallVec::new() }
    }

    /// The place of a program, called `name` in messages, whose arguments lie there. On a mesh they come from the
    /// first device as wholes: what nobody put anywhere is there.
    ///
    /// # Errors
    /// Returns an error if they lie on two meshes, or on a mesh and another device than the first one.
    pub(crate) fn of(
        name: &str,
        graph: &Graph,
        arguments: impl Iterator<Item = Placement> + Clone,
    ) -> Result<Self> {
        let spread = arguments.clone().find(|placement| placement.is_spread());
        let constraint = graph.mesh();
        let mesh = match (spread.and_then(Placement::sharding), &constraint) {
            (Some(sharding), _) => sharding.mesh(),
            (None, Some(mesh)) => mesh,
            (None, None) => {
                return Ok(RunPlace::on(arguments.clone().next().unwrap_or_default()));
            }
        };
        if let Some(other) = constraint.as_ref().filter(|other| *other != mesh) {
            return Err(two(name, mesh, other));
        }
        let whole = Placement::sharded(&mesh.replicated());
        let input = |(i, at): (usize, Placement)| match at.sharding().map(NamedSharding::mesh) {
            Some(own) if own == mesh => Ok(at),
            Some(other) => Err(two(name, mesh, other)),
            None if at == Placement::default() => Ok(whole),
            None => Err(Error::Invalid(format!(
                "`{name}` runs on {mesh}, but its argument {i} lies on {at}; put it there with \
                 `.to_sharding(&mesh.replicated())`"
            ))),
        };
        let inputs = arguments.enumerate().map(input).collect::<Result<_>>()?;
        Ok(RunPlace { run: whole, inputs })
    }
}

fn two(name: &str, mesh: &Mesh, other: &Mesh) -> Error {
    Error::Invalid(format!(
        "`{name}` is to run on {mesh} and on {other}, where its arguments and the constraints in it are; put all \
         on one of them with `.to_sharding(…)`"
    ))
}
