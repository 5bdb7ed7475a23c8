//! Samples are the same in a jitted function as outside, and gradients pass through their parameters.

use nnx::random::{self, Key};
use nnx::{Array, DType, grad};

fn samples(key: &Key, rate: &Array) -> Vec<Array> {
    let f = DType::F32;
    let p = Array::from([0.1_f32, 0.2, 0.7]);
    vec![
        random::gamma(key, rate, 6, f),
        random::t(key, rate, 6, f),
        random::poisson(key, rate, 6, DType::I32).astype(f),
        random::binomial(key, 20, 0.3, 6, f),
        random::multinomial(key, rate.floor(), &p, [2, 3], f),
        random::choice(key, 3, 6, true, Some(&p)).astype(f),
        random::choice(key, 30, 6, false, None).astype(f),
        random::wald(key, rate, 6, f),
    ]
}

#[nnx::jit]
fn jitted(key: &Key, rate: &Array) -> Vec<Array> {
    samples(key, rate)
}

#[nnx::jit]
fn slope(key: &Key, rate: &Array) -> Array {
    grad(|rate: &Array| random::gamma(key, rate, 6, DType::F32).sum(..), rate)
}

#[test]
fn a_jitted_function_draws_the_same() {
    for (seed, rate) in [(0, 0.4_f32), (1, 12.0)] {
        let (key, rate) = (random::key(seed), Array::scalar(rate));
        let (eager, inside) = (samples(&key, &rate), jitted(&key, &rate));
        for (i, (a, b)) in eager.iter().zip(&inside).enumerate() {
            let (a, b) = (a.to_vec::<f32>(), b.to_vec::<f32>());
            let near = a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-5 * a.abs().max(1.0));
            assert!(near, "sample {i}: {a:?} outside, {b:?} inside");
        }
    }
}

#[test]
fn a_sample_of_the_gamma_distribution_grows_with_its_parameter() {
    let (key, rate) = (random::key(5), Array::scalar(2.5_f32));
    let total = |rate: &Array| random::gamma(&key, rate, 6, DType::F32).sum(..).item::<f32>();
    let step = 1e-2_f32;
    let difference = (total(&(&rate + step)) - total(&(&rate - step))) / (2.0 * step);
    let found = slope(&key, &rate).item::<f32>();
    assert!((found - difference).abs() < 0.02 * difference, "{found}, by difference {difference}");
}
