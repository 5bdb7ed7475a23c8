//! A type of another crate.
use nnx::{Module, Param};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Module)]
struct Model {
    kernel: Param,
    file: PathBuf,
    patience: Option<Duration>,
}

fn main() {}
