//! Complex numbers and their parts.

use super::program::{Compute, binary};
use super::{Operand, one_program};
use crate::graph::Array;
use crate::ops::{Complex, ComplexPart};
use crate::run::bind1;

/// Complex numbers. Cotangents pair with tangents without conjugation, as in JAX: the gradient of
/// a real loss with respect to z = x + iy is ∂x − i ∂y.
impl Array {
    /// The real part; real arrays stay as they are. `jax.numpy.real`.
    ///
    /// ```
    /// use nnx::{Array, array::complex};
    /// let z = complex(&Array::scalar(3.0_f32), &Array::scalar(4.0_f32));
    /// assert_eq!((z.real().item::<f32>(), z.abs().item::<f32>()), (3.0, 5.0));
    /// ```
    #[track_caller]
    pub fn real(&self) -> Array {
        if self.dtype().is_complex() { bind1(ComplexPart::Real, &[self]) } else { self.clone() }
    }

    /// The imaginary part; zeros for real arrays. `jax.numpy.imag`.
    ///
    /// ```
    /// use nnx::{Array, array::complex};
    ///
    /// let z = complex(Array::from([3.0, 1.0]), Array::from([4.0, -2.0]));
    /// assert_eq!(z.imag().to_vec::<f64>(), [4.0, -2.0]);
    /// assert_eq!(Array::from([3.0]).imag().to_vec::<f64>(), [0.0]);
    /// ```
    #[track_caller]
    pub fn imag(&self) -> Array {
        if self.dtype().is_complex() {
            bind1(ComplexPart::Imag, &[self])
        } else {
            self.zeros_like()
        }
    }

    /// The complex conjugate; real arrays stay as they are. `jax.numpy.conj`.
    ///
    /// ```
    /// use nnx::{Array, array::complex};
    ///
    /// let z = complex(Array::scalar(3.0), Array::scalar(4.0));
    /// assert_eq!(z.conj().imag().item::<f64>(), -4.0);
    /// assert_eq!((&z * z.conj()).real().item::<f64>(), 25.0);
    /// ```
    #[track_caller]
    pub fn conj(&self) -> Array {
        if !self.dtype().is_complex() {
            return self.clone();
        }
        one_program("conj", std::slice::from_ref(self), |args| {
            let [re, im] = [args[0].real(), args[0].imag()];
            bind1(Complex, &[&re, &-im])
        })
    }

    /// The angle of complex numbers in radians; of real ones 0 or π. `jax.numpy.angle`.
    ///
    /// ```
    /// use nnx::{Array, array::complex};
    /// use std::f64::consts::PI;
    ///
    /// let z = complex(Array::scalar(1.0), Array::scalar(1.0));
    /// assert!((z.angle().item::<f64>() - PI / 4.0).abs() < 1e-6);
    /// assert!((Array::scalar(-2.0).angle().item::<f64>() - PI).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn angle(&self) -> Array {
        one_program("angle", std::slice::from_ref(self), |args| {
            let x = args[0].to_inexact();
            x.imag().atan2(x.real())
        })
    }
}

/// The complex numbers with real parts `re` and imaginary parts `im`, with broadcasting: complex64
/// from f32 and what is narrower, complex128 from f64. `jax.lax.complex`.
///
/// ```
/// use nnx::{Array, DType, array::complex};
///
/// let z = complex(Array::from([1.0_f32, 2.0]), 0.5);
/// assert_eq!(z.dtype(), DType::C64);
/// assert_eq!((z.at(1).get() * 2.0).real().item::<f32>(), 4.0);
/// assert_eq!(z.imag().to_vec::<f32>(), [0.5, 0.5]);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn complex(re: impl Operand, im: impl Operand) -> Array {
    binary("complex", Compute::Inexact, &re, &im, |re, im| {
        let wide = re.dtype().complex().real();
        bind1(Complex, &[&re.astype(wide), &im.astype(wide)])
    })
}

/// −i log((x + iy) / √(x² + y²)), the angle of the point (x, y) for real parts.
#[track_caller]
pub(super) fn complex_atan2(y: Array, x: Array) -> Array {
    one_program("atan2", &[y, x], |args| {
        let (y, x) = (&args[0], &args[1]);
        let none = x.real().zeros_like();
        let i = complex(&none, none.ones_like());
        -&i * ((x + &i * y) / (x * x + y * y).sqrt()).log()
    })
}
