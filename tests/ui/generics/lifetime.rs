use nnx::{Module, Param};
use std::marker::PhantomData;

#[derive(Module)]
struct Model<'a, T> {
//~ struct Model<T> {
    kernel: Param,
    tag: PhantomData<&'a T>,
    //~ tag: PhantomData<T>,
}

fn main() {}
