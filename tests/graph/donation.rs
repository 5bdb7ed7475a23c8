//! The memory of a node's old value is reused where nobody can reach it, however many places hold the node.

use super::{Tied, value};
use nnx::xla::{Backend, Client};
use nnx::{Param, Shared};

#[nnx::jit]
fn advance(model: &Tied) {
    let next = model.embed.read().value() + 1.0;
    model.embed.write().set(next);
    let next = model.head.read().value() * 2.0;
    model.head.write().set(next);
}

fn address(node: &Shared<Param>) -> usize {
    node.read().device_address().unwrap()
}

/// Whether the backend tells addresses.
fn tells_memory() -> bool {
    Client::global().unwrap().backend() == Backend::Pjrt
}

#[test]
fn a_tied_node_is_updated_in_place() {
    let model = Tied::new(1.0);
    advance(&model);
    if tells_memory() {
        let before = address(&model.embed);
        for _ in 0..5 {
            advance(&model);
            assert_eq!(address(&model.head), before);
        }
    } else {
        (0..5).for_each(|_| advance(&model));
    }
    // 2 (x + 1), six times.
    assert_eq!(value(&model.embed), 190.0);
}

#[test]
fn nodes_of_their_own_are_updated_in_place() {
    let model = Tied::untied(1.0, 3.0);
    advance(&model);
    if tells_memory() {
        let before = [address(&model.embed), address(&model.head)];
        advance(&model);
        assert_eq!([address(&model.embed), address(&model.head)], before);
    }
}

#[test]
fn a_value_that_is_held_elsewhere_stays() {
    let model = Tied::new(1.0);
    advance(&model);
    let held = model.embed.read().value().clone();
    // Another handle to the node is not another handle to its value.
    let handle = model.head.clone();
    let before = held.item::<f32>();
    advance(&model);
    assert_eq!(held.item::<f32>(), before);
    assert_eq!(value(&handle), 2.0 * (before + 1.0));
    if tells_memory() {
        assert_ne!(address(&model.embed), held.device_address().unwrap());
        drop(held);
        let before = address(&handle);
        advance(&model);
        assert_eq!(address(&model.embed), before);
    }
}
