//! Recurrent networks: cells, and what runs them over sequences.

mod bidirectional;
mod builder;
mod gru;
mod lstm;
mod rnn;
mod simple;

pub use bidirectional::{Bidirectional, BidirectionalBuilder, MergeFn};
pub use gru::{GRUCell, GRUCellBuilder};
pub use lstm::{LSTMCell, LSTMCellBuilder, OptimizedLSTMCell, OptimizedLSTMCellBuilder};
pub use rnn::{RNN, RNNBuilder, RNNOptions, flip_sequences};
pub use simple::{SimpleCell, SimpleCellBuilder};

use super::checks::{last_axis, positive};
use super::initializers::Initializer;
use super::{Linear, initializers};
use crate::array::invalid;
use crate::graph::Array;
use crate::module::Module;
use crate::random::RngStream;
use crate::value::DType;

/// One step of a recurrent network. `flax.nnx.RNNCellBase`.
///
/// ```
/// use nnx::nn::{Initializer, RNNCellBase, initializers};
/// use nnx::random::RngStream;
/// use nnx::{Array, DType};
/// use nnx::Module;
///
/// /// Sums its inputs.
/// #[derive(Module)]
/// struct Sum;
///
/// impl RNNCellBase for Sum {
///     type Carry = Array;
///     fn forward(&mut self, carry: Array, inputs: &Array) -> (Array, Array) {
///         let sum = carry + inputs;
///         (sum.clone(), sum)
///     }
///     fn initialize_carry(
///         &self,
///         input_shape: &[usize],
///         rngs: &mut RngStream,
///         carry_init: Option<&Initializer>,
///     ) -> Array {
///         let init = carry_init.cloned().unwrap_or(initializers::zeros());
///         init.call(&rngs.next_key(), input_shape, DType::F32)
///     }
/// }
/// ```
pub trait RNNCellBase: Module {
    /// The state that goes from step to step: an array or a tree of arrays.
    type Carry: Module + Clone;

    /// The next carry and this step's result, from the carry and this step's input
    /// `[batch…, in_features]`.
    #[track_caller]
    fn forward(&mut self, carry: Self::Carry, inputs: &Array) -> (Self::Carry, Array);

    /// The carry before the first step, for inputs of one step of the shape `input_shape`: made by
    /// `carry_init`, else as the cell was told, else zeros. Takes a key for each array of the carry,
    /// whether its initializer needs one or not.
    #[track_caller]
    fn initialize_carry(
        &self,
        input_shape: &[usize],
        rngs: &mut RngStream,
        carry_init: Option<&Initializer>,
    ) -> Self::Carry;

    /// The number of trailing axes of a step's input that are features.
    fn num_feature_axes(&self) -> usize {
        1
    }
}

/// A maker of the arrays of a first carry.
struct FirstCarry<'a> {
    /// The shape of one step's input.
    input_shape: &'a [usize],
    /// The map of the hidden state.
    map: &'a Linear,
    rngs: &'a mut RngStream,
    /// Zeros if there is none.
    init: Option<&'a Initializer>,
    dtype: DType,
}

impl FirstCarry<'_> {
    /// The next array, `[batch…, hidden_features]`.
    #[track_caller]
    fn array(&mut self) -> Array {
        let Some((_, batch)) = self.input_shape.split_last() else {
            invalid("initialize_carry", "the input of a step needs an axis of features".into())
        };
        let mut shape = batch.to_vec();
        shape.push(self.map.kernel.shape()[0]);
        let key = self.rngs.next_key();
        self.init.unwrap_or(&initializers::zeros()).call(&key, shape, self.dtype)
    }
}

/// Refuses a cell without features.
#[track_caller]
fn check_sizes(cell: &str, in_features: usize, hidden_features: usize) {
    positive(cell, &[("in_features", &[in_features]), ("hidden_features", &[hidden_features])]);
}

/// Refuses an input and a hidden state that the cell's maps do not take.
#[track_caller]
fn check_step(cell: &str, x: &Array, of_input: &Linear, h: &Array, of_hidden: &Linear) {
    last_axis(cell, "the input", x, of_input.kernel.shape()[0]);
    last_axis(cell, "the hidden state", h, of_hidden.kernel.shape()[0]);
}

/// Equal parts of the last axis.
#[track_caller]
fn gates<const N: usize>(x: &Array) -> [Array; N] {
    match <[Array; N]>::try_from(x.split(N, -1)) {
        Ok(parts) => parts,
        Err(_) => unreachable!("as many parts as were asked for"),
    }
}
