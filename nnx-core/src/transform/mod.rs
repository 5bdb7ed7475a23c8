//! Transforms: programs to programs, and the functions that users call.

mod autodiff;
mod eager;
mod grad;
mod tree;

pub(crate) use eager::{buffer, eager, staged};
pub mod jit;
pub use grad::{GradArgument, LossOutput, grad, value_and_grad};
