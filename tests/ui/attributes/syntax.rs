use nnx::Module;

#[derive(Module)]
struct Model {
    #[module(rename("width"))]
    //~ #[module(rename = "width")]
    width: usize,
    #[module(static skip)]
    //~ #[module(static)]
    depth: usize,
    #[module(rename = )]
    //~
    height: usize,
    #[module("static")]
    //~ #[module(static)]
    length: usize,
}

fn main() {}
