//! Properties that hold for every operation, whatever the shapes: derivatives against differences,
//! batches against loops, programs against single operations, all dtypes, edge values, bad input.
#![allow(clippy::unwrap_used, clippy::type_complexity)]
// The same array twice is a case too, and so is 0.
#![allow(clippy::eq_op, clippy::erasing_op, clippy::needless_borrows_for_generic_args)]
#![allow(clippy::approx_constant)]

mod bad_input;
mod check;
mod compositions;
mod contractions;
mod dtypes;
mod edges;
mod edges_elementwise;
mod elementwise;
mod families;
mod indexing;
mod matrices;
mod more;
mod structure;
