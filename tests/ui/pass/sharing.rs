//! Uses of shared nodes: own one in eager code, keep it outside of the trees that are
//! split and trained, and lend it to them; ask a type about its paths.

use nnx::module::Shared;
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Tied {
    embed: Shared<Param>,
    head: Shared<Param>,
}

#[derive(Module)]
struct Block {
    scale: Param,
}

impl Block {
    fn forward(&self, table: &Param, x: &Array) -> Array {
        x * table * &self.scale
    }
}

#[nnx::jit(graph = false)]
fn forward(block: &Block, table: &Param, x: &Array) -> Array {
    block.forward(table, x)
}

/// Requires the traits of a handle.
fn is_a_handle<T: Clone + Send + Sync + 'static>(_: &T) {}

fn main() {
    let x = Array::shape_only([2], nnx::DType::F32);
    let node = Shared::new(Param::new(x.clone()));
    let tied = Tied { embed: node.clone(), head: node };
    assert!(tied.embed.ptr_eq(&tied.head));
    is_a_handle(&tied.embed);
    is_a_handle(&Shared::new(Block { scale: Param::new(x.clone()) }));
    assert_eq!(Tied::SCHEMA.variables().count(), 2);
    assert_eq!(nnx::path!(Tied: head).to_string(), "head");

    let block = Block { scale: Param::new(x.clone()) };
    assert_eq!(nnx::state(&block).len(), 1);
    assert_eq!(nnx::state(&*tied.embed.read()).len(), 1);
    let lowered = nnx::jit::lower(|| forward(&block, &tied.head.read(), &x));
    assert!(lowered.is_ok());
}
