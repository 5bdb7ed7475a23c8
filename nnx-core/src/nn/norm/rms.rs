//! Normalization by the root of the mean square.

use super::super::arithmetic::PromoteDtype;
use super::super::dtypes::value;
use super::builder::norm_builder;
use super::{Normalization, StatisticsOver, check_features, dims_of, features, last_axis, run};
use crate::array::{AsArray, Axes};
use crate::graph::Array;
use crate::module::{Param, called};
use crate::random::Rngs;
use crate::value::DType;

/// Divides each example by the root of its mean square over the last axis, or others (Zhang & Sennrich 2019).
/// `flax.nnx.RMSNorm`, whose `use_fast_variance` changes nothing: no mean is subtracted.
///
/// ```
/// use nnx::{DType, nn::RMSNorm, random, random::Rngs};
///
/// let layer = RMSNorm::new(6, &mut Rngs::new(0));
/// let y = layer.forward(random::uniform(&random::key(0), [8, 6], DType::F32));
/// assert!((y.square().mean(-1) - 1.0).abs().max(..).item::<f32>() < 1e-2);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct RMSNorm {
    /// The factor of the normalized features, `[num_features]`.
    pub scale: Option<Param>,
    /// A small number added to the mean square to avoid division by 0.
    pub epsilon: f64,
    /// The dtype of the result; by default the promoted dtype of input and parameters.
    pub dtype: Option<DType>,
    /// The function that brings input and parameters to one dtype, in the place of
    /// [`promote_dtype`](crate::nn::promote_dtype()).
    #[module(static)]
    pub promote_dtype: Option<PromoteDtype>,
    /// The axes over which the statistics are taken.
    #[module(static)]
    pub reduction_axes: Axes,
    /// The axes of the features, whose sizes multiply to `num_features`.
    #[module(static)]
    pub feature_axes: Axes,
    /// The axis of [`vmap`](crate::vmap()) over whose elements the statistics are taken, too.
    #[module(static)]
    pub axis_name: Option<&'static str>,
}

norm_builder! {
    /// Settings of an [`RMSNorm`].
    ///
    /// ```
    /// use nnx::{DType, nn::RMSNorm, random::Rngs};
    ///
    /// let settings = RMSNorm::builder(6).use_scale(false).dtype(DType::BF16);
    /// let layer = settings.epsilon(1e-5).build(&mut Rngs::new(0));
    /// assert!(layer.scale.is_none());
    /// ```
    RMSNormBuilder: scale;
    axes {
        /// The axes over which the statistics are taken. Default: −1.
        reduction_axes,
        /// The axes of the features: the scale is reshaped to these axes, whose sizes multiply to `num_features`.
        /// Default: −1.
        feature_axes,
    }
    settings {
        /// A small number added to the mean square to avoid division by 0. Default: 1e-6.
        epsilon: f64 = 1e-6,
    }
    optional {
        /// The name of an axis of [`vmap`](crate::vmap()) over whose elements the statistics are taken, too.
        /// Default: none.
        axis_name: &'static str,
    }
}

impl RMSNormBuilder {
    /// Makes the layer, with a key of the stream `params`.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> RMSNorm {
        RMSNorm {
            scale: self.scale(rngs),
            epsilon: self.epsilon,
            dtype: self.dtype,
            promote_dtype: self.promote_dtype,
            reduction_axes: self.reduction_axes.unwrap_or_else(last_axis),
            feature_axes: self.feature_axes.unwrap_or_else(last_axis),
            axis_name: self.axis_name,
        }
    }
}

const LAYER: &str = "RMSNorm";

impl RMSNorm {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(num_features: usize, rngs: &mut Rngs) -> RMSNorm {
        RMSNorm::builder(num_features).build(rngs)
    }

    /// A layer with other settings.
    pub fn builder(num_features: usize) -> RMSNormBuilder {
        RMSNormBuilder::with_defaults(num_features)
    }

    /// `x` normalized, in its shape; with default axes `x` is `[…, num_features]`.
    ///
    /// ```
    /// use nnx::{Array, nn::RMSNorm, random::Rngs};
    ///
    /// let layer = RMSNorm::new(2, &mut Rngs::new(0));
    /// let y = layer.forward(Array::from([[1.0_f32, 7.0]])); // the mean square is 25
    /// assert!((y - Array::from([[0.2_f32, 1.4]])).abs().max(..).item::<f32>() < 1e-4);
    /// ```
    ///
    /// # Panics
    /// Panics if the sizes of the feature axes of `x` do not multiply to `num_features`, or if `x` has no axis of
    /// these numbers, or if no axis has the name `axis_name` where it is called.
    #[track_caller]
    pub fn forward(&self, x: impl AsArray) -> Array {
        self.run(x.as_array(), None)
    }

    /// [`forward`](RMSNorm::forward), where only elements with a true `mask` count in the statistics. The mask
    /// broadcasts to `x`; where no element counts the result is NaN. `flax.nnx.RMSNorm` with `mask`.
    ///
    /// ```
    /// use nnx::{Array, nn::RMSNorm, random::Rngs};
    ///
    /// let layer = RMSNorm::new(3, &mut Rngs::new(0));
    /// let x = Array::from([[1.0_f32, 7.0, 1000.0]]);
    /// let y = layer.forward_masked(&x, Array::from([true, true, false]));
    /// let expected = Array::from([[0.2_f32, 1.4]]);
    /// assert!((y.at((.., ..2)).get() - expected).abs().max(..).item::<f32>() < 1e-4);
    /// ```
    ///
    /// # Panics
    /// As [`forward`](RMSNorm::forward), and if the mask does not broadcast to the shape of `x`.
    #[track_caller]
    pub fn forward_masked(&self, x: impl AsArray, mask: impl AsArray) -> Array {
        self.run(x.as_array(), Some(mask.as_array()))
    }

    #[track_caller]
    fn run(&self, x: &Array, mask: Option<&Array>) -> Array {
        let call = called(self, "forward", &[x]);
        let feature_dims = dims_of(LAYER, &self.feature_axes, x);
        check_features(LAYER, x, &feature_dims, features([&self.scale, &None]));
        let dims = dims_of(LAYER, &self.reduction_axes, x);
        let norm = Normalization {
            layer: LAYER,
            scale: value(&self.scale),
            bias: None,
            epsilon: self.epsilon,
            dtype: self.dtype,
            promote_dtype: self.promote_dtype,
            features: &feature_dims,
        };
        call.returns(run(LAYER, x, mask, self.axis_name, |x, mask| {
            let over = StatisticsOver { dims: &dims, mask, axis_name: self.axis_name };
            norm.apply(x, [], |x, []| (None, over.mean_square(x).insert_dims(&dims)))
        }))
    }
}
