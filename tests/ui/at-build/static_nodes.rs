// A handle to a node can be hashed, and the hash says which node it is, not what is in it.
use nnx::module::Shared;
use nnx::{Array, Param};
use std::marker::PhantomData;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Setting {
    size: usize,
}

#[nnx::jit]
fn scaled(#[nnx(static)] node: Shared<Param>, x: &Array) -> Array {
    //~ fn scaled(node: &Shared<Param>, x: &Array) -> Array {
    x * &*node.read()
}

#[nnx::jit(graph = false)]
fn inside(#[nnx(static)] nodes: Vec<Option<Shared<Param>>>, x: &Array) -> Array {
    //~ fn inside(#[nnx(static)] nodes: Vec<usize>, x: &Array) -> Array {
    x * nodes.len() as i32
}

#[nnx::jit]
fn allowed(#[nnx(static)] setting: Setting, #[nnx(static)] _x: PhantomData<Array>, y: &Array) -> Array {
    y * setting.size as i32
}

fn main() {
    let node = Shared::new(Param::new(Array::scalar(1.0_f32)));
    let x = Array::scalar(2.0_f32);
    scaled(node.clone(), &x);
    //~ scaled(&node, &x);
    inside(vec![Some(node)], &x);
    //~ inside(vec![3], &x);
    allowed(Setting { size: 2 }, PhantomData, &x);
}
