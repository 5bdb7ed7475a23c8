//! Arrays put together and taken apart: roll, rotate, stacks, splits, repetition.

use super::axes::{dim, dims, invalid};
use super::program::{common_shape, program};
use super::starts::Starts;
use super::{AsArray, AsArrays, IndexMode, IntoAxes, IntoShape, concatenate, iota, one_program};
use crate::graph::{Array, is_tracing};
use crate::value::DType;

/// Elements moved around.
impl Array {
    /// The elements moved by `shifts` places along `axes`, one shift for each axis or one for all; those
    /// pushed out come in at the other end. With `..` the elements move row by row. `jax.numpy.roll`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1, 2, 3, 4]);
    /// assert_eq!(x.roll(1, 0).to_vec::<i32>(), [4, 1, 2, 3]);
    /// let x = Array::from([[0, 1, 2], [3, 4, 5]]);
    /// assert_eq!(x.roll([1, 1], [0, 1]).to_vec::<i32>(), [5, 3, 4, 2, 0, 1]);
    /// assert_eq!(x.roll(1, ..).to_vec::<i32>(), [5, 0, 1, 2, 3, 4]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, or there are neither one shift nor as many as axes.
    #[track_caller]
    pub fn roll(&self, shifts: impl IntoShape, axes: impl IntoAxes) -> Array {
        const OP: &str = "roll";
        let (shifts, axes) = (shifts.into_shape(), axes.into_axes().axes);
        let Some(axes) = axes else {
            let [shift] = shifts[..] else {
                invalid(OP, format!("takes one shift without an axis, got {shifts:?}"))
            };
            return self.flatten().roll_dims(&[(0, shift)]).reshape(self.shape());
        };
        let dims = dims(OP, &axes, self.aval());
        let count = shifts.len().max(dims.len());
        if [shifts.len(), dims.len()].iter().any(|&n| n != 1 && n != count) {
            let message = format!("{} shifts do not fit {} axes", shifts.len(), dims.len());
            invalid(OP, message);
        }
        let one = |of: usize, i: usize| if of == 1 { 0 } else { i };
        let moves: Vec<(usize, isize)> =
            (0..count).map(|i| (dims[one(dims.len(), i)], shifts[one(shifts.len(), i)])).collect();
        self.roll_dims(&moves)
    }

    /// The elements moved along dimensions, some of which may come twice.
    #[track_caller]
    fn roll_dims(&self, moves: &[(usize, isize)]) -> Array {
        let mut shifts = vec![0; self.rank()];
        for &(d, shift) in moves {
            let n = self.shape()[d].max(1);
            shifts[d] = (shifts[d] + shift.rem_euclid(n as isize) as usize) % n;
        }
        if shifts.iter().all(|&shift| shift == 0) {
            return self.clone();
        }
        let moved = || (0..self.rank()).filter(|&d| shifts[d] > 0);
        if !is_tracing() {
            // One program for all shifts: a part of two copies side by side.
            let start = |d: usize| if shifts[d] > 0 { self.shape()[d] - shifts[d] } else { 0 };
            let starts = Starts::beside(self, (0..self.rank()).map(start).collect());
            return one_program("roll", &starts.after([self.clone()]), |args| {
                let twice = moved().fold(args[0].clone(), |x, d| concatenate([&x, &x], d as isize));
                starts.window(&twice, &starts.scalars(args), self.shape())
            });
        }
        one_program("roll", std::slice::from_ref(self), |args| {
            moved().fold(args[0].clone(), |x, d| {
                let (n, shift) = (x.shape()[d], shifts[d]);
                let (front, back) = (x.slice_dim(d, n - shift, n), x.slice_dim(d, 0, n - shift));
                concatenate([&front, &back], d as isize)
            })
        })
    }

    /// Rotates by `k` times 90° in the plane of the two axes, from the first towards the second.
    /// `jax.numpy.rot90` (defaults `k` 1, axes 0 and 1).
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.rot90(1, [0, 1]).to_vec::<i32>(), [2, 4, 1, 3]);
    /// assert_eq!(x.rot90(-1, [0, 1]).to_vec::<i32>(), [3, 1, 4, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if there are no such two axes.
    #[track_caller]
    pub fn rot90(&self, k: isize, axes: [isize; 2]) -> Array {
        let aval = self.aval();
        let [a, b] = [dim("rot90", axes[0], aval), dim("rot90", axes[1], aval)];
        if a == b {
            invalid("rot90", format!("axes {axes:?} of {aval} are the same"));
        }
        let (i, j) = (a as isize, b as isize);
        one_program("rot90", std::slice::from_ref(self), |args| {
            let x = &args[0];
            match k.rem_euclid(4) {
                0 => x.clone(),
                1 => x.flip(j).swapaxes(i, j),
                2 => x.flip([i, j]),
                _ => x.swapaxes(i, j).flip(j),
            }
        })
    }

    /// The array with at least one axis. `jax.numpy.atleast_1d`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::scalar(1.0).atleast_1d().shape(), [1]);
    /// assert_eq!(Array::from([[1.0, 2.0]]).atleast_1d().shape(), [1, 2]);
    /// ```
    #[track_caller]
    pub fn atleast_1d(&self) -> Array {
        if self.rank() == 0 { self.reshape([1]) } else { self.clone() }
    }

    /// The array with at least two axes; a vector becomes a row. `jax.numpy.atleast_2d`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([1.0, 2.0, 3.0]).atleast_2d().shape(), [1, 3]);
    /// ```
    #[track_caller]
    pub fn atleast_2d(&self) -> Array {
        match self.shape() {
            [] => self.reshape([1, 1]),
            &[n] => self.reshape([1, n]),
            _ => self.clone(),
        }
    }

    /// The array with at least three axes; a vector becomes `[1, n, 1]`, a matrix `[m, n, 1]`.
    /// `jax.numpy.atleast_3d`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([1.0, 2.0, 3.0]).atleast_3d().shape(), [1, 3, 1]);
    /// assert_eq!(Array::from([[1.0, 2.0, 3.0]]).atleast_3d().shape(), [1, 3, 1]);
    /// ```
    #[track_caller]
    pub fn atleast_3d(&self) -> Array {
        match self.shape() {
            [] => self.reshape([1, 1, 1]),
            &[n] => self.reshape([1, n, 1]),
            &[m, n] => self.reshape([m, n, 1]),
            _ => self.clone(),
        }
    }

    /// The `N` parts along `axis`, without that axis. `jax.numpy.unstack`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let [x, y] = Array::from([[1, 2], [3, 4], [5, 6]]).unstack(1); // two, because two are named
    /// assert_eq!(x.to_vec::<i32>(), [1, 3, 5]);
    /// assert_eq!(y.to_vec::<i32>(), [2, 4, 6]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, or its size is not `N`.
    #[track_caller]
    pub fn unstack<const N: usize>(&self, axis: isize) -> [Array; N] {
        let d = dim("unstack", axis, self.aval());
        if self.shape()[d] != N {
            let fix = "`axis_iter` gives as many parts as there are";
            invalid("unstack", format!("{} is not {N} along axis {axis}; {fix}", self.aval()));
        }
        match self.parts("unstack", d).try_into() {
            Ok(parts) => parts,
            Err(_) => unreachable!("as many parts as the axis has elements"),
        }
    }

    /// The parts along `axis`, without that axis: as [`unstack`](Array::unstack), where their number is not
    /// known when the code is written. Outside of a trace one program makes them all.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2], [3, 4], [5, 6]]);
    /// let sums: Vec<i32> = x.axis_iter(0).map(|row| row.sum(..).item()).collect();
    /// assert_eq!(sums, [3, 7, 11]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn axis_iter(&self, axis: isize) -> std::vec::IntoIter<Array> {
        let d = dim("axis_iter", axis, self.aval());
        self.parts("axis_iter", d).into_iter()
    }

    #[track_caller]
    fn parts(&self, op: &str, d: usize) -> Vec<Array> {
        let n = self.shape()[d];
        check_parts(op, n);
        program(op, std::slice::from_ref(self), |args| {
            (0..n).map(|i| args[0].slice_dim(d, i, i + 1).squeeze(d)).collect()
        })
    }

    /// The parts along `axis` before, between and after the given positions. `jax.numpy.split`
    /// with a list.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from_slice(&[1, 2, 3, 4, 5], [5]);
    /// let parts: Vec<usize> = x.split_at(&[1, 3], 0).iter().map(|p| p.size()).collect();
    /// assert_eq!(parts, [1, 2, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn split_at(&self, positions: &[usize], axis: isize) -> Vec<Array> {
        let d = dim("split_at", axis, self.aval());
        let n = self.shape()[d];
        check_parts("split_at", positions.len());
        let starts = std::iter::once(0).chain(positions.iter().map(|&p| p.min(n)));
        let ends = positions.iter().map(|&p| p.min(n)).chain([n]);
        let ranges: Vec<(usize, usize)> = starts.zip(ends).collect();
        program("split_at", std::slice::from_ref(self), |args| {
            ranges.iter().map(|&(s, e)| args[0].slice_dim(d, s, e.max(s))).collect()
        })
    }

    /// `parts` parts along `axis` whose sizes differ by at most one, the larger first.
    /// `jax.numpy.array_split`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let parts = Array::from([1, 2, 3, 4, 5]).array_split(2, 0);
    /// assert_eq!(parts[0].to_vec::<i32>(), [1, 2, 3]);
    /// assert_eq!(parts[1].to_vec::<i32>(), [4, 5]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or `parts` is 0.
    #[track_caller]
    pub fn array_split(&self, parts: usize, axis: isize) -> Vec<Array> {
        let d = dim("array_split", axis, self.aval());
        if parts == 0 {
            invalid("array_split", format!("{} cannot be split into no parts", self.aval()));
        }
        let n = self.shape()[d];
        check_parts("array_split", parts);
        let (size, larger) = (n / parts, n % parts);
        let positions: Vec<usize> = (1..parts).map(|i| i * size + i.min(larger)).collect();
        self.split_at(&positions, axis)
    }

    /// Repeats element i along `axis` `counts[i]` times; `total` is the sum of the counts: what
    /// is left over repeats the last element, what is too much is cut. `jax.numpy.repeat` with
    /// `total_repeat_length`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.repeat_each(Array::from([2, 0, 1]), 0, 3).to_vec::<i32>(), [1, 1, 3]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, or there is not one integer count per element.
    #[track_caller]
    pub fn repeat_each(&self, counts: impl AsArray, axis: isize, total: usize) -> Array {
        let counts = counts.as_array();
        let d = dim("repeat_each", axis, self.aval());
        let fits = counts.dtype().is_int() && counts.shape() == [self.shape()[d]];
        if !fits || counts.size() == 0 {
            let message = format!(
                "{} needs {} integer counts, got {}",
                self.aval(),
                self.shape()[d],
                counts.aval()
            );
            invalid("repeat_each", message);
        }
        one_program("repeat_each", &[self.clone(), counts.clone()], |args| {
            let ends = args[1].cumsum(0);
            let at = ends.searchsorted(iota([total], ends.dtype(), 0), true);
            args[0].take_mode(&at, d as isize, IndexMode::Clip)
        })
    }

    /// Differences of neighbours along `axis`, taken `n` times; of bools, whether they differ.
    /// `jax.numpy.diff` (defaults `n` 1, last axis).
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 4, 9, 16]);
    /// assert_eq!(x.diff(1, -1).to_vec::<i32>(), [3, 5, 7]);
    /// assert_eq!(x.diff(2, -1).to_vec::<i32>(), [2, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn diff(&self, n: usize, axis: isize) -> Array {
        let d = dim("diff", axis, self.aval());
        one_program("diff", std::slice::from_ref(self), |args| {
            let mut x = args[0].clone();
            // Nothing is left after as many differences as there are elements.
            for _ in 0..n.min(x.shape()[d]) {
                let size = x.shape()[d];
                let (next, this) =
                    (x.slice_dim(d, 1.min(size), size), x.slice_dim(d, 0, size.max(1) - 1));
                x = if x.dtype() == DType::Bool { next.ne(&this) } else { next - this };
            }
            x
        })
    }

    /// The slope along `axis` of values `spacing` apart: central differences inside, one-sided
    /// ones at the ends. `jax.numpy.gradient` along one axis. For derivatives of functions see
    /// [`grad`](crate::transform::grad).
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1.0, 2.0, 4.0, 8.0]);
    /// assert_eq!(x.gradient(1.0, 0).to_vec::<f64>(), [1.0, 1.5, 3.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or it has fewer than two elements.
    #[track_caller]
    pub fn gradient(&self, spacing: f64, axis: isize) -> Array {
        let d = dim("gradient", axis, self.aval());
        let n = self.shape()[d];
        if n < 2 {
            let message = format!("axis {d} of {} needs at least two elements", self.aval());
            invalid("gradient", message);
        }
        one_program("gradient", std::slice::from_ref(self), |args| {
            let x = args[0].to_inexact();
            let part = |start, end| x.slice_dim(d, start, end);
            let first = (part(1, 2) - part(0, 1)) / spacing;
            let last = (part(n - 1, n) - part(n - 2, n - 1)) / spacing;
            let inner = (part(2, n) - part(0, n - 2)) * 0.5 / spacing;
            concatenate([&first, &inner, &last], d as isize)
        })
    }

    /// The array with several axes of size 1 more, at the positions `axes` of the result.
    /// `jax.numpy.expand_dims` with a tuple.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.expand_axes(&[0, -1]).shape(), [1, 3, 1]);
    /// ```
    ///
    /// # Panics
    /// Panics if the result has no such axes or one is given twice.
    #[track_caller]
    pub fn expand_axes(&self, axes: &[isize]) -> Array {
        let rank = self.rank() + axes.len();
        let wide = super::super::value::Aval::new(self.dtype(), &vec![1; rank]);
        let mut dims: Vec<usize> = dims("expand_axes", axes, &wide);
        dims.sort_unstable();
        if let Some(pair) = dims.windows(2).find(|pair| pair[0] == pair[1]) {
            invalid("expand_axes", format!("axis {} is given twice in {axes:?}", pair[0]));
        }
        self.insert_dims(&dims)
    }
}

/// Refuses more parts of one program than XLA compiles in some seconds.
#[track_caller]
pub(crate) fn check_parts(op: &str, parts: usize) {
    const MOST: usize = 1 << 14;
    if parts > MOST {
        invalid(
            op,
            format!(
                "{parts} arrays are too many for one program, the most are {MOST}: take them in \
                 several steps, or keep them in one array"
            ),
        );
    }
}

#[track_caller]
fn owned(arrays: &[&Array]) -> Vec<Array> {
    arrays.iter().map(|&a| a.clone()).collect()
}

/// Joins arrays after each was given `least` axes.
#[track_caller]
fn join(name: &str, arrays: &[&Array], least: fn(&Array) -> Array, axis: isize) -> Array {
    if arrays.is_empty() {
        invalid(name, "needs at least one array".into());
    }
    one_program(name, &owned(arrays), |args| {
        let wide: Vec<Array> = args.iter().map(least).collect();
        concatenate(&wide, axis)
    })
}

/// Joins arrays along the second axis, vectors along their only one. `jax.numpy.hstack`.
///
/// ```
/// use nnx::{Array, array::hstack};
///
/// let (x, y) = (Array::from([1, 2]), Array::from([3]));
/// assert_eq!(hstack([&x, &y]).to_vec::<i32>(), [1, 2, 3]);
/// let (x, y) = (Array::from([[1], [2]]), Array::from([[3], [4]]));
/// assert_eq!(hstack([&x, &y]).to_vec::<i32>(), [1, 3, 2, 4]);
/// ```
///
/// # Panics
/// Panics if there is no array or their other axes differ.
#[track_caller]
pub fn hstack(arrays: impl AsArrays) -> Array {
    let arrays = &*arrays.as_arrays();
    let axis = if arrays.first().is_some_and(|a| a.rank() > 1) { 1 } else { 0 };
    join("hstack", arrays, |x| x.atleast_1d(), axis)
}

/// Joins arrays along the first axis; vectors become rows. `jax.numpy.vstack`.
///
/// ```
/// use nnx::{Array, array::vstack};
///
/// let table = vstack([&Array::from([1, 2]), &Array::from([[3, 4], [5, 6]])]);
/// assert_eq!(table.shape(), [3, 2]);
/// assert_eq!(table.to_vec::<i32>(), [1, 2, 3, 4, 5, 6]);
/// ```
///
/// # Panics
/// Panics if there is no array or their other axes differ.
#[track_caller]
pub fn vstack(arrays: impl AsArrays) -> Array {
    let arrays = &*arrays.as_arrays();
    join("vstack", arrays, |x| x.atleast_2d(), 0)
}

/// Joins arrays along the third axis. `jax.numpy.dstack`.
///
/// ```
/// use nnx::{Array, array::dstack};
///
/// let x = dstack([&Array::from([[1], [2]]), &Array::from([[3], [4]])]);
/// assert_eq!(x.shape(), [2, 1, 2]);
/// assert_eq!(x.to_vec::<i32>(), [1, 3, 2, 4]);
/// ```
///
/// # Panics
/// Panics if there is no array or their other axes differ.
#[track_caller]
pub fn dstack(arrays: impl AsArrays) -> Array {
    let arrays = &*arrays.as_arrays();
    join("dstack", arrays, |x| x.atleast_3d(), 2)
}

/// Joins matrices and vectors, which become columns, along the second axis.
/// `jax.numpy.column_stack`.
///
/// ```
/// use nnx::{Array, array::column_stack};
///
/// let x = column_stack([&Array::from([1, 2]), &Array::from([[3, 4], [5, 6]])]);
/// assert_eq!(x.to_vec::<i32>(), [1, 3, 4, 2, 5, 6]);
/// ```
///
/// # Panics
/// Panics if there is no array or their other axes differ.
#[track_caller]
pub fn column_stack(arrays: impl AsArrays) -> Array {
    let arrays = &*arrays.as_arrays();
    join("column_stack", arrays, |x| if x.rank() < 2 { x.reshape([-1, 1]) } else { x.clone() }, 1)
}

/// A matrix with the given matrices along its diagonal and zeros elsewhere.
/// `jax.scipy.linalg.block_diag`.
///
/// ```
/// use nnx::{Array, array::block_diag};
///
/// let x = block_diag([&Array::from([[1]]), &Array::from([[2, 3]])]);
/// assert_eq!(x.to_vec::<i32>(), [1, 0, 0, 0, 2, 3]);
/// ```
///
/// # Panics
/// Panics if an array has more than two axes, or there is none.
#[track_caller]
pub fn block_diag(arrays: impl AsArrays) -> Array {
    let arrays = &*arrays.as_arrays();
    if let Some(bad) = arrays.iter().find(|a| a.rank() > 2) {
        invalid("block_diag", format!("needs matrices, got {}", bad.aval()));
    }
    if arrays.is_empty() {
        invalid("block_diag", "needs at least one array".into());
    }
    one_program("block_diag", &owned(arrays), |args| {
        let args: Vec<Array> = args.iter().map(Array::atleast_2d).collect();
        let width: usize = args.iter().map(|a| a.shape()[1]).sum();
        let mut left = 0;
        let rows: Vec<Array> = args
            .iter()
            .map(|a| {
                let right = width - left - a.shape()[1];
                let row = a.pad(&[(0, 0), (left as i64, right as i64)], 0);
                left += a.shape()[1];
                row
            })
            .collect();
        concatenate(&rows, 0)
    })
}

/// The arrays in the shape that all of them broadcast to. `jax.numpy.broadcast_arrays`.
///
/// ```
/// use nnx::{Array, array::broadcast_arrays};
///
/// let wide = broadcast_arrays([&Array::from([[1], [2]]), &Array::from([10, 20])]);
/// assert_eq!(wide[0].to_vec::<i32>(), [1, 1, 2, 2]);
/// assert_eq!(wide[1].to_vec::<i32>(), [10, 20, 10, 20]);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn broadcast_arrays(arrays: impl AsArrays) -> Vec<Array> {
    let arrays = &*arrays.as_arrays();
    let shape = common_shape("broadcast_arrays", arrays);
    program("broadcast_arrays", &owned(arrays), |args| {
        args.iter().map(|x| x.broadcast_to_dims(&shape)).collect()
    })
}
