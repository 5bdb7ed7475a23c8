//! Types and literals as HLO text.

use crate::value::{Aval, DType};
use half::{bf16, f16};
use std::fmt::Write;

pub(super) fn element(dtype: DType) -> &'static str {
    use DType::*;
    match dtype {
        Bool => "pred",
        I8 => "s8",
        I16 => "s16",
        I32 => "s32",
        I64 => "s64",
        U8 => "u8",
        U16 => "u16",
        U32 => "u32",
        U64 => "u64",
        F16 => "f16",
        BF16 => "bf16",
        F32 => "f32",
        F64 => "f64",
        C64 => "c64",
        C128 => "c128",
        F8E4M3FN => "f8e4m3fn",
        F8E5M2 => "f8e5m2",
        F8E4M3B11FNUZ => "f8e4m3b11fnuz",
        F8E4M3FNUZ => "f8e4m3fnuz",
        F8E5M2FNUZ => "f8e5m2fnuz",
        F8E3M4 => "f8e3m4",
        F8E4M3 => "f8e4m3",
        F8E8M0FNU => "f8e8m0fnu",
    }
}

/// A shape, as `f32[2,3]`.
pub(super) fn shape(aval: &Aval) -> String {
    format!("{}[{}]", element(aval.dtype()), list(aval.shape()))
}

/// Numbers with commas between.
pub(super) fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

/// The elements within a brace per dimension, as `{ {1, 2}, {3, 4} }`. There is at least one.
pub(super) fn array(aval: &Aval, bytes: &[u8]) -> String {
    let size = aval.dtype().size();
    // How many elements lie between two braces of each dimension, innermost first.
    let mut steps = Vec::with_capacity(aval.rank());
    let mut step = 1;
    for &n in aval.shape().iter().rev() {
        step *= n;
        steps.push(step);
    }
    let total = bytes.len() / size;
    let mut out = String::with_capacity(4 * total);
    for (i, item) in bytes.chunks_exact(size).enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        steps.iter().rev().filter(|&&step| i % step == 0).for_each(|_| out.push('{'));
        scalar(&mut out, aval.dtype(), item);
        steps.iter().filter(|&&step| (i + 1) % step == 0).for_each(|_| out.push('}'));
    }
    out
}

/// One element from its little-endian bytes. Floats are written as the f64 of equal value, so that
/// reading them rounds nothing; of a NaN only the sign is kept.
fn scalar(out: &mut String, dtype: DType, bytes: &[u8]) {
    macro_rules! read {
        ($ty:ty) => {{
            let mut le = [0; size_of::<$ty>()];
            le.copy_from_slice(bytes);
            <$ty>::from_le_bytes(le)
        }};
    }
    // Writing to a String cannot fail.
    let _ = match dtype {
        DType::Bool => write!(out, "{}", bytes[0] != 0),
        DType::I8 => write!(out, "{}", read!(i8)),
        DType::I16 => write!(out, "{}", read!(i16)),
        DType::I32 => write!(out, "{}", read!(i32)),
        DType::I64 => write!(out, "{}", read!(i64)),
        DType::U8 => write!(out, "{}", read!(u8)),
        DType::U16 => write!(out, "{}", read!(u16)),
        DType::U32 => write!(out, "{}", read!(u32)),
        DType::U64 => write!(out, "{}", read!(u64)),
        DType::F16 => float(out, read!(f16).to_f64()),
        DType::BF16 => float(out, read!(bf16).to_f64()),
        DType::F32 => float(out, read!(f32).into()),
        DType::F64 => float(out, read!(f64)),
        small if small.is_small_float() => float(out, crate::value::small_float(small, bytes[0])),
        _ => {
            let (re, im) = bytes.split_at(bytes.len() / 2);
            out.push('(');
            scalar(out, dtype.real(), re);
            out.push_str(", ");
            scalar(out, dtype.real(), im);
            out.push(')');
            Ok(())
        }
    };
}

fn float(out: &mut String, x: f64) -> std::fmt::Result {
    match (x.is_nan(), x.is_sign_negative()) {
        (true, false) => out.write_str("nan"),
        (true, true) => out.write_str("-nan"),
        // Infinities too: Rust writes them as HLO does.
        _ => write!(out, "{x:e}"),
    }
}
