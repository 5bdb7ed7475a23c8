//! How a layer computes: precision, the dtype of its sums, and functions in the place of the usual ones.

use super::by_address::by_address;
use super::dtypes::promote;
use crate::array::{ConvOptions, DotOptions, Precision, conv_general_dilated, dot_general_with};
use crate::graph::Array;
use crate::value::DType;

/// How a layer multiplies, in its field `arithmetic`: the settings `precision`, `preferred_element_type` and
/// `promote_dtype` of its builder, as in Flax. A static part of the layer: others are other programs.
///
/// ```
/// use nnx::array::Precision;
/// use nnx::{nn::Linear, random::Rngs};
///
/// let settings = Linear::builder(3, 4).precision(Precision::High);
/// let mut layer = settings.build(&mut Rngs::new(0));
/// assert_eq!(layer.arithmetic.precision, Precision::High);
/// // Of a layer that is there.
/// layer.arithmetic.precision = Precision::Highest;
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Arithmetic {
    /// How exactly floats of 32 bits are multiplied on devices that have faster ways.
    pub precision: Precision,
    /// The dtype of the product and of the sums in it; by default that in which the layer computes.
    pub preferred_element_type: Option<DType>,
    /// The function that brings input and parameters to one dtype, in the place of
    /// [`promote_dtype`](super::promote_dtype()).
    pub promote_dtype: Option<PromoteDtype>,
    pub(super) dot_general: Option<LayerProduct>,
    pub(super) conv_general_dilated: Option<LayerConvolution>,
}

impl Arithmetic {
    pub(super) fn dot_options(self) -> DotOptions {
        DotOptions {
            preferred_element_type: self.preferred_element_type,
            precision: self.precision,
        }
    }

    /// The product of two arrays, by the layer's own function if it has one.
    #[track_caller]
    pub(super) fn dot_general(
        self,
        x: &Array,
        y: &Array,
        contract: (&[usize], &[usize]),
        batch: (&[usize], &[usize]),
    ) -> Array {
        let options = self.dot_options();
        match self.dot_general {
            Some(by) => (by.0)(x, y, contract, batch, &options),
            None => dot_general_with(x, y, contract, batch, &options),
        }
    }

    /// The convolution, by the layer's own function if it has one.
    #[track_caller]
    pub(super) fn conv_general_dilated(
        self,
        x: &Array,
        kernel: &Array,
        options: ConvOptions,
    ) -> Array {
        let Arithmetic { precision, preferred_element_type, .. } = self;
        let options = ConvOptions { precision, preferred_element_type, ..options };
        match self.conv_general_dilated {
            Some(by) => (by.0)(x, kernel, &options),
            None => conv_general_dilated(x, kernel, &options),
        }
    }

    /// All arrays in one dtype, by the layer's own function if it has one.
    #[track_caller]
    pub(super) fn promote<const N: usize>(
        self,
        layer: &str,
        arrays: [Option<&Array>; N],
        dtype: Option<DType>,
    ) -> [Option<Array>; N] {
        promote(layer, arrays, dtype, self.promote_dtype)
    }
}

/// A function that brings a layer's input and parameters to the dtype in which they meet, in the place of
/// [`promote_dtype`](super::promote_dtype): of the arrays that are there, in the order of Flax, and the layer's `dtype`; it
/// gives as many. It is a function and no closure, because a layer is compared with those of earlier calls to find
/// their compiled program, and closures cannot be compared.
///
/// ```
/// use nnx::nn::{Linear, PromoteDtypeFn, promote_dtype};
/// use nnx::{Array, random::Rngs};
///
/// // Rounds all to 3 bits of their fractions, as a device of lower precision would.
/// let rounded: PromoteDtypeFn = |arrays, dtype| {
///     promote_dtype(arrays, dtype).iter().map(|x| x.reduce_precision(8, 3)).collect()
/// };
/// let mut layer = Linear::builder(1, 1).promote_dtype(rounded).build(&mut Rngs::new(0));
/// layer.kernel.set(Array::from([[1.0_f32]]));
/// assert_eq!(layer.forward(Array::from([1.01_f32])).item::<f32>(), 1.0);
/// ```
pub type PromoteDtypeFn = fn(&[&Array], Option<DType>) -> Vec<Array>;

/// A [`PromoteDtypeFn`] as a part of a layer. Static data: functions are compared by their address.
///
/// ```
/// use nnx::nn::{LayerNorm, PromoteDtype, promote_dtype};
/// use nnx::{DType, array, random::Rngs};
///
/// let mut layer = LayerNorm::new(4, &mut Rngs::new(0));
/// layer.promote_dtype = Some(PromoteDtype::new(|arrays, _| promote_dtype(arrays, Some(DType::BF16))));
/// assert_eq!(layer.forward(array::ones([4], DType::F32)).dtype(), DType::BF16);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PromoteDtype(Promotion);

by_address! {
    /// The function of a [`PromoteDtype`].
    Promotion(PromoteDtypeFn)
}

impl PromoteDtype {
    /// The function `f` as a part of a layer, as the builders' `promote_dtype` makes it.
    ///
    /// ```
    /// use nnx::nn::{PromoteDtype, promote_dtype};
    ///
    /// let usual = PromoteDtype::new(promote_dtype);
    /// assert_eq!(usual, usual.clone());
    /// ```
    pub const fn new(f: PromoteDtypeFn) -> PromoteDtype {
        PromoteDtype(Promotion(f))
    }

    #[track_caller]
    pub(super) fn call(self, arrays: &[&Array], dtype: Option<DType>) -> Vec<Array> {
        (self.0.0)(arrays, dtype)
    }
}

/// A function in the place of [`dot_general_with`](crate::array::dot_general_with), such as one that rounds the operands to
/// 8 bits: of both operands, the pairs of axes that are contracted, those that are batched, and the layer's options. No
/// closure, as [`PromoteDtypeFn`]. Flax's `dot_general_cls`, a class that holds values, is a Module of your own here.
///
/// ```
/// use nnx::array::dot_general_with;
/// use nnx::nn::{DotGeneralFn, Linear};
/// use nnx::{Array, DType, random::Rngs};
///
/// let in_bf16: DotGeneralFn = |x, y, contract, batch, options| {
///     let [x, y] = [x, y].map(|of| of.astype(DType::BF16));
///     dot_general_with(x, y, contract, batch, options).astype(DType::F32)
/// };
/// let mut layer = Linear::builder(1, 1).dot_general(in_bf16).build(&mut Rngs::new(0));
/// layer.kernel.set(Array::from([[1.0_f32]]));
/// assert_eq!(layer.forward(Array::from([1.001_f32])).item::<f32>(), 1.0);
/// ```
pub type DotGeneralFn =
    fn(&Array, &Array, (&[usize], &[usize]), (&[usize], &[usize]), &DotOptions) -> Array;

by_address! {
    /// The product of a layer.
    pub(in crate::nn) LayerProduct(DotGeneralFn)
}

impl LayerProduct {
    pub(in crate::nn) fn new(f: DotGeneralFn) -> LayerProduct {
        LayerProduct(f)
    }
}

/// A function in the place of [`conv_general_dilated`](crate::array::conv_general_dilated): of input, kernel and the
/// layer's options. No closure, as [`PromoteDtypeFn`].
///
/// ```
/// use nnx::array::{Padding, conv_general_dilated};
/// use nnx::nn::{Conv, ConvGeneralDilatedFn, initializers};
/// use nnx::{Array, random::Rngs};
///
/// let doubled: ConvGeneralDilatedFn = |x, kernel, options| {
///     conv_general_dilated(x, kernel, options) * 2.0
/// };
/// let settings = Conv::builder(1, 1, 2).kernel_init(initializers::ones()).padding(Padding::Valid);
/// let layer = settings.conv_general_dilated(doubled).build(&mut Rngs::new(0));
/// assert_eq!(layer.forward(Array::from([[1.0_f32], [2.0]])).to_vec::<f32>(), [6.0]);
/// ```
pub type ConvGeneralDilatedFn = fn(&Array, &Array, &ConvOptions) -> Array;

by_address! {
    /// The convolution of a layer.
    pub(in crate::nn) LayerConvolution(ConvGeneralDilatedFn)
}

impl LayerConvolution {
    pub(in crate::nn) fn new(f: ConvGeneralDilatedFn) -> LayerConvolution {
        LayerConvolution(f)
    }
}

/// Writes the method of a builder that sets a function, kept by its address.
macro_rules! function_setting {
    ($builder:ident { $(#[$doc:meta])* $setting:ident: $function:ident as $kept:ident }) => {
        impl $builder {
            $(#[$doc])*
            pub fn $setting(mut self, f: $crate::nn::$function) -> $builder {
                self.$setting = Some($crate::nn::arithmetic::$kept::new(f));
                self
            }
        }
    };
}
pub(super) use function_setting;

/// Writes the method `promote_dtype` of a builder.
macro_rules! promote_dtype_setting {
    ($($builder:ident),*) => {$(
        $crate::nn::arithmetic::function_setting!($builder {
            /// The function that brings input and parameters to the dtype to compute in. Default:
            /// [`promote_dtype`](crate::nn::promote_dtype).
            promote_dtype: PromoteDtypeFn as PromoteDtype
        });
    )*};
}
pub(super) use promote_dtype_setting;

/// Writes the method `dot_general` of a builder.
macro_rules! dot_general_setting {
    ($($builder:ident),*) => {$(
        $crate::nn::arithmetic::function_setting!($builder {
            /// The function that multiplies. Default: [`dot_general_with`](crate::array::dot_general_with).
            dot_general: DotGeneralFn as LayerProduct
        });
    )*};
}
pub(super) use dot_general_setting;
