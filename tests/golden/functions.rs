//! Activations, functions along an axis, and losses, with their gradients.

use super::reference::Case;
use super::{Outputs, Run};
use nnx::nn;
use nnx::optim::losses;
use nnx::{Array, value_and_grad};

pub(crate) fn find(name: &str) -> Option<Run> {
    activation(name).or_else(|| along_axis(name)).or_else(|| loss_function(name))
}

fn activation(name: &str) -> Option<Run> {
    Some(match name {
        "relu" => |case| elementwise(case, nn::relu),
        "relu6" => |case| elementwise(case, nn::relu6),
        "gelu" => |case| elementwise(case, nn::gelu),
        "silu" => |case| elementwise(case, nn::silu),
        "sigmoid" => |case| elementwise(case, nn::sigmoid),
        "log_sigmoid" => |case| elementwise(case, nn::log_sigmoid),
        "softplus" => |case| elementwise(case, nn::softplus),
        "soft_sign" => |case| elementwise(case, nn::soft_sign),
        "elu" => |case| elementwise(case, |x| nn::elu(x, 1.0)),
        "celu" => |case| elementwise(case, |x| nn::celu(x, 1.0)),
        "selu" => |case| elementwise(case, nn::selu),
        "hard_sigmoid" => |case| elementwise(case, nn::hard_sigmoid),
        "hard_silu" => |case| elementwise(case, nn::hard_silu),
        "hard_tanh" => |case| elementwise(case, nn::hard_tanh),
        "leaky_relu" => |case| elementwise(case, |x| nn::leaky_relu(x, 0.01)),
        "tanh" => |case| elementwise(case, nn::tanh),
        _ => return None,
    })
}

fn along_axis(name: &str) -> Option<Run> {
    Some(match name {
        "softmax" => |case| weighted(case, |x| nn::softmax(x, -1)),
        "log_softmax" => |case| weighted(case, |x| nn::log_softmax(x, -1)),
        "logsumexp" => |case| weighted(case, |x| nn::logsumexp(x, -1)),
        "standardize" => |case| weighted(case, |x| nn::standardize(x, -1, 1e-5)),
        "glu" => |case| weighted(case, |x| nn::glu(x, -1)),
        _ => return None,
    })
}

fn loss_function(name: &str) -> Option<Run> {
    Some(match name {
        "softmax_cross_entropy_with_integer_labels" => |case| {
            loss(case, |x, labels, _| losses::softmax_cross_entropy_with_integer_labels(x, labels))
        },
        "sigmoid_binary_cross_entropy" => {
            |case| loss(case, |x, _, t| losses::sigmoid_binary_cross_entropy(x, &t.gt(0.0)))
        }
        "squared_error" => |case| loss(case, |x, _, t| losses::squared_error(x, t)),
        "l2_loss" => |case| loss(case, |x, _, t| losses::l2_loss(x, t)),
        "huber_loss" => |case| loss(case, |x, _, t| losses::huber_loss(x, t, 1.0)),
        "cosine_similarity" => |case| loss(case, |x, _, t| losses::cosine_similarity(x, t)),
        _ => return None,
    })
}

/// `f` of each element, and its derivative there.
fn elementwise(case: &Case, f: fn(&Array) -> Array) -> Outputs {
    let x = case.input("x");
    let (_, grad) = value_and_grad(|x: &Array| f(x).sum(..), &x);
    vec![("out.y".into(), f(&x)), ("grad.x".into(), grad)]
}

/// `f` of x, and the gradient of its sum under the weights `ct`.
pub(crate) fn weighted(case: &Case, f: impl Fn(&Array) -> Array) -> Outputs {
    let (x, ct) = (case.input("x"), case.input("ct"));
    let (_, grad) = value_and_grad(|x: &Array| (f(x) * &ct).sum(..), &x);
    vec![("out.y".into(), f(&x)), ("grad.x".into(), grad)]
}

/// The losses `f` of predictions, labels and targets, and the gradient of their sum.
fn loss(case: &Case, f: fn(&Array, &Array, &Array) -> Array) -> Outputs {
    let (x, labels, target) = (case.input("x"), case.input("labels"), case.input("target"));
    let y = f(&x, &labels, &target);
    let (_, grad) = value_and_grad(|x: &Array| f(x, &labels, &target).sum(..), &x);
    vec![("out.y".into(), y), ("grad.x".into(), grad)]
}
