//! A linear map of any axes.

use super::arithmetic::{
    Arithmetic, LayerProduct, PromoteDtype, dot_general_setting, promote_dtype_setting,
};
use super::builder::builder;
use super::checks::positive;
use super::dtypes::value;
use super::initializers;
use super::initializers::Initializer;
use super::layer::layers;
use crate::array::{AsArray, IntoAxes, IntoShape, Precision, dim, invalid, one_program, shape_of};
use crate::graph::Array;
use crate::module::{Metadata, Param, called};
use crate::random::Rngs;
use crate::value::{DType, saturating_product};
use std::slice;

const LAYER: &str = "LinearGeneral";

/// A linear map of several axes at once, to several others. `flax.nnx.LinearGeneral`.
///
/// ```
/// use nnx::{DType, array, nn::LinearGeneral, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let heads = LinearGeneral::new(2, [4, 5], &mut rngs);
/// let y = heads.forward(array::ones([7, 2], DType::F32));
/// assert_eq!(y.shape(), [7, 4, 5]);
/// let back = LinearGeneral::builder([4, 5], 2).axis([-2, -1]).build(&mut rngs);
/// assert_eq!(back.forward(&y).shape(), [7, 2]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct LinearGeneral {
    /// `[batch…, in_features…, out_features…]`.
    pub kernel: Param,
    /// `[batch…, out_features…]`.
    pub bias: Option<Param>,
    /// The axes of the input that are mapped.
    pub axis: Vec<isize>,
    /// The axes of the input with a kernel of their own for each element.
    pub batch_axis: Vec<isize>,
    /// The dtype to compute in; by default the promoted dtype of input and parameters.
    pub dtype: Option<DType>,
    /// How the layer multiplies.
    #[module(static)]
    pub arithmetic: Arithmetic,
}

builder! {
    /// Settings of a [`LinearGeneral`].
    ///
    /// ```
    /// use nnx::nn::{LinearGeneral, initializers};
    /// use nnx::random::Rngs;
    ///
    /// // From 4 heads of 8 back to 32 features.
    /// let settings = LinearGeneral::builder([4, 8], [32]).axis([-2, -1]);
    /// let settings = settings.use_bias(false).kernel_init(initializers::he_normal());
    /// assert_eq!(settings.build(&mut Rngs::new(0)).kernel.shape(), [4, 8, 32]);
    /// ```
    LinearGeneralBuilder;
    given { in_features: Vec<usize>, out_features: Vec<usize>, }
    hidden {
        axis: Vec<isize> = vec![-1],
        batch_axis: Vec<(usize, usize)> = vec![],
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
        /// The initializer of the kernel, as a matrix of all inputs and all outputs. Default:
        /// [`lecun_normal`](initializers::lecun_normal).
        kernel_init: Initializer = initializers::lecun_normal(),
        /// How the bias starts, as a vector. Default: zeros.
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

promote_dtype_setting!(LinearGeneralBuilder);
dot_general_setting!(LinearGeneralBuilder);

impl LinearGeneralBuilder {
    /// The axes of the input that are mapped, as many as `in_features`; they are taken in the order
    /// in which they appear in the input. Default: the last one.
    ///
    /// ```
    /// use nnx::{Array, nn::{LinearGeneral, initializers}, random::Rngs};
    ///
    /// let settings = LinearGeneral::builder([2], [1]).axis(0).kernel_init(initializers::ones());
    /// let layer = settings.build(&mut Rngs::new(0));
    /// let y = layer.forward(Array::from([[1.0_f32, 2.0], [3.0, 4.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [4.0, 6.0]); // sums of columns, not of rows
    /// ```
    pub fn axis(mut self, axis: impl IntoAxes) -> LinearGeneralBuilder {
        self.axis = axis.into_axes().axes.unwrap_or_default();
        self
    }

    /// The leading axes of the input with a kernel of their own for each element, and their sizes:
    /// `[(0, 8)]`. Default: none.
    ///
    /// ```
    /// use nnx::{Array, nn::LinearGeneral, random::Rngs};
    ///
    /// // Two experts, each with a kernel [2, 1].
    /// let settings = LinearGeneral::builder([2], [1]).batch_axis([(0, 2)]);
    /// let mut layer = settings.build(&mut Rngs::new(0));
    /// layer.kernel.set(Array::from([[[1.0_f32], [0.0]], [[0.0], [10.0]]]));
    /// let y = layer.forward(Array::from([[1.0_f32, 2.0], [3.0, 4.0]]));
    /// assert_eq!(y.to_vec::<f32>(), [1.0, 40.0]);
    /// ```
    pub fn batch_axis(mut self, axes: impl Into<Vec<(usize, usize)>>) -> LinearGeneralBuilder {
        self.batch_axis = axes.into();
        self
    }

    /// Makes the layer, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if a size is 0, there are not as many axes as `in_features`, or the batch axes are not
    /// the leading ones.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> LinearGeneral {
        let (inputs, outputs) = (self.in_features, self.out_features);
        positive(LAYER, &[("in_features", &inputs), ("out_features", &outputs)]);
        if inputs.len() != self.axis.len() {
            let axis = self.axis;
            invalid(
                LAYER,
                format!(
                    "`in_features` {inputs:?} need as many axes of the input, not {axis:?}: name \
                     them with `.axis(…)`"
                ),
            );
        }
        let mut batch = self.batch_axis;
        batch.sort_unstable();
        if batch.iter().enumerate().any(|(i, &(axis, _))| i != axis) {
            let axes: Vec<usize> = batch.iter().map(|&(axis, _)| axis).collect();
            invalid(LAYER, format!("the batch axes are the leading ones, from 0 on, not {axes:?}"));
        }
        let batch_shape: Vec<usize> = batch.iter().map(|&(_, size)| size).collect();
        let flat = [[&batch_shape[..], &inputs].concat(), outputs.clone()];
        let flat = flat.map(|sizes| saturating_product(&sizes));
        let kernel = self.kernel_init.call(&rngs.params(), flat, self.param_dtype);
        let shape: Vec<usize> = [&batch_shape[..], &inputs, &outputs].concat();
        let bias = self.use_bias.then(|| {
            let shape = [batch_shape, outputs].concat();
            let flat = saturating_product(&shape);
            self.bias_init.call(&rngs.params(), flat, self.param_dtype).reshape(shape)
        });
        LinearGeneral {
            kernel: Param::new(kernel.reshape(shape)).with_all_metadata(self.kernel_metadata),
            bias: bias.map(|bias| Param::new(bias).with_all_metadata(self.bias_metadata)),
            axis: self.axis,
            batch_axis: batch.iter().map(|&(axis, _)| axis as isize).collect(),
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

impl LinearGeneral {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(
        in_features: impl IntoShape,
        out_features: impl IntoShape,
        rngs: &mut Rngs,
    ) -> LinearGeneral {
        LinearGeneral::builder(in_features, out_features).build(rngs)
    }

    /// A layer with other settings.
    #[track_caller]
    pub fn builder(
        in_features: impl IntoShape,
        out_features: impl IntoShape,
    ) -> LinearGeneralBuilder {
        let inputs = shape_of("LinearGeneral in_features", in_features);
        LinearGeneralBuilder::with_defaults(
            inputs,
            shape_of("LinearGeneral out_features", out_features),
        )
    }

    /// The input without the axes that are mapped, and with the axes `out_features` at its end.
    ///
    /// ```
    /// use nnx::{Array, nn::LinearGeneral, random::Rngs};
    ///
    /// let mut layer = LinearGeneral::new([2], [2, 2], &mut Rngs::new(0));
    /// layer.kernel.set(Array::from([[[1.0_f32, 2.0], [3.0, 4.0]], [[0.0; 2]; 2]]));
    /// let y = layer.forward(Array::from([[10.0_f32, 1.0]]));
    /// assert_eq!(y.shape(), [1, 2, 2]);
    /// assert_eq!(y.to_vec::<f32>(), [10.0, 20.0, 30.0, 40.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if `x` lacks an axis, or its sizes are not those of the kernel.
    #[track_caller]
    pub fn forward(&self, x: impl AsArray) -> Array {
        self.run(x.as_array())
    }

    #[track_caller]
    fn run(&self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        let (axis, batch) = (sorted_dims(x, &self.axis), sorted_dims(x, &self.batch_axis));
        let sizes: Vec<usize> = batch.iter().chain(&axis).map(|&d| x.shape()[d]).collect();
        let mapped = sizes.len();
        if self.kernel.shape().get(..mapped) != Some(&sizes) {
            let (x, kernel) = (x.aval(), self.kernel.aval());
            invalid(
                LAYER,
                format!(
                    "the axes {axis:?} of the input {x} need the sizes of the kernel {kernel}, \
                     which are {:?} with {} batch axes first",
                    self.kernel.shape().get(..mapped).unwrap_or_default(),
                    batch.len()
                ),
            );
        }
        let kernel_batch: Vec<usize> = (0..batch.len()).collect();
        let contracted: Vec<usize> = (batch.len()..mapped).collect();
        call.returns(one_program(LAYER, slice::from_ref(x), |args| {
            let arrays = [Some(&args[0]), Some(self.kernel.value()), value(&self.bias)];
            let [Some(x), Some(kernel), bias] = self.arithmetic.promote(LAYER, arrays, self.dtype)
            else {
                unreachable!("arrays that were there stay")
            };
            let contract = (&*axis, &*contracted);
            let y = self.arithmetic.dot_general(&x, &kernel, contract, (&batch, &kernel_batch));
            let Some(bias) = bias else { return y };
            // Free axes of the input lie between the batch and the features.
            let free = x.rank() - mapped;
            let mut shape = bias.shape().to_vec();
            shape.splice(batch.len()..batch.len(), vec![1; free]);
            y + bias.reshape(shape)
        }))
    }
}

/// The axes in the order in which they appear in `x`.
#[track_caller]
fn sorted_dims(x: &Array, axes: &[isize]) -> Vec<usize> {
    let mut dims = Vec::with_capacity(axes.len());
    // A loop, as a closure would not know the caller's line.
    for &axis in axes {
        dims.push(dim(LAYER, axis, x.aval()));
    }
    dims.sort_unstable();
    dims
}

layers!(LinearGeneral);
