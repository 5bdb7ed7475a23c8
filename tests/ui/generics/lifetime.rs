use nnx::{Module, Param};
use std::marker::PhantomData;

#[derive(Module)]
struct Model<'a, T> {
    kernel: Param,
    tag: PhantomData<&'a T>,
}

fn main() {}
