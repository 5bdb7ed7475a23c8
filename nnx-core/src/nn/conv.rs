//! Convolution.

use super::arithmetic::{
    Arithmetic, LayerConvolution, PromoteDtype, function_setting, promote_dtype_setting,
};
use super::builder::builder;
use super::checks::positive;
use super::dtypes::value;
use super::initializers;
use super::initializers::Initializer;
use crate::array::{
    AsArray, ConvOptions, IntoShape, PadMode, Padding, Precision, invalid, one_program, shape_of,
};
use crate::graph::Array;
use crate::module::{Metadata, Param, called};
use crate::random::Rngs;
use crate::value::DType;
use std::slice;

/// How a [`Conv`] treats the edges of its input.
///
/// A [`Padding`] becomes one, and so do a number (of zeros at each end of each spatial axis) and
/// pairs of numbers (before and after each spatial axis).
///
/// ```
/// use nnx::nn::{Conv, ConvPadding, initializers};
/// use nnx::{Array, random::Rngs};
///
/// let sums = |padding: ConvPadding| {
///     let settings = Conv::builder(1, 1, 3).kernel_init(initializers::ones());
///     let layer = settings.padding(padding).build(&mut Rngs::new(0));
///     layer.forward(Array::from([[1.0_f32], [2.0], [4.0]])).to_vec::<f32>()
/// };
/// assert_eq!(sums(ConvPadding::Causal), [1.0, 3.0, 7.0]); // of the inputs so far
/// assert_eq!(sums(ConvPadding::Circular), [7.0, 7.0, 7.0]);
/// assert_eq!(sums(ConvPadding::Reflect), [5.0, 7.0, 8.0]);
/// assert_eq!(sums(1.into()), [3.0, 7.0, 6.0]); // a zero at each end
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConvPadding {
    /// Zeros, as [`Padding`] says.
    Zeros(Padding),
    /// The input goes on with its other end; the result has the input's size (at stride 1).
    Circular,
    /// The input goes on mirrored at its edge elements; the result has the input's size (at stride
    /// 1).
    Reflect,
    /// Zeros before the input only, so that no result depends on later inputs; with one spatial
    /// axis.
    Causal,
}

impl From<Padding> for ConvPadding {
    fn from(padding: Padding) -> ConvPadding {
        ConvPadding::Zeros(padding)
    }
}

impl From<i64> for ConvPadding {
    fn from(both: i64) -> ConvPadding {
        ConvPadding::Zeros(Padding::Explicit(vec![(both, both)]))
    }
}

impl<const N: usize> From<[(i64, i64); N]> for ConvPadding {
    fn from(pairs: [(i64, i64); N]) -> ConvPadding {
        ConvPadding::Zeros(Padding::Explicit(pairs.into()))
    }
}

impl ConvPadding {
    /// With a pair for each spatial axis, where pairs are given; a single one counts for all.
    #[track_caller]
    pub(super) fn per_axis(self, layer: &str, n: usize) -> ConvPadding {
        match self {
            ConvPadding::Zeros(Padding::Explicit(pairs)) => {
                ConvPadding::Zeros(Padding::Explicit(per_axis(layer, "padding", pairs, n)))
            }
            other => other,
        }
    }
}

/// Convolution over the spatial axes of a channels-last input. `flax.nnx.Conv`.
///
/// ```
/// use nnx::{DType, array, array::Padding, nn::Conv, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let images = array::ones([2, 28, 28, 1], DType::F32);
/// let y = Conv::new(1, 32, [3, 3], &mut rngs).forward(&images);
/// assert_eq!(y.shape(), [2, 28, 28, 32]);
/// let valid = Conv::builder(1, 32, [3, 3]).strides(2).padding(Padding::Valid).build(&mut rngs);
/// assert_eq!(valid.forward(&images).shape(), [2, 13, 13, 32]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct Conv {
    /// `[spatial…, in_features / groups, out_features]`.
    pub kernel: Param,
    /// `[out_features]`.
    pub bias: Option<Param>,
    /// A factor of the kernel, in its shape: zeros and ones to switch weights off.
    pub mask: Option<Array>,
    /// How the kernel slides.
    #[module(static)]
    pub window: ConvWindow,
    /// The dtype to compute in; by default the promoted dtype of input and parameters.
    pub dtype: Option<DType>,
    /// How the layer multiplies.
    #[module(static)]
    pub arithmetic: Arithmetic,
}

/// How the kernel of a [`Conv`] slides.
///
/// ```
/// use nnx::{nn::Conv, random::Rngs};
///
/// let layer = Conv::builder(3, 8, [3, 3]).strides(2).build(&mut Rngs::new(0));
/// assert_eq!(layer.window.strides, [2, 2]); // one number has become one per spatial axis
/// assert_eq!(layer.window.kernel_dilation, [1, 1]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConvWindow {
    /// Steps of the kernel, one per spatial axis.
    pub strides: Vec<usize>,
    /// The padding around the input.
    pub padding: ConvPadding,
    /// The distance between neighbours in the input, one per spatial axis.
    pub input_dilation: Vec<usize>,
    /// The distance between neighbours in the kernel, one per spatial axis.
    pub kernel_dilation: Vec<usize>,
    /// In how many groups the features are convolved separately.
    pub feature_group_count: usize,
}

builder! {
    /// Settings of a [`Conv`].
    ///
    /// ```
    /// use nnx::{DType, array, nn::Conv, random::Rngs};
    ///
    /// // Depthwise: each feature by itself.
    /// let settings = Conv::builder(8, 8, [5]).feature_group_count(8).use_bias(false);
    /// let layer = settings.strides(2).build(&mut Rngs::new(0));
    /// assert_eq!(layer.kernel.shape(), [5, 1, 8]);
    /// assert_eq!(layer.forward(array::ones([2, 10, 8], DType::F32)).shape(), [2, 5, 8]);
    /// ```
    ConvBuilder;
    given { in_features: usize, out_features: usize, kernel_size: Vec<usize>, }
    hidden {
        strides: Vec<usize> = vec![1],
        input_dilation: Vec<usize> = vec![1],
        kernel_dilation: Vec<usize> = vec![1],
        padding: ConvPadding = ConvPadding::Zeros(Padding::Same),
        promote_dtype: Option<PromoteDtype> = None,
        conv_general_dilated: Option<LayerConvolution> = None,
    }
    settings {
        /// In how many groups the features are convolved separately. Default: 1.
        feature_group_count: usize = 1,
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
        /// A factor of the kernel, in its shape. Default: none.
        mask: Array,
        /// The dtype to compute in. Default: the promoted dtype of input and parameters.
        dtype: DType,
        /// The dtype of the product and of the sums in it. Default: that in which the layer computes.
        preferred_element_type: DType,
    }
}

promote_dtype_setting!(ConvBuilder);
function_setting!(ConvBuilder {
    /// The function that convolves. Default:
    /// [`conv_general_dilated`](crate::array::conv_general_dilated).
    conv_general_dilated: ConvGeneralDilatedFn as LayerConvolution
});

impl ConvBuilder {
    /// Steps of the kernel: one number for all spatial axes, or one for each. Default: 1.
    ///
    /// ```
    /// use nnx::{DType, array, nn::Conv, random::Rngs};
    ///
    /// let layer = Conv::builder(1, 4, [3, 3]).strides([1, 2]).build(&mut Rngs::new(0));
    /// assert_eq!(layer.forward(array::ones([8, 8, 1], DType::F32)).shape(), [8, 4, 4]);
    /// ```
    #[track_caller]
    pub fn strides(mut self, strides: impl IntoShape) -> ConvBuilder {
        self.strides = shape_of("Conv strides", strides);
        self
    }

    /// The distance between neighbours in the input: one number for all spatial axes, or one for each.
    /// Default: 1. Beside it `Padding::Same` is not defined: give another padding.
    ///
    /// ```
    /// use nnx::{Array, nn::{Conv, initializers}, random::Rngs};
    ///
    /// let settings = Conv::builder(1, 1, 1).input_dilation(2).kernel_init(initializers::ones());
    /// let layer = settings.padding(0).build(&mut Rngs::new(0));
    /// let y = layer.forward(Array::from([[1.0_f32], [2.0], [3.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [1.0, 0.0, 2.0, 0.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn input_dilation(mut self, dilation: impl IntoShape) -> ConvBuilder {
        self.input_dilation = shape_of("Conv input_dilation", dilation);
        self
    }

    /// The distance between neighbours in the kernel: one number for all spatial axes, or one for each.
    /// Default: 1.
    ///
    /// ```
    /// use nnx::{Array, nn::{Conv, initializers}, random::Rngs};
    ///
    /// let settings = Conv::builder(1, 1, 2).kernel_dilation(2).kernel_init(initializers::ones());
    /// let layer = settings.padding(0).build(&mut Rngs::new(0)); // sums of x[i] and x[i + 2]
    /// let y = layer.forward(Array::from([[1.0_f32], [2.0], [4.0], [8.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [5.0, 10.0]);
    /// ```
    #[track_caller]
    pub fn kernel_dilation(mut self, dilation: impl IntoShape) -> ConvBuilder {
        self.kernel_dilation = shape_of("Conv kernel_dilation", dilation);
        self
    }

    /// The padding around the input: a [`Padding`], a number of zeros, pairs of them, or a
    /// [`ConvPadding`]. Default: `Padding::Same`.
    ///
    /// ```
    /// use nnx::{DType, array, array::Padding, nn::{Conv, ConvPadding}, random::Rngs};
    ///
    /// let width = |padding: ConvPadding| {
    ///     let layer = Conv::builder(1, 1, 3).padding(padding).build(&mut Rngs::new(0));
    ///     layer.forward(array::ones([10, 1], DType::F32)).shape()[0]
    /// };
    /// assert_eq!(width(Padding::Valid.into()), 8);
    /// assert_eq!(width(2.into()), 12);
    /// assert_eq!(width([(3, 0)].into()), 11);
    /// ```
    pub fn padding(mut self, padding: impl Into<ConvPadding>) -> ConvBuilder {
        self.padding = padding.into();
        self
    }

    /// Makes the layer, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if a size is 0, the groups do not divide the features, a mask does not have the
    /// kernel's shape, or a list does not have one entry per spatial axis.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> Conv {
        let groups = self.feature_group_count;
        positive(
            LAYER,
            &[
                ("in_features", &[self.in_features]),
                ("out_features", &[self.out_features]),
                ("kernel_size", &self.kernel_size),
                ("feature_group_count", &[groups]),
                ("strides", &self.strides),
                ("input_dilation", &self.input_dilation),
                ("kernel_dilation", &self.kernel_dilation),
            ],
        );
        if ![self.in_features, self.out_features].iter().all(|n| n.is_multiple_of(groups)) {
            invalid(
                LAYER,
                format!(
                    "{groups} groups do not divide {} input and {} output features",
                    self.in_features, self.out_features
                ),
            );
        }
        let n = self.kernel_size.len();
        let window = ConvWindow {
            strides: per_axis(LAYER, "strides", self.strides, n),
            padding: self.padding.per_axis(LAYER, n),
            input_dilation: per_axis(LAYER, "input_dilation", self.input_dilation, n),
            kernel_dilation: per_axis(LAYER, "kernel_dilation", self.kernel_dilation, n),
            feature_group_count: groups,
        };
        if window.padding == ConvPadding::Causal && n != 1 {
            invalid(LAYER, format!("causal padding is for one spatial axis, not {n}"));
        }
        let mut shape = self.kernel_size;
        shape.extend([self.in_features / groups, self.out_features]);
        if let Some(mask) = self.mask.as_ref().filter(|mask| mask.shape() != shape) {
            let mask = mask.aval();
            invalid(LAYER, format!("the mask {mask} needs the kernel's shape {shape:?}"));
        }
        let kernel = self.kernel_init.call(&rngs.params(), &shape, self.param_dtype);
        let bias = self
            .use_bias
            .then(|| self.bias_init.call(&rngs.params(), self.out_features, self.param_dtype));
        Conv {
            kernel: Param::new(kernel).with_all_metadata(self.kernel_metadata),
            bias: bias.map(|bias| Param::new(bias).with_all_metadata(self.bias_metadata)),
            mask: self.mask,
            window,
            dtype: self.dtype,
            arithmetic: Arithmetic {
                precision: self.precision,
                preferred_element_type: self.preferred_element_type,
                promote_dtype: self.promote_dtype,
                conv_general_dilated: self.conv_general_dilated,
                ..Arithmetic::default()
            },
        }
    }
}

const LAYER: &str = "Conv";

/// One entry per spatial axis; a single one counts for all.
#[track_caller]
pub(super) fn per_axis<T: Clone + std::fmt::Debug>(
    layer: &str,
    what: &str,
    list: Vec<T>,
    n: usize,
) -> Vec<T> {
    match list.as_slice() {
        [all] => vec![all.clone(); n],
        list if list.len() == n => list.to_vec(),
        list => invalid(
            layer,
            format!("{what} {list:?} for {n} spatial axes: give one entry, or one for each axis"),
        ),
    }
}

impl Conv {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(
        in_features: usize,
        out_features: usize,
        kernel_size: impl IntoShape,
        rngs: &mut Rngs,
    ) -> Conv {
        Conv::builder(in_features, out_features, kernel_size).build(rngs)
    }

    /// A layer with other settings.
    #[track_caller]
    pub fn builder(
        in_features: usize,
        out_features: usize,
        kernel_size: impl IntoShape,
    ) -> ConvBuilder {
        let kernel_size = shape_of("Conv kernel_size", kernel_size);
        ConvBuilder::with_defaults(in_features, out_features, kernel_size)
    }

    /// `[batch…, spatial…, in_features]` to `[batch…, spatial…, out_features]`, with any number of
    /// batch axes, none included.
    ///
    /// ```
    /// use nnx::{Array, array::Padding, nn::Conv, random::Rngs};
    ///
    /// let mut layer = Conv::builder(1, 1, 3).padding(Padding::Valid).build(&mut Rngs::new(0));
    /// layer.kernel.set(Array::from([[[1.0_f32]], [[2.0]], [[4.0]]]));
    /// // The kernel is not turned around: 1 · 1 + 2 · 2 + 4 · 3.
    /// let y = layer.forward(Array::from([[1.0_f32], [2.0], [3.0], [4.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [17.0, 24.0]);
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
        let features = self.kernel.shape()[spatial] * self.window.feature_group_count;
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
        let (x, padding) = self.pad(x);
        let kernel = match &self.mask {
            Some(mask) => self.kernel.value() * mask,
            None => self.kernel.value().clone(),
        };
        let arrays = [Some(&x), Some(&kernel), value(&self.bias)];
        let [Some(x), Some(kernel), bias] = self.arithmetic.promote(LAYER, arrays, self.dtype)
        else {
            unreachable!("arrays that were there stay")
        };
        let options = ConvOptions {
            strides: self.window.strides.clone(),
            padding,
            lhs_dilation: self.window.input_dilation.clone(),
            rhs_dilation: self.window.kernel_dilation.clone(),
            feature_group_count: self.window.feature_group_count,
            ..ConvOptions::default()
        };
        let mut y = self.arithmetic.conv_general_dilated(&x, &kernel, options);
        if let Some(bias) = bias {
            y += bias;
        }
        if batch.len() == 1 {
            return y;
        }
        let shape: Vec<usize> = batch.iter().chain(&y.shape()[1..]).copied().collect();
        y.reshape(shape)
    }

    /// The input with the padding other than plain zeros, and the padding left to the convolution.
    #[track_caller]
    fn pad(&self, x: Array) -> (Array, Padding) {
        let extents: Vec<usize> = self
            .kernel
            .shape()
            .iter()
            .zip(&self.window.kernel_dilation)
            .map(|(&size, &dilation)| (size.max(1) - 1).saturating_mul(dilation))
            .collect();
        let mode = match &self.window.padding {
            ConvPadding::Zeros(padding) => return (x, padding.clone()),
            ConvPadding::Causal => {
                let before = i64::try_from(extents[0]).unwrap_or(i64::MAX);
                let pairs = [(0, 0), (before, 0), (0, 0)];
                return (x.pad(&pairs, 0), Padding::Valid);
            }
            ConvPadding::Circular => PadMode::Wrap,
            ConvPadding::Reflect => PadMode::Reflect,
        };
        // The smaller half comes before.
        let mut pairs = vec![(0, 0)];
        pairs.extend(extents.iter().map(|extent| (extent / 2, extent.div_ceil(2))));
        pairs.push((0, 0));
        if x.shape().iter().zip(&pairs).any(|(&size, &pair)| size == 0 && pair != (0, 0)) {
            invalid(LAYER, format!("the input {} has no places to go on with", x.aval()));
        }
        (x.pad_mode(&pairs, mode), Padding::Valid)
    }
}

/// Flattens the leading `n` axes into one, which appears if there is none.
pub(super) fn with_one_batch_axis(x: &Array, n: usize) -> Array {
    if n == 1 {
        return x.clone();
    }
    let size: usize = x.shape()[..n].iter().product();
    let shape: Vec<usize> = std::iter::once(size).chain(x.shape()[n..].iter().copied()).collect();
    x.reshape(shape)
}
