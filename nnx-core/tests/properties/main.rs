//! Properties that hold for every operation, whatever the shapes: derivatives against differences,
//! batches against loops, programs against single operations, all dtypes, edge values, bad input.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod check;
mod compositions;
mod contractions;
mod edges;
mod elementwise;
mod families;
mod indexing;
mod structure;
