//! Memory of old values is reused where nobody can reach them, and only there.

use super::jit_support::*;
use nnx::jit::lower;
use nnx::{Array, Module, Param};
use std::sync::LazyLock;

/// Adds 1 to every kernel, three levels down.
#[nnx::jit(graph = false)]
fn advance(net: &mut Net) {
    for cell in net.blocks.iter_mut().flat_map(|block| &mut block.cells) {
        let next = &cell.kernel + 1.0;
        cell.kernel.set(next);
    }
}

fn kernels(net: &Net) -> Vec<f32> {
    let cells = net.blocks.iter().flat_map(|block| &block.cells);
    cells.map(|cell| cell.kernel.item()).collect()
}

#[test]
fn state_three_levels_down_is_updated_in_place_on_every_call() {
    let mut net = net();
    let first = kernels(&net);
    advance(&mut net);
    let addresses = addresses(&net);
    for call in 2..12 {
        advance(&mut net);
        assert_eq!(super::jit_support::addresses(&net), addresses, "call {call}");
        let expected: Vec<f32> = first.iter().map(|v| v + call as f32).collect();
        assert_eq!(kernels(&net), expected, "call {call}");
    }
    assert_eq!(lower(|| advance(&mut net)).unwrap().donations().len(), 4);
}

#[test]
fn a_copy_of_a_module_keeps_its_values_when_the_module_is_updated() {
    let mut net = net();
    advance(&mut net);
    let copy = nnx::clone(&net);
    let before = values(&copy);
    advance(&mut net);
    advance(&mut net);
    assert_eq!(values(&copy), before);
    assert_eq!(kernels(&net), kernels(&copy).iter().map(|v| v + 2.0).collect::<Vec<_>>());
    // Once the copy is gone, memory is reused again.
    drop(copy);
    let addresses_before = addresses(&net);
    advance(&mut net);
    assert_eq!(addresses(&net), addresses_before);
}

#[test]
fn one_shared_leaf_does_not_keep_the_others_from_being_reused() {
    let mut net = net();
    advance(&mut net);
    let held = net.blocks[1].cells[0].kernel.value().clone();
    let (value, before) = (held.item::<f32>(), addresses(&net));
    advance(&mut net);
    assert_eq!(held.item::<f32>(), value);
    let moved = addresses(&net).into_iter().zip(before).filter(|(now, before)| now != before);
    let moved: Vec<String> = moved.map(|((path, _), _)| path).collect();
    if tells_memory() {
        assert_eq!(moved, ["blocks[1].cells[0].kernel"]);
    }
}

#[nnx::jit(graph = false)]
fn two_updates(a: &mut Param, b: &mut Param, c: &Array) -> Array {
    let (next_a, next_b) = (&*a + 1.0, &*b * 10.0);
    a.set(next_a);
    b.set(next_b);
    c + 0.5
}

#[test]
fn one_buffer_in_several_places_of_the_arguments() {
    let value = scalar(2.0);
    let (mut a, mut b) = (Param::new(value.clone()), Param::new(value.clone()));
    for _ in 0..2 {
        // `a` and `b` start as one buffer, and `c` is the same one.
        let c = value.clone();
        assert_eq!(two_updates(&mut a, &mut b, &c).item::<f32>(), 2.5);
    }
    assert_eq!((a.item::<f32>(), b.item::<f32>(), value.item::<f32>()), (4.0, 200.0, 2.0));
    // Two Variables that share, and nobody else.
    let mut a = Param::new(scalar(3.0));
    let mut b = a.clone();
    two_updates(&mut a, &mut b, &value);
    assert_eq!((a.item::<f32>(), b.item::<f32>()), (4.0, 30.0));
    // One Variable's value as an argument beside it.
    let c = a.value().clone();
    assert_eq!(two_updates(&mut a, &mut b, &c).item::<f32>(), 4.5);
    assert_eq!((a.item::<f32>(), c.item::<f32>()), (5.0, 4.0));
}

#[nnx::jit(graph = false)]
fn by_value(net: Net, x: Array) -> (Array, Array) {
    (&net.blocks[0].cells[0].kernel + &x, &x * 2.0)
}

#[test]
fn consumed_arguments_give_their_memory_only_if_nobody_else_holds_it() {
    let net = net();
    let (copy, x) = (nnx::clone(&net), scalar(4.0));
    let (held, kernel) = (x.clone(), values(&copy)[0].1);
    let (sum, double) = by_value(net, x);
    assert_eq!(double.item::<f32>(), 8.0);
    assert_eq!((held.item::<f32>(), values(&copy)[0].1), (4.0, kernel));
    drop(sum);

    // Now alone: two of the consumed buffers hold the results.
    let free: Vec<usize> = addresses(&copy).into_iter().map(|(_, address)| address).collect();
    let free = [free, vec![address(&held)]].concat();
    let (sum, double) = by_value(copy, held);
    assert!(free.contains(&address(&sum)) && free.contains(&address(&double)));
    assert_eq!(double.item::<f32>(), 8.0);
}

#[nnx::jit(graph = false)]
fn consume_twice(a: Array, b: Array, c: &Array) -> (Array, Array) {
    (&a + &b, a * c)
}

#[test]
fn one_buffer_consumed_twice_and_read_at_once() {
    let x = scalar(3.0);
    for _ in 0..3 {
        let (sum, product) = consume_twice(x.clone(), x.clone(), &x);
        assert_eq!((sum.item::<f32>(), product.item::<f32>()), (6.0, 9.0));
        assert_eq!(x.item::<f32>(), 3.0);
    }
}

#[nnx::jit(graph = false)]
fn swap(net: &mut Net) {
    let [first, second] = &mut net.blocks;
    std::mem::swap(&mut first.cells[0].kernel, &mut second.cells[0].kernel);
}

#[test]
fn values_may_change_places() {
    let mut net = net();
    let before = kernels(&net);
    swap(&mut net);
    assert_eq!(kernels(&net), [before[2], before[1], before[0], before[3]]);
    swap(&mut net);
    assert_eq!(kernels(&net), before);
    assert_eq!(traces("swap"), 1);
}

#[nnx::jit(graph = false)]
fn give_the_old(v: &mut Param) -> (Array, Param) {
    let old = v.value().clone();
    v.set(&old + 1.0);
    (old, v.clone())
}

#[test]
fn the_old_value_can_be_returned_beside_the_new() {
    let mut v = Param::new(scalar(1.0));
    let mut olds = Vec::new();
    for _ in 0..3 {
        let (old, new) = give_the_old(&mut v);
        assert_eq!(new.item::<f32>(), v.item::<f32>());
        olds.push(old);
    }
    assert_eq!(olds.iter().map(|old| old.item::<f32>()).collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
    assert_eq!(v.item::<f32>(), 4.0);
}

#[nnx::jit(graph = false)]
fn peek(v: &mut Param, change: bool) -> Array {
    if change {
        let next = &*v + 1.0;
        v.set(next);
        return scalar(0.0);
    }
    v.value().clone()
}

#[test]
fn an_unchanged_value_that_was_returned_survives_the_next_update() {
    let mut v = Param::new(scalar(1.0));
    let seen = peek(&mut v, false);
    peek(&mut v, true);
    peek(&mut v, true);
    assert_eq!((seen.item::<f32>(), v.item::<f32>()), (1.0, 3.0));
}

static TABLE: LazyLock<Array> = LazyLock::new(|| scalar(7.0));

#[nnx::jit(graph = false)]
fn add_table(v: &mut Param) {
    let next = &*v + &*TABLE;
    v.set(next);
}

#[test]
fn an_array_taken_from_outside_is_never_donated() {
    // The Variable holds the very buffer that the program captured.
    let mut v = Param::new(TABLE.clone());
    for expected in [14.0, 21.0] {
        add_table(&mut v);
        assert_eq!((v.item::<f32>(), TABLE.item::<f32>()), (expected, 7.0));
    }
    let mut again = Param::new(TABLE.clone());
    add_table(&mut again);
    assert_eq!((again.item::<f32>(), TABLE.item::<f32>()), (14.0, 7.0));
}

#[nnx::jit(graph = false, donate = false)]
fn keep_all(net: &mut Net, x: Array) -> Array {
    let next = &net.head.0 + &x;
    net.head.0.set(next);
    x * 2.0
}

#[test]
fn without_donation_nothing_is_reused() {
    let mut net = net();
    let x = scalar(1.0);
    assert!(lower(|| keep_all(&mut net, x.clone())).unwrap().donations().is_empty());
    let before = (address(&net.head.0), address(&x));
    let y = keep_all(&mut net, x);
    assert!(differ(address(&net.head.0), before.0) && differ(address(&y), before.1));
}

#[derive(Module)]
struct Unlike {
    narrow: Param,
    wide: Param,
}

#[nnx::jit(graph = false)]
fn reshape(m: &mut Unlike, gone: Array) -> Array {
    let (narrow, wide) = (m.wide.sum(..), &m.wide + m.narrow.sum(..));
    m.narrow.set(narrow.reshape([1]));
    m.wide.set(wide);
    gone.astype(nnx::DType::I32)
}

#[test]
fn only_results_of_the_same_shape_and_dtype_take_memory_over() {
    let m = || Unlike { narrow: Param::new(f32s(&[1.0, 2.0])), wide: Param::new(f32s(&[3.0; 4])) };
    let mut m = m();
    let lowered = lower(|| reshape(&mut m, f32s(&[1.0; 2]))).unwrap();
    assert_eq!(lowered.donations().len(), 1, "only `wide` keeps its shape: {}", lowered.graph());
    let y = reshape(&mut m, f32s(&[1.5, 2.5]));
    assert_eq!(y.to_vec::<i32>(), [1, 2]);
    assert_eq!((m.narrow.to_vec::<f32>(), m.wide.to_vec::<f32>()), (vec![12.0], vec![6.0; 4]));
}
