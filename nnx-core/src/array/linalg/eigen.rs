//! General matrices: eigenvalues, Hessenberg and Schur form.

use super::{computed, returned, square};
use crate::array::axes::invalid;
use crate::array::program::{program, program2};
use crate::array::{AsArray, broadcast_shapes, eye, iota, keepdims, one_program, where_};
use crate::graph::Array;
use crate::ops::{Eig, Hessenberg, HouseholderProduct, Schur, complex_schur};
use crate::run::{bind, bind1};
use crate::value::{DType, promote_dtypes};

/// Eigenvalues `[…, n]` of square matrices, complex. `jax.numpy.linalg.eigvals`.
///
/// By the QR algorithm with Francis' double shift; the matrix is not balanced before, as LAPACK's is, and
/// the eigenvalues may come in another order. Those of a real matrix that are not real come in conjugate
/// pairs, the one above first. NaN where an element is not finite. The derivative exists where the
/// eigenvalues differ.
///
/// ```
/// use nnx::{Array, linalg::eigvals};
/// let turn = Array::from([[0.0, -1.0], [1.0, 0.0]]);
/// let w = eigvals(&turn);
/// assert_eq!((w.real().to_vec::<f64>(), w.imag().to_vec::<f64>()), (vec![0.0, 0.0], vec![1.0, -1.0]));
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn eigvals(a: impl AsArray) -> Array {
    let a = a.as_array();
    square("eigvals", a);
    one_program("eigvals", std::slice::from_ref(a), |args| {
        bind1(Eig { left: false, right: false }, &[&args[0].astype(computed(args[0].dtype()))])
    })
}

/// Eigenvalues `[…, n]` and eigenvectors in columns `[…, n, n]` of square matrices, complex: A V = V diag(w).
/// `jax.numpy.linalg.eig`.
///
/// Each vector has length 1 and its largest element is real and positive, as LAPACK has it for complex
/// matrices. The order is that of [`eigvals`]. Of a matrix that has too few eigenvectors some are equal up
/// to rounding. There is no derivative; that of the eigenvalues alone is [`eigvals`]'.
///
/// ```
/// use nnx::{Array, DType, array::Tolerance, linalg::eig};
/// let a = Array::from([[1.0, 2.0], [-3.0, 0.5]]);
/// let (w, v) = eig(&a);
/// let product = a.astype(DType::C128).matmul(&v);
/// assert!(product.allclose(v * w, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn eig(a: impl AsArray) -> (Array, Array) {
    let a = a.as_array();
    square("eig", a);
    program2("eig", std::slice::from_ref(a), |args| {
        let a = args[0].astype(computed(args[0].dtype()));
        let outs = bind(Eig { left: false, right: true }, &[&a]);
        (outs[0].clone(), outs[1].clone())
    })
}

/// Eigenvalues, left and right eigenvectors: [`eig`], and U with Uᴴ A = diag(w) Uᴴ between the two.
/// `jax.lax.linalg.eig`.
///
/// ```
/// use nnx::{Array, DType, linalg::eig_left_right};
/// let a = Array::from([[1.0, 2.0], [-3.0, 0.5]]);
/// let (w, left, _) = eig_left_right(&a);
/// // Uᴴ A = diag(w) Uᴴ
/// let conjugate = left.t().conj();
/// let difference = conjugate.matmul(a.astype(DType::C128)) - w.expand_dims(1) * conjugate;
/// assert!(difference.abs().max(..).item::<f64>() < 1e-12);
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn eig_left_right(a: impl AsArray) -> (Array, Array, Array) {
    eig_left_right_of(a.as_array())
}

#[track_caller]
fn eig_left_right_of(a: &Array) -> (Array, Array, Array) {
    square("eig_left_right", a);
    let outs = program("eig_left_right", std::slice::from_ref(a), |args| {
        let a = args[0].astype(computed(args[0].dtype()));
        bind(Eig { left: true, right: true }, &[&a]).to_vec()
    });
    match <[Array; 3]>::try_from(outs) {
        Ok([w, left, right]) => (w, left, right),
        Err(_) => unreachable!("the program has three results"),
    }
}

/// H, which is zero below the first subdiagonal, and the unitary Q with A = Q H Qᴴ.
/// `jax.scipy.linalg.hessenberg` with `calc_q=True`.
///
/// By Householder reflections, with LAPACK's signs. There is no derivative, as in JAX.
///
/// ```
/// use nnx::{Array, array::Tolerance, linalg::hessenberg};
/// let a = Array::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]]);
/// let (h, q) = hessenberg(&a);
/// assert_eq!(h.to_vec::<f64>()[6], 0.0);
/// let back = q.matmul(h).matmul(q.t());
/// assert!(back.allclose(&a, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn hessenberg(a: impl AsArray) -> (Array, Array) {
    hessenberg_of(a.as_array())
}

#[track_caller]
fn hessenberg_of(a: &Array) -> (Array, Array) {
    let n = square("hessenberg", a);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    program2("hessenberg", std::slice::from_ref(a), |args| {
        let a = args[0].astype(wide);
        if n < 2 {
            return (a.astype(own), eye(n, own).broadcast_to_dims(a.shape()));
        }
        let outs = bind(Hessenberg, &[&a]);
        let (rows, columns) = (a.rank() - 2, a.rank() - 1);
        let vectors = outs[0].slice_dim(rows, 1, n).slice_dim(columns, 0, n - 1);
        let q = bind1(HouseholderProduct, &[&vectors, &outs[1]]);
        let mut pairs = vec![(0, 0); a.rank()];
        (pairs[rows], pairs[columns]) = ((1, 0), (1, 0));
        let corner = iota([n, n], DType::I32, 0) + iota([n, n], DType::I32, 1);
        let q = where_(corner.eq(0), 1.0, q.pad(&pairs, 0));
        (outs[0].triu(-1).astype(own), q.astype(own))
    })
}

/// [`hessenberg`]'s H with the vectors of the reflections where it has zeros, and the factors of the
/// reflections `[…, n - 1]`: LAPACK's `gehrd`. `jax.lax.linalg.hessenberg`.
///
/// ```
/// use nnx::{Array, linalg::{hessenberg, hessenberg_packed}};
/// let a = Array::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]]);
/// let (packed, taus) = hessenberg_packed(&a);
/// let (h, _) = hessenberg(a);
/// assert!((packed.triu(-1) - h).abs().max(..).item::<f64>() < 1e-12);
/// assert_eq!(taus.shape(), [2]);
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn hessenberg_packed(a: impl AsArray) -> (Array, Array) {
    let a = a.as_array();
    square("hessenberg_packed", a);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    program2("hessenberg_packed", std::slice::from_ref(a), |args| {
        let outs = bind(Hessenberg, &[&args[0].astype(wide)]);
        (outs[0].astype(own), outs[1].astype(own))
    })
}

/// Which form [`schur`] gives to real matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SchurOutput {
    /// Real numbers, with blocks of two rows on the diagonal for pairs of conjugate eigenvalues.
    #[default]
    Real,
    /// Complex numbers, and a triangle.
    Complex,
}

/// T and the unitary Z of the Schur decomposition A = Z T Zᴴ: T is upper triangular with the eigenvalues on
/// the diagonal. For real matrices and `Real`, both are real and T has blocks of two rows for pairs of
/// conjugate eigenvalues, as LAPACK has them: with one number on the diagonal, and numbers of different
/// signs beside it. `jax.scipy.linalg.schur` (default `Real`).
///
/// The eigenvalues may come in another order than LAPACK's. NaN where an element is not finite. There is
/// no derivative, as in JAX.
///
/// ```
/// use nnx::{Array, array::Tolerance, linalg::{SchurOutput, schur}};
/// let a = Array::from([[0.0, 2.0, 2.0], [0.0, 1.0, 2.0], [1.0, 0.0, 1.0]]);
/// let (t, z) = schur(&a, SchurOutput::Real);
/// let back = z.matmul(t).matmul(z.t());
/// assert!(back.allclose(&a, Tolerance { atol: 1e-12, ..Default::default() }).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn schur(a: impl AsArray, output: SchurOutput) -> (Array, Array) {
    schur_of(a.as_array(), output)
}

#[track_caller]
fn schur_of(a: &Array, output: SchurOutput) -> (Array, Array) {
    square("schur", a);
    let (wide, own) = match output {
        SchurOutput::Real => (computed(a.dtype()), returned(a.dtype())),
        SchurOutput::Complex => [computed(a.dtype()).complex(); 2].into(),
    };
    program2("schur", std::slice::from_ref(a), |args| {
        let outs = bind(Schur, &[&args[0].astype(wide)]);
        (outs[0].astype(own), outs[1].astype(own))
    })
}

/// The complex Schur form of a real one, `t` and `z` of [`schur`]: a rotation takes each block of two rows
/// apart. `jax.scipy.linalg.rsf2csf`.
///
/// ```
/// use nnx::{Array, DType, linalg::{SchurOutput, rsf2csf, schur}};
/// let a = Array::from([[1.0, 2.0], [-3.0, 0.5]]); // its eigenvalues are complex
/// let (t, z) = schur(&a, SchurOutput::Real);
/// let (t, z) = rsf2csf(t, z);
/// let back = z.matmul(&t).matmul(z.t().conj());
/// assert!((back - a.astype(DType::C128)).abs().max(..).item::<f64>() < 1e-12);
/// assert!(t.at((1, 0)).get().abs().item::<f64>() < 1e-12);
/// ```
///
/// # Panics
/// Panics if the matrices are not square, differ in size, or their batches do not broadcast.
#[track_caller]
pub fn rsf2csf(t: impl AsArray, z: impl AsArray) -> (Array, Array) {
    let t = t.as_array();
    const OP: &str = "rsf2csf";
    let z = z.as_array();
    let (n, m) = (square(OP, t), square(OP, z));
    let lead = |x: &Array| x.shape()[..x.rank() - 2].to_vec();
    let Some(batch) = broadcast_shapes(&lead(t), &lead(z)).filter(|_| n == m) else {
        let (t, z) = (t.aval(), z.aval());
        invalid(OP, format!("{t} and {z}: equal sizes and batches that broadcast are needed"));
    };
    let wide = computed(promote_dtypes(t.dtype(), z.dtype())).complex();
    let whole = [&batch[..], &[n, n]].concat();
    program2(OP, &[t.clone(), z.clone()], |args| {
        let [t, z] = [0, 1].map(|i| args[i].astype(wide).broadcast_to_dims(&whole));
        if t.size() == 0 {
            return (t, z);
        }
        let count: usize = batch.iter().product();
        let flat = |x: &Array| x.reshape([count, n, n]);
        // Of a multiple, whose squares are numbers.
        let largest = t.abs().max(keepdims([-1, -2]));
        let largest = where_(largest.gt(0.0), largest, 1.0);
        let (turned, z) = complex_schur(&flat(&(t * (1.0 / &largest))), &flat(&z));
        (turned.reshape(&whole) * largest, z.reshape(&whole))
    })
}
