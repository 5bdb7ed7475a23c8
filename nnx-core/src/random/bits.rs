//! Bits, and what is made of them by exact arithmetic: uniform floats and integers.

use super::key::{Key, hash_positions, hash_positions_combined, split_into};
use super::parameters::parameter;
use crate::array::{IntoShape, Operand, invalid, one_program, select, shape_of};
use crate::graph::Array;
use crate::value::{DType, PromotionKind};

/// Uniformly distributed bits in an unsigned dtype. `jax.random.bits`.
///
/// ```
/// use nnx::{DType, random};
///
/// let words = random::bits(&random::key(0), 2, DType::U32);
/// assert_eq!(words.to_vec::<u32>(), [4_070_199_207, 4_202_968_722]); // the numbers of JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not unsigned, or a size is negative.
#[track_caller]
pub fn bits(key: &Key, shape: impl IntoShape, dtype: DType) -> Array {
    if !dtype.is_unsigned_int() {
        invalid("random::bits", format!("makes unsigned integers, not {dtype}"));
    }
    let data = key.single("random::bits");
    let shape = shape_of("random::bits", shape);
    one_program("bits", std::slice::from_ref(data), |args| raw_bits(&args[0], &shape, dtype))
}

/// Uniform floats in [0, 1). `jax.random.uniform`.
///
/// The values are multiples of 2⁻²³ for f32 (one for each mantissa).
///
/// ```
/// use nnx::{DType, random};
///
/// let x = random::uniform(&random::key(0), [3], DType::F32);
/// assert_eq!(x.to_vec::<f32>(), [0.947_667, 0.978_579_9, 0.332_291_48]); // the numbers of JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, or a size is negative.
#[track_caller]
pub fn uniform(key: &Key, shape: impl IntoShape, dtype: DType) -> Array {
    let data = key.single("random::uniform");
    let shape = float_sample("random::uniform", shape, dtype);
    one_program("uniform", std::slice::from_ref(data), |args| raw_uniform(&args[0], &shape, dtype))
}

/// Uniform floats in [`low`, `high`). `jax.random.uniform` with `minval` and `maxval`.
///
/// ```
/// use nnx::{Array, DType, random};
///
/// // The bounds may be arrays: here one for each column.
/// let high = Array::from([1.0_f32, 10.0]);
/// let x = random::uniform_range(&random::key(0), [100, 2], -1.0, &high, DType::F32);
/// assert!((x.ge(-1.0) & x.lt(&high)).all(..).item::<bool>());
/// assert!(x.max(0).gt(&high * 0.9).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, or a bound does
/// not broadcast to the shape.
#[track_caller]
pub fn uniform_range(
    key: &Key,
    shape: impl IntoShape,
    low: impl Operand,
    high: impl Operand,
    dtype: DType,
) -> Array {
    let op = "random::uniform_range";
    let data = key.single(op);
    let shape = float_sample(op, shape, dtype);
    let [low, high] = [parameter(op, &low, dtype, &shape), parameter(op, &high, dtype, &shape)];
    let args = [data.clone(), low, high];
    one_program("uniform", &args, |args| raw_uniform_range(&args[0], &shape, &args[1], &args[2]))
}

/// Uniform integers in [`low`, `high`); `low` where the range is empty. `jax.random.randint`.
///
/// As in JAX the sample is a 64-bit (for 64-bit dtypes 128-bit) number modulo the size of the
/// range: for sizes that are not a power of two the bias is at most size / 2⁶⁴.
///
/// ```
/// use nnx::{DType, random};
///
/// let dice = random::randint(&random::key(0), [5], 1, 7, DType::I32); // 7 is not drawn
/// assert_eq!(dice.to_vec::<i32>(), [2, 1, 3, 2, 6]); // the numbers of JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` or a bound is not an integer, a size is negative, or a
/// bound does not broadcast to the shape.
#[track_caller]
pub fn randint(
    key: &Key,
    shape: impl IntoShape,
    low: impl Operand,
    high: impl Operand,
    dtype: DType,
) -> Array {
    let op = "random::randint";
    let data = key.single(op);
    let shape = shape_of(op, shape);
    if !dtype.is_int() {
        invalid(op, format!("makes integers, not {dtype}"));
    }
    for kind in [low.kind(), high.kind()] {
        if kind == PromotionKind::WeakFloat
            || matches!(kind, PromotionKind::Strong(dtype) if dtype.is_float())
        {
            invalid(op, "takes integer bounds, got floats".into());
        }
    }
    let wide = if dtype == DType::U64 { DType::U64 } else { DType::I64 };
    let [low, high] = [parameter(op, &low, wide, &shape), parameter(op, &high, wide, &shape)];
    let args = [data.clone(), low, high];
    one_program("randint", &args, |args| raw_randint(&args[0], &shape, &args[1], &args[2], dtype))
}

/// Checks a float sample's dtype; gives its shape.
#[track_caller]
pub(super) fn float_sample(op: &str, shape: impl IntoShape, dtype: DType) -> Vec<usize> {
    if !dtype.is_float() {
        invalid(op, format!("makes floats, not {dtype}"));
    }
    shape_of(op, shape)
}

/// [`bits`] inside a trace.
pub(super) fn raw_bits(key: &Array, shape: &[usize], dtype: DType) -> Array {
    if dtype == DType::U64 {
        let (high, low) = hash_positions(key, shape);
        return (high.astype(dtype) << 32) | low.astype(dtype);
    }
    hash_positions_combined(key, shape).astype(dtype)
}

/// [`uniform`] inside a trace: random mantissas under the exponent of 1, less 1.
pub(super) fn raw_uniform(key: &Array, shape: &[usize], dtype: DType) -> Array {
    let (word, mantissa) = match dtype {
        DType::F64 => (DType::U64, 52),
        DType::F32 => (DType::U32, 23),
        DType::F16 => (DType::U16, 10),
        _ => (DType::U16, 7),
    };
    // Eight bits are enough for the mantissa of bf16, and JAX draws no more.
    let drawn = if mantissa < 8 { DType::U8 } else { word };
    let drawn_bits = 8 * drawn.size() as i32;
    let one = Array::constant_scalar(dtype, 1.0);
    let bits = raw_bits(key, shape, drawn).astype(word).shift_right_logical(drawn_bits - mantissa);
    (bits | one.bitcast(word)).bitcast(dtype) - one
}

/// [`uniform_range`] inside a trace.
pub(super) fn raw_uniform_range(key: &Array, shape: &[usize], low: &Array, high: &Array) -> Array {
    let unit = raw_uniform(key, shape, low.dtype());
    low.maximum(unit * (high - low) + low)
}

/// [`randint`] inside a trace.
pub(super) fn raw_randint(
    key: &Array,
    shape: &[usize],
    low: &Array,
    high: &Array,
    dtype: DType,
) -> Array {
    // Short integers are drawn in 32 bits, to keep the bias small.
    let word = if dtype.size() == 8 { DType::U64 } else { DType::U32 };
    let (low, high) = match integer_range(dtype) {
        Some((min, max)) => (low.clip(min, max), high.clip(min, max + 1)),
        None => (low.clone(), high.clone()),
    };
    let empty = high.le(&low);
    let span = (&high - &low).astype(word);
    let span = select(&empty, span.ones_like(), &span);
    // 2^bits modulo span, without overflow.
    let half = span.full_like((1_u64 << (4 * word.size())) as f64).rem_int(&span);
    let multiplier = (&half * &half).rem_int(&span);

    let [upper, lower] = split_into(key).map(|key| raw_bits(&key, shape, word));
    let span = span.broadcast_to(shape);
    let offset = upper.rem_int(&span) * multiplier + lower.rem_int(&span);
    let offset = offset.rem_int(&span);
    (offset + low.astype(word)).astype(dtype)
}

/// The smallest and largest value of an integer dtype of at most 32 bits.
fn integer_range(dtype: DType) -> Option<(i64, i64)> {
    let bits = 8 * dtype.size() as u32;
    if bits == 64 {
        return None;
    }
    Some(if dtype.is_signed_int() {
        (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    } else {
        (0, (1 << bits) - 1)
    })
}
