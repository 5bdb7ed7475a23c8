use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    #[module(rename = "")]
    //~
    a: Param,
    #[module(rename = "layer.kernel")]
    //~ #[module(rename = "layer_kernel")]
    b: Param,
    #[module(rename = "heads[0]")]
    //~ #[module(rename = "head")]
    c: Param,
    #[module(rename = "*")]
    //~ #[module(rename = "all")]
    d: Param,
    #[module(rename = "0")]
    //~ #[module(rename = "zero")]
    e: Param,
    #[module(rename = "my kernel")]
    //~ #[module(rename = "my_kernel")]
    f: Param,
}

fn main() {}
