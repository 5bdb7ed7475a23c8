//! Counterparts of Flax's tests of `nnx.jit` in tree mode. The table in
//! `docs/flax-tests.md` says which is which.

use super::jit_support::*;
use nnx::jit::lower;
use nnx::module::BatchStat;
use nnx::nn::{Linear, relu};
use nnx::random::{self, Rngs};
use nnx::{Array, DType, Module, Param, Variable};
use std::collections::BTreeMap;

fn ones(shape: [usize; 2]) -> Array {
    nnx::array::ones(shape, DType::F32)
}

/// Counts its calls.
#[derive(Module)]
struct Counter {
    count: Variable<BatchStat>,
    w: Param,
}

impl Counter {
    fn new() -> Counter {
        Counter { count: Variable::new(Array::scalar(0_i32)), w: Param::new(ones([2, 3])) }
    }

    fn tick(&mut self) {
        let next = &self.count + 1;
        self.count.set(next);
    }

    #[nnx::jit(graph = false)]
    fn tick_and_double(&mut self, x: &Array) -> Array {
        self.tick();
        x * 2.0
    }
}

#[test]
fn a_variable_can_be_set_to_a_constant() {
    #[nnx::jit(graph = false)]
    fn set(params: &mut BTreeMap<String, Param>) -> Array {
        params.get_mut("a").unwrap().set(Array::scalar(2_i32));
        scalar(1.0)
    }
    let mut params: BTreeMap<String, Param> =
        [("a".to_owned(), Param::new(Array::scalar(1_i32)))].into();
    assert_eq!(set(&mut params).item::<f32>(), 1.0);
    assert_eq!(params["a"].item::<i32>(), 2);
}

#[test]
fn a_variable_alone_is_an_argument() {
    #[nnx::jit(graph = false)]
    fn increment(v: &mut Param) {
        let next = &*v + 1;
        v.set(next);
    }
    let mut v = Param::new(Array::scalar(1_i32));
    increment(&mut v);
    assert_eq!(v.item::<i32>(), 2);
}

#[test]
fn variables_are_arguments_of_their_own() {
    #[nnx::jit(graph = false)]
    fn linear(w: &Param, b: &Param, count: &mut Variable<BatchStat>, x: &Array) -> Array {
        let next = &*count + 1;
        count.set(next);
        x.matmul(&**w) + &**b
    }
    let (w, b) = (Param::new(ones([2, 3])), Param::new(nnx::array::zeros([3], DType::F32)));
    let mut count = Variable::new(Array::scalar(0_i32));
    for calls in 1..3 {
        assert_eq!(linear(&w, &b, &mut count, &ones([1, 2])).to_vec::<f32>(), [2.0; 3]);
        assert_eq!(count.item::<i32>(), calls);
    }
}

#[nnx::jit(graph = false)]
fn forward(model: &Linear, x: &Array) -> Array {
    model.forward(x)
}

#[test]
fn a_layer_is_an_argument() {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    let y = forward(&model, &ones([1, 2]));
    assert_eq!(y.shape(), [1, 3]);
    assert_eq!(y.to_vec::<f32>(), model.forward(ones([1, 2])).to_vec::<f32>());
}

#[test]
fn the_second_call_is_not_traced_and_sees_what_was_set_in_between() {
    #[nnx::jit(graph = false)]
    fn project(model: &Counter, x: &Array) -> Array {
        x.matmul(&*model.w)
    }
    let mut model = Counter::new();
    assert_eq!(project(&model, &ones([1, 2])).to_vec::<f32>(), [2.0; 3]);
    assert_eq!(project(&model, &ones([1, 2])).shape(), [1, 3]);
    model.w.set(nnx::array::zeros([2, 3], DType::F32));
    assert_eq!(project(&model, &ones([1, 2])).to_vec::<f32>(), [0.0; 3]);
    assert_eq!(traces("project"), 1);
}

#[test]
fn a_method_counts_its_calls_and_is_traced_once() {
    let mut model = Counter::new();
    for calls in 1..3 {
        assert_eq!(model.tick_and_double(&scalar(3.0)).item::<f32>(), 6.0);
        assert_eq!(model.count.item::<i32>(), calls);
    }
    assert_eq!(traces("tick_and_double"), 1);
}

#[test]
fn a_static_flag_chooses_what_is_traced() {
    #[nnx::jit(graph = false)]
    fn activate(x: &Array, use_relu: bool) -> Array {
        if use_relu { relu(x) } else { x.clone() }
    }
    let x = f32s(&[-1.0, 2.0]);
    assert_eq!(activate(&x, true).to_vec::<f32>(), [0.0, 2.0]);
    assert_eq!(activate(&x, false).to_vec::<f32>(), [-1.0, 2.0]);
}

#[derive(Module)]
struct Drawn {
    w: Param,
    inputs: usize,
    outputs: usize,
}

#[nnx::jit(graph = false)]
fn draw(inputs: usize, outputs: usize, rngs: &mut Rngs) -> Drawn {
    let w = random::normal(&rngs.params(), [inputs, outputs], DType::F32);
    Drawn { w: Param::new(w), inputs, outputs }
}

#[test]
fn a_model_is_made_by_a_jitted_function_from_random_streams() {
    let mut rngs = Rngs::new(0);
    let first = draw(2, 3, &mut rngs);
    assert_eq!((first.w.shape(), first.inputs, first.outputs), (&[2, 3][..], 2, 3));
    let second = draw(2, 3, &mut rngs);
    assert_eq!(traces("draw"), 1);
    assert_ne!(first.w.to_vec::<f32>(), second.w.to_vec::<f32>(), "the stream has moved on");
    let again = draw(2, 3, &mut Rngs::new(0));
    assert_eq!(first.w.to_vec::<f32>(), again.w.to_vec::<f32>());
}

#[derive(Module)]
struct Pair {
    a: Linear,
    b: Linear,
}

fn pair() -> Pair {
    let mut rngs = Rngs::new(0);
    Pair { a: Linear::new(2, 2, &mut rngs), b: Linear::new(2, 2, &mut rngs) }
}

fn kernels(pair: &Pair) -> [Vec<f32>; 2] {
    [pair.a.kernel.to_vec(), pair.b.kernel.to_vec()]
}

#[test]
fn sub_modules_of_one_type_change_places() {
    #[nnx::jit(graph = false)]
    fn swap_layers(pair: &mut Pair) {
        std::mem::swap(&mut pair.a, &mut pair.b);
    }
    let mut pair = pair();
    let [a, b] = kernels(&pair);
    assert_ne!(a, b);
    for expected in [[&b, &a], [&a, &b], [&b, &a]] {
        swap_layers(&mut pair);
        assert_eq!(kernels(&pair).each_ref(), expected);
    }
    assert_eq!(traces("swap_layers"), 1);
}

#[test]
fn modules_in_maps_and_tuples_are_updated() {
    #[nnx::jit(graph = false)]
    fn swap_inside(tree: &mut (BTreeMap<String, Pair>, usize)) {
        let pair = tree.0.get_mut("foo").unwrap();
        std::mem::swap(&mut pair.a, &mut pair.b);
    }
    let pair = pair();
    let [a, b] = kernels(&pair);
    let mut tree = ([("foo".to_owned(), pair)].into(), 1);
    swap_inside(&mut tree);
    assert_eq!(kernels(&tree.0["foo"]).each_ref(), [&b, &a]);
    swap_inside(&mut tree);
    assert_eq!(kernels(&tree.0["foo"]).each_ref(), [&a, &b]);
    assert_eq!(traces("swap_inside"), 1);
}

#[nnx::jit(graph = false)]
fn count_and_project(model: &mut Counter, x: &Array) -> Array {
    model.tick();
    x.matmul(&*model.w)
}

#[test]
fn a_closure_over_the_model_is_the_partial_application() {
    let mut model = Counter::new();
    let mut step = |x: &Array| count_and_project(&mut model, x);
    assert_eq!(step(&ones([1, 2])).to_vec::<f32>(), [2.0; 3]);
    assert_eq!(step(&(ones([1, 2]) * 2.0)).to_vec::<f32>(), [4.0; 3]);
    assert_eq!(model.count.item::<i32>(), 2);
    assert_eq!(traces("count_and_project"), 1);
}

#[test]
fn a_closure_over_several_models() {
    #[nnx::jit(graph = false)]
    fn chain(first: &Linear, second: &Linear, x: &Array) -> Array {
        second.forward(first.forward(x))
    }
    let mut rngs = Rngs::new(0);
    let (first, second) = (Linear::new(2, 3, &mut rngs), Linear::new(3, 4, &mut rngs));
    let forward = |x: &Array| chain(&first, &second, x);
    assert_eq!(forward(&ones([1, 2])).shape(), [1, 4]);
}

#[test]
fn a_function_without_a_model_is_jitted_as_it_is() {
    #[nnx::jit(graph = false)]
    fn only_doubles(x: &Array) -> Array {
        x * 2.0
    }
    assert_eq!(only_doubles(&scalar(3.0)).item::<f32>(), 6.0);
}

#[nnx::jit(graph = false)]
fn tick_around(model: &mut Counter, x: &Array) -> Array {
    model.tick_and_double(x)
}

#[test]
fn lowering_and_compiling_counts_nothing_and_the_calls_after_it_do() {
    let (mut model, x) = (Counter::new(), scalar(3.0));
    let lowered = lower(|| tick_around(&mut model, &x)).unwrap();
    assert_says(&lowered.stablehlo(), &["module @jit_tick_around", "stablehlo.multiply"]);
    assert_eq!(lowered.flops(), 1, "a product; the sum is one of integers");
    let memory = lowered.compile().unwrap().memory_analysis();
    assert!(!tells_memory() || memory.unwrap().argument >= 8);
    assert_eq!(model.count.item::<i32>(), 0);
    for calls in 1..3 {
        assert_eq!(tick_around(&mut model, &x).item::<f32>(), 6.0);
        assert_eq!(model.count.item::<i32>(), calls);
    }
    assert_eq!(traces("tick_around"), 2, "one to lower, one for both calls");
}

/// Takes a Variable that it might change, and does not.
#[nnx::jit(graph = false)]
fn add_one(v: &mut Param) -> Array {
    &*v + 1.0
}

#[test]
fn a_variable_that_was_not_changed_is_not_donated() {
    let mut v = Param::new(scalar(1.0));
    let before = address(&v);
    for _ in 0..2 {
        assert_eq!(add_one(&mut v).item::<f32>(), 2.0);
        assert_eq!((v.item::<f32>(), address(&v)), (1.0, before));
    }
    assert!(lower(|| add_one(&mut v)).unwrap().donations().is_empty());
}

#[test]
fn a_module_that_was_not_changed_is_not_donated() {
    #[nnx::jit(graph = false)]
    fn forward_of_mut(model: &mut Linear, x: &Array) -> Array {
        model.forward(x)
    }
    let mut model = Linear::new(2, 3, &mut Rngs::new(0));
    let kernel = model.kernel.to_vec::<f32>();
    for _ in 0..2 {
        assert_eq!(forward_of_mut(&mut model, &ones([1, 2])).shape(), [1, 3]);
        assert_eq!(model.kernel.to_vec::<f32>(), kernel);
    }
}

#[test]
fn one_argument_is_donated_and_the_other_kept() {
    #[nnx::jit(graph = false)]
    fn selective(donated: Param, kept: &Param) -> Array {
        &donated + &**kept
    }
    let kept = Param::new(scalar(2.0));
    for _ in 0..2 {
        let donated = Param::new(scalar(1.0));
        let memory = address(&donated);
        let sum = selective(donated, &kept);
        assert_eq!((sum.item::<f32>(), address(&sum)), (3.0, memory));
        assert_eq!(kept.item::<f32>(), 2.0);
    }
}

#[test]
fn one_variable_may_be_read_by_two_arguments() {
    #[nnx::jit(graph = false)]
    fn read_twice(first: &Param, second: &Param) -> Array {
        &**first + &**second
    }
    let v = Param::new(scalar(1.0));
    assert_eq!(read_twice(&v, &v).item::<f32>(), 2.0);
    assert_eq!(v.item::<f32>(), 1.0);
}

#[test]
fn clones_of_a_variable_are_variables_of_their_own() {
    #[derive(Module)]
    struct Container {
        v: Param,
    }
    #[nnx::jit(graph = false)]
    fn add_to_the_first(first: &mut Container, second: &Container, x: &Array) -> Array {
        let next = &first.v + x;
        first.v.set(next);
        &first.v + &second.v
    }
    let v = Param::new(scalar(1.0));
    let (mut first, second) = (Container { v: v.clone() }, Container { v: v.clone() });
    assert_eq!(add_to_the_first(&mut first, &second, &scalar(1.0)).item::<f32>(), 3.0);
    assert_eq!([&first.v, &second.v, &v].map(|v| v.item::<f32>()), [2.0, 1.0, 1.0]);
}

#[nnx::jit(graph = false)]
fn counted_by_value(mut counter: Counter, x: &Array) -> (Array, Counter) {
    counter.tick();
    (x.matmul(&*counter.w), counter)
}

#[test]
fn a_function_by_value_is_the_pure_form_of_a_method() {
    let (original, x) = (Counter::new(), ones([1, 2]));
    let (_, counter) = counted_by_value(nnx::clone(&original), &x);
    let (y, counter) = counted_by_value(counter, &x);
    assert_eq!((original.count.item::<i32>(), counter.count.item::<i32>()), (0, 2));
    assert_eq!(y.to_vec::<f32>(), [2.0; 3]);
    assert_eq!(traces("counted_by_value"), 1);
}

#[nnx::jit(graph = false)]
fn incremented(mut counts: BTreeMap<String, Param>) -> BTreeMap<String, Param> {
    *counts.get_mut("a").unwrap() += 1;
    counts
}

#[test]
fn a_map_by_value_is_traced_for_each_structure() {
    let param = |n: i32| Param::new(Array::scalar(n));
    let first = BTreeMap::from([("a".to_owned(), param(1))]);
    let mut second = incremented(nnx::clone(&first));
    assert_eq!((first["a"].item::<i32>(), second["a"].item::<i32>()), (1, 2));
    incremented(nnx::clone(&first));
    incremented(nnx::clone(&second));
    assert_eq!(traces("incremented"), 1);
    second.insert("b".to_owned(), param(10));
    assert_eq!(incremented(second)["a"].item::<i32>(), 3);
    assert_eq!(traces("incremented"), 2);
}
