//! Metrics: running totals in Variables, so that a jitted evaluation step can update them.

use crate::array::{AsArray, invalid, zeros};
use crate::error::or_raise;
use crate::graph::Array;
use crate::module::{MetricState, Module, Variable};
use crate::run::staged;
use crate::value::DType;
use nnx_derive::Module;

/// A running total that is reset before a pass and read after it. `nnx.metrics.Metric`.
///
/// A tuple of metrics is one too (`nnx.MultiMetric`); with names, several metrics are a struct of your own:
///
/// ```
/// use nnx::Array;
/// use nnx::train::{Accuracy, Average, Metric};
///
/// #[derive(nnx::Module)]
/// struct Metrics {
///     loss: Average,
///     accuracy: Accuracy,
/// }
///
/// let mut metrics = Metrics { loss: Average::new(), accuracy: Accuracy::new() };
/// for (loss, label) in [(0.5_f32, 0), (1.5, 1)] {
///     metrics.loss.update(&Array::scalar(loss));
///     metrics.accuracy.update(&Array::from([[2.0_f32, 1.0]]), &Array::from([label]));
/// }
/// assert_eq!(metrics.loss.compute().item::<f32>(), 1.0);
/// assert_eq!(metrics.accuracy.compute().item::<f32>(), 0.5);
/// metrics.loss.reset();
/// assert!(metrics.loss.compute().item::<f32>().is_nan());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a metric",
    label = "not a metric",
    note = "give one of `nnx::train`, or a type of yours that implements `Metric`"
)]
pub trait Metric: Module {
    /// The metric's result.
    type Value;

    /// Forgets everything.
    fn reset(&mut self);

    /// The value over all updates since the last reset.
    fn compute(&self) -> Self::Value;
}

// Several metrics, with the results of all.
macro_rules! tuples {
    ($($($t:ident $i:tt),*;)*) => {$(
        impl<$($t: Metric),*> Metric for ($($t,)*) {
            type Value = ($($t::Value,)*);

            fn reset(&mut self) {
                $(self.$i.reset();)*
            }

            fn compute(&self) -> Self::Value {
                ($(self.$i.compute(),)*)
            }
        }
    )*};
}

tuples! {
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
}

pub(super) type MetricVariable = Variable<MetricState>;

pub(super) fn zeros_i32(shape: &[usize]) -> Array {
    zeros(shape, DType::I32)
}

fn zero_f32() -> MetricVariable {
    Variable::new(Array::scalar(0.0_f32))
}

fn zero_i32() -> MetricVariable {
    Variable::new(Array::scalar(0_i32))
}

/// The mean of all values seen. `nnx.metrics.Average`.
///
/// ```
/// use nnx::Array;
/// use nnx::train::{Average, Metric};
///
/// let mut mean = Average::new();
/// // Batches of two and of one: each value counts the same.
/// mean.update(&Array::from([1.0_f32, 2.0]));
/// mean.update(&Array::from([6.0_f32]));
/// assert_eq!(mean.compute().item::<f32>(), 3.0);
/// assert_eq!(mean.count.item::<i32>(), 3);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Average {
    /// Sum of the values, an f32 scalar.
    pub total: MetricVariable,
    /// Number of values, an i32 scalar.
    pub count: MetricVariable,
}

impl Average {
    /// A mean of nothing yet.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Average, Metric};
    ///
    /// let mut mean = Average::new();
    /// assert!(mean.compute().item::<f32>().is_nan());
    /// mean.update(&Array::scalar(2.0_f32));
    /// assert_eq!(mean.compute().item::<f32>(), 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if no XLA runtime is found.
    #[track_caller]
    #[allow(clippy::new_without_default, reason = "it needs an XLA runtime")]
    pub fn new() -> Self {
        Average { total: zero_f32(), count: zero_i32() }
    }

    /// Takes in every element of `values`.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Average, Metric};
    ///
    /// let mut mean = Average::new();
    /// mean.update(&Array::from([[1.0_f32, 2.0], [3.0, 4.0]]));
    /// assert_eq!(mean.compute().item::<f32>(), 2.5);
    /// ```
    #[track_caller]
    pub fn update(&mut self, values: impl AsArray) {
        accumulate(&mut self.total, &mut self.count, values.as_array(), None);
    }

    /// Takes in the elements of `values` where `mask` (of the same shape) is true.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Average, Metric};
    ///
    /// let mut mean = Average::new();
    /// // The last value is padding of the batch.
    /// mean.update_masked(&Array::from([1.0_f32, 3.0, 99.0]), &Array::from([true, true, false]));
    /// assert_eq!(mean.compute().item::<f32>(), 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes differ.
    #[track_caller]
    pub fn update_masked(&mut self, values: impl AsArray, mask: impl AsArray) {
        accumulate(&mut self.total, &mut self.count, values.as_array(), Some(mask.as_array()));
    }
}

#[track_caller]
fn accumulate(
    total: &mut MetricVariable,
    count: &mut MetricVariable,
    values: &Array,
    mask: Option<&Array>,
) {
    if let Some(mask) = mask.filter(|mask| mask.shape() != values.shape()) {
        let (v, m) = (values.aval(), mask.aval());
        invalid("update_masked", format!("the mask {m} must have the shape of the values {v}"));
    }
    let args: Vec<Array> =
        [total.value(), count.value(), values].into_iter().chain(mask).cloned().collect();
    let outs = or_raise(staged("metric_update", &args, |args| {
        let values = args[2].astype(DType::F32);
        let (sum, number) = match args.get(3) {
            None => (values.sum(..), Array::scalar(values.size() as i32)),
            Some(mask) => (
                (&values * mask.astype(DType::F32)).sum(..),
                mask.astype(DType::Bool).astype(DType::I32).sum(..),
            ),
        };
        vec![&args[0] + sum, &args[1] + number]
    }));
    total.set(outs[0].clone());
    count.set(outs[1].clone());
}

impl Metric for Average {
    /// An f32 scalar; NaN before the first update.
    type Value = Array;

    fn reset(&mut self) {
        *self = Average::new();
    }

    fn compute(&self) -> Array {
        self.total.value() / self.count.value()
    }
}

/// The share of predictions that are right. `nnx.metrics.Accuracy`.
///
/// ```
/// use nnx::Array;
/// use nnx::train::{Accuracy, Metric};
///
/// let mut accuracy = Accuracy::new();
/// accuracy.update(&Array::from([[0.1_f32, 0.9], [0.8, 0.2]]), &Array::from([1, 1]));
/// assert_eq!(accuracy.total.item::<f32>(), 1.0);
/// assert_eq!(accuracy.compute().item::<f32>(), 0.5);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Accuracy {
    /// Number of right predictions, an f32 scalar.
    pub total: MetricVariable,
    /// Number of predictions, an i32 scalar.
    pub count: MetricVariable,
    threshold: Option<f64>,
}

impl Accuracy {
    /// Accuracy of choosing among classes: the largest logit is the prediction.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Accuracy, Metric};
    ///
    /// let mut accuracy = Accuracy::new();
    /// // Logits [batch, classes].
    /// accuracy.update(&Array::from([[1.0_f32, 5.0, 2.0]]), &Array::from([1]));
    /// assert_eq!(accuracy.compute().item::<f32>(), 1.0);
    /// ```
    ///
    /// # Panics
    /// Panics if no XLA runtime is found.
    #[track_caller]
    #[allow(clippy::new_without_default, reason = "it needs an XLA runtime")]
    pub fn new() -> Self {
        Accuracy { total: zero_f32(), count: zero_i32(), threshold: None }
    }

    /// Accuracy of yes or no: a logit of at least `threshold` says yes.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Accuracy, Metric};
    ///
    /// let mut accuracy = Accuracy::with_threshold(0.5);
    /// accuracy.update(&Array::from([0.9_f32, 0.5, 0.1, 0.6]), &Array::from([1, 1, 0, 0]));
    /// assert_eq!(accuracy.compute().item::<f32>(), 0.75);
    /// ```
    ///
    /// # Panics
    /// Panics if no XLA runtime is found.
    #[track_caller]
    pub fn with_threshold(threshold: f64) -> Self {
        Accuracy { threshold: Some(threshold), ..Accuracy::new() }
    }

    /// Takes in predictions: `logits` `[…, classes]` for integer labels `[…]`, or with a threshold
    /// both of one shape.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Accuracy, Metric};
    ///
    /// let mut accuracy = Accuracy::new();
    /// accuracy.update(&Array::from([[0.1_f32, 0.9], [0.8, 0.2]]), &Array::from([1, 0]));
    /// accuracy.update(&Array::from([[0.1_f32, 0.9], [0.8, 0.2]]), &Array::from([0, 1]));
    /// assert_eq!(accuracy.compute().item::<f32>(), 0.5);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not fit or the labels are not integers.
    #[track_caller]
    pub fn update(&mut self, logits: impl AsArray, labels: impl AsArray) {
        let (logits, labels) = (logits.as_array(), labels.as_array());
        let right = self.right(logits, labels);
        accumulate(&mut self.total, &mut self.count, &right, None);
    }

    /// Takes in the predictions where `mask` (of the labels' shape) is true.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Accuracy, Metric};
    ///
    /// let mut accuracy = Accuracy::new();
    /// let logits = Array::from([[0.1_f32, 0.9], [0.8, 0.2]]);
    /// accuracy.update_masked(&logits, &Array::from([1, 1]), &Array::from([true, false]));
    /// assert_eq!(accuracy.compute().item::<f32>(), 1.0);
    /// ```
    ///
    /// # Panics
    /// As [`update`](Accuracy::update), and when the mask has another shape.
    #[track_caller]
    pub fn update_masked(
        &mut self,
        logits: impl AsArray,
        labels: impl AsArray,
        mask: impl AsArray,
    ) {
        let (logits, labels, mask) = (logits.as_array(), labels.as_array(), mask.as_array());
        let right = self.right(logits, labels);
        accumulate(&mut self.total, &mut self.count, &right, Some(mask));
    }

    #[track_caller]
    fn right(&self, logits: &Array, labels: &Array) -> Array {
        let batch = match (self.threshold, logits.shape()) {
            (Some(_), shape) => shape,
            (None, [batch @ .., _]) => batch,
            (None, []) => invalid("Accuracy::update", "scalar logits have no classes".into()),
        };
        if labels.shape() != batch || !labels.dtype().is_int() {
            let (x, y) = (logits.aval(), labels.aval());
            invalid(
                "Accuracy::update",
                format!("logits {x} need integer labels of shape {batch:?}, got {y}"),
            );
        }
        match self.threshold {
            Some(threshold) => logits.ge(threshold).eq(labels.gt(0)),
            None => logits.argmax(-1).eq(labels.astype(DType::I32)),
        }
    }
}

impl Metric for Accuracy {
    /// An f32 scalar; NaN before the first update.
    type Value = Array;

    fn reset(&mut self) {
        *self = Accuracy { threshold: self.threshold, ..Accuracy::new() };
    }

    fn compute(&self) -> Array {
        self.total.value() / self.count.value()
    }
}

/// Mean and spread of all values seen, by Welford's algorithm. `nnx.metrics.Welford`.
///
/// ```
/// use nnx::Array;
/// use nnx::train::{Metric, Welford};
///
/// let mut welford = Welford::new();
/// welford.update(&Array::from([1.0_f32, 2.0]));
/// welford.update(&Array::from([3.0_f32, 6.0]));
/// assert!((welford.mean.item::<f32>() - 3.0).abs() < 1e-5);
/// // 4 + 1 + 0 + 9
/// assert!((welford.m2.item::<f32>() - 14.0).abs() < 1e-4);
/// assert!((welford.compute().standard_deviation.item::<f32>() - 3.5_f32.sqrt()).abs() < 1e-4);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Welford {
    /// Number of values, an i32 scalar.
    pub count: MetricVariable,
    /// Their mean, an f32 scalar.
    pub mean: MetricVariable,
    /// Sum of squared distances from the mean, an f32 scalar.
    pub m2: MetricVariable,
}

/// The results of [`Welford`]: f32 scalars, NaN before the first update except the mean.
///
/// ```
/// use nnx::Array;
/// use nnx::train::{Metric, Statistics, Welford};
///
/// let mut welford = Welford::new();
/// welford.update(&Array::from([1.0_f32, 3.0, 1.0, 3.0]));
/// let statistics: Statistics = welford.compute();
/// assert!((statistics.mean.item::<f32>() - 2.0).abs() < 1e-5);
/// assert!((statistics.standard_deviation.item::<f32>() - 1.0).abs() < 1e-5);
/// // 1 / √4
/// assert!((statistics.standard_error_of_mean.item::<f32>() - 0.5).abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Statistics {
    /// Arithmetic mean.
    pub mean: Array,
    /// Standard deviation over the square root of the number of values.
    pub standard_error_of_mean: Array,
    /// Root of the mean squared distance from the mean.
    pub standard_deviation: Array,
}

impl Welford {
    /// Statistics of nothing yet.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Metric, Welford};
    ///
    /// let mut welford = Welford::new();
    /// assert_eq!(welford.compute().mean.item::<f32>(), 0.0);
    /// welford.update(&Array::scalar(2.0_f32));
    /// assert_eq!(welford.compute().mean.item::<f32>(), 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if no XLA runtime is found.
    #[track_caller]
    #[allow(clippy::new_without_default, reason = "it needs an XLA runtime")]
    pub fn new() -> Self {
        Welford { count: zero_i32(), mean: zero_f32(), m2: zero_f32() }
    }

    /// Takes in every element of `values`.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Metric, Welford};
    ///
    /// let mut welford = Welford::new();
    /// for batch in [[1.0_f32, 3.0], [1.0, 3.0]] {
    ///     welford.update(&Array::from(batch));
    /// }
    /// assert_eq!(welford.count.item::<i32>(), 4);
    /// assert!((welford.compute().standard_deviation.item::<f32>() - 1.0).abs() < 1e-5);
    /// ```
    #[track_caller]
    pub fn update(&mut self, values: impl AsArray) {
        let values = values.as_array();
        let args: Vec<Array> = [self.count.value(), self.mean.value(), self.m2.value(), values]
            .map(Array::clone)
            .into();
        let outs = or_raise(staged("metric_update", &args, |args| {
            let [before, mean, m2, values] = args else { unreachable!("four arguments") };
            let values = values.astype(DType::F32);
            let n = values.size();
            let count = before + n;
            let delta = values.mean(..) - mean;
            let m2_values = values.var(..) * n;
            let spread = delta.square() * n * before / &count;
            vec![count.clone(), mean + &delta * n / &count, m2 + m2_values + spread]
        }));
        for (state, out) in [&mut self.count, &mut self.mean, &mut self.m2].into_iter().zip(outs) {
            state.set(out);
        }
    }
}

impl Metric for Welford {
    type Value = Statistics;

    fn reset(&mut self) {
        *self = Welford::new();
    }

    fn compute(&self) -> Statistics {
        let deviation = (self.m2.value() / self.count.value()).sqrt();
        Statistics {
            mean: self.mean.value().clone(),
            standard_error_of_mean: &deviation / self.count.astype(DType::F32).sqrt(),
            standard_deviation: deviation,
        }
    }
}
