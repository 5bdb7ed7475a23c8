//! Group normalization.

use super::super::arithmetic::PromoteDtype;
use super::super::dtypes::value;
use super::builder::norm_builder;
use super::{Normalization, StatisticsOver, check_features, dims_of, run};
use crate::array::{AsArray, Axes, dim, invalid};
use crate::graph::Array;
use crate::module::{Param, called};
use crate::random::Rngs;
use crate::value::DType;

/// Normalizes each example over groups of features and all axes between batch and features, or others (Wu &
/// He 2018). `flax.nnx.GroupNorm`.
///
/// ```
/// use nnx::{DType, nn::GroupNorm, random, random::Rngs};
///
/// let layer = GroupNorm::builder(8).num_groups(4).build(&mut Rngs::new(0));
/// let y = layer.forward(random::uniform(&random::key(0), [2, 5, 6, 8], DType::F32));
/// let groups = y.reshape([2, 30, 4, 2]);
/// assert!(groups.mean([1, 3]).abs().max(..).item::<f32>() < 1e-4);
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
    /// The function that brings input and parameters to one dtype, in the place of
    /// [`promote_dtype`](crate::nn::promote_dtype()).
    #[module(static)]
    pub promote_dtype: Option<PromoteDtype>,
    /// The axes over which the statistics are taken; all but the first if there are none.
    #[module(static)]
    pub reduction_axes: Option<Axes>,
    /// The axis of [`vmap`](crate::vmap()) over whose elements the statistics are taken, too.
    #[module(static)]
    pub axis_name: Option<&'static str>,
}

norm_builder! {
    /// Settings of a [`GroupNorm`].
    ///
    /// ```
    /// use nnx::{nn::GroupNorm, random::Rngs};
    ///
    /// let layer = GroupNorm::builder(8).group_size(2).use_bias(false).build(&mut Rngs::new(0));
    /// assert_eq!((layer.num_groups, layer.group_size), (4, 2));
    /// ```
    GroupNormBuilder: scale and bias;
    axes {
        /// The axes over which the statistics are taken: the last one, which is that of the features and taken over
        /// each group, and others. Default: all but the first, which is the batch.
        reduction_axes,
    }
    settings {
        /// The number of groups of neighbouring features. Default: 32.
        num_groups: usize = 32,
        /// A small number added to the variance to avoid division by 0. Default: 1e-6.
        epsilon: f64 = 1e-6,
    }
    optional {
        /// How many features are in a group, in place of `num_groups`.
        group_size: usize,
        /// The name of an axis of [`vmap`](crate::vmap()) over whose elements the statistics are taken, too.
        /// Default: none.
        axis_name: &'static str,
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
            promote_dtype: self.promote_dtype,
            reduction_axes: self.reduction_axes,
            axis_name: self.axis_name,
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
    /// ```
    /// use nnx::{Array, nn::GroupNorm, random::Rngs};
    ///
    /// let layer = GroupNorm::builder(4).num_groups(2).build(&mut Rngs::new(0));
    /// let y = layer.forward(Array::from([[1.0_f32, 3.0, 40.0, 20.0]]));
    /// let expected = Array::from([[-1.0_f32, 1.0, 1.0, -1.0]]);
    /// assert!((y - expected).abs().max(..).item::<f32>() < 1e-4);
    /// ```
    ///
    /// # Panics
    /// Panics if the last axis of `x` does not have size `num_features`, or is not among the axes of the statistics,
    /// or is the only one and these are not given, or if no axis has the name `axis_name` where it is called.
    #[track_caller]
    pub fn forward(&self, x: impl AsArray) -> Array {
        self.run(x.as_array(), None)
    }

    /// [`forward`](GroupNorm::forward), where only elements with a true `mask` count in the statistics. The mask
    /// broadcasts to `x`; where no element counts the result is NaN. `flax.nnx.GroupNorm` with `mask`.
    ///
    /// ```
    /// use nnx::{Array, nn::GroupNorm, random::Rngs};
    ///
    /// let layer = GroupNorm::builder(3).num_groups(1).build(&mut Rngs::new(0));
    /// let x = Array::from([[1.0_f32, 3.0, 1000.0]]);
    /// let y = layer.forward_masked(&x, Array::from([true, true, false]));
    /// let expected = Array::from([[-1.0_f32, 1.0]]);
    /// assert!((y.at((.., ..2)).get() - expected).abs().max(..).item::<f32>() < 1e-4);
    /// ```
    ///
    /// # Panics
    /// As [`forward`](GroupNorm::forward), and if the mask does not broadcast to the shape of `x`.
    #[track_caller]
    pub fn forward_masked(&self, x: impl AsArray, mask: impl AsArray) -> Array {
        self.run(x.as_array(), Some(mask.as_array()))
    }

    #[track_caller]
    fn run(&self, x: &Array, mask: Option<&Array>) -> Array {
        let call = called(self, "forward", &[x]);
        let feature = dim(LAYER, -1, x.aval());
        check_features(LAYER, x, &[feature], Some(self.num_groups * self.group_size));
        let between = self.between(x, feature);
        let norm = Normalization {
            layer: LAYER,
            scale: value(&self.scale),
            bias: value(&self.bias),
            epsilon: self.epsilon,
            dtype: self.dtype,
            promote_dtype: self.promote_dtype,
            features: &[feature],
        };
        call.returns(run(LAYER, x, mask, self.axis_name, |x, mask| {
            let mut grouped = x.shape()[..feature].to_vec();
            grouped.extend([self.num_groups, self.group_size]);
            let mask = mask.map(|mask| mask.broadcast_to(x.shape()).reshape(&grouped));
            // Of [batch, …, groups, group size] batch and groups stay.
            let dims: Vec<usize> = between.iter().copied().chain([feature + 1]).collect();
            let over =
                StatisticsOver { dims: &dims, mask: mask.as_ref(), axis_name: self.axis_name };
            norm.apply(x, [], |x, []| {
                let (mean, variance) =
                    over.statistics(&x.reshape(&grouped), self.use_fast_variance);
                let per_feature =
                    |stat: Array| stat.repeat(self.group_size, -1).insert_dims(&between);
                (Some(per_feature(mean)), per_feature(variance))
            })
        }))
    }

    /// The dimensions before the features over which the statistics are taken.
    #[track_caller]
    fn between(&self, x: &Array, feature: usize) -> Vec<usize> {
        let Some(axes) = &self.reduction_axes else {
            if feature == 0 {
                let aval = x.aval();
                invalid(LAYER, format!("the input {aval} needs a batch axis before the features"));
            }
            return (1..feature).collect();
        };
        let mut dims = dims_of(LAYER, axes, x);
        if dims.pop() != Some(feature) {
            let message =
                "the last axis, which is that of the features, must be among `reduction_axes`";
            invalid(LAYER, message.into());
        }
        dims
    }
}
