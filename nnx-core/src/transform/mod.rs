//! Transforms: programs to programs, and the functions that users call.

mod autodiff;
mod axes;
mod batch;
mod checkify;
mod cond;
mod custom;
mod eager;
mod grad;
mod jacobian;
mod jvp;
mod loops;
mod map;
mod remat;
mod scan;
mod shapes;
mod tree;
mod vjp;
mod vmap;

pub(crate) use autodiff::{
    JvpProgram, dependent, interpret_jvp, jvp_program, lin_of, spread, transpose,
};
pub(crate) use batch::{batch_aval, batch_call, batch_graph, interpret_batch};
pub(crate) use eager::{buffer, eager, interpret, staged};
pub(crate) use loops::align;
pub mod jit;
pub use crate::ops::SavePolicy;
pub use axes::{ArgAxis, IntoArgAxis, IntoAxis, IntoMapAxes, MapAxes, StateAxes};
pub use checkify::{CheckError, Checks, check, checkify};
pub use cond::{cond, switch};
pub use custom::{custom_jvp, custom_vjp};
pub use grad::{Differentiated, Gradient, LossOutput, Wrt, grad, value_and_grad, wrt};
pub use jacobian::{hessian, jacfwd, jacrev};
pub use jvp::jvp;
pub use loops::{Bound, fori_loop, while_loop};
pub use map::{associative_scan, map_slices};
pub use remat::{remat, remat_with};
pub use scan::{Over, ScanInputs, length, over, scan};
pub use shapes::{eval_shape, make_graph};
pub use tree::TreeArgument;
pub use vjp::{Linearized, Pullback, linearize, vjp};
pub use vmap::{IntoVmapAxes, VmapAxes, in_axes, vmap};
