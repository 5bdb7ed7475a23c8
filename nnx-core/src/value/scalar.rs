//! Single elements of a dtype that is known at run time only.

use super::dtype::for_each_dtype;
use super::{DType, Element};
use std::fmt::Display;

/// An element that can be made from a number. Floats round, integers truncate.
trait Number: Element + Display {
    const LOWEST: Self;
    const HIGHEST: Self;
    fn from_f64(value: f64) -> Self;
    fn from_i64(value: i64) -> Self {
        Self::from_f64(value as f64)
    }
}

macro_rules! numbers {
    ([] $($variant:ident, $element:ty, $sort:ident, $name:literal, $numpy:literal;)*) => {$(
        impl Number for $element {
            number! { $sort }
        }
    )*};
}

/// The body of `Number` for a sort of numbers.
macro_rules! number {
    (boolean) => {
        const LOWEST: Self = false;
        const HIGHEST: Self = true;
        fn from_f64(value: f64) -> Self {
            value != 0.0
        }
    };
    (signed) => {
        number! { integer }
    };
    (unsigned) => {
        number! { integer }
    };
    (integer) => {
        const LOWEST: Self = Self::MIN;
        const HIGHEST: Self = Self::MAX;
        fn from_f64(value: f64) -> Self {
            value as Self
        }
        fn from_i64(value: i64) -> Self {
            value as Self
        }
    };
    (short_float) => {
        const LOWEST: Self = Self::NEG_INFINITY;
        const HIGHEST: Self = Self::INFINITY;
        fn from_f64(value: f64) -> Self {
            Self::from_f64(value)
        }
    };
    (float) => {
        const LOWEST: Self = Self::NEG_INFINITY;
        const HIGHEST: Self = Self::INFINITY;
        fn from_f64(value: f64) -> Self {
            value as Self
        }
    };
    (small_float) => {
        const LOWEST: Self = Self::from_bits(Self::LOWEST_BITS);
        const HIGHEST: Self = Self::from_bits(Self::HIGHEST_BITS);
        fn from_f64(value: f64) -> Self {
            Self::from_f64(value)
        }
    };
    (complex) => {
        const LOWEST: Self = Self::new(Number::LOWEST, 0.0);
        const HIGHEST: Self = Self::new(Number::HIGHEST, 0.0);
        fn from_f64(value: f64) -> Self {
            Self::new(Number::from_f64(value), 0.0)
        }
    };
}

for_each_dtype!(numbers!());

/// An expression in which `T` is the type of the elements of a dtype.
macro_rules! with_element {
    ($dtype:expr, $t:ident => $body:expr) => {
        for_each_dtype!(match_dtype!($dtype, $t => $body))
    };
}

macro_rules! match_dtype {
    (
        [$dtype:expr, $t:ident => $body:expr]
        $($variant:ident, $element:ty, $sort:ident, $name:literal, $numpy:literal;)*
    ) => {
        match $dtype {
            $(DType::$variant => {
                type $t = $element;
                $body
            })*
        }
    };
}

/// `value` as one element of `dtype`, in little-endian bytes. Floats round, integers truncate.
pub(crate) fn scalar_bytes(dtype: DType, value: f64) -> Vec<u8> {
    with_element!(dtype, T => T::to_bytes(&[<T as Number>::from_f64(value)]))
}

/// `value` as one element of `dtype`, in little-endian bytes; wraps as Rust's `as` does.
pub(crate) fn int_scalar_bytes(dtype: DType, value: i64) -> Vec<u8> {
    with_element!(dtype, T => T::to_bytes(&[<T as Number>::from_i64(value)]))
}

/// The smallest value of `dtype` (−∞ for floats), in bytes: the neutral element of max.
pub(crate) fn lowest(dtype: DType) -> Vec<u8> {
    with_element!(dtype, T => T::to_bytes(&[T::LOWEST]))
}

/// The largest value of `dtype` (∞ for floats), in bytes: the neutral element of min.
pub(crate) fn highest(dtype: DType) -> Vec<u8> {
    with_element!(dtype, T => T::to_bytes(&[T::HIGHEST]))
}

/// One element, from its little-endian bytes, as text.
pub(crate) fn format_element(dtype: DType, bytes: &[u8]) -> String {
    with_element!(dtype, T => T::from_bytes(bytes).first().map(T::to_string).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_dtype() {
        for dtype in DType::ALL {
            let text = |bytes: Vec<u8>| {
                assert_eq!(bytes.len(), dtype.size(), "{dtype}");
                format_element(dtype, &bytes)
            };
            let [one, two] = [scalar_bytes(dtype, 1.0), int_scalar_bytes(dtype, 2)].map(text);
            let expected = match dtype {
                DType::Bool => ["true", "true"],
                dtype if dtype.is_complex() => ["1+0i", "2+0i"],
                _ => ["1", "2"],
            };
            assert_eq!([one.as_str(), two.as_str()], expected, "{dtype}");
        }
    }

    #[test]
    fn ends_of_every_sort() {
        let ends = |dtype| [lowest(dtype), highest(dtype)].map(|b| format_element(dtype, &b));
        assert_eq!(ends(DType::Bool), ["false", "true"]);
        assert_eq!(ends(DType::I8), ["-128", "127"]);
        assert_eq!(ends(DType::U64), ["0", "18446744073709551615"]);
        for dtype in [DType::F16, DType::BF16, DType::F32, DType::F64] {
            assert_eq!(ends(dtype), ["-inf", "inf"], "{dtype}");
        }
        assert_eq!(ends(DType::C64), ["-inf+0i", "inf+0i"]);
    }

    #[test]
    fn integers_wrap_and_floats_saturate() {
        assert_eq!(int_scalar_bytes(DType::U8, -1), [255]);
        assert_eq!(scalar_bytes(DType::U8, -1.0), [0]);
        assert_eq!(int_scalar_bytes(DType::I64, i64::MAX), i64::MAX.to_le_bytes());
    }
}
