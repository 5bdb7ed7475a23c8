//! Transforms: programs to programs, and the functions that users call.

mod autodiff;
mod eager;
mod grad;
mod tree;

pub(crate) use eager::{compile, eager, inline, staged};
pub use grad::{GradArgument, LossOutput, grad, value_and_grad};
pub(crate) use tree::{Statics, collect_leaves, paths, rebuild, replace_leaves};
