//! A change of structure is handed back by itself: what lies beside it stays where it is.

use crate::param;
use nnx::module::{Leaves, Schema, Structure, Visitor, VisitorMut};
use nnx::{Module, Param, Shared};
use std::collections::BTreeMap;

#[derive(Module)]
struct Layer {
    kernel: Param,
    bias: Option<Param>,
    form: Form,
    /// Static, and a part by itself.
    width: usize,
}

#[derive(Module)]
enum Form {
    Plain,
    Scaled { by: Param, twice: bool },
}

#[derive(Module)]
struct Model {
    layers: Vec<Layer>,
    gains: BTreeMap<String, Param>,
    boxed: Box<Option<Layer>>,
    tied: Shared<Param>,
    last: Shared<Param>,
    #[module(skip)]
    calls: Vec<&'static str>,
}

fn value(param: &Param) -> f32 {
    param.item::<f32>()
}

fn layer(x: f32) -> Layer {
    Layer { kernel: param(x), bias: None, form: Form::Plain, width: 1 }
}

fn model(log: &'static str) -> Model {
    let (tied, last) = (Shared::new(param(5.0)), Shared::new(param(6.0)));
    Model {
        layers: vec![layer(1.0), layer(2.0), layer(3.0)],
        gains: BTreeMap::from([("a".into(), param(4.0))]),
        boxed: Box::new(Some(layer(7.0))),
        tied,
        last,
        calls: vec![log],
    }
}

/// Changes six parts in six ways, and values in them and beside them.
fn change_parts(model: &mut Model) {
    let kernel = &*model.layers[0].kernel + 10.0;
    model.layers[0].kernel.set(kernel);
    model.layers[1].bias = Some(Param::new(&*model.layers[0].kernel * 2.0));
    model.layers[1].width += 1;
    let by = Param::new(&*model.layers[2].kernel + 0.5);
    model.layers[2].form = Form::Scaled { by, twice: true };
    model.gains.insert("b".into(), Param::new(&*model.gains["a"] + 1.0));
    if let Some(layer) = &mut *model.boxed {
        layer.bias = Some(param(8.0));
        layer.kernel.set(nnx::Array::scalar(9.0_f32));
    }
    std::mem::swap(&mut model.tied, &mut model.last);
}

#[nnx::jit]
fn change(model: &mut Model) {
    change_parts(model);
}

fn traces(name: &str) -> Option<u64> {
    nnx::jit::functions().into_iter().find(|f| f.name == name).map(|function| function.traces)
}

#[test]
fn many_parts_of_a_tree() {
    // The first call traces, the second finds the program.
    for log in ["one", "two"] {
        let mut model = model(log);
        let (tied, last) = (model.tied.clone(), model.last.clone());
        change(&mut model);
        let [first, second, third] = &model.layers[..] else { panic!("three layers") };
        assert_eq!((value(&first.kernel), first.width, first.bias.is_some()), (11.0, 1, false));
        assert_eq!(value(&second.kernel), 2.0);
        assert_eq!((second.bias.as_ref().map(value), second.width), (Some(22.0), 2));
        assert_eq!(value(&third.kernel), 3.0);
        assert!(matches!(&third.form, Form::Scaled { by, twice: true } if value(by) == 3.5));
        assert_eq!((value(&model.gains["a"]), value(&model.gains["b"])), (4.0, 5.0));
        let boxed = model.boxed.as_ref().as_ref().expect("it is still there");
        assert_eq!((value(&boxed.kernel), boxed.bias.as_ref().map(value)), (9.0, Some(8.0)));
        assert!(model.tied.ptr_eq(&last) && model.last.ptr_eq(&tied));
        assert_eq!(model.calls, [log]);
    }
    assert_eq!(traces("change"), Some(1));
}

#[nnx::jit]
fn change_node(model: &Shared<Model>) {
    change_parts(&mut model.write());
}

#[test]
fn many_parts_of_a_node() {
    let change = |log| {
        let node = Shared::new(model(log));
        let other = node.clone();
        change_node(&node);
        let model = other.read();
        assert_eq!((value(&model.layers[0].kernel), model.layers[1].width), (11.0, 2));
        assert_eq!(model.layers[1].bias.as_ref().map(value), Some(22.0));
        assert_eq!((model.gains.len(), model.calls[0]), (2, log));
        assert_eq!(value(&model.tied.read()), 6.0);
    };
    change("one");
    // Another thread takes the same program.
    std::thread::scope(|threads| threads.spawn(|| change("two")).join()).expect("no panic");
    assert_eq!(traces("change_node"), Some(1));
}

/// Its parts come in another order than its static values, so that these cannot be told apart.
struct Odd {
    one: Option<Param>,
    other: Option<Param>,
}

impl Module for Odd {
    const SCHEMA: &'static Schema = <(Option<Param>, Option<Param>)>::SCHEMA;
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        visitor.structure(Structure::Some(self.other.is_some()));
        visitor.structure(Structure::Some(self.one.is_some()));
        self.one.iter().chain(&self.other).for_each(|param| param.flatten(visitor));
    }
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        self.one.iter_mut().chain(&mut self.other).for_each(|param| param.flatten_mut(visitor));
        visitor.module(&mut self.one);
        visitor.module(&mut self.other);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        let mut copy = |param: &Option<Param>| param.as_ref().map(|param| param.unflatten(leaves));
        Odd { one: copy(&self.one), other: copy(&self.other) }
    }
}

#[nnx::jit]
fn fill(odd: &mut Odd) {
    odd.one = odd.other.take();
}

#[test]
fn a_walk_written_by_hand() {
    for x in [1.0, 2.0] {
        let mut odd = Odd { one: None, other: Some(param(x)) };
        fill(&mut odd);
        assert_eq!((odd.one.as_ref().map(value), odd.other.is_some()), (Some(x), false));
    }
}

/// A list among other leaves.
#[derive(Module)]
struct Stack {
    first: Param,
    layers: Vec<Layer>,
    nodes: Shared<Vec<Shared<Param>>>,
    last: Param,
    #[module(skip)]
    calls: Vec<&'static str>,
}

fn stack(log: &'static str) -> Stack {
    let node = |x| Shared::new(param(x));
    Stack {
        first: param(1.0),
        layers: vec![layer(2.0), layer(3.0)],
        nodes: Shared::new(vec![node(4.0), node(5.0)]),
        last: param(6.0),
        calls: vec![log],
    }
}

/// Sets what stays, and puts something behind it.
#[nnx::jit]
fn lengthen(stack: &mut Stack) {
    for layer in &mut stack.layers {
        let next = &*layer.kernel * 10.0;
        layer.kernel.set(next);
    }
    let mut nodes = stack.nodes.write();
    let (again, sum) = (nodes[0].clone(), &**nodes[0].read() + &**nodes[1].read());
    nodes[1].write().set(sum.clone());
    nodes.extend([again, Shared::new(Param::new(sum + 0.5))]);
    let mut new = layer(0.0);
    new.kernel.set(&*stack.first + &*stack.last);
    stack.layers.push(new);
    let next = &*stack.last * 2.0;
    stack.last.set(next);
}

#[test]
fn a_list_that_grows() {
    for log in ["one", "two"] {
        let mut stack = stack(log);
        let (list, nodes) = (stack.nodes.clone(), stack.nodes.read().clone());
        lengthen(&mut stack);
        let kernels: Vec<f32> = stack.layers.iter().map(|layer| value(&layer.kernel)).collect();
        assert_eq!(kernels, [20.0, 30.0, 7.0]);
        assert_eq!((value(&stack.first), value(&stack.last)), (1.0, 12.0));
        let after = list.read();
        let values: Vec<f32> = after.iter().map(|node| value(&node.read())).collect();
        assert_eq!(values, [4.0, 9.0, 4.0, 9.5]);
        assert!(after[0] == nodes[0] && after[1] == nodes[1] && after[2] == nodes[0]);
        assert_eq!(stack.calls, [log]);
    }
    assert_eq!(traces("lengthen"), Some(1));
}

#[nnx::jit]
fn shorten(stack: &mut Stack) {
    stack.layers.truncate(1);
    let popped = stack.nodes.write().pop().expect("there are nodes");
    let next = &**popped.read() + &*stack.layers[0].kernel;
    popped.write().set(next.clone());
    stack.layers[0].kernel.set(next);
}

#[test]
fn a_list_that_shrinks() {
    for log in ["one", "two"] {
        let mut stack = stack(log);
        let (list, nodes) = (stack.nodes.clone(), stack.nodes.read().clone());
        shorten(&mut stack);
        assert_eq!((stack.layers.len(), value(&stack.layers[0].kernel)), (1, 7.0));
        assert!(list.read().len() == 1 && list.read()[0] == nodes[0]);
        // A value that is set in a node which is then taken out is set.
        assert_eq!((value(&nodes[0].read()), value(&nodes[1].read())), (4.0, 7.0));
        assert_eq!(stack.calls, [log]);
    }
    assert_eq!(traces("shorten"), Some(1));
}

/// Changes of a list at both of its ends, in what stays, and in its order.
#[nnx::jit]
fn turn_around(stack: &mut Stack) {
    stack.layers.remove(0);
    let added = layer(8.0);
    stack.layers.extend([layer(9.0), added]);
    stack.layers[0].bias = Some(Param::new(&*stack.first + 1.0));
    let mut nodes = stack.nodes.write();
    nodes.reverse();
    nodes.push(Shared::new(param(0.0)));
}

#[test]
fn a_list_that_changes_at_its_start_and_in_its_items() {
    for log in ["one", "two"] {
        let mut stack = stack(log);
        let nodes = stack.nodes.read().clone();
        turn_around(&mut stack);
        let kernels: Vec<f32> = stack.layers.iter().map(|layer| value(&layer.kernel)).collect();
        assert_eq!(kernels, [3.0, 9.0, 8.0]);
        assert_eq!(stack.layers[0].bias.as_ref().map(value), Some(2.0));
        let after = stack.nodes.read();
        assert!(after.len() == 3 && after[0] == nodes[1] && after[1] == nodes[0]);
    }
    assert_eq!(traces("turn_around"), Some(1));
}

/// A walk that visits leaves beside those of its list, as one part.
struct Beside {
    list: Vec<Param>,
    other: Param,
}

impl Module for Beside {
    const SCHEMA: &'static Schema = <(Vec<Param>, Param)>::SCHEMA;
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        self.list.flatten(visitor);
        self.other.flatten(visitor);
    }
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        self.list.flatten_mut(visitor);
        self.other.flatten_mut(visitor);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        Beside { list: self.list.unflatten(leaves), other: self.other.unflatten(leaves) }
    }
}

#[nnx::jit]
fn grow_beside(beside: &mut Beside) {
    let next = &*beside.other + &*beside.list[0];
    beside.list.push(Param::new(next.clone()));
    beside.other.set(next);
}

#[test]
fn a_list_in_a_walk_written_by_hand() {
    for _ in 0..2 {
        let mut beside = Beside { list: vec![param(1.0)], other: param(2.0) };
        grow_beside(&mut beside);
        let values: Vec<f32> = beside.list.iter().map(value).collect();
        assert_eq!((values, value(&beside.other)), (vec![1.0, 3.0], 3.0));
    }
}

#[derive(Module)]
struct Encoder {
    kernel: Param,
    #[module(recursive)]
    blocks: Vec<Block>,
}

#[derive(Module)]
struct Block {
    w: Param,
    inner: Option<Box<Encoder>>,
    #[module(skip)]
    name: &'static str,
}

#[derive(Module)]
struct Two {
    a: Option<Encoder>,
    b: Option<Encoder>,
}

#[nnx::jit]
fn shift(two: &mut Two) -> nnx::Result<()> {
    two.b = two.a.take();
    Ok(())
}

/// The schema ends at the mark: only the walk sees the field.
#[test]
fn a_skipped_field_behind_a_recursive_one_is_not_lost() {
    let block = Block { w: param(2.0), inner: None, name: "one" };
    let mut two = Two { a: Some(Encoder { kernel: param(1.0), blocks: vec![block] }), b: None };
    let message = shift(&mut two).expect_err("`name` would be lost").to_string();
    assert!(message.contains("field `blocks[0].name` in it is skipped"), "{message}");
    assert!(two.a.is_some_and(|a| a.blocks[0].name == "one"));
    let mut two = Two { a: Some(Encoder { kernel: param(1.0), blocks: vec![] }), b: None };
    shift(&mut two).expect("there is none");
    assert!(two.a.is_none() && two.b.is_some());
}

#[nnx::dyn_module]
trait Boxed {}

#[derive(Module)]
struct Named {
    kernel: Param,
    #[module(skip)]
    name: &'static str,
}

impl Boxed for Named {}
impl Boxed for Layer {}

#[nnx::jit]
fn drop_first_box(boxes: &mut Vec<Box<dyn Boxed>>) -> nnx::Result<()> {
    boxes.remove(0);
    Ok(())
}

/// The field that an item skips tells which item it is, and walks do not see it.
#[test]
fn items_with_skipped_fields_do_not_take_the_places_of_others() {
    let named = |x, name| -> Box<dyn Boxed> { Box::new(Named { kernel: param(x), name }) };
    let mut boxes = vec![named(1.0, "one"), named(2.0, "two")];
    let message = drop_first_box(&mut boxes).expect_err("`name` would be lost").to_string();
    assert!(message.contains("field `[0].name` in it is skipped"), "{message}");
    let mut boxes: Vec<Box<dyn Boxed>> = vec![Box::new(layer(1.0)), Box::new(layer(2.0))];
    drop_first_box(&mut boxes).expect("they skip nothing");
    assert_eq!(boxes.len(), 1);
}

/// Two lists of different types under one number.
struct TwoLists {
    a: Vec<Param>,
    b: Vec<Layer>,
}

impl Module for TwoLists {
    const SCHEMA: &'static Schema = <(Vec<Param>, Vec<Layer>)>::SCHEMA;
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        self.a.flatten(visitor);
        self.b.flatten(visitor);
    }
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        self.a.flatten_mut(visitor);
        self.b.flatten_mut(visitor);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        TwoLists { a: self.a.unflatten(leaves), b: self.b.unflatten(leaves) }
    }
}

#[nnx::jit]
fn toggle_last(lists: &mut TwoLists) {
    if lists.b.pop().is_none() {
        lists.b.push(layer(7.0));
    }
}

#[test]
fn two_empty_lists_in_a_walk_written_by_hand() {
    let mut lists = TwoLists { a: vec![], b: vec![] };
    for len in [1, 0, 1, 0] {
        toggle_last(&mut lists);
        assert_eq!((lists.a.len(), lists.b.len()), (0, len));
    }
}

#[nnx::jit]
fn drop_oldest(cache: &mut Vec<Param>) {
    cache.remove(0);
}

/// The items that move are the caller's buffers, and no data is copied.
#[test]
fn items_that_move_in_a_list_keep_their_buffers() {
    let lowered = nnx::jit::lower(|| drop_oldest(&mut vec![param(1.0), param(2.0), param(3.0)]));
    let results = lowered.expect("it is traced").output_avals().len();
    assert_eq!(results, 0);
    for _ in 0..2 {
        let mut cache = vec![param(1.0), param(2.0), param(3.0)];
        drop_oldest(&mut cache);
        assert_eq!(cache.iter().map(value).collect::<Vec<_>>(), [2.0, 3.0]);
    }
}
