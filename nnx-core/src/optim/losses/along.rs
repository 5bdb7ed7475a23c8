//! Losses along another axis than the last one, and of some elements only.

use super::{
    cosine_similarity_with, generalized_kl_divergence, kl_divergence,
    kl_divergence_with_log_targets, loss, poly_loss_cross_entropy, smooth_labels,
    softmax_cross_entropy, softmax_cross_entropy_with_integer_labels,
};
use crate::array::{AsArray, dim, invalid, keepdims, logsumexp, where_};
use crate::graph::Array;
use crate::value::DType;

/// Along which axis a loss is taken, and of which elements. Made by [`along`]; the arguments `axis` and `where` of the
/// losses of Optax.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::{Along, along};
///
/// // Classes in columns, of which the last row is padding.
/// let logits = Array::from([[1.0_f32, 0.0], [2.0, 1.0], [9.0, 9.0]]);
/// let labels = Array::from([[0.0_f32, 1.0], [1.0, 0.0], [0.0, 0.0]]);
/// let classes: Along = along(0).masked(Array::from([[true], [true], [false]]));
/// let found = classes.softmax_cross_entropy(&logits, &labels);
/// // Those of the columns [1, 2] and [0, 1], by hand.
/// let want = Array::from([0.313_261_7_f32, 1.313_261_7]);
/// assert!((found - want).abs().max(..).item::<f32>() < 1e-5);
/// ```
#[derive(Debug, Clone)]
pub struct Along {
    axis: isize,
    mask: Option<Array>,
}

/// Losses along `axis`, which may count from the end.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::along;
///
/// let (p, t) = (Array::from([[3.0_f32], [4.0]]), Array::from([[4.0_f32], [3.0]]));
/// let cosine = along(0).cosine_similarity(&p, &t, 0.0);
/// assert!((cosine.item::<f32>() - 0.96).abs() < 1e-6);
/// ```
pub fn along(axis: isize) -> Along {
    Along { axis, mask: None }
}

impl Along {
    /// Only of the elements where `mask`, bools, is true; it broadcasts to the predictions, or is
    /// without the axis.
    /// `where` of Optax.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::losses::along;
    ///
    /// let first_two = along(-1).masked(Array::from([true, true, false]));
    /// let smooth = first_two.smooth_labels(Array::from([1.0_f32, 0.0, 0.0]), 0.5);
    /// assert_eq!(smooth.to_vec::<f32>(), [0.75, 0.25, 0.25]);
    /// ```
    pub fn masked(mut self, mask: impl AsArray) -> Along {
        self.mask = Some(mask.as_array().astype(DType::Bool));
        self
    }

    /// One program of arrays whose axis is moved to the end, and of the mask.
    #[track_caller]
    fn of(
        &self,
        name: &str,
        arrays: &[&Array],
        body: impl FnOnce(&[Array], Option<&Array>) -> Array,
    ) -> Array {
        let axis = dim(name, self.axis, arrays[0].aval());
        let count = arrays.len();
        let all: Vec<&Array> = arrays.iter().copied().chain(&self.mask).collect();
        loss(name, &all, |args| {
            let rank = args[0].rank();
            let moved = |x: &Array| match x.rank() == rank {
                true => x.moveaxis(axis as isize, -1),
                false => x.clone(),
            };
            let moved_args: Vec<Array> = args[..count].iter().map(moved).collect();
            let mask = args.get(count).map(|mask| {
                let shape = args[0].shape();
                let mask = if mask.rank() + 1 == rank && rank > 1 {
                    mask.expand_dims(axis as isize)
                } else {
                    mask.clone()
                };
                if crate::array::broadcast_shapes(mask.shape(), shape).as_deref() != Some(shape) {
                    let (mask, x) = (mask.aval(), args[0].aval());
                    invalid(
                        name,
                        format!("the mask {mask} does not broadcast to the shape of {x}"),
                    );
                }
                moved(&mask.broadcast_to_dims(shape))
            });
            body(&moved_args, mask.as_ref())
        })
    }

    /// Cross entropy between the softmax of `logits` and distributions `labels`, of one shape; the result is without the
    /// axis, and 0 where no element counts. `optax.softmax_cross_entropy` with `axis` and `where`.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::losses::along;
    ///
    /// // The probabilities 1/4 and 3/4, in a column.
    /// let logits = Array::from([[0.0_f32], [3.0_f32.ln()]]);
    /// let loss = along(0).softmax_cross_entropy(&logits, Array::from([[0.0_f32], [1.0]]));
    /// assert!((loss.item::<f32>() - (4.0_f32 / 3.0).ln()).abs() < 1e-5);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, the shapes do not fit, or `logits` are not floats.
    #[track_caller]
    pub fn softmax_cross_entropy(&self, logits: impl AsArray, labels: impl AsArray) -> Array {
        let both = [logits.as_array(), labels.as_array()];
        self.of("softmax_cross_entropy", &both, |args, mask| match mask {
            None => softmax_cross_entropy(&args[0], &args[1]),
            Some(mask) => -where_(mask, &args[1] * log_softmax(&args[0], mask), 0.0).sum(-1),
        })
    }

    /// Cross entropy between the softmax of `logits` and class numbers `labels`, which are without the axis, as the result
    /// is; 0 where no element counts. `optax.softmax_cross_entropy_with_integer_labels` with `axis` and `where`.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::losses::along;
    ///
    /// let logits = Array::from([[0.0_f32], [3.0_f32.ln()]]);
    /// let loss = along(0).softmax_cross_entropy_with_integer_labels(&logits, Array::from([1]));
    /// assert!((loss.item::<f32>() - (4.0_f32 / 3.0).ln()).abs() < 1e-5);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, the shapes do not fit, `logits` are not floats or `labels` not integers.
    #[track_caller]
    pub fn softmax_cross_entropy_with_integer_labels(
        &self,
        logits: impl AsArray,
        labels: impl AsArray,
    ) -> Array {
        let both = [logits.as_array(), labels.as_array()];
        self.of("softmax_cross_entropy_with_integer_labels", &both, |args, mask| {
            let Some(mask) = mask else {
                return softmax_cross_entropy_with_integer_labels(&args[0], &args[1]);
            };
            super::check_class_numbers(
                "softmax_cross_entropy_with_integer_labels",
                &args[0],
                &args[1],
            );
            let (any, logits) = (mask.any(-1), ruled_out(&args[0], mask));
            let right = args[0].take_along_axis(args[1].expand_dims(-1), -1).squeeze(-1);
            where_(any, logsumexp(&logits, -1) - right, 0.0)
        })
    }

    /// Cross entropy and `epsilon` times the probability of wrong classes. `optax.poly_loss_cross_entropy` with `axis` and
    /// `where`; see [`poly_loss_cross_entropy`].
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::losses::along;
    ///
    /// let logits = Array::from([[0.0_f32], [3.0_f32.ln()]]);
    /// let loss = along(0).poly_loss_cross_entropy(&logits, Array::from([[0.0_f32], [1.0]]), 2.0);
    /// assert!((loss.item::<f32>() - (4.0_f32 / 3.0).ln() - 0.5).abs() < 1e-5);
    /// ```
    ///
    /// # Panics
    /// As [`softmax_cross_entropy`](Along::softmax_cross_entropy).
    #[track_caller]
    pub fn poly_loss_cross_entropy(
        &self,
        logits: impl AsArray,
        labels: impl AsArray,
        epsilon: f64,
    ) -> Array {
        let both = [logits.as_array(), labels.as_array()];
        self.of("poly_loss_cross_entropy", &both, |args, mask| {
            let Some(mask) = mask else {
                return poly_loss_cross_entropy(&args[0], &args[1], epsilon);
            };
            let log_probs = log_softmax(&args[0], mask);
            let wrong = &args[1] * (1.0 - log_probs.exp());
            where_(mask, wrong * epsilon - &args[1] * log_probs, 0.0).sum(-1)
        })
    }

    /// Σ target · (log target − log prediction). `optax.kl_divergence` with `axis` and `where`; see [`kl_divergence`].
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::losses::along;
    ///
    /// let predictions = Array::from([[0.5_f32], [0.5]]).log();
    /// let divergence = along(0).kl_divergence(&predictions, Array::from([[1.0_f32], [0.0]]));
    /// assert!((divergence.item::<f32>() - 2.0_f32.ln()).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, the shapes do not fit, or one array is not of floats.
    #[track_caller]
    pub fn kl_divergence(&self, log_predictions: impl AsArray, targets: impl AsArray) -> Array {
        let both = [log_predictions.as_array(), targets.as_array()];
        self.of("kl_divergence", &both, |args, mask| {
            kl_divergence(&args[0], counted(&args[1], mask, 0.0))
        })
    }

    /// [`kl_divergence`](Along::kl_divergence) with the logarithms of the targets.
    /// `optax.losses.kl_divergence_with_log_targets` with `axis` and `where`.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::losses::along;
    ///
    /// let (p, t) = (Array::from([[0.5_f32], [0.5]]).log(), Array::from([[0.75_f32], [0.25]]).log());
    /// let first = along(0).masked(Array::from([[true], [false]]));
    /// let part = first.kl_divergence_with_log_targets(&p, &t);
    /// assert!((part.item::<f32>() - 0.75 * 1.5_f32.ln()).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// As [`kl_divergence`](Along::kl_divergence).
    #[track_caller]
    pub fn kl_divergence_with_log_targets(
        &self,
        log_predictions: impl AsArray,
        log_targets: impl AsArray,
    ) -> Array {
        let both = [log_predictions.as_array(), log_targets.as_array()];
        self.of("kl_divergence_with_log_targets", &both, |args, mask| {
            // Of two zeros the term is 1 · (0 − 0).
            let [p, t] = [0, 1].map(|i: usize| counted(&args[i], mask, 0.0));
            kl_divergence_with_log_targets(p, t)
        })
    }

    /// The divergence of measures whose sums differ. `optax.losses.generalized_kl_divergence` with `axis` and `where`;
    /// see [`generalized_kl_divergence`].
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::losses::along;
    ///
    /// let (p, t) = (Array::from([[2.0_f32], [1.0]]).log(), Array::from([[1.0_f32], [1.0]]));
    /// let divergence = along(0).generalized_kl_divergence(&p, &t);
    /// assert!((divergence.item::<f32>() - (1.0 - 2.0_f32.ln())).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// As [`kl_divergence`](Along::kl_divergence).
    #[track_caller]
    pub fn generalized_kl_divergence(
        &self,
        log_predictions: impl AsArray,
        targets: impl AsArray,
    ) -> Array {
        let both = [log_predictions.as_array(), targets.as_array()];
        self.of("generalized_kl_divergence", &both, |args, mask| {
            let p = counted(&args[0], mask, f64::NEG_INFINITY);
            generalized_kl_divergence(p, counted(&args[1], mask, 0.0))
        })
    }

    /// The cosine of the angle between vectors, whose squared norms are taken to be at least `epsilon`.
    /// `optax.cosine_similarity` with `epsilon`, `axis` and `where`.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::losses::along;
    ///
    /// // A vector of zeros has no direction; with an epsilon the cosine is 0.
    /// let (zero, one) = (Array::from([0.0_f32, 0.0]), Array::from([1.0_f32, 0.0]));
    /// assert_eq!(along(0).cosine_similarity(&zero, &one, 1e-6).item::<f32>(), 0.0);
    /// assert!(along(0).cosine_similarity(&zero, &one, 0.0).item::<f32>().is_nan());
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, the shapes differ, or `predictions` are not floats.
    #[track_caller]
    pub fn cosine_similarity(
        &self,
        predictions: impl AsArray,
        targets: impl AsArray,
        epsilon: f64,
    ) -> Array {
        let both = [predictions.as_array(), targets.as_array()];
        super::check_same_shape("cosine_similarity", both[0], both[1]);
        self.of("cosine_similarity", &both, |args, mask| {
            let [p, t] = [0, 1].map(|i: usize| counted(&args[i], mask, 0.0));
            cosine_similarity_with(&p, &t, epsilon)
        })
    }

    /// 1 − [`cosine_similarity`](Along::cosine_similarity). `optax.cosine_distance` with `epsilon`, `axis` and `where`.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::losses::along;
    ///
    /// let (p, t) = (Array::from([[3.0_f32], [4.0]]), Array::from([[4.0_f32], [3.0]]));
    /// assert!((along(0).cosine_distance(&p, &t, 0.0).item::<f32>() - 0.04).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// As [`cosine_similarity`](Along::cosine_similarity).
    #[track_caller]
    pub fn cosine_distance(
        &self,
        predictions: impl AsArray,
        targets: impl AsArray,
        epsilon: f64,
    ) -> Array {
        1.0 - self.cosine_similarity(predictions, targets, epsilon)
    }

    /// Labels moved towards the same probability for all classes that count: (1 − `alpha`) · label + `alpha` / classes, in
    /// the shape of `labels`. `optax.smooth_labels` with `axis` and `where`.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::losses::along;
    ///
    /// let smooth = along(0).smooth_labels(Array::from([[0.0_f32], [1.0]]), 0.5);
    /// assert_eq!(smooth.to_vec::<f32>(), [0.25, 0.75]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or `labels` are not floats.
    #[track_caller]
    pub fn smooth_labels(&self, labels: impl AsArray, alpha: f64) -> Array {
        let labels = labels.as_array();
        super::check_float("smooth_labels", "labels", labels);
        self.of("smooth_labels", &[labels], |args, mask| {
            let x = &args[0];
            let smooth = match mask {
                None => smooth_labels(x, alpha),
                Some(mask) => x * (1.0 - alpha) + alpha / mask.astype(x.dtype()).sum(keepdims(-1)),
            };
            smooth.moveaxis(-1, self.axis)
        })
    }

    /// How much further each anchor is from its negative than from its positive, up to `margin`: the distance is
    /// (Σ (a − b)ᵈ + `eps`)^(1/d) with d = `norm_degree`. `optax.losses.triplet_margin_loss` with all arguments.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::losses::along;
    ///
    /// let (anchor, near) = (Array::from([[0.0_f32], [0.0]]), Array::from([[0.0_f32], [1.0]]));
    /// let far = Array::from([[3.0_f32], [4.0]]);
    /// let loss = along(0).triplet_margin_loss(&anchor, &near, &far, 2.0, 5.0, 0.0);
    /// assert_eq!(loss.item::<f32>(), 1.0); // 1 − 5 + 5
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, the shapes differ, the arrays are not floats, or there is a mask, which the loss of
    /// Optax does not take either.
    #[track_caller]
    pub fn triplet_margin_loss(
        &self,
        anchors: impl AsArray,
        positives: impl AsArray,
        negatives: impl AsArray,
        norm_degree: f64,
        margin: f64,
        eps: f64,
    ) -> Array {
        const NAME: &str = "triplet_margin_loss";
        let all = [anchors.as_array(), positives.as_array(), negatives.as_array()];
        all[1..].iter().for_each(|x| super::check_same_shape(NAME, all[0], x));
        if self.mask.is_some() {
            invalid(NAME, "takes no mask: select the examples from its result".into());
        }
        self.of(NAME, &all, |args, _| {
            let raised = |x: Array| match norm_degree == norm_degree.trunc() {
                true => x.powi(norm_degree as i32),
                false => x.pow(norm_degree),
            };
            let distance = |x: &Array| (raised(&args[0] - x).sum(-1) + eps).pow(1.0 / norm_degree);
            (distance(&args[1]) - distance(&args[2]) + margin).maximum(0.0)
        })
    }
}

/// The array with `nothing` where the mask is false.
fn counted(x: &Array, mask: Option<&Array>, nothing: f64) -> Array {
    mask.map_or_else(|| x.clone(), |mask| where_(mask, x, nothing))
}

/// Logits of −∞ where the mask is false, but zeros where nothing counts, whose sum is not used.
fn ruled_out(logits: &Array, mask: &Array) -> Array {
    let logits = where_(mask, logits, f64::NEG_INFINITY);
    where_(mask.any(keepdims(-1)), logits, 0.0)
}

/// The logarithms of the softmax over the elements that count, and zeros elsewhere.
fn log_softmax(logits: &Array, mask: &Array) -> Array {
    let logits = ruled_out(logits, mask);
    where_(mask, &logits - logsumexp(&logits, keepdims(-1)), 0.0)
}
