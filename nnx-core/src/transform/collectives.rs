//! Operations over all elements of a batch, from inside the function of one element.

use super::trees::{invalid, leaves, with_leaves};
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
