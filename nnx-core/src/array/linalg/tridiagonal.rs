//! Tridiagonal matrices: reduction of symmetric ones to them, eigenvalues, equations.

use super::{computed, eigh, matrix, returned, square};
use crate::array::axes::invalid;
use crate::array::program::{program, program2};
use crate::array::{AsArray, eye, iota, one_program, where_};
use crate::graph::Array;
use crate::ops::{Hessenberg, TridiagonalSolve, adjoint};
use crate::run::{bind, bind1};
use crate::value::{DType, promote_dtypes};
use std::ops::RangeInclusive;

/// The packed reflections, diagonal, subdiagonal and factors of the tridiagonal form of symmetric or
/// Hermitian matrices, of which one triangle is read. `jax.lax.linalg.tridiagonal` (default `lower` true).
///
/// The results: `a` with the tridiagonal matrix and, beyond it in the triangle that is read, the vectors of
/// the reflections; the diagonal `[…, n]` and the elements beside it `[…, n - 1]`, real; the factors
/// `[…, n - 1]`. The numbers are LAPACK's `sytrd`'s.
///
/// ```
/// use nnx::{Array, linalg::tridiagonal};
/// let a = Array::from([[2.0, 3.0, 4.0], [3.0, 1.0, 0.0], [4.0, 0.0, 5.0]]);
/// let (_, d, e, taus) = tridiagonal(a, true);
/// assert_eq!((d.shape(), e.shape(), taus.shape()), (&[3][..], &[2][..], &[2][..]));
/// // The trace, and the length of the first column below the diagonal, stay.
/// assert!((d.sum(..).item::<f64>() - 8.0).abs() < 1e-12);
/// assert!((e.at(0).get().item::<f64>().abs() - 5.0).abs() < 1e-12);
/// ```
///
/// # Panics
/// Panics if the matrices are not square or empty.
#[track_caller]
pub fn tridiagonal(a: impl AsArray, lower: bool) -> (Array, Array, Array, Array) {
    tridiagonal_of(a.as_array(), lower)
}

#[track_caller]
fn tridiagonal_of(a: &Array, lower: bool) -> (Array, Array, Array, Array) {
    const OP: &str = "tridiagonal";
    let n = square(OP, a);
    if n == 0 {
        invalid(OP, format!("{} has no diagonal", a.aval()));
    }
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    let outs = program(OP, std::slice::from_ref(a), |args| {
        let a = args[0].astype(wide);
        let dims = [a.rank() as isize - 2, a.rank() as isize - 1];
        // The upper triangle is the lower one read backwards.
        let turned = |x: &Array| if lower { x.clone() } else { x.flip(dims) };
        let x = turned(&a);
        let half = x.tril(-1);
        let diagonal = where_(eye(n, DType::Bool), &x, 0.0);
        let real = if wide.is_complex() { diagonal.real().astype(wide) } else { diagonal };
        let outs = bind(Hessenberg, &[&(&half + real + adjoint(&half))]);
        let real = |x: Array| if wide.is_complex() { x.real() } else { x };
        let d = real(outs[0].diagonal(0, -2, -1));
        let e = real(outs[0].diagonal(-1, -2, -1));
        let line = |x: &Array| if lower { x.clone() } else { x.flip(-1) };
        let packed = outs[0].tril(0) + x.triu(1);
        let plain = own.real();
        vec![
            turned(&packed).astype(own),
            line(&d).astype(plain),
            line(&e).astype(plain),
            line(&outs[1]).astype(own),
        ]
    });
    match <[Array; 4]>::try_from(outs) {
        Ok([packed, d, e, taus]) => (packed, d, e, taus),
        Err(_) => unreachable!("the program has four results"),
    }
}

/// Eigenvalues in ascending order and eigenvectors in columns of symmetric or Hermitian tridiagonal matrices with
/// the diagonal `d` `[…, n]`, the elements `e` `[…, n - 1]` above it and their conjugates below, all or those with numbers in `select`.
/// `jax.scipy.linalg.eigh_tridiagonal` (default `select` all).
///
/// By [`eigh`](super::eigh) of the whole matrix, whose derivatives it has.
///
/// ```
/// use nnx::{Array, linalg::eigh_tridiagonal};
/// let (d, e) = (Array::from([2.0, 2.0]), Array::from([1.0]));
/// let (w, _) = eigh_tridiagonal(&d, &e, Some(1..=1));
/// assert!((w.to_vec::<f64>()[0] - 3.0).abs() < 1e-12);
/// ```
///
/// # Panics
/// Panics if the sizes do not fit, or `select` names an eigenvalue that is not there.
#[track_caller]
pub fn eigh_tridiagonal(
    d: impl AsArray,
    e: impl AsArray,
    select: Option<RangeInclusive<usize>>,
) -> (Array, Array) {
    let d = d.as_array();
    const OP: &str = "eigh_tridiagonal";
    let e = e.as_array();
    let fits = d.rank() > 0
        && e.rank() == d.rank()
        && d.shape()[..d.rank() - 1] == e.shape()[..d.rank() - 1]
        && d.shape()[d.rank() - 1] == e.shape()[d.rank() - 1] + 1;
    if !fits {
        let (d, e) = (d.aval(), e.aval());
        invalid(OP, format!("needs diagonals of n and n - 1 elements, got {d} and {e}"));
    }
    let n = d.shape()[d.rank() - 1];
    let (start, end) = match &select {
        Some(range) if range.start() > range.end() || *range.end() >= n => {
            invalid(OP, format!("`select` {range:?} does not name eigenvalues 0..={}", n - 1))
        }
        Some(range) => (*range.start(), range.end() + 1),
        None => (0, n),
    };
    let dtype = promote_dtypes(d.dtype(), e.dtype());
    program2(OP, &[d.clone(), e.clone()], |args| {
        let (d, e) = (args[0].astype(computed(dtype)), args[1].astype(computed(dtype)));
        let columns = d.rank();
        let mut right = vec![(0, 0); d.rank()];
        right[columns - 1] = (1, 0);
        // Each row has the element on the left of the diagonal, and on its right that of the next row.
        let (i, j) = (iota([n, 1], DType::I32, 0), iota([1, n], DType::I32, 1));
        let left = e.pad(&right, 0).expand_dims(-1);
        let below = where_(i.eq(&j + 1), left, 0.0);
        let a = where_(i.eq(&j), d.expand_dims(-1), below.conj() + below.mt());
        let (w, v) = eigh(&a);
        let (w, v) = (w.slice_dim(columns - 1, start, end), v.slice_dim(columns, start, end));
        (w.astype(returned(dtype).real()), v.astype(returned(dtype)))
    })
}

/// x of A x = b for tridiagonal matrices A with the rows dl_i, d_i, du_i, all `[…, n]`, and b `[…, n, k]`: the
/// first of `dl` and the last of `du` are not read. With partial pivoting. `jax.lax.linalg.tridiagonal_solve`.
///
/// ```
/// use nnx::{Array, linalg::tridiagonal_solve};
/// let (dl, d, du) = (Array::from([0.0, 1.0]), Array::from([2.0, 3.0]), Array::from([4.0, 0.0]));
/// let x = tridiagonal_solve(&dl, &d, &du, &Array::from([[10.0], [7.0]]));
/// assert_eq!(x.to_vec::<f64>(), [1.0, 2.0]);
/// ```
///
/// # Panics
/// Panics if the shapes do not fit.
#[track_caller]
pub fn tridiagonal_solve(
    dl: impl AsArray,
    d: impl AsArray,
    du: impl AsArray,
    b: impl AsArray,
) -> Array {
    let dl = dl.as_array();
    const OP: &str = "tridiagonal_solve";
    let (d, du, b) = (d.as_array(), du.as_array(), b.as_array());
    let (n, _) = matrix(OP, b);
    let shape = [&b.shape()[..b.rank() - 2], &[n]].concat();
    for (name, x) in [("dl", dl), ("d", d), ("du", du)] {
        if x.shape() != shape {
            let (x, b) = (x.aval(), b.aval());
            invalid(OP, format!("`{name}` is {x}, and for the right side {b} {shape:?} is needed"));
        }
    }
    let all = [dl, d, du, b];
    let dtype = all.iter().fold(b.dtype(), |dtype, x| promote_dtypes(dtype, x.dtype()));
    one_program(OP, &all.map(Clone::clone), |args| {
        let wide: Vec<Array> = args.iter().map(|x| x.astype(computed(dtype))).collect();
        let ins: Vec<&Array> = wide.iter().collect();
        bind1(TridiagonalSolve, &ins).astype(returned(dtype))
    })
}
