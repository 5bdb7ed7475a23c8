//! Linear algebra, with the names and semantics of `jax.numpy.linalg`. Matrices lie along the
//! last two axes, all axes before them are batches. f32 and f64 are computed as such, integers and
//! half floats in f32; complex numbers as such.
//!
//! The decompositions run on the device as part of the program: Cholesky and triangular systems by
//! XLA's own operations, QR by XLA's expander, LU with partial pivoting and the eigenvalues and
//! singular values (one-sided Jacobi rotations), the Hessenberg form, and the eigenvalues of general
//! matrices (QR algorithm) by loops in the program. All have JAX's derivatives.

mod decompositions;
mod eigen;
mod functions;
mod least_squares;
mod matrix_functions;
mod named;
mod norms;
mod reflections;
mod solving;
mod structured;
mod tridiagonal;
mod updates;

pub use decompositions::{
    cholesky, eigh, eigvalsh, lu, lu_factor, qr, qr_full, svd, svd_full, svdvals,
};
pub use eigen::{
    SchurOutput, eig, eig_left_right, eigvals, hessenberg, hessenberg_packed, rsf2csf, schur,
};
pub use functions::{expm, matrix_power, multi_dot};
pub use least_squares::{LeastSquares, cond, lstsq, matrix_rank, pinv};
pub use matrix_functions::{expm_frechet, funm, solve_sylvester, sqrtm};
pub use named::{
    DftScale, PascalKind, companion, convolution_matrix, dft, fiedler, fiedler_companion, hadamard,
    helmert, invhilbert, invpascal, leslie, pascal,
};
pub use norms::{Ord, matrix_norm, norm, vector_norm};
pub use reflections::{QrSide, householder_product, ormqr, qr_multiply, qr_raw};
pub use solving::{
    TriangularOptions, cho_factor, cho_solve, det, inv, lu_solve, slogdet, solve, solve_triangular,
    triangular_solve,
};
pub use structured::{
    PolarSide, circulant, hankel, hilbert, polar, tensorinv, tensorsolve, toeplitz,
};
pub use tridiagonal::{eigh_tridiagonal, tridiagonal, tridiagonal_solve};
pub use updates::{Qdwh, cholesky_update, qdwh, symmetric_product};

use super::axes::{invalid, real_only};
use crate::graph::Array;
use crate::ops;
use crate::value::DType;

/// Rows and columns of the matrices.
#[track_caller]
fn matrix(op: &str, x: &Array) -> (usize, usize) {
    match ops::matrix(x.aval()) {
        Ok(sizes) => sizes,
        Err(why) => invalid(op, why),
    }
}

/// The size of the square matrices.
#[track_caller]
fn square(op: &str, x: &Array) -> usize {
    match ops::square(x.aval()) {
        Ok(n) => n,
        Err(why) => invalid(op, why),
    }
}

/// The dtype in which an array is computed.
fn computed(dtype: DType) -> DType {
    match dtype {
        DType::F64 | DType::C64 | DType::C128 => dtype,
        small if small.is_small_float() => small,
        _ => DType::F32,
    }
}

/// The dtype of the result: half floats stay half floats.
fn returned(dtype: DType) -> DType {
    if dtype.is_float() { dtype } else { computed(dtype) }
}

/// (A + Aᴴ) / 2.
#[track_caller]
fn symmetrized(x: &Array) -> Array {
    (x + ops::adjoint(x)) / 2.0
}
