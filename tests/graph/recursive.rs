//! Types that hold each other behind `#[module(recursive)]`, where the schema ends and the tree goes on.

use super::{message, param};
use nnx::module::{ModuleInfo, iter_children, map_modules, tabulate};
use nnx::{Array, Module, Param, Shared, associative_scan, iter_modules};

#[derive(Module)]
struct Encoder {
    kernel: Param,
    #[module(recursive)]
    blocks: Vec<Block>,
}

#[derive(Module)]
struct Block {
    weight: Param,
    inner: Option<Box<Encoder>>,
}

fn encoder() -> Encoder {
    let block = |inner| Block { weight: param(2.0), inner };
    let leaf = Encoder { kernel: param(1.0), blocks: vec![block(None)] };
    Encoder { kernel: param(3.0), blocks: vec![block(None), block(Some(Box::new(leaf)))] }
}

#[derive(Module)]
struct Parent {
    weight: Param,
    child: Option<Shared<Child>>,
}

#[derive(Module)]
struct Child {
    weight: Param,
    #[module(recursive)]
    parent: Option<Shared<Parent>>,
}

#[derive(Module)]
enum Shape {
    Leaf(Param),
    Other(#[module(recursive)] Box<Wrapped>),
}

#[derive(Module)]
struct Wrapped {
    shape: Shape,
}

fn listed(modules: impl Iterator<Item = ModuleInfo>) -> Vec<String> {
    let name = |info: ModuleInfo| match info.variant {
        Some(variant) => format!("{} {}::{variant}", info.path, info.name),
        None => format!("{} {}", info.path, info.name),
    };
    modules.map(name).collect()
}

#[test]
fn modules_are_listed_behind_the_mark() {
    let encoder = encoder();
    let expected = [
        " Encoder",
        "blocks[0] Block",
        "blocks[1] Block",
        "blocks[1].inner Encoder",
        "blocks[1].inner.blocks[0] Block",
    ];
    assert_eq!(listed(iter_modules(&encoder)), expected);
    assert_eq!(listed(iter_children(&encoder)), ["blocks[0] Block", "blocks[1] Block"]);
    // The other one at the root.
    assert_eq!(
        listed(iter_modules(&encoder.blocks[1])),
        [" Block", "inner Encoder", "inner.blocks[0] Block"]
    );
    let wrapped = Wrapped { shape: Shape::Leaf(param(1.0)) };
    let shape = Shape::Other(Box::new(wrapped));
    assert_eq!(
        listed(iter_modules(&shape)),
        [" Shape::Other", "[0] Wrapped", "[0].shape Shape::Leaf"]
    );
}

#[test]
fn and_in_nodes() {
    let parent = Shared::new(Parent { weight: param(1.0), child: None });
    let child = Shared::new(Child { weight: param(2.0), parent: Some(parent.clone()) });
    assert_eq!(listed(iter_modules(&*child.read())), [" Child", "parent Parent"]);
    parent.write().child = Some(child.clone());
    assert_eq!(listed(iter_modules(&child)), [" Child", "parent Parent"]);
    assert_eq!(listed(iter_modules(&parent)), [" Parent", "child Child"]);
    parent.write().child = None;
}

/// These walk through the tree, and do not ask the schema.
#[test]
fn other_walks_go_on_behind_the_mark() {
    let mut encoder = encoder();
    assert_eq!(tabulate(&encoder).rows().len(), 5);
    let inner = nnx::path!(Encoder: blocks[*].inner.blocks[*].weight);
    assert_eq!(nnx::state(&encoder).filter(inner).len(), 1);
    let mut paths = Vec::new();
    map_modules(&mut encoder, |path, block: &mut Block| {
        paths.push(path.to_string());
        block.weight.set(Array::scalar(7.0_f32));
    });
    assert_eq!(paths, ["blocks[0]", "blocks[1].inner.blocks[0]", "blocks[1]"]);
    assert_eq!(encoder.blocks[1].inner.as_ref().unwrap().blocks[0].weight.item::<f32>(), 7.0);
}

#[derive(Module)]
struct Elements {
    values: Array,
    #[module(recursive)]
    more: Option<Box<More>>,
}

#[derive(Module)]
struct More {
    tied: [Shared<Param>; 2],
    elements: Option<Box<Elements>>,
}

#[test]
fn associative_scan_finds_a_node_behind_the_mark() {
    let values = || Array::from_slice(&[1.0_f32, 2.0, 3.0], [3]);
    let add = |a: &Elements, b: &Elements| Elements { values: &a.values + &b.values, more: None };
    let scan = |more| associative_scan(add, &Elements { values: values(), more }, 0, false);
    assert_eq!(scan(None).values.to_vec::<f32>(), [1.0, 3.0, 6.0]);
    let text = message(|| {
        let node = Shared::new(Param::new(values()));
        let more = More { tied: [node.clone(), node], elements: None };
        scan(Some(Box::new(more)));
    });
    assert!(text.contains("`more.tied[0]`") && text.contains("is `Shared`"), "{text}");
    // In the result of the function.
    let text = message(|| {
        let grows = |a: &Elements, b: &Elements| {
            let node = Shared::new(Param::new(&a.values + &b.values));
            let more = More { tied: [node.clone(), node], elements: None };
            Elements { values: &a.values + &b.values, more: Some(Box::new(more)) }
        };
        associative_scan(grows, &Elements { values: values(), more: None }, 0, false);
    });
    assert!(text.contains("`more` is now Some"), "{text}");
}
