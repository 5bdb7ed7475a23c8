//! Losses of numbers.

use super::{check_same_shape, loss};
use crate::array::{AsArray, logaddexp};
use crate::graph::Array;

/// (prediction − target)². `optax.squared_error`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::squared_error;
///
/// let losses = squared_error(&Array::from([1.0_f32, 2.0]), &Array::from([3.0_f32, 2.0]));
/// assert_eq!(losses.to_vec::<f32>(), [4.0, 0.0]);
/// ```
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
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::l2_loss;
///
/// let losses = l2_loss(&Array::from([1.0_f32, 2.0]), &Array::from([3.0_f32, 2.0]));
/// assert_eq!(losses.to_vec::<f32>(), [2.0, 0.0]);
/// ```
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
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::huber_loss;
///
/// // Half of the square of 0.5, and 3 − 0.5.
/// let losses = huber_loss(&Array::from([0.5_f32, 3.0]), &Array::from([0.0_f32, 0.0]), 1.0);
/// assert_eq!(losses.to_vec::<f32>(), [0.125, 2.5]);
/// ```
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
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::optim::losses::log_cosh;
///
/// // The last one is 100 − ln 2, where cosh itself would overflow.
/// let losses = log_cosh(&Array::from([1.0_f32, 100.0]), &Array::from([0.0_f32, 0.0]));
/// let want = Array::from([0.433_781_f32, 99.306_85]);
/// assert!(losses.allclose(&want, Tolerance::default()).item::<bool>());
/// ```
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
