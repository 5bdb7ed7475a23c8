//! Losses of class scores.

use super::{
    DiceOptions, check_class_numbers, check_float, check_same_last_axis, check_same_shape,
    dice_loss_with, loss,
};
use crate::array::OptionalArray;
use crate::array::{
    AsArray, invalid, keepdims, logsumexp, logsumexp_signed, one_hot, select, stack, where_,
};
use crate::graph::Array;

/// Cross entropy between the softmax of `logits` and distributions `labels`, both
/// `[…, classes]`; the result is `[…]`. `optax.softmax_cross_entropy`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::softmax_cross_entropy;
///
/// // The probabilities 1/4 and 3/4.
/// let logits = Array::from([[0.0_f32, 3.0_f32.ln()]]);
/// let loss = softmax_cross_entropy(&logits, &Array::from([[0.0_f32, 1.0]]));
/// assert_eq!(loss.shape(), [1]);
/// assert!((loss.item::<f32>() - (4.0_f32 / 3.0).ln()).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast or `logits` are not floats.
#[track_caller]
pub fn softmax_cross_entropy(logits: impl AsArray, labels: impl AsArray) -> Array {
    let (logits, labels) = (logits.as_array(), labels.as_array());
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
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::optim::losses::softmax_cross_entropy_with_integer_labels;
///
/// // The probabilities 1/4 and 3/4 for both examples.
/// let logits = Array::from([[0.0_f32, 3.0_f32.ln()], [0.0, 3.0_f32.ln()]]);
/// let losses = softmax_cross_entropy_with_integer_labels(&logits, &Array::from([0, 1]));
/// let want = Array::from([4.0_f32.ln(), (4.0_f32 / 3.0).ln()]);
/// assert!(losses.allclose(&want, Tolerance::default()).item::<bool>());
/// // The loss of the batch.
/// assert!((losses.mean(..).item::<f32>() - 0.836_988).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if `logits` are not floats, `labels` no integers, or the shapes do not fit.
#[track_caller]
pub fn softmax_cross_entropy_with_integer_labels(
    logits: impl AsArray,
    labels: impl AsArray,
) -> Array {
    let (logits, labels) = (logits.as_array(), labels.as_array());
    const NAME: &str = "softmax_cross_entropy_with_integer_labels";
    check_class_numbers(NAME, logits, labels);
    loss(NAME, &[logits, labels], |args| {
        let label_logits = args[0].take_along_axis(args[1].expand_dims(-1), -1).squeeze(-1);
        logsumexp(&args[0], -1) - label_logits
    })
}

/// Cross entropy of independent yes-or-no predictions: `labels` are probabilities in the shape of
/// `logits`. `optax.sigmoid_binary_cross_entropy`.
///
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::optim::losses::sigmoid_binary_cross_entropy;
///
/// // The probabilities 1/2 and 3/4 of yes.
/// let logits = Array::from([0.0_f32, 3.0_f32.ln()]);
/// let losses = sigmoid_binary_cross_entropy(&logits, &Array::from([1.0_f32, 0.0]));
/// let want = Array::from([2.0_f32.ln(), 4.0_f32.ln()]);
/// assert!(losses.allclose(&want, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast or `logits` are not floats.
#[track_caller]
pub fn sigmoid_binary_cross_entropy(logits: impl AsArray, labels: impl AsArray) -> Array {
    let (logits, labels) = (logits.as_array(), labels.as_array());
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

pub(super) fn log_sigmoid(x: &Array) -> Array {
    -((-x).maximum(0.0) + (-x.abs()).exp().log1p())
}

/// As [`softmax_cross_entropy`], where a class of probability 0 and logit −∞ counts nothing: 0 log 0 = 0.
/// `optax.safe_softmax_cross_entropy`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::{safe_softmax_cross_entropy, softmax_cross_entropy};
///
/// // The second class is ruled out.
/// let logits = Array::from([[0.0_f32, f32::NEG_INFINITY]]);
/// let labels = Array::from([[1.0_f32, 0.0]]);
/// assert_eq!(safe_softmax_cross_entropy(&logits, &labels).item::<f32>(), 0.0);
/// assert!(softmax_cross_entropy(&logits, &labels).item::<f32>().is_nan());
/// ```
///
/// # Panics
/// Panics if the last axes differ or `logits` are not floats.
#[track_caller]
pub fn safe_softmax_cross_entropy(logits: impl AsArray, labels: impl AsArray) -> Array {
    let (logits, labels) = (logits.as_array(), labels.as_array());
    const NAME: &str = "safe_softmax_cross_entropy";
    check_same_last_axis(NAME, ("logits", logits), ("labels", labels));
    loss(NAME, &[logits, labels], |args| {
        let log_probs = &args[0] - logsumexp(&args[0], keepdims(-1));
        // Where both are to be counted as nothing, neither reaches the sum, so that no slope is NaN.
        let counts = args[1].ne(0.0) | log_probs.is_finite();
        let log_probs = where_(&counts, &log_probs, 0.0);
        -(&args[1] * log_probs).sum(-1)
    })
}

/// Cross entropy of yes-or-no predictions that weighs hard examples more: each is multiplied by
/// (1 − pₜ)^`gamma` (usually 2), where pₜ is the probability of the right answer, and with `alpha` by `alpha` where the
/// label is 1 and 1 − `alpha` where it is 0. `optax.sigmoid_focal_loss`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::sigmoid_focal_loss;
///
/// // The probability 1/2: the cross entropy ln 2 counts a quarter.
/// let (logits, labels) = (Array::from([0.0_f32]), Array::from([1.0_f32]));
/// let loss = sigmoid_focal_loss(&logits, &labels, None, 2.0).item::<f32>();
/// assert!((loss - 0.25 * 2.0_f32.ln()).abs() < 1e-6);
/// let loss = sigmoid_focal_loss(&logits, &labels, Some(0.9), 2.0).item::<f32>();
/// assert!((loss - 0.9 * 0.25 * 2.0_f32.ln()).abs() < 1e-6);
/// ```
///
/// Source: Lin et al., "Focal Loss for Dense Object Detection", 2017.
///
/// # Panics
/// Panics if the shapes differ or `logits` are not floats.
#[track_caller]
pub fn sigmoid_focal_loss(
    logits: impl AsArray,
    labels: impl AsArray,
    alpha: Option<f64>,
    gamma: f64,
) -> Array {
    let (logits, labels) = (logits.as_array(), labels.as_array());
    const NAME: &str = "sigmoid_focal_loss";
    check_same_shape(NAME, logits, labels);
    loss(NAME, &[logits, labels], |args| {
        let x = &args[0];
        let labels = args[1].astype(x.dtype());
        let (log_p, log_not_p) = (log_sigmoid(x), log_sigmoid(&-x));
        let cross_entropy = -&labels * &log_p - (1.0 - &labels) * &log_not_p;
        // log(1 − pₜ): of both probabilities, weighed by the other label, as soft labels need.
        let terms = stack([&log_p, &log_not_p], -1);
        let weights = stack([&(1.0 - &labels), &labels], -1);
        let (log_wrong, _) = logsumexp_signed(&terms, &weights, -1);
        let focal = cross_entropy * (log_wrong * gamma).exp();
        match alpha {
            Some(alpha) => (&labels * alpha + (1.0 - &labels) * (1.0 - alpha)) * focal,
            None => focal,
        }
    })
}

/// max(0, 1 − prediction · target), for targets of −1 and 1. `optax.hinge_loss`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::hinge_loss;
///
/// let predictions = Array::from([2.0_f32, 0.5, -1.0]);
/// let losses = hinge_loss(&predictions, &Array::from([1.0_f32, 1.0, 1.0]));
/// assert_eq!(losses.to_vec::<f32>(), [0.0, 0.5, 2.0]);
/// ```
///
/// # Panics
/// Panics if the shapes differ or `predictions` are not floats.
#[track_caller]
pub fn hinge_loss(predictions: impl AsArray, targets: impl AsArray) -> Array {
    let (predictions, targets) = (predictions.as_array(), targets.as_array());
    check_same_shape("hinge_loss", predictions, targets);
    loss("hinge_loss", &[predictions, targets], |args| (1.0 - &args[0] * &args[1]).maximum(0.0))
}

/// max(0, −prediction · target), for targets of −1 and 1. `optax.perceptron_loss`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::perceptron_loss;
///
/// let predictions = Array::from([2.0_f32, 0.5, -1.0]);
/// let losses = perceptron_loss(&predictions, &Array::from([1.0_f32, 1.0, 1.0]));
/// assert_eq!(losses.to_vec::<f32>(), [0.0, 0.0, 1.0]);
/// ```
///
/// # Panics
/// Panics if the shapes differ or `predictions` are not floats.
#[track_caller]
pub fn perceptron_loss(predictions: impl AsArray, targets: impl AsArray) -> Array {
    let (predictions, targets) = (predictions.as_array(), targets.as_array());
    check_same_shape("perceptron_loss", predictions, targets);
    loss("perceptron_loss", &[predictions, targets], |args| (-&args[0] * &args[1]).maximum(0.0))
}

/// The margin by which the score of the right class misses the best one of the others, plus 1: scores `[…, classes]`,
/// class numbers `[…]`; the result is `[…]`. `optax.losses.multiclass_hinge_loss`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::multiclass_hinge_loss;
///
/// let scores = Array::from([[3.0_f32, 1.0, 0.0], [3.0, 1.0, 0.0]]);
/// let losses = multiclass_hinge_loss(&scores, &Array::from([0, 1]));
/// assert_eq!(losses.to_vec::<f32>(), [0.0, 3.0]);
/// ```
///
/// # Panics
/// Panics if `scores` are not floats, `labels` no integers, or the shapes do not fit.
#[track_caller]
pub fn multiclass_hinge_loss(scores: impl AsArray, labels: impl AsArray) -> Array {
    by_margin("multiclass_hinge_loss", scores.as_array(), labels.as_array(), 1.0)
}

/// The margin by which the score of the right class misses the best one: scores `[…, classes]`, class numbers
/// `[…]`; the result is `[…]`. `optax.losses.multiclass_perceptron_loss`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::multiclass_perceptron_loss;
///
/// let scores = Array::from([[3.0_f32, 1.0, 0.0], [3.0, 1.0, 0.0]]);
/// let losses = multiclass_perceptron_loss(&scores, &Array::from([0, 1]));
/// assert_eq!(losses.to_vec::<f32>(), [0.0, 2.0]);
/// ```
///
/// # Panics
/// Panics if `scores` are not floats, `labels` no integers, or the shapes do not fit.
#[track_caller]
pub fn multiclass_perceptron_loss(scores: impl AsArray, labels: impl AsArray) -> Array {
    by_margin("multiclass_perceptron_loss", scores.as_array(), labels.as_array(), 0.0)
}

#[track_caller]
fn by_margin(name: &str, scores: &Array, labels: &Array, margin: f64) -> Array {
    check_class_numbers(name, scores, labels);
    loss(name, &[scores, labels], |args| {
        let scores = &args[0];
        let right = one_hot(&args[1], scores.shape()[scores.rank() - 1], scores.dtype());
        (scores + margin - &right * margin).max(-1) - (scores * right).sum(-1)
    })
}

/// The sparsemax loss of yes-or-no predictions: 0 where the score is beyond 1 on the side of the label, quadratic
/// between, linear on the other side. `optax.losses.sparsemax_loss`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::sparsemax_loss;
///
/// let logits = Array::from([2.0_f32, 0.0, -2.0]);
/// let losses = sparsemax_loss(&logits, &Array::from([1, 1, 1]));
/// assert_eq!(losses.to_vec::<f32>(), [0.0, 0.25, 2.0]);
/// ```
///
/// Source: Martins and Astudillo, "From Softmax to Sparsemax", 2016.
///
/// # Panics
/// Panics if the shapes differ or `logits` are not floats.
#[track_caller]
pub fn sparsemax_loss(logits: impl AsArray, labels: impl AsArray) -> Array {
    let (logits, labels) = (logits.as_array(), labels.as_array());
    check_same_shape("sparsemax_loss", logits, labels);
    loss("sparsemax_loss", &[logits, labels], |args| {
        let x = select(args[1].ne(0.0), &-&args[0], &args[0]);
        let between = (&x + 1.0).square() * 0.25;
        where_(x.le(-1.0), 0.0, where_(x.ge(1.0), &x, &between))
    })
}

/// [`softmax_cross_entropy`] plus `epsilon` (usually 2) times the probability of the wrong classes.
/// `optax.poly_loss_cross_entropy`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::poly_loss_cross_entropy;
///
/// let logits = Array::from([[0.0_f32, 0.0]]);
/// let loss = poly_loss_cross_entropy(&logits, &Array::from([[1.0_f32, 0.0]]), 2.0);
/// // ln 2 + 2 · 0.5
/// assert!((loss.item::<f32>() - 1.693_147).abs() < 1e-5);
/// ```
///
/// Source: Leng et al., "PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions", 2022.
///
/// # Panics
/// Panics if the last axes differ, or one array is not of floats.
#[track_caller]
pub fn poly_loss_cross_entropy(logits: impl AsArray, labels: impl AsArray, epsilon: f64) -> Array {
    let (logits, labels) = (logits.as_array(), labels.as_array());
    const NAME: &str = "poly_loss_cross_entropy";
    check_same_last_axis(NAME, ("logits", logits), ("labels", labels));
    loss(NAME, &[logits, labels], |args| {
        let probabilities = crate::array::softmax(&args[0], -1);
        let wrong = (&args[1] * (1.0 - probabilities)).sum(-1);
        softmax_cross_entropy(&args[0], &args[1]) + wrong * epsilon
    })
}

/// For lists of items with scores `logits` and relevances `labels`, both `[…, items]`: the cross entropy between the
/// softmax of the scores and the relevances, `[…]`. Items where `mask` is false are not in the list.
/// `optax.losses.ranking_softmax_loss` without its reduction.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::ranking_softmax_loss;
///
/// let scores = Array::from([[0.0_f32, 3.0_f32.ln(), 9.0]]);
/// let relevances = Array::from([[0.0_f32, 1.0, 0.0]]);
/// // The last item is not in the list, and the second has 3/4 of the probability.
/// let mask = Array::from([[true, true, false]]);
/// let loss = ranking_softmax_loss(&scores, &relevances, &mask);
/// assert!((loss.item::<f32>() - (4.0_f32 / 3.0).ln()).abs() < 1e-5);
/// // With all three items.
/// assert!(ranking_softmax_loss(&scores, &relevances, None).item::<f32>() > 7.0);
/// ```
///
/// # Panics
/// Panics if the shapes differ or `logits` are not floats.
#[track_caller]
pub fn ranking_softmax_loss(
    logits: impl AsArray,
    labels: impl AsArray,
    mask: impl OptionalArray,
) -> Array {
    let mask = mask.optional();
    let (logits, labels) = (logits.as_array(), labels.as_array());
    const NAME: &str = "ranking_softmax_loss";
    check_same_shape(NAME, logits, labels);
    if logits.rank() == 0 {
        invalid(NAME, "a scalar is no list of items".into());
    }
    if let Some(mask) = mask
        && mask.shape() != logits.shape()
    {
        let (x, mask) = (logits.aval(), mask.aval());
        invalid(NAME, format!("logits {x} and the mask {mask} must have the same shape"));
    }
    let all: Vec<&Array> = [logits, labels].into_iter().chain(mask).collect();
    loss(NAME, &all, |args| {
        let labels = args[1].astype(args[0].dtype());
        let Some(mask) = args.get(2) else {
            let log_probs = &args[0] - logsumexp(&args[0], keepdims(-1));
            return -(labels * log_probs).sum(-1);
        };
        let mask = mask.ne(0);
        let logits = where_(&mask, &args[0], f64::NEG_INFINITY);
        let any = mask.any(keepdims(-1));
        // A list without items: no finite logit, so that its sum is not used.
        let logits = where_(&any, &logits, 0.0);
        let log_probs = &logits - logsumexp(&logits, keepdims(-1));
        -where_(&mask, labels * where_(&mask, &log_probs, 0.0), 0.0).sum(-1)
    })
}

/// Labels moved towards the same probability for all classes of the last axis: (1 − `alpha`) · label + `alpha` /
/// classes. `optax.smooth_labels`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::smooth_labels;
///
/// let smooth = smooth_labels(Array::from([[0.0_f32, 1.0]]), 0.5);
/// assert_eq!(smooth.to_vec::<f32>(), [0.25, 0.75]);
/// ```
///
/// # Panics
/// Panics if `labels` are not floats or have no axis.
#[track_caller]
pub fn smooth_labels(labels: impl AsArray, alpha: f64) -> Array {
    let labels = labels.as_array();
    check_float("smooth_labels", "labels", labels);
    let Some(&classes) = labels.shape().last() else {
        invalid("smooth_labels", "a scalar has no classes".into())
    };
    loss("smooth_labels", &[labels], |args| &args[0] * (1.0 - alpha) + alpha / classes as f64)
}

/// 1 minus the Dice coefficient of each class, `[batch, classes]`: predictions as logits and targets as
/// probabilities, both `[batch, …, classes]`. With one class the logits are of a sigmoid, with more of a softmax.
/// `smooth` (usually 1) is added above and below. `optax.losses.dice_loss` without its reduction.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::dice_loss;
///
/// // An image of two pixels, both predicted with near certainty.
/// let logits = Array::from_slice(&[9.0_f32, -9.0], [1, 2, 1]);
/// let target = Array::from_slice(&[1.0_f32, 0.0], [1, 2, 1]);
/// assert!(dice_loss(&logits, &target, 1.0).item::<f32>() < 1e-3);
/// ```
///
/// Source: Milletari et al., "V-Net: Fully Convolutional Neural Networks for Volumetric Medical Image Segmentation",
/// 2016.
///
/// # Panics
/// Panics if the shapes differ or have fewer than two axes, or `logits` are not floats.
#[track_caller]
pub fn dice_loss(logits: impl AsArray, targets: impl AsArray, smooth: f64) -> Array {
    let (logits, targets) = (logits.as_array(), targets.as_array());
    dice_loss_with(logits, targets, &DiceOptions { smooth, ..DiceOptions::default() })
}
