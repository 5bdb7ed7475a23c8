//! Counterparts of Flax's tests of trees (flatten, split, merge, state, clone). The table in
//! `docs/flax-tests.md` says which is which.

use super::jit_support::*;
use nnx::module::{BatchStat, Path, VarInfo, map_modules};
use nnx::nn::{BatchNorm, Dropout, Linear};
use nnx::random::Rngs;
use nnx::{
    Array, Everything, Module, Param, Variable, find_shared_buffers, merge, of_type, split,
    split_by, state, update,
};
use std::collections::{BTreeMap, HashMap};

fn param(value: i32) -> Param {
    Param::new(Array::scalar(value))
}

fn paths<M: Module>(tree: &M) -> Vec<String> {
    state(tree).paths().map(ToString::to_string).collect()
}

#[derive(Module)]
struct Part {
    a: i32,
    b: Param,
}

#[test]
fn what_is_split_and_merged_is_the_same_tree() {
    let tree = (Part { a: 1, b: param(2) }, 3, Part { a: 5, b: param(6) }, param(4));
    let (graphdef, leaves) = split(&tree);
    let shown: Vec<String> = leaves.paths().map(ToString::to_string).collect();
    assert_eq!(shown, ["[0].b", "[2].b", "[3]"]);
    let (first, three, second, last) = merge(&graphdef, leaves).unwrap();
    assert_eq!((first.a, three, second.a), (1, 3, 5));
    assert_eq!([&first.b, &second.b, &last].map(|v| v.item::<i32>()), [2, 6, 4]);
}

#[test]
fn a_layer_is_split_and_merged() {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    let (graphdef, leaves) = split(&model);
    let shown: Vec<String> = leaves.paths().map(ToString::to_string).collect();
    assert_eq!(shown, ["bias", "kernel"], "in the order of the paths");
    let merged = merge(&graphdef, leaves).unwrap();
    assert_eq!(
        (merged.kernel.shape(), merged.bias.as_ref().unwrap().shape()),
        (&[2, 3][..], &[3][..])
    );
    assert_eq!(merged.kernel.to_vec::<f32>(), model.kernel.to_vec::<f32>());
}

#[test]
fn layers_in_a_tuple_have_their_paths() {
    let mut rngs = Rngs::new(0);
    let layers = (Linear::new(2, 2, &mut rngs), BatchNorm::new(2, &mut rngs));
    let expected = ["[0].bias", "[0].kernel", "[1].bias", "[1].mean", "[1].scale", "[1].var"];
    assert_eq!(paths(&layers), expected);
    assert_eq!(state(&layers)["[0].kernel"].value.shape(), [2, 2]);
}

#[derive(Module)]
struct Point {
    y: Param,
    x: Param,
}

#[test]
fn a_state_is_sorted_by_name_whatever_the_order_of_the_fields() {
    let point = Point { y: param(1), x: param(2) };
    let (graphdef, leaves) = split(&point);
    let shown: Vec<_> = leaves.iter().map(|(p, l)| (p.to_string(), l.value.item())).collect();
    assert_eq!(shown, [("x".to_owned(), 2), ("y".to_owned(), 1)]);
    let merged = merge(&graphdef, leaves).unwrap();
    assert_eq!((merged.y.item::<i32>(), merged.x.item::<i32>()), (1, 2));
}

#[test]
fn maps_and_tuples_of_variables_arrays_and_settings() {
    #[derive(Module)]
    enum Item {
        Variable(Param),
        Plain(Array),
    }
    let map: HashMap<String, Item> = [
        ("z".to_owned(), Item::Variable(param(1))),
        ("a".to_owned(), Item::Plain(Array::scalar(2_i32))),
    ]
    .into();
    let tree = (map, (param(1), Array::scalar(2_i32), 3));
    assert_eq!(paths(&tree), ["[0].a[0]", "[0].z[0]", "[1][0]", "[1][1]"]);
    let (graphdef, leaves) = split(&tree);
    let (map, (v, array, three)) = merge(&graphdef, leaves).unwrap();
    assert!(matches!(&map["z"], Item::Variable(v) if v.item::<i32>() == 1));
    assert!(matches!(&map["a"], Item::Plain(array) if array.item::<i32>() == 2));
    assert_eq!((v.item::<i32>(), array.item::<i32>(), three), (1, 2, 3));
}

#[test]
fn containers_in_containers() {
    #[derive(Module)]
    struct Mixed {
        b: (Param, Array),
        a: (Param, i32),
    }
    let tree = Mixed { b: (param(1), Array::scalar(2_i32)), a: (param(3), 4) };
    let (graphdef, leaves) = split(&tree);
    let shown: Vec<_> = leaves.iter().map(|(p, l)| (p.to_string(), l.value.item())).collect();
    let expected = [("a[0]", 3), ("b[0]", 1), ("b[1]", 2)].map(|(p, v)| (p.to_owned(), v));
    assert_eq!(shown, expected);
    let merged = merge(&graphdef, leaves).unwrap();
    assert_eq!((merged.a.0.item::<i32>(), merged.a.1, merged.b.1.item::<i32>()), (3, 4, 2));
}

#[test]
fn an_array_alone_is_a_tree() {
    let x = scalar(1.0);
    let (graphdef, leaves) = split(&x);
    assert_eq!(leaves.len(), 1);
    assert_eq!(address(&merge(&graphdef, leaves).unwrap()), address(&x), "nothing is copied");
}

#[test]
fn filters_take_an_array_alone() {
    let x = scalar(1.0);
    let plain = |_: &Path, leaf: &VarInfo| leaf.kind.is_none();
    let (graphdef, [arrays, rest]) = split_by(&x, (plain, Everything)).unwrap();
    assert_eq!((arrays.len(), rest.len()), (1, 0));
    assert_eq!(address(&merge(&graphdef, [arrays, rest]).unwrap()), address(&x));
}

#[test]
fn a_variable_alone_is_a_tree_that_filters_take_or_leave() {
    let mut v = param(1);
    let filters = (of_type::<BatchStat>(), of_type::<Param>(), Everything);
    let (graphdef, [stats, mut params, rest]) = split_by(&v, filters).unwrap();
    assert_eq!((stats.len(), params.len(), rest.len()), (0, 1, 0));
    assert_eq!(merge(&graphdef, [stats.clone(), params.clone()]).unwrap().item::<i32>(), 1);
    for (_, leaf) in params.iter_mut() {
        leaf.value = Array::scalar(2_i32);
    }
    update(&mut v, [stats, params, rest]).unwrap();
    assert_eq!(v.item::<i32>(), 2);
}

#[test]
fn a_plain_array_is_a_leaf_and_text_is_static() {
    #[derive(Module)]
    struct Foo {
        a: Array,
        b: String,
    }
    let foo = Foo { a: Array::scalar(1_i32), b: "yes".to_owned() };
    let (graphdef, leaves) = split(&foo);
    assert_eq!(leaves.len(), 1);
    assert!(leaves["a"].kind.is_none());
    let merged = merge(&graphdef, leaves).unwrap();
    assert_eq!((merged.a.item::<i32>(), merged.b.as_str()), (1, "yes"));
}

/// In Flax a list may hold one Variable twice, which tree mode then refuses. Here the second is
/// another Variable with the same array; `Shared` is the type of those that are one, and tree mode
/// refuses it when the program is compiled.
#[test]
fn a_variable_that_was_cloned_is_two_leaves() {
    let v = Param::new(scalar(1.0));
    let list = vec![v.clone(), v];
    let groups = find_shared_buffers(&list);
    let found: Vec<String> = groups.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(found, ["[0]", "[1]"], "who meant to tie them is told");
    let (graphdef, leaves) = split(&list);
    assert_eq!(leaves.len(), 2);
    let mut merged = merge(&graphdef, leaves).unwrap();
    merged[0].set(scalar(5.0));
    assert_eq!([merged[1].item::<f32>(), list[0].item(), list[1].item()], [1.0; 3]);
    let mut copy = nnx::clone(&list);
    copy[1].set(scalar(6.0));
    assert_eq!([copy[0].item::<f32>(), list[1].item()], [1.0; 2]);
}

#[test]
fn every_variable_is_met_once() {
    #[derive(Module)]
    struct Child {
        a: Variable<BatchStat>,
        b: Array,
        c: Variable<BatchStat>,
    }
    #[derive(Module)]
    struct Root {
        x: Child,
        y: Array,
        z: BTreeMap<u8, Child>,
    }
    let stat = || Variable::new(Array::scalar(0_i32));
    let child = || Child { a: stat(), b: Array::scalar(0_i32), c: stat() };
    let root = Root { x: child(), y: Array::scalar(1_i32), z: [(7, child())].into() };
    assert_eq!(paths(&root), ["x.a", "x.b", "x.c", "y", "z.7.a", "z.7.b", "z.7.c"]);
    let modules = nnx::iter_modules(&root).map(|info| format!("{}:{}", info.path, info.name));
    assert_eq!(modules.collect::<Vec<_>>(), [":Root", "x:Child", "z.7:Child"]);
}

#[derive(Module)]
struct Numbered {
    d: i64,
}

#[test]
fn parts_of_one_type_are_changed_in_place() {
    let mut list = vec![Numbered { d: 10 }, Numbered { d: 20 }];
    let mut seen = Vec::new();
    map_modules(&mut list, |path, part: &mut Numbered| {
        seen.push(path.to_string());
        part.d += 1;
    });
    assert_eq!(list.iter().map(|part| part.d).collect::<Vec<_>>(), [11, 21]);
    assert_eq!(seen, ["[0]", "[1]"]);
}

#[test]
fn parts_of_one_type_are_replaced() {
    let mut list = vec![Numbered { d: 10 }, Numbered { d: 20 }];
    let mut calls = 0;
    map_modules(&mut list, |_, part: &mut Numbered| {
        calls += 1;
        *part = Numbered { d: -part.d };
    });
    assert_eq!((list[0].d, list[1].d, calls), (-10, -20, 2));
}

#[test]
fn a_layer_is_mapped_variable_by_variable() {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    let mut seen = Vec::new();
    let zeros = nnx::map(&model, |path, leaf| {
        seen.push(path.to_string());
        leaf.value.zeros_like()
    });
    assert_eq!(seen, ["kernel", "bias"]);
    assert_eq!(zeros.kernel.to_vec::<f32>(), [0.0; 6]);
    assert_eq!(zeros.bias.as_ref().unwrap().to_vec::<f32>(), [0.0; 3]);
    assert_eq!(state(&zeros)["kernel"].kind.map(|kind| kind.name), Some("Param"));
    assert_ne!(model.kernel.to_vec::<f32>(), [0.0; 6]);
}

#[test]
fn a_layer_in_a_model_is_mapped() {
    #[derive(Module)]
    struct Model {
        linear: Linear,
    }
    let model = Model { linear: Linear::new(2, 3, &mut Rngs::new(0)) };
    let ones = nnx::map(&model, |_, leaf| leaf.value.ones_like());
    assert_eq!(ones.linear.kernel.to_vec::<f32>(), [1.0; 6]);
    assert_eq!(ones.linear.bias.unwrap().to_vec::<f32>(), [1.0; 3]);
}

#[test]
fn modules_are_listed_with_their_paths() {
    #[derive(Module)]
    struct Block {
        linear: Linear,
        dropout: Dropout,
    }
    let listed = |infos: Vec<nnx::module::ModuleInfo>| -> Vec<String> {
        infos.iter().map(|info| format!("{}:{}", info.path, info.name)).collect()
    };
    let mut rngs = Rngs::new(0);
    let linear = Linear::new(2, 3, &mut rngs);
    assert_eq!(listed(nnx::iter_modules(&linear).collect()), [":Linear"]);
    let block = Block { linear, dropout: Dropout::new(0.5, &mut rngs) };
    let found = listed(nnx::iter_modules(&block).collect());
    let expected = [":Block", "linear:Linear", "dropout:Dropout"];
    assert!(expected.iter().all(|module| found.contains(&(*module).to_owned())), "{found:?}");
}
