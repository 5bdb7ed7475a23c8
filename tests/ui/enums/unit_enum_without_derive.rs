//! A unit enum is static once it derives Module, or with `static` on the field.
use nnx::{Module, Param};

#[derive(Clone, PartialEq, Eq, Hash)]
//~ #[derive(Clone, PartialEq, Eq, Hash, Module)]
//~2 #[derive(Clone, PartialEq, Eq, Hash)]
enum Padding {
    Same,
    Valid,
}

#[derive(Module)]
struct Conv {
    kernel: Param,
    padding: Padding,
    //~ padding: Padding,
    //~2 #[module(static)]
    //~2 padding: Padding,
}

fn main() {}
