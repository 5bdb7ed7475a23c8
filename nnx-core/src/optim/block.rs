//! Scaling by norms of whole parameters.

use super::hyper::transformation;
use super::{GradientTransformation, Params};
use crate::array::where_;
use crate::graph::Array;

/// √Σx² of one array.
fn norm(x: &Array) -> Array {
    x.square().sum(..).sqrt()
}

/// √(mean x²) of one array.
pub(super) fn root_mean_square(x: &Array) -> Array {
    x.square().mean(..).sqrt()
}

transformation! {
    ScaleByTrustRatio;
    /// Scales the update of each parameter to the parameter's own norm.
    /// `optax.scale_by_trust_ratio`.
    ///
    /// Source: You et al., "Large Batch Optimization for Deep Learning", 2020.
    scale_by_trust_ratio() {
        /// The share of the norm. Default: 1.
        trust_coefficient: f64 = 1.0,
        /// Added to the update's norm. Default: 0.
        eps: f64 = 0.0,
    }
}

impl GradientTransformation for ScaleByTrustRatio {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), params: &Params) -> Params {
        updates.zip(params, |update, param| {
            let (param_norm, update_norm) = (norm(param), norm(update));
            let ratio = &param_norm * self.trust_coefficient / (&update_norm + self.eps);
            let zero = param_norm.eq(0.0).logical_or(&update_norm.eq(0.0));
            update * where_(&zero, 1.0, &ratio)
        })
    }
}

transformation! {
    ClipByBlockRms;
    /// Shrinks the update of each parameter whose root mean square is above `threshold`.
    /// `optax.clip_by_block_rms`.
    clip_by_block_rms(threshold: f64) {}
}

impl GradientTransformation for ClipByBlockRms {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        updates.map(|u| u / (root_mean_square(u) / self.threshold).maximum(1.0))
    }
}

transformation! {
    ScaleByParamBlockRms;
    /// Multiplies the update of each parameter by the parameter's root mean square.
    /// `optax.scale_by_param_block_rms`.
    scale_by_param_block_rms() {
        /// The least factor. Default: 1e-3.
        min_scale: f64 = 1e-3,
    }
}

impl GradientTransformation for ScaleByParamBlockRms {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), params: &Params) -> Params {
        updates.zip(params, |u, p| u * root_mean_square(p).maximum(self.min_scale))
    }
}
