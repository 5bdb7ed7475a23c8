//! Functions around gradients and distributions that Optax has beside its transformations.

use crate::array::stats::norm::logpdf;
use crate::array::{AsArray, broadcast_shapes};
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::Module;
use crate::module::walk::rebuild;
use crate::random::{Key, normal};
use crate::transform::custom_jvp;

/// `inputs` as they are, whose gradients are `scale` times as large. `optax.scale_gradient`.
///
/// ```
/// use nnx::optim::scale_gradient;
/// use nnx::{Array, grad};
///
/// let f = |x: &Array| scale_gradient(x, 0.5).square();
/// assert_eq!(grad(f, &Array::scalar(3.0_f32)).item::<f32>(), 3.0);
/// ```
pub fn scale_gradient<M: Module>(inputs: &M, scale: f64) -> M {
    let scaled = custom_jvp(
        |x: &Array| x.clone(),
        move |x: &Array, tangent: &Array| (x.clone(), tangent * scale),
    );
    rebuild(inputs, |_, x| match x.dtype().is_inexact() {
        true if scale == 0.0 => x.stop_gradient(),
        true if scale != 1.0 => scaled(x),
        _ => x.clone(),
    })
}

/// Independent normal distributions; made by [`multi_normal`].
///
/// ```
/// use nnx::Array;
/// use nnx::optim::{MultiNormalDiagFromLogScale, multi_normal};
///
/// let loc = Array::from([1.0_f32, 2.0]);
/// let normal: MultiNormalDiagFromLogScale = multi_normal(&loc, &Array::from([0.0_f32, 0.5]));
/// assert_eq!(normal.log_scale().to_vec::<f32>(), [0.0, 0.5]);
/// let [loc, _] = normal.params();
/// assert_eq!(loc.to_vec::<f32>(), [1.0, 2.0]);
/// ```
#[derive(Debug, Clone)]
pub struct MultiNormalDiagFromLogScale {
    loc: Array,
    log_scale: Array,
}

/// Independent normal distributions with these means and logarithms of deviations, which broadcast.
/// `optax.multi_normal`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::multi_normal;
/// use nnx::random::key;
///
/// let normal = multi_normal(Array::from([0.0_f32, 5.0]), &Array::from([0.0_f32, -1.0]));
/// assert_eq!(normal.sample(&[3], &key(0)).shape(), [3, 2]);
/// // −ln 2π + 1, at the means.
/// let log_prob = normal.log_prob(&Array::from([0.0_f32, 5.0]));
/// assert!((log_prob.item::<f32>() + 0.837_877).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn multi_normal(loc: impl AsArray, log_scale: impl AsArray) -> MultiNormalDiagFromLogScale {
    let (loc, log_scale) = (loc.as_array(), log_scale.as_array());
    if broadcast_shapes(loc.shape(), log_scale.shape()).is_none() {
        let (loc, log_scale) = (loc.aval(), log_scale.aval());
        raise(Error::Invalid(format!("multi_normal: {loc} and {log_scale} do not broadcast")));
    }
    MultiNormalDiagFromLogScale { loc: loc.clone(), log_scale: log_scale.clone() }
}

impl MultiNormalDiagFromLogScale {
    /// Draws of the shape `shape`, with the axes of the distributions behind.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::multi_normal;
    /// use nnx::random::key;
    ///
    /// // The deviations are 1 and e⁻⁹.
    /// let normal = multi_normal(Array::from([0.0_f32, 5.0]), &Array::from([0.0_f32, -9.0]));
    /// let draws = normal.sample(&[1000], &key(0));
    /// assert_eq!(draws.shape(), [1000, 2]);
    /// let deviations = draws.std(0).to_vec::<f32>();
    /// assert!((deviations[0] - 1.0).abs() < 0.1 && deviations[1] < 1e-3);
    /// ```
    ///
    /// # Panics
    /// Panics if `key` is not a single key.
    #[track_caller]
    pub fn sample(&self, shape: &[usize], key: &Key) -> Array {
        let deviation = self.log_scale.exp();
        let one = &deviation * 0.0 + &self.loc;
        let shape = [shape, one.shape()].concat();
        normal(key, &*shape, one.dtype()) * deviation + &self.loc
    }

    /// The logarithm of the density at `x`, summed over the axes of the distributions.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::array::Tolerance;
    /// use nnx::optim::multi_normal;
    ///
    /// // Of two numbers, each one deviation from its mean: −1 − ln 2π.
    /// let normal = multi_normal(Array::from([0.0_f32, 0.0]), &Array::from([0.0_f32, 0.0]));
    /// let log_prob = normal.log_prob(&Array::from([[1.0_f32, -1.0], [0.0, 0.0]]));
    /// let want = Array::from([-2.837_877_f32, -1.837_877]);
    /// assert!(log_prob.allclose(&want, Tolerance::default()).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if `x` does not broadcast with them.
    #[track_caller]
    pub fn log_prob(&self, x: impl AsArray) -> Array {
        let of_each = logpdf(x.as_array(), &self.loc, self.log_scale.exp());
        let rank = self.loc.rank().max(self.log_scale.rank());
        let axes: Vec<isize> = (1..=rank as isize).map(|axis| -axis).collect();
        of_each.sum(&*axes)
    }

    /// The logarithms of the deviations.
    pub fn log_scale(&self) -> &Array {
        &self.log_scale
    }

    /// The means, and the logarithms of the deviations.
    pub fn params(&self) -> [&Array; 2] {
        [&self.loc, &self.log_scale]
    }
}
