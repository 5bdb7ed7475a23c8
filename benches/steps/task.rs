//! The parts of a model that the benchmark needs, and its training step in both modes.

use nnx::optim::losses::softmax_cross_entropy_with_integer_labels;
use nnx::optim::{GradientTransformation, Optimizer};
use nnx::{Array, Module, value_and_grad};

pub(crate) struct Batch {
    pub(crate) x: Array,
    pub(crate) y: Array,
}

pub(crate) trait Task: Module + 'static {
    type Optimizer: GradientTransformation;

    fn new() -> Self;
    fn optimizer() -> Self::Optimizer;
    /// The batches, which are taken in turn.
    fn batches() -> Vec<Batch>;
    /// Scores of the classes, in the last axis.
    fn logits(&mut self, x: &Array) -> Array;
}

fn learn<M: Task>(model: &mut M, opt: &mut Optimizer<M::Optimizer>, x: &Array, y: &Array) -> Array {
    let loss =
        |model: &mut M| softmax_cross_entropy_with_integer_labels(model.logits(x), y).mean(..);
    let (loss, grads) = value_and_grad(loss, &mut *model);
    opt.update(model, &grads);
    loss
}

#[nnx::jit(graph = false)]
fn tree_step<M: Task>(
    model: &mut M,
    opt: &mut Optimizer<M::Optimizer>,
    x: &Array,
    y: &Array,
) -> Array {
    learn(model, opt, x, y)
}

#[nnx::jit]
fn graph_step<M: Task>(
    model: &mut M,
    opt: &mut Optimizer<M::Optimizer>,
    x: &Array,
    y: &Array,
) -> Array {
    learn(model, opt, x, y)
}

/// A training: each call takes one step and returns its loss.
pub(crate) fn training<M: Task>(graph: bool) -> Box<dyn FnMut() -> Array> {
    let mut model = M::new();
    let mut opt = Optimizer::new(&model, M::optimizer());
    let batches = M::batches();
    let mut taken = 0;
    Box::new(move || {
        let Batch { x, y } = &batches[taken % batches.len()];
        taken += 1;
        if graph {
            graph_step(&mut model, &mut opt, x, y)
        } else {
            tree_step(&mut model, &mut opt, x, y)
        }
    })
}
