//! Enums as users write them.
use nnx::{Module, Param};

#[derive(Module)]
enum Norm {
    Layer { scale: Param, eps: f32 },
    //~ Layer { scale: Param, #[module(static)] eps: f32 },
    Batch(Param, &'static Param),
    //~ Batch(Param, Param),
    None,
}

enum Kind {
//~ #[derive(Module)]
//~ enum Kind {
    Fast,
    Slow,
}

#[derive(Module)]
struct Layer {
    kernel: Param,
    kind: Kind,
}

#[derive(Module)]
#[module(static)]
//~
enum Marked {
    A(Param),
    B,
}

#[derive(Module)]
enum Discriminants {
    A(Param) = 1,
    //~ A(Param),
    B,
}

fn main() {}
