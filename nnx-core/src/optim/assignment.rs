//! Assignments of rows to columns. `optax.assignment`.

use crate::array::{AsArray, full, invalid, iota, select, where_, zeros};
use crate::graph::Array;
use crate::transform::{fori_loop, while_loop};
use crate::value::DType;

/// The pairs of a row and a column, i32 `[min(n, m)]` each, with the least sum of `cost` `[n, m]`, such that no row and no
/// column is in two of them; of several assignments with that sum one. `optax.assignment.hungarian_algorithm`.
///
/// In time n² m for n ≤ m, as a loop in the program. It has no derivative; that of the sum is the gradient of
/// `cost` at the places that were chosen.
///
/// ```
/// use nnx::{Array, optim::hungarian_algorithm};
///
/// let cost = Array::from([[8, 4, 7], [5, 2, 3], [9, 6, 7], [9, 4, 8]]);
/// let (rows, columns) = hungarian_algorithm(&cost);
/// let chosen = cost.take(&rows, 0).take_along_axis(columns.expand_dims(1), 1);
/// assert_eq!(chosen.sum(..).item::<i32>(), 15);
/// ```
///
/// Source: Kuhn, "The Hungarian method for the assignment problem", 1955; in the form with shortest augmenting paths.
///
/// # Panics
/// Panics if `cost` is not a matrix of real numbers.
#[track_caller]
pub fn hungarian_algorithm(cost: impl AsArray) -> (Array, Array) {
    hungarian(cost.as_array())
}

#[track_caller]
fn hungarian(cost: &Array) -> (Array, Array) {
    const OP: &str = "hungarian_algorithm";
    let &[n, m] = cost.shape() else {
        invalid(OP, format!("needs a matrix of costs, got {}", cost.aval()))
    };
    crate::array::real_only(OP, cost);
    if n == 0 || m == 0 {
        return (zeros([0], DType::I32), zeros([0], DType::I32));
    }
    let transposed = n > m;
    let cost = cost.to_inexact().stop_gradient();
    let cost = if transposed { cost.t() } else { cost };
    let (rows, columns, dtype) = (n.min(m), n.max(m), cost.dtype());
    // Potentials, and the row of each column, counted from 1: row 0 and column 0 are those of nothing. The last potential
    // takes what is added to no row.
    let start =
        (zeros([rows + 2], dtype), zeros([columns + 1], dtype), zeros([columns + 1], DType::I32));
    let (_, _, parent) =
        fori_loop(0, rows as i32, |row, state| augmented(&cost, &row, state), start);
    let parent = parent.slice_dim(0, 1, columns + 1);
    let (of_column, column) = match rows == columns {
        true => (parent, iota([rows], DType::I32, 0)),
        false => parent.top_k(rows),
    };
    let of_column = of_column - 1;
    if transposed { (column, of_column) } else { (of_column, column) }
}

/// The potentials of rows and of columns, and the row of each column.
type Matching = (Array, Array, Array);

/// The matching with one row more, along the shortest path from it to a column that is free.
fn augmented(cost: &Array, row: &Array, (u, v, parent): Matching) -> Matching {
    let [rows, columns] = [0, 1].map(|i: usize| cost.shape()[i]);
    let parent = parent.at(0).set(row + 1);
    let nothing = Array::scalar(0_i32);
    let start = (
        (u, v),
        zeros([columns + 1], DType::Bool),
        full([columns], f64::INFINITY, cost.dtype()),
        zeros([columns], DType::I32),
        nothing,
    );
    let is_taken = |s: &PathSearch| parent.dynamic_index(&s.4, 0).ne(0);
    let widen = |((u, v), used, nearest, path, column): PathSearch| {
        let used = used.at(&column).set(true);
        let free = !used.slice_dim(0, 1, columns + 1);
        let row = parent.dynamic_index(&column, 0);
        let slack = cost.dynamic_index((&row - 1).maximum(0), 0)
            - u.dynamic_index(&row, 0)
            - v.slice_dim(0, 1, columns + 1);
        let slack = where_(&free, slack, f64::INFINITY);
        let nearer = slack.lt(&nearest);
        let path = select(&nearer, column.broadcast_to_dims(&[columns]), &path);
        let nearest = select(&nearer, &slack, &nearest);
        let open = where_(&free, &nearest, f64::INFINITY);
        let (column, step) = (open.argmin(0) + 1, open.min(0));
        let places = where_(&used, &parent, rows as i32 + 1);
        let u = u.at(&places).add(&step);
        let v = where_(&used, &v - &step, &v);
        let nearest = where_(&free, &nearest - &step, &nearest);
        ((u, v), used, nearest, path, column)
    };
    let ((u, v), _, _, path, column) = while_loop(is_taken, widen, start);
    let going = |(_, column): &(Array, Array)| column.ne(0);
    let back = |(parent, column): (Array, Array)| {
        let before = path.dynamic_index(&column - 1, 0);
        let row = parent.dynamic_index(&before, 0);
        (parent.at(&column).set(row), before)
    };
    let (parent, _) = while_loop(going, back, (parent.clone(), column));
    (u, v, parent)
}

/// The potentials, which columns are reached, how near the others are and from which column, and the last one reached.
type PathSearch = ((Array, Array), Array, Array, Array, Array);
