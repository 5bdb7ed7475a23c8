//! From program to program: derivatives, batches, replays. No primitive is known here by name.

mod align;
mod autodiff;
mod batch;
mod interpret;

pub(crate) use align::align;
pub(crate) use autodiff::{
    JvpProgram, add_tangents, dependent, interpret_jvp, jvp_program, lin_of, spread, transpose, vjp,
};
pub(crate) use batch::{batch_aval, batch_call, batch_graph, interpret_batch};
pub(crate) use interpret::{Env, interpret};
