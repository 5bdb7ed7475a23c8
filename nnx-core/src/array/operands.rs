//! Arrays beside the one that a function is about, where a number makes no sense: [`AsArray`], and arrays
//! that need not be there.

use crate::graph::Array;

/// An array beside the one that a function is about: an array, a Variable, or a reference to one. Where a number can
/// stand for an array, a function takes [`Operand`](super::Operand).
///
/// ```no_run
/// use nnx::{Array, array::AsArray};
/// fn smaller(x: &Array, mask: impl AsArray) -> Array {
///     x * mask.as_array()
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an array",
    label = "expected an array or a Variable, or a reference to one",
    note = "fixes:\n  1. a number: `Array::scalar(0.5_f32)`, or `x.full_like(0.5)` for the shape and dtype of `x`\n  2. a list of numbers: `Array::from([1, 2, 3])`, `Array::from_slice(&list, [list.len()])`\n  3. a list of arrays: `array::stack(&[&x, &y], 0)`, `array::concatenate(&[&x, &y], 0)`"
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

/// An array that need not be there: `None`, or an array, a Variable, or a reference to one. `Some(&array)` is one too.
///
/// ```no_run
/// use nnx::{Array, array::linalg::toeplitz};
/// # fn demo(column: Array, row: Array) {
/// let symmetric = toeplitz(&column, None);
/// let shifted = toeplitz(&column, row + 1.0);
/// # }
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
