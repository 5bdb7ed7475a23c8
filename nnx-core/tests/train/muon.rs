//! Muon for parameters that are not matrices, with the numbers of `optax.contrib.muon`.

use super::panic_of;
use nnx_core::array::linspace;
use nnx_core::optim::{Mask, Muon, MuonDimensionNumbers, Optimizer, muon};
use nnx_core::{Array, DType, Param, path_contains};
use std::collections::BTreeMap;

type Model = BTreeMap<String, Param>;

fn model() -> Model {
    let line = |from: f64, to: f64, shape: &[usize]| {
        linspace(from, to, shape.iter().product(), DType::F32).reshape(shape)
    };
    let all = [
        ("b", Array::from([0.5_f32, -0.25])),
        ("k", line(0.5, -1.0, &[3, 2, 3])),
        ("m", Array::from([[1.0_f32, 2.0], [3.0, -1.0]])),
        ("q", line(-1.0, 1.0, &[2, 3, 4])),
    ];
    all.map(|(name, value)| (name.to_owned(), Param::new(value))).into_iter().collect()
}

/// After three steps, the first six elements and the sum of each parameter.
fn check(tx: Muon, want: [(&str, &[f32], f32); 4]) {
    let mut model = model();
    let mut opt = Optimizer::new(&model, tx);
    for _ in 0..3 {
        let slope = |x: &Param| Param::new((x.value() * 3.0).sin() + x.value() * 0.3);
        let grads: Model = model.iter().map(|(name, x)| (name.clone(), slope(x))).collect();
        opt.update(&mut model, &grads);
    }
    for (name, first, sum) in want {
        let found = model[name].to_vec::<f32>();
        let near = found.iter().zip(first).all(|(a, b)| (a - b).abs() < 1e-5);
        let total: f32 = found.iter().sum();
        assert!(near && (total - sum).abs() < 1e-4, "{name}: {found:?}, {total}");
    }
}

fn rule(name: &str, reduction: &[isize], output: &[isize]) -> (Mask, MuonDimensionNumbers) {
    (Mask::of(path_contains(name)), MuonDimensionNumbers::new(reduction, output))
}

#[test]
fn axes_make_matrices_and_batches_of_them() {
    let rules = vec![rule("q", &[0], &[1, 2]), rule("k", &[0, -1], &[1])];
    check(
        muon(0.02).muon_weight_dimension_numbers(rules),
        [
            ("b", &[0.426_059_07, -0.177_321_72], 0.248_737_35),
            (
                "k",
                &[
                    0.480_457_66,
                    0.389_349_58,
                    0.299_643_93,
                    0.231_105_12,
                    0.151_172_56,
                    0.070_960_75,
                ],
                -4.419_21,
            ),
            ("m", &[0.924_024_4, 1.931_266_7, 2.925_19, -0.924_024_4], 4.856_456_8),
            (
                "q",
                &[
                    -0.958_339_7,
                    -0.870_459_9,
                    -0.783_687_2,
                    -0.698_462_4,
                    -0.615_036_9,
                    -0.533_460_74,
                ],
                0.0,
            ),
        ],
    );
    // Two matrices, for each position along the axis 1; axes in another order.
    let rules = vec![rule("k", &[0], &[2]), rule("m", &[1], &[0])];
    check(
        muon(0.02).muon_weight_dimension_numbers(rules),
        [
            ("b", &[0.426_059_07, -0.177_321_72], 0.248_737_35),
            (
                "k",
                &[
                    0.472_138_82,
                    0.400_186_15,
                    0.314_460_66,
                    0.209_557_97,
                    0.137_300_92,
                    0.069_969_24,
                ],
                -4.402_936_5,
            ),
            ("m", &[0.977_360_8, 1.958_143_6, 2.961_218, -0.977_360_8], 4.919_362),
            (
                "q",
                &[
                    -0.924_024_4,
                    -0.837_691_55,
                    -0.751_133_26,
                    -0.664_479_2,
                    -0.577_783_65,
                    -0.491_078_26,
                ],
                0.0,
            ),
        ],
    );
}

#[test]
fn both_parts_have_options() {
    let tx = muon(0.02).weight_decay(0.1).consistent_rms(Some(0.2)).adaptive(true).beta(0.9);
    let tx = tx.nesterov(false).adam_b1(0.8).adam_b2(0.9).adam_weight_decay(0.05);
    check(
        tx.adam_learning_rate(Some(0.01)),
        [
            ("b", &[0.469_271_18, -0.219_683_35], 0.249_587_83),
            (
                "k",
                &[
                    0.469_271_18,
                    0.381_177_22,
                    0.293_086_53,
                    0.205_003_92,
                    0.116_948_865,
                    0.029_142_16,
                ],
                -4.314_384_5,
            ),
            ("m", &[0.984_815_2, 1.970_283_3, 2.966_336_7, -0.984_815_2], 4.936_619_8),
            (
                "q",
                &[
                    -0.968_468_3,
                    -0.881_656_5,
                    -0.794_840_7,
                    -0.708_022_83,
                    -0.621_204,
                    -0.534_384_97,
                ],
                0.0,
            ),
        ],
    );
}

#[test]
fn axes_that_make_no_matrix_are_refused() {
    let model = model();
    for (reduction, output) in [(&[0][..], &[0][..]), (&[0], &[3]), (&[-4], &[1]), (&[], &[1])] {
        let tx = muon(0.02).muon_weight_dimension_numbers(vec![rule("k", reduction, output)]);
        let message = panic_of(|| drop(Optimizer::new(&model, tx)));
        assert!(message.contains("has no matrix of the axes"), "{message}");
    }
    let tx = muon(0.02).muon_weight_dimension_numbers(vec![rule("none", &[0], &[1])]);
    let message = panic_of(|| drop(Optimizer::new(&model, tx)));
    assert!(message.contains("takes none of the parameters"), "{message}");
}
