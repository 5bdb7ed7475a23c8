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

use super::arithmetic::PromoteDtype;
use super::dtypes::promote_all;
use super::initializers::Initializer;
use crate::array::{Axes, IntoAxes, dims, invalid, one_program};
use crate::graph::Array;
use crate::module::{Metadata, Param};
use crate::random::Rngs;
use crate::transform::{check_axis_name, pmean};
use crate::value::{DType, saturating_product};

/// StatisticsOver which elements the statistics of a norm are taken.
#[derive(Clone, Copy)]
struct StatisticsOver<'a> {
    /// The dimensions that vanish, sorted.
    dims: &'a [usize],
    /// The elements that count, if not all do.
    mask: Option<&'a Array>,
    /// The axis of [`vmap`](crate::vmap()) over which means are taken, too.
    axis_name: Option<&'static str>,
}

impl StatisticsOver<'_> {
    #[track_caller]
    fn mean(self, x: &Array) -> Array {
        let local = match self.mask {
            Some(mask) => x.masked(mask).mean(self.dims),
            None => x.mean(self.dims),
        };
        match self.axis_name {
            Some(name) => pmean(&local, name),
            None => local,
        }
    }

    /// Mean and variance, in at least f32.
    ///
    /// The fast variance is E|x|² − |E x|², in one pass over the data, and cut at 0 where rounding made
    /// it negative; the other is E|x − E x|².
    #[track_caller]
    fn statistics(self, x: &Array, fast: bool) -> (Array, Array) {
        let x = wide(x);
        if !fast {
            let mean = self.mean(&x);
            let variance = self.mean(&(&x - mean.insert_dims(self.dims)).square());
            return (mean, variance);
        }
        // The order of Flax: it decides how the gradients' parts are added up.
        let square = x.square();
        let mean = self.mean(&x);
        let variance = (self.mean(&square) - mean.square()).maximum(0.0);
        (mean, variance)
    }

    /// The mean of |x|², in at least f32.
    #[track_caller]
    fn mean_square(self, x: &Array) -> Array {
        self.mean(&wide(x).square())
    }
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
    promote_dtype: Option<PromoteDtype>,
    /// The feature dimensions of the input, sorted.
    features: &'a [usize],
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
        let mut promoted =
            promote_all(self.layer, &arrays, self.dtype, self.promote_dtype).into_iter();
        let mut next = || promoted.next().flatten();
        let x = next().unwrap_or_else(|| x.clone());
        let running = running.map(|stat| next().unwrap_or_else(|| stat.clone()));
        let (scale, bias) = (next(), next());
        let dtype = self.dtype.unwrap_or(x.dtype());

        let (mean, variance) = statistics(&x, running);
        let mut feature_shape = vec![1; x.rank()];
        for &dim in self.features {
            feature_shape[dim] = x.shape()[dim];
        }
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

/// The axes of a norm that are not given.
fn last_axis() -> Axes {
    (-1).into_axes()
}

/// The dimensions of `x` that a norm's axes mean, sorted, each once.
#[track_caller]
fn dims_of(layer: &str, axes: &Axes, x: &Array) -> Vec<usize> {
    let Some(axes) = &axes.axes else { return (0..x.rank()).collect() };
    let mut dims = dims(layer, axes, x.aval());
    dims.sort_unstable();
    dims.dedup();
    dims
}

/// Checks that the feature axes of the input have the features that a norm was made for.
#[track_caller]
fn check_features(layer: &str, x: &Array, dims: &[usize], expected: Option<usize>) {
    let sizes: Vec<usize> = dims.iter().map(|&dim| x.shape()[dim]).collect();
    let found = saturating_product(&sizes);
    let Some(expected) = expected.filter(|&expected| expected != found) else { return };
    let axes = match dims {
        [dim] => format!("axis {dim}"),
        dims => format!("axes {dims:?}"),
    };
    invalid(layer, format!("the input {} needs {expected} features in {axes}", x.aval()));
}

/// Runs a norm as one program. The mask and the named axis are checked first, with the message of the user's line.
#[track_caller]
fn run(
    layer: &str,
    x: &Array,
    mask: Option<&Array>,
    axis_name: Option<&str>,
    normalize: impl FnOnce(&Array, Option<&Array>) -> Array,
) -> Array {
    check(layer, x, mask, axis_name);
    let args: Vec<Array> = [x].into_iter().chain(mask).cloned().collect();
    one_program(layer, &args, |args| normalize(&args[0], args.get(1)))
}

#[track_caller]
fn check(layer: &str, x: &Array, mask: Option<&Array>, axis_name: Option<&str>) {
    if let Some(mask) = mask {
        let _ = x.masked(mask);
    }
    if let Some(name) = axis_name {
        check_axis_name(layer, name);
    }
}

/// How many features a norm was made for, if it has learned any.
fn features(params: [&Option<Param>; 2]) -> Option<usize> {
    params.into_iter().flatten().next().map(|param| param.shape()[0])
}

/// A learned part of a norm, if there is a way in which it starts, with its notes.
#[track_caller]
fn learned(
    part: Option<(&Initializer, &Metadata)>,
    features: usize,
    dtype: DType,
    rngs: &mut Rngs,
) -> Option<Param> {
    // Not in a closure, which would hide the user's line.
    let (init, metadata) = part?;
    let value = init.call(&rngs.params(), features, dtype);
    Some(Param::new(value).with_all_metadata(metadata.clone()))
}
