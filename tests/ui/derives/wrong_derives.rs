//! Derives beside ours.
use nnx::{Array, Module, Param};
use std::path::PathBuf;

#[derive(Module, Copy, Clone)]
//~ #[derive(Module, Clone)]
struct Copied {
    kernel: Param,
}

#[derive(Module, PartialEq)]
//~ #[derive(Module)]
struct Compared {
    kernel: Param,
}

#[derive(Module, Default)]
//~ #[derive(Module)]
struct WithoutValues {
    kernel: Param,
}

#[derive(Module, Hash)]
//~ #[derive(Module)]
struct Hashed {
    x: Array,
}

#[derive(Modul)]
//~ #[derive(Module)]
struct Misspelt {
    kernel: Param,
}

#[module]
//~ #[derive(Module)]
struct Attribute {
    kernel: Param,
}

#[derive(nnx::Param)]
//~ #[derive(Module)]
struct OfAnother {
    kernel: Param,
}

fn main() {
    let _: Option<PathBuf> = None;
}
