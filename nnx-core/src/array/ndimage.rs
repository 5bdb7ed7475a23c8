//! Arrays as functions of continuous coordinates, with the names and semantics of `jax.scipy.ndimage`.

use super::axes::invalid;
use super::program::common_shape;
use super::{AsArray, AsArrays, Operand, one_program, where_};
use crate::graph::Array;
use crate::value::DType;

/// The value outside of an array.
///
/// ```
/// use nnx::{Array, ndimage::{Outside, map_coordinates}};
///
/// let (x, at) = (Array::from([1.0, 2.0, 3.0]), Array::from([-1.0, 3.0, 4.0]));
/// let y = |outside| map_coordinates(&x, &[&at], 0, outside, 0.0).to_vec::<f64>();
/// assert_eq!(y(Outside::Constant), [0.0, 0.0, 0.0]);
/// assert_eq!(y(Outside::Nearest), [1.0, 3.0, 3.0]);
/// assert_eq!(y(Outside::Wrap), [3.0, 1.0, 2.0]);
/// assert_eq!(y(Outside::Mirror), [2.0, 2.0, 1.0]);
/// assert_eq!(y(Outside::Reflect), [1.0, 3.0, 2.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Outside {
    /// A constant: `"constant"`.
    #[default]
    Constant,
    /// The element at the edge: `"nearest"`.
    Nearest,
    /// The elements from the other end: `"wrap"`.
    Wrap,
    /// The elements mirrored at the edge, which is not repeated: `"mirror"`.
    Mirror,
    /// The elements mirrored at the edge, which is repeated: `"reflect"`.
    Reflect,
}

impl Outside {
    /// A position, i32, moved into an axis of `n` elements.
    #[track_caller]
    fn inside(self, at: &Array, n: usize) -> Array {
        let n = n as i64;
        let mirrored = |at: &Array, n: i64| {
            let last = n - 1;
            // An axis of one element has no wave.
            if last == 0 { at.zeros_like() } else { ((at + last) % (2 * last) - last).abs() }
        };
        match self {
            Outside::Constant => at.clone(),
            Outside::Nearest => at.clip(0, n - 1),
            Outside::Wrap => at % n,
            Outside::Mirror => mirrored(at, n),
            Outside::Reflect => (mirrored(&(at * 2 + 1), 2 * n + 1) - 1).floor_divide(2),
        }
    }
}

/// The nearest whole number, halves away from 0.
#[track_caller]
fn rounded(x: &Array) -> Array {
    let whole = x.trunc();
    where_((x - &whole).abs().ge(0.5), &whole + x.sign(), &whole)
}

/// The values of an array at `coordinates`, an array for each axis, which broadcast: those of the nearest
/// elements for `order` 0, on the lines between neighbours for 1. Integers are rounded, halves away
/// from 0. Differentiable in the coordinates for `order` 1. `jax.scipy.ndimage.map_coordinates`
/// (defaults `Outside::Constant`, 0).
///
/// ```
/// use nnx::{Array, ndimage::{Outside, map_coordinates}};
/// let x = Array::from([[0.0, 1.0], [2.0, 3.0]]);
/// let at = [Array::from([0.5, 1.0]), Array::from([0.5, 0.0])];
/// let y = map_coordinates(&x, &[&at[0], &at[1]], 1, Outside::Nearest, 0.0);
/// assert_eq!(y.to_vec::<f64>(), [1.5, 2.0]);
/// ```
///
/// # Panics
/// Panics if there is not an array of real coordinates for each axis, they do not broadcast, an axis is
/// empty, the order is above 1, or it is 1 and there are more than 14 axes.
#[track_caller]
pub fn map_coordinates(
    x: impl AsArray,
    coordinates: impl AsArrays,
    order: usize,
    outside: Outside,
    value: impl Operand,
) -> Array {
    let x = x.as_array();
    let coordinates = &*coordinates.as_arrays();
    const OP: &str = "map_coordinates";
    if order > 1 {
        invalid(OP, format!("order {order} is not there, only 0 and 1, as in JAX"));
    }
    if coordinates.len() != x.rank() || x.rank() == 0 {
        let (n, x) = (coordinates.len(), x.aval());
        invalid(OP, format!("{n} coordinates do not fit {x}, one is needed for each axis"));
    }
    if let Some(bad) =
        coordinates.iter().find(|c| c.dtype().is_complex() || c.dtype() == DType::Bool)
    {
        invalid(OP, format!("coordinates are real numbers, got {}", bad.aval()));
    }
    if x.size() == 0 {
        invalid(OP, format!("{} has no elements", x.aval()));
    }
    // Each element is between two others along each axis.
    let corners = 1_usize.checked_shl((order * x.rank()) as u32).unwrap_or(usize::MAX);
    super::check_parts(OP, corners);
    let shape = common_shape(OP, coordinates);
    let value = value.array(x.dtype());
    let args: Vec<Array> =
        [x.clone(), value].into_iter().chain(coordinates.iter().map(|&c| c.clone())).collect();
    one_program(OP, &args, |args| {
        let (x, value) = (&args[0], &args[1]);
        // For each axis the positions with their weights.
        let axes: Vec<Vec<(Array, Option<Array>)>> = args[2..]
            .iter()
            .map(|c| {
                let c = c.broadcast_to_dims(&shape);
                // Whole numbers stay so: f32 has not all of them.
                let whole = c.dtype().is_int();
                if order == 0 {
                    let at = if whole { c } else { rounded(&c) };
                    return vec![(at.astype(DType::I32), None)];
                }
                let lower = if whole { c.astype(DType::I32) } else { c.floor() };
                let upper_weight = if whole { lower.zeros_like() } else { &c - &lower };
                let at = lower.astype(DType::I32);
                vec![(at.clone(), Some(1 - &upper_weight)), (at + 1, Some(upper_weight))]
            })
            .collect();
        let mut total: Option<Array> = None;
        for corner in 0..corners {
            let mut at = Vec::with_capacity(axes.len());
            let mut weight: Option<Array> = None;
            let mut known: Option<Array> = None;
            for (d, axis) in axes.iter().enumerate() {
                let (place, part) = &axis[if axis.len() > 1 { corner >> d & 1 } else { 0 }];
                let n = x.shape()[d];
                if outside == Outside::Constant {
                    let here = place.ge(0) & place.lt(n);
                    known = Some(known.map_or_else(|| here.clone(), |known| known & &here));
                }
                at.push(outside.inside(place, n).into());
                weight = match (weight, part) {
                    (Some(weight), Some(part)) => Some(weight * part),
                    (weight, part) => weight.or_else(|| part.clone()),
                };
            }
            let found = x.at(at).mode(super::IndexMode::Clip).get();
            let found = known.map_or_else(|| found.clone(), |known| where_(&known, &found, value));
            let term = weight.map_or_else(|| found.clone(), |weight| weight * &found);
            total = Some(total.map_or_else(|| term.clone(), |total| total + &term));
        }
        let total = total.unwrap_or_else(|| unreachable!("there is at least one corner"));
        let total =
            if x.dtype().is_int() && total.dtype().is_inexact() { rounded(&total) } else { total };
        total.astype(x.dtype())
    })
}
