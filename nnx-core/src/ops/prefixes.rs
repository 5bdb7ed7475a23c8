//! All prefixes of lists of arrays, combined by an associative function.

use super::{Pad, Slice};
use crate::array::concatenate;
use crate::graph::Array;
use crate::run::bind1;
use crate::value::DType;

/// Combines two lists of leaves.
pub(crate) type Combine<'a> = dyn Fn(&[Array], &[Array]) -> Vec<Array> + 'a;

/// Neighbours combined are half as many elements; their prefixes are the odd ones of the result,
/// and one more combination each gives the even ones.
pub(crate) fn prefixes(
    xs: &[Array],
    along: &dyn Fn(&Array) -> usize,
    combine: &Combine<'_>,
) -> Vec<Array> {
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
        joined.map(|(a, b)| concatenate([a, b], along(a) as isize)).collect()
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
    if a.dtype() == DType::Bool { even.logical_or(&odd) } else { even + odd }
}
