//! Matrices with names.

use crate::array::axes::invalid;
use crate::array::{
    AsArray, ConvolveMode, complex, concatenate, eye, iota, one_program, select, where_, zeros,
};
use crate::graph::Array;
use crate::value::{DType, promote_dtypes};

/// The size of the last axis.
#[track_caller]
fn length(op: &str, x: &Array, least: usize) -> usize {
    match x.shape().last() {
        Some(&n) if n >= least => n,
        _ => {
            let aval = x.aval();
            invalid(op, format!("needs at least {least} elements along the last axis, got {aval}"))
        }
    }
}

/// `row` `[.., n]` above `rows` `[.., m, n]`.
fn above(row: &Array, rows: &Array) -> Array {
    concatenate([&row.expand_dims(-2), rows], -2)
}

/// `matrix` `[m, n]` for each of the vectors of `like`.
fn for_each(matrix: &Array, like: &Array) -> Array {
    let batch = &like.shape()[..like.rank() - 1];
    matrix.broadcast_to_dims(&[batch, matrix.shape()].concat())
}

/// The companion matrix of a polynomial, highest power first: its eigenvalues are the roots; `[.., n]` gives
/// `[.., n - 1, n - 1]`. `jax.scipy.linalg.companion`.
///
/// ```
/// use nnx::{Array, linalg::companion};
/// // (x − 1) (x − 2)
/// let c = companion(Array::from([1.0_f32, -3.0, 2.0]));
/// assert_eq!(c.to_vec::<f32>(), [3.0, -2.0, 1.0, 0.0]);
/// ```
///
/// # Panics
/// Panics if there are fewer than two coefficients.
#[track_caller]
pub fn companion(a: impl AsArray) -> Array {
    companion_of(a.as_array())
}

#[track_caller]
fn companion_of(a: &Array) -> Array {
    let n = length("companion", a, 2);
    one_program("companion", std::slice::from_ref(a), |args| {
        let a = args[0].to_inexact();
        let last = a.rank() - 1;
        let row = -a.slice_dim(last, 1, n) / a.slice_dim(last, 0, 1);
        let below = eye(n - 1, a.dtype()).slice_dim(0, 0, n - 2);
        above(&row, &for_each(&below, &row))
    })
}

/// The Leslie matrix of a population: fecundities `f` `[.., n]` in the first row, and survivals `s` `[.., n - 1]` below
/// the diagonal. `jax.scipy.linalg.leslie`.
///
/// ```
/// use nnx::{Array, linalg::leslie};
/// let l = leslie(Array::from([0.1_f32, 2.0]), &Array::from([0.5_f32]));
/// assert_eq!(l.to_vec::<f32>(), [0.1, 2.0, 0.5, 0.0]);
/// ```
///
/// # Panics
/// Panics if there are fewer than two fecundities, or not one survival less.
#[track_caller]
pub fn leslie(f: impl AsArray, s: impl AsArray) -> Array {
    let (f, s) = (f.as_array(), s.as_array());
    let n = length("leslie", f, 2);
    if length("leslie", s, 1) != n - 1 || s.shape()[..s.rank() - 1] != f.shape()[..f.rank() - 1] {
        let (f, s) = (f.aval(), s.aval());
        invalid("leslie", format!("{s} has not one survival less than {f} has fecundities"));
    }
    let dtype = promote_dtypes(f.dtype(), s.dtype());
    one_program("leslie", &[f.clone(), s.clone()], |args| {
        let below = eye(n, DType::Bool).slice_dim(0, 0, n - 1);
        let survivals = args[1].astype(dtype).expand_dims(-1);
        // Zeros of that dtype, so that bools stay bools.
        let survivals = where_(below, &survivals, survivals.zeros_like());
        above(&args[0].astype(dtype), &survivals)
    })
}

/// The distances |aᵢ − aⱼ| between the elements of vectors. `jax.scipy.linalg.fiedler`.
///
/// ```
/// use nnx::{Array, linalg::fiedler};
/// assert_eq!(fiedler(Array::from([1, 4])).to_vec::<i32>(), [0, 3, 3, 0]);
/// ```
///
/// # Panics
/// Panics for a scalar.
#[track_caller]
pub fn fiedler(a: impl AsArray) -> Array {
    let a = a.as_array();
    length("fiedler", a, 0);
    one_program("fiedler", std::slice::from_ref(a), |args| {
        (args[0].expand_dims(-1) - args[0].expand_dims(-2)).abs()
    })
}

/// A companion matrix of a polynomial, highest power first, with five diagonals. `jax.scipy.linalg.fiedler_companion`.
///
/// Source: Fiedler, "A note on companion matrices", 2003.
///
/// ```
/// use nnx::{Array, linalg::fiedler_companion};
/// let c = fiedler_companion(Array::from([1.0_f32, -3.0, 2.0]));
/// assert_eq!(c.to_vec::<f32>(), [3.0, -2.0, 1.0, 0.0]);
/// ```
///
/// # Panics
/// Panics if there is no coefficient.
#[track_caller]
pub fn fiedler_companion(a: impl AsArray) -> Array {
    fiedler_companion_of(a.as_array())
}

#[track_caller]
fn fiedler_companion_of(a: &Array) -> Array {
    let n = length("fiedler_companion", a, 1) - 1;
    one_program("fiedler_companion", std::slice::from_ref(a), |args| {
        let a = args[0].to_inexact();
        let last = a.rank() - 1;
        let coefficients = -a.slice_dim(last, 1, n + 1) / a.slice_dim(last, 0, 1);
        let square = |axis| iota([n, n], DType::I32, axis);
        let (i, j) = (square(0), square(1));
        let even = (&i % 2).eq(0);
        let (up, down) = (&j - &i, &i - &j);
        // The coefficients stand on the diagonals next to the middle one, in even rows, and −a₁ in the corner.
        let before = (down.eq(1) & &even) | (i.eq(0) & j.eq(0));
        let after = up.eq(1) & &even;
        let ones = (up.eq(2) & &even) | (down.eq(2) & !&even) | (i.eq(1) & j.eq(0));
        let at = select(&after, &(&i + 1), &i).minimum(n.saturating_sub(1) as i32);
        let values = coefficients.take(&at, -1);
        where_(before | after, values, ones.astype(a.dtype()))
    })
}

/// The matrix by which a vector of `n` elements is convolved with `a` `[.., m]`. `jax.scipy.linalg.convolution_matrix`.
///
/// ```
/// use nnx::{Array, array::ConvolveMode, linalg::convolution_matrix};
/// let c = convolution_matrix(Array::from([1, 2]), 2, ConvolveMode::Full);
/// assert_eq!(c.to_vec::<i32>(), [1, 0, 2, 1, 0, 2]);
/// ```
///
/// # Panics
/// Panics if `a` has no elements, or `n` is 0.
#[track_caller]
pub fn convolution_matrix(a: impl AsArray, n: usize, mode: ConvolveMode) -> Array {
    convolution_matrix_of(a.as_array(), n, mode)
}

#[track_caller]
fn convolution_matrix_of(a: &Array, n: usize, mode: ConvolveMode) -> Array {
    const OP: &str = "convolution_matrix";
    let m = length(OP, a, 1);
    if n == 0 {
        invalid(OP, "needs a vector with elements, got n = 0".into());
    }
    let whole = m + n - 1;
    let (first, rows) = match mode {
        ConvolveMode::Full => (0, whole),
        ConvolveMode::Same => ((n.min(m) - 1) / 2, n.max(m)),
        ConvolveMode::Valid => (n.min(m) - 1, n.max(m) - n.min(m) + 1),
    };
    one_program(OP, std::slice::from_ref(a), |args| {
        let a = &args[0];
        let none = for_each(&zeros([n - 1], a.dtype()), a);
        let padded = concatenate([&none, a, &none], -1);
        let at = iota([rows, n], DType::I32, 0) - iota([rows, n], DType::I32, 1);
        padded.take(&(at + (first + n - 1)), -1)
    })
}

/// Numbers of a square matrix by row and column, as f32.
fn by_places(n: usize, number: impl Fn(usize, usize) -> f64) -> Array {
    let numbers = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
    let numbers: Vec<f32> = numbers.map(|(i, j)| number(i, j) as f32).collect();
    Array::from_slice(&numbers, [n, n])
}

/// n over k.
fn binomial(n: usize, k: usize) -> f64 {
    if k > n {
        return 0.0;
    }
    (0..k.min(n - k)).fold(1.0, |product, i| (product * (n - i) as f64 / (i + 1) as f64).round())
}

fn sign(exponent: usize) -> f64 {
    if exponent.is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// The inverse of [`hilbert`](super::hilbert), as f32. `jax.scipy.linalg.invhilbert`.
///
/// ```
/// use nnx::linalg::invhilbert;
/// assert_eq!(invhilbert(2).to_vec::<f32>(), [4.0, -6.0, -6.0, 12.0]);
/// ```
pub fn invhilbert(n: usize) -> Array {
    by_places(n, |i, j| {
        let sum = i + j;
        let ways =
            binomial(n + i, n - j - 1) * binomial(n + j, n - i - 1) * binomial(sum, i).powi(2);
        sign(sum) * (sum + 1) as f64 * ways
    })
}

/// Which of Pascal's matrices: the numbers n over k below the diagonal, above it, or their product.
///
/// ```
/// use nnx::linalg::{PascalKind, pascal};
///
/// let rows = pascal(3, PascalKind::Lower); // the triangle, row by row
/// assert_eq!(rows.to_vec::<f32>(), [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 2.0, 1.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PascalKind {
    /// i + j over i in row i and column j.
    #[default]
    Symmetric,
    /// i over j.
    Lower,
    /// j over i.
    Upper,
}

/// Pascal's triangle as a matrix, as f32. `jax.scipy.linalg.pascal`.
///
/// ```
/// use nnx::linalg::{PascalKind, pascal};
/// assert_eq!(pascal(3, PascalKind::Symmetric).to_vec::<f32>(), [1., 1., 1., 1., 2., 3., 1., 3., 6.]);
/// ```
pub fn pascal(n: usize, kind: PascalKind) -> Array {
    by_places(n, |i, j| match kind {
        PascalKind::Symmetric => binomial(i + j, i),
        PascalKind::Lower => binomial(i, j),
        PascalKind::Upper => binomial(j, i),
    })
}

/// The inverse of [`pascal`], as f32. `jax.scipy.linalg.invpascal`.
///
/// ```
/// use nnx::linalg::{PascalKind, invpascal};
/// assert_eq!(invpascal(2, PascalKind::Lower).to_vec::<f32>(), [1.0, 0.0, -1.0, 1.0]);
/// ```
pub fn invpascal(n: usize, kind: PascalKind) -> Array {
    by_places(n, |i, j| {
        let number = match kind {
            PascalKind::Symmetric => (0..n).map(|k| binomial(k, i) * binomial(k, j)).sum(),
            PascalKind::Lower => binomial(i, j),
            PascalKind::Upper => binomial(j, i),
        };
        sign(i + j) * number
    })
}

/// Helmert's matrix without its first row `[n - 1, n]`, or with it (`full`): an orthogonal matrix whose first row is
/// constant; as f32. `jax.scipy.linalg.helmert`.
///
/// ```
/// use nnx::linalg::helmert;
/// let half = 0.5_f32.sqrt();
/// assert_eq!(helmert(2, true).to_vec::<f32>(), [half, half, half, -half]);
/// ```
///
/// # Panics
/// Panics if `n` is 0.
#[track_caller]
pub fn helmert(n: usize, full: bool) -> Array {
    if n == 0 {
        invalid("helmert", "needs at least one column, got n = 0".into());
    }
    let whole = by_places(n, |i, j| {
        let root = ((i * (i + 1)) as f64).sqrt();
        match i {
            0 => (n as f64).sqrt().recip(),
            _ if j < i => root.recip(),
            _ if j == i => -(i as f64) / root,
            _ => 0.0,
        }
    });
    if full { whole } else { whole.slice_dim(0, 1, n) }
}

/// Hadamard's matrix of 1 and −1, whose rows are orthogonal. `jax.scipy.linalg.hadamard`.
///
/// ```
/// use nnx::{DType, linalg::hadamard};
/// assert_eq!(hadamard(2, DType::I32).to_vec::<i32>(), [1, 1, 1, -1]);
/// ```
///
/// # Panics
/// Panics if `n` is not a power of 2.
#[track_caller]
pub fn hadamard(n: usize, dtype: DType) -> Array {
    if !n.is_power_of_two() {
        invalid("hadamard", format!("n must be a power of 2, got {n}"));
    }
    by_places(n, |i, j| sign((i & j).count_ones() as usize)).astype(dtype)
}

/// The divisor of [`dft`].
///
/// ```
/// use nnx::linalg::{DftScale, dft};
///
/// assert_eq!(dft(2, DftScale::N).real().to_vec::<f32>(), [0.5, 0.5, 0.5, -0.5]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DftScale {
    /// Nothing.
    #[default]
    None,
    /// √n: the matrix is unitary.
    SqrtN,
    /// n.
    N,
}

/// The matrix of the discrete Fourier transform, as complex64. `jax.scipy.linalg.dft`.
///
/// ```
/// use nnx::linalg::{DftScale, dft};
/// assert_eq!(dft(2, DftScale::None).real().to_vec::<f32>(), [1.0, 1.0, 1.0, -1.0]);
/// ```
pub fn dft(n: usize, scale: DftScale) -> Array {
    let by = match scale {
        DftScale::None => 1.0,
        DftScale::SqrtN => (n as f64).sqrt(),
        DftScale::N => n as f64,
    };
    // The product without its whole turns, which would cost digits.
    let turn = |i: usize, j: usize| -std::f64::consts::TAU * ((i * j) % n) as f64 / n as f64;
    complex(by_places(n, |i, j| turn(i, j).cos() / by), by_places(n, |i, j| turn(i, j).sin() / by))
}
