//! Polynomials as vectors of coefficients, that of the highest power first.

use super::products::check_powers;
use super::program::{Compute, program, program2};
use super::{
    ConvolveMode, concatenate, convolve, finfo, invalid, iota, linalg, one_program, vander,
};
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

/// The quotient and the remainder of two polynomials, p = q · quotient + remainder. The remainder has as
/// many coefficients as `p`, the first of them 0. Integers become f32. `jax.numpy.polydiv`.
///
/// ```
/// # use nnx_core::{Array, array::polydiv};
/// let (q, r) = polydiv(&Array::from([1.0, 3.0, 2.0, 5.0]), &Array::from([1.0, 1.0]));
/// assert_eq!(q.to_vec::<f64>(), [1.0, 2.0, 0.0]);
/// assert_eq!(r.to_vec::<f64>(), [0.0, 0.0, 0.0, 5.0]);
/// ```
///
/// # Panics
/// Panics if an operand is not a vector or has no elements, or the quotient has more than 16,384
/// coefficients.
#[track_caller]
pub fn polydiv(p: &Array, q: &Array) -> (Array, Array) {
    const OP: &str = "polydiv";
    check(OP, p);
    check(OP, q);
    let (m, n) = (p.size(), q.size());
    let terms = (m + 1).saturating_sub(n);
    check_powers(OP, terms);
    let dtype = Compute::Inexact.dtype(promote_dtypes(p.dtype(), q.dtype()));
    program2(OP, &[p.clone(), q.clone()], |args| {
        let (mut rest, q) = (args[0].astype(dtype), args[1].astype(dtype));
        if terms == 0 {
            return (super::zeros([1], dtype), rest);
        }
        let mut quotient = Vec::with_capacity(terms);
        for k in 0..terms {
            let term = rest.slice_dim(0, k, k + 1) / q.slice_dim(0, 0, 1);
            let taken = (&term * &q).pad(&[(k as i64, (m - n - k) as i64)], 0);
            rest = rest - taken;
            quotient.push(term);
        }
        let quotient = concatenate(&quotient.iter().collect::<Vec<_>>(), 0);
        (quotient, rest)
    })
}

/// The polynomial with the given zeros and the leading coefficient 1; a scalar 1 if there are none. Integers become f32.
/// `jax.numpy.poly` of a vector.
///
/// ```
/// # use nnx_core::{Array, array::poly};
/// assert_eq!(poly(&Array::from([1.0, 2.0, 3.0])).to_vec::<f64>(), [1.0, -6.0, 11.0, -6.0]);
/// ```
///
/// # Panics
/// Panics if `zeros` is not a vector, or has more than 16,384 elements.
#[track_caller]
pub fn poly(zeros: &Array) -> Array {
    if zeros.rank() != 1 {
        invalid("poly", format!("needs a vector of zeros, got {}", zeros.aval()));
    }
    check_powers("poly", zeros.size());
    one_program("poly", &[zeros.to_inexact()], |args| {
        let zeros = &args[0];
        if zeros.size() == 0 {
            return super::ones((), zeros.dtype());
        }
        let mut p = super::ones([1], zeros.dtype());
        for i in 0..zeros.size() {
            p = p.pad(&[(0, 1)], 0) - p.pad(&[(1, 0)], 0) * zeros.slice_dim(0, i, i + 1);
        }
        p
    })
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
