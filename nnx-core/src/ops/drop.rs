//! What dropout does with its mask.

use super::{Backward, Builder, Id, Ids, Jvp, Primitive, Tangents, one};
use crate::array::{DType, scalar_bytes, select};
use crate::graph::{Aval, Avals, bind1};
use smallvec::smallvec;

/// `x / keep` where `mask` is true and 0 elsewhere: linear in x.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Drop {
    /// The bits of the f64, which is between 0 and 1.
    keep: u64,
}

impl Drop {
    pub(crate) fn new(keep: f64) -> Drop {
        Drop { keep: keep.to_bits() }
    }

    fn keep(self) -> f64 {
        f64::from_bits(self.keep)
    }
}

impl Primitive for Drop {
    fn name(&self) -> &'static str {
        "drop"
    }
    fn params(&self) -> String {
        format!("keep={}", self.keep())
    }
    fn infer(&self, ins: &[Aval]) -> Result<Avals, String> {
        let (mask, x) = (ins[0], ins[1]);
        if mask != x.with_dtype(DType::Bool) {
            return Err(format!("needs a bool mask of the shape of {x}, got {mask}"));
        }
        Ok(smallvec![x])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[Aval]) -> Ids {
        let (mask, x, aval) = (ins[0], ins[1], outs[0]);
        let [keep, one, zero] =
            [self.keep(), 1.0, 0.0].map(|value| b.splat(aval, &scalar_bytes(aval.dtype(), value)));
        // A quotient by one number becomes a product with its reciprocal in XLA, which rounds
        // differently. This divisor is more than one number: the results are those of Flax.
        let divisor = b.op("stablehlo.select", &[mask, keep, one], aval, vec![]);
        let quotient = b.op("stablehlo.divide", &[x, divisor], aval, vec![]);
        smallvec![b.op("stablehlo.select", &[mask, quotient, zero], aval, vec![])]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Tangents, String> {
        one(cx.tangent(1).map(|t| bind1(*self, &[&cx.primals[0], t])))
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let Some(mask) = cx.known(0) else { return Err("it is not linear in its mask".into()) };
        let kept = select(mask, cx.ct(), &cx.ct().zeros_like());
        Ok(smallvec![None, Some(kept / self.keep())])
    }
}
