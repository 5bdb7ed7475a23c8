//! L-BFGS: Newton's steps by an estimate of the curvature.

use super::extra::without_extra;
use super::hyper::{set_learning_rate, transformation};
use super::tree::number_dtype;
use super::{
    ExtraArgs, GradientTransformation, InitialGuess, LearningRate, Params, ScaleByLearningRate,
    ScaleByZoomLinesearch, safe_increment, scale_by_learning_rate, scale_by_zoom_linesearch,
};
use crate::array::{where_, zeros};
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::transform::{over, scan};
use crate::value::DType;
use nnx_derive::Module;

transformation! {
    ScaleByLbfgs;
    /// Multiplies updates by an estimate of the inverse Hessian, made of the last changes of parameters and updates.
    /// `optax.scale_by_lbfgs`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_lbfgs};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(4.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_lbfgs(), scale(-1.0)));
    /// for gradient in [8.0_f32, 6.0] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // The gradients of x² at 4 and 3: a step of norm 1, then that of Newton.
    /// assert!(x.item::<f32>().abs() < 1e-4);
    /// ```
    ///
    /// Source: Nocedal and Wright, "Numerical Optimization", 1999, algorithm 7.4.
    scale_by_lbfgs() {
        /// How many changes are kept.
        memory_size: usize = 10,
        /// Whether the estimate starts at the last curvature along the step, and not at 1.
        scale_init_precond: bool = true,
    }
}

/// The last changes.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByLbfgsState, scale, scale_by_lbfgs};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(4.0_f32));
/// let mut opt = Optimizer::new(&x, (scale_by_lbfgs().memory_size(3), scale(-1.0)));
/// for gradient in [8.0_f32, 6.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// let state: &ScaleByLbfgsState = &opt.opt_state.0;
/// assert_eq!(state.count.item::<i32>(), 2);
/// // x changed by −1, and the gradient by −2.
/// let change = state.diff_updates_memory.get("").unwrap();
/// assert_eq!(change.to_vec::<f32>(), [-2.0, 0.0, 0.0]);
/// assert!((state.weights_memory.to_vec::<f32>()[0] - 0.5).abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByLbfgsState {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// The parameters before.
    pub params: Params,
    /// The updates before.
    pub updates: Params,
    /// Changes of the parameters, with an axis in front for steps.
    pub diff_params_memory: Params,
    /// Changes of the updates, likewise.
    pub diff_updates_memory: Params,
    /// 1 / (change of the parameters · change of the updates), `[memory_size]`; f64 if a parameter is, otherwise f32.
    pub weights_memory: Variable<OptState>,
}

fn minus(a: &Params, b: &Params) -> Params {
    a.zip(b, |x, y| x - y)
}

impl ScaleByLbfgs {
    /// The two loops of L-BFGS.
    fn precondition(&self, updates: Params, state: &ScaleByLbfgsState, scale: &Array) -> Params {
        let size = self.memory_size as i32;
        let first = state.count.value() % size;
        let order = (crate::array::arange(self.memory_size, DType::I32) + first) % size;
        let row = |memory: &Params, i: &Array| memory.map(|m| m.take(i, 0));
        let (dparams, dupdates) = (&state.diff_params_memory, &state.diff_updates_memory);
        let weights = state.weights_memory.value();
        let (updates, alphas) = scan(
            |updates: Params, i: &Array| {
                let dot = row(dparams, i).vdot(&updates);
                let alpha = weights.take(i, 0) * dot.astype(weights.dtype());
                (updates.add_scale(&-&alpha, &row(dupdates, i)), alpha)
            },
            updates,
            over(&order).reverse(),
        );
        let (updates, ()) = scan(
            |updates: Params, (i, alpha): (&Array, &Array)| {
                let dot = row(dupdates, i).vdot(&updates);
                let beta = weights.take(i, 0) * dot.astype(weights.dtype());
                (updates.add_scale(&(alpha - beta), &row(dparams, i)), ())
            },
            updates.scale(scale),
            over((&order, &alphas)),
        );
        updates
    }
}

impl GradientTransformation for ScaleByLbfgs {
    type State = ScaleByLbfgsState;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        if self.memory_size < 1 || self.memory_size > i32::MAX as usize {
            raise(Error::Invalid(format!(
                "scale_by_lbfgs: memory_size must be at least 1, got {}",
                self.memory_size
            )));
        }
        let memory = params.map(|p| {
            let mut shape = vec![self.memory_size];
            shape.extend(p.shape());
            zeros(shape, p.dtype())
        });
        ScaleByLbfgsState {
            count: Variable::new(Array::scalar(0_i32)),
            params: params.zeros_like(),
            updates: params.zeros_like(),
            diff_params_memory: memory.clone(),
            diff_updates_memory: memory,
            weights_memory: Variable::new(zeros([self.memory_size], number_dtype(params))),
        }
    }

    fn update(&self, updates: Params, state: &mut Self::State, params: &Params) -> Params {
        let size = self.memory_size as i32;
        let count = state.count.value().clone();
        let later = count.gt(0);
        let none = params.zeros_like();
        let dparams = minus(params, &state.params).select(&later, &none);
        let dupdates = minus(&updates, &state.updates).select(&later, &none);
        let dot = dupdates.vdot(&dparams);
        let weight = where_(dot.eq(0.0), 0.0, 1.0 / &dot);
        let at = (&count + (size - 1)) % size;
        let put = |memory: &Array, row: &Array| memory.at(&at).set(row);
        state.diff_params_memory = state.diff_params_memory.zip(&dparams, put);
        state.diff_updates_memory = state.diff_updates_memory.zip(&dupdates, put);
        let weight = weight.astype(state.weights_memory.dtype());
        state.weights_memory.set(put(&state.weights_memory, &weight));
        let scale = if self.scale_init_precond {
            let square = dupdates.vdot(&dupdates);
            let curvature = where_(square.gt(0.0), &dot / &square, 1.0);
            let short = (1.0 / updates.vdot(&updates).sqrt()).minimum(1.0);
            where_(&later, curvature, short)
        } else {
            Array::scalar(1.0_f32)
        };
        let preconditioned = self.precondition(updates.clone(), state, &scale);
        state.count.set(safe_increment(&count));
        state.params = params.clone();
        state.updates = updates;
        preconditioned
    }
}

/// L-BFGS with a line search: Newton's method by an estimate of the curvature. `optax.lbfgs`.
///
/// Needs [`ExtraArgs::value`] and [`ExtraArgs::value_fn`]; see [`ExtraArgs`] for an example. The search has computed
/// the loss and the gradient after a step, so that
/// [`Optimizer::value_and_grad`](super::Optimizer::value_and_grad) need not do it again. Made for losses without noise.
///
/// ```
/// use nnx::optim::{ExtraArgs, Optimizer, lbfgs};
/// use nnx::{Array, Param};
///
/// // Rosenbrock's valley, whose least value is at (1, 1).
/// let loss_fn = |model: &mut [Param; 2]| {
///     let [x, y] = model;
///     (1.0 - x.value()).square() + (y.value() - x.square()).square() * 100.0
/// };
/// let mut model = [-1.0_f32, 1.0].map(|x| Param::new(Array::scalar(x)));
/// let mut opt = Optimizer::new(&model, lbfgs().memory_size(5));
/// for _ in 0..40 {
///     let (loss, grads) = opt.value_and_grad(&mut model, &loss_fn);
///     opt.update_with(&mut model, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
/// }
/// assert!(loss_fn(&mut model).item::<f32>() < 1e-6);
/// ```
///
/// Source: Nocedal and Wright, "Numerical Optimization", 1999, algorithm 7.4.
pub fn lbfgs() -> Lbfgs<ScaleByZoomLinesearch> {
    let linesearch = scale_by_zoom_linesearch(20).initial_guess_strategy(InitialGuess::One);
    Lbfgs { lbfgs: scale_by_lbfgs(), learning_rate: LearningRate::Constant(1.0), linesearch }
}

/// See [`lbfgs`].
///
/// ```
/// use nnx::optim::{Lbfgs, Optimizer, ScaleByZoomLinesearch, lbfgs};
/// use nnx::{Array, Param};
///
/// let x = Param::new(Array::from([3.0_f32, -2.0]));
/// let tx: Lbfgs<ScaleByZoomLinesearch> = lbfgs().memory_size(5);
/// let opt = Optimizer::new(&x, tx);
/// // The memory of the last changes, and the line search.
/// let ((lbfgs, _), search) = &opt.opt_state;
/// assert_eq!(lbfgs.diff_params_memory.get("").unwrap().shape(), [5, 2]);
/// assert!(search.value.item::<f32>().is_infinite());
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Lbfgs<L> {
    learning_rate: LearningRate,
    lbfgs: ScaleByLbfgs,
    linesearch: L,
}

impl<L: GradientTransformation> Lbfgs<L> {
    /// A factor of the step before the line search. Default: `1.0`.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, lbfgs};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([3.0_f32, 4.0]));
    /// let mut opt = Optimizer::new(&x, lbfgs().learning_rate(0.5).linesearch(()));
    /// opt.update(&mut x, &Param::new(Array::from([30.0_f32, 40.0])));
    /// // Half of the first step, which is of norm 1.
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([2.7_f32, 3.6]), near).item::<bool>());
    /// ```
    pub fn learning_rate(mut self, learning_rate: impl Into<LearningRate>) -> Self {
        self.learning_rate = learning_rate.into();
        self
    }

    set_learning_rate!();

    /// How many changes are kept. Default: `10`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, lbfgs};
    /// use nnx::{Array, Param};
    ///
    /// let x = Param::new(Array::from([3.0_f32, -2.0]));
    /// let opt = Optimizer::new(&x, lbfgs().memory_size(5));
    /// assert_eq!(opt.opt_state.0.0.weights_memory.shape(), [5]);
    /// ```
    pub fn memory_size(mut self, memory_size: usize) -> Self {
        self.lbfgs.memory_size = memory_size;
        self
    }
    /// Whether the estimate starts at the last curvature along the step, and not at 1. Default: `true`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, lbfgs};
    /// use nnx::{Array, Param};
    ///
    /// let tx = lbfgs().linesearch(()).scale_init_precond(false);
    /// let mut x = Param::new(Array::from([3.0_f32, 4.0]));
    /// let mut opt = Optimizer::new(&x, tx);
    /// opt.update(&mut x, &Param::new(Array::from([0.5_f32, 2.0])));
    /// // The first step is the gradient, and not of norm 1.
    /// assert_eq!(x.to_vec::<f32>(), [2.5, 2.0]);
    /// ```
    pub fn scale_init_precond(mut self, scale_init_precond: bool) -> Self {
        self.lbfgs.scale_init_precond = scale_init_precond;
        self
    }
    /// Another line search, or `()` for none.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, lbfgs, scale_by_backtracking_linesearch};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let loss_fn = |x: &mut Param| x.square().sum(..);
    /// let mut x = Param::new(Array::from([3.0_f32, -2.0]));
    /// let tx = lbfgs().linesearch(scale_by_backtracking_linesearch(20));
    /// let mut opt = Optimizer::new(&x, tx);
    /// for _ in 0..3 {
    ///     let (loss, grads) = value_and_grad(&loss_fn, &mut x);
    ///     opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
    /// }
    /// assert!(loss_fn(&mut x).item::<f32>() < 1e-6);
    /// ```
    pub fn linesearch<T: GradientTransformation>(self, linesearch: T) -> Lbfgs<T> {
        Lbfgs { learning_rate: self.learning_rate, lbfgs: self.lbfgs, linesearch }
    }

    fn scaling(&self) -> (ScaleByLbfgs, ScaleByLearningRate) {
        (self.lbfgs.clone(), scale_by_learning_rate(self.learning_rate.clone()))
    }
}

impl<L: GradientTransformation> GradientTransformation for Lbfgs<L> {
    type State = (<(ScaleByLbfgs, ScaleByLearningRate) as GradientTransformation>::State, L::State);

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        (self.scaling().init(params), self.linesearch.init(params))
    }

    without_extra!();

    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        state: &mut Self::State,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let direction = self.scaling().update(updates, &mut state.0, params);
        self.linesearch.update_with(direction, &mut state.1, params, extra)
    }
}
