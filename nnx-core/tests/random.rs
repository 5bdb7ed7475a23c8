//! Random numbers: equal to JAX's, and well behaved.
#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod golden;

use golden::{Case, cases};
use nnx_core::array::{concatenate, stack};
use nnx_core::random::{self, Key};
use nnx_core::{Array, DType};

/// Runs `check` on each case `PREFIX.SEED`, with the key of that seed.
fn for_each_seed(prefix: &str, check: impl Fn(&Case, Key)) {
    let mut seen = 0;
    for (name, case) in cases("random") {
        let Some(seed) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) else {
            continue;
        };
        check(&case, random::key(seed.parse().unwrap()));
        seen += 1;
    }
    assert_eq!(seen, 4, "cases of {prefix}");
}

#[test]
fn keys_equal_jax() {
    for_each_seed("key", |case, key| case.check("out.data", key.data(), 0.0));
    for_each_seed("split", |case, key| {
        case.check("out.data", random::split(&key, 5).data(), 0.0);
    });
    for_each_seed("split2", |case, key| {
        case.check("out.data", random::split(&key, [2, 3]).data(), 0.0);
    });
    for_each_seed("fold_in", |case, key| {
        let keys = [0_u32, 1, 7, 1 << 31].map(|d| random::fold_in(&key, d).into_data());
        case.check("out.data", &stack(&keys.each_ref(), 0), 0.0);
    });
}

#[test]
fn bits_and_uniform_equal_jax() {
    for dtype in [DType::U8, DType::U16, DType::U32] {
        let name = format!("bits.{}", format!("{dtype:?}").to_lowercase().replace('u', "uint"));
        for_each_seed(&name, |case, key| {
            case.check("out.y", &random::bits(&key, [3, 5], dtype), 0.0);
        });
    }
    for_each_seed("uniform", |case, key| {
        case.check("out.y", &random::uniform(&key, [7, 3], DType::F32), 0.0);
    });
    for_each_seed("uniform_range", |case, key| {
        let sample = random::uniform_range(&key, 64, -2.0, 3.0, DType::F32);
        case.check("out.y", &sample, 0.0);
    });
}

#[test]
fn integers_equal_jax() {
    for_each_seed("randint", |case, key| {
        case.check("out.y", &random::randint(&key, 33, 0, 10, DType::I32), 0.0);
    });
    for_each_seed("randint2", |case, key| {
        case.check("out.y", &random::randint(&key, 33, -5, 1000, DType::I32), 0.0);
    });
}

#[test]
fn distributions_equal_jax() {
    const TOL: f64 = 2e-6;
    for_each_seed("normal", |case, key| {
        case.check("out.y", &random::normal(&key, [5, 9], DType::F32), TOL);
    });
    for_each_seed("truncated_normal", |case, key| {
        let sample = random::truncated_normal(&key, -2.0, 2.0, 40, DType::F32);
        case.check("out.y", &sample, TOL);
    });
    for_each_seed("bernoulli", |case, key| {
        case.check("out.y", &random::bernoulli(&key, 0.3, 50), 0.0);
    });
    for_each_seed("gumbel", |case, key| {
        case.check("out.y", &random::gumbel(&key, 20, DType::F32), TOL);
    });
    for_each_seed("categorical", |case, key| {
        case.check("out.y", &random::categorical(&key, case.get("in.logits"), -1), 0.0);
    });
    for_each_seed("exponential", |case, key| {
        case.check("out.y", &random::exponential(&key, 20, DType::F32), TOL);
    });
}
