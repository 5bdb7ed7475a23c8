//! Counterparts of Flax's tests of optimizers, metrics and averages. The table in `docs/flax-tests.md` says
//! which is which.

use super::jit_support::*;
use nnx::module::{Filter, Path, VarInfo};
use nnx::nn::{Linear, LoRA, LoRALinear};
use nnx::optim::{
    Adam, ExtraArgs, Lbfgs, Optimizer, ScaleByZoomLinesearch, Sgd, adam, adamw, lbfgs, sgd,
};
use nnx::random::{self, Rngs};
use nnx::train::{Accuracy, Average, EMA, Metric, Welford};
use nnx::{
    Array, DType, GraphDef, LoRAParam, Module, Not, Param, grad, merge, of_type, path_contains,
    split, state, value_and_grad, wrt,
};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

fn normal(seed: u64, shape: &[usize]) -> Array {
    random::normal(&random::key(seed), shape, DType::F32)
}

#[derive(Module)]
struct Model {
    first: Linear,
    second: Linear,
}

impl Model {
    fn new() -> Model {
        let mut rngs = Rngs::new(0);
        Model { first: Linear::new(2, 3, &mut rngs), second: Linear::new(3, 4, &mut rngs) }
    }

    fn loss(&self, x: &Array, y: &Array) -> Array {
        (self.second.forward(self.first.forward(x)) - y).square().mean(..)
    }
}

fn batch() -> (Array, Array) {
    (normal(0, &[1, 2]), nnx::array::ones([1, 4], DType::F32))
}

#[test]
fn an_optimizer_is_split_and_merged() {
    let (x, y) = batch();
    let mut model = Model::new();
    let mut opt = Optimizer::new(&model, adam(1e-3));
    let gradient = |model: &Model| grad(|m: &Model| m.loss(&x, &y), model);
    let first = gradient(&model);
    opt.update(&mut model, &first);
    let (graphdef, leaves) = split(&opt);
    let mut again: Optimizer<Adam> = merge(&graphdef, leaves).unwrap();
    assert_eq!(again.step.item::<u32>(), 1);
    // Both take the same next step.
    let mut other = nnx::clone(&model);
    let next = gradient(&model);
    opt.update(&mut model, &next);
    again.update(&mut other, &next);
    let values = |m: &Model| m.first.kernel.to_vec::<f32>();
    assert_eq!(values(&other), values(&model));
}

#[test]
fn an_optimizer_goes_down_the_gradient_of_all_params() {
    let mut model = Model::new();
    let mut opt = Optimizer::new(&model, adamw(0.1));
    let size = |m: &Model| -> Array {
        let squares =
            state(m).iter().map(|(_, leaf)| leaf.value.square().sum(..)).collect::<Vec<_>>();
        squares.into_iter().reduce(|a, b| a + b).unwrap()
    };
    let before = size(&model).item::<f32>();
    let gradient = grad(size, &model);
    opt.update(&mut model, &gradient);
    assert!(size(&model).item::<f32>() < before);
}

#[nnx::jit(graph = false)]
fn sgd_jitted(model: &mut Model, opt: &mut Optimizer<Sgd>, x: &Array, y: &Array) {
    let gradient = grad(|m: &Model| m.loss(x, y), &*model);
    opt.update(model, &gradient);
}

#[nnx::jit(graph = false)]
fn adam_jitted(model: &mut Model, opt: &mut Optimizer<Adam>, x: &Array, y: &Array) {
    let gradient = grad(|m: &Model| m.loss(x, y), &*model);
    opt.update(model, &gradient);
}

#[test]
fn a_step_lowers_the_loss_inside_jit_and_outside() {
    let (x, y) = batch();
    let before = Model::new().loss(&x, &y).item::<f32>();
    let losses = {
        let mut models = [(); 4].map(|()| Model::new());
        let [a, b, c, d] = &mut models;
        let gradient = grad(|m: &Model| m.loss(&x, &y), &*a);
        Optimizer::new(a, sgd(1e-3)).update(a, &gradient);
        Optimizer::new(b, adam(1e-3)).update(b, &gradient);
        let mut opt = Optimizer::new(c, sgd(1e-3));
        sgd_jitted(c, &mut opt, &x, &y);
        let mut opt = Optimizer::new(d, adam(1e-3));
        adam_jitted(d, &mut opt, &x, &y);
        models.map(|m| m.loss(&x, &y).item::<f32>())
    };
    assert!(losses.iter().all(|loss| *loss < before), "{losses:?}, not below {before}");
    for (jitted, eager) in [(losses[2], losses[0]), (losses[3], losses[1])] {
        assert!((jitted - eager).abs() < 1e-6, "{jitted} and {eager}");
    }
}

/// A model, its optimizer and a metric are one thing.
#[derive(Module)]
struct TrainState {
    model: Model,
    opt: Optimizer<Adam>,
    metrics: Average,
}

#[nnx::jit(graph = false)]
fn state_step(state: &mut TrainState, x: &Array, y: &Array) {
    let (loss, gradient) = value_and_grad(|m: &Model| m.loss(x, y), &state.model);
    state.metrics.update(&loss);
    state.opt.update(&mut state.model, &gradient);
}

#[test]
fn a_model_an_optimizer_and_a_metric_are_one_argument() {
    let (x, y) = batch();
    let model = Model::new();
    let opt = Optimizer::new(&model, adam(1e-2));
    let mut state = TrainState { model, opt, metrics: Average::new() };
    let mut means = Vec::new();
    for _ in 0..3 {
        state_step(&mut state, &x, &y);
        means.push(state.metrics.compute().item::<f32>());
    }
    assert!(means[2] < means[1] && means[1] < means[0], "{means:?}");
    assert_eq!(state.metrics.count.item::<i32>(), 3);
}

fn ints(values: &[i32]) -> Array {
    Array::from_slice(values, [values.len()])
}

/// The largest is the second, three times, and then the first, twice.
fn logits() -> Array {
    Array::from([[-1.0_f32, 1.0], [-1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, -1.0]])
}

#[track_caller]
fn assert_near(x: &Array, expected: f32) {
    let x = x.item::<f32>();
    assert!((x - expected).abs() < 1e-6, "{x}, not {expected}");
}

#[test]
fn a_metric_is_split_and_merged_between_updates() {
    let mut accuracy = Accuracy::new();
    accuracy.update(logits(), ints(&[1, 1, 1, 1, 1]));
    let (graphdef, leaves) = split(&accuracy);
    let mut accuracy = merge(&graphdef, leaves).unwrap();
    assert_near(&accuracy.compute(), 0.6);
    accuracy.update(logits(), ints(&[1, 1, 1, 1, 0]));
    assert_near(&accuracy.compute(), 0.7);
}

fn welford(values: &Array) -> [f32; 3] {
    let mut welford = Welford::new();
    welford.update(values);
    let (graphdef, leaves) = split(&welford);
    let found = merge(&graphdef, leaves).unwrap().compute();
    [found.mean, found.standard_deviation, found.standard_error_of_mean].map(|x| x.item())
}

#[test]
fn statistics_are_split_and_merged() {
    let values = normal(0, &[5, 2]);
    let [mean, deviation, error] = welford(&values);
    let expected = values.std(..).item::<f32>();
    assert!((mean - values.mean(..).item::<f32>()).abs() < 1e-6);
    assert!((deviation - expected).abs() < 1e-6, "{deviation} and {expected}");
    assert!((error - expected / 10.0_f32.sqrt()).abs() < 1e-6);
}

#[test]
fn statistics_of_large_and_of_many_values() {
    let values = normal(0, &[5, 2]) + 1e16;
    let [mean, deviation, error] = welford(&values);
    let expected = [values.mean(..), values.std(..), values.std(..) / 10.0_f32.sqrt()];
    for (found, expected) in [mean, deviation, error].into_iter().zip(expected) {
        let expected = expected.item::<f32>();
        assert!((found - expected).abs() <= 1e-6 * expected, "{found}, not {expected}");
    }
    let [mean, deviation, error] = welford(&normal(0, &[50_000]));
    assert!(mean.abs() < 3.0 * error && (deviation - 1.0).abs() < 5e-3, "{mean}, {deviation}");
}

#[derive(Module)]
struct Metrics {
    accuracy: Accuracy,
    loss: Average,
}

fn metrics() -> Metrics {
    Metrics { accuracy: Accuracy::new(), loss: Average::new() }
}

#[test]
fn metrics_in_a_struct() {
    let mut m = metrics();
    let values = |m: &Metrics| [&m.accuracy.compute(), &m.loss.compute()].map(|x| x.item::<f32>());
    assert!(values(&m).iter().all(|x| x.is_nan()));
    m.accuracy.update(logits(), ints(&[1, 1, 0, 1, 0]));
    m.loss.update(ints(&[1, 2, 3, 4]));
    assert_eq!(values(&m), [0.6, 2.5]);
    m.accuracy.update(logits(), ints(&[0, 1, 1, 1, 1]));
    m.loss.update(ints(&[3, 2, 1, 0]));
    assert_eq!(values(&m), [0.5, 2.0]);
    m.accuracy.reset();
    m.loss.reset();
    assert!(values(&m).iter().all(|x| x.is_nan()));
}

#[test]
fn masked_metrics_in_a_struct() {
    let mut m = metrics();
    let values = |m: &Metrics| [&m.accuracy.compute(), &m.loss.compute()].map(|x| x.item::<f32>());
    let labels = ints(&[1, 1, 0, 1, 0]);
    m.accuracy.update_masked(logits(), &labels, labels.gt(0));
    m.loss.update(ints(&[1, 2, 3, 4]));
    assert_eq!(values(&m), [2.0 / 3.0, 2.5]);
    let (labels, losses) = (ints(&[0, 1, 1, 1, 1]), ints(&[3, 2, 1, 0]));
    m.accuracy.update_masked(logits(), &labels, labels.gt(0));
    m.loss.update_masked(&losses, losses.gt(1));
    assert_eq!(values(&m), [4.0 / 7.0, 2.5]);
}

#[test]
fn definitions_of_metrics_are_hashed() {
    let hash =
        |m: &Metrics| BuildHasherDefault::<DefaultHasher>::default().hash_one(GraphDef::of(m));
    let mut other = metrics();
    other.loss.update(ints(&[1]));
    assert_eq!(hash(&metrics()), hash(&other));
}

#[derive(Module)]
struct Averages {
    loss: Average,
    accuracy: Average,
}

#[nnx::jit(graph = false)]
fn measure(m: &mut Averages, loss: &Array, accuracy: &Array) {
    m.loss.update(loss);
    m.accuracy.update(accuracy);
}

#[test]
fn metrics_are_updated_inside_jit() {
    let mut m = Averages { loss: Average::new(), accuracy: Average::new() };
    measure(&mut m, &scalar(2.0), &scalar(0.8));
    assert_eq!(m.loss.compute().item::<f32>(), 2.0);
    assert_near(&m.accuracy.compute(), 0.8);
}

#[test]
fn yes_or_no_in_two_batches() {
    let mut accuracy = Accuracy::with_threshold(0.5);
    accuracy.update(f32s(&[0.4, 0.7, 0.2, 0.6]), ints(&[0, 1, 1, 1]));
    assert_eq!(accuracy.compute().item::<f32>(), 0.75);
    accuracy.update(f32s(&[0.1, 0.9, 0.8, 0.3]), ints(&[0, 1, 1, 0]));
    assert_eq!(accuracy.compute().item::<f32>(), 0.875);
}

#[test]
fn labels_of_another_shape_are_refused() {
    let of_classes =
        || Accuracy::new().update(Array::scalar(0.0_f32).broadcast_to([2, 2, 2]), ints(&[0; 4]));
    assert_says(&panic_message(of_classes), &["f32[2, 2, 2]", "i32[4]"]);
    let of_yes =
        || Accuracy::with_threshold(0.5).update(f32s(&[0.0; 4]), ints(&[0; 4]).reshape([2, 2]));
    assert_says(&panic_message(of_yes), &["f32[4]", "i32[2, 2]"]);
}

#[test]
fn an_average_counts_every_element() {
    let whole = nnx::array::arange(15, DType::I32).reshape([5, 3]);
    let many = nnx::array::arange(60, DType::F32).reshape([5, 3, 4]);
    let mut average = Average::new();
    average.update(&whole);
    average.update(&many);
    assert_eq!((average.count.item::<i32>(), average.total.item::<f32>()), (75, 105.0 + 1770.0));
    let mut average = Average::new();
    average.update_masked(&whole, whole.gt(4));
    average.update_masked(&many, many.gt(10.0));
    // 5 + … + 14, and 11 + … + 59.
    assert_eq!((average.count.item::<i32>(), average.total.item::<f32>()), (59, 95.0 + 1715.0));
    let mut average = Average::new();
    average.update(scalar(2.0));
    average.update(scalar(3.0));
    assert_eq!((average.count.item::<i32>(), average.total.item::<f32>()), (2, 5.0));
}

#[nnx::jit(graph = false)]
fn averaged_step(
    model: &mut Model,
    opt: &mut Optimizer<Adam>,
    ema: &mut EMA,
    x: &Array,
    y: &Array,
) -> Array {
    let (loss, gradient) = value_and_grad(|m: &Model| m.loss(x, y), &*model);
    opt.update(model, &gradient);
    ema.update(model);
    loss
}

#[test]
fn averages_are_updated_in_a_jitted_step() {
    let (x, y) = batch();
    let mut model = Model::new();
    let mut opt = Optimizer::new(&model, adam(1e-1));
    let mut ema = EMA::new(&model, 0.75);
    let before = model.first.kernel.value().clone();
    averaged_step(&mut model, &mut opt, &mut ema, &x, &y);
    let averaged = ema.apply_to(&model);
    // A quarter of the way.
    let expected = &before + (&*model.first.kernel - &before) * 0.25;
    assert!((&*averaged.first.kernel - expected).abs().max(..).item::<f32>() < 1e-6);
    assert_ne!(averaged.first.kernel.to_vec::<f32>(), before.to_vec::<f32>());
}

#[nnx::jit(graph = false)]
fn searching_step_of_a_model(
    model: &mut Model,
    opt: &mut Optimizer<Lbfgs<ScaleByZoomLinesearch>>,
    x: &Array,
    y: &Array,
) -> Array {
    let loss_fn = |m: &mut Model| m.loss(x, y);
    let (loss, gradient) = value_and_grad(loss_fn, &mut *model);
    opt.update_with(model, &gradient, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
    loss
}

#[test]
fn a_line_search_lowers_the_loss_inside_jit_and_outside() {
    let (x, y) = batch();
    let (mut inside, mut outside) = (Model::new(), Model::new());
    let before = inside.loss(&x, &y).item::<f32>();
    let mut opt = Optimizer::new(&inside, lbfgs());
    let found = searching_step_of_a_model(&mut inside, &mut opt, &x, &y);
    assert_near(&found, before);
    let loss_fn = |m: &mut Model| m.loss(&x, &y);
    let mut opt = Optimizer::new(&outside, lbfgs());
    let (loss, gradient) = value_and_grad(loss_fn, &mut outside);
    opt.update_with(&mut outside, &gradient, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
    let losses = [&inside, &outside].map(|m| m.loss(&x, &y).item::<f32>());
    assert!(losses[0] < before && (losses[0] - losses[1]).abs() < 1e-4, "{losses:?}, {before}");
}

type Rule<'a> = &'a dyn Fn(&Path, &VarInfo<'_>) -> bool;

#[test]
fn a_line_search_of_what_a_filter_takes() {
    let (x, y) = (nnx::array::ones([1, 4], DType::F32), nnx::array::ones([1, 10], DType::F32));
    let mut rngs = Rngs::new(0);
    let base = Linear::new(4, 10, &mut rngs);
    let low_rank = LoRA::new(4, 2, 10, &mut rngs);
    let new = || LoRALinear::adapt(base.clone(), low_rank.clone());
    let low = |path: &Path, leaf: &VarInfo<'_>| of_type::<LoRAParam>().matches(path, leaf);
    let plain = |path: &Path, leaf: &VarInfo<'_>| !low(path, leaf);
    let filters: [Rule<'_>; 2] = [&low, &plain];
    for filter in filters {
        let mut model = new();
        let mut opt = Optimizer::wrt(&model, lbfgs(), filter);
        let loss_fn = |m: &mut LoRALinear| (m.forward(&x) - &y).square().mean(..);
        // `lora_b` starts with zeros, so that the first step has no gradient for `lora_a`.
        for _ in 0..2 {
            let (loss, gradient) = value_and_grad(loss_fn, wrt(filter, &mut model));
            let extra = ExtraArgs::new().value(&loss).value_fn(&loss_fn);
            opt.update_with(&mut model, &gradient, extra);
            assert!(loss_fn(&mut model).item::<f32>() < loss.item::<f32>());
        }
        let (before, after) = (state(&new()), state(&model));
        for (path, leaf) in after.iter() {
            let is_same =
                leaf.value.to_vec::<f32>() == before.get(path).unwrap().value.to_vec::<f32>();
            assert_eq!(is_same, !filter(path, &leaf.info()), "{path}");
        }
    }
}

#[test]
fn updates_are_handed_out() {
    let mut model = Linear::new(2, 3, &mut Rngs::new(0));
    let size = |m: &Linear| m.kernel.square().sum(..) + m.bias.as_ref().unwrap().square().sum(..);
    let mut opt = Optimizer::new(&model, sgd(0.1));
    for step in 1..3 {
        let gradient = grad(size, &model);
        let before = state(&model);
        let updates = opt.update_returning(&mut model, &gradient, ExtraArgs::new());
        assert_eq!(opt.step.item::<u32>(), step);
        let after = state(&model);
        let paths = updates.iter().map(|(path, _)| path);
        assert!(paths.eq(after.paths()), "{updates:?}");
        for (path, update) in updates.iter() {
            let (old, new) = (&before.get(path).unwrap().value, &after.get(path).unwrap().value);
            assert_eq!(update.shape(), old.shape());
            assert!((update + old * 0.2).abs().max(..).item::<f32>() < 1e-6, "{path}");
            assert_eq!(new.to_vec::<f32>(), (old + update).to_vec::<f32>());
        }
    }
}

/// Its weights are a plain array, and so is a count that nobody trains.
#[derive(Module)]
struct Plain {
    w: Array,
    count: Array,
}

impl Plain {
    fn loss(&self, x: &Array, y: &Array) -> Array {
        (x.matmul(&self.w) - y).square().mean(..)
    }
}

#[nnx::jit(graph = false)]
fn plain_step(model: Plain, opt: &mut Optimizer<Adam>, x: &Array, y: &Array) -> (Array, Plain) {
    let mut model = model;
    let (loss, gradient) =
        value_and_grad(|m: &Plain| m.loss(x, y), wrt(path_contains("w"), &model));
    opt.update(&mut model, &gradient);
    model.count = &model.count + 1;
    (loss, model)
}

#[test]
fn an_optimizer_of_plain_arrays() {
    let (x, y) = (normal(0, &[5, 2]), nnx::array::ones([5, 4], DType::F32));
    let w = random::uniform(&random::key(1), [2, 4], DType::F32);
    let mut model = Plain { w: w.clone(), count: Array::scalar(0) };
    let mut opt = Optimizer::wrt(&model, adam(1e-3), path_contains("w"));
    assert_eq!(opt.params(&model).len(), 1);
    let (first, next) = plain_step(model, &mut opt, &x, &y);
    model = next;
    assert_eq!(model.count.item::<i32>(), 1);
    // Adam's first step is the rate.
    assert!(((&model.w - &w).abs() - 1e-3).abs().max(..).item::<f32>() < 1e-5);
    // Outside of jit in place.
    let gradient = grad(|m: &Plain| m.loss(&x, &y), wrt(path_contains("w"), &model));
    opt.update(&mut model, &gradient);
    assert!(model.loss(&x, &y).item::<f32>() < first.item::<f32>());
    assert_eq!(opt.step.item::<u32>(), 2);
    // Variables are not arrays, nor arrays Variables.
    let mut other = (Param::new(w.clone()), w.clone());
    let mut opt = Optimizer::wrt(&other, sgd(1.0), Not(of_type::<Param>()));
    let gradient = grad(|m: &(Param, Array)| m.1.sum(..), &other);
    opt.update(&mut other, &gradient);
    assert_eq!(other.0.to_vec::<f32>(), w.to_vec::<f32>());
    assert_eq!(other.1.to_vec::<f32>(), (&w - 1.0).to_vec::<f32>());
}
