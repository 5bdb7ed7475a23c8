//! Padding with what the array holds.

use super::axes::{invalid, sum_of};
use super::{concatenate, keepdims, linspace, one_program};
use crate::graph::Array;

/// The filling of [`Array::pad_mode`].
///
/// ```
/// use nnx::{Array, array::PadMode};
///
/// let x = Array::from([1, 2, 4]);
/// let y = |mode| x.pad_mode(&[(1, 2)], mode).to_vec::<i32>();
/// assert_eq!(y(PadMode::Edge), [1, 1, 2, 4, 4, 4]);
/// assert_eq!(y(PadMode::Reflect), [2, 1, 2, 4, 2, 1]);
/// assert_eq!(y(PadMode::Symmetric), [1, 1, 2, 4, 4, 2]);
/// assert_eq!(y(PadMode::Wrap), [4, 1, 2, 4, 1, 2]);
/// assert_eq!(y(PadMode::LinearRamp(0.0)), [0, 1, 2, 4, 2, 0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PadMode {
    /// The element at the edge.
    Edge,
    /// The elements mirrored at the edge, which is not repeated.
    Reflect,
    /// The elements mirrored at the edge, which is repeated.
    Symmetric,
    /// The elements from the other end.
    Wrap,
    /// A straight line from the edge to this value.
    LinearRamp(f64),
    /// The largest element along the axis.
    Maximum,
    /// The smallest element along the axis.
    Minimum,
    /// The mean along the axis.
    Mean,
}

impl Array {
    /// Adds elements before and after each axis, made from the array's own. For constants see
    /// [`pad`](Array::pad). `jax.numpy.pad`.
    ///
    /// ```
    /// use nnx::{Array, array::PadMode};
    /// let x = Array::from_slice(&[1, 2, 3], [3]);
    /// assert_eq!(x.pad_mode(&[(2, 2)], PadMode::Reflect).to_vec::<i32>(), [3, 2, 1, 2, 3, 2, 1]);
    /// assert_eq!(x.pad_mode(&[(2, 1)], PadMode::Wrap).to_vec::<i32>(), [2, 3, 1, 2, 3, 1]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is not one pair per axis, or an empty axis is to be padded.
    #[track_caller]
    pub fn pad_mode(&self, pairs: &[(usize, usize)], mode: PadMode) -> Array {
        let aval = self.aval();
        if pairs.len() != aval.rank() {
            invalid("pad_mode", format!("{} pairs for {aval}; one per axis", pairs.len()));
        }
        for (&(low, high), &n) in pairs.iter().zip(aval.shape()) {
            let sum = sum_of("pad_mode", sum_of("pad_mode", n, low), high);
            if isize::try_from(sum).is_err() {
                invalid("pad_mode", format!("{sum} elements are more than can be counted"));
            }
        }
        let empty =
            |&(d, &(low, high)): &(usize, &(usize, usize))| aval.shape()[d] == 0 && low + high > 0;
        if let Some((d, _)) = pairs.iter().enumerate().find(empty) {
            invalid("pad_mode", format!("axis {d} of {aval} has no elements to pad with"));
        }
        one_program("pad_mode", std::slice::from_ref(self), |args| {
            let mut x = args[0].clone();
            for (d, &(low, high)) in pairs.iter().enumerate().filter(|(_, p)| **p != (0, 0)) {
                x = pad_axis(&x, d, low, high, mode);
            }
            x
        })
    }
}

#[track_caller]
fn pad_axis(x: &Array, d: usize, low: usize, high: usize, mode: PadMode) -> Array {
    let n = x.shape()[d];
    let axis = keepdims(d);
    let filled = |x: &Array, value: &Array| {
        let part = |len: usize| {
            let mut shape = x.shape().to_vec();
            shape[d] = len;
            value.broadcast_to_dims(&shape)
        };
        concatenate([&part(low), x, &part(high)], d as isize)
    };
    match mode {
        PadMode::Edge => {
            let (first, last) = (x.slice_dim(d, 0, 1), x.slice_dim(d, n - 1, n));
            let axis = d as isize;
            concatenate([&first.repeat(low, axis), x, &last.repeat(high, axis)], axis)
        }
        PadMode::Wrap => periodic(x, d, low, high, n, |i| i),
        PadMode::Symmetric => {
            periodic(x, d, low, high, 2 * n, |i| if i < n { i } else { 2 * n - 1 - i })
        }
        PadMode::Reflect => {
            let period = (2 * n - 2).max(1);
            periodic(x, d, low, high, period, |i| if i < n { i } else { 2 * n - 2 - i })
        }
        PadMode::Maximum => filled(x, &x.max(axis)),
        PadMode::Minimum => filled(x, &x.min(axis)),
        PadMode::Mean => {
            let mean = x.mean(axis);
            let mean = if x.dtype().is_int() { mean.round() } else { mean };
            filled(x, &mean.astype(x.dtype()))
        }
        PadMode::LinearRamp(end) => {
            let ramp = |edge: Array, len: usize, before: bool| {
                // From the end value, which is reached, to the edge, which is not.
                let wide = edge.squeeze(d);
                let line = linspace(end, wide.to_inexact(), len + 1, wide.to_inexact().dtype());
                let line = line.slice_dim(0, 0, len);
                let line = if before { line } else { line.flip(0) };
                let line = if x.dtype().is_int() { line.trunc() } else { line };
                line.moveaxis(0, d as isize).astype(x.dtype())
            };
            let before = ramp(x.slice_dim(d, 0, 1), low, true);
            let after = ramp(x.slice_dim(d, n - 1, n), high, false);
            concatenate([&before, x, &after], d as isize)
        }
    }
}

/// The elements at `source(i)` for i from −`low` to n + `high` along dimension `d`, where i counts
/// modulo `period`, which is at least n.
#[track_caller]
fn periodic(
    x: &Array,
    d: usize,
    low: usize,
    high: usize,
    period: usize,
    source: impl Fn(usize) -> usize,
) -> Array {
    /// A program with a slice for each of many periods takes minutes to compile.
    const MANY: usize = 16;
    let n = x.shape()[d];
    let total = low + n + high;
    if total / period <= MANY {
        return take_runs(x, d, low, high, |i| source(i.rem_euclid(period as isize) as usize));
    }
    let one = take_runs(x, d, 0, period - n, |i| source(i as usize));
    let start = (period - low % period) % period;
    let mut reps = vec![1; x.rank()];
    reps[d] = (start + total).div_ceil(period);
    one.tile(&reps).slice_dim(d, start, start + total)
}

/// The elements at `source(i)` for i from −`low` to n + `high` along dimension `d`, as slices and
/// reversed slices.
#[track_caller]
fn take_runs(
    x: &Array,
    d: usize,
    low: usize,
    high: usize,
    source: impl Fn(isize) -> usize,
) -> Array {
    let n = x.shape()[d];
    let places: Vec<usize> = (-(low as isize)..(n + high) as isize).map(source).collect();
    let mut parts = Vec::new();
    let mut at = 0;
    while at < places.len() {
        let run = |step: isize| {
            let mut len = 1;
            while at + len < places.len()
                && places[at + len] as isize == places[at + len - 1] as isize + step
            {
                len += 1;
            }
            len
        };
        let (same, up, down) = (run(0), run(1), run(-1));
        let first = places[at];
        if same >= up && same >= down && same > 1 {
            parts.push(x.slice_dim(d, first, first + 1).repeat(same, d as isize));
            at += same;
        } else if down > up {
            parts.push(x.slice_dim(d, first + 1 - down, first + 1).flip(d));
            at += down;
        } else {
            parts.push(x.slice_dim(d, first, first + up));
            at += up;
        }
    }
    concatenate(&parts, d as isize)
}
