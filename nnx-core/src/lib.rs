//! The runtime library of nnx: Modules, arrays, tracing, transforms and the XLA runtime.
//!
//! Users depend on the facade crate `nnx`, which re-exports everything here together with
//! `#[derive(Module)]` and `#[nnx::jit]`.

#[doc(hidden)]
pub mod __private;
pub mod array;
mod error;
pub mod graph;
pub mod module;
pub mod nn;
mod ops;
pub mod optim;
pub mod random;
pub mod train;
pub mod transform;
pub mod xla;

pub use array::{Array, DType, Element, fft, linalg, special};
pub use error::{Error, Result};
pub use module::{
    All, Any, Everything, GraphDef, LoRAParam, Module, Not, Nothing, Param, State, Variable, View,
    clone, find_duplicates, iter_modules, map, merge, of_type, path_contains, pop, split, split_by,
    state, tabulate, update, view, with_tag,
};
pub use transform::{
    Differentiated, LossOutput, SavePolicy, StateAxes, TreeArgument, associative_scan, checkify,
    cond, custom_jvp, custom_vjp, eval_shape, fori_loop, grad, hessian, in_axes, jacfwd, jacrev,
    jit, jvp, length, linearize, make_graph, map_slices, over, remat, remat_with, scan, switch,
    value_and_grad, vjp, vmap, while_loop, wrt,
};
