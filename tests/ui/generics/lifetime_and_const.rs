//! Const parameters are fine; every lifetime is reported.
use nnx::{Module, Param};

struct Tag<'a>(&'a ());

#[derive(Module)]
struct Model<'a, 'b: 'a, const N: usize> {
    heads: [Param; N],
    #[module(skip)]
    a: Option<std::rc::Rc<Tag<'a>>>,
    #[module(skip)]
    b: Option<std::rc::Rc<Tag<'b>>>,
}

fn main() {}
