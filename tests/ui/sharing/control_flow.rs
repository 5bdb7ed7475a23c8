//! Arguments and carries of transforms that batch, branch and loop.

use nnx::module::Shared;
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Foo {
    a: Shared<Param>,
    b: Shared<Param>,
}

fn main() {
    let v = Shared::new(Param::new(Array::scalar(1.0_f32)));
    let mut m = Foo { a: v.clone(), b: v };
    let (flag, index) = (Array::scalar(true), Array::scalar(0_i32));
    nnx::vmap(|_: &mut Foo| (), &mut m, 0);
    nnx::cond(&flag, |_: &mut Foo| (), |_| (), &mut m);
    nnx::switch(&index, 2, |_, _: &mut Foo| (), &mut m);
    nnx::while_loop(|_: &Foo| Array::scalar(false), |m| m, m);
}
