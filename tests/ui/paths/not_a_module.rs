//! The type is not a Module, or not there at all.

use nnx::module::PathPattern;
use nnx::{Param, path};

struct Config {
    kernel: Param,
}

const NO_MODULE: PathPattern = path!(Config: kernel);
const UNKNOWN: PathPattern = path!(Modle: kernel);

fn parameter<M>() -> PathPattern {
    path!(Vec<M>: [*].kernel)
}

fn main() {
    parameter::<Param>();
}
