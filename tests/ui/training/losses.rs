//! Losses, metrics and their arguments.
use nnx::optim::losses::{l2_loss, softmax_cross_entropy_with_integer_labels};
use nnx::train::Accuracy;
use nnx::{Array, Param};
//+ use nnx::array;

fn a_number_as_a_target(x: &Array) -> Array {
    l2_loss(x, 0.0)
    //~ l2_loss(x, x.full_like(0.0))
}

fn numbers_as_labels(logits: &Array) -> Array {
    softmax_cross_entropy_with_integer_labels(logits, [1, 2, 3])
    //~2 softmax_cross_entropy_with_integer_labels(logits, Array::from([1, 2, 3]))
}

fn a_list(x: &Array, rows: &[Array; 2]) -> Array {
    l2_loss(x, rows)
    //~3 l2_loss(x, array::stack([&rows[0], &rows[1]], 0))
}

fn one_of_two(metric: &mut Accuracy, logits: &Array) {
    metric.update(logits);
    //~ metric.update(logits, logits.argmax(-1));
}

fn an_option(weights: Option<Array>, x: &Array) -> Array {
    x.ediff1d(None, weights)
    //~ x.ediff1d(None, None)
    //~3 x.ediff1d(None, weights.as_ref())
}

fn some_variable(weights: &Param, x: &Array) -> Array {
    x.ediff1d(None, Some(weights))
    //~2 x.ediff1d(None, weights)
}

fn main() {}
