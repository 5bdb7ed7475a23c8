//! Muon: updates of matrices made orthogonal.

use super::hyper::{learning_rate, number, transformation};
use super::moments::{first_moment, update_moment};
use super::{
    AdamW, GradientTransformation, Hyperparam, Hyperparams, LearningRate, Mask, Params,
    ScaleByLearningRate, adamw, add_decayed_weights, safe_increment, scale_by_learning_rate,
};
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::transform::vmap;
use crate::value::DType;
use nnx_derive::Module;

/// Which axes of a parameter are those of the matrix that Muon makes orthogonal: a vector is multiplied along
/// `reduction_axis`, and the product lies along `output_axis`. Each further axis is one of a batch of matrices. Negative
/// axes count from the last. `optax.contrib.MuonDimensionNumbers`.
///
/// ```
/// use nnx::optim::{Mask, MuonDimensionNumbers, Optimizer, muon};
/// use nnx::{DType, Param, array::zeros, path_contains};
///
/// // From 8 features to 2 heads with 4 each; a convolution of 3 rows, 3 columns, 3 and 4 channels; biases.
/// let shapes: [&[usize]; 3] = [&[8, 2, 4], &[3, 3, 3, 4], &[4]];
/// let model = shapes.map(|shape| Param::new(zeros(shape, DType::F32)));
/// let tx = muon(0.02).muon_weight_dimension_numbers(vec![
///     (Mask::of(path_contains(0)), MuonDimensionNumbers::new(&[0], &[1, 2])),
///     (Mask::of(path_contains(1)), MuonDimensionNumbers::new(&[0, 1, 2], &[3])),
/// ]);
/// let state = Optimizer::new(&model, tx).opt_state;
/// assert!(state.muon.0.mu.get("[1]").is_some() && state.adam.0.mu.get("[2]").is_some());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Module)]
#[module(crate = crate)]
pub struct MuonDimensionNumbers {
    /// The axes that a vector is multiplied along.
    #[module(static)]
    pub reduction_axis: Vec<isize>,
    /// The axes of the product.
    #[module(static)]
    pub output_axis: Vec<isize>,
}

impl Default for MuonDimensionNumbers {
    /// Those of a matrix: 0 and 1.
    fn default() -> Self {
        MuonDimensionNumbers::new(&[0], &[1])
    }
}

impl MuonDimensionNumbers {
    /// These axes.
    ///
    /// ```
    /// use nnx::optim::MuonDimensionNumbers;
    ///
    /// assert_eq!(MuonDimensionNumbers::new(&[0], &[1]), MuonDimensionNumbers::default());
    /// ```
    pub fn new(reduction_axis: &[isize], output_axis: &[isize]) -> Self {
        MuonDimensionNumbers {
            reduction_axis: reduction_axis.to_vec(),
            output_axis: output_axis.to_vec(),
        }
    }

    /// The axes of the batch, those that are reduced and those of the product, counted from the first.
    #[track_caller]
    fn axes(&self, x: &Array) -> [Vec<usize>; 3] {
        let rank = x.rank();
        let counted = |axes: &[isize]| -> Option<Vec<usize>> {
            let from_first =
                |&axis: &isize| axis.checked_add(if axis < 0 { rank as isize } else { 0 });
            let inside = |axis: isize| usize::try_from(axis).ok().filter(|&axis| axis < rank);
            axes.iter().map(|axis| from_first(axis).and_then(inside)).collect()
        };
        let (reduced, output) = (counted(&self.reduction_axis), counted(&self.output_axis));
        let named = reduced.zip(output).filter(|(reduced, output)| {
            let mut all = [&reduced[..], &output[..]].concat();
            all.sort_unstable();
            let count = all.len();
            all.dedup();
            all.len() == count && !reduced.is_empty() && !output.is_empty()
        });
        let Some((reduced, output)) = named else {
            raise(Error::Invalid(format!(
                "muon: a parameter {} has no matrix of the axes {:?} and {:?}\n\
                 fix: give `MuonDimensionNumbers` different axes of the parameter, at least one for each side",
                x.aval(),
                self.reduction_axis,
                self.output_axis
            )))
        };
        let is_named = |axis: &usize| reduced.contains(axis) || output.contains(axis);
        [(0..rank).filter(|axis| !is_named(axis)).collect(), reduced, output]
    }

    /// How many numbers go in, and how many come out.
    fn fans(&self, x: &Array) -> [f64; 2] {
        let [_, reduced, output] = self.axes(x);
        [reduced, output]
            .map(|axes| axes.iter().map(|&axis| x.shape()[axis]).product::<usize>() as f64)
    }

    /// `f` of each matrix.
    #[track_caller]
    fn of_matrices(&self, x: &Array, f: impl Fn(&Array) -> Array) -> Array {
        if x.rank() == 2 && *self == MuonDimensionNumbers::default() {
            return f(x);
        }
        let groups = self.axes(x);
        let order = groups.concat();
        let sizes = groups.map(|axes| axes.iter().map(|&axis| x.shape()[axis]).product::<usize>());
        let permutation: Vec<isize> = order.iter().map(|&axis| axis as isize).collect();
        let moved = x.transpose(permutation.as_slice());
        let made = vmap(|x: &Array| f(x), &moved.reshape(sizes), 0).reshape(moved.shape());
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(at, &axis)| back[axis] = at as isize);
        made.transpose(back.as_slice())
    }
}

/// The matrices that parameters hold: the first mask that takes one decides.
type MuonParameters = Vec<(Mask, MuonDimensionNumbers)>;

/// Each part of `params` that has dimension numbers, with these, and the others. Where there are no rules, matrices
/// have those of a matrix.
fn by_numbers(
    rules: &MuonParameters,
    params: &Params,
) -> (Vec<(MuonDimensionNumbers, Params)>, Params) {
    if rules.is_empty() {
        let (matrices, others) = params.partition(|p| p.rank() == 2);
        return (vec![(MuonDimensionNumbers::default(), matrices)], others);
    }
    let (mut found, mut rest) = (Vec::new(), params.clone());
    for (mask, numbers) in rules {
        let (taken, others) = mask.split(&rest);
        found.push((numbers.clone(), taken));
        rest = others;
    }
    (found, rest)
}

/// Those of all parts.
fn joined(parts: Vec<(MuonDimensionNumbers, Params)>) -> Params {
    parts.into_iter().fold(Params::new([]), |all, (_, part)| all.union(part))
}

/// Coefficients of the quintic Newton-Schulz iteration.
const COEFFICIENTS: [f64; 3] = [3.4445, -4.7750, 2.0315];

/// Rows of coefficients.
type MuonCoefficients = Vec<[f64; 3]>;

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
        beta: Hyperparam = 0.95,
        /// Steps of the iteration.
        ns_steps: usize = 5,
        /// Added to the norm.
        eps: Hyperparam = 1e-8,
        /// Nesterov's momentum.
        nesterov: bool = true,
        /// Whether each update is scaled by its product with the mean that it was made of (Bernstein et al., "Old
        /// Optimizer, New Norm: An Anthology", 2024).
        adaptive: bool = false,
        /// The coefficients of x, x xᵀ x and x xᵀ x xᵀ x in each step of the iteration: one row for all, or a row for each
        /// step from the first on, of which there are at most `ns_steps`.
        ns_coeffs: MuonCoefficients = vec![COEFFICIENTS],
        /// The dtype in which the mean is kept; that of the updates if there is none.
        mu_dtype: Option<DType> = None,
        /// Which parameters are made of which matrices; where there are none, all parameters must be matrices.
        weight_dimension_numbers: MuonParameters = Vec::new(),
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
        ScaleByMuonState {
            count: Variable::new(Array::scalar(0_i32)),
            mu: params.zeros_like().kept_in(self.mu_dtype),
        }
    }

    fn update(&self, updates: Params, state: &mut ScaleByMuonState, _: &Params) -> Params {
        let mu = update_moment(&updates, &state.mu, &self.beta);
        let count = safe_increment(&state.count);
        let mean = first_moment(&updates, &mu, &self.beta, &count, self.nesterov);
        state.mu = mu.kept_in(self.mu_dtype);
        state.count.set(count);
        let (parts, others) = by_numbers(&self.weight_dimension_numbers, &mean);
        if let Some((path, array)) = others.iter().next() {
            raise(Error::Invalid(format!(
                "scale_by_muon: `{path}` {} is not a matrix\n\
                 fix: say which axes make one, `weight_dimension_numbers(vec![(mask, MuonDimensionNumbers::new(&[0], &[1]))])`, \
                 or take `muon(learning_rate)`, which leaves others to Adam",
                array.aval()
            )));
        }
        let orthogonal = |(numbers, part): (MuonDimensionNumbers, Params)| {
            let made = part.map(|x| numbers.of_matrices(x, |x| self.orthogonal(x)));
            let made = match self.adaptive {
                true => part.zip(&made, |x, y| (x.conj() * y).sum(..) * y),
                false => made,
            };
            (numbers, made)
        };
        joined(parts.into_iter().map(orthogonal).collect())
    }
}

impl ScaleByMuon {
    fn orthogonal(&self, x: &Array) -> Array {
        let tall = x.shape()[0] > x.shape()[1];
        let x = if tall { x.t() } else { x.clone() };
        let mut x = &x / (x.squared_magnitude().sum(..).sqrt() + &self.eps);
        let rows = match &self.ns_coeffs[..] {
            [row] => vec![*row; self.ns_steps],
            rows => rows.to_vec(),
        };
        if rows.len() > self.ns_steps || rows.is_empty() {
            raise(Error::Invalid(format!(
                "scale_by_muon: {} rows of coefficients for {} steps\n\
                 fix: give one row for all steps, or at most one for each",
                self.ns_coeffs.len(),
                self.ns_steps
            )));
        }
        for [c0, c1, c2] in rows {
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
    weight_decay: Hyperparam,
    weight_decay_mask: Mask,
    consistent_rms: Option<f64>,
    adam_learning_rate: Option<Hyperparam>,
    adam_b1: Hyperparam,
    adam_b2: Hyperparam,
    adam_eps_root: Hyperparam,
    adam_weight_decay: Hyperparam,
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
    Muon {
        learning_rate: learning_rate.into(),
        muon: scale_by_muon(),
        weight_decay: 0.0.into(),
        weight_decay_mask: Mask::everything(),
        consistent_rms: None,
        adam_learning_rate: None,
        adam_b1: 0.9.into(),
        adam_b2: 0.999.into(),
        adam_eps_root: 0.0.into(),
        adam_weight_decay: 0.0.into(),
    }
}

/// The method that passes a number on to [`ScaleByMuon`].
macro_rules! of_muon {
    ($(#[$doc:meta])* $name:ident: $type:ty = $default:expr) => {
        $(#[$doc])*
        #[doc = concat!("Default: `", stringify!($default), "`.")]
        pub fn $name(mut self, $name: $type) -> Self {
            self.muon = self.muon.$name($name);
            self
        }
    };
}

impl Muon {
    learning_rate!();

    of_muon! {
        /// Decay of the mean of updates.
        beta: impl Into<Hyperparam> = 0.95
    }
    of_muon! {
        /// Steps of the iteration.
        ns_steps: usize = 5
    }
    of_muon! {
        /// Nesterov's momentum, in both parts.
        nesterov: bool = true
    }
    of_muon! {
        /// Whether each update of a matrix is scaled by its product with the mean that it was made of.
        adaptive: bool = false
    }
    of_muon! {
        /// The coefficients of the iteration; see [`ScaleByMuon::ns_coeffs`].
        ns_coeffs: Vec<[f64; 3]> = vec![[3.4445, -4.7750, 2.0315]]
    }
    of_muon! {
        /// The dtype in which means are kept, in both parts; that of the updates if there is none.
        mu_dtype: Option<DType> = None
    }
    of_muon! {
        /// Added to norms, and to roots in Adam.
        eps: impl Into<Hyperparam> = 1e-8
    }
    number! {
        /// How strongly matrices are pulled to zero, in units of the learning rate.
        weight_decay: Hyperparam = 0.0
    }
    number! {
        /// Which matrices decay.
        weight_decay_mask: Mask = Mask::everything()
    }
    number! {
        /// Scales updates of matrices by the root of their larger side times this, so that their root mean square does not
        /// depend on the shape (Liu et al., "Muon is Scalable for LLM Training", 2025; 0.2 is that of Adam); otherwise by
        /// that of their width over their height, if it is more than 1.
        consistent_rms: Option<f64> = None
    }
    number! {
        /// The learning rate of Adam, if it is another one.
        adam_learning_rate: Option<Hyperparam> = None
    }
    number! {
        /// Adam's decay of the mean of updates.
        adam_b1: Hyperparam = 0.9
    }
    number! {
        /// Adam's decay of the mean of squares.
        adam_b2: Hyperparam = 0.999
    }
    number! {
        /// Added below the root, in Adam.
        adam_eps_root: Hyperparam = 0.0
    }
    number! {
        /// How strongly the other parameters are pulled to zero, in units of the learning rate.
        adam_weight_decay: Hyperparam = 0.0
    }

    /// Which parameters Muon updates, and which axes of them make matrices: the first mask that takes a parameter decides,
    /// and those that none takes are left to Adam. Default: all with two axes. See [`MuonDimensionNumbers`].
    ///
    /// ```
    /// use nnx::optim::{Mask, MuonDimensionNumbers, Optimizer, muon};
    /// use nnx::{DType, Param, array::zeros, path_contains};
    ///
    /// let model = [[2, 3], [3, 2]].map(|shape| Param::new(zeros(shape, DType::F32)));
    /// // The last matrix is left to Adam.
    /// let rules = vec![(Mask::of(path_contains(0)), MuonDimensionNumbers::default())];
    /// let opt = Optimizer::new(&model, muon(0.02).muon_weight_dimension_numbers(rules));
    /// assert_eq!(opt.opt_state.muon.0.mu.len(), 1);
    /// ```
    pub fn muon_weight_dimension_numbers(
        mut self,
        rules: Vec<(Mask, MuonDimensionNumbers)>,
    ) -> Self {
        self.muon = self.muon.weight_dimension_numbers(rules);
        self
    }
}

impl Hyperparams for Muon {
    fn hyperparams_mut(&mut self) -> Vec<(&'static str, &mut Hyperparam)> {
        let mut found = self.muon.hyperparams_mut();
        found.extend([
            ("learning_rate", &mut self.learning_rate),
            ("weight_decay", &mut self.weight_decay),
            ("adam_b1", &mut self.adam_b1),
            ("adam_b2", &mut self.adam_b2),
            ("adam_eps_root", &mut self.adam_eps_root),
            ("adam_weight_decay", &mut self.adam_weight_decay),
        ]);
        found.extend(self.adam_learning_rate.as_mut().map(|rate| ("adam_learning_rate", rate)));
        found
    }
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
        let rate = self.adam_learning_rate.as_ref().unwrap_or(&self.learning_rate);
        adamw(rate)
            .b1(&self.adam_b1)
            .b2(&self.adam_b2)
            .eps(&self.muon.eps)
            .eps_root(&self.adam_eps_root)
            .weight_decay(&self.adam_weight_decay)
            .nesterov(self.muon.nesterov)
            .mu_dtype(self.muon.mu_dtype)
    }

    /// Wide matrices take larger steps.
    fn scale_by_shape(&self, update: &Array, numbers: &MuonDimensionNumbers) -> Array {
        let [fan_in, fan_out] = numbers.fans(update);
        update
            * match self.consistent_rms {
                Some(rms) => fan_in.max(fan_out).sqrt() * rms,
                None => (fan_out / fan_in).max(1.0).sqrt(),
            }
    }

    /// The parameters that are made of matrices, and the others.
    fn split(&self, params: &Params) -> (Params, Params) {
        let (parts, others) = by_numbers(&self.muon.weight_dimension_numbers, params);
        (joined(parts), others)
    }
}

impl GradientTransformation for Muon {
    type State = MuonState;

    #[track_caller]
    fn init(&self, params: &Params) -> MuonState {
        let (parts, others) = by_numbers(&self.muon.weight_dimension_numbers, params);
        for (mask, _) in &self.muon.weight_dimension_numbers {
            mask.check_takes_some("muon: a mask of the dimension numbers", params);
        }
        for (numbers, part) in &parts {
            part.arrays().for_each(|array| drop(numbers.axes(array)));
        }
        let matrices = joined(parts);
        self.weight_decay_mask.check_takes_some("muon: the mask", &matrices);
        MuonState { muon: self.matrices().init(&matrices), adam: self.others().init(&others) }
    }

    fn update(&self, updates: Params, state: &mut MuonState, params: &Params) -> Params {
        let (matrices, others) = self.split(params);
        let (matrix_updates, other_updates) = updates.split_like(&matrices);
        let (muon, rate) = self.matrices();
        let matrix_updates = muon.update(matrix_updates, &mut state.muon.0, &matrices);
        let (parts, _) = by_numbers(&self.muon.weight_dimension_numbers, &matrix_updates);
        let scaled = |(numbers, part): (MuonDimensionNumbers, Params)| {
            let part = part.map(|update| self.scale_by_shape(update, &numbers));
            (numbers, part)
        };
        let matrix_updates = joined(parts.into_iter().map(scaled).collect());
        let decay = add_decayed_weights(&self.weight_decay).mask(self.weight_decay_mask.clone());
        let matrix_updates = decay.update(matrix_updates, &mut (), &matrices);
        let matrix_updates = rate.update(matrix_updates, &mut state.muon.1, &matrices);
        let other_updates = self.others().update(other_updates, &mut state.adam, &others);
        matrix_updates.union(other_updates)
    }
}
