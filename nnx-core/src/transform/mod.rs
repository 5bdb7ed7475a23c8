//! Transforms: programs to programs, and the functions that users call.

mod autodiff;
mod eager;
mod grad;
mod jvp;
mod shapes;

pub(crate) use autodiff::interpret_jvp;
pub(crate) use eager::{buffer, eager, staged};
pub mod jit;
pub use grad::{LossOutput, TreeArgument, grad, value_and_grad};
pub use jvp::jvp;
pub use shapes::{eval_shape, make_graph};
