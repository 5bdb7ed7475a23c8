//! Elementwise functions of one array that are single operations.

use crate::graph::Array;
use crate::ops::{StopGradient, Unary, UnaryOp};
use crate::run::bind1;

/// Whole numbers near. Integers and bools are whole already, and keep their dtype.
impl Array {
    /// Largest integer not above x. `jax.numpy.floor`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([1.5, -1.5]).floor().to_vec::<f64>(), [1.0, -2.0]);
    /// ```
    #[track_caller]
    pub fn floor(&self) -> Array {
        self.whole(UnaryOp::Floor)
    }

    /// Smallest integer not below x. `jax.numpy.ceil`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([1.5, -1.5]).ceil().to_vec::<f64>(), [2.0, -1.0]);
    /// ```
    #[track_caller]
    pub fn ceil(&self) -> Array {
        self.whole(UnaryOp::Ceil)
    }

    /// Nearest integer, halves to even, of both parts of complex numbers. `jax.numpy.round`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([0.5, 1.5, -1.7]);
    /// assert_eq!(x.round().to_vec::<f64>(), [0.0, 2.0, -2.0]);
    /// ```
    #[track_caller]
    pub fn round(&self) -> Array {
        if self.dtype().is_complex() {
            return super::math::parts("round", self, Array::round);
        }
        self.whole(UnaryOp::RoundNearestEven)
    }

    /// Nearest integer as a float, halves to even: [`round`](Array::round), but integers and bools
    /// become f32. `jax.numpy.rint`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([2.5, 3.5]).rint().to_vec::<f64>(), [2.0, 4.0]);
    /// assert_eq!(Array::from([7]).rint().to_vec::<f32>(), [7.0]);
    /// ```
    #[track_caller]
    pub fn rint(&self) -> Array {
        self.to_inexact().round()
    }

    #[track_caller]
    fn whole(&self, op: UnaryOp) -> Array {
        let is_whole = self.dtype().inexact() != self.dtype();
        if is_whole { self.clone() } else { bind1(Unary(op), &[self]) }
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
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([0.0, 1.0]).exp();
    /// assert!(y.allclose(Array::from([1.0, 2.7182818]), Tolerance::default()).item::<bool>());
    /// ```
    exp Exp;
    /// eˣ − 1, accurate near 0. `jax.numpy.expm1`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let y = Array::scalar(1e-6_f32).expm1().item::<f32>();
    /// assert!((y - 1.0000005e-6).abs() < 1e-12); // exp(x) - 1 is 9.5e-7 in f32
    /// ```
    expm1 Expm1;
    /// Natural logarithm. `jax.numpy.log`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([1, 10]).log(); // of integers, as f32
    /// assert!(y.allclose(Array::from([0.0_f32, 2.3025851]), Tolerance::default()).item::<bool>());
    /// ```
    log Log;
    /// ln(1 + x), accurate near 0. `jax.numpy.log1p`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let y = Array::scalar(1e-6_f32).log1p().item::<f32>();
    /// assert!((y - 9.999995e-7).abs() < 1e-12); // log(1 + x) is 9.5e-7 in f32
    /// ```
    log1p Log1p;
    /// Square root. `jax.numpy.sqrt`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([4.0, 2.0]).sqrt();
    /// assert!(y.allclose(Array::from([2.0, 1.4142136]), Tolerance::default()).item::<bool>());
    /// assert!(Array::scalar(-1.0).sqrt().item::<f64>().is_nan());
    /// ```
    sqrt Sqrt;
    /// 1 / √x. `jax.lax.rsqrt`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([4.0, 0.25]).rsqrt();
    /// assert!(y.allclose(Array::from([0.5, 2.0]), Tolerance::default()).item::<bool>());
    /// ```
    rsqrt Rsqrt;
    /// Cube root. `jax.numpy.cbrt`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([27.0, -8.0]).cbrt();
    /// assert!(y.allclose(Array::from([3.0, -2.0]), Tolerance::default()).item::<bool>());
    /// ```
    cbrt Cbrt;
    /// Sine of radians. `jax.numpy.sin`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    /// use std::f64::consts::PI;
    ///
    /// let y = Array::from([0.0, PI / 6.0, PI / 2.0]).sin();
    /// assert!(y.allclose(Array::from([0.0, 0.5, 1.0]), Tolerance::default()).item::<bool>());
    /// ```
    sin Sin;
    /// Cosine of radians. `jax.numpy.cos`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    /// use std::f64::consts::PI;
    ///
    /// let y = Array::from([0.0, PI / 3.0, PI]).cos();
    /// assert!(y.allclose(Array::from([1.0, 0.5, -1.0]), Tolerance::default()).item::<bool>());
    /// ```
    cos Cos;
    /// Tangent of radians. `jax.numpy.tan`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    /// use std::f64::consts::PI;
    ///
    /// let y = Array::from([0.0, PI / 4.0, -PI / 4.0]).tan();
    /// assert!(y.allclose(Array::from([0.0, 1.0, -1.0]), Tolerance::default()).item::<bool>());
    /// ```
    tan Tan;
    /// Inverse sine, in radians. `jax.numpy.arcsin`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    /// use std::f64::consts::PI;
    ///
    /// let y = Array::from([0.5, -1.0]).asin();
    /// let expected = Array::from([PI / 6.0, -PI / 2.0]);
    /// assert!(y.allclose(&expected, Tolerance::default()).item::<bool>());
    /// ```
    asin Asin;
    /// Inverse cosine, in radians. `jax.numpy.arccos`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    /// use std::f64::consts::PI;
    ///
    /// let y = Array::from([0.5, -1.0]).acos();
    /// assert!(y.allclose(Array::from([PI / 3.0, PI]), Tolerance::default()).item::<bool>());
    /// ```
    acos Acos;
    /// Inverse tangent, in radians. `jax.numpy.arctan`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    /// use std::f64::consts::PI;
    ///
    /// let y = Array::from([1.0, f64::NEG_INFINITY]).atan();
    /// let expected = Array::from([PI / 4.0, -PI / 2.0]);
    /// assert!(y.allclose(&expected, Tolerance::default()).item::<bool>());
    /// ```
    atan Atan;
    /// Hyperbolic sine. `jax.numpy.sinh`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([1.0, -1.0]).sinh();
    /// let expected = Array::from([1.1752012, -1.1752012]);
    /// assert!(y.allclose(&expected, Tolerance::default()).item::<bool>());
    /// ```
    sinh Sinh;
    /// Hyperbolic cosine. `jax.numpy.cosh`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([0.0, -1.0]).cosh();
    /// assert!(y.allclose(Array::from([1.0, 1.5430806]), Tolerance::default()).item::<bool>());
    /// ```
    cosh Cosh;
    /// Inverse hyperbolic sine. `jax.numpy.arcsinh`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([1.0, -1.0]).asinh();
    /// let expected = Array::from([0.8813736, -0.8813736]);
    /// assert!(y.allclose(&expected, Tolerance::default()).item::<bool>());
    /// ```
    asinh Asinh;
    /// Inverse hyperbolic cosine. `jax.numpy.arccosh`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([1.0, 2.0]).acosh();
    /// assert!(y.allclose(Array::from([0.0, 1.3169579]), Tolerance::default()).item::<bool>());
    /// ```
    acosh Acosh;
    /// Inverse hyperbolic tangent. `jax.numpy.arctanh`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([0.0, -0.5]).atanh();
    /// assert!(y.allclose(Array::from([0.0, -0.5493061]), Tolerance::default()).item::<bool>());
    /// ```
    atanh Atanh;
    /// Hyperbolic tangent. `jax.numpy.tanh`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([0.5, -100.0]).tanh();
    /// assert!(y.allclose(Array::from([0.4621172, -1.0]), Tolerance::default()).item::<bool>());
    /// ```
    tanh Tanh;
    /// The logistic sigmoid, 1 / (1 + e⁻ˣ). `jax.nn.sigmoid`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([0.0, 2.0, -1000.0]).sigmoid();
    /// let expected = Array::from([0.5, 0.8807971, 0.0]);
    /// assert!(y.allclose(&expected, Tolerance::default()).item::<bool>());
    /// ```
    sigmoid Logistic;
    /// The error function. `jax.scipy.special.erf`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([1.0, -1.0]).erf();
    /// let expected = Array::from([0.8427008, -0.8427008]);
    /// assert!(y.allclose(&expected, Tolerance::default()).item::<bool>());
    /// ```
    erf Erf;
    /// 1 − erf(x), accurate for large x. `jax.scipy.special.erfc`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let y = Array::scalar(5.0_f32).erfc().item::<f32>();
    /// assert!((y - 1.5374598e-12).abs() < 1e-16); // 1 - erf(x) is 0 in f32
    /// ```
    erfc Erfc;
    /// Inverse of the error function. `jax.scipy.special.erfinv`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([0.0, 0.5]).erf_inv();
    /// assert!(y.allclose(Array::from([0.0, 0.4769363]), Tolerance::default()).item::<bool>());
    /// ```
    erf_inv ErfInv;
    /// Logarithm of the absolute value of the gamma function. `jax.scipy.special.gammaln`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([5.0, 0.5]).lgamma(); // ln 24, ln √π
    /// let expected = Array::from([3.1780538, 0.5723649]);
    /// assert!(y.allclose(&expected, Tolerance::default()).item::<bool>());
    /// ```
    lgamma Lgamma;
    /// Logarithmic derivative of the gamma function. `jax.scipy.special.digamma`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([1.0, 2.0]).digamma(); // at 1 −γ, Euler's constant
    /// let expected = Array::from([-0.5772157, 0.4227843]);
    /// assert!(y.allclose(&expected, Tolerance::default()).item::<bool>());
    /// ```
    digamma Digamma;
}

/// Elementwise functions of one array that keep integer dtypes.
impl Array {
    /// |x|. `jax.numpy.abs`.
    ///
    /// ```
    /// use nnx::{Array, array::complex};
    ///
    /// assert_eq!(Array::from([-3, 3]).abs().to_vec::<i32>(), [3, 3]);
    /// let z = complex(Array::scalar(3.0), Array::scalar(-4.0));
    /// assert!((z.abs().item::<f64>() - 5.0).abs() < 1e-6);
    /// ```
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
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([-3, 4]).square().to_vec::<i32>(), [9, 16]);
    /// ```
    ///
    /// # Panics
    /// Panics for bool arrays.
    #[track_caller]
    pub fn square(&self) -> Array {
        bind1(Unary(UnaryOp::Square), &[self])
    }

    /// −1, 0 or 1 by the sign of x; NaN stays. `jax.numpy.sign`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([-3, 0, 4]).sign().to_vec::<i32>(), [-1, 0, 1]);
    /// assert!(Array::scalar(f64::NAN).sign().item::<f64>().is_nan());
    /// ```
    ///
    /// # Panics
    /// Panics for bool and unsigned arrays.
    #[track_caller]
    pub fn sign(&self) -> Array {
        bind1(Unary(UnaryOp::Sign), &[self])
    }

    /// Number of bits set. `jax.lax.population_count`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([0b1011, -1]).population_count().to_vec::<i32>(), [3, 32]);
    /// ```
    ///
    /// # Panics
    /// Panics unless the dtype is an integer.
    #[track_caller]
    pub fn population_count(&self) -> Array {
        bind1(Unary(UnaryOp::PopulationCount), &[self])
    }

    /// Number of leading zero bits. `jax.lax.clz`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([0, 1, -1]).count_leading_zeros().to_vec::<i32>(), [32, 31, 0]);
    /// assert_eq!(Array::from([1_u8]).count_leading_zeros().to_vec::<u8>(), [7]);
    /// ```
    ///
    /// # Panics
    /// Panics unless the dtype is an integer.
    #[track_caller]
    pub fn count_leading_zeros(&self) -> Array {
        bind1(Unary(UnaryOp::CountLeadingZeros), &[self])
    }

    /// The same values, through which no gradient flows. `jax.lax.stop_gradient`.
    ///
    /// ```
    /// use nnx::{Array, grad};
    ///
    /// let x = Array::scalar(3.0);
    /// let slope = grad(|x: &Array| x * x.stop_gradient(), &x);
    /// assert_eq!(slope.item::<f64>(), 3.0); // not 6: the second factor counts as a constant
    /// ```
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
