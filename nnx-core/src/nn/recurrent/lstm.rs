//! Long short-term memory.

use super::super::Linear;
use super::super::initializers::Initializer;
use super::super::layer::Activation;
use super::builder::gated_cell_builder;
use super::{FirstCarry, RNNCellBase, check_step, gates};
use crate::graph::Array;
use crate::module::called;
use crate::random::{RngStream, Rngs};
use crate::value::DType;

/// A cell of long short-term memory (Hochreiter & Schmidhuber 1997). `flax.nnx.LSTMCell`.
///
/// With the carry (c, h) and the input x:
/// i = σ(x·ii + h·hi), f = σ(x·if_ + h·hf), g = tanh(x·ig + h·hg), o = σ(x·io + h·ho),
/// c′ = f·c + i·g, h′ = o·tanh(c′); the maps of h have biases. The result is h′.
///
/// ```
/// use nnx::{DType, array, nn::{LSTMCell, RNN}, random::Rngs};
///
/// let cell = LSTMCell::new(4, 6, &mut Rngs::new(0));
/// let y = RNN::new(cell).forward(array::ones([3, 7, 4], DType::F32));
/// assert_eq!(y.shape(), [3, 7, 6]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct LSTMCell {
    /// From the input to the input gate.
    pub ii: Linear,
    /// From the input to the forget gate.
    pub if_: Linear,
    /// From the input to the candidate.
    pub ig: Linear,
    /// From the input to the output gate.
    pub io: Linear,
    /// From the hidden state to the input gate.
    pub hi: Linear,
    /// From the hidden state to the forget gate.
    pub hf: Linear,
    /// From the hidden state to the candidate.
    pub hg: Linear,
    /// From the hidden state to the output gate.
    pub ho: Linear,
    /// The activation function of the gates.
    pub gate_fn: Activation,
    /// The activation function of the candidate and the memory.
    pub activation_fn: Activation,
    /// The dtype of a first carry.
    pub param_dtype: DType,
    /// How a first carry starts; by default with zeros.
    #[module(static)]
    pub carry_init: Option<Initializer>,
}

/// A cell of long short-term memory with one product for all gates: the numbers of [`LSTMCell`] for
/// the same parameters, mostly faster up to some 2048 features. `flax.nnx.OptimizedLSTMCell`.
///
/// ```
/// use nnx::{DType, array, nn::{OptimizedLSTMCell, RNN}, random::Rngs};
///
/// let cell = OptimizedLSTMCell::new(4, 6, &mut Rngs::new(0));
/// let y = RNN::new(cell).forward(array::ones([3, 7, 4], DType::F32));
/// assert_eq!(y.shape(), [3, 7, 6]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct OptimizedLSTMCell {
    /// From the input to the gates i, f, g, o, side by side.
    pub dense_i: Linear,
    /// From the hidden state to the gates i, f, g, o, side by side.
    pub dense_h: Linear,
    /// The activation function of the gates.
    pub gate_fn: Activation,
    /// The activation function of the candidate and the memory.
    pub activation_fn: Activation,
    /// The dtype of a first carry.
    pub param_dtype: DType,
    /// How a first carry starts; by default with zeros.
    #[module(static)]
    pub carry_init: Option<Initializer>,
}

gated_cell_builder! {
    /// Settings of an [`LSTMCell`].
    ///
    /// ```
    /// use nnx::nn::{LSTMCell, RNNCellBase, identity, initializers};
    /// use nnx::{Array, random::Rngs};
    ///
    /// let settings = LSTMCell::builder(1, 1).activation_fn(identity);
    /// let zeros = initializers::zeros();
    /// let settings = settings.kernel_init(zeros.clone()).recurrent_kernel_init(zeros);
    /// let mut cell = settings.build(&mut Rngs::new(0));
    /// let (memory, hidden) = (Array::from([4.0_f32]), Array::from([0.0_f32]));
    /// let ((memory, hidden), _) = cell.forward((memory, hidden), &Array::from([1.0_f32]));
    /// assert_eq!(memory.to_vec::<f32>(), [2.0]); // every gate is sigmoid(0), a half
    /// assert_eq!(hidden.to_vec::<f32>(), [1.0]);
    /// ```
    LSTMCellBuilder LSTMCell
}
gated_cell_builder! {
    /// Settings of an [`OptimizedLSTMCell`].
    ///
    /// ```
    /// use nnx::nn::{OptimizedLSTMCell, hard_sigmoid, initializers};
    /// use nnx::{DType, random::Rngs};
    ///
    /// let settings = OptimizedLSTMCell::builder(4, 6).gate_fn(hard_sigmoid).dtype(DType::BF16);
    /// let cell = settings.kernel_init(initializers::he_normal()).build(&mut Rngs::new(0));
    /// assert_eq!(cell.dense_i.kernel.shape(), [4, 24]);
    /// ```
    OptimizedLSTMCellBuilder OptimizedLSTMCell
}

impl LSTMCellBuilder {
    /// Makes the cell, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if there are no features.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> LSTMCell {
        LSTMCell {
            ii: self.of_input(1, false, rngs),
            if_: self.of_input(1, false, rngs),
            ig: self.of_input(1, false, rngs),
            io: self.of_input(1, false, rngs),
            hi: self.of_hidden(1, true, rngs),
            hf: self.of_hidden(1, true, rngs),
            hg: self.of_hidden(1, true, rngs),
            ho: self.of_hidden(1, true, rngs),
            gate_fn: self.gate_fn,
            activation_fn: self.activation_fn,
            param_dtype: self.param_dtype,
            carry_init: self.carry_init,
        }
    }
}

impl OptimizedLSTMCellBuilder {
    /// Makes the cell, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if there are no features.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> OptimizedLSTMCell {
        OptimizedLSTMCell {
            dense_i: self.of_input(4, false, rngs),
            dense_h: self.of_hidden(4, true, rngs),
            gate_fn: self.gate_fn,
            activation_fn: self.activation_fn,
            param_dtype: self.param_dtype,
            carry_init: self.carry_init,
        }
    }
}

/// The next memory and hidden state, from the gates before their functions.
#[track_caller]
fn step(c: Array, [i, f, g, o]: [Array; 4], gate: Activation, activation: Activation) -> Carry {
    let (i, f) = (gate.forward(&i), gate.forward(&f));
    let (g, o) = (activation.forward(&g), gate.forward(&o));
    let c = f * c + i * g;
    let h = o * activation.forward(&c);
    (c, h)
}

type Carry = (Array, Array);

/// Memory and hidden state before the first step.
#[track_caller]
fn first(mut carry: FirstCarry<'_>) -> Carry {
    let c = carry.array();
    (c, carry.array())
}

/// The carry is the memory c and the hidden state h.
impl RNNCellBase for LSTMCell {
    type Carry = Carry;

    #[track_caller]
    fn forward(&mut self, (c, h): Carry, x: &Array) -> (Carry, Array) {
        let call = called(self, "forward", &[&c, &h, x]);
        check_step("LSTMCell", x, &self.ii, &h, &self.hi);
        let sums = [
            self.ii.forward(x) + self.hi.forward(&h),
            self.if_.forward(x) + self.hf.forward(&h),
            self.ig.forward(x) + self.hg.forward(&h),
            self.io.forward(x) + self.ho.forward(&h),
        ];
        let (c, h) = step(c, sums, self.gate_fn, self.activation_fn);
        call.returns(((c, h.clone()), h))
    }

    #[track_caller]
    fn initialize_carry(
        &self,
        input_shape: &[usize],
        rngs: &mut RngStream,
        carry_init: Option<&Initializer>,
    ) -> Carry {
        let init = carry_init.or(self.carry_init.as_ref());
        first(FirstCarry { input_shape, map: &self.hi, rngs, init, dtype: self.param_dtype })
    }
}

/// The carry is the memory c and the hidden state h.
impl RNNCellBase for OptimizedLSTMCell {
    type Carry = Carry;

    #[track_caller]
    fn forward(&mut self, (c, h): Carry, x: &Array) -> (Carry, Array) {
        let call = called(self, "forward", &[&c, &h, x]);
        check_step("OptimizedLSTMCell", x, &self.dense_i, &h, &self.dense_h);
        let sums = gates(&(self.dense_i.forward(x) + self.dense_h.forward(&h)));
        let (c, h) = step(c, sums, self.gate_fn, self.activation_fn);
        call.returns(((c, h.clone()), h))
    }

    #[track_caller]
    fn initialize_carry(
        &self,
        input_shape: &[usize],
        rngs: &mut RngStream,
        carry_init: Option<&Initializer>,
    ) -> Carry {
        let init = carry_init.or(self.carry_init.as_ref());
        first(FirstCarry { input_shape, map: &self.dense_h, rngs, init, dtype: self.param_dtype })
    }
}
