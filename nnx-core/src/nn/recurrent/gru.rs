//! Gated recurrent units.

use super::super::builder::builder;
use super::super::initializers;
use super::super::initializers::Initializer;
use super::super::layer::{Activation, ActivationFn};
use super::super::{Linear, sigmoid, tanh};
use super::{RNNCellBase, gates, state};
use crate::graph::Array;
use crate::random::{RngStream, Rngs};
use crate::value::DType;

/// A cell of gated recurrent units (Cho et al. 2014). `flax.nnx.GRUCell`.
///
/// With the carry h and the input x: r = σ(x·ir + h·hr), z = σ(x·iz + h·hz),
/// n = tanh(x·in + r·(h·hn)), h′ = (1 − z)·n + z·h; the maps of x have biases. The result is h′.
///
/// ```no_run
/// use nnx_core::{array, nn::{GRUCell, RNN}, random::Rngs, DType};
///
/// let cell = GRUCell::new(4, 6, &mut Rngs::new(0));
/// let y = RNN::new(cell).forward(&array::ones([3, 7, 4], DType::F32)); // [3, 7, 6]
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct GRUCell {
    /// From the input to r, z, n, side by side.
    pub dense_i: Linear,
    /// From the hidden state to r, z, n, side by side.
    pub dense_h: Linear,
    /// What gates go through.
    pub gate_fn: Activation,
    /// What the candidate goes through.
    pub activation_fn: Activation,
    /// The dtype of a first carry.
    pub param_dtype: DType,
}

builder! {
    /// Settings of a [`GRUCell`].
    GRUCellBuilder;
    given { in_features: usize, hidden_features: usize, }
    hidden {
        gate_fn: Activation = Activation::new(sigmoid),
        activation_fn: Activation = Activation::new(tanh),
    }
    settings {
        /// The dtype of the parameters and of a first carry. Default: f32.
        param_dtype: DType = DType::F32,
        /// How the maps of the input start. Default: [`lecun_normal`](initializers::lecun_normal).
        kernel_init: Initializer = initializers::lecun_normal(),
        /// How the maps of the hidden state start. Default:
        /// [`orthogonal`](initializers::orthogonal).
        recurrent_kernel_init: Initializer = initializers::orthogonal(1.0, -1),
        /// How the biases start. Default: zeros.
        bias_init: Initializer = initializers::zeros(),
    }
    optional {
        /// The dtype to compute in. Default: the one in which input and parameters meet.
        dtype: DType,
    }
}

impl GRUCellBuilder {
    /// What gates go through. Default: [`sigmoid`].
    pub fn gate_fn(mut self, f: ActivationFn) -> GRUCellBuilder {
        self.gate_fn = Activation::new(f);
        self
    }

    /// What the candidate goes through. Default: [`tanh`].
    pub fn activation_fn(mut self, f: ActivationFn) -> GRUCellBuilder {
        self.activation_fn = Activation::new(f);
        self
    }

    /// Makes the cell, with keys of the stream `params`.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> GRUCell {
        let mut dense_i = Linear::builder(self.in_features, 3 * self.hidden_features)
            .param_dtype(self.param_dtype)
            .kernel_init(self.kernel_init)
            .bias_init(self.bias_init)
            .build(rngs);
        let mut dense_h = Linear::builder(self.hidden_features, 3 * self.hidden_features)
            .use_bias(false)
            .param_dtype(self.param_dtype)
            .kernel_init(self.recurrent_kernel_init)
            .build(rngs);
        (dense_i.dtype, dense_h.dtype) = (self.dtype, self.dtype);
        GRUCell {
            dense_i,
            dense_h,
            gate_fn: self.gate_fn,
            activation_fn: self.activation_fn,
            param_dtype: self.param_dtype,
        }
    }
}

impl GRUCell {
    /// The cell with default settings.
    #[track_caller]
    pub fn new(in_features: usize, hidden_features: usize, rngs: &mut Rngs) -> GRUCell {
        GRUCell::builder(in_features, hidden_features).build(rngs)
    }

    /// A cell with other settings.
    pub fn builder(in_features: usize, hidden_features: usize) -> GRUCellBuilder {
        GRUCellBuilder::with_defaults(in_features, hidden_features)
    }
}

/// The carry is the hidden state.
impl RNNCellBase for GRUCell {
    type Carry = Array;

    #[track_caller]
    fn forward(&mut self, h: Array, x: &Array) -> (Array, Array) {
        let [xr, xz, xn] = gates(&self.dense_i.forward(x));
        let [hr, hz, hn] = gates(&self.dense_h.forward(&h));
        let r = self.gate_fn.forward(&(xr + hr));
        let z = self.gate_fn.forward(&(xz + hz));
        let n = self.activation_fn.forward(&(xn + r * hn));
        let h = (1.0 - &z) * n + z * h;
        (h.clone(), h)
    }

    #[track_caller]
    fn initialize_carry(&self, shape: &[usize], rngs: &mut RngStream, init: &Initializer) -> Array {
        state(shape, self.dense_h.kernel.shape()[0], rngs, init, self.param_dtype)
    }
}
