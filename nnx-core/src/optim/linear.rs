//! Linear algebra of optimizers: eigenvalues and roots of matrices, least squares without negative numbers.

use crate::array::linalg::{Ord, matrix_norm, norm};
use crate::array::{AsArray, eye, invalid, where_};
use crate::error::or_raise;
use crate::graph::Array;
use crate::random::{key, uniform_range};
use crate::run::staged;
use crate::transform::{fori_loop, while_loop};
use crate::value::DType;

/// One program outside of a trace.
#[track_caller]
fn program<const N: usize>(
    name: &str,
    args: &[&Array],
    body: impl FnOnce(&[Array]) -> [Array; N],
) -> [Array; N] {
    let args: Vec<Array> = args.iter().map(|&array| array.clone()).collect();
    let outs = or_raise(staged(name, &args, |args| body(args).into()));
    match outs.try_into() {
        Ok(outs) => outs,
        Err(_) => unreachable!("the body gives {N} arrays"),
    }
}

#[track_caller]
fn check_square(name: &str, matrix: &Array) {
    let is_square = matches!(matrix.shape(), [n, m] if n == m && *n > 0);
    if !is_square || !matrix.dtype().is_float() {
        invalid(name, format!("needs a square matrix of floats, got {}", matrix.aval()));
    }
}

/// The eigenvalue of the largest magnitude of a symmetric matrix, and its eigenvector of norm 1. Starts at numbers drawn
/// by the key 0, and ends when the vector moves by less than `error_tolerance`, or after `num_iters` steps.
/// `optax.power_iteration`, whose defaults are 100 and 1e-6.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::power_iteration;
///
/// let (value, _) = power_iteration(Array::from([[2.0_f32, 1.0], [1.0, 2.0]]), 100, 1e-6);
/// assert!((value.item::<f32>() - 3.0).abs() < 1e-2);
/// ```
///
/// # Panics
/// Panics if `matrix` is not a square matrix of floats.
#[track_caller]
pub fn power_iteration(
    matrix: impl AsArray,
    num_iters: i32,
    error_tolerance: f64,
) -> (Array, Array) {
    let matrix = matrix.as_array();
    check_square("power_iteration", matrix);
    let start = uniform_range(&key(0), [matrix.shape()[0]], -1.0, 1.0, matrix.dtype());
    let [value, vector] = program("power_iteration", &[matrix, &start], |args| {
        let product = |v: &Array| args[0].matmul(v);
        iterate(product, &args[1], num_iters, error_tolerance).into()
    });
    (value, vector)
}

/// [`power_iteration`] of a matrix of which only its product with a vector is known.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::power_iteration_of;
///
/// let doubled_and_tripled = |v: &Array| v * Array::from([2.0_f32, 3.0]);
/// let start = Array::from([1.0_f32, 1.0]);
/// let (value, _) = power_iteration_of(doubled_and_tripled, &start, 100, 1e-6);
/// assert!((value.item::<f32>() - 3.0).abs() < 1e-5);
/// ```
#[track_caller]
pub fn power_iteration_of(
    product: impl Fn(&Array) -> Array,
    start: impl AsArray,
    num_iters: i32,
    error_tolerance: f64,
) -> (Array, Array) {
    let [value, vector] = program("power_iteration_of", &[start.as_array()], |args| {
        iterate(product, &args[0], num_iters, error_tolerance).into()
    });
    (value, vector)
}

fn unit(v: &Array) -> Array {
    v / norm(v, ..)
}

fn iterate(
    product: impl Fn(&Array) -> Array,
    start: &Array,
    num_iters: i32,
    error_tolerance: f64,
) -> (Array, Array) {
    let start = unit(start);
    let (_, next, value, _) = while_loop(
        |(vector, next, value, i): &(Array, Array, Array, Array)| {
            let rest = norm(&(next - vector * value), ..) / value;
            rest.abs().lt(error_tolerance).logical_not() & i.lt(num_iters)
        },
        |(_, next, _, i)| {
            let vector = unit(&next);
            let next = product(&vector);
            let value = (&vector * &next).sum(..);
            (vector, next, value, i + 1)
        },
        (
            start.clone(),
            product(&start),
            Array::constant_scalar(start.dtype(), 0.0),
            Array::scalar(0_i32),
        ),
    );
    (value, unit(&next))
}

/// The power −1 / `p` of a positive definite matrix, by a coupled Newton iteration in f32, and how far its power −`p`
/// times the matrix is from 1. `ridge_epsilon` times the largest eigenvalue is added to the diagonal, and the iteration
/// ends below `error_tolerance`, or after `num_iters` steps. `optax.matrix_inverse_pth_root`, whose defaults are 100, 1e-6
/// and 1e-6.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::matrix_inverse_pth_root;
///
/// let matrix = Array::from([[16.0_f32, 0.0], [0.0, 1.0]]);
/// let (root, error) = matrix_inverse_pth_root(&matrix, 4, 100, 1e-6, 1e-6);
/// assert!((root.slice([0.into(), 0.into()]).item::<f32>() - 0.5).abs() < 1e-2);
/// assert!(error.item::<f32>() < 1e-2);
/// ```
///
/// Source: Iannazzo, "On the Newton method for the matrix pth root", 2006.
///
/// # Panics
/// Panics if `matrix` is not a square matrix of floats, or `p` is less than 1.
#[track_caller]
pub fn matrix_inverse_pth_root(
    matrix: impl AsArray,
    p: i32,
    num_iters: i32,
    ridge_epsilon: f64,
    error_tolerance: f64,
) -> (Array, Array) {
    matrix_inverse_pth_root_of(matrix.as_array(), p, num_iters, ridge_epsilon, error_tolerance)
}

#[track_caller]
fn matrix_inverse_pth_root_of(
    matrix: &Array,
    p: i32,
    num_iters: i32,
    ridge_epsilon: f64,
    error_tolerance: f64,
) -> (Array, Array) {
    check_square("matrix_inverse_pth_root", matrix);
    if p < 1 {
        invalid("matrix_inverse_pth_root", format!("p must be at least 1, got {p}"));
    }
    let (largest, _) = power_iteration(matrix, 100, 1e-6);
    let [root, error] = program("matrix_inverse_pth_root", &[matrix, &largest], |args| {
        let (matrix, ridge) = (&args[0], args[1].maximum(1e-16) * ridge_epsilon);
        let (n, alpha) = (matrix.shape()[0], -1.0 / f64::from(p));
        if n == 1 {
            return [(matrix + ridge).pow(alpha), Array::scalar(0_i32)];
        }
        let identity = eye(n, DType::F32);
        let damped = matrix + ridge * &identity;
        let z = f64::from(1 + p) / (norm(&damped, ..) * 2.0);
        let far = |m: &Array| (m - &identity).abs().max(..);
        let m = damped * &z;
        let h = &identity * z.pow(1.0 / f64::from(p));
        let start = (Array::scalar(0_i32), far(&m), Array::scalar(true), m, h.clone(), h);
        let (_, _, converges, m, h, before) = while_loop(
            |(i, error, converges, ..): &(Array, Array, Array, Array, Array, Array)| {
                i.lt(num_iters) & error.gt(error_tolerance) & converges
            },
            |(i, error, _, m, h, _)| {
                let factor = &identity * (1.0 - alpha) + &m * alpha;
                // Squared as often as the logarithm of p says, at most three times.
                let squarings = f64::from(p).log2().round().min(3.0) as usize;
                let power = (0..squarings).fold(factor.clone(), |f, _| f.matmul(&f));
                let (next, next_h) = (power.matmul(&m), h.matmul(&factor));
                let next_error = far(&next);
                let converges = next_error.lt(error * 1.2);
                (i + 1, next_error, converges, next, next_h, h)
            },
            start,
        );
        [where_(&converges, h, before).astype(matrix.dtype()), far(&m)]
    });
    (root, error)
}

/// The x without negative numbers with the least ‖`a` · x − `b`‖, by `iters` steps of an accelerated projected gradient
/// descent of step size 1 / `lipschitz`, which is computed if it is not given. `optax.nnls`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::nnls;
///
/// let a = Array::from([[1.0_f32, 2.0], [3.0, 4.0]]);
/// let x = nnls(&a, &Array::from([5.0_f32, -6.0]), 100, None);
/// assert_eq!(x.to_vec::<f32>(), [0.0, 0.0]);
/// ```
///
/// # Panics
/// Panics if `a` is not a matrix, or `b` not a vector or matrix with as many rows.
#[track_caller]
pub fn nnls(a: impl AsArray, b: impl AsArray, iters: i32, lipschitz: Option<f64>) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    let fits = a.rank() == 2 && matches!(b.rank(), 1 | 2) && a.shape()[0] == b.shape()[0];
    if !fits {
        let (a, b) = (a.aval(), b.aval());
        invalid(
            "nnls",
            format!("needs a matrix and a vector or matrix with as many rows, got {a} and {b}"),
        );
    }
    let [x] = program("nnls", &[a, b], |args| {
        let (a, b) = (&args[0], &args[1]);
        let (square, target) = (a.t().matmul(a), a.t().matmul(b));
        let bound = match lipschitz {
            Some(bound) => Array::constant_scalar(square.dtype(), bound),
            None if square.size() == 0 => square.sum(..),
            None => matrix_norm(&square, Ord::Frobenius).minimum(matrix_norm(&square, Ord::P(1.0))),
        };
        let bound = where_(bound.eq(0.0), 1.0, bound);
        let start = target.zeros_like();
        let (x, ..) = fori_loop(
            0,
            iters,
            |_, (x, p, c): (Array, Array, Array)| {
                let next_c = ((c.square() * 4.0 + 1.0).sqrt() + 1.0) / 2.0;
                let momentum = (c - 1.0) / &next_c;
                let next = (&p - (square.matmul(&p) - &target) / &bound).maximum(0.0);
                let p = &next + momentum * (&next - x);
                (next, p, next_c)
            },
            (start.clone(), start, Array::constant_scalar(target.dtype(), 0.0)),
        );
        [x]
    });
    x
}
