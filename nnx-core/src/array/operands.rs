//! The arrays that functions take: those that a number can stand for, [`Operand`], those where a number makes no
//! sense, [`AsArray`], and those that need not be there.

use crate::graph::Array;
use crate::value::{Aval, DType, PromotionKind, int_scalar_bytes, scalar_bytes};

/// The other operand of an array in arithmetic: an array, a Variable, or a Rust number, which takes
/// the array's dtype.
///
/// ```
/// use nnx::{Array, DType, array::Operand};
///
/// fn scaled(x: &Array, by: impl Operand) -> Array {
///     x * by
/// }
/// let x = Array::from([1, 2]);
/// assert_eq!(scaled(&x, 3).to_vec::<i32>(), [3, 6]);
/// assert_eq!(scaled(&x, 0.5).to_vec::<f32>(), [0.5, 1.0]); // a float, but no width of its own
/// assert_eq!(scaled(&x, Array::scalar(0.5_f64)).dtype(), DType::F64);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an operand beside an array",
    label = "not an array and not a number of these types",
    note = "fixes:\n  1. a number: write it as `f32`, `f64`, `i32`, `i64`, `u32` or `usize` (`x + 3`, `x + f64::from(n)`); it takes the array's dtype, whatever its own type is\n  2. a list of numbers: make an array of it, `Array::from_slice(&list, [list.len()])`\n  3. an element type that matters: `x.astype(DType::U8) + Array::scalar(n)`"
)]
pub trait Operand {
    /// Its contribution to the dtype of the result.
    #[doc(hidden)]
    #[track_caller]
    fn kind(&self) -> PromotionKind;
    /// It as an array of `dtype`; scalars become rank 0.
    #[doc(hidden)]
    #[track_caller]
    fn array(&self, dtype: DType) -> Array;
    /// The number, if it is one of Rust's: known while the program is made.
    #[doc(hidden)]
    fn number(&self) -> Option<f64> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl Operand for Array {
    #[track_caller]
    fn kind(&self) -> PromotionKind {
        PromotionKind::Strong(self.dtype())
    }
    #[track_caller]
    fn array(&self, dtype: DType) -> Array {
        self.astype(dtype)
    }
}
#[diagnostic::do_not_recommend]
impl<T: Operand> Operand for &T {
    #[track_caller]
    fn kind(&self) -> PromotionKind {
        (**self).kind()
    }
    #[track_caller]
    fn array(&self, dtype: DType) -> Array {
        (**self).array(dtype)
    }
    fn number(&self) -> Option<f64> {
        (**self).number()
    }
}

macro_rules! scalar_operands {
    ($($t:ty => $kind:expr, $bytes:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Operand for $t {
            fn kind(&self) -> PromotionKind {
                $kind
            }
            #[track_caller]
            fn array(&self, dtype: DType) -> Array {
                Array::constant(Aval::scalar(dtype), $bytes(dtype, *self as _))
            }
            fn number(&self) -> Option<f64> {
                let bytes = $bytes(DType::F64, *self as _);
                bytes.try_into().ok().map(f64::from_ne_bytes)
            }
        }
    )*};
}
scalar_operands! {
    f32 => PromotionKind::WeakFloat, scalar_bytes;
    f64 => PromotionKind::WeakFloat, scalar_bytes;
    i32 => PromotionKind::WeakInt, int_scalar_bytes;
    i64 => PromotionKind::WeakInt, int_scalar_bytes;
    u32 => PromotionKind::WeakInt, int_scalar_bytes;
    usize => PromotionKind::WeakInt, int_scalar_bytes;
    bool => PromotionKind::Strong(DType::Bool), int_scalar_bytes;
}

/// An array that a function takes: an array, a Variable, or a reference to one. Where a number can stand for an
/// array, a function takes [`Operand`].
///
/// ```
/// use nnx::{Array, array::AsArray};
///
/// fn kept(x: impl AsArray, mask: impl AsArray) -> Array {
///     x.as_array() * mask.as_array()
/// }
/// let (x, mask) = (Array::from([3, 4]), Array::from([true, false]));
/// assert_eq!(kept(&x + 1, &mask).to_vec::<i32>(), [4, 0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an array",
    label = "expected an array or a Variable, or a reference to one",
    note = "fixes:\n  1. a number: `Array::scalar(0.5_f32)`, or `x.full_like(0.5)` for the shape and dtype of `x`\n  2. a list of numbers: `Array::from([1, 2, 3])`, `Array::from_slice(&list, [list.len()])`\n  3. a list of arrays: `array::stack([&x, &y], 0)`, `array::concatenate([&x, &y], 0)`"
)]
pub trait AsArray {
    /// The array.
    fn as_array(&self) -> &Array;
}

#[diagnostic::do_not_recommend]
impl AsArray for Array {
    fn as_array(&self) -> &Array {
        self
    }
}
#[diagnostic::do_not_recommend]
impl<T: AsArray> AsArray for &T {
    fn as_array(&self) -> &Array {
        (**self).as_array()
    }
}

/// Several arrays: a list, a slice or a `Vec` of arrays, Variables, or references to them.
///
/// ```
/// use nnx::{Array, array::{AsArrays, stack}};
///
/// fn mean(arrays: impl AsArrays) -> Array {
///     stack(arrays.as_arrays(), 0).mean(0)
/// }
/// let (x, y) = (Array::from([1.0_f32, 2.0]), Array::from([3.0_f32, 4.0]));
/// assert_eq!(mean([&x, &y]).to_vec::<f32>(), [2.0, 3.0]);
/// assert_eq!(mean(vec![x, y]).to_vec::<f32>(), [2.0, 3.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of arrays",
    label = "expected `[&x, &y]`, or a slice or `Vec` of arrays",
    note = "fixes:\n  1. write the arrays as a list: `[&x, &y]`, also for one: `[&x]`\n  2. the parts of an array along its first axis: `x.axis_iter(0).collect::<Vec<_>>()`"
)]
pub trait AsArrays {
    /// The arrays.
    fn as_arrays(&self) -> Vec<&Array>;
}

#[diagnostic::do_not_recommend]
impl<A: AsArray> AsArrays for [A] {
    fn as_arrays(&self) -> Vec<&Array> {
        self.iter().map(A::as_array).collect()
    }
}
#[diagnostic::do_not_recommend]
impl<A: AsArray, const N: usize> AsArrays for [A; N] {
    fn as_arrays(&self) -> Vec<&Array> {
        self[..].as_arrays()
    }
}
#[diagnostic::do_not_recommend]
impl<A: AsArray> AsArrays for Vec<A> {
    fn as_arrays(&self) -> Vec<&Array> {
        self[..].as_arrays()
    }
}
#[diagnostic::do_not_recommend]
impl<T: AsArrays + ?Sized> AsArrays for &T {
    fn as_arrays(&self) -> Vec<&Array> {
        (**self).as_arrays()
    }
}

/// An array that need not be there: `None`, or an array, a Variable, or a reference to one. `Some(&array)` is one too.
///
/// ```
/// use nnx::{Array, linalg::toeplitz};
///
/// let (column, row) = (Array::from([1, 2]), Array::from([1, 7]));
/// assert_eq!(toeplitz(&column, None).to_vec::<i32>(), [1, 2, 2, 1]);
/// assert_eq!(toeplitz(&column, &row).to_vec::<i32>(), [1, 7, 2, 1]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an array that need not be there",
    label = "expected `None`, an array or a Variable",
    note = "fixes:\n  1. there is none: `None`\n  2. an array or a Variable, or a reference to one: as it is, without `Some` (`f(&x, weights)`)\n  3. an `Option<Array>`: `option.as_ref()`"
)]
pub trait OptionalArray {
    /// The array, if there is one.
    #[doc(hidden)]
    fn optional(&self) -> Option<&Array>;
}

// The one implementation for an `Option`, so that `None` needs no type.
#[diagnostic::do_not_recommend]
impl OptionalArray for Option<&Array> {
    fn optional(&self) -> Option<&Array> {
        *self
    }
}
#[diagnostic::do_not_recommend]
impl OptionalArray for Array {
    fn optional(&self) -> Option<&Array> {
        Some(self)
    }
}
#[diagnostic::do_not_recommend]
impl<T: OptionalArray> OptionalArray for &T {
    fn optional(&self) -> Option<&Array> {
        (**self).optional()
    }
}
