//! Normalization: what the layers share.

mod batch;
mod builder;
mod group;
mod instance;
mod layer;
mod rms;

pub use batch::{BatchNorm, BatchNormBuilder};
pub use group::{GroupNorm, GroupNormBuilder};
pub use instance::{InstanceNorm, InstanceNormBuilder};
pub use layer::{LayerNorm, LayerNormBuilder};
pub use rms::{RMSNorm, RMSNormBuilder};

use super::dtypes::canonicalize;
use super::initializers::Initializer;
use crate::array::{dim, invalid};
use crate::graph::Array;
use crate::module::Param;
use crate::random::Rngs;
use crate::value::DType;

/// Mean and variance over sorted dimensions, which vanish in what `mean_of` gives; in at least f32.
///
/// The fast variance is E|x|² − |E x|², in one pass over the data, and cut at 0 where rounding made
/// it negative; the other is E|x − E x|².
fn statistics(
    x: &Array,
    dims: &[usize],
    fast: bool,
    mean_of: impl Fn(&Array) -> Array,
) -> (Array, Array) {
    let x = wide(x);
    if !fast {
        let mean = mean_of(&x);
        let variance = mean_of(&(&x - mean.insert_dims(dims)).square());
        return (mean, variance);
    }
    // The order of Flax: it decides how the gradients' parts are added up.
    let square = x.square();
    let mean = mean_of(&x);
    let variance = (mean_of(&square) - mean.square()).maximum(0.0);
    (mean, variance)
}

/// The mean over dimensions, which vanish, of the elements that a mask marks.
fn mean_where(x: &Array, mask: Option<&Array>, dims: &[usize]) -> Array {
    match mask {
        Some(mask) => x.masked(mask).mean(dims),
        None => x.mean(dims),
    }
}

/// The mean of |x|² over sorted dimensions, which vanish; in at least f32.
fn mean_square(x: &Array, dims: &[usize]) -> Array {
    wide(x).square().mean(dims)
}

/// f16 and bf16 become f32: statistics need the precision.
fn wide(x: &Array) -> Array {
    if x.dtype().size() < 4 { x.astype(DType::F32) } else { x.clone() }
}

/// A norm at work: its learned part, its settings, and the place of the features in the input.
struct Normalization<'a> {
    layer: &'static str,
    scale: Option<&'a Array>,
    bias: Option<&'a Array>,
    epsilon: f64,
    /// The dtype of the result, if it is given.
    dtype: Option<DType>,
    /// The feature dimension of the input.
    feature: usize,
}

impl Normalization<'_> {
    /// (x − mean) · (1 / √(variance + ε) · scale) + bias, in the promoted dtype of all of these.
    ///
    /// Mean and variance come of `statistics`, which is given x and the running statistics in that
    /// dtype, and broadcast to x; without a mean it counts as 0.
    #[track_caller]
    fn apply<const N: usize>(
        &self,
        x: &Array,
        running: [&Array; N],
        statistics: impl FnOnce(&Array, [Array; N]) -> (Option<Array>, Array),
    ) -> Array {
        let mut arrays = vec![Some(x)];
        arrays.extend(running.map(Some));
        arrays.extend([self.scale, self.bias]);
        let dtype = canonicalize(self.layer, &arrays, self.dtype);
        let x = x.astype(dtype);
        let running = running.map(|stat| stat.astype(dtype));
        let learned = |param: Option<&Array>| param.map(|param| param.astype(dtype));
        let [scale, bias] = [self.scale, self.bias].map(learned);

        let (mean, variance) = statistics(&x, running);
        let mut feature_shape = vec![1; x.rank()];
        feature_shape[self.feature] = x.shape()[self.feature];
        let centered = mean.map_or_else(|| x.clone(), |mean| &x - mean);
        let mut factor = (variance + self.epsilon).rsqrt();
        if let Some(scale) = &scale {
            factor *= scale.reshape(&feature_shape);
        }
        let mut y = centered * factor;
        if let Some(bias) = &bias {
            y += bias.reshape(&feature_shape);
        }
        y.astype(dtype)
    }
}

/// The last axis of the input, which must have as many features as a norm was made for.
#[track_caller]
fn last_axis(layer: &str, x: &Array, expected: Option<usize>) -> usize {
    let feature = dim(layer, -1, x.aval());
    check_features(layer, x, feature, expected);
    feature
}

/// [`last_axis`] of an input that has a batch axis before the features.
#[track_caller]
fn last_axis_of_batch(layer: &str, x: &Array, expected: Option<usize>) -> usize {
    let feature = last_axis(layer, x, expected);
    if feature == 0 {
        invalid(layer, format!("the input {} needs a batch axis before the features", x.aval()));
    }
    feature
}

/// Checks that the input has the features that a norm was made for.
#[track_caller]
fn check_features(layer: &str, x: &Array, feature: usize, expected: Option<usize>) {
    if expected.is_some_and(|expected| expected != x.shape()[feature]) {
        let (aval, n) = (x.aval(), expected.unwrap_or_default());
        invalid(layer, format!("the input {aval} needs {n} features in axis {feature}"));
    }
}

/// How many features a norm was made for, if it has learned any.
fn features(params: [&Option<Param>; 2]) -> Option<usize> {
    params.into_iter().flatten().next().map(|param| param.shape()[0])
}

/// A learned part of a norm, if there is a way in which it starts.
#[track_caller]
fn learned(
    init: Option<&Initializer>,
    features: usize,
    dtype: DType,
    rngs: &mut Rngs,
) -> Option<Param> {
    // Not in a closure, which would hide the user's line.
    let init = init?;
    Some(init.call(&rngs.params(), features, dtype).into())
}
