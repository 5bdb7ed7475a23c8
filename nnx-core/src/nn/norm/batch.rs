//! Batch normalization.

use super::super::arithmetic::PromoteDtype;
use super::super::dtypes::value;
use super::builder::norm_builder;
use super::{Normalization, StatisticsOver, check, check_features};
use crate::array::{AsArray, dim, invalid, ones, zeros};
use crate::error::or_raise;
use crate::graph::Array;
use crate::module::{BatchStat, Flag, Param, Variable, called};
use crate::random::Rngs;
use crate::run::staged;
use crate::value::DType;

/// Normalizes each feature over the batch, and in evaluation by running statistics (Ioffe &
/// Szegedy 2015). `flax.nnx.BatchNorm`.
///
/// ```
/// use nnx::module::{View, view};
/// use nnx::{Array, nn::BatchNorm, random::Rngs};
///
/// let mut layer = BatchNorm::builder(1).momentum(0.5).build(&mut Rngs::new(0));
/// let x = Array::from([[1.0_f32], [3.0]]);
/// let y = layer.forward(&x); // by the batch: -1 and 1
/// assert!((y - Array::from([[-1.0_f32], [1.0]])).abs().max(..).item::<f32>() < 1e-4);
/// assert_eq!(layer.mean.to_vec::<f32>(), [1.0]); // from 0 half of the way to 2
/// let z = view(&layer, View::eval()).forward(&x); // by `mean` and `var`, which is 1
/// assert!((z - Array::from([[0.0_f32], [2.0]])).abs().max(..).item::<f32>() < 1e-4);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct BatchNorm {
    /// The running mean of each feature, f32 `[num_features]`.
    pub mean: Variable<BatchStat>,
    /// The running variance of each feature, f32 `[num_features]`.
    pub var: Variable<BatchStat>,
    /// The factor of the normalized features, `[num_features]`.
    pub scale: Option<Param>,
    /// The offset added after the factor, `[num_features]`.
    pub bias: Option<Param>,
    /// Whether to normalize by the running statistics, as in evaluation.
    pub use_running_average: Flag,
    /// The axis of the features; all others are the batch.
    pub axis: isize,
    /// How much of the old running statistics stays in an update.
    pub momentum: f64,
    /// A small number added to the variance to avoid division by 0.
    pub epsilon: f64,
    /// Whether the variance is E|x|² − |E x|².
    pub use_fast_variance: bool,
    /// The dtype of the result; by default the promoted dtype of input and parameters.
    pub dtype: Option<DType>,
    /// The function that brings input and parameters to one dtype, in the place of
    /// [`promote_dtype`](crate::nn::promote_dtype()).
    #[module(static)]
    pub promote_dtype: Option<PromoteDtype>,
    /// The axis of [`vmap`](crate::vmap()) whose elements are a part of the batch.
    #[module(static)]
    pub axis_name: Option<&'static str>,
}

norm_builder! {
    /// Settings of a [`BatchNorm`].
    ///
    /// ```
    /// use nnx::{DType, nn::BatchNorm, random, random::Rngs};
    ///
    /// // Channels first; the running statistics follow faster than with 0.99.
    /// let settings = BatchNorm::builder(3).axis(1).momentum(0.9);
    /// let mut layer = settings.build(&mut Rngs::new(0));
    /// let y = layer.forward(random::uniform(&random::key(0), [4, 3, 8, 8], DType::F32));
    /// assert!(y.mean([0, 2, 3]).abs().max(..).item::<f32>() < 1e-4);
    /// ```
    BatchNormBuilder: scale and bias;
    settings {
        /// Whether to normalize by the running statistics. Default: false.
        use_running_average: bool = false,
        /// The axis of the features. Default: −1.
        axis: isize = -1,
        /// How much of the old running statistics stays in an update. Default: 0.99.
        momentum: f64 = 0.99,
        /// A small number added to the variance to avoid division by 0. Default: 1e-5.
        epsilon: f64 = 1e-5,
    }
    optional {
        /// The name of an axis of [`vmap`](crate::vmap()) whose elements are a part of the batch: the statistics are
        /// their means. Default: none.
        axis_name: &'static str,
    }
}

impl BatchNormBuilder {
    /// Makes the layer, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if there are no features, or if the momentum is outside of [0, 1].
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> BatchNorm {
        if !(0.0..=1.0).contains(&self.momentum) {
            invalid(LAYER, format!("`momentum` is {}, but needs to be in [0, 1]", self.momentum));
        }
        let [scale, bias] = self.scale_and_bias(rngs);
        BatchNorm {
            mean: zeros(self.num_features, DType::F32).into(),
            var: ones(self.num_features, DType::F32).into(),
            scale,
            bias,
            use_running_average: Flag::new("use_running_average", self.use_running_average),
            axis: self.axis,
            momentum: self.momentum,
            epsilon: self.epsilon,
            use_fast_variance: self.use_fast_variance,
            dtype: self.dtype,
            promote_dtype: self.promote_dtype,
            axis_name: self.axis_name,
        }
    }
}

const LAYER: &str = "BatchNorm";

impl BatchNorm {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(num_features: usize, rngs: &mut Rngs) -> BatchNorm {
        BatchNorm::builder(num_features).build(rngs)
    }

    /// A layer with other settings.
    pub fn builder(num_features: usize) -> BatchNormBuilder {
        BatchNormBuilder::with_defaults(num_features)
    }

    /// `x` normalized, in its shape. Unless `use_running_average`, `mean` and `var` are updated; no
    /// gradient flows through the update.
    ///
    /// ```
    /// use nnx::{Array, nn::BatchNorm, random::Rngs};
    ///
    /// let mut layer = BatchNorm::new(1, &mut Rngs::new(0));
    /// let y = layer.forward(Array::from([[10.0_f32], [30.0]]));
    /// assert!((y - Array::from([[-1.0_f32], [1.0]])).abs().max(..).item::<f32>() < 1e-4);
    /// assert!((layer.mean.item::<f32>() - 0.2).abs() < 1e-4); // 0.99 · 0 + 0.01 · 20
    /// assert!((layer.var.item::<f32>() - 1.99).abs() < 1e-3); // 0.99 · 1 + 0.01 · 100
    /// ```
    ///
    /// # Panics
    /// Panics if `x` does not have `num_features` in `axis`, or if no axis has the name `axis_name` where it is called.
    #[track_caller]
    pub fn forward(&mut self, x: impl AsArray) -> Array {
        self.run(x.as_array(), None)
    }

    /// [`forward`](BatchNorm::forward), where only elements with a true `mask` count in the statistics. The mask
    /// broadcasts to `x`. `flax.nnx.BatchNorm` with `mask`.
    ///
    /// ```
    /// use nnx::{Array, nn::BatchNorm, random::Rngs};
    ///
    /// let mut layer = BatchNorm::builder(1).momentum(0.0).build(&mut Rngs::new(0));
    /// let x = Array::from([[1.0_f32], [3.0], [1000.0]]);
    /// let y = layer.forward_masked(&x, Array::from([[true], [true], [false]]));
    /// assert_eq!(layer.mean.to_vec::<f32>(), [2.0]); // padding does not count
    /// ```
    ///
    /// # Panics
    /// As [`forward`](BatchNorm::forward), and if the mask does not broadcast to the shape of `x`.
    #[track_caller]
    pub fn forward_masked(&mut self, x: impl AsArray, mask: impl AsArray) -> Array {
        self.run(x.as_array(), Some(mask.as_array()))
    }

    #[track_caller]
    fn run(&mut self, x: &Array, mask: Option<&Array>) -> Array {
        let call = called(self, "forward", &[x]);
        let feature = dim(LAYER, self.axis, x.aval());
        check_features(LAYER, x, &[feature], Some(self.mean.shape()[0]));
        check(LAYER, x, mask, self.axis_name.filter(|_| !*self.use_running_average));
        let args: Vec<Array> = [x].into_iter().chain(mask).cloned().collect();
        let outs = staged(LAYER, &args, |args| self.normalize(&args[0], args.get(1), feature));
        let mut outs = or_raise(outs).into_iter();
        let Some(y) = outs.next() else { unreachable!("the body has a result") };
        if let (Some(mean), Some(var)) = (outs.next(), outs.next()) {
            self.mean.set(mean);
            self.var.set(var);
        }
        call.returns(y)
    }

    /// The result, and while training the new running statistics.
    #[track_caller]
    fn normalize(&self, x: &Array, mask: Option<&Array>, feature: usize) -> Vec<Array> {
        let norm = Normalization {
            layer: LAYER,
            scale: value(&self.scale),
            bias: value(&self.bias),
            epsilon: self.epsilon,
            dtype: self.dtype,
            promote_dtype: self.promote_dtype,
            features: &[feature],
        };
        let dims: Vec<usize> = (0..x.rank()).filter(|&d| d != feature).collect();
        let mut moved = Vec::new();
        let y = norm.apply(x, [self.mean.value(), self.var.value()], |x, running| {
            let [mean, variance] = if *self.use_running_average {
                running
            } else {
                let over = StatisticsOver { dims: &dims, mask, axis_name: self.axis_name };
                let (mean, variance) = over.statistics(x, self.use_fast_variance);
                for (old, new) in [(&self.mean, &mean), (&self.var, &variance)] {
                    let sum = self.momentum * old.value() + (1.0 - self.momentum) * new;
                    moved.push(sum.stop_gradient());
                }
                [mean, variance]
            };
            let [mean, variance] = [mean, variance].map(|stat| stat.insert_dims(&dims));
            (Some(mean), variance)
        });
        std::iter::once(y).chain(moved).collect()
    }
}
