//! Draws from what is given: numbers below one, parts of an array, categories.

use super::bits::{raw_randint, raw_uniform};
use super::distributions::raw_gumbel;
use super::key::Key;
use super::parameters::check_broadcast;
use super::permutation::raw_permutation;
use crate::array::OptionalArray;
use crate::array::{AsArray, IndexMode, IntoShape, dim, invalid, one_program, shape_of};
use crate::graph::Array;
use crate::value::{DType, saturating_product};

/// Draws from 0, 1, …, `n` − 1, as i32: with replacement, or each number at most once. With fewer positive probabilities
/// than draws without replacement, numbers of probability 0 are among them, as in JAX.
/// `jax.random.choice` of a number.
///
/// `p` `[n]` has the probability of each number, with the sum 1; without it all are equally likely. It has no
/// gradient.
///
/// ```
/// use nnx::{Array, random};
/// let p = Array::from([0.0_f32, 0.5, 0.5]);
/// let drawn = random::choice(&random::key(0), 3, [2], false, Some(&p));
/// assert_eq!(drawn.to_vec::<i32>(), [1, 2]); // as in JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, a size is negative, `p` is not `[n]` or no numbers, or more is drawn than
/// there is: anything from 0 numbers, or more than `n` without replacement.
#[track_caller]
pub fn choice(
    key: &Key,
    n: usize,
    shape: impl IntoShape,
    replace: bool,
    p: impl OptionalArray,
) -> Array {
    let p = p.optional();
    let op = "random::choice";
    let shape = shape_of(op, shape);
    check_draws(op, n, &shape, replace, p);
    let args: Vec<Array> = [key.single(op)].into_iter().chain(p).cloned().collect();
    one_program("choice", &args, |args| draws(&args[0], n, &shape, replace, args.get(1)))
}

/// Draws parts of `x` along `axis`: with replacement, or each part at most once. The axis is replaced
/// by the axes of `shape`. Differentiable with respect to `x`. `jax.random.choice` of an array.
///
/// `p` has the probability of each part, with the sum 1; without it all are equally likely. It has no
/// gradient.
///
/// ```
/// use nnx::{DType, array::arange, random};
/// let x = arange(12, DType::F32).reshape([4, 3]);
/// let rows = random::choice_from(&random::key(0), &x, 0, [2], false, None);
/// assert_eq!(rows.to_vec::<f32>(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]); // as in JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, there is no such axis, a size is negative, `p` is not a vector of
/// the axis' size or no numbers, or more is drawn than there is: anything from an empty axis, or more than its size
/// without replacement.
#[track_caller]
pub fn choice_from(
    key: &Key,
    x: impl AsArray,
    axis: isize,
    shape: impl IntoShape,
    replace: bool,
    p: impl OptionalArray,
) -> Array {
    let x = x.as_array();
    let p = p.optional();
    let op = "random::choice_from";
    let shape = shape_of(op, shape);
    let n = x.shape()[dim(op, axis, x.aval())];
    check_draws(op, n, &shape, replace, p);
    let args: Vec<Array> = [key.single(op), x].into_iter().chain(p).cloned().collect();
    one_program("choice", &args, |args| {
        let at = draws(&args[0], n, &shape, replace, args.get(2));
        args[1].take_mode(&at, axis, IndexMode::Clip)
    })
}

/// Stops if there is not enough to draw from, or the probabilities do not fit.
#[track_caller]
fn check_draws(op: &str, n: usize, shape: &[usize], replace: bool, p: Option<&Array>) {
    let wanted = saturating_product(shape);
    if n == 0 && wanted > 0 {
        invalid(op, format!("there is nothing to draw {shape:?} from"));
    }
    if i32::try_from(n).is_err() {
        invalid(op, format!("draws from at most {} elements, not {n}", i32::MAX));
    }
    if !replace && wanted > n {
        invalid(
            op,
            format!("draws {wanted} of {n} without replacement; draw fewer, or with `replace`"),
        );
    }
    if let Some(p) = p
        && (p.shape() != [n] || p.dtype() == DType::Bool || p.dtype().is_complex())
    {
        invalid(op, format!("`p` has a probability for each of {n} elements, got {}", p.aval()));
    }
}

/// Indices below `n`, inside a trace.
fn draws(key: &Array, n: usize, shape: &[usize], replace: bool, p: Option<&Array>) -> Array {
    let count = saturating_product(shape);
    if count == 0 {
        return Array::constant_int(DType::I32, 0).splat(shape);
    }
    let p = p.map(|p| p.to_inexact().stop_gradient());
    match (p, replace) {
        (None, true) => {
            let [low, high] = [0, n as i64].map(|bound| Array::constant_int(DType::I64, bound));
            raw_randint(key, shape, &low, &high, DType::I32)
        }
        (None, false) => raw_permutation(key, n).slice([(..count).into()]).reshape(shape),
        (Some(p), true) => {
            // The sum need not be 1 exactly: the samples are below it in any case.
            let ends = p.cumsum(0);
            let u = 1.0 - raw_uniform(key, shape, p.dtype());
            let last = Array::constant_int(DType::I32, n as i64 - 1);
            ends.searchsorted(&(ends.slice([(n - 1).into()]) * u), false).minimum(&last)
        }
        (Some(p), false) => {
            let scores = raw_gumbel(key, &[n], p.dtype()) + p.log();
            scores.top_k(count).1.reshape(shape)
        }
    }
}

/// One index per distribution, drawn with the probabilities softmax(`logits`) along `axis`; i32.
/// `jax.random.categorical` with its default shape.
///
/// ```
/// use nnx::{Array, random};
///
/// // Two distributions over three categories, one in each row.
/// let logits = Array::from([[0.0_f32, 1.0, 0.0], [0.5, 0.0, 0.5]]).log();
/// let drawn = random::categorical(&random::key(0), &logits, -1);
/// assert_eq!(drawn.to_vec::<i32>(), [1, 0]); // the numbers of JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `logits` are not floats, or there is no such axis.
#[track_caller]
pub fn categorical(key: &Key, logits: impl AsArray, axis: isize) -> Array {
    let logits = logits.as_array();
    let op = "random::categorical";
    let (data, d) = (key.single(op), checked_logits(op, logits, axis));
    one_program("categorical", &[data.clone(), logits.clone()], |args| {
        let noise = raw_gumbel(&args[0], args[1].shape(), args[1].dtype());
        (noise + &args[1]).argmax(d as isize)
    })
}

/// Indices of `shape`, drawn with the probabilities softmax(`logits`) along `axis`, as i32: with
/// replacement, or each index at most once along the leading axes of `shape`. `jax.random.categorical`.
///
/// The axes of `logits` but `axis` broadcast to `shape`, aligned at its end; without replacement they are its end,
/// and its leading axes together are at most the number of categories.
///
/// ```
/// use nnx::{DType, array::zeros, random};
/// let logits = zeros([2, 5], DType::F32);
/// let three_each = random::categorical_samples(&random::key(0), &logits, -1, [3, 2], false);
/// assert_eq!(three_each.to_vec::<i32>(), [1, 3, 0, 2, 4, 1]); // as in JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys, `logits` are not floats, there is no such axis, a size is
/// negative, the other axes do not fit the shape, or more is drawn without replacement than there are categories.
#[track_caller]
pub fn categorical_samples(
    key: &Key,
    logits: impl AsArray,
    axis: isize,
    shape: impl IntoShape,
    replace: bool,
) -> Array {
    let logits = logits.as_array();
    let op = "random::categorical_samples";
    let (data, d) = (key.single(op), checked_logits(op, logits, axis));
    let shape = shape_of(op, shape);
    let mut others = logits.shape().to_vec();
    let n = others.remove(d);
    check_broadcast(op, "logits", logits, &others, &shape);
    let (front, back) = shape.split_at(shape.len() - others.len());
    let count = saturating_product(front);
    if !replace && back != others {
        let aval = logits.aval();
        invalid(
            op,
            format!("without replacement the shape of {aval} ends with {others:?}, got {shape:?}"),
        );
    }
    if !replace && count > n {
        invalid(
            op,
            format!(
                "draws {count} of {n} categories without replacement; draw fewer, or with `replace`"
            ),
        );
    }
    one_program("categorical", &[data.clone(), logits.clone()], |args| {
        let (key, logits) = (&args[0], &args[1]);
        if replace {
            let mut noise = shape.clone();
            noise.insert(front.len() + d, n);
            let noise = raw_gumbel(key, &noise, logits.dtype());
            return (noise + logits).argmax((front.len() + d) as isize);
        }
        let scores = logits + raw_gumbel(key, logits.shape(), logits.dtype());
        let (_, indices) = scores.moveaxis(d as isize, -1).top_k(count);
        indices.moveaxis(-1, 0).reshape(&shape[..])
    })
}

/// The axis of the categories.
#[track_caller]
fn checked_logits(op: &str, logits: &Array, axis: isize) -> usize {
    if !logits.dtype().is_float() {
        invalid(op, format!("takes float logits, got {}", logits.aval()));
    }
    dim(op, axis, logits.aval())
}
