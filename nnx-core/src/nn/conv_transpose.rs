//! Transposed convolution.

use super::arithmetic::{Arithmetic, PromoteDtype, promote_dtype_setting};
use super::builder::builder;
use super::checks::positive;
use super::conv::{ConvPadding, per_axis, with_one_batch_axis};
use super::dtypes::value;
use super::initializers;
use super::initializers::Initializer;
use super::layer::layers;
use crate::array::{
    AsArray, ConvTransposeOptions, IntoShape, Padding, Precision, conv_transpose, invalid,
    one_program, shape_of,
};
use crate::graph::Array;
use crate::module::{Metadata, Param, called};
use crate::random::Rngs;
use crate::value::DType;
use std::slice;

const LAYER: &str = "ConvTranspose";

/// Transposed convolution over the spatial axes of a channels-last input.
/// `flax.nnx.ConvTranspose`.
///
/// ```
/// use nnx::{DType, array, nn::ConvTranspose, random::Rngs};
///
/// let layer = ConvTranspose::builder(3, 5, [3, 3]).strides(2).build(&mut Rngs::new(0));
/// let y = layer.forward(array::ones([2, 8, 9, 3], DType::F32));
/// assert_eq!(y.shape(), [2, 16, 18, 5]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct ConvTranspose {
    /// `[spatial…, in_features, out_features]`; with `transpose_kernel` the features are exchanged.
    pub kernel: Param,
    /// `[out_features]`.
    pub bias: Option<Param>,
    /// Factors of the kernel's elements, in its shape: zeros and ones to switch weights off.
    pub mask: Option<Array>,
    /// How much larger the result is than the input, one per spatial axis.
    pub strides: Vec<usize>,
    /// The distance between neighbours in the kernel, one per spatial axis.
    pub kernel_dilation: Vec<usize>,
    /// The padding around the input.
    #[module(static)]
    pub padding: ConvPadding,
    /// Whether the kernel's spatial axes are reversed and its feature axes exchanged.
    pub transpose_kernel: bool,
    /// The dtype to compute in; by default the promoted dtype of input and parameters.
    pub dtype: Option<DType>,
    /// How the layer multiplies.
    #[module(static)]
    pub arithmetic: Arithmetic,
}

builder! {
    /// Settings of a [`ConvTranspose`].
    ///
    /// ```
    /// use nnx::{Array, array::Padding, nn::ConvTranspose, random::Rngs};
    ///
    /// let settings = ConvTranspose::builder(1, 1, 2).strides(2).padding(Padding::Valid);
    /// let mut layer = settings.transpose_kernel(true).build(&mut Rngs::new(0));
    /// layer.kernel.set(Array::from([[[1.0_f32]], [[2.0]]]));
    /// // Each input times the kernel; without `transpose_kernel` it would be turned around.
    /// let y = layer.forward(Array::from([[1.0_f32], [10.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [1.0, 2.0, 10.0, 20.0]);
    /// ```
    ConvTransposeBuilder;
    given { in_features: usize, out_features: usize, kernel_size: Vec<usize>, }
    hidden {
        strides: Vec<usize> = vec![1],
        kernel_dilation: Vec<usize> = vec![1],
        padding: ConvPadding = ConvPadding::Zeros(Padding::Same),
        promote_dtype: Option<PromoteDtype> = None,
    }
    settings {
        /// Whether the kernel's spatial axes are reversed and its feature axes exchanged, as the
        /// gradient of a convolution does. Default: false.
        transpose_kernel: bool = false,
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
        /// Factors of the kernel's elements, in its shape. Default: none.
        mask: Array,
        /// The dtype to compute in. Default: the promoted dtype of input and parameters.
        dtype: DType,
        /// The dtype of the product and of the sums in it. Default: that in which the layer computes.
        preferred_element_type: DType,
    }
}

promote_dtype_setting!(ConvTransposeBuilder);

impl ConvTransposeBuilder {
    /// How much larger the result is than the input: one number for all spatial axes, or one for
    /// each. Default: 1.
    ///
    /// ```
    /// use nnx::{DType, array, nn::ConvTranspose, random::Rngs};
    ///
    /// let layer = ConvTranspose::builder(1, 4, [3, 3]).strides([1, 2]).build(&mut Rngs::new(0));
    /// assert_eq!(layer.forward(array::ones([8, 8, 1], DType::F32)).shape(), [8, 16, 4]);
    /// ```
    #[track_caller]
    pub fn strides(mut self, strides: impl IntoShape) -> ConvTransposeBuilder {
        self.strides = shape_of("ConvTranspose strides", strides);
        self
    }

    /// The distance between neighbours in the kernel: one number for all spatial axes, or one for each.
    /// Default: 1.
    ///
    /// ```
    /// use nnx::{Array, array::Padding, nn::{ConvTranspose, initializers}, random::Rngs};
    ///
    /// let settings = ConvTranspose::builder(1, 1, 2).kernel_init(initializers::ones());
    /// let settings = settings.kernel_dilation(2).padding(Padding::Valid);
    /// let y = settings.build(&mut Rngs::new(0)).forward(Array::from([[1.0_f32], [10.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [1.0, 10.0, 1.0, 10.0]);
    /// ```
    #[track_caller]
    pub fn kernel_dilation(mut self, dilation: impl IntoShape) -> ConvTransposeBuilder {
        self.kernel_dilation = shape_of("ConvTranspose kernel_dilation", dilation);
        self
    }

    /// `Padding::Same`, `Padding::Valid` (those of the convolution that this one is the transpose
    /// of), a number or pairs of zeros that are added to the input itself, or
    /// `ConvPadding::Circular`. Default: `Padding::Same`.
    ///
    /// ```
    /// use nnx::{DType, array, array::Padding, nn::{ConvPadding, ConvTranspose}, random::Rngs};
    ///
    /// let width = |padding: ConvPadding| {
    ///     let layer = ConvTranspose::builder(1, 1, 3).strides(2).padding(padding);
    ///     layer.build(&mut Rngs::new(0)).forward(array::ones([5, 1], DType::F32)).shape()[0]
    /// };
    /// assert_eq!(width(Padding::Same.into()), 10);
    /// assert_eq!(width(Padding::Valid.into()), 11);
    /// ```
    pub fn padding(mut self, padding: impl Into<ConvPadding>) -> ConvTransposeBuilder {
        self.padding = padding.into();
        self
    }

    /// Makes the layer, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if a size is 0, a mask does not have the kernel's shape, a list does not have one entry
    /// per spatial axis, or the padding is causal or mirrored.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> ConvTranspose {
        if matches!(self.padding, ConvPadding::Causal | ConvPadding::Reflect) {
            let padding = self.padding;
            invalid(LAYER, format!("{padding:?} padding is not defined here: take another"));
        }
        positive(
            LAYER,
            &[
                ("in_features", &[self.in_features]),
                ("out_features", &[self.out_features]),
                ("kernel_size", &self.kernel_size),
                ("strides", &self.strides),
                ("kernel_dilation", &self.kernel_dilation),
            ],
        );
        let n = self.kernel_size.len();
        let mut shape = self.kernel_size;
        shape.extend(match self.transpose_kernel {
            true => [self.out_features, self.in_features],
            false => [self.in_features, self.out_features],
        });
        if let Some(mask) = self.mask.as_ref().filter(|mask| mask.shape() != shape) {
            let mask = mask.aval();
            invalid(LAYER, format!("the mask {mask} needs the kernel's shape {shape:?}"));
        }
        let kernel = self.kernel_init.call(&rngs.params(), &shape, self.param_dtype);
        let bias = self
            .use_bias
            .then(|| self.bias_init.call(&rngs.params(), self.out_features, self.param_dtype));
        ConvTranspose {
            kernel: Param::new(kernel).with_all_metadata(self.kernel_metadata),
            bias: bias.map(|bias| Param::new(bias).with_all_metadata(self.bias_metadata)),
            mask: self.mask,
            strides: per_axis(LAYER, "strides", self.strides, n),
            kernel_dilation: per_axis(LAYER, "kernel_dilation", self.kernel_dilation, n),
            padding: self.padding.per_axis(LAYER, n),
            transpose_kernel: self.transpose_kernel,
            dtype: self.dtype,
            arithmetic: Arithmetic {
                precision: self.precision,
                preferred_element_type: self.preferred_element_type,
                promote_dtype: self.promote_dtype,
                ..Arithmetic::default()
            },
        }
    }
}

impl ConvTranspose {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(
        in_features: usize,
        out_features: usize,
        kernel_size: impl IntoShape,
        rngs: &mut Rngs,
    ) -> ConvTranspose {
        ConvTranspose::builder(in_features, out_features, kernel_size).build(rngs)
    }

    /// A layer with other settings.
    #[track_caller]
    pub fn builder(
        in_features: usize,
        out_features: usize,
        kernel_size: impl IntoShape,
    ) -> ConvTransposeBuilder {
        let kernel_size = shape_of("ConvTranspose kernel_size", kernel_size);
        ConvTransposeBuilder::with_defaults(in_features, out_features, kernel_size)
    }

    /// `[batch…, spatial…, in_features]` to `[batch…, spatial…, out_features]`, with any number of
    /// batch axes, none included.
    ///
    /// ```
    /// use nnx::{Array, array::Padding, nn::ConvTranspose, random::Rngs};
    ///
    /// let settings = ConvTranspose::builder(1, 1, 2).strides(2).padding(Padding::Valid);
    /// let mut layer = settings.build(&mut Rngs::new(0));
    /// layer.kernel.set(Array::from([[[1.0_f32]], [[2.0]]]));
    /// let y = layer.forward(Array::from([[1.0_f32], [10.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [2.0, 1.0, 20.0, 10.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if `x` has too few axes or another number of features.
    #[track_caller]
    pub fn forward(&self, x: impl AsArray) -> Array {
        self.run(x.as_array())
    }

    #[track_caller]
    fn run(&self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        let spatial = self.kernel.rank() - 2;
        let features = self.kernel.shape()[spatial + usize::from(self.transpose_kernel)];
        if x.rank() < spatial + 1 || x.shape()[x.rank() - 1] != features {
            invalid(
                LAYER,
                format!(
                    "the input {} needs {spatial} spatial axes and then {features} features",
                    x.aval()
                ),
            );
        }
        call.returns(one_program(LAYER, slice::from_ref(x), |args| {
            self.convolve(&args[0], spatial)
        }))
    }

    #[track_caller]
    fn convolve(&self, x: &Array, spatial: usize) -> Array {
        let batch = &x.shape()[..x.rank() - spatial - 1];
        let x = with_one_batch_axis(x, batch.len());
        let kernel = match &self.mask {
            Some(mask) => self.kernel.value() * mask,
            None => self.kernel.value().clone(),
        };
        let arrays = [Some(&x), Some(&kernel), value(&self.bias)];
        let [Some(x), Some(kernel), bias] = self.arithmetic.promote(LAYER, arrays, self.dtype)
        else {
            unreachable!("arrays that were there stay")
        };
        let padding = match &self.padding {
            ConvPadding::Zeros(padding) => padding.clone(),
            _ => Padding::Valid,
        };
        let options = ConvTransposeOptions {
            strides: self.strides.clone(),
            padding,
            rhs_dilation: self.kernel_dilation.clone(),
            transpose_kernel: self.transpose_kernel,
            dimension_numbers: None,
            preferred_element_type: self.arithmetic.preferred_element_type,
            precision: self.arithmetic.precision,
        };
        let mut y = conv_transpose(&x, &kernel, &options);
        if self.padding == ConvPadding::Circular {
            let sizes = &x.shape()[1..=spatial];
            let periods = sizes.iter().zip(&self.strides).map(|(&n, &stride)| n * stride);
            for (i, period) in periods.enumerate() {
                y = self.wrap(&y, i + 1, period);
            }
        }
        if let Some(bias) = bias {
            y += bias;
        }
        if batch.len() == 1 {
            return y;
        }
        let shape: Vec<usize> = batch.iter().chain(&y.shape()[1..]).copied().collect();
        y.reshape(shape)
    }

    /// Folds dimension `d` into one period: zeros around it make whole periods, which are added.
    /// If the number of zeros is odd, the larger half goes before, as Flax aligns even kernels; with a
    /// transposed kernel after, as the transpose of a convolution has it.
    #[track_caller]
    fn wrap(&self, y: &Array, d: usize, period: usize) -> Array {
        if period == 0 {
            return y.clone();
        }
        let excess = y.shape()[d] as i64 - period as i64;
        let missing = (-excess).rem_euclid(2 * period as i64);
        let (small, large) = (missing / 2, missing - missing / 2);
        let mut pairs = vec![(0, 0); y.rank()];
        pairs[d] = if self.transpose_kernel { (small, large) } else { (large, small) };
        let y = y.pad(&pairs, 0);
        let mut shape = y.shape().to_vec();
        shape.splice(d..=d, [y.shape()[d] / period, period]);
        y.reshape(shape).sum(d)
    }
}

layers!(ConvTranspose);
