//! Discrete cosine transforms, by Fourier transforms of half the effort.

use super::{Norm, fft, ifft, line, sized};
use crate::array::axes::invalid;
use crate::array::{AsArray, IntoAxes, SliceSpec, complex, concatenate, iota, one_program, where_};
use crate::graph::Array;
use crate::lower::FftKind;
use crate::value::DType;
use std::f64::consts::PI;

/// Refuses what a cosine transform does not take.
#[track_caller]
fn check(op: &str, x: &Array, n: usize, norm: Norm) {
    if norm == Norm::Forward || n == 0 || x.dtype().is_complex() {
        let x = x.aval();
        invalid(op, format!("needs real elements and `Backward` or `Ortho`, got {x} and {norm:?}"));
    }
}

/// The elements of even positions, then those of odd ones backwards.
#[track_caller]
fn folded(x: &Array, n: usize) -> Array {
    let x = x.moveaxis(-1, 0);
    let strided = |start: usize| x.slice([SliceSpec::from(start..n).step_by(2)]);
    concatenate([&strided(0), &strided(1).flip(0)], 0).moveaxis(0, -1)
}

/// The cosine and sine of πk / 2n for k < n.
#[track_caller]
fn turn(n: usize, dtype: DType) -> (Array, Array) {
    let angle = iota([n], dtype, 0) * (PI / (2.0 * n as f64));
    (angle.cos(), angle.sin())
}

/// The factors of an orthonormal transform.
#[track_caller]
fn orthonormal(n: usize, dtype: DType) -> Array {
    let first = Array::constant_scalar(dtype, (0.25 / n as f64).sqrt());
    where_(iota([n], DType::I32, 0).eq(0), first, (0.5 / n as f64).sqrt())
}

/// The discrete cosine transform of type 2 along `axis`: 2 Σ xₖ cos(πj(2k + 1)/2n), cut or filled with
/// zeros to `n` elements first if that is given; f64 gives f64, other dtypes give f32.
/// `jax.scipy.fft.dct` (defaults: `None`, −1, `Backward`).
///
/// ```
/// use nnx::{Array, fft::{Norm, dct}};
/// let y = dct(Array::from([1.0, 1.0]), None, -1, Norm::Backward);
/// assert!((y.to_vec::<f64>()[0] - 4.0).abs() < 1e-12);
/// ```
///
/// # Panics
/// Panics if there is no such axis or no element, for complex numbers, and for `Norm::Forward`.
#[track_caller]
pub fn dct(x: impl AsArray, n: impl Into<Option<usize>>, axis: isize, norm: Norm) -> Array {
    let x = x.as_array();
    let [(d, n)] = line("dct", x, n.into(), axis);
    check("dct", x, n, norm);
    one_program("dct", std::slice::from_ref(x), |args| {
        let x = sized(&args[0].moveaxis(d as isize, -1), &[n], FftKind::Fft);
        let transformed = fft(folded(&x, n), None, -1, Norm::Backward);
        let dtype = transformed.dtype().real();
        let (cos, sin) = turn(n, dtype);
        let y = (transformed.real() * cos + transformed.imag() * sin) * 2.0;
        let y = if norm == Norm::Ortho { y * orthonormal(n, dtype) } else { y };
        y.moveaxis(-1, d as isize)
    })
}

/// The inverse of [`dct`]. `jax.scipy.fft.idct`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, dct, idct}};
///
/// let x = Array::from([1.0, 2.0, 4.0]);
/// let back = idct(&dct(&x, None, -1, Norm::Ortho), None, -1, Norm::Ortho);
/// assert!(back.allclose(&x, Tolerance::default()).item::<bool>());
/// // The first coefficient alone is a constant.
/// let flat = idct(Array::from([4.0, 0.0]), None, -1, Norm::Backward);
/// assert!(flat.allclose(1.0, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// As [`dct`].
#[track_caller]
pub fn idct(x: impl AsArray, n: impl Into<Option<usize>>, axis: isize, norm: Norm) -> Array {
    let x = x.as_array();
    let [(d, n)] = line("idct", x, n.into(), axis);
    check("idct", x, n, norm);
    one_program("idct", std::slice::from_ref(x), |args| {
        let x = sized(&args[0].moveaxis(d as isize, -1), &[n], FftKind::Fft);
        let dtype = if x.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
        let x = x.astype(dtype);
        let x = if norm == Norm::Ortho { x / orthonormal(n, dtype) } else { x };
        let (cos, sin) = turn(n, dtype);
        // The imaginary part of the transform comes from the elements in reverse order.
        let last = x.rank() - 1;
        let mut first = x.shape().to_vec();
        first[last] = 1;
        let zero = crate::array::zeros(first, dtype);
        let back = concatenate([&zero, &x.slice_dim(last, 1, n).flip(last)], -1);
        let real = (&x * &cos + &back * &sin) * 0.5;
        let imag = (x * sin - back * cos) * 0.5;
        let folded = ifft(complex(&real, &imag), None, -1, Norm::Backward).real();
        let place = iota([n], DType::I64, 0);
        let from_the_end = -(&place + 1).floor_divide(2) + n as i64;
        let order = where_((&place % 2).eq(0), place.floor_divide(2), &from_the_end);
        folded.take(&order, -1).moveaxis(-1, d as isize)
    })
}

/// [`dct`] along several axes. `jax.scipy.fft.dctn` (defaults `..`, `Backward`).
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, dctn}};
///
/// let y = dctn(Array::from([[1.0, 1.0], [1.0, 1.0]]), .., Norm::Backward);
/// let expected = Array::from([[16.0, 0.0], [0.0, 0.0]]);
/// assert!(y.allclose(expected, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// As [`dct`].
#[track_caller]
pub fn dctn(x: impl AsArray, axes: impl IntoAxes, norm: Norm) -> Array {
    let x = x.as_array();
    let mut y = x.clone();
    for d in axes.into_axes().resolve("dctn", x.aval()) {
        y = dct(&y, None, d as isize, norm);
    }
    y
}

/// [`idct`] along several axes. `jax.scipy.fft.idctn` (defaults `..`, `Backward`).
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, dctn, idctn}};
///
/// let x = Array::from([[1.0, 2.0], [3.0, 5.0]]);
/// let back = idctn(&dctn(&x, .., Norm::Backward), .., Norm::Backward);
/// assert!(back.allclose(&x, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// As [`dct`].
#[track_caller]
pub fn idctn(x: impl AsArray, axes: impl IntoAxes, norm: Norm) -> Array {
    let x = x.as_array();
    let mut y = x.clone();
    for d in axes.into_axes().resolve("idctn", x.aval()) {
        y = idct(&y, None, d as isize, norm);
    }
    y
}
