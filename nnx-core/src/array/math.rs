//! Elementwise functions of floats beyond those that are single operations.

use super::program::{Compute, binary, program2, unary};
use super::{AsArray, Operand, complex, finfo, real_only, select, where_};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, custom_jvp};
use crate::rewrite::add_tangents;
use crate::value::DType;
use std::f64::consts::{LN_2, LOG10_E, PI};

/// `f` of the parts of complex numbers by themselves, so that an infinite one leaves the other alone.
#[track_caller]
fn of_parts(x: &Array, f: impl Fn(&Array) -> Array) -> Array {
    if x.dtype().is_complex() { complex(f(&x.real()), f(&x.imag())) } else { f(x) }
}

/// Elementwise functions made of others. Integers and bools become f32 first.
impl Array {
    /// Logarithm to base 2. `jax.numpy.log2`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([8.0, 0.5]).log2();
    /// assert!(y.allclose(Array::from([3.0, -1.0]), Tolerance::default()).item::<bool>());
    /// ```
    #[track_caller]
    pub fn log2(&self) -> Array {
        unary("log2", self, |x| of_parts(&x.log(), |y| y / LN_2))
    }

    /// Logarithm to base 10. `jax.numpy.log10`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([1000.0, 0.01]).log10();
    /// assert!(y.allclose(Array::from([3.0, -2.0]), Tolerance::default()).item::<bool>());
    /// ```
    #[track_caller]
    pub fn log10(&self) -> Array {
        unary("log10", self, |x| of_parts(&x.log(), |y| y * LOG10_E))
    }

    /// 2ˣ. `jax.numpy.exp2`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([3, -1]).exp2(); // of integers, as f32
    /// assert!(y.allclose(Array::from([8.0_f32, 0.5]), Tolerance::default()).item::<bool>());
    /// ```
    #[track_caller]
    pub fn exp2(&self) -> Array {
        unary("exp2", self, |x| (x * LN_2).exp())
    }

    /// sin(πx) / (πx), 1 at 0. `jax.numpy.sinc`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([0.0, 0.5, 1.0]).sinc();
    /// assert!(y.allclose(Array::from([1.0, 0.63662, 0.0]), Tolerance::default()).item::<bool>());
    /// ```
    #[track_caller]
    pub fn sinc(&self) -> Array {
        unary("sinc", self, |x| {
            let zero = x.eq(0.0);
            let pi_x = x * PI;
            let safe = select(&zero, x.ones_like(), &pi_x);
            // The first terms of the series, for the derivatives at 0; elsewhere they would overflow.
            let square = select(&zero, &pi_x, pi_x.zeros_like()).square();
            let series = 1.0 - &square * (1.0 / 6.0 - &square / 120.0);
            select(&zero, &series, &(safe.sin() / &safe))
        })
    }

    /// This array to a fixed whole power, by repeated multiplication. `jax.lax.integer_pow`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([2, -4]);
    /// assert_eq!(x.powi(3).to_vec::<i32>(), [8, -64]);
    /// assert_eq!(x.powi(-1).to_vec::<f32>(), [0.5, -0.25]);
    /// ```
    #[track_caller]
    pub fn powi(&self, n: i32) -> Array {
        if n == 2 && self.dtype() != DType::Bool {
            return self.square();
        }
        let mut result: Option<Array> = None;
        let (mut base, mut left) = (self.clone(), n.unsigned_abs());
        while left > 0 {
            if left & 1 == 1 {
                result = Some(result.map_or_else(|| base.clone(), |r| &r * &base));
            }
            left >>= 1;
            if left > 0 {
                base = &base * &base;
            }
        }
        let result = result.unwrap_or_else(|| self.ones_like());
        if n < 0 { 1.0 / result } else { result }
    }

    /// Degrees from radians. `jax.numpy.rad2deg`.
    ///
    /// ```
    /// use nnx::Array;
    /// use std::f64::consts::PI;
    ///
    /// assert!((Array::scalar(PI).rad2deg().item::<f64>() - 180.0).abs() < 1e-3);
    /// ```
    #[track_caller]
    pub fn rad2deg(&self) -> Array {
        unary("rad2deg", self, |x| x * (180.0 / PI))
    }

    /// Radians from degrees. `jax.numpy.deg2rad`.
    ///
    /// ```
    /// use nnx::Array;
    /// use std::f64::consts::PI;
    ///
    /// assert!((Array::scalar(180.0).deg2rad().item::<f64>() - PI).abs() < 1e-5);
    /// ```
    #[track_caller]
    pub fn deg2rad(&self) -> Array {
        unary("deg2rad", self, |x| x * (PI / 180.0))
    }

    /// 1 / x. `jax.numpy.reciprocal`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([4, -2]).reciprocal().to_vec::<f32>(), [0.25, -0.5]);
    /// ```
    #[track_caller]
    pub fn reciprocal(&self) -> Array {
        unary("reciprocal", self, |x| 1.0 / x)
    }

    /// The nearest multiple of 10^−`decimals`, halves to even, of both parts of complex numbers;
    /// integers stay as they are.
    /// `jax.numpy.round` (without decimals: [`round`](Array::round)).
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from_slice(&[1.2345_f64, -0.565], [2]);
    /// assert_eq!(x.round_decimals(2).to_vec::<f64>(), [1.23, -0.56]);
    /// ```
    ///
    /// # Panics
    /// Panics for integers and negative `decimals`.
    #[track_caller]
    pub fn round_decimals(&self, decimals: i32) -> Array {
        let dtype = self.dtype();
        if dtype.is_complex() {
            return parts("round_decimals", self, |x| x.round_decimals(decimals));
        }
        if !dtype.is_float() && !dtype.is_small_float() {
            if decimals < 0 {
                let message = format!("{} cannot be rounded to tens", self.aval());
                super::invalid("round_decimals", message);
            }
            return self.clone();
        }
        if f64::from(decimals) > finfo(dtype).max.log10() {
            return self.clone();
        }
        unary("round_decimals", self, |x| {
            if decimals == 0 {
                return x.round();
            }
            let wide = if dtype == DType::F16 { x.astype(DType::F32) } else { x.clone() };
            let factor = 10_f64.powi(decimals);
            ((wide * factor).round() / factor).astype(dtype)
        })
    }

    /// The distance to the next float away from zero, with the sign of x; for f16 to the next one above.
    /// Integers become f32. Its slope is 0. `jax.numpy.spacing`.
    ///
    /// ```
    /// use nnx::Array;
    /// assert_eq!(Array::scalar(1.0_f32).spacing().item::<f32>(), f32::EPSILON);
    /// ```
    ///
    /// # Panics
    /// Panics for complex numbers.
    #[track_caller]
    pub fn spacing(&self) -> Array {
        if self.dtype().is_complex() {
            super::invalid(
                "spacing",
                format!("complex numbers have no order, got {}", self.aval()),
            );
        }
        unary("spacing", self, |x| {
            let (x, limits) = (x.stop_gradient(), finfo(x.dtype()));
            if x.dtype() == DType::F16 {
                return x.nextafter(f64::INFINITY) - &x;
            }
            let step = x.nextafter(x.full_like(f64::INFINITY).copysign(&x)) - &x;
            // A processor that takes denormals for 0 loses the step from 0.
            let least = limits.tiny * limits.eps;
            let least = select(x.signbit(), x.full_like(-least), x.full_like(least));
            select(step.eq(0.0), &least, &step)
        })
    }

    /// The fraction and the whole part, both with the sign of x. `jax.numpy.modf`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (fraction, whole) = Array::from([2.5, -2.5]).modf();
    /// assert_eq!(fraction.to_vec::<f64>(), [0.5, -0.5]);
    /// assert_eq!(whole.to_vec::<f64>(), [2.0, -2.0]);
    /// ```
    #[track_caller]
    pub fn modf(&self) -> (Array, Array) {
        program2("modf", std::slice::from_ref(self), |args| {
            let x = args[0].to_inexact();
            let whole = select(x.ge(0.0), x.floor(), x.ceil());
            (&x - &whole, whole)
        })
    }

    /// √(x² + y²) without overflow on the way. `jax.numpy.hypot`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let x = Array::from([3.0_f32, 3e30]); // whose squares overflow
    /// let y = x.hypot(Array::from([4.0_f32, 4e30]));
    /// assert!(y.allclose(Array::from([5.0_f32, 5e30]), Tolerance::default()).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn hypot(&self, rhs: impl Operand) -> Array {
        binary("hypot", Compute::Inexact, self, &rhs, |x, y| {
            let (x, y) = (x.abs(), y.abs());
            let infinite = x.eq(f64::INFINITY) | y.eq(f64::INFINITY);
            let (large, small) = (x.maximum(&y), x.minimum(&y));
            let zero = large.eq(0.0);
            let safe = select(&zero, large.ones_like(), &large);
            let value = &large * ((small / safe).square() + 1.0).sqrt();
            let value = select(&zero, &large, &value);
            select(&infinite, value.full_like(f64::INFINITY), &value)
        })
    }

    /// The magnitude of x with the sign of `rhs`. `jax.numpy.copysign`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1.0, -2.0]);
    /// assert_eq!(x.copysign(-1.0).to_vec::<f64>(), [-1.0, -2.0]);
    /// assert_eq!(x.copysign(Array::from([5.0, 0.0])).to_vec::<f64>(), [1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn copysign(&self, rhs: impl Operand) -> Array {
        binary("copysign", Compute::Inexact, self, &rhs, |x, y| {
            real_only("copysign", x);
            let magnitude = x.abs();
            select(y.signbit(), &-&magnitude, &magnitude)
        })
    }

    /// 0 for negative x, `at_zero` for 0, 1 for positive x. `jax.numpy.heaviside`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([-3.0, 0.0, 3.0]);
    /// assert_eq!(x.heaviside(0.5).to_vec::<f64>(), [0.0, 0.5, 1.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn heaviside(&self, at_zero: impl Operand) -> Array {
        binary("heaviside", Compute::Inexact, self, &at_zero, |x, y| {
            real_only("heaviside", x);
            let rest = select(x.is_nan(), x, y);
            let rest = select(x.gt(0.0), x.ones_like(), &rest);
            select(x.lt(0.0), x.zeros_like(), &rest)
        })
    }

    /// The larger element; a number wins over NaN. `jax.numpy.fmax`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([f64::NAN, 1.0, 5.0]);
    /// assert_eq!(x.fmax(2.0).to_vec::<f64>(), [2.0, 2.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn fmax(&self, rhs: impl Operand) -> Array {
        binary("fmax", Compute::Promoted, self, &rhs, |x, y| select(&(x.gt(y) | y.is_nan()), x, y))
    }

    /// The smaller element; a number wins over NaN. `jax.numpy.fmin`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([f64::NAN, 1.0, 5.0]);
    /// assert_eq!(x.fmin(2.0).to_vec::<f64>(), [2.0, 1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn fmin(&self, rhs: impl Operand) -> Array {
        binary("fmin", Compute::Promoted, self, &rhs, |x, y| select(&(x.lt(y) | y.is_nan()), x, y))
    }

    /// This array to the power of `rhs`, in floats. `jax.numpy.float_power`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([2, 4]).float_power(-1); // `pow` stays among integers
    /// assert!(y.allclose(Array::from([0.5_f32, 0.25]), Tolerance::default()).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn float_power(&self, rhs: impl Operand) -> Array {
        binary("float_power", Compute::Inexact, self, &rhs, |x, y| x.pow(y))
    }

    /// log₂(2ˣ + 2ʸ) without overflow. `jax.numpy.logaddexp2`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::scalar(2000.0); // 2²⁰⁰⁰ is infinite
    /// assert!((x.logaddexp2(2000.0).item::<f64>() - 2001.0).abs() < 1e-2);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn logaddexp2(&self, rhs: impl Operand) -> Array {
        binary("logaddexp2", Compute::Inexact, self, &rhs, |x, y| custom_jvp(LogAddExp2, &[x, y]))
    }

    /// The mantissa, of magnitude in 0.5..1, and the exponent as i32: x = m · 2ᵉ. 0, infinities
    /// and NaN are their own mantissas with exponent 0. `jax.numpy.frexp`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (mantissa, exponent) = Array::from([6.0, -0.25]).frexp();
    /// assert_eq!(mantissa.to_vec::<f64>(), [0.75, -0.5]);
    /// assert_eq!(exponent.to_vec::<i32>(), [3, -1]);
    /// ```
    #[track_caller]
    pub fn frexp(&self) -> (Array, Array) {
        program2("frexp", std::slice::from_ref(self), |args| {
            let x = args[0].to_inexact();
            let dtype = x.dtype();
            let wide = if dtype.size() < 4 { x.astype(DType::F32) } else { x.clone() };
            let Bits { mantissa, bias, ints } = Bits::of(wide.dtype());
            let special = wide.eq(0.0).logical_or(wide.is_finite().logical_not());
            // Denormals are scaled up, so that their exponent is in the bits too.
            let small = wide.abs().lt(finfo(wide.dtype()).tiny);
            let scaled = select(&small, &(&wide * 2_f64.powi(mantissa + 2)), &wide);
            let raw = scaled.bitcast(ints).shift_right_logical(mantissa) & (2 * bias + 1);
            let raw = raw.astype(DType::I32) - (bias - 1);
            let exponent = where_(&small, &raw - (mantissa + 2), raw);
            let exponent = where_(&special, 0, exponent);
            let value = select(&special, &wide, scale(&wide, &-&exponent));
            (value.astype(dtype), exponent)
        })
    }

    /// x · 2^`exponent`, exact as long as the result is a normal number. `jax.numpy.ldexp`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([0.75, -0.5]);
    /// assert_eq!(x.ldexp(Array::from([3, -1])).to_vec::<f64>(), [6.0, -0.25]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast or `exponent` is not an integer.
    #[track_caller]
    pub fn ldexp(&self, exponent: impl AsArray) -> Array {
        let exponent = exponent.as_array();
        if !exponent.dtype().is_int() {
            let message = format!("needs integer exponents, got {}", exponent.aval());
            super::invalid("ldexp", message);
        }
        let shape = super::program::common_shape("ldexp", &[self, exponent]);
        super::one_program("ldexp", &[self.clone(), exponent.clone()], |args| {
            let x = args[0].to_inexact().broadcast_to_dims(&shape);
            let dtype = x.dtype();
            let wide = if dtype.size() < 4 { x.astype(DType::F32) } else { x };
            let exponent = args[1].clip(-4000, 4000).astype(DType::I32);
            scale(&wide, &exponent.broadcast_to_dims(&shape)).astype(dtype)
        })
    }
}

/// Complex numbers from what `f` makes of their real and imaginary parts.
#[track_caller]
pub(super) fn parts(name: &str, z: &Array, f: impl Fn(&Array) -> Array) -> Array {
    super::one_program(name, std::slice::from_ref(z), |args| {
        super::complex(f(&args[0].real()), f(&args[0].imag()))
    })
}

/// How the bits of a float are laid out.
struct Bits {
    /// Bits of the mantissa.
    mantissa: i32,
    bias: i32,
    /// The unsigned dtype of the same width.
    ints: DType,
}

impl Bits {
    /// Of f32 or f64.
    fn of(dtype: DType) -> Bits {
        if dtype == DType::F64 {
            Bits { mantissa: 52, bias: 1023, ints: DType::U64 }
        } else {
            Bits { mantissa: 23, bias: 127, ints: DType::U32 }
        }
    }
}

/// x · 2ᵉ in several steps, so that no factor leaves the range of the dtype.
#[track_caller]
fn scale(x: &Array, exponent: &Array) -> Array {
    let Bits { mantissa, bias, ints } = Bits::of(x.dtype());
    let step = bias - 1;
    let (mut value, mut left) = (x.clone(), exponent.clone());
    for _ in 0..4 {
        let part = left.clip(-step, step);
        let bits = (&part + bias).astype(ints) << mantissa;
        value *= bits.bitcast(x.dtype());
        left -= part;
    }
    value
}

/// log(eˣ + eʸ) without overflow, with broadcasting. `jax.numpy.logaddexp`.
///
/// ```
/// use nnx::{Array, array::logaddexp};
///
/// let x = Array::scalar(1000.0); // e¹⁰⁰⁰ is infinite
/// assert!((logaddexp(&x, 1000.0).item::<f64>() - 1000.693147).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn logaddexp(x: impl Operand, y: impl Operand) -> Array {
    binary("logaddexp", Compute::Inexact, &x, &y, |x, y| custom_jvp(LogAddExp, &[x, y]))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct LogAddExp;

impl CustomJvp for LogAddExp {
    const NAME: &'static str = "logaddexp";
    fn body(&self, args: &[Array]) -> Array {
        log_add(args, |delta| delta.exp().log1p(), PI)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        shares(cx, Array::exp)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct LogAddExp2;

impl CustomJvp for LogAddExp2 {
    const NAME: &'static str = "logaddexp2";
    fn body(&self, args: &[Array]) -> Array {
        log_add(args, |delta| of_parts(&delta.exp2().log1p(), |y| y / LN_2), PI / LN_2)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        shares(cx, Array::exp2)
    }
}

/// The larger of two logarithms and what the other adds, by `rest` of −|x − y|.
fn log_add(args: &[Array], rest: fn(&Array) -> Array, half_turn: f64) -> Array {
    let (x, y) = (&args[0], &args[1]);
    let max = x.maximum(y);
    if x.dtype().is_complex() {
        // The one with the larger real part cannot overflow beside the other.
        return turned_back(&(&max + rest(&(x + y - &max * 2.0))), half_turn);
    }
    let delta = x - y;
    // NaN: of NaNs, or of infinities of one sign, whose sum is right.
    select(delta.is_nan(), &(x + y), &(max + rest(&-delta.abs())))
}

/// Complex numbers with imaginary parts from `−half_turn` to `half_turn`, by whole turns.
pub(super) fn turned_back(z: &Array, half_turn: f64) -> Array {
    complex(z.real(), (z.imag() + half_turn) % (2.0 * half_turn) - half_turn)
}

/// Each tangent times the share of its operand in the sum.
fn shares(cx: &Jvp<'_>, exp: fn(&Array) -> Array) -> Tangent {
    let finite = |x: &Array| select(x.eq(f64::INFINITY), x.zeros_like(), x);
    let part = |i: usize| {
        let share = exp(&(finite(&cx.primals[i]) - finite(cx.out())));
        cx.tangent(i).map(|t| t * share)
    };
    add_tangents(part(0), part(1))
}
