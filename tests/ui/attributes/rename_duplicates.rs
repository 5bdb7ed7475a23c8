use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    #[module(rename = "kernel")]
    //~ #[module(rename = "weight")]
    weight: Param,
    kernel: Param,
    #[module(rename = "x")]
    //~ #[module(rename = "y")]
    a: Param,
    #[module(rename = "x")]
    b: Param,
    #[module(rename = "type")]
    //~ #[module(rename = "c")]
    c: Param,
    r#type: Param,
}

#[derive(Module)]
struct Pair(#[module(rename = "one")] Param, #[module(rename = "one")] Param);
//~ struct Pair(#[module(rename = "one")] Param, #[module(rename = "two")] Param);

fn main() {}
