//! Transforms: programs to programs, and the functions that users call.

mod autodiff;
mod axes;
mod batch;
mod cond;
mod eager;
mod grad;
mod jvp;
mod loops;
mod scan;
mod shapes;
mod tree;
mod vmap;

pub(crate) use autodiff::{
    JvpProgram, dependent, interpret_jvp, jvp_program, lin_of, spread, transpose,
};
pub(crate) use batch::{batch_aval, batch_call, batch_graph, interpret_batch};
pub(crate) use eager::{buffer, eager, interpret, staged};
pub(crate) use loops::align;
pub mod jit;
pub use axes::{ArgAxis, IntoArgAxis, IntoAxis, IntoMapAxes, MapAxes, StateAxes};
pub use cond::{cond, switch};
pub use grad::{Differentiated, Gradient, LossOutput, Wrt, grad, value_and_grad, wrt};
pub use jvp::jvp;
pub use loops::{Bound, fori_loop, while_loop};
pub use scan::{Over, ScanInputs, length, over, scan};
pub use shapes::{eval_shape, make_graph};
pub use tree::TreeArgument;
pub use vmap::{IntoVmapAxes, VmapAxes, in_axes, vmap};
