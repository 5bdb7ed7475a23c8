//! Weight decay.

use super::hyper::transformation;
use super::{GradientTransformation, Hyperparam, Mask, Params};
use crate::array::Operand;

transformation! {
    AddDecayedWeights;
    /// Adds `weight_decay` times each parameter to its update. `optax.add_decayed_weights`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, add_decayed_weights, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([2.0_f32, -4.0]));
    /// let mut opt = Optimizer::new(&x, (add_decayed_weights(0.5), sgd(1.0)));
    /// opt.update(&mut x, &Param::new(Array::from([0.0_f32, 1.0])));
    /// // [2, −4] − ([0, 1] + 0.5 · [2, −4])
    /// assert_eq!(x.to_vec::<f32>(), [1.0, -3.0]);
    /// ```
    add_decayed_weights(weight_decay: Hyperparam) {
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
        if self.weight_decay.number() == Some(0.0) {
            return updates;
        }
        let (params, _) = self.mask.split(params);
        let (decayed, others) = updates.split_like(&params);
        decayed.zip(&params, |g, p| g + p * &self.weight_decay).union(others)
    }
}
