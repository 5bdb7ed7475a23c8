//! Random numbers beyond the reference cases of `tests/golden`: other dtypes, parameters that are
//! arrays, moments, mistakes.
#![allow(clippy::unwrap_used, missing_docs)]

use nnx_core::random::{self, Key};
use nnx_core::{Array, DType};

/// Values of JAX 0.10.2 with 64-bit types enabled.
#[test]
fn other_dtypes_equal_jax() {
    let key = random::key(11);
    let f64s = |array: Array| array.astype(DType::F64).to_vec::<f64>();
    let close = |what: &str, array: Array, expected: &[f64], tol: f64| {
        let got = f64s(array);
        assert!(
            got.len() == expected.len()
                && got.iter().zip(expected).all(|(a, b)| (a - b).abs() <= tol),
            "{what}: {got:?}, expected {expected:?}"
        );
    };
    let (b, h, d) = (DType::BF16, DType::F16, DType::F64);
    close("uniform", random::uniform(&key, 4, b), &[0.9375, 0.4140625, 0.671875, 0.9296875], 0.);
    close(
        "uniform",
        random::uniform(&key, 4, h),
        &[0.3271484375, 0.5595703125, 0.435546875, 0.7294921875],
        0.,
    );
    close(
        "uniform",
        random::uniform(&key, 4, d),
        &[0.45246777829595675, 0.9192122663222262, 0.80741884849389, 0.7604866134015287],
        0.,
    );
    close(
        "normal",
        random::normal(&key, 4, b),
        &[1.546875, -0.212890625, 0.44921875, 1.4921875],
        1e-2,
    );
    close(
        "normal",
        random::normal(&key, 4, h),
        &[-0.447021484375, 0.1505126953125, -0.16162109375, 0.6123046875],
        1e-3,
    );
    close(
        "normal",
        random::normal(&key, 4, d),
        &[-0.11942891219697942, 1.3997924901050443, 0.8684239232585466, 0.7078687409646347],
        1e-14,
    );
    close(
        "truncated_normal",
        random::truncated_normal(&key, -1.0, 0.5, 3, d),
        &[-0.25403736117457637, 0.38105336468666456, 0.22459760465632608],
        1e-14,
    );
    close("gumbel", random::gumbel(&key, 3, b), &[2.734375, 0.12451171875, 0.921875], 2e-2);
    close(
        "gumbel",
        random::gumbel(&key, 3, h),
        &[-0.11083984375, 0.5439453125, 0.18505859375],
        2e-3,
    );
    close("scalar", random::normal(&key, (), DType::F32), &[-0.8071751594543457], 1e-6);
    assert_eq!(random::normal(&key, [0, 3], DType::F32).shape(), [0, 3]);
    assert_eq!(
        random::bits(&key, 3, DType::U64).to_vec::<u64>(),
        [8346557307825471062, 16956473426260652503, 14894248858456059840]
    );
}

/// Values of JAX 0.10.2 with 64-bit types enabled.
#[test]
fn integers_of_other_dtypes_equal_jax() {
    let key = random::key(11);
    let ints = |low: i64, high: i64, dtype| {
        random::randint(&key, 4, low, high, dtype).astype(DType::I64).to_vec::<i64>()
    };
    assert_eq!(ints(0, 256, DType::U8), [85, 211, 144, 0]);
    assert_eq!(ints(-128, 128, DType::I8), [-43, 83, 16, -128]);
    assert_eq!(ints(-3, 4, DType::I16), [1, 0, 1, -2]);
    assert_eq!(ints(0, 1 << 32, DType::U32), [2621320021, 192723, 2156811664, 2116697344]);
    assert_eq!(ints(-(1 << 31), 1 << 31, DType::I32), [473836373, -2147290925, 9328016, -30786304]);
    assert_eq!(
        ints(-5, 1_000_000_000_000, DType::I64),
        [295761354396, 209181991210, 803759788033, 95282566976]
    );
    assert_eq!(ints(3, 10, DType::U64), [4, 4, 4, 4]);
    assert_eq!(ints(5, 5, DType::I32), [5, 5, 5, 5]);
}

/// Values of JAX 0.10.2.
#[test]
fn parameters_that_are_arrays_broadcast() {
    let key = random::key(11);
    let p = Array::from_slice(&[0.0_f32, 1.0, 0.5], [3, 1]);
    let expected = [false, false, false, false, true, true, true, true, true, false, false, false];
    assert_eq!(random::bernoulli(&key, &p, [3, 4]).to_vec::<bool>(), expected);
    let logits = Array::from_slice(&[0.0_f32, 1.0, 2.0, 0.0, 0.0, 0.5], [3, 2]);
    assert_eq!(random::categorical(&key, &logits, 0).to_vec::<i32>(), [1, 2]);
    let low = Array::from_slice(&[0.0_f32, 10.0], [2, 1]);
    let high = Array::from_slice(&[1.0_f32, 20.0], [2]);
    let sample = random::uniform_range(&key, [2, 2], &low, &high, DType::F32);
    let expected = [0.20978271961212158, 0.3749251365661621, 10.0, 13.450885772705078];
    assert_eq!(sample.to_vec::<f32>(), expected.map(|v| v as f32));
}

#[test]
fn shuffling_moves_whole_rows() {
    let key = random::key(2);
    let x = nnx_core::array::arange(12, DType::F32).reshape([4, 3]);
    let order = random::permutation(&key, 4).to_vec::<i32>();
    let rows: Vec<f32> =
        order.iter().flat_map(|&r| (0..3).map(move |c| (3 * r + c) as f32)).collect();
    assert_eq!(random::shuffle(&key, &x, 0).to_vec::<f32>(), rows);
    assert_eq!(random::shuffle(&key, &x.t(), -1).t().to_vec::<f32>(), rows);
    let vector = Array::from_slice(&[10, 11, 12, 13], 4);
    let shuffled = random::shuffle(&key, &vector, 0).to_vec::<i32>();
    assert_eq!(shuffled, order.iter().map(|i| i + 10).collect::<Vec<_>>());
    // More than one round of sorting, none at all, and nothing to sort.
    let mut many = random::permutation(&key, 3000).to_vec::<i32>();
    assert_ne!(many, (0..3000).collect::<Vec<_>>());
    many.sort_unstable();
    assert_eq!(many, (0..3000).collect::<Vec<_>>());
    assert_eq!(random::permutation(&key, 1).to_vec::<i32>(), [0]);
    assert_eq!(random::permutation(&key, 0).shape(), [0]);
}

#[test]
fn long_seeds_fill_both_words() {
    assert_eq!(random::key((1 << 40) + 5).data().to_vec::<u32>(), [256, 5]);
}

#[test]
fn forks_are_streams_of_their_own() {
    use nnx_core::random::Rngs;
    let mut rngs = Rngs::new(7).with("dropout", 8);
    let mut fork = rngs.fork();
    assert_eq!(fork.streams().map(|(name, _)| name).collect::<Vec<_>>(), ["default", "dropout"]);
    let words = |key: Key| key.data().to_vec::<u32>();
    // The fork's first keys come from keys that the old streams have given away.
    assert_eq!(rngs.stream("default").count.item::<u32>(), 1);
    assert_ne!(words(fork.params()), words(rngs.params()));
    let expected = random::fold_in(&random::fold_in(&random::key(8), 0), 0);
    assert_eq!(words(fork.dropout()), words(expected));
}

#[test]
fn moments_of_large_samples() {
    let n = 200_000;
    let key = random::key(5);
    let moments = |x: Array| (x.mean(..).item::<f32>(), x.var(..).item::<f32>());
    let near = |(mean, var): (f32, f32), m: f32, v: f32| {
        assert!((mean - m).abs() < 0.01 && (var - v).abs() < 0.02, "{mean} {var} for {m} {v}");
    };
    let f = DType::F32;
    near(moments(random::uniform(&key, n, f)), 0.5, 1.0 / 12.0);
    near(moments(random::normal(&key, n, f)), 0.0, 1.0);
    near(moments(random::exponential(&key, n, f)), 1.0, 1.0);
    near(moments(random::gumbel(&key, n, f)), 0.577_215_7, 1.644_934);
    near(moments(random::bernoulli(&key, 0.25, n).astype(f)), 0.25, 0.1875);
    near(moments(random::truncated_normal(&key, -2.0, 2.0, n, f)), 0.0, 0.773_741);
    let dice = random::randint(&key, n, 1, 7, DType::I32);
    assert_eq!((dice.min(..).item::<i32>(), dice.max(..).item::<i32>()), (1, 6));
    near(moments(dice.astype(f) / 6.0), 3.5 / 6.0, 35.0 / 12.0 / 36.0);
}

#[test]
fn mistakes_name_the_rule() {
    let message = |f: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    };
    let key = random::key(0);
    let batch = random::split(&key, 3);
    let mistakes: &[(&dyn Fn(), &str)] = &[
        (&|| drop(random::normal(&batch, 2, DType::F32)), "a single key"),
        (&|| drop(random::normal(&key, 2, DType::I32)), "makes floats, not i32"),
        (&|| drop(random::randint(&key, 2, 0.5, 2, DType::I32)), "integer bounds"),
        (&|| drop(random::bits(&key, 2, DType::I32)), "unsigned"),
        (&|| drop(random::bernoulli(&key, 1, 2)), "a probability is a float"),
        (&|| drop(random::bernoulli(&key, Array::from_slice(&[0.5_f32; 3], 3), 2)), "broadcast"),
        (&|| drop(random::fold_in(&key, 1.5)), "integer scalar"),
        (&|| drop(random::split(&key, -1)), "negative"),
        (&|| drop(batch.unstack::<2>()), "not 2 along axis 0"),
        (&|| drop(Key::from_data(Array::scalar(1_u32))), "u32[…, 2]"),
        (&|| drop(random::Rngs::empty().with("a", 0).params()), "no stream `params`"),
    ];
    for (f, part) in mistakes {
        let text = message(f);
        assert!(text.contains(part), "{text:?} lacks {part:?}");
        assert!(text.contains("random.rs"), "{text:?} does not name the caller's file");
    }
}
