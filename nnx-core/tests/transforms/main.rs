//! Transforms: vmap, loops, branches, derivatives.
#![allow(clippy::unwrap_used)]

mod checkify;
mod composite;
mod control;
mod derivatives;
mod implicit;
mod streams;
mod vmap;
