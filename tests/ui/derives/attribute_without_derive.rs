//! The attribute belongs to the derive.
use nnx::{Module, Param};
use std::path::PathBuf;

struct Loader {
//~ #[derive(Module)]
//~ struct Loader {
    kernel: Param,
    #[module(skip)]
    folder: PathBuf,
}

#[derive(Module)]
struct Misspelt {
    kernel: Param,
    #[modul(static)]
    //~ #[module(static)]
    name: String,
}

#[derive(Module)]
struct OfJit {
    kernel: Param,
    #[nnx(static)]
    //~ #[module(static)]
    name: String,
}

fn main() {}
