//! Bounds on updates.

use super::hyper::transformation;
use super::{GradientTransformation, Params};
use crate::array::{keepdims, select, where_};
use crate::graph::Array;

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
            select(small.broadcast_to(g.shape()), g, &clipped)
        })
    }
}

transformation! {
    Clip;
    /// Bounds each element of the updates by −`max_delta` and `max_delta`. `optax.clip`.
    clip(max_delta: f64) {}
}

impl GradientTransformation for Clip {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        updates.map(|g| g.clip(-self.max_delta, self.max_delta))
    }
}

transformation! {
    AdaptiveGradClip;
    /// Shrinks the update of each unit whose norm is more than `clipping` times that of the unit's parameters. A unit
    /// is what leads to one output: all of a vector, a column of a matrix, a filter of a convolution.
    /// `optax.adaptive_grad_clip`.
    ///
    /// Source: Brock et al., "High-Performance Large-Scale Image Recognition Without Normalization", 2021.
    adaptive_grad_clip(clipping: f64) {
        /// The least norm that parameters count with.
        eps: f64 = 1e-3,
    }
}

/// The norm of each unit, with one element for each along the axes of a unit.
fn unit_norm(x: &Array) -> Array {
    let squares = x.squared_magnitude();
    let longer = x.shape().iter().filter(|&&n| n != 1).count();
    let sum = match x.rank() {
        _ if longer <= 1 => squares.sum(keepdims(..)),
        2 | 3 => squares.sum(keepdims(0)),
        rank => (0..rank as isize - 1).fold(squares, |sum, axis| sum.sum(keepdims(axis))),
    };
    sum.sqrt()
}

impl GradientTransformation for AdaptiveGradClip {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), params: &Params) -> Params {
        updates.zip(params, |g, p| {
            let (norm, most) = (unit_norm(g), unit_norm(p).maximum(self.eps) * self.clipping);
            let clipped = g * (&most / norm.maximum(1e-6));
            where_(norm.lt(&most), g, clipped)
        })
    }
}

transformation! {
    ZeroNans;
    /// 0 in place of each NaN in the updates. `optax.zero_nans`.
    zero_nans() {}
}

impl GradientTransformation for ZeroNans {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        updates.map(|g| where_(g.is_nan(), 0.0, g))
    }
}

transformation! {
    KeepParamsNonnegative;
    /// Cuts updates that would make a parameter negative. `optax.keep_params_nonnegative`.
    keep_params_nonnegative() {}
}

impl GradientTransformation for KeepParamsNonnegative {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), params: &Params) -> Params {
        updates.zip(params, |u, p| where_((p + u).lt(0.0), -p, u))
    }
}
