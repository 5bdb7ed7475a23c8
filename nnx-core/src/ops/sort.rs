//! Sorting and the largest elements.

use super::compare::Compare;
use super::complex::{ComplexPart, part};
use super::gather::{IndexFlags, OutOfBounds, gather_along};
use super::unary::Takes;
use crate::array::iota;
use crate::graph::{
    Array, Avals, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangent, Tangents,
};
use crate::lower::{Attr, AttrName, ComparisonType, Direction, Id, Ids, Opcode};
use crate::run::bind;
use crate::value::{Aval, DType, scalar_bytes};
use smallvec::{SmallVec, smallvec};

/// Sorts several arrays of one shape along a dimension in ascending order of the first `num_keys`
/// ones, lexicographically; the others go along. A complex key counts as its real and its imaginary part.
/// Equal elements keep their order. NaN comes last, −0 equals 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sort {
    pub(crate) dim: usize,
    pub(crate) num_keys: usize,
}

/// A float such that the order of bits sorts as promised: one zero, one NaN.
fn canonical(b: &mut Builder, x: Id) -> Id {
    let aval = b.aval(x);
    let flag = aval.with_dtype(DType::Bool);
    let zero = b.literal(&aval, &scalar_bytes(aval.dtype(), 0.0));
    let eq = Compare(Direction::Eq).attrs(aval.dtype());
    let is_zero = b.op(Opcode::Compare, &[x, zero], &flag, eq);
    let x_or_zero = b.op(Opcode::Select, &[is_zero, zero, x], &aval, vec![]);
    let ne = Compare(Direction::Ne).attrs(aval.dtype());
    let is_nan = b.op(Opcode::Compare, &[x, x], &flag, ne);
    let nan = b.literal(&aval, &scalar_bytes(aval.dtype(), f64::NAN));
    b.op(Opcode::Select, &[is_nan, nan, x_or_zero], &aval, vec![])
}

/// Compares keys; floats by their total order.
fn compare(b: &mut Builder, direction: Direction, x: Id, y: Id) -> Id {
    let dtype = b.aval(x).dtype();
    let mut attrs = Compare(direction).attrs(dtype);
    if dtype.is_float() {
        attrs[1].1 = Attr::Case(ComparisonType::TotalOrder.into());
    }
    b.op(Opcode::Compare, &[x, y], &Aval::scalar(DType::Bool), attrs)
}

/// Whether the keys `pairs` of one element come before those of another.
fn before(b: &mut Builder, pairs: &[(Id, Id)]) -> Id {
    let flag = Aval::scalar(DType::Bool);
    let mut result = None;
    for &(x, y) in pairs.iter().rev() {
        let less = compare(b, Direction::Lt, x, y);
        result = Some(match result {
            None => less,
            Some(rest) => {
                let equal = compare(b, Direction::Eq, x, y);
                let tie = b.op(Opcode::And, &[equal, rest], &flag, vec![]);
                b.op(Opcode::Or, &[less, tie], &flag, vec![])
            }
        });
    }
    match result {
        Some(result) => result,
        None => unreachable!("there is at least one key"),
    }
}

impl Primitive for Sort {
    fn name(&self) -> &'static str {
        "sort"
    }
    fn params(&self) -> String {
        format!("dimension={} num_keys={}", self.dim, self.num_keys)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        if self.num_keys == 0 || self.num_keys > ins.len() {
            return Err(format!("{} keys for {} arrays", self.num_keys, ins.len()));
        }
        if let Some(other) = ins.iter().find(|aval| aval.shape() != ins[0].shape()) {
            return Err(format!("{} and {other} differ in shape", ins[0]));
        }
        if self.dim >= ins[0].rank() {
            return Err(format!("{} has no dimension {}", ins[0], self.dim));
        }
        ins[..self.num_keys].iter().try_for_each(|key| Takes::Any.check(key.dtype()))?;
        Ok(ins.iter().copied().cloned().collect())
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        // Two parameters per operand: of the element on the left and of the one on the right.
        let scalars: Vec<Aval> = outs.iter().map(|out| Aval::scalar(out.dtype())).collect();
        let params: Vec<&Aval> = scalars.iter().flat_map(|scalar| [scalar, scalar]).collect();
        let region = b.region(&params, |b, p| {
            let mut pairs = vec![];
            for i in 0..self.num_keys {
                let (x, y) = (p[2 * i], p[2 * i + 1]);
                match outs[i].dtype() {
                    dtype if dtype.is_float() => pairs.push((canonical(b, x), canonical(b, y))),
                    dtype if dtype.is_complex() => {
                        for which in [ComplexPart::Real, ComplexPart::Imag] {
                            let (x, y) = (part(b, which, x), part(b, which, y));
                            pairs.push((canonical(b, x), canonical(b, y)));
                        }
                    }
                    _ => pairs.push((x, y)),
                }
            }
            smallvec![before(b, &pairs)]
        });
        let attrs = vec![
            (AttrName::Dimension, Attr::Int(self.dim as i64)),
            (AttrName::IsStable, Attr::Bool(true)),
        ];
        b.op_with_regions(Opcode::Sort, ins, outs, attrs, vec![region])
    }
    /// Sorts the positions along, and picks the tangents by them.
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let positions = iota(cx.primals[0].shape(), DType::I32, self.dim);
        let ins: Vec<&Array> = cx.primals.iter().chain([&positions]).collect();
        let mut sorted = bind(*self, &ins);
        let Some(order) = sorted.pop() else { unreachable!("the positions are among them") };
        let pick = |t: &Tangent| t.as_ref().map(|t| pick(t, &order, self.dim));
        Ok((sorted, cx.tangents.iter().map(pick).collect()))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(Sort { dim: self.dim + 1, ..*self })
    }
}

/// Elements of a tangent at places that are known to be valid and different.
fn pick(t: &Array, places: &Array, dim: usize) -> Array {
    let flags = IndexFlags { mode: OutOfBounds::Promised, unique: true, sorted: false };
    gather_along(t, places, dim, flags, vec![0; t.dtype().size()])
}

/// The `k` largest elements along the last dimension, in descending order, and their positions as
/// i32. The first of equals comes first; NaN counts as largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TopK(pub(crate) usize);

impl Primitive for TopK {
    fn name(&self) -> &'static str {
        "top_k"
    }
    fn params(&self) -> String {
        format!("k={}", self.0)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        Takes::Ordered.check(ins[0].dtype())?;
        let mut shape = ins[0].shape().to_vec();
        match shape.last_mut() {
            Some(n) if *n >= self.0 => *n = self.0,
            _ => return Err(format!("the last axis of {} has no {} elements", ins[0], self.0)),
        }
        let values = ins[0].with_shape(&shape);
        let indices = values.with_dtype(DType::I32);
        Ok(smallvec![values, indices])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        b.op_with_regions(
            Opcode::TopK,
            ins,
            outs,
            vec![(AttrName::K, Attr::Int(self.0 as i64))],
            vec![],
        )
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let last = cx.primals[0].rank() - 1;
        let mut out: Tangents = SmallVec::from_elem(None, 2);
        out[0] = cx.tangent(0).map(|t| pick(t, &cx.outs()[1], last));
        cx.with(out)
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
}
