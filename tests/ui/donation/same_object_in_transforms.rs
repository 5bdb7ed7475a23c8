//! Nor do transforms take one object twice if one of the two may be set.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Foo {
    a: Param,
}

fn main() {
    let mut m = Foo { a: Param::new(Array::scalar(1.0_f32)) };
    let which = Array::scalar(true);
    nnx::vmap(|(m1, m2): (&mut Foo, &Foo)| m1.a.set(m2.a.value().clone()), (&mut m, &m), (0, 1));
    //~ let other = nnx::module::clone(&m);
    //~ nnx::vmap(|(m1, m2): (&mut Foo, &Foo)| m1.a.set(m2.a.value().clone()), (&mut m, &other), (0, 1));
    nnx::cond(&which, |(a, _): (&mut Foo, &mut Foo)| a.a.set(Array::scalar(2.0_f32)), |_| (), (&mut m, &mut m));
    //~ nnx::cond(&which, |a: &mut Foo| a.a.set(Array::scalar(2.0_f32)), |_| (), &mut m);
    nnx::grad(|(a, b): (&mut Foo, &Foo)| &*a.a * &*b.a, (&mut m, &m));
    //~ nnx::grad(|(a, b): (&mut Foo, &Foo)| &*a.a * &*b.a, (&mut m, &other));
}
