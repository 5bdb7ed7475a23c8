//! Normalization by the root of the mean square.

use super::super::dtypes::value;
use super::builder::norm_builder;
use super::{Normalization, features, last_axis, mean_square};
use crate::array::one_program;
use crate::graph::Array;
use crate::module::Param;
use crate::random::Rngs;
use crate::value::DType;
use std::slice;

/// Divides each example by the root of its mean square over the last axis (Zhang & Sennrich 2019).
/// `flax.nnx.RMSNorm`.
///
/// ```no_run
/// use nnx_core::{array, nn::RMSNorm, random::Rngs, DType};
///
/// let layer = RMSNorm::new(6, &mut Rngs::new(0));
/// let y = layer.forward(&array::ones([8, 6], DType::F32));
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
}

norm_builder! {
    /// Settings of an [`RMSNorm`].
    RMSNormBuilder: scale;
    settings {
        /// A small number added to the mean square to avoid division by 0. Default: 1e-6.
        epsilon: f64 = 1e-6,
    }
    optional {}
}

impl RMSNormBuilder {
    /// Makes the layer, with a key of the stream `params`.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> RMSNorm {
        RMSNorm { scale: self.scale(rngs), epsilon: self.epsilon, dtype: self.dtype }
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

    /// `[…, num_features]`, normalized, in its shape.
    ///
    /// # Panics
    /// Panics if the last axis of `x` does not have size `num_features`.
    #[track_caller]
    pub fn forward(&self, x: &Array) -> Array {
        let feature = last_axis(LAYER, x, features([&self.scale, &None]));
        one_program(LAYER, slice::from_ref(x), |args| self.normalize(&args[0], feature))
    }

    #[track_caller]
    fn normalize(&self, x: &Array, feature: usize) -> Array {
        let norm = Normalization {
            layer: LAYER,
            scale: value(&self.scale),
            bias: None,
            epsilon: self.epsilon,
            dtype: self.dtype,
            feature,
        };
        norm.apply(x, [], |x, []| (None, mean_square(x, &[feature]).insert_dims(&[feature])))
    }
}
