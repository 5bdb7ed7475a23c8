//! Comparison and choice.

use super::binary::same;
use super::complex::lexicographic;
use super::unary::Takes;
use crate::array::select;
use crate::graph::{Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents};
use crate::lower::{Attr, AttrName, ComparisonType, Direction, Id, Ids, Opcode};
use crate::value::{Aval, DType};
use smallvec::smallvec;

/// Compares elementwise; the result is bool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Compare(pub(crate) Direction);

impl Compare {
    /// The attributes of StableHLO's `compare` for operands of `dtype`.
    pub(super) fn attrs(self, dtype: DType) -> Vec<(AttrName, Attr)> {
        let kind = if dtype.is_inexact() {
            ComparisonType::Float
        } else if dtype.is_signed_int() {
            ComparisonType::Signed
        } else {
            ComparisonType::Unsigned
        };
        vec![
            (AttrName::ComparisonDirection, Attr::Case(self.0.into())),
            (AttrName::CompareType, Attr::Case(kind.into())),
        ]
    }
}

impl Primitive for Compare {
    fn name(&self) -> &'static str {
        match self.0 {
            Direction::Eq => "eq",
            Direction::Ne => "ne",
            Direction::Lt => "lt",
            Direction::Le => "le",
            Direction::Gt => "gt",
            Direction::Ge => "ge",
        }
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        Takes::Any.check(ins[0].dtype())?;
        let aval = same(ins)?;
        Ok(smallvec![aval.with_dtype(DType::Bool)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let dtype = b.aval(ins[0]).dtype();
        if dtype.is_complex() && !matches!(self.0, Direction::Eq | Direction::Ne) {
            return smallvec![lexicographic(b, self.0, ins[0], ins[1])];
        }
        let attrs = self.attrs(dtype);
        smallvec![b.op(Opcode::Compare, ins, outs[0], attrs)]
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
}

/// `select(which, on_true, on_false)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Select;

impl Primitive for Select {
    fn name(&self) -> &'static str {
        "select"
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let out = same(&ins[1..])?;
        if *ins[0] != out.with_dtype(DType::Bool) {
            return Err(format!(
                "needs a bool condition of shape {:?}, got {}",
                out.shape(),
                ins[0]
            ));
        }
        Ok(smallvec![out])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        smallvec![b.op(Opcode::Select, ins, outs[0], vec![])]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear_in(&[1, 2])
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let Some(which) = cx.known(0) else { return Err("its condition is not linear".into()) };
        let (ct, zeros) = (cx.ct(), cx.ct().zeros_like());
        Ok(smallvec![
            None,
            cx.is_linear(1).then(|| select(which, ct, &zeros)),
            cx.is_linear(2).then(|| select(which, &zeros, ct)),
        ])
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
}
