//! Group normalization.

use super::super::dtypes::value;
use super::builder::norm_builder;
use super::{Normalization, last_axis_of_batch, statistics};
use crate::array::{invalid, one_program};
use crate::graph::Array;
use crate::module::Param;
use crate::random::Rngs;
use crate::value::DType;
use std::slice;

/// Normalizes each example over groups of features and all axes between batch and features (Wu &
/// He 2018). `flax.nnx.GroupNorm`.
///
/// ```no_run
/// use nnx_core::{array, nn::GroupNorm, random::Rngs, DType};
///
/// let layer = GroupNorm::builder(8).num_groups(4).build(&mut Rngs::new(0));
/// let y = layer.forward(&array::ones([2, 5, 6, 8], DType::F32));
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct GroupNorm {
    /// The factor of the normalized features, `[num_features]`.
    pub scale: Option<Param>,
    /// The offset added after the factor, `[num_features]`.
    pub bias: Option<Param>,
    /// The number of groups of neighbouring features.
    pub num_groups: usize,
    /// How many features are in a group.
    pub group_size: usize,
    /// A small number added to the variance to avoid division by 0.
    pub epsilon: f64,
    /// Whether the variance is E|x|² − |E x|².
    pub use_fast_variance: bool,
    /// The dtype of the result; by default the promoted dtype of input and parameters.
    pub dtype: Option<DType>,
}

norm_builder! {
    /// Settings of a [`GroupNorm`].
    GroupNormBuilder: scale and bias;
    settings {
        /// The number of groups of neighbouring features. Default: 32.
        num_groups: usize = 32,
        /// A small number added to the variance to avoid division by 0. Default: 1e-6.
        epsilon: f64 = 1e-6,
    }
    optional {
        /// How many features are in a group, in place of `num_groups`.
        group_size: usize,
    }
}

impl GroupNormBuilder {
    /// Makes the layer, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if the groups do not divide the features.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> GroupNorm {
        let n = self.num_features;
        let parts = self.group_size.unwrap_or(self.num_groups);
        if !n.is_multiple_of(parts) {
            let what = if self.group_size.is_some() { "groups of" } else { "the number of groups" };
            invalid("GroupNorm", format!("{what} {parts} does not divide {n} features"));
        }
        let [scale, bias] = self.scale_and_bias(rngs);
        let (num_groups, group_size) =
            if self.group_size.is_some() { (n / parts, parts) } else { (parts, n / parts) };
        GroupNorm {
            scale,
            bias,
            num_groups,
            group_size,
            epsilon: self.epsilon,
            use_fast_variance: self.use_fast_variance,
            dtype: self.dtype,
        }
    }
}

const LAYER: &str = "GroupNorm";

impl GroupNorm {
    /// The layer with default settings: 32 groups.
    ///
    /// # Panics
    /// Panics if 32 does not divide the features.
    #[track_caller]
    pub fn new(num_features: usize, rngs: &mut Rngs) -> GroupNorm {
        GroupNorm::builder(num_features).build(rngs)
    }

    /// A layer with other settings.
    pub fn builder(num_features: usize) -> GroupNormBuilder {
        GroupNormBuilder::with_defaults(num_features)
    }

    /// `[batch, …, num_features]`, normalized, in its shape.
    ///
    /// # Panics
    /// Panics if the last axis of `x` does not have size `num_features`, or is the only one.
    #[track_caller]
    pub fn forward(&self, x: &Array) -> Array {
        let feature = last_axis_of_batch(LAYER, x, Some(self.num_groups * self.group_size));
        one_program(LAYER, slice::from_ref(x), |args| self.normalize(&args[0], feature))
    }

    #[track_caller]
    fn normalize(&self, x: &Array, feature: usize) -> Array {
        let norm = Normalization {
            layer: LAYER,
            scale: value(&self.scale),
            bias: value(&self.bias),
            epsilon: self.epsilon,
            dtype: self.dtype,
            feature,
        };
        norm.apply(x, [], |x, []| {
            // [batch, …, groups, group size], reduced over all but batch and groups.
            let mut grouped = x.shape()[..feature].to_vec();
            grouped.extend([self.num_groups, self.group_size]);
            let mut dims: Vec<usize> = (1..feature).collect();
            dims.push(feature + 1);
            let x = x.reshape(&grouped);
            let (mean, variance) = statistics(&x, &dims, self.use_fast_variance, |x| x.mean(&dims));
            let between: Vec<usize> = (1..feature).collect();
            let per_feature = |stat: Array| stat.repeat(self.group_size, 1).insert_dims(&between);
            let [mean, variance] = [mean, variance].map(per_feature);
            (Some(mean), variance)
        })
    }
}
