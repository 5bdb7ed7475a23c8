//! Which dtype two operands meet in: one table, which `docs/promotion.md` shows and explains.
//!
//! The table is that of JAX with 64 bits enabled (`jax_enable_x64`), because all 64-bit dtypes are here
//! to stay: i32 with u32 gives i64, which holds both. JAX as it starts has no i64 and gives i32 there.
//! One thing is of 32 bits: the default float, which integers become in functions that make fractions
//! and in which integers meet that no integer dtype holds (u64 with a signed one). A user who writes no
//! 64-bit dtype and mixes no u32 with signed integers sees no difference from JAX as it starts.

use super::DType;
use crate::error::{Error, raise};

/// The contribution of an operand to the dtype of a result. Plain Rust numbers are weak: they take
/// the dtype of the array they meet, as Python scalars do in JAX.
///
/// ```
/// use nnx::{Array, DType, array::Operand, value::PromotionKind};
///
/// assert_eq!(3_i64.kind(), PromotionKind::WeakInt);
/// assert_eq!(0.5_f32.kind(), PromotionKind::WeakFloat);
/// assert_eq!(Array::scalar(3_i64).kind(), PromotionKind::Strong(DType::I64));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromotionKind {
    /// An array's dtype.
    Strong(DType),
    /// An integer literal.
    WeakInt,
    /// A float literal.
    WeakFloat,
}

/// The dtype to which two operands are promoted. A literal decides the kind of number, not its size.
#[track_caller]
pub(crate) fn promote(a: PromotionKind, b: PromotionKind) -> DType {
    match (a, b) {
        (PromotionKind::Strong(a), PromotionKind::Strong(b)) => promote_dtypes(a, b),
        (PromotionKind::Strong(s), PromotionKind::WeakInt)
        | (PromotionKind::WeakInt, PromotionKind::Strong(s)) => {
            if s == DType::Bool {
                DType::I32
            } else {
                s
            }
        }
        (PromotionKind::Strong(s), PromotionKind::WeakFloat)
        | (PromotionKind::WeakFloat, PromotionKind::Strong(s)) => {
            // Nothing is computed in a small float: the operation says so.
            if s.is_inexact() || s.is_small_float() { s } else { DType::F32 }
        }
        (PromotionKind::WeakInt, PromotionKind::WeakInt) => DType::I32,
        _ => DType::F32,
    }
}

/// The dtype to which arrays of two dtypes are promoted.
#[track_caller]
pub(crate) fn promote_dtypes(a: DType, b: DType) -> DType {
    use DType::*;
    if a == b {
        return a;
    }
    if a.is_small_float() || b.is_small_float() {
        raise(Error::Invalid(format!(
            "{a} and {b} have no common dtype: floats of 8 bits are not promoted\n\
             fix: convert one of them, as with `.astype(DType::F32)`"
        )));
    }
    let wider = |a: DType, b: DType| if a.size() >= b.size() { a } else { b };
    match (a, b) {
        (Bool, x) | (x, Bool) => x,
        (F16, BF16) | (BF16, F16) => F32,
        (x, y) if x.is_complex() || y.is_complex() => {
            if x == C128 || y == C128 || x == F64 || y == F64 { C128 } else { C64 }
        }
        (x, y) if x.is_float() && y.is_float() => wider(x, y),
        (x, _) if x.is_float() => x,
        (_, y) if y.is_float() => y,
        (x, y) if x.is_signed_int() == y.is_signed_int() => wider(x, y),
        (x, y) => {
            let (signed, unsigned) = if x.is_signed_int() { (x, y) } else { (y, x) };
            match unsigned {
                U8 => wider(signed, I16),
                U16 => wider(signed, I32),
                U32 => I64,
                // No integer holds both: the default float.
                _ => F32,
            }
        }
    }
}
