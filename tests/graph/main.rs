//! Graph mode: shared nodes in trees, jitted functions and transforms.
#![allow(clippy::unwrap_used)]

mod callbacks;
mod captured;
mod changes;
mod checkpoints;
mod derivatives;
mod donation;
mod flax_axes;
mod flax_transforms;
mod flax_trees;
mod forms;
mod freed;
mod handles;
mod jit;
mod links;
mod parts;
mod random;
mod random_lists;
mod recursive;
mod snapshots;
mod standstill;
mod streams;
mod stress;
mod structure;
mod transforms;
mod tree_mode;
mod trees;

use nnx::{Array, Module, Param, Shared, Variable};

type Count = Variable<nnx::module::BatchStat>;

/// An embedding whose table is the output's too.
#[derive(Module)]
struct Tied {
    embed: Shared<Param>,
    head: Shared<Param>,
}

impl Tied {
    fn new(value: f32) -> Self {
        let embed = shared(value);
        Tied { head: embed.clone(), embed }
    }

    fn untied(embed: f32, head: f32) -> Self {
        Tied { embed: shared(embed), head: shared(head) }
    }
}

#[derive(Module)]
struct Block {
    kernel: Param,
    count: Count,
    sub: Option<Shared<Block>>,
}

impl Block {
    fn new(kernel: f32) -> Self {
        Block { kernel: param(kernel), count: Count::new(Array::scalar(0_i32)), sub: None }
    }
}

fn param(value: f32) -> Param {
    Param::new(Array::scalar(value))
}

fn shared(value: f32) -> Shared<Param> {
    Shared::new(param(value))
}

fn value(node: &Shared<Param>) -> f32 {
    node.read().item::<f32>()
}

/// The message of a panic.
fn message(f: impl FnOnce()) -> String {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        Ok(()) => panic!("there was no error"),
        Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_default(),
    }
}
