// An alias of the type itself, which the derive cannot see: a cycle of constants as well.
use nnx::{Module, Param};

type Children = Vec<Tree>;

#[derive(Module)]
struct Tree {
    kernel: Param,
    children: Children,
    //~ #[module(recursive)]
    //~ children: Children,
}

fn main() {}
