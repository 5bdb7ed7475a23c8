use nnx::Module;

#[derive(Module)]
#[module()]
//~
struct Model {
    #[module]
    //~
    width: usize,
    #[module = "static"]
    //~ #[module(static)]
    depth: usize,
}

fn main() {}
