//! Elements put in between and taken out, blocks of arrays.

use super::axes::{dim, invalid, sum_of};
use super::{AsArray, Operand, concatenate, one_program};
use crate::graph::Array;

/// Elements put in and taken out at places that are known.
impl Array {
    /// The array with `values` before the elements at the given positions along `axis`, which count in
    /// the array as it was; negative ones count from the end. Without an axis the array is flattened
    /// first. One position takes any number of values, several positions one value each. The values are
    /// converted to this array's dtype and broadcast. `jax.numpy.insert`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([0, 1, 2, 3]);
    /// assert_eq!(x.insert(&[1, 3], 9, None).to_vec::<i32>(), [0, 9, 1, 2, 9, 3]);
    /// assert_eq!(x.insert(&[-1], &Array::from([7, 8]), 0).to_vec::<i32>(), [0, 1, 2, 7, 8, 3]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or position, or the values do not broadcast to the shape that goes
    /// in.
    #[track_caller]
    pub fn insert(
        &self,
        positions: &[isize],
        values: impl Operand,
        axis: impl Into<Option<isize>>,
    ) -> Array {
        const OP: &str = "insert";
        let (x, d) = along(OP, self, axis.into());
        let n = x.shape()[d];
        let values = values.array(x.dtype());
        let missing = x.rank().saturating_sub(values.rank());
        let shape: Vec<usize> =
            std::iter::repeat_n(1, missing).chain(values.shape().iter().copied()).collect();
        let count = match positions.len() {
            1 if shape.len() == x.rank() => shape[d],
            several => several,
        };
        let mut wanted = x.shape().to_vec();
        wanted[d] = count;
        if super::broadcast_shapes(&shape, &wanted).as_deref() != Some(&wanted) {
            let values = values.aval();
            invalid(
                OP,
                format!(
                    "values {values} do not broadcast to shape {wanted:?}, {count} along axis {d}"
                ),
            );
        }
        let mut places = Vec::with_capacity(count);
        for i in 0..count {
            let position = if positions.len() == 1 { positions[0] } else { positions[i] };
            places.push(place(OP, position, &x, d, sum_of(OP, n, 1)));
        }
        // The place in the result of each value and each element: after those that come before.
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|&i| places[i]);
        let mut sources = Vec::with_capacity(sum_of(OP, n, count));
        let mut next = order.into_iter().peekable();
        for element in 0..=n {
            while let Some(value) = next.next_if(|&i| places[i] == element) {
                sources.push(n + value);
            }
            if element < n {
                sources.push(element);
            }
        }
        one_program(OP, &[x, values], |args| {
            let values = args[1].astype(args[0].dtype()).reshape(&shape).broadcast_to_dims(&wanted);
            let both = concatenate([&args[0], &values], d as isize);
            picked(&both, &sources, d)
        })
    }

    /// The array without the elements at the given positions along `axis`; negative ones count from the
    /// end. Without an axis the array is flattened first. `jax.numpy.delete`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([0, 1, 2, 3, 4]);
    /// assert_eq!(x.delete(&[1, -1], None).to_vec::<i32>(), [0, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or position.
    #[track_caller]
    pub fn delete(&self, positions: &[isize], axis: impl Into<Option<isize>>) -> Array {
        const OP: &str = "delete";
        let (x, d) = along(OP, self, axis.into());
        let n = x.shape()[d];
        let mut kept = vec![true; n];
        for &position in positions {
            kept[place(OP, position, &x, d, n)] = false;
        }
        let sources: Vec<usize> = (0..n).filter(|&i| kept[i]).collect();
        one_program(OP, &[x], |args| picked(&args[0], &sources, d))
    }
}

/// The array and the dimension, or the flat array and its only one.
#[track_caller]
fn along(op: &str, x: &Array, axis: Option<isize>) -> (Array, usize) {
    match axis {
        Some(axis) => (x.clone(), dim(op, axis, x.aval())),
        None => (x.flatten(), 0),
    }
}

/// A possibly negative position as one of `places`.
#[track_caller]
fn place(op: &str, position: isize, x: &Array, d: usize, places: usize) -> usize {
    let n = x.shape()[d];
    let at = if position < 0 { position.checked_add_unsigned(n) } else { Some(position) };
    match at.and_then(|at| usize::try_from(at).ok()) {
        Some(at) if at < places => at,
        _ => invalid(op, format!("axis {d} of {} has no position {position}", x.aval())),
    }
}

/// The elements at `sources` along dimension `d`, as slices of neighbours.
#[track_caller]
fn picked(x: &Array, sources: &[usize], d: usize) -> Array {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &source in sources {
        match runs.last_mut() {
            Some((_, end)) if *end == source => *end += 1,
            _ => runs.push((source, source + 1)),
        }
    }
    /// A slice each is faster than a gather, as long as they are few.
    const FEW: usize = 64;
    if runs.is_empty() {
        return x.slice_dim(d, 0, 0);
    }
    if runs.len() > FEW {
        let positions: Vec<i64> = sources.iter().map(|&i| i as i64).collect();
        return x.take(Array::from_slice(&positions, [positions.len()]), d as isize);
    }
    let parts: Vec<Array> = runs.iter().map(|&(start, end)| x.slice_dim(d, start, end)).collect();
    concatenate(&parts, d as isize)
}

/// An array of rows of blocks: the blocks of a row side by side along the last axis, the rows one below
/// the other along the second last. Scalars and vectors become rows. `jax.numpy.block` of a list of lists.
///
/// ```
/// use nnx::{Array, array::{block, eye, zeros}, DType};
/// let (a, b) = (eye(2, DType::F32), zeros([2, 1], DType::F32));
/// assert_eq!(block(&[&[&a, &b], &[&b.t(), &Array::scalar(1.0_f32)]]).shape(), [3, 3]);
/// ```
///
/// # Panics
/// Panics if there is no block, a row is empty, or the sizes do not fit.
#[track_caller]
pub fn block(rows: &[&[impl AsArray]]) -> Array {
    const OP: &str = "block";
    if rows.is_empty() || rows.iter().any(|row| row.is_empty()) {
        invalid(OP, "needs at least one array in each row".into());
    }
    let all: Vec<Array> =
        rows.iter().flat_map(|row| row.iter().map(|x| x.as_array().clone())).collect();
    let rank = all.iter().map(Array::rank).fold(2, usize::max);
    one_program(OP, &all, |args| {
        let wide = |x: &Array| {
            let ones = std::iter::repeat_n(1, rank - x.rank());
            x.reshape(ones.chain(x.shape().iter().copied()).collect::<Vec<usize>>())
        };
        let mut rest = args;
        let mut made = Vec::with_capacity(rows.len());
        for row in rows {
            let (mine, others) = rest.split_at(row.len());
            let mine: Vec<Array> = mine.iter().map(wide).collect();
            made.push(concatenate(&mine, -1));
            rest = others;
        }
        concatenate(&made, -2)
    })
}
