//! Optimizers in jitted steps.

use super::jit_support::{scalar, traces};
use nnx::module::Everything;
use nnx::optim::{
    Adam, ExtraArgs, Group, InjectHyperparams, Lbfgs, Optimizer, Partition, ScaleByZoomLinesearch,
    Sgd, adam, group, inject_hyperparams, lbfgs, linear_schedule, partition, sgd,
};
use nnx::{Array, Module, Param, Shared, grad, path_contains};

#[derive(Module)]
struct Line {
    kernel: Param,
    bias: Param,
}

fn line() -> Line {
    Line { kernel: Param::new(scalar(1.0)), bias: Param::new(scalar(1.0)) }
}

#[nnx::jit(graph = false)]
fn injected_step(param: &mut Param, opt: &mut Optimizer<Sgd>) {
    let gradient = grad(|p: &Param| p.value() * 1.0, &*param);
    opt.update(param, &gradient);
}

#[test]
fn a_rate_that_is_an_array_is_set_without_another_program() {
    let mut param = Param::new(scalar(1.0));
    let mut opt = Optimizer::new(&param, sgd(scalar(0.5)));
    injected_step(&mut param, &mut opt);
    assert_eq!(param.item::<f32>(), 0.5);
    opt.tx.set_learning_rate(scalar(0.25));
    injected_step(&mut param, &mut opt);
    assert_eq!((param.item::<f32>(), traces("injected_step")), (0.25, 1));
    // A number is part of the program.
    opt.tx.set_learning_rate(0.25);
    injected_step(&mut param, &mut opt);
    assert_eq!((param.item::<f32>(), traces("injected_step")), (0.0, 2));
}

#[nnx::jit(graph = false)]
fn decaying_step(param: &mut Param, opt: &mut Optimizer<Sgd>, rate: &Array) {
    let gradient = grad(|p: &Param| p.value() * 1.0, &*param);
    opt.update(param, &gradient);
    opt.tx.set_learning_rate(rate * 0.5);
}

#[test]
fn a_body_may_set_the_rate() {
    let mut param = Param::new(scalar(1.0));
    let mut opt = Optimizer::new(&param, sgd(scalar(0.5)));
    decaying_step(&mut param, &mut opt, &scalar(0.5));
    decaying_step(&mut param, &mut opt, &scalar(0.25));
    assert_eq!(param.item::<f32>(), 0.25);
}

#[nnx::jit(graph = false)]
fn hyperparams_step(param: &mut Param, opt: &mut Optimizer<InjectHyperparams<Sgd>>) {
    let gradient = grad(|p: &Param| p.value() * 1.0, &*param);
    opt.update(param, &gradient);
}

#[test]
fn injected_numbers_are_set_without_another_program() {
    let mut param = Param::new(scalar(1.0));
    let momentum = linear_schedule(0.0, 1.0, 2, 0);
    let tx = inject_hyperparams(sgd(0.5).momentum(Some(momentum)));
    let mut opt = Optimizer::new(&param, tx);
    hyperparams_step(&mut param, &mut opt);
    assert_eq!(param.item::<f32>(), 0.5);
    opt.opt_state.set_hyperparam("learning_rate", 0.25);
    hyperparams_step(&mut param, &mut opt);
    // 0.5 − 0.25 · (1 + 0.5 · 1)
    assert_eq!((param.item::<f32>(), traces("hyperparams_step")), (0.125, 1));
    assert_eq!(opt.opt_state.hyperparam("momentum").item::<f32>(), 0.5);
}

type Both = Partition<(Group<Sgd>, Group<Adam>)>;

#[nnx::jit]
fn grouped_step(model: &mut Line, opt: &mut Optimizer<Both>) {
    let gradient = grad(|m: &Line| m.kernel.value() * 3.0 + m.bias.value() * 2.0, &*model);
    opt.update(model, &gradient);
}

#[test]
fn groups_in_a_jitted_step() {
    let mut model = line();
    let groups = (group(path_contains("bias"), sgd(0.25)), group(Everything, adam(0.5)));
    let mut opt = Optimizer::new(&model, partition(groups));
    for _ in 0..3 {
        grouped_step(&mut model, &mut opt);
    }
    assert_eq!(traces("grouped_step"), 1);
    // 1 - 3 · 0.25 · 2, and about 1 - 3 · 0.5.
    assert_eq!(model.bias.item::<f32>(), -0.5);
    assert!((model.kernel.item::<f32>() + 0.5).abs() < 1e-4);
    assert_eq!(opt.opt_state.1.0.count.item::<i32>(), 3);
}

fn to_three(x: &mut Pair) -> Array {
    (x.0.read().value() + x.1.read().value() - 6.0).square().sum(..)
}

type Pair = (Shared<Param>, Shared<Param>);

/// A search in a jitted function, along a parameter that is at two places.
#[nnx::jit]
fn searching_step(x: &mut Pair, opt: &mut Optimizer<Lbfgs<ScaleByZoomLinesearch>>) -> Array {
    let (loss, grads) = opt.value_and_grad(x, &to_three);
    opt.update_with(x, &grads, ExtraArgs::new().value(&loss).value_fn(&to_three));
    loss
}

#[test]
fn a_line_search_in_a_jitted_function() {
    let node = Shared::new(Param::new(scalar(0.5)));
    let mut x = (node.clone(), node);
    let mut opt = Optimizer::new(&x, lbfgs());
    let losses: Vec<f32> = (0..4).map(|_| searching_step(&mut x, &mut opt).item()).collect();
    assert_eq!((losses[0], traces("searching_step")), (25.0, 1));
    assert!(losses[3] < 1e-8, "{losses:?}");
    assert!((x.1.read().item::<f32>() - 3.0).abs() < 1e-4);
}
