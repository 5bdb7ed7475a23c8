//! Programs of many operations: nothing may recurse once per operation, or search among them.
#![allow(clippy::unwrap_used)]

use nnx::jit::lower;
use nnx::optim::{Optimizer, Sgd, sgd};
use nnx::xla::{Backend, Client};
use nnx::{Array, DType, Module, Param, cond, grad, jvp, make_graph, remat, scan, vmap};

const OPS: usize = 10_000;

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

#[nnx::jit(graph = false)]
fn in_everything(x: &Array, ops: usize) -> (Array, Array) {
    let step = |c: Array, x: &Array| {
        let y = cond(c.gt(0.0), |x: &Array| chain(x, ops), |x: &Array| x.sum(..), x);
        (&c + y, c)
    };
    let loss = |x: &Array| scan(step, Array::scalar(0.0_f32), x).0;
    let rows = vmap(|x: &Array| grad(|x: &Array| remat(loss, x), x), x, 0);
    (rows, jvp(loss, &x.slice([0.into()]), &x.slice([1.into()])).1)
}

fn of(shape: impl nnx::array::IntoShape) -> Array {
    Array::shape_only(shape, DType::F32)
}

#[test]
fn a_chain_is_traced_differentiated_printed_and_lowered() {
    let lowered = lower(|| slope(&of([8]), OPS)).unwrap();
    assert!(lowered.graph().len() > 2 * OPS);
    assert!(lowered.graph().to_string().lines().count() > 2 * OPS);
    assert!(lowered.stablehlo().lines().count() > 2 * OPS);
    let second = make_graph(
        |x: &Array| grad(|x: &Array| grad(|x: &Array| chain(x, 1000), x).sum(..), x),
        &of([8]),
    );
    assert!(second.len() > 3000);
}

/// The same inside of bodies of loops and branches, which are programs of their own.
#[test]
fn a_chain_in_bodies_of_loops_and_branches() {
    let lowered = lower(|| in_everything(&of([2, 3, 4]), OPS)).unwrap();
    assert!(lowered.stablehlo().lines().count() > 2 * OPS);
    assert!(lowered.graph().to_string().len() > OPS);
}

/// Many arrays from outside are inputs of the body.
#[test]
fn a_body_that_captures_many_arrays() {
    let count = 3000;
    let graph = make_graph(
        |x: &Array| {
            let parts: Vec<Array> = (0..count).map(|i| x * i).collect();
            let step = |c: Array, ()| {
                let c = parts.iter().fold(c, |c, part| c * part);
                let c = cond(
                    c.gt(0.0),
                    |c: &Array| parts.iter().fold(c.clone(), |c, part| c + part),
                    |c: &Array| parts.iter().rev().fold(c.clone(), |c, part| c.sin() * part),
                    &c,
                );
                (c, ())
            };
            let f = |c: &Array| scan(step, c.clone(), nnx::length(3)).0;
            grad(f, x)
        },
        &of(()),
    );
    assert!(graph.len() > count);
}

#[nnx::jit(graph = false, inline = false)]
fn layer(x: &Array, n: usize) -> Array {
    (x * n).sin()
}

#[nnx::jit(graph = false)]
fn many_functions(x: &Array, n: usize) -> (Array, Array) {
    let f = |x: &Array| (0..n).fold(x.clone(), |x, i| layer(&x, i)).sum(..);
    (f(x), grad(f, x))
}

#[test]
fn many_functions_that_are_not_inlined() {
    let text = lower(|| many_functions(&of([4]), 1000)).unwrap().stablehlo();
    assert!(text.matches("func.call").count() >= 1000);
}

#[derive(Module)]
struct Linear {
    kernel: Param,
    bias: Param,
}

#[derive(Module)]
struct Mlp {
    layers: Vec<Linear>,
}

fn mlp(layers: usize) -> Mlp {
    let zeros = |shape: &[usize]| Param::new(nnx::array::zeros(shape, DType::F32));
    let linear = |_| Linear { kernel: zeros(&[64, 64]), bias: zeros(&[64]) };
    Mlp { layers: (0..layers).map(linear).collect() }
}

#[nnx::jit(graph = false)]
fn train_step(model: &mut Mlp, opt: &mut Optimizer<Sgd>, x: &Array, y: &Array) -> Array {
    let loss = |model: &mut Mlp| {
        let mut h = x.clone();
        for layer in &model.layers {
            h = nnx::nn::relu(&(h.matmul(&*layer.kernel) + &layer.bias));
        }
        (h - y).square().mean(..)
    };
    let (loss, grads) = nnx::value_and_grad(loss, &mut *model);
    opt.update(model, &grads);
    loss
}

#[test]
fn a_net_of_a_thousand_layers() {
    let mut model = mlp(1000);
    let mut opt = Optimizer::new(&model, sgd(0.1).momentum(Some(0.9)));
    let (x, y) = (of([32, 64]), of([32, 64]));
    let lowered = lower(|| train_step(&mut model, &mut opt, &x, &y)).unwrap();
    assert!(lowered.donations().len() >= 4000, "{}", lowered.donations().len());
    assert!(lowered.stablehlo().matches("dot_general").count() >= 2999);
}

const STEPS: usize = 1000;
const WIDTH: usize = 256;

/// A recurrent net of several operations a step.
fn recurrence(w: &Array, saved: bool) -> Array {
    let cell = |h: &Array| {
        let h = (h * w).sin();
        let h = (&h * 1.5).cos() * &h;
        (&h + w).tanh() * 0.5
    };
    let step = |h: Array, ()| {
        let h = if saved { cell(&h) } else { remat(|h: &Array| cell(h), &h) };
        (h, ())
    };
    let (h, ()) = scan(step, w.clone(), nnx::length(STEPS));
    h.sum(..)
}

#[nnx::jit(graph = false)]
fn saved(w: &Array) -> Array {
    grad(|w: &Array| recurrence(w, true), w)
}

#[nnx::jit(graph = false)]
fn recomputed(w: &Array) -> Array {
    grad(|w: &Array| recurrence(w, false), w)
}

#[nnx::jit(graph = false)]
fn forward(w: &Array) -> Array {
    recurrence(w, true)
}

/// The memory that the backward pass of a loop keeps, in arrays of the carry's size per step.
#[test]
fn the_memory_of_a_long_loop() {
    let w = nnx::array::zeros([WIDTH], DType::F32) + 0.3;
    if Client::global().unwrap().backend() != Backend::Pjrt {
        // The crate `xla` does not tell.
        let compiled = lower(|| forward(&w)).unwrap().compile().unwrap();
        let error = compiled.memory_analysis().unwrap_err().to_string();
        assert!(error.contains("pjrt"), "{error}");
        return;
    }
    let kept = |lowered: nnx::jit::Lowered| {
        let memory = lowered.compile().unwrap().memory_analysis().unwrap();
        memory.temp as f64 / (STEPS * WIDTH * 4) as f64
    };
    let [forward, saved_all, carries] = [
        kept(lower(|| forward(&w)).unwrap()),
        kept(lower(|| saved(&w)).unwrap()),
        kept(lower(|| recomputed(&w)).unwrap()),
    ];
    println!("arrays kept per step: {forward} forward, {saved_all} saved, {carries} recomputed");
    assert!(forward < 0.1, "without a backward pass nothing is kept, but {forward} arrays are");
    assert!((0.99..1.2).contains(&carries), "remat keeps the carry, but {carries} arrays are kept");
    assert!((2.0..8.5).contains(&saved_all), "{saved_all}");
    // They agree.
    let (a, b) = (saved(&w).to_vec::<f32>(), recomputed(&w).to_vec::<f32>());
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-5 * (1.0 + b.abs())));
}

/// A result of many leaves, of which each stands in it twice.
#[nnx::jit(graph = false)]
fn doubled(model: &Mlp) -> (Mlp, Mlp) {
    let double = |param: &Param| Param::new(param.value() * 2.0);
    let layer = |l: &Linear| Linear { kernel: double(&l.kernel), bias: double(&l.bias) };
    let model = Mlp { layers: model.layers.iter().map(layer).collect() };
    (nnx::clone(&model), model)
}

#[test]
fn a_model_of_many_layers_is_returned() {
    let ones = || Param::new(nnx::array::ones([1], DType::F32));
    let layers = (0..1000).map(|_| Linear { kernel: ones(), bias: ones() }).collect();
    let model = Mlp { layers };
    // The first call, and a hit.
    for _ in 0..2 {
        let (a, b) = doubled(&model);
        for layer in a.layers.iter().chain(&b.layers) {
            assert_eq!([layer.kernel.to_vec::<f32>(), layer.bias.to_vec::<f32>()], [[2.0], [2.0]]);
        }
    }
}
