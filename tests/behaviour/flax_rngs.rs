//! Counterparts of Flax's tests of random streams. The table in `docs/flax-tests.md` says which is which.

use super::jit_support::*;
use nnx::module::{RngCount, split_by, with_tag};
use nnx::nn::{Dropout, DropoutOptions, Linear, initializers};
use nnx::random::{self, RngStream, Rngs, fold_in, fork_rngs, normal, split_rngs};
use nnx::{Array, DType, Everything, Module, Not, Param, StateAxes, View, of_type, view, vmap};
use std::collections::BTreeMap;

fn two() -> Rngs {
    Rngs::empty().with("params", 0).with("dropout", 1)
}

fn words(rngs: &Rngs, name: &str) -> Vec<u32> {
    stream(rngs, name).key.to_vec()
}

fn stream<'r>(rngs: &'r Rngs, name: &str) -> &'r RngStream {
    rngs.streams().find(|(found, _)| *found == name).unwrap().1
}

fn shapes(rngs: &Rngs) -> [&[usize]; 2] {
    ["params", "dropout"].map(|name| stream(rngs, name).key.shape())
}

#[test]
fn a_stream_that_is_not_there_is_the_default() {
    let (mut rngs, mut same) = (Rngs::new(0), Rngs::new(0));
    let first = rngs.next_key("default");
    assert_eq!(first.data().to_vec::<u32>(), same.dropout().data().to_vec::<u32>());
    // One stream for both names.
    assert_eq!(same.stream("params").count.item::<u32>(), 1);
}

#[test]
fn without_a_default_a_stream_must_be_there() {
    let message = panic_message(|| drop(Rngs::empty().with("some_name", 0).dropout()));
    assert_says(&message, &["no stream `dropout` and no stream `default`", "some_name"]);
}

#[test]
fn a_stream_keeps_its_key_and_counts() {
    let mut rngs = Rngs::empty().with("params", random::key(0));
    let key = words(&rngs, "params");
    let mut seen = vec![key.clone()];
    for count in 0..3 {
        assert_eq!(stream(&rngs, "params").count.item::<u32>(), count);
        assert_eq!(words(&rngs, "params"), key);
        let next = rngs.params().data().to_vec::<u32>();
        assert!(!seen.contains(&next), "{next:?}");
        seen.push(next);
    }
}

#[test]
fn a_captured_stream_is_not_drawn_from() {
    let mut rngs = Rngs::new(0);
    let message = panic_message(|| {
        vmap(|x: &Array| normal(&rngs.params(), [2], DType::F32) + x, &f32s(&[1.0, 2.0]), 0);
    });
    assert_says(&message, &["`vmap` set a RngCount", "which it captured"]);
}

#[test]
fn draws_of_a_jitted_function_are_counted() {
    #[nnx::jit(graph = false)]
    fn drop_twice(model: &Linear, x: &Array, rngs: &mut Rngs) -> Array {
        let x = model.forward(x) * random::bernoulli(&rngs.dropout(), 0.5, [2, 2]);
        model.forward(&x) * random::bernoulli(&rngs.dropout(), 0.5, [2, 2])
    }
    let mut rngs = Rngs::new(0);
    let model = Linear::new(2, 2, &mut rngs);
    assert_eq!(stream(&rngs, "default").count.item::<u32>(), 2, "a kernel and a bias");
    let x = nnx::array::ones([2, 2], DType::F32);
    assert_eq!(drop_twice(&model, &x, &mut rngs).shape(), [2, 2]);
    assert_eq!(stream(&rngs, "default").count.item::<u32>(), 4);
}

#[derive(Module)]
struct Noisy {
    rngs: Rngs,
    linear: Linear,
}

impl Noisy {
    fn new(mut rngs: Rngs) -> Noisy {
        let linear = Linear::new(2, 3, &mut rngs);
        Noisy { rngs, linear }
    }

    fn forward(&mut self, x: &Array) -> Array {
        let y = self.linear.forward(x);
        let mask = random::bernoulli(&self.rngs.dropout(), 0.5, y.shape());
        y * mask
    }
}

#[test]
fn streams_of_a_model_are_sorted_by_kind_and_name() {
    let mut model = Noisy::new(two());
    let filters =
        (of_type::<Param>(), of_type::<RngCount>(), with_tag("dropout"), with_tag("params"));
    let (_, states) = split_by(&model, filters).unwrap();
    assert_eq!(states.each_ref().map(|state| state.len()), [2, 2, 1, 1]);
    // One model, and a stream of masks for each element.
    let before = split_rngs(&mut model, with_tag("dropout"), 4);
    let axes = StateAxes::new().with(with_tag("dropout"), 0).with(Everything, None);
    let x = nnx::array::ones([4, 1, 2], DType::F32);
    let y = vmap(|(m, x): (&mut Noisy, &Array)| m.forward(x), (&mut model, &x), (axes, 0));
    before.restore(&mut model);
    assert_eq!(y.shape(), [4, 1, 3]);
    let count = |name| stream(&model.rngs, name).count.item::<u32>();
    assert_eq!((count("params"), count("dropout")), (2, 1));
}

#[test]
fn key_number_n_has_n_folded_in() {
    let mut rngs = Rngs::new(0).with("params", 1);
    let numbers = |key: &random::Key| normal(key, [2, 3], DType::F32).to_vec::<f32>();
    let of = |seed: u64, n: i32| fold_in(&random::key(seed), n);
    assert_eq!(numbers(&rngs.next_key("noise")), numbers(&of(0, 0)));
    assert_eq!(numbers(&rngs.params()), numbers(&of(1, 0)));
    let kernel = |key: &random::Key| {
        initializers::lecun_normal().call(key, [2, 3], DType::F32).to_vec::<f32>()
    };
    assert_eq!(kernel(&rngs.next_key("noise")), kernel(&of(0, 1)));
    assert_eq!(kernel(&rngs.params()), kernel(&of(1, 1)));
}

#[test]
fn every_stream_is_split() {
    let mut rngs = two();
    let before = split_rngs(&mut rngs, Everything, 5);
    assert_eq!(shapes(&rngs), [[5, 2]; 2]);
    assert_eq!(stream(&rngs, "params").count.to_vec::<u32>(), [0; 5]);
    before.restore(&mut rngs);
    assert_eq!(shapes(&rngs), [[2]; 2]);
}

#[test]
fn restored_streams_have_their_keys_and_the_next_counts() {
    let mut rngs = two();
    let keys = [words(&rngs, "params"), words(&rngs, "dropout")];
    split_rngs(&mut rngs, Everything, 4).restore(&mut rngs);
    assert_eq!([words(&rngs, "params"), words(&rngs, "dropout")], keys);
    let count = |name| stream(&rngs, name).count.item::<u32>();
    assert_eq!((count("params"), count("dropout")), (1, 1));
}

#[test]
fn every_stream_is_forked() {
    let mut rngs = two();
    let keys = [words(&rngs, "params"), words(&rngs, "dropout")];
    let before = fork_rngs(&mut rngs, Everything);
    assert_eq!(shapes(&rngs), [[2]; 2]);
    for (name, key) in ["params", "dropout"].iter().zip(&keys) {
        assert_ne!(&words(&rngs, name), key, "{name}");
    }
    before.restore(&mut rngs);
    assert_eq!([words(&rngs, "params"), words(&rngs, "dropout")], keys);
}

#[test]
fn streams_are_split_into_different_numbers() {
    let mut rngs = two();
    let params = split_rngs(&mut rngs, with_tag("params"), 4);
    let rest = split_rngs(&mut rngs, Not(with_tag("params")), 8);
    assert_eq!(shapes(&rngs), [[4, 2], [8, 2]]);
    rest.restore(&mut rngs);
    params.restore(&mut rngs);
    assert_eq!(shapes(&rngs), [[2]; 2]);
}

#[test]
fn some_streams_are_split_and_others_forked() {
    let mut rngs = two();
    let key = words(&rngs, "dropout");
    let split = split_rngs(&mut rngs, with_tag("params"), 4);
    let forked = fork_rngs(&mut rngs, with_tag("dropout"));
    assert_eq!(shapes(&rngs), [&[4, 2][..], &[2]]);
    assert_ne!(words(&rngs, "dropout"), key);
    forked.restore(&mut rngs);
    split.restore(&mut rngs);
    assert_eq!(words(&rngs, "dropout"), key);
}

#[test]
fn streams_that_are_not_chosen_stay_as_they_are() {
    let mut rngs = two();
    let keys = [words(&rngs, "params"), words(&rngs, "dropout")];
    let before = fork_rngs(&mut rngs, with_tag("params"));
    assert_ne!(words(&rngs, "params"), keys[0]);
    assert_eq!(words(&rngs, "dropout"), keys[1]);
    before.restore(&mut rngs);
    assert_eq!(stream(&rngs, "dropout").count.item::<u32>(), 0);
}

#[test]
fn a_stream_is_not_split_and_forked() {
    let mut rngs = two();
    let before = split_rngs(&mut rngs, with_tag("params"), 4);
    let message = panic_message(|| drop(fork_rngs(&mut rngs, with_tag("params"))));
    assert_says(&message, &["fork_rngs: a random stream is split already", "u32[4, 2]"]);
    before.restore(&mut rngs);
}

#[test]
fn streams_in_a_map_are_split() {
    let mut tree = BTreeMap::from([
        ("a".to_owned(), RngStream::new(0, "params")),
        ("b".to_owned(), RngStream::new(1, "dropout")),
    ]);
    let before = split_rngs(&mut tree, Everything, 4);
    assert!(tree.values().all(|stream| stream.key.shape() == [4, 2]));
    before.restore(&mut tree);
    assert!(tree.values().all(|stream| stream.key.shape() == [2]));
}

#[test]
fn a_function_gets_split_streams_and_its_caller_the_old_ones() {
    let mut rngs = two();
    let before = split_rngs(&mut rngs, Everything, 4);
    let seen = vmap(
        |rngs: &mut Rngs| {
            assert_eq!(shapes(rngs), [[2]; 2]);
            (rngs.params().data().clone(), rngs.dropout().data().clone())
        },
        &mut rngs,
        0,
    );
    before.restore(&mut rngs);
    assert_eq!((seen.0.shape(), seen.1.shape()), (&[4, 2][..], &[4, 2][..]));
    assert_eq!(shapes(&rngs), [[2]; 2]);
}

#[test]
fn a_stream_is_a_key_and_a_count() {
    let leaves = nnx::state(&Rngs::new(0));
    let shown: Vec<String> = leaves
        .iter()
        .map(|(path, leaf)| format!("{path} {} {}", leaf.kind.unwrap().name, leaf.value.aval()))
        .collect();
    assert_eq!(shown, ["default.count RngCount u32[]", "default.key RngKey u32[2]"]);
}

fn dropout_of(seed: u64) -> Dropout {
    Dropout::new(0.5, &mut Rngs::empty().with("dropout", seed))
}

fn ten() -> Array {
    nnx::array::ones([1, 10], DType::F32)
}

#[nnx::jit(graph = false)]
fn drop_by_own_stream(layer: &mut Dropout, x: &Array) -> Array {
    layer.forward(x)
}

#[nnx::jit(graph = false)]
fn drop_by_given_streams(layer: &mut Dropout, x: &Array, rngs: &mut Rngs) -> Array {
    layer.forward_with(x, DropoutOptions::new().rngs(rngs))
}

#[test]
fn a_dropout_draws_from_its_stream_or_from_those_of_a_call() {
    let mut own = dropout_of(0);
    let mut without = Dropout::builder(0.5).build_without_rngs();
    let mut rngs = Rngs::empty().with("dropout", 0).fork();
    for calls in 1..3 {
        let a = drop_by_own_stream(&mut own, &ten());
        let b = drop_by_given_streams(&mut without, &ten(), &mut rngs);
        assert_eq!(a.to_vec::<f32>(), b.to_vec::<f32>());
        assert_eq!(own.rngs.as_ref().unwrap().count.item::<u32>(), calls);
        assert_eq!(stream(&rngs, "dropout").count.item::<u32>(), calls);
    }
    assert_eq!((traces("drop_by_own_stream"), traces("drop_by_given_streams")), (1, 1));
    // A stream's name of one's own.
    let mut noisy = Dropout::builder(0.5).rng_collection("noise").build_without_rngs();
    let mut rngs = Rngs::new(0).with("noise", 1);
    noisy.forward_with(ten(), DropoutOptions::new().rngs(&mut rngs));
    assert_eq!(stream(&rngs, "noise").count.item::<u32>(), 1);
    assert_eq!(stream(&rngs, "default").count.item::<u32>(), 0);
}

#[test]
fn streams_and_keys_of_a_call_go_before_a_layers_own() {
    let (mut first, mut second) = (dropout_of(0), dropout_of(1));
    let (a, b) = (first.forward(ten()), second.forward(ten()));
    assert_ne!(a.to_vec::<f32>(), b.to_vec::<f32>());
    let mut rngs = Rngs::empty().with("dropout", 0).fork();
    let again = second.forward_with(ten(), DropoutOptions::new().rngs(&mut rngs));
    assert_eq!(again.to_vec::<f32>(), a.to_vec::<f32>());
    // Flax's masks.
    let x = nnx::array::ones([16], DType::F32);
    let mut rngs = Rngs::empty().with("dropout", 3);
    let y = second.forward_with(&x, DropoutOptions::new().rngs(&mut rngs));
    let mask = [2, 2, 2, 2, 0, 0, 0, 2, 0, 2, 2, 0, 2, 0, 2, 0].map(|x| x as f32);
    assert_eq!(y.to_vec::<f32>(), mask);
    let y = second.forward_with(&x, DropoutOptions::new().rngs(random::key(5)));
    let mask = [2, 0, 0, 2, 0, 0, 2, 2, 2, 2, 2, 2, 0, 2, 0, 2].map(|x| x as f32);
    assert_eq!(y.to_vec::<f32>(), mask);
    assert_eq!(second.rngs.unwrap().count.item::<u32>(), 1);
}

fn without_a_stream(layer: &mut Dropout) {
    let message = panic_message(|| drop(layer.forward(ten())));
    assert_says(&message, &["Dropout: something is to be dropped", ".rngs(&mut rngs)"]);
}

#[test]
fn flags_of_a_call_go_before_a_layers_own() {
    let mut layer = Dropout::builder(0.5).build_without_rngs();
    let all = ten().to_vec::<f32>();
    let with = DropoutOptions::new;
    assert_eq!(layer.forward_with(ten(), with().deterministic(true)).to_vec::<f32>(), all);
    layer.deterministic.set(true);
    assert_eq!(layer.forward(ten()).to_vec::<f32>(), all);
    let mut rngs = Rngs::empty().with("dropout", 0);
    let dropped = layer.forward_with(ten(), with().deterministic(false).rngs(&mut rngs));
    assert_ne!(dropped.to_vec::<f32>(), all);
    layer.deterministic.set(false);
    without_a_stream(&mut layer);
    // Nothing is drawn where nothing is left to chance.
    let mut none = Dropout::builder(1.0).build_without_rngs();
    assert_eq!(none.forward(ten()).to_vec::<f32>(), [0.0; 10]);
}

#[test]
fn flags_of_a_call_go_before_those_of_a_view() {
    let mut layer = Dropout::builder(0.5).build_without_rngs();
    let all = ten().to_vec::<f32>();
    let with = DropoutOptions::new;
    assert_eq!(layer.forward_with(ten(), with().deterministic(true)).to_vec::<f32>(), all);
    let mut eval = view(&layer, View::new().set("deterministic", true));
    assert_eq!(eval.forward(ten()).to_vec::<f32>(), all);
    let mut rngs = Rngs::empty().with("dropout", 0);
    let dropped = eval.forward_with(ten(), with().deterministic(false).rngs(&mut rngs));
    assert_ne!(dropped.to_vec::<f32>(), all);
    without_a_stream(&mut view(&layer, View::new().set("deterministic", false)));
}
