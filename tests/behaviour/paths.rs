//! `path!`: constants for the paths of a type, and what they take as filters.

use crate::support::var;
use nnx::module::{BatchStat, Path, PathPattern, PatternKey, Shared};
use nnx::{
    All, Any, Array, Everything, Module, Not, Param, Variable, of_type, path, pop, split_by, state,
};
use std::collections::BTreeMap;

#[derive(Module)]
struct Linear {
    kernel: Param,
    bias: Option<Param>,
    features: usize,
}

#[derive(Module)]
struct Attention {
    query: Linear,
    mean: Variable<BatchStat>,
    mask: Array,
}

#[derive(Module)]
struct Layer {
    attn: Box<Attention>,
    #[module(rename = "ffn")]
    r#in: (Linear, Pair),
}

#[derive(Module)]
struct Pair(Param, [Param; 2]);

#[derive(Module)]
struct Encoder {
    layers: Vec<Layer>,
}

#[derive(Module)]
struct Model {
    encoder: Encoder,
    heads: BTreeMap<String, Linear>,
    experts: BTreeMap<u32, Param>,
    r#type: Param,
}

fn linear() -> Linear {
    Linear { kernel: var("kernel"), bias: Some(var("bias")), features: 1 }
}

fn model() -> Model {
    let attention =
        || Attention { query: linear(), mean: var("mean"), mask: Array::absent("mask") };
    let layer = || Layer {
        attn: Box::new(attention()),
        r#in: (linear(), Pair(var("first"), [var("x"), var("y")])),
    };
    Model {
        encoder: Encoder { layers: vec![layer(), layer()] },
        heads: BTreeMap::from([("a".to_owned(), linear()), ("b-1".to_owned(), linear())]),
        experts: BTreeMap::from([(3, var("three")), (10, var("ten"))]),
        r#type: var("type"),
    }
}

/// The paths of the leaves that a pattern takes.
fn taken(pattern: PathPattern) -> Vec<String> {
    state(&model()).filter(pattern).paths().map(Path::to_string).collect()
}

#[test]
fn a_path_is_a_constant() {
    const KERNELS: PathPattern = path!(Model: encoder.layers[*].attn.query.kernel);
    static HEAD: PathPattern = path!(Model: heads.*);
    assert_eq!(KERNELS.to_string(), "encoder.layers[*].attn.query.kernel");
    assert_eq!(HEAD.keys(), [PatternKey::Name("heads"), PatternKey::AnyName]);
    assert_eq!(
        taken(KERNELS),
        ["encoder.layers[0].attn.query.kernel", "encoder.layers[1].attn.query.kernel"]
    );
}

#[test]
fn a_path_is_one_of_those_that_the_schema_lists() {
    let listed: Vec<PathPattern> = Model::SCHEMA.variables().map(|v| v.path).collect();
    assert!(listed.contains(&path!(Model: encoder.layers[*].ffn[1][1][*])));
    assert!(listed.contains(&path!(Model: heads.*.bias)));
    assert!(!listed.contains(&path!(Model: heads)), "a sub-tree is not a Variable");
}

#[test]
fn every_step_of_a_path() {
    assert_eq!(taken(path!(Model: encoder.layers[1].attn.query.bias)).len(), 1, "through Option");
    assert_eq!(
        taken(path!(Model: encoder.layers[*].ffn[0].kernel)),
        ["encoder.layers[0].ffn[0].kernel", "encoder.layers[1].ffn[0].kernel"],
        "the name in paths, not in code"
    );
    assert_eq!(
        taken(path!(Model: encoder.layers[0].ffn[1][1][*])),
        ["encoder.layers[0].ffn[1][1][0]", "encoder.layers[0].ffn[1][1][1]"]
    );
    assert_eq!(taken(path!(Model: encoder.layers[0].ffn[1][1][1])).len(), 1);
    assert_eq!(taken(path!(Model: heads.*.kernel)), ["heads.a.kernel", "heads.b-1.kernel"]);
    assert_eq!(taken(path!(Model: heads.a.kernel)), ["heads.a.kernel"]);
    assert_eq!(taken(path!(Model: heads["b-1"].kernel)), ["heads.b-1.kernel"]);
    assert_eq!(taken(path!(Model: experts.3)), ["experts.3"]);
    assert_eq!(taken(path!(Model: experts.*)), ["experts.10", "experts.3"]);
    assert_eq!(taken(path!(Model: r#type)), ["type"]);
    assert_eq!(taken(path!(Model: type)), ["type"]);
}

#[test]
fn positions_and_keys_that_are_not_there_take_nothing() {
    assert!(taken(path!(Model: encoder.layers[2])).is_empty());
    assert!(taken(path!(Model: heads.c)).is_empty());
    assert!(taken(path!(Model: experts.1)).is_empty());
}

#[test]
fn a_path_to_a_sub_tree_takes_all_below() {
    let below = taken(path!(Model: encoder.layers[1].attn));
    let expected = ["mask", "mean", "query.bias", "query.kernel"];
    assert_eq!(below, expected.map(|leaf| format!("encoder.layers[1].attn.{leaf}")));
    assert_eq!(taken(path!(Model: encoder.layers)), taken(path!(Model: encoder)));
}

#[test]
fn a_pattern_covers_its_paths_and_what_is_below() {
    const LAYERS: PathPattern = path!(Model: encoder.layers[*]);
    let covers = |path: &str| LAYERS.covers(&path.parse().unwrap());
    assert!(covers("encoder.layers[0]"));
    assert!(covers("encoder.layers[7].anything"));
    assert!(!covers("encoder.layers"), "what is above is not meant");
    assert!(!covers("encoder.layers.first"), "a key is not a position");
    assert!(!covers("encoder.lay[0]"));
}

#[test]
fn paths_are_filters_as_any_other() {
    const ATTN: PathPattern = path!(Model: encoder.layers[*].attn);
    let model = model();
    let all = state(&model);
    let params = all.filter(All((of_type::<Param>(), ATTN)));
    assert_eq!(params.len(), 4);
    let rest = all.filter(Not(Any([ATTN, path!(Model: heads)])));
    assert_eq!(rest.len(), all.len() - 8 - 4);
    let (_, [attn, heads, rest]) =
        split_by(&model, (ATTN, path!(Model: heads), Everything)).unwrap();
    assert_eq!((attn.len(), heads.len(), rest.len()), (8, 4, all.len() - 12));
}

#[test]
fn pop_takes_what_a_path_leads_to() {
    let value = || Param::new(Array::scalar(1.0_f32));
    let mut model = (vec![value(), value()], value());
    let popped = pop(&mut model, path!((Vec<Param>, Param): [0][1]));
    assert_eq!(popped.paths().map(Path::to_string).collect::<Vec<_>>(), ["[0][1]"]);
}

#[test]
fn paths_start_at_containers_and_aliases_too() {
    type Stack = Vec<Option<Linear>>;
    assert_eq!(path!(Stack: [*].kernel).to_string(), "[*].kernel");
    assert_eq!(path!(BTreeMap<String, Linear>: *.kernel).to_string(), "*.kernel");
    assert_eq!(path!([(Param, u8); 3]: [2][0]).to_string(), "[2][0]");
    assert_eq!(path!(Vec<Shared<Linear>>: [*].bias).to_string(), "[*].bias");
}

#[test]
fn fields_of_all_variants_are_known() {
    #[derive(Module)]
    enum Head {
        Own(Linear),
        Factors(Param, Param),
        Tied { table: Param, scale: usize },
    }
    let kernel = path!(Vec<Head>: [*][0].kernel);
    let table = path!(Vec<Head>: [*].table);
    let heads = vec![
        Head::Own(linear()),
        Head::Factors(var("a"), var("b")),
        Head::Tied { table: var("t"), scale: 1 },
    ];
    let taken = |pattern: PathPattern| -> Vec<String> {
        state(&heads).filter(pattern).paths().map(Path::to_string).collect()
    };
    assert_eq!(taken(kernel), ["[0][0].kernel"]);
    assert_eq!(taken(table), ["[2].table"]);
    assert_eq!(taken(path!(Vec<Head>: [*][1])), ["[1][1]"]);
}

#[test]
fn paths_go_round_in_recursive_types() {
    #[derive(Module)]
    struct Tree {
        weight: Param,
        children: Vec<Tree>,
        own: Option<Box<Self>>,
    }
    let leaf = || Tree { weight: var("w"), children: vec![], own: None };
    let tree = Tree { weight: var("w"), children: vec![leaf(), leaf()], own: None };
    let tree = Tree { weight: var("w"), children: vec![tree], own: Some(Box::new(leaf())) };
    let deep = state(&tree).filter(path!(Tree: children[*].children[1].weight));
    let deep: Vec<String> = deep.paths().map(Path::to_string).collect();
    assert_eq!(deep, ["children[0].children[1].weight"]);
    assert_eq!(state(&tree).filter(path!(Tree: own)).len(), 1);
    assert_eq!(state(&tree).filter(path!(Tree: children)).len(), 3);
    let unseen = path!(Tree: own.children[*].own.own.weight);
    assert_eq!(unseen.to_string(), "own.children[*].own.own.weight");
}

#[derive(Module)]
struct Block<L> {
    inner: L,
    scale: Param,
}

impl<L: Module> Block<L> {
    fn scale() -> PathPattern {
        path!(Self: scale)
    }
}

#[test]
fn paths_into_generic_types() {
    fn kernels<M: Module>() -> PathPattern {
        path!(Block<Block<M>>: inner.scale)
    }
    assert_eq!(kernels::<Linear>().to_string(), "inner.scale");
    assert_eq!(path!(Block<Linear>: inner.kernel).to_string(), "inner.kernel");
    assert_eq!(Block::<Linear>::scale().to_string(), "scale");
}

#[test]
fn paths_inside_macros() {
    macro_rules! kernel_of {
        ($model:ty, $($path:tt)*) => { path!($model: $($path)*.kernel) };
    }
    macro_rules! field {
        ($model:ident, $field:ident) => {
            path!($model: $field)
        };
    }
    assert_eq!(kernel_of!(Model, heads.*).to_string(), "heads.*.kernel");
    assert_eq!(field!(Model, encoder).to_string(), "encoder");
}
