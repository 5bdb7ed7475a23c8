//! Jitted functions take and give every kind of tree, and hand back exactly what changed.

use super::jit_support::*;
use nnx::jit::lower;
use nnx::module::BatchStat;
use nnx::{Array, Module, Param, Variable};
use std::collections::{BTreeMap, HashMap};

/// One of each kind, with different values in all leaves.
type Kinds = (
    Array,
    Param,
    Net,
    (Param, Variable<BatchStat>),
    Vec<Param>,
    Option<Param>,
    (BTreeMap<String, Param>, HashMap<u32, Param>),
    Activation,
    [Param; 2],
    Box<Cell>,
);

fn kinds() -> Kinds {
    let n = Numbers::default();
    (
        n.array(),
        n.param(),
        net(),
        (n.param(), Variable::new(n.array())),
        vec![n.param(), n.param()],
        Some(n.param()),
        (
            [("b", n.param()), ("a", n.param())].map(|(k, v)| (k.to_owned(), v)).into(),
            [(20, n.param()), (3, n.param())].into(),
        ),
        Activation::Table { weights: vec![n.param()], offset: n.array() },
        [n.param(), n.param()],
        Box::new(n.cell(true)),
    )
}

/// The leaves of a tree, each times its position, summed: no two can be mixed up unseen.
fn digest<M: Module>(module: &M) -> Array {
    let state = nnx::state(module);
    let weighted = state.iter().enumerate().map(|(i, (_, leaf))| &leaf.value * (i + 1) as f32);
    weighted.fold(scalar(0.0), |sum, term| sum + term)
}

/// The same outside of any program.
fn expected<M: Module>(module: &M) -> f32 {
    values(module).iter().enumerate().map(|(i, (_, value))| value * (i + 1) as f32).sum()
}

#[allow(clippy::borrowed_box, reason = "what is tested")]
#[nnx::jit(graph = false)]
#[allow(clippy::too_many_arguments)]
fn read_all(
    array: &Array,
    variable: &Param,
    module: &Net,
    tuple: &(Param, Variable<BatchStat>),
    list: &Vec<Param>,
    option: &Option<Param>,
    maps: &(BTreeMap<String, Param>, HashMap<u32, Param>),
    variant: &Activation,
    fixed: &[Param; 2],
    boxed: &Box<Cell>,
) -> [Array; 10] {
    [
        digest(array),
        digest(variable),
        digest(module),
        digest(tuple),
        digest(list),
        digest(option),
        digest(maps),
        digest(variant),
        digest(fixed),
        digest(boxed),
    ]
}

#[test]
fn every_kind_of_argument_can_be_read() {
    let (a, v, m, t, l, o, maps, e, f, b) = &kinds();
    let read = read_all(a, v, m, t, l, o, maps, e, f, b).map(|sum| sum.item::<f32>());
    let expected = [
        expected(a),
        expected(v),
        expected(m),
        expected(t),
        expected(l),
        expected(o),
        expected(maps),
        expected(e),
        expected(f),
        expected(b),
    ];
    assert_eq!(read, expected);
}

/// A Module of each kind behind `&mut`, every Variable of it doubled.
fn double<M: Module>(module: &mut M) {
    *module = nnx::map(module, |_, variable| variable.value * 2.0);
}

#[nnx::jit(graph = false)]
#[allow(clippy::too_many_arguments)]
fn update_all(
    array: &mut Array,
    variable: &mut Param,
    module: &mut Net,
    tuple: &mut (Param, Variable<BatchStat>),
    list: &mut Vec<Param>,
    option: &mut Option<Param>,
    maps: &mut (BTreeMap<String, Param>, HashMap<u32, Param>),
    variant: &mut Activation,
    fixed: &mut [Param; 2],
    boxed: &mut Box<Cell>,
) {
    *array = &*array * 2.0;
    double(variable);
    double(module);
    double(tuple);
    double(list);
    double(option);
    double(maps);
    double(variant);
    double(fixed);
    double(boxed);
}

#[test]
fn every_kind_of_argument_can_be_updated() {
    let mut all = kinds();
    let before = values(&all);
    let plain = ["[2].data", "[2].blocks[1].act.offset", "[7].offset"];
    for factor in [2.0, 4.0] {
        let (a, v, m, t, l, o, maps, e, f, b) = &mut all;
        update_all(a, v, m, t, l, o, maps, e, f, b);
        for ((path, now), (_, before)) in values(&all).iter().zip(&before) {
            let factor = if plain.contains(&path.as_str()) { 1.0 } else { factor };
            assert_eq!(*now, before * factor, "{path}");
        }
    }
}

#[nnx::jit(graph = false)]
fn update_plain_arrays(list: &mut Vec<Array>, pair: &mut (Array, Option<Array>)) {
    list.iter_mut().for_each(|array| *array *= 2);
    pair.0 += 1;
    pair.1 = pair.1.as_ref().map(|array| array + 1);
}

/// An array in a container is an argument as an array by itself is; in a struct it is data of the struct.
#[test]
fn arrays_in_a_container_are_updated_as_an_array_is() {
    let scalar = Array::scalar::<f32>;
    let mut list = vec![scalar(1.0), scalar(2.0)];
    let mut pair = (scalar(3.0), Some(scalar(4.0)));
    for _ in 0..2 {
        update_plain_arrays(&mut list, &mut pair);
    }
    assert_eq!([list[0].item::<f32>(), list[1].item()], [4.0, 8.0]);
    assert_eq!((pair.0.item::<f32>(), pair.1.map(|array| array.item::<f32>())), (5.0, Some(6.0)));
}

#[nnx::jit(graph = false)]
fn consume_and_return(mut all: Kinds) -> Kinds {
    double(&mut all.2);
    all.4.push(Param::new(&all.0 + 100.0));
    all
}

#[test]
fn every_kind_can_be_consumed_and_returned() {
    let all = kinds();
    let (before, net_before) = (values(&all.3), values(&all.2));
    let all = consume_and_return(all);
    assert_eq!(values(&all.3), before);
    for ((path, now), (_, before)) in values(&all.2).iter().zip(&net_before) {
        let factor = if path == "data" || path.ends_with("offset") { 1.0 } else { 2.0 };
        assert_eq!(*now, before * factor, "{path}");
    }
    assert_eq!((all.4.len(), all.4[2].item::<f32>()), (3, 101.0));
    assert_eq!(all.2.name, "net");
}

#[nnx::jit(graph = false)]
fn make_all(x: &Array, n: usize) -> Kinds {
    let param = |by: f32| Param::new(x + by);
    let cell =
        |by: f32| Cell { kernel: param(by), bias: None, count: Variable::new(x * by), width: n };
    let block = |act| Block {
        cells: (0..n).map(|i| cell(i as f32)).collect(),
        gains: [("only".to_owned(), param(0.5))].into(),
        act,
    };
    let net = Net {
        blocks: [block(Activation::Relu), block(Activation::Scale(param(7.0)))],
        head: (param(8.0), Box::new(cell(9.0))),
        data: x.clone(),
        name: format!("made of {n}"),
    };
    (
        x * 3.0,
        param(1.0),
        net,
        (param(2.0), Variable::new(x + 3.0)),
        vec![param(4.0); n],
        None,
        ([("k".to_owned(), param(5.0))].into(), HashMap::new()),
        Activation::Table { weights: vec![], offset: x + 6.0 },
        [param(10.0), param(11.0)],
        Box::new(cell(12.0)),
    )
}

#[test]
fn new_variables_and_modules_can_be_returned() {
    let made = make_all(&scalar(1.0), 3);
    assert_eq!((made.0.item::<f32>(), made.1.item::<f32>()), (3.0, 2.0));
    assert_eq!(made.2.name, "made of 3");
    assert_eq!(made.2.blocks[1].cells[2].kernel.item::<f32>(), 3.0);
    assert_eq!(made.2.blocks[1].cells[2].width, 3);
    assert!(matches!(&made.2.blocks[1].act, Activation::Scale(by) if by.item::<f32>() == 8.0));
    assert_eq!(made.4.iter().map(|p| p.item::<f32>()).collect::<Vec<_>>(), [5.0; 3]);
    assert!(made.5.is_none() && made.6.1.is_empty());
    assert!(matches!(&made.7, Activation::Table { weights, .. } if weights.is_empty()));
    assert_eq!(made.9.count.item::<f32>(), 12.0);
    // The second call comes from the cache and gives the same structure with other values.
    let again = make_all(&scalar(2.0), 3);
    assert_eq!(traces("make_all"), 1);
    assert_eq!((again.2.name.as_str(), again.2.head.0.item::<f32>()), ("made of 3", 10.0));
}

/// Sets one Variable of each block, three deep, and reads another.
#[nnx::jit(graph = false)]
fn touch(net: &mut Net) -> Array {
    for block in &mut net.blocks {
        let next = &block.cells[1].count + &block.cells[0].kernel;
        block.cells[1].count.set(next);
    }
    &net.head.1.kernel + 1.0
}

#[test]
fn an_unchanged_variable_is_neither_an_output_nor_copied() {
    let mut net = net();
    let (values_before, addresses_before) = (values(&net), addresses(&net));
    let lowered = lower(|| touch(&mut net)).unwrap();
    assert_eq!(lowered.output_avals().len(), 3, "two counts and the result");
    assert_eq!(lowered.input_avals().len(), 5, "what is not read is not passed in");
    assert_eq!(lowered.donations().len(), 2);
    assert_eq!(values(&net), values_before, "lowering runs nothing");

    touch(&mut net);
    for ((path, address), (_, before)) in addresses(&net).into_iter().zip(addresses_before) {
        if !path.ends_with("cells[1].count") {
            assert_eq!(address, before, "{path} was copied");
        }
    }
    let changed = |((path, now), (_, before)): (&(String, f32), &(String, f32))| {
        (now != before).then(|| path.clone())
    };
    let now = values(&net);
    let changed: Vec<_> = now.iter().zip(&values_before).filter_map(changed).collect();
    assert_eq!(changed, ["blocks[0].cells[1].count", "blocks[1].cells[1].count"]);
}

/// Sets Variables to the values that they have: that is not a change.
#[nnx::jit(graph = false)]
fn set_to_the_same(net: &mut Net) {
    for cell in net.blocks.iter_mut().flat_map(|block| &mut block.cells) {
        let same = cell.kernel.value().clone();
        cell.kernel.set(same);
    }
}

#[test]
fn a_variable_set_to_its_own_value_is_unchanged() {
    let mut net = net();
    let before = addresses(&net);
    assert!(lower(|| set_to_the_same(&mut net)).unwrap().output_avals().is_empty());
    set_to_the_same(&mut net);
    assert_eq!(addresses(&net), before);
}

/// An array handed through is the caller's array, not a copy.
#[nnx::jit(graph = false)]
fn hand_through(net: &Net, x: Array) -> (Array, Param, Array) {
    (x, net.blocks[0].cells[0].kernel.clone(), net.data.clone())
}

#[test]
fn what_is_handed_through_is_not_copied() {
    let (net, x) = (net(), scalar(5.0));
    let from = (address(&x), address(&net.blocks[0].cells[0].kernel), address(&net.data));
    assert!(lower(|| hand_through(&net, x.clone())).unwrap().output_avals().is_empty());
    let (x, mut kernel, data) = hand_through(&net, x);
    assert_eq!((address(&x), address(&kernel), address(&data)), from);
    // The new Variable is its own: setting it leaves the one it came from alone.
    kernel.set(scalar(-1.0));
    assert!(net.blocks[0].cells[0].kernel.item::<f32>() > 0.0);
}

#[nnx::jit(graph = false)]
fn same_twice(x: &mut Param) -> (Array, Array, Param) {
    let next = &*x + 1.0;
    x.set(next.clone());
    (next.clone(), next.clone(), Param::new(next))
}

#[test]
fn one_value_in_several_places_of_the_result() {
    let mut x = Param::new(scalar(1.0));
    let (a, b, mut c) = same_twice(&mut x);
    assert_eq!([&a, &b, &c, &x].map(|array| array.item::<f32>()), [2.0; 4]);
    c.set(scalar(9.0));
    assert_eq!(same_twice(&mut x).0.item::<f32>(), 3.0);
    assert_eq!([&a, &b].map(|array| array.item::<f32>()), [2.0; 2]);
}

/// A Variable may take another shape and dtype; the next call has another key.
#[nnx::jit(graph = false)]
fn grow(block: &mut Block) {
    let kernel = &block.cells[0].kernel;
    let next = nnx::array::concatenate([kernel, kernel], 0);
    block.cells[0].kernel.set(next);
}

#[test]
fn a_variable_may_change_its_shape() {
    let mut block = net().blocks.into_iter().next().unwrap();
    block.cells[0].kernel.set(f32s(&[1.0, 2.0]));
    grow(&mut block);
    grow(&mut block);
    let kernel = block.cells[0].kernel.to_vec::<f32>();
    assert_eq!(kernel, [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
    assert_eq!(traces("grow"), 2);
}

#[test]
fn a_variable_is_set_by_the_operators_that_assign() {
    #[nnx::jit(graph = false)]
    fn step(w: &mut Param, x: &Array) {
        *w += x;
        *w *= 2.0;
    }
    let mut w = Param::new(Array::from_slice(&[1.0_f32, 2.0], [2]));
    step(&mut w, &Array::from_slice(&[3.0_f32, 4.0], [2]));
    assert_eq!(w.to_vec::<f32>(), [8.0, 12.0]);
    let mut x = w.value().clone();
    x -= &w;
    assert_eq!(x.to_vec::<f32>(), [0.0, 0.0]);
    assert_eq!(w.to_vec::<f32>(), [8.0, 12.0]);
}
