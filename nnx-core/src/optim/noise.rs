//! Noise on gradients.

use super::hyper::transformation;
use super::{
    GradientTransformation, Params, ScaleByLearningRate, safe_increment, scale_by_learning_rate,
};
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::random::{Key, key, normal, split};
use crate::value::DType;
use nnx_derive::Module;

transformation! {
    AddNoise;
    /// Adds normal noise of variance `eta` / step^`gamma` to the updates. The draws are those of a key that `seed`
    /// gives. `optax.add_noise`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, add_noise, sgd};
    /// use nnx::{DType, Param, array};
    ///
    /// let zeros = || Param::new(array::zeros([1000], DType::F32));
    /// let mut x = zeros();
    /// // The variance is 4 in the first step, and 4 / 2^0.55 in the second.
    /// let mut opt = Optimizer::new(&x, (add_noise(4.0, 0.55, 7), sgd(1.0)));
    /// opt.update(&mut x, &zeros());
    /// assert!((x.std(..).item::<f32>() - 2.0).abs() < 0.2);
    /// ```
    ///
    /// Source: Neelakantan et al., "Adding Gradient Noise Improves Learning for Very Deep Networks", 2015.
    add_noise(eta: f64, gamma: f64, seed: u64) {}
}

/// The key of the next draws.
///
/// ```
/// use nnx::optim::{AddNoiseState, Optimizer, add_noise};
/// use nnx::random::key;
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, add_noise(0.01, 0.55, 7));
/// let start: AddNoiseState = opt.opt_state.clone();
/// assert_eq!(start.rng_key.to_vec::<u32>(), key(7).into_data().to_vec::<u32>());
/// opt.update(&mut x, &Param::new(Array::scalar(1.0_f32)));
/// assert_ne!(opt.opt_state.rng_key.to_vec::<u32>(), start.rng_key.to_vec::<u32>());
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct AddNoiseState {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// The data of a key, u32 `[2]`.
    pub rng_key: Variable<OptState>,
}

impl GradientTransformation for AddNoise {
    type State = AddNoiseState;

    #[track_caller]
    fn init(&self, params: &Params) -> AddNoiseState {
        if let Some((path, p)) = params.iter().find(|(_, p)| p.dtype().is_complex()) {
            let aval = p.aval();
            raise(Error::Invalid(format!(
                "add_noise: `{path}` is {aval}, and the noise is real\n\
                 fix: give the noise to the others alone, as in `masked(add_noise(..), filter)`"
            )));
        }
        AddNoiseState {
            count: Variable::new(Array::scalar(0_i32)),
            rng_key: Variable::new(key(self.seed).into_data()),
        }
    }

    fn update(&self, updates: Params, state: &mut AddNoiseState, _: &Params) -> Params {
        let count = safe_increment(&state.count);
        let deviation = (self.eta / count.astype(DType::F32).pow(self.gamma)).sqrt();
        let [next, sample] = split(&Key::from_data(state.rng_key.value().clone()), 2).unstack();
        let keys = split(&sample, updates.len()).into_data();
        let mut i = 0..;
        let noisy = updates.map(|u| {
            let row = i.next().unwrap_or_default();
            let key = Key::from_data(keys.slice([row.into()]));
            u + normal(&key, u.shape(), u.dtype()) * deviation.astype(u.dtype())
        });
        *state =
            AddNoiseState { count: Variable::new(count), rng_key: Variable::new(next.into_data()) };
        noisy
    }
}

/// Gradient descent with [`add_noise`]. `optax.noisy_sgd`, whose defaults are 0.01 and 0.55.
///
/// ```
/// use nnx::optim::{Optimizer, noisy_sgd};
/// use nnx::{DType, Param, array};
///
/// let zeros = || Param::new(array::zeros([1000], DType::F32));
/// let mut x = zeros();
/// let mut opt = Optimizer::new(&x, noisy_sgd(0.1, 4.0, 0.55, 7));
/// opt.update(&mut x, &zeros());
/// // The rate times the root of the variance 4.
/// assert!((x.std(..).item::<f32>() - 0.2).abs() < 0.02);
/// ```
pub fn noisy_sgd(
    learning_rate: impl Into<super::LearningRate>,
    eta: f64,
    gamma: f64,
    seed: u64,
) -> (AddNoise, ScaleByLearningRate) {
    (add_noise(eta, gamma, seed), scale_by_learning_rate(learning_rate))
}
