//! A macro sees the alias only; the trait sees what is behind it.
use nnx::{Module, Param};

type Tied = std::rc::Rc<Param>;
//~ type Tied = Param;
//~2 type Tied = nnx::Shared<Param>;

#[derive(Module)]
struct Model {
    embed: Tied,
}

fn main() {}
