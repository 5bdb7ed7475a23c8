//! Bounds on the common size of all updates.

use super::hyper::transformation;
use super::{GradientTransformation, Params};
use crate::array::select;

transformation! {
    ClipByGlobalNorm;
    /// Shrinks all updates by one factor where their common norm is above `max_norm`.
    /// `optax.clip_by_global_norm`.
    ///
    /// Source: Pascanu et al., "On the difficulty of training Recurrent Neural Networks", 2012.
    clip_by_global_norm(max_norm: f64) {}
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
