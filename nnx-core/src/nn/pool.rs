//! Pooling: reductions over windows of the spatial axes. `flax.nnx`'s `avg_pool` and its like.

use crate::array::{
    AsArray, IntoShape, Padding, WindowOptions, invalid, one_program, ones, reduce_window_max,
    reduce_window_min, reduce_window_sum, shape_of,
};
use crate::graph::Array;
use crate::value::saturating_product;

/// How the window of a pool slides.
///
/// ```
/// use nnx::{Array, array::Padding, nn::{PoolOptions, max_pool}};
///
/// let x = Array::from([[1.0_f32], [3.0], [2.0], [5.0]]); // length, features
/// let halving = PoolOptions::new().strides([2]);
/// assert_eq!(max_pool(&x, [2], &halving).to_vec::<f32>(), [3.0, 5.0]);
/// let same = PoolOptions::new().padding(Padding::Same);
/// assert_eq!(max_pool(&x, [2], &same).to_vec::<f32>(), [3.0, 3.0, 5.0, 5.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PoolOptions {
    strides: Vec<usize>,
    padding: Padding,
    count_include_pad: bool,
}

impl Default for PoolOptions {
    fn default() -> PoolOptions {
        PoolOptions { strides: vec![], padding: Padding::Valid, count_include_pad: true }
    }
}

impl PoolOptions {
    /// Steps of 1, no padding.
    pub fn new() -> PoolOptions {
        PoolOptions::default()
    }

    /// Steps of the window, one per window axis. Default: 1.
    ///
    /// ```
    /// use nnx::{Array, nn::{PoolOptions, max_pool}};
    ///
    /// let x = Array::from([[1.0_f32], [3.0], [2.0], [5.0]]);
    /// assert_eq!(max_pool(&x, [2], &PoolOptions::new()).to_vec::<f32>(), [3.0, 3.0, 5.0]);
    /// assert_eq!(max_pool(&x, [2], &PoolOptions::new().strides([2])).to_vec::<f32>(), [3.0, 5.0]);
    /// ```
    #[track_caller]
    pub fn strides(mut self, strides: impl IntoShape) -> PoolOptions {
        self.strides = shape_of("PoolOptions::strides", strides);
        self
    }

    /// The padding around the window axes. Default: none.
    pub fn padding(mut self, padding: Padding) -> PoolOptions {
        self.padding = padding;
        self
    }

    /// Whether [`avg_pool`] counts padding as zeros, rather than leave it out. Default: true.
    ///
    /// ```
    /// use nnx::{Array, array::Padding, nn::{PoolOptions, avg_pool}};
    ///
    /// let x = Array::from([[2.0_f32], [4.0]]);
    /// let same = PoolOptions::new().padding(Padding::Same);
    /// assert_eq!(avg_pool(&x, [2], &same).to_vec::<f32>(), [3.0, 2.0]);
    /// let whole = same.count_include_pad(false);
    /// assert_eq!(avg_pool(&x, [2], &whole).to_vec::<f32>(), [3.0, 4.0]);
    /// ```
    pub fn count_include_pad(mut self, count_include_pad: bool) -> PoolOptions {
        self.count_include_pad = count_include_pad;
        self
    }
}

/// The mean of each window. `x` is `[batch…, window axes…, features]`, with any number of batch
/// axes. `flax.nnx.avg_pool`.
///
/// ```
/// use nnx::nn::{PoolOptions, avg_pool};
/// use nnx::{DType, array};
///
/// let images = array::arange(16, DType::F32).reshape([1, 4, 4, 1]); // N, H, W, C
/// let halves = avg_pool(&images, [2, 2], &PoolOptions::new().strides([2, 2]));
/// assert_eq!(halves.shape(), [1, 2, 2, 1]);
/// assert_eq!(halves.to_vec::<f32>(), [2.5, 4.5, 10.5, 12.5]);
/// ```
///
/// # Panics
/// Panics if the window or the options do not fit the axes of `x`, or `x` is not a float.
#[track_caller]
pub fn avg_pool(x: impl AsArray, window: impl IntoShape, options: &PoolOptions) -> Array {
    let x = x.as_array();
    const OP: &str = "avg_pool";
    if !x.dtype().is_float() {
        invalid(OP, format!("needs a float array, got {}", x.aval()));
    }
    let window = shape_of(OP, window);
    let sums = windows(OP, reduce_window_sum, x, &window, options);
    if options.count_include_pad {
        return sums / saturating_product(&window);
    }
    let mut shape = vec![1; x.rank()];
    let spatial = x.rank() - window.len() - 1..x.rank() - 1;
    shape[spatial.clone()].copy_from_slice(&x.shape()[spatial]);
    let counts = windows(OP, reduce_window_sum, &ones(shape, x.dtype()), &window, options);
    sums / counts
}

/// The largest element of each window, for each feature. `x` is as in [`avg_pool`].
/// `flax.nnx.max_pool`.
///
/// ```
/// use nnx::nn::{PoolOptions, max_pool};
/// use nnx::{DType, array};
///
/// let images = array::arange(16, DType::F32).reshape([1, 4, 4, 1]); // N, H, W, C
/// let y = max_pool(&images, [2, 2], &PoolOptions::new().strides([2, 2]));
/// assert_eq!(y.to_vec::<f32>(), [5.0, 7.0, 13.0, 15.0]);
/// ```
///
/// # Panics
/// Panics if the window or the options do not fit the axes of `x`.
#[track_caller]
pub fn max_pool(x: impl AsArray, window: impl IntoShape, options: &PoolOptions) -> Array {
    windows("max_pool", reduce_window_max, x.as_array(), &shape_of("max_pool", window), options)
}

/// The smallest element of each window, for each feature. `x` is as in [`avg_pool`].
/// `flax.nnx.min_pool`.
///
/// ```
/// use nnx::nn::{PoolOptions, min_pool};
/// use nnx::{DType, array};
///
/// let images = array::arange(16, DType::F32).reshape([1, 4, 4, 1]); // N, H, W, C
/// let y = min_pool(&images, [2, 2], &PoolOptions::new().strides([2, 2]));
/// assert_eq!(y.to_vec::<f32>(), [0.0, 2.0, 8.0, 10.0]);
/// ```
///
/// # Panics
/// Panics if the window or the options do not fit the axes of `x`.
#[track_caller]
pub fn min_pool(x: impl AsArray, window: impl IntoShape, options: &PoolOptions) -> Array {
    windows("min_pool", reduce_window_min, x.as_array(), &shape_of("min_pool", window), options)
}

/// How windows become elements: [`reduce_window_sum`], [`reduce_window_max`],
/// [`reduce_window_min`], or a function of one's own.
///
/// ```
/// use nnx::array::reduce_window_sum;
/// use nnx::nn::{PoolOptions, WindowReduction, pool};
/// use nnx::Array;
///
/// let energy: WindowReduction = |x, window, options| {
///     reduce_window_sum(&x.square(), window, options)
/// };
/// let x = Array::from([[3.0_f32], [4.0], [0.0]]);
/// assert_eq!(pool(&x, energy, [2], &PoolOptions::new()).to_vec::<f32>(), [25.0, 16.0]);
/// ```
pub type WindowReduction = fn(&Array, &[usize], &WindowOptions) -> Array;

/// Any reduction of each window, for each feature. `x` is as in [`avg_pool`]. `flax.nnx.pool`, whose
/// first value and function are a [`WindowReduction`] here.
///
/// ```
/// use nnx::array::reduce_window_sum;
/// use nnx::nn::{PoolOptions, pool};
/// use nnx::{DType, array};
///
/// let images = array::arange(16, DType::F32).reshape([1, 4, 4, 1]); // N, H, W, C
/// let y = pool(&images, reduce_window_sum, [2, 2], &PoolOptions::new().strides([2, 2]));
/// assert_eq!(y.to_vec::<f32>(), [10.0, 18.0, 42.0, 50.0]);
/// ```
///
/// # Panics
/// Panics if the window or the options do not fit the axes of `x`.
#[track_caller]
pub fn pool(
    x: impl AsArray,
    reduce: WindowReduction,
    window: impl IntoShape,
    options: &PoolOptions,
) -> Array {
    windows("pool", reduce, x.as_array(), &shape_of("pool", window), options)
}

/// Reduces windows of the axes before the last one.
#[track_caller]
fn windows(
    op: &str,
    reduce: WindowReduction,
    x: &Array,
    window: &[usize],
    options: &PoolOptions,
) -> Array {
    let n = window.len();
    let fits = |list: usize| list == 0 || list == n;
    let pairs = if let Padding::Explicit(pairs) = &options.padding { pairs.len() } else { n };
    if x.rank() < n + 1 || !fits(options.strides.len()) || pairs != n {
        invalid(
            op,
            format!(
                "window {window:?} with strides {:?} and padding {:?} does not fit {}: one entry \
                 is needed per axis between batch and features",
                options.strides,
                options.padding,
                x.aval()
            ),
        );
    }
    let batch = x.rank() - n - 1;
    // Ones for the batch axes and the features.
    let whole = |part: &[usize]| {
        let mut all = vec![1; x.rank()];
        all[batch..batch + part.len()].copy_from_slice(part);
        all
    };
    let padding = match &options.padding {
        Padding::Explicit(pairs) => {
            let mut all = vec![(0, 0); x.rank()];
            all[batch..batch + n].copy_from_slice(pairs);
            Padding::Explicit(all)
        }
        other => other.clone(),
    };
    let window_options =
        WindowOptions { strides: whole(&options.strides), padding, ..WindowOptions::default() };
    // A pointer to a function does not tell it who calls; a program does.
    one_program(op, std::slice::from_ref(x), |args| {
        reduce(&args[0], &whole(window), &window_options)
    })
}
