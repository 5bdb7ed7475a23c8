use super::panic_of;
use nnx_core::Array;
use nnx_core::DType;
use nnx_core::train::{
    Accuracy, Auc, Average, Averaging, ConfusionMatrix, F1, Metric, Precision, Recall, Welford,
};

fn ints(values: &[i32]) -> Array {
    Array::from_slice(values, [values.len()])
}

#[test]
fn average_is_the_mean_of_everything_since_the_reset() {
    let mut average = Average::new();
    assert!(average.compute().item::<f32>().is_nan());
    average.update(ints(&[1, 2, 3, 4]));
    assert_eq!(average.compute().item::<f32>(), 2.5);
    average.update(Array::scalar(5.0_f32));
    assert_eq!(average.compute().item::<f32>(), 3.0);
    average.reset();
    assert!(average.compute().item::<f32>().is_nan());
}

#[test]
fn masked_values_do_not_count() {
    let mut average = Average::new();
    let mask = Array::from_slice(&[true, false, true], [3]);
    average.update_masked(ints(&[1, 100, 3]), &mask);
    assert_eq!(average.compute().item::<f32>(), 2.0);
    assert_eq!(average.count.item::<i32>(), 2);
    let message = panic_of(|| average.update_masked(ints(&[1, 2]), &mask));
    assert!(message.contains("bool[3]") && message.contains("i32[2]"), "{message}");
}

#[test]
fn accuracy_counts_the_largest_logit() {
    let mut accuracy = Accuracy::new();
    let logits = Array::from_slice(&[0.1_f32, 0.9, 0.8, 0.2, 0.3, 0.7], [3, 2]);
    accuracy.update(&logits, ints(&[1, 1, 1]));
    assert!((accuracy.compute().item::<f32>() - 2.0 / 3.0).abs() < 1e-6);
    let mask = Array::from_slice(&[false, true, false], [3]);
    accuracy.update_masked(&logits, ints(&[1, 1, 1]), &mask);
    assert_eq!(accuracy.compute().item::<f32>(), 0.5);
}

#[test]
fn accuracy_with_a_threshold_is_about_yes_and_no() {
    let mut accuracy = Accuracy::with_threshold(0.5);
    let logits = Array::from_slice(&[0.4_f32, 0.5, 0.6, 0.1], [4]);
    accuracy.update(&logits, ints(&[0, 1, 0, 1]));
    assert_eq!(accuracy.compute().item::<f32>(), 0.5);
    accuracy.reset();
    accuracy.update(&logits, ints(&[0, 1, 1, 0]));
    assert_eq!(accuracy.compute().item::<f32>(), 1.0);
}

#[test]
fn accuracy_names_shapes_that_do_not_fit() {
    let logits = Array::from_slice(&[0.0_f32; 6], [3, 2]);
    let message = panic_of(|| Accuracy::new().update(&logits, ints(&[0, 1])));
    assert!(message.contains("f32[3, 2]") && message.contains("i32[2]"), "{message}");
    let floats = Array::from_slice(&[0.0_f32; 3], [3]);
    let message = panic_of(|| Accuracy::new().update(&logits, &floats));
    assert!(message.contains("integer labels"), "{message}");
}

#[test]
fn welford_gives_mean_and_spread_of_all_batches() {
    let mut welford = Welford::new();
    welford.update(ints(&[1, 2, 3, 4]));
    welford.update(ints(&[3, 2, 1, 0]));
    let statistics = welford.compute();
    let close = |x: &Array, want: f32| (x.item::<f32>() - want).abs() < 1e-6;
    assert!(close(&statistics.mean, 2.0));
    assert!(close(&statistics.standard_error_of_mean, 0.433_012_72));
    assert!(close(&statistics.standard_deviation, 1.224_744_9));
    welford.reset();
    assert!(welford.compute().standard_deviation.item::<f32>().is_nan());
}

/// Logits whose largest is that of the class.
fn sure(classes: &[i32], of: usize) -> Array {
    ints(classes).expand_dims(-1).eq(nnx_core::array::arange(of, DType::I32)).astype(DType::F32)
}

#[track_caller]
fn assert_values(x: &Array, expected: &[f32]) {
    let x = x.to_vec::<f32>();
    assert_eq!(x.len(), expected.len());
    for (x, expected) in x.iter().zip(expected) {
        assert!((x - expected).abs() < 1e-6, "{x}, not {expected}");
    }
}

/// Ten examples of three classes, of a fourth there are none. The values are those of scikit-learn 1.9.
const LABELS: [i32; 10] = [0, 1, 2, 2, 1, 0, 2, 1, 2, 2];
const PREDICTED: [i32; 10] = [0, 2, 2, 2, 1, 1, 0, 1, 2, 1];

#[test]
fn confusion_matrices_count_pairs() {
    let mut matrix = ConfusionMatrix::new(4);
    let (logits, labels) = (sure(&PREDICTED, 4), ints(&LABELS));
    // In two batches, one of which has another axis.
    matrix.update(
        logits.slice([(0..4).into()]).reshape([2, 2, 4]),
        ints(&LABELS[..4]).reshape([2, 2]),
    );
    matrix.update(logits.slice([(4..10).into()]), ints(&LABELS[4..]));
    let want = [1, 1, 0, 0, 0, 2, 1, 0, 1, 1, 3, 0, 0, 0, 0, 0];
    assert_eq!(matrix.compute().to_vec::<i32>(), want);
    matrix.reset();
    assert_eq!(matrix.compute().sum(..).item::<i32>(), 0);
    // Masked examples and labels that are no class do not count.
    let all = Array::from_slice(&[true; 10], [10]);
    matrix.update_masked(&logits, &labels, all.logical_not());
    matrix.update(sure(&[1, 1], 4), ints(&[-1, 4]));
    assert_eq!(matrix.compute().sum(..).item::<i32>(), 0);
    let message = panic_of(|| matrix.update(sure(&[1], 3), ints(&[1])));
    assert!(
        message.contains("logits [batch…, 4] and integer labels [batch…], got f32[1, 3]"),
        "{message}"
    );
    let message = panic_of(|| matrix.update_masked(&logits, &labels, Array::scalar(true)));
    assert!(
        message.contains("the mask bool[] must have the shape of the labels i32[10]"),
        "{message}"
    );
}

#[test]
fn precision_recall_and_f1_of_several_classes() {
    let (logits, labels) = (sure(&PREDICTED, 4), ints(&LABELS));
    let values = |averaging| {
        let mut all =
            (Precision::new(4, averaging), Recall::new(4, averaging), F1::new(4, averaging));
        all.0.update(&logits, &labels);
        all.1.update(&logits, &labels);
        all.2.update(&logits, &labels);
        let (precision, recall, f1) = all.compute();
        all.reset();
        assert_eq!(all.0.matrix.counts.sum(..).item::<i32>(), 0);
        [precision, recall, f1]
    };
    let all = |averaging, expected: [&[f32]; 3]| {
        for (value, expected) in values(averaging).iter().zip(expected) {
            assert_values(value, expected);
        }
    };
    // The class that does not occur has no part in the mean.
    all(Averaging::Macro, [&[0.583_333_3], &[0.588_888_9], &[0.579_365_1]]);
    all(Averaging::Weighted, [&[0.625], &[0.6], &[0.604_761_9]]);
    all(Averaging::Micro, [&[0.6], &[0.6], &[0.6]]);
    all(
        Averaging::PerClass,
        [
            &[0.5, 0.5, 0.75, 0.0],
            &[0.5, 0.666_666_7, 0.6, 0.0],
            &[0.5, 0.571_428_6, 0.666_666_7, 0.0],
        ],
    );
    // Before the first update there is nothing to share.
    assert_values(&F1::new(3, Averaging::Macro).compute(), &[0.0]);
}

#[test]
fn precision_recall_and_f1_of_yes_and_no() {
    let labels = ints(&[1, 0, 1, 1, 0, 1, 0, 0]);
    let scores = Array::from([0.9_f32, 0.4, 0.35, 0.8, 0.5, 0.6, 0.6, 0.1]);
    let mut all = (Precision::binary(0.5), Recall::binary(0.5), F1::binary(0.5));
    all.0.update(&scores, &labels);
    all.1.update(&scores, &labels);
    all.2.update(&scores, &labels);
    let (precision, recall, f1) = all.compute();
    assert_values(&precision, &[0.6]);
    assert_values(&recall, &[0.75]);
    assert_values(&f1, &[0.666_666_7]);
    assert_eq!(all.0.matrix.compute().to_vec::<i32>(), [2, 2, 1, 3]);
    let mut auc = Auc::new(101);
    auc.update(scores.reshape([2, 4]), labels.reshape([2, 4]));
    assert_values(&auc.compute(), &[0.781_25]);
    // A score that is a threshold reaches it, whatever the number of thresholds.
    for (n, low, high) in [(11, 0.8_f32, 0.9_f32), (501, 0.998, 1.0), (1001, 0.006, 0.007)] {
        let mut auc = Auc::new(n);
        auc.update(Array::from([low, high]), ints(&[0, 1]));
        assert_values(&auc.compute(), &[1.0]);
    }
    // Two scores in one place are equal.
    let mut coarse = Auc::new(2);
    coarse.update(&scores, &labels);
    assert_values(&coarse.compute(), &[0.5]);
    coarse.reset();
    assert!(coarse.compute().item::<f32>().is_nan());
    // The ends count as scores in them, NaN as 0, and other labels not at all.
    let wild = Array::from([2.0_f32, -1.0, f32::NAN, 0.5]);
    coarse.update(&wild, ints(&[1, 0, 0, 2]));
    assert_values(&coarse.compute(), &[1.0]);
    coarse.update_masked(&wild, ints(&[0, 1, 1, 1]), Array::from([false; 4]));
    assert_values(&coarse.compute(), &[1.0]);
    let message = panic_of(|| auc.update(&labels, &labels));
    assert!(
        message.contains("float scores and integer labels of one shape, got i32[8]"),
        "{message}"
    );
}
