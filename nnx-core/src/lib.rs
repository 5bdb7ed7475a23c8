//! The runtime library of nnx: Modules, arrays, tracing, transforms and the XLA runtime.
//!
//! Users depend on the facade crate `nnx`, which re-exports everything here together with
//! `#[derive(Module)]` and `#[nnx::jit]`.

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
    Differentiated, LossOutput, StateAxes, TreeArgument, cond, eval_shape, fori_loop, grad,
    in_axes, jit, jvp, length, make_graph, over, scan, switch, value_and_grad, vmap, while_loop,
    wrt,
};
