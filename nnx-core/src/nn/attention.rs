//! Attention as functions.

use super::PromoteDtypeFn;
use super::arithmetic::PromoteDtype;
use super::dtypes::promote;
use crate::array::{
    AsArray, DotOptions, Precision, arange, einsum_of, finfo, invalid, select, softmax,
};
use crate::graph::Array;
use crate::random;
use crate::random::Key;
use crate::value::{DType, promote_dtypes};

const OP: &str = "dot_product_attention";

/// Options of [`dot_product_attention`] beyond its plain formula.
///
/// ```
/// use nnx::nn::{AttentionOptions, dot_product_attention_weights};
/// use nnx::{Array, DType, array};
///
/// let lengths = Array::from([3]);
/// let options = AttentionOptions::new().is_causal(true).key_value_seq_lengths(&lengths);
/// let x = array::zeros([1, 4, 1, 8], DType::F32); // batch, length, heads, depth
/// let weights = dot_product_attention_weights(&x, &x, &options);
/// assert_eq!(weights.at((0, 0, 1)).get().to_vec::<f32>(), [0.5, 0.5, 0.0, 0.0]);
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct AttentionOptions {
    bias: Option<Array>,
    mask: Option<Array>,
    is_causal: bool,
    local_window_size: Option<(usize, usize)>,
    query_seq_lengths: Option<Array>,
    key_value_seq_lengths: Option<Array>,
    scale: Option<f64>,
    dropout: Option<AttentionDropout>,
    dtype: Option<DType>,
    precision: Precision,
    promote_dtype: Option<PromoteDtype>,
}

#[derive(Debug, Clone)]
struct AttentionDropout {
    key: Key,
    rate: f64,
    broadcast: bool,
}

impl AttentionOptions {
    /// The plain formula.
    ///
    /// ```
    /// use nnx::nn::{AttentionOptions, dot_product_attention_weights};
    /// use nnx::{DType, array};
    ///
    /// let x = array::zeros([1, 2, 1, 8], DType::F32);
    /// let weights = dot_product_attention_weights(&x, &x, &AttentionOptions::new());
    /// assert_eq!(weights.to_vec::<f32>(), [0.5; 4]); // to all places
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// A bias of the logits; broadcasts to `[batch…, num_heads, q_length, kv_length]`.
    ///
    /// ```
    /// use nnx::nn::{AttentionOptions, dot_product_attention_weights};
    /// use nnx::{Array, DType, array};
    ///
    /// let x = array::zeros([1, 2, 1, 8], DType::F32);
    /// let nearer = Array::from([[3.0_f32.ln(), 0.0], [0.0, 3.0_f32.ln()]]); // of queries and keys
    /// let weights = dot_product_attention_weights(&x, &x, &AttentionOptions::new().bias(nearer));
    /// let expected = Array::from([[0.75_f32, 0.25], [0.25, 0.75]]);
    /// assert!((weights - expected).abs().max(..).item::<f32>() < 1e-5);
    /// ```
    pub fn bias(mut self, bias: impl AsArray) -> Self {
        self.bias = Some(bias.as_array().clone());
        self
    }

    /// Which places count: those where `mask` is not 0; broadcasts to
    /// `[batch…, num_heads, q_length, kv_length]`.
    ///
    /// ```
    /// use nnx::nn::{AttentionOptions, dot_product_attention_weights};
    /// use nnx::{Array, DType, array};
    ///
    /// let x = array::zeros([1, 2, 1, 8], DType::F32);
    /// let mask = Array::from([[true, false], [true, true]]); // of queries and keys
    /// let weights = dot_product_attention_weights(&x, &x, &AttentionOptions::new().mask(mask));
    /// assert_eq!(weights.to_vec::<f32>(), [1.0, 0.0, 0.5, 0.5]);
    /// ```
    pub fn mask(mut self, mask: impl AsArray) -> Self {
        self.mask = Some(mask.as_array().clone());
        self
    }

    /// Whether a query sees no later places than its own. Default: false.
    ///
    /// ```
    /// use nnx::nn::{AttentionOptions, dot_product_attention_weights};
    /// use nnx::{DType, array};
    ///
    /// let x = array::zeros([1, 2, 1, 8], DType::F32);
    /// let options = AttentionOptions::new().is_causal(true);
    /// let weights = dot_product_attention_weights(&x, &x, &options);
    /// assert_eq!(weights.to_vec::<f32>(), [1.0, 0.0, 0.5, 0.5]);
    /// ```
    pub fn is_causal(mut self, is_causal: bool) -> Self {
        self.is_causal = is_causal;
        self
    }

    /// How many places before and after its own a query sees. Default: all of them.
    ///
    /// ```
    /// use nnx::nn::{AttentionOptions, dot_product_attention_weights};
    /// use nnx::{DType, array};
    ///
    /// let x = array::zeros([1, 3, 1, 8], DType::F32);
    /// let options = AttentionOptions::new().local_window_size(1, 0);
    /// let weights = dot_product_attention_weights(&x, &x, &options);
    /// assert_eq!(weights.to_vec::<f32>(), [1.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.5, 0.5]);
    /// ```
    pub fn local_window_size(mut self, before: usize, after: usize) -> Self {
        self.local_window_size = Some((before, after));
        self
    }

    /// How many queries each sequence has, integers `[batch…]`; the results of those after them are
    /// 0. Default: all of them.
    ///
    /// ```
    /// use nnx::nn::{AttentionOptions, dot_product_attention};
    /// use nnx::{Array, DType, array};
    ///
    /// let x = array::ones([2, 3, 1, 1], DType::F32);
    /// let options = AttentionOptions::new().query_seq_lengths(Array::from([3, 1]));
    /// let y = dot_product_attention(&x, &x, &x, &options);
    /// assert_eq!(y.to_vec::<f32>(), [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    /// ```
    pub fn query_seq_lengths(mut self, lengths: impl AsArray) -> Self {
        self.query_seq_lengths = Some(lengths.as_array().clone());
        self
    }

    /// How many keys and values each sequence has, integers `[batch…]`; those after them do not
    /// count. Default: all of them.
    ///
    /// ```
    /// use nnx::nn::{AttentionOptions, dot_product_attention_weights};
    /// use nnx::{Array, DType, array};
    ///
    /// let query = array::zeros([2, 1, 1, 8], DType::F32);
    /// let key = array::zeros([2, 4, 1, 8], DType::F32);
    /// let options = AttentionOptions::new().key_value_seq_lengths(Array::from([4, 2]));
    /// let weights = dot_product_attention_weights(&query, &key, &options);
    /// assert_eq!(weights.to_vec::<f32>(), [0.25, 0.25, 0.25, 0.25, 0.5, 0.5, 0.0, 0.0]);
    /// ```
    pub fn key_value_seq_lengths(mut self, lengths: impl AsArray) -> Self {
        self.key_value_seq_lengths = Some(lengths.as_array().clone());
        self
    }

    /// The factor that the logits are multiplied by. Default: 1 / √depth.
    ///
    /// ```
    /// use nnx::nn::{AttentionOptions, dot_product_attention_weights};
    /// use nnx::Array;
    ///
    /// let query = Array::from([[[1.0_f32]]]); // length, heads, depth: without a batch
    /// let key = Array::from([[[0.0_f32]], [[1.0]]]);
    /// let options = AttentionOptions::new().scale(3.0_f64.ln());
    /// let weights = dot_product_attention_weights(&query, &key, &options);
    /// assert!((weights - Array::from([0.25_f32, 0.75])).abs().max(..).item::<f32>() < 1e-5);
    /// ```
    pub fn scale(mut self, scale: f64) -> Self {
        self.scale = Some(scale);
        self
    }

    /// Drops weights with probability `rate`: the same for all batches and heads if `broadcast`
    /// (Flax's default). Default: nothing is dropped.
    ///
    /// ```
    /// use nnx::nn::{AttentionOptions, dot_product_attention_weights};
    /// use nnx::{DType, array, random};
    ///
    /// let x = array::zeros([1, 4, 1, 8], DType::F32);
    /// let options = AttentionOptions::new().dropout(random::key(0), 0.5, false);
    /// let weights = dot_product_attention_weights(&x, &x, &options);
    /// // A quarter each without dropout; those that stay are doubled.
    /// assert!((weights.eq(0.0) | weights.eq(0.5)).all(..).item::<bool>());
    /// ```
    pub fn dropout(mut self, key: Key, rate: f64, broadcast: bool) -> Self {
        self.dropout = (rate > 0.0).then_some(AttentionDropout { key, rate, broadcast });
        self
    }

    /// The dtype to compute in. Default: the promoted dtype of the inputs.
    ///
    /// ```
    /// use nnx::nn::{AttentionOptions, dot_product_attention};
    /// use nnx::{DType, array};
    ///
    /// let x = array::ones([1, 2, 1, 8], DType::F32);
    /// let y = dot_product_attention(&x, &x, &x, &AttentionOptions::new().dtype(DType::BF16));
    /// assert_eq!(y.dtype(), DType::BF16);
    /// ```
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = Some(dtype);
        self
    }

    /// How exactly floats of 32 bits are multiplied on devices that have faster ways. Default: the fastest way.
    ///
    /// ```
    /// use nnx::array::{Precision, ones};
    /// use nnx::nn::{AttentionOptions, dot_product_attention};
    /// use nnx::DType;
    ///
    /// let x = ones([1, 3, 2, 4], DType::F32);
    /// let exact = AttentionOptions::new().precision(Precision::Highest);
    /// assert_eq!(dot_product_attention(&x, &x, &x, &exact).to_vec::<f32>(), [1.0; 24]);
    /// ```
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// The function that brings query, key and value to the dtype to compute in. Default:
    /// [`promote_dtype`](super::promote_dtype).
    ///
    /// ```
    /// use nnx::array::ones;
    /// use nnx::nn::{AttentionOptions, dot_product_attention, promote_dtype};
    /// use nnx::DType;
    ///
    /// let x = ones([1, 3, 2, 4], DType::F32);
    /// let options = AttentionOptions::new()
    ///     .promote_dtype(|arrays, _| promote_dtype(arrays, Some(DType::BF16)));
    /// assert_eq!(dot_product_attention(&x, &x, &x, &options).dtype(), DType::BF16);
    /// ```
    pub fn promote_dtype(mut self, f: PromoteDtypeFn) -> Self {
        self.promote_dtype = Some(PromoteDtype::new(f));
        self
    }

    fn products(&self) -> DotOptions {
        DotOptions { precision: self.precision, ..DotOptions::default() }
    }
}

#[track_caller]
fn check(query: &Array, key: &Array) {
    let fits = query.rank() == key.rank()
        && query.rank() >= 3
        && query.shape()[..query.rank() - 3] == key.shape()[..key.rank() - 3]
        && query.shape().last() == key.shape().last()
        && key.shape()[key.rank() - 2] > 0
        && query.shape()[query.rank() - 2].is_multiple_of(key.shape()[key.rank() - 2]);
    if !fits {
        let (query, key) = (query.aval(), key.aval());
        invalid(
            OP,
            format!(
                "the query {query} and the key {key} are [batch…, length, heads, depth]: they need \
                 equal batch axes and depths, and the heads of the query a multiple of the key's"
            ),
        );
    }
}

/// query · keyᵀ as `[batch…, num_heads, q_length, kv_length]`; each head of the key serves as many
/// heads of the query.
#[track_caller]
fn products(query: &Array, key: &Array, options: &AttentionOptions) -> Array {
    let options = &options.products();
    let (heads, groups) = (query.shape()[query.rank() - 2], key.shape()[key.rank() - 2]);
    if heads == groups {
        return einsum_of(OP, "...qhd,...khd->...hqk", &[query, key], options);
    }
    let grouped = einsum_of(OP, "...qhgd,...khd->...hgqk", &[&group(query, groups), key], options);
    let mut shape = grouped.shape().to_vec();
    shape.splice(shape.len() - 4..shape.len() - 2, [heads]);
    grouped.reshape(shape)
}

/// weights · value as `[batch…, q_length, num_heads, depth]`.
#[track_caller]
fn weighted(weights: &Array, value: &Array, options: &AttentionOptions) -> Array {
    let options = &options.products();
    let (heads, groups) = (weights.shape()[weights.rank() - 3], value.shape()[value.rank() - 2]);
    if heads == groups {
        return einsum_of(OP, "...hqk,...khd->...qhd", &[weights, value], options);
    }
    let mut shape = weights.shape().to_vec();
    let at = shape.len() - 3;
    shape.splice(at..=at, [groups, heads / groups]);
    let grouped =
        einsum_of(OP, "...hgqk,...khd->...qhgd", &[&weights.reshape(shape), value], options);
    let mut shape = grouped.shape().to_vec();
    shape.splice(shape.len() - 3..shape.len() - 1, [heads]);
    grouped.reshape(shape)
}

/// `[…, heads, depth]` as `[…, groups, heads / groups, depth]`.
#[track_caller]
fn group(x: &Array, groups: usize) -> Array {
    let mut shape = x.shape().to_vec();
    let at = shape.len() - 2;
    let heads = shape[at];
    shape.splice(at..=at, [groups, heads / groups]);
    x.reshape(shape)
}

/// Refuses what does not broadcast to the logits' shape.
#[track_caller]
fn check_beside(what: &str, x: &Array, logits: &Array) {
    let (own, all) = (x.shape(), logits.shape());
    let fits = own.len() <= all.len()
        && own.iter().rev().zip(all.iter().rev()).all(|(&a, &b)| a == 1 || a == b);
    if !fits {
        let x = x.aval();
        invalid(
            OP,
            format!(
                "the {what} {x} needs to broadcast to [batch…, num_heads, q_length, kv_length], \
                 which is {all:?}"
            ),
        );
    }
}

/// Where places count: `[batch…, 1, q_length, 1]` or `[batch…, 1, 1, kv_length]`, those before each
/// sequence's length along the axis `axis` of the logits.
#[track_caller]
fn before(what: &str, lengths: &Array, logits: &Array, axis: usize) -> Array {
    let batch = &logits.shape()[..logits.rank() - 3];
    if lengths.shape() != batch || !lengths.dtype().is_int() {
        let lengths = lengths.aval();
        invalid(OP, format!("`{what}` {lengths} needs to be integers of the shape {batch:?}"));
    }
    let mut places = vec![1; logits.rank()];
    places[axis] = logits.shape()[axis];
    let mut own = batch.to_vec();
    own.extend([1; 3]);
    let places = arange(logits.shape()[axis], DType::I32).reshape(places);
    places.lt(lengths.astype(DType::I32).reshape(own))
}

/// `logits` where all masks let them, else `low`.
#[track_caller]
fn masked(logits: Array, options: &AttentionOptions, low: f64) -> Array {
    let [t, s] = [logits.rank() - 2, logits.rank() - 1];
    let mut masks = Vec::new();
    if let Some(mask) = &options.mask {
        check_beside("mask", mask, &logits);
        masks.push(mask.ne(0));
    }
    if options.is_causal {
        let places = [logits.shape()[t], logits.shape()[s]];
        masks.push(crate::array::full(places, 1.0, DType::Bool).tril(0));
    }
    if let Some((left, right)) = options.local_window_size {
        let from = |size: usize| arange(size, DType::I32);
        let (query, key) = (from(logits.shape()[t]).expand_dims(1), from(logits.shape()[s]));
        let [left, right] = [left, right].map(|n| n.min(i32::MAX as usize / 2) as i32);
        masks.push(query.le(&key + left).logical_and(query.ge(&key - right)));
    }
    if let Some(lengths) = &options.query_seq_lengths {
        masks.push(before("query_seq_lengths", lengths, &logits, t));
    }
    if let Some(lengths) = &options.key_value_seq_lengths {
        masks.push(before("key_value_seq_lengths", lengths, &logits, s));
    }
    match masks.into_iter().reduce(|a, b| a.logical_and(&b)) {
        Some(mask) => select(mask.broadcast_to(logits.shape()), &logits, logits.full_like(low)),
        None => logits,
    }
}

/// query · keyᵀ plus the bias.
#[track_caller]
fn biased(logits: Array, options: &AttentionOptions) -> Array {
    match &options.bias {
        Some(bias) => {
            check_beside("bias", bias, &logits);
            logits + bias
        }
        None => logits,
    }
}

/// The weights of attention, `[batch…, num_heads, q_length, kv_length]`, from queries
/// `[batch…, q_length, num_heads, depth]` and keys `[batch…, kv_length, num_kv_heads, depth]`:
/// softmax(query · keyᵀ / √depth). `flax.nnx.nn.attention.dot_product_attention_weights`.
///
/// ```
/// use nnx::nn::{AttentionOptions, dot_product_attention_weights};
/// use nnx::{DType, array};
///
/// let x = array::ones([2, 5, 4, 8], DType::F32); // batch, length, heads, depth
/// let weights = dot_product_attention_weights(&x, &x, &AttentionOptions::new());
/// assert_eq!(weights.shape(), [2, 4, 5, 5]);
/// assert!((weights.sum(-1) - 1.0).abs().max(..).item::<f32>() < 1e-5); // over the keys
/// ```
///
/// # Panics
/// Panics if the shapes do not fit together.
#[track_caller]
pub fn dot_product_attention_weights(
    query: impl AsArray,
    key: impl AsArray,
    options: &AttentionOptions,
) -> Array {
    let (query, key) = (query.as_array(), key.as_array());
    let by = options.promote_dtype;
    let [Some(query), Some(key)] = promote(OP, [Some(query), Some(key)], options.dtype, by) else {
        unreachable!("arrays that were there stay")
    };
    check(&query, &key);
    let dtype = query.dtype();
    let depth = query.shape()[query.rank() - 1];
    let query = match options.scale {
        Some(scale) => query * Array::constant_scalar(dtype, scale),
        None => query / Array::constant_scalar(dtype, (depth as f64).sqrt()),
    };
    let weights = biased(products(&query, &key, options), options);
    let low = -finfo(dtype).max;
    let mut weights = softmax(masked(weights, options, low), -1).astype(dtype);
    if let Some(dropout) = &options.dropout {
        let keep = 1.0 - dropout.rate;
        let mut shape = weights.shape().to_vec();
        if dropout.broadcast {
            let outer = shape.len() - 2;
            shape[..outer].fill(1);
        }
        let kept = random::bernoulli(&dropout.key, keep, &shape);
        weights *= kept.astype(dtype) / Array::constant_scalar(dtype, keep);
    }
    weights
}

/// Attention (Vaswani et al. 2017): softmax(query · keyᵀ / √depth) · value, for each head.
/// `flax.nnx.dot_product_attention`, and without dropout `jax.nn.dot_product_attention`.
///
/// Queries are `[batch…, q_length, num_heads, depth]`, keys `[batch…, kv_length, num_kv_heads,
/// depth]`, values `[batch…, kv_length, num_kv_heads, v_depth]`; the result is `[batch…, q_length,
/// num_heads, v_depth]`. With fewer heads of keys and values each serves a group of the queries'.
///
/// ```
/// use nnx::nn::{AttentionOptions, dot_product_attention};
/// use nnx::{Array, DType, array};
///
/// let x = array::zeros([1, 2, 1, 8], DType::F32); // batch, length, heads, depth
/// let value = Array::from([[2.0_f32], [4.0]]).reshape([1, 2, 1, 1]);
/// let y = dot_product_attention(&x, &x, &value, &AttentionOptions::new());
/// assert_eq!(y.to_vec::<f32>(), [3.0, 3.0]); // means of the values
/// let y = dot_product_attention(&x, &x, &value, &AttentionOptions::new().is_causal(true));
/// assert_eq!(y.to_vec::<f32>(), [2.0, 3.0]);
/// ```
///
/// # Panics
/// Panics if the shapes do not fit together.
#[track_caller]
pub fn dot_product_attention(
    query: impl AsArray,
    key: impl AsArray,
    value: impl AsArray,
    options: &AttentionOptions,
) -> Array {
    let (query, key, value) = (query.as_array(), key.as_array(), value.as_array());
    let arrays = [Some(query), Some(key), Some(value)];
    let by = options.promote_dtype;
    let [Some(query), Some(key), Some(value)] = promote(OP, arrays, options.dtype, by) else {
        unreachable!("arrays that were there stay")
    };
    check(&query, &key);
    let rank = key.rank();
    if value.rank() != rank || value.shape()[..rank - 1] != key.shape()[..rank - 1] {
        let (key, value) = (key.aval(), value.aval());
        invalid(OP, format!("the key {key} and the value {value} need equal axes but the last"));
    }
    let weights = if options.dropout.is_some() {
        let dtype = query.dtype();
        dot_product_attention_weights(&query, &key, &options.clone().dtype(dtype))
    } else {
        // Logits of half-precision inputs are f32, as in JAX.
        let dtype = promote_dtypes(query.dtype(), DType::F32);
        let depth = query.shape()[query.rank() - 1];
        let scale = options.scale.unwrap_or(1.0 / (depth as f64).sqrt());
        let mut logits = products(&query.astype(dtype), &key.astype(dtype), options)
            * Array::constant_scalar(dtype, scale);
        logits = biased(logits, options).astype(dtype);
        // Softmax is computed in f32, where the number stays finite.
        let low = -0.7 * finfo(dtype).max.min(finfo(DType::F32).max);
        softmax(masked(logits, options, low).astype(DType::F32), -1).astype(key.dtype())
    };
    let y = weighted(&weights, &value, options);
    match &options.query_seq_lengths {
        Some(lengths) => {
            // [batch…, 1, q_length, 1], to broadcast to the logits.
            let kept = before("query_seq_lengths", lengths, &weights, weights.rank() - 2);
            let dtype = y.dtype();
            y * kept.swapaxes(-3, -2).astype(dtype)
        }
        None => y,
    }
}
