//! Evenly spaced numbers and grids.

use super::axes::{invalid, shape_of};
use super::program::{common_shape, program};
use super::{AsArrays, IntoShape, Operand, iota};
use crate::graph::Array;
use crate::value::DType;

/// The dtype that a space is computed in: at least f32.
fn computed(dtype: DType) -> DType {
    dtype.inexact()
}

/// `num` numbers from `start` to `stop`, which is the last one. With arrays for the ends the new
/// axis is the first. `jax.numpy.linspace`.
///
/// ```
/// use nnx::{DType, array::linspace};
/// assert_eq!(linspace(0.0, 1.0, 5, DType::F32).to_vec::<f32>(), [0.0, 0.25, 0.5, 0.75, 1.0]);
/// ```
///
/// # Panics
/// Panics if the shapes of the ends do not broadcast.
#[track_caller]
pub fn linspace(start: impl Operand, stop: impl Operand, num: usize, dtype: DType) -> Array {
    spaced("linspace", [&start, &stop], num, true, dtype, |x| x)
}

/// [`linspace`] that stops one step before `stop`. `jax.numpy.linspace` with `endpoint=False`.
///
/// ```
/// use nnx::{DType, array::linspace_exclusive};
///
/// let x = linspace_exclusive(0.0, 1.0, 4, DType::F32);
/// assert_eq!(x.to_vec::<f32>(), [0.0, 0.25, 0.5, 0.75]);
/// ```
///
/// # Panics
/// Panics if the shapes of the ends do not broadcast.
#[track_caller]
pub fn linspace_exclusive(
    start: impl Operand,
    stop: impl Operand,
    num: usize,
    dtype: DType,
) -> Array {
    spaced("linspace_exclusive", [&start, &stop], num, false, dtype, |x| x)
}

/// `base` to the power of `num` exponents from `start` to `stop`. `jax.numpy.logspace` (default
/// `base` 10).
///
/// ```
/// use nnx::{Array, DType, array::{Tolerance, logspace}};
///
/// let x = logspace(0.0, 2.0, 3, 10.0, DType::F64);
/// assert!(x.allclose(Array::from([1.0, 10.0, 100.0]), Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes of the ends do not broadcast.
#[track_caller]
pub fn logspace(
    start: impl Operand,
    stop: impl Operand,
    num: usize,
    base: f64,
    dtype: DType,
) -> Array {
    spaced("logspace", [&start, &stop], num, true, dtype, |x| x.full_like(base).pow(&x))
}

/// `num` numbers from `start` to `stop`, each a constant multiple of the one before; both ends of
/// one sign. `jax.numpy.geomspace`.
///
/// ```
/// use nnx::{Array, DType, array::{Tolerance, geomspace}};
///
/// let x = geomspace(1.0, 8.0, 4, DType::F64);
/// assert!(x.allclose(Array::from([1.0, 2.0, 4.0, 8.0]), Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes of the ends do not broadcast.
#[track_caller]
pub fn geomspace(start: impl Operand, stop: impl Operand, num: usize, dtype: DType) -> Array {
    let wide = computed(dtype);
    let ends = [start.array(wide), stop.array(wide)];
    let shape = common_shape("geomspace", &[&ends[0], &ends[1]]);
    super::one_program("geomspace", &ends, |ends| {
        let [start, stop] = [0, 1].map(|i: usize| ends[i].broadcast_to_dims(&shape));
        let sign = start.sign();
        let [low, high] = [(start / &sign).log10(), (stop / &sign).log10()];
        let exponents = line(&low, &high, num, true);
        (sign * exponents.full_like(10.0).pow(&exponents)).astype(dtype)
    })
}

#[track_caller]
fn spaced(
    name: &str,
    ends: [&dyn Operand; 2],
    num: usize,
    endpoint: bool,
    dtype: DType,
    map: impl FnOnce(Array) -> Array,
) -> Array {
    let wide = computed(dtype);
    let ends = [ends[0].array(wide), ends[1].array(wide)];
    let shape = common_shape(name, &[&ends[0], &ends[1]]);
    super::one_program(name, &ends, |ends| {
        let [start, stop] = [0, 1].map(|i: usize| ends[i].broadcast_to_dims(&shape));
        let out = map(line(&start, &stop, num, endpoint));
        if dtype.is_int() { out.floor().astype(dtype) } else { out.astype(dtype) }
    })
}

/// Numbers from `start` to `stop` along a new first axis.
#[track_caller]
fn line(start: &Array, stop: &Array, num: usize, endpoint: bool) -> Array {
    let mut shape = start.shape().to_vec();
    shape.insert(0, num);
    let dtype = start.dtype();
    if num < 2 {
        return start
            .expand_dims(0)
            .broadcast_to_dims(&[&[1], start.shape()].concat())
            .slice_dim(0, 0, num);
    }
    let steps = if endpoint { num - 1 } else { num };
    let mut column = vec![1; shape.len()];
    column[0] = steps;
    let step = iota([steps], dtype, 0).reshape(column) / steps as f64;
    let out = start.expand_dims(0) * (1.0 - &step) + stop.expand_dims(0) * &step;
    if endpoint { super::concatenate([&out, &stop.expand_dims(0)], 0) } else { out }
}

/// `start`, `start` + `step`, … before `stop`. `jax.numpy.arange` with three arguments.
///
/// ```
/// use nnx::{DType, array::arange_step};
/// assert_eq!(arange_step(5.0, 0.0, -2.0, DType::I32).to_vec::<i32>(), [5, 3, 1]);
/// ```
///
/// # Panics
/// Panics if `step` is 0.
#[track_caller]
pub fn arange_step(start: f64, stop: f64, step: f64, dtype: DType) -> Array {
    let length = (stop - start) / step;
    if step == 0.0 || !length.is_finite() {
        invalid("arange_step", format!("steps of {step} don't lead from {start} to {stop}"));
    }
    let n = length.ceil().max(0.0) as usize;
    program("arange_step", &[], |_| {
        let ints = iota([n], if dtype.is_int() { DType::I64 } else { dtype }, 0);
        vec![(ints * step_of(dtype, step) + step_of(dtype, start)).astype(dtype)]
    })
    .remove(0)
}

/// A number as an operand that does not turn integers into floats.
fn step_of(dtype: DType, value: f64) -> Array {
    let wide = if dtype.is_int() { DType::I64 } else { dtype };
    Array::constant_scalar(wide, value)
}

/// How [`meshgrid`] orders its axes.
///
/// ```
/// use nnx::{Array, array::{Indexing, meshgrid}};
///
/// let (x, y) = (Array::from([1, 2, 3]), Array::from([5, 6]));
/// assert_eq!(meshgrid([&x, &y], Indexing::Xy)[0].shape(), [2, 3]);
/// let grid = meshgrid([&x, &y], Indexing::Ij);
/// assert_eq!(grid[0].shape(), [3, 2]);
/// assert_eq!(grid[0].to_vec::<i32>(), [1, 1, 2, 2, 3, 3]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Indexing {
    /// Cartesian: the first two axes are exchanged, so that columns go with the first coordinate.
    Xy,
    /// As a matrix: axis i goes with coordinate i.
    Ij,
}

/// For each coordinate axis an array of all points' coordinates. `jax.numpy.meshgrid`.
///
/// ```
/// use nnx::{Array, array::{meshgrid, Indexing}};
/// let (x, y) = (Array::from_slice(&[1, 2, 3], [3]), Array::from_slice(&[5, 6], [2]));
/// let grid = meshgrid([&x, &y], Indexing::Xy);
/// assert_eq!(grid[0].to_vec::<i32>(), [1, 2, 3, 1, 2, 3]);
/// assert_eq!(grid[1].to_vec::<i32>(), [5, 5, 5, 6, 6, 6]);
/// ```
///
/// # Panics
/// Panics if an array has more than one axis.
#[track_caller]
pub fn meshgrid(arrays: impl AsArrays, indexing: Indexing) -> Vec<Array> {
    let arrays = &*arrays.as_arrays();
    if let Some(bad) = arrays.iter().find(|a| a.rank() > 1) {
        invalid("meshgrid", format!("needs arrays of one axis, got {}", bad.aval()));
    }
    let n = arrays.len();
    let mut at: Vec<usize> = (0..n).collect();
    if indexing == Indexing::Xy && n > 1 {
        at.swap(0, 1);
    }
    let mut shape = vec![0; n];
    for (array, &d) in arrays.iter().zip(&at) {
        shape[d] = array.size();
    }
    let owned: Vec<Array> = arrays.iter().map(|&a| a.clone()).collect();
    program("meshgrid", &owned, |args| {
        let wide = |(array, &d): (&Array, &usize)| {
            let mut line = vec![1; n];
            line[d] = array.size();
            array.reshape(line).broadcast_to_dims(&shape)
        };
        args.iter().zip(&at).map(wide).collect()
    })
}

/// For each axis of `shape` an i32 array of that shape with the elements' positions along it.
/// `jax.numpy.indices`.
///
/// ```
/// use nnx::array::indices;
///
/// let at = indices([2, 3]);
/// assert_eq!(at[0].to_vec::<i32>(), [0, 0, 0, 1, 1, 1]);
/// assert_eq!(at[1].to_vec::<i32>(), [0, 1, 2, 0, 1, 2]);
/// ```
///
/// # Panics
/// Panics if a size is negative.
#[track_caller]
pub fn indices(shape: impl IntoShape) -> Vec<Array> {
    let shape = shape_of("indices", shape);
    (0..shape.len()).map(|d| iota(&shape, DType::I32, d)).collect()
}
