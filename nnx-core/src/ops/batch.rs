//! Methods that batching rules share.

use super::BroadcastInDim;
use crate::graph::{Array, Batch, Batched, Body, Primitive, batched, prepend};
use crate::rewrite::batch_graph;
use crate::run::{bind, bind1};

impl Batch<'_> {
    /// Input `i` with a batch dimension, repeated along it if it had none.
    pub(crate) fn with_batch(&self, i: usize) -> Array {
        if self.batched[i] { self.ins[i].clone() } else { self.ins[i].repeated(self.axis.size) }
    }

    /// The inputs, those that are marked with a batch dimension.
    pub(crate) fn where_batched(&self, marked: &[bool]) -> Vec<Array> {
        let ins = marked.iter().enumerate();
        ins.map(|(i, &b)| if b { self.with_batch(i) } else { self.ins[i].clone() }).collect()
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

impl Body {
    /// Applies the operation that `of` makes of the body for a batch, all of whose results have the
    /// batch dimension.
    pub(crate) fn batch<P: Primitive>(
        &self,
        cx: &Batch<'_>,
        of: impl FnOnce(Body) -> P,
    ) -> Result<Batched, String> {
        let always = vec![true; self.outputs.len()];
        let (graph, _) = batch_graph(self, cx.batched, cx.axis, &always);
        batched(bind(of(graph.into()), &cx.ins.iter().collect::<Vec<_>>()))
    }
}

impl Array {
    /// This array repeated `size` times along a new dimension 0.
    pub(crate) fn repeated(&self, size: usize) -> Array {
        let shape = prepend(size, self.shape());
        let dims = (1..shape.len()).collect();
        bind1(BroadcastInDim { shape, dims }, &[self])
    }
}
