//! Running means of parameters, and maps over two trees.

use super::{Model, assert_same, leaves, panic_of};
use nnx_core::module::map2;
use nnx_core::train::EMA;
use nnx_core::{Array, DType, Param, path_contains};

#[test]
fn averages_follow_the_parameters() {
    let mut model = Model::new(2);
    let first = model.clone();
    let mut ema = EMA::new(&model, 0.75);
    assert_same(&ema.apply_to(&model), &model);
    for layer in &mut model.layers {
        let moved = layer.kernel.value() + 4.0;
        layer.kernel.set(moved);
    }
    ema.update(&model);
    ema.update(&model);
    let averaged = ema.apply_to(&model);
    // 1 - 0.75² of the way.
    for (averaged, first) in averaged.layers.iter().zip(&first.layers) {
        let moved = averaged.kernel.value() - first.kernel.value();
        assert_eq!(moved.to_vec::<f32>(), [1.75; 6]);
    }
    // All else is the model's, and an update later does not reach the copy.
    assert_eq!(averaged.table.to_vec::<i32>(), model.table.to_vec::<i32>());
    let before = leaves(&averaged);
    ema.update(&model);
    assert_eq!(leaves(&averaged), before);
}

#[test]
fn averages_of_some_in_their_dtypes() {
    let half = |x: f32| Param::new(Array::scalar(x).astype(DType::BF16));
    let model = (half(1.0), Param::new(Array::scalar(1.0_f32)));
    let mut ema = EMA::only(&model, 0.5, path_contains(0));
    let moved = (half(3.0), Param::new(Array::scalar(3.0_f32)));
    ema.update(&moved);
    let averaged = ema.apply_to(&moved);
    assert_eq!(averaged.0.dtype(), DType::BF16);
    assert_eq!(averaged.0.astype(DType::F32).item::<f32>(), 2.0);
    assert_eq!(averaged.1.item::<f32>(), 3.0);
    // A step that bf16 would round away.
    let mut slow = EMA::only(&model, 0.999, path_contains(0));
    for _ in 0..1000 {
        slow.update(&moved);
    }
    // 1 - 0.999¹⁰⁰⁰ = 0.632 of the way from 1 to 3.
    let averaged = slow.apply_to(&model).0.astype(DType::F32).item::<f32>();
    assert!((averaged - 2.26).abs() < 0.01, "{averaged}");
}

#[test]
fn mistakes_name_the_path_and_change_nothing() {
    let model = Model::new(2);
    let message = panic_of(|| EMA::new(&model, 1.5));
    assert!(message.contains("EMA: `decay` is 1.5, but needs to be in [0, 1]"), "{message}");
    let message = panic_of(|| EMA::only(&model, 0.5, path_contains("kernels")));
    assert!(message.contains("EMA: the filter takes no Variable of a float dtype"), "{message}");
    let mut ema = EMA::new(&model, 0.5);
    let before = leaves(&ema);
    let message = panic_of(|| ema.update(&Model::new(1)));
    assert!(message.contains("EMA::update: `layers[1].kernel` is not in the model"), "{message}");
    let mut other = model.clone();
    other.layers[0].kernel.set(Array::scalar(1.0_f32));
    let message = panic_of(|| ema.update(&other));
    assert!(
        message.contains("EMA::update: `layers[0].kernel` is f32[], and the average is f32[2, 3]"),
        "{message}"
    );
    assert_eq!(leaves(&ema), before);
}

#[test]
fn map2_takes_the_same_variables_of_two_trees() {
    let (a, mut b) = (Model::new(2), Model::new(2));
    let larger = b.layers[1].kernel.value() * 10.0;
    b.layers[1].kernel.set(larger);
    let mut paths = Vec::new();
    let sum = map2(&a, &b, |path, leaf, other| {
        paths.push(path.to_string());
        leaf.value + other
    });
    assert_eq!(paths, ["layers[0].kernel", "layers[0].bias", "layers[1].kernel", "mean"]);
    assert_eq!(sum.layers[1].kernel.to_vec::<f32>(), [11.0, 11.0, 22.0, 33.0, 44.0, 55.0]);
    assert_eq!(sum.table.to_vec::<i32>(), [1, 2, 3]);
    let message = panic_of(|| map2(&a, &Model::new(1), |_, leaf, _| leaf.value.clone()));
    assert!(message.contains("map2: `layers` is of length 2 in the first tree"), "{message}");
}
