//! Operations that move elements without choosing among them: broadcast, reshape, transpose,
//! reverse. All linear.

use crate::graph::{
    Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents, one, prepend, shifted,
};
use crate::lower::{AttrName, Id, Ids, Opcode, ints};
use crate::run::bind1;
use crate::value::Aval;
use smallvec::smallvec;

/// Repeats along new or size-1 dimensions: dimension `i` of the operand becomes `dims[i]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct BroadcastInDim {
    pub(crate) shape: Vec<usize>,
    pub(crate) dims: Vec<usize>,
}

impl Primitive for BroadcastInDim {
    fn name(&self) -> &'static str {
        "broadcast_in_dim"
    }
    fn params(&self) -> String {
        format!("shape={:?} dims={:?}", self.shape, self.dims)
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let fits = self.dims.len() == ins[0].rank()
            && self.dims.windows(2).all(|w| w[0] < w[1])
            && self
                .dims
                .iter()
                .zip(ins[0].shape())
                .all(|(&d, &n)| d < self.shape.len() && (n == self.shape[d] || n == 1));
        if !fits {
            return Err(format!("cannot broadcast {} to shape {:?}", ins[0], self.shape));
        }
        Ok(smallvec![ins[0].with_shape(&self.shape)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let attrs = vec![(AttrName::BroadcastDimensions, ints(&self.dims))];
        smallvec![b.op(Opcode::BroadcastInDim, ins, outs[0], attrs)]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear()
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let input = cx.aval(0);
        let summed: Vec<usize> = (0..self.shape.len())
            .filter(|d| match self.dims.iter().position(|e| e == d) {
                Some(i) => input.shape()[i] == 1 && self.shape[*d] != 1,
                None => true,
            })
            .collect();
        let ct = if summed.is_empty() { cx.ct().clone() } else { cx.ct().sum_exact(&summed) };
        one(Some(ct.reshape(input.shape())))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let dims = prepend(0, &shifted(&self.dims));
        cx.apply(BroadcastInDim { shape: prepend(cx.axis.size, &self.shape), dims })
    }
}

/// The same elements in another shape.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Reshape(pub(crate) Vec<usize>);

impl Primitive for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }
    fn params(&self) -> String {
        format!("shape={:?}", self.0)
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let size = Aval::new(ins[0].dtype(), &self.0).size();
        if size != ins[0].size() {
            return Err(format!(
                "cannot reshape {} ({} elements) to {:?} ({size} elements)",
                ins[0],
                ins[0].size(),
                self.0
            ));
        }
        Ok(smallvec![ins[0].with_shape(&self.0)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        smallvec![b.op(Opcode::Reshape, ins, outs[0], vec![])]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear()
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        one(Some(cx.ct().reshape(cx.aval(0).shape())))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(Reshape(prepend(cx.axis.size, &self.0)))
    }
}

/// Permutes the dimensions: dimension `i` of the result is dimension `perm[i]` of the operand.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Transpose(pub(crate) Vec<usize>);

impl Primitive for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }
    fn params(&self) -> String {
        format!("permutation={:?}", self.0)
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..ins[0].rank()) {
            return Err(format!(
                "{:?} is not a permutation of the dimensions of {}",
                self.0, ins[0]
            ));
        }
        let dims: Vec<usize> = self.0.iter().map(|&d| ins[0].shape()[d]).collect();
        Ok(smallvec![ins[0].with_shape(&dims)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        smallvec![b.op(
            Opcode::Transpose,
            ins,
            outs[0],
            vec![(AttrName::Permutation, ints(&self.0))]
        )]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear()
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let mut inverse = vec![0; self.0.len()];
        for (i, &d) in self.0.iter().enumerate() {
            inverse[d] = i;
        }
        one(Some(bind1(Transpose(inverse), &[cx.ct()])))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(Transpose(prepend(0, &shifted(&self.0))))
    }
}

/// Reverses the order of elements along some dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Reverse(pub(crate) Vec<usize>);

impl Primitive for Reverse {
    fn name(&self) -> &'static str {
        "reverse"
    }
    fn params(&self) -> String {
        format!("dimensions={:?}", self.0)
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        match self.0.iter().find(|&&d| d >= ins[0].rank()) {
            Some(d) => Err(format!("{} has no dimension {d}", ins[0])),
            None => Ok(smallvec![ins[0].clone()]),
        }
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        smallvec![b.op(Opcode::Reverse, ins, outs[0], vec![(AttrName::Dimensions, ints(&self.0))])]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear()
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        one(Some(bind1(self.clone(), &[cx.ct()])))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(Reverse(shifted(&self.0)))
    }
}
