//! A layer whose matrices have the spectral norm 1.

use super::initializers;
use super::layer::Layer;
use crate::array::{AsArray, invalid, select};
use crate::graph::Array;
use crate::module::called;
use crate::module::walk::{for_each_leaf, for_each_leaf_mut};
use crate::module::{BatchStat, Flag, HasKind, Kind, Param, Variable};
use crate::random::Rngs;
use crate::value::{DType, promote_dtypes};
use std::collections::BTreeMap;

const LAYER: &str = "SpectralNorm";

/// A layer whose weights are divided by their largest singular value before each call (Miyato et
/// al. 2018). `flax.nnx.SpectralNorm`.
///
/// Power iteration finds the singular value, a few steps per call from where the last call stopped.
/// As in Flax the divided weights stay in the layer. Vectors are left alone, and tensors are taken
/// as matrices with the last axis as columns.
///
/// ```
/// use nnx::nn::{Linear, SpectralNorm};
/// use nnx::{Array, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let mut linear = Linear::new(2, 2, &mut rngs);
/// linear.kernel.set(Array::from([[4.0_f32, 0.0], [0.0, 1.0]])); // singular values 4 and 1
/// let mut layer = SpectralNorm::builder(linear).n_steps(10).build(&mut rngs);
/// let y = layer.forward(Array::from([[1.0_f32, 1.0]]));
/// assert!((y - Array::from([[1.0_f32, 0.25]])).abs().max(..).item::<f32>() < 1e-2);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct SpectralNorm<L: Layer> {
    /// The layer.
    pub layer_instance: L,
    /// The state of power iteration, for each weight by its path.
    pub batch_stats: BTreeMap<String, SpectralStats>,
    /// Steps of power iteration per call.
    pub n_steps: usize,
    /// The number added to a squared norm before the square root.
    pub epsilon: f64,
    /// Whether power iteration starts from where it was without keeping what it finds, as in
    /// evaluation.
    pub use_running_average: Flag,
    /// The dtype of the divided weights; by default their own.
    pub dtype: Option<DType>,
}

/// The state of power iteration of one weight.
///
/// ```
/// use nnx::nn::{Linear, SpectralNorm};
/// use nnx::{Array, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let mut linear = Linear::new(2, 2, &mut rngs);
/// linear.kernel.set(Array::from([[4.0_f32, 0.0], [0.0, 1.0]]));
/// let mut layer = SpectralNorm::builder(linear).n_steps(10).build(&mut rngs);
/// layer.forward(Array::from([[1.0_f32, 1.0]]));
/// assert!((layer.batch_stats["kernel"].sigma.item::<f32>() - 4.0).abs() < 1e-2);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct SpectralStats {
    /// The largest singular value, a scalar.
    pub sigma: Variable<BatchStat>,
    /// Its right singular vector, `[1, columns]`.
    pub u: Variable<BatchStat>,
}

/// Settings of a [`SpectralNorm`].
///
/// ```
/// use nnx::nn::{Conv, SpectralNorm};
/// use nnx::{DType, array, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let settings = SpectralNorm::builder(Conv::new(3, 8, [3, 3], &mut rngs)).n_steps(2);
/// let mut layer = settings.epsilon(1e-8).build(&mut rngs);
/// let y = layer.forward(array::ones([1, 8, 8, 3], DType::F32));
/// assert_eq!(layer.batch_stats["kernel"].u.shape(), [1, 8]); // a matrix of 3 · 3 · 3 rows
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder makes nothing until `build` is called"]
pub struct SpectralNormBuilder<L> {
    layer: L,
    n_steps: usize,
    epsilon: f64,
    param_dtype: DType,
    dtype: Option<DType>,
    error_on_non_matrix: bool,
    update_stats: bool,
}

/// Each step is a part of the program: more of them would take minutes to compile.
const MOST_STEPS: usize = 1024;

impl<L: Layer> SpectralNormBuilder<L> {
    /// Steps of power iteration per call, at most 1024. Default: 1; with 0 the layer is as it is.
    ///
    /// ```
    /// use nnx::nn::{Linear, SpectralNorm};
    /// use nnx::{Array, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let mut linear = Linear::new(1, 1, &mut rngs);
    /// linear.kernel.set(Array::from([[4.0_f32]]));
    /// let mut layer = SpectralNorm::builder(linear).n_steps(0).build(&mut rngs);
    /// assert_eq!(layer.forward(Array::from([1.0_f32])).to_vec::<f32>(), [4.0]);
    /// ```
    pub fn n_steps(mut self, n: usize) -> Self {
        self.n_steps = n;
        self
    }

    /// The number added to a squared norm before the square root. Default: 1e-12.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// The dtype of the singular values and vectors. Default: f32.
    ///
    /// ```
    /// use nnx::nn::{Linear, SpectralNorm};
    /// use nnx::{DType, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let settings = SpectralNorm::builder(Linear::new(4, 5, &mut rngs)).param_dtype(DType::F64);
    /// assert_eq!(settings.build(&mut rngs).batch_stats["kernel"].sigma.dtype(), DType::F64);
    /// ```
    pub fn param_dtype(mut self, dtype: DType) -> Self {
        self.param_dtype = dtype;
        self
    }

    /// The dtype of the divided weights. Default: the promoted dtype of weight and vectors.
    ///
    /// ```
    /// use nnx::nn::{Linear, SpectralNorm};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let settings = SpectralNorm::builder(Linear::new(4, 5, &mut rngs)).dtype(DType::BF16);
    /// let mut layer = settings.build(&mut rngs);
    /// layer.forward(array::ones([3, 4], DType::BF16));
    /// assert_eq!(layer.layer_instance.kernel.dtype(), DType::BF16);
    /// ```
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = Some(dtype);
        self
    }

    /// Whether a weight of more than two axes is a mistake. Default: false.
    ///
    /// ```should_panic
    /// use nnx::nn::{Conv, SpectralNorm};
    /// use nnx::random::Rngs;
    ///
    /// let mut rngs = Rngs::new(0);
    /// let settings = SpectralNorm::builder(Conv::new(3, 8, [3, 3], &mut rngs));
    /// settings.error_on_non_matrix(true).build(&mut rngs);
    /// ```
    pub fn error_on_non_matrix(mut self, error: bool) -> Self {
        self.error_on_non_matrix = error;
        self
    }

    /// Whether calls keep what power iteration finds. Default: true.
    ///
    /// ```
    /// use nnx::nn::{Linear, SpectralNorm};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let settings = SpectralNorm::builder(Linear::new(4, 5, &mut rngs)).update_stats(false);
    /// let mut layer = settings.build(&mut rngs);
    /// let before = layer.batch_stats["kernel"].u.to_vec::<f32>();
    /// layer.forward(array::ones([3, 4], DType::F32));
    /// assert_eq!(layer.batch_stats["kernel"].u.to_vec::<f32>(), before);
    /// ```
    pub fn update_stats(mut self, update: bool) -> Self {
        self.update_stats = update;
        self
    }

    /// Makes the layer, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if a weight has more than two axes and that is a mistake.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> SpectralNorm<L> {
        let (mut columns, mut mistake) = (BTreeMap::new(), None);
        for_each_leaf(&self.layer, |path, leaf| {
            let rank = leaf.value.rank();
            if !is_param(leaf.kind) || rank < 2 || self.n_steps == 0 {
                return;
            }
            if rank > 2 && self.error_on_non_matrix {
                let weight = leaf.value.aval();
                mistake = Some(format!("`{path}` is {weight}, which is not a matrix"));
            }
            columns.insert(path.clone(), leaf.value.shape()[rank - 1]);
        });
        if let Some(mistake) = mistake {
            invalid(LAYER, mistake);
        }
        // In the order of the paths, as Flax draws them.
        let stats = columns.into_iter().map(|(path, columns)| {
            let u = initializers::normal(0.01);
            let u = u.call(&rngs.params(), [1, columns], self.param_dtype);
            let sigma = crate::array::full([0; 0], 1.0, self.param_dtype);
            (path.dotted(), SpectralStats { sigma: Variable::new(sigma), u: Variable::new(u) })
        });
        SpectralNorm {
            batch_stats: stats.collect(),
            layer_instance: self.layer,
            n_steps: self.n_steps,
            epsilon: self.epsilon,
            use_running_average: Flag::new("use_running_average", !self.update_stats),
            dtype: self.dtype,
        }
    }
}

fn is_param(kind: Option<&'static Kind>) -> bool {
    kind.is_some_and(|kind| kind.is(<Param as HasKind>::VARIABLE_KIND))
}

/// x / ‖x‖.
#[track_caller]
fn unit(x: &Array, epsilon: f64) -> Array {
    x * ((x * x).sum(..) + epsilon).rsqrt()
}

impl<L: Layer> SpectralNorm<L> {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(layer: L, rngs: &mut Rngs) -> SpectralNorm<L> {
        SpectralNorm::builder(layer).build(rngs)
    }

    /// A layer with other settings.
    pub fn builder(layer: L) -> SpectralNormBuilder<L> {
        SpectralNormBuilder {
            layer,
            n_steps: 1,
            epsilon: 1e-12,
            param_dtype: DType::F32,
            dtype: None,
            error_on_non_matrix: false,
            update_stats: true,
        }
    }

    /// The layer's result with divided weights.
    ///
    /// ```
    /// use nnx::nn::{Linear, SpectralNorm};
    /// use nnx::{DType, array, linalg, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let mut layer = SpectralNorm::new(Linear::new(4, 5, &mut rngs), &mut rngs);
    /// for _ in 0..50 {
    ///     layer.forward(array::ones([3, 4], DType::F32)); // each call comes nearer
    /// }
    /// let norm = linalg::svdvals(layer.layer_instance.kernel.value()).max(..);
    /// assert!((norm.item::<f32>() - 1.0).abs() < 1e-2);
    /// ```
    ///
    /// # Panics
    /// Panics if a weight has another shape than when the layer was made, if there are more than 1024 steps in a
    /// call, or as the layer does.
    #[track_caller]
    pub fn forward(&mut self, x: impl AsArray) -> Array {
        self.run(x.as_array())
    }

    #[track_caller]
    fn run(&mut self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        let (n_steps, epsilon, dtype) = (self.n_steps, self.epsilon, self.dtype);
        if n_steps > MOST_STEPS {
            invalid(
                "SpectralNorm",
                format!("{n_steps} steps in a call are more than {MOST_STEPS}"),
            );
        }
        let (keep, stats) = (!*self.use_running_average, &mut self.batch_stats);
        let mut mistake = None;
        for_each_leaf_mut(&mut self.layer_instance, |path, leaf| {
            if mistake.is_some() || n_steps == 0 || leaf.value.rank() < 2 || !is_param(leaf.kind) {
                return;
            }
            let (path, columns) = (path.dotted(), leaf.value.shape()[leaf.value.rank() - 1]);
            let Some(stats) = stats.get_mut(&path).filter(|stats| stats.u.shape() == [1, columns])
            else {
                let weight = leaf.value.aval();
                mistake = Some(format!(
                    "`{path}` is {weight}, for which there are no statistics: make the layer again \
                     when the wrapped layer's weights have changed their shapes"
                ));
                return;
            };
            let shape = leaf.value.shape().to_vec();
            let rows = leaf.value.size() / columns.max(1);
            let matrix = leaf.value.reshape([rows, columns]);
            let mut u = stats.u.value().clone();
            let mut v = u.clone();
            for _ in 0..n_steps {
                v = unit(&u.matmul(matrix.t()), epsilon);
                u = unit(&v.matmul(&matrix), epsilon);
            }
            let (u, v) = (u.stop_gradient(), v.stop_gradient());
            let sigma = v.matmul(&matrix).matmul(u.t()).reshape([0; 0]);
            let divided = &matrix / select(sigma.ne(0), &sigma, sigma.ones_like());
            let dtype = dtype.unwrap_or(promote_dtypes(matrix.dtype(), u.dtype()));
            *leaf.value = divided.reshape(&shape).astype(dtype);
            if keep {
                stats.u.set(u);
                stats.sigma.set(sigma);
            }
        });
        if let Some(mistake) = mistake {
            invalid(LAYER, mistake);
        }
        call.returns(self.layer_instance.forward(x))
    }
}

impl<L: Layer> Layer for SpectralNorm<L> {
    #[track_caller]
    fn forward(&mut self, x: &Array) -> Array {
        SpectralNorm::forward(self, x)
    }
}
