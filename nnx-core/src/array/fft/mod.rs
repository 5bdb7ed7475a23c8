//! Discrete Fourier transforms, with the names and semantics of `jax.numpy.fft`, and the cosine transforms of
//! `jax.scipy.fft`. f32 and narrower
//! give complex64, f64 gives complex128.

mod cosine;

pub use cosine::{dct, dctn, idct, idctn};

use super::axes::{dim, invalid};
use super::{AsArray, IntoAxes, iota, one_program};
use crate::graph::Array;
use crate::lower::FftKind;
use crate::ops::Fft;
use crate::run::bind1;
use crate::value::DType;

/// By what transforms of n elements are divided.
///
/// ```
/// use nnx::{Array, fft::{Norm, fft}};
///
/// let first = |norm| fft(Array::from([1.0_f32; 4]), None, -1, norm).real().to_vec::<f32>()[0];
/// assert_eq!([Norm::Backward, Norm::Ortho, Norm::Forward].map(first), [4.0, 2.0, 1.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Norm {
    /// The inverse by n.
    #[default]
    Backward,
    /// Both by √n.
    Ortho,
    /// The forward transform by n.
    Forward,
}

impl FftKind {
    fn forward(self) -> bool {
        matches!(self, FftKind::Fft | FftKind::Rfft)
    }
}

/// A transform along some axes, of the given sizes.
#[track_caller]
fn transform(name: &str, kind: FftKind, x: &Array, axes: &[(usize, usize)], norm: Norm) -> Array {
    if x.dtype().is_complex() && kind == FftKind::Rfft {
        invalid(name, format!("takes real numbers, got {}", x.aval()));
    }
    if let Some((d, _)) = axes.iter().find(|(_, n)| *n == 0) {
        invalid(name, format!("a transform along axis {d} of {} needs elements", x.aval()));
    }
    let rank = x.rank();
    let kept: Vec<usize> = (0..rank).filter(|d| axes.iter().all(|(e, _)| e != d)).collect();
    let order: Vec<usize> = kept.into_iter().chain(axes.iter().map(|(d, _)| *d)).collect();
    let mut back = vec![0; rank];
    order.iter().enumerate().for_each(|(i, &d)| back[d] = i);
    let lengths: Vec<usize> = axes.iter().map(|(_, n)| *n).collect();
    one_program(name, std::slice::from_ref(x), |args| {
        let x = &args[0];
        let x = match (kind, x.dtype()) {
            (FftKind::Rfft, DType::F64) => x.clone(),
            (FftKind::Rfft, _) => x.astype(DType::F32),
            (_, dtype) => x.astype(dtype.complex()),
        };
        let x = sized(&x.transpose(order.as_slice()), &lengths, kind);
        let y = grouped(x, kind, &lengths).transpose(back.as_slice());
        let count = lengths.iter().product::<usize>() as f64;
        match (norm, kind.forward()) {
            (Norm::Ortho, true) => y / count.sqrt(),
            (Norm::Ortho, false) => y * count.sqrt(),
            (Norm::Forward, true) => y / count,
            (Norm::Forward, false) => y * count,
            (Norm::Backward, _) => y,
        }
    })
}

/// The last axes cut or filled with zeros to what the transform takes.
#[track_caller]
fn sized(x: &Array, lengths: &[usize], kind: FftKind) -> Array {
    let first = x.rank() - lengths.len();
    let mut pairs = vec![(0, 0); x.rank()];
    for (i, &n) in lengths.iter().enumerate() {
        let half = kind == FftKind::Irfft && i + 1 == lengths.len();
        let wanted = if half { n / 2 + 1 } else { n };
        // A length too large to count is refused by the padding.
        let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
        pairs[first + i].1 = wanted - x.shape()[first + i] as i64;
    }
    if pairs.iter().all(|p| p.1 == 0) { x.clone() } else { x.pad(&pairs, 0) }
}

/// XLA transforms at most three axes at once: the last ones, then those before them.
#[track_caller]
fn grouped(mut x: Array, kind: FftKind, lengths: &[usize]) -> Array {
    let rank = x.rank();
    let whole = match kind {
        FftKind::Rfft => FftKind::Fft,
        FftKind::Irfft => FftKind::Ifft,
        other => other,
    };
    // The real side last when it is made, first when it is taken apart.
    let (rest, last) = lengths.split_at(lengths.len() - lengths.len().min(3));
    let run = |x: &Array, kind: FftKind, lengths: &[usize]| {
        bind1(Fft { kind, lengths: lengths.to_vec() }, &[x])
    };
    let outer = |mut x: Array| {
        for (i, &n) in rest.iter().enumerate() {
            let d = (rank - lengths.len() + i) as isize;
            x = run(&x.moveaxis(d, -1), whole, &[n]).moveaxis(-1, d);
        }
        x
    };
    if kind.forward() {
        x = outer(run(&x, kind, last));
    } else {
        x = run(&outer(x), kind, last);
    }
    x
}

/// The axis and the given or own length of a 1-d transform.
#[track_caller]
fn line(name: &str, x: &Array, n: Option<usize>, axis: isize) -> [(usize, usize); 1] {
    let d = dim(name, axis, x.aval());
    [(d, n.unwrap_or(x.shape()[d]))]
}

/// The discrete Fourier transform along `axis`: Σ xₖ exp(−2πi jk/n), cut or filled with zeros to
/// `n` elements first if that is given. `jax.numpy.fft.fft` (defaults: `None`, −1, `Backward`).
///
/// ```
/// use nnx::{Array, fft::{fft, Norm}};
/// let x = Array::from_slice(&[1.0_f32, 2.0, 3.0, 4.0], [4]);
/// assert_eq!(fft(&x, None, -1, Norm::Backward).real().to_vec::<f32>(), [10.0, -2.0, -2.0, -2.0]);
/// ```
///
/// # Panics
/// Panics if there is no such axis or no element.
#[track_caller]
pub fn fft(x: impl AsArray, n: impl Into<Option<usize>>, axis: isize, norm: Norm) -> Array {
    let x = x.as_array();
    transform("fft", FftKind::Fft, x, &line("fft", x, n.into(), axis), norm)
}

/// The inverse of [`fft`]. `jax.numpy.fft.ifft`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, fft, ifft}};
///
/// let x = Array::from([1.0, 2.0, 4.0]);
/// let back = ifft(&fft(&x, None, -1, Norm::Backward), None, -1, Norm::Backward);
/// assert!(back.real().allclose(&x, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there is no such axis or no element.
#[track_caller]
pub fn ifft(x: impl AsArray, n: impl Into<Option<usize>>, axis: isize, norm: Norm) -> Array {
    let x = x.as_array();
    transform("ifft", FftKind::Ifft, x, &line("ifft", x, n.into(), axis), norm)
}

/// The transform of real numbers: the n/2 + 1 elements of [`fft`] that are not mirrors of others.
/// `jax.numpy.fft.rfft`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, rfft}};
///
/// let y = rfft(Array::from([1.0, 2.0, 3.0, 4.0]), None, -1, Norm::Backward); // 3 of 4
/// let near = Tolerance { atol: 1e-9, ..Tolerance::default() };
/// assert!(y.real().allclose(Array::from([10.0, -2.0, -2.0]), near).item::<bool>());
/// assert!(y.imag().allclose(Array::from([0.0, 2.0, 0.0]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there is no such axis or no element, or for complex numbers.
#[track_caller]
pub fn rfft(x: impl AsArray, n: impl Into<Option<usize>>, axis: isize, norm: Norm) -> Array {
    let x = x.as_array();
    transform("rfft", FftKind::Rfft, x, &line("rfft", x, n.into(), axis), norm)
}

/// The inverse of [`rfft`]: real numbers, `n` of them, by default 2 (m − 1) for m elements along
/// the axis. `jax.numpy.fft.irfft`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, irfft, rfft}};
///
/// let x = Array::from([1.0, 2.0, 4.0]);
/// let y = rfft(&x, None, -1, Norm::Backward);
/// // The number of elements is given: for an odd one it does not follow from `y`.
/// let back = irfft(&y, 3, -1, Norm::Backward);
/// assert!(back.allclose(&x, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there is no such axis or no element.
#[track_caller]
pub fn irfft(x: impl AsArray, n: impl Into<Option<usize>>, axis: isize, norm: Norm) -> Array {
    let x = x.as_array();
    let d = dim("irfft", axis, x.aval());
    let n = n.into().unwrap_or(2 * x.shape()[d].saturating_sub(1));
    transform("irfft", FftKind::Irfft, x, &[(d, n)], norm)
}

/// The transform of numbers whose negative half is the conjugate of the positive, which is given:
/// `n` real numbers, by default 2 (m − 1). `jax.numpy.fft.hfft`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, hfft}};
///
/// // Of [1, 2, 3, 2], whose second 2 mirrors the first.
/// let y = hfft(Array::from([1.0, 2.0, 3.0]), None, -1, Norm::Backward);
/// assert!(y.allclose(Array::from([8.0, -2.0, 0.0, -2.0]), Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there is no such axis or no element.
#[track_caller]
pub fn hfft(x: impl AsArray, n: impl Into<Option<usize>>, axis: isize, norm: Norm) -> Array {
    let opposite = match norm {
        Norm::Backward => Norm::Forward,
        Norm::Ortho => Norm::Ortho,
        Norm::Forward => Norm::Backward,
    };
    let n = n.into();
    one_program("hfft", std::slice::from_ref(x.as_array()), |args| {
        irfft(args[0].conj(), n, axis, opposite)
    })
}

/// The inverse of [`hfft`]. `jax.numpy.fft.ihfft`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, ihfft}};
///
/// let y = ihfft(Array::from([8.0, -2.0, 0.0, -2.0]), None, -1, Norm::Backward).real();
/// assert!(y.allclose(Array::from([1.0, 2.0, 3.0]), Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there is no such axis or no element, or for complex numbers.
#[track_caller]
pub fn ihfft(x: impl AsArray, n: impl Into<Option<usize>>, axis: isize, norm: Norm) -> Array {
    let opposite = match norm {
        Norm::Backward => Norm::Forward,
        Norm::Ortho => Norm::Ortho,
        Norm::Forward => Norm::Backward,
    };
    let n = n.into();
    one_program("ihfft", std::slice::from_ref(x.as_array()), |args| {
        rfft(&args[0], n, axis, opposite).conj()
    })
}

/// The axes, in the order given, with their lengths.
#[track_caller]
fn several(name: &str, x: &Array, axes: impl IntoAxes) -> Vec<(usize, usize)> {
    let axes = axes.into_axes().axes;
    let all: Vec<isize> = (0..x.rank() as isize).collect();
    let given = axes.unwrap_or(all);
    let mut axes = Vec::with_capacity(given.len());
    // No closure, for it would hide the user's line.
    for axis in given {
        axes.push(dim(name, axis, x.aval()));
    }
    if (1..axes.len()).any(|i| axes[..i].contains(&axes[i])) {
        invalid(name, format!("an axis of {} is given twice in {axes:?}", x.aval()));
    }
    if axes.is_empty() {
        invalid(name, format!("{} is transformed along no axis", x.aval()));
    }
    axes.into_iter().map(|d| (d, x.shape()[d])).collect()
}

/// [`fft`] along several axes. `jax.numpy.fft.fftn`; with axes `[-2, -1]` `jax.numpy.fft.fft2`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, fftn}};
///
/// let x = Array::from([[1.0, 2.0], [3.0, 4.0]]);
/// let y = fftn(&x, .., Norm::Backward).real();
/// let expected = Array::from([[10.0, -2.0], [-4.0, 0.0]]);
/// assert!(y.allclose(expected, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there are no such axes or no elements.
#[track_caller]
pub fn fftn(x: impl AsArray, axes: impl IntoAxes, norm: Norm) -> Array {
    let x = x.as_array();
    transform("fftn", FftKind::Fft, x, &several("fftn", x, axes), norm)
}

/// The inverse of [`fftn`]. `jax.numpy.fft.ifftn`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, ifftn}};
///
/// let y = Array::from([[10.0, -2.0], [-4.0, 0.0]]);
/// let x = ifftn(&y, .., Norm::Backward).real();
/// let expected = Array::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert!(x.allclose(expected, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there are no such axes or no elements.
#[track_caller]
pub fn ifftn(x: impl AsArray, axes: impl IntoAxes, norm: Norm) -> Array {
    let x = x.as_array();
    transform("ifftn", FftKind::Ifft, x, &several("ifftn", x, axes), norm)
}

/// The transform of real numbers along several axes, of which the last one is halved.
/// `jax.numpy.fft.rfftn`.
///
/// ```
/// use nnx::{DType, array::ones, fft::{Norm, rfftn}};
///
/// let y = rfftn(&ones([2, 4, 4], DType::F32), [1, 2], Norm::Backward);
/// assert_eq!(y.shape(), [2, 4, 3]);
/// let constant = y.slice([(..).into(), 0.into(), 0.into()]).real();
/// assert_eq!(constant.to_vec::<f32>(), [16.0, 16.0]);
/// ```
///
/// # Panics
/// Panics if there are no such axes or no elements, or for complex numbers.
#[track_caller]
pub fn rfftn(x: impl AsArray, axes: impl IntoAxes, norm: Norm) -> Array {
    let x = x.as_array();
    transform("rfftn", FftKind::Rfft, x, &several("rfftn", x, axes), norm)
}

/// The inverse of [`rfftn`]; the last of the axes has 2 (m − 1) elements afterwards.
/// `jax.numpy.fft.irfftn`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, irfftn, rfftn}};
///
/// let x = Array::from([[1.0, 2.0], [3.0, 5.0]]);
/// let back = irfftn(&rfftn(&x, .., Norm::Ortho), .., Norm::Ortho);
/// assert!(back.allclose(&x, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there are no such axes or no elements.
#[track_caller]
pub fn irfftn(x: impl AsArray, axes: impl IntoAxes, norm: Norm) -> Array {
    let x = x.as_array();
    let mut axes = several("irfftn", x, axes);
    if let Some((_, n)) = axes.last_mut() {
        *n = 2 * n.saturating_sub(1);
    }
    transform("irfftn", FftKind::Irfft, x, &axes, norm)
}

/// [`fftn`] along the last two axes. `jax.numpy.fft.fft2`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, fft2}};
///
/// let y = fft2(Array::from([[1.0, 2.0], [3.0, 4.0]]), Norm::Backward).real();
/// let expected = Array::from([[10.0, -2.0], [-4.0, 0.0]]);
/// assert!(y.allclose(expected, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes or no elements.
#[track_caller]
pub fn fft2(x: impl AsArray, norm: Norm) -> Array {
    let x = x.as_array();
    transform("fft2", FftKind::Fft, x, &several("fft2", x, [-2, -1]), norm)
}

/// [`ifftn`] along the last two axes. `jax.numpy.fft.ifft2`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, ifft2}};
///
/// let x = ifft2(Array::from([[10.0, -2.0], [-4.0, 0.0]]), Norm::Backward).real();
/// let expected = Array::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert!(x.allclose(expected, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes or no elements.
#[track_caller]
pub fn ifft2(x: impl AsArray, norm: Norm) -> Array {
    let x = x.as_array();
    transform("ifft2", FftKind::Ifft, x, &several("ifft2", x, [-2, -1]), norm)
}

/// [`rfftn`] along the last two axes. `jax.numpy.fft.rfft2`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, rfft2}};
///
/// let y = rfft2(Array::from([[1.0, 2.0, 3.0, 4.0]]), Norm::Backward).real(); // [1, 3]
/// assert!(y.allclose(Array::from([[10.0, -2.0, -2.0]]), Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes or no elements, or for complex numbers.
#[track_caller]
pub fn rfft2(x: impl AsArray, norm: Norm) -> Array {
    let x = x.as_array();
    transform("rfft2", FftKind::Rfft, x, &several("rfft2", x, [-2, -1]), norm)
}

/// [`irfftn`] along the last two axes. `jax.numpy.fft.irfft2`.
///
/// ```
/// use nnx::{Array, array::Tolerance, fft::{Norm, irfft2, rfft2}};
///
/// let x = Array::from([[1.0, 2.0, 3.0, 4.0]]);
/// let back = irfft2(&rfft2(&x, Norm::Backward), Norm::Backward);
/// assert!(back.allclose(&x, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes or no elements.
#[track_caller]
pub fn irfft2(x: impl AsArray, norm: Norm) -> Array {
    let x = x.as_array();
    several("irfft2", x, [-2, -1]);
    irfftn(x, [-2, -1], norm)
}

/// The frequencies of the elements of [`fft`] for samples `d` apart: 0, 1, …, −1 over `n d`.
/// `jax.numpy.fft.fftfreq`.
///
/// ```
/// use nnx::{DType, fft::fftfreq};
///
/// // Four samples, each half a second after the last: in hertz.
/// assert_eq!(fftfreq(4, 0.5, DType::F32).to_vec::<f32>(), [0.0, 0.5, -1.0, -0.5]);
/// ```
///
/// # Panics
/// Panics if `n` is 0.
#[track_caller]
pub fn fftfreq(n: usize, d: f64, dtype: DType) -> Array {
    if n == 0 {
        invalid("fftfreq", "needs at least one element".into());
    }
    super::program::program("fftfreq", &[], |_| {
        let k = iota([n], DType::I32, 0);
        let k = super::where_(k.ge(n.div_ceil(2)), &k - n as i32, &k);
        vec![k.astype(dtype) / (n as f64 * d)]
    })
    .remove(0)
}

/// The frequencies of the elements of [`rfft`] for samples `d` apart. `jax.numpy.fft.rfftfreq`.
///
/// ```
/// use nnx::{DType, fft::rfftfreq};
///
/// assert_eq!(rfftfreq(4, 0.5, DType::F32).to_vec::<f32>(), [0.0, 0.5, 1.0]);
/// ```
///
/// # Panics
/// Panics if `n` is 0.
#[track_caller]
pub fn rfftfreq(n: usize, d: f64, dtype: DType) -> Array {
    if n == 0 {
        invalid("rfftfreq", "needs at least one element".into());
    }
    super::program::program("rfftfreq", &[], |_| vec![iota([n / 2 + 1], dtype, 0) / (n as f64 * d)])
        .remove(0)
}

/// The frequency 0 moved to the middle of the axes. `jax.numpy.fft.fftshift`.
///
/// ```
/// use nnx::{DType, fft::{fftfreq, fftshift}};
///
/// let ascending = fftshift(&fftfreq(4, 0.5, DType::F32), ..);
/// assert_eq!(ascending.to_vec::<f32>(), [-1.0, -0.5, 0.0, 0.5]);
/// ```
///
/// # Panics
/// Panics if there are no such axes.
#[track_caller]
pub fn fftshift(x: impl AsArray, axes: impl IntoAxes) -> Array {
    shift("fftshift", x.as_array(), axes, |n| n / 2)
}

/// The inverse of [`fftshift`]. `jax.numpy.fft.ifftshift`.
///
/// ```
/// use nnx::{Array, fft::{fftshift, ifftshift}};
///
/// let x = Array::from([0, 1, 2, 3, 4]);
/// assert_eq!(ifftshift(&x, ..).to_vec::<i32>(), [2, 3, 4, 0, 1]); // for odd sizes not `fftshift`
/// assert_eq!(ifftshift(&fftshift(&x, ..), ..).to_vec::<i32>(), [0, 1, 2, 3, 4]);
/// ```
///
/// # Panics
/// Panics if there are no such axes.
#[track_caller]
pub fn ifftshift(x: impl AsArray, axes: impl IntoAxes) -> Array {
    shift("ifftshift", x.as_array(), axes, |n| n.div_ceil(2))
}

#[track_caller]
fn shift(name: &str, x: &Array, axes: impl IntoAxes, by: fn(usize) -> usize) -> Array {
    let dims = axes.into_axes().resolve(name, x.aval());
    one_program(name, std::slice::from_ref(x), |args| {
        dims.iter().fold(args[0].clone(), |x, &d| x.roll(by(x.shape()[d]) as isize, d as isize))
    })
}
