//! Tree mode where the schema ends: a shared node behind `#[module(recursive)]` is found when the function is
//! traced, and named by its path.

use super::{param, shared};
use nnx::{Array, Module, Param, Shared};

fn message<T>(f: impl FnOnce() -> T) -> String {
    super::message(|| {
        f();
    })
}

/// Two types that hold each other.
#[derive(Module)]
struct Encoder {
    kernel: Param,
    #[module(recursive)]
    blocks: Vec<Block>,
}

#[derive(Module)]
struct Block {
    tied: Option<Shared<Param>>,
    inner: Option<Box<Encoder>>,
}

fn encoder(tied: Option<Shared<Param>>) -> Encoder {
    let leaf = Encoder { kernel: param(1.0), blocks: vec![Block { tied, inner: None }] };
    let block = |inner| Block { tied: None, inner };
    Encoder { kernel: param(2.0), blocks: vec![block(None), block(Some(Box::new(leaf)))] }
}

#[nnx::jit(graph = false)]
fn of_two(encoder: &Encoder, x: &Array) -> Array {
    &encoder.kernel * x
}

/// Three, in an enum.
#[derive(Module)]
enum First {
    Leaf(Param),
    Second(#[module(recursive)] Box<Second>),
}

#[derive(Module)]
struct Second {
    third: Vec<Third>,
}

#[derive(Module)]
struct Third {
    first: Option<Box<First>>,
    nodes: [Shared<Param>; 1],
}

#[nnx::jit(graph = false)]
fn of_three(first: &First) -> Array {
    match first {
        First::Leaf(leaf) => leaf + 1.0,
        First::Second(_) => Array::scalar(0.0_f32),
    }
}

/// An alias.
type Rest = Option<Box<(Linked, Option<Shared<Param>>)>>;

#[derive(Module)]
struct Linked {
    kernel: Param,
    #[module(recursive)]
    rest: Rest,
}

#[nnx::jit(graph = false)]
fn of_an_alias(linked: &mut Linked) {
    let next = linked.kernel.value() + 1.0;
    linked.kernel.set(next);
}

/// The same type with other arguments.
#[derive(Module)]
struct Node<T> {
    item: T,
    #[module(recursive)]
    next: Option<Box<Node<Shared<Param>>>>,
}

#[nnx::jit(graph = false)]
fn of_other_arguments(node: &Node<Param>) -> Array {
    node.item.value() * 2.0
}

/// In the result.
#[nnx::jit(graph = false)]
fn results(x: &Array, with_node: bool) -> Encoder {
    let tied = with_node.then(|| Shared::new(Param::new(x.clone())));
    let blocks = vec![Block { tied, inner: None }];
    Encoder { kernel: Param::new(x + 1.0), blocks }
}

#[test]
fn a_node_behind_a_recursive_field_is_an_error_with_its_path() {
    let x = &Array::scalar(3.0_f32);
    let third =
        |nodes| First::Second(Box::new(Second { third: vec![Third { first: None, nodes }] }));
    let node = || Node { item: shared(1.0), next: None };
    let linked = |node| Linked {
        kernel: param(1.0),
        rest: Some(Box::new((Linked { kernel: param(2.0), rest: None }, node))),
    };
    for (path, text) in [
        (
            "encoder.blocks[1].inner.blocks[0].tied",
            message(|| of_two(&encoder(Some(shared(1.0))), x)),
        ),
        ("first[0].third[0].nodes[0]", message(|| of_three(&third([shared(1.0)])))),
        ("linked.rest[1]", message(|| of_an_alias(&mut linked(Some(shared(1.0)))))),
        (
            "node.next.item",
            message(|| {
                of_other_arguments(&Node { item: param(1.0), next: Some(Box::new(node())) })
            }),
        ),
        ("blocks[0].tied` in the result", message(|| results(x, true))),
    ] {
        assert!(text.contains(&format!("`{path}")) && text.contains("`Shared`"), "{path}: {text}");
    }
}

#[test]
fn a_tree_without_nodes_passes() {
    let x = &Array::scalar(3.0_f32);
    assert_eq!(of_two(&encoder(None), x).item::<f32>(), 6.0);
    assert_eq!(of_three(&First::Leaf(param(1.0))).item::<f32>(), 2.0);
    let mut linked = Linked { kernel: param(1.0), rest: None };
    of_an_alias(&mut linked);
    assert_eq!(linked.kernel.item::<f32>(), 2.0);
    assert_eq!(of_other_arguments(&Node { item: param(1.0), next: None }).item::<f32>(), 2.0);
    assert_eq!(results(x, false).kernel.item::<f32>(), 4.0);
}

/// A call in another trace is traced there.
#[nnx::jit]
fn outer(encoder: &Encoder, x: &Array) -> Array {
    of_two(encoder, x)
}

#[test]
fn so_is_one_in_a_call_inside_of_another_function() {
    let x = &Array::scalar(3.0_f32);
    assert_eq!(outer(&encoder(None), x).item::<f32>(), 6.0);
    let text = message(|| outer(&encoder(Some(shared(1.0))), x));
    assert!(text.contains("`encoder.blocks[1].inner.blocks[0].tied`"), "{text}");
}
