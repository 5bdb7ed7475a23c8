//! Division of whole numbers, remainders, divisors, bits.

use super::program::{Compute, binary, program2};
use super::{Operand, invalid, select};
use crate::graph::Array;
use crate::ops::{Binary, BinaryOp, Gcd};
use crate::run::bind1;
use crate::value::DType;

/// Division with whole quotients. Integer division by zero gives what XLA gives: a quotient of −1
/// (all bits set), a remainder of 0.
impl Array {
    /// The largest whole number not above x / y, in the operands' dtype.
    /// `jax.numpy.floor_divide`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from_slice(&[7, -7], [2]);
    /// assert_eq!(x.floor_divide(2).to_vec::<i32>(), [3, -4]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn floor_divide(&self, rhs: impl Operand) -> Array {
        binary("floor_divide", Compute::Numeric, self, &rhs, |x, y| {
            if x.dtype().is_float() { float_divmod(x, y).0 } else { int_floor_divide(x, y) }
        })
    }

    /// Quotient and remainder: [`floor_divide`](Array::floor_divide) and `%`. `jax.numpy.divmod`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (quotient, rest) = Array::from([7, -7]).divmod(3);
    /// assert_eq!(quotient.to_vec::<i32>(), [2, -3]);
    /// assert_eq!(rest.to_vec::<i32>(), [1, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn divmod(&self, rhs: impl Operand) -> (Array, Array) {
        let dtype = Compute::Numeric.dtype(crate::value::promote(self.kind(), rhs.kind()));
        let rhs = rhs.array(dtype);
        let shape = super::program::common_shape("divmod", &[self, &rhs]);
        program2("divmod", &[self.clone(), rhs], |args| {
            let meet = |x: &Array| x.astype(dtype).broadcast_to_dims(&shape);
            let (x, y) = (meet(&args[0]), meet(&args[1]));
            if dtype.is_float() {
                float_divmod(&x, &y)
            } else {
                (int_floor_divide(&x, &y), &x % &y)
            }
        })
    }

    /// The remainder of the truncated division, with the sign of x; 0 for integers divided by 0.
    /// `jax.numpy.fmod`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([7, -7]);
    /// assert_eq!(x.fmod(3).to_vec::<i32>(), [1, -1]);
    /// assert_eq!((&x % 3).to_vec::<i32>(), [1, 2]); // with the sign of the divisor
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn fmod(&self, rhs: impl Operand) -> Array {
        binary("fmod", Compute::Numeric, self, &rhs, |x, y| {
            bind1(Binary(BinaryOp::Rem), &[x, &nonzero_divisor(y)])
        })
    }

    /// The remainder of the division whose quotient is rounded to zero, with the sign of x. An
    /// integer divided by 0 is its own remainder. `jax.lax.rem`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([7, -7]);
    /// assert_eq!(x.rem_trunc(3).to_vec::<i32>(), [1, -1]);
    /// assert_eq!(x.rem_trunc(0).to_vec::<i32>(), [7, -7]); // `fmod` gives 0
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn rem_trunc(&self, rhs: impl Operand) -> Array {
        binary("rem_trunc", Compute::Numeric, self, &rhs, |x, y| {
            bind1(Binary(BinaryOp::Rem), &[x, y])
        })
    }

    /// The quotient rounded towards 0, in the operands' dtype. `jax.lax.div`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([7, -7]);
    /// assert_eq!(x.div_trunc(2).to_vec::<i32>(), [3, -3]);
    /// assert_eq!((&x / 2).to_vec::<f32>(), [3.5, -3.5]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn div_trunc(&self, rhs: impl Operand) -> Array {
        binary("div_trunc", Compute::Numeric, self, &rhs, |x, y| {
            let quotient = bind1(Binary(BinaryOp::Div), &[x, y]);
            if x.dtype().is_float() { quotient.trunc() } else { quotient }
        })
    }

    /// The greatest common divisor, not negative. `jax.numpy.gcd`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([12, -18, 0]).gcd(30).to_vec::<i32>(), [6, 6, 30]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast or a dtype is not an integer.
    #[track_caller]
    pub fn gcd(&self, rhs: impl Operand) -> Array {
        binary("gcd", Compute::Promoted, self, &rhs, |x, y| {
            check_integers("gcd", x);
            bind1(Gcd, &[&x.abs(), &y.abs()])
        })
    }

    /// The least common multiple, not negative. `jax.numpy.lcm`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([4, -6, 0]).lcm(10).to_vec::<i32>(), [20, 30, 0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast or a dtype is not an integer.
    #[track_caller]
    pub fn lcm(&self, rhs: impl Operand) -> Array {
        binary("lcm", Compute::Promoted, self, &rhs, |x, y| {
            check_integers("lcm", x);
            let (x, y) = (x.abs(), y.abs());
            let divisor = bind1(Gcd, &[&x, &y]);
            let none = divisor.eq(0);
            let safe = select(&none, divisor.ones_like(), &divisor);
            select(&none, &divisor, &(x * int_floor_divide(&y, &safe)))
        })
    }

    /// Logical exclusive or of truth values. `jax.numpy.logical_xor`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (x, y) = (Array::from([0, 1, 2]), Array::from([3, 0, 1]));
    /// assert_eq!(x.logical_xor(&y).to_vec::<bool>(), [true, true, false]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn logical_xor(&self, rhs: impl Operand) -> Array {
        binary("logical_xor", Compute::Promoted, self, &rhs, |x, y| x.ne(0) ^ y.ne(0))
    }
}

/// NumPy's remainder, with the sign of the divisor; 0 for integers divided by 0.
#[track_caller]
pub(super) fn remainder(a: &Array, b: &Array) -> Array {
    let b = nonzero_divisor(b);
    let rem = bind1(Binary(BinaryOp::Rem), &[a, &b]);
    if a.dtype().is_unsigned_int() {
        return rem;
    }
    let fix = rem.ne(0).logical_and(rem.lt(0).ne(b.lt(0)));
    select(&fix, &(&rem + &b), &rem)
}

/// Integers with 1 in place of 0.
#[track_caller]
fn nonzero_divisor(y: &Array) -> Array {
    if y.dtype().is_float() {
        return y.clone();
    }
    select(y.eq(0), y.ones_like(), y)
}

#[track_caller]
fn check_integers(op: &str, x: &Array) {
    if !x.dtype().is_int() {
        invalid(op, format!("needs an integer dtype, got {}", x.aval()));
    }
}

#[track_caller]
fn int_floor_divide(x: &Array, y: &Array) -> Array {
    let quotient = bind1(Binary(BinaryOp::Div), &[x, y]);
    if x.dtype().is_unsigned_int() {
        return quotient;
    }
    let inexact = bind1(Binary(BinaryOp::Rem), &[x, y]).ne(0);
    let down = x.sign().ne(y.sign()).logical_and(&inexact);
    select(&down, &(&quotient - 1), &quotient)
}

#[track_caller]
fn float_divmod(x: &Array, y: &Array) -> (Array, Array) {
    let rem = bind1(Binary(BinaryOp::Rem), &[x, y]);
    // A whole number has no slope, also where it is infinite.
    let quotient = (select(y.eq(0), x, &(x - &rem)) / y).stop_gradient();
    let fix = rem.ne(0).logical_and(y.sign().ne(rem.sign()));
    let quotient = select(&fix, &(&quotient - 1.0), &quotient);
    // Halves go away from zero, as in `lax.round`.
    let away = (quotient.abs() + 0.5).floor() * quotient.sign();
    let quotient = select(quotient.is_finite(), &away, &quotient);
    (quotient, select(&fix, &(&rem + y), &rem))
}

/// Bits.
impl Array {
    /// Number of bits set in |x|, as u8. `jax.numpy.bitwise_count` (in the array's dtype:
    /// [`population_count`](Array::population_count)).
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([-3, 7]);
    /// assert_eq!(x.bitwise_count().to_vec::<u8>(), [2, 3]);
    /// assert_eq!(x.population_count().to_vec::<i32>(), [31, 3]); // of −3 itself
    /// ```
    ///
    /// # Panics
    /// Panics unless the dtype is an integer.
    #[track_caller]
    pub fn bitwise_count(&self) -> Array {
        check_integers("bitwise_count", self);
        super::one_program("bitwise_count", std::slice::from_ref(self), |args| {
            args[0].abs().population_count().astype(DType::U8)
        })
    }

    /// Every bit turned. `jax.numpy.bitwise_not`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([0, 5]).bitwise_not().to_vec::<i32>(), [-1, -6]);
    /// assert_eq!(Array::from([true]).bitwise_not().to_vec::<bool>(), [false]);
    /// ```
    ///
    /// # Panics
    /// Panics for floats.
    #[track_caller]
    pub fn bitwise_not(&self) -> Array {
        self.not_array()
    }
}
