//! Kinds of Variables of one's own.
use nnx::{Module, Param, Variable, variable_kind};

variable_kind!(Mask);
//~ variable_kind! { struct Mask; }

variable_kind! {
    pub struct Counted { by: usize }
    //~ pub struct Counted;
}

struct NotAKind;
//~ nnx::variable_kind! { struct NotAKind; }

#[derive(Module)]
struct Model {
    kernel: Param,
    other: Variable<NotAKind>,
}

fn main() {}
