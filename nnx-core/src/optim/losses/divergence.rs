//! How far one distribution is from another.

use super::{check_same_last_axis, loss};
use crate::array::{AsArray, where_};
use crate::graph::Array;

/// Σ target · (log target − log prediction) over the last axis, where a target of 0 counts nothing: predictions as
/// logarithms, both `[…, dim]`; the result is `[…]`. `optax.kl_divergence`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::kl_divergence;
///
/// // The predictions are logarithms, and the targets are not.
/// let predictions = Array::from([[0.5_f32, 0.5]]).log();
/// let divergence = kl_divergence(&predictions, &Array::from([[1.0_f32, 0.0]]));
/// assert!((divergence.item::<f32>() - 2.0_f32.ln()).abs() < 1e-6);
/// ```
///
/// Source: Kullback and Leibler, "On Information and Sufficiency", 1951.
///
/// # Panics
/// Panics if the last axes differ, or one array is not of floats.
#[track_caller]
pub fn kl_divergence(log_predictions: impl AsArray, targets: impl AsArray) -> Array {
    let (log_predictions, targets) = (log_predictions.as_array(), targets.as_array());
    const NAME: &str = "kl_divergence";
    check_same_last_axis(NAME, ("log_predictions", log_predictions), ("targets", targets));
    loss(NAME, &[log_predictions, targets], |args| {
        // Neither reaches the sum where the target is 0, so that no slope is NaN.
        let zero = args[1].eq(0.0);
        let log_targets = where_(&zero, 1.0, &args[1]).log();
        (&args[1] * (log_targets - where_(&zero, 0.0, &args[0]))).sum(-1)
    })
}

/// [`kl_divergence`] with the logarithms of the targets. `optax.losses.kl_divergence_with_log_targets`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::kl_divergence_with_log_targets;
///
/// let predictions = Array::from([[0.5_f32, 0.5]]).log();
/// let targets = Array::from([[0.25_f32, 0.75]]).log();
/// let divergence = kl_divergence_with_log_targets(&predictions, &targets);
/// // 0.25 · ln 0.5 + 0.75 · ln 1.5
/// assert!((divergence.item::<f32>() - 0.130_812).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if the last axes differ, or one array is not of floats.
#[track_caller]
pub fn kl_divergence_with_log_targets(
    log_predictions: impl AsArray,
    log_targets: impl AsArray,
) -> Array {
    let (log_predictions, log_targets) = (log_predictions.as_array(), log_targets.as_array());
    const NAME: &str = "kl_divergence_with_log_targets";
    let given = ("log_targets", log_targets);
    check_same_last_axis(NAME, ("log_predictions", log_predictions), given);
    loss(NAME, &[log_predictions, log_targets], |args| {
        (args[1].exp() * (&args[1] - &args[0])).sum(-1)
    })
}

/// [`kl_divergence`] of measures that need not sum to 1: plus Σ (prediction − target).
/// `optax.losses.generalized_kl_divergence`, formerly `convex_kl_divergence`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::generalized_kl_divergence;
///
/// // A prediction of 1, and a target of 2: 2 · ln 2 + (1 − 2).
/// let predictions = Array::from([[1.0_f32]]).log();
/// let divergence = generalized_kl_divergence(&predictions, &Array::from([[2.0_f32]]));
/// assert!((divergence.item::<f32>() - 0.386_294).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if the last axes differ, or one array is not of floats.
#[track_caller]
pub fn generalized_kl_divergence(log_predictions: impl AsArray, targets: impl AsArray) -> Array {
    let (log_predictions, targets) = (log_predictions.as_array(), targets.as_array());
    const NAME: &str = "generalized_kl_divergence";
    check_same_last_axis(NAME, ("log_predictions", log_predictions), ("targets", targets));
    loss(NAME, &[log_predictions, targets], |args| {
        kl_divergence(&args[0], &args[1]) + (args[0].exp() - &args[1]).sum(-1)
    })
}
