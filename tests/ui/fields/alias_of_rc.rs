//! A macro sees the alias only; the trait sees what is behind it.
use nnx::{Module, Param};

type Tied = std::rc::Rc<Param>;

#[derive(Module)]
struct Model {
    embed: Tied,
}

fn main() {}
