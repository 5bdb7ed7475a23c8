//! Truth values packed into bytes.

use super::axes::{dim, invalid};
use super::{iota, one_program};
use crate::graph::Array;
use crate::value::DType;

/// Which bit of a byte the first of eight truth values is.
///
/// ```
/// use nnx::{Array, array::BitOrder};
///
/// let x = Array::from([true, false, true]);
/// assert_eq!(x.packbits(None, BitOrder::Big).to_vec::<u8>(), [0b1010_0000]);
/// assert_eq!(x.packbits(None, BitOrder::Little).to_vec::<u8>(), [0b101]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum BitOrder {
    /// The highest one: `"big"` in NumPy.
    #[default]
    Big,
    /// The lowest one: `"little"` in NumPy.
    Little,
}

/// How far to the right the bits of a byte stand, in the order of the truth values.
#[track_caller]
fn shifts(order: BitOrder) -> Array {
    let places = iota([8], DType::U8, 0);
    if order == BitOrder::Big { 7 - places } else { places }
}

/// Eight truth values in a byte.
impl Array {
    /// The truth values of the elements along `axis`, eight in a byte; missing ones are false. Without an
    /// axis those of the flat array. `jax.numpy.packbits`.
    ///
    /// ```
    /// use nnx::{Array, array::BitOrder};
    /// let x = Array::from([1, 0, 0, 1, 1, 0, 1, 1, 1]);
    /// assert_eq!(x.packbits(None, BitOrder::Big).to_vec::<u8>(), [155, 128]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, or the dtype is not bool or an integer.
    #[track_caller]
    pub fn packbits(&self, axis: impl Into<Option<isize>>, order: BitOrder) -> Array {
        const OP: &str = "packbits";
        if self.dtype().is_inexact() {
            invalid(OP, format!("needs bool or an integer dtype, got {}", self.aval()));
        }
        let axis = axis.into();
        let d = match axis {
            Some(axis) => dim(OP, axis, self.aval()),
            None => 0,
        };
        one_program(OP, std::slice::from_ref(self), |args| {
            let x = if axis.is_none() { args[0].flatten() } else { args[0].clone() };
            let mut shape = x.shape().to_vec();
            let bytes = shape[d].div_ceil(8);
            let mut pairs = vec![(0, 0); shape.len()];
            pairs[d].1 = (bytes * 8 - shape[d]) as i64;
            let bits = x.astype(DType::Bool).astype(DType::U8).pad(&pairs, 0);
            shape[d] = bytes;
            shape.insert(d + 1, 8);
            let mut place = vec![1; shape.len()];
            place[d + 1] = 8;
            (bits.reshape(&shape) << shifts(order).reshape(place))
                .sum(d as isize + 1)
                .astype(DType::U8)
        })
    }

    /// The bits of bytes along `axis` as u8, eight for each; the first `count` of them, filled up with
    /// zeros. Without an axis those of the flat array. `jax.numpy.unpackbits`.
    ///
    /// ```
    /// use nnx::{Array, array::BitOrder};
    /// let x = Array::from([155_u8]);
    /// assert_eq!(x.unpackbits(None, 5, BitOrder::Big).to_vec::<u8>(), [1, 0, 0, 1, 1]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, or the dtype is not u8.
    #[track_caller]
    pub fn unpackbits(
        &self,
        axis: impl Into<Option<isize>>,
        count: impl Into<Option<usize>>,
        order: BitOrder,
    ) -> Array {
        const OP: &str = "unpackbits";
        if self.dtype() != DType::U8 {
            invalid(OP, format!("needs bytes (u8), got {}", self.aval()));
        }
        let (axis, count) = (axis.into(), count.into());
        let d = match axis {
            Some(axis) => dim(OP, axis, self.aval()),
            None => 0,
        };
        one_program(OP, std::slice::from_ref(self), |args| {
            let x = if axis.is_none() { args[0].flatten() } else { args[0].clone() };
            let mut shape = x.shape().to_vec();
            shape[d] = shape[d].saturating_mul(8);
            let mut place = vec![1; shape.len() + 1];
            place[d + 1] = 8;
            let shifted =
                x.expand_dims(d as isize + 1).shift_right_logical(shifts(order).reshape(place));
            let bits = (shifted & 1).reshape(&shape);
            let Some(count) = count else { return bits };
            let mut pairs = vec![(0, 0); shape.len()];
            pairs[d].1 = i64::try_from(count).unwrap_or(i64::MAX).saturating_sub(shape[d] as i64);
            bits.pad(&pairs, 0)
        })
    }
}

/// Fewer bits.
impl Array {
    /// The floats that fit into `exponent_bits` and `mantissa_bits`, to the nearest (even on a tie), in the
    /// dtype that they have; those that are too large become infinite. The derivative is rounded in the
    /// same way. `jax.lax.reduce_precision`.
    ///
    /// ```
    /// use nnx::Array;
    /// // As bf16 has them.
    /// let x = Array::from_slice(&[1.00390625_f32, 1.01171875, 3.0e38], [3]);
    /// assert_eq!(x.reduce_precision(8, 7).to_vec::<f32>(), [1.0, 1.015625, 3.0040553e38]);
    /// assert_eq!(x.reduce_precision(5, 10).to_vec::<f32>()[2], f32::INFINITY);
    /// ```
    ///
    /// # Panics
    /// Panics if the dtype is not a float, or there is no bit for the exponent.
    #[track_caller]
    pub fn reduce_precision(&self, exponent_bits: u32, mantissa_bits: u32) -> Array {
        const OP: &str = "reduce_precision";
        if !self.dtype().is_float() {
            invalid(OP, format!("needs a float dtype, got {}", self.aval()));
        }
        if exponent_bits == 0 {
            invalid(OP, "`exponent_bits` must be at least 1".into());
        }
        // More bits than any float has are as good as all of them.
        let bits = |n: u32| n.min(64) as i32;
        let (exponent_bits, mantissa_bits) = (bits(exponent_bits), bits(mantissa_bits));
        crate::run::bind1(crate::ops::ReducePrecision { exponent_bits, mantissa_bits }, &[self])
    }
}
