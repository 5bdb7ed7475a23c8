//! A type whose values may hold themselves: in tree mode there are no handles, and so no cycles.

use nnx::{Array, Module, Param, Shared};

#[derive(Module)]
struct Link {
    weight: Param,
    next: Option<Shared<Self>>,
}

#[derive(Module)]
struct Parent {
    weight: Param,
    children: Vec<Child>,
}

#[derive(Module)]
struct Child {
    weight: Param,
    #[module(recursive)]
    parent: Option<Shared<Parent>>,
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn forward(link: &Link, x: &Array) -> Array {
    x * link.weight.value()
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn of_a_family(parent: &Parent) -> Array {
    parent.weight.value() * 2.0
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn grow(x: &Array) -> Link {
    Link { weight: Param::new(x.clone()), next: None }
}

fn main() {}
