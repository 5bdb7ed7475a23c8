//! The operations through the public API: values, derivatives, eager against traced, edge cases.
#![allow(clippy::unwrap_used)]
// Numbers from JAX that happen to be π/2.
#![allow(clippy::approx_constant)]

#[path = "ops/basics.rs"]
mod basics;
#[path = "ops/check.rs"]
mod check;
#[path = "ops/conv.rs"]
mod conv;
#[path = "ops/elementwise.rs"]
mod elementwise;
#[path = "ops/gather.rs"]
mod gather;
#[path = "ops/large.rs"]
mod large;
#[path = "ops/ragged.rs"]
mod ragged;
// The crate `xla` has no arrays of these dtypes.
#[cfg(not(feature = "xla-rs"))]
#[path = "ops/small.rs"]
mod small;
#[path = "ops/sort.rs"]
mod sort;
#[path = "ops/window.rs"]
mod window;
