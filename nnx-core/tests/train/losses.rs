//! Losses where the numbers are at an end: certain predictions, classes that are ruled out, labels that are not there.

use super::panic_of;
use nnx_core::array::full;
use nnx_core::optim::losses::*;
use nnx_core::optim::{Optimizer, noisy_sgd, sgd};
use nnx_core::{Array, DType, Param, value_and_grad};

/// The loss and its slopes, all finite.
fn finite(what: &str, loss: impl FnOnce(&Array) -> Array, x: &Array) -> (f32, Vec<f32>) {
    let (value, slopes) = value_and_grad(|x: &Array| loss(x).astype(DType::F32).sum(..), x);
    let (value, slopes) = (value.item::<f32>(), slopes.astype(DType::F32).to_vec::<f32>());
    assert!(value.is_finite(), "{what}: {value}");
    assert!(slopes.iter().all(|slope| slope.is_finite()), "{what}: {slopes:?}");
    (value, slopes)
}

#[test]
fn certain_predictions_of_the_focal_loss() {
    for (dtype, most) in [(DType::F16, 18.0), (DType::F32, 104.0)] {
        for gamma in [0.0, 2.0] {
            for (logit, label) in [(most, 1.0), (-most, 0.0), (most, 0.0), (-most, 1.0)] {
                let [x, label] = [logit, label].map(|n| full([1], n, dtype));
                let what = format!("{dtype}, gamma {gamma}, logit {logit}, {label:?}");
                finite(&what, |x| sigmoid_focal_loss(x, &label, None, gamma), &x);
            }
        }
    }
}

#[test]
fn labels_of_ctc_that_are_not_there_may_be_anything() {
    let x = (nnx_core::array::arange(30, DType::F32) * 0.37).sin().reshape([1, 6, 5]);
    let frames = full([1, 6], 0.0, DType::F32);
    let padded = Array::from([[0.0_f32, 0.0, 1.0]]);
    let loss = |last: i32, dtype: DType| {
        let labels = Array::from([[1, 2, last]]);
        let x = x.astype(dtype);
        finite("ctc", |x| ctc_loss(x, &frames, &labels, &padded, 0), &x)
    };
    let expected = loss(0, DType::F32);
    for last in [7, -1, 4, i32::MAX] {
        assert_eq!(loss(last, DType::F32), expected, "{last}");
    }
    // In f32 inside, whatever the dtype of the logits.
    assert!((loss(0, DType::F16).0 - expected.0).abs() < 0.01);
    assert!((loss(0, DType::BF16).0 - expected.0).abs() < 0.05);
    // More labels than frames.
    let labels = Array::from([[1, 1, 1, 1]]);
    let none = full([1, 4], 0.0, DType::F32);
    let short = x.slice([(..).into(), (..3).into()]);
    for dtype in [DType::F16, DType::F32] {
        let frames = full([1, 3], 0.0, DType::F32);
        let x = short.astype(dtype);
        let (loss, _) = finite("ctc", |x| ctc_loss(x, &frames, &labels, &none, 0), &x);
        assert!(loss > 9e4, "{loss}");
    }
    // A class that is ruled out.
    let ruled_out = Array::from([[[0.0_f32, 1.0, 2.0, f32::NEG_INFINITY, 0.5]; 6]]);
    let labels = Array::from([[1, 2, 4]]);
    finite("ctc", |x| ctc_loss(x, &frames, &labels, &padded, 0), &ruled_out);
}

#[test]
fn targets_of_zero_count_nothing() {
    let log_predictions = Array::from([[0.0_f32, f32::NEG_INFINITY]]);
    let targets = Array::from([[1.0_f32, 0.0]]);
    let (value, _) = finite("kl", |q| kl_divergence(q, &targets), &log_predictions);
    assert_eq!(value, 0.0);
}

#[test]
fn no_two_labels_are_equal() {
    let x = Array::from([[1.0_f32, 2.0], [0.5, -1.0], [3.0, 0.0]]);
    let (value, slopes) = finite("ntxent", |x| ntxent(x, Array::from([0, 1, 2]), 0.5), &x);
    assert_eq!((value, slopes), (0.0, vec![0.0; 6]));
}

#[test]
fn rates_and_noise_that_do_not_fit() {
    let param = Param::new(Array::scalar(1.0_f32));
    for (rate, aval) in [(Array::scalar(1_u32), "u32[]"), (Array::from([0.1_f32, 0.2]), "f32[2]")] {
        let message = panic_of(|| Optimizer::new(&param, sgd(rate)));
        let expected = format!("the learning rate must be a float scalar, got {aval}");
        assert!(message.contains(&expected), "{message}");
    }
    let complex = Param::new(Array::scalar(1.0_f32).astype(DType::C64));
    let message = panic_of(|| Optimizer::new(&vec![complex], noisy_sgd(0.1, 0.01, 0.5, 0)));
    assert!(message.contains("add_noise: `[0]` is c64[], and the noise is real"), "{message}");
}
