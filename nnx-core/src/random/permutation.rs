//! Random orders.

use super::bits::raw_bits;
use super::key::{Key, raw_split};
use crate::array::{IndexMode, arange, dim, one_program, sort_key_val};
use crate::graph::Array;
use crate::value::DType;

/// 0, 1, …, `n` − 1 in random order, i32. `jax.random.permutation` of a number.
///
/// ```no_run
/// use nnx_core::random;
/// let order = random::permutation(&random::key(0), 60_000);
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys.
#[track_caller]
pub fn permutation(key: &Key, n: usize) -> Array {
    let data = key.single("random::permutation");
    one_program("permutation", std::slice::from_ref(data), |args| {
        raw_shuffle(&args[0], arange(n, DType::I32))
    })
}

/// `x` with its parts along `axis` in random order. `jax.random.permutation` of an array.
///
/// # Panics
/// Panics if `key` is a batch of keys or there is no such axis.
#[track_caller]
pub fn shuffle(key: &Key, x: &Array, axis: isize) -> Array {
    let op = "random::shuffle";
    let data = key.single(op);
    let d = dim(op, axis, x.aval());
    one_program("shuffle", &[data.clone(), x.clone()], |args| {
        let (key, x) = (&args[0], &args[1]);
        if x.rank() == 1 {
            return raw_shuffle(key, x.clone());
        }
        let order = raw_shuffle(key, arange(x.shape()[d], DType::I32));
        x.take_mode(&order, axis, IndexMode::PromiseInBounds)
    })
}

/// Shuffles a vector: sorts it by random 32-bit keys, as often as makes it unlikely that two
/// elements have equal keys in all rounds. JAX repeats ⌈3 ln n / ln 2³²⌉ times.
fn raw_shuffle(key: &Array, mut x: Array) -> Array {
    let rounds = (3.0 * (x.size().max(1) as f64).ln() / f64::from(u32::MAX).ln()).ceil() as usize;
    let mut key = key.clone();
    for _ in 0..rounds {
        let keys = raw_split(&key, &[2]);
        let [next, subkey] = [0, 1].map(|i| keys.slice([i.into()]));
        let order = raw_bits(&subkey, x.shape(), DType::U32);
        (_, x) = sort_key_val(&order, &x, 0);
        key = next;
    }
    x
}
