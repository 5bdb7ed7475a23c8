//! The plain recurrent cell.

use super::super::arithmetic::{PromoteDtype, promote_dtype_setting};
use super::super::builder::builder;
use super::super::initializers;
use super::super::initializers::Initializer;
use super::super::layer::{Activation, ActivationFn};
use super::super::{Linear, tanh};
use super::{FirstCarry, RNNCellBase, check_sizes, check_step};
use crate::graph::Array;
use crate::module::{Metadata, called};
use crate::random::{RngStream, Rngs};
use crate::value::DType;

/// The plain recurrent cell: h′ = tanh(x·`dense_i` + h·`dense_h`), and with `residual`
/// tanh(x·`dense_i` + h·`dense_h` + h); the map of x has a bias. The result is h′.
/// `flax.nnx.SimpleCell`.
///
/// ```
/// use nnx::{DType, array, nn::{RNN, SimpleCell}, random::Rngs};
///
/// let cell = SimpleCell::new(4, 6, &mut Rngs::new(0));
/// let y = RNN::new(cell).forward(array::ones([3, 7, 4], DType::F32));
/// assert_eq!(y.shape(), [3, 7, 6]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct SimpleCell {
    /// From the hidden state.
    pub dense_h: Linear,
    /// From the input.
    pub dense_i: Linear,
    /// Whether the hidden state itself is added.
    pub residual: bool,
    /// The activation function of the sum.
    pub activation_fn: Activation,
    /// The dtype of a first carry.
    pub param_dtype: DType,
    /// How a first carry starts; by default with zeros.
    #[module(static)]
    pub carry_init: Option<Initializer>,
}

builder! {
    /// Settings of a [`SimpleCell`].
    ///
    /// ```
    /// use nnx::nn::{RNN, SimpleCell, initializers, relu};
    /// use nnx::{Array, random::Rngs};
    ///
    /// // With these the cell sums its inputs, cut at 0 after each step.
    /// let ones = initializers::ones();
    /// let cell = SimpleCell::builder(1, 1).activation_fn(relu).kernel_init(ones.clone());
    /// let cell = cell.recurrent_kernel_init(ones).build(&mut Rngs::new(0));
    /// let y = RNN::new(cell).forward(Array::from([[[1.0_f32], [-2.0], [4.0]]]));
    /// assert_eq!(y.to_vec::<f32>(), [1.0, 0.0, 4.0]);
    /// ```
    SimpleCellBuilder;
    given { in_features: usize, hidden_features: usize, }
    hidden {
        activation_fn: Activation = Activation::new(tanh),
        promote_dtype: Option<PromoteDtype> = None,
    }
    settings {
        /// Whether the hidden state itself is added. Default: false.
        residual: bool = false,
        /// The dtype to compute in. Default: f32, as in Flax.
        dtype: DType = DType::F32,
        /// The dtype of the parameters and of a first carry. Default: f32.
        param_dtype: DType = DType::F32,
        /// How the map of the input starts. Default: [`lecun_normal`](initializers::lecun_normal).
        kernel_init: Initializer = initializers::lecun_normal(),
        /// How the map of the hidden state starts. Default:
        /// [`orthogonal`](initializers::orthogonal).
        recurrent_kernel_init: Initializer = initializers::orthogonal(1.0, -1),
        /// How the bias starts. Default: zeros.
        bias_init: Initializer = initializers::zeros(),
        /// Notes on the kernel of the map of the input. Default: none.
        kernel_metadata: Metadata = Metadata::default(),
        /// Notes on the kernel of the map of the hidden state. Default: none.
        recurrent_kernel_metadata: Metadata = Metadata::default(),
        /// Notes on the bias. Default: none.
        bias_metadata: Metadata = Metadata::default(),
    }
    optional {
        /// How a first carry starts. Default: zeros.
        carry_init: Initializer,
    }
}

promote_dtype_setting!(SimpleCellBuilder);

impl SimpleCellBuilder {
    /// The activation function of the sum. Default: [`tanh`].
    ///
    /// ```
    /// use nnx::nn::{RNNCellBase, SimpleCell, identity, initializers};
    /// use nnx::{Array, random::Rngs};
    ///
    /// let settings = SimpleCell::builder(1, 1).kernel_init(initializers::ones());
    /// let mut cell = settings.activation_fn(identity).build(&mut Rngs::new(0));
    /// let (_, y) = cell.forward(Array::from([0.0_f32]), &Array::from([3.0_f32]));
    /// assert_eq!(y.to_vec::<f32>(), [3.0]);
    /// ```
    pub fn activation_fn(mut self, f: ActivationFn) -> SimpleCellBuilder {
        self.activation_fn = Activation::new(f);
        self
    }

    /// Makes the cell, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if there are no features.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> SimpleCell {
        check_sizes("SimpleCell", self.in_features, self.hidden_features);
        let mut dense_h = Linear::builder(self.hidden_features, self.hidden_features)
            .use_bias(false)
            .dtype(self.dtype)
            .param_dtype(self.param_dtype)
            .kernel_init(self.recurrent_kernel_init)
            .kernel_metadata(self.recurrent_kernel_metadata)
            .build(rngs);
        let mut dense_i = Linear::builder(self.in_features, self.hidden_features)
            .dtype(self.dtype)
            .param_dtype(self.param_dtype)
            .kernel_init(self.kernel_init)
            .bias_init(self.bias_init)
            .kernel_metadata(self.kernel_metadata)
            .bias_metadata(self.bias_metadata)
            .build(rngs);
        for map in [&mut dense_h, &mut dense_i] {
            map.arithmetic.promote_dtype = self.promote_dtype;
        }
        SimpleCell {
            dense_h,
            dense_i,
            residual: self.residual,
            activation_fn: self.activation_fn,
            param_dtype: self.param_dtype,
            carry_init: self.carry_init,
        }
    }
}

impl SimpleCell {
    /// The cell with default settings.
    #[track_caller]
    pub fn new(in_features: usize, hidden_features: usize, rngs: &mut Rngs) -> SimpleCell {
        SimpleCell::builder(in_features, hidden_features).build(rngs)
    }

    /// A cell with other settings.
    pub fn builder(in_features: usize, hidden_features: usize) -> SimpleCellBuilder {
        SimpleCellBuilder::with_defaults(in_features, hidden_features)
    }
}

/// The carry is the hidden state.
impl RNNCellBase for SimpleCell {
    type Carry = Array;

    #[track_caller]
    fn forward(&mut self, h: Array, x: &Array) -> (Array, Array) {
        let call = called(self, "forward", &[&h, x]);
        check_step("SimpleCell", x, &self.dense_i, &h, &self.dense_h);
        let mut sum = self.dense_i.forward(x) + self.dense_h.forward(&h);
        if self.residual {
            sum += h;
        }
        let h = self.activation_fn.forward(&sum);
        call.returns((h.clone(), h))
    }

    #[track_caller]
    fn initialize_carry(
        &self,
        input_shape: &[usize],
        rngs: &mut RngStream,
        carry_init: Option<&Initializer>,
    ) -> Array {
        let init = carry_init.or(self.carry_init.as_ref());
        FirstCarry { input_shape, map: &self.dense_h, rngs, init, dtype: self.param_dtype }.array()
    }
}
