//! The gamma distribution and what is made of it.

use super::bits::{float_sample, raw_uniform};
use super::counts::raw_rademacher;
use super::distributions::{raw_exponential, raw_normal};
use super::key::{Key, raw_split, split_into};
use super::parameters::{GivenParameter, Range, check_broadcast, float_program};
use crate::array::{AsArray, IntoShape, Operand, finfo, invalid, one_program, select, softmax};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, Special, custom_jvp};
use crate::run::bind1;
use crate::transform::{vmap, while_loop};
use crate::value::{DType, saturating_product};

/// Gamma distributed floats with the shape parameter `a` and scale 1. Differentiable with respect to
/// `a`, by implicit differentiation. `jax.random.gamma`.
///
/// `a` is a number or an array that broadcasts to `shape`; it is positive. For small `a` most samples are
/// too small for the dtype: see [`loggamma`].
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::gamma(&random::key(0), 3.0, [4], DType::F32);
/// let of_jax = Array::from([2.5691_f32, 2.7842, 1.9684, 5.4061]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, `a` does not
/// broadcast to the shape, or is a number that is not positive.
#[track_caller]
pub fn gamma(key: &Key, a: impl Operand, shape: impl IntoShape, dtype: DType) -> Array {
    let parameters = [("a", &a as &dyn Operand, Range::Positive)];
    float_program("random::gamma", key, shape, dtype, &parameters, |key, args, shape| {
        raw_gamma(key, &args[0], shape, false)
    })
}

/// Logarithms of gamma distributed floats, also of those that are too small for the dtype.
/// Differentiable with respect to `a`. `jax.random.loggamma`.
///
/// `a` is a number or an array that broadcasts to `shape`; it is positive.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::loggamma(&random::key(0), 1e-3, 4, DType::F32);
/// let of_jax = Array::from([-110.62_f32, -95.548, -1370.2, -1889.7]);
/// assert!((x - of_jax).abs().lt(1.0).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, `a` does not
/// broadcast to the shape, or is a number that is not positive.
#[track_caller]
pub fn loggamma(key: &Key, a: impl Operand, shape: impl IntoShape, dtype: DType) -> Array {
    let parameters = [("a", &a as &dyn Operand, Range::Positive)];
    float_program("random::loggamma", key, shape, dtype, &parameters, |key, args, shape| {
        raw_gamma(key, &args[0], shape, true)
    })
}

/// Beta distributed floats in [0, 1] with the parameters `a` and `b`. Differentiable with respect to
/// both. `jax.random.beta`.
///
/// `a` and `b` are numbers or arrays that broadcast to `shape`; they are positive.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::beta(&random::key(0), 2.0, 0.5, 4, DType::F32);
/// let of_jax = Array::from([0.85545_f32, 0.99997, 0.97912, 0.83704]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, or a parameter does
/// not broadcast to the shape or is a number that is not positive.
#[track_caller]
pub fn beta(
    key: &Key,
    a: impl Operand,
    b: impl Operand,
    shape: impl IntoShape,
    dtype: DType,
) -> Array {
    let parameters = [("a", &a as &dyn Operand, Range::Positive), ("b", &b, Range::Positive)];
    float_program("random::beta", key, shape, dtype, &parameters, |key, args, shape| {
        let [of_a, of_b] = split_into(key);
        let log_a = raw_gamma(&of_a, &args[0], shape, true);
        let log_b = raw_gamma(&of_b, &args[1], shape, true);
        let largest = log_a.maximum(&log_b);
        let (a, b) = ((log_a - &largest).exp(), (log_b - largest).exp());
        &a / (&a + b)
    })
}

/// Dirichlet distributed vectors: along the last axis, floats from 0 to 1 with the sum 1.
/// Differentiable with respect to `alpha`. `jax.random.dirichlet`.
///
/// `alpha` `[…, k]` has the positive concentrations along its last axis; its other axes broadcast to
/// `shape`. The result is `[shape…, k]`.
///
/// ```
/// use nnx::{Array, DType, random};
/// let alpha = Array::from([0.5_f32, 1.0, 3.0]);
/// let x = random::dirichlet(&random::key(0), &alpha, [2], DType::F32);
/// let of_jax = Array::from([[0.24714_f32, 0.20292, 0.54994], [0.015556, 0.33506, 0.64938]]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, `alpha` has no axis,
/// or its other axes do not broadcast to the shape.
#[track_caller]
pub fn dirichlet(key: &Key, alpha: impl AsArray, shape: impl IntoShape, dtype: DType) -> Array {
    let alpha = alpha.as_array();
    let op = "random::dirichlet";
    let data = key.single(op);
    let mut shape = float_sample(op, shape, dtype);
    let Some((&k, others)) = alpha.shape().split_last() else {
        invalid(op, format!("`alpha` is a vector of concentrations, got {}", alpha.aval()));
    };
    check_broadcast(op, "concentrations", alpha, others, &shape);
    shape.push(k);
    one_program("dirichlet", &[data.clone(), alpha.astype(dtype)], |args| {
        softmax(raw_gamma(&args[0], &args[1], &shape, true), -1)
    })
}

/// Floats with the χ² distribution of `df` degrees of freedom. Differentiable with respect to `df`.
/// `jax.random.chisquare`.
///
/// `df` is a number or an array that broadcasts to `shape`; it is positive.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::chisquare(&random::key(0), 3, 4, DType::F32);
/// let of_jax = Array::from([2.2051_f32, 2.49, 1.4557, 6.4245]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, `df` does not
/// broadcast to the shape, or is a number that is not positive.
#[track_caller]
pub fn chisquare(key: &Key, df: impl Operand, shape: impl IntoShape, dtype: DType) -> Array {
    let parameters = [("df", &df as &dyn Operand, Range::Positive)];
    float_program("random::chisquare", key, shape, dtype, &parameters, |key, args, shape| {
        raw_chisquare(key, &args[0], shape)
    })
}

fn raw_chisquare(key: &Array, df: &Array, shape: &[usize]) -> Array {
    raw_gamma(key, &(df / 2.0), shape, true).exp() * 2.0
}

/// Floats with Student's t distribution of `df` degrees of freedom. Differentiable with respect to
/// `df`. `jax.random.t`.
///
/// `df` is a number or an array that broadcasts to `shape`; it is positive.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::t(&random::key(0), 5, 4, DType::F32);
/// let of_jax = Array::from([0.75895_f32, -2.0559, -1.2818, -1.572]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, `df` does not
/// broadcast to the shape, or is a number that is not positive.
#[track_caller]
pub fn t(key: &Key, df: impl Operand, shape: impl IntoShape, dtype: DType) -> Array {
    let parameters = [("df", &df as &dyn Operand, Range::Positive)];
    float_program("random::t", key, shape, dtype, &parameters, |key, args, shape| {
        let [normal, gamma] = split_into(key);
        let half = &args[0] / 2.0;
        let gamma = raw_gamma(&gamma, &half, shape, false);
        raw_normal(&normal, shape, dtype) * (half / gamma).sqrt()
    })
}

/// Floats with the F distribution of `dfnum` and `dfden` degrees of freedom: the ratio of two χ²
/// samples, each over its degrees of freedom. Differentiable with respect to both. `jax.random.f`.
///
/// `dfnum` and `dfden` are numbers or arrays that broadcast to `shape`; they are positive.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::f(&random::key(0), 3, 10, 4, DType::F32);
/// let of_jax = Array::from([2.3535_f32, 0.13736, 0.16591, 0.38536]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, or a parameter does
/// not broadcast to the shape or is a number that is not positive.
#[track_caller]
pub fn f(
    key: &Key,
    dfnum: impl Operand,
    dfden: impl Operand,
    shape: impl IntoShape,
    dtype: DType,
) -> Array {
    let parameters: [GivenParameter<'_>; 2] =
        [("dfnum", &dfnum, Range::Positive), ("dfden", &dfden, Range::Positive)];
    float_program("random::f", key, shape, dtype, &parameters, |key, args, shape| {
        let [below, above] = split_into(key);
        let above = raw_chisquare(&above, &args[0], shape) / &args[0];
        let below = raw_chisquare(&below, &args[1], shape) / &args[1];
        above / below
    })
}

/// Floats with the generalized normal distribution: density proportional to e^−|x|^p. With `p` 1 it
/// is the Laplace distribution, with 2 the normal one of variance ½. Differentiable with respect to `p`.
/// `jax.random.generalized_normal`.
///
/// `p` is a number or an array that broadcasts to `shape`; it is positive.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::generalized_normal(&random::key(0), 1.5, 4, DType::F32);
/// let of_jax = Array::from([1.0604_f32, 0.089208, -1.3751, 0.55914]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, `p` does not
/// broadcast to the shape, or is a number that is not positive.
#[track_caller]
pub fn generalized_normal(
    key: &Key,
    p: impl Operand,
    shape: impl IntoShape,
    dtype: DType,
) -> Array {
    let op = "random::generalized_normal";
    let parameters = [("p", &p as &dyn Operand, Range::Positive)];
    float_program(op, key, shape, dtype, &parameters, |key, args, shape| {
        raw_generalized_normal(key, &args[0], shape)
    })
}

/// [`generalized_normal`] inside a trace.
pub(super) fn raw_generalized_normal(key: &Array, p: &Array, shape: &[usize]) -> Array {
    let [gamma, sign] = split_into(key);
    let power = 1.0 / p;
    let gamma = raw_gamma(&gamma, &power, shape, false);
    raw_rademacher(&sign, shape, p.dtype()) * gamma.pow(power)
}

/// [`gamma`], or [`loggamma`], inside a trace.
fn raw_gamma(key: &Array, a: &Array, shape: &[usize], log: bool) -> Array {
    custom_jvp(Gamma { log }, &[key, &a.broadcast_to(shape)])
}

/// Gamma samples, or their logarithms, from a key and the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Gamma {
    log: bool,
}

impl CustomJvp for Gamma {
    const NAME: &'static str = "random_gamma";

    fn params(&self) -> String {
        format!("log={}", self.log)
    }

    fn body(&self, args: &[Array]) -> Array {
        let (key, shape) = (&args[0], args[1].shape());
        let n = saturating_product(shape);
        let (keys, a) = (raw_split(key, &[n]), args[1].reshape([n]));
        let one = |(key, a): (&Array, &Array)| gamma_one(key, a, self.log);
        vmap(one, (&keys, &a), 0).reshape(shape)
    }

    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let (a, sample) = (&cx.primals[1], cx.out());
        cx.tangent(1).map(|t| {
            if !self.log {
                return t * bind1(Special::GammaSampleGrad, &[a, sample]);
            }
            let x = sample.exp();
            let x = select(x.eq(0.0), x.full_like(finfo(x.dtype()).tiny), &x);
            t * (bind1(Special::GammaSampleGrad, &[a, &x]) / x)
        })
    }
}

/// One sample by the method of Marsaglia and Tsang (2000): a function of a normal sample, taken or
/// refused by a uniform one. Below 1, `a` is raised by 1 and the sample scaled down.
fn gamma_one(key: &Array, a: &Array, log: bool) -> Array {
    let dtype = a.dtype();
    let large = a.ge(1.0);
    let d = select(&large, a, &(a + 1.0)) - 1.0 / 3.0;
    let c = a.full_like(1.0 / 3.0) / d.sqrt();
    let [key, scaling] = split_into(key);
    let [zero, one, two, below] = [0.0, 1.0, 2.0, -1.0].map(|v| Array::constant_scalar(dtype, v));
    // The key, the square of the normal sample, its cubed factor and the uniform sample.
    let refused = |(_, x, v, u): &(Array, Array, Array, Array)| {
        let below_bound = u.log().ge(x * 0.5 + &d * (1.0 - v + v.log()));
        u.ge(1.0 - x * x * 0.0331) & below_bound
    };
    let next = |(key, ..): (Array, Array, Array, Array)| {
        let [key, normal, uniform] = split_into(&key);
        let draw = |(key, ..): (Array, Array, Array)| {
            let [key, normal] = split_into(&key);
            let x = raw_normal(&normal, &[], dtype);
            let v = &x * &c + 1.0;
            (key, x, v)
        };
        let (_, x, v) = while_loop(|(_, _, v)| v.le(0.0), draw, (normal, zero.clone(), below));
        (key, &x * &x, &v * &v * &v, raw_uniform(&uniform, &[], dtype))
    };
    let (_, _, v, _) = while_loop(refused, next, (key, zero.clone(), one.clone(), two));
    let power = 1.0 / a;
    if log {
        let log_u = -raw_exponential(&scaling, &[], dtype);
        let scale = select(&(large | log_u.eq(0.0)), &zero, &(log_u * power));
        return d.log() + v.log() + scale;
    }
    let u = 1.0 - raw_uniform(&scaling, &[], dtype);
    d * v * select(&large, &one, u.pow(power))
}
