//! Single elements of a dtype that is known at run time only.

use super::{DType, Element};
use half::{bf16, f16};
use num_complex::Complex;

/// `value` as one element of `dtype`, in little-endian bytes. Floats round, integers truncate.
pub(crate) fn scalar_bytes(dtype: DType, value: f64) -> Vec<u8> {
    use DType::*;
    match dtype {
        Bool => vec![u8::from(value != 0.0)],
        I8 => i8::to_bytes(&[value as i8]),
        I16 => i16::to_bytes(&[value as i16]),
        I32 => i32::to_bytes(&[value as i32]),
        I64 => i64::to_bytes(&[value as i64]),
        U8 => u8::to_bytes(&[value as u8]),
        U16 => u16::to_bytes(&[value as u16]),
        U32 => u32::to_bytes(&[value as u32]),
        U64 => u64::to_bytes(&[value as u64]),
        F16 => f16::to_bytes(&[f16::from_f64(value)]),
        BF16 => bf16::to_bytes(&[bf16::from_f64(value)]),
        F32 => f32::to_bytes(&[value as f32]),
        F64 => f64::to_bytes(&[value]),
        C64 => Complex::<f32>::to_bytes(&[Complex::new(value as f32, 0.0)]),
        C128 => Complex::<f64>::to_bytes(&[Complex::new(value, 0.0)]),
    }
}

/// `value` as one element of `dtype`, in little-endian bytes; wraps as Rust's `as` does.
pub(crate) fn int_scalar_bytes(dtype: DType, value: i64) -> Vec<u8> {
    match dtype {
        DType::I64 => i64::to_bytes(&[value]),
        DType::U64 => u64::to_bytes(&[value as u64]),
        DType::U32 => u32::to_bytes(&[value as u32]),
        DType::I32 => i32::to_bytes(&[value as i32]),
        DType::U16 => u16::to_bytes(&[value as u16]),
        DType::I16 => i16::to_bytes(&[value as i16]),
        DType::U8 => u8::to_bytes(&[value as u8]),
        DType::I8 => i8::to_bytes(&[value as i8]),
        _ => scalar_bytes(dtype, value as f64),
    }
}

/// The smallest value of `dtype` (−∞ for floats), in bytes: the neutral element of max.
pub(crate) fn lowest(dtype: DType) -> Vec<u8> {
    use DType::*;
    match dtype {
        Bool | U8 | U16 | U32 | U64 => vec![0; dtype.size()],
        I8 => i8::to_bytes(&[i8::MIN]),
        I16 => i16::to_bytes(&[i16::MIN]),
        I32 => i32::to_bytes(&[i32::MIN]),
        I64 => i64::to_bytes(&[i64::MIN]),
        F16 | BF16 | F32 | F64 | C64 | C128 => scalar_bytes(dtype, f64::NEG_INFINITY),
    }
}

/// The largest value of `dtype` (∞ for floats), in bytes: the neutral element of min.
pub(crate) fn highest(dtype: DType) -> Vec<u8> {
    use DType::*;
    match dtype {
        Bool => vec![1],
        U8 | U16 | U32 | U64 => vec![0xff; dtype.size()],
        I8 => i8::to_bytes(&[i8::MAX]),
        I16 => i16::to_bytes(&[i16::MAX]),
        I32 => i32::to_bytes(&[i32::MAX]),
        I64 => i64::to_bytes(&[i64::MAX]),
        F16 | BF16 | F32 | F64 | C64 | C128 => scalar_bytes(dtype, f64::INFINITY),
    }
}

/// One element, from its little-endian bytes, as text.
pub(crate) fn format_element(dtype: DType, bytes: &[u8]) -> String {
    use DType::*;
    fn show<T: Element + std::fmt::Display>(bytes: &[u8]) -> String {
        T::from_bytes(bytes).first().map(T::to_string).unwrap_or_default()
    }
    match dtype {
        Bool => show::<bool>(bytes),
        I8 => show::<i8>(bytes),
        I16 => show::<i16>(bytes),
        I32 => show::<i32>(bytes),
        I64 => show::<i64>(bytes),
        U8 => show::<u8>(bytes),
        U16 => show::<u16>(bytes),
        U32 => show::<u32>(bytes),
        U64 => show::<u64>(bytes),
        F16 => show::<f16>(bytes),
        BF16 => show::<bf16>(bytes),
        F32 => show::<f32>(bytes),
        F64 => show::<f64>(bytes),
        C64 => show::<Complex<f32>>(bytes),
        C128 => show::<Complex<f64>>(bytes),
    }
}
