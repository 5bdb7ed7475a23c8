//! Floats of 8 bits: elements that are kept, converted and multiplied, and that nothing else is computed in.

use super::{DType, Element};
use std::fmt;

/// A format: the numbers that codes stand for.
#[derive(Clone, Copy)]
enum Float8 {
    /// As IEEE 754 has it: infinities and NaNs at the largest exponent.
    Ieee { mantissa: u32, bias: i32 },
    /// Without infinities; NaN is the largest code of each sign.
    Finite { mantissa: u32, bias: i32 },
    /// Without infinities and −0, whose code is NaN.
    FiniteUnsignedZero { mantissa: u32, bias: i32 },
    /// Powers of two without a sign; NaN is the last code.
    Exponent,
}

const SIGN: u8 = 0x80;

impl Float8 {
    const fn parts(self) -> (u32, i32) {
        match self {
            Float8::Ieee { mantissa, bias }
            | Float8::Finite { mantissa, bias }
            | Float8::FiniteUnsignedZero { mantissa, bias } => (mantissa, bias),
            Float8::Exponent => (0, 127),
        }
    }

    /// The first code of a sign that is not a finite number.
    const fn end(self) -> u8 {
        match self {
            Float8::Ieee { mantissa, .. } => ((1 << (7 - mantissa)) - 1) << mantissa,
            Float8::Finite { .. } => SIGN - 1,
            Float8::FiniteUnsignedZero { .. } => SIGN,
            Float8::Exponent => u8::MAX,
        }
    }

    /// The codes of the least and the greatest number, infinities among them.
    const fn ends(self) -> [u8; 2] {
        match self {
            Float8::Ieee { .. } => [SIGN | self.end(), self.end()],
            Float8::Exponent => [0, self.end() - 1],
            _ => [SIGN | (self.end() - 1), self.end() - 1],
        }
    }

    /// The code of NaN with this sign.
    const fn nan(self, sign: u8) -> u8 {
        match self {
            Float8::Ieee { mantissa, .. } => sign | self.end() | (1 << (mantissa - 1)),
            Float8::Finite { .. } => sign | self.end(),
            Float8::FiniteUnsignedZero { .. } | Float8::Exponent => self.end(),
        }
    }

    fn decode(self, code: u8) -> f64 {
        let (mantissa, bias) = self.parts();
        if let Float8::Exponent = self {
            return if code == self.end() { f64::NAN } else { 2_f64.powi(i32::from(code) - bias) };
        }
        let (sign, size) = (code & SIGN, code & !SIGN);
        let negative = |x: f64| if sign == 0 { x } else { -x };
        if let Float8::FiniteUnsignedZero { .. } = self
            && code == SIGN
        {
            return f64::NAN;
        }
        if size >= self.end() {
            let infinite = matches!(self, Float8::Ieee { .. }) && size == self.end();
            return if infinite { negative(f64::INFINITY) } else { f64::NAN };
        }
        let (exponent, fraction) = (i32::from(size >> mantissa), size & ((1 << mantissa) - 1));
        let step = 2_f64.powi(exponent.max(1) - bias - mantissa as i32);
        let whole = if exponent == 0 { 0 } else { 1_u32 << mantissa };
        negative(f64::from(whole + u32::from(fraction)) * step)
    }

    /// The nearest code, that with an even last bit of two equally near ones.
    fn encode(self, x: f64) -> u8 {
        let (mantissa, bias) = self.parts();
        let sign = if x.is_sign_negative() { SIGN } else { 0 };
        if x.is_nan() {
            return self.nan(sign);
        }
        if let Float8::Exponent = self {
            // Halves go up, as the instructions for this format have it.
            let power = exponent_of(x) + i32::from(x / 2_f64.powi(exponent_of(x)) >= 1.5);
            let is_there = x > 0.0 && x.is_finite() && power + bias < i32::from(self.end());
            return if is_there { (power + bias).max(0) as u8 } else { self.end() };
        }
        let exponent = exponent_of(x.abs()).max(1 - bias);
        let steps = (x.abs() / 2_f64.powi(exponent - mantissa as i32)).round_ties_even();
        let code = f64::from((exponent + bias - 1) << mantissa) + steps;
        match self {
            _ if code < f64::from(self.end()) => match (self, code as u8) {
                (Float8::FiniteUnsignedZero { .. }, 0) => 0,
                (_, code) => sign | code,
            },
            Float8::Ieee { .. } => sign | self.end(),
            _ => self.nan(sign),
        }
    }
}

/// The power of two below a positive number; far below all formats for 0.
fn exponent_of(x: f64) -> i32 {
    ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

macro_rules! formats {
    ($($(#[$doc:meta])* $name:ident $format:expr, $max:literal, $tiny:literal, $eps:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// ```
        #[doc = concat!("use nnx::value::", stringify!($name), ";")]
        /// use nnx::{Array, DType};
        ///
        #[doc = concat!("let x = Array::from([1.0_f32, 2.25]).astype(DType::", stringify!($name), ");")]
        #[doc = concat!("assert_eq!(x.at(0).get().item::<", stringify!($name), ">().to_f32(), 1.0);")]
        #[doc = concat!("assert_eq!(", stringify!($name), "::from_f64(0.5).to_f64(), 0.5);")]
        /// ```
        #[derive(Clone, Copy)]
        pub struct $name(u8);

        impl $name {
            const FORMAT: Float8 = $format;

            /// The largest number.
            pub const MAX: f64 = $max;
            /// The smallest positive normal number.
            pub const MIN_POSITIVE: f64 = $tiny;
            /// The distance from 1 to the next larger number.
            pub const EPSILON: f64 = $eps;

            /// The codes of the least and the greatest number.
            pub(super) const LOWEST_BITS: u8 = Self::FORMAT.ends()[0];
            pub(super) const HIGHEST_BITS: u8 = Self::FORMAT.ends()[1];

            /// The number with this code.
            pub const fn from_bits(bits: u8) -> Self {
                $name(bits)
            }

            /// The code of the number.
            pub const fn to_bits(self) -> u8 {
                self.0
            }

            /// The nearest number, as `jax.numpy.astype` rounds.
            pub fn from_f64(x: f64) -> Self {
                $name(Self::FORMAT.encode(x))
            }

            /// The nearest number.
            pub fn from_f32(x: f32) -> Self {
                Self::from_f64(x.into())
            }

            /// The number, which no f64 has to round.
            pub fn to_f64(self) -> f64 {
                Self::FORMAT.decode(self.0)
            }

            /// The number, which no f32 has to round.
            pub fn to_f32(self) -> f32 {
                self.to_f64() as f32
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.to_f64() == other.to_f64()
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                self.to_f64().partial_cmp(&other.to_f64())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.to_f32(), f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.to_f32(), f)
            }
        }

        impl From<$name> for f32 {
            fn from(x: $name) -> f32 {
                x.to_f32()
            }
        }

        #[diagnostic::do_not_recommend]
        impl Element for $name {
            const DTYPE: DType = DType::$name;
            fn to_bytes(values: &[Self]) -> Vec<u8> {
                values.iter().map(|x| x.0).collect()
            }
            fn from_bytes(bytes: &[u8]) -> Vec<Self> {
                bytes.iter().copied().map($name).collect()
            }
        }
    )*};
}

/// The number with this code of a small float.
pub(crate) fn small_float(dtype: DType, bits: u8) -> f64 {
    let format = match dtype {
        DType::F8E4M3FN => F8E4M3FN::FORMAT,
        DType::F8E5M2 => F8E5M2::FORMAT,
        DType::F8E4M3B11FNUZ => F8E4M3B11FNUZ::FORMAT,
        DType::F8E4M3FNUZ => F8E4M3FNUZ::FORMAT,
        DType::F8E5M2FNUZ => F8E5M2FNUZ::FORMAT,
        DType::F8E3M4 => F8E3M4::FORMAT,
        DType::F8E4M3 => F8E4M3::FORMAT,
        _ => Float8::Exponent,
    };
    format.decode(bits)
}

formats! {
    /// 4 bits of exponent and 3 of mantissa, finite: weights and activations. `jax.numpy.float8_e4m3fn`.
    F8E4M3FN Float8::Finite { mantissa: 3, bias: 7 }, 448.0, 0.015625, 0.125;
    /// 5 bits of exponent and 2 of mantissa: gradients. `jax.numpy.float8_e5m2`.
    F8E5M2 Float8::Ieee { mantissa: 2, bias: 15 }, 57344.0, 6.103_515_625e-5, 0.25;
    /// 4 bits of exponent and 3 of mantissa, finite, around smaller numbers. `jax.numpy.float8_e4m3b11fnuz`.
    F8E4M3B11FNUZ Float8::FiniteUnsignedZero { mantissa: 3, bias: 11 }, 30.0, 0.000_976_562_5, 0.125;
    /// 4 bits of exponent and 3 of mantissa, finite and without −0. `jax.numpy.float8_e4m3fnuz`.
    F8E4M3FNUZ Float8::FiniteUnsignedZero { mantissa: 3, bias: 8 }, 240.0, 0.007_812_5, 0.125;
    /// 5 bits of exponent and 2 of mantissa, finite and without −0. `jax.numpy.float8_e5m2fnuz`.
    F8E5M2FNUZ Float8::FiniteUnsignedZero { mantissa: 2, bias: 16 }, 57344.0, 3.051_757_812_5e-5, 0.25;
    /// 3 bits of exponent and 4 of mantissa. `jax.numpy.float8_e3m4`.
    F8E3M4 Float8::Ieee { mantissa: 4, bias: 3 }, 15.5, 0.25, 0.0625;
    /// 4 bits of exponent and 3 of mantissa. `jax.numpy.float8_e4m3`.
    F8E4M3 Float8::Ieee { mantissa: 3, bias: 7 }, 240.0, 0.015625, 0.125;
    /// Powers of two: the scales of blocks of other numbers. `jax.numpy.float8_e8m0fnu`.
    F8E8M0FNU Float8::Exponent, 1.701_411_834_604_692_3e38, 5.877_471_754_111_438e-39, 1.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes that `ml_dtypes` gives for every 65,537th f32, weighted and summed modulo 2^32.
    #[test]
    fn codes_are_those_of_ml_dtypes() {
        let sum = |encode: fn(f64) -> u8, is_taken: fn(f32) -> bool| {
            let inputs = (0..=u32::MAX).step_by(65_537).map(f32::from_bits).enumerate();
            inputs.filter(|(_, x)| !x.is_nan() && is_taken(*x)).fold(0_u32, |sum, (i, x)| {
                let weight = i as u32 % 1009 + 1;
                sum.wrapping_add(u32::from(encode(x.into())) * weight)
            })
        };
        macro_rules! sums {
            ($($name:ident)*) => { [$(sum(|x| $name::from_f64(x).to_bits(), |_| true)),*] };
        }
        let found = sums!(F8E4M3FN F8E5M2 F8E4M3B11FNUZ F8E4M3FNUZ F8E5M2FNUZ F8E3M4 F8E4M3);
        let expected = [
            4_201_278_907,
            4_158_511_526,
            2_321_949_503,
            2_267_536_512,
            2_394_443_102,
            3_962_411_316,
            4_093_079_697,
        ];
        assert_eq!(found, expected);
        // `ml_dtypes` takes f32s between 2^-127 and 1.5 times that up to 2^-126, which is farther.
        let powers = sum(|x| F8E8M0FNU::from_f64(x).to_bits(), |x| !x.is_subnormal());
        assert_eq!(powers, 1_997_770_849);
    }

    #[test]
    fn codes_become_numbers_and_come_back() {
        macro_rules! check {
            ($($name:ident)*) => {$(
                for code in 0..=u8::MAX {
                    let x = $name::from_bits(code);
                    if x.to_f64().is_nan() {
                        assert!($name::from_f64(f64::NAN).to_f64().is_nan());
                    } else {
                        assert_eq!($name::from_f64(x.to_f64()).to_bits(), code, "{x}");
                    }
                }
                assert_eq!($name::from_f64($name::MAX).to_f64(), $name::MAX);
            )*};
        }
        check!(F8E4M3FN F8E5M2 F8E4M3B11FNUZ F8E4M3FNUZ F8E5M2FNUZ F8E3M4 F8E4M3 F8E8M0FNU);
        let codes =
            |xs: &[f64]| xs.iter().map(|&x| F8E4M3FN::from_f64(x).to_bits()).collect::<Vec<_>>();
        // The last that rounds to 448, and what is too large.
        assert_eq!(
            codes(&[448.0, 464.0, 465.0, f64::NEG_INFINITY, -0.0]),
            [126, 126, 127, 255, 128]
        );
        assert_eq!(F8E5M2::from_f64(61_440.0).to_f64(), f64::INFINITY);
        assert_eq!(F8E4M3FNUZ::from_f64(-0.0).to_bits(), 0);
        assert_eq!(
            [0.0, -1.0, 3.0, 3e38].map(|x| F8E8M0FNU::from_f64(x).to_bits()),
            [255, 255, 129, 255]
        );
    }
}
