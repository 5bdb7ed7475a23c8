//! An associated type that is not a Module.
use nnx::{Module, Param};

trait Family {
    type Layer;
}

struct Texts;
impl Family for Texts {
    type Layer = std::path::PathBuf;
    //~ type Layer = String;
}

#[derive(Module)]
struct Of<F: Family> {
    kernel: Param,
    layer: F::Layer,
}

fn takes<M: Module>(_: &M) {}

fn check(of: &Of<Texts>) {
    takes(of);
}

fn main() {}
