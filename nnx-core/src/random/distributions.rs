//! Distributions made from uniform samples.

use super::bits::{float_sample, raw_uniform, raw_uniform_range};
use super::key::Key;
use super::parameters::parameter;
use crate::array::{IntoShape, Operand, finfo, invalid, one_program, shape_of};
use crate::graph::Array;
use crate::value::{DType, PromotionKind};

/// Normally distributed floats with mean 0 and variance 1. `jax.random.normal`.
///
/// ```
/// use nnx::{Array, DType, array::Tolerance, random};
///
/// let x = random::normal(&random::key(0), [3], DType::F32);
/// let of_jax = Array::from([1.622_642_2_f32, 2.025_264_7, -0.433_594_44]);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(x.allclose(&of_jax, near).item::<bool>());
/// // Another mean and deviation by arithmetic.
/// let scaled = random::normal(&random::key(0), [10_000], DType::F32) * 2.0 + 5.0;
/// assert!((scaled.mean(..).item::<f32>() - 5.0).abs() < 0.1);
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, or a size is negative.
#[track_caller]
pub fn normal(key: &Key, shape: impl IntoShape, dtype: DType) -> Array {
    let data = key.single("random::normal");
    let shape = float_sample("random::normal", shape, dtype);
    one_program("normal", std::slice::from_ref(data), |args| raw_normal(&args[0], &shape, dtype))
}

/// [`normal`] inside a trace: √2 · erf⁻¹(u), u uniform in (−1, 1).
pub(super) fn raw_normal(key: &Array, shape: &[usize], dtype: DType) -> Array {
    let [low, high] = [-after_one_down(dtype), 1.0].map(|v| Array::constant_scalar(dtype, v));
    let u = raw_uniform_range(key, shape, &low, &high);
    Array::constant_scalar(dtype, std::f64::consts::SQRT_2).broadcast_to(shape) * u.erf_inv()
}

/// The largest number of `dtype` below 1.
pub(super) fn after_one_down(dtype: DType) -> f64 {
    let precision = match dtype {
        DType::F64 => 53,
        DType::F32 => 24,
        DType::F16 => 11,
        _ => 8,
    };
    1.0 - 0.5_f64.powi(precision)
}

/// Normally distributed floats in the open interval (`lower`, `upper`), by inverting the
/// distribution function. `jax.random.truncated_normal`.
///
/// ```
/// use nnx::{DType, random};
///
/// let x = random::truncated_normal(&random::key(0), -2.0, 2.0, [1000], DType::F32);
/// assert!(x.abs().lt(2.0).all(..).item::<bool>());
/// assert!(x.abs().max(..).item::<f32>() > 1.9);
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, or a bound does
/// not broadcast to the shape.
#[track_caller]
pub fn truncated_normal(
    key: &Key,
    lower: impl Operand,
    upper: impl Operand,
    shape: impl IntoShape,
    dtype: DType,
) -> Array {
    let op = "random::truncated_normal";
    let data = key.single(op);
    let shape = float_sample(op, shape, dtype);
    let [lower, upper] =
        [parameter(op, &lower, dtype, &shape), parameter(op, &upper, dtype, &shape)];
    let args = [data.clone(), lower, upper];
    one_program("truncated_normal", &args, |args| {
        raw_truncated_normal(&args[0], &args[1], &args[2], &shape)
    })
}

/// [`truncated_normal`] inside a trace.
pub(super) fn raw_truncated_normal(
    key: &Array,
    lower: &Array,
    upper: &Array,
    shape: &[usize],
) -> Array {
    let dtype = lower.dtype();
    let sqrt2 = Array::constant_scalar(dtype, std::f64::consts::SQRT_2);
    let (a, b) = ((lower / &sqrt2).erf(), (upper / &sqrt2).erf());
    let u = raw_uniform_range(key, shape, &a, &b);
    let sample = sqrt2.broadcast_to(shape) * u.erf_inv();
    // Rounding must not push a sample onto or over a bound.
    let inside = |bound: &Array, towards: f64| {
        bound.stop_gradient().nextafter(bound.full_like(towards)).broadcast_to(shape)
    };
    sample.clip(inside(lower, f64::INFINITY), inside(upper, f64::NEG_INFINITY))
}

/// True with probability `p`. `jax.random.bernoulli`.
///
/// ```
/// use nnx::{Array, DType, random};
///
/// let kept = random::bernoulli(&random::key(0), 0.9, [10_000]);
/// assert!((kept.astype(DType::F32).mean(..).item::<f32>() - 0.9).abs() < 0.02);
/// // A probability for each element.
/// let by_element = random::bernoulli(&random::key(0), Array::from([0.0_f32, 1.0]), [2]);
/// assert_eq!(by_element.to_vec::<bool>(), [false, true]);
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `p` is not a float, a size is negative, or `p` does not
/// broadcast to the shape.
#[track_caller]
pub fn bernoulli(key: &Key, p: impl Operand, shape: impl IntoShape) -> Array {
    let op = "random::bernoulli";
    let data = key.single(op);
    let shape = shape_of(op, shape);
    let dtype = match p.kind() {
        PromotionKind::WeakFloat => DType::F32,
        PromotionKind::Strong(dtype) if dtype.is_float() => dtype,
        _ => invalid(op, "a probability is a float, got an integer or bool".into()),
    };
    let p = parameter(op, &p, dtype, &shape);
    one_program("bernoulli", &[data.clone(), p], |args| {
        raw_uniform(&args[0], &shape, dtype).lt(&args[1])
    })
}

/// Exponentially distributed floats with mean 1. `jax.random.exponential`.
///
/// ```
/// use nnx::{DType, random};
///
/// let waits = random::exponential(&random::key(0), [10_000], DType::F32) * 3.0; // mean 3
/// assert!(waits.ge(0.0).all(..).item::<bool>());
/// assert!((waits.mean(..).item::<f32>() - 3.0).abs() < 0.2);
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, or a size is negative.
#[track_caller]
pub fn exponential(key: &Key, shape: impl IntoShape, dtype: DType) -> Array {
    let data = key.single("random::exponential");
    let shape = float_sample("random::exponential", shape, dtype);
    one_program("exponential", std::slice::from_ref(data), |args| {
        raw_exponential(&args[0], &shape, dtype)
    })
}

/// [`exponential`] inside a trace.
pub(super) fn raw_exponential(key: &Array, shape: &[usize], dtype: DType) -> Array {
    // 1 - u moves the logarithm's domain from [0, 1) to (0, 1].
    -(-raw_uniform(key, shape, dtype)).log1p()
}

/// Gumbel distributed floats: −log(−log u). `jax.random.gumbel`.
///
/// ```
/// use nnx::{Array, DType, random};
///
/// // The greatest of logits with Gumbel noise is a draw by their softmax: this is `categorical`.
/// let logits = Array::from([0.5_f32, 0.0, -0.5]);
/// let key = random::key(0);
/// let drawn = (random::gumbel(&key, [3], DType::F32) + &logits).argmax(0);
/// assert_eq!(drawn.item::<i32>(), random::categorical(&key, &logits, 0).item::<i32>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, or a size is negative.
#[track_caller]
pub fn gumbel(key: &Key, shape: impl IntoShape, dtype: DType) -> Array {
    let data = key.single("random::gumbel");
    let shape = float_sample("random::gumbel", shape, dtype);
    one_program("gumbel", std::slice::from_ref(data), |args| raw_gumbel(&args[0], &shape, dtype))
}

/// [`gumbel`] inside a trace.
pub(super) fn raw_gumbel(key: &Array, shape: &[usize], dtype: DType) -> Array {
    let [low, high] = [finfo(dtype).tiny, 1.0].map(|v| Array::constant_scalar(dtype, v));
    -(-raw_uniform_range(key, shape, &low, &high).log()).log()
}
