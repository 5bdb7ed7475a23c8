//! Losses of segmented images, and losses made of a function's conjugate.

use super::classification::log_sigmoid;
use super::{check_class_numbers, check_same_shape, dice_loss, loss};
use crate::array::{AsArray, invalid, where_};
use crate::graph::Array;
use crate::optim::projections::projection_simplex;
use crate::transform::vmap;

/// [`dice_loss`] of yes-or-no predictions, `[batch]` from logits and targets `[batch, …]` or `[batch, …, 1]`.
/// `optax.losses.binary_dice_loss`; `smooth` is usually 1.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::binary_dice_loss;
///
/// let logits = Array::from([[9.0_f32, -9.0]]);
/// let loss = binary_dice_loss(&logits, &Array::from([[1.0_f32, 0.0]]), 1.0);
/// assert!(loss.item::<f32>() < 1e-3);
/// ```
///
/// # Panics
/// Panics if the shapes differ or have no axis, or `logits` are not floats.
#[track_caller]
pub fn binary_dice_loss(logits: impl AsArray, targets: impl AsArray, smooth: f64) -> Array {
    let (logits, targets) = (logits.as_array(), targets.as_array());
    const NAME: &str = "binary_dice_loss";
    check_same_shape(NAME, logits, targets);
    if logits.rank() == 0 {
        invalid(NAME, format!("needs [batch, …], got {}", logits.aval()));
    }
    loss(NAME, &[logits, targets], |args| {
        let one_class = args[0].shape().len() > 1 && args[0].shape().ends_with(&[1]);
        let with_class = |x: &Array| if one_class { x.clone() } else { x.expand_dims(-1) };
        dice_loss(with_class(&args[0]), with_class(&args[1]), smooth).squeeze(-1)
    })
}

/// The mean of [`dice_loss`] over examples and classes, with classes weighted by the inverse square of how often they
/// occur in all targets: logits and targets `[batch, …, classes]`; the result is a scalar.
/// `optax.losses.multiclass_generalized_dice_loss`; `smooth` is usually 1. With `ignore_background` the first class is
/// left out.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::multiclass_generalized_dice_loss;
///
/// let target = Array::from([[[1.0_f32, 0.0], [0.0, 1.0]]]);
/// let loss = multiclass_generalized_dice_loss(&(&target * 20.0), &target, 1.0, false);
/// assert!(loss.item::<f32>() < 1e-3);
/// ```
///
/// Source: Sudre et al., "Generalised Dice Overlap as a Deep Learning Loss Function for Highly Unbalanced
/// Segmentations", 2017.
///
/// # Panics
/// Panics if the shapes differ or have fewer than two axes, or `logits` are not floats.
#[track_caller]
pub fn multiclass_generalized_dice_loss(
    logits: impl AsArray,
    targets: impl AsArray,
    smooth: f64,
    ignore_background: bool,
) -> Array {
    let (logits, targets) = (logits.as_array(), targets.as_array());
    const NAME: &str = "multiclass_generalized_dice_loss";
    check_same_shape(NAME, logits, targets);
    let (rank, classes) = (logits.rank(), logits.shape().last().copied().unwrap_or_default());
    if rank < 2 {
        invalid(NAME, format!("needs [batch, …, classes], got {}", logits.aval()));
    }
    loss(NAME, &[logits, targets], |args| {
        let counts = args[1].reshape([args[1].size() / classes.max(1), classes]).sum(0);
        let weights = 1.0 / (counts.square() + 1e-7);
        let weights = &weights / weights.sum(..) * classes as f64;
        let weighted = dice_loss(&args[0], &args[1], smooth) * weights;
        let first = usize::from(ignore_background && classes > 1);
        weighted.slice([(..).into(), (first..).into()]).mean(..)
    })
}

/// The sparsemax loss of class numbers: scores `[…, classes]`, labels `[…]`; the result is `[…]`. Its gradient is the
/// nearest point of the simplex, which has zeros, minus the label. `optax.losses.multiclass_sparsemax_loss`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::multiclass_sparsemax_loss;
///
/// let scores = Array::from([[3.0_f32, 1.0, 0.0]]);
/// let loss = multiclass_sparsemax_loss(&scores, &Array::from([0_i32]));
/// assert_eq!(loss.to_vec::<f32>(), [0.0]);
/// ```
///
/// Source: Martins and Astudillo, "From Softmax to Sparsemax", 2016.
///
/// # Panics
/// Panics if `scores` are not floats, `labels` no integers, or the shapes do not fit.
#[track_caller]
pub fn multiclass_sparsemax_loss(scores: impl AsArray, labels: impl AsArray) -> Array {
    let (scores, labels) = (scores.as_array(), labels.as_array());
    const NAME: &str = "multiclass_sparsemax_loss";
    check_class_numbers(NAME, scores, labels);
    loss(NAME, &[scores, labels], |args| {
        let classes = args[0].shape().last().copied().unwrap_or_default();
        let right = args[0].take_along_axis(args[1].expand_dims(-1), -1);
        let rows = |x: &Array| x.reshape([args[1].size(), classes]);
        let of_row = |(scores, ahead): (&Array, &Array)| {
            let p = projection_simplex(scores, 1.0);
            // A score of −∞ has no share, and takes none.
            (&p * where_(p.ne(0.0), ahead, 0.0)).sum(..) + (1.0 - p.square().sum(..)) * 0.5
        };
        let ahead = &args[0] - right;
        vmap(of_row, (&rows(&args[0]), &rows(&ahead)), 0).reshape(args[1].shape())
    })
}

/// The Fenchel-Young loss of a function `max_fun` of scores `[n]`, such as a log-sum-exp: max_fun(scores) − targets ·
/// scores along the last axis. `optax.losses.make_fenchel_young_loss`.
///
/// ```
/// use nnx::Array;
/// use nnx::array::logsumexp;
/// use nnx::optim::losses::make_fenchel_young_loss;
///
/// // That of the log-sum-exp is the cross entropy.
/// let cross_entropy = make_fenchel_young_loss(|scores: &Array| logsumexp(scores, -1));
/// let loss = cross_entropy(&Array::from([[0.0_f32, 0.0]]), &Array::from([[1.0_f32, 0.0]]));
/// assert!((loss.item::<f32>() - 2_f32.ln()).abs() < 1e-5);
/// ```
///
/// Source: Blondel et al., "Learning with Fenchel-Young Losses", 2020.
///
/// # Panics
/// The loss panics if the shapes of scores and targets differ, or scores are not floats or have no axis.
pub fn make_fenchel_young_loss(
    max_fun: impl Fn(&Array) -> Array,
) -> impl Fn(&Array, &Array) -> Array {
    move |scores, targets| {
        const NAME: &str = "fenchel_young_loss";
        check_same_shape(NAME, scores, targets);
        let Some((&n, batch)) = scores.shape().split_last() else {
            invalid(NAME, "a scalar has no scores".into())
        };
        loss(NAME, &[scores, targets], |args| {
            let rows = args[0].reshape([batch.iter().product(), n]);
            let most = vmap(|scores: &Array| max_fun(scores), &rows, 0);
            most.reshape(batch) - (&args[1] * &args[0]).sum(-1)
        })
    }
}

/// How [`dice_loss_with`] compares predictions and targets.
///
/// ```
/// use nnx::optim::losses::DiceOptions;
///
/// // Tversky's index: missed pixels weigh more than wrong ones.
/// let options = DiceOptions { alpha: 0.3, beta: 0.7, ..DiceOptions::default() };
/// assert_eq!(options.smooth, 1.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DiceOptions {
    /// Added above and below.
    pub smooth: f64,
    /// The weight of what is predicted and not there.
    pub alpha: f64,
    /// The weight of what is there and not predicted.
    pub beta: f64,
    /// Whether predictions are logits; otherwise they are probabilities.
    pub apply_softmax: bool,
    /// Whether the first of several classes is left out.
    pub ignore_background: bool,
}

impl Default for DiceOptions {
    fn default() -> Self {
        DiceOptions {
            smooth: 1.0,
            alpha: 0.5,
            beta: 0.5,
            apply_softmax: true,
            ignore_background: false,
        }
    }
}

/// 1 minus the generalized Dice coefficient of each class, `[batch, classes]`, of predictions and targets
/// `[batch, …, classes]`. `optax.losses.dice_loss` without its weights of classes and reduction:
/// `(loss * weights).mean(-1)`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::{DiceOptions, dice_loss_with};
///
/// // Two pixels of one class, of which one is found.
/// let (p, t) = (Array::from([[[1.0_f32], [0.0]]]), Array::from([[[1.0_f32], [1.0]]]));
/// let options = DiceOptions { smooth: 0.0, beta: 1.0, apply_softmax: false, ..DiceOptions::default() };
/// assert_eq!(dice_loss_with(&p, &t, &options).item::<f32>(), 0.5);
/// ```
///
/// Source: Salehi, Erdogmus and Gholipour, "Tversky loss function for image segmentation using 3D fully convolutional
/// deep networks", 2017.
///
/// # Panics
/// Panics if the shapes differ or have fewer than two axes, or `predictions` are not floats.
#[track_caller]
pub fn dice_loss_with(
    predictions: impl AsArray,
    targets: impl AsArray,
    options: &DiceOptions,
) -> Array {
    let (predictions, targets) = (predictions.as_array(), targets.as_array());
    const NAME: &str = "dice_loss";
    check_same_shape(NAME, predictions, targets);
    let rank = predictions.rank();
    if rank < 2 {
        invalid(NAME, format!("needs [batch, …, classes], got {}", predictions.aval()));
    }
    let DiceOptions { smooth, alpha, beta, apply_softmax, ignore_background } = *options;
    loss(NAME, &[predictions, targets], |args| {
        let (batch, classes) = (args[0].shape()[0], args[0].shape()[rank - 1]);
        let pixels = args[0].shape()[1..rank - 1].iter().product();
        let probabilities = match classes {
            _ if !apply_softmax => args[0].clone(),
            1 => log_sigmoid(&args[0]).exp(),
            _ => crate::array::softmax(&args[0], -1),
        };
        let sum = |x: &Array| x.reshape([batch, pixels, classes]).sum(1);
        let common = sum(&(&probabilities * &args[1]));
        let wrong = sum(&probabilities) - &common;
        let missed = sum(&args[1]) - &common;
        let all = &common + wrong * alpha + missed * beta;
        let losses = 1.0 - (common + smooth) / (all + smooth);
        let first = usize::from(ignore_background && classes > 1);
        losses.slice_dim(1, first, classes)
    })
}
