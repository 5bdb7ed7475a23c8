// A link to a node is not a setting, and not to be passed over: a function would go on with the values it saw first.
use nnx::module::SharedWeak;
use nnx::{Module, Param};

#[derive(Module)]
struct Child {
    #[module(skip)]
    //~
    parent: SharedWeak<Param>,
    #[module(skip)]
    //~
    others: Vec<SharedWeak<Param>>,
    kernel: Param,
}

fn main() {}
