//! Metrics of classification: the confusion matrix, what is computed from it, and the area under the ROC curve.

use super::metrics::{Metric, MetricVariable, zeros_i32};
use crate::array::{AsArray, arange, invalid, keepdims, select};
use crate::error::or_raise;
use crate::graph::Array;
use crate::module::Variable;
use crate::run::staged;
use crate::value::DType;
use nnx_derive::Module;

/// How often each class was predicted for each: row `i` counts the examples of class `i`, column `j` the predictions of
/// class `j`. `sklearn.metrics.confusion_matrix`, `torchmetrics.ConfusionMatrix`.
///
/// ```
/// use nnx::Array;
/// use nnx::train::{ConfusionMatrix, Metric};
///
/// let mut matrix = ConfusionMatrix::new(3);
/// let logits = Array::from([[0.1_f32, 0.7, 0.2], [0.6, 0.3, 0.1]]);
/// matrix.update(&logits, &Array::from([1, 2]));
/// assert_eq!(matrix.compute().to_vec::<i32>(), [0, 0, 0, 0, 1, 0, 1, 0, 0]);
/// ```
///
/// A label outside of the classes, such as −1 for padding, does not count.
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ConfusionMatrix {
    /// The counts, i32 `[classes, classes]`.
    pub counts: MetricVariable,
    threshold: Option<f64>,
}

impl ConfusionMatrix {
    /// Of a number of classes: the largest logit is the prediction.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{ConfusionMatrix, Metric};
    ///
    /// let mut matrix = ConfusionMatrix::new(2);
    /// // The class 0 was taken for the class 1.
    /// matrix.update(&Array::from([[0.2_f32, 0.8]]), &Array::from([0]));
    /// assert_eq!(matrix.compute().to_vec::<i32>(), [0, 1, 0, 0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there are no classes, or no XLA runtime is found.
    #[track_caller]
    pub fn new(classes: usize) -> Self {
        if classes == 0 {
            invalid("ConfusionMatrix", "there are no classes".into());
        }
        ConfusionMatrix { counts: Variable::new(zeros_i32(&[classes, classes])), threshold: None }
    }

    /// Of yes or no, which are the classes 1 and 0: a logit of at least `threshold` says yes.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{ConfusionMatrix, Metric};
    ///
    /// let mut matrix = ConfusionMatrix::binary(0.5);
    /// matrix.update(&Array::from([0.9_f32, 0.5, 0.1]), &Array::from([1, 0, 0]));
    /// // One no was taken for a yes.
    /// assert_eq!(matrix.compute().to_vec::<i32>(), [1, 1, 0, 1]);
    /// ```
    ///
    /// # Panics
    /// Panics if no XLA runtime is found.
    #[track_caller]
    pub fn binary(threshold: f64) -> Self {
        ConfusionMatrix { threshold: Some(threshold), ..ConfusionMatrix::new(2) }
    }

    /// Takes in predictions: `logits` `[…, classes]` for integer labels `[…]`, or of yes or no both of one shape.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{ConfusionMatrix, Metric};
    ///
    /// let mut matrix = ConfusionMatrix::binary(0.5);
    /// for (score, label) in [(0.9_f32, 1), (0.8, 1), (0.1, 1)] {
    ///     matrix.update(&Array::from([score]), &Array::from([label]));
    /// }
    /// // Updates add up.
    /// assert_eq!(matrix.compute().to_vec::<i32>(), [0, 0, 1, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not fit or the labels are not integers.
    #[track_caller]
    pub fn update(&mut self, logits: impl AsArray, labels: impl AsArray) {
        let (logits, labels) = (logits.as_array(), labels.as_array());
        self.add(logits, labels, None);
    }

    /// Takes in the predictions where `mask` (of the labels' shape) is true.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{ConfusionMatrix, Metric};
    ///
    /// let mut matrix = ConfusionMatrix::binary(0.5);
    /// let (scores, labels) = (Array::from([0.9_f32, 0.8]), Array::from([1, 1]));
    /// // The second example is padding of the batch.
    /// matrix.update_masked(&scores, &labels, &Array::from([true, false]));
    /// assert_eq!(matrix.compute().to_vec::<i32>(), [0, 0, 0, 1]);
    /// ```
    ///
    /// # Panics
    /// As [`update`](ConfusionMatrix::update), and when the mask has another shape.
    #[track_caller]
    pub fn update_masked(
        &mut self,
        logits: impl AsArray,
        labels: impl AsArray,
        mask: impl AsArray,
    ) {
        let (logits, labels, mask) = (logits.as_array(), labels.as_array(), mask.as_array());
        self.add(logits, labels, Some(mask));
    }

    #[track_caller]
    fn add(&mut self, logits: &Array, labels: &Array, mask: Option<&Array>) {
        let classes = self.counts.shape()[0];
        let batch = match (self.threshold, logits.shape()) {
            (Some(_), shape) => Some(shape),
            (None, [batch @ .., n]) if *n == classes => Some(batch),
            (None, _) => None,
        };
        if batch != Some(labels.shape()) || !labels.dtype().is_int() {
            let (x, y) = (logits.aval(), labels.aval());
            let rule = match self.threshold {
                Some(_) => "integer labels of the shape of the logits".to_owned(),
                None => format!("logits [batch…, {classes}] and integer labels [batch…]"),
            };
            invalid("ConfusionMatrix::update", format!("it takes {rule}, got {x} and {y}"));
        }
        check_mask("ConfusionMatrix::update_masked", labels, mask);
        let args: Vec<Array> =
            [self.counts.value(), logits, labels].into_iter().chain(mask).cloned().collect();
        let threshold = self.threshold;
        let outs = or_raise(staged("metric_update", &args, |args| {
            let labels = args[2].reshape(-1).astype(DType::I32);
            let predicted = match threshold {
                Some(threshold) => args[1].reshape(-1).ge(threshold).astype(DType::I32),
                None => args[1].argmax(-1).reshape(-1),
            };
            let all = arange(classes, DType::I32).reshape([1, classes]);
            let one_hot = |x: &Array| x.expand_dims(-1).eq(&all).astype(DType::I32);
            let mut is = one_hot(&labels);
            if let Some(mask) = args.get(3) {
                is *= mask.reshape([-1, 1]).astype(DType::Bool).astype(DType::I32);
            }
            vec![&args[0] + is.t().matmul(one_hot(&predicted))]
        }));
        self.counts.set(outs[0].clone());
    }
}

impl Metric for ConfusionMatrix {
    /// i32 `[classes, classes]`.
    type Value = Array;

    fn reset(&mut self) {
        self.counts.set(self.counts.zeros_like());
    }

    fn compute(&self) -> Array {
        self.counts.value().clone()
    }
}

#[track_caller]
fn check_mask(op: &str, labels: &Array, mask: Option<&Array>) {
    if let Some(mask) = mask.filter(|mask| mask.shape() != labels.shape()) {
        let (y, m) = (labels.aval(), mask.aval());
        invalid(op, format!("the mask {m} must have the shape of the labels {y}"));
    }
}

/// How the values of several classes become one.
///
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::train::{Averaging, Metric, Precision};
///
/// // The precision is 1 for class 0, with three examples, and 1/3 for class 1, with one.
/// let logits = Array::from([[1.0_f32, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]);
/// let is = |averaging, want: Array| {
///     let mut precision = Precision::new(2, averaging);
///     precision.update(&logits, &Array::from([0, 0, 0, 1]));
///     precision.compute().allclose(want, Tolerance::default()).item::<bool>()
/// };
/// assert!(is(Averaging::PerClass, Array::from([1.0_f32, 1.0 / 3.0])));
/// assert!(is(Averaging::Macro, Array::scalar(2.0_f32 / 3.0)));
/// assert!(is(Averaging::Weighted, Array::scalar(5.0_f32 / 6.0)));
/// // Two of four predictions are right.
/// assert!(is(Averaging::Micro, Array::scalar(0.5_f32)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, nnx_derive::Module)]
#[module(crate = crate)]
pub enum Averaging {
    /// They do not: a value per class.
    PerClass,
    /// The mean over the classes that occur, as labels or predictions.
    Macro,
    /// The mean, each class as often as it occurs as a label.
    Weighted,
    /// The value of the sums of all classes' counts.
    Micro,
}

/// The numbers of examples of each class that were found, that were predicted, and that there are: f32 `[classes]`.
struct Counts {
    found: Array,
    predicted: Array,
    labels: Array,
}

impl Counts {
    fn of(matrix: &Array) -> Counts {
        let matrix = matrix.astype(DType::F32);
        Counts { found: matrix.diagonal(0, 0, 1), predicted: matrix.sum(0), labels: matrix.sum(1) }
    }

    fn sums(&self) -> Counts {
        let sum = |x: &Array| x.sum(..);
        Counts {
            found: sum(&self.found),
            predicted: sum(&self.predicted),
            labels: sum(&self.labels),
        }
    }
}

/// A quotient, 0 where the divisor is.
fn share(a: &Array, b: &Array) -> Array {
    let safe = select(b.ne(0.0), b, b.ones_like());
    select(b.ne(0.0), &(a / safe), b.zeros_like())
}

fn averaged(matrix: &Array, averaging: Option<Averaging>, value: fn(&Counts) -> Array) -> Array {
    let counts = Counts::of(matrix);
    let of_classes = value(&counts);
    match averaging {
        // Of yes or no: the value of yes.
        None => of_classes.slice([1.into()]).reshape([0; 0]),
        Some(Averaging::PerClass) => of_classes,
        Some(Averaging::Macro) => {
            let occurs = (&counts.labels + &counts.predicted).gt(0.0).astype(DType::F32);
            share(&(of_classes * &occurs).sum(..), &occurs.sum(..))
        }
        Some(Averaging::Weighted) => {
            share(&(of_classes * &counts.labels).sum(..), &counts.labels.sum(..))
        }
        Some(Averaging::Micro) => value(&counts.sums()),
    }
}

macro_rules! of_matrix {
    ($($(#[$doc:meta])* $metric:ident = $value:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Module)]
        #[module(crate = crate)]
        pub struct $metric {
            /// How often each class was predicted for each.
            pub matrix: ConfusionMatrix,
            averaging: Option<Averaging>,
        }

        impl $metric {
            /// Of a number of classes: the largest logit is the prediction.
            ///
            /// # Panics
            /// As [`ConfusionMatrix::new`].
            #[track_caller]
            pub fn new(classes: usize, averaging: Averaging) -> Self {
                $metric { matrix: ConfusionMatrix::new(classes), averaging: Some(averaging) }
            }

            /// Of yes or no: a logit of at least `threshold` says yes, and the value is that of yes.
            ///
            /// # Panics
            /// Panics if no XLA runtime is found.
            #[track_caller]
            pub fn binary(threshold: f64) -> Self {
                $metric { matrix: ConfusionMatrix::binary(threshold), averaging: None }
            }

            /// Takes in predictions, as [`ConfusionMatrix::update`].
            ///
            /// # Panics
            /// As there.
            #[track_caller]
            pub fn update(&mut self, logits: impl AsArray, labels: impl AsArray) {
                self.matrix.update(logits, labels);
            }

            /// Takes in the predictions where `mask` is true, as [`ConfusionMatrix::update_masked`].
            ///
            /// # Panics
            /// As there.
            #[track_caller]
            pub fn update_masked(&mut self, logits: impl AsArray, labels: impl AsArray, mask: impl AsArray) {
                self.matrix.update_masked(logits, labels, mask);
            }
        }

        impl Metric for $metric {
            /// An f32 scalar, or `[classes]` for [`Averaging::PerClass`].
            type Value = Array;

            fn reset(&mut self) {
                self.matrix.reset();
            }

            fn compute(&self) -> Array {
                averaged(self.matrix.counts.value(), self.averaging, $value)
            }
        }
    )*};
}

of_matrix! {
    /// The share of the predictions of a class that are right: TP / (TP + FP), 0 where there is no prediction.
    /// `sklearn.metrics.precision_score`, `torchmetrics.Precision`.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Averaging, Metric, Precision};
    ///
    /// // Of class 0 one of three examples is found, and class 1 is predicted three times.
    /// let logits = Array::from([[1.0_f32, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]);
    /// let labels = Array::from([0, 0, 0, 1]);
    /// let mut metric = Precision::new(2, Averaging::Macro);
    /// metric.update(&logits, &labels);
    /// // The mean of 1 / 1 and 1 / 3.
    /// assert!((metric.compute().item::<f32>() - 0.666_667).abs() < 1e-5);
    ///
    /// // Class 1 as yes, by scores of yes.
    /// let mut metric = Precision::binary(0.5);
    /// metric.update(&Array::from([0.1_f32, 0.6, 0.7, 0.9]), &labels);
    /// // One of three predictions of yes.
    /// assert!((metric.compute().item::<f32>() - 0.333_333).abs() < 1e-5);
    /// ```
    Precision = |counts| share(&counts.found, &counts.predicted);
    /// The share of the examples of a class that are found: TP / (TP + FN), 0 where there is no example.
    /// `sklearn.metrics.recall_score`, `torchmetrics.Recall`.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Averaging, Metric, Recall};
    ///
    /// // Of class 0 one of three examples is found, and class 1 is predicted three times.
    /// let logits = Array::from([[1.0_f32, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]);
    /// let labels = Array::from([0, 0, 0, 1]);
    /// let mut metric = Recall::new(2, Averaging::Macro);
    /// metric.update(&logits, &labels);
    /// // The mean of 1 / 3 and 1 / 1.
    /// assert!((metric.compute().item::<f32>() - 0.666_667).abs() < 1e-5);
    ///
    /// // Class 1 as yes, by scores of yes.
    /// let mut metric = Recall::binary(0.5);
    /// metric.update(&Array::from([0.1_f32, 0.6, 0.7, 0.9]), &labels);
    /// // The one yes is found.
    /// assert!((metric.compute().item::<f32>() - 1.0).abs() < 1e-5);
    /// ```
    Recall = |counts| share(&counts.found, &counts.labels);
    /// The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN), 0 where that is 0 / 0.
    /// `sklearn.metrics.f1_score`, `torchmetrics.F1Score`.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Averaging, F1, Metric};
    ///
    /// // Of class 0 one of three examples is found, and class 1 is predicted three times.
    /// let logits = Array::from([[1.0_f32, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]);
    /// let labels = Array::from([0, 0, 0, 1]);
    /// let mut metric = F1::new(2, Averaging::Macro);
    /// metric.update(&logits, &labels);
    /// // The mean of 2 / 4 and 2 / 4.
    /// assert!((metric.compute().item::<f32>() - 0.5).abs() < 1e-5);
    ///
    /// // Class 1 as yes, by scores of yes.
    /// let mut metric = F1::binary(0.5);
    /// metric.update(&Array::from([0.1_f32, 0.6, 0.7, 0.9]), &labels);
    /// // 2 · 1 / (3 + 1)
    /// assert!((metric.compute().item::<f32>() - 0.5).abs() < 1e-5);
    /// ```
    F1 = |counts| share(&(&counts.found * 2.0), &(&counts.predicted + &counts.labels));
}

/// The area under the ROC curve of yes or no: how probable it is that an example of yes has a greater score than one of no,
/// where equal scores count half. `sklearn.metrics.roc_auc_score`, `torchmetrics.AUROC` with `thresholds`.
///
/// Scores are probabilities, and are counted in bins: of `n` thresholds 0, 1 / (n − 1), …, 1 a score has the place of the
/// last one that it reaches, and scores of one place count as equal. So the state has one size, whatever was seen; the
/// result is exact for the scores so rounded.
///
/// ```
/// use nnx::Array;
/// use nnx::train::{Auc, Metric};
///
/// let mut auc = Auc::new(201);
/// auc.update(&Array::from([0.1_f32, 0.4, 0.35, 0.8]), &Array::from([0, 0, 1, 1]));
/// // Of the four pairs of no and yes one is in the wrong order.
/// assert_eq!(auc.compute().item::<f32>(), 0.75);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Auc {
    /// How many scores of no (row 0) and of yes (row 1) have each place, i32 `[2, thresholds]`.
    pub counts: MetricVariable,
}

impl Auc {
    /// An area with this number of thresholds.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Auc, Metric};
    ///
    /// let area = |thresholds| {
    ///     let mut auc = Auc::new(thresholds);
    ///     auc.update(&Array::from([0.3_f32, 0.6]), &Array::from([0, 1]));
    ///     auc.compute().item::<f32>()
    /// };
    /// // With the thresholds 0 and 1 both scores count as equal.
    /// assert_eq!([area(2), area(101)], [0.5, 1.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there are fewer than two, or no XLA runtime is found.
    #[track_caller]
    pub fn new(thresholds: usize) -> Self {
        if thresholds < 2 {
            invalid("Auc", format!("two thresholds are the fewest, got {thresholds}"));
        }
        Auc { counts: Variable::new(zeros_i32(&[2, thresholds])) }
    }

    /// Takes in scores in [0, 1] (others count as the nearer end, NaN as 0), and labels 0 and 1 of the same shape. Other
    /// labels do not count.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Auc, Metric};
    ///
    /// let mut auc = Auc::new(101);
    /// auc.update(&Array::from([0.3_f32, 0.8]), &Array::from([0, 0]));
    /// auc.update(&Array::from([0.6_f32]), &Array::from([1]));
    /// assert_eq!(auc.compute().item::<f32>(), 0.5);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes differ, the scores are not floats or the labels not integers.
    #[track_caller]
    pub fn update(&mut self, scores: impl AsArray, labels: impl AsArray) {
        let (labels, scores) = (labels.as_array(), scores.as_array());
        self.add(scores, labels, None);
    }

    /// Takes in the scores where `mask` (of the labels' shape) is true.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::train::{Auc, Metric};
    ///
    /// let mut auc = Auc::new(101);
    /// let (scores, labels) = (Array::from([0.3_f32, 0.8, 0.6]), Array::from([0, 0, 1]));
    /// auc.update_masked(&scores, &labels, &Array::from([true, false, true]));
    /// assert_eq!(auc.compute().item::<f32>(), 1.0);
    /// ```
    ///
    /// # Panics
    /// As [`update`](Auc::update), and when the mask has another shape.
    #[track_caller]
    pub fn update_masked(
        &mut self,
        scores: impl AsArray,
        labels: impl AsArray,
        mask: impl AsArray,
    ) {
        let (labels, scores, mask) = (labels.as_array(), scores.as_array(), mask.as_array());
        self.add(scores, labels, Some(mask));
    }

    #[track_caller]
    fn add(&mut self, scores: &Array, labels: &Array, mask: Option<&Array>) {
        let (x, y) = (scores.aval(), labels.aval());
        if x.shape() != y.shape() || !x.dtype().is_float() || !y.dtype().is_int() {
            let message =
                format!("it takes float scores and integer labels of one shape, got {x} and {y}");
            invalid("Auc::update", message);
        }
        check_mask("Auc::update_masked", labels, mask);
        let n = self.counts.shape()[1];
        let args: Vec<Array> =
            [self.counts.value(), scores, labels].into_iter().chain(mask).cloned().collect();
        let outs = or_raise(staged("metric_update", &args, |args| {
            let scores = args[1].reshape([-1, 1]).astype(DType::F32);
            let scores = select(scores.is_nan(), scores.zeros_like(), &scores);
            // Each is rounded once, or a score that is one would be below it.
            let thresholds = (0..n).map(|k| (k as f64 / (n - 1) as f64) as f32).collect::<Vec<_>>();
            let thresholds = Array::from_slice(&thresholds, [1, n]);
            // The number of thresholds that are reached, but the first, which all reach.
            let place = scores.ge(&thresholds).astype(DType::I32).sum(keepdims(1)) - 1;
            let place = place.maximum(0).eq(arange(n, DType::I32).reshape([1, n]));
            let labels = args[2].reshape([-1, 1]).astype(DType::I32);
            let mut is = labels.eq(arange(2, DType::I32).reshape([1, 2])).astype(DType::I32);
            if let Some(mask) = args.get(3) {
                is *= mask.reshape([-1, 1]).astype(DType::Bool).astype(DType::I32);
            }
            vec![&args[0] + is.t().matmul(place.astype(DType::I32))]
        }));
        self.counts.set(outs[0].clone());
    }
}

impl Metric for Auc {
    /// An f32 scalar; NaN where there is no example of yes, or none of no.
    type Value = Array;

    fn reset(&mut self) {
        self.counts.set(self.counts.zeros_like());
    }

    fn compute(&self) -> Array {
        let counts = self.counts.astype(DType::F32);
        let n = counts.shape()[1];
        let row = |i: usize| counts.slice([i.into()]).reshape([n]);
        let (no, yes) = (row(0), row(1));
        // The examples of no below each place, and half of those in it.
        let below = no.cumsum(0) - &no / 2.0;
        (below * &yes).sum(..) / (no.sum(..) * yes.sum(..))
    }
}
