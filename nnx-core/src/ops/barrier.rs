//! What the compiler must not see through.

use super::{Backward, Builder, Id, Ids, Jvp, Primitive, Tangents, one};
use crate::graph::{Aval, Avals, bind1};
use smallvec::smallvec;

/// The identity, which the compiler computes before anything that uses it instead of repeating the
/// computation inside each user. `jax.lax.optimization_barrier`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct OptimizationBarrier;

impl Primitive for OptimizationBarrier {
    fn name(&self) -> &'static str {
        "optimization_barrier"
    }
    fn infer(&self, ins: &[Aval]) -> Result<Avals, String> {
        Ok(smallvec![ins[0]])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[Aval]) -> Ids {
        smallvec![b.op("stablehlo.optimization_barrier", ins, outs[0], vec![])]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Tangents, String> {
        one(cx.tangent(0).map(|t| bind1(*self, &[t])))
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        one(Some(bind1(*self, &[cx.ct()])))
    }
}
