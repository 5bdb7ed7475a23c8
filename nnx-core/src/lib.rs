//! The runtime library of nnx: Modules, arrays, tracing, transforms and the XLA runtime.
//!
//! Users depend on the facade crate `nnx`, which re-exports everything here together with
//! `#[derive(Module)]` and `#[nnx::jit]`.

#[doc(hidden)]
pub mod __private;
pub mod array;
mod error;
pub mod graph;
pub mod jit;
mod lower;
pub mod module;
pub mod nn;
mod ops;
pub mod optim;
pub mod random;
mod rewrite;
mod run;
pub mod sharding;
pub mod train;
pub mod transform;
pub mod value;
pub mod xla;

pub use array::{fft, image, linalg, ndimage, signal, special, stats};
pub use error::{Error, Result};
pub use graph::Array;
pub use jit::jit;
pub use module::{
    All, Any, Capture, Everything, GraphDef, LoRAParam, Module, Not, Nothing, Param, Shared,
    SharedWeak, State, Variable, View, called, capture, clone, clone_arrays, find_duplicates,
    find_shared_buffers, iter_modules, map, map2, merge, of_type, path_contains, perturb, pop, sow,
    split, split_by, state, tabulate, update, view, with_tag,
};
pub use random::Rngs;
pub use run::debug_nans;
pub use transform::debug;
pub use transform::{
    Argument, Differentiated, KrylovOptions, LossOutput, SavePolicy, StateAxes, TransposeSolve,
    all_gather, all_to_all, apply_along_axis, associative_scan, axis_index, axis_size, bicgstab,
    cg, checkify, composite, cond, custom_jvp, custom_linear_solve, custom_root, custom_vjp,
    custom_vjp_call, eval_shape, fisher_diag, fori_loop, gmres, grad, hessian, hessian_diag, hvp,
    in_axes, io_callback, jacfwd, jacrev, jvp, jvp_with_aux, length, linearize, linearize_with_aux,
    make_graph, map_slices, over, pbroadcast, platform_dependent, pmax, pmean, pmin, ppermute,
    pshuffle, psum, psum_scatter, pswapaxes, pure_callback, ravel_pytree, remat, remat_with, scan,
    switch, tabulate_call, value_and_grad, vectorize, vjp, vjp_with_aux, vmap, while_loop, wrt,
};
pub use value::{DType, Element};
pub use xla::effects_barrier;
