//! GaLore: an optimizer's state for gradients of low rank.

use super::extra::without_extra;
use super::hyper::{learning_rate, number};
use super::{
    AddDecayedWeights, ExtraArgs, GradientTransformation, LearningRate, Mask, Params, ScaleByAdam,
    ScaleByLearningRate, add_decayed_weights, safe_increment, scale_by_adam,
    scale_by_learning_rate,
};
use crate::array::linalg::svd;
use crate::array::zeros;
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::transform::cond;
use crate::value::DType;
use nnx_derive::Module;

/// Which axes of a parameter are the rows of a matrix, and which its columns.
///
/// ```
/// use nnx::optim::{GaLoreDimensionNumbers, Optimizer, scale_by_galore};
/// use nnx::{DType, Param, array};
///
/// // A kernel [inputs, heads, features] as a matrix of 8 rows and 2 · 3 columns.
/// let numbers = GaLoreDimensionNumbers { reduction_axis: vec![0], output_axis: vec![-2, -1] };
/// let kernel = Param::new(array::zeros([8, 2, 3], DType::F32));
/// let tx = scale_by_galore().rank(2).weight_dimension_numbers(Some(numbers));
/// let state = Optimizer::new(&kernel, tx).opt_state;
/// assert_eq!(state.projector.get("").unwrap().shape(), [8, 2]);
/// assert_eq!(state.base_optimizer_state.mu.get("").unwrap().shape(), [2, 6]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Module)]
#[module(crate = crate)]
pub struct GaLoreDimensionNumbers {
    /// The rows; negative ones count from the end.
    pub reduction_axis: Vec<isize>,
    /// The columns.
    pub output_axis: Vec<isize>,
}

/// Axes of rows first, and those of columns behind them.
struct MatrixForm {
    order: Vec<usize>,
    /// The sizes in this order.
    sizes: Vec<usize>,
    rows: usize,
    columns: usize,
}

impl MatrixForm {
    #[track_caller]
    fn of(x: &Array, numbers: Option<&GaLoreDimensionNumbers>) -> Self {
        let rank = x.rank();
        let axes = |axes: &[isize]| -> Vec<usize> {
            axes.iter().map(|axis| axis.rem_euclid(rank as isize) as usize).collect()
        };
        let (rows, columns) = match numbers {
            Some(n) => (axes(&n.reduction_axis), axes(&n.output_axis)),
            None => (vec![0], vec![1]),
        };
        let order = [&rows[..], &columns[..]].concat();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if sorted != (0..rank).collect::<Vec<_>>() {
            let aval = x.aval();
            raise(Error::Invalid(format!(
                "scale_by_galore: each axis of a parameter is a row or a column, and {numbers:?} does not say so of \
                 {aval}"
            )));
        }
        let size = |axes: &[usize]| axes.iter().map(|&axis| x.shape()[axis]).product();
        let sizes = order.iter().map(|&axis| x.shape()[axis]).collect();
        MatrixForm { sizes, rows: size(&rows), columns: size(&columns), order }
    }

    fn matrix(&self, x: &Array) -> Array {
        x.transpose(&*self.order).reshape([self.rows, self.columns])
    }

    fn back(&self, matrix: &Array) -> Array {
        let mut inverse = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(i, &axis)| inverse[axis] = i);
        matrix.reshape(&*self.sizes).transpose(&*inverse)
    }

    /// Whether rows are projected, and not columns.
    fn is_tall(&self) -> bool {
        self.rows >= self.columns
    }
}

/// The error of a base optimizer that reads parameters.
const UNTOLD: &str = "scale_by_galore: the base optimizer is not told parameters\nfix: put weight decay behind \
                      `scale_by_galore`, as `galore` does, and another transformation that needs them too";

/// See [`scale_by_galore`].
///
/// ```
/// use nnx::optim::{ScaleByAdam, ScaleByGalore, scale_by_adam, scale_by_galore};
///
/// let default: ScaleByGalore<ScaleByAdam> = scale_by_galore();
/// let slower = default.rank(16).base_optimizer(scale_by_adam().b1(0.99));
/// assert!(format!("{slower:?}").contains("rank: 16"));
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByGalore<T> {
    rank: usize,
    update_proj_gap: i32,
    scale: f64,
    base_optimizer: T,
    weight_dimension_numbers: Option<GaLoreDimensionNumbers>,
}

/// An optimizer, Adam unless another one is given, of the gradients of matrices after they were projected to a low rank, so
/// that its state is small; the projection is that of the largest singular values of a gradient now and then. Parameters
/// that are no matrices are not projected. `optax.contrib.scale_by_galore`; the signs of singular vectors are arbitrary, so
/// that moments from before a new projection may enter otherwise than there.
///
/// ```
/// use nnx::array::Tolerance;
/// use nnx::optim::{Optimizer, scale_by_galore, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::from([[0.0_f32, 0.0], [0.0, 0.0]]));
/// // Of the gradient as it is, without an optimizer inside.
/// let mut opt = Optimizer::new(&x, (scale_by_galore().rank(1).base_optimizer(()), sgd(1.0)));
/// opt.update(&mut x, &Param::new(Array::from([[2.0_f32, 0.0], [0.0, 1.0]])));
/// // The largest singular value is left.
/// let near = Tolerance { atol: 1e-5, ..Tolerance::default() };
/// assert!(x.allclose(Array::from([[-2.0_f32, 0.0], [0.0, 0.0]]), near).item::<bool>());
/// ```
///
/// Source: Zhao et al., "GaLore: Memory-Efficient LLM Training by Gradient Low-Rank Projection", 2024.
pub fn scale_by_galore() -> ScaleByGalore<ScaleByAdam> {
    ScaleByGalore {
        rank: 128,
        update_proj_gap: 200,
        scale: 1.0,
        base_optimizer: scale_by_adam(),
        weight_dimension_numbers: None,
    }
}

impl<T> ScaleByGalore<T> {
    number! {
        /// The rank.
        rank: usize = 128
    }
    number! {
        /// Steps from one projection to the next.
        update_proj_gap: i32 = 200
    }
    number! {
        /// A factor of the updates of matrices.
        scale: f64 = 1.0
    }
    number! {
        /// How parameters with two axes and more are matrices; without it, those with two axes are.
        weight_dimension_numbers: Option<GaLoreDimensionNumbers> = None
    }

    /// Another optimizer of what was projected. It is told parameters of the projected shapes, but not their values;
    /// one that needs these panics, so put weight decay behind [`scale_by_galore`], as [`galore`] does.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, ScaleByGalore, Trace, scale_by_galore, trace};
    /// use nnx::{DType, Param, array};
    ///
    /// let tx: ScaleByGalore<Trace> = scale_by_galore().rank(2).base_optimizer(trace(0.9));
    /// let kernel = Param::new(array::zeros([8, 6], DType::F32));
    /// let state = Optimizer::new(&kernel, tx).opt_state;
    /// assert_eq!(state.base_optimizer_state.trace.get("").unwrap().shape(), [2, 6]);
    /// ```
    pub fn base_optimizer<U: GradientTransformation>(self, base_optimizer: U) -> ScaleByGalore<U> {
        let ScaleByGalore { rank, update_proj_gap, scale, weight_dimension_numbers, .. } = self;
        ScaleByGalore { rank, update_proj_gap, scale, base_optimizer, weight_dimension_numbers }
    }

    /// Those that are projected, and the others.
    fn split(&self, params: &Params) -> (Params, Params) {
        params.partition(|p| match self.weight_dimension_numbers {
            Some(_) => p.rank() >= 2,
            None => p.rank() == 2,
        })
    }

    #[track_caller]
    fn form(&self, x: &Array) -> MatrixForm {
        MatrixForm::of(x, self.weight_dimension_numbers.as_ref())
    }

    fn rank_of(&self, form: &MatrixForm) -> usize {
        self.rank.min(form.rows).min(form.columns)
    }

    /// The projection of the largest singular values of a gradient.
    fn projector(&self, gradient: &Array) -> Array {
        let form = self.form(gradient);
        let most = self.rank_of(&form);
        let (u, _, vh) = svd(form.matrix(gradient).astype(DType::F32));
        let projector = match form.is_tall() {
            true => u.slice([(..).into(), (..most).into()]),
            false => vh.slice([(..most).into()]).t(),
        };
        projector.astype(gradient.dtype())
    }
}

/// The projections, and the state of what was projected.
///
/// ```
/// use nnx::array::Tolerance;
/// use nnx::optim::{GaLoreState, Optimizer, scale_by_galore, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::from([[0.0_f32, 0.0], [0.0, 0.0]]));
/// let mut opt = Optimizer::new(&x, (scale_by_galore().rank(1), sgd(0.1)));
/// opt.update(&mut x, &Param::new(Array::from([[0.0_f32, 0.0], [0.0, 1.0]])));
/// let state: &GaLoreState<_> = &opt.opt_state.0;
/// assert_eq!(state.count.item::<i32>(), 1);
/// // The singular vector, of either sign.
/// let projector = state.projector.get("").unwrap().abs();
/// let near = Tolerance { atol: 1e-5, ..Tolerance::default() };
/// assert!(projector.allclose(Array::from([[0.0_f32], [1.0]]), near).item::<bool>());
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct GaLoreState<S> {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// The state of the optimizer.
    pub base_optimizer_state: S,
    /// The projection of each matrix.
    pub projector: Params,
}

impl<T: GradientTransformation> GradientTransformation for ScaleByGalore<T> {
    type State = GaLoreState<T::State>;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        if self.rank < 1 || self.update_proj_gap < 1 {
            raise(Error::Invalid(format!(
                "scale_by_galore: rank and update_proj_gap must be at least 1, got {} and {}",
                self.rank, self.update_proj_gap
            )));
        }
        let (matrices, others) = self.split(params);
        let sized = |low: bool| {
            matrices.map(|p| {
                let form = self.form(p);
                let rank = self.rank_of(&form);
                let shape = match (form.is_tall(), low) {
                    (true, false) => [form.rows, rank],
                    (false, false) => [form.columns, rank],
                    (true, true) => [rank, form.columns],
                    (false, true) => [form.rows, rank],
                };
                zeros(shape, p.dtype())
            })
        };
        GaLoreState {
            count: Variable::new(Array::scalar(0_i32)),
            base_optimizer_state: self.base_optimizer.init(&sized(true).union(others)),
            projector: sized(false),
        }
    }

    without_extra!();

    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        state: &mut Self::State,
        _: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let renews = (state.count.value() % self.update_proj_gap).eq(0);
        state.count.set(safe_increment(&state.count));
        let (matrices, others) = self.split(&updates);
        let before = &state.projector;
        let projector = cond(
            &renews,
            |gradients: &Params| gradients.map(|g| self.projector(g)),
            |_: &Params| before.clone(),
            &matrices,
        );
        let low = matrices.zip(&projector, |g, p| {
            let form = self.form(g);
            match form.is_tall() {
                true => p.t().matmul(form.matrix(g)),
                false => form.matrix(g).matmul(p),
            }
        });
        let all = low.union(others);
        let base = &mut state.base_optimizer_state;
        let untold = all.map(|x| x.absent_like(UNTOLD));
        let steps = self.base_optimizer.update_with(all, base, &untold, extra);
        let (low, others) = steps.split_like(&matrices);
        let mut steps = low.arrays();
        let full = matrices.zip(&projector, |g, p| {
            let form = self.form(g);
            let step = steps.next().map_or_else(
                || g.clone(),
                |step| match form.is_tall() {
                    true => p.matmul(step),
                    false => step.matmul(p.t()),
                },
            );
            (form.back(&step) * self.scale).astype(g.dtype())
        });
        state.projector = projector;
        full.union(others)
    }
}

/// See [`galore`].
///
/// ```
/// use nnx::optim::{Galore, LearningRate, ScaleByAdam, galore, scale_by_galore};
///
/// let mut tx: Galore<ScaleByAdam> = galore(1e-3, scale_by_galore().rank(8)).weight_decay(0.1);
/// tx.set_learning_rate(1e-4);
/// assert!(matches!(tx.learning_rate(), LearningRate::Constant(1e-4)));
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Galore<T> {
    learning_rate: LearningRate,
    galore: ScaleByGalore<T>,
    weight_decay: f64,
    mask: Mask,
}

/// Adam, or another optimizer, of gradients of low rank. `optax.contrib.galore`; see [`scale_by_galore`], which gives its
/// settings.
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::optim::{Optimizer, galore, scale_by_galore};
/// use nnx::random::Rngs;
///
/// let layer = Linear::new(64, 32, &mut Rngs::new(0));
/// let opt = Optimizer::new(&layer, galore(1e-3, scale_by_galore().rank(4)));
/// let state = &opt.opt_state.0;
/// assert_eq!(state.projector.get("kernel").unwrap().shape(), [64, 4]);
/// assert_eq!(state.base_optimizer_state.mu.get("kernel").unwrap().shape(), [4, 32]);
/// ```
pub fn galore<T: GradientTransformation>(
    learning_rate: impl Into<LearningRate>,
    galore: ScaleByGalore<T>,
) -> Galore<T> {
    let learning_rate = learning_rate.into();
    Galore { learning_rate, galore, weight_decay: 0.0, mask: Mask::everything() }
}

impl<T: GradientTransformation> Galore<T> {
    learning_rate!();

    number! {
        /// How strongly parameters are pulled to zero, in units of the learning rate.
        weight_decay: f64 = 0.0
    }
    number! {
        /// Which parameters decay.
        mask: Mask = Mask::everything()
    }

    fn rest(&self) -> (AddDecayedWeights, ScaleByLearningRate) {
        (
            add_decayed_weights(self.weight_decay).mask(self.mask.clone()),
            scale_by_learning_rate(self.learning_rate.clone()),
        )
    }
}

impl<T: GradientTransformation> GradientTransformation for Galore<T> {
    type State = (
        GaLoreState<T::State>,
        <(AddDecayedWeights, ScaleByLearningRate) as GradientTransformation>::State,
    );

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        (self.galore.init(params), self.rest().init(params))
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
        let steps = self.galore.update_with(updates, &mut state.0, params, extra);
        self.rest().update(steps, &mut state.1, params)
    }
}
