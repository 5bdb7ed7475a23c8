//! Activations and losses with their gradients.

use super::layers::function;
use super::reference::Case;
use super::{Outputs, Run};
use nnx::nn;
use nnx::optim::losses;
use nnx::{Array, value_and_grad};

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "softmax_cross_entropy_with_integer_labels" => |case| {
            loss(case, |x, labels, _| losses::softmax_cross_entropy_with_integer_labels(x, labels))
        },
        "sigmoid_binary_cross_entropy" => |case| {
            loss(case, |x, _, target| losses::sigmoid_binary_cross_entropy(x, target.gt(0.0)))
        },
        "squared_error" => |case| loss(case, |x, _, target| losses::squared_error(x, target)),
        "l2_loss" => |case| loss(case, |x, _, target| losses::l2_loss(x, target)),
        "huber_loss" => |case| loss(case, |x, _, target| losses::huber_loss(x, target, 1.0)),
        "cosine_similarity" => {
            |case| loss(case, |x, _, target| losses::cosine_similarity(x, target))
        }
        "relu" => |case| function(case, nn::relu),
        "relu6" => |case| function(case, nn::relu6),
        "gelu" => |case| function(case, nn::gelu),
        "silu" => |case| function(case, nn::silu),
        "sigmoid" => |case| function(case, nn::sigmoid),
        "log_sigmoid" => |case| function(case, nn::log_sigmoid),
        "softplus" => |case| function(case, nn::softplus),
        "soft_sign" => |case| function(case, nn::soft_sign),
        "elu" => |case| function(case, |x| nn::elu(x, 1.0)),
        "celu" => |case| function(case, |x| nn::celu(x, 1.0)),
        "selu" => |case| function(case, nn::selu),
        "hard_sigmoid" => |case| function(case, nn::hard_sigmoid),
        "hard_silu" => |case| function(case, nn::hard_silu),
        "hard_tanh" => |case| function(case, nn::hard_tanh),
        "leaky_relu" => |case| function(case, |x| nn::leaky_relu(x, 0.01)),
        "tanh" => |case| function(case, nn::tanh),
        "softmax" => |case| function(case, |x| nn::softmax(x, -1)),
        "log_softmax" => |case| function(case, |x| nn::log_softmax(x, -1)),
        "logsumexp" => |case| function(case, |x| nn::logsumexp(x, -1)),
        "standardize" => |case| function(case, |x| nn::standardize(x, -1, 1e-5)),
        "glu" => |case| function(case, |x| nn::glu(x, -1)),
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
