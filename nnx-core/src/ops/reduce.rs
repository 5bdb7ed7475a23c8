//! Reductions over dimensions.

use super::compare::Compare;
use super::complex::lexicographic;
use super::unary::Takes;
use super::vectorized;
use crate::graph::{
    Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents, one, shifted,
};
use crate::lower::{Attr, AttrName, Direction, Id, Ids, Opcode, ints};
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::smallvec;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reducer {
    Sum,
    Prod,
    Max,
    Min,
    And,
    Or,
}

impl Reducer {
    pub(super) fn opcode(self) -> Opcode {
        match self {
            Reducer::Sum => Opcode::Add,
            Reducer::Prod => Opcode::Multiply,
            Reducer::Max => Opcode::Maximum,
            Reducer::Min => Opcode::Minimum,
            Reducer::And => Opcode::And,
            Reducer::Or => Opcode::Or,
        }
    }

    pub(super) fn takes(self) -> Takes {
        match self {
            Reducer::Sum | Reducer::Prod => Takes::Numbers,
            Reducer::Max | Reducer::Min => Takes::Any,
            Reducer::And | Reducer::Or => Takes::BoolOrInts,
        }
    }

    /// The neutral element, as little-endian bytes.
    pub(super) fn identity(self, dtype: DType) -> Vec<u8> {
        match self {
            Reducer::Sum | Reducer::Or => vec![0; dtype.size()],
            Reducer::Prod => crate::value::scalar_bytes(dtype, 1.0),
            Reducer::And if dtype == DType::Bool => vec![1],
            Reducer::And => vec![0xff; dtype.size()],
            Reducer::Max => crate::value::lowest(dtype),
            Reducer::Min => crate::value::highest(dtype),
        }
    }
}

/// The shape without the dimensions `dims`, which must be sorted.
pub(super) fn without(shape: &[usize], dims: &[usize]) -> Vec<usize> {
    (0..shape.len()).filter(|i| !dims.contains(i)).map(|i| shape[i]).collect()
}

/// Combines all elements along the dimensions `dims`, which vanish.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Reduce {
    pub(crate) reducer: Reducer,
    pub(crate) dims: Vec<usize>,
}

impl Primitive for Reduce {
    fn name(&self) -> &'static str {
        match self.reducer {
            Reducer::Sum => "reduce_sum",
            Reducer::Prod => "reduce_prod",
            Reducer::Max => "reduce_max",
            Reducer::Min => "reduce_min",
            Reducer::And => "reduce_and",
            Reducer::Or => "reduce_or",
        }
    }
    fn params(&self) -> String {
        format!("dimensions={:?}", self.dims)
    }
    /// Each element but the first of a result is one operation.
    fn flops(&self, ins: &[&Aval], outs: &[&Aval]) -> u64 {
        let float = ins[0].dtype().is_float();
        if float { ins[0].size().saturating_sub(outs[0].size()) as u64 } else { 0 }
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        self.reducer.takes().check(ins[0].dtype())?;
        if let Some(d) = self.dims.iter().find(|&&d| d >= ins[0].rank()) {
            return Err(format!("{} has no dimension {d}", ins[0]));
        }
        Ok(smallvec![ins[0].with_shape(&without(ins[0].shape(), &self.dims))])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], _: &[&Aval]) -> Ids {
        smallvec![vectorized::reduce(b, self.reducer, ins[0], &self.dims)]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let Some(t) = cx.tangent(0) else { return cx.zero() };
        let (x, y) = (&cx.primals[0], cx.out());
        match self.reducer {
            Reducer::Sum => cx.linear(),
            Reducer::Max | Reducer::Min => {
                // Shared equally among all elements that reach the extreme, as in JAX.
                let at = x.eq(y.insert_dims(&self.dims)).astype(x.dtype());
                let count = at.sum_exact(&self.dims);
                cx.one(Some((t * at).sum_exact(&self.dims) / count))
            }
            Reducer::Prod => {
                // Product of the others: from the left times from the right, exact at zeros.
                cx.one(Some((t * x.products_of_others(&self.dims)).sum_exact(&self.dims)))
            }
            Reducer::And | Reducer::Or => cx.zero(),
        }
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        if self.reducer != Reducer::Sum {
            return Err("it is not linear".into());
        }
        let shape = cx.aval(0).shape();
        let dims = (0..shape.len()).filter(|d| !self.dims.contains(d)).collect();
        let op = super::BroadcastInDim { shape: shape.to_vec(), dims };
        one(Some(bind1(op, &[cx.ct()])))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(Reduce { dims: shifted(&self.dims), ..*self })
    }
}

/// The position of the largest or smallest element along a dimension, which vanishes. The first
/// one wins; NaN counts as the extreme.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ArgReduce {
    pub(crate) max: bool,
    pub(crate) dim: usize,
    pub(crate) index_dtype: DType,
}

impl Primitive for ArgReduce {
    fn name(&self) -> &'static str {
        if self.max { "argmax" } else { "argmin" }
    }
    fn params(&self) -> String {
        format!("dimension={}", self.dim)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        Takes::Any.check(ins[0].dtype())?;
        if self.dim >= ins[0].rank() {
            return Err(format!("{} has no dimension {}", ins[0], self.dim));
        }
        if ins[0].shape()[self.dim] == 0 {
            return Err(format!("dimension {} of {} is empty", self.dim, ins[0]));
        }
        let out = ins[0].with_shape(&without(ins[0].shape(), &[self.dim]));
        Ok(smallvec![out.with_dtype(self.index_dtype)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let operand = b.aval(ins[0]);
        let (value, index) = (Aval::scalar(operand.dtype()), Aval::scalar(self.index_dtype));
        let reducer = if self.max { Reducer::Max } else { Reducer::Min };
        let iota = b.op(
            Opcode::Iota,
            &[],
            &operand.with_dtype(self.index_dtype),
            vec![(AttrName::IotaDimension, Attr::Int(self.dim as i64))],
        );
        let start = b.literal(&value, &reducer.identity(operand.dtype()));
        let zero = b.literal(&index, &vec![0; self.index_dtype.size()]);
        let better = if self.max { Direction::Gt } else { Direction::Lt };
        let (ne, eq, lt) = (
            Compare(Direction::Ne).attrs(operand.dtype()),
            Compare(Direction::Eq).attrs(operand.dtype()),
            Compare(Direction::Lt).attrs(self.index_dtype),
        );
        let flag = Aval::scalar(DType::Bool);
        let region = b.region(&[&value, &index, &value, &index], |b, p| {
            let [x, i, y, j] = [p[0], p[1], p[2], p[3]];
            let wins = match operand.dtype().is_complex() {
                true => lexicographic(b, better, x, y),
                false => {
                    let attrs = Compare(better).attrs(operand.dtype());
                    b.op(Opcode::Compare, &[x, y], &flag, attrs)
                }
            };
            let nan = b.op(Opcode::Compare, &[x, x], &flag, ne);
            let pick_x = b.op(Opcode::Or, &[wins, nan], &flag, vec![]);
            let equal = b.op(Opcode::Compare, &[x, y], &flag, eq);
            let first = b.op(Opcode::Compare, &[i, j], &flag, lt);
            let tie = b.op(Opcode::And, &[equal, first], &flag, vec![]);
            let pick_i = b.op(Opcode::Or, &[pick_x, tie], &flag, vec![]);
            smallvec![
                b.op(Opcode::Select, &[pick_x, x, y], &value, vec![]),
                b.op(Opcode::Select, &[pick_i, i, j], &index, vec![]),
            ]
        });
        let value_out = outs[0].with_dtype(operand.dtype());
        let results = b.op_with_regions(
            Opcode::Reduce,
            &[ins[0], iota, start, zero],
            &[&value_out, outs[0]],
            vec![(AttrName::Dimensions, ints(&[self.dim]))],
            vec![region],
        );
        smallvec![results[1]]
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(ArgReduce { dim: self.dim + 1, ..*self })
    }
}
