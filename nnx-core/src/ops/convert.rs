//! Changes of dtype.

use crate::graph::{Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents, one};
use crate::lower::{Attr, AttrName, Id, Ids, Opcode};
use crate::value::{Aval, DType};
use smallvec::smallvec;

/// Converts the values to another dtype.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Convert(pub(crate) DType);

impl Primitive for Convert {
    fn name(&self) -> &'static str {
        "convert"
    }
    fn params(&self) -> String {
        self.0.to_string()
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        Ok(smallvec![ins[0].with_dtype(self.0)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        smallvec![b.op(Opcode::Convert, ins, outs[0], vec![])]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        if self.0.is_small_float() {
            return Err(format!(
                "a conversion to {} has no derivative: say what it is to be with `custom_vjp`, or take \
                 `stop_gradient` before it",
                self.0
            ));
        }
        cx.linear()
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        one(Some(cx.ct().astype(cx.aval(0).dtype())))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
}

/// Rounds floats to those that fewer bits for exponent and mantissa hold; those that are too large
/// become infinite. The derivative goes through the same rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ReducePrecision {
    pub(crate) exponent_bits: i32,
    pub(crate) mantissa_bits: i32,
}

impl Primitive for ReducePrecision {
    fn name(&self) -> &'static str {
        "reduce_precision"
    }
    fn params(&self) -> String {
        format!("exponent_bits={} mantissa_bits={}", self.exponent_bits, self.mantissa_bits)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        if !ins[0].dtype().is_float() {
            return Err(format!("needs a float dtype, got {}", ins[0]));
        }
        if self.exponent_bits < 1 || self.mantissa_bits < 0 {
            return Err(format!(
                "needs at least 1 bit for the exponent and 0 for the mantissa, got {} and {}",
                self.exponent_bits, self.mantissa_bits
            ));
        }
        Ok(smallvec![ins[0].clone()])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let attrs = vec![
            (AttrName::ExponentBits, Attr::Int32(self.exponent_bits)),
            (AttrName::MantissaBits, Attr::Int32(self.mantissa_bits)),
        ];
        smallvec![b.op(Opcode::ReducePrecision, ins, outs[0], attrs)]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear()
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        one(Some(crate::run::bind1(*self, &[cx.ct()])))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
}

/// Reads the bits as another dtype of the same width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Bitcast(pub(crate) DType);

impl Primitive for Bitcast {
    fn name(&self) -> &'static str {
        "bitcast_convert"
    }
    fn params(&self) -> String {
        self.0.to_string()
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        if ins[0].dtype().size() != self.0.size() {
            return Err(format!("{} and {} differ in width", ins[0].dtype(), self.0));
        }
        Ok(smallvec![ins[0].with_dtype(self.0)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        smallvec![b.op(Opcode::BitcastConvert, ins, outs[0], vec![])]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.zero()
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
}
