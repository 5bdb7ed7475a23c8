//! Continuous distributions in closed form of uniform, normal and exponential samples.

use super::bits::{raw_uniform, raw_uniform_range};
use super::counts::raw_rademacher;
use super::distributions::{after_one_down, raw_exponential, raw_normal};
use super::key::{Key, split_into};
use super::parameters::{Range, float_program};
use crate::array::{IntoShape, Operand, finfo, invalid, select};
use crate::graph::Array;
use crate::value::DType;
use std::f64::consts::PI;

/// Laplace distributed floats with mean 0 and scale 1: density e^−|x| / 2. `jax.random.laplace`.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::laplace(&random::key(0), [4], DType::F32);
/// let of_jax = Array::from([-2.257_f32, -3.1503, 0.4086, 0.064712]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, or a size is negative.
#[track_caller]
pub fn laplace(key: &Key, shape: impl IntoShape, dtype: DType) -> Array {
    float_program("random::laplace", key, shape, dtype, &[], |key, _, shape| {
        let u = uniform_from(key, shape, -after_one_down(dtype), dtype);
        u.sign() * (-u.abs()).log1p()
    })
}

/// Logistically distributed floats with mean 0 and scale 1. `jax.random.logistic`.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::logistic(&random::key(0), 4, DType::F32);
/// let of_jax = Array::from([2.8964_f32, 3.8218, -0.69784, -0.12549]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, or a size is negative.
#[track_caller]
pub fn logistic(key: &Key, shape: impl IntoShape, dtype: DType) -> Array {
    float_program("random::logistic", key, shape, dtype, &[], |key, _, shape| {
        let u = uniform_from(key, shape, finfo(dtype).tiny, dtype);
        u.log() - (-u).log1p()
    })
}

/// Cauchy distributed floats with median 0 and scale 1. `jax.random.cauchy`.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::cauchy(&random::key(0), 4, DType::F32);
/// let of_jax = Array::from([6.0275_f32, 14.838, -0.58172, -0.09875]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, or a size is negative.
#[track_caller]
pub fn cauchy(key: &Key, shape: impl IntoShape, dtype: DType) -> Array {
    float_program("random::cauchy", key, shape, dtype, &[], |key, _, shape| {
        let u = uniform_from(key, shape, finfo(dtype).eps, dtype);
        ((u - 0.5) * PI).tan()
    })
}

/// Uniform floats in [`low`, 1), inside a trace.
fn uniform_from(key: &Array, shape: &[usize], low: f64, dtype: DType) -> Array {
    let [low, high] = [low, 1.0].map(|v| Array::constant_scalar(dtype, v));
    raw_uniform_range(key, shape, &low, &high)
}

/// Floats whose logarithms are normally distributed with mean 0 and standard deviation `sigma`.
/// Differentiable with respect to `sigma`. `jax.random.lognormal`.
///
/// `sigma` is a number or an array that broadcasts to `shape`.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::lognormal(&random::key(0), 0.5, 4, DType::F32);
/// let of_jax = Array::from([2.2509_f32, 2.7528, 0.80509, 0.96145]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, or `sigma` does not
/// broadcast to the shape.
#[track_caller]
pub fn lognormal(key: &Key, sigma: impl Operand, shape: impl IntoShape, dtype: DType) -> Array {
    let parameters = [("sigma", &sigma as &dyn Operand, Range::Any)];
    float_program("random::lognormal", key, shape, dtype, &parameters, |key, args, shape| {
        (raw_normal(key, shape, dtype) * &args[0]).exp()
    })
}

/// Pareto distributed floats in [1, ∞) with the shape parameter `b`: density b / x^(b + 1).
/// Differentiable with respect to `b`. `jax.random.pareto`.
///
/// `b` is a number or an array that broadcasts to `shape`; it is positive.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::pareto(&random::key(0), 3.0, 4, DType::F32);
/// let of_jax = Array::from([2.6735_f32, 3.6007, 1.1441, 1.2347]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, `b` does not
/// broadcast to the shape, or is a number that is not positive.
#[track_caller]
pub fn pareto(key: &Key, b: impl Operand, shape: impl IntoShape, dtype: DType) -> Array {
    let parameters = [("b", &b as &dyn Operand, Range::Positive)];
    float_program("random::pareto", key, shape, dtype, &parameters, |key, args, shape| {
        (raw_exponential(key, shape, dtype) / &args[0]).exp()
    })
}

/// Rayleigh distributed floats: lengths of vectors of two normal samples with standard deviation
/// `scale`. Differentiable with respect to `scale`. `jax.random.rayleigh`.
///
/// `scale` is a number or an array that broadcasts to `shape`; it is not negative.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::rayleigh(&random::key(0), 2.0, 4, DType::F32);
/// let of_jax = Array::from([0.65576_f32, 0.4162, 2.9688, 2.4623]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, `scale` does not
/// broadcast to the shape, or is a negative number.
#[track_caller]
pub fn rayleigh(key: &Key, scale: impl Operand, shape: impl IntoShape, dtype: DType) -> Array {
    let parameters = [("scale", &scale as &dyn Operand, Range::NotNegative)];
    float_program("random::rayleigh", key, shape, dtype, &parameters, |key, args, shape| {
        &args[0] * (raw_uniform(key, shape, dtype).log() * -2.0).sqrt()
    })
}

/// Weibull distributed floats with minimum 0: `scale` · e^(1 / `concentration`), e exponentially
/// distributed. Differentiable with respect to both. `jax.random.weibull_min`.
///
/// `scale` and `concentration` are numbers or arrays that broadcast to `shape`; they are positive.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::weibull_min(&random::key(0), 1.5, 2.0, 4, DType::F32);
/// let of_jax = Array::from([2.5764_f32, 2.9407, 0.9533, 1.1928]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, or a parameter does
/// not broadcast to the shape or is a number that is not positive.
#[track_caller]
pub fn weibull_min(
    key: &Key,
    scale: impl Operand,
    concentration: impl Operand,
    shape: impl IntoShape,
    dtype: DType,
) -> Array {
    let parameters = [
        ("scale", &scale as &dyn Operand, Range::Positive),
        ("concentration", &concentration, Range::Positive),
    ];
    float_program("random::weibull_min", key, shape, dtype, &parameters, |key, args, shape| {
        raw_exponential(key, shape, dtype).pow(1.0 / &args[1]) * &args[0]
    })
}

/// Floats in [`left`, `right`] whose density rises linearly up to `mode` and falls linearly after it.
/// Differentiable with respect to all three. `jax.random.triangular`.
///
/// The parameters are numbers or arrays that broadcast to `shape`, with `left` ≤ `mode` ≤ `right` and
/// `left` < `right`.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::triangular(&random::key(0), -1.0, 0.0, 2.0, 4, DType::F32);
/// let of_jax = Array::from([1.4396_f32, 1.6415, -0.001564, 0.21451]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, a parameter does
/// not broadcast to the shape, or all are numbers and not in this order.
#[track_caller]
pub fn triangular(
    key: &Key,
    left: impl Operand,
    mode: impl Operand,
    right: impl Operand,
    shape: impl IntoShape,
    dtype: DType,
) -> Array {
    let op = "random::triangular";
    if let (Some(l), Some(m), Some(r)) = (left.number(), mode.number(), right.number())
        && !(l <= m && m <= r && l < r)
    {
        invalid(op, format!("needs left ≤ mode ≤ right and left < right, got {l}, {m}, {r}"));
    }
    let parameters = [
        ("left", &left as &dyn Operand, Range::Any),
        ("mode", &mode, Range::Any),
        ("right", &right, Range::Any),
    ];
    float_program(op, key, shape, dtype, &parameters, |key, args, shape| {
        let [left, mode, right] = [0, 1, 2].map(|i: usize| args[i].broadcast_to(shape));
        let (width, rise, fall) = (&right - &left, &mode - &left, &right - &mode);
        let u = raw_uniform(key, shape, dtype);
        let below = &left + (&u * &width * &rise).sqrt();
        let above = &right - ((1.0 - &u) * &width * &fall).sqrt();
        select(u.lt(rise / width), &below, &above)
    })
}

/// Lengths of vectors of three normal samples. `jax.random.maxwell`.
///
/// ```
/// use nnx::{Array, DType, random};
/// let speed = random::maxwell(&random::key(0), 4, DType::F32);
/// let of_jax = Array::from([2.6311_f32, 0.99103, 0.96493, 3.0783]);
/// assert!((speed - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, or a size is negative.
#[track_caller]
pub fn maxwell(key: &Key, shape: impl IntoShape, dtype: DType) -> Array {
    float_program("random::maxwell", key, shape, dtype, &[], |key, _, shape| {
        raw_maxwell(key, shape, dtype)
    })
}

fn raw_maxwell(key: &Array, shape: &[usize], dtype: DType) -> Array {
    let normal = raw_normal(key, &[shape, &[3]].concat(), dtype);
    (&normal * &normal).sum(-1).sqrt()
}

/// Maxwell distributed floats with a random sign, times `scale`, plus `loc`. Differentiable with respect
/// to both. `jax.random.double_sided_maxwell`.
///
/// `loc` and `scale` are numbers or arrays that broadcast to `shape`, the shape of the result. (JAX
/// appends their shape to its argument.)
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::double_sided_maxwell(&random::key(0), 1.0, 0.5, [4], DType::F32);
/// let of_jax = Array::from([1.7729_f32, 1.7871, -0.041265, 2.1462]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, a parameter does
/// not broadcast to the shape, or `scale` is a number that is not positive.
#[track_caller]
pub fn double_sided_maxwell(
    key: &Key,
    loc: impl Operand,
    scale: impl Operand,
    shape: impl IntoShape,
    dtype: DType,
) -> Array {
    let op = "random::double_sided_maxwell";
    let parameters =
        [("loc", &loc as &dyn Operand, Range::Any), ("scale", &scale, Range::Positive)];
    float_program(op, key, shape, dtype, &parameters, |key, args, shape| {
        let [lengths, signs] = split_into(key);
        let signed = raw_rademacher(&signs, shape, dtype) * raw_maxwell(&lengths, shape, dtype);
        signed * &args[1] + &args[0]
    })
}

/// Wald (inverse Gaussian) distributed floats with the given mean and scale 1. Differentiable with
/// respect to `mean`. `jax.random.wald`.
///
/// `mean` is a number or an array that broadcasts to `shape`; it is positive.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::wald(&random::key(0), 2.0, 4, DType::F32);
/// let of_jax = Array::from([0.53342_f32, 0.59812, 0.72548, 0.44217]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, `mean` does not
/// broadcast to the shape, or is a number that is not positive.
#[track_caller]
pub fn wald(key: &Key, mean: impl Operand, shape: impl IntoShape, dtype: DType) -> Array {
    let parameters = [("mean", &mean as &dyn Operand, Range::Positive)];
    float_program("random::wald", key, shape, dtype, &parameters, |key, args, shape| {
        let [normal, uniform] = split_into(key);
        let mean = args[0].broadcast_to(shape);
        let v = raw_normal(&normal, shape, dtype);
        let z = raw_uniform(&uniform, shape, dtype);
        let y = &v * &v;
        let squared = &mean * &mean;
        let root = (&mean * 4.0 * &y + &squared * (&y * &y)).sqrt();
        let x = &mean + &squared * &y / 2.0 - &mean / 2.0 * root;
        select(z.le(&mean / (&mean + &x)), &x, &(squared / &x))
    })
}
