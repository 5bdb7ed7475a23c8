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
    /// ```
    /// use nnx::optim::{Optimizer, clip_by_global_norm, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let params = |values: [f32; 2]| values.map(|x| Param::new(Array::scalar(x)));
    /// let mut model = params([0.0, 0.0]);
    /// let mut opt = Optimizer::new(&model, (clip_by_global_norm(1.0), sgd(1.0)));
    /// // The norm of both gradients together is 5.
    /// opt.update(&mut model, &params([3.0, 4.0]));
    /// assert!((model[0].item::<f32>() + 0.6).abs() < 1e-6);
    /// assert!((model[1].item::<f32>() + 0.8).abs() < 1e-6);
    /// ```
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
    ///
    /// ```
    /// use nnx::optim::{Optimizer, clip, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
    /// let mut opt = Optimizer::new(&x, (clip(1.0), sgd(1.0)));
    /// opt.update(&mut x, &Param::new(Array::from([-3.0_f32, 0.5])));
    /// assert_eq!(x.to_vec::<f32>(), [1.0, -0.5]);
    /// ```
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
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, adaptive_grad_clip, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([[3.0_f32, 0.0], [4.0, 1.0]]));
    /// let mut opt = Optimizer::new(&x, (adaptive_grad_clip(0.1), sgd(1.0)));
    /// opt.update(&mut x, &Param::new(Array::from([[3.0_f32, 0.0], [4.0, 0.05]])));
    /// // The first column of the gradient has the norm 5, and may have 0.1 · 5.
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([[2.7_f32, 0.0], [3.6, 0.95]]), near).item::<bool>());
    /// ```
    ///
    /// Source: Brock et al., "High-Performance Large-Scale Image Recognition Without Normalization", 2021.
    adaptive_grad_clip(clipping: f64) {
        /// The least norm that parameters count with.
        eps: f64 = 1e-3,
        /// The axes of a unit, the inputs of one output; those of the layers of this crate if there are none.
        axis: Option<UnitAxes> = None,
    }
}

/// Axes, which may count from the end.
type UnitAxes = Vec<isize>;

/// The norm of each unit, with one element for each along the axes of a unit.
#[track_caller]
fn unit_norm(x: &Array, axis: Option<&UnitAxes>) -> Array {
    let squares = x.squared_magnitude();
    if let Some(axes) = axis {
        return squares.sum(keepdims(&axes[..])).sqrt();
    }
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
            let unit = |x: &Array| unit_norm(x, self.axis.as_ref());
            let (norm, most) = (unit(g), unit(p).maximum(self.eps) * self.clipping);
            let clipped = g * (&most / norm.maximum(1e-6));
            where_(norm.lt(&most), g, clipped)
        })
    }
}

transformation! {
    ZeroNans;
    /// 0 in place of each NaN in the updates. `optax.zero_nans`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, sgd, zero_nans};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([1.0_f32, 1.0]));
    /// let mut opt = Optimizer::new(&x, (zero_nans(), sgd(1.0)));
    /// opt.update(&mut x, &Param::new(Array::from([f32::NAN, 0.5])));
    /// assert_eq!(x.to_vec::<f32>(), [1.0, 0.5]);
    /// ```
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
    ///
    /// ```
    /// use nnx::optim::{Optimizer, keep_params_nonnegative, sgd};
    /// use nnx::{Array, Param};
    ///
    /// // It stands last, where updates are steps.
    /// let mut x = Param::new(Array::from([1.0_f32, 1.0]));
    /// let mut opt = Optimizer::new(&x, (sgd(1.0), keep_params_nonnegative()));
    /// opt.update(&mut x, &Param::new(Array::from([3.0_f32, 0.25])));
    /// assert_eq!(x.to_vec::<f32>(), [0.0, 0.75]);
    /// ```
    keep_params_nonnegative() {}
}

impl GradientTransformation for KeepParamsNonnegative {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), params: &Params) -> Params {
        updates.zip(params, |u, p| where_((p + u).lt(0.0), -p, u))
    }
}
