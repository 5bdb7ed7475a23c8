//! Element types.

use std::fmt;

/// The table of dtypes: the variant, the type of its elements in Rust, the sort of numbers it holds,
/// its names in Rust and in NumPy. Within a sort, the order is that of promotion.
///
/// `for_each_dtype!(expand!(given))` calls `expand!` with what is given and the rows. What other
/// languages call a dtype (PJRT, StableHLO, HLO, safetensors) is in the rooms that speak them, in a
/// `match` that does not compile without every dtype.
macro_rules! for_each_dtype {
    ($expand:ident!($($given:tt)*)) => {
        $expand! { [$($given)*]
            Bool, bool, boolean, "bool", "bool";
            I8, i8, signed, "i8", "int8";
            I16, i16, signed, "i16", "int16";
            I32, i32, signed, "i32", "int32";
            I64, i64, signed, "i64", "int64";
            U8, u8, unsigned, "u8", "uint8";
            U16, u16, unsigned, "u16", "uint16";
            U32, u32, unsigned, "u32", "uint32";
            U64, u64, unsigned, "u64", "uint64";
            F16, half::f16, short_float, "f16", "float16";
            BF16, half::bf16, short_float, "bf16", "bfloat16";
            F32, f32, float, "f32", "float32";
            F64, f64, float, "f64", "float64";
            C64, num_complex::Complex<f32>, complex, "c64", "complex64";
            C128, num_complex::Complex<f64>, complex, "c128", "complex128";
            F8E4M3FN, super::float8::F8E4M3FN, small_float, "f8e4m3fn", "float8_e4m3fn";
            F8E5M2, super::float8::F8E5M2, small_float, "f8e5m2", "float8_e5m2";
            F8E4M3B11FNUZ, super::float8::F8E4M3B11FNUZ, small_float, "f8e4m3b11fnuz", "float8_e4m3b11fnuz";
            F8E4M3FNUZ, super::float8::F8E4M3FNUZ, small_float, "f8e4m3fnuz", "float8_e4m3fnuz";
            F8E5M2FNUZ, super::float8::F8E5M2FNUZ, small_float, "f8e5m2fnuz", "float8_e5m2fnuz";
            F8E3M4, super::float8::F8E3M4, small_float, "f8e3m4", "float8_e3m4";
            F8E4M3, super::float8::F8E4M3, small_float, "f8e4m3", "float8_e4m3";
            F8E8M0FNU, super::float8::F8E8M0FNU, small_float, "f8e8m0fnu", "float8_e8m0fnu";
        }
    };
}
pub(super) use for_each_dtype;

/// The sorts of numbers.
enum NumberSort {
    Bool,
    Signed,
    Unsigned,
    Float,
    Complex,
    SmallFloat,
}

macro_rules! sort {
    (boolean) => {
        NumberSort::Bool
    };
    (signed) => {
        NumberSort::Signed
    };
    (unsigned) => {
        NumberSort::Unsigned
    };
    (short_float) => {
        NumberSort::Float
    };
    (float) => {
        NumberSort::Float
    };
    (complex) => {
        NumberSort::Complex
    };
    (small_float) => {
        NumberSort::SmallFloat
    };
}

macro_rules! dtypes {
    ([] $($variant:ident, $element:ty, $sort:ident, $name:literal, $numpy:literal;)*) => {
        /// The element type of an [`Array`](crate::graph::Array).
        ///
        /// ```
        /// use nnx::{Array, DType};
        ///
        /// let x = Array::from([1.5_f32, 2.5]);
        /// assert_eq!((x.dtype(), x.dtype().to_string()), (DType::F32, "f32".to_string()));
        /// assert_eq!(x.astype(DType::BF16).dtype().size(), 2);
        /// assert!(DType::BF16.is_float() && DType::C64.is_complex() && !DType::Bool.is_int());
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)]
        pub enum DType {
            $($variant,)*
        }

        impl DType {
            /// Every dtype that is computed in, in promotion order within each kind. Others are in
            /// [`SMALL`](DType::SMALL).
            ///
            /// ```
            /// use nnx::DType;
            ///
            /// let bytes = DType::ALL.into_iter().filter(|dtype| dtype.size() == 1);
            /// assert_eq!(bytes.collect::<Vec<_>>(), [DType::Bool, DType::I8, DType::U8]);
            /// ```
            pub const ALL: [DType; EVERY.len() - SMALL_FLOATS] = {
                let mut all = [DType::Bool; EVERY.len() - SMALL_FLOATS];
                let mut i = 0;
                while i < all.len() {
                    all[i] = EVERY[i];
                    i += 1;
                }
                all
            };

            /// The floats of 8 bits: dtypes to keep arrays in. They are made, moved and converted, and products of them
            /// have sums in a wider dtype ([`dot_general_as`](crate::array::dot_general_as)). Arithmetic needs a conversion;
            /// functions that are computed in f32 for integers too, as Fourier transforms, may take them as they are.
            ///
            /// ```
            /// use nnx::{Array, DType, array::dot_general_as};
            ///
            /// let x = Array::from([1.0_f32, 3.1]).astype(DType::F8E4M3FN);
            /// assert_eq!((x.dtype().size(), x.astype(DType::F32).to_vec::<f32>()), (1, vec![1.0, 3.0]));
            /// let y = dot_general_as(&x, &x, (&[0], &[0]), (&[], &[]), DType::F32);
            /// assert_eq!(y.item::<f32>(), 10.0);
            /// assert!(DType::SMALL.contains(&x.dtype()) && x.dtype().is_small_float());
            /// ```
            pub const SMALL: [DType; SMALL_FLOATS] = {
                let mut all = [DType::Bool; SMALL_FLOATS];
                let mut i = 0;
                while i < all.len() {
                    all[i] = EVERY[EVERY.len() - SMALL_FLOATS + i];
                    i += 1;
                }
                all
            };

            /// Bytes per element.
            ///
            /// ```
            /// use nnx::DType;
            ///
            /// assert_eq!((DType::Bool.size(), DType::F32.size(), DType::C128.size()), (1, 4, 16));
            /// ```
            pub const fn size(self) -> usize {
                match self {
                    $(DType::$variant => size_of::<$element>(),)*
                }
            }

            /// NumPy's name for it, as `float32`.
            ///
            /// ```
            /// use nnx::DType;
            ///
            /// assert_eq!(DType::BF16.numpy_name(), "bfloat16");
            /// assert_eq!(DType::U8.to_string(), "u8"); // Rust's name
            /// ```
            pub const fn numpy_name(self) -> &'static str {
                match self {
                    $(DType::$variant => $numpy,)*
                }
            }

            const fn sort(self) -> NumberSort {
                match self {
                    $(DType::$variant => sort!($sort),)*
                }
            }
        }

        /// Rust's name for it, as `f32`.
        impl fmt::Display for DType {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(DType::$variant => $name,)*
                })
            }
        }

        /// All rows of the table, the small floats last.
        const EVERY: [DType; [$($name),*].len()] = [$(DType::$variant),*];

        /// How many of them are small floats.
        const SMALL_FLOATS: usize = {
            let (mut count, mut i) = (0, 0);
            while i < EVERY.len() {
                count += EVERY[i].is_small_float() as usize;
                i += 1;
            }
            count
        };

        $(element! { $sort, $variant, $element })*
    };
}

/// The trait of the elements, unless they are of this library.
macro_rules! element {
    (small_float, $variant:ident, $element:ty) => {};
    ($sort:ident, $variant:ident, $element:ty) => {
        #[diagnostic::do_not_recommend]
        impl Element for $element {
            const DTYPE: DType = DType::$variant;
            bytes! { $sort }
        }
    };
}

/// How elements become bytes: Rust does not promise that every byte is a bool.
macro_rules! bytes {
    (boolean) => {
        fn to_bytes(values: &[Self]) -> Vec<u8> {
            values.iter().map(|&v| u8::from(v)).collect()
        }
        fn from_bytes(bytes: &[u8]) -> Vec<Self> {
            bytes.iter().map(|&b| b != 0).collect()
        }
    };
    ($number:ident) => {
        fn to_bytes(values: &[Self]) -> Vec<u8> {
            bytemuck::cast_slice(values).to_vec()
        }
        fn from_bytes(bytes: &[u8]) -> Vec<Self> {
            bytemuck::pod_collect_to_vec(bytes)
        }
    };
}

for_each_dtype!(dtypes!());

impl DType {
    /// Whether this is a float of 8 bits, in which arrays are kept and nothing is computed; [`is_float`](DType::is_float)
    /// is not true of it. See [`SMALL`](DType::SMALL).
    ///
    /// ```
    /// use nnx::DType;
    ///
    /// assert!(DType::F8E5M2.is_small_float() && !DType::F16.is_small_float());
    /// ```
    pub const fn is_small_float(self) -> bool {
        matches!(self.sort(), NumberSort::SmallFloat)
    }

    /// Whether this is a real floating-point type that is computed in.
    ///
    /// ```
    /// use nnx::DType;
    ///
    /// assert!(DType::BF16.is_float());
    /// assert!(!DType::C64.is_float()); // see `is_inexact`
    /// ```
    pub const fn is_float(self) -> bool {
        matches!(self.sort(), NumberSort::Float)
    }

    /// Whether this is a complex type.
    ///
    /// ```
    /// use nnx::DType;
    ///
    /// assert!(DType::C64.is_complex() && !DType::F32.is_complex());
    /// ```
    pub const fn is_complex(self) -> bool {
        matches!(self.sort(), NumberSort::Complex)
    }

    /// Whether this is a real or complex floating-point type.
    ///
    /// ```
    /// use nnx::DType;
    ///
    /// assert!(DType::C64.is_inexact() && DType::F16.is_inexact() && !DType::I32.is_inexact());
    /// ```
    pub const fn is_inexact(self) -> bool {
        self.is_float() || self.is_complex()
    }

    /// The dtype in which functions of fractions are computed: floats and complex types are their own, and integers are
    /// f32. Small floats stay, so that the operation refuses them.
    pub(crate) const fn inexact(self) -> DType {
        match self.sort() {
            NumberSort::Float | NumberSort::Complex | NumberSort::SmallFloat => self,
            _ => DType::F32,
        }
    }

    /// Whether derivatives are taken of and with respect to arrays of this type: real and complex
    /// floating-point types. All transforms ask this function.
    pub(crate) const fn is_differentiable(self) -> bool {
        self.is_inexact()
    }

    /// The dtype of the parts of a complex number; other dtypes are their own.
    ///
    /// ```
    /// use nnx::DType;
    ///
    /// assert_eq!((DType::C64.real(), DType::I32.real()), (DType::F32, DType::I32));
    /// ```
    pub const fn real(self) -> DType {
        match self {
            DType::C64 => DType::F32,
            DType::C128 => DType::F64,
            other => other,
        }
    }

    /// The complex dtype whose parts are at least as wide as this one.
    ///
    /// ```
    /// use nnx::DType;
    ///
    /// assert_eq!((DType::F64.complex(), DType::F16.complex()), (DType::C128, DType::C64));
    /// ```
    pub const fn complex(self) -> DType {
        match self {
            DType::F64 | DType::C128 => DType::C128,
            _ => DType::C64,
        }
    }

    /// Whether this is a signed or unsigned integer type (bool is neither).
    ///
    /// ```
    /// use nnx::DType;
    ///
    /// assert!(DType::U8.is_int() && DType::I64.is_int() && !DType::Bool.is_int());
    /// ```
    pub const fn is_int(self) -> bool {
        self.is_signed_int() || self.is_unsigned_int()
    }

    /// Whether this is a signed integer type.
    ///
    /// ```
    /// use nnx::DType;
    ///
    /// assert!(DType::I64.is_signed_int() && !DType::U8.is_signed_int());
    /// ```
    pub const fn is_signed_int(self) -> bool {
        matches!(self.sort(), NumberSort::Signed)
    }

    /// Whether this is an unsigned integer type.
    ///
    /// ```
    /// use nnx::DType;
    ///
    /// assert!(DType::U8.is_unsigned_int() && !DType::I64.is_unsigned_int());
    /// ```
    pub const fn is_unsigned_int(self) -> bool {
        matches!(self.sort(), NumberSort::Unsigned)
    }
}

/// A Rust type that is the element of some [`DType`].
///
/// ```
/// use nnx::{Array, DType, Element};
///
/// fn last<T: Element>(x: &Array) -> T {
///     x.flatten().at(-1).get().item()
/// }
/// assert_eq!(last::<i32>(&Array::from([[1, 2], [3, 4]])), 4);
/// assert_eq!(<u8 as Element>::DTYPE, DType::U8);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of an array's elements",
    label = "not an element type",
    note = "elements are `bool`, `i8` to `i64`, `u8` to `u64`, `f32`, `f64`, `f16`, `bf16`, a complex number or a float of 8 bits; write the type out where Rust cannot tell: `x.item::<f32>()`, `1.0_f32`"
)]
pub trait Element: Copy + Send + Sync + fmt::Debug + PartialEq + 'static {
    /// The dtype of an array of these.
    const DTYPE: DType;
    /// The elements as little-endian bytes.
    fn to_bytes(values: &[Self]) -> Vec<u8>;
    /// The elements read back from little-endian bytes.
    fn from_bytes(bytes: &[u8]) -> Vec<Self>;
}
