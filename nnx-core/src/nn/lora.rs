//! Low-rank adaptation.

use super::arithmetic::{
    Arithmetic, LayerProduct, PromoteDtype, dot_general_setting, function_setting,
    promote_dtype_setting,
};
use super::builder::builder;
use super::checks::{last_axis, positive};
use super::dtypes::promote;
use super::initializers;
use super::initializers::Initializer;
use super::layer::layers;
use super::linear::Linear;
use super::linear::affine;
use crate::array::{AsArray, Precision};
use crate::graph::Array;
use crate::module::{LoRAParam, Metadata, Param, called};
use crate::random::Rngs;
use crate::value::DType;

/// x · `lora_a` · `lora_b`: a linear map of low rank (Hu et al. 2021). `flax.nnx.LoRA`.
///
/// To adapt a layer of one's own, add the two results: `base.forward(x) + lora.forward(x)`, which
/// is what Flax's `base_module` does; [`LoRALinear`] does so for a [`Linear`].
///
/// ```
/// use nnx::{DType, array, nn::LoRA, random::Rngs};
///
/// let layer = LoRA::new(3, 2, 4, &mut Rngs::new(0)); // of rank 2
/// let y = layer.forward(array::ones([16, 3], DType::F32));
/// assert_eq!(y.shape(), [16, 4]);
/// assert_eq!(y.abs().max(..).item::<f32>(), 0.0); // `lora_b` starts with zeros
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct LoRA {
    /// `[in_features, lora_rank]`.
    pub lora_a: LoRAParam,
    /// `[lora_rank, out_features]`.
    pub lora_b: LoRAParam,
    /// The dtype to compute in; by default the promoted dtype of input and parameters.
    pub dtype: Option<DType>,
    /// The function that brings input and parameters to one dtype, in the place of
    /// [`promote_dtype`](crate::nn::promote_dtype()).
    #[module(static)]
    pub promote_dtype: Option<PromoteDtype>,
}

builder! {
    /// Settings of a [`LoRA`].
    ///
    /// ```
    /// use nnx::nn::{LoRA, initializers};
    /// use nnx::{DType, random::Rngs};
    ///
    /// let settings = LoRA::builder(3, 2, 4).a_initializer(initializers::normal(0.02));
    /// let layer = settings.param_dtype(DType::BF16).build(&mut Rngs::new(0));
    /// assert_eq!((layer.lora_a.shape(), layer.lora_b.dtype()), (&[3, 2][..], DType::BF16));
    /// ```
    LoRABuilder;
    given { in_features: usize, lora_rank: usize, out_features: usize, }
    hidden { promote_dtype: Option<PromoteDtype> = None, }
    settings {
        /// The dtype of the parameters. Default: f32.
        param_dtype: DType = DType::F32,
        /// How `lora_a` starts. Default: [`he_uniform`](initializers::he_uniform).
        a_initializer: Initializer = initializers::he_uniform(),
        /// How `lora_b` starts. Default: zeros, so that the layer starts as 0.
        b_initializer: Initializer = initializers::zeros(),
        /// Notes on `lora_a`. Default: none.
        a_metadata: Metadata = Metadata::default(),
        /// Notes on `lora_b`. Default: none.
        b_metadata: Metadata = Metadata::default(),
    }
    optional {
        /// The dtype to compute in. Default: the promoted dtype of input and parameters.
        dtype: DType,
    }
}

promote_dtype_setting!(LoRABuilder, LoRALinearBuilder);

impl LoRABuilder {
    /// Makes the layer, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if there are no features, or the rank is 0.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> LoRA {
        positive(
            "LoRA",
            &[
                ("in_features", &[self.in_features]),
                ("lora_rank", &[self.lora_rank]),
                ("out_features", &[self.out_features]),
            ],
        );
        let shapes = [[self.in_features, self.lora_rank], [self.lora_rank, self.out_features]];
        let a = self.a_initializer.call(&rngs.params(), shapes[0], self.param_dtype);
        let b = self.b_initializer.call(&rngs.params(), shapes[1], self.param_dtype);
        LoRA {
            lora_a: LoRAParam::new(a).with_all_metadata(self.a_metadata),
            lora_b: LoRAParam::new(b).with_all_metadata(self.b_metadata),
            dtype: self.dtype,
            promote_dtype: self.promote_dtype,
        }
    }
}

impl LoRA {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(in_features: usize, lora_rank: usize, out_features: usize, rngs: &mut Rngs) -> LoRA {
        LoRA::builder(in_features, lora_rank, out_features).build(rngs)
    }

    /// A layer with other settings.
    pub fn builder(in_features: usize, lora_rank: usize, out_features: usize) -> LoRABuilder {
        LoRABuilder::with_defaults(in_features, lora_rank, out_features)
    }

    /// `[…, in_features]` to `[…, out_features]`.
    ///
    /// ```
    /// use nnx::{Array, nn::LoRA, random::Rngs};
    ///
    /// let mut layer = LoRA::new(2, 1, 2, &mut Rngs::new(0));
    /// layer.lora_a.set(Array::from([[1.0_f32], [2.0]]));
    /// layer.lora_b.set(Array::from([[1.0_f32, 10.0]]));
    /// let y = layer.forward(Array::from([[3.0_f32, 4.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [11.0, 110.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the last axis of `x` does not have size `in_features`.
    #[track_caller]
    pub fn forward(&self, x: impl AsArray) -> Array {
        self.run(x.as_array())
    }

    #[track_caller]
    fn run(&self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        last_axis("LoRA", "the input", x, self.lora_a.shape()[0]);
        let arrays = [Some(x), Some(self.lora_a.value()), Some(self.lora_b.value())];
        let [Some(x), Some(a), Some(b)] = promote("LoRA", arrays, self.dtype, self.promote_dtype)
        else {
            unreachable!("arrays that were there stay")
        };
        call.returns(x.matmul(a).matmul(b))
    }
}

/// A [`Linear`] and a [`LoRA`] in parallel, whose results are added. `flax.nnx.LoRALinear`.
///
/// To train the low-rank part alone, choose the kind [`LoRAParam`](crate::module::LoRAParam) in
/// [`wrt`](crate::transform::wrt()) and in [`Optimizer::wrt`](crate::optim::Optimizer::wrt).
///
/// ```
/// use nnx::{DType, array, nn::LoRALinear, random::Rngs};
///
/// let layer = LoRALinear::new(3, 4, 2, &mut Rngs::new(0));
/// let y = layer.forward(array::ones([16, 3], DType::F32));
/// assert_eq!(y.shape(), [16, 4]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct LoRALinear {
    /// `[in_features, out_features]`.
    pub kernel: Param,
    /// `[out_features]`.
    pub bias: Option<Param>,
    /// The low-rank map.
    pub lora: LoRA,
    /// The dtype in which kernel and bias compute; by default the one in which input and
    /// parameters meet.
    pub dtype: Option<DType>,
    /// How the layer multiplies.
    #[module(static)]
    pub arithmetic: Arithmetic,
}

builder! {
    /// Settings of a [`LoRALinear`].
    ///
    /// ```
    /// use nnx::{DType, nn::LoRALinear, random::Rngs};
    ///
    /// let settings = LoRALinear::builder(3, 4, 2).param_dtype(DType::BF16).use_bias(false);
    /// let layer = settings.build(&mut Rngs::new(0));
    /// assert_eq!(layer.kernel.dtype(), DType::BF16);
    /// assert_eq!(layer.lora.lora_a.dtype(), DType::F32); // `lora_param_dtype`
    /// ```
    LoRALinearBuilder;
    given { in_features: usize, out_features: usize, lora_rank: usize, }
    hidden {
        promote_dtype: Option<PromoteDtype> = None,
        lora_promote_dtype: Option<PromoteDtype> = None,
        dot_general: Option<LayerProduct> = None,
    }
    settings {
        /// Whether there is a bias. Default: true.
        use_bias: bool = true,
        /// The dtype of kernel and bias. Default: f32.
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
        /// The dtype of the low-rank parameters. Default: f32.
        lora_param_dtype: DType = DType::F32,
        /// How `lora_a` starts. Default: [`he_uniform`](initializers::he_uniform).
        a_initializer: Initializer = initializers::he_uniform(),
        /// How `lora_b` starts. Default: zeros, so that the layer starts as its linear map.
        b_initializer: Initializer = initializers::zeros(),
        /// Notes on `lora_a`. Default: none.
        a_metadata: Metadata = Metadata::default(),
        /// Notes on `lora_b`. Default: none.
        b_metadata: Metadata = Metadata::default(),
    }
    optional {
        /// The dtype in which kernel and bias compute. Default: the one in which input and
        /// parameters meet.
        dtype: DType,
        /// The dtype in which the low-rank map computes. Default: the one in which input and
        /// parameters meet.
        lora_dtype: DType,
        /// The dtype of the product with the kernel and of the sums in it. Default: that in which the layer computes.
        preferred_element_type: DType,
    }
}

dot_general_setting!(LoRALinearBuilder);
function_setting!(LoRALinearBuilder {
    /// The function that brings input and low-rank parameters to the dtype to compute in. Default:
    /// [`promote_dtype`](crate::nn::promote_dtype).
    lora_promote_dtype: PromoteDtypeFn as PromoteDtype
});

impl LoRALinearBuilder {
    /// Makes the layer, with keys of the stream `params`: the linear map's first, so that it starts
    /// as a [`Linear`] made in its place.
    ///
    /// # Panics
    /// Panics if there are no features, or the rank is 0.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> LoRALinear {
        let mut linear = Linear::builder(self.in_features, self.out_features)
            .use_bias(self.use_bias)
            .param_dtype(self.param_dtype)
            .kernel_init(self.kernel_init)
            .bias_init(self.bias_init)
            .kernel_metadata(self.kernel_metadata)
            .bias_metadata(self.bias_metadata)
            .build(rngs);
        linear.dtype = self.dtype;
        linear.arithmetic = Arithmetic {
            precision: self.precision,
            preferred_element_type: self.preferred_element_type,
            promote_dtype: self.promote_dtype,
            dot_general: self.dot_general,
            ..Arithmetic::default()
        };
        let mut lora = LoRA::builder(self.in_features, self.lora_rank, self.out_features)
            .param_dtype(self.lora_param_dtype)
            .a_initializer(self.a_initializer)
            .b_initializer(self.b_initializer)
            .a_metadata(self.a_metadata)
            .b_metadata(self.b_metadata)
            .build(rngs);
        lora.dtype = self.lora_dtype;
        lora.promote_dtype = self.lora_promote_dtype;
        LoRALinear::adapt(linear, lora)
    }
}

impl LoRALinear {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(
        in_features: usize,
        out_features: usize,
        lora_rank: usize,
        rngs: &mut Rngs,
    ) -> LoRALinear {
        LoRALinear::builder(in_features, out_features, lora_rank).build(rngs)
    }

    /// A layer with other settings.
    pub fn builder(in_features: usize, out_features: usize, lora_rank: usize) -> LoRALinearBuilder {
        LoRALinearBuilder::with_defaults(in_features, out_features, lora_rank)
    }

    /// A layer that exists, such as a trained one, with a low-rank map in parallel.
    ///
    /// ```
    /// use nnx::nn::{Linear, LoRA, LoRALinear};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let trained = Linear::new(3, 4, &mut rngs);
    /// let adapted = LoRALinear::adapt(trained.clone(), LoRA::new(3, 2, 4, &mut rngs));
    /// let x = array::ones([5, 3], DType::F32);
    /// let difference = adapted.forward(&x) - trained.forward(&x); // none, until it is trained
    /// assert!(difference.abs().max(..).item::<f32>() < 1e-3);
    /// ```
    pub fn adapt(linear: Linear, lora: LoRA) -> LoRALinear {
        let Linear { kernel, bias, dtype, arithmetic } = linear;
        LoRALinear { kernel, bias, lora, dtype, arithmetic }
    }

    /// `[…, in_features]` to `[…, out_features]`.
    ///
    /// ```
    /// use nnx::{Array, nn::LoRALinear, random::Rngs};
    ///
    /// let mut layer = LoRALinear::new(1, 1, 1, &mut Rngs::new(0));
    /// layer.kernel.set(Array::from([[2.0_f32]]));
    /// layer.lora.lora_a.set(Array::from([[3.0_f32]]));
    /// layer.lora.lora_b.set(Array::from([[4.0_f32]]));
    /// assert_eq!(layer.forward(Array::from([10.0_f32])).to_vec::<f32>(), [140.0]); // 20 + 120
    /// ```
    ///
    /// # Panics
    /// Panics if the last axis of `x` does not have size `in_features`.
    #[track_caller]
    pub fn forward(&self, x: impl AsArray) -> Array {
        self.run(x.as_array())
    }

    #[track_caller]
    fn run(&self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        last_axis("LoRALinear", "the input", x, self.kernel.shape()[0]);
        let y = affine(x, &self.kernel, &self.bias, self.dtype, self.arithmetic);
        call.returns(y + self.lora.forward(x))
    }
}

layers!(LoRA, LoRALinear);
