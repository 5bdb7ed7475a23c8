//! Generic structs and enums.

use crate::support::{assert_walks, parts, rebuild, static_hash, var};
use nnx::module::{BatchStat, ParamKind, VariableKind};
use nnx::{Module, Param, Variable};
use std::fmt::Debug;
use std::marker::PhantomData;

#[test]
fn a_type_parameter_is_a_module() {
    #[derive(Module)]
    struct Residual<T> {
        inner: T,
        others: Vec<(T, Option<Box<T>>)>,
    }
    let residual = Residual::<Param> {
        inner: var("a"),
        others: vec![(var("b"), None), (var("c"), Some(Box::new(var("d"))))],
    };
    assert_walks(
        residual,
        &[
            "inner: Param a",
            "others[0][0]: Param b",
            "others[1][0]: Param c",
            "others[1][1]: Param d",
        ],
    );
}

#[test]
fn a_kind_is_no_module_and_needs_no_bound() {
    #[derive(Module)]
    struct Inner<K: VariableKind>(Variable<K>);
    #[derive(Module)]
    struct Outer<K: VariableKind> {
        inner: Inner<K>,
    }
    assert_walks(Outer { inner: Inner(var::<BatchStat>("m")) }, &["inner[0]: BatchStat m"]);
}

#[test]
fn phantom_and_skipped_parameters_need_no_module() {
    struct NoModule;
    #[derive(Module)]
    struct Typed<T, S> {
        kernel: Param,
        tag: PhantomData<T>,
        #[module(skip)]
        note: Option<S>,
    }
    let typed = Typed::<NoModule, &str> { kernel: var("k"), tag: PhantomData, note: Some("n") };
    assert_eq!(rebuild(&typed).1.note, Some("n"));
    assert_walks(typed, &["kernel: Param k"]);
}

#[test]
fn a_static_parameter_gets_the_bounds_of_static_data() {
    #[derive(Module)]
    struct Activated<F, T> {
        #[module(static)]
        function: F,
        inner: T,
    }
    let activated = |function| Activated::<&'static str, Param> { function, inner: var("i") };
    assert_walks(activated("relu"), &["inner: Param i"]);
    assert_ne!(static_hash(&activated("relu")), static_hash(&activated("gelu")));
}

#[test]
fn const_parameters_defaults_and_where_clauses() {
    #[derive(Module)]
    struct Heads<T = Param, const N: usize = 2>
    where
        T: Debug,
    {
        heads: [T; N],
    }
    let heads: Heads = Heads { heads: [var("a"), var("b")] };
    assert_walks(heads, &["heads[0]: Param a", "heads[1]: Param b"]);
}

trait Family {
    type Layer;
}
struct Params;
impl Family for Params {
    type Layer = Param;
}

#[test]
fn associated_types() {
    #[derive(Module)]
    struct Of<F: Family> {
        a: F::Layer,
        b: Vec<<F as Family>::Layer>,
    }
    assert_walks(Of::<Params> { a: var("a"), b: vec![var("b")] }, &["a: Param a", "b[0]: Param b"]);
}

#[test]
fn recursive_generic_types() {
    #[derive(Module)]
    enum Tree<T> {
        Leaf(T),
        Node(Vec<Tree<T>>),
        Pair { left: Box<Self>, right: Box<Tree<T>> },
    }
    let leaf = |name: &str| Tree::Leaf(var::<ParamKind>(name));
    let pair = Tree::Pair { left: Box::new(leaf("b")), right: Box::new(leaf("c")) };
    assert_walks(
        Tree::Node(vec![leaf("a"), pair]),
        &["[0][0][0]: Param a", "[0][1].left[0]: Param b", "[0][1].right[0]: Param c"],
    );
}

#[test]
fn generic_code_can_ask_for_a_module() {
    #[derive(Module)]
    struct Wrap<T>(T);
    fn count<M: Module>(module: M) -> usize {
        parts(&Wrap(Wrap(module))).len()
    }
    assert_eq!(count(var::<ParamKind>("x")), 1);
}

type Object = dyn Fn(f32) -> f32;

/// A mark of a type of no known size, behind an alias.
#[derive(Module)]
struct Marked {
    kernel: Param,
    tag: PhantomData<Object>,
}

#[test]
fn a_mark_may_be_of_any_size() {
    let marked = Marked { kernel: var("k"), tag: PhantomData };
    assert_eq!(nnx::state(&marked).len(), 1);
    let _: PhantomData<Object> = marked.tag;
}
