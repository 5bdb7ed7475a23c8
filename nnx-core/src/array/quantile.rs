//! Quantiles, averages and covariances.

use super::axes::invalid;
use super::program::program2;
use super::{AsArray, Axes, IntoAxes, Operand, concatenate, keepdims, one_program, select, where_};
use crate::graph::Array;
use crate::ops::Reducer;
use crate::value::{DType, PromotionKind, promote, promote_dtypes};

/// The value of a quantile between two elements.
///
/// ```
/// use nnx::{Array, array::QuantileMethod};
///
/// let x = Array::from([1.0, 2.0, 4.0, 8.0]);
/// let y = |method| x.quantile_method(0.25, 0, method).item::<f64>();
/// assert_eq!(y(QuantileMethod::Linear), 1.75);
/// assert_eq!(y(QuantileMethod::Lower), 1.0);
/// assert_eq!(y(QuantileMethod::Higher), 2.0);
/// assert_eq!(y(QuantileMethod::Midpoint), 1.5);
/// assert_eq!(y(QuantileMethod::Nearest), 2.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QuantileMethod {
    /// On the line between them.
    #[default]
    Linear,
    /// The smaller one.
    Lower,
    /// The larger one.
    Higher,
    /// Their mean.
    Midpoint,
    /// The nearer one, the smaller of two equally near.
    Nearest,
}

/// Statistics along axes.
impl Array {
    /// The median; NaN if there is a NaN. `jax.numpy.median`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[8.0, 1.0, 2.0], [7.0, 9.0, 8.0]]);
    /// assert_eq!(x.median(1).to_vec::<f64>(), [2.0, 8.0]);
    /// assert_eq!(x.median(..).item::<f64>(), 7.5);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn median(&self, axes: impl IntoAxes) -> Array {
        of("median", self, &0.5, axes.into_axes(), QuantileMethod::Linear, false)
    }

    /// The `q`-th quantile, `q` in 0..=1 a number or a vector, whose axis becomes the first of
    /// the result; NaN if there is a NaN. `jax.numpy.quantile`.
    ///
    /// The result has this array's shape without the axes, after that of `q`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from_slice(&[4.0_f32, 1.0, 2.0, 3.0], [4]);
    /// assert_eq!(x.quantile(0.25, 0).item::<f32>(), 1.75);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or `q` has more than one.
    #[track_caller]
    pub fn quantile(&self, q: impl Operand, axes: impl IntoAxes) -> Array {
        self.quantile_method(q, axes, QuantileMethod::Linear)
    }

    /// [`quantile`](Array::quantile) with another rule between two elements.
    /// `jax.numpy.quantile` with `method`.
    ///
    /// The result has this array's shape without the axes, after that of `q`.
    ///
    /// ```
    /// use nnx::{Array, array::QuantileMethod};
    ///
    /// let (x, q) = (Array::from([8.0, 1.0, 4.0, 2.0]), Array::from([0.25, 0.5]));
    /// assert_eq!(x.quantile_method(&q, 0, QuantileMethod::Lower).to_vec::<f64>(), [1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// As `quantile`.
    #[track_caller]
    pub fn quantile_method(
        &self,
        q: impl Operand,
        axes: impl IntoAxes,
        method: QuantileMethod,
    ) -> Array {
        of("quantile", self, &q, axes.into_axes(), method, false)
    }

    /// The quantile of `q` percent. `jax.numpy.percentile`.
    ///
    /// The result has this array's shape without the axes, after that of `q`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let x = Array::from([5.0, 1.0, 2.0, 3.0, 4.0]);
    /// let y = x.percentile(Array::from([25.0, 50.0]), 0);
    /// assert!(y.allclose(Array::from([2.0, 3.0]), Tolerance::default()).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or `q` has more than one.
    #[track_caller]
    pub fn percentile(&self, q: impl Operand, axes: impl IntoAxes) -> Array {
        let q = q.array(float_of(self, &q)) / 100.0;
        of("percentile", self, &q, axes.into_axes(), QuantileMethod::Linear, false)
    }

    /// Largest less smallest element. `jax.numpy.ptp`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 5], [7, 2]]);
    /// assert_eq!(x.ptp(1).to_vec::<i32>(), [4, 5]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn ptp(&self, axes: impl IntoAxes) -> Array {
        let axes = axes.into_axes();
        one_program("ptp", std::slice::from_ref(self), |args| {
            args[0].max(axes.clone()) - args[0].min(axes)
        })
    }

    /// The mean with `weights`, which broadcast, in the dtype that both meet in; integers become f32.
    /// `jax.numpy.average`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (x, weights) = (Array::from([1.0, 2.0, 4.0]), Array::from([2, 1, 1]));
    /// assert_eq!(x.average(&weights, 0).item::<f64>(), 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or the weights do not broadcast to this array's shape.
    #[track_caller]
    pub fn average(&self, weights: impl AsArray, axes: impl IntoAxes) -> Array {
        let weights = weights.as_array();
        let axes = axes.into_axes();
        if super::program::common_shape("average", &[self, weights]) != self.shape() {
            let (x, w) = (self.aval(), weights.aval());
            invalid("average", format!("the weights {w} do not broadcast to the shape of {x}"));
        }
        let dtype = promote_dtypes(self.dtype(), weights.dtype());
        let dtype = dtype.inexact();
        one_program("average", &[self.clone(), weights.clone()], |args| {
            let x = args[0].astype(dtype);
            let weights = args[1].astype(dtype).broadcast_to_dims(x.shape());
            (x * &weights).sum(axes.clone()) / weights.sum(axes)
        })
    }

    /// Variance with `ddof` subtracted from the number of elements; 1 gives the unbiased estimate. A real
    /// number for complex arrays too.
    /// `jax.numpy.var` with `ddof`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1.0, 3.0]);
    /// assert_eq!(x.var_ddof(0, 0).item::<f64>(), 1.0);
    /// assert_eq!(x.var_ddof(0, 1).item::<f64>(), 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn var_ddof(&self, axes: impl IntoAxes, ddof: usize) -> Array {
        let axes = axes.into_axes();
        let dims = axes.resolve("var", self.aval());
        let count: usize = dims.iter().map(|&d| self.shape()[d]).product();
        one_program("var", std::slice::from_ref(self), |args| {
            let x = args[0].to_wide();
            let centered = &x - x.mean(keepdims(axes.clone()));
            let divisor = count as f64 - ddof as f64;
            let divisor = if divisor > 0.0 { divisor } else { f64::NAN };
            let dtype = args[0].to_inexact().dtype().real();
            (centered.squared_magnitude().sum(axes) / divisor).astype(dtype)
        })
    }

    /// Square root of [`var_ddof`](Array::var_ddof). `jax.numpy.std` with `ddof`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1.0, 3.0]);
    /// assert!((x.std_ddof(0, 1).item::<f64>() - 2.0_f64.sqrt()).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn std_ddof(&self, axes: impl IntoAxes, ddof: usize) -> Array {
        let axes = axes.into_axes();
        one_program("std", std::slice::from_ref(self), |args| args[0].var_ddof(axes, ddof).sqrt())
    }

    /// The covariance matrix of the variables in the rows of a matrix, whose columns are
    /// observations; `ddof` is subtracted from their number. A vector is one variable: its variance.
    /// `jax.numpy.cov` (default `ddof` 1).
    ///
    /// The result has shape `[n, n]` for n rows; it is a scalar for one.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1.0, 3.0], [6.0, 2.0]]); // two variables, two observations
    /// assert_eq!(x.cov(1).to_vec::<f64>(), [2.0, -4.0, -4.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there are more than two axes.
    #[track_caller]
    pub fn cov(&self, ddof: usize) -> Array {
        if self.rank() > 2 {
            invalid("cov", format!("needs a vector or a matrix, got {}", self.aval()));
        }
        one_program("cov", std::slice::from_ref(self), |args| {
            let x = args[0].to_inexact().atleast_2d();
            let centered = &x - x.mean(keepdims(1));
            let divisor = x.shape()[1] as f64 - ddof as f64;
            (centered.matmul(centered.t().conj()) / divisor).squeeze(..)
        })
    }

    /// The correlation coefficients of the variables in the rows; of complex variables both parts are
    /// cut at −1 and 1. `jax.numpy.corrcoef`.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let x = Array::from([[1.0, 2.0, 3.0], [1.0, 0.0, 2.0]]); // two variables
    /// let r = Array::from([[1.0, 0.5], [0.5, 1.0]]);
    /// assert!(x.corrcoef().allclose(&r, Tolerance::default()).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if there are more than two axes.
    #[track_caller]
    pub fn corrcoef(&self) -> Array {
        one_program("corrcoef", std::slice::from_ref(self), |args| {
            let c = args[0].cov(1);
            if c.rank() == 0 {
                // NaN for a constant, as for those of several variables.
                return c.clone() / c;
            }
            let deviation = c.diag(0).real().sqrt();
            let r = c / deviation.expand_dims(1) / deviation.expand_dims(0);
            if !r.dtype().is_complex() {
                return r.clip(-1.0, 1.0);
            }
            super::complex(r.real().clip(-1.0, 1.0), r.imag().clip(-1.0, 1.0))
        })
    }

    /// Logarithm of the running sum of exponentials along `axis`, without overflow.
    /// `jax.lax.cumlogsumexp`.
    ///
    /// The result has this array's shape.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([1.0, 2.0, 5.0]).log().cumlogsumexp(0);
    /// let sums = Array::from([1.0, 3.0, 8.0]).log();
    /// assert!(y.allclose(&sums, Tolerance::default()).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn cumlogsumexp(&self, axis: isize) -> Array {
        let d = super::dim("cumlogsumexp", axis, self.aval());
        let n = self.shape()[d];
        one_program("cumlogsumexp", std::slice::from_ref(self), |args| {
            let mut x = args[0].to_inexact();
            if x.dtype().is_complex() {
                x = super::math::turned_back(&x, std::f64::consts::PI);
            }
            // Each element takes in those 1, 2, 4, … before it (Hillis & Steele 1986).
            let mut step = 1;
            while step < n {
                let rest = x.slice_dim(d, step, n);
                let joined = super::logaddexp(&rest, x.slice_dim(d, 0, n - step));
                x = concatenate([&x.slice_dim(d, 0, step), &joined], d as isize);
                step *= 2;
            }
            x
        })
    }
}

/// The dtype of the quantiles of `x`.
#[track_caller]
pub(super) fn float_of(x: &Array, q: &dyn Operand) -> DType {
    let own = if x.dtype().is_complex() { DType::F32 } else { x.dtype().inexact() };
    match q.kind() {
        PromotionKind::Strong(dtype) if dtype.is_float() => {
            promote(PromotionKind::Strong(own), q.kind())
        }
        _ => own,
    }
}

/// Quantiles along axes, of all elements or of those that are not NaN.
#[track_caller]
pub(super) fn of(
    name: &str,
    x: &Array,
    q: &dyn Operand,
    axes: Axes,
    method: QuantileMethod,
    pass_nan: bool,
) -> Array {
    let aval = x.aval();
    if aval.dtype().is_complex() {
        invalid(name, format!("complex numbers have no order, got {aval}"));
    }
    let dims = axes.resolve(name, aval);
    let dtype = float_of(x, q);
    let q = q.array(dtype);
    if q.rank() > 1 {
        invalid(name, format!("q must be a number or a vector, got {}", q.aval()));
    }
    let n: usize = dims.iter().map(|&d| aval.shape()[d]).product();
    if n == 0 {
        invalid(name, format!("{aval} has no element along the reduced axes"));
    }
    let kept: Vec<usize> = (0..aval.rank()).filter(|d| !dims.contains(d)).collect();
    let perm: Vec<usize> = kept.iter().chain(&dims).copied().collect();
    let mut flat: Vec<usize> = kept.iter().map(|&d| aval.shape()[d]).collect();
    flat.push(n);
    one_program(name, &[x.clone(), q.clone()], |args| {
        let x = args[0].astype(dtype).transpose(perm.as_slice()).reshape(&flat);
        let x = if pass_nan {
            x
        } else {
            let any = x.is_nan().any(keepdims(-1)).broadcast_to_dims(x.shape());
            select(&any, x.full_like(f64::NAN), &x)
        };
        let sorted = x.sort(-1);
        let row = args[1].reshape([-1]);
        // Rows of elements times quantiles.
        let count = if pass_nan {
            sorted.eq(&sorted).astype(dtype).sum(keepdims(-1)) - 1.0
        } else {
            super::full(vec![1; flat.len()], (n - 1) as f64, dtype)
        };
        let at = row * &count;
        let (low, high) = (at.floor(), at.ceil());
        let high_weight = &at - &low;
        let value = |place: &Array| {
            let place = place.minimum(&count).maximum(0.0).astype(DType::I32);
            sorted.take_along_axis(&place, -1)
        };
        let (low, high) = (value(&low), value(&high));
        let out = match method {
            QuantileMethod::Linear => &low * (1.0 - &high_weight) + &high * &high_weight,
            QuantileMethod::Lower => low,
            QuantileMethod::Higher => high,
            QuantileMethod::Midpoint => (low + high) * 0.5,
            QuantileMethod::Nearest => where_(high_weight.le(0.5), low, high),
        };
        let out = out.moveaxis(-1, 0);
        let out = if axes.keepdims {
            let mut shape = aval.shape().to_vec();
            dims.iter().for_each(|&d| shape[d] = 1);
            shape.insert(0, q.size());
            out.reshape(shape)
        } else {
            out
        };
        if q.rank() == 0 { out.squeeze(0) } else { out }
    })
}

/// log |Σ b exp(x)| along the axes, without overflow, and the sign of the sum. `b` broadcasts.
/// `jax.scipy.special.logsumexp` with `b` and `return_sign`.
///
/// ```
/// use nnx::{Array, array::logsumexp_signed};
///
/// let x = Array::from([3.0, 5.0]).log();
/// let (log, sign) = logsumexp_signed(&x, Array::from([1.0, -1.0]), 0); // 3 − 5
/// assert!((log.item::<f64>() - 2.0_f64.ln()).abs() < 1e-6);
/// assert_eq!(sign.item::<f64>(), -1.0);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast or there is no such axis.
#[track_caller]
pub fn logsumexp_signed(x: impl AsArray, b: impl AsArray, axes: impl IntoAxes) -> (Array, Array) {
    let (x, b) = (x.as_array(), b.as_array());
    let axes = axes.into_axes();
    let shape = super::program::common_shape("logsumexp_signed", &[x, b]);
    program2("logsumexp_signed", &[x.clone(), b.clone()], |args| {
        let x = args[0].to_inexact().broadcast_to_dims(&shape);
        let b = args[1].astype(x.dtype()).broadcast_to_dims(&shape);
        // Where b is 0 the term is 0, whatever x is.
        let none = b.eq(0.0);
        let x = select(&none, x.full_like(f64::NEG_INFINITY), &x);
        // Of no elements it is -inf.
        let max = x.real().reduce(Reducer::Max, keepdims(axes.clone())).stop_gradient();
        let max = select(max.is_finite(), &max, max.zeros_like());
        let sum = (b * (x - &max).exp()).sum(keepdims(axes.clone()));
        let (log, sign) = (sum.abs().log() + max, sum.sign().stop_gradient());
        if axes.keepdims {
            return (log, sign);
        }
        let dims = axes.resolve("logsumexp_signed", &crate::value::Aval::new(DType::F32, &shape));
        (log.squeeze(dims.as_slice()), sign.squeeze(dims.as_slice()))
    })
}
