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
