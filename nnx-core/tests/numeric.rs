//! The numeric API against values from JAX, finite differences and bad input.
#![allow(clippy::unwrap_used)]

#[path = "ops/check.rs"]
#[allow(dead_code)]
mod check;
#[path = "numeric/complex_numbers.rs"]
mod complex_numbers;
#[path = "numeric/densities.rs"]
mod densities;
#[path = "numeric/distributions.rs"]
mod distributions;
#[path = "numeric/eigen.rs"]
mod eigen;
#[path = "numeric/elementwise.rs"]
mod elementwise;
#[path = "numeric/faults.rs"]
mod faults;
#[path = "numeric/fourier.rs"]
mod fourier;
#[path = "numeric/fuzz.rs"]
mod fuzz;
#[path = "numeric/hypergeometric.rs"]
mod hypergeometric;
#[path = "numeric/images.rs"]
mod images;
#[path = "numeric/krylov.rs"]
mod krylov;
#[path = "numeric/linalg.rs"]
mod linalg;
#[path = "numeric/names.rs"]
mod names;
#[path = "numeric/places.rs"]
mod places;
#[path = "numeric/products.rs"]
mod products;
#[path = "numeric/reductions.rs"]
mod reductions;
#[path = "numeric/rotations.rs"]
mod rotations;
#[path = "numeric/rules.rs"]
mod rules;
#[path = "numeric/shapes.rs"]
mod shapes;
#[path = "numeric/special.rs"]
mod special;
#[path = "numeric/special_integrals.rs"]
mod special_integrals;
#[path = "numeric/special_orders.rs"]
mod special_orders;
#[path = "numeric/special_plane.rs"]
mod special_plane;
#[path = "numeric/spectra.rs"]
mod spectra;
#[path = "numeric/stats.rs"]
mod stats;
#[path = "numeric/surprises.rs"]
mod surprises;
#[path = "numeric/text.rs"]
mod text;
#[path = "numeric/values.rs"]
mod values;
