//! A barrier that the compiler does not see through.

use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangent, Tangents,
};
use crate::lower::{Id, Ids, Opcode};
use crate::rewrite::spread;
use crate::run::bind;
use crate::value::Aval;

/// The identity of its operands, which the compiler computes before anything that uses one of them
/// instead of repeating the computation inside each user. `jax.lax.optimization_barrier`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct OptimizationBarrier;

/// A barrier for the arrays that are there.
fn barrier(arrays: &[Tangent]) -> Tangents {
    let places: Vec<bool> = arrays.iter().map(Option::is_some).collect();
    let given: Vec<&Array> = arrays.iter().flatten().collect();
    spread(&places, &bind(OptimizationBarrier, &given)).into()
}

impl Primitive for OptimizationBarrier {
    fn name(&self) -> &'static str {
        "optimization_barrier"
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn is_barrier(&self) -> bool {
        true
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        Ok(ins.iter().copied().cloned().collect())
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        b.op_with_regions(Opcode::OptimizationBarrier, ins, outs, vec![], vec![])
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let outs = cx.outs().clone();
        Ok((outs, barrier(cx.tangents)))
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        Ok(barrier(cx.cts))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let outs = bind(*self, &cx.ins.iter().collect::<Vec<_>>());
        Ok(outs.into_iter().zip(cx.batched.iter().copied()).collect())
    }
}
