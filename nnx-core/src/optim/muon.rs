//! Muon: updates of matrices made orthogonal.

use super::hyper::transformation;
use super::moments::{first_moment, update_moment};
use super::{
    AdamW, GradientTransformation, LearningRate, Params, ScaleByLearningRate, adamw,
    safe_increment, scale_by_learning_rate,
};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use nnx_derive::Module;

/// Coefficients of the quintic Newton-Schulz iteration.
const COEFFICIENTS: [f64; 3] = [3.4445, -4.7750, 2.0315];

transformation! {
    ScaleByMuon;
    /// The nearest orthogonal matrix to the running mean of the updates of each matrix, by
    /// Newton-Schulz iteration; all parameters must be matrices. `optax.contrib.scale_by_muon`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_muon};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([[0.0_f32, 0.0], [0.0, 0.0]]));
    /// let mut opt = Optimizer::new(&x, (scale_by_muon(), scale(-1.0)));
    /// opt.update(&mut x, &Param::new(Array::from([[5.0_f32, 0.0], [0.0, 1.0]])));
    /// // Both singular values are brought near to 1, within 0.35, as five steps do.
    /// let values = x.to_vec::<f32>();
    /// assert!((values[0] + 1.0).abs() < 0.35 && (values[3] + 1.0).abs() < 0.35);
    /// assert!(values[1].abs() < 1e-5 && values[2].abs() < 1e-5);
    /// ```
    ///
    /// Source: Jordan, "Muon: An optimizer for hidden layers in neural networks", 2024.
    scale_by_muon() {
        /// Decay of the mean of updates.
        beta: f64 = 0.95,
        /// Steps of the iteration.
        ns_steps: usize = 5,
        /// Added to the norm.
        eps: f64 = 1e-8,
        /// Nesterov's momentum.
        nesterov: bool = true,
    }
}

/// The running mean of Muon.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByMuonState, scale_by_muon, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::from([[1.0_f32, 0.0]]));
/// let mut opt = Optimizer::new(&x, (scale_by_muon().beta(0.5), sgd(0.1)));
/// opt.update(&mut x, &Param::new(Array::from([[4.0_f32, -2.0]])));
/// let state: &ScaleByMuonState = &opt.opt_state.0;
/// assert_eq!(state.mu.get("").unwrap().to_vec::<f32>(), [2.0, -1.0]);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByMuonState {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// Running mean of updates.
    pub mu: Params,
}

impl GradientTransformation for ScaleByMuon {
    type State = ScaleByMuonState;

    fn init(&self, params: &Params) -> ScaleByMuonState {
        ScaleByMuonState { count: Variable::new(Array::scalar(0_i32)), mu: params.zeros_like() }
    }

    fn update(&self, updates: Params, state: &mut ScaleByMuonState, _: &Params) -> Params {
        state.mu = update_moment(&updates, &state.mu, self.beta);
        let count = safe_increment(&state.count);
        let mean = first_moment(&updates, &state.mu, self.beta, &count, self.nesterov);
        state.count.set(count);
        mean.map(|x| self.orthogonal(x))
    }
}

impl ScaleByMuon {
    fn orthogonal(&self, x: &Array) -> Array {
        let tall = x.shape()[0] > x.shape()[1];
        let x = if tall { x.t() } else { x.clone() };
        let mut x = &x / (x.squared_magnitude().sum(..).sqrt() + self.eps);
        let [c0, c1, c2] = COEFFICIENTS;
        for _ in 0..self.ns_steps {
            let a = x.matmul(x.t());
            let b = &a * c1 + (&a * c2).matmul(&a);
            x = &x * c0 + b.matmul(&x);
        }
        if tall { x.t() } else { x }
    }
}

/// See [`muon`].
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::optim::{Muon, Optimizer, muon};
/// use nnx::random::Rngs;
///
/// let layer = Linear::new(3, 4, &mut Rngs::new(0));
/// let opt: Optimizer<Muon> = Optimizer::new(&layer, muon(0.02));
/// assert!(opt.opt_state.muon.0.mu.get("kernel").is_some());
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Muon {
    learning_rate: LearningRate,
    muon: ScaleByMuon,
}

/// Muon for matrices, AdamW with Nesterov's momentum and without decay for all other parameters.
/// `optax.contrib.muon`.
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::optim::{Optimizer, muon};
/// use nnx::random::Rngs;
/// use nnx::{DType, array, value_and_grad};
///
/// let mut layer = Linear::new(3, 4, &mut Rngs::new(0));
/// let mut opt = Optimizer::new(&layer, muon(0.02));
/// let x = array::ones([16, 3], DType::F32);
/// let loss_fn = |layer: &mut Linear| (layer.forward(&x) - 1.0).square().mean(..);
/// let (before, _) = value_and_grad(loss_fn, &mut layer);
/// for _ in 0..50 {
///     let (_, grads) = value_and_grad(loss_fn, &mut layer);
///     opt.update(&mut layer, &grads);
/// }
/// assert!(loss_fn(&mut layer).item::<f32>() < 0.1 * before.item::<f32>());
/// ```
///
/// Source: Jordan, "Muon: An optimizer for hidden layers in neural networks", 2024.
pub fn muon(learning_rate: impl Into<LearningRate>) -> Muon {
    Muon { learning_rate: learning_rate.into(), muon: scale_by_muon() }
}

/// The states of both parts of Muon.
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::optim::{MuonState, Optimizer, muon};
/// use nnx::random::Rngs;
///
/// let layer = Linear::new(3, 4, &mut Rngs::new(0));
/// let state: MuonState = Optimizer::new(&layer, muon(0.02)).opt_state;
/// // The matrix has no mean of squares, and the bias has one.
/// assert_eq!(state.muon.0.mu.get("kernel").unwrap().shape(), [3, 4]);
/// assert_eq!(state.adam.0.nu.get("bias").unwrap().shape(), [4]);
/// assert_eq!(state.adam.0.nu.len(), 1);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct MuonState {
    /// The state of the matrices.
    pub muon: <(ScaleByMuon, ScaleByLearningRate) as GradientTransformation>::State,
    /// The state of all other parameters.
    pub adam: <AdamW as GradientTransformation>::State,
}

impl Muon {
    fn matrices(&self) -> (ScaleByMuon, ScaleByLearningRate) {
        (self.muon.clone(), scale_by_learning_rate(self.learning_rate.clone()))
    }

    fn others(&self) -> AdamW {
        adamw(self.learning_rate.clone()).weight_decay(0.0).nesterov(true)
    }
}

/// Wide matrices take larger steps.
fn scale_by_shape(update: &Array) -> Array {
    let [fan_in, fan_out] = [0, 1].map(|axis| update.shape()[axis] as f64);
    update * (fan_out / fan_in).max(1.0).sqrt()
}

impl GradientTransformation for Muon {
    type State = MuonState;

    fn init(&self, params: &Params) -> MuonState {
        let (matrices, others) = params.partition(|p| p.rank() == 2);
        MuonState { muon: self.matrices().init(&matrices), adam: self.others().init(&others) }
    }

    fn update(&self, updates: Params, state: &mut MuonState, params: &Params) -> Params {
        let is_matrix = |array: &Array| array.rank() == 2;
        let (matrices, others) = params.partition(is_matrix);
        let (matrix_updates, other_updates) = updates.partition(is_matrix);
        let (muon, rate) = self.matrices();
        let matrix_updates = muon.update(matrix_updates, &mut state.muon.0, &matrices);
        let matrix_updates = matrix_updates.map(scale_by_shape);
        let matrix_updates = rate.update(matrix_updates, &mut state.muon.1, &matrices);
        let other_updates = self.others().update(other_updates, &mut state.adam, &others);
        matrix_updates.union(other_updates)
    }
}
