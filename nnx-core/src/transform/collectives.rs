//! Operations over all elements of a batch, from inside the function of one element.

use super::trees::{invalid, leaves, with_leaves};
use crate::array::dim;
use crate::graph::{Array, AxisName, BatchAxis};
use crate::module::Module;
use crate::ops::{Collective, CollectiveOp};
use crate::run::bind1;
use std::panic::Location;

/// The axis with a name, and its size.
#[track_caller]
fn named(op: &str, name: &str) -> (AxisName, usize) {
    // No closure, which would hide the user's line.
    let names = match BatchAxis::named(name) {
        Ok(axis) => return axis,
        Err(names) => names,
    };
    let known = match names.is_empty() {
        true => "no axis has a name here".to_owned(),
        false => format!("the axes here are `{}`", names.join("`, `")),
    };
    let message = format!(
        "there is no axis `{name}`: {known}\n\
         fix: give it its name in `vmap`, `in_axes(0).axis_name(\"{name}\")`, and call `{op}` in its function"
    );
    invalid(op, message, Location::caller())
}

/// Raises an error if no axis has this name here.
#[track_caller]
pub(crate) fn check_axis_name(op: &str, name: &str) {
    named(op, name);
}

/// `op` of each leaf of a tree.
#[track_caller]
fn of_leaves<M: Module>(tree: &M, axis: &AxisName, op: &CollectiveOp) -> M {
    let mut leaves = leaves(tree);
    // A loop, and no closure, which would hide the user's line.
    for leaf in leaves.iter_mut().filter(|leaf| leaf.try_aval().is_ok()) {
        *leaf = bind1(Collective { axis: axis.clone(), op: op.clone() }, &[leaf]);
    }
    with_leaves(tree, &leaves)
}

/// The sum over the elements along a named axis of [`vmap`](super::vmap()), the same for all of them. `jax.lax.psum`.
///
/// `tree` is an array or a tree, whose leaves are summed each; a leaf without a value has none in the result.
///
/// ```
/// use nnx::{Array, DType, array::arange, in_axes, psum, vmap};
///
/// // Each element, as a part of the whole.
/// let share = |x: &Array| x / psum(x, "batch");
/// let shares = vmap(share, &arange(4, DType::F32), in_axes(0).axis_name("batch"));
/// assert_eq!(shares.to_vec::<f32>(), [0.0, 1.0 / 6.0, 2.0 / 6.0, 0.5]);
/// ```
///
/// # Panics
/// Panics if no axis has this name where it is called, or a leaf is of booleans.
#[track_caller]
pub fn psum<M: Module>(tree: &M, axis_name: &str) -> M {
    let (axis, _) = named("psum", axis_name);
    of_leaves(tree, &axis, &CollectiveOp::Sum)
}

/// The mean over the elements along a named axis, as [`psum`] divided by their number. `jax.lax.pmean`.
///
/// ```
/// use nnx::{Array, in_axes, pmean, vmap};
///
/// let centered = |x: &Array| x - pmean(x, "batch");
/// let y = vmap(centered, &Array::from([1.0_f32, 2.0, 6.0]), in_axes(0).axis_name("batch"));
/// assert_eq!(y.to_vec::<f32>(), [-2.0, -1.0, 3.0]);
/// ```
///
/// # Panics
/// As [`psum`].
#[track_caller]
pub fn pmean<M: Module>(tree: &M, axis_name: &str) -> M {
    let (axis, size) = named("pmean", axis_name);
    let mut means = leaves(&of_leaves(tree, &axis, &CollectiveOp::Sum));
    for mean in means.iter_mut().filter(|mean| mean.try_aval().is_ok()) {
        *mean = &*mean / size as f64;
    }
    with_leaves(tree, &means)
}

/// The greatest value among the elements along a named axis. It has no derivative. `jax.lax.pmax`.
///
/// ```
/// use nnx::{Array, in_axes, pmax, vmap};
///
/// let below = |x: &Array| pmax(x, "batch") - x;
/// let y = vmap(below, &Array::from([1.0_f32, 5.0, 3.0]), in_axes(0).axis_name("batch"));
/// assert_eq!(y.to_vec::<f32>(), [4.0, 0.0, 2.0]);
/// ```
///
/// # Panics
/// As [`psum`].
#[track_caller]
pub fn pmax<M: Module>(tree: &M, axis_name: &str) -> M {
    let (axis, _) = named("pmax", axis_name);
    of_leaves(tree, &axis, &CollectiveOp::Max)
}

/// The least value among the elements along a named axis. It has no derivative. `jax.lax.pmin`.
///
/// ```
/// use nnx::{Array, in_axes, pmin, vmap};
///
/// let above = |x: &Array| x - pmin(x, "batch");
/// let y = vmap(above, &Array::from([1.0_f32, 5.0, 3.0]), in_axes(0).axis_name("batch"));
/// assert_eq!(y.to_vec::<f32>(), [0.0, 4.0, 2.0]);
/// ```
///
/// # Panics
/// As [`psum`].
#[track_caller]
pub fn pmin<M: Module>(tree: &M, axis_name: &str) -> M {
    let (axis, _) = named("pmin", axis_name);
    of_leaves(tree, &axis, &CollectiveOp::Min)
}

/// The values of all elements along a named axis, along a new axis 0. `jax.lax.all_gather`.
///
/// ```
/// use nnx::{Array, DType, all_gather, array::arange, in_axes, vmap};
///
/// // The distances to all elements.
/// let distances = |x: &Array| (all_gather(x, "points") - x).abs();
/// let all = vmap(distances, &arange(3, DType::F32), in_axes(0).axis_name("points"));
/// assert_eq!(all.to_vec::<f32>(), [0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0]);
/// ```
///
/// # Panics
/// Panics if no axis has this name where it is called.
#[track_caller]
pub fn all_gather<M: Module>(tree: &M, axis_name: &str) -> M {
    let (axis, size) = named("all_gather", axis_name);
    of_leaves(tree, &axis, &CollectiveOp::Gather(size))
}

/// The sum over the elements along a named axis, of which element `i` gets the slice `i` along axis 0.
/// `jax.lax.psum_scatter`.
///
/// ```
/// use nnx::{Array, in_axes, psum_scatter, vmap};
///
/// // Two elements with two numbers each: every element gets one of the two sums.
/// let x = Array::from([[1.0_f32, 2.0], [10.0, 20.0]]);
/// let share = |x: &Array| psum_scatter(x, "batch");
/// let y = vmap(share, &x, in_axes(0).axis_name("batch"));
/// assert_eq!(y.to_vec::<f32>(), [11.0, 22.0]);
/// ```
///
/// # Panics
/// As [`psum`], and if the axis 0 of a leaf has not one slice for each element.
#[track_caller]
pub fn psum_scatter<M: Module>(tree: &M, axis_name: &str) -> M {
    let (axis, size) = named("psum_scatter", axis_name);
    of_leaves(tree, &axis, &CollectiveOp::SumScatter(size))
}

/// The values of other elements along a named axis: for each pair of `permutation`, the second element gets the value
/// of the first. `jax.lax.ppermute`.
///
/// ```
/// use nnx::{Array, DType, array::arange, in_axes, ppermute, vmap};
///
/// let next = |x: &Array| ppermute(x, "ring", &[(0, 1), (1, 2), (2, 0)]);
/// let moved = vmap(next, &arange(3, DType::F32), in_axes(0).axis_name("ring"));
/// assert_eq!(moved.to_vec::<f32>(), [2.0, 0.0, 1.0]);
/// ```
///
/// # Panics
/// Panics if no axis has this name where it is called, or if an element does not give, or does not get, exactly one
/// value.
#[track_caller]
pub fn ppermute<M: Module>(tree: &M, axis_name: &str, permutation: &[(usize, usize)]) -> M {
    let (axis, size) = named("ppermute", axis_name);
    let mut from = vec![None; size];
    let mut gives = vec![false; size];
    for &(source, target) in permutation {
        let is_new = source < size
            && target < size
            && from[target].replace(source).is_none()
            && !std::mem::replace(&mut gives[source], true);
        if !is_new {
            let message = format!(
                "({source}, {target}) names an element that there is not, or one for the second time; the axis \
                 `{axis_name}` has {size} elements"
            );
            invalid("ppermute", message, Location::caller());
        }
    }
    let Some(from) = from.into_iter().collect::<Option<Vec<usize>>>() else {
        let message = format!(
            "{} pairs for the {size} elements of the axis `{axis_name}`: each gives one value and gets one",
            permutation.len()
        );
        invalid("ppermute", message, Location::caller())
    };
    of_leaves(tree, &axis, &CollectiveOp::Permute(from))
}

/// The values of other elements along a named axis: element `i` gets that of the element `from[i]`. [`ppermute`] by the
/// numbers of the sources. `jax.lax.pshuffle`.
///
/// ```
/// use nnx::{Array, in_axes, pshuffle, vmap};
///
/// let reversed = |x: &Array| pshuffle(x, "batch", &[2, 1, 0]);
/// let y = vmap(reversed, &Array::from([7, 8, 9]), in_axes(0).axis_name("batch"));
/// assert_eq!(y.to_vec::<i32>(), [9, 8, 7]);
/// ```
///
/// # Panics
/// Panics if no axis has this name where it is called, or `from` does not hold the number of each element once.
#[track_caller]
pub fn pshuffle<M: Module>(tree: &M, axis_name: &str, from: &[usize]) -> M {
    let (axis, size) = named("pshuffle", axis_name);
    let mut sorted = from.to_vec();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..size) {
        let message = format!(
            "{from:?} does not hold the number of each of the {size} elements of the axis `{axis_name}` once"
        );
        invalid("pshuffle", message, Location::caller());
    }
    of_leaves(tree, &axis, &CollectiveOp::Permute(from.to_vec()))
}

/// The value of the element `source` along a named axis, the same for all of them. `jax.lax.pbroadcast`.
///
/// ```
/// use nnx::{Array, in_axes, pbroadcast, vmap};
///
/// let from_first = |x: &Array| x - pbroadcast(x, "batch", 0);
/// let y = vmap(from_first, &Array::from([3, 4, 6]), in_axes(0).axis_name("batch"));
/// assert_eq!(y.to_vec::<i32>(), [0, 1, 3]);
/// ```
///
/// # Panics
/// Panics if no axis has this name where it is called, or it has no such element.
#[track_caller]
pub fn pbroadcast<M: Module>(tree: &M, axis_name: &str, source: usize) -> M {
    let (axis, size) = named("pbroadcast", axis_name);
    if source >= size {
        let message =
            format!("the axis `{axis_name}` has {size} elements, and none of number {source}");
        invalid("pbroadcast", message, Location::caller());
    }
    let mut all = leaves(&of_leaves(tree, &axis, &CollectiveOp::Gather(size)));
    for values in all.iter_mut().filter(|values| values.try_aval().is_ok()) {
        *values = values.slice([source.into()]);
    }
    with_leaves(tree, &all)
}

/// Exchanges an axis of the value with a named axis: of each element, the slice `j` along `split_axis` goes to element
/// `j`, where the slices from all elements lie along `concat_axis`. With `tiled`, the axes stay as they are: `split_axis`
/// is cut into one piece for each element, and the pieces are put together along `concat_axis`. `jax.lax.all_to_all`.
///
/// ```
/// use nnx::{Array, all_to_all, in_axes, vmap};
///
/// let x = Array::from([[1, 2], [10, 20]]);
/// let y = vmap(|x: &Array| all_to_all(x, "part", 0, 0, false), &x, in_axes(0).axis_name("part"));
/// assert_eq!(y.to_vec::<i32>(), [1, 10, 2, 20]);
///
/// // Pieces of rows become pieces of columns.
/// let x = Array::from([[[1, 2, 3, 4]], [[5, 6, 7, 8]]]);
/// let y = vmap(|x: &Array| all_to_all(x, "part", 1, 0, true), &x, in_axes(0).axis_name("part"));
/// assert_eq!((y.shape(), y.to_vec::<i32>()), (&[2, 2, 2][..], vec![1, 2, 5, 6, 3, 4, 7, 8]));
/// ```
///
/// # Panics
/// Panics if no axis has this name where it is called, or a leaf has not these axes, or not one slice (with `tiled`:
/// pieces of one size) for each element.
#[track_caller]
pub fn all_to_all<M: Module>(
    tree: &M,
    axis_name: &str,
    split_axis: isize,
    concat_axis: isize,
    tiled: bool,
) -> M {
    swapped("all_to_all", tree, axis_name, split_axis, concat_axis, tiled)
}

/// [`all_to_all`] with one axis for both, which is exchanged with the named one. `jax.lax.pswapaxes`.
///
/// ```
/// use nnx::{Array, in_axes, pswapaxes, vmap};
///
/// // The matrix, transposed.
/// let x = Array::from([[1, 2], [10, 20]]);
/// let y = vmap(|row: &Array| pswapaxes(row, "rows", 0), &x, in_axes(0).axis_name("rows"));
/// assert_eq!(y.to_vec::<i32>(), [1, 10, 2, 20]);
/// ```
///
/// # Panics
/// As [`all_to_all`].
#[track_caller]
pub fn pswapaxes<M: Module>(tree: &M, axis_name: &str, axis: isize) -> M {
    swapped("pswapaxes", tree, axis_name, axis, axis, false)
}

#[track_caller]
fn swapped<M: Module>(
    op: &str,
    tree: &M,
    axis_name: &str,
    split_axis: isize,
    concat_axis: isize,
    tiled: bool,
) -> M {
    let (axis, size) = named(op, axis_name);
    let swap = Collective { axis, op: CollectiveOp::Swap(size) };
    let mut leaves = leaves(tree);
    for leaf in leaves.iter_mut().filter(|leaf| leaf.try_aval().is_ok()) {
        let split = dim(op, split_axis, leaf.aval());
        let concat = dim(op, concat_axis, leaf.aval());
        let length = leaf.shape()[split];
        let fits = if tiled { size > 0 && length % size == 0 } else { length == size };
        if !fits {
            let message = format!(
                "{} has no {} for each of the {size} elements of the axis `{axis_name}` along its axis {split}",
                leaf.aval(),
                if tiled { "piece of one size" } else { "slice" }
            );
            invalid(op, message, Location::caller());
        }
        let mut shape = leaf.shape().to_vec();
        if tiled {
            shape.splice(split..=split, [size, length / size]);
        }
        let first = leaf.reshape(shape).moveaxis(split as isize, 0);
        let made = bind1(swap.clone(), &[&first]);
        *leaf = made.moveaxis(0, concat as isize);
        if tiled {
            let mut shape = leaf.shape().to_vec();
            let joined = shape[concat] * shape[concat + 1];
            shape.splice(concat..=concat + 1, [joined]);
            *leaf = leaf.reshape(shape);
        }
    }
    with_leaves(tree, &leaves)
}

/// The number of the element along a named axis, i32. `jax.lax.axis_index`.
///
/// ```
/// use nnx::{Array, axis_index, in_axes, vmap};
///
/// let numbered = |x: &Array| x * 10 + axis_index("batch");
/// let y = vmap(numbered, &Array::from([7, 8, 9]), in_axes(0).axis_name("batch"));
/// assert_eq!(y.to_vec::<i32>(), [70, 81, 92]);
/// ```
///
/// # Panics
/// Panics if no axis has this name where it is called.
#[track_caller]
pub fn axis_index(axis_name: &str) -> Array {
    let (axis, _) = named("axis_index", axis_name);
    bind1(Collective { axis, op: CollectiveOp::Index }, &[])
}

/// How many elements a named axis has. `jax.lax.axis_size`.
///
/// ```
/// use nnx::{Array, axis_size, in_axes, psum, vmap};
///
/// // A number of Rust, known while the function is traced.
/// let mean = |x: &Array| psum(x, "batch") / axis_size("batch") as f64;
/// let y = vmap(mean, &Array::from([1.0_f32, 3.0]), in_axes(0).axis_name("batch").out_axes(None));
/// assert_eq!(y.item::<f32>(), 2.0);
/// ```
///
/// # Panics
/// Panics if no axis has this name where it is called.
#[track_caller]
pub fn axis_size(axis_name: &str) -> usize {
    named("axis_size", axis_name).1
}
