//! The activation functions as methods.

use super::functions;
use crate::graph::Array;

macro_rules! methods {
    ($($name:ident $formula:literal;)*) => {
        /// Activation functions: those of [`nn`](crate::nn) that take one array, for results as they come,
        /// `(x + y).relu()`. `sigmoid` and `tanh` are above.
        impl Array {$(
            #[doc = concat!(
                $formula, ": [`nn::", stringify!($name), "`](crate::nn::", stringify!($name), ")."
            )]
            ///
            /// ```
            /// use nnx::{Array, nn};
            ///
            /// let x = Array::from([0.5_f32, 2.0]);
            #[doc = concat!("let y = (&x + 1).", stringify!($name), "();")]
            #[doc = concat!("assert!(y.array_equal(nn::", stringify!($name), "(&(x + 1))).item::<bool>());")]
            /// ```
            #[track_caller]
            pub fn $name(&self) -> Array {
                functions::$name(self)
            }
        )*}
    };
}

methods! {
    relu "max(x, 0)";
    relu6 "min(max(x, 0), 6)";
    softplus "log(1 + eˣ)";
    soft_sign "x / (1 + |x|)";
    log_sigmoid "log(sigmoid(x))";
    mish "x · tanh(log(1 + eˣ))";
    log1mexp "log(1 − e⁻ˣ) for positive x";
    silu "x · sigmoid(x)";
    swish "x · sigmoid(x), by its other name";
    gelu "The Gaussian error linear unit by its tanh approximation";
    gelu_exact "The Gaussian error linear unit, x · Φ(x)";
    selu "The scaled `elu`";
    hard_sigmoid "relu6(x + 3) / 6";
    hard_silu "x · hard_sigmoid(x)";
    hard_swish "x · hard_sigmoid(x), by its other name";
    hard_tanh "x cut at −1 and 1";
    sparse_plus "0 up to −1, x from 1 on, (x + 1)² / 4 between";
    sparse_sigmoid "(x + 1) / 2, cut at 0 and 1";
}
