//! Triangles and diagonals of matrices.

use super::axes::{dim, invalid, product_of, signed, sum_of};
use super::{iota, one_program, select};
use crate::graph::Array;
use crate::ops::Slice;
use crate::run::bind1;
use crate::value::DType;
use std::ops::Range;

/// A matrix `[n, m]` of ones on and below diagonal `k` and zeros above. `jax.numpy.tri`.
///
/// ```
/// use nnx::{DType, array::tri};
///
/// assert_eq!(tri(2, 3, 0, DType::I32).to_vec::<i32>(), [1, 0, 0, 1, 1, 0]);
/// assert_eq!(tri(2, 3, 1, DType::I32).to_vec::<i32>(), [1, 1, 0, 1, 1, 1]);
/// ```
#[track_caller]
pub fn tri(n: usize, m: usize, k: isize, dtype: DType) -> Array {
    super::program::program("tri", &[], |_| vec![lower_mask(n, m, k).astype(dtype)]).remove(0)
}

/// A matrix `[n, m]` of ones on diagonal `k` and zeros elsewhere. `jax.numpy.eye` with all its
/// arguments; [`eye`](super::eye) is the identity.
///
/// ```
/// use nnx::{DType, array::eye_diagonal};
///
/// assert_eq!(eye_diagonal(2, 3, 1, DType::I32).to_vec::<i32>(), [0, 1, 0, 0, 0, 1]);
/// ```
#[track_caller]
pub fn eye_diagonal(n: usize, m: usize, k: isize, dtype: DType) -> Array {
    super::program::program("eye_diagonal", &[], |_| {
        let (i, j) = (iota([n, m], DType::I32, 0), iota([n, m], DType::I32, 1));
        vec![(i + diagonal_within(n, m, k)).eq(j).astype(dtype)]
    })
    .remove(0)
}

/// Where the column is at most the row plus `k`.
#[track_caller]
pub(super) fn lower_mask(n: usize, m: usize, k: isize) -> Array {
    let (i, j) = (iota([n, m], DType::I32, 0), iota([n, m], DType::I32, 1));
    (i + diagonal_within(n, m, k)).ge(j)
}

/// `k`, or a diagonal on the same side of a matrix `[n, m]` that can be added to its rows.
fn diagonal_within(n: usize, m: usize, k: isize) -> i64 {
    k.clamp(-signed(n), signed(m)) as i64
}

/// Rows and columns, as i32, of the elements of a matrix `[n, m]` in the columns that `taken` gives
/// for each row.
#[track_caller]
fn places(op: &str, n: usize, m: usize, taken: impl Fn(i64) -> Range<i64>) -> (Array, Array) {
    if n.max(m) > i32::MAX as usize {
        invalid(op, format!("rows and columns of a matrix [{n}, {m}] do not fit i32"));
    }
    let columns_of = |i: usize| {
        let range = taken(i as i64);
        range.start.clamp(0, m as i64) as i32..range.end.clamp(0, m as i64) as i32
    };
    let count: usize = (0..n).map(|i| columns_of(i).len()).sum();
    let (mut rows, mut columns) = (Vec::new(), Vec::new());
    let reserved = rows.try_reserve_exact(count).and_then(|()| columns.try_reserve_exact(count));
    if let Err(error) = reserved {
        invalid(op, format!("{count} elements of a matrix [{n}, {m}]: {error}"));
    }
    for i in 0..n {
        let range = columns_of(i);
        rows.extend(std::iter::repeat_n(i as i32, range.len()));
        columns.extend(range);
    }
    let len = rows.len();
    (Array::from_slice(&rows, [len]), Array::from_slice(&columns, [len]))
}

/// Rows and columns, as i32, of the lower triangle of a matrix `[n, m]` up to diagonal `k`.
/// `jax.numpy.tril_indices`.
///
/// ```
/// use nnx::{Array, array::tril_indices};
///
/// let (rows, columns) = tril_indices(2, 2, 0);
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(x.at((&rows, &columns)).get().to_vec::<i32>(), [1, 3, 4]);
/// ```
#[track_caller]
pub fn tril_indices(n: usize, m: usize, k: isize) -> (Array, Array) {
    places("tril_indices", n, m, |i| 0..i.saturating_add(k as i64).saturating_add(1))
}

/// Rows and columns, as i32, of the upper triangle of a matrix `[n, m]` from diagonal `k` on.
/// `jax.numpy.triu_indices`.
///
/// ```
/// use nnx::array::triu_indices;
///
/// let (rows, columns) = triu_indices(3, 3, 1); // above the diagonal
/// assert_eq!(rows.to_vec::<i32>(), [0, 0, 1]);
/// assert_eq!(columns.to_vec::<i32>(), [1, 2, 2]);
/// ```
#[track_caller]
pub fn triu_indices(n: usize, m: usize, k: isize) -> (Array, Array) {
    places("triu_indices", n, m, |i| i.saturating_add(k as i64)..i64::MAX)
}

/// Parts of matrices, which lie along the last two axes.
impl Array {
    /// The lower triangle: zeros above diagonal `k`. `jax.numpy.tril`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.tril(0).to_vec::<i32>(), [1, 0, 3, 4]);
    /// assert_eq!(x.tril(-1).to_vec::<i32>(), [0, 0, 3, 0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there are fewer than two axes.
    #[track_caller]
    pub fn tril(&self, k: isize) -> Array {
        self.triangle("tril", k, false)
    }

    /// The upper triangle: zeros below diagonal `k`. `jax.numpy.triu`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.triu(0).to_vec::<i32>(), [1, 2, 0, 4]);
    /// assert_eq!(x.triu(1).to_vec::<i32>(), [0, 2, 0, 0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there are fewer than two axes.
    #[track_caller]
    pub fn triu(&self, k: isize) -> Array {
        self.triangle("triu", k.saturating_sub(1), true)
    }

    #[track_caller]
    fn triangle(&self, op: &str, k: isize, above: bool) -> Array {
        let &[.., n, m] = self.shape() else {
            invalid(op, format!("needs a matrix or a batch of them, got {}", self.aval()));
        };
        one_program(op, std::slice::from_ref(self), |args| {
            let x = &args[0];
            let mask = lower_mask(n, m, k).broadcast_to_dims(x.shape());
            let zeros = x.zeros_like();
            if above { select(&mask, &zeros, x) } else { select(&mask, x, &zeros) }
        })
    }

    /// For a vector, the matrix with it on diagonal `k`; for a matrix, its diagonal `k`.
    /// `jax.numpy.diag`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from_slice(&[1, 2], [2]);
    /// assert_eq!(x.diag(1).to_vec::<i32>(), [0, 1, 0, 0, 0, 2, 0, 0, 0]);
    /// assert_eq!(x.diag(1).diag(1).to_vec::<i32>(), [1, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics unless there are one or two axes.
    #[track_caller]
    pub fn diag(&self, k: isize) -> Array {
        match self.rank() {
            1 => self.diagonal_matrix(k),
            2 => self.diagonal(k, 0, 1),
            _ => invalid("diag", format!("needs a vector or a matrix, got {}", self.aval())),
        }
    }

    /// A matrix with all elements on its diagonal `k`, and zeros elsewhere. `jax.numpy.diagflat`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2]]).diagflat(0);
    /// assert_eq!(x.to_vec::<i32>(), [1, 0, 0, 2]);
    /// ```
    #[track_caller]
    pub fn diagflat(&self, k: isize) -> Array {
        self.flatten().diagonal_matrix(k)
    }

    /// Matrices whose diagonal `k` is the last axis of this array.
    #[track_caller]
    pub(crate) fn diagonal_matrix(&self, k: isize) -> Array {
        let Some((&len, batch)) = self.shape().split_last() else {
            invalid("diag", format!("needs a vector, got {}", self.aval()));
        };
        let n = sum_of("diag", len, k.unsigned_abs());
        let area = product_of("diag", n, n);
        let start = if k >= 0 { k as usize } else { k.unsigned_abs() * n };
        let covered = if len == 0 { 0 } else { (len - 1) * (n + 1) + 1 };
        let mut config = vec![(0, 0, 0); self.rank()];
        let high = (area - start.min(area)) as i64 - covered as i64;
        config[batch.len()] = (start as i64, high, n as i64);
        let shape: Vec<usize> = batch.iter().copied().chain([n, n]).collect();
        one_program("diag", std::slice::from_ref(self), |args| {
            let zero = Array::constant_scalar(self.dtype(), 0.0);
            bind1(crate::ops::Pad(config), &[&args[0], &zero]).reshape(shape)
        })
    }

    /// The diagonal `offset` of the matrices along `axis1` and `axis2`, as a new last axis.
    /// `jax.numpy.diagonal`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.diagonal(0, 0, 1).to_vec::<i32>(), [1, 5]);
    /// assert_eq!(x.diagonal(1, 0, 1).to_vec::<i32>(), [2, 6]);
    /// ```
    ///
    /// # Panics
    /// Panics if there are no such two axes.
    #[track_caller]
    pub fn diagonal(&self, offset: isize, axis1: isize, axis2: isize) -> Array {
        let aval = self.aval();
        let (a, b) = (dim("diagonal", axis1, aval), dim("diagonal", axis2, aval));
        if a == b {
            invalid("diagonal", format!("axes {axis1} and {axis2} of {aval} are the same"));
        }
        let (rows, columns) = (aval.shape()[a], aval.shape()[b]);
        let (down, right) = (offset.min(0).unsigned_abs(), offset.max(0) as usize);
        let len = rows.saturating_sub(down).min(columns.saturating_sub(right));
        let mut perm: Vec<usize> = (0..aval.rank()).filter(|&d| d != a && d != b).collect();
        let mut flat: Vec<usize> = perm.iter().map(|&d| aval.shape()[d]).collect();
        flat.push(rows * columns);
        perm.extend([a, b]);
        one_program("diagonal", std::slice::from_ref(self), |args| {
            let x = args[0].transpose(perm.as_slice()).reshape(&flat);
            let last = flat.len() - 1;
            let mut op = Slice {
                start: vec![0; flat.len()],
                limit: flat.clone(),
                stride: vec![1; flat.len()],
            };
            if len == 0 {
                op.limit[last] = 0;
            } else {
                op.start[last] = down * columns + right;
                op.limit[last] = op.start[last] + (len - 1) * (columns + 1) + 1;
                op.stride[last] = columns + 1;
            }
            bind1(op, &[&x])
        })
    }

    /// The sum of the diagonal `offset` of the matrices along `axis1` and `axis2`.
    /// `jax.numpy.trace`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.trace(0, 0, 1).item::<i32>(), 5);
    /// assert_eq!(x.trace(1, 0, 1).item::<i32>(), 2);
    /// ```
    ///
    /// # Panics
    /// Panics if there are no such two axes.
    #[track_caller]
    pub fn trace(&self, offset: isize, axis1: isize, axis2: isize) -> Array {
        one_program("trace", std::slice::from_ref(self), |args| {
            args[0].diagonal(offset, axis1, axis2).sum(-1)
        })
    }

    /// The array with `value` on the diagonal of the matrices along the last two axes.
    /// `jax.numpy.fill_diagonal`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.fill_diagonal(0).to_vec::<i32>(), [0, 2, 3, 0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there are fewer than two axes.
    #[track_caller]
    pub fn fill_diagonal(&self, value: impl super::Operand) -> Array {
        let &[.., n, m] = self.shape() else {
            let what = format!("needs a matrix or a batch of them, got {}", self.aval());
            invalid("fill_diagonal", what);
        };
        let value = value.array(self.dtype());
        one_program("fill_diagonal", &[self.clone(), value], |args| {
            let on = iota([n, m], DType::I32, 0).eq(iota([n, m], DType::I32, 1));
            super::where_(&on, &args[1], &args[0])
        })
    }

    /// Exchanges the last two axes. `jax.numpy.matrix_transpose`.
    ///
    /// ```
    /// use nnx::{Array, DType, array::zeros};
    ///
    /// assert_eq!(Array::from([[1, 2], [3, 4]]).mt().to_vec::<i32>(), [1, 3, 2, 4]);
    /// let batch = zeros([8, 2, 3], DType::F32);
    /// assert_eq!(batch.mt().shape(), [8, 3, 2]); // `t` reverses all axes
    /// ```
    ///
    /// # Panics
    /// Panics if there are fewer than two axes.
    #[track_caller]
    pub fn mt(&self) -> Array {
        if self.rank() < 2 {
            invalid("mt", format!("needs a matrix or a batch of them, got {}", self.aval()));
        }
        self.swapaxes(-1, -2)
    }
}
