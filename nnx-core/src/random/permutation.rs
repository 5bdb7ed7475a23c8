//! Random orders.

use super::bits::raw_bits;
use super::key::{Key, split_into};
use crate::array::{AsArray, IndexMode, arange, dim, one_program, sort_key_val};
use crate::graph::Array;
use crate::value::DType;

/// 0, 1, …, `n` − 1 in random order, i32. `jax.random.permutation` of a number.
///
/// ```
/// use nnx::random;
///
/// let order = random::permutation(&random::key(1), 5);
/// assert_eq!(order.to_vec::<i32>(), [3, 2, 0, 1, 4]); // as in JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys.
#[track_caller]
pub fn permutation(key: &Key, n: usize) -> Array {
    let data = key.single("random::permutation");
    one_program("permutation", std::slice::from_ref(data), |args| raw_permutation(&args[0], n))
}

/// `x` with its parts along `axis` in random order. `jax.random.permutation` of an array.
///
/// ```
/// use nnx::{Array, random};
///
/// let x = Array::from([[1, 10], [2, 20], [3, 30]]);
/// let rows = random::shuffle(&random::key(1), &x, 0); // as in JAX
/// assert_eq!(rows.to_vec::<i32>(), [3, 30, 1, 10, 2, 20]);
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys or there is no such axis.
#[track_caller]
pub fn shuffle(key: &Key, x: impl AsArray, axis: isize) -> Array {
    shuffle_of(key, x.as_array(), axis)
}

#[track_caller]
fn shuffle_of(key: &Key, x: &Array, axis: isize) -> Array {
    let op = "random::shuffle";
    let data = key.single(op);
    let d = dim(op, axis, x.aval());
    one_program("shuffle", &[data.clone(), x.clone()], |args| {
        let (key, x) = (&args[0], &args[1]);
        if x.rank() == 1 {
            return raw_shuffle(key, x.clone(), 0);
        }
        let order = raw_permutation(key, x.shape()[d]);
        x.take_mode(&order, axis, IndexMode::PromiseInBounds)
    })
}

/// `x` with the elements of each line along `axis` in a random order of their own.
/// `jax.random.permutation` with `independent=True`.
///
/// ```
/// use nnx::{Array, random};
/// let x = Array::from_slice(&[1, 2, 3, 10, 20, 30], [2, 3]);
/// let y = random::shuffle_independent(&random::key(0), &x, 1);
/// assert_eq!(y.sum(1).to_vec::<i32>(), [6, 60]);
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys or there is no such axis.
#[track_caller]
pub fn shuffle_independent(key: &Key, x: impl AsArray, axis: isize) -> Array {
    let x = x.as_array();
    let op = "random::shuffle_independent";
    let data = key.single(op);
    dim(op, axis, x.aval());
    one_program("shuffle_independent", &[data.clone(), x.clone()], |args| {
        raw_shuffle(&args[0], args[1].clone(), axis)
    })
}

/// [`permutation`] inside a trace.
pub(super) fn raw_permutation(key: &Array, n: usize) -> Array {
    raw_shuffle(key, arange(n, DType::I32), 0)
}

/// Shuffles each line along `axis`: sorts it by random 32-bit keys, as often as makes it unlikely that
/// two elements have equal keys in all rounds. JAX repeats ⌈3 ln n / ln 2³²⌉ times.
fn raw_shuffle(key: &Array, mut x: Array, axis: isize) -> Array {
    let rounds = (3.0 * (x.size().max(1) as f64).ln() / f64::from(u32::MAX).ln()).ceil() as usize;
    let mut key = key.clone();
    for _ in 0..rounds {
        let [next, subkey] = split_into(&key);
        let order = raw_bits(&subkey, x.shape(), DType::U32);
        (_, x) = sort_key_val(&order, &x, axis);
        key = next;
    }
    x
}
