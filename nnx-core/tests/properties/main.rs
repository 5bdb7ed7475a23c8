//! Properties that hold for every operation, whatever the shapes: derivatives against differences,
//! batches against loops, programs against single operations, all dtypes, edge values, bad input.
#![allow(clippy::unwrap_used, clippy::type_complexity)]
#![allow(clippy::eq_op, clippy::needless_borrows_for_generic_args, clippy::approx_constant)] // the same array twice is a case too

mod bad_input;
mod check;
mod compositions;
mod contractions;
mod dtypes;
mod edges;
mod elementwise;
mod families;
mod indexing;
mod matrices;
mod more;
mod structure;
