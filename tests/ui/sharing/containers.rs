//! In every container that a Module may have, and as the argument itself.

use nnx::module::Shared;
use nnx::{Array, Param};
use std::collections::BTreeMap;

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn list(nodes: &Vec<Shared<Param>>) -> Array {
    nodes[0].read().value().clone()
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn option(node: Option<Box<Shared<Param>>>) -> Option<Array> {
    node.map(|node| node.read().value().clone())
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn map(nodes: &mut BTreeMap<String, Shared<Param>>) {
    nodes.clear();
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn tuple_and_array(nodes: &(Array, [Shared<Param>; 2])) -> Array {
    nodes.0.clone()
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn itself(node: &mut Shared<Param>, x: &Array) {
    node.write().set(x.clone());
}

fn main() {
    list(&Vec::new());
    option(None);
    map(&mut BTreeMap::new());
    let node = || Shared::new(Param::new(Array::scalar(1.0_f32)));
    tuple_and_array(&(Array::scalar(1.0_f32), [node(), node()]));
    itself(&mut node(), &Array::scalar(1.0_f32));
}
