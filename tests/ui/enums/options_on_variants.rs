use nnx::{Module, Param};

#[derive(Module)]
enum Layer {
    #[module(rename = "dense")]
    //~
    Linear(Param),
    #[module(skip)]
    //~
    Flatten,
    #[module]
    //~
    Scale(Param),
}

fn main() {}
