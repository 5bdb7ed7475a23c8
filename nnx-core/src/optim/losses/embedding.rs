//! Losses of vectors that stand for things: of their angles and distances.

use super::{check_float, check_same_shape, loss};
use crate::array::{AsArray, eye, finfo, invalid, keepdims, where_};
use crate::graph::Array;
use crate::value::DType;

/// The cosine of the angle between vectors along the last axis, `[…, dim]`; the result is `[…]`, and NaN for a vector of
/// zeros, which has no direction.
/// `optax.cosine_similarity`.
///
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::optim::losses::cosine_similarity;
///
/// let predictions = Array::from([[3.0_f32, 4.0], [1.0, 0.0]]);
/// let cosines = cosine_similarity(&predictions, &Array::from([[4.0_f32, 3.0], [0.0, 2.0]]));
/// let near = Tolerance { atol: 1e-5, ..Tolerance::default() };
/// assert!(cosines.allclose(Array::from([0.96_f32, 0.0]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes differ or are scalars, or `predictions` are not floats.
#[track_caller]
pub fn cosine_similarity(predictions: impl AsArray, targets: impl AsArray) -> Array {
    let (predictions, targets) = (predictions.as_array(), targets.as_array());
    const NAME: &str = "cosine_similarity";
    check_same_shape(NAME, predictions, targets);
    if predictions.rank() == 0 {
        invalid(NAME, "scalars have no direction".into());
    }
    loss(NAME, &[predictions, targets], |args| cosine_similarity_with(&args[0], &args[1], 0.0))
}

/// Of vectors whose squared norms are taken to be at least `epsilon`.
pub(super) fn cosine_similarity_with(a: &Array, b: &Array, epsilon: f64) -> Array {
    let unit = |x: &Array| x / x.square().sum(keepdims(-1)).maximum(epsilon).sqrt();
    (unit(a) * unit(b)).sum(-1)
}

/// 1 − [`cosine_similarity`]. `optax.cosine_distance`.
///
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::optim::losses::cosine_distance;
///
/// let predictions = Array::from([[3.0_f32, 4.0], [1.0, 0.0]]);
/// let distances = cosine_distance(&predictions, &Array::from([[4.0_f32, 3.0], [0.0, 2.0]]));
/// let near = Tolerance { atol: 1e-5, ..Tolerance::default() };
/// assert!(distances.allclose(Array::from([0.04_f32, 1.0]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes differ or are scalars, or `predictions` are not floats.
#[track_caller]
pub fn cosine_distance(predictions: impl AsArray, targets: impl AsArray) -> Array {
    let (predictions, targets) = (predictions.as_array(), targets.as_array());
    check_same_shape("cosine_distance", predictions, targets);
    loss("cosine_distance", &[predictions, targets], |args| {
        1.0 - cosine_similarity(&args[0], &args[1])
    })
}

/// How much farther `anchors` are from `negatives` than from `positives` is missing to `margin` (usually 1), at least
/// 0: all `[…, dim]`, the result `[…]`. The distances are √(Σ(a − b)² + 1e-6). `optax.losses.triplet_margin_loss`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::triplet_margin_loss;
///
/// // The distances are 5 and 10, so that 1 is missing to the margin 6.
/// let anchors = Array::from([[0.0_f32, 0.0]]);
/// let (positives, negatives) = (Array::from([[3.0_f32, 4.0]]), Array::from([[6.0_f32, 8.0]]));
/// let loss = triplet_margin_loss(&anchors, &positives, &negatives, 6.0);
/// assert!((loss.item::<f32>() - 1.0).abs() < 1e-5);
/// ```
///
/// Source: Schroff et al., "FaceNet: A Unified Embedding for Face Recognition and Clustering", 2015.
///
/// # Panics
/// Panics if the shapes differ or are scalars, or `anchors` are not floats.
#[track_caller]
pub fn triplet_margin_loss(
    anchors: impl AsArray,
    positives: impl AsArray,
    negatives: impl AsArray,
    margin: f64,
) -> Array {
    let (anchors, positives, negatives) =
        (anchors.as_array(), positives.as_array(), negatives.as_array());
    const NAME: &str = "triplet_margin_loss";
    check_same_shape(NAME, anchors, positives);
    check_same_shape(NAME, anchors, negatives);
    if anchors.rank() == 0 {
        invalid(NAME, "scalars are no vectors".into());
    }
    loss(NAME, &[anchors, positives, negatives], |args| {
        let distance = |other: &Array| ((&args[0] - other).square().sum(-1) + 1e-6).sqrt();
        (distance(&args[1]) - distance(&args[2]) + margin).maximum(0.0)
    })
}

/// The normalized temperature-scaled cross entropy of contrastive learning, a scalar: rows of `embeddings` `[n, dim]`
/// whose `labels` `[n]` are equal are to point the same way, all others elsewhere; 0 if no two labels are equal.
/// `temperature` is usually 0.07.
/// `optax.ntxent`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::losses::ntxent;
///
/// // The first two belong together; a temperature of 1.
/// let embeddings = Array::from([[1.0_f32, 0.0], [2.0, 0.0], [0.0, 1.0]]);
/// let loss = ntxent(&embeddings, &Array::from([7, 7, 8]), 1.0);
/// // ln(1 + e⁻¹)
/// assert!((loss.item::<f32>() - 0.313_262).abs() < 1e-5);
/// ```
///
/// Source: Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", 2020.
///
/// # Panics
/// Panics if `embeddings` are no matrix of floats, or there is not a label for each row.
#[track_caller]
pub fn ntxent(embeddings: impl AsArray, labels: impl AsArray, temperature: f64) -> Array {
    let (embeddings, labels) = (embeddings.as_array(), labels.as_array());
    const NAME: &str = "ntxent";
    check_float(NAME, "embeddings", embeddings);
    if embeddings.rank() != 2 || labels.shape() != &embeddings.shape()[..1] {
        let (x, y) = (embeddings.aval(), labels.aval());
        invalid(NAME, format!("needs embeddings [n, dim] and labels [n], got {x} and {y}"));
    }
    loss(NAME, &[embeddings, labels], |args| {
        let x = &args[0];
        let smallest = finfo(x.dtype()).eps;
        let units = x / x.square().sum(keepdims(-1)).maximum(smallest).sqrt();
        let scores = units.matmul(units.t()) / temperature;
        let same = args[1].expand_dims(1).eq(args[1].expand_dims(0));
        let itself = eye(x.shape()[0], DType::Bool);
        let matches = &same & itself.logical_not();
        let counted = &matches | same.logical_not();
        let largest = where_(&counted, &scores, f64::NEG_INFINITY).max(keepdims(1)).stop_gradient();
        // A row that has neither match nor other rows counts nothing.
        let largest = where_(largest.is_finite(), &largest, 0.0);
        let shifted = scores - largest;
        let others = where_(&same, 0.0, where_(&same, 0.0, &shifted).exp()).sum(keepdims(1));
        let safe = where_(&matches, &shifted, 0.0);
        let log_softmax = &safe - (safe.exp() + others).log();
        let pairs = matches.astype(x.dtype()).sum(..).maximum(1.0);
        -where_(&matches, &log_softmax, 0.0).sum(..) / pairs
    })
}
