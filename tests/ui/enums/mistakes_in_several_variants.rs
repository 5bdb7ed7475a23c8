use nnx::{Module, Param};

#[derive(Module)]
enum Layer {
    A {
        #[module(static, skip)]
        width: usize,
    },
    B(#[module(kind = "Cache")] Param),
    C(*const Param),
}

fn main() {}
