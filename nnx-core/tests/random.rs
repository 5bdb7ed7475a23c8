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
    assert_eq!(random::shuffle(&key, x.t(), -1).t().to_vec::<f32>(), rows);
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

/// Values of JAX 0.10.2 with 64-bit types enabled.
#[test]
fn distributions_in_f64_equal_jax() {
    let (key, d) = (random::key(11), DType::F64);
    let close = |what: &str, array: Array, expected: [f64; 3]| {
        let got = array.to_vec::<f64>();
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
        assert!(got.iter().zip(&expected).all(near), "{what}: {got:?}, expected {expected:?}");
    };
    let laplace = [0.09989154600336497, -1.8227829553382275, -0.9540904672629393];
    close("laplace", random::laplace(&key, 3, d), laplace);
    let gamma = [0.07982566442174471, 0.3830288853253235, 0.2606166640388692];
    close("gamma", random::gamma(&key, 0.7, 3, d), gamma);
    let loggamma = [-11.17651966668512, -7.513121365216666, -16.640803061730526];
    close("loggamma", random::loggamma(&key, 0.1, 3, d), loggamma);
    let t = [2.2219972073011856, 0.09396558729056961, 0.26230483654514264];
    close("t", random::t(&key, 5.0, 3, d), t);
    let wald = [0.12378890730683523, 1.7581523696453651, 1.3155795045907757];
    close("wald", random::wald(&key, 2.0, 3, d), wald);
    // Their signs are drawn in f64 too.
    let normal = [0.16846374916745047, 0.498738797059245, -0.11537237843381459];
    close("generalized_normal", random::generalized_normal(&key, 1.5, 3, d), normal);
    let maxwell = [2.342250783452541, 1.7942704738527813, -0.4019882007408013];
    close("double_sided_maxwell", random::double_sided_maxwell(&key, 1.0, 0.5, 3, d), maxwell);
    let ball = [-0.859699542567067, 0.46145390548567516, -0.09317522394987474];
    close("ball", random::ball(&key, 3, 2.0, (), d), ball);
    let slope =
        |a: f64| nnx_core::grad(|a: &Array| random::gamma(&key, a, (), d), &Array::scalar(a));
    let slopes = nnx_core::array::stack([0.3, 2.0, 50.0].map(slope).each_ref(), 0);
    close("slope of gamma", slopes, [0.11598183758806359, 0.4304460923576554, 0.8954590872258613]);
}

/// Counts are found in f32, whose terms do not cancel, and rounded.
#[test]
fn counts_in_short_dtypes_are_those_of_f32() {
    let (key, f) = (random::key(0), DType::F32);
    let p = Array::from([0.2_f32, 0.3, 0.5]);
    let (mean, cov) = (Array::from([1.0_f32, 2.0]), Array::from([[2.0_f32, 0.5], [0.5, 1.0]]));
    for dtype in [DType::F16, DType::BF16] {
        let same = |what: &str, short: Array, wide: Array| {
            assert_eq!(short.dtype(), dtype, "{what}");
            let wide = wide.astype(dtype).astype(f).to_vec::<f32>();
            assert_eq!(short.astype(f).to_vec::<f32>(), wide, "{what}");
        };
        for (n, q) in [(10_000, 0.5), (1000, 0.3), (8, 0.9)] {
            let draw = |dtype| random::binomial(&key, n, q, 200, dtype);
            same("binomial", draw(dtype), draw(f));
        }
        let draw = |dtype| random::multinomial(&key, 1001, &p, [50, 3], dtype);
        same("multinomial", draw(dtype), draw(f));
        let normal = random::multivariate_normal(&key, &mean, &cov, [5], dtype);
        assert_eq!((normal.dtype(), normal.shape()), (dtype, &[5, 2][..]));
        assert!(normal.is_finite().all(..).item::<bool>());
    }
}

/// Loops of rejection end for each element of a batch when its own sample is found.
#[test]
fn batches_of_keys_draw_what_each_key_draws() {
    let keys = random::split(&random::key(3), 4);
    let f = DType::F32;
    let rates = Array::from([0.3_f32, 3.0, 20.0, 500.0]);
    let p = Array::from([0.1_f32, 0.2, 0.7]);
    type Draw<'a> = &'a dyn Fn(&Key, &Array) -> Array;
    let draws: [(&str, Draw<'_>); 7] = [
        ("gamma", &|key, rate| random::gamma(key, rate, 5, f)),
        ("beta", &|key, rate| random::beta(key, rate, 2.0, 5, f)),
        ("poisson", &|key, rate| random::poisson(key, rate, 5, DType::I32).astype(f)),
        ("binomial", &|key, rate| random::binomial(key, rate, 0.3, 5, f)),
        ("multinomial", &|key, rate| random::multinomial(key, rate, &p, [2, 3], f)),
        ("choice", &|key, _| random::choice(key, 3, 5, true, Some(&p)).astype(f)),
        ("cauchy", &|key, rate| random::cauchy(key, 5, f) * rate),
    ];
    for (name, draw) in draws {
        let batch =
            nnx_core::vmap(|(key, rate): (&Key, &Array)| draw(key, rate), (&keys, &rates), 0);
        let each: Vec<Array> = (0..4)
            .map(|i| draw(&Key::from_data(keys.data().slice([i.into()])), &rates.slice([i.into()])))
            .collect();
        let each = nnx_core::array::stack(&each, 0);
        let (got, want) = (batch.to_vec::<f32>(), each.to_vec::<f32>());
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 * b.abs().max(1.0);
        assert!(got.iter().zip(&want).all(near), "{name}: {got:?}, alone {want:?}");
    }
}

#[test]
fn samples_without_elements_and_awkward_parameters() {
    let (key, f) = (random::key(1), DType::F32);
    assert_eq!(random::gamma(&key, 2.0, [0, 3], f).shape(), [0, 3]);
    assert_eq!(random::poisson(&key, 2.0, 0, DType::I32).shape(), [0]);
    assert_eq!(random::choice(&key, 0, [0, 2], true, None).shape(), [0, 2]);
    // JAX does not end for an infinite number of trials.
    assert_eq!(random::binomial(&key, f64::INFINITY, 0.5, (), f).item::<f32>(), f32::INFINITY);
    let shifted = random::poisson(&key, Array::scalar(-2.0_f32), (), DType::I32);
    assert_eq!(shifted.item::<i32>(), -1);
    let once = random::choice(&key, 1000, 1000, false, None).sort(0).to_vec::<i32>();
    assert_eq!(once, (0..1000).collect::<Vec<_>>());
}

#[test]
fn mistakes_name_the_rule() {
    let message = |f: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    };
    let key = random::key(0);
    let batch = random::split(&key, 3);
    let (f, three) = (DType::F32, Array::from([0.5_f32; 3]));
    let second = |a: &Array| nnx_core::grad(|a: &Array| random::gamma(&key, a, (), f), a);
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
        (
            &|| drop(random::poisson(&key, -1.0, 2, DType::I32)),
            "`lam` must be 0 or positive, got -1",
        ),
        (&|| drop(random::poisson(&key, 1.0, 2, f)), "makes integers, not f32"),
        (&|| drop(random::gamma(&key, 0, 2, f)), "`a` must be positive, got 0"),
        (&|| drop(random::gamma(&key, &three, 2, f)), "does not broadcast to the shape [2]"),
        (&|| drop(random::gamma(&batch, 1.0, 2, f)), "a single key"),
        (
            &|| drop(random::geometric(&key, 1.5, 2, DType::I32)),
            "`p` must be above 0 and at most 1",
        ),
        (&|| drop(random::binomial(&key, 4, -0.5, 2, f)), "`p` must be from 0 to 1"),
        (&|| drop(random::triangular(&key, 0.0, 2.0, 1.0, 2, f)), "left ≤ mode ≤ right"),
        (&|| drop(random::rademacher(&key, 2, DType::U8)), "signed integers, not u8"),
        (
            &|| drop(random::dirichlet(&key, Array::scalar(1.0_f32), 2, f)),
            "vector of concentrations",
        ),
        (&|| drop(random::multinomial(&key, 4, &three, [2, 2], f)), "has 3 categories"),
        (
            &|| drop(random::multivariate_normal(&key, &three, &three, 2, f)),
            "a covariance […, n, n]",
        ),
        (&|| drop(random::ball(&key, 3, &three, 2, f)), "does not broadcast"),
        (
            &|| drop(random::choice(&key, 4, 2, true, Some(&three))),
            "each of 4 elements, got f32[3]",
        ),
        (&|| drop(random::choice(&key, 4, 5, false, None)), "draws 5 of 4 without replacement"),
        (&|| drop(random::choice(&key, 0, 5, true, None)), "nothing to draw"),
        (
            &|| drop(random::categorical_samples(&key, &three, 0, 4, false)),
            "draws 4 of 3 categories",
        ),
        (
            &|| drop(nnx_core::grad(second, &Array::scalar(2.0_f32))),
            "gamma distribution is not known",
        ),
        (&|| drop(random::Rngs::empty().with("a", 0).params()), "no stream `params`"),
    ];
    for (f, part) in mistakes {
        let text = message(f);
        assert!(text.contains(part), "{text:?} lacks {part:?}");
        assert!(text.contains("random.rs"), "{text:?} does not name the caller's file");
    }
}
