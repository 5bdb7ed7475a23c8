use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    #[module(rename = "kernel")]
    weight: Param,
    kernel: Param,
    #[module(rename = "x")]
    a: Param,
    #[module(rename = "x")]
    b: Param,
    #[module(rename = "type")]
    c: Param,
    r#type: Param,
}

#[derive(Module)]
struct Pair(#[module(rename = "one")] Param, #[module(rename = "one")] Param);

fn main() {}
