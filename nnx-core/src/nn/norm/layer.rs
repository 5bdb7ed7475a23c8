//! Layer normalization.

use super::super::builder::builder;
use super::super::dtypes::{promote, value};
use super::super::initializers;
use super::super::initializers::Initializer;
use super::{Affine, check_features, features, scale_and_bias, statistics};
use crate::array::{dim, one_program};
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
    /// What the normalized features are multiplied by, `[num_features]`.
    pub scale: Option<Param>,
    /// What is added to them then, `[num_features]`.
    pub bias: Option<Param>,
    /// What is added to the variance against division by 0.
    pub epsilon: f64,
    /// Whether the variance is E|x|² − |E x|².
    pub use_fast_variance: bool,
    /// The dtype of the result; by default the one in which input and parameters meet.
    pub dtype: Option<DType>,
}

builder! {
    /// Settings of a [`LayerNorm`].
    LayerNormBuilder;
    given { num_features: usize, }
    settings {
        /// What is added to the variance against division by 0. Default: 1e-6.
        epsilon: f64 = 1e-6,
        /// The dtype of the parameters. Default: f32.
        param_dtype: DType = DType::F32,
        /// Whether there is a bias. Default: true.
        use_bias: bool = true,
        /// Whether there is a scale. Default: true.
        use_scale: bool = true,
        /// How the bias starts. Default: zeros.
        bias_init: Initializer = initializers::zeros(),
        /// How the scale starts. Default: ones.
        scale_init: Initializer = initializers::ones(),
        /// Whether the variance is E|x|² − |E x|², which takes one pass over the data but loses
        /// digits where the mean is large. Default: true.
        use_fast_variance: bool = true,
    }
    optional {
        /// The dtype of the result. Default: the one in which input and parameters meet.
        dtype: DType,
    }
}

impl LayerNormBuilder {
    /// Makes the layer, with keys of the stream `params`.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> LayerNorm {
        let (scale, bias) = scale_and_bias(
            self.use_scale.then_some(&self.scale_init),
            self.use_bias.then_some(&self.bias_init),
            self.num_features,
            self.param_dtype,
            rngs,
        );
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
    /// When the last axis of `x` does not have size `num_features`.
    #[track_caller]
    pub fn forward(&self, x: &Array) -> Array {
        let feature = dim(LAYER, -1, x.aval());
        check_features(LAYER, x, feature, features([&self.scale, &self.bias]));
        one_program(LAYER, slice::from_ref(x), |args| self.normalize(&args[0], feature))
    }

    #[track_caller]
    fn normalize(&self, x: &Array, feature: usize) -> Array {
        let arrays = [Some(x), value(&self.scale), value(&self.bias)];
        let [Some(x), scale, bias] = promote(LAYER, arrays, self.dtype) else {
            unreachable!("arrays that were there stay")
        };
        let (mean, variance) = statistics(&x, &[feature], self.use_fast_variance);
        let affine = Affine {
            scale: scale.as_ref(),
            bias: bias.as_ref(),
            feature,
            dtype: self.dtype,
            epsilon: self.epsilon,
        };
        let [mean, variance] = [mean, variance].map(|stat| stat.insert_dims(&[feature]));
        affine.normalize(LAYER, &x, Some(&mean), &variance)
    }
}
