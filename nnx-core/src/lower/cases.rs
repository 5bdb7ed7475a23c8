//! The attributes that are one of a few cases, an enum for each. Both dialects call the cases the same.

/// One of the enums that attributes have, a case of it, and how both are written.
macro_rules! cases {
    ($(
        $(#[$doc:meta])*
        $name:ident $text:literal { $($(#[$case_doc:meta])* $case:ident $case_text:literal,)* }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
            pub(crate) enum $name { $($(#[$case_doc])* $case,)* }

            impl From<$name> for Case {
                fn from(case: $name) -> Self {
                    Case::$name(case)
                }
            }
        )*

        /// A case of one of these enums.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Case { $($name($name),)* }

        impl Case {
            /// StableHLO's name of the enum.
            pub(super) const fn of(self) -> &'static str {
                match self { $(Case::$name(_) => $text,)* }
            }

            /// The name of the case.
            pub(super) const fn text(self) -> &'static str {
                match self { $($(Case::$name($name::$case) => $case_text,)*)* }
            }
        }
    };
}

cases! {
    /// The relation that a comparison looks for.
    Direction "comparison_direction" {
        Eq "EQ",
        Ne "NE",
        Lt "LT",
        Le "LE",
        Gt "GT",
        Ge "GE",
    }

    /// How a comparison takes its operands.
    ComparisonType "comparison_type" {
        Float "FLOAT",
        /// Floats by their bits: NaN last, and -0.0 before 0.0.
        TotalOrder "TOTALORDER",
        Signed "SIGNED",
        Unsigned "UNSIGNED",
    }

    /// A Fourier transform.
    FftKind "fft_type" {
        /// Complex to complex.
        Fft "FFT",
        /// The inverse of it, divided by the number of elements.
        Ifft "IFFT",
        /// Real to the half of the complex result that is not the mirror of the other.
        Rfft "RFFT",
        /// The inverse of that.
        Irfft "IRFFT",
    }

    /// Whether a matrix is transposed before it is used.
    Transposition "transpose" {
        No "NO_TRANSPOSE",
        Yes "TRANSPOSE",
    }
}
