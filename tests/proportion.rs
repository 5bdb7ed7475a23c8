//! Programs twice as long take twice the memory to trace, rewrite and write down, not four times: whoever copies what
//! there is so far at each step shows here. The crate that counts is the allocator of the whole process, so this
//! is a process of its own. (Searches without a copy do not show: `cargo xtask bench trace` measures time.)

use allocation_counter::measure;
use nnx::jit::lower;
use nnx::optim::{Optimizer, Sgd, sgd};
use nnx::{Array, DType, Module, Param, grad, make_graph, remat, scan, value_and_grad, vmap};

fn x() -> Array {
    Array::shape_only([8], DType::F32)
}

fn chain(x: &Array, ops: usize) -> Array {
    let mut y = x.clone();
    for _ in 0..ops / 2 {
        y = (&y * x).sin();
    }
    y.sum(..)
}

#[nnx::jit(graph = false)]
fn slope(x: &Array, ops: usize) -> Array {
    grad(|x: &Array| chain(x, ops), x)
}

#[derive(Module)]
struct Model {
    params: Vec<Param>,
}

fn model(params: usize) -> Model {
    let param = |i: usize| Param::new(nnx::array::zeros([1 + i % 3], DType::F32));
    Model { params: (0..params).map(param).collect() }
}

#[nnx::jit(graph = false)]
fn step(model: &mut Model, opt: &mut Optimizer<Sgd>) -> Array {
    let loss = |m: &mut Model| {
        m.params.iter().fold(Array::scalar(0.0_f32), |sum, p| sum + p.square().sum(..))
    };
    let (loss, grads) = value_and_grad(loss, &mut *model);
    opt.update(model, &grads);
    loss
}

fn train(params: usize) {
    let mut model = model(params);
    let mut opt = Optimizer::new(&model, sgd(1e-3));
    let text = lower(|| step(&mut model, &mut opt)).map(|lowered| lowered.stablehlo());
    assert!(text.is_ok_and(|text| text.lines().count() > params));
}

fn in_loops(ops: usize) {
    let body = |c: Array, x: &Array| {
        let y = remat(|x: &Array| chain(x, ops), x);
        (&c + y, c)
    };
    let loss = |x: &Array| scan(body, Array::scalar(0.0_f32), x).0;
    let graph =
        make_graph(|x: &Array| vmap(|x: &Array| grad(|x: &Array| chain(x, ops), x), x, 0), &x());
    assert!(graph.len() > ops);
    make_graph(|x: &Array| grad(|x: &Array| loss(x), x), &x());
}

fn lowered(ops: usize) {
    let text = lower(|| slope(&x(), ops)).map(|lowered| lowered.stablehlo());
    assert!(text.is_ok_and(|text| text.lines().count() > ops));
}

#[test]
fn memory_is_taken_in_proportion_to_the_program() {
    const OPS: usize = 2000;
    type Part = fn(usize);
    let parts: [(&str, Part); 4] = [
        ("a chain", |ops| drop(make_graph(|x: &Array| chain(x, ops), &x()))),
        ("a derivative, as text", lowered),
        ("batches, loops and their derivatives", in_loops),
        ("a step of training of many Variables, as text", train),
    ];
    for (what, part) in parts {
        // Tables that are made once in the process are made before.
        part(OPS / 10);
        let [one, two] = [OPS, 2 * OPS].map(|ops| measure(|| part(ops)).bytes_total);
        assert!(two < one * 5 / 2, "{what}: {one} bytes, and {two} for twice the length");
    }
}
