//! The type is not a Module, or not there at all.

use nnx::module::PathPattern;
use nnx::{Param, path};

struct Config {
//~ #[derive(nnx::Module)]
//~ struct Config {
    kernel: Param,
}

const NO_MODULE: PathPattern = path!(Config: kernel);
const UNKNOWN: PathPattern = path!(Modle: kernel);
//~ const UNKNOWN: PathPattern = path!(Config: kernel);

fn parameter<M>() -> PathPattern {
//~ fn parameter() -> PathPattern {
    path!(Vec<M>: [*].kernel)
    //~ path!(Vec<Config>: [*].kernel)
}

fn main() {
    parameter::<Param>();
    //~ parameter();
}
