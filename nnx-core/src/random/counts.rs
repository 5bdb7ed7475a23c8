//! Distributions of whole numbers.

use super::bits::{float_sample, raw_uniform};
use super::key::{Key, raw_split, split_into};
use super::parameters::{
    GivenParameter, Range, check_broadcast, float_program, parameter, program,
};
use crate::array::{
    AsArray, IndexMode, IntoShape, Operand, iinfo, invalid, one_program, select, shape_of,
};
use crate::graph::Array;
use crate::ops::{Cumulative, Reducer};
use crate::run::bind1;
use crate::transform::{scan, while_loop};
use crate::value::{Aval, DType, PromotionKind, scalar_bytes};

/// The carry of a loop.
type LoopOfThree = (Array, Array, Array);
type LoopOfFour = (Array, Array, Array, Array);

/// −1 or 1, each with probability ½, in an integer or float dtype. `jax.random.rademacher`.
///
/// ```
/// use nnx::{DType, random};
/// let signs = random::rademacher(&random::key(0), [2, 3], DType::I32);
/// assert_eq!(signs.to_vec::<i32>(), [-1, -1, 1, 1, -1, 1]); // as in JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` holds no −1, or a size is negative.
#[track_caller]
pub fn rademacher(key: &Key, shape: impl IntoShape, dtype: DType) -> Array {
    let op = "random::rademacher";
    if !dtype.is_float() && !dtype.is_signed_int() {
        invalid(op, format!("makes floats and signed integers, not {dtype}"));
    }
    let shape = shape_of(op, shape);
    program(op, key, &shape, dtype, &[], |key, _, shape| raw_rademacher(key, shape, dtype))
}

/// [`rademacher`] inside a trace.
pub(super) fn raw_rademacher(key: &Array, shape: &[usize], dtype: DType) -> Array {
    // As JAX, which draws in f64 where it makes f64.
    let drawn = if dtype == DType::F64 { dtype } else { DType::F32 };
    raw_uniform(key, shape, drawn).lt(0.5).astype(dtype) * 2 - 1
}

/// The number of trials up to the first success, 1 at least, where each succeeds with probability `p`;
/// in an integer dtype. `jax.random.geometric`.
///
/// `p` is a float or an array of floats that broadcasts to `shape`, above 0 and at most 1.
///
/// ```
/// use nnx::{DType, random};
/// let trials = random::geometric(&random::key(0), 0.25, 4, DType::I32);
/// assert_eq!(trials.to_vec::<i32>(), [1, 1, 4, 3]); // as in JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not an integer, a size is negative, or `p` is not a
/// float, does not broadcast to the shape, or is a number outside of (0, 1].
#[track_caller]
pub fn geometric(key: &Key, p: impl Operand, shape: impl IntoShape, dtype: DType) -> Array {
    let op = "random::geometric";
    let shape = integer_sample(op, shape, dtype);
    let float = match p.kind() {
        PromotionKind::Strong(dtype) if dtype.is_float() => dtype,
        PromotionKind::Strong(dtype) => {
            invalid(op, format!("a probability is a float, got {dtype}"))
        }
        _ => DType::F32,
    };
    program(op, key, &shape, float, &[("p", &p, Range::Chance)], |key, args, shape| {
        let u = raw_uniform(key, shape, float);
        let u = select(u.eq(0.0), u.ones_like(), &u);
        ((u.log() / (-&args[0]).log1p()).floor() + 1.0).astype(dtype)
    })
}

/// Poisson distributed numbers with mean `lam`, in an integer dtype. `jax.random.poisson`.
///
/// `lam` is a number or an array that broadcasts to `shape`, taken as f32; where an array is negative or NaN,
/// the result is −1, or the largest number of an unsigned dtype.
///
/// ```
/// use nnx::{DType, random};
/// let events = random::poisson(&random::key(0), 3.5, 4, DType::I32);
/// assert_eq!(events.to_vec::<i32>(), [0, 0, 5, 4]); // as in JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not an integer, a size is negative, `lam` does not
/// broadcast to the shape, or is a negative number.
#[track_caller]
pub fn poisson(key: &Key, lam: impl Operand, shape: impl IntoShape, dtype: DType) -> Array {
    let op = "random::poisson";
    let shape = integer_sample(op, shape, dtype);
    let parameters: [GivenParameter<'_>; 1] = [("lam", &lam, Range::NotNegative)];
    program(op, key, &shape, DType::F32, &parameters, |key, args, shape| {
        let lam = args[0].broadcast_to(shape);
        // As many rounds as JAX, which counts them in i32.
        let rounds = iinfo(dtype).1.min(i32::MAX.into()) as i32;
        let few = lam.is_nan() | lam.lt(10.0);
        let small = select(&few, &lam, lam.zeros_like());
        let large = select(&few, lam.full_like(1e5), &lam);
        let small = poisson_by_product(key, &small, shape, dtype, rounds);
        let large = poisson_by_rejection(key, &large, shape, rounds).astype(dtype);
        let out = select(&few, &small, &large);
        select(lam.eq(0.0), out.zeros_like(), &out)
    })
}

/// Multiplies uniform samples until the product is below e^−lam (Knuth).
fn poisson_by_product(
    key: &Array,
    lam: &Array,
    shape: &[usize],
    dtype: DType,
    rounds: i32,
) -> Array {
    let going = |(i, _, _, log): &LoopOfFour| log.gt(-lam).any(..) & i.lt(rounds);
    let step = |(i, k, key, log): LoopOfFour| {
        let [key, uniform] = split_into(&key);
        let k = select(log.gt(-lam), &(&k + 1), &k);
        (i + 1, k, key, log + raw_uniform(&uniform, shape, DType::F32).log())
    };
    let counts = Array::constant_int(dtype, 0).splat(shape);
    let init = (Array::constant_int(DType::I32, 0), counts, key.clone(), lam.zeros_like());
    while_loop(going, step, init).1 - 1
}

/// Transformed rejection (Hörmann 1993, PTRS).
fn poisson_by_rejection(key: &Array, lam: &Array, shape: &[usize], rounds: i32) -> Array {
    let log_lam = lam.log();
    let b = lam.sqrt() * 2.53 + 0.931;
    let a = &b * 0.02483 - 0.059;
    let inverse_alpha = 1.1328 / (&b - 3.4) + 1.1239;
    let v_r = 0.9277 - 3.6224 / (&b - 2.0);
    let going = |(i, _, accepted, _): &LoopOfFour| accepted.logical_not().any(..) & i.lt(rounds);
    let step = |(i, out, accepted, key): LoopOfFour| {
        let [key, of_u, of_v] = split_into(&key);
        let u = raw_uniform(&of_u, shape, DType::F32) - 0.5;
        let v = raw_uniform(&of_v, shape, DType::F32);
        let shifted = 0.5 - u.abs();
        let k = ((&a * 2.0 / &shifted + &b) * u + lam + 0.43).floor();
        let s = (&v * &inverse_alpha / (&a / (&shifted * &shifted) + &b)).log();
        let t = -lam + &k * &log_lam - (&k + 1.0).lgamma();
        let at_once = shifted.ge(0.07) & v.le(&v_r);
        let reject = k.lt(0.0) | (shifted.lt(0.013) & v.gt(&shifted));
        let accept = at_once | (reject.logical_not() & s.le(t));
        (i + 1, select(&accept, &k, &out), accepted | accept, key)
    };
    let none = Array::constant_scalar(DType::Bool, 0.0).splat(shape);
    let init = (Array::constant_int(DType::I32, 0), lam.full_like(-1.0), none, key.clone());
    while_loop(going, step, init).1
}

/// The number of successes among `n` trials that each succeed with probability `p`, as floats.
/// `jax.random.binomial`.
///
/// `n` and `p` are numbers or arrays that broadcast to `shape`, computed in `dtype`, in f32 for f16 and bf16; fractions
/// of `n` are dropped. Where an array holds a negative or NaN, the result is NaN.
///
/// ```
/// use nnx::{DType, random};
/// let heads = random::binomial(&random::key(0), 10, 0.5, 4, DType::F32);
/// assert_eq!(heads.to_vec::<f32>(), [6.0, 7.0, 5.0, 6.0]); // as in JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, a parameter does not
/// broadcast to the shape, `n` is a negative number, or `p` a number outside of [0, 1].
#[track_caller]
pub fn binomial(
    key: &Key,
    n: impl Operand,
    p: impl Operand,
    shape: impl IntoShape,
    dtype: DType,
) -> Array {
    let parameters: [GivenParameter<'_>; 2] =
        [("n", &n, Range::NotNegative), ("p", &p, Range::Probability)];
    let op = "random::binomial";
    float_program(op, key, shape, computed_in(dtype), &parameters, |key, args, shape| {
        let counts = raw_binomial(key, &args[0].broadcast_to(shape), &args[1].broadcast_to(shape));
        counts.astype(dtype)
    })
}

/// In which dtype counts are computed: the terms of the rejection cancel in f16 and bf16.
fn computed_in(dtype: DType) -> DType {
    if dtype.is_float() && dtype.size() < 4 { DType::F32 } else { dtype }
}

/// [`binomial`] inside a trace, of parameters of the sample's shape and dtype.
fn raw_binomial(key: &Array, n: &Array, p: &Array) -> Array {
    let (n, p) = (&n.stop_gradient(), &p.stop_gradient());
    let low = p.lt(0.5);
    // Successes, or failures if they are fewer.
    let q = select(&low, p, &(1.0 - p));
    let (bad_n, bad_q) = (n.is_nan() | n.lt(0.0), q.is_nan() | q.lt(0.0));
    let endless = n.is_inf();
    let (nan_q, q) = (q.is_nan(), select(&bad_q, q.full_like(0.01), &q));
    // No loop may wait for an infinite number of trials.
    let n = select(&endless, n.zeros_like(), n.floor());
    let few = &bad_n | (&n * &q).le(10.0);
    let small = by_geometric(key, &select(&few, &n, n.zeros_like()), &q);
    let many = select(&few, n.full_like(1e4), &n);
    let large = by_rejection(key, &many, &select(&few, q.full_like(0.5), &q));
    let out = select(&few, &small, &large);
    let invalid = &bad_n | bad_q;
    let out = select(&invalid, out.full_like(f64::NAN), &out);
    let unbounded = &endless & invalid.logical_not();
    let out = select(&unbounded, out.full_like(f64::INFINITY), &out);
    select(&(low | bad_n | nan_q | endless), &out, &(n - &out))
}

/// Adds geometric samples, the distances between successes, until they exceed `n`.
fn by_geometric(key: &Array, n: &Array, p: &Array) -> Array {
    let log_failure = (-p).log1p();
    let going = |(_, sum, _): &LoopOfThree| sum.le(n).any(..);
    let step = |(count, sum, key): LoopOfThree| {
        let [uniform, key] = split_into(&key);
        let count = select(sum.le(n), &(&count + 1.0), &count);
        let u = raw_uniform(&uniform, n.shape(), n.dtype());
        (count, sum + (u.log() / &log_failure).ceil(), key)
    };
    while_loop(going, step, (n.zeros_like(), n.zeros_like(), key.clone())).0 - 1.0
}

/// Transformed rejection (Hörmann 1993, BTRS).
fn by_rejection(key: &Array, n: &Array, p: &Array) -> Array {
    let (shape, dtype) = (n.shape(), n.dtype());
    let deviation = (n * p * (1.0 - p)).sqrt();
    let b = &deviation * 2.53 + 1.15;
    let a = &b * 0.0248 - 0.0873 + p * 0.01;
    let c = n * p + 0.5;
    let v_r = 0.92 - 4.2 / &b;
    let r = p / (1.0 - p);
    let alpha = (5.1 / &b + 2.83) * deviation;
    let m = ((n + 1.0) * p).floor();
    let step = |(out, accepted, key): LoopOfThree| {
        let [key, of_u, of_v] = split_into(&key);
        let u = raw_uniform(&of_u, shape, dtype);
        let v = raw_uniform(&of_v, shape, dtype);
        let u = u - 0.5;
        let us = 0.5 - u.abs();
        let at_once = us.ge(0.07) & v.le(&v_r);
        let k = ((&a * 2.0 / &us + &b) * u + &c).floor();
        let reject = k.lt(0.0) | k.gt(n);
        let v = (v * &alpha / (&a / (&us * &us) + &b)).log();
        let bound = (&m + 0.5) * ((&m + 1.0) / (&r * (n - &m + 1.0))).log()
            + (n + 1.0) * ((n - &m + 1.0) / (n - &k + 1.0)).log()
            + (&k + 0.5) * (&r * (n - &k + 1.0) / (&k + 1.0)).log()
            + stirling_tail(&m)
            + stirling_tail(&(n - &m))
            - stirling_tail(&k)
            - stirling_tail(&(n - &k));
        let accept = at_once | (reject.logical_not() & v.le(bound));
        (select(&accept, &k, &out), accepted | accept, key)
    };
    let none = Array::constant_scalar(DType::Bool, 0.0).splat(shape);
    let going = |(_, accepted, _): &LoopOfThree| accepted.logical_not().any(..);
    while_loop(going, step, (n.full_like(-1.0), none, key.clone())).0
}

/// log k! less Stirling's formula for it.
fn stirling_tail(k: &Array) -> Array {
    const TAILS: [f64; 10] = [
        0.0810614667953272,
        0.0413406959554092,
        0.0276779256849983,
        0.02079067210376509,
        0.0166446911898211,
        0.0138761288230707,
        0.0118967099458917,
        0.0104112652619720,
        0.00925546218271273,
        0.00833056343336287,
    ];
    let dtype = k.dtype();
    let small = k.le(9.0);
    let k = k.clip(0.0, 9.0);
    let next = &k + 1.0;
    let squared = &next * &next;
    let approx = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / &squared) / &squared) / next;
    let bytes = TAILS.iter().flat_map(|&tail| scalar_bytes(dtype, tail)).collect();
    let tails = Array::constant(Aval::new(dtype, &[TAILS.len()]), bytes);
    let at = k.floor().astype(DType::I32);
    select(&small, tails.take_mode(&at, 0, IndexMode::Clip), &approx)
}

/// How many of `n` trials end in each category, as floats whose sum along the last axis is `n` without its fraction.
/// `jax.random.multinomial`.
///
/// `p` `[…, k]` has the probabilities of the categories along its last axis, scaled to the sum 1, and
/// broadcasts to `shape`, the shape of the result, categories included. `n` is a number or an array that
/// broadcasts to `shape` without its last axis.
///
/// ```
/// use nnx::{Array, DType, random};
/// let p = Array::from([0.2_f32, 0.3, 0.5]);
/// let counts = random::multinomial(&random::key(0), 20, &p, [4, 3], DType::F32);
/// assert_eq!(counts.sum(-1).to_vec::<f32>(), [20.0; 4]);
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `dtype` is not a float, a size is negative, `shape` has no axis,
/// `p` has no axis or another number of categories, a parameter does not broadcast, or `n` is a negative number.
#[track_caller]
pub fn multinomial(
    key: &Key,
    n: impl Operand,
    p: impl AsArray,
    shape: impl IntoShape,
    dtype: DType,
) -> Array {
    let p = p.as_array();
    let op = "random::multinomial";
    let data = key.single(op);
    let shape = float_sample(op, shape, dtype);
    let (Some((&k, others)), Some(&categories)) = (shape.split_last(), p.shape().last()) else {
        let aval = p.aval();
        invalid(op, format!("needs a last axis of categories, got `p` {aval} and shape {shape:?}"));
    };
    if k != categories {
        let aval = p.aval();
        invalid(op, format!("`p` {aval} has {categories} categories, the shape {shape:?} has {k}"));
    }
    check_broadcast(op, "probabilities", p, p.shape(), &shape);
    Range::NotNegative.check(op, "n", &n);
    let wide = computed_in(dtype);
    let n = parameter(op, &n, wide, others);
    one_program("multinomial", &[data.clone(), n, p.astype(wide)], |args| {
        let (n, p) = (args[1].broadcast_to(others), args[2].broadcast_to(&shape[..]));
        let p = p.moveaxis(-1, 0);
        let rest = bind1(Cumulative { reducer: Reducer::Sum, dim: 0, reverse: true }, &[&p]);
        let ratios = p / select(rest.eq(0.0), rest.ones_like(), &rest);
        let keys = raw_split(&args[0], &[k]);
        let step = |left: Array, (ratio, key): (&Array, &Array)| {
            let count = raw_binomial(key, &left, &ratio.clip(0.0, 1.0));
            (left - &count, count)
        };
        let (_, counts) = scan(step, n, (&ratios, &keys));
        counts.moveaxis(0, -1).astype(dtype)
    })
}

/// Checks an integer sample's dtype; gives its shape.
#[track_caller]
fn integer_sample(op: &str, shape: impl IntoShape, dtype: DType) -> Vec<usize> {
    if !dtype.is_int() {
        invalid(op, format!("makes integers, not {dtype}"));
    }
    shape_of(op, shape)
}
