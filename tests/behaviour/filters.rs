//! Filters over the leaves of a tree.

use crate::support::var;
use nnx::module::{BatchStat, Cache, MetaValue, Path, VarInfo};
use nnx::{
    All, Any, Array, Everything, LoRAParam, Module, Not, Nothing, Param, State, Variable, of_type,
    path_contains, state, with_tag,
};

nnx::variable_kind! {
    /// Trained more slowly.
    pub struct Slow: Param;
    /// A factor of a low-rank layer that is trained more slowly.
    pub struct SlowLoRA: LoRAParam;
    struct Count;
}

#[derive(Module)]
struct Layer {
    kernel: Param,
    bias: Param,
    lora: LoRAParam,
    slow: Variable<Slow>,
    slow_lora: Variable<SlowLoRA>,
    mean: Variable<BatchStat>,
    count: Variable<Count>,
    table: Array,
}

#[derive(Module)]
struct Model {
    layers: Vec<Layer>,
    bias: (Param,),
}

fn tagged(name: &str, tag: MetaValue) -> Param {
    var::<nnx::module::ParamKind>(name).with_metadata("tag", tag)
}

fn model() -> Model {
    let text = |tag: &str| MetaValue::Text(tag.to_owned());
    let layer = || Layer {
        kernel: tagged("k", text("frozen")),
        bias: tagged("b", MetaValue::List(vec![text("small"), text("frozen")])),
        lora: var("l"),
        slow: var("s"),
        slow_lora: var("sl"),
        mean: var("m"),
        count: var("c"),
        table: Array::absent("t"),
    };
    Model { layers: vec![layer(), layer()], bias: (tagged("b", MetaValue::Int(3)),) }
}

fn paths(state: &State) -> Vec<String> {
    state.paths().map(Path::to_string).collect()
}

fn of_layer_1(state: &State) -> Vec<String> {
    let paths = paths(state).into_iter();
    paths.filter_map(|path| path.strip_prefix("layers[1].").map(str::to_owned)).collect()
}

#[test]
fn of_type_takes_the_kind_and_what_specialises_it() {
    let all = state(&model());
    let of = |state: State| of_layer_1(&state);
    let params = ["bias", "kernel", "lora", "slow", "slow_lora"];
    assert_eq!(of(all.filter(of_type::<Param>())), params);
    assert_eq!(of(all.filter(of_type::<nnx::module::ParamKind>())), params);
    assert_eq!(of(all.filter(of_type::<LoRAParam>())), ["lora", "slow_lora"]);
    assert_eq!(of(all.filter(of_type::<Slow>())), ["slow"]);
    assert_eq!(of(all.filter(of_type::<Variable<SlowLoRA>>())), ["slow_lora"]);
    assert_eq!(of(all.filter(of_type::<BatchStat>())), ["mean"]);
    assert_eq!(of(all.filter(of_type::<Count>())), ["count"]);
    assert!(all.filter(of_type::<Cache>()).is_empty());
}

#[test]
fn path_contains_takes_whole_steps() {
    let all = state(&model());
    assert_eq!(
        paths(&all.filter(path_contains("bias"))),
        ["bias[0]", "layers[0].bias", "layers[1].bias"]
    );
    assert!(all.filter(path_contains("bia")).is_empty());
    assert_eq!(all.filter(path_contains(1)).len(), 8);
    assert_eq!(paths(&all.filter(path_contains(0))).len(), 9, "layers[0] and bias[0]");
    assert!(all.filter(path_contains("0")).is_empty(), "an index is not a name");
}

#[test]
fn with_tag_takes_a_tag_or_one_of_several() {
    let all = state(&model());
    assert_eq!(of_layer_1(&all.filter(with_tag("frozen"))), ["bias", "kernel"]);
    assert_eq!(of_layer_1(&all.filter(with_tag("small"))), ["bias"]);
    assert!(all.filter(with_tag("other")).is_empty());
}

#[test]
fn filters_combine() {
    let all = state(&model());
    assert_eq!(all.filter(Everything).len(), all.len());
    assert!(all.filter(Nothing).is_empty());
    let plain = all.filter(Not(Any((of_type::<Param>(), of_type::<BatchStat>()))));
    assert_eq!(of_layer_1(&plain), ["count", "table"]);
    let kernels = All((of_type::<Param>(), with_tag("frozen"), Not(path_contains("bias"))));
    assert_eq!(of_layer_1(&all.filter(kernels)), ["kernel"]);
    let one_of = Any(["lora", "mean"].map(path_contains));
    assert_eq!(of_layer_1(&all.filter(one_of)), ["lora", "mean"]);
    let all_of = All(vec![of_type::<Param>(), of_type::<LoRAParam>()]);
    assert_eq!(of_layer_1(&all.filter(all_of)), ["lora", "slow_lora"]);
}

#[test]
fn closures_are_filters() {
    let all = state(&model());
    let shallow = |path: &Path, _: &VarInfo| path.keys().len() == 2;
    assert_eq!(paths(&all.filter(shallow)), ["bias[0]"]);
    let arrays = all.filter(|_: &Path, leaf: &VarInfo| leaf.kind.is_none());
    assert_eq!(of_layer_1(&arrays), ["table"]);
    let noted = Not(|_: &Path, leaf: &VarInfo| leaf.metadata.is_empty());
    assert_eq!(of_layer_1(&all.filter(noted)), ["bias", "kernel"]);
    type Boxed = Box<dyn Fn(&Path, &VarInfo) -> bool>;
    let boxed: Vec<Boxed> =
        vec![Box::new(|_, leaf| leaf.kind.is_none()), Box::new(|path, _| path.keys().len() == 2)];
    assert_eq!(all.filter(Any(boxed)).len(), 3);
}

#[test]
fn kinds_know_their_parents() {
    use nnx::module::{HasKind, Kind, VariableKind};
    let chain = |kind: &'static Kind| {
        std::iter::successors(Some(kind), |kind| kind.parent).map(|kind| kind.name).collect()
    };
    let names: Vec<&str> = chain(SlowLoRA::KIND);
    assert_eq!(names, ["SlowLoRA", "LoRAParam", "Param"]);
    assert_eq!(chain(Variable::<Slow>::VARIABLE_KIND), ["Slow", "Param"]);
    assert_eq!(chain(Count::KIND), ["Count"]);
}
