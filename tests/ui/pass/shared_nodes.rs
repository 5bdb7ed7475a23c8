//! Whatever takes Modules takes shared nodes, but for tree mode.

use nnx::module::{Everything, GraphDef, Shared, SharedWeak, View};
use nnx::optim::{Optimizer, sgd};
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Layer {
    tied: Shared<Param>,
    parent: SharedWeak<Model>,
}

#[derive(Module)]
struct Model {
    layers: Vec<Layer>,
    head: Param,
}

#[nnx::jit]
fn bare(model: &Model) -> Array {
    model.head.value().clone()
}

#[nnx::jit()]
fn empty(model: &mut Model) {
    let _ = model;
}

#[nnx::jit(graph = true)]
fn on(model: Model) -> Model {
    model
}

#[nnx::jit(graph = true, graph_updates = false, donate = false)]
fn values(node: &Shared<Model>) -> Array {
    node.read().head.value().clone()
}

#[nnx::jit]
fn of_any<M: Module>(model: &M, other: &impl Module) -> Option<Shared<Param>> {
    let _ = (model, other);
    None
}

#[nnx::jit(graph = false)]
fn tree(model: &Param) -> Array {
    model.value().clone()
}

fn walks(model: &mut Model) -> nnx::Result<()> {
    let _ = GraphDef::of(model);
    let (graphdef, state) = nnx::split(model);
    let _ = nnx::merge(&graphdef, state)?;
    let _ = nnx::split_by(model, (Everything,))?;
    nnx::update(model, nnx::state(model))?;
    let copy = nnx::clone(model);
    let _ = nnx::map(&copy, |_, variable| variable.value.clone());
    let _ = nnx::pop(model, Everything);
    let _ = (nnx::view(&copy, View::eval()), nnx::tabulate(&copy));
    let _ = (nnx::iter_modules(&copy).count(), nnx::find_duplicates(&copy));
    Optimizer::new(&copy, sgd(0.1)).update(model, &copy);
    Ok(())
}

fn transforms(model: &mut Model, flag: &Array, index: &Array) {
    let head = |model: &Model| model.head.value().clone();
    let _ = (nnx::grad(head, &*model), nnx::jvp(head, &*model, &*model));
    let _ = (nnx::eval_shape(head, &*model), nnx::vjp(head, &*model));
    nnx::vmap(|_: &mut Model| (), &mut *model, 0);
    nnx::cond(flag, |_: &mut Model| (), |_| (), &mut *model);
    nnx::switch(index, 2, |_, _: &mut Model| (), &mut *model);
    let _ = nnx::while_loop(|_: &Model| Array::scalar(false), |m| m, nnx::clone(model));
    let _ = nnx::scan(|m: Model, _: &Array| (m, ()), nnx::clone(model), index);
}

fn main() {
    let _ = (bare, empty, on, values, tree, walks, transforms);
}
