//! Operands and results of batching rules: `vmap` applies an operation to a whole batch at once.

use super::{Array, Arrays, BatchAxis};
use smallvec::SmallVec;

/// Operands of an operation, some of which hold a batch along their dimension 0.
pub(crate) struct Batch<'a> {
    pub(crate) ins: &'a [Array],
    pub(crate) batched: &'a [bool],
    /// The batch's dimension.
    pub(crate) axis: &'a BatchAxis,
}

/// Results, and whether each holds a batch along its dimension 0.
pub(crate) type Batched = SmallVec<[(Array, bool); 1]>;

/// Results that all hold a batch.
pub(crate) fn batched(arrays: Arrays) -> Result<Batched, String> {
    Ok(arrays.into_iter().map(|array| (array, true)).collect())
}

/// Dimensions moved after the batch's.
pub(crate) fn shifted(dims: &[usize]) -> Vec<usize> {
    dims.iter().map(|d| d + 1).collect()
}

/// `first`, then `rest`.
pub(crate) fn prepend<T: Copy>(first: T, rest: &[T]) -> Vec<T> {
    std::iter::once(first).chain(rest.iter().copied()).collect()
}
