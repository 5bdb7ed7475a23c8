//! Containers of Modules.

use crate::support::{assert_walks, parts, static_hash, var};
use nnx::{Module, Param};
use std::collections::{BTreeMap, HashMap};

#[test]
fn lists_arrays_tuples_and_boxes() {
    #[derive(Module)]
    struct All {
        list: Vec<Param>,
        array: [Param; 2],
        tuple: (Param, [Option<Box<Param>>; 1]),
        boxed: Box<Param>,
        none: Option<Param>,
        unit: (),
    }
    let all = All {
        list: vec![var("l0"), var("l1")],
        array: [var("a0"), var("a1")],
        tuple: (var("t0"), [Some(Box::new(var("t1")))]),
        boxed: Box::new(var("b")),
        none: None,
        unit: (),
    };
    assert_walks(
        all,
        &[
            "list[0]: Param l0",
            "list[1]: Param l1",
            "array[0]: Param a0",
            "array[1]: Param a1",
            "tuple[0]: Param t0",
            "tuple[1][0]: Param t1",
            "boxed: Param b",
        ],
    );
}

#[test]
fn maps_are_walked_in_the_order_of_their_keys() {
    #[derive(Module)]
    struct Maps {
        tree: BTreeMap<String, Param>,
        hash: HashMap<&'static str, Param>,
        numbered: HashMap<u32, Param>,
    }
    let names = ["q", "b", "z", "a", "m"];
    let maps = || Maps {
        tree: names.iter().map(|name| (name.to_string(), var(name))).collect(),
        hash: names.iter().map(|name| (*name, var(name))).collect(),
        numbered: [10, 9, 2].into_iter().map(|i| (i, var(&i.to_string()))).collect(),
    };
    let mut expected = Vec::new();
    for map in ["tree", "hash"] {
        expected
            .extend(["a", "b", "m", "q", "z"].map(|name| format!("{map}.{name}: Param {name}")));
    }
    expected.extend([2, 9, 10].map(|i| format!("numbered.{i}: Param {i}")));
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    // Each map has its own hasher: several of them would disagree about the order of their own.
    for _ in 0..8 {
        assert_walks(maps(), &expected);
    }
}

#[test]
fn what_fills_a_container_is_structure() {
    let list = |n: usize| -> Vec<Param> { (0..n).map(|_| var("x")).collect() };
    assert_ne!(static_hash(&list(1)), static_hash(&list(2)));
    assert_ne!(static_hash(&Some(list(0))), static_hash(&None::<Vec<Param>>));
    let map = |key: &str| BTreeMap::from([(key.to_owned(), var::<nnx::module::ParamKind>("x"))]);
    assert_ne!(static_hash(&map("a")), static_hash(&map("b")));
    assert_eq!(static_hash(&map("a")), static_hash(&map("a")));
    assert_eq!(parts(&list(1)), [": Len(1)", "[0]: Param x"]);
}
