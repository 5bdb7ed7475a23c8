//! [`Array`]: the numeric API users call, eager or traced.

mod dtype;
mod value;

pub use dtype::{DType, Element};
pub use value::Array;
pub(crate) use value::{Repr, Traced};
