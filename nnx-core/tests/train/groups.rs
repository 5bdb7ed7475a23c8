//! Transformations for some of the parameters, and learning rates that are inputs of the program.

use super::{Model, assert_same, leaves, panic_of};
use nnx_core::array::complex;
use nnx_core::module::{Everything, Not, Path, VarInfo};
use nnx_core::optim::{
    GradientTransformation, LearningRate, Mask, Optimizer, adagrad, adam, adamw,
    clip_by_global_norm, freeze, group, masked, partition, rmsprop, sgd,
};
use nnx_core::{Array, Param, grad, path_contains};

fn gradient(model: &Model) -> Model {
    let loss = |m: &Model| {
        let kernels = m.layers.iter().map(|l| l.kernel.square().sum(..)).reduce(|a, b| a + b);
        kernels.unwrap() + m.layers[0].bias.as_ref().unwrap().exp().sum(..)
    };
    grad(loss, model)
}

/// The model after three steps.
fn trained(tx: impl GradientTransformation) -> Model {
    let mut model = Model::new(2);
    let mut opt = Optimizer::new(&model, tx);
    for _ in 0..3 {
        let gradient = gradient(&model);
        opt.update(&mut model, &gradient);
    }
    model
}

/// `kernels` with the bias of `bias`.
fn mixed(mut kernels: Model, bias: Model) -> Model {
    kernels.layers[0].bias = bias.layers.into_iter().next().unwrap().bias;
    kernels
}

#[test]
fn each_group_is_trained_as_if_it_were_alone() {
    let bias = || path_contains("bias");
    let both = trained(partition((group(bias(), sgd(0.1)), group(Everything, adamw(0.01)))));
    assert_same(&both, &mixed(trained(adamw(0.01)), trained(sgd(0.1))));
    // The first group that takes a parameter has it.
    let first = trained(partition((group(Everything, sgd(0.1)), group(bias(), adamw(0.01)))));
    assert_same(&first, &trained(sgd(0.1)));
    // A norm is that of the group, not that of the model.
    let clipped = trained(partition((
        group(bias(), (clip_by_global_norm(0.5), sgd(0.1))),
        group(Not(bias()), sgd(0.1)),
    )));
    let mut alone = Model::new(2);
    let mut opt = Optimizer::wrt(&alone, (clip_by_global_norm(0.5), sgd(0.1)), bias());
    for _ in 0..3 {
        let gradient = gradient(&alone);
        opt.update(&mut alone, &gradient);
    }
    assert_same(&clipped, &mixed(trained(sgd(0.1)), alone));
}

#[test]
fn the_others_pass_a_mask_and_stay_as_they_are_where_they_are_frozen() {
    let bias = || path_contains("bias");
    // The gradient passes, and is added.
    let passed = trained((masked(sgd(0.1), bias()), masked(sgd(0.01), Not(bias()))));
    assert_same(&passed, &mixed(trained(sgd(0.01)), trained(sgd(0.1))));
    let frozen = trained((adam(0.1), freeze(bias())));
    assert_same(&frozen, &mixed(trained(adam(0.1)), Model::new(2)));
    assert_ne!(leaves(&frozen), leaves(&Model::new(2)));
}

#[test]
fn decay_by_mask() {
    let matrices = |_: &Path, leaf: &VarInfo<'_>| leaf.value.rank() > 1;
    let some = trained(adamw(0.01).weight_decay(0.5).mask(Mask::of(matrices)));
    let all = trained(adamw(0.01).weight_decay(0.5));
    let none = trained(adamw(0.01).weight_decay(0.0));
    assert_same(&some, &mixed(all, none));
}

#[test]
fn a_filter_that_takes_nothing_and_a_parameter_in_no_group() {
    let model = Model::new(2);
    let message = panic_of(|| {
        Optimizer::new(
            &model,
            partition((group(path_contains("biases"), sgd(0.1)), group(Everything, sgd(0.1)))),
        )
    });
    let listed = "`layers[0].bias`, `layers[0].kernel`, `layers[1].kernel`";
    assert!(
        message.contains(&format!(
            "partition: the filter of group 0 takes none of the parameters here: {listed}"
        )),
        "{message}"
    );
    let message =
        panic_of(|| Optimizer::new(&model, partition((group(path_contains("bias"), sgd(0.1)),))));
    assert!(
        message.contains(
            "partition: no group takes `layers[0].kernel`, `layers[1].kernel`\nfix: end with \
             `group(Everything, tx)`"
        ),
        "{message}"
    );
    let mask = Mask::of(path_contains("biases"));
    let message = panic_of(|| Optimizer::new(&model, adamw(0.1).mask(mask)));
    assert!(message.contains("the mask takes none of the parameters here"), "{message}");
}

#[test]
fn a_rate_that_is_an_array() {
    let rate = || Array::scalar(0.05_f32);
    assert_same(&trained(adam(rate())), &trained(adam(0.05)));
    assert_same(&trained(sgd(rate()).momentum(Some(0.9))), &trained(sgd(0.05).momentum(Some(0.9))));
    let mut model = Model::new(2);
    let mut opt = Optimizer::new(&model, adam(rate()));
    let gradient = gradient(&model);
    opt.tx.set_learning_rate(Array::scalar(0.0_f32));
    opt.update(&mut model, &gradient);
    assert_same(&model, &Model::new(2));
    assert!(
        matches!(opt.tx.learning_rate(), LearningRate::Injected(rate) if rate.item::<f32>() == 0.0)
    );
}

/// A search over rates: one model and one optimizer for each.
#[test]
fn rates_under_vmap() {
    let rates = Array::from_slice(&[0.0_f32, 0.1, 0.2], [3]);
    let after = nnx_core::vmap(
        |rate: &Array| {
            let mut w = Param::new(Array::scalar(1.0_f32));
            let mut opt = Optimizer::new(&w, sgd(rate));
            for _ in 0..2 {
                let gradient = grad(|w: &Param| w.square(), &w);
                opt.update(&mut w, &gradient);
            }
            w.value().clone()
        },
        &rates,
        0,
    );
    // w ← w (1 - 2 rate), twice.
    for (after, expected) in after.to_vec::<f32>().iter().zip([1.0, 0.64, 0.36]) {
        assert!((after - expected).abs() < 1e-6, "{after} and {expected}");
    }
}

/// Complex parameters are trained: second moments are those of |g|².
#[test]
fn complex_parameters() {
    let z = || Param::new(complex(Array::scalar(3.0_f32), Array::scalar(-4.0_f32)));
    let gradient = z();
    let step = |tx: &dyn Fn(&mut Param)| {
        let mut param = z();
        tx(&mut param);
        let change = param.value() - z().value();
        (change.real().item::<f32>(), change.imag().item::<f32>())
    };
    macro_rules! first_step {
        ($tx:expr) => {
            step(&|param| Optimizer::new(&*param, $tx).update(param, &gradient))
        };
    }
    let close = |(a, b): (f32, f32), re: f32, im: f32| {
        assert!((a - re).abs() < 1e-5 && (b - im).abs() < 1e-5, "{a} + {b}i, not {re} + {im}i");
    };
    close(first_step!(sgd(0.1)), -0.3, 0.4);
    // g / |g|, g / √(0.1 |g|²) and g / √(0.1 + |g|²).
    close(first_step!(adam(0.1)), -0.06, 0.08);
    close(first_step!(rmsprop(0.1)), -0.06 / 0.1_f32.sqrt(), 0.08 / 0.1_f32.sqrt());
    close(first_step!(adagrad(0.1)), -0.3 / 25.1_f32.sqrt(), 0.4 / 25.1_f32.sqrt());
    // The norm of all updates, 5, becomes 1.
    close(first_step!((clip_by_global_norm(1.0), sgd(1.0))), -0.6, 0.8);
    // Beside real ones, none is left out.
    let mut both = (Param::new(Array::scalar(1.0_f32)), z());
    let gradient = (Param::new(Array::scalar(1.0_f32)), z());
    Optimizer::new(&both, sgd(1.0)).update(&mut both, &gradient);
    assert_eq!(both.0.item::<f32>(), 0.0);
    assert_eq!(both.1.real().item::<f32>(), 0.0);
}
