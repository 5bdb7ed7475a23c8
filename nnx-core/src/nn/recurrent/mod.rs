//! Recurrent networks: cells, and what runs them over sequences.

mod bidirectional;
mod gru;
mod lstm;
mod rnn;
mod simple;

pub use bidirectional::{Bidirectional, BidirectionalBuilder, MergeFn};
pub use gru::{GRUCell, GRUCellBuilder};
pub use lstm::{LSTMCell, LSTMCellBuilder, OptimizedLSTMCell, OptimizedLSTMCellBuilder};
pub use rnn::{RNN, RNNBuilder, RNNOptions, flip_sequences};
pub use simple::{SimpleCell, SimpleCellBuilder};

use super::initializers::Initializer;
use crate::array::invalid;
use crate::graph::Array;
use crate::module::Module;
use crate::random::RngStream;
use crate::value::DType;

/// One step of a recurrent network. `flax.nnx.RNNCellBase`.
///
/// ```
/// use nnx_core::nn::{Initializer, RNNCellBase};
/// use nnx_core::random::RngStream;
/// use nnx_core::{Array, DType, Module};
///
/// /// Sums its inputs.
/// #[derive(Module)]
/// # #[module(crate = nnx_core)]
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
///         carry_init: &Initializer,
///     ) -> Array {
///         carry_init.call(&rngs.next_key(), input_shape, DType::F32)
///     }
/// }
/// ```
pub trait RNNCellBase: Module {
    /// What goes from step to step: an array or a tree of arrays.
    type Carry: Module + Clone;

    /// The next carry and this step's result, from the carry and this step's input
    /// `[batch…, in_features]`.
    #[track_caller]
    fn forward(&mut self, carry: Self::Carry, inputs: &Array) -> (Self::Carry, Array);

    /// The carry before the first step, for inputs of one step of the shape `input_shape`. Takes a
    /// key for each array of the carry, whether `carry_init` needs one or not.
    #[track_caller]
    fn initialize_carry(
        &self,
        input_shape: &[usize],
        rngs: &mut RngStream,
        carry_init: &Initializer,
    ) -> Self::Carry;

    /// The number of trailing axes of a step's input that are features.
    fn num_feature_axes(&self) -> usize {
        1
    }
}

/// A hidden state `[batch…, hidden_features]`.
#[track_caller]
fn state(
    input_shape: &[usize],
    hidden_features: usize,
    rngs: &mut RngStream,
    init: &Initializer,
    dtype: DType,
) -> Array {
    let Some((_, batch)) = input_shape.split_last() else {
        invalid("initialize_carry", "the input of a step needs an axis of features".into())
    };
    let shape: Vec<usize> = batch.iter().copied().chain([hidden_features]).collect();
    init.call(&rngs.next_key(), shape, dtype)
}

/// Equal parts of the last axis.
#[track_caller]
fn gates<const N: usize>(x: &Array) -> [Array; N] {
    match <[Array; N]>::try_from(x.split(N, -1)) {
        Ok(parts) => parts,
        Err(_) => unreachable!("as many parts as were asked for"),
    }
}
