//! A type of another crate.
use nnx::{Module, Param};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Module)]
struct Model {
    kernel: Param,
    file: PathBuf,
    //~ #[module(static)]
    //~ file: PathBuf,
    patience: Option<Duration>,
    //~ #[module(skip)]
    //~ patience: Option<Duration>,
}

fn main() {}
