//! Optimizers where rounding, a dtype, or what stands around them could spoil the numbers; those of Optax are expected.

use super::panic_of;
use nnx_core::array::{complex, zeros};
use nnx_core::module::{Everything, Path};
use nnx_core::optim::*;
use nnx_core::{Array, DType, Param, path_contains, value_and_grad};

fn single(array: impl Into<Array>) -> Params {
    Params::new([(Path::new(), array.into())])
}

fn only(params: &Params) -> &Array {
    params.get("").unwrap()
}

#[track_caller]
fn assert_near(found: &Array, expected: &[f64], tolerance: f64) {
    let found = found.astype(DType::F64).to_vec::<f64>();
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= tolerance * e.abs(), "{found:?}, expected {expected:?}");
    }
}

/// The updates of `tx` for gradients of zero at [1, 2].
fn pull(tx: impl GradientTransformation) -> Array {
    let params = single([1.0_f32, 2.0]);
    let loss = Array::scalar(1.0_f32);
    let mut state = tx.init(&params);
    let extra = ExtraArgs::new().value(&loss);
    only(&tx.update_with(params.zeros_like(), &mut state, &params, &extra)).clone()
}

#[test]
fn a_small_weight_decay_of_momo_is_not_rounded_away() {
    for decay in [1e-4, 1e-6] {
        let pulled = -0.01 * decay / (1.0 + 0.01 * decay);
        let expected = [pulled, 2.0 * pulled];
        assert_near(&pull(momo(0.01).weight_decay(decay)), &expected, 1e-6);
        assert_near(&pull(momo_adam(0.01).weight_decay(decay)), &expected, 1e-6);
    }
}

#[test]
fn lbfgs_in_f64_keeps_numbers_that_are_too_large_for_f32() {
    let loss_fn = |x: &mut Param| (x.square() * Array::from([1.0_f64, 10.0])).sum(..);
    let mut x = Param::new(Array::from([3.0_f64, -2.0]));
    let mut opt = Optimizer::new(&x, lbfgs());
    assert_eq!(opt.opt_state.0.0.weights_memory.dtype(), DType::F64);
    for step in 0..20 {
        let (loss, grads) = value_and_grad(loss_fn, &mut x);
        opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
        if step == 4 {
            assert_near(&x, &[1.71987239e-6, -4.80099809e-4], 1e-6);
        }
    }
    assert!(x.to_vec::<f64>().iter().all(|x| x.abs() < 1e-40), "{x:?}");
}

#[test]
fn the_slow_mean_of_ademamix_takes_its_share_before_it_is_rounded() {
    let params = single([1.0_f32]);
    for (tx, tolerance) in [
        (scale_by_ademamix(), 1e-6),
        // An array has been rounded to f32 before.
        (scale_by_ademamix().b3(Array::scalar(0.9999_f32).into()), 1e-3),
    ] {
        let mut state = tx.init(&params);
        for _ in 0..10 {
            tx.update(params.clone(), &mut state, &params);
        }
        assert_near(only(&state.m2), &[9.9955012e-4], tolerance);
    }
}

#[test]
fn the_mean_of_an_integer_measure_is_a_float() {
    let params = single([1.0_f32, 2.0]);
    let count = |_: &Params| Array::scalar(3_i32);
    let tx = monitor([("n", measure_with_ema(count, 0.5).debias(false))]);
    let mut state = tx.init(&params);
    for expected in [1.5, 2.25] {
        let before = state.means["n"].clone();
        tx.update(params.clone(), &mut state, &params);
        assert_near(&state.measurements["n"], &[expected], 0.0);
        assert_eq!(only(&before.ema).dtype(), DType::F32);
        assert_eq!(only(&state.means["n"].ema).dtype(), DType::F32);
    }
}

#[test]
fn a_padded_label_of_ctc_need_not_be_a_class() {
    let logits =
        Array::from([[[0.1_f32, 0.2, 0.3, 0.4], [1.0, 0.0, 0.5, -1.0], [0.0, 2.0, 0.0, 0.0]]]);
    let paddings = (zeros([1, 3], DType::F32), Array::from([[0.0_f32, 1.0]]));
    for other in [9, -1, 2] {
        let labels = Array::from([[1, other]]);
        let loss = |logits: &Array| {
            let (loss, _, emitted) = losses::ctc_loss_with_forward_probs(
                logits,
                &paddings.0,
                &labels,
                &paddings.1,
                0,
                -1e5,
            );
            assert!(emitted.is_traced() || emitted.is_finite().all(..).item::<bool>());
            loss.sum(..)
        };
        let (value, slopes) = value_and_grad(loss, &logits);
        assert_near(&value, &[1.9223977], 1e-6);
        assert!(slopes.is_finite().all(..).item::<bool>(), "{slopes:?}");
    }
}

#[test]
fn galore_says_that_its_optimizer_is_not_told_parameters() {
    let params = single([[1.0_f32, 2.0], [3.0, 4.0]]);
    let step = |base: fn() -> AdamW| {
        let tx = scale_by_galore().rank(1).base_optimizer(base());
        let mut state = tx.init(&params);
        tx.update(params.clone(), &mut state, &params)
    };
    let message = panic_of(|| step(|| adamw(0.1).weight_decay(0.5)));
    let expected = "scale_by_galore: the base optimizer is not told parameters";
    assert!(message.contains(expected) && message.contains("weight decay"), "{message}");

    // Shapes are known.
    let tx = scale_by_galore().rank(1).base_optimizer(masked(scale_by_adam(), Everything));
    let mut state = tx.init(&params);
    assert_eq!(only(&tx.update(params.clone(), &mut state, &params)).shape(), [2, 2]);
}

#[derive(Clone, nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Pair {
    x: Param,
    y: Param,
}

fn pair(x: impl Into<Array>, y: impl Into<Array>) -> Pair {
    Pair { x: Param::new(x.into()), y: Param::new(y.into()) }
}

/// The parameters after a step by the gradients of three examples.
fn by_examples(tx: impl GradientTransformation) -> Vec<f32> {
    let mut p = pair([1.0_f32, -1.0], 2.0_f32);
    let grads = pair([[1.0_f32, 2.0], [0.5, 0.0], [-1.0, 1.0]], [1.0_f32, -2.0, 0.5]);
    Optimizer::new(&p, tx).update(&mut p, &grads);
    assert_eq!((p.x.shape(), p.y.shape()), (&[2][..], &[][..]));
    [p.x.to_vec::<f32>(), p.y.to_vec()].concat()
}

#[test]
fn what_holds_an_optimizer_of_examples_takes_examples() {
    let private = || dpsgd(0.1).l2_norm_clip(1.5).noise_multiplier(0.0);
    let alone = by_examples(private());
    assert_ne!(alone, [1.0, -1.0, 2.0]);
    assert_eq!(by_examples(masked(private(), Everything)), alone);
    assert_eq!(by_examples(lookahead(private(), 5, 0.5)), alone);
    assert_eq!(by_examples(apply_if_finite(private(), 1)), alone);
    assert_eq!(by_examples(conditionally_mask(private(), |step, _| step.lt(1))), alone);
    let still = by_examples(conditionally_mask(private(), |step, _| step.gt(1)));
    assert_eq!(still, [1.0, -1.0, 2.0]);
    assert_ne!(by_examples(schedule_free(private(), 0.1)), [1.0, -1.0, 2.0]);
    by_examples(partition((group(path_contains("x"), private()), group(Everything, private()))));
}

#[test]
fn what_cannot_take_examples_says_what_to_do() {
    let message = panic_of(|| by_examples(multi_steps(dpsgd(0.1), 2)));
    let expected = "the gradient for `x` is f32[3, 2], the parameter f32[2]\nfix: ";
    assert!(message.contains(expected) && message.contains("first in a chain"), "{message}");
    let message = panic_of(|| by_examples(masked(dpsgd(0.1), path_contains("x"))));
    let expected = "group 1 (`y`) does not take\nfix: ";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn the_zoom_search_of_complex_parameters_follows_the_slope() {
    let number = |re: [f64; 2], im: [f64; 2]| complex(Array::from(re), Array::from(im));
    let at = number([1.0, 0.0], [2.0, -0.5]);
    let loss_fn =
        |z: &mut Param| ((z.value() - &at).abs().square() * Array::from([1.0_f64, 3.0])).sum(..);
    for (size, rate, re, im) in [
        (1.0, 0.202774108322325, [0.58388375, -0.21664465], [0.87054161, -0.39167768]),
        // Here the slope is too steep at the first try.
        (0.01, 4.0, [0.356, 0.76], [0.252, -0.88]),
    ] {
        let mut z = Param::new(number([0.3, 1.0], [0.1, -1.0]));
        let mut opt = Optimizer::new(&z, (scale(-size), scale_by_zoom_linesearch(20)));
        let (loss, grads) = value_and_grad(loss_fn, &mut z);
        let downhill = Param::new(grads.conj());
        opt.update_with(&mut z, &downhill, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
        assert_near(&opt.opt_state.1.learning_rate, &[rate], 1e-12);
        assert_near(&z.real(), &re, 1e-7);
        assert_near(&z.imag(), &im, 1e-7);
    }
}

#[test]
fn the_shrinking_of_fromage_is_not_rounded_away() {
    assert_near(&pull(fromage(1e-4)), &[-5e-9, -1e-8], 1e-6);
    let root = 1.25_f64.sqrt();
    assert_near(&pull(fromage(0.5)), &[1.0 / root - 1.0, 2.0 / root - 2.0], 1e-6);
}

#[test]
fn the_projection_of_a_nan_is_nan() {
    for values in [[1.0_f32, f32::NAN, 0.3], [f32::NAN, 0.0, 0.0], [0.1, 0.2, f32::NAN]] {
        let near = projections::projection_simplex(&Array::from(values), 1.0);
        assert!(near.is_nan().all(..).item::<bool>(), "{near:?}");
    }
}

/// The sizes of a step before and after `set` changes the rate, of which an array is given.
fn sizes<T: GradientTransformation + Clone>(tx: T, set: impl Fn(&mut T)) -> [f32; 2] {
    let loss_fn = |x: &mut Param| x.square().sum(..);
    let step = |tx: T| {
        let mut x = Param::new(Array::from([[1.0_f32, 2.0], [3.0, 4.0]]));
        let before = x.value().clone();
        let mut opt = Optimizer::new(&x, tx);
        let (loss, grads) = value_and_grad(loss_fn, &mut x);
        opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
        (x.value() - before).abs().sum(..).item::<f32>()
    };
    let mut changed = tx.clone();
    set(&mut changed);
    [step(tx), step(changed)]
}

#[test]
fn learning_rates_are_set() {
    let (rate, half) = (Array::scalar(0.1_f32), Array::scalar(0.05_f32));
    let is_half = |what: &str, [whole, halved]: [f32; 2]| {
        assert!((halved / whole - 0.5).abs() < 1e-5, "{what}: {whole} {halved}");
    };
    let tx = galore(&rate, scale_by_galore().rank(1));
    assert!(matches!(tx.learning_rate(), LearningRate::Injected(_)));
    is_half("galore", sizes(tx, |tx| tx.set_learning_rate(&half)));
    let tx = sophia(&rate, scale_by_sophia().update_interval(1));
    assert!(matches!(tx.learning_rate(), LearningRate::Injected(_)));
    is_half("sophia", sizes(tx, |tx| tx.set_learning_rate(&half)));
    let tx = lbfgs().learning_rate(&rate).linesearch(());
    is_half("lbfgs", sizes(tx, |tx| tx.set_learning_rate(&half)));
    is_half("polyak_sgd", sizes(polyak_sgd().scaling(&rate), |tx| tx.set_scaling(&half)));
    // Both copies: the rate of the base, and that by which steps count in the mean.
    let tx = schedule_free(sgd(&rate), &rate);
    assert!(matches!(tx.learning_rate(), LearningRate::Injected(_)));
    let set = |tx: &mut ScheduleFree<Sgd>| {
        tx.set_learning_rate(&half);
        tx.base_optimizer.set_learning_rate(&half);
    };
    is_half("schedule_free", sizes(tx, set));
}

#[test]
fn nnls_of_no_unknowns() {
    let (a, b) = (zeros([2, 0], DType::F32), Array::from([1.0_f32, 2.0]));
    for lipschitz in [None, Some(2.0)] {
        assert_eq!(nnls(&a, &b, 3, lipschitz).shape(), [0]);
    }
}

/// Of three gradients, as Optax gives them in f64.
#[test]
fn numbers_of_f64_parameters_are_in_f64() {
    fn check(name: &str, tx: impl GradientTransformation, expected: [f64; 2]) {
        let (params, gradients) = (single([1.0_f64, 2.0]), single([1.0_f64, -0.5]));
        let (mut state, loss) = (tx.init(&params), Array::scalar(0.3_f64));
        let mut step = |i: f64| {
            let gradients = gradients.map(|g| g * i);
            tx.update_with(gradients, &mut state, &params, &ExtraArgs::new().value(&loss))
        };
        let last = [1.0, 2.0, 3.0].map(&mut step);
        let step = only(&last[2]).to_vec::<f64>();
        for (found, expected) in step.iter().zip(expected) {
            let error = (found / expected - 1.0).abs();
            assert!(error < 1e-12, "{name}: {found}, expected {expected}");
        }
    }
    check("adam", adam(0.1), [-9.58001219664853e-2, 9.58001215231436e-2]);
    check("nadam", nadam(0.1), [-1.19173163092017e-1, 1.19173162540510e-1]);
    check("radam", radam(0.1), [-2.07011070110701e-1, 1.03505535055350e-1]);
    check("adopt", adopt(0.1), [-2.08920711500272e-2, 2.08920711500272e-2]);
    check("ademamix", ademamix(0.1), [-9.59389460429950e-2, 9.59389455990109e-2]);
    let simplified = simplified_ademamix(0.1).alpha(0.3.into());
    check("simplified", simplified, [-3.12999299564480e-1, 3.12999298136387e-1]);
    check("prodigy", prodigy(0.1), [-9.58001143115042e-8, 9.58001062131829e-8]);
    check("dadapt_adamw", dadapt_adamw(0.1), [-1.08688682923666e-7, 1.08688673735829e-7]);
    check("madgrad", madgrad(0.1), [-6.91326755911867e-2, 5.48706162890986e-2]);
    check("fromage", fromage(0.1), [-2.03970247832008e-1, 8.95780994409774e-2]);
    check("momo", momo(0.1), [-1.29e-1, 6.45e-2]);
    check("momo_adam", momo_adam(0.1), [-9.58001219664853e-2, 9.58001215231436e-2]);
    check("schedule_free", schedule_free(sgd(0.1), 0.1), [-2.2e-1, 1.1e-1]);
}
