//! Images in other sizes, with the names and semantics of `jax.image`.

use super::axes::{dims, invalid, shape_of};
use super::{AsArray, IntoShape, iota, keepdims, one_program, tensordot, where_};
use crate::graph::Array;
use crate::value::{DType, promote_dtypes};
use std::f64::consts::PI;

/// The way from the elements of an image to those between them.
///
/// ```
/// use nnx::{Array, image::{ResizeMethod, resize}};
///
/// let x = Array::from([0.0, 1.0]);
/// let y = |method| resize(&x, [4], method, true).to_vec::<f64>();
/// assert_eq!(y(ResizeMethod::Nearest), [0.0, 0.0, 1.0, 1.0]);
/// assert_eq!(y(ResizeMethod::Linear), [0.0, 0.25, 0.75, 1.0]);
/// assert!((y(ResizeMethod::Cubic)[3] - 1.0882353).abs() < 1e-5); // which overshoots
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResizeMethod {
    /// The nearest element.
    Nearest,
    /// The line between two neighbours.
    Linear,
    /// Lanczos resampling with three elements on each side.
    Lanczos3,
    /// Lanczos resampling with five elements on each side.
    Lanczos5,
    /// The cubic convolution of R. G. Keys, "Cubic convolution interpolation for digital image
    /// processing" (1981), with a = −0.5, as in Pillow and TensorFlow.
    Cubic,
    /// The mean over the part of the image that an element of the result covers.
    Area,
}

impl ResizeMethod {
    /// The weight of an element at the distance `x` ≥ 0.
    #[track_caller]
    fn weight(self, x: &Array) -> Array {
        match self {
            ResizeMethod::Nearest | ResizeMethod::Linear | ResizeMethod::Area => {
                (1.0 - x).maximum(0.0)
            }
            ResizeMethod::Lanczos3 => lanczos(3.0, x),
            ResizeMethod::Lanczos5 => lanczos(5.0, x),
            ResizeMethod::Cubic => {
                let near = ((1.5 * x - 2.5) * x) * x + 1.0;
                let far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0;
                where_(x.ge(2.0), 0.0, where_(x.ge(1.0), far, near))
            }
        }
    }
}

/// sinc(x) sinc(x / radius) up to the radius.
#[track_caller]
fn lanczos(radius: f64, x: &Array) -> Array {
    let product = radius * (PI * x).sin() * (PI * x / radius).sin();
    let safe = where_(x.ne(0.0), PI * PI * x.square(), 1.0);
    let value = where_(x.gt(1e-3), product / safe, 1.0);
    where_(x.gt(radius), 0.0, value)
}

/// The weights `[m, n]` of m elements in n elements of the result.
#[track_caller]
fn weights(
    m: usize,
    n: usize,
    scale: &Array,
    translation: &Array,
    method: ResizeMethod,
    antialias: bool,
) -> Array {
    let dtype = scale.dtype();
    let inverse = 1.0 / scale;
    let (from, to) = (iota([m, 1], dtype, 0), iota([1, n], dtype, 1));
    // The middle of each element of the result, in elements of the image.
    let sample = (&to + 0.5) * &inverse - translation * &inverse - 0.5;
    let raw = if method == ResizeMethod::Area {
        let left = &to * &inverse - translation * &inverse;
        let right = &left + &inverse;
        (right.minimum(&from + 1.0) - left.maximum(&from)).maximum(0.0)
    } else {
        let distance = (&sample - &from).abs();
        method.weight(&if antialias { distance / inverse.maximum(1.0) } else { distance })
    };
    let total = raw.sum(keepdims(0));
    let safe = where_(total.ne(0.0), &total, 1.0);
    // Weights that nearly cancel are noise.
    let some = total.abs().gt(1000.0 * f64::from(f32::EPSILON));
    let normal = where_(&some, raw / safe, 0.0);
    let inside = sample.ge(-0.5) & sample.le(m as f64 - 0.5);
    where_(&inside, normal, 0.0)
}

/// One weighted sum along each of the dimensions.
#[track_caller]
fn resampled(x: &Array, along: &[(usize, Array)]) -> Array {
    along.iter().fold(x.clone(), |x, (d, weights)| {
        let weights = weights.astype(x.dtype());
        tensordot(&x, &weights, ([*d as isize], [0])).moveaxis(-1, *d as isize)
    })
}

/// The image in another shape, axis by axis; axes of the same size stay as they are. With `antialias`
/// a smaller image is smoothed first (no effect on `Nearest` and `Area`). `Nearest` keeps the dtype, the
/// other methods make floats of integers. `jax.image.resize` (default `antialias` true).
///
/// ```
/// use nnx::{Array, image::{ResizeMethod, resize}};
/// let x = Array::from([0.0, 1.0]);
/// let y = resize(&x, [4], ResizeMethod::Linear, true);
/// assert_eq!(y.to_vec::<f64>(), [0.0, 0.25, 0.75, 1.0]);
/// ```
///
/// # Panics
/// Panics if the shape has another number of axes, or the image is empty along an axis that changes.
#[track_caller]
pub fn resize(
    image: impl AsArray,
    shape: impl IntoShape,
    method: ResizeMethod,
    antialias: bool,
) -> Array {
    let image = image.as_array();
    const OP: &str = "resize";
    let shape = shape_of(OP, shape);
    let before = image.shape();
    if shape.len() != before.len() {
        invalid(OP, format!("shape {shape:?} has another number of axes than {}", image.aval()));
    }
    let changed: Vec<usize> = (0..shape.len()).filter(|&d| shape[d] != before[d]).collect();
    if let Some(d) = changed.iter().find(|&&d| before[d] == 0) {
        invalid(OP, format!("axis {d} of {} has no elements to go by", image.aval()));
    }
    one_program(OP, std::slice::from_ref(image), |args| {
        if method == ResizeMethod::Nearest {
            return changed.iter().fold(args[0].clone(), |x, &d| nearest(&x, d, shape[d]));
        }
        let x = args[0].to_inexact();
        let dtype = promote_dtypes(x.dtype().real(), DType::F32);
        let number = |value: f64| Array::constant_scalar(dtype, value);
        let along: Vec<(usize, Array)> = changed
            .iter()
            .map(|&d| {
                let (m, n) = (before[d], shape[d]);
                let scale = if n == 0 { 1.0 } else { n as f64 / m as f64 };
                (d, weights(m, n, &number(scale), &number(0.0), method, antialias))
            })
            .collect();
        resampled(&x, &along)
    })
}

#[track_caller]
fn nearest(x: &Array, d: usize, n: usize) -> Array {
    let m = x.shape()[d];
    let at = ((iota([n], DType::F32, 0) + 0.5) * m as f64 / n as f64).floor();
    x.take(at.astype(DType::I32), d as isize)
}

/// The image in another shape, where the axes `spatial_dims` are scaled and moved: an element at x is at
/// x · scale + translation in the result, counted from the edge, so that the first one is at 0.5. Elements of the result
/// outside of the image are 0. `scale` and `translation` are vectors with an element for each of the
/// axes. `jax.image.scale_and_translate` (default `antialias` true).
///
/// ```
/// use nnx::{Array, image::{ResizeMethod, scale_and_translate}};
/// let x = Array::from([1.0, 2.0, 3.0]);
/// let (scale, translation) = (Array::from([1.0]), Array::from([1.0]));
/// let y = scale_and_translate(&x, [3], &[0], &scale, &translation, ResizeMethod::Linear, true);
/// assert_eq!(y.to_vec::<f64>(), [0.0, 1.0, 2.0]);
/// ```
///
/// # Panics
/// Panics if the shape has another number of axes, there is no such axis, an axis that is not named
/// changes, `scale` or `translation` has not an element for each, and for `ResizeMethod::Nearest`.
#[track_caller]
pub fn scale_and_translate(
    image: impl AsArray,
    shape: impl IntoShape,
    spatial_dims: &[isize],
    scale: impl AsArray,
    translation: impl AsArray,
    method: ResizeMethod,
    antialias: bool,
) -> Array {
    let (image, scale, translation) = (image.as_array(), scale.as_array(), translation.as_array());
    const OP: &str = "scale_and_translate";
    let shape = shape_of(OP, shape);
    let named = dims(OP, spatial_dims, image.aval());
    let same = |d: usize| named.contains(&d) || shape[d] == image.shape()[d];
    if shape.len() != image.rank() || !(0..shape.len()).all(same) {
        let image = image.aval();
        invalid(OP, format!("axes {named:?} of {image} do not lead to shape {shape:?}"));
    }
    if method == ResizeMethod::Nearest {
        invalid(OP, format!("Nearest is for `resize`, {} needs another method", image.aval()));
    }
    if let Some(bad) = [scale, translation].into_iter().find(|x| x.shape() != [named.len()]) {
        let message =
            format!("needs a number for each of {} axes, got {}", named.len(), bad.aval());
        invalid(OP, message);
    }
    let args = [image.clone(), scale.clone(), translation.clone()];
    one_program(OP, &args, |args| {
        let x = args[0].to_inexact();
        let dtype = promote_dtypes(args[1].dtype(), args[2].dtype());
        let dtype = dtype.inexact();
        let number = |of: &Array, i: usize| of.slice_dim(0, i, i + 1).squeeze(0).astype(dtype);
        let along: Vec<(usize, Array)> = named
            .iter()
            .enumerate()
            .map(|(i, &d)| {
                let (scale, translation) = (number(&args[1], i), number(&args[2], i));
                let (m, n) = (x.shape()[d], shape[d]);
                (d, weights(m, n, &scale, &translation, method, antialias))
            })
            .collect();
        resampled(&x, &along)
    })
}
