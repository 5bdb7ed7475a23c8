//! Layer normalization.

use super::super::dtypes::value;
use super::builder::norm_builder;
use super::{Normalization, features, last_axis, statistics};
use crate::array::one_program;
use crate::graph::Array;
use crate::module::Param;
use crate::random::Rngs;
use crate::value::DType;
use std::slice;

/// Normalizes each example over its last axis (Ba et al. 2016). `flax.nnx.LayerNorm`.
///
/// ```no_run
/// use nnx_core::{array, nn::LayerNorm, random::Rngs, DType};
///
/// let layer = LayerNorm::new(6, &mut Rngs::new(0));
/// let y = layer.forward(&array::ones([8, 6], DType::F32));
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct LayerNorm {
    /// The factor of the normalized features, `[num_features]`.
    pub scale: Option<Param>,
    /// The offset added after the factor, `[num_features]`.
    pub bias: Option<Param>,
    /// A small number added to the variance to avoid division by 0.
    pub epsilon: f64,
    /// Whether the variance is E|x|² − |E x|².
    pub use_fast_variance: bool,
    /// The dtype of the result; by default the promoted dtype of input and parameters.
    pub dtype: Option<DType>,
}

norm_builder! {
    /// Settings of a [`LayerNorm`].
    LayerNormBuilder: scale and bias;
    settings {
        /// A small number added to the variance to avoid division by 0. Default: 1e-6.
        epsilon: f64 = 1e-6,
    }
    optional {}
}

impl LayerNormBuilder {
    /// Makes the layer, with keys of the stream `params`.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> LayerNorm {
        let [scale, bias] = self.scale_and_bias(rngs);
        LayerNorm {
            scale,
            bias,
            epsilon: self.epsilon,
            use_fast_variance: self.use_fast_variance,
            dtype: self.dtype,
        }
    }
}

const LAYER: &str = "LayerNorm";

impl LayerNorm {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(num_features: usize, rngs: &mut Rngs) -> LayerNorm {
        LayerNorm::builder(num_features).build(rngs)
    }

    /// A layer with other settings.
    pub fn builder(num_features: usize) -> LayerNormBuilder {
        LayerNormBuilder::with_defaults(num_features)
    }

    /// `[…, num_features]`, normalized, in its shape.
    ///
    /// # Panics
    /// Panics if the last axis of `x` does not have size `num_features`.
    #[track_caller]
    pub fn forward(&self, x: &Array) -> Array {
        let feature = last_axis(LAYER, x, features([&self.scale, &self.bias]));
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
            let (mean, variance) =
                statistics(x, &[feature], self.use_fast_variance, |x| x.mean([feature]));
            let [mean, variance] = [mean, variance].map(|stat| stat.insert_dims(&[feature]));
            (Some(mean), variance)
        })
    }
}
