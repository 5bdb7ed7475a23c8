//! State, split, merge, update, clone, pop and map.

use crate::support::{leaves, name_of, static_hash, var};
use nnx::module::{BatchStat, Intermediate, MetaValue, Path, StateLeaf};
use nnx::{
    Array, Everything, GraphDef, Module, Param, State, Variable, clone, map, merge, of_type,
    path_contains, pop, split, split_by, state, update,
};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

#[derive(Module)]
struct Linear {
    kernel: Param,
    bias: Option<Param>,
    features: usize,
}

#[derive(Module)]
struct Block {
    linear: Linear,
    mean: Variable<BatchStat>,
    seen: Variable<Intermediate>,
}

#[derive(Module)]
struct Model {
    blocks: Vec<Block>,
    heads: BTreeMap<String, Linear>,
    table: Array,
    #[module(skip)]
    note: String,
}

fn linear(name: &str, features: usize) -> Linear {
    let kernel = var::<nnx::module::ParamKind>(&format!("{name}.kernel"))
        .with_metadata("sharding", MetaValue::Text(name.to_owned()));
    Linear { kernel, bias: None, features }
}

fn model_with(blocks: usize) -> Model {
    let block = |i: usize| Block {
        linear: linear(&format!("block{i}"), 3),
        mean: var("mean"),
        seen: var("seen"),
    };
    Model {
        blocks: (0..blocks).map(block).collect(),
        heads: BTreeMap::from([("b".to_owned(), linear("b", 1)), ("a".to_owned(), linear("a", 2))]),
        table: Array::absent("table"),
        note: "kept".to_owned(),
    }
}

fn model() -> Model {
    model_with(11)
}

fn paths(state: &State) -> Vec<String> {
    state.paths().map(Path::to_string).collect()
}

#[track_caller]
fn error<T>(result: nnx::Result<T>) -> String {
    match result {
        Ok(_) => panic!("this should have been refused"),
        Err(error) => error.to_string(),
    }
}

fn i32s(values: &[i32]) -> Array {
    Array::from_slice(values, [values.len()])
}

#[test]
fn a_state_is_ordered_by_path() {
    let state = state(&model());
    let paths = paths(&state);
    assert_eq!(paths[..3], ["blocks[0].linear.kernel", "blocks[0].mean", "blocks[0].seen"]);
    assert_eq!(
        paths[27..31],
        ["blocks[9].linear.kernel", "blocks[9].mean", "blocks[9].seen", "blocks[10].linear.kernel"]
    );
    assert_eq!(paths[33..], ["heads.a.kernel", "heads.b.kernel", "table"]);
    let leaf = &state["heads.b.kernel"];
    assert_eq!(
        (leaf.kind.map(|kind| kind.name), name_of(&leaf.value)),
        (Some("Param"), "b.kernel".into())
    );
    assert_eq!(leaf.metadata.get("sharding"), Some(&MetaValue::Text("b".to_owned())));
    assert!(state["table"].kind.is_none());
}

#[test]
fn paths_are_read_as_they_are_shown() {
    for path in state(&model()).paths() {
        assert_eq!(path.to_string().parse::<Path>().ok().as_ref(), Some(path));
    }
    assert_eq!("[0][12].a".parse::<Path>().map(|path| path.keys().len()).ok(), Some(3));
    for wrong in ["a..b", "a.", ".a", "a[", "a[x]", "a[1]b", "[-1]"] {
        let message = error(wrong.parse::<Path>());
        assert!(message.contains(&format!("`{wrong}`")), "{message}");
    }
}

#[test]
#[should_panic(
    expected = "there is no leaf at `blocks[0].kernel`; the leaves are blocks[0].linear"
)]
fn a_path_that_is_not_there() {
    let _ = &state(&model_with(1))["blocks[0].kernel"];
}

#[test]
fn split_and_merge_are_inverse() {
    let model = model();
    let (graphdef, state) = split(&model);
    let merged = merge(&graphdef, state).unwrap();
    assert_eq!(leaves(&merged), leaves(&model));
    assert_eq!(static_hash(&merged), static_hash(&model));
    assert_eq!(merged.blocks[3].linear.features, 3);
    assert_eq!(merged.note, "kept");
    let kernel = &merged.heads["a"].kernel;
    assert_eq!(kernel.metadata().get("sharding"), Some(&MetaValue::Text("a".to_owned())));
}

#[test]
fn split_by_sorts_by_the_first_filter_that_takes_a_leaf() {
    let model = model_with(2);
    let filters = (path_contains(0), of_type::<Param>(), Everything);
    let (graphdef, [first, params, rest]) = split_by(&model, filters).unwrap();
    assert_eq!(paths(&first), ["blocks[0].linear.kernel", "blocks[0].mean", "blocks[0].seen"]);
    assert_eq!(paths(&params), ["blocks[1].linear.kernel", "heads.a.kernel", "heads.b.kernel"]);
    assert_eq!(paths(&rest), ["blocks[1].mean", "blocks[1].seen", "table"]);
    let merged = merge(&graphdef, [rest, first, params]).unwrap();
    assert_eq!(leaves(&merged), leaves(&model));
}

#[test]
fn leaves_that_no_filter_takes_are_named() {
    let message = error(split_by(&model_with(1), (of_type::<Param>(), of_type::<Intermediate>())));
    assert!(message.starts_with("no filter takes blocks[0].mean, table:"), "{message}");
    assert!(message.contains("`Everything`"), "{message}");
}

#[test]
fn merge_names_all_that_does_not_fit() {
    let (graphdef, mut state) = split(&model_with(2));
    state.remove(&"blocks[0].mean".parse().unwrap());
    state.remove(&"table".parse().unwrap());
    let leaf: StateLeaf = state["blocks[1].mean"].clone();
    state.insert("blocks[2].mean".parse().unwrap(), leaf.clone());
    state.insert("other".parse().unwrap(), leaf.clone());
    state.insert("heads.a.kernel".parse().unwrap(), leaf);
    assert_eq!(
        error(merge(&graphdef, state)),
        "the state does not fit `Model`\
         \n  missing in the state: blocks[0].mean; table\
         \n  only in the state: blocks[2].mean; other\
         \n  different: heads.a.kernel is Param, in the state BatchStat"
    );
}

#[test]
fn a_path_in_two_states() {
    let (graphdef, state) = split(&model_with(1));
    let message = error(merge(&graphdef, [state.clone(), state.filter(of_type::<BatchStat>())]));
    assert_eq!(message, "given by more than one state: blocks[0].mean");
}

#[test]
fn update_replaces_values_and_metadata_and_leaves_the_rest() {
    let mut model = model_with(2);
    let mut new = state(&model).filter(path_contains("heads"));
    new["heads.a.kernel"].value = Array::absent("new");
    new["heads.a.kernel"].metadata.set("tag", MetaValue::Bool(true));
    new.remove(&"heads.b.kernel".parse().unwrap());
    update(&mut model, new).unwrap();
    let kernel = &model.heads["a"].kernel;
    assert_eq!(name_of(kernel), "new");
    assert_eq!(kernel.metadata().get("tag"), Some(&MetaValue::Bool(true)));
    assert_eq!(name_of(&model.heads["b"].kernel), "b.kernel");
    assert_eq!(name_of(&model.table), "table");
}

#[test]
fn an_update_that_does_not_fit_changes_nothing() {
    let mut model = (Param::new(i32s(&[1, 2])), Param::new(i32s(&[3])), i32s(&[4]));
    let mut new = state(&model);
    new["[0]"].value = i32s(&[9, 9]);
    new["[1]"].value = i32s(&[9, 9]);
    new["[2]"].value = Array::from_slice(&[1.0_f32], [1]);
    let leaf = new["[0]"].clone();
    new.insert("[3]".parse().unwrap(), leaf);
    let message = error(update(&mut model, new));
    assert_eq!(
        message.lines().skip(1).collect::<Vec<_>>(),
        [
            "  only in the state: [3]",
            "  different: [1] is Param i32[1], in the state Param i32[2]; \
             [2] is array i32[1], in the state array f32[1]",
        ]
    );
    assert_eq!(model.0.to_vec::<i32>(), [1, 2]);
    assert_eq!(model.2.to_vec::<i32>(), [4]);
}

#[test]
fn a_merged_tree_may_have_other_shapes() {
    let (graphdef, mut state) = split(&vec![Param::new(i32s(&[1]))]);
    state["[0]"].value = i32s(&[1, 2, 3]);
    assert_eq!(merge(&graphdef, state).unwrap()[0].shape(), [3]);
}

#[test]
fn graphdefs_compare_by_structure_and_static_parts() {
    let hash = |graphdef: &GraphDef<Model>| {
        let mut hasher = DefaultHasher::new();
        graphdef.hash(&mut hasher);
        hasher.finish()
    };
    let of = |model: &Model| GraphDef::of(model);
    let same = of(&model_with(2));
    assert_eq!(of(&map(&model_with(2), |_, _| Array::absent("other"))), same);
    assert_eq!(hash(&of(&model_with(2))), hash(&same));
    assert_eq!(same.clone(), same);
    assert_eq!(format!("{same:?}"), "GraphDef<Model>(9 leaves)");

    let mut wider = model_with(2);
    wider.blocks[1].linear.features = 4;
    let mut noted = model_with(2);
    noted.blocks[1].mean.metadata_mut().set("tag", MetaValue::Int(1));
    let mut noted_elsewhere = model_with(2);
    noted_elsewhere.blocks[1].seen.metadata_mut().set("tag", MetaValue::Int(1));
    assert_ne!(of(&noted), of(&noted_elsewhere));
    let mut biased = model_with(2);
    biased.blocks[1].linear.bias = Some(var("bias"));
    let mut renamed = model_with(2);
    renamed.heads =
        BTreeMap::from([("a".to_owned(), linear("a", 2)), ("c".to_owned(), linear("b", 1))]);
    for (i, other) in [wider, noted, biased, renamed, model_with(3)].iter().enumerate() {
        assert_ne!(of(other), same, "change {i}");
        assert_ne!(hash(&of(other)), hash(&same), "change {i}");
    }
}

#[test]
#[should_panic(expected = "this array is part of a GraphDef, which holds no values")]
fn a_graphdef_has_no_values() {
    let graphdef = GraphDef::of(&Param::new(i32s(&[1])));
    graphdef.template().shape();
}

#[test]
fn a_clone_goes_its_own_way() {
    let mut model = model_with(1);
    let copy = clone(&model);
    model.heads.insert("c".to_owned(), linear("c", 1));
    model.blocks[0].mean.set(Array::absent("changed"));
    assert_eq!(name_of(&copy.blocks[0].mean), "mean");
    assert_eq!(copy.heads.len(), 2);
}

#[test]
fn pop_takes_values_out() {
    let mut model = model_with(2);
    model.blocks[0].seen.set(i32s(&[1]));
    model.blocks[1].mean.set(i32s(&[2]));
    let popped = pop(&mut model, of_type::<Intermediate>());
    assert_eq!(paths(&popped), ["blocks[0].seen"], "what had no value is not popped");
    assert_eq!(popped["blocks[0].seen"].value.to_vec::<i32>(), [1]);
    assert!(model.blocks[0].seen.is_absent());
    assert_eq!(model.blocks[1].mean.to_vec::<i32>(), [2]);
    assert!(pop(&mut model, of_type::<Intermediate>()).is_empty());
    model.blocks[0].seen.set(i32s(&[3]));
    assert_eq!(pop(&mut model, Everything).len(), 2);
}

#[test]
#[should_panic(expected = "`blocks[0].seen` holds no value: it was taken out by `pop`")]
fn reading_what_was_popped() {
    let mut model = model_with(1);
    model.blocks[0].seen.set(i32s(&[1]));
    pop(&mut model, of_type::<Intermediate>());
    let _ = model.blocks[0].seen.to_vec::<i32>();
}

#[test]
fn map_changes_variables_only() {
    let model = model_with(1);
    let mapped = map(&model, |path, leaf| {
        Array::absent(format!("{path} {}", leaf.kind.map_or("none", |kind| kind.name)))
    });
    assert_eq!(name_of(&mapped.blocks[0].mean), "blocks[0].mean BatchStat");
    assert_eq!(name_of(&mapped.table), "table");
    let state = state(&model).map(|path, _| Array::absent(path.to_string()));
    assert!(state.iter().all(|(path, leaf)| name_of(&leaf.value) == path.to_string()));
}

#[test]
fn states_are_collections() {
    let all = state(&model_with(1));
    let collected: State =
        all.clone().into_iter().filter(|(_, leaf)| leaf.kind.is_some()).collect();
    assert_eq!(collected.len(), 5);
    let [params, rest] = all.clone().split((of_type::<Param>(), Everything)).unwrap();
    assert_eq!(State::merge([params, rest]).unwrap().len(), all.len());
    assert_eq!((&all).into_iter().count(), 6);
    let debug = format!("{all:?}");
    assert!(debug.contains("    blocks[0].mean: BatchStat Absent(mean)\n"), "{debug}");
}

/// A hand-written visitor is shown shared nodes, and may look into them; the walks of the library pass
/// over them.
#[test]
fn visitors_are_shown_shared_nodes() {
    use nnx::module::{Shared, SharedNode, StaticValue, Structure, VarRef, Visitor};
    #[derive(Default)]
    struct Count {
        nodes: Vec<usize>,
        leaves: usize,
    }
    impl Visitor for Count {
        fn variable(&mut self, _: VarRef<'_>) {
            self.leaves += 1;
        }
        fn array(&mut self, _: &Array) {
            self.leaves += 1;
        }
        fn static_value(&mut self, _: &dyn StaticValue) {}
        fn structure(&mut self, _: Structure) {}
        fn shared(&mut self, node: &dyn SharedNode) {
            if !self.nodes.contains(&node.id()) {
                self.nodes.push(node.id());
                node.flatten(self);
            }
        }
    }
    let table = Shared::new(Param::new(Array::absent("a table")));
    let model = (table.clone(), Param::new(Array::absent("a weight")), table);
    let mut count = Count::default();
    model.flatten(&mut count);
    assert_eq!((count.nodes.len(), count.leaves), (1, 2));
}
