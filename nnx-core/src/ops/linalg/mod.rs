//! Decompositions of matrices, which lie along the last two dimensions, and systems of linear
//! equations. Leading dimensions are batches.

mod cholesky;
mod eig;
mod eigh;
mod hessenberg;
mod lu;
mod qr;
mod schur;
mod svd;
mod sylvester;
mod triangular;
mod tridiagonal;
mod windows;

pub(crate) use cholesky::Cholesky;
pub(crate) use eig::{Eig, triangular as complex_schur};
pub(crate) use eigh::Eigh;
pub(crate) use hessenberg::Hessenberg;
pub(crate) use lu::{Lu, LuSolve, permute_rows};
pub(crate) use qr::{Geqrf, HouseholderProduct, Qr};
pub(crate) use schur::Schur;
pub(crate) use svd::Svd;
pub(crate) use sylvester::Sylvester;
pub(crate) use triangular::TriangularSolve;
pub(crate) use tridiagonal::TridiagonalSolve;

use crate::array::{eye, invalid};
use crate::graph::Array;
use crate::value::{Aval, DType};

/// Rows and columns of a matrix or a batch of them.
pub(crate) fn matrix(aval: &Aval) -> Result<(usize, usize), String> {
    match aval.shape() {
        &[.., m, n] => Ok((m, n)),
        _ => Err(format!("needs a matrix or a batch of them, got {aval}")),
    }
}

/// The size of a square matrix or a batch of them.
pub(crate) fn square(aval: &Aval) -> Result<usize, String> {
    match matrix(aval)? {
        (m, n) if m == n => Ok(n),
        _ => Err(format!("needs a square matrix or a batch of them, got {aval}")),
    }
}

fn wide_inexact(aval: &Aval) -> Result<(), String> {
    match aval.dtype() {
        DType::F32 | DType::F64 | DType::C64 | DType::C128 => Ok(()),
        _ => Err(format!("needs f32, f64 or complex numbers, got {aval}")),
    }
}

/// The dimensions before the last `n`.
fn batch(shape: &[usize], n: usize) -> &[usize] {
    &shape[..shape.len() - n]
}

/// The conjugate transpose.
#[track_caller]
pub(crate) fn adjoint(x: &Array) -> Array {
    if x.rank() < 2 {
        invalid("adjoint", format!("needs a matrix, got {}", x.aval()));
    }
    x.swapaxes(-1, -2).conj()
}

/// The identity of the size of the square matrices `x`, real.
#[track_caller]
fn identity(x: &Array) -> Array {
    eye(x.shape()[x.rank() - 1], x.dtype().real())
}
