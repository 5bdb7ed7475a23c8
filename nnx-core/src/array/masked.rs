//! Reductions of a part of the elements: of those that a mask names, or of those that are not NaN.

use super::axes::invalid;
use super::program::common_shape;
use super::{AsArray, IntoAxes, Operand, keepdims, one_program, quantile, select, where_};
use crate::graph::Array;
use crate::ops::Reducer;
use crate::value::DType;

/// An array of which only some elements count. Made by [`Array::masked`]; the `where` argument of
/// the reductions of `jax.numpy`.
///
/// ```
/// use nnx::Array;
/// let x = Array::from([[1.0, 2.0, 9.0], [4.0, 6.0, 9.0]]);
/// let some = x.masked(Array::from([true, true, false])); // which columns count
/// assert_eq!(some.mean(1).to_vec::<f64>(), [1.5, 5.0]);
/// assert_eq!(some.max(.., 0.0).item::<f64>(), 6.0);
/// ```
#[derive(Debug, Clone)]
pub struct Masked {
    x: Array,
    mask: Array,
}

impl Array {
    /// This array, of which only the elements count where `mask` is true; the mask broadcasts.
    /// `where=` of reductions in `jax.numpy`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from_slice(&[1.0_f32, 5.0, 3.0], [3]);
    /// assert_eq!(x.masked(&x.lt(4.0)).mean(0).item::<f32>(), 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if the mask does not broadcast to the array's shape.
    #[track_caller]
    pub fn masked(&self, mask: impl AsArray) -> Masked {
        let mask = mask.as_array();
        if common_shape("masked", &[self, mask]) != self.shape() {
            let (x, mask) = (self.aval(), mask.aval());
            invalid("masked", format!("the mask {mask} does not broadcast to the shape of {x}"));
        }
        Masked { x: self.clone(), mask: mask.astype(DType::Bool) }
    }
}

impl Masked {
    #[track_caller]
    fn reduce(&self, name: &str, body: impl FnOnce(&Array, &Array) -> Array) -> Array {
        one_program(name, &[self.x.clone(), self.mask.clone()], |args| {
            body(&args[0], &args[1].broadcast_to_dims(args[0].shape()))
        })
    }

    /// Sum. `jax.numpy.sum` with `where`.
    ///
    /// The result has the array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([[1, 2, 9], [4, 6, 9]]);
    /// assert_eq!(x.masked(x.lt(9)).sum(1).to_vec::<i32>(), [3, 10]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn sum(&self, axes: impl IntoAxes) -> Array {
        self.reduce("sum", |x, mask| select(mask, x, x.zeros_like()).sum(axes))
    }

    /// Product. `jax.numpy.prod` with `where`.
    ///
    /// The result has the array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([[1, 2, 9], [4, 6, 9]]);
    /// assert_eq!(x.masked(x.lt(9)).prod(1).to_vec::<i32>(), [2, 24]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn prod(&self, axes: impl IntoAxes) -> Array {
        self.reduce("prod", |x, mask| select(mask, x, x.ones_like()).prod(axes))
    }

    /// Arithmetic mean; NaN where no element counts. `jax.numpy.mean` with `where`.
    ///
    /// The result has the array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([[1.0, 2.0, 9.0], [9.0, 9.0, 9.0]]);
    /// let y = x.masked(x.lt(9.0)).mean(1).to_vec::<f64>();
    /// assert_eq!(y[0], 1.5);
    /// assert!(y[1].is_nan());
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn mean(&self, axes: impl IntoAxes) -> Array {
        let axes = axes.into_axes();
        self.reduce("mean", |x, mask| mean(x, mask, axes))
    }

    /// Variance: mean squared distance from the mean, with `ddof` subtracted from the number of
    /// elements. `jax.numpy.var` with `where`.
    ///
    /// The result has the array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, 3.0, 9.0]);
    /// let some = x.masked(x.lt(9.0));
    /// assert_eq!(some.var(0, 0).item::<f64>(), 1.0);
    /// assert_eq!(some.var(0, 1).item::<f64>(), 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn var(&self, axes: impl IntoAxes, ddof: usize) -> Array {
        let axes = axes.into_axes();
        self.reduce("var", |x, mask| variance(x, mask, axes, ddof))
    }

    /// Square root of the variance. `jax.numpy.std` with `where`.
    ///
    /// The result has the array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, 5.0, 9.0]);
    /// let y = x.masked(x.lt(9.0)).std(0, 0).item::<f64>();
    /// assert!((y - 2.0).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn std(&self, axes: impl IntoAxes, ddof: usize) -> Array {
        let axes = axes.into_axes();
        self.reduce("std", |x, mask| variance(x, mask, axes, ddof).sqrt())
    }

    /// Largest of `initial` and the elements that count; `initial` where there are none.
    /// `jax.numpy.max` with `where`.
    ///
    /// The result has the array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([[1, 5, 9], [9, 9, 9]]);
    /// assert_eq!(x.masked(x.lt(9)).max(1, -1).to_vec::<i32>(), [5, -1]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn max(&self, axes: impl IntoAxes, initial: impl Operand) -> Array {
        let axes = axes.into_axes();
        self.reduce("max", |x, mask| {
            let initial = initial.array(x.dtype());
            where_(mask, x, &initial).reduce(Reducer::Max, axes).maximum(&initial)
        })
    }

    /// Smallest of `initial` and the elements that count; `initial` where there are none.
    /// `jax.numpy.min` with `where`.
    ///
    /// The result has the array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([[1, 5, 9], [9, 9, 9]]);
    /// assert_eq!(x.masked(x.gt(1)).min(1, 100).to_vec::<i32>(), [5, 9]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn min(&self, axes: impl IntoAxes, initial: impl Operand) -> Array {
        let axes = axes.into_axes();
        self.reduce("min", |x, mask| {
            let initial = initial.array(x.dtype());
            where_(mask, x, &initial).reduce(Reducer::Min, axes).minimum(&initial)
        })
    }

    /// Whether all elements that count are true or not zero. `jax.numpy.all` with `where`.
    ///
    /// The result has the array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let (x, mask) = (Array::from([1, 0, 2]), Array::from([true, false, true]));
    /// assert!(x.masked(&mask).all(0).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn all(&self, axes: impl IntoAxes) -> Array {
        self.reduce("all", |x, mask| (x.astype(DType::Bool) | mask.logical_not()).all(axes))
    }

    /// Whether some element that counts is true or not zero. `jax.numpy.any` with `where`.
    ///
    /// The result has the array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let (x, mask) = (Array::from([1, 0, 2]), Array::from([false, true, false]));
    /// assert!(!x.masked(&mask).any(0).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn any(&self, axes: impl IntoAxes) -> Array {
        self.reduce("any", |x, mask| (x.astype(DType::Bool) & mask).any(axes))
    }

    /// How many elements count, as i32.
    ///
    /// The result has the array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([[1, 2, 9], [9, 9, 9]]);
    /// assert_eq!(x.masked(x.lt(9)).count(1).to_vec::<i32>(), [2, 0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn count(&self, axes: impl IntoAxes) -> Array {
        self.reduce("count", |_, mask| mask.sum(axes))
    }
}

#[track_caller]
fn mean(x: &Array, mask: &Array, axes: super::Axes) -> Array {
    let dtype = x.to_inexact().dtype();
    let x = x.to_wide();
    let count = mask.astype(x.dtype().real()).sum(axes.clone()).astype(x.dtype());
    (select(mask, &x, x.zeros_like()).sum(axes) / count).astype(dtype)
}

#[track_caller]
fn variance(x: &Array, mask: &Array, axes: super::Axes, ddof: usize) -> Array {
    let dtype = x.to_inexact().dtype().real();
    let x = x.to_wide();
    let centered = &x - mean(&x, mask, keepdims(axes.clone()));
    let square = centered.squared_magnitude();
    let divisor = mask.astype(square.dtype()).sum(axes.clone()) - ddof as f64;
    let sum = select(mask, &square, square.zeros_like()).sum(axes);
    let value = sum / &divisor;
    select(divisor.gt(0.0), &value, value.full_like(f64::NAN)).astype(dtype)
}

/// Reductions that pass over NaN.
impl Array {
    /// These elements without NaN.
    #[track_caller]
    fn numbers(&self) -> Masked {
        Masked { x: self.clone(), mask: self.eq(self) }
    }

    /// Sum of the elements that are not NaN. `jax.numpy.nansum`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([[1.0, f64::NAN, 3.0]]);
    /// assert_eq!(x.nansum(1).to_vec::<f64>(), [4.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn nansum(&self, axes: impl IntoAxes) -> Array {
        let axes = axes.into_axes();
        one_program("nansum", std::slice::from_ref(self), |args| args[0].numbers().sum(axes))
    }

    /// Product of the elements that are not NaN. `jax.numpy.nanprod`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([2.0, f64::NAN, 3.0]);
    /// assert_eq!(x.nanprod(0).item::<f64>(), 6.0);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn nanprod(&self, axes: impl IntoAxes) -> Array {
        let axes = axes.into_axes();
        one_program("nanprod", std::slice::from_ref(self), |args| args[0].numbers().prod(axes))
    }

    /// Mean of the elements that are not NaN. `jax.numpy.nanmean`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, f64::NAN, 3.0]);
    /// assert_eq!(x.nanmean(0).item::<f64>(), 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn nanmean(&self, axes: impl IntoAxes) -> Array {
        let axes = axes.into_axes();
        one_program("nanmean", std::slice::from_ref(self), |args| args[0].numbers().mean(axes))
    }

    /// Variance of the elements that are not NaN, with `ddof` subtracted from their number.
    /// `jax.numpy.nanvar`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, f64::NAN, 3.0]);
    /// assert_eq!(x.nanvar(0, 0).item::<f64>(), 1.0);
    /// assert_eq!(x.nanvar(0, 1).item::<f64>(), 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn nanvar(&self, axes: impl IntoAxes, ddof: usize) -> Array {
        let axes = axes.into_axes();
        one_program("nanvar", std::slice::from_ref(self), |args| args[0].numbers().var(axes, ddof))
    }

    /// Standard deviation of the elements that are not NaN. `jax.numpy.nanstd`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, f64::NAN, 5.0]);
    /// assert!((x.nanstd(0, 0).item::<f64>() - 2.0).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn nanstd(&self, axes: impl IntoAxes, ddof: usize) -> Array {
        let axes = axes.into_axes();
        one_program("nanstd", std::slice::from_ref(self), |args| args[0].numbers().std(axes, ddof))
    }

    /// Largest element that is not NaN; NaN where there is none. `jax.numpy.nanmax`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, f64::NAN, 3.0]);
    /// assert_eq!(x.nanmax(0).item::<f64>(), 3.0);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn nanmax(&self, axes: impl IntoAxes) -> Array {
        self.nan_extreme("nanmax", axes.into_axes(), true)
    }

    /// Smallest element that is not NaN; NaN where there is none. `jax.numpy.nanmin`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, f64::NAN, 3.0]);
    /// assert_eq!(x.nanmin(0).item::<f64>(), 1.0);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn nanmin(&self, axes: impl IntoAxes) -> Array {
        self.nan_extreme("nanmin", axes.into_axes(), false)
    }

    #[track_caller]
    fn nan_extreme(&self, name: &str, axes: super::Axes, max: bool) -> Array {
        if !self.dtype().is_inexact() {
            return if max { self.max(axes) } else { self.min(axes) };
        }
        let reduce = |x: &Array, axes| if max { x.max(axes) } else { x.min(axes) };
        one_program(name, std::slice::from_ref(self), |args| {
            let x = &args[0];
            let nan = x.is_nan();
            let neutral = if max { f64::NEG_INFINITY } else { f64::INFINITY };
            let out = reduce(&select(&nan, x.full_like(neutral), x), axes.clone());
            select(nan.all(axes), out.full_like(f64::NAN), &out)
        })
    }

    /// Position of the largest element that is not NaN along `axis`, as i32; −1 where there is
    /// none. `jax.numpy.nanargmax`.
    ///
    /// The result has this array's shape without `axis`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([[f64::NAN, 3.0, 1.0], [f64::NAN; 3]]);
    /// assert_eq!(x.nanargmax(1).to_vec::<i32>(), [1, -1]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or it is empty.
    #[track_caller]
    pub fn nanargmax(&self, axis: isize) -> Array {
        self.nan_arg("nanargmax", axis, true)
    }

    /// Position of the smallest element that is not NaN along `axis`, as i32; −1 where there is
    /// none. `jax.numpy.nanargmin`.
    ///
    /// The result has this array's shape without `axis`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([[f64::NAN, 3.0, 1.0], [f64::NAN; 3]]);
    /// assert_eq!(x.nanargmin(1).to_vec::<i32>(), [2, -1]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or it is empty.
    #[track_caller]
    pub fn nanargmin(&self, axis: isize) -> Array {
        self.nan_arg("nanargmin", axis, false)
    }

    #[track_caller]
    fn nan_arg(&self, name: &str, axis: isize, max: bool) -> Array {
        one_program(name, std::slice::from_ref(self), |args| {
            let x = &args[0];
            let arg = |x: &Array| if max { x.argmax(axis) } else { x.argmin(axis) };
            if !x.dtype().is_inexact() {
                return arg(x);
            }
            let nan = x.is_nan();
            let neutral = if max { f64::NEG_INFINITY } else { f64::INFINITY };
            let at = arg(&select(&nan, x.full_like(neutral), x));
            where_(nan.all(axis), -1, at)
        })
    }

    /// Running sum along `axis` that takes NaN for 0. `jax.numpy.nancumsum`.
    ///
    /// The result has this array's shape.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([2.0, f64::NAN, 3.0]);
    /// assert_eq!(x.nancumsum(0).to_vec::<f64>(), [2.0, 2.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn nancumsum(&self, axis: isize) -> Array {
        one_program("nancumsum", std::slice::from_ref(self), |args| {
            select(args[0].is_nan(), args[0].zeros_like(), &args[0]).cumsum(axis)
        })
    }

    /// Running product along `axis` that takes NaN for 1. `jax.numpy.nancumprod`.
    ///
    /// The result has this array's shape.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([2.0, f64::NAN, 3.0]);
    /// assert_eq!(x.nancumprod(0).to_vec::<f64>(), [2.0, 2.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn nancumprod(&self, axis: isize) -> Array {
        one_program("nancumprod", std::slice::from_ref(self), |args| {
            select(args[0].is_nan(), args[0].ones_like(), &args[0]).cumprod(axis)
        })
    }

    /// The median of the elements that are not NaN. `jax.numpy.nanmedian`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, f64::NAN, 4.0, 2.0]);
    /// assert_eq!(x.nanmedian(0).item::<f64>(), 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn nanmedian(&self, axes: impl IntoAxes) -> Array {
        self.nanquantile(0.5, axes)
    }

    /// The `q`-th quantile of the elements that are not NaN. `jax.numpy.nanquantile`.
    ///
    /// The result has this array's shape without the axes, after that of `q`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, f64::NAN, 3.0, 2.0]);
    /// assert_eq!(x.nanquantile(0.25, 0).item::<f64>(), 1.5);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or `q` has more than one.
    #[track_caller]
    pub fn nanquantile(&self, q: impl Operand, axes: impl IntoAxes) -> Array {
        let axes = axes.into_axes();
        quantile::of("nanquantile", self, &q, axes, super::QuantileMethod::Linear, true)
    }

    /// The quantile of `q` percent of the elements that are not NaN. `jax.numpy.nanpercentile`.
    ///
    /// The result has this array's shape without the axes, after that of `q`.
    ///
    /// ```
    /// use nnx::Array;
    /// let y = Array::from([1.0, f64::NAN, 3.0, 2.0]).nanpercentile(25, 0);
    /// assert!((y.item::<f64>() - 1.5).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or `q` has more than one.
    #[track_caller]
    pub fn nanpercentile(&self, q: impl Operand, axes: impl IntoAxes) -> Array {
        let q = q.array(quantile::float_of(self, &q)) / 100.0;
        let axes = axes.into_axes();
        quantile::of("nanpercentile", self, &q, axes, super::QuantileMethod::Linear, true)
    }

    /// The number of elements along the axes that are not zero, as i32.
    /// `jax.numpy.count_nonzero`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([[1, 0, 2], [0, 0, 5]]);
    /// assert_eq!(x.count_nonzero(1).to_vec::<i32>(), [2, 1]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn count_nonzero(&self, axes: impl IntoAxes) -> Array {
        let axes = axes.into_axes();
        one_program("count_nonzero", std::slice::from_ref(self), |args| {
            args[0].astype(DType::Bool).sum(axes)
        })
    }
}
