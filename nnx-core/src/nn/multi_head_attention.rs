//! Multi-head attention.

use super::MultiHeadAttentionOptions;
use super::arithmetic::{LayerProduct, PromoteDtype, function_setting};
use super::attention::{AttentionOptions, dot_product_attention, dot_product_attention_weights};
use super::attention_masks::combine_masks;
use super::builder::builder;
use super::checks::{last_axis, positive};
use super::initializers;
use super::initializers::Initializer;
use super::layer::layers;
use super::{LayerNorm, LinearGeneral};
use crate::array::{AsArray, IntoShape, Precision, arange, invalid, shape_of, zeros};
use crate::graph::Array;
use crate::module::capture::is_capturing;
use crate::module::{Cache, Flag, Intermediate, Metadata, Variable, called, sow};
use crate::random::{RngStream, Rngs};
use crate::value::DType;

const LAYER: &str = "MultiHeadAttention";

const NO_STREAM: &str = "weights are to be dropped, and there is no stream to draw from\n\
     fixes:\n  \
     1. a stream of the layer's own: make it with a `dropout_rate` above 0, and without `.keep_rngs(false)`\n  \
     2. one for this call: `forward_with(&x, MultiHeadAttentionOptions::new().rngs(&mut rngs))`\n  \
     3. nothing is dropped: `.deterministic(true)` of the call, the layer or a `view`";

/// Attention with several heads (Vaswani et al. 2017): maps of the inputs to queries, keys and
/// values, [`dot_product_attention`] for each head, and a map of the results.
/// `flax.nnx.MultiHeadAttention`.
///
/// ```
/// use nnx::nn::{MultiHeadAttention, MultiHeadAttentionOptions};
/// use nnx::{DType, array, random::Rngs};
///
/// let mut layer = MultiHeadAttention::builder(8, 64).dropout_rate(0.1).build(&mut Rngs::new(0));
/// let x = array::ones([2, 10, 64], DType::F32);
/// let y = layer.forward(&x);
/// assert_eq!(y.shape(), [2, 10, 64]);
/// let causal = layer.forward_with(&x, MultiHeadAttentionOptions::new().is_causal(true));
///
/// // One token after the other, with the keys and values of those before.
/// *layer.decode = true;
/// layer.init_cache([2, 10, 64], DType::F32);
/// let first = layer.forward(array::ones([2, 1, 64], DType::F32));
/// assert_eq!(first.shape(), [2, 1, 64]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct MultiHeadAttention {
    /// From the input to `[num_heads, head_dim]`.
    pub query: LinearGeneral,
    /// From the input of keys to `[num_kv_heads, head_dim]`.
    pub key: LinearGeneral,
    /// From the input of values to `[num_kv_heads, head_dim]`.
    pub value: LinearGeneral,
    /// From `[num_heads, head_dim]` to `out_features`.
    pub out: LinearGeneral,
    /// Normalizes queries, with `normalize_qk`.
    pub query_ln: Option<LayerNorm>,
    /// Normalizes keys, with `normalize_qk`.
    pub key_ln: Option<LayerNorm>,
    /// The probability to drop a weight.
    pub dropout_rate: f64,
    /// Whether all batches and heads drop the same weights.
    pub broadcast_dropout: bool,
    /// Whether nothing is dropped, as in evaluation.
    pub deterministic: Flag,
    /// Whether one token is taken per call, with the keys and values of those before.
    pub decode: Flag,
    /// Where dropout's keys come from, with a `dropout_rate` above 0 and `keep_rngs`: a fork of the
    /// stream `dropout` that the layer was made with.
    pub rngs: Option<RngStream>,
    /// The keys so far, `[batch…, length, num_kv_heads, head_dim]`.
    pub cached_key: Option<Variable<Cache>>,
    /// The values so far, `[batch…, length, num_kv_heads, head_dim]`.
    pub cached_value: Option<Variable<Cache>>,
    /// The number of tokens so far.
    pub cache_index: Option<Variable<Cache>>,
    /// The dtype to compute in; by default the promoted dtype of input and parameters.
    pub dtype: Option<DType>,
    /// How exactly the attention multiplies; the maps have their own.
    #[module(static)]
    pub precision: Precision,
}

builder! {
    /// Settings of a [`MultiHeadAttention`].
    ///
    /// ```
    /// use nnx::{nn::MultiHeadAttention, random::Rngs};
    ///
    /// // Grouped queries: 8 heads of queries share 2 heads of keys and values, of 64 / 8 features.
    /// let settings = MultiHeadAttention::builder(8, 64).num_kv_heads(2).use_bias(false);
    /// let layer = settings.normalize_qk(true).build(&mut Rngs::new(0));
    /// assert_eq!(layer.query.kernel.shape(), [64, 8, 8]);
    /// assert_eq!(layer.key.kernel.shape(), [64, 2, 8]);
    /// ```
    MultiHeadAttentionBuilder;
    given { num_heads: usize, in_features: usize, }
    hidden {
        qkv_promote_dtype: Option<PromoteDtype> = None,
        out_promote_dtype: Option<PromoteDtype> = None,
        ln_promote_dtype: Option<PromoteDtype> = None,
        qkv_dot_general: Option<LayerProduct> = None,
        out_dot_general: Option<LayerProduct> = None,
    }
    settings {
        /// The dtype of the parameters. Default: f32.
        param_dtype: DType = DType::F32,
        /// How exactly the maps and the attention multiply floats of 32 bits on devices that have faster ways. Default:
        /// the fastest way.
        precision: Precision = Precision::Default,
        /// Whether all batches and heads drop the same weights. Default: true.
        broadcast_dropout: bool = true,
        /// The probability to drop a weight. Default: 0.
        dropout_rate: f64 = 0.0,
        /// Whether nothing is dropped. Default: false (Flax has none and asks for it where
        /// something could be dropped).
        deterministic: bool = false,
        /// How the maps start. Default: [`lecun_normal`](initializers::lecun_normal).
        kernel_init: Initializer = initializers::lecun_normal(),
        /// How the biases start. Default: zeros.
        bias_init: Initializer = initializers::zeros(),
        /// Whether the maps have biases. Default: true.
        use_bias: bool = true,
        /// Whether one token is taken per call; see [`MultiHeadAttention::init_cache`]. Default:
        /// false (Flax has none and asks for it).
        decode: bool = false,
        /// Whether queries and keys are normalized (Dehghani et al. 2023). Default: false.
        normalize_qk: bool = false,
        /// Whether the layer has a stream of its own for dropout; without one each call that drops
        /// weights is given [`rngs`](MultiHeadAttentionOptions::rngs). Default: true.
        keep_rngs: bool = true,
        /// Notes on the kernels of the maps to queries, keys and values. Default: none.
        kernel_metadata: Metadata = Metadata::default(),
        /// Notes on the biases of the maps to queries, keys and values. Default: none.
        bias_metadata: Metadata = Metadata::default(),
        /// Notes on the scale that normalizes queries. Default: none.
        query_ln_scale_metadata: Metadata = Metadata::default(),
        /// Notes on the scale that normalizes keys. Default: none.
        key_ln_scale_metadata: Metadata = Metadata::default(),
    }
    optional {
        /// The features of all heads together. Default: `in_features`.
        qkv_features: usize,
        /// The features of the result. Default: `in_features`.
        out_features: usize,
        /// The heads of keys and values, each for a group of the queries'. Default: `num_heads`.
        num_kv_heads: usize,
        /// The features of the input of keys and values. Default: `in_features`.
        in_kv_features: usize,
        /// How the last map starts. Default: as `kernel_init`.
        out_kernel_init: Initializer,
        /// How the last map's bias starts. Default: as `bias_init`.
        out_bias_init: Initializer,
        /// Notes on the last map's kernel. Default: as `kernel_metadata`.
        out_kernel_metadata: Metadata,
        /// Notes on the last map's bias. Default: as `bias_metadata`.
        out_bias_metadata: Metadata,
        /// The dtype to compute in. Default: the promoted dtype of input and parameters.
        dtype: DType,
    }
}

function_setting!(MultiHeadAttentionBuilder {
    /// The function that brings the inputs of the maps to queries, keys and values, and their parameters, to one dtype.
    /// Default: [`promote_dtype`](crate::nn::promote_dtype).
    qkv_promote_dtype: PromoteDtypeFn as PromoteDtype
});
function_setting!(MultiHeadAttentionBuilder {
    /// The function that brings the input of the last map and its parameters to one dtype. Default:
    /// [`promote_dtype`](crate::nn::promote_dtype).
    out_promote_dtype: PromoteDtypeFn as PromoteDtype
});
function_setting!(MultiHeadAttentionBuilder {
    /// The function that brings queries or keys and the scale that normalizes them to one dtype. Default:
    /// [`promote_dtype`](crate::nn::promote_dtype).
    ln_promote_dtype: PromoteDtypeFn as PromoteDtype
});
function_setting!(MultiHeadAttentionBuilder {
    /// The function by which the maps to queries, keys and values multiply. Default:
    /// [`dot_general_with`](crate::array::dot_general_with).
    qkv_dot_general: DotGeneralFn as LayerProduct
});
function_setting!(MultiHeadAttentionBuilder {
    /// The function by which the last map multiplies. Default: [`dot_general_with`](crate::array::dot_general_with).
    out_dot_general: DotGeneralFn as LayerProduct
});

impl MultiHeadAttentionBuilder {
    /// Makes the layer, with keys of the stream `params` and, with dropout and `keep_rngs`, a fork of `dropout`.
    ///
    /// # Panics
    /// Panics if the heads do not divide the features, the heads of keys and values do not divide those
    /// of the queries, or the rate is not between 0 and 1.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> MultiHeadAttention {
        let heads = self.num_heads;
        let features = self.qkv_features.unwrap_or(self.in_features);
        let kv_heads = self.num_kv_heads.unwrap_or(heads);
        if heads == 0 || !features.is_multiple_of(heads) {
            invalid(
                LAYER,
                format!("{heads} heads do not divide {features} features: change `qkv_features`"),
            );
        }
        if kv_heads == 0 || !heads.is_multiple_of(kv_heads) {
            invalid(
                LAYER,
                format!(
                    "{kv_heads} heads of keys and values do not divide {heads} heads: change \
                     `num_kv_heads`"
                ),
            );
        }
        let kv_inputs = self.in_kv_features.unwrap_or(self.in_features);
        let outputs = self.out_features.unwrap_or(self.in_features);
        positive(
            LAYER,
            &[
                ("in_features", &[self.in_features]),
                ("qkv_features", &[features]),
                ("in_kv_features", &[kv_inputs]),
                ("out_features", &[outputs]),
            ],
        );
        if !(0.0..1.0).contains(&self.dropout_rate) {
            let rate = self.dropout_rate;
            invalid(LAYER, format!("the dropout rate is a probability below 1, got {rate}"));
        }
        let depth = features / heads;
        let map = |inputs: &[usize], outputs: &[usize]| {
            let mut map = LinearGeneral::builder(inputs, outputs)
                .use_bias(self.use_bias)
                .param_dtype(self.param_dtype)
                .precision(self.precision)
                .kernel_init(self.kernel_init.clone())
                .bias_init(self.bias_init.clone())
                .kernel_metadata(self.kernel_metadata.clone())
                .bias_metadata(self.bias_metadata.clone());
            if let Some(dtype) = self.dtype {
                map = map.dtype(dtype);
            }
            map
        };
        // Built outside of the closure: an error is at the user's line.
        let qkv = |inputs: usize, heads: usize| {
            let mut map = map(&[inputs], &[heads, depth]);
            map.promote_dtype = self.qkv_promote_dtype;
            map.dot_general = self.qkv_dot_general;
            map
        };
        let query = qkv(self.in_features, heads).build(rngs);
        let key = qkv(kv_inputs, kv_heads).build(rngs);
        let value = qkv(kv_inputs, kv_heads).build(rngs);
        let mut norm = |metadata: &Metadata| {
            let norm = LayerNorm::builder(depth)
                .use_bias(false)
                .param_dtype(self.param_dtype)
                .scale_metadata(metadata.clone());
            let mut norm = match self.dtype {
                Some(dtype) => norm.dtype(dtype),
                None => norm,
            };
            norm.promote_dtype = self.ln_promote_dtype;
            self.normalize_qk.then(|| norm.build(rngs))
        };
        let query_ln = norm(&self.query_ln_scale_metadata);
        let key_ln = norm(&self.key_ln_scale_metadata);
        let mut out = map(&[heads, depth], &[outputs]).axis([-2, -1]);
        out.promote_dtype = self.out_promote_dtype;
        out.dot_general = self.out_dot_general;
        if let Some(init) = &self.out_kernel_init {
            out = out.kernel_init(init.clone());
        }
        if let Some(init) = &self.out_bias_init {
            out = out.bias_init(init.clone());
        }
        if let Some(metadata) = &self.out_kernel_metadata {
            out = out.kernel_metadata(metadata.clone());
        }
        if let Some(metadata) = &self.out_bias_metadata {
            out = out.bias_metadata(metadata.clone());
        }
        let out = out.build(rngs);
        MultiHeadAttention {
            query,
            key,
            value,
            out,
            query_ln,
            key_ln,
            dropout_rate: self.dropout_rate,
            broadcast_dropout: self.broadcast_dropout,
            deterministic: Flag::new("deterministic", self.deterministic),
            decode: Flag::new("decode", self.decode),
            rngs: (self.keep_rngs && self.dropout_rate > 0.0)
                .then(|| rngs.stream("dropout").fork()),
            cached_key: None,
            cached_value: None,
            cache_index: None,
            dtype: self.dtype,
            precision: self.precision,
        }
    }
}

impl MultiHeadAttention {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(num_heads: usize, in_features: usize, rngs: &mut Rngs) -> MultiHeadAttention {
        MultiHeadAttention::builder(num_heads, in_features).build(rngs)
    }

    /// A layer with other settings.
    pub fn builder(num_heads: usize, in_features: usize) -> MultiHeadAttentionBuilder {
        MultiHeadAttentionBuilder::with_defaults(num_heads, in_features)
    }

    /// Attention of `x` to itself: `[batch…, length, in_features]` to
    /// `[batch…, length, out_features]`.
    ///
    /// ```
    /// use nnx::nn::MultiHeadAttention;
    /// use nnx::{DType, random, random::Rngs};
    ///
    /// let mut layer = MultiHeadAttention::new(2, 8, &mut Rngs::new(0));
    /// let x = random::normal(&random::key(1), [1, 3, 8], DType::F32);
    /// let y = layer.forward(&x);
    /// // Without a mask, places in another order give the results in that order.
    /// let turned = layer.forward(x.flip(1)).flip(1);
    /// assert!((y - turned).abs().max(..).item::<f32>() < 1e-2);
    /// ```
    ///
    /// # Panics
    /// Panics as [`forward_with`](MultiHeadAttention::forward_with) does.
    #[track_caller]
    pub fn forward(&mut self, x: impl AsArray) -> Array {
        self.forward_with(x.as_array(), MultiHeadAttentionOptions::new())
    }

    /// Attention of `x` to itself or to other inputs.
    ///
    /// ```
    /// use nnx::nn::{MultiHeadAttention, MultiHeadAttentionOptions};
    /// use nnx::{DType, array, random, random::Rngs};
    ///
    /// let mut layer = MultiHeadAttention::new(2, 8, &mut Rngs::new(0));
    /// let x = random::normal(&random::key(1), [1, 3, 8], DType::F32);
    /// let others = array::ones([1, 5, 8], DType::F32); // all equal, so all queries get the same
    /// let y = layer.forward_with(&x, MultiHeadAttentionOptions::new().inputs_k(&others));
    /// assert!((y.max(1) - y.min(1)).max(..).item::<f32>() < 1e-2);
    /// ```
    ///
    /// # Panics
    /// Panics if the inputs do not have the layer's features and the same batch axes, values are given
    /// without keys, or while decoding there is no cache, or it is of another batch, or if weights are dropped and
    /// neither the layer nor the options have a stream.
    #[track_caller]
    pub fn forward_with(
        &mut self,
        x: impl AsArray,
        options: MultiHeadAttentionOptions<'_>,
    ) -> Array {
        self.run(x.as_array(), options)
    }

    #[track_caller]
    fn run(&mut self, x: &Array, options: MultiHeadAttentionOptions<'_>) -> Array {
        let others = [&options.key, &options.value, &options.mask];
        let inputs: Vec<&Array> = [x].into_iter().chain(others.into_iter().flatten()).collect();
        let call = called(self, "forward", &inputs);
        if options.key.is_none() && options.value.is_some() {
            invalid(
                LAYER,
                "`inputs_v` needs `inputs_k` beside it: give both, or keys alone".into(),
            );
        }
        let inputs_k = options.key.as_ref().unwrap_or(x);
        let inputs_v = options.value.as_ref().unwrap_or(inputs_k);
        for (what, input, map) in [
            ("the input", x, &self.query),
            ("`inputs_k`", inputs_k, &self.key),
            ("`inputs_v`", inputs_v, &self.value),
        ] {
            last_axis(LAYER, what, input, map.kernel.shape()[0]);
            let axes = |x: &Array| x.shape()[..x.rank().saturating_sub(2)].to_vec();
            if input.rank() < 2 || input.rank() != x.rank() || axes(input) != axes(x) {
                let (input, x) = (input.aval(), x.aval());
                invalid(
                    LAYER,
                    format!(
                        "{what} {input} beside the input {x}: both need a length, features, and \
                         before them the same batch axes"
                    ),
                );
            }
        }
        let mut query = self.query.forward(x);
        let mut key = self.key.forward(inputs_k);
        let mut value = self.value.forward(inputs_v);
        if let Some(norm) = &self.query_ln {
            query = norm.forward(&query);
        }
        if let Some(norm) = &self.key_ln {
            key = norm.forward(&key);
        }
        let mut mask = options.mask;
        if options.decode.unwrap_or(*self.decode) {
            let so_far;
            (key, value, so_far) = self.remember(&key, &value);
            mask = combine_masks(&[mask.as_ref(), Some(&so_far)], DType::F32);
        }
        let mut attention =
            AttentionOptions::new().is_causal(options.is_causal).precision(self.precision);
        if let Some(mask) = &mask {
            attention = attention.mask(mask);
        }
        if let Some(dtype) = self.dtype {
            attention = attention.dtype(dtype);
        }
        // Before dropout, as in Flax.
        if options.sow_weights && is_capturing() {
            let weights = dot_product_attention_weights(&query, &key, &attention);
            sow::<Intermediate, _>(self, "attention_weights", &weights);
        }
        let deterministic = options.deterministic.unwrap_or(*self.deterministic);
        if self.dropout_rate > 0.0 && !deterministic {
            let key = match (options.rngs, &mut self.rngs) {
                (Some(mut rngs), _) => rngs.next_key("dropout"),
                (None, Some(rngs)) => rngs.next_key(),
                (None, None) => invalid(LAYER, NO_STREAM.into()),
            };
            attention = attention.dropout(key, self.dropout_rate, self.broadcast_dropout);
        }
        call.returns(self.out.forward(dot_product_attention(&query, &key, &value, &attention)))
    }

    /// Puts a token's key and value into the cache: all keys and values, and a mask of the places
    /// that are filled.
    #[track_caller]
    fn remember(&mut self, key: &Array, value: &Array) -> (Array, Array, Array) {
        let (Some(keys), Some(values), Some(index)) =
            (&mut self.cached_key, &mut self.cached_value, &mut self.cache_index)
        else {
            invalid(LAYER, "there is no cache to decode with: call `init_cache` first".into())
        };
        let batch = keys.rank() - 3;
        let mut expected = keys.shape().to_vec();
        let length = std::mem::replace(&mut expected[batch], 1);
        if key.shape() != expected {
            let key = key.aval();
            invalid(
                LAYER,
                format!("decoding takes one token: the key is {key}, the cache takes {expected:?}"),
            );
        }
        let now = index.value().clone();
        let zero = Array::constant_scalar(now.dtype(), 0.0);
        let mut starts = vec![&zero; keys.rank()];
        starts[batch] = &now;
        keys.set(keys.dynamic_update_slice(key.astype(keys.dtype()), &starts));
        values.set(values.dynamic_update_slice(value.astype(values.dtype()), &starts));
        index.set(&now + 1);
        let mut shape = keys.shape()[..batch].to_vec();
        shape.extend([1, 1, length]);
        let filled = arange(length, DType::I32).le(&now).broadcast_to(shape);
        (keys.value().clone(), values.value().clone(), filled)
    }

    /// Makes an empty cache for decoding inputs of the shape `[batch…, length, features]`, where
    /// `length` is the largest number of tokens: one more takes the last one's place. Flax's default
    /// dtype is f32.
    ///
    /// ```
    /// use nnx::nn::{MultiHeadAttention, MultiHeadAttentionOptions};
    /// use nnx::{DType, random, random::Rngs};
    ///
    /// let mut layer = MultiHeadAttention::new(2, 8, &mut Rngs::new(0));
    /// let x = random::normal(&random::key(1), [1, 3, 8], DType::F32);
    /// let whole = layer.forward_with(&x, MultiHeadAttentionOptions::new().is_causal(true));
    ///
    /// *layer.decode = true;
    /// layer.init_cache(x.shape(), DType::F32);
    /// for i in 0..3 {
    ///     let token = layer.forward(x.at((.., i..i + 1)).get());
    ///     let expected = whole.at((.., i..i + 1)).get();
    ///     assert!((token - expected).abs().max(..).item::<f32>() < 1e-2);
    /// }
    /// ```
    ///
    /// # Panics
    /// Panics if the shape has fewer than two axes.
    #[track_caller]
    pub fn init_cache(&mut self, input_shape: impl IntoShape, dtype: DType) {
        let mut shape = shape_of("MultiHeadAttention::init_cache", input_shape);
        if shape.len() < 2 {
            invalid(LAYER, format!("a cache needs a length and features, got {shape:?}"));
        }
        shape.pop();
        shape.extend(&self.key.kernel.shape()[1..]);
        self.cached_key = Some(Variable::new(zeros(&shape, dtype)));
        self.cached_value = Some(Variable::new(zeros(&shape, dtype)));
        self.cache_index = Some(Variable::new(zeros([0; 0], DType::I32)));
    }
}

layers!(MultiHeadAttention);
