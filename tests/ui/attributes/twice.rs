use nnx::{Module, Param};

#[derive(Module)]
#[module(crate = nnx)]
//~
#[module(crate = ::nnx)]
struct Model {
    #[module(static, static)]
    //~ #[module(static)]
    width: usize,
    #[module(rename = "a")]
    //~
    #[module(rename = "b")]
    kernel: Param,
}

fn main() {}
