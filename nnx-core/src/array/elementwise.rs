//! Elementwise functions of one array that are single operations.

use crate::graph::Array;
use crate::ops::{StopGradient, Unary, UnaryOp};
use crate::run::bind1;

/// Whole numbers near. Integers and bools are whole already, and keep their dtype.
impl Array {
    /// Largest integer not above x. `jax.numpy.floor`.
    #[track_caller]
    pub fn floor(&self) -> Array {
        self.whole(UnaryOp::Floor)
    }

    /// Smallest integer not below x. `jax.numpy.ceil`.
    #[track_caller]
    pub fn ceil(&self) -> Array {
        self.whole(UnaryOp::Ceil)
    }

    /// Nearest integer, halves to even, of both parts of complex numbers. `jax.numpy.round`.
    #[track_caller]
    pub fn round(&self) -> Array {
        if self.dtype().is_complex() {
            return super::math::parts("round", self, Array::round);
        }
        self.whole(UnaryOp::RoundNearestEven)
    }

    /// Nearest integer as a float, halves to even: [`round`](Array::round), but integers and bools
    /// become f32. `jax.numpy.rint`.
    #[track_caller]
    pub fn rint(&self) -> Array {
        self.to_inexact().round()
    }

    #[track_caller]
    fn whole(&self, op: UnaryOp) -> Array {
        if self.dtype().is_inexact() { bind1(Unary(op), &[self]) } else { self.clone() }
    }
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident $op:ident;)*) => {
        /// Elementwise functions of one array. The result has the array's shape and dtype.
        ///
        /// The float functions take integer and bool arrays too and convert them to f32 first, as
        /// `jax.numpy` does.
        impl Array {$(
            $(#[$doc])*
            #[track_caller]
            pub fn $name(&self) -> Array {
                bind1(Unary(UnaryOp::$op), &[&self.to_inexact()])
            }
        )*}
    };
}

methods! {
    /// eˣ. `jax.numpy.exp`.
    exp Exp;
    /// eˣ − 1, accurate near 0. `jax.numpy.expm1`.
    expm1 Expm1;
    /// Natural logarithm. `jax.numpy.log`.
    log Log;
    /// ln(1 + x), accurate near 0. `jax.numpy.log1p`.
    log1p Log1p;
    /// Square root. `jax.numpy.sqrt`.
    sqrt Sqrt;
    /// 1 / √x. `jax.lax.rsqrt`.
    rsqrt Rsqrt;
    /// Cube root. `jax.numpy.cbrt`.
    cbrt Cbrt;
    /// Sine of radians. `jax.numpy.sin`.
    sin Sin;
    /// Cosine of radians. `jax.numpy.cos`.
    cos Cos;
    /// Tangent of radians. `jax.numpy.tan`.
    tan Tan;
    /// Inverse sine, in radians. `jax.numpy.arcsin`.
    asin Asin;
    /// Inverse cosine, in radians. `jax.numpy.arccos`.
    acos Acos;
    /// Inverse tangent, in radians. `jax.numpy.arctan`.
    atan Atan;
    /// Hyperbolic sine. `jax.numpy.sinh`.
    sinh Sinh;
    /// Hyperbolic cosine. `jax.numpy.cosh`.
    cosh Cosh;
    /// Inverse hyperbolic sine. `jax.numpy.arcsinh`.
    asinh Asinh;
    /// Inverse hyperbolic cosine. `jax.numpy.arccosh`.
    acosh Acosh;
    /// Inverse hyperbolic tangent. `jax.numpy.arctanh`.
    atanh Atanh;
    /// Hyperbolic tangent. `jax.numpy.tanh`.
    tanh Tanh;
    /// The logistic sigmoid, 1 / (1 + e⁻ˣ). `jax.nn.sigmoid`.
    sigmoid Logistic;
    /// The error function. `jax.scipy.special.erf`.
    erf Erf;
    /// 1 − erf(x), accurate for large x. `jax.scipy.special.erfc`.
    erfc Erfc;
    /// Inverse of the error function. `jax.scipy.special.erfinv`.
    erf_inv ErfInv;
    /// Logarithm of the absolute value of the gamma function. `jax.scipy.special.gammaln`.
    lgamma Lgamma;
    /// Logarithmic derivative of the gamma function. `jax.scipy.special.digamma`.
    digamma Digamma;
    /// Whether x is neither infinite nor NaN; a bool array. `jax.numpy.isfinite`.
    is_finite IsFinite;
}

/// Elementwise functions of one array that keep integer dtypes.
impl Array {
    /// |x|. `jax.numpy.abs`.
    ///
    /// # Panics
    /// Panics for bool arrays.
    #[track_caller]
    pub fn abs(&self) -> Array {
        if self.dtype().is_unsigned_int() {
            self.clone()
        } else {
            bind1(Unary(UnaryOp::Abs), &[self])
        }
    }

    /// x². The derivative is one product, where that of `x * x` is a sum of two.
    /// `jax.numpy.square`.
    ///
    /// # Panics
    /// Panics for bool arrays.
    #[track_caller]
    pub fn square(&self) -> Array {
        bind1(Unary(UnaryOp::Square), &[self])
    }

    /// −1, 0 or 1 by the sign of x; NaN stays. `jax.numpy.sign`.
    ///
    /// # Panics
    /// Panics for bool and unsigned arrays.
    #[track_caller]
    pub fn sign(&self) -> Array {
        bind1(Unary(UnaryOp::Sign), &[self])
    }

    /// Number of bits set. `jax.lax.population_count`.
    ///
    /// # Panics
    /// Panics unless the dtype is an integer.
    #[track_caller]
    pub fn population_count(&self) -> Array {
        bind1(Unary(UnaryOp::PopulationCount), &[self])
    }

    /// Number of leading zero bits. `jax.lax.clz`.
    ///
    /// # Panics
    /// Panics unless the dtype is an integer.
    #[track_caller]
    pub fn count_leading_zeros(&self) -> Array {
        bind1(Unary(UnaryOp::CountLeadingZeros), &[self])
    }

    /// The same values, through which no gradient flows. `jax.lax.stop_gradient`.
    #[track_caller]
    pub fn stop_gradient(&self) -> Array {
        bind1(StopGradient, &[self])
    }

    #[track_caller]
    pub(crate) fn neg_array(&self) -> Array {
        bind1(Unary(UnaryOp::Neg), &[self])
    }

    #[track_caller]
    pub(crate) fn not_array(&self) -> Array {
        bind1(Unary(UnaryOp::Not), &[self])
    }
}
