//! Interpolation on grids, and the nearest of given vectors.

use super::axes::invalid;
use super::program::{program, program2};
use super::{AsArray, AsArrays, IndexMode, where_};
use crate::graph::Array;
use crate::value::{DType, promote_dtypes};

/// The most axes of a grid: a point has 2 neighbours along each.
const MAX_AXES: usize = 16;

/// How [`RegularGridInterpolator`] goes from grid points to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum InterpolationMethod {
    /// Linear along each axis.
    #[default]
    Linear,
    /// The value of the nearest grid point; of two that are equally near the one with the lower coordinate.
    Nearest,
}

/// Interpolation of values on a grid whose lines need not be evenly spaced.
/// `jax.scipy.interpolate.RegularGridInterpolator`.
///
/// It has derivatives by the points that are asked for, the values and, for `Linear`, the grid.
///
/// ```
/// use nnx::{Array, array::RegularGridInterpolator};
/// let (x, y) = (Array::from([1.0, 2.0, 3.0]), Array::from([4.0, 5.0]));
/// let values = Array::from([[10.0, 20.0], [40.0, 50.0], [70.0, 80.0]]);
/// let interpolator = RegularGridInterpolator::new([&x, &y], &values);
/// let at = Array::from([[1.5, 4.5], [3.0, 5.0], [0.0, 4.0]]);
/// let found = interpolator.call(&at).to_vec::<f64>();
/// assert_eq!(found[..2], [30.0, 80.0]);
/// assert!(found[2].is_nan());
/// ```
#[derive(Debug, Clone)]
pub struct RegularGridInterpolator {
    points: Vec<Array>,
    values: Array,
    method: InterpolationMethod,
    fill_value: Option<f64>,
}

impl RegularGridInterpolator {
    /// Values `[n1, n2, …, …]` on the grid of the coordinates `points`, a strictly ascending vector for each of
    /// the first axes; that they ascend is not checked. `Linear`, and NaN outside.
    ///
    /// # Panics
    /// Panics if `points` are not vectors of the sizes of the first axes of `values`, with at least two elements, or they are
    /// complex.
    #[track_caller]
    pub fn new(points: impl AsArrays, values: impl AsArray) -> Self {
        let (points, values) = (&*points.as_arrays(), values.as_array());
        const OP: &str = "RegularGridInterpolator::new";
        if points.is_empty() || points.len() > MAX_AXES.min(values.rank()) {
            let (n, values) = (points.len(), values.aval());
            let most = MAX_AXES;
            invalid(
                OP,
                format!("{n} vectors of points for {values}: one for each of up to {most} axes"),
            );
        }
        for (d, points) in points.iter().enumerate() {
            if points.dtype().is_complex() {
                invalid(OP, format!("the points {} of axis {d} must be real", points.aval()));
            }
            if points.rank() != 1 || points.size() < 2 || points.size() != values.shape()[d] {
                let (points, values) = (points.aval(), values.aval());
                invalid(
                    OP,
                    format!(
                        "the points {points} of axis {d} must be a vector of at least two elements, as \
                             many as {values} has there"
                    ),
                );
            }
        }
        RegularGridInterpolator {
            points: points.iter().map(|&p| p.clone()).collect(),
            values: values.clone(),
            method: InterpolationMethod::Linear,
            fill_value: Some(f64::NAN),
        }
    }

    /// Another method.
    #[must_use]
    pub fn method(self, method: InterpolationMethod) -> Self {
        RegularGridInterpolator { method, ..self }
    }

    /// Another value outside of the grid; without one the outermost cells go on.
    #[must_use]
    pub fn fill_value(self, value: impl Into<Option<f64>>) -> Self {
        RegularGridInterpolator { fill_value: value.into(), ..self }
    }

    /// The values at the points `xi`, whose last axis has a coordinate for each axis of the grid; it is replaced
    /// by the axes of the values after those of the grid.
    ///
    /// # Panics
    /// Panics if the last axis of `xi` has another size, or the points are complex.
    #[track_caller]
    pub fn call(&self, xi: impl AsArray) -> Array {
        const OP: &str = "RegularGridInterpolator::call";
        let xi = xi.as_array();
        let axes = self.points.len();
        if xi.shape().last() != Some(&axes) || xi.dtype().is_complex() {
            let xi = xi.aval();
            invalid(
                OP,
                format!("the last axis of the points {xi} must have {axes} real coordinates"),
            );
        }
        let dtype = self.points.iter().fold(xi.dtype(), |d, p| promote_dtypes(d, p.dtype()));
        let own = self.values.dtype().inexact();
        let dtype = dtype.inexact();
        let args: Vec<Array> =
            [xi, &self.values].into_iter().chain(&self.points).cloned().collect();
        let outs = program(OP, &args, |args| {
            let (xi, values) = (args[0].astype(dtype), args[1].astype(own));
            vec![self.found(&xi, &values, &args[2..])]
        });
        outs[0].clone()
    }

    #[track_caller]
    fn found(&self, xi: &Array, values: &Array, points: &[Array]) -> Array {
        let (last, axes) = (xi.rank() - 1, points.len());
        let batch = &xi.shape()[..last];
        let rest = &values.shape()[axes..];
        let sizes = &values.shape()[..axes];
        let flat = values.reshape([&[sizes.iter().product()], rest].concat());
        let mut outside = super::zeros(batch, DType::Bool);
        // The cell of each point, and how far it is from its lower side.
        let mut cells = Vec::new();
        for (d, grid) in points.iter().enumerate() {
            let x = xi.slice_dim(last, d, d + 1).squeeze(last);
            let grid = grid.astype(xi.dtype());
            let cell = (grid.searchsorted(&x, false) - 1).clip(0, sizes[d] as i32 - 2);
            let at = |i: &Array| grid.take_mode(i, 0, IndexMode::Clip);
            let (low, high) = (at(&cell), at(&(&cell + 1)));
            let end = |i: usize| grid.slice_dim(0, i, i + 1).squeeze(0);
            outside = outside | x.lt(end(0)) | x.gt(end(sizes[d] - 1));
            cells.push((cell, (x - &low) / (high - low)));
        }
        let strides: Vec<usize> = (0..axes).map(|d| sizes[d + 1..].iter().product()).collect();
        let wide = |x: Array| {
            let inner: Vec<usize> = (0..rest.len()).map(|i| last + i).collect();
            x.insert_dims(&inner)
        };
        let value_at = |place: &dyn Fn(usize) -> Array| {
            let places = (0..axes).map(|d| place(d) * strides[d] as i32);
            let place = places.reduce(|a, b| a + b).unwrap_or_else(|| Array::scalar(0));
            flat.take_mode(&place, 0, IndexMode::Clip)
        };
        let found = match self.method {
            InterpolationMethod::Nearest => {
                value_at(&|d| where_(cells[d].1.le(0.5), &cells[d].0, &cells[d].0 + 1))
            }
            InterpolationMethod::Linear => {
                let corners = (0..1_usize << axes).map(|corner| {
                    let upper = |d: usize| corner >> d & 1;
                    let weights = (0..axes).map(|d| match upper(d) {
                        0 => 1.0 - &cells[d].1,
                        _ => cells[d].1.clone(),
                    });
                    let weight = weights.reduce(|a, b| a * b);
                    let value = value_at(&|d| &cells[d].0 + upper(d));
                    weight.map_or(value.clone(), |weight| value * wide(weight))
                });
                let sum = corners.reduce(|a, b| a + b);
                sum.unwrap_or_else(|| values.clone())
            }
        };
        match self.fill_value {
            Some(fill) => where_(wide(outside), found.full_like(fill), &found),
            None => found,
        }
    }
}

/// For each vector of `obs` `[m, d]` the number of the nearest of `code_book` `[n, d]`, i32, and the distance
/// `[m]`; of one axis each, both are numbers. Of several that are equally near it is the first.
/// `jax.scipy.cluster.vq.vq`.
///
/// ```
/// use nnx::{Array, array::vq};
/// let codes = Array::from([[0.0, 0.0], [4.0, 0.0]]);
/// let (nearest, distance) = vq(Array::from([[1.0, 0.0], [4.0, 3.0]]), &codes);
/// assert_eq!(nearest.to_vec::<i32>(), [0, 1]);
/// assert_eq!(distance.to_vec::<f64>(), [1.0, 3.0]);
/// ```
///
/// # Panics
/// Panics if both are not vectors or not matrices with equal rows, or there is no code.
#[track_caller]
pub fn vq(obs: impl AsArray, code_book: impl AsArray) -> (Array, Array) {
    let obs = obs.as_array();
    const OP: &str = "vq";
    let codes = code_book.as_array();
    let fits = match (obs.shape(), codes.shape()) {
        ([_], [n]) => *n > 0,
        ([_, d], [n, e]) => d == e && *n > 0,
        _ => false,
    };
    if !fits {
        let (obs, codes) = (obs.aval(), codes.aval());
        invalid(
            OP,
            format!(
                "needs two vectors, or matrices with equal rows, and a code; got {obs} and {codes}"
            ),
        );
    }
    let dtype = promote_dtypes(obs.dtype(), codes.dtype());
    let dtype = dtype.inexact();
    program2(OP, &[obs.clone(), codes.clone()], |args| {
        let rows = |x: &Array| {
            let x = x.astype(dtype);
            if x.rank() == 1 { x.expand_dims(1) } else { x }
        };
        let difference = rows(&args[0]).expand_dims(1) - rows(&args[1]).expand_dims(0);
        let distances = super::linalg::vector_norm(&difference, 2, -1);
        (distances.argmin(1), distances.min(1))
    })
}
