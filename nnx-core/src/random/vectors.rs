//! Random vectors and matrices.

use super::bits::float_sample;
use super::distributions::{raw_exponential, raw_normal};
use super::gamma::raw_generalized_normal;
use super::key::{Key, split_into};
use super::parameters::{Range, check_broadcast, parameter};
use crate::array::linalg::{cholesky, qr};
use crate::array::{AsArray, IntoShape, Operand, invalid, matvec, one_program};
use crate::graph::Array;
use crate::value::DType;

/// Normally distributed vectors with the given mean and covariance, by its Cholesky decomposition.
/// Differentiable with respect to both. `jax.random.multivariate_normal`.
///
/// `mean` is `[…, n]`, `cov` `[…, n, n]`, symmetric and positive definite; their other axes broadcast to
/// `shape`. The result is `[shape…, n]`; it is NaN where `cov` is not positive definite.
///
/// ```
/// use nnx::{Array, DType, random};
/// let mean = Array::from([1.0_f32, -1.0]);
/// let cov = Array::from([[2.0_f32, 0.5], [0.5, 1.0]]);
/// let x = random::multivariate_normal(&random::key(0), &mean, &cov, [2], DType::F32);
/// let of_jax = Array::from([[3.2948_f32, 1.4682], [0.3868, -1.2268]]);
/// assert!((x - of_jax).abs().lt(1e-2).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, `mean` is not a vector,
/// `cov` not a square matrix of its size, or the other axes do not broadcast to the shape.
#[track_caller]
pub fn multivariate_normal(
    key: &Key,
    mean: impl AsArray,
    cov: impl AsArray,
    shape: impl IntoShape,
    dtype: DType,
) -> Array {
    let (mean, cov) = (mean.as_array(), cov.as_array());
    let op = "random::multivariate_normal";
    let data = key.single(op);
    let shape = float_sample(op, shape, dtype);
    let (Some((&n, of_mean)), [of_cov @ .., rows, columns]) =
        (mean.shape().split_last(), cov.shape())
    else {
        let (mean, cov) = (mean.aval(), cov.aval());
        invalid(
            op,
            format!("needs a mean […, n] and a covariance […, n, n], got {mean} and {cov}"),
        );
    };
    if *rows != n || *columns != n {
        let (mean, cov) = (mean.aval(), cov.aval());
        invalid(op, format!("the covariance of the mean {mean} is […, {n}, {n}], got {cov}"));
    }
    check_broadcast(op, "mean", mean, of_mean, &shape);
    check_broadcast(op, "covariance", cov, of_cov, &shape);
    // No factors are found in f16 and bf16.
    let wide = if dtype.size() < 4 { DType::F32 } else { dtype };
    let args = [data.clone(), mean.astype(wide), cov.astype(wide)];
    one_program("multivariate_normal", &args, |args| {
        let normal = raw_normal(&args[0], &[&shape[..], &[n]].concat(), dtype).astype(wide);
        (&args[1] + matvec(cholesky(&args[2]), &normal)).astype(dtype)
    })
}

/// Uniformly distributed orthogonal matrices `[shape…, n, m]`: rows are orthonormal if n ≤ m, columns if
/// n ≥ m. `jax.random.orthogonal`.
///
/// ```
/// use nnx::{DType, array::eye, random};
/// let q = random::orthogonal(&random::key(0), 3, 3, (), DType::F32);
/// let rest = q.matmul(&q.t()) - eye(3, DType::F32);
/// assert!(rest.abs().lt(1e-5).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, or a size is negative.
#[track_caller]
pub fn orthogonal(key: &Key, n: usize, m: usize, shape: impl IntoShape, dtype: DType) -> Array {
    let op = "random::orthogonal";
    let data = key.single(op);
    let mut shape = float_sample(op, shape, dtype);
    shape.extend([n.max(m), n.min(m)]);
    one_program("orthogonal", std::slice::from_ref(data), |args| {
        let wide = if dtype.size() < 4 { DType::F32 } else { dtype };
        let (q, r) = qr(raw_normal(&args[0], &shape, dtype).astype(wide));
        let q = (q * r.diagonal(0, -2, -1).sign().expand_dims(-2)).astype(dtype);
        if n < m { q.swapaxes(-1, -2) } else { q }
    })
}

/// Vectors `[shape…, d]` that are uniformly distributed in the unit ball of the `p` norm.
/// `jax.random.ball`.
///
/// `p` is a number or an array of rank 0; it is positive.
///
/// ```
/// use nnx::{Array, DType, random};
/// let x = random::ball(&random::key(0), 3, 2.0, [2], DType::F32);
/// let of_jax = Array::from([[0.91716_f32, 0.39274, 0.011654], [-0.86137, 0.31685, -0.062855]]);
/// assert!((x - of_jax).abs().lt(1e-3).all(..).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, or `p` has an axis
/// or is a number that is not positive.
#[track_caller]
pub fn ball(key: &Key, d: usize, p: impl Operand, shape: impl IntoShape, dtype: DType) -> Array {
    let op = "random::ball";
    let data = key.single(op);
    let shape = float_sample(op, shape, dtype);
    Range::Positive.check(op, "p", &p);
    let p = parameter(op, &p, dtype, &[]);
    one_program("ball", &[data.clone(), p], |args| {
        let [normal, exponential] = split_into(&args[0]);
        let p = &args[1];
        let x = raw_generalized_normal(&normal, p, &[&shape[..], &[d]].concat());
        let e = raw_exponential(&exponential, &shape, dtype);
        let length = (x.abs().pow(p).sum(-1) + e).pow(1.0 / p);
        x / length.expand_dims(-1)
    })
}
