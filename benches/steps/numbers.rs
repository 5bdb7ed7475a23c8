//! Initial numbers and batches that another language can make bit for bit: element i of a seed is the i-th output of
//! splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). `peers.py` has the same.

use nnx::{Array, Param};

fn splitmix64(seed: u64, shape: &[usize]) -> impl Iterator<Item = u64> {
    (1..=shape.iter().product::<usize>() as u64).map(move |i| {
        let z = seed.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}

/// f32 from `low` to `high`, in steps of a 2²⁴th of the range.
pub(crate) fn uniform(seed: u64, shape: &[usize], [low, high]: [f64; 2]) -> Array {
    let number = |z: u64| (low + (high - low) * ((z >> 40) as f64 / f64::from(1 << 24))) as f32;
    Array::from_slice(&splitmix64(seed, shape).map(number).collect::<Vec<_>>(), shape)
}

/// i32 from 0 to `end`, without it.
pub(crate) fn integers(seed: u64, shape: &[usize], end: u64) -> Array {
    let number = |z: u64| ((z >> 32) % end) as i32;
    Array::from_slice(&splitmix64(seed, shape).map(number).collect::<Vec<_>>(), shape)
}

/// Gives a kernel numbers within ±1/√n, where n is the size of all its axes but the last.
pub(crate) fn set_kernel(kernel: &mut Param, seed: u64) {
    let shape = kernel.shape();
    let fan_in: usize = shape[..shape.len() - 1].iter().product();
    let bound = 1.0 / (fan_in as f64).sqrt();
    kernel.set(uniform(seed, shape, [-bound, bound]));
}
