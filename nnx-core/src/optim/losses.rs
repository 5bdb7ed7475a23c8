//! Losses per example or element, as in `optax.losses`: take `.mean(..)` for the loss of a batch.

use crate::array::{invalid, keepdims, logsumexp};
use crate::error::or_raise;
use crate::graph::Array;
use crate::run::staged;

/// One program outside of a trace, a part of the running one inside.
#[track_caller]
fn loss(name: &str, args: &[&Array], body: impl FnOnce(&[Array]) -> Array) -> Array {
    let args: Vec<Array> = args.iter().map(|&array| array.clone()).collect();
    let mut outs = or_raise(staged(name, &args, |args| vec![body(args)]));
    match outs.pop() {
        Some(out) => out,
        None => unreachable!("the body gives one array"),
    }
}

#[track_caller]
fn check_float(name: &str, what: &str, array: &Array) {
    if !array.dtype().is_float() {
        invalid(name, format!("needs float {what}, got {}", array.aval()));
    }
}

#[track_caller]
fn check_same_shape(name: &str, predictions: &Array, targets: &Array) {
    check_float(name, "predictions", predictions);
    if predictions.shape() != targets.shape() {
        let (p, t) = (predictions.aval(), targets.aval());
        invalid(name, format!("predictions {p} and targets {t} must have the same shape"));
    }
}

/// Cross entropy between the softmax of `logits` and distributions `labels`, both
/// `[…, classes]`; the result is `[…]`. `optax.softmax_cross_entropy`.
///
/// # Panics
/// Panics if the shapes do not broadcast or `logits` are not floats.
#[track_caller]
pub fn softmax_cross_entropy(logits: &Array, labels: &Array) -> Array {
    const NAME: &str = "softmax_cross_entropy";
    check_float(NAME, "logits", logits);
    if logits.rank() == 0 || logits.shape().last() != labels.shape().last() {
        let (x, y) = (logits.aval(), labels.aval());
        invalid(NAME, format!("logits {x} and labels {y} must have the same classes last"));
    }
    loss(NAME, &[logits, labels], |args| {
        let shifted = &args[0] - args[0].max(keepdims(-1)).stop_gradient();
        let log_probs = &shifted - shifted.exp().sum(keepdims(-1)).log();
        -(&args[1] * log_probs).sum(-1)
    })
}

/// Cross entropy between the softmax of `logits` `[…, classes]` and class numbers `labels` `[…]`;
/// the result is `[…]`. A label from −classes to −1 counts from the end; one further out gives
/// NaN. `optax.softmax_cross_entropy_with_integer_labels`.
///
/// ```no_run
/// # use nnx_core::{Array, optim::losses::softmax_cross_entropy_with_integer_labels};
/// # fn demo(logits: Array, labels: Array) -> Array {
/// softmax_cross_entropy_with_integer_labels(&logits, &labels).mean(..)
/// # }
/// ```
///
/// # Panics
/// Panics if `logits` are not floats, `labels` no integers, or the shapes do not fit.
#[track_caller]
pub fn softmax_cross_entropy_with_integer_labels(logits: &Array, labels: &Array) -> Array {
    const NAME: &str = "softmax_cross_entropy_with_integer_labels";
    check_float(NAME, "logits", logits);
    let Some((_, batch)) = logits.shape().split_last() else {
        invalid(NAME, format!("logits {} have no axis of classes", logits.aval()))
    };
    if !labels.dtype().is_int() || labels.shape() != batch {
        invalid(
            NAME,
            format!(
                "logits {} need integer labels of shape {batch:?}, got {}",
                logits.aval(),
                labels.aval()
            ),
        );
    }
    loss(NAME, &[logits, labels], |args| {
        let label_logits = args[0].take_along_axis(&args[1].expand_dims(-1), -1).squeeze(-1);
        logsumexp(&args[0], -1) - label_logits
    })
}

/// Cross entropy of independent yes-or-no predictions: `labels` are probabilities in the shape of
/// `logits`. `optax.sigmoid_binary_cross_entropy`.
///
/// # Panics
/// Panics if the shapes do not broadcast or `logits` are not floats.
#[track_caller]
pub fn sigmoid_binary_cross_entropy(logits: &Array, labels: &Array) -> Array {
    const NAME: &str = "sigmoid_binary_cross_entropy";
    check_same_shape(NAME, logits, labels);
    loss(NAME, &[logits, labels], |args| {
        let labels = args[1].astype(args[0].dtype());
        let log_p = log_sigmoid(&args[0]);
        // log(1 - sigmoid(x)), without its cancellation.
        let log_not_p = log_sigmoid(&-&args[0]);
        -&labels * log_p - (1.0 - labels) * log_not_p
    })
}

fn log_sigmoid(x: &Array) -> Array {
    -((-x).maximum(0.0) + (-x.abs()).exp().log1p())
}

/// (prediction − target)². `optax.squared_error`.
///
/// # Panics
/// Panics if the shapes differ or `predictions` are not floats.
#[track_caller]
pub fn squared_error(predictions: &Array, targets: &Array) -> Array {
    check_same_shape("squared_error", predictions, targets);
    loss("squared_error", &[predictions, targets], |args| (&args[0] - &args[1]).square())
}

/// Half of [`squared_error`]. `optax.l2_loss`.
///
/// # Panics
/// Panics if the shapes differ or `predictions` are not floats.
#[track_caller]
pub fn l2_loss(predictions: &Array, targets: &Array) -> Array {
    check_same_shape("l2_loss", predictions, targets);
    loss("l2_loss", &[predictions, targets], |args| (&args[0] - &args[1]).square() * 0.5)
}

/// Quadratic for errors up to `delta` (usually 1), linear beyond. `optax.huber_loss`.
///
/// # Panics
/// Panics if the shapes differ or `predictions` are not floats.
#[track_caller]
pub fn huber_loss(predictions: &Array, targets: &Array, delta: f64) -> Array {
    check_same_shape("huber_loss", predictions, targets);
    loss("huber_loss", &[predictions, targets], |args| {
        let errors = (&args[0] - &args[1]).abs();
        let quadratic = errors.minimum(delta);
        let linear = errors - &quadratic;
        quadratic.square() * 0.5 + linear * delta
    })
}

/// The cosine of the angle between vectors along the last axis, `[…, dim]`; the result is `[…]`.
/// `optax.cosine_similarity`.
///
/// # Panics
/// Panics if the shapes differ or are scalars, or `predictions` are not floats.
#[track_caller]
pub fn cosine_similarity(predictions: &Array, targets: &Array) -> Array {
    const NAME: &str = "cosine_similarity";
    check_same_shape(NAME, predictions, targets);
    if predictions.rank() == 0 {
        invalid(NAME, "scalars have no direction".into());
    }
    loss(NAME, &[predictions, targets], |args| {
        let unit = |x: &Array| x / x.square().sum(keepdims(-1)).maximum(0.0).sqrt();
        (unit(&args[0]) * unit(&args[1])).sum(-1)
    })
}
