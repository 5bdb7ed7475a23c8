//! Weight decay.

use super::{GradientTransformation, Params};
use nnx_derive::Module;

/// See [`add_decayed_weights`].
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct AddDecayedWeights {
    weight_decay: f64,
}

/// Adds `weight_decay` times each parameter to its update. `optax.add_decayed_weights`.
pub fn add_decayed_weights(weight_decay: f64) -> AddDecayedWeights {
    AddDecayedWeights { weight_decay }
}

impl GradientTransformation for AddDecayedWeights {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), params: &Params) -> Params {
        if self.weight_decay == 0.0 {
            return updates;
        }
        updates.zip(params, |g, p| g + p * self.weight_decay)
    }
}
