//! Activations and losses with their gradients.

use super::reference::Case;
use super::{Outputs, Run};
use nnx::optim::losses;
use nnx::{Array, value_and_grad};

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "softmax_cross_entropy_with_integer_labels" => |case| {
            loss(case, |x, labels, _| losses::softmax_cross_entropy_with_integer_labels(x, labels))
        },
        "sigmoid_binary_cross_entropy" => |case| {
            loss(case, |x, _, target| losses::sigmoid_binary_cross_entropy(x, &target.gt(0.0)))
        },
        "squared_error" => |case| loss(case, |x, _, target| losses::squared_error(x, target)),
        "l2_loss" => |case| loss(case, |x, _, target| losses::l2_loss(x, target)),
        "huber_loss" => |case| loss(case, |x, _, target| losses::huber_loss(x, target, 1.0)),
        "cosine_similarity" => {
            |case| loss(case, |x, _, target| losses::cosine_similarity(x, target))
        }
        _ => return None,
    })
}

/// The losses `f` of predictions, labels and targets, and the gradient of their sum.
fn loss(case: &Case, f: fn(&Array, &Array, &Array) -> Array) -> Outputs {
    let (x, labels, target) = (case.input("x"), case.input("labels"), case.input("target"));
    let y = f(&x, &labels, &target);
    let (_, grad) = value_and_grad(|x: &Array| f(x, &labels, &target).sum(..), &x);
    vec![("out.y".into(), y), ("grad.x".into(), grad)]
}
