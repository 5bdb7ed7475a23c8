//! What a batching rule sees and gives: `vmap` applies an operation to a whole batch at once.

use super::Primitive;
use crate::Array;
use crate::graph::{Arrays, bind};
use smallvec::SmallVec;

/// Operands of an operation, some of which hold a batch along their dimension 0.
pub(crate) struct Batch<'a> {
    pub(crate) ins: &'a [Array],
    pub(crate) batched: &'a [bool],
    /// Number of elements of the batch.
    pub(crate) size: usize,
}

/// Results, and whether each holds a batch along its dimension 0.
pub(crate) type Batched = SmallVec<[(Array, bool); 1]>;

impl Batch<'_> {
    /// Input `i` with a batch dimension, repeated along it if it had none.
    pub(crate) fn with_batch(&self, i: usize) -> Array {
        if self.batched[i] { self.ins[i].clone() } else { repeated(&self.ins[i], self.size) }
    }

    /// All inputs with a batch dimension.
    pub(crate) fn all(&self) -> Vec<Array> {
        (0..self.ins.len()).map(|i| self.with_batch(i)).collect()
    }

    /// Rank of input `i` without the batch dimension.
    pub(crate) fn rank(&self, i: usize) -> usize {
        self.ins[i].rank() - usize::from(self.batched[i])
    }

    /// Applies `op` to all inputs with a batch dimension.
    pub(crate) fn apply(&self, op: impl Primitive) -> Result<Batched, String> {
        let ins = self.all();
        batched(bind(op, &ins.iter().collect::<Vec<&Array>>()))
    }
}

/// `x` repeated along a new dimension 0.
pub(crate) fn repeated(x: &Array, size: usize) -> Array {
    let shape: Vec<usize> = std::iter::once(size).chain(x.shape().iter().copied()).collect();
    let dims = (1..shape.len()).collect();
    crate::graph::bind1(super::BroadcastInDim { shape, dims }, &[x])
}

/// Results that all hold a batch.
pub(crate) fn batched(arrays: Arrays) -> Result<Batched, String> {
    Ok(arrays.into_iter().map(|array| (array, true)).collect())
}

/// Dimensions moved behind the batch's.
pub(crate) fn shifted(dims: &[usize]) -> Vec<usize> {
    dims.iter().map(|d| d + 1).collect()
}

/// `first`, then `rest`.
pub(crate) fn prepend<T: Copy>(first: T, rest: &[T]) -> Vec<T> {
    std::iter::once(first).chain(rest.iter().copied()).collect()
}
