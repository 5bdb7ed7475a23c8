//! Losses of numbers.

use super::{check_same_shape, loss};
use crate::array::{AsArray, logaddexp};
use crate::graph::Array;

/// (prediction − target)². `optax.squared_error`.
///
/// # Panics
/// Panics if the shapes differ or `predictions` are not floats.
#[track_caller]
pub fn squared_error(predictions: impl AsArray, targets: impl AsArray) -> Array {
    let (predictions, targets) = (predictions.as_array(), targets.as_array());
    check_same_shape("squared_error", predictions, targets);
    loss("squared_error", &[predictions, targets], |args| (&args[0] - &args[1]).square())
}

/// Half of [`squared_error`]. `optax.l2_loss`.
///
/// # Panics
/// Panics if the shapes differ or `predictions` are not floats.
#[track_caller]
pub fn l2_loss(predictions: impl AsArray, targets: impl AsArray) -> Array {
    let (predictions, targets) = (predictions.as_array(), targets.as_array());
    check_same_shape("l2_loss", predictions, targets);
    loss("l2_loss", &[predictions, targets], |args| (&args[0] - &args[1]).square() * 0.5)
}

/// Quadratic for errors up to `delta` (usually 1), linear beyond. `optax.huber_loss`.
///
/// # Panics
/// Panics if the shapes differ or `predictions` are not floats.
#[track_caller]
pub fn huber_loss(predictions: impl AsArray, targets: impl AsArray, delta: f64) -> Array {
    let (predictions, targets) = (predictions.as_array(), targets.as_array());
    check_same_shape("huber_loss", predictions, targets);
    loss("huber_loss", &[predictions, targets], |args| {
        let errors = (&args[0] - &args[1]).abs();
        let quadratic = errors.minimum(delta);
        let linear = errors - &quadratic;
        quadratic.square() * 0.5 + linear * delta
    })
}

/// log cosh of the error: quadratic for small errors, linear for large ones. `optax.log_cosh`.
///
/// # Panics
/// Panics if the shapes differ or `predictions` are not floats.
#[track_caller]
pub fn log_cosh(predictions: impl AsArray, targets: impl AsArray) -> Array {
    let (predictions, targets) = (predictions.as_array(), targets.as_array());
    check_same_shape("log_cosh", predictions, targets);
    loss("log_cosh", &[predictions, targets], |args| {
        let errors = &args[0] - &args[1];
        logaddexp(&errors, &-&errors) - std::f64::consts::LN_2
    })
}
