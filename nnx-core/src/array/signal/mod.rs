//! Convolutions with any number of axes and spectra, with the names and semantics of `jax.scipy.signal`.

mod spectral;

pub use spectral::{Averaged, Boundary, Pieces, Scaling, Taper, csd, istft, stft, welch};

use super::axes::{dim, invalid};
use super::{AsArray, ConvOptions, ConvolveMode, Padding, conv_general_dilated, fft, one_program};
use crate::graph::Array;
use crate::value::promote_dtypes;

/// Whether the first operand is at least as large as the second along every axis, or the other way round.
#[track_caller]
fn check(op: &str, a: &Array, b: &Array) -> bool {
    let (larger, smaller) = (
        a.shape().iter().zip(b.shape()).all(|(a, b)| a >= b),
        a.shape().iter().zip(b.shape()).all(|(a, b)| a <= b),
    );
    if a.rank() != b.rank() || a.size() == 0 || b.size() == 0 || !(larger || smaller) {
        let (a, b) = (a.aval(), b.aval());
        invalid(
            op,
            format!(
                "needs arrays with elements and the same number of axes, one of them the smaller along \
                 every axis, got {a} and {b}"
            ),
        );
    }
    smaller
}

#[track_caller]
fn direct(op: &'static str, a: &Array, b: &Array, mode: ConvolveMode) -> Array {
    let exchanged = check(op, a, b);
    let dtype = promote_dtypes(a.dtype(), b.dtype());
    // Of the length of the first operand, wherever it stands then.
    let second: Vec<i64> = b.shape().iter().map(|&n| n as i64).collect();
    one_program(op, &[a.clone(), b.clone()], |args| {
        let [a, b] = [&args[0], &args[1]].map(|x| x.astype(dtype).to_inexact());
        let (long, short) = if exchanged { (b, a) } else { (a, b) };
        let pairs = short.shape().iter().zip(&second).map(|(&n, &o)| {
            let n = n as i64;
            match mode {
                ConvolveMode::Valid => (0, 0),
                ConvolveMode::Full => (n - 1, n - 1),
                ConvolveMode::Same => (n - 1 - (o - 1) / 2, n - o + (o - 1) / 2),
            }
        });
        let options =
            ConvOptions { padding: Padding::Explicit(pairs.collect()), ..Default::default() };
        let image = [&[1], long.shape(), &[1]].concat();
        let kernel = [short.shape(), &[1, 1]].concat();
        let y = conv_general_dilated(long.reshape(image), short.flip(..).reshape(kernel), &options);
        let rank = y.rank();
        y.squeeze([0, rank - 1])
    })
}

/// The convolution of two arrays with the same number of axes: for `Full` wherever they overlap, for
/// `Same` the middle of that, in the shape of the first, for `Valid` where they overlap completely.
/// Integers become f32. `jax.scipy.signal.convolve`, `convolve2d` (default `Full`).
///
/// ```
/// use nnx::{Array, array::ConvolveMode, signal::convolve};
/// let (x, k) = (Array::from([[1.0, 2.0], [3.0, 4.0]]), Array::from([[1.0, 1.0]]));
/// let y = convolve(&x, &k, ConvolveMode::Full);
/// assert_eq!(y.to_vec::<f64>(), [1.0, 3.0, 2.0, 3.0, 7.0, 4.0]);
/// ```
///
/// # Panics
/// Panics if the numbers of axes differ, there are no elements, or neither array is the smaller along
/// every axis.
#[track_caller]
pub fn convolve(a: impl AsArray, b: impl AsArray, mode: ConvolveMode) -> Array {
    direct("convolve", a.as_array(), b.as_array(), mode)
}

/// The correlation of two arrays with the same number of axes; complex `b` is conjugated. The parts are
/// those of [`convolve`]. `jax.scipy.signal.correlate`, `correlate2d` (default `Full`).
///
/// ```
/// use nnx::{Array, array::ConvolveMode, signal::correlate};
///
/// let (x, k) = (Array::from([[1.0, 2.0], [3.0, 4.0]]), Array::from([[1.0, 10.0]]));
/// let y = correlate(&x, &k, ConvolveMode::Full);
/// assert_eq!(y.to_vec::<f64>(), [10.0, 21.0, 2.0, 30.0, 43.0, 4.0]);
/// ```
///
/// # Panics
/// As [`convolve`].
#[track_caller]
pub fn correlate(a: impl AsArray, b: impl AsArray, mode: ConvolveMode) -> Array {
    direct("correlate", a.as_array(), &b.as_array().conj().flip(..), mode)
}

/// The convolution of two arrays by Fourier transforms: faster for large ones, and less exact. The parts are those of
/// [`convolve`]. `jax.scipy.signal.fftconvolve` (default `Full`).
///
/// ```
/// use nnx::{Array, array::{ConvolveMode, Tolerance}, signal::fftconvolve};
///
/// let (x, k) = (Array::from([1.0, 2.0, 3.0]), Array::from([1.0, 10.0]));
/// let y = fftconvolve(&x, &k, ConvolveMode::Full);
/// let expected = Array::from([1.0, 12.0, 23.0, 30.0]);
/// assert!(y.allclose(&expected, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// As [`convolve`].
#[track_caller]
pub fn fftconvolve(a: impl AsArray, b: impl AsArray, mode: ConvolveMode) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    const OP: &str = "fftconvolve";
    let same = a.shape();
    let exchanged = check(OP, a, b);
    let dtype = promote_dtypes(a.dtype(), b.dtype());
    one_program(OP, &[a.clone(), b.clone()], |args| {
        let [a, b] = [&args[0], &args[1]].map(|x| x.astype(dtype).to_inexact());
        let own = a.dtype();
        let full: Vec<usize> =
            a.shape().iter().zip(b.shape()).map(|(m, n)| m.saturating_add(*n) - 1).collect();
        let wide = |x: &Array| {
            let pairs = full.iter().zip(x.shape()).map(|(&n, &m)| (0, (n - m) as i64));
            fft::fftn(x.pad(&pairs.collect::<Vec<_>>(), 0), .., fft::Norm::Backward)
        };
        let y = fft::ifftn(&(wide(&a) * wide(&b)), .., fft::Norm::Backward);
        let y = if own.is_complex() { y } else { y.real() };
        let wanted: Vec<usize> = match mode {
            ConvolveMode::Full => full.clone(),
            ConvolveMode::Same => same.to_vec(),
            ConvolveMode::Valid => {
                let (long, short) = if exchanged { (&b, &a) } else { (&a, &b) };
                long.shape().iter().zip(short.shape()).map(|(m, n)| m - n + 1).collect()
            }
        };
        (0..y.rank())
            .fold(y, |y, d| {
                let start = (full[d] - wanted[d]) / 2;
                y.slice_dim(d, start, start + wanted[d])
            })
            .astype(own)
    })
}

/// The part that [`detrend`] takes away.
///
/// ```
/// use nnx::{Array, array::Tolerance, signal::{Trend, detrend}};
///
/// let x = Array::from([1.0, 2.0, 6.0]);
/// let y = detrend(&x, -1, Trend::Linear); // less −0.5 + 2.5 t at 0, 1, 2 and a half more
/// assert!(y.allclose(Array::from([0.5, -1.0, 0.5]), Tolerance::default()).item::<bool>());
/// assert_eq!(detrend(&x, -1, Trend::Constant).to_vec::<f64>(), [-2.0, -1.0, 3.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Trend {
    /// The line nearest to the elements in the mean square: `"linear"`.
    #[default]
    Linear,
    /// The mean: `"constant"`.
    Constant,
}

/// The array without its trend along `axis`; integers become f32. `jax.scipy.signal.detrend`
/// without break points (default last axis, `Linear`).
///
/// ```
/// use nnx::{Array, signal::{Trend, detrend}};
/// let y = detrend(Array::from([1.0, 2.0, 6.0]), -1, Trend::Constant);
/// assert_eq!(y.to_vec::<f64>(), [-2.0, -1.0, 3.0]);
/// ```
///
/// # Panics
/// Panics if there is no such axis, or for complex numbers.
#[track_caller]
pub fn detrend(x: impl AsArray, axis: isize, trend: Trend) -> Array {
    detrend_of(x.as_array(), axis, trend)
}

#[track_caller]
fn detrend_of(x: &Array, axis: isize, trend: Trend) -> Array {
    const OP: &str = "detrend";
    let d = dim(OP, axis, x.aval());
    if x.dtype().is_complex() {
        invalid(OP, format!("takes real numbers, got {}", x.aval()));
    }
    let n = x.shape()[d];
    one_program(OP, &[x.to_inexact()], |args| {
        let x = args[0].to_wide().moveaxis(d as isize, -1);
        let centred = &x - x.mean(super::keepdims(-1));
        let y = match trend {
            Trend::Constant => centred,
            Trend::Linear => {
                // The slope of a line through the mean.
                let t = super::iota([n], x.dtype(), 0) - (n.max(1) - 1) as f64 / 2.0;
                let squares = (n as f64).powi(3) / 12.0 - n as f64 / 12.0;
                let slope = (&centred * &t).sum(super::keepdims(-1)) / squares.max(1.0 / 12.0);
                centred - slope * t
            }
        };
        y.moveaxis(-1, d as isize).astype(args[0].dtype())
    })
}
