//! Layers, activations and initializers beyond the reference cases of `tests/golden`.
#![allow(clippy::unwrap_used, missing_docs)]

mod attention;
mod functions;
mod initializers;
mod layers;
mod recurrent;
mod view;

use nnx_core::{Array, DType};

/// Compares two arrays of one shape within `tol`.
#[track_caller]
fn assert_close(what: &str, actual: &Array, expected: &Array, tol: f64) {
    assert_eq!(actual.aval(), expected.aval(), "{what}");
    let values = |a: &Array| a.astype(DType::F64).to_vec::<f64>();
    for (i, (a, b)) in values(actual).into_iter().zip(values(expected)).enumerate() {
        assert!((a - b).abs() <= tol, "{what}: element {i} is {a}, expected {b}");
    }
}
