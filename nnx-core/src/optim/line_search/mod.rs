//! Line searches: how far to go along an update, by the loss there. They need [`ExtraArgs`](super::ExtraArgs) with
//! `value` and `value_fn`, and stand last in a chain.

mod backtracking;
mod zoom;

pub use backtracking::*;
pub use zoom::*;

use super::Params;
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;

/// The dtype of the numbers of a search: that of the first parameter, without its imaginary part.
fn real_dtype(params: &Params) -> DType {
    params.arrays().next().map_or(DType::F32, |param| param.dtype().real())
}

/// A number of a search's state.
fn number(value: f64, dtype: DType) -> Variable<OptState> {
    Variable::new(Array::constant_scalar(dtype, value))
}
