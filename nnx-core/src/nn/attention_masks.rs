//! Masks of attention.

use crate::array::{AsArray, OptionalArray, invalid};
use crate::graph::Array;
use crate::value::DType;

/// A mask from values at the places of queries and keys, `[batch…, q_length]` and
/// `[batch…, kv_length]`: `[batch…, 1, q_length, kv_length]` of `pairwise(query, key)`.
/// `flax.nnx.make_attention_mask`.
///
/// Flax's default `pairwise_fn` is the product: of ones where there is a token and zeros where there
/// is padding. The result has `extra_batch_dims` axes of size 1 in front and the dtype `dtype`
/// (Flax's default: f32).
///
/// ```
/// use nnx::{Array, DType, nn::make_attention_mask};
///
/// let valid = Array::from([[1, 1, 0]]);
/// let mask = make_attention_mask(&valid, &valid, |q, k| q * k, 0, DType::F32);
/// assert_eq!(mask.shape(), [1, 1, 3, 3]);
/// assert_eq!(mask.to_vec::<f32>(), [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
/// ```
///
/// # Panics
/// Panics if `extra_batch_dims` is above 1024.
#[track_caller]
pub fn make_attention_mask(
    query_input: impl AsArray,
    key_input: impl AsArray,
    pairwise: impl Fn(&Array, &Array) -> Array,
    extra_batch_dims: usize,
    dtype: DType,
) -> Array {
    let (query_input, key_input) = (query_input.as_array(), key_input.as_array());
    let mask = pairwise(&query_input.expand_dims(-1), &key_input.expand_dims(-2)).expand_dims(-3);
    if extra_batch_dims > MOST_EXTRA_DIMS {
        invalid(
            "make_attention_mask",
            format!("{extra_batch_dims} extra axes are more than {MOST_EXTRA_DIMS}"),
        );
    }
    let mut shape = vec![1; extra_batch_dims];
    shape.extend(mask.shape());
    mask.reshape(shape).astype(dtype)
}

/// More axes than any array of batches has.
const MOST_EXTRA_DIMS: usize = 1024;

/// A mask for self-attention in which a query sees no later places than its own: for `x` of the
/// shape `[batch…, length]` it is `[batch…, 1, length, length]`. `flax.nnx.make_causal_mask`.
///
/// ```
/// use nnx::{DType, array, nn::make_causal_mask};
///
/// let tokens = array::ones([1, 3], DType::I32);
/// let mask = make_causal_mask(&tokens, 0, DType::F32);
/// assert_eq!(mask.shape(), [1, 1, 3, 3]);
/// assert_eq!(mask.to_vec::<f32>(), [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]);
/// ```
///
/// # Panics
/// Panics if `x` is a scalar, or `extra_batch_dims` is above 1024.
#[track_caller]
pub fn make_causal_mask(x: impl AsArray, extra_batch_dims: usize, dtype: DType) -> Array {
    let x = x.as_array();
    let Some(&length) = x.shape().last() else {
        invalid("make_causal_mask", "a scalar has no axis of places".into())
    };
    let places = crate::array::arange(length, DType::I32).broadcast_to(x.shape());
    make_attention_mask(&places, &places, |q, k| q.ge(k), extra_batch_dims, dtype)
}

/// Where all masks let a place count, in `dtype` (Flax's default: f32); `None` if there are none.
/// `flax.nnx.combine_masks`.
///
/// ```
/// use nnx::nn::{combine_masks, make_attention_mask, make_causal_mask};
/// use nnx::{Array, DType};
///
/// let valid = Array::from([[1, 1, 0]]);
/// let padding = make_attention_mask(&valid, &valid, |q, k| q * k, 0, DType::F32);
/// let causal = make_causal_mask(&valid, 0, DType::F32);
/// let both = combine_masks(&[Some(&padding), None, Some(&causal)], DType::F32).unwrap();
/// assert_eq!(both.shape(), [1, 1, 3, 3]);
/// assert_eq!(both.to_vec::<f32>(), [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
/// ```
///
/// # Panics
/// Panics if the masks differ in their number of axes.
#[track_caller]
pub fn combine_masks(masks: &[impl OptionalArray], dtype: DType) -> Option<Array> {
    let mut masks = masks.iter().filter_map(|mask| mask.optional());
    let first = masks.next()?;
    let mut all = first.ne(0);
    for mask in masks {
        if mask.rank() != first.rank() {
            let (a, b) = (first.aval(), mask.aval());
            invalid("combine_masks", format!("{a} and {b} differ in their number of axes"));
        }
        all = all.logical_and(mask.ne(0));
    }
    Some(all.astype(dtype))
}
