//! Handles as arguments by themselves, and nodes that change their holders: who is who stays as in eager code.

use super::{Block, Tied, message, shared, value};
use nnx::{Array, Module, Param, Shared};

#[nnx::jit]
fn repoint(node: &mut Shared<Param>, to: &Shared<Param>) {
    let next = node.read().value() + 1.0;
    node.write().set(next);
    *node = to.clone();
}

#[test]
fn an_argument_that_is_a_handle_points_elsewhere() {
    for _ in 0..2 {
        let (old, to) = (shared(1.0), shared(5.0));
        let mut node = old.clone();
        repoint(&mut node, &to);
        assert!(node.ptr_eq(&to));
        assert_eq!((value(&old), value(&to)), (2.0, 5.0));
        // To itself: nothing to change.
        repoint(&mut node, &to);
        assert!(node.ptr_eq(&to));
        assert_eq!(value(&to), 6.0);
    }
}

#[nnx::jit]
fn exchange(a: &mut Shared<Param>, b: &mut Shared<Param>) -> Array {
    std::mem::swap(a, b);
    a.read().value() - b.read().value()
}

#[test]
fn two_arguments_exchange_their_nodes() {
    let (first, second) = (shared(1.0), shared(5.0));
    let (mut a, mut b) = (first.clone(), second.clone());
    for i in 0..3 {
        let difference = exchange(&mut a, &mut b).item::<f32>();
        assert_eq!(difference, if i % 2 == 0 { 4.0 } else { -4.0 });
        assert_eq!(a.ptr_eq(&second) && b.ptr_eq(&first), i % 2 == 0);
    }
    let (mut a, mut b) = (first.clone(), first.clone());
    assert_eq!(exchange(&mut a, &mut b).item::<f32>(), 0.0);
    assert!(a.ptr_eq(&first) && b.ptr_eq(&first));
}

#[nnx::jit]
fn put(place: &mut Option<Shared<Block>>, list: &mut Vec<Shared<Block>>, node: Shared<Block>) {
    let next = node.read().kernel.value() * 2.0;
    node.write().kernel.set(next);
    list.push(node.clone());
    *place = Some(node);
}

#[test]
fn a_node_by_value_finds_a_new_holder() {
    for _ in 0..2 {
        let node = Shared::new(Block::new(3.0));
        let (mut place, mut list) = (None, vec![]);
        put(&mut place, &mut list, node.clone());
        assert!(place.unwrap().ptr_eq(&node) && list[0].ptr_eq(&node));
        assert_eq!(node.read().kernel.item::<f32>(), 6.0);
        // The caller has no handle any more but what comes back.
        let (mut place, mut list) = (None, vec![]);
        put(&mut place, &mut list, Shared::new(Block::new(4.0)));
        assert!(list[0].ptr_eq(place.as_ref().unwrap()));
        assert_eq!(list[0].read().kernel.item::<f32>(), 8.0);
        assert_eq!(list[0].handles(), 2);
    }
}

#[nnx::jit]
fn hand_on(from: &Shared<Block>, to: &Shared<Block>) {
    let node = from.write().sub.take();
    if let Some(node) = &node {
        let next = node.read().kernel.value() + 1.0;
        node.write().kernel.set(next);
    }
    to.write().sub = node;
}

#[test]
fn a_node_goes_from_one_holder_to_another() {
    for _ in 0..2 {
        let node = Shared::new(Block::new(3.0));
        let from = Shared::new(Block { sub: Some(node.clone()), ..Block::new(1.0) });
        let to = Shared::new(Block::new(2.0));
        hand_on(&from, &to);
        assert!(from.read().sub.is_none());
        assert!(to.read().sub.as_ref().unwrap().ptr_eq(&node));
        hand_on(&to, &from);
        assert!(from.read().sub.as_ref().unwrap().ptr_eq(&node));
        assert_eq!(node.read().kernel.item::<f32>(), 5.0);
    }
}

#[nnx::jit]
fn are_one(a: &Tied, b: &Tied) -> Array {
    let same = [a.embed.ptr_eq(&a.head), a.embed.ptr_eq(&b.embed), a.head == b.head];
    Array::from_slice(&same, [3])
}

#[test]
fn the_function_sees_who_is_who() {
    let (tied, untied) = (Tied::new(1.0), Tied::untied(1.0, 1.0));
    let ask = |a: &Tied, b: &Tied| are_one(a, b).to_vec::<bool>();
    assert_eq!(ask(&tied, &tied), [true, true, true]);
    assert_eq!(ask(&tied, &untied), [true, false, false]);
    assert_eq!(ask(&untied, &untied), [false, true, true]);
    assert_eq!(ask(&untied, &tied), [false, false, false]);
    let half = Tied { embed: tied.embed.clone(), head: untied.head.clone() };
    assert_eq!(ask(&half, &tied), [false, true, false]);
    assert_eq!(ask(&half, &untied), [false, false, true]);
}

/// A layer of any type.
#[nnx::dyn_module(graph)]
trait Layer: Send + Sync {
    fn forward(&self, x: &Array) -> Array;
}

#[derive(Module)]
struct Scale {
    factor: Shared<Param>,
}

#[derive(Module)]
struct Shift {
    by: Shared<Param>,
    times: usize,
}

impl Layer for Scale {
    fn forward(&self, x: &Array) -> Array {
        let next = self.factor.read().value() + 1.0;
        self.factor.write().set(next);
        x * self.factor.read().value()
    }
}

impl Layer for Shift {
    fn forward(&self, x: &Array) -> Array {
        x + self.by.read().value() * self.times as f32
    }
}

type Layers = Vec<Box<dyn Layer>>;

#[nnx::jit]
fn through(layers: &Layers, x: &Array) -> Array {
    layers.iter().fold(x.clone(), |x, layer| layer.forward(&x))
}

#[nnx::jit]
fn turn(layers: &mut Layers) {
    layers.reverse();
    let first = layers.remove(0);
    layers.push(first);
}

#[test]
fn objects_share_nodes() {
    let node = shared(1.0);
    let layer = |times| -> Box<dyn Layer> { Box::new(Shift { by: node.clone(), times }) };
    let scale = || -> Box<dyn Layer> { Box::new(Scale { factor: node.clone() }) };
    let mut layers: Layers = vec![scale(), layer(1), layer(2)];
    let x = Array::scalar(1.0_f32);
    // 2x + 2 + 4, 3x + 3 + 6.
    assert_eq!(through(&layers, &x).item::<f32>(), 8.0);
    assert_eq!(through(&layers, &x).item::<f32>(), 12.0);
    assert_eq!(value(&node), 3.0);
    for _ in 0..2 {
        // Now 1, scale, 2; and then scale, 2, 1 and so on.
        turn(&mut layers);
    }
    let copy = nnx::clone(&layers);
    let y = through(&layers, &x).item::<f32>();
    assert_eq!(value(&node), 4.0);
    assert_eq!(through(&copy, &x).item::<f32>(), y);
    assert_eq!(nnx::state(&layers).len(), 1);
    assert_eq!(node.handles(), 4);
}

#[nnx::jit]
fn counts_handles(model: &Tied, x: &Array) -> Array {
    x * model.embed.handles() as f32
}

#[nnx::jit]
fn scales_by(model: &Tied, x: &Array, #[nnx(static)] handles: usize) -> Array {
    model.embed.read().value() * x * handles as f32
}

/// The count in a trace is that of the copy that the function sees, and would be a constant of the program.
#[test]
fn handles_are_not_counted_in_a_trace() {
    let model = Tied::new(1.0);
    let (x, kept) = (Array::scalar(2.0_f32), model.embed.clone());
    let counts = [
        message(|| drop(counts_handles(&model, &x))),
        message(|| drop(nnx::grad(|x: &Array| x * kept.handles() as f32, &x))),
    ];
    for text in counts {
        assert!(text.starts_with("Shared::handles: in a function that is traced"), "{text}");
        assert!(text.contains("static"), "{text}");
    }
    assert_eq!(scales_by(&model, &x, kept.handles()).item::<f32>(), 6.0);
}

#[nnx::jit]
fn cuts(block: &Shared<Block>) -> Array {
    let link = block.read().sub.as_ref().unwrap().downgrade();
    block.write().sub = None;
    let still_there = link.upgrade().is_some();
    Array::scalar(still_there)
}

/// As documented: the argument holds it to the end of the call.
#[test]
fn a_node_that_is_cut_off_in_a_trace_is_there_until_its_end() {
    let block = Shared::new(Block::new(1.0));
    block.write().sub = Some(Shared::new(Block::new(2.0)));
    let link = block.read().sub.as_ref().unwrap().downgrade();
    assert!(cuts(&block).item::<bool>());
    assert!(link.upgrade().is_none());
}
