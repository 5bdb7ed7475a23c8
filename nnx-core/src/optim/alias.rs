//! The optimizers by their usual names: chains of the transformations.

use super::{
    AddDecayedWeights, GradientTransformation, LearningRate, Params, ScaleByAdam,
    ScaleByLearningRate, Trace, add_decayed_weights, scale_by_adam, scale_by_learning_rate, trace,
};
use nnx_derive::Module;

/// A named optimizer does what its chain does.
macro_rules! named {
    ($t:ty: $chain:ty) => {
        impl GradientTransformation for $t {
            type State = <$chain as GradientTransformation>::State;

            fn init(&self, params: &Params) -> Self::State {
                self.chain().init(params)
            }

            fn update(&self, updates: Params, state: &mut Self::State, params: &Params) -> Params {
                self.chain().update(updates, state, params)
            }
        }
    };
}

/// See [`sgd`].
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Sgd {
    learning_rate: LearningRate,
    momentum: Option<f64>,
    nesterov: bool,
}

/// Stochastic gradient descent. `optax.sgd`.
pub fn sgd(learning_rate: impl Into<LearningRate>) -> Sgd {
    Sgd { learning_rate: learning_rate.into(), momentum: None, nesterov: false }
}

impl Sgd {
    /// Adds a trace of past updates that decays by `momentum` at each step.
    pub fn momentum(self, momentum: f64) -> Self {
        Sgd { momentum: Some(momentum), ..self }
    }

    /// Nesterov's momentum in place of the plain one.
    pub fn nesterov(self, nesterov: bool) -> Self {
        Sgd { nesterov, ..self }
    }

    fn chain(&self) -> (Option<Trace>, ScaleByLearningRate) {
        (
            self.momentum.map(|decay| trace(decay).nesterov(self.nesterov)),
            scale_by_learning_rate(self.learning_rate.clone()),
        )
    }
}
named!(Sgd: (Option<Trace>, ScaleByLearningRate));

/// `None` passes updates on unchanged.
impl<T: GradientTransformation> GradientTransformation for Option<T> {
    type State = Option<T::State>;

    fn init(&self, params: &Params) -> Self::State {
        self.as_ref().map(|tx| tx.init(params))
    }

    fn update(&self, updates: Params, state: &mut Self::State, params: &Params) -> Params {
        match (self, state) {
            (Some(tx), Some(state)) => tx.update(updates, state, params),
            _ => updates,
        }
    }
}

/// See [`adam`].
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Adam {
    learning_rate: LearningRate,
    adam: ScaleByAdam,
}

/// Adam; b1 = 0.9, b2 = 0.999, eps = 1e-8 unless set. `optax.adam`.
///
/// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014.
pub fn adam(learning_rate: impl Into<LearningRate>) -> Adam {
    Adam { learning_rate: learning_rate.into(), adam: scale_by_adam() }
}

/// See [`adamw`].
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct AdamW {
    learning_rate: LearningRate,
    adam: ScaleByAdam,
    weight_decay: f64,
}

/// Adam with decoupled weight decay; as [`adam`], weight_decay = 1e-4 unless set. `optax.adamw`.
///
/// Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.
pub fn adamw(learning_rate: impl Into<LearningRate>) -> AdamW {
    AdamW { learning_rate: learning_rate.into(), adam: scale_by_adam(), weight_decay: 1e-4 }
}

/// The numbers that the relatives of Adam share.
macro_rules! adam_options {
    ($($t:ident),*) => {$(
        impl $t {
            /// Decay of the running mean of updates.
            pub fn b1(self, b1: f64) -> Self {
                $t { adam: self.adam.b1(b1), ..self }
            }
            /// Decay of the running mean of squared updates.
            pub fn b2(self, b2: f64) -> Self {
                $t { adam: self.adam.b2(b2), ..self }
            }
            /// Added to the root of the second moment.
            pub fn eps(self, eps: f64) -> Self {
                $t { adam: self.adam.eps(eps), ..self }
            }
            /// Added below the root of the second moment.
            pub fn eps_root(self, eps_root: f64) -> Self {
                $t { adam: self.adam.eps_root(eps_root), ..self }
            }
            /// Nesterov's momentum, as in NAdam.
            pub fn nesterov(self, nesterov: bool) -> Self {
                $t { adam: self.adam.nesterov(nesterov), ..self }
            }
        }
    )*};
}
adam_options!(Adam, AdamW);

impl Adam {
    fn chain(&self) -> (ScaleByAdam, ScaleByLearningRate) {
        (self.adam.clone(), scale_by_learning_rate(self.learning_rate.clone()))
    }
}
named!(Adam: (ScaleByAdam, ScaleByLearningRate));

impl AdamW {
    /// How strongly parameters are pulled to zero, in units of the learning rate.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        AdamW { weight_decay, ..self }
    }

    fn chain(&self) -> (ScaleByAdam, AddDecayedWeights, ScaleByLearningRate) {
        (
            self.adam.clone(),
            add_decayed_weights(self.weight_decay),
            scale_by_learning_rate(self.learning_rate.clone()),
        )
    }
}
named!(AdamW: (ScaleByAdam, AddDecayedWeights, ScaleByLearningRate));
