//! Properties that hold for every operation, whatever the shapes: derivatives against differences,
//! batches against loops, programs against single operations, all dtypes, edge values, bad input.
#![allow(clippy::unwrap_used)]

mod check;
mod elementwise;
mod families;
mod structure;
mod indexing;
mod contractions;
