//! Numbers of optimizers in their states, with the numbers of `optax.inject_hyperparams`.

use super::panic_of;
use nnx_core::optim::*;
use nnx_core::train::{load_checkpoint, save_checkpoint};
use nnx_core::{Array, DType, Param};
use std::collections::BTreeMap;

fn start() -> Param {
    Param::new(Array::from([0.5_f32, -1.0, 2.0]))
}

fn gradient(x: &Param) -> Param {
    Param::new((x.value() * 3.0).sin() + x.value() * 0.3)
}

/// Steps with numbers that are set before some of them.
fn steps<T: Hyperparams>(
    tx: T,
    count: usize,
    before: usize,
    set: &[(&str, f64)],
) -> (Vec<f32>, Optimizer<InjectHyperparams<T>>) {
    let mut x = start();
    let mut opt = Optimizer::new(&x, inject_hyperparams(tx));
    for step in 0..count {
        if step == before {
            set.iter().for_each(|(name, value)| opt.opt_state.set_hyperparam(name, *value));
        }
        let gradient = gradient(&x);
        opt.update(&mut x, &gradient);
    }
    (x.to_vec::<f32>(), opt)
}

#[track_caller]
fn check<T: Hyperparams>(tx: T, count: usize, before: usize, set: &[(&str, f64)], want: [f32; 3]) {
    let (found, opt) = steps(tx, count, before, set);
    let near = found.iter().zip(want).all(|(a, b)| (a - b).abs() < 2e-5);
    assert!(near, "{found:?}, and Optax gives {want:?}");
    for (name, value) in set {
        assert_eq!(opt.opt_state.hyperparam(name).item::<f32>(), *value as f32, "{name}");
    }
    assert_eq!(opt.opt_state.count.item::<i32>(), count as i32);
}

#[test]
fn they_are_set_between_steps_and_follow_schedules() {
    let falling = |from, to, steps| linear_schedule(from, to, steps, 0);
    let tx = adamw(0.1).b1(falling(0.9, 0.5, 4)).weight_decay(0.01);
    let set = [("weight_decay", 0.5), ("eps", 1e-2)];
    check(tx, 4, 2, &set, [0.156_540_6, -0.563_282_6, 1.743_542_4]);
    let tx = sgd(0.1).momentum(Some(0.9)).nesterov(true);
    let set = [("momentum", 0.25), ("learning_rate", 0.3)];
    check(tx, 4, 1, &set, [6.496_44e-5, 0.059_090_67, 1.892_699_5]);
    let tx = rmsprop(falling(0.1, 0.01, 3)).momentum(Some(0.5));
    check(tx, 4, 2, &[("decay", 0.5)], [-0.216_024, 0.038_488_75, 1.813_296_7]);
    check(radam(0.1), 8, 3, &[("b2", 0.9)], [-0.140_383_57, -0.610_652, 1.797_915_6]);
    let tx = lion(0.01).b2(falling(0.9, 0.1, 3)).weight_decay(0.2);
    check(tx, 4, 2, &[("b1", 0.1)], [0.456_131_8, -0.952_143_8, 1.944_167_7]);
    let set = [("b1", 0.5), ("b2", 0.7)];
    check(adan(0.01), 4, 2, &set, [0.466_036_47, -0.965_153_7, 1.967_692]);
    check(novograd(0.01), 4, 2, &[("weight_decay", 0.3)], [0.414_565_4, -0.958_792_8, 1.960_796_5]);
    let tx = adabelief(0.01).nesterov(true);
    check(tx, 4, 2, &[("eps_root", 1e-3)], [0.448_517_14, -0.955_503_7, 1.962_853_9]);
    check(adamax(0.01), 4, 2, &[("b2", 0.5)], [0.459_882_47, -0.961_433_9, 1.957_438]);
    check(amsgrad(0.01), 4, 2, &[("b2", 0.5)], [0.460_168_18, -0.959_091_1, 1.963_100_3]);
    check(yogi(0.01), 4, 2, &[("b2", 0.5)], [0.457_056_85, -0.958_366_6, 1.954_774_7]);
    let tx = adadelta(1.0).weight_decay(0.1);
    check(tx, 4, 2, &[("rho", 0.5)], [0.489_008_2, -0.988_943_6, 1.989_082_2]);
    check(signum(0.01), 4, 2, &[("beta", 0.1)], [0.46, -0.96, 1.96]);
}

/// The numbers of a step without injection are those of constants.
#[test]
fn injection_alone_changes_nothing() {
    let plain = {
        let mut x = start();
        let mut opt = Optimizer::new(&x, adamw(0.1).weight_decay(0.2).nesterov(true));
        for _ in 0..3 {
            let gradient = gradient(&x);
            opt.update(&mut x, &gradient);
        }
        x.to_vec::<f32>()
    };
    let tx = adamw(0.1).weight_decay(0.2).nesterov(true);
    let (injected, _) = steps(tx, 3, 9, &[]);
    assert!(
        plain.iter().zip(&injected).all(|(a, b)| (a - b).abs() < 1e-5),
        "{plain:?} {injected:?}"
    );
}

#[test]
fn a_number_may_be_an_array_without_a_wrapper() {
    let decay = Array::scalar(0.5_f32);
    let mut x = Param::new(Array::scalar(0.0_f32));
    let mut opt = Optimizer::new(&x, (trace(&decay), scale(-1.0)));
    for _ in 0..2 {
        opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    }
    assert_eq!(x.item::<f32>(), -10.0);
}

#[test]
fn a_checkpoint_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("opt.safetensors");
    let (_, opt) = steps(adam(0.1), 2, 1, &[("b1", 0.25)]);
    save_checkpoint(&file, &opt, &BTreeMap::new()).unwrap();
    let (_, mut other) = steps(adam(0.1), 0, 9, &[]);
    load_checkpoint(&file, &mut other).unwrap();
    assert_eq!(other.opt_state.hyperparam("b1").item::<f32>(), 0.25);
}

#[test]
fn their_dtype_is_the_widest_of_the_parameters_or_the_given_one() {
    let models = [DType::BF16, DType::F32].map(|dtype| Param::new(start().astype(dtype)));
    let opt = Optimizer::new(&models, inject_hyperparams(adam(0.1)));
    assert_eq!(opt.opt_state.hyperparam("b1").dtype(), DType::F32);
    let opt = Optimizer::new(&models[0], inject_hyperparams(adam(0.1)));
    assert_eq!(opt.opt_state.hyperparam("b1").dtype(), DType::BF16);
    let tx = inject_hyperparams(adam(0.1)).hyperparam_dtype(Some(DType::F64));
    let opt = Optimizer::new(&models[0], tx);
    assert_eq!(opt.opt_state.hyperparam("b1").dtype(), DType::F64);
}

#[test]
fn mistakes_are_named() {
    let x = start();
    let tx = adam(0.1).b1(linear_schedule(0.9, 0.5, 4, 0));
    let mut opt = Optimizer::new(&x, inject_hyperparams(tx.clone()));
    let mut says = |name: &str, value: Array, what: &str| {
        let message = panic_of(|| opt.opt_state.set_hyperparam(name, &value));
        assert!(message.contains(what), "{message}");
    };
    says("momentum", Array::scalar(0.1_f32), "no hyperparameter `momentum`; it has `b1`, `b2`");
    says("b1", Array::scalar(0.1_f32), "`b1` is a schedule");
    says("b2", Array::from([0.1_f32]), "`b2` is f32[], got f32[1]");
    // Nothing counts steps for it.
    let message = panic_of(|| {
        let mut x = start();
        let gradient = gradient(&x);
        Optimizer::new(&x, tx).update(&mut x, &gradient);
    });
    assert!(message.contains("inject_hyperparams(adam(1e-3).b1(schedule))"), "{message}");
    let message = panic_of(|| drop(Optimizer::new(&x, inject_hyperparams(centralize()))));
    assert!(message.contains("has no number that can be an array"), "{message}");
}
