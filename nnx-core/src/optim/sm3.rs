//! SM3: sums of squares by rows and columns.

use super::hyper::{optimizer, transformation};
use super::moments::update_moment;
use super::{GradientTransformation, Params, ScaleByLearningRate, scale_by_learning_rate};
use crate::array::{where_, zeros};
use crate::graph::Array;
use crate::module::KeyRef;
use nnx_derive::Module;

transformation! {
    ScaleBySm3;
    /// Divides updates by the root of the sum of their squares, of which only the largest along each axis is kept: one
    /// number for each row, and one for each column of a matrix. `optax.scale_by_sm3`.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, scale, scale_by_sm3};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
    /// let mut opt = Optimizer::new(&x, (scale_by_sm3().b1(0.0), scale(-1.0)));
    /// for gradient in [Array::from([3.0_f32, 1.0]), Array::from([4.0_f32, 0.0])] {
    ///     opt.update(&mut x, &Param::new(gradient));
    /// }
    /// // 3 / √3², and 4 / √(3² + 4²).
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([-1.8_f32, -1.0]), near).item::<bool>());
    /// ```
    ///
    /// Source: Anil et al., "Memory-Efficient Adaptive Optimization", 2019.
    scale_by_sm3() {
        /// Decay of the mean of the result.
        b1: f64 = 0.9,
        /// Decay of the squares; 1 sums them.
        b2: f64 = 1.0,
        /// Added below the root.
        eps: f64 = 1e-8,
    }
}

/// The largest sums of squares.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleBySm3State, sm3};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::from([[0.0_f32, 0.0], [0.0, 0.0]]));
/// let mut opt = Optimizer::new(&x, sm3(0.1));
/// opt.update(&mut x, &Param::new(Array::from([[1.0_f32, 3.0], [0.0, 2.0]])));
/// // The largest squares of the rows, and of the columns.
/// let state: &ScaleBySm3State = &opt.opt_state.0;
/// assert_eq!(state.mu.get("[0]").unwrap().to_vec::<f32>(), [9.0, 4.0]);
/// assert_eq!(state.mu.get("[1]").unwrap().to_vec::<f32>(), [1.0, 9.0]);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleBySm3State {
    /// For each axis of a parameter, at the parameter's path and the number of the axis.
    pub mu: Params,
    /// Running mean of the result.
    pub nu: Params,
}

/// How many vectors there are for a parameter: one for each axis, and one number for a scalar.
fn vectors(param: &Array) -> usize {
    param.rank().max(1)
}

/// `v` along axis `axis` of `like`.
fn along(v: &Array, axis: usize, like: &Array) -> Array {
    let mut shape = vec![1; like.rank()];
    if let Some(size) = shape.get_mut(axis) {
        *size = v.size();
    }
    v.reshape(&*shape)
}

impl GradientTransformation for ScaleBySm3 {
    type State = ScaleBySm3State;

    fn init(&self, params: &Params) -> ScaleBySm3State {
        let mut mu = Vec::new();
        for (path, param) in params.iter() {
            for axis in 0..vectors(param) {
                let mut path = path.clone();
                path.push(KeyRef::Index(axis));
                let size = param.shape().get(axis);
                mu.push((path, zeros(size.copied().as_slice(), param.dtype())));
            }
        }
        ScaleBySm3State { mu: Params::new(mu), nu: params.zeros_like() }
    }

    fn update(&self, updates: Params, state: &mut ScaleBySm3State, _: &Params) -> Params {
        let share = if self.b2 == 1.0 { 1.0 } else { 1.0 - self.b2 };
        let mu = state.mu.clone();
        let mut old = mu.arrays();
        let sums = updates.map(|g| {
            let least = (0..vectors(g))
                .filter_map(|axis| Some(along(old.next()?, axis, g)))
                .reduce(|a, b| a.minimum(&b));
            let least = least.unwrap_or_else(|| g.zeros_like());
            g.square() * share + least * self.b2
        });
        let scaled =
            updates.zip(&sums, |g, t| g * where_(t.gt(0.0), 1.0 / (t + self.eps).sqrt(), 0.0));
        state.nu = update_moment(&scaled, &state.nu, self.b1);
        let mut largest = Vec::new();
        for sum in sums.arrays() {
            for axis in 0..vectors(sum) {
                let others: Vec<usize> = (0..sum.rank()).filter(|&other| other != axis).collect();
                largest.push(if sum.rank() < 2 { sum.clone() } else { sum.max(&others) });
            }
        }
        state.mu = Params::from_layout(state.mu.layout(), largest);
        state.nu.clone()
    }
}

optimizer! {
    Sm3;
    /// Little memory for large arrays. `optax.sm3`; see [`scale_by_sm3`].
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, sm3};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
    /// let mut opt = Optimizer::new(&x, sm3(0.1).momentum(0.5));
    /// for gradient in [Array::from([3.0_f32, 1.0]), Array::from([4.0_f32, 0.0])] {
    ///     opt.update(&mut x, &Param::new(gradient));
    /// }
    /// // 0.1 times the means of 1 and 0.8, and of 1 and 0.
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([-0.115_f32, -0.075]), near).item::<bool>());
    /// ```
    sm3 {
        /// Decay of the mean of updates.
        momentum: f64 = 0.9,
    }
    |o| -> (ScaleBySm3, ScaleByLearningRate) {
        (scale_by_sm3().b1(o.momentum), scale_by_learning_rate(o.learning_rate.clone()))
    }
}
