//! Counterparts of Flax's tests of optimizers, metrics and averages. The table in `docs/flax-tests.md` says
//! which is which.

use super::jit_support::*;
use nnx::nn::Linear;
use nnx::optim::{Adam, Optimizer, Sgd, adam, adamw, sgd};
use nnx::random::{self, Rngs};
use nnx::train::{Accuracy, Average, EMA, Metric, Welford};
use nnx::{Array, DType, GraphDef, Module, grad, merge, split, state, value_and_grad};
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
        (self.second.forward(&self.first.forward(x)) - y).square().mean(..)
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
    m.loss.update(&ints(&[1, 2, 3, 4]));
    assert_eq!(values(&m), [0.6, 2.5]);
    m.accuracy.update(logits(), ints(&[0, 1, 1, 1, 1]));
    m.loss.update(&ints(&[3, 2, 1, 0]));
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
    m.loss.update(&ints(&[1, 2, 3, 4]));
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
    other.loss.update(&ints(&[1]));
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
    average.update(&scalar(2.0));
    average.update(&scalar(3.0));
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
