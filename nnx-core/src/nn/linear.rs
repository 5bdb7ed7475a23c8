//! A linear map of the last axis.

use super::arithmetic::{
    Arithmetic, LayerProduct, PromoteDtype, dot_general_setting, promote_dtype_setting,
};
use super::builder::builder;
use super::checks::{last_axis, positive};
use super::dtypes::value;
use super::initializers;
use super::initializers::Initializer;
use crate::array::{AsArray, Precision, one_program};
use crate::graph::Array;
use crate::module::{Metadata, Param, called};
use crate::random::Rngs;
use crate::value::DType;
use std::slice;

/// x · kernel + bias over the last axis. `flax.nnx.Linear`.
///
/// ```
/// use nnx::{DType, array, nn::Linear, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let layer = Linear::new(5, 7, &mut rngs);
/// let y = layer.forward(array::ones([4, 5], DType::F32));
/// assert_eq!(y.shape(), [4, 7]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct Linear {
    /// `[in_features, out_features]`.
    pub kernel: Param,
    /// `[out_features]`.
    pub bias: Option<Param>,
    /// The dtype to compute in; by default the promoted dtype of input and parameters.
    pub dtype: Option<DType>,
    /// How the layer multiplies.
    #[module(static)]
    pub arithmetic: Arithmetic,
}

builder! {
    /// Settings of a [`Linear`].
    ///
    /// ```
    /// use nnx::nn::{Linear, initializers};
    /// use nnx::{DType, random::Rngs};
    ///
    /// let settings = Linear::builder(5, 7).use_bias(false).kernel_init(initializers::he_normal());
    /// let layer = settings.param_dtype(DType::BF16).build(&mut Rngs::new(0));
    /// assert!(layer.bias.is_none() && layer.kernel.dtype() == DType::BF16);
    /// ```
    LinearBuilder;
    given { in_features: usize, out_features: usize, }
    hidden {
        promote_dtype: Option<PromoteDtype> = None,
        dot_general: Option<LayerProduct> = None,
    }
    settings {
        /// Whether there is a bias. Default: true.
        use_bias: bool = true,
        /// The dtype of the parameters. Default: f32.
        param_dtype: DType = DType::F32,
        /// How exactly floats of 32 bits are multiplied on devices that have faster ways. Default: the fastest way.
        precision: Precision = Precision::Default,
        /// How the kernel starts. Default: [`lecun_normal`](initializers::lecun_normal).
        kernel_init: Initializer = initializers::lecun_normal(),
        /// How the bias starts. Default: zeros.
        bias_init: Initializer = initializers::zeros(),
        /// Notes on the kernel. Default: none.
        kernel_metadata: Metadata = Metadata::default(),
        /// Notes on the bias. Default: none.
        bias_metadata: Metadata = Metadata::default(),
    }
    optional {
        /// The dtype to compute in. Default: the promoted dtype of input and parameters.
        dtype: DType,
        /// The dtype of the product and of the sums in it. Default: that in which the layer computes.
        preferred_element_type: DType,
    }
}

promote_dtype_setting!(LinearBuilder);
dot_general_setting!(LinearBuilder);

impl LinearBuilder {
    /// Makes the layer, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if there are no features.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> Linear {
        positive(
            "Linear",
            &[("in_features", &[self.in_features]), ("out_features", &[self.out_features])],
        );
        let shape = [self.in_features, self.out_features];
        let kernel = self.kernel_init.call(&rngs.params(), shape, self.param_dtype);
        let bias = self
            .use_bias
            .then(|| self.bias_init.call(&rngs.params(), self.out_features, self.param_dtype));
        Linear {
            kernel: Param::new(kernel).with_all_metadata(self.kernel_metadata),
            bias: bias.map(|bias| Param::new(bias).with_all_metadata(self.bias_metadata)),
            dtype: self.dtype,
            arithmetic: Arithmetic {
                precision: self.precision,
                preferred_element_type: self.preferred_element_type,
                promote_dtype: self.promote_dtype,
                dot_general: self.dot_general,
                ..Arithmetic::default()
            },
        }
    }
}

impl Linear {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(in_features: usize, out_features: usize, rngs: &mut Rngs) -> Linear {
        Linear::builder(in_features, out_features).build(rngs)
    }

    /// A layer with other settings.
    pub fn builder(in_features: usize, out_features: usize) -> LinearBuilder {
        LinearBuilder::with_defaults(in_features, out_features)
    }

    /// `[…, in_features]` to `[…, out_features]`.
    ///
    /// ```
    /// use nnx::{Array, nn::Linear, random::Rngs};
    ///
    /// let mut layer = Linear::new(2, 3, &mut Rngs::new(0));
    /// layer.kernel.set(Array::from([[1.0_f32, 0.0, 2.0], [0.0, 1.0, 3.0]])); // [inputs, outputs]
    /// let y = layer.forward(Array::from([[1.0_f32, 2.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [1.0, 2.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the last axis of `x` does not have size `in_features`.
    #[track_caller]
    pub fn forward(&self, x: impl AsArray) -> Array {
        let x = x.as_array();
        let call = called(self, "forward", &[x]);
        call.returns(affine(x, &self.kernel, &self.bias, self.dtype, self.arithmetic))
    }
}

/// x · kernel + bias, in `dtype` or the promoted dtype of these.
#[track_caller]
pub(super) fn affine(
    x: &Array,
    kernel: &Param,
    bias: &Option<Param>,
    dtype: Option<DType>,
    arithmetic: Arithmetic,
) -> Array {
    last_axis("Linear", "the input", x, kernel.shape()[0]);
    one_program("Linear", slice::from_ref(x), |args| {
        let arrays = [Some(&args[0]), Some(kernel.value()), value(bias)];
        let [Some(x), Some(kernel), bias] = arithmetic.promote("Linear", arrays, dtype) else {
            unreachable!("arrays that were there stay")
        };
        let y = arithmetic.dot_general(&x, &kernel, (&[x.rank() - 1], &[0]), (&[], &[]));
        match bias {
            Some(bias) => y + bias,
            None => y,
        }
    })
}
