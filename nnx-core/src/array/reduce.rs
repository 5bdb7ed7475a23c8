//! Sums, means, extremes and what is made of them.

use super::axes::invalid;
use super::{AsArray, Axes, IntoAxes, keepdims, one_program};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{ArgReduce, CustomJvp, Reduce, Reducer, custom_jvp};
use crate::run::bind1;
use crate::value::DType;

/// Reductions. Axes are `..` for all, `-1`, `[0, 1]`, or [`keepdims`] of one of these.
impl Array {
    /// Sum. Small integers and bools are summed in 32 bits, f16 and bf16 accumulate in f32.
    /// `jax.numpy.sum`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::{Array, array::keepdims};
    ///
    /// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.sum(0).to_vec::<i32>(), [5, 7, 9]);
    /// assert_eq!(x.sum(..).item::<i32>(), 21);
    /// assert_eq!(x.sum(keepdims(-1)).shape(), [2, 1]);
    /// assert_eq!(Array::from([200_u8, 100]).sum(0).item::<u32>(), 300);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn sum(&self, axes: impl IntoAxes) -> Array {
        self.reduce(Reducer::Sum, axes.into_axes())
    }

    /// Product, in the dtypes of [`sum`](Array::sum). `jax.numpy.prod`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.prod(1).to_vec::<i32>(), [6, 120]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn prod(&self, axes: impl IntoAxes) -> Array {
        self.reduce(Reducer::Prod, axes.into_axes())
    }

    /// Arithmetic mean; integers become f32. `jax.numpy.mean`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2], [3, 6]]);
    /// assert_eq!(x.mean(1).to_vec::<f32>(), [1.5, 4.5]);
    /// assert_eq!(x.mean([0, 1]).item::<f32>(), 3.0);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn mean(&self, axes: impl IntoAxes) -> Array {
        let axes = axes.into_axes();
        let dims = axes.resolve("mean", self.aval());
        let count: usize = dims.iter().map(|&d| self.shape()[d]).product();
        let dtype = self.to_inexact().dtype();
        (self.to_wide().reduce(Reducer::Sum, axes) / count as f64).astype(dtype)
    }

    /// Mean squared distance from the mean, computed as mean(|x − mean|²), in f32 for f16 and bf16; a real number
    /// for complex arrays too. `jax.numpy.var`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1.0, 3.0], [2.0, 6.0]]);
    /// assert_eq!(x.var(1).to_vec::<f64>(), [1.0, 4.0]);
    /// assert_eq!(x.var_ddof(1, 1).to_vec::<f64>(), [2.0, 8.0]); // the unbiased estimate
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn var(&self, axes: impl IntoAxes) -> Array {
        self.var_ddof(axes, 0)
    }

    /// Square root of [`var`](Array::var). `jax.numpy.std`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::{Array, array::Tolerance};
    ///
    /// let y = Array::from([[1.0, 3.0], [2.0, 6.0]]).std(1);
    /// assert!(y.allclose(Array::from([1.0, 2.0]), Tolerance::default()).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn std(&self, axes: impl IntoAxes) -> Array {
        self.var(axes).sqrt()
    }

    /// Largest element; NaN wins. `jax.numpy.max`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 5], [4, 2]]);
    /// assert_eq!(x.max(1).to_vec::<i32>(), [5, 4]);
    /// assert_eq!(x.max(..).item::<i32>(), 5);
    /// assert!(Array::from([1.0, f64::NAN]).max(0).item::<f64>().is_nan());
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn max(&self, axes: impl IntoAxes) -> Array {
        self.extreme(Reducer::Max, axes.into_axes())
    }

    /// [`max`](Array::max) by its longer name: the largest element; NaN wins. `jax.numpy.amax`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 5], [4, 2]]);
    /// assert_eq!(x.amax(0).to_vec::<i32>(), [4, 5]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn amax(&self, axes: impl IntoAxes) -> Array {
        self.max(axes)
    }

    /// [`min`](Array::min) by its longer name: the smallest element; NaN wins. `jax.numpy.amin`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 5], [4, 2]]);
    /// assert_eq!(x.amin(0).to_vec::<i32>(), [1, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn amin(&self, axes: impl IntoAxes) -> Array {
        self.min(axes)
    }

    /// Smallest element; NaN wins. `jax.numpy.min`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 5], [4, 2]]);
    /// assert_eq!(x.min(1).to_vec::<i32>(), [1, 2]);
    /// assert_eq!(x.min(..).item::<i32>(), 1);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn min(&self, axes: impl IntoAxes) -> Array {
        self.extreme(Reducer::Min, axes.into_axes())
    }

    /// Whether all elements are true or not zero. `jax.numpy.all`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 0], [2, 3]]);
    /// assert_eq!(x.all(1).to_vec::<bool>(), [false, true]);
    /// assert!(x.ge(0).all(..).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn all(&self, axes: impl IntoAxes) -> Array {
        self.astype(DType::Bool).reduce(Reducer::And, axes.into_axes())
    }

    /// Whether some element is true or not zero. `jax.numpy.any`.
    ///
    /// The result has this array's shape without the axes.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[0, 0], [2, 0]]);
    /// assert_eq!(x.any(1).to_vec::<bool>(), [false, true]);
    /// assert!(x.gt(1).any(..).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn any(&self, axes: impl IntoAxes) -> Array {
        self.astype(DType::Bool).reduce(Reducer::Or, axes.into_axes())
    }

    /// Position of the largest element along one axis, or with `..` that in the flattened array, as i32; the first of equals.
    /// `jax.numpy.argmax`.
    ///
    /// The result has this array's shape without the axis; a scalar with `..`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from_slice(&[1, 5, 3, 4, 0, 2], [2, 3]);
    /// assert_eq!(x.argmax(1).to_vec::<i32>(), [1, 0]);
    /// assert_eq!(x.argmax(..).item::<i32>(), 1);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or it is empty, or if several axes are given.
    #[track_caller]
    pub fn argmax(&self, axis: impl IntoAxes) -> Array {
        self.arg_extreme("argmax", true, axis.into_axes())
    }

    /// Position of the smallest element along one axis, or with `..` that in the flattened array, as i32; the first of equals.
    /// `jax.numpy.argmin`.
    ///
    /// The result has this array's shape without the axis; a scalar with `..`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from_slice(&[1, 5, 3, 4, 0, 2], [2, 3]);
    /// assert_eq!(x.argmin(1).to_vec::<i32>(), [0, 1]);
    /// assert_eq!(x.argmin(..).item::<i32>(), 4);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or it is empty, or if several axes are given.
    #[track_caller]
    pub fn argmin(&self, axis: impl IntoAxes) -> Array {
        self.arg_extreme("argmin", false, axis.into_axes())
    }

    #[track_caller]
    fn arg_extreme(&self, name: &str, max: bool, axes: Axes) -> Array {
        let keepdims = axes.keepdims;
        let (x, dim, shape) = match (&axes.axes, axes.resolve(name, self.aval())[..].as_ref()) {
            (None, _) => (self.flatten(), 0, vec![1; self.rank()]),
            (_, &[dim]) => {
                let mut shape = self.shape().to_vec();
                shape[dim] = 1;
                (self.clone(), dim, shape)
            }
            (_, dims) => invalid(name, format!("takes one axis or `..`, got {dims:?}")),
        };
        let position = bind1(ArgReduce { max, dim, index_dtype: DType::I32 }, &[&x]);
        if keepdims { position.reshape(shape) } else { position }
    }

    /// The largest or smallest of at least one element.
    #[track_caller]
    fn extreme(&self, reducer: Reducer, axes: Axes) -> Array {
        let name = if reducer == Reducer::Max { "max" } else { "min" };
        if axes.resolve(name, self.aval()).iter().any(|&d| self.shape()[d] == 0) {
            invalid(name, format!("{} has no element along the reduced axes", self.aval()));
        }
        self.reduce(reducer, axes)
    }

    /// |x|² as a real number. For complex numbers not through |x|, which has no slope at 0.
    #[track_caller]
    pub(crate) fn squared_magnitude(&self) -> Array {
        if self.dtype().is_complex() { (self * self.conj()).real() } else { self.square() }
    }

    /// One reduction over any number of elements; none give the neutral element.
    #[track_caller]
    pub(super) fn reduce(&self, reducer: Reducer, axes: Axes) -> Array {
        let name = match reducer {
            Reducer::Sum => "sum",
            Reducer::Prod => "prod",
            Reducer::Max => "max",
            Reducer::Min => "min",
            Reducer::And => "all",
            Reducer::Or => "any",
        };
        let dims = axes.resolve(name, self.aval());
        let dtype = self.dtype();
        let wide = match reducer {
            Reducer::Sum | Reducer::Prod => match dtype {
                DType::F16 | DType::BF16 => DType::F32,
                DType::Bool | DType::I8 | DType::I16 => DType::I32,
                DType::U8 | DType::U16 => DType::U32,
                other => other,
            },
            _ => dtype,
        };
        let narrow = if dtype.is_inexact() { dtype } else { wide };
        let out =
            bind1(Reduce { reducer, dims: dims.clone() }, &[&self.astype(wide)]).astype(narrow);
        if axes.keepdims { out.insert_dims(&dims) } else { out }
    }

    /// The sum in this array's own dtype over sorted dimensions, as derivative rules need it.
    #[track_caller]
    pub(crate) fn sum_exact(&self, dims: &[usize]) -> Array {
        if dims.is_empty() {
            return self.clone();
        }
        bind1(Reduce { reducer: Reducer::Sum, dims: dims.to_vec() }, &[self])
    }

    /// For each element the product of all others along the dimensions.
    #[track_caller]
    pub(crate) fn products_of_others(&self, dims: &[usize]) -> Array {
        // All reduced dimensions in one last axis of n, then n x n with ones on the diagonal.
        let rank = self.rank();
        let kept: Vec<usize> = (0..rank).filter(|d| !dims.contains(d)).collect();
        let perm: Vec<usize> = kept.iter().chain(dims).copied().collect();
        let moved = self.transpose(perm.as_slice());
        let n: usize = dims.iter().map(|&d| self.shape()[d]).product();
        let mut flat: Vec<usize> = kept.iter().map(|&d| self.shape()[d]).collect();
        flat.push(n);
        let rows = moved.reshape(&flat).expand_dims(-2);
        let mut square = flat.clone();
        square.push(n);
        let diagonal = super::eye(n, DType::Bool).broadcast_to_dims(&square);
        let rows =
            super::where_(&diagonal, 1.0, rows.broadcast_to_dims(&square)).astype(self.dtype());
        let last = square.len() - 1;
        let products = bind1(Reduce { reducer: Reducer::Prod, dims: vec![last] }, &[&rows]);
        let mut inverse = vec![0; rank];
        for (i, &d) in perm.iter().enumerate() {
            inverse[d] = i;
        }
        products.reshape(moved.shape()).transpose(inverse.as_slice())
    }
}

/// log Σ exp(x) along the axes, without overflow. `jax.scipy.special.logsumexp`.
///
/// The result has the shape of `x` without the axes.
///
/// ```
/// use nnx::{Array, array::logsumexp};
///
/// let x = Array::from([1000.0, 1000.0]); // whose exponentials are infinite
/// assert!((logsumexp(&x, 0).item::<f64>() - 1000.693147).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if there is no such axis.
#[track_caller]
pub fn logsumexp(x: impl AsArray, axes: impl IntoAxes) -> Array {
    let x = x.as_array();
    let axes = axes.into_axes();
    axes.resolve("logsumexp", x.aval());
    one_program("logsumexp", &[x.to_inexact()], |args| {
        let x = &args[0];
        // Of no elements it is -inf.
        let max = x.real().reduce(Reducer::Max, keepdims(axes.clone())).stop_gradient();
        // An infinite maximum would make inf - inf below.
        let max = super::select(max.is_finite(), &max, max.zeros_like());
        let sum = (x - &max).exp().sum(axes.clone()).log();
        if axes.keepdims {
            return sum + max;
        }
        sum + max.squeeze(axes.resolve("logsumexp", x.aval()).as_slice())
    })
}

/// exp(x) / Σ exp(x) along the axes, without overflow. `jax.nn.softmax`.
///
/// The result has the shape of `x`.
///
/// ```
/// use nnx::{Array, array::{Tolerance, softmax}};
///
/// let x = Array::from([[1.0, 3.0], [2.0, 2.0]]).log();
/// let y = Array::from([[0.25, 0.75], [0.5, 0.5]]);
/// assert!(softmax(&x, -1).allclose(&y, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there is no such axis.
#[track_caller]
pub fn softmax(x: impl AsArray, axes: impl IntoAxes) -> Array {
    let x = x.as_array();
    let dims = axes.into_axes().resolve("softmax", x.aval());
    custom_jvp(Softmax { dims }, &[&x.to_inexact()])
}

/// [`softmax`] over sorted dimensions. Its derivative needs the result only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Softmax {
    dims: Vec<usize>,
}

impl CustomJvp for Softmax {
    const NAME: &'static str = "softmax";
    fn params(&self) -> String {
        format!("dims={:?}", self.dims)
    }
    fn body(&self, args: &[Array]) -> Array {
        let x = &args[0];
        let unnormalized = (x - x.reduce(Reducer::Max, keepdims(&self.dims))).exp();
        &unnormalized / unnormalized.sum(keepdims(&self.dims))
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let (y, t) = (cx.out(), cx.tangent(0)?);
        Some(y * (t - (y * t).sum(keepdims(&self.dims))))
    }
}
