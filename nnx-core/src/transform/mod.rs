//! Transforms: functions to functions, over trees of arrays.
//!
//! Each takes the function and then what to run it on: `&x`, `&mut model` or a tuple of these (see
//! [`Argument`]). The function gets the same, with other arrays in it; what it sets in a `&mut`
//! argument is set in the caller's, and everything works inside jitted functions and inside each
//! other.
//!
//! | | |
//! |---|---|
//! | derivatives | [`grad()`], [`value_and_grad`], [`vjp()`], [`jvp()`], [`linearize`], [`jacfwd`], [`jacrev`], [`hessian`]; [`wrt`] chooses by what |
//! | derivatives of one's own | [`custom_vjp()`], [`custom_vjp_call`], [`custom_jvp`], [`custom_root`], [`custom_linear_solve`], [`Array::stop_gradient`](crate::graph::Array::stop_gradient) |
//! | memory | [`remat()`], [`remat_with`] |
//! | batches | [`vmap()`], with [`in_axes`], [`StateAxes`]; [`map_slices`], [`associative_scan`] |
//! | loops and branches | [`scan()`], with [`over`], [`length`]; [`while_loop`], [`fori_loop`], [`cond()`], [`switch`] |
//! | programs | [`make_graph`], [`eval_shape`], [`tabulate_call`] |
//! | mistakes in values | [`checkify()`], [`check`] |
//! | calls of the host | [`debug::print!`](crate::debug::print), [`debug::callback`], [`pure_callback`], [`io_callback`] |
//!
//! ```
//! use nnx::{Array, DType, array::arange, grad, scan, vmap};
//!
//! // The gradient of a recurrence, for each of three starts.
//! let xs = arange(4, DType::F32);
//! let last = |w: &Array| scan(|h: Array, x: &Array| ((h * w + x).tanh(), ()), w.clone(), &xs).0;
//! let starts = Array::from_slice(&[0.1_f32, 0.2, 0.3], [3]);
//! let slopes = vmap(|w: &Array| grad(last, w), &starts, 0);
//! let expected = Array::from([0.00792_f32, 0.00657, 0.00544]);
//! assert!((slopes - expected).abs().lt(1e-4).all(..).item::<bool>());
//! ```

pub(crate) mod axes;
mod callback;
mod checkify;
mod collectives;
mod composite;
mod cond;
mod custom;
mod custom_vjp;
pub mod debug;
mod grad;
mod implicit;
mod jacobian;
mod jvp;
mod krylov;
pub(crate) mod lend;
mod loops;
mod map;
pub(crate) mod metadata;
mod ravel;
mod remat;
mod scan;
mod second_order;
mod shapes;
pub(crate) mod shard_map;
mod tabulate;
pub(crate) mod trees;
mod vectorize;
mod vjp;
mod vmap;

pub use crate::graph::Checks;
pub use crate::ops::SavePolicy;
pub use axes::{ArgAxis, IntoArgAxis, IntoAxis, IntoMapAxes, MapAxes, StateAxes};
pub use callback::{io_callback, pure_callback};
pub use checkify::{CheckError, check, checkify};
pub(crate) use collectives::check_axis_name;
pub use collectives::{
    all_gather, all_to_all, axis_index, axis_size, pbroadcast, pmax, pmean, pmin, ppermute,
    pshuffle, psum, psum_scatter, pswapaxes,
};
pub use composite::{composite, platform_dependent};
pub use cond::{cond, switch};
pub use custom::custom_jvp;
pub use custom_vjp::{custom_vjp, custom_vjp_call};
pub use grad::{Chooses, Differentiated, Gradient, LossOutput, Wrt, grad, value_and_grad, wrt};
pub use implicit::{LinearSolver, TransposeSolve, custom_linear_solve, custom_root};
pub use jacobian::{hessian, jacfwd, jacrev};
pub use jvp::{jvp, jvp_with_aux};
pub use krylov::{KrylovOptions, bicgstab, cg, gmres};
pub use lend::{Argument, Owned, Static};
#[doc(hidden)]
pub use lend::{Role, Roles};
pub use loops::{Bound, fori_loop, while_loop};
pub use map::{apply_along_axis, associative_scan, map_slices};
pub use ravel::ravel_pytree;
pub use remat::{remat, remat_with};
pub use scan::{Over, ScanInputs, length, over, scan};
pub use second_order::{fisher_diag, hessian_diag, hvp};
pub use shapes::{eval_shape, make_graph};
pub use tabulate::{CallRow, CallTable, tabulate_call};

pub use vectorize::vectorize;
pub use vjp::{Linearized, Pullback, linearize, linearize_with_aux, vjp, vjp_with_aux};
pub use vmap::{IntoVmapAxes, VmapAxes, in_axes, vmap};
