//! Gradient descent, and traces of past updates: momentum.

use super::hyper::{optimizer, transformation};
use super::{GradientTransformation, Params, ScaleByLearningRate, scale_by_learning_rate};
use nnx_derive::Module;

transformation! {
    Trace;
    /// Sums past updates, each weaker by `decay` at every step: trace = update + decay · trace.
    /// `optax.trace`.
    trace(decay: f64) {
        /// Looks one step ahead along the trace (Sutskever et al., "On the importance of
        /// initialization and momentum in deep learning", 2013).
        nesterov: bool = false,
    }
}

/// The sum of past updates for each parameter.
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct TraceState {
    /// In the parameters' shapes and dtypes.
    pub trace: Params,
}

impl GradientTransformation for Trace {
    type State = TraceState;

    fn init(&self, params: &Params) -> TraceState {
        TraceState { trace: params.zeros_like() }
    }

    fn update(&self, updates: Params, state: &mut TraceState, _: &Params) -> Params {
        let add = |trace: &Params| updates.zip(trace, |g, t| g + t * self.decay);
        state.trace = add(&state.trace);
        if self.nesterov { add(&state.trace) } else { state.trace.clone() }
    }
}

optimizer! {
    Sgd;
    /// Stochastic gradient descent. `optax.sgd`.
    sgd {
        /// Adds a trace of past updates that decays by this at each step, if there is one.
        momentum: Option<f64> = None,
        /// Nesterov's momentum in place of the plain one.
        nesterov: bool = false,
    }
    |o| -> (Option<Trace>, ScaleByLearningRate) {
        (
            o.momentum.map(|decay| trace(decay).nesterov(o.nesterov)),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}
