//! Const parameters are fine; every lifetime is reported.
use nnx::{Module, Param};

struct Tag<'a>(&'a ());

#[derive(Module)]
struct Model<'a, 'b: 'a, const N: usize> {
//~ struct Model<const N: usize> {
    heads: [Param; N],
    #[module(skip)]
    a: Option<std::rc::Rc<Tag<'a>>>,
    //~ a: Option<std::rc::Rc<Tag<'static>>>,
    #[module(skip)]
    b: Option<std::rc::Rc<Tag<'b>>>,
    //~ b: Option<std::rc::Rc<Tag<'static>>>,
}

fn main() {}
