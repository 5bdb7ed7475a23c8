//! Adafactor, and its factored second moment.

use super::hyper::transformation;
use super::{
    AddDecayedWeights, ClipByBlockRms, Ema, GradientTransformation, Hyperparam, Mask, Params,
    Scale, ScaleByLearningRate, ScaleByParamBlockRms, add_decayed_weights, clip_by_block_rms, ema,
    safe_increment, scale, scale_by_learning_rate, scale_by_param_block_rms,
};
use crate::array::{keepdims, zeros};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;

transformation! {
    ScaleByFactoredRms;
    /// Divides updates by the root of their running mean square, of which large parameters keep
    /// only the means of rows and columns. `optax.scale_by_factored_rms`.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, scale, scale_by_factored_rms};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
    /// let mut opt = Optimizer::new(&x, (scale_by_factored_rms(), scale(-0.5)));
    /// opt.update(&mut x, &Param::new(Array::from([4.0_f32, -0.25])));
    /// // The first step is the sign of the gradient; a vector is not factored.
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([-0.5_f32, 0.5]), near).item::<bool>());
    /// ```
    ///
    /// Source: Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost",
    /// 2018.
    scale_by_factored_rms() {
        /// How the memory grows with the steps.
        decay_rate: f64 = 0.8,
        /// The least second largest size of a parameter that is factored.
        min_dim_size_to_factor: usize = 128,
        /// Added to squared updates.
        eps: f64 = 1e-30,
        /// Whether large parameters are factored at all.
        factored: bool = true,
        /// The step at which the memory begins, for a model that has been trained before: `decay_offset` of
        /// `optax.adafactor`.
        step_offset: i32 = 0,
    }
    optimizers {
        Adafactor;
        /// Adafactor: little memory for large matrices. `optax.adafactor`; see
        /// [`scale_by_factored_rms`].
        ///
        /// ```
        /// use nnx::array::Tolerance;
        /// use nnx::optim::{Optimizer, adafactor};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::from([2.0_f32, -2.0]));
        /// let mut opt = Optimizer::new(&x, adafactor(0.1));
        /// opt.update(&mut x, &Param::new(Array::from([4.0_f32, -0.25])));
        /// // The rate is in units of the root mean square of the parameters: 2 − 0.1 · 2.
        /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
        /// assert!(x.allclose(Array::from([1.8_f32, -1.8]), near).item::<bool>());
        /// ```
        adafactor {
            /// The largest root mean square of an update; infinity for any.
            clipping_threshold: f64 = 1.0,
            /// Whether the rate is in units of the root mean square of each parameter.
            multiply_by_parameter_scale: bool = true,
            /// Decay of a mean of updates.
            momentum: Option<Hyperparam> = None,
            /// The dtype in which that mean is kept; that of the updates if there is none.
            dtype_momentum: Option<DType> = Some(DType::F32),
            /// How strongly parameters are pulled to zero; not in units of the learning rate.
            weight_decay_rate: Option<Hyperparam> = None,
            /// Which parameters decay.
            weight_decay_mask: Mask = Mask::everything(),
        }
        |o, rms| -> AdafactorChain {
            (
                rms,
                clip_by_block_rms(o.clipping_threshold),
                scale_by_learning_rate(o.learning_rate.clone()).flip_sign(false),
                o.multiply_by_parameter_scale.then(scale_by_param_block_rms),
                o.momentum.as_ref().map(|decay| {
                    ema(decay).debias(false).accumulator_dtype(o.dtype_momentum)
                }),
                o.weight_decay_rate.as_ref().map(|rate| {
                    add_decayed_weights(rate).mask(o.weight_decay_mask.clone())
                }),
                scale(-1.0),
            )
        }
    }
}

/// The parts of [`adafactor`].
type AdafactorChain = (
    ScaleByFactoredRms,
    ClipByBlockRms,
    ScaleByLearningRate,
    Option<ScaleByParamBlockRms>,
    Option<Ema>,
    Option<AddDecayedWeights>,
    Scale,
);

impl ScaleByFactoredRms {
    /// [`eps`](ScaleByFactoredRms::eps) by the name that `optax.scale_by_factored_rms` gives it.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_factored_rms};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let tx = (scale_by_factored_rms().epsilon(16.0), scale(-1.0));
    /// let mut opt = Optimizer::new(&x, tx);
    /// opt.update(&mut x, &Param::new(Array::scalar(3.0_f32)));
    /// // 3 / √(3² + 16)
    /// assert!((x.item::<f32>() + 0.6).abs() < 1e-3);
    /// ```
    pub fn epsilon(self, epsilon: f64) -> Self {
        self.eps(epsilon)
    }
}

/// The factored mean squares; where one form is not used it is a single zero.
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::optim::{FactoredState, Optimizer, adafactor};
/// use nnx::random::Rngs;
///
/// let layer = Linear::new(256, 128, &mut Rngs::new(0));
/// let opt = Optimizer::new(&layer, adafactor(0.1));
/// // 256 + 128 numbers for the kernel, in place of 256 · 128.
/// let state: &FactoredState = &opt.opt_state.0;
/// assert_eq!(state.v_row.get("kernel").unwrap().shape(), [128]);
/// assert_eq!(state.v_col.get("kernel").unwrap().shape(), [256]);
/// assert_eq!(state.v.get("kernel").unwrap().shape(), [1]);
/// assert_eq!(state.v.get("bias").unwrap().shape(), [128]);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct FactoredState {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// Means over the largest axis.
    pub v_row: Params,
    /// Means over the second largest axis.
    pub v_col: Params,
    /// Mean squares of parameters that are not factored.
    pub v: Params,
}

impl ScaleByFactoredRms {
    /// The second largest and the largest axis, if the parameter is factored.
    fn axes(&self, shape: &[usize]) -> Option<(usize, usize)> {
        let mut axes: Vec<usize> = (0..shape.len()).collect();
        axes.sort_by_key(|&axis| shape[axis]);
        let [.., second, first] = axes[..] else { return None };
        (self.factored && shape[second] >= self.min_dim_size_to_factor).then_some((second, first))
    }
}

fn without_axis(param: &Array, axis: usize) -> Array {
    let mut shape = param.shape().to_vec();
    shape.remove(axis);
    zeros(shape, param.dtype())
}

impl GradientTransformation for ScaleByFactoredRms {
    type State = FactoredState;

    fn init(&self, params: &Params) -> FactoredState {
        let unused = |param: &Array| zeros([1], param.dtype());
        let factor = |param: &Array, row: bool| match self.axes(param.shape()) {
            Some((second, first)) => without_axis(param, if row { first } else { second }),
            None => unused(param),
        };
        FactoredState {
            count: Variable::new(Array::scalar(0_i32)),
            v_row: params.map(|param| factor(param, true)),
            v_col: params.map(|param| factor(param, false)),
            v: params.map(|param| match self.axes(param.shape()) {
                Some(_) => unused(param),
                None => param.zeros_like(),
            }),
        }
    }

    fn update(&self, updates: Params, state: &mut FactoredState, _: &Params) -> Params {
        let step = (state.count.value() - self.step_offset + 1).astype(DType::F32);
        let decay = 1.0 - step.pow(-self.decay_rate);
        let squares = updates.map(|g| g.squared_magnitude() + self.eps);
        // Unused forms stay zero: only the one that a parameter has takes in its squares.
        let average = |old: &Params, axis: &dyn Fn(&Array) -> Option<Option<usize>>| {
            old.zip(&squares, |v, square| match axis(square) {
                None => v.zeros_like(),
                Some(axis) => {
                    let new = axis.map_or(square.clone(), |axis| square.mean(axis as isize));
                    (v * &decay + new * (1.0 - &decay)).astype(v.dtype())
                }
            })
        };
        let axes = |square: &Array| self.axes(square.shape());
        state.v_row = average(&state.v_row, &|s| axes(s).map(|(_, first)| Some(first)));
        state.v_col = average(&state.v_col, &|s| axes(s).map(|(second, _)| Some(second)));
        state.v = average(&state.v, &|s| axes(s).is_none().then_some(None));
        state.count.set(safe_increment(&state.count));

        let columns = state.v_row.zip(&state.v_col, |row, col| match () {
            () if row.shape() == [1] && col.shape() == [1] => row.clone(),
            () => col.pow(-0.5),
        });
        let rows = updates.zip(&state.v_row, |g, row| match axes(g) {
            None => row.clone(),
            Some((second, first)) => {
                let axis = if second > first { second - 1 } else { second };
                (row / row.mean(keepdims(axis as isize))).pow(-0.5)
            }
        });
        let scaled = updates.zip(&state.v, |g, v| match axes(g) {
            None => g * v.pow(-0.5),
            Some(_) => g.clone(),
        });
        let scaled = scaled.zip(&rows, |g, row| match axes(g) {
            None => g.clone(),
            Some((_, first)) => g * row.expand_dims(first as isize),
        });
        scaled.zip(&columns, |g, col| match axes(g) {
            None => g.clone(),
            Some((second, _)) => g * col.expand_dims(second as isize),
        })
    }
}
