use super::panic_of;
use nnx_core::Array;
use nnx_core::train::{Accuracy, Average, Metric, Welford};

fn ints(values: &[i32]) -> Array {
    Array::from_slice(values, [values.len()])
}

#[test]
fn average_is_the_mean_of_everything_since_the_reset() {
    let mut average = Average::new();
    assert!(average.compute().item::<f32>().is_nan());
    average.update(&ints(&[1, 2, 3, 4]));
    assert_eq!(average.compute().item::<f32>(), 2.5);
    average.update(&Array::scalar(5.0_f32));
    assert_eq!(average.compute().item::<f32>(), 3.0);
    average.reset();
    assert!(average.compute().item::<f32>().is_nan());
}

#[test]
fn masked_values_do_not_count() {
    let mut average = Average::new();
    let mask = Array::from_slice(&[true, false, true], [3]);
    average.update_masked(&ints(&[1, 100, 3]), &mask);
    assert_eq!(average.compute().item::<f32>(), 2.0);
    assert_eq!(average.count.item::<i32>(), 2);
    let message = panic_of(|| average.update_masked(&ints(&[1, 2]), &mask));
    assert!(message.contains("bool[3]") && message.contains("i32[2]"), "{message}");
}

#[test]
fn accuracy_counts_the_largest_logit() {
    let mut accuracy = Accuracy::new();
    let logits = Array::from_slice(&[0.1_f32, 0.9, 0.8, 0.2, 0.3, 0.7], [3, 2]);
    accuracy.update(&logits, &ints(&[1, 1, 1]));
    assert!((accuracy.compute().item::<f32>() - 2.0 / 3.0).abs() < 1e-6);
    let mask = Array::from_slice(&[false, true, false], [3]);
    accuracy.update_masked(&logits, &ints(&[1, 1, 1]), &mask);
    assert_eq!(accuracy.compute().item::<f32>(), 0.5);
}

#[test]
fn accuracy_with_a_threshold_is_about_yes_and_no() {
    let mut accuracy = Accuracy::with_threshold(0.5);
    let logits = Array::from_slice(&[0.4_f32, 0.5, 0.6, 0.1], [4]);
    accuracy.update(&logits, &ints(&[0, 1, 0, 1]));
    assert_eq!(accuracy.compute().item::<f32>(), 0.5);
    accuracy.reset();
    accuracy.update(&logits, &ints(&[0, 1, 1, 0]));
    assert_eq!(accuracy.compute().item::<f32>(), 1.0);
}

#[test]
fn accuracy_names_shapes_that_do_not_fit() {
    let logits = Array::from_slice(&[0.0_f32; 6], [3, 2]);
    let message = panic_of(|| Accuracy::new().update(&logits, &ints(&[0, 1])));
    assert!(message.contains("f32[3, 2]") && message.contains("i32[2]"), "{message}");
    let floats = Array::from_slice(&[0.0_f32; 3], [3]);
    let message = panic_of(|| Accuracy::new().update(&logits, &floats));
    assert!(message.contains("integer labels"), "{message}");
}

#[test]
fn welford_gives_mean_and_spread_of_all_batches() {
    let mut welford = Welford::new();
    welford.update(&ints(&[1, 2, 3, 4]));
    welford.update(&ints(&[3, 2, 1, 0]));
    let statistics = welford.compute();
    let close = |x: &Array, want: f32| (x.item::<f32>() - want).abs() < 1e-6;
    assert!(close(&statistics.mean, 2.0));
    assert!(close(&statistics.standard_error_of_mean, 0.433_012_72));
    assert!(close(&statistics.standard_deviation, 1.224_744_9));
    welford.reset();
    assert!(welford.compute().standard_deviation.item::<f32>().is_nan());
}
