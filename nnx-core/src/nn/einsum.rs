//! A linear map written as an einsum.

use super::arithmetic::{Arithmetic, PromoteDtype, promote_dtype_setting};
use super::builder::builder;
use super::by_address::by_address;
use super::checks::positive;
use super::dtypes::value;
use super::initializers;
use super::initializers::Initializer;
use super::layer::layers;
use crate::array::{
    AsArray, DotOptions, IntoShape, Precision, einsum_of, invalid, one_program, shape_of,
};
use crate::graph::Array;
use crate::module::{Metadata, Param, called};
use crate::random::Rngs;
use crate::value::DType;
use std::slice;

const LAYER: &str = "Einsum";

/// The einsum of the input and a learned kernel, plus a bias. `flax.nnx.Einsum`.
///
/// ```
/// use nnx::{DType, array, nn::Einsum, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let layer = Einsum::builder("nta,hab->nthb", [8, 2, 4]).bias_shape([8, 4]).build(&mut rngs);
/// let y = layer.forward(array::ones([16, 11, 2], DType::F32));
/// assert_eq!(y.shape(), [16, 11, 8, 4]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct Einsum {
    /// The second operand.
    pub kernel: Param,
    /// In the result's order the axes of the kernel that stay.
    pub bias: Option<Param>,
    /// The operands' and the result's axes by letters, without spaces.
    pub einsum_str: String,
    /// The dtype to compute in; by default the promoted dtype of input and parameters.
    pub dtype: Option<DType>,
    /// How the layer multiplies.
    #[module(static)]
    pub arithmetic: Arithmetic,
    #[module(static)]
    einsum_op: Option<EinsumFunction>,
}

/// A function in the place of [`einsum_with`](crate::array::einsum_with): of the text, the operands and the layer's options.
///
/// ```
/// use nnx::{array, nn::EinsumOp};
///
/// let halved: EinsumOp = |text, operands, options| array::einsum_with(text, operands, options) * 0.5;
/// # let _ = halved;
/// ```
pub type EinsumOp = fn(&str, &[&Array], &DotOptions) -> Array;

by_address! {
    /// The function of an [`Einsum`].
    pub(in crate::nn) EinsumFunction(EinsumOp)
}

builder! {
    /// Settings of an [`Einsum`].
    ///
    /// ```
    /// use nnx::nn::{Einsum, initializers};
    /// use nnx::random::Rngs;
    ///
    /// let settings = Einsum::builder("...a,ab->...b", [3, 5]).bias_shape([5]);
    /// let layer = settings.kernel_init(initializers::he_normal()).build(&mut Rngs::new(0));
    /// assert_eq!(layer.bias.unwrap().shape(), [5]);
    /// ```
    EinsumBuilder;
    given { einsum_str: String, kernel_shape: Vec<usize>, }
    hidden {
        bias_shape: Option<Vec<usize>> = None,
        einsum_op: Option<EinsumFunction> = None,
        promote_dtype: Option<PromoteDtype> = None,
    }
    settings {
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

promote_dtype_setting!(EinsumBuilder);

impl EinsumBuilder {
    /// Adds a bias of this shape: the axes of the kernel that stay, in the result's order.
    /// Default: no bias.
    ///
    /// ```
    /// use nnx::{Array, nn::{Einsum, initializers}, random::Rngs};
    ///
    /// let settings = Einsum::builder("ab,bc->ca", [2, 3]).bias_init(initializers::ones());
    /// let mut layer = settings.bias_shape([3]).build(&mut Rngs::new(0)); // of the kernel's `c`
    /// layer.kernel.set(Array::from([[1.0_f32, 2.0, 3.0], [0.0; 3]]));
    /// let y = layer.forward(Array::from([[10.0_f32, 0.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [11.0, 21.0, 31.0]);
    /// ```
    #[track_caller]
    pub fn bias_shape(mut self, shape: impl IntoShape) -> EinsumBuilder {
        self.bias_shape = Some(shape_of("Einsum bias_shape", shape));
        self
    }

    /// A function that computes in the place of [`einsum`](crate::array::einsum), such as one that rounds the operands. The
    /// bias is added to its result. Default: `einsum`.
    ///
    /// ```
    /// use nnx::{Array, array, nn::{Einsum, initializers}, random::Rngs};
    ///
    /// let settings = Einsum::builder("ab,bc->ac", [2, 2]).kernel_init(initializers::ones());
    /// let settings = settings.einsum_op(|text, operands, _| array::einsum(text, operands) * 10.0);
    /// let y = settings.build(&mut Rngs::new(0)).forward(Array::from([[1.0_f32, 2.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [30.0, 30.0]);
    /// ```
    pub fn einsum_op(mut self, op: EinsumOp) -> EinsumBuilder {
        self.einsum_op = Some(EinsumFunction(op));
        self
    }

    /// Makes the layer, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics unless the text has exactly two operands and a result, and kernel and bias the axes
    /// that it says.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> Einsum {
        let einsum_str: String = self.einsum_str.split_whitespace().collect();
        positive(LAYER, &[("kernel_shape", &self.kernel_shape)]);
        check_shapes(&einsum_str, &self.kernel_shape, self.bias_shape.as_deref());
        let kernel = self.kernel_init.call(&rngs.params(), &self.kernel_shape, self.param_dtype);
        let bias = self
            .bias_shape
            .map(|shape| self.bias_init.call(&rngs.params(), &shape, self.param_dtype));
        Einsum {
            kernel: Param::new(kernel).with_all_metadata(self.kernel_metadata),
            bias: bias.map(|bias| Param::new(bias).with_all_metadata(self.bias_metadata)),
            einsum_str,
            dtype: self.dtype,
            arithmetic: Arithmetic {
                precision: self.precision,
                preferred_element_type: self.preferred_element_type,
                promote_dtype: self.promote_dtype,
                ..Arithmetic::default()
            },
            einsum_op: self.einsum_op,
        }
    }
}

/// The axes of input, kernel and result.
#[track_caller]
fn checked_terms(text: &str) -> [&str; 3] {
    if let Some((operands, result)) = text.split_once("->")
        && let Some((input, kernel)) = operands.split_once(',')
        && !kernel.contains(',')
    {
        return [input, kernel, result];
    }
    invalid(LAYER, format!("`{text}` needs exactly two operands and a result, as `ab,bc->ac`"))
}

/// Refuses a kernel and a bias that do not have the axes that the text says.
#[track_caller]
fn check_shapes(text: &str, kernel_shape: &[usize], bias_shape: Option<&[usize]>) {
    let [_, kernel, result] = checked_terms(text);
    let hidden = hidden(kernel, kernel_shape.len());
    let in_kernel = axes(kernel, hidden);
    if in_kernel.len() != kernel_shape.len() {
        invalid(LAYER, format!("`{text}`: `{kernel}` does not fit the kernel's {kernel_shape:?}"));
    }
    let stays = |axis: &EinsumAxis| {
        let at = in_kernel.iter().position(|kernel| kernel == axis)?;
        Some(kernel_shape[at])
    };
    let stay: Vec<usize> = axes(result, hidden).iter().filter_map(stays).collect();
    if bias_shape.is_some_and(|bias| bias != stay) {
        let bias = bias_shape.unwrap_or_default();
        invalid(
            LAYER,
            format!(
                "`{text}`: the bias {bias:?} needs the axes of the kernel {kernel_shape:?} that \
                 stay, which are {stay:?}"
            ),
        );
    }
}

/// For how many axes the ellipsis of a term stands that has `rank` in all.
fn hidden(term: &str, rank: usize) -> usize {
    (rank + 3).saturating_sub(term.len())
}

/// An axis: its letter, or its place in the ellipsis counted from the ellipsis' end.
#[derive(PartialEq, Eq)]
enum EinsumAxis {
    Letter(char),
    Ellipsis(usize),
}

/// The axes of a term; an ellipsis stands for `hidden` of them.
fn axes(term: &str, hidden: usize) -> Vec<EinsumAxis> {
    let letters = |text: &str| text.chars().map(EinsumAxis::Letter).collect::<Vec<_>>();
    match term.split_once("...") {
        None => letters(term),
        Some((before, after)) => {
            let ellipsis = (0..hidden).rev().map(EinsumAxis::Ellipsis);
            letters(before).into_iter().chain(ellipsis).chain(letters(after)).collect()
        }
    }
}

impl Einsum {
    /// The layer with default settings: without a bias.
    ///
    /// ```
    /// use nnx::{nn::Einsum, random::Rngs};
    ///
    /// let layer = Einsum::new("ntd,dhk->nthk", [16, 4, 8], &mut Rngs::new(0));
    /// assert!(layer.bias.is_none());
    /// ```
    #[track_caller]
    pub fn new(einsum_str: &str, kernel_shape: impl IntoShape, rngs: &mut Rngs) -> Einsum {
        Einsum::builder(einsum_str, kernel_shape).build(rngs)
    }

    /// A layer with other settings.
    #[track_caller]
    pub fn builder(einsum_str: &str, kernel_shape: impl IntoShape) -> EinsumBuilder {
        let shape = shape_of("Einsum kernel_shape", kernel_shape);
        EinsumBuilder::with_defaults(einsum_str.into(), shape)
    }

    /// The einsum of `x` and the kernel, plus the bias.
    ///
    /// ```
    /// use nnx::{Array, nn::Einsum, random::Rngs};
    ///
    /// let mut layer = Einsum::new("ab,cb->ac", [2, 2], &mut Rngs::new(0));
    /// layer.kernel.set(Array::from([[1.0_f32, 2.0], [3.0, 4.0]]));
    /// let y = layer.forward(Array::from([[1.0_f32, 0.0], [0.0, 10.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [1.0, 3.0, 20.0, 40.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not fit the text.
    #[track_caller]
    pub fn forward(&self, x: impl AsArray) -> Array {
        self.run(x.as_array())
    }

    #[track_caller]
    fn run(&self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        call.returns(one_program(LAYER, slice::from_ref(x), |args| {
            let arrays = [Some(&args[0]), Some(self.kernel.value()), value(&self.bias)];
            let [Some(x), Some(kernel), bias] = self.arithmetic.promote(LAYER, arrays, self.dtype)
            else {
                unreachable!("arrays that were there stay")
            };
            let options = self.arithmetic.dot_options();
            let y = match self.einsum_op {
                Some(op) => (op.0)(&self.einsum_str, &[&x, &kernel], &options),
                None => einsum_of(LAYER, &self.einsum_str, &[&x, &kernel], &options),
            };
            match bias {
                Some(bias) => {
                    let shape = self.bias_shape(y.rank());
                    y + bias.reshape(shape)
                }
                None => y,
            }
        }))
    }

    /// The bias's shape for a result of `rank` axes: those that the kernel lacks have size 1.
    #[track_caller]
    fn bias_shape(&self, rank: usize) -> Vec<usize> {
        let [_, kernel, result] = checked_terms(&self.einsum_str);
        let in_kernel = axes(kernel, hidden(kernel, self.kernel.rank()));
        let size = |axis: &EinsumAxis| {
            let at = in_kernel.iter().position(|kernel| kernel == axis);
            at.map_or(1, |at| self.kernel.shape()[at])
        };
        axes(result, hidden(result, rank)).iter().map(size).collect()
    }
}

layers!(Einsum);
