//! Counterparts of Flax's tests of State, of partitions of a tree and of Variables. The table in
//! `docs/flax-tests.md` says which is which.

use super::jit_support::*;
use nnx::module::{BatchStat, MetaValue, Path};
use nnx::nn::{BatchNorm, Linear};
use nnx::random::Rngs;
use nnx::{
    Array, DType, Everything, GraphDef, Module, Nothing, Param, State, Variable, grad, merge,
    of_type, path_contains, split, split_by, state, update,
};
use std::collections::BTreeMap;

fn param(value: i32) -> Param {
    Param::new(Array::scalar(value))
}

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

fn paths(state: &State) -> Vec<String> {
    state.paths().map(ToString::to_string).collect()
}

#[derive(Module)]
struct Inner {
    c: Param,
}

#[derive(Module)]
struct Outer {
    a: Param,
    b: Inner,
}

fn outer() -> Outer {
    Outer { a: param(1), b: Inner { c: param(2) } }
}

fn value(state: &State, path: &str) -> i32 {
    state[path].value.item()
}

#[test]
fn a_state_is_read_by_paths() {
    let all = state(&outer());
    assert_eq!((value(&all, "a"), value(&all, "b.c")), (1, 2));
}

#[test]
fn a_state_is_collected_from_paths_and_leaves() {
    let all = state(&outer());
    let renamed = [("x", "a"), ("y.z", "b.c")].map(|(new, old)| (path(new), all[old].clone()));
    let collected: State = renamed.into_iter().collect();
    assert_eq!(paths(&collected), ["x", "y.z"]);
    assert_eq!((value(&collected, "x"), value(&collected, "y.z")), (1, 2));
}

#[test]
fn a_leaf_of_a_state_is_set_and_keeps_its_kind() {
    let mut all = state(&outer());
    all["a"].value = Array::scalar(3);
    all["b.c"].value = Array::scalar(4);
    assert_eq!((value(&all, "a"), value(&all, "b.c")), (3, 4));
    assert_eq!(all["b.c"].kind.map(|kind| kind.name), Some("Param"));
}

#[test]
fn a_leaf_is_added_to_a_state() {
    let mut all = state(&outer());
    let mut leaf = all["b.c"].clone();
    leaf.value = Array::scalar(5);
    assert!(all.insert(path("b.d"), leaf).is_none());
    assert_eq!((value(&all, "b.d"), value(&all, "b.c")), (5, 2));
}

#[test]
fn a_leaf_is_taken_from_a_state() {
    let mut all = state(&outer());
    assert!(all.remove(&path("b.c")).is_some() && all.get(&path("b.c")).is_none());
    assert_eq!(paths(&all), ["a"]);
}

#[derive(Module)]
struct Layers {
    layers: Vec<Linear>,
}

#[test]
fn a_state_is_read_by_positions() {
    let mut rngs = Rngs::new(0);
    let layers = vec![Linear::new(1, 2, &mut rngs), Linear::new(2, 3, &mut rngs)];
    let all = state(&Layers { layers });
    assert_eq!(all["layers[0].kernel"].value.shape(), [1, 2]);
    assert_eq!(all["layers[1].kernel"].value.shape(), [2, 3]);
}

#[test]
fn values_of_a_state_are_plain_arrays() {
    let mut model = Linear::new(4, 5, &mut Rngs::new(0));
    let mut all = state(&model);
    let mut plain: BTreeMap<String, Array> =
        all.iter().map(|(path, leaf)| (path.to_string(), leaf.value.clone())).collect();
    plain.values_mut().for_each(|value| *value = value.zeros_like());
    for (path, leaf) in all.iter_mut() {
        leaf.value = plain[&path.to_string()].clone();
    }
    assert_eq!(all["kernel"].kind.map(|kind| kind.name), Some("Param"));
    update(&mut model, all).unwrap();
    let y = model.forward(nnx::array::ones([3, 4], DType::F32));
    assert_eq!(y.to_vec::<f32>(), [0.0; 15]);
}

#[derive(Module)]
struct Parts {
    a: (Param, Variable<BatchStat>),
    b: Param,
    c: i32,
}

fn parts() -> Parts {
    Parts { a: (param(1), Variable::new(Array::scalar(3))), b: param(2), c: 100 }
}

#[test]
fn a_tree_is_parted_by_kind_and_merged() {
    let tree = parts();
    let (graphdef, [params, rest]) = split_by(&tree, (of_type::<Param>(), Everything)).unwrap();
    assert_eq!(
        (paths(&params), paths(&rest)),
        (vec!["a[0]".into(), "b".into()], vec!["a[1]".to_owned()])
    );
    let merged = merge(&graphdef, [params, rest]).unwrap();
    assert_eq!([&merged.a.0, &merged.b].map(|v| v.item::<i32>()), [1, 2]);
    assert_eq!((merged.a.1.item::<i32>(), merged.c), (3, 100));
}

#[test]
fn filters_that_take_all_leaves_may_end_with_the_rest() {
    let tree = parts();
    let kinds = (of_type::<Param>(), of_type::<BatchStat>());
    assert_eq!(split_by(&tree, kinds).unwrap().1.each_ref().map(State::len), [2, 1]);
    let and_rest = (of_type::<Param>(), of_type::<BatchStat>(), Everything);
    assert_eq!(split_by(&tree, and_rest).unwrap().1.each_ref().map(State::len), [2, 1, 0]);
    let (_, [empty, some]) = split_by(&tree, (Nothing, Everything)).unwrap();
    assert_eq!((empty.len(), some.map(|_, leaf| leaf.value + 1)["b"].value.item::<i32>()), (0, 3));
}

#[test]
fn a_tree_is_updated_from_a_state_that_was_mapped() {
    let mut tree = parts();
    let doubled = split(&tree).1.map(|_, leaf| leaf.value * 2);
    update(&mut tree, doubled).unwrap();
    assert_eq!([&tree.a.0, &tree.b].map(|v| v.item::<i32>()), [2, 4]);
    assert_eq!((tree.a.1.item::<i32>(), tree.c), (6, 100));
}

#[test]
fn a_part_of_a_tree_is_updated() {
    let mut tree = BTreeMap::from([("b".to_owned(), param(1)), ("c".to_owned(), param(2))]);
    let mut some = state(&tree).filter(path_contains("c"));
    some["c"].value = Array::scalar(10);
    update(&mut tree, some).unwrap();
    assert_eq!((tree["b"].item::<i32>(), tree["c"].item::<i32>()), (1, 10));
}

#[test]
fn gradients_of_params_take_the_places_of_the_params() {
    let float = |x: f32| Param::new(scalar(x));
    let mut tree = (vec![float(1.0)], Variable::<BatchStat>::new(scalar(-10.0)), float(2.0), 7);
    type Tree = (Vec<Param>, Variable<BatchStat>, Param, i32);
    let gradient = grad(|m: &Tree| &m.0[0] * 2.0 + &m.2 * 2.0, &tree);
    update(&mut tree, state(&gradient).filter(of_type::<Param>())).unwrap();
    assert_eq!([&tree.0[0], &tree.2].map(|v| v.item::<f32>()), [2.0, 2.0]);
    assert_eq!((tree.1.item::<f32>(), tree.3), (-10.0, 7));
}

#[test]
fn a_state_has_the_values_of_all_variables() {
    let tree = (vec![param(10), param(20)], param(10), 7, 5_i64);
    let variables = state(&tree);
    assert_eq!(paths(&variables), ["[0][0]", "[0][1]", "[1]"]);
    let values: Vec<i32> = variables.iter().map(|(_, leaf)| leaf.value.item()).collect();
    assert_eq!(values, [10, 20, 10]);
}

#[test]
fn a_head_is_taken_by_its_name() {
    #[derive(Module)]
    struct Model {
        backbone1: Linear,
        backbone2: Linear,
        head: Linear,
    }
    let mut rngs = Rngs::new(0);
    let mut linear = || Linear::new(2, 2, &mut rngs);
    let model = Model { backbone1: linear(), backbone2: linear(), head: linear() };
    assert_eq!(paths(&state(&model).filter(path_contains("head"))), ["head.bias", "head.kernel"]);
    // A name in part, by a rule of one's own.
    let of_backbones =
        |path: &Path, _: &nnx::module::VarInfo| path.to_string().starts_with("backbone");
    let expected = ["backbone1.bias", "backbone1.kernel", "backbone2.bias", "backbone2.kernel"];
    assert_eq!(paths(&state(&model).filter(of_backbones)), expected);
}

#[test]
fn states_of_one_tree_have_one_definition() {
    let mut rngs = Rngs::new(0);
    let model = (BatchNorm::new(2, &mut rngs), Linear::new(2, 3, &mut rngs));
    let (graphdef, [params, stats]) =
        split_by(&model, (of_type::<Param>(), of_type::<BatchStat>())).unwrap();
    assert_eq!(graphdef, GraphDef::of(&model));
    assert_eq!(paths(&stats), ["[0].mean", "[0].var"]);
    assert_eq!(params.len() + stats.len(), state(&model).len());
    // A leaf of another tree is named.
    let (_, of_other) = split(&Linear::new(2, 3, &mut rngs));
    let error = merge(&graphdef, of_other).err().unwrap().to_string();
    assert_says(&error, &["missing in the state: [0].", "only in the state: bias; kernel"]);
}

#[test]
fn a_state_is_changed_before_it_is_merged() {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    let (graphdef, mut all) = split(&model);
    all["kernel"].value = all["kernel"].value.zeros_like();
    let merged = merge(&graphdef, all).unwrap();
    assert_eq!(merged.kernel.to_vec::<f32>(), [0.0; 6]);
    assert_ne!(model.kernel.to_vec::<f32>(), [0.0; 6]);
}

#[test]
fn a_new_layer_takes_a_part_of_an_old_ones_state() {
    #[nnx::jit(graph = false)]
    fn started(kernel: &Array) -> Linear {
        let ones = nnx::nn::initializers::ones();
        let mut layer = Linear::builder(2, 3).bias_init(ones).build(&mut Rngs::new(1));
        let mut part = state(&layer).filter(path_contains("kernel"));
        part["kernel"].value = kernel.clone();
        update(&mut layer, part).unwrap();
        layer
    }
    let old = Linear::new(2, 3, &mut Rngs::new(0));
    let new = started(&old.kernel);
    assert_eq!(new.kernel.to_vec::<f32>(), old.kernel.to_vec::<f32>());
    assert_eq!(new.bias.unwrap().to_vec::<f32>(), [1.0; 3]);
}

#[test]
fn a_tree_is_split_by_another_thread() {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    let (leaves, kernel) = std::thread::scope(|scope| {
        let split_there = || {
            let (graphdef, all) = split(&model);
            let leaves = all.len();
            (leaves, merge(&graphdef, all).unwrap().kernel.to_vec::<f32>())
        };
        scope.spawn(split_there).join().unwrap()
    });
    assert_eq!((leaves, kernel), (2, model.kernel.to_vec::<f32>()));
}

#[test]
fn a_variable_is_mapped_to_another_one() {
    let one = param(1);
    let two = nnx::map(&one, |_, leaf| leaf.value + 1);
    assert_eq!((one.item::<i32>(), two.item::<i32>()), (1, 2));
}

#[test]
fn variables_are_operands() {
    let (mut a, b) = (param(2), param(3));
    assert_eq!((&a + &b).item::<i32>(), 5);
    assert!(!a.eq(&*b).item::<bool>());
    a += &b;
    assert_eq!((a.item::<i32>(), b.item::<i32>()), (5, 3));
    // Functions of arrays are methods of Variables.
    let matrix = Param::new(nnx::array::ones([2, 3], DType::F32));
    assert_eq!(matrix.t().shape(), [3, 2]);
    let x = nnx::array::ones([2], DType::F32);
    assert_eq!(x.matmul(&*matrix).to_vec::<f32>(), [2.0; 3]);
}

#[test]
fn equal_values_are_equal_in_variables() {
    let arrays = || [Array::from_slice(&[1, 2], [2]), Array::scalar(2), Array::scalar(3)];
    for a in arrays() {
        for b in arrays() {
            let (p, q) = (Param::new(a.clone()), Param::new(b.clone()));
            assert_eq!(p.eq(&*q).to_vec::<bool>(), a.eq(&b).to_vec::<bool>());
        }
    }
}

#[test]
fn metadata_is_set_and_read() {
    let mut v = Variable::<BatchStat>::new(scalar(1.0));
    assert!(v.metadata().is_empty());
    v.metadata_mut().set("a", MetaValue::Int(1));
    v.metadata_mut().set("b", MetaValue::Int(2));
    assert_eq!(v.metadata().get("a"), Some(&MetaValue::Int(1)));
    let mut other = Variable::<BatchStat>::new(scalar(1.0)).with_metadata("b", MetaValue::Int(3));
    other.metadata_mut().set("c", MetaValue::Int(4));
    *v.metadata_mut() = other.metadata().clone();
    let shown: Vec<String> = v.metadata().iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(shown, ["b", "c"]);
    assert_eq!(v.metadata().get("b"), Some(&MetaValue::Int(3)));
    assert_eq!(v.metadata().get("a"), None);
}

#[test]
fn one_filter_may_take_all_leaves() {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    let (graphdef, [params]) = split_by(&model, (of_type::<Param>(),)).unwrap();
    assert_eq!(paths(&params), ["bias", "kernel"]);
    let merged = merge(&graphdef, params).unwrap();
    assert_eq!(merged.kernel.to_vec::<f32>(), model.kernel.to_vec::<f32>());
}

#[test]
fn plain_arrays_are_mapped_in_a_state() {
    #[derive(Module)]
    struct Foo {
        node: Array,
        meta: i32,
        others: Vec<i32>,
    }
    let foo = Foo { node: Array::scalar(1), meta: 1, others: vec![3, 4] };
    let (graphdef, leaves) = split(&foo);
    assert_eq!(paths(&leaves), ["node"]);
    let next = merge(&graphdef, leaves.map(|_, leaf| leaf.value + 1)).unwrap();
    assert_eq!((next.node.item::<i32>(), next.meta, next.others), (2, 1, vec![3, 4]));
}

#[test]
fn the_leaves_that_another_state_lacks() {
    let mlp = |seed: u64, layers: usize| {
        let mut rngs = Rngs::new(seed);
        let layer = |_| Linear::builder(4, 4).use_bias(false).build(&mut rngs);
        state(&(0..layers).map(layer).collect::<Vec<_>>())
    };
    let (first, other, longer) = (mlp(0, 4), mlp(1, 4), mlp(1, 5));
    assert!(other.diff(&first).is_empty(), "values do not count");
    let more = longer.diff(&first);
    assert_eq!(paths(&more), ["[4].kernel"]);
    assert_eq!(
        more["[4].kernel"].value.to_vec::<f32>(),
        longer["[4].kernel"].value.to_vec::<f32>()
    );
    assert!(first.diff(&longer).is_empty());
    assert_eq!(paths(&first.diff(&State::new())), paths(&first));
}

#[test]
fn a_filter_after_the_rest_is_refused() {
    let tree = parts();
    let says = |result: Result<(), nnx::Error>| {
        let error = result.unwrap_err();
        let expected = ["the filter 0, `Everything`", "the filter 1", "put `Everything` last"];
        assert_says(&error.to_string(), &expected);
    };
    says(split_by(&tree, (Everything, of_type::<Param>())).map(drop));
    says(state(&tree).split((Everything, of_type::<Param>(), Everything)).map(drop));
    // The rest twice is fine.
    assert!(split_by(&tree, (Everything, Everything)).is_ok());
}
