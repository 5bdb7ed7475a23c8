//! From program to program: derivatives, batches, checks, replays. No primitive is known here by name.

mod align;
mod autodiff;
mod batch;
mod checkify;
mod interpret;
mod linear_map;
mod simplify;
#[cfg(test)]
mod tests;

pub(crate) use align::align;

use autodiff::dependent;
pub(crate) use autodiff::{JvpProgram, interpret_jvp, jvp_program, spread, varying};
pub(crate) use batch::{batch_aval, batch_call, batch_graph, interpret_batch};
pub(crate) use checkify::Checkify;
pub(crate) use interpret::interpret;
pub(crate) use linear_map::{LinearMap, add_tangents, lin_of, transpose};
pub(crate) use simplify::share_equal;
