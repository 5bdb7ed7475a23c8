//! A unit enum is static once it derives Module, or with `static` on the field.
use nnx::{Module, Param};

#[derive(Clone, PartialEq, Eq, Hash)]
//~ #[derive(Clone, PartialEq, Eq, Hash, Module)]
enum Padding {
    Same,
    Valid,
}

#[derive(Module)]
struct Conv {
    kernel: Param,
    padding: Padding,
}

fn main() {}
