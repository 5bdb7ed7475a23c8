use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    #[module(rename = "")]
    a: Param,
    #[module(rename = "layer.kernel")]
    b: Param,
    #[module(rename = "heads[0]")]
    c: Param,
    #[module(rename = "*")]
    d: Param,
    #[module(rename = "0")]
    e: Param,
    #[module(rename = "my kernel")]
    f: Param,
}

fn main() {}
