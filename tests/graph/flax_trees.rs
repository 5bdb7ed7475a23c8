//! Counterparts of Flax's tests of graph mode: trees (split, merge, update, clone) and of whole training
//! steps. The table in `docs/flax-tests.md` says which is which.

use super::{Block, Tied, param, shared, value};
use nnx::module::map_modules;
use nnx::nn::{BatchNorm, Linear};
use nnx::random::Rngs;
use nnx::{
    Array, GraphDef, Module, Param, Shared, State, View, find_shared_buffers, grad, iter_modules,
    map, merge, split, state, update, value_and_grad, view,
};
use std::collections::BTreeMap;

fn paths<M: Module>(tree: &M) -> Vec<String> {
    state(tree).paths().map(ToString::to_string).collect()
}

/// A linear layer whose kernel another layer may hold too.
#[derive(Module)]
struct Dense {
    kernel: Shared<Param>,
    bias: Param,
}

impl Dense {
    fn new(kernel: &Shared<Param>, bias: f32) -> Self {
        Dense { kernel: kernel.clone(), bias: Param::new(Array::from_slice(&[bias; 2], [2])) }
    }

    fn forward(&self, x: &Array) -> Array {
        x.matmul(self.kernel.read().value()) + self.bias.value()
    }
}

fn kernel() -> Shared<Param> {
    Shared::new(Param::new(Array::from_slice(&[1.0_f32, 2.0, 3.0, 4.0], [2, 2])))
}

#[test]
fn two_layers_with_one_kernel_have_three_leaves() {
    let kernel = kernel();
    let layers = (Dense::new(&kernel, 1.0), Dense::new(&kernel, 2.0));
    assert_eq!(paths(&layers), ["[0].bias", "[0].kernel", "[1].bias"]);
    let (graphdef, leaves) = split(&layers);
    let (first, second) = merge(&graphdef, leaves).unwrap();
    assert!(first.kernel.ptr_eq(&second.kernel) && !first.kernel.ptr_eq(&kernel));
}

/// A language model whose output layer is its table of embeddings.
#[derive(Module)]
struct Language {
    table: Shared<Param>,
    hidden: Dense,
    output: Shared<Param>,
}

#[nnx::jit]
fn logits(model: &Language, tokens: &Array) -> Array {
    let x = model.table.read().take(tokens, 0);
    model.hidden.forward(&x).matmul(model.output.read().t())
}

#[test]
fn the_table_of_embeddings_is_the_output_layer() {
    let table =
        Shared::new(Param::new(Array::from_slice(&[1.0_f32, 0.0, 0.0, 1.0, 2.0, 2.0], [3, 2])));
    let model = Language { hidden: Dense::new(&kernel(), 0.0), output: table.clone(), table };
    assert_eq!(paths(&model), ["hidden.bias", "hidden.kernel", "table"]);
    let tokens = Array::from_slice(&[0_i32, 1], [2]);
    let expected = [1.0, 2.0, 6.0, 3.0, 4.0, 14.0];
    assert_eq!(logits(&model, &tokens).to_vec::<f32>(), expected);
    // It changes in both places.
    let doubled = model.table.read().value() * 2.0;
    model.output.write().set(doubled);
    let expected: Vec<f32> = expected.iter().map(|x| 4.0 * x).collect();
    assert_eq!(logits(&model, &tokens).to_vec::<f32>(), expected);
}

#[test]
fn a_module_in_two_places_is_merged_as_one() {
    let block = Shared::new(Block::new(1.0));
    let both = (block.clone(), param(3.0), block);
    let (graphdef, leaves) = split(&both);
    let shown: Vec<String> = leaves.paths().map(ToString::to_string).collect();
    assert_eq!(shown, ["[0].count", "[0].kernel", "[1]"]);
    // With other values too.
    let plain = leaves.map(|_, leaf| leaf.value + 1);
    let (first, _, second) = merge(&graphdef, plain).unwrap();
    assert!(first.ptr_eq(&second));
    assert_eq!(second.read().kernel.item::<f32>(), 2.0);
    assert_eq!(both.0.read().kernel.item::<f32>(), 1.0);
}

#[test]
fn containers_are_no_nodes_and_handles_in_them_are() {
    let list = vec![shared(1.0), shared(2.0)];
    let both = (list.clone(), list);
    assert_eq!(paths(&both), ["[0][0]", "[0][1]"]);
    let (graphdef, leaves) = split(&both);
    let (mut first, second) = merge(&graphdef, leaves).unwrap();
    assert!(first[0].ptr_eq(&second[0]) && first[1].ptr_eq(&second[1]));
    first.pop();
    assert_eq!((first.len(), second.len()), (1, 2));
    // Without handles inside nothing is shared.
    let (first, second) = nnx::clone(&(vec![param(1.0)], vec![param(1.0)]));
    assert_eq!(paths(&(first, second)), ["[0][0]", "[1][0]"]);
}

#[test]
fn roots_in_roots_have_one_numbering() {
    let (a, b) = (shared(1.0), shared(2.0));
    let inner = |x: &Shared<Param>, y: &Shared<Param>| (x.clone(), vec![y.clone()]);
    let (graphdef, leaves) = split(&(inner(&a, &b), inner(&b, &a)));
    assert_eq!(leaves.len(), 2);
    let ((a0, b0), (b1, a1)) = merge(&graphdef, leaves).unwrap();
    assert!(a0.ptr_eq(&a1[0]) && b0[0].ptr_eq(&b1) && !a0.ptr_eq(&b1));
    assert_eq!((value(&a0), value(&b1)), (1.0, 2.0));
}

#[test]
fn a_node_that_holds_itself_is_split_and_merged() {
    let node = Shared::new(Block::new(1.0));
    node.write().sub = Some(node.clone());
    let (graphdef, leaves) = split(&node);
    assert_eq!(leaves.len(), 2);
    let copy = merge(&graphdef, leaves).unwrap();
    let sub = copy.read().sub.clone().unwrap();
    assert!(sub.ptr_eq(&copy) && !sub.ptr_eq(&node));
    for node in [node, copy] {
        node.write().sub = None;
    }
}

/// The effect of a pure function of leaves on the nodes that they come from.
#[test]
fn what_is_split_merged_changed_and_split_again_updates_the_same_nodes() {
    let mut model =
        BTreeMap::from([("a".to_owned(), Tied::new(1.0)), ("b".to_owned(), Tied::new(2.0))]);
    let (embed, of_b) = (model["a"].embed.clone(), model["b"].head.clone());
    let (graphdef, leaves) = split(&model);
    let inside = merge(&graphdef, leaves).unwrap();
    for part in inside.values() {
        let next = part.embed.read().value() * 10.0;
        part.head.write().set(next);
    }
    let (again, leaves) = split(&inside);
    assert_eq!(again, graphdef);
    assert_eq!((value(&embed), value(&of_b)), (1.0, 2.0));
    update(&mut model, leaves).unwrap();
    assert!(model["a"].head.ptr_eq(&embed) && model["b"].embed.ptr_eq(&of_b));
    assert_eq!((value(&embed), value(&of_b)), (10.0, 20.0));
}

#[derive(Module)]
struct Arrays {
    first: Array,
    second: Array,
    parts: Vec<Shared<Block>>,
}

#[test]
fn nodes_are_met_once_and_arrays_at_each_place() {
    let data = Array::scalar(1.0_f32);
    let outer = Shared::new(Block { sub: Some(Shared::new(Block::new(2.0))), ..Block::new(1.0) });
    let inner = outer.read().sub.clone().unwrap();
    let tree =
        Arrays { first: data.clone(), second: data, parts: vec![outer.clone(), inner, outer] };
    let leaves = [
        "first",
        "parts[0].count",
        "parts[0].kernel",
        "parts[0].sub.count",
        "parts[0].sub.kernel",
        "second",
    ];
    assert_eq!(paths(&tree), leaves);
    let found: Vec<String> = iter_modules(&tree).map(|m| m.path.to_string()).collect();
    assert_eq!(found, ["", "parts[0]", "parts[0].sub"]);
    // The walk goes depth first in the order of the fields.
    let mut seen = Vec::new();
    map(&tree, |path, leaf| {
        seen.push(path.to_string());
        leaf.value.clone()
    });
    let variables =
        ["parts[0].kernel", "parts[0].count", "parts[0].sub.kernel", "parts[0].sub.count"];
    assert_eq!(seen, variables);
}

#[derive(Module)]
struct List {
    a: Vec<Shared<Param>>,
    b: Shared<Param>,
}

#[nnx::jit]
fn merged_inside(
    #[nnx(static)] graphdef: GraphDef<List>,
    values: &BTreeMap<String, Array>,
) -> BTreeMap<String, Array> {
    let leaves = state(graphdef.template()).map(|path, _| values[&path.to_string()].clone());
    let list = merge(&graphdef, leaves).unwrap();
    assert!(list.a[0].ptr_eq(&list.b) && !list.a[1].ptr_eq(&list.b));
    let next = list.b.read().value() + 10.0;
    list.b.write().set(next);
    let (inside, leaves) = split(&list);
    assert_eq!(inside, graphdef);
    leaves.into_iter().map(|(path, leaf)| (path.to_string(), leaf.value)).collect()
}

#[test]
fn a_tree_is_split_outside_and_merged_inside() {
    let tied = shared(1.0);
    let list = List { a: vec![tied.clone(), shared(2.0)], b: tied };
    for _ in 0..2 {
        let (graphdef, leaves) = split(&list);
        let values =
            leaves.into_iter().map(|(path, leaf)| (path.to_string(), leaf.value)).collect();
        let values = merged_inside(graphdef.clone(), &values);
        let leaves: State = state(&list).map(|path, _| values[&path.to_string()].clone());
        let out = merge(&graphdef, leaves).unwrap();
        assert!(out.a[0].ptr_eq(&out.b) && !out.a[1].ptr_eq(&out.b) && !out.b.ptr_eq(&list.b));
        assert_eq!((value(&out.a[0]), value(&out.a[1]), value(&list.b)), (11.0, 2.0, 1.0));
    }
}

#[test]
fn a_clone_shares_buffers_until_one_of_both_is_set() {
    let model = Tied::new(1.0);
    let both = (model.embed.clone(), nnx::clone(&model));
    assert_eq!(find_shared_buffers(&both).len(), 1);
    let next = both.1.head.read().value() + 1.0;
    both.1.head.write().set(next);
    assert!(find_shared_buffers(&both).is_empty());
    assert_eq!((value(&model.head), value(&both.1.embed)), (1.0, 2.0));
}

/// One linear layer around two normalizations.
#[derive(Module)]
struct Twice {
    first: Shared<Linear>,
    norms: (BatchNorm, BatchNorm),
    second: Shared<Linear>,
}

impl Twice {
    fn new() -> Self {
        let mut rngs = Rngs::new(0);
        let first = Shared::new(Linear::new(2, 2, &mut rngs));
        let norms = (BatchNorm::new(2, &mut rngs), BatchNorm::new(2, &mut rngs));
        Twice { second: first.clone(), first, norms }
    }

    fn forward(&mut self, x: &Array) -> Array {
        let x = self.norms.0.forward(self.first.read().forward(x)).maximum(0.0);
        self.norms.1.forward(self.second.read().forward(&x))
    }

    fn loss(&mut self, x: &Array, y: &Array) -> Array {
        (self.forward(x) - y).square().mean(..)
    }

    fn descend(&mut self, gradients: State) {
        let mut params = state(self);
        for (path, leaf) in gradients.iter().filter(|(_, leaf)| leaf.kind.is_some()) {
            let Some(param) = params.get_mut(path) else { panic!("`{path}`") };
            if !leaf.value.is_absent() {
                param.value = &param.value - &leaf.value * 0.1;
            }
        }
        update(self, params).unwrap();
    }

    /// The nodes are who they were, and the layer in them has learnt.
    fn check(&self, first: &Shared<Linear>, before: &Array) {
        assert!(self.first.ptr_eq(first) && self.second.ptr_eq(first));
        let after = first.read().kernel.to_vec::<f32>();
        assert_ne!(after, before.to_vec::<f32>());
    }
}

fn batch() -> (Array, Array) {
    let x = [0.5_f32, -1.0, 2.0, 0.25, -0.75, 1.5];
    (Array::from_slice(&x, [3, 2]), Array::from_slice(&x, [3, 2]) * 0.5)
}

#[nnx::jit(name = "graph_flax_step")]
fn train_step(model: &mut Twice, x: &Array, y: &Array) -> Array {
    let (loss, gradient) = value_and_grad(|m: &mut Twice| m.loss(x, y), &mut *model);
    model.descend(state(&gradient));
    loss
}

fn traces(name: &str) -> u64 {
    nnx::jit::functions().into_iter().find(|f| f.name == name).map_or(0, |f| f.traces)
}

#[test]
fn three_training_steps_with_a_shared_layer() {
    let mut model = Twice::new();
    let (first, (x, y)) = (model.first.clone(), batch());
    let (before, mean) = (first.read().kernel.value().clone(), model.norms.0.mean.to_vec::<f32>());
    let losses: Vec<f32> = (0..3).map(|_| train_step(&mut model, &x, &y).item::<f32>()).collect();
    assert!(losses[2] < losses[0], "{losses:?}");
    assert_eq!(traces("graph_flax_step"), 1);
    model.check(&first, &before);
    assert_ne!(model.norms.0.mean.to_vec::<f32>(), mean);
}

#[nnx::jit]
fn train_view(model: &mut Twice, x: &Array, y: &Array) -> Array {
    let mut train = view(&*model, View::new().set("use_running_average", false));
    assert!(train.first.ptr_eq(&model.first) && train.second.ptr_eq(&model.first));
    let (loss, gradient) = value_and_grad(|m: &mut Twice| m.loss(x, y), &mut train);
    train.descend(state(&gradient));
    // Owned Variables of a view are its own.
    model.norms = train.norms;
    loss
}

#[test]
fn three_training_steps_through_views() {
    let mut model = Twice::new();
    let (first, (x, y)) = (model.first.clone(), batch());
    let before = first.read().kernel.value().clone();
    let losses: Vec<f32> = (0..3).map(|_| train_view(&mut model, &x, &y).item::<f32>()).collect();
    assert!(losses[2] < losses[0], "{losses:?}");
    model.check(&first, &before);
    let mut eval = view(&model, View::eval());
    assert!(eval.first.ptr_eq(&eval.second) && eval.first.ptr_eq(&first));
    let mean = model.norms.0.mean.to_vec::<f32>();
    assert_eq!(eval.forward(&x).shape(), [3, 2]);
    assert_eq!(eval.norms.0.mean.to_vec::<f32>(), mean);
}

#[test]
fn three_training_steps_of_a_pure_function() {
    let mut model = Twice::new();
    let (first, (x, y)) = (model.first.clone(), batch());
    let before = first.read().kernel.value().clone();
    let mut losses = Vec::new();
    for _ in 0..3 {
        let (graphdef, leaves) = split(&model);
        let mut pure = merge(&graphdef, leaves).unwrap();
        assert!(pure.first.ptr_eq(&pure.second) && !pure.first.ptr_eq(&first));
        losses.push(train_step(&mut pure, &x, &y).item::<f32>());
        update(&mut model, state(&pure)).unwrap();
    }
    assert!(losses[2] < losses[0], "{losses:?}");
    model.check(&first, &before);
}

#[test]
fn a_tied_parameter_is_descended_once() {
    let loss = |m: &Tied| m.embed.read().value() + m.head.read().value();
    let mut model = Tied::new(10.0);
    let gradient = grad(loss, &model);
    assert_eq!(value(&gradient.head), 2.0);
    assert_eq!(paths(&gradient), ["embed"]);
    let steps = state(&gradient);
    let next = state(&model).map(|path, leaf| leaf.value - &steps[&*path.to_string()].value);
    update(&mut model, next).unwrap();
    assert!(model.embed.ptr_eq(&model.head));
    assert_eq!(value(&model.head), 8.0);
}

#[test]
fn tied_variables_in_containers_have_one_gradient() {
    let (tied, other) = (shared(3.0), shared(4.0));
    let model = BTreeMap::from([
        ("a".to_owned(), (tied.clone(), 1_usize)),
        ("b".to_owned(), (tied, 2)),
        ("c".to_owned(), (other, 3)),
    ]);
    let gradient = grad(
        |m: &BTreeMap<String, (Shared<Param>, usize)>| {
            let each = m.values().map(|(p, times)| p.read().value() * *times as f32);
            each.reduce(|x, y| x + y).unwrap()
        },
        &model,
    );
    assert_eq!(paths(&gradient), ["a[0]", "c[0]"]);
    assert!(gradient["a"].0.ptr_eq(&gradient["b"].0));
    assert_eq!((value(&gradient["b"].0), value(&gradient["c"].0)), (3.0, 3.0));
}

#[test]
fn a_merge_takes_no_second_value_of_a_node() {
    let (tied, one) = split(&Tied::new(1.0));
    let (untied, two) = split(&Tied::untied(1.0, 2.0));
    assert_eq!((one.len(), two.len()), (1, 2));
    for error in [merge(&tied, two).err().unwrap(), merge(&untied, one).err().unwrap()] {
        assert!(error.to_string().contains("head"), "{error}");
    }
}

#[derive(Module)]
struct Wide {
    d: i64,
}

fn three_places() -> Vec<Shared<Wide>> {
    let (first, second) = (Shared::new(Wide { d: 10 }), Shared::new(Wide { d: 20 }));
    vec![first.clone(), second, first]
}

#[test]
fn a_part_in_a_node_is_changed_once() {
    let mut list = three_places();
    let mut seen = Vec::new();
    map_modules(&mut list, |path, part: &mut Wide| {
        seen.push(path.to_string());
        part.d += 1;
    });
    assert!(list[0].ptr_eq(&list[2]));
    assert_eq!((list[0].read().d, list[1].read().d), (11, 21));
    assert_eq!(seen, ["[0]", "[1]"]);
}

#[test]
fn a_part_in_a_node_is_replaced_once() {
    let mut list = three_places();
    let mut calls = 0;
    map_modules(&mut list, |_, part: &mut Wide| {
        calls += 1;
        *part = Wide { d: -part.d };
    });
    assert!(list[0].ptr_eq(&list[2]));
    assert_eq!((list[2].read().d, list[1].read().d, calls), (-10, -20, 2));
}
