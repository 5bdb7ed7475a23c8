//! Weight decay.

use super::hyper::transformation;
use super::{GradientTransformation, Params};

transformation! {
    AddDecayedWeights;
    /// Adds `weight_decay` times each parameter to its update. `optax.add_decayed_weights`.
    add_decayed_weights(weight_decay: f64) {}
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
