use nnx::Module;

#[derive(Module)]
struct Model {
    #[module(rename("width"))]
    width: usize,
    #[module(static skip)]
    depth: usize,
    #[module(rename = )]
    height: usize,
    #[module("static")]
    length: usize,
}

fn main() {}
