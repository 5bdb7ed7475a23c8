//! Choices among arrays, positions in flat arrays, windows for signals.

use super::axes::invalid;
use super::program::common_shape;
use super::{AsArray, AsArrays, Operand, iota, one_program, select, where_};
use crate::graph::Array;
use crate::value::{DType, promote_dtypes};

/// `choices[index]` elementwise, with broadcasting; indices outside are moved inside.
/// `jax.numpy.choose` with mode `clip`.
///
/// ```
/// use nnx::{Array, array::choose};
///
/// let choices = [Array::from([1, 2, 3]), Array::from([10, 20, 30])];
/// let y = choose(Array::from([0, 1, 5]), &[&choices[0], &choices[1]]);
/// assert_eq!(y.to_vec::<i32>(), [1, 20, 30]);
/// ```
///
/// # Panics
/// Panics if there are no choices, the shapes do not broadcast, or the index is not an integer.
#[track_caller]
pub fn choose(index: impl AsArray, choices: impl AsArrays) -> Array {
    let choices = &*choices.as_arrays();
    let index = index.as_array();
    let Some((last, rest)) = choices.split_last() else {
        invalid("choose", "needs at least one choice".into());
    };
    if !index.dtype().is_int() {
        invalid("choose", format!("needs integer indices, got {}", index.aval()));
    }
    let all: Vec<&Array> = std::iter::once(index).chain(choices.iter().copied()).collect();
    let shape = common_shape("choose", &all);
    let dtype = choices.iter().map(|c| c.dtype()).fold(last.dtype(), promote_dtypes);
    let args: Vec<Array> = all.into_iter().cloned().collect();
    let count = rest.len();
    one_program("choose", &args, |args| {
        let wide = |x: &Array| x.astype(dtype).broadcast_to_dims(&shape);
        let index = args[0].broadcast_to_dims(&shape);
        (0..count)
            .rev()
            .fold(wide(&args[count + 1]), |out, i| select(index.le(i), wide(&args[i + 1]), &out))
    })
}

/// Elementwise the first of `choices` whose condition holds, or `default`. `jax.numpy.select`.
///
/// ```
/// use nnx::{Array, array::select_first};
///
/// let x = Array::from([-5, 3, 20]);
/// let y = select_first([&x.lt(0), &x.gt(9)], &[&-&x, &(&x * 100)], 0);
/// assert_eq!(y.to_vec::<i32>(), [5, 0, 2000]);
/// ```
///
/// # Panics
/// Panics if the numbers of conditions and choices differ or the shapes do not broadcast.
#[track_caller]
pub fn select_first(
    conditions: impl AsArrays,
    choices: impl AsArrays,
    default: impl Operand,
) -> Array {
    let conditions = &*conditions.as_arrays();
    let choices = &*choices.as_arrays();
    if conditions.len() != choices.len() || choices.is_empty() {
        let (n, m) = (conditions.len(), choices.len());
        invalid("select_first", format!("{n} conditions for {m} choices; as many, at least one"));
    }
    let n = choices.len();
    let dtype = choices.iter().map(|c| c.dtype()).fold(choices[0].dtype(), promote_dtypes);
    let dtype = crate::value::promote(crate::value::PromotionKind::Strong(dtype), default.kind());
    let args: Vec<Array> = conditions.iter().chain(choices).map(|&a| a.clone()).collect();
    let default = default.array(dtype);
    one_program("select_first", &[args, vec![default]].concat(), |args| {
        (0..n)
            .rev()
            .fold(args[2 * n].clone(), |out, i| where_(&args[i], &args[n + i], &out).astype(dtype))
    })
}

/// Positions of a flat array as positions along each axis of `shape`, as arrays of the dtype of
/// `flat`. `jax.numpy.unravel_index`.
///
/// ```
/// use nnx::{Array, array::unravel_index};
///
/// let at = unravel_index(Array::from([5, 0]), [2, 3]);
/// assert_eq!(at[0].to_vec::<i32>(), [1, 0]); // rows
/// assert_eq!(at[1].to_vec::<i32>(), [2, 0]); // columns
/// ```
///
/// # Panics
/// Panics if `flat` is not an integer array.
#[track_caller]
pub fn unravel_index(flat: impl AsArray, shape: impl super::IntoShape) -> Vec<Array> {
    let flat = flat.as_array();
    let shape = super::shape_of("unravel_index", shape);
    if !flat.dtype().is_int() {
        invalid("unravel_index", format!("needs integer positions, got {}", flat.aval()));
    }
    super::program::program("unravel_index", std::slice::from_ref(flat), |args| {
        let mut rest = args[0].clone();
        let mut out = Vec::new();
        for &n in shape.iter().rev() {
            let (quotient, place) = rest.divmod(n.max(1));
            out.push(place);
            rest = quotient;
        }
        out.reverse();
        out
    })
}

/// Positions in a flat array from positions along each axis of `shape`, moved inside.
/// `jax.numpy.ravel_multi_index` with mode `clip`.
///
/// ```
/// use nnx::{Array, array::ravel_multi_index};
///
/// let (rows, columns) = (Array::from([1, 9]), Array::from([2, 0]));
/// let flat = ravel_multi_index([&rows, &columns], [2, 3]);
/// assert_eq!(flat.to_vec::<i32>(), [5, 3]); // row 9 counts as 1, the last
/// ```
///
/// # Panics
/// Panics if there is not one integer array per axis or they do not broadcast.
#[track_caller]
pub fn ravel_multi_index(places: impl AsArrays, shape: impl super::IntoShape) -> Array {
    let places = &*places.as_arrays();
    let shape = super::shape_of("ravel_multi_index", shape);
    let integers = places.iter().all(|p| p.dtype().is_int());
    if places.len() != shape.len() || places.is_empty() || !integers {
        let n = places.len();
        invalid(
            "ravel_multi_index",
            format!("{n} integer arrays for shape {shape:?}; one per axis"),
        );
    }
    let common = common_shape("ravel_multi_index", places);
    let args: Vec<Array> = places.iter().map(|&p| p.clone()).collect();
    one_program("ravel_multi_index", &args, |args| {
        let start = super::zeros(&common, DType::I32);
        args.iter().zip(&shape).fold(start, |flat, (place, &n)| {
            flat * n + place.clip(0, n.max(1) - 1).astype(DType::I32)
        })
    })
}

/// A window of `n` points from the angles 0 to 2π.
#[track_caller]
fn window(n: usize, dtype: DType, f: impl FnOnce(&Array) -> Array) -> Array {
    if n == 1 {
        return super::ones([1], dtype);
    }
    super::program::program("window", &[], |_| {
        vec![f(&(iota([n], dtype, 0) * (2.0 * std::f64::consts::PI / (n as f64 - 1.0))))]
    })
    .remove(0)
}

/// The Hann window of `n` points. `jax.numpy.hanning`.
///
/// ```
/// use nnx::{Array, DType, array::{Tolerance, hanning}};
///
/// let window = Array::from([0.0, 0.5, 1.0, 0.5, 0.0]);
/// let tolerance = Tolerance { atol: 1e-6, ..Default::default() };
/// assert!(hanning(5, DType::F64).allclose(&window, tolerance).item::<bool>());
/// ```
#[track_caller]
pub fn hanning(n: usize, dtype: DType) -> Array {
    window(n, dtype, |x| 0.5 * (1.0 - x.cos()))
}

/// The Hamming window of `n` points. `jax.numpy.hamming`.
///
/// ```
/// use nnx::{Array, DType, array::{Tolerance, hamming}};
///
/// let window = Array::from([0.08, 0.54, 1.0, 0.54, 0.08]);
/// assert!(hamming(5, DType::F64).allclose(&window, Tolerance::default()).item::<bool>());
/// ```
#[track_caller]
pub fn hamming(n: usize, dtype: DType) -> Array {
    window(n, dtype, |x| 0.54 - 0.46 * x.cos())
}

/// The Blackman window of `n` points. `jax.numpy.blackman`.
///
/// ```
/// use nnx::{Array, DType, array::{Tolerance, blackman}};
///
/// let window = Array::from([0.0, 0.34, 1.0, 0.34, 0.0]);
/// let tolerance = Tolerance { atol: 1e-6, ..Default::default() };
/// assert!(blackman(5, DType::F64).allclose(&window, tolerance).item::<bool>());
/// ```
#[track_caller]
pub fn blackman(n: usize, dtype: DType) -> Array {
    window(n, dtype, |x| 0.08 * (2.0 * x).cos() - 0.5 * x.cos() + 0.42)
}

/// The Bartlett window of `n` points, a triangle. `jax.numpy.bartlett`.
///
/// ```
/// use nnx::{Array, DType, array::{Tolerance, bartlett}};
///
/// let window = Array::from([0.0, 0.5, 1.0, 0.5, 0.0]);
/// let tolerance = Tolerance { atol: 1e-6, ..Default::default() };
/// assert!(bartlett(5, DType::F64).allclose(&window, tolerance).item::<bool>());
/// ```
#[track_caller]
pub fn bartlett(n: usize, dtype: DType) -> Array {
    window(n, dtype, |x| 1.0 - (x / std::f64::consts::PI - 1.0).abs())
}

/// The Kaiser window of `n` points, which is narrower the larger `beta` is. `jax.numpy.kaiser`.
///
/// ```
/// use nnx::{Array, DType, array::{Tolerance, kaiser}};
///
/// let window = Array::from([0.438676, 0.834761, 1.0, 0.834761, 0.438676]);
/// assert!(kaiser(5, 2.0, DType::F64).allclose(&window, Tolerance::default()).item::<bool>());
/// ```
#[track_caller]
pub fn kaiser(n: usize, beta: f64, dtype: DType) -> Array {
    window(n, dtype, |x| {
        let t = x / std::f64::consts::PI - 1.0;
        let top = super::special::i0(x.full_like(beta));
        super::special::i0(&((1.0 - t.square()).maximum(0.0).sqrt() * beta)) / top
    })
}
