//! `map` and `associative_scan`.

use super::lend::Argument;
use super::scan::{MAP, ScanInputs, scanned};
use super::trees::{difference_of, invalid, leaves, with_leaves};
use super::vmap::vmap;
use crate::array::{AsArray, dim};
use crate::graph::Array;
use crate::module::Module;
use crate::module::walk::first_node;
use crate::ops::prefixes;
use crate::run::staged;
use std::panic::Location;

/// Applies `f` to each slice of `xs` along its first axis, one after the other, and stacks the
/// results. `jax.lax.map`.
///
/// As [`scan`](super::scan()) without a carry: it takes the same options, needs the memory of one element at a time,
/// and is slower than [`vmap`](super::vmap()), which does all elements at once.
///
/// ```
/// use nnx::{Array, DType, array::arange, map_slices};
/// let squares = map_slices(|x: &Array| x.square(), &arange(4, DType::F32));
/// assert_eq!(squares.to_vec::<f32>(), [0.0, 1.0, 4.0, 9.0]);
/// ```
///
/// # Panics
/// As [`scan`](super::scan()).
#[track_caller]
pub fn map_slices<X, Y, F>(f: F, xs: X) -> Y
where
    X: ScanInputs,
    Y: Module,
    F: for<'t> FnOnce(<X::Xs as Argument>::Body<'t>) -> Y,
{
    scanned(MAP, |(), x: <X::Xs as Argument>::Body<'_>| ((), f(x)), (), xs.into_over()).1
}

/// Applies `f` to each vector of `x` along `axis`, all at once; the axes of the results stand in its place.
/// `jax.numpy.apply_along_axis`.
///
/// ```
/// use nnx::{Array, apply_along_axis};
/// let x = Array::from([[3, 1, 2], [9, 7, 8]]);
/// let y = apply_along_axis(|row: &Array| row.sort(0).slice([(..2).into()]), &x, 1);
/// assert_eq!(y.to_vec::<i32>(), [1, 2, 7, 8]);
/// ```
///
/// # Panics
/// Panics if there is no such axis.
#[track_caller]
pub fn apply_along_axis(f: impl Fn(&Array) -> Array, x: impl AsArray, axis: isize) -> Array {
    let x = x.as_array();
    let d = dim("apply_along_axis", axis, x.aval());
    let others: Vec<usize> = (0..x.rank()).filter(|&e| e != d).map(|e| x.shape()[e]).collect();
    let count: usize = others.iter().product();
    let rows = x.moveaxis(d as isize, -1).reshape([count, x.shape()[d]]);
    let made = vmap(|row: &Array| f(row), &rows, 0);
    let own = made.rank() - 1;
    let made = made.reshape([&others, &made.shape()[1..]].concat());
    // The axes before, those of the results, the axes after.
    let after = others.len();
    let order: Vec<usize> = (0..d).chain(after..after + own).chain(d..after).collect();
    made.transpose(order.as_slice())
}

/// All prefixes of `xs` along `axis`, combined by the associative function `f`: element `i` of the
/// result is `f(…f(x₀, x₁)…, xᵢ)`, or with `reverse`, from the last of n elements on,
/// `f(…f(xₙ₋₁, xₙ₋₂)…, xᵢ)`. `jax.lax.associative_scan`.
///
/// `f` combines many elements at once: it gets two trees like `xs`, shorter along the axis, and
/// returns one. It is applied about 2 log₂ n times, which is what makes it faster than [`scan`](super::scan()) on
/// parallel hardware. The method is that of Blelloch, "Prefix sums and their applications", 1990.
///
/// ```
/// use nnx::{Array, DType, array::arange, associative_scan};
/// let sums = associative_scan(|a: &Array, b: &Array| a + b, &arange(5, DType::F32), 0, false);
/// assert_eq!(sums.to_vec::<f32>(), [0.0, 1.0, 3.0, 6.0, 10.0]);
/// ```
///
/// A `Shared` in `T` does not compile. rustc sees it when it generates code: `cargo build` reports it, `cargo check`
/// does not.
///
/// # Panics
/// Panics if there is a `Shared` behind a field under `#[module(recursive)]`, which rustc does not see, if the leaves differ in length along the axis, or `f` returns another structure or other
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
    if let Some(path) = first_node(|mut v| xs.flatten(&mut v)) {
        let message = format!(
            "`{path}` in the argument is `Shared`, behind a field under `#[module(recursive)]`, and there is no node \
             that all elements could be\nfix: pass what is in it, in place of `Shared<…>`"
        );
        invalid("associative_scan", message, location);
    }
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
        if let Some(what) = difference_of(&a, &combined, ["its arguments", "its result"]) {
            let message = format!("the function must keep structure, shapes and dtypes: {what}");
            invalid("associative_scan", message, location);
        }
        leaves(&combined)
    };
    let along = |x: &Array| dim("associative_scan", axis, x.aval());
    let flip = |xs: &[Array]| -> Vec<Array> {
        xs.iter().map(|x| if reverse { x.flip(along(x) as isize) } else { x.clone() }).collect()
    };
    let outs =
        staged("associative_scan", &arrays, |args| flip(&prefixes(&flip(args), &along, &combine)));
    with_leaves(xs, &crate::error::or_raise(outs))
}
