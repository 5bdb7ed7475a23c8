//! Questions about single elements, and comparisons with tolerance.

use super::program::{Compute, binary, unary};
use super::{AsArray, Operand, full, one_program, real_only, select, where_};
use crate::graph::Array;
use crate::ops::{Unary, UnaryOp};
use crate::run::bind1;
use crate::value::DType;

/// Questions about each element; the results are bool.
impl Array {
    /// Whether x is NaN. `jax.numpy.isnan`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1.0, f64::NAN, f64::INFINITY]);
    /// assert_eq!(x.is_nan().to_vec::<bool>(), [false, true, false]);
    /// ```
    #[track_caller]
    pub fn is_nan(&self) -> Array {
        self.ne(self)
    }

    /// Whether x is ∞ or −∞. `jax.numpy.isinf`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([f64::NEG_INFINITY, f64::NAN, f64::INFINITY]);
    /// assert_eq!(x.is_inf().to_vec::<bool>(), [true, false, true]);
    /// ```
    #[track_caller]
    pub fn is_inf(&self) -> Array {
        if self.dtype().inexact() != self.dtype() {
            return full(self.shape(), 0.0, DType::Bool);
        }
        one_program("is_inf", std::slice::from_ref(self), |args| {
            let x = &args[0];
            if !x.dtype().is_complex() {
                return x.abs().eq(f64::INFINITY);
            }
            // The absolute value is NaN where the other part is.
            x.real().is_inf() | x.imag().is_inf()
        })
    }

    /// Whether x is neither infinite nor NaN, of a complex number both parts. `jax.numpy.isfinite`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1.0, f64::NAN, f64::NEG_INFINITY]);
    /// assert_eq!(x.is_finite().to_vec::<bool>(), [true, false, false]);
    /// ```
    #[track_caller]
    pub fn is_finite(&self) -> Array {
        if self.dtype().inexact() != self.dtype() {
            return full(self.shape(), 1.0, DType::Bool);
        }
        one_program("is_finite", std::slice::from_ref(self), |args| {
            let x = &args[0];
            if !x.dtype().is_complex() {
                return bind1(Unary(UnaryOp::IsFinite), &[x]);
            }
            x.real().is_finite() & x.imag().is_finite()
        })
    }

    /// Whether x is ∞. `jax.numpy.isposinf`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([f64::NEG_INFINITY, f64::NAN, f64::INFINITY]);
    /// assert_eq!(x.is_posinf().to_vec::<bool>(), [false, false, true]);
    /// ```
    #[track_caller]
    pub fn is_posinf(&self) -> Array {
        unary("is_posinf", self, |x| x.eq(f64::INFINITY))
    }

    /// Whether x is −∞. `jax.numpy.isneginf`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([f64::NEG_INFINITY, f64::NAN, f64::INFINITY]);
    /// assert_eq!(x.is_neginf().to_vec::<bool>(), [true, false, false]);
    /// ```
    #[track_caller]
    pub fn is_neginf(&self) -> Array {
        unary("is_neginf", self, |x| x.eq(f64::NEG_INFINITY))
    }

    /// Whether the sign bit is set: negative numbers, −0 and NaN with that sign.
    /// `jax.numpy.signbit`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([-2.0, -0.0, 0.0]);
    /// assert_eq!(x.signbit().to_vec::<bool>(), [true, true, false]);
    /// assert_eq!(x.lt(0.0).to_vec::<bool>(), [true, false, false]);
    /// ```
    #[track_caller]
    pub fn signbit(&self) -> Array {
        real_only("signbit", self);
        let ints = match self.dtype().size() {
            _ if !self.dtype().is_float() => return self.lt(0),
            2 => DType::I16,
            4 => DType::I32,
            _ => DType::I64,
        };
        one_program("signbit", std::slice::from_ref(self), |args| args[0].bitcast(ints).lt(0))
    }

    /// The array with `nan` for NaN, `posinf` for ∞ and `neginf` for −∞; without values for the
    /// infinities the largest and the smallest number of the dtype. `jax.numpy.nan_to_num`
    /// (default `nan` 0).
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from_slice(&[f32::NAN, 1.0, f32::INFINITY], [3]);
    /// assert_eq!(x.nan_to_num(0.0, Some(9.0), None).to_vec::<f32>(), [0.0, 1.0, 9.0]);
    /// ```
    #[track_caller]
    pub fn nan_to_num(&self, nan: f64, posinf: Option<f64>, neginf: Option<f64>) -> Array {
        if self.dtype().is_complex() {
            return one_program("nan_to_num", std::slice::from_ref(self), |args| {
                let part = |x: Array| x.nan_to_num(nan, posinf, neginf);
                super::complex(part(args[0].real()), part(args[0].imag()))
            });
        }
        if !self.dtype().is_float() && !self.dtype().is_small_float() {
            return self.clone();
        }
        let limits = finfo(self.dtype());
        one_program("nan_to_num", std::slice::from_ref(self), |args| {
            let x = &args[0];
            let out = select(x.is_nan(), x.full_like(nan), x);
            let high = x.full_like(posinf.unwrap_or(limits.max));
            let out = select(out.eq(f64::INFINITY), &high, &out);
            let low = x.full_like(neginf.unwrap_or(-limits.max));
            select(out.eq(f64::NEG_INFINITY), &low, &out)
        })
    }

    /// Whether |x − y| ≤ `atol` + `rtol` · |y|, elementwise. `jax.numpy.isclose`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    /// let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
    /// assert_eq!(x.isclose(1.000001, Tolerance::default()).to_vec::<bool>(), [true, false]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn isclose(&self, rhs: impl Operand, tolerance: Tolerance) -> Array {
        let Tolerance { rtol, atol, equal_nan } = tolerance;
        binary("isclose", Compute::Inexact, self, &rhs, |a, b| {
            let near = (a - b).abs().le(b.abs() * rtol + atol) & b.is_finite();
            let close = a.eq(b) | near;
            if equal_nan { close | (a.is_nan() & b.is_nan()) } else { close }
        })
    }

    /// Whether all elements are close, as one bool. `jax.numpy.allclose`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let x = Array::from([1.0, 2.0]);
    /// assert!(x.allclose(Array::from([1.0, 2.00001]), Tolerance::default()).item::<bool>());
    /// assert!(!x.allclose(Array::from([1.0, 2.001]), Tolerance::default()).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn allclose(&self, rhs: impl Operand, tolerance: Tolerance) -> Array {
        self.isclose(rhs, tolerance).all(..)
    }

    /// Whether shapes and all elements are equal, as one bool. `jax.numpy.array_equal`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 1]);
    /// assert!(x.array_equal(Array::from([1, 1])).item::<bool>());
    /// assert!(!x.array_equal(Array::scalar(1)).item::<bool>()); // another shape
    /// ```
    #[track_caller]
    pub fn array_equal(&self, rhs: impl AsArray) -> Array {
        let rhs = rhs.as_array();
        if self.shape() != rhs.shape() {
            return Array::scalar(false);
        }
        one_program("array_equal", &[self.clone(), rhs.clone()], |args| {
            args[0].eq(&args[1]).all(..)
        })
    }

    /// The array with a constant where the condition does not hold: as
    /// [`where_`] with this array first. `jax.numpy.where`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([-1, 2, 3]);
    /// assert_eq!(x.where_or(x.gt(0), 0).to_vec::<i32>(), [0, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn where_or(&self, which: impl AsArray, otherwise: impl Operand) -> Array {
        where_(which, self, otherwise)
    }
}

/// How far two numbers may be apart and still count as equal.
///
/// ```
/// use nnx::{Array, array::Tolerance};
///
/// let x = Array::from([100.0, f64::NAN]);
/// let loose = Tolerance { rtol: 1e-2, equal_nan: true, ..Default::default() };
/// let y = Array::from([100.5, f64::NAN]);
/// assert_eq!(x.isclose(&y, loose).to_vec::<bool>(), [true, true]);
/// assert_eq!(x.isclose(&y, Tolerance::default()).to_vec::<bool>(), [false, false]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Relative to the second operand.
    pub rtol: f64,
    /// Absolute.
    pub atol: f64,
    /// Whether NaN equals NaN.
    pub equal_nan: bool,
}

impl Default for Tolerance {
    /// As in NumPy: 1e-5 and 1e-8, and NaN equals nothing.
    fn default() -> Self {
        Tolerance { rtol: 1e-5, atol: 1e-8, equal_nan: false }
    }
}

/// Limits of a float dtype.
///
/// ```
/// use nnx::{DType, array::{FloatInfo, finfo}};
///
/// let FloatInfo { max, eps, bits, .. } = finfo(DType::F16);
/// assert_eq!((max, eps, bits), (65504.0, 1.0 / 1024.0, 16));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FloatInfo {
    /// The largest finite number.
    pub max: f64,
    /// The smallest finite number, −[`max`](FloatInfo::max).
    pub min: f64,
    /// The smallest positive normal number.
    pub tiny: f64,
    /// The distance from 1 to the next larger number.
    pub eps: f64,
    /// Width in bits.
    pub bits: usize,
}

/// The limits of a float dtype; of a complex one, those of its parts. `jax.numpy.finfo`.
///
/// ```
/// use nnx::{DType, array::finfo};
/// assert_eq!(finfo(DType::F32).eps, f64::from(f32::EPSILON));
/// ```
///
/// # Panics
/// Panics if the dtype is not a float.
#[track_caller]
pub fn finfo(dtype: DType) -> FloatInfo {
    use crate::value::*;
    use half::{bf16, f16};
    let small = |max: f64, tiny: f64, eps: f64| FloatInfo { max, min: -max, tiny, eps, bits: 8 };
    match dtype {
        DType::F16 => FloatInfo {
            max: f16::MAX.to_f64(),
            min: -f16::MAX.to_f64(),
            tiny: f16::MIN_POSITIVE.to_f64(),
            eps: f16::EPSILON.to_f64(),
            bits: 16,
        },
        DType::BF16 => FloatInfo {
            max: bf16::MAX.to_f64(),
            min: -bf16::MAX.to_f64(),
            tiny: bf16::MIN_POSITIVE.to_f64(),
            eps: bf16::EPSILON.to_f64(),
            bits: 16,
        },
        DType::F32 | DType::C64 => FloatInfo {
            max: f64::from(f32::MAX),
            min: -f64::from(f32::MAX),
            tiny: f64::from(f32::MIN_POSITIVE),
            eps: f64::from(f32::EPSILON),
            bits: 32,
        },
        DType::F64 | DType::C128 => FloatInfo {
            max: f64::MAX,
            min: f64::MIN,
            tiny: f64::MIN_POSITIVE,
            eps: f64::EPSILON,
            bits: 64,
        },
        DType::F8E4M3FN => small(F8E4M3FN::MAX, F8E4M3FN::MIN_POSITIVE, F8E4M3FN::EPSILON),
        DType::F8E5M2 => small(F8E5M2::MAX, F8E5M2::MIN_POSITIVE, F8E5M2::EPSILON),
        DType::F8E4M3B11FNUZ => {
            small(F8E4M3B11FNUZ::MAX, F8E4M3B11FNUZ::MIN_POSITIVE, F8E4M3B11FNUZ::EPSILON)
        }
        DType::F8E4M3FNUZ => small(F8E4M3FNUZ::MAX, F8E4M3FNUZ::MIN_POSITIVE, F8E4M3FNUZ::EPSILON),
        DType::F8E5M2FNUZ => small(F8E5M2FNUZ::MAX, F8E5M2FNUZ::MIN_POSITIVE, F8E5M2FNUZ::EPSILON),
        DType::F8E3M4 => small(F8E3M4::MAX, F8E3M4::MIN_POSITIVE, F8E3M4::EPSILON),
        DType::F8E4M3 => small(F8E4M3::MAX, F8E4M3::MIN_POSITIVE, F8E4M3::EPSILON),
        // Without a sign: the least number is the smallest.
        DType::F8E8M0FNU => FloatInfo {
            min: F8E8M0FNU::MIN_POSITIVE,
            ..small(F8E8M0FNU::MAX, F8E8M0FNU::MIN_POSITIVE, F8E8M0FNU::EPSILON)
        },
        other => super::invalid("finfo", format!("{other} is not a float dtype")),
    }
}

/// The smallest and the largest number of an integer dtype. `jax.numpy.iinfo`.
///
/// ```
/// use nnx::{DType, array::iinfo};
/// assert_eq!(iinfo(DType::I8), (-128, 127));
/// ```
///
/// # Panics
/// Panics if the dtype is not an integer.
#[track_caller]
pub fn iinfo(dtype: DType) -> (i128, i128) {
    let bits = 8 * dtype.size() as u32;
    if dtype.is_signed_int() {
        (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
    } else if dtype.is_unsigned_int() {
        (0, (1_i128 << bits) - 1)
    } else {
        super::invalid("iinfo", format!("{dtype} is not an integer dtype"))
    }
}
