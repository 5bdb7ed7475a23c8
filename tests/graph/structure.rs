//! Changes of a jitted function to the structure of its arguments: `Option`, lists, maps, variants, static
//! values, and where handles point. Each is tried twice: the second call finds a program, or makes the one
//! for the structure that the first call left.

use super::{Block, Tied, message, param, shared, value};
use nnx::module::MetaValue;
use nnx::{Array, Module, Param, Shared, SharedWeak};
use std::collections::BTreeMap;

fn traces(name: &str) -> u64 {
    nnx::jit::functions().into_iter().find(|f| f.name == name).map_or(0, |f| f.traces)
}

#[nnx::jit(name = "structure_swap")]
fn swap(model: &mut Tied) {
    std::mem::swap(&mut model.embed, &mut model.head);
}

#[test]
fn nodes_are_swapped_and_not_their_values() {
    let mut model = Tied::untied(1.0, 2.0);
    let (a, b) = (model.embed.clone(), model.head.clone());
    swap(&mut model);
    assert!(model.embed.ptr_eq(&b) && model.head.ptr_eq(&a));
    assert_eq!((value(&a), value(&b)), (1.0, 2.0));
    swap(&mut model);
    assert!(model.embed.ptr_eq(&a) && model.head.ptr_eq(&b));
    assert_eq!(traces("structure_swap"), 1);
}

#[nnx::jit(name = "structure_self")]
fn add_self(node: &Shared<Block>) {
    node.write().sub = Some(node.clone());
    let next = node.read().count.value() + 1;
    node.write().count.set(next);
}

#[test]
fn a_node_that_is_made_to_hold_itself() {
    let node = Shared::new(Block::new(1.0));
    for i in 1..=3 {
        add_self(&node);
        let sub = node.read().sub.clone().unwrap();
        assert!(sub.ptr_eq(&node));
        assert_eq!(node.read().count.item::<i32>(), i);
        // Without itself, with itself, as before.
        assert_eq!(traces("structure_self"), (i as u64).min(2));
    }
    node.write().sub = None;
}

#[nnx::jit(name = "structure_tie")]
fn tie(model: &mut Tied) -> Array {
    model.head = model.embed.clone();
    let next = &**model.head.read() + 1.0;
    model.embed.write().set(next.clone());
    next
}

#[nnx::jit]
fn untie(model: &mut Tied) {
    let old = &**model.head.read() * 10.0;
    model.head = Shared::new(Param::new(old));
}

#[test]
fn tie_and_untie() {
    let mut model = Tied::untied(1.0, 5.0);
    let (embed, head) = (model.embed.clone(), model.head.clone());
    assert_eq!(tie(&mut model).item::<f32>(), 2.0);
    assert!(model.head.ptr_eq(&embed) && model.embed.ptr_eq(&embed));
    assert_eq!((value(&embed), value(&head)), (2.0, 5.0));
    assert_eq!(tie(&mut model).item::<f32>(), 3.0);
    for expected in [30.0, 300.0] {
        untie(&mut model);
        assert!(model.embed.ptr_eq(&embed) && !model.head.ptr_eq(&embed));
        assert_eq!((value(&model.embed), value(&model.head)), (3.0, expected));
    }
}

#[nnx::jit]
fn grow(block: &mut Block, x: &Array) -> Shared<Block> {
    let new = Shared::new(Block::new(0.0));
    new.write().kernel.set(x * 2.0);
    block.sub = Some(new.clone());
    let next = block.kernel.value() + x;
    block.kernel.set(next);
    new
}

#[test]
fn a_new_node_is_one_in_the_argument_and_the_result() {
    let mut block = Block::new(1.0);
    let mut last = None;
    for i in 1..=3 {
        let new = grow(&mut block, &Array::scalar(i as f32));
        assert!(block.sub.as_ref().unwrap().ptr_eq(&new));
        assert_eq!(new.read().kernel.item::<f32>(), 2.0 * i as f32);
        assert!(last.is_none_or(|last: Shared<Block>| !last.ptr_eq(&new)));
        last = Some(new);
    }
    assert_eq!(block.kernel.item::<f32>(), 7.0);
}

#[derive(Module)]
struct Containers {
    list: Vec<Param>,
    map: BTreeMap<String, Shared<Param>>,
    width: usize,
    shape: Shape,
    bias: Option<Param>,
    table: Array,
}

#[derive(Module)]
enum Shape {
    Flat(Param),
    Deep { first: Param, second: Shared<Param> },
}

#[nnx::jit]
fn everything(model: &mut Containers, x: &Array) -> Array {
    model.list.push(Param::new(x + model.list.len() as f32));
    let node = model.map["n0"].clone();
    model.map.insert(format!("n{}", model.map.len()), node);
    model.width += 1;
    let shape = std::mem::replace(&mut model.shape, Shape::Flat(param(0.0)));
    model.shape = match shape {
        Shape::Flat(first) => Shape::Deep { second: Shared::new(Param::new(x * 3.0)), first },
        Shape::Deep { second, .. } => Shape::Flat(Param::new(&**second.read() + 0.5)),
    };
    model.bias = match model.bias.take() {
        None => Some(Param::new(x - 1.0)),
        Some(_) => None,
    };
    model.table = &model.table + 1.0;
    model.list[0].value() * model.width as f32
}

#[test]
fn containers_variants_statics_and_plain_arrays() {
    let mut model = Containers {
        list: vec![param(1.0)],
        map: BTreeMap::from([("n0".to_owned(), shared(4.0))]),
        width: 2,
        shape: Shape::Flat(param(7.0)),
        bias: None,
        table: Array::scalar(10.0_f32),
    };
    let x = Array::scalar(2.0_f32);
    assert_eq!(everything(&mut model, &x).item::<f32>(), 3.0);
    assert_eq!(model.list.iter().map(|p| p.item::<f32>()).collect::<Vec<_>>(), [1.0, 3.0]);
    assert!(model.map["n0"].ptr_eq(&model.map["n1"]));
    assert_eq!((model.width, model.table.item::<f32>()), (3, 11.0));
    assert_eq!(model.bias.as_ref().unwrap().item::<f32>(), 1.0);
    match &model.shape {
        Shape::Deep { first, second } => {
            assert_eq!((first.item::<f32>(), value(second)), (7.0, 6.0));
        }
        Shape::Flat(_) => panic!("the variant was not changed"),
    }
    assert_eq!(everything(&mut model, &x).item::<f32>(), 4.0);
    assert_eq!((model.list.len(), model.map.len(), model.width), (3, 3, 4));
    assert!(model.bias.is_none());
    assert!(matches!(&model.shape, Shape::Flat(p) if p.item::<f32>() == 6.5));
    assert_eq!(model.table.item::<f32>(), 12.0);
}

#[nnx::jit]
fn replace(model: &mut Tied, keep: &Shared<Param>) {
    model.embed.write().set(Array::scalar(5.0_f32));
    model.embed = Shared::new(param(7.0));
    let next = &**keep.read() + 0.0;
    keep.write().set(next);
}

/// As in eager code: what was set in a node that is then replaced is set.
#[test]
fn what_was_set_in_a_node_that_is_replaced_is_set() {
    for _ in 0..2 {
        let mut model = Tied::untied(1.0, 2.0);
        let old = model.embed.clone();
        replace(&mut model, &old);
        assert_eq!((value(&old), value(&model.embed)), (5.0, 7.0));
        let mut model = Tied::untied(1.0, 2.0);
        let (old, other) = (model.embed.clone(), shared(3.0));
        replace(&mut model, &other);
        assert_eq!((value(&old), value(&model.embed), value(&other)), (5.0, 7.0, 3.0));
    }
}

#[nnx::jit(graph_updates = false)]
fn only_values(model: &mut Tied) {
    model.head = model.embed.clone();
}

#[nnx::jit(graph = false)]
fn of_a_tree(block: &mut Option<Param>) {
    *block = None;
}

#[test]
fn without_graph_updates_and_in_tree_mode_it_is_an_error() {
    let mut model = Tied::untied(1.0, 2.0);
    let text = message(|| only_values(&mut model));
    assert!(text.contains("`model.head` was `model.head`, now it is `model.embed`"), "{text}");
    assert_eq!(value(&model.head), 2.0);
    let text = message(|| of_a_tree(&mut Some(param(1.0))));
    assert!(text.contains("`block` is now None, before Some"), "{text}");
}

#[derive(Module)]
struct Logged {
    parts: Vec<Param>,
    #[module(skip)]
    log: Vec<String>,
}

impl Logged {
    fn new(log: &str) -> Self {
        Logged { parts: vec![], log: vec![log.into()] }
    }
}

#[nnx::jit]
fn appends(models: &mut Vec<Logged>) {
    models.push(Logged::new("traced"));
}

#[nnx::jit]
fn pushes(model: &mut Logged) {
    model.parts.push(param(1.0));
}

#[test]
fn a_skipped_field_is_not_lost_in_silence() {
    let mut models = vec![Logged::new("kept")];
    let text = message(|| appends(&mut models));
    assert!(text.contains("the field `[*].log` in it is skipped"), "{text}");
    assert_eq!((models.len(), &*models[0].log), (1, &["kept".to_string()][..]));
    // It stays as it is where another part changes.
    for kept in ["first", "second"] {
        let mut model = Logged::new(kept);
        pushes(&mut model);
        assert_eq!((model.parts.len(), &*model.log), (1, &[kept.to_string()][..]));
    }
}

#[nnx::jit(inline = false)]
fn inner_swap(model: &mut Tied) -> Shared<Param> {
    std::mem::swap(&mut model.embed, &mut model.head);
    let next = &**model.embed.read() + 1.0;
    model.embed.write().set(next);
    model.head.clone()
}

#[nnx::jit]
fn outer_swap(model: &mut Tied) -> Shared<Param> {
    inner_swap(model);
    swap(model);
    inner_swap(model)
}

#[test]
fn calls_inside_of_calls() {
    for _ in 0..2 {
        let mut model = Tied::untied(1.0, 10.0);
        let (a, b) = (model.embed.clone(), model.head.clone());
        let head = outer_swap(&mut model);
        assert!(head.ptr_eq(&a) && model.head.ptr_eq(&a) && model.embed.ptr_eq(&b));
        assert_eq!((value(&a), value(&b)), (1.0, 12.0));
    }
}

#[nnx::jit]
fn fails_after(model: &mut Containers, x: &Array) -> nnx::Result<()> {
    model.list.clear();
    model.width = 0;
    x.try_item::<f32>()?;
    Ok(())
}

#[test]
fn a_body_that_fails_leaves_the_structure() {
    let mut model = Containers {
        list: vec![param(1.0)],
        map: BTreeMap::new(),
        width: 2,
        shape: Shape::Flat(param(7.0)),
        bias: None,
        table: Array::scalar(10.0_f32),
    };
    assert!(fails_after(&mut model, &Array::scalar(1.0_f32)).is_err());
    assert_eq!((model.list.len(), model.width), (1, 2));
}

#[test]
fn a_captured_node_is_no_part_of_an_argument() {
    let outside = shared(1.0);
    let text = message(|| {
        nnx::grad(
            |x: &Array| {
                let node = outside.clone();
                (x * 2.0, node)
            },
            &Array::scalar(1.0_f32),
        );
    });
    assert!(text.contains("a shared node at `[1]` that the function captured"), "{text}");
}

#[nnx::jit]
fn annotates(model: &mut Block) {
    model.kernel.metadata_mut().set("axis", MetaValue::Int(3));
}

#[test]
fn metadata_of_owned_variables_is_handed_back_too() {
    let mut block = Block::new(1.0);
    annotates(&mut block);
    assert_eq!(block.kernel.metadata().get("axis"), Some(&MetaValue::Int(3)));
    annotates(&mut block);
}

#[nnx::jit]
fn swap_anywhere(model: &mut Tied) {
    std::mem::swap(&mut model.embed, &mut model.head);
}

/// The templates of an argument belong to the thread that made them.
#[test]
fn other_threads_change_structures_too() {
    let run = || {
        let mut model = Tied::untied(1.0, 2.0);
        let (a, b) = (model.embed.clone(), model.head.clone());
        for _ in 0..3 {
            swap_anywhere(&mut model);
        }
        assert!(model.embed.ptr_eq(&b) && model.head.ptr_eq(&a));
    };
    run();
    std::thread::spawn(run).join().unwrap();
}

#[nnx::jit]
fn takes(block: &mut Block) -> Option<Shared<Block>> {
    block.sub.take()
}

#[test]
fn a_node_that_is_taken_out_and_returned_is_the_callers() {
    for _ in 0..2 {
        let sub = Shared::new(Block::new(2.0));
        let mut block = Block { sub: Some(sub.clone()), ..Block::new(1.0) };
        assert!(takes(&mut block).unwrap().ptr_eq(&sub));
        assert!(block.sub.is_none() && takes(&mut block).is_none());
    }
}

#[nnx::jit]
fn wraps(node: &Shared<Block>) -> Shared<Block> {
    let next = node.read().kernel.value() + 1.0;
    node.write().kernel.set(next.clone());
    let around =
        Block { sub: Some(node.clone()), kernel: Param::new(next * 2.0), ..Block::new(0.0) };
    Shared::new(around)
}

#[test]
fn a_new_node_may_hold_a_node_of_an_argument() {
    let node = Shared::new(Block::new(1.0));
    for expected in [2.0, 3.0] {
        let around = wraps(&node);
        assert!(around.read().sub.as_ref().unwrap().ptr_eq(&node));
        assert_eq!(node.read().kernel.item::<f32>(), expected);
        assert_eq!(around.read().kernel.item::<f32>(), 2.0 * expected);
    }
}

#[nnx::jit]
fn cycle(x: &Array) -> Shared<Block> {
    let node = Shared::new(Block { kernel: Param::new(x * 2.0), ..Block::new(0.0) });
    node.write().sub = Some(node.clone());
    node
}

#[test]
fn a_new_node_that_holds_itself_is_the_callers_alone() {
    for x in [1.0_f32, 2.0] {
        let node = cycle(&Array::scalar(x));
        assert!(node.read().sub.as_ref().unwrap().ptr_eq(&node));
        assert_eq!((node.read().kernel.item::<f32>(), node.handles()), (2.0 * x, 2));
        let weak = node.downgrade();
        node.write().sub = None;
        drop(node);
        assert!(weak.upgrade().is_none());
    }
}

#[derive(Module)]
struct Parent {
    children: Vec<Shared<Child>>,
    value: Param,
}

#[derive(Module)]
struct Child {
    weight: Param,
    parent: SharedWeak<Parent>,
}

fn family() -> Shared<Parent> {
    let parent = Shared::new(Parent { children: vec![], value: param(1.0) });
    let child = Child { weight: param(2.0), parent: parent.downgrade() };
    parent.write().children.push(Shared::new(child));
    parent
}

#[nnx::jit]
fn adopts(parent: &Shared<Parent>) {
    let child = Child { weight: param(3.0), parent: parent.downgrade() };
    parent.write().children.push(Shared::new(child));
}

#[nnx::jit(name = "structure_relinks")]
fn relinks(from: &Shared<Parent>, to: &Shared<Parent>) -> Array {
    let child = from.read().children[0].clone();
    let before = child.read().parent.upgrade().unwrap();
    child.write().parent = to.downgrade();
    before.read().value.value() + &*child.read().weight
}

#[test]
fn links_back_are_handed_back() {
    for _ in 0..2 {
        let parent = family();
        adopts(&parent);
        adopts(&parent);
        for child in &parent.read().children {
            assert!(child.read().parent.upgrade().unwrap().ptr_eq(&parent));
        }
        let other = family();
        assert_eq!(relinks(&parent, &other).item::<f32>(), 3.0);
        let child = parent.read().children[0].clone();
        assert!(child.read().parent.upgrade().unwrap().ptr_eq(&other));
        // The link is part of the key.
        let count = traces("structure_relinks");
        relinks(&parent, &other);
        assert!(child.read().parent.upgrade().unwrap().ptr_eq(&other));
        assert!(count == 2 || traces("structure_relinks") == count + 1);
    }
    assert_eq!(traces("structure_relinks"), 2);
}

#[nnx::jit]
fn grows_child(child: &Shared<Child>, list: &mut Vec<Shared<Child>>) {
    list.push(child.clone());
}

#[test]
fn links_to_nodes_outside_of_the_arguments_are_kept_or_named() {
    let parent = family();
    let child = parent.read().children[0].clone();
    let mut list = vec![];
    grows_child(&child, &mut list);
    assert!(list[0].ptr_eq(&child));
    assert!(child.read().parent.upgrade().unwrap().ptr_eq(&parent));
    // Of a Variable that is set, the link beside it is not touched.
    #[nnx::jit]
    fn sets(child: &Shared<Child>) {
        let next = &*child.read().weight + 1.0;
        child.write().weight.set(next);
    }
    sets(&child);
    assert!(child.read().parent.upgrade().unwrap().ptr_eq(&parent));
    assert_eq!(child.read().weight.item::<f32>(), 3.0);
}
