//! Samples of which each element is by itself, for the initializers of parameters.

use super::bits::{raw_uniform, raw_uniform_range};
use super::distributions::{raw_normal, raw_truncated_normal};
use crate::array::concatenate;
use crate::graph::Array;
use crate::value::DType;

/// A distribution, before it is scaled.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    /// Uniform in [0, 1).
    Uniform,
    /// Uniform in [-1, 1).
    Symmetric,
    /// Normal, with mean 0 and variance 1.
    Normal,
    /// That, cut at two places.
    Truncated(f64, f64),
}

impl Unit {
    /// A sample inside a trace, under the words of a key.
    #[track_caller]
    pub(crate) fn draw(self, words: &Array, shape: &[usize], dtype: DType) -> Array {
        let constant = |value: f64| Array::constant_scalar(dtype, value);
        match self {
            Unit::Uniform => raw_uniform(words, shape, dtype),
            Unit::Symmetric => raw_uniform_range(words, shape, &constant(-1.0), &constant(1.0)),
            Unit::Normal => raw_normal(words, shape, dtype),
            Unit::Truncated(low, high) => {
                raw_truncated_normal(words, &constant(low), &constant(high), shape)
            }
        }
    }

    /// `n` elements of a larger sample inside a trace, from the position `first` on, u32 `[]`.
    #[track_caller]
    pub(crate) fn draw_from(self, words: &Array, first: &Array, n: usize, dtype: DType) -> Array {
        self.draw(&concatenate([words, &first.reshape([1])], 0), &[n], dtype)
    }
}
