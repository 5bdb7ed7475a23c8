//! Gradients of single examples: their norms bounded, and noise on their sum.

use super::hyper::{optimizer, transformation};
use super::{
    GradientTransformation, Params, ScaleByLearningRate, Trace, scale_by_learning_rate, trace,
};
use crate::array::tensordot;
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::random::{Key, key, normal, split};
use crate::value::DType;
use nnx_derive::Module;

/// How many examples there are: the size of the first axis, which all arrays must have.
#[track_caller]
fn examples(name: &str, grads: &Params) -> usize {
    let first = |(_, g): (&_, &Array)| g.shape().first().copied();
    let count = grads.iter().next().and_then(first);
    match grads.iter().find(|&(path, g)| count.is_none() || first((path, g)) != count) {
        None => count.unwrap_or_default(),
        Some((path, g)) => {
            let aval = g.aval();
            raise(Error::Invalid(format!(
                "{name}: gradients need an axis of examples in front, of one size for all; `{path}` is {aval}\n\
                 fix: take them by `vmap` of `grad` over the examples"
            )))
        }
    }
}

/// Sums of gradients over the examples, after those whose norm over all parameters is larger than `l2_norm_clip` were
/// shrunk to it, and the number of these. `optax.per_example_global_norm_clip`.
///
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::module::Path;
/// use nnx::optim::{Params, per_example_global_norm_clip};
///
/// let grads = Params::new([(Path::new(), Array::from([[3.0_f32, 4.0], [0.0, 0.5]]))]);
/// let (sum, clipped) = per_example_global_norm_clip(&grads, 1.0);
/// let near = Tolerance { rtol: 1e-2, ..Tolerance::default() };
/// assert!(sum.get("").unwrap().allclose(Array::from([0.6_f32, 1.3]), near).item::<bool>());
/// assert_eq!(clipped.item::<i32>(), 1);
/// ```
///
/// Source: Abadi et al., "Deep Learning with Differential Privacy", 2016.
///
/// # Panics
/// Panics if an array has no axis, or the first axes differ in size.
#[track_caller]
pub fn per_example_global_norm_clip(grads: &Params, l2_norm_clip: f64) -> (Params, Array) {
    let count = examples("per_example_global_norm_clip", grads);
    let mut squares = crate::array::zeros([count], DType::F32);
    for grad in grads.arrays() {
        squares +=
            grad.squared_magnitude().to_wide().reshape([count, grad.size() / count.max(1)]).sum(1);
    }
    let factors = (l2_norm_clip / squares.sqrt()).minimum(1.0).nan_to_num(1.0, None, None);
    let clipped = factors.lt(1.0).astype(DType::I32).sum(..);
    (grads.map(|g| tensordot(factors.astype(g.dtype()), g, 1)), clipped)
}

/// As [`per_example_global_norm_clip`], with a bound for each parameter: `global_l2_norm_clip` times the root of the
/// parameter's share, which is the same for all (`uniform`) or by its size. The counts are one for each parameter.
/// `optax.per_example_layer_norm_clip`.
///
/// ```
/// use nnx::array::Tolerance;
/// use nnx::optim::{Params, per_example_layer_norm_clip};
/// use nnx::{Array, Everything, Param};
///
/// // Two examples of two parameters; each has the bound √2 · √0.5.
/// let grads = [Array::from([[3.0_f32, 4.0], [0.0, 0.5]]), Array::from([[2.0_f32], [0.25]])];
/// let grads = Params::of(&grads.map(Param::new), &Everything);
/// let (sums, clipped) = per_example_layer_norm_clip(&grads, 2.0_f64.sqrt(), true);
/// let near = |path: &str, want: Array| {
///     let near = Tolerance { rtol: 1e-2, ..Tolerance::default() };
///     sums.get(path).unwrap().allclose(want, near).item::<bool>()
/// };
/// assert!(near("[0]", Array::from([0.6_f32, 1.3])) && near("[1]", Array::from([1.25_f32])));
/// assert_eq!(clipped.get("[1]").unwrap().item::<i32>(), 1);
/// ```
///
/// Source: McMahan et al., "Learning Differentially Private Recurrent Language Models", 2018.
///
/// # Panics
/// Panics if an array has no axis, or the first axes differ in size.
#[track_caller]
pub fn per_example_layer_norm_clip(
    grads: &Params,
    global_l2_norm_clip: f64,
    uniform: bool,
) -> (Params, Params) {
    let count = examples("per_example_layer_norm_clip", grads).max(1);
    let total: usize = grads.arrays().map(|g| g.size() / count).sum();
    let (mut sums, mut counts) = (Vec::new(), Vec::new());
    for (path, grad) in grads.iter() {
        let share = match uniform {
            true => 1.0 / grads.len() as f64,
            false => (grad.size() / count) as f64 / total as f64,
        };
        let alone = Params::new([(path.clone(), grad.clone())]);
        let bound = global_l2_norm_clip * share.sqrt();
        let (sum, clipped) = per_example_global_norm_clip(&alone, bound);
        sums.extend(sum.arrays().cloned());
        counts.push(clipped);
    }
    (Params::from_layout(grads.layout(), sums), Params::from_layout(grads.layout(), counts))
}

transformation! {
    DifferentiallyPrivateAggregate;
    /// The mean of the gradients of single examples, whose norms are bounded by `l2_norm_clip`, with normal noise of
    /// deviation `l2_norm_clip` · `noise_multiplier` on their sum. `optax.contrib.differentially_private_aggregate`.
    ///
    /// It stands first in a chain, and the gradients have an axis of examples in front:
    ///
    /// ```
    /// use nnx::optim::{Optimizer, differentially_private_aggregate, sgd};
    /// use nnx::{Array, Param, grad, vmap};
    ///
    /// let mut w = Param::new(Array::from([1.0_f32, -1.0]));
    /// let tx = (differentially_private_aggregate(1.0, 0.5, 7), sgd(0.1));
    /// let mut opt = Optimizer::new(&w, tx);
    /// let xs = Array::from([[1.0_f32, 2.0], [3.0, -4.0], [0.5, 0.0]]);
    /// let loss = |w: &Param, x: &Array| (w.value() * x).sum(..).square();
    /// let gradients = vmap(|x: &Array| grad(|w: &Param| loss(w, x), &w), &xs, 0);
    /// opt.update(&mut w, &gradients);
    /// assert_ne!(w.to_vec::<f32>(), [1.0, -1.0]);
    /// ```
    ///
    /// Source: Abadi et al., "Deep Learning with Differential Privacy", 2016.
    differentially_private_aggregate(l2_norm_clip: f64, noise_multiplier: f64, seed: u64) {}
}

/// The key of the next draws.
///
/// ```
/// use nnx::optim::{DifferentiallyPrivateAggregateState, Optimizer, dpsgd};
/// use nnx::random::key;
/// use nnx::{Array, Param};
///
/// let w = Param::new(Array::from([1.0_f32, -1.0]));
/// let opt = Optimizer::new(&w, dpsgd(0.1).seed(7));
/// // A checkpoint of it goes on with the same noise.
/// let state: &DifferentiallyPrivateAggregateState = &opt.opt_state.0;
/// assert_eq!(state.rng_key.to_vec::<u32>(), key(7).into_data().to_vec::<u32>());
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct DifferentiallyPrivateAggregateState {
    /// The data of a key, u32 `[2]`.
    pub rng_key: Variable<OptState>,
}

impl GradientTransformation for DifferentiallyPrivateAggregate {
    type State = DifferentiallyPrivateAggregateState;

    fn init(&self, _: &Params) -> Self::State {
        DifferentiallyPrivateAggregateState { rng_key: Variable::new(key(self.seed).into_data()) }
    }

    #[track_caller]
    fn update(&self, updates: Params, state: &mut Self::State, _: &Params) -> Params {
        let count = examples("differentially_private_aggregate", &updates);
        let (sums, _) = per_example_global_norm_clip(&updates, self.l2_norm_clip);
        let keys =
            split(&Key::from_data(state.rng_key.value().clone()), sums.len() + 1).into_data();
        state.rng_key.set(keys.slice([0.into()]));
        let deviation = self.l2_norm_clip * self.noise_multiplier;
        let mut i = 1..;
        sums.map(|g| {
            let row = i.next().unwrap_or_default();
            let key = Key::from_data(keys.slice([row.into()]));
            (g + normal(&key, g.shape(), g.dtype()) * deviation) / count as f64
        })
    }

    fn takes_examples(&self) -> bool {
        true
    }
}

optimizer! {
    Dpsgd;
    /// Gradient descent with [`differentially_private_aggregate`]. `optax.contrib.dpsgd`.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, dpsgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut w = Param::new(Array::from([0.0_f32, 0.0]));
    /// let mut opt = Optimizer::new(&w, dpsgd(1.0).l2_norm_clip(1.0).noise_multiplier(0.0));
    /// // The gradients of two examples, of which the first is shortened.
    /// opt.update(&mut w, &Param::new(Array::from([[3.0_f32, 4.0], [0.0, 0.5]])));
    /// let near = Tolerance { rtol: 1e-2, ..Tolerance::default() };
    /// assert!(w.allclose(Array::from([-0.3_f32, -0.65]), near).item::<bool>());
    /// ```
    dpsgd {
        /// The largest norm of an example's gradient.
        l2_norm_clip: f64 = 1.0,
        /// The deviation of the noise, as a multiple of the largest norm.
        noise_multiplier: f64 = 1.0,
        /// Of the key of the draws.
        seed: u64 = 0,
        /// Adds a trace of past updates that decays by this at each step, if there is one.
        momentum: Option<f64> = None,
        /// Nesterov's momentum in place of the plain one.
        nesterov: bool = false,
    }
    |o| -> (DifferentiallyPrivateAggregate, Option<Trace>, ScaleByLearningRate) {
        (
            differentially_private_aggregate(o.l2_norm_clip, o.noise_multiplier, o.seed),
            o.momentum.map(|decay| trace(decay).nesterov(o.nesterov)),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}
