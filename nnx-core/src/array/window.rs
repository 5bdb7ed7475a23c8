//! Reductions over sliding windows, and running ones.

use super::Padding;
use super::axes::{dim, invalid};
use crate::graph::Array;
use crate::ops::{Cumulative, ReduceWindow, Reducer, Window, dilated};
use crate::run::bind1;
use crate::value::DType;

/// How a window slides. An empty list stands for 1 on every axis.
///
/// ```
/// use nnx::{Array, array::{Padding, WindowOptions, reduce_window_max}};
///
/// let x = Array::from([1, 5, 2, 3, 4]);
/// let options =
///     WindowOptions { strides: vec![2], padding: Padding::Same, ..Default::default() };
/// assert_eq!(reduce_window_max(&x, &[2], &options).to_vec::<i32>(), [5, 3, 4]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct WindowOptions {
    /// Steps of the window.
    pub strides: Vec<usize>,
    /// Neutral elements around the array; none by default.
    pub padding: Padding,
    /// The distance between neighbours in the array.
    pub base_dilation: Vec<usize>,
    /// The distance between neighbours in the window.
    pub window_dilation: Vec<usize>,
}

#[track_caller]
fn reduce_window(x: &Array, reducer: Reducer, sizes: &[usize], options: &WindowOptions) -> Array {
    let op = match reducer {
        Reducer::Max => "reduce_window_max",
        Reducer::Min => "reduce_window_min",
        _ => "reduce_window_sum",
    };
    let rank = x.rank();
    let or_ones = |list: &[usize]| if list.is_empty() { vec![1; rank] } else { list.to_vec() };
    let strides = or_ones(&options.strides);
    let window_dilation = or_ones(&options.window_dilation);
    let base_dilation = or_ones(&options.base_dilation);
    let lists = [sizes, &strides, &window_dilation, &base_dilation];
    if lists.iter().any(|list| list.len() != rank) {
        invalid(
            op,
            format!(
                "window {sizes:?}, strides {strides:?}, base_dilation {base_dilation:?} and \
                 window_dilation {window_dilation:?} need one entry per axis of {}",
                x.aval()
            ),
        );
    }
    let spread = |sizes: &[usize], dilation: &[usize]| -> Vec<usize> {
        sizes.iter().zip(dilation).map(|(&n, &d)| dilated(n, d) as usize).collect()
    };
    let padding = match &options.padding {
        Padding::Explicit(pairs) => pairs.clone(),
        padding => padding.pairs(
            &spread(x.shape(), &base_dilation),
            &spread(sizes, &window_dilation),
            &strides,
        ),
    };
    let window = Window { sizes: sizes.to_vec(), strides, padding, base_dilation, window_dilation };
    bind1(ReduceWindow { reducer, window }, &[x])
}

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident $reducer:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Panics
        /// Panics if the window or the options do not fit the axes of `x`.
        #[track_caller]
        pub fn $name(x: &Array, window: &[usize], options: &WindowOptions) -> Array {
            reduce_window(x, Reducer::$reducer, window, options)
        }
    )*};
}
reductions! {
    /// Sums over sliding windows; padding counts as 0. `window` has one size per axis, 1 where nothing is
    /// combined. The result has the dtype of `x`.
    ///
    /// ```
    /// use nnx::{Array, array::{WindowOptions, reduce_window_sum}};
    ///
    /// let x = Array::from([[1, 2, 3, 4], [5, 6, 7, 8]]);
    /// let y = reduce_window_sum(&x, &[1, 2], &WindowOptions::default());
    /// assert_eq!(y.to_vec::<i32>(), [3, 5, 7, 11, 13, 15]);
    /// ```
    reduce_window_sum Sum;
    /// Largest elements of sliding windows; padding counts as the smallest value. Reverse mode
    /// does not take a `window_dilation`. `window` has one size per axis, 1 where nothing is combined. The
    /// result has the dtype of `x`.
    ///
    /// ```
    /// use nnx::{Array, array::{WindowOptions, reduce_window_max}};
    ///
    /// // Images [N, H, W, C] -> [N, H/2, W/2, C]
    /// let x = Array::from([[1, 2, 3, 4], [5, 6, 7, 8]]).reshape([1, 2, 4, 1]);
    /// let options = WindowOptions { strides: vec![1, 2, 2, 1], ..Default::default() };
    /// let y = reduce_window_max(&x, &[1, 2, 2, 1], &options);
    /// assert_eq!(y.shape(), [1, 1, 2, 1]);
    /// assert_eq!(y.to_vec::<i32>(), [6, 8]);
    /// ```
    reduce_window_max Max;
    /// Smallest elements of sliding windows; padding counts as the largest value. Reverse mode
    /// does not take a `window_dilation`. `window` has one size per axis, 1 where nothing is combined. The
    /// result has the dtype of `x`.
    ///
    /// ```
    /// use nnx::{Array, array::{Padding, WindowOptions, reduce_window_min}};
    ///
    /// let options = WindowOptions { padding: Padding::Same, ..Default::default() };
    /// let y = reduce_window_min(&Array::from([3, 1, 2]), &[2], &options);
    /// assert_eq!(y.to_vec::<i32>(), [1, 1, 2]);
    /// ```
    reduce_window_min Min;
}

/// Running reductions.
impl Array {
    /// Sum of the elements up to and including each one along `axis`, in the array's dtype; bools
    /// become i32. `jax.numpy.cumsum`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.cumsum(1).to_vec::<i32>(), [1, 3, 6, 4, 9, 15]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Array {
        self.cumulative("cumsum", Reducer::Sum, axis)
    }

    /// Product of the elements up to and including each one along `axis`, in the array's dtype;
    /// bools become i32. `jax.numpy.cumprod`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.cumprod(0).to_vec::<i32>(), [1, 2, 3, 4, 10, 18]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn cumprod(&self, axis: isize) -> Array {
        self.cumulative("cumprod", Reducer::Prod, axis)
    }

    /// Largest of the elements up to and including each one along `axis`; NaN wins.
    /// `jax.lax.cummax`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([1, 3, 2, 5]).cummax(0).to_vec::<i32>(), [1, 3, 3, 5]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn cummax(&self, axis: isize) -> Array {
        self.cumulative("cummax", Reducer::Max, axis)
    }

    /// Smallest of the elements up to and including each one along `axis`; NaN wins.
    /// `jax.lax.cummin`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([3, 4, 1, 2]).cummin(0).to_vec::<i32>(), [3, 3, 1, 1]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn cummin(&self, axis: isize) -> Array {
        self.cumulative("cummin", Reducer::Min, axis)
    }

    #[track_caller]
    fn cumulative(&self, op: &str, reducer: Reducer, axis: isize) -> Array {
        let dim = dim(op, axis, self.aval());
        let x = match (reducer, self.dtype()) {
            (Reducer::Sum | Reducer::Prod, DType::Bool) => self.astype(DType::I32),
            _ => self.clone(),
        };
        bind1(Cumulative { reducer, dim, reverse: false }, &[&x])
    }
}
