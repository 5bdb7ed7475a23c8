//! `map` and `associative_scan`.

use super::scan::{ScanInputs, scan};
use super::tree::{TreeArgument, difference, invalid, leaves, with_leaves};
use crate::array::{concatenate, dim};
use crate::graph::bind1;
use crate::ops::{Pad, Slice};
use crate::{Array, Module};
use std::panic::Location;

/// Applies `f` to each slice of `xs` along its first axis, one after the other, and stacks the
/// results. `jax.lax.map`.
///
/// As [`scan`] without a carry: it takes the same options, needs the memory of one element at a time,
/// and is slower than [`vmap`](super::vmap()), which does all elements at once.
///
/// ```
/// # use nnx_core::{Array, DType, array::arange, map_slices};
/// let squares = map_slices(|x: &Array| x.square(), &arange(4, DType::F32));
/// assert_eq!(squares.to_vec::<f32>(), [0.0, 1.0, 4.0, 9.0]);
/// ```
///
/// # Panics
/// As [`scan`].
#[track_caller]
pub fn map_slices<X, Y, F>(f: F, xs: X) -> Y
where
    X: ScanInputs,
    Y: Module,
    F: for<'t> FnOnce(<X::Xs as TreeArgument>::Body<'t>) -> Y,
{
    scan(|(), x: <X::Xs as TreeArgument>::Body<'_>| ((), f(x)), (), xs).1
}

/// All prefixes of `xs` along `axis`, combined by the associative function `f`: element `i` of the
/// result is `f(…f(x₀, x₁)…, xᵢ)`, or with `reverse`, from the last of n elements on,
/// `f(…f(xₙ₋₁, xₙ₋₂)…, xᵢ)`. `jax.lax.associative_scan`.
///
/// `f` combines many elements at once: it gets two trees like `xs`, shorter along the axis, and
/// returns one. It is applied about 2 log₂ n times, which is what makes it faster than [`scan`] on
/// parallel hardware. The method is that of Blelloch, "Prefix sums and their applications", 1990.
///
/// ```
/// # use nnx_core::{Array, DType, array::arange, associative_scan};
/// let sums = associative_scan(|a: &Array, b: &Array| a + b, &arange(5, DType::F32), 0, false);
/// assert_eq!(sums.to_vec::<f32>(), [0.0, 1.0, 3.0, 6.0, 10.0]);
/// ```
///
/// # Panics
/// When the leaves differ in length along the axis, or `f` returns another structure or other
/// shapes than it gets.
#[track_caller]
pub fn associative_scan<T: Module>(
    f: impl Fn(&T, &T) -> T,
    xs: &T,
    axis: isize,
    reverse: bool,
) -> T {
    const { crate::module::check::tree::<T>("associative_scan") };
    let location = Location::caller();
    let arrays = leaves(xs);
    let Some(first) = arrays.first() else { return with_leaves(xs, &[]) };
    let length = |x: &Array| x.shape()[dim("associative_scan", axis, x.aval())];
    let n = length(first);
    if let Some(other) = arrays.iter().find(|x| length(x) != n) {
        let message =
            format!("{} and {} differ in length along axis {axis}", first.aval(), other.aval());
        invalid("associative_scan", message, location);
    }
    let combine = |a: &[Array], b: &[Array]| {
        let (a, b) = (with_leaves(xs, a), with_leaves(xs, b));
        let combined = f(&a, &b);
        if let Some(what) = difference(&a, &combined, ["its arguments", "its result"]) {
            let message = format!("the function must keep structure, shapes and dtypes: {what}");
            invalid("associative_scan", message, location);
        }
        leaves(&combined)
    };
    let along = |x: &Array| dim("associative_scan", axis, x.aval());
    let flip = |xs: &[Array]| -> Vec<Array> {
        xs.iter().map(|x| if reverse { x.flip(along(x) as isize) } else { x.clone() }).collect()
    };
    let outs = super::staged("associative_scan", &arrays, |args| {
        flip(&prefixes(&flip(args), &along, &combine))
    });
    with_leaves(xs, &crate::error::or_raise(outs))
}

/// Combines two lists of leaves.
type Combine<'a> = dyn Fn(&[Array], &[Array]) -> Vec<Array> + 'a;

/// Neighbours combined are half as many elements; their prefixes are the odd ones of the result,
/// and one more combination each gives the even ones.
fn prefixes(xs: &[Array], along: &dyn Fn(&Array) -> usize, combine: &Combine<'_>) -> Vec<Array> {
    let n = xs[0].shape()[along(&xs[0])];
    if n < 2 {
        return xs.to_vec();
    }
    let part = |xs: &[Array], start: usize, limit: usize, stride: usize| -> Vec<Array> {
        xs.iter().map(|x| strided(x, along(x), start, limit, stride)).collect()
    };
    let pairs = combine(&part(xs, 0, n - 1, 2), &part(xs, 1, n, 2));
    let odd = prefixes(&pairs, along, combine);
    let first = part(xs, 0, 1, 1);
    let even: Vec<Array> = if n == 2 {
        first
    } else {
        let rest = combine(&part(&odd, 0, (n - 1) / 2, 1), &part(xs, 2, n, 2));
        let joined = first.iter().zip(&rest);
        joined.map(|(a, b)| concatenate(&[a, b], along(a) as isize)).collect()
    };
    even.iter().zip(&odd).map(|(a, b)| interleave(a, b, along(a))).collect()
}

/// Every `stride`-th element along `dim`, from `start` to `limit`.
fn strided(x: &Array, dim: usize, start: usize, limit: usize, stride: usize) -> Array {
    let mut op =
        Slice { start: vec![0; x.rank()], limit: x.shape().to_vec(), stride: vec![1; x.rank()] };
    (op.start[dim], op.limit[dim], op.stride[dim]) = (start, limit, stride);
    bind1(op, &[x])
}

/// Elements of `a` and `b` in turn.
fn interleave(a: &Array, b: &Array, dim: usize) -> Array {
    let (na, nb) = (a.shape()[dim], b.shape()[dim]);
    let mut config = vec![(0, 0, 0); a.rank()];
    let zero = Array::constant_scalar(a.dtype(), 0.0);
    config[dim] = (0, i64::from(na == nb), 1);
    let even = bind1(Pad(config.clone()), &[a, &zero]);
    config[dim] = (1, i64::from(na != nb), 1);
    let odd = bind1(Pad(config), &[b, &zero]);
    if a.dtype() == crate::DType::Bool { even.logical_or(&odd) } else { even + odd }
}
