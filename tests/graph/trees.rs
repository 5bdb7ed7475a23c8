//! Functions that take Modules apart and put them together keep their sharing.

use super::{Block, Tied, message, param, shared, value};
use nnx::module::{
    Flag, MetaValue, Shared, View, find_duplicates, find_shared_buffers, path_contains,
};
use nnx::{Array, Module, Param, iter_modules, merge, of_type, pop, split, state, update, view};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

fn paths(state: &nnx::State) -> Vec<String> {
    state.paths().map(|path| path.to_string()).collect()
}

#[test]
fn a_node_has_one_leaf_at_its_first_place() {
    let model = Tied::new(1.0);
    assert_eq!(paths(&state(&model)), ["embed"]);
    assert!(state(&model).filter(path_contains("head")).is_empty());
    assert_eq!(state(&model).filter(path_contains("embed")).len(), 1);
}

#[test]
fn split_and_merge_keep_the_pattern_and_make_new_nodes() {
    let model = Tied::new(1.0);
    let (graphdef, leaves) = split(&model);
    let copy = merge(&graphdef, leaves).unwrap();
    assert!(copy.embed.ptr_eq(&copy.head));
    assert!(!copy.embed.ptr_eq(&model.embed));
    copy.embed.write().set(Array::scalar(9.0_f32));
    assert_eq!((value(&copy.head), value(&model.head)), (9.0, 1.0));
    // The definition holds no node of the model's.
    assert_eq!(model.embed.handles(), 2);
    assert!(merge(&graphdef, nnx::State::new()).is_err());
}

#[test]
fn definitions_are_equal_by_pattern_and_metadata() {
    let def = |model: &Tied| split(model).0;
    assert_eq!(def(&Tied::new(1.0)), def(&Tied::new(2.0)));
    assert_ne!(def(&Tied::new(1.0)), def(&Tied::untied(1.0, 2.0)));
    assert_eq!(def(&Tied::untied(3.0, 4.0)), def(&Tied::untied(1.0, 2.0)));
    let noted = Tied::new(1.0);
    noted.embed.write().metadata_mut().set("axis", MetaValue::Int(1));
    assert_ne!(def(&Tied::new(1.0)), def(&noted));
    let hash = |model: &Tied| BuildHasherDefault::<DefaultHasher>::default().hash_one(def(model));
    assert_eq!(hash(&Tied::new(1.0)), hash(&Tied::new(2.0)));
    assert_ne!(hash(&Tied::new(1.0)), hash(&Tied::untied(1.0, 2.0)));
    assert_ne!(hash(&Tied::new(1.0)), hash(&noted));
}

#[test]
fn several_roots_have_one_numbering() {
    let a = shared(1.0);
    let both = (a.clone(), vec![a.clone()]);
    let (graphdef, leaves) = split(&both);
    assert_eq!(paths(&leaves), ["[0]"]);
    let (b, c) = merge(&graphdef, leaves).unwrap();
    assert!(b.ptr_eq(&c[0]));
}

#[test]
fn update_reaches_all_places_and_takes_any_of_them() {
    let mut model = Tied::new(1.0);
    let mut leaves = state(&model);
    leaves["embed"].value = Array::scalar(5.0_f32);
    update(&mut model, leaves.clone()).unwrap();
    assert_eq!((value(&model.embed), value(&model.head)), (5.0, 5.0));
    // By the other place.
    let mut leaf = leaves.remove(&"embed".parse().unwrap()).unwrap();
    leaf.value = Array::scalar(6.0_f32);
    let other = nnx::State::from_iter([("head".parse().unwrap(), leaf.clone())]);
    update(&mut model, other.clone()).unwrap();
    assert_eq!(value(&model.embed), 6.0);
    // By both, with two values.
    let mut two = other;
    leaf.value = Array::scalar(7.0_f32);
    two.insert("embed".parse().unwrap(), leaf);
    let error = update(&mut model, two.clone()).unwrap_err().to_string();
    assert!(error.contains("`embed` and `head` are one node, with two values"), "{error}");
    assert_eq!(value(&model.embed), 6.0);
    // With one value and two notes; the same notes are taken.
    let head = "head".parse().unwrap();
    two["embed"].value = two["head"].value.clone();
    two["embed"].metadata.set("axis", MetaValue::Int(1));
    let error = update(&mut model, two.clone()).unwrap_err().to_string();
    let expected = "`embed` and `head` are one node, with the metadata {axis: 1} and {}";
    assert!(error.contains(expected), "{error}");
    assert!(model.embed.read().metadata().is_empty());
    let noted = two["embed"].clone();
    two.insert(head, noted);
    update(&mut model, two).unwrap();
    assert_eq!(model.head.read().metadata().to_string(), "{axis: 1}");
}

#[test]
fn clones_share_inside_and_not_with_the_original() {
    let model = Tied::new(1.0);
    let copy = nnx::clone(&model);
    // Whoever is at the original is not at the copy, though the buffers are the same ones.
    let guard = model.embed.write();
    assert_eq!(value(&copy.embed), 1.0);
    drop(guard);
    assert!(find_shared_buffers(&(nnx::clone(&copy), nnx::clone(&model))).len() == 1);
    assert!(copy.embed.ptr_eq(&copy.head) && !copy.embed.ptr_eq(&model.embed));
    copy.head.write().set(Array::scalar(2.0_f32));
    assert_eq!((value(&copy.embed), value(&model.embed)), (2.0, 1.0));
}

#[test]
fn map_and_pop_see_a_node_once() {
    let model = Tied::new(3.0);
    let mut seen = Vec::new();
    let mapped = nnx::map(&model, |path, leaf| {
        seen.push(path.to_string());
        leaf.value + 1.0
    });
    assert_eq!(seen, ["embed"]);
    assert!(mapped.embed.ptr_eq(&mapped.head));
    assert_eq!(value(&mapped.head), 4.0);
    let mut model = model;
    let popped = pop(&mut model, of_type::<Param>());
    assert_eq!(paths(&popped), ["embed"]);
    assert!(model.head.read().is_absent());
}

#[test]
fn duplicates_are_the_places_of_nodes() {
    let names = |groups: Vec<Vec<nnx::module::Path>>| -> Vec<Vec<String>> {
        groups.iter().map(|paths| paths.iter().map(|p| p.to_string()).collect()).collect()
    };
    let inner = Shared::new(Tied::new(1.0));
    let both = (inner.clone(), shared(1.0), inner);
    assert_eq!(names(find_duplicates(&both)), [vec!["[0]", "[2]"], vec!["[0].embed", "[0].head"]]);
    assert!(find_shared_buffers(&both).is_empty());
    assert!(find_duplicates(&Tied::untied(1.0, 2.0)).is_empty());
}

#[test]
fn modules_are_listed_once() {
    let block = Shared::new(Block::new(1.0));
    let list = vec![block.clone(), block.clone(), Shared::new(Block::new(2.0))];
    let found: Vec<String> =
        iter_modules(&list).map(|m| format!("{} {}", m.path, m.name)).collect();
    assert_eq!(found, ["[0] Block", "[2] Block"]);
    block.write().sub = Some(block.clone());
    assert_eq!(iter_modules(&block).count(), 1);
    assert_eq!(paths(&state(&block)), ["count", "kernel"]);
    let copy = nnx::clone(&block);
    let sub = copy.read().sub.clone().unwrap();
    assert!(sub.ptr_eq(&copy));
    copy.write().sub = None;
    block.write().sub = None;
}

#[derive(Module)]
struct Dropped {
    rate: Shared<Param>,
    deterministic: Flag,
}

#[test]
fn a_view_keeps_nodes_without_flags_and_renews_those_with() {
    let rate = shared(1.0);
    let layer = || Dropped { rate: rate.clone(), deterministic: Flag::new("deterministic", false) };
    let owned = layer();
    let eval = view(&owned, View::eval());
    assert!(*eval.deterministic && eval.rate.ptr_eq(&rate));
    let node = Shared::new(layer());
    let both = (node.clone(), node.clone());
    let eval = view(&both, View::eval());
    assert!(eval.0.ptr_eq(&eval.1) && !eval.0.ptr_eq(&node));
    assert!(*eval.0.read().deterministic && !*node.read().deterministic);
    assert!(eval.0.read().rate.ptr_eq(&rate));
    // Nothing to change: the same nodes.
    assert!(view(&both, View::train()).0.ptr_eq(&node));
}

#[test]
fn links_back_point_into_the_copy() {
    #[derive(Module)]
    struct Child {
        weight: Param,
        parent: nnx::module::SharedWeak<Parent>,
    }
    #[derive(Module)]
    struct Parent {
        child: Option<Box<Child>>,
    }
    let parent = Shared::new(Parent { child: None });
    let child = Child { weight: param(1.0), parent: parent.downgrade() };
    parent.write().child = Some(Box::new(child));
    let copy = nnx::clone(&parent);
    let link = copy.read().child.as_ref().unwrap().parent.upgrade().unwrap();
    assert!(link.ptr_eq(&copy) && !link.ptr_eq(&parent));
    assert_eq!(parent.handles(), 1);
}

#[test]
fn tables_name_a_shared_node_once() {
    let table = nnx::tabulate(&Tied::new(1.0));
    assert_eq!((table.total().leaves, table.total().size), (1, 1));
    let text = table.to_string();
    assert!(text.contains("head   Param  shared with embed"), "{text}");
}

#[test]
fn a_captured_node_cannot_be_set_in_a_traced_function() {
    let node = shared(1.0);
    let text = message(|| {
        nnx::grad(
            |x: &Array| {
                node.write().set(x.clone());
                x.clone()
            },
            &Array::scalar(1.0_f32),
        );
    });
    assert!(text.contains("was captured by the function that is being traced"), "{text}");
    assert_eq!(value(&node), 1.0);
}
