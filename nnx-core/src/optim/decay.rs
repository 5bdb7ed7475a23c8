//! Weight decay.

use super::hyper::transformation;
use super::{GradientTransformation, Mask, Params};

transformation! {
    AddDecayedWeights;
    /// Adds `weight_decay` times each parameter to its update. `optax.add_decayed_weights`.
    add_decayed_weights(weight_decay: f64) {
        /// Which parameters decay.
        mask: Mask = Mask::everything(),
    }
}

impl GradientTransformation for AddDecayedWeights {
    type State = ();
    fn init(&self, params: &Params) {
        self.mask.check_takes_some("add_decayed_weights: the mask", params);
    }
    fn update(&self, updates: Params, _: &mut (), params: &Params) -> Params {
        if self.weight_decay == 0.0 {
            return updates;
        }
        let (params, _) = self.mask.split(params);
        let (decayed, others) = updates.split_like(&params);
        decayed.zip(&params, |g, p| g + p * self.weight_decay).union(others)
    }
}
