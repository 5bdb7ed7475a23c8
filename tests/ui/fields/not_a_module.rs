//! A type that derives nothing, directly and in a container; one error for each field.
use nnx::{Module, Param};

struct Config {
//~ #[derive(Module)]
//~ struct Config {
    width: usize,
}

#[derive(Module)]
struct Model {
    kernel: Param,
    config: Config,
    configs: Vec<Config>,
}

fn main() {}
