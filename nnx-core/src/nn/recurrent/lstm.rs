//! Long short-term memory.

use super::super::builder::builder;
use super::super::initializers;
use super::super::initializers::Initializer;
use super::super::layer::{Activation, ActivationFn};
use super::super::{Linear, sigmoid, tanh};
use super::{RNNCellBase, gates, state};
use crate::graph::Array;
use crate::random::{RngStream, Rngs};
use crate::value::DType;

/// A cell of long short-term memory (Hochreiter & Schmidhuber 1997). `flax.nnx.LSTMCell`.
///
/// With the carry (c, h) and the input x:
/// i = σ(x·ii + h·hi), f = σ(x·if_ + h·hf), g = tanh(x·ig + h·hg), o = σ(x·io + h·ho),
/// c′ = f·c + i·g, h′ = o·tanh(c′); the maps of h have biases. The result is h′.
///
/// ```no_run
/// use nnx_core::{array, nn::{LSTMCell, RNN}, random::Rngs, DType};
///
/// let cell = LSTMCell::new(4, 6, &mut Rngs::new(0));
/// let y = RNN::new(cell).forward(&array::ones([3, 7, 4], DType::F32)); // [3, 7, 6]
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
    /// What gates go through.
    pub gate_fn: Activation,
    /// What the candidate and the memory go through.
    pub activation_fn: Activation,
    /// The dtype of a first carry.
    pub param_dtype: DType,
}

/// A cell of long short-term memory with one product for all gates: the numbers of [`LSTMCell`] for
/// the same parameters, mostly faster up to some 2048 features. `flax.nnx.OptimizedLSTMCell`.
///
/// ```no_run
/// use nnx_core::{array, nn::{OptimizedLSTMCell, RNN}, random::Rngs, DType};
///
/// let cell = OptimizedLSTMCell::new(4, 6, &mut Rngs::new(0));
/// let y = RNN::new(cell).forward(&array::ones([3, 7, 4], DType::F32)); // [3, 7, 6]
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct OptimizedLSTMCell {
    /// From the input to the gates i, f, g, o, side by side.
    pub dense_i: Linear,
    /// From the hidden state to the gates i, f, g, o, side by side.
    pub dense_h: Linear,
    /// What gates go through.
    pub gate_fn: Activation,
    /// What the candidate and the memory go through.
    pub activation_fn: Activation,
    /// The dtype of a first carry.
    pub param_dtype: DType,
}

/// The builders of both cells, which have the same settings.
macro_rules! settings {
    ($(#[$doc:meta])* $builder:ident $cell:ident) => {
        builder! {
            $(#[$doc])*
            $builder;
            given { in_features: usize, hidden_features: usize, }
            hidden {
                gate_fn: Activation = Activation::new(sigmoid),
                activation_fn: Activation = Activation::new(tanh),
            }
            settings {
                /// The dtype of the parameters and of a first carry. Default: f32.
                param_dtype: DType = DType::F32,
                /// How the maps of the input start. Default:
                /// [`lecun_normal`](initializers::lecun_normal).
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

        impl $builder {
            /// What gates go through. Default: [`sigmoid`].
            pub fn gate_fn(mut self, f: ActivationFn) -> $builder {
                self.gate_fn = Activation::new(f);
                self
            }

            /// What the candidate and the memory go through. Default: [`tanh`].
            pub fn activation_fn(mut self, f: ActivationFn) -> $builder {
                self.activation_fn = Activation::new(f);
                self
            }

            /// A map of the input to `n` gates.
            #[track_caller]
            fn of_input(&self, n: usize, rngs: &mut Rngs) -> Linear {
                let mut map = Linear::builder(self.in_features, n * self.hidden_features)
                    .use_bias(false)
                    .param_dtype(self.param_dtype)
                    .kernel_init(self.kernel_init.clone())
                    .build(rngs);
                map.dtype = self.dtype;
                map
            }

            /// A map of the hidden state to `n` gates.
            #[track_caller]
            fn of_hidden(&self, n: usize, rngs: &mut Rngs) -> Linear {
                let mut map = Linear::builder(self.hidden_features, n * self.hidden_features)
                    .param_dtype(self.param_dtype)
                    .kernel_init(self.recurrent_kernel_init.clone())
                    .bias_init(self.bias_init.clone())
                    .build(rngs);
                map.dtype = self.dtype;
                map
            }
        }

        impl $cell {
            /// The cell with default settings.
            #[track_caller]
            pub fn new(in_features: usize, hidden_features: usize, rngs: &mut Rngs) -> $cell {
                $cell::builder(in_features, hidden_features).build(rngs)
            }

            /// A cell with other settings.
            pub fn builder(in_features: usize, hidden_features: usize) -> $builder {
                $builder::with_defaults(in_features, hidden_features)
            }
        }
    };
}

settings! {
    /// Settings of an [`LSTMCell`].
    LSTMCellBuilder LSTMCell
}
settings! {
    /// Settings of an [`OptimizedLSTMCell`].
    OptimizedLSTMCellBuilder OptimizedLSTMCell
}

impl LSTMCellBuilder {
    /// Makes the cell, with keys of the stream `params`.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> LSTMCell {
        LSTMCell {
            ii: self.of_input(1, rngs),
            if_: self.of_input(1, rngs),
            ig: self.of_input(1, rngs),
            io: self.of_input(1, rngs),
            hi: self.of_hidden(1, rngs),
            hf: self.of_hidden(1, rngs),
            hg: self.of_hidden(1, rngs),
            ho: self.of_hidden(1, rngs),
            gate_fn: self.gate_fn,
            activation_fn: self.activation_fn,
            param_dtype: self.param_dtype,
        }
    }
}

impl OptimizedLSTMCellBuilder {
    /// Makes the cell, with keys of the stream `params`.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> OptimizedLSTMCell {
        OptimizedLSTMCell {
            dense_i: self.of_input(4, rngs),
            dense_h: self.of_hidden(4, rngs),
            gate_fn: self.gate_fn,
            activation_fn: self.activation_fn,
            param_dtype: self.param_dtype,
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

/// The carry is the memory c and the hidden state h.
impl RNNCellBase for LSTMCell {
    type Carry = Carry;

    #[track_caller]
    fn forward(&mut self, (c, h): Carry, x: &Array) -> (Carry, Array) {
        let sums = [
            self.ii.forward(x) + self.hi.forward(&h),
            self.if_.forward(x) + self.hf.forward(&h),
            self.ig.forward(x) + self.hg.forward(&h),
            self.io.forward(x) + self.ho.forward(&h),
        ];
        let (c, h) = step(c, sums, self.gate_fn, self.activation_fn);
        ((c, h.clone()), h)
    }

    #[track_caller]
    fn initialize_carry(&self, shape: &[usize], rngs: &mut RngStream, init: &Initializer) -> Carry {
        let features = self.hi.kernel.shape()[0];
        let c = state(shape, features, rngs, init, self.param_dtype);
        (c, state(shape, features, rngs, init, self.param_dtype))
    }
}

/// The carry is the memory c and the hidden state h.
impl RNNCellBase for OptimizedLSTMCell {
    type Carry = Carry;

    #[track_caller]
    fn forward(&mut self, (c, h): Carry, x: &Array) -> (Carry, Array) {
        let sums = gates(&(self.dense_i.forward(x) + self.dense_h.forward(&h)));
        let (c, h) = step(c, sums, self.gate_fn, self.activation_fn);
        ((c, h.clone()), h)
    }

    #[track_caller]
    fn initialize_carry(&self, shape: &[usize], rngs: &mut RngStream, init: &Initializer) -> Carry {
        let features = self.dense_h.kernel.shape()[0];
        let c = state(shape, features, rngs, init, self.param_dtype);
        (c, state(shape, features, rngs, init, self.param_dtype))
    }
}
