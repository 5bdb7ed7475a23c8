//! Gated recurrent units.

use super::super::Linear;
use super::super::initializers::Initializer;
use super::super::layer::Activation;
use super::builder::gated_cell_builder;
use super::{FirstCarry, RNNCellBase, check_step, gates};
use crate::graph::Array;
use crate::module::called;
use crate::random::{RngStream, Rngs};
use crate::value::DType;

/// A cell of gated recurrent units (Cho et al. 2014). `flax.nnx.GRUCell`.
///
/// With the carry h and the input x: r = σ(x·ir + h·hr), z = σ(x·iz + h·hz),
/// n = tanh(x·in + r·(h·hn)), h′ = (1 − z)·n + z·h; the maps of x have biases. The result is h′.
///
/// ```
/// use nnx::{DType, array, nn::{GRUCell, RNN}, random::Rngs};
///
/// let cell = GRUCell::new(4, 6, &mut Rngs::new(0));
/// let y = RNN::new(cell).forward(array::ones([3, 7, 4], DType::F32));
/// assert_eq!(y.shape(), [3, 7, 6]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct GRUCell {
    /// From the input to r, z, n, side by side.
    pub dense_i: Linear,
    /// From the hidden state to r, z, n, side by side.
    pub dense_h: Linear,
    /// The activation function of the gates.
    pub gate_fn: Activation,
    /// The activation function of the candidate.
    pub activation_fn: Activation,
    /// The dtype of a first carry.
    pub param_dtype: DType,
    /// How a first carry starts; by default with zeros.
    #[module(static)]
    pub carry_init: Option<Initializer>,
}

gated_cell_builder! {
    /// Settings of a [`GRUCell`].
    ///
    /// ```
    /// use nnx::nn::{GRUCell, RNNCellBase, hard_sigmoid, initializers, relu};
    /// use nnx::{Array, random::Rngs};
    ///
    /// let settings = GRUCell::builder(1, 1).gate_fn(hard_sigmoid).activation_fn(relu);
    /// let (ones, zeros) = (initializers::ones(), initializers::zeros());
    /// let settings = settings.kernel_init(ones).recurrent_kernel_init(zeros);
    /// let mut cell = settings.build(&mut Rngs::new(0));
    /// // z = hard_sigmoid(1.5) = 0.75 and n = 1.5: (1 - z) · n + z · h.
    /// let (h, _) = cell.forward(Array::from([4.0_f32]), &Array::from([1.5_f32]));
    /// assert_eq!(h.to_vec::<f32>(), [3.375]);
    /// ```
    GRUCellBuilder GRUCell
}

impl GRUCellBuilder {
    /// Makes the cell, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if there are no features.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> GRUCell {
        GRUCell {
            dense_i: self.of_input(3, true, rngs),
            dense_h: self.of_hidden(3, false, rngs),
            gate_fn: self.gate_fn,
            activation_fn: self.activation_fn,
            param_dtype: self.param_dtype,
            carry_init: self.carry_init,
        }
    }
}

/// The carry is the hidden state.
impl RNNCellBase for GRUCell {
    type Carry = Array;

    #[track_caller]
    fn forward(&mut self, h: Array, x: &Array) -> (Array, Array) {
        let call = called(self, "forward", &[&h, x]);
        check_step("GRUCell", x, &self.dense_i, &h, &self.dense_h);
        let [xr, xz, xn] = gates(&self.dense_i.forward(x));
        let [hr, hz, hn] = gates(&self.dense_h.forward(&h));
        let r = self.gate_fn.forward(&(xr + hr));
        let z = self.gate_fn.forward(&(xz + hz));
        let n = self.activation_fn.forward(&(xn + r * hn));
        let h = (1.0 - &z) * n + z * h;
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
