//! A value's way over a mesh, said inside of a program.

use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangent, Tangents,
};
use crate::lower::{Attr, AttrName, Id, Ids, Opcode};
use crate::run::bind1;
use crate::value::{Aval, Mesh, NamedSharding};

/// Its operand, laid over the devices of a mesh. `jax.lax.with_sharding_constraint`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ShardingConstraint {
    mesh: Mesh,
    /// For each dimension the axes of the mesh along which it is split; `None` leaves it to the compiler.
    dims: Vec<Option<Vec<Box<str>>>>,
}

impl ShardingConstraint {
    pub(crate) fn new(sharding: &NamedSharding, rank: usize) -> Self {
        let dims = (0..rank).map(|axis| Some(sharding.spec().along(axis).to_vec())).collect();
        ShardingConstraint { mesh: sharding.mesh().clone(), dims }
    }

    /// The tangent, or cotangent, lies as the value does.
    fn of_tangent(&self, tangent: &Tangent) -> Tangent {
        tangent.as_ref().map(|tangent| bind1(self.clone(), &[tangent]))
    }
}

impl Primitive for ShardingConstraint {
    fn name(&self) -> &'static str {
        "sharding_constraint"
    }
    fn params(&self) -> String {
        let dim = |axes: &Option<Vec<Box<str>>>| match axes {
            None => "?".to_string(),
            Some(axes) => format!("{{{}}}", axes.join(", ")),
        };
        format!("[{}] over {}", self.dims.iter().map(dim).collect::<Vec<_>>().join(", "), self.mesh)
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        Ok(ins.iter().copied().cloned().collect())
    }
    fn mesh(&self) -> Option<&Mesh> {
        Some(&self.mesh)
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let sharding = (AttrName::Sharding, Attr::Sharding(self.dims.clone()));
        b.op_with_regions(Opcode::ShardingConstraint, ins, outs, vec![sharding], vec![])
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let outs = cx.outs().clone();
        Ok((outs, cx.tangents.iter().map(|tangent| self.of_tangent(tangent)).collect()))
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        Ok(cx.cts.iter().map(|ct| self.of_tangent(ct)).collect())
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let mut dims = self.dims.clone();
        dims.insert(0, None);
        let batched = ShardingConstraint { mesh: self.mesh.clone(), dims };
        let ins: Vec<&Array> = cx.ins.iter().collect();
        Ok(std::iter::once((bind1(batched, &ins), true)).collect())
    }
}
