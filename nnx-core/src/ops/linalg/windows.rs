//! Parts of matrices at computed places, and reflections: what the loops of the decompositions are
//! made of. Batches are one dimension here.

use crate::array::{iota, keepdims, where_};
use crate::graph::Array;
use crate::ops::{DynamicSlice, DynamicUpdateSlice, OptimizationBarrier};
use crate::run::{bind, bind1};
use crate::value::DType;

/// `size` places of `x` from `start`, an i32 scalar, along `dim`.
#[track_caller]
pub(super) fn window(x: &Array, start: &Array, dim: usize, size: usize) -> Array {
    let mut sizes = x.shape().to_vec();
    sizes[dim] = size;
    let zero = Array::constant_int(DType::I32, 0);
    let starts = (0..x.rank()).map(|d| if d == dim { start } else { &zero });
    let ins: Vec<&Array> = std::iter::once(x).chain(starts).collect();
    bind1(DynamicSlice(sizes), &ins)
}

/// `x` with `part` in place of its [`window`].
#[track_caller]
pub(super) fn with_window(x: &Array, part: &Array, start: &Array, dim: usize) -> Array {
    let zero = Array::constant_int(DType::I32, 0);
    let starts = (0..x.rank()).map(|d| if d == dim { start } else { &zero });
    let ins: Vec<&Array> = [x, part].into_iter().chain(starts).collect();
    bind1(DynamicUpdateSlice, &ins)
}

/// The element of each row `[batch, n]` at the places `[batch, 1]`; 0 for places outside.
#[track_caller]
pub(super) fn element(x: &Array, at: &Array) -> Array {
    let here = iota([x.shape()[1]], DType::I32, 0).eq(at);
    where_(here, x, 0.0).sum(keepdims(1))
}

/// A reflection I − τ w wᴴ whose adjoint takes a vector to a real multiple β of the first unit vector.
/// w is 1 at the first place.
pub(super) struct Reflection {
    /// Real, and 1 wide.
    pub(super) beta: Array,
    pub(super) tau: Array,
    pub(super) w: Array,
}

/// The reflection for columns `[batch, n, 1]` that are `first` `[batch, 1, 1]` where `head` holds and
/// `tail`, zero elsewhere, below: LAPACK's `larfg`.
#[track_caller]
pub(super) fn reflection(first: &Array, tail: &Array, head: &Array) -> Reflection {
    let dtype = first.dtype();
    let (size, rest) = (first.abs(), tail.abs());
    let largest = size.maximum(rest.max(keepdims(1)));
    let scale = where_(largest.gt(0.0), &largest, 1.0);
    let sum = (rest / &scale).square().sum(keepdims(1));
    let real = if dtype.is_complex() { first.real() } else { first.clone() };
    let norm = ((size / &scale).square() + &sum).sqrt() * scale;
    let beta = where_(real.lt(0.0), &norm, -&norm);
    let nothing = match dtype.is_complex() {
        true => sum.eq(0.0) & first.imag().eq(0.0),
        false => sum.eq(0.0),
    };
    let beta = where_(&nothing, &real, beta);
    let wide = beta.astype(dtype);
    let (safe, difference) = (where_(&nothing, 1.0, &wide), where_(&nothing, 1.0, first - &wide));
    let tau = where_(&nothing, 0.0, (&wide - first) / safe);
    let w = where_(head, 1.0, where_(nothing, 0.0, tail / difference));
    let [beta, tau, w] = once([&beta, &tau.astype(dtype), &w.astype(dtype)]);
    Reflection { beta, tau, w }
}

/// The same arrays, computed once: the compiler would repeat the computation in each of their users, and
/// take long to compile.
#[track_caller]
pub(super) fn once<const N: usize>(arrays: [&Array; N]) -> [Array; N] {
    let kept = bind(OptimizationBarrier, &arrays);
    std::array::from_fn(|i| kept[i].clone())
}
