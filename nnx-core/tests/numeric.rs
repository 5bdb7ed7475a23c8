//! The numeric API against values from JAX, finite differences and bad input.
#![allow(clippy::unwrap_used)]

#[path = "ops/check.rs"]
#[allow(dead_code)]
mod check;
#[path = "numeric/elementwise.rs"]
mod elementwise;
#[path = "numeric/faults.rs"]
mod faults;
#[path = "numeric/fourier.rs"]
mod fourier;
#[path = "numeric/fuzz.rs"]
mod fuzz;
#[path = "numeric/images.rs"]
mod images;
#[path = "numeric/linalg.rs"]
mod linalg;
#[path = "numeric/names.rs"]
mod names;
#[path = "numeric/products.rs"]
mod products;
#[path = "numeric/reductions.rs"]
mod reductions;
#[path = "numeric/rules.rs"]
mod rules;
#[path = "numeric/shapes.rs"]
mod shapes;
#[path = "numeric/special.rs"]
mod special;
#[path = "numeric/stats.rs"]
mod stats;
#[path = "numeric/surprises.rs"]
mod surprises;
#[path = "numeric/text.rs"]
mod text;
#[path = "numeric/values.rs"]
mod values;
