//! Transforms: vmap, loops, branches, derivatives.
#![allow(clippy::unwrap_used)]

mod control;
mod vmap;
