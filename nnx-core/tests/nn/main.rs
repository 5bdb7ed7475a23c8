//! Layers, activations and initializers beyond the reference cases of `tests/golden`.
#![allow(clippy::unwrap_used, missing_docs)]

mod attention;
mod functions;
mod initializers;
mod layers;
mod norms;
mod recurrent;
mod scaled;
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

/// Calls that fail, each with a part of its message.
type Mistakes<'a> = [(&'a dyn Fn(), &'a str)];

/// Holds the messages of failing calls against what they need to say, the caller's file included.
#[track_caller]
fn assert_mistakes(mistakes: &Mistakes<'_>, file: &str) {
    for (f, part) in mistakes {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains(part), "{text:?} lacks {part:?}");
        assert!(text.contains(file), "{text:?} does not name the caller's file");
    }
}
