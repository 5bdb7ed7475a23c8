//! Operators and other elementwise functions of two or more arrays, with NumPy broadcasting.

use super::axes::invalid;
use super::{AsArray, Operand, real_only};
use crate::graph::Array;
use crate::lower::Direction;
use crate::ops::{Binary, BinaryOp, BroadcastInDim, Compare, Convert, Select};
use crate::run::bind1;
use crate::value::{DType, PromotionKind, promote};
use std::ops;

/// The shape that two shapes broadcast to by NumPy's rule.
pub(crate) fn broadcast_shapes(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size = |s: &[usize], i: usize| if i + s.len() < rank { 1 } else { s[i + s.len() - rank] };
    (0..rank)
        .map(|i| match (size(a, i), size(b, i)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

/// Both operands in their common dtype and shape.
#[track_caller]
fn meet(op: &str, a: &dyn Operand, b: &dyn Operand) -> (Array, Array) {
    let dtype = promote(a.kind(), b.kind());
    let (a, b) = (a.array(dtype), b.array(dtype));
    if a.shape() == b.shape() {
        return (a, b);
    }
    match broadcast_shapes(a.shape(), b.shape()) {
        Some(shape) => (a.broadcast_to_dims(&shape), b.broadcast_to_dims(&shape)),
        None => invalid(
            op,
            format!(
                "{} and {} do not broadcast: sizes must be equal or 1, counted from the last axis",
                a.aval(),
                b.aval()
            ),
        ),
    }
}

#[track_caller]
fn binary(name: &str, op: BinaryOp, a: &dyn Operand, b: &dyn Operand) -> Array {
    let (a, b) = meet(name, a, b);
    bind1(Binary(op), &[&a, &b])
}

/// Division: integers and bools become f32 first, as in `jax.numpy.divide`.
#[track_caller]
fn true_divide(a: &dyn Operand, b: &dyn Operand) -> Array {
    let (a, b) = meet("div", a, b);
    bind1(Binary(BinaryOp::Div), &[&a.to_inexact(), &b.to_inexact()])
}

/// Whether an operand is not zero.
#[track_caller]
fn truth(x: &dyn Operand) -> Array {
    match (x.number(), x.kind()) {
        (None, PromotionKind::Strong(dtype)) => x.array(dtype).truth(),
        (number, _) => Array::scalar(number != Some(0.0)),
    }
}

/// NumPy's remainder.
#[track_caller]
fn remainder(a: &dyn Operand, b: &dyn Operand) -> Array {
    let (a, b) = meet("rem", a, b);
    super::integer::remainder(&a, &b)
}

macro_rules! operators {
    ($($trait:ident $method:ident $f:ident $assign:ident $assign_method:ident;)*) => {$(
        impl<R: Operand> ops::$assign<R> for Array {
            #[track_caller]
            fn $assign_method(&mut self, rhs: R) { *self = $f(&*self, &rhs); }
        }
        impl<R: Operand> ops::$trait<R> for &Array {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: R) -> Array { $f(self, &rhs) }
        }
        impl<R: Operand> ops::$trait<R> for Array {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: R) -> Array { $f(&self, &rhs) }
        }
        // One float and one integer type, so that `(1.0 - &x).sqrt()` needs no annotation.
        operators!(@scalar $trait $method $f; f64 i32);
    )*};
    (@scalar $trait:ident $method:ident $f:ident; $($t:ty)*) => {$(
        impl ops::$trait<&Array> for $t {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: &Array) -> Array { $f(&self, rhs) }
        }
        impl ops::$trait<Array> for $t {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: Array) -> Array { $f(&self, &rhs) }
        }
    )*};
}

// Functions, not closures: a closure would hide the caller's line.
#[track_caller]
fn add(a: &dyn Operand, b: &dyn Operand) -> Array {
    binary("add", BinaryOp::Add, a, b)
}
#[track_caller]
fn sub(a: &dyn Operand, b: &dyn Operand) -> Array {
    binary("sub", BinaryOp::Sub, a, b)
}
#[track_caller]
fn mul(a: &dyn Operand, b: &dyn Operand) -> Array {
    binary("mul", BinaryOp::Mul, a, b)
}
#[track_caller]
fn and(a: &dyn Operand, b: &dyn Operand) -> Array {
    binary("and", BinaryOp::And, a, b)
}
#[track_caller]
fn or(a: &dyn Operand, b: &dyn Operand) -> Array {
    binary("or", BinaryOp::Or, a, b)
}
#[track_caller]
fn xor(a: &dyn Operand, b: &dyn Operand) -> Array {
    binary("xor", BinaryOp::Xor, a, b)
}
#[track_caller]
fn shl(a: &dyn Operand, b: &dyn Operand) -> Array {
    binary("shift_left", BinaryOp::ShiftLeft, a, b)
}
#[track_caller]
fn shr(a: &dyn Operand, b: &dyn Operand) -> Array {
    let signed = promote(a.kind(), b.kind()).is_signed_int();
    let op = if signed { BinaryOp::ShiftRightArithmetic } else { BinaryOp::ShiftRightLogical };
    binary("shift_right", op, a, b)
}

operators! {
    Add add add AddAssign add_assign;
    Sub sub sub SubAssign sub_assign;
    Mul mul mul MulAssign mul_assign;
    Div div true_divide DivAssign div_assign;
    Rem rem remainder RemAssign rem_assign;
    BitAnd bitand and BitAndAssign bitand_assign;
    BitOr bitor or BitOrAssign bitor_assign;
    BitXor bitxor xor BitXorAssign bitxor_assign;
    Shl shl shl ShlAssign shl_assign;
    Shr shr shr ShrAssign shr_assign;
}

macro_rules! unary_operators {
    ($($trait:ident $method:ident $f:ident;)*) => {$(
        impl ops::$trait for &Array {
            type Output = Array;
            #[track_caller]
            fn $method(self) -> Array { self.$f() }
        }
        impl ops::$trait for Array {
            type Output = Array;
            #[track_caller]
            fn $method(self) -> Array { self.$f() }
        }
    )*};
}
unary_operators! {
    Neg neg neg_array;
    Not not not_array;
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident $dir:ident;)*) => {
        /// Elementwise comparison with broadcasting; the result is bool.
        impl Array {$(
            $(#[$doc])*
            ///
            /// # Panics
            /// Panics if the shapes do not broadcast.
            #[track_caller]
            pub fn $name(&self, rhs: impl Operand) -> Array {
                let (a, b) = meet(stringify!($name), self, &rhs);
                bind1(Compare(Direction::$dir), &[&a, &b])
            }
        )*}
    };
}
comparisons! {
    /// Whether the elements are equal; NaN is equal to nothing. `jax.numpy.equal`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, f64::NAN, 3.0]);
    /// assert_eq!(x.eq(3.0).to_vec::<bool>(), [false, false, true]);
    /// assert_eq!(x.eq(&x).to_vec::<bool>(), [true, false, true]);
    /// ```
    eq Eq;
    /// Whether the elements differ. `jax.numpy.not_equal`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, f64::NAN, 3.0]);
    /// assert_eq!(x.ne(3.0).to_vec::<bool>(), [true, true, false]);
    /// assert_eq!(x.ne(&x).to_vec::<bool>(), [false, true, false]);
    /// ```
    ne Ne;
    /// Whether this is less than `rhs`. `jax.numpy.less`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.lt(2).to_vec::<bool>(), [true, false, false]);
    /// let below = x.lt(Array::from([[1], [3]]));
    /// assert_eq!(below.to_vec::<bool>(), [false, false, false, true, true, false]);
    /// ```
    lt Lt;
    /// Whether this is at most `rhs`. `jax.numpy.less_equal`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.le(2).to_vec::<bool>(), [true, true, false]);
    /// ```
    le Le;
    /// Whether this is greater than `rhs`. `jax.numpy.greater`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.gt(2).to_vec::<bool>(), [false, false, true]);
    /// assert_eq!(x.gt(1.5).sum(..).item::<i32>(), 2); // how many
    /// ```
    gt Gt;
    /// Whether this is at least `rhs`. `jax.numpy.greater_equal`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.ge(2).to_vec::<bool>(), [false, true, true]);
    /// ```
    ge Ge;
}

/// Elementwise functions of two arrays with broadcasting.
impl Array {
    /// The larger element; NaN wins. Complex numbers go by their real parts, and by their imaginary ones where
    /// these are equal. `jax.numpy.maximum`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([-1.0, 2.0, f64::NAN]);
    /// let y = x.maximum(0.0).to_vec::<f64>();
    /// assert_eq!(y[..2], [0.0, 2.0]);
    /// assert!(y[2].is_nan()); // `fmax` gives 0 there
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn maximum(&self, rhs: impl Operand) -> Array {
        binary("maximum", BinaryOp::Max, self, &rhs)
    }

    /// The smaller element; NaN wins. `jax.numpy.minimum`.
    ///
    /// ```
    /// use nnx::Array;
    /// let (x, column) = (Array::from([1, 5]), Array::from([[3], [0]]));
    /// assert_eq!(x.minimum(&column).to_vec::<i32>(), [1, 3, 0, 0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn minimum(&self, rhs: impl Operand) -> Array {
        binary("minimum", BinaryOp::Min, self, &rhs)
    }

    /// This array to the power of `rhs`. `jax.numpy.power`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let x = Array::from([4.0, 9.0]);
    /// assert!(x.pow(0.5).allclose(Array::from([2.0, 3.0]), Tolerance::default()).item::<bool>());
    /// assert_eq!(Array::scalar(2).pow(Array::from([3, 10])).to_vec::<i32>(), [8, 1024]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn pow(&self, rhs: impl Operand) -> Array {
        binary("pow", BinaryOp::Pow, self, &rhs)
    }

    /// The angle of the point (`x`, this) in radians. `jax.numpy.arctan2`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    /// use std::f64::consts::PI;
    ///
    /// let (y, x) = (Array::from([1.0, 1.0, -1.0]), Array::from([1.0, -1.0, -1.0]));
    /// let angles = Array::from([PI / 4.0, 3.0 * PI / 4.0, -3.0 * PI / 4.0]);
    /// assert!(y.atan2(&x).allclose(&angles, Tolerance::default()).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn atan2(&self, x: impl Operand) -> Array {
        let (y, x) = meet("atan2", self, &x);
        if y.dtype().is_complex() {
            return super::complex::complex_atan2(y, x);
        }
        bind1(Binary(BinaryOp::Atan2), &[&y.to_inexact(), &x.to_inexact()])
    }

    /// The next representable number after x in the direction of `rhs`. `jax.numpy.nextafter`.
    ///
    /// ```
    /// use nnx::Array;
    /// let one = Array::scalar(1.0_f32);
    /// assert_eq!(one.nextafter(2.0).item::<f32>(), 1.0 + f32::EPSILON);
    /// assert_eq!(one.nextafter(0.0).item::<f32>(), 1.0 - f32::EPSILON / 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast or the dtype is not a float.
    #[track_caller]
    pub fn nextafter(&self, rhs: impl Operand) -> Array {
        binary("nextafter", BinaryOp::NextAfter, self, &rhs)
    }

    /// x without its fraction. `jax.numpy.trunc`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.7, -1.7]);
    /// assert_eq!(x.trunc().to_vec::<f64>(), [1.0, -1.0]);
    /// assert_eq!(x.floor().to_vec::<f64>(), [1.0, -2.0]);
    /// ```
    #[track_caller]
    pub fn trunc(&self) -> Array {
        if self.dtype().inexact() != self.dtype() {
            return self.clone();
        }
        select(self.lt(0.0), self.ceil(), self.floor())
    }

    /// Elements below `low` become `low`, those above `high` become `high`: the minimum of `high`
    /// and the maximum of `low` and each element. `jax.numpy.clip`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([-5, 3, 12]);
    /// assert_eq!(x.clip(0, 9).to_vec::<i32>(), [0, 3, 9]);
    /// assert_eq!(x.clip(Array::from([-9, 4, 0]), 9).to_vec::<i32>(), [-5, 4, 9]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn clip(&self, low: impl Operand, high: impl Operand) -> Array {
        real_only("clip", self);
        binary("clip", BinaryOp::Min, &binary("clip", BinaryOp::Max, self, &low), &high)
    }

    /// Logical and of truth values. `jax.numpy.logical_and`.
    ///
    /// ```
    /// use nnx::Array;
    /// let (x, y) = (Array::from([0, 1, 2]), Array::from([1, 0, 1]));
    /// assert_eq!(x.logical_and(&y).to_vec::<bool>(), [false, false, true]);
    /// assert_eq!((&x & &y).to_vec::<i32>(), [0, 0, 0]); // bit by bit
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn logical_and(&self, rhs: impl Operand) -> Array {
        binary("logical_and", BinaryOp::And, &self.truth(), &truth(&rhs))
    }

    /// Logical or of truth values. `jax.numpy.logical_or`.
    ///
    /// ```
    /// use nnx::Array;
    /// let (x, y) = (Array::from([0, 0, 2]), Array::from([1, 0, 1]));
    /// assert_eq!(x.logical_or(&y).to_vec::<bool>(), [true, false, true]);
    /// assert_eq!((&x | &y).to_vec::<i32>(), [1, 0, 3]); // bit by bit
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn logical_or(&self, rhs: impl Operand) -> Array {
        binary("logical_or", BinaryOp::Or, &self.truth(), &truth(&rhs))
    }

    /// Logical negation of truth values. `jax.numpy.logical_not`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([0, 3]);
    /// assert_eq!(x.logical_not().to_vec::<bool>(), [true, false]);
    /// assert_eq!((!&x).to_vec::<i32>(), [-1, -4]); // bit by bit
    /// ```
    #[track_caller]
    pub fn logical_not(&self) -> Array {
        self.truth().not_array()
    }

    /// Whether each element is not zero.
    #[track_caller]
    fn truth(&self) -> Array {
        if self.dtype() == DType::Bool { self.clone() } else { self.ne(0) }
    }

    /// Shifts bits to the right and fills with zeros, whatever the sign.
    /// `jax.lax.shift_right_logical`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([-1, 64]);
    /// assert_eq!(x.shift_right_logical(28).to_vec::<i32>(), [15, 0]);
    /// assert_eq!((&x >> 28).to_vec::<i32>(), [-1, 0]); // keeps the sign
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast or the dtype is not an integer.
    #[track_caller]
    pub fn shift_right_logical(&self, rhs: impl Operand) -> Array {
        binary("shift_right_logical", BinaryOp::ShiftRightLogical, self, &rhs)
    }

    /// The remainder of the truncated division; it has the sign of this array. `jax.lax.rem`.
    #[track_caller]
    pub(crate) fn rem_int(&self, rhs: &Array) -> Array {
        binary("rem", BinaryOp::Rem, self, rhs)
    }

    /// The values converted to `dtype`. Floats to integers truncate, complex to real numbers lose
    /// their imaginary part. `jax.numpy.astype`.
    ///
    /// ```
    /// use nnx::{Array, DType};
    ///
    /// let x = Array::from([1.9, -1.9, 0.0]);
    /// assert_eq!(x.astype(DType::I32).to_vec::<i32>(), [1, -1, 0]);
    /// assert_eq!(x.astype(DType::Bool).to_vec::<bool>(), [true, true, false]);
    /// ```
    #[track_caller]
    pub fn astype(&self, dtype: DType) -> Array {
        if self.dtype() == dtype {
            return self.clone();
        }
        if dtype == DType::Bool {
            return self.ne(0);
        }
        if self.dtype().is_complex() && !dtype.is_complex() {
            return self.real().astype(dtype);
        }
        bind1(Convert(dtype), &[self])
    }

    /// The same bits read as another dtype of the same width. `jax.lax.bitcast_convert_type`.
    ///
    /// ```
    /// use nnx::{Array, DType};
    ///
    /// let x = Array::scalar(1.0_f32);
    /// assert_eq!(x.bitcast(DType::U32).item::<u32>(), 0x3f80_0000);
    /// assert_eq!(x.astype(DType::U32).item::<u32>(), 1); // the value, not the bits
    /// ```
    ///
    /// # Panics
    /// Panics if the widths differ.
    #[track_caller]
    pub fn bitcast(&self, dtype: DType) -> Array {
        bind1(crate::ops::Bitcast(dtype), &[self])
    }

    /// Floats and complex numbers stay; other dtypes become f32.
    #[track_caller]
    pub(crate) fn to_inexact(&self) -> Array {
        self.astype(self.dtype().inexact())
    }

    /// As [`to_inexact`](Array::to_inexact), and f16 and bf16 as f32: the dtype in which means and variances are
    /// computed, because sums, squares and counts soon leave the range of those two.
    #[track_caller]
    pub(crate) fn to_wide(&self) -> Array {
        let x = self.to_inexact();
        if x.dtype().size() == 2 { x.astype(DType::F32) } else { x }
    }

    /// NumPy broadcasting to `shape`. `jax.numpy.broadcast_to`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1, 2]);
    /// assert_eq!(x.broadcast_to([2, 2]).to_vec::<i32>(), [1, 2, 1, 2]);
    /// assert_eq!(x.expand_dims(1).broadcast_to([2, 2]).to_vec::<i32>(), [1, 1, 2, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if this array's shape does not broadcast to `shape`.
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl super::IntoShape) -> Array {
        self.broadcast_to_dims(&super::axes::shape_of("broadcast_to", shape))
    }

    #[track_caller]
    pub(crate) fn broadcast_to_dims(&self, shape: &[usize]) -> Array {
        if self.shape() == shape {
            return self.clone();
        }
        if self.rank() > shape.len() {
            invalid("broadcast_to", format!("{} has more axes than {shape:?}", self.aval()));
        }
        let dims = (shape.len() - self.rank()..shape.len()).collect();
        bind1(BroadcastInDim { shape: shape.to_vec(), dims }, &[self])
    }
}

/// `on_true` where `which` is true, `on_false` elsewhere; all of one shape. `jax.lax.select`.
///
/// ```
/// use nnx::{Array, array::select};
///
/// let (x, y) = (Array::from([1, 2, 3]), Array::from([10, 20, 30]));
/// assert_eq!(select(x.gt(1), &x, &y).to_vec::<i32>(), [10, 2, 3]);
/// ```
///
/// # Panics
/// Panics if the shapes or dtypes differ.
#[track_caller]
pub fn select(which: impl AsArray, on_true: impl AsArray, on_false: impl AsArray) -> Array {
    bind1(Select, &[which.as_array(), on_true.as_array(), on_false.as_array()])
}

/// `on_true` where `which` is true, `on_false` elsewhere, with broadcasting and promotion.
/// `jax.numpy.where`.
///
/// ```
/// use nnx::{Array, array::where_};
///
/// let x = Array::from([-1, 2, 3]);
/// assert_eq!(where_(x.gt(0), &x, 0).to_vec::<i32>(), [0, 2, 3]);
/// let column = Array::from([[true], [false]]);
/// assert_eq!(where_(&column, &x, 0.5).to_vec::<f32>(), [-1.0, 2.0, 3.0, 0.5, 0.5, 0.5]);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn where_(which: impl AsArray, on_true: impl Operand, on_false: impl Operand) -> Array {
    let which = which.as_array();
    let (a, b) = meet("where", &on_true, &on_false);
    match broadcast_shapes(which.shape(), a.shape()) {
        Some(shape) => select(
            which.truth().broadcast_to_dims(&shape),
            a.broadcast_to_dims(&shape),
            b.broadcast_to_dims(&shape),
        ),
        None => invalid(
            "where",
            format!("the condition {} does not broadcast with {}", which.aval(), a.aval()),
        ),
    }
}
