//! Normalization: what the layers share.

mod batch;
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
use crate::array::invalid;
use crate::graph::Array;
use crate::module::Param;
use crate::random::Rngs;
use crate::value::DType;

/// Mean and variance over sorted dimensions, which vanish; in at least f32.
///
/// The fast variance is E|x|² − |E x|², in one pass over the data, and cut at 0 where rounding made
/// it negative; the other is E|x − E x|².
fn statistics(x: &Array, dims: &[usize], fast: bool) -> (Array, Array) {
    let x = wide(x);
    if !fast {
        let mean = x.mean(dims);
        let variance = (&x - mean.insert_dims(dims)).square().mean(dims);
        return (mean, variance);
    }
    // The order of Flax: it decides how the gradients' parts are added up.
    let square = x.square();
    let mean = x.mean(dims);
    let variance = (square.mean(dims) - mean.square()).maximum(0.0);
    (mean, variance)
}

/// The mean of |x|² over sorted dimensions, which vanish; in at least f32.
fn mean_square(x: &Array, dims: &[usize]) -> Array {
    wide(x).square().mean(dims)
}

/// f16 and bf16 become f32: statistics need the precision.
fn wide(x: &Array) -> Array {
    if x.dtype().size() < 4 { x.astype(DType::F32) } else { x.clone() }
}

/// The learned part of a norm and where it stands in the input.
struct Affine<'a> {
    scale: Option<&'a Array>,
    bias: Option<&'a Array>,
    /// The feature dimension of the input.
    feature: usize,
    dtype: Option<DType>,
    epsilon: f64,
}

impl Affine<'_> {
    /// (x − mean) · (1 / √(variance + ε) · scale) + bias. Mean and variance broadcast to x; without
    /// a mean it counts as 0.
    #[track_caller]
    fn normalize(&self, layer: &str, x: &Array, mean: Option<&Array>, variance: &Array) -> Array {
        let mut feature_shape = vec![1; x.rank()];
        feature_shape[self.feature] = x.shape()[self.feature];
        let centered = mean.map_or_else(|| x.clone(), |mean| x - mean);
        let mut factor = (variance + self.epsilon).rsqrt();
        if let Some(scale) = self.scale {
            factor = factor * scale.reshape(&feature_shape);
        }
        let mut y = centered * factor;
        if let Some(bias) = self.bias {
            y = y + bias.reshape(&feature_shape);
        }
        y.astype(canonicalize(layer, &[Some(x), self.scale, self.bias], self.dtype))
    }
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

/// Scale and bias in the order in which Flax makes them.
#[track_caller]
fn scale_and_bias(
    scale: Option<&Initializer>,
    bias: Option<&Initializer>,
    features: usize,
    dtype: DType,
    rngs: &mut Rngs,
) -> (Option<Param>, Option<Param>) {
    let scale = scale.map(|init| init.call(&rngs.params(), features, dtype).into());
    let bias = bias.map(|init| init.call(&rngs.params(), features, dtype).into());
    (scale, bias)
}
