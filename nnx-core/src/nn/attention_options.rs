//! How one call of multi-head attention differs from the others.

use crate::array::AsArray;
use crate::graph::Array;
use crate::random::KeySource;

/// How one call of a [`MultiHeadAttention`](super::MultiHeadAttention) differs from self-attention to all places.
///
/// ```
/// use nnx::nn::{MultiHeadAttention, MultiHeadAttentionOptions};
/// use nnx::{DType, array, random::Rngs};
///
/// // A decoder looks at an encoder's results.
/// let mut layer = MultiHeadAttention::builder(2, 8).in_kv_features(6).build(&mut Rngs::new(0));
/// let (x, encoded) = (array::ones([1, 3, 8], DType::F32), array::ones([1, 5, 6], DType::F32));
/// let y = layer.forward_with(&x, MultiHeadAttentionOptions::new().inputs_k(&encoded));
/// assert_eq!(y.shape(), [1, 3, 8]);
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct MultiHeadAttentionOptions<'r> {
    pub(super) key: Option<Array>,
    pub(super) value: Option<Array>,
    pub(super) mask: Option<Array>,
    pub(super) is_causal: bool,
    pub(super) deterministic: Option<bool>,
    pub(super) decode: Option<bool>,
    pub(super) sow_weights: bool,
    pub(super) rngs: Option<KeySource<'r>>,
}

impl<'r> MultiHeadAttentionOptions<'r> {
    /// Self-attention to all places.
    pub fn new() -> Self {
        Self::default()
    }

    /// The inputs of the keys, `[batch…, kv_length, in_kv_features]`, and of the values unless
    /// those have their own. Default: the inputs of the queries.
    pub fn inputs_k(mut self, inputs: impl AsArray) -> Self {
        self.key = Some(inputs.as_array().clone());
        self
    }

    /// The inputs of the values, `[batch…, kv_length, in_kv_features]`. Default: the inputs of the
    /// keys.
    ///
    /// ```
    /// use nnx::nn::{MultiHeadAttention, MultiHeadAttentionOptions};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut layer = MultiHeadAttention::builder(2, 8).use_bias(false).build(&mut Rngs::new(0));
    /// let x = array::ones([1, 3, 8], DType::F32);
    /// let options = MultiHeadAttentionOptions::new().inputs_k(&x).inputs_v(x.zeros_like());
    /// assert_eq!(layer.forward_with(&x, options).abs().max(..).item::<f32>(), 0.0);
    /// ```
    pub fn inputs_v(mut self, inputs: impl AsArray) -> Self {
        self.value = Some(inputs.as_array().clone());
        self
    }

    /// Which places count: those where `mask` is not 0; broadcasts to
    /// `[batch…, num_heads, q_length, kv_length]`.
    ///
    /// ```
    /// use nnx::nn::{MultiHeadAttention, MultiHeadAttentionOptions, make_causal_mask};
    /// use nnx::{DType, array, random, random::Rngs};
    ///
    /// let mut layer = MultiHeadAttention::new(2, 8, &mut Rngs::new(0));
    /// let x = random::normal(&random::key(1), [1, 3, 8], DType::F32);
    /// let mask = make_causal_mask(&array::ones([1, 3], DType::I32), 0, DType::F32);
    /// let y = layer.forward_with(&x, MultiHeadAttentionOptions::new().mask(mask));
    /// let causal = layer.forward_with(&x, MultiHeadAttentionOptions::new().is_causal(true));
    /// assert!((y - causal).abs().max(..).item::<f32>() < 1e-2);
    /// ```
    pub fn mask(mut self, mask: impl AsArray) -> Self {
        self.mask = Some(mask.as_array().clone());
        self
    }

    /// Whether a query sees no later places than its own. Default: false.
    ///
    /// ```
    /// use nnx::nn::{MultiHeadAttention, MultiHeadAttentionOptions};
    /// use nnx::{DType, random, random::Rngs};
    ///
    /// let mut layer = MultiHeadAttention::new(2, 8, &mut Rngs::new(0));
    /// let x = random::normal(&random::key(1), [1, 3, 8], DType::F32);
    /// let y = layer.forward_with(&x, MultiHeadAttentionOptions::new().is_causal(true));
    /// // The first place sees itself alone.
    /// let first = layer.forward(x.at((.., ..1)).get());
    /// assert!((y.at((.., ..1)).get() - first).abs().max(..).item::<f32>() < 1e-2);
    /// ```
    pub fn is_causal(mut self, is_causal: bool) -> Self {
        self.is_causal = is_causal;
        self
    }

    /// Whether no weight is dropped. Default: as the layer's flag says.
    pub fn deterministic(mut self, deterministic: bool) -> Self {
        self.deterministic = Some(deterministic);
        self
    }

    /// Whether one token is taken, with the keys and values of those before. Default: as the layer's flag says.
    pub fn decode(mut self, decode: bool) -> Self {
        self.decode = Some(decode);
        self
    }

    /// The source of dropout's key: `&mut Rngs`, of which `dropout` is taken, `&mut RngStream` or a key. Default: the
    /// layer's own stream.
    ///
    /// ```
    /// use nnx::nn::{MultiHeadAttention, MultiHeadAttentionOptions};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0).with("dropout", 1);
    /// let settings = MultiHeadAttention::builder(2, 8).dropout_rate(0.5).keep_rngs(false);
    /// let mut layer = settings.build(&mut rngs);
    /// let x = array::ones([1, 3, 8], DType::F32);
    /// layer.forward_with(&x, MultiHeadAttentionOptions::new().rngs(&mut rngs));
    /// assert_eq!(rngs.stream("dropout").count.item::<u32>(), 1);
    /// ```
    pub fn rngs(mut self, rngs: impl Into<KeySource<'r>>) -> Self {
        self.rngs = Some(rngs.into());
        self
    }

    /// Whether the weights, before any are dropped, are sown as Intermediates `attention_weights`, of the shape
    /// `[batch…, num_heads, q_length, kv_length]`; see [`capture`](crate::capture). Default: false.
    ///
    /// ```
    /// use nnx::nn::{MultiHeadAttention, MultiHeadAttentionOptions};
    /// use nnx::{DType, array, capture, random::Rngs};
    ///
    /// let mut layer = MultiHeadAttention::new(2, 8, &mut Rngs::new(0));
    /// let x = array::ones([1, 3, 8], DType::F32);
    /// let options = MultiHeadAttentionOptions::new().sow_weights(true);
    /// let attend = |layer: &mut MultiHeadAttention| layer.forward_with(&x, options);
    /// let (_, sown) = capture(attend, &mut layer);
    /// assert_eq!(sown["attention_weights[0]"].value.shape(), [1, 2, 3, 3]);
    /// ```
    pub fn sow_weights(mut self, sow_weights: bool) -> Self {
        self.sow_weights = sow_weights;
        self
    }
}
