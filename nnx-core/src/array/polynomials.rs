//! Polynomials as vectors of coefficients, that of the highest power first.

use super::products::check_powers;
use super::program::{Compute, program, program2};
use super::{
    AsArray, ConvolveMode, complex, concatenate, convolve, eye, finfo, invalid, iota, linalg,
    one_program, vander, where_,
};
use crate::error::or_raise;
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, custom_jvp, inner_for};
use crate::value::{DType, promote_dtypes};
use std::f64::consts::TAU;

#[track_caller]
fn check(op: &'static str, p: &Array) {
    if p.rank() != 1 || p.size() == 0 {
        invalid(op, format!("needs a vector of coefficients, got {}", p.aval()));
    }
}

/// The sum of two polynomials. `jax.numpy.polyadd`.
///
/// ```
/// use nnx::{Array, array::polyadd};
///
/// let sum = polyadd(Array::from([1, 2]), Array::from([1, 0, 5])); // x + 2, x² + 5
/// assert_eq!(sum.to_vec::<i32>(), [1, 1, 7]);
/// ```
///
/// # Panics
/// Panics if an operand is not a vector or has no elements.
#[track_caller]
pub fn polyadd(p: impl AsArray, q: impl AsArray) -> Array {
    let (p, q) = (p.as_array(), q.as_array());
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
/// ```
/// use nnx::{Array, array::polysub};
///
/// let difference = polysub(Array::from([1, 2]), Array::from([1, 0, 5])); // x + 2, x² + 5
/// assert_eq!(difference.to_vec::<i32>(), [-1, 1, -3]);
/// ```
///
/// # Panics
/// Panics if an operand is not a vector or has no elements, or both are bool.
#[track_caller]
pub fn polysub(p: impl AsArray, q: impl AsArray) -> Array {
    let (p, q) = (p.as_array(), q.as_array());
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
/// ```
/// use nnx::{Array, array::polymul};
///
/// let product = polymul(Array::from([1.0, 2.0]), Array::from([1.0, -2.0])); // x + 2, x − 2
/// assert_eq!(product.to_vec::<f64>(), [1.0, 0.0, -4.0]);
/// ```
///
/// # Panics
/// Panics if an operand is not a vector or has no elements.
#[track_caller]
pub fn polymul(p: impl AsArray, q: impl AsArray) -> Array {
    let (p, q) = (p.as_array(), q.as_array());
    check("polymul", p);
    check("polymul", q);
    convolve(p, q, ConvolveMode::Full)
}

/// The quotient and the remainder of two polynomials, p = q · quotient + remainder. The remainder has as
/// many coefficients as `p`, the first of them 0. Integers become f32. `jax.numpy.polydiv`.
///
/// ```
/// use nnx::{Array, array::polydiv};
/// let (q, r) = polydiv(&Array::from([1.0, 3.0, 2.0, 5.0]), &Array::from([1.0, 1.0]));
/// assert_eq!(q.to_vec::<f64>(), [1.0, 2.0, 0.0]);
/// assert_eq!(r.to_vec::<f64>(), [0.0, 0.0, 0.0, 5.0]);
/// ```
///
/// # Panics
/// Panics if an operand is not a vector or has no elements, or the quotient has more than 16,384
/// coefficients.
#[track_caller]
pub fn polydiv(p: impl AsArray, q: impl AsArray) -> (Array, Array) {
    let (p, q) = (p.as_array(), q.as_array());
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
            rest -= taken;
            quotient.push(term);
        }
        let quotient = concatenate(&quotient, 0);
        (quotient, rest)
    })
}

/// The polynomial with the given zeros and the leading coefficient 1; a scalar 1 if there are none. Integers become f32.
/// `jax.numpy.poly` of a vector.
///
/// ```
/// use nnx::{Array, array::poly};
/// assert_eq!(poly(Array::from([1.0, 2.0, 3.0])).to_vec::<f64>(), [1.0, -6.0, 11.0, -6.0]);
/// ```
///
/// # Panics
/// Panics if `zeros` is not a vector, or has more than 16,384 elements.
#[track_caller]
pub fn poly(zeros: impl AsArray) -> Array {
    poly_of(zeros.as_array())
}

#[track_caller]
fn poly_of(zeros: &Array) -> Array {
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

/// The zeros of a polynomial as complex numbers, in no particular order; several equal ones are as exact
/// as their number allows. Leading zeros of `p` do not count outside of traces; inside, where they are
/// not known, they give NaN. All zeros at once by the iteration of Aberth, "Iteration methods for finding
/// all zeros of a polynomial simultaneously" (1973). `jax.numpy.roots`, whose order is that of LAPACK's
/// eigenvalues.
///
/// ```
/// use nnx::{Array, array::roots};
/// let z = roots(Array::from([1.0, 0.0, -4.0])); // x² − 4
/// assert!((z.real().max(..).item::<f64>() - 2.0).abs() < 1e-12);
/// ```
///
/// # Panics
/// Panics if `p` is not a vector or has no elements, or has more than 16,385 coefficients.
#[track_caller]
pub fn roots(p: impl AsArray) -> Array {
    roots_of(p.as_array())
}

#[track_caller]
fn roots_of(p: &Array) -> Array {
    const OP: &str = "roots";
    check(OP, p);
    check_powers(OP, p.size() - 1);
    let dtype =
        if p.dtype() == DType::F64 { DType::C128 } else { p.to_inexact().dtype().complex() };
    let leading = if p.is_traced() { 0 } else { leading_zeros(p) };
    if p.size() - leading < 2 {
        return super::zeros([0], dtype);
    }
    one_program(OP, std::slice::from_ref(p), |args| {
        let p = args[0].slice_dim(0, leading, args[0].size());
        custom_jvp(Roots, &[&p.astype(dtype)])
    })
}

/// How many elements of a known array are 0 before one that is not. Read on the host, so that it can be
/// told inside a trace too.
#[track_caller]
fn leading_zeros(p: &Array) -> usize {
    let bytes = or_raise(p.to_bytes());
    let inexact = p.dtype().is_inexact();
    // −0 has a sign.
    let zero = |number: &[u8]| match number.split_last() {
        Some((last, rest)) => {
            let last = if inexact { last & 0x7f } else { *last };
            last == 0 && rest.iter().all(|&byte| byte == 0)
        }
        None => true,
    };
    let numbers = |element: &[u8]| element.chunks(p.dtype().real().size()).all(zero);
    bytes.chunks(p.dtype().size()).take_while(|element| numbers(element)).count()
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Roots;

/// The value and the slope of a polynomial.
#[track_caller]
fn value_and_slope(p: &Array, z: &Array) -> (Array, Array) {
    let mut value = p.slice_dim(0, 0, 1).broadcast_to_dims(z.shape());
    let mut slope = z.zeros_like();
    for i in 1..p.size() {
        slope = slope * z + &value;
        value = value * z + p.slice_dim(0, i, i + 1);
    }
    (value, slope)
}

impl CustomJvp for Roots {
    const NAME: &'static str = "roots";
    fn body(&self, args: &[Array]) -> Array {
        const STEPS: usize = 100;
        let (n, dtype) = (args[0].size() - 1, DType::C128);
        // Powers of large zeros need the range.
        let p = args[0].astype(dtype);
        let p = &p / p.slice_dim(0, 0, 1);
        let real = dtype.real();
        let powers = iota([n], real, 0) + 1.0;
        let sizes = p.slice_dim(0, 1, n + 1).abs().pow(1.0 / &powers).max(0);
        // The zeros in units of their size: their powers neither overflow nor vanish.
        let unit = where_(sizes.gt(0), &sizes, 1.0);
        let scaled = p.slice_dim(0, 1, n + 1) / unit.pow(&powers).astype(dtype);
        let p = super::concatenate([&p.slice_dim(0, 0, 1), &scaled], 0);
        // A circle around the mean of the zeros, about as large as their distance from 0.
        let angle = iota([n], real, 0) * (TAU / n as f64) + 0.5 / n as f64;
        let start = complex(angle.cos(), angle.sin()) - p.slice_dim(0, 1, 2) / n as f64;
        let others = eye(n, DType::Bool).logical_not();
        let zeros = inner_for(STEPS, &[start, p], |_, state| {
            let (z, p) = (&state[0], &state[1]);
            let (value, slope) = value_and_slope(p, z);
            let newton = &value / where_(slope.eq(0), 1.0, &slope);
            let apart = z.expand_dims(1) - z.expand_dims(0);
            let some = others.logical_and(apart.ne(0));
            let safe = where_(&some, &apart, 1.0);
            let repelled = where_(&some, 1.0 / safe, 0.0).sum(1);
            let divisor = 1.0 - &newton * repelled;
            let step = newton / where_(divisor.eq(0), 1.0, &divisor);
            vec![z - step, p.clone()]
        });
        (&zeros[0] * unit.astype(dtype)).astype(args[0].dtype())
    }
    /// At a zero z of p: dz = −dp(z) / p'(z).
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let dtype = cx.out().dtype();
        let wide = |x: &Array| x.astype(DType::C128);
        let (p, t, z) = (wide(&cx.primals[0]), wide(cx.tangent(0)?), wide(cx.out()));
        let slope = value_and_slope(&p, &z).1;
        Some((-value_and_slope(&t, &z).0 / slope).astype(dtype))
    }
}

/// The derivative of a polynomial; integers become f32. `jax.numpy.polyder`.
///
/// ```
/// use nnx::{Array, array::polyder};
///
/// let slope = polyder(Array::from([1.0, 2.0, 3.0])); // of x² + 2x + 3
/// assert_eq!(slope.to_vec::<f64>(), [2.0, 2.0]);
/// ```
///
/// # Panics
/// Panics if `p` is not a vector or has no elements.
#[track_caller]
pub fn polyder(p: impl AsArray) -> Array {
    let p = p.as_array();
    check("polyder", p);
    let n = p.size() - 1;
    one_program("polyder", &[p.to_inexact()], |args| {
        let powers = n as i32 - iota([n], DType::I32, 0);
        args[0].slice_dim(0, 0, n) * powers
    })
}

/// The integral of a polynomial with the constant 0. `jax.numpy.polyint`.
///
/// ```
/// use nnx::{Array, array::polyint};
///
/// let integral = polyint(Array::from([6.0, 2.0])); // of 6x + 2
/// assert_eq!(integral.to_vec::<f64>(), [3.0, 2.0, 0.0]);
/// ```
///
/// # Panics
/// Panics if `p` is not a vector or has no elements.
#[track_caller]
pub fn polyint(p: impl AsArray) -> Array {
    let p = p.as_array();
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
/// use nnx::{Array, array::polyfit};
/// let p = polyfit(&Array::from([0.0, 1.0, 2.0]), &Array::from([1.0, 3.0, 5.0]), 1);
/// assert!((p.to_vec::<f64>()[0] - 2.0).abs() < 1e-9);
/// ```
///
/// # Panics
/// Panics if `x` is not a vector, `y` has not as many rows, or the degree is above 16,384.
#[track_caller]
pub fn polyfit(x: impl AsArray, y: impl AsArray, degree: usize) -> Array {
    let (x, y) = (x.as_array(), y.as_array());
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
