//! Polynomials as vectors of coefficients, that of the highest power first.

use super::products::check_powers;
use super::program::program;
use super::{ConvolveMode, convolve, finfo, invalid, iota, linalg, one_program, vander};
use crate::graph::Array;
use crate::value::{DType, promote_dtypes};

#[track_caller]
fn check(op: &'static str, p: &Array) {
    if p.rank() != 1 || p.size() == 0 {
        invalid(op, format!("needs a vector of coefficients, got {}", p.aval()));
    }
}

/// The sum of two polynomials. `jax.numpy.polyadd`.
///
/// # Panics
/// Panics if an operand is not a vector or has no elements.
#[track_caller]
pub fn polyadd(p: &Array, q: &Array) -> Array {
    check("polyadd", p);
    check("polyadd", q);
    let n = p.size().max(q.size());
    one_program("polyadd", &[p.clone(), q.clone()], |args| {
        let wide = |p: &Array| p.pad(&[((n - p.size()) as i64, 0)], 0);
        wide(&args[0]) + wide(&args[1])
    })
}

/// The difference of two polynomials, p − q. `jax.numpy.polysub`.
///
/// # Panics
/// Panics if an operand is not a vector or has no elements, or both are bool.
#[track_caller]
pub fn polysub(p: &Array, q: &Array) -> Array {
    check("polysub", p);
    check("polysub", q);
    let n = p.size().max(q.size());
    one_program("polysub", &[p.clone(), q.clone()], |args| {
        let wide = |p: &Array| p.pad(&[((n - p.size()) as i64, 0)], 0);
        wide(&args[0]) - wide(&args[1])
    })
}

/// The product of two polynomials. `jax.numpy.polymul`.
///
/// # Panics
/// Panics if an operand is not a vector or has no elements.
#[track_caller]
pub fn polymul(p: &Array, q: &Array) -> Array {
    check("polymul", p);
    check("polymul", q);
    convolve(p, q, ConvolveMode::Full)
}

/// The derivative of a polynomial. `jax.numpy.polyder`.
///
/// # Panics
/// Panics if `p` is not a vector or has no elements.
#[track_caller]
pub fn polyder(p: &Array) -> Array {
    check("polyder", p);
    let n = p.size() - 1;
    one_program("polyder", std::slice::from_ref(p), |args| {
        let powers = n as i32 - iota([n], DType::I32, 0);
        args[0].slice_dim(0, 0, n) * powers
    })
}

/// The integral of a polynomial with the constant 0. `jax.numpy.polyint`.
///
/// # Panics
/// Panics if `p` is not a vector or has no elements.
#[track_caller]
pub fn polyint(p: &Array) -> Array {
    check("polyint", p);
    let n = p.size();
    one_program("polyint", &[p.to_inexact()], |args| {
        let powers = n as i32 - iota([n], DType::I32, 0);
        (&args[0] / powers).pad(&[(0, 1)], 0)
    })
}

/// The polynomial of degree `degree` that is nearest to the points (x, y) in the mean square; each
/// column of a matrix `y` has its own. `jax.numpy.polyfit`.
///
/// ```
/// # use nnx_core::{Array, array::polyfit};
/// let p = polyfit(&Array::from([0.0, 1.0, 2.0]), &Array::from([1.0, 3.0, 5.0]), 1);
/// assert!((p.to_vec::<f64>()[0] - 2.0).abs() < 1e-9);
/// ```
///
/// # Panics
/// Panics if `x` is not a vector, `y` has not as many rows, or the degree is above 16,384.
#[track_caller]
pub fn polyfit(x: &Array, y: &Array, degree: usize) -> Array {
    check("polyfit", x);
    if !matches!(y.rank(), 1 | 2) || y.shape()[0] != x.size() {
        let (x, y) = (x.aval(), y.aval());
        invalid("polyfit", format!("needs as many points as values, got {x} and {y}"));
    }
    check_powers("polyfit", degree);
    let dtype = promote_dtypes(promote_dtypes(x.dtype(), y.dtype()), DType::F32);
    let outs = program("polyfit", &[x.astype(dtype), y.astype(dtype)], |args| {
        let powers = vander(&args[0], degree + 1, false);
        // Columns of length 1, so that no power is lost among larger ones.
        let scale = powers.square().sum(0).sqrt();
        let cut = x.size() as f64 * finfo(dtype).eps;
        let p = linalg::lstsq(&(powers / &scale), &args[1], Some(cut)).x;
        vec![match y.rank() {
            1 => p / scale,
            _ => p / scale.expand_dims(1),
        }]
    });
    outs.into_iter().next().unwrap_or_else(|| unreachable!("one result"))
}
