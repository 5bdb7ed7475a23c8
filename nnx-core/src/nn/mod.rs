//! Layers, activations and initializers, with the names, fields and defaults of `flax.nnx`.

pub mod initializers;

pub use initializers::Initializer;
