//! Bounds on the size of updates.

use super::{GradientTransformation, Params};
use crate::array::select;
use nnx_derive::Module;

/// See [`clip_by_global_norm`].
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ClipByGlobalNorm {
    max_norm: f64,
}

/// Shrinks all updates by one factor where their common norm is above `max_norm`.
/// `optax.clip_by_global_norm`.
///
/// Source: Pascanu et al., "On the difficulty of training Recurrent Neural Networks", 2012.
pub fn clip_by_global_norm(max_norm: f64) -> ClipByGlobalNorm {
    ClipByGlobalNorm { max_norm }
}

impl GradientTransformation for ClipByGlobalNorm {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        let norm = updates.global_norm();
        let small = norm.lt(self.max_norm);
        updates.map(|g| {
            let clipped = g / norm.astype(g.dtype()) * self.max_norm;
            select(&small.broadcast_to(g.shape()), g, &clipped)
        })
    }
}
