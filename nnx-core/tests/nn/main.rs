//! Layers, activations and initializers: equal to JAX's and Flax's.
#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
#[path = "../golden/mod.rs"]
mod golden;

mod functions;
mod initializers;
mod layers;
mod view;
